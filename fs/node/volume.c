// SPDX-License-Identifier: GPL-2.0-only
/*
 * Volumes: the file systems that shares lie on.
 *
 * An fsnotify mark on the superblock reports when a file may have lost its last name, so that its
 * node does not keep its space, no matter which task removed it. It also reports changes of
 * attributes, which may invalidate cached access control lists. Another mark reports changes of
 * directories by other tasks, which invalidate cached names; the file system has it once names are
 * cached.
 *
 * Locking: the node table's volumes_lock guards the list of volumes and each volume's list of
 * shares, which is also read under RCU. It is not held while the last share waits for the volume's
 * nodes to be freed, since the file system may hang. Until then the volume is in the list without a
 * share, and a new share on the file system waits for its end with no lock held. The notification
 * runs with the locks of the task that changes the file system, so it only takes nodes out of the
 * tables.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/exportfs.h>
#include <linux/fsnotify_backend.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include <linux/uuid.h>
#include <linux/wait_bit.h>

#include "../../net/server.h"
#include "extension.h"
#include "fid.h"
#include "file.h"
#include "local_notify.h"
#include "node_private.h"
#include "share_types.h"

/* Defined here because gfs2_ondisk.h may not be installed. */
#define DITTO_GFS2_MAGIC	0x01161970

/* Not secret: identity and tag must be the same on every machine. */
static const siphash_key_t id_keys[2] = {
	{ { 0x646974746f207368ULL, 0x6172652069642031ULL } },
	{ { 0x646974746f207368ULL, 0x6172652069642032ULL } },
};

static const siphash_key_t tag_key = {
	{ 0x646974746f207368ULL, 0x6172652074616720ULL }
};

#define NAME_EVENTS	(FS_CREATE | FS_MOVED_FROM | FS_MOVED_TO)

/*
 * A node pins a name of its file. FS_DELETE_SELF follows the end of the last name in memory, so
 * with a node it can only report the end of another name. On local file systems, FS_ATTRIB has
 * reported the link count before, but not a directory's, for which there is FS_DELETE.
 */
static u32 events_of(const struct ditto_volume *volume)
{
	return FS_ATTRIB | FS_DELETE | (volume->is_remote ? FS_DELETE_SELF : 0);
}

/* The directory is locked by the task that changes it. */
static void notify_entry(struct ditto_node_table *table, const struct inode *dir)
{
	struct ditto_node *node;
	bool own;

	/* Most changes are the server's own, or of directories without a node. */
	rcu_read_lock();
	node = ditto_node_peek_inode(table, dir);
	own = !node || READ_ONCE(node->changer) == current;
	rcu_read_unlock();
	if (own)
		return;
	node = ditto_node_find_inode(table, dir);
	if (!node)
		return;
	ditto_hooks.entries_changed(node);
	ditto_node_put_later(node);
}

static void notify_attributes(struct ditto_node_table *table, const struct inode *inode)
{
	struct ditto_node *node;

	rcu_read_lock();
	node = ditto_node_peek_inode(table, inode);
	if (node)
		ditto_hooks.attributes_changed(node);
	rcu_read_unlock();
}

/* The removing task handles the node after it has dropped its locks. */
static bool is_own_removal(struct ditto_node_table *table, const struct inode *inode)
{
	const struct ditto_node *node;
	bool own;

	/* @changer of a directory belongs to the task that changes its entries. */
	if (S_ISDIR(inode->i_mode))
		return false;
	rcu_read_lock();
	node = ditto_node_peek_inode(table, inode);
	own = node && READ_ONCE(node->changer) == current;
	rcu_read_unlock();
	return own;
}

static int notify_event(struct fsnotify_group *group, u32 mask, const void *data,
			int data_type, struct inode *dir, const struct qstr *file_name,
			u32 cookie, struct fsnotify_iter_info *iter_info)
{
	struct ditto_node_table *table = group->private;
	struct inode *inode = fsnotify_data_inode(data, data_type);
	struct ditto_node *node;
	bool left;

	if (dir && (mask & (NAME_EVENTS | FS_DELETE)))
		notify_entry(table, dir);
	if (inode && !inode->i_nlink && is_own_removal(table, inode))
		return 0;
	if (inode && (mask & FS_ATTRIB))
		notify_attributes(table, inode);
	if (inode && mask & FS_DELETE && IS_DEADDIR(inode)) {
		ditto_local_notify_removed(table, inode);
		/* The files of a removed subvolume keep their links, and get no notification. */
		if (inode->i_nlink)
			ditto_nodes_subvolume_gone(table);
	}
	if (!inode || inode->i_nlink)
		return 0;
	node = ditto_node_find_inode(table, inode);
	if (!node)
		return 0;

	left = ditto_local_notify_leave(node);
	if (!left && ditto_node_kill_unopened(table, node)) {
		/* Drop our reference; the table's reference passes to the worker. */
		refcount_dec(&node->ref);
		ditto_node_dispose(table, node);
	} else {
		/* A stream may be open. Nobody can open it again. */
		ditto_hooks.file_left(node);
		ditto_node_put_later(node);
	}
	return 0;
}

static void notify_free_mark(struct fsnotify_mark *mark)
{
	kfree(mark);
}

static const struct fsnotify_ops notify_ops = {
	.handle_event = notify_event,
	.free_mark = notify_free_mark,
};

/* Allocate the fsnotify group of a server. Return: the group, or an ERR_PTR. */
struct fsnotify_group *ditto_notify_start(struct ditto_node_table *table)
{
	struct fsnotify_group *group = fsnotify_alloc_group(&notify_ops, 0);

	if (!IS_ERR(group))
		group->private = table;
	return group;
}

/* Free the fsnotify group of a server. Waits until the marks are freed. */
void ditto_notify_stop(struct fsnotify_group *group)
{
	/* Marks are freed by a callback in this module, later than they are destroyed. */
	fsnotify_wait_marks_destroyed();
	fsnotify_put_group(group);
}

/* True for file systems that ask a server about permissions, possibly at open only. Any context. */
bool ditto_sb_asks_server(const struct super_block *sb)
{
	switch (sb->s_magic) {
	case AFS_FS_MAGIC:
	case CIFS_SUPER_MAGIC:
	case CODA_SUPER_MAGIC:
	case FUSE_SUPER_MAGIC:
	case NFS_SUPER_MAGIC:
	case SMB2_SUPER_MAGIC:
	case V9FS_MAGIC:
		return true;
	}
	return false;
}

/* File systems that the nodes of a cluster have in common, whose changes are not reported here. */
static bool is_cluster(const struct super_block *sb)
{
	switch (sb->s_magic) {
	case CEPH_SUPER_MAGIC:
	case DITTO_GFS2_MAGIC:
	case OCFS2_SUPER_MAGIC:
		return true;
	}
	return false;
}

/*
 * Not every file system can be mounted again; in that case files are opened through shares.
 *
 * Only files that are open through a share's mount are opened through this mount, with the same
 * mode. The mount need not be read-only because the first share on the volume is, since it also
 * serves later shares. No other task knows the mount, and the kernel blocks writers (which
 * changes the flags, too) only on mounts that are not read-only.
 */
static struct vfsmount *volume_mount(const struct ditto_node_table *table,
				     const struct path *path)
{
	const struct cred *old = override_creds(table->cred);
	struct vfsmount *mnt = clone_private_mount(path);

	revert_creds(old);
	if (IS_ERR(mnt))
		return NULL;
	if (mnt->mnt_flags & MNT_READONLY)
		mnt->mnt_flags &= ~MNT_READONLY;
	return mnt;
}

/* Undo the preparations of the first @count extensions. */
static void volume_exit_extensions(struct ditto_volume *volume, size_t count)
{
	while (count--)
		if (ditto_extensions[count].volume_exit)
			ditto_extensions[count].volume_exit(volume);
}

static int volume_init_extensions(struct ditto_volume *volume)
{
	int err;

	for (size_t i = 0; i < DITTO_EXTENSIONS; i++) {
		err = ditto_extensions[i].volume_init ? ditto_extensions[i].volume_init(volume) : 0;
		if (err) {
			volume_exit_extensions(volume, i);
			return err;
		}
	}
	return 0;
}

static struct ditto_volume *volume_new(struct ditto_node_table *table, const struct path *path)
{
	struct super_block *sb = path->mnt->mnt_sb;
	struct ditto_volume *volume;
	struct ditto_fid fid;
	int err;

	err = ditto_nodes_start(table);
	if (err)
		return ERR_PTR(err);
	volume = kzalloc(sizeof(*volume), GFP_KERNEL);
	if (!volume)
		return ERR_PTR(-ENOMEM);
	volume->srv = table->srv;
	volume->sb = sb;
	INIT_LIST_HEAD(&volume->shares);
	INIT_LIST_HEAD(&volume->dead);
	mutex_init(&volume->names_lock);
	mutex_init(&volume->trash_lock);
	ditto_node_dispose_init(volume);
	volume->caller_opens = ditto_sb_asks_server(sb);
	volume->is_cluster = is_cluster(sb);
	volume->is_remote = volume->caller_opens || volume->is_cluster;
	/* Most file systems in user space are of this machine alone. */
	volume->is_shared = volume->is_remote && (sb->s_magic != FUSE_SUPER_MAGIC ||
						  !strcmp(sb->s_type->name, "virtiofs"));
	err = volume_init_extensions(volume);
	if (err)
		goto free_volume;
	volume->mark = kzalloc(sizeof(*volume->mark), GFP_KERNEL);
	if (!volume->mark) {
		err = -ENOMEM;
		goto exit_extensions;
	}
	fsnotify_init_mark(volume->mark, table->group);
	volume->mark->mask = events_of(volume);
	err = fsnotify_add_mark(volume->mark, sb, FSNOTIFY_OBJ_TYPE_SB, 0);
	if (err)
		goto put_mark;
	volume->has_handles = exportfs_can_decode_fh(sb->s_export_op) &&
			      !ditto_fid_encode(sb->s_root, false, &fid);
	volume->fid_has_parent = volume->has_handles && sb->s_export_op->fh_to_parent;
	volume->mnt = volume_mount(table, path);
	list_add_tail(&volume->list, &table->volumes);
	for (size_t i = 0; i < DITTO_EXTENSIONS; i++)
		if (ditto_extensions[i].volume_start)
			ditto_extensions[i].volume_start(volume);
	return volume;

put_mark:
	fsnotify_put_mark(volume->mark);
exit_extensions:
	volume_exit_extensions(volume, DITTO_EXTENSIONS);
free_volume:
	kfree(volume);
	return ERR_PTR(err);
}

/*
 * Have new names and renames reported, by whomever they are made. Without it, only deletions spoil
 * the case-insensitive indexes of directories. A report costs each creation and rename several
 * hundred instructions. Context: takes @volume->names_lock. Return: 0, or -ENOMEM or another errno
 * of fsnotify_add_mark().
 */
int ditto_volume_watch_names(struct ditto_volume *volume)
{
	struct ditto_node_table *table = volume->srv->nodes;
	struct fsnotify_mark *mark;
	int err = 0;

	/* The mark is there before anybody relies on it. Pairs with smp_store_release() below. */
	if (likely(smp_load_acquire(&volume->names_mark)))
		return 0;
	mutex_lock(&volume->names_lock);
	if (volume->names_mark)
		goto unlock;
	mark = kzalloc(sizeof(*mark), GFP_KERNEL);
	if (!mark) {
		err = -ENOMEM;
		goto unlock;
	}
	fsnotify_init_mark(mark, table->names_group);
	mark->mask = NAME_EVENTS;
	err = fsnotify_add_mark(mark, volume->sb, FSNOTIFY_OBJ_TYPE_SB, 0);
	if (err)
		fsnotify_put_mark(mark);
	else
		/* Pairs with smp_load_acquire() above. */
		smp_store_release(&volume->names_mark, mark);
unlock:
	mutex_unlock(&volume->names_lock);
	return err;
}

static void mark_end(struct fsnotify_mark *mark, struct fsnotify_group *group)
{
	fsnotify_destroy_mark(mark, group);
	fsnotify_put_mark(mark);
}

/* Counts the volumes that have ended, for those who wait for one. */
static atomic_t volumes_ended = ATOMIC_INIT(0);

/* The number of volumes that have ended. Any context. */
unsigned int ditto_volumes_ended(void)
{
	return atomic_read(&volumes_ended);
}

/*
 * Wait until one more volume has ended. Context: may sleep for as long as a file system hangs, so
 * the caller holds no lock. Return: 0, or -EINTR if the task is being killed.
 */
int ditto_volumes_wait(unsigned int ended)
{
	return wait_var_event_killable(&volumes_ended, ditto_volumes_ended() != ended) ?
	       -EINTR : 0;
}

/* The volume of a file system; NULL if there is none, -EAGAIN while an old one is ending. */
static struct ditto_volume *volume_find(struct ditto_node_table *table,
					const struct super_block *sb)
{
	struct ditto_volume *volume;

	lockdep_assert_held(&table->volumes_lock);
	list_for_each_entry(volume, &table->volumes, list)
		if (volume->sb == sb)
			return list_empty(&volume->shares) ? ERR_PTR(-EAGAIN) : volume;
	return NULL;
}

/*
 * Attach a new share to the volume of its root. The volume is created for the first share on a file
 * system. Return: 0; -EAGAIN while the volume of removed shares is ending, see
 * ditto_volumes_wait(); or another negative errno.
 */
int ditto_volume_join(struct ditto_server *srv, struct ditto_share *share)
{
	struct ditto_node_table *table = srv->nodes;
	struct ditto_volume *volume;
	int err = 0;

	/* Those who look at the shares of a volume look at the options of each. */
	WARN_ON_ONCE(!rcu_access_pointer(share->opts));
	mutex_lock(&table->volumes_lock);
	volume = volume_find(table, share->root.mnt->mnt_sb) ?: volume_new(table, &share->root);
	if (IS_ERR(volume)) {
		err = PTR_ERR(volume);
	} else {
		share->volume = volume;
		list_add_tail_rcu(&share->volume_link, &volume->shares);
	}
	mutex_unlock(&table->volumes_lock);
	return err;
}

static void volume_end(struct ditto_volume *volume)
{
	struct ditto_node_table *table = volume->srv->nodes;

	for (size_t i = 0; i < DITTO_EXTENSIONS; i++)
		if (ditto_extensions[i].volume_stop)
			ditto_extensions[i].volume_stop(volume);
	ditto_nodes_evict(volume);
	volume_exit_extensions(volume, DITTO_EXTENSIONS);
	if (volume->names_mark)
		mark_end(volume->names_mark, table->names_group);
	mark_end(volume->mark, table->group);
	ditto_watch_settle(volume);
	if (volume->mnt)
		kern_unmount(volume->mnt);
	mutex_lock(&table->volumes_lock);
	list_del(&volume->list);
	mutex_unlock(&table->volumes_lock);
	/* Fully ordered, so before the search for those who wait. */
	atomic_inc_return(&volumes_ended);
	wake_up_var(&volumes_ended);
	kfree_rcu(volume, rcu);
}

/*
 * Detach a share from its volume. Cached files on the share's mount are closed. The last share
 * evicts all nodes of the volume and frees it.
 */
void ditto_volume_leave(struct ditto_share *share)
{
	struct ditto_volume *volume = share->volume;
	struct ditto_node_table *table = volume->srv->nodes;
	bool last;

	ditto_hooks.share_leaves(share);
	/* The volume stays while it has the share. */
	ditto_files_close_mount(volume, share->root.mnt);
	mutex_lock(&table->volumes_lock);
	list_del_rcu(&share->volume_link);
	last = list_empty(&volume->shares);
	mutex_unlock(&table->volumes_lock);
	if (last)
		volume_end(volume);
	share->volume = NULL;
}

/*
 * Derive the identity of a share. On a file system with a block device and a UUID, the identity
 * depends on the UUID and the file id of the root, so names, devices and order do not matter. Other
 * file systems have no UUID or make a new one with each mount; there the identity depends on the
 * file system's type and on @name.
 */
void ditto_share_derive_id(const struct path *path, const char *name, uuid_t *id)
{
	struct super_block *sb = path->mnt->mnt_sb;
	struct {
		uuid_t uuid;
		struct ditto_fid fid;
	} key = {};
	const void *data = name;
	size_t len = strlen(name);
	siphash_key_t by_type;
	int i;

	if ((sb->s_type->fs_flags & FS_REQUIRES_DEV) && !uuid_is_null(&sb->s_uuid) &&
	    !ditto_fid_encode(path->dentry, false, &key.fid)) {
		key.uuid = sb->s_uuid;
		data = &key;
		len = sizeof(key);
	}

	for (i = 0; i < ARRAY_SIZE(id_keys); i++) {
		u64 half;

		by_type = id_keys[i];
		by_type.key[1] ^= siphash(sb->s_type->name, strlen(sb->s_type->name),
					  &id_keys[i]);
		half = siphash(data, len, &by_type);
		put_unaligned_le64(half, &id->b[i * sizeof(half)]);
	}
}

/*
 * Get the number of the subvolume that a file lies in. No server is asked: it might not answer, and
 * only local file systems have subvolumes. Return: the number; 0 if the file system has no
 * subvolumes, or does not tell.
 */
u64 ditto_path_subvolume(const struct path *path)
{
	struct kstat st;

	if (vfs_getattr_nosec(path, &st, STATX_SUBVOL, AT_STATX_DONT_SYNC) ||
	    !(st.result_mask & STATX_SUBVOL))
		return 0;
	return st.subvol;
}

/* Tell whether a dentry is the root of a share. Context: any. Return: true if it is. */
bool ditto_volume_has_root(struct ditto_volume *volume, const struct dentry *dentry)
{
	struct ditto_share *share;
	bool found = false;

	rcu_read_lock();
	list_for_each_entry_rcu(share, &volume->shares, volume_link)
		if (share->root.dentry == dentry)
			found = true;
	rcu_read_unlock();
	return found;
}

/* Compute the tag of a share that handles carry. Context: any. Return: a 64-bit hash, never 0. */
u64 ditto_share_tag(const uuid_t *id)
{
	return siphash(id, sizeof(*id), &tag_key) ?: 1;
}
