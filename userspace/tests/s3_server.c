// SPDX-License-Identifier: GPL-2.0-only
/*
 * A misbehaving object store. A thread serves each connection; the objects are in the memory of
 * the process, which is another one than that of the test.
 */

#include <arpa/inet.h>
#include <gcrypt.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mem.h"
#include "object/hash.h"
#include "s3_server.h"

#define HEAD_MAX	8192
/* Bytes of an object that is not there any more. */
#define LAGGING_SIZE	1000
#define MORE		(32U << 20)
#define SKEW		7200
/* Microseconds after the end of a connection. */
#define LATE_US		700000
/* Pieces of an object on a slow line, microseconds before each; smaller objects have none. */
#define SLOW_PIECES	8
#define SLOW_PAUSE	400000
#define SLOW_LEAST	65536

struct s3_object {
	char path[512];
	char etag[2 * HASH_MD5 + 1];
	char proof[128];
	u8 *bytes;
	size_t len;
	struct s3_object *next;
};

/**
 * struct s3_request - a request
 * @fd: the connection
 * @head: request line and headers
 * @method: "GET"
 * @path: path
 * @body: body
 * @len: bytes of @body
 * @fault: enum s3_fault
 */
struct s3_request {
	int fd;
	char head[HEAD_MAX];
	char method[8];
	char path[512];
	u8 *body;
	size_t len;
	int fault;
};

static struct s3_server *server;
static struct s3_object *objects;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool s3_write(int fd, const void *bytes, size_t len)
{
	const char *p = bytes;
	ssize_t n;

	while (len) {
		n = send(fd, p, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* Value of a header, or NULL. The text ends with '\r'. */
static const char *s3_header(const struct s3_request *r, const char *name)
{
	const char *line = r->head;

	while ((line = strchr(line, '\n'))) {
		line++;
		if (!strncasecmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			return line + strlen(name) + 1 + strspn(line + strlen(name) + 1, " ");
	}
	return NULL;
}

/* Send the head of an answer. @more: other headers. */
static bool s3_answer_more(const struct s3_request *r, int status, size_t len, const char *etag,
			   const char *more, time_t now)
{
	char date[64], head[512];

	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime(&now));
	snprintf(head, sizeof(head),
		 "HTTP/1.1 %d x\r\nDate: %s\r\nContent-Length: %zu\r\n%s%s%s%s\r\n", status,
		 date, len, more, etag ? "Content-Type: application/octet-stream\r\nETag: \"" : "",
		 etag ? etag : "", etag ? "\"\r\n" : "");
	return s3_write(r->fd, head, strlen(head));
}

static bool s3_answer(const struct s3_request *r, int status, size_t len, const char *etag,
		      time_t now)
{
	return s3_answer_more(r, status, len, etag, "", now);
}

static bool s3_error(const struct s3_request *r, int status, const char *code, time_t now)
{
	char *text = mem_print("<Error><Code>%s</Code><Message>so</Message></Error>", code);
	size_t len = code && r->method[0] != 'H' ? strlen(text) : 0;
	bool good = s3_answer(r, status, len, NULL, now) && s3_write(r->fd, text, len);

	free(text);
	return good;
}

static bool s3_html(const struct s3_request *r)
{
	char page[5000];

	memset(page, 'x', sizeof(page));
	memcpy(page, "<html>\x1b[2J", 10);
	return s3_answer(r, 502, sizeof(page), NULL, time(NULL)) &&
	       (r->method[0] == 'H' || s3_write(r->fd, page, sizeof(page)));
}

/* As of a server of files, in which all names are those of one page. */
static bool s3_page(const struct s3_request *r)
{
	static const char page[] =
		"<html>This page is as long as the shortest object, and has no data.</html>";
	char head[256];

	snprintf(head, sizeof(head),
		 "HTTP/1.1 200 x\r\nContent-Type: text/html\r\nContent-Length: %zu\r\n%s\r\n",
		 strlen(page), r->method[0] == 'P' ? "" : "ETag: \"5d8b1a10-52\"\r\n");
	return s3_write(r->fd, head, strlen(head)) &&
	       (r->method[0] == 'H' || s3_write(r->fd, page, strlen(page)));
}

/*
 * Whether the signature has the headers that it needs, all others of Amazon's, and no header that
 * was not sent ("Signature Calculations for the Authorization Header" in the Amazon S3 API
 * reference).
 */
static bool s3_is_signed(const struct s3_request *r)
{
	static const char start[] = "SignedHeaders=";
	const char *authorization = s3_header(r, "authorization"), *line = r->head;
	const char *from = authorization ? strstr(authorization, start) : NULL;
	char names[1024], name[128], *one, *next;

	if (!from)
		return false;
	from += strlen(start);
	snprintf(names, sizeof(names), ";%.*s;", (int)strcspn(from, ", \r"), from);
	if (!strstr(names, ";host;") || !strstr(names, ";x-amz-date;") ||
	    !strstr(names, ";x-amz-content-sha256;"))
		return false;
	while ((line = strchr(line, '\n'))) {
		line++;
		snprintf(name, sizeof(name), ";%.*s;", (int)strcspn(line, ":\r"), line);
		if ((!strncasecmp(name, ";x-amz-", 7) || !strcasecmp(name, ";content-md5;")) &&
		    !strcasestr(names, name))
			return false;
	}
	for (one = strtok_r(names, ";", &next); one; one = strtok_r(NULL, ";", &next))
		if (!s3_header(r, one))
			return false;
	return true;
}

static struct s3_object *s3_find(const char *path)
{
	struct s3_object *o = objects;

	while (o && strcmp(o->path, path))
		o = o->next;
	return o;
}

static bool s3_put(struct s3_request *r)
{
	const char *want = s3_header(r, "x-amz-content-sha256"), *proof, *sum;
	char base64[HASH_BASE64(HASH_SIZE)];
	u8 hash[HASH_SIZE], md5[HASH_MD5];
	char hex[HASH_HEX];
	struct s3_object *o;

	sum = s3_header(r, "x-amz-checksum-sha256");
	if ((r->fault == S3_NO_CONDITIONS && s3_header(r, "if-none-match")) ||
	    (r->fault == S3_NO_CHECKSUM && sum))
		return s3_error(r, 501, "NotImplemented", time(NULL));
	if (r->fault == S3_BAD_CHECKSUM && sum)
		return s3_error(r, 400, "InvalidChecksum", time(NULL));
	hash_sha256(r->body, r->len, hash);
	hash_to_base64(hash, sizeof(hash), base64);
	if (sum)
		__atomic_fetch_add(&server->sums, 1, __ATOMIC_RELAXED);
	if (sum && strncmp(sum, base64, strlen(base64)))
		__atomic_fetch_add(&server->bad, 1, __ATOMIC_RELAXED);
	hash_to_hex(hash, sizeof(hash), hex);
	if (!want || strncmp(want, hex, strlen(hex)))
		__atomic_fetch_add(&server->bad, 1, __ATOMIC_RELAXED);
	hash_md5(r->body, r->len, md5);
	hash_to_base64(md5, sizeof(md5), base64);
	sum = s3_header(r, "content-md5");
	if (!sum || strncmp(sum, base64, strlen(base64)))
		__atomic_fetch_add(&server->bad, 1, __ATOMIC_RELAXED);
	md5[0] ^= r->fault == S3_ETAG;
	hash_to_hex(md5, sizeof(md5), hex);
	pthread_mutex_lock(&lock);
	o = s3_find(r->path);
	if (o && s3_header(r, "if-none-match")) {
		pthread_mutex_unlock(&lock);
		return s3_error(r, 412, "PreconditionFailed", time(NULL));
	}
	if (!o) {
		o = mem_new(sizeof(*o));
		snprintf(o->path, sizeof(o->path), "%s", r->path);
		o->next = objects;
		objects = o;
		server->objects++;
	}
	o->bytes = r->body;
	o->len = r->len;
	hash_to_hex(md5, sizeof(md5), o->etag);
	proof = s3_header(r, "x-amz-meta-ditto-proof");
	snprintf(o->proof, sizeof(o->proof), "x-amz-meta-ditto-proof: %.64s\r\n", proof ?: "");
	r->body = NULL;
	pthread_mutex_unlock(&lock);
	return s3_answer(r, 200, 0, hex, time(NULL));
}

static bool s3_send_more(int fd)
{
	static const u8 zeros[1 << 16];
	size_t i;

	for (i = 0; i < MORE / sizeof(zeros); i++)
		if (!s3_write(fd, zeros, sizeof(zeros)))
			return false;
	return true;
}

/* Answer about the configuration of the bucket. Returns false to close the connection. */
static bool s3_config(const struct s3_request *r, const char *text, const char *none)
{
	if (server->config_status)
		return s3_error(r, server->config_status, "NotImplemented", time(NULL));
	if (!*text)
		return s3_error(r, 404, none, time(NULL));
	return s3_answer(r, 200, strlen(text), NULL, time(NULL)) &&
	       s3_write(r->fd, text, strlen(text));
}

/* The prefix of a request for a list, in which slashes are encoded. */
static void s3_prefix(const struct s3_request *r, char prefix[128])
{
	const char *from = strstr(r->path, "prefix=");
	size_t n = 0;

	for (from = from ? from + 7 : ""; *from && *from != '&' && n < 127; from++) {
		prefix[n++] = strncmp(from, "%2F", 3) ? *from : '/';
		if (prefix[n - 1] == '/' && *from == '%')
			from += 2;
	}
	prefix[n] = '\0';
}

/* All objects whose names have the prefix, in one page. */
static bool s3_list(const struct s3_request *r)
{
	char prefix[128], *text = NULL;
	size_t len = 0, n = strcspn(r->path, "?");
	const struct s3_object *o;
	bool good;
	FILE *out;

	if (!strcmp(r->path + n, "?versioning="))
		return s3_config(r, server->versioning, "None");
	if (!strcmp(r->path + n, "?object-lock="))
		return s3_config(r, server->lock, "ObjectLockConfigurationNotFoundError");
	if (!strcmp(r->path + n, "?lifecycle="))
		return s3_config(r, server->lifecycle, "NoSuchLifecycleConfiguration");
	out = open_memstream(&text, &len);
	s3_prefix(r, prefix);
	fputs("<IsTruncated>false</IsTruncated>", out);
	pthread_mutex_lock(&lock);
	for (o = objects; o; o = o->next)
		if (o->path[0] && !strncmp(o->path, r->path, n) &&
		    !strncmp(o->path + n, prefix, strlen(prefix)))
			fprintf(out,
				"<Contents><Key>%s</Key><LastModified>1970-01-01T00:00:07Z</LastModified><Size>%zu</Size></Contents>",
				o->path + n, o->len);
	pthread_mutex_unlock(&lock);
	fclose(out);
	good = s3_answer(r, 200, len, NULL, time(NULL)) && s3_write(r->fd, text, len);
	free(text);
	return good;
}

static void s3_remove(const char *path)
{
	struct s3_object *o;

	pthread_mutex_lock(&lock);
	o = s3_find(path);
	if (o) {
		o->path[0] = '\0';
		server->objects--;
	}
	pthread_mutex_unlock(&lock);
}

static bool s3_delete(const struct s3_request *r)
{
	s3_remove(r->path);
	return s3_answer(r, 204, 0, NULL, time(NULL));
}

/* Delete what the elements "Key" of the body name. */
static bool s3_delete_many(const struct s3_request *r)
{
	int bucket = (int)strcspn(r->path, "?"), len;
	const char *at = (const char *)r->body;
	char path[768], *text = NULL;
	bool good, first = true;
	size_t size = 0;
	FILE *out;

	if (r->fault == S3_NO_BULK || !s3_header(r, "content-md5"))
		return s3_error(r, 501, "NotImplemented", time(NULL));
	out = open_memstream(&text, &size);
	fputs("<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">", out);
	while ((at = strstr(at, "<Key>"))) {
		at += strlen("<Key>");
		len = (int)strcspn(at, "<");
		snprintf(path, sizeof(path), "%.*s%.*s", bucket, r->path, len, at);
		if (r->fault == S3_KEEPS && first) {
			fprintf(out, "<Error><Key>%.*s</Key><Code>InternalError</Code></Error>",
				len, at);
		} else {
			s3_remove(path);
			if (r->fault != S3_KEEPS || strstr(at, "<Key>"))
				fprintf(out, "<Deleted><Key>%.*s</Key></Deleted>", len, at);
		}
		first = false;
	}
	server->puts_before = server->puts;
	fputs("</DeleteResult>", out);
	fclose(out);
	good = s3_answer(r, 200, size, NULL, time(NULL)) && s3_write(r->fd, text, size);
	free(text);
	return good;
}

/* The part of an object that a request wants. Returns the status of the answer. */
static int s3_part(const struct s3_request *r, const struct s3_object *o, size_t *from, size_t *len)
{
	const char *range = s3_header(r, "range");
	size_t last;

	*from = 0;
	*len = o->len;
	if (!range || r->fault == S3_NO_RANGE ||
	    sscanf(range, "bytes=%zu-%zu", from, &last) != 2)
		return 200;
	if (*from >= o->len)
		return 416;
	*len = (last < o->len ? last + 1 : o->len) - *from;
	return 206;
}

/* Longer than the time of a store in all, but not between two pieces. */
static bool s3_write_slowly(int fd, const u8 *bytes, size_t len)
{
	size_t at, piece = len / SLOW_PIECES + 1, n;

	for (at = 0; at < len; at += n) {
		usleep(SLOW_PAUSE);
		n = len - at < piece ? len - at : piece;
		if (!s3_write(fd, bytes + at, n))
			return false;
	}
	return true;
}

static bool s3_get(const struct s3_request *r)
{
	size_t len, whole, from;
	struct s3_object *o;
	char more[256];
	int status;
	bool good;
	u8 *bytes;

	pthread_mutex_lock(&lock);
	o = s3_find(r->path);
	pthread_mutex_unlock(&lock);
	if (!o && r->fault == S3_LAGS && r->method[0] == 'H')
		return s3_answer(r, 200, LAGGING_SIZE, "x", time(NULL));
	if (!o)
		return s3_error(r, 404, "NoSuchKey", time(NULL));
	status = s3_part(r, o, &from, &len);
	if (status == 416)
		return s3_error(r, status, "InvalidRange", time(NULL));
	if (r->fault == S3_ARCHIVED && r->method[0] == 'G')
		return s3_error(r, 403, "InvalidObjectState", time(NULL));
	len -= r->fault == S3_SHORT;
	whole = len + (r->fault == S3_LONG ? MORE : 0);
	snprintf(more, sizeof(more), "%s%s", o->proof,
		 r->fault == S3_ARCHIVED ? "x-amz-storage-class: DEEP_ARCHIVE\r\n" : "");
	if (!s3_answer_more(r, status, whole, o->etag, more, time(NULL)) || r->method[0] == 'H')
		return r->method[0] == 'H';
	bytes = mem_new(len + 1);
	memcpy(bytes, o->bytes + from, len);
	if (r->fault == S3_WRONG)
		bytes[len - 1] ^= 1;
	if (r->fault == S3_TRUNCATED)
		len /= 2;
	good = (r->fault == S3_SLOW && len >= SLOW_LEAST ? s3_write_slowly(r->fd, bytes, len) :
				      s3_write(r->fd, bytes, len)) && r->fault != S3_TRUNCATED;
	free(bytes);
	return good && (r->fault != S3_LONG || s3_send_more(r->fd));
}

/* The letter that tells what a request is. */
static char s3_letter(const struct s3_request *r)
{
	if (!strcmp(r->method, "POST"))
		return 'O';
	return strstr(r->path, "prefix=") ? 'L' : r->method[0];
}

/* Take the fault of a request, if it has one. */
static int s3_take_fault(const struct s3_request *r)
{
	char letter = s3_letter(r);
	int fault = S3_GOOD;

	pthread_mutex_lock(&lock);
	server->gets += letter == 'G';
	server->heads += letter == 'H';
	server->puts += letter == 'P';
	server->deletes += letter == 'D';
	server->lists += letter == 'L';
	server->bulks += letter == 'O';
	server->bad += !s3_is_signed(r);
	server->expects += !!s3_header(r, "expect");
	server->tokens += !!s3_header(r, "x-amz-security-token");
	/* Objects are lost, and not lists. */
	if (server->times && (!server->method || server->method == letter) &&
	    !(server->fault == S3_LOST && strchr(r->path, '?'))) {
		server->times--;
		fault = server->fault;
	}
	pthread_mutex_unlock(&lock);
	return fault;
}

/* Returns false to close the connection. */
static bool s3_serve(struct s3_request *r)
{
	time_t now = time(NULL);
	char byte;
	bool good;

	switch (r->fault) {
	case S3_ERROR:
		return s3_error(r, 500, "InternalError", now);
	case S3_EXPECTATION:
		return s3_error(r, 417, NULL, now);
	case S3_SLOW_DOWN:
		return s3_error(r, 503, "SlowDown", now);
	case S3_CLOSE:
		return false;
	case S3_SILENT:
		return recv(r->fd, &byte, 1, 0) > 0;
	case S3_LATE:
		if (recv(r->fd, &byte, 1, 0) > 0)
			return false;
		usleep(LATE_US);
		good = s3_delete_many(r);
		pthread_mutex_lock(&lock);
		server->late++;
		pthread_mutex_unlock(&lock);
		return good;
	case S3_DENIED:
		return s3_error(r, 403, NULL, now);
	case S3_LOST:
		return s3_error(r, 404, "NoSuchKey", now);
	case S3_NO_BUCKET:
		return s3_error(r, 404, "NoSuchBucket", now);
	case S3_SIGNATURE:
		return s3_error(r, 403, "SignatureDoesNotMatch", now);
	case S3_SKEW:
		return s3_error(r, 403, "RequestTimeTooSkewed", now - SKEW);
	case S3_QUOTA:
		return s3_error(r, 403, "QuotaExceeded", now);
	case S3_HTML:
		return s3_html(r);
	case S3_PAGE:
		return s3_page(r);
	default:
		if (r->method[0] == 'D')
			return s3_delete(r);
		if (s3_letter(r) == 'O')
			return s3_delete_many(r);
		if (strchr(r->path, '?'))
			return s3_list(r);
		return r->method[0] == 'P' ? s3_put(r) : s3_get(r);
	}
}

/* Read a request. Returns false at the end of the connection. */
static bool s3_read(struct s3_request *r)
{
	const char *length;
	size_t have = 0;
	ssize_t n;

	while (have < 4 || memcmp(r->head + have - 4, "\r\n\r\n", 4)) {
		n = have < HEAD_MAX - 1 ? recv(r->fd, r->head + have, 1, 0) : 0;
		if (n <= 0)
			return false;
		r->head[++have] = '\0';
	}
	if (sscanf(r->head, "%7s %511s", r->method, r->path) != 2)
		return false;
	length = s3_header(r, "content-length");
	r->len = length ? strtoul(length, NULL, 10) : 0;
	r->body = mem_new(r->len + 1);
	return !r->len || recv(r->fd, r->body, r->len, MSG_WAITALL) == (ssize_t)r->len;
}

static void *s3_connection(void *arg)
{
	struct s3_request *r = mem_new(sizeof(*r));
	bool open = true;
	int busy;

	r->fd = (int)(intptr_t)arg;
	while (open && s3_read(r)) {
		busy = __atomic_add_fetch(&server->busy, 1, __ATOMIC_RELAXED);
		if (busy > server->busiest)
			server->busiest = busy;
		r->fault = s3_take_fault(r);
		open = s3_serve(r);
		free(r->body);
		r->body = NULL;
		__atomic_fetch_sub(&server->busy, 1, __ATOMIC_RELAXED);
	}
	free(r->body);
	close(r->fd);
	free(r);
	return NULL;
}

static void s3_accept(int listener)
{
	pthread_t thread;
	int fd, one = 1;

	for (;;) {
		fd = accept(listener, NULL, NULL);
		if (fd < 0)
			continue;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (pthread_create(&thread, NULL, s3_connection, (void *)(intptr_t)fd))
			close(fd);
		else
			pthread_detach(thread);
	}
}

struct s3_server *s3_server_start(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct s3_server *s;
	pid_t pid;

	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (s == MAP_FAILED || bind(listener, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(listener, 128) || getsockname(listener, (struct sockaddr *)&addr, &len))
		return NULL;
	s->port = ntohs(addr.sin_port);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		hash_init();
		server = s;
		s3_accept(listener);
	}
	close(listener);
	s->pid = pid;
	return pid > 0 ? s : NULL;
}

void s3_server_stop(struct s3_server *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	munmap(s, sizeof(*s));
}

void s3_server_fault(struct s3_server *s, enum s3_fault fault, int method, int times)
{
	s->times = 0;
	s->fault = fault;
	s->method = method;
	s->gets = 0;
	s->deletes = 0;
	s->lists = 0;
	s->bulks = 0;
	s->late = 0;
	s->heads = 0;
	s->puts = 0;
	s->puts_before = 0;
	s->expects = 0;
	s->tokens = 0;
	s->busiest = 0;
	s->times = times;
}
