// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations and claims: each operation is held off by what the matrix says,
 * on a real tmpfs, with a holder that exists in this test only.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/uio.h>

#include "../../../fs/node/node.h"
#include "../../../fs/op/op.h"
#include "../../../fs/share/cred.h"
#include "../../../fs/share/share.h"
#include "../../../lockd/lease.h"
#include "../../../lockd/open.h"
#include "../../../lockd/range.h"
#include "../../../lockd/table.h"
#include "../../../net/server.h"
#include "../await.h"
#include "../test_client.h"
#include "folder.h"

#define FILE_SIZE	10

DEFINE_FOLDER(folder, "kunit-op")

/* Objects of the operations. */
enum slot {
	DIR,		/* d */
	FILE,		/* d/file */
	OVER,		/* d/over */
	SUB,		/* d/sub, empty */
	SLOTS,
};

/**
 * struct fixture - the files of one round, and the claims on them
 * @op: the caller
 * @node: the files, by slot
 * @client: the holder
 * @owner: its owner
 * @lease: its caching grant, if it holds one
 * @open: its open, if it holds one
 */
struct fixture {
	struct ditto_op op;
	struct ditto_node *node[SLOTS];
	struct test_client client;
	struct ditto_owner *owner;
	struct ditto_lease *lease;
	struct ditto_open *open;
};

/* One at a time: the table's callbacks find it here. */
static struct fixture fx;
static char notified[32];
static atomic_t parked;

static const struct ditto_name dir_name = { "d", 1 };
static const struct ditto_name file_name = { "file", 4 };
static const struct ditto_name over_name = { "over", 4 };
static const struct ditto_name sub_name = { "sub", 3 };
static const struct ditto_name new_name = { "new", 3 };

/* Operations */

static int do_read(struct fixture *f)
{
	char buf[FILE_SIZE];
	struct kvec vec = { .iov_base = buf, .iov_len = sizeof(buf) };
	struct iov_iter iter;
	bool eof;

	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, vec.iov_len);
	return min_t(ssize_t, 0, ditto_read(&f->op, f->node[FILE], 0, &iter, &eof));
}

static int write_at(struct fixture *f, loff_t pos)
{
	char buf[FILE_SIZE] = "123456789";
	struct kvec vec = { .iov_base = buf, .iov_len = sizeof(buf) };
	struct ditto_wcc wcc;
	struct iov_iter iter;
	u64 verifier;

	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, vec.iov_len);
	return min_t(ssize_t, 0, ditto_write(&f->op, f->node[FILE], pos, &iter, DITTO_UNSTABLE,
					     &verifier, &wcc));
}

static int do_write(struct fixture *f)
{
	return write_at(f, 0);
}

static int do_size(struct fixture *f)
{
	const struct ditto_setattr set = { .valid = DITTO_SET_SIZE, .size = FILE_SIZE / 2 };
	struct ditto_wcc wcc;

	return ditto_setattr(&f->op, f->node[FILE], &set, &wcc);
}

static int set_mode(struct fixture *f, enum slot slot)
{
	const struct ditto_setattr set = { .valid = DITTO_SET_MODE, .mode = 0700 };
	struct ditto_wcc wcc;

	return ditto_setattr(&f->op, f->node[slot], &set, &wcc);
}

static int do_mode(struct fixture *f)
{
	return set_mode(f, FILE);
}

static int do_dir_mode(struct fixture *f)
{
	return set_mode(f, DIR);
}

static int op_create(struct fixture *f, const struct ditto_name *name)
{
	const struct ditto_setattr set = { .valid = DITTO_SET_SIZE, .size = 0 };
	const struct ditto_create_args args = {
		.type = S_IFREG, .how = DITTO_CREATE_UNCHECKED, .set = &set,
	};
	struct ditto_node *node;
	struct ditto_wcc wcc;
	int err;

	err = ditto_create_entry(&f->op, f->node[DIR], name, &args, &node, NULL, &wcc);
	if (!err)
		ditto_node_put(node);
	return err;
}

static int do_create(struct fixture *f)
{
	return op_create(f, &new_name);
}

static int do_create_over(struct fixture *f)
{
	return op_create(f, &file_name);
}

static int do_mkdir(struct fixture *f)
{
	const struct ditto_setattr set = {};
	struct ditto_node *node;
	int err;

	err = folder_create(&f->op, f->node[DIR], &new_name, &set, true, &node);
	if (!err)
		ditto_node_put(node);
	return err;
}

static int do_remove(struct fixture *f)
{
	struct ditto_wcc wcc;

	return ditto_remove(&f->op, f->node[DIR], &file_name, false, &wcc);
}

static int do_rmdir(struct fixture *f)
{
	struct ditto_wcc wcc;

	return ditto_remove(&f->op, f->node[DIR], &sub_name, true, &wcc);
}

static int rename_to(struct fixture *f, enum slot dir, const struct ditto_name *name)
{
	struct ditto_wcc from, to;

	return ditto_rename(&f->op, f->node[DIR], &file_name, &f->op, f->node[dir], name,
			    &from, &to);
}

static int do_rename(struct fixture *f)
{
	return rename_to(f, DIR, &new_name);
}

static int do_rename_over(struct fixture *f)
{
	return rename_to(f, DIR, &over_name);
}

static int do_rename_away(struct fixture *f)
{
	return rename_to(f, SUB, &new_name);
}

static int do_link(struct fixture *f)
{
	struct ditto_wcc wcc;

	return ditto_link(&f->op, f->node[FILE], &f->op, f->node[DIR], &new_name, &wcc);
}

#define I(kind)		DITTO_INTENT_##kind
#define NOTHING		I(GETATTR)

/* Intent of each operation on each of its objects. */
static const struct op_case {
	const char *name;
	int (*run)(struct fixture *f);
	enum ditto_intent_kind intent[SLOTS];
} op_cases[] = {
	{ "read", do_read, { NOTHING, I(READ), NOTHING, NOTHING } },
	{ "write", do_write, { NOTHING, I(WRITE), NOTHING, NOTHING } },
	{ "size", do_size, { NOTHING, I(SIZE), NOTHING, NOTHING } },
	{ "mode", do_mode, { NOTHING, I(SETATTR), NOTHING, NOTHING } },
	{ "mode of directory", do_dir_mode, { I(SETATTR), NOTHING, NOTHING, NOTHING } },
	{ "create", do_create, { I(ENTRY), NOTHING, NOTHING, NOTHING } },
	{ "create over", do_create_over, { NOTHING, I(SIZE), NOTHING, NOTHING } },
	{ "mkdir", do_mkdir, { I(ENTRY), NOTHING, NOTHING, NOTHING } },
	{ "remove", do_remove, { I(ENTRY), I(REMOVE), NOTHING, NOTHING } },
	{ "rmdir", do_rmdir, { I(ENTRY), NOTHING, NOTHING, I(REMOVE) } },
	{ "rename", do_rename, { I(ENTRY), I(RENAME), NOTHING, NOTHING } },
	{ "rename over", do_rename_over, { I(ENTRY), I(RENAME), I(REPLACE), NOTHING } },
	{ "rename away", do_rename_away, { I(ENTRY), I(RENAME), NOTHING, I(ENTRY) } },
	{ "link", do_link, { I(ENTRY), I(LINK), NOTHING, NOTHING } },
};

static void op_case_desc(const struct op_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(op_case, op_cases, op_case_desc);

/* The holder */

static void lease_breaking(struct ditto_lease *lease, u8 keep, bool ack)
{
}

static void lease_over(struct ditto_lease *lease) {}

static void lease_notify(struct ditto_lease *lease, const struct ditto_entry_change *change)
{
	snprintf(notified, sizeof(notified), "%d %.*s", change->event, change->len, change->name);
}

static const struct ditto_lease_ops lease_ops = {
	.breaking = lease_breaking,
	.revoked = lease_over,
	.notify = lease_notify,
	.free = lease_over,
};

static struct ditto_actor fixture_holder(struct fixture *f)
{
	return (struct ditto_actor) {
		.client = &f->client.client, .owner = f->owner, .lease_owner = f->owner,
		.entry_owner = f->owner,
	};
}

static int hold_range(struct fixture *f, struct ditto_node *node, enum ditto_held held)
{
	struct ditto_range_request req = {
		.point = &node->point,
		.owner = f->owner,
		.lease_owner = f->owner,
		.discipline = held < DITTO_HELD_EXACT_SHARED ? DITTO_POSIX : DITTO_EXACT,
		.exclusive = held == DITTO_HELD_POSIX_EXCLUSIVE ||
			     held == DITTO_HELD_EXACT_EXCLUSIVE,
		.first = 0,
		.last = U64_MAX,
	};

	return ditto_range_lock(&req, NULL, NULL);
}

static int hold_open(struct fixture *f, struct ditto_node *node)
{
	const struct ditto_actor actor = fixture_holder(f);
	const u8 all = DITTO_OPEN_READ | DITTO_OPEN_WRITE | DITTO_OPEN_DELETE;

	f->open = ditto_open_claim(&node->point, &actor, all, all, false, NULL, NULL);
	return PTR_ERR_OR_ZERO(f->open);
}

static int hold_lease(struct fixture *f, struct ditto_node *node, enum ditto_held held,
		      bool notify)
{
	static const enum ditto_lease_type styles[] = {
		[DITTO_HELD_LEASE] = DITTO_LEASE_TYPE_LEASE,
		[DITTO_HELD_DELEGATION] = DITTO_LEASE_TYPE_DELEGATION,
		[DITTO_HELD_DIRECTORY] = DITTO_LEASE_TYPE_DIRECTORY,
		[DITTO_HELD_DIRECTORY_DELEGATION] = DITTO_LEASE_TYPE_DIRECTORY_DELEGATION,
	};
	bool is_dir = S_ISDIR(node->inode->i_mode);
	const struct ditto_lease_request req = {
		.point = &node->point,
		.actor = fixture_holder(f),
		.style = styles[held],
		.want = is_dir ? DITTO_LEASE_READ | DITTO_LEASE_HANDLE : DITTO_LEASE_ALL,
		.notify = notify,
		.break_ms = 60000,
		.ops = &lease_ops,
	};

	f->lease = ditto_lease_grant(&req);
	return PTR_ERR_OR_ZERO(f->lease);
}

static void fixture_hold(struct kunit *test, struct fixture *f, struct ditto_node *node,
			 enum ditto_held held)
{
	int err;

	if (ditto_held_is_range(held))
		err = hold_range(f, node, held);
	else if (held == DITTO_HELD_OPEN)
		err = hold_open(f, node);
	else
		err = hold_lease(f, node, held, false);
	KUNIT_ASSERT_EQ_MSG(test, err, 0, "%s", ditto_held_names[held]);
}

static void let_go(struct fixture *f)
{
	if (!IS_ERR_OR_NULL(f->lease)) {
		ditto_lease_return(f->lease);
		ditto_lease_put(f->lease);
	}
	if (!IS_ERR_OR_NULL(f->open))
		ditto_open_release(f->open);
	f->lease = NULL;
	f->open = NULL;
	for (int slot = 0; slot < SLOTS; slot++)
		ditto_range_release_owner(&f->node[slot]->point, f->owner);
}

/* Files of a round */

static struct ditto_node *fixture_make(struct kunit *test, struct fixture *f,
				       struct ditto_node *dir, const struct ditto_name *name,
				       bool is_dir)
{
	const struct ditto_setattr set = { .valid = DITTO_SET_MODE, .mode = 0700 };
	struct ditto_node *node;

	KUNIT_ASSERT_EQ_MSG(test, folder_create(&f->op, dir, name, &set, is_dir, &node), 0,
			    "%.*s", name->len, name->name);
	return node;
}

static void fixture_begin(struct kunit *test, struct fixture *f)
{
	struct ditto_node *root;

	memset(f, 0, sizeof(*f));
	f->op.srv = folder.srv;
	f->op.cred = folder.admin;
	f->op.writable = true;
	f->op.share = ditto_share_get_by_name(folder.srv, folder.name, strlen(folder.name));
	KUNIT_ASSERT_NOT_NULL(test, f->op.share);

	root = ditto_node_get_root(f->op.share);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, root);
	f->node[DIR] = fixture_make(test, f, root, &dir_name, true);
	ditto_node_put(root);
	f->node[FILE] = fixture_make(test, f, f->node[DIR], &file_name, false);
	f->node[OVER] = fixture_make(test, f, f->node[DIR], &over_name, false);
	f->node[SUB] = fixture_make(test, f, f->node[DIR], &sub_name, true);
	KUNIT_ASSERT_EQ(test, write_at(f, 0), 0);

	test_client_begin(&f->client, folder.srv->locks);
	f->owner = ditto_owner_get(&f->client.client, "owner", 5);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->owner);
}

static void dir_clear(struct fixture *f, struct ditto_node *dir)
{
	static const struct ditto_name names[] = { { "file", 4 }, { "over", 4 }, { "new", 3 } };
	struct ditto_wcc wcc;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (ditto_remove(&f->op, dir, &names[i], false, &wcc) == -EISDIR)
			ditto_remove(&f->op, dir, &names[i], true, &wcc);
}

static void fixture_end(struct kunit *test, struct fixture *f)
{
	struct ditto_node *root = ditto_node_get_root(f->op.share);
	struct ditto_wcc wcc;

	f->op.actor = NULL;
	f->op.park = NULL;
	let_go(f);
	ditto_owner_put(f->owner);
	test_client_end(&f->client);

	dir_clear(f, f->node[SUB]);
	ditto_remove(&f->op, f->node[DIR], &sub_name, true, &wcc);
	dir_clear(f, f->node[DIR]);
	for (int slot = 0; slot < SLOTS; slot++)
		ditto_node_put(f->node[slot]);
	KUNIT_EXPECT_EQ(test, ditto_remove(&f->op, root, &dir_name, true, &wcc), 0);
	ditto_node_put(root);
	ditto_share_put(f->op.share);
}

static u8 bits_of(const struct fixture *f)
{
	return f->lease ? ditto_lease_bits(f->lease) : 0;
}

/* The expected answer by the matrix. */
static int error_expected(enum ditto_held held, enum ditto_intent_kind intent, u8 bits)
{
	const struct ditto_matrix_cell *cell = &ditto_matrix[held][intent];

	switch (cell->action) {
	case DITTO_RULE_DENY:
		return cell->exact_only ? 0 : -EAGAIN;
	case DITTO_RULE_DENY_MODE:
		return ditto_intent_access[intent] ? -ETXTBSY : 0;
	case DITTO_RULE_BREAK:
		return cell->gives_up & cell->waits_for & bits ? -EJUKEBOX : 0;
	}
	return 0;
}

static bool can_be_held(enum ditto_held held, const struct ditto_node *node)
{
	bool of_dir = held == DITTO_HELD_DIRECTORY || held == DITTO_HELD_DIRECTORY_DELEGATION;

	if (held == DITTO_HELD_OPEN)
		return true;
	return of_dir == !!S_ISDIR(node->inode->i_mode);
}

/* One operation against one claim: held off, then done when the claim is gone. */
static void op_round(struct kunit *test, const struct op_case *c, enum slot slot,
		     enum ditto_held held)
{
	enum ditto_intent_kind intent = c->intent[slot];
	int want, err;
	u8 bits;

	fixture_begin(test, &fx);
	if (!can_be_held(held, fx.node[slot]))
		goto out;
	fixture_hold(test, &fx, fx.node[slot], held);
	bits = bits_of(&fx);
	want = error_expected(held, intent, bits);

	err = c->run(&fx);
	KUNIT_EXPECT_EQ_MSG(test, err, want, "%s against %s on %d", c->name,
			    ditto_held_names[held], slot);
	if (fx.lease && ditto_matrix[held][intent].gives_up & bits)
		KUNIT_EXPECT_TRUE_MSG(test, ditto_lease_breaking(fx.lease) ||
				      ditto_lease_bits(fx.lease) != bits,
				      "%s does not break %s", c->name, ditto_held_names[held]);
	if (want) {
		let_go(&fx);
		KUNIT_EXPECT_EQ_MSG(test, c->run(&fx), 0, "%s after %s on %d", c->name,
				    ditto_held_names[held], slot);
	}
out:
	fixture_end(test, &fx);
}

static void op_against_claims(struct kunit *test)
{
	const struct op_case *c = test->param_value;

	for (int slot = 0; slot < SLOTS; slot++)
		for (int held = 0; held < DITTO_HELDS; held++)
			op_round(test, c, slot, held);
}

/* A holder does not conflict with itself. What it has of a file that it removes goes with it. */
static void op_of_the_holder(struct kunit *test)
{
	const struct op_case *c = test->param_value;

	for (int held = 0; held < DITTO_HELDS; held++) {
		struct ditto_actor actor;
		u8 bits;

		fixture_begin(test, &fx);
		actor = fixture_holder(&fx);
		if (can_be_held(held, fx.node[FILE]) &&
		    ditto_matrix[held][c->intent[FILE]].exempt != DITTO_EXEMPT_NONE) {
			fixture_hold(test, &fx, fx.node[FILE], held);
			bits = bits_of(&fx);
			fx.op.actor = &actor;
			KUNIT_EXPECT_EQ_MSG(test, c->run(&fx), 0, "%s by who holds %s", c->name,
					    ditto_held_names[held]);
			if (!fx.node[FILE]->inode->i_nlink)
				bits = 0;
			KUNIT_EXPECT_EQ(test, bits_of(&fx), bits);
		}
		fixture_end(test, &fx);
	}
}

/* Only the bytes of the operation conflict. */
static void op_ranges_apart(struct kunit *test)
{
	struct ditto_range_request req;

	fixture_begin(test, &fx);
	req = (struct ditto_range_request) {
		.point = &fx.node[FILE]->point,
		.owner = fx.owner,
		.discipline = DITTO_EXACT,
		.exclusive = true,
		.first = FILE_SIZE,
		.last = FILE_SIZE,
	};
	KUNIT_ASSERT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, write_at(&fx, 0), 0);
	KUNIT_EXPECT_EQ(test, write_at(&fx, 1), -EAGAIN);
	KUNIT_EXPECT_EQ(test, write_at(&fx, FILE_SIZE + 1), 0);
	KUNIT_EXPECT_EQ(test, do_read(&fx), 0);
	/* The bytes that are cut off. */
	KUNIT_EXPECT_EQ(test, do_size(&fx), -EAGAIN);
	KUNIT_EXPECT_EQ(test, ditto_range_unlock(&req), 0);
	fixture_end(test, &fx);
}

static void park_done(struct ditto_park *park)
{
	atomic_inc(&parked);
}

/* A parked operation is called when the holder has given way. */
static void op_parks(struct kunit *test)
{
	static struct ditto_park park;

	fixture_begin(test, &fx);
	atomic_set(&parked, 0);
	ditto_park_init(&park, park_done);
	fixture_hold(test, &fx, fx.node[FILE], DITTO_HELD_DELEGATION);
	fx.op.park = &park;
	KUNIT_EXPECT_EQ(test, do_remove(&fx), -EJUKEBOX);
	KUNIT_EXPECT_NOT_NULL(test, park.point);
	KUNIT_EXPECT_EQ(test, atomic_read(&parked), 0);
	let_go(&fx);
	await(atomic_read(&parked));
	KUNIT_EXPECT_EQ(test, atomic_read(&parked), 1);
	KUNIT_EXPECT_EQ(test, do_remove(&fx), 0);
	fixture_end(test, &fx);
}

static void await_notified(struct kunit *test, enum ditto_entry_event event, const char *name)
{
	char want[sizeof(notified)];

	snprintf(want, sizeof(want), "%d %s", event, name);
	await(!strcmp(notified, want));
	KUNIT_EXPECT_STREQ(test, notified, want);
	notified[0] = '\0';
}

/* A holder that asked for notifications is notified and keeps its lease. */
static void op_tells_changes(struct kunit *test)
{
	fixture_begin(test, &fx);
	KUNIT_ASSERT_EQ(test, hold_lease(&fx, fx.node[DIR], DITTO_HELD_DIRECTORY, true), 0);
	KUNIT_EXPECT_EQ(test, do_create(&fx), 0);
	await_notified(test, DITTO_ENTRY_ADDED, "new");
	KUNIT_EXPECT_EQ(test, do_rename(&fx), 0);
	await_notified(test, DITTO_ENTRY_RENAMED, "new");
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(fx.lease), DITTO_LEASE_READ | DITTO_LEASE_HANDLE);
	fixture_end(test, &fx);
}

/* A node with claims stays in memory until its share is removed. */
static void op_claims_hold_nodes(struct kunit *test)
{
	struct ditto_node *node;

	fixture_begin(test, &fx);
	node = fx.node[FILE];
	fixture_hold(test, &fx, node, DITTO_HELD_POSIX_EXCLUSIVE);
	ditto_nodes_flush(folder.srv);
	KUNIT_EXPECT_FALSE(test, test_bit(DITTO_NODE_DEAD, &node->flags));
	KUNIT_EXPECT_GT(test, refcount_read(&node->ref), 2);
	ditto_range_release_owner(&node->point, fx.owner);
	KUNIT_EXPECT_EQ(test, refcount_read(&node->ref), 2);
	fixture_end(test, &fx);
}

static struct kunit_case op_test_cases[] = {
	KUNIT_CASE_PARAM(op_against_claims, op_case_gen_params),
	KUNIT_CASE_PARAM(op_of_the_holder, op_case_gen_params),
	KUNIT_CASE(op_ranges_apart),
	KUNIT_CASE(op_parks),
	KUNIT_CASE(op_tells_changes),
	KUNIT_CASE(op_claims_hold_nodes),
	{}
};

static struct kunit_suite op_suite = {
	.name = "ditto_op",
	FOLDER_SUITE(folder),
	.test_cases = op_test_cases,
};

kunit_test_suite(op_suite);
