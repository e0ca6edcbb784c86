// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl offload snapshot diff: what is different between two snapshots, or now. */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/ctl.h"
#include "snapshot.h"
#include "ctl/out.h"

/**
 * struct side - one of the two
 * @tree: the tree of a snapshot
 * @walk: the share as it is now, instead
 * @now: it is @walk
 * @entries: the entries of either
 * @n: number of them
 */
struct side {
	struct snapshot_tree tree;
	struct snapshot_walk walk;
	bool now;
	const struct snapshot_entry *entries;
	u64 n;
};

/**
 * struct diff - one run of the command
 * @ctl: this run of the tool
 * @a: the earlier one
 * @b: the later one
 * @count: differences
 */
struct diff {
	struct ctl *ctl;
	struct side a;
	struct side b;
	u64 count;
};

static bool side_open(struct ctl *ctl, struct side *side, const char *text)
{
	struct snapshot s;

	if (snapshot_open(ctl, text, &s, &side->tree))
		return false;
	side->entries = side->tree.entries;
	side->n = side->tree.n;
	return true;
}

static bool side_look(struct ctl *ctl, struct side *side, const char *text)
{
	struct snapshot_share share;
	char name[OFFLOAD_CTL_SHARE_SIZE];
	const char *slash = strrchr(text, '/');

	snprintf(name, sizeof(name), "%.*s", slash ? (int)(slash - text) : 0, text);
	if (!snapshot_share_get(ctl, name, &share))
		return false;
	snapshot_walk(ctl, &share, &side->walk);
	side->now = true;
	side->entries = side->walk.entries;
	side->n = side->walk.n;
	return !side->walk.problems;
}

static void side_close(struct side *side)
{
	snapshot_tree_free(&side->tree);
	snapshot_walk_free(&side->walk);
}

/* Without reading a file that is here now, its time of modification tells. */
static bool diff_content_is_same(const struct diff *d, const struct snapshot_entry *a,
				 const struct snapshot_entry *b)
{
	if ((a->mode ^ b->mode) & S_IFMT || strcmp(a->target, b->target) || a->size != b->size ||
	    a->major != b->major || a->minor != b->minor || a->flags != b->flags)
		return false;
	if (!S_ISREG(a->mode))
		return true;
	if (!d->b.now && a->cookie_len == b->cookie_len &&
	    !(a->cookie_len && memcmp(a->cookie, b->cookie, a->cookie_len)))
		return true;
	return snapshot_time_is_same(a, b, SNAPSHOT_MODIFIED) &&
	       (d->b.now || (a->inode == b->inode && a->generation == b->generation));
}

static bool diff_attributes_are_same(const struct snapshot_entry *a,
				     const struct snapshot_entry *b)
{
	if (a->mode != b->mode || a->uid != b->uid || a->gid != b->gid ||
	    a->xattrs_len != b->xattrs_len)
		return false;
	if (a->xattrs_len && memcmp(a->xattrs, b->xattrs, a->xattrs_len))
		return false;
	return S_ISDIR(a->mode) || snapshot_time_is_same(a, b, SNAPSHOT_MODIFIED);
}

static void diff_tell(struct diff *d, const char *what, const struct snapshot_entry *e)
{
	char *path;

	d->count++;
	if (d->ctl->json) {
		json_open(stdout, NULL, '{');
		json_string(stdout, "path", e->path);
		json_string(stdout, "difference", what);
		json_number(stdout, "size", e->size);
		json_close(stdout, '}');
		return;
	}
	path = text_printable(*e->path ? e->path : ".");
	printf("%-10s %s\n", what, path);
	free(path);
}

static void diff_both(struct diff *d, const struct snapshot_entry *a,
		      const struct snapshot_entry *b)
{
	if (!diff_content_is_same(d, a, b))
		diff_tell(d, "changed", b);
	else if (!diff_attributes_are_same(a, b))
		diff_tell(d, "attributes", b);
}

static void diff_run(struct diff *d)
{
	u64 i = 0, k = 0;
	int order;

	while (i < d->a.n || k < d->b.n) {
		if (i == d->a.n)
			order = 1;
		else if (k == d->b.n)
			order = -1;
		else
			order = snapshot_path_compare(d->a.entries[i].path, d->b.entries[k].path);
		if (order < 0)
			diff_tell(d, "removed", &d->a.entries[i++]);
		else if (order > 0)
			diff_tell(d, "added", &d->b.entries[k++]);
		else
			diff_both(d, &d->a.entries[i++], &d->b.entries[k++]);
	}
}

int snapshot_diff(struct ctl *ctl, char **words)
{
	struct diff d = { .ctl = ctl };
	bool now, good;

	if (!*words)
		return ctl_usage(ctl, "the name of a snapshot, SHARE/NAME, is needed");
	if (words[1] && ctl_no_more(ctl, words + 2))
		return CTL_USAGE;
	now = !words[1] || !strcmp(words[1], "now");
	good = side_open(ctl, &d.a, words[0]) &&
	       (now ? side_look(ctl, &d.b, words[0]) : side_open(ctl, &d.b, words[1]));
	if (good) {
		if (ctl->json)
			json_open(stdout, NULL, '[');
		diff_run(&d);
		if (ctl->json) {
			json_close(stdout, ']');
			json_end(stdout);
		}
	}
	side_close(&d.a);
	side_close(&d.b);
	return good ? CTL_OK : CTL_REFUSED;
}
