/* SPDX-License-Identifier: GPL-2.0-only */
/* Internals of the table of shares: fs/share/{share,share_set,share_visit,nested}.c. */
#ifndef _DITTO_FS_SHARE_SHARE_PRIVATE_H
#define _DITTO_FS_SHARE_SHARE_PRIVATE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rhashtable.h>
#include <linux/workqueue.h>

#include "share.h"

/**
 * struct ditto_share_table - the shares of a server
 * @lock: serializes changes
 * @by_name: hash table by name
 * @by_tag: hash table by tag
 * @list: list in order of name; also read under RCU
 * @nested: file systems within shares, outer ones before those within them
 * @count: length of @list
 * @homes: home shares in @list
 * @nested_count: length of @nested
 * @draining: number of removed shares that a worker waits for
 * @withdrawn: number of shares that were taken out of @by_tag; read without @lock
 * @changed: generation of the set of shares: time of the last change in nanoseconds, made unique
 */
struct ditto_share_table {
	struct mutex lock;		/* serializes changes */
	struct rhashtable by_name;
	struct rhashtable by_tag;
	struct list_head list;
	struct list_head nested;
	unsigned int count;
	unsigned int homes;
	unsigned int nested_count;
	atomic_t draining;
	atomic64_t withdrawn;
	u64 changed;
};

/**
 * struct share_item - a share with its private members
 * @share: the public part
 * @path: path as the administrator wrote it, without trailing slashes
 * @late: requests did not end within the drain setting
 * @finish_after: what must happen before @finish: the end of the last request, and its removal
 * @finish: releases the share in the background
 */
struct share_item {
	struct ditto_share share;
	char *path;
	bool late;
	atomic_t finish_after;
	struct work_struct finish;
};

#define to_share_item(ptr)	container_of_const(ptr, struct share_item, share)

static const struct rhashtable_params ditto_share_by_tag __maybe_unused = {
	.key_len = sizeof(u64),
	.key_offset = offsetof(struct ditto_share, tag),
	.head_offset = offsetof(struct ditto_share, by_tag),
	.automatic_shrinking = true,
};

/* share.c */
void ditto_share_untag(struct ditto_share_table *table, struct ditto_share *share);
struct share_item *ditto_share_new(struct ditto_server *srv, const struct ditto_share_config *cfg,
				   const struct path *root);
void ditto_share_free(struct ditto_share *share);
void ditto_share_finish_later(struct ditto_share_table *table, struct share_item *item, bool late);
void ditto_shares_mark_changed(struct ditto_share_table *table);
struct ditto_share *ditto_share_named(struct ditto_share_table *table, const char *name,
				      struct netlink_ext_ack *extack);

/* share_set.c */
void ditto_share_opts_publish(struct ditto_share_table *table, struct ditto_share *share,
			      struct ditto_share_opts *opts);
int ditto_shares_options_added(struct ditto_server *srv);

#endif
