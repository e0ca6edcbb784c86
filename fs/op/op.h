/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations on nodes. Both protocols call these; there is one place where a
 * rename happens.
 *
 * All return 0 or a negative errno, of which these come from linux/errno.h:
 * -EBADHANDLE, -ENOTSYNC, -EBADCOOKIE, -ETOOSMALL, -EJUKEBOX (come again
 * later), -EBADTYPE. All may sleep. Names are checked here: -EILSEQ for an
 * empty one, NUL or slash, -ENAMETOOLONG above NAME_MAX.
 *
 * Each asks the lock table first (lockd/claim.h), as the caller's actor:
 *   -EJUKEBOX	holders of caching grants were told to give way; come again, or
 *		wait with a park. Or, in grace, a claim that is not reclaimed yet may be in
 *		the way of a change (ditto_grace_guards()); no park waits for that
 *   -EAGAIN	bytes that another has claimed are in the way; nothing else
 *		gives this
 *   -ETXTBSY	an open that denies this is in the way, or the file is running
 * Nothing was done then. An inode's lock may be held while the table is asked,
 * but not while a holder is waited for.
 */
#ifndef _DITTO_FS_OP_OP_H
#define _DITTO_FS_OP_OP_H

#include <linux/fs.h>
#include <linux/types.h>

#include "../node/handle.h"
#include "attr.h"

struct ditto_actor;
struct ditto_conflict;
struct ditto_cred;
struct ditto_file;
struct ditto_node;
struct ditto_park;
struct ditto_server;
struct ditto_share;
struct ditto_share_opts;
struct ditto_verdict;
struct iov_iter;
struct pipe_buffer;
struct pipe_inode_info;
struct posix_acl;
struct splice_desc;

/**
 * struct ditto_op - who does something, and through which share
 * @srv: the server
 * @share: held
 * @cred: acts
 * @actor: whose claims are its own; NULL is anonymous
 * @park: is to wait after -EJUKEBOX, if it says that it does; NULL to come again unasked
 * @awaited: filled with a node, to be put, after -EJUKEBOX because of claims that are given
 *	back there; not if it is filled already; or NULL
 * @conflict: filled with -EAGAIN, and with -ETXTBSY if an open is in the way; or NULL
 * @writable: neither the share nor the client's rule is read-only
 * @granted: DITTO_MAY_* bits that were decided when the file was opened; the mode is not
 *	asked for them. Of one node only: 0 where another one is meant
 * @held: DITTO_RIGHT_* bits that were granted then; a list is not asked for them
 * @unstable: changes of names and attributes need not be durable when they are answered
 * @casefold: a new name is taken if it is there in another case: -EEXIST
 * @traverses: he passes through a directory that has a list, whatever that says; a guest only
 *	if it lets him read or change the entries
 * @fresh: the file was just made, and who watches was told that
 * @later: of what is open: what was written through it, to be told at its close; or NULL
 * @stream_of: if what was opened is a stream, the node of its file; borrowed. Else NULL
 */
struct ditto_op {
	struct ditto_server *srv;
	struct ditto_share *share;
	struct ditto_cred *cred;
	const struct ditto_actor *actor;
	struct ditto_park *park;
	struct ditto_node **awaited;
	struct ditto_conflict *conflict;
	bool writable;
	u32 granted;
	u32 held;
	bool unstable;
	bool casefold;
	bool traverses;
	bool fresh;
	u32 *later;
	struct ditto_node *stream_of;
};

/* A name from the wire: not terminated. */
struct ditto_name {
	const char *name;
	u32 len;
};

/* What ditto_access() and the permission checks ask for. */
#define DITTO_MAY_READ		BIT(0)
#define DITTO_MAY_WRITE		BIT(1)
#define DITTO_MAY_EXEC		BIT(2)	/* execute a file, search a directory */
#define DITTO_MAY_APPEND	BIT(3)
#define DITTO_MAY_DELETE	BIT(4)	/* entries of a directory */
/* The owner may in spite of the mode: a stateless client checked that at its open. */
#define DITTO_MAY_OWNER		BIT(5)
/* Extended attributes, and streams where these are attributes of a file. */
#define DITTO_MAY_READ_XATTRS	BIT(6)
#define DITTO_MAY_WRITE_XATTRS	BIT(7)

/**
 * ditto_permission - may the caller do this to the node
 * @op: who
 * @node: held
 * @may: DITTO_MAY_* bits, all of which must be allowed
 *
 * Return: 0, -EACCES, -EROFS (for writing), -EPERM (immutable, or appended to only) or
 * -ESTALE.
 */
int ditto_permission(struct ditto_op *op, struct ditto_node *node, u32 may);

/* names: fs/name/name.c */

/**
 * ditto_lookup - find a name in a directory
 * @op: who
 * @dir: held
 * @name: "." and ".." work; ".." of the share's root is the root
 * @out: the node, to be put
 *
 * Does not cross into file systems mounted below: the share is one file system.
 *
 * Return: 0, -ENOENT, -ENOTDIR, -EACCES, -ENAMETOOLONG, -EILSEQ.
 */
int ditto_lookup(struct ditto_op *op, struct ditto_node *dir,
		 const struct ditto_name *name, struct ditto_node **out);

/* How an existing name is treated by ditto_create(). */
enum ditto_create_how {
	DITTO_CREATE_UNCHECKED,	/* use it; only its size is set */
	DITTO_CREATE_GUARDED,	/* -EEXIST */
	DITTO_CREATE_EXCLUSIVE,	/* -EEXIST unless it was made with the same verifier */
};

/**
 * ditto_create - make a regular file
 * @op: who
 * @dir: held
 * @name: new name
 * @how: see there
 * @set: attributes to make it with
 * @verf: 8 bytes, for DITTO_CREATE_EXCLUSIVE; kept in the times until they are set
 * @out: the node, to be put
 * @wcc: of the directory; filled whether it worked or not
 *
 * Return: 0, -EEXIST, -ENOENT, -EACCES, -EROFS, -ENOSPC, -EDQUOT and others of the file system.
 */
int ditto_create(struct ditto_op *op, struct ditto_node *dir,
		 const struct ditto_name *name, enum ditto_create_how how,
		 const struct ditto_setattr *set, const u8 *verf,
		 struct ditto_node **out, struct ditto_wcc *wcc);
int ditto_mkdir(struct ditto_op *op, struct ditto_node *dir,
		const struct ditto_name *name, const struct ditto_setattr *set,
		struct ditto_node **out, struct ditto_wcc *wcc);
int ditto_symlink(struct ditto_op *op, struct ditto_node *dir,
		  const struct ditto_name *name, const char *target,
		  const struct ditto_setattr *set,
		  struct ditto_node **out, struct ditto_wcc *wcc);
/* A device, socket or FIFO: @type is S_IFCHR, S_IFBLK (with @rdev), S_IFSOCK or S_IFIFO. */
int ditto_mknod(struct ditto_op *op, struct ditto_node *dir,
		const struct ditto_name *name, umode_t type, dev_t rdev,
		const struct ditto_setattr *set,
		struct ditto_node **out, struct ditto_wcc *wcc);
/* Remove what is no directory: -EISDIR; with @is_dir an empty one: -ENOTDIR, -ENOTEMPTY. */
int ditto_remove(struct ditto_op *op, struct ditto_node *dir,
		 const struct ditto_name *name, bool is_dir, struct ditto_wcc *wcc);
/* @op_to is for the target directory, reached with other rights maybe. -EXDEV across shares. */
int ditto_rename(struct ditto_op *op, struct ditto_node *from_dir,
		 const struct ditto_name *from, struct ditto_op *op_to,
		 struct ditto_node *to_dir, const struct ditto_name *to,
		 struct ditto_wcc *from_wcc, struct ditto_wcc *to_wcc);
int ditto_link(struct ditto_op *op, struct ditto_node *node, struct ditto_op *op_to,
	       struct ditto_node *dir, const struct ditto_name *name,
	       struct ditto_wcc *wcc);
/* @buf has PAGE_SIZE bytes; @len is filled. -EINVAL for what is not a symbolic link. */
int ditto_readlink(struct ditto_op *op, struct ditto_node *node, char *buf, u32 *len);

/* data: fs/op/data.c */

/**
 * ditto_read - read from a regular file
 * @op: who; the permission is checked, the owner may always
 * @node: held
 * @pos: from where
 * @iter: into where, and how much
 * @eof: set if the last byte read is the last of the file
 *
 * Return: bytes read, or -EINVAL (not a regular file), -EACCES, -EIO and others.
 */
ssize_t ditto_read(struct ditto_op *op, struct ditto_node *node, loff_t pos,
		   struct iov_iter *iter, bool *eof);

/**
 * ditto_read_splice - hand out the page cache's own pages
 * @op: who
 * @node: held
 * @pos: from where
 * @count: bytes
 * @actor: called for each piece, as splice_direct_to_actor() wants it
 * @data: for the actor, in splice_desc.u.data
 * @eof: as for ditto_read()
 *
 * Return: as for ditto_read(); -EOPNOTSUPP if this file cannot be spliced,
 * before the actor was called.
 */
ssize_t ditto_read_splice(struct ditto_op *op, struct ditto_node *node, loff_t pos,
			  size_t count,
			  int (*actor)(struct pipe_inode_info *, struct pipe_buffer *,
				       struct splice_desc *),
			  void *data, bool *eof);

/* How durable a write is before it is answered. */
enum ditto_stable {
	DITTO_UNSTABLE,
	DITTO_DATA_SYNC,
	DITTO_FILE_SYNC,
};

/**
 * ditto_write - write to a regular file
 * @op: who; the owner may always
 * @node: held
 * @pos: where
 * @iter: what
 * @stable: see there
 * @verifier: filled with the write verifier that goes with the data
 * @wcc: filled, whether it worked or not; NULL if nobody asks
 *
 * Return: bytes written, or -EINVAL (not a regular file), -EACCES, -EROFS,
 * -EFBIG, -ENOSPC, -EDQUOT, -EIO.
 */
ssize_t ditto_write(struct ditto_op *op, struct ditto_node *node, loff_t pos,
		    struct iov_iter *iter, enum ditto_stable stable,
		    u64 *verifier, struct ditto_wcc *wcc);

/* Make a range durable; @count 0 is to the end. A failure changes the write verifier. */
int ditto_fsync(struct ditto_op *op, struct ditto_node *node, loff_t pos, u64 count,
		u64 *verifier, struct ditto_wcc *wcc);

/* directories: fs/op/dir.c */

/**
 * struct ditto_dirent - an entry of a listing
 * @name: not terminated
 * @ino: never 0; of the share's root for ".." there
 * @cookie: where the listing goes on behind this entry
 * @dentry: the entry's own, if the listing was asked for them and it still exists; borrowed
 */
struct ditto_dirent {
	struct ditto_name name;
	u64 ino;
	u64 cookie;
	struct dentry *dentry;
};

/**
 * ditto_readdir - list a directory
 * @op: who; needs read permission
 * @dir: held
 * @cookie: 0 from the start, else from an entry's cookie
 * @dentries: entries carry their dentry (needs search permission; without it @dentry is NULL)
 * @emit: takes an entry; returns false if it has no room, and the listing ends before it
 * @arg: for @emit
 * @eof: set if the end was reached
 *
 * @emit runs with no lock of the directory held.
 *
 * Return: 0, -ENOTDIR, -EACCES, -EBADCOOKIE (the file system refuses the cookie).
 */
int ditto_readdir(struct ditto_op *op, struct ditto_node *dir, u64 cookie,
		  bool dentries,
		  bool (*emit)(void *arg, const struct ditto_dirent *entry),
		  void *arg, bool *eof);

/* POSIX access control lists: fs/acl/posix_acl.c */

/*
 * @type is ACL_TYPE_ACCESS or ACL_TYPE_DEFAULT. Where there is none: NULL for a
 * default one, one made from the mode for access. -EOPNOTSUPP.
 */
struct posix_acl *ditto_get_posix_acl(struct ditto_op *op, struct ditto_node *node, int type);
/* @acl NULL removes it. */
int ditto_set_posix_acl(struct ditto_op *op, struct ditto_node *node, int type,
			struct posix_acl *acl);

#endif
