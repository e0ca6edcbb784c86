// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conversion of a filehandle to a file, and admission of the caller to its share: rules of the
 * share, TLS, flavour, port, credential and permissions. See target.h.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/sunrpc/msg_prot.h>

#include "../../../net/helper/names.h"
#include "../../../net/peer.h"
#include "../../../net/slow_call.h"
#include "../../share/handle.h"
#include "../../node/node.h"
#include "../../op/attr.h"
#include "../../share/rules.h"
#include "../../share/share.h"
#include "../../share/slow_file.h"
#include "../nlm/sharer.h"
#include "../server.h"
#include "../share_options.h"
#include "call.h"
#include "target.h"
#include "worker.h"

/*
 * Copy the current options. They are replaced as a whole under RCU, and the functions that use
 * them may sleep. Pointers to other objects are not copied: ditto_rules_match() and
 * ditto_share_access_of() look these up themselves. NFS's own are all 0 if it must not serve the
 * share. @opts->sec is what ditto_share_sec() says.
 */
static void dnfs_share_opts(struct ditto_share *share, struct ditto_share_opts *opts,
			    struct dnfs_share_options *own)
{
	const struct dnfs_share_options *block;

	rcu_read_lock();
	*opts = *rcu_dereference(share->opts);
	block = dnfs_share_options(opts);
	*own = block ? *block : (struct dnfs_share_options){};
	opts->sec = ditto_share_sec(opts);
	rcu_read_unlock();
	ditto_share_opts_disown(opts);
}

/*
 * Get the flavours that a share accepts. Context: any. Return: DITTO_SEC_* bits; 0 if NFS serves
 * the share to nobody.
 */
u32 dnfs_share_sec(struct ditto_share *share)
{
	const struct ditto_share_opts *opts;
	u32 sec;

	rcu_read_lock();
	opts = rcu_dereference(share->opts);
	sec = dnfs_share_options(opts) ? ditto_share_sec(opts) : 0;
	rcu_read_unlock();
	return sec;
}

/*
 * Check that NFS serves a share, and that its rules admit the caller's machine. @share: the share,
 * held by the caller. Context: as ditto_rules_match(). Return: as ditto_rules_admit().
 */
int dnfs_rules_admit(struct dnfs_call *call, struct ditto_share *share, enum ditto_rules_ask ask,
		     struct ditto_verdict *verdict)
{
	if (!dnfs_share_sec(share))
		return -EACCES;
	return ditto_rules_admit(share, call->peer, ask, NULL, verdict);
}

/* Clients use the first flavour that they support, so the strongest comes first. */
static const struct {
	u32 sec;
	u32 flavor;
} dnfs_flavor_table[DNFS_FLAVORS] = {
	{ DITTO_SEC_KRB5P,	RPC_AUTH_GSS_KRB5P },
	{ DITTO_SEC_KRB5I,	RPC_AUTH_GSS_KRB5I },
	{ DITTO_SEC_KRB5,	RPC_AUTH_GSS_KRB5 },
	{ DITTO_SEC_SYS,	RPC_AUTH_UNIX },
	{ DITTO_SEC_NONE,	RPC_AUTH_NULL },
};

/* Convert flavours to RPC numbers. Return: the number of entries in @flavor. */
unsigned int dnfs_flavors(u32 sec, u32 first, u32 flavor[DNFS_FLAVORS])
{
	unsigned int count = 0;

	for (int i = 0; i < DNFS_FLAVORS; i++)
		if (sec & first & dnfs_flavor_table[i].sec)
			flavor[count++] = dnfs_flavor_table[i].flavor;
	for (int i = 0; i < DNFS_FLAVORS; i++)
		if (sec & ~first & dnfs_flavor_table[i].sec)
			flavor[count++] = dnfs_flavor_table[i].flavor;
	return count;
}

/* Get the flavours that a share accepts, and their order. Context: any. */
void dnfs_share_order(struct ditto_share *share, u32 *sec, u32 *first)
{
	const struct dnfs_share_options *own;
	const struct ditto_share_opts *opts;

	rcu_read_lock();
	opts = rcu_dereference(share->opts);
	own = dnfs_share_options(opts);
	*sec = own ? ditto_share_sec(opts) : 0;
	/* 0 is "strongest", and then the flavours follow in the order of their bits. */
	*first = own && own->sec_first ? BIT(own->sec_first - 1) : 0;
	rcu_read_unlock();
}

/*
 * The same as dnfs_flavors() for the flavours that a share accepts, in the order of its option
 * "sec-first".
 */
unsigned int dnfs_share_flavors(struct ditto_share *share, u32 flavor[DNFS_FLAVORS])
{
	u32 sec, first;

	dnfs_share_order(share, &sec, &first);
	return dnfs_flavors(sec, first, flavor);
}

/* MOUNT has no status for a retry, so it is the only program that waits for the helper. */
static enum ditto_rules_ask dnfs_ask_how(const struct dnfs_call *call)
{
	return call->program->index == DNFS_PROGRAM_MOUNT ? DITTO_RULES_ASK_WAIT :
							    DITTO_RULES_ASK;
}

/* Get the credential and its permissions on the share; an administrator gets a privileged one. */
static int dnfs_grant(struct dnfs_call *call, struct ditto_share *share,
		      const struct ditto_share_opts *opts, const struct ditto_verdict *verdict,
		      struct ditto_ident *ident, struct ditto_op *op)
{
	int grant;

	/* The call waits for groups as for SIDs, so that a helper that hangs keeps few threads. */
	if (dnfs_ask_how(call) != DITTO_RULES_ASK_WAIT)
		ident->later = &call->grouping;
	op->cred = ditto_cred_get(call->srv, opts, verdict, ident);
	if (IS_ERR(op->cred))
		return PTR_ERR(op->cred);
	grant = ditto_share_access_of(share, ident, op->cred);
	if (grant == -EJUKEBOX && dnfs_ask_how(call) == DITTO_RULES_ASK_WAIT) {
		ditto_names_token_prefetch(call->srv, ident->uid, ident->from, NULL);
		grant = ditto_share_access_of(share, ident, op->cred);
		/* A mount is only a handle, and each use of that is checked. */
		if (grant == -EJUKEBOX)
			grant = DITTO_SHARE_ACCESS_READ;
	}
	if (grant == -EJUKEBOX && !call->grouping.needed && !call->unresolved) {
		/*
		 * The call waits for the SIDs of the user that it names, whatever that was squashed
		 * to. The reference passes on.
		 */
		call->unresolved = op->cred;
		call->unresolved_ident = true;
		return grant;
	}
	if (grant <= DITTO_SHARE_ACCESS_NONE) {
		ditto_cred_put(op->cred);
		return grant < 0 ? grant : -EACCES;
	}
	op->writable = grant >= DITTO_SHARE_ACCESS_WRITE && !opts->read_only &&
		       verdict->level == DITTO_ACCESS_WRITE;
	if (likely(!ditto_share_access_is_admin(grant, ident, verdict)) || op->cred->admin)
		return 0;

	ditto_cred_put(op->cred);
	ident->admin = true;
	op->cred = ditto_cred_get(call->srv, opts, verdict, ident);
	return PTR_ERR_OR_ZERO(op->cred);
}

/*
 * Return: true if the share accepts the flavour of the call. Any process can send AUTH_SYS, so the
 * share may require that it comes from a reserved port, which only root can use.
 */
static bool dnfs_accepts(const struct dnfs_call *call, const struct ditto_share_opts *opts, u32 sec)
{
	if (call->sec == DITTO_SEC_SYS && opts->secure_ports && !call->reserved_port &&
	    !call->program->any_port)
		return false;
	return sec & call->sec;
}

/*
 * Check whether a share accepts the connection of a call. MOUNT and NLM are served on any
 * connection, because clients have no TLS for them. Context: any. Return: true if it accepts the
 * connection.
 */
bool dnfs_accepts_conn(const struct dnfs_call *call, u32 xprtsec)
{
	return xprtsec & call->security || call->program->any_conn;
}

/*
 * Check whether a share accepts the flavour of a call. Context: any. Return: true if it accepts the
 * flavour, and AUTH_SYS comes from a reserved port if the share requires that.
 */
bool dnfs_share_accepts(const struct dnfs_call *call, struct ditto_share *share)
{
	const struct ditto_share_opts *opts;
	bool accepts;

	rcu_read_lock();
	opts = rcu_dereference(share->opts);
	accepts = dnfs_accepts(call, opts, ditto_share_sec(opts));
	rcu_read_unlock();
	return accepts;
}

/*
 * Check whether a call comes from the client's kernel. Context: any. Return: true if the call is
 * authenticated, comes from a reserved port, or the share does not require reserved ports.
 */
bool dnfs_share_trusts(const struct dnfs_call *call, struct ditto_share *share)
{
	bool trusts = call->reserved_port || (call->sec & DNFS_SEC_PROVEN);

	rcu_read_lock();
	trusts = trusts || !rcu_dereference(share->opts)->secure_ports;
	rcu_read_unlock();
	return trusts;
}

/* End the validity of a remembered admission. Context: any. */
void dnfs_admitted_forget(struct dnfs_admitted *last)
{
	if (last->cred)
		ditto_cred_put(last->cred);
	last->cred = NULL;
}

static void admit_fill(struct dnfs_call *call, struct ditto_share *share, struct ditto_op *op)
{
	*op = (struct ditto_op) {
		.srv = call->srv, .share = share, .from = &call->peer->addr,
		.awaited = &call->awaited, .absent = &call->absent,
		.unresolved = &call->unresolved,
		.tells_change = call->program->tells_change,
		.tells_wcc = call->program->tells_wcc,
	};
}

static u64 share_generation(struct ditto_share *share)
{
	u64 generation;

	rcu_read_lock();
	generation = rcu_dereference(share->opts)->generation;
	rcu_read_unlock();
	return generation;
}

/* Use what the previous call of the connection found out. Return: false if that is not valid. */
static bool admit_again(struct dnfs_call *call, struct ditto_share *share, struct ditto_op *op)
{
	const struct dnfs_admitted *last = call->admitted;

	if (!last || !last->cred || last->program != call->program ||
	    time_after(jiffies, last->when) || last->epoch != ditto_creds_epoch(call->srv) ||
	    last->generation != share_generation(share))
		return false;
	admit_fill(call, share, op);
	op->cred = ditto_cred_hold(last->cred);
	op->writable = last->writable;
	return true;
}

/* What an admission will depend on. Read before it, so that no change is missed. */
static struct dnfs_admitted admit_begin(const struct dnfs_call *call, struct ditto_share *share)
{
	return (struct dnfs_admitted) {
		.program = call->program,
		.when = jiffies,
		.epoch = ditto_creds_epoch(call->srv),
		.generation = share_generation(share),
	};
}

static void admit_remember(struct dnfs_call *call, const struct dnfs_admitted *begun,
			   const struct ditto_op *op)
{
	struct dnfs_admitted *last = call->admitted;

	dnfs_admitted_forget(last);
	*last = *begun;
	last->cred = ditto_cred_hold(op->cred);
	last->writable = op->writable;
}

/* Say so if the share would accept the flavour of the call if it had rules. */
static void admit_tell_rule(const struct dnfs_call *call, const struct ditto_share *share)
{
	const struct ditto_share_opts *opts;
	bool lacks;

	rcu_read_lock();
	opts = rcu_dereference(share->opts);
	lacks = call->sec & opts->sec & ~ditto_share_sec(opts);
	rcu_read_unlock();
	if (lacks && !call->browsing)
		pr_info_ratelimited("share %s has no rule, so AUTH_SYS is refused to %pISc: \"dittoctl share set %s allow CLIENT\" adds one\n",
				    share->name, call->addr, share->name);
}

static void admit_tell_conn(const struct dnfs_call *call, const struct ditto_share *share,
			    u32 xprtsec)
{
	const char *conn = "with a certificate";

	if (call->browsing)
		return;
	if (xprtsec == DNFS_CONN_PLAIN)
		conn = "with TLS";
	else if (call->security == DNFS_CONN_PLAIN)
		conn = "without TLS";
	else if (call->security == DNFS_CONN_TLS)
		conn = "without a certificate";
	pr_info_ratelimited("share %s is refused to %pISc: it takes no connection %s (see xprtsec)\n",
			    share->name, call->addr, conn);
}

static const char *admit_flavor_name(u32 sec)
{
	if (sec & DITTO_SEC_SYS)
		return "AUTH_SYS";
	return sec & DITTO_SEC_NONE ? "AUTH_NONE" : "Kerberos of this strength";
}

/* Not inlined: the kernel may clear the variables, for calls that do not come so far, too. */
static noinline_for_stack int admit_anew(struct dnfs_call *call, struct ditto_share *share,
					 bool any_flavor, struct ditto_op *op)
{
	struct ditto_share_opts opts;
	struct dnfs_share_options own;
	struct ditto_ident ident = call->ident;
	struct dnfs_admitted begun = {};
	struct ditto_verdict verdict;
	bool accepts;
	int err;

	if (call->admitted)
		begun = admit_begin(call, share);

	ident.from = &call->peer->addr;
	err = ditto_rules_admit(share, call->peer, dnfs_ask_how(call), NULL, &verdict);
	if (err)
		return err;

	dnfs_share_opts(share, &opts, &own);
	if (unlikely(!own.xprtsec))
		return -EACCES;
	if (unlikely(!dnfs_accepts_conn(call, own.xprtsec))) {
		admit_tell_conn(call, share, own.xprtsec);
		call->too_weak = !any_flavor;
		return -EACCES;
	}
	accepts = dnfs_accepts(call, &opts, opts.sec);
	if (!accepts) {
		admit_tell_rule(call, share);
		if (!opts.sec)
			return -EACCES;
		if (!any_flavor) {
			if (!call->browsing)
				pr_info_ratelimited("share %s is refused to %pISc: it takes no %s (see sec)\n",
						    share->name, call->addr,
						    admit_flavor_name(call->sec));
			call->too_weak = true;
			return -EACCES;
		}
		ident.anonymous = true;
	}

	admit_fill(call, share, op);
	err = dnfs_grant(call, share, &opts, &verdict, &ident, op);
	if (err)
		return err;
	if (call->sec & opts.sec & DNFS_SEC_PROVEN)
		ditto_peer_vouch(call->peer);
	/*
	 * With a flavour that the share does not accept, it depends on the operation. If the
	 * options have changed since then, the verdict may come from the old ones.
	 */
	if (call->admitted && accepts && opts.generation == begun.generation)
		admit_remember(call, &begun, op);
	return 0;
}

/*
 * Admit a caller to a share. @share: the share, held by the caller; @any_flavor: admit any flavour;
 * with one that the share does not accept, the caller becomes the anonymous user. A connection that
 * the share does not accept is -EACCES; @op: filled on success; the caller puts @op->cred. The
 * admission of the connection's previous call is used again for the same credential and share.
 * Return: as for dnfs_target_get().
 */
int dnfs_admit(struct dnfs_call *call, struct ditto_share *share, bool any_flavor,
	       struct ditto_op *op)
{
	return admit_again(call, share, op) ? 0 : admit_anew(call, share, any_flavor, op);
}

/* Look up the file of a handle that is not the one seen last. @seen: where to note it, or NULL. */
static noinline int handle_look_up(struct dnfs_call *call, const u8 *data, size_t len,
				   struct ditto_handle_seen *seen, struct ditto_share **share,
				   struct ditto_node **node)
{
	struct ditto_share *found;
	struct ditto_fid fid;
	int err;

	found = ditto_handle_share(call->srv, data, len, &fid, seen);
	if (IS_ERR(found))
		return PTR_ERR(found);
	err = dnfs_worker_enter(call, found);
	if (unlikely(err))
		goto put_share;
	*node = ditto_handle_node(found, &fid);
	err = PTR_ERR_OR_ZERO(*node);
	if (err)
		goto put_share;
	if (seen)
		ditto_handle_remember(seen, *node);
	*share = found;
	return 0;

put_share:
	ditto_share_put(found);
	return err;
}

/*
 * Find the file of a handle, in a file system that is not full. Return: 0, or an errno of
 * dnfs_worker_enter() or ditto_handle_decode().
 */
int dnfs_handle_decode(struct dnfs_call *call, const u8 *data, size_t len,
		       struct ditto_share **share, struct ditto_node **node)
{
	struct ditto_handle_seen *seen = call->worker ? &call->worker->seen : NULL;
	int err;

	if (!seen || !ditto_handle_again(call->srv, data, len, seen, share, node))
		return handle_look_up(call, data, len, seen, share, node);
	err = dnfs_worker_enter(call, *share);
	if (likely(!err))
		return 0;
	ditto_node_put(*node);
	ditto_share_put(*share);
	return err;
}

/* Find the named stream of a handle, and its file. Return: as dnfs_handle_decode(). */
int dnfs_stream_handle_decode(struct dnfs_call *call, const u8 *data, size_t len,
			      struct ditto_share **share, struct ditto_node **base,
			      struct ditto_node **stream)
{
	struct ditto_fid base_fid, stream_fid;
	struct ditto_share *found;
	int err;

	found = ditto_stream_handle_share(call->srv, data, len, &base_fid, &stream_fid);
	if (IS_ERR(found))
		return PTR_ERR(found);
	err = dnfs_worker_enter(call, found) ?:
	      ditto_stream_handle_nodes(found, &base_fid, &stream_fid, base, stream);
	if (err)
		ditto_share_put(found);
	else
		*share = found;
	return err;
}

/*
 * A client that mounts sends requests for the root before it knows which flavour to use
 * (RFC 2623 section 2.3.2).
 */
static bool dnfs_is_mounting(const struct dnfs_call *call, const struct dnfs_target *target)
{
	if (!(call->proc->flags & DNFS_PROC_MOUNTING))
		return false;
	if (!(call->sec & (DITTO_SEC_NONE | DITTO_SEC_SYS)))
		return false;
	if (target->op.share->outer)
		return false;
	return target->node->inode == d_inode(target->op.share->root.dentry);
}

/* Share reservations by NLM do not conflict with requests of the same machine. */
static void dnfs_actor_get(struct dnfs_call *call, struct dnfs_target *target)
{
	target->actor = (struct ditto_actor) {
		.client = dnlm_sharer(call->server->nlm, &call->peer->addr),
	};
	if (target->actor.client)
		target->op.actor = &target->actor;
}

/*
 * Find the file of a filehandle and admit the caller to its share. @target: filled; the caller ends
 * it with dnfs_target_put() on success. A flavour or a connection that the share does not accept
 * sets @call->too_weak. Return: 0; -EACCES if the client, its flavour or its connection is refused;
 * or an errno of ditto_handle_decode(), ditto_rules_match() or ditto_cred_get().
 */
int dnfs_target_get(struct dnfs_call *call, const struct dnfs_fh *fh,
		    struct dnfs_target *target)
{
	struct ditto_share *share;
	int err;

	err = dnfs_handle_decode(call, fh->data, fh->len, &share, &target->node);
	if (err) {
		target->node = NULL;
		return err;
	}
	target->op.share = share;

	err = dnfs_admit(call, share, dnfs_is_mounting(call, target), &target->op);
	if (err) {
		ditto_node_put(target->node);
		ditto_share_put(share);
		target->node = NULL;
		return err;
	}
	dnfs_actor_get(call, target);
	target->call = call;
	return 0;
}

/* Put the references of a target. */
void dnfs_target_put(struct dnfs_target *target)
{
	if (ditto_slow_is_traced() && target->call->slow)
		ditto_slow_call_file(target->call->slow, target->op.share, target->node, false);
	if (target->actor.client)
		ditto_client_put(target->actor.client);
	ditto_cred_put(target->op.cred);
	ditto_node_put(target->node);
	dnfs_call_set_share(target->call, target->op.share);
	target->node = NULL;
}

/* Read the attributes of a target after an operation. */
void dnfs_post_attr_get(struct dnfs_target *target, struct dnfs_post_attr *attr)
{
	attr->valid = !ditto_getattr_plain(target->op.share, target->node, &attr->attr);
}

/* Read the attributes after a change that was refused before it began. */
void dnfs_wcc_unchanged(struct dnfs_target *target, struct ditto_wcc *wcc)
{
	wcc->post_valid = !ditto_getattr_plain(target->op.share, target->node, &wcc->post);
}
