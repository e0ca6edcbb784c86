// SPDX-License-Identifier: GPL-2.0-only
/*
 * All streams of a file together: their list, their owner, their end. See stream.h, and stream.c
 * for how they are kept.
 *
 * When a file loses its last name, the request removes the streams in its share, and the volume's
 * worker removes the streams in other shares of the file system.
 *
 * Locking: volume->streamless_lock guards the list of such files. A file stays on it until the
 * worker has visited all shares, so that a share that ends, which the worker cannot get any more,
 * is visited by whoever ends it.
 */
#include <linux/blk_types.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/slab.h>

#include "../../lockd/claim.h"
#include "../../net/server.h"
#include "../../net/server_private.h"
#include "../node/file.h"
#include "../node/node_private.h"
#include "../op/name_private.h"
#include "../op/op_private.h"
#include "stream.h"
#include "stream_private.h"

/* Files that wait for the worker. Each keeps its blocks until then. */
#define STREAMLESS_MAX	1024

struct list_name {
	struct list_head link;
	u32 len;
	char name[];
};

struct list_names {
	struct list_head names;
	u32 left;
	int err;
};

static bool keep_name(void *arg, const struct ditto_name *name)
{
	struct list_names *l = arg;
	struct list_name *n;

	if (!l->left--)
		return false;
	n = kmalloc(struct_size(n, name, name->len), GFP_KERNEL);
	if (!n) {
		l->err = -ENOMEM;
		return false;
	}
	n->len = name->len;
	memcpy(n->name, name->name, name->len);
	list_add_tail(&n->link, &l->names);
	return true;
}

static void free_names(struct list_names *l)
{
	struct list_name *n, *next;

	list_for_each_entry_safe(n, next, &l->names, link)
		kfree(n);
}

/* Call @fn for the dentry of each stream; the server's credential is in place. */
static int each_stream(struct ditto_share *share, struct ditto_node *dir,
		       int (*fn)(void *arg, const struct ditto_name *name, struct dentry *child),
		       void *arg)
{
	struct list_names l = {
		.names = LIST_HEAD_INIT(l.names),
		.left = DITTO_STREAMS_MAX,
	};
	struct dentry *parent = ditto_node_dentry(dir);
	struct list_name *n;
	int err;

	err = ditto_list_names(share, dir, keep_name, &l) ?: l.err;
	list_for_each_entry(n, &l.names, link) {
		const struct ditto_name name = { .name = n->name, .len = n->len };
		struct dentry *child;

		if (err)
			break;
		child = lookup_one_positive_unlocked(ditto_idmap(share),
						     &QSTR_LEN(n->name, n->len), parent);
		/* Removed since it was listed. */
		if (IS_ERR(child))
			continue;
		err = fn(arg, &name, child);
		dput(child);
	}
	free_names(&l);
	dput(parent);
	return err;
}

struct stream_lister {
	struct ditto_share *share;
	int (*fn)(void *arg, const struct ditto_name *name, u64 size, u64 allocated);
	void *arg;
};

static int list_one(void *arg, const struct ditto_name *name, struct dentry *child)
{
	struct stream_lister *l = arg;
	struct ditto_attr attr;
	int err;

	err = ditto_getattr_dentry(l->share, child, &attr);
	return err ?: l->fn(l->arg, name, attr.st.size, attr.st.blocks << SECTOR_SHIFT);
}

/**
 * ditto_stream_list - call a function for each stream of a file
 * @op: the caller
 * @base: the file or directory, held
 * @fn: receives name, size and allocated bytes; a nonzero value ends the list
 * @arg: passed to @fn
 *
 * The list is empty if the share or the file system has no streams.
 *
 * Return: 0, the nonzero value of @fn, or a negative errno.
 */
int ditto_stream_list(struct ditto_op *op, struct ditto_node *base,
		      int (*fn)(void *arg, const struct ditto_name *name, u64 size, u64 allocated),
		      void *arg)
{
	struct stream_lister l = { .share = op->share, .fn = fn, .arg = arg };
	const struct cred *old;
	struct ditto_node *dir;
	int err;

	if (!ditto_has_streams(op->share))
		return 0;
	err = ditto_streams_enter(op->share, false, &old);
	if (err)
		return err == -EOPNOTSUPP ? 0 : err;
	dir = ditto_streams_node(op->share, base, NULL);
	err = PTR_ERR_OR_ZERO(dir);
	if (!err) {
		err = each_stream(op->share, dir, list_one, &l);
		ditto_node_put(dir);
	}
	ditto_streams_leave(op->share, false, old);
	return err == -ENOENT ? 0 : err;
}
EXPORT_SYMBOL_NS_GPL(ditto_stream_list, "DITTO");

static bool hidden_is_absent(const struct dentry *hidden)
{
	return d_is_negative(hidden) && !d_unhashed(hidden);
}

/* True if the share is known to have no directory for streams. */
static bool streams_absent(struct ditto_share *share)
{
	const struct dentry *hidden;
	bool known, absent;

	rcu_read_lock();
	hidden = rcu_dereference(share->no_streams);
	known = hidden;
	absent = known && hidden_is_absent(hidden);
	rcu_read_unlock();
	/* It would keep a directory that is removed. */
	if (known && !absent)
		ditto_streams_reset(share);
	return absent;
}

/* The server's credential is in place. */
static void peek_one(struct ditto_share *share, struct dentry *child,
		     struct ditto_stream_peek *peek)
{
	struct ditto_node *node = ditto_node_get(share, child);
	struct ditto_file *df;
	loff_t pos = 0;
	ssize_t n = 0;

	if (IS_ERR(node))
		return;
	peek->size = i_size_read(node->inode);
	if (peek->len && peek->size) {
		df = ditto_file_get(share, node, DITTO_FILE_READ);
		n = PTR_ERR_OR_ZERO(df);
		if (!n) {
			n = kernel_read(df->file, peek->buf, min(peek->len, peek->size), &pos);
			ditto_file_put(df);
		}
		if (n != min(peek->len, peek->size))
			peek->size = 0;
	}
	ditto_node_put(node);
}

/**
 * ditto_streams_peek - read the size and the beginning of some streams of a file
 * @op: the caller; the caller of this function has checked the rights
 * @base: the file or directory, held
 * @peeks: the streams
 * @count: number of @peeks
 *
 * For listings: it reports what the server knows, and asks no holder of a grant. What cannot be
 * read counts as missing.
 */
void ditto_streams_peek(struct ditto_op *op, struct ditto_node *base,
			struct ditto_stream_peek *peeks, unsigned int count)
{
	struct ditto_share *share = op->share;
	struct dentry *parent, *child;
	const struct cred *old;
	struct ditto_node *dir;

	for (unsigned int i = 0; i < count; i++)
		peeks[i].size = 0;
	if (!ditto_has_streams(share) || streams_absent(share) ||
	    ditto_streams_enter(share, false, &old))
		return;
	dir = ditto_streams_node(share, base, NULL);
	if (IS_ERR(dir))
		goto leave;
	parent = ditto_node_dentry(dir);
	for (unsigned int i = 0; i < count; i++) {
		child = lookup_one_positive_unlocked(ditto_idmap(share),
						     &QSTR_LEN(peeks[i].name.name,
							       peeks[i].name.len), parent);
		if (IS_ERR(child))
			continue;
		peek_one(share, child, &peeks[i]);
		dput(child);
	}
	dput(parent);
	ditto_node_put(dir);
leave:
	ditto_streams_leave(share, false, old);
}
EXPORT_SYMBOL_NS_GPL(ditto_streams_peek, "DITTO");

/**
 * ditto_stream_dir_attr - get the attributes of the directory that contains a file's streams
 * @op: the caller
 * @base: the file or directory, held
 * @attr: filled
 *
 * Return: 0; -ENOENT (the file never had streams); -EOPNOTSUPP and others.
 */
int ditto_stream_dir_attr(struct ditto_op *op, struct ditto_node *base, struct ditto_attr *attr)
{
	const struct cred *old;
	struct dentry *dir;
	int err;

	if (!ditto_has_streams(op->share))
		return -ENOENT;
	err = ditto_streams_enter(op->share, false, &old);
	if (err)
		return err;
	dir = ditto_stream_dir(op->share, base, NULL);
	err = PTR_ERR_OR_ZERO(dir);
	if (!err) {
		err = ditto_getattr_dentry(op->share, dir, attr);
		dput(dir);
	}
	ditto_streams_leave(op->share, false, old);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_stream_dir_attr, "DITTO");

/**
 * struct gift - streams that get a new owner
 * @share: the share with the streams
 * @base: the file
 * @as: credential subject to quotas
 */
struct gift {
	struct ditto_share *share;
	struct ditto_node *base;
	const struct cred *as;
};

/* A stream that exceeds the new owner's quota keeps its owner. */
static int give_one(void *arg, const struct ditto_name *name, struct dentry *child)
{
	const struct gift *gift = arg;
	const struct cred *old = ditto_act_as(gift->as);

	ditto_stream_give(gift->share, gift->base, child);
	ditto_op_leave(old);
	return 0;
}

/* Let go of what is known about the directory for streams of a share. */
void ditto_streams_reset(struct ditto_share *share)
{
	if (rcu_access_pointer(share->no_streams))
		dput(unrcu_pointer(xchg(&share->no_streams, RCU_INITIALIZER(NULL))));
}

static void give_all(struct gift *gift)
{
	struct ditto_share *share = gift->share;
	const struct cred *old;
	struct ditto_node *dir;
	struct dentry *dentry;

	if (streams_absent(share) || ditto_streams_enter(share, true, &old))
		return;
	dir = ditto_streams_node(share, gift->base, NULL);
	if (!IS_ERR(dir)) {
		dentry = ditto_node_dentry(dir);
		give_one(gift, NULL, dentry);
		dput(dentry);
		each_stream(share, dir, give_one, gift);
		ditto_node_put(dir);
	}
	ditto_streams_leave(share, true, old);
}

static void give_in_other_share(struct ditto_share *share, void *arg)
{
	struct gift *gift = arg;

	gift->share = share;
	give_all(gift);
}

/*
 * Give the streams of a file to its new owner and group. @op: the caller that changed the owner;
 * @base: the file, held. Those that it has in other shares of the file system, too. Streams that
 * exceed the new owner's quota keep their owner. Context: no inode lock held.
 */
void ditto_streams_give(struct ditto_op *op, struct ditto_node *base)
{
	struct gift gift = {
		.share = op->share,
		.base = base,
		.as = ditto_cred_privileged(op->cred, DITTO_PRIVILEGE_SERVER),
	};

	if (!gift.as)
		return;
	give_all(&gift);
	ditto_share_visit_others(op->share, give_in_other_share, &gift);
}

/*
 * Grants are broken as by a removal of the stream itself: HANDLE caching is of no use any more, and
 * it keeps the opens of clients that are away.
 */
static int forget_one(void *arg, const struct ditto_name *name, struct dentry *child)
{
	static const struct ditto_intent removal = { .kind = DITTO_INTENT_REMOVE };
	struct ditto_share *share = arg;
	struct ditto_node *node = ditto_node_find_inode(share->srv->nodes, d_inode(child));

	ditto_stream_unlink(share, child, node);
	if (!node)
		return 0;
	/* Without waiting: the data that holders cache is still theirs. */
	ditto_claim_recheck_nowait(&node->point, &removal, NULL);
	ditto_node_forget(node);
	ditto_node_put(node);
	return 0;
}

/*
 * Most shares have no directory for streams, so its name is kept in the dcache, where a task that
 * creates or renames one changes it. Not on remote file systems, where other machines could create
 * it unnoticed, nor where names that do not exist are not in the dcache, as in directories of ext4
 * without regard to case. The server's credential is in place.
 */
static void note_absence(struct ditto_share *share)
{
	const u32 elsewhere = DCACHE_OP_REVALIDATE | DCACHE_OP_WEAK_REVALIDATE;
	const size_t len = strlen(DITTO_HIDDEN);
	struct dentry *root = share->root.dentry;
	struct dentry *hidden = lookup_one_unlocked(ditto_idmap(share),
						    &QSTR_LEN(DITTO_HIDDEN, len), root);

	if (IS_ERR(hidden))
		return;
	/*
	 * The root dentry may lack the revalidation flags that other dentries of the file system
	 * have.
	 */
	if (hidden_is_absent(hidden) && !((root->d_flags | hidden->d_flags) & elsewhere))
		hidden = unrcu_pointer(xchg(&share->no_streams, RCU_INITIALIZER(hidden)));
	dput(hidden);
}

static void forget_all(struct ditto_share *share, void *arg)
{
	struct ditto_node *base = arg, *dir;
	const struct cred *old;
	struct dentry *dentry;

	if (streams_absent(share) || ditto_streams_enter(share, true, &old))
		return;
	dir = ditto_streams_node(share, base, NULL);
	if (dir == ERR_PTR(-ENOENT))
		note_absence(share);
	if (!IS_ERR(dir)) {
		each_stream(share, dir, forget_one, share);
		dentry = ditto_node_dentry(dir);
		ditto_stream_unmake_dir(share, dentry);
		dput(dentry);
		ditto_node_forget(dir);
		ditto_node_put(dir);
	}
	ditto_streams_leave(share, true, old);
}

/**
 * struct streamless - a file that lost its last name
 * @link: link on the volume's @streamless, or empty
 * @ref: one of the list; the others belong to whoever visits shares for it; under the list's lock
 * @share: its streams are removed already; only compared, NULL once it has ended, or if no share
 *	was visited
 * @base: the file, held, so that its inode number is not used again before its streams are gone
 */
struct streamless {
	struct list_head link;
	u32 ref;
	const struct ditto_share *share;
	struct ditto_node *base;
};

/* Set up the volume's list of files that wait for the worker. Any context. Return: 0. */
int ditto_streams_volume_init(struct ditto_volume *volume)
{
	spin_lock_init(&volume->streamless_lock);
	INIT_LIST_HEAD(&volume->streamless);
	return 0;
}

/*
 * Leave the other shares, or with NULL all, to the volume's worker. Return: false if too much is
 * left to it.
 */
static bool streamless_queue(const struct ditto_share *share, struct ditto_node *base)
{
	struct streamless *s = kmalloc(sizeof(*s), GFP_KERNEL | __GFP_NOWARN);
	struct ditto_volume *volume = base->volume;
	bool queued;

	if (!s)
		return false;
	*s = (struct streamless) { .ref = 1, .share = share, .base = base };
	spin_lock(&volume->streamless_lock);
	queued = volume->streamless_count < STREAMLESS_MAX;
	if (queued) {
		ditto_node_hold(base);
		list_add_tail(&s->link, &volume->streamless);
		volume->streamless_count++;
		queue_work(ditto_wq, &volume->dispose_work);
	}
	spin_unlock(&volume->streamless_lock);
	if (!queued)
		kfree(s);
	return queued;
}

/*
 * Get the file behind one, which is put; the first one behind NULL, and behind one that has left
 * the list.
 */
static struct streamless *streamless_next(struct ditto_volume *volume, struct streamless *s)
{
	struct streamless *next = NULL;
	struct list_head *at;

	spin_lock(&volume->streamless_lock);
	at = s && !list_empty(&s->link) ? &s->link : &volume->streamless;
	if (!list_is_last(at, &volume->streamless)) {
		next = list_entry(at->next, struct streamless, link);
		next->ref++;
	}
	if (s && --s->ref)
		s = NULL;
	spin_unlock(&volume->streamless_lock);
	if (s) {
		ditto_node_put(s->base);
		kfree(s);
	}
	return next;
}

static void forget_in_other_share(struct ditto_share *share, void *arg)
{
	const struct streamless *s = arg;

	if (share != READ_ONCE(s->share))
		forget_all(share, s->base);
}

/* The part of the volume's worker. May sleep. */
void ditto_streams_work(struct ditto_volume *volume)
{
	struct streamless *s = NULL;

	while ((s = streamless_next(volume, s))) {
		ditto_volume_visit(volume, forget_in_other_share, s);
		/* Until now, a share that ends could find it. */
		spin_lock(&volume->streamless_lock);
		list_del_init(&s->link);
		s->ref--;
		volume->streamless_count--;
		spin_unlock(&volume->streamless_lock);
		cond_resched();
	}
}

/*
 * Remove what the volume's worker would have to remove in a share, and let go of its directory for
 * streams.
 */
void ditto_streams_leave_share(struct ditto_share *share)
{
	struct streamless *s = NULL;

	while ((s = streamless_next(share->volume, s))) {
		forget_in_other_share(share, s);
		/* Another share may get its memory. */
		if (s->share == share)
			WRITE_ONCE(s->share, NULL);
	}
	ditto_streams_reset(share);
}

/*
 * Remove the streams of a file that lost its last name. @share: a share that may be ending, or
 * NULL; @base: the file, held. Those that it has in all shares of the file system. With @share,
 * those in others are left to the volume's worker, which keeps the file until they are gone; unless
 * too many files wait for that.
 *
 * All shares are asked, for nothing tells which of them the file was in.
 *
 * Context: no inode lock held.
 */
void ditto_streams_forget(struct ditto_share *share, struct ditto_node *base)
{
	/* First: whoever creates a stream from now on clears it. */
	set_bit(DITTO_NODE_NO_STREAMS, &base->flags);
	set_bit(DITTO_NODE_NAMELESS, &base->flags);
	if (!share) {
		ditto_volume_visit(base->volume, forget_all, base);
		return;
	}
	forget_all(share, base);
	if (!list_is_singular(&share->volume->shares) && !streamless_queue(share, base))
		ditto_share_visit_others(share, forget_all, base);
}

/*
 * Have the volume's worker remove the streams of a file. @base: the file, held, which a local
 * process has removed while it was open. If too many files wait for the worker, or without memory,
 * they go with the last open of the file. Further calls do nothing, so those that the file gets
 * later stay. Context: locks of inodes may be held.
 */
void ditto_streams_forget_later(struct ditto_node *base)
{
	/* Changes of its attributes call this again. */
	if (test_and_set_bit(DITTO_NODE_NAMELESS, &base->flags))
		return;
	set_bit(DITTO_NODE_NO_STREAMS, &base->flags);
	if (!streamless_queue(NULL, base)) {
		clear_bit(DITTO_NODE_NO_STREAMS, &base->flags);
		clear_bit(DITTO_NODE_NAMELESS, &base->flags);
	}
}
