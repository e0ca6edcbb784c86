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
		(unsigned long long)c->next, (unsigned long long)c->walk.tree.n,
		bytes_text((double)c->done, done), bytes_text((double)c->walk.bytes, all),
		bytes_text((double)c->done * 1000 / (double)ms, rate),
		c->done ? duration_text((c->walk.bytes - c->done) * ms / c->done, left) : "?");
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
static bool entry_is_as_last(const struct snapshot_entry *e, const struct snapshot_entry *last)
{
	return last->cookie_len && last->inode == e->inode && last->generation == e->generation &&
	       last->change == e->change && last->size == e->size &&
	       snapshot_time_is_same(last, e, SNAPSHOT_CHANGED) &&
	       snapshot_time_is_same(last, e, SNAPSHOT_MODIFIED);
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

/* Whether a file under way has the inode of an entry: its content is uploaded once. */
static bool create_is_under_way(const struct create *c, const struct snapshot_entry *e)
{
	unsigned int i;

	for (i = 0; i < SNAPSHOT_SLOTS; i++)
		if (c->slot[i].fd >= 0 && c->slot[i].e->inode == e->inode)
			return true;
	return false;
}

/*
 * Names of one file have what the first one has. Returns false if none before this one will do, or
 * if that is not known yet.
 */
static bool slot_join(struct create *c, struct slot *slot)
{
	if (slot->e->links < 2)
		return false;
	if (snapshot_links_join(c->links, slot->e))
		return true;
	if (!slot->tries && create_is_under_way(c, slot->e))
		c->waiting = slot->item;
	return c->waiting == slot->item;
}

/* Upload the file. Returns false if that is not needed, must wait, or has failed. */
static bool slot_upload(struct create *c, struct slot *slot)
{
	struct offload_ctl_request request = { .type = OFFLOAD_CTL_PUSH };
	const struct snapshot_entry *last = &slot->item->last;
	struct why why;
	int file;

	if (!slot_look(c, slot) || slot_join(c, slot) || !slot->info.size)
		return false;
	if (slot->stored) {
		entry_set_cookie(slot->e, slot->info.cookie, slot->info.cookie_len);
		return false;
	}
	if (entry_is_as_last(slot->e, last)) {
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
	const struct snapshot_entry *e = slot->e;

	if (slot->fd >= 0)
		close(slot->fd);
	slot->fd = -1;
	free(slot->place);
	slot->place = NULL;
	if (c->waiting == slot->item)
		return;
	slot->item->busy = false;
	c->done += e->size;
	/* Without room for it, the content is uploaded under each name. */
	if (S_ISREG(e->mode) && e->links > 1 && !e->flags && (e->cookie_len || !e->size))
		snapshot_links_add(c->links, e, 0);
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

/* The file of an entry in the last snapshot, whose entries are in the same order. */
static void create_find_in_last(struct create *c, struct create_item *item)
{
	while (c->last_entry && snapshot_path_compare(c->last_entry->path, item->e.path) < 0)
		c->last_entry = snapshot_reader_next(&c->last_entries);
	if (c->last_entry && !strcmp(c->last_entry->path, item->e.path))
		snapshot_entry_copy(&item->last, c->last_entry);
}

/* Bytes of what an entry points to. */
static u64 entry_bytes(const struct snapshot_entry *e)
{
	return e->path ? strlen(e->path) + strlen(e->target) + e->cookie_len + e->xattrs_len : 0;
}

/* The next entry that need not wait, or NULL. */
static struct create_item *create_next(struct create *c)
{
	struct create_item *item = c->waiting;
	const struct snapshot_entry *e = NULL;

	if (item && create_is_under_way(c, &item->e))
		return NULL;
	c->waiting = NULL;
	if (item)
		return item;
	if (c->next - c->written < SNAPSHOT_WINDOW && c->held < SNAPSHOT_WINDOW_BYTES)
		e = snapshot_reader_next(&c->entries);
	else
		fault_point("snapshot-full");
	if (!e)
		return NULL;
	item = &c->window[c->next++ % SNAPSHOT_WINDOW];
	snapshot_entry_copy(&item->e, e);
	item->e.partial = e->change;
	item->e.change = 0;
	item->busy = S_ISREG(e->mode);
	if (item->busy) {
		item->e.flags = 0;
		create_find_in_last(c, item);
	}
	item->bytes = entry_bytes(&item->e) + entry_bytes(&item->last);
	c->held += item->bytes;
	return item;
}

/* Give the next files to a free slot. */
static void create_fill_slot(struct create *c, struct slot *slot)
{
	while (slot->fd < 0 && (slot->item = create_next(c))) {
		if (!slot->item->busy)
			continue;
		slot->e = &slot->item->e;
		slot->place = snapshot_place(&c->share, slot->e->path);
		slot->tries = 0;
		if (!slot_upload(c, slot))
			slot_end(c, slot);
		create_show(c);
	}
}

/* Add the entries that are done up to the first one that is not. */
static void create_write(struct create *c)
{
	struct create_item *item;

	for (; c->written < c->next; c->written++) {
		item = &c->window[c->written % SNAPSHOT_WINDOW];
		if (item->busy)
			break;
		/* Files that are gone by now have no mode. */
		if (item->e.mode)
			snapshot_tree_add(&c->tree, &item->e);
		if (S_ISREG(item->e.mode))
			c->s.head.bytes += item->e.size;
		snapshot_entry_free(&item->e);
		snapshot_entry_free(&item->last);
		c->held -= item->bytes;
	}
}

bool create_files(struct create *c, struct why *why)
{
	struct pollfd polls[SNAPSHOT_SLOTS];
	unsigned int busy, i;
	struct why last;
	bool good;

	c->window = mem_new(SNAPSHOT_WINDOW * sizeof(*c->window));
	c->links = snapshot_links_new();
	snapshot_reader_begin(&c->entries, &c->walk.tree);
	snapshot_reader_begin(&c->last_entries, &c->last);
	c->last_entry = snapshot_reader_next(&c->last_entries);
	for (i = 0; i < SNAPSHOT_SLOTS; i++)
		c->slot[i].fd = -1;
	do {
		busy = 0;
		for (i = 0; i < SNAPSHOT_SLOTS; i++) {
			if (c->slot[i].fd < 0)
				create_fill_slot(c, &c->slot[i]);
			polls[i] = (struct pollfd){ .fd = c->slot[i].fd, .events = POLLIN };
			busy += c->slot[i].fd >= 0;
		}
		if (busy && poll(polls, SNAPSHOT_SLOTS, SHOW_TIME) > 0)
			for (i = 0; i < SNAPSHOT_SLOTS; i++)
				if (polls[i].fd >= 0 && polls[i].revents)
					slot_answered(c, &c->slot[i]);
		create_write(c);
		create_show(c);
	} while (busy || c->written < c->next ||
		 (c->next < c->walk.tree.n && !c->entries.failed));
	good = snapshot_reader_end(&c->entries, why);
	if (!snapshot_reader_end(&c->last_entries, &last))
		snapshot_problem(c->ctl, c->share.name, "%s", last.text);
	snapshot_links_free(c->links);
	free(c->window);
	offload_clear_bar(isatty(STDERR_FILENO));
	return good;
}
