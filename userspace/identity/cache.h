/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Answers of sources.
 *
 * An answer is kept for the time that its source says. One that is used in the last quarter of
 * that time is refreshed in the background. If the source does not answer, the last answer is
 * used for up to IDENTITY_STALE_TIME, or IDENTITY_STALE_NOT_TIME if it is that there is no such
 * identity, and the source is asked again after IDENTITY_RETRY_TIME.
 *
 * All functions are thread-safe.
 */
#ifndef _DITTOD_IDENTITY_CACHE_H
#define _DITTOD_IDENTITY_CACHE_H

#include "identity.h"

/* Most identities, and most answers that there is no such identity or no answer. */
#define IDENTITY_CACHE_MAX	8192
#define IDENTITY_CACHE_NOT_MAX	2048
/* Milliseconds. */
#define IDENTITY_RETRY_TIME	10000
#define IDENTITY_STALE_TIME	(7 * 24 * 3600 * 1000ULL)
#define IDENTITY_STALE_NOT_TIME	(3600 * 1000ULL)

/**
 * identity_cache_find - find an answer without asking
 * @source: the source
 * @q: the question; completed
 * @stale: also use an answer that is too old, because the source does not answer in time
 * @refresh: set if the caller must have the answer refreshed by identity_cache_ask()
 *
 * Return: 0; -ENOENT; -EAGAIN (the source did not answer lately); -EINPROGRESS (ask it).
 */
int identity_cache_find(const struct identity_source *source, struct identity_query *q, bool stale,
			bool *refresh);
/*
 * Ask the source and keep its answer; may block. Returns 0, -ENOENT, or -EAGAIN if the source does
 * not answer and no earlier answer can be used.
 */
int identity_cache_ask(const struct identity_source *source, struct identity_query *q);
/* The refresh that identity_cache_find() requested cannot be made now. */
void identity_cache_no_refresh(const struct identity_source *source,
			       const struct identity_query *q);
/* Drop all answers. */
void identity_cache_clear(void);
/* Let time pass, in milliseconds; for tests. */
void identity_cache_skip(u64 ms);
/* Return the number of identities, and of other answers. */
void identity_cache_count(unsigned int *identities, unsigned int *others);

/* Ask a source directly. */
int identity_source_ask(const struct identity_source *source, struct identity_query *q);

#endif
