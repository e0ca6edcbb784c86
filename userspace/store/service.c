// SPDX-License-Identifier: GPL-2.0-only
/* The service: stores by name, and the requests of dittod. One thread does all but arithmetic. */

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "offload/check.h"
#include "offload/collect.h"
#include "offload/condemned.h"
#include "object/cookie.h"
#include "offload/fetch.h"
#include "offload/keep.h"
#include "mem.h"
#include "order.h"
#include "owner.h"
#include "owner_check.h"
#include "offload/packer.h"
#include "offload/push.h"
#include "service.h"

/* Threads for each of reading and writing. */
#define THREADS_MIN	2
#define THREADS_MAX	8
/* More jobs than all requests have. */
#define JOBS_MAX	4096
/* Messages that are taken before the transfers go on. */
#define BATCH		32

/**
 * struct service - the service
 * @engine: what all requests share
 * @checks: all checks
 * @pushes: all pushes of files with chunks of their own
 * @packer: all pushes of small files
 * @objects: chunks and manifests
 * @fetches: all fetches
 * @orders: all orders about single objects
 * @collects: all deletions of condemned objects
 * @owners: all questions whose a store is
 * @stores: the stores that are defined
 * @n_stores: number of them
 * @used: there were requests since the last rest
 * @packet: receive buffer
 */
struct service {
	struct engine engine;
	struct checks *checks;
	struct pushes *pushes;
	struct packer *packer;
	struct objects *objects;
	struct fetches *fetches;
	struct orders *orders;
	struct collects *collects;
	struct owners *owners;
	struct store **stores;
	size_t n_stores;
	bool used;
	u8 packet[OFFLOAD_PACKET_MAX];
};

static struct store **service_store(struct service *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n_stores; i++)
		if (!strcmp(s->stores[i]->name, name))
			return &s->stores[i];
	return NULL;
}

/* Only characters that need no quoting anywhere. */
static bool service_name_is_good(const char *name)
{
	static const char good[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";

	return name[0] && name[strspn(name, good)] == '\0';
}

static void service_define(struct service *s, const struct offload_msg *msg, int fd)
{
	const struct offload_msg good = { .type = OFFLOAD_STORED, .id = msg->id };
	struct store **at = service_store(s, msg->store), *store = NULL;
	struct why why;
	bool valid;

	if (!service_name_is_good(msg->store)) {
		out_send_failed(&s->engine.out, msg->id, EINVAL, "invalid name of a store");
		return;
	}
	if (msg->text_len) {
		store = store_new(msg->store, msg->text, msg->text_len, &why);
		valid = store && (fd < 0 || store_read_trust(store, fd, &why));
		if (!valid) {
			out_send_failed(&s->engine.out, msg->id, EINVAL, why.text);
			if (store)
				store_put(store);
			return;
		}
	}
	if (at) {
		(*at)->replaced = true;
		store_put(*at);
		*at = s->stores[--s->n_stores];
	}
	if (store) {
		s->stores = reallocarray(s->stores, s->n_stores + 1, sizeof(*s->stores));
		if (!s->stores)
			mem_out();
		s->stores[s->n_stores++] = store;
	}
	out_send(&s->engine.out, &good, -1);
}

/* Content is compared with its name, so what is not surely another bucket is read from. */
static bool service_has_content(const struct store *store, const struct cookie *cookie,
				struct why *why)
{
	if (store->foreign)
		return why_not(why, "%s", store->doubt.text);
	return !cookie->uuid[0] || !store->uuid[0] ||
	       owner_check_record(store, cookie->uuid, why);
}

static void service_fetch(struct service *s, const struct offload_msg *msg)
{
	struct cookie cookie;
	struct store **at;
	struct why why;

	if (!cookie_decode(&cookie, msg->cookie, msg->cookie_len)) {
		out_send_failed(&s->engine.out, msg->id, EINVAL,
				"the record of the file is invalid or of a later version");
		return;
	}
	at = service_store(s, cookie.store);
	if (!at) {
		why_not(&why, "store %s is not configured", cookie.store);
		out_send_failed(&s->engine.out, msg->id, ENOENT, why.text);
		return;
	}
	owner_look(s->owners, *at);
	if (!service_has_content(*at, &cookie, &why))
		out_send_failed(&s->engine.out, msg->id, ESTALE, why.text);
	else
		fetch_start(s->fetches, msg, *at, &cookie);
}

/* New objects have to stay where they are put. Returns whether they would. */
static bool service_may_upload(struct service *s, const struct offload_msg *msg,
			       const struct store *store)
{
	struct why why;

	if (store_keeps_objects(store, &why))
		return true;
	out_send_failed(&s->engine.out, msg->id, EPERM, why.text);
	return false;
}

static void service_serve(void *arg, const struct offload_msg *msg, struct store *store, int *fd)
{
	struct service *s = arg;

	if (msg->type == OFFLOAD_CHECK) {
		check_start(s->checks, msg->id, store);
	} else if (msg->type == OFFLOAD_PUSH && !service_may_upload(s, msg, store)) {
		return;
	} else if (msg->type == OFFLOAD_KEEP) {
		keep_start(&s->engine, msg, store, *fd);
	} else if (msg->type == OFFLOAD_COLLECT) {
		collect_start(s->collects, msg, store, *fd);
	} else if (msg->type != OFFLOAD_PUSH) {
		order_start(s->orders, msg, store);
	} else if (*fd < 0) {
		out_send_failed(&s->engine.out, msg->id, EBADF, "the file is missing");
	} else {
		if (!packer_push(s->packer, msg->id, store, *fd))
			push_start(s->pushes, msg->id, store, *fd);
		*fd = -1;
	}
}

/* Whoever only reads needs not own the store, but it has to be the right one. */
static bool service_needs_owner(const struct offload_msg *msg, const struct store *store)
{
	switch (msg->type) {
	case OFFLOAD_OWN:
		return true;
	case OFFLOAD_CHECK:
		return !owner_is_seen(store);
	case OFFLOAD_PUSH:
	case OFFLOAD_KEEP:
		return !owner_is_known(store, false);
	/* An object that is replaced may be one that another server has deleted. */
	case OFFLOAD_COLLECT:
	case OFFLOAD_DELETE:
	case OFFLOAD_REKEY:
		return !owner_is_known(store, true);
	default:
		return false;
	}
}

static void service_use_store(struct service *s, const struct offload_msg *msg, int *fd)
{
	struct store **at = service_store(s, msg->store);
	struct why why;

	if (at && (msg->type == OFFLOAD_LIST || msg->type == OFFLOAD_READ))
		owner_look(s->owners, *at);
	if (!at) {
		why_not(&why, "store %s is not configured", msg->store);
		out_send_failed(&s->engine.out, msg->id, ENOENT, why.text);
	} else if ((*at)->foreign && (msg->type == OFFLOAD_LIST || msg->type == OFFLOAD_READ)) {
		out_send_failed(&s->engine.out, msg->id, ESTALE, (*at)->doubt.text);
	} else if (service_needs_owner(msg, *at)) {
		owner_ask(s->owners, msg, *fd, *at);
		*fd = -1;
	} else {
		service_serve(s, msg, *at, fd);
	}
}

/* Returns false if the message is not one of dittod. */
static bool service_take(struct service *s, const struct offload_msg *msg, int *fd)
{
	switch (msg->type) {
	case OFFLOAD_STORE:
		service_define(s, msg, *fd);
		return true;
	case OFFLOAD_CHECK:
	case OFFLOAD_PUSH:
	case OFFLOAD_LIST:
	case OFFLOAD_READ:
	case OFFLOAD_COLLECT:
	case OFFLOAD_DELETE:
	case OFFLOAD_REKEY:
	case OFFLOAD_KEEP:
	case OFFLOAD_OWN:
		service_use_store(s, msg, fd);
		return true;
	case OFFLOAD_FETCH:
		service_fetch(s, msg);
		return true;
	case OFFLOAD_CANCEL:
		if (!fetch_cancel(s->fetches, msg->id) && !push_cancel(s->pushes, msg->id) &&
		    !order_cancel(s->orders, msg->id) && !collect_cancel(s->collects, msg->id) &&
		    !owner_cancel(s->owners, msg->id) && !packer_cancel(s->packer, msg->id))
			check_cancel(s->checks, msg->id);
		return true;
	default:
		return false;
	}
}

static int service_receive(struct service *s)
{
	struct offload_msg msg;
	int rc = 0, fd, i;
	bool good;

	for (i = 0; i < BATCH; i++) {
		rc = offload_msg_receive(s->engine.out.fd, &msg, s->packet, &fd);
		if (rc)
			break;
		good = service_take(s, &msg, &fd);
		if (msg.type == OFFLOAD_STORE)
			explicit_bzero(s->packet, sizeof(s->packet));
		if (fd >= 0)
			close(fd);
		if (!good)
			return -EBADMSG;
	}
	return rc == -EAGAIN ? 0 : rc;
}

/* Give the memory of buffers back to the system after the last request. */
static void service_rest(struct service *s)
{
	bool idle = pushes_idle(s->pushes) && packer_idle(s->packer) && objects_idle(s->objects);

	if (idle && s->used)
		malloc_trim(0);
	s->used = !idle;
}

static int service_round(struct service *s)
{
	struct engine *e = &s->engine;
	struct curl_waitfd fds[] = {
		{ .fd = e->out.fd, .events = CURL_WAIT_POLLIN },
		{ .fd = pool_fd(e->readers), .events = CURL_WAIT_POLLIN },
		{ .fd = pool_fd(e->writers), .events = CURL_WAIT_POLLIN },
	};
	u64 timeout = pushes_tick(s->pushes), objects = objects_tick(s->objects);
	u64 packs = packer_tick(s->packer), fetches = fetches_tick(s->fetches);
	u64 condemned = condemnations_tick(s->engine.condemned);
	int rc;

	if (objects < timeout)
		timeout = objects;
	if (packs < timeout)
		timeout = packs;
	if (fetches < timeout)
		timeout = fetches;
	if (condemned < timeout)
		timeout = condemned;
	service_rest(s);
	if (out_waits(&e->out))
		fds[0].events |= CURL_WAIT_POLLOUT;
	transfers_wait(e->transfers, fds, ARRAY_SIZE(fds), timeout);
	pool_reap(e->readers);
	pool_reap(e->writers);
	rc = service_receive(s);
	if (rc)
		return rc;
	transfers_run(e->transfers);
	out_flush(&e->out);
	return e->out.broken ? -ECONNRESET : 0;
}

static struct pool *service_pool(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (n < THREADS_MIN)
		n = THREADS_MIN;
	if (n > THREADS_MAX)
		n = THREADS_MAX;
	return pool_new((unsigned int)n, JOBS_MAX);
}

int service_run(int fd)
{
	const struct offload_msg hello = { .type = OFFLOAD_HELLO, .number = OFFLOAD_VERSION };
	struct service *s = mem_new(sizeof(*s));
	int rc = 0;

	out_init(&s->engine.out, fd);
	s->engine.transfers = transfers_new();
	s->engine.readers = service_pool();
	s->engine.writers = service_pool();
	if (!s->engine.transfers || !s->engine.readers || !s->engine.writers)
		return -ENOMEM;
	s->engine.condemned = condemnations_new(&s->engine);
	s->checks = checks_new(&s->engine);
	s->pushes = pushes_new(&s->engine);
	s->packer = packer_new(&s->engine);
	s->objects = objects_new(&s->engine);
	s->fetches = fetches_new(&s->engine, s->objects);
	s->orders = orders_new(&s->engine);
	s->collects = collects_new(&s->engine);
	s->owners = owners_new(&s->engine, service_serve, s);
	out_send(&s->engine.out, &hello, -1);
	while (!rc)
		rc = service_round(s);
	return rc == -ECONNRESET ? 0 : rc;
}
