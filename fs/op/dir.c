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
 * Entries of a directory that is listed again without a change are kept (dir_cache.h), and take the
 * place of the page. Their dentries are found in dir_sibling.c.
 */
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fsnotify.h>
#include <linux/gfp.h>
#include <linux/unaligned.h>

#include "../../net/server.h"
#include "../node/file.h"
#include "../node/hidden.h"
#include "../node/node_private.h"
#include "../share/nested.h"
#include "bytes.h"
#include "dir_private.h"
#include "name_private.h"
#include "snapshot.h"

/* Entries that are read in one step if the caller has room for more than it expected. */
#define DIR_FEW		16

#ifdef DITTO_TESTS
atomic_t ditto_dir_reads = ATOMIC_INIT(0);

static void count_read(void)
{
	atomic_inc(&ditto_dir_reads);
}
#else
static void count_read(void) {}
#endif

/*
 * Copy a name, unless it has a slash. Words are copied and searched in one pass, the last one from
 * the end of the name: listings do this for each entry, and most names have 8 to 16 bytes.
 */
static __always_inline bool name_copy(char *to, const char *name, u32 len)
{
	const u32 size = sizeof(u64);
	u64 slashes, word;
	u32 at;

	if (len < size) {
		for (at = 0; at < len; at++) {
			if (name[at] == '/')
				return false;
			to[at] = name[at];
		}
		return true;
	}
	word = get_unaligned((const u64 *)name);
	put_unaligned(word, (u64 *)to);
	slashes = ditto_bytes_slashes(word);
	for (len -= size, at = size; unlikely(at < len); at += size) {
		word = get_unaligned((const u64 *)(name + at));
		put_unaligned(word, (u64 *)(to + at));
		slashes |= ditto_bytes_slashes(word);
	}
	word = get_unaligned((const u64 *)(name + len));
	put_unaligned(word, (u64 *)(to + len));
	slashes |= ditto_bytes_slashes(word);
	return !(slashes & DITTO_BYTES_TOP);
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
	size = ditto_raw_size((u32)len);
	if (l->used && (l->used + size > DITTO_PART_ROOM || l->room <= 0)) {
		l->full = true;
		return false;
	}
	/* A damaged file system, too. */
	if (!name_copy(raw->name, name, len))
		return true;
	raw->ino = ino;
	raw->pos = pos;
	raw->len = len;
	raw->is_dir = type == DT_DIR || type == DT_UNKNOWN;
	l->used += size;
	l->room -= (l->each + len * l->per_byte) & l->align;
	return true;
}

/*
 * Rewind first: tmpfs and btrfs limit a listing to the entries that existed when the open
 * directory was last rewound, and the client's listing may have begun later.
 *
 * But not on overlayfs: a position in a directory that is merged from layers is a number in a
 * list, which is made again after the directory has changed and was rewound. Names behind those
 * that were removed in between would be skipped.
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

static bool is_dot(const struct ditto_name *name)
{
	return name->len == 1 && name->name[0] == '.';
}

static bool is_dotdot(const struct ditto_name *name)
{
	return name->len == 2 && name->name[0] == '.' && name->name[1] == '.';
}

static bool is_dots(const struct ditto_name *name)
{
	return name->name[0] == '.' && (is_dot(name) || is_dotdot(name));
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
static noinline_for_stack bool emit_dots(struct ditto_listing *l)
{
	struct ditto_dirent *entry = &l->entry;
	struct dentry *dentry = NULL;
	bool more;

	/* They are handles of other directories, too, which may move. */
	entry->cached_handle = NULL;
	if (l->dentries)
		dentry = is_dot(&entry->name) ? dget(l->dir) : ditto_parent(l->op->share, l->dir);
	if (IS_ERR(dentry))
		dentry = NULL;
	if (is_dotdot(&entry->name) && l->dir == l->op->share->root.dentry) {
		entry->ino = root_ino(l) ?: entry->ino;
		entry->mounted_on = entry->ino;
	}
	entry->dentry = dentry;
	more = l->emit(l->arg, entry);
	dput(dentry);
	return more;
}

/* Hand out an entry of a share that has subvolumes or nested file systems. */
static noinline_for_stack bool emit_mounts(struct ditto_listing *l,
					   const struct ditto_raw_entry *raw)
{
	struct ditto_dirent *entry = &l->entry;
	struct dentry *dentry = entry->dentry;
	bool more;

	if (!l->dentries && !l->directories && raw->is_dir)
		dentry = ditto_listing_dentry(l, raw);
	if (dentry && l->subvolumes && raw->is_dir)
		subvolume_entry(l, dentry, entry);
	if (dentry && l->nested)
		nested_entry(dentry, l->op->share, entry);
	more = l->emit(l->arg, entry);
	if (entry->nested)
		ditto_share_put(entry->nested);
	entry->nested = NULL;
	return more;
}

/* Hand out an entry; @l->entry has all but its dentry. */
static bool emit_entry(struct ditto_listing *l, const struct ditto_raw_entry *raw)
{
	if (unlikely(is_dots(&l->entry.name)))
		return emit_dots(l);
	if (likely(l->dentries) || (l->directories && raw->is_dir))
		l->entry.dentry = ditto_listing_dentry(l, raw);
	else
		l->entry.dentry = NULL;
	if (unlikely(l->mounts))
		return emit_mounts(l, raw);
	return l->emit(l->arg, &l->entry);
}

/* Called if @l->chooses; @cookie is the position behind the entry. */
static noinline enum ditto_pick listing_pick(struct ditto_listing *l,
					     const struct ditto_name *name, u64 cookie)
{
	if (l->hides && ditto_snapshots_is_name(l->op->share, name))
		return DITTO_PICK_SKIP;
	return l->pick ? l->pick(l->arg, name, cookie) : DITTO_PICK_EMIT;
}

/* Hand out what was read. Return: false if the caller has no more room, or ends the listing. */
static bool emit_read(struct ditto_listing *l)
{
	const struct ditto_raw_entry *raw, *next, *end = l->end;
	struct ditto_dirent *entry = &l->entry;
	enum ditto_pick pick;

	for (raw = l->raw; raw < end; raw = next) {
		next = ditto_raw_next(raw);
		entry->name.name = raw->name;
		entry->name.len = raw->len;
		entry->ino = ditto_fileid(raw->ino);
		entry->mounted_on = entry->ino;
		entry->cookie = next < end ? next->pos : l->behind;
		if (l->made)
			entry->cached_handle = l->made++;
		pick = DITTO_PICK_EMIT;
		if (ditto_is_hidden(l->op->share, l->dir, &entry->name) &&
		    !(l->vetoed && !ditto_is_hidden_on(l->op->share->volume, l->dir, &entry->name)))
			pick = DITTO_PICK_SKIP;
		else if (unlikely(l->chooses))
			pick = listing_pick(l, &entry->name, entry->cookie);
		if (unlikely(pick != DITTO_PICK_EMIT)) {
			/* Its dentry may have been found with an earlier entry's. */
			if (l->ahead_at < l->ahead_end)
				l->ahead_at++;
			if (pick == DITTO_PICK_STOP)
				return false;
			continue;
		}
		if (!emit_entry(l, raw))
			return false;
	}
	l->pos = l->behind;
	return true;
}

/* For callers that have room for all entries, or do not know; and to read a few. */
static const struct ditto_readdir_args dir_all = { .room = S32_MAX, .each = 1, .align = 1 };
static const struct ditto_readdir_args dir_few = { .room = DIR_FEW, .each = 1, .align = 1 };

static void listing_set_room(struct ditto_listing *l, const struct ditto_readdir_args *args)
{
	l->room = args->room;
	l->each = args->each + args->align - 1;
	l->per_byte = args->per_byte;
	l->align = -(u32)args->align;
}

/*
 * Get entries from the cached listing, as if they were read now: whoever watches or judges reads of
 * the directory is asked, and the time of access is set. Return: false if it does not have them.
 */
static bool listing_recall(struct ditto_listing *l, bool *eof)
{
	struct ditto_dir_part *part = NULL;
	u32 index;

	if (!l->cache || !ditto_dir_cache_is_current(l->cache, l->node))
		return false;
	if (!ditto_dir_cache_is_end(l->cache, l->pos)) {
		part = ditto_dir_cache_find(l->cache, l->pos, &l->raw, &index);
		if (!part)
			return false;
	}
	if (rw_verify_area(READ, l->file, NULL, 0))
		return false;
	fsnotify_access(l->file);
	file_accessed(l->file);
	*eof = !part;
	if (*eof)
		return true;
	l->end = part->entries + part->used;
	l->behind = part->behind;
	l->made = l->handles ? ditto_dir_cache_handles(l->cache, part, l->op->share) : NULL;
	l->entry.cached_handle = NULL;
	if (l->made)
		l->made += index;
	l->sought = false;
	return true;
}

/* Read entries of the directory. */
static int listing_read(struct ditto_listing *l, bool *eof)
{
	int err;

	if (!l->sought) {
		err = dir_seek(l->file, l->pos);
		if (err)
			return err;
		l->sought = true;
	}
	l->used = 0;
	l->full = false;
	count_read();
	err = iterate_dir(l->file, &l->ctx);
	if (err)
		/* The directory was removed. */
		return err == -ENOENT ? -ESTALE : err;
	l->raw = l->page;
	l->end = l->page + l->used;
	l->behind = l->file->f_pos;
	l->made = NULL;
	l->entry.cached_handle = NULL;
	/* An empty page with no entry too large for it means the end. */
	*eof = !l->used && !l->full;
	if (l->cache && (l->used || *eof))
		ditto_dir_cache_add(l->cache, l->node, l->pos, l->behind, l->page, l->used,
				    !l->full);
	/* The room that the caller expects to fill is nearly used up: count entries. */
	if (l->room < (s32)(DIR_FEW * l->each))
		listing_set_room(l, &dir_few);
	return 0;
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
	l->pos = cookie;
	l->cache = ditto_dir_cache_get(l->op->share, dir, cookie);
	do {
		err = listing_recall(l, eof) ? 0 : listing_read(l, eof);
	} while (!err && !*eof && emit_read(l));
	if (l->cache)
		ditto_dir_cache_put(l->cache);
	while (l->ahead_end)
		dput(l->ahead[--l->ahead_end]);
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
	if ((l->dentries || l->directories || l->subvolumes || l->nested) &&
	    ditto_node_permission(op, l->node, DITTO_MAY_EXEC)) {
		l->dentries = false;
		l->directories = false;
		l->subvolumes = false;
		l->nested = false;
	}
	l->mounts = l->subvolumes || l->nested;
	/* A directory may be the root of a subvolume, whose files may have the same numbers. */
	l->handles = l->handles && l->dentries && !l->mounts;
	l->chooses = l->hides || l->pick;
	err = dir_list(l, l->node, cookie, eof);
leave:
	ditto_op_leave(old);
	dput(l->dir);
	return ditto_no_wait(err);
}

/**
 * ditto_readdir - list a directory
 * @op: the caller; needs read permission
 * @dir: held
 * @args: what is to be listed
 * @emit: receives an entry; returns false if it has no room, and the listing ends before it
 * @arg: passed to @emit and to @args->pick
 * @eof: set if the end was reached
 *
 * @emit and @args->pick run with no lock of the directory held.
 *
 * Return: 0, -ENOTDIR, -EACCES, -EBADCOOKIE (the file system rejects the cookie).
 */
int ditto_readdir(struct ditto_op *op, struct ditto_node *dir,
		  const struct ditto_readdir_args *args,
		  bool (*emit)(void *arg, const struct ditto_dirent *entry),
		  void *arg, bool *eof)
{
	struct ditto_listing l = {
		.ctx.actor = dir_fill,
		.op = op,
		.node = dir,
		.dentries = args->dentries,
		.directories = args->directories,
		.handles = args->handles,
		.subvolumes = op->share->subvolume,
		.nested = !list_empty(&op->share->nested),
		.pick = args->pick,
		.emit = emit,
		.arg = arg,
	};

	listing_set_room(&l, args->room ? args : &dir_all);
	return dir_read(&l, args->cookie, eof);
}
EXPORT_SYMBOL_NS_GPL(ditto_readdir, "DITTO");

/**
 * ditto_readdir_cookies - list the names and cookies of a directory
 * @op: the caller; needs read permission
 * @dir: held
 * @emit: receives an entry, of which only name and cookie are to be used; returns false to end
 * @arg: passed to @emit
 * @eof: set if the end was reached
 *
 * The order and the cookies are as in ditto_readdir(). No entry is looked up, also where that one
 * has to, to know the number of a subvolume or what is mounted on a directory.
 *
 * Return: as ditto_readdir().
 */
int ditto_readdir_cookies(struct ditto_op *op, struct ditto_node *dir,
			  bool (*emit)(void *arg, const struct ditto_dirent *entry),
			  void *arg, bool *eof)
{
	struct ditto_listing l = {
		.ctx.actor = dir_fill,
		.op = op,
		.node = dir,
		.emit = emit,
		.arg = arg,
	};

	listing_set_room(&l, &dir_all);
	return dir_read(&l, 0, eof);
}
EXPORT_SYMBOL_NS_GPL(ditto_readdir_cookies, "DITTO");

/**
 * struct ditto_name_list - who receives the names of a directory
 * @emit: receives a name
 * @arg: passed to @emit
 */
struct ditto_name_list {
	bool (*emit)(void *arg, const struct ditto_name *name);
	void *arg;
};

static bool emit_name(void *arg, const struct ditto_dirent *entry)
{
	const struct ditto_name_list *list = arg;

	return is_dots(&entry->name) || list->emit(list->arg, &entry->name);
}

/*
 * List all names of a directory, without access check. @dir: a directory, held; @emit: receives a
 * name, except ".", ".." and hidden names; returning false ends the listing. No lock of the
 * directory is held. Return: 0, -ENOTDIR or an errno of the file system.
 */
int ditto_list_names(struct ditto_share *share, struct ditto_node *dir,
		     bool (*emit)(void *arg, const struct ditto_name *name), void *arg)
{
	struct ditto_op op = { .srv = share->srv, .share = share };
	struct ditto_name_list list = { .emit = emit, .arg = arg };
	struct ditto_listing l = {
		.ctx.actor = dir_fill,
		.op = &op,
		.node = dir,
		.emit = emit_name,
		.arg = &list,
		.vetoed = true,
	};
	const struct cred *old;
	bool eof;
	int err;

	if (!S_ISDIR(dir->inode->i_mode))
		return -ENOTDIR;
	listing_set_room(&l, &dir_all);
	l.dir = ditto_node_dentry(dir);
	old = override_creds(share->srv->nodes->cred);
	err = ditto_no_wait(dir_list(&l, dir, 0, &eof));
	revert_creds(old);
	dput(l.dir);
	return err;
}
