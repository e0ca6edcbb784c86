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
 *
 * The dentry of an entry is first looked for beside that of the previous entry. The dentries of a
 * directory are linked in the order in which they were added, which is the order of listings or
 * its reverse on file systems that list the dcache (tmpfs), and where an earlier listing has looked
 * them up.
 *
 * Locking: d_lock of the directory's dentry guards the links, names and parents of its children;
 * theirs nest inside.
 */

#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/namei.h>
#include <linux/unaligned.h>

#include "../../net/server.h"
#include "../name/bytes.h"
#include "../name/name_private.h"
#include "../node/file.h"
#include "../node/node_private.h"
#include "../open/stream.h"
#include "../share/nested.h"
#include "../share/snapshot.h"
#include "op_private.h"

/**
 * struct ditto_raw_entry - an entry in the page
 * @ino: inode number from the file system
 * @pos: position of this entry, which is the cookie of the previous one
 * @len: length of @name
 * @is_dir: the file system says that it is a directory
 * @name: not terminated
 */
struct ditto_raw_entry {
	u64 ino;
	u64 pos;
	u16 len;
	bool is_dir;
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
 * @filled: number of entries in @page
 * @most: number of entries that @page may have
 * @full: an entry did not fit
 * @dentries: look up dentries; the caller may search the directory
 * @subvolumes: directories may be roots of subvolumes, whose numbers the file system does not
 *	give; they are looked up
 * @nested: file systems may be mounted on directories that are part of the share
 * @hides: the directory of snapshots is left out
 * @backwards: dentries were found before those of the previous entries, not behind them
 * @misses: entries in a row whose dentries were not beside those of the previous entries
 * @prev: dentry of the previous entry, held; or NULL
 * @entry: the current entry
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
	u32 filled;
	u32 most;
	bool full;
	bool dentries;
	bool subvolumes;
	bool nested;
	bool hides;
	bool backwards;
	u32 misses;
	struct dentry *prev;
	struct ditto_dirent entry;
	bool (*emit)(void *arg, const struct ditto_dirent *entry);
	bool (*name)(void *arg, const struct ditto_name *name);
	void *arg;
};

/* Misses in a row after which a listing does not look beside the previous dentry any more. */
#define BESIDE_MISSES	8

/* Entries of a page, if the caller has room for more than it expected. */
#define DIR_FEW		16

static size_t raw_size(u32 len)
{
	return ALIGN(offsetof(struct ditto_raw_entry, name) + len, sizeof(u64));
}

/*
 * Copy a name, unless it has a slash. Words are copied and searched at once, the last one from the
 * end of the name: listings do this for each entry.
 */
static bool name_copy(char *to, const char *name, u32 len)
{
	const u32 size = sizeof(u64);
	u64 word;
	u32 at;

	if (len < size) {
		for (at = 0; at < len; at++) {
			if (name[at] == '/')
				return false;
			to[at] = name[at];
		}
		return true;
	}
	for (at = 0; at < len; at += size) {
		at = min(at, len - size);
		word = get_unaligned((const u64 *)(name + at));
		if (ditto_bytes_have_slash(word))
			return false;
		put_unaligned(word, (u64 *)(to + at));
	}
	return true;
}

/* Receives an entry from the file system, with the directory's lock held. */
static bool dir_fill(struct dir_context *ctx, const char *name, int len, loff_t pos, u64 ino,
		     unsigned int type)
{
	struct ditto_listing *l = container_of(ctx, struct ditto_listing, ctx);
	struct ditto_raw_entry *raw = l->page + l->used;
	size_t size;

	/* A damaged file system; the name could not be looked up. */
	if (len <= 0 || len > NAME_MAX)
		return true;
	size = raw_size(len);
	if (l->used + size > PAGE_SIZE || l->filled == l->most) {
		l->full = true;
		return false;
	}
	/* A damaged file system, too. */
	if (!name_copy(raw->name, name, len))
		return true;
	raw->ino = ino;
	raw->pos = pos;
	raw->len = len;
	raw->is_dir = type == DT_DIR;
	l->used += size;
	l->filled++;
	return true;
}

/*
 * Rewind first: tmpfs and btrfs limit a listing to the entries that existed when the open
 * directory was last rewound, and the client's listing may have begun later.
 *
 * But not on overlayfs: a position in a directory that is merged from layers is a number in a
 * list, which is made again after the directory has changed and was rewound. Names behind those
 * that were removed meanwhile would be skipped.
 */
static int dir_seek(struct file *file, u64 cookie)
{
	bool rewind = !cookie || !ditto_sb_is_overlay(file_inode(file)->i_sb);
	loff_t ret = 0;

	if (cookie > LLONG_MAX)
		return -EBADCOOKIE;
	if (rewind)
		ret = vfs_llseek(file, 0, SEEK_SET);
	if (ret >= 0 && cookie)
		ret = vfs_llseek(file, cookie, SEEK_SET);
	if (ret == -EINVAL || ret == -EOVERFLOW)
		return -EBADCOOKIE;
	return ret < 0 ? ret : 0;
}

static bool is_dot(const struct ditto_raw_entry *raw)
{
	return raw->len == 1 && raw->name[0] == '.';
}

static bool is_dotdot(const struct ditto_raw_entry *raw)
{
	return raw->len == 2 && raw->name[0] == '.' && raw->name[1] == '.';
}

static bool is_dots(const struct ditto_raw_entry *raw)
{
	return raw->name[0] == '.' && (is_dot(raw) || is_dotdot(raw));
}

/* The dentry that is linked before or behind another one of the same directory, which is locked. */
static struct dentry *dentry_beside(const struct dentry *dir, struct dentry *dentry, bool before)
{
	struct hlist_node **prev = dentry->d_sib.pprev;

	if (!before)
		return d_next_sibling(dentry);
	if (prev == &dir->d_children.first)
		return NULL;
	return container_of(prev, struct dentry, d_sib.next);
}

/* Get a dentry of the locked directory if it has this name and is that of a file. */
static bool dentry_get_named(struct dentry *dentry, const struct ditto_raw_entry *raw)
{
	bool got;

	if (!dentry || dentry->d_name.len != raw->len ||
	    !ditto_bytes_same(dentry->d_name.name, raw->name, raw->len))
		return false;
	spin_lock_nested(&dentry->d_lock, DENTRY_D_LOCK_NESTED);
	/* One that is being freed is not hashed any more. */
	got = simple_positive(dentry) && !(dentry->d_flags & DCACHE_OP_REVALIDATE);
	if (got)
		dget_dlock(dentry);
	spin_unlock(&dentry->d_lock);
	return got;
}

/*
 * A file system whose dentries are in another order than its entries, or are looked up anew each
 * time, gains nothing, so a listing gives up after some misses in a row. Nor does it wait for
 * others who use the directory. Return: the dentry with a reference, or NULL if it is not beside
 * that of the previous entry.
 */
static struct dentry *lookup_beside(struct ditto_listing *l, const struct ditto_raw_entry *raw)
{
	struct dentry *dir = l->dir, *child = NULL;

	if (l->misses == BESIDE_MISSES || !spin_trylock(&dir->d_lock))
		return NULL;
	/* Unless the previous one was moved to another directory meanwhile. */
	if (READ_ONCE(l->prev->d_parent) == dir) {
		child = dentry_beside(dir, l->prev, l->backwards);
		if (!dentry_get_named(child, raw)) {
			child = dentry_beside(dir, l->prev, !l->backwards);
			if (dentry_get_named(child, raw))
				l->backwards = !l->backwards;
			else
				child = NULL;
		}
	}
	spin_unlock(&dir->d_lock);
	l->misses = child ? 0 : l->misses + 1;
	return child;
}

/* Look up an entry that is neither "." nor "..". */
static struct dentry *lookup_below(struct ditto_listing *l, const struct ditto_raw_entry *raw)
{
	const struct ditto_name found = { .name = raw->name, .len = raw->len };
	struct qstr name = QSTR_INIT(raw->name, raw->len);
	struct dentry *child;

	/* Search permission was checked once for all entries. */
	child = d_hash_and_lookup(l->dir, &name);
	if (!IS_ERR_OR_NULL(child)) {
		if (!(child->d_flags & DCACHE_OP_REVALIDATE) && d_is_positive(child))
			return child;
		dput(child);
	}
	return ditto_lookup_dentry(l->op, l->node, l->dir, &found);
}

/*
 * The same as dput(), for which only the last reference is of interest. Few entries of a listing
 * are not referenced by their file system or by others.
 */
static void dentry_put(struct dentry *dentry)
{
	if (!lockref_put_not_zero(&dentry->d_lockref))
		dput(dentry);
}

/* Return: the dentry, borrowed until the next call; or NULL. */
static struct dentry *lookup_next(struct ditto_listing *l, const struct ditto_raw_entry *raw)
{
	struct dentry *prev = l->prev, *child;

	child = prev ? lookup_beside(l, raw) : NULL;
	if (!child)
		child = lookup_below(l, raw);
	/* The entry was removed since, or is damaged: only its name is known. */
	if (IS_ERR(child))
		return NULL;
	l->prev = child;
	if (prev)
		dentry_put(prev);
	return child;
}

/* The root of the share is its own parent. */
static noinline_for_stack u64 root_ino(struct ditto_listing *l)
{
	struct ditto_attr attr;

	return ditto_getattr_dentry(l->op->share, l->dir, &attr) ? 0 : attr.st.ino;
}

/*
 * For the root of a subvolume, btrfs gives the number of the subvolume, which a file in the
 * directory may have, too.
 */
static noinline_for_stack void subvolume_entry(struct ditto_listing *l, struct dentry *dentry,
					       struct ditto_dirent *entry)
{
	struct ditto_attr attr;

	if (ditto_getattr_dentry(l->op->share, dentry, &attr))
		return;
	entry->ino = attr.st.ino;
	entry->mounted_on = attr.mounted_on;
}

/* A file system without handles is never part of a share, so its root has a number. */
static noinline_for_stack void nested_entry(struct dentry *dentry, struct ditto_share *share,
					    struct ditto_dirent *entry)
{
	struct ditto_attr attr;

	entry->nested = ditto_nested_get(share, dentry);
	if (entry->nested &&
	    !ditto_getattr_dentry(entry->nested, entry->nested->root.dentry, &attr))
		entry->ino = attr.st.ino;
}

/* Hand out "." or "..". */
static noinline_for_stack bool emit_dots(struct ditto_listing *l, const struct ditto_raw_entry *raw)
{
	struct ditto_dirent *entry = &l->entry;
	struct dentry *dentry = NULL;
	bool more;

	if (l->dentries)
		dentry = is_dot(raw) ? dget(l->dir) : ditto_parent(l->op->share, l->dir);
	if (IS_ERR(dentry))
		dentry = NULL;
	if (is_dotdot(raw) && l->dir == l->op->share->root.dentry) {
		entry->ino = root_ino(l) ?: entry->ino;
		entry->mounted_on = entry->ino;
	}
	entry->dentry = dentry;
	more = l->emit(l->arg, entry);
	dput(dentry);
	return more;
}

static bool emit_entry(struct ditto_listing *l, const struct ditto_raw_entry *raw, u64 next)
{
	struct ditto_dirent *entry = &l->entry;
	bool mounts = l->subvolumes || l->nested, more;
	struct dentry *dentry;

	entry->name.name = raw->name;
	entry->name.len = raw->len;
	entry->ino = ditto_fileid(raw->ino);
	entry->mounted_on = entry->ino;
	entry->cookie = next;
	if (unlikely(is_dots(raw)))
		return emit_dots(l, raw);
	dentry = l->dentries || (mounts && raw->is_dir) ? lookup_next(l, raw) : NULL;
	entry->dentry = l->dentries ? dentry : NULL;
	if (likely(!mounts || !dentry))
		return l->emit(l->arg, entry);

	if (l->subvolumes && raw->is_dir)
		subvolume_entry(l, dentry, entry);
	if (l->nested)
		nested_entry(dentry, l->op->share, entry);
	more = l->emit(l->arg, entry);
	if (entry->nested)
		ditto_share_put(entry->nested);
	entry->nested = NULL;
	return more;
}

/* Hand out the page. Return: false if the caller has no more room. */
static bool emit_page(struct ditto_listing *l)
{
	const struct ditto_raw_entry *raw, *next;
	struct ditto_name name;
	size_t at;
	bool more;
	u64 pos;

	for (at = 0; at < l->used; at += raw_size(raw->len)) {
		raw = l->page + at;
		next = (const void *)raw + raw_size(raw->len);
		pos = (void *)next < l->page + l->used ? next->pos : (u64)l->file->f_pos;
		name = (struct ditto_name){ .name = raw->name, .len = raw->len };
		if (ditto_is_hidden(l->op->share, l->dir, &name) ||
		    (l->hides && ditto_snapshots_is_name(l->op->share, &name)))
			continue;
		if (!l->name)
			more = emit_entry(l, raw, pos);
		else
			more = is_dots(raw) || l->name(l->arg, &name);
		if (!more)
			return false;
	}
	return true;
}

/* The credential to list with is in place. */
static int dir_list(struct ditto_listing *l, struct ditto_node *dir, u64 cookie, bool *eof)
{
	struct ditto_file *df;
	int err;

	l->page = (void *)__get_free_page(GFP_KERNEL);
	if (!l->page)
		return -ENOMEM;
	df = ditto_file_take_dir(l->op->share, dir);
	if (IS_ERR(df)) {
		err = PTR_ERR(df);
		goto free;
	}
	l->file = df->file;
	err = dir_seek(l->file, cookie);
	if (err)
		goto give;
	do {
		l->used = 0;
		l->filled = 0;
		l->full = false;
		err = iterate_dir(l->file, &l->ctx);
		/* The directory was removed meanwhile. */
		if (err == -ENOENT)
			err = -ESTALE;
		if (err)
			goto give;
		/* An empty page with no entry too large for it means the end. */
		*eof = !l->used && !l->full;
		l->most = max_t(u32, l->most - l->filled, DIR_FEW);
	} while (!*eof && emit_page(l));
give:
	dput(l->prev);
	ditto_file_give_dir(df);
free:
	free_page((unsigned long)l->page);
	return err;
}

/* List as the caller, who needs read permission. */
static int dir_read(struct ditto_listing *l, u64 cookie, bool *eof)
{
	struct ditto_op *op = l->op;
	const struct cred *old;
	int err;

	*eof = false;
	if (!S_ISDIR(l->node->inode->i_mode))
		return -ENOTDIR;

	l->dir = ditto_node_dentry(l->node);
	l->hides = ditto_snapshots_hides(op->share, l->dir);
	old = ditto_op_enter(op);
	err = ditto_node_permission(op, l->node, DITTO_MAY_READ);
	if (err)
		goto leave;
	if ((l->dentries || l->subvolumes || l->nested) &&
	    ditto_node_permission(op, l->node, DITTO_MAY_EXEC)) {
		l->dentries = false;
		l->subvolumes = false;
		l->nested = false;
	}
	err = dir_list(l, l->node, cookie, eof);
leave:
	ditto_op_leave(old);
	dput(l->dir);
	return ditto_no_wait(err);
}

int ditto_readdir(struct ditto_op *op, struct ditto_node *dir,
		  const struct ditto_readdir_args *args,
		  bool (*emit)(void *arg, const struct ditto_dirent *entry),
		  void *arg, bool *eof)
{
	struct ditto_listing l = {
		.ctx.actor = dir_fill,
		.op = op,
		.node = dir,
		.most = args->most ?: U32_MAX,
		.dentries = args->dentries,
		.subvolumes = op->share->subvolume,
		.nested = !list_empty(&op->share->nested),
		.emit = emit,
		.arg = arg,
	};

	return dir_read(&l, args->cookie, eof);
}
EXPORT_SYMBOL_NS_GPL(ditto_readdir, DITTO);

int ditto_readdir_cookies(struct ditto_op *op, struct ditto_node *dir,
			  bool (*emit)(void *arg, const struct ditto_dirent *entry),
			  void *arg, bool *eof)
{
	struct ditto_listing l = {
		.ctx.actor = dir_fill,
		.op = op,
		.node = dir,
		.most = U32_MAX,
		.emit = emit,
		.arg = arg,
	};

	return dir_read(&l, 0, eof);
}
EXPORT_SYMBOL_NS_GPL(ditto_readdir_cookies, DITTO);

int ditto_list_names(struct ditto_share *share, struct ditto_node *dir,
		     bool (*emit)(void *arg, const struct ditto_name *name), void *arg)
{
	struct ditto_op op = { .srv = share->srv, .share = share };
	struct ditto_listing l = {
		.ctx.actor = dir_fill,
		.op = &op,
		.node = dir,
		.most = U32_MAX,
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
	err = ditto_no_wait(dir_list(&l, dir, 0, &eof));
	revert_creds(old);
	dput(l.dir);
	return err;
}
