// SPDX-License-Identifier: GPL-2.0-only
/* Operations on files while claims from before a restart may still be reclaimed. */
#include <linux/delay.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/uio.h>

#include "../../../fs/op/check/rights.h"
#include "../../../lockd/grace.h"
#include "../../../lockd/lease.h"
#include "../../../lockd/open.h"
#include "../../../lockd/table.h"
#include "../test_client.h"
#include "../fs/folder.h"

#define ID		"kunit-grace"
#define ID_RANGES	"kunit-grace-ranges"
/* Birth times are taken from a clock with this resolution at most. */
#define TICK_MS		50

DEFINE_FOLDER(folder, "kunit-grace")
static struct ditto_node *file, *over;
static struct test_client client;
static struct ditto_owner *owner;

static const struct ditto_name file_name = { "file", 4 };
static const struct ditto_name over_name = { "over", 4 };
static const struct ditto_name new_name = { "new", 3 };

static void grace_begin(struct kunit *test, enum ditto_known_held held)
{
	const char *id = held == DITTO_KNOWN_ANY ? ID : ID_RANGES;
	struct ditto_lock_table *table;

	folder_begin(test, &folder);
	table = folder.srv->locks;
	file = folder_make(test, &folder, "file", 0600, false);
	over = folder_make(test, &folder, "over", 0600, false);
	msleep(TICK_MS);

	test_client_begin(&client, table);
	owner = ditto_owner_get(&client.client, "owner", 5);
	KUNIT_ASSERT_FALSE(test, IS_ERR(owner));

	KUNIT_ASSERT_EQ(test, ditto_grace_know(table, id, strlen(id), held), 0);
	ditto_grace_start(table);
	KUNIT_ASSERT_TRUE(test, ditto_grace_holds(table, DITTO_CLAIM_OPEN));
	KUNIT_EXPECT_EQ(test, table->guards, held == DITTO_KNOWN_ANY);
}

/* The known client is done; it may have held any claims or ranges only. */
static void grace_over(struct kunit *test)
{
	struct ditto_lock_table *table = folder.srv->locks;

	if (!ditto_grace_admit(&client.client, ID, strlen(ID)))
		KUNIT_ASSERT_TRUE(test, ditto_grace_admit(&client.client, ID_RANGES,
							  strlen(ID_RANGES)));
	ditto_grace_done(&client.client);
	KUNIT_EXPECT_FALSE(test, ditto_grace_holds(table, DITTO_CLAIM_OPEN));
	KUNIT_EXPECT_FALSE(test, table->guards);
}

static void grace_end(struct kunit *test)
{
	struct ditto_wcc wcc;

	folder.op.actor = NULL;
	ditto_owner_put(owner);
	test_client_end(&client);
	ditto_node_put(file);
	ditto_node_put(over);
	ditto_remove(&folder.op, folder.root, &file_name, false, &wcc);
	ditto_remove(&folder.op, folder.root, &over_name, false, &wcc);
	ditto_remove(&folder.op, folder.root, &new_name, false, &wcc);
	folder_end(test, &folder);
}

/* Operations */

static int grace_io(struct ditto_node *node, bool write)
{
	char buf[8] = "1234567";
	struct kvec vec = { .iov_base = buf, .iov_len = sizeof(buf) };
	struct ditto_wcc wcc;
	struct iov_iter iter;
	u64 verifier;
	bool eof;

	iov_iter_kvec(&iter, write ? ITER_SOURCE : ITER_DEST, &vec, 1, sizeof(buf));
	if (!write)
		return min_t(ssize_t, 0, ditto_read(&folder.op, node, 0, &iter, &eof));
	return min_t(ssize_t, 0, ditto_write(&folder.op, node, 0, &iter, DITTO_UNSTABLE, &verifier,
					     &wcc));
}

static int do_read(void)
{
	return grace_io(file, false);
}

static int do_write(void)
{
	return grace_io(file, true);
}

static int do_setattr(struct ditto_node *node, u32 valid)
{
	const struct ditto_setattr set = { .valid = valid, .mode = 0700, .size = 3 };
	struct ditto_wcc wcc;

	return ditto_setattr(&folder.op, node, &set, &wcc);
}

static int do_size(void)
{
	return do_setattr(file, DITTO_SET_SIZE);
}

static int do_mode(void)
{
	return do_setattr(file, DITTO_SET_MODE);
}

static int do_dir_mode(void)
{
	return do_setattr(folder.root, DITTO_SET_MODE);
}

static int do_remove(void)
{
	struct ditto_wcc wcc;

	return ditto_remove(&folder.op, folder.root, &file_name, false, &wcc);
}

static int rename_file(const struct ditto_name *to)
{
	struct ditto_wcc a, b;

	return ditto_rename(&folder.op, folder.root, &file_name, &folder.op, folder.root, to,
			    &a, &b);
}

static int do_rename(void)
{
	return rename_file(&new_name);
}

static int do_replace(void)
{
	return rename_file(&over_name);
}

static int do_link(void)
{
	struct ditto_wcc wcc;

	return ditto_link(&folder.op, file, &folder.op, folder.root, &new_name, &wcc);
}

static int grace_create(const struct ditto_name *name)
{
	const struct ditto_setattr set = { .valid = DITTO_SET_SIZE, .size = 0 };
	const struct ditto_create_args args = {
		.type = S_IFREG, .how = DITTO_CREATE_UNCHECKED, .set = &set,
	};
	struct ditto_node *node;
	struct ditto_wcc wcc;
	int err;

	err = ditto_create_entry(&folder.op, folder.root, name, &args, &node, NULL, &wcc);
	if (!err)
		ditto_node_put(node);
	return err;
}

static int do_create(void)
{
	return grace_create(&new_name);
}

static int do_create_over(void)
{
	return grace_create(&file_name);
}

static const struct grace_case {
	const char *name;
	int (*run)(void);
	int in_grace;		/* of a client without claims */
	int of_holder;		/* of a client that has the file open, not the replaced one */
} grace_cases[] = {
	{ "read", do_read, 0, 0 },
	{ "write", do_write, -EJUKEBOX, 0 },
	{ "size", do_size, -EJUKEBOX, 0 },
	{ "mode", do_mode, -EJUKEBOX, 0 },
	{ "mode of directory", do_dir_mode, 0, 0 },
	{ "create", do_create, 0, 0 },
	{ "create over", do_create_over, -EJUKEBOX, 0 },
	{ "remove", do_remove, -EJUKEBOX, 0 },
	{ "rename", do_rename, -EJUKEBOX, 0 },
	{ "replace", do_replace, -EJUKEBOX, -EJUKEBOX },
	{ "link", do_link, -EJUKEBOX, 0 },
};

static void grace_case_desc(const struct grace_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(grace_case, grace_cases, grace_case_desc);

static void grace_holds_off_changes(struct kunit *test)
{
	const struct grace_case *c = test->param_value;

	grace_begin(test, DITTO_KNOWN_ANY);
	KUNIT_EXPECT_EQ(test, c->run(), c->in_grace);
	grace_over(test);
	if (c->in_grace)
		KUNIT_EXPECT_EQ(test, c->run(), 0);
	grace_end(test);
}

/* Ended by the administrator: clients that did not reclaim are not waited for. */
static void grace_ended_early(struct kunit *test)
{
	struct ditto_lock_table *table;

	grace_begin(test, DITTO_KNOWN_ANY);
	table = folder.srv->locks;
	KUNIT_EXPECT_TRUE(test, ditto_grace_admit(&client.client, ID, strlen(ID)));
	KUNIT_EXPECT_EQ(test, do_write(), -EJUKEBOX);
	ditto_grace_end(table);
	KUNIT_EXPECT_FALSE(test, table->guards);
	KUNIT_EXPECT_EQ(test, do_write(), 0);
	ditto_grace_done(&client.client);
	grace_end(test);
}

/* Advisory ranges forbid no write, so there is nothing to wait for. */
static void grace_of_ranges(struct kunit *test)
{
	const struct grace_case *c = test->param_value;

	grace_begin(test, DITTO_KNOWN_RANGES);
	KUNIT_EXPECT_EQ(test, c->run(), 0);
	grace_over(test);
	grace_end(test);
}

static int case_as_holder(struct kunit *test, const struct grace_case *c, u8 access)
{
	const struct ditto_actor actor = { .client = &client.client, .owner = owner };
	struct ditto_open *open;
	int err;

	open = ditto_open_claim(&file->point, &actor, access, 0, true, NULL, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(open));
	folder.op.actor = &actor;
	err = c->run();
	folder.op.actor = NULL;
	ditto_open_release(open);
	return err;
}

static void grace_of_the_holder(struct kunit *test)
{
	const struct grace_case *c = test->param_value;

	grace_begin(test, DITTO_KNOWN_ANY);
	KUNIT_ASSERT_TRUE(test, ditto_grace_admit(&client.client, ID, strlen(ID)));
	/* Another client may have a delegation beside an open for reading. */
	KUNIT_EXPECT_EQ(test, case_as_holder(test, c, DITTO_OPEN_READ), c->in_grace);
	if (c->in_grace)
		KUNIT_EXPECT_EQ(test, case_as_holder(test, c, DITTO_OPEN_READ | DITTO_OPEN_WRITE),
				c->of_holder);
	grace_over(test);
	grace_end(test);
}

static void grace_grant_breaking(struct ditto_lease *lease, u8 keep, bool ack) {}
static void grace_grant_over(struct ditto_lease *lease) {}

static const struct ditto_lease_ops grant_ops = {
	.breaking = grace_grant_breaking,
	.revoked = grace_grant_over,
	.free = grace_grant_over,
};

/* A grant with WRITE counts as an open for writing; one without does not. */
static void grace_of_the_caching(struct kunit *test)
{
	struct ditto_lease_request req = {
		.style = DITTO_LEASE_TYPE_DELEGATION,
		.reclaim = true,
		.break_ms = 60000,
		.ops = &grant_ops,
	};
	struct ditto_lease *lease;

	grace_begin(test, DITTO_KNOWN_ANY);
	KUNIT_ASSERT_TRUE(test, ditto_grace_admit(&client.client, ID, strlen(ID)));
	req.point = &file->point;
	req.actor = (struct ditto_actor){
		.client = &client.client, .owner = owner, .lease_owner = owner,
	};
	for (int i = 0; i < 2; i++) {
		req.want = i ? DITTO_LEASE_ALL : DITTO_LEASE_READ | DITTO_LEASE_HANDLE;
		lease = ditto_lease_grant(&req);
		KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
		folder.op.actor = &req.actor;
		KUNIT_EXPECT_EQ(test, do_mode(), i ? 0 : -EJUKEBOX);
		folder.op.actor = NULL;
		KUNIT_EXPECT_FALSE(test, ditto_lease_breaking(lease));
		ditto_lease_return(lease);
		ditto_lease_put(lease);
	}
	grace_over(test);
	grace_end(test);
}

/* No recorded claim can be of a file that was created later. */
static void grace_of_new_files(struct kunit *test)
{
	struct ditto_node *node;

	grace_begin(test, DITTO_KNOWN_ANY);
	msleep(TICK_MS);
	node = folder_make(test, &folder, "new", 0600, false);
	KUNIT_EXPECT_EQ(test, grace_io(node, true), 0);
	KUNIT_EXPECT_EQ(test, do_setattr(node, DITTO_SET_SIZE | DITTO_SET_MODE), 0);
	KUNIT_EXPECT_EQ(test, do_write(), -EJUKEBOX);
	ditto_node_put(node);
	folder_remove(test, &folder, "new", false);
	grace_over(test);
	grace_end(test);
}

/* The clock of birth times may be set at any time. */
static void grace_by_the_clock(struct kunit *test)
{
	struct timespec64 now, born;

	grace_begin(test, DITTO_KNOWN_ANY);
	msleep(TICK_MS);
	ktime_get_real_ts64(&now);
	KUNIT_EXPECT_TRUE(test, ditto_grace_is_newer(folder.srv->locks, &now));
	born = now;
	born.tv_sec -= 3600;
	KUNIT_EXPECT_FALSE(test, ditto_grace_is_newer(folder.srv->locks, &born));
	born.tv_sec += 7200;
	KUNIT_EXPECT_FALSE(test, ditto_grace_is_newer(folder.srv->locks, &born));
	grace_over(test);
	grace_end(test);
}

/* A removal that was granted to an open is done when the open is closed. */
static void grace_of_granted_removal(struct kunit *test)
{
	grace_begin(test, DITTO_KNOWN_ANY);
	KUNIT_EXPECT_EQ(test, do_remove(), -EJUKEBOX);
	folder.op.held = DITTO_RIGHT_DELETE;
	KUNIT_EXPECT_EQ(test, do_write(), -EJUKEBOX);
	KUNIT_EXPECT_EQ(test, do_remove(), 0);
	folder.op.held = 0;
	grace_over(test);
	grace_end(test);
}

static struct kunit_case grace_test_cases[] = {
	KUNIT_CASE_PARAM(grace_holds_off_changes, grace_case_gen_params),
	KUNIT_CASE_PARAM(grace_of_ranges, grace_case_gen_params),
	KUNIT_CASE_PARAM(grace_of_the_holder, grace_case_gen_params),
	KUNIT_CASE(grace_ended_early),
	KUNIT_CASE(grace_of_the_caching),
	KUNIT_CASE(grace_of_new_files),
	KUNIT_CASE(grace_by_the_clock),
	KUNIT_CASE(grace_of_granted_removal),
	{}
};

static struct kunit_suite grace_suite = {
	.name = "ditto_grace",
	FOLDER_SUITE(folder),
	.test_cases = grace_test_cases,
};

kunit_test_suite(grace_suite);
