// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clients of connections in NFSv4.0, see caller.h.
 *
 * The table has a fixed size. In a full bucket a new connection replaces another one, whose
 * requests have no known client until one of them names it again.
 *
 * Locking: each bucket has a spinlock.
 */
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/sunrpc/addr.h>

#include "../engine/server.h"
#include "caller.h"
#include "delegations.h"

#define BUCKETS		512
#define PER_BUCKET	8

/**
 * struct caller - a connection and its client
 * @conn: the connection; no reference, only for comparison
 * @port: port of the client, which distinguishes connections that reuse the same memory
 * @id: clientid4; 0 if there is none
 */
struct caller {
	const struct svc_xprt *conn;
	u16 port;
	u64 id;
};

/**
 * struct dnfs4_callers - the table of callers
 * @bucket: buckets, by hash of the connection
 */
struct dnfs4_callers {
	struct {
		spinlock_t lock;	/* guards the bucket */
		u8 next;
		struct caller caller[PER_BUCKET];
	} bucket[BUCKETS];
};

static u32 bucket_of(const struct svc_xprt *conn)
{
	return hash_ptr(conn, ilog2(BUCKETS));
}

static struct caller *caller_find(struct dnfs4_callers *callers, const struct dnfs_call *call)
{
	struct caller *caller = callers->bucket[bucket_of(call->conn)].caller;
	u16 port = rpc_get_port(call->addr);

	for (int i = 0; i < PER_BUCKET; i++)
		if (caller[i].conn == call->conn && caller[i].port == port)
			return &caller[i];
	return NULL;
}

void dnfs4_caller_guess(struct dnfs4_compound *cmp)
{
	struct dnfs4_callers *callers = READ_ONCE(cmp->server->delegations->callers);
	struct dnfs_call *call = cmp->call;
	struct dnfs4_client *client;
	struct caller *caller;
	u64 id = 0;

	if (!callers || !call->conn)
		return;
	spin_lock(&callers->bucket[bucket_of(call->conn)].lock);
	caller = caller_find(callers, call);
	if (caller)
		id = caller->id;
	spin_unlock(&callers->bucket[bucket_of(call->conn)].lock);
	if (id && dnfs4_client_find(cmp->server, id, 0, &client) == NFS4_OK)
		cmp->client = client;
}

static struct dnfs4_callers *callers_make(struct dnfs4_delegations *all)
{
	struct dnfs4_callers *callers = kvzalloc(sizeof(*callers), GFP_KERNEL);

	if (!callers)
		return NULL;
	for (int i = 0; i < BUCKETS; i++)
		spin_lock_init(&callers->bucket[i].lock);
	if (!cmpxchg(&all->callers, NULL, callers))
		return callers;
	kvfree(callers);
	return READ_ONCE(all->callers);
}

void dnfs4_caller_note(struct dnfs4_compound *cmp)
{
	struct dnfs4_delegations *all = cmp->server->delegations;
	struct dnfs4_callers *callers = READ_ONCE(all->callers) ?: callers_make(all);
	struct dnfs_call *call = cmp->call;
	u32 b = bucket_of(call->conn);
	struct caller *caller;

	if (!callers || !call->conn)
		return;
	spin_lock(&callers->bucket[b].lock);
	caller = caller_find(callers, call);
	if (!caller) {
		caller = &callers->bucket[b].caller[callers->bucket[b].next++ % PER_BUCKET];
		caller->conn = call->conn;
		caller->port = rpc_get_port(call->addr);
	}
	caller->id = cmp->client->id;
	spin_unlock(&callers->bucket[b].lock);
}

void dnfs4_callers_free(struct dnfs4_callers *callers)
{
	kvfree(callers);
}
