// SPDX-License-Identifier: GPL-2.0-only
/* Records of hosts on stable storage, kept by the helper. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "../../../lockd/grace.h"
#include "../../../net/peer.h"
#include "../../../net/server.h"
#include "../rpc/call.h"
#include "file.h"
#include "host.h"
#include "monitor.h"
#include "nlm.h"
#include "nsm.h"
#include "record.h"

static struct dnlm_record *dnlm_record_of(const struct dnlm_host *host)
{
	struct dnlm_record *rec = kzalloc(sizeof(*rec), GFP_KERNEL);

	if (!rec)
		return NULL;
	rec->kind = DNLM_RECORD_HOST;
	rec->addr = host->route.addr;
	rec->local = host->route.local;
	rec->scope = host->route.scope;
	rec->udp = host->route.udp;
	rec->state = host->state;
	rec->name_len = host->name_len;
	memcpy(rec->name, host->name, host->name_len);
	return rec;
}

/* Give a new host its recorder. Return: 0, or an errno of ditto_recorder_get(). */
int dnlm_monitor_init(struct dnlm_host *host)
{
	struct dnlm_record *rec = dnlm_record_of(host);
	struct ditto_recorder *recorder;

	if (!rec)
		return -ENOMEM;
	recorder = dnlm_record_recorder(host->nlm->recorders, rec);
	kfree(rec);
	if (IS_ERR(recorder))
		return PTR_ERR(recorder);
	host->recorder = recorder;
	return 0;
}

/*
 * Return: 0 if the record is there; -EINPROGRESS if it is being written; or another errno for the
 * call.
 */
static int dnlm_monitor_write(const struct dnlm_asker *asker, struct dnfs_call *call, bool reclaim)
{
	struct dnlm_host *host = asker->host;
	struct dnlm_record *rec;
	int err;

	lockdep_assert_held(&host->lock);
	/* Such a claim is refused anyway. */
	if (reclaim && (!host->known || host->lost))
		return -ENOGRACE;
	if (host->lost)
		return -EJUKEBOX;
	if (call->record_awaited) {
		err = ditto_task_is_busy(&host->recorder->task) ? 0 :
		      READ_ONCE(host->recorder->error);
		/* While the helper does not answer, the client asks again. */
		return err && err != -ETIMEDOUT ? -ENOLCK : -EJUKEBOX;
	}
	/* The address is not updated: it identifies the host. */
	host->route.udp = call->datagram;
	ditto_addr_map(call->local, &host->route.local);
	rec = dnlm_record_of(host);
	err = rec ? dnlm_record_set(host->recorder, asker->client->token, rec) : -ENOMEM;
	kfree(rec);
	/* Claims of a client that is withdrawn are about to be released. */
	if (err)
		return err == -ESTALE ? -EJUKEBOX : -ENOLCK;
	return ditto_recorder_is_written(host->recorder, asker->client->token) ? 0 : -EINPROGRESS;
}

/*
 * Record a host before it gets its first claim. Asks the helper only if the host is not recorded
 * yet, or its state changed. Does not wait for it: the call may wait a moment, see
 * dnfs_await_record(). After that a call that reclaims is dropped, because clients give up claims
 * that are refused, and repeat a call without a reply. Context: takes host->lock. Return: 0; -EPERM
 * if the records from before the restart are not known yet, so that the client must try again;
 * -ENOGRACE if the host has nothing to reclaim; -EJUKEBOX while the record is being written or
 * removed, or the claims are about to be released; -ENOLCK if the host cannot be recorded.
 */
int dnlm_monitor_add(const struct dnlm_asker *asker, struct dnfs_call *call, bool reclaim)
{
	struct dnlm_host *host = asker->host;
	int err;

	if (!READ_ONCE(host->nlm->state))
		return -EPERM;
	if (reclaim)
		dnlm_host_notified(host);
	/* A claim that the grace refuses needs no record. */
	else if (ditto_grace_holds(asker->client->client.table, DITTO_CLAIM_OPEN))
		return -EJUKEBOX;
	if (likely(ditto_recorder_is_written(host->recorder, asker->client->token)))
		return 0;

	mutex_lock(&host->lock);
	err = dnlm_monitor_write(asker, call, reclaim);
	mutex_unlock(&host->lock);
	if (err == -EINPROGRESS) {
		dnfs_await_record(call, &host->recorder->task);
		err = -EJUKEBOX;
	}
	if (err == -EJUKEBOX && reclaim)
		call->dropped = true;
	return err;
}

/* Delete the record of a host that is to go, in the background. @wait: as ditto_recorder_unset() */
void dnlm_monitor_drop(struct dnlm_host *host, struct ditto_recorder_wait *wait)
{
	lockdep_assert_held(&host->lock);
	ditto_recorder_unset(host->recorder, ditto_recorder_token(host->nlm->recorders), wait);
}

/*
 * Delete a host's record before its claims are given to others. After success the client gets no
 * claims. Waits for the helper. Context: sleeps. Return: 0, or an errno of
 * ditto_recorder_withdraw(); then the record may still be on disk.
 */
int dnlm_monitor_withdraw(struct dnlm_client *dc)
{
	int err = ditto_recorder_withdraw(dc->host->recorder, dc->token);

	if (err)
		pr_warn_ratelimited("%s keeps what it has: its record cannot be removed (error %d); is dittod running?\n",
				    dc->host->label, err);
	return err;
}

/* The id by which the lock table knows a host that may reclaim. Return: bytes of @id. */
size_t dnlm_known_id(const struct dnlm_host *host, u8 id[DNLM_KNOWN_ID])
{
	size_t len = min_t(size_t, host->name_len, DNLM_KNOWN_ID - sizeof(host->route.addr));

	memcpy(id, &host->route.addr, sizeof(host->route.addr));
	memcpy(id + sizeof(host->route.addr), host->name, len);
	return sizeof(host->route.addr) + len;
}

/*
 * Create a host from its record of before the restart. Makes the host known to the grace period, so
 * that it may reclaim. Context: takes host->lock. Return: 0; an errno of dnlm_host_get() or
 * ditto_grace_know().
 */
int dnlm_monitor_restore(struct dnlm_server *nlm, const struct dnlm_record *rec)
{
	struct dnlm_bytes name = { rec->name_len, rec->name };
	struct dnlm_route route = {
		.addr = rec->addr,
		.local = rec->local,
		.scope = rec->scope,
		.udp = rec->udp,
	};
	struct dnlm_host *host;
	u8 id[DNLM_KNOWN_ID];
	int err;

	host = dnlm_host_get(nlm, &route, &name, true);
	if (IS_ERR(host))
		return PTR_ERR(host);
	err = dnlm_record_restore(host->recorder, 0, rec) ?:
	      ditto_grace_know(nlm->srv->locks, id, dnlm_known_id(host, id), DITTO_KNOWN_RANGES);
	mutex_lock(&host->lock);
	host->route = route;
	/* A host that has restarted since then has sent a newer state. */
	if (!host->state)
		host->state = rec->state;
	host->known = !err;
	WRITE_ONCE(host->untold, true);
	mutex_unlock(&host->lock);
	dnlm_host_put(host);
	return err;
}
