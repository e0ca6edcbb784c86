// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of hosts on stable storage, kept by the helper. host->recorded and host->outdated say
 * whether the record is up to date; both are written under host->lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "../../../lockd/grace.h"
#include "../../../net/peer.h"
#include "../../../net/server.h"
#include "../rpc/call.h"
#include "host.h"
#include "monitor.h"
#include "nlm.h"
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

int dnlm_monitor_add(struct dnlm_host *host, const struct dnfs_call *call)
{
	struct dnlm_server *nlm = host->nlm;
	struct dnlm_record *rec;
	int err = 0;

	if (!READ_ONCE(nlm->recovered))
		return -EPERM;
	if (READ_ONCE(host->recorded) && !READ_ONCE(host->outdated))
		return 0;

	mutex_lock(&host->lock);
	if (host->recorded && !host->outdated)
		goto unlock;
	/* The address is not updated: it identifies the host. */
	host->way.udp = call->datagram;
	ditto_addr_map(call->local, &host->way.local);
	rec = dnlm_record_of(host);
	err = rec ? dnlm_record_add(nlm->srv, rec) : -ENOMEM;
	kfree(rec);
	if (!err) {
		WRITE_ONCE(host->outdated, false);
		WRITE_ONCE(host->recorded, true);
	}
unlock:
	mutex_unlock(&host->lock);
	if (err) {
		pr_warn_ratelimited("%s may not lock: it cannot be recorded (error %d); is dittod running?\n",
				    host->label, err);
		return -ENOLCK;
	}
	return 0;
}

int dnlm_monitor_drop_locked(struct dnlm_host *host)
{
	struct dnlm_record *rec;
	int err;

	lockdep_assert_held(&host->lock);
	if (!host->recorded)
		return 0;
	rec = dnlm_record_of(host);
	err = rec ? dnlm_record_del(host->nlm->srv, rec) : -ENOMEM;
	kfree(rec);
	if (!err)
		WRITE_ONCE(host->recorded, false);
	return err;
}

int dnlm_monitor_drop(struct dnlm_host *host)
{
	int err;

	mutex_lock(&host->lock);
	err = dnlm_monitor_drop_locked(host);
	mutex_unlock(&host->lock);
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
	WRITE_ONCE(host->recorded, true);
	mutex_unlock(&host->lock);
	dnlm_host_put(host);
	return err;
}
