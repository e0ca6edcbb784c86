/* SPDX-License-Identifier: GPL-2.0-only */
/* What fs/share/share.c and fs/share/share_visit.c share. */
#ifndef _DITTO_FS_SHARE_SHARE_PRIVATE_H
#define _DITTO_FS_SHARE_SHARE_PRIVATE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rhashtable.h>

/**
 * struct ditto_share_table - the shares of a server
 * @lock: serializes changes
 * @by_name: by name
 * @by_tag: by tag
 * @list: in order of name; read under RCU too
 * @count: on @list
 * @draining: shares off the list that a worker waits for
 * @changed: when one was added, changed or removed last, or later: in nanoseconds, and never
 *	the same
 * @key_warned: told that handles do not survive a restart
 */
struct ditto_share_table {
	struct mutex lock;		/* serializes changes */
	struct rhashtable by_name;
	struct rhashtable by_tag;
	struct list_head list;
	unsigned int count;
	atomic_t draining;
	u64 changed;
	bool key_warned;
};

#endif
