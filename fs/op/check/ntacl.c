// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attribute security.NTACL, see ntacl.h.
 *
 * It is the NDR of a version and a union (Samba's xattr.idl), whose cases end with a security
 * descriptor. The offsets in the descriptor count from the first byte of the attribute. All
 * numbers are little endian.
 *
 * version  what precedes the descriptor
 * 1        nothing
 * 2        hash of 16 bytes
 * 3        type of the hash; hash of 64 bytes, of the descriptor that Samba makes of mode and
 *          POSIX ACL
 * 4        as 3; text; time; hash of 64 bytes, of owner, group, mode and POSIX ACLs
 *
 * Only the last hash can be verified here: the one in versions 3 and 4 depends on how that server
 * mapped ids to SIDs.
 */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/posix_acl.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include <linux/xattr.h>

#include "../../../net/helper/names.h"
#include "../../node/node.h"
#include "acl_file.h"
#include "ntacl.h"

/* Version, discriminant of the union, and the pointer in it. */
#define NTACL_HEAD	8
/* The pointer to the descriptor, in all versions but the first. */
#define NTACL_POINTER	4
#define NTACL_HASH_2	16
#define NTACL_HASH	64
#define NTACL_HASH_TYPE_SHA256	1

/* Kinds of entries of POSIX ACLs in the hashed form. */
static const struct {
	s16 tag;
	u16 number;
} ntacl_tags[] = {
	{ ACL_USER, 1 },
	{ ACL_USER_OBJ, 2 },
	{ ACL_GROUP, 3 },
	{ ACL_GROUP_OBJ, 4 },
	{ ACL_OTHER, 5 },
	{ ACL_MASK, 6 },
};

/* Find where the descriptor of version 4 begins. Return: its position, or 0. */
static u32 ntacl_find_sd_4(const u8 *bytes, size_t size, u32 at, struct ditto_ntacl *ntacl)
{
	u16 type = get_unaligned_le16(bytes + NTACL_HEAD + NTACL_POINTER);
	const u8 *end = memchr(bytes + at, '\0', size - at);

	if (!end)
		return 0;
	at = ALIGN(end + 1 - bytes, 4);
	/* The time of the change is not used. */
	at += sizeof(u64);
	if (at + NTACL_HASH > size)
		return 0;
	if (type == NTACL_HASH_TYPE_SHA256)
		ntacl->hash = bytes + at;
	return at + NTACL_HASH;
}

/*
 * Decode an attribute. @ntacl: filled; points into @bytes. Context: any. Return: 0, or -EINVAL if
 * it is malformed or of an unknown version.
 */
int ditto_ntacl_decode(const void *bytes, size_t size, struct ditto_ntacl *ntacl)
{
	u32 at = NTACL_HEAD;
	u16 version;

	ntacl->hash = NULL;
	if (size < NTACL_HEAD || size > DITTO_SD_MAX)
		return -EINVAL;
	version = get_unaligned_le16(bytes);
	if (version < 1 || version > 4 || get_unaligned_le16(bytes + 2) != version ||
	    !get_unaligned_le32(bytes + 4))
		return -EINVAL;
	if (version > 1) {
		if (size < NTACL_HEAD + NTACL_POINTER || !get_unaligned_le32(bytes + at))
			return -EINVAL;
		at += NTACL_POINTER;
	}
	if (version == 2)
		at += NTACL_HASH_2;
	else if (version > 2)
		at += sizeof(u16) + NTACL_HASH;
	if (at > size)
		return -EINVAL;
	if (version == 3)
		at = ALIGN(at, 4);
	else if (version == 4)
		at = ntacl_find_sd_4(bytes, size, at, ntacl);
	return at ? ditto_sd_decode(bytes, size, at, &ntacl->sd) : -EINVAL;
}

/**
 * struct ntacl_hash - a hash in progress
 * @sha: its state
 * @len: bytes so far
 */
struct ntacl_hash {
	struct sha256_ctx sha;
	u32 len;
};

/* Append a number of @size bytes, aligned to @align. */
static void ntacl_hash_number(struct ntacl_hash *h, u64 number, u32 size, u32 align)
{
	static const u8 zeros[8];
	__le64 bytes = cpu_to_le64(number);

	sha256_update(&h->sha, zeros, -h->len & (align - 1));
	sha256_update(&h->sha, (const u8 *)&bytes, size);
	h->len = ALIGN(h->len, align) + size;
}

static void ntacl_hash_entry(struct ntacl_hash *h, u16 tag, u16 perm, bool named, u32 id)
{
	ntacl_hash_number(h, tag, 2, 8);
	ntacl_hash_number(h, tag, 2, 2);
	if (named)
		ntacl_hash_number(h, id, 8, 8);
	ntacl_hash_number(h, perm, 4, 4);
}

/* The number of entries is there twice: it precedes the array and is a member of the structure. */
static void ntacl_hash_count(struct ntacl_hash *h, u32 count)
{
	ntacl_hash_number(h, count, 4, 4);
	ntacl_hash_number(h, count, 4, 8);
	ntacl_hash_number(h, 0, 4, 4);
}

static u16 ntacl_tag(short tag)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ntacl_tags); i++)
		if (ntacl_tags[i].tag == tag)
			return ntacl_tags[i].number;
	return 0;
}

static void ntacl_hash_acl(struct ntacl_hash *h, const struct ditto_ntacl_basis *basis,
			   const struct posix_acl *acl)
{
	const struct posix_acl_entry *e, *end;
	u32 id;

	ntacl_hash_count(h, acl->a_count);
	FOREACH_ACL_ENTRY(e, acl, end) {
		id = 0;
		if (e->e_tag == ACL_USER)
			id = __vfsuid_val(make_vfsuid(basis->idmap, basis->ns, e->e_uid));
		else if (e->e_tag == ACL_GROUP)
			id = __vfsgid_val(make_vfsgid(basis->idmap, basis->ns, e->e_gid));
		ntacl_hash_entry(h, ntacl_tag(e->e_tag), e->e_perm,
				 e->e_tag == ACL_USER || e->e_tag == ACL_GROUP, id);
	}
}

/* A file without an ACL counts as having the one that its mode stands for. */
static void ntacl_hash_mode(struct ntacl_hash *h, umode_t mode)
{
	ntacl_hash_count(h, 3);
	ntacl_hash_entry(h, ntacl_tag(ACL_USER_OBJ), mode >> 6 & 7, false, 0);
	ntacl_hash_entry(h, ntacl_tag(ACL_GROUP_OBJ), mode >> 3 & 7, false, 0);
	ntacl_hash_entry(h, ntacl_tag(ACL_OTHER), mode & 7, false, 0);
}

/* Compute the hash of what an attribute must belong to. Context: any. */
void ditto_ntacl_hash(const struct ditto_ntacl_basis *basis, u8 hash[SHA256_DIGEST_SIZE])
{
	struct ntacl_hash h = { };

	sha256_init(&h.sha);
	/* Pointers to both ACLs; a directory always has a default ACL, which may be empty. */
	ntacl_hash_number(&h, 0x20000, 4, 4);
	ntacl_hash_number(&h, S_ISDIR(basis->mode) ? 0x20004 : 0, 4, 4);
	ntacl_hash_number(&h, basis->uid, 8, 8);
	ntacl_hash_number(&h, basis->gid, 8, 8);
	ntacl_hash_number(&h, basis->mode, 4, 4);
	if (basis->access)
		ntacl_hash_acl(&h, basis, basis->access);
	else
		ntacl_hash_mode(&h, basis->mode);
	if (S_ISDIR(basis->mode)) {
		if (basis->dflt)
			ntacl_hash_acl(&h, basis, basis->dflt);
		else
			ntacl_hash_count(&h, 0);
	}
	sha256_final(&h.sha, hash);
}

/*
 * Tell whether a file has the attribute. Context: the server's credential is in place. Return: true
 * if it has.
 */
bool ditto_ntacl_exists(struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);

	return inode->i_opflags & IOP_XATTR &&
	       __vfs_getxattr(dentry, inode, DITTO_NTACL_XATTR, NULL, 0) >= 0;
}

/* Return: 1 if the attribute belongs to owner, mode and ACLs of the file, 0, or an errno. */
static int ntacl_matches(struct ditto_share *share, struct dentry *dentry,
			 const struct ditto_ntacl *ntacl)
{
	static const u8 zeros[NTACL_HASH - SHA256_DIGEST_SIZE];
	const struct inode *inode = d_inode(dentry);
	struct posix_acl *access, *dflt = NULL;
	struct ditto_ntacl_basis basis = {
		.uid = from_kuid(&init_user_ns, ditto_owner_of(share, inode)),
		.gid = from_kgid(&init_user_ns, ditto_group_of(share, inode)),
		.mode = inode->i_mode,
		.idmap = ditto_idmap(share),
		.ns = i_user_ns(inode),
	};
	u8 hash[SHA256_DIGEST_SIZE];
	int ret;

	access = ditto_find_posix_acl(share, dentry, XATTR_NAME_POSIX_ACL_ACCESS);
	if (S_ISDIR(inode->i_mode) && !IS_ERR(access))
		dflt = ditto_find_posix_acl(share, dentry, XATTR_NAME_POSIX_ACL_DEFAULT);
	ret = PTR_ERR_OR_ZERO(access) ?: PTR_ERR_OR_ZERO(dflt);
	if (!ret) {
		basis.access = access;
		basis.dflt = dflt;
		ditto_ntacl_hash(&basis, hash);
		ret = !memcmp(ntacl->hash, hash, sizeof(hash)) &&
		      !memcmp(ntacl->hash + sizeof(hash), zeros, sizeof(zeros));
	}
	if (!IS_ERR(access))
		posix_acl_release(access);
	if (!IS_ERR(dflt))
		posix_acl_release(dflt);
	return ret;
}

/* Make the list of an attribute. Return: as ditto_ntacl_load(). */
static int ntacl_read(struct ditto_share *share, struct dentry *dentry, const void *bytes,
		      size_t size, enum ditto_ntacl_use use, struct ditto_acl **out)
{
	struct ditto_ntacl ntacl;
	struct ditto_acl *acl;
	int ret;

	if (ditto_ntacl_decode(bytes, size, &ntacl))
		return DITTO_NTACL_DAMAGED;
	if (use == DITTO_NTACL_CHECKED) {
		if (!ntacl.hash)
			return DITTO_NTACL_UNPROVEN;
		ret = ntacl_matches(share, dentry, &ntacl);
		if (ret <= 0)
			return ret ?: DITTO_NTACL_STALE;
	}
	acl = ditto_sd_acl(&ntacl.sd, NULL, d_is_dir(dentry));
	if (acl == ERR_PTR(-E2BIG))
		return DITTO_NTACL_TOO_LONG;
	if (acl == ERR_PTR(-EOPNOTSUPP))
		return DITTO_NTACL_CONDITIONAL;
	if (IS_ERR(acl))
		return PTR_ERR(acl);
	acl->flags |= DITTO_ACL_NTACL;
	*out = acl;
	return DITTO_NTACL_USED;
}

/*
 * Make a list of the attribute of a file. @acl: set to the list with DITTO_NTACL_USED, to be put;
 * else to NULL. Context: the server's credential is in place. Return: enum ditto_ntacl_state,
 * except DITTO_NTACL_OWN; or a negative errno.
 */
int ditto_ntacl_load(struct ditto_share *share, struct dentry *dentry, enum ditto_ntacl_use use,
		     struct ditto_acl **acl)
{
	struct inode *inode = d_inode(dentry);
	void *bytes;
	ssize_t len;
	int ret;

	*acl = NULL;
	if (!(inode->i_opflags & IOP_XATTR))
		return DITTO_NTACL_NONE;
	len = __vfs_getxattr(dentry, inode, DITTO_NTACL_XATTR, NULL, 0);
	if (len < 0)
		return len == -ENODATA || len == -EOPNOTSUPP ? DITTO_NTACL_NONE : len;
	if (!len || len > DITTO_SD_MAX)
		return DITTO_NTACL_DAMAGED;
	bytes = kvmalloc(len, GFP_KERNEL);
	if (!bytes)
		return -ENOMEM;
	len = __vfs_getxattr(dentry, inode, DITTO_NTACL_XATTR, bytes, len);
	if (len < 0)
		ret = len == -ENODATA ? DITTO_NTACL_NONE : len;
	else
		ret = ntacl_read(share, dentry, bytes, len, use, acl);
	kvfree(bytes);
	return ret;
}

/*
 * Say what an attribute is worth. Context: any. Return: words for the log, which follow the name of
 * the attribute.
 */
const char *ditto_ntacl_text(enum ditto_ntacl_state state)
{
	static const char *const texts[] = {
		[DITTO_NTACL_STALE] =
			"is not obeyed: owner, mode or POSIX ACL were changed after it",
		[DITTO_NTACL_UNPROVEN] =
			"is not obeyed: it does not tell which mode and POSIX ACL it belongs to",
		[DITTO_NTACL_DAMAGED] = "is damaged",
		[DITTO_NTACL_TOO_LONG] = "is too long",
		[DITTO_NTACL_CONDITIONAL] = "denies access on conditions",
	};

	return state < ARRAY_SIZE(texts) && texts[state] ? texts[state] : "is not there";
}
