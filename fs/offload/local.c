// SPDX-License-Identifier: GPL-2.0-only
/*
 * Local processes and files that are not whole.
 *
 * An open of such a file, by whatever means, waits until it is whole: a permission mark on the
 * superblock asks this module. Only opens by a server of this module do not wait, in whatever
 * namespace it is; they are recognized by their credential, since other servers in the kernel
 * (knfsd) open files, too, and must not read zeros.
 *
 * The wait is outside of the open. Inside, it would hold up every mark of the machine that is to be
 * freed, since fsnotify waits for all events that are being handled (SRCU); and an open that
 * truncates has write access to the mount, for which a freeze of the file system waits. So the
 * open ends, the task waits on its way to user space, and then the system call is made once more.
 * An open that is not the result of a system call cannot be made again: it waits a moment, and
 * fails.
 *
 * truncate() of a path opens nothing. It is noticed when it is done, while the inode is locked, and
 * the record is cut before the file can grow again.
 *
 * A release gives the file its times back when the blocks are freed, unless its attributes were
 * changed in between; this is noticed here, too, whoever has changed them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/fsnotify.h>
#include <linux/fsnotify_backend.h>
#include <linux/jiffies.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/wait_bit.h>
#include <linux/xattr.h>
#include <asm/syscall.h>
#include <asm/unistd.h>

#include "../../lockd/acting.h"
#include "../../net/helper/upcall.h"
#include "../../net/server.h"
#include "../node/node_private.h"
#include "../share/share.h"
#include "recall.h"
#include "stub.h"

/* A program is asked for twice; scanners may be asked the first time only. */
#define GUARD_OPENS	(FS_OPEN_PERM | FS_OPEN_EXEC_PERM)
#define GUARD_EVENTS	(GUARD_OPENS | FS_MODIFY | FS_ATTRIB)

/* How long an open waits that cannot be made again. */
#define LOCAL_INSIDE_MS	1000

/**
 * struct local_wait - an open that is made again
 * @work: run on the way to user space
 * @volume: its offload_waits counts this
 * @node: the file, with a reference
 * @stub: of @node, with a reference
 */
struct local_wait {
	struct callback_head work;
	struct ditto_volume *volume;
	struct ditto_node *node;
	struct ditto_stub *stub;
};

static DEFINE_MUTEX(guard_lock);

/* The node of a file that may have a record, with a reference; NULL if it is known to have none. */
static struct ditto_node *local_node(struct ditto_volume *volume, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);
	struct ditto_share *share, *found = NULL;
	struct ditto_node *node;

	node = ditto_node_find_inode(volume->srv->nodes, inode);
	if (node)
		return node;
	if (__vfs_getxattr(dentry, inode, DITTO_OFFLOAD_XATTR, NULL, 0) <= 0)
		return NULL;
	rcu_read_lock();
	list_for_each_entry_rcu(share, &volume->shares, volume_link) {
		if (percpu_ref_tryget_live(&share->ref)) {
			found = share;
			break;
		}
	}
	rcu_read_unlock();
	if (!found)
		return ERR_PTR(-EIO);
	node = ditto_node_get(found, dentry);
	ditto_share_put(found);
	return node;
}

/* Whether all data of a stub has come; its node may have been released again since then. */
static bool local_is_over(const struct ditto_stub *stub)
{
	return rcu_access_pointer(stub->node->stub) != stub;
}

/* Whether nothing is under way that ends with ditto_stub_wake(). */
static bool local_is_quiet(struct ditto_stub *stub)
{
	bool quiet;

	spin_lock(&stub->lock);
	quiet = !stub->releasing && !stub->clearing && list_empty(&stub->recalls);
	spin_unlock(&stub->lock);
	return quiet;
}

/*
 * Wait until all data is in the file, for @timeout jiffies at most. Whenever nothing is under way,
 * this task asks, since another one may have asked for less, and a failure ends what was begun.
 */
static int local_await(struct ditto_stub *stub, long timeout)
{
	int err;

	while (!local_is_over(stub)) {
		if (READ_ONCE(stub->node->volume->offload_stopped))
			return -EIO;
		err = ditto_recall_all(stub);
		if (err && err != -EBUSY)
			return err;
		timeout = wait_event_killable_timeout(stub->wait, local_is_over(stub) ||
						      local_is_quiet(stub), timeout);
		if (timeout <= 0)
			return timeout ? -EINTR : -EAGAIN;
	}
	return 0;
}

static int local_wait(struct ditto_stub *stub, long timeout)
{
	int err = local_await(stub, timeout);

	/* The data has been waited for, and may give way once the file is closed. */
	set_bit(DITTO_NODE_REFERENCED, &stub->node->flags);
	return err;
}

/* Drop what an open has taken, @node and @stub if they are not NULL. */
static void local_put(struct ditto_volume *volume, struct ditto_node *node,
		      struct ditto_stub *stub)
{
	/* While the node keeps the volume; without one, the event does that the caller is in. */
	if (atomic_dec_and_test(&volume->offload_waits))
		wake_up_var(&volume->offload_waits);
	ditto_stub_put(stub);
	if (node)
		ditto_node_put_later(node);
}

/* On the way to user space, the result of the system call is known and can be replaced. */
static void local_wait_work(struct callback_head *work)
{
	struct local_wait *wait = container_of(work, struct local_wait, work);
	struct pt_regs *regs = current_pt_regs();
	int err = local_wait(wait->stub, MAX_SCHEDULE_TIMEOUT);

	/* Made again, an open that has failed would try anew, or find the file guarded no more. */
	if (err && syscall_get_error(current, regs) == -ERESTARTNOINTR)
		syscall_set_return_value(current, regs, err, 0);
	local_put(wait->volume, wait->node, wait->stub);
	kfree(wait);
}

/*
 * Whether the present system call can be made again. Results of io_uring are the open's.
 * Requests of io_uring that were put off run on the way out of any system call, or of an interrupt:
 * then the result is known, which is -ENOSYS until then. A helper of user mode that is about to be
 * executed has made no call, and its registers are zero. Other architectures set no result before,
 * or make the call again before tasks wait on their way to user space.
 */
static bool local_is_syscall(void)
{
	struct pt_regs *regs = current_pt_regs();

	if (!IS_ENABLED(CONFIG_X86) && !IS_ENABLED(CONFIG_UML))
		return false;
	return !(current->flags & (PF_KTHREAD | PF_USER_WORKER)) &&
	       syscall_get_error(current, regs) == -ENOSYS &&
	       syscall_get_nr(current, regs) != __NR_io_uring_enter;
}

/* Have the open made again after the wait. Return: -ERESTARTNOINTR, all is taken over; an errno. */
static int local_wait_later(struct ditto_volume *volume, struct ditto_node *node,
			    struct ditto_stub *stub)
{
	struct local_wait *wait = kmalloc(sizeof(*wait), GFP_KERNEL);

	if (!wait)
		return -ENOMEM;
	*wait = (struct local_wait) { .volume = volume, .node = node, .stub = stub };
	init_task_work(&wait->work, local_wait_work);
	if (!task_work_add(current, &wait->work, TWA_SIGNAL))
		return -ERESTARTNOINTR;
	/* The task is exiting. */
	kfree(wait);
	return -EINTR;
}

static int local_open(struct ditto_volume *volume, struct dentry *dentry)
{
	struct ditto_node *node = NULL;
	struct ditto_stub *stub = NULL;
	int err = 0;

	if (!S_ISREG(d_inode(dentry)->i_mode) || ditto_acting_table())
		return 0;
	atomic_inc(&volume->offload_waits);
	node = local_node(volume, dentry);
	if (IS_ERR_OR_NULL(node)) {
		err = PTR_ERR_OR_ZERO(node);
		node = NULL;
		goto put;
	}
	stub = ditto_stub_get(node);
	if (IS_ERR_OR_NULL(stub)) {
		err = PTR_ERR_OR_ZERO(stub);
		stub = NULL;
		goto put;
	}
	if (ditto_upcall_is_helper(volume->srv)) {
		/* It would wait for its own answer. */
		err = -EBUSY;
		goto put;
	}
	if (local_is_syscall()) {
		err = local_wait_later(volume, node, stub);
		if (err == -ERESTARTNOINTR)
			return err;
		goto put;
	}
	err = local_wait(stub, msecs_to_jiffies(LOCAL_INSIDE_MS));
put:
	local_put(volume, node, stub);
	return err;
}

/*
 * The stored record could not be cut. In memory it is, and stays so until it can be stored. @stub
 * is the file's, or NULL if there was none.
 */
static void local_keep_cut(struct ditto_volume *volume, struct dentry *dentry,
			   struct ditto_stub *stub, int err)
{
	struct ditto_node *node = stub ? NULL : local_node(volume, dentry);
	struct ditto_stub *own = NULL;
	bool kept = false;

	if (!IS_ERR_OR_NULL(node))
		own = ditto_stub_load_uncut(node);
	if (!IS_ERR_OR_NULL(own))
		stub = own;
	if (stub) {
		WRITE_ONCE(stub->uncut, true);
		kept = ditto_cut_keep(stub);
	}
	pr_warn_ratelimited("%s: the record of inode %llu, which was truncated, cannot be changed, error %d: %s\n",
			    dentry->d_sb->s_id, (u64)d_inode(dentry)->i_ino, -err,
			    kept ? "that is tried again" :
				   "what was cut comes back if the file becomes longer");
	if (!IS_ERR(own))
		ditto_stub_put(own);
	if (!IS_ERR_OR_NULL(node))
		ditto_node_put_later(node);
}

/* The stored record has been cut to @size. The server may have cut the one in memory further. */
static void local_is_cut(struct ditto_stub *stub, u64 size)
{
	spin_lock(&stub->lock);
	if (stub->record.size == size)
		WRITE_ONCE(stub->uncut, false);
	spin_unlock(&stub->lock);
}

/* The task that has changed the size has the inode locked. */
static void local_resized(struct ditto_volume *volume, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);
	u64 size = i_size_read(inode);
	struct ditto_stub *stub = NULL;
	struct ditto_node *node;
	bool whole;
	int err;

	if (!S_ISREG(inode->i_mode) || ditto_acting_table())
		return;
	node = ditto_node_find_inode(volume->srv->nodes, inode);
	whole = node && test_bit(DITTO_NODE_WHOLE, &node->flags);
	if (node && !whole)
		stub = ditto_stub_find(node);
	if (stub) {
		spin_lock(&stub->lock);
		ditto_offload_cut(&stub->record, size);
		ditto_fill_stop_locked(stub);
		/* A cut before this one may not have been stored. */
		size = stub->record.size;
		/* An open that finds nothing absent does not detach the stub before that is so. */
		WRITE_ONCE(stub->uncut, true);
		spin_unlock(&stub->lock);
	}
	err = whole ? 0 : ditto_record_cut(dentry, size);
	if (err)
		local_keep_cut(volume, dentry, stub, err);
	else if (stub)
		local_is_cut(stub, size);
	ditto_stub_put(stub);
	if (node)
		ditto_node_put_later(node);
}

/* Attributes were changed, by anybody; most changes come with the inode locked. */
static void local_touched(struct ditto_volume *volume, struct inode *inode)
{
	struct ditto_node *node;
	struct ditto_stub *stub;

	rcu_read_lock();
	node = ditto_node_peek_inode(volume->srv->nodes, inode);
	stub = node ? rcu_dereference(node->stub) : NULL;
	if (stub && READ_ONCE(stub->releasing)) {
		stub->touched_mtime = inode_get_mtime(inode);
		WRITE_ONCE(stub->touched, true);
	}
	rcu_read_unlock();
}

static int guard_event(struct fsnotify_group *group, u32 mask, const void *data, int data_type,
		       struct inode *dir, const struct qstr *file_name, u32 cookie,
		       struct fsnotify_iter_info *iter_info)
{
	struct dentry *dentry = fsnotify_data_dentry(data, data_type);
	struct ditto_volume *volume = group->private;
	struct inode *inode = fsnotify_data_inode(data, data_type);
	/* Writes are notified with the path, changes of the size or of one time with the dentry. */
	bool set = mask & FS_MODIFY && data_type == FSNOTIFY_EVENT_DENTRY;

	if (inode && (mask & FS_ATTRIB || set))
		local_touched(volume, inode);
	if (!dentry || !d_inode(dentry))
		return 0;
	if (mask & GUARD_OPENS)
		return local_open(volume, dentry);
	if (set)
		local_resized(volume, dentry);
	return 0;
}

static void guard_free_mark(struct fsnotify_mark *mark)
{
	kfree(mark);
}

static const struct fsnotify_ops guard_ops = {
	.handle_event = guard_event,
	.free_mark = guard_free_mark,
};

static int guard_begin(struct ditto_volume *volume)
{
	struct fsnotify_group *group;
	struct fsnotify_mark *mark;
	int err;

	mark = kzalloc(sizeof(*mark), GFP_KERNEL);
	if (!mark)
		return -ENOMEM;
	group = fsnotify_alloc_group(&guard_ops, 0);
	if (IS_ERR(group)) {
		kfree(mark);
		return PTR_ERR(group);
	}
	/* Before programs that look at the content, such as scanners: they get an open file. */
	group->priority = FSNOTIFY_PRIO_PRE_CONTENT;
	group->private = volume;
	fsnotify_init_mark(mark, group);
	mark->mask = GUARD_EVENTS;
	err = fsnotify_add_mark(mark, volume->sb, FSNOTIFY_OBJ_TYPE_SB, 0);
	if (err) {
		fsnotify_put_mark(mark);
		fsnotify_wait_marks_destroyed();
		fsnotify_put_group(group);
		return err;
	}
	ditto_unserved_end(volume->sb, &volume->room->saved);
	volume->offload_mark = mark;
	ditto_handover_add(volume);
	/* Whoever sees the group sees its mark. */
	smp_store_release(&volume->offload_group, group);
	return 0;
}

/* Let local processes wait for the data of the files of a volume. Return: 0 or a negative errno. */
int ditto_offload_guard(struct ditto_volume *volume)
{
	int err = 0;

	/* Such a kernel asks nobody before an open, and the file would be read as zeros. */
	if (!IS_ENABLED(CONFIG_FANOTIFY_ACCESS_PERMISSIONS))
		return -EOPNOTSUPP;
	/* Pairs with the release in guard_begin(). */
	if (smp_load_acquire(&volume->offload_group))
		return 0;
	mutex_lock(&guard_lock);
	if (!volume->offload_group && !READ_ONCE(volume->offload_stopped))
		err = guard_begin(volume);
	mutex_unlock(&guard_lock);
	return err;
}

/* No more local processes wait. May sleep. */
void ditto_offload_unguard(struct ditto_volume *volume)
{
	bool guarded;

	mutex_lock(&guard_lock);
	guarded = volume->offload_mark;
	if (guarded) {
		ditto_unserved_begin(volume->sb);
		fsnotify_destroy_mark(volume->offload_mark, volume->offload_group);
	}
	mutex_unlock(&guard_lock);
	if (guarded)
		ditto_handover_remove(volume);
}

/* Undo ditto_offload_guard() for good, after ditto_offload_unguard(). May sleep. */
void ditto_offload_guard_free(struct ditto_volume *volume)
{
	if (!volume->offload_group)
		return;
	fsnotify_put_mark(volume->offload_mark);
	/* Marks are freed by a callback in this module, after the last event. */
	fsnotify_wait_marks_destroyed();
	fsnotify_put_group(volume->offload_group);
}

/* Guard the files of a share against local processes, if they may be offloaded. */
void ditto_offload_share_changed(struct ditto_share *share)
{
	struct ditto_volume *volume = share->volume;
	bool on;

	rcu_read_lock();
	on = rcu_dereference(share->opts)->offload;
	rcu_read_unlock();
	/*
	 * Whoever watches its opens may know of offloaded files, which it leaves to a server. It
	 * may be any scanner, too, which does no harm.
	 */
	on |= fsnotify_sb_has_priority_watchers(volume->sb, FSNOTIFY_PRIO_CONTENT);
	if (!on || volume->is_remote)
		return;
	if (ditto_offload_guard(volume))
		pr_warn("share %s: local processes cannot be made to wait for offloaded data\n",
			share->name);
	else
		queue_work(volume->srv->offload->wq, &volume->room->restore);
}
