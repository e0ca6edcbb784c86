// SPDX-License-Identifier: GPL-2.0-only
/*
 * The content of files for snapshots.
 *
 * A file is as it was at one moment: the kernel says the same about it before and after its upload,
 * otherwise it is uploaded again. The store already has the content of files that are offloaded, or
 * as they were in the last snapshot.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "clock.h"
#include "ctl/ctl.h"
#include "ditto-nl-gen.h"
#include "fault.h"
#include "fd_path.h"
#include "mem.h"
#include "object/record.h"
#include "ctl/offload/mark.h"
#include "snapshot_create.h"
#include "ctl/out.h"

/* Uploads of a file that changes during each. */
#define TRIES		5
/* Milliseconds between two looks at the progress. */
#define SHOW_TIME	250

static void create_show(const struct create *c)
{
	char done[OUT_VALUE_MAX], all[OUT_VALUE_MAX], rate[OUT_VALUE_MAX], left[OUT_VALUE_MAX];
	u64 ms = clock_ms() - c->start + 1;

	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r\033[K%llu/%llu entries, %s of %s, %s/s, %s left",
		(unsigned long long)c->next, (unsigned long long)c->walk.n,
		bytes_text((double)c->done, done), bytes_text((double)c->all, all),
		bytes_text((double)c->done * 1000 / (double)ms, rate),
		c->done ? duration_text((c->all - c->done) * ms / c->done, left) : "?");
}

static void entry_set_cookie(struct snapshot_entry *e, const u8 *cookie, u32 len)
{
	u8 *copy = mem_new(len + 1);

	memcpy(copy, cookie, len);
	free((void *)e->cookie);
	e->cookie = copy;
	e->cookie_len = len;
}

static void create_lose(struct create *c, struct snapshot_entry *e, const char *why)
{
	snapshot_problem(c->ctl, *e->path ? e->path : c->share.path, "%s", why);
	e->flags = e->size ? SNAPSHOT_LOST : 0;
	e->cookie_len = 0;
	c->s.head.lost += e->size > 0;
	c->failed++;
}

/* Clients work with it: that is no reason to doubt the snapshot. */
static void create_lose_changing(struct create *c, struct snapshot_entry *e, const char *why)
{
	create_lose(c, e, why);
	c->changing++;
}

static bool info_is_same(const struct offload_info *a, const struct offload_info *b)
{
	return a->file_id == b->file_id && a->generation == b->generation &&
	       a->change == b->change && a->size == b->size;
}

/*
 * The content is in the store, because the file was offloaded and nothing was written since.
 * @place: path of the open file.
 */
static bool info_is_stored(const struct offload_info *info, const char *place)
{
	u8 record[OFFLOAD_RECORD_MAX];
	struct offload_record r;
	ssize_t len;

	/* The kernel says this only of a file that has not changed since it came back. */
	if (info->state == DITTO_OFFLOAD_STATE_RESIDENT)
		return info->cookie_len;
	if (info->state != DITTO_OFFLOAD_STATE_OFFLOADED || info->resident || !info->cookie_len)
		return false;
	len = getxattr(place, OFFLOAD_RECORD_XATTR, record, sizeof(record));
	return len >= 0 && offload_record_decode(&r, record, (size_t)len) && r.size == info->size;
}

/* The file is as it was in the last snapshot. The number alone may come again after a crash. */
static const struct snapshot_entry *entry_find_last(const struct create *c,
						    const struct snapshot_entry *e)
{
	const struct snapshot_entry *last;

	last = c->last.n ? snapshot_tree_find(&c->last, e->path) : NULL;
	if (!last || !last->cookie_len || last->inode != e->inode ||
	    last->generation != e->generation || last->change != e->change ||
	    last->size != e->size)
		return NULL;
	if (!snapshot_time_is_same(last, e, SNAPSHOT_CHANGED) ||
	    !snapshot_time_is_same(last, e, SNAPSHOT_MODIFIED))
		return NULL;
	return last;
}

/* It was removed: then it is not in the snapshot. */
static bool slot_is_gone(struct slot *slot)
{
	slot->e->mode = 0;
	return false;
}

/* Look at the file that is open. Returns false if it is gone or failed. */
static bool slot_look_open(struct create *c, struct slot *slot, int fd)
{
	struct snapshot_look look = { .ctl = c->ctl, .share = &c->share, .root = c->root };
	struct snapshot_entry *e = slot->e;
	char place[FD_PATH_MAX];
	struct stat st;
	int rc = offload_info_get(c->ctl, fd_path(fd, place), &slot->info);
	bool good;

	fault_point("snapshot-look");
	if (rc && !fstat(fd, &st) && !st.st_nlink)
		return slot_is_gone(slot);
	if (rc) {
		create_lose(c, e, c->ctl->conn.why.text);
		return false;
	}
	good = snapshot_entry_read(&look, e->path, fd, e);
	fault_point("snapshot-look");
	c->failed += look.problems;
	c->s.head.lost += look.problems;
	if (!good || !S_ISREG(e->mode) || e->inode != slot->info.file_id) {
		create_lose_changing(c, e, "there is another file now");
		return false;
	}
	e->size = slot->info.size;
	e->generation = slot->info.generation;
	e->change = slot->info.change;
	slot->stored = info_is_stored(&slot->info, place);
	return true;
}

/*
 * Look at a file, and take its attributes. All that is asked about it is asked about one open file,
 * because clients may put a symbolic link into its path: the snapshot would have the content of a
 * file of others with the same number. Returns false if it is gone or failed.
 */
static bool slot_look(struct create *c, struct slot *slot)
{
	bool good = false;
	int fd;

	fault_point("snapshot-look");
	fd = snapshot_entry_open(c->root, slot->e->path, O_NOFOLLOW);
	if (fd >= 0) {
		good = slot_look_open(c, slot, fd);
		close(fd);
	} else if (errno == ENOENT) {
		good = slot_is_gone(slot);
	} else {
		create_lose(c, slot->e, strerror(errno));
	}
	return good;
}

/*
 * Open the file that the kernel described, and not what else has the name now. Returns a
 * descriptor, or -1 if the file is gone or has failed.
 */
static int slot_open(struct create *c, struct slot *slot)
{
	int place = snapshot_entry_open(c->root, slot->e->path, O_NOFOLLOW), fd = -1;
	char name[FD_PATH_MAX];
	struct stat st;

	if (place < 0 && errno == ENOENT) {
		slot->e->mode = 0;
	} else if (place < 0 || fstat(place, &st)) {
		create_lose(c, slot->e, strerror(errno));
	} else if (!S_ISREG(st.st_mode) || st.st_ino != slot->info.file_id) {
		create_lose_changing(c, slot->e, "there is another file now");
	} else {
		fd = open(fd_path(place, name), O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			create_lose(c, slot->e, strerror(errno));
	}
	if (place >= 0)
		close(place);
	return fd;
}

/* Whether the schedule does not upload a file; people may, by a snapshot of their own. */
static bool create_leaves_out(const struct create *c, const struct slot *slot)
{
	if (!c->automatic)
		return false;
	return (c->stubs_only && slot->info.state == DITTO_OFFLOAD_STATE_RESIDENT) ||
	       offload_mark_find(slot->place);
}

/* Upload the file. Returns false if that is not needed, or has failed. */
static bool slot_upload(struct create *c, struct slot *slot)
{
	struct offload_ctl_request request = { .type = OFFLOAD_CTL_PUSH };
	const struct snapshot_entry *last;
	struct why why;
	int file;

	if (!slot_look(c, slot) || !slot->info.size)
		return false;
	if (slot->stored) {
		entry_set_cookie(slot->e, slot->info.cookie, slot->info.cookie_len);
		return false;
	}
	last = entry_find_last(c, slot->e);
	if (last) {
		entry_set_cookie(slot->e, last->cookie, last->cookie_len);
		return false;
	}
	if (create_leaves_out(c, slot)) {
		slot->e->flags = SNAPSHOT_LOST;
		c->s.head.lost++;
		return false;
	}
	file = slot_open(c, slot);
	if (file < 0)
		return false;
	snprintf(request.share, sizeof(request.share), "%s", c->share.name);
	snprintf(request.path, sizeof(request.path), "%s", slot->place);
	slot->tries++;
	slot->fd = offload_connect(&request, file, &why);
	close(file);
	if (slot->fd < 0)
		create_lose(c, slot->e, why.text);
	return slot->fd >= 0;
}

static void slot_end(struct create *c, struct slot *slot)
{
	c->done += slot->e->size;
	if (slot->fd >= 0)
		close(slot->fd);
	slot->fd = -1;
	free(slot->place);
	slot->place = NULL;
}

/* The content is in the store, if the file still has it. */
static void slot_uploaded(struct create *c, struct slot *slot, const struct offload_ctl_push *done)
{
	const struct offload_info before = slot->info;

	c->uploaded += done->uploaded;
	c->deduplicated += done->deduplicated;
	c->requests += done->requests;
	fault_point("snapshot-file-sent");
	if (slot_look(c, slot) && done->done == slot->info.size &&
	    info_is_same(&before, &slot->info)) {
		entry_set_cookie(slot->e, done->cookie, done->cookie_len);
		c->uploads++;
		slot_end(c, slot);
		return;
	}
	close(slot->fd);
	slot->fd = -1;
	if (slot->e->mode && !(slot->e->flags & SNAPSHOT_LOST)) {
		if (slot->tries == TRIES)
			create_lose_changing(c, slot->e,
					     "it changes all the time; the snapshot does not have it");
		else if (slot_upload(c, slot))
			return;
	}
	slot_end(c, slot);
}

static void slot_answered(struct create *c, struct slot *slot)
{
	union offload_ctl_answer answer;

	if (!offload_answer(slot->fd, &answer, NULL)) {
		create_lose(c, slot->e, "dittod has ended");
		slot_end(c, slot);
	} else if (answer.type == OFFLOAD_CTL_DONE) {
		slot_uploaded(c, slot, &answer.push);
	} else if (answer.type == OFFLOAD_CTL_FAILED && answer.failure.error == ESTALE &&
		   slot->tries < TRIES) {
		close(slot->fd);
		slot->fd = -1;
		if (!slot_upload(c, slot))
			slot_end(c, slot);
	} else if (answer.type != OFFLOAD_CTL_PROGRESS) {
		create_lose(c, slot->e, answer.type == OFFLOAD_CTL_FAILED ? answer.failure.text :
			    "this version does not understand dittod's answer");
		slot_end(c, slot);
	}
}

/* Whether an earlier entry seems to be of the same file: its content is uploaded once. */
static bool create_is_later(const struct create *c, const struct slot *slot)
{
	const struct snapshot_name *end, *at = snapshot_names_find(&c->names, slot->e, &end);
	struct stat st;

	return at < end && at->entry < slot->e && !lstat(slot->place, &st) && st.st_nlink > 1;
}

/* The content of the file of an entry is known, under another name. */
static bool entry_has_content_of(const struct snapshot_entry *first,
				 const struct snapshot_entry *e)
{
	return S_ISREG(first->mode) && !first->flags && first->inode == e->inode &&
	       first->generation == e->generation && (first->cookie_len || !first->size);
}

/*
 * Names of one file have what the first one has. Since the walk, that may have been removed, or
 * become a name of another file, or may have failed: false if no name before this one will do.
 */
static bool slot_join(struct create *c, struct slot *slot)
{
	const struct snapshot_name *end, *at = snapshot_names_find(&c->names, slot->e, &end);
	struct snapshot_entry *e = slot->e;

	if (!slot_look(c, slot))
		return true;
	for (; at < end && at->entry < e; at++) {
		if (!entry_has_content_of(at->entry, e))
			continue;
		e->size = at->entry->size;
		e->change = at->entry->change;
		if (e->size)
			entry_set_cookie(e, at->entry->cookie, at->entry->cookie_len);
		return true;
	}
	return false;
}

/* Give the next files to a free slot. */
static void create_fill_slot(struct create *c, struct slot *slot)
{
	bool *later;

	while (slot->fd < 0 && c->next < c->walk.n) {
		later = &c->later[c->next];
		slot->e = &c->walk.entries[c->next++];
		if (!S_ISREG(slot->e->mode) || *later != c->joining)
			continue;
		slot->place = snapshot_place(&c->share, slot->e->path);
		slot->tries = 0;
		*later = !c->joining && create_is_later(c, slot);
		if (*later) {
			free(slot->place);
			slot->place = NULL;
		} else if ((c->joining && slot_join(c, slot)) || !slot_upload(c, slot)) {
			slot_end(c, slot);
		}
		create_show(c);
	}
}

/* Go once over all entries, with some of the slots. */
static void create_pass(struct create *c, unsigned int slots)
{
	struct pollfd polls[SNAPSHOT_SLOTS];
	unsigned int busy, i;

	for (i = 0; i < slots; i++)
		c->slot[i].fd = -1;
	c->next = 0;
	do {
		busy = 0;
		for (i = 0; i < slots; i++) {
			if (c->slot[i].fd < 0)
				create_fill_slot(c, &c->slot[i]);
			polls[i] = (struct pollfd){ .fd = c->slot[i].fd, .events = POLLIN };
			busy += c->slot[i].fd >= 0;
		}
		if (!busy || poll(polls, slots, SHOW_TIME) < 0)
			continue;
		for (i = 0; i < slots; i++)
			if (polls[i].fd >= 0 && polls[i].revents)
				slot_answered(c, &c->slot[i]);
		create_show(c);
	} while (busy);
}

void create_files(struct create *c)
{
	snapshot_names_init(&c->names, c->walk.entries, c->walk.n);
	c->later = mem_new((c->walk.n + 1) * sizeof(*c->later));
	create_pass(c, SNAPSHOT_SLOTS);
	/* One after the other: what is uploaded under one name is then there for the next one. */
	c->joining = true;
	create_pass(c, 1);
	free(c->later);
	snapshot_names_free(&c->names);
	offload_clear_bar(isatty(STDERR_FILENO));
}
