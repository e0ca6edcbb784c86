// SPDX-License-Identifier: GPL-2.0-only
/*
 * Caching grants on a file that loses its name: those that another client gets between the check of
 * a removal and the removal itself, those of the client that removes it, and delegations of another
 * server.
 */
#include <kunit/test.h>
#include <linux/file.h>
#include <linux/filelock.h>
#include <linux/fs.h>

#include "../../../fs/op/check/rights.h"
#include "../../../fs/open/instance.h"
#include "../../../lockd/lease.h"
#include "../../../lockd/table.h"
#include "../test_client.h"
#include "folder.h"

DEFINE_FOLDER(folder, "kunit-remove")

/* A holder, the file that it caches, and what it was told. */
static struct test_client client;
static struct ditto_owner *owner;
static struct ditto_node *victim;
static struct ditto_lease *lease;
static atomic_t breaks;
static atomic_t losses;
static bool lost_as_returned;

/* The operations of the directory. */
static const struct inode_operations *dir_ops;

static void lease_breaking(struct ditto_lease *of, u8 keep, bool ack)
{
	atomic_inc(&breaks);
}

static void lease_revoked(struct ditto_lease *of)
{
	lost_as_returned = ditto_lease_gone(of);
	atomic_inc(&losses);
}

static void lease_free(struct ditto_lease *of) {}

static const struct ditto_lease_ops lease_ops = {
	.breaking = lease_breaking,
	.revoked = lease_revoked,
	.free = lease_free,
};

static struct ditto_lease *node_grant(struct ditto_node *node, const struct ditto_lease_ops *ops)
{
	const struct ditto_lease_request req = {
		.point = &node->point,
		.actor.client = &client.client,
		.actor.owner = owner,
		.actor.lease_owner = owner,
		.style = DITTO_LEASE_TYPE_DELEGATION,
		.want = DITTO_LEASE_READ | DITTO_LEASE_HANDLE,
		.break_ms = 60000,
		.ops = ops,
	};

	return ditto_lease_grant(&req);
}

static void victim_grant(void)
{
	lease = node_grant(victim, &lease_ops);
}

/* The file that replaces the victim; NULL unless it is granted, too. */
static struct ditto_node *mover;
static struct ditto_lease *mover_lease;

/* The task that renames waits for this, and meanwhile the worker disposes of the victim. */
static void mover_breaking(struct ditto_lease *of, u8 keep, bool ack)
{
	flush_work(&folder.share->volume->dispose_work);
}

static void mover_revoked(struct ditto_lease *of) {}

static const struct ditto_lease_ops mover_ops = {
	.breaking = mover_breaking,
	.revoked = mover_revoked,
	.free = lease_free,
};

static int late_unlink(struct inode *dir, struct dentry *dentry)
{
	victim_grant();
	dir->i_op = dir_ops;
	return dir_ops->unlink(dir, dentry);
}

static int late_rename(struct mnt_idmap *idmap, struct inode *from_dir, struct dentry *from,
		       struct inode *to_dir, struct dentry *to, unsigned int flags)
{
	victim_grant();
	if (mover)
		mover_lease = node_grant(mover, &mover_ops);
	from_dir->i_op = dir_ops;
	return dir_ops->rename(idmap, from_dir, from, to_dir, to, flags);
}

/* A directory that makes the grant just before its first name goes. */
static const struct inode_operations late_ops = {
	.lookup = simple_lookup,
	.unlink = late_unlink,
	.rename = late_rename,
};

static void remove_begin(struct kunit *test)
{
	folder_begin(test, &folder);
	test_client_begin(&client, folder.srv->locks);
	owner = ditto_owner_get(&client.client, "o", 1);
	KUNIT_ASSERT_FALSE(test, IS_ERR(owner));
	victim = folder_make(test, &folder, "victim", 0644, false);
	lease = NULL;
	atomic_set(&breaks, 0);
	atomic_set(&losses, 0);
	dir_ops = folder.root->inode->i_op;
}

static void remove_end(struct kunit *test)
{
	flush_workqueue(folder.srv->locks->wq);
	KUNIT_EXPECT_EQ(test, ditto_client_claims(&client.client), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&losses), 1);
	if (!IS_ERR_OR_NULL(lease))
		ditto_lease_put(lease);
	ditto_node_put(victim);
	ditto_owner_put(owner);
	test_client_end(&client);
	folder_end(test, &folder);
}

/* The holder was told before the operation ended, and its grant does not count as returned. */
static void expect_told(struct kunit *test)
{
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, lease);
	KUNIT_EXPECT_EQ(test, atomic_read(&breaks), 1);
	flush_workqueue(folder.srv->locks->wq);
	KUNIT_EXPECT_FALSE(test, lost_as_returned);
}

static void grant_before_unlink(struct kunit *test)
{
	remove_begin(test);
	folder.root->inode->i_op = &late_ops;
	folder_remove(test, &folder, "victim", false);
	expect_told(test);
	remove_end(test);
}

static void rename_over_late(struct kunit *test)
{
	const struct ditto_name from = { "file", 4 }, to = { "victim", 6 };
	struct ditto_wcc from_wcc, to_wcc;

	folder.root->inode->i_op = &late_ops;
	KUNIT_EXPECT_EQ(test, ditto_rename(&folder.op, folder.root, &from, &folder.op, folder.root,
					   &to, &from_wcc, &to_wcc), 0);
	expect_told(test);
}

static void grant_before_rename_over(struct kunit *test)
{
	remove_begin(test);
	ditto_node_put(folder_make(test, &folder, "file", 0644, false));
	rename_over_late(test);
	folder_remove(test, &folder, "victim", false);
	remove_end(test);
}

/* The worker is faster than the task that renames, and leaves the grant to it. */
static void grant_before_slow_rename_over(struct kunit *test)
{
	remove_begin(test);
	mover = folder_make(test, &folder, "file", 0644, false);
	rename_over_late(test);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, mover_lease);
	if (!IS_ERR_OR_NULL(mover_lease)) {
		ditto_lease_return(mover_lease);
		ditto_lease_put(mover_lease);
	}
	ditto_node_put(mover);
	mover = NULL;
	mover_lease = NULL;
	folder_remove(test, &folder, "victim", false);
	remove_end(test);
}

/* A client that removes the file need not be told, and is not to blame. */
static void grant_of_the_remover(struct kunit *test)
{
	struct ditto_actor actor = { .client = &client.client };

	remove_begin(test);
	actor.owner = owner;
	actor.lease_owner = owner;
	victim_grant();
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, lease);
	folder.op.actor = &actor;
	folder_remove(test, &folder, "victim", false);
	folder.op.actor = NULL;
	KUNIT_EXPECT_EQ(test, atomic_read(&breaks), 0);
	flush_workqueue(folder.srv->locks->wq);
	KUNIT_EXPECT_TRUE(test, lost_as_returned);
	remove_end(test);
}

/* Another server on the file system, with a delegation that the VFS breaks. */
static bool other_break(struct file_lease *fl)
{
	atomic_inc(&breaks);
	return false;
}

static const struct lease_manager_operations other_ops = {
	.lm_break = other_break,
	.lm_change = lease_modify,
};

static int other_grant(struct file *file)
{
	struct file_lease *fl = locks_alloc_lease();
	int err;

	if (!fl)
		return -ENOMEM;
	fl->fl_lmops = &other_ops;
	fl->c.flc_flags = FL_DELEG;
	fl->c.flc_type = F_RDLCK;
	fl->c.flc_owner = (void *)&other_ops;
	fl->c.flc_file = file;
	err = kernel_setlease(file, F_RDLCK, &fl, NULL);
	if (fl)
		locks_free_lease(fl);
	return err;
}

static void other_return(struct file *file)
{
	void *holder = (void *)&other_ops;

	kernel_setlease(file, F_UNLCK, NULL, &holder);
}

static int victim_open(u32 flags, struct ditto_instance **inst)
{
	const struct ditto_open_request req = {
		.path = "victim", .path_len = 6, .how = DITTO_OPEN_EXISTING,
		.rights = DITTO_RIGHT_DELETE, .flags = flags,
	};
	struct ditto_opened opened;
	struct ditto_actor actor = { .client = &client.client, .owner = owner };
	struct ditto_op op = folder.op;
	int err;

	op.actor = &actor;
	err = ditto_instance_open(&op, &req, &opened);
	*inst = opened.inst;
	return err;
}

static int victim_delete(struct ditto_instance *inst)
{
	struct ditto_op op = folder.op;
	struct ditto_node *node;
	int err;

	op.share = NULL;
	err = ditto_instance_begin(inst, &op, &node);
	if (err)
		return err;
	err = ditto_instance_set_delete(&op, inst, DITTO_DELETE_ON);
	ditto_instance_end(inst, &op);
	return err;
}

/*
 * The removal at close would meet the delegation and be lost, so it is broken, and the caller told
 * to retry, when the deletion is asked for.
 */
static void delegation_of_another_server(struct kunit *test)
{
	struct path path = { .mnt = folder.path.mnt };
	struct ditto_instance *inst, *none;
	struct file *file;

	remove_begin(test);
	path.dentry = ditto_node_dentry(victim);
	file = dentry_open(&path, O_RDONLY, current_cred());
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	KUNIT_EXPECT_EQ(test, victim_open(0, &inst), 0);
	KUNIT_ASSERT_NOT_NULL(test, inst);

	KUNIT_EXPECT_EQ(test, other_grant(file), 0);
	KUNIT_EXPECT_EQ(test, victim_delete(inst), -EJUKEBOX);
	KUNIT_EXPECT_FALSE(test, ditto_instance_delete_pending(inst));
	KUNIT_EXPECT_EQ(test, atomic_read(&breaks), 1);
	other_return(file);

	KUNIT_EXPECT_EQ(test, other_grant(file), 0);
	KUNIT_EXPECT_EQ(test, victim_open(DITTO_OPENF_DELETE_ON_CLOSE, &none), -EJUKEBOX);
	KUNIT_EXPECT_EQ(test, atomic_read(&breaks), 2);
	other_return(file);

	KUNIT_EXPECT_EQ(test, victim_delete(inst), 0);
	ditto_instance_close(&folder.op, inst);
	KUNIT_EXPECT_EQ(test, victim->inode->i_nlink, 0);
	__fput_sync(file);
	dput(path.dentry);
	/* There was no grant. */
	atomic_set(&losses, 1);
	remove_end(test);
}

static struct kunit_case remove_cases[] = {
	KUNIT_CASE(delegation_of_another_server),
	KUNIT_CASE(grant_before_unlink),
	KUNIT_CASE(grant_before_rename_over),
	KUNIT_CASE(grant_before_slow_rename_over),
	KUNIT_CASE(grant_of_the_remover),
	{}
};

static struct kunit_suite remove_suite = {
	.name = "ditto_remove_grant",
	FOLDER_SUITE(folder),
	.test_cases = remove_cases,
};

kunit_test_suite(remove_suite);
