/* SPDX-License-Identifier: GPL-2.0-only */
/* Outcomes of requests to a store, and their causes in words. */
#ifndef _DITTO_OFFLOAD_CAUSE_H
#define _DITTO_OFFLOAD_CAUSE_H

#include <curl/curl.h>

#include "text.h"

/* Bytes of an error's body that are looked at, with a NUL. */
#define CAUSE_BODY_SIZE		2048

/**
 * enum outcome - outcome of an attempt
 * @OUTCOME_GOOD: the store did it
 * @OUTCOME_MISSING: there is no such object
 * @OUTCOME_BUSY: another attempt may succeed: the store or the way to it has a problem
 * @OUTCOME_DAMAGED: another attempt may succeed: bytes were changed on the way
 * @OUTCOME_REFUSED: another attempt would be answered like this one
 */
enum outcome {
	OUTCOME_GOOD,
	OUTCOME_MISSING,
	OUTCOME_BUSY,
	OUTCOME_DAMAGED,
	OUTCOME_REFUSED,
};

/**
 * struct answer - an answer of a store, or the lack of it
 * @code: CURLE_*, how the transfer ended
 * @error: libcurl's words for it
 * @status: status of HTTP, 0 if there is none
 * @body: body of an error, ends with NUL
 * @region: region of the bucket, as the store says; or ""
 * @ahead: seconds that this machine's clock is ahead of the store's
 */
struct answer {
	int code;
	char error[CURL_ERROR_SIZE];
	long status;
	char body[CAUSE_BODY_SIZE];
	char region[64];
	long long ahead;
};

/**
 * cause_find - find out what an answer means
 * @a: the answer
 * @error: set to a positive errno, unless the outcome is OUTCOME_GOOD
 * @why: filled, unless the outcome is OUTCOME_GOOD
 *
 * Return: the outcome.
 */
enum outcome cause_find(const struct answer *a, int *error, struct why *why);

#endif
