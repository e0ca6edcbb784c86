// SPDX-License-Identifier: GPL-2.0-only
/* The stores of the configuration, as the store process gets them. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "daemon/log.h"
#include "mem.h"
#include "object/cookie.h"
#include "offload_private.h"

static struct offload_store *store_of(struct offload_task *task)
{
	return (struct offload_store *)((char *)task - offsetof(struct offload_store, task));
}

static int store_send(struct offload *o, struct offload_task *task)
{
	const struct offload_store *s = store_of(task);
	struct offload_msg msg = { .type = OFFLOAD_STORE, .id = task->id };
	char *known, *text;
	int ca = -1;
	int rc;

	/* The store was removed since. */
	if (!s->text)
		return -ENOENT;
	snprintf(msg.store, sizeof(msg.store), "%s", s->name);
	if (s->ca_file) {
		ca = open(s->ca_file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (ca < 0) {
			rc = -errno;
			log_error("[store %s]: %s: %s", s->name, s->ca_file, strerror(errno));
			return rc;
		}
	}
	known = offload_known_text(o->known, s->name);
	text = mem_print("%s%s", s->text, known);
	msg.text = text;
	msg.text_len = strlen(text);
	rc = offload_msg_send(o->process, &msg, ca);
	store_config_text_free(text);
	free(known);
	if (ca >= 0)
		close(ca);
	return rc;
}

static void store_submit(struct offload *o, struct offload_store *s);

static bool store_heard(struct offload *o, struct offload_task *task,
			const struct offload_msg *msg, int fd)
{
	struct offload_store *s = store_of(task);

	if (fd >= 0)
		close(fd);
	if (msg->type != OFFLOAD_STORED)
		return false;
	s->busy = false;
	/* Without a text, it waits for other keys. */
	s->ready = s->text;
	offload_probe_soon(o, s);
	if (s->again)
		store_submit(o, s);
	return true;
}

static void store_failed(struct offload *o, struct offload_task *task, u32 error,
			 const char *text)
{
	struct offload_store *s = store_of(task);

	(void)error;
	s->busy = false;
	/* If the process has ended, the next one gets the store again. */
	if (o->process < 0 || !s->text)
		return;
	if (s->again) {
		store_submit(o, s);
		return;
	}
	snprintf(s->why, sizeof(s->why), "[store %s]: %.400s", s->name, text);
	log_error("%s", s->why);
	offload_refuse(o, s);
}

static const struct offload_task_ops store_ops = {
	.send = store_send,
	.heard = store_heard,
	.failed = store_failed,
};

static void store_submit(struct offload *o, struct offload_store *s)
{
	s->again = s->busy;
	if (s->busy || !s->text)
		return;
	s->why[0] = '\0';
	s->bucket.uuid[0] = '\0';
	s->busy = true;
	s->task.ops = &store_ops;
	snprintf(s->task.store, sizeof(s->task.store), "%s", s->name);
	offload_submit(o, &s->task);
}

void offload_stores_send(struct offload *o)
{
	unsigned int i;

	for (i = 0; i < o->nstores; i++)
		store_submit(o, o->stores[i]);
}

void offload_stores_lost(struct offload *o)
{
	unsigned int i;

	for (i = 0; i < o->nstores; i++)
		o->stores[i]->ready = false;
}

/* Copy the words behind "key=" at the start of a line of a text. */
static void bucket_word(const char *text, const char *key, char *to, size_t size)
{
	const char *at = strstr(text, key);

	to[0] = '\0';
	if (at && (at == text || at[-1] == '\n'))
		snprintf(to, size, "%.*s", (int)strcspn(at + strlen(key), "\n"),
			 at + strlen(key));
	text_make_printable(to);
}

bool offload_store_know(struct offload *o, const char *name, const char *uuid, struct why *why)
{
	bool news = strcmp(offload_known_uuid(o->known, name), uuid);
	unsigned int i;

	if (!offload_known_set(o->known, name, uuid, why))
		return false;
	/* A store that cannot be used gets its settings when it can. */
	for (i = 0; i < o->nstores && news && o->ready; i++)
		if (strcmp(o->stores[i]->name, name) && !o->stores[i]->why[0])
			store_submit(o, o->stores[i]);
	return true;
}

/* Remember the UUID of a bucket, before anything that was put there is relied on. */
static bool store_remember(struct offload *o, struct offload_store *s, const char *uuid)
{
	const char *before = offload_known_uuid(o->known, s->name);
	struct why why;

	if (!store_uuid_is_good(uuid) ||
	    (before[0] && strcmp(before, uuid) && !offload_store_is_taken(o, s->name)))
		return false;
	/* Reading goes on; whoever writes there tries again. */
	if (!offload_store_know(o, s->name, uuid, &why))
		log_error("%s", why.text);
	return true;
}

bool offload_store_is_kept(struct offload *o, const struct offload_store *s, struct why *why)
{
	const char *before = offload_known_uuid(o->known, s->name), *uuid = s->bucket.uuid;

	if (!uuid[0] || !strcmp(before, uuid))
		return true;
	if (before[0] && !offload_store_is_taken(o, s->name))
		return why_not(why,
			       "store %s: that it has another bucket could not be kept: repeat dittoctl offload take",
			       s->name);
	return offload_store_know(o, s->name, uuid, why);
}

bool offload_store_told(struct offload *o, const struct offload_msg *msg)
{
	struct offload_store *s = offload_store_find(o, msg->store);
	struct offload_bucket b;
	char *text;

	/* It may be about the definition before. */
	if (!s || s->busy || s->why[0] || !s->ready)
		return true;
	memset(&b, 0, sizeof(b));
	text = mem_print("%.*s", (int)msg->text_len, msg->text);
	bucket_word(text, "uuid=", b.uuid, sizeof(b.uuid));
	bucket_word(text, "versioning=", b.versioning, sizeof(b.versioning));
	bucket_word(text, "lock=", b.lock, sizeof(b.lock));
	bucket_word(text, "lifecycle=", b.lifecycle, sizeof(b.lifecycle));
	bucket_word(text, "class=", b.storage_class, sizeof(b.storage_class));
	bucket_word(text, "refused=", b.refused, sizeof(b.refused));
	free(text);
	if (b.uuid[0] && !store_remember(o, s, b.uuid))
		return false;
	if (!memcmp(&b, &s->bucket, sizeof(b)))
		return true;
	if (b.refused[0] && strcmp(b.refused, s->bucket.refused))
		log_warning("%s", b.refused);
	s->bucket = b;
	offload_probe_tell(o);
	return true;
}

static void store_free(struct offload_store *s)
{
	free(s->where);
	store_config_text_free(s->text);
	free(s->ca_file);
	store_config_text_free(s->keys);
	free(s->keys_of);
	free(s);
}

void offload_stores_free(struct offload *o)
{
	unsigned int i;

	for (i = 0; i < o->nstores; i++)
		store_free(o->stores[i]);
	free(o->stores);
}

/* Make the settings for the process; on errors, the store cannot be used. */
static void store_make_text(struct offload *o, struct offload_store *s,
			    const struct store_config *cfg)
{
	struct why why;
	char *text;

	store_config_text_free(s->text);
	text = store_config_text(cfg, s->keys, &why);
	s->text = text ? mem_print("%s%s", text, o->owner) : NULL;
	store_config_text_free(text);
	s->why[0] = '\0';
	if (s->text)
		return;
	snprintf(s->why, sizeof(s->why), "[store %s]: %.400s", cfg->name, why.text);
	log_error("%s", s->why);
}

/*
 * Have the command run, if there is one. Keys that the same command printed before are used until
 * then. Returns false if there are none yet.
 */
static bool store_want_keys(struct offload *o, struct offload_store *s,
			    const struct store_config *cfg)
{
	char *of = cfg->key_command ?
		   mem_print("%s\n%s", cfg->key_command, cfg->key_ids ?: "") : mem_string("");

	if (!s->keys_of || strcmp(of, s->keys_of)) {
		store_config_text_free(s->keys);
		s->keys = NULL;
	}
	free(s->keys_of);
	s->keys_of = of;
	if (cfg->key_command)
		offload_keys_want(o, s);
	else
		offload_keys_forget(o, s);
	return !cfg->key_command || s->keys;
}

static void store_set(struct offload *o, struct offload_store *s, const struct store_config *cfg)
{
	free(s->where);
	free(s->ca_file);
	s->where = mem_print("%s/%s%s%s", cfg->endpoint, cfg->bucket, cfg->prefix ? "/" : "",
			     cfg->prefix ?: "");
	s->ca_file = cfg->ca_file ? mem_string(cfg->ca_file) : NULL;
	if (store_want_keys(o, s, cfg)) {
		store_make_text(o, s, cfg);
		return;
	}
	store_config_text_free(s->text);
	s->text = NULL;
	s->why[0] = '\0';
	/* The process may know older keys. What needs the store waits for those to come. */
	s->ready = false;
}

void offload_store_use_keys(struct offload *o, struct offload_store *s, char *lines)
{
	if (s->text && s->keys && !strcmp(s->keys, lines)) {
		store_config_text_free(lines);
		return;
	}
	store_config_text_free(s->keys);
	s->keys = lines;
	store_make_text(o, s, config_store(o->cfg, s->name));
	if (!s->text)
		offload_refuse(o, s);
	else if (o->ready)
		store_submit(o, s);
}

/* A store that is gone stays in the list, but nothing can use it. */
static void store_remove(struct offload *o, struct offload_store *s)
{
	snprintf(s->why, sizeof(s->why), "there is no [store %s] in the configuration any more",
		 s->name);
	store_config_text_free(s->text);
	s->text = NULL;
	s->probe_at = 0;
	s->probed = false;
	offload_keys_forget(o, s);
	offload_refuse(o, s);
}

void offload_stores_set(struct offload *o, const struct config *cfg)
{
	struct offload_store *s;
	unsigned int i;

	o->cfg = cfg;
	o->wanted = cfg->nstores;
	for (i = 0; i < o->nstores; i++)
		if (!config_store(cfg, o->stores[i]->name))
			store_remove(o, o->stores[i]);
	for (i = 0; i < cfg->nstores; i++) {
		s = offload_store_find(o, cfg->stores[i]->name);
		if (!s) {
			s = mem_new(sizeof(*s));
			snprintf(s->name, sizeof(s->name), "%s", cfg->stores[i]->name);
			o->stores = mem_grow(o->stores, o->nstores, sizeof(*o->stores));
			o->stores[o->nstores++] = s;
		}
		store_set(o, s, cfg->stores[i]);
		if (s->why[0])
			offload_refuse(o, s);
		if (o->ready)
			store_submit(o, s);
	}
}
