// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TLS worker: talks with peers during handshakes, on sockets that dittod passes to it. It has
 * one thread for all of them, and exits when dittod does.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "mem.h"
#include "worker/sandbox.h"
#include "tls_session.h"
#include "worker/worker.h"
#include "worker/worker_msg.h"

/**
 * struct shake - a handshake
 * @id: number chosen by dittod
 * @fd: the socket; the kernel and dittod have it, too
 * @until: deadline by clock_ms()
 * @session: the session
 */
struct shake {
	u64 id;
	int fd;
	u64 until;
	struct tls_session *session;
};

/**
 * struct tls_worker - state of the worker
 * @keys: for new handshakes; NULL until dittod has sent any
 * @shake: handshakes in progress
 * @n: entries of @shake
 * @packet: receive buffer
 */
struct tls_worker {
	struct tls_keys *keys;
	struct shake shake[TLS_SHAKES_MAX];
	unsigned int n;
	u8 packet[WORKER_PACKET_MAX];
};

/* Blocks until dittod has read enough of the earlier messages. */
static void tls_worker_say(const struct worker_msg *msg)
{
	struct pollfd p = { .fd = WORKER_FD_CONTROL, .events = POLLOUT };
	int rc;

	while ((rc = worker_msg_send(WORKER_FD_CONTROL, msg, -1)) == -EAGAIN)
		poll(&p, 1, -1);
	worker_check(rc);
}

static void shake_say(u64 id, int error, bool proved, const char *name, const struct why *why)
{
	struct worker_msg msg = { .type = WORKER_SHAKEN, .id = id, .error = (u64)-error,
				  .proved = proved };

	if (error)
		memcpy(msg.why, why->text, sizeof(msg.why));
	else
		snprintf(msg.name, sizeof(msg.name), "%s", name);
	tls_worker_say(&msg);
}

/* The last entry takes the place of the one that ends. */
static void shake_end(struct tls_worker *w, struct shake *s, int error, const struct why *why)
{
	shake_say(s->id, error, !error && tls_session_proved(s->session),
		  tls_session_name(s->session), why);
	tls_session_free(s->session);
	close(s->fd);
	*s = w->shake[--w->n];
}

/* Return: true if the handshake has ended. */
static bool shake_step(struct tls_worker *w, struct shake *s)
{
	struct why why = { "" };
	int rc = tls_session_step(s->session, &why);

	if (!rc) {
		rc = tls_session_hand_over(s->session);
		if (rc)
			why_not(&why, "the kernel does not take the keys: %s", strerror(-rc));
		/* -EAGAIN would mean that it goes on. */
		if (rc == -EAGAIN)
			rc = -EIO;
	}
	if (rc == -EAGAIN && clock_ms() >= s->until) {
		rc = -ETIMEDOUT;
		why_not(&why, "the peer does not answer");
	}
	if (rc != -EAGAIN)
		shake_end(w, s, rc, &why);
	return rc != -EAGAIN;
}

static void tls_worker_take_shake(struct tls_worker *w, const struct worker_msg *msg, int fd)
{
	struct shake *s = &w->shake[w->n];
	struct why why = { "" };
	int rc = 0;

	worker_check(fd < 0 ? -EBADMSG : 0);
	if (w->n == TLS_SHAKES_MAX) {
		rc = -EAGAIN;
		why_not(&why, "there are too many handshakes");
	} else if (!w->keys || (msg->server && !tls_keys_certified(w->keys))) {
		rc = -ENOKEY;
		why_not(&why, "there is no certificate");
	}
	if (!rc) {
		s->session = tls_session_new(w->keys, fd, msg->server, msg->certify, msg->name);
		if (!s->session) {
			rc = -ENOMEM;
			why_not(&why, "GnuTLS cannot begin");
		}
	}
	if (rc) {
		close(fd);
		shake_say(msg->id, rc, false, "", &why);
		return;
	}
	s->id = msg->id;
	s->fd = fd;
	s->until = clock_ms() + msg->timeout;
	w->n++;
	shake_step(w, s);
}

/* The file has the lengths of its parts, and the parts. */
static void tls_worker_take_keys(struct tls_worker *w, u64 id, int fd)
{
	struct worker_msg msg = { .type = WORKER_TLS_TAKEN, .id = id };
	u32 size[TLS_FILES];
	struct why why = { "" };
	struct tls_keys *keys;
	size_t total = 0, got;
	unsigned int i;
	ssize_t n;
	u8 *bytes;

	worker_check(fd < 0 || pread(fd, size, sizeof(size), 0) != sizeof(size) ? -EBADMSG : 0);
	for (i = 0; i < TLS_FILES; i++) {
		worker_check(size[i] > TLS_FILE_MAX ? -EBADMSG : 0);
		total += size[i];
	}
	bytes = mem_new(total + 1);
	for (got = 0; got < total; got += (size_t)n) {
		n = pread(fd, bytes + got, total - got, (off_t)(sizeof(size) + got));
		worker_check(n <= 0 ? -EBADMSG : 0);
	}
	close(fd);
	keys = tls_keys_new(size, bytes, &why);
	explicit_bzero(bytes, total);
	free(bytes);
	if (keys) {
		tls_keys_put(w->keys);
		w->keys = keys;
	} else {
		msg.error = EKEYREJECTED;
	}
	memcpy(msg.why, why.text, sizeof(msg.why));
	tls_worker_say(&msg);
}

static void tls_worker_take(struct tls_worker *w)
{
	struct worker_msg msg;
	int fd;

	worker_check(worker_msg_receive(WORKER_FD_CONTROL, &msg, w->packet, &fd, 0));
	if (msg.type == WORKER_TLS_KEYS)
		tls_worker_take_keys(w, msg.id, fd);
	else if (msg.type == WORKER_SHAKE)
		tls_worker_take_shake(w, &msg, fd);
	else
		worker_check(-EBADMSG);
}

/* Wait for dittod, a peer or the next deadline. */
static void tls_worker_wait(struct tls_worker *w)
{
	struct pollfd p[TLS_SHAKES_MAX + 1];
	u64 now = clock_ms();
	u64 until = 0;
	unsigned int i;

	p[w->n] = (struct pollfd){ .fd = WORKER_FD_CONTROL, .events = POLLIN };
	for (i = 0; i < w->n; i++) {
		p[i] = (struct pollfd){ .fd = w->shake[i].fd,
					.events = tls_session_events(w->shake[i].session) };
		if (!until || w->shake[i].until < until)
			until = w->shake[i].until;
	}
	if (poll(p, w->n + 1, !until ? -1 : until > now ? (int)(until - now) : 0) < 0)
		return;
	if (p[w->n].revents)
		tls_worker_take(w);
	/*
	 * A new handshake is last in the table, where there is no event for it. Backwards, the
	 * entry that takes the place of one that ended has had its turn.
	 */
	now = clock_ms();
	while (i--)
		if (p[i].revents || now >= w->shake[i].until)
			shake_step(w, &w->shake[i]);
}

void worker_run_tls(void)
{
	struct worker_msg msg = { .type = WORKER_HELLO };
	struct tls_worker *w = mem_new(sizeof(*w));
	int rc;

	signal(SIGPIPE, SIG_IGN);
	rc = sandbox_files(-1);
	if (rc && rc != -EOPNOTSUPP)
		_exit(1);
	rc = sandbox_calls(SANDBOX_TLS);
	if (rc && rc != -EOPNOTSUPP)
		_exit(1);
	if (!rc)
		msg.mechs = WORKER_FILTERED;
	tls_worker_say(&msg);
	for (;;)
		tls_worker_wait(w);
}
