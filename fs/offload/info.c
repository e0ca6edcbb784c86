// SPDX-License-Identifier: GPL-2.0-only
/* State of a file, as reported to the administrator's program and the helper, see offload.h. */
#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/iversion.h>
#include <linux/magic.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "../node/node.h"
#include "stub.h"

/* XFS counts changes that write-back makes, too. */
static bool change_is_counted(const struct inode *inode)
{
	return IS_I_VERSION(inode) && inode->i_sb->s_magic != XFS_SUPER_MAGIC;
}

/* A number that each change of data alters, and perhaps others. Any context. */
u64 ditto_offload_change(struct inode *inode)
{
	struct timespec64 ctime = inode_get_ctime(inode);

	if (change_is_counted(inode))
		return inode_query_iversion(inode);
	return timespec64_to_ns(&ctime);
}

/* A later change must not get the time of an earlier one. */
static bool change_is_past(struct inode *inode)
{
	struct timespec64 ctime = inode_get_ctime(inode), now;

	if (change_is_counted(inode))
		return true;
	ktime_get_coarse_real_ts64(&now);
	return timespec64_compare(&ctime, &now) < 0;
}

/*
 * Get the state of a file while nobody writes: a write changes the number when it begins, so that
 * one under way would put more data below the number. Return: 0; -EBUSY if the file changes all the
 * time.
 */
static int change_get(struct inode *inode, u64 *change, u64 *size, struct timespec64 *mtime)
{
	for (int i = 0; i < 10; i++) {
		bool past;

		inode_lock(inode);
		inode_dio_wait(inode);
		*change = ditto_offload_change(inode);
		*size = i_size_read(inode);
		if (mtime)
			*mtime = inode_get_mtime(inode);
		past = change_is_past(inode);
		inode_unlock(inode);
		if (past)
			return 0;
		msleep(20);
	}
	return -EBUSY;
}

/*
 * Get the state of a file while nobody writes. @mtime: filled; may be NULL. Data that processes
 * have written is on disk afterwards, so a later change, also through memory that is mapped,
 * changes the number. Context: no inode lock held. Return: 0; -EBUSY if the file changes all the
 * time; or an errno of the file system.
 */
int ditto_offload_settle(struct inode *inode, u64 *change, u64 *size, struct timespec64 *mtime)
{
	int err;

	err = filemap_write_and_wait(inode->i_mapping) ?: change_get(inode, change, size, mtime);
	/* Protects pages mapped in between, so that the next write to one is a change. */
	return err ?: filemap_write_and_wait(inode->i_mapping);
}

/* A file that is whole. Its content may be stored. */
static int get_whole(struct ditto_node *node, struct ditto_offload_info *info)
{
	struct ditto_stored *stored = kmalloc(sizeof(*stored), GFP_KERNEL);
	struct inode *inode = node->inode;
	int err;

	if (!stored)
		return -ENOMEM;
	/* This is a change by itself. */
	if (ditto_stored_read(node, stored) == -ESTALE)
		ditto_stored_forget(node, stored);
	err = ditto_offload_settle(inode, &info->change, &info->size, NULL);
	if (!err && !ditto_stored_read(node, stored) && stored->change == info->change) {
		info->cookie_len = stored->cookie_len;
		memcpy(info->cookie, stored->cookie, info->cookie_len);
	}
	info->resident = info->size;
	kfree(stored);
	return err;
}

/*
 * Tell where the data of a file is. @node: a regular file, held. Data that processes have written
 * is on disk afterwards, so a later change, also through memory that is mapped, changes the number.
 * Return: 0 or a negative errno.
 */
int ditto_offload_get(struct ditto_node *node, struct ditto_offload_info *info)
{
	struct inode *inode = node->inode;
	struct ditto_stub *stub;

	if (!S_ISREG(inode->i_mode))
		return -EINVAL;
	*info = (struct ditto_offload_info) {
		.obstacle = ditto_offload_obstacle(node->volume),
	};
	stub = ditto_stub_get(node);
	if (IS_ERR(stub))
		return PTR_ERR(stub);
	if (!stub)
		return get_whole(node, info);
	/* A failure to tell is none of this command. */
	if (!READ_ONCE(stub->damaged))
		ditto_stub_conflict_check(stub);
	info->change = ditto_offload_change(inode);
	info->size = i_size_read(inode);
	spin_lock(&stub->lock);
	info->resident = ditto_offload_resident(&stub->record);
	info->cookie_len = stub->record.cookie_len;
	memcpy(info->cookie, stub->record.cookie, info->cookie_len);
	if (READ_ONCE(stub->conflict))
		info->state = DITTO_OFFLOAD_IS_IN_CONFLICT;
	else if (!list_empty(&stub->recalls))
		info->state = DITTO_OFFLOAD_IS_RECALLING;
	else if (info->resident)
		info->state = DITTO_OFFLOAD_IS_PARTIAL;
	else
		info->state = DITTO_OFFLOAD_IS_OFFLOADED;
	/* Data that clients have written behind the content is in the file, too. */
	info->resident += info->size - min(info->size, stub->record.size);
	spin_unlock(&stub->lock);
	ditto_stub_put(stub);
	return 0;
}
