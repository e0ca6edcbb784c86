// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys that commands print. The key worker runs one at a time; until a store has its keys, its
 * requests wait. After a failure they fail, and the command is run again later.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "config/config.h"
#include "key_command.h"
#include "daemon/log.h"
#include "mem.h"
#include "offload_private.h"
#include "worker/worker.h"

/* Milliseconds until a command is run again after a failure, doubled each time up to the limit. */
#define RETRY_MIN	5000
#define RETRY_MAX	300000
/* Milliseconds that the worker may need besides the command. */
#define WORKER_TIME	5000

/**
 * struct offload_keys - the command that runs
 * @fd: socket of the worker, or -1
 * @store: name of the store whose keys it gets
 * @until: clock_ms() at which the worker is overdue
 * @id: the id that was asked for, in the store's key-ids; NULL if there is none
 * @lines: keys so far, as in store_config_keys()
 */
struct offload_keys {
	int fd;
	char store[OFFLOAD_STORE_MAX + 1];
	u64 until;
	char *id;
	char *lines;
};

struct offload_keys *offload_keys_new(void)
{
	struct offload_keys *k = mem_new(sizeof(*k));

	k->fd = -1;
	return k;
}

/* The worker, if there is one, ends with its socket. */
static void keys_drop(struct offload_keys *k)
{
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
	free(k->id);
	k->id = NULL;
	store_config_text_free(k->lines);
	k->lines = NULL;
}

void offload_keys_free(struct offload_keys *k)
{
	if (!k)
		return;
	keys_drop(k);
	free(k);
}

static void keys_failed(struct offload *o, struct offload_store *s, const char *cause)
{
	const struct store_config *cfg = config_store(o->cfg, s->name);
	const char *command = cfg && cfg->key_command ? cfg->key_command : "";
	char *id = o->keys->id ? mem_print(" %s", o->keys->id) : mem_string("");
	char text[OFFLOAD_CTL_TEXT_SIZE];

	snprintf(text, sizeof(text), "[store %s]: key-command %.*s%s: %.300s", s->name,
		 (int)strcspn(command, " \t"), command, id, cause);
	free(id);
	keys_drop(o->keys);
	s->keys_pause = s->keys_pause ? 2 * s->keys_pause : RETRY_MIN;
	if (s->keys_pause > RETRY_MAX)
		s->keys_pause = RETRY_MAX;
	s->keys_at = clock_ms() + s->keys_pause;
	if (s->text) {
		log_error("%s: the keys from before stay in use", text);
		return;
	}
	log_error("%s", text);
	snprintf(s->why, sizeof(s->why), "%s", text);
	offload_refuse(o, s);
}

/* Give the command to a worker of its own. */
static void keys_run(struct offload *o, struct offload_store *s, const struct store_config *cfg)
{
	struct key_order order = { .ms = cfg->timeout_s * 1000 };
	struct offload_keys *k = o->keys;
	struct epoll_event event = { .events = EPOLLIN };
	int pair[2];
	int rc;

	if (!command_put_words(order.words, cfg->key_command, k->id)) {
		keys_failed(o, s, "it has too many words");
		return;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		keys_failed(o, s, strerror(errno));
		return;
	}
	k->fd = pair[0];
	k->until = clock_ms() + order.ms + WORKER_TIME;
	event.data.fd = k->fd;
	rc = worker_spawner_program(o->spawner, WORKER_KEYS, pair[1]);
	close(pair[1]);
	if (!rc && (send(k->fd, &order, sizeof(order), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ||
		    epoll_ctl(o->poll, EPOLL_CTL_ADD, k->fd, &event)))
		rc = -errno;
	if (rc)
		keys_failed(o, s, strerror(-rc));
}

/* Take the next id. Returns false if there is none. */
static bool keys_next_id(struct offload_keys *k, const struct store_config *cfg, unsigned int n)
{
	const char *p = cfg->key_ids ?: "";
	size_t len = 0;

	for (p += strspn(p, " \t"); *p && n; n--) {
		p += strcspn(p, " \t");
		p += strspn(p, " \t");
	}
	len = strcspn(p, " \t");
	free(k->id);
	k->id = len ? mem_print("%.*s", (int)len, p) : NULL;
	return len;
}

/* Begin with the next store that wants its keys. */
static void keys_begin(struct offload *o)
{
	struct offload_keys *k = o->keys;
	const struct store_config *cfg;
	struct offload_store *s;
	u64 now = clock_ms();
	unsigned int i;

	for (i = 0; i < o->nstores && k->fd < 0; i++) {
		s = o->stores[i];
		if (!s->keys_at || s->keys_at > now)
			continue;
		s->keys_at = 0;
		cfg = config_store(o->cfg, s->name);
		if (!cfg || !cfg->key_command)
			continue;
		snprintf(k->store, sizeof(k->store), "%s", s->name);
		keys_next_id(k, cfg, 0);
		keys_run(o, s, cfg);
	}
}

/* The keys of a store are complete. */
static void keys_end(struct offload *o, struct offload_store *s)
{
	char *lines = o->keys->lines;

	o->keys->lines = NULL;
	keys_drop(o->keys);
	s->keys_pause = 0;
	offload_store_use_keys(o, s, lines);
}

static unsigned int keys_count(const char *lines)
{
	unsigned int n = 0;

	for (; lines && *lines; lines++)
		n += *lines == '\n';
	return n;
}

static void keys_answered(struct offload *o, struct offload_store *s, struct key_answer *a)
{
	const struct store_config *cfg = config_store(o->cfg, s->name);
	struct offload_keys *k = o->keys;
	char *lines, *all;
	struct why why;

	if (!a->good) {
		text_make_printable(a->text);
		keys_failed(o, s, a->text);
		return;
	}
	lines = strlen(a->text) == a->len ? store_config_keys(a->text, &why) : NULL;
	if (!lines || (k->id && keys_count(lines) != 1)) {
		store_config_text_free(lines);
		keys_failed(o, s, k->id ? "it must print one key of 64 hexadecimal digits" :
			    "it must print lines of 64 hexadecimal digits");
		return;
	}
	all = mem_print("%s%s", k->lines ?: "", lines);
	store_config_text_free(lines);
	store_config_text_free(k->lines);
	k->lines = all;
	close(k->fd);
	k->fd = -1;
	if (k->id && keys_next_id(k, cfg, keys_count(all)))
		keys_run(o, s, cfg);
	else
		keys_end(o, s);
}

static void keys_receive(struct offload *o, struct offload_store *s)
{
	struct key_answer a;
	ssize_t len = recv(o->keys->fd, &a, sizeof(a), MSG_DONTWAIT | MSG_TRUNC);

	if (len < 0 && errno == EAGAIN) {
		if (clock_ms() >= o->keys->until)
			keys_failed(o, s, "the key worker does not answer");
		return;
	}
	if (len != (ssize_t)sizeof(a) || a.len > KEY_OUTPUT_MAX) {
		keys_failed(o, s, "the key worker has ended");
	} else {
		a.text[a.len] = '\0';
		keys_answered(o, s, &a);
	}
	explicit_bzero(&a, sizeof(a));
}

void offload_keys_ready(struct offload *o)
{
	struct offload_keys *k = o->keys;
	struct offload_store *s = k->fd >= 0 ? offload_store_find(o, k->store) : NULL;
	const struct store_config *cfg = s ? config_store(o->cfg, s->name) : NULL;

	/* A socket that nobody reads would wake us again and again, and hold up other stores. */
	if (cfg && cfg->key_command)
		keys_receive(o, s);
	else
		keys_drop(k);
	if (o->cfg)
		keys_begin(o);
}

void offload_keys_forget(struct offload *o, struct offload_store *s)
{
	if (o->keys->fd >= 0 && !strcmp(o->keys->store, s->name))
		keys_drop(o->keys);
	s->keys_at = 0;
	s->keys_pause = 0;
}

void offload_keys_want(struct offload *o, struct offload_store *s)
{
	/* What runs may be the command of an older configuration. */
	offload_keys_forget(o, s);
	s->keys_at = clock_ms();
}

u64 offload_keys_next_time(const struct offload *o)
{
	u64 at = o->keys->fd >= 0 ? o->keys->until : 0;
	unsigned int i;

	/* The next one begins when this one has ended. */
	for (i = 0; i < o->nstores && o->keys->fd < 0; i++)
		if (o->stores[i]->keys_at && (!at || o->stores[i]->keys_at < at))
			at = o->stores[i]->keys_at;
	return at;
}
