// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments and results of NFS version 3 and its ACL side protocol, and the
 * table that makes statuses of error numbers.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/posix_acl.h>
#include <linux/sunrpc/xdr.h>
#include <linux/user_namespace.h>

#include "../../../fs/nfs/rpc/status.h"
#include "../../../fs/nfs/v3/nfsacl.h"
#include "../../../fs/nfs/v3/procs.h"
#include "../../../fs/nfs/v3/xdr.h"

#define WORDS	(PAGE_SIZE / sizeof(__be32))

/**
 * struct fixture - a buffer to encode to and to decode from
 * @mem: its bytes
 * @scratch: what a stream copies to where data crosses pages
 * @n: words written by hand
 * @buf: of @xdr
 * @xdr: over @mem
 * @call: for encoders
 * @attached: bytes of payload that an encoder asked for
 * @args: decoded
 * @res: to be encoded
 */
struct fixture {
	__be32 mem[WORDS];
	u8 scratch[PAGE_SIZE];
	unsigned int n;
	struct xdr_buf buf;
	struct xdr_stream xdr;
	struct dnfs_call call;
	u32 attached;
	u8 args[1024];
	u8 res[2048];
};

static struct page **no_pages(struct dnfs_call *call, unsigned int *count)
{
	*count = 0;
	return NULL;
}

static void count_payload(struct dnfs_call *call, u32 base, u32 len)
{
	container_of(call, struct fixture, call)->attached = len;
}

static const struct dnfs_transport transport = {
	.pages = no_pages,
	.payload = count_payload,
};

static int codec_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;
	return 0;
}

/* Arguments are written by hand. */

static void xdr_add(struct fixture *f, u32 n)
{
	f->mem[f->n++] = cpu_to_be32(n);
}

static void xdr_add64(struct fixture *f, u64 n)
{
	xdr_add(f, n >> 32);
	xdr_add(f, n);
}

static void put_bytes(struct fixture *f, u8 byte, u32 len)
{
	xdr_add(f, len);
	memset(&f->mem[f->n], 0, xdr_align_size(len));
	memset(&f->mem[f->n], byte, len);
	f->n += XDR_QUADLEN(len);
}

static void put_fh(struct fixture *f)
{
	put_bytes(f, 0xfe, 28);
}

static void put_dirop(struct fixture *f)
{
	put_fh(f);
	put_bytes(f, 'n', 13);
}

static void put_sattr(struct fixture *f)
{
	xdr_add(f, 1);
	xdr_add(f, 0100644);
	xdr_add(f, 1);
	xdr_add(f, 1000);
	xdr_add(f, 1);
	xdr_add(f, 100);
	xdr_add(f, 1);
	xdr_add64(f, 0x123456789abcULL);
	xdr_add(f, SET_TO_SERVER_TIME);
	xdr_add(f, SET_TO_CLIENT_TIME);
	xdr_add(f, 1700000000);
	xdr_add(f, 5);
}

static void put_acl(struct fixture *f, unsigned int entries)
{
	static const u32 tags[] = { ACL_OTHER, ACL_MASK, ACL_USER_OBJ, ACL_GROUP_OBJ, ACL_USER };

	xdr_add(f, entries);
	xdr_add(f, entries);
	for (unsigned int i = 0; i < entries; i++) {
		xdr_add(f, tags[i]);
		xdr_add(f, 7);
		xdr_add(f, 5);
	}
}

/* One set of arguments for each procedure, as long as it can be. */
static void put_args(struct fixture *f, u32 proc)
{
	f->n = 0;
	switch (proc) {
	case NFSPROC3_GETATTR:
	case NFSPROC3_READLINK:
	case NFSPROC3_FSSTAT:
	case NFSPROC3_FSINFO:
	case NFSPROC3_PATHCONF:
		put_fh(f);
		break;
	case NFSPROC3_SETATTR:
		put_fh(f);
		put_sattr(f);
		xdr_add(f, 1);
		xdr_add(f, 1600000000);
		xdr_add(f, 9);
		break;
	case NFSPROC3_LOOKUP:
	case NFSPROC3_REMOVE:
	case NFSPROC3_RMDIR:
		put_dirop(f);
		break;
	case NFSPROC3_ACCESS:
		put_fh(f);
		xdr_add(f, 0x3f);
		break;
	case NFSPROC3_READ:
	case NFSPROC3_COMMIT:
		put_fh(f);
		xdr_add64(f, 1ULL << 40);
		xdr_add(f, 4096);
		break;
	case NFSPROC3_WRITE:
		put_fh(f);
		xdr_add64(f, 1ULL << 40);
		xdr_add(f, 100);
		xdr_add(f, FILE_SYNC);
		put_bytes(f, 'd', 100);
		break;
	case NFSPROC3_CREATE:
		put_dirop(f);
		xdr_add(f, GUARDED);
		put_sattr(f);
		break;
	case NFSPROC3_MKDIR:
		put_dirop(f);
		put_sattr(f);
		break;
	case NFSPROC3_SYMLINK:
		put_dirop(f);
		put_sattr(f);
		put_bytes(f, 't', 40);
		break;
	case NFSPROC3_MKNOD:
		put_dirop(f);
		xdr_add(f, NF3BLK);
		put_sattr(f);
		xdr_add(f, 8);
		xdr_add(f, 1);
		break;
	case NFSPROC3_RENAME:
		put_dirop(f);
		put_dirop(f);
		break;
	case NFSPROC3_LINK:
		put_fh(f);
		put_dirop(f);
		break;
	case NFSPROC3_READDIR:
	case NFSPROC3_READDIRPLUS:
		put_fh(f);
		xdr_add64(f, 77);
		xdr_add64(f, 0);
		if (proc == NFSPROC3_READDIRPLUS)
			xdr_add(f, 512);
		xdr_add(f, 4096);
		break;
	}
}

static bool decode_words(struct fixture *f, const struct dnfs_proc *proc, unsigned int words)
{
	xdr_buf_init(&f->buf, f->mem, words * XDR_UNIT);
	f->buf.len = words * XDR_UNIT;
	memset(&f->xdr, 0, sizeof(f->xdr));
	xdr_init_decode(&f->xdr, &f->buf, f->mem, NULL);
	xdr_set_scratch_buffer(&f->xdr, f->scratch, sizeof(f->scratch));
	memset(f->args, 0, sizeof(f->args));
	f->call.in = &f->xdr;
	return proc->decode(&f->call, f->args);
}

static bool args_decode(struct fixture *f, u32 proc)
{
	return decode_words(f, dnfs3_procs[proc], f->n);
}

static void table_is_complete(struct kunit *test)
{
	struct fixture *f = test->priv;

	for (u32 i = 1; i < NFSPROC3_COUNT; i++) {
		const struct dnfs_proc *proc = dnfs3_procs[i];

		KUNIT_ASSERT_NOT_NULL(test, proc->name);
		KUNIT_EXPECT_NOT_NULL(test, proc->decode);
		KUNIT_EXPECT_NOT_NULL(test, proc->exec);
		KUNIT_EXPECT_NOT_NULL(test, proc->encode);
		KUNIT_EXPECT_LE(test, proc->argsize, sizeof(f->args));
		KUNIT_EXPECT_LE(test, proc->ressize, sizeof(f->res));
	}
}

static void decodes_and_refuses_truncated(struct kunit *test)
{
	struct fixture *f = test->priv;

	for (u32 i = 1; i < NFSPROC3_COUNT; i++) {
		put_args(f, i);
		KUNIT_EXPECT_TRUE_MSG(test, args_decode(f, i), "%s", dnfs3_procs[i]->name);
		KUNIT_EXPECT_EQ_MSG(test, xdr_stream_remaining(&f->xdr), 0, "%s",
				    dnfs3_procs[i]->name);
		for (unsigned int words = 0; words < f->n; words++)
			KUNIT_EXPECT_FALSE_MSG(test,
					       decode_words(f, dnfs3_procs[i], words),
					       "%s cut after %u of %u words",
					       dnfs3_procs[i]->name, words, f->n);
	}
}

/* Nothing is read beyond the end if any word is an invalid length. */
static void survives_wild_words(struct kunit *test)
{
	static const u32 wild[] = { 0, 2, 64, 65, 255, 256, 4095, 4097, S32_MAX, U32_MAX };
	struct fixture *f = test->priv;

	for (u32 i = 1; i < NFSPROC3_COUNT; i++) {
		put_args(f, i);
		for (unsigned int word = 0; word < f->n; word++) {
			__be32 was = f->mem[word];

			for (unsigned int w = 0; w < ARRAY_SIZE(wild); w++) {
				f->mem[word] = cpu_to_be32(wild[w]);
				args_decode(f, i);
				KUNIT_EXPECT_LE(test, xdr_stream_remaining(&f->xdr),
						f->n * XDR_UNIT);
			}
			f->mem[word] = was;
		}
	}
}

static void decodes_values(struct kunit *test)
{
	struct fixture *f = test->priv;
	const struct dnfs3_setattr_args *set = (void *)f->args;
	const struct dnfs3_write_args *write = (void *)f->args;
	const struct dnfs3_mknod_args *mknod = (void *)f->args;
	const struct dnfs3_rename_args *rename = (void *)f->args;

	put_args(f, NFSPROC3_SETATTR);
	KUNIT_ASSERT_TRUE(test, args_decode(f, NFSPROC3_SETATTR));
	KUNIT_EXPECT_EQ(test, set->fh.len, 28);
	KUNIT_EXPECT_EQ(test, set->sattr.set,
			DITTO_SET_MODE | DITTO_SET_UID | DITTO_SET_GID | DITTO_SET_SIZE |
			DITTO_SET_ATIME_NOW | DITTO_SET_MTIME);
	KUNIT_EXPECT_EQ(test, set->sattr.mode, 0100644);
	KUNIT_EXPECT_EQ(test, set->sattr.size, 0x123456789abcULL);
	KUNIT_EXPECT_EQ(test, set->sattr.mtime.sec, 1700000000);
	KUNIT_EXPECT_TRUE(test, set->guarded);
	KUNIT_EXPECT_EQ(test, set->ctime.nsec, 9);

	put_args(f, NFSPROC3_WRITE);
	KUNIT_ASSERT_TRUE(test, args_decode(f, NFSPROC3_WRITE));
	KUNIT_EXPECT_EQ(test, write->offset, 1ULL << 40);
	KUNIT_EXPECT_EQ(test, write->data.len, 100);
	KUNIT_EXPECT_EQ(test, write->data.head[0].iov_len, 100);

	put_args(f, NFSPROC3_MKNOD);
	KUNIT_ASSERT_TRUE(test, args_decode(f, NFSPROC3_MKNOD));
	KUNIT_EXPECT_EQ(test, mknod->type, NF3BLK);
	KUNIT_EXPECT_EQ(test, mknod->major, 8);
	KUNIT_EXPECT_EQ(test, mknod->minor, 1);

	put_args(f, NFSPROC3_RENAME);
	KUNIT_ASSERT_TRUE(test, args_decode(f, NFSPROC3_RENAME));
	KUNIT_EXPECT_EQ(test, rename->to.name.len, 13);
	KUNIT_EXPECT_EQ(test, rename->to.name.name[12], 'n');
}

static void refuses_bad_discriminants(struct kunit *test)
{
	struct fixture *f = test->priv;

	/* a bool that is neither */
	f->n = 0;
	put_fh(f);
	xdr_add(f, 2);
	for (unsigned int i = 0; i < 10; i++)
		xdr_add(f, 0);
	KUNIT_EXPECT_FALSE(test, args_decode(f, NFSPROC3_SETATTR));
	/* a way to create that does not exist */
	f->n = 0;
	put_dirop(f);
	xdr_add(f, EXCLUSIVE + 1);
	for (unsigned int i = 0; i < 10; i++)
		xdr_add(f, 0);
	KUNIT_EXPECT_FALSE(test, args_decode(f, NFSPROC3_CREATE));
	/* file types below and above */
	for (u32 type = 0; type <= NF3FIFO + 1; type += NF3FIFO + 1) {
		f->n = 0;
		put_dirop(f);
		xdr_add(f, type);
		for (unsigned int i = 0; i < 10; i++)
			xdr_add(f, 0);
		KUNIT_EXPECT_FALSE(test, args_decode(f, NFSPROC3_MKNOD));
	}
	/* a handle that is too long */
	f->n = 0;
	put_bytes(f, 1, NFS3_FHSIZE + 1);
	KUNIT_EXPECT_FALSE(test, args_decode(f, NFSPROC3_GETATTR));
}

/* Names of any length are valid XDR; the procedure refuses long ones. */
static void keeps_length_of_long_names(struct kunit *test)
{
	struct fixture *f = test->priv;
	const struct dnfs3_rename_args *a = (void *)f->args;

	f->n = 0;
	put_fh(f);
	put_bytes(f, 'x', 2500);
	put_fh(f);
	put_bytes(f, 'y', 256);
	KUNIT_ASSERT_TRUE(test, args_decode(f, NFSPROC3_RENAME));
	KUNIT_EXPECT_EQ(test, a->from.name.len, 2500);
	KUNIT_EXPECT_EQ(test, a->to.name.len, 256);
}

/* Encoding. */

static void call_init(struct fixture *f, u32 status)
{
	memset(&f->call, 0, sizeof(f->call));
	memset(f->res, 0, sizeof(f->res));
	memset(f->mem, 0xee, sizeof(f->mem));
	xdr_buf_init(&f->buf, f->mem, sizeof(f->mem));
	f->buf.head[0].iov_len = 0;
	xdr_init_encode(&f->xdr, &f->buf, f->mem, NULL);
	f->attached = 0;
	f->call.status = status;
	f->call.xdr = &f->xdr;
	f->call.res = f->res;
	f->call.userns = &init_user_ns;
	f->call.transport = &transport;
	f->call.max_payload = DNFS_MAX_PAYLOAD;
}

static u32 reply_word(struct fixture *f, unsigned int i)
{
	return be32_to_cpu(f->mem[i]);
}

static void attr_init(struct ditto_attr *attr)
{
	attr->st.mode = S_IFCHR | 04755;
	attr->st.nlink = 3;
	attr->st.uid = KUIDT_INIT(1000);
	attr->st.gid = KGIDT_INIT(100);
	attr->st.size = 0x100000002ULL;
	attr->st.blocks = 16;
	attr->st.rdev = MKDEV(4, 64);
	attr->st.ino = 0x300000004ULL;
	attr->st.atime.tv_sec = 11;
	attr->st.mtime.tv_sec = 22;
	attr->st.ctime.tv_sec = 33;
	attr->st.ctime.tv_nsec = 44;
	attr->fsid = 0x500000006ULL;
}

static void encodes_fattr(struct kunit *test)
{
	static const u32 expected[] = {
		NFS3_OK, NF3CHR, 04755, 3, 1000, 100, 1, 2, 0, 8192, 4, 64,
		5, 6, 3, 4, 11, 0, 22, 0, 33, 44,
	};
	struct fixture *f = test->priv;
	struct dnfs3_attr_res *res = (void *)f->res;

	call_init(f, NFS3_OK);
	attr_init(&res->attr.attr);
	KUNIT_ASSERT_TRUE(test, dnfs3_procs[NFSPROC3_GETATTR]->encode(&f->call, f->res));
	KUNIT_ASSERT_EQ(test, f->buf.len, sizeof(expected));
	for (unsigned int i = 0; i < ARRAY_SIZE(expected); i++)
		KUNIT_EXPECT_EQ_MSG(test, reply_word(f, i), expected[i], "word %u", i);
}

/* Failure results of each procedure without attributes: RFC 1813 section 3.3. */
static void encodes_failures(struct kunit *test)
{
	static const u32 words[NFSPROC3_COUNT] = {
		[NFSPROC3_GETATTR] = 1,		[NFSPROC3_SETATTR] = 3,
		[NFSPROC3_LOOKUP] = 2,		[NFSPROC3_ACCESS] = 2,
		[NFSPROC3_READLINK] = 2,	[NFSPROC3_READ] = 2,
		[NFSPROC3_WRITE] = 3,		[NFSPROC3_CREATE] = 3,
		[NFSPROC3_MKDIR] = 3,		[NFSPROC3_SYMLINK] = 3,
		[NFSPROC3_MKNOD] = 3,		[NFSPROC3_REMOVE] = 3,
		[NFSPROC3_RMDIR] = 3,		[NFSPROC3_RENAME] = 5,
		[NFSPROC3_LINK] = 4,		[NFSPROC3_READDIR] = 2,
		[NFSPROC3_READDIRPLUS] = 2,	[NFSPROC3_FSSTAT] = 2,
		[NFSPROC3_FSINFO] = 2,		[NFSPROC3_PATHCONF] = 2,
		[NFSPROC3_COMMIT] = 3,
	};
	struct fixture *f = test->priv;

	for (u32 i = 1; i < NFSPROC3_COUNT; i++) {
		call_init(f, NFS3ERR_STALE);
		KUNIT_ASSERT_TRUE(test, dnfs3_procs[i]->encode(&f->call, f->res));
		KUNIT_EXPECT_EQ_MSG(test, f->buf.len, words[i] * XDR_UNIT, "%s",
				    dnfs3_procs[i]->name);
		KUNIT_EXPECT_EQ(test, reply_word(f, 0), NFS3ERR_STALE);
		for (unsigned int w = 1; w < words[i]; w++)
			KUNIT_EXPECT_EQ(test, reply_word(f, w), 0);
	}
}

/* No reply is longer than the table says, and none is encoded in part. */
static void replies_fit(struct kunit *test)
{
	struct fixture *f = test->priv;

	for (u32 i = 1; i < NFSPROC3_COUNT; i++) {
		u32 len;

		call_init(f, NFS3_OK);
		/* Every flag set: all attributes present, handles as long as can be. */
		memset(f->res, 1, dnfs3_procs[i]->ressize);
		if (i == NFSPROC3_LOOKUP)
			((struct dnfs3_lookup_res *)f->res)->handle.len = DITTO_HANDLE_MAX;
		if (i == NFSPROC3_CREATE || i == NFSPROC3_MKDIR ||
		    i == NFSPROC3_SYMLINK || i == NFSPROC3_MKNOD)
			((struct dnfs3_create_res *)f->res)->handle.len = DITTO_HANDLE_MAX;
		KUNIT_ASSERT_TRUE_MSG(test, dnfs3_procs[i]->encode(&f->call, f->res), "%s",
				      dnfs3_procs[i]->name);
		len = f->buf.len;
		if (dnfs3_procs[i]->max_reply)
			KUNIT_EXPECT_LE_MSG(test, len, dnfs3_procs[i]->max_reply, "%s",
					    dnfs3_procs[i]->name);

		memset(f->mem, 0, sizeof(f->mem));
		xdr_buf_init(&f->buf, f->mem, len - XDR_UNIT);
		f->buf.head[0].iov_len = 0;
		xdr_init_encode(&f->xdr, &f->buf, f->mem, NULL);
		KUNIT_EXPECT_FALSE_MSG(test, dnfs3_procs[i]->encode(&f->call, f->res), "%s",
				       dnfs3_procs[i]->name);
	}
}

static void encodes_read(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct dnfs3_read_res *res = (void *)f->res;

	call_init(f, NFS3_OK);
	res->count = 4095;
	res->eof = true;
	KUNIT_ASSERT_TRUE(test, dnfs3_procs[NFSPROC3_READ]->encode(&f->call, f->res));
	KUNIT_EXPECT_EQ(test, f->buf.len, 5 * XDR_UNIT);
	KUNIT_EXPECT_EQ(test, reply_word(f, 2), 4095);
	KUNIT_EXPECT_EQ(test, reply_word(f, 3), 1);
	KUNIT_EXPECT_EQ(test, reply_word(f, 4), 4095);
	KUNIT_EXPECT_EQ(test, f->attached, 4095);
}

static void entries_are_cut_whole(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct ditto_dirent entry = { .name = { "twelve chars", 12 }, .ino = 5, .cookie = 9 };
	struct dnfs_post_attr attr = { .valid = true };
	struct ditto_handle handle = { .len = 28 };
	size_t plain = dnfs3_entry_size(12);
	size_t plus = plain + NFS3_POST_ATTR_SIZE + XDR_UNIT + XDR_UNIT + 28;

	KUNIT_EXPECT_EQ(test, plain, 4 + 8 + 4 + 12 + 8);
	KUNIT_EXPECT_EQ(test, dnfs3_entry_size(13), plain + 4);
	for (size_t room = 0; room <= plus; room += XDR_UNIT) {
		bool fits;

		call_init(f, NFS3_OK);
		KUNIT_ASSERT_EQ(test, xdr_restrict_buflen(&f->xdr, room), 0);
		fits = dnfs3_encode_entry(&f->xdr, &init_user_ns, &entry, true, &attr, &handle);
		KUNIT_EXPECT_EQ(test, fits, room >= plus);
		KUNIT_EXPECT_EQ(test, f->buf.len, fits ? plus : 0);
	}
}

/* The ACL side protocol */

static void acl_decodes(struct kunit *test)
{
	const struct dnfs_proc *proc = dnfs_acl3_procs[NFSACLPROC3_SETACL];
	struct fixture *f = test->priv;
	const struct dnfs_setacl_args *a = (void *)f->args;

	f->call.args = f->args;
	f->n = 0;
	put_fh(f);
	xdr_add(f, NFSACL3_ACCESS | NFSACL3_DEFAULT);
	put_acl(f, 5);
	put_acl(f, 4);

	KUNIT_ASSERT_TRUE(test, decode_words(f, proc, f->n));
	KUNIT_EXPECT_EQ(test, a->access.err, 0);
	KUNIT_ASSERT_NOT_NULL(test, a->access.acl);
	/* in the order that the kernel needs */
	KUNIT_EXPECT_EQ(test, a->access.acl->a_count, 5);
	KUNIT_EXPECT_EQ(test, a->access.acl->a_entries[0].e_tag, ACL_USER_OBJ);
	KUNIT_EXPECT_EQ(test, a->access.acl->a_entries[1].e_tag, ACL_USER);
	KUNIT_EXPECT_EQ(test, a->access.acl->a_entries[4].e_tag, ACL_OTHER);
	/* without a redundant mask */
	KUNIT_ASSERT_NOT_NULL(test, a->dflt.acl);
	KUNIT_EXPECT_EQ(test, a->dflt.acl->a_count, 3);
	KUNIT_EXPECT_EQ(test, a->dflt.acl->a_entries[2].e_tag, ACL_OTHER);
	proc->release(&f->call, f->args, f->res);

	for (unsigned int words = 0; words < f->n; words++) {
		KUNIT_EXPECT_FALSE_MSG(test, decode_words(f, proc, words), "%u words", words);
		proc->release(&f->call, f->args, f->res);
	}
}

static void acl_is_checked(struct kunit *test)
{
	const struct dnfs_proc *proc = dnfs_acl3_procs[NFSACLPROC3_SETACL];
	struct fixture *f = test->priv;
	const struct dnfs_setacl_args *a = (void *)f->args;

	f->call.args = f->args;
	/* a tag that is none: valid XDR, no valid list */
	f->n = 0;
	put_fh(f);
	xdr_add(f, NFSACL3_ACCESS);
	xdr_add(f, 1);
	xdr_add(f, 1);
	xdr_add(f, 0x40);
	xdr_add(f, 0);
	xdr_add(f, 7);
	xdr_add(f, 0);
	xdr_add(f, 0);
	KUNIT_ASSERT_TRUE(test, decode_words(f, proc, f->n));
	KUNIT_EXPECT_EQ(test, a->access.err, -EINVAL);
	proc->release(&f->call, f->args, f->res);
	/* more entries than a list may have */
	f->n = 0;
	put_fh(f);
	xdr_add(f, NFSACL3_ACCESS);
	xdr_add(f, NFSACL3_ENTRIES_MAX + 1);
	xdr_add(f, NFSACL3_ENTRIES_MAX + 1);
	KUNIT_EXPECT_FALSE(test, decode_words(f, proc, f->n));
	proc->release(&f->call, f->args, f->res);
}

static void acl_encodes_mask(struct kunit *test)
{
	const struct dnfs_proc *proc = dnfs_acl3_procs[NFSACLPROC3_GETACL];
	struct fixture *f = test->priv;
	struct dnfs_getacl_res *res = (void *)f->res;

	call_init(f, NFS3_OK);
	res->mask = NFSACL3_ACCESS | NFSACL3_DEFAULT;
	res->access = posix_acl_from_mode(0640, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, res->access);
	KUNIT_ASSERT_TRUE(test, proc->encode(&f->call, f->res));
	/* status, no attributes, mask; two counts, four entries; two counts */
	KUNIT_ASSERT_EQ(test, f->buf.len, (3 + 2 + 4 * 3 + 2) * XDR_UNIT);
	KUNIT_EXPECT_EQ(test, reply_word(f, 3), 4);
	KUNIT_EXPECT_EQ(test, reply_word(f, 4), 4);
	KUNIT_EXPECT_EQ(test, reply_word(f, 5), ACL_USER_OBJ);
	KUNIT_EXPECT_EQ(test, reply_word(f, 8), ACL_GROUP_OBJ);
	KUNIT_EXPECT_EQ(test, reply_word(f, 11), ACL_MASK);
	KUNIT_EXPECT_EQ(test, reply_word(f, 13), 4);
	KUNIT_EXPECT_EQ(test, reply_word(f, 14), ACL_OTHER);
	KUNIT_EXPECT_EQ(test, reply_word(f, 17), 0);
	proc->release(&f->call, f->args, f->res);
}

/* Statuses */

static void status_numbers(struct kunit *test)
{
	static const struct {
		int err;
		u32 status;
	} pairs[] = {
		{ 0, NFS3_OK }, { -EPERM, NFS3ERR_PERM }, { -ENOENT, NFS3ERR_NOENT },
		{ -EIO, NFS3ERR_IO }, { -ENXIO, NFS3ERR_NXIO }, { -EACCES, NFS3ERR_ACCES },
		{ -EEXIST, NFS3ERR_EXIST }, { -EXDEV, NFS3ERR_XDEV }, { -ENODEV, NFS3ERR_NODEV },
		{ -ENOTDIR, NFS3ERR_NOTDIR }, { -EISDIR, NFS3ERR_ISDIR },
		{ -EINVAL, NFS3ERR_INVAL }, { -EFBIG, NFS3ERR_FBIG }, { -ENOSPC, NFS3ERR_NOSPC },
		{ -EROFS, NFS3ERR_ROFS }, { -EMLINK, NFS3ERR_MLINK },
		{ -ENAMETOOLONG, NFS3ERR_NAMETOOLONG }, { -ENOTEMPTY, NFS3ERR_NOTEMPTY },
		{ -EDQUOT, NFS3ERR_DQUOT }, { -ESTALE, NFS3ERR_STALE },
		{ -EREMOTE, NFS3ERR_REMOTE }, { -EBADHANDLE, NFS3ERR_BADHANDLE },
		{ -ENOTSYNC, NFS3ERR_NOT_SYNC }, { -EBADCOOKIE, NFS3ERR_BAD_COOKIE },
		{ -EOPNOTSUPP, NFS3ERR_NOTSUPP }, { -ETOOSMALL, NFS3ERR_TOOSMALL },
		{ -ESERVERFAULT, NFS3ERR_SERVERFAULT }, { -EBADTYPE, NFS3ERR_BADTYPE },
		{ -EJUKEBOX, NFS3ERR_JUKEBOX }, { -EAGAIN, NFS3ERR_JUKEBOX },
		{ -ETIMEDOUT, NFS3ERR_JUKEBOX }, { -ENOMEM, NFS3ERR_JUKEBOX },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(pairs); i++) {
		KUNIT_EXPECT_TRUE_MSG(test, dnfs_status_known(pairs[i].err), "%d", pairs[i].err);
		KUNIT_EXPECT_EQ_MSG(test, dnfs_nfsstat3(pairs[i].err), pairs[i].status, "%d",
				    pairs[i].err);
	}
	KUNIT_EXPECT_FALSE(test, dnfs_status_known(-ECHILD));
	KUNIT_EXPECT_EQ(test, dnfs_nfsstat3(-ECHILD), NFS3ERR_IO);

	KUNIT_EXPECT_EQ(test, dnfs_mountstat3(0), MNT3_OK);
	KUNIT_EXPECT_EQ(test, dnfs_mountstat3(-ENOENT), MNT3ERR_NOENT);
	KUNIT_EXPECT_EQ(test, dnfs_mountstat3(-EACCES), MNT3ERR_ACCES);
	KUNIT_EXPECT_EQ(test, dnfs_mountstat3(-ENOTDIR), MNT3ERR_NOTDIR);
	KUNIT_EXPECT_EQ(test, dnfs_mountstat3(-ENAMETOOLONG), MNT3ERR_NAMETOOLONG);
	KUNIT_EXPECT_EQ(test, dnfs_mountstat3(-ENOMEM), MNT3ERR_SERVERFAULT);
}

static struct kunit_case codec_cases[] = {
	KUNIT_CASE(table_is_complete),
	KUNIT_CASE(decodes_and_refuses_truncated),
	KUNIT_CASE(survives_wild_words),
	KUNIT_CASE(decodes_values),
	KUNIT_CASE(refuses_bad_discriminants),
	KUNIT_CASE(keeps_length_of_long_names),
	KUNIT_CASE(encodes_fattr),
	KUNIT_CASE(encodes_failures),
	KUNIT_CASE(replies_fit),
	KUNIT_CASE(encodes_read),
	KUNIT_CASE(entries_are_cut_whole),
	KUNIT_CASE(acl_decodes),
	KUNIT_CASE(acl_is_checked),
	KUNIT_CASE(acl_encodes_mask),
	KUNIT_CASE(status_numbers),
	{}
};

static struct kunit_suite codec_suite = {
	.name = "ditto_nfs3_codec",
	.init = codec_init,
	.test_cases = codec_cases,
};

kunit_test_suite(codec_suite);
