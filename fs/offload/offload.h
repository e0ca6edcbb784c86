/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Offloaded files: regular files, some of whose data is outside of the file system and is brought
 * back when somebody uses it.
 *
 * The record that is stored with a file (record.h) is the truth. A node learns from it at its first
 * use whether the file is whole; then one bit of the node's flags tells, and an operation on a
 * whole file costs no more. Otherwise the node has a stub (stub.h).
 *
 * An operation on data announces itself with ditto_offload_enter() after it has got an open file of
 * the node, and before it touches data; ditto_offload_release() frees blocks only if the server has
 * no open file left after it took the bit away, so neither misses the other.
 */
#ifndef _DITTO_FS_OFFLOAD_OFFLOAD_H
#define _DITTO_FS_OFFLOAD_OFFLOAD_H

#include <linux/bitops.h>
#include <linux/types.h>

#include "../node/node.h"

struct ditto_op;
struct ditto_park;
struct ditto_server;
struct ditto_share;
struct ditto_stub;
struct ditto_volume;
struct file;
struct netlink_ext_ack;

/* Where the data of a file is. The values are as in the netlink enum "offload-state". */
enum ditto_offload_place {
	DITTO_OFFLOAD_IS_RESIDENT,
	DITTO_OFFLOAD_IS_PARTIAL,
	DITTO_OFFLOAD_IS_OFFLOADED,
	DITTO_OFFLOAD_IS_RECALLING,
	DITTO_OFFLOAD_IS_IN_CONFLICT,
};

/* What becomes of data in absent ranges. The values are as in the enum "offload-decision". */
enum ditto_offload_choice {
	DITTO_OFFLOAD_REFUSE,		/* nothing is brought back */
	DITTO_OFFLOAD_OVERWRITE,	/* the store's data replaces it */
	DITTO_OFFLOAD_KEEP_LOCAL,	/* it stays, and what is absent around it comes back */
};

/* What an operation does with the data that it announces. */
enum ditto_offload_use {
	DITTO_OFFLOAD_READ,
	DITTO_OFFLOAD_WRITE,
	DITTO_OFFLOAD_CLEAR,	/* it writes zeros, and tells so with ditto_offload_cleared() */
	DITTO_OFFLOAD_LOOK,	/* it looks for holes and needs no data */
};

int ditto_offload_enter_slow(struct ditto_op *op, struct ditto_node *node,
			     enum ditto_offload_use use, u64 pos, u64 count,
			     struct ditto_stub **stub);
/**
 * struct ditto_absence - data that an operation needs, and that is being brought back, or room
 * @node: the file, with a reference; NULL if nothing is needed
 * @last: last byte that is needed of the range
 * @read: it is read only
 * @room: no data is needed, but room in the file system of @node
 * @unchecked: no data is needed, but an answer about it, see fs/op/scan.h
 */
struct ditto_absence {
	struct ditto_node *node;
	u64 last;
	bool read;
	bool room;
	bool unchecked;
};

bool ditto_offload_park(const struct ditto_absence *absence, struct ditto_park *park);
void ditto_offload_leave_slow(struct ditto_stub *stub);

/*
 * Make sure that an operation finds the data that it uses. @node: a regular file, held; the caller
 * has an open file of it; @stub: filled, for ditto_offload_leave(); NULL if the file is whole.
 * Absent data is asked for. Then the operation is to be repeated: the caller's park is woken when
 * that is worth it. Context: no inode lock held. Return: 0; -EJUKEBOX while the data comes; -EIO if
 * it does not come; -ENOSPC or -EDQUOT if there is no room for it; -ENOMEDIUM if the caller does
 * not want it to be brought back; -ENOMEM.
 */
static inline int ditto_offload_enter(struct ditto_op *op, struct ditto_node *node,
				      enum ditto_offload_use use, u64 pos, u64 count,
				      struct ditto_stub **stub)
{
	*stub = NULL;
	if (likely(test_bit(DITTO_NODE_WHOLE, &node->flags)))
		return 0;
	return ditto_offload_enter_slow(op, node, use, pos, count, stub);
}

void ditto_offload_will_need_slow(struct ditto_op *op, struct ditto_node *node, u64 pos,
				  u64 count);

/*
 * Start bringing back data that will be read soon. @node: a regular file, held; @count: number of
 * bytes; 0 means to the end of the file. Asks for as much as a read in sequence, from the first
 * absent byte on. Nothing tells whether it comes. Context: may sleep for memory, and does not wait
 * for data.
 */
static inline void ditto_offload_will_need(struct ditto_op *op, struct ditto_node *node, u64 pos,
					   u64 count)
{
	if (unlikely(!test_bit(DITTO_NODE_WHOLE, &node->flags)))
		ditto_offload_will_need_slow(op, node, pos, count);
}

/* End what ditto_offload_enter() began. May sleep. */
static inline void ditto_offload_leave(struct ditto_stub *stub)
{
	if (unlikely(stub))
		ditto_offload_leave_slow(stub);
}

int ditto_offload_cleared(struct ditto_stub *stub, u64 pos, u64 count, int err);
loff_t ditto_offload_seek(struct ditto_stub *stub, struct file *file, u64 pos, bool hole);
int ditto_offload_resize_begin(struct ditto_op *op, struct ditto_node *node, u64 size,
			       struct ditto_stub **stub);
int ditto_offload_resize_end(struct ditto_stub *stub, u64 size, int err);

/* True if data of files may be absent from the volume. Otherwise nothing else has to be asked. */
static inline bool ditto_offload_is_used(const struct ditto_volume *volume)
{
	return READ_ONCE(volume->offload_group);
}

bool ditto_offload_is_stub_dentry(struct ditto_share *share, struct dentry *dentry);

/* Why no file of a file system can be released. */
enum ditto_offload_obstacle_kind {
	DITTO_OFFLOAD_HAS_NO_OBSTACLE,
	DITTO_OFFLOAD_IS_REMOTE,	/* another machine has the data */
	DITTO_OFFLOAD_IS_OVERLAY,	/* other file systems have the data */
	DITTO_OFFLOAD_HAS_NO_MOUNT,	/* it cannot be mounted a second time */
	DITTO_OFFLOAD_HAS_NO_EVENTS,	/* the kernel asks nobody before an open */
};

enum ditto_offload_obstacle_kind ditto_offload_obstacle(const struct ditto_volume *volume);

u64 ditto_offload_change(struct inode *inode);
int ditto_offload_settle(struct inode *inode, u64 *change, u64 *size, struct timespec64 *mtime);

/**
 * struct ditto_offload_info - an offloaded file, for the administrator
 * @state: where its data is
 * @size: bytes of the file
 * @change: another number after each change of the data
 * @resident: bytes that are in the file
 * @obstacle: what prevents a release of any file of the file system
 * @cookie_len: bytes of @cookie; 0 if the content of a file that is whole is not stored
 * @cookie: as given with the release
 */
struct ditto_offload_info {
	enum ditto_offload_place state;
	u64 size;
	u64 change;
	u64 resident;
	enum ditto_offload_obstacle_kind obstacle;
	u16 cookie_len;
	u8 cookie[512];
};

int ditto_offload_get(struct ditto_node *node, struct ditto_offload_info *info);

/**
 * struct ditto_offload_release_args - what the administrator believes about a file
 * @stored: the attribute of the file says so, and must still be there; see fs/offload/stored.c
 * @adopt: the file is empty, and gets @size bytes of content that is stored elsewhere already;
 *	@change is not used
 * @ino: inode number
 * @generation: of the inode
 * @change: number from ditto_offload_get()
 * @size: size from there, or the size that the file gets
 * @cookie: tells the helper where the data is
 * @cookie_len: bytes of @cookie
 */
struct ditto_offload_release_args {
	bool stored;
	bool adopt;
	u64 ino;
	u32 generation;
	u64 change;
	u64 size;
	const void *cookie;
	size_t cookie_len;
};

int ditto_offload_release(struct ditto_share *share, struct ditto_node *node,
			  const struct ditto_offload_release_args *args,
			  struct netlink_ext_ack *extack);

int ditto_offload_recall(struct ditto_node *node, enum ditto_offload_choice choice);

/**
 * struct ditto_offload_fill - data of a range that is being recalled
 * @recall: number of the recall
 * @from: file with the data
 * @from_pos: where it begins there
 * @pos: where it belongs
 * @count: number of bytes
 */
struct ditto_offload_fill {
	u64 recall;
	struct file *from;
	loff_t from_pos;
	u64 pos;
	u64 count;
};

int ditto_offload_fill(struct ditto_server *srv, const struct ditto_offload_fill *fill,
		       struct netlink_ext_ack *extack);

int ditto_offload_full(struct ditto_op *op, struct ditto_node *node, u64 bytes);

/*
 * Have files give way for an operation that found no room. @node: a file of the file system, held;
 * @bytes: bytes of data that the operation needs room for. The caller's park is woken when the
 * operation is worth repeating. Each time something gives way for it, or it fails. Context: no lock
 * held. Return: @ret; -EJUKEBOX instead of -ENOSPC while room is made.
 */
static inline ssize_t ditto_offload_find_room(struct ditto_op *op, struct ditto_node *node,
					      u64 bytes, ssize_t ret)
{
	return likely(ret != -ENOSPC) ? ret : ditto_offload_full(op, node, bytes);
}

u64 ditto_release_space(struct ditto_node *node);

bool ditto_room_want(struct ditto_node *node, u64 bytes, u8 *tries);

/* Called by fs/extensions.c: fs/offload/volume.c */
int ditto_offload_volume_init(struct ditto_volume *volume);
void ditto_offload_volume_start(struct ditto_volume *volume);
void ditto_offload_volume_stop(struct ditto_volume *volume);
void ditto_offload_volume_exit(struct ditto_volume *volume);
void ditto_offload_node_free(struct ditto_node *node);

void ditto_offload_share_changed(struct ditto_share *share);

void ditto_offload_locks_init(void);

/*
 * Called once; after ditto_unserved_exit(), offloaded files have zeros for local processes, unless
 * a guard in user space has taken over.
 */
int ditto_unserved_init(void);
void ditto_unserved_exit(void);

#ifdef DITTO_TESTS
void ditto_offload_faults_init(void);
void ditto_offload_faults_exit(void);
#else
static inline void ditto_offload_faults_init(void) {}
static inline void ditto_offload_faults_exit(void) {}
#endif

/* Set up and tear down the part of a server. May sleep. */
int ditto_offload_init(struct ditto_server *srv);
void ditto_offload_exit(struct ditto_server *srv);

#endif
