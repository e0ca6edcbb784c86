// SPDX-License-Identifier: GPL-2.0-only
/* Attempts of transfers with libcurl. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "attempt.h"
#include "clock.h"
#include "mem.h"

/* Bytes that are read and written in one step. */
#define BUFFER		(512L << 10)
#define CONNECT_MAX	10000
/* Slower than so many bytes per second counts as no data. */
#define SLOWEST		1024L
/* The answer with a whole object; an answer with a range is 206 (RFC 9110 section 15.3.7). */
#define HTTP_OK		200
/* All objects are put with it, so it tells them from pages of whatever else answers. */
#define TYPE		"application/octet-stream"
/* Set at each PUT, and compared with the ETag by HEAD. */
#define PROOF_HEADER	"x-amz-meta-ditto-proof"
#define PROOF		"ditto proof 1\n"
/* Buckets with object lock take no upload without one. */
#define CHECKSUM_HEADER	"x-amz-checksum-sha256"
/* From version 8.3 on, libcurl signs no headers that it leaves out. */
#define CURL_SIGNS_SENT	0x080300
#define EMPTY_SHA256	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const char *const methods[] = {
	[TRANSFER_GET] = "GET",
	[TRANSFER_HEAD] = "HEAD",
	[TRANSFER_PUT] = "PUT",
	[TRANSFER_DELETE] = "DELETE",
	[TRANSFER_POST] = "POST",
};

static size_t attempt_body(char *to, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	size *= n;
	if (size > t->body_len - t->body_pos)
		size = t->body_len - t->body_pos;
	memcpy(to, t->body + t->body_pos, size);
	t->body_pos += size;
	t->sent += size;
	return size;
}

/* libcurl goes back if a connection that it used again was closed. */
static int attempt_seek(void *arg, curl_off_t offset, int origin)
{
	struct transfer *t = arg;

	if (origin != SEEK_SET || offset < 0 || (u64)offset > t->body_len)
		return CURL_SEEKFUNC_FAIL;
	t->body_pos = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* Keep the start of an error's body. */
static void attempt_error_body(struct answer *a, const char *from, size_t size)
{
	size_t have = strlen(a->body), room = sizeof(a->body) - 1 - have;

	if (size > room)
		size = room;
	if (memchr(from, 0, size))
		return;
	memcpy(a->body + have, from, size);
	a->body[have + size] = '\0';
}

/*
 * A store that does not know ranges sends the whole object: leave out what is before the range
 * and behind it. Returns the bytes that are left.
 */
static size_t attempt_cut(struct transfer *t, const char **from, size_t size)
{
	u64 skip = t->offset - t->skipped;

	if (skip > size)
		skip = size;
	t->skipped += skip;
	*from += skip;
	size -= (size_t)skip;
	return size < t->range - t->got ? size : t->range - t->got;
}

static size_t attempt_data(char *from, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	u64 now = clock_ms(), took = now - (t->moved ? t->moved : t->first);
	const char *bytes = from;
	size_t take;
	long status = 0;

	size *= n;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 300) {
		attempt_error_body(&t->answer, from, size);
		return size;
	}
	if (t->method != TRANSFER_GET && t->method != TRANSFER_POST)
		return size;
	take = t->range && status == HTTP_OK ? attempt_cut(t, &bytes, size) : size;
	if (take > t->room - t->got)
		return 0;
	memcpy(t->into + t->got, bytes, take);
	t->got += take;
	if (took > t->store->timeout)
		took = t->store->timeout;
	/*
	 * What comes again after a failure is no progress, and neither is less than the slowest
	 * line brings in the time: each attempt might have a byte more.
	 */
	if (t->got > t->most && (t->got - t->most) * 1000 >= (u64)SLOWEST * took) {
		t->most = t->got;
		t->moved = now;
		t->store->moved = now;
	}
	return size;
}

static bool attempt_header_has_name(const char *line, size_t len, const char *name)
{
	size_t n = strlen(name);

	return len > n && !strncasecmp(line, name, n) && line[n] == ':';
}

/* Copy the value of a header without spaces around it, if it has this name. */
static bool attempt_header_is(const char *line, size_t len, const char *name, char *value,
			      size_t size)
{
	size_t n = strlen(name);

	if (!attempt_header_has_name(line, len, name))
		return false;
	for (n++; n < len && (line[n] == ' ' || line[n] == '\t'); n++)
		;
	while (len > n && strchr(" \t\r\n", line[len - 1]))
		len--;
	if (len - n >= size)
		return false;
	memcpy(value, line + n, len - n);
	value[len - n] = '\0';
	return true;
}

/*
 * Nobody without the key can tell the proof that an object has a body, of which the store tells the
 * MD5. Keyless stores trust whoever can write there, but an accident has no proof there either.
 */
static void attempt_prove(const struct transfer *t, const char *md5, char proof[HASH_HEX])
{
	char *text = mem_print(PROOF "%s\n%s", t->object, md5);
	u8 hash[HASH_SIZE];

	key_name(store_key(t->store), text, strlen(text), hash);
	hash_to_hex(hash, sizeof(hash), proof);
	free(text);
}

static size_t attempt_header(char *line, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	char value[128];
	time_t date;

	size *= n;
	/* One that is too long for an MD5 is one nevertheless. */
	if (attempt_header_has_name(line, size, "etag")) {
		t->has_etag = true;
		attempt_header_is(line, size, "etag", t->etag, sizeof(t->etag));
		return size;
	}
	if (attempt_header_is(line, size, "content-type", value, sizeof(value)))
		t->has_type = !strncasecmp(value, TYPE, strlen(TYPE));
	if (attempt_header_is(line, size, PROOF_HEADER, t->proof, sizeof(t->proof)))
		return size;
	/* With keys of the service or of the customer, the ETag is no MD5. */
	if (attempt_header_is(line, size, "x-amz-server-side-encryption", value, sizeof(value)))
		t->other_etag = strcmp(value, "AES256");
	if (attempt_header_is(line, size, "x-amz-server-side-encryption-customer-algorithm", value,
			      sizeof(value)))
		t->other_etag = true;
	if (attempt_header_is(line, size, "x-amz-storage-class", t->storage_class,
			      sizeof(t->storage_class))) {
		text_make_printable(t->storage_class);
		t->archived = t->archived || bucket_class_is_archive(t->storage_class);
	}
	/* INTELLIGENT_TIERING has archives of its own. */
	if (attempt_header_has_name(line, size, "x-amz-archive-status"))
		t->archived = true;
	if (attempt_header_is(line, size, "x-amz-bucket-region", t->answer.region,
			      sizeof(t->answer.region)))
		text_make_printable(t->answer.region);
	if (attempt_header_is(line, size, "date", value, sizeof(value))) {
		date = curl_getdate(value, NULL);
		if (date != -1)
			t->answer.ahead = (long long)(time(NULL) - date);
	}
	return size;
}

static bool attempt_add(struct transfer *t, char *line)
{
	struct curl_slist *list = curl_slist_append(t->headers, line);

	explicit_bzero(line, strlen(line));
	free(line);
	if (!list)
		return false;
	t->headers = list;
	return true;
}

/* The texts of the headers that tell what the body of an upload is. */
struct attempt_sums {
	char md5[2 * HASH_MD5 + 1];
	char md5_base64[HASH_BASE64(HASH_MD5)];
	char sha256[HASH_HEX];
	char sha256_base64[HASH_BASE64(HASH_SIZE)];
	char proof[HASH_HEX];
};

static void attempt_sum_up(const struct transfer *t, struct attempt_sums *sums)
{
	hash_to_hex(t->sha256, sizeof(t->sha256), sums->sha256);
	hash_to_base64(t->sha256, sizeof(t->sha256), sums->sha256_base64);
	if (!t->has_md5)
		return;
	hash_to_hex(t->md5, sizeof(t->md5), sums->md5);
	hash_to_base64(t->md5, sizeof(t->md5), sums->md5_base64);
	attempt_prove(t, sums->md5, sums->proof);
}

/* Add the headers of the request. */
static bool attempt_add_headers(struct transfer *t)
{
	const struct store *s = t->store;
	struct attempt_sums sums = { .sha256 = EMPTY_SHA256 };
	bool put = t->method == TRANSFER_PUT, good = true;
	/* Those that have no value are left out. */
	const struct {
		const char *name;
		const char *value;
	} headers[] = {
		{ "content-md5", t->body && t->has_md5 ? sums.md5_base64 : NULL },
		{ CHECKSUM_HEADER, put && !s->no_checksum ? sums.sha256_base64 : NULL },
		{ "x-amz-content-sha256", sums.sha256 },
		{ PROOF_HEADER, put && t->has_md5 ? sums.proof : NULL },
		{ "x-amz-security-token", s->token },
	};
	size_t i;

	if (t->body)
		attempt_sum_up(t, &sums);
	t->checksum = put && !s->no_checksum;
	for (i = 0; i < ARRAY_SIZE(headers) && good; i++)
		good = !headers[i].value ||
		       attempt_add(t, mem_print("%s: %s", headers[i].name, headers[i].value));
	if (t->range)
		good = good && attempt_add(t, mem_print("Range: bytes=%llu-%llu",
							(unsigned long long)t->offset,
							(unsigned long long)(t->offset + t->range -
									     1)));
	if (t->method == TRANSFER_PUT && t->exclusive)
		good = good && attempt_add(t, mem_string("If-None-Match: *"));
	/* Without a value, libcurl leaves it out. */
	if (t->body && curl_version_info(CURLVERSION_NOW)->version_num >= CURL_SIGNS_SENT)
		good = good && attempt_add(t, mem_string("Expect:"));
	/* It is not guessed. */
	return good && attempt_add(t, mem_string("Content-Type: " TYPE));
}

/*
 * AWS Signature Version 4, which has all headers. libcurl copies the keys and the token, some for
 * as long as it keeps the connection, and does not clear its copies.
 */
static bool attempt_sign(struct transfer *t)
{
	const struct store *s = t->store;
	char *scope = mem_print("aws:amz:%s:s3", s->region);
	bool good = !curl_easy_setopt(t->easy, CURLOPT_AWS_SIGV4, scope) &&
		    !curl_easy_setopt(t->easy, CURLOPT_USERNAME, s->access_key) &&
		    !curl_easy_setopt(t->easy, CURLOPT_PASSWORD, s->secret_key);

	free(scope);
	return good;
}

/* Each transfer that a store may have in parallel gets the same part. */
static void attempt_limit(struct transfer *t)
{
	time_t now = time(NULL);
	struct tm tm;
	u64 rate;

	localtime_r(&now, &tm);
	rate = offload_limits_rate(&t->store->limits, (u32)(tm.tm_hour * 60 + tm.tm_min));
	if (rate)
		curl_easy_setopt(t->easy, CURLOPT_MAX_SEND_SPEED_LARGE,
				 (curl_off_t)(rate / t->store->parallel));
}

static void attempt_set_body(struct transfer *t)
{
	switch (t->method) {
	case TRANSFER_HEAD:
		curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
		break;
	case TRANSFER_POST:
	case TRANSFER_PUT:
		curl_easy_setopt(t->easy, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, methods[t->method]);
		curl_easy_setopt(t->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->body_len);
		curl_easy_setopt(t->easy, CURLOPT_UPLOAD_BUFFERSIZE, BUFFER);
		curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, attempt_body);
		curl_easy_setopt(t->easy, CURLOPT_READDATA, t);
		curl_easy_setopt(t->easy, CURLOPT_SEEKFUNCTION, attempt_seek);
		curl_easy_setopt(t->easy, CURLOPT_SEEKDATA, t);
		/* Not waiting for "100 Continue" saves a round trip. */
		curl_easy_setopt(t->easy, CURLOPT_EXPECT_100_TIMEOUT_MS, 0L);
		attempt_limit(t);
		break;
	case TRANSFER_DELETE:
		curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, methods[t->method]);
		break;
	default:
		break;
	}
}

/* No attempt is made with other certificates than these. */
static bool attempt_set_trust(struct transfer *t)
{
	return !t->store->trust ||
	       (!curl_easy_setopt(t->easy, CURLOPT_CAINFO, t->store->trust) &&
		!curl_easy_setopt(t->easy, CURLOPT_CAPATH, NULL));
}

static void attempt_set(struct transfer *t, const char *url)
{
	long timeout = (long)t->store->timeout;

	curl_easy_setopt(t->easy, CURLOPT_URL, url);
	curl_easy_setopt(t->easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(t->easy, CURLOPT_PROXY, t->store->proxy ?: "");
	curl_easy_setopt(t->easy, CURLOPT_USERAGENT, "ditto/" DITTO_VERSION);
	curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->easy, CURLOPT_NOPROGRESS, 1L);
	curl_easy_setopt(t->easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(t->easy, CURLOPT_BUFFERSIZE, BUFFER);
	curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS,
			 timeout < CONNECT_MAX ? timeout : CONNECT_MAX);
	curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_LIMIT, SLOWEST);
	curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_TIME, timeout / 1000);
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->answer.error);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, attempt_data);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, attempt_header);
	curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
}

char *attempt_encode(const char *text)
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

bool attempt_open(struct transfer *t)
{
	const struct store *s = t->store;
	char *name = t->query ? mem_string(s->path) :
				mem_print("%s%s%s", s->path, s->prefix, t->object);
	char *path = attempt_encode(name);
	char *url = mem_print("%s%s%s%s", s->url, path, t->query ? "?" : "", t->query ?: "");
	bool good;

	memset(&t->answer, 0, sizeof(t->answer));
	t->headers = NULL;
	t->body_pos = 0;
	t->skipped = 0;
	t->got = 0;
	t->etag[0] = '\0';
	t->proof[0] = '\0';
	t->other_etag = false;
	t->archived = false;
	t->storage_class[0] = '\0';
	t->has_etag = false;
	t->has_type = false;
	t->easy = curl_easy_init();
	good = t->easy && attempt_add_headers(t) && attempt_sign(t);
	if (good) {
		attempt_set(t, url);
		attempt_set_body(t);
		good = attempt_set_trust(t);
	}
	free(url);
	free(path);
	free(name);
	return good;
}

/* Compare the ETag of an upload, which is the MD5 of the body in quotes, where it is one. */
static bool attempt_etag_fits(const struct transfer *t, struct why *why)
{
	char md5[2 * HASH_MD5 + 3];

	if (t->method != TRANSFER_PUT || !t->has_md5 || t->other_etag ||
	    strlen(t->etag) != sizeof(md5) - 1)
		return true;
	md5[0] = '"';
	hash_to_hex(t->md5, sizeof(t->md5), md5 + 1);
	strcat(md5, "\"");
	return !strcasecmp(md5, t->etag) ||
	       why_not(why, "wrong bytes: the store has stored %s instead of %s", t->etag, md5);
}

/*
 * Whatever else answers in place of the store, such as a proxy during maintenance, may do so with
 * status 200 and a page. What is got is checked anyway; that an object is there, or was put there,
 * is only believed if the answer has what stores tell of objects.
 */
static enum outcome attempt_check_origin(const struct transfer *t, int *error, struct why *why)
{
	if (t->method == TRANSFER_HEAD && !(t->has_etag && t->has_type)) {
		*error = ENODATA;
		why_not(why, "the answer does not tell of an object");
		return OUTCOME_MISSING;
	}
	if (t->method == TRANSFER_PUT && !t->has_etag) {
		*error = EIO;
		why_not(why, "the answer is not one of a store: it has no ETag");
		return OUTCOME_DAMAGED;
	}
	return OUTCOME_GOOD;
}

/* Whether the object is what this server, or another with its key, has put there. */
static bool attempt_is_proven(const struct transfer *t)
{
	char md5[2 * HASH_MD5 + 1], proof[HASH_HEX];

	if (strlen(t->etag) != sizeof(md5) + 1 || t->etag[0] != '"')
		return false;
	memcpy(md5, t->etag + 1, sizeof(md5) - 1);
	md5[sizeof(md5) - 1] = '\0';
	attempt_prove(t, md5, proof);
	return !strcmp(proof, t->proof);
}

enum outcome attempt_outcome(struct transfer *t, int code, int *error, struct why *why)
{
	enum outcome outcome;
	curl_off_t length = -1;

	t->answer.code = code;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->answer.status);
	outcome = cause_find(&t->answer, error, why);
	if (outcome == OUTCOME_GOOD)
		outcome = attempt_check_origin(t, error, why);
	if (outcome == OUTCOME_GOOD && !attempt_etag_fits(t, why)) {
		*error = EIO;
		return OUTCOME_DAMAGED;
	}
	if (outcome == OUTCOME_GOOD && t->range && t->got != t->range) {
		*error = EIO;
		why_not(why, "wrong bytes: the answer is truncated: it has %llu bytes of %zu",
			(unsigned long long)t->got, t->range);
		return OUTCOME_DAMAGED;
	}
	if (outcome == OUTCOME_GOOD && t->method == TRANSFER_HEAD) {
		curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
		t->got = length < 0 ? 0 : (u64)length;
		t->proven = attempt_is_proven(t);
	}
	return outcome;
}

/* A condition that the store does not know is refused with 501, too, and is given up first. */
bool attempt_without_checksum(struct transfer *t, enum outcome outcome)
{
	const struct answer *a = &t->answer;

	if (outcome != OUTCOME_REFUSED || !t->checksum ||
	    !((a->status == 501 && !t->exclusive) ||
	      (a->status == 400 && strcasestr(a->body, "checksum"))))
		return false;
	t->store->no_checksum = true;
	return true;
}

void attempt_close(struct transfer *t)
{
	struct curl_slist *header;

	curl_easy_cleanup(t->easy);
	/* One of them may be a token. */
	for (header = t->headers; header; header = header->next)
		explicit_bzero(header->data, strlen(header->data));
	curl_slist_free_all(t->headers);
	t->easy = NULL;
	t->headers = NULL;
}
