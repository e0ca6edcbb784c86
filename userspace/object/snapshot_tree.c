// SPDX-License-Identifier: GPL-2.0-only
/* Trees of snapshots in files. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "number.h"
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
	if (t->file) {
		snapshot_tree_begin(t->file, 0);
		t->size = (u64)ftello(t->file);
	} else {
		why_not(why, "%s: %s", path, strerror(errno));
	}
	free(path);
	return t->file;
}

/* Keep the cause, for what is called later has others. */
static void tree_note_error(struct snapshot_tree *t)
{
	if (!t->error && ferror(t->file))
		t->error = errno ?: EIO;
}

void snapshot_tree_add(struct snapshot_tree *t, const struct snapshot_entry *e)
{
	size_t len = snapshot_entry_write(t->file, e);

	if (!len && !t->too_long)
		t->too_long = mem_string(*e->path ? e->path : ".");
	t->n += len > 0;
	t->size += len;
	tree_note_error(t);
}

void snapshot_tree_receive(struct snapshot_tree *t)
{
	rewind(t->file);
	t->size = 0;
}

void snapshot_tree_add_bytes(struct snapshot_tree *t, const u8 *bytes, size_t len)
{
	fwrite(bytes, 1, len, t->file);
	t->size += len;
	tree_note_error(t);
}

/* The number of entries is known now. Returns 0, or an errno if some of the tree is not there. */
static int tree_finish(struct snapshot_tree *t)
{
	struct stat st;

	/* rewind() would forget that a write has failed. */
	if (t->error)
		return t->error;
	if (fflush(t->file) || fseeko(t->file, 0, SEEK_SET))
		return errno;
	snapshot_tree_begin(t->file, t->n);
	if (fflush(t->file) || fstat(fileno(t->file), &st))
		return errno;
	return (u64)st.st_size == t->size ? 0 : EIO;
}

bool snapshot_tree_end(struct snapshot_tree *t, struct why *why)
{
	int error = t->too_long ? E2BIG : tree_finish(t);

	if (!error)
		return true;
	if (t->too_long)
		why_not(why, "%.500s: its entry of the tree is too long", t->too_long);
	else
		why_not(why, "the tree, which is in $SQLITE_TMPDIR or /var/tmp: %s",
			strerror(error));
	snapshot_tree_free(t);
	return false;
}

void snapshot_tree_free(struct snapshot_tree *t)
{
	if (t->file)
		fclose(t->file);
	free(t->too_long);
	memset(t, 0, sizeof(*t));
}

void snapshot_reader_begin(struct snapshot_reader *r, const struct snapshot_tree *t)
{
	memset(r, 0, sizeof(*r));
	r->tree = t;
	why_not(&r->why, "it ends early");
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
	if (n < 0)
		why_not(&r->why, "%s", strerror(errno));
	if (n <= 0)
		return false;
	r->len += (size_t)n;
	r->at += (u64)n;
	return true;
}

struct snapshot_entry *snapshot_reader_next(struct snapshot_reader *r)
{
	bool more = true;
	size_t n = 0;

	if (r->failed || r->scan.n == r->tree->n)
		return NULL;
	if (!r->at) {
		more = reader_fill(r);
		if (more)
			r->pos = snapshot_scan_begin(&r->scan, r->bytes, r->len, &r->why);
		more = r->pos;
	}
	while (more && snapshot_scan_waits(r->bytes + r->pos, r->len - r->pos))
		more = reader_fill(r);
	if (more)
		n = snapshot_scan_next(&r->scan, &r->e, r->bytes + r->pos, r->len - r->pos,
				       &r->why);
	if (!n) {
		r->failed = true;
		return NULL;
	}
	r->place = r->at - r->len + r->pos;
	r->pos += n;
	return &r->e;
}

bool snapshot_reader_end(struct snapshot_reader *r, struct why *why)
{
	bool good = !r->failed;

	if (!good)
		why_not(why, "the file of a snapshot cannot be read: %.900s", r->why.text);
	free(r->bytes);
	memset(r, 0, sizeof(*r));
	return good;
}

bool snapshot_tree_read(const struct snapshot_tree *t, u64 place, struct snapshot_entry *e)
{
	struct snapshot_entry got;
	bool good = false;
	u8 head[4], *bytes;
	size_t len;

	if (pread(fileno(t->file), head, sizeof(head), (off_t)place) != (ssize_t)sizeof(head))
		return false;
	len = number_get(head, sizeof(head));
	if (len > SNAPSHOT_ENTRY_MAX)
		return false;
	bytes = mem_new(len + 1);
	if (pread(fileno(t->file), bytes, len, (off_t)place) == (ssize_t)len)
		good = snapshot_entry_decode(&got, bytes, len);
	if (good)
		snapshot_entry_copy(e, &got);
	free(bytes);
	return good;
}
