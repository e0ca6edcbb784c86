// SPDX-License-Identifier: GPL-2.0-only
/* Owners of prefixes. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <gcrypt.h>

#include "bucket_look.h"
#include "clock.h"
#include "fault.h"
#include "listing.h"
#include "mem.h"
#include "offload/memfile.h"
#include "owner.h"
#include "owner_check.h"

/* Milliseconds after which uploads ask again. */
#define KNOWN		600000
/*
 * Milliseconds after which deletions ask again, as another server may have taken the prefix, and
 * readers of a bucket that is not the right one.
 */
#define KNOWN_SURELY	5000
/* Milliseconds after which readers ask again if there was no answer. */
#define KNOWN_NOTHING	60000
/* Times that a write may be overtaken by others. */
#define TRIES		3
/* In place of the id of a key. */
#define NO_KEY		"none"

/* Where the data of a bucket that lost its owner is found. */
static const char *const owner_traces[] = { "filesystems/", "manifests/", "packs/" };

/**
 * struct owner_wait - a request that waits
 * @list: entry in struct claim's list
 * @msg: the request
 * @text: its text
 * @fd: its descriptor, or -1
 */
struct owner_wait {
	TAILQ_ENTRY(owner_wait) list;
	struct offload_msg msg;
	char *text;
	int fd;
};

/**
 * struct claim - the question for the owner of one store
 * @list: entry in struct owners' list
 * @waits: the requests that wait for it
 * @all: the set
 * @store: the store
 * @transfer: the present request to it
 * @look: nothing is written
 * @word: what the user says
 * @plain: the store does not know conditions
 * @written: the object was written
 * @tries: attempts to write it
 * @trace: index in owner_traces
 * @query: of the request for a list
 * @list_page: the answer to it
 * @found: what the object says
 * @valid: it is the object of an owner
 * @ours: what it says as it is written
 * @config: the questions for the bucket's configuration
 * @page: the object as it was read
 * @page_len: bytes of it
 * @text: the object as it is written
 */
struct claim {
	TAILQ_ENTRY(claim) list;
	TAILQ_HEAD(, owner_wait) waits;
	struct owners *all;
	struct store *store;
	struct transfer transfer;
	bool look;
	struct owner_word word;
	bool plain;
	bool written;
	unsigned int tries;
	unsigned int trace;
	char *query;
	u8 *list_page;
	struct owner_text found;
	bool valid;
	struct owner_text ours;
	struct bucket_look config;
	u8 page[OWNER_MAX];
	size_t page_len;
	char text[OWNER_MAX];
};

/**
 * struct owners - all questions
 * @list: at most two for each store, one of which looks only
 * @engine: what they share
 * @serve: takes requests whose store is this server's
 * @arg: for @serve
 */
struct owners {
	TAILQ_HEAD(, claim) list;
	struct engine *engine;
	void (*serve)(void *arg, const struct offload_msg *msg, struct store *store, int *fd);
	void *arg;
};

struct owners *owners_new(struct engine *engine,
			  void (*serve)(void *arg, const struct offload_msg *msg,
					struct store *store, int *fd), void *arg)
{
	struct owners *all = mem_new(sizeof(*all));

	all->engine = engine;
	all->serve = serve;
	all->arg = arg;
	TAILQ_INIT(&all->list);
	return all;
}

bool owner_is_known(const struct store *s, bool destroys)
{
	return clock_ms() + (destroys ? KNOWN - KNOWN_SURELY : 0) < s->owned_until;
}

static struct owner_wait *owner_wait_new(const struct offload_msg *msg, int fd)
{
	struct owner_wait *w = mem_new(sizeof(*w));

	w->msg = *msg;
	w->fd = fd;
	w->text = mem_print("%.*s", (int)msg->text_len, msg->text_len ? msg->text : "");
	w->msg.text = w->text;
	return w;
}

static void owner_wait_free(struct owner_wait *w)
{
	if (w->fd >= 0)
		close(w->fd);
	free(w->text);
	free(w);
}

bool owner_is_seen(const struct store *s)
{
	u64 now = clock_ms();

	return now < s->seen_until && now < s->config_until && !s->doubt.text[0];
}

/* Answer with the object itself. */
static void claim_answer_object(const struct claim *c, const struct owner_wait *w)
{
	const struct offload_msg good = { .type = OFFLOAD_OWNED, .id = w->msg.id,
					  .requests = c->transfer.requests };
	struct out *out = &c->all->engine->out;
	int fd = memfile_new(c->page, c->page_len);

	if (fd < 0) {
		out_send_failed(out, w->msg.id, -fd, "no memory for the object");
		return;
	}
	out_send(out, &good, fd);
	close(fd);
}

static bool owner_wait_is(const struct owner_wait *w, const char *text)
{
	return w->msg.type == OFFLOAD_OWN && !strncmp(w->text, text, strlen(text));
}

static void claim_answer(struct claim *c, struct owner_wait *w, int error, const char *why)
{
	const struct offload_msg good = { .type = OFFLOAD_OWNED, .id = w->msg.id,
					  .done = c->written,
					  .requests = c->transfer.requests };
	struct owners *all = c->all;
	struct why other;

	if (owner_wait_is(w, OWNER_READ) && c->page_len)
		claim_answer_object(c, w);
	else if (error)
		out_send_failed(&all->engine->out, w->msg.id, error, why);
	else if (owner_wait_is(w, OWNER_IS) &&
		 !(owner_check_record(c->store, w->text + strlen(OWNER_IS), &other) &&
		   store_keeps_objects(c->store, &other)))
		out_send_failed(&all->engine->out, w->msg.id, EPERM, other.text);
	else if (w->msg.type == OFFLOAD_OWN)
		out_send(&all->engine->out, &good, -1);
	else
		all->serve(all->arg, &w->msg, c->store, &w->fd);
}

static void claim_end(struct claim *c, int error, const char *why)
{
	struct owner_wait *w;

	if (!c->look)
		c->store->owned_until = error ? 0 : clock_ms() + KNOWN;
	/* Requests that come from here on are no business of this claim. */
	TAILQ_REMOVE(&c->all->list, c, list);
	while ((w = TAILQ_FIRST(&c->waits))) {
		TAILQ_REMOVE(&c->waits, w, list);
		claim_answer(c, w, error, why);
		owner_wait_free(w);
	}
	store_put(c->store);
	free(c->query);
	free(c->list_page);
	free(c);
}

/* Tell dittod what is known of the bucket: it remembers the UUID before it hears of any upload. */
static void claim_tell(const struct claim *c)
{
	const struct store *s = c->store;
	const struct bucket_config *b = &s->config;
	struct offload_msg msg = { .type = OFFLOAD_TOLD };
	struct why why = { "" };
	char *text;

	if (s->replaced)
		return;
	if (!store_keeps_objects(s, &why))
		text_make_printable(why.text);
	text = mem_print("uuid=%s\nversioning=%s\nlock=%s\nlifecycle=%s\nclass=%s\nrefused=%s\n",
			 s->uuid, b->versioning, b->lock, b->lifecycle, b->storage_class, why.text);
	snprintf(msg.store, sizeof(msg.store), "%s", s->name);
	msg.text = text;
	msg.text_len = strlen(text);
	out_send(&c->all->engine->out, &msg, -1);
	free(text);
}

static void claim_was_looked_at(struct bucket_look *l)
{
	struct claim *c = l->arg;

	claim_tell(c);
	claim_end(c, 0, NULL);
}

/* It is the right bucket, as far as that is known. */
static void claim_good(struct claim *c)
{
	struct store *s = c->store;

	s->foreign = false;
	s->doubt.text[0] = '\0';
	s->seen_until = clock_ms() + KNOWN;
	if (!c->look)
		memcpy(s->uuid, c->found.uuid, sizeof(s->uuid));
	c->config = (struct bucket_look){ .engine = c->all->engine, .store = s,
					  .done = claim_was_looked_at, .arg = c };
	bucket_look_start(&c->config);
}

/* The id of the key that encrypts. */
static void claim_key(const struct claim *c, char id[OWNER_WORD_SIZE])
{
	const struct key *key = store_key(c->store);

	snprintf(id, OWNER_WORD_SIZE, NO_KEY);
	if (key)
		hash_to_hex(key->id, KEY_ID_SIZE, id);
}

/* Whether the store has a key that data below the prefix is encrypted with. */
static bool claim_knows_key(const struct claim *c, const char *id)
{
	const struct store *s = c->store;
	char known[2 * KEY_ID_SIZE + 1];
	unsigned int i;

	for (i = 0; i < s->n_keys; i++) {
		hash_to_hex(s->keys[i].id, KEY_ID_SIZE, known);
		if (!strcmp(id, known))
			return true;
	}
	return !strcmp(id, NO_KEY);
}

/*
 * Take the ids of the keys from the object. @missing: one that the store does not have, or "".
 * Returns whether the key that encrypts is among them.
 */
static bool claim_take_keys(struct claim *c, char missing[OWNER_WORD_SIZE])
{
	char ours[OWNER_WORD_SIZE], words[OWNER_KEYS_SIZE], *word, *next, *keys = c->ours.keys;
	bool found = false;

	missing[0] = '\0';
	keys[0] = '\0';
	claim_key(c, ours);
	memcpy(words, c->found.keys, sizeof(words));
	/* An earlier version has not written any. */
	for (word = strtok_r(words, " ", &next); word; word = strtok_r(NULL, " ", &next)) {
		if (strlen(keys) + strlen(word) + 1 < sizeof(c->ours.keys))
			sprintf(keys + strlen(keys), "%s ", word);
		found = found || !strcmp(word, ours);
		if (!claim_knows_key(c, word))
			snprintf(missing, OWNER_WORD_SIZE, "%.*s", OWNER_WORD_SIZE - 1, word);
	}
	return found;
}

static const char *owner_word(const char *word)
{
	return word[0] ? word : "?";
}

/* The sentence for those who have lost. */
static void claim_refuse(struct claim *c)
{
	const struct store *s = c->store;
	struct why why;

	why_not(&why,
		"store %s, bucket %s, %s%s: the server %s (%s, since %s) writes there. If it does not any more: dittoctl offload take %s",
		s->name, s->bucket, s->prefix, OWNER_OBJECT, owner_word(c->found.name),
		owner_word(c->found.server), owner_word(c->found.since), s->name);
	claim_end(c, EPERM, why.text);
}

/* It is not the bucket with this server's data, or nobody can tell. */
static void claim_doubt(struct claim *c, bool foreign, const struct why *why)
{
	struct store *s = c->store;

	s->doubt = *why;
	s->foreign = foreign;
	s->seen_until = clock_ms() + KNOWN_SURELY;
	claim_end(c, ESTALE, s->doubt.text);
}

static void claim_read(struct claim *c, bool expected);

static void claim_was_written(struct transfer *t);

/* What the object is to say: the UUID stays what it is, and is made once. */
static void claim_make_ours(struct claim *c)
{
	struct owner_text *o = &c->ours;
	char key[OWNER_WORD_SIZE];
	time_t now = time(NULL);
	u8 uuid[(STORE_UUID_SIZE - 1) / 2];

	snprintf(o->server, sizeof(o->server), "%.63s", c->store->server_id);
	snprintf(o->name, sizeof(o->name), "%.63s", c->store->server_name ?: "?");
	strftime(o->since, sizeof(o->since), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	claim_key(c, key);
	if (!strstr(o->keys, key))
		snprintf(o->keys + strlen(o->keys), sizeof(o->keys) - strlen(o->keys), "%.16s",
			 key);
	if (c->found.uuid[0] || c->word.uuid[0]) {
		memcpy(o->uuid, c->found.uuid[0] ? c->found.uuid : c->word.uuid, sizeof(o->uuid));
	} else if (!o->uuid[0]) {
		gcry_randomize(uuid, sizeof(uuid), GCRY_STRONG_RANDOM);
		hash_to_hex(uuid, sizeof(uuid), o->uuid);
	}
}

static void claim_write(struct claim *c)
{
	struct transfer *t = &c->transfer;

	claim_make_ours(c);
	c->tries++;
	t->method = TRANSFER_PUT;
	t->query = NULL;
	t->expected = false;
	t->exclusive = !c->word.take && !c->plain;
	t->body = (const u8 *)c->text;
	t->body_len = owner_text_make(&c->ours, c->text);
	hash_sha256(t->body, t->body_len, t->sha256);
	t->has_md5 = hash_md5(t->body, t->body_len, t->md5);
	t->done = claim_was_written;
	transfer_start(c->all->engine->transfers, t);
}

/* Not all stores know the condition, so what counts is what is read afterwards. */
static void claim_was_written(struct transfer *t)
{
	struct claim *c = t->arg;

	fault_point("owner-written");
	if (t->outcome == OUTCOME_GOOD) {
		c->written = true;
		claim_read(c, true);
	} else if (t->error == EEXIST && c->tries < TRIES) {
		claim_read(c, true);
	} else if (t->error == EOPNOTSUPP && t->exclusive) {
		/* Such a store may show the object of another server only now. */
		c->plain = true;
		claim_read(c, true);
	} else {
		claim_end(c, t->error, t->why.text);
	}
}

/* The object is this server's, but of an earlier version or before a change of the key. */
static void claim_rewrite(struct claim *c)
{
	c->plain = true;
	claim_write(c);
}

/* A key that is missing would be noticed only when somebody reads what it has encrypted. */
static void claim_refuse_key(struct claim *c, const char *id)
{
	const struct store *s = c->store;
	struct why why;

	why_not(&why,
		"store %s, bucket %s: wrong key: its data is encrypted with the key %s, which %s: add that key below the new one",
		s->name, s->bucket, id, s->n_keys ? "is none of the keys here" :
		"is missing here");
	claim_end(c, EKEYREJECTED, why.text);
}

/* There is data, and nobody knows whose: its owner may have deleted the object by mistake. */
static void claim_refuse_traces(struct claim *c)
{
	const struct store *s = c->store;
	struct why why;

	why_not(&why,
		"store %s, bucket %s, %s%s is missing, but data of Ditto is there: if it is this server's, the records of its files name the UUID: dittoctl offload take --uuid UUID %s; if nobody's: dittoctl offload take --new-bucket %s",
		s->name, s->bucket, s->prefix, OWNER_OBJECT, s->name, s->name);
	claim_doubt(c, false, &why);
}

static void claim_list(struct claim *c);

static void claim_was_listed(struct transfer *t)
{
	struct claim *c = t->arg;
	char *prefix = mem_print("%s%s", c->store->prefix, owner_traces[c->trace]);
	struct listing l = { .n = 0 };
	bool good = t->outcome == OUTCOME_GOOD;
	struct why why = t->why;
	int error = t->error;

	if (good && !listing_parse(&l, (const char *)c->list_page, t->got, prefix, &why)) {
		good = false;
		error = EIO;
	}
	free(l.lines);
	free(prefix);
	if (!good)
		claim_end(c, error, why.text);
	else if (l.n)
		claim_refuse_traces(c);
	else if (++c->trace < ARRAY_SIZE(owner_traces))
		claim_list(c);
	else
		claim_write(c);
}

/* A bucket without an owner is a new one only if it is empty. */
static void claim_list(struct claim *c)
{
	char *prefix = mem_print("%s%s", c->store->prefix, owner_traces[c->trace]);
	struct transfer *t = &c->transfer;

	if (!c->list_page)
		c->list_page = malloc(LISTING_MAX);
	free(c->query);
	c->query = listing_query(prefix, "");
	free(prefix);
	if (!c->list_page) {
		claim_end(c, ENOMEM, "out of memory");
		return;
	}
	t->method = TRANSFER_GET;
	t->query = c->query;
	t->expected = false;
	t->into = c->list_page;
	t->room = LISTING_MAX;
	t->done = claim_was_listed;
	transfer_start(c->all->engine->transfers, t);
}

static void claim_is_missing(struct claim *c)
{
	struct why why;
	bool foreign;

	if (c->written)
		claim_end(c, c->transfer.error, c->transfer.why.text);
	else if (!owner_check_uuid(c->store, NULL, &c->word, &foreign, &why))
		claim_doubt(c, foreign, &why);
	else if (c->look)
		claim_good(c);
	else if (c->word.new_bucket || c->word.uuid[0] || c->trace == ARRAY_SIZE(owner_traces))
		claim_write(c);
	else
		claim_list(c);
}

static void claim_is_there(struct claim *c)
{
	bool ours = c->valid && !strcmp(c->found.server, c->store->server_id ?: "");
	bool foreign, known;
	char missing[OWNER_WORD_SIZE];
	struct why why;

	known = claim_take_keys(c, missing);
	if (!owner_check_uuid(c->store, &c->found, &c->word, &foreign, &why))
		claim_doubt(c, foreign, &why);
	else if (c->look)
		claim_good(c);
	else if ((ours || c->word.take) && missing[0])
		claim_refuse_key(c, missing);
	else if (ours && c->found.uuid[0] && (c->written || known))
		claim_good(c);
	else if (ours && c->tries < TRIES)
		claim_rewrite(c);
	else if (!c->written && c->word.take)
		claim_write(c);
	else
		claim_refuse(c);
}

static void claim_was_read(struct transfer *t)
{
	struct claim *c = t->arg;
	bool there = t->outcome == OUTCOME_GOOD;

	c->page_len = there ? t->got : 0;
	c->valid = owner_text_parse(&c->found, (const char *)c->page, c->page_len);
	if (there)
		snprintf(c->store->config.storage_class, sizeof(c->store->config.storage_class),
			 "%s", t->storage_class[0] ? t->storage_class : "STANDARD");
	if (there) {
		claim_is_there(c);
	} else if (t->outcome == OUTCOME_MISSING) {
		claim_is_missing(c);
	} else {
		c->store->seen_until = clock_ms() + KNOWN_NOTHING;
		claim_end(c, t->error, t->why.text);
	}
}

/* @expected: there should be an object, although the store may not show it yet. */
static void claim_read(struct claim *c, bool expected)
{
	struct transfer *t = &c->transfer;

	t->method = TRANSFER_GET;
	t->query = NULL;
	t->expected = expected;
	t->into = c->page;
	t->room = OWNER_MAX;
	t->done = claim_was_read;
	transfer_start(c->all->engine->transfers, t);
}

static struct claim *claim_new(struct owners *all, struct store *store, bool look)
{
	struct claim *c = mem_new(sizeof(*c));

	c->all = all;
	c->store = store_get(store);
	c->look = look;
	TAILQ_INIT(&c->waits);
	c->transfer.store = store;
	c->transfer.arg = c;
	memcpy(c->transfer.object, OWNER_OBJECT, sizeof(OWNER_OBJECT));
	TAILQ_INSERT_TAIL(&all->list, c, list);
	claim_read(c, false);
	return c;
}

static struct claim *claim_find(const struct owners *all, const struct store *store, bool look)
{
	struct claim *c;

	TAILQ_FOREACH(c, &all->list, list)
		if (c->store == store && c->look == look)
			return c;
	return NULL;
}

void owner_look(struct owners *all, struct store *store)
{
	if (store->uuid[0] && clock_ms() >= store->seen_until && !claim_find(all, store, true))
		claim_new(all, store, true);
}

/* Whether an answer is wanted from whoever writes there, or from nobody. */
static bool owner_only_looks(const struct owner_wait *w)
{
	return w->msg.type == OFFLOAD_CHECK || owner_wait_is(w, OWNER_READ);
}

/* Why nobody writes there, or NULL. */
static const char *owner_refusal(const struct store *store)
{
	if (store->refused)
		return store->refused;
	return store->server_id ? NULL : "this server has no id";
}

/* Take what the user says of the bucket. Returns false if that is nothing known. */
static bool owner_word_read(struct owner_word *word, const struct owner_wait *w)
{
	const char *uuid = w->text + strlen(OWNER_TAKE_UUID);

	if (!owner_wait_is(w, OWNER_TAKE))
		return true;
	word->take = true;
	word->new_bucket = !strcmp(w->text, OWNER_TAKE_NEW);
	if (word->new_bucket || !strcmp(w->text, OWNER_TAKE))
		return true;
	if (!owner_wait_is(w, OWNER_TAKE_UUID) || !store_uuid_is_good(uuid))
		return false;
	memcpy(word->uuid, uuid, sizeof(word->uuid));
	return true;
}

void owner_ask(struct owners *all, const struct offload_msg *msg, int fd, struct store *store)
{
	struct owner_wait *w = owner_wait_new(msg, fd);
	const char *refusal = owner_only_looks(w) ? NULL : owner_refusal(store);
	struct owner_word word = { .take = false };
	struct claim *c;

	if (!refusal && !owner_word_read(&word, w))
		refusal = "this is no UUID of a store";
	if (refusal) {
		out_send_failed(&all->engine->out, msg->id, EPERM, refusal);
		owner_wait_free(w);
		return;
	}
	c = claim_find(all, store, owner_only_looks(w)) ?:
	    claim_new(all, store, owner_only_looks(w));
	if (word.take)
		c->word = word;
	TAILQ_INSERT_TAIL(&c->waits, w, list);
}

bool owner_cancel(struct owners *all, u64 id)
{
	struct owner_wait *w;
	struct claim *c;

	TAILQ_FOREACH(c, &all->list, list)
		TAILQ_FOREACH(w, &c->waits, list) {
			if (w->msg.id != id)
				continue;
			out_send_failed(&all->engine->out, id, ECANCELED, "cancelled");
			TAILQ_REMOVE(&c->waits, w, list);
			owner_wait_free(w);
			return true;
		}
	return false;
}
