// SPDX-License-Identifier: GPL-2.0-only
/* Copy-notify stateids, see copy_notify.h. */
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "../../../../net/server.h"
#include "../../../share/cred.h"
#include "../engine/server.h"
#include "../session/client.h"
#include "copy_notify.h"
#include "open.h"

static bool copy_notify_is_over(const struct dnfs4_copy_notify *notify)
{
	u32 lease = READ_ONCE(notify->state.client->server->srv->settings.lease_time_s);

	return time_after(jiffies, READ_ONCE(notify->used) + lease * HZ);
}

/* Take it off the list. Return: false if it was not on the list. */
static bool copy_notify_unlink(struct dnfs4_copy_notify *notify)
{
	struct dnfs4_client *client = notify->state.client;

	lockdep_assert_held(&client->owners_lock);
	if (list_empty(&notify->link))
		return false;
	list_del_init(&notify->link);
	client->ncopy_notifies--;
	return true;
}

static void copy_notify_free(struct dnfs4_state *state)
{
	struct dnfs4_copy_notify *notify = dnfs4_copy_notify_of(state);
	struct dnfs4_client *client = state->client;

	spin_lock(&client->owners_lock);
	copy_notify_unlink(notify);
	spin_unlock(&client->owners_lock);
	ditto_cred_put(notify->cred);
	kfree_rcu(notify, rcu);
	dnfs4_client_put(client);
}

/* It holds no claims. */
static void copy_notify_release(struct dnfs4_state *state)
{
}

static u32 copy_notify_free_stateid(struct dnfs4_state *state)
{
	dnfs4_state_del(state);
	return NFS4_OK;
}

static const struct dnfs4_state_ops copy_notify_ops = {
	.kind = DNFS4_STATE_COPY_NOTIFY,
	.release = copy_notify_release,
	.free_stateid = copy_notify_free_stateid,
	.free = copy_notify_free,
};

/* Remove the oldest ones: those that are over, and one more if there is no room. */
static void copy_notifies_trim(struct dnfs4_client *client)
{
	struct dnfs4_copy_notify *notify;

	for (;;) {
		spin_lock(&client->owners_lock);
		notify = list_first_entry_or_null(&client->copy_notifies, struct dnfs4_copy_notify,
						  link);
		if (!notify || (client->ncopy_notifies < DNFS4_COPY_NOTIFIES_MAX &&
				!copy_notify_is_over(notify))) {
			spin_unlock(&client->owners_lock);
			return;
		}
		copy_notify_unlink(notify);
		/* It may be on its way to be freed. */
		if (!refcount_inc_not_zero(&notify->state.ref))
			notify = NULL;
		spin_unlock(&client->owners_lock);
		if (!notify)
			continue;
		dnfs4_state_del(&notify->state);
		dnfs4_state_put(&notify->state);
	}
}

int dnfs4_copy_notify_add(struct dnfs4_compound *cmp, const struct dnfs4_io *io,
			  struct dnfs4_stateid *sid)
{
	struct dnfs4_copy_notify *notify = kzalloc(sizeof(*notify), GFP_KERNEL_ACCOUNT);
	struct dnfs4_client *client = cmp->client;
	int err;

	if (!notify)
		return -ENOMEM;
	copy_notifies_trim(client);
	dnfs4_client_hold(client);
	dnfs4_state_init(&notify->state, &copy_notify_ops, client);
	notify->node = dnfs4_node(cmp);
	notify->share = io->op.share;
	notify->cred = ditto_cred_hold(io->op.cred);
	notify->parent = io->state->id;
	notify->used = jiffies;
	spin_lock(&client->owners_lock);
	list_add_tail(&notify->link, &client->copy_notifies);
	client->ncopy_notifies++;
	spin_unlock(&client->owners_lock);
	err = dnfs4_state_add(&notify->state);
	if (!err)
		dnfs4_state_stateid(&notify->state, sid);
	dnfs4_state_put(&notify->state);
	return err;
}

/* Find the state that COPY_NOTIFY was given, as it is now. */
static u32 copy_notify_parent(struct dnfs4_compound *cmp, const struct dnfs4_copy_notify *notify,
			      struct dnfs4_state **parent)
{
	struct dnfs4_state *state = dnfs4_state_get(notify->state.client, notify->parent);
	u32 status;

	if (!state)
		return NFS4ERR_BAD_STATEID;
	status = dnfs4_state_check_void(cmp, state);
	if (!status && !(state->ops->kind & DNFS4_STATE_IO))
		status = NFS4ERR_BAD_STATEID;
	if (status)
		dnfs4_state_put(state);
	else
		*parent = state;
	return status;
}

static u32 copy_notify_use(struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
			   const struct dnfs4_stateid *sid, struct dnfs4_copy_notify *notify,
			   struct dnfs4_state **parent)
{
	struct dnfs4_client *client = notify->state.client;
	u32 status;

	status = dnfs4_seqid_status(cmp->minor, notify->state.seqid, sid->seqid);
	if (status)
		return status;
	if (notify->node != fh->target.node || notify->share != fh->target.op.share)
		return NFS4ERR_BAD_STATEID;
	if (copy_notify_is_over(notify))
		return NFS4ERR_EXPIRED;
	status = copy_notify_parent(cmp, notify, parent);
	/* The list need not be in order to less than a second. */
	if (status || time_before(jiffies, READ_ONCE(notify->used) + HZ))
		return status;
	spin_lock(&client->owners_lock);
	WRITE_ONCE(notify->used, jiffies);
	if (!list_empty(&notify->link))
		list_move_tail(&notify->link, &client->copy_notifies);
	spin_unlock(&client->owners_lock);
	return NFS4_OK;
}

u32 dnfs4_copy_notify_find(struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
			   const struct dnfs4_stateid *sid, struct dnfs4_copy_notify **notify,
			   struct dnfs4_state **parent)
{
	struct dnfs4_client *client;
	struct dnfs4_state *state;
	u32 status = NFS4ERR_BAD_STATEID;

	if (cmp->minor < 2 || dnfs4_stateid_special(sid) != DNFS4_SPECIAL_NONE ||
	    dnfs4_client_find(cmp->server, get_unaligned_be64(sid->other), cmp->minor, &client))
		return NFS4ERR_BAD_STATEID;
	state = dnfs4_state_get(client, dnfs4_stateid_number(client, sid));
	if (state && state->ops->kind == DNFS4_STATE_COPY_NOTIFY) {
		*notify = dnfs4_copy_notify_of(state);
		status = copy_notify_use(cmp, fh, sid, *notify, parent);
	}
	if (state && status)
		dnfs4_state_put(state);
	dnfs4_client_put(client);
	return status;
}
