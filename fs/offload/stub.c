// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stubs and their records, see stub.h.
 *
 * A node reads the record of its file once, under the bit lock DITTO_NODE_LOADING and, inside of
 * it, the inode lock. Afterwards only this module changes it, and keeps node and record the same.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/iversion.h>
#include <linux/magic.h>
#include <linux/pagemap.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <linux/xattr.h>

#include "../../lockd/claim.h"
#include "../../net/server.h"
#include "../node/file.h"
#include "../node/node_private.h"
#include "../share/share.h"
#include "fault.h"
#include "stub.h"

#define LOCKS_BITS	4

/*
 * Guard node->stub together with the bit DITTO_NODE_WHOLE. Nodes share them, and they nest inside
 * all others.
 */
static spinlock_t attach_locks[1 << LOCKS_BITS];

static spinlock_t *attach_lock(const struct ditto_node *node)
{
	return &attach_locks[hash_ptr(node, LOCKS_BITS)];
}

/* Called once when the module is loaded. */
void __init ditto_offload_locks_init(void)
{
	for (size_t i = 0; i < 1 << LOCKS_BITS; i++)
		spin_lock_init(&attach_locks[i]);
}

/* Allocate a stub with one reference that no node has yet. May sleep. NULL without memory. */
struct ditto_stub *ditto_stub_alloc(struct ditto_node *node)
{
	struct ditto_stub *stub = kzalloc(sizeof(*stub), GFP_KERNEL);

	if (!stub)
		return NULL;
	refcount_set(&stub->ref, 1);
	stub->node = node;
	init_rwsem(&stub->sem);
	mutex_init(&stub->io);
	spin_lock_init(&stub->lock);
	INIT_LIST_HEAD(&stub->recalls);
	INIT_LIST_HEAD(&stub->parts);
	INIT_LIST_HEAD(&stub->uncut_link);
	init_waitqueue_head(&stub->wait);
	return stub;
}

/* Drop a reference; NULL does nothing. */
void ditto_stub_put(struct ditto_stub *stub)
{
	if (stub && refcount_dec_and_test(&stub->ref)) {
		ditto_parts_drop_locked(stub);
		mutex_destroy(&stub->io);
		kfree_rcu(stub, rcu);
	}
}

/*
 * Attach a stub to its node, which gets a reference; the file is not whole any more. Return: false
 * if the node has one.
 */
bool ditto_stub_attach(struct ditto_stub *stub)
{
	struct ditto_node *node = stub->node;
	bool attached;

	spin_lock(attach_lock(node));
	attached = !rcu_access_pointer(node->stub);
	if (attached) {
		refcount_inc(&stub->ref);
		rcu_assign_pointer(node->stub, stub);
		/* Whoever finds the bit cleared finds the stub. */
		smp_mb__before_atomic();
		clear_bit(DITTO_NODE_WHOLE, &node->flags);
	}
	spin_unlock(attach_lock(node));
	/* Orders the bit before the search for open files: see offload.h. */
	smp_mb();
	return attached;
}

/* The file is whole from now on. */
void ditto_stub_detach(struct ditto_stub *stub)
{
	struct ditto_node *node = stub->node;
	bool attached;

	spin_lock(attach_lock(node));
	/* A recall may end after the file was released again, which has another stub. */
	attached = rcu_access_pointer(node->stub) == stub;
	if (attached) {
		set_bit(DITTO_NODE_WHOLE, &node->flags);
		/* Whoever finds no stub finds the bit. */
		smp_mb__after_atomic();
		RCU_INIT_POINTER(node->stub, NULL);
	}
	spin_unlock(attach_lock(node));
	if (!attached)
		return;
	ditto_release_candidate_drop(node);
	ditto_stub_put(stub);
}

/* Any context. Return: true if the ranges that are in the file are as they were released. */
bool ditto_stub_is_unchanged(const struct ditto_stub *stub)
{
	const struct ditto_offload_record *record = &stub->record;
	struct inode *inode = stub->node->inode;

	return stub->change_tells && READ_ONCE(record->size) == i_size_read(inode) &&
	       record->change == ditto_offload_change(inode);
}

static bool stub_is_idle_locked(struct ditto_stub *stub)
{
	const struct ditto_offload_record *record = &stub->record;

	lockdep_assert_held(&stub->lock);
	if (stub->releasing || stub->clearing || stub->whole || !list_empty(&stub->recalls))
		return false;
	/* Data stays until the reader that waited for it has seen it, or two might never end. */
	if (!stub->used &&
	    time_before(jiffies, stub->came + msecs_to_jiffies(DITTO_OFFLOAD_UNUSED_MS)))
		return false;
	/* A file of which nothing is absent is about to become whole. */
	return rcu_access_pointer(stub->node->stub) == stub && ditto_offload_resident(record) &&
	       ditto_offload_absent(record, 0, record->size) != DITTO_OFFLOAD_NONE;
}

/*
 * Turn away all users of a stub in order to free the blocks of its ranges again. Return: false if
 * data comes or goes, is all here or all absent, or came a moment ago and nobody has used it yet.
 */
bool ditto_stub_release_again(struct ditto_stub *stub)
{
	bool idle;

	/* Whoever changes the size has no file open. */
	if (!down_write_trylock(&stub->sem))
		return false;
	spin_lock(&stub->lock);
	idle = stub_is_idle_locked(stub);
	if (idle) {
		WRITE_ONCE(stub->releasing, true);
		ditto_parts_drop_locked(stub);
	}
	spin_unlock(&stub->lock);
	up_write(&stub->sem);
	/* Orders this before the search for open files: see offload.h. */
	smp_mb();
	return idle;
}

/* The release has ended. May sleep. */
void ditto_stub_released(struct ditto_stub *stub)
{
	spin_lock(&stub->lock);
	WRITE_ONCE(stub->releasing, false);
	spin_unlock(&stub->lock);
	ditto_stub_wake(stub);
}

/*
 * Make a stub, or NULL if the file is whole, the state of a node whose record was read.
 * Return: false if a release has given the node a stub before.
 */
static bool stub_publish(struct ditto_node *node, struct ditto_stub *stub)
{
	bool first;

	spin_lock(attach_lock(node));
	first = !rcu_access_pointer(node->stub);
	if (first && stub) {
		refcount_inc(&stub->ref);
		rcu_assign_pointer(node->stub, stub);
	} else if (first) {
		set_bit(DITTO_NODE_WHOLE, &node->flags);
	}
	spin_unlock(attach_lock(node));
	return first;
}

/*
 * The same as ditto_stub_get() for what was read already. Any context. NULL if the node has no
 * stub, or not yet.
 */
struct ditto_stub *ditto_stub_find(struct ditto_node *node)
{
	struct ditto_stub *stub;

	rcu_read_lock();
	stub = rcu_dereference(node->stub);
	if (stub && !refcount_inc_not_zero(&stub->ref))
		stub = NULL;
	rcu_read_unlock();
	return stub;
}

static bool stub_has_record(struct ditto_node *node)
{
	struct dentry *dentry = ditto_node_dentry(node);
	ssize_t len;

	len = __vfs_getxattr(dentry, node->inode, DITTO_OFFLOAD_XATTR, NULL, 0);
	dput(dentry);
	return len && len != -ENODATA && len != -EOPNOTSUPP;
}

/* Read the record. Return: its bytes, -ENODATA if there is none, or an errno. */
static ssize_t stub_read_record(struct ditto_node *node, u8 *buf)
{
	struct dentry *dentry = ditto_node_dentry(node);
	ssize_t len;

	len = __vfs_getxattr(dentry, node->inode, DITTO_OFFLOAD_XATTR, buf,
			     DITTO_OFFLOAD_RECORD_MAX);
	dput(dentry);
	/* A longer one is not of this version. */
	if (len == -ERANGE)
		return 0;
	return len == -EOPNOTSUPP || !len ? -ENODATA : len;
}

/*
 * A file that became shorter without this server: the record is cut before the file can grow
 * again, or old data would come back behind the cut. If it was written, too, that is a conflict,
 * and the record stays as it is.
 */
static int stub_catch_up(struct ditto_stub *stub)
{
	struct ditto_node *node = stub->node;
	struct super_block *sb = node->inode->i_sb;
	struct ditto_file *own;
	int err;

	/* The caller may have write access already, so it is not waited for. */
	if (!sb_start_write_trylock(sb))
		return -EBUSY;
	own = ditto_file_open_own(node->volume->mnt, node);
	err = PTR_ERR_OR_ZERO(own);
	if (err)
		goto end;
	mutex_lock(&stub->io);
	err = ditto_stub_conflict_look(stub, own->file);
	mutex_unlock(&stub->io);
	if (!err && !stub->conflict) {
		inode_lock(node->inode);
		err = ditto_record_cut(own->file->f_path.dentry, i_size_read(node->inode));
		inode_unlock(node->inode);
		err = err ?: vfs_fsync(own->file, 0);
	}
	ditto_file_put(own);
end:
	sb_end_write(sb);
	return err == -EJUKEBOX ? -EBUSY : err;
}

/* Note what a record says that was read. */
static int stub_decode(struct ditto_stub *stub, const u8 *buf, size_t len)
{
	struct ditto_node *node = stub->node;
	struct inode *inode = node->inode;

	if (ditto_offload_record_decode(&stub->record, buf, len) ||
	    stub->record.ino != inode->i_ino || stub->record.generation != inode->i_generation) {
		pr_warn_ratelimited("%s: the record of offloaded data of inode %llu is damaged, or that of another file; it is not served\n",
				    inode->i_sb->s_id, (u64)inode->i_ino);
		stub->damaged = true;
	} else if (!ditto_offload_volume_owns(node->volume)) {
		pr_warn_ratelimited("%s: inode %llu is offloaded, and the file system is served in another network namespace, too; it is served there only\n",
				    inode->i_sb->s_id, (u64)inode->i_ino);
		stub->damaged = true;
	}
	if (stub->damaged)
		return 0;
	if (stub->record.size > i_size_read(inode) && !stub->conflict)
		return -EFBIG;
	/* After a power failure the change number may be older than the data. */
	stub->change_tells = ditto_stub_counts(node) && !ditto_offload_resident(&stub->record);
	return 0;
}

/*
 * Read the record of a file that has one, and give the node its stub. The inode is locked:
 * whoever makes the file shorter has cut the record before, or finds the stub.
 * Return: as stub_load(); -EFBIG if the file is shorter than the record says.
 */
static int stub_load_in(struct ditto_stub *stub, u8 *buf)
{
	struct ditto_node *node = stub->node;
	ssize_t len;
	bool whole;
	int err;

	inode_lock_shared(node->inode);
	len = stub_read_record(node, buf);
	whole = len == -ENODATA;
	err = whole ? 0 : min_t(ssize_t, len, 0);
	if (!whole && !err)
		err = stub_decode(stub, buf, len);
	if (!err && !stub->damaged)
		whole |= ditto_offload_absent(&stub->record, 0, stub->record.size) ==
			 DITTO_OFFLOAD_NONE;
	if (!err) {
		err = ditto_fault(DITTO_FAULT_LOAD_RECORD);
		if (!err && !stub_publish(node, whole ? NULL : stub))
			err = -ERESTART;
	}
	inode_unlock_shared(node->inode);
	return err;
}

/*
 * Learn from the record whether a file is whole. Return: 0, the node has a stub or the bit; an
 * errno, -ERESTART to try again.
 */
static int stub_load(struct ditto_node *node)
{
	struct inode *inode = node->inode;
	struct ditto_stub *stub;
	u8 *buf;
	int err;

	if (!S_ISREG(inode->i_mode) || node->volume->is_remote || !stub_has_record(node))
		return stub_publish(node, NULL) ? 0 : -ERESTART;
	/* From now on, local processes cut what they find. */
	err = ditto_offload_guard(node->volume);
	if (err && err != -EOPNOTSUPP)
		return err;
	buf = kmalloc(DITTO_OFFLOAD_RECORD_MAX, GFP_KERNEL);
	stub = ditto_stub_alloc(node);
	err = buf && stub ? stub_load_in(stub, buf) : -ENOMEM;
	if (err == -EFBIG)
		err = stub_catch_up(stub) ?: stub->conflict ? stub_load_in(stub, buf) : -ERESTART;
	ditto_stub_put(stub);
	kfree(buf);
	return err;
}

/*
 * Give a node the stub of a record that could not be cut. @node: held, and without a stub; its
 * file, whose inode is locked, has become shorter. Return: the stub with a reference; or an
 * ERR_PTR.
 */
struct ditto_stub *ditto_stub_load_uncut(struct ditto_node *node)
{
	struct ditto_stub *stub = ditto_stub_alloc(node);
	u8 *buf = kmalloc(DITTO_OFFLOAD_RECORD_MAX, GFP_KERNEL);
	ssize_t len = -ENOMEM;
	int err;

	lockdep_assert_held_write(&node->inode->i_rwsem);
	if (stub && buf)
		len = stub_read_record(node, buf);
	err = len < 0 ? len : stub_decode(stub, buf, len);
	/* There is nothing to cut in it, and whoever reads the file next finds that out. */
	if (!err && stub->damaged)
		err = -EIO;
	kfree(buf);
	if (!err || err == -EFBIG) {
		ditto_offload_cut(&stub->record, i_size_read(node->inode));
		stub->uncut = true;
		if (stub_publish(node, stub))
			return stub;
		err = -EBUSY;
	}
	ditto_stub_put(stub);
	return ERR_PTR(err);
}

/*
 * Get the stub of a node. Context: may sleep: reads the record for the first time. Return: the stub
 * with a reference; NULL if the file is whole; an ERR_PTR.
 */
struct ditto_stub *ditto_stub_get(struct ditto_node *node)
{
	struct ditto_stub *stub;
	int err = 0;

	if (test_bit(DITTO_NODE_WHOLE, &node->flags))
		return NULL;
	stub = ditto_stub_find(node);
	if (stub)
		return stub;
	/* A lock of the node's own, since others must not wait for the disk of this file. */
	wait_on_bit_lock(&node->flags, DITTO_NODE_LOADING, TASK_UNINTERRUPTIBLE);
	do {
		stub = ditto_stub_find(node);
		if (stub || test_bit(DITTO_NODE_WHOLE, &node->flags))
			break;
		err = stub_load(node);
	} while (!err || err == -ERESTART);
	clear_and_wake_up_bit(DITTO_NODE_LOADING, &node->flags);
	return err && err != -ERESTART ? ERR_PTR(err) : stub;
}

/*
 * Set or remove an attribute of fs/offload/. @dentry: the file, whose inode is locked; @len: bytes
 * of the value; 0 removes the attribute, if there is one. Times and change number of the file stay
 * as they are. Context: write access to the mount. Return: 0 or an errno.
 */
int ditto_record_write(struct dentry *dentry, const char *name, const u8 *buf, size_t len)
{
	struct inode *inode = d_inode(dentry);
	struct timespec64 ctime;
	u64 version;
	int err;

	lockdep_assert_held_write(&inode->i_rwsem);
	ctime = inode_get_ctime(inode);
	version = inode_peek_iversion_raw(inode);
	if (len)
		err = __vfs_setxattr(&nop_mnt_idmap, dentry, inode, name, buf, len, 0);
	else
		err = __vfs_removexattr(&nop_mnt_idmap, dentry, name);
	if (!len && err == -ENODATA)
		err = 0;
	inode_set_ctime_to_ts(inode, ctime);
	if (IS_I_VERSION(inode))
		inode_set_iversion_raw(inode, version);
	mark_inode_dirty(inode);
	return err;
}

static int stub_store_in(struct ditto_stub *stub, struct file *file,
			 struct ditto_offload_record *record, u8 *buf, bool durable)
{
	struct dentry *dentry = file->f_path.dentry;
	struct inode *inode = file_inode(file);
	bool uncut;
	size_t len = 0;
	int err = 0;

	inode_lock(inode);
	/* A local process may have cut the file since @record was copied, and extended it again. */
	spin_lock(&stub->lock);
	ditto_offload_cut(record, min_t(u64, stub->record.size, i_size_read(inode)));
	spin_unlock(&stub->lock);
	if (ditto_offload_absent(record, 0, record->size) != DITTO_OFFLOAD_NONE) {
		len = ditto_offload_record_encode(record, buf);
	} else {
		ditto_stored_note(stub, dentry, buf);
		err = ditto_fault(DITTO_FAULT_STORED_WRITTEN);
	}
	if (len && stub->replaces && !ditto_stored_is(dentry))
		err = -ESTALE;
	err = err ?: ditto_record_write(dentry, DITTO_OFFLOAD_XATTR, buf, len);
	if (len && !err && ditto_stored_is(dentry)) {
		err = ditto_fault(DITTO_FAULT_STORED_REPLACED);
		if (!err)
			ditto_stored_drop(dentry);
	}
	stub->replaces = false;
	/* Whoever makes the file shorter from now on cuts what was just written. */
	uncut = stub->uncut;
	if (!err)
		WRITE_ONCE(stub->uncut, false);
	inode_unlock(inode);
	if (!err && uncut)
		err = ditto_fault(DITTO_FAULT_CUT_WRITTEN);
	/* Not only the data: the attribute and the blocks must be durable together. */
	if (durable || uncut)
		err = err ?: vfs_fsync(file, 0);
	if (err && uncut)
		WRITE_ONCE(stub->uncut, true);
	return err;
}

/*
 * Change the stored record. @stub: its @io is held. Times and change number of the file stay.
 * Context: write access to the mount, and no inode lock held. Return: 0 or an errno.
 */
int ditto_stub_store(struct ditto_stub *stub, struct file *file,
		     struct ditto_offload_record *record, bool durable)
{
	struct ditto_file *own = NULL;
	int err = 0;
	u8 *buf;

	lockdep_assert_held(&stub->io);
	buf = kmalloc(DITTO_OFFLOAD_RECORD_MAX, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	if (!file) {
		own = ditto_file_open_own(stub->node->volume->mnt, stub->node);
		if (IS_ERR(own))
			err = PTR_ERR(own);
		else
			file = own->file;
	}
	if (!err)
		err = stub_store_in(stub, file, record, buf, durable);
	if (!IS_ERR_OR_NULL(own))
		ditto_file_put(own);
	kfree(buf);
	return err == -EJUKEBOX ? -EBUSY : err;
}

/* A local process that empties the file once more has taken the content from the record. */
static int stub_make_long(const struct ditto_stub *stub, struct file *file, u64 size)
{
	struct inode *inode = file_inode(file);
	int err;

	inode_lock(inode);
	err = -ESTALE;
	if (!i_size_read(inode) && stub->record.size == size)
		err = ditto_file_set_size(file, size);
	inode_unlock(inode);
	return err;
}

static int stub_adopt_in(const struct ditto_stub *stub, struct file *file, u64 size, u8 *buf,
			 bool *sized)
{
	struct inode *inode = file_inode(file);
	int err = -ESTALE;

	inode_lock(inode);
	if (stub->record.size == size)
		err = ditto_record_write(file->f_path.dentry, DITTO_OFFLOAD_XATTR, buf,
					 ditto_offload_record_encode(&stub->record, buf));
	inode_unlock(inode);
	/* An absent range is never a hole after a crash. */
	err = err ?: vfs_fsync(file, 0);
	err = err ?: ditto_fault(DITTO_FAULT_ADOPT_RECORDED);
	err = err ?: stub_make_long(stub, file, size);
	/* If a local process has made the file longer, that is its content. */
	*sized = err != -ESTALE && i_size_read(inode);
	if (*sized)
		return err ?: vfs_fsync(file, 0);
	inode_lock(inode);
	ditto_record_write(file->f_path.dentry, DITTO_OFFLOAD_XATTR, buf, 0);
	inode_unlock(inode);
	return err;
}

/*
 * Store the record of an empty file, and then make the file that long. Both are durable afterwards.
 * An empty file is left if the machine ends in between: a record is cut to the size of its file.
 * Context: neither write access to the mount nor an inode lock held. Return: 0; -ESTALE if a local
 * process has set a size; or another errno.
 */
int ditto_stub_adopt(struct ditto_stub *stub, struct file *file, u64 size, bool *sized)
{
	u8 *buf = kmalloc(DITTO_OFFLOAD_RECORD_MAX, GFP_KERNEL);
	int err;

	if (!buf)
		return -ENOMEM;
	file_start_write(file);
	mutex_lock(&stub->io);
	err = stub_adopt_in(stub, file, size, buf, sized);
	mutex_unlock(&stub->io);
	file_end_write(file);
	kfree(buf);
	return err;
}

/* Bytes of the content that are in the file. Any context that may take a spinlock. */
u64 ditto_stub_resident(struct ditto_stub *stub)
{
	u64 bytes;

	spin_lock(&stub->lock);
	bytes = ditto_offload_resident(&stub->record);
	spin_unlock(&stub->lock);
	return bytes;
}

/* Copy the record, for kfree(). May sleep. NULL without memory. */
struct ditto_offload_record *ditto_stub_copy_record(struct ditto_stub *stub)
{
	struct ditto_offload_record *copy = kmalloc(sizeof(*copy), GFP_KERNEL);

	if (copy) {
		spin_lock(&stub->lock);
		*copy = stub->record;
		spin_unlock(&stub->lock);
	}
	return copy;
}

/*
 * Store the record with some ranges in the file, and with what was cut before; then the ranges are
 * in memory, too.
 */
static int stub_change(struct ditto_stub *stub, struct file *file, u64 pos, u64 end)
{
	struct ditto_offload_record *next;
	bool whole = false;
	int err = 0;

	mutex_lock(&stub->io);
	/* The file is whole, or was released again: the stored record belongs to another stub. */
	if (rcu_access_pointer(stub->node->stub) != stub) {
		WRITE_ONCE(stub->uncut, false);
		goto unlock;
	}
	next = ditto_stub_copy_record(stub);
	if (!next) {
		err = -ENOMEM;
		goto unlock;
	}
	if (!ditto_offload_cover(next, pos, end) && !stub->uncut)
		goto free;
	err = ditto_stub_store(stub, file, next, true) ?: ditto_fault(DITTO_FAULT_COMMIT_RECORDED);
	if (err)
		goto free;
	spin_lock(&stub->lock);
	ditto_offload_cut(&stub->record, next->size);
	ditto_offload_cover(&stub->record, pos, end);
	whole = ditto_offload_absent(&stub->record, 0, stub->record.size) == DITTO_OFFLOAD_NONE;
	spin_unlock(&stub->lock);
	if (whole)
		ditto_stub_detach(stub);
free:
	kfree(next);
	/* While the record was not durable yet, the stub did not count as one to be kept. */
	if (err && READ_ONCE(stub->uncut))
		ditto_cut_keep(stub);
unlock:
	mutex_unlock(&stub->io);
	return err;
}

/*
 * The end of writing back must mean that the file system has changed its metadata, which then is
 * durable before the record or with it. It does so on ext4 and XFS; btrfs notes later where it has
 * put the data, and a record that was durable earlier would say that a hole is data. Return: true
 * there, and where that is not known: an fsync waits for it.
 */
bool ditto_stub_needs_fsync(const struct super_block *sb)
{
	return sb->s_magic != EXT4_SUPER_MAGIC && sb->s_magic != XFS_SUPER_MAGIC &&
	       sb->s_magic != TMPFS_MAGIC;
}

/*
 * Record that bytes are in the file. @file: an open file of the node for writing, opened before the
 * data was written; or NULL. Only ranges that lie in these bytes as a whole are recorded. The data
 * is made durable before. Context: neither write access to the mount nor an inode lock held.
 * Return: 0 or an errno.
 */
int ditto_stub_commit(struct ditto_stub *stub, struct file *file, u64 pos, u64 end)
{
	struct inode *inode = stub->node->inode;
	int err;

	/*
	 * Data may have been written back in vain before, and an fsync by somebody else takes that
	 * error from the inode, but not from a file that was opened before the data was written.
	 */
	if (file && ditto_stub_needs_fsync(inode->i_sb))
		err = vfs_fsync_range(file, pos, end - 1, 1);
	else if (file)
		err = file_write_and_wait_range(file, pos, end - 1);
	else
		err = filemap_write_and_wait_range(inode->i_mapping, pos, end - 1);
	if (!err)
		err = ditto_fault(DITTO_FAULT_COMMIT_RECORD);
	if (err)
		return err;
	sb_start_write(inode->i_sb);
	err = stub_change(stub, file, pos, end);
	sb_end_write(inode->i_sb);
	return err;
}

/*
 * Record that the file was made shorter. Nothing behind the size is brought back any more. If the
 * record cannot be stored, the stub is kept until it is, see cut.c, and ditto_stub_store_cut()
 * tries again before the file can grow. Context: write access to the mount, and no inode lock held.
 * Return: 0 or an errno.
 */
int ditto_stub_cut(struct ditto_stub *stub, u64 size)
{
	int err;

	/* Data that was cut does not come back, whatever becomes of the stored record. */
	mutex_lock(&stub->io);
	spin_lock(&stub->lock);
	ditto_offload_cut(&stub->record, size);
	WRITE_ONCE(stub->uncut, true);
	spin_unlock(&stub->lock);
	mutex_unlock(&stub->io);
	err = ditto_stub_store_cut(stub);
	if (err && !ditto_cut_keep(stub))
		pr_warn_ratelimited("%s: the record of inode %llu, which a client truncated, cannot be changed, error %d, and too many others wait for that: what was cut comes back if the file becomes longer once the server has forgotten it\n",
				    stub->node->inode->i_sb->s_id, (u64)stub->node->inode->i_ino,
				    -err);
	return err;
}

/* Store a record that was cut, if that is still to be done: as ditto_stub_cut(). */
int ditto_stub_store_cut(struct ditto_stub *stub)
{
	if (likely(!READ_ONCE(stub->uncut)))
		return 0;
	return ditto_fault(DITTO_FAULT_CUT_RECORD) ?: stub_change(stub, NULL, 0, 0);
}

/*
 * The file is whole, since what was absent was cut. Context: may sleep; no inode lock held. Return:
 * 0; an errno if the stored record cannot be removed.
 */
int ditto_stub_end(struct ditto_stub *stub)
{
	struct super_block *sb = stub->node->inode->i_sb;
	int err;

	if (READ_ONCE(stub->uncut)) {
		/* An open that empties the file has write access already. */
		if (!sb_start_write_trylock(sb))
			return -EIO;
		err = ditto_stub_store_cut(stub);
		sb_end_write(sb);
		if (err)
			return ditto_stub_error(err);
	}
	mutex_lock(&stub->io);
	ditto_stub_detach(stub);
	mutex_unlock(&stub->io);
	return 0;
}

/* Wake all that wait for data of the file. May sleep. */
void ditto_stub_wake(struct ditto_stub *stub)
{
	ditto_park_wake_point(&stub->node->point);
	wake_up_all(&stub->wait);
}

static bool stub_is_absent(struct ditto_node *node)
{
	struct ditto_stub *stub;

	if (test_bit(DITTO_NODE_WHOLE, &node->flags) || !S_ISREG(node->inode->i_mode))
		return false;
	stub = ditto_stub_get(node);
	if (IS_ERR_OR_NULL(stub))
		return false;
	ditto_stub_put(stub);
	return true;
}

/**
 * ditto_offload_is_stub_dentry - tell whether data of a file is absent, which may have no node
 * @share: share that contains the file
 * @dentry: positive
 *
 * Callers that ask for each of many files look at ditto_offload_is_used() first.
 *
 * Context: may sleep.
 * Return: true if the file is not whole.
 */
bool ditto_offload_is_stub_dentry(struct ditto_share *share, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);
	struct ditto_node *node;
	bool is;

	if (!ditto_offload_is_used(share->volume) || !S_ISREG(inode->i_mode))
		return false;
	node = ditto_node_find_inode(share->srv->nodes, inode);
	if (!node)
		return __vfs_getxattr(dentry, inode, DITTO_OFFLOAD_XATTR, NULL, 0) > 0;
	is = stub_is_absent(node);
	ditto_node_put(node);
	return is;
}
EXPORT_SYMBOL_NS_GPL(ditto_offload_is_stub_dentry, "DITTO");

/*
 * Is there a failure that stops new attempts? It then counts as reported. stub->lock is held.
 * Return: 0, or what ditto_stub_error() says.
 */
int ditto_stub_failed_locked(struct ditto_stub *stub)
{
	unsigned long age;

	lockdep_assert_held(&stub->lock);
	if (!stub->error)
		return 0;
	age = jiffies - stub->error_at;
	if (age > msecs_to_jiffies(DITTO_OFFLOAD_TELL_MS) ||
	    (stub->told && age > msecs_to_jiffies(DITTO_OFFLOAD_RETRY_MS))) {
		stub->error = 0;
		return 0;
	}
	stub->told = true;
	return ditto_stub_error(stub->error);
}
