// SPDX-License-Identifier: GPL-2.0-only
/*
 * Committed files: when their time comes and ends, their records, options that contradict, and who
 * is faster, a change or the commit.
 */
/* fileattr.h needs declarations of linux/fs.h */
#include <linux/fs.h>

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/fileattr.h>
#include <linux/kthread.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/uio.h>
#include <linux/xattr.h>

#include "../../../fs/op/check/worm.h"
#include "../../../fs/op/op.h"
#include "../../../fs/op/space.h"
#include "../../../fs/op/xattr.h"
#include "../../../fs/open/instance.h"
#include "../../../fs/share/share.h"
#include "../../../lockd/open.h"
#include "../test_client.h"
#include "folder.h"

static const struct age_case {
	struct ditto_worm_age at;	/* now, changed, stopped, started */
	u32 age;
	bool due;
} ages[] = {
	{ { 1000, 0 }, 0, false },		/* the option is off */
	{ { 1000, 999 }, 2, false },
	{ { 1000, 998 }, 2, true },
	{ { 1000, 1001 }, 2, false },		/* the clocks of file and server tick apart */
	{ { 1000, 1002 }, 2, true },		/* the clock was set back */
	{ { -10, -20, 0, -20 }, 10, true },
	/* Writers could do nothing while the server was down. */
	{ { 1000, 498, 500, 999 }, 2, true },	/* it was old before */
	{ { 1000, 499, 500, 999 }, 2, false },
	{ { 1000, 499, 500, 998 }, 2, true },
	{ { 1000, 499, 0, 999 }, 2, false },	/* it is not known when that was */
	{ { 10, 1000, 1001, 9 }, 2, false },	/* the clock is not set yet */
};

static void worm_ages(struct kunit *test)
{
	for (size_t i = 0; i < ARRAY_SIZE(ages); i++)
		KUNIT_EXPECT_EQ_MSG(test, ages[i].due,
				    ditto_worm_is_due(&ages[i].at, ages[i].age),
				    "case %zu", i);
}

static void worm_retention(struct kunit *test)
{
	struct ditto_worm_record record = { .until = ditto_worm_until(1000, 2) };

	KUNIT_EXPECT_EQ(test, record.until, 1000 + 2 * 86400);
	KUNIT_EXPECT_FALSE(test, ditto_worm_is_over(&record, record.until - 1));
	KUNIT_EXPECT_TRUE(test, ditto_worm_is_over(&record, record.until));
	record.until = ditto_worm_until(1000, 0);
	KUNIT_EXPECT_FALSE(test, ditto_worm_is_over(&record, S64_MAX));
	KUNIT_EXPECT_EQ(test, ditto_worm_until(1000, 36500), 1000 + 36500LL * 86400);
}

static const struct record_case {
	const char *text;
	struct ditto_worm_record record;
} records[] = {
	{ "1 1700000000 1800000000 g", { 1700000000, 1800000000, false } },
	{ "1 1700000000 1800000000 c", { 1700000000, 1800000000, true } },
	{ "1 -5 0 c", { -5, 0, true } },
	/* What is damaged is for ever. */
	{ "", { 0, 0, true } },
	{ "1", { 0, 0, true } },
	{ "1 5 6", { 0, 0, true } },
	{ "1 5 6 x", { 0, 0, true } },
	{ "1 5 6 gg", { 0, 0, true } },
	{ "1 5 -6 g", { 0, 0, true } },
	{ "2 5 6 g", { 0, 0, true } },
	{ "1 5 6 g and this is longer than any record that there has ever been", { 0, 0, true } },
};

static void worm_records(struct kunit *test)
{
	struct ditto_worm_record read;
	char buf[DITTO_WORM_RECORD_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
		const struct record_case *c = &records[i];

		ditto_worm_record_read(&read, c->text, strlen(c->text));
		KUNIT_EXPECT_EQ_MSG(test, read.committed, c->record.committed, "%s", c->text);
		KUNIT_EXPECT_EQ_MSG(test, read.until, c->record.until, "%s", c->text);
		KUNIT_EXPECT_EQ_MSG(test, read.compliance, c->record.compliance, "%s", c->text);
		if (i > 2)
			continue;
		KUNIT_EXPECT_EQ(test, ditto_worm_record_write(&c->record, buf), strlen(c->text));
		KUNIT_EXPECT_STREQ(test, buf, c->text);
	}
}

static const struct opts_case {
	struct ditto_share_opts old, opts;
	int err;
} opts_cases[] = {
	{ { }, { .trash = true, .nested = 1 }, 0 },
	{ { }, { .worm = 5, .trash = true }, -EINVAL },
	{ { }, { .worm = 5, .nested = 1 }, -EINVAL },
	{ { .worm = 5, .worm_retention = 30 }, { }, 0 },
	{ { .worm = 5, .worm_mode = 1 }, { .worm_mode = 1 }, -EPERM },
	{ { .worm = 5, .worm_mode = 1 }, { .worm = 6, .worm_mode = 1 }, -EPERM },
	{ { .worm = 5, .worm_mode = 1 }, { .worm = 4, .worm_mode = 1 }, 0 },
	{ { .worm = 5, .worm_mode = 1 }, { .worm = 5 }, -EPERM },
	{ { .worm = 5, .worm_mode = 1 },
	  { .worm = 5, .worm_mode = 1, .worm_retention = 9 }, -EPERM },
	{ { .worm = 5, .worm_mode = 1, .worm_retention = 9 },
	  { .worm = 5, .worm_mode = 1, .worm_retention = 8 }, -EPERM },
	{ { .worm = 5, .worm_mode = 1, .worm_retention = 9 },
	  { .worm = 5, .worm_mode = 1, .worm_retention = 10 }, 0 },
	{ { .worm = 5, .worm_mode = 1, .worm_retention = 9 }, { .worm = 5, .worm_mode = 1 }, 0 },
};

static void worm_options(struct kunit *test)
{
	for (size_t i = 0; i < ARRAY_SIZE(opts_cases); i++) {
		const struct opts_case *c = &opts_cases[i];

		KUNIT_EXPECT_EQ_MSG(test, ditto_share_opts_check(&c->old, &c->opts, NULL), c->err,
				    "case %zu", i);
	}
	KUNIT_EXPECT_EQ(test, ditto_share_opts_check(NULL, &opts_cases[5].opts, NULL), 0);
}

static struct kunit_case worm_cases[] = {
	KUNIT_CASE(worm_ages),
	KUNIT_CASE(worm_retention),
	KUNIT_CASE(worm_records),
	KUNIT_CASE(worm_options),
	{}
};

static struct kunit_suite worm_suite = {
	.name = "ditto_worm",
	.test_cases = worm_cases,
};

/* Races. The record is an attribute with the prefix of this handler, which the suite replaces. */

#define DAY	86400

DEFINE_FOLDER(folder, "kunit-worm")

/**
 * struct worm_meeting - a file, and what happens when its record is read
 * @node: the file
 * @gets: reads of the record until then; 0 for never
 * @before: it happens before that read, and else behind it
 * @meanwhile: what happens
 * @result: of @meanwhile
 * @flagging: happens when the file is about to become immutable, if it is set
 * @real: the handler of the file system
 * @handlers: the handlers of the file system, with ours
 * @of_sb: the table without it
 */
static struct worm_meeting {
	struct ditto_node *node;
	int gets;
	bool before;
	int (*meanwhile)(void);
	int result;
	void (*flagging)(void);
	const struct xattr_handler *real;
	const struct xattr_handler *handlers[8];
	const struct xattr_handler * const *of_sb;
} meeting;

static int worm_meet_thread(void *done)
{
	meeting.result = meeting.meanwhile();
	kthread_complete_and_exit(done, 0);
}

/* Another thread does it, as what the reader holds is not held twice by one. */
static void worm_meet(void)
{
	DECLARE_COMPLETION_ONSTACK(done);

	if (!IS_ERR(kthread_run(worm_meet_thread, &done, "worm-meet")))
		wait_for_completion(&done);
}

static int worm_meet_get(const struct xattr_handler *handler, struct dentry *dentry,
			 struct inode *inode, const char *name, void *buffer, size_t size)
{
	bool meets = meeting.node && inode == meeting.node->inode &&
		     !strcmp(name, "ditto.worm") && meeting.gets && !--meeting.gets;
	int ret;

	/* The file looks offloaded, so it is not made immutable, which would hide races. */
	if (!strcmp(name, "ditto.offload") && !size) {
		if (meeting.flagging)
			meeting.flagging();
		return 1;
	}
	if (meets && meeting.before)
		worm_meet();
	ret = meeting.real->get(meeting.real, dentry, inode, name, buffer, size);
	if (meets && !meeting.before)
		worm_meet();
	return ret;
}

static int worm_meet_set(const struct xattr_handler *handler, struct mnt_idmap *idmap,
			 struct dentry *dentry, struct inode *inode, const char *name,
			 const void *buffer, size_t size, int flags)
{
	return meeting.real->set(meeting.real, idmap, dentry, inode, name, buffer, size, flags);
}

static const struct xattr_handler worm_meet_handler = {
	.prefix = XATTR_TRUSTED_PREFIX,
	.get = worm_meet_get,
	.set = worm_meet_set,
};

static void worm_race_begin(struct kunit *test)
{
	struct ditto_share_config cfg = { .name = folder.name };
	struct super_block *sb;
	size_t i;

	folder_begin(test, &folder);
	meeting = (struct worm_meeting){};
	cfg.opts = ditto_share_opts_alloc();
	KUNIT_ASSERT_NOT_NULL(test, cfg.opts);
	cfg.opts->worm = 3600;
	cfg.opts->worm_retention = 1;
	cfg.opts->worm_retention_max = 30;
	KUNIT_ASSERT_EQ(test, ditto_worm_check_share(folder.share, NULL), 0);
	KUNIT_ASSERT_EQ(test, ditto_worm_start(folder.share->volume), 0);
	KUNIT_ASSERT_EQ(test, ditto_share_set(folder.srv, &cfg, NULL), 0);
	sb = folder.share->volume->sb;
	meeting.of_sb = sb->s_xattr;
	for (i = 0; sb->s_xattr[i] && i < ARRAY_SIZE(meeting.handlers) - 1; i++) {
		meeting.handlers[i] = sb->s_xattr[i];
		if (!sb->s_xattr[i]->prefix ||
		    strcmp(sb->s_xattr[i]->prefix, XATTR_TRUSTED_PREFIX))
			continue;
		meeting.real = sb->s_xattr[i];
		meeting.handlers[i] = &worm_meet_handler;
	}
	KUNIT_ASSERT_NOT_NULL(test, meeting.real);
	KUNIT_ASSERT_NULL(test, sb->s_xattr[i]);
	sb->s_xattr = meeting.handlers;
}

static void worm_race_end(struct kunit *test)
{
	folder.share->volume->sb->s_xattr = meeting.of_sb;
	folder_end(test, &folder);
}

static bool worm_has_record(void)
{
	struct dentry *dentry = ditto_node_dentry(meeting.node);
	bool has = __vfs_getxattr(dentry, d_inode(dentry), DITTO_WORM_XATTR, NULL, 0) > 0;

	dput(dentry);
	return has;
}

static void worm_put_record(const char *text)
{
	struct dentry *dentry = ditto_node_dentry(meeting.node);

	inode_lock(d_inode(dentry));
	__vfs_setxattr(&nop_mnt_idmap, dentry, d_inode(dentry), DITTO_WORM_XATTR, text,
		       strlen(text), 0);
	inode_unlock(d_inode(dentry));
	dput(dentry);
}

/* Forget the file, whatever became of it. */
static void worm_scrap(struct kunit *test, const char *name)
{
	const struct ditto_name n = { name, strlen(name) };
	struct dentry *dentry = ditto_node_dentry(meeting.node);
	struct file_kattr fa = { };
	struct ditto_wcc wcc;

	fileattr_fill_flags(&fa, 0);
	vfs_fileattr_set(&nop_mnt_idmap, dentry, &fa);
	inode_lock(d_inode(dentry));
	__vfs_removexattr(&nop_mnt_idmap, dentry, DITTO_WORM_XATTR);
	inode_unlock(d_inode(dentry));
	dput(dentry);
	if (meeting.node->inode->i_nlink)
		KUNIT_EXPECT_EQ(test, ditto_remove(&folder.op, folder.root, &n, false, &wcc), 0);
	ditto_node_put(meeting.node);
	meeting.node = NULL;
}

static int worm_set(const struct ditto_setattr *set)
{
	struct ditto_wcc wcc;

	return ditto_setattr(&folder.op, meeting.node, set, &wcc);
}

static int worm_commit_early(void)
{
	return worm_set(&(struct ditto_setattr){
		.valid = DITTO_SET_MODE | DITTO_SET_ATIME, .mode = 0444,
		.atime.tv_sec = ktime_get_real_seconds() + 9 * DAY,
	});
}

static int worm_prolong(void)
{
	return worm_set(&(struct ditto_setattr){
		.valid = DITTO_SET_ATIME, .atime.tv_sec = ktime_get_real_seconds() + 9 * DAY,
	});
}

static int change_write(void)
{
	struct kvec vec = { .iov_base = "text", .iov_len = 4 };
	struct iov_iter iter;
	u64 verifier;
	ssize_t ret;

	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, vec.iov_len);
	ret = ditto_write(&folder.op, meeting.node, 0, &iter, DITTO_UNSTABLE, &verifier, NULL);
	return min(ret, 0);
}

/* By who has opened the file; the lock table does not know of it. */
static int change_write_granted(void)
{
	int ret;

	folder.op.granted = DITTO_MAY_WRITE;
	ret = change_write();
	folder.op.granted = 0;
	return ret;
}

static int change_size(void)
{
	return worm_set(&(struct ditto_setattr){ .valid = DITTO_SET_SIZE, .size = 9 });
}

static int change_mode(void)
{
	return worm_set(&(struct ditto_setattr){ .valid = DITTO_SET_MODE, .mode = 0600 });
}

static int change_space(void)
{
	return ditto_allocate(&folder.op, meeting.node, DITTO_SPACE_RESERVE, 0, 4096);
}

static int change_copy(void)
{
	u64 verifier;

	return min(ditto_copy(&folder.op, meeting.node, 0, &folder.op, meeting.node, 2, 2, false,
			      &verifier), 0);
}

static int change_xattr(void)
{
	const struct ditto_name name = { "x", 1 };

	return ditto_xattr_set(&folder.op, meeting.node, &name, "x", 1, DITTO_XATTR_EITHER, NULL);
}

static int change_remove(void)
{
	const struct ditto_name name = { "f", 1 };
	struct ditto_wcc wcc;

	return ditto_remove(&folder.op, folder.root, &name, false, &wcc);
}

static int change_name(void)
{
	const struct ditto_name from = { "f", 1 }, to = { "g", 1 };
	struct ditto_wcc from_wcc, to_wcc;

	return ditto_rename(&folder.op, folder.root, &from, &folder.op, folder.root, &to,
			    &from_wcc, &to_wcc);
}

static int change_link(void)
{
	const struct ditto_name name = { "g", 1 };
	struct ditto_wcc wcc;

	return ditto_link(&folder.op, meeting.node, &folder.op, folder.root, &name, &wcc);
}

static const struct race_case {
	const char *name;
	int (*change)(void);
} races[] = {
	{ "write", change_write },
	{ "granted write", change_write_granted },
	{ "size", change_size },
	{ "mode", change_mode },
	{ "space", change_space },
	{ "copy", change_copy },
	{ "xattr", change_xattr },
	{ "remove", change_remove },
	{ "rename", change_name },
	{ "link", change_link },
};

/* Return: false if the record is not read as often as that. */
static bool worm_race(struct kunit *test, const struct race_case *c, int gets,
		      int (*meanwhile)(void), const char *record)
{
	const struct ditto_name other = { "g", 1 };
	struct ditto_wcc wcc;
	int changed;
	bool met;

	meeting.node = folder_make(test, &folder, "f", 0644, false);
	KUNIT_EXPECT_EQ(test, change_write(), 0);
	if (record)
		worm_put_record(record);
	meeting.meanwhile = meanwhile;
	meeting.gets = gets;
	changed = c->change();
	met = !meeting.gets;
	meeting.gets = 0;
	if (met) {
		KUNIT_EXPECT_TRUE_MSG(test, !changed != !meeting.result,
				      "%s at %d: %d, and the commit %d", c->name, gets, changed,
				      meeting.result);
		KUNIT_EXPECT_EQ_MSG(test, worm_has_record(), record || !meeting.result, "%s at %d",
				    c->name, gets);
	}
	/* The file goes with its other name. */
	worm_scrap(test, c->change == change_name && !changed ? "g" : "f");
	if (c->change == change_link && !changed)
		KUNIT_EXPECT_EQ(test, ditto_remove(&folder.op, folder.root, &other, false, &wcc),
				0);
	return met;
}

/* Whenever a file is committed during a change, only one of both is done. */
static void worm_change_or_commit(struct kunit *test)
{
	int gets;

	worm_race_begin(test);
	for (size_t i = 0; i < ARRAY_SIZE(races); i++) {
		for (gets = 1; worm_race(test, &races[i], gets, worm_commit_early, NULL); gets++)
			;
		KUNIT_EXPECT_GE_MSG(test, gets, 2, "%s", races[i].name);
	}
	worm_race_end(test);
}

/* Nor is a file removed whose retention is being prolonged. */
static void worm_remove_or_prolong(struct kunit *test)
{
	static const struct race_case removal = { "remove", change_remove };
	int gets;

	worm_race_begin(test);
	for (gets = 1; worm_race(test, &removal, gets, worm_prolong, "1 1 1 g"); gets++)
		;
	KUNIT_EXPECT_GE(test, gets, 2);
	worm_race_end(test);
}

static void worm_expect_early(struct kunit *test, bool committed)
{
	KUNIT_EXPECT_EQ(test, meeting.node->inode->i_mode & 0777, committed ? 0444 : 0644);
	KUNIT_EXPECT_EQ(test, worm_has_record(), committed);
}

/* An early commit that fails has not changed the mode, so the client can try again. */
static void worm_early_repeated(struct kunit *test)
{
	worm_race_begin(test);
	meeting.node = folder_make(test, &folder, "f", 0644, false);
	/* Somebody is writing. */
	atomic_inc(&meeting.node->changes);
	KUNIT_EXPECT_EQ(test, worm_commit_early(), -ETXTBSY);
	atomic_dec(&meeting.node->changes);
	worm_expect_early(test, false);
	folder.op.cred = folder.user;
	KUNIT_EXPECT_NE(test, worm_commit_early(), 0);
	folder.op.cred = folder.admin;
	KUNIT_EXPECT_FALSE(test, worm_has_record());
	KUNIT_EXPECT_EQ(test, worm_commit_early(), 0);
	worm_expect_early(test, true);
	worm_scrap(test, "f");
	worm_race_end(test);
}

static void worm_write_locally(void)
{
	meeting.result = get_write_access(meeting.node->inode);
}

/* Nor if a local process opens the file for writing when the mode is set already. */
static void worm_early_too_late(struct kunit *test)
{
	worm_race_begin(test);
	meeting.node = folder_make(test, &folder, "f", 0644, false);
	meeting.flagging = worm_write_locally;
	meeting.result = 1;
	KUNIT_EXPECT_EQ(test, worm_commit_early(), -ETXTBSY);
	KUNIT_ASSERT_EQ(test, meeting.result, 0);
	meeting.flagging = NULL;
	put_write_access(meeting.node->inode);
	worm_expect_early(test, false);
	KUNIT_EXPECT_EQ(test, worm_commit_early(), 0);
	worm_expect_early(test, true);
	worm_scrap(test, "f");
	worm_race_end(test);
}

/* The guard of an early commit is about the time before it. */
static void worm_early_guarded(struct kunit *test)
{
	struct timespec64 guard;
	struct ditto_setattr set = {
		.valid = DITTO_SET_MODE | DITTO_SET_ATIME, .mode = 0444,
		.atime.tv_sec = ktime_get_real_seconds() + 9 * DAY, .guard = &guard,
	};

	worm_race_begin(test);
	meeting.node = folder_make(test, &folder, "f", 0644, false);
	guard = inode_set_ctime(meeting.node->inode, ktime_get_real_seconds() - 10, 2);
	guard.tv_nsec = 1;
	KUNIT_EXPECT_EQ(test, worm_set(&set), -ENOTSYNC);
	KUNIT_EXPECT_FALSE(test, worm_has_record());
	guard.tv_nsec = 2;
	KUNIT_EXPECT_EQ(test, worm_set(&set), 0);
	KUNIT_EXPECT_TRUE(test, worm_has_record());
	worm_scrap(test, "f");
	worm_race_end(test);
}

/* A request that sets nothing does not keep others from committing the file. */
static void worm_no_change(struct kunit *test)
{
	worm_race_begin(test);
	meeting.node = folder_make(test, &folder, "f", 0644, false);
	meeting.meanwhile = worm_commit_early;
	meeting.before = true;
	meeting.gets = 1;
	KUNIT_EXPECT_EQ(test, worm_set(&(struct ditto_setattr){}), 0);
	KUNIT_EXPECT_EQ(test, meeting.gets, 1);
	meeting.gets = 0;
	worm_scrap(test, "f");
	worm_race_end(test);
}

/* Opens */

static struct ditto_op worm_other_op;
static struct ditto_instance *worm_other;

static int worm_open(struct ditto_op *op, u32 rights, u8 deny, struct ditto_instance **inst)
{
	const struct ditto_open_request req = {
		.node = meeting.node, .how = DITTO_OPEN_EXISTING, .rights = rights, .deny = deny,
		.flags = DITTO_OPENF_ONLY_EXACT,
	};
	struct ditto_opened opened;
	int err = ditto_instance_open(op, &req, &opened);

	*inst = opened.inst;
	return err;
}

/* Another client opens the file before the first one finds the record. */
static int worm_open_other(void)
{
	int err = worm_open(&worm_other_op, DITTO_RIGHT_WRITE_DATA, 0, &worm_other);

	worm_put_record("1 1 0 g");
	return err;
}

/* An open that may not be changed has what it had, whatever others have claimed meanwhile. */
static void worm_change_goes_back(struct kunit *test)
{
	static struct test_client clients[2];
	struct ditto_actor actors[2];
	struct ditto_owner *owners[2];
	struct ditto_instance *inst;
	struct ditto_op op, begun;
	struct ditto_node *node;

	worm_race_begin(test);
	for (u32 i = 0; i < 2; i++) {
		test_client_begin(&clients[i], folder.srv->locks);
		owners[i] = ditto_owner_get(&clients[i].client, &i, sizeof(i));
		KUNIT_ASSERT_FALSE(test, IS_ERR(owners[i]));
		actors[i] = (struct ditto_actor){
			.client = &clients[i].client, .owner = owners[i], .lease_owner = owners[i],
		};
	}
	op = folder.op;
	op.actor = &actors[0];
	worm_other_op = folder.op;
	worm_other_op.actor = &actors[1];
	worm_other = NULL;
	meeting.node = folder_make(test, &folder, "f", 0644, false);
	KUNIT_ASSERT_EQ(test, worm_open(&op, DITTO_RIGHT_READ_DATA, DITTO_OPEN_WRITE, &inst), 0);
	begun = op;
	KUNIT_ASSERT_EQ(test, ditto_instance_begin(inst, &begun, &node), 0);
	meeting.meanwhile = worm_open_other;
	meeting.before = true;
	meeting.gets = 1;
	/* What it denied is given up with the change, which is refused. */
	KUNIT_EXPECT_EQ(test, ditto_instance_change(&begun, inst, DITTO_RIGHT_WRITE_DATA, 0, 0),
			-EPERM);
	KUNIT_EXPECT_EQ(test, meeting.gets, 0);
	KUNIT_EXPECT_EQ(test, meeting.result, -ETXTBSY);
	KUNIT_EXPECT_EQ(test, ditto_open_access(ditto_instance_claim(inst)), DITTO_OPEN_READ);
	KUNIT_EXPECT_EQ(test, ditto_open_deny(ditto_instance_claim(inst)), DITTO_OPEN_WRITE);
	KUNIT_EXPECT_EQ(test, ditto_instance_rights(inst), DITTO_RIGHT_READ_DATA);
	ditto_instance_end(inst, &begun);
	if (worm_other)
		ditto_instance_close(&worm_other_op, worm_other);
	ditto_instance_close(&op, inst);
	worm_scrap(test, "f");
	for (int i = 0; i < 2; i++) {
		ditto_owner_put(owners[i]);
		test_client_end(&clients[i]);
	}
	worm_race_end(test);
}

/* Who keeps others from reading an old file does not keep it from being committed. */
static void worm_reading_denied(struct kunit *test)
{
	static struct test_client client;
	struct ditto_instance *inst;
	struct ditto_actor actor;
	struct ditto_owner *owner;
	struct ditto_op op;

	worm_race_begin(test);
	test_client_begin(&client, folder.srv->locks);
	owner = ditto_owner_get(&client.client, "o", 1);
	KUNIT_ASSERT_FALSE(test, IS_ERR(owner));
	actor = (struct ditto_actor){
		.client = &client.client, .owner = owner, .lease_owner = owner,
	};
	op = folder.op;
	op.actor = &actor;
	meeting.node = folder_make(test, &folder, "f", 0644, false);
	KUNIT_ASSERT_EQ(test, worm_open(&op, DITTO_RIGHT_READ_DATA, DITTO_OPEN_READ, &inst), 0);
	inode_set_ctime(meeting.node->inode, ktime_get_real_seconds() - DAY, 0);
	KUNIT_EXPECT_EQ(test, change_mode(), -EPERM);
	KUNIT_EXPECT_TRUE(test, worm_has_record());
	ditto_instance_close(&op, inst);
	worm_scrap(test, "f");
	ditto_owner_put(owner);
	test_client_end(&client);
	worm_race_end(test);
}

static struct kunit_case race_cases[] = {
	KUNIT_CASE(worm_change_or_commit),
	KUNIT_CASE(worm_remove_or_prolong),
	KUNIT_CASE(worm_early_repeated),
	KUNIT_CASE(worm_early_too_late),
	KUNIT_CASE(worm_early_guarded),
	KUNIT_CASE(worm_no_change),
	KUNIT_CASE(worm_reading_denied),
	KUNIT_CASE(worm_change_goes_back),
	{}
};

static struct kunit_suite race_suite = {
	.name = "ditto_worm_races",
	FOLDER_SUITE(folder),
	.test_cases = race_cases,
};

kunit_test_suites(&worm_suite, &race_suite);
