/* SPDX-License-Identifier: GPL-2.0-only */
/* A share, as what lies below the table of shares sees it. See fs/share/share.h. */
#ifndef _DITTO_FS_NODE_SHARE_TYPES_H
#define _DITTO_FS_NODE_SHARE_TYPES_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/path.h>
#include <linux/percpu-refcount.h>
#include <linux/ratelimit_types.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/uuid.h>

struct dentry;
struct ditto_server;
struct ditto_share_opts;
struct ditto_share_traffic;
struct ditto_volume;

/* Base-2 logarithm of the number of lists of instances of a share, each with its own lock. */
#define DITTO_INSTANCE_LISTS_LOG	5

/**
 * struct ditto_instance_list - open instances of a share whose addresses hash to one list
 * @lock: guards @instances and @count; node->lock nests inside
 * @count: number of @instances; also read without @lock
 * @instances: struct ditto_instance
 */
struct ditto_instance_list {
	spinlock_t lock;	/* see above */
	u32 count;
	struct list_head instances;
};

/**
 * struct ditto_share - a served directory
 * @srv: the server
 * @name: unique on the server; clients name the share by it, with or without a leading slash
 * @id: stable identity: set by the administrator, or derived by ditto_share_derive_id()
 * @tag: 64-bit hash of @id that handles carry; unique on the server
 * @number: identifies the share in claims of the lock table; never reused
 * @root: the served directory; pins the mount
 * @volume: file system of @root
 * @subvolume: subvolume of @root, if the file system has such; files of other ones have an
 *	fsid of their own
 * @no_streams: name of the directory for streams, held, which was seen not to exist; or NULL. It
 *	stays hashed and negative until some task creates the directory
 * @root_dev: device of @root as stat(2) reports it
 * @root_ino: number of its inode; 0 if the file system did not say
 * @is_subtree: @root is not the root of its file system, so handles are checked to lie below it
 * @is_subvolume: @root is the root of @subvolume, so all files of that lie below it
 * @has_links: its current @opts have links, see fs/share/link.h
 * @has_trash: its current @opts have a bin, see fs/op/trash.h
 * @has_scan: its current @opts let a program look at content, see fs/op/scan.h
 * @traffic: its finished requests; with @outer, the counters of @outer
 * @worm_told: limits the events about changes of committed files
 * @veto: patterns of names that clients must not see, of its current @opts, see hidden.h; or NULL
 * @veto_folded: the same in folded form, for directories that fold names; or NULL
 * @home_uid: the user that this is the home share of; invalid for others, see fs/share/home.h
 * @opts: see struct ditto_share_opts
 * @ref: operations in flight
 * @gone: completed when @ref has dropped to zero
 * @outer: share that this file system is mounted in, held; NULL for a share of its own, see
 *	nested.h
 * @covered: directory of @outer that this file system is mounted on, held; the mount of @root is
 *	then the server's own, and does not keep the administrator's busy
 * @nested: file systems mounted in this one; changed under the table's mutex, read under RCU
 * @nested_link: link in @nested of @outer
 * @instances: open instances by address, see fs/open/instance.h
 * @by_name: link in the table by name
 * @by_tag: link in the table by tag
 * @list: link in the table's list of shares or of nested ones, under its mutex
 * @volume_link: link in the volume's list of shares, under the node table's volumes_lock
 * @rcu: freed under RCU
 */
struct ditto_share {
	struct ditto_server *srv;
	char *name;
	uuid_t id;
	u64 tag;
	u32 number;
	struct path root;
	struct ditto_volume *volume;
	u64 subvolume;
	struct dentry __rcu *no_streams;
	dev_t root_dev;
	u64 root_ino;
	bool is_subtree;
	bool is_subvolume;
	bool has_links;
	bool has_trash;
	bool has_scan;
	struct ditto_share_traffic __percpu *traffic;
	struct ratelimit_state worm_told;
	const char __rcu *veto;
	const char __rcu *veto_folded;
	kuid_t home_uid;
	struct ditto_share_opts __rcu *opts;
	struct percpu_ref ref;
	struct completion gone;
	struct ditto_share *outer;
	struct dentry *covered;
	struct list_head nested;
	struct list_head nested_link;
	struct ditto_instance_list instances[1 << DITTO_INSTANCE_LISTS_LOG];
	struct rhash_head by_name;
	struct rhash_head by_tag;
	struct list_head list;
	struct list_head volume_link;
	struct rcu_head rcu;
};

/* Drop a reference. Any context. */
static inline void ditto_share_put(struct ditto_share *share)
{
	percpu_ref_put(&share->ref);
}

#endif
