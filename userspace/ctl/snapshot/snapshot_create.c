// SPDX-License-Identifier: GPL-2.0-only
/*
 * Snapshots of shares are made: uploads what the stores do not have, but releases nothing.
 *
 * Order: all content, then the tree, then the head is in the store. From before the first look at
 * the store until then no objects are deleted: the lock of uploads is held.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "common/offload_schedule.h"
#include "ctl/ctl.h"
#include "fault.h"
#include "ctl/offload/filesystem.h"
#include "ctl/offload/orders.h"
#include "snapshot_create.h"
#include "snapshot_restore.h"
#include "ctl/out.h"

/* The schedule makes no snapshot of less than such a part of the entries, and of the bytes. */
#define PART_ENTRIES	4
#define PART_BYTES	16

#define SECOND_PAUSE_US	20000

/* Write the tree into a file. Returns false after a message. */
static bool create_tree(struct create *c)
{
	struct why why;

	if (!snapshot_tree_new(&c->tree, &why) || !create_files(c, &why) ||
	    !snapshot_tree_end(&c->tree, &why)) {
		snapshot_problem(c->ctl, c->share.name, "%s", why.text);
		return false;
	}
	c->s.head.entries = c->tree.n;
	c->s.head.tree_size = c->tree.size;
	/* Nobody would read it, and garbage stays while a snapshot cannot be read. */
	if (c->s.head.tree_size <= SNAPSHOT_TREE_MAX)
		return true;
	snapshot_problem(c->ctl, c->share.name, "the tree has more than 4 GiB");
	return false;
}

/* Send a request with a file, and wait for its last answer. */
static bool create_call(struct create *c, u32 type, int file, union offload_ctl_answer *answer,
			int *got)
{
	struct offload_ctl_request request = { .type = type };
	struct why why;

	snprintf(request.store, sizeof(request.store), "%s", c->s.store);
	snprintf(request.share, sizeof(request.share), "%s", c->share.name);
	snprintf(request.path, sizeof(request.path), "snapshot %s", c->s.head.name);
	if (offload_call(&request, file, answer, got, &why))
		return true;
	snapshot_problem(c->ctl, c->share.name, "%s", why.text);
	return false;
}

static bool create_store_tree(struct create *c)
{
	union offload_ctl_answer a;

	fault_point("snapshot-tree");
	if (!create_call(c, OFFLOAD_CTL_PUSH, fileno(c->tree.file), &a, NULL) ||
	    a.type != OFFLOAD_CTL_DONE)
		return false;
	fault_point("snapshot-tree-sent");
	c->uploaded += a.push.uploaded;
	c->requests += a.push.requests;
	snprintf(c->s.store, sizeof(c->s.store), "%s", a.push.store);
	c->s.head.cookie_len = a.push.cookie_len;
	memcpy(c->s.head.cookie, a.push.cookie, a.push.cookie_len);
	return true;
}

/* gc looks at the files of a store that has data only if it names their file systems. */
static bool create_register(struct create *c)
{
	struct registrar r = { .n_fs = 0 };
	struct why why;
	bool good = registrar_register_path(&r, c->share.path, c->s.store, &why);

	if (!good)
		snapshot_problem(c->ctl, c->share.path, "%s", why.text);
	registrar_free(&r);
	return good;
}

static bool create_store_head(struct create *c)
{
	u8 head[SNAPSHOT_HEAD_MAX], *name;
	size_t len = snapshot_head_encode(&c->s.head, head), name_len = 0;
	int fd = memfd_create("head", MFD_CLOEXEC), got = -1;
	union offload_ctl_answer a;
	bool good = fd >= 0 && write(fd, head, len) == (ssize_t)len;

	good = good && snapshot_note_head(c->ctl, &c->s, fd);
	fault_point("snapshot-noted");
	good = good && create_call(c, OFFLOAD_CTL_KEEP, fd, &a, &got) &&
	       a.type == OFFLOAD_CTL_OBJECT;
	if (good) {
		c->requests += a.object.requests;
		name = offload_file_read(got, &name_len);
		snprintf(c->s.object, sizeof(c->s.object), "%s", name ? (char *)name : "");
		free(name);
	}
	if (got >= 0)
		close(got);
	if (fd >= 0)
		close(fd);
	return good;
}

static void create_print(const struct create *c)
{
	char bytes[OUT_VALUE_MAX], sent[OUT_VALUE_MAX], known[OUT_VALUE_MAX], time[OUT_VALUE_MAX];
	const struct snapshot_head *h = &c->s.head;

	if (!c->ctl->json) {
		printf("%s/%s: %llu entries, %s, in %s; %llu failed\n", h->share, h->name,
		       (unsigned long long)h->entries, bytes_text((double)h->bytes, bytes),
		       duration_text(clock_ms() - c->start, time), (unsigned long long)c->failed);
		printf("%llu files uploaded, %s sent in %llu requests, %s were there already\n",
		       (unsigned long long)c->uploads, bytes_text((double)c->uploaded, sent),
		       (unsigned long long)c->requests,
		       bytes_text((double)c->deduplicated, known));
		return;
	}
	json_open(stdout, NULL, '{');
	json_string(stdout, "share", h->share);
	json_string(stdout, "name", h->name);
	json_string(stdout, "store", c->s.store);
	json_string(stdout, "object", c->s.object);
	json_number(stdout, "time", h->time);
	json_number(stdout, "entries", h->entries);
	json_number(stdout, "bytes", h->bytes);
	json_number(stdout, "lost", h->lost);
	json_number(stdout, "failed", c->failed);
	json_number(stdout, "uploads", c->uploads);
	json_number(stdout, "uploaded", c->uploaded);
	json_number(stdout, "deduplicated", c->deduplicated);
	json_number(stdout, "requests", c->requests);
	json_number(stdout, "milliseconds", clock_ms() - c->start);
	json_close(stdout, '}');
	json_end(stdout);
}

/*
 * Find the last snapshot of the share. Returns false after a message: if there is one with that
 * name, or if one of the schedule cannot be compared with it for now.
 */
static bool create_find_last(struct create *c)
{
	const struct snapshot *last = NULL;
	struct snapshots all;
	struct why why;
	bool good = true;
	int error = 0;
	size_t i;

	snapshots_load(c->ctl, &all);
	for (i = 0; i < all.n; i++) {
		if (strcmp(all.list[i].head.share, c->share.name))
			continue;
		if (all.list[i].head.time <= c->s.head.time)
			last = &all.list[i];
		good = good && strcmp(all.list[i].head.name, c->s.head.name);
	}
	if (!good)
		snapshot_problem(c->ctl, c->s.head.name, "there is a snapshot with this name");
	else if (all.problems)
		good = false;
	if (last)
		c->before = *last;
	if (good && last)
		error = snapshot_load_tree(last, &c->last, &why);
	if (error)
		snapshot_problem(c->ctl, last->head.name, "%s", why.text);
	snapshots_free(&all);
	/* Without it, more is read, and whether the share is the same one is not known. */
	return good && (!error || !c->automatic || error == -ENODATA || error == -EBADMSG);
}

/*
 * Whether the last snapshot has the same root: roots of file systems often have the same inode
 * number, but were not made at the same time. The root of an adopted share is marked.
 */
static bool create_has_same_root(struct create *c)
{
	struct snapshot_reader now, before;
	bool same = getxattr(c->share.path, RESTORED_XATTR, NULL, 0) > 0, good;
	const struct snapshot_entry *a, *b;
	struct why why;

	if (!c->last.n || !c->walk.tree.n || same)
		return true;
	snapshot_reader_begin(&now, &c->walk.tree);
	snapshot_reader_begin(&before, &c->last);
	a = snapshot_reader_next(&now);
	b = snapshot_reader_next(&before);
	same = a && b && a->inode == b->inode && snapshot_time_is_same(a, b, SNAPSHOT_CREATED);
	good = snapshot_reader_end(&now, &why);
	good = snapshot_reader_end(&before, &why) && good;
	if (same)
		return true;
	if (!good) {
		snapshot_problem(c->ctl, c->share.name, "%s", why.text);
		return false;
	}
	snapshot_problem(c->ctl, c->share.name,
			 "%s is another directory or file system than in its last snapshot. If one is not mounted, mount it; if the disk is new: dittoctl offload adopt; if it is meant: dittoctl offload snapshot create %s",
			 c->share.path, c->share.name);
	return false;
}

/* Almost nothing is left: the root only, or small parts of what there was. */
static bool create_has_less(const struct create *c)
{
	const struct snapshot_head *h = &c->before.head;
	u64 n = c->walk.tree.n;

	return n < h->entries / PART_ENTRIES + (h->entries % PART_ENTRIES != 0) ||
	       (n <= 1 && h->entries > 1) || c->walk.bytes < h->bytes / PART_BYTES;
}

/*
 * So much less than before is rather a share that is not what it was, such as the empty disk of a
 * new server, than the wish of its users: its snapshots must not displace the good ones.
 */
static bool create_is_meant(struct create *c)
{
	char bytes[OUT_VALUE_MAX], before[OUT_VALUE_MAX];

	if (!c->before.head.entries)
		return true;
	if (!create_has_same_root(c))
		return false;
	if (!create_has_less(c))
		return true;
	snapshot_problem(c->ctl, c->share.name,
			 "it has %llu entries with %s, and had %llu with %s in its last snapshot. If the disk is new: dittoctl offload adopt; if so much was removed: dittoctl offload snapshot create %s",
			 (unsigned long long)c->walk.tree.n,
			 bytes_text((double)c->walk.bytes, bytes),
			 (unsigned long long)c->before.head.entries,
			 bytes_text((double)c->before.head.bytes, before), c->share.name);
	return false;
}

static bool create_run(struct create *c)
{
	bool good;

	if (!create_find_last(c))
		return false;
	c->root = snapshot_root_open(c->share.path);
	if (c->root < 0) {
		snapshot_problem(c->ctl, c->share.path, "%s", strerror(errno));
		return false;
	}
	good = snapshot_walk(c->ctl, &c->share, &c->walk);
	c->failed = c->walk.problems;
	/* A directory that cannot be read would seem to be empty. */
	c->s.head.lost = c->walk.problems;
	good = good && (!c->automatic || create_is_meant(c)) && create_tree(c);
	close(c->root);
	return good && create_store_tree(c) && create_register(c) && create_store_head(c);
}

bool snapshot_make(struct ctl *ctl, const struct snapshot_share *share, const char *name,
		   const struct offload_schedule *schedule, u64 *failed,
		   u64 *changing)
{
	struct create c = { .ctl = ctl, .share = *share, .start = clock_ms() };
	char text[32];
	bool good;
	int lock;

	lock = snapshot_lock();
	if (lock < 0) {
		snapshot_problem(ctl, share->name, "no lock: %s", strerror(-lock));
		return false;
	}
	c.automatic = schedule;
	c.stubs_only = schedule && schedule->stubs_only;
	c.s.head.time = (u64)time(NULL);
	snprintf(c.s.head.share, sizeof(c.s.head.share), "%s", share->name);
	snapshot_time_text(c.s.head.time, text);
	if (schedule)
		snapshot_auto_name(&c.s.head);
	else
		snprintf(c.s.head.name, sizeof(c.s.head.name), "%s", name ?: text);
	good = create_run(&c);
	if (good)
		create_print(&c);
	*failed = c.failed;
	*changing = c.changing;
	snapshot_tree_free(&c.walk.tree);
	snapshot_tree_free(&c.last);
	snapshot_tree_free(&c.tree);
	/* Seconds tell snapshots apart, and which is newer, so the next one has another. */
	while (good && (u64)time(NULL) == c.s.head.time)
		usleep(SECOND_PAUSE_US);
	close(lock);
	return good;
}
