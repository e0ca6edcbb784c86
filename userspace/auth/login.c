// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittod's side of the login worker.
 *
 * Locking: the supervisor's mutex also protects the mutable members of struct login.
 */

#include <errno.h>
#include <fcntl.h>
#include <krb5.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "identity/identity.h"
#include "worker/supervisor.h"
#include "keytab.h"
#include "daemon/log.h"
#include "login.h"
#include "mem.h"
#include "worker/sandbox.h"
#include "daemon/step_limit.h"
#include "worker/worker.h"
#include "worker/worker_msg.h"

/* Milliseconds in which the worker must process a token. */
#define TAKE_TIME	30000
/*
 * Most look-ups of the names that clients claim that may be pending, and milliseconds for one. It
 * is over before the kernel stops waiting: local users whose clients name a domain get in.
 */
#define LOGIN_NAMES_MOST	8
#define LOGIN_NAMES_TIME	2000
/*
 * Most channels with logins of others than local users: the worker asks winbind about them, and
 * waits for minutes if that does not answer.
 */
#define DIRECTORY_MOST	(WORKER_CHANNELS / 2)

/**
 * struct login - client of the login worker
 * @supervisor: supervisor of the worker
 * @users: path of the file of local users
 * @keytab: path of the keytab; NULL if there can be none
 * @replay: descriptor of the replay cache
 * @id: number of the last login
 * @forget: numbers of logins that the worker is to drop, one with each token
 * @forgets: entries of @forget; at most as many as logins that waited at the same time
 * @keytabs: number of the present keytab
 * @mark: the present keytab
 * @sent: numbers of the keytabs that were sent on the channels of the present worker
 * @hello: first token, from the worker's last HELLO
 * @hello_len: length of @hello in bytes
 * @mechs: mechanisms in the worker's last HELLO
 * @changes: how often @hello or @mechs changed
 */
struct login {
	struct supervisor supervisor;
	char *users;
	char *keytab;
	int replay;
	u64 id;
	u64 forget[WORKER_LOGINS_MAX];
	unsigned int forgets;
	u64 keytabs;
	struct keytab_mark mark;
	u64 sent[WORKER_CHANNELS];
	u8 *hello;
	size_t hello_len;
	u64 mechs;
	unsigned int changes;
};

static struct step_limit directories = STEP_LIMIT(DIRECTORY_MOST, STEP_LIMIT_TIME);

/* Number the keytab anew if it has changed. */
static void login_look_locked(struct login *l)
{
	struct keytab_mark mark = keytab_look(l->keytab);

	if (l->keytabs && keytab_same(&mark, &l->mark))
		return;
	l->mark = mark;
	l->keytabs++;
}

/* Send the present keytab on a socket of a worker. */
static int login_send_keytab_locked(struct login *l, struct worker_socks *socks, int fd)
{
	const struct worker_msg msg = { .type = WORKER_KEYTAB, .id = l->keytabs };
	int copy, rc;

	copy = keytab_copy(l->keytab);
	if (copy < 0) {
		log_error("the keytab %s cannot be read: %s", l->keytab, strerror(-copy));
		return copy;
	}
	rc = worker_msg_send(fd, &msg, copy);
	if (!rc)
		socks->hellos++;
	close(copy);
	return rc;
}

/*
 * Borrow a channel of the present worker, and number a new login. Returns -1 if there is no
 * worker. @keytab is filled with the number of the keytab that the worker will use, or a later
 * one: each channel brings the keytab itself, because channels overtake each other. @forget is
 * a login that the worker drops, or 0.
 */
static int login_channel_get(struct login *l, struct worker_socks **socks, u64 *id, u64 *forget,
			     u64 *keytab)
{
	struct worker_socks *c;
	int i = supervisor_get(&l->supervisor, &c);
	int rc;

	if (i < 0)
		return i;
	*socks = c;
	pthread_mutex_lock(&l->supervisor.lock);
	if (!*id)
		*id = ++l->id;
	*forget = l->forgets ? l->forget[--l->forgets] : 0;
	login_look_locked(l);
	*keytab = l->keytabs;
	if (!c->dead && l->sent[i] != l->keytabs) {
		rc = login_send_keytab_locked(l, c, c->channel[i]);
		if (rc)
			log_error("the keytab cannot be handed on: %s", strerror(-rc));
		else
			l->sent[i] = l->keytabs;
	}
	pthread_mutex_unlock(&l->supervisor.lock);
	return i;
}

/* Has the keytab changed since @keytab was filled by login_channel_get()? */
static bool login_keytab_changed(struct login *l, u64 keytab)
{
	bool changed;

	pthread_mutex_lock(&l->supervisor.lock);
	login_look_locked(l);
	changed = l->keytabs != keytab;
	pthread_mutex_unlock(&l->supervisor.lock);
	return changed;
}

/*
 * The user was looked up by the names that the client claims. They must be the names that were
 * proved: "DOMAIN\\user", or the user alone.
 */
static bool peer_is_proved(const char *name, const struct ntlm_names *said, const char *local)
{
	const char *user = strchr(name, '\\');
	size_t len = user ? (size_t)(user - name) : 0;

	return !strcasecmp(user ? user + 1 : name, local) && !strcasecmp(said->user, local) &&
	       len == strlen(said->domain) && !strncasecmp(name, said->domain, len);
}

/* The name of a principal has a realm. Without a keytab no client can have proved one. */
static bool peer_has_realm(struct login *l, const char *name)
{
	bool there;

	pthread_mutex_lock(&l->supervisor.lock);
	there = l->mark.there;
	pthread_mutex_unlock(&l->supervisor.lock);
	return there && strchr(name, '@');
}

/* Keys that the kernel can import (RFC 3962, RFC 8009), and their lengths in bytes. */
static const struct {
	u32 enctype;
	size_t len;
} kernel_keys[] = {
	{ ENCTYPE_AES128_CTS_HMAC_SHA1_96, 16 },
	{ ENCTYPE_AES256_CTS_HMAC_SHA1_96, 32 },
	{ ENCTYPE_AES128_CTS_HMAC_SHA256_128, 16 },
	{ ENCTYPE_AES256_CTS_HMAC_SHA384_192, 32 },
};

/* Fill in the context that the worker says it has established, if it is one for the kernel. */
static enum gss_outcome context_from_worker(struct auth_step *step, const struct gss_peer *peer,
					    const struct worker_msg *msg, struct why *why)
{
	char name[64] = "";
	unsigned int i;

	step->context.enctype = (u32)msg->enctype;
	step->context.subkey = msg->subkey;
	step->context.seq = msg->seq;
	if (peer->way != GSS_WAY_KERBEROS) {
		why_not(why, "the login worker sent a context that is not one of Kerberos");
		return GSS_REFUSED;
	}
	/* The kernel takes the number for signed. */
	if (msg->seq > INT32_MAX) {
		why_not(why, "%s has a sequence number that the kernel does not take", peer->name);
		return GSS_REFUSED;
	}
	for (i = 0; i < ARRAY_SIZE(kernel_keys); i++)
		if (kernel_keys[i].enctype == msg->enctype && kernel_keys[i].len == msg->key_len)
			return GSS_PROVED;
	if (krb5_enctype_to_name((krb5_enctype)msg->enctype, false, name, sizeof(name)))
		snprintf(name, sizeof(name), "%u", step->context.enctype);
	why_not(why,
		"the ticket of %s has a key of encryption type %s, which the kernel does not have for NFS: give the server keys of aes256-cts-hmac-sha1-96 (ktadd -e, or msDS-SupportedEncryptionTypes), and take the old types out of permitted_enctypes in krb5.conf",
		peer->name, name);
	return GSS_REFUSED;
}

/* Fill @peer with what the worker says was proved, if that is possible. */
static enum gss_outcome peer_from_worker(struct login *l, struct gss_peer *peer,
					 const struct worker_msg *msg,
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
		why_not(why, "the login worker sent no name or no session key");
		return GSS_REFUSED;
	}
	if (peer->way == GSS_WAY_KERBEROS && !peer_has_realm(l, peer->name)) {
		why_not(why,
			"the login worker claims that %s was proved by Kerberos, which is impossible",
			peer->name);
		return GSS_REFUSED;
	}
	if (msg->sids_len && (local[0] ||
			      !sid_list_get(&peer->vouched, msg->sids, msg->sids_len))) {
		why_not(why, "the login worker sent SIDs of %s that are malformed", peer->name);
		return GSS_REFUSED;
	}
	if (peer->way == GSS_WAY_NTLM)
		memcpy(peer->local, local, sizeof(peer->local));
	if (peer->way == GSS_WAY_NTLM && local[0] && !peer_is_proved(peer->name, said, local)) {
		why_not(why, "%s was proved, and not user '%s' of '%s'", peer->name, said->user,
			said->domain);
		return GSS_REFUSED;
	}
	return GSS_PROVED;
}

/*
 * Does a directory have this user of this domain? A client may name its own machine or a workgroup
 * for a local user, so only a user who is found there is not the local one of the same name.
 */
static bool login_is_of_directory(const struct ntlm_names *said)
{
	const struct identity_who who = { .user = IDENTITY_FOR_LOGINS, .most = LOGIN_NAMES_MOST,
					  .until = clock_ms() + LOGIN_NAMES_TIME };
	struct identity_query q = { .by = IDENTITY_BY_NAME, .kinds = IDENTITY_USER,
				    .directories = true };

	if (strlen(said->domain) >= sizeof(q.who.name.domain) ||
	    strlen(said->user) >= sizeof(q.who.name.name))
		return false;
	memcpy(q.who.name.domain, said->domain, strlen(said->domain) + 1);
	memcpy(q.who.name.name, said->user, strlen(said->user) + 1);
	return !identity_find(&who, &q) && q.who.directory;
}

/* Find a local user, who is not one of a directory with the same name. */
static bool login_find_user(struct login *l, const struct ntlm_names *said,
			    struct ntlm_user *user)
{
	if (!ntlm_user_find(l->users, said, user))
		return false;
	if (!user->any_domain || !login_is_of_directory(said))
		return true;
	explicit_bzero(user, sizeof(*user));
	return false;
}

/*
 * Answer the worker, which wants the hash of a local user. @directory tells whether a directory may
 * be asked about the user instead, and the caller leaves @directories afterwards.
 */
static int login_answer(struct login *l, int fd, const struct ntlm_names *said,
			char local[NSS_NAME_SIZE], bool *directory)
{
	struct worker_msg answer = { .type = WORKER_USER };
	struct ntlm_user user;
	int rc;

	*directory = false;
	if (login_find_user(l, said, &user)) {
		memcpy(local, user.name, sizeof(user.name));
		memcpy(answer.key, user.hash, sizeof(user.hash));
		answer.key_len = sizeof(user.hash);
	} else {
		*directory = step_limit_enter(&directories);
		answer.error = *directory ? 0 : EAGAIN;
	}
	rc = worker_msg_send(fd, &answer, -1);
	explicit_bzero(&user, sizeof(user));
	explicit_bzero(&answer, sizeof(answer));
	return rc;
}

/*
 * Process one token on one channel. Returns 0 and the answer, or a negative errno that makes the
 * worker unusable.
 */
static int login_exchange(struct login *l, int fd, struct worker_msg *msg, u8 *packet,
			  struct ntlm_names *said, char local[NSS_NAME_SIZE])
{
	u64 until = clock_ms() + TAKE_TIME;
	bool first = msg->first, directory;
	int rc;

	rc = worker_msg_send(fd, msg, -1);
	if (rc)
		return rc;
	rc = worker_msg_receive(fd, msg, packet, NULL, until);
	if (rc)
		return rc;
	/*
	 * The worker asks for the hash of a local user. The names are in the second message of
	 * the client or later (MS-NLMP section 1.3.1.1).
	 */
	if (msg->type == WORKER_ASK && !first) {
		memcpy(said->user, msg->user, sizeof(said->user));
		memcpy(said->domain, msg->domain, sizeof(said->domain));
		rc = login_answer(l, fd, said, local, &directory);
		/* The worker is not late because dittod has waited. */
		until = clock_ms() + TAKE_TIME;
		if (!rc)
			rc = worker_msg_receive(fd, msg, packet, NULL, until);
		if (directory)
			step_limit_leave(&directories);
		if (rc)
			return rc;
	}
	return msg->type == WORKER_TOOK ? 0 : -EBADMSG;
}

/* Pass a token; @keytab is filled as by login_channel_get(). */
static enum gss_outcome login_pass(struct login *l, u64 *id, struct auth_step *step,
				   struct gss_peer *peer, u64 *keytab, struct why *why)
{
	struct worker_msg msg = { .type = WORKER_TAKE, .first = !*id, .rpcsec = step->rpcsec,
				  .token = step->token, .token_len = step->token_len };
	enum gss_outcome outcome = GSS_NO_ANSWER;
	struct ntlm_names said = { 0 };
	char local[NSS_NAME_SIZE] = "";
	struct worker_socks *socks;
	u8 *packet;
	int i, rc;

	i = login_channel_get(l, &socks, id, &msg.forget, keytab);
	if (i < 0) {
		*id = 0;
		why_not(why, "the login worker is not running");
		return GSS_NO_ANSWER;
	}
	msg.id = *id;
	packet = mem_new(WORKER_PACKET_MAX);
	rc = login_exchange(l, socks->channel[i], &msg, packet, &said, local);
	supervisor_put(&l->supervisor, socks, i, rc);
	if (rc) {
		why_not(why, "the login worker %s", supervisor_failure(rc));
	} else {
		outcome = (enum gss_outcome)msg.outcome;
		if (msg.token_len) {
			step->reply = mem_new(msg.token_len);
			memcpy(step->reply, msg.token, msg.token_len);
			step->reply_len = msg.token_len;
		}
		snprintf(why->text, sizeof(why->text), "%s", msg.why);
		/* Whom dittod was asked about is claimed, whatever the worker says of it. */
		snprintf(step->user, sizeof(step->user), "%s", said.user[0] ? said.user : msg.user);
		memcpy(step->context.target, msg.target, sizeof(step->context.target));
		if (outcome == GSS_PROVED)
			outcome = peer_from_worker(l, peer, &msg, &said, local, why);
		if (outcome == GSS_PROVED && step->rpcsec)
			outcome = context_from_worker(step, peer, &msg, why);
	}
	if (outcome != GSS_MORE)
		*id = 0;
	explicit_bzero(packet, WORKER_PACKET_MAX);
	explicit_bzero(&msg, sizeof(msg));
	free(packet);
	return outcome;
}

enum gss_outcome login_take(struct login *l, u64 *id, struct auth_step *step,
			    struct gss_peer *peer, struct why *why)
{
	bool first = !*id;
	enum gss_outcome outcome;
	u64 keytab = 0;

	outcome = login_pass(l, id, step, peer, &keytab, why);
	/* Keys are replaced while tokens under way need them. The KDC uses new ones immediately. */
	if (!first || outcome != GSS_REFUSED || !login_keytab_changed(l, keytab))
		return outcome;
	free(step->reply);
	step->reply = NULL;
	step->reply_len = 0;
	sid_list_clear(&peer->vouched);
	return login_pass(l, id, step, peer, &keytab, why);
}

/*
 * Each login is begun with a token, and tokens are processed before the worker needs room for
 * another login. A message of its own would be lost when the worker does not read, and then many
 * of them would make it evict logins that still wait.
 */
void login_forget(struct login *l, u64 *id)
{
	if (!*id)
		return;
	pthread_mutex_lock(&l->supervisor.lock);
	if (l->forgets < WORKER_LOGINS_MAX)
		l->forget[l->forgets++] = *id;
	pthread_mutex_unlock(&l->supervisor.lock);
	*id = 0;
}

u8 *login_hello(struct login *l, size_t *len)
{
	u8 *hello = NULL;

	pthread_mutex_lock(&l->supervisor.lock);
	*len = l->hello_len;
	if (*len) {
		hello = mem_new(*len);
		memcpy(hello, l->hello, *len);
	}
	pthread_mutex_unlock(&l->supervisor.lock);
	return hello;
}

unsigned int login_changes(struct login *l)
{
	unsigned int changes;
	struct worker_socks *socks;
	u64 before;

	pthread_mutex_lock(&l->supervisor.lock);
	socks = l->supervisor.socks;
	before = l->keytabs;
	login_look_locked(l);
	if (socks && before != l->keytabs)
		login_send_keytab_locked(l, socks, socks->control);
	changes = l->changes;
	pthread_mutex_unlock(&l->supervisor.lock);
	return changes;
}

bool login_has_keytab(const struct login *l)
{
	return keytab_look(l->keytab).there;
}

int login_fd(const struct login *l)
{
	return supervisor_fd(&l->supervisor);
}

void login_ready(struct login *l)
{
	supervisor_ready(&l->supervisor);
}

static int login_begin(void *arg, struct worker_socks *socks)
{
	struct login *l = arg;

	memset(l->sent, 0, sizeof(l->sent));
	login_look_locked(l);
	return login_send_keytab_locked(l, socks, socks->control);
}

static void login_told(void *arg, const struct worker_msg *msg)
{
	bool kerberos = msg->mechs & WORKER_KERBEROS;
	bool ntlm = msg->mechs & WORKER_NTLM;
	struct login *l = arg;

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
		log_notice("no user can log in: there is no keytab for Kerberos, and NTLM is not available");
	if (!ntlm)
		log_warning("NTLM is not available: libgcrypt does not allow MD4, MD5 and RC4 on this machine, as in FIPS mode");
}

static const struct supervisor_ops login_ops = {
	.kind = WORKER_LOGINS,
	.name = "login worker",
	.work = "logins",
	.begin = login_begin,
	.hello = login_told,
	/* There would be none left for logins that need no directory. */
	.most_late = DIRECTORY_MOST,
};

/*
 * Open the replay cache of Kerberos, which outlives dittod. The file belongs to the user of the
 * worker. dittod may not write to files of others, so it owns the file while it opens it.
 */
static int login_open_replay(const char *path)
{
	int fd = -1, old;
	struct why why;
	gid_t gid;
	uid_t uid;

	if (!path)
		return memfd_create("ditto-replay", MFD_CLOEXEC);
	if (!sandbox_user(&uid, &gid, &why)) {
		log_error("%s", why.text);
		return -1;
	}
	old = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (old < 0 || !fchownat(old, "", geteuid(), getegid(), AT_EMPTY_PATH))
		fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (old >= 0)
		close(old);
	if (fd >= 0 && !fchown(fd, uid, gid))
		return fd;
	log_error("%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static void login_free(struct login *l)
{
	if (l->replay >= 0)
		close(l->replay);
	free(l->hello);
	free(l->keytab);
	free(l->users);
	free(l);
}

struct login *login_open(const char *users, const char *replay, int spawner)
{
	struct login *l = mem_new(sizeof(*l));
	u32 start;
	int rc;

	if (getrandom(&start, sizeof(start), 0) != sizeof(start))
		start = 0;
	l->id = (u64)start << 16;
	l->users = mem_string(users);
	l->keytab = keytab_path();
	l->replay = login_open_replay(replay);
	rc = l->replay < 0 ? -EBADF :
		supervisor_open(&l->supervisor, &login_ops, l, spawner, l->replay);
	if (!rc) {
		if (supervisor_wait(&l->supervisor))
			return l;
		supervisor_close(&l->supervisor);
	}
	login_free(l);
	return NULL;
}

void login_close(struct login *l)
{
	supervisor_close(&l->supervisor);
	login_free(l);
}
