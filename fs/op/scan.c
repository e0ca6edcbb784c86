// SPDX-License-Identifier: GPL-2.0-only
/*
 * Questions about the content of files, see scan.h.
 *
 * There is one question about a file at a time, whoever reads it. A worker takes the stamp, opens
 * the file and sends the request; the helper gets the file with scan-open and answers. Another work
 * item takes the stamp again: an answer about content that has changed in between says nothing. The
 * end of a question wakes the operations that are parked on the node.
 *
 * Locking: scan->lock guards all of struct ditto_scan; scans->lock guards the list of questions.
 * Neither nests inside the other.
 *
 * Lifetime: a question holds the node, and has one reference for its run and one for each finder.
 * The end of a volume ends its questions.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/dcache.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/ratelimit.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <net/ipv6.h>

#include "../../net/event.h"
#include "../../net/helper/upcall.h"
#include "../../net/netlink.h"
#include "../../net/peer.h"
#include "../../net/stats.h"
#include "../offload/offload.h"
#include "name_private.h"
#include "op_private.h"
#include "scan.h"

/* How long no answer is the answer, in seconds: to refuse, or to read. */
#define SCAN_REFUSES	10
#define SCAN_READS	60
/* Scans of a file that changes during each, after which it counts as not answered. */
#define SCAN_CHANGES	5
/* Milliseconds until one for which there was no room, or no helper, is worth repeating. */
#define SCAN_PAUSE_MS	250
#define SCAN_HELPER_MS	1000
/* Bytes of share and path in messages. */
#define SCAN_WHERE_MAX	1024
/* Counters of questions by address; machines that meet in one share its limit. */
#define SCAN_PEERS	1024

/**
 * struct ditto_scan - what is known about the content of a file
 * @lock: guards all other members
 * @verdict: what was found out
 * @stamp: about which state
 * @since: jiffies at which DITTO_SCAN_UNANSWERED was found out
 * @changes: scans in sequence during which the file changed
 * @losses: questions in sequence for which there was no helper
 * @times_set: how often clients have set the time of modification
 * @asked: the helper is asked
 */
struct ditto_scan {
	spinlock_t lock;	/* see above */
	enum ditto_scan_verdict verdict;
	struct ditto_scan_stamp stamp;
	unsigned long since;
	u32 changes;
	u32 losses;
	u32 times_set;
	bool asked;
};

/**
 * struct ditto_scans - questions of a server
 * @wq: runs the work items of questions
 * @lock: guards @asks and @number
 * @asks: questions that have not ended
 * @number: of the last one
 * @generation: incremented when the program knows more
 * @moved: jiffies of the last end of a scan
 * @key: of the hash of addresses
 * @peers: questions that have not ended, by hash of who reads
 * @stats: scans by their result
 */
struct ditto_scans {
	struct workqueue_struct *wq;
	spinlock_t lock;	/* see above */
	struct list_head asks;
	u64 number;
	atomic_t generation;
	unsigned long moved;
	siphash_key_t key;
	atomic_t peers[SCAN_PEERS];
	struct ditto_stats_group *stats;
};

/**
 * struct scan_ask - a question about a file
 * @req: the request to the helper
 * @ref: references
 * @link: entry in the list of questions
 * @begin: sends the request
 * @end: ends the question
 * @begun: @begin has run
 * @sent: the request was started; set before @begun
 * @given: the helper has got the file; under the lock of the list
 * @node: the file, held
 * @peer: counter of who reads
 * @file: the file, open for reading; set before the request is sent
 * @stamp: its state before the scan
 * @number: number for the helper
 * @began: when the scan was asked for, in nanoseconds
 * @seconds: how long a helper is waited for
 * @clean: the answer
 * @error: result of the request
 * @client: address of who needs the answer
 * @reason: what the helper says about a refusal or an error
 * @where: share and path
 */
struct scan_ask {
	struct ditto_upcall_req req;
	refcount_t ref;
	struct list_head link;
	struct work_struct begin;
	struct delayed_work end;
	struct completion begun;
	bool sent;
	bool given;
	struct ditto_node *node;
	atomic_t *peer;
	struct ditto_file *file;
	struct ditto_scan_stamp stamp;
	u64 number;
	u64 began;
	u32 seconds;
	bool clean;
	int error;
	char client[48];
	char reason[DITTO_SCAN_REASON_MAX];
	char where[SCAN_WHERE_MAX];
};

static u32 scan_generation(const struct ditto_node *node)
{
	return atomic_read(&node->volume->srv->scans->generation);
}

static struct ditto_scan *scan_of(struct ditto_node *node)
{
	struct ditto_scan *scan = READ_ONCE(node->scan), *other;

	if (scan)
		return scan;
	scan = kzalloc(sizeof(*scan), GFP_KERNEL);
	if (!scan)
		return NULL;
	spin_lock_init(&scan->lock);
	other = cmpxchg(&node->scan, NULL, scan);
	if (!other)
		return scan;
	kfree(scan);
	return other;
}

/* The inode that has the data, which the node keeps: in an overlay, one of another file system. */
static struct inode *scan_inode(struct ditto_node *node)
{
	struct inode *inode = node->inode;
	struct dentry *dentry;

	if (likely(!ditto_sb_is_overlay(inode->i_sb)))
		return inode;
	dentry = ditto_node_dentry(node);
	inode = d_real_inode(dentry);
	dput(dentry);
	return inode;
}

/* The state of a file that may be changing. */
static void scan_stamp_read(struct ditto_node *node, struct ditto_scan_stamp *stamp)
{
	struct inode *inode = scan_inode(node);

	*stamp = (struct ditto_scan_stamp) {
		.change = ditto_offload_change(inode),
		.size = i_size_read(inode),
		.mtime = inode_get_mtime(inode),
		.generation = scan_generation(node),
	};
}

static bool scan_is_same(const struct ditto_scan_stamp *a, const struct ditto_scan_stamp *b)
{
	return a->change == b->change && a->size == b->size &&
	       timespec64_equal(&a->mtime, &b->mtime);
}

static bool scan_is_found_out(const struct ditto_scan *scan)
{
	return scan->verdict == DITTO_SCAN_CLEAN || scan->verdict == DITTO_SCAN_REFUSED;
}

static enum ditto_scan_verdict scan_known_locked(const struct ditto_scan *scan,
						 const struct ditto_scan_stamp *now, u32 use)
{
	u32 pause = use == DITTO_SCAN_ADVISED ? SCAN_READS : SCAN_REFUSES;
	bool holds = scan_is_same(&scan->stamp, now);

	lockdep_assert_held(&scan->lock);
	if (scan->stamp.generation != now->generation)
		return DITTO_SCAN_UNKNOWN;
	if (scan_is_found_out(scan))
		return holds ? scan->verdict : DITTO_SCAN_UNKNOWN;
	/* Content that nobody was asked about is read only if it never stays the same. */
	if (scan->verdict == DITTO_SCAN_UNANSWERED &&
	    time_before(jiffies, scan->since + pause * HZ) &&
	    (holds || use != DITTO_SCAN_ADVISED || scan->changes >= SCAN_CHANGES))
		return scan->verdict;
	return DITTO_SCAN_UNKNOWN;
}

/* What a share with this value of the option knows about the present content. May sleep. */
enum ditto_scan_verdict ditto_scan_known(struct ditto_node *node, u32 use)
{
	struct ditto_scan *scan = READ_ONCE(node->scan);
	enum ditto_scan_verdict verdict;
	struct ditto_scan_stamp now;

	if (!scan)
		return DITTO_SCAN_UNKNOWN;
	scan_stamp_read(node, &now);
	spin_lock(&scan->lock);
	verdict = scan_known_locked(scan, &now, use);
	spin_unlock(&scan->lock);
	return verdict;
}

/*
 * Get the state of a file that nobody changes. @node: a regular file, held. Context: also as long
 * as the disk hangs. Return: 0; -EBUSY if the file changes all the time; or an errno of the file
 * system.
 */
int ditto_scan_get_stamp(struct ditto_node *node, struct ditto_scan_stamp *stamp)
{
	/* First: what the program learns during the scan counts for the next one. */
	stamp->generation = scan_generation(node);
	return ditto_offload_settle(scan_inode(node), &stamp->change, &stamp->size,
				    &stamp->mtime);
}

#ifdef DITTO_TESTS
/* Note what was found out about a file. @node: a regular file, held. Return: 0 or -ENOMEM. */
int ditto_scan_note(struct ditto_node *node, const struct ditto_scan_stamp *stamp,
		    enum ditto_scan_verdict verdict)
{
	struct ditto_scan *scan = scan_of(node);

	if (!scan)
		return -ENOMEM;
	spin_lock(&scan->lock);
	scan->verdict = verdict;
	scan->stamp = *stamp;
	scan->since = jiffies;
	spin_unlock(&scan->lock);
	return 0;
}
#endif

static void scan_ask_put(struct scan_ask *ask)
{
	if (!refcount_dec_and_test(&ask->ref))
		return;
	if (ask->file)
		ditto_file_put(ask->file);
	ditto_node_put(ask->node);
	kfree(ask);
}

static int scan_ask_fill(struct sk_buff *msg, void *arg)
{
	const struct scan_ask *ask = arg;

	return ditto_nl_put_u64(msg, DITTO_A_UPCALL_SCAN, ask->number) ? -EMSGSIZE : 0;
}

static void scan_ask_failed(struct genl_info *info, void *arg)
{
	const struct nlattr *text = info->attrs[DITTO_A_UPCALL_ERROR_TEXT];
	struct scan_ask *ask = arg;

	if (text)
		strscpy(ask->reason, nla_data(text), sizeof(ask->reason));
}

static int scan_ask_got(struct genl_info *info, void *arg)
{
	const struct nlattr *clean = info->attrs[DITTO_A_UPCALL_GRANTED];
	struct scan_ask *ask = arg;

	if (!clean)
		return -EBADMSG;
	ask->clean = nla_get_u8(clean);
	scan_ask_failed(info, arg);
	return 0;
}

static void scan_ask_done(struct ditto_upcall_req *req, int err)
{
	struct scan_ask *ask = container_of(req, struct scan_ask, req);
	u32 pause_ms = 0;

	if (err == -ECONNREFUSED)
		pause_ms = SCAN_HELPER_MS;
	else if (err == -EBUSY || err == -ENOMEM || err == -ECANCELED)
		pause_ms = SCAN_PAUSE_MS;
	/* Those that wait for their turn fail only if no scan ends. */
	if (err != -ETIMEDOUT)
		WRITE_ONCE(req->srv->scans->moved, jiffies);
	ask->error = err;
	queue_delayed_work(req->srv->scans->wq, &ask->end, msecs_to_jiffies(pause_ms));
}

/* All data is in a file that is open, so that its blocks stay. */
static bool scan_is_there(struct ditto_node *node)
{
	struct ditto_offload_info info;

	return test_bit(DITTO_NODE_WHOLE, &node->flags) ||
	       (!ditto_offload_get(node, &info) && info.resident >= info.size);
}

static void scan_begin_work(struct work_struct *work)
{
	struct scan_ask *ask = container_of(work, struct scan_ask, begin);
	struct ditto_server *srv = ask->node->volume->srv;
	struct ditto_file *file;
	int err;

	scan_stamp_read(ask->node, &ask->stamp);
	err = ditto_scan_get_stamp(ask->node, &ask->stamp);
	if (!err) {
		file = ditto_file_open_quiet(ask->node);
		err = PTR_ERR_OR_ZERO(file);
		if (!err)
			ask->file = file;
	}
	/* It may have been released since it was asked about. */
	if (!err && !scan_is_there(ask->node))
		err = -EJUKEBOX;
	if (err) {
		strscpy(ask->reason, err == -EBUSY ? "it changes all the time" :
			"it cannot be opened", sizeof(ask->reason));
		ask->req.srv = srv;
		/* Also if a lease of a local process is being broken, see ditto_file_get(). */
		if (err == -EJUKEBOX)
			err = -EBUSY;
		else if (err == -EBUSY)
			err = -ESTALE;
		scan_ask_done(&ask->req, err);
	} else {
		ask->sent = true;
		ditto_upcall_start(srv, &ask->req);
	}
	complete_all(&ask->begun);
	scan_ask_put(ask);
}

static void scan_report(struct scan_ask *ask, bool refused)
{
	enum ditto_event_type type = refused ? DITTO_EVENT_SCAN_REFUSED : DITTO_EVENT_SCAN_FAILED;
	char *text;

	if (!*ask->reason)
		strscpy(ask->reason, refused ? "no reason given" : "no answer",
			sizeof(ask->reason));
	text = kasprintf(GFP_KERNEL, "%s: client %s: %s", ask->where, ask->client, ask->reason);
	if (!text)
		return;
	if (refused)
		pr_warn_ratelimited("content is refused: %*pEp\n", (int)strlen(text), text);
	else
		pr_warn_ratelimited("content was not scanned, error %d: %*pEp\n", -ask->error,
				    (int)strlen(text), text);
	ditto_event(ask->node->volume->srv, type, text);
	kfree(text);
}

/* The file is as it was before the scan. */
static bool scan_is_unchanged(struct scan_ask *ask)
{
	struct ditto_scan_stamp now;

	return !ditto_scan_get_stamp(ask->node, &now) && scan_is_same(&now, &ask->stamp);
}

static void scan_end_work(struct work_struct *work)
{
	struct scan_ask *ask = container_of(to_delayed_work(work), struct scan_ask, end);
	struct ditto_node *node = ask->node;
	struct ditto_scan *scan = node->scan;
	struct ditto_scans *scans = node->volume->srv->scans;
	enum ditto_scan_verdict verdict = DITTO_SCAN_UNANSWERED;
	bool changed = ask->error == -ESTALE || (!ask->error && !scan_is_unchanged(ask));
	bool had_turn = !ask->sent || ask->req.id;

	if (!changed && !ask->error)
		verdict = ask->clean ? DITTO_SCAN_CLEAN : DITTO_SCAN_REFUSED;
	/* These say nothing about the file, and whoever reads it asks again. */
	else if (ask->error == -EBUSY || ask->error == -ENOMEM || ask->error == -ESHUTDOWN ||
		 ask->error == -ECANCELED || (ask->error == -ETIMEDOUT && !had_turn))
		verdict = DITTO_SCAN_UNKNOWN;

	spin_lock(&scan->lock);
	scan->changes = changed ? scan->changes + 1 : 0;
	scan->losses = ask->error == -ECONNREFUSED ? scan->losses + 1 : 0;
	/* The helper may be just starting again. */
	if ((changed && scan->changes < SCAN_CHANGES) ||
	    (scan->losses && scan->losses < ask->seconds))
		verdict = DITTO_SCAN_UNKNOWN;
	scan->verdict = verdict;
	scan->stamp = ask->stamp;
	scan->since = jiffies;
	scan->asked = false;
	spin_unlock(&scan->lock);

	ditto_stats_count(scans->stats, verdict, 0, ktime_get_ns() - ask->began, ask->stamp.size);
	if (verdict == DITTO_SCAN_REFUSED || verdict == DITTO_SCAN_UNANSWERED)
		scan_report(ask, verdict == DITTO_SCAN_REFUSED);
	ditto_park_wake_point(&node->point);
	atomic_dec(&node->volume->scans);
	atomic_dec(ask->peer);
	spin_lock(&scans->lock);
	list_del(&ask->link);
	spin_unlock(&scans->lock);
	scan_ask_put(ask);
}

static void scan_set_where(struct scan_ask *ask, const struct ditto_op *op)
{
	struct dentry *dentry = ditto_node_dentry(ask->node);
	char *path;

	strscpy(ask->client, "the server", sizeof(ask->client));
	if (op->from && ipv6_addr_v4mapped(op->from))
		snprintf(ask->client, sizeof(ask->client), "%pI4", &op->from->s6_addr32[3]);
	else if (op->from)
		snprintf(ask->client, sizeof(ask->client), "%pI6c", op->from);
	path = kmalloc(SCAN_WHERE_MAX, GFP_KERNEL);
	if (path) {
		char *at = ditto_dentry_path(op->share, dentry, path, SCAN_WHERE_MAX);

		if (IS_ERR(at))
			snprintf(ask->where, sizeof(ask->where), "%s: inode %llu",
				 op->share->name, (u64)ask->node->inode->i_ino);
		else
			snprintf(ask->where, sizeof(ask->where), "%s: %s", op->share->name, at);
		kfree(path);
	}
	dput(dentry);
}

/* The counter of who reads; the server itself has one, too. */
static atomic_t *scan_peer(struct ditto_scans *scans, const struct in6_addr *from)
{
	struct in6_addr who = {};

	if (from)
		ditto_addr_who(&who, from);
	return &scans->peers[siphash(&who, sizeof(who), &scans->key) % SCAN_PEERS];
}

/* Ask the helper, unless that is under way. Return: 0, -ENOMEM, -EBUSY. */
static int scan_start(struct ditto_op *op, struct ditto_node *node, struct ditto_scan *scan,
		      u32 seconds)
{
	struct ditto_scans *scans = op->srv->scans;
	atomic_t *peer = scan_peer(scans, op->from);
	struct scan_ask *ask;
	int err = -EBUSY;
	bool asked;

	if (READ_ONCE(scan->asked))
		return 0;
	if (atomic_inc_return(peer) > DITTO_SCANS_PEER_MAX)
		goto dec_peer;
	if (atomic_inc_return(&node->volume->scans) > DITTO_SCANS_MAX)
		goto dec_volume;
	err = -ENOMEM;
	ask = kzalloc(sizeof(*ask), GFP_KERNEL);
	if (!ask)
		goto dec_volume;
	spin_lock(&scan->lock);
	asked = scan->asked;
	scan->asked = true;
	spin_unlock(&scan->lock);
	if (asked) {
		kfree(ask);
		err = 0;
		goto dec_volume;
	}
	/* One for each work item. */
	refcount_set(&ask->ref, 2);
	INIT_WORK(&ask->begin, scan_begin_work);
	INIT_DELAYED_WORK(&ask->end, scan_end_work);
	init_completion(&ask->begun);
	ditto_node_hold(node);
	ask->node = node;
	ask->peer = peer;
	ask->began = ktime_get_ns();
	ask->seconds = seconds;
	scan_set_where(ask, op);
	ask->req.what = (struct ditto_upcall) {
		.type = DITTO_UPCALL_SCAN,
		.size = nla_total_size(sizeof(u64)),
		.deadline_ms = seconds * MSEC_PER_SEC,
		.moved = &scans->moved,
		.put = scan_ask_fill,
		.got = scan_ask_got,
		.failed = scan_ask_failed,
		.arg = ask,
	};
	if (op->from)
		ask->req.peer = *op->from;
	if (op->cred)
		ask->req.user = from_kuid(&init_user_ns, op->cred->cred->fsuid);
	ask->req.done = scan_ask_done;
	spin_lock(&scans->lock);
	ask->number = ++scans->number;
	list_add_tail(&ask->link, &scans->asks);
	spin_unlock(&scans->lock);
	queue_work(scans->wq, &ask->begin);
	return 0;

dec_volume:
	atomic_dec(&node->volume->scans);
dec_peer:
	atomic_dec(peer);
	return err;
}

/* The part of ditto_scan_check() for shares with the option. */
int ditto_scan_check_slow(struct ditto_op *op, struct ditto_node *node)
{
	u64 size = i_size_read(node->inode);
	const struct ditto_share_opts *opts;
	u32 use, seconds, most;
	struct ditto_stub *stub;
	struct ditto_scan *scan;
	int err;

	rcu_read_lock();
	opts = rcu_dereference(op->share->opts);
	use = opts->scan;
	seconds = opts->scan_time;
	most = opts->scan_size;
	rcu_read_unlock();
	if (use == DITTO_SCAN_OFF || !S_ISREG(node->inode->i_mode))
		return 0;
	/* No share has the option there, but file systems within a share have its options. */
	if (node->volume->is_remote)
		return use == DITTO_SCAN_ADVISED ? 0 : -EACCES;
	if (!size || (most && size > (u64)most << 20))
		return 0;
	scan = scan_of(node);
	if (!scan)
		return -ENOMEM;
	switch (ditto_scan_known(node, use)) {
	case DITTO_SCAN_CLEAN:
		return 0;
	case DITTO_SCAN_REFUSED:
		return -EKEYREJECTED;
	case DITTO_SCAN_UNANSWERED:
		return use == DITTO_SCAN_ADVISED ? 0 : -EACCES;
	default:
		break;
	}
	/* The program reads the file past this server, so all of it must be there. */
	err = ditto_offload_enter(op, node, DITTO_OFFLOAD_READ, 0, size, &stub);
	if (err)
		return err;
	err = scan_start(op, node, scan, seconds);
	ditto_offload_leave(stub);
	if (err)
		return err == -EBUSY ? -EJUKEBOX : err;
	if (op->absent && !op->absent->node) {
		ditto_node_hold(node);
		*op->absent = (struct ditto_absence) { .node = node, .unchecked = true };
	}
	/* A question that has already ended woke nobody, so it is looked for afterwards. */
	if (op->park && ditto_park_on(&node->point, op->park) && !READ_ONCE(scan->asked))
		ditto_park_wake_point(&node->point);
	return -EJUKEBOX;
}

/* Park an operation that met a file which the program looks at, see ditto_offload_park(). */
bool ditto_scan_park(struct ditto_node *node, struct ditto_park *park)
{
	const struct ditto_scan *scan = READ_ONCE(node->scan);

	/* A question that has already ended woke nobody, so it is looked for afterwards. */
	return ditto_park_on(&node->point, park) && scan && READ_ONCE(scan->asked);
}

/* A file is about to be renamed, which changes no data. Return: false if nothing is to be kept. */
bool ditto_scan_rename_begin(struct ditto_node *node, u32 *times_set)
{
	struct ditto_scan *scan = READ_ONCE(node->scan);
	struct ditto_scan_stamp now;
	enum ditto_scan_verdict verdict;

	if (likely(!scan))
		return false;
	scan_stamp_read(node, &now);
	spin_lock(&scan->lock);
	verdict = scan_known_locked(scan, &now, DITTO_SCAN_REQUIRED);
	*times_set = scan->times_set;
	spin_unlock(&scan->lock);
	return verdict == DITTO_SCAN_CLEAN || verdict == DITTO_SCAN_REFUSED;
}

/* It still holds, unless data was changed since the begin. May sleep; the inode is not locked. */
void ditto_scan_rename_end(struct ditto_node *node, u32 times_set)
{
	struct ditto_scan *scan = node->scan;
	struct inode *inode = scan_inode(node);
	struct timespec64 mtime, ctime;

	inode_lock(inode);
	mtime = inode_get_mtime(inode);
	ctime = inode_get_ctime(inode);
	spin_lock(&scan->lock);
	/*
	 * A write would have set the time of modification, which nobody has set back. One that
	 * follows in the same tick of the clock sets it, too, as it is not the time of the rename.
	 */
	if (scan->times_set == times_set && timespec64_equal(&mtime, &scan->stamp.mtime) &&
	    timespec64_compare(&mtime, &ctime) < 0 && scan->stamp.size == i_size_read(inode))
		scan->stamp.change = ditto_offload_change(inode);
	spin_unlock(&scan->lock);
	inode_unlock(inode);
}

/* The part of ditto_scan_times_set() for files that were scanned. */
void ditto_scan_times_set_slow(struct ditto_node *node)
{
	struct ditto_scan *scan = node->scan;

	spin_lock(&scan->lock);
	scan->times_set++;
	/* A write in the tick of a rename has left nothing but the time of modification. */
	if (scan_is_found_out(scan))
		scan->verdict = DITTO_SCAN_UNKNOWN;
	spin_unlock(&scan->lock);
}

/* The program knows more: all files are scanned again. Any context. */
void ditto_scan_forget(struct ditto_server *srv)
{
	atomic_inc(&srv->scans->generation);
}

/*
 * Give the helper the file that it was asked about. Return: the file with a reference, open for
 * reading; NULL if nobody waits for the answer, or it was given before.
 */
struct file *ditto_scan_open(struct ditto_server *srv, u64 number)
{
	struct ditto_scans *scans = srv->scans;
	struct file *file = NULL;
	struct scan_ask *ask;

	spin_lock(&scans->lock);
	list_for_each_entry(ask, &scans->asks, link) {
		if (ask->number == number && ask->file && !ask->given) {
			ask->given = true;
			file = get_file(ask->file->file);
			break;
		}
	}
	spin_unlock(&scans->lock);
	return file;
}

static struct scan_ask *scan_of_volume(struct ditto_scans *scans,
				       const struct ditto_volume *volume)
{
	struct scan_ask *ask, *found = NULL;

	spin_lock(&scans->lock);
	list_for_each_entry(ask, &scans->asks, link) {
		if (ask->node->volume == volume) {
			refcount_inc(&ask->ref);
			found = ask;
			break;
		}
	}
	spin_unlock(&scans->lock);
	return found;
}

void ditto_scan_volume_stop(struct ditto_volume *volume)
{
	struct scan_ask *ask;

	while ((ask = scan_of_volume(volume->srv->scans, volume))) {
		wait_for_completion(&ask->begun);
		if (ask->sent && ditto_upcall_cancel(&ask->req))
			scan_ask_done(&ask->req, -ESHUTDOWN);
		/* An answer that comes just now has not queued it yet. */
		if (!flush_delayed_work(&ask->end))
			msleep(20);
		scan_ask_put(ask);
	}
}

void ditto_scan_node_free(struct ditto_node *node)
{
	kfree(node->scan);
}

static const char *const scan_ops[DITTO_SCAN_VERDICTS] = {
	[DITTO_SCAN_UNKNOWN] = "repeated",
	[DITTO_SCAN_CLEAN] = "clean",
	[DITTO_SCAN_REFUSED] = "refused",
	[DITTO_SCAN_UNANSWERED] = "unanswered",
};

int ditto_scans_init(struct ditto_server *srv)
{
	struct ditto_scans *scans = kzalloc(sizeof(*scans), GFP_KERNEL);

	if (!scans)
		return -ENOMEM;
	spin_lock_init(&scans->lock);
	INIT_LIST_HEAD(&scans->asks);
	scans->moved = jiffies;
	get_random_bytes(&scans->key, sizeof(scans->key));
	scans->wq = alloc_workqueue("ditto_scan", WQ_UNBOUND, WQ_UNBOUND_MAX_ACTIVE);
	if (!scans->wq)
		goto free;
	scans->stats = ditto_stats_register(srv, "scan", scan_ops, DITTO_SCAN_VERDICTS);
	if (!scans->stats)
		goto destroy;
	srv->scans = scans;
	return 0;

destroy:
	destroy_workqueue(scans->wq);
free:
	kfree(scans);
	return -ENOMEM;
}

void ditto_scans_exit(struct ditto_server *srv)
{
	struct ditto_scans *scans = srv->scans;

	destroy_workqueue(scans->wq);
	ditto_stats_unregister(scans->stats);
	srv->scans = NULL;
	kfree(scans);
}
