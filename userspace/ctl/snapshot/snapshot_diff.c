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
 * @tree: the tree of a snapshot, or of the share as it is now
 * @now: it is the latter
 * @reader: reads the tree
 * @e: the present entry, or NULL behind the last one
 */
struct side {
	struct snapshot_tree tree;
	bool now;
	struct snapshot_reader reader;
	struct snapshot_entry *e;
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

	return !snapshot_open(ctl, text, &s, &side->tree);
}

static bool side_look(struct ctl *ctl, struct side *side, const char *text)
{
	struct snapshot_share share;
	struct snapshot_walk w;
	char name[OFFLOAD_CTL_SHARE_SIZE];
	const char *slash = strrchr(text, '/');

	snprintf(name, sizeof(name), "%.*s", slash ? (int)(slash - text) : 0, text);
	if (!snapshot_share_get(ctl, name, &share) || !snapshot_walk(ctl, &share, &w))
		return false;
	side->now = true;
	side->tree = w.tree;
	return !w.problems;
}

static void side_next(struct side *side)
{
	side->e = snapshot_reader_next(&side->reader);
	/* Its content is here. */
	if (side->e && side->now)
		side->e->flags = 0;
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

/* Returns false after a message. */
static bool diff_run(struct diff *d)
{
	struct side *a = &d->a, *b = &d->b;
	struct why why;
	bool good;
	int order;

	snapshot_reader_begin(&a->reader, &a->tree);
	snapshot_reader_begin(&b->reader, &b->tree);
	side_next(a);
	side_next(b);
	while ((a->e || b->e) && !a->reader.failed && !b->reader.failed) {
		if (!a->e)
			order = 1;
		else if (!b->e)
			order = -1;
		else
			order = snapshot_path_compare(a->e->path, b->e->path);
		if (order < 0)
			diff_tell(d, "removed", a->e);
		else if (order > 0)
			diff_tell(d, "added", b->e);
		else
			diff_both(d, a->e, b->e);
		if (order <= 0)
			side_next(a);
		if (order >= 0)
			side_next(b);
	}
	good = snapshot_reader_end(&a->reader, &why);
	good = snapshot_reader_end(&b->reader, &why) && good;
	if (!good)
		snapshot_problem(d->ctl, "diff", "%s", why.text);
	return good;
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
		good = diff_run(&d);
		if (ctl->json) {
			json_close(stdout, ']');
			json_end(stdout);
		}
	}
	snapshot_tree_free(&d.a.tree);
	snapshot_tree_free(&d.b.tree);
	return good ? CTL_OK : CTL_REFUSED;
}
