// SPDX-License-Identifier: GPL-2.0-only
/*
 * The login worker: processes untrusted tokens of clients, and reports to dittod what they
 * proved. It exits when dittod does.
 *
 * Locking: @lock protects the table, @keytab and @told. A login that a thread processes is not in
 * the table.
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth_gss.h"
#include "fd_path.h"
#include "mem.h"
#include "auth/ntlm/ntlm_winbind.h"
#include "worker/sandbox.h"
#include "spnego_ntlm.h"
#include "worker/worker.h"
#include "worker/worker_msg.h"

/**
 * struct kept - a login between two tokens
 * @id: number chosen by dittod; 0 if the entry is free
 * @negotiation: what is known of the client so far
 */
struct kept {
	u64 id;
	struct spnego *negotiation;
};

/**
 * struct worker - state of the worker
 * @kerberos: the acceptor of Kerberos
 * @has_ntlm: NTLM is available
 * @names: names of this machine
 * @lock: see above
 * @keytab: number of the present keytab
 * @told: the first HELLO was sent
 * @filtered: the system call filter is installed
 * @kept: the table
 */
struct worker {
	struct gss_acceptor *kerberos;
	bool has_ntlm;
	struct ntlm_server names;
	pthread_mutex_t lock;
	u64 keytab;
	bool told;
	bool filtered;
	struct kept kept[WORKER_LOGINS_MAX];
};

/**
 * struct thread - a thread that processes tokens
 * @worker: the worker
 * @fd: socket of the thread's channel
 * @first: the present token is the first one of its login
 * @packet: receive buffer
 */
struct thread {
	struct worker *worker;
	int fd;
	bool first;
	u8 packet[WORKER_PACKET_MAX];
};

/* Remove a login from the table. */
static struct spnego *kept_take(struct worker *w, u64 id)
{
	struct spnego *negotiation = NULL;
	unsigned int i;

	pthread_mutex_lock(&w->lock);
	for (i = 0; i < WORKER_LOGINS_MAX && w->kept[i].id != id; i++)
		;
	if (i < WORKER_LOGINS_MAX) {
		negotiation = w->kept[i].negotiation;
		w->kept[i] = (struct kept){ 0 };
	}
	pthread_mutex_unlock(&w->lock);
	return negotiation;
}

/* Add a login. The oldest one, which has the smallest number, is evicted. */
static void kept_add(struct worker *w, u64 id, struct spnego *negotiation)
{
	struct spnego *old = NULL;
	struct kept *k = &w->kept[0];
	unsigned int i;

	pthread_mutex_lock(&w->lock);
	for (i = 1; i < WORKER_LOGINS_MAX; i++)
		if (w->kept[i].id < k->id)
			k = &w->kept[i];
	if (k->id)
		old = k->negotiation;
	k->id = id;
	k->negotiation = negotiation;
	pthread_mutex_unlock(&w->lock);
	spnego_free(old);
}

/*
 * Request a user's NT hash from dittod. Needs a buffer of its own, because the token lies in the
 * buffer of the thread.
 */
static int thread_find_user(void *arg, const struct ntlm_names *names, u8 hash[NTLM_KEY_SIZE])
{
	struct worker_msg msg = { .type = WORKER_ASK };
	u8 *packet = mem_new(WORKER_PACKET_MAX);
	struct thread *t = arg;
	int rc = -ENOENT;

	/* dittod considers a worker that asks in the first step compromised. */
	if (t->first)
		goto free;
	memcpy(msg.user, names->user, sizeof(msg.user));
	memcpy(msg.domain, names->domain, sizeof(msg.domain));
	worker_check(worker_msg_send(t->fd, &msg, -1));
	worker_check(worker_msg_receive(t->fd, &msg, packet, NULL, 0));
	worker_check(msg.type == WORKER_USER ? 0 : -EBADMSG);
	if (msg.error) {
		rc = -EAGAIN;
	} else if (msg.key_len == NTLM_KEY_SIZE) {
		memcpy(hash, msg.key, NTLM_KEY_SIZE);
		rc = 0;
	}
	explicit_bzero(packet, WORKER_PACKET_MAX);
	explicit_bzero(&msg, sizeof(msg));
free:
	free(packet);
	return rc;
}

/* Take a token of SMB. */
static enum gss_outcome thread_negotiate(struct thread *t, const struct worker_msg *in,
					 struct auth_step *step, struct gss_peer *peer,
					 struct why *why)
{
	struct worker *w = t->worker;
	struct spnego_ntlm ntlm = { .server = &w->names, .users = { thread_find_user, t } };
	struct spnego_offer offers[SPNEGO_MECHS] = { 0 };
	struct spnego *negotiation = NULL;
	enum gss_outcome outcome;

	if (gss_has_keys(w->kerberos)) {
		offers[SPNEGO_KERBEROS] = (struct spnego_offer){ &gss_kerberos_ops, w->kerberos };
		offers[SPNEGO_MS_KERBEROS] = offers[SPNEGO_KERBEROS];
	}
	if (w->has_ntlm)
		offers[SPNEGO_NTLM] = (struct spnego_offer){ &spnego_ntlm_ops, &ntlm };
	if (!in->first) {
		negotiation = kept_take(w, in->id);
		if (!negotiation) {
			why_not(why, "it began with a login worker that has ended");
			return GSS_NO_ANSWER;
		}
	}
	outcome = spnego_take(&negotiation, offers, step, peer, why);
	if (outcome == GSS_MORE)
		kept_add(w, in->id, negotiation);
	else
		spnego_free(negotiation);
	return outcome;
}

/* Take the only token of a context of RPCSEC_GSS. */
static enum gss_outcome thread_accept(struct thread *t, struct auth_step *step,
				      struct gss_peer *peer, struct why *why)
{
	gss_ctx_id_t context = GSS_C_NO_CONTEXT;
	enum gss_outcome outcome;

	outcome = gss_accept(t->worker->kerberos, &context, step, peer, why);
	gss_forget(&context);
	return outcome;
}

static void thread_take(struct thread *t, const struct worker_msg *in)
{
	struct worker_msg out = { .type = WORKER_TOOK, .outcome = GSS_REFUSED };
	struct auth_step step = { .token = in->token, .token_len = in->token_len };
	struct gss_peer peer = { 0 };
	struct why why = { "" };
	u8 *sids;

	t->first = in->first;
	if (in->forget)
		spnego_free(kept_take(t->worker, in->forget));
	out.outcome = in->rpcsec ? thread_accept(t, &step, &peer, &why) :
				   thread_negotiate(t, in, &step, &peer, &why);
	if (out.outcome == GSS_PROVED) {
		out.way = peer.way;
		out.expires = peer.expires;
		memcpy(out.name, peer.name, sizeof(out.name));
		memcpy(out.key, peer.key, peer.key_len);
		out.key_len = peer.key_len;
		out.enctype = step.context.enctype;
		out.subkey = step.context.subkey;
		out.seq = step.context.seq;
	}
	if (out.outcome == GSS_PROVED || out.outcome == GSS_MORE)
		memcpy(out.target, step.context.target, sizeof(out.target));
	snprintf(out.user, sizeof(out.user), "%.255s", step.user);
	memcpy(out.why, why.text, sizeof(out.why));
	out.token = step.reply;
	out.token_len = step.reply_len;
	out.sids_len = sid_list_size(&peer.vouched);
	sids = mem_new(out.sids_len + 1);
	sid_list_put(&peer.vouched, sids);
	out.sids = sids;
	worker_check(worker_msg_send(t->fd, &out, -1));
	free(sids);
	free(step.reply);
	sid_list_clear(&peer.vouched);
	explicit_bzero(&peer, sizeof(peer));
	explicit_bzero(&out, sizeof(out));
}

static void worker_tell(struct worker *w)
{
	struct worker_msg msg = { .type = WORKER_HELLO };
	unsigned int mechs = 0;
	u8 *hello = NULL;

	if (gss_has_keys(w->kerberos)) {
		mechs |= SPNEGO_BIT(SPNEGO_MS_KERBEROS) | SPNEGO_BIT(SPNEGO_KERBEROS);
		msg.mechs |= WORKER_KERBEROS;
	}
	if (w->has_ntlm) {
		mechs |= SPNEGO_BIT(SPNEGO_NTLM);
		msg.mechs |= WORKER_NTLM;
	}
	if (mechs)
		hello = spnego_hello(mechs, &msg.token_len);
	msg.token = hello;
	if (w->filtered)
		msg.mechs |= WORKER_FILTERED;
	worker_check(worker_msg_send(WORKER_FD_CONTROL, &msg, -1));
	free(hello);
}

/* Replace the keytab atomically: the library opens it by the number of its descriptor. */
static void worker_set_keytab(struct worker *w, u64 number, int fd)
{
	bool told;

	worker_check(fd < 0 ? -EBADMSG : 0);
	pthread_mutex_lock(&w->lock);
	/* An older keytab may arrive later over another socket. */
	if (number > w->keytab) {
		worker_check(dup2(fd, WORKER_FD_KEYTAB) < 0 ? -EBADMSG : 0);
		w->keytab = number;
	}
	close(fd);
	told = w->told;
	w->told = true;
	pthread_mutex_unlock(&w->lock);
	if (gss_look(w->kerberos) || !told)
		worker_tell(w);
}

static void thread_run(void *arg, int fd)
{
	struct thread *t = mem_new(sizeof(*t));
	struct worker_msg msg;
	int passed;

	t->worker = arg;
	t->fd = fd;
	for (;;) {
		worker_check(worker_msg_receive(t->fd, &msg, t->packet, &passed, 0));
		if (msg.type == WORKER_KEYTAB)
			worker_set_keytab(t->worker, msg.id, passed);
		else if (msg.type == WORKER_TAKE)
			thread_take(t, &msg);
		else
			worker_check(-EBADMSG);
	}
}

void worker_run_logins(void)
{
	struct worker *w = mem_new(sizeof(*w));
	struct thread *t = mem_new(sizeof(*t));
	struct worker_gate gate = { .run = thread_run, .arg = w };
	struct worker_msg msg;
	char path[FD_PATH_MAX], name[64];
	struct why why;
	int keytab, fd, rc;

	signal(SIGPIPE, SIG_IGN);
	pthread_mutex_init(&w->lock, NULL);
	keytab = memfd_create("ditto-no-keytab", MFD_CLOEXEC);
	if (keytab < 0 || dup2(keytab, WORKER_FD_KEYTAB) < 0)
		_exit(1);
	close(keytab);
	snprintf(name, sizeof(name), "FILE:%s", fd_path(WORKER_FD_KEYTAB, path));
	setenv("KRB5_KTNAME", name, 1);
	snprintf(name, sizeof(name), "file2:%s", fd_path(WORKER_FD_REPLAY, path));
	setenv("KRB5RCACHENAME", name, 1);
	w->kerberos = gss_acceptor_new();
	w->has_ntlm = ntlm_open(&why);
	ntlm_server_fill(&w->names);
	ntlm_winbind_watch();
	rc = sandbox_files(WORKER_FD_REPLAY);
	if (rc && rc != -EOPNOTSUPP)
		_exit(1);
	worker_gate_start(&gate);
	rc = sandbox_calls(SANDBOX_LIBRARIES);
	if (rc && rc != -EOPNOTSUPP)
		_exit(1);
	w->filtered = !rc;
	worker_gate_open(&gate);
	for (;;) {
		worker_check(worker_msg_receive(WORKER_FD_CONTROL, &msg, t->packet, &fd, 0));
		worker_check(msg.type == WORKER_KEYTAB ? 0 : -EBADMSG);
		worker_set_keytab(w, msg.id, fd);
	}
}
