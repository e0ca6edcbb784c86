// SPDX-License-Identifier: GPL-2.0-only
/* Orders to dittod about single objects: each connection has one at a time. */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "orders.h"

#define SLOTS	16

/**
 * struct slot - a connection
 * @fd: the connection, or -1
 * @busy: it has an order
 * @request: the order
 * @tag: the caller's number
 */
struct slot {
	int fd;
	bool busy;
	struct offload_ctl_request request;
	u64 tag;
};

/**
 * struct offload_orders - the orders
 * @done: called at the end of each
 * @arg: for @done
 * @requests: requests to stores
 * @slot: the connections
 */
struct offload_orders {
	void (*done)(void *arg, const struct offload_result *r);
	void *arg;
	u64 requests;
	struct slot slot[SLOTS];
};

struct offload_orders *offload_orders_new(void (*done)(void *arg, const struct offload_result *r),
					  void *arg)
{
	struct offload_orders *o = mem_new(sizeof(*o));
	int i;

	o->done = done;
	o->arg = arg;
	for (i = 0; i < SLOTS; i++)
		o->slot[i].fd = -1;
	return o;
}

static void slot_end(struct offload_orders *o, struct slot *s, struct offload_result *r)
{
	r->store = s->request.store;
	r->path = s->request.path;
	r->tag = s->tag;
	s->busy = false;
	o->done(o->arg, r);
	if (r->file >= 0)
		close(r->file);
}

static void slot_answered(struct offload_orders *o, struct slot *s)
{
	struct offload_result r = { .file = -1 };
	union offload_ctl_answer answer;

	if (!offload_answer(s->fd, &answer, &r.file)) {
		close(s->fd);
		s->fd = -1;
		r.error = ECONNRESET;
		r.text = "dittod has ended";
	} else if (answer.type == OFFLOAD_CTL_OBJECT) {
		o->requests += answer.object.requests;
		r.size = answer.object.size;
		r.more = answer.object.more;
	} else if (answer.type == OFFLOAD_CTL_FAILED) {
		r.error = answer.failure.error ?: EIO;
		answer.failure.text[sizeof(answer.failure.text) - 1] = '\0';
		r.text = answer.failure.text;
	} else {
		r.error = EBADMSG;
		r.text = "this version does not understand dittod's answer";
	}
	slot_end(o, s, &r);
}

/* Wait for answers. Returns false if none is due. */
static bool orders_poll(struct offload_orders *o)
{
	struct pollfd polls[SLOTS];
	bool busy = false;
	int i;

	for (i = 0; i < SLOTS; i++) {
		polls[i] = (struct pollfd){ .fd = o->slot[i].busy ? o->slot[i].fd : -1,
					    .events = POLLIN };
		busy = busy || o->slot[i].busy;
	}
	if (!busy || poll(polls, SLOTS, -1) < 0)
		return busy;
	for (i = 0; i < SLOTS; i++)
		if (polls[i].revents)
			slot_answered(o, &o->slot[i]);
	return true;
}

static struct slot *orders_free_slot(struct offload_orders *o)
{
	int i;

	for (;;) {
		for (i = 0; i < SLOTS; i++)
			if (!o->slot[i].busy)
				return &o->slot[i];
		orders_poll(o);
	}
}

void offload_orders_add(struct offload_orders *o, u32 type, const char *store, const char *path,
			u64 tag)
{
	struct slot *s = orders_free_slot(o);
	struct offload_result r = { .file = -1 };
	struct why why = { "dittod has ended" };

	memset(&s->request, 0, sizeof(s->request));
	s->request.type = type;
	snprintf(s->request.store, sizeof(s->request.store), "%s", store);
	snprintf(s->request.path, sizeof(s->request.path), "%s", path);
	s->tag = tag;
	s->busy = true;
	if (s->fd >= 0 && offload_send(s->fd, &s->request, -1))
		return;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = offload_connect(&s->request, -1, &why);
	if (s->fd >= 0)
		return;
	r.error = ECONNREFUSED;
	r.text = why.text;
	slot_end(o, s, &r);
}

void offload_orders_wait(struct offload_orders *o)
{
	while (orders_poll(o))
		;
}

u64 offload_orders_requests(const struct offload_orders *o)
{
	return o->requests;
}

void offload_orders_free(struct offload_orders *o)
{
	int i;

	offload_orders_wait(o);
	for (i = 0; i < SLOTS; i++)
		if (o->slot[i].fd >= 0)
			close(o->slot[i].fd);
	free(o);
}

u8 *offload_file_read(int fd, size_t *len)
{
	struct stat st;
	u8 *bytes;

	if (fd < 0 || fstat(fd, &st))
		return NULL;
	*len = (size_t)st.st_size;
	bytes = mem_new(*len + 1);
	if (pread(fd, bytes, *len, 0) == (ssize_t)*len)
		return bytes;
	free(bytes);
	return NULL;
}
