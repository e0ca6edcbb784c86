/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access control lists in the server's common form: entries that allow or deny rights to a
 * principal, evaluated in order (RFC 8881 section 6.2.1, MS-DTYP section 2.4.5). The lists on the
 * wire are encodings of it; local processes see the mode and the POSIX ACL that correspond to it.
 *
 * A file without a stored list is governed by its mode or POSIX ACL, and its list is derived from
 * these. A file with a stored list is governed by the list, and its permission bits are set along
 * with it. If the bits are found to differ later (a local chmod), the list is adapted to them. A
 * POSIX access ACL next to a stored list was set later and takes precedence.
 */
#ifndef _DITTO_FS_ACL_ACL_H
#define _DITTO_FS_ACL_ACL_H

#include <linux/bits.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include "../../net/helper/token.h"
#include "access_mask.h"

struct cred;
struct posix_acl;

/* Entries of one list. */
#define DITTO_ACES_MAX		128
/* Longest principal without a local meaning: a SID with 15 sub-authorities. */
#define DITTO_FOREIGN_MAX	DITTO_SID_MAX

enum ditto_ace_type {
	DITTO_ACE_ALLOW,
	DITTO_ACE_DENY,
	DITTO_ACE_AUDIT,	/* only in audit lists, see audit_list.h */
};

/* Flags of an entry; the values are as in MS-DTYP section 2.4.4.1. */
#define DITTO_ACE_FILE_INHERIT		BIT(0)	/* OBJECT_INHERIT_ACE */
#define DITTO_ACE_DIR_INHERIT		BIT(1)	/* CONTAINER_INHERIT_ACE */
#define DITTO_ACE_NO_PROPAGATE		BIT(2)
#define DITTO_ACE_INHERIT_ONLY		BIT(3)
#define DITTO_ACE_INHERITED		BIT(4)
#define DITTO_ACE_FLAGS			0x1f
#define DITTO_ACE_INHERITABLE		(DITTO_ACE_FILE_INHERIT | DITTO_ACE_DIR_INHERIT)
/* The results that an audit entry records; other entries do not have these flags. */
#define DITTO_ACE_ON_SUCCESS		BIT(6)
#define DITTO_ACE_ON_FAILURE		BIT(7)
#define DITTO_ACE_RESULTS		(DITTO_ACE_ON_SUCCESS | DITTO_ACE_ON_FAILURE)

/* Principals of an entry. The numbers are stored: only append. */
enum ditto_who {
	DITTO_WHO_OWNER,	/* owner of the file: OWNER@; CREATOR OWNER if inherit-only */
	DITTO_WHO_GROUP,	/* current group of the file: GROUP@, CREATOR GROUP */
	DITTO_WHO_EVERYONE,	/* everyone, including owner and group */
	DITTO_WHO_UID,
	DITTO_WHO_GID,
	DITTO_WHO_AUTHENTICATED,
	DITTO_WHO_ANONYMOUS,
	DITTO_WHO_NETWORK,	/* all users of a protocol */
	DITTO_WHO_OWNER_RIGHTS,	/* limits the owner's implicit rights; S-1-3-4 */
	DITTO_WHO_FOREIGN,	/* whoever has this SID; stored as received */
	DITTO_WHOS,
};

/**
 * struct ditto_ace - an entry of an access control list
 * @type: enum ditto_ace_type
 * @who: enum ditto_who
 * @flags: DITTO_ACE_*
 * @mask: DITTO_RIGHT_* bits, never generic rights
 * @uid: for DITTO_WHO_UID
 * @gid: for DITTO_WHO_GID
 * @foreign: for DITTO_WHO_FOREIGN: SID as on the wire (MS-DTYP section 2.4.2.2)
 * @foreign_len: length of @foreign in bytes, up to DITTO_FOREIGN_MAX; 0 for other principals
 */
struct ditto_ace {
	u8 type;
	u8 who;
	u8 flags;
	u8 foreign_len;
	u32 mask;
	union {
		kuid_t uid;
		kgid_t gid;
	};
	u8 foreign[DITTO_FOREIGN_MAX];
};

/* Flags of a list; the numbers are stored. */
#define DITTO_ACL_PROTECTED		BIT(0)	/* inherits nothing from the directory */
#define DITTO_ACL_AUTO_INHERITED	BIT(1)
#define DITTO_ACL_DEFAULTED		BIT(2)
#define DITTO_ACL_NULL			BIT(3)	/* no list: all rights for everyone */
#define DITTO_ACL_AUTO_INHERIT_REQ	BIT(4)
#define DITTO_ACL_FLAGS			0x1f
/* Not stored: the list was derived from the mode or a POSIX ACL. */
#define DITTO_ACL_MADE			BIT(15)
/* Not stored: the list was adapted to a mode that was set later. */
#define DITTO_ACL_ADAPTED		BIT(14)
/* Not stored: the list was imported, see ntacl.h. */
#define DITTO_ACL_NTACL			BIT(12)
/* Not stored: the stored list is unusable, and an empty one is in force. */
#define DITTO_ACL_DAMAGED		BIT(13)

/**
 * struct ditto_acl - an access control list; immutable once it is shared
 * @ref: reference count; one belongs to the creator
 * @rcu: freed under RCU
 * @link: in the table of shared lists, if @interned is set
 * @interned: the list is shared by nodes, see fs/acl/acl_intern.c
 * @flags: DITTO_ACL_*
 * @count: number of @aces
 * @aces: entries in order of evaluation
 */
struct ditto_acl {
	refcount_t ref;
	struct rcu_head rcu;
	struct rhash_head link;
	bool interned;
	u16 flags;
	u16 count;
	struct ditto_ace aces[] __counted_by(count);
};

struct ditto_acl *ditto_acl_alloc(unsigned int count);

struct ditto_acl *ditto_acl_hold(struct ditto_acl *acl);
void ditto_acl_put(struct ditto_acl *acl);

int ditto_acl_check(const struct ditto_acl *acl, bool is_dir);

/*
 * Evaluation of lists: fs/acl/acl_eval.c and others. None of these functions access the file
 * system.
 */

/* The kinds of reason that a right is given or refused for. */
enum ditto_acl_decider {
	DITTO_DECIDED_BY_NOBODY,	/* no entry names the right, so it is denied */
	DITTO_DECIDED_BY_ENTRY,
	DITTO_DECIDED_BY_OWNER,		/* the owner has the right in any case */
	DITTO_DECIDED_BY_NULL,		/* a NULL list grants all rights */
};

/**
 * struct ditto_acl_decision - what decided about a right
 * @by: enum ditto_acl_decider
 * @number: position of the entry, from 0
 * @ace: copy of the entry
 */
struct ditto_acl_decision {
	u8 by;
	u8 number;
	struct ditto_ace ace;
};

/**
 * struct ditto_acl_decisions - what decided about each right, in one evaluation of a list
 * @evaluated: a list was evaluated
 * @right: by number of the bit
 */
struct ditto_acl_decisions {
	bool evaluated;
	struct ditto_acl_decision right[DITTO_RIGHT_BITS];
};

/**
 * struct ditto_acl_subject - user and file of an access check
 * @cred: credential of the user
 * @anonymous: the user is anonymous, or squashed; @cred is the anonymous user's
 * @token: SIDs of the user; NULL if they are not known
 * @uid: owner of the file, as mapped by the mount
 * @gid: group of the file, as mapped by the mount
 * @is_dir: the file is a directory
 * @decisions: filled with what decided about each right; or NULL
 */
struct ditto_acl_subject {
	const struct cred *cred;
	bool anonymous;
	const struct ditto_token *token;
	kuid_t uid;
	kgid_t gid;
	bool is_dir;
	struct ditto_acl_decisions *decisions;
};

u32 ditto_acl_rights(const struct ditto_acl *acl, const struct ditto_acl_subject *who,
		     const struct ditto_ace **undecided);
umode_t ditto_acl_mode(const struct ditto_acl *acl, kuid_t uid, kgid_t gid);
umode_t ditto_acl_mode_instead(const struct ditto_acl *acl, kuid_t uid, kgid_t gid);

struct ditto_acl *ditto_acl_from_mode(umode_t mode);
struct ditto_acl *ditto_acl_from_posix(umode_t mode, const struct posix_acl *access,
				       const struct posix_acl *def);
void ditto_acl_canonicalize(struct ditto_acl *acl, kuid_t owner);

struct ditto_acl *ditto_acl_chmod(struct ditto_acl *acl, umode_t mode, kuid_t uid, kgid_t gid);
struct ditto_acl *ditto_acl_chmod_classes(struct ditto_acl *acl, umode_t mode, kuid_t uid,
					  kgid_t gid);
bool ditto_acl_is_trivial(const struct ditto_acl *acl);

struct ditto_acl *ditto_acl_inherit(const struct ditto_acl *dir, bool is_dir);

/*
 * Stored form: fs/acl/acl_store.c. Little endian, with a version and the mode that was set along
 * with the list.
 */

/* Largest size of a stored list. */
#define DITTO_ACL_STORED_MAX	(16 + DITTO_ACES_MAX * (12 + DITTO_FOREIGN_MAX))

size_t ditto_acl_stored_size(const struct ditto_acl *acl);
void ditto_acl_encode(const struct ditto_acl *acl, umode_t mode, void *bytes);
struct ditto_acl *ditto_acl_decode(const void *bytes, size_t size, umode_t *mode);

/* Audit lists: fs/acl/acl_list.c and fs/acl/acl_store.c */

int ditto_audit_list_check(const struct ditto_acl *list, bool is_dir);

void ditto_audit_list_encode(const struct ditto_acl *list, void *bytes);
struct ditto_acl *ditto_audit_list_decode(const void *bytes, size_t size);

/* Called when the module is loaded and unloaded: fs/acl/acl_intern.c. */
int ditto_acl_interning_init(void);
void ditto_acl_interning_exit(void);
struct ditto_acl *ditto_acl_intern(struct ditto_acl *acl);
unsigned int ditto_acl_interned(void);

#endif
