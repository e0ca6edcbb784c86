// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests that may wait for long: for a file system, or for requests of clients.
 *
 * Generic netlink holds its lock for reading while an operation runs. Whoever registers a family
 * waits for it, and then all requests of all families wait, too. So these operations run when their
 * task returns to user mode, where it holds no lock: sendmsg() returns after they are done, as for
 * others, and the acknowledgment is sent by this file.
 *
 * A file is made and closed for each. A task closes its files in no particular order, so each of
 * them stands for the oldest request of its task. A request runs with the credentials that it was
 * sent with: those of io_uring need not be those of the task.
 */
#include <linux/anon_inodes.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "family.h"

/* Requests of a task at a time, by one datagram or call of the kernel. */
#define NL_LATER_MAX	64

/* Requests of all tasks, the oldest first. */
static LIST_HEAD(nl_laters);
static DEFINE_SPINLOCK(nl_laters_lock);

/**
 * struct nl_later - a request that runs when its task returns to user mode
 * @link: on nl_laters
 * @task: the task, held
 * @cred: credentials of the request, held
 * @op: the operation
 * @skb: clone of the message; @info points into it
 * @sk: socket of the sender, held; it keeps the network namespace
 * @info: for @op
 * @extack: of @info
 * @attrs: of @info
 */
struct nl_later {
	struct list_head link;
	struct task_struct *task;
	const struct cred *cred;
	struct genl_split_ops op;
	struct sk_buff *skb;
	struct sock *sk;
	struct genl_info info;
	struct netlink_ext_ack extack;
	struct nlattr *attrs[];
};

static void nl_later_free(struct nl_later *later)
{
	/* It was not charged to the socket. */
	later->skb->sk = NULL;
	kfree_skb(later->skb);
	sock_put(later->sk);
	put_cred(later->cred);
	put_task_struct(later->task);
	kfree(later);
}

/* Return: false if there are too many of the task. */
static bool nl_later_add(struct nl_later *later)
{
	const struct nl_later *other;
	unsigned int count = 0;

	spin_lock(&nl_laters_lock);
	list_for_each_entry(other, &nl_laters, link)
		count += other->task == later->task;
	if (count < NL_LATER_MAX)
		list_add_tail(&later->link, &nl_laters);
	spin_unlock(&nl_laters_lock);
	return count < NL_LATER_MAX;
}

static void nl_later_remove(struct nl_later *later)
{
	spin_lock(&nl_laters_lock);
	list_del(&later->link);
	spin_unlock(&nl_laters_lock);
}

/* Take the oldest request of a task. There are as many as files. */
static struct nl_later *nl_later_take(const struct task_struct *task)
{
	struct nl_later *later;

	spin_lock(&nl_laters_lock);
	list_for_each_entry(later, &nl_laters, link)
		if (later->task == task)
			break;
	list_del(&later->link);
	spin_unlock(&nl_laters_lock);
	return later;
}

/* The file is closed: the task returns to user mode. */
static int nl_later_release(struct inode *inode, struct file *file)
{
	struct nl_later *later = nl_later_take(file->private_data);
	struct nlmsghdr *request = nlmsg_hdr(later->skb);
	const struct cred *old = override_creds(later->cred);
	int err;

	err = later->op.doit(later->skb, &later->info);
	revert_creds(old);
	if (err || request->nlmsg_flags & NLM_F_ACK)
		netlink_ack(later->skb, request, err, &later->extack);
	nl_later_free(later);
	return 0;
}

static const struct file_operations nl_later_fops = {
	.owner = THIS_MODULE,
	.release = nl_later_release,
};

static struct nl_later *nl_later_alloc(const struct genl_split_ops *op, struct sk_buff *skb,
				       const struct genl_info *info)
{
	/* An operation without attributes has no table of them. */
	size_t nattrs = info->attrs ? op->maxattr + 1 : 0;
	struct nl_later *later = kzalloc(struct_size(later, attrs, nattrs), GFP_KERNEL);

	if (!later)
		return NULL;
	later->skb = netlink_skb_clone(skb, GFP_KERNEL);
	if (!later->skb) {
		kfree(later);
		return NULL;
	}
	/* netlink_ack() sends by it. */
	later->skb->sk = skb->sk;
	later->sk = NETLINK_CB(skb).sk;
	sock_hold(later->sk);
	later->task = get_task_struct(current);
	later->cred = get_current_cred();
	later->op = *op;
	later->info = *info;
	if (info->attrs)
		later->info.attrs = memcpy(later->attrs, info->attrs,
					   array_size(nattrs, sizeof(*info->attrs)));
	later->info.extack = &later->extack;
	return later;
}

int ditto_nl_later(const struct genl_split_ops *ops, struct sk_buff *skb, struct genl_info *info)
{
	struct nl_later *later;
	struct file *file;

	/* It does not return to user mode. */
	if (current->flags & PF_KTHREAD)
		return 0;
	later = nl_later_alloc(ops, skb, info);
	if (!later)
		return -ENOMEM;
	if (!nl_later_add(later)) {
		NL_SET_ERR_MSG(info->extack, "too many requests at a time");
		nl_later_free(later);
		return -ENOBUFS;
	}
	/* The request holds the task. */
	file = anon_inode_getfile("[ditto_netlink]", &nl_later_fops, later->task, O_RDONLY);
	if (IS_ERR(file)) {
		nl_later_remove(later);
		nl_later_free(later);
		return PTR_ERR(file);
	}
	fput(file);
	/* Like a dump that was started, it is not acknowledged yet. */
	return -EINTR;
}
