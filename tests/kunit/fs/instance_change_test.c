// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open instances of protocols with handles: opened by node or by name in a directory, changed, and
 * kept though the file's last name went; delegations and attributes of real files.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/iversion.h>
#include <linux/namei.h>
#include <linux/uio.h>

#include "../../../fs/node/file.h"
#include "../../../fs/share/handle.h"
#include "../../../fs/open/instance.h"
#include "../../../fs/op/attr.h"
#include "../../../fs/op/op.h"
#include "../../../lockd/lease.h"
#include "../../../lockd/open.h"
#include "../../../lockd/table.h"
#include "../test_client.h"
#include "folder.h"

#define R	DITTO_RIGHT_READ_DATA
#define W	DITTO_RIGHT_WRITE_DATA
#define D	DITTO_RIGHT_DELETE

/* Two clients with a file. */
struct change_test {
	struct test_client client[2];
	struct ditto_owner *owner[2];
	struct ditto_actor actor[2];
	struct ditto_op op[2];
	struct ditto_node *node;
	struct ditto_handle handle;
};

DEFINE_FOLDER(folder, "kunit-change")
static struct change_test t;

static void change_begin(struct kunit *test)
{
	struct dentry *dentry;

	folder_begin(test, &folder);
	memset(&t, 0, sizeof(t));
	for (u32 i = 0; i < 2; i++) {
		test_client_begin(&t.client[i], folder.srv->locks);
		t.owner[i] = ditto_owner_get(&t.client[i].client, &i, sizeof(i));
		KUNIT_ASSERT_FALSE(test, IS_ERR(t.owner[i]));
		t.actor[i] = (struct ditto_actor){
			.client = &t.client[i].client,
			.owner = t.owner[i],
			.lease_owner = t.owner[i],
		};
		t.op[i] = folder.op;
		t.op[i].actor = &t.actor[i];
		t.op[i].tells_change = true;
	}
	t.node = folder_make(test, &folder, "file", 0644, false);
	dentry = ditto_node_dentry(t.node);
	KUNIT_EXPECT_EQ(test, ditto_handle_encode(folder.share, dentry, &t.handle), 0);
	dput(dentry);
}

static void change_end(struct kunit *test)
{
	ditto_node_put(t.node);
	for (int i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, ditto_client_claims(&t.client[i].client), 0);
		ditto_owner_put(t.owner[i]);
		test_client_end(&t.client[i]);
	}
	folder_end(test, &folder);
}

static int open_node(int i, struct ditto_node *node, u32 rights, u8 deny,
		     struct ditto_instance **out)
{
	const struct ditto_open_request req = {
		.node = node, .how = DITTO_OPEN_EXISTING, .rights = rights, .deny = deny,
		.flags = DITTO_OPENF_ONLY_EXACT,
	};
	struct ditto_opened opened;
	int err;

	err = ditto_instance_open(&t.op[i], &req, &opened);
	*out = opened.inst;
	return err;
}

static struct ditto_instance *must_open(struct kunit *test, int i, u32 rights, u8 deny)
{
	struct ditto_instance *inst = NULL;

	KUNIT_ASSERT_EQ(test, open_node(i, t.node, rights, deny, &inst), 0);
	return inst;
}

static int instance_change_how(int i, struct ditto_instance *inst, u32 rights, u8 deny, u32 flags)
{
	struct ditto_op op = t.op[i];
	struct ditto_node *node;
	int err;

	err = ditto_instance_begin(inst, &op, &node);
	if (err)
		return err;
	err = ditto_instance_change(&op, inst, rights, deny, flags);
	ditto_instance_end(inst, &op);
	return err;
}

static int instance_change(int i, struct ditto_instance *inst, u32 rights, u8 deny)
{
	return instance_change_how(i, inst, rights, deny, 0);
}

static int write_by(int i, struct ditto_instance *inst, const char *text)
{
	struct kvec vec = { .iov_base = (void *)text, .iov_len = strlen(text) };
	struct ditto_op op = t.op[i];
	struct ditto_node *node;
	struct iov_iter iter;
	u64 verifier;
	ssize_t ret;

	ret = ditto_instance_begin(inst, &op, &node);
	if (ret)
		return ret;
	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, vec.iov_len);
	ret = ditto_write(&op, node, 0, &iter, DITTO_UNSTABLE, &verifier, NULL);
	ditto_instance_end(inst, &op);
	return ret < 0 ? ret : 0;
}

static void up_and_down(struct kunit *test)
{
	struct ditto_instance *a, *b;

	change_begin(test);
	a = must_open(test, 0, R, 0);
	b = must_open(test, 1, R, DITTO_OPEN_WRITE);
	/* The other open denies it at first. */
	KUNIT_EXPECT_EQ(test, instance_change(0, a, R | W, 0), -ETXTBSY);
	KUNIT_EXPECT_EQ(test, ditto_instance_rights(a), R);
	KUNIT_EXPECT_EQ(test, ditto_open_access(ditto_instance_claim(a)), DITTO_OPEN_READ);
	KUNIT_EXPECT_EQ(test, instance_change(1, b, R, 0), 0);
	KUNIT_EXPECT_EQ(test, instance_change(0, a, R | W, 0), 0);
	KUNIT_EXPECT_EQ(test, ditto_instance_rights(a), R | W);
	KUNIT_EXPECT_EQ(test, ditto_open_access(ditto_instance_claim(a)),
			DITTO_OPEN_READ | DITTO_OPEN_WRITE);
	KUNIT_EXPECT_EQ(test, write_by(0, a, "text"), 0);
	/* Now the other way round. */
	KUNIT_EXPECT_EQ(test, instance_change(1, b, R, DITTO_OPEN_WRITE), -ETXTBSY);
	KUNIT_EXPECT_EQ(test, ditto_open_deny(ditto_instance_claim(b)), 0);
	KUNIT_EXPECT_EQ(test, instance_change(0, a, R, DITTO_OPEN_WRITE), 0);
	KUNIT_EXPECT_EQ(test, instance_change(1, b, R, DITTO_OPEN_WRITE), 0);
	KUNIT_EXPECT_EQ(test, write_by(1, b, "text"), -ETXTBSY);
	ditto_instance_close(&t.op[1], b);
	ditto_instance_close(&t.op[0], a);
	folder_remove(test, &folder, "file", false);
	change_end(test);
}

/* Access that the open has is not checked again, new access is. */
static void rights_of_new_bits(struct kunit *test)
{
	const struct ditto_setattr shut = { .valid = DITTO_SET_MODE, .mode = 0 };
	const struct ditto_setattr open = { .valid = DITTO_SET_MODE, .mode = 0604 };
	struct ditto_instance *inst;
	struct ditto_wcc wcc;

	change_begin(test);
	t.op[0].cred = folder.user;
	inst = must_open(test, 0, R, 0);
	KUNIT_EXPECT_EQ(test, instance_change(0, inst, R | W, 0), -EACCES);
	KUNIT_EXPECT_EQ(test, ditto_setattr(&folder.op, t.node, &shut, &wcc), 0);
	KUNIT_EXPECT_EQ(test, instance_change(0, inst, R, DITTO_OPEN_WRITE), 0);
	KUNIT_EXPECT_EQ(test, instance_change(0, inst, W, 0), -EACCES);
	KUNIT_EXPECT_EQ(test, ditto_setattr(&folder.op, t.node, &open, &wcc), 0);
	KUNIT_EXPECT_EQ(test, instance_change(0, inst, DITTO_RIGHT_READ_ATTRS, 0), 0);
	KUNIT_EXPECT_EQ(test, instance_change(0, inst, R, 0), 0);
	t.op[0].writable = false;
	t.op[0].cred = folder.admin;
	KUNIT_EXPECT_EQ(test, instance_change(0, inst, R | W, 0), -EROFS);
	t.op[0].writable = true;
	KUNIT_EXPECT_EQ(test, instance_change(0, inst, R | W, 0), 0);
	ditto_instance_close(&t.op[0], inst);
	folder_remove(test, &folder, "file", false);
	change_end(test);
}

/* The owner who had the file open before gets the access back whatever the mode says. */
static void rights_of_the_owner(struct kunit *test)
{
	const struct ditto_setattr give = {
		.valid = DITTO_SET_UID | DITTO_SET_MODE, .mode = 0600,
		.uid = folder.user->cred->fsuid,
	};
	const struct ditto_setattr shut = { .valid = DITTO_SET_MODE, .mode = 0 };
	struct ditto_instance *inst;
	struct ditto_wcc wcc;

	change_begin(test);
	KUNIT_EXPECT_EQ(test, ditto_setattr(&folder.op, t.node, &give, &wcc), 0);
	t.op[0].cred = folder.user;
	inst = must_open(test, 0, W, 0);
	KUNIT_EXPECT_EQ(test, ditto_setattr(&folder.op, t.node, &shut, &wcc), 0);
	KUNIT_EXPECT_EQ(test, instance_change(0, inst, R | W, 0), -EACCES);
	KUNIT_EXPECT_EQ(test, instance_change_how(0, inst, R | W | D, 0, DITTO_OPENF_OWNER),
			-EACCES);
	KUNIT_EXPECT_EQ(test, instance_change_how(0, inst, R | W, 0, DITTO_OPENF_OWNER), 0);
	KUNIT_EXPECT_EQ(test, ditto_instance_rights(inst), R | W);
	/* For others the mode counts. */
	KUNIT_EXPECT_EQ(test, instance_change(0, inst, W, 0), 0);
	KUNIT_EXPECT_EQ(test, ditto_setattr(&folder.op, t.node,
					    &(struct ditto_setattr){ .valid = DITTO_SET_UID,
								     .uid = GLOBAL_ROOT_UID },
					    &wcc), 0);
	KUNIT_EXPECT_EQ(test, instance_change_how(0, inst, R | W, 0, DITTO_OPENF_OWNER), -EACCES);
	ditto_instance_close(&t.op[0], inst);
	folder_remove(test, &folder, "file", false);
	change_end(test);
}

/* The claim went with its client. */
static void change_after_the_end(struct kunit *test)
{
	struct ditto_instance *inst;

	change_begin(test);
	inst = must_open(test, 0, R, 0);
	ditto_client_release(&t.client[0].client, "test");
	KUNIT_EXPECT_EQ(test, instance_change(0, inst, R | W, 0), -ESTALE);
	ditto_instance_close(&t.op[0], inst);
	folder_remove(test, &folder, "file", false);
	change_end(test);
}

/* The node of the handle, to be put; an ERR_PTR. */
static struct ditto_node *node_decode(void)
{
	struct ditto_share *share;
	struct ditto_node *node;
	int err;

	err = ditto_handle_decode(folder.srv, t.handle.data, t.handle.len, &share, &node);
	if (err)
		return ERR_PTR(err);
	ditto_share_put(share);
	return node;
}

static void unlink_locally(struct kunit *test)
{
	struct dentry *dentry = ditto_node_dentry(t.node);
	struct dentry *parent = dget_parent(dentry);

	inode_lock_nested(d_inode(parent), I_MUTEX_PARENT);
	KUNIT_EXPECT_EQ(test, vfs_unlink(mnt_idmap(folder.path.mnt), d_inode(parent), dentry,
					 NULL), 0);
	inode_unlock(d_inode(parent));
	dput(parent);
	dput(dentry);
}

static void unlinked_stays_open(struct kunit *test, bool known, bool locally)
{
	struct ditto_instance *inst, *again;
	struct ditto_node *node;
	struct ditto_attr attr;

	change_begin(test);
	inst = must_open(test, 0, R | W, 0);
	if (known) {
		node = node_decode();
		KUNIT_EXPECT_PTR_EQ(test, node, t.node);
		ditto_node_put(node);
	}
	if (locally)
		unlink_locally(test);
	else
		folder_remove(test, &folder, "file", false);
	/* Another client finds it by its handle, opens and changes it. */
	node = node_decode();
	KUNIT_ASSERT_PTR_EQ(test, node, t.node);
	KUNIT_EXPECT_EQ(test, open_node(1, node, R | W, 0, &again), 0);
	KUNIT_EXPECT_EQ(test, write_by(1, again, "text"), 0);
	KUNIT_EXPECT_EQ(test, ditto_getattr(folder.share, node, &attr), 0);
	KUNIT_EXPECT_EQ(test, attr.st.size, 4);
	KUNIT_EXPECT_EQ(test, attr.st.nlink, 0);
	ditto_node_put(node);
	/* One is enough, whatever the cache of nodes holds. */
	ditto_instance_close(&t.op[0], inst);
	ditto_nodes_flush(folder.srv);
	node = node_decode();
	KUNIT_ASSERT_PTR_EQ(test, node, t.node);
	ditto_node_put(node);
	KUNIT_EXPECT_EQ(test, instance_change(1, again, R, 0), 0);
	KUNIT_EXPECT_EQ(test, instance_change(1, again, R | D, 0), -EACCES);
	ditto_instance_close(&t.op[1], again);
	KUNIT_EXPECT_PTR_EQ(test, node_decode(), ERR_PTR(-ESTALE));
	KUNIT_EXPECT_EQ(test, open_node(1, t.node, R, 0, &again), -ESTALE);
	change_end(test);
}

static void unlinked_and_known(struct kunit *test)
{
	unlinked_stays_open(test, true, false);
}

static void unlinked_and_unknown(struct kunit *test)
{
	unlinked_stays_open(test, false, false);
}

static void unlinked_locally(struct kunit *test)
{
	unlinked_stays_open(test, true, true);
	unlinked_stays_open(test, false, true);
}

/* Without an instance the file is gone at once. */
static void unlinked_unopened(struct kunit *test)
{
	struct ditto_instance *inst;

	change_begin(test);
	folder_remove(test, &folder, "file", false);
	KUNIT_EXPECT_PTR_EQ(test, node_decode(), ERR_PTR(-ESTALE));
	KUNIT_EXPECT_EQ(test, open_node(0, t.node, R, 0, &inst), -ESTALE);
	change_end(test);
}

/* A holder of a delegation that answers with its attributes. */
static struct {
	bool modified;
	bool mute;
	struct ditto_lease_times times;
	u64 size;
	atomic_t breaks;
} told;

static void lease_breaking(struct ditto_lease *lease, u8 keep, bool ack)
{
	atomic_inc(&told.breaks);
	ditto_lease_return(lease);
}

static void lease_revoked(struct ditto_lease *lease) {}

static void lease_free(struct ditto_lease *lease) {}

static void lease_ask(struct ditto_lease *lease)
{
	const struct ditto_lease_answer answer = {
		.size = told.size, .change = 1, .modified = told.modified, .times = told.times,
	};

	if (!told.mute)
		ditto_lease_answered(lease, &answer);
}

static const struct ditto_lease_ops lease_ops = {
	.breaking = lease_breaking,
	.revoked = lease_revoked,
	.free = lease_free,
	.ask = lease_ask,
};

static struct ditto_lease *lease_grant(struct kunit *test, u8 want)
{
	struct ditto_lease_request req = {
		.point = &t.node->point, .actor = t.actor[0], .style = DITTO_LEASE_TYPE_DELEGATION,
		.want = want, .break_ms = 35000, .ops = &lease_ops,
	};
	struct ditto_file *df = ditto_file_get(folder.share, t.node, DITTO_FILE_READ);
	struct ditto_lease *lease;

	KUNIT_ASSERT_FALSE(test, IS_ERR(df));
	req.filp = df->file;
	lease = ditto_lease_grant(&req);
	ditto_file_put(df);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	return lease;
}

static void delegation_end(struct ditto_lease *lease)
{
	ditto_lease_return(lease);
	ditto_lease_put(lease);
	flush_workqueue(folder.srv->locks->wq);
}

/* The server's own open files do not prevent delegations. */
static void own_files_do_not_count(struct kunit *test)
{
	struct ditto_lease *lease;
	struct ditto_file *df;

	change_begin(test);
	/* Kept open for the first grant, although the cache has closed it. */
	lease = lease_grant(test, DITTO_LEASE_READ);
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), DITTO_LEASE_READ);
	ditto_files_close(t.node, NULL);
	KUNIT_EXPECT_EQ(test, t.node->point.ops->local_access(&t.node->point), 0);
	ditto_lease_put(lease_grant(test, DITTO_LEASE_ALL));
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), DITTO_LEASE_ALL);
	df = ditto_file_get(folder.share, t.node, DITTO_FILE_WRITE);
	KUNIT_ASSERT_FALSE(test, IS_ERR(df));
	KUNIT_EXPECT_EQ(test, t.node->point.ops->local_access(&t.node->point), 0);
	ditto_file_put(df);
	delegation_end(lease);
	ditto_files_close(t.node, NULL);
	KUNIT_EXPECT_EQ(test, t.node->point.ops->local_access(&t.node->point), 0);
	/* Claims that ended a moment ago do not prevent one. */
	for (int i = 0; i < 50; i++) {
		lease = lease_grant(test, DITTO_LEASE_ALL);
		KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), DITTO_LEASE_ALL);
		ditto_lease_return(lease);
		ditto_lease_put(lease);
	}
	flush_workqueue(folder.srv->locks->wq);
	folder_remove(test, &folder, "file", false);
	change_end(test);
}

/* Open files of local processes do. */
static void local_files_count(struct kunit *test)
{
	struct path path = { .mnt = folder.path.mnt };
	struct ditto_lease_request req = {
		.point = &t.node->point, .style = DITTO_LEASE_TYPE_DELEGATION,
		.want = DITTO_LEASE_ALL, .break_ms = 35000, .ops = &lease_ops,
	};
	struct ditto_lease *lease;
	struct ditto_file *df;
	struct file *file;

	change_begin(test);
	req.point = &t.node->point;
	req.actor = t.actor[0];
	path.dentry = ditto_node_dentry(t.node);
	df = ditto_file_get(folder.share, t.node, DITTO_FILE_READ);
	KUNIT_ASSERT_FALSE(test, IS_ERR(df));
	req.filp = df->file;

	file = dentry_open(&path, O_RDONLY, current_cred());
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	lease = ditto_lease_grant(&req);
	KUNIT_ASSERT_FALSE(test, IS_ERR(lease));
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), DITTO_LEASE_READ | DITTO_LEASE_HANDLE);
	delegation_end(lease);
	__fput_sync(file);

	file = dentry_open(&path, O_WRONLY, current_cred());
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	lease = ditto_lease_grant(&req);
	KUNIT_EXPECT_PTR_EQ(test, lease, ERR_PTR(-EAGAIN));
	__fput_sync(file);
	ditto_file_put(df);
	dput(path.dentry);
	flush_workqueue(folder.srv->locks->wq);
	folder_remove(test, &folder, "file", false);
	change_end(test);
}

static bool change_was_read(void)
{
	return inode_peek_iversion_raw(t.node->inode) & I_VERSION_QUERIED;
}

/* A change is counted, and so stored, only if somebody was told the count before it. */
static void change_is_read_if_told(struct kunit *test)
{
	struct ditto_attr attr;
	struct ditto_wcc wcc;
	struct iov_iter iter;
	struct kvec vec = { .iov_base = "text", .iov_len = 4 };
	u64 verifier;

	change_begin(test);
	KUNIT_ASSERT_TRUE(test, IS_I_VERSION(t.node->inode));
	t.op[0].tells_change = false;
	KUNIT_EXPECT_EQ(test, ditto_getattr_plain(folder.share, t.node, &attr), 0);
	KUNIT_EXPECT_EQ(test, ditto_getattr_asked(&t.op[0], t.node, &attr), 0);
	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, vec.iov_len);
	KUNIT_EXPECT_EQ(test, ditto_write(&t.op[0], t.node, 0, &iter, DITTO_UNSTABLE, &verifier,
					  &wcc), 4);
	KUNIT_EXPECT_TRUE(test, wcc.post_valid);
	KUNIT_EXPECT_EQ(test, wcc.post.st.size, 4);
	KUNIT_EXPECT_FALSE(test, change_was_read());
	t.op[0].tells_change = true;
	KUNIT_EXPECT_EQ(test, ditto_getattr_asked(&t.op[0], t.node, &attr), 0);
	KUNIT_EXPECT_TRUE(test, change_was_read());
	folder_remove(test, &folder, "file", false);
	change_end(test);
}

static void attributes_are_asked_for(struct kunit *test)
{
	struct ditto_lease *lease;
	struct ditto_attr attr;
	u64 before, first;

	change_begin(test);
	memset(&told, 0, sizeof(told));
	KUNIT_EXPECT_EQ(test, ditto_getattr_asked(&t.op[1], t.node, &attr), 0);
	before = attr.change;
	lease = lease_grant(test, DITTO_LEASE_ALL);
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), DITTO_LEASE_ALL);
	/* Without a change the server's attributes are returned. */
	told.size = 100;
	KUNIT_EXPECT_EQ(test, ditto_getattr_asked(&t.op[1], t.node, &attr), 0);
	KUNIT_EXPECT_EQ(test, attr.change, before);
	KUNIT_EXPECT_EQ(test, attr.st.size, 0);
	told.modified = true;
	KUNIT_EXPECT_EQ(test, ditto_getattr_asked(&t.op[1], t.node, &attr), 0);
	KUNIT_EXPECT_GT(test, attr.change, before);
	KUNIT_EXPECT_EQ(test, attr.st.size, 100);
	first = attr.change;
	KUNIT_EXPECT_EQ(test, ditto_getattr_asked(&t.op[1], t.node, &attr), 0);
	KUNIT_EXPECT_GT(test, attr.change, first);
	first = attr.change;
	/* The holder itself, and callers that cannot wait, get the server's attributes. */
	KUNIT_EXPECT_EQ(test, ditto_getattr_asked(&t.op[0], t.node, &attr), 0);
	KUNIT_EXPECT_EQ(test, attr.st.size, 0);
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), DITTO_LEASE_ALL);
	KUNIT_EXPECT_EQ(test, atomic_read(&told.breaks), 0);
	/* The change attribute never decreases, whatever the holder does. */
	told.mute = true;
	KUNIT_EXPECT_EQ(test, ditto_getattr_asked(&t.op[1], t.node, &attr), -EJUKEBOX);
	flush_workqueue(folder.srv->locks->wq);
	KUNIT_EXPECT_EQ(test, atomic_read(&told.breaks), 1);
	msleep(20);
	KUNIT_EXPECT_EQ(test, ditto_getattr_asked(&t.op[1], t.node, &attr), 0);
	KUNIT_EXPECT_GE(test, attr.change, first);
	ditto_lease_put(lease);
	flush_workqueue(folder.srv->locks->wq);
	folder_remove(test, &folder, "file", false);
	change_end(test);
}

/* A holder that keeps the times reports them, and stores them before it returns the grant. */
static void times_are_kept(struct kunit *test)
{
	struct ditto_lease *lease;
	struct ditto_attr attr, then;

	change_begin(test);
	memset(&told, 0, sizeof(told));
	lease = lease_grant(test, DITTO_LEASE_ALL);
	KUNIT_ASSERT_EQ(test, ditto_getattr_asked(&t.op[0], t.node, &then), 0);
	told.times = (struct ditto_lease_times){
		.atime = then.st.atime, .mtime = { .tv_sec = 1000, .tv_nsec = 5000 },
		.has_atime = true, .has_mtime = true,
	};
	KUNIT_EXPECT_EQ(test, ditto_getattr_asked(&t.op[1], t.node, &attr), 0);
	KUNIT_EXPECT_TRUE(test, timespec64_equal(&attr.st.mtime, &told.times.mtime));
	KUNIT_EXPECT_GE(test, attr.change, then.change);
	then = attr;
	/* The same again changes nothing. */
	KUNIT_EXPECT_EQ(test, ditto_getattr_asked(&t.op[1], t.node, &attr), 0);
	KUNIT_EXPECT_TRUE(test, timespec64_equal(&attr.st.ctime, &then.st.ctime));
	/* Modified: the change attribute advances, and the time stays that of the holder. */
	told.modified = true;
	told.size = 100;
	KUNIT_EXPECT_EQ(test, ditto_getattr_asked(&t.op[1], t.node, &attr), 0);
	KUNIT_EXPECT_GT(test, attr.change, then.change);
	KUNIT_EXPECT_EQ(test, attr.st.size, 100);
	KUNIT_EXPECT_TRUE(test, timespec64_equal(&attr.st.mtime, &told.times.mtime));

	told.times.mtime.tv_sec = 2000;
	KUNIT_EXPECT_EQ(test, ditto_store_times(&t.op[0], t.node, &told.times), 0);
	KUNIT_EXPECT_EQ(test, ditto_getattr(folder.share, t.node, &attr), 0);
	KUNIT_EXPECT_TRUE(test, timespec64_equal(&attr.st.mtime, &told.times.mtime));
	KUNIT_EXPECT_EQ(test, ditto_lease_bits(lease), DITTO_LEASE_ALL);
	KUNIT_EXPECT_EQ(test, atomic_read(&told.breaks), 0);
	t.op[0].writable = false;
	KUNIT_EXPECT_EQ(test, ditto_store_times(&t.op[0], t.node, &told.times), -EROFS);
	t.op[0].writable = true;
	delegation_end(lease);
	folder_remove(test, &folder, "file", false);
	change_end(test);
}

static int open_name(struct ditto_open_request *req, enum ditto_disposition how, const char *verf,
		     struct ditto_opened *opened)
{
	static const struct ditto_name name = { .name = "new", .len = 3 };
	static const struct ditto_setattr set = { .valid = DITTO_SET_MODE, .mode = 0600 };

	req->parent = folder.root;
	req->name = &name;
	req->how = how;
	req->verf = (const u8 *)verf;
	req->rights = R | W;
	req->set = &set;
	return ditto_instance_open(&t.op[0], req, opened);
}

/* One name after the other, created or found; a verifier tells a file from another one. */
static void by_name(struct kunit *test)
{
	static const struct {
		enum ditto_disposition how;
		const char *verf;
		int err;
		bool created;
		enum ditto_open_action action;
	} steps[] = {
		{ DITTO_OPEN_EXISTING, NULL, -ENOENT },
		{ DITTO_OPEN_OR_CREATE, NULL, 0, true, DITTO_WAS_CREATED },
		{ DITTO_OPEN_OR_CREATE, NULL, 0, false, DITTO_WAS_OPENED },
		{ DITTO_OPEN_EXISTING, NULL, 0, false, DITTO_WAS_OPENED },
		{ DITTO_OPEN_CREATE, NULL, -EEXIST },
		{ DITTO_OPEN_CREATE, "verifier", -EEXIST },
	};
	struct ditto_open_request req = {};
	struct ditto_opened opened;
	int err;

	change_begin(test);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		err = open_name(&req, steps[i].how, steps[i].verf, &opened);
		KUNIT_EXPECT_EQ_MSG(test, err, steps[i].err, "step %zu", i);
		if (err)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, opened.created, steps[i].created, "step %zu", i);
		KUNIT_EXPECT_EQ_MSG(test, opened.action, steps[i].action, "step %zu", i);
		ditto_instance_close(&t.op[0], opened.inst);
	}
	folder_remove(test, &folder, "new", false);

	/* The same request arrives twice. */
	for (int i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, open_name(&req, DITTO_OPEN_CREATE, "verifier", &opened), 0);
		KUNIT_EXPECT_TRUE(test, opened.created);
		ditto_instance_close(&t.op[0], opened.inst);
	}
	KUNIT_EXPECT_EQ(test, open_name(&req, DITTO_OPEN_CREATE, "another1", &opened), -EEXIST);
	folder_remove(test, &folder, "new", false);
	folder_remove(test, &folder, "file", false);
	change_end(test);
}

static int found_ret;
static struct ditto_node *found_node;

static int open_found(void *arg, struct ditto_node *node)
{
	*(int *)arg += 1;
	found_node = node;
	return found_ret;
}

/* The caller may end the open when the file is known; a file that was created for it goes. */
static void found_before_the_claim(struct kunit *test)
{
	int calls = 0;
	struct ditto_open_request req = { .found = open_found, .arg = &calls };
	struct ditto_opened opened;

	change_begin(test);
	found_ret = -ECANCELED;
	KUNIT_EXPECT_EQ(test, open_name(&req, DITTO_OPEN_OR_CREATE, NULL, &opened), -ECANCELED);
	KUNIT_EXPECT_EQ(test, calls, 1);
	KUNIT_EXPECT_EQ(test, open_name(&req, DITTO_OPEN_EXISTING, NULL, &opened), -ENOENT);
	KUNIT_EXPECT_EQ(test, calls, 1);

	found_ret = 1;
	KUNIT_EXPECT_EQ(test, open_name(&req, DITTO_OPEN_OR_CREATE, NULL, &opened), 1);
	KUNIT_EXPECT_TRUE(test, opened.created);
	KUNIT_EXPECT_NULL(test, opened.inst);
	KUNIT_EXPECT_EQ(test, ditto_client_claims(&t.client[0].client), 0);

	found_ret = -ECANCELED;
	KUNIT_EXPECT_EQ(test, open_name(&req, DITTO_OPEN_OR_CREATE, NULL, &opened), -ECANCELED);
	KUNIT_EXPECT_FALSE(test, opened.created);

	/* A file that was there before stays. */
	found_ret = 0;
	KUNIT_ASSERT_EQ(test, open_name(&req, DITTO_OPEN_EXISTING, NULL, &opened), 0);
	KUNIT_EXPECT_EQ(test, calls, 4);
	KUNIT_EXPECT_PTR_EQ(test, found_node, ditto_instance_base(opened.inst));
	ditto_instance_close(&t.op[0], opened.inst);
	folder_remove(test, &folder, "new", false);
	folder_remove(test, &folder, "file", false);
	change_end(test);
}

static int open_refused(void *arg, struct ditto_instance *inst)
{
	*(int *)arg += 1;
	return -ENOSPC;
}

/* The caller may end the open as the last step; a file that was created for it goes. */
static void refused_at_the_end(struct kunit *test)
{
	int calls = 0;
	struct ditto_open_request req = { .opened = open_refused, .arg = &calls };
	struct ditto_opened opened;

	change_begin(test);
	KUNIT_EXPECT_EQ(test, open_name(&req, DITTO_OPEN_OR_CREATE, NULL, &opened), -ENOSPC);
	KUNIT_EXPECT_EQ(test, calls, 1);
	KUNIT_EXPECT_NULL(test, opened.inst);
	KUNIT_EXPECT_EQ(test, open_name(&req, DITTO_OPEN_EXISTING, NULL, &opened), -ENOENT);

	/* A file that was there before stays. */
	ditto_node_put(folder_make(test, &folder, "new", 0644, false));
	KUNIT_EXPECT_EQ(test, open_name(&req, DITTO_OPEN_OR_CREATE, NULL, &opened), -ENOSPC);
	KUNIT_EXPECT_EQ(test, calls, 2);
	KUNIT_EXPECT_EQ(test, ditto_client_claims(&t.client[0].client), 0);
	req.opened = NULL;
	KUNIT_ASSERT_EQ(test, open_name(&req, DITTO_OPEN_EXISTING, NULL, &opened), 0);
	ditto_instance_close(&t.op[0], opened.inst);
	folder_remove(test, &folder, "new", false);
	folder_remove(test, &folder, "file", false);
	change_end(test);
}

/* A file that may be executed only is read by its execute permission, if that is asked for. */
static void executed_and_read(struct kunit *test)
{
	const struct ditto_setattr set = { .valid = DITTO_SET_MODE, .mode = 0711 };
	struct ditto_open_request req = { .how = DITTO_OPEN_EXISTING, .rights = R };
	struct ditto_opened opened;
	struct ditto_wcc wcc;

	change_begin(test);
	KUNIT_ASSERT_EQ(test, ditto_setattr(&folder.op, t.node, &set, &wcc), 0);
	t.op[0].cred = folder.user;
	req.node = t.node;
	KUNIT_EXPECT_EQ(test, ditto_instance_open(&t.op[0], &req, &opened), -EACCES);
	req.flags = DITTO_OPENF_EXECUTE_READS;
	KUNIT_ASSERT_EQ(test, ditto_instance_open(&t.op[0], &req, &opened), 0);
	KUNIT_EXPECT_EQ(test, ditto_instance_rights(opened.inst), DITTO_RIGHT_EXECUTE);
	ditto_instance_close(&t.op[0], opened.inst);
	req.rights = R | W;
	KUNIT_EXPECT_EQ(test, ditto_instance_open(&t.op[0], &req, &opened), -EACCES);
	t.op[0].cred = folder.admin;
	folder_remove(test, &folder, "file", false);
	change_end(test);
}

static struct kunit_case change_cases[] = {
	KUNIT_CASE(up_and_down),
	KUNIT_CASE(rights_of_new_bits),
	KUNIT_CASE(rights_of_the_owner),
	KUNIT_CASE(change_after_the_end),
	KUNIT_CASE(unlinked_and_known),
	KUNIT_CASE(unlinked_and_unknown),
	KUNIT_CASE(unlinked_locally),
	KUNIT_CASE(unlinked_unopened),
	KUNIT_CASE(own_files_do_not_count),
	KUNIT_CASE(local_files_count),
	KUNIT_CASE(change_is_read_if_told),
	KUNIT_CASE(attributes_are_asked_for),
	KUNIT_CASE(times_are_kept),
	KUNIT_CASE(by_name),
	KUNIT_CASE(found_before_the_claim),
	KUNIT_CASE(refused_at_the_end),
	KUNIT_CASE(executed_and_read),
	{}
};

static struct kunit_suite change_suite = {
	.name = "ditto_instance_change",
	FOLDER_SUITE(folder),
	.test_cases = change_cases,
};

kunit_test_suite(change_suite);
