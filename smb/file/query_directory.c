// SPDX-License-Identifier: GPL-2.0-only
/*
 * QUERY_DIRECTORY: MS-SMB2 sections 2.2.33, 2.2.34 and 3.3.5.18; MS-FSA section 2.1.5.6.3.
 *
 * A listing keeps its position and pattern in the open. A pattern without wildcards is looked up;
 * otherwise the directory is read and each name is matched, before the entry is looked up.
 *
 * Entries that are left out make no response longer, so there may be millions of them before one
 * that is listed, and a pattern may take long for each. After DSMB_DIR_TURN the worker is given
 * back, and the request goes on when its turn comes. It ends early if it is cancelled, its
 * connection ends, or its open is closed, alone or with its session.
 *
 * Locking: the lock of dsmb_open_rare() guards the position of the listing. It is held while the
 * directory is read, so that two listings through one open share the entries, but not between
 * turns.
 */

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/slab.h>

#include "../../fs/op/shortname.h"
#include "../../fs/op/walk.h"
#include "../../fs/node/node.h"
#include "../../fs/op/check/rights.h"
#include "../../fs/open/instance.h"
#include "../../fs/share/nested.h"
#include "../../fs/share/share.h"
#include "../open/open.h"
#include "../share_options.h"
#include "../transport/command.h"
#include "../transport/conn.h"
#include "../wire/name.h"
#include "../wire/posix.h"
#include "apple_entry.h"
#include "attrs.h"
#include "dir_levels.h"
#include "info.h"

#define DSMB_DIR_RESTART	BIT(0)
#define DSMB_DIR_SINGLE		BIT(1)
#define DSMB_DIR_REOPEN		BIT(4)

/* Most bytes of a response, even if the client has room for more. */
#define DSMB_DIR_ROOM		0x00100000
#define DSMB_DIR_HEAD		8	/* of the response, before the entries */

/* Time for which entries are left out before the worker is given back, in jiffies. */
#define DSMB_DIR_TURN		(HZ / 50)

/**
 * struct dsmb_dir - position of a directory listing
 * @cookie: the core's cookie of the last entry that was reported
 * @dots: how many of "." and ".." were reported; they come first
 * @eof: there are no more entries
 * @any: the pattern matches all names
 * @fixed: the pattern is a name, which is looked up
 * @posix: names are exact and unmapped, as with dsmb_open.posix
 * @pattern_len: units of @pattern; 0 before the first listing
 * @pattern: pattern in UTF-16
 * @name_len: bytes of @name
 * @name: with @fixed, the pattern in UTF-8
 */
struct dsmb_dir {
	u64 cookie;
	u8 dots;
	bool eof;
	bool any;
	bool fixed;
	bool posix;
	u32 pattern_len;
	__le16 pattern[DSMB_NAME_UNITS];
	u32 name_len;
	char name[NAME_MAX + 1];
};

/**
 * struct dsmb_dir_query - a QUERY_DIRECTORY request
 * @call: the call
 * @open: open of the directory
 * @node: the directory
 * @dir: position of the listing
 * @level: information class
 * @flags: DSMB_DIR_*
 * @max: OutputBufferLength
 * @out: encoded entries
 * @last: offset of the last entry
 * @count: number of entries
 * @turn_end: when the turn ends (64-bit jiffies); 0 before the first entry that is left out
 * @turn_over: the turn ended before the response was full
 * @cut: the first entry does not fit, and its name is cut off
 * @short_names: files have short names, which are listed or compared with the pattern
 * @shorts: short names that were set, or NULL
 * @unusual: entries have what the POSIX extensions add to them, or to names, or metadata of macOS
 * @apple: entries have the metadata of macOS
 * @hide: entries that the user may not read are hidden (MS-SMB2 section 3.3.5.18)
 * @fs: attributes of the current entry from the file system; here and not on the stack of a
 *	function that is called for each entry, which would guard its stack each time
 * @attrs: attributes of the current entry
 * @entry: the metadata of macOS of the current entry
 */
struct dsmb_dir_query {
	struct dsmb_call *call;
	struct dsmb_open *open;
	struct ditto_node *node;
	struct dsmb_dir *dir;
	const struct dsmb_dir_level *level;
	u8 flags;
	u32 max;
	struct dsmb_builder out;
	u32 last;
	u32 count;
	u64 turn_end;
	bool turn_over;
	bool cut;
	bool short_names;
	struct ditto_shorts *shorts;
	bool unusual;
	bool apple;
	bool hide;
	struct ditto_attr fs;
	struct dsmb_attrs attrs;
	struct dsmb_apple_entry entry;
};

static bool dsmb_is_dots(const struct ditto_name *name)
{
	return name->name[0] == '.' && (name->len == 1 ||
					(name->len == 2 && name->name[1] == '.'));
}

/* "." and ".." are listed but not looked up. */
static bool dsmb_dir_is_dots(const struct dsmb_dir *dir)
{
	u32 i;

	for (i = 0; i < dir->pattern_len; i++)
		if (dir->pattern[i] != cpu_to_le16('.'))
			return false;
	return dir->pattern_len <= 2;
}

/* Set the pattern; an empty one matches all names. */
static u32 dsmb_dir_set_pattern(struct dsmb_dir *dir, struct dsmb_cursor pattern)
{
	struct dsmb_cursor name;
	int err;

	if (pattern.size % 2 || pattern.size / 2 > DSMB_NAME_UNITS)
		return STATUS_OBJECT_NAME_INVALID;
	if (pattern.size) {
		memcpy(dir->pattern, pattern.data, pattern.size);
		dir->pattern_len = pattern.size / 2;
	} else {
		dir->pattern[0] = cpu_to_le16('*');
		dir->pattern_len = 1;
	}
	dir->any = dir->pattern_len == 1 && dir->pattern[0] == cpu_to_le16('*');
	dir->fixed = !dsmb_is_pattern(dir->pattern, dir->pattern_len) && !dsmb_dir_is_dots(dir);
	if (!dir->fixed) {
		dsmb_unmap_ends(dir->pattern, dir->pattern_len);
		return STATUS_SUCCESS;
	}
	name = dsmb_cursor(dir->pattern, dir->pattern_len * 2);
	err = dir->posix ? dsmb_get_posix_name(name, dir->name, &dir->name_len) :
			   dsmb_get_name(name, dir->name, &dir->name_len);
	if (err)
		dir->pattern_len = 0;
	return err ? dsmb_status(err) : STATUS_SUCCESS;
}

/* Return: bytes encoded. */
static u32 dsmb_dir_encode_name(const struct dsmb_dir *dir, struct dsmb_builder *b,
				const struct ditto_name *name)
{
	/* The last dot of these two names is not mapped. */
	if (dsmb_is_dots(name))
		return dsmb_encode_string(b, name->name, name->len);
	if (dir->posix)
		return dsmb_encode_posix_name(b, name->name, name->len);
	return dsmb_encode_name(b, name->name, name->len);
}

/*
 * Get the short name that the file has in addition to its name. Return: its length; 0 if there is
 * none.
 */
static u32 dsmb_dir_shortname(const struct dsmb_dir_query *q, const struct ditto_name *name,
			      char *made)
{
	if (!q->short_names || dsmb_is_dots(name))
		return 0;
	return ditto_shorts_get(q->shorts, name, made);
}

/* Not inlined: the kernel may clear the array, for patterns that match all names too. */
static noinline_for_stack bool dsmb_dir_matches(const struct dsmb_dir_query *q,
						const struct ditto_name *name)
{
	__le16 utf16[NAME_MAX];
	struct dsmb_builder b = dsmb_builder(utf16, sizeof(utf16));
	const struct dsmb_dir *dir = q->dir;
	char made[DITTO_SHORT_MAX];
	u32 len;

	dsmb_dir_encode_name(dir, &b, name);
	dsmb_unmap_ends(utf16, b.len / 2);
	if (dsmb_match(dir->pattern, dir->pattern_len, utf16, b.len / 2))
		return true;
	len = dsmb_dir_shortname(q, name, made);
	if (!len)
		return false;
	dsmb_back(&b, 0);
	dsmb_encode_name(&b, made, len);
	return dsmb_match(dir->pattern, dir->pattern_len, utf16, b.len / 2);
}

/* True if the name or its short name matches the pattern. */
static bool dsmb_dir_fits(const struct dsmb_dir_query *q, const struct ditto_name *name)
{
	return q->dir->any || dsmb_dir_matches(q, name);
}

/* Fill in the short name, if the class has it and there is one besides the name. */
static noinline_for_stack void dsmb_dir_put_shortname(const struct dsmb_dir_query *q, u8 *entry,
						      const struct ditto_name *name)
{
	u8 *p = entry + q->level->shortname_at;
	struct dsmb_builder room;
	char made[DITTO_SHORT_MAX];
	u32 len;

	len = q->level->shortname_at ? dsmb_dir_shortname(q, name, made) : 0;
	if (!len)
		return;
	room = dsmb_builder(p + 2, 2 * DITTO_SHORT_MAX);
	*p = dsmb_encode_name(&room, made, len);
}

/* What is behind the fixed bytes of an entry with @posix. Return: the offset of FileNameLength. */
static u32 dsmb_dir_encode_posix(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	u32 at;

	dsmb_encode_posix(b, attrs);
	at = b->len;
	dsmb_encode_u32(b, 0);
	return at;
}

/* The entry at @at has been encoded. */
static inline void dsmb_dir_count(struct dsmb_dir_query *q, u32 at)
{
	/* NextEntryOffset of the one before; nothing is changed by the first entry. */
	put_unaligned_le32(at - q->last, q->out.data + q->last);
	q->last = at;
	q->count++;
}

/* Return: false if the entry does not fit. */
static bool dsmb_dir_encode(struct dsmb_dir_query *q, const struct ditto_name *name,
			    const struct dsmb_attrs *attrs)
{
	const struct dsmb_dir_level *level = q->level;
	struct dsmb_builder *b = &q->out;
	u32 before = b->len, at = ALIGN(before, 8), len_at = at + level->length_at;
	u8 *p = dsmb_room(b, at - before + level->fixed);

	if (!p)
		goto full;
	/* Padding, NextEntryOffset and FileIndex: these two stores cover them. */
	put_unaligned_le64(0, p);
	p = b->data + at;
	put_unaligned_le64(0, p);
	level->put(p, attrs);
	if (level->posix)
		len_at = dsmb_dir_encode_posix(b, attrs);
	if (q->apple)
		dsmb_apple_entry_put(&q->entry, p, attrs);
	else if (q->short_names)
		dsmb_dir_put_shortname(q, p, name);
	dsmb_fill_u32(b, len_at, dsmb_dir_encode_name(q->dir, b, name));
	if (b->full)
		goto full;
	dsmb_dir_count(q, at);
	return true;
full:
	dsmb_back(b, before);
	return false;
}

/*
 * The same for an entry of a listing, which is neither "." nor "..". Nearly all names are of
 * characters that are themselves on the wire: all is written with one check of the room.
 */
static __always_inline bool dsmb_dir_encode_usual(struct dsmb_dir_query *q,
						  const struct ditto_name *name,
						  const struct dsmb_attrs *attrs)
{
	const struct dsmb_dir_level *level = q->level;
	struct dsmb_builder *b = &q->out;
	u32 before = b->len, at = ALIGN(before, 8), name_at = at + level->fixed;
	u8 *p = b->data + at;

	if (unlikely(q->unusual || name_at + 2 * name->len > b->size ||
		     !dsmb_put_plain_name(b->data + name_at, name->name, name->len)))
		return dsmb_dir_encode(q, name, attrs);
	/* As above. */
	put_unaligned_le64(0, b->data + before);
	put_unaligned_le64(0, p);
	level->put(p, attrs);
	if (unlikely(q->short_names))
		dsmb_dir_put_shortname(q, p, name);
	put_unaligned_le32(2 * name->len, p + level->length_at);
	b->len = name_at + 2 * name->len;
	dsmb_dir_count(q, at);
	return true;
}

/* The first entry does not fit because of its name: encode as much as fits. */
static void dsmb_dir_encode_cut(struct dsmb_dir_query *q, const struct ditto_name *name,
				const struct dsmb_attrs *attrs)
{
	struct dsmb_builder whole;
	u32 max = q->out.size;
	void *room;

	room = kmalloc(q->level->least + 2 * NAME_MAX + 8, GFP_KERNEL);
	if (!room)
		return;
	whole = q->out;
	q->out = dsmb_builder(room, q->level->least + 2 * NAME_MAX + 8);
	if (dsmb_dir_encode(q, name, attrs)) {
		dsmb_encode_bytes(&whole, room, min(max, q->out.len));
		q->cut = true;
	}
	q->out = whole;
	kfree(room);
}

/* Whether the user may read an entry; called if others are hidden. */
static noinline_for_stack bool dsmb_dir_is_shown(struct dsmb_dir_query *q,
						 struct ditto_share *share, struct dentry *dentry)
{
	struct ditto_op op = q->call->op;
	struct ditto_node *node;
	bool shown;

	op.share = share;
	node = dentry ? ditto_node_get(share, dentry) : NULL;
	if (IS_ERR_OR_NULL(node))
		return false;
	shown = ditto_is_readable(&op, node);
	ditto_node_put(node);
	return shown;
}

/* True if nobody waits for the rest any more. */
static bool dsmb_dir_is_abandoned(const struct dsmb_dir_query *q)
{
	return dsmb_call_is_cancelled(q->call) || READ_ONCE(q->open->closing);
}

/* Leave an entry out; @cookie is the position behind it. Return: false if the turn is over. */
static bool dsmb_dir_skip(struct dsmb_dir_query *q, u64 cookie)
{
	u64 now = get_jiffies_64();

	q->dir->cookie = cookie;
	/* Not from the start: on some file systems it takes long to find the position again. */
	if (!q->turn_end)
		q->turn_end = now + DSMB_DIR_TURN;
	q->turn_over = time_after64(now, q->turn_end) || dsmb_dir_is_abandoned(q);
	return !q->turn_over;
}

static enum ditto_pick dsmb_dir_pick(void *arg, const struct ditto_name *name, u64 cookie)
{
	struct dsmb_dir_query *q = arg;

	if (!dsmb_is_dots(name) && dsmb_dir_matches(q, name))
		return DITTO_PICK_EMIT;
	return dsmb_dir_skip(q, cookie) ? DITTO_PICK_SKIP : DITTO_PICK_STOP;
}

/* The metadata of macOS of an entry whose attributes are known. Return: false if it is gone. */
static noinline_for_stack bool dsmb_dir_fill_apple(struct dsmb_dir_query *q,
						   struct ditto_share *share,
						   struct dentry *dentry, bool nested)
{
	struct ditto_op op = q->call->op;
	struct ditto_node *node = ditto_node_get(share, dentry);

	if (IS_ERR(node))
		return false;
	op.share = share;
	dsmb_apple_entry_fill(q->call, &op, node, nested ? NULL : q->node, &q->entry);
	ditto_node_put(node);
	return true;
}

static bool dsmb_dir_emit(void *arg, const struct ditto_dirent *entry)
{
	struct dsmb_dir_query *q = arg;
	struct ditto_share *share = entry->nested ?: q->call->op.share;
	struct dentry *dentry = entry->nested ? share->root.dentry : entry->dentry;

	if (q->count && q->flags & DSMB_DIR_SINGLE)
		return false;
	if (dsmb_is_dots(&entry->name) || (q->hide && !dsmb_dir_is_shown(q, share, dentry)))
		return dsmb_dir_skip(q, entry->cookie);
	/* Entries whose attributes cannot be read are left out. */
	if (q->level->attrs &&
	    (!dentry || dsmb_attrs_of_entry(share, dentry, entry->nested ? NULL : &entry->name,
					    &q->fs, &q->attrs)))
		return dsmb_dir_skip(q, entry->cookie);
	if (q->level->posix)
		dsmb_attrs_add_posix(share, &q->fs, &q->attrs);
	if (unlikely(q->apple) && !dsmb_dir_fill_apple(q, share, dentry, entry->nested))
		return dsmb_dir_skip(q, entry->cookie);
	if (!dsmb_dir_encode_usual(q, &entry->name, &q->attrs)) {
		if (!q->count)
			dsmb_dir_encode_cut(q, &entry->name, &q->attrs);
		return false;
	}
	q->dir->cookie = entry->cookie;
	return true;
}

/*
 * Encode "." and "..", as far as they match; ".." of the share's root is the root. Return: false if
 * the response is full.
 */
static bool dsmb_dir_list_dots(struct dsmb_dir_query *q, struct ditto_node *node)
{
	static const struct ditto_name names[] = {
		{ .name = ".", .len = 1 }, { .name = "..", .len = 2 },
	};
	struct ditto_op *op = &q->call->op;

	for (; q->dir->dots < ARRAY_SIZE(names); q->dir->dots++) {
		const struct ditto_name *name = &names[q->dir->dots];
		struct ditto_share *outer;
		struct dsmb_attrs attrs;
		struct ditto_node *dir;
		int err;

		if (q->count && q->flags & DSMB_DIR_SINGLE)
			return false;
		if (!dsmb_dir_fits(q, name) || ditto_lookup_follow(op, node, name, &outer, &dir))
			continue;
		err = dsmb_attrs_of_node(outer ?: op->share, dir, &attrs);
		/* Clients take nothing else from these two. */
		q->entry = (struct dsmb_apple_entry) { .mode = dir->inode->i_mode };
		ditto_node_put(dir);
		/* MS-FSA section 2.1.5.6.3.4: a file system may leave the id of ".." out. */
		if (q->dir->dots && !q->dir->posix)
			attrs.file_id = 0;
		if (outer)
			ditto_share_put(outer);
		if (err || dsmb_dir_encode(q, name, &attrs))
			continue;
		if (!q->count)
			dsmb_dir_encode_cut(q, name, &attrs);
		return false;
	}
	return true;
}

/* A name without wildcards is looked up. */
static int dsmb_dir_list_fixed(struct dsmb_dir_query *q, struct ditto_node *node)
{
	struct dsmb_dir *dir = q->dir;
	struct ditto_name name = { .name = dir->name, .len = dir->name_len };
	struct ditto_op op = q->call->op;
	struct ditto_share *nested = NULL;
	char found[NAME_MAX + 1];
	struct dsmb_attrs attrs;
	struct ditto_node *child;
	int err;

	found[0] = 0;
	if (dir->posix)
		err = ditto_lookup(&op, node, &name, &child);
	else
		err = ditto_lookup_casefold(&op, node, &name, found, &child);
	if (err == -ENOENT || err == -EACCES) {
		dir->eof = true;
		return 0;
	}
	if (err)
		return err;
	if (found[0])
		name = (struct ditto_name) { .name = found, .len = strlen(found) };
	err = ditto_nested_follow(&op, &nested, &child);
	if (err)
		goto put;
	if (nested)
		op.share = nested;
	dir->eof = q->hide && !ditto_is_readable(&op, child);
	if (!dir->eof)
		err = dsmb_attrs_asked(&op, child, &attrs);
	if (!dir->eof && !err && q->apple)
		dsmb_apple_entry_fill(q->call, &op, child, nested ? NULL : node, &q->entry);
put:
	ditto_node_put(child);
	if (nested)
		ditto_share_put(nested);
	if (err || dir->eof)
		return err;
	if (dsmb_dir_encode(q, &name, &attrs))
		dir->eof = true;
	else
		dsmb_dir_encode_cut(q, &name, &attrs);
	return 0;
}

/* Tell how many bytes there are for entries, unless only some of the directory are listed. */
static void dsmb_dir_room(const struct dsmb_dir_query *q, struct ditto_readdir_args *args)
{
	if (!q->dir->any || q->hide)
		return;
	args->room = q->flags & DSMB_DIR_SINGLE ? 1 : max_t(s32, q->out.size - q->out.len, 1);
	args->each = q->level->least;
	args->per_byte = sizeof(__le16);
	args->align = 8;
}

static u32 dsmb_dir_list(struct dsmb_dir_query *q, struct ditto_node *node, bool first)
{
	struct dsmb_dir *dir = q->dir;
	struct ditto_readdir_args args = {
		.dentries = q->level->attrs || q->hide,
		.pick = dir->any ? NULL : dsmb_dir_pick,
	};
	bool eof = false;
	int err = 0;

	if (dir->eof)
		return STATUS_NO_MORE_FILES;
	if (dir->fixed) {
		err = dsmb_dir_list_fixed(q, node);
	} else if (dsmb_dir_list_dots(q, node)) {
		args.cookie = dir->cookie;
		dsmb_dir_room(q, &args);
		err = ditto_readdir(&q->call->op, node, &args, dsmb_dir_emit, q, &eof);
		dir->eof = !err && eof;
	}
	if (err)
		return dsmb_op_status(q->call, err);
	if (q->cut)
		return STATUS_BUFFER_OVERFLOW;
	if (!q->count && q->turn_over)
		return DSMB_TURN_OVER;
	if (!q->count)
		return first ? STATUS_NO_SUCH_FILE : STATUS_NO_MORE_FILES;
	return STATUS_SUCCESS;
}

/**
 * struct dsmb_dir_args - arguments of QUERY_DIRECTORY
 * @class: FileInformationClass
 * @flags: DSMB_DIR_*
 * @max: OutputBufferLength
 * @pattern: FileName
 * @begun: an earlier turn has set position and pattern
 * @first: the pattern is new
 */
struct dsmb_dir_args {
	u8 class;
	u8 flags;
	u32 max;
	struct dsmb_cursor pattern;
	bool begun;
	bool first;
};

/* Set position and pattern. */
static u32 dsmb_dir_begin(struct dsmb_dir *dir, struct dsmb_dir_args *args)
{
	bool restart = args->flags & (DSMB_DIR_RESTART | DSMB_DIR_REOPEN);
	u32 status;

	/* MS-SMB2 section 3.3.5.18: a listing that is reopened has no pattern yet. */
	if (args->flags & DSMB_DIR_REOPEN)
		dir->pattern_len = 0;
	args->first = !dir->pattern_len;
	if (restart) {
		dir->cookie = 0;
		dir->dots = 0;
		dir->eof = false;
	}
	/* The first pattern stays in use unless a restart has another one. */
	if (args->first || (restart && args->pattern.size)) {
		status = dsmb_dir_set_pattern(dir, args->pattern);
		if (status)
			return status;
		args->first = true;
	}
	args->begun = true;
	return STATUS_SUCCESS;
}

/* Called with the lock of dsmb_open_rare() held. */
static u32 dsmb_dir_run(struct dsmb_dir_query *q, struct ditto_node *node,
			struct dsmb_dir_args *args)
{
	struct ditto_share *share = q->call->op.share;
	struct dsmb_open *open = q->open;
	struct dsmb_open_rare *rare = open->rare;
	u32 status;

	if (!rare->dir) {
		rare->dir = kzalloc(sizeof(*rare->dir), GFP_KERNEL);
		if (!rare->dir)
			return STATUS_INSUFFICIENT_RESOURCES;
		rare->dir->posix = open->posix;
	}
	q->dir = rare->dir;
	q->node = node;
	q->apple = dsmb_apple_lists(q->call, q->level->class);
	q->unusual = q->dir->posix || q->level->posix || q->apple;
	if (!args->begun) {
		status = dsmb_dir_begin(q->dir, args);
		if (status)
			return status;
	} else if (READ_ONCE(open->closing)) {
		return STATUS_FILE_CLOSED;
	}
	q->short_names = (q->level->shortname_at || !q->dir->any) && !q->dir->posix &&
			 !q->dir->eof && ditto_has_shortnames(share);
	if (q->short_names)
		q->shorts = ditto_shorts_load(share, ditto_instance_dentry(open->inst));
	return dsmb_dir_list(q, node, args->first);
}

struct dsmb_dir_res {
	u32 len;
};

static u32 dsmb_dir_decode(struct dsmb_call *call, void *args)
{
	struct dsmb_cursor *in = &call->in;
	struct dsmb_dir_args *a = args;
	u16 offset, len;

	a->class = dsmb_get_u8(in);
	a->flags = dsmb_get_u8(in);
	/* FileIndex: the directories have no such index. */
	dsmb_skip(in, 4 + DSMB_FILE_ID_SIZE);
	offset = dsmb_get_u16(in);
	len = dsmb_get_u16(in);
	a->max = dsmb_get_u32(in);
	a->pattern = len ? dsmb_window(in, offset, len) : dsmb_cursor(NULL, 0);
	return in->bad ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

static u32 dsmb_dir_exec(struct dsmb_call *call, void *args, void *res)
{
	struct dsmb_dir_args *a = args;
	struct dsmb_dir_query q = {
		.call = call,
		.open = call->open,
		.level = dsmb_dir_level(a->class),
		.flags = a->flags,
		.max = a->max,
	};
	struct dsmb_builder *out = &call->out;
	u32 room = min_t(u32, a->max, DSMB_DIR_ROOM), status;
	struct dsmb_open_rare *rare;
	struct dsmb_dir_res *r = res;
	struct ditto_node *node;

	if (!q.open->inst || !ditto_instance_is_dir(q.open->inst))
		return STATUS_INVALID_PARAMETER;
	if (!(q.open->rights & DITTO_RIGHT_READ_DATA))
		return STATUS_ACCESS_DENIED;
	if (a->max > dsmb_io_max(call->conn) ||
	    !dsmb_charge_covers(call, max(a->max, a->pattern.size)))
		return STATUS_INVALID_PARAMETER;
	if (!q.level || (q.level->posix && !call->conn->posix))
		return STATUS_INVALID_INFO_CLASS;
	if (a->max < q.level->least)
		return STATUS_INFO_LENGTH_MISMATCH;

	rare = dsmb_open_rare(q.open);
	if (!rare || dsmb_reply_reserve(call, DSMB_DIR_HEAD + room))
		return STATUS_INSUFFICIENT_RESOURCES;
	status = dsmb_open_begin(call, q.open, &node);
	if (status)
		return status;
	q.out = dsmb_builder(out->data + DSMB_DIR_HEAD, min(room, out->size - DSMB_DIR_HEAD));
	q.hide = dsmb_share_hides_unreadable(call->op.share);
	mutex_lock(&rare->lock);
	status = dsmb_dir_run(&q, node, a);
	mutex_unlock(&rare->lock);
	dsmb_open_end(call, q.open);
	kfree(q.shorts);
	r->len = q.out.len;
	return status;
}

/* The entries are there already, behind the bytes that are written here. */
static void dsmb_dir_encode_reply(struct dsmb_call *call, u32 status, const void *res)
{
	const struct dsmb_dir_res *r = res;
	struct dsmb_builder *out = &call->out;

	/*
	 * STATUS_NO_MORE_FILES is a warning, but gets an error response (MS-SMB2 section 2.2.2).
	 */
	if (status && status != STATUS_BUFFER_OVERFLOW)
		return;
	dsmb_encode_u16(out, 9);
	dsmb_encode_u16(out, DSMB_OUT_HEADER + DSMB_DIR_HEAD);
	dsmb_encode_u32(out, r->len);
	dsmb_room(out, r->len);
}

const struct dsmb_command dsmb_command_query_directory = {
	.name = "query_directory",
	.structure_size = 33,
	.flags = DSMB_ON_DISK | DSMB_NEEDS_OPEN | DSMB_LARGE_ANSWER,
	.file_id = DSMB_BODY(8),
	.args_size = sizeof(struct dsmb_dir_args),
	.res_size = sizeof(struct dsmb_dir_res),
	.decode = dsmb_dir_decode,
	.exec = dsmb_dir_exec,
	.encode = dsmb_dir_encode_reply,
};
