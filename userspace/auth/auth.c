// SPDX-License-Identifier: GPL-2.0-only
/*
 * Authentication of clients.
 *
 * An authentication that needs several tokens waits in a table between them. Its number consists
 * of a serial number and the index of its entry. The serial number starts at a random value in
 * each life of the daemon, so numbers of a previous life are not valid.
 *
 * Locking: the mutex protects the table. The thread that processes a token owns the entry while
 * @busy is set. An abort during that time only sets @aborted, and the thread then ends the
 * authentication.
 */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include "auth.h"
#include "auth_account.h"
#include "ditto-nl-gen.h"
#include "rpc/client_counts.h"
#include "daemon/log.h"
#include "login.h"
#include "mem.h"
#include "service_names.h"

/*
 * Most authentications that wait for a token, in total and of one client address. An additional
 * one evicts the oldest of its address, or of the address with the most.
 */
#define WAITING_MAX	1024
#define WAITING_PER_PEER	256
/* Seconds until a waiting authentication expires. */
#define WAITING_TIME	60
/* Refusals that are logged in one period, and the length of the period in seconds. */
#define LOG_BURST	20
#define LOG_TIME	10

/**
 * struct waiting - an authentication between two tokens
 * @id: number of the authentication; 0 if the entry is free
 * @since: when it began to wait
 * @busy: a token is being processed
 * @aborted: ends when @busy is cleared
 * @context: number of the login in the login worker
 * @client_count: address of the client
 */
struct waiting {
	u64 id;
	time_t since;
	bool busy;
	bool aborted;
	u64 context;
	struct client_count *client_count;
};

/**
 * struct auth - the authenticator
 * @login: client of the login worker
 * @lock: see above
 * @serial: serial number of the next authentication
 * @waiting: the table
 * @client_counts: number of entries per client address
 * @log_start: start of the present period of refusals
 * @log_count: number of refusals in that period
 */
struct auth {
	struct login *login;
	pthread_mutex_t lock;
	u64 serial;
	struct waiting waiting[WAITING_MAX];
	struct client_counts client_counts;
	time_t log_start;
	unsigned int log_count;
};

static time_t auth_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

struct auth *auth_new(const char *users, const char *replay, int spawner)
{
	struct auth *a = mem_new(sizeof(*a));
	u32 start;

	a->login = login_open(users, replay, spawner);
	if (!a->login) {
		free(a);
		return NULL;
	}
	pthread_mutex_init(&a->lock, NULL);
	if (getrandom(&start, sizeof(start), 0) != sizeof(start))
		start = (u32)time(NULL);
	a->serial = (u64)start << 10 | 1;
	return a;
}

void auth_free(struct auth *a)
{
	unsigned int i;

	for (i = 0; i < WAITING_MAX; i++) {
		login_forget(a->login, &a->waiting[i].context);
		client_counts_drop(&a->client_counts, a->waiting[i].client_count);
	}
	login_close(a->login);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

u8 *auth_hello(struct auth *a, size_t *len)
{
	return login_hello(a->login, len);
}

unsigned int auth_changes(struct auth *a)
{
	return login_changes(a->login);
}

bool auth_has_keytab(const struct auth *a)
{
	return login_has_keytab(a->login);
}

int auth_fd(const struct auth *a)
{
	return login_fd(a->login);
}

void auth_ready(struct auth *a)
{
	login_ready(a->login);
}

static struct waiting *find_locked(struct auth *a, u64 id)
{
	struct waiting *w = &a->waiting[id % WAITING_MAX];

	return id && w->id == id ? w : NULL;
}

/* Free an entry. Returns its context, which the caller drops after it has released the lock. */
static u64 clear_locked(struct auth *a, struct waiting *w)
{
	u64 context = w->context;

	client_counts_drop(&a->client_counts, w->client_count);
	memset(w, 0, sizeof(*w));
	return context;
}

/* Return the oldest entry that is not busy, of one client_count or with NULL of all. */
static struct waiting *oldest_locked(struct auth *a, const struct client_count *client_count)
{
	struct waiting *oldest = NULL;
	unsigned int i;

	for (i = 0; i < WAITING_MAX; i++) {
		struct waiting *w = &a->waiting[i];

		if (w->id && !w->busy && (!client_count || w->client_count == client_count) &&
		    (!oldest || w->since < oldest->since ||
		     (w->since == oldest->since && w->id < oldest->id)))
			oldest = w;
	}
	return oldest;
}

/*
 * Return an entry for a client with this address; NULL if all entries that could be evicted are
 * busy.
 */
static struct waiting *room_locked(struct auth *a, const char *key)
{
	struct client_count *client_count = client_counts_find(&a->client_counts, key);
	struct waiting *w;
	unsigned int i;

	if (client_count && client_count->count >= WAITING_PER_PEER)
		return oldest_locked(a, client_count);
	for (i = 0; i < WAITING_MAX; i++)
		if (!a->waiting[i].id)
			return &a->waiting[i];
	w = oldest_locked(a, client_counts_most(&a->client_counts));
	return w ?: oldest_locked(a, NULL);
}

/* Store an authentication until its next token. Returns 0 and fills @id, or -EAGAIN. */
static int auth_keep(struct auth *a, u64 *context, const char *peer, u64 *id)
{
	u64 old = 0;
	char key[CLIENT_COUNT_KEY_SIZE];
	struct waiting *w;

	client_counts_key(peer, key);
	pthread_mutex_lock(&a->lock);
	w = room_locked(a, key);
	if (w) {
		old = clear_locked(a, w);
		w->client_count = client_counts_add(&a->client_counts, key);
		w->id = a->serial++ * WAITING_MAX + (u64)(w - a->waiting);
		w->since = auth_now();
		w->context = *context;
		*context = 0;
		*id = w->id;
	}
	pthread_mutex_unlock(&a->lock);
	login_forget(a->login, &old);
	return w ? 0 : -EAGAIN;
}

/* Take the context of an authentication to process a token; the entry stays busy. */
static int auth_claim(struct auth *a, u64 id, u64 *context)
{
	u64 old = 0;
	struct waiting *w;
	int rc = -ENOENT;

	pthread_mutex_lock(&a->lock);
	w = find_locked(a, id);
	if (w && !w->busy && auth_now() - w->since >= WAITING_TIME) {
		old = clear_locked(a, w);
	} else if (w && !w->busy) {
		w->busy = true;
		*context = w->context;
		w->context = 0;
		rc = 0;
	}
	pthread_mutex_unlock(&a->lock);
	login_forget(a->login, &old);
	return rc;
}

/*
 * Store the context for the next token, or end the authentication. A context that is left in
 * @context belongs to the caller.
 */
static int auth_unclaim(struct auth *a, u64 id, u64 *context, bool more)
{
	struct waiting *w = &a->waiting[id % WAITING_MAX];
	int rc = 0;

	pthread_mutex_lock(&a->lock);
	if (more && !w->aborted) {
		w->busy = false;
		w->since = auth_now();
		w->context = *context;
		*context = 0;
	} else {
		rc = more ? -ENOENT : 0;
		clear_locked(a, w);
	}
	pthread_mutex_unlock(&a->lock);
	return rc;
}

void auth_abort(struct auth *a, u64 id)
{
	u64 old = 0;
	struct waiting *w;

	pthread_mutex_lock(&a->lock);
	w = find_locked(a, id);
	if (w && w->busy)
		w->aborted = true;
	else if (w)
		old = clear_locked(a, w);
	pthread_mutex_unlock(&a->lock);
	login_forget(a->login, &old);
}

/* Limits the rate, so that password guessing does not fill the log. */
static void log_refusal(struct auth *a, const char *from, const char *result,
			const struct why *why)
{
	unsigned int count;

	pthread_mutex_lock(&a->lock);
	if (auth_now() - a->log_start >= LOG_TIME) {
		a->log_start = auth_now();
		a->log_count = 0;
	}
	count = ++a->log_count;
	pthread_mutex_unlock(&a->lock);
	if (count > LOG_BURST)
		return;
	log_warning("login %s %s: %s%s", from, result, why->text,
		    count == LOG_BURST ? " (further ones are not logged for a while)" : "");
}

/* The reply would report success. */
static void auth_drop_reply(struct auth_step *step)
{
	free(step->reply);
	step->reply = NULL;
	step->reply_len = 0;
}

/* The kinds of logins, by how the identity was proved. */
static const u32 login_kinds[] = {
	[GSS_WAY_KERBEROS] = DITTO_LOGIN_KIND_KERBEROS,
	[GSS_WAY_NTLM] = DITTO_LOGIN_KIND_NTLM,
	[GSS_WAY_ANONYMOUS] = DITTO_LOGIN_KIND_GUEST,
};

/* Without an account the user keeps the name that was claimed: the kernel counts failures by it. */
static int auth_finish(struct auth_step *step, const struct gss_peer *peer, struct why *why)
{
	char claimed[AUTH_USER_SIZE];
	int rc;

	snprintf(claimed, sizeof(claimed), "%s", step->user[0] ? step->user : peer->name);
	rc = account_of(peer, step, why);
	if (rc) {
		auth_drop_reply(step);
		snprintf(step->user, sizeof(step->user), "%s", claimed);
		return rc == -ENOENT ? -EACCES : rc;
	}
	step->done = true;
	step->login = login_kinds[peer->way];
	step->expires = peer->expires;
	step->key_len = peer->key_len;
	memcpy(step->key, peer->key, peer->key_len);
	return 0;
}

/* Check that a client wants this server. Guests prove nothing that could be passed on. */
static bool auth_check_target(const struct auth_step *step, enum gss_outcome outcome,
			      const struct gss_peer *peer, struct why *why)
{
	struct why reason;

	if (outcome == GSS_PROVED && peer->way == GSS_WAY_ANONYMOUS)
		return true;
	if (step->context.target[0])
		return service_name_check(step->context.target, &reason) ||
		       why_not(why, "%s%s%s", peer->name,
			       peer->name[0] ? " was proved, but " : "", reason.text);
	if (outcome == GSS_PROVED && peer->way == GSS_WAY_KERBEROS)
		return why_not(why, "the library does not tell which service the ticket is for");
	return true;
}

/* Errors of the outcomes that end an authentication. */
static const int outcome_errors[] = {
	[GSS_MORE] = -EACCES,
	[GSS_PROVED] = 0,
	[GSS_REFUSED] = -EACCES,
	[GSS_MALFORMED] = -EINVAL,
	[GSS_NO_ANSWER] = -EAGAIN,
};

int auth_step(struct auth *a, struct auth_step *step)
{
	u64 context = 0;
	struct gss_peer peer = { 0 };
	enum gss_outcome outcome;
	char from[128] = "from a client";
	u64 id = step->id;
	struct why why;
	int rc;

	rc = id ? auth_claim(a, id, &context) : 0;
	if (rc)
		return rc;
	outcome = login_take(a->login, &context, step, &peer, &why);
	if ((outcome == GSS_PROVED || outcome == GSS_MORE) &&
	    !auth_check_target(step, outcome, &peer, &why)) {
		auth_drop_reply(step);
		outcome = GSS_REFUSED;
		if (!step->user[0])
			snprintf(step->user, sizeof(step->user), "%s", peer.name);
	}
	if (outcome == GSS_PROVED)
		rc = auth_finish(step, &peer, &why);
	else if (outcome != GSS_MORE)
		rc = outcome_errors[outcome];
	if (step->peer)
		snprintf(from, sizeof(from), "from %s", step->peer);
	if (rc)
		log_refusal(a, from, "refused", &why);
	if (id)
		rc = auth_unclaim(a, id, &context, outcome == GSS_MORE) ?: rc;
	else if (outcome == GSS_MORE)
		rc = auth_keep(a, &context, step->peer, &step->id);
	login_forget(a->login, &context);
	sid_list_clear(&peer.vouched);
	explicit_bzero(&peer, sizeof(peer));
	return rc;
}

/* Machines are no users, and are not expected to have accounts. */
static bool is_machine(const char *name)
{
	const char *realm = strrchr(name, '@');

	return strchr(name, '/') || (realm && realm > name && realm[-1] == '$');
}

int auth_accept(struct auth *a, struct auth_step *step)
{
	u64 context = 0;
	struct gss_peer peer = { 0 };
	enum gss_outcome outcome;
	struct why why;
	int rc;

	step->rpcsec = true;
	outcome = login_take(a->login, &context, step, &peer, &why);
	login_forget(a->login, &context);
	if (outcome == GSS_MORE)
		why_not(&why, "the client's token is not the last one");
	rc = outcome_errors[outcome];
	if (!rc)
		rc = account_of(&peer, step, &why);
	if (rc == -ENOENT) {
		if (!is_machine(peer.name))
			log_refusal(a, "over NFS", "is anonymous", &why);
		step->anonymous = true;
		rc = 0;
	}
	if (rc) {
		log_refusal(a, "over NFS", "refused", &why);
		auth_drop_reply(step);
	} else {
		step->done = true;
		step->expires = peer.expires;
		step->key_len = peer.key_len;
		memcpy(step->key, peer.key, peer.key_len);
		snprintf(step->user, sizeof(step->user), "%s", peer.name);
	}
	sid_list_clear(&peer.vouched);
	explicit_bzero(&peer, sizeof(peer));
	return rc;
}
