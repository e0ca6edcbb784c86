// SPDX-License-Identifier: GPL-2.0-only
/* Trees of snapshots in files. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "snapshot_tree.h"

/* Bytes that are read together. */
#define PIECE	(256U << 10)

bool snapshot_tree_new(struct snapshot_tree *t, struct why *why)
{
	char *path = mem_print("%s/ditto-tree.XXXXXX", getenv("SQLITE_TMPDIR") ?: "/var/tmp");
	int fd = mkostemp(path, O_CLOEXEC);

	memset(t, 0, sizeof(*t));
	if (fd >= 0) {
		unlink(path);
		t->file = fdopen(fd, "w+");
	}
	if (t->file)
		snapshot_tree_begin(t->file, 0);
	else
		why_not(why, "%s: %s", path, strerror(errno));
	free(path);
	return t->file;
}

void snapshot_tree_add(struct snapshot_tree *t, const struct snapshot_entry *e)
{
	if (snapshot_entry_write(t->file, e))
		t->n++;
	else
		t->lacks = true;
}

bool snapshot_tree_end(struct snapshot_tree *t, struct why *why)
{
	rewind(t->file);
	snapshot_tree_begin(t->file, t->n);
	if (!fflush(t->file) && !ferror(t->file) && !t->lacks)
		return true;
	if (t->lacks)
		why_not(why, "an entry of the tree is too long");
	else
		why_not(why, "the tree, which is in $SQLITE_TMPDIR or /var/tmp: %s",
			strerror(errno));
	snapshot_tree_free(t);
	return false;
}

void snapshot_tree_free(struct snapshot_tree *t)
{
	if (t->file)
		fclose(t->file);
	memset(t, 0, sizeof(*t));
}

void snapshot_reader_begin(struct snapshot_reader *r, const struct snapshot_tree *t)
{
	memset(r, 0, sizeof(*r));
	r->tree = t;
	/* What is not used of it takes no memory. */
	r->bytes = malloc(PIECE + SNAPSHOT_ENTRY_MAX);
	if (!r->bytes)
		mem_out();
}

/* Read more, behind what is not decoded yet. Returns false if there is no more. */
static bool reader_fill(struct snapshot_reader *r)
{
	ssize_t n;

	r->len -= r->pos;
	memmove(r->bytes, r->bytes + r->pos, r->len);
	r->pos = 0;
	n = pread(fileno(r->tree->file), r->bytes + r->len, PIECE, (off_t)r->at);
	if (n <= 0)
		return false;
	r->len += (size_t)n;
	r->at += (u64)n;
	return true;
}

struct snapshot_entry *snapshot_reader_next(struct snapshot_reader *r)
{
	struct why why = { .text = "it ends early" };
	bool more = true;
	size_t n = 0;

	if (r->scan.n == r->tree->n)
		return NULL;
	if (!r->at) {
		more = reader_fill(r);
		r->pos = snapshot_scan_begin(&r->scan, r->bytes, r->len, &why);
		more = more && r->pos;
	}
	while (more && snapshot_scan_waits(r->bytes + r->pos, r->len - r->pos))
		more = reader_fill(r);
	if (more)
		n = snapshot_scan_next(&r->scan, &r->e, r->bytes + r->pos, r->len - r->pos, &why);
	if (!n) {
		fprintf(stderr, "dittoctl: the file of a snapshot cannot be read: %s\n", why.text);
		exit(1);
	}
	r->pos += n;
	return &r->e;
}

void snapshot_reader_end(struct snapshot_reader *r)
{
	free(r->bytes);
	memset(r, 0, sizeof(*r));
}
