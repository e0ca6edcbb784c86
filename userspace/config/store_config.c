// SPDX-License-Identifier: GPL-2.0-only
/* Object stores of the configuration, see store_config.h. */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/offload_limit.h"
#include "common/spec.h"
#include "mem.h"
#include "store/msg.h"
#include "store_config.h"

/* Bytes; larger files with secrets are refused. */
#define SECRET_MAX	4096
/* Hexadecimal digits of a key of AES-256. */
#define KEY_DIGITS	64
#define DEFAULT_REGION	"us-east-1"

/* Values of a text end with the line, so they have no control characters. */
#define TEXT_MAX	512

bool store_config_check_name(const char *name, struct why *why)
{
	const char *p;

	for (p = name; isalnum((unsigned char)*p) || (*p && strchr("._-", *p)); p++)
		;
	if (!name[0] || *p || p - name >= OFFLOAD_CTL_STORE_SIZE)
		return why_not(why,
			       "'%.60s' is no name of a store: 1 to %d letters, digits, '.', '_' and '-' are",
			       name, OFFLOAD_CTL_STORE_SIZE - 1);
	return true;
}

struct store_config *store_config_new(const char *name)
{
	struct store_config *s = mem_new(sizeof(*s));

	snprintf(s->name, sizeof(s->name), "%s", name);
	s->encryption = true;
	s->compression = true;
	s->packing = true;
	s->parallel = 8;
	s->timeout_s = 30;
	s->probe_s = 60;
	return s;
}

void store_config_free(struct store_config *s)
{
	if (!s)
		return;
	free(s->endpoint);
	free(s->bucket);
	free(s->region);
	free(s->prefix);
	free(s->credentials_file);
	free(s->key_file);
	free(s->key_command);
	free(s->key_ids);
	free(s->ca_file);
	free(s->proxy);
	free(s->upload_limit);
	free(s);
}

static bool store_set_text(char **to, const char *value, struct why *why)
{
	const char *p;

	for (p = value; *p && !iscntrl((unsigned char)*p); p++)
		;
	if (!value[0] || *p || p - value > TEXT_MAX)
		return why_not(why, "1 to %d characters are needed", TEXT_MAX);
	free(*to);
	*to = mem_string(value);
	return true;
}

static bool store_set_path(char **to, const char *value, struct why *why)
{
	if (value[0] != '/')
		return why_not(why, "'%.60s' is not allowed: an absolute path is", value);
	return store_set_text(to, value, why);
}

static bool store_set_endpoint(char **to, const char *value, struct why *why)
{
	const char *host = strncmp(value, "https://", 8) ? NULL : value + 8;

	if (!strncmp(value, "http://", 7))
		host = value + 7;
	if (!host || !*host || strpbrk(host, "/?#@ \t"))
		return why_not(why,
			       "'%.60s' is not allowed: http[s]://HOST[:PORT] without a path is",
			       value);
	return store_set_text(to, value, why);
}

/* Names of buckets are labels of host names (Amazon S3 User Guide, "Bucket naming rules"). */
static bool store_set_bucket(char **to, const char *value, struct why *why)
{
	size_t len = strlen(value);

	if (len < 3 || len > 63 ||
	    strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789.-") != len)
		return why_not(why,
			       "'%.60s' is not allowed: 3 to 63 lower-case letters, digits, '.' and '-' are",
			       value);
	return store_set_text(to, value, why);
}

static bool store_set_region(char **to, const char *value, struct why *why)
{
	return text_region(value, why) && store_set_text(to, value, why);
}

/* The prefix is a part of URLs: characters that need no escapes, and no slash at its ends. */
static bool store_set_prefix(char **to, const char *value, struct why *why)
{
	const char *p;

	for (p = value; isalnum((unsigned char)*p) || (*p && strchr("._-/", *p)); p++)
		;
	if (*p || value[0] == '/' || (p > value && p[-1] == '/') || strstr(value, "//") ||
	    strstr(value, ".."))
		return why_not(why,
			       "'%.60s' is not allowed: letters, digits, '.', '_', '-' and single slashes between them are",
			       value);
	return store_set_text(to, value, why);
}

static bool store_set_addressing(bool *host_style, const char *value, struct why *why)
{
	*host_style = !strcmp(value, "host");
	if (*host_style || !strcmp(value, "path"))
		return true;
	return why_not(why, "'%.60s' is not allowed: one of path, host is", value);
}

static bool store_set_lifecycle(bool *allow, const char *value, struct why *why)
{
	*allow = !strcmp(value, "allow");
	if (*allow || !strcmp(value, "refuse"))
		return true;
	return why_not(why, "'%.60s' is not allowed: one of refuse, allow is", value);
}

static bool store_set_number(u32 *to, u32 min, u32 max, const char *value, struct why *why)
{
	u64 number;

	if (!text_number(value, min, max, &number, why))
		return false;
	*to = (u32)number;
	return true;
}

static bool store_set_limit(char **to, const char *value, struct why *why)
{
	struct offload_limits limits;

	return offload_limits_parse(&limits, value, why) && store_set_text(to, value, why);
}

bool store_config_set(struct store_config *s, const char *key, const char *value,
		      struct why *why)
{
	static const struct {
		const char *key;
		size_t place;
		bool (*set)(char **to, const char *value, struct why *why);
	} texts[] = {
		{ "endpoint", offsetof(struct store_config, endpoint), store_set_endpoint },
		{ "bucket", offsetof(struct store_config, bucket), store_set_bucket },
		{ "region", offsetof(struct store_config, region), store_set_region },
		{ "prefix", offsetof(struct store_config, prefix), store_set_prefix },
		{ "credentials-file", offsetof(struct store_config, credentials_file),
		  store_set_path },
		{ "key-file", offsetof(struct store_config, key_file), store_set_path },
		{ "key-command", offsetof(struct store_config, key_command), store_set_path },
		{ "key-ids", offsetof(struct store_config, key_ids), store_set_text },
		{ "ca-file", offsetof(struct store_config, ca_file), store_set_path },
		{ "proxy", offsetof(struct store_config, proxy), store_set_endpoint },
		{ "upload-limit", offsetof(struct store_config, upload_limit),
		  store_set_limit },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++)
		if (!strcmp(texts[i].key, key))
			return texts[i].set((char **)((char *)s + texts[i].place), value, why);
	if (!strcmp(key, "encryption"))
		return text_bool(value, &s->encryption, why);
	if (!strcmp(key, "compression"))
		return text_bool(value, &s->compression, why);
	if (!strcmp(key, "packing"))
		return text_bool(value, &s->packing, why);
	if (!strcmp(key, "lifecycle"))
		return store_set_lifecycle(&s->allow_lifecycle, value, why);
	if (!strcmp(key, "addressing"))
		return store_set_addressing(&s->host_style, value, why);
	if (!strcmp(key, "parallel"))
		return store_set_number(&s->parallel, 1, 64, value, why);
	if (!strcmp(key, "probe-s"))
		return store_set_number(&s->probe_s, 0, 86400, value, why);
	return store_set_number(&s->timeout_s, 1, 600, value, why);
}

bool store_config_complete(const struct store_config *s, struct why *why)
{
	const char *missing = NULL;

	if (!s->endpoint)
		missing = "endpoint";
	else if (!s->bucket)
		missing = "bucket";
	else if (!s->credentials_file)
		missing = "credentials-file";
	if (missing)
		return why_not(why, "[store %s]: '%s' is missing", s->name, missing);
	if (s->key_file && s->key_command)
		return why_not(why, "[store %s]: keys are from a key-file or a key-command",
			       s->name);
	if (s->key_ids && !s->key_command)
		return why_not(why, "[store %s]: key-ids without a key-command", s->name);
	/* A line that was lost must not send the data of all users in clear text. */
	if (s->encryption && !s->key_file && !s->key_command)
		return why_not(why,
			       "[store %s]: 'key-file' is missing; without encryption: encryption = off",
			       s->name);
	return s->encryption || !(s->key_file || s->key_command) ||
	       why_not(why, "[store %s]: keys, and encryption = off", s->name);
}

/* Read a file that only its owner can read. Returns false and fills @why on error. */
static bool store_read_secret(const char *path, char text[SECRET_MAX + 1], struct why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	ssize_t len;

	if (fd < 0 || fstat(fd, &st)) {
		why_not(why, "%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	len = read(fd, text, SECRET_MAX + 1);
	close(fd);
	if (!S_ISREG(st.st_mode) || len < 0 || len > SECRET_MAX)
		return why_not(why, "%s: this is no file of %d bytes at most", path, SECRET_MAX);
	if ((st.st_mode & 077) || (st.st_uid && st.st_uid != geteuid()))
		return why_not(why,
			       "%s: others may read it or it is not root's: chown root, chmod 600",
			       path);
	text[len] = '\0';
	return true;
}

/* Take a word of a line "key = word", which must have no control characters. */
static bool store_take_word(char *word, char **to)
{
	size_t len = strcspn(word, " \t\r\n");

	word[len] = '\0';
	*to = word;
	return len && len <= TEXT_MAX;
}

/*
 * Find the keys in lines "access-key = ..." and "secret-key = ...", or with the names of the
 * files of Amazon's tools. Other lines are ignored.
 */
static bool store_parse_credentials(char *text, char **access, char **secret)
{
	char *line, *next, *value;

	*access = NULL;
	*secret = NULL;
	for (line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
		value = strchr(line, '=');
		if (!value)
			continue;
		*value++ = '\0';
		line += strspn(line, " \t");
		line[strcspn(line, " \t")] = '\0';
		value += strspn(value, " \t");
		if (spec_same_word(line, "access-key") || !strcmp(line, "aws_access_key_id")) {
			if (!store_take_word(value, access))
				return false;
		} else if (spec_same_word(line, "secret-key") ||
			   !strcmp(line, "aws_secret_access_key")) {
			if (!store_take_word(value, secret))
				return false;
		}
	}
	return *access && *secret;
}

static bool store_put_credentials(FILE *out, const char *path, struct why *why)
{
	char text[SECRET_MAX + 1];
	char *access, *secret;
	bool good = store_read_secret(path, text, why);

	if (good && store_parse_credentials(text, &access, &secret))
		fprintf(out, "access-key=%s\nsecret-key=%s\n", access, secret);
	else if (good)
		good = why_not(why, "%s: lines access-key = KEY and secret-key = KEY are needed",
			       path);
	explicit_bzero(text, sizeof(text));
	return good;
}

/* Begin a text with secrets. It does not move while it grows, which would leave copies. */
static FILE *store_text_open(char **text)
{
	FILE *out;

	*text = mem_new(OFFLOAD_TEXT_MAX + 1);
	out = fmemopen(*text, OFFLOAD_TEXT_MAX, "w");
	if (!out)
		mem_out();
	/* The same holds for a buffer of stdio. */
	setvbuf(out, NULL, _IONBF, 0);
	return out;
}

/* Returns false if the text does not fit into a message. */
static bool store_text_close(FILE *out)
{
	bool good = !ferror(out);

	return !fclose(out) && good;
}

/* The first key encrypts; the others are those before it, with which older data is decrypted. */
char *store_config_keys(char *text, struct why *why)
{
	static const char blanks[] = " \t\r\n";
	char *lines, *key, *next;
	FILE *out = store_text_open(&lines);
	bool good = true;

	for (key = strtok_r(text, blanks, &next); key; key = strtok_r(NULL, blanks, &next)) {
		good = good && strlen(key) == KEY_DIGITS &&
		       strspn(key, "0123456789abcdefABCDEF") == KEY_DIGITS;
		fprintf(out, "key=%s\n", key);
	}
	if (store_text_close(out) && good && *lines)
		return lines;
	store_config_text_free(lines);
	why_not(why, "lines of %d hexadecimal digits are needed", KEY_DIGITS);
	return NULL;
}

static bool store_put_keys(FILE *out, const char *path, struct why *why)
{
	char text[SECRET_MAX + 1];
	struct why cause;
	char *lines;

	if (!store_read_secret(path, text, why))
		return false;
	lines = store_config_keys(text, &cause);
	explicit_bzero(text, sizeof(text));
	if (!lines)
		return why_not(why, "%s: %s", path, cause.text);
	fputs(lines, out);
	store_config_text_free(lines);
	return true;
}

char *store_config_text(const struct store_config *s, const char *keys, struct why *why)
{
	char *text;
	FILE *out = store_text_open(&text);
	bool good;

	fprintf(out, "endpoint=%s\nbucket=%s\nregion=%s\n", s->endpoint, s->bucket,
		s->region ?: DEFAULT_REGION);
	if (s->prefix)
		fprintf(out, "prefix=%s\n", s->prefix);
	if (s->proxy)
		fprintf(out, "proxy=%s\n", s->proxy);
	if (s->upload_limit)
		fprintf(out, "upload-limit=%s\n", s->upload_limit);
	fprintf(out, "addressing=%s\n", s->host_style ? "host" : "path");
	if (s->allow_lifecycle)
		fputs("lifecycle=allow\n", out);
	fprintf(out, "compression=%s\npacking=%s\nparallel=%u\ntimeout=%u\n",
		s->compression ? "on" : "off", s->packing ? "on" : "off", s->parallel,
		s->timeout_s);
	good = store_put_credentials(out, s->credentials_file, why) &&
	       (!s->key_file || store_put_keys(out, s->key_file, why));
	if (keys)
		fputs(keys, out);
	if (!store_text_close(out) && good)
		good = why_not(why, "the keys are too many");
	if (good)
		return text;
	store_config_text_free(text);
	return NULL;
}

void store_config_text_free(char *text)
{
	if (!text)
		return;
	explicit_bzero(text, strlen(text));
	free(text);
}
