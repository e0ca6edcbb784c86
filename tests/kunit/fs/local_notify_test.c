// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes of the server and clients on the same files: local changes of
 * directories, local locks against mandatory I/O, and what the server does
 * itself. A local process is played by this thread, as long as it does not act
 * for a client.
 */
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/namei.h>
#include <linux/uio.h>

#include "../../../fs/node/file.h"
#include "../../../lockd/acting.h"
#include "../../../lockd/lease.h"
#include "../../../lockd/table.h"
#include "../await.h"
#include "../test_client.h"
#include "../process_lock.h"
#include "folder.h"

DEFINE_FOLDER(folder, "kunit-local")
static struct test_client client;
static struct ditto_owner *owner;

/* Notifications of the holder, in order. */
static char told[512];
static atomic_t tellings;
static atomic_t breaks;
static u8 keep;

static void told_breaking(struct ditto_lease *lease, u8 to_keep, bool ack)
{
	keep = to_keep;
	atomic_inc(&breaks);
	if (ack)
		ditto_lease_ack(lease, to_keep);
}

static void told_revoked(struct ditto_lease *lease)
{
}

static void told_change(struct ditto_lease *lease, const struct ditto_entry_change *change)
{
	size_t len = strlen(told);

	snprintf(told + len, sizeof(told) - len, "%c%.*s%s%.*s ", "+->*"[change->event],
		 change->len, change->name, change->old_len ? "<" : "", change->old_len,
		 change->old_name);
	atomic_inc(&tellings);
}

static void lease_free(struct ditto_lease *lease)
{
}

static const struct ditto_lease_ops lease_ops = {
	.breaking = told_breaking,
	.revoked = told_revoked,
	.notify = told_change,
	.free = lease_free,
};

static void notify_begin(struct kunit *test)
{
	folder_begin(test, &folder);
	test_client_begin(&client, folder.srv->locks);
	owner = ditto_owner_get(&client.client, "owner", 5);
	KUNIT_ASSERT_FALSE(test, IS_ERR(owner));
	told[0] = '\0';
	atomic_set(&tellings, 0);
	atomic_set(&breaks, 0);
}

static void notify_end(struct kunit *test)
{
	ditto_owner_put(owner);
	test_client_end(&client);
	/* The watch ends with the last grant. */
	await(!rcu_access_pointer(folder.root->local));
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(folder.root->local));
	folder_end(test, &folder);
}

static struct ditto_lease *lease_grant(struct kunit *test, struct ditto_node *node,
				       enum ditto_lease_type style, bool notify, struct file *filp)
{
	const struct ditto_lease_request req = {
		.point = &node->point,
		.actor.client = &client.client,
		.actor.owner = owner,
		.actor.lease_owner = owner,
		.style = style,
		.want = DITTO_LEASE_ALL,
		.notify = notify,
		.notify_attrs = notify,
		.break_ms = 60000,
		.ops = &lease_ops,
		.filp = filp,
	};
	struct ditto_lease *lease = ditto_lease_grant(&req);

	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	return lease;
}

static void give_back(struct ditto_lease *lease)
{
	ditto_lease_return(lease);
	ditto_lease_put(lease);
}

static void events_await(struct kunit *test, const char *want)
{
	await(strlen(told) >= strlen(want));
	msleep(20);
	KUNIT_EXPECT_STREQ(test, told, want);
	told[0] = '\0';
}

static struct inode *dir_lock(void)
{
	inode_lock_nested(d_inode(folder.path.dentry), I_MUTEX_PARENT);
	return d_inode(folder.path.dentry);
}

static void dir_unlock(void)
{
	inode_unlock(d_inode(folder.path.dentry));
}

static struct dentry *dentry_lookup(struct kunit *test, const char *name)
{
	struct dentry *dentry = lookup_noperm(&QSTR(name), folder.path.dentry);

	KUNIT_ASSERT_FALSE(test, IS_ERR(dentry));
	return dentry;
}

static void local_create(struct kunit *test, const char *name)
{
	struct mnt_idmap *idmap = mnt_idmap(folder.path.mnt);
	struct dentry *dentry;

	dir_lock();
	dentry = dentry_lookup(test, name);
	KUNIT_EXPECT_EQ(test, vfs_create(idmap, dentry, 0600, NULL), 0);
	dput(dentry);
	dir_unlock();
}

static void local_unlink(struct kunit *test, const char *name)
{
	struct mnt_idmap *idmap = mnt_idmap(folder.path.mnt);
	struct inode *dir = dir_lock();
	struct dentry *dentry = dentry_lookup(test, name);

	KUNIT_EXPECT_EQ(test, vfs_unlink(idmap, dir, dentry, NULL), 0);
	dput(dentry);
	dir_unlock();
}

static void local_rename(struct kunit *test, const char *from, const char *to)
{
	struct renamedata rd = {
		.mnt_idmap = mnt_idmap(folder.path.mnt),
		.old_parent = folder.path.dentry,
		.new_parent = folder.path.dentry,
	};

	dir_lock();
	rd.old_dentry = dentry_lookup(test, from);
	rd.new_dentry = dentry_lookup(test, to);
	KUNIT_EXPECT_EQ(test, vfs_rename(&rd), 0);
	dput(rd.old_dentry);
	dput(rd.new_dentry);
	dir_unlock();
}

static void local_rmdir(struct kunit *test, const char *name)
{
	struct mnt_idmap *idmap = mnt_idmap(folder.path.mnt);
	struct inode *dir = dir_lock();
	struct dentry *dentry = dentry_lookup(test, name);

	KUNIT_EXPECT_EQ(test, vfs_rmdir(idmap, dir, dentry, NULL), 0);
	dput(dentry);
	dir_unlock();
}

static void local_chmod(struct kunit *test, const char *name)
{
	struct iattr ia = { .ia_valid = ATTR_MODE };
	struct dentry *dentry;

	dir_lock();
	dentry = dentry_lookup(test, name);
	dir_unlock();
	ia.ia_mode = (d_inode(dentry)->i_mode & S_IFMT) | 0740;
	inode_lock(d_inode(dentry));
	KUNIT_EXPECT_EQ(test, notify_change(mnt_idmap(folder.path.mnt), dentry, &ia, NULL), 0);
	inode_unlock(d_inode(dentry));
	dput(dentry);
}

/* A holder with notifications gets those of local changes, and one for each client's change. */
static void changes_are_told(struct kunit *test)
{
	struct ditto_lease *lease;

	notify_begin(test);
	lease = lease_grant(test, folder.root, DITTO_LEASE_TYPE_DIRECTORY, true, NULL);
	KUNIT_EXPECT_NOT_NULL(test, rcu_access_pointer(folder.root->local));
	local_create(test, "a");
	events_await(test, "+a ");
	local_chmod(test, "a");
	events_await(test, "*a ");
	local_rename(test, "a", "long");
	events_await(test, ">long<a ");
	local_unlink(test, "long");
	events_await(test, "-long ");
	ditto_node_put(folder_make(test, &folder, "ours", 0600, false));
	events_await(test, "+ours ");
	folder_remove(test, &folder, "ours", false);
	events_await(test, "-ours ");
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), DITTO_LEASE_READ | DITTO_LEASE_HANDLE);
	KUNIT_EXPECT_EQ(test, atomic_read(&breaks), 0);
	give_back(lease);
	notify_end(test);
}

/* A break is told by one work after another. */
static void breaks_await(struct kunit *test, int count)
{
	await(atomic_read(&breaks) >= count);
	KUNIT_EXPECT_EQ(test, atomic_read(&breaks), count);
}

/* A holder without notifications loses its lease. */
static void changes_break_grants(struct kunit *test)
{
	struct ditto_lease *lease;

	notify_begin(test);
	lease = lease_grant(test, folder.root, DITTO_LEASE_TYPE_DIRECTORY, false, NULL);
	local_create(test, "a");
	breaks_await(test, 1);
	KUNIT_EXPECT_EQ(test, keep, 0);
	ditto_lease_put(lease);
	/* The next holder uses a new watch, or still the same. */
	lease = lease_grant(test, folder.root, DITTO_LEASE_TYPE_DIRECTORY, false, NULL);
	local_unlink(test, "a");
	breaks_await(test, 2);
	give_back(lease);
	notify_end(test);
}

/* Changes of the directory itself break what the matrix says. */
static void own_changes_break_grants(struct kunit *test)
{
	const struct ditto_setattr set = { .valid = DITTO_SET_MODE, .mode = 0755 };
	struct ditto_actor actor = { .client = &client.client };
	struct ditto_node *dir, *caching;
	struct ditto_lease *lease;
	struct ditto_wcc wcc;

	notify_begin(test);
	dir = folder_make(test, &folder, "dir", 0700, true);
	lease = lease_grant(test, dir, DITTO_LEASE_TYPE_DIRECTORY_DELEGATION, true, NULL);
	actor.owner = owner;
	actor.lease_owner = owner;
	folder.op.actor = &actor;
	KUNIT_EXPECT_EQ(test, ditto_setattr(&folder.op, dir, &set, &wcc), 0);
	folder.op.actor = NULL;
	local_chmod(test, "dir");
	breaks_await(test, 1);
	KUNIT_EXPECT_EQ(test, keep, 0);
	ditto_lease_put(lease);
	local_rmdir(test, "dir");
	ditto_node_put(dir);

	caching = folder_make(test, &folder, "caching", 0700, true);
	lease = lease_grant(test, caching, DITTO_LEASE_TYPE_DIRECTORY, true, NULL);
	local_chmod(test, "caching");
	local_rename(test, "caching", "renamed");
	breaks_await(test, 2);
	KUNIT_EXPECT_EQ(test, keep, DITTO_LEASE_READ);
	local_rmdir(test, "renamed");
	breaks_await(test, 3);
	KUNIT_EXPECT_EQ(test, keep, 0);
	give_back(lease);
	ditto_node_put(caching);
	notify_end(test);
}

/* After too many at once, the holder must list the directory again. */
static void many_changes(struct kunit *test)
{
	struct ditto_lease *lease;
	char name[16];
	int made = 0;

	notify_begin(test);
	lease = lease_grant(test, folder.root, DITTO_LEASE_TYPE_DIRECTORY, true, NULL);
	while (made < 2000 && !atomic_read(&breaks)) {
		snprintf(name, sizeof(name), "%d", made++);
		local_create(test, name);
	}
	await(atomic_read(&breaks) || atomic_read(&tellings) >= made);
	/* All changes were reported, or the lease was recalled. */
	if (atomic_read(&breaks))
		KUNIT_EXPECT_FALSE(test, ditto_lease_bits(lease) & DITTO_LEASE_READ);
	else
		KUNIT_EXPECT_EQ(test, atomic_read(&tellings), made);
	give_back(lease);
	while (made--) {
		snprintf(name, sizeof(name), "%d", made);
		local_unlink(test, name);
	}
	notify_end(test);
}

static ssize_t node_io(struct ditto_op *op, struct ditto_node *node, bool write)
{
	char byte = 'x';
	struct kvec vec = { .iov_base = &byte, .iov_len = 1 };
	struct ditto_wcc wcc;
	struct iov_iter iter;
	u64 verifier;
	bool eof;

	iov_iter_kvec(&iter, write ? ITER_SOURCE : ITER_DEST, &vec, 1, 1);
	if (!write)
		return ditto_read(op, node, 0, &iter, &eof);
	return ditto_write(op, node, 0, &iter, DITTO_UNSTABLE, &verifier, &wcc);
}

/* The holder's own requests open the file locally, which breaks nothing. */
static void own_opens_break_nothing(struct kunit *test)
{
	const struct ditto_setattr set = { .valid = DITTO_SET_MODE, .mode = 0644 };
	struct ditto_actor actor = { .client = &client.client };
	struct ditto_node *file;
	struct ditto_lease *lease;
	struct ditto_file *df;
	struct ditto_wcc wcc;

	notify_begin(test);
	file = folder_make(test, &folder, "file", 0600, false);
	df = ditto_file_get(folder.share, file, DITTO_FILE_READ);
	KUNIT_ASSERT_FALSE(test, IS_ERR(df));
	lease = lease_grant(test, file, DITTO_LEASE_TYPE_LEASE, false, df->file);
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), DITTO_LEASE_ALL);
	actor.owner = owner;
	actor.lease_owner = owner;
	folder.op.actor = &actor;
	KUNIT_EXPECT_EQ(test, node_io(&folder.op, file, true), 1);
	KUNIT_EXPECT_EQ(test, node_io(&folder.op, file, false), 1);
	KUNIT_EXPECT_EQ(test, ditto_setattr(&folder.op, file, &set, &wcc), 0);
	folder.op.actor = NULL;
	flush_workqueue(folder.srv->locks->wq);
	KUNIT_EXPECT_EQ(test, atomic_read(&breaks), 0);
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), DITTO_LEASE_ALL);
	/* An open by a local process does. */
	KUNIT_EXPECT_NULL(test, ditto_acting_table());
	KUNIT_EXPECT_EQ(test, break_lease(file->inode, O_WRONLY | O_NONBLOCK), -EWOULDBLOCK);
	breaks_await(test, 1);
	give_back(lease);
	ditto_file_put(df);
	ditto_node_put(file);
	folder_remove(test, &folder, "file", false);
	notify_end(test);
}

static int set_lock(struct file *file, int type)
{
	return process_lock_set(file, current, type, 0, 9);
}

/* An advisory lock of a local process refuses only callers with mandatory locks. */
static void local_locks_stop_exact_io(struct kunit *test)
{
	const struct ditto_setattr set = { .valid = DITTO_SET_SIZE, .size = 0 };
	struct ditto_actor exact = { .client = &client.client, .exact = true };
	struct ditto_conflict *conflict = kunit_kzalloc(test, sizeof(*conflict), GFP_KERNEL);
	struct ditto_node *file;
	struct ditto_file *df;
	struct ditto_wcc wcc;

	KUNIT_ASSERT_NOT_NULL(test, conflict);
	notify_begin(test);
	file = folder_make(test, &folder, "file", 0600, false);
	KUNIT_EXPECT_EQ(test, node_io(&folder.op, file, true), 1);
	df = ditto_file_get(folder.share, file, DITTO_FILE_WRITE);
	KUNIT_ASSERT_FALSE(test, IS_ERR(df));
	KUNIT_ASSERT_EQ(test, set_lock(df->file, F_RDLCK), 0);
	KUNIT_EXPECT_EQ(test, node_io(&folder.op, file, true), 1);
	exact.owner = owner;
	folder.op.actor = &exact;
	folder.op.conflict = conflict;
	KUNIT_EXPECT_EQ(test, node_io(&folder.op, file, false), 1);
	KUNIT_EXPECT_EQ(test, node_io(&folder.op, file, true), -EAGAIN);
	KUNIT_EXPECT_STREQ(test, conflict->client, "process 77");
	KUNIT_EXPECT_EQ(test, ditto_setattr(&folder.op, file, &set, &wcc), -EAGAIN);
	KUNIT_EXPECT_EQ(test, set_lock(df->file, F_WRLCK), 0);
	KUNIT_EXPECT_EQ(test, node_io(&folder.op, file, false), -EAGAIN);
	KUNIT_EXPECT_EQ(test, set_lock(df->file, F_UNLCK), 0);
	KUNIT_EXPECT_EQ(test, node_io(&folder.op, file, true), 1);
	folder.op.actor = NULL;
	folder.op.conflict = NULL;
	ditto_file_put(df);
	ditto_node_put(file);
	folder_remove(test, &folder, "file", false);
	notify_end(test);
}

static struct kunit_case local_cases[] = {
	KUNIT_CASE(changes_are_told),
	KUNIT_CASE(changes_break_grants),
	KUNIT_CASE(own_changes_break_grants),
	KUNIT_CASE(many_changes),
	KUNIT_CASE(own_opens_break_nothing),
	KUNIT_CASE(local_locks_stop_exact_io),
	{}
};

static struct kunit_suite local_suite = {
	.name = "ditto_local",
	FOLDER_SUITE(folder),
	.test_cases = local_cases,
};

kunit_test_suite(local_suite);
