/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stores: where a bucket is, and how it is used.
 *
 * The settings of a store are lines "key=value":
 *
 *  endpoint     URL of the service, "https://s3.example.com:8080"; required
 *  bucket       name of the bucket; required
 *  region       for signatures; "us-east-1"
 *  prefix       put before the names of all objects, with '/' between; none
 *  addressing   "path" (the default): the bucket is in the path; "host": in the host name
 *  access-key   required
 *  secret-key   required
 *  token        session token of temporary credentials; none
 *  server-id    who writes below the prefix, see owner.h; none: that is not checked
 *  server-name  name of that server, for people
 *  key          32 bytes in hexadecimal: encrypt with it. May be repeated: the first key
 *               encrypts, all decrypt
 *  compression  "on" (the default) or "off"
 *  packing      "on" (the default) or "off": small files share objects
 *  parallel     transfers at once, 1 to 64; 8
 *  upload-limit bytes per second of all uploads, by time of day; see common/offload_limit.h; none
 *  proxy        URL of a proxy of HTTP; none, whatever the environment says
 *  doubt        seconds from now in which objects may have been deleted by an earlier process, so
 *               that uploads do not ask whether they are there; none
 *  timeout      seconds without any data after which an attempt is given up; failed requests are
 *               repeated for twice as long; 1 to 600; 30
 */
#ifndef _DITTO_OFFLOAD_STORE_H
#define _DITTO_OFFLOAD_STORE_H

#include "common/offload_limit.h"
#include "key.h"
#include "msg.h"
#include "text.h"

/* Most keys of a store. */
#define STORE_KEYS_MAX	16

struct transfer;

/**
 * struct breaker - keeps requests away from a store that does not answer
 * @failures: attempts that failed since the last one that did not
 * @until: CLOCK_MONOTONIC in ms; no attempt is made before
 * @pause: length of the present pause in ms
 * @why: the last failure
 */
struct breaker {
	unsigned int failures;
	u64 until;
	u64 pause;
	struct why why;
};

/**
 * struct store - a store
 * @refs: users of this definition
 * @name: its name
 * @bucket: name of the bucket
 * @region: for signatures
 * @prefix: "" or ends with '/'
 * @access_key: name of the secret key
 * @secret_key: signs the requests
 * @token: session token, or NULL
 * @server_id: id of this server, or NULL
 * @server_name: its name for people, or NULL
 * @owned_until: CLOCK_MONOTONIC in ms until which the prefix is taken for this server's
 * @proxy: URL of a proxy, or NULL
 * @url: scheme and host of the requests, without a final '/'
 * @host: value of the header "Host"
 * @path: what comes before the prefix in paths: begins and ends with '/'
 * @keys: keys of encryption; the first one encrypts
 * @n_keys: number of them
 * @compress: compress chunks
 * @packing: small files share objects
 * @parallel: transfers at once
 * @limits: of uploads; each transfer gets its part
 * @timeout: in ms
 * @doubt_until: CLOCK_MONOTONIC in ms; see "doubt"
 * @trust_file: file in memory with the certificates to trust (PEM), or -1
 * @trust: path of @trust_file, or NULL for the certificates of the system
 * @running: transfers that run
 * @moved: clock_ms() when any of them has last got more bytes than before
 * @breaker: tells whether the store answers
 */
struct store {
	unsigned int refs;
	char name[OFFLOAD_STORE_MAX + 1];
	char *bucket;
	char *region;
	char *prefix;
	char *access_key;
	char *secret_key;
	char *token;
	char *server_id;
	char *server_name;
	u64 owned_until;
	char *proxy;
	char *url;
	char *host;
	char *path;
	struct key keys[STORE_KEYS_MAX];
	unsigned int n_keys;
	bool compress;
	bool packing;
	unsigned int parallel;
	struct offload_limits limits;
	u64 timeout;
	u64 doubt_until;
	int trust_file;
	char *trust;
	unsigned int running;
	u64 moved;
	struct breaker breaker;
};

/**
 * store_new - make a store
 * @name: name of the store
 * @text: settings, see above
 * @len: bytes of @text
 * @why: filled on errors
 *
 * Return: the store with one user, or NULL.
 */
struct store *store_new(const char *name, const char *text, size_t len, struct why *why);

/* Read the certificates to trust from a file. Returns false and fills @why on errors. */
bool store_read_trust(struct store *s, int fd, struct why *why);
/* Add a user. Returns @s. */
struct store *store_get(struct store *s);
/* Remove a user; the last one frees the store. */
void store_put(struct store *s);
/* Key that encrypts, or NULL. */
const struct key *store_key(const struct store *s);

#endif
