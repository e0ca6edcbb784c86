// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shares and the tables to find them.
 *
 * The table's mutex serializes changes. Requests find shares by name and tag in hash tables under
 * RCU. Removal takes a share out of the tables, so that no new request finds it, and kills its
 * reference count. After the last request has dropped its reference, the share leaves its volume
 * and releases the mount. If this takes longer than the drain setting, a worker continues to
 * wait; the end of the namespace waits for the worker, except for the release of the mount.
 *
 * A user may also keep a pointer without a reference, and get one by it again while no share was
 * removed. So each removal is counted before the memory is freed after a grace period.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/netlink.h>
#include <linux/percpu.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/wait_bit.h>

#include "../../lockd/table.h"
#include "../../net/event.h"
#include "../../net/helper/record.h"
#include "../../net/server.h"
#include "../../net/server_private.h"
#include "../../net/stats.h"
#include "../node/casefold.h"
#include "../node/extension.h"
#include "../node/fid.h"
#include "../node/node.h"
#include "../node/node_private.h"
#include "home.h"
#include "link.h"
#include "nested.h"
#include "share.h"
#include "share_private.h"

struct name_key {
	const char *name;
	size_t len;
};

static atomic_t share_number = ATOMIC_INIT(0);

static u32 name_key_hash(const void *data, u32 len, u32 seed)
{
	const struct name_key *key = data;

	return jhash(key->name, key->len, seed);
}

static u32 name_obj_hash(const void *data, u32 len, u32 seed)
{
	const struct ditto_share *share = data;

	return jhash(share->name, strlen(share->name), seed);
}

static int name_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct name_key *key = arg->key;
	const struct ditto_share *share = obj;

	return strncmp(share->name, key->name, key->len) || share->name[key->len];
}

static const struct rhashtable_params by_name_params = {
	.head_offset = offsetof(struct ditto_share, by_name),
	.hashfn = name_key_hash,
	.obj_hashfn = name_obj_hash,
	.obj_cmpfn = name_cmp,
	.automatic_shrinking = true,
};

/* Lookup */

static struct ditto_share *share_find_name(struct ditto_share_table *table, const char *name,
					   size_t len)
{
	const struct name_key key = { .name = name, .len = len };

	return rhashtable_lookup(&table->by_name, &key, by_name_params);
}

/* Context: RCU. */
static struct ditto_share *share_tryget(struct ditto_share *share)
{
	return share && percpu_ref_tryget_live_rcu(&share->ref) ? share : NULL;
}

/**
 * ditto_share_get_by_name - find a share by its name
 * @srv: the server
 * @name: not NUL-terminated
 * @len: length of @name
 *
 * Context: any.
 * Return: the share with a reference, or NULL.
 */
struct ditto_share *ditto_share_get_by_name(struct ditto_server *srv, const char *name, size_t len)
{
	struct ditto_share *share;

	if (len > DITTO_SHARE_NAME_MAX || memchr(name, '\0', len))
		return NULL;
	rcu_read_lock();
	share = share_tryget(share_find_name(srv->shares, name, len));
	rcu_read_unlock();
	return share;
}
EXPORT_SYMBOL_NS_GPL(ditto_share_get_by_name, "DITTO");

/**
 * ditto_share_get_by_tag - find a share by the tag that handles carry
 * @srv: the server
 * @tag: tag of the share
 *
 * Context: any.
 * Return: the share with a reference, or NULL.
 */
struct ditto_share *ditto_share_get_by_tag(struct ditto_server *srv, u64 tag)
{
	struct ditto_share *share;

	rcu_read_lock();
	share = share_tryget(rhashtable_lookup(&srv->shares->by_tag, &tag, ditto_share_by_tag));
	rcu_read_unlock();
	if (!share || likely(!share->outer) || ditto_nested_is_inside(share))
		return share;
	ditto_share_put(share);
	return NULL;
}
EXPORT_SYMBOL_NS_GPL(ditto_share_get_by_tag, "DITTO");

/**
 * ditto_shares_withdrawn - get a number that changes before a share may be freed
 * @srv: the server
 *
 * Context: any.
 * Return: the number, for ditto_share_get_again(). A share that is found afterwards is valid under
 * RCU while the number is the same.
 */
u64 ditto_shares_withdrawn(const struct ditto_server *srv)
{
	/* Before the share is looked up; pairs with ditto_share_untag(). */
	return atomic64_read_acquire(&srv->shares->withdrawn);
}
EXPORT_SYMBOL_NS_GPL(ditto_shares_withdrawn, "DITTO");

/**
 * ditto_share_get_again - get a share that was found before, and was put
 * @srv: the server
 * @share: what ditto_share_get_by_tag() returned
 * @withdrawn: ditto_shares_withdrawn() before that
 *
 * Context: RCU.
 * Return: whether it has another reference. It is also false if any share was removed.
 */
bool ditto_share_get_again(const struct ditto_server *srv, struct ditto_share *share,
			   u64 withdrawn)
{
	return ditto_shares_withdrawn(srv) == withdrawn && share_tryget(share);
}
EXPORT_SYMBOL_NS_GPL(ditto_share_get_again, "DITTO");

/* Slashes that repeat count once. */
static bool path_is(const char *own, const char *path, size_t len)
{
	const char *end = path + len;

	while (*own && path < end && *own == *path) {
		if (*own == '/') {
			own += strspn(own, "/");
			while (path < end && *path == '/')
				path++;
		} else {
			own++;
			path++;
		}
	}
	return !*own && path == end;
}

/**
 * ditto_share_get_by_path - find a share by its name or by the path of its root
 * @srv: the server
 * @path: not NUL-terminated; slashes at its end are ignored, and those that repeat count once
 * @len: length of @path
 *
 * The name of a share, with or without a leading slash, is tried first, then the path that a
 * share was added with.
 *
 * Context: any.
 * Return: the share with a reference, or NULL.
 */
struct ditto_share *ditto_share_get_by_path(struct ditto_server *srv, const char *path, size_t len)
{
	struct ditto_share *share, *found = NULL;
	size_t slashes = 0;

	while (len > 1 && path[len - 1] == '/')
		len--;
	if (!len || memchr(path, '\0', len))
		return NULL;
	while (slashes < len && path[slashes] == '/')
		slashes++;
	found = ditto_share_get_by_name(srv, path + slashes, len - slashes);
	if (found)
		return found;

	rcu_read_lock();
	list_for_each_entry_rcu(share, &srv->shares->list, list) {
		if (path_is(to_share_item(share)->path, path, len)) {
			found = share_tryget(share);
			if (found)
				break;
		}
	}
	rcu_read_unlock();
	return found;
}
EXPORT_SYMBOL_NS_GPL(ditto_share_get_by_path, "DITTO");

static bool share_lets_guests(const struct ditto_share *share)
{
	return rcu_dereference(share->opts)->guest;
}

/* True if @has is, for a share; it is called under RCU. */
static bool shares_have(struct ditto_server *srv, bool (*has)(const struct ditto_share *share))
{
	struct ditto_share *share;
	bool found = false;

	rcu_read_lock();
	list_for_each_entry_rcu(share, &srv->shares->list, list) {
		found = has(share);
		if (found)
			break;
	}
	rcu_read_unlock();
	return found;
}

/**
 * ditto_shares_let_guests - tell whether any share admits guests
 * @srv: the server
 *
 * Context: any.
 * Return: true if one does.
 */
bool ditto_shares_let_guests(struct ditto_server *srv)
{
	return shares_have(srv, share_lets_guests);
}
EXPORT_SYMBOL_NS_GPL(ditto_shares_let_guests, "DITTO");

/**
 * ditto_shares_have_links - tell whether any share has links
 * @srv: the server
 *
 * Context: any.
 * Return: true if one does.
 */
bool ditto_shares_have_links(struct ditto_server *srv)
{
	return shares_have(srv, ditto_share_has_links);
}
EXPORT_SYMBOL_NS_GPL(ditto_shares_have_links, "DITTO");

/**
 * ditto_share_get_home - find the home share of a user
 * @srv: the server
 * @uid: the user
 *
 * Context: any.
 * Return: the share with a reference, or NULL.
 */
struct ditto_share *ditto_share_get_home(struct ditto_server *srv, kuid_t uid)
{
	struct ditto_share *share, *found = NULL;

	if (!uid_valid(uid))
		return NULL;
	rcu_read_lock();
	list_for_each_entry_rcu(share, &srv->shares->list, list) {
		if (!uid_eq(share->home_uid, uid))
			continue;
		found = share_tryget(share);
		if (found)
			break;
	}
	rcu_read_unlock();
	return found;
}
EXPORT_SYMBOL_NS_GPL(ditto_share_get_home, "DITTO");

/**
 * ditto_share_path - get the path that a share was added with, for display
 * @share: held
 *
 * Context: any.
 * Return: the path; valid while the share is held.
 */
const char *ditto_share_path(const struct ditto_share *share)
{
	return to_share_item(share)->path;
}
EXPORT_SYMBOL_NS_GPL(ditto_share_path, "DITTO");

/* A worker never waits for requests: the later of their end and the removal queues it. */
static void share_finish_due(struct share_item *item)
{
	if (atomic_dec_and_test(&item->finish_after))
		queue_work(ditto_wq, &item->finish);
}

/* Addition */

static void share_ref_gone(struct percpu_ref *ref)
{
	struct ditto_share *share = container_of(ref, struct ditto_share, ref);

	share_finish_due(to_share_item(share));
	complete(&share->gone);
}

static void share_free_rcu(struct rcu_head *rcu)
{
	struct share_item *item = container_of(rcu, struct share_item, share.rcu);

	ditto_share_opts_free(rcu_dereference_protected(item->share.opts, true));
	percpu_ref_exit(&item->share.ref);
	if (!item->share.outer)
		free_percpu(item->share.traffic);
	kfree(item->share.name);
	kfree(item->path);
	kfree(item);
}

/* Free a share that was never published. Any context. */
void ditto_share_free(struct ditto_share *share)
{
	call_rcu(&share->rcu, share_free_rcu);
}

/* Release all that a share without users has, but not its mount. It is out of the tables. */
static void share_finish(struct share_item *item)
{
	/*
	 * A server that stops gives nothing to other clients, and its records are for its next
	 * life, as after a reboot.
	 */
	if (ditto_server_listens(item->share.srv))
		ditto_records_share_gone(item->share.srv);
	/* Must precede the close of its instances, which would grant their claims to waiters. */
	ditto_locks_release_share(item->share.srv->locks, item->share.number, "share removed");
	ditto_hooks.share_ends(&item->share);
	ditto_volume_leave(&item->share);
	if (item->share.outer)
		ditto_nested_release(&item->share);
}

/* Return: true if files that threads of the kernel have closed pin the mount for a while. */
static bool share_is_pinned(const struct share_item *item)
{
	/* A file of overlayfs has one of a layer, which pins the mount and is closed by fput(). */
	return !item->share.outer && ditto_sb_is_overlay(item->share.root.mnt->mnt_sb);
}

/*
 * Release the mount of a share after share_finish(). If the mount is pinned, this closes files of
 * the whole machine, and that may take any lock: the caller must hold none, and nobody who holds
 * one may wait for it.
 */
static void share_let_go(struct share_item *item)
{
	if (share_is_pinned(item))
		flush_delayed_fput();
	if (!item->share.outer)
		path_put(&item->share.root);
	ditto_share_free(&item->share);
}

static void share_finish_workfn(struct work_struct *work)
{
	struct share_item *item = container_of(work, struct share_item, finish);
	struct ditto_share_table *table = item->share.srv->shares;

	/* It is queued just before the completion. */
	wait_for_completion(&item->share.gone);
	if (item->late)
		pr_info("share %s: the last request has ended\n", item->share.name);
	share_finish(item);
	if (atomic_dec_and_test(&table->draining))
		wake_up_var(&table->draining);
	/* The end of a namespace, which holds locks, waits until here. */
	share_let_go(item);
}

static int name_check(const char *name, struct netlink_ext_ack *extack)
{
	size_t len = name ? strlen(name) : 0;
	size_t i;

	for (i = 0; i < len; i++)
		if (iscntrl(name[i]) || name[i] == '/')
			break;
	if (!len || i < len || len > DITTO_SHARE_NAME_MAX || !strcmp(name, ".") ||
	    !strcmp(name, "..")) {
		NL_SET_ERR_MSG(extack, "name: 1 to 255 characters, no slash, not . or ..");
		return -EINVAL;
	}
	return 0;
}

/* Messages for errors of path lookup. */
static const struct {
	int err;
	const char *text;
} path_errors[] = {
	{ -ENOENT,	"no such directory" },
	{ -ENOTDIR,	"not a directory" },
	{ -EACCES,	"permission denied" },
	{ -ELOOP,	"too many symbolic links" },
	{ -ENAMETOOLONG, "too long" },
	{ -EAGAIN,	"a file system is not mounted yet" },
	{ -ESTALE,	"its file system does not find it any more" },
	{ -EIO,		"its file system cannot read it" },
};

static int path_check(const struct ditto_share_config *cfg, struct path *path,
		      struct netlink_ext_ack *extack)
{
	const char *name = cfg->path;
	int err;

	if (!name || name[0] != '/') {
		NL_SET_ERR_MSG(extack, "path: must begin with a slash");
		return -EINVAL;
	}
	if (cfg->home)
		err = ditto_home_find(cfg->home, name, path, extack);
	else
		err = kern_path(name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, path);
	/* The message names the owner already. */
	if (err && (!cfg->home || err != -EPERM)) {
		NL_SET_ERR_MSG_FMT(extack, "path: cannot be used, error %d", -err);
		for (size_t i = 0; i < ARRAY_SIZE(path_errors); i++)
			if (path_errors[i].err == err)
				NL_SET_ERR_MSG_FMT(extack, "path: %s", path_errors[i].text);
	}
	if (err)
		return err;
	if (path->mnt->mnt_sb->s_flags & SB_NOUSER) {
		NL_SET_ERR_MSG_FMT(extack, "a file system of type %.16s cannot be served",
				   path->mnt->mnt_sb->s_type->name);
		path_put(path);
		return -EOPNOTSUPP;
	}
	return 0;
}

static char *path_string(const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	return kstrndup(path, len, GFP_KERNEL);
}

/* Others see this of the path with stat(2), which for some is not what is in the inode. */
static void share_look_at_root(struct ditto_share *share)
{
	struct kstat st;

	if (vfs_getattr_nosec(&share->root, &st, STATX_INO, AT_STATX_DONT_SYNC))
		return;
	share->root_dev = st.dev;
	share->root_ino = st.ino;
}

/*
 * Allocate a share that is in no table. @root: the served directory; the caller's reference passes
 * to the share with its publication. Return: the share, to be published or freed with
 * ditto_share_free(); NULL without memory.
 */
struct share_item *ditto_share_new(struct ditto_server *srv, const struct ditto_share_config *cfg,
				   const struct path *root)
{
	struct share_item *item = kzalloc(sizeof(*item), GFP_KERNEL);
	struct ditto_share *share;

	if (!item)
		return NULL;
	share = &item->share;
	share->name = kstrdup(cfg->name, GFP_KERNEL);
	item->path = path_string(cfg->path);
	if (!share->name || !item->path ||
	    percpu_ref_init(&share->ref, share_ref_gone, PERCPU_REF_INIT_DEAD, GFP_KERNEL)) {
		kfree(share->name);
		kfree(item->path);
		kfree(item);
		return NULL;
	}

	share->srv = srv;
	share->root = *root;
	share->home_uid = cfg->home ? cfg->home->uid : INVALID_UID;
	share_look_at_root(share);
	share->subvolume = ditto_path_subvolume(root);
	share->is_subvolume = share->subvolume &&
			      root->mnt->mnt_sb->s_magic == BTRFS_SUPER_MAGIC &&
			      d_inode(root->dentry)->i_ino == DITTO_BTRFS_ROOT_INO;
	share->is_subtree = root->dentry != root->mnt->mnt_sb->s_root;
	init_completion(&share->gone);
	ratelimit_default_init(&share->worm_told);
	ratelimit_set_flags(&share->worm_told, RATELIMIT_MSG_ON_RELEASE);
	for (size_t i = 0; i < ARRAY_SIZE(share->instances); i++) {
		spin_lock_init(&share->instances[i].lock);
		INIT_LIST_HEAD(&share->instances[i].instances);
	}
	INIT_LIST_HEAD(&share->nested);
	INIT_WORK(&item->finish, share_finish_workfn);
	atomic_set(&item->finish_after, 2);
	if (cfg->id)
		share->id = *cfg->id;
	else
		ditto_share_derive_id(root, item->path, &share->id);
	share->tag = ditto_share_tag(&share->id);
	share->number = atomic_inc_return(&share_number);
	return item;
}

/* Note a change of the set of shares. The table's mutex is held. */
void ditto_shares_mark_changed(struct ditto_share_table *table)
{
	lockdep_assert_held(&table->lock);
	/* Pairs with ditto_shares_changed(): a reader of the new number sees the change. */
	smp_store_release(&table->changed, max(ktime_get_real_ns(), table->changed + 1));
}

/**
 * ditto_shares_changed - get the generation of the set of shares
 * @srv: the server
 *
 * The value is the wall clock time in nanoseconds of the last addition, change or removal of a
 * share, or of the server's start. It never repeats for different shares or options.
 *
 * Context: any.
 * Return: the generation.
 */
u64 ditto_shares_changed(const struct ditto_server *srv)
{
	/* Pairs with ditto_shares_mark_changed(). */
	return max(smp_load_acquire(&srv->shares->changed), srv->started);
}
EXPORT_SYMBOL_NS_GPL(ditto_shares_changed, "DITTO");

/*
 * Clients may write the name of a share in any case, so a home must not have the name of another
 * share in another case: who chooses the names of users would choose what they get.
 */
static struct ditto_share *share_find_rival(struct ditto_share_table *table,
					    const struct ditto_share *share)
{
	const struct ditto_name name = { .name = share->name, .len = strlen(share->name) };
	bool home = uid_valid(share->home_uid);
	struct ditto_share *other;

	lockdep_assert_held(&table->lock);
	list_for_each_entry(other, &table->list, list) {
		const struct ditto_name its = { .name = other->name, .len = strlen(other->name) };

		if (home && uid_eq(other->home_uid, share->home_uid))
			return other;
		if ((home || uid_valid(other->home_uid)) && ditto_names_same(&name, &its))
			return other;
	}
	return NULL;
}

/* Check for room and for a free name and identity. */
static int share_check_free(struct ditto_share_table *table, const struct ditto_share *share,
			    struct netlink_ext_ack *extack)
{
	struct ditto_share *other;

	if (table->count >= DITTO_SHARES_MAX) {
		NL_SET_ERR_MSG_FMT(extack, "there are %u shares already", table->count);
		return -ENOSPC;
	}
	if (uid_valid(share->home_uid) && table->homes >= DITTO_HOMES_MAX) {
		NL_SET_ERR_MSG_FMT(extack, "there are %u home shares already", table->homes);
		return -ENOSPC;
	}
	/* No share is freed while the mutex is held. */
	other = share_find_rival(table, share);
	if (other && uid_eq(other->home_uid, share->home_uid)) {
		NL_SET_ERR_MSG_FMT(extack, "user %u has the home share %.48s",
				   from_kuid(&init_user_ns, share->home_uid), other->name);
		return -EEXIST;
	}
	if (other && strcmp(other->name, share->name)) {
		NL_SET_ERR_MSG_FMT(extack, "name: there is %.48s, which clients could mean, too",
				   other->name);
		return -EEXIST;
	}
	rcu_read_lock();
	other = share_find_name(table, share->name, strlen(share->name));
	if (other) {
		rcu_read_unlock();
		NL_SET_ERR_MSG(extack, "name: there is such a share already");
		return -EEXIST;
	}
	other = rhashtable_lookup(&table->by_tag, &share->tag, ditto_share_by_tag);
	if (other)
		NL_SET_ERR_MSG_FMT(extack, "share %.24s has the same id; give another with id",
				   other->name);
	rcu_read_unlock();
	return other ? -EEXIST : 0;
}

/* Insert a share into all tables. Its dead reference count prevents its use until it is in all. */
static int share_publish(struct ditto_share_table *table, struct ditto_share *share)
{
	struct ditto_share *pos;
	int err;

	lockdep_assert_held(&table->lock);
	err = rhashtable_insert_fast(&table->by_name, &share->by_name, by_name_params);
	if (err)
		return -ENOMEM;
	err = rhashtable_insert_fast(&table->by_tag, &share->by_tag, ditto_share_by_tag);
	if (err) {
		rhashtable_remove_fast(&table->by_name, &share->by_name, by_name_params);
		return -ENOMEM;
	}
	/* The list is sorted by name. */
	list_for_each_entry(pos, &table->list, list)
		if (strcmp(share->name, pos->name) < 0)
			break;
	list_add_tail_rcu(&share->list, &pos->list);
	table->count++;
	table->homes += uid_valid(share->home_uid);
	percpu_ref_reinit(&share->ref);
	ditto_shares_mark_changed(table);
	return 0;
}

/* Tell what a new share cannot do, of what its clients may expect. */
static void share_warn(struct ditto_share_table *table, const struct ditto_share *share,
		       struct netlink_ext_ack *extack)
{
	const char *type = share->volume->sb->s_type->name;

	lockdep_assert_held(&table->lock);
	/* Not every protocol needs handles. */
	if (!share->volume->has_handles) {
		NL_SET_ERR_MSG_FMT(extack,
				   "a file system of type %.16s gives no file handles: NFS cannot serve it",
				   type);
		return;
	}
	if (share->volume->is_cluster) {
		if (!d_inode(share->root.dentry)->i_fop->lock || !ditto_share_local_locks(share))
			NL_SET_ERR_MSG(extack,
				       "other machines have this file system, too: no client gets a delegation, lease or oplock, and all locks and deny modes hold on this server alone");
		else
			NL_SET_ERR_MSG(extack,
				       "other machines have this file system, too: no client gets a delegation, lease or oplock, locks of byte ranges hold on all machines, and deny modes on this server alone");
	}
	/*
	 * In a subtree, access to a file depends on its directory. File systems without
	 * connectable handles know the directory only while the file is in memory.
	 */
	if (share->is_subtree && !ditto_fid_connectable(d_inode(share->root.dentry)))
		pr_warn("share %s: %s cannot tell a file's directory, so clients may lose open files when memory is short or the server restarts; share the root of the file system instead\n",
			share->name, type);
}

/*
 * Give a share a copy of its options, which is freed with it also if it is not added: others read
 * it as soon as the volume has the share.
 */
static int share_set_opts(struct ditto_share_table *table, struct ditto_share *share,
			  const struct ditto_share_opts *from)
{
	struct ditto_share_opts *opts = ditto_share_opts_dup(from);
	int err;

	if (!opts)
		return -ENOMEM;
	err = ditto_share_blocks_make(opts, share->name);
	if (err)
		ditto_share_opts_free(opts);
	else
		ditto_share_opts_publish(table, share, opts);
	return err;
}

/* Join the volume, if name and id of the share are free. Return: as ditto_volume_join(). */
static int share_join(struct ditto_share_table *table, struct ditto_share *share,
		      const struct ditto_share_opts *opts, struct netlink_ext_ack *extack)
{
	int err = share_check_free(table, share, extack) ?: share_set_opts(table, share, opts);

	if (err)
		return err;
	err = ditto_volume_join(share->srv, share);
	if (err && err != -EAGAIN)
		NL_SET_ERR_MSG(extack, "the file system could not be joined");
	return err;
}

/*
 * Serve a directory. @extack: gets a message on error, and a warning if not every protocol can
 * serve the directory; may be NULL. Context: process, may sleep; the caller has checked
 * CAP_NET_ADMIN. Return: 0; -EEXIST (name or id taken); -ENOENT, -ENOTDIR (no such directory);
 * -EINVAL (name or path); -EOPNOTSUPP (the file system cannot be served); -ENOSPC (too many
 * shares); -ENOMEM; errors of ditto_home_find().
 */
int ditto_share_add(struct ditto_server *srv, const struct ditto_share_config *cfg,
		    struct netlink_ext_ack *extack)
{
	struct ditto_share_table *table = srv->shares;
	struct ditto_share *share;
	struct share_item *item;
	unsigned int ended;
	struct path root;
	int err;

	err = name_check(cfg->name, extack);
	if (err)
		return err;
	err = path_check(cfg, &root, extack);
	if (err)
		return err;
	item = ditto_share_new(srv, cfg, &root);
	if (!item) {
		err = -ENOMEM;
		goto put_path;
	}
	share = &item->share;
	share->traffic = alloc_percpu(struct ditto_share_traffic);
	if (!share->traffic) {
		err = -ENOMEM;
		goto free;
	}
	err = ditto_share_opts_check(NULL, cfg->opts, extack);
	if (!err && cfg->opts->worm)
		err = ditto_hooks.share_check_worm(share, extack);
	if (err)
		goto free;
	ditto_links_find_dirs(share, cfg->opts->links, extack);
	/* Without a bin the share can still be used. */
	if (cfg->opts->trash && ditto_hooks.share_check_bin(share, extack))
		cfg->opts->trash = false;

	/* The end of an old volume may take as long as a disk hangs: nobody else waits for it. */
	do {
		ended = ditto_volumes_ended();
		mutex_lock(&table->lock);
		err = share_join(table, share, cfg->opts, extack);
		if (!err)
			break;
		mutex_unlock(&table->lock);
	} while (err == -EAGAIN && !(err = ditto_volumes_wait(ended)));
	if (err)
		goto free;
	/* The disk may hang here, too. Nobody finds the share, so others may take its name. */
	mutex_unlock(&table->lock);
	err = ditto_hooks.volume_start_worm(share->volume);
	if (!cfg->opts->worm)
		err = 0;
	err = err ?: ditto_share_check_volume(share, cfg->opts, extack);
	mutex_lock(&table->lock);
	/* A protocol that was registered while the lock was free has no values in the options. */
	err = err ?: share_check_free(table, share, extack) ?:
	      share_set_opts(table, share, cfg->opts) ?: share_publish(table, share);
	if (err)
		goto leave;
	share_warn(table, share, extack);
	ditto_hooks.share_changed(share);
	mutex_unlock(&table->lock);
	ditto_share_opts_free(cfg->opts);
	ditto_event(srv, DITTO_EVENT_SHARE_ADDED, cfg->name);
	return 0;

leave:
	mutex_unlock(&table->lock);
	ditto_volume_leave(share);
free:
	ditto_share_free(share);
put_path:
	path_put(&root);
	return err;
}

/*
 * Find a share by name, to change it. @table: its mutex is held. Return: the share, valid while the
 * mutex is held; or NULL.
 */
struct ditto_share *ditto_share_named(struct ditto_share_table *table, const char *name,
				      struct netlink_ext_ack *extack)
{
	struct ditto_share *share;

	lockdep_assert_held(&table->lock);
	rcu_read_lock();
	share = share_find_name(table, name, strlen(name));
	rcu_read_unlock();
	if (!share)
		NL_SET_ERR_MSG(extack, "name: there is no such share");
	return share;
}

/* Removal */

/*
 * Take a share out of the table by tag. @table: its lock is held; @share: in the table; freed a
 * grace period later at the earliest. Ends what is remembered of shares, see
 * ditto_share_get_again().
 */
void ditto_share_untag(struct ditto_share_table *table, struct ditto_share *share)
{
	lockdep_assert_held(&table->lock);
	rhashtable_remove_fast(&table->by_tag, &share->by_tag, ditto_share_by_tag);
	/* A reader of the new number does not find the share; see ditto_shares_withdrawn(). */
	smp_mb__before_atomic();
	atomic64_inc(&table->withdrawn);
}

static void share_withdraw(struct ditto_share_table *table, struct ditto_share *share)
{
	lockdep_assert_held(&table->lock);
	rhashtable_remove_fast(&table->by_name, &share->by_name, by_name_params);
	ditto_share_untag(table, share);
	list_del_rcu(&share->list);
	table->count--;
	table->homes -= uid_valid(share->home_uid);
	percpu_ref_kill(&share->ref);
	ditto_nested_trim(table);
	ditto_shares_mark_changed(table);
}

/*
 * Release a share in the background when its last user is gone. @item: a share that is out of the
 * tables and whose reference count was killed. Context: any.
 */
void ditto_share_finish_later(struct ditto_share_table *table, struct share_item *item, bool late)
{
	item->late = late;
	atomic_inc(&table->draining);
	share_finish_due(item);
}

/*
 * Stop serving a directory, synchronously. @extack: gets a message on error; may be NULL. New
 * requests fail. The function waits up to the drain setting for requests in flight, closes cached
 * files and drops the nodes that no other share serves. After success nothing of Ditto pins the
 * mount. For an overlay, files of the whole machine are closed that threads of the kernel have put.
 * Context: process, may sleep (drain setting); no lock held, and no task with one waits for it.
 * Return: 0; -ENOENT; or -ETIMEDOUT with a message that tells the number of running requests. In
 * that case the share is gone for clients and drains in the background.
 */
int ditto_share_del(struct ditto_server *srv, const char *name, struct netlink_ext_ack *extack)
{
	struct ditto_share_table *table = srv->shares;
	u32 drain_ms = READ_ONCE(srv->settings.drain_ms);
	struct ditto_share *share;
	struct share_item *item;
	unsigned long left;

	mutex_lock(&table->lock);
	share = ditto_share_named(table, name, extack);
	if (share)
		share_withdraw(table, share);
	mutex_unlock(&table->lock);
	if (!share)
		return -ENOENT;

	item = to_share_item(share);
	ditto_hooks.share_withdrawn(share);
	ditto_event(srv, DITTO_EVENT_SHARE_REMOVED, name);
	left = wait_for_completion_timeout(&share->gone, msecs_to_jiffies(drain_ms));
	if (!left) {
		long running;

		/* The RCU callback sums up the per-cpu reference counts. */
		rcu_barrier();
		running = atomic_long_read(&share->ref.data->count);
		NL_SET_ERR_MSG_FMT(extack,
				   "%ld requests still run after %u ms; it goes when they end",
				   running, drain_ms);
		pr_warn("share %s: %ld requests still run after %u ms\n", name, running, drain_ms);
		ditto_share_finish_later(table, item, true);
		return -ETIMEDOUT;
	}
	share_finish(item);
	share_let_go(item);
	return 0;
}

/*
 * Set the key that signs handles. The first key is always taken, as ditto_listener_add() refuses
 * before it. Clients hold handles signed with it, so it changes only while there are no shares.
 * Return: 0 or -EBUSY.
 */
int ditto_shares_set_key(struct ditto_server *srv, const siphash_key_t *key)
{
	struct ditto_share_table *table = srv->shares;
	int err = 0;

	mutex_lock(&table->lock);
	/* Before the first key there are no listeners, so no client has a handle. */
	if (!srv->handle_key_set) {
		srv->handle_key = *key;
		/* Pairs with ditto_listener_add(). */
		smp_store_release(&srv->handle_key_set, true);
	} else if (memcmp(key, &srv->handle_key, sizeof(*key))) {
		if (table->count || atomic_read(&table->draining))
			err = -EBUSY;
		else
			srv->handle_key = *key;
	}
	mutex_unlock(&table->lock);
	return err;
}

/* Set up the tables of shares. */
int ditto_shares_init(struct ditto_server *srv)
{
	struct ditto_share_table *table = kzalloc(sizeof(*table), GFP_KERNEL);
	int err;

	if (!table)
		return -ENOMEM;
	mutex_init(&table->lock);
	INIT_LIST_HEAD(&table->list);
	INIT_LIST_HEAD(&table->nested);
	err = rhashtable_init(&table->by_name, &by_name_params);
	if (err)
		goto err_table;
	err = rhashtable_init(&table->by_tag, &ditto_share_by_tag);
	if (err)
		goto err_name;
	srv->shares = table;
	srv->options_added = ditto_shares_options_added;
	return 0;

err_name:
	rhashtable_destroy(&table->by_name);
err_table:
	kfree(table);
	return err;
}

/* Remove all shares, which may wait for operations in flight and for disks, and the tables. */
void ditto_shares_exit(struct ditto_server *srv)
{
	struct ditto_share_table *table = srv->shares;
	struct ditto_share *share, *next;

	mutex_lock(&table->lock);
	list_for_each_entry_safe(share, next, &table->list, list) {
		share_withdraw(table, share);
		ditto_share_finish_later(table, to_share_item(share), false);
	}
	mutex_unlock(&table->lock);
	wait_var_event(&table->draining, !atomic_read(&table->draining));
	rhashtable_destroy(&table->by_tag);
	rhashtable_destroy(&table->by_name);
	srv->shares = NULL;
	kfree(table);
}
