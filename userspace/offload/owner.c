// SPDX-License-Identifier: GPL-2.0-only
/* Owners of prefixes. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "mem.h"
#include "owner.h"

/* First line of the object. */
#define MAGIC		"ditto owner 1\n"
/* Milliseconds after which uploads ask again. */
#define KNOWN		600000
/* Milliseconds after which deletions ask again: another server may have taken the prefix. */
#define KNOWN_SURELY	5000
/* Times that a write may be overtaken by others. */
#define TRIES		3
#define WORD_MAX	64
/* Ids of keys, each with a blank. */
#define KEYS_MAX	((STORE_KEYS_MAX + 1) * (2 * KEY_ID_SIZE + 1))
/* In place of the id of a key. */
#define NO_KEY		"none"

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
 * @take: the prefix is taken over
 * @plain: the store does not know conditions
 * @written: the object was written
 * @tries: attempts to write it
 * @keys: ids of the keys of all data below the prefix
 * @page: the object as it was read
 * @text: the object as it is written
 */
struct claim {
	TAILQ_ENTRY(claim) list;
	TAILQ_HEAD(, owner_wait) waits;
	struct owners *all;
	struct store *store;
	struct transfer transfer;
	bool take;
	bool plain;
	bool written;
	unsigned int tries;
	char keys[KEYS_MAX];
	u8 page[OWNER_MAX + 1];
	char text[OWNER_MAX];
};

/**
 * struct owners - all questions
 * @list: at most one for each store
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
	u64 now = clock_ms() + (destroys ? KNOWN - KNOWN_SURELY : 0);

	return !s->server_id || now < s->owned_until;
}

static void claim_answer(struct claim *c, struct owner_wait *w, int error, const char *why)
{
	const struct offload_msg good = { .type = OFFLOAD_OWNED, .id = w->msg.id,
					  .done = c->written,
					  .requests = c->transfer.requests };
	struct owners *all = c->all;

	if (error)
		out_send_failed(&all->engine->out, w->msg.id, error, why);
	else if (w->msg.type == OFFLOAD_OWN)
		out_send(&all->engine->out, &good, -1);
	else
		all->serve(all->arg, &w->msg, c->store, &w->fd);
}

static void owner_wait_free(struct claim *c, struct owner_wait *w)
{
	TAILQ_REMOVE(&c->waits, w, list);
	if (w->fd >= 0)
		close(w->fd);
	free(w->text);
	free(w);
}

static void claim_end(struct claim *c, int error, const char *why)
{
	struct owner_wait *w;

	c->store->owned_until = error ? 0 : clock_ms() + KNOWN;
	/* Requests that come from here on are no business of this claim. */
	TAILQ_REMOVE(&c->all->list, c, list);
	while ((w = TAILQ_FIRST(&c->waits))) {
		claim_answer(c, w, error, why);
		owner_wait_free(c, w);
	}
	store_put(c->store);
	free(c);
}

/* Copy the words behind a name at the start of a line; "?" if there are none. */
static void owner_words(const char *text, const char *name, char *word, size_t size)
{
	const char *p = strstr(text, name);
	size_t len;

	snprintf(word, size, "?");
	if (!p || p == text || p[-1] != '\n')
		return;
	p += strlen(name);
	len = strcspn(p, "\r\n");
	if (!len || len >= size)
		return;
	memcpy(word, p, len);
	word[len] = '\0';
	text_make_printable(word);
}

static void owner_word(const char *text, const char *name, char word[WORD_MAX])
{
	owner_words(text, name, word, WORD_MAX);
}

/* The id of the key that encrypts. */
static void claim_key(const struct claim *c, char id[WORD_MAX])
{
	const struct key *key = store_key(c->store);

	snprintf(id, WORD_MAX, NO_KEY);
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
static bool claim_take_keys(struct claim *c, char missing[WORD_MAX])
{
	char ours[WORD_MAX], words[KEYS_MAX], *word, *next;
	bool found = false;

	missing[0] = '\0';
	c->keys[0] = '\0';
	claim_key(c, ours);
	owner_words((const char *)c->page, "keys: ", words, sizeof(words));
	/* An earlier version has not written any. */
	for (word = strtok_r(words, " ?", &next); word; word = strtok_r(NULL, " ?", &next)) {
		if (strlen(c->keys) + strlen(word) + 1 < sizeof(c->keys))
			sprintf(c->keys + strlen(c->keys), "%s ", word);
		found = found || !strcmp(word, ours);
		if (!claim_knows_key(c, word))
			snprintf(missing, WORD_MAX, "%.*s", WORD_MAX - 1, word);
	}
	return found;
}

static bool claim_is_ours(const struct claim *c)
{
	char id[WORD_MAX];

	owner_word((const char *)c->page, "server: ", id);
	return !strncmp((const char *)c->page, MAGIC, strlen(MAGIC)) &&
	       !strcmp(id, c->store->server_id);
}

/* The sentence for those who have lost. */
static void claim_refuse(struct claim *c)
{
	const struct store *s = c->store;
	char id[WORD_MAX], name[WORD_MAX], since[WORD_MAX];
	struct why why;

	owner_word((const char *)c->page, "server: ", id);
	owner_word((const char *)c->page, "name: ", name);
	owner_word((const char *)c->page, "since: ", since);
	why_not(&why,
		"store %s, bucket %s, %s%s: the server %s (%s, since %s) writes there. If it does not any more: dittoctl offload take %s",
		s->name, s->bucket, s->prefix, OWNER_OBJECT, name, id, since, s->name);
	claim_end(c, EPERM, why.text);
}

static void claim_read(struct claim *c, bool expected);

static void claim_was_written(struct transfer *t);

static void claim_write(struct claim *c)
{
	struct transfer *t = &c->transfer;
	char since[32], key[WORD_MAX];
	time_t now = time(NULL);

	strftime(since, sizeof(since), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	claim_key(c, key);
	snprintf(c->text, sizeof(c->text),
		 MAGIC "server: %.63s\nname: %.63s\nsince: %.20s\nkeys: %s%.16s\n",
		 c->store->server_id, c->store->server_name ?: "?", since, c->keys,
		 strstr(c->keys, key) ? "" : key);
	c->tries++;
	t->method = TRANSFER_PUT;
	t->expected = false;
	t->exclusive = !c->take && !c->plain;
	t->body = (const u8 *)c->text;
	t->body_len = strlen(c->text);
	hash_sha256(t->body, t->body_len, t->sha256);
	t->has_md5 = hash_md5(t->body, t->body_len, t->md5);
	t->done = claim_was_written;
	transfer_start(c->all->engine->transfers, t);
}

/* Not all stores know the condition, so what counts is what is read afterwards. */
static void claim_was_written(struct transfer *t)
{
	struct claim *c = t->arg;

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

static void claim_was_read(struct transfer *t)
{
	struct claim *c = t->arg;
	bool there = t->outcome == OUTCOME_GOOD;
	char missing[WORD_MAX];
	bool known;

	c->page[there ? t->got : 0] = '\0';
	known = claim_take_keys(c, missing);
	if (there && (claim_is_ours(c) || c->take) && missing[0])
		claim_refuse_key(c, missing);
	else if (there && claim_is_ours(c) && (c->written || known))
		claim_end(c, 0, NULL);
	else if (there && claim_is_ours(c))
		claim_rewrite(c);
	else if (!c->written && (t->outcome == OUTCOME_MISSING || (there && c->take)))
		claim_write(c);
	else if (there)
		claim_refuse(c);
	else
		claim_end(c, t->error, t->why.text);
}

/* @expected: there should be an object, although the store may not show it yet. */
static void claim_read(struct claim *c, bool expected)
{
	struct transfer *t = &c->transfer;

	t->method = TRANSFER_GET;
	t->expected = expected;
	t->into = c->page;
	t->room = OWNER_MAX;
	t->done = claim_was_read;
	transfer_start(c->all->engine->transfers, t);
}

static struct claim *claim_new(struct owners *all, struct store *store)
{
	struct claim *c = mem_new(sizeof(*c));

	c->all = all;
	c->store = store_get(store);
	TAILQ_INIT(&c->waits);
	c->transfer.store = store;
	c->transfer.arg = c;
	memcpy(c->transfer.object, OWNER_OBJECT, sizeof(OWNER_OBJECT));
	TAILQ_INSERT_TAIL(&all->list, c, list);
	claim_read(c, false);
	return c;
}

void owner_ask(struct owners *all, const struct offload_msg *msg, int fd, struct store *store)
{
	struct owner_wait *w;
	struct claim *c;

	if (!store->server_id) {
		out_send_failed(&all->engine->out, msg->id, EINVAL, "this server has no id");
		if (fd >= 0)
			close(fd);
		return;
	}
	w = mem_new(sizeof(*w));
	w->msg = *msg;
	w->fd = fd;
	w->text = mem_print("%.*s", (int)msg->text_len, msg->text_len ? msg->text : "");
	w->msg.text = w->text;
	TAILQ_FOREACH(c, &all->list, list)
		if (c->store == store)
			break;
	if (!c)
		c = claim_new(all, store);
	if (msg->type == OFFLOAD_OWN && !strcmp(w->text, OWNER_TAKE))
		c->take = true;
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
			owner_wait_free(c, w);
			return true;
		}
	return false;
}
