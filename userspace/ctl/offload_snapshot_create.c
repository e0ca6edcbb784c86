// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittoctl offload snapshot create: uploads what the stores do not have, but releases nothing.
 *
 * A file is as it was at one moment: the kernel says the same about it before and after its upload,
 * otherwise it is uploaded again. The content of a file that is offloaded is in the store already,
 * and so is that of one that is as it was in the last snapshot.
 *
 * Order: all content, then the tree, then the head is in the store. From before the first look at
 * the store until then no objects are deleted: the lock of uploads is held.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "ctl.h"
#include "ditto-nl-gen.h"
#include "fault.h"
#include "fd_path.h"
#include "mem.h"
#include "offload_filesystem.h"
#include "offload_orders.h"
#include "offload_snapshot.h"
#include "offload_survey.h"
#include "out.h"

/* Files at once. */
#define SLOTS		8
/* Uploads of a file that changes meanwhile. */
#define TRIES		5
/* Milliseconds between two looks at the progress. */
#define SHOW_TIME	250

/**
 * struct slot - a file that is being uploaded
 * @fd: connection to dittod, or -1 if the slot is free
 * @e: the entry
 * @place: path of the file
 * @info: the file before the upload
 * @stored: its content is in the store
 * @tries: uploads of it so far
 */
struct slot {
	int fd;
	struct snapshot_entry *e;
	char *place;
	struct offload_info info;
	bool stored;
	unsigned int tries;
};

/**
 * struct create - one run of the command
 * @ctl: this run of the tool
 * @share: the share
 * @root: descriptor of its root
 * @walk: its entries
 * @names: the files among them, by what the walk found
 * @later: by place in @walk: another name of an earlier entry, for the second pass
 * @joining: this is the second pass
 * @last: the tree of its last snapshot, or an empty one
 * @s: the snapshot
 * @next: the next entry
 * @failed: files and directories that are not in the snapshot as they should be
 * @uploads: files that were uploaded
 * @uploaded: bytes that were sent to the store
 * @deduplicated: bytes that it had already
 * @requests: requests to the store
 * @done: bytes of files that are done
 * @all: bytes of all files
 * @start: begin, in ms
 * @slot: the files that are being uploaded
 */
struct create {
	struct ctl *ctl;
	struct snapshot_share share;
	int root;
	struct snapshot_walk walk;
	struct snapshot_names names;
	bool *later;
	bool joining;
	struct snapshot_tree last;
	struct snapshot s;
	size_t next;
	u64 failed;
	u64 uploads;
	u64 uploaded;
	u64 deduplicated;
	u64 requests;
	u64 done;
	u64 all;
	u64 start;
	struct slot slot[SLOTS];
};

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
	if (!good || !S_ISREG(e->mode) || e->inode != slot->info.file_id) {
		create_lose(c, e, "there is another file now");
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
 * Open the file that the kernel told about, and not what else has the name now. Returns a
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
		create_lose(c, slot->e, "there is another file now");
	} else {
		fd = open(fd_path(place, name), O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			create_lose(c, slot->e, strerror(errno));
	}
	if (place >= 0)
		close(place);
	return fd;
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

/* The content is in the store, if it is still that of the file. */
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
			create_lose(c, slot->e,
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
	struct pollfd polls[SLOTS];
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

static void create_files(struct create *c)
{
	snapshot_names_init(&c->names, c->walk.entries, c->walk.n);
	c->later = mem_new((c->walk.n + 1) * sizeof(*c->later));
	create_pass(c, SLOTS);
	/* One after the other: what is uploaded under one name is then there for the next one. */
	c->joining = true;
	create_pass(c, 1);
	free(c->later);
	snapshot_names_free(&c->names);
	offload_clear_bar(isatty(STDERR_FILENO));
}

/* Write the tree into memory. Returns a descriptor, or -1. */
static int create_tree(struct create *c)
{
	int fd = memfd_create("tree", MFD_CLOEXEC);
	FILE *out = fd < 0 ? NULL : fdopen(dup(fd), "w");
	bool good = out;
	size_t i;

	for (i = 0; i < c->walk.n; i++)
		c->s.head.entries += c->walk.entries[i].mode != 0;
	if (out)
		snapshot_tree_begin(out, c->s.head.entries);
	for (i = 0; i < c->walk.n && good; i++) {
		if (!c->walk.entries[i].mode)
			continue;
		good = snapshot_entry_write(out, &c->walk.entries[i]);
		if (S_ISREG(c->walk.entries[i].mode))
			c->s.head.bytes += c->walk.entries[i].size;
		if (!good)
			snapshot_problem(c->ctl, c->walk.entries[i].path, "the entry is too long");
	}
	if (out) {
		good = !ferror(out) && !fflush(out) && good;
		c->s.head.tree_size = (u64)ftello(out);
		fclose(out);
	}
	/* Nobody would read it, and garbage stays while a snapshot cannot be read. */
	if (good && c->s.head.tree_size > SNAPSHOT_TREE_MAX) {
		snapshot_problem(c->ctl, c->share.name, "the tree has more than 4 GiB");
		good = false;
	}
	if (good)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Send a request with a file, and wait for its last answer. */
static bool create_call(struct create *c, u32 type, int file, union offload_ctl_answer *answer,
			int *got)
{
	struct offload_ctl_request request = { .type = type };
	struct why why = { "dittod has ended" };
	bool good;
	int fd;

	snprintf(request.store, sizeof(request.store), "%s", c->s.store);
	snprintf(request.share, sizeof(request.share), "%s", c->share.name);
	snprintf(request.path, sizeof(request.path), "snapshot %s", c->s.head.name);
	fd = offload_connect(&request, file, &why);
	if (fd < 0) {
		snapshot_problem(c->ctl, c->share.name, "%s", why.text);
		return false;
	}
	do {
		good = offload_answer(fd, answer, got);
	} while (good && answer->type == OFFLOAD_CTL_PROGRESS);
	close(fd);
	if (good && answer->type != OFFLOAD_CTL_FAILED)
		return true;
	snapshot_problem(c->ctl, c->share.name, "%s", good ? answer->failure.text : why.text);
	return false;
}

static bool create_store_tree(struct create *c)
{
	union offload_ctl_answer a;
	int fd = create_tree(c);
	bool good;

	if (fd < 0)
		return false;
	fault_point("snapshot-tree");
	good = create_call(c, OFFLOAD_CTL_PUSH, fd, &a, NULL) && a.type == OFFLOAD_CTL_DONE;
	close(fd);
	if (!good)
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

	good = good && snapshot_note_head(c->ctl, &c->s, fd) &&
	       create_call(c, OFFLOAD_CTL_KEEP, fd, &a, &got) &&
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

/* Find the last snapshot of the share. Returns false if there is one with the name. */
static bool create_find_last(struct create *c)
{
	const struct snapshot *last = NULL;
	struct snapshots all;
	struct why why;
	bool good = true;
	size_t i;

	snapshots_load(c->ctl, &all);
	for (i = 0; i < all.n; i++) {
		if (strcmp(all.list[i].head.share, c->share.name))
			continue;
		last = &all.list[i];
		good = good && strcmp(last->head.name, c->s.head.name);
	}
	if (!good)
		snapshot_problem(c->ctl, c->s.head.name, "there is a snapshot with this name");
	else if (all.problems)
		good = false;
	/* Without it, more is read. */
	if (good && last && !snapshot_load_tree(last, &c->last, &why))
		snapshot_problem(c->ctl, last->head.name, "%s", why.text);
	snapshots_free(&all);
	return good;
}

static bool create_run(struct create *c)
{
	size_t i;

	if (!create_find_last(c))
		return false;
	c->root = snapshot_root_open(c->share.path);
	if (c->root < 0) {
		snapshot_problem(c->ctl, c->share.path, "%s", strerror(errno));
		return false;
	}
	snapshot_walk(c->ctl, &c->share, &c->walk);
	c->failed = c->walk.problems;
	for (i = 0; i < c->walk.n; i++)
		c->all += c->walk.entries[i].size;
	create_files(c);
	close(c->root);
	return create_store_tree(c) && create_register(c) && create_store_head(c);
}

int snapshot_create(struct ctl *ctl, char **words)
{
	struct create c = { .ctl = ctl, .start = clock_ms() };
	char name[32];
	bool good;
	int lock;

	if (!*words)
		return ctl_usage(ctl, "the name of a share is needed");
	if (words[1] && ctl_no_more(ctl, words + 2))
		return CTL_USAGE;
	if (words[1] && !snapshot_name_is_good(words[1]))
		return ctl_usage(ctl, "'%.60s' is no name of a snapshot", words[1]);
	if (!snapshot_share_get(ctl, words[0], &c.share))
		return CTL_REFUSED;
	if (!c.share.offload) {
		snapshot_problem(ctl, words[0], "offload is off in this share");
		return CTL_REFUSED;
	}
	lock = snapshot_lock();
	if (lock < 0) {
		snapshot_problem(ctl, words[0], "no lock: %s", strerror(-lock));
		return CTL_REFUSED;
	}
	c.s.head.time = (u64)time(NULL);
	snprintf(c.s.head.share, sizeof(c.s.head.share), "%s", c.share.name);
	snprintf(c.s.head.name, sizeof(c.s.head.name), "%s",
		 words[1] ? words[1] : snapshot_time_text(c.s.head.time, name));
	good = create_run(&c);
	if (good)
		create_print(&c);
	snapshot_walk_free(&c.walk);
	snapshot_tree_free(&c.last);
	close(lock);
	return good && !c.failed ? CTL_OK : CTL_REFUSED;
}
