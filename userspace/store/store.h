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
 *  server-id    who writes below the prefix, see owner.h; none: nothing is written there
 *  server-name  name of that server, for people
 *  refused      why nothing may be written there; none
 *  uuid         UUID of the bucket and prefix that this server's data of the store is in; none:
 *               there is no data yet
 *  other        "UUID NAME" of another store of this server. May be repeated
 *  lifecycle    "refuse" (the default): nothing is uploaded to a bucket that deletes or archives
 *               objects by itself; or "allow"
 *  key          32 bytes in hexadecimal: encrypt with it. May be repeated: the first key
 *               encrypts, all decrypt
 *  compression  "on" (the default) or "off"
 *  packing      "on" (the default) or "off": small files share objects
 *  parallel     most transfers that run, 1 to 64; 8
 *  upload-limit bytes per second of all uploads, by time of day; see common/offload_limit.h; none
 *  proxy        URL of a proxy of HTTP; none, whatever the environment says
 *  timeout      seconds without any data after which an attempt is given up; failed requests are
 *               repeated for twice as long; 1 to 600; 30
 */
#ifndef _DITTO_OFFLOAD_STORE_H
#define _DITTO_OFFLOAD_STORE_H

#include "bucket_config.h"
#include "common/offload_limit.h"
#include "object/cookie.h"
#include "object/key.h"
#include "msg.h"
#include "object/owner_text.h"
#include "text.h"

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
 * @refused: why nothing may be written, or NULL
 * @uuid: UUID of the bucket and prefix with this server's data, or ""
 * @others: lines "UUID NAME" of other stores of this server, after an empty one; or NULL
 * @allow_lifecycle: objects may be deleted and archived by the bucket itself
 * @replaced: there is another definition of the store
 * @owned_until: CLOCK_MONOTONIC in ms until which the prefix is taken for this server's
 * @seen_until: CLOCK_MONOTONIC in ms until which readers do not look whether it is the right bucket
 * @foreign: it is another bucket than that with @uuid
 * @doubt: why it may not be the right bucket, or empty
 * @config: the configuration of the bucket
 * @config_until: CLOCK_MONOTONIC in ms until which that is not asked for again
 * @no_checksum: the store does not take the header with the checksum of a body
 * @deletes_single: the store has refused to delete many objects in one request
 * @knows_condemned: the lists of garbage were read, see condemned.h
 * @proxy: URL of a proxy, or NULL
 * @url: scheme and host of the requests, without a final '/'
 * @path: what comes before the prefix in paths: begins and ends with '/'
 * @keys: keys of encryption; the first one encrypts
 * @n_keys: number of them
 * @compress: compress chunks
 * @packing: small files share objects
 * @parallel: most transfers that run
 * @limits: of uploads; each transfer gets its part
 * @timeout: in ms
 * @trust_file: file in memory with the certificates to trust (PEM), or -1
 * @trust: path of @trust_file, or NULL for the certificates of the system
 * @running: transfers that run
 * @moved: clock_ms() when any of them has last got more bytes than before, or has ended well
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
	char *refused;
	char uuid[STORE_UUID_SIZE];
	char *others;
	bool allow_lifecycle;
	bool replaced;
	u64 owned_until;
	u64 seen_until;
	bool foreign;
	struct why doubt;
	struct bucket_config config;
	u64 config_until;
	bool no_checksum;
	bool deletes_single;
	bool knows_condemned;
	char *proxy;
	char *url;
	char *path;
	struct key keys[STORE_KEYS_MAX];
	unsigned int n_keys;
	bool compress;
	bool packing;
	unsigned int parallel;
	struct offload_limits limits;
	u64 timeout;
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
/* Whether new objects stay there. Returns false and fills @why if the bucket removes them. */
bool store_keeps_objects(const struct store *s, struct why *why);
/* Key that encrypts, or NULL. */
const struct key *store_key(const struct store *s);

#endif
