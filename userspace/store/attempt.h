/* SPDX-License-Identifier: GPL-2.0-only */
/* Single attempts of transfers: the request as libcurl sends it, and the answer. */
#ifndef _DITTO_OFFLOAD_ATTEMPT_H
#define _DITTO_OFFLOAD_ATTEMPT_H

#include "transfer.h"

/* Prepare the next attempt of a transfer, @t->easy. Returns false without memory. */
bool attempt_open(struct transfer *t);

/**
 * attempt_outcome - find out how an attempt ended
 * @t: the transfer
 * @code: CURLE_*, how it ended for libcurl
 * @error: set to a positive errno unless the outcome is OUTCOME_GOOD
 * @why: filled unless the outcome is OUTCOME_GOOD
 *
 * Return: the outcome.
 */
enum outcome attempt_outcome(struct transfer *t, int code, int *error, struct why *why);

/*
 * Return whether the store has refused an upload for the header with the checksum of its body,
 * which the next attempt then leaves out.
 */
bool attempt_without_checksum(struct transfer *t, enum outcome outcome);

/* Return @text with all but unreserved characters (RFC 3986 section 2.3) and '/' encoded. */
char *attempt_encode(const char *text);
/* Release what attempt_open() made. */
void attempt_close(struct transfer *t);

#endif
