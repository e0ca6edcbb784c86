// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ACL side protocol, version 3: POSIX access control lists in Solaris'
 * encoding.
 *
 * On the wire a list always has a mask; a list without named users and groups
 * has one that equals the entry of the owning group. Entries for the owner and
 * the owning group carry their ids. Entries may come in any order.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/posix_acl.h>
#include <linux/sort.h>
#include <linux/sunrpc/xdr.h>
#include <kunit/visibility.h>

#include "../../node/node.h"
#include "../../op/attr.h"
#include "../rpc/call.h"
#include "../rpc/status.h"
#include "nfsacl.h"
#include "types.h"

/* Number of entries of a list without named users and groups, without and with a mask. */
#define DNFS_ACL_SHORTEST	3
#define DNFS_ACL_WITH_MASK	4

struct dnfs_acl_entry {
	u32 tag;
	u32 id;
	u32 perm;
};

static int entry_of(const struct dnfs_acl_entry *wire, struct posix_acl_entry *entry)
{
	entry->e_tag = wire->tag & ~NFSACL3_TAG_DEFAULT;
	entry->e_perm = wire->perm;

	switch (entry->e_tag) {
	case ACL_USER:
		entry->e_uid = make_kuid(&init_user_ns, wire->id);
		if (!uid_valid(entry->e_uid))
			return -EINVAL;
		break;
	case ACL_GROUP:
		entry->e_gid = make_kgid(&init_user_ns, wire->id);
		if (!gid_valid(entry->e_gid))
			return -EINVAL;
		break;
	case ACL_USER_OBJ:
	case ACL_GROUP_OBJ:
	case ACL_OTHER:
		break;
	case ACL_MASK:
		/* Solaris sets bits here that have no meaning. */
		entry->e_perm &= NFSACL3_PERM_BITS;
		break;
	default:
		return -EINVAL;
	}
	return wire->perm & ~NFSACL3_PERM_BITS && entry->e_tag != ACL_MASK ? -EINVAL : 0;
}

static int compare_entries(const void *a, const void *b)
{
	const struct posix_acl_entry *x = a, *y = b;

	if (x->e_tag != y->e_tag)
		return x->e_tag < y->e_tag ? -1 : 1;
	if (x->e_tag == ACL_USER && !uid_eq(x->e_uid, y->e_uid))
		return uid_lt(x->e_uid, y->e_uid) ? -1 : 1;
	if (x->e_tag == ACL_GROUP && !gid_eq(x->e_gid, y->e_gid))
		return gid_lt(x->e_gid, y->e_gid) ? -1 : 1;
	return 0;
}

/* Sorts as the VFS requires, and drops a mask that only repeats the owning group. */
static void nfsacl_normalize(struct posix_acl *acl)
{
	struct posix_acl_entry *e = acl->a_entries;

	sort(e, acl->a_count, sizeof(*e), compare_entries, NULL);
	if (acl->a_count == DNFS_ACL_WITH_MASK &&
	    e[1].e_tag == ACL_GROUP_OBJ && e[2].e_tag == ACL_MASK &&
	    e[1].e_perm == e[2].e_perm) {
		e[2] = e[3];
		acl->a_count = DNFS_ACL_SHORTEST;
	}
}

static bool get_entry(struct xdr_stream *xdr, struct dnfs_acl_entry *wire)
{
	__be32 *p = xdr_inline_decode(xdr, NFSACL3_ENTRY_SIZE);

	if (!p)
		return false;
	wire->tag = be32_to_cpup(p++);
	wire->id = be32_to_cpup(p++);
	wire->perm = be32_to_cpup(p);
	return true;
}

/*
 * Decodes a list: its number of entries, and then an array, which may be empty if
 * only the number was requested.
 */
static bool get_acl(struct xdr_stream *xdr, bool wanted, struct dnfs_acl_arg *arg)
{
	u32 count, entries, i;

	if (xdr_stream_decode_u32(xdr, &count) || xdr_stream_decode_u32(xdr, &entries))
		return false;
	if (count > NFSACL3_ENTRIES_MAX || entries > count || (wanted && entries < count) ||
	    entries * NFSACL3_ENTRY_SIZE > xdr_stream_remaining(xdr))
		return false;

	if (wanted && entries) {
		arg->acl = posix_acl_alloc(entries, GFP_KERNEL);
		if (!arg->acl)
			arg->err = -ENOMEM;
	}
	for (i = 0; i < entries; i++) {
		struct dnfs_acl_entry wire;

		if (!get_entry(xdr, &wire))
			return false;
		if (arg->acl && !arg->err)
			arg->err = entry_of(&wire, &arg->acl->a_entries[i]);
	}
	if (arg->acl && !arg->err)
		nfsacl_normalize(arg->acl);
	return true;
}

static bool decode_getacl(struct xdr_stream *xdr, void *args)
{
	struct dnfs_getacl_args *a = args;

	return dnfs3_get_fh(xdr, &a->fh) && !xdr_stream_decode_u32(xdr, &a->mask);
}

static bool decode_setacl(struct xdr_stream *xdr, void *args)
{
	struct dnfs_setacl_args *a = args;

	return dnfs3_get_fh(xdr, &a->fh) &&
	       !xdr_stream_decode_u32(xdr, &a->mask) &&
	       get_acl(xdr, a->mask & NFSACL3_ACCESS, &a->access) &&
	       get_acl(xdr, a->mask & NFSACL3_DEFAULT, &a->dflt);
}

/* Reads a list, or NULL. Without an access list it is made from the mode. */
static struct posix_acl *read_acl(struct dnfs_target *target, int type)
{
	struct posix_acl *acl = ditto_get_posix_acl(&target->op, target->node, type);

	if (!acl && type == ACL_TYPE_ACCESS)
		acl = posix_acl_from_mode(target->node->inode->i_mode, GFP_KERNEL);
	if (!IS_ERR_OR_NULL(acl) && acl->a_count > NFSACL3_ENTRIES_MAX) {
		posix_acl_release(acl);
		acl = ERR_PTR(-E2BIG);
	}
	return acl;
}

static int read_acls(struct dnfs_target *target, u32 mask, struct dnfs_getacl_res *res)
{
	struct posix_acl *acl;

	if (mask & (NFSACL3_ACCESS | NFSACL3_ACCESS_COUNT)) {
		acl = read_acl(target, ACL_TYPE_ACCESS);
		if (IS_ERR(acl))
			return PTR_ERR(acl);
		res->access = acl;
	}
	if (mask & (NFSACL3_DEFAULT | NFSACL3_DEFAULT_COUNT)) {
		acl = read_acl(target, ACL_TYPE_DEFAULT);
		if (IS_ERR(acl))
			return PTR_ERR(acl);
		res->dflt = acl;
	}
	return 0;
}

static int dnfs_getacl(struct dnfs_call *call)
{
	const struct dnfs_getacl_args *args = call->args;
	struct dnfs_getacl_res *res = call->res;
	struct dnfs_target target;
	int err;

	err = dnfs_target_get(call, &args->fh, &target);
	if (err)
		return err;
	res->mask = args->mask;
	err = args->mask & ~NFSACL3_MASK ? -EINVAL : read_acls(&target, args->mask, res);
	dnfs_post_attr_get(&target, &res->attr);
	dnfs_target_put(&target);
	return err;
}

static int write_acls(struct dnfs_target *target, const struct dnfs_setacl_args *args)
{
	int err = 0;

	if (args->mask & ~NFSACL3_MASK)
		return -EINVAL;
	if (args->access.err || args->dflt.err)
		return args->access.err ?: args->dflt.err;
	/* The access list last: it may remove the permission to set any. */
	if (args->mask & NFSACL3_DEFAULT)
		err = ditto_set_posix_acl(&target->op, target->node, ACL_TYPE_DEFAULT,
					  args->dflt.acl);
	if (!err && args->mask & NFSACL3_ACCESS)
		err = ditto_set_posix_acl(&target->op, target->node, ACL_TYPE_ACCESS,
					  args->access.acl);
	return err;
}

static int dnfs_setacl(struct dnfs_call *call)
{
	const struct dnfs_setacl_args *args = call->args;
	struct dnfs3_attr_res *res = call->res;
	struct dnfs_target target;
	int err;

	err = dnfs_target_get(call, &args->fh, &target);
	if (err)
		return err;
	err = write_acls(&target, args);
	dnfs_post_attr_get(&target, &res->attr);
	dnfs_target_put(&target);
	return err;
}

static void release_getacl(struct dnfs_call *call)
{
	struct dnfs_getacl_res *res = call->res;

	posix_acl_release(res->access);
	posix_acl_release(res->dflt);
}

static void release_setacl(struct dnfs_call *call)
{
	struct dnfs_setacl_args *args = call->args;

	posix_acl_release(args->access.acl);
	posix_acl_release(args->dflt.acl);
}

static bool encode_entry(struct xdr_stream *xdr, u32 tag, u32 id, u32 perm)
{
	__be32 *p = xdr_reserve_space(xdr, NFSACL3_ENTRY_SIZE);

	if (!p)
		return false;
	*p++ = cpu_to_be32(tag);
	*p++ = cpu_to_be32(id);
	*p = cpu_to_be32(perm & NFSACL3_PERM_BITS);
	return true;
}

static u32 id_of(const struct posix_acl_entry *entry, const struct dnfs_post_attr *attr)
{
	switch (entry->e_tag) {
	case ACL_USER:
		return from_kuid_munged(&init_user_ns, entry->e_uid);
	case ACL_GROUP:
		return from_kgid_munged(&init_user_ns, entry->e_gid);
	case ACL_USER_OBJ:
		return attr->valid ? from_kuid_munged(&init_user_ns, attr->attr.st.uid) : 0;
	case ACL_GROUP_OBJ:
		return attr->valid ? from_kgid_munged(&init_user_ns, attr->attr.st.gid) : 0;
	}
	return 0;
}

static bool encode_acl(struct xdr_stream *xdr, const struct posix_acl *acl, bool entries,
		       const struct dnfs_post_attr *attr, u32 flag)
{
	u32 count = acl ? max_t(u32, acl->a_count, DNFS_ACL_WITH_MASK) : 0;
	unsigned int i;

	if (xdr_stream_encode_u32(xdr, count) < 0 ||
	    xdr_stream_encode_u32(xdr, entries ? count : 0) < 0)
		return false;
	if (!acl || !entries)
		return true;

	for (i = 0; i < acl->a_count; i++) {
		const struct posix_acl_entry *entry = &acl->a_entries[i];

		if (!encode_entry(xdr, entry->e_tag | flag, id_of(entry, attr), entry->e_perm))
			return false;
		if (acl->a_count == DNFS_ACL_SHORTEST && entry->e_tag == ACL_GROUP_OBJ &&
		    !encode_entry(xdr, ACL_MASK | flag, 0, entry->e_perm))
			return false;
	}
	return true;
}

static bool encode_attr(struct dnfs_call *call, const struct dnfs_post_attr *attr)
{
	__be32 *p = xdr_reserve_space(call->xdr, XDR_UNIT + dnfs3_post_attr_size(attr));

	if (!p)
		return false;
	*p++ = cpu_to_be32(call->status);
	dnfs3_encode_post_attr(p, call->userns, attr);
	return true;
}

static bool encode_getacl(struct dnfs_call *call)
{
	const struct dnfs_getacl_res *res = call->res;

	if (!encode_attr(call, &res->attr))
		return false;
	if (call->status != NFS3_OK)
		return true;
	return xdr_stream_encode_u32(call->xdr, res->mask) >= 0 &&
	       encode_acl(call->xdr, res->access, res->mask & NFSACL3_ACCESS, &res->attr, 0) &&
	       encode_acl(call->xdr, res->dflt, res->mask & NFSACL3_DEFAULT, &res->attr,
			  NFSACL3_TAG_DEFAULT);
}

static bool encode_setacl(struct dnfs_call *call)
{
	const struct dnfs3_attr_res *res = call->res;

	return encode_attr(call, &res->attr);
}

const struct dnfs_proc dnfs_acl3_procs[NFSACLPROC3_COUNT] = {
	[NFSACLPROC3_NULL] = { .name = "NULL", .max_reply = XDR_UNIT },
	[NFSACLPROC3_GETACL] = {
		.name = "GETACL",
		.decode = decode_getacl,
		.exec = dnfs_getacl,
		.encode = encode_getacl,
		.release = release_getacl,
		.argsize = sizeof(struct dnfs_getacl_args),
		.ressize = sizeof(struct dnfs_getacl_res),
	},
	[NFSACLPROC3_SETACL] = {
		.name = "SETACL",
		.decode = decode_setacl,
		.exec = dnfs_setacl,
		.encode = encode_setacl,
		.release = release_setacl,
		.argsize = sizeof(struct dnfs_setacl_args),
		.ressize = sizeof(struct dnfs3_attr_res),
		.max_reply = 4 + NFS3_POST_ATTR_SIZE,
		.flags = DNFS_PROC_CACHED,
	},
};
EXPORT_SYMBOL_IF_KUNIT(dnfs_acl3_procs);

const struct dnfs_program dnfs_acl3_program = {
	.index = DNFS_PROGRAM_ACL,
	.prog = NFSACL3_PROGRAM,
	.vers = NFSACL3_VERSION,
	.name = "nfsacl",
	.group = "nfsacl3",
	.status = dnfs_nfsstat3,
	.procs = dnfs_acl3_procs,
	.nprocs = ARRAY_SIZE(dnfs_acl3_procs),
};
