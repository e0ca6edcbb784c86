/* SPDX-License-Identifier: GPL-2.0-only */
/* Internals shared by fs/share/share.c and fs/share/share_visit.c. */
#ifndef _DITTO_FS_SHARE_SHARE_PRIVATE_H
#define _DITTO_FS_SHARE_SHARE_PRIVATE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rhashtable.h>

/**
 * struct ditto_share_table - the shares of a server
 * @lock: serializes changes
 * @by_name: hash table by name
 * @by_tag: hash table by tag
 * @list: list in order of name; also read under RCU
 * @count: length of @list
 * @draining: number of removed shares that a worker waits for
 * @changed: generation of the set of shares: time of the last change in nanoseconds, made unique
 * @key_warned: the warning about a missing handle key was printed
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
