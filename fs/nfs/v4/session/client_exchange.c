// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients of NFSv4.1 and above: EXCHANGE_ID and DESTROY_CLIENTID (RFC 8881 sections 18.35 and
 * 18.50).
 *
 * EXCHANGE_ID creates an unconfirmed client record, or finds the confirmed one. The comments
 * use the case numbers of section 18.35.4. The tables change under clients->lock; clients that
 * are replaced are released after the lock is dropped.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/printk.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/string_helpers.h>

#include "../../../../net/server.h"
#include "../engine/ops.h"
#include "../engine/server.h"
#include "client_private.h"
#include "principal.h"
#include "session_private.h"

/* Longest nii_name kept. */
#define IMPL_NAME_MAX		128
/* Longest so_major_id and eir_server_scope. */
#define SERVER_NAME_MAX		48

struct exchange_args {
	struct dnfs4_client_id id;
	u32 flags;
	u32 how;
	u32 enforce[DNFS4_OP_WORDS];
	u32 allow[DNFS4_OP_WORDS];
	u32 impl_len;
	const char *impl;
};

struct exchange_res {
	u64 id;
	u32 sequence;
	u32 flags;
	u32 how;
	u32 enforce[DNFS4_OP_WORDS];
	u32 allow[DNFS4_OP_WORDS];
};

/* Decode a bitmap4 of operations; unknown operations are dropped. */
static u32 exchange_decode_ops(struct dnfs4_compound *cmp, u32 ops[DNFS4_OP_WORDS])
{
	static const u32 last = BIT(DNFS4_OP_MAX % 32 + 1) - 1;
	u32 words, word;

	static_assert(DNFS4_OP_MAX / 32 + 1 == DNFS4_OP_WORDS);
	if (xdr_stream_decode_u32(cmp->in, &words) || words > 64)
		return NFS4ERR_BADXDR;
	for (u32 i = 0; i < words; i++) {
		if (xdr_stream_decode_u32(cmp->in, &word))
			return NFS4ERR_BADXDR;
		if (i < DNFS4_OP_WORDS)
			ops[i] = word;
	}
	ops[DNFS4_OP_WORDS - 1] &= last;
	return NFS4_OK;
}

/* Skip an ssv_sp_parms4: SP4_SSV is not supported. */
static u32 exchange_decode_ssv(struct dnfs4_compound *cmp)
{
	u32 ignored[DNFS4_OP_WORDS], count, number, status, len;
	const void *data;

	status = exchange_decode_ops(cmp, ignored) ?: exchange_decode_ops(cmp, ignored);
	for (int lists = 0; !status && lists < 2; lists++) {
		if (xdr_stream_decode_u32(cmp->in, &count) || count > 64)
			return NFS4ERR_BADXDR;
		while (count-- && !status)
			status = dnfs4_decode_opaque(cmp, NFS4_OPAQUE_LIMIT, &data, &len);
	}
	if (status)
		return status;
	if (xdr_stream_decode_u32(cmp->in, &number) || xdr_stream_decode_u32(cmp->in, &number))
		return NFS4ERR_BADXDR;
	return NFS4_OK;
}

static u32 exchange_decode_impl(struct dnfs4_compound *cmp, struct exchange_args *args)
{
	struct timespec64 date;
	const void *data;
	u32 count, len, status;

	if (xdr_stream_decode_u32(cmp->in, &count) || count > 1)
		return NFS4ERR_BADXDR;
	if (!count)
		return NFS4_OK;
	status = dnfs4_decode_opaque(cmp, NFS4_OPAQUE_LIMIT, &data, &len) ?:
		 dnfs4_decode_opaque(cmp, NFS4_OPAQUE_LIMIT, &data, &args->impl_len);
	if (status)
		return status;
	args->impl = data;
	/* nii_date is ignored. */
	return dnfs4_decode_time(cmp->in, &date) == NFS4ERR_BADXDR ? NFS4ERR_BADXDR : NFS4_OK;
}

static u32 exchange_decode(struct dnfs4_compound *cmp, void *argp)
{
	struct exchange_args *args = argp;
	u32 status;

	status = dnfs4_decode_client_id(cmp, &args->id);
	if (status)
		return status;
	if (xdr_stream_decode_u32(cmp->in, &args->flags) ||
	    xdr_stream_decode_u32(cmp->in, &args->how))
		return NFS4ERR_BADXDR;
	switch (args->how) {
	case SP4_NONE:
		break;
	case SP4_MACH_CRED:
		status = exchange_decode_ops(cmp, args->enforce) ?:
			 exchange_decode_ops(cmp, args->allow);
		break;
	case SP4_SSV:
		status = exchange_decode_ssv(cmp);
		break;
	default:
		status = NFS4ERR_BADXDR;
	}
	return status ?: exchange_decode_impl(cmp, args);
}

/* State protection is fixed when the client record is created. */
static struct dnfs4_client *exchange_make(struct dnfs4_compound *cmp,
					  const struct exchange_args *args)
{
	/*
	 * The machine credential may do operations for all users only if they give up what the
	 * client holds. All other operations check the access of the calling user. With WRITE and
	 * COMMIT clients would also send all data by the machine credential, and so not with the
	 * protection of the mount.
	 */
	static const u8 ops[] = { OP_CLOSE, OP_OPEN_DOWNGRADE, OP_LOCKU, OP_DELEGRETURN,
				  OP_FREE_STATEID, OP_TEST_STATEID };
	struct dnfs4_client *client = dnfs4_client_make(cmp, &args->id);

	if (!client || args->how != SP4_MACH_CRED)
		return client;
	memcpy(client->enforce, args->enforce, sizeof(client->enforce));
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		client->allow[ops[i] / 32] |= args->allow[ops[i] / 32] & BIT(ops[i] % 32);
	set_bit(DNFS4_CLIENT_MACH_CRED, &client->flags);
	return client;
}

/**
 * struct exchange - an EXCHANGE_ID in progress
 * @client: the client record to return; borrowed
 * @replaced: unconfirmed client to be released, with a reference; or NULL
 * @collided: confirmed client whose owner string somebody else takes over, to be released, with a
 *	reference; or NULL
 */
struct exchange {
	struct dnfs4_client *client;
	struct dnfs4_client *replaced;
	struct dnfs4_client *collided;
};

/*
 * A machine that was restarted never comes back with the verifier that it had before. So if
 * @client does, there are two machines, and each of them takes the state of the other.
 */
static void exchange_find_namesake(const struct dnfs_call *call, struct dnfs4_client *confirmed,
				   struct dnfs4_client *client)
{
	if (confirmed->replaces &&
	    !memcmp(confirmed->replaced, client->verifier, NFS4_VERIFIER_SIZE) &&
	    !test_and_set_bit(DNFS4_CLIENT_SHARES_NAME, &confirmed->flags))
		pr_warn_ratelimited("the NFS client \"%s\" and the one at %pISc have the same name, so each loses its open files and locks to the other: give every machine a host name of its own, or set nfs.nfs4_unique_id there\n",
				    confirmed->client.name, call->addr);
	if (test_bit(DNFS4_CLIENT_SHARES_NAME, &confirmed->flags))
		set_bit(DNFS4_CLIENT_SHARES_NAME, &client->flags);
}

static u32 exchange_locked(struct dnfs4_compound *cmp, const struct exchange_args *args,
			   struct exchange *x)
{
	struct dnfs4_client *confirmed, *unconfirmed;
	bool same, mine;
	u32 status;

	dnfs4_client_by_owner(cmp->server->clients, 1, &args->id, &confirmed, &unconfirmed);
	same = confirmed && !memcmp(confirmed->verifier, args->id.verifier, NFS4_VERIFIER_SIZE);
	x->client = confirmed;
	/* Cases 6 to 9: update of a confirmed client record. */
	if (args->flags & EXCHGID4_FLAG_UPD_CONFIRMED_REC_A) {
		if (!confirmed)
			return NFS4ERR_NOENT;
		if (!same)
			return NFS4ERR_NOT_SAME;
		return dnfs4_principal_matches(confirmed, cmp->call) ? NFS4_OK : NFS4ERR_PERM;
	}
	mine = confirmed && (same ? dnfs4_principal_matches(confirmed, cmp->call) :
				    dnfs4_principal_may_restart(confirmed, cmp->call));
	if (confirmed && !mine) {
		/* Case 3: the owner string belongs to somebody else. */
		status = dnfs4_client_yield_name(confirmed);
		if (status)
			return status;
		dnfs4_client_hold(confirmed);
		dnfs4_client_unhash(confirmed);
		x->collided = confirmed;
	} else if (same) {
		/* Case 2: a known client with the same verifier. */
		return NFS4_OK;
	}
	/* Cases 1, 4 and 5: a restarted client's old record stays until the new is confirmed. */
	if (unconfirmed) {
		dnfs4_client_hold(unconfirmed);
		dnfs4_client_unhash(unconfirmed);
		x->replaced = unconfirmed;
	}
	x->client = exchange_make(cmp, args);
	if (!x->client)
		return NFS4ERR_DELAY;
	if (mine)
		exchange_find_namesake(cmp->call, confirmed, x->client);
	return NFS4_OK;
}

static void exchange_impl(struct dnfs4_client *client, const struct exchange_args *args)
{
	char name[IMPL_NAME_MAX];
	int len;

	if (client->impl || !args->impl_len)
		return;
	len = string_escape_mem(args->impl, args->impl_len, name, sizeof(name),
				ESCAPE_HEX | ESCAPE_NAP, NULL);
	WRITE_ONCE(client->impl, kstrndup(name, min_t(size_t, len, sizeof(name)), GFP_KERNEL));
}

static u32 exchange_exec(struct dnfs4_compound *cmp, void *argp, void *resp)
{
	struct dnfs4_clients *clients = cmp->server->clients;
	const struct exchange_args *args = argp;
	u32 known = EXCHGID4_FLAG_MASK_A, status;
	struct exchange_res *res = resp;
	struct exchange x = {};

	/*
	 * RFC 7862 section 14.1: since 4.2 a client may ask for this. It is not granted, because
	 * DESTROY_SESSION does not wait for requests in progress.
	 */
	if (cmp->minor >= 2)
		known |= EXCHGID4_FLAG_SUPP_FENCE_OPS;
	if (args->flags & ~known)
		return NFS4ERR_INVAL;
	if (args->how == SP4_SSV)
		return NFS4ERR_ENCR_ALG_UNSUPP;
	/* Section 18.35.3: SP4_MACH_CRED requires a principal that cannot be forged. */
	if (args->how == SP4_MACH_CRED && !dnfs4_is_protected(cmp->call))
		return NFS4ERR_INVAL;
	mutex_lock(&clients->lock);
	status = exchange_locked(cmp, args, &x);
	if (status)
		goto unlock;
	exchange_impl(x.client, args);
	res->id = x.client->id;
	res->sequence = x.client->create_seqid;
	res->flags = EXCHGID4_FLAG_USE_NON_PNFS;
	if (test_bit(DNFS4_CLIENT_CONFIRMED, &x.client->flags))
		res->flags |= EXCHGID4_FLAG_CONFIRMED_R;
	if (test_bit(DNFS4_CLIENT_MACH_CRED, &x.client->flags)) {
		res->how = SP4_MACH_CRED;
		memcpy(res->enforce, x.client->enforce, sizeof(res->enforce));
		memcpy(res->allow, x.client->allow, sizeof(res->allow));
	}
unlock:
	mutex_unlock(&clients->lock);
	if (x.replaced) {
		dnfs4_client_end(x.replaced, "replaced unconfirmed");
		dnfs4_client_put(x.replaced);
	}
	if (x.collided) {
		dnfs4_client_end(x.collided, "another one took over its name");
		dnfs4_client_put(x.collided);
	}
	return status;
}

static bool exchange_encode_ops(struct xdr_stream *xdr, const u32 ops[DNFS4_OP_WORDS])
{
	u32 words = DNFS4_OP_WORDS;

	while (words && !ops[words - 1])
		words--;
	if (xdr_stream_encode_u32(xdr, words) < 0)
		return false;
	for (u32 i = 0; i < words; i++)
		if (xdr_stream_encode_u32(xdr, ops[i]) < 0)
			return false;
	return true;
}

static bool exchange_encode(struct dnfs4_compound *cmp, u32 status, const void *resp)
{
	const struct exchange_res *res = resp;
	struct xdr_stream *xdr = cmp->out;
	char name[SERVER_NAME_MAX];
	siphash_key_t key;
	int len;

	/*
	 * The name is the same on all connections, so that a session can use several, and does
	 * not change over restarts (section 2.10.4). Servers have the same name only if they
	 * share a handle key.
	 */
	ditto_key_derive(cmp->server->srv, DITTO_KEY_SERVER_NAME, &key);
	len = scnprintf(name, sizeof(name), "ditto-%016llx", key.key[0]);
	if (xdr_stream_encode_u64(xdr, res->id) < 0 ||
	    xdr_stream_encode_u32(xdr, res->sequence) < 0 ||
	    xdr_stream_encode_u32(xdr, res->flags) < 0 ||
	    xdr_stream_encode_u32(xdr, res->how) < 0)
		return false;
	if (res->how == SP4_MACH_CRED && (!exchange_encode_ops(xdr, res->enforce) ||
					  !exchange_encode_ops(xdr, res->allow)))
		return false;
	/* server_owner4, eir_server_scope, no eir_server_impl_id */
	return xdr_stream_encode_u64(xdr, 0) >= 0 &&
	       xdr_stream_encode_opaque(xdr, name, len) >= 0 &&
	       xdr_stream_encode_opaque(xdr, name, len) >= 0 &&
	       xdr_stream_encode_u32(xdr, 0) >= 0;
}

static u32 exchange_reply(const struct dnfs4_compound *cmp, const void *args)
{
	return sizeof(struct exchange_res) + 3 * 4 + 8 + 2 * (4 + SERVER_NAME_MAX) + 4;
}

const struct dnfs4_op dnfs4_op_exchange_id = {
	.name = "EXCHANGE_ID",
	.flags = DNFS4_OP_FIRST | DNFS4_OP_SOLE | DNFS4_OP_CHANGES,
	.minor_first = 1,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct exchange_args),
	.ressize = sizeof(struct exchange_res),
	.decode = exchange_decode,
	.exec = exchange_exec,
	.encode = exchange_encode,
	.reply = exchange_reply,
};

struct destroy_args {
	u64 id;
};

static u32 destroy_decode(struct dnfs4_compound *cmp, void *argp)
{
	struct destroy_args *args = argp;

	return xdr_stream_decode_u64(cmp->in, &args->id) ? NFS4ERR_BADXDR : NFS4_OK;
}

static u32 destroy_exec(struct dnfs4_compound *cmp, void *argp, void *resp)
{
	struct dnfs4_clients *clients = cmp->server->clients;
	const struct destroy_args *args = argp;
	struct dnfs4_client *client = dnfs4_client_get(clients, args->id, 1);
	u32 status;

	if (!client)
		return NFS4ERR_STALE_CLIENTID;
	mutex_lock(&clients->lock);
	status = NFS4ERR_STALE_CLIENTID;
	if (!client->hashed)
		goto unlock;
	status = NFS4ERR_WRONG_CRED;
	if (!dnfs4_may_manage(client, cmp->call, OP_DESTROY_CLIENTID))
		goto unlock;
	status = NFS4ERR_CLIENTID_BUSY;
	if (READ_ONCE(client->nsessions) || dnfs4_client_has_state(client))
		goto unlock;
	dnfs4_client_unhash(client);
	status = NFS4_OK;
unlock:
	mutex_unlock(&clients->lock);
	if (!status)
		dnfs4_client_end(client, "destroyed by the client");
	dnfs4_client_put(client);
	return status;
}

const struct dnfs4_op dnfs4_op_destroy_clientid = {
	.name = "DESTROY_CLIENTID",
	.flags = DNFS4_OP_FIRST | DNFS4_OP_SOLE | DNFS4_OP_CHANGES,
	.minor_first = 1,
	.minor_last = DNFS4_MINOR_MAX,
	.argsize = sizeof(struct destroy_args),
	.decode = destroy_decode,
	.exec = destroy_exec,
};
