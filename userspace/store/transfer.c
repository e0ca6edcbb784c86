// SPDX-License-Identifier: GPL-2.0-only
/* Transfers by libcurl: attempts, repetitions, and the order of those that wait. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attempt.h"
#include "clock.h"
#include "mem.h"
#include "transfer.h"

/* Pauses between attempts, in ms: each is twice the one before. */
#define PAUSE_FIRST	100
#define PAUSE_MAX	5000
/* Timeouts after which no other attempt begins. */
#define REPEAT		2
/* Attempts after wrong bytes. */
#define DAMAGED_MAX	3
/* Attempts for an object that was put there: with the pauses between them, some seconds. */
#define MISSING_MAX	7
/* Failures in a row after which a store is left alone for a while, in ms. */
#define BREAKER_FAILURES	6
#define BREAKER_FIRST		1000
#define BREAKER_MAX		30000

/**
 * struct transfers - all transfers
 * @multi: libcurl's set of those that run
 * @waiting: those that wait for their turn, by urgency
 * @pausing: those that wait for their next attempt
 * @ended: those whose end was not reported yet
 */
struct transfers {
	CURLM *multi;
	struct transfer_list waiting[TRANSFER_URGENCIES];
	struct transfer_list pausing;
	struct transfer_list ended;
};

struct transfers *transfers_new(void)
{
	struct transfers *all = mem_new(sizeof(*all));
	unsigned int i;

	all->multi = curl_multi_init();
	if (!all->multi) {
		free(all);
		return NULL;
	}
	for (i = 0; i < TRANSFER_URGENCIES; i++)
		TAILQ_INIT(&all->waiting[i]);
	TAILQ_INIT(&all->pausing);
	TAILQ_INIT(&all->ended);
	return all;
}

/* Forget an end in the past. */
static void breaker_good(struct breaker *b)
{
	b->failures = 0;
	b->until = 0;
	b->pause = 0;
}

/* Count a failure; many in a row open the breaker, and each one after its pause again. */
static void breaker_bad(struct breaker *b, const struct why *why)
{
	b->why = *why;
	if (++b->failures < BREAKER_FAILURES || clock_ms() < b->until)
		return;
	b->pause = b->pause ? 2 * b->pause : BREAKER_FIRST;
	if (b->pause > BREAKER_MAX)
		b->pause = BREAKER_MAX;
	b->until = clock_ms() + b->pause;
}

/* After its pause, one attempt shows whether the store answers again. */
static bool breaker_closed(struct store *s)
{
	if (!s->breaker.until)
		return true;
	return clock_ms() >= s->breaker.until && !s->running;
}

static void transfer_end(struct transfers *all, struct transfer *t, enum outcome end, int error)
{
	t->outcome = end;
	t->error = error;
	t->state = TRANSFER_ENDED;
	TAILQ_INSERT_TAIL(&all->ended, t, list);
}

static void transfer_wait(struct transfers *all, struct transfer *t)
{
	t->state = TRANSFER_WAITING;
	TAILQ_INSERT_TAIL(&all->waiting[t->urgency], t, list);
}

void transfer_start(struct transfers *all, struct transfer *t)
{
	struct breaker *b = &t->store->breaker;
	u64 now = clock_ms();

	store_get(t->store);
	t->first = now;
	t->requests = 0;
	t->sent = 0;
	t->got = 0;
	t->most = 0;
	t->moved = 0;
	t->damaged = 0;
	t->missing = 0;
	if (now < b->until) {
		why_not(&t->why, "store %s does not answer and is not asked for %llu s: %.512s",
			t->store->name, (unsigned long long)(b->until - now + 999) / 1000,
			b->why.text);
		transfer_end(all, t, OUTCOME_BUSY, EHOSTDOWN);
	} else {
		transfer_wait(all, t);
	}
}

static void transfer_stop(struct transfers *all, struct transfer *t)
{
	curl_multi_remove_handle(all->multi, t->easy);
	attempt_close(t);
	t->store->running--;
}

void transfer_cancel(struct transfers *all, struct transfer *t)
{
	switch (t->state) {
	case TRANSFER_WAITING:
		TAILQ_REMOVE(&all->waiting[t->urgency], t, list);
		break;
	case TRANSFER_PAUSING:
		TAILQ_REMOVE(&all->pausing, t, list);
		break;
	case TRANSFER_ENDED:
		TAILQ_REMOVE(&all->ended, t, list);
		break;
	case TRANSFER_RUNNING:
		transfer_stop(all, t);
		break;
	default:
		return;
	}
	t->state = TRANSFER_IDLE;
	store_put(t->store);
}

u64 transfer_moved(const struct transfer *t)
{
	return t->state == TRANSFER_WAITING ? t->store->moved : t->moved;
}

void transfer_raise(struct transfers *all, struct transfer *t, enum transfer_urgency urgency)
{
	if (urgency >= t->urgency)
		return;
	if (t->state == TRANSFER_WAITING)
		TAILQ_REMOVE(&all->waiting[t->urgency], t, list);
	t->urgency = urgency;
	if (t->state == TRANSFER_WAITING)
		transfer_wait(all, t);
}

/* Name store, bucket and object before the cause. */
static void transfer_explain(struct transfer *t, const struct why *cause)
{
	static const char *const methods[] = {
		[TRANSFER_GET] = "GET", [TRANSFER_HEAD] = "HEAD", [TRANSFER_PUT] = "PUT",
		[TRANSFER_DELETE] = "DELETE", [TRANSFER_POST] = "POST",
	};

	why_not(&t->why, "store %s, bucket %s, %s %s%s: %.512s", t->store->name, t->store->bucket,
		methods[t->method], t->store->prefix, t->object, cause->text);
}

/* An object that was put there is gone, or the store takes longer than others to show it. */
static void transfer_explain_missing(struct transfer *t, const struct why *cause)
{
	struct why longer;

	why_not(&longer,
		"%.384s; asked %u times in %llu s: it was deleted, or the store does not show it yet",
		cause->text, t->missing, (unsigned long long)(clock_ms() - t->first) / 1000);
	transfer_explain(t, &longer);
}

/* Pause before the next attempt, with a random part so that many do not come at the same time. */
static u64 transfer_pause(const struct transfer *t)
{
	u64 pause = PAUSE_FIRST;
	u64 i;

	for (i = 1; i < t->requests && pause < PAUSE_MAX; i++)
		pause *= 2;
	if (pause > PAUSE_MAX)
		pause = PAUSE_MAX;
	return pause / 2 + (u64)random() % (pause / 2 + 1);
}

/* Try again later, unless the time for that is over. */
static bool transfer_again(struct transfers *all, struct transfer *t, enum outcome outcome)
{
	const struct breaker *b = &t->store->breaker;
	u64 when = clock_ms() + transfer_pause(t), since = t->moved ? t->moved : t->first;

	if (outcome == OUTCOME_DAMAGED && ++t->damaged == DAMAGED_MAX)
		return false;
	if (outcome == OUTCOME_MISSING && (!t->expected || ++t->missing == MISSING_MAX))
		return false;
	if (when < b->until)
		when = b->until;
	/* An attempt that got no answer has taken the time of one. */
	if (when > since + REPEAT * t->store->timeout)
		return false;
	t->when = when;
	t->state = TRANSFER_PAUSING;
	TAILQ_INSERT_TAIL(&all->pausing, t, list);
	return true;
}

static void transfer_attempt_ended(struct transfers *all, struct transfer *t, int code)
{
	struct why cause = { "" };
	enum outcome outcome;
	int error = 0;

	outcome = attempt_outcome(t, code, &error, &cause);
	transfer_stop(all, t);
	if (outcome == OUTCOME_BUSY)
		breaker_bad(&t->store->breaker, &cause);
	else
		breaker_good(&t->store->breaker);
	if (outcome == OUTCOME_GOOD)
		t->store->moved = clock_ms();
	if (attempt_without_checksum(t, outcome)) {
		transfer_wait(all, t);
		return;
	}
	if (outcome != OUTCOME_GOOD)
		transfer_explain(t, &cause);
	if ((outcome == OUTCOME_BUSY || outcome == OUTCOME_DAMAGED ||
	     outcome == OUTCOME_MISSING) && transfer_again(all, t, outcome))
		return;
	if (t->missing && outcome == OUTCOME_MISSING)
		transfer_explain_missing(t, &cause);
	transfer_end(all, t, outcome, error);
}

static void transfer_attempt(struct transfers *all, struct transfer *t)
{
	struct why cause;

	/* The time in the queue is not the store's. */
	if (!t->requests)
		t->first = clock_ms();
	if (attempt_open(t) && !curl_multi_add_handle(all->multi, t->easy)) {
		t->state = TRANSFER_RUNNING;
		t->requests++;
		t->store->running++;
		return;
	}
	attempt_close(t);
	why_not(&cause, "out of memory");
	transfer_explain(t, &cause);
	transfer_end(all, t, OUTCOME_REFUSED, ENOMEM);
}

/* Begin those whose turn it is. */
static void transfers_begin(struct transfers *all)
{
	struct transfer *t, *next;
	u64 now = clock_ms();
	unsigned int i;

	for (t = TAILQ_FIRST(&all->pausing); t; t = next) {
		next = TAILQ_NEXT(t, list);
		if (t->when > now)
			continue;
		TAILQ_REMOVE(&all->pausing, t, list);
		transfer_wait(all, t);
	}
	for (i = 0; i < TRANSFER_URGENCIES; i++)
		for (t = TAILQ_FIRST(&all->waiting[i]); t; t = next) {
			next = TAILQ_NEXT(t, list);
			if (t->store->running >= t->store->parallel || !breaker_closed(t->store))
				continue;
			TAILQ_REMOVE(&all->waiting[i], t, list);
			transfer_attempt(all, t);
		}
}

/* Tell those that wait behind an open breaker that the store does not answer. */
static void transfers_give_up(struct transfers *all)
{
	struct transfer *t, *next;
	struct why cause;
	unsigned int i;

	for (i = 0; i < TRANSFER_URGENCIES; i++)
		for (t = TAILQ_FIRST(&all->waiting[i]); t; t = next) {
			next = TAILQ_NEXT(t, list);
			if (!t->store->breaker.until ||
			    clock_ms() < t->first + REPEAT * t->store->timeout)
				continue;
			TAILQ_REMOVE(&all->waiting[i], t, list);
			cause = t->store->breaker.why;
			transfer_explain(t, &cause);
			transfer_end(all, t, OUTCOME_BUSY, EHOSTDOWN);
		}
}

static void transfers_tell(struct transfers *all)
{
	struct transfer *t;
	struct store *s;

	while ((t = TAILQ_FIRST(&all->ended))) {
		TAILQ_REMOVE(&all->ended, t, list);
		t->state = TRANSFER_IDLE;
		s = t->store;
		/* May free the transfer. */
		t->done(t);
		store_put(s);
	}
}

void transfers_run(struct transfers *all)
{
	struct transfer *t;
	CURLMsg *msg;
	int n;

	transfers_begin(all);
	curl_multi_perform(all->multi, &n);
	while ((msg = curl_multi_info_read(all->multi, &n))) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &t);
		transfer_attempt_ended(all, t, msg->data.result);
	}
	transfers_give_up(all);
	transfers_tell(all);
	/* Ends make room for others. */
	transfers_begin(all);
}

void transfers_wait(struct transfers *all, struct curl_waitfd *fds, unsigned int n, u64 timeout)
{
	const struct transfer *t;
	u64 now = clock_ms(), until;
	unsigned int i;

	if (!TAILQ_EMPTY(&all->ended))
		timeout = 0;
	TAILQ_FOREACH(t, &all->pausing, list)
		if (t->when < now + timeout)
			timeout = t->when > now ? t->when - now : 0;
	for (i = 0; i < TRANSFER_URGENCIES; i++)
		TAILQ_FOREACH(t, &all->waiting[i], list) {
			until = t->store->breaker.until;
			if (until > now && until < now + timeout)
				timeout = until - now;
		}
	curl_multi_poll(all->multi, fds, n, (int)timeout, NULL);
}
