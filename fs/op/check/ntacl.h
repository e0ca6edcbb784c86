/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lists that Samba has stored with files, in the extended attribute security.NTACL. They are read,
 * and never written.
 */
#ifndef _DITTO_FS_OP_CHECK_NTACL_H
#define _DITTO_FS_OP_CHECK_NTACL_H

#include <crypto/sha2.h>
#include <linux/types.h>

#include "../../acl/sd.h"
#include "../../share/share.h"

struct dentry;
struct ditto_acl;
struct ditto_node;
struct ditto_op;
struct posix_acl;

#define DITTO_NTACL_XATTR	"security.NTACL"

/* States of an attribute; the values are as in the netlink enum "acl-import-result". */
enum ditto_ntacl_state {
	DITTO_NTACL_USED,	/* it has a list that is obeyed */
	DITTO_NTACL_OWN,	/* the file has a list of this server */
	DITTO_NTACL_NONE,	/* there is no attribute */
	DITTO_NTACL_STALE,	/* owner, mode or POSIX ACL were changed after it was stored */
	DITTO_NTACL_UNPROVEN,	/* it does not tell which mode and POSIX ACL it belongs to */
	DITTO_NTACL_DAMAGED,	/* it is no list */
	DITTO_NTACL_TOO_LONG,	/* it has more than DITTO_ACES_MAX entries */
	DITTO_NTACL_CONDITIONAL, /* it denies access on a condition that is not evaluated here */
};

/**
 * struct ditto_ntacl - a decoded attribute
 * @sd: the descriptor; points into the attribute
 * @hash: hash of the mode and POSIX ACL that it belongs to; points into the attribute; NULL if
 *	there is none that can be verified
 */
struct ditto_ntacl {
	struct ditto_sd sd;
	const u8 *hash;
};

int ditto_ntacl_decode(const void *bytes, size_t size, struct ditto_ntacl *ntacl);

/**
 * struct ditto_ntacl_basis - what the hash of an attribute covers
 * @uid: owner, as local processes see it
 * @gid: group
 * @mode: mode with the file type
 * @access: POSIX access ACL, or NULL
 * @dflt: POSIX default ACL of a directory, or NULL
 * @idmap: idmapping of the mount, for the ids of the ACLs
 * @ns: user namespace of the file system
 */
struct ditto_ntacl_basis {
	u32 uid;
	u32 gid;
	umode_t mode;
	const struct posix_acl *access;
	const struct posix_acl *dflt;
	struct mnt_idmap *idmap;
	struct user_namespace *ns;
};

void ditto_ntacl_hash(const struct ditto_ntacl_basis *basis, u8 hash[SHA256_DIGEST_SIZE]);
bool ditto_ntacl_exists(struct dentry *dentry);
int ditto_ntacl_load(struct ditto_share *share, struct dentry *dentry, enum ditto_ntacl_use use,
		     struct ditto_acl **acl);
const char *ditto_ntacl_text(enum ditto_ntacl_state state);

#endif
