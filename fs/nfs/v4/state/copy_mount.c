// SPDX-License-Identifier: GPL-2.0-only
/* Mounts of other servers that can be given up; see copy_mount.h. */

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/fs_context.h>
#include <linux/inet.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/wait.h>
#include <net/net_namespace.h>

#include "copy_mount.h"

/* A mount that was interrupted may take so long to end. */
#define COPY_MOUNT_END_S	5
/* An address in brackets, with a path. */
#define COPY_MOUNT_TEXT		(INET6_ADDRSTRLEN + 8)

/**
 * struct copy_mount - a mount that is being made
 * @net: network namespace, held
 * @addr: address of the server
 * @mnt: set by the thread: the mount, or a negative errno
 * @done: completed by the thread when @mnt is set, unless the caller has left
 * @parted: set with xchg() by the thread when @mnt is set, and by a caller that leaves. Who comes
 *	second frees this
 */
struct copy_mount {
	struct net *net;
	struct sockaddr_storage addr;
	struct vfsmount *mnt;
	struct completion done;
	bool parted;
};

/* There is a thread whose caller has left. */
static bool copy_mount_is_left;
static DECLARE_WAIT_QUEUE_HEAD(copy_mount_left_wq);

/* Requests are given up after half a minute. Other mounts of that server are not shared. */
static const struct {
	const char *key;
	const char *value;
} copy_mount_options[] = {
	{ "vers", "4.2" }, { "sec", "sys" }, { "soft", NULL }, { "timeo", "50" },
	{ "retrans", "2" }, { "nosharecache", NULL },
};

static int copy_mount_option(struct fs_context *fc, const char *key, const char *value)
{
	return vfs_parse_fs_string(fc, key, value, value ? strlen(value) : 0);
}

static struct vfsmount *copy_mount_make(const struct copy_mount *mount)
{
	const struct sockaddr_storage *addr = &mount->addr;
	struct file_system_type *type = get_fs_type("nfs");
	char text[COPY_MOUNT_TEXT], path[COPY_MOUNT_TEXT];
	struct vfsmount *mnt;
	struct fs_context *fc;
	unsigned int i;
	int err;

	if (!type)
		return ERR_PTR(-EOPNOTSUPP);
	fc = fs_context_for_mount(type, SB_KERNMOUNT | SB_RDONLY);
	module_put(type->owner);
	if (IS_ERR(fc))
		return ERR_CAST(fc);
	/* Not that of the thread. */
	put_net(fc->net_ns);
	fc->net_ns = get_net(mount->net);
	scnprintf(text, sizeof(text), "%pISc", addr);
	scnprintf(path, sizeof(path), addr->ss_family == AF_INET6 ? "[%s]:/" : "%s:/", text);
	err = copy_mount_option(fc, "source", path) ?: copy_mount_option(fc, "addr", text);
	for (i = 0; !err && i < ARRAY_SIZE(copy_mount_options); i++)
		err = copy_mount_option(fc, copy_mount_options[i].key, copy_mount_options[i].value);
	mnt = err ? ERR_PTR(err) : fc_mount(fc);
	put_fs_context(fc);
	return mnt;
}

static void copy_mount_free(struct copy_mount *mount)
{
	put_net(mount->net);
	kfree(mount);
}

/*
 * A reply that is there before this thread waits for it hides the signal that is to interrupt that,
 * and a source on this machine could answer so for ever. It does not while it has a lower priority.
 */
static int copy_mount_thread(void *data)
{
	struct copy_mount *mount = data;

	allow_signal(SIGKILL);
	sched_set_fifo_low(current);
	mount->mnt = copy_mount_make(mount);
	if (!xchg(&mount->parted, true)) {
		complete(&mount->done);
		return 0;
	}
	if (!IS_ERR(mount->mnt))
		mntput(mount->mnt);
	copy_mount_free(mount);
	WRITE_ONCE(copy_mount_is_left, false);
	wake_up_all(&copy_mount_left_wq);
	module_put_and_kthread_exit(0);
}

/* Leave the thread. Return: false if it has just ended, or must be waited for. */
static bool copy_mount_leave(struct copy_mount *mount)
{
	if (!try_module_get(THIS_MODULE))
		return false;
	WRITE_ONCE(copy_mount_is_left, true);
	if (xchg(&mount->parted, true)) {
		WRITE_ONCE(copy_mount_is_left, false);
		module_put(THIS_MODULE);
		return false;
	}
	return true;
}

/* Return: false if the thread was left. */
static bool copy_mount_wait(struct copy_mount *mount, struct task_struct *thread)
{
	if (!wait_for_completion_killable(&mount->done))
		return true;
	send_sig(SIGKILL, thread, 1);
	if (wait_for_completion_timeout(&mount->done, COPY_MOUNT_END_S * HZ))
		return true;
	if (copy_mount_leave(mount))
		return false;
	wait_for_completion(&mount->done);
	return true;
}

static struct copy_mount *copy_mount_alloc(struct net *net, const struct sockaddr_storage *addr)
{
	struct copy_mount *mount = kzalloc(sizeof(*mount), GFP_KERNEL);

	if (!mount)
		return NULL;
	mount->net = maybe_get_net(net);
	if (!mount->net) {
		kfree(mount);
		return NULL;
	}
	mount->addr = *addr;
	init_completion(&mount->done);
	return mount;
}

struct vfsmount *dnfs4_copy_mount(struct net *net, const struct sockaddr_storage *addr)
{
	struct task_struct *thread;
	struct copy_mount *mount;
	struct vfsmount *mnt;
	int err;

	err = wait_event_killable(copy_mount_left_wq, !READ_ONCE(copy_mount_is_left));
	if (err)
		return ERR_PTR(err);
	mount = copy_mount_alloc(net, addr);
	if (!mount)
		return ERR_PTR(-ENOMEM);
	thread = kthread_create(copy_mount_thread, mount, "ditto_mount");
	if (IS_ERR(thread)) {
		copy_mount_free(mount);
		return ERR_CAST(thread);
	}
	get_task_struct(thread);
	wake_up_process(thread);
	if (!copy_mount_wait(mount, thread)) {
		put_task_struct(thread);
		return ERR_PTR(-EINTR);
	}
	kthread_stop_put(thread);
	mnt = mount->mnt;
	copy_mount_free(mount);
	return mnt;
}
