/* SPDX-License-Identifier: GPL-2.0-only */
/* Signatures of requests: AWS Signature Version 4, with the rules of S3 for paths. */
#ifndef _DITTO_OFFLOAD_SIGV4_H
#define _DITTO_OFFLOAD_SIGV4_H

#include "types.h"

/* "20130524T000000Z" and NUL. */
#define SIGV4_TIME_SIZE		17

/**
 * struct sigv4_header - a header that is signed
 * @name: in lower case
 * @value: without spaces around it
 */
struct sigv4_header {
	const char *name;
	const char *value;
};

/**
 * struct sigv4_request - a request to be signed
 * @method: "GET"
 * @path: path, encoded by sigv4_encode()
 * @query: canonical query: sorted, encoded; "" for none
 * @headers: sorted by name; "host" and "x-amz-date" are among them
 * @n_headers: number of them
 * @payload: SHA-256 of the body as text
 * @time: the value of "x-amz-date"
 * @region: region of the bucket
 * @service: "s3"
 * @access_key: name of the key
 * @secret_key: the key
 */
struct sigv4_request {
	const char *method;
	const char *path;
	const char *query;
	const struct sigv4_header *headers;
	size_t n_headers;
	const char *payload;
	const char *time;
	const char *region;
	const char *service;
	const char *access_key;
	const char *secret_key;
};

/* Return the value of the header "authorization", to be freed by the caller. */
char *sigv4_sign(const struct sigv4_request *r);
/* Return @text with all but unreserved characters (RFC 3986 section 2.3) and '/' encoded. */
char *sigv4_encode(const char *text);
/* Format a wall clock time, in seconds. */
void sigv4_time(long long seconds, char text[SIGV4_TIME_SIZE]);

#endif
