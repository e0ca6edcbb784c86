// SPDX-License-Identifier: GPL-2.0-only
/*
 * Establishes the contexts of RPCSEC_GSS for the kernel's sunrpc.
 *
 * A service thread of the kernel waits for each answer. The calls therefore have a pool of their
 * own, and logins over SMB do not delay them. Connections belong to the thread of the event loop;
 * a job holds a reference to its connection.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "auth.h"
#include "gssx.h"
#include "daemon/log.h"
#include "mem.h"
#include "pool.h"
#include "rpcsec.h"

/* Where sunrpc looks for gssproxy, and the switch that makes it look. */
#define SOCKET_PATH	"/var/run/gssproxy.sock"
#define SWITCH_PATH	"/proc/net/rpc/use-gss-proxy"

/* Most calls that wait. sunrpc has one call for each of its threads at most. */
#define RPCSEC_LIMIT	4096
/* Most connections. sunrpc has one, and another one while it changes. */
#define CONNS_MAX	8

#define LAST_FRAGMENT	0x80000000u

/**
 * struct conn - a connection of sunrpc
 * @rpcsec: the service
 * @fd: the socket
 * @users: number of jobs, plus one while the connection is open
 * @open: the connection is open
 * @mark: mark of the present fragment, as far as it was received
 * @have_mark: bytes of @mark that were received
 * @left: bytes of the fragment that are still to come
 * @len: bytes of the record so far, those that did not fit included
 * @record: the record
 */
struct conn {
	struct rpcsec *rpcsec;
	int fd;
	unsigned int users;
	bool open;
	u8 mark[4];
	unsigned int have_mark;
	u32 left;
	u64 len;
	u8 record[GSSX_CALL_MAX];
};

/**
 * struct call - a call of sunrpc
 * @job: job in the pool
 * @conn: where the answer goes
 * @call: the call
 * @record: memory of the token
 * @step: the token and the result
 */
struct call {
	struct job job;
	struct conn *conn;
	struct gssx_call call;
	u8 *record;
	struct auth_step step;
};

/* The state that was logged last. */
enum state {
	STATE_NONE,
	STATE_SERVING,
	STATE_OTHER,	/* another program serves */
	STATE_LEGACY,	/* sunrpc uses rpc.svcgssd until it is loaded anew */
	STATE_FAILED,
};

/**
 * struct rpcsec - the service
 * @auth: establishes contexts
 * @pool: threads for that
 * @poll: epoll descriptor of the listening socket, the connections and the pool
 * @listener: the listening socket; -1 for none
 * @dev: device of the socket's name
 * @ino: inode of the socket's name
 * @wanted: see rpcsec_set()
 * @told: sunrpc was set up to use the socket
 * @state: what was last logged
 * @conns: open connections
 */
struct rpcsec {
	struct auth *auth;
	struct pool *pool;
	int poll;
	int listener;
	dev_t dev;
	ino_t ino;
	bool wanted;
	bool told;
	enum state state;
	struct conn *conns[CONNS_MAX];
};

static void conn_put(struct conn *c)
{
	if (--c->users)
		return;
	close(c->fd);
	free(c);
}

static void conn_close(struct conn *c)
{
	unsigned int i;

	if (!c->open)
		return;
	c->open = false;
	for (i = 0; c->rpcsec->conns[i] != c; i++)
		;
	c->rpcsec->conns[i] = NULL;
	epoll_ctl(c->rpcsec->poll, EPOLL_CTL_DEL, c->fd, NULL);
	shutdown(c->fd, SHUT_RDWR);
	conn_put(c);
}

/* The kernel reads immediately. If it does not, it finds the connection closed and asks again. */
static void conn_send(struct conn *c, const struct gssx_call *call, const struct auth_step *step)
{
	u8 *reply = mem_new(GSSX_REPLY_MAX);
	size_t len = gssx_reply_encode(call, step, reply);

	if (!len) {
		log_warning("login over NFS refused: the name of %s, or a token for it, is too long for the kernel",
			    step->user);
		len = gssx_reply_encode(call, NULL, reply);
	}
	if (c->open && send(c->fd, reply, len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)len)
		conn_close(c);
	explicit_bzero(reply, len);
	free(reply);
}

static void call_run(struct job *job)
{
	struct call *c = (struct call *)job;

	auth_accept(c->conn->rpcsec->auth, &c->step);
}

static void call_done(struct job *job)
{
	struct call *c = (struct call *)job;

	conn_send(c->conn, &c->call, &c->step);
	conn_put(c->conn);
	explicit_bzero(c->step.key, sizeof(c->step.key));
	user_token_clear(&c->step.account);
	free(c->step.reply);
	free(c->record);
	free(c);
}

/* Answer a complete record, or let a job do it. Returns false if it is not understood. */
static bool conn_take(struct conn *c)
{
	struct gssx_call head = { .kind = GSSX_ACCEPT };
	struct call *call;

	/* The token is longer than any ticket, and comes from a client. */
	if (c->len > sizeof(c->record)) {
		u32 xid;

		memcpy(&xid, c->record, sizeof(xid));
		head.xid = ntohl(xid);
		conn_send(c, &head, NULL);
		return true;
	}
	if (!gssx_call_decode(&head, c->record, c->len))
		return false;
	if (head.kind != GSSX_ACCEPT || !head.token_len || head.token_len > GSSX_TOKEN_MAX) {
		conn_send(c, &head, NULL);
		return true;
	}
	call = mem_new(sizeof(*call));
	call->job.run = call_run;
	call->job.done = call_done;
	call->conn = c;
	call->call = head;
	call->record = mem_new(head.token_len);
	memcpy(call->record, head.token, head.token_len);
	call->step.token = call->record;
	call->step.token_len = head.token_len;
	c->users++;
	if (pool_submit(c->rpcsec->pool, &call->job)) {
		log_warning("too many logins over NFS wait");
		call_done(&call->job);
	}
	return true;
}

/* Receive into @to, or discard. Returns the number of bytes; 0 for none yet; -1 at the end. */
static ssize_t conn_receive(struct conn *c, void *to, size_t len)
{
	ssize_t n = recv(c->fd, to, len, MSG_DONTWAIT);

	if (n > 0)
		return n;
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

/* Receive some bytes of a fragment (RFC 5531 section 11). */
static ssize_t conn_receive_body(struct conn *c)
{
	u8 surplus[4096];
	bool fits = c->len < sizeof(c->record);
	size_t room = fits ? sizeof(c->record) - c->len : sizeof(surplus);
	ssize_t n;

	n = conn_receive(c, fits ? c->record + c->len : surplus, c->left < room ? c->left : room);
	if (n > 0) {
		c->len += (u64)n;
		c->left -= (u32)n;
	}
	return n;
}

static ssize_t conn_receive_mark(struct conn *c)
{
	ssize_t n = conn_receive(c, c->mark + c->have_mark, sizeof(c->mark) - c->have_mark);
	u32 mark;

	if (n <= 0)
		return n;
	c->have_mark += (unsigned int)n;
	memcpy(&mark, c->mark, sizeof(mark));
	if (c->have_mark == sizeof(c->mark))
		c->left = ntohl(mark) & ~LAST_FRAGMENT;
	return n;
}

static void conn_ready(struct conn *c)
{
	ssize_t n;

	c->users++;
	while (c->open) {
		n = c->have_mark < sizeof(c->mark) ? conn_receive_mark(c) : conn_receive_body(c);
		if (!n && (c->have_mark < sizeof(c->mark) || c->left))
			break;
		if (n < 0)
			conn_close(c);
		if (n < 0 || c->have_mark < sizeof(c->mark) || c->left)
			continue;
		c->have_mark = 0;
		if (!(c->mark[0] & 0x80))
			continue;
		if (!conn_take(c))
			conn_close(c);
		c->len = 0;
	}
	conn_put(c);
}

/* Only root may have contexts made, and learn their keys. The kernel's threads are root's. */
static bool conn_is_trusted(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) && !peer.uid;
}

static void rpcsec_take_conn(struct rpcsec *r)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC);
	unsigned int i;
	struct conn *c;

	if (fd < 0)
		return;
	for (i = 0; i < CONNS_MAX && r->conns[i]; i++)
		;
	if (i == CONNS_MAX || !conn_is_trusted(fd)) {
		close(fd);
		return;
	}
	c = mem_new(sizeof(*c));
	c->rpcsec = r;
	c->fd = fd;
	c->users = 1;
	c->open = true;
	r->conns[i] = c;
	event.data.ptr = c;
	if (epoll_ctl(r->poll, EPOLL_CTL_ADD, fd, &event))
		conn_close(c);
}

struct rpcsec *rpcsec_new(struct auth *auth)
{
	struct rpcsec *r = mem_new(sizeof(*r));
	struct epoll_event event = { .events = EPOLLIN };

	r->auth = auth;
	r->listener = -1;
	r->poll = epoll_create1(EPOLL_CLOEXEC);
	r->pool = pool_new_low(AUTH_THREADS, RPCSEC_LIMIT);
	event.data.ptr = r->pool;
	if (r->poll >= 0 && r->pool &&
	    !epoll_ctl(r->poll, EPOLL_CTL_ADD, pool_fd(r->pool), &event))
		return r;
	if (r->pool)
		pool_free(r->pool);
	if (r->poll >= 0)
		close(r->poll);
	free(r);
	return NULL;
}

static void rpcsec_say(struct rpcsec *r, enum state now, const char *text)
{
	if (r->state == now)
		return;
	r->state = now;
	if (now == STATE_SERVING)
		log_info("%s", text);
	else
		log_warning("%s", text);
}

/* Is the name of the socket still the one of our socket? */
static bool name_is_ours(const struct rpcsec *r)
{
	struct stat st;

	return !stat(SOCKET_PATH, &st) && st.st_dev == r->dev && st.st_ino == r->ino;
}

/* sunrpc connects again, to what then serves the name. */
static void rpcsec_stop(struct rpcsec *r)
{
	unsigned int i;

	if (r->listener < 0)
		return;
	for (i = 0; i < CONNS_MAX; i++)
		if (r->conns[i])
			conn_close(r->conns[i]);
	if (name_is_ours(r))
		unlink(SOCKET_PATH);
	epoll_ctl(r->poll, EPOLL_CTL_DEL, r->listener, NULL);
	close(r->listener);
	r->listener = -1;
	r->told = false;
}

/* Return 0, -EADDRINUSE if another program listens, another negative errno. */
static int rpcsec_listen(struct rpcsec *r)
{
	static const struct sockaddr_un where = { AF_UNIX, SOCKET_PATH };
	const struct sockaddr *addr = (const struct sockaddr *)&where;
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = r };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (!connect(fd, addr, sizeof(where)) || errno == EAGAIN)
		rc = -EADDRINUSE;
	else if (errno == ECONNREFUSED)
		unlink(SOCKET_PATH);
	else if (errno != ENOENT)
		rc = -errno;
	/* The name gets the mode of the socket. */
	if (!rc && (fchmod(fd, 0600) || bind(fd, addr, sizeof(where)) || listen(fd, CONNS_MAX) ||
		    stat(SOCKET_PATH, &st) || epoll_ctl(r->poll, EPOLL_CTL_ADD, fd, &event)))
		rc = -errno;
	if (rc) {
		close(fd);
		return rc;
	}
	r->listener = fd;
	r->dev = st.st_dev;
	r->ino = st.st_ino;
	return 0;
}

/*
 * Make sunrpc connect. Return 0, -ENOENT if its module is not loaded, -EBUSY if it already uses
 * rpc.svcgssd, another negative errno.
 */
static int rpcsec_tell(void)
{
	int fd = open(SWITCH_PATH, O_WRONLY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, "1", 1) != 1)
		rc = -errno;
	close(fd);
	return rc;
}

/* The module forgets the order when it is loaded anew. */
static bool rpcsec_is_told(const struct rpcsec *r)
{
	int fd = r->told ? open(SWITCH_PATH, O_RDONLY | O_CLOEXEC) : -1;
	char text[8] = "";

	if (fd < 0)
		return false;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return text[0] == '1';
}

static void rpcsec_say_other(struct rpcsec *r)
{
	rpcsec_say(r, STATE_OTHER,
		   "another program, such as gssproxy, serves "
		   SOCKET_PATH
		   ": it maps the principals of NFS to accounts, by rules of its own (auth_to_local), and not by user-map of ditto.conf");
}

void rpcsec_check(struct rpcsec *r)
{
	char text[256];
	int rc;

	if (!r->wanted || (r->listener < 0 && !auth_has_keytab(r->auth)))
		return;
	if (r->listener >= 0 && !name_is_ours(r)) {
		rpcsec_stop(r);
		rpcsec_say_other(r);
		return;
	}
	if (r->listener < 0) {
		rc = rpcsec_listen(r);
		if (rc == -EADDRINUSE) {
			rpcsec_say_other(r);
			return;
		}
		if (rc) {
			snprintf(text, sizeof(text), "%s cannot be served: %s", SOCKET_PATH,
				 strerror(-rc));
			rpcsec_say(r, STATE_FAILED, text);
			return;
		}
	}
	if (rpcsec_is_told(r))
		return;
	rc = rpcsec_tell();
	r->told = !rc;
	if (!rc) {
		rpcsec_say(r, STATE_SERVING,
			   "principals of NFS get accounts by the same rules as those of SMB");
	} else if (rc == -EBUSY) {
		rpcsec_say(r, STATE_LEGACY,
			   "the kernel asks rpc.svcgssd about Kerberos on NFS, because a client came before dittod: this ends when the module auth_rpcgss is loaded anew");
	} else if (rc != -ENOENT) {
		snprintf(text, sizeof(text), "%s: %s", SWITCH_PATH, strerror(-rc));
		rpcsec_say(r, STATE_FAILED, text);
	}
}

void rpcsec_set(struct rpcsec *r, bool serve)
{
	r->wanted = serve;
	if (!serve) {
		rpcsec_stop(r);
		r->state = STATE_NONE;
	}
	rpcsec_check(r);
}

int rpcsec_fd(const struct rpcsec *r)
{
	return r->poll;
}

void rpcsec_ready(struct rpcsec *r)
{
	struct epoll_event event;

	if (epoll_wait(r->poll, &event, 1, 0) != 1)
		return;
	if (event.data.ptr == r->pool)
		pool_reap(r->pool);
	else if (event.data.ptr == r)
		rpcsec_take_conn(r);
	else
		conn_ready(event.data.ptr);
}
