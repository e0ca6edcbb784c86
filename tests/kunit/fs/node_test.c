// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shares, nodes, handles and cached files together, on a folder of a tmpfs.
 * The folder is not the root of its file system, so the share is a subtree.
 */
#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/uio.h>

#include "../../../fs/node/file.h"
#include "../../../fs/share/handle.h"
#include "../../../fs/node/node_private.h"
#include "../../../fs/op/op.h"
#include "../../../fs/open/stream.h"
#include "../../../fs/share/cred.h"
#include "../../../fs/share/share.h"
#include "../../../lockd/range.h"
#include "../../../lockd/table.h"
#include "../../../net/server.h"
#include "../await.h"
#include "../test_client.h"
#include "folder.h"

#define SHARE		"kunit-node"
#define FOLDER		"/dev/shm/ditto-" SHARE

DEFINE_FOLDER(folder, SHARE)

static struct ditto_share *share_get(struct kunit *test)
{
	struct ditto_share *share = ditto_share_get_by_name(folder.srv, SHARE, strlen(SHARE));

	KUNIT_ASSERT_NOT_NULL(test, share);
	return share;
}

static struct dentry *file_make(struct kunit *test, const char *name)
{
	struct inode *dir = d_inode(folder.path.dentry);
	struct dentry *dentry;

	inode_lock_nested(dir, I_MUTEX_PARENT);
	dentry = lookup_noperm(&QSTR(name), folder.path.dentry);
	if (!IS_ERR(dentry))
		KUNIT_EXPECT_EQ(test, 0, vfs_create(mnt_idmap(folder.path.mnt), dentry, 0600,
						    NULL));
	inode_unlock(dir);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dentry);
	return dentry;
}

static void file_unlink(struct kunit *test, struct dentry *dentry)
{
	struct dentry *parent = dget_parent(dentry);

	inode_lock_nested(d_inode(parent), I_MUTEX_PARENT);
	KUNIT_EXPECT_EQ(test, 0, vfs_unlink(mnt_idmap(folder.path.mnt), d_inode(parent), dentry,
					    NULL));
	inode_unlock(d_inode(parent));
	dput(parent);
}

/* Put what a handle led to. Returns the inode number. */
static unsigned long decoded_put(struct ditto_share *share, struct ditto_node *node)
{
	unsigned long ino = node->inode->i_ino;

	ditto_node_put(node);
	ditto_share_put(share);
	return ino;
}

/* The last handle of a thread, and its file. */
static struct ditto_handle_seen seen;

/* Find what the thread remembers of a handle. Returns the inode number, or 0. */
static unsigned long handle_again(const struct ditto_handle *h)
{
	struct ditto_share *share;
	struct ditto_node *node;

	return ditto_handle_again(folder.srv, h->data, h->len, &seen, &share, &node) ?
	       decoded_put(share, node) : 0;
}

/* Decode a handle as a thread does that remembers the last one. Returns the same as the next. */
static unsigned long handle_decode_seen(const struct ditto_handle *h, int *err)
{
	struct ditto_share *share;
	struct ditto_node *node;
	struct ditto_fid fid;
	unsigned long ino;

	*err = 0;
	ino = handle_again(h);
	if (ino)
		return ino;
	share = ditto_handle_share(folder.srv, h->data, h->len, &fid, &seen);
	*err = PTR_ERR_OR_ZERO(share);
	if (*err)
		return 0;
	node = ditto_handle_node(share, &fid);
	*err = PTR_ERR_OR_ZERO(node);
	if (*err) {
		ditto_share_put(share);
		return 0;
	}
	ditto_handle_remember(&seen, node);
	return decoded_put(share, node);
}

/* Decode a handle. Returns the inode number; 0 on error, with the errno in @err. */
static unsigned long handle_decode(const struct ditto_handle *h, int *err)
{
	struct ditto_share *share;
	struct ditto_node *node;
	unsigned long ino = 0;
	int err_seen;

	*err = ditto_handle_decode(folder.srv, h->data, h->len, &share, &node);
	if (!*err)
		ino = decoded_put(share, node);
	KUNIT_EXPECT_EQ(kunit_get_current_test(), handle_decode_seen(h, &err_seen), ino);
	KUNIT_EXPECT_EQ(kunit_get_current_test(), err_seen, *err);
	return ino;
}

static void node_root(struct kunit *test)
{
	struct ditto_share *share = share_get(test);
	struct ditto_handle h;
	int err;

	KUNIT_EXPECT_TRUE(test, share->is_subtree);
	KUNIT_EXPECT_EQ(test, ditto_handle_encode(share, share->root.dentry, &h), 0);
	KUNIT_EXPECT_EQ(test, h.len, 20);
	KUNIT_EXPECT_EQ(test, handle_decode(&h, &err), d_inode(folder.path.dentry)->i_ino);
	ditto_share_put(share);

	share = ditto_share_get_by_path(folder.srv, FOLDER "/", strlen(FOLDER) + 1);
	KUNIT_EXPECT_NOT_NULL(test, share);
	if (share)
		ditto_share_put(share);
	share = ditto_share_get_by_path(folder.srv, "/" SHARE, strlen(SHARE) + 1);
	KUNIT_EXPECT_NOT_NULL(test, share);
	if (share)
		ditto_share_put(share);
}

static void node_identity(struct kunit *test)
{
	struct ditto_share *share = share_get(test);
	struct dentry *dentry = file_make(test, "identity");
	struct ditto_node *walked, *node;
	struct ditto_share *again;
	struct ditto_handle h, own;
	int err;

	KUNIT_EXPECT_EQ(test, ditto_handle_encode(share, dentry, &h), 0);
	/* Cold, then by the table. */
	KUNIT_EXPECT_EQ(test, handle_decode(&h, &err), d_inode(dentry)->i_ino);
	KUNIT_EXPECT_EQ(test, handle_decode(&h, &err), d_inode(dentry)->i_ino);
	KUNIT_EXPECT_EQ(test, handle_again(&h), d_inode(dentry)->i_ino);

	walked = ditto_node_get(share, dentry);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, walked);
	KUNIT_EXPECT_TRUE(test, test_bit(DITTO_NODE_HASHED_FID, &walked->flags));
	KUNIT_EXPECT_EQ(test, ditto_handle_of_node(share, walked, &own), 0);
	KUNIT_EXPECT_EQ(test, own.len, h.len);
	KUNIT_EXPECT_MEMEQ(test, own.data, h.data, h.len);
	KUNIT_ASSERT_EQ(test, ditto_handle_decode(folder.srv, h.data, h.len, &again, &node), 0);
	KUNIT_EXPECT_PTR_EQ(test, walked, node);
	KUNIT_EXPECT_PTR_EQ(test, share, again);
	ditto_node_put(node);
	ditto_share_put(again);

	/* Nodes in use stay, idle ones are freed. */
	ditto_nodes_flush(folder.srv);
	KUNIT_EXPECT_EQ(test, ditto_nodes_count(folder.srv), 1);
	ditto_node_put(walked);
	ditto_nodes_flush(folder.srv);
	KUNIT_EXPECT_EQ(test, ditto_nodes_count(folder.srv), 0);
	KUNIT_EXPECT_EQ(test, handle_again(&h), 0);
	KUNIT_EXPECT_EQ(test, handle_decode(&h, &err), d_inode(dentry)->i_ino);

	/* Another handle. */
	h.data[h.len - 1] ^= 1;
	KUNIT_EXPECT_EQ(test, handle_again(&h), 0);

	file_unlink(test, dentry);
	dput(dentry);
	ditto_share_put(share);
}

/* A file that a local process removes leaves no node behind, with or without an open file. */
static void node_removed(struct kunit *test)
{
	struct ditto_share *share = share_get(test);
	struct dentry *dentry = file_make(test, "removed");
	struct inode *inode = igrab(d_inode(dentry));
	struct ditto_node *node;
	struct ditto_file *df;
	struct ditto_handle h;
	int err;

	ditto_nodes_flush(folder.srv);
	KUNIT_EXPECT_EQ(test, ditto_handle_encode(share, dentry, &h), 0);
	KUNIT_EXPECT_NE(test, handle_decode(&h, &err), 0);
	node = ditto_node_get(share, dentry);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, node);
	df = ditto_file_get(share, node, DITTO_FILE_WRITE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, df);
	ditto_file_put(df);
	ditto_node_put(node);
	KUNIT_EXPECT_EQ(test, ditto_files_count(folder.srv), 1);

	file_unlink(test, dentry);
	KUNIT_EXPECT_EQ(test, ditto_nodes_count(folder.srv), 0);
	handle_decode(&h, &err);
	KUNIT_EXPECT_EQ(test, err, -ESTALE);
	dput(dentry);
	/* The worker closes the file; ours is the last reference then. */
	await(atomic_read(&inode->i_count) <= 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&inode->i_count), 1);
	KUNIT_EXPECT_EQ(test, ditto_files_count(folder.srv), 0);
	iput(inode);
	ditto_share_put(share);
}

/* The handle of a file that leaves the subtree is stale until the file is back. */
static void node_left_subtree(struct kunit *test)
{
	struct dentry *top = dget_parent(folder.path.dentry);
	struct ditto_share *share = share_get(test);
	struct dentry *dentry = file_make(test, "left");
	struct renamedata rd = {
		.mnt_idmap = mnt_idmap(folder.path.mnt),
		.old_parent = folder.path.dentry,
		.old_dentry = dentry,
		.new_parent = top,
	};
	struct dentry *target;
	struct ditto_handle h;
	int err;

	KUNIT_EXPECT_EQ(test, ditto_handle_encode(share, dentry, &h), 0);
	KUNIT_EXPECT_NE(test, handle_decode(&h, &err), 0);

	mutex_lock(&top->d_sb->s_vfs_rename_mutex);
	inode_lock_nested(d_inode(top), I_MUTEX_PARENT);
	inode_lock_nested(d_inode(folder.path.dentry), I_MUTEX_PARENT2);
	target = lookup_noperm(&QSTR("ditto-kunit-left"), top);
	KUNIT_EXPECT_FALSE(test, IS_ERR(target));
	if (!IS_ERR(target)) {
		rd.new_dentry = target;
		KUNIT_EXPECT_EQ(test, vfs_rename(&rd), 0);
		dput(target);
	}
	inode_unlock(d_inode(folder.path.dentry));
	inode_unlock(d_inode(top));
	mutex_unlock(&top->d_sb->s_vfs_rename_mutex);

	handle_decode(&h, &err);
	KUNIT_EXPECT_EQ(test, err, -ESTALE);
	ditto_nodes_flush(folder.srv);
	handle_decode(&h, &err);
	KUNIT_EXPECT_EQ(test, err, -ESTALE);

	file_unlink(test, dentry);
	dput(dentry);
	dput(top);
	ditto_share_put(share);
}

static void node_files(struct kunit *test)
{
	struct ditto_share *share = share_get(test);
	struct dentry *dentry = file_make(test, "files");
	struct ditto_file *read, *write, *again;
	u32 idle = folder.srv->settings.file_idle_ms;
	struct ditto_node *node;

	ditto_nodes_flush(folder.srv);
	node = ditto_node_get(share, dentry);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, node);
	read = ditto_file_get(share, node, DITTO_FILE_READ);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, read);
	KUNIT_EXPECT_FALSE(test, read->file->f_mode & FMODE_WRITE);
	write = ditto_file_get(share, node, DITTO_FILE_WRITE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, write);
	KUNIT_EXPECT_TRUE(test, write->file->f_mode & FMODE_WRITE);
	again = ditto_file_get(share, node, DITTO_FILE_READ);
	KUNIT_EXPECT_PTR_EQ(test, again, write);
	KUNIT_EXPECT_EQ(test, ditto_files_count(folder.srv), 2);
	ditto_file_put(again);
	ditto_file_put(write);
	ditto_file_put(read);

	/* Idle ones are closed after the setting. */
	folder.srv->settings.file_idle_ms = 10;
	ditto_files_close(node, NULL);
	KUNIT_EXPECT_EQ(test, ditto_files_count(folder.srv), 0);
	read = ditto_file_get(share, node, DITTO_FILE_READ);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, read);
	ditto_file_put(read);
	await(!ditto_files_count(folder.srv));
	KUNIT_EXPECT_EQ(test, ditto_files_count(folder.srv), 0);
	folder.srv->settings.file_idle_ms = idle;

	ditto_node_put(node);
	file_unlink(test, dentry);
	dput(dentry);
	ditto_share_put(share);
}

static void dir_remove(struct kunit *test, struct dentry *parent, const char *name)
{
	struct dentry *dentry;

	inode_lock_nested(d_inode(parent), I_MUTEX_PARENT);
	dentry = lookup_noperm(&QSTR(name), parent);
	if (!IS_ERR(dentry)) {
		KUNIT_EXPECT_EQ(test, 0, vfs_rmdir(mnt_idmap(folder.path.mnt), d_inode(parent),
						   dentry, NULL));
		dput(dentry);
	}
	inode_unlock(d_inode(parent));
}

/*
 * The worker that frees nodes opens the directory of a removed file's streams. If there are too
 * many files then, and the next one is that of a node that it is to free later, it does not wait
 * for itself.
 */
static void node_with_stream_removed(struct kunit *test)
{
	const struct ditto_name name = { .name = "stream", .len = 6 };
	struct ditto_share *share = share_get(test);
	struct ditto_op op = {
		.srv = folder.srv, .share = share, .cred = folder.admin, .writable = true,
	};
	struct dentry *removed = file_make(test, "removed"), *evicted, *stays, *hidden;
	struct ditto_node *node = ditto_node_get(share, removed), *other;
	struct ditto_file *df;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, node);
	KUNIT_ASSERT_EQ(test, ditto_stream_open(&op, node, &name, true, &other, NULL), 0);
	ditto_node_put(other);
	ditto_nodes_flush(folder.srv);
	evicted = file_make(test, "evicted");
	stays = file_make(test, "stays");
	other = ditto_node_get(share, evicted);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	df = ditto_file_get(share, other, DITTO_FILE_READ);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, df);
	ditto_file_put(df);
	ditto_node_put(other);
	ditto_node_put(node);

	folder.srv->settings.file_limit = 1;
	folder.srv->settings.node_limit = 1;
	file_unlink(test, removed);
	other = ditto_node_get(share, stays);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	ditto_node_put(other);
	KUNIT_EXPECT_TRUE(test, await(!work_busy(&share->volume->dispose_work)));
	folder.srv->settings.file_limit = 0;
	folder.srv->settings.node_limit = 0;

	file_unlink(test, evicted);
	file_unlink(test, stays);
	hidden = lookup_one_len_unlocked(DITTO_HIDDEN, folder.path.dentry, strlen(DITTO_HIDDEN));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, hidden);
	dir_remove(test, hidden, "streams");
	dput(hidden);
	dir_remove(test, folder.path.dentry, DITTO_HIDDEN);
	dput(removed);
	dput(evicted);
	dput(stays);
	ditto_share_put(share);
}

/* Files whose nodes cannot be freed do not keep others from being closed above the limit. */
static void node_files_hang(struct kunit *test)
{
	static const char *const names[] = { "hangs", "older", "newer" };
	struct ditto_share *share = share_get(test);
	struct dentry *dentry[ARRAY_SIZE(names)];
	struct ditto_node *node, *hangs = NULL;
	struct ditto_file *df;

	ditto_nodes_flush(folder.srv);
	folder.srv->settings.file_limit = 2;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		dentry[i] = file_make(test, names[i]);
		node = ditto_node_get(share, dentry[i]);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, node);
		df = ditto_file_get(share, node, DITTO_FILE_READ);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, df);
		ditto_file_put(df);
		ditto_node_put(node);
		/* As if it were being freed. */
		if (!hangs) {
			hangs = node;
			refcount_set(&hangs->ref, 0);
		}
	}
	KUNIT_EXPECT_LE(test, ditto_files_count(folder.srv), 2);
	refcount_set(&hangs->ref, 1);
	folder.srv->settings.file_limit = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		file_unlink(test, dentry[i]);
		dput(dentry[i]);
	}
	ditto_share_put(share);
}

/* Without a setting, the limits follow from memory. */
static void node_limits_by_memory(struct kunit *test)
{
	const struct ditto_node_table *table = folder.srv->nodes;
	u64 memory = (u64)totalram_pages() << PAGE_SHIFT;
	u32 node_limit = folder.srv->settings.node_limit;

	KUNIT_EXPECT_EQ(test, node_limit, 0);
	KUNIT_EXPECT_EQ(test, folder.srv->settings.file_limit, 0);
	KUNIT_EXPECT_EQ(test, ditto_nodes_limit(table),
			clamp_t(u64, memory / SZ_16K, 16384, 16777216));
	KUNIT_EXPECT_EQ(test, table->files_by_memory,
			clamp_t(u64, memory / SZ_64K, 1024, 1048576));
	folder.srv->settings.node_limit = 24;
	KUNIT_EXPECT_EQ(test, ditto_nodes_limit(table), 24);
	folder.srv->settings.node_limit = node_limit;
}

/* The limits hold for any number of files. */
static void node_limits(struct kunit *test)
{
	struct ditto_share *share = share_get(test);
	u32 node_limit = folder.srv->settings.node_limit;
	u32 file_limit = folder.srv->settings.file_limit;
	char name[16];

	ditto_nodes_flush(folder.srv);
	folder.srv->settings.node_limit = 24;
	folder.srv->settings.file_limit = 16;
	for (int i = 0; i < 200; i++) {
		struct ditto_node *node;
		struct ditto_file *df;
		struct dentry *dentry;

		snprintf(name, sizeof(name), "limit%d", i);
		dentry = file_make(test, name);
		node = ditto_node_get(share, dentry);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, node);
		df = ditto_file_get(share, node, DITTO_FILE_READ);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, df);
		ditto_file_put(df);
		ditto_node_put(node);
		dput(dentry);
		KUNIT_EXPECT_LE(test, ditto_nodes_count(folder.srv), 25);
		KUNIT_EXPECT_LE(test, ditto_files_count(folder.srv), 17);
	}
	folder.srv->settings.node_limit = node_limit;
	folder.srv->settings.file_limit = file_limit;

	for (int i = 0; i < 200; i++) {
		struct dentry *dentry;

		snprintf(name, sizeof(name), "limit%d", i);
		dentry = lookup_one_len_unlocked(name, folder.path.dentry, strlen(name));
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dentry);
		file_unlink(test, dentry);
		dput(dentry);
	}
	ditto_share_put(share);
}

/*
 * A write-back error that another process has seen while the cached file was closed is still
 * reported to clients, once.
 */
static void node_writeback_failed(struct kunit *test)
{
	struct ditto_cred cred = { .cred = current_cred() };
	struct ditto_op op = { .srv = folder.srv, .cred = &cred, .writable = true };
	struct kvec vec = { .iov_base = "data", .iov_len = 4 };
	struct dentry *dentry = file_make(test, "lost");
	struct path path = { .mnt = folder.path.mnt, .dentry = dentry };
	u64 before, after, again;
	struct ditto_node *node;
	struct ditto_wcc wcc;
	struct iov_iter iter;
	struct file *local;

	op.share = share_get(test);
	node = ditto_node_get(op.share, dentry);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, node);
	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, vec.iov_len);
	KUNIT_EXPECT_EQ(test, ditto_write(&op, node, 0, &iter, DITTO_UNSTABLE, &before, &wcc), 4);
	ditto_nodes_flush(folder.srv);
	KUNIT_EXPECT_EQ(test, ditto_files_count(folder.srv), 0);

	local = dentry_open(&path, O_RDWR, current_cred());
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, local);
	mapping_set_error(local->f_mapping, -EIO);
	KUNIT_EXPECT_EQ(test, file_check_and_advance_wb_err(local), -EIO);
	__fput_sync(local);

	KUNIT_EXPECT_EQ(test, ditto_fsync(&op, node, 0, 0, &after, &wcc), -EIO);
	KUNIT_EXPECT_NE(test, before, after);
	KUNIT_EXPECT_EQ(test, ditto_fsync(&op, node, 0, 0, &again, &wcc), 0);
	KUNIT_EXPECT_EQ(test, after, again);

	ditto_node_put(node);
	ditto_share_put(op.share);
	file_unlink(test, dentry);
	dput(dentry);
}

static void node_claim(struct kunit *test, struct ditto_node *node, struct ditto_owner *owner)
{
	const struct ditto_range_request req = {
		.point = &node->point, .owner = owner, .exclusive = true, .last = U64_MAX,
	};

	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
}

/* Claims end with the share, those on removed files too. */
static void node_claims_end(struct kunit *test)
{
	struct ditto_share *share = share_get(test);
	struct dentry *kept = file_make(test, "kept"), *removed = file_make(test, "removed");
	static struct test_client client;
	struct ditto_node *nodes[2];
	struct ditto_owner *owner;

	test_client_begin(&client, folder.srv->locks);
	owner = ditto_owner_get(&client.client, "o", 1);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, owner);
	nodes[0] = ditto_node_get(share, kept);
	nodes[1] = ditto_node_get(share, removed);
	for (int i = 0; i < 2; i++) {
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, nodes[i]);
		node_claim(test, nodes[i], owner);
	}
	file_unlink(test, removed);
	dput(removed);

	/* Claims keep an idle node; a range on a removed file ends with the file. */
	ditto_node_put(nodes[0]);
	ditto_node_put(nodes[1]);
	ditto_nodes_flush(folder.srv);
	KUNIT_EXPECT_EQ(test, ditto_client_claims(&client.client), 1);

	ditto_share_put(share);
	KUNIT_EXPECT_EQ(test, ditto_share_del(folder.srv, SHARE, NULL), 0);
	KUNIT_EXPECT_EQ(test, ditto_client_claims(&client.client), 0);
	KUNIT_EXPECT_EQ(test, ditto_nodes_count(folder.srv), 0);

	ditto_owner_put(owner);
	test_client_end(&client);
	KUNIT_EXPECT_EQ(test, folder_share(&folder), 0);
	file_unlink(test, kept);
	dput(kept);
}

/* Last: the share goes while a request runs; what it had is gone with it. */
static void node_share_del(struct kunit *test)
{
	struct ditto_share *share = share_get(test);
	struct dentry *dentry = file_make(test, "del");
	u32 drain = folder.srv->settings.drain_ms;
	struct ditto_node *node;
	struct ditto_file *df;
	struct ditto_handle h;
	int err;

	KUNIT_EXPECT_EQ(test, ditto_handle_encode(share, dentry, &h), 0);
	KUNIT_EXPECT_NE(test, handle_decode(&h, &err), 0);
	node = ditto_node_get(share, dentry);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, node);
	df = ditto_file_get(share, node, DITTO_FILE_WRITE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, df);

	folder.srv->settings.drain_ms = 100;
	KUNIT_EXPECT_EQ(test, ditto_share_del(folder.srv, SHARE, NULL), -ETIMEDOUT);
	folder.srv->settings.drain_ms = drain;
	KUNIT_EXPECT_NULL(test, ditto_share_get_by_name(folder.srv, SHARE, strlen(SHARE)));
	handle_decode(&h, &err);
	KUNIT_EXPECT_EQ(test, err, -ESTALE);

	ditto_file_put(df);
	ditto_node_put(node);
	ditto_share_put(share);
	await(!ditto_nodes_count(folder.srv));
	KUNIT_EXPECT_EQ(test, ditto_nodes_count(folder.srv), 0);
	KUNIT_EXPECT_EQ(test, ditto_files_count(folder.srv), 0);
	KUNIT_EXPECT_EQ(test, ditto_share_del(folder.srv, SHARE, NULL), -ENOENT);

	file_unlink(test, dentry);
	dput(dentry);
}

static struct kunit_case node_cases[] = {
	KUNIT_CASE(node_root),
	KUNIT_CASE(node_identity),
	KUNIT_CASE(node_removed),
	KUNIT_CASE(node_with_stream_removed),
	KUNIT_CASE(node_left_subtree),
	KUNIT_CASE(node_files),
	KUNIT_CASE(node_files_hang),
	KUNIT_CASE(node_limits_by_memory),
	KUNIT_CASE(node_limits),
	KUNIT_CASE(node_writeback_failed),
	KUNIT_CASE(node_claims_end),
	KUNIT_CASE(node_share_del),
	{}
};

static struct kunit_suite node_suite = {
	.name = "ditto_node",
	FOLDER_SUITE(folder),
	.test_cases = node_cases,
};

kunit_test_suite(node_suite);
