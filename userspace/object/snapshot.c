// SPDX-License-Identifier: GPL-2.0-only
/* Heads and trees of snapshots. */

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cookie.h"
#include "mem.h"
#include "number.h"
#include "record.h"
#include "snapshot.h"

#define VERSION		1
#define HEAD		56
#define TREE		24
#define ENTRY		112
#define XATTR		8
/* Places of the fields of an entry that follow the numbers. */
#define AT_TIMES	56
#define AT_LENGTHS	104
#define TIME		12

static const char head_magic[8] = "DITTOSNP";
static const char tree_magic[8] = "DITTOTRE";

bool snapshot_name_is_good(const char *name)
{
	static const char good[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:@+";

	return name[0] && name[0] != '.' && name[0] != '-' &&
	       strlen(name) <= SNAPSHOT_NAME_MAX && !name[strspn(name, good)];
}

size_t snapshot_head_encode(const struct snapshot_head *h, u8 out[SNAPSHOT_HEAD_MAX])
{
	size_t share = strlen(h->share), name = strlen(h->name);

	memcpy(out, head_magic, sizeof(head_magic));
	number_put(out + 8, 2, VERSION);
	number_put(out + 10, 2, h->cookie_len);
	number_put(out + 12, 2, share);
	number_put(out + 14, 2, name);
	number_put(out + 16, 8, h->time);
	number_put(out + 24, 8, h->tree_size);
	number_put(out + 32, 8, h->entries);
	number_put(out + 40, 8, h->bytes);
	number_put(out + 48, 8, h->lost);
	memcpy(out + HEAD, h->cookie, h->cookie_len);
	memcpy(out + HEAD + h->cookie_len, h->share, share);
	memcpy(out + HEAD + h->cookie_len + share, h->name, name);
	return HEAD + h->cookie_len + share + name;
}

bool snapshot_head_decode(struct snapshot_head *h, const u8 *in, size_t len, struct why *why)
{
	struct cookie cookie;
	size_t share, name;

	memset(h, 0, sizeof(*h));
	if (len < HEAD || memcmp(in, head_magic, sizeof(head_magic)))
		return why_not(why, "this is no snapshot");
	if (number_get(in + 8, 2) != VERSION)
		return why_not(why, "the snapshot is of a later version");
	h->cookie_len = number_get(in + 10, 2);
	share = number_get(in + 12, 2);
	name = number_get(in + 14, 2);
	h->time = number_get(in + 16, 8);
	h->tree_size = number_get(in + 24, 8);
	h->entries = number_get(in + 32, 8);
	h->bytes = number_get(in + 40, 8);
	h->lost = number_get(in + 48, 8);
	if (!h->cookie_len || h->cookie_len > OFFLOAD_COOKIE_MAX ||
	    !share || share > SNAPSHOT_SHARE_MAX ||
	    name > SNAPSHOT_NAME_MAX || len != HEAD + h->cookie_len + share + name ||
	    h->tree_size < TREE || h->tree_size > SNAPSHOT_TREE_MAX ||
	    memchr(in + HEAD, 0, len - HEAD) || !cookie_decode(&cookie, in + HEAD, h->cookie_len))
		return why_not(why, "the snapshot is damaged");
	memcpy(h->cookie, in + HEAD, h->cookie_len);
	memcpy(h->share, in + HEAD + h->cookie_len, share);
	memcpy(h->name, in + HEAD + h->cookie_len + share, name);
	return snapshot_name_is_good(h->name) || why_not(why, "the snapshot has an invalid name");
}

static void *bytes_copy(const void *bytes, size_t len)
{
	void *copy = mem_new(len + 1);

	if (len)
		memcpy(copy, bytes, len);
	return copy;
}

void snapshot_entry_copy(struct snapshot_entry *to, const struct snapshot_entry *from)
{
	*to = *from;
	to->path = mem_string(from->path);
	to->target = mem_string(from->target);
	to->cookie = bytes_copy(from->cookie, from->cookie_len);
	to->xattrs = bytes_copy(from->xattrs, from->xattrs_len);
}

void snapshot_entry_free(struct snapshot_entry *e)
{
	free((void *)e->path);
	free((void *)e->target);
	free((void *)e->cookie);
	free((void *)e->xattrs);
	memset(e, 0, sizeof(*e));
}

bool snapshot_xattr_add(struct snapshot_entry *e, u8 **buf, const char *name, const void *value,
			size_t len)
{
	size_t name_len = strlen(name);
	u8 *at;

	if (e->xattrs_len + XATTR + name_len + 1 + len > SNAPSHOT_ENTRY_MAX / 2 ||
	    e->n_xattrs == UINT16_MAX)
		return false;
	*buf = realloc(*buf, e->xattrs_len + XATTR + name_len + 1 + len);
	if (!*buf)
		mem_out();
	at = *buf + e->xattrs_len;
	number_put(at, 4, name_len);
	number_put(at + 4, 4, len);
	memcpy(at + XATTR, name, name_len + 1);
	if (len)
		memcpy(at + XATTR + name_len + 1, value, len);
	e->xattrs_len += (u32)(XATTR + name_len + 1 + len);
	e->xattrs = *buf;
	e->n_xattrs++;
	return true;
}

bool snapshot_xattr_next(const struct snapshot_entry *e, u32 *at, struct snapshot_xattr *x)
{
	u64 left = e->xattrs_len - *at, name, len;
	const u8 *in = e->xattrs + *at;

	if (left < XATTR)
		return false;
	name = number_get(in, 4);
	len = number_get(in + 4, 4);
	if (name + len + 1 > left - XATTR || !name || in[XATTR + name] ||
	    memchr(in + XATTR, 0, name))
		return false;
	x->name = (const char *)in + XATTR;
	x->value = in + XATTR + name + 1;
	x->len = (u32)len;
	*at += (u32)(XATTR + name + 1 + len);
	return true;
}

bool snapshot_time_is_same(const struct snapshot_entry *a, const struct snapshot_entry *b,
			   enum snapshot_time_kind kind)
{
	return a->time[kind].sec == b->time[kind].sec && a->time[kind].nsec == b->time[kind].nsec;
}

int snapshot_path_compare(const char *a, const char *b)
{
	int x, y;

	while (*a && *a == *b) {
		a++;
		b++;
	}
	/* The end of a name comes before all other bytes, and the end of a path before that. */
	x = *a == '/' ? 1 : *a ? 1 + (u8)*a : 0;
	y = *b == '/' ? 1 : *b ? 1 + (u8)*b : 0;
	return x - y;
}

bool snapshot_path_is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !len || (!strncmp(path, folder, len) && (!path[len] || path[len] == '/'));
}

void snapshot_tree_begin(FILE *out, u64 n)
{
	u8 head[TREE] = "";

	memcpy(head, tree_magic, sizeof(tree_magic));
	number_put(head + 8, 2, VERSION);
	number_put(head + 10, 2, ENTRY);
	number_put(head + 16, 8, n);
	fwrite(head, sizeof(head), 1, out);
}

size_t snapshot_entry_write(FILE *out, const struct snapshot_entry *e)
{
	size_t path = strlen(e->path), target = strlen(e->target);
	u64 len = ENTRY + path + 1 + target + 1 + e->cookie_len + e->xattrs_len;
	u8 fixed[ENTRY] = "";
	int i;

	if (path > SNAPSHOT_PATH_MAX || target > SNAPSHOT_PATH_MAX || len > SNAPSHOT_ENTRY_MAX)
		return 0;
	number_put(fixed, 4, len);
	number_put(fixed + 4, 4, e->mode);
	number_put(fixed + 8, 4, e->uid);
	number_put(fixed + 12, 4, e->gid);
	number_put(fixed + 16, 8, e->size);
	number_put(fixed + 24, 8, e->inode);
	number_put(fixed + 32, 4, e->generation);
	number_put(fixed + 36, 4, e->flags);
	number_put(fixed + 40, 4, e->major);
	number_put(fixed + 44, 4, e->minor);
	number_put(fixed + 48, 8, e->change);
	for (i = 0; i < SNAPSHOT_TIMES; i++) {
		number_put(fixed + AT_TIMES + TIME * i, 8, (u64)e->time[i].sec);
		number_put(fixed + AT_TIMES + TIME * i + 8, 4, e->time[i].nsec);
	}
	number_put(fixed + AT_LENGTHS, 2, path);
	number_put(fixed + AT_LENGTHS + 2, 2, target);
	number_put(fixed + AT_LENGTHS + 4, 2, e->cookie_len);
	number_put(fixed + AT_LENGTHS + 6, 2, e->n_xattrs);
	fwrite(fixed, sizeof(fixed), 1, out);
	fwrite(e->path, path + 1, 1, out);
	fwrite(e->target, target + 1, 1, out);
	fwrite(e->cookie, 1, e->cookie_len, out);
	fwrite(e->xattrs, 1, e->xattrs_len, out);
	return len;
}

bool snapshot_xattr_is_kept(const char *name)
{
	return strcmp(name, OFFLOAD_RECORD_XATTR) != 0 &&
	       strcmp(name, OFFLOAD_STORED_XATTR) != 0;
}

/* No empty component, "." or "..": the path stays below the root. */
static bool path_is_good(const char *path, size_t len)
{
	const char *at, *end;

	if (strlen(path) != len || len > SNAPSHOT_PATH_MAX)
		return false;
	for (at = path; len; at = end + 1) {
		end = strchrnul(at, '/');
		if (end == at || (end == at + 1 && at[0] == '.') ||
		    (end == at + 2 && at[0] == '.' && at[1] == '.'))
			return false;
		if (!*end)
			break;
	}
	return true;
}

static bool entry_is_good(const struct snapshot_entry *e, size_t path, size_t target)
{
	struct snapshot_xattr x;
	struct cookie cookie;
	u32 at = 0, n = 0;
	int i;

	for (i = 0; i < SNAPSHOT_TIMES; i++)
		if (e->time[i].nsec >= 1000000000)
			return false;
	while (snapshot_xattr_next(e, &at, &x)) {
		if (!snapshot_xattr_is_kept(x.name))
			return false;
		n++;
	}
	if (at != e->xattrs_len || n != e->n_xattrs || e->flags & ~SNAPSHOT_LOST)
		return false;
	if (!path_is_good(e->path, path) || strlen(e->target) != target ||
	    target > SNAPSHOT_PATH_MAX || !S_ISLNK(e->mode) != !target)
		return false;
	if (!S_ISREG(e->mode))
		return !e->cookie_len && !e->flags;
	return e->size <= INT64_MAX && e->cookie_len <= OFFLOAD_COOKIE_MAX &&
	       !e->cookie_len == (!e->size || e->flags) &&
	       (!e->cookie_len || cookie_decode(&cookie, e->cookie, e->cookie_len));
}

size_t snapshot_entry_decode(struct snapshot_entry *e, const u8 *in, u64 left)
{
	size_t path, target, len, texts;
	int i;

	if (left < ENTRY)
		return 0;
	len = number_get(in, 4);
	path = number_get(in + AT_LENGTHS, 2);
	target = number_get(in + AT_LENGTHS + 2, 2);
	e->cookie_len = (u32)number_get(in + AT_LENGTHS + 4, 2);
	texts = ENTRY + path + 1 + target + 1;
	if (len > left || len > SNAPSHOT_ENTRY_MAX || len < texts + e->cookie_len ||
	    in[ENTRY + path] || in[texts - 1])
		return 0;
	e->mode = (u32)number_get(in + 4, 4);
	e->uid = (u32)number_get(in + 8, 4);
	e->gid = (u32)number_get(in + 12, 4);
	e->size = number_get(in + 16, 8);
	e->inode = number_get(in + 24, 8);
	e->generation = (u32)number_get(in + 32, 4);
	e->flags = (u32)number_get(in + 36, 4);
	e->major = (u32)number_get(in + 40, 4);
	e->minor = (u32)number_get(in + 44, 4);
	e->change = number_get(in + 48, 8);
	for (i = 0; i < SNAPSHOT_TIMES; i++) {
		e->time[i].sec = (s64)number_get(in + AT_TIMES + TIME * i, 8);
		e->time[i].nsec = (u32)number_get(in + AT_TIMES + TIME * i + 8, 4);
	}
	e->path = (const char *)in + ENTRY;
	e->target = (const char *)in + ENTRY + path + 1;
	e->cookie = in + texts;
	e->xattrs = e->cookie + e->cookie_len;
	e->xattrs_len = (u32)(len - texts - e->cookie_len);
	e->n_xattrs = (u32)number_get(in + AT_LENGTHS + 6, 2);
	return entry_is_good(e, path, target) ? len : 0;
}

/* The entry before @e is its directory, or below that: so all directories are entries. */
static bool entry_has_place(const struct snapshot_entry *e, const struct snapshot_scan *c)
{
	const char *slash = strrchr(e->path, '/');
	size_t len = slash ? (size_t)(slash - e->path) : 0;

	if (!c->n)
		return !e->path[0] && S_ISDIR(e->mode);
	if (snapshot_path_compare(c->path, e->path) >= 0)
		return false;
	return !len || (!strncmp(c->path, e->path, len) &&
			(c->path[len] == '/' || (!c->path[len] && c->folder)));
}

size_t snapshot_scan_begin(struct snapshot_scan *c, const u8 *bytes, size_t len, struct why *why)
{
	memset(c, 0, sizeof(*c));
	if (len < TREE || memcmp(bytes, tree_magic, sizeof(tree_magic)) ||
	    number_get(bytes + 8, 2) != VERSION || number_get(bytes + 10, 2) != ENTRY ||
	    number_get(bytes + 12, 4)) {
		why_not(why, "the tree of the snapshot is damaged, or of a later version");
		return 0;
	}
	c->count = number_get(bytes + 16, 8);
	return TREE;
}

bool snapshot_scan_waits(const u8 *bytes, size_t len)
{
	u64 entry = len < 4 ? 0 : number_get(bytes, 4);

	return len < 4 || (entry > len && entry <= SNAPSHOT_ENTRY_MAX);
}

size_t snapshot_scan_next(struct snapshot_scan *c, struct snapshot_entry *e, const u8 *bytes,
			  size_t len, struct why *why)
{
	size_t n = c->n < c->count ? snapshot_entry_decode(e, bytes, len) : 0;

	if (!n || !entry_has_place(e, c)) {
		why_not(why, "entry %llu of the tree of the snapshot is invalid",
			(unsigned long long)c->n);
		return 0;
	}
	snprintf(c->path, sizeof(c->path), "%s", e->path);
	c->folder = S_ISDIR(e->mode);
	c->n++;
	return n;
}

bool snapshot_scan_end(const struct snapshot_scan *c, size_t left, struct why *why)
{
	return (c->n && c->n == c->count && !left) ||
	       why_not(why, "the tree of the snapshot has another length");
}
