// SPDX-License-Identifier: GPL-2.0-only
/* Open instances: dispositions, share modes, deletion, renaming, streams, revocation. */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/uio.h>

#include "../../../fs/open/instance.h"
#include "../../../fs/open/instance_private.h"
#include "../../../fs/open/stream.h"
#include "../../../lockd/open.h"
#include "../../../lockd/range.h"
#include "../../../lockd/table.h"
#include "../test_client.h"
#include "folder.h"

#define R	DITTO_RIGHT_READ_DATA
#define W	DITTO_RIGHT_WRITE_DATA
#define D	DITTO_RIGHT_DELETE
#define A	DITTO_RIGHT_READ_ATTRS

#define DENY_ALL	(DITTO_OPEN_READ | DITTO_OPEN_WRITE | DITTO_OPEN_DELETE)

DEFINE_FOLDER(folder, "kunit-instance")
static struct test_client client;
static struct ditto_owner *owner;
static struct ditto_actor actor;
static u32 owners;
static struct ditto_opened opened;

static void instance_begin(struct kunit *test)
{
	const struct ditto_setattr set = { .valid = DITTO_SET_MODE, .mode = 0777 };
	struct ditto_wcc wcc;

	folder_begin(test, &folder);
	/* Independent of the umask of the process that loads the suite. */
	KUNIT_EXPECT_EQ(test, ditto_setattr(&folder.op, folder.root, &set, &wcc), 0);
	test_client_begin(&client, folder.srv->locks);
	actor = (struct ditto_actor){ .client = &client.client, .exact = true };
	folder.op.actor = &actor;
}

static void instance_end(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ditto_client_claims(&client.client), 0);
	test_client_end(&client);
	folder.op.actor = NULL;
	if (folder.share)
		folder_end(test, &folder);
}

/* A mode that an inherited list has precedence over. */
static const struct ditto_setattr plain = {
	.valid = DITTO_SET_MODE | DITTO_SET_MODE_IF_NO_ACL, .mode = 0644,
};

static const struct ditto_setattr unwritable = {
	.valid = DITTO_SET_MODE | DITTO_SET_MODE_IF_NO_ACL, .mode = 0400,
};

static int open_request(const struct ditto_open_request *req, struct ditto_instance **out)
{
	int err;

	owners++;
	owner = ditto_owner_get(&client.client, &owners, sizeof(owners));
	if (IS_ERR(owner))
		return PTR_ERR(owner);
	actor.owner = owner;
	actor.lease_owner = owner;
	err = ditto_instance_open(&folder.op, req, &opened);
	ditto_owner_put(owner);
	/* The instance holds it. */
	*out = opened.inst;
	return err;
}

static int open_how(const char *path, enum ditto_disposition how, u32 rights, u8 deny, u32 flags,
		    struct ditto_instance **out)
{
	const struct ditto_open_request req = {
		.path = path, .path_len = strlen(path), .how = how, .flags = flags,
		.rights = rights, .deny = deny, .set = &plain,
	};

	return open_request(&req, out);
}

static int open_stream(const char *path, const char *stream, enum ditto_disposition how,
		       u32 rights, u32 flags, struct ditto_instance **out)
{
	const struct ditto_open_request req = {
		.path = path, .path_len = strlen(path), .how = how, .rights = rights,
		.set = &plain, .stream = stream, .stream_len = strlen(stream), .flags = flags,
	};

	return open_request(&req, out);
}

static struct ditto_instance *must_open(struct kunit *test, const char *path,
					enum ditto_disposition how, u32 rights, u32 flags)
{
	struct ditto_instance *inst = NULL;

	KUNIT_ASSERT_EQ_MSG(test, open_how(path, how, rights, 0, flags, &inst), 0, "%s", path);
	return inst;
}

static void instance_close(struct ditto_instance *inst)
{
	if (inst)
		ditto_instance_close(&folder.op, inst);
}

static bool file_exists(const char *name)
{
	const struct ditto_name n = { name, strlen(name) };
	struct ditto_node *node;

	if (ditto_lookup(&folder.op, folder.root, &n, &node))
		return false;
	ditto_node_put(node);
	return true;
}

static int begin_op(struct ditto_instance *inst, struct ditto_op *op, struct ditto_node **node)
{
	*op = folder.op;
	return ditto_instance_begin(inst, op, node);
}

static int write_inst(struct ditto_instance *inst, const char *text)
{
	struct kvec vec = { .iov_base = (void *)text, .iov_len = strlen(text) };
	struct ditto_node *node;
	struct ditto_wcc wcc;
	struct iov_iter iter;
	struct ditto_op op;
	u64 verifier;
	ssize_t ret;

	ret = begin_op(inst, &op, &node);
	if (ret)
		return ret;
	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, vec.iov_len);
	ret = ditto_write(&op, node, 0, &iter, DITTO_UNSTABLE, &verifier, &wcc);
	ditto_instance_end(inst, &op);
	return ret < 0 ? ret : 0;
}

static s64 size_of(struct ditto_instance *inst)
{
	struct ditto_node *node;
	struct ditto_op op;
	s64 size;

	if (begin_op(inst, &op, &node))
		return -1;
	size = i_size_read(node->inode);
	ditto_instance_end(inst, &op);
	return size;
}

static int set_delete(struct ditto_instance *inst, u32 flags)
{
	struct ditto_node *node;
	struct ditto_op op;
	int err;

	err = begin_op(inst, &op, &node);
	if (err)
		return err;
	err = ditto_instance_set_delete(&op, inst, flags);
	ditto_instance_end(inst, &op);
	return err;
}

static int rename_inst(struct ditto_instance *inst, const char *to, bool replace, bool posix)
{
	struct ditto_node *node;
	struct ditto_op op;
	int err;

	err = begin_op(inst, &op, &node);
	if (err)
		return err;
	err = ditto_instance_rename(&op, inst, to, strlen(to), replace, posix);
	ditto_instance_end(inst, &op);
	return err;
}

static void expect_path(struct kunit *test, struct ditto_instance *inst, const char *want)
{
	struct ditto_node *node;
	struct ditto_op op;
	char buf[64], *path;

	KUNIT_ASSERT_EQ(test, begin_op(inst, &op, &node), 0);
	path = ditto_instance_path(inst, buf, sizeof(buf));
	KUNIT_ASSERT_FALSE(test, IS_ERR(path));
	KUNIT_EXPECT_STREQ(test, path, want);
	KUNIT_EXPECT_TRUE(test, IS_ERR(ditto_instance_path(inst, buf, strlen(want))));
	ditto_instance_end(inst, &op);
}

/* Cases */

static const struct how_case {
	enum ditto_disposition how;
	int old, new;
	enum ditto_open_action done_old;
	s64 size;
} how_cases[] = {
	{ DITTO_OPEN_SUPERSEDE, 0, 0, DITTO_WAS_SUPERSEDED, 0 },
	{ DITTO_OPEN_EXISTING, 0, -ENOENT, DITTO_WAS_OPENED, 4 },
	{ DITTO_OPEN_CREATE, -EEXIST, 0, 0, 0 },
	{ DITTO_OPEN_OR_CREATE, 0, 0, DITTO_WAS_OPENED, 4 },
	{ DITTO_OPEN_OVERWRITE, 0, -ENOENT, DITTO_WAS_OVERWRITTEN, 0 },
	{ DITTO_OPEN_OVERWRITE_OR_CREATE, 0, 0, DITTO_WAS_OVERWRITTEN, 0 },
};

static void instance_dispositions(struct kunit *test)
{
	struct ditto_instance *inst;

	instance_begin(test);
	for (size_t i = 0; i < ARRAY_SIZE(how_cases); i++) {
		const struct how_case *c = &how_cases[i];

		inst = must_open(test, "File", DITTO_OPEN_CREATE, R | W, 0);
		KUNIT_EXPECT_EQ(test, opened.action, DITTO_WAS_CREATED);
		KUNIT_EXPECT_EQ(test, write_inst(inst, "text"), 0);
		instance_close(inst);
		KUNIT_EXPECT_EQ_MSG(test, open_how("FILE", c->how, R | W, 0, 0, &inst), c->old,
				    "%zu", i);
		if (inst) {
			KUNIT_EXPECT_EQ(test, opened.action, c->done_old);
			KUNIT_EXPECT_EQ(test, size_of(inst), c->size);
			expect_path(test, inst, "File");
		}
		instance_close(inst);
		folder_remove(test, &folder, "File", false);
		KUNIT_EXPECT_EQ_MSG(test, open_how("File", c->how, R | W | D, 0,
						   DITTO_OPENF_DELETE_ON_CLOSE, &inst), c->new,
				    "%zu", i);
		if (inst)
			KUNIT_EXPECT_EQ(test, opened.action, DITTO_WAS_CREATED);
		instance_close(inst);
		KUNIT_EXPECT_FALSE(test, file_exists("File"));
	}
	instance_end(test);
}

static void instance_kinds(struct kunit *test)
{
	struct ditto_instance *dir, *inst;

	instance_begin(test);
	dir = must_open(test, "dir", DITTO_OPEN_CREATE, R | D, DITTO_OPENF_DIRECTORY);
	KUNIT_EXPECT_TRUE(test, ditto_instance_is_dir(dir));
	inst = must_open(test, "dir/f", DITTO_OPEN_OR_CREATE, R, DITTO_OPENF_FILE);
	instance_close(inst);
	KUNIT_EXPECT_EQ(test, open_how("dir", DITTO_OPEN_EXISTING, R, 0, DITTO_OPENF_FILE, &inst),
			-EISDIR);
	KUNIT_EXPECT_EQ(test, open_how("dir/f", DITTO_OPEN_EXISTING, R, 0, DITTO_OPENF_DIRECTORY,
				       &inst), -ENOTDIR);
	KUNIT_EXPECT_EQ(test, opened.walk_passed, 5);
	KUNIT_EXPECT_EQ(test, open_how("dir/f/g", DITTO_OPEN_EXISTING, R, 0, 0, &inst), -ENOTDIR);
	KUNIT_EXPECT_LT(test, opened.walk_passed, 7);
	KUNIT_EXPECT_EQ(test, open_how("none/g", DITTO_OPEN_CREATE, R, 0, 0, &inst), -ENOTDIR);
	KUNIT_EXPECT_EQ(test, open_how("dir/g", DITTO_OPEN_EXISTING, R, 0, 0, &inst), -ENOENT);
	KUNIT_EXPECT_EQ(test, open_how(".ditto", DITTO_OPEN_CREATE, R, 0, 0, &inst), -EACCES);
	/* Not empty. */
	KUNIT_EXPECT_EQ(test, set_delete(dir, DITTO_DELETE_ON), -ENOTEMPTY);
	inst = must_open(test, "dir/f", DITTO_OPEN_EXISTING, D, DITTO_OPENF_DELETE_ON_CLOSE);
	instance_close(inst);
	KUNIT_EXPECT_EQ(test, set_delete(dir, DITTO_DELETE_ON), 0);
	/* Nothing can be created in a directory with a pending deletion. */
	KUNIT_EXPECT_EQ(test, open_how("dir/g", DITTO_OPEN_CREATE, R, 0, 0, &inst), -EKEYREVOKED);
	instance_close(dir);
	KUNIT_EXPECT_FALSE(test, file_exists("dir"));
	inst = must_open(test, "", DITTO_OPEN_EXISTING, R, DITTO_OPENF_DIRECTORY);
	expect_path(test, inst, "");
	instance_close(inst);
	instance_end(test);
}

/* Granted access stays; access beyond the mode is not granted. */
static void instance_rights(struct kunit *test)
{
	struct ditto_open_request req = {
		.path = "file", .path_len = 4, .how = DITTO_OPEN_CREATE, .rights = R | W,
		.set = &unwritable,
	};
	struct ditto_instance *inst, *second;

	instance_begin(test);
	folder.op.cred = folder.user;
	KUNIT_ASSERT_EQ(test, open_request(&req, &inst), 0);
	KUNIT_EXPECT_EQ(test, write_inst(inst, "text"), 0);
	KUNIT_EXPECT_EQ(test, open_how("file", DITTO_OPEN_EXISTING, W, 0, 0, &second), -EACCES);
	second = must_open(test, "file", DITTO_OPEN_EXISTING, R, DITTO_OPENF_MAXIMUM);
	KUNIT_EXPECT_TRUE(test, ditto_instance_rights(second) & DITTO_RIGHT_WRITE_ACL);
	KUNIT_EXPECT_TRUE(test, ditto_instance_rights(second) & DITTO_RIGHT_DELETE);
	KUNIT_EXPECT_FALSE(test, ditto_instance_rights(second) & W);
	instance_close(second);
	folder.op.writable = false;
	KUNIT_EXPECT_EQ(test, open_how("file", DITTO_OPEN_EXISTING, D, 0, 0, &second), -EROFS);
	KUNIT_EXPECT_EQ(test, open_how("new", DITTO_OPEN_CREATE, R, 0, 0, &second), -EROFS);
	folder.op.writable = true;
	instance_close(inst);
	folder.op.cred = folder.admin;
	folder_remove(test, &folder, "file", false);
	instance_end(test);
}

static const struct mode_case {
	u32 rights, deny, second, second_deny;
	bool fits;
} mode_cases[] = {
	{ R, 0, R | W | D, 0, true },
	{ R, DITTO_OPEN_WRITE, R, 0, true },
	{ R, DITTO_OPEN_WRITE, W, 0, false },
	{ R, DITTO_OPEN_WRITE, R, DITTO_OPEN_READ, false },
	{ W, DENY_ALL, R, 0, false },
	{ W, DENY_ALL, A, DENY_ALL, true },
	{ A, DENY_ALL, R | W | D, DENY_ALL, true },
	{ R, DITTO_OPEN_DELETE, D, 0, false },
	{ DITTO_RIGHT_EXECUTE, 0, R, DITTO_OPEN_READ, false },
	{ DITTO_RIGHT_APPEND_DATA, 0, R, DITTO_OPEN_WRITE, false },
};

static void instance_share_modes(struct kunit *test)
{
	struct ditto_instance *one, *two;

	instance_begin(test);
	instance_close(must_open(test, "file", DITTO_OPEN_CREATE, R, 0));
	for (size_t i = 0; i < ARRAY_SIZE(mode_cases); i++) {
		const struct mode_case *c = &mode_cases[i];

		KUNIT_ASSERT_EQ(test, open_how("file", DITTO_OPEN_EXISTING, c->rights, c->deny, 0,
					       &one), 0);
		KUNIT_EXPECT_EQ_MSG(test, open_how("file", DITTO_OPEN_EXISTING, c->second,
						   c->second_deny, 0, &two),
				    c->fits ? 0 : -ETXTBSY, "%zu", i);
		instance_close(two);
		instance_close(one);
	}
	/* A file is not truncated against its share mode. */
	KUNIT_ASSERT_EQ(test, open_how("file", DITTO_OPEN_EXISTING, R | W, 0, 0, &one), 0);
	KUNIT_EXPECT_EQ(test, write_inst(one, "text"), 0);
	KUNIT_ASSERT_EQ(test, open_how("file", DITTO_OPEN_EXISTING, R, DITTO_OPEN_WRITE, 0, &two),
			-ETXTBSY);
	instance_close(one);
	KUNIT_ASSERT_EQ(test, open_how("file", DITTO_OPEN_EXISTING, R, DITTO_OPEN_WRITE, 0, &one),
			0);
	KUNIT_EXPECT_EQ(test, open_how("file", DITTO_OPEN_OVERWRITE, R, 0, 0, &two), -ETXTBSY);
	KUNIT_EXPECT_EQ(test, size_of(one), 4);
	instance_close(one);
	folder_remove(test, &folder, "file", false);
	instance_end(test);
}

/* Flags of fs/op/dosattr.h that refuse deletion. */
static void instance_flags(struct kunit *test)
{
	struct ditto_open_request req = {
		.path = "file", .path_len = 4, .how = DITTO_OPEN_CREATE, .rights = R | W | D,
		.set = &plain,
		.dosattr = { .valid = DITTO_DOSATTR_FLAGS, .flags = DITTO_FLAG_READONLY },
	};
	struct ditto_instance *inst, *two;

	instance_begin(test);
	req.flags = DITTO_OPENF_DELETE_ON_CLOSE;
	KUNIT_EXPECT_EQ(test, open_request(&req, &inst), -EPERM);
	req.flags = 0;
	KUNIT_ASSERT_EQ(test, open_request(&req, &inst), 0);
	KUNIT_EXPECT_EQ(test, write_inst(inst, "text"), 0);
	KUNIT_EXPECT_EQ(test, open_how("file", DITTO_OPEN_EXISTING, W, 0, 0, &two), -EACCES);
	KUNIT_EXPECT_EQ(test, open_how("file", DITTO_OPEN_OVERWRITE, R, 0, 0, &two), -EACCES);
	KUNIT_EXPECT_EQ(test, set_delete(inst, DITTO_DELETE_ON), -EPERM);
	KUNIT_EXPECT_EQ(test, set_delete(inst, DITTO_DELETE_ON | DITTO_DELETE_READONLY), 0);
	instance_close(inst);
	KUNIT_EXPECT_FALSE(test, file_exists("file"));

	req.dosattr.flags = DITTO_FLAG_HIDDEN;
	KUNIT_ASSERT_EQ(test, open_request(&req, &inst), 0);
	KUNIT_EXPECT_EQ(test, open_how("file", DITTO_OPEN_OVERWRITE, R, 0, 0, &two), -EACCES);
	req.how = DITTO_OPEN_OVERWRITE;
	KUNIT_EXPECT_EQ(test, open_request(&req, &two), 0);
	instance_close(two);
	KUNIT_EXPECT_EQ(test, set_delete(inst, DITTO_DELETE_ON), 0);
	instance_close(inst);
	instance_end(test);
}

/* The file is deleted with its last open. */
static void instance_delete(struct kunit *test)
{
	struct ditto_instance *one, *two, *three;
	struct ditto_node *node;
	struct ditto_op op;

	instance_begin(test);
	one = must_open(test, "file", DITTO_OPEN_CREATE, R | W | D, DITTO_OPENF_DELETE_ON_CLOSE);
	two = must_open(test, "file", DITTO_OPEN_EXISTING, R | W, 0);
	KUNIT_ASSERT_EQ(test, begin_op(two, &op, &node), 0);
	KUNIT_EXPECT_FALSE(test, ditto_instance_delete_pending(two));
	ditto_instance_end(two, &op);
	instance_close(one);
	KUNIT_EXPECT_TRUE(test, file_exists("file"));
	KUNIT_EXPECT_EQ(test, open_how("file", DITTO_OPEN_EXISTING, R, 0, 0, &three),
			-EKEYREVOKED);
	KUNIT_EXPECT_EQ(test, write_inst(two, "text"), 0);
	instance_close(two);
	KUNIT_EXPECT_FALSE(test, file_exists("file"));

	/* Taken back. */
	one = must_open(test, "file", DITTO_OPEN_CREATE, R | D, 0);
	KUNIT_EXPECT_EQ(test, set_delete(one, DITTO_DELETE_ON), 0);
	KUNIT_EXPECT_EQ(test, open_how("file", DITTO_OPEN_EXISTING, R, 0, 0, &two), -EKEYREVOKED);
	KUNIT_EXPECT_EQ(test, set_delete(one, 0), 0);
	two = must_open(test, "file", DITTO_OPEN_EXISTING, R | W, 0);
	KUNIT_EXPECT_EQ(test, set_delete(two, DITTO_DELETE_ON), -EACCES);

	/* Immediate deletion: opens stay, and the name is free. */
	KUNIT_EXPECT_EQ(test, set_delete(one, DITTO_DELETE_ON | DITTO_DELETE_NOW), 0);
	KUNIT_EXPECT_FALSE(test, file_exists("file"));
	KUNIT_EXPECT_EQ(test, write_inst(two, "text"), 0);
	three = must_open(test, "file", DITTO_OPEN_CREATE, R | D, 0);
	instance_close(one);
	instance_close(two);
	KUNIT_EXPECT_TRUE(test, file_exists("file"));
	/* After a rename the file is deleted, not its old name. */
	KUNIT_EXPECT_EQ(test, set_delete(three, DITTO_DELETE_ON), 0);
	KUNIT_EXPECT_EQ(test, rename_inst(three, "other", false, false), 0);
	instance_close(three);
	KUNIT_EXPECT_FALSE(test, file_exists("other"));
	instance_end(test);
}

static void instance_rename(struct kunit *test)
{
	struct ditto_instance *dir, *file, *other, *below;

	instance_begin(test);
	dir = must_open(test, "dir", DITTO_OPEN_CREATE, R, DITTO_OPENF_DIRECTORY);
	file = must_open(test, "file", DITTO_OPEN_CREATE, R | D, 0);
	KUNIT_EXPECT_EQ(test, rename_inst(file, "FILE", false, false), 0);
	expect_path(test, file, "FILE");
	KUNIT_EXPECT_EQ(test, rename_inst(file, "DIR/Moved", false, false), 0);
	expect_path(test, file, "dir/Moved");
	instance_close(dir);
	/* Nothing is moved into a directory that may be deleted. */
	dir = must_open(test, "dir", DITTO_OPEN_EXISTING, R | D, DITTO_OPENF_DIRECTORY);
	other = must_open(test, "other", DITTO_OPEN_CREATE, R | D, DITTO_OPENF_DELETE_ON_CLOSE);
	KUNIT_EXPECT_EQ(test, rename_inst(file, "dir/again", false, false), -ETXTBSY);
	KUNIT_EXPECT_EQ(test, rename_inst(file, "dir/again", false, true), 0);
	instance_close(other);
	/* A file below is open. */
	KUNIT_EXPECT_EQ(test, rename_inst(dir, "dir2", false, false), -EACCES);
	below = must_open(test, "dir/below", DITTO_OPEN_CREATE, R | D,
			  DITTO_OPENF_DELETE_ON_CLOSE);
	KUNIT_EXPECT_EQ(test, rename_inst(file, "file", false, false), 0);
	KUNIT_EXPECT_EQ(test, rename_inst(dir, "dir2", false, false), -EACCES);
	instance_close(below);
	KUNIT_EXPECT_EQ(test, rename_inst(dir, "dir2", false, false), 0);
	expect_path(test, dir, "dir2");

	other = must_open(test, "Other", DITTO_OPEN_CREATE, R, 0);
	KUNIT_EXPECT_EQ(test, rename_inst(file, "other", false, false), -EEXIST);
	KUNIT_EXPECT_EQ(test, rename_inst(file, "other", true, false), -EACCES);
	KUNIT_EXPECT_EQ(test, rename_inst(file, "dir2", true, false), -EACCES);
	KUNIT_EXPECT_EQ(test, rename_inst(file, ".ditto", true, false), -EACCES);
	KUNIT_EXPECT_EQ(test, rename_inst(file, "other", true, true), 0);
	expect_path(test, file, "Other");
	instance_close(other);
	other = must_open(test, "file", DITTO_OPEN_CREATE, R, 0);
	KUNIT_EXPECT_EQ(test, rename_inst(other, "x", false, false), -EACCES);
	instance_close(other);
	KUNIT_EXPECT_EQ(test, rename_inst(file, "FILE", true, false), 0);
	expect_path(test, file, "file");
	KUNIT_EXPECT_EQ(test, set_delete(file, DITTO_DELETE_ON), 0);
	KUNIT_EXPECT_EQ(test, set_delete(dir, DITTO_DELETE_ON), 0);
	instance_close(file);
	instance_close(dir);
	KUNIT_EXPECT_FALSE(test, file_exists("file"));
	KUNIT_EXPECT_FALSE(test, file_exists("dir2"));
	instance_end(test);
}

static void link_inst(struct kunit *test, struct ditto_instance *inst, const char *to)
{
	struct ditto_node *node;
	struct ditto_op op;

	KUNIT_ASSERT_EQ(test, begin_op(inst, &op, &node), 0);
	KUNIT_EXPECT_EQ(test, ditto_instance_link(&op, inst, to, strlen(to), false), 0);
	ditto_instance_end(inst, &op);
}

/* A rename to another hard link removes the old name; if names are exact, it does nothing. */
static void instance_rename_to_link(struct kunit *test)
{
	struct ditto_instance *a, *b, *exact, *dir;

	instance_begin(test);
	a = must_open(test, "a", DITTO_OPEN_CREATE, R | D, 0);
	link_inst(test, a, "b");
	exact = must_open(test, "a", DITTO_OPEN_EXISTING, R | D, DITTO_OPENF_ONLY_EXACT);
	KUNIT_EXPECT_EQ(test, rename_inst(exact, "b", true, true), 0);
	KUNIT_EXPECT_TRUE(test, file_exists("a"));
	instance_close(exact);
	/* The own name in another case is no other link. */
	KUNIT_EXPECT_EQ(test, rename_inst(a, "A", false, false), 0);
	expect_path(test, a, "A");
	/* Nothing is lost to a deletion that was asked for by the other name. */
	b = must_open(test, "b", DITTO_OPEN_EXISTING, R | D, 0);
	KUNIT_EXPECT_EQ(test, set_delete(b, DITTO_DELETE_ON), 0);
	KUNIT_EXPECT_EQ(test, rename_inst(a, "b", true, false), -EKEYREVOKED);
	KUNIT_EXPECT_EQ(test, set_delete(b, 0), 0);
	/* Nothing is replaced, so opens by the other name do not matter. */
	KUNIT_EXPECT_EQ(test, rename_inst(a, "B", false, false), 0);
	KUNIT_EXPECT_FALSE(test, file_exists("A"));
	KUNIT_EXPECT_TRUE(test, file_exists("b"));
	KUNIT_EXPECT_EQ(test, rename_inst(a, "c", true, false), -ENOENT);
	dir = must_open(test, "dir", DITTO_OPEN_CREATE, R, DITTO_OPENF_DIRECTORY);
	link_inst(test, b, "dir/b");
	KUNIT_EXPECT_EQ(test, rename_inst(b, "dir/b", true, false), 0);
	KUNIT_EXPECT_FALSE(test, file_exists("b"));
	instance_close(a);
	instance_close(b);
	a = must_open(test, "dir/b", DITTO_OPEN_EXISTING, R | D, DITTO_OPENF_DELETE_ON_CLOSE);
	instance_close(a);
	instance_close(dir);
	dir = must_open(test, "dir", DITTO_OPEN_EXISTING, R | D, DITTO_OPENF_DIRECTORY |
			DITTO_OPENF_DELETE_ON_CLOSE);
	instance_close(dir);
	instance_end(test);
}

static int count_stream(void *arg, const struct ditto_name *name, u64 size, u64 allocated)
{
	u32 *count = arg;

	++*count;
	return 0;
}

static u32 count_streams(struct ditto_instance *inst)
{
	struct ditto_node *node;
	struct ditto_op op;
	u32 count = 0;

	if (begin_op(inst, &op, &node))
		return U32_MAX;
	if (ditto_stream_list(&op, ditto_instance_base(inst), count_stream, &count))
		count = U32_MAX;
	ditto_instance_end(inst, &op);
	return count;
}

static void instance_streams(struct kunit *test)
{
	struct ditto_instance *file, *one, *two;

	instance_begin(test);
	folder.op.cred = folder.user;
	file = must_open(test, "file", DITTO_OPEN_CREATE, R | W | D, 0);
	KUNIT_EXPECT_EQ(test, count_streams(file), 0);
	KUNIT_EXPECT_EQ(test, open_stream("file", "none", DITTO_OPEN_EXISTING, R, 0, &one),
			-ENOENT);
	KUNIT_ASSERT_EQ(test, open_stream("file", "Stream", DITTO_OPEN_OR_CREATE, R | W | D, 0,
					  &one), 0);
	KUNIT_EXPECT_EQ(test, opened.action, DITTO_WAS_CREATED);
	KUNIT_EXPECT_TRUE(test, ditto_instance_is_stream(one));
	KUNIT_EXPECT_EQ(test, write_inst(one, "text"), 0);
	expect_path(test, one, "file:Stream");
	KUNIT_EXPECT_EQ(test, size_of(file), 0);
	KUNIT_EXPECT_EQ(test, open_stream("file", "STREAM", DITTO_OPEN_CREATE, R, 0, &two),
			-EEXIST);
	KUNIT_ASSERT_EQ(test, open_stream("FILE", "STREAM", DITTO_OPEN_EXISTING, R, 0, &two), 0);
	KUNIT_EXPECT_EQ(test, size_of(two), 4);
	instance_close(two);
	KUNIT_EXPECT_EQ(test, count_streams(file), 1);
	KUNIT_EXPECT_EQ(test, rename_inst(one, ":Renamed", false, false), 0);
	expect_path(test, one, "file:Renamed");
	KUNIT_EXPECT_EQ(test, open_stream("file", "stream", DITTO_OPEN_EXISTING, R, 0, &two),
			-ENOENT);
	/* Hidden. */
	KUNIT_EXPECT_FALSE(test, file_exists(".ditto"));

	/* The stream's deletion does not concern the file. */
	KUNIT_EXPECT_EQ(test, set_delete(one, DITTO_DELETE_ON), 0);
	KUNIT_EXPECT_EQ(test, open_stream("file", "renamed", DITTO_OPEN_EXISTING, R, 0, &two),
			-EKEYREVOKED);
	instance_close(one);
	KUNIT_EXPECT_EQ(test, count_streams(file), 0);

	/* Truncation by overwrite removes the streams. */
	KUNIT_ASSERT_EQ(test, open_stream("file", "a", DITTO_OPEN_CREATE, R | W, 0, &one), 0);
	instance_close(one);
	two = must_open(test, "file", DITTO_OPEN_OVERWRITE, R, 0);
	instance_close(two);
	KUNIT_EXPECT_EQ(test, count_streams(file), 0);

	/* A deletion waits for open streams. */
	KUNIT_ASSERT_EQ(test, open_stream("file", "b", DITTO_OPEN_CREATE, R | W, 0, &one), 0);
	KUNIT_EXPECT_EQ(test, set_delete(file, DITTO_DELETE_ON), 0);
	instance_close(file);
	KUNIT_EXPECT_TRUE(test, file_exists("file"));
	KUNIT_EXPECT_EQ(test, write_inst(one, "text"), 0);
	instance_close(one);
	KUNIT_EXPECT_FALSE(test, file_exists("file"));

	/* Creating a stream creates its file. */
	KUNIT_ASSERT_EQ(test, open_stream("new", "c", DITTO_OPEN_CREATE, R | W, 0, &one), 0);
	instance_close(one);
	KUNIT_EXPECT_TRUE(test, file_exists("new"));
	folder.op.cred = folder.admin;
	folder_remove(test, &folder, "new", false);
	instance_end(test);
}

/* By an attribute directory, as NFSv4 renames. */
static int rename_attr(struct ditto_node *base, const char *from, const char *to)
{
	const struct ditto_name old = { .name = from, .len = strlen(from) };
	const struct ditto_name new = { .name = to, .len = strlen(to) };
	int err;

	owners++;
	owner = ditto_owner_get(&client.client, &owners, sizeof(owners));
	actor.owner = owner;
	actor.lease_owner = owner;
	err = ditto_stream_rename(&folder.op, base, &old, &new, DITTO_STREAM_OVER_ANY);
	ditto_owner_put(owner);
	return err;
}

/*
 * An instance is renamed over a stream only if that is empty and not open (MS-FSA section
 * 2.1.5.15.11.1); others obey share reservations (RFC 8881 section 18.26.3).
 */
static void instance_stream_over(struct kunit *test)
{
	const struct ditto_open_request keeps = {
		.path = "file", .path_len = 4, .how = DITTO_OPEN_EXISTING, .rights = R,
		.deny = DITTO_OPEN_DELETE, .set = &plain, .stream = "b", .stream_len = 1,
	};
	struct ditto_instance *file, *one, *two;

	instance_begin(test);
	file = must_open(test, "file", DITTO_OPEN_CREATE, R | W, 0);
	KUNIT_ASSERT_EQ(test, open_stream("file", "a", DITTO_OPEN_CREATE, R | W | D, 0, &one), 0);
	KUNIT_ASSERT_EQ(test, open_stream("file", "b", DITTO_OPEN_CREATE, R | W, 0, &two), 0);
	KUNIT_EXPECT_EQ(test, rename_inst(one, ":b", false, false), -EEXIST);
	KUNIT_EXPECT_EQ(test, rename_inst(one, ":b", true, false), -EINVAL);
	KUNIT_EXPECT_EQ(test, write_inst(two, "text"), 0);
	instance_close(two);
	KUNIT_EXPECT_EQ(test, rename_inst(one, ":b", true, false), -EINVAL);
	KUNIT_ASSERT_EQ(test, open_stream("file", "b", DITTO_OPEN_OVERWRITE, R | W, 0, &two), 0);
	instance_close(two);
	KUNIT_EXPECT_EQ(test, rename_inst(one, ":b", true, false), 0);
	KUNIT_EXPECT_EQ(test, count_streams(file), 1);
	instance_close(one);

	KUNIT_ASSERT_EQ(test, open_request(&keeps, &two), 0);
	KUNIT_EXPECT_EQ(test, rename_attr(ditto_instance_base(file), "b", "c"), -ETXTBSY);
	instance_close(two);
	KUNIT_ASSERT_EQ(test, open_stream("file", "c", DITTO_OPEN_CREATE, R | W, 0, &two), 0);
	KUNIT_EXPECT_EQ(test, write_inst(two, "text"), 0);
	KUNIT_EXPECT_EQ(test, rename_attr(ditto_instance_base(file), "b", "c"), 0);
	instance_close(two);
	KUNIT_EXPECT_EQ(test, count_streams(file), 1);
	instance_close(file);
	file = must_open(test, "file", DITTO_OPEN_EXISTING, D, DITTO_OPENF_DELETE_ON_CLOSE);
	instance_close(file);
	instance_end(test);
}

/* Left over is one directory of streams for each file that has streams. */
static bool streams_left(void)
{
	struct dentry *hidden, *streams = NULL;
	bool empty = true;

	hidden = lookup_one_positive_unlocked(mnt_idmap(folder.path.mnt), &QSTR(".ditto"),
					      folder.path.dentry);
	if (IS_ERR(hidden))
		return false;
	streams = lookup_one_positive_unlocked(mnt_idmap(folder.path.mnt), &QSTR("streams"),
					       hidden);
	if (!IS_ERR(streams)) {
		empty = simple_empty(streams);
		dput(streams);
	}
	dput(hidden);
	return !empty;
}

static void remove_below(struct dentry *parent, const char *name)
{
	struct dentry *child;

	inode_lock_nested(d_inode(parent), I_MUTEX_PARENT);
	child = lookup_noperm(&QSTR(name), parent);
	if (!IS_ERR(child) && d_is_positive(child))
		vfs_rmdir(mnt_idmap(folder.path.mnt), d_inode(parent), child, NULL);
	inode_unlock(d_inode(parent));
	if (!IS_ERR(child))
		dput(child);
}

/* Not through the server. */
static bool is_there(const char *name)
{
	struct dentry *dentry = lookup_one_positive_unlocked(mnt_idmap(folder.path.mnt),
							     &QSTR(name), folder.path.dentry);

	if (IS_ERR(dentry))
		return false;
	dput(dentry);
	return true;
}

/* The folder must be empty for its removal. */
static void remove_hidden(void)
{
	struct dentry *hidden;

	hidden = lookup_one_positive_unlocked(mnt_idmap(folder.path.mnt), &QSTR(".ditto"),
					      folder.path.dentry);
	if (IS_ERR(hidden))
		return;
	remove_below(hidden, "streams");
	dput(hidden);
	remove_below(folder.path.dentry, ".ditto");
}

/* A stream that does not share deletion and the deletion of its file exclude each other. */
static void instance_keepers(struct kunit *test)
{
	const struct ditto_open_request req = {
		.path = "file", .path_len = 4, .how = DITTO_OPEN_OR_CREATE, .rights = R | W,
		.deny = DITTO_OPEN_DELETE, .set = &plain, .stream = "s", .stream_len = 1,
	};
	struct ditto_instance *stream, *file;

	instance_begin(test);
	KUNIT_ASSERT_EQ(test, open_request(&req, &stream), 0);
	KUNIT_EXPECT_EQ(test, open_how("file", DITTO_OPEN_EXISTING, D, 0, 0, &file), -ETXTBSY);
	file = must_open(test, "file", DITTO_OPEN_EXISTING, R | W, 0);
	KUNIT_EXPECT_EQ(test, ditto_client_claims(&client.client), 2);
	instance_close(file);
	instance_close(stream);
	file = must_open(test, "file", DITTO_OPEN_EXISTING, D, DITTO_OPENF_DELETE_ON_CLOSE);
	KUNIT_EXPECT_EQ(test, open_request(&req, &stream), -ETXTBSY);
	instance_close(file);
	KUNIT_EXPECT_FALSE(test, file_exists("file"));
	instance_end(test);
}

/* Truncation at open ignores ranges, writing does not; ranges end with their open. */
static void instance_ranges(struct kunit *test)
{
	struct ditto_range_request req = { .exclusive = true };
	struct ditto_instance *one, *two;
	struct ditto_node *node;
	struct ditto_op op;

	instance_begin(test);
	one = must_open(test, "file", DITTO_OPEN_CREATE, R | W | D, DITTO_OPENF_DELETE_ON_CLOSE);
	KUNIT_EXPECT_EQ(test, write_inst(one, "text"), 0);
	KUNIT_ASSERT_EQ(test, begin_op(one, &op, &node), 0);
	req.point = &node->point;
	req.owner = owner;
	KUNIT_ASSERT_EQ(test, ditto_range_set_exact(&req, 0, 4), 0);
	KUNIT_EXPECT_EQ(test, ditto_range_lock(&req, NULL, NULL), 0);
	ditto_instance_end(one, &op);
	two = must_open(test, "file", DITTO_OPEN_OVERWRITE, R | W, 0);
	KUNIT_EXPECT_EQ(test, size_of(two), 0);
	KUNIT_EXPECT_EQ(test, write_inst(two, "text"), -EAGAIN);
	KUNIT_EXPECT_EQ(test, ditto_client_claims(&client.client), 3);
	instance_close(one);
	KUNIT_EXPECT_EQ(test, ditto_client_claims(&client.client), 1);
	KUNIT_EXPECT_EQ(test, write_inst(two, "text"), 0);
	instance_close(two);
	instance_end(test);
}

static void instance_streams_go(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, streams_left());
}

/* Files without streams are not searched for them, and the first stream is noticed. */
static void instance_streams_first(struct kunit *test)
{
	struct ditto_instance *inst;

	instance_begin(test);
	remove_hidden();
	inst = must_open(test, "plain", DITTO_OPEN_CREATE, R | D, DITTO_OPENF_DELETE_ON_CLOSE);
	instance_close(inst);
	KUNIT_EXPECT_NOT_NULL(test, rcu_access_pointer(folder.share->no_streams));
	KUNIT_ASSERT_EQ(test, open_stream("file", "s", DITTO_OPEN_CREATE, R | W, 0, &inst), 0);
	instance_close(inst);
	KUNIT_EXPECT_TRUE(test, streams_left());
	inst = must_open(test, "file", DITTO_OPEN_EXISTING, D, DITTO_OPENF_DELETE_ON_CLOSE);
	instance_close(inst);
	KUNIT_EXPECT_FALSE(test, file_exists("file"));
	KUNIT_EXPECT_FALSE(test, streams_left());
	instance_end(test);
}

/* The administrator, or the release of a client, revokes the claims. */
static void instance_released(struct kunit *test)
{
	struct ditto_instance *inst;
	struct ditto_node *node;
	struct ditto_op op;

	instance_begin(test);
	inst = must_open(test, "file", DITTO_OPEN_CREATE, R | W | D,
			 DITTO_OPENF_DELETE_ON_CLOSE);
	KUNIT_ASSERT_EQ(test, begin_op(inst, &op, &node), 0);
	ditto_lock_point_release(&node->point, "test");
	ditto_instance_end(inst, &op);
	KUNIT_EXPECT_EQ(test, ditto_client_claims(&client.client), 0);
	KUNIT_EXPECT_EQ(test, write_inst(inst, "text"), -ESTALE);
	instance_close(inst);
	KUNIT_EXPECT_FALSE(test, file_exists("file"));
	instance_end(test);
}

/* A share is removed in spite of opens. Last: the folder is not served any more. */
static void instance_revoked(struct kunit *test)
{
	struct ditto_instance *file, *stream, *delete_pending;

	instance_begin(test);
	file = must_open(test, "file", DITTO_OPEN_CREATE, R | W | D, 0);
	delete_pending = must_open(test, "pending", DITTO_OPEN_CREATE, R | D,
				   DITTO_OPENF_DELETE_ON_CLOSE);
	KUNIT_ASSERT_EQ(test, open_stream("file", "s", DITTO_OPEN_CREATE, R | W | D,
					  DITTO_OPENF_DELETE_ON_CLOSE, &stream), 0);
	KUNIT_EXPECT_EQ(test, set_delete(file, DITTO_DELETE_ON | DITTO_DELETE_AT_CLOSE), 0);
	KUNIT_EXPECT_EQ(test, ditto_client_claims(&client.client), 3);
	folder_end(test, &folder);
	folder.share = NULL;
	folder.op.share = NULL;
	KUNIT_EXPECT_EQ(test, ditto_share_del(folder.srv, folder.name, NULL), 0);
	KUNIT_EXPECT_EQ(test, ditto_client_claims(&client.client), 0);
	KUNIT_EXPECT_EQ(test, write_inst(file, "text"), -ESTALE);
	KUNIT_EXPECT_EQ(test, write_inst(stream, "text"), -ESTALE);
	/* The file was deleted with its last instance. */
	KUNIT_EXPECT_FALSE(test, is_there("file"));
	KUNIT_EXPECT_FALSE(test, is_there("pending"));
	instance_close(stream);
	instance_close(file);
	instance_close(delete_pending);
	KUNIT_EXPECT_FALSE(test, streams_left());
	instance_end(test);
}

static void instance_exit(struct kunit_suite *suite)
{
	remove_hidden();
	folder_suite_exit(suite);
}

/* What few files need shares its room; see Documentation/performance.md. */
static void instance_is_small(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_64BIT) || IS_ENABLED(CONFIG_LOCKDEP))
		kunit_skip(test, "pointers are smaller here, or locks larger");
	KUNIT_EXPECT_LE(test, sizeof(struct ditto_instance), 256);
}

static struct kunit_case instance_cases[] = {
	KUNIT_CASE(instance_dispositions),
	KUNIT_CASE(instance_kinds),
	KUNIT_CASE(instance_rights),
	KUNIT_CASE(instance_share_modes),
	KUNIT_CASE(instance_flags),
	KUNIT_CASE(instance_delete),
	KUNIT_CASE(instance_rename),
	KUNIT_CASE(instance_rename_to_link),
	KUNIT_CASE(instance_streams),
	KUNIT_CASE(instance_stream_over),
	KUNIT_CASE(instance_keepers),
	KUNIT_CASE(instance_ranges),
	KUNIT_CASE(instance_streams_go),
	KUNIT_CASE(instance_streams_first),
	KUNIT_CASE(instance_released),
	KUNIT_CASE(instance_revoked),
	KUNIT_CASE(instance_is_small),
	{}
};

static struct kunit_suite instance_suite = {
	.name = "ditto_instance",
	.suite_init = folder_suite_init,
	.suite_exit = instance_exit,
	.test_cases = instance_cases,
};

kunit_test_suite(instance_suite);
