// SPDX-License-Identifier: GPL-2.0-only
/* The TLS agent, see tls.h. Callbacks of the supervisor hold its lock. */

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "handshake.h"
#include "worker/supervisor.h"
#include "daemon/kernel.h"
#include "daemon/log.h"
#include "mem.h"
#include "nl/nl.h"
#include "tls.h"
#include "tls_session.h"

#define DEFAULT_TRUST	"/etc/ssl/certs/ca-certificates.crt"
#define NETLINK_FILE	"/proc/net/netlink"
/* Milliseconds that a handshake may take if the kernel does not say, and at most. */
#define SHAKE_TIME	10000
#define SHAKE_TIME_MAX	60000
/* Milliseconds beyond that until the worker is considered dead. */
#define SHAKE_GRACE	5000
/* Milliseconds between two lines of the log about handshakes that failed. */
#define TELL_PAUSE	1000

#define NOTHING_REMAINS "there is no TLS: correct it, and read the configuration again"
#define ALL_REMAINS "certificate, roots and revoked certificates stay as they were read before: correct it, and read the configuration again"

/**
 * struct shaking - a handshake that the worker has
 * @id: its number; 0 if the entry is free
 * @fd: the socket
 * @until: deadline of the worker by clock_ms()
 * @ended: the worker has answered, with the members below
 * @error: 0 or a negative errno
 * @proved: the peer's certificate was verified
 * @name: name of a client with such a certificate, or ""
 * @why: text of the error
 */
struct shaking {
	u64 id;
	int fd;
	u64 until;
	bool ended;
	int error;
	bool proved;
	char name[CERT_NAME_SIZE];
	struct why why;
};

/**
 * struct tls - the agent
 * @supervisor: supervisor of the worker, once @started
 * @started: the worker was started
 * @spawner: socket of the spawner
 * @poll: epoll descriptor that watches the kernel, the worker and @timer
 * @timer: fires at the deadline of a handshake
 * @family: the kernel's family; NULL until it is needed
 * @kernel: connection to ditto.ko; NULL until it is needed
 * @keys: file with the keys for the worker, or -1
 * @good: the last @keys that a worker took, or -1
 * @keys_id: number of @keys
 * @back: the files of the configuration were refused, so @keys are the same as @good
 * @told: see tls_new()
 * @told_arg: argument of @told
 * @unread: why the files of the configuration could not be read, or ""
 * @untaken: why the worker refuses @keys, or its warning, or ""
 * @listens: the kernel tells of its requests
 * @serial: number of the last handshake
 * @n: entries of @shaking in use
 * @logged: when a failure was last logged
 * @shaking: handshakes in progress
 */
struct tls {
	struct supervisor supervisor;
	bool started;
	int spawner;
	int poll;
	int timer;
	struct handshake *family;
	struct kernel *kernel;
	int keys;
	int good;
	u64 keys_id;
	bool back;
	void (*told)(void *arg, const char *problem);
	void *told_arg;
	struct why unread;
	struct why untaken;
	bool listens;
	u64 serial;
	unsigned int n;
	u64 logged;
	struct shaking shaking[TLS_SHAKES_MAX];
};

bool tls_config_set_agent(struct tls_config *cfg, const char *text, struct why *why)
{
	static const char *const words[] = {
		[TLS_AGENT_AUTO] = "auto", [TLS_AGENT_ON] = "on", [TLS_AGENT_OFF] = "off",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strcmp(text, words[i])) {
			cfg->agent = (enum tls_agent)i;
			return true;
		}
	}
	return why_not(why, "'%.60s' is not allowed: one of auto, on, off is", text);
}

void tls_config_free(struct tls_config *cfg)
{
	free(cfg->certificate);
	free(cfg->key);
	free(cfg->trust);
	free(cfg->crl);
	cert_map_free(&cfg->clients);
}

/* Returns 0 or a negative errno. */
static int tls_write(int to, const char *bytes, size_t size)
{
	while (size) {
		ssize_t n = write(to, bytes, size);

		if (n < 0)
			return -errno;
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

/* Append a file to @to. Returns its size or a negative errno. */
static int tls_append(int to, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char buf[16384];
	size_t size = 0;
	ssize_t n;
	int rc = 0;

	if (fd < 0)
		return -errno;
	while (!rc && (n = read(fd, buf, sizeof(buf))) != 0) {
		size += n > 0 ? (size_t)n : 0;
		rc = n < 0 ? -errno : tls_write(to, buf, (size_t)n);
		if (!rc && size > TLS_FILE_MAX)
			rc = -EFBIG;
	}
	explicit_bzero(buf, sizeof(buf));
	close(fd);
	return rc ?: (int)size;
}

/* Append a text to @to. Returns its size or a negative errno. */
static int tls_append_text(int to, const char *text)
{
	size_t len = strlen(text);

	return tls_write(to, text, len) ?: (int)len;
}

/* Make the file that the worker reads. Returns its descriptor, or -1 and fills @why. */
static int tls_bundle(const struct tls_config *cfg, u32 size[TLS_FILES], struct why *why)
{
	const char *const path[TLS_CLIENTS] = {
		[TLS_CERTIFICATE] = cfg->certificate,
		[TLS_PRIVATE_KEY] = cfg->key,
		[TLS_TRUST] = cfg->trust ?: DEFAULT_TRUST,
		[TLS_CRL] = cfg->crl,
	};
	int fd = memfd_create("ditto-tls", MFD_CLOEXEC);
	const size_t sizes = TLS_FILES * sizeof(*size);
	unsigned int i;
	char *clients;
	int rc;

	memset(size, 0, sizes);
	if (fd < 0 || lseek(fd, (off_t)sizes, SEEK_SET) < 0)
		goto fail;
	for (i = 0; i < TLS_CLIENTS; i++) {
		if (!path[i])
			continue;
		rc = tls_append(fd, path[i]);
		/* A machine need not have roots, and then trusts nobody. */
		if (rc == -ENOENT && i == TLS_TRUST && !cfg->trust)
			continue;
		/* An empty one of these would mean that there is none. */
		if (!rc && i != TLS_TRUST)
			rc = -ENODATA;
		if (rc < 0) {
			why_not(why, "%s: %s", path[i],
				rc == -ENODATA ? "it is empty" : strerror(-rc));
			close(fd);
			return -1;
		}
		size[i] = (u32)rc;
	}
	clients = cert_map_text(&cfg->clients);
	rc = tls_append_text(fd, clients);
	free(clients);
	size[TLS_CLIENTS] = rc > 0 ? (u32)rc : 0;
	if (rc >= 0 && pwrite(fd, size, sizes, 0) == (ssize_t)sizes)
		return fd;
fail:
	why_not(why, "no memory for the keys: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Tell the owner what is wrong, and the log what is new about that. */
static void tls_report(struct tls *t, const struct why *news)
{
	const char *problem = t->unread.text[0] ? t->unread.text : t->untaken.text;

	if (news->text[0])
		log_error("[tls]: %s", news->text);
	t->told(t->told_arg, problem[0] ? problem : NULL);
}

/* What was read before, if anything, stays in use. */
static const char *tls_remains(const struct tls *t)
{
	return t->good < 0 ? NOTHING_REMAINS : ALL_REMAINS;
}

/* The worker has read @keys. */
static void tls_taken(struct tls *t, const struct worker_msg *msg)
{
	int fd;

	/* Others followed these. */
	if (msg->id != t->keys_id)
		return;
	/* A new worker that takes the keys of before does not make the files good. */
	if (t->back && !msg->error)
		return;
	if (!msg->error) {
		fd = fcntl(t->keys, F_DUPFD_CLOEXEC, 0);
		if (t->good >= 0)
			close(t->good);
		t->good = fd;
		why_not(&t->untaken, "%s", msg->why);
	} else {
		why_not(&t->untaken, "%s; %s", msg->why, tls_remains(t));
		/* A worker that is started later gets these. */
		close(t->keys);
		t->keys = t->good >= 0 ? fcntl(t->good, F_DUPFD_CLOEXEC, 0) : -1;
		t->back = true;
	}
	tls_report(t, &t->untaken);
}

static void shaking_end(struct shaking *s, int error, bool proved, const char *text)
{
	s->ended = true;
	s->error = error;
	s->proved = proved;
	why_not(&s->why, "%s", text);
}

static bool tls_heard(void *arg, const struct worker_msg *msg)
{
	struct tls *t = arg;
	unsigned int i;

	if (msg->type == WORKER_TLS_TAKEN) {
		tls_taken(t, msg);
		return true;
	}
	if (msg->type != WORKER_SHAKEN || (msg->error && msg->proved) ||
	    strlen(msg->name) >= CERT_NAME_SIZE)
		return false;
	for (i = 0; i < TLS_SHAKES_MAX; i++)
		if (t->shaking[i].id == msg->id && msg->id && !t->shaking[i].ended)
			break;
	if (i == TLS_SHAKES_MAX)
		return false;
	shaking_end(&t->shaking[i], -(int)msg->error, msg->proved, msg->why);
	memcpy(t->shaking[i].name, msg->name, strlen(msg->name) + 1);
	return true;
}

static void tls_lost(void *arg)
{
	struct tls *t = arg;
	unsigned int i;

	for (i = 0; i < TLS_SHAKES_MAX; i++)
		if (t->shaking[i].id && !t->shaking[i].ended)
			shaking_end(&t->shaking[i], -EIO, false, "the TLS worker has ended");
}

static int tls_begin(void *arg, struct worker_socks *socks)
{
	struct tls *t = arg;
	const struct worker_msg msg = { .type = WORKER_TLS_KEYS, .id = t->keys_id };

	socks->hellos = 1;
	return t->keys < 0 ? 0 : worker_msg_send(socks->control, &msg, t->keys);
}

static const struct supervisor_ops tls_ops = {
	.kind = WORKER_TLS,
	.name = "TLS worker",
	.work = "TLS handshakes",
	.begin = tls_begin,
	.heard = tls_heard,
	.lost = tls_lost,
};

/* Failures of peers must not fill the log. */
static void tls_tell(struct tls *t, const struct shaking *s)
{
	char host[TEXT_ADDRESS_MAX] = "?";
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);
	u64 now = clock_ms();

	if (t->logged && now < t->logged + TELL_PAUSE)
		return;
	t->logged = now;
	if (!getpeername(s->fd, (struct sockaddr *)&addr, &len))
		getnameinfo((struct sockaddr *)&addr, len, host, sizeof(host), NULL, 0,
			    NI_NUMERICHOST);
	log_info("no TLS with %s: %s", host, s->why.text);
}

/*
 * Tell the name of a client. The socket need not be one of Ditto's; without its module it is not.
 * Return: false if the name is lost. The handshake must fail then: without its name the client
 * might get what rules refuse to the name.
 */
static bool tls_prove(struct tls *t, const struct shaking *s)
{
	socklen_t len = sizeof(u64);
	u64 cookie = 0;
	int rc;

	if (getsockopt(s->fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) || !cookie)
		return false;
	if (!t->kernel)
		t->kernel = kernel_open();
	if (!t->kernel)
		return false;
	rc = kernel_connection_prove(t->kernel, cookie, s->name);
	if (!rc || rc == -CONN_NOT_LOADED)
		return true;
	log_error("no TLS with %s: the kernel does not take the name of its certificate: %s",
		  s->name, kernel_why(t->kernel));
	return false;
}

/* Tell the kernel of all handshakes that have ended. */
static void tls_deliver(struct tls *t)
{
	unsigned int i;

	for (i = 0; i < TLS_SHAKES_MAX; i++) {
		struct shaking *s = &t->shaking[i];

		if (!s->ended)
			continue;
		if (s->error)
			tls_tell(t, s);
		else if (s->proved && s->name[0] && !tls_prove(t, s))
			s->error = -EACCES;
		/* The kernel may have given it up already. */
		handshake_done(t->family, s->fd, s->error, s->proved);
		close(s->fd);
		*s = (struct shaking){ 0 };
		t->n--;
	}
}

static void tls_set_timer(const struct tls *t)
{
	struct itimerspec at = { 0 };
	u64 until = 0;
	unsigned int i;

	for (i = 0; i < TLS_SHAKES_MAX; i++)
		if (t->shaking[i].id && (!until || t->shaking[i].until < until))
			until = t->shaking[i].until;
	at.it_value.tv_sec = (time_t)(until / 1000);
	at.it_value.tv_nsec = (long)(until % 1000) * 1000000;
	timerfd_settime(t->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static void tls_submit(struct tls *t, const struct handshake_request *req)
{
	u32 time = req->timeout && req->timeout < SHAKE_TIME_MAX ? req->timeout : SHAKE_TIME;
	struct worker_msg msg = { .type = WORKER_SHAKE, .server = req->server,
				  .certify = req->certify, .timeout = time };
	struct shaking *s = t->shaking;
	int rc;

	while (s->id)
		s++;
	t->n++;
	s->id = ++t->serial;
	s->fd = req->fd;
	s->until = clock_ms() + time + SHAKE_GRACE;
	msg.id = s->id;
	memcpy(msg.name, req->peer, sizeof(req->peer));
	if (req->keys) {
		shaking_end(s, -EOPNOTSUPP, false, "keys of the kernel's keyrings are not used");
		return;
	}
	rc = supervisor_call(&t->supervisor, &msg, req->fd);
	if (rc)
		shaking_end(s, -EIO, false, supervisor_failure(rc));
}

/* Take the requests that wait, as far as there is room. */
static void tls_accept(struct tls *t)
{
	struct handshake_request req;
	int rc = 0;

	while (t->n < TLS_SHAKES_MAX && !rc) {
		rc = handshake_accept(t->family, &req);
		if (!rc)
			tls_submit(t, &req);
	}
	if (rc && rc != -EAGAIN)
		log_error("cannot take TLS handshakes: %s", strerror(-rc));
}

static bool tls_watch(const struct tls *t, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return !epoll_ctl(t->poll, EPOLL_CTL_ADD, fd, &event);
}

/* The kernel loads the module for a process with CAP_NET_ADMIN only, which the worker is not. */
static void tls_load_module(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && setsockopt(fd, SOL_TCP, TCP_ULP, "tls", sizeof("tls")) && errno == ENOENT)
		log_error("this kernel has no TLS (CONFIG_TLS)");
	if (fd >= 0)
		close(fd);
}

/* Open the family and start the worker, the first time. */
static bool tls_start(struct tls *t)
{
	struct why why;
	int rc;

	if (t->started)
		return true;
	if (!t->family)
		t->family = handshake_open(&why);
	if (!t->family) {
		log_error("[tls]: %s", why.text);
		return false;
	}
	tls_load_module();
	rc = supervisor_open(&t->supervisor, &tls_ops, t, t->spawner, -1);
	if (rc) {
		log_error("the TLS worker cannot be started: %s", strerror(-rc));
		return false;
	}
	t->started = tls_watch(t, supervisor_fd(&t->supervisor)) &&
		     tls_watch(t, handshake_fd(t->family));
	if (!t->started) {
		log_error("the TLS worker cannot be watched: %s", strerror(errno));
		supervisor_close(&t->supervisor);
	}
	return t->started;
}

/* Return: true if dittod is to be the agent. */
static bool tls_is_wanted(struct tls *t, const struct tls_config *cfg)
{
	struct why why;
	u32 rival;

	if (cfg->agent != TLS_AGENT_AUTO)
		return cfg->agent == TLS_AGENT_ON;
	if (!cfg->certificate)
		return false;
	if (!t->family)
		t->family = handshake_open(&why);
	if (!t->family) {
		log_notice("[tls]: %s", why.text);
		return false;
	}
	/* A rival that came later does not end what works. */
	if (t->listens)
		return true;
	rival = handshake_rival(NETLINK_FILE, handshake_group(t->family));
	if (rival)
		log_notice("another program, perhaps process %u, does TLS handshakes: dittod does not",
			   rival);
	return !rival;
}

static void tls_listen(struct tls *t, bool on)
{
	int rc;

	if (t->listens == on)
		return;
	rc = handshake_listen(t->family, on);
	if (rc) {
		log_error("cannot listen for TLS handshakes: %s", strerror(-rc));
		return;
	}
	t->listens = on;
	log_notice(on ? "TLS handshakes are done by dittod" :
		   "dittod does no more TLS handshakes");
}

void tls_configure(struct tls *t, const struct tls_config *cfg)
{
	struct worker_msg msg = { .type = WORKER_TLS_KEYS };
	struct why why = { "" };
	bool started = t->started;
	u32 size[TLS_FILES];
	int keys;

	t->unread.text[0] = '\0';
	if (!tls_is_wanted(t, cfg)) {
		t->untaken.text[0] = '\0';
		tls_report(t, &why);
		tls_listen(t, false);
		return;
	}
	keys = tls_bundle(cfg, size, &why);
	if (keys < 0)
		why_not(&t->unread, "%s; %s", why.text, tls_remains(t));
	tls_report(t, &t->unread);
	if (keys >= 0) {
		msg.id = ++t->keys_id;
		t->back = false;
		if (t->keys >= 0)
			close(t->keys);
		t->keys = keys;
	}
	if (t->keys < 0)
		return;
	if (!tls_start(t)) {
		why_not(&t->unread, "handshakes cannot be done: the log says why");
		t->told(t->told_arg, t->unread.text);
		return;
	}
	/* A new worker gets the keys first of all. */
	if (started && keys >= 0)
		supervisor_call(&t->supervisor, &msg, keys);
	tls_listen(t, true);
	/* Requests of before. */
	tls_accept(t);
	tls_deliver(t);
	tls_set_timer(t);
}

static void tls_ready(void *arg)
{
	u64 now = clock_ms();
	struct tls *t = arg;
	unsigned int i;
	u64 times;

	/* EAGAIN means that the timer was set again after it fired. */
	if (read(t->timer, &times, sizeof(times)) < 0 && errno != EAGAIN)
		abort();
	supervisor_ready(&t->supervisor);
	for (i = 0; i < TLS_SHAKES_MAX; i++)
		if (t->shaking[i].id && !t->shaking[i].ended && now >= t->shaking[i].until)
			break;
	if (i < TLS_SHAKES_MAX)
		supervisor_give_up(&t->supervisor, -ETIMEDOUT);
	handshake_drain(t->family);
	tls_deliver(t);
	tls_accept(t);
	tls_deliver(t);
	tls_set_timer(t);
}

struct source tls_source(struct tls *t)
{
	return (struct source){ t->poll, tls_ready, t, 0 };
}

bool tls_config_check(const struct tls_config *cfg, struct why *why)
{
	struct tls_keys *keys;
	u32 size[TLS_FILES];
	size_t total = 0;
	unsigned int i;
	u8 *bytes;
	bool good;
	int fd;

	fd = tls_bundle(cfg, size, why);
	if (fd < 0)
		return false;
	for (i = 0; i < TLS_FILES; i++)
		total += size[i];
	bytes = mem_new(total + 1);
	good = pread(fd, bytes, total, sizeof(size)) == (ssize_t)total;
	close(fd);
	if (good)
		keys = tls_keys_new(size, bytes, why);
	else
		why_not(why, "%s", strerror(errno));
	explicit_bzero(bytes, total);
	free(bytes);
	if (!good || !keys)
		return false;
	tls_keys_put(keys);
	return true;
}

struct tls *tls_new(int spawner, void (*told)(void *arg, const char *problem), void *arg)
{
	struct tls *t = mem_new(sizeof(*t));

	t->spawner = spawner;
	t->told = told;
	t->told_arg = arg;
	t->keys = -1;
	t->good = -1;
	t->poll = epoll_create1(EPOLL_CLOEXEC);
	t->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (t->poll >= 0 && t->timer >= 0 && tls_watch(t, t->timer))
		return t;
	tls_free(t);
	return NULL;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	if (t->started) {
		tls_lost(t);
		tls_deliver(t);
		supervisor_close(&t->supervisor);
	}
	handshake_close(t->family);
	kernel_close(t->kernel);
	if (t->keys >= 0)
		close(t->keys);
	if (t->good >= 0)
		close(t->good);
	if (t->timer >= 0)
		close(t->timer);
	if (t->poll >= 0)
		close(t->poll);
	free(t);
}
