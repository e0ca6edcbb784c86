// SPDX-License-Identifier: GPL-2.0-only
/* File systems mounted below the root of a share; see nested.h. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/exportfs.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/netlink.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "../../net/server.h"
#include "../node/extension.h"
#include "../node/fid.h"
#include "../node/node_private.h"
#include "caller.h"
#include "link.h"
#include "nested.h"
#include "share.h"
#include "share_private.h"

/* What a mount may change of the file system: a mount that differs in it is another one. */
#define NESTED_FLAGS	(MNT_NOSUID | MNT_NODEV | MNT_NOEXEC | MNT_NOATIME | MNT_NODIRATIME | \
			 MNT_RELATIME | MNT_READONLY)

/* Not secret: the identity must be the same after a restart. */
static const siphash_key_t nested_id_keys[2] = {
	{ { 0x646974746f206e65ULL, 0x7374656420696431ULL } },
	{ { 0x646974746f206e65ULL, 0x7374656420696432ULL } },
};

/**
 * struct nested_way - way from a mount up to the mount of a share
 * @top: root of the mount, held
 * @on: what it is mounted on, what the mount of that is mounted on, and so on; held
 * @count: entries of @on
 */
struct nested_way {
	struct path top;
	struct path on[DITTO_NESTED_DEPTH];
	unsigned int count;
};

/*
 * Find the file system that is mounted on a directory. Context: any. Return: the innermost one,
 * with a reference; NULL if none is part of the share.
 */
struct ditto_share *ditto_nested_get(struct ditto_share *share, struct dentry *dentry)
{
	struct ditto_share *at = share, *found = NULL, *nested;
	bool deeper;

	rcu_read_lock();
	do {
		deeper = false;
		/* The flag is gone as soon as nothing is mounted on it. */
		if (likely(!d_mountpoint(dentry)))
			break;
		list_for_each_entry_rcu(nested, &at->nested, nested_link) {
			if (nested->covered != dentry || !percpu_ref_tryget_live(&nested->ref))
				continue;
			if (found)
				ditto_share_put(found);
			found = nested;
			deeper = true;
			break;
		}
		if (deeper) {
			at = found;
			dentry = found->root.dentry;
		}
	} while (deeper);
	rcu_read_unlock();
	return found;
}

/**
 * ditto_nested_follow - change to the root of the file system that is mounted on a directory
 * @op: the caller
 * @share: filled with the share that stands for the file system, to be put; NULL if none that is
 *	part of @op->share is mounted there
 * @node: any file; replaced by that root. Unchanged on error
 *
 * Return: 0; -ENOMEM, -ESTALE.
 */
int ditto_nested_follow(const struct ditto_op *op, struct ditto_share **share,
			struct ditto_node **node)
{
	struct dentry *dentry = ditto_node_dentry(*node);
	struct ditto_node *root;

	*share = ditto_nested_get(op->share, dentry);
	dput(dentry);
	if (!*share)
		return 0;
	root = ditto_node_get_root(*share);
	if (IS_ERR(root)) {
		ditto_share_put(*share);
		*share = NULL;
		return PTR_ERR(root);
	}
	ditto_node_put(*node);
	*node = root;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_nested_follow, "DITTO");

/**
 * ditto_nested_for_each - call a function for every file system within a share
 * @srv: the server
 * @fn: returns 0 to continue; runs with the table's mutex held, may sleep, must not add
 *	or remove shares
 * @arg: passed to @fn
 *
 * Return: 0, or the first nonzero value of @fn.
 */
int ditto_nested_for_each(struct ditto_server *srv,
			  int (*fn)(struct ditto_share *share, void *arg), void *arg)
{
	struct ditto_share_table *table = srv->shares;
	struct ditto_share *nested;
	int ret = 0;

	mutex_lock(&table->lock);
	list_for_each_entry(nested, &table->nested, list) {
		ret = fn(nested, arg);
		if (ret)
			break;
	}
	mutex_unlock(&table->lock);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(ditto_nested_for_each, "DITTO");

/**
 * ditto_nested_outermost - get the share that the administrator has made
 * @share: held; what it is nested in is held by it
 *
 * Context: any.
 * Return: @share, or the share that it is nested in.
 */
struct ditto_share *ditto_nested_outermost(struct ditto_share *share)
{
	while (share->outer)
		share = share->outer;
	return share;
}
EXPORT_SYMBOL_NS_GPL(ditto_nested_outermost, "DITTO");

/* Options */

static enum ditto_nested_use nested_use(const struct ditto_share_table *table,
					const struct ditto_share *share)
{
	return rcu_dereference_protected(share->opts, lockdep_is_held(&table->lock))->nested;
}

/*
 * Copy the options of the share itself; its directory of snapshots, its links and its bin are not
 * in this file system.
 */
static struct ditto_share_opts *nested_opts(const struct ditto_share_table *table,
					    const struct ditto_share *share, const char *name)
{
	struct ditto_share_opts *opts;

	opts = ditto_share_opts_dup(rcu_dereference_protected(share->opts,
							      lockdep_is_held(&table->lock)));
	if (!opts)
		return NULL;
	if (opts->nested == DITTO_NESTED_LOOK)
		opts->read_only = true;
	kfree(opts->snapshots);
	opts->snapshots = NULL;
	ditto_links_put(opts->links);
	opts->links = NULL;
	opts->trash = false;
	if (!ditto_share_blocks_make(opts, name))
		return opts;
	ditto_share_opts_free(opts);
	return NULL;
}

/* Removal */

static void nested_withdraw(struct ditto_share_table *table, struct ditto_share *nested)
{
	lockdep_assert_held(&table->lock);
	pr_info("share %s: %s is not part of it any more\n", ditto_nested_outermost(nested)->name,
		ditto_share_path(nested));
	ditto_share_untag(table, nested);
	list_del_rcu(&nested->nested_link);
	list_del(&nested->list);
	table->nested_count--;
	percpu_ref_kill(&nested->ref);
	ditto_hooks.share_withdrawn(nested);
	ditto_share_finish_later(table, to_share_item(nested), false);
}

/* Withdraw file systems whose outer share is gone or does not want them. The mutex is held. */
void ditto_nested_trim(struct ditto_share_table *table)
{
	struct ditto_share *nested, *next;

	lockdep_assert_held(&table->lock);
	/* Outer ones come first. */
	list_for_each_entry_safe(nested, next, &table->nested, list)
		if (percpu_ref_is_dying(&nested->outer->ref) ||
		    nested_use(table, nested->outer) == DITTO_NESTED_OFF)
			nested_withdraw(table, nested);
}

/* The options of @share have changed: apply them to file systems within. The mutex is held. */
void ditto_nested_set(struct ditto_share_table *table, struct ditto_share *share)
{
	bool wanted = nested_use(table, share) != DITTO_NESTED_OFF;
	struct ditto_share *nested, *next;

	lockdep_assert_held(&table->lock);
	list_for_each_entry_safe(nested, next, &table->nested, list) {
		struct ditto_share_opts *opts;

		if (ditto_nested_outermost(nested) != share)
			continue;
		opts = wanted ? nested_opts(table, share, nested->name) : NULL;
		/* The old options might allow what the new ones do not. */
		if (opts)
			ditto_share_opts_publish(table, nested, opts);
		else
			nested_withdraw(table, nested);
	}
	ditto_nested_trim(table);
}

static void nested_unmount(struct ditto_share *nested)
{
	dput(nested->root.dentry);
	kern_unmount(nested->root.mnt);
}

/* Release the mount and the outer share of a file system that has no users. May sleep. */
void ditto_nested_release(struct ditto_share *nested)
{
	nested_unmount(nested);
	dput(nested->covered);
	ditto_share_put(nested->outer);
}

static bool nested_is(const struct ditto_share *nested, const struct vfsmount *mnt)
{
	const struct vfsmount *own = nested->root.mnt;

	return mnt->mnt_sb == own->mnt_sb && mnt->mnt_root == nested->root.dentry &&
	       !((mnt->mnt_flags ^ own->mnt_flags) & NESTED_FLAGS) &&
	       mnt_idmap(mnt) == mnt_idmap(own);
}

/*
 * Tell whether a file system is still below the root of its share. A directory between the two may
 * have been moved out of the share, with what is mounted in it. Context: any.
 */
bool ditto_nested_is_inside(const struct ditto_share *nested)
{
	for (; nested->outer; nested = nested->outer)
		if (nested->outer->is_subtree &&
		    !is_subdir(nested->covered, nested->outer->root.dentry))
			return false;
	return true;
}

/*
 * Find the mount of a file system in the tree of mounts. The recursion ends after
 * DITTO_NESTED_DEPTH levels. @path is held if the result is true.
 */
static bool nested_find_mount(struct ditto_share *nested, struct path *path)
{
	if (!nested->outer->outer)
		path->mnt = mntget(nested->outer->root.mnt);
	else if (nested_find_mount(nested->outer, path))
		dput(path->dentry);
	else
		return false;
	path->dentry = dget(nested->covered);
	if (follow_down_one(path) && nested_is(nested, path->mnt))
		return true;
	path_put(path);
	return false;
}

/*
 * Drop file systems that are no longer mounted in a share. They are released in the background,
 * when the requests that use them have ended. A mount whose options changed counts as another one.
 */
void ditto_nested_check(struct ditto_server *srv)
{
	struct ditto_share_table *table = srv->shares;
	struct ditto_share *nested, *next;
	struct path path;

	mutex_lock(&table->lock);
	list_for_each_entry_safe(nested, next, &table->nested, list) {
		bool found = nested_find_mount(nested, &path);

		if (found)
			path_put(&path);
		if (!found || !ditto_nested_is_inside(nested))
			nested_withdraw(table, nested);
	}
	ditto_nested_trim(table);
	mutex_unlock(&table->lock);
}

/* Addition */

/*
 * A file system without a UUID is identified by its root, which has another number and time of
 * birth when such a file system is made anew. A file system whose server does not answer must not
 * hold up changes of other shares, so no server is asked.
 */
static void nested_derive_id(const struct ditto_share *outer, struct dentry *covered,
			     const struct path *root, const char *name, uuid_t *id)
{
	const struct super_block *sb = root->mnt->mnt_sb;
	struct {
		uuid_t outer;
		uuid_t own;
		struct ditto_fid covered;
		struct ditto_fid root;
		u64 path;
		s64 born;
		u64 born_ns;
	} key;
	struct kstat st;

	memset(&key, 0, sizeof(key));
	key.outer = outer->id;
	ditto_share_derive_id(root, name, &key.own);
	if (ditto_fid_encode(covered, false, &key.covered))
		key.path = siphash(name, strlen(name), &nested_id_keys[0]);
	if (!(sb->s_type->fs_flags & FS_REQUIRES_DEV) || uuid_is_null(&sb->s_uuid)) {
		ditto_fid_encode(root->dentry, false, &key.root);
		if (!vfs_getattr_nosec(root, &st, STATX_BTIME, AT_STATX_DONT_SYNC) &&
		    st.result_mask & STATX_BTIME) {
			key.born = st.btime.tv_sec;
			key.born_ns = st.btime.tv_nsec;
		}
	}
	for (int i = 0; i < ARRAY_SIZE(nested_id_keys); i++)
		put_unaligned_le64(siphash(&key, sizeof(key), &nested_id_keys[i]),
				   &id->b[i * sizeof(u64)]);
}

/* Path of a directory from the root of its share on, with a slash before; in @buffer. */
static const char *nested_path(const struct ditto_share *share, struct dentry *dentry, char *buffer)
{
	char *root = dentry_path_raw(share->root.dentry, buffer, PATH_MAX);
	size_t skip = IS_ERR(root) || !strcmp(root, "/") ? 0 : strlen(root);
	char *path = dentry_path_raw(dentry, buffer, PATH_MAX);

	return IS_ERR(path) || strlen(path) < skip ? "/?" : path + skip;
}

/* Names are for people only: no client gives or gets them. */
static struct share_item *nested_new(struct ditto_share *outer, struct dentry *covered,
				     const struct path *root)
{
	struct share_item *item = NULL;
	struct ditto_share_config cfg;
	char *buffer = __getname();
	char *name, *path;
	const char *below;
	uuid_t id;

	if (!buffer)
		return NULL;
	below = nested_path(outer, covered, buffer);
	name = kasprintf(GFP_KERNEL, "%s%s", outer->name, below);
	path = kasprintf(GFP_KERNEL, "%s%s", ditto_share_path(outer), below);
	__putname(buffer);
	if (name && path) {
		nested_derive_id(outer, covered, root, path, &id);
		name[min_t(size_t, strlen(name), DITTO_SHARE_NAME_MAX)] = '\0';
		cfg = (struct ditto_share_config){ .name = name, .path = path, .id = &id };
		item = ditto_share_new(outer->srv, &cfg, root);
	}
	kfree(name);
	kfree(path);
	return item;
}

/* Fails for an unbindable mount, and for one outside of the caller's mount namespace. */
static int nested_mount(struct ditto_share *nested, const struct path *root)
{
	const struct cred *old = override_creds(nested->srv->nodes->cred);
	struct vfsmount *mnt = clone_private_mount(root);

	revert_creds(old);
	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	nested->root.mnt = mnt;
	nested->root.dentry = dget(root->dentry);
	return 0;
}

static int nested_publish(struct ditto_share_table *table, struct ditto_share *outer,
			  struct dentry *covered, struct ditto_share *nested)
{
	/* Who finds it by its tag sees these. */
	nested->outer = outer;
	nested->covered = covered;
	nested->traffic = outer->traffic;
	if (rhashtable_insert_fast(&table->by_tag, &nested->by_tag, ditto_share_by_tag))
		return -ENOMEM;
	percpu_ref_get(&outer->ref);
	dget(covered);
	list_add_tail(&nested->list, &table->nested);
	table->nested_count++;
	list_add_tail_rcu(&nested->nested_link, &outer->nested);
	percpu_ref_reinit(&nested->ref);
	pr_info("share %s: %s is part of it\n", ditto_nested_outermost(nested)->name,
		ditto_share_path(nested));
	return 0;
}

/*
 * Users without privileges can mount FUSE, and their program would decide how long requests, and
 * the lock of the table of shares, have to wait.
 */
static bool nested_is_servable(const struct super_block *sb)
{
	if (sb->s_magic == FUSE_SUPER_MAGIC && strcmp(sb->s_type->name, "virtiofs"))
		return false;
	return !(sb->s_flags & SB_NOUSER) && exportfs_can_decode_fh(sb->s_export_op);
}

/* @root is on the mount that the administrator has made. */
static int nested_make(struct ditto_share_table *table, struct ditto_share *outer,
		       struct dentry *covered, const struct path *root,
		       struct netlink_ext_ack *extack)
{
	const struct super_block *sb = root->mnt->mnt_sb;
	struct ditto_share_opts *opts;
	struct ditto_share *nested;
	struct share_item *item;
	int err;

	lockdep_assert_held(&table->lock);
	if (table->nested_count >= DITTO_NESTED_MAX) {
		NL_SET_ERR_MSG_FMT(extack, "there are %u file systems within shares already",
				   table->nested_count);
		return -ENOSPC;
	}
	if (!nested_is_servable(sb)) {
		NL_SET_ERR_MSG_FMT(extack,
				   "a file system of type %.16s cannot be part of a share",
				   sb->s_type->name);
		return -EOPNOTSUPP;
	}
	item = nested_new(outer, covered, root);
	if (!item)
		return -ENOMEM;
	nested = &item->share;
	err = -EEXIST;
	if (rhashtable_lookup_fast(&table->by_tag, &nested->tag, ditto_share_by_tag))
		goto free;
	err = -ENOMEM;
	opts = nested_opts(table, ditto_nested_outermost(outer), nested->name);
	if (!opts)
		goto free;
	ditto_share_opts_publish(table, nested, opts);
	err = ditto_volume_join(outer->srv, nested);
	if (err)
		goto free;
	err = -EOPNOTSUPP;
	if (!nested->volume->has_handles)
		goto leave;
	ditto_hooks.volume_start_worm(nested->volume);
	err = nested_mount(nested, root);
	if (err)
		goto leave;
	err = nested_publish(table, outer, covered, nested);
	if (!err)
		return 0;

	ditto_volume_leave(nested);
	nested_unmount(nested);
	goto free;
leave:
	ditto_volume_leave(nested);
free:
	ditto_share_free(nested);
	return err;
}

/* Make the next file system on the way part of the share, and step into it. */
static int nested_step(struct ditto_share_table *table, struct ditto_share **at,
		       struct dentry *covered, struct vfsmount *mnt,
		       struct netlink_ext_ack *extack)
{
	const struct path root = { .mnt = mnt, .dentry = mnt->mnt_root };
	struct ditto_share *outer = *at, *nested;
	int err;

	lockdep_assert_held(&table->lock);
	if (!d_is_dir(root.dentry))
		return -ENOTDIR;
	list_for_each_entry(nested, &outer->nested, nested_link) {
		if (nested->covered != covered)
			continue;
		if (nested_is(nested, mnt)) {
			*at = nested;
			return 0;
		}
		nested_withdraw(table, nested);
		ditto_nested_trim(table);
		break;
	}
	err = nested_make(table, outer, covered, &root, extack);
	if (!err)
		*at = list_last_entry(&outer->nested, struct ditto_share, nested_link);
	return err;
}

static int way_find(struct nested_way *way, const struct ditto_share *share)
{
	struct path at = way->top;
	int err = 0;

	path_get(&at);
	while (!err && at.mnt != share->root.mnt) {
		if (way->count == DITTO_NESTED_DEPTH) {
			err = -ELOOP;
		} else if (!follow_up(&at)) {
			err = -ENOENT;
		} else {
			path_get(&at);
			way->on[way->count++] = at;
		}
	}
	/* What covers the root of the share is not below it. */
	if (!err && (!way->count || at.dentry == share->root.dentry ||
		     !is_subdir(at.dentry, share->root.dentry)))
		err = -ENOENT;
	path_put(&at);
	return err;
}

static int nested_add(struct ditto_share_table *table, const char *name, struct nested_way *way,
		      struct netlink_ext_ack *extack)
{
	struct ditto_share *at = ditto_share_named(table, name, extack);
	int err;

	if (!at)
		return -ENOENT;
	if (nested_use(table, at) == DITTO_NESTED_OFF) {
		NL_SET_ERR_MSG(extack, "file systems within this share are not part of it");
		return -EINVAL;
	}
	err = way_find(way, at);
	for (unsigned int i = way->count; !err && i--;)
		err = nested_step(table, &at, way->on[i].dentry,
				  i ? way->on[i - 1].mnt : way->top.mnt, extack);
	return err;
}

static int nested_try(struct ditto_server *srv, const char *name, const char *mountpoint,
		      struct netlink_ext_ack *extack)
{
	struct ditto_share_table *table = srv->shares;
	struct nested_way way = {};
	int err;

	/* Without LOOKUP_DIRECTORY, because that would mount what is mounted on demand. */
	err = kern_path(mountpoint, LOOKUP_FOLLOW, &way.top);
	if (err)
		return err;
	mutex_lock(&table->lock);
	err = nested_add(table, name, &way, extack);
	mutex_unlock(&table->lock);
	while (way.count--)
		path_put(&way.on[way.count]);
	path_put(&way.top);
	return err;
}

/*
 * Make a mounted file system part of a share. @mountpoint: absolute path of the mount, resolved in
 * the caller's root; @extack: gets a message on error; may be NULL. Does nothing if it is part of
 * the share already. File systems between the share and this one are added, too. Waits for the end
 * of a volume of the same file system, if it was served before. Context: process, may sleep; the
 * caller has checked CAP_NET_ADMIN. Return: 0; -ENOENT (no such share, or not a mount below it);
 * -EOPNOTSUPP (the file system gives no file handles, or is FUSE); -EINVAL (the share does not want
 * it, or the mount is unbindable); -ENOTDIR; -ENOSPC; -ELOOP; -EINTR; -ENOMEM and others.
 */
int ditto_nested_add(struct ditto_server *srv, const char *name, const char *mountpoint,
		     struct netlink_ext_ack *extack)
{
	unsigned int ended;
	int err;

	do {
		ended = ditto_volumes_ended();
		err = nested_try(srv, name, mountpoint, extack);
	} while (err == -EAGAIN && !(err = ditto_volumes_wait(ended)));
	return err;
}
