/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that may be written once and read many times: who changes them when is decided here.
 *
 * A regular file that has not changed for as long as the option worm of its share says, and that
 * nobody has open for writing, is committed when somebody is about to change it: nothing happens
 * before that which a scan would have to find. Its attribute DITTO_WORM_XATTR says so from then on,
 * whatever the options are:
 *
 *	1 COMMITTED UNTIL MODE
 *
 * COMMITTED is the server's clock, UNTIL the clock of the file system (0 for ever), both in seconds
 * since 1970; MODE is g for governance and c for compliance. A record that cannot be understood
 * counts as one for ever. The immutable flag is set, too, against local processes, unless the share
 * offloads data, which needs to write.
 *
 * The clock of a file system is in the attribute DITTO_WORM_CLOCK_XATTR of its root:
 *
 *	1 SECONDS SEEN
 *
 * It begins as the server's clock, and then counts only the time for which the file system is
 * served: setting the server's clock does not move it. It is stored once an hour and when the last
 * share goes, so that a crash makes it late by an hour at most. Where there is one, the records of
 * files are obeyed in all shares of the file system. SEEN is the server's clock at that time. A
 * file that was not old by then has to wait until the file system is served for so long again, as
 * its writers could do nothing in between.
 */
#ifndef _DITTO_FS_OP_CHECK_WORM_H
#define _DITTO_FS_OP_CHECK_WORM_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/fs.h>
#include <linux/types.h>

#include "../../../lockd/matrix.h"
#include "../../node/node.h"
#include "../../node/share_types.h"
#include "../../share/caller.h"

struct dentry;
struct ditto_setattr;
struct netlink_ext_ack;

#define DITTO_WORM_XATTR	"trusted.ditto.worm"
#define DITTO_WORM_CLOCK_XATTR	"trusted.ditto.worm-clock"
/* Longest record, with a null byte. */
#define DITTO_WORM_RECORD_MAX	64

/* Intents that ditto_lock_check() passes on; what changes data asks for permission before. */
#define DITTO_WORM_INTENTS \
	(BIT(DITTO_INTENT_SETATTR) | BIT(DITTO_INTENT_REMOVE) | BIT(DITTO_INTENT_RENAME) | \
	 BIT(DITTO_INTENT_REPLACE) | BIT(DITTO_INTENT_LINK))

/**
 * struct ditto_worm_record - what is stored with a committed file
 * @committed: when it was, by the server's clock
 * @until: when it may be removed, by the clock of the file system; 0 for never
 * @compliance: the administrator cannot release it
 */
struct ditto_worm_record {
	s64 committed;
	s64 until;
	bool compliance;
};

size_t ditto_worm_record_write(const struct ditto_worm_record *record, char *buf);
void ditto_worm_record_read(struct ditto_worm_record *record, const char *text, size_t len);

/**
 * struct ditto_worm_age - what the age of a file depends on; all by the server's clock
 * @now: the time
 * @changed: when the file was changed
 * @stopped: when the file system was last known to be served, before @started
 * @started: since when it is served again
 */
struct ditto_worm_age {
	s64 now;
	s64 changed;
	s64 stopped;
	s64 started;
};

bool ditto_worm_is_due(const struct ditto_worm_age *a, u32 age);
s64 ditto_worm_until(s64 clock, u32 days);
bool ditto_worm_is_over(const struct ditto_worm_record *record, s64 clock);
int ditto_worm_check_share(struct ditto_share *share, struct netlink_ext_ack *extack);
int ditto_worm_start(struct ditto_volume *volume);
void ditto_worm_volume_stop(struct ditto_volume *volume);
void ditto_worm_volume_exit(struct ditto_volume *volume);

#define DITTO_WORM_QUIET	BIT(0)	/* a refusal is no event */
#define DITTO_WORM_RECORDED	BIT(1)	/* a file without a record is not committed */

int ditto_worm_check_slow(const struct ditto_op *op, struct ditto_node *node,
			  enum ditto_intent_kind kind, u32 how);
int ditto_worm_query(const struct ditto_op *op, struct ditto_node *node,
		     enum ditto_intent_kind kind, u32 how);

/*
 * Check that a file may be changed, and commit it if its time has come. Costs one test if the file
 * system has no committed files. Context: the inode of the file is not locked. Return: 0; -EPERM,
 * also if the file cannot get a record; -EJUKEBOX if a holder gives up a grant to write first; or
 * an errno of the file system.
 */
static inline int ditto_worm_check(const struct ditto_op *op, struct ditto_node *node,
				   enum ditto_intent_kind kind)
{
	if (likely(!READ_ONCE(op->share->volume->worm)))
		return 0;
	return ditto_worm_check_slow(op, node, kind, 0);
}

int ditto_worm_change_begin_slow(const struct ditto_op *op, struct ditto_node *node,
				 enum ditto_intent_kind kind);

/*
 * Begin a change of a file that ditto_worm_check() has allowed. The file is not committed until the
 * change ends. It is not changed if it was committed since the check, or although the caller has it
 * open. Context: as ditto_worm_check(). Return: 1; 0 if there is nothing to end; -EPERM; or an
 * errno of the file system.
 */
static inline int ditto_worm_change_begin(const struct ditto_op *op, struct ditto_node *node,
					  enum ditto_intent_kind kind)
{
	if (likely(!READ_ONCE(op->share->volume->worm)))
		return 0;
	return ditto_worm_change_begin_slow(op, node, kind);
}

/* End a change; @begun is what ditto_worm_change_begin() has returned. Any context. */
static inline void ditto_worm_change_end(const struct ditto_op *op, struct ditto_node *node,
					 int begun)
{
	if (likely(begun <= 0))
		return;
	/* Order the change before its end: pairs with worm_commit(). */
	smp_mb__before_atomic();
	atomic_dec(op->stream_of ? &op->stream_of->changes : &node->changes);
}

int ditto_worm_recheck_slow(const struct ditto_op *op, struct ditto_node *node);

/*
 * Look whether a file was committed before a claim to write was there. @node: held; the caller has
 * claimed it since ditto_worm_check(). A commit stores the record and then looks for claims; here
 * it is the other way round, so one of both finds the other. Context: the inode of the file is not
 * locked. Return: 0; -EPERM; or an errno of the file system.
 */
static inline int ditto_worm_recheck(const struct ditto_op *op, struct ditto_node *node)
{
	if (likely(!READ_ONCE(op->share->volume->worm)))
		return 0;
	return ditto_worm_recheck_slow(op, node);
}

bool ditto_worm_has_ended(struct ditto_node *node);
int ditto_worm_lift_slow(const struct ditto_op *op, struct ditto_node *node);

/*
 * Clear the immutable flag of a file whose retention is over, to remove it. @op: the caller,
 * entered; with write access to the mount. Context: the inode of the file is not locked. Return: 1
 * if it was cleared: ditto_worm_restore() follows if the file stays; 0 or an errno.
 */
static inline int ditto_worm_lift(const struct ditto_op *op, struct ditto_node *node)
{
	if (likely(!IS_IMMUTABLE(node->inode)))
		return 0;
	return ditto_worm_lift_slow(op, node);
}

void ditto_worm_restore(const struct ditto_op *op, struct ditto_node *node);
int ditto_worm_prolong(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry,
		       const struct ditto_setattr *set);
int ditto_worm_early_begin(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry,
			   const struct ditto_setattr *set);
int ditto_worm_early_end(struct ditto_op *op, struct ditto_node *node, struct dentry *dentry,
			 umode_t mode, int err);

#endif
