// SPDX-License-Identifier: GPL-2.0-only
/* Stores, and their settings as text. */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd_path.h"
#include "mem.h"
#include "offload/memfile.h"
#include "store.h"

#define REGION		"us-east-1"
#define PARALLEL	8
#define PARALLEL_MAX	64
#define TIMEOUT		30
#define TIMEOUT_MAX	600
/* Largest file of certificates. */
#define TRUST_MAX	(4U << 20)

/* Settings as they are read, before they are put together. */
struct store_reader {
	struct store *store;
	char *endpoint;
	bool host_style;
};

enum setting_kind {
	SETTING_ENDPOINT, SETTING_ADDRESSING, SETTING_KEY, SETTING_COMPRESSION, SETTING_PACKING,
	SETTING_PARALLEL, SETTING_LIMIT, SETTING_TIMEOUT, SETTING_UUID, SETTING_OTHER,
	SETTING_LIFECYCLE, SETTING_REGION, SETTING_STRING,
};

/* @at: place of a SETTING_STRING in struct store. */
static const struct store_setting {
	const char *name;
	enum setting_kind kind;
	size_t at;
} store_settings[] = {
	{ "endpoint", SETTING_ENDPOINT, 0 },
	{ "addressing", SETTING_ADDRESSING, 0 },
	{ "key", SETTING_KEY, 0 },
	{ "compression", SETTING_COMPRESSION, 0 },
	{ "packing", SETTING_PACKING, 0 },
	{ "parallel", SETTING_PARALLEL, 0 },
	{ "upload-limit", SETTING_LIMIT, 0 },
	{ "timeout", SETTING_TIMEOUT, 0 },
	{ "uuid", SETTING_UUID, 0 },
	{ "other", SETTING_OTHER, 0 },
	{ "lifecycle", SETTING_LIFECYCLE, 0 },
	{ "refused", SETTING_STRING, offsetof(struct store, refused) },
	{ "bucket", SETTING_STRING, offsetof(struct store, bucket) },
	{ "region", SETTING_REGION, 0 },
	{ "prefix", SETTING_STRING, offsetof(struct store, prefix) },
	{ "access-key", SETTING_STRING, offsetof(struct store, access_key) },
	{ "secret-key", SETTING_STRING, offsetof(struct store, secret_key) },
	{ "token", SETTING_STRING, offsetof(struct store, token) },
	{ "proxy", SETTING_STRING, offsetof(struct store, proxy) },
	{ "server-id", SETTING_STRING, offsetof(struct store, server_id) },
	{ "server-name", SETTING_STRING, offsetof(struct store, server_name) },
};

static void string_set(char **string, const char *value)
{
	if (*string)
		explicit_bzero(*string, strlen(*string));
	free(*string);
	*string = *value ? mem_string(value) : NULL;
}

static bool store_add_key(struct store *s, const char *value, struct why *why)
{
	u8 master[KEY_SIZE];

	if (s->n_keys == STORE_KEYS_MAX)
		return why_not(why, "key: there are more than %d", STORE_KEYS_MAX);
	if (strlen(value) != 2 * KEY_SIZE || !hash_from_hex(value, master, KEY_SIZE))
		return why_not(why, "key: is not %d hexadecimal digits", 2 * KEY_SIZE);
	key_derive(&s->keys[s->n_keys++], master);
	explicit_bzero(master, sizeof(master));
	return true;
}

static bool store_number(const char *name, const char *value, u64 max, u64 *number,
			 struct why *why)
{
	struct why inner;

	return text_number(value, 1, max, number, &inner) ||
	       why_not(why, "%s: %s", name, inner.text);
}

static bool store_set(struct store_reader *r, const struct store_setting *setting,
		      const char *value, struct why *why)
{
	struct store *s = r->store;
	struct why inner;
	char *others;
	u64 number;

	switch (setting->kind) {
	case SETTING_ENDPOINT:
		string_set(&r->endpoint, value);
		return true;
	case SETTING_ADDRESSING:
		r->host_style = !strcmp(value, "host");
		return r->host_style || !strcmp(value, "path") ||
		       why_not(why, "addressing: \"%s\" is neither path nor host", value);
	case SETTING_KEY:
		return store_add_key(s, value, why);
	case SETTING_COMPRESSION:
		return text_bool(value, &s->compress, &inner) ||
		       why_not(why, "compression: %s", inner.text);
	case SETTING_PACKING:
		return text_bool(value, &s->packing, &inner) ||
		       why_not(why, "packing: %s", inner.text);
	case SETTING_PARALLEL:
		if (!store_number(setting->name, value, PARALLEL_MAX, &number, why))
			return false;
		s->parallel = (unsigned int)number;
		return true;
	case SETTING_LIMIT:
		return offload_limits_parse(&s->limits, value, &inner) ||
		       why_not(why, "%s: %s", setting->name, inner.text);
	case SETTING_TIMEOUT:
		if (!store_number(setting->name, value, TIMEOUT_MAX, &number, why))
			return false;
		s->timeout = number * 1000;
		return true;
	case SETTING_UUID:
		if (!store_uuid_is_good(value))
			return why_not(why, "uuid: is not %d hexadecimal digits",
				       STORE_UUID_SIZE - 1);
		memcpy(s->uuid, value, sizeof(s->uuid));
		return true;
	case SETTING_OTHER:
		others = mem_print("%s%s\n", s->others ?: "\n", value);
		free(s->others);
		s->others = others;
		return true;
	case SETTING_LIFECYCLE:
		s->allow_lifecycle = !strcmp(value, "allow");
		return s->allow_lifecycle || !strcmp(value, "refuse") ||
		       why_not(why, "lifecycle: \"%s\" is neither refuse nor allow", value);
	case SETTING_REGION:
		if (!text_region(value, &inner))
			return why_not(why, "region: %s", inner.text);
		string_set(&s->region, value);
		return true;
	default:
		string_set((char **)((char *)s + setting->at), value);
		return true;
	}
}

static bool store_read_line(struct store_reader *r, char *line, struct why *why)
{
	char *value = strchr(line, '=');
	const char *p;
	size_t i;

	if (!value)
		return why_not(why, "a line of the settings has no '='");
	*value++ = '\0';
	/* The values become parts of lines of HTTP. */
	for (p = value; *p; p++)
		if (iscntrl((unsigned char)*p))
			return why_not(why, "%s: contains a control character", line);
	for (i = 0; i < ARRAY_SIZE(store_settings); i++)
		if (!strcmp(line, store_settings[i].name))
			return store_set(r, &store_settings[i], value, why);
	return why_not(why, "there is no setting \"%s\"", line);
}

/*
 * Take the endpoint apart: scheme, host with an optional port, and path. The default port is
 * left out of the header "Host", as HTTP clients do (RFC 9110 section 7.2).
 */
static bool store_set_endpoint(struct store *s, const char *endpoint, bool host_style,
			       struct why *why)
{
	bool tls = !strncmp(endpoint, "https://", 8);
	bool good = tls || !strncmp(endpoint, "http://", 7);
	const char *host = good ? endpoint + (tls ? 8 : 7) : "", *path, *port;
	size_t len = strcspn(host, "/"), end;

	if (!len || strpbrk(host, "?#@ "))
		return why_not(why, "endpoint: \"%s\" is not like https://HOST[:PORT][/PATH]",
			       endpoint);
	path = host + len;
	end = strlen(path);
	while (end && path[end - 1] == '/')
		end--;
	port = tls ? ":443" : ":80";
	if (len > strlen(port) && !strncmp(host + len - strlen(port), port, strlen(port)))
		len -= strlen(port);
	s->url = mem_print("%s://%s%s%.*s", tls ? "https" : "http", host_style ? s->bucket : "",
			   host_style ? "." : "", (int)len, host);
	s->path = mem_print("%.*s/%s%s", (int)end, path, host_style ? "" : s->bucket,
			    host_style ? "" : "/");
	return true;
}

/* One slash between the prefix and what follows, none before it. */
static void store_set_prefix(struct store *s)
{
	const char *given = s->prefix ? s->prefix : "";
	char *prefix;
	size_t len;

	given += strspn(given, "/");
	len = strlen(given);
	while (len && given[len - 1] == '/')
		len--;
	prefix = mem_print("%.*s%s", (int)len, given, len ? "/" : "");
	free(s->prefix);
	s->prefix = prefix;
}

static bool store_complete(struct store_reader *r, struct why *why)
{
	struct store *s = r->store;

	if (!r->endpoint)
		return why_not(why, "endpoint is missing");
	if (!s->bucket)
		return why_not(why, "bucket is missing");
	if (strchr(s->bucket, '/'))
		return why_not(why, "bucket: \"%s\" contains '/'", s->bucket);
	if (!s->access_key || !s->secret_key)
		return why_not(why, "access-key or secret-key is missing");
	if (!s->region)
		s->region = mem_string(REGION);
	store_set_prefix(s);
	return store_set_endpoint(s, r->endpoint, r->host_style, why);
}

struct store *store_new(const char *name, const char *text, size_t len, struct why *why)
{
	struct store_reader r = { .store = mem_new(sizeof(*r.store)) };
	char *copy = mem_new(len + 1), *rest = copy, *line;
	bool good = true;

	memcpy(copy, text, len);
	r.store->refs = 1;
	r.store->trust_file = -1;
	r.store->compress = true;
	r.store->packing = true;
	r.store->parallel = PARALLEL;
	r.store->timeout = TIMEOUT * 1000;
	bucket_config_init(&r.store->config);
	snprintf(r.store->name, sizeof(r.store->name), "%s", name);
	while (good && (line = strsep(&rest, "\n")))
		good = !*line || store_read_line(&r, line, why);
	good = good && store_complete(&r, why);
	explicit_bzero(copy, len);
	free(copy);
	free(r.endpoint);
	if (good)
		return r.store;
	store_put(r.store);
	return NULL;
}

bool store_read_trust(struct store *s, int fd, struct why *why)
{
	char path[FD_PATH_MAX], *bytes;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st))
		return why_not(why, "certificates: %s", strerror(errno));
	if (!S_ISREG(st.st_mode) || !st.st_size || st.st_size > TRUST_MAX)
		return why_not(why, "the file of certificates is empty or too large");
	bytes = mem_new((size_t)st.st_size);
	n = pread(fd, bytes, (size_t)st.st_size, 0);
	if (n == st.st_size)
		s->trust_file = memfile_new(bytes, (size_t)n);
	free(bytes);
	if (s->trust_file < 0)
		return why_not(why, "cannot read the file of certificates");
	/* GnuTLS, with which libcurl is built, takes them only from a file with a name. */
	s->trust = mem_string(fd_path(s->trust_file, path));
	return true;
}

struct store *store_get(struct store *s)
{
	s->refs++;
	return s;
}

void store_put(struct store *s)
{
	char **const strings[] = { &s->bucket, &s->region, &s->prefix, &s->access_key,
				   &s->secret_key, &s->token, &s->server_id,
				   &s->server_name, &s->refused, &s->others,
				   &s->proxy, &s->url, &s->path };
	size_t i;

	if (--s->refs)
		return;
	for (i = 0; i < ARRAY_SIZE(strings); i++)
		string_set(strings[i], "");
	free(s->trust);
	if (s->trust_file >= 0)
		close(s->trust_file);
	explicit_bzero(s, sizeof(*s));
	free(s);
}

bool store_keeps_objects(const struct store *s, struct why *why)
{
	if (!s->config.removes || s->allow_lifecycle)
		return true;
	return why_not(why,
		       "store %s, bucket %s: %.384s: remove that rule, or limit it to other objects; to use the bucket as it is: lifecycle = allow in [store %s]",
		       s->name, s->bucket, s->config.lifecycle, s->name);
}

const struct key *store_key(const struct store *s)
{
	return s->n_keys ? &s->keys[0] : NULL;
}
