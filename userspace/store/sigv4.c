// SPDX-License-Identifier: GPL-2.0-only
/* AWS Signature Version 4. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "object/hash.h"
#include "mem.h"
#include "sigv4.h"

#define ALGORITHM	"AWS4-HMAC-SHA256"
/* Characters of the date in a time. */
#define DATE_LEN	8

char *sigv4_encode(const char *text)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
	char *out = mem_new(3 * strlen(text) + 1), *p = out;

	for (; *text; text++) {
		if (strchr(plain, *text))
			*p++ = *text;
		else
			p += sprintf(p, "%%%02X", (unsigned char)*text);
	}
	return out;
}

void sigv4_time(long long seconds, char text[SIGV4_TIME_SIZE])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	gmtime_r(&t, &tm);
	if (strftime(text, SIGV4_TIME_SIZE, "%Y%m%dT%H%M%SZ", &tm) != SIGV4_TIME_SIZE - 1)
		text[0] = '\0';
}

/* Names of the signed headers, separated by ';'. */
static char *sigv4_names(const struct sigv4_request *r)
{
	size_t len = 1, i;
	char *names, *p;

	for (i = 0; i < r->n_headers; i++)
		len += strlen(r->headers[i].name) + 1;
	names = mem_new(len);
	for (i = 0, p = names; i < r->n_headers; i++)
		p += sprintf(p, "%s%s", i ? ";" : "", r->headers[i].name);
	return names;
}

/* Hash of the canonical request, as text. */
static void sigv4_request_hash(const struct sigv4_request *r, const char *names,
			       char hex[HASH_HEX])
{
	size_t len = 1, i;
	char *headers, *text, *p;
	u8 hash[HASH_SIZE];

	for (i = 0; i < r->n_headers; i++)
		len += strlen(r->headers[i].name) + strlen(r->headers[i].value) + 2;
	headers = mem_new(len);
	for (i = 0, p = headers; i < r->n_headers; i++)
		p += sprintf(p, "%s:%s\n", r->headers[i].name, r->headers[i].value);
	text = mem_print("%s\n%s\n%s\n%s\n%s\n%s", r->method, r->path, r->query, headers, names,
			 r->payload);
	hash_sha256(text, strlen(text), hash);
	hash_to_hex(hash, sizeof(hash), hex);
	free(text);
	free(headers);
}

static void sigv4_key(const struct sigv4_request *r, u8 key[HASH_SIZE])
{
	char *first = mem_print("AWS4%s", r->secret_key);

	hash_hmac(first, strlen(first), r->time, DATE_LEN, key);
	hash_hmac(key, HASH_SIZE, r->region, strlen(r->region), key);
	hash_hmac(key, HASH_SIZE, r->service, strlen(r->service), key);
	hash_hmac(key, HASH_SIZE, "aws4_request", strlen("aws4_request"), key);
	explicit_bzero(first, strlen(first));
	free(first);
}

char *sigv4_sign(const struct sigv4_request *r)
{
	char *names = sigv4_names(r), *scope, *text, *header;
	char hash[HASH_HEX], signature[HASH_HEX];
	u8 key[HASH_SIZE], mac[HASH_SIZE];

	sigv4_request_hash(r, names, hash);
	scope = mem_print("%.*s/%s/%s/aws4_request", DATE_LEN, r->time, r->region, r->service);
	text = mem_print(ALGORITHM "\n%s\n%s\n%s", r->time, scope, hash);
	sigv4_key(r, key);
	hash_hmac(key, sizeof(key), text, strlen(text), mac);
	explicit_bzero(key, sizeof(key));
	hash_to_hex(mac, sizeof(mac), signature);
	header = mem_print(ALGORITHM " Credential=%s/%s, SignedHeaders=%s, Signature=%s",
			   r->access_key, scope, names, signature);
	free(text);
	free(scope);
	free(names);
	return header;
}
