// SPDX-License-Identifier: GPL-2.0-only
/*
 * Listing of directories.
 *
 * The file system fills a page with entries under the directory's lock; they are handed out after
 * the lock is released. A cookie is the file system's position of the next entry, so it stays
 * valid while other entries are added or removed, and across restarts.
 *
 * An open directory belongs to one listing at a time (fs/node/file.c). A concurrent listing opens
 * its own, and one of them stays cached with the node.
 */

#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/namei.h>

#include "../../net/server.h"
#include "../name/name_private.h"
#include "../node/file.h"
#include "../node/node_private.h"
#include "../open/stream.h"
#include "op_private.h"

/**
 * struct ditto_raw_entry - an entry in the page
 * @ino: inode number from the file system
 * @pos: position of this entry, which is the cookie of the previous one
 * @len: length of @name
 * @name: not terminated
 */
struct ditto_raw_entry {
	u64 ino;
	u64 pos;
	u32 len;
	char name[];
};

/**
 * struct ditto_listing - a listing in progress
 * @ctx: context for the file system
 * @op: the caller
 * @node: the directory
 * @dir: dentry of the directory
 * @file: the open directory
 * @page: entries
 * @used: used bytes of @page
 * @full: an entry did not fit
 * @dentries: look up dentries; the caller may search the directory
 * @emit: receives an entry
 * @name: receives a name instead
 * @arg: passed to @emit or @name
 */
struct ditto_listing {
	struct dir_context ctx;
	struct ditto_op *op;
	struct ditto_node *node;
	struct dentry *dir;
	struct file *file;
	void *page;
	size_t used;
	bool full;
	bool dentries;
	bool (*emit)(void *arg, const struct ditto_dirent *entry);
	bool (*name)(void *arg, const struct ditto_name *name);
	void *arg;
};

static size_t raw_size(u32 len)
{
	return ALIGN(offsetof(struct ditto_raw_entry, name) + len, sizeof(u64));
}

/* Receives an entry from the file system, with the directory's lock held. */
static bool dir_fill(struct dir_context *ctx, const char *name, int len, loff_t pos, u64 ino,
		     unsigned int type)
{
	struct ditto_listing *l = container_of(ctx, struct ditto_listing, ctx);
	struct ditto_raw_entry *raw = l->page + l->used;

	/* A damaged file system; the name could not be looked up. */
	if (len <= 0 || len > NAME_MAX || memchr(name, '/', len))
		return true;
	if (l->used + raw_size(len) > PAGE_SIZE) {
		l->full = true;
		return false;
	}
	raw->ino = ino;
	raw->pos = pos;
	raw->len = len;
	memcpy(raw->name, name, len);
	l->used += raw_size(len);
	return true;
}

/*
 * Rewind first: tmpfs and btrfs limit a listing to the entries that existed when the open
 * directory was last rewound, and the client's listing may have begun later.
 */
static int dir_seek(struct file *file, u64 cookie)
{
	loff_t ret;

	if (cookie > LLONG_MAX)
		return -EBADCOOKIE;
	ret = vfs_llseek(file, 0, SEEK_SET);
	if (ret >= 0 && cookie)
		ret = vfs_llseek(file, cookie, SEEK_SET);
	if (ret == -EINVAL || ret == -EOVERFLOW)
		return -EBADCOOKIE;
	return ret < 0 ? ret : 0;
}

/* Read a page full of entries. */
static int fill_page(struct ditto_listing *l)
{
	int err;

	l->used = 0;
	l->full = false;
	err = iterate_dir(l->file, &l->ctx);
	/* The directory was removed meanwhile. */
	return err == -ENOENT ? -ESTALE : err;
}

static bool is_dot(const struct ditto_raw_entry *raw)
{
	return raw->len == 1 && raw->name[0] == '.';
}

static bool is_dotdot(const struct ditto_raw_entry *raw)
{
	return raw->len == 2 && raw->name[0] == '.' && raw->name[1] == '.';
}

static struct dentry *lookup_entry(struct ditto_listing *l, const struct ditto_raw_entry *raw)
{
	const struct ditto_name found = { .name = raw->name, .len = raw->len };
	struct qstr name = QSTR_INIT(raw->name, raw->len);
	struct dentry *child;

	if (is_dot(raw))
		return dget(l->dir);
	if (is_dotdot(raw))
		return ditto_parent(l->op->share, l->dir);

	/* Search permission was checked once for all entries. */
	child = d_hash_and_lookup(l->dir, &name);
	if (!IS_ERR_OR_NULL(child)) {
		if (!(child->d_flags & DCACHE_OP_REVALIDATE) && d_is_positive(child))
			return child;
		dput(child);
	}
	return ditto_lookup_dentry(l->op, l->node, l->dir, &found);
}

/* The root of the share is its own parent. */
static noinline_for_stack u64 root_ino(struct ditto_listing *l)
{
	struct ditto_attr attr;

	return ditto_getattr_dentry(l->op->share, l->dir, &attr) ? 0 : attr.st.ino;
}

static u64 entry_ino(struct ditto_listing *l, const struct ditto_raw_entry *raw)
{
	u64 ino = 0;

	if (is_dotdot(raw) && l->dir == l->op->share->root.dentry)
		ino = root_ino(l);
	return ino ?: ditto_fileid(raw->ino);
}

static bool emit_entry(struct ditto_listing *l, const struct ditto_raw_entry *raw, u64 next)
{
	struct ditto_dirent entry = {
		.name = { .name = raw->name, .len = raw->len },
		.ino = entry_ino(l, raw),
		.cookie = next,
	};
	bool more;

	if (l->dentries) {
		entry.dentry = lookup_entry(l, raw);
		/* The entry was removed since, or is damaged: only its name is known. */
		if (IS_ERR(entry.dentry))
			entry.dentry = NULL;
	}
	more = l->emit(l->arg, &entry);
	dput(entry.dentry);
	return more;
}

static bool emit_name(struct ditto_listing *l, const struct ditto_raw_entry *raw)
{
	const struct ditto_name name = { .name = raw->name, .len = raw->len };

	return is_dot(raw) || is_dotdot(raw) || l->name(l->arg, &name);
}

static bool is_hidden(struct ditto_listing *l, const struct ditto_raw_entry *raw)
{
	const struct ditto_name name = { .name = raw->name, .len = raw->len };

	return ditto_is_hidden(l->op->share, l->dir, &name);
}

static bool emit_one(struct ditto_listing *l, const struct ditto_raw_entry *raw, u64 next)
{
	if (is_hidden(l, raw))
		return true;
	return l->name ? emit_name(l, raw) : emit_entry(l, raw, next);
}

/* Hand out the page. Return: false if the caller has no more room. */
static bool emit_page(struct ditto_listing *l)
{
	const struct ditto_raw_entry *raw, *next;
	size_t at;

	for (at = 0; at < l->used; at += raw_size(raw->len)) {
		raw = l->page + at;
		next = (const void *)raw + raw_size(raw->len);
		if (!emit_one(l, raw, (void *)next < l->page + l->used ?
			      next->pos : (u64)l->file->f_pos))
			return false;
	}
	return true;
}

static int dir_list(struct ditto_listing *l, u64 cookie, bool *eof)
{
	int err;

	err = dir_seek(l->file, cookie);
	if (err)
		return err;
	do {
		err = fill_page(l);
		if (err)
			return err;
		/* An empty page with no entry too large for it means the end. */
		*eof = !l->used && !l->full;
	} while (!*eof && emit_page(l));
	return 0;
}

/* The caller's credential is in place. */
static int open_and_list(struct ditto_listing *l, struct ditto_node *dir, u64 cookie, bool *eof)
{
	struct ditto_file *df;
	int err;

	l->page = (void *)__get_free_page(GFP_KERNEL);
	if (!l->page)
		return -ENOMEM;
	df = ditto_file_take_dir(l->op->share, dir);
	if (IS_ERR(df)) {
		err = PTR_ERR(df);
	} else {
		l->file = df->file;
		err = dir_list(l, cookie, eof);
		ditto_file_give_dir(df);
	}
	free_page((unsigned long)l->page);
	return err;
}

/* The caller's credential is in place. */
static int check_and_list(struct ditto_listing *l, struct ditto_node *dir, u64 cookie, bool *eof)
{
	int err;

	err = ditto_node_permission(l->op, dir, DITTO_MAY_READ);
	if (err)
		return err;
	if (l->dentries && ditto_node_permission(l->op, dir, DITTO_MAY_EXEC))
		l->dentries = false;
	return open_and_list(l, dir, cookie, eof);
}

int ditto_readdir(struct ditto_op *op, struct ditto_node *dir, u64 cookie,
		  bool dentries,
		  bool (*emit)(void *arg, const struct ditto_dirent *entry),
		  void *arg, bool *eof)
{
	struct ditto_listing l = {
		.ctx.actor = dir_fill,
		.op = op,
		.node = dir,
		.dentries = dentries,
		.emit = emit,
		.arg = arg,
	};
	const struct cred *old;
	int err;

	*eof = false;
	if (!S_ISDIR(dir->inode->i_mode))
		return -ENOTDIR;

	l.dir = ditto_node_dentry(dir);
	old = ditto_op_enter(op);
	err = ditto_no_wait(check_and_list(&l, dir, cookie, eof));
	ditto_op_leave(old);
	dput(l.dir);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_readdir, DITTO);

int ditto_list_names(struct ditto_share *share, struct ditto_node *dir,
		     bool (*emit)(void *arg, const struct ditto_name *name), void *arg)
{
	struct ditto_op op = { .srv = share->srv, .share = share };
	struct ditto_listing l = {
		.ctx.actor = dir_fill,
		.op = &op,
		.node = dir,
		.name = emit,
		.arg = arg,
	};
	const struct cred *old;
	bool eof;
	int err;

	if (!S_ISDIR(dir->inode->i_mode))
		return -ENOTDIR;
	l.dir = ditto_node_dentry(dir);
	old = override_creds(share->srv->nodes->cred);
	err = ditto_no_wait(open_and_list(&l, dir, 0, &eof));
	revert_creds(old);
	dput(l.dir);
	return err;
}
