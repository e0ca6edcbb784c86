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

int ditto_lookup(struct ditto_op *op, struct ditto_node *dir,
		 const struct ditto_name *name, struct ditto_node **out);
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

int ditto_create_entry(struct ditto_op *op, struct ditto_node *dir, const struct ditto_name *name,
		       const struct ditto_create_args *args, struct ditto_node **out,
		       bool *created, struct ditto_wcc *wcc);

int ditto_remove(struct ditto_op *op, struct ditto_node *dir,
		 const struct ditto_name *name, bool is_dir, struct ditto_wcc *wcc);

int ditto_rename(struct ditto_op *op, struct ditto_node *from_dir,
		 const struct ditto_name *from, struct ditto_op *op_to,
		 struct ditto_node *to_dir, const struct ditto_name *to,
		 struct ditto_wcc *from_wcc, struct ditto_wcc *to_wcc);
int ditto_rename_over(struct ditto_op *op, struct ditto_node *node, struct ditto_node *dir,
		      const struct ditto_name *to, struct ditto_node *victim);

int ditto_link(struct ditto_op *op, struct ditto_node *node, struct ditto_op *op_to,
	       struct ditto_node *dir, const struct ditto_name *name,
	       struct ditto_wcc *wcc);
int ditto_link_over(struct ditto_op *op, struct ditto_node *node, struct ditto_node *dir,
		    const struct ditto_name *name, const struct ditto_name *taken,
		    struct ditto_wcc *wcc);

int ditto_readlink(struct ditto_op *op, struct ditto_node *node, char *buf, u32 *len);

/* data: fs/op/data.c */

ssize_t ditto_read(struct ditto_op *op, struct ditto_node *node, loff_t pos,
		   struct iov_iter *iter, bool *eof);
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

int ditto_read_check(struct ditto_op *op, struct ditto_node *node, u64 pos, u64 count);
void ditto_note_access(const struct ditto_op *op, struct ditto_node *node);
ssize_t ditto_write(struct ditto_op *op, struct ditto_node *node, loff_t pos,
		    struct iov_iter *iter, enum ditto_stable stable,
		    u64 *verifier, struct ditto_wcc *wcc);
int ditto_fsync(struct ditto_op *op, struct ditto_node *node, loff_t pos, u64 count,
		u64 *verifier, struct ditto_wcc *wcc);

int ditto_sync_dir(struct ditto_op *op, struct ditto_node *dir);

/* advice: fs/op/advise.c */

enum ditto_advice {
	DITTO_ADVICE_WILLNEED,	/* read ahead into the page cache */
	DITTO_ADVICE_DONTNEED,	/* drop clean pages from the page cache */
};

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

/*
 * Get the handle that an earlier listing has made for an entry. Context: any. Return: the bytes of
 * the handle; NULL if there is none of this inode.
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

/*
 * Get the kept handle of an entry of a listing, or make one. Return: the bytes of the handle, valid
 * while the entry is handed out; NULL if there is none.
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

int ditto_readdir(struct ditto_op *op, struct ditto_node *dir,
		  const struct ditto_readdir_args *args,
		  bool (*emit)(void *arg, const struct ditto_dirent *entry),
		  void *arg, bool *eof);
int ditto_readdir_cookies(struct ditto_op *op, struct ditto_node *dir,
			  bool (*emit)(void *arg, const struct ditto_dirent *entry),
			  void *arg, bool *eof);

/* POSIX access control lists: fs/op/posix_acl.c */

int ditto_set_posix_acl(struct ditto_op *op, struct ditto_node *node, int type,
			struct posix_acl *acl);

/* Lists that a new file inherits: fs/op/create.c and fs/op/audit_set.c */

int ditto_acl_is_inherited(struct ditto_op *op, struct ditto_node *dir, bool is_dir);

int ditto_set_audit_list(struct ditto_op *op, struct ditto_node *node,
			 const struct ditto_acl *list);
int ditto_inherit_audit_list(struct ditto_op *op, struct ditto_node *dir, struct dentry *dentry);

struct dentry *ditto_parent(struct ditto_share *share, struct dentry *dentry);

#endif
