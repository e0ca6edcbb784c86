// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that were made shorter, and whose stored records still say more: what was cut would come
 * back behind the cut when such a file is made longer.
 *
 * The node has a stub with the record as it should be, so the server does not use what is stored;
 * and the node stays until that is so, too. A client may not make the file longer before that. A
 * local process may, for it opens nothing, and its truncation is noticed when it is done.
 *
 * Locking: volume->uncut_lock guards the list of such stubs, each of which has a reference to stub
 * and node.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <linux/xattr.h>

#include "../../net/server.h"
#include "../node/node_private.h"
#include "fault.h"
#include "stub.h"

/* Files of a file system that are kept, as a part of all nodes: each takes a node and a stub. */
#define UNCUT_PART	4

/* Files with lost cuts that are named in the log each time; others are counted. */
#define UNCUT_NAMED	4

/*
 * Cut the stored record of a file that was made shorter. @dentry: the file, whose inode is locked;
 * @size: bytes of the content that count. Context: write access to the mount. Return: 0, also if
 * there is no record that says more; or an errno.
 */
int ditto_record_cut(struct dentry *dentry, u64 size)
{
	struct ditto_offload_record *record = kmalloc(sizeof(*record), GFP_KERNEL);
	u8 *buf = kmalloc(DITTO_OFFLOAD_RECORD_MAX, GFP_KERNEL);
	int err = -ENOMEM;
	ssize_t len;

	if (!record || !buf)
		goto free;
	len = __vfs_getxattr(dentry, d_inode(dentry), DITTO_OFFLOAD_XATTR, buf,
			     DITTO_OFFLOAD_RECORD_MAX);
	err = len == -ENODATA || len == -EOPNOTSUPP || len == -ERANGE ? 0 : min_t(ssize_t, len, 0);
	if (len <= 0 || ditto_offload_record_decode(record, buf, len) || record->size <= size)
		goto free;
	ditto_offload_cut(record, size);
	len = 0;
	if (ditto_offload_absent(record, 0, record->size) != DITTO_OFFLOAD_NONE)
		len = ditto_offload_record_encode(record, buf);
	err = ditto_fault(DITTO_FAULT_CUT_STORED) ?:
	      ditto_record_write(dentry, DITTO_OFFLOAD_XATTR, buf, len);
free:
	kfree(record);
	kfree(buf);
	return err;
}

/* Begin to try again, unless that is done. */
static void cuts_queue_locked(struct ditto_volume *volume)
{
	lockdep_assert_held(&volume->uncut_lock);
	if (!list_empty(&volume->uncut) && !READ_ONCE(volume->offload_stopped))
		queue_delayed_work(volume->srv->offload->wq, &volume->uncut_work,
				   msecs_to_jiffies(DITTO_OFFLOAD_RETRY_MS));
}

/*
 * Keep a stub that is uncut, until its record is stored. Any context that may take a spinlock.
 * Return: false if the volume stops, or too many are kept.
 */
bool ditto_cut_keep(struct ditto_stub *stub)
{
	struct ditto_volume *volume = stub->node->volume;
	bool kept;

	spin_lock(&volume->uncut_lock);
	kept = !READ_ONCE(volume->offload_stopped);
	if (kept && list_empty(&stub->uncut_link)) {
		kept = volume->uncut_count < ditto_nodes_limit(volume->srv->nodes) / UNCUT_PART;
		if (kept) {
			refcount_inc(&stub->ref);
			ditto_node_hold(stub->node);
			list_add_tail(&stub->uncut_link, &volume->uncut);
			volume->uncut_count++;
		}
	}
	cuts_queue_locked(volume);
	spin_unlock(&volume->uncut_lock);
	return kept;
}

/* Store the record of a file. A file system that is frozen is not waited for. */
static int cut_try(struct ditto_stub *stub)
{
	struct inode *inode = stub->node->inode;
	int err;

	if (!inode->i_nlink)
		return 0;
	if (!sb_start_write_trylock(inode->i_sb))
		return -EBUSY;
	err = ditto_fault(DITTO_FAULT_CUT_STORED) ?: ditto_stub_store_cut(stub);
	sb_end_write(inode->i_sb);
	return err;
}

/* Whether the record of a file is stored, or the file is kept for another attempt. */
static bool cut_tried(struct ditto_stub *stub, u32 lost)
{
	struct inode *inode = stub->node->inode;
	int err = cut_try(stub);

	if (!err || ditto_cut_keep(stub))
		return true;
	if (lost < UNCUT_NAMED)
		pr_err("%s: the record of inode %llu, which was truncated, cannot be changed, error %d: what was cut comes back if the file becomes longer before the server reads it\n",
		       inode->i_sb->s_id, (u64)inode->i_ino, -err);
	return false;
}

/*
 * Try all once. Those that fail are kept, or logged with the @last attempt, which is made when the
 * volume stops; others end as soon as it does.
 */
static void cuts_try(struct ditto_volume *volume, bool last)
{
	struct ditto_stub *stub;
	LIST_HEAD(list);
	u32 lost = 0;

	spin_lock(&volume->uncut_lock);
	list_splice_init(&volume->uncut, &list);
	while ((stub = list_first_entry_or_null(&list, struct ditto_stub, uncut_link))) {
		struct ditto_node *node = stub->node;

		if (!last && READ_ONCE(volume->offload_stopped))
			break;
		list_del_init(&stub->uncut_link);
		volume->uncut_count--;
		spin_unlock(&volume->uncut_lock);
		lost += !cut_tried(stub, lost);
		ditto_stub_put(stub);
		ditto_node_put(node);
		spin_lock(&volume->uncut_lock);
	}
	list_splice(&list, &volume->uncut);
	cuts_queue_locked(volume);
	spin_unlock(&volume->uncut_lock);
	if (lost > UNCUT_NAMED)
		pr_err("%s: the same holds for %u other files\n", volume->sb->s_id,
		       lost - UNCUT_NAMED);
}

static void cuts_work(struct work_struct *work)
{
	cuts_try(container_of(to_delayed_work(work), struct ditto_volume, uncut_work), false);
}

/* Set up the part of a volume. Any context. */
void ditto_cuts_start(struct ditto_volume *volume)
{
	spin_lock_init(&volume->uncut_lock);
	INIT_LIST_HEAD(&volume->uncut);
	INIT_DELAYED_WORK(&volume->uncut_work, cuts_work);
}

/* Try to store all records for the last time, and let go of the stubs. May sleep. */
void ditto_cuts_stop(struct ditto_volume *volume)
{
	/* Whoever has the lock now saw that the volume stops, or was first. */
	spin_lock(&volume->uncut_lock);
	spin_unlock(&volume->uncut_lock);
	cancel_delayed_work_sync(&volume->uncut_work);
	cuts_try(volume, true);
}
