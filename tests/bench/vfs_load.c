// SPDX-License-Identifier: GPL-2.0-only
/*
 * Load on a mounted directory, ditto_vfs_load/run in debugfs.
 *
 * Writing "OPERATION COUNT DIRECTORY" does that often what the system call of
 * that name does, and returns when it is over; reading tells the nanoseconds of
 * one operation. All of a run is inside one system call: in User Mode Linux one
 * takes longer than most servers. The directory has been prepared: there are
 * "list" with files, "work", and "data" of FILE_SIZE bytes. Operations on "work" need no other:
 * create and unlink, stat-work and list-work of what was created, open-work of the first files.
 * "rename" gives a file another name and the next call its own again, so COUNT is even.
 * "getattr", "access" and "lock" are done with the open file "data", without a path.
 * "attrs" is list-work that also finds the dentry of each entry in the dcache and reads its
 * attributes, "dosattrs" in addition asks for an extended attribute, which it does not have.
 *
 * Locking: load_lock serializes runs and covers load_ns.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/debugfs.h>
#include <linux/file.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/mutex.h>
#include <linux/namei.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/xattr.h>

#define LINE_MAX	256
#define LISTED		10000
#define REOPENED	16
#define SMALL		SZ_4K
#define LARGE		SZ_1M
#define FILE_SIZE	SZ_32M
#define SEED		1

enum load_detail {
	LOAD_NAMES,
	LOAD_ATTRS,
	LOAD_DOSATTRS,
};

/**
 * struct load - a run
 * @dir: absolute path
 * @op: see there
 * @count: how often
 * @file: of operations on data, or the directory that is listed
 * @buffer: LARGE bytes
 * @random: of offsets
 * @entries: of a listing
 * @detail: how much of each is read
 * @err: error of one
 * @ctx: takes them
 */
struct load {
	char dir[LINE_MAX];
	const struct load_op *op;
	u32 count;
	struct file *file;
	void *buffer;
	struct rnd_state random;
	u32 entries;
	enum load_detail detail;
	int err;
	struct dir_context ctx;
};

/**
 * struct load_op - an operation
 * @name: as it is written
 * @run: does it once
 * @size: bytes of data of a read or write
 * @data: needs the open file of data
 * @even: each second one undoes the one before it
 */
struct load_op {
	const char *name;
	int (*run)(struct load *load, u32 i);
	u32 size;
	bool data;
	bool even;
};

static DEFINE_MUTEX(load_lock);
static u64 load_ns;
static struct dentry *load_dir;

static int load_path(struct load *load, char *path, const char *format, u32 i)
{
	int n = snprintf(path, LINE_MAX, "%s/", load->dir);

	n += snprintf(path + n, LINE_MAX - n, format, i);
	return n < LINE_MAX ? 0 : -ENAMETOOLONG;
}

static int load_stat_path(const char *name)
{
	struct path path;
	struct kstat st;
	int err;

	err = kern_path(name, LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	err = vfs_getattr(&path, &st, STATX_BASIC_STATS, AT_STATX_SYNC_AS_STAT);
	path_put(&path);
	return err;
}

static int load_stat(struct load *load, u32 i)
{
	char name[LINE_MAX];

	return load_path(load, name, "list/entry-%05u", i % LISTED) ?: load_stat_path(name);
}

static int load_stat_work(struct load *load, u32 i)
{
	char name[LINE_MAX];

	return load_path(load, name, "work/file-%06u", i) ?: load_stat_path(name);
}

/* Do what close() does. */
static int load_close(struct file *file)
{
	int err;

	get_file(file);
	err = filp_close(file, NULL);
	__fput_sync(file);
	return err;
}

static int load_create(struct load *load, u32 i)
{
	char name[LINE_MAX];
	struct file *file;
	int err;

	err = load_path(load, name, "work/file-%06u", i);
	if (err)
		return err;
	file = filp_open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
	return IS_ERR(file) ? PTR_ERR(file) : load_close(file);
}

/* A client with a delegation, or a lease, need not ask. */
static int load_open_work(struct load *load, u32 i)
{
	char name[LINE_MAX];
	struct file *file;
	int err;

	err = load_path(load, name, "work/file-%06u", i % REOPENED);
	if (err)
		return err;
	file = filp_open(name, O_RDONLY, 0);
	return IS_ERR(file) ? PTR_ERR(file) : load_close(file);
}

static struct dentry *load_find(struct dentry *dir, const char *format, u32 i)
{
	char name[16];

	snprintf(name, sizeof(name), format, i);
	return lookup_noperm(&QSTR(name), dir);
}

static int load_unlink_in(struct dentry *dir, struct mnt_idmap *idmap, u32 i)
{
	struct dentry *dentry;
	int err;

	inode_lock_nested(d_inode(dir), I_MUTEX_PARENT);
	dentry = load_find(dir, "file-%06u", i);
	err = PTR_ERR_OR_ZERO(dentry);
	if (!err) {
		err = vfs_unlink(idmap, d_inode(dir), dentry, NULL);
		dput(dentry);
	}
	inode_unlock(d_inode(dir));
	return err;
}

static int load_unlink(struct load *load, u32 i)
{
	char name[LINE_MAX];
	struct path path;
	int err;

	err = load_path(load, name, "work", 0) ?: kern_path(name, LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	err = mnt_want_write(path.mnt);
	if (!err) {
		err = load_unlink_in(path.dentry, mnt_idmap(path.mnt), i);
		mnt_drop_write(path.mnt);
	}
	path_put(&path);
	return err;
}

/* The directory is locked. */
static int load_rename_in(struct dentry *dir, struct mnt_idmap *idmap, u32 i)
{
	struct dentry *old = load_find(dir, i % 2 ? "moved-%06u" : "file-%06u", i / 2);
	struct dentry *new = load_find(dir, i % 2 ? "file-%06u" : "moved-%06u", i / 2);
	struct renamedata names = {
		.mnt_idmap = idmap,
		.old_parent = dir,
		.old_dentry = old,
		.new_parent = dir,
		.new_dentry = new,
	};
	int err = PTR_ERR_OR_ZERO(old) ?: PTR_ERR_OR_ZERO(new);

	/* vfs_rename() succeeds without doing anything if neither name exists. */
	if (!err && d_is_negative(old))
		err = -ENOENT;
	if (!err)
		err = vfs_rename(&names);
	if (!IS_ERR(old))
		dput(old);
	if (!IS_ERR(new))
		dput(new);
	return err;
}

static int load_rename(struct load *load, u32 i)
{
	char name[LINE_MAX];
	struct path path;
	int err;

	err = load_path(load, name, "work", 0) ?: kern_path(name, LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	err = mnt_want_write(path.mnt);
	if (!err) {
		inode_lock_nested(d_inode(path.dentry), I_MUTEX_PARENT);
		err = load_rename_in(path.dentry, mnt_idmap(path.mnt), i);
		inode_unlock(d_inode(path.dentry));
		mnt_drop_write(path.mnt);
	}
	path_put(&path);
	return err;
}

static int load_getattr(struct load *load, u32 i)
{
	struct kstat st;

	return vfs_getattr(&load->file->f_path, &st, STATX_BASIC_STATS, AT_STATX_SYNC_AS_STAT);
}

/*
 * Of a file that the caller may not execute, so that a server asks for each right by itself. NFSv3
 * adds the attributes to its answer.
 */
static int load_access(struct load *load, u32 i)
{
	static const int rights[] = { MAY_READ, MAY_WRITE, MAY_EXEC };
	struct inode *inode = file_inode(load->file);
	int err;

	for (unsigned int n = 0; n < ARRAY_SIZE(rights); n++) {
		err = inode_permission(file_mnt_idmap(load->file), inode, rights[n]);
		if (err && err != -EACCES)
			return err;
	}
	return load_getattr(load, i);
}

static int load_range_set(struct load *load, struct file_lock *lock, unsigned char type, u32 i)
{
	locks_init_lock(lock);
	lock->c.flc_file = load->file;
	lock->c.flc_owner = load;
	lock->c.flc_pid = current->tgid;
	lock->c.flc_flags = FL_POSIX;
	lock->c.flc_type = type;
	lock->fl_start = (loff_t)i * SMALL;
	lock->fl_end = lock->fl_start + SMALL - 1;
	return vfs_lock_file(load->file, F_SETLK, lock, NULL);
}

static int load_range(struct load *load, u32 i)
{
	struct file_lock lock;
	int err;

	err = load_range_set(load, &lock, F_WRLCK, i) ?: load_range_set(load, &lock, F_UNLCK, i);
	/* Closing the file does not end locks of this owner. */
	if (err)
		locks_remove_posix(load->file, load);
	return err;
}

static bool load_is_dots(const char *name, int len)
{
	return name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'));
}

static int load_stat_entry(struct load *load, struct dentry *dentry)
{
	struct path path = { .mnt = load->file->f_path.mnt, .dentry = dentry };
	struct kstat st;
	ssize_t n;
	int err;

	err = vfs_getattr_nosec(&path, &st, STATX_BASIC_STATS | STATX_BTIME, AT_STATX_SYNC_AS_STAT);
	if (err || load->detail == LOAD_ATTRS)
		return err;
	n = __vfs_getxattr(dentry, d_inode(dentry), "trusted.ditto.none", NULL, 0);
	return n == -ENODATA ? 0 : n < 0 ? n : -EEXIST;
}

/* The directory is locked, which the dcache and tmpfs do not mind. */
static bool load_entry(struct dir_context *ctx, const char *name, int len, loff_t pos, u64 ino,
		       unsigned int type)
{
	struct load *load = container_of(ctx, struct load, ctx);
	struct qstr q = QSTR_INIT(name, len);
	struct dentry *dentry;

	load->entries++;
	if (load->detail == LOAD_NAMES || load_is_dots(name, len))
		return true;
	dentry = try_lookup_noperm(&q, load->file->f_path.dentry);
	if (IS_ERR_OR_NULL(dentry)) {
		load->err = dentry ? PTR_ERR(dentry) : -ENOENT;
		return false;
	}
	load->err = load_stat_entry(load, dentry);
	dput(dentry);
	return !load->err;
}

static int load_list(struct load *load, const char *dir, enum load_detail detail)
{
	char name[LINE_MAX];
	struct file *file;
	u32 before;
	int err;

	err = load_path(load, name, dir, 0);
	if (err)
		return err;
	file = filp_open(name, O_RDONLY | O_DIRECTORY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	load->ctx = (struct dir_context) { .actor = load_entry };
	load->entries = 0;
	load->detail = detail;
	load->file = file;
	load->err = 0;
	do {
		before = load->entries;
		err = iterate_dir(file, &load->ctx) ?: load->err;
	} while (!err && load->entries != before);
	__fput_sync(file);
	return err;
}

static int load_readdir(struct load *load, u32 i)
{
	return load_list(load, "list", LOAD_NAMES) ?: load->entries == LISTED + 2 ? 0 : -EBADMSG;
}

/* How many there are is known to the writer only, but not none. */
static int load_list_some(struct load *load, enum load_detail detail)
{
	return load_list(load, "work", detail) ?: load->entries > 2 ? 0 : -EBADMSG;
}

static int load_list_work(struct load *load, u32 i)
{
	return load_list_some(load, LOAD_NAMES);
}

static int load_attrs(struct load *load, u32 i)
{
	return load_list_some(load, LOAD_ATTRS);
}

static int load_dosattrs(struct load *load, u32 i)
{
	return load_list_some(load, LOAD_DOSATTRS);
}

static int load_data(struct load *load, u32 i, bool write)
{
	u32 size = load->op->size;
	struct kvec vec = { .iov_base = load->buffer, .iov_len = size };
	loff_t pos = i % (FILE_SIZE / size);
	struct iov_iter iter;
	ssize_t n;

	if (size == SMALL)
		pos = prandom_u32_state(&load->random) % (FILE_SIZE / size);
	pos *= size;
	iov_iter_kvec(&iter, write ? ITER_SOURCE : ITER_DEST, &vec, 1, size);
	n = write ? vfs_iter_write(load->file, &iter, &pos, 0) :
		    vfs_iter_read(load->file, &iter, &pos, 0);
	return n < 0 ? n : n == size ? 0 : -EIO;
}

static int load_read(struct load *load, u32 i)
{
	return load_data(load, i, false);
}

static int load_write(struct load *load, u32 i)
{
	return load_data(load, i, true);
}

static const struct load_op load_ops[] = {
	{ "stat", load_stat },
	{ "create", load_create },
	{ "unlink", load_unlink },
	{ "readdir", load_readdir },
	{ "stat-work", load_stat_work },
	{ "open-work", load_open_work },
	{ "list-work", load_list_work },
	{ "attrs", load_attrs },
	{ "dosattrs", load_dosattrs },
	{ "rename", load_rename, .even = true },
	{ "getattr", load_getattr, .data = true },
	{ "access", load_access, .data = true },
	{ "lock", load_range, .data = true },
	{ "read-4k", load_read, SMALL, true },
	{ "write-4k", load_write, SMALL, true },
	{ "read-1m", load_read, LARGE, true },
	{ "write-1m", load_write, LARGE, true },
};

static int load_parse(struct load *load, const char *line)
{
	char name[16];

	if (sscanf(line, "%15s %u %255s", name, &load->count, load->dir) != 3 || !load->count)
		return -EINVAL;
	for (unsigned int i = 0; i < ARRAY_SIZE(load_ops); i++)
		if (!strcmp(name, load_ops[i].name))
			load->op = &load_ops[i];
	if (!load->op || (load->op->even && load->count % 2))
		return -EINVAL;
	return 0;
}

static int load_run(struct load *load)
{
	u64 start = ktime_get_ns();
	int err = 0;

	for (u32 i = 0; i < load->count && !err; i++) {
		err = load->op->run(load, i);
		cond_resched();
	}
	load_ns = div_u64(ktime_get_ns() - start, load->count);
	return err;
}

static int load_run_data(struct load *load)
{
	char name[LINE_MAX];
	int err;

	prandom_seed_state(&load->random, SEED);
	load->buffer = kvzalloc(LARGE, GFP_KERNEL);
	if (!load->buffer)
		return -ENOMEM;
	err = load_path(load, name, "data", 0);
	if (!err) {
		load->file = filp_open(name, O_RDWR | O_DIRECT, 0);
		err = PTR_ERR_OR_ZERO(load->file);
	}
	if (!err) {
		err = load_run(load);
		__fput_sync(load->file);
	}
	kvfree(load->buffer);
	return err;
}

static ssize_t load_control(struct file *file, const char __user *data, size_t len, loff_t *pos)
{
	struct load *load;
	char *line;
	int err;

	if (len >= LINE_MAX)
		return -EINVAL;
	line = memdup_user_nul(data, len);
	if (IS_ERR(line))
		return PTR_ERR(line);
	load = kzalloc(sizeof(*load), GFP_KERNEL);
	err = load ? load_parse(load, line) : -ENOMEM;
	if (!err) {
		mutex_lock(&load_lock);
		err = load->op->data ? load_run_data(load) : load_run(load);
		mutex_unlock(&load_lock);
	}
	kfree(load);
	kfree(line);
	return err ?: len;
}

static ssize_t load_result(struct file *file, char __user *data, size_t len, loff_t *pos)
{
	char text[24];
	int n;

	mutex_lock(&load_lock);
	n = scnprintf(text, sizeof(text), "%llu\n", load_ns);
	mutex_unlock(&load_lock);
	return simple_read_from_buffer(data, len, pos, text, n);
}

static const struct file_operations load_fops = {
	.owner = THIS_MODULE,
	.read = load_result,
	.write = load_control,
};

static int __init load_init(void)
{
	load_dir = debugfs_create_dir("ditto_vfs_load", NULL);
	debugfs_create_file("run", 0600, load_dir, NULL, &load_fops);
	return 0;
}

static void __exit load_exit(void)
{
	debugfs_remove(load_dir);
}

module_init(load_init);
module_exit(load_exit);

MODULE_DESCRIPTION("Load on a mounted directory");
MODULE_LICENSE("GPL");
