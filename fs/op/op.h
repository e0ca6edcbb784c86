/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * File operations on nodes, independent of the protocol.
 *
 * All functions return 0 or a negative errno, of which these come from linux/errno.h:
 * -EBADHANDLE, -ENOTSYNC, -EBADCOOKIE, -ETOOSMALL, -EJUKEBOX (retry later), -EBADTYPE. All may
 * sleep. Names are checked here: -EILSEQ for an empty name, NUL or slash, -ENAMETOOLONG above
 * NAME_MAX.
 *
 * Each operation first checks the lock table (lockd/claim.h) with the caller's actor:
 *   -EJUKEBOX	a break of caching grants was started; retry, or wait with a park. Also
 *		during grace, if a claim that was not reclaimed yet may conflict with the
 *		change (ditto_grace_guards()); no park waits for that
 *   -EAGAIN	a byte-range lock conflicts; no other condition returns this
 *   -ETXTBSY	a share reservation conflicts, or the file is being executed
 * In these cases nothing was done. An inode lock may be held during the check, but never while
 * waiting for a break.
 */
#ifndef _DITTO_FS_OP_OP_H
#define _DITTO_FS_OP_OP_H

#include <linux/fs.h>
#include <linux/types.h>

#include "../node/casefold.h"
#include "../share/caller.h"
#include "../share/handle.h"
#include "attr.h"
#include "check/check.h"

struct dentry;
struct ditto_acl;
struct iov_iter;
struct pipe_buffer;
struct pipe_inode_info;
struct posix_acl;
struct splice_desc;

/* names: fs/op/name.c */

/**
 * ditto_lookup - look up a name in a directory
 * @op: the caller
 * @dir: held
 * @name: may be "." or ".."; ".." of the share's root is the root
 * @out: filled with the node, to be put
 *
 * The lookup does not cross mount points.
 *
 * Return: 0, -ENOENT, -ENOTDIR, -EACCES, -ENAMETOOLONG, -EILSEQ.
 */
int ditto_lookup(struct ditto_op *op, struct ditto_node *dir,
		 const struct ditto_name *name, struct ditto_node **out);

/**
 * ditto_lookup_follow - look up a name, and follow mounts that are part of the share
 * @op: the caller
 * @dir: held
 * @name: may be "." or ".."; ".." of the share's root is the root, ".." of the root of a file
 *	system within the share is the parent of the directory that it is mounted on
 * @share: filled with the file system of the result, to be put, if it is not @op->share; else NULL
 * @out: filled with the node, to be put
 *
 * Return: as ditto_lookup(), or -ESTALE.
 */
int ditto_lookup_follow(struct ditto_op *op, struct ditto_node *dir,
			const struct ditto_name *name, struct ditto_share **share,
			struct ditto_node **out);

/* Treatment of an existing name by the creation of a file. */
enum ditto_create_how {
	DITTO_CREATE_UNCHECKED,	/* use the existing file; of the attributes, only the size is set */
	DITTO_CREATE_GUARDED,	/* -EEXIST */
	DITTO_CREATE_EXCLUSIVE,	/* -EEXIST unless it was made with the same verifier */
};

/**
 * struct ditto_create_args - the file that ditto_create_entry() creates
 * @type: S_IFMT bits
 * @how: treatment of an existing name; only regular files may exist
 * @verf: 8 bytes, for DITTO_CREATE_EXCLUSIVE; stored in the times until these are set
 *	(RFC 1813 section 3.3.8)
 * @rdev: device number, for S_IFCHR and S_IFBLK
 * @target: contents of a symbolic link, terminated
 * @set: attributes of the new file
 */
struct ditto_create_args {
	umode_t type;
	enum ditto_create_how how;
	const u8 *verf;
	dev_t rdev;
	const char *target;
	const struct ditto_setattr *set;
};

/**
 * ditto_create_entry - create a file of any type
 * @op: the caller
 * @dir: held
 * @name: new name
 * @args: the file
 * @out: filled with the node, to be put
 * @created: set if this call created the file, cleared if it existed; may be NULL
 * @wcc: attributes of @dir; filled on success and failure
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -EEXIST, -ENOENT, -EACCES, -EROFS, -EBADTYPE, -ENOSPC, -EDQUOT and others of the file
 * system.
 */
int ditto_create_entry(struct ditto_op *op, struct ditto_node *dir, const struct ditto_name *name,
		       const struct ditto_create_args *args, struct ditto_node **out,
		       bool *created, struct ditto_wcc *wcc);

/**
 * ditto_remove - remove a name from a directory
 * @op: the caller
 * @dir: held
 * @name: name to remove
 * @is_dir: remove an empty directory, otherwise anything but a directory
 * @wcc: attributes of @dir; filled on success and failure
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -ENOENT, -EACCES, -EROFS, -EISDIR (without @is_dir), -ENOTDIR, -ENOTEMPTY (with
 * @is_dir), -EBUSY (mount point) and others of the file system.
 */
int ditto_remove(struct ditto_op *op, struct ditto_node *dir,
		 const struct ditto_name *name, bool is_dir, struct ditto_wcc *wcc);

/**
 * ditto_rename - rename a file
 * @op: the caller, for the source directory
 * @from_dir: held
 * @from: old name
 * @op_to: the caller, for the target directory, which may have been reached with other
 *	permissions
 * @to_dir: held
 * @to: new name; an existing file is replaced
 * @from_wcc: attributes of @from_dir; filled on success and failure
 * @to_wcc: attributes of @to_dir; filled on success and failure
 *
 * If both names belong to the same file, nothing is done (RFC 1813 section 3.3.14).
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -ENOENT, -EXDEV (another share), -EINVAL (into itself), -ENOTEMPTY, -EACCES, -EROFS
 * and others of the file system.
 */
int ditto_rename(struct ditto_op *op, struct ditto_node *from_dir,
		 const struct ditto_name *from, struct ditto_op *op_to,
		 struct ditto_node *to_dir, const struct ditto_name *to,
		 struct ditto_wcc *from_wcc, struct ditto_wcc *to_wcc);

/**
 * ditto_rename_over - rename a file over one other file
 * @op: the caller
 * @node: held; the file to rename, which has one name
 * @dir: held
 * @to: new name, in the spelling that @victim has it
 * @victim: held; the file to replace
 *
 * No other file is replaced, even if it gets the name in between. An empty directory that is
 * replaced by something else is removed first; if the name is taken before it can be used,
 * -EEXIST is returned, and the directory is gone.
 *
 * Context: may sleep; no inode lock held.
 * Return: as ditto_rename(); -ESTALE if @victim has lost the name.
 */
int ditto_rename_over(struct ditto_op *op, struct ditto_node *node, struct ditto_node *dir,
		      const struct ditto_name *to, struct ditto_node *victim);

/**
 * ditto_link - give a file another name
 * @op: the caller, for the file
 * @node: held; not a directory
 * @op_to: the caller, for the directory
 * @dir: held
 * @name: new name
 * @wcc: attributes of @dir; filled on success and failure
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -EEXIST, -EISDIR, -EXDEV (another share), -EACCES, -EPERM (neither the caller's own
 * file nor one that he may read and write), -EROFS and others of the file system.
 */
int ditto_link(struct ditto_op *op, struct ditto_node *node, struct ditto_op *op_to,
	       struct ditto_node *dir, const struct ditto_name *name,
	       struct ditto_wcc *wcc);

/**
 * ditto_link_over - give a file a name that another file has
 * @op: the caller
 * @node: held; not a directory
 * @dir: held
 * @name: new name
 * @taken: the name in @dir that the other file loses: @name, or the same in another case
 * @wcc: attributes of @dir; filled on success and failure
 *
 * If this fails, the other file keeps its name.
 *
 * Context: may sleep; no inode lock held.
 * Return: as ditto_link(); -ENOENT if no file has @taken; -EEXIST if it is a name of @node;
 * -EISDIR if the other file is a directory.
 */
int ditto_link_over(struct ditto_op *op, struct ditto_node *node, struct ditto_node *dir,
		    const struct ditto_name *name, const struct ditto_name *taken,
		    struct ditto_wcc *wcc);

/**
 * ditto_readlink - read a symbolic link
 * @op: the caller
 * @node: held
 * @buf: PAGE_SIZE bytes; not terminated
 * @len: filled with the length
 *
 * Return: 0, -EINVAL (not a symbolic link), -EIO (a magic link), -ENAMETOOLONG or an errno of the
 * file system.
 */
int ditto_readlink(struct ditto_op *op, struct ditto_node *node, char *buf, u32 *len);

/* data: fs/op/data.c */

/**
 * ditto_read - read from a regular file
 * @op: the caller; permission is checked, except that the owner may always read
 * @node: held
 * @pos: offset in bytes
 * @iter: destination and byte count
 * @eof: set if the last byte read is the last one of the file
 *
 * Return: bytes read, or -EINVAL (not a regular file), -EACCES, -EIO and others.
 */
ssize_t ditto_read(struct ditto_op *op, struct ditto_node *node, loff_t pos,
		   struct iov_iter *iter, bool *eof);

/**
 * ditto_read_splice - read by passing on pages of the page cache
 * @op: the caller, as in ditto_read()
 * @node: held
 * @pos: offset in bytes
 * @count: number of bytes
 * @actor: called for each piece, as in splice_direct_to_actor()
 * @data: argument of the actor, in splice_desc.u.data
 * @eof: as in ditto_read()
 *
 * Return: as ditto_read(); -EOPNOTSUPP if the file cannot be spliced, before the actor was
 * called.
 */
ssize_t ditto_read_splice(struct ditto_op *op, struct ditto_node *node, loff_t pos,
			  size_t count,
			  int (*actor)(struct pipe_inode_info *, struct pipe_buffer *,
				       struct splice_desc *),
			  void *data, bool *eof);

/* Durability of a write before it is answered. */
enum ditto_stable {
	DITTO_UNSTABLE,
	DITTO_DATA_SYNC,
	DITTO_FILE_SYNC,
};

/**
 * ditto_read_check - check whether a range may be read, without reading it
 * @op: the caller, as in ditto_read()
 * @node: held
 * @pos: offset in bytes
 * @count: number of bytes; 0 conflicts with no lock
 *
 * The check breaks what others have cached, as a read does.
 *
 * Return: 0, -EINVAL (not a regular file), -EACCES, -EAGAIN (locked), -EJUKEBOX and others.
 */
int ditto_read_check(struct ditto_op *op, struct ditto_node *node, u64 pos, u64 count);

/**
 * ditto_note_access - set the access time of a file to now, if a local read would (mount(8))
 * @op: the caller
 * @node: held
 */
void ditto_note_access(const struct ditto_op *op, struct ditto_node *node);

/**
 * ditto_write - write to a regular file
 * @op: the caller; permission is checked, except that the owner may always write
 * @node: held
 * @pos: offset in bytes
 * @iter: source and byte count
 * @stable: durability before the function returns
 * @verifier: filled with the write verifier that goes with the data
 * @wcc: filled on success and failure; may be NULL
 *
 * Return: bytes written, or -EINVAL (not a regular file), -EACCES, -EROFS, -EFBIG, -ENOSPC,
 * -EDQUOT, -EIO.
 */
ssize_t ditto_write(struct ditto_op *op, struct ditto_node *node, loff_t pos,
		    struct iov_iter *iter, enum ditto_stable stable,
		    u64 *verifier, struct ditto_wcc *wcc);

/**
 * ditto_fsync - make a range of a file durable
 * @op: the caller; no permission is checked, as fsync(2) checks none, but by file systems that the
 *	caller has to open files on. Data that was accepted must become durable even if the caller
 *	may not write any more
 * @node: held
 * @pos: offset in bytes
 * @count: number of bytes; 0 means to the end of the file
 * @verifier: filled with the write verifier after the operation; a failure changes it
 * @wcc: filled on success and failure, without attributes before the operation
 *
 * Return: 0, -EINVAL (not a regular file, or a file system without fsync), -EIO and others.
 */
int ditto_fsync(struct ditto_op *op, struct ditto_node *node, loff_t pos, u64 count,
		u64 *verifier, struct ditto_wcc *wcc);

/**
 * ditto_sync_dir - make the entries and attributes of a directory durable
 * @op: the caller; no permission is checked, as fsync(2) checks none
 * @dir: a directory, held
 *
 * Return: 0 or the error of the file system.
 */
int ditto_sync_dir(struct ditto_op *op, struct ditto_node *dir);

/* advice: fs/op/advise.c */

enum ditto_advice {
	DITTO_ADVICE_WILLNEED,	/* read ahead into the page cache */
	DITTO_ADVICE_DONTNEED,	/* drop clean pages from the page cache */
};

/**
 * ditto_advise - take advice about future access to a range of a file
 * @op: the caller; needs read permission
 * @node: held
 * @advice: the advice
 * @pos: first byte
 * @count: number of bytes; 0 means to the end of the file
 *
 * Return: 0, -EINVAL (not a regular file), -EACCES and others.
 */
int ditto_advise(struct ditto_op *op, struct ditto_node *node, enum ditto_advice advice, u64 pos,
		 u64 count);

/* directories: fs/op/dir.c */

/**
 * struct ditto_dirent - an entry of a listing
 * @name: not terminated
 * @ino: inode number, never 0; the root's for ".." at the share's root
 * @mounted_on: as in struct ditto_attr
 * @cookie: position behind this entry, to continue the listing
 * @dentry: dentry of the entry, if the caller asked for dentries and it still exists; borrowed
 * @nested: file system that is mounted on the entry and is part of the share, borrowed; or NULL.
 *	@dentry and @mounted_on are of the covered directory, @ino is of its root
 * @cached_handle: for ditto_handle_encode_entry(), borrowed; or NULL
 */
struct ditto_dirent {
	struct ditto_name name;
	u64 ino;
	u64 mounted_on;
	u64 cookie;
	struct dentry *dentry;
	struct ditto_share *nested;
	struct ditto_dir_part_handle *cached_handle;
};

/**
 * ditto_handle_recall - get the handle that an earlier listing has made for an entry
 * @kept: where it is kept
 * @inode: inode of the entry; the name may have another one than then
 * @len: filled with the length of the handle
 *
 * Context: any.
 * Return: the bytes of the handle; NULL if there is none of this inode.
 */
static inline const u8 *ditto_handle_recall(const struct ditto_dir_part_handle *kept,
					    const struct inode *inode, u32 *len)
{
	/* Pairs with handle_keep(). */
	*len = smp_load_acquire(&kept->len);
	if (*len <= DITTO_HANDLE_FILLING || kept->ino != inode->i_ino ||
	    kept->generation != inode->i_generation)
		return NULL;
	return kept->data;
}

/**
 * ditto_handle_of_entry - get the kept handle of an entry of a listing, or make one
 * @share: see ditto_handle_encode_entry(), and so @dir and @memo
 * @dir: the directory
 * @entry: the entry, with a dentry
 * @room: for a handle that is made
 * @memo: of the listing
 * @len: filled with the length of the handle
 *
 * Return: the bytes of the handle, valid while the entry is handed out; NULL if there is none.
 */
static inline const u8 *ditto_handle_of_entry(struct ditto_share *share,
					      const struct ditto_node *dir,
					      const struct ditto_dirent *entry,
					      struct ditto_handle *room,
					      struct ditto_handle_memo *memo, u32 *len)
{
	const u8 *kept = NULL;

	if (entry->cached_handle)
		kept = ditto_handle_recall(entry->cached_handle, d_inode(entry->dentry), len);
	if (kept)
		return kept;
	if (ditto_handle_encode_entry(share, dir, entry->dentry, entry->cached_handle, room,
				      memo))
		return NULL;
	*len = room->len;
	return room->data;
}

/**
 * enum ditto_pick - what becomes of an entry of a listing
 * @DITTO_PICK_EMIT: it is looked up, if the caller wants dentries, and emitted
 * @DITTO_PICK_SKIP: it is left out
 * @DITTO_PICK_STOP: it is left out, and the listing ends behind it
 */
enum ditto_pick {
	DITTO_PICK_EMIT,
	DITTO_PICK_SKIP,
	DITTO_PICK_STOP,
};

/**
 * struct ditto_readdir_args - what is to be listed
 * @cookie: 0 to start, else the cookie of an entry
 * @room: bytes for which the caller has room; 0 if it does not know, and then the next three are
 *	not used
 * @each: bytes of an entry without its name, as far as the caller knows; not 0
 * @per_byte: bytes of an entry for each byte of its name
 * @align: bytes of an entry are rounded up to a multiple of this power of two
 * @dentries: fill in the dentry of entries; needs search permission, else the dentry is NULL
 * @directories: the same for directories alone
 * @handles: the caller makes handles of the entries
 * @pick: decides about an entry by its name, before it is looked up; is given the position behind
 *	it, too. NULL if all entries are emitted
 *
 * No more is read of the directory than fits into @room, and one entry. If the entries are shorter
 * and the caller has room for more, a few are read at a time.
 */
struct ditto_readdir_args {
	u64 cookie;
	s32 room;
	u16 each;
	u8 per_byte;
	u8 align;
	bool dentries;
	bool directories;
	bool handles;
	enum ditto_pick (*pick)(void *arg, const struct ditto_name *name, u64 cookie);
};

/**
 * ditto_readdir - list a directory
 * @op: the caller; needs read permission
 * @dir: held
 * @args: what is to be listed
 * @emit: receives an entry; returns false if it has no room, and the listing ends before it
 * @arg: passed to @emit and to @args->pick
 * @eof: set if the end was reached
 *
 * @emit and @args->pick run with no lock of the directory held.
 *
 * Return: 0, -ENOTDIR, -EACCES, -EBADCOOKIE (the file system rejects the cookie).
 */
int ditto_readdir(struct ditto_op *op, struct ditto_node *dir,
		  const struct ditto_readdir_args *args,
		  bool (*emit)(void *arg, const struct ditto_dirent *entry),
		  void *arg, bool *eof);

/**
 * ditto_readdir_cookies - list the names and cookies of a directory
 * @op: the caller; needs read permission
 * @dir: held
 * @emit: receives an entry, of which only name and cookie are to be used; returns false to end
 * @arg: passed to @emit
 * @eof: set if the end was reached
 *
 * The order and the cookies are as in ditto_readdir(). No entry is looked up, also where that one
 * has to, to know the number of a subvolume or what is mounted on a directory.
 *
 * Return: as ditto_readdir().
 */
int ditto_readdir_cookies(struct ditto_op *op, struct ditto_node *dir,
			  bool (*emit)(void *arg, const struct ditto_dirent *entry),
			  void *arg, bool *eof);

/* POSIX access control lists: fs/op/posix_acl.c */

/**
 * ditto_set_posix_acl - set or remove a POSIX ACL
 * @op: the caller
 * @node: held
 * @type: ACL_TYPE_ACCESS or ACL_TYPE_DEFAULT
 * @acl: the ACL; NULL removes it
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -EOPNOTSUPP, -EACCES, -EPERM, -EROFS, -EJUKEBOX and others.
 */
int ditto_set_posix_acl(struct ditto_op *op, struct ditto_node *node, int type,
			struct posix_acl *acl);

/* Lists that a new file inherits: fs/op/create.c and fs/op/audit_set.c */

/**
 * ditto_acl_is_inherited - tell whether a new file in a directory inherits a list although the
 * client sends a mode
 * @op: the caller
 * @dir: the directory, held
 * @is_dir: the new file is a directory
 *
 * Return: 1, 0 or a negative errno.
 */
int ditto_acl_is_inherited(struct ditto_op *op, struct ditto_node *dir, bool is_dir);

/**
 * ditto_set_audit_list - set or remove the audit list of a file
 * @op: the caller; DITTO_RIGHT_SECURITY must have been granted at open
 * @node: held
 * @list: the list; NULL removes it, as does one without entries and flags
 *
 * Context: may sleep; no inode lock held.
 * Return: 0, -EACCES, -EROFS, -EPERM (immutable), -EOPNOTSUPP (the file cannot have one), -EINVAL,
 * -ENOSPC, -EDQUOT, -EJUKEBOX and others.
 */
int ditto_set_audit_list(struct ditto_op *op, struct ditto_node *node,
			 const struct ditto_acl *list);

/**
 * ditto_inherit_audit_list - give a new file what it inherits
 * @op: the caller
 * @dir: directory of the new file, held
 * @dentry: the new file
 *
 * Context: may sleep; the directory's inode is locked.
 * Return: 0 or a negative errno.
 */
int ditto_inherit_audit_list(struct ditto_op *op, struct ditto_node *dir, struct dentry *dentry);

/**
 * ditto_parent - get the parent directory of a file within a share
 * @share: the share
 * @dentry: dentry of the file
 *
 * Return: the parent, to be put; the root of the share is its own parent; ERR_PTR(-ESTALE)
 * outside of the share.
 */
struct dentry *ditto_parent(struct ditto_share *share, struct dentry *dentry);

#endif
