// SPDX-License-Identifier: GPL-2.0-only
/* See folder.h. */
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <net/net_namespace.h>

#include "../../../fs/op/op_private.h"
#include "folder.h"

#define PATH_LEN	64

static void folder_path(const struct folder *f, char *name, size_t size)
{
	snprintf(name, size, "/dev/shm/ditto-%s", f->name);
}

int folder_share(const struct folder *f)
{
	char path[PATH_LEN];
	struct ditto_share_config cfg = { .name = f->name, .path = path };
	int err;

	folder_path(f, path, sizeof(path));
	cfg.opts = ditto_share_opts_alloc();
	if (!cfg.opts)
		return -ENOMEM;
	err = ditto_share_add(f->srv, &cfg, NULL);
	if (err)
		ditto_share_opts_free(cfg.opts);
	return err;
}

static int creds_make(struct folder *f)
{
	const struct ditto_share_opts opts = { .generation = U64_MAX };
	const struct ditto_verdict all = { .squash = DITTO_SQUASH_ALL_TO_ADMIN };
	const struct ditto_verdict none = { .squash = DITTO_SQUASH_ROOT_TO_ADMIN };
	const struct ditto_ident admin = {};
	const struct ditto_ident user = { .uid = KUIDT_INIT(1000), .gid = KGIDT_INIT(1000) };

	f->admin = ditto_cred_get(f->srv, &opts, &all, &admin);
	f->user = ditto_cred_get(f->srv, &opts, &none, &user);
	return PTR_ERR_OR_ZERO(f->admin) ?: PTR_ERR_OR_ZERO(f->user);
}

int folder_start(struct folder *f)
{
	struct dentry *dentry;
	char name[PATH_LEN];
	struct path parent;
	int err;

	folder_path(f, name, sizeof(name));
	f->srv = ditto_server_of(&init_net);
	dentry = kern_path_create(AT_FDCWD, name, &parent, LOOKUP_DIRECTORY);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	err = ditto_mkdir(mnt_idmap(parent.mnt), d_inode(parent.dentry), &dentry, 0777);
	done_path_create(&parent, dentry);
	if (err)
		return err;
	err = kern_path(name, LOOKUP_DIRECTORY, &f->path);
	return err ?: folder_share(f) ?: creds_make(f);
}

void folder_stop(struct folder *f)
{
	struct dentry *parent;

	if (!f->path.dentry)
		return;
	if (!IS_ERR_OR_NULL(f->admin))
		ditto_cred_put(f->admin);
	if (!IS_ERR_OR_NULL(f->user))
		ditto_cred_put(f->user);
	ditto_share_del(f->srv, f->name, NULL);
	parent = dget_parent(f->path.dentry);
	inode_lock_nested(d_inode(parent), I_MUTEX_PARENT);
	vfs_rmdir(mnt_idmap(f->path.mnt), d_inode(parent), f->path.dentry, NULL);
	inode_unlock(d_inode(parent));
	dput(parent);
	path_put(&f->path);
}

void folder_begin(struct kunit *test, struct folder *f)
{
	f->share = ditto_share_get_by_name(f->srv, f->name, strlen(f->name));
	KUNIT_ASSERT_NOT_NULL(test, f->share);
	f->root = ditto_node_get_root(f->share);
	KUNIT_ASSERT_FALSE(test, IS_ERR(f->root));
	f->op = (struct ditto_op) {
		.srv = f->srv,
		.share = f->share,
		.cred = f->admin,
		.writable = true,
	};
}

void folder_end(struct kunit *test, struct folder *f)
{
	if (!IS_ERR_OR_NULL(f->root))
		ditto_node_put(f->root);
	if (f->share)
		ditto_share_put(f->share);
	f->root = NULL;
	f->share = NULL;
}

int folder_create(struct ditto_op *op, struct ditto_node *dir, const struct ditto_name *name,
		  const struct ditto_setattr *set, bool is_dir, struct ditto_node **out)
{
	const struct ditto_create_args args = {
		.type = is_dir ? S_IFDIR : S_IFREG, .how = DITTO_CREATE_GUARDED, .set = set,
	};
	struct ditto_wcc wcc;

	return ditto_create_entry(op, dir, name, &args, out, NULL, &wcc);
}

struct ditto_node *folder_make(struct kunit *test, struct folder *f, const char *name,
			       umode_t mode, bool is_dir)
{
	const struct ditto_setattr set = { .valid = DITTO_SET_MODE, .mode = mode };
	const struct ditto_name n = { name, strlen(name) };
	struct ditto_node *node;

	KUNIT_ASSERT_EQ_MSG(test, folder_create(&f->op, f->root, &n, &set, is_dir, &node), 0,
			    "%s", name);
	return node;
}

void folder_remove(struct kunit *test, struct folder *f, const char *name, bool is_dir)
{
	const struct ditto_name n = { name, strlen(name) };
	struct ditto_wcc wcc;

	KUNIT_EXPECT_EQ(test, ditto_remove(&f->op, f->root, &n, is_dir, &wcc), 0);
}

struct kstat folder_stat(struct kunit *test, struct folder *f, struct ditto_node *node)
{
	struct ditto_attr attr;

	KUNIT_ASSERT_EQ(test, ditto_getattr(f->share, node, &attr), 0);
	return attr.st;
}
