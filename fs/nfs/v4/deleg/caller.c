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
#include <linux/in6.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/sunrpc/addr.h>

#include "../../rpc/sunrpc_glue.h"
#include "../engine/server.h"
#include "caller.h"
#include "delegations.h"

#define BUCKETS		512

/**
 * struct caller - a connection and its client
 * @conn: the connection; no reference, only for comparison
 * @addr: address and port of the client, which distinguish connections that reuse the same memory
 * @id: clientid4; 0 if there is none
 */
struct caller {
	const struct svc_xprt *conn;
	union {
		struct sockaddr sa;
		struct sockaddr_in sin;
		struct sockaddr_in6 sin6;
	} addr;
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
		struct caller caller[DNFS4_CALLERS_PER_CONN];
	} bucket[BUCKETS];
};

static u32 bucket_of(const struct svc_xprt *conn)
{
	return hash_ptr(conn, ilog2(BUCKETS));
}

static struct caller *caller_find(struct dnfs4_callers *callers, const struct svc_xprt *conn,
				  const struct sockaddr *addr)
{
	struct caller *caller = callers->bucket[bucket_of(conn)].caller;

	lockdep_assert_held(&callers->bucket[bucket_of(conn)].lock);
	for (int i = 0; i < DNFS4_CALLERS_PER_CONN; i++)
		if (caller[i].conn == conn && rpc_cmp_addr_port(&caller[i].addr.sa, addr))
			return &caller[i];
	return NULL;
}

/*
 * Find the client of a connection. The memory of a connection is used again for others, so the
 * address must match as a whole. Context: process; does not sleep. Return: the clientid4; 0 if it
 * is not known.
 */
u64 dnfs4_caller_id(struct dnfs4_callers *callers, const struct svc_xprt *conn,
		    const struct sockaddr *addr)
{
	u32 b = bucket_of(conn);
	struct caller *caller;
	u64 id;

	spin_lock(&callers->bucket[b].lock);
	caller = caller_find(callers, conn, addr);
	id = caller ? caller->id : 0;
	spin_unlock(&callers->bucket[b].lock);
	return id;
}

/* Set the client of a connection. Context: process; does not sleep. */
void dnfs4_caller_set(struct dnfs4_callers *callers, const struct svc_xprt *conn,
		      const struct sockaddr *addr, u64 id)
{
	u32 b = bucket_of(conn), next;
	struct caller *caller;

	spin_lock(&callers->bucket[b].lock);
	caller = caller_find(callers, conn, addr);
	if (!caller) {
		next = callers->bucket[b].next++ % DNFS4_CALLERS_PER_CONN;
		caller = &callers->bucket[b].caller[next];
		caller->conn = conn;
		rpc_copy_addr(&caller->addr.sa, addr);
		rpc_set_port(&caller->addr.sa, rpc_get_port(addr));
	}
	caller->id = id;
	spin_unlock(&callers->bucket[b].lock);
}

/*
 * Set the client of a COMPOUND from its connection. @cmp: at the start of a 4.0 COMPOUND;
 * @cmp->client is set with a reference, if known.
 */
void dnfs4_caller_guess(struct dnfs4_compound *cmp)
{
	struct dnfs4_callers *callers = READ_ONCE(cmp->server->delegations->callers);
	struct dnfs_call *call = cmp->call;
	struct dnfs4_client *client;
	u64 id;

	/* Over RDMA, ports do not distinguish connections that reuse the same memory. */
	if (!callers || !call->conn || dnfs_xprt_is_rdma(call->conn))
		return;
	id = dnfs4_caller_id(callers, call->conn, call->addr);
	if (id && dnfs4_client_find(cmp->server, id, 0, &client) == NFS4_OK)
		cmp->client = client;
}

/* Allocate an empty table. Context: may sleep. Return: the table, or NULL without memory. */
struct dnfs4_callers *dnfs4_callers_alloc(void)
{
	struct dnfs4_callers *callers = kvzalloc(sizeof(*callers), GFP_KERNEL);

	if (!callers)
		return NULL;
	for (int i = 0; i < BUCKETS; i++)
		spin_lock_init(&callers->bucket[i].lock);
	return callers;
}

static struct dnfs4_callers *callers_make(struct dnfs4_delegations *all)
{
	struct dnfs4_callers *callers = dnfs4_callers_alloc();

	if (!callers || !cmpxchg(&all->callers, NULL, callers))
		return callers;
	dnfs4_callers_free(callers);
	return READ_ONCE(all->callers);
}

/* Remember the client of a connection. */
void dnfs4_caller_note(struct dnfs4_compound *cmp)
{
	struct dnfs4_delegations *all = cmp->server->delegations;
	struct dnfs_call *call = cmp->call;
	struct dnfs4_callers *callers;

	if (!call->conn || dnfs_xprt_is_rdma(call->conn))
		return;
	callers = READ_ONCE(all->callers) ?: callers_make(all);
	if (callers)
		dnfs4_caller_set(callers, call->conn, call->addr, cmp->client->id);
}

/* Free the table of a server; NULL is allowed. */
void dnfs4_callers_free(struct dnfs4_callers *callers)
{
	kvfree(callers);
}
