// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hosts and their clients in the lock table.
 *
 * Locking: nlm->hosts_lock guards the table, which is also read under RCU, as is a host's client.
 * host->lock guards the members of a host. A client is released, and the helper is asked, with
 * neither of them held.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "../../../net/server.h"
#include "../../../lockd/grace.h"
#include "../../../net/peer.h"
#include "../rpc/call.h"
#include "grant.h"
#include "host.h"
#include "monitor.h"
#include "nlm.h"
#include "share.h"
#include "sharer.h"
#include "trace.h"

/* Addresses and transport of a call. */
void dnlm_route_of(const struct dnfs_call *call, struct dnlm_route *route)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)call->addr;

	*route = (struct dnlm_route) {
		.scope = call->addr->sa_family == AF_INET6 ? sin6->sin6_scope_id : 0,
		.udp = call->datagram,
	};
	ditto_addr_map(call->addr, &route->addr);
	ditto_addr_map(call->local, &route->local);
}

/* Convert an address for a socket. Return: length of the socket address. */
size_t dnlm_sockaddr(const struct in6_addr *addr, u32 scope, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;

	memset(ss, 0, sizeof(*ss));
	if (ipv6_addr_v4mapped(addr)) {
		sin->sin_family = AF_INET;
		sin->sin_addr.s_addr = addr->s6_addr32[3];
		return sizeof(*sin);
	}
	sin6->sin6_family = AF_INET6;
	sin6->sin6_addr = *addr;
	sin6->sin6_scope_id = scope;
	return sizeof(*sin6);
}

/* Length of the name up to the first dot. */
static u32 dnlm_label(const struct dnlm_bytes *name)
{
	const u8 *dot = memchr(name->data, '.', name->len);

	return dot ? dot - name->data : name->len;
}

/*
 * Compare two names of hosts. Letter case is ignored, and so is the domain if only one of the names
 * has one. Return: true if both may name the same host.
 */
bool dnlm_same_name(const struct dnlm_bytes *a, const struct dnlm_bytes *b)
{
	u32 len = min(a->len, b->len);

	/* Both have the same length, or one has a domain and the other has none. */
	if (!len || (a->len != b->len && dnlm_label(a->len < b->len ? b : a) != len))
		return false;
	return !strncasecmp((const char *)a->data, (const char *)b->data, len);
}

/* A host is trusted for its users when it locks: the machine itself is charged. */
static int dnlm_host_charge(struct dnlm_host *host)
{
	return ditto_principal_init(&host->who, host->nlm->srv, &host->route.addr, DITTO_TRUST_USER,
				    INVALID_UID) ?:
	       ditto_charge(&host->charge, &host->who, DITTO_BUDGET_CLIENTS, 1);
}

static void dnlm_host_uncharge(struct dnlm_host *host)
{
	ditto_uncharge(&host->charge);
	ditto_principal_exit(&host->who);
}

static void dnlm_host_free_rcu(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct dnlm_host, rcu));
}

/* Drop a reference to a host. Context: does not sleep; the host is freed by RCU. */
void dnlm_host_put(struct dnlm_host *host)
{
	if (!refcount_dec_and_test(&host->ref))
		return;
	ditto_recorder_put(host->recorder);
	dnlm_host_uncharge(host);
	call_rcu(&host->rcu, dnlm_host_free_rcu);
}

/* Return: the host, held; otherwise NULL, and @names is the number of names at the address. */
static struct dnlm_host *dnlm_host_find(struct dnlm_server *nlm, const struct in6_addr *addr,
					const struct dnlm_bytes *name, unsigned int *names)
{
	struct dnlm_host *host;

	lockdep_assert_held(&nlm->hosts_lock);
	*names = 0;
	hash_for_each_possible(nlm->hosts, host, hash, dnlm_host_hash(nlm, addr)) {
		if (!ipv6_addr_equal(&host->route.addr, addr))
			continue;
		if (host->name_len == name->len && !memcmp(host->name, name->data, name->len)) {
			refcount_inc(&host->ref);
			return host;
		}
		(*names)++;
	}
	return NULL;
}

static struct dnlm_host *dnlm_host_alloc(struct dnlm_server *nlm, const struct dnlm_route *route,
					 const struct dnlm_bytes *name)
{
	struct dnlm_host *host = kzalloc(struct_size(host, name, name->len), GFP_KERNEL);
	char addr[DITTO_ADDR_TEXT];

	if (!host)
		return NULL;
	host->nlm = nlm;
	refcount_set(&host->ref, 2);
	mutex_init(&host->lock);
	host->route = *route;
	host->used = jiffies;
	host->name_len = name->len;
	memcpy(host->name, name->data, name->len);
	scnprintf(host->label, sizeof(host->label), "%*pE (%s)", (int)min(name->len, 64U),
		  name->data, ditto_addr_text(&route->addr, addr));
	return host;
}

/* Frees a host that was never in the table. NULL is allowed. */
static void dnlm_host_discard(struct dnlm_host *host)
{
	if (!host)
		return;
	ditto_recorder_put(host->recorder);
	dnlm_host_uncharge(host);
	kfree(host);
}

/*
 * Find the host with a name and an address. Return: the host, to be put, or an ERR_PTR: -ENOENT
 * (not found and not to be created), -EINVAL (invalid name), -ENOLCK (too many), -ENOMEM.
 */
struct dnlm_host *dnlm_host_get(struct dnlm_server *nlm, const struct dnlm_route *route,
				const struct dnlm_bytes *name, bool create)
{
	struct dnlm_host *host, *new = NULL;
	unsigned int names;
	int err;

	if (!name->len || memchr(name->data, '\0', name->len))
		return ERR_PTR(-EINVAL);

	spin_lock(&nlm->hosts_lock);
	host = dnlm_host_find(nlm, &route->addr, name, &names);
	spin_unlock(&nlm->hosts_lock);
	if (host) {
		WRITE_ONCE(host->used, jiffies);
		return host;
	}
	if (!create)
		return ERR_PTR(-ENOENT);

	new = dnlm_host_alloc(nlm, route, name);
	if (!new)
		return ERR_PTR(-ENOMEM);
	err = dnlm_host_charge(new) ?: dnlm_monitor_init(new);
	if (err) {
		dnlm_host_discard(new);
		return ERR_PTR(err == -EDQUOT || err == -EINVAL ? -ENOLCK : err);
	}

	spin_lock(&nlm->hosts_lock);
	host = dnlm_host_find(nlm, &route->addr, name, &names);
	if (!host && names < DNLM_NAMES_PER_ADDR && nlm->nhosts < DNLM_HOSTS_MAX) {
		hash_add_rcu(nlm->hosts, &new->hash, dnlm_host_hash(nlm, &route->addr));
		nlm->nhosts++;
		host = new;
		new = NULL;
	}
	spin_unlock(&nlm->hosts_lock);
	dnlm_host_discard(new);
	if (!host) {
		pr_warn_ratelimited("%pI6c: too many hosts lock, \"%*pE\" may not\n",
				    &route->addr, (int)name->len, name->data);
		return ERR_PTR(-ENOLCK);
	}
	return host;
}

/* Callback of the lock table: all claims of the client are released. */
static void dnlm_client_released(struct ditto_client *client)
{
	struct dnlm_client *dc = dnlm_client_of(client);

	dnlm_shares_drop(dc);
	dnlm_grants_drop(dc);
}

/* The wake-up comes last: a waiter for the last client may free the server. */
static void dnlm_client_free_rcu(struct rcu_head *rcu)
{
	struct dnlm_client *dc = container_of(rcu, struct dnlm_client, rcu);
	struct dnlm_server *nlm = dc->host->nlm;

	dnlm_host_put(dc->host);
	kfree(dc);
	if (atomic_dec_and_test(&nlm->clients))
		wake_up_all(&nlm->idle);
}

static void dnlm_client_free(struct ditto_client *client)
{
	call_rcu(&dnlm_client_of(client)->rcu, dnlm_client_free_rcu);
}

static int dnlm_client_withdraw(struct ditto_client *client)
{
	return dnlm_monitor_withdraw(dnlm_client_of(client));
}

static const struct ditto_client_ops dnlm_client_ops = {
	.withdraw = dnlm_client_withdraw,
	.released = dnlm_client_released,
	.free = dnlm_client_free,
};

static struct dnlm_client *dnlm_client_alloc(struct dnlm_host *host)
{
	struct dnlm_client *dc = kzalloc(sizeof(*dc), GFP_KERNEL);
	u8 id[DNLM_KNOWN_ID];

	lockdep_assert_held(&host->lock);
	if (!dc)
		return NULL;
	refcount_inc(&host->ref);
	dc->host = host;
	dc->token = ditto_recorder_token(host->nlm->recorders);
	mutex_init(&dc->shares_lock);
	dc->shares = RB_ROOT;
	atomic_inc(&host->nlm->clients);
	/*
	 * READ and WRITE of a host come by NFSv3, without a lock owner and without its name: there
	 * may be several at the address.
	 */
	dc->client.machine = dnlm_host_hash(host->nlm, &host->route.addr) | 1;
	/* NLM has no connection or lease that would show whether a host is alive. */
	ditto_client_init(&dc->client, host->nlm->srv->locks, &dnlm_client_ops, "nlm",
			  host->label, DITTO_CLIENT_TTL_NEVER);
	ditto_client_charge(&dc->client, &host->who);
	ditto_client_identify(&dc->client, "", &host->route.addr);
	if (host->known)
		ditto_grace_admit(&dc->client, id, dnlm_known_id(host, id));
	return dc;
}

/* The present client of a host, or NULL. The lock of the host is held. */
struct dnlm_client *dnlm_host_client_locked(const struct dnlm_host *host)
{
	return rcu_dereference_protected(host->client, lockdep_is_held(&host->lock));
}

/*
 * Get the client for a host's new claims. Creates a client if there is none or if the old one was
 * released. Context: takes host->lock. Return: the client, to be put with ditto_client_put(), or an
 * ERR_PTR: -ENOMEM; -ESHUTDOWN if the host was removed from the table.
 */
struct dnlm_client *dnlm_host_client(struct dnlm_host *host)
{
	struct dnlm_client *dc, *old = NULL;

	mutex_lock(&host->lock);
	dc = dnlm_host_client_locked(host);
	/* The administrator may have released it. */
	if (dc && READ_ONCE(dc->client.dead)) {
		old = dc;
		dc = NULL;
		RCU_INIT_POINTER(host->client, NULL);
	}
	if (host->gone) {
		dc = ERR_PTR(-ESHUTDOWN);
	} else {
		if (!dc)
			dc = dnlm_client_alloc(host);
		rcu_assign_pointer(host->client, dc);
		if (dc)
			ditto_client_hold(&dc->client);
		else
			dc = ERR_PTR(-ENOMEM);
	}
	mutex_unlock(&host->lock);
	if (old)
		ditto_client_put(&old->client);
	return dc;
}

/*
 * Get the present client of a host. Context: takes host->lock. Return: the client, to be put with
 * ditto_client_put(), or NULL.
 */
struct dnlm_client *dnlm_host_client_now(struct dnlm_host *host)
{
	struct dnlm_client *dc;

	mutex_lock(&host->lock);
	dc = dnlm_host_client_locked(host);
	if (dc)
		ditto_client_hold(&dc->client);
	mutex_unlock(&host->lock);
	return dc;
}

/*
 * Release all that a host holds and waits for. Claims it held before our restart cannot be
 * reclaimed any more. Context: takes host->lock.
 */
void dnlm_host_release(struct dnlm_host *host, const char *why)
{
	struct dnlm_client *dc;

	mutex_lock(&host->lock);
	dc = dnlm_host_client_locked(host);
	RCU_INIT_POINTER(host->client, NULL);
	/* It cannot reclaim the locks that it held before our restart either. */
	host->known = false;
	WRITE_ONCE(host->untold, false);
	mutex_unlock(&host->lock);
	if (!dc)
		return;
	trace_dnlm_released(host, why);
	ditto_client_release(&dc->client, why);
	ditto_client_put(&dc->client);
}

/* Tells the grace period that the host has nothing to reclaim. That needs a client. */
static void dnlm_host_done(struct dnlm_host *host)
{
	struct dnlm_client *dc;

	if (!READ_ONCE(host->known))
		return;
	dc = dnlm_host_client(host);
	if (IS_ERR(dc))
		return;
	ditto_grace_done(&dc->client);
	ditto_client_put(&dc->client);
}

/*
 * Handle a host's notice that it restarted. The notice is believed if the state moved forward or
 * was unknown; then all that the host held is released. The state in a LOCK request is not used:
 * hosts that share a kernel, such as containers, send the same state there but have one of their
 * own each. Context: takes host->lock. Return: true if the notice was believed.
 */
bool dnlm_host_restarted(struct dnlm_host *host, u32 state)
{
	bool forward;

	mutex_lock(&host->lock);
	forward = state && (!host->state || (s32)(state - host->state) > 0);
	if (forward)
		host->state = state;
	mutex_unlock(&host->lock);
	if (forward) {
		pr_info("%s was restarted: its locks are released\n", host->label);
		dnlm_host_done(host);
		dnlm_host_release(host, "the client was restarted");
	}
	return forward;
}

/*
 * Note that a host knows of our restart, or that it does not matter. Context: takes host->lock.
 * Return: false if that was known before.
 */
bool dnlm_host_notified(struct dnlm_host *host)
{
	bool untold;

	mutex_lock(&host->lock);
	untold = host->untold;
	WRITE_ONCE(host->untold, false);
	mutex_unlock(&host->lock);
	return untold;
}

static void dnlm_host_removed(struct ditto_recorder_wait *wait, int err)
{
	struct dnlm_host *host = container_of(wait, struct dnlm_host, removal);
	struct dnlm_server *nlm = host->nlm;

	if (!err) {
		dnlm_host_done(host);
		dnlm_host_release(host, "the client does not answer");
	}
	mutex_lock(&host->lock);
	host->lost = false;
	mutex_unlock(&host->lock);
	if (atomic_dec_and_test(&nlm->lost))
		ditto_records_forget_again(nlm->srv);
	dnlm_host_put(host);
}

/*
 * Handle a host that did not answer the notice of our restart in time. Deletes its record in the
 * background, and then releases all it holds. Then it may not reclaim, at a later restart either.
 * Until the record is deleted it keeps its claims, and gets no others. Context: takes host->lock.
 */
void dnlm_host_lost(struct dnlm_host *host)
{
	mutex_lock(&host->lock);
	if (!host->lost && !host->gone) {
		host->lost = true;
		atomic_inc(&host->nlm->lost);
		refcount_inc(&host->ref);
		host->removal.done = dnlm_host_removed;
		dnlm_monitor_drop(host, &host->removal);
	}
	mutex_unlock(&host->lock);
}

/* A copy of the table's hosts, so that a visitor may sleep. */
struct dnlm_visit {
	struct dnlm_host **host;
	unsigned int count;
	unsigned int size;
};

static void dnlm_visit_add(struct dnlm_visit *visit, struct dnlm_host *host)
{
	if (visit->count == visit->size)
		return;
	refcount_inc(&host->ref);
	visit->host[visit->count++] = host;
}

static void dnlm_visit_all(struct dnlm_visit *visit,
			   void (*fn)(struct dnlm_host *host, void *arg), void *arg)
{
	unsigned int i;

	for (i = 0; i < visit->count; i++) {
		fn(visit->host[i], arg);
		dnlm_host_put(visit->host[i]);
	}
	kvfree(visit->host);
}

/*
 * Call a function for all hosts at an address. @fn: may sleep; the host is held during the call.
 * Does nothing without memory.
 */
void dnlm_host_for_addr(struct dnlm_server *nlm, const struct in6_addr *addr,
			void (*fn)(struct dnlm_host *host, void *arg), void *arg)
{
	struct dnlm_visit visit = { .size = DNLM_NAMES_PER_ADDR };
	struct dnlm_host *host;

	visit.host = kvmalloc_array(visit.size, sizeof(*visit.host), GFP_KERNEL);
	if (!visit.host)
		return;
	spin_lock(&nlm->hosts_lock);
	hash_for_each_possible(nlm->hosts, host, hash, dnlm_host_hash(nlm, addr))
		if (ipv6_addr_equal(&host->route.addr, addr))
			dnlm_visit_add(&visit, host);
	spin_unlock(&nlm->hosts_lock);
	dnlm_visit_all(&visit, fn, arg);
}

/*
 * Call a function for all hosts. @fn: may sleep; the host is held during the call. Does nothing
 * without memory.
 */
void dnlm_host_for_each(struct dnlm_server *nlm,
			void (*fn)(struct dnlm_host *host, void *arg), void *arg)
{
	struct dnlm_visit visit = { .size = READ_ONCE(nlm->nhosts) };
	struct dnlm_host *host;
	int i;

	if (!visit.size)
		return;
	visit.host = kvmalloc_array(visit.size, sizeof(*visit.host), GFP_KERNEL);
	if (!visit.host)
		return;
	spin_lock(&nlm->hosts_lock);
	hash_for_each(nlm->hosts, i, host, hash)
		dnlm_visit_add(&visit, host);
	spin_unlock(&nlm->hosts_lock);
	dnlm_visit_all(&visit, fn, arg);
}

static bool dnlm_holds_nothing(const struct dnlm_client *dc)
{
	return !dc || (!ditto_client_claims(&dc->client) && !atomic_read(&dc->client.waiting));
}

/* Removes a host from the table, so that it gets no new claims. */
static void dnlm_host_unhash(struct dnlm_host *host)
{
	struct dnlm_server *nlm = host->nlm;
	bool put;

	lockdep_assert_held(&host->lock);
	spin_lock(&nlm->hosts_lock);
	put = !host->gone;
	if (put) {
		hash_del_rcu(&host->hash);
		nlm->nhosts--;
	}
	host->gone = true;
	spin_unlock(&nlm->hosts_lock);
	if (put)
		dnlm_host_put(host);
}

static bool dnlm_host_is_idle(const struct dnlm_host *host)
{
	lockdep_assert_held(&host->lock);
	return time_after(jiffies, READ_ONCE(host->used) + DNLM_HOST_IDLE_S * HZ) &&
	       dnlm_holds_nothing(dnlm_host_client_locked(host));
}

static void dnlm_host_gc(struct dnlm_host *host, void *arg)
{
	struct dnlm_server *nlm = host->nlm;
	bool *full = arg, idle;

	/* So the record of a new host waits for few removals only. */
	*full = *full || atomic_read(&nlm->recorders->busy[DITTO_RECORD_MONITORED_HOST]) >=
		DNLM_REMOVALS_MAX;
	if (*full)
		return;
	mutex_lock(&host->lock);
	/* A request sets @used and then takes the lock, so it is seen here, or sees @gone. */
	idle = dnlm_host_is_idle(host) && !host->lost;
	if (idle) {
		dnlm_monitor_drop(host, NULL);
		dnlm_host_unhash(host);
	}
	mutex_unlock(&host->lock);
	/* A request that came in between finds it gone; its retry creates another host. */
	if (idle)
		dnlm_host_release(host, "idle");
}

static void dnlm_hosts_gc(struct work_struct *work)
{
	struct dnlm_server *nlm = container_of(work, struct dnlm_server, gc.work);
	bool full = false;

	dnlm_host_for_each(nlm, dnlm_host_gc, &full);
	queue_delayed_work(system_unbound_wq, &nlm->gc,
			   (full ? DNLM_GC_S : DNLM_HOST_IDLE_S / 4) * HZ);
}

static void dnlm_host_end(struct dnlm_host *host, void *arg)
{
	dnlm_host_release(host, "the server ends");
	mutex_lock(&host->lock);
	dnlm_host_unhash(host);
	mutex_unlock(&host->lock);
}

void dnlm_hosts_init(struct dnlm_server *nlm)
{
	spin_lock_init(&nlm->hosts_lock);
	get_random_bytes(&nlm->hosts_key, sizeof(nlm->hosts_key));
	hash_init(nlm->hosts);
	atomic_set(&nlm->clients, 0);
	INIT_DELAYED_WORK(&nlm->gc, dnlm_hosts_gc);
	queue_delayed_work(system_unbound_wq, &nlm->gc, DNLM_HOST_IDLE_S * HZ / 4);
}

void dnlm_hosts_exit(struct dnlm_server *nlm)
{
	disable_delayed_work_sync(&nlm->gc);
	/* Waits for removals hold hosts. */
	ditto_tasks_drain(&nlm->recorders->tasks);
	/* The copy of the table may fail for lack of memory: retry until all hosts are gone. */
	while (READ_ONCE(nlm->nhosts)) {
		dnlm_host_for_each(nlm, dnlm_host_end, NULL);
		cond_resched();
	}
	wait_event(nlm->idle, !atomic_read(&nlm->clients));
	/* dnlm_client_free_rcu() may still be about to wake whom it let go. */
	rcu_barrier();
}
