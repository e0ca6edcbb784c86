// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pushes of small files. A thread reads each file and makes its envelope, and the envelopes of
 * one store are gathered in a pack. It is uploaded when it is full, or no file was added for a
 * short time and none is being read. Its members share its end, good or bad.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "condemned.h"
#include "object/cookie.h"
#include "object/envelope.h"
#include "fault.h"
#include "mem.h"
#include "object/pack.h"
#include "packer.h"

/* A file and its envelope, or the envelope twice, are in memory. */
#define COPIES		2
/* Most files that are read, or wait for a thread. */
#define READING_MAX	64
/* Most pushes under way. Those that wait to be read have a descriptor. */
#define PUSHES_MAX	1024
/* Time until the next call if there is nothing to do, in ms. */
#define NEVER		60000

/**
 * struct packed_push - the push of a small file
 * @list: entry in one of struct packer's lists, or in its pack's
 * @all: the set
 * @id: number of the request
 * @store: the store
 * @fd: the file, or -1 once it was read
 * @job: for the thread
 * @plain: the content, only while the thread has it
 * @sealed: its envelope; NULL if another member of the pack has the same content
 * @member: name and place of the content
 * @cancelled: its end was reported
 * @error: 0 or a positive errno
 */
struct packed_push {
	TAILQ_ENTRY(packed_push) list;
	struct packer *all;
	u64 id;
	struct store *store;
	int fd;
	struct job job;
	u8 *plain;
	u8 *sealed;
	struct pack_member member;
	bool cancelled;
	int error;
};

TAILQ_HEAD(packed_push_list, packed_push);

enum packing_state {
	PACKING_OPEN,
	PACKING_SEALING,
	PACKING_SENDING,
};

/**
 * struct packing - a pack that is made
 * @list: entry in struct packer's list
 * @all: the set
 * @store: the store; each member is a user
 * @state: enum packing_state
 * @pushes: the files
 * @n: number of them
 * @left: number of those that were not cancelled
 * @size: bytes of all envelopes
 * @added: when the last file was added, CLOCK_MONOTONIC in ms
 * @job: for the thread
 * @bytes: the pack, or NULL without memory
 * @len: bytes of it, or 0
 * @name: its name
 * @wait: for the lists of garbage, or the end of a deletion
 * @transfer: the upload
 */
struct packing {
	TAILQ_ENTRY(packing) list;
	struct packer *all;
	struct store *store;
	enum packing_state state;
	struct packed_push_list pushes;
	unsigned int n;
	unsigned int left;
	size_t size;
	u64 added;
	struct job job;
	u8 *bytes;
	size_t len;
	u8 name[HASH_SIZE];
	struct condemned_wait wait;
	struct transfer transfer;
};

/**
 * struct packer - all pushes of small files
 * @engine: what they share
 * @waiting: files that are to be read
 * @reading: files that are read
 * @packings: the packs
 * @n: number of pushes
 * @n_reading: number of files that are read
 * @memory: bytes that they use
 */
struct packer {
	TAILQ_HEAD(, packing) packings;
	struct packed_push_list waiting;
	struct packed_push_list reading;
	struct engine *engine;
	unsigned int n;
	unsigned int n_reading;
	u64 memory;
};

static void packer_go_on(struct packer *all);

struct packer *packer_new(struct engine *engine)
{
	struct packer *all = mem_new(sizeof(*all));

	all->engine = engine;
	TAILQ_INIT(&all->waiting);
	TAILQ_INIT(&all->reading);
	TAILQ_INIT(&all->packings);
	return all;
}

/* Free a push that is in no list. */
static void packed_push_free(struct packed_push *p)
{
	p->all->n--;
	if (p->fd >= 0)
		close(p->fd);
	store_put(p->store);
	free(p->plain);
	free(p->sealed);
	free(p);
}

static void packed_push_fail(struct packed_push *p, int error, const char *why)
{
	if (!p->cancelled)
		out_send_failed(&p->all->engine->out, p->id, error, why);
	p->cancelled = true;
}

/* All pushes of a pack have ended. */
static void packing_free(struct packing *k)
{
	struct packer *all = k->all;
	struct packed_push *p;

	while ((p = TAILQ_FIRST(&k->pushes))) {
		TAILQ_REMOVE(&k->pushes, p, list);
		all->memory -= COPIES * p->member.length;
		packed_push_free(p);
	}
	TAILQ_REMOVE(&all->packings, k, list);
	free(k->bytes);
	free(k);
}

static void packing_fail(struct packing *k, int error, const char *why)
{
	struct packer *all = k->all;
	struct packed_push *p;

	TAILQ_FOREACH(p, &k->pushes, list)
		packed_push_fail(p, error, why);
	packing_free(k);
	packer_go_on(all);
}

/* The pack is in the store: tell all members. The first one has the costs. */
static void packing_tell(struct packing *k)
{
	struct offload_msg msg = { .type = OFFLOAD_PUSHED, .requests = k->transfer.requests,
				   .uploaded = k->transfer.sent };
	struct cookie cookie = { .packed = true };
	struct packed_push *p;

	snprintf(cookie.store, sizeof(cookie.store), "%s", k->store->name);
	memcpy(cookie.uuid, k->store->uuid, sizeof(cookie.uuid));
	memcpy(cookie.name, k->name, HASH_SIZE);
	TAILQ_FOREACH(p, &k->pushes, list) {
		if (p->cancelled)
			continue;
		cookie.offset = p->member.offset;
		cookie.room = p->member.room;
		memcpy(cookie.member, p->member.name, HASH_SIZE);
		msg.id = p->id;
		msg.size = p->member.length;
		msg.deduplicated = p->sealed ? 0 : p->member.length;
		msg.cookie_len = cookie_encode(&cookie, msg.cookie);
		out_send(&k->all->engine->out, &msg, -1);
		msg.requests = 0;
		msg.uploaded = 0;
	}
}

static void packing_sent(struct transfer *t)
{
	struct packing *k = t->arg;
	struct packer *all = k->all;

	if (t->outcome != OUTCOME_GOOD) {
		packing_fail(k, t->error, t->why.text);
		return;
	}
	fault_point("push-pack-sent");
	condemned_sent(all->engine->condemned, k->store, k->name);
	packing_tell(k);
	packing_free(k);
	packer_go_on(all);
}

static struct packing *packing_of(struct job *job)
{
	return (struct packing *)((char *)job - offsetof(struct packing, job));
}

/* Runs in a thread: put the envelopes and their list together. */
static void packing_seal(struct job *job)
{
	struct packing *k = packing_of(job);
	const struct key *key = store_key(k->store);
	struct transfer *t = &k->transfer;
	struct pack_member *members = mem_new(k->n * sizeof(*members));
	struct packed_push *p;
	u32 n = 0;

	k->bytes = malloc(k->size + PACK_LIST_ROOM(k->n));
	TAILQ_FOREACH(p, &k->pushes, list) {
		if (!p->sealed || !k->bytes)
			continue;
		memcpy(k->bytes + p->member.offset, p->sealed, p->member.room);
		members[n++] = p->member;
	}
	if (k->bytes)
		k->len = pack_seal(key, members, n, k->bytes, k->size, k->name);
	free(members);
	if (!k->len)
		return;
	hash_sha256(k->bytes, k->len, t->sha256);
	t->has_md5 = hash_md5(k->bytes, k->len, t->md5);
}

static void packing_send(struct packing *k)
{
	struct engine *engine = k->all->engine;

	if (!condemned_rely(engine->condemned, k->store, k->name, &k->wait))
		return;
	fault_point("push-pack");
	transfer_start(engine->transfers, &k->transfer);
}

static void packing_go(struct condemned_wait *w, int error, const char *why)
{
	struct packing *k = (struct packing *)((char *)w - offsetof(struct packing, wait));

	if (error)
		packing_fail(k, error, why);
	else
		packing_send(k);
}

static void packing_sealed(struct job *job)
{
	struct packing *k = packing_of(job);
	struct transfer *t = &k->transfer;

	if (!k->left || !k->len) {
		packing_fail(k, ENOMEM, "cannot encrypt: out of memory");
		return;
	}
	k->state = PACKING_SENDING;
	t->store = k->store;
	t->method = TRANSFER_PUT;
	t->urgency = TRANSFER_BACKGROUND;
	object_name(ENVELOPE_PACK, k->name, t->object);
	t->body = k->bytes;
	t->body_len = k->len;
	t->done = packing_sent;
	t->arg = k;
	packing_send(k);
}

/* The pack gets no more members. */
static void packing_close(struct packing *k)
{
	k->state = PACKING_SEALING;
	k->job.run = packing_seal;
	k->job.done = packing_sealed;
	if (pool_submit(k->all->engine->writers, &k->job))
		packing_fail(k, EAGAIN, "too many uploads");
}

/* The pack of a store that gets members, or NULL. */
static struct packing *packer_open_pack(const struct packer *all, const struct store *store)
{
	struct packing *k;

	TAILQ_FOREACH(k, &all->packings, list)
		if (k->store == store && k->state == PACKING_OPEN)
			return k;
	return NULL;
}

static struct packing *packing_new(struct packer *all, struct store *store)
{
	struct packing *k = mem_new(sizeof(*k));

	k->all = all;
	k->store = store;
	k->wait.go = packing_go;
	TAILQ_INIT(&k->pushes);
	TAILQ_INSERT_TAIL(&all->packings, k, list);
	return k;
}

/* Give a file its place in the pack: the place of equal content, or the next one. */
static void packing_place(struct packing *k, struct packed_push *p)
{
	const struct packed_push *q;

	TAILQ_FOREACH(q, &k->pushes, list) {
		if (memcmp(q->member.name, p->member.name, HASH_SIZE))
			continue;
		p->member = q->member;
		free(p->sealed);
		p->sealed = NULL;
		return;
	}
	p->member.offset = (u32)k->size;
	k->size += p->member.room;
}

static void packer_add(struct packer *all, struct packed_push *p)
{
	struct packing *k = packer_open_pack(all, p->store);

	if (k && k->size + p->member.room > PACK_SIZE) {
		packing_close(k);
		k = NULL;
	}
	if (!k)
		k = packing_new(all, p->store);
	packing_place(k, p);
	TAILQ_INSERT_TAIL(&k->pushes, p, list);
	k->n++;
	k->left++;
	k->added = clock_ms();
	if (k->n == PACKER_MEMBERS)
		packing_close(k);
}

static struct packed_push *packed_push_of(struct job *job)
{
	return (struct packed_push *)((char *)job - offsetof(struct packed_push, job));
}

/* Runs in a thread: read the file, name its content, and make its envelope. */
static void packed_push_read(struct job *job)
{
	struct packed_push *p = packed_push_of(job);
	struct pack_member *m = &p->member;
	size_t len = 0;
	ssize_t n = 1;

	p->plain = malloc(m->length);
	p->sealed = malloc(PACK_ROOM(m->length));
	if (!p->plain || !p->sealed) {
		p->error = ENOMEM;
		return;
	}
	while (len < m->length && n > 0) {
		n = pread(p->fd, p->plain + len, m->length - len, (off_t)len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (len < m->length) {
		p->error = n < 0 ? errno : ESTALE;
		return;
	}
	key_name(store_key(p->store), p->plain, len, m->name);
	m->room = pack_seal_member(store_key(p->store), p->store->compress, p->plain, len,
				   p->sealed);
	if (!m->room)
		p->error = ENOMEM;
}

static void packed_push_was_read(struct job *job)
{
	struct packed_push *p = packed_push_of(job);
	struct packer *all = p->all;

	TAILQ_REMOVE(&all->reading, p, list);
	all->n_reading--;
	/* An open file prevents that its blocks are released. */
	close(p->fd);
	p->fd = -1;
	free(p->plain);
	p->plain = NULL;
	if (p->error && !p->cancelled)
		packed_push_fail(p, p->error, p->error == ESTALE ?
				 "the file became shorter while it was read" : strerror(p->error));
	if (p->cancelled) {
		all->memory -= COPIES * p->member.length;
		packed_push_free(p);
	} else {
		packer_add(all, p);
	}
	packer_go_on(all);
}

/* Let threads read files while there is memory. */
static void packer_go_on(struct packer *all)
{
	struct packed_push *p;
	u64 memory;

	while ((p = TAILQ_FIRST(&all->waiting)) && all->n_reading < READING_MAX) {
		memory = COPIES * p->member.length;
		if (all->memory + memory > PACKER_MEMORY_MAX)
			return;
		TAILQ_REMOVE(&all->waiting, p, list);
		p->job.run = packed_push_read;
		p->job.done = packed_push_was_read;
		if (pool_submit(all->engine->writers, &p->job)) {
			packed_push_fail(p, EAGAIN, "too many pushes");
			packed_push_free(p);
			continue;
		}
		all->memory += memory;
		all->n_reading++;
		TAILQ_INSERT_TAIL(&all->reading, p, list);
	}
}

bool packer_push(struct packer *all, u64 id, struct store *store, int fd)
{
	struct packed_push *p;
	struct stat st;

	if (!store->packing || fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_size ||
	    st.st_size > PACK_FILE_MAX)
		return false;
	if (all->n == PUSHES_MAX) {
		out_send_failed(&all->engine->out, id, EAGAIN, "too many pushes");
		close(fd);
		return true;
	}
	p = mem_new(sizeof(*p));
	p->all = all;
	p->id = id;
	p->store = store_get(store);
	p->fd = fd;
	p->member.length = (u32)st.st_size;
	TAILQ_INSERT_TAIL(&all->waiting, p, list);
	all->n++;
	packer_go_on(all);
	return true;
}

/* A member is of no use any more. Its content stays in the pack, unless no other is left. */
static void packing_leave(struct packing *k)
{
	if (--k->left || k->state == PACKING_SEALING)
		return;
	condemned_stop_waiting(&k->wait);
	if (k->state == PACKING_SENDING)
		transfer_cancel(k->all->engine->transfers, &k->transfer);
	packing_free(k);
}

static struct packed_push *packed_push_find(const struct packed_push_list *list, u64 id)
{
	struct packed_push *p;

	TAILQ_FOREACH(p, list, list)
		if (p->id == id && !p->cancelled)
			return p;
	return NULL;
}

bool packer_cancel(struct packer *all, u64 id)
{
	struct packed_push *p = packed_push_find(&all->waiting, id);
	struct packing *k;

	if (p) {
		packed_push_fail(p, ECANCELED, "cancelled");
		TAILQ_REMOVE(&all->waiting, p, list);
		packed_push_free(p);
		return true;
	}
	p = packed_push_find(&all->reading, id);
	if (p) {
		/* It is freed when the thread has ended. */
		packed_push_fail(p, ECANCELED, "cancelled");
		return true;
	}
	TAILQ_FOREACH(k, &all->packings, list) {
		p = packed_push_find(&k->pushes, id);
		if (!p)
			continue;
		packed_push_fail(p, ECANCELED, "cancelled");
		packing_leave(k);
		packer_go_on(all);
		return true;
	}
	return false;
}

bool packer_idle(const struct packer *all)
{
	return !all->n;
}

/* Whether files are read that will be members of the pack. */
static bool packing_waits(const struct packing *k)
{
	const struct packed_push *p;

	TAILQ_FOREACH(p, &k->all->reading, list)
		if (p->store == k->store && !p->cancelled)
			return true;
	return false;
}

u64 packer_tick(struct packer *all)
{
	u64 now = clock_ms(), next = NEVER, due;
	struct packing *k, *after;

	for (k = TAILQ_FIRST(&all->packings); k; k = after) {
		after = TAILQ_NEXT(k, list);
		due = k->added + PACKER_PAUSE;
		/* The end of a reader is an event. */
		if (k->state != PACKING_OPEN || packing_waits(k))
			continue;
		if (due <= now)
			packing_close(k);
		else if (due - now < next)
			next = due - now;
	}
	return next;
}
