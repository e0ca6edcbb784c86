// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittod's side of the login worker.
 *
 * Locking: the mutex guards everything but the sockets themselves. A socket of a
 * channel is used by the thread that made it busy; those of a worker are closed when
 * the last thread has left it.
 */

#include <errno.h>
#include <fcntl.h>
#include <krb5.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "login.h"
#include "mem.h"
#include "sandbox.h"
#include "upcall.h"
#include "worker.h"
#include "worker_msg.h"

/* Milliseconds in which the worker looks at a token, or becomes ready. */
#define TAKE_TIME	30000
#define START_TIME	10000
/* Milliseconds until another worker is started: at first, at most, and what is long after it. */
#define PAUSE_MIN	500
#define PAUSE_MAX	30000
#define PAUSE_FORGET	60000
/* Milliseconds until the keytab is looked at again, and its longest. */
#define KEYTAB_TIME	2000
#define KEYTAB_MAX	1048576

/**
 * struct crew - a worker's sockets
 * @control: for hellos, keytabs and what is to be forgotten
 * @channel: for tokens
 * @busy: which of them are in use
 * @users: threads that use it, and one for being the present one
 * @hellos: that it may still send: one for each keytab
 * @dead: it is of no more use
 */
struct crew {
	int control;
	int channel[WORKER_CHANNELS];
	bool busy[WORKER_CHANNELS];
	unsigned int users;
	unsigned int hellos;
	bool dead;
};

/**
 * struct keytab_mark - tells one state of the keytab from another
 * @there: it is there
 * @dev: device
 * @ino: inode
 * @size: bytes
 * @changed: time of the last change
 */
struct keytab_mark {
	bool there;
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed;
};

/**
 * struct login - all
 * @lock: see above
 * @freed: a channel is
 * @users: path of the file of local users
 * @keytab: path of the keytab; NULL if there can be none
 * @replay: descriptor of the replay cache
 * @spawner: socket for orders
 * @poll: watches the present worker's control socket
 * @crew: the present worker; NULL while there is none
 * @id: of the last login
 * @started: when the present worker was, in ms
 * @pause: before the next one is, in ms
 * @mark: of the keytab that the worker has
 * @looked: when it was looked at, in ms
 * @hello: that the worker told
 * @hello_len: bytes
 * @mechs: that it told
 * @changes: how often @hello became another one
 * @packet: for messages on the control socket
 */
struct login {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	char *users;
	char *keytab;
	int replay;
	int spawner;
	int poll;
	struct crew *crew;
	u64 id;
	u64 started;
	u64 pause;
	struct keytab_mark mark;
	u64 looked;
	u8 *hello;
	size_t hello_len;
	u64 mechs;
	unsigned int changes;
	u8 packet[WORKER_PACKET_MAX];
};

static void crew_put_locked(struct crew *crew)
{
	int i;

	if (--crew->users)
		return;
	for (i = 0; i < WORKER_CHANNELS; i++)
		close(crew->channel[i]);
	close(crew->control);
	free(crew);
}

/* The keytab that the administrator's configuration names, if it is a file. */
static char *keytab_path(void)
{
	char name[1024], *path = NULL;
	krb5_context context;

	if (krb5_init_context(&context))
		return NULL;
	if (!krb5_kt_default_name(context, name, sizeof(name))) {
		if (!strncmp(name, "FILE:", 5) || !strncmp(name, "WRFILE:", 7))
			path = mem_string(strchr(name, ':') + 1);
		else if (name[0] == '/')
			path = mem_string(name);
		else
			log_warning("the keytab %s is no file: it cannot be used", name);
	}
	krb5_free_context(context);
	return path;
}

/* A copy of the keytab that the worker can read; empty if there is none. -1 on error. */
static int keytab_copy(const char *path)
{
	int from = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	int to = memfd_create("ditto-keytab", MFD_CLOEXEC);
	u8 part[4096];
	size_t total = 0;
	ssize_t n = 0;

	while (to >= 0 && from >= 0 && total < KEYTAB_MAX &&
	       (n = read(from, part, sizeof(part))) > 0 && write(to, part, (size_t)n) == n)
		total += (size_t)n;
	explicit_bzero(part, sizeof(part));
	if (from >= 0)
		close(from);
	return to;
}

static struct keytab_mark keytab_look(const char *path)
{
	struct keytab_mark mark = { 0 };
	struct stat st;

	if (!path || stat(path, &st))
		return mark;
	mark.there = true;
	mark.dev = st.st_dev;
	mark.ino = st.st_ino;
	mark.size = st.st_size;
	mark.changed = st.st_ctim;
	return mark;
}

static bool keytab_same(const struct keytab_mark *a, const struct keytab_mark *b)
{
	return a->there == b->there && a->dev == b->dev && a->ino == b->ino &&
	       a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Send the keytab on a socket of a worker if it has another one, or none yet. */
static int login_send_keytab_locked(struct login *l, struct crew *crew, int fd, bool always)
{
	const struct worker_msg msg = { .type = WORKER_KEYTAB };
	struct keytab_mark mark = keytab_look(l->keytab);
	int copy, rc;

	l->looked = upcall_now_ms();
	if (!always && keytab_same(&mark, &l->mark))
		return 0;
	copy = keytab_copy(l->keytab);
	if (copy < 0)
		return -errno;
	rc = worker_msg_send(fd, &msg, copy);
	if (!rc) {
		l->mark = mark;
		crew->hellos++;
	}
	close(copy);
	return rc;
}

/* Another worker, unless the last one is only just there. */
static void login_start_locked(struct login *l)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct crew *crew = NULL;
	int theirs[WORKER_SOCKETS];
	int ours[WORKER_SOCKETS];
	u64 now = upcall_now_ms();
	int i, n, rc = 0;

	if (l->started && now < l->started + l->pause)
		return;
	l->pause = l->started && now < l->started + PAUSE_FORGET ? 2 * l->pause : PAUSE_MIN;
	if (l->pause > PAUSE_MAX)
		l->pause = PAUSE_MAX;
	l->started = now;
	for (n = 0; n < WORKER_SOCKETS; n++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
			rc = -errno;
			break;
		}
		ours[n] = pair[0];
		theirs[n] = pair[1];
	}
	if (!rc)
		rc = worker_spawner_order(l->spawner, theirs);
	for (i = 0; i < n; i++)
		close(theirs[i]);
	if (!rc) {
		crew = mem_new(sizeof(*crew));
		crew->users = 1;
		crew->control = ours[0];
		memcpy(crew->channel, ours + 1, sizeof(crew->channel));
		rc = login_send_keytab_locked(l, crew, crew->control, true);
	}
	if (!rc && epoll_ctl(l->poll, EPOLL_CTL_ADD, ours[0], &event))
		rc = -errno;
	if (rc) {
		log_error("the login worker cannot be started: %s", strerror(-rc));
		for (i = 0; i < n; i++)
			close(ours[i]);
		free(crew);
		return;
	}
	l->crew = crew;
}

/* A worker is of no more use: those that wait for it find that out by the sockets' end. */
static void login_fail_locked(struct login *l, struct crew *crew, const char *what)
{
	int i;

	if (crew->dead)
		return;
	crew->dead = true;
	log_error("the login worker %s: logins under way fail, and another one is started", what);
	epoll_ctl(l->poll, EPOLL_CTL_DEL, crew->control, NULL);
	for (i = 0; i < WORKER_CHANNELS; i++)
		shutdown(crew->channel[i], SHUT_RDWR);
	shutdown(crew->control, SHUT_RDWR);
	l->crew = NULL;
	crew_put_locked(crew);
	login_start_locked(l);
}

static const char *login_failure(int rc)
{
	switch (rc) {
	case -ETIMEDOUT:
	case -EAGAIN:
		return "does not answer";
	case -EBADMSG:
		return "says what makes no sense";
	default:
		return "has ended";
	}
}

/* A channel to the present worker; -1 if there is none. */
static int login_channel_get(struct login *l, struct crew **crew, u64 *id)
{
	struct crew *c;
	int i = -1;
	int rc;

	pthread_mutex_lock(&l->lock);
	for (;;) {
		if (!l->crew)
			login_start_locked(l);
		c = l->crew;
		if (!c)
			break;
		for (i = 0; i < WORKER_CHANNELS && c->busy[i]; i++)
			;
		if (i < WORKER_CHANNELS)
			break;
		pthread_cond_wait(&l->freed, &l->lock);
	}
	if (c) {
		c->busy[i] = true;
		c->users++;
		*crew = c;
		if (!*id)
			*id = ++l->id;
		if (upcall_now_ms() >= l->looked + KEYTAB_TIME) {
			rc = login_send_keytab_locked(l, c, c->channel[i], false);
			if (rc)
				log_error("the keytab cannot be handed on: %s", strerror(-rc));
		}
	}
	pthread_mutex_unlock(&l->lock);
	return c ? i : -1;
}

static void login_channel_put(struct login *l, struct crew *crew, int channel, int rc)
{
	pthread_mutex_lock(&l->lock);
	if (rc)
		login_fail_locked(l, crew, login_failure(rc));
	crew->busy[channel] = false;
	crew_put_locked(crew);
	pthread_cond_broadcast(&l->freed);
	pthread_mutex_unlock(&l->lock);
}

/* Answer a question about a local user. */
static int login_answer(struct login *l, int fd, const struct ntlm_names *names,
			char local[NSS_NAME_SIZE])
{
	const struct worker_msg msg = { .type = WORKER_USER };
	int line = ntlm_user_open(l->users, names, local);
	int rc = worker_msg_send(fd, &msg, line);

	if (line >= 0)
		close(line);
	return rc;
}

/*
 * The user was looked up by the names that the client says it has. They must be those
 * that were proved: "DOMAIN\\user", or the user alone.
 */
static bool peer_is_proved(const char *name, const struct ntlm_names *said, const char *local)
{
	const char *user = strchr(name, '\\');
	size_t len = user ? (size_t)(user - name) : 0;

	return !strcasecmp(user ? user + 1 : name, local) && !strcasecmp(said->user, local) &&
	       len == strlen(said->domain) && !strncasecmp(name, said->domain, len);
}

/* What the worker says was proved, if that can be. */
static enum gss_outcome peer_from_worker(struct gss_peer *peer, const struct worker_msg *msg,
					 const struct ntlm_names *said, const char *local,
					 struct why *why)
{
	memset(peer, 0, sizeof(*peer));
	peer->way = (enum gss_way)msg->way;
	peer->expires = msg->expires;
	if (peer->way == GSS_WAY_ANONYMOUS)
		return GSS_PROVED;
	memcpy(peer->name, msg->name, sizeof(peer->name));
	memcpy(peer->key, msg->key, msg->key_len);
	peer->key_len = msg->key_len;
	if (!peer->name[0] || !peer->key_len) {
		why_not(why, "the login worker tells no name or no session key");
		return GSS_REFUSED;
	}
	if (peer->way == GSS_WAY_KERBEROS)
		gss_local_name(peer->name, peer->local);
	else
		memcpy(peer->local, local, sizeof(peer->local));
	if (peer->way == GSS_WAY_NTLM && local[0] && !peer_is_proved(peer->name, said, local)) {
		why_not(why, "%s was proved, and not user '%s' of '%s'", peer->name, said->user,
			said->domain);
		return GSS_REFUSED;
	}
	return GSS_PROVED;
}

/* One token on one channel. 0 and the answer, or a negative errno: the worker is of no use. */
static int login_exchange(struct login *l, int fd, struct worker_msg *msg, u8 *packet,
			  struct ntlm_names *said, char local[NSS_NAME_SIZE])
{
	u64 until = upcall_now_ms() + TAKE_TIME;
	int rc = worker_msg_send(fd, msg, -1);

	if (!rc)
		rc = worker_msg_receive(fd, msg, packet, NULL, until);
	if (!rc && msg->type == WORKER_ASK) {
		memcpy(said->user, msg->user, sizeof(said->user));
		memcpy(said->domain, msg->domain, sizeof(said->domain));
		rc = login_answer(l, fd, said, local);
		if (!rc)
			rc = worker_msg_receive(fd, msg, packet, NULL, until);
	}
	return rc ?: msg->type == WORKER_TOOK ? 0 : -EBADMSG;
}

enum gss_outcome login_take(struct login *l, u64 *id, struct auth_step *step,
			    struct gss_peer *peer, struct why *why)
{
	struct worker_msg msg = { .type = WORKER_TAKE, .first = !*id,
				  .token = step->token, .token_len = step->token_len };
	enum gss_outcome outcome = GSS_REFUSED;
	struct ntlm_names said = { 0 };
	char local[NSS_NAME_SIZE] = "";
	struct crew *crew;
	u8 *packet;
	int i, rc;

	i = login_channel_get(l, &crew, id);
	if (i < 0) {
		*id = 0;
		why_not(why, "the login worker is not running");
		return GSS_REFUSED;
	}
	msg.id = *id;
	packet = mem_new(WORKER_PACKET_MAX);
	rc = login_exchange(l, crew->channel[i], &msg, packet, &said, local);
	login_channel_put(l, crew, i, rc);
	if (rc) {
		why_not(why, "the login worker %s", login_failure(rc));
	} else {
		outcome = (enum gss_outcome)msg.outcome;
		if (msg.token_len) {
			step->reply = mem_new(msg.token_len);
			memcpy(step->reply, msg.token, msg.token_len);
			step->reply_len = msg.token_len;
		}
		snprintf(why->text, sizeof(why->text), "%s", msg.why);
		snprintf(step->user, sizeof(step->user), "%s", msg.user);
		if (outcome == GSS_PROVED)
			outcome = peer_from_worker(peer, &msg, &said, local, why);
	}
	if (outcome != GSS_MORE)
		*id = 0;
	explicit_bzero(packet, WORKER_PACKET_MAX);
	explicit_bzero(&msg, sizeof(msg));
	free(packet);
	return outcome;
}

void login_forget(struct login *l, u64 *id)
{
	const struct worker_msg msg = { .type = WORKER_FORGET, .id = *id };

	if (!*id)
		return;
	*id = 0;
	pthread_mutex_lock(&l->lock);
	/* If the worker does not keep up, the login makes room for later ones. */
	if (l->crew)
		worker_msg_send(l->crew->control, &msg, -1);
	pthread_mutex_unlock(&l->lock);
}

u8 *login_hello(struct login *l, size_t *len)
{
	u8 *hello = NULL;

	pthread_mutex_lock(&l->lock);
	*len = l->hello_len;
	if (*len) {
		hello = mem_new(*len);
		memcpy(hello, l->hello, *len);
	}
	pthread_mutex_unlock(&l->lock);
	return hello;
}

unsigned int login_changes(struct login *l)
{
	unsigned int changes;

	pthread_mutex_lock(&l->lock);
	if (l->crew)
		login_send_keytab_locked(l, l->crew, l->crew->control, false);
	changes = l->changes;
	pthread_mutex_unlock(&l->lock);
	return changes;
}

int login_fd(const struct login *l)
{
	return l->poll;
}

static void login_hello_locked(struct login *l, const struct worker_msg *msg)
{
	bool kerberos = msg->mechs & WORKER_KERBEROS;
	bool ntlm = msg->mechs & WORKER_NTLM;

	if (!l->changes && !(msg->mechs & WORKER_FILTERED))
		log_warning("this kernel has no seccomp: the login worker is not confined by it");
	if (l->changes && msg->mechs == l->mechs && msg->token_len == l->hello_len &&
	    !memcmp(msg->token, l->hello, l->hello_len))
		return;
	free(l->hello);
	l->hello = mem_new(msg->token_len + 1);
	memcpy(l->hello, msg->token, msg->token_len);
	l->hello_len = msg->token_len;
	l->mechs = msg->mechs;
	l->changes++;
	if (kerberos || ntlm)
		log_info("users log in by %s%s%s", kerberos ? "Kerberos" : "",
			 kerberos && ntlm ? " and " : "", ntlm ? "NTLM" : "");
	else
		log_notice("no user can log in: there is neither a keytab for Kerberos nor gss-ntlmssp for NTLM");
}

static void login_ready_locked(struct login *l, u64 until)
{
	struct worker_msg msg;
	int rc;

	if (!l->crew)
		return;
	rc = worker_msg_receive(l->crew->control, &msg, l->packet, NULL, until);
	if (!rc && (msg.type != WORKER_HELLO || !l->crew->hellos))
		rc = -EBADMSG;
	if (!rc) {
		l->crew->hellos--;
		login_hello_locked(l, &msg);
	} else if (rc != -EAGAIN) {
		login_fail_locked(l, l->crew, login_failure(rc));
	}
}

void login_ready(struct login *l)
{
	struct epoll_event event;

	pthread_mutex_lock(&l->lock);
	/* Another worker may have taken its place since. */
	if (epoll_wait(l->poll, &event, 1, 0) == 1)
		login_ready_locked(l, upcall_now_ms() + START_TIME);
	pthread_mutex_unlock(&l->lock);
}

/* The file in which Kerberos remembers what was said to it; it outlives dittod. */
static int login_open_replay(const char *path)
{
	struct why why;
	gid_t gid;
	uid_t uid;
	int fd;

	if (!path)
		return memfd_create("ditto-replay", MFD_CLOEXEC);
	if (!sandbox_user(&uid, &gid, &why)) {
		log_error("%s", why.text);
		return -1;
	}
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && !fchown(fd, uid, gid))
		return fd;
	log_error("%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

struct login *login_open(const char *users, const char *replay)
{
	struct login *l = mem_new(sizeof(*l));
	u32 start;
	int rc;

	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->freed, NULL);
	if (getrandom(&start, sizeof(start), 0) != sizeof(start))
		start = 0;
	l->id = (u64)start << 16;
	l->users = mem_string(users);
	l->keytab = keytab_path();
	l->spawner = -1;
	l->poll = epoll_create1(EPOLL_CLOEXEC);
	l->replay = login_open_replay(replay);
	if (l->poll < 0 || l->replay < 0) {
		login_close(l);
		return NULL;
	}
	rc = worker_spawner_start(l->replay, &l->spawner);
	if (rc) {
		log_error("the login worker's user cannot be taken on: %s", strerror(-rc));
		login_close(l);
		return NULL;
	}
	pthread_mutex_lock(&l->lock);
	login_start_locked(l);
	login_ready_locked(l, upcall_now_ms() + START_TIME);
	pthread_mutex_unlock(&l->lock);
	if (l->changes)
		return l;
	login_close(l);
	return NULL;
}

void login_close(struct login *l)
{
	if (l->crew)
		crew_put_locked(l->crew);
	if (l->spawner >= 0)
		close(l->spawner);
	if (l->poll >= 0)
		close(l->poll);
	if (l->replay >= 0)
		close(l->replay);
	pthread_mutex_destroy(&l->lock);
	pthread_cond_destroy(&l->freed);
	free(l->hello);
	free(l->keytab);
	free(l->users);
	free(l);
}
