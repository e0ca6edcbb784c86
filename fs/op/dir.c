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
 * them up. Those of the entries that follow are taken in the same go, and are let go together.
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

/* Dentries that are taken under one lock, which others may want. */
#define BESIDE_TOGETHER	16

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
 * @room: bytes that the caller has left for the entries that are read; negative if the last one is
 *	longer
 * @each: bytes of an entry without its name, and as many as it may be rounded up by
 * @per_byte: its bytes for each byte of its name
 * @align: mask that rounds its bytes down
 * @dentries: look up dentries; the caller may search the directory
 * @subvolumes: directories may be roots of subvolumes, whose numbers the file system does not
 *	give; they are looked up
 * @nested: file systems may be mounted on directories that are part of the share
 * @hides: the directory of snapshots is left out
 * @mounts: @subvolumes or @nested
 * @chooses: @hides or @pick
 * @backwards: dentries were found before those of the previous entries, not behind them
 * @misses: entries in a row whose dentries were not beside those of the previous entries
 * @ahead: dentries of the current entry, of some before it, and of the next ones, held; NULL for
 *	an entry that was removed meanwhile
 * @ahead_seq: sequence numbers of these when they were found
 * @ahead_at: index of the first of them that was not handed out
 * @ahead_end: index behind the last one
 * @entry: the current entry
 * @pick: decides about an entry by its name; or NULL
 * @emit: receives an entry
 * @arg: passed to @pick and @emit
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
	s32 room;
	u32 each;
	u32 per_byte;
	u32 align;
	bool dentries;
	bool subvolumes;
	bool nested;
	bool hides;
	bool mounts;
	bool chooses;
	bool backwards;
	u32 misses;
	struct dentry *ahead[BESIDE_TOGETHER];
	unsigned int ahead_seq[BESIDE_TOGETHER];
	u32 ahead_at;
	u32 ahead_end;
	struct ditto_dirent entry;
	enum ditto_pick (*pick)(void *arg, const struct ditto_name *name, u64 cookie);
	bool (*emit)(void *arg, const struct ditto_dirent *entry);
	void *arg;
};

/* Misses in a row after which a listing does not look beside the previous dentry any more. */
#define BESIDE_MISSES	8

/* Entries that are read at once if the caller has room for more than it expected. */
#define DIR_FEW		16

static size_t raw_size(u32 len)
{
	return ALIGN(offsetof(struct ditto_raw_entry, name) + len, sizeof(u64));
}

static const struct ditto_raw_entry *raw_next(const struct ditto_raw_entry *raw)
{
	return (const void *)raw + raw_size(raw->len);
}

/*
 * Copy a name, unless it has a slash. Words are copied and searched at once, the last one from the
 * end of the name: listings do this for each entry, and most names have 8 to 16 bytes.
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
	size = raw_size((u32)len);
	if (l->used && (l->used + size > PAGE_SIZE || l->room <= 0)) {
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
	l->room -= (l->each + len * l->per_byte) & l->align;
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

/* Has a dentry of the locked directory this name? */
static __always_inline bool dentry_is_named(const struct dentry *dentry,
					    const struct ditto_raw_entry *raw)
{
	return dentry->d_name.len == raw->len &&
	       ditto_bytes_same(dentry->d_name.name, raw->name, raw->len);
}

/* Get a dentry of the locked directory if it is that of a file, and its sequence number. */
static bool dentry_get_positive(struct dentry *dentry, unsigned int *seq)
{
	bool got;

	spin_lock_nested(&dentry->d_lock, DENTRY_D_LOCK_NESTED);
	/* One that is being freed is not hashed any more. */
	got = simple_positive(dentry) && !(dentry->d_flags & DCACHE_OP_REVALIDATE);
	if (got)
		dget_dlock(dentry);
	*seq = raw_read_seqcount(&dentry->d_seq);
	spin_unlock(&dentry->d_lock);
	return got;
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

/*
 * Get the dentries of entries that are linked in a row beside this one, in the locked directory.
 * Return: their number.
 */
static u32 listing_get_row(struct ditto_listing *l, struct dentry *beside,
			   const struct ditto_raw_entry *raw, u32 most)
{
	const void *end = l->page + l->used;
	const bool before = l->backwards;
	u32 n = 0;

	while (n < most && (const void *)raw < end) {
		beside = dentry_beside(l->dir, beside, before);
		if (!beside || !dentry_is_named(beside, raw) ||
		    !dentry_get_positive(beside, &l->ahead_seq[n]))
			break;
		l->ahead[n++] = beside;
		raw = raw_next(raw);
	}
	return n;
}

/*
 * Find the dentry of an entry beside that of the previous one, and those of the entries behind it.
 *
 * A file system whose dentries are in another order than its entries, or are looked up anew each
 * time, gains nothing, so a listing gives up after some misses in a row. Nor does it wait for
 * others who use the directory. Those of the entries behind it are left if it is not known which of
 * these are emitted. Return: the number of dentries.
 */
static u32 listing_look_ahead(struct ditto_listing *l, struct dentry *prev,
			      const struct ditto_raw_entry *raw)
{
	u32 most = l->dentries && !l->pick ? BESIDE_TOGETHER : 1, n = 0;

	if (l->misses == BESIDE_MISSES || !spin_trylock(&l->dir->d_lock))
		return 0;
	/* Unless the previous one was moved to another directory meanwhile. */
	if (READ_ONCE(prev->d_parent) == l->dir) {
		n = listing_get_row(l, prev, raw, most);
		if (!n) {
			l->backwards = !l->backwards;
			n = listing_get_row(l, prev, raw, most);
		}
	}
	spin_unlock(&l->dir->d_lock);
	l->misses = n ? 0 : l->misses + 1;
	return n;
}

/* Look up an entry that is neither "." nor "..". Return: its dentry; or NULL. */
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
	child = ditto_lookup_dentry(l->op, l->node, l->dir, &found);
	/* The entry was removed since, or is damaged: only its name is known. */
	return IS_ERR(child) ? NULL : child;
}

/* All dentries were handed out: find that of an entry, and maybe those of the entries behind it. */
static noinline void listing_refill(struct ditto_listing *l, const struct ditto_raw_entry *raw)
{
	struct dentry *prev = NULL;
	u32 at, n = 0;

	for (at = 0; at < l->ahead_end; at++) {
		if (prev)
			dentry_put(prev);
		prev = l->ahead[at];
	}
	if (prev) {
		n = listing_look_ahead(l, prev, raw);
		dentry_put(prev);
	}
	if (!n) {
		l->ahead[n] = lookup_below(l, raw);
		if (l->ahead[n])
			l->ahead_seq[n] = raw_read_seqcount(&l->ahead[n]->d_seq);
		n++;
	}
	l->ahead_at = 0;
	l->ahead_end = n;
}

/* The dentry of an entry was removed, replaced or moved since it was found. */
static noinline struct dentry *listing_replace(struct ditto_listing *l, u32 at,
					       const struct ditto_raw_entry *raw)
{
	dput(l->ahead[at]);
	l->ahead[at] = lookup_below(l, raw);
	return l->ahead[at];
}

/* Return: the dentry, borrowed until the next call; or NULL. */
static __always_inline struct dentry *lookup_next(struct ditto_listing *l,
						  const struct ditto_raw_entry *raw)
{
	struct dentry *dentry;
	u32 at;

	if (l->ahead_at == l->ahead_end)
		listing_refill(l, raw);
	at = l->ahead_at++;
	dentry = l->ahead[at];
	if (likely(dentry) && unlikely(read_seqcount_retry(&dentry->d_seq, l->ahead_seq[at])))
		return listing_replace(l, at, raw);
	return dentry;
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

	if (!l->dentries && raw->is_dir)
		dentry = lookup_next(l, raw);
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
	if (likely(l->dentries))
		l->entry.dentry = lookup_next(l, raw);
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

/* Hand out the page. Return: false if the caller has no more room, or ends the listing. */
static bool emit_page(struct ditto_listing *l)
{
	const struct ditto_raw_entry *raw, *next, *end = l->page + l->used;
	struct ditto_dirent *entry = &l->entry;
	enum ditto_pick pick;

	for (raw = l->page; raw < end; raw = next) {
		next = raw_next(raw);
		entry->name.name = raw->name;
		entry->name.len = raw->len;
		entry->ino = ditto_fileid(raw->ino);
		entry->mounted_on = entry->ino;
		entry->cookie = next < end ? next->pos : (u64)l->file->f_pos;
		pick = DITTO_PICK_EMIT;
		if (ditto_is_hidden(l->op->share, l->dir, &entry->name))
			pick = DITTO_PICK_SKIP;
		else if (unlikely(l->chooses))
			pick = listing_pick(l, &entry->name, entry->cookie);
		if (unlikely(pick != DITTO_PICK_EMIT)) {
			/* Its dentry may have been found with that of an earlier one. */
			if (l->ahead_at < l->ahead_end)
				l->ahead_at++;
			if (pick == DITTO_PICK_STOP)
				return false;
			continue;
		}
		if (!emit_entry(l, raw))
			return false;
	}
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
		l->full = false;
		err = iterate_dir(l->file, &l->ctx);
		/* The directory was removed meanwhile. */
		if (err == -ENOENT)
			err = -ESTALE;
		if (err)
			goto give;
		/* An empty page with no entry too large for it means the end. */
		*eof = !l->used && !l->full;
		/* The room that the caller expects to fill is nearly used up: count entries. */
		if (l->room < (s32)(DIR_FEW * l->each))
			listing_set_room(l, &dir_few);
	} while (!*eof && emit_page(l));
give:
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
	if ((l->dentries || l->subvolumes || l->nested) &&
	    ditto_node_permission(op, l->node, DITTO_MAY_EXEC)) {
		l->dentries = false;
		l->subvolumes = false;
		l->nested = false;
	}
	l->mounts = l->subvolumes || l->nested;
	l->chooses = l->hides || l->pick;
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
		.dentries = args->dentries,
		.subvolumes = op->share->subvolume,
		.nested = !list_empty(&op->share->nested),
		.pick = args->pick,
		.emit = emit,
		.arg = arg,
	};

	listing_set_room(&l, args->room ? args : &dir_all);
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
		.emit = emit,
		.arg = arg,
	};

	listing_set_room(&l, &dir_all);
	return dir_read(&l, 0, eof);
}
EXPORT_SYMBOL_NS_GPL(ditto_readdir_cookies, DITTO);

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
