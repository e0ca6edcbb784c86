// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pushes: a thread reads a file, cuts it and names its chunks, one after the other; several chunks
 * are uploaded in parallel. The manifest is uploaded last, so that all it names is there.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "object/chunker.h"
#include "clock.h"
#include "object/cookie.h"
#include "fault.h"
#include "object/manifest.h"
#include "mem.h"
#include "object/name_set.h"
#include "push.h"
#include "upload.h"

/* Bytes that are read in one step. */
#define STEP		CHUNK_MIN
/* A chunk and its envelope are in memory. */
#define COPIES		2
/* Time between two messages of progress, in ms. */
#define PROGRESS	250
/* Time until the next call if there is nothing to tell, in ms. */
#define NEVER		60000
/* Most pushes under way; each has a descriptor. */
#define PUSHES_MAX	256

/**
 * struct push_chunk - a chunk that is uploaded, or the manifest
 * @list: entry in struct push's list
 * @push: the push
 * @upload: the upload
 * @plain: the content
 * @memory: bytes that are counted for it
 */
struct push_chunk {
	TAILQ_ENTRY(push_chunk) list;
	struct push *push;
	struct upload upload;
	u8 *plain;
	u64 memory;
};

/**
 * struct push - a push
 * @list: entry in struct pushes' list
 * @all: the set
 * @id: number of the request
 * @store: the store
 * @fd: the file
 * @size: bytes of the file
 * @chunker: cuts it; only the thread uses it while there is @next, as all up to @read
 * @rest: bytes that were read behind the last cut
 * @rest_len: number of them
 * @read: place of the next byte to be read
 * @job: for the thread
 * @next: the chunk that the thread reads, or NULL
 * @chunks: chunks that are uploaded
 * @n_chunks: number of them
 * @manifest: the chunks so far
 * @names: their names
 * @name: name of the manifest
 * @finishing: the manifest is uploaded, or was
 * @done: bytes of the file that are in the bucket
 * @uploaded: bytes that were sent
 * @deduplicated: bytes of the file that were there
 * @requests: requests to the store
 * @told: when progress was reported, in ms
 * @changed: there is progress to tell
 * @error: 0, or why the push ends; positive errno
 * @why: the same in words
 */
struct push {
	TAILQ_HEAD(, push_chunk) chunks;
	TAILQ_ENTRY(push) list;
	struct pushes *all;
	u64 id;
	struct store *store;
	int fd;
	u64 size;
	struct chunker chunker;
	u8 *rest;
	size_t rest_len;
	u64 read;
	struct job job;
	struct push_chunk *next;
	unsigned int n_chunks;
	struct manifest manifest;
	struct name_set names;
	u8 name[HASH_SIZE];
	bool finishing;
	u64 done;
	u64 uploaded;
	u64 deduplicated;
	u64 requests;
	u64 told;
	bool changed;
	int error;
	struct why why;
};

/**
 * struct pushes - all pushes
 * @engine: what they share
 * @list: the pushes; the first one reads next
 * @n: number of them
 * @memory: bytes that they use
 */
struct pushes {
	TAILQ_HEAD(, push) list;
	struct engine *engine;
	unsigned int n;
	u64 memory;
};

static void pushes_go_on(struct pushes *all);

struct pushes *pushes_new(struct engine *engine)
{
	struct pushes *all = mem_new(sizeof(*all));

	all->engine = engine;
	TAILQ_INIT(&all->list);
	return all;
}

static void push_chunk_free(struct push_chunk *c)
{
	c->push->all->memory -= c->memory;
	free(c->plain);
	free(c);
}

/* Change the memory that is counted for a chunk. */
static void push_chunk_count(struct push_chunk *c, u64 memory)
{
	c->push->all->memory += memory - c->memory;
	c->memory = memory;
}

static void push_free(struct push *p)
{
	TAILQ_REMOVE(&p->all->list, p, list);
	p->all->n--;
	if (p->fd >= 0)
		close(p->fd);
	store_put(p->store);
	manifest_free(&p->manifest);
	name_set_free(&p->names);
	free(p->rest);
	free(p);
}

/* Begin to end: nothing new is started, and what can be stopped is. */
static void push_fail(struct push *p, int error, const char *text)
{
	struct push_chunk *c, *next;

	if (p->error)
		return;
	p->error = error;
	why_not(&p->why, "%s", text);
	for (c = TAILQ_FIRST(&p->chunks); c; c = next) {
		next = TAILQ_NEXT(c, list);
		if (!upload_cancel(&c->upload))
			continue;
		TAILQ_REMOVE(&p->chunks, c, list);
		p->n_chunks--;
		push_chunk_free(c);
	}
}

/* Tell the end and free the push once nothing of it is left. Returns true if that is so. */
static bool push_ended(struct push *p)
{
	struct out *out = &p->all->engine->out;
	struct offload_msg msg = { .type = OFFLOAD_PUSHED, .id = p->id, .size = p->size,
				   .uploaded = p->uploaded, .deduplicated = p->deduplicated,
				   .requests = p->requests };
	struct cookie cookie = { .packed = false };

	if (p->next || p->n_chunks || (!p->error && !p->finishing))
		return false;
	/* Who hears of the end has the blocks released, which an open file prevents. */
	close(p->fd);
	p->fd = -1;
	if (p->error) {
		out_send_failed(out, p->id, p->error, p->why.text);
	} else {
		snprintf(cookie.store, sizeof(cookie.store), "%s", p->store->name);
		memcpy(cookie.uuid, p->store->uuid, sizeof(cookie.uuid));
		memcpy(cookie.name, p->name, sizeof(cookie.name));
		msg.cookie_len = cookie_encode(&cookie, msg.cookie);
		out_send(out, &msg, -1);
	}
	push_free(p);
	return true;
}

static void push_uploaded(struct upload *u)
{
	struct push_chunk *c = u->arg;
	struct push *p = c->push;
	struct pushes *all = p->all;

	fault_point(u->kind == ENVELOPE_CHUNK ? "push-chunk-sent" : "push-manifest-sent");
	TAILQ_REMOVE(&p->chunks, c, list);
	p->n_chunks--;
	p->uploaded += u->uploaded;
	p->requests += u->requests;
	p->changed = true;
	if (u->kind == ENVELOPE_CHUNK && !u->error) {
		p->done += u->len;
		if (u->present)
			p->deduplicated += u->len;
	}
	if (u->error)
		push_fail(p, u->error, u->why.text);
	push_chunk_free(c);
	push_ended(p);
	pushes_go_on(all);
}

static void push_upload(struct push_chunk *c)
{
	struct push *p = c->push;

	TAILQ_INSERT_TAIL(&p->chunks, c, list);
	p->n_chunks++;
	c->upload.engine = p->all->engine;
	c->upload.store = p->store;
	c->upload.plain = c->plain;
	c->upload.done = push_uploaded;
	c->upload.arg = c;
	fault_point(c->upload.kind == ENVELOPE_CHUNK ? "push-chunk" : "push-manifest");
	upload_start(&c->upload);
}

static struct push_chunk *push_chunk_new(struct push *p, size_t size)
{
	struct push_chunk *c = mem_new(sizeof(*c));

	c->push = p;
	push_chunk_count(c, COPIES * size);
	c->plain = malloc(size ? size : 1);
	if (c->plain)
		return c;
	push_chunk_free(c);
	push_fail(p, ENOMEM, "out of memory");
	return NULL;
}

static struct push *push_of(struct job *job)
{
	return (struct push *)((char *)job - offsetof(struct push, job));
}

/* Read more of the chunk, up to @room bytes in all. Returns 0 or a negative errno. */
static int push_read_some(struct push *p, struct upload *u, u8 *plain, size_t room)
{
	size_t size = room - u->len < STEP ? room - u->len : STEP;
	ssize_t n;

	if (p->rest_len) {
		size = p->rest_len;
		memcpy(plain + u->len, p->rest, size);
		p->rest_len = 0;
		u->len += size;
		return 0;
	}
	n = pread(p->fd, plain + u->len, size, (off_t)p->read);
	if (n < 0)
		return -errno;
	if (!n)
		return -ESTALE;
	u->len += (size_t)n;
	p->read += (size_t)n;
	return 0;
}

/* Runs in a thread: read the next chunk, up to its cut or the end of the file. */
static void push_read(struct job *job)
{
	struct push *p = push_of(job);
	struct upload *u = &p->next->upload;
	u8 *plain = p->next->plain;
	size_t room = p->next->memory / COPIES, before, taken;
	bool cut = false;

	while (!cut && u->len < room && !u->error) {
		before = u->len;
		u->error = -push_read_some(p, u, plain, room);
		taken = chunker_scan(&p->chunker, plain + before, u->len - before, &cut);
		/* Only one step, or the rest of one, can be left. */
		p->rest_len = u->len - before - taken;
		memcpy(p->rest, plain + before + taken, p->rest_len);
		u->len = before + taken;
	}
	if (!u->error)
		key_name(store_key(p->store), plain, u->len, u->name);
}

/* The thread has read a chunk. */
static void push_was_read(struct job *job)
{
	struct push *p = push_of(job);
	struct push_chunk *c = p->next;
	struct pushes *all = p->all;
	struct upload *u = &c->upload;

	p->next = NULL;
	if (u->error == ESTALE)
		push_fail(p, ESTALE, "the file became shorter while it was read");
	else if (u->error)
		push_fail(p, u->error, strerror(u->error));
	else if (!p->error && !manifest_add(&p->manifest, u->name, (u32)u->len))
		push_fail(p, EFBIG, "the file has too many chunks");
	push_chunk_count(c, COPIES * u->len);
	if (p->error) {
		push_chunk_free(c);
	} else if (name_set_add(&p->names, u->name)) {
		push_upload(c);
	} else {
		p->done += u->len;
		p->deduplicated += u->len;
		p->changed = true;
		push_chunk_free(c);
	}
	push_ended(p);
	pushes_go_on(all);
}

/* Let a thread read the next chunk. Returns false if there is no memory for it now. */
static bool push_read_next(struct push *p)
{
	u64 left = p->size - p->read + p->rest_len;
	size_t room = left < CHUNK_MAX ? (size_t)left : CHUNK_MAX;

	if (p->all->memory + COPIES * room > PUSH_MEMORY_MAX)
		return false;
	p->next = push_chunk_new(p, room);
	if (!p->next)
		return true;
	p->next->upload.kind = ENVELOPE_CHUNK;
	p->job.run = push_read;
	p->job.done = push_was_read;
	if (pool_submit(p->all->engine->writers, &p->job)) {
		push_chunk_free(p->next);
		p->next = NULL;
		push_fail(p, EAGAIN, "too many pushes");
	}
	return true;
}

/* All chunks are in the store. */
static void push_finish(struct push *p)
{
	size_t size = manifest_length(&p->manifest);
	struct push_chunk *c = push_chunk_new(p, size);

	if (!c)
		return;
	p->finishing = true;
	manifest_encode(&p->manifest, c->plain);
	c->upload.kind = ENVELOPE_MANIFEST;
	c->upload.len = size;
	key_name(store_key(p->store), c->plain, size, c->upload.name);
	memcpy(p->name, c->upload.name, sizeof(p->name));
	push_upload(c);
}

/* Start what can be started now. Returns false if there is not enough memory. */
static bool push_go_on(struct push *p)
{
	if (p->next || p->error || p->finishing)
		return true;
	if (p->read < p->size || p->rest_len)
		return p->n_chunks >= p->store->parallel || push_read_next(p);
	if (!p->n_chunks)
		push_finish(p);
	return true;
}

/* Let each push start one thing; the first one without memory is the first of the next round. */
static void pushes_go_on(struct pushes *all)
{
	unsigned int n = all->n;
	struct push *p;

	while (n--) {
		p = TAILQ_FIRST(&all->list);
		if (!push_go_on(p))
			break;
		if (push_ended(p))
			continue;
		TAILQ_REMOVE(&all->list, p, list);
		TAILQ_INSERT_TAIL(&all->list, p, list);
	}
}

void push_start(struct pushes *all, u64 id, struct store *store, int fd)
{
	struct push *p;
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || all->n == PUSHES_MAX) {
		out_send_failed(&all->engine->out, id, all->n == PUSHES_MAX ? EAGAIN : EINVAL,
				all->n == PUSHES_MAX ? "too many pushes" : "not a regular file");
		close(fd);
		return;
	}
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	p = mem_new(sizeof(*p));
	p->all = all;
	p->id = id;
	p->store = store_get(store);
	p->fd = fd;
	p->size = (u64)st.st_size;
	p->rest = mem_new(STEP);
	p->told = clock_ms();
	TAILQ_INIT(&p->chunks);
	chunker_init(&p->chunker, store_key(store) ? store_key(store)->gear : NULL);
	TAILQ_INSERT_TAIL(&all->list, p, list);
	all->n++;
	pushes_go_on(all);
}

bool push_cancel(struct pushes *all, u64 id)
{
	struct push *p;

	TAILQ_FOREACH(p, &all->list, list) {
		if (p->id != id)
			continue;
		push_fail(p, ECANCELED, "cancelled");
		push_ended(p);
		pushes_go_on(all);
		return true;
	}
	return false;
}

bool pushes_idle(const struct pushes *all)
{
	return TAILQ_EMPTY(&all->list);
}

u64 pushes_tick(struct pushes *all)
{
	struct offload_msg msg = { .type = OFFLOAD_PROGRESS };
	u64 now = clock_ms(), next = NEVER;
	struct push *p;

	TAILQ_FOREACH(p, &all->list, list) {
		if (!p->changed)
			continue;
		if (now >= p->told + PROGRESS) {
			p->told = now;
			p->changed = false;
			msg.id = p->id;
			msg.size = p->size;
			msg.done = p->done;
			msg.uploaded = p->uploaded;
			msg.requests = p->requests;
			out_send(&all->engine->out, &msg, -1);
		} else if (p->told + PROGRESS - now < next) {
			next = p->told + PROGRESS - now;
		}
	}
	return next;
}
