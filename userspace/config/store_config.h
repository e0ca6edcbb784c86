/* SPDX-License-Identifier: GPL-2.0-only */
/* Object stores that hold offloaded data: the sections [store NAME] of the configuration. */
#ifndef _DITTOD_STORE_CONFIG_H
#define _DITTOD_STORE_CONFIG_H

#include "common/offload_ctl.h"
#include "common/types.h"
#include "text.h"

/**
 * struct store_config - a section [store NAME]
 * @name: name of the store, at most OFFLOAD_CTL_STORE_SIZE bytes with its NUL
 * @endpoint: URL of the server, without a path
 * @bucket: name of the bucket
 * @region: region for signatures, or NULL for us-east-1
 * @prefix: what the names of all objects begin with, or NULL
 * @credentials_file: path of the file with access key and secret key
 * @key_file: path of the file with the keys of the encryption, or NULL
 * @key_command: command that prints them, a path and words, or NULL
 * @key_ids: words of which @key_command gets one at a time, or NULL
 * @ca_file: path of the certificates that are trusted instead of the system's, or NULL
 * @proxy: URL of a proxy, or NULL
 * @host_style: the bucket is in the host name of URLs, not in their path
 * @encryption: data is encrypted, so there must be keys
 * @compression: data is compressed if that makes it smaller
 * @allow_lifecycle: the bucket may delete and archive objects by itself
 * @packing: small files share objects
 * @parallel: most requests in parallel
 * @upload_limit: limits of uploads by time of day, or NULL
 * @timeout_s: seconds in which a request must make progress
 * @probe_s: seconds between two looks whether it answers; 0 for never
 */
struct store_config {
	char name[OFFLOAD_CTL_STORE_SIZE];
	char *endpoint;
	char *bucket;
	char *region;
	char *prefix;
	char *credentials_file;
	char *key_file;
	char *key_command;
	char *key_ids;
	char *ca_file;
	char *proxy;
	char *upload_limit;
	bool host_style;
	bool encryption;
	bool compression;
	bool packing;
	bool allow_lifecycle;
	u32 parallel;
	u32 timeout_s;
	u32 probe_s;
};

/* Check the name of a store. Returns false and fills @why if it is not allowed. */
bool store_config_check_name(const char *name, struct why *why);
/* Create a store with defaults; freed with store_config_free(). */
struct store_config *store_config_new(const char *name);
/* NULL is allowed. */
void store_config_free(struct store_config *s);

/**
 * store_config_set - set a key of the section
 * @s: the store
 * @key: a key of the table in config_sections.c
 * @value: its text
 * @why: filled if the value is not allowed
 *
 * Return: true if it was set.
 */
bool store_config_set(struct store_config *s, const char *key, const char *value,
		      struct why *why);
/* Check that nothing is missing. Returns false and fills @why if it is. */
bool store_config_complete(const struct store_config *s, struct why *why);

/**
 * store_config_text - settings of a store for the store process, with its secrets
 * @s: the store
 * @keys: lines of store_config_keys() that its command printed; NULL if it has none
 * @why: filled on error with the file and the cause
 *
 * Reads the files with credentials and keys, which only their owner may be allowed to read.
 *
 * The file of certificates is not part of it.
 *
 * Return: lines "KEY=VALUE" as in offload/store.h, to be freed with store_config_text_free();
 * NULL on error.
 */
char *store_config_text(const struct store_config *s, const char *keys, struct why *why);

/**
 * store_config_keys - make lines for store_config_text() of what a file or a command has
 * @text: keys of 64 hexadecimal digits with blanks between; is changed
 * @why: filled if it is something else
 *
 * Return: lines "key=VALUE", to be freed with store_config_text_free(); NULL on error.
 */
char *store_config_keys(char *text, struct why *why);

/* Clear the secrets, and free. NULL is allowed. */
void store_config_text_free(char *text);

#endif
