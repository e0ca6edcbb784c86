// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients of NFSv4.0: SETCLIENTID, SETCLIENTID_CONFIRM and RENEW
 * (RFC 7530 sections 16.33, 16.34 and 16.29).
 *
 * The data of a SETCLIENTID is pending until it is confirmed. For a new client or a new
 * incarnation, it is pending with a new unconfirmed client record. If only the callback
 * changes, it is pending with the confirmed record, and the old callback stays in use until
 * then.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/in6.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../server.h"
#include "../deleg/cb_dial.h"
#include "../engine/ops.h"
#include "../engine/server.h"
#include "client_private.h"
#include "principal.h"

/* Longest r_netid and r_addr returned: an IPv6 address with scope and port. */
#define DNFS4_NETID_MAX		8
#define DNFS4_UADDR_MAX		80

struct setclientid_args {
	struct dnfs4_client_id id;
	u32 program;
	u32 ident;
	u32 netid_len;
	u32 uaddr_len;
	const char *netid;
	const char *uaddr;
};

struct setclientid_res {
	u64 id;
	u8 confirm[NFS4_VERIFIER_SIZE];
	char netid[DNFS4_NETID_MAX];
	char uaddr[DNFS4_UADDR_MAX];
};

static u32 setclientid_decode(struct dnfs4_compound *cmp, void *argp)
{
	struct setclientid_args *args = argp;
	const void *data;
	u32 status;

	status = dnfs4_decode_client_id(cmp, &args->id);
	if (status)
		return status;
	if (xdr_stream_decode_u32(cmp->in, &args->program))
		return NFS4ERR_BADXDR;
	status = dnfs4_decode_opaque(cmp, PAGE_SIZE, &data, &args->netid_len);
	if (status)
		return status;
	args->netid = data;
	status = dnfs4_decode_opaque(cmp, PAGE_SIZE, &data, &args->uaddr_len);
	if (status)
		return status;
	args->uaddr = data;
	return xdr_stream_decode_u32(cmp->in, &args->ident) ? NFS4ERR_BADXDR : NFS4_OK;
}

/* The clientaddr4 of NFS4ERR_CLID_INUSE: the address of the client with that owner string. */
static void setclientid_in_use(const struct dnfs4_client *client, struct setclientid_res *res)
{
	const char *open = strrchr(client->client.name, '(');

	strscpy(res->netid, open && strchr(open, ':') ? "tcp6" : "tcp");
	if (!open)
		return;
	/* The port is not kept. */
	scnprintf(res->uaddr, sizeof(res->uaddr), "%.*s.0.0", (int)strcspn(open + 1, ")"),
		  open + 1);
}

static u32 setclientid_exec(struct dnfs4_compound *cmp, void *argp, void *resp)
{
	struct dnfs4_clients *clients = cmp->server->clients;
	struct dnfs4_client *confirmed, *unconfirmed, *client, *replaced = NULL;
	const struct setclientid_args *args = argp;
	const struct sockaddr *local = cmp->call->local;
	struct setclientid_res *res = resp;
	struct dnfs4_pending *pending;
	u32 status = NFS4_OK;
	bool same, mine;

	pending = kzalloc(sizeof(*pending), GFP_KERNEL);
	if (!pending)
		return NFS4ERR_DELAY;
	get_random_bytes(pending->confirm, sizeof(pending->confirm));
	pending->addr.program = args->program;
	pending->addr.ident = args->ident;
	memcpy(&pending->addr.local, local, local->sa_family == AF_INET6 ?
	       sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
	/* An unusable address is no error: such a client gets no callbacks. */
	dnfs4_callback_parse(cmp->call->server->net, args->netid, args->netid_len, args->uaddr,
			     args->uaddr_len, &pending->addr.addr);
	if (pending->addr.addr.ss_family &&
	    !dnfs4_dial_is_allowed(&pending->addr, cmp->call->addr)) {
		pr_info_ratelimited("%pISc is not called back: it asks for program %#x at %pISpc, which is not its own address, or a reserved port or program\n",
				    cmp->call->addr, args->program, &pending->addr.addr);
		memset(&pending->addr.addr, 0, sizeof(pending->addr.addr));
	}

	mutex_lock(&clients->lock);
	dnfs4_client_by_owner(clients, 0, &args->id, &confirmed, &unconfirmed);
	same = confirmed && !memcmp(confirmed->verifier, args->id.verifier, NFS4_VERIFIER_SIZE);
	mine = confirmed && (same ? dnfs4_principal_matches(confirmed, cmp->call) :
				    dnfs4_principal_may_restart(confirmed, cmp->call));
	if (confirmed && !mine && dnfs4_client_keeps_name(confirmed)) {
		setclientid_in_use(confirmed, res);
		status = NFS4ERR_CLID_INUSE;
		goto unlock;
	}
	/* The same incarnation: only the callback changes (RFC 7530 section 16.33.5). */
	client = same && mine ? confirmed : dnfs4_client_make(cmp, &args->id);
	if (!client) {
		status = NFS4ERR_DELAY;
		goto unlock;
	}
	if (unconfirmed) {
		dnfs4_client_hold(unconfirmed);
		dnfs4_client_unhash(unconfirmed);
		replaced = unconfirmed;
	}
	swap(client->pending, pending);
	memcpy(res->confirm, client->pending->confirm, sizeof(res->confirm));
	res->id = client->id;
unlock:
	mutex_unlock(&clients->lock);
	kfree(pending);
	if (replaced) {
		dnfs4_client_end(replaced, "replaced unconfirmed");
		dnfs4_client_put(replaced);
	}
	return status;
}

static bool setclientid_encode(struct dnfs4_compound *cmp, u32 status, const void *resp)
{
	const struct setclientid_res *res = resp;

	if (status == NFS4ERR_CLID_INUSE)
		return xdr_stream_encode_opaque(cmp->out, res->netid, strlen(res->netid)) >= 0 &&
		       xdr_stream_encode_opaque(cmp->out, res->uaddr, strlen(res->uaddr)) >= 0;
	if (status)
		return true;
	return xdr_stream_encode_u64(cmp->out, res->id) >= 0 &&
	       xdr_stream_encode_opaque_fixed(cmp->out, res->confirm, sizeof(res->confirm)) >= 0;
}

static u32 setclientid_reply(const struct dnfs4_compound *cmp, const void *args)
{
	return 8 + DNFS4_NETID_MAX + DNFS4_UADDR_MAX;
}

const struct dnfs4_op dnfs4_op_setclientid = {
	.name = "SETCLIENTID",
	.flags = DNFS4_OP_CHANGES | DNFS4_OP_ALWAYS,
	.argsize = sizeof(struct setclientid_args),
	.ressize = sizeof(struct setclientid_res),
	.decode = setclientid_decode,
	.exec = setclientid_exec,
	.encode = setclientid_encode,
	.reply = setclientid_reply,
};

struct confirm_args {
	u64 id;
	u8 confirm[NFS4_VERIFIER_SIZE];
};

static u32 confirm_decode(struct dnfs4_compound *cmp, void *argp)
{
	struct confirm_args *args = argp;

	if (xdr_stream_decode_u64(cmp->in, &args->id) ||
	    xdr_stream_decode_opaque_fixed(cmp->in, args->confirm, sizeof(args->confirm)) < 0)
		return NFS4ERR_BADXDR;
	return NFS4_OK;
}

/* The cases of RFC 7530 section 16.34.5. */
static u32 confirm_exec(struct dnfs4_compound *cmp, void *argp, void *resp)
{
	struct dnfs4_clients *clients = cmp->server->clients;
	const struct confirm_args *args = argp;
	struct dnfs4_client *client, *confirmed, *unconfirmed, *old = NULL;
	struct dnfs4_pending *pending = NULL;
	struct dnfs4_client_id id;
	bool known;
	u32 status;

	client = dnfs4_client_get(clients, args->id, 0);
	if (!client)
		return NFS4ERR_STALE_CLIENTID;
	mutex_lock(&clients->lock);
	known = test_bit(DNFS4_CLIENT_CONFIRMED, &client->flags);
	status = NFS4ERR_STALE_CLIENTID;
	if (!client->hashed)
		goto unlock;
	status = NFS4ERR_CLID_INUSE;
	if (!dnfs4_principal_matches(client, cmp->call))
		goto unlock;
	if (!client->pending || memcmp(client->pending->confirm, args->confirm,
				       sizeof(args->confirm))) {
		/* A retransmission of a successful SETCLIENTID_CONFIRM. */
		if (known && !memcmp(client->confirm, args->confirm, sizeof(args->confirm)))
			status = NFS4_OK;
		else
			status = NFS4ERR_STALE_CLIENTID;
		goto unlock;
	}
	/* The previous incarnation of the client; it may have got state since the SETCLIENTID. */
	id = (struct dnfs4_client_id){ .len = client->owner_len, .owner = client->owner_string };
	dnfs4_client_by_owner(clients, 0, &id, &confirmed, &unconfirmed);
	if (!known && confirmed && !dnfs4_principal_may_restart(confirmed, cmp->call)) {
		status = dnfs4_client_yield_name(confirmed);
		if (status)
			goto unlock;
	}
	status = NFS4ERR_DELAY;
	if (!known && !dnfs4_principal_confirm(&client->principal, cmp->call))
		goto unlock;
	status = dnfs4_client_admit(client);
	if (status)
		goto unlock;
	swap(client->pending, pending);
	memcpy(client->confirm, args->confirm, sizeof(client->confirm));
	if (known)
		goto unlock;
	if (confirmed) {
		dnfs4_client_hold(confirmed);
		dnfs4_client_unhash(confirmed);
		old = confirmed;
		if (dnfs4_principal_may_restart(old, cmp->call))
			set_bit(DNFS4_CLIENT_INHERITS, &client->flags);
	}
	dnfs4_lease_begin(client);
	set_bit(DNFS4_CLIENT_CONFIRMED, &client->flags);
unlock:
	mutex_unlock(&clients->lock);

	/* Release the state of the old incarnation before the new one can request it. */
	if (old)
		dnfs4_client_succeed(client, old);
	if (pending) {
		dnfs4_reclaim_admit(client);
		dnfs4_callback_set(client, &pending->addr);
	}
	kfree(pending);
	dnfs4_client_put(client);
	return status;
}

const struct dnfs4_op dnfs4_op_setclientid_confirm = {
	.name = "SETCLIENTID_CONFIRM",
	.flags = DNFS4_OP_CHANGES,
	.argsize = sizeof(struct confirm_args),
	.decode = confirm_decode,
	.exec = confirm_exec,
};

static u32 renew_decode(struct dnfs4_compound *cmp, void *args)
{
	return xdr_stream_decode_u64(cmp->in, args) ? NFS4ERR_BADXDR : NFS4_OK;
}

static u32 renew_exec(struct dnfs4_compound *cmp, void *args, void *res)
{
	u32 status = dnfs4_client_of_op(cmp, *(u64 *)args);

	if (status)
		return status;
	/* RFC 7530 section 16.29.4: this error renews the lease, too. */
	if (dnfs4_callback_missed(cmp->client))
		return NFS4ERR_CB_PATH_DOWN;
	return NFS4_OK;
}

const struct dnfs4_op dnfs4_op_renew = {
	.name = "RENEW",
	.argsize = sizeof(u64),
	.decode = renew_decode,
	.exec = renew_exec,
};
