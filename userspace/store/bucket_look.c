// SPDX-License-Identifier: GPL-2.0-only
/* Questions for the configuration of a bucket, one after the other. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bucket_look.h"
#include "clock.h"

/* Milliseconds until a bucket is asked again: once it was, and if it was busy. */
#define ASKED		(24 * 3600 * 1000ULL)
#define ASKED_BUSY	60000
/* Bytes of the longest answer that is read: a lifecycle has up to 1000 rules. */
#define ANSWER_MAX	0x100000U

/* @none: what the lack of such a configuration means; NULL if there is always one. */
static const struct {
	const char *query;
	void (*take)(struct bucket_config *b, struct xml answer, const char *prefix);
	const char *none;
} questions[] = {
	{ "versioning=", bucket_take_versioning, NULL },
	{ "object-lock=", bucket_take_lock, "<ObjectLockConfiguration/>" },
	{ "lifecycle=", bucket_take_lifecycle, "<LifecycleConfiguration/>" },
};

static void bucket_look_end(struct bucket_look *l, u64 again)
{
	free(l->page);
	l->page = NULL;
	l->store->config_until = clock_ms() + again;
	l->done(l);
}

static void bucket_look_next(struct bucket_look *l);

static void bucket_was_asked(struct transfer *t)
{
	struct bucket_look *l = t->arg;
	struct xml answer = { (const char *)l->page, t->got };
	const char *none = questions[l->next].none;

	if (t->outcome == OUTCOME_MISSING && none)
		answer = (struct xml){ none, strlen(none) };
	if (t->outcome == OUTCOME_GOOD || (t->outcome == OUTCOME_MISSING && none))
		questions[l->next].take(&l->found, answer, l->store->prefix);
	l->busy = l->busy || t->outcome == OUTCOME_BUSY;
	l->next++;
	bucket_look_next(l);
}

static void bucket_look_next(struct bucket_look *l)
{
	struct transfer *t = &l->transfer;

	if (l->next == ARRAY_SIZE(questions)) {
		snprintf(l->found.storage_class, sizeof(l->found.storage_class), "%s",
			 l->store->config.storage_class);
		/* A rule that was there is there until the store says otherwise. */
		if (l->busy && l->store->config.removes)
			l->found = l->store->config;
		l->store->config = l->found;
		bucket_look_end(l, l->busy ? ASKED_BUSY : ASKED);
		return;
	}
	memset(t, 0, sizeof(*t));
	t->store = l->store;
	t->method = TRANSFER_GET;
	t->query = questions[l->next].query;
	t->into = l->page;
	t->room = ANSWER_MAX;
	t->done = bucket_was_asked;
	t->arg = l;
	transfer_start(l->engine->transfers, t);
}

void bucket_look_start(struct bucket_look *l)
{
	if (clock_ms() < l->store->config_until) {
		l->done(l);
		return;
	}
	l->page = malloc(ANSWER_MAX);
	if (!l->page) {
		bucket_look_end(l, ASKED_BUSY);
		return;
	}
	bucket_config_init(&l->found);
	l->next = 0;
	l->busy = false;
	bucket_look_next(l);
}
