// SPDX-License-Identifier: GPL-2.0-only
/*
 * File delegations: granting with an OPEN, checks by other operations, and end. See
 * delegations.h for locking and lifetime.
 */
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/nfs4.h>
#include <linux/slab.h>

#include "../../../../lockd/lease.h"
#include "../../../../net/server.h"
#include "../../../../net/stats.h"
#include "../../../node/file.h"
#include "../../../node/node.h"
#include "../../../op/check/worm.h"
#include "../../../share/share.h"
#include "../../share_options.h"
#include "../engine/server.h"
#include "../session/slot.h"
#include "../state/open.h"
#include "caller.h"
#include "delegations.h"
#include "dir_delegation.h"

static const char *const event_names[DNFS4_DELEG_EVENTS] = {
	[DNFS4_DELEG_READ] = "granted read",
	[DNFS4_DELEG_WRITE] = "granted write",
	[DNFS4_DELEG_DIRECTORY] = "granted directory",
	[DNFS4_DELEG_REFUSED] = "not granted",
	[DNFS4_DELEG_RECALL] = "recall",
	[DNFS4_DELEG_ASK] = "getattr",
	[DNFS4_DELEG_NOTIFY] = "notify",
	[DNFS4_DELEG_ANY] = "recall any",
	[DNFS4_DELEG_ROOM] = "available",
	[DNFS4_DELEG_LOCK] = "notify lock",
};

/* Count an event in the statistics. Context: any. */
void dnfs4_delegation_count(struct dnfs4_server *server, enum dnfs4_delegation_event event,
			    bool error, u64 nanoseconds)
{
	ditto_stats_count(server->delegations->stats, event, error, nanoseconds, 0);
}

/*
 * Get the time that a client has to return a recalled delegation. Context: any. Return:
 * milliseconds: the lease time, less in 4.0.
 */
u32 dnfs4_recall_ms(const struct dnfs4_client *client)
{
	u32 ms = READ_ONCE(client->server->srv->settings.lease_time_s) * MSEC_PER_SEC;

	/*
	 * In 4.0, RENEW reports that callbacks do not reach the client. The client must get that
	 * reply before its delegations are revoked (RFC 7530 section 10.2.1), so the time is
	 * shorter than the lease.
	 */
	return client->minor ? ms : ms / 3 * 2;
}

/* The table by node */

static struct hlist_head *delegation_bucket(struct dnfs4_delegations *all,
					    const struct ditto_node *node)
{
	return &all->by_node[hash_ptr(node, ilog2(DNFS4_DELEGATION_BUCKETS))];
}

/* Return: the client's delegation of the file, without a reference; or NULL. */
static struct dnfs4_delegation *delegation_find(struct dnfs4_delegations *all,
						const struct dnfs4_client *client,
						const struct ditto_node *node)
{
	struct dnfs4_delegation *d;

	lockdep_assert_held(&all->lock);
	hlist_for_each_entry(d, delegation_bucket(all, node), by_node)
		if (d->node == node && d->state.client == client)
			return d;
	return NULL;
}

/* Enter a delegation in the table. Return: false if the client has one of the file already. */
static bool delegation_enter(struct dnfs4_delegations *all, struct dnfs4_delegation *d)
{
	bool first;

	spin_lock_bh(&all->lock);
	first = !delegation_find(all, d->state.client, d->node);
	if (first)
		hlist_add_head(&d->by_node, delegation_bucket(all, d->node));
	spin_unlock_bh(&all->lock);
	return first;
}

/* Note a modification time for when the client reports its own. Context: any. */
void dnfs4_delegation_note_mtime(struct dnfs4_client *client, const struct ditto_node *node,
				 bool set)
{
	struct dnfs4_delegations *all = client->server->delegations;
	struct dnfs4_write_delegation *wd;
	struct dnfs4_delegation *d;

	spin_lock_bh(&all->lock);
	d = delegation_find(all, client, node);
	if (d && d->write) {
		wd = dnfs4_write_delegation_of(d);
		wd->served = inode_get_mtime(node->inode);
		if (set)
			wd->mtime = wd->served;
	}
	spin_unlock_bh(&all->lock);
}

/*
 * Remove a delegation from the table by node. @d: not granted, or ended; keeps its reference.
 * Context: any.
 */
void dnfs4_delegation_drop(struct dnfs4_delegation *d)
{
	struct dnfs4_delegations *all = d->state.client->server->delegations;

	spin_lock_bh(&all->lock);
	hlist_del_init(&d->by_node);
	spin_unlock_bh(&all->lock);
}

/* Creation */

/* Most delegations are for reading or of a directory, and smaller than those for writing. */
static struct kmem_cache *delegation_slab;
static struct kmem_cache *write_delegation_slab;

int dnfs4_delegations_setup(void)
{
	delegation_slab = KMEM_CACHE(dnfs4_delegation, SLAB_ACCOUNT);
	if (!delegation_slab)
		return -ENOMEM;
	write_delegation_slab = KMEM_CACHE(dnfs4_write_delegation, SLAB_ACCOUNT);
	if (write_delegation_slab)
		return 0;
	kmem_cache_destroy(delegation_slab);
	return -ENOMEM;
}

/* Waits for those that are being freed by kfree_rcu(). */
void dnfs4_delegations_cleanup(void)
{
	kmem_cache_destroy(write_delegation_slab);
	kmem_cache_destroy(delegation_slab);
}

static void delegation_release(struct dnfs4_state *state)
{
	dnfs4_delegation_end(dnfs4_delegation_of(state));
}

static u32 delegation_free_stateid(struct dnfs4_state *state)
{
	if (state->void_why == DNFS4_VALID)
		return NFS4ERR_LOCKS_HELD;
	dnfs4_state_del(state);
	return NFS4_OK;
}

static void delegation_free(struct dnfs4_state *state)
{
	struct dnfs4_delegation *d = dnfs4_delegation_of(state);

	if (d->dir)
		dnfs4_dir_free(d->dir);
	kfree_rcu(d, rcu);
}

static const struct dnfs4_state_ops file_ops = {
	.kind = DNFS4_STATE_DELEGATION,
	.release = delegation_release,
	.free_stateid = delegation_free_stateid,
	.free = delegation_free,
};

static const struct dnfs4_state_ops directory_ops = {
	.kind = DNFS4_STATE_DIRECTORY,
	.release = delegation_release,
	.free_stateid = delegation_free_stateid,
	.free = delegation_free,
};

/*
 * Identify a request for csa_referring_call_lists. @ref: filled; zeroed by the caller. A callback
 * must not overtake the reply to this request (RFC 8881 section 2.10.6.3).
 */
void dnfs4_call_ref_fill(const struct dnfs4_compound *cmp, struct dnfs4_call_ref *ref)
{
	if (!cmp->slot)
		return;
	memcpy(ref->session, cmp->session->id, sizeof(ref->session));
	ref->seqid = cmp->slot->seqid;
	ref->slot = cmp->slot->id;
	ref->valid = true;
}

/*
 * Get the caching grant of a delegation. @d: the delegation; its state.lock is not held. Return:
 * the grant with a reference; NULL if the delegation has ended.
 */
struct ditto_lease *dnfs4_delegation_grant_get(struct dnfs4_delegation *d)
{
	struct ditto_lease *grant;

	dnfs4_state_lock(&d->state);
	grant = d->grant;
	if (grant)
		ditto_lease_hold(grant);
	dnfs4_state_unlock(&d->state);
	return grant;
}

static struct dnfs4_delegation *delegation_zalloc(struct dnfs4_client *client, bool write)
{
	struct dnfs4_write_delegation *wd;

	if (!write)
		return kmem_cache_zalloc(delegation_slab, GFP_KERNEL);
	wd = kmem_cache_zalloc(write_delegation_slab, GFP_KERNEL);
	if (!wd)
		return NULL;
	wd->d.write = true;
	dnfs4_callback_init_one(&wd->ask, &dnfs4_ask_ops, client);
	return &wd->d;
}

/*
 * Allocate a delegation of the current file. The delegation is not granted yet, but is in the table
 * by node, so that a client has only one per node. Return: the delegation with one reference; or an
 * ERR_PTR: -EEXIST if the client has one already, -ENOMEM, or an errno of dnfs4_fh_encode().
 */
struct dnfs4_delegation *dnfs4_delegation_alloc(struct dnfs4_compound *cmp,
						enum dnfs4_state_kind kind, bool write)
{
	struct dnfs4_delegations *all = cmp->server->delegations;
	struct dnfs4_delegation *d;
	u8 fh[DNFS4_FH_MAX];
	u32 fh_len;
	int err;

	/* A named attribute is not delegated, nor reclaimed as such: its filehandle is longer. */
	if (cmp->current_fh.named)
		return ERR_PTR(-EOPNOTSUPP);
	err = dnfs4_fh_encode(&cmp->current_fh, fh, &fh_len);
	if (err)
		return ERR_PTR(err);
	d = delegation_zalloc(cmp->client, write);
	if (!d)
		return ERR_PTR(-ENOMEM);
	memcpy(d->fh, fh, fh_len);
	d->fh_len = fh_len;
	dnfs4_state_init(&d->state, kind == DNFS4_STATE_DIRECTORY ? &directory_ops : &file_ops,
			 cmp->client);
	d->node = dnfs4_node(cmp);
	d->granted = jiffies;
	dnfs4_callback_init_one(&d->recall, &dnfs4_recall_ops, cmp->client);
	dnfs4_call_ref_fill(cmp, &d->recall.after);
	if (!delegation_enter(all, d)) {
		dnfs4_state_put(&d->state);
		return ERR_PTR(-EEXIST);
	}
	return d;
}

/*
 * Get the caching grant of a delegation from the lock table. @d: the delegation; its state.lock is
 * held; @reclaim: reclaims a delegation held before a restart of the server; @adopts: key of the
 * orphan that it continues, see previous.c; or NULL. On success the delegation has a stateid.
 * Return: 0; -EAGAIN if another holder conflicts, or the grant is being recalled already; -ENOLCK
 * if a limit is reached; or another errno of ditto_lease_grant() or dnfs4_state_add().
 */
int dnfs4_delegation_grant(struct dnfs4_compound *cmp, struct dnfs4_delegation *d, u8 want,
			   bool reclaim, const struct ditto_owner *adopts,
			   const struct ditto_lease_ops *ops)
{
	bool directory = d->state.ops->kind == DNFS4_STATE_DIRECTORY;
	struct ditto_share *share = cmp->current_fh.target.op.share;
	struct ditto_node *node = dnfs4_node(cmp);
	struct ditto_lease_request req = {
		.point = &node->point,
		.actor.client = &cmp->client->client,
		.actor.lease_owner = cmp->client->lease_owner,
		.actor.share = share->number,
		.style = directory ? DITTO_LEASE_TYPE_DIRECTORY_DELEGATION
				   : DITTO_LEASE_TYPE_DELEGATION,
		.want = want,
		.notify = directory && dnfs4_dir_tells(d->dir),
		.notify_attrs = directory && dnfs4_dir_tells_attrs(d->dir),
		.reclaim = reclaim,
		.adopts = adopts,
		.break_ms = dnfs4_recall_ms(cmp->client),
		.ops = ops,
		.private = d,
	};
	struct ditto_file *shown = NULL;
	struct ditto_lease *grant;
	int err;

	lockdep_assert_held(&d->state.lock);
	if (!adopts)
		dnfs4_previous_drop(cmp->client, node);
	/* Local processes see the grant as a lease on this file. */
	if (S_ISREG(node->inode->i_mode) && ditto_share_local_locks(share)) {
		shown = ditto_file_get(share, node, DITTO_FILE_READ);
		if (IS_ERR(shown))
			return PTR_ERR(shown);
		req.filp = shown->file;
	}
	/* The reference of the grant. */
	dnfs4_state_hold(&d->state);
	grant = ditto_lease_grant(&req);
	if (shown)
		ditto_file_put(shown);
	if (IS_ERR(grant)) {
		dnfs4_state_put(&d->state);
		return PTR_ERR(grant);
	}
	err = -EAGAIN;
	if (ditto_lease_private(grant) != d) {
		/* The grant of an earlier delegation, which is ending. */
		dnfs4_state_put(&d->state);
		goto put;
	}
	if (ditto_lease_bits(grant) != want || ditto_lease_breaking(grant))
		goto give_back;
	/* Also who reclaims an open for reading may reclaim a delegation to write. */
	if (want & DITTO_LEASE_WRITE && ditto_worm_recheck(dnfs4_fs_op(cmp), node))
		goto give_back;
	/* Removed by now: the removal has looked for grants, or is about to. */
	if (!ditto_node_links(node) || IS_DEADDIR(node->inode))
		goto give_back;
	err = dnfs4_state_add(&d->state);
	if (err)
		goto give_back;
	WRITE_ONCE(d->grant, grant);
	atomic_inc(&cmp->server->delegations->count);
	atomic_inc(&cmp->client->callback->held);
	return 0;

give_back:
	ditto_lease_return(grant);
put:
	ditto_lease_put(grant);
	return err;
}

/* End */

/*
 * End a delegation that is returned or whose client is released. @d: its state has been removed
 * from the client's table; its state.lock is not held.
 */
void dnfs4_delegation_end(struct dnfs4_delegation *d)
{
	struct dnfs4_client *client = d->state.client;
	struct ditto_lease *grant;

	dnfs4_state_lock(&d->state);
	grant = d->grant;
	WRITE_ONCE(d->grant, NULL);
	dnfs4_state_unlock(&d->state);
	dnfs4_delegation_drop(d);
	if (!grant)
		return;
	atomic_dec(&client->server->delegations->count);
	atomic_dec(&client->callback->held);
	if (ditto_lease_ack(grant, 0))
		ditto_lease_return(grant);
	ditto_lease_put(grant);
	/* A queued CB_RECALL is not wanted any more. */
	dnfs4_callback_kick(client);
	dnfs4_room_freed(client->server);
}

/* Granting with an OPEN */

/*
 * Return: OPEN_DELEGATE_* that is possible before the lock table is asked. For
 * OPEN_DELEGATE_NONE, @why is set to the reason.
 */
static u32 delegation_type(struct dnfs4_compound *cmp, const struct dnfs4_open *open, u32 want,
			   u32 *why)
{
	bool writing = open->access & NFS4_SHARE_ACCESS_WRITE;

	*why = WND4_RESOURCE;
	want &= NFS4_SHARE_WANT_MASK;
	if (want == NFS4_SHARE_WANT_CANCEL)
		dnfs4_room_cancel(cmp->client);
	if (want == NFS4_SHARE_WANT_NO_DELEG || want == NFS4_SHARE_WANT_CANCEL) {
		*why = want == NFS4_SHARE_WANT_CANCEL ? WND4_CANCELLED : WND4_NOT_WANTED;
		return NFS4_OPEN_DELEGATE_NONE;
	}
	if (!S_ISREG(dnfs4_node(cmp)->inode->i_mode) || cmp->current_fh.named) {
		*why = WND4_NOT_SUPP_FTYPE;
		return NFS4_OPEN_DELEGATE_NONE;
	}
	/* A writer has no use for a read delegation, and a reader gets no write delegation. */
	if ((want == NFS4_SHARE_WANT_READ_DELEG && writing) ||
	    (want == NFS4_SHARE_WANT_WRITE_DELEG && !writing))
		return NFS4_OPEN_DELEGATE_NONE;
	return writing ? NFS4_OPEN_DELEGATE_WRITE : NFS4_OPEN_DELEGATE_READ;
}

/* @type: OPEN_DELEGATE_READ, OPEN_DELEGATE_WRITE or OPEN_DELEGATE_WRITE_ATTRS_DELEG. */
static int delegation_give(struct dnfs4_compound *cmp, u32 type, bool reclaim,
			   const struct ditto_owner *adopts, struct dnfs4_delegated *out)
{
	u8 want = DITTO_LEASE_READ | DITTO_LEASE_HANDLE;
	bool write = type != NFS4_OPEN_DELEGATE_READ;
	struct dnfs4_write_delegation *wd;
	struct dnfs4_delegation *d;
	struct ditto_attr attr;
	int err;

	d = dnfs4_delegation_alloc(cmp, DNFS4_STATE_DELEGATION, write);
	if (IS_ERR(d))
		return PTR_ERR(d);
	if (write) {
		wd = dnfs4_write_delegation_of(d);
		want |= DITTO_LEASE_WRITE;
		err = ditto_getattr(dnfs4_fs_op(cmp)->share, dnfs4_node(cmp), &attr);
		if (err)
			goto drop;
		wd->change = attr.change;
		if (type == NFS4_OPEN_DELEGATE_WRITE_ATTRS_DELEG)
			dnfs4_delegation_keep_times(cmp, wd, &attr);
	}
	/* Nests inside the state.lock of the open. */
	dnfs4_state_lock(&d->state);
	err = dnfs4_delegation_grant(cmp, d, want, reclaim, adopts, &dnfs4_delegation_cache_ops);
	if (!err)
		dnfs4_state_stateid(&d->state, &out->stateid);
	dnfs4_state_unlock(&d->state);
	if (err)
		goto drop;
	out->type = type;
	dnfs4_delegation_count(cmp->server, write ? DNFS4_DELEG_WRITE : DNFS4_DELEG_READ,
			       false, 0);
	dnfs4_state_put(&d->state);
	return 0;

drop:
	dnfs4_delegation_drop(d);
	dnfs4_state_put(&d->state);
	return err;
}

/*
 * Check whether delegations of a type are reclaimed. Return: true for the types that its minor
 * version grants.
 */
bool dnfs4_delegation_may_reclaim(const struct dnfs4_compound *cmp, u32 type)
{
	return type == NFS4_OPEN_DELEGATE_READ || type == NFS4_OPEN_DELEGATE_WRITE ||
	       (type == NFS4_OPEN_DELEGATE_WRITE_ATTRS_DELEG && cmp->minor >= 2);
}

/* A delegation held before the restart. Return: true if it was granted. */
static bool delegation_reclaim(struct dnfs4_compound *cmp, u32 type, struct dnfs4_delegated *out)
{
	if (delegation_give(cmp, type, true, NULL, out))
		return false;
	/* A client that cannot be called back yet must return it immediately. */
	out->recall = !dnfs4_callback_is_up(cmp->client);
	return true;
}

/*
 * Make an orphan a delegation again. Return: 0; -EAGAIN if the orphan is gone; -EEXIST if a
 * delegation of the client is just ending; or another errno of dnfs4_delegation_grant().
 */
int dnfs4_delegation_adopt(struct dnfs4_compound *cmp, const struct ditto_owner *key, u8 bits,
			   struct dnfs4_delegated *out)
{
	u32 type = bits & DITTO_LEASE_WRITE ? NFS4_OPEN_DELEGATE_WRITE : NFS4_OPEN_DELEGATE_READ;
	int err = delegation_give(cmp, type, false, key, out);

	if (!err)
		out->recall = !dnfs4_callback_is_up(cmp->client);
	return err;
}

/* Return: true if a delegation was granted; else @why is set to the reason. */
static bool delegation_try(struct dnfs4_compound *cmp, u32 type, u32 want,
			   struct dnfs4_delegated *out, u32 *why)
{
	int err;

	*why = WND4_RESOURCE;
	/* The client may answer the probe over this connection. */
	if (!dnfs4_callback_is_up(cmp->client))
		dnfs_may_wait(cmp->call);
	if (!dnfs4_callback_wait_up(cmp->client))
		return false;
	if (type == NFS4_OPEN_DELEGATE_WRITE && want & NFS4_SHARE_WANT_DELEG_TIMESTAMPS &&
	    dnfs_share_option(dnfs4_fs_op(cmp)->share, delegated_times))
		type = NFS4_OPEN_DELEGATE_WRITE_ATTRS_DELEG;
	err = delegation_give(cmp, type, false, NULL, out);
	if (!err)
		return true;
	if (err == -EEXIST) {
		/* The client has a delegation of the file, which cannot be upgraded. */
		*why = WND4_NOT_SUPP_UPGRADE;
		return false;
	}
	if (err == -EAGAIN) {
		*why = WND4_CONTENTION;
	} else if (err == -ENOLCK) {
		dnfs4_recall_any(cmp->server);
		out->will = want & NFS4_SHARE_SIGNAL_DELEG_WHEN_RESRC_AVAIL &&
			    dnfs4_room_want(cmp);
	}
	dnfs4_delegation_count(cmp->server, DNFS4_DELEG_REFUSED, true, 0);
	return false;
}

/*
 * Grant a delegation with an OPEN, if possible. @open: the open of this OPEN; its state.lock is
 * held. Never fails the OPEN.
 */
void dnfs4_delegate(struct dnfs4_compound *cmp, struct dnfs4_open *open, u32 want, u32 claim,
		    u32 reclaim_type, struct dnfs4_delegated *out)
{
	u32 type, why;

	memset(out, 0, sizeof(*out));
	out->type = NFS4_OPEN_DELEGATE_NONE;
	switch (claim) {
	case NFS4_OPEN_CLAIM_PREVIOUS:
		if (dnfs4_delegation_may_reclaim(cmp, reclaim_type))
			delegation_reclaim(cmp, reclaim_type, out);
		return;
	case NFS4_OPEN_CLAIM_DELEGATE_CUR:
	case NFS4_OPEN_CLAIM_DELEG_CUR_FH:
		return;
	}
	type = delegation_type(cmp, open, want, &why);
	if (type != NFS4_OPEN_DELEGATE_NONE && (cmp->minor || open->confirmed) &&
	    delegation_try(cmp, type, want, out, &why))
		return;
	if (!cmp->minor || !(want & NFS4_SHARE_WANT_MASK))
		return;
	out->type = NFS4_OPEN_DELEGATE_NONE_EXT;
	out->why = why;
}

/*
 * Grant a delegation without an OPEN, if possible. @reclaim: reclaims a delegation held before a
 * restart of the server; @out: zeroed by the caller; filled with the delegation, or
 * OPEN_DELEGATE_NONE_EXT.
 */
void dnfs4_delegate_wanted(struct dnfs4_compound *cmp, u32 type, u32 want, bool reclaim,
			   struct dnfs4_delegated *out)
{
	u32 why = WND4_RESOURCE;

	if (reclaim ? delegation_reclaim(cmp, type, out) :
		      delegation_try(cmp, type, want, out, &why))
		return;
	out->type = NFS4_OPEN_DELEGATE_NONE_EXT;
	out->why = why;
}

/* Checks by other operations */

/*
 * Return: true if the delegation is held. Every READ and WRITE by a delegation calls this, so it
 * takes neither lock nor reference. The lock table clears the bits of a grant when it revokes
 * it. A grant is assigned to d->grant only once, so if it is still there after the bits were
 * read, they belonged to this delegation.
 */
static bool is_held(const struct dnfs4_delegation *d)
{
	const struct ditto_lease *grant;
	bool held;

	rcu_read_lock();
	grant = READ_ONCE(d->grant);
	held = grant && ditto_lease_bits(grant);
	/* Under RCU the memory stays a grant, but it may be reused for another one. */
	smp_rmb();
	held = held && READ_ONCE(d->grant) == grant;
	rcu_read_unlock();
	return held;
}

/*
 * Check whether a client still holds a delegation. @state: state of the delegation, held;
 * state->lock is not held. The lock table may revoke the caching grant some time before the state
 * becomes void, and a conflicting request may have changed the file by then. In that case this
 * function revokes the state. Return: NFS4_OK; NFS4ERR_DELEG_REVOKED; NFS4ERR_ADMIN_REVOKED;
 * NFS4ERR_BAD_STATEID, which is the only error in 4.0.
 */
u32 dnfs4_delegation_check(const struct dnfs4_compound *cmp, struct dnfs4_state *state)
{
	struct dnfs4_delegation *d = dnfs4_delegation_of(state);
	struct ditto_lease *grant;
	bool held;

	if (likely(is_held(d)))
		return NFS4_OK;
	grant = dnfs4_delegation_grant_get(d);
	held = grant && ditto_lease_bits(grant);
	/*
	 * The lock table notifies of a revocation from a work item, but the conflicting request
	 * continues immediately. So revoke the state here.
	 */
	if (grant && !held)
		dnfs4_delegation_revoked(grant);
	if (grant)
		ditto_lease_put(grant);
	if (held)
		return NFS4_OK;
	/* It has been returned, or is a revoked one of 4.0, which is not remembered. */
	return dnfs4_state_check_void(cmp, state) ?: NFS4ERR_BAD_STATEID;
}

/*
 * Check an OPEN with CLAIM_DELEGATE_CUR against its delegation. Return: NFS4_OK if the delegation
 * permits the access; NFS4ERR_BAD_STATEID; NFS4ERR_OPENMODE; or a status of dnfs4_state_find() or
 * dnfs4_delegation_check().
 */
u32 dnfs4_delegation_covers(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid,
			    struct ditto_node *node, u32 access)
{
	const struct dnfs4_delegation *d;
	struct dnfs4_state *state;
	u32 status;

	/* The client is the open-owner's; in 4.0 a foreign stateid would replace it. */
	if (dnfs4_stateid_is_foreign(cmp, sid))
		return NFS4ERR_BAD_STATEID;
	status = dnfs4_state_find(cmp, sid, DNFS4_STATE_DELEGATION, &state);
	if (status)
		return status;
	d = dnfs4_delegation_of(state);
	if (d->node != node)
		status = NFS4ERR_BAD_STATEID;
	else if (access & NFS4_SHARE_ACCESS_WRITE && !d->write)
		status = NFS4ERR_OPENMODE;
	else
		status = dnfs4_delegation_check(cmp, state);
	dnfs4_state_put(state);
	return status;
}

/* Check for a write delegation. Context: any. Return: true if it is a write delegation. */
bool dnfs4_delegation_writes(const struct dnfs4_state *state)
{
	return dnfs4_delegation_of(state)->write;
}

/*
 * Get the file of a delegation. Context: any. Return: the node, without a reference, only for
 * comparison.
 */
struct ditto_node *dnfs4_delegation_node(const struct dnfs4_state *state)
{
	return (struct ditto_node *)dnfs4_delegation_of(state)->node;
}

/* Set-up and tear-down */

int dnfs4_delegations_init(struct dnfs4_server *server)
{
	struct dnfs4_delegations *all = kvzalloc(sizeof(*all), GFP_KERNEL);

	if (!all)
		return -ENOMEM;
	all->server = server;
	spin_lock_init(&all->lock);
	dnfs4_dials_init(&all->dials);
	INIT_LIST_HEAD(&all->channels);
	all->stats = ditto_stats_register(server->srv, "nfs4-delegations", event_names,
					  DNFS4_DELEG_EVENTS);
	if (!all->stats)
		goto free;
	server->delegations = all;
	if (!dnfs4_recall_any_init(all))
		return 0;
	server->delegations = NULL;
	ditto_stats_unregister(all->stats);
free:
	kvfree(all);
	return -ENOMEM;
}

void dnfs4_delegations_exit(struct dnfs4_server *server)
{
	struct dnfs4_delegations *all = server->delegations;

	if (!all)
		return;
	dnfs4_recall_any_exit(all);
	dnfs4_callers_free(all->callers);
	ditto_stats_unregister(all->stats);
	server->delegations = NULL;
	kvfree(all);
}
