// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks whether object stores answer. Each is asked when it is defined and from time to time, so
 * that a store that is gone is known before somebody misses a file, and nobody who asks for the
 * state of the server waits for a store.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "config/config.h"
#include "daemon/log.h"
#include "offload_private.h"
#include "daemon/problems.h"

static struct offload_store *store_of_probe(struct offload_task *task)
{
	return (struct offload_store *)((char *)task - offsetof(struct offload_store, probe));
}

/* What the bucket is like, in a line. */
static void probe_add_bucket(struct problems *buckets, const struct offload *o,
			     const struct offload_store *s)
{
	const struct offload_bucket *b = &s->bucket;
	const char *uuid = offload_known_uuid(o->known, s->name);
	struct why words;

	if (!uuid[0] && !b->versioning[0])
		return;
	why_not(&words, "UUID %s; versions %s; object lock %s; lifecycle %s; class %s",
		uuid[0] ? uuid : "unknown", b->versioning[0] ? b->versioning : "unknown",
		b->lock[0] ? b->lock : "unknown", b->lifecycle[0] ? b->lifecycle : "unknown",
		b->storage_class[0] ? b->storage_class : "unknown");
	problems_add(buckets, s->name, words.text);
}

void offload_probe_tell(struct offload *o)
{
	struct offload_told told = { .stores.n = 0 };
	unsigned int i;

	if (!o->tell)
		return;
	for (i = 0; i < o->nstores; i++) {
		const struct offload_store *s = o->stores[i];

		if (!config_store(o->cfg, s->name))
			continue;
		if (s->why[0])
			problems_add(&told.stores, s->name, s->why);
		else if (s->probed)
			problems_add(&told.stores, s->name, s->answer);
		probe_add_bucket(&told.buckets, o, s);
		if (s->bucket.refused[0])
			problems_add(&told.refusals, s->name, s->bucket.refused);
	}
	o->tell(o->tell_arg, &told);
	problems_free(&told.stores);
	problems_free(&told.buckets);
	problems_free(&told.refusals);
}

static void probe_end(struct offload *o, struct offload_store *s, const char *answer)
{
	bool news = !s->probed || strcmp(s->answer, answer);

	s->probing = false;
	/* A store that is not configured any more is nobody's trouble. */
	if (!config_store(o->cfg, s->name) || !news)
		return;
	if (answer[0])
		log_warning("store %s does not answer: %s", s->name, answer);
	else if (s->probed)
		log_notice("store %s answers again", s->name);
	s->probed = true;
	snprintf(s->answer, sizeof(s->answer), "%s", answer);
	offload_probe_tell(o);
}

static int probe_send(struct offload *o, struct offload_task *task)
{
	struct offload_msg msg = { .type = OFFLOAD_CHECK, .id = task->id };

	snprintf(msg.store, sizeof(msg.store), "%s", task->store);
	return offload_msg_send(o->process, &msg, -1);
}

static bool probe_heard(struct offload *o, struct offload_task *task,
			const struct offload_msg *msg, int fd)
{
	if (fd >= 0)
		close(fd);
	if (msg->type != OFFLOAD_CHECKED)
		return false;
	probe_end(o, store_of_probe(task), "");
	return true;
}

static void probe_failed(struct offload *o, struct offload_task *task, u32 error,
			 const char *text)
{
	struct offload_store *s = store_of_probe(task);

	/* The next definition is asked anew. */
	if (error == ECANCELED)
		s->probing = false;
	else
		probe_end(o, s, text);
}

static const struct offload_task_ops probe_ops = {
	.send = probe_send,
	.heard = probe_heard,
	.failed = probe_failed,
};

void offload_probe_soon(struct offload *o, struct offload_store *s)
{
	const struct store_config *cfg = config_store(o->cfg, s->name);

	s->probe_at = o->tell && cfg && cfg->probe_s ? clock_ms() : 0;
}

static bool probe_is_due(const struct offload_store *s)
{
	return s->probe_at && !s->probing && s->ready && !s->why[0];
}

void offload_probe_ready(struct offload *o)
{
	u64 now = clock_ms();
	unsigned int i;

	for (i = 0; i < o->nstores; i++) {
		struct offload_store *s = o->stores[i];
		const struct store_config *cfg;

		if (!probe_is_due(s) || now < s->probe_at)
			continue;
		cfg = config_store(o->cfg, s->name);
		s->probe_at = cfg ? now + cfg->probe_s * 1000ULL : 0;
		s->probing = true;
		s->probe.ops = &probe_ops;
		snprintf(s->probe.store, sizeof(s->probe.store), "%s", s->name);
		offload_submit(o, &s->probe);
	}
}

u64 offload_probe_next_time(const struct offload *o)
{
	unsigned int i;
	u64 at = 0;

	for (i = 0; i < o->nstores; i++)
		if (probe_is_due(o->stores[i]) && (!at || o->stores[i]->probe_at < at))
			at = o->stores[i]->probe_at;
	return at;
}

void offload_tell_stores(struct offload *o,
			 void (*tell)(void *arg, const struct offload_told *told), void *arg)
{
	o->tell = tell;
	o->tell_arg = arg;
}
