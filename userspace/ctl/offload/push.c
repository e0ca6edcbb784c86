// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittoctl offload push: has files uploaded, and then their blocks released.
 *
 * dittod uploads what this program opened. The kernel releases the blocks only if the file is
 * still the one that was looked at before: offload-get, open, upload, offload-release.
 *
 * A release waits for the disk, and perhaps for clients, so threads ask for it: to make several
 * files durable together costs the disk little more than one of them. All else is for the main
 * thread. From pool_submit() until pool_reap() the thread of a slot writes @asked, @rc and @why,
 * and the main thread changes nothing of it.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nl/conns.h"
#include "nl/share.h"
#include "clock.h"
#include "ctl/ctl.h"
#include "ditto-nl-gen.h"
#include "fault.h"
#include "fd_path.h"
#include "mem.h"
#include "offload.h"
#include "filesystem.h"
#include "lock.h"
#include "mark.h"
#include "own.h"
#include "object/pack.h"
#include "offload/packer.h"
#include "pool.h"

/* Most large files under way, and small ones, which wait for a pack to fill. */
#define LARGE		8
#define SMALL		(2 * PACKER_MEMBERS)
#define SLOTS		(LARGE + SMALL)
/* Most releases under way. */
#define RELEASES	16
/* Milliseconds until a bucket is asked again which one it is. */
#define ASK_TIME	5000
/* Milliseconds until the bar is shown again if nothing happens. */
#define SHOW_TIME	250

/**
 * struct slot - a file that is being uploaded or released
 * @job: has the kernel release it
 * @push: the run
 * @fd: connection to dittod, or -1
 * @lock: no objects are deleted until the file has its record; -1 if the slot does not need it
 * @path: path of the file, or NULL if the slot is free
 * @small: it may become part of a pack
 * @again: it is uploaded a second time
 * @info: the file before the upload; then with the cookie of its content
 * @filesystem: number of its file system for registrar_register()
 * @done: bytes that are in the store
 * @asked: the kernel has answered
 * @rc: its answer, 0 or a negative errno
 * @why: text of the error
 */
struct slot {
	struct job job;
	struct push *push;
	int fd;
	int lock;
	char *path;
	bool small;
	bool again;
	struct offload_info info;
	int filesystem;
	u64 done;
	bool asked;
	int rc;
	struct why why;
};

/**
 * struct push - one run of the command
 * @ctl: this run of the tool
 * @run: the files
 * @store: name of the store, or ""
 * @stores: names of all stores of the configuration
 * @n_stores: number of them
 * @asked: names the bucket that was asked last
 * @asked_until: clock_ms() until which that holds
 * @is_bucket: it is that bucket
 * @share: name of the share of the last file
 * @offload: that share may have its files released
 * @packing: small files become parts of packs
 * @waits: no file may begin, because objects are deleted
 * @next: the next file, or NULL if it is not known yet
 * @next_small: it may become part of a pack
 * @ended: there are no more files
 * @small: number of small files that have a slot
 * @large: number of the others
 * @registrar: registers file systems
 * @pool: threads that have files released
 * @conns: their connections to the kernel
 * @slot: the files that are under way
 */
struct push {
	struct ctl *ctl;
	struct offload_run *run;
	char store[OFFLOAD_CTL_STORE_SIZE];
	char **stores;
	size_t n_stores;
	struct cookie asked;
	u64 asked_until;
	bool is_bucket;
	char share[OFFLOAD_CTL_SHARE_SIZE];
	bool offload;
	bool packing;
	bool waits;
	const char *next;
	bool next_small;
	bool ended;
	unsigned int small;
	unsigned int large;
	struct registrar registrar;
	struct pool *pool;
	struct conns *conns;
	struct slot slot[SLOTS];
};

/* Ask for the share's option before anything is uploaded: the kernel would refuse afterwards. */
static bool push_share_allows(struct push *p, const char *name)
{
	struct nl_msg *msg, *reply = NULL;
	struct share *s = NULL;

	if (!strcmp(p->share, name))
		return p->offload;
	msg = conn_message(&p->ctl->conn, DITTO_CMD_SHARE_GET);
	msg_put_string(msg, DITTO_A_SHARE_NAME, name);
	if (!conn_call(&p->ctl->conn, msg, &reply) && reply)
		s = share_from_msg(reply);
	p->offload = s && s->offload;
	snprintf(p->share, sizeof(p->share), "%s", name);
	share_free(s);
	nlmsg_free(reply);
	return p->offload;
}

/*
 * Open the file that offload-get described. The first descriptor gives no access, so what else has
 * the name now, such as a pipe, is not opened. Returns a descriptor, or -1: after a message, or
 * without one if a client has removed the file.
 */
static int push_open(struct push *p, const char *path, const struct offload_info *info)
{
	int fd = -1, place = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char name[FD_PATH_MAX];
	struct stat st;

	if (place < 0 || fstat(place, &st)) {
		if (errno != ENOENT)
			offload_run_fail(p->run, path, "%s", strerror(errno));
	} else if (!S_ISREG(st.st_mode) || st.st_ino != info->file_id) {
		offload_run_fail(p->run, path, "there is another file now");
	} else {
		fd = open(fd_path(place, name), O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			offload_run_fail(p->run, path, "%s", strerror(errno));
	}
	if (place >= 0)
		close(place);
	return fd;
}

/* Ask the bucket whether it is the one that a record names. The answer is good for a moment. */
static bool push_is_bucket(struct push *p, const struct cookie *cookie)
{
	u64 now = clock_ms();

	if (now >= p->asked_until || strcmp(p->asked.store, cookie->store) ||
	    strcmp(p->asked.uuid, cookie->uuid)) {
		p->is_bucket = offload_owner_is(cookie->store, cookie->uuid);
		p->asked = *cookie;
		p->asked_until = now + ASK_TIME;
	}
	return p->is_bucket;
}

/*
 * Whether a store, the one that the user wants, has the content of a file that came back. The
 * caller has the lock of uploads, so it is not deleted before the file is released. A record from
 * before buckets had UUIDs does not tell which one it was.
 */
static bool push_is_stored(struct push *p, const struct offload_info *info)
{
	struct cookie cookie;
	size_t i;

	if (!info->cookie_len || (*p->store && strcmp(p->store, info->store)) ||
	    !cookie_decode(&cookie, info->cookie, info->cookie_len) || !cookie.uuid[0])
		return false;
	for (i = 0; i < p->n_stores; i++)
		if (!strcmp(p->stores[i], info->store))
			return push_is_bucket(p, &cookie);
	return false;
}

static struct nl_msg *release_message(const struct conn *c, const void *arg)
{
	struct nl_msg *msg = conn_message(c, DITTO_CMD_OFFLOAD_RELEASE);
	const struct slot *slot = arg;
	const struct offload_info *info = &slot->info;

	msg_put_string(msg, DITTO_A_OFFLOAD_PATH, slot->path);
	msg_put_string(msg, DITTO_A_OFFLOAD_SHARE, info->share);
	msg_put_number(msg, &spec_offload_set, DITTO_A_OFFLOAD_FILE_ID, info->file_id);
	msg_put_number(msg, &spec_offload_set, DITTO_A_OFFLOAD_GENERATION, info->generation);
	msg_put_number(msg, &spec_offload_set, DITTO_A_OFFLOAD_CHANGE, info->change);
	msg_put_number(msg, &spec_offload_set, DITTO_A_OFFLOAD_SIZE, info->size);
	msg_put(msg, DITTO_A_OFFLOAD_COOKIE, info->cookie, info->cookie_len);
	return msg;
}

/* In a thread. */
static void release_run(struct job *job)
{
	struct slot *slot = (struct slot *)job;

	fault_point("push-release");
	slot->rc = conns_call(slot->push->conns, release_message, slot, &slot->why);
	slot->asked = true;
}

static void push_unlock(struct slot *slot)
{
	if (slot->lock >= 0)
		close(slot->lock);
	slot->lock = -1;
}

/* How many files of a kind have a slot. */
static unsigned int *push_count(struct push *p, bool small)
{
	return small ? &p->small : &p->large;
}

/* The slot is free, and keeps its lock. */
static void push_clear(struct push *p, struct slot *slot)
{
	*push_count(p, slot->small) -= 1;
	if (slot->fd >= 0)
		close(slot->fd);
	slot->fd = -1;
	free(slot->path);
	slot->path = NULL;
}

static void push_end(struct push *p, struct slot *slot)
{
	push_clear(p, slot);
	push_unlock(slot);
}

/* Content that the store had. A second upload finds what the first one has sent. */
static void push_count_present(struct push *p, const struct slot *slot, u64 bytes)
{
	if (!slot->again)
		offload_run_totals(p->run)->deduplicated += bytes;
}

static bool push_upload(struct push *p, struct slot *slot);

static void release_done(struct job *job)
{
	struct slot *slot = (struct slot *)job;
	struct push *p = slot->push;

	slot->asked = false;
	if (!slot->rc || slot->rc == -EALREADY) {
		offload_run_done(p->run, slot->path, slot->info.size, slot->rc);
	} else if (slot->rc == -EAGAIN && !slot->again && !offload_run_stopped(p->run)) {
		slot->again = true;
		if (push_upload(p, slot))
			return;
	} else {
		offload_run_fail(p->run, slot->path, "share %s: uploaded, but not released: %s",
				 slot->info.share, slot->why.text);
	}
	push_end(p, slot);
}

/*
 * The content is in the store, which names the file system from here on. Returns false after a
 * message.
 */
static bool push_release(struct push *p, struct slot *slot, const char *store)
{
	struct why why;

	if (!registrar_register(&p->registrar, slot->filesystem, store, &why)) {
		offload_run_fail(p->run, slot->path, "share %s, store %s: %s", slot->info.share,
				 store, why.text);
		return false;
	}
	slot->job = (struct job){ .run = release_run, .done = release_done };
	/* The pool has room for all slots. */
	pool_submit(p->pool, &slot->job);
	return true;
}

/* May the file be released, if nobody uses it? Returns false after a message otherwise. */
static bool push_may(struct push *p, const char *path, const struct offload_info *info)
{
	const char *mark, *obstacle = offload_obstacle_text(info);
	enum offload_bar bar;

	if (obstacle) {
		offload_run_fail(p->run, path, "share %s: %s", info->share, obstacle);
		return false;
	}
	if (info->state != DITTO_OFFLOAD_STATE_RESIDENT) {
		offload_run_fail(p->run, path,
				 "it is here in part: dittoctl offload recall brings back the rest first");
		return false;
	}
	if (!push_share_allows(p, info->share)) {
		offload_run_fail(p->run, path, "offload is off in share %s", info->share);
		return false;
	}
	bar = offload_bar(path);
	if (bar != OFFLOAD_FREE) {
		offload_run_fail(p->run, path, "it %s", offload_bar_text(bar));
		return false;
	}
	mark = offload_mark_find(path);
	if (mark)
		offload_run_fail(p->run, path,
				 "it is marked \"%s\"; dittoctl offload auto removes that", mark);
	return !mark;
}

/*
 * Look where the data of a file is. Returns false after a message, or without one if a client has
 * removed the file.
 */
static bool push_look(struct push *p, const char *path, struct offload_info *info)
{
	int rc = offload_info_get(p->ctl, path, info);

	if (rc && (rc != -ENOENT || !offload_is_gone(path)))
		offload_run_fail(p->run, path, "%s", p->ctl->conn.why.text);
	return !rc;
}

/*
 * The same for a file that is open now: clients have written what they had cached. The kernel is
 * asked for the open file, as clients may have put a symbolic link into its path: a file of another
 * file system can have the same number, and nobody must get its data instead of the first one's.
 */
static bool push_look_again(struct push *p, const char *path, int file, struct offload_info *info)
{
	struct offload_info now;
	char name[FD_PATH_MAX];
	int rc = offload_info_get(p->ctl, fd_path(file, name), &now);

	if (rc)
		offload_run_fail(p->run, path, "%s", p->ctl->conn.why.text);
	if (rc)
		return false;
	if (now.file_id != info->file_id || now.generation != info->generation ||
	    strcmp(now.share, info->share) || now.state != DITTO_OFFLOAD_STATE_RESIDENT ||
	    !now.size) {
		offload_run_fail(p->run, path, "there is another file now");
		return false;
	}
	*info = now;
	return true;
}

/* Whether another slot has the file by another of its names: open there, it cannot be released. */
static bool push_has_file(const struct push *p, const struct slot *slot)
{
	const struct offload_info *info = &slot->info;
	const struct slot *other = p->slot;

	while (other < p->slot + SLOTS &&
	       (other == slot || !other->path || other->info.file_id != info->file_id ||
		other->info.generation != info->generation ||
		strcmp(other->info.share, info->share)))
		other++;
	return other < p->slot + SLOTS;
}

/* Begin with the file of a slot. Returns false if it failed, or has nothing to do. */
static bool push_upload(struct push *p, struct slot *slot)
{
	struct offload_ctl_request request = { .type = OFFLOAD_CTL_PUSH };
	struct offload_info *info = &slot->info;
	const char *path = slot->path;
	struct why why;
	int file;

	slot->done = 0;
	if (!push_look(p, path, info))
		return false;
	if (info->state == DITTO_OFFLOAD_STATE_OFFLOADED || !info->size ||
	    push_has_file(p, slot)) {
		offload_run_done(p->run, path, info->size, true);
		return false;
	}
	if (!push_may(p, path, info))
		return false;
	fault_point("push-open");
	file = push_open(p, path, info);
	if (file < 0)
		return false;
	fault_point("push-opened");
	slot->filesystem = registrar_find(&p->registrar, file, &why);
	if (slot->filesystem < 0)
		offload_run_fail(p->run, path, "share %s: %s", info->share, why.text);
	if (slot->filesystem < 0 || !push_look_again(p, path, file, info)) {
		close(file);
		return false;
	}
	if (push_is_stored(p, info)) {
		close(file);
		push_count_present(p, slot, info->size);
		return push_release(p, slot, info->store);
	}
	snprintf(request.store, sizeof(request.store), "%s", p->store);
	snprintf(request.share, sizeof(request.share), "%s", info->share);
	snprintf(request.path, sizeof(request.path), "%s", path);
	slot->fd = offload_connect(&request, file, &why);
	/* While it is open here, its blocks cannot be released. */
	close(file);
	if (slot->fd < 0)
		offload_run_fail(p->run, path, "%s", why.text);
	return slot->fd >= 0;
}

static void push_begin(struct push *p, struct slot *slot, const char *path)
{
	slot->push = p;
	slot->path = mem_string(path);
	slot->small = p->next_small;
	slot->again = false;
	*push_count(p, slot->small) += 1;
	/* The next file takes the slot with its lock. */
	if (!push_upload(p, slot))
		push_clear(p, slot);
}

static void push_uploaded(struct push *p, struct slot *slot, const struct offload_ctl_push *done)
{
	struct offload_totals *totals = offload_run_totals(p->run);

	totals->uploaded += done->uploaded;
	totals->requests += done->requests;
	push_count_present(p, slot, done->deduplicated);
	close(slot->fd);
	slot->fd = -1;
	slot->info.cookie_len = done->cookie_len;
	memcpy(slot->info.cookie, done->cookie, done->cookie_len);
	if (!push_release(p, slot, done->store))
		push_end(p, slot);
}

static void push_answered(struct push *p, struct slot *slot)
{
	union offload_ctl_answer answer;

	if (!offload_answer(slot->fd, &answer, NULL)) {
		offload_run_fail(p->run, slot->path, "share %s: dittod has ended",
				 slot->info.share);
		push_end(p, slot);
		return;
	}
	switch (answer.type) {
	case OFFLOAD_CTL_PROGRESS:
		slot->done = answer.push.done;
		return;
	case OFFLOAD_CTL_DONE:
		/* A file that grew is another one, and the kernel would say the same. */
		if (answer.push.done == slot->info.size) {
			push_uploaded(p, slot, &answer.push);
			return;
		}
		offload_run_fail(p->run, slot->path, "share %s: it has changed during the upload",
				 slot->info.share);
		break;
	default:
		offload_run_fail(p->run, slot->path, "share %s, store %s: %s", slot->info.share,
				 answer.failure.store[0] ? answer.failure.store : "-",
				 answer.failure.text);
	}
	push_end(p, slot);
}

/* Whether there is a file that may begin now. It stays the next one until it is taken. */
static bool push_has_next(struct push *p)
{
	const struct stat *st;

	if (offload_run_stopped(p->run))
		return false;
	if (!p->next && !p->ended) {
		p->next = offload_run_next(p->run, &st);
		p->ended = !p->next;
		p->next_small = p->next && p->packing && st->st_size <= PACK_FILE_MAX;
	}
	return p->next && *push_count(p, p->next_small) < (p->next_small ? SMALL : LARGE);
}

static void push_fill_slot(struct push *p, struct slot *slot)
{
	const char *path;

	slot->lock = offload_lock_upload();
	p->waits = slot->lock == -EAGAIN;
	while (!slot->path && !p->waits && push_has_next(p)) {
		path = p->next;
		p->next = NULL;
		if (slot->lock < 0)
			offload_run_fail(p->run, path, "no lock: %s", strerror(-slot->lock));
		else
			push_begin(p, slot, path);
		offload_run_show(p->run, 0);
	}
	if (!slot->path)
		push_unlock(slot);
}

/* Give files to free slots. Returns whether there is anything to wait for. */
static bool push_fill_slots(struct push *p)
{
	int i;

	p->waits = false;
	for (i = 0; i < SLOTS && !p->waits && push_has_next(p); i++)
		if (!p->slot[i].path)
			push_fill_slot(p, &p->slot[i]);
	return p->small || p->large || p->waits;
}

/* Ask dittod which stores there are, and whether the one has packs, or all if none was named. */
static void push_find_stores(struct push *p)
{
	struct offload_ctl_request request = { .type = OFFLOAD_CTL_STATUS };
	union offload_ctl_answer a;
	struct why why;
	int fd = offload_connect(&request, -1, &why);

	p->packing = fd >= 0;
	while (fd >= 0 && offload_answer(fd, &a, NULL) && a.type == OFFLOAD_CTL_STORE) {
		if (!*p->store || !strcmp(p->store, a.store.name))
			p->packing = p->packing && a.store.packing;
		p->stores = mem_grow(p->stores, p->n_stores, sizeof(*p->stores));
		p->stores[p->n_stores++] = mem_string(a.store.name);
	}
	if (fd >= 0)
		close(fd);
}

/* Wait for what is under way, and take it. */
static void push_take_answers(struct push *p)
{
	struct pollfd polls[SLOTS + 1];
	u64 bytes = 0;
	int i;

	for (i = 0; i < SLOTS; i++)
		polls[i] = (struct pollfd){ .fd = p->slot[i].fd, .events = POLLIN };
	polls[SLOTS] = (struct pollfd){ .fd = pool_fd(p->pool), .events = POLLIN };
	if (offload_run_stopped(p->run) || poll(polls, SLOTS + 1, SHOW_TIME) < 0)
		return;
	for (i = 0; i < SLOTS; i++)
		if (polls[i].revents)
			push_answered(p, &p->slot[i]);
	pool_reap(p->pool);
	for (i = 0; i < SLOTS; i++)
		if (p->slot[i].path)
			bytes += p->slot[i].done;
	offload_run_show(p->run, bytes);
}

/* Closing the connections cancels what is under way. What the kernel was asked for is done. */
static void push_end_all(struct push *p)
{
	int i;

	pool_free(p->pool);
	for (i = 0; i < SLOTS; i++) {
		if (p->slot[i].path && p->slot[i].asked)
			release_done(&p->slot[i].job);
		else if (p->slot[i].path)
			push_end(p, &p->slot[i]);
	}
	conns_free(p->conns);
	registrar_free(&p->registrar);
	while (p->n_stores)
		free(p->stores[--p->n_stores]);
	free(p->stores);
}

/* Start the threads. Returns CTL_OK, or CTL_REFUSED after a message. */
static int push_start_threads(struct push *p)
{
	p->pool = pool_new(RELEASES, SLOTS);
	if (p->pool)
		return CTL_OK;
	why_not(&p->ctl->conn.why, "cannot start threads: %s", strerror(errno));
	return ctl_refused(p->ctl, NULL);
}

static void push_files(struct push *p)
{
	int i;

	push_find_stores(p);
	p->conns = conns_new(RELEASES);
	for (i = 0; i < SLOTS; i++) {
		p->slot[i].fd = -1;
		p->slot[i].lock = -1;
	}
	while (push_fill_slots(p) && !offload_run_stopped(p->run))
		push_take_answers(p);
	push_end_all(p);
}

int offload_push(struct ctl *ctl, char **words)
{
	struct push p = { .ctl = ctl };

	for (; *words && !strncmp(*words, "--", 2); words++) {
		if (!strcmp(*words, "--json")) {
			ctl->json = true;
		} else if (!strcmp(*words, "--store") && words[1]) {
			if (strlen(*++words) >= sizeof(p.store))
				return ctl_usage(ctl, "'%.60s...' is no store", *words);
			snprintf(p.store, sizeof(p.store), "%s", *words);
		} else {
			return ctl_unknown(ctl, "option", *words, NULL);
		}
	}
	if (!*words)
		return ctl_usage(ctl, "the path of a file or directory is needed");
	if (ctl_connect(ctl) || push_start_threads(&p))
		return CTL_REFUSED;
	p.run = offload_run_new(ctl, words);
	if (!p.run) {
		pool_free(p.pool);
		return CTL_USAGE;
	}
	offload_run_leave_tiny(p.run);
	push_files(&p);
	return offload_run_end(p.run, "offloaded");
}

int offload_push_files(struct ctl *ctl, char **paths, const char *store, const char *policy)
{
	struct push p = { .ctl = ctl };

	snprintf(p.store, sizeof(p.store), "%s", store);
	if (push_start_threads(&p))
		return CTL_REFUSED;
	p.run = offload_run_list(ctl, paths, policy);
	push_files(&p);
	return offload_run_end(p.run, "offloaded");
}
