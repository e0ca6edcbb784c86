// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests that may wait for long: for a file system, for requests of clients, or for the helper.
 *
 * Generic netlink holds its lock for reading while an operation runs. Whoever registers a family
 * waits for it, and then all requests of all families wait, too. So these operations run when their
 * task returns to user mode, where it holds no lock: sendmsg() returns after they are done, as for
 * others, and the acknowledgment is sent by this file.
 *
 * A dump is begun in the same way, by the functions that generic netlink would begin it with, less
 * its lock. It goes on when its socket is read, where generic netlink holds no lock either.
 *
 * A file is made and closed for each. A task closes its files in no particular order, so each of
 * them stands for the oldest request of its task. A request runs with the credentials that it was
 * sent with: with io_uring, the task may have other ones.
 */
#include <linux/anon_inodes.h>
#include <linux/container_of.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "family.h"

/* Requests of a task at a time, by one datagram or call of the kernel. */
#define NL_DEFERRED_MAX	64

/* Requests of all tasks, the oldest first. */
static LIST_HEAD(nl_deferred_list);
static DEFINE_SPINLOCK(nl_deferred_lock);

/**
 * struct nl_deferred - a request that runs when its task returns to user mode
 * @ref: one until the request has run, and one of a dump that has begun
 * @begun: it is a dump that has begun
 * @link: on nl_deferred_list
 * @task: the task, held until the request has run
 * @cred: credentials of the request, held until it has run
 * @sender: socket of the sender, held until the request has run; it keeps the network namespace,
 *	and a dump that began on a closed socket would not end
 * @call: the operation, and what it gets, as generic netlink keeps them for a dump
 * @skb: clone of the message; @call points into it
 * @extack: of @call
 * @attrs: of @call
 */
struct nl_deferred {
	refcount_t ref;
	bool begun;
	struct list_head link;
	struct task_struct *task;
	const struct cred *cred;
	struct file *sender;
	struct genl_dumpit_info call;
	struct sk_buff *skb;
	struct netlink_ext_ack extack;
	struct nlattr *attrs[];
};

static void nl_deferred_put(struct nl_deferred *later)
{
	if (!refcount_dec_and_test(&later->ref))
		return;
	/* It was not charged to the socket. */
	later->skb->sk = NULL;
	kfree_skb(later->skb);
	kfree(later);
}

/* The request has run, or is refused. */
static void nl_deferred_end(struct nl_deferred *later)
{
	fput(later->sender);
	put_cred(later->cred);
	put_task_struct(later->task);
	nl_deferred_put(later);
}

/* The request of a dump, held by it from a start that succeeded to its end. */
static struct nl_deferred *nl_deferred_of(const struct netlink_callback *cb)
{
	return container_of(cb->data, struct nl_deferred, call);
}

static int nl_dump_start(struct netlink_callback *cb)
{
	struct nl_deferred *later = nl_deferred_of(cb);
	int err = later->call.op.start(cb);

	if (err)
		return err;
	refcount_inc(&later->ref);
	later->begun = true;
	return 0;
}

static int nl_dump_step(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nl_deferred *later = nl_deferred_of(cb);

	later->call.info.extack = cb->extack;
	return later->call.op.dumpit(skb, cb);
}

static int nl_dump_done(struct netlink_callback *cb)
{
	struct nl_deferred *later = nl_deferred_of(cb);
	int ret = 0;

	later->call.info.extack = cb->extack;
	if (later->call.op.done)
		ret = later->call.op.done(cb);
	nl_deferred_put(later);
	return ret;
}

static int nl_dump_begin(struct nl_deferred *later)
{
	struct netlink_dump_control control = {
		.start = nl_dump_start,
		.dump = nl_dump_step,
		.done = nl_dump_done,
		.extack = &later->extack,
		.data = &later->call,
	};

	return netlink_dump_start(genl_info_net(&later->call.info)->genl_sock, later->skb,
				  nlmsg_hdr(later->skb), &control);
}

static void nl_deferred_run(struct nl_deferred *later)
{
	struct nlmsghdr *request = nlmsg_hdr(later->skb);
	int err;

	if (later->call.op.flags & GENL_CMD_CAP_DUMP)
		err = nl_dump_begin(later);
	else
		err = later->call.op.doit(later->skb, &later->call.info);
	/* The last message of a dump is its acknowledgment. */
	if (later->begun && err == -EINTR)
		return;
	if (err || request->nlmsg_flags & NLM_F_ACK)
		netlink_ack(later->skb, request, err, &later->extack);
}

/* Return: false if there are too many of the task. */
static bool nl_deferred_add(struct nl_deferred *later)
{
	const struct nl_deferred *other;
	unsigned int count = 0;

	spin_lock(&nl_deferred_lock);
	list_for_each_entry(other, &nl_deferred_list, link)
		count += other->task == later->task;
	if (count < NL_DEFERRED_MAX)
		list_add_tail(&later->link, &nl_deferred_list);
	spin_unlock(&nl_deferred_lock);
	return count < NL_DEFERRED_MAX;
}

static void nl_deferred_remove(struct nl_deferred *later)
{
	spin_lock(&nl_deferred_lock);
	list_del(&later->link);
	spin_unlock(&nl_deferred_lock);
}

/* Take the oldest request of a task. There are as many as files. */
static struct nl_deferred *nl_deferred_take(const struct task_struct *task)
{
	struct nl_deferred *later;

	spin_lock(&nl_deferred_lock);
	list_for_each_entry(later, &nl_deferred_list, link)
		if (later->task == task)
			break;
	list_del(&later->link);
	spin_unlock(&nl_deferred_lock);
	return later;
}

/* The file is closed: the task returns to user mode. */
static int nl_deferred_release(struct inode *inode, struct file *file)
{
	struct nl_deferred *later = nl_deferred_take(file->private_data);
	const struct cred *old = override_creds(later->cred);

	nl_deferred_run(later);
	revert_creds(old);
	nl_deferred_end(later);
	return 0;
}

static const struct file_operations nl_deferred_fops = {
	.owner = THIS_MODULE,
	.release = nl_deferred_release,
};

/* The file of the sender's socket, which its sendmsg() holds; NULL for the kernel's own. */
static struct file *nl_sender(const struct sk_buff *skb)
{
	return NETLINK_CB(skb).sk->sk_socket->file;
}

static struct nl_deferred *nl_deferred_alloc(const struct genl_split_ops *op, struct sk_buff *skb,
					     const struct genl_info *info)
{
	/* An operation without attributes has no table of them. */
	size_t nattrs = info->attrs ? op->maxattr + 1 : 0;
	struct nl_deferred *later = kzalloc(struct_size(later, attrs, nattrs), GFP_KERNEL);

	if (!later)
		return NULL;
	later->skb = netlink_skb_clone(skb, GFP_KERNEL);
	if (!later->skb) {
		kfree(later);
		return NULL;
	}
	/* netlink_ack() sends by it. */
	later->skb->sk = skb->sk;
	later->sender = get_file(nl_sender(skb));
	later->task = get_task_struct(current);
	later->cred = get_current_cred();
	later->call.op = *op;
	later->call.info = *info;
	if (info->attrs)
		later->call.info.attrs = memcpy(later->attrs, info->attrs,
						array_size(nattrs, sizeof(*info->attrs)));
	later->call.info.extack = &later->extack;
	refcount_set(&later->ref, 1);
	return later;
}

static int nl_deferred_queue(const struct genl_split_ops *op, struct sk_buff *skb,
			     const struct genl_info *info)
{
	struct nl_deferred *later;
	struct file *file;

	/* The kernel's own requests do not return to user mode. */
	if (current->flags & PF_KTHREAD || !nl_sender(skb))
		return 0;
	later = nl_deferred_alloc(op, skb, info);
	if (!later)
		return -ENOMEM;
	if (!nl_deferred_add(later)) {
		NL_SET_ERR_MSG(info->extack, "too many requests at a time");
		nl_deferred_end(later);
		return -ENOBUFS;
	}
	/* The request holds the task. */
	file = anon_inode_getfile("[ditto_netlink]", &nl_deferred_fops, later->task, O_RDONLY);
	if (IS_ERR(file)) {
		nl_deferred_remove(later);
		nl_deferred_end(later);
		return PTR_ERR(file);
	}
	fput(file);
	/* Generic netlink does not acknowledge, as if a dump had begun. */
	return -EINTR;
}

int ditto_nl_deferred(const struct genl_split_ops *ops, struct sk_buff *skb, struct genl_info *info)
{
	return nl_deferred_queue(ops, skb, info);
}

int ditto_nl_deferred_dump(struct netlink_callback *cb)
{
	const struct genl_dumpit_info *call = genl_dumpit_info(cb);

	/* It is later already. */
	if (cb->dump == nl_dump_step)
		return 0;
	return nl_deferred_queue(&call->op, cb->skb, &call->info);
}
