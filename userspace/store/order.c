// SPDX-License-Identifier: GPL-2.0-only
/* Orders about single objects. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "object/chunker.h"
#include "object/filesystem.h"
#include "object/garbage.h"
#include "listing.h"
#include "offload/load.h"
#include "object/manifest.h"
#include "mem.h"
#include "offload/memfile.h"
#include "order.h"
#include "object/pack.h"
#include "object/snapshot.h"

/**
 * struct order - an order
 * @list: entry in struct orders' list
 * @all: the set
 * @id: number of the request
 * @cancelled: its end was reported already
 * @referred: something refers to the object
 * @load: reads the object; its store is the order's, which is a user of it
 * @transfer: request for a list, or to delete
 * @query: of the request for a list
 * @page: the answer to it
 * @sealed: the object with another key
 * @sealed_len: bytes of it; 0 if the object has the right key
 */
struct order {
	TAILQ_ENTRY(order) list;
	struct orders *all;
	u64 id;
	bool cancelled;
	bool referred;
	struct load load;
	struct transfer transfer;
	char *query;
	u8 *page;
	u8 *sealed;
	size_t sealed_len;
};

/**
 * struct orders - all orders
 * @list: the orders
 * @engine: what they share
 */
struct orders {
	TAILQ_HEAD(, order) list;
	struct engine *engine;
};

struct orders *orders_new(struct engine *engine)
{
	struct orders *all = mem_new(sizeof(*all));

	all->engine = engine;
	TAILQ_INIT(&all->list);
	return all;
}

static void order_free(struct order *o)
{
	TAILQ_REMOVE(&o->all->list, o, list);
	store_put(o->load.store);
	free(o->query);
	free(o->page);
	free(o->sealed);
	free(o);
}

static void order_fail(struct order *o, int error, const char *why)
{
	out_send_failed(&o->all->engine->out, o->id, error, why);
	order_free(o);
}

static void order_listed(struct transfer *t)
{
	struct order *o = t->arg;
	struct out *out = &o->all->engine->out;
	struct offload_msg msg = { .type = OFFLOAD_LISTED, .id = o->id, .requests = t->requests };
	struct listing l;
	struct why why;
	int fd = -1;

	if (t->outcome != OUTCOME_GOOD) {
		order_fail(o, t->error, t->why.text);
		return;
	}
	if (!listing_parse(&l, (const char *)o->page, t->got, t->store->prefix, &why)) {
		order_fail(o, EIO, why.text);
		return;
	}
	if (l.n)
		fd = memfile_new(l.lines, l.len);
	free(l.lines);
	if (fd < -1) {
		order_fail(o, -fd, "no memory for a list");
		return;
	}
	msg.number = l.n;
	msg.done = l.more;
	out_send(out, &msg, fd);
	if (fd >= 0)
		close(fd);
	order_free(o);
}

static void order_list(struct order *o, const char *text)
{
	struct store *store = o->load.store;
	struct transfer *t = &o->transfer;
	const char *after = strchr(text, '\n');
	char *prefix, *from;

	if (!after) {
		order_fail(o, EINVAL, "the order names no place to begin");
		return;
	}
	o->page = malloc(LISTING_MAX);
	if (!o->page) {
		order_fail(o, ENOMEM, "out of memory");
		return;
	}
	prefix = mem_print("%s%.*s", store->prefix, (int)(after - text), text);
	from = after[1] ? mem_print("%s%s", store->prefix, after + 1) : mem_string("");
	o->query = listing_query(prefix, from);
	free(prefix);
	free(from);
	t->method = TRANSFER_GET;
	t->query = o->query;
	t->into = o->page;
	t->room = LISTING_MAX;
	t->done = order_listed;
	transfer_start(o->all->engine->transfers, t);
}

/* The content of a chunk is of no use to anybody. */
static bool order_drop(struct load *l, const u8 *plain, struct why *why)
{
	(void)l;
	(void)plain;
	(void)why;
	return true;
}

/* Runs in a thread: check a pack as a whole, and encrypt its members again if a key is given. */
static bool order_check_pack(struct load *l, const struct key *rekey, u8 *out,
			     struct pack_check *check, struct why *why)
{
	bool good;

	*check = (struct pack_check){ .keys = l->store->keys, .n_keys = l->store->n_keys,
				      .name = l->name, .rekey = rekey, .out = out };
	good = pack_check(check, l->stored, l->transfer.got, why);
	l->len = check->content;
	return good;
}

/* Runs in a thread. */
static bool order_use_pack(struct load *l, const u8 *plain, struct why *why)
{
	struct pack_check check;

	(void)plain;
	return order_check_pack(l, NULL, NULL, &check, why);
}

static void order_read_done(struct load *l)
{
	struct order *o = l->arg;
	const struct offload_msg msg = { .type = OFFLOAD_OBJECT, .id = o->id, .size = l->len,
					 .requests = l->transfer.requests };

	if (l->error && !o->cancelled) {
		order_fail(o, l->damaged ? EBADMSG : l->error, l->why.text);
		return;
	}
	if (l->kind == ENVELOPE_GARBAGE && !l->error && !o->cancelled &&
	    !envelope_is_ours(&l->envelope, l->store->n_keys)) {
		close(l->file);
		order_fail(o, ENOKEY, "the list has no key, so anybody can have made it");
		return;
	}
	if (!o->cancelled)
		out_send(&o->all->engine->out, &msg, l->file);
	if (l->file >= 0)
		close(l->file);
	order_free(o);
}

/* Runs in a thread. Without a length afterwards, the pack has to stay as it is. */
static bool order_reseal_pack(struct order *o, const struct key *key, struct why *why)
{
	struct load *l = &o->load;
	struct pack_check check;

	memcpy(o->sealed, l->stored, l->transfer.got);
	if (!order_check_pack(l, key, o->sealed, &check, why))
		return false;
	if (check.replaced && (check.keyed || o->referred))
		o->sealed_len = l->transfer.got;
	return true;
}

/*
 * Runs in a thread. Whoever can write to the bucket can make an object whose name has no key: such
 * a one gets a key only if something refers to it.
 */
static bool order_reseal(struct load *l, const u8 *plain, struct why *why)
{
	const struct key *key = store_key(l->store);
	struct order *o = l->arg;
	struct transfer *t = &o->transfer;

	(void)plain;
	if (!key)
		return why_not(why, "the store has no key");
	free(o->sealed);
	o->sealed = NULL;
	o->sealed_len = 0;
	if (l->kind != ENVELOPE_PACK &&
	    (l->envelope.key == key || !(l->envelope.name_key || o->referred)))
		return true;
	o->sealed = malloc(l->kind == ENVELOPE_PACK ? l->transfer.got :
			   ENVELOPE_MAX(l->envelope.payload));
	if (!o->sealed)
		return why_not(why, "out of memory");
	if (l->kind == ENVELOPE_PACK) {
		if (!order_reseal_pack(o, key, why))
			return false;
		if (!o->sealed_len)
			return true;
	} else {
		o->sealed_len = envelope_reseal(&l->envelope, l->stored, key, o->sealed);
		if (!o->sealed_len)
			return why_not(why, "cannot encrypt");
	}
	hash_sha256(o->sealed, o->sealed_len, t->sha256);
	t->has_md5 = hash_md5(o->sealed, o->sealed_len, t->md5);
	return true;
}

static void order_rekeyed(struct order *o)
{
	const struct offload_msg msg = { .type = OFFLOAD_REKEYED, .id = o->id, .size = o->load.len,
					 .done = o->sealed_len > 0,
					 .requests = o->load.transfer.requests +
						     o->transfer.requests };

	out_send(&o->all->engine->out, &msg, -1);
	order_free(o);
}

static void order_rewritten(struct transfer *t)
{
	struct order *o = t->arg;

	fault_point("rekey-sent");
	if (t->outcome == OUTCOME_GOOD)
		order_rekeyed(o);
	else
		order_fail(o, t->error, t->why.text);
}

/* The object is replaced as a whole by one with the same name and content. */
static void order_resealed(struct load *l)
{
	struct order *o = l->arg;
	struct transfer *t = &o->transfer;

	if (o->cancelled) {
		order_free(o);
		return;
	}
	/* From here on, the transfer is what can be cancelled. */
	l->done = NULL;
	if (l->error) {
		order_fail(o, l->error, l->why.text);
	} else if (!o->sealed_len) {
		order_rekeyed(o);
	} else {
		object_name(l->kind, l->name, t->object);
		t->method = TRANSFER_PUT;
		t->body = o->sealed;
		t->body_len = o->sealed_len;
		t->done = order_rewritten;
		transfer_start(o->all->engine->transfers, t);
	}
}

/* Most bytes of content of a kind. */
static size_t order_max(enum envelope_kind kind)
{
	if (kind == ENVELOPE_SNAPSHOT)
		return SNAPSHOT_HEAD_MAX;
	if (kind == ENVELOPE_FILESYSTEM)
		return FILESYSTEM_MAX;
	if (kind == ENVELOPE_GARBAGE)
		return GARBAGE_MAX;
	return kind == ENVELOPE_CHUNK ? CHUNK_MAX : MANIFEST_MAX;
}

static void order_read(struct order *o, char *text, bool rekey)
{
	struct load *l = &o->load;
	char *line = strchr(text, '\n');
	u32 kind;

	if (rekey && line && !strcmp(line + 1, ORDER_REFERRED)) {
		o->referred = true;
		*line = '\0';
	}

	if (!object_name_parse(text, &kind, l->name)) {
		order_fail(o, EINVAL, "this is no name of an object");
		return;
	}
	l->kind = kind;
	l->engine = o->all->engine;
	l->urgency = TRANSFER_BACKGROUND;
	l->max = order_max(l->kind);
	if (l->kind == ENVELOPE_CHUNK)
		l->use = order_drop;
	if (l->kind == ENVELOPE_PACK)
		l->use = order_use_pack;
	l->done = order_read_done;
	if (rekey) {
		l->use = order_reseal;
		l->done = order_resealed;
	}
	l->arg = o;
	load_start(l);
}

static void order_deleted(struct transfer *t)
{
	struct order *o = t->arg;
	const struct offload_msg msg = { .type = OFFLOAD_DELETED, .id = o->id,
					 .requests = t->requests };
	struct why why;

	if (t->outcome != OUTCOME_GOOD && t->outcome != OUTCOME_MISSING) {
		/* A bucket may keep objects for a time, and does not say that in a common way. */
		why_not(&why, "%.448s%s", t->why.text, t->error == EACCES ?
			"; if the bucket retains it for a time, the next gc tries again" : "");
		order_fail(o, t->error, why.text);
		return;
	}
	out_send(&o->all->engine->out, &msg, -1);
	order_free(o);
}

static void order_delete(struct order *o, const char *text)
{
	struct transfer *t = &o->transfer;
	u32 kind;
	u8 name[HASH_SIZE];

	if (!object_name_parse(text, &kind, name) || kind <= ENVELOPE_PACK) {
		order_fail(o, EINVAL, "this is no name of an object that may be deleted alone");
		return;
	}
	snprintf(t->object, sizeof(t->object), "%s", text);
	t->method = TRANSFER_DELETE;
	t->done = order_deleted;
	transfer_start(o->all->engine->transfers, t);
}

void order_start(struct orders *all, const struct offload_msg *msg, struct store *store)
{
	struct order *o = mem_new(sizeof(*o));
	char *text = mem_print("%.*s", (int)msg->text_len, msg->text);

	o->all = all;
	o->id = msg->id;
	o->load.store = store_get(store);
	o->load.file = -1;
	o->transfer.store = store;
	o->transfer.urgency = TRANSFER_BACKGROUND;
	o->transfer.arg = o;
	TAILQ_INSERT_TAIL(&all->list, o, list);
	if (msg->type == OFFLOAD_LIST)
		order_list(o, text);
	else if (msg->type == OFFLOAD_READ || msg->type == OFFLOAD_REKEY)
		order_read(o, text, msg->type == OFFLOAD_REKEY);
	else
		order_delete(o, text);
	free(text);
}

bool order_cancel(struct orders *all, u64 id)
{
	struct order *o;

	TAILQ_FOREACH(o, &all->list, list) {
		if (o->id != id || o->cancelled)
			continue;
		if (!o->load.done) {
			transfer_cancel(all->engine->transfers, &o->transfer);
			order_fail(o, ECANCELED, "cancelled");
			return true;
		}
		/* A thread may work on it. */
		o->cancelled = true;
		out_send_failed(&all->engine->out, id, ECANCELED, "cancelled");
		return true;
	}
	return false;
}
