/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access control lists in the one form that the server keeps: entries that allow
 * or deny rights to somebody, looked at in their order (RFC 8881 section 6.2.1,
 * MS-DTYP section 2.4.5). What protocols say on the wire are encodings of it; mode
 * and POSIX ACL are what local processes see of it.
 *
 * A file without a stored list goes by its mode or POSIX ACL, and has the list that
 * is made from these. One with a list goes by that; its permission bits are set
 * along with it, and if they are found to be others later (a local chmod), the list is
 * changed to fit them. A POSIX access ACL that is found next to it was set later, and
 * rules.
 */
#ifndef _DITTO_FS_ACL_ACL_H
#define _DITTO_FS_ACL_ACL_H

#include <linux/bits.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include "../op/rights.h"

struct cred;
struct ditto_node;
struct ditto_op;
struct posix_acl;

/* Of one list (PLT-12). */
#define DITTO_ACES_MAX		128
/* Longest principal of which nothing is known here: a SID with 15 parts. */
#define DITTO_FOREIGN_MAX	68

enum ditto_ace_type {
	DITTO_ACE_ALLOW,
	DITTO_ACE_DENY,
};

/* Flags of an entry; the numbers are those of MS-DTYP section 2.4.4.1. */
#define DITTO_ACE_FILE_INHERIT		BIT(0)	/* OBJECT_INHERIT_ACE */
#define DITTO_ACE_DIR_INHERIT		BIT(1)	/* CONTAINER_INHERIT_ACE */
#define DITTO_ACE_NO_PROPAGATE		BIT(2)
#define DITTO_ACE_INHERIT_ONLY		BIT(3)
#define DITTO_ACE_INHERITED		BIT(4)
#define DITTO_ACE_FLAGS			0x1f
#define DITTO_ACE_INHERITABLE		(DITTO_ACE_FILE_INHERIT | DITTO_ACE_DIR_INHERIT)

/* Whom an entry is about. Numbers are stored: only append. */
enum ditto_who {
	DITTO_WHO_OWNER,	/* who owns the file: OWNER@, CREATOR OWNER if only inherited */
	DITTO_WHO_GROUP,	/* the group that the file has now: GROUP@, CREATOR GROUP */
	DITTO_WHO_EVERYONE,	/* owner and group, too */
	DITTO_WHO_UID,
	DITTO_WHO_GID,
	DITTO_WHO_AUTHENTICATED,
	DITTO_WHO_ANONYMOUS,
	DITTO_WHO_NETWORK,	/* who comes by a protocol: all */
	DITTO_WHO_OWNER_RIGHTS,	/* what the owner may by being it, instead of the usual; S-1-3-4 */
	DITTO_WHO_FOREIGN,	/* kept as it came, and nobody here is it */
	DITTO_WHOS,
};

/**
 * struct ditto_ace - an entry
 * @type: enum ditto_ace_type
 * @who: enum ditto_who
 * @flags: DITTO_ACE_*
 * @mask: DITTO_RIGHT_* bits, never generic ones
 * @uid: for DITTO_WHO_UID
 * @gid: for DITTO_WHO_GID
 * @foreign: for DITTO_WHO_FOREIGN: a SID as on the wire (MS-DTYP section 2.4.2.2)
 * @foreign_len: bytes of it, up to DITTO_FOREIGN_MAX; for others 0
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

/* Of a list; the numbers are stored. */
#define DITTO_ACL_PROTECTED		BIT(0)	/* takes nothing over from its directory */
#define DITTO_ACL_AUTO_INHERITED	BIT(1)
#define DITTO_ACL_DEFAULTED		BIT(2)
#define DITTO_ACL_NULL			BIT(3)	/* there is no list: everybody may everything */
#define DITTO_ACL_AUTO_INHERIT_REQ	BIT(4)
#define DITTO_ACL_FLAGS			0x1f
/* Not stored: made from the mode or a POSIX ACL. */
#define DITTO_ACL_MADE			BIT(15)

/**
 * struct ditto_acl - a list; immutable once others can see it
 * @ref: one of the maker
 * @rcu: it is freed by
 * @link: in the table of lists that nodes keep, if @interned
 * @interned: see fs/acl/acl_intern.c
 * @flags: DITTO_ACL_*
 * @count: of @aces
 * @aces: in the order in which they count
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

/* Room for @count entries, all of them 0. NULL without memory or above DITTO_ACES_MAX. */
struct ditto_acl *ditto_acl_alloc(unsigned int count);
struct ditto_acl *ditto_acl_hold(struct ditto_acl *acl);
void ditto_acl_put(struct ditto_acl *acl);	/* NULL is nothing */
/*
 * Is it one that could be stored: types, flags, masks, principals; only what is in a directory can
 * be inherited. DITTO_ACL_MADE is not looked at. Return: 0 or -EINVAL.
 */
int ditto_acl_check(const struct ditto_acl *acl, bool is_dir);

/*
 * What follows from a list: fs/acl/acl_eval.c. None of these asks the file system.
 */

/**
 * struct ditto_acl_subject - who wants something, of a file of whom
 * @cred: who
 * @anonymous: nobody said who he is; @cred is whom he is taken for
 * @uid: owner of the file, as seen through the mount
 * @gid: its group
 * @is_dir: it is a directory
 */
struct ditto_acl_subject {
	const struct cred *cred;
	bool anonymous;
	kuid_t uid;
	kgid_t gid;
	bool is_dir;
};

/**
 * ditto_acl_rights - what a list gives somebody
 * @acl: the list
 * @who: whom
 *
 * The first entry that names a right decides about it (RFC 8881 section 6.2.1). The owner may
 * read and write the list itself unless an entry for owner rights says what he may
 * (MS-DTYP section 2.5.3.2). Privileges are the caller's matter.
 *
 * Context: any. Return: DITTO_RIGHT_* bits.
 */
u32 ditto_acl_rights(const struct ditto_acl *acl, const struct ditto_acl_subject *who);

/**
 * ditto_acl_mode - the nine permission bits that come next to a list
 * @acl: the list
 * @uid: owner of the file
 * @gid: its group
 *
 * RFC 8881 section 6.3.2. An entry that names who owns the file, or its group, counts as one for
 * the owner or the group: that is how Windows writes them. Local processes have said who
 * they are, so that what all such may is what others may; they do not come by a protocol. What
 * is said of other users and groups cannot be told by a mode.
 *
 * Context: any. Return: the bits.
 */
umode_t ditto_acl_mode(const struct ditto_acl *acl, kuid_t uid, kgid_t gid);
/*
 * The list that a file has that has none, of a mode with its type: ERR_PTR(-ENOMEM). For a
 * directory with @def, entries to inherit come behind. @access NULL: from the mode.
 * ERR_PTR(-E2BIG) for POSIX ACLs that take more than DITTO_ACES_MAX entries.
 */
struct ditto_acl *ditto_acl_from_mode(umode_t mode);
struct ditto_acl *ditto_acl_from_posix(umode_t mode, const struct posix_acl *access,
				       const struct posix_acl *def);
/**
 * ditto_acl_canonicalize - put denials before what is allowed, if that says the same
 * @acl: made from a mode or a POSIX ACL; only the caller has it
 * @owner: of the file
 *
 * The order that Windows asks for (MS-DTYP section 2.4.5); its tools offer to sort other lists,
 * which may change what they mean. If it would change what this one means, the list stays as it
 * is.
 *
 * Context: any.
 */
void ditto_acl_canonicalize(struct ditto_acl *acl, kuid_t owner);

/**
 * ditto_acl_chmod - the list after a chmod
 * @acl: the list before
 * @mode: with the type of the file
 * @uid: owner of the file
 * @gid: its group
 *
 * RFC 8881 section 6.4.1.1: ditto_acl_mode() of it is the nine bits of @mode, and nobody who is
 * named may more of what they stand for than the group. Flags of the list and what is only
 * to be inherited stay.
 *
 * Return: the list, which is @acl, held, if its mode is that one already; ERR_PTR of -ENOMEM, or
 * of -ENOSPC if it cannot be said with DITTO_ACES_MAX entries.
 */
struct ditto_acl *ditto_acl_chmod(struct ditto_acl *acl, umode_t mode, kuid_t uid, kgid_t gid);

/*
 * The same, but users and groups that are named keep what they have: only the entries for the
 * owner, the group and all are changed.
 */
struct ditto_acl *ditto_acl_chmod_classes(struct ditto_acl *acl, umode_t mode, kuid_t uid,
					  kgid_t gid);
/* Does it say no more than a mode: of the owner, the group and all, and nothing to inherit? */
bool ditto_acl_names_nobody(const struct ditto_acl *acl);

/**
 * ditto_acl_inherit - what is made in a directory gets from its list
 * @dir: the directory's list
 * @is_dir: a directory is made
 *
 * RFC 8881 section 6.4.3, MS-DTYP section 2.5.3.4. Entries for the owner and the group stay that:
 * they go with the file when it gets another.
 *
 * Entries are marked DITTO_ACE_INHERITED if the directory's list is DITTO_ACL_AUTO_INHERITED.
 *
 * Return: the list, NULL if nothing of it is to be inherited, or ERR_PTR(-ENOMEM).
 */
struct ditto_acl *ditto_acl_inherit(const struct ditto_acl *dir, bool is_dir);

/*
 * As bytes, to be stored: fs/acl/acl_store.c. Little-endian, with a version; of the mode that was set
 * along with it.
 */

/* Longest that ditto_acl_encode() makes. */
#define DITTO_ACL_STORED_MAX	(16 + DITTO_ACES_MAX * (12 + DITTO_FOREIGN_MAX))

size_t ditto_acl_stored_size(const struct ditto_acl *acl);
void ditto_acl_encode(const struct ditto_acl *acl, umode_t mode, void *bytes);
/* Return: the list, ERR_PTR(-EUCLEAN) for what is none, ERR_PTR(-ENOMEM). */
struct ditto_acl *ditto_acl_decode(const void *bytes, size_t size, umode_t *mode);

/*
 * Of files: fs/acl/acl.c. To set one is a ditto_setattr() with DITTO_SET_ACL.
 */

/**
 * ditto_get_acl - the list that a file goes by
 * @op: who asks; whether he may is not checked
 * @node: held
 *
 * The stored one, as the mode is now, or one made from mode and POSIX ACLs.
 *
 * Context: may sleep. Return: the list, to be put, or ERR_PTR of -ENOMEM or an error of the file
 * system.
 */
struct ditto_acl *ditto_get_acl(struct ditto_op *op, struct ditto_node *node);

/* Does what a client makes in this directory with a mode get a list from it: 1, 0 or an errno. */
int ditto_acl_is_inherited(struct ditto_op *op, struct ditto_node *dir, bool is_dir);

/* Can lists be stored on the file system of this share? */
bool ditto_acl_is_supported(const struct ditto_op *op);

#endif
