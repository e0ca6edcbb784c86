// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of hosts on stable storage, kept by the helper.
 *
 * Locking: host->record_lock serializes changes of a host's record. It is held while the helper is
 * asked, and therefore taken by workers only. host->on_record tells whether the record is there and
 * stays; it is written under host->lock, which nests inside and is not held for long.
 */
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
	rec->addr = host->way.addr;
	rec->local = host->way.local;
	rec->scope = host->way.scope;
	rec->udp = host->way.udp;
	rec->state = host->state;
	rec->name_len = host->name_len;
	memcpy(rec->name, host->name, host->name_len);
	return rec;
}

static struct dnlm_host *dnlm_monitor_host(struct ditto_task *task)
{
	return container_of(task, struct dnlm_host, record);
}

/* May the record be written? Claims of a client that is withdrawn are about to be released. */
static bool dnlm_monitor_may_write(const struct dnlm_host *host)
{
	const struct dnlm_client *dc = dnlm_host_client_locked(host);

	lockdep_assert_held(&host->lock);
	return !host->lost && !host->gone &&
	       !(dc && dc->withdrawn && !READ_ONCE(dc->client.dead));
}

static int dnlm_monitor_write(struct dnlm_host *host)
{
	struct dnlm_record *rec;
	int err;

	lockdep_assert_held(&host->record_lock);
	mutex_lock(&host->lock);
	if (host->on_record || !dnlm_monitor_may_write(host)) {
		mutex_unlock(&host->lock);
		return 0;
	}
	rec = dnlm_record_of(host);
	/* A record whose writing fails may be there nevertheless. */
	WRITE_ONCE(host->recorded, true);
	mutex_unlock(&host->lock);
	err = rec ? dnlm_record_add(host->nlm->srv, rec) : -ENOMEM;
	if (err)
		goto free;
	mutex_lock(&host->lock);
	/* It may have been restarted meanwhile, or must get no claims any more. */
	WRITE_ONCE(host->on_record, host->state == rec->state && dnlm_monitor_may_write(host));
	mutex_unlock(&host->lock);
free:
	kfree(rec);
	return err;
}

static int dnlm_monitor_run(struct ditto_task *task)
{
	struct dnlm_host *host = dnlm_monitor_host(task);
	int err;

	mutex_lock(&host->record_lock);
	err = dnlm_monitor_write(host);
	mutex_unlock(&host->record_lock);
	if (err)
		pr_warn_ratelimited("%s may not lock: it cannot be recorded (error %d); is dittod running?\n",
				    host->label, err);
	return err;
}

static void dnlm_monitor_hold(struct ditto_task *task)
{
	refcount_inc(&dnlm_monitor_host(task)->ref);
}

static void dnlm_monitor_put(struct ditto_task *task)
{
	dnlm_host_put(dnlm_monitor_host(task));
}

static const struct ditto_task_ops dnlm_monitor_ops = {
	.run = dnlm_monitor_run,
	.hold = dnlm_monitor_hold,
	.put = dnlm_monitor_put,
};

void dnlm_monitor_init(struct dnlm_host *host)
{
	mutex_init(&host->record_lock);
	ditto_task_init(&host->record, host->nlm->tasks, &dnlm_monitor_ops, &host->way.addr);
}

/* Return: 0; -EINPROGRESS if the record must be written; or another errno for the call. */
static int dnlm_monitor_check(const struct dnlm_asker *asker, struct dnfs_call *call, bool reclaim)
{
	struct dnlm_host *host = asker->host;

	lockdep_assert_held(&host->lock);
	if (host->on_record)
		return 0;
	/* Such a claim is refused anyway. */
	if (reclaim && (!host->known || host->lost))
		return -ENOGRACE;
	if (host->lost || asker->client->withdrawn)
		return -EJUKEBOX;
	/* The address is not updated: it identifies the host. */
	host->way.udp = call->datagram;
	ditto_addr_map(call->local, &host->way.local);
	return -EINPROGRESS;
}

int dnlm_monitor_add(const struct dnlm_asker *asker, struct dnfs_call *call, bool reclaim)
{
	struct dnlm_host *host = asker->host;
	int err;

	if (!READ_ONCE(host->nlm->state))
		return -EPERM;
	if (reclaim)
		dnlm_host_told(host);
	if (likely(READ_ONCE(host->on_record)))
		return 0;

	mutex_lock(&host->lock);
	err = dnlm_monitor_check(asker, call, reclaim);
	mutex_unlock(&host->lock);
	if (err == -EINPROGRESS) {
		if (call->record_awaited && !ditto_task_is_busy(&host->record))
			return -ENOLCK;
		if (!call->record_awaited) {
			ditto_task_start(&host->record);
			dnfs_await_record(call, &host->record);
		}
		err = -EJUKEBOX;
	}
	if (err == -EJUKEBOX && reclaim)
		call->dropped = true;
	return err;
}

int dnlm_monitor_drop(struct dnlm_host *host)
{
	struct dnlm_record *rec;
	int err;

	lockdep_assert_held(&host->record_lock);
	if (!host->recorded)
		return 0;
	mutex_lock(&host->lock);
	rec = dnlm_record_of(host);
	mutex_unlock(&host->lock);
	err = rec ? dnlm_record_del(host->nlm->srv, rec) : -ENOMEM;
	kfree(rec);
	if (!err)
		WRITE_ONCE(host->recorded, false);
	return err;
}

int dnlm_monitor_withdraw(struct dnlm_client *dc)
{
	struct dnlm_host *host = dc->host;
	int err = 0;
	bool mine;

	mutex_lock(&host->record_lock);
	mutex_lock(&host->lock);
	/* The record belongs to the present client of the host. */
	mine = dnlm_host_client_locked(host) == dc;
	if (mine) {
		dc->withdrawn = true;
		WRITE_ONCE(host->on_record, false);
	}
	mutex_unlock(&host->lock);
	if (mine)
		err = dnlm_monitor_drop(host);
	if (err) {
		/* The record may be gone: it is written again before the next claim. */
		mutex_lock(&host->lock);
		dc->withdrawn = false;
		mutex_unlock(&host->lock);
	}
	mutex_unlock(&host->record_lock);
	if (err)
		pr_warn_ratelimited("%s keeps what it has: its record cannot be removed (error %d); is dittod running?\n",
				    host->label, err);
	return err;
}

size_t dnlm_known_id(const struct dnlm_host *host, u8 id[DNLM_KNOWN_ID])
{
	size_t len = min_t(size_t, host->name_len, DNLM_KNOWN_ID - sizeof(host->way.addr));

	memcpy(id, &host->way.addr, sizeof(host->way.addr));
	memcpy(id + sizeof(host->way.addr), host->name, len);
	return sizeof(host->way.addr) + len;
}

int dnlm_monitor_restore(struct dnlm_server *nlm, const struct dnlm_record *rec)
{
	struct dnlm_bytes name = { rec->name_len, rec->name };
	struct dnlm_way way = {
		.addr = rec->addr,
		.local = rec->local,
		.scope = rec->scope,
		.udp = rec->udp,
	};
	struct dnlm_host *host;
	u8 id[DNLM_KNOWN_ID];
	int err;

	host = dnlm_host_get(nlm, &way, &name, true);
	if (IS_ERR(host))
		return PTR_ERR(host);
	err = ditto_grace_know(dnlm_table(nlm), id, dnlm_known_id(host, id),
			       DITTO_KNOWN_RANGES);
	mutex_lock(&host->lock);
	host->way = way;
	/* A host that restarted meanwhile has sent a newer state. */
	if (!host->state)
		host->state = rec->state;
	host->known = !err;
	WRITE_ONCE(host->untold, true);
	WRITE_ONCE(host->recorded, true);
	WRITE_ONCE(host->on_record, host->state == rec->state);
	mutex_unlock(&host->lock);
	dnlm_host_put(host);
	return err;
}
