// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interface between sunrpc and the procedures: authentication, choice of the procedure, and
 * the steps of a call: admission, decode, reply cache, exec and encode.
 *
 * sunrpc has its own format for tables of programs, versions and procedures. They are generated
 * from struct dnfs_program when the module is loaded, and do not change afterwards.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/random.h>
#include <linux/sunrpc/addr.h>
#include <linux/sunrpc/svc.h>
#include <linux/sunrpc/svc_xprt.h>
#include <linux/sunrpc/svcsock.h>
#include <linux/user_namespace.h>
#include <linux/xxhash.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>

#include "../../../net/helper/names.h"
#include "../../../net/peer.h"
#include "../../../net/server.h"
#include "../../../net/slow_call.h"
#include "../../../net/stats.h"
#include "../../share/admit.h"
#include "../../share/share.h"
#include "../server.h"
#include "../trace.h"
#include "../v3/proto.h"
#include "batch.h"
#include "decode.h"
#include "park.h"
#include "reply_cache.h"
#include "rpc.h"
#include "sunrpc_glue.h"
#include "worker.h"

static const struct dnfs_program *const dnfs_programs[DNFS_PROGRAMS] = {
	[DNFS_PROGRAM_NFS]	= &dnfs3_program,
	[DNFS_PROGRAM_ACL]	= &dnfs_acl3_program,
	[DNFS_PROGRAM_MOUNT]	= &dnfs_mount3_program,
	[DNFS_PROGRAM_NLM1]	= &dnlm1_program,
	[DNFS_PROGRAM_NLM3]	= &dnlm3_program,
	[DNFS_PROGRAM_NLM4]	= &dnlm4_program,
	[DNFS_PROGRAM_NSM]	= &dnsm1_program,
	[DNFS_PROGRAM_NFS4]	= &dnfs4_program,
	[DNFS_PROGRAM_RQUOTA1]	= &dnfs_rquota1_program,
	[DNFS_PROGRAM_RQUOTA2]	= &dnfs_rquota2_program,
};

/* Tables for sunrpc, which has one program for all versions with the same program number. */
static struct svc_procedure dnfs_svc_procs[DNFS_PROGRAMS][DNFS_PROCS_MAX];
static struct svc_version dnfs_svc_versions[DNFS_PROGRAMS];
static const struct svc_version *dnfs_svc_tables[DNFS_PROGRAMS][DNFS_VERSION_MAX + 1];
static struct svc_program dnfs_svc_programs[DNFS_PROGRAMS];
static unsigned int dnfs_svc_count;

const struct dnfs_proc dnfs_proc_null = {
	.name = "NULL",
	.flags = DNFS_PROC_DIRECT,
	.max_reply = XDR_UNIT,
};

/*
 * Seed of the checksums of the reply cache. They need not withstand their client: two calls of one
 * checksum and xid on one connection are answered as one, to the client that made them.
 */
static u64 dnfs_sum_seed __read_mostly;

/* Find a program. Return: the program, or NULL. */
const struct dnfs_program *dnfs_rpc_find(u32 prog, u32 vers)
{
	unsigned int i;

	for (i = 0; i < DNFS_PROGRAMS; i++)
		if (dnfs_programs[i]->prog == prog && dnfs_programs[i]->vers == vers)
			return dnfs_programs[i];
	return NULL;
}

/*
 * dnfs_admission() decides about callers by the rules of the shares; sunrpc's client tables are
 * not used. Requests may not be deferred by sunrpc.
 */
static enum svc_auth_status dnfs_authenticate(struct svc_rqst *rqstp)
{
	clear_bit(RQ_USEDEFERRAL, &rqstp->rq_flags);
	rqstp->rq_auth_stat = rpc_auth_ok;
	return SVC_OK;
}

static bool dnfs_is_served(const struct dnfs_server *server,
			   const struct dnfs_program *program, int proto)
{
	/* RDMA: NFS and NFSACL. */
	if (proto == IPPROTO_MAX)
		return !program->any_udp;
	if (proto != IPPROTO_UDP)
		return true;
	return program->any_udp || (!program->no_udp && READ_ONCE(server->settings.udp));
}

/* The version does not exist: report the versions served over this transport. */
static __be32 dnfs_mismatch(const struct dnfs_server *server, const struct svc_program *progp,
			    int proto, struct svc_process_info *info)
{
	const struct dnfs_program *program;
	__be32 result = rpc_prog_unavail;
	unsigned int vers;

	for (vers = 0; vers <= DNFS_VERSION_MAX; vers++) {
		program = dnfs_rpc_find(progp->pg_prog, vers);
		if (!program || !dnfs_is_served(server, program, proto))
			continue;
		if (result == rpc_prog_unavail)
			info->mismatch.lovers = vers;
		info->mismatch.hivers = vers;
		result = rpc_prog_mismatch;
	}
	return result;
}

static __be32 dnfs_init_request(struct svc_rqst *rqstp, const struct svc_program *progp,
				struct svc_process_info *info)
{
	const struct dnfs_program *program = dnfs_rpc_find(progp->pg_prog, rqstp->rq_vers);
	const struct dnfs_server *server = dnfs_server_of(SVC_NET(rqstp));
	const struct svc_version *version;

	if (!program || !dnfs_is_served(server, program, rqstp->rq_prot))
		return dnfs_mismatch(server, progp, rqstp->rq_prot, info);
	version = progp->pg_vers[rqstp->rq_vers];
	if (rqstp->rq_proc >= version->vs_nproc || !version->vs_proc[rqstp->rq_proc].pc_func)
		return rpc_proc_unavail;
	rqstp->rq_procinfo = &version->vs_proc[rqstp->rq_proc];
	info->dispatch = version->vs_dispatch;
	return rpc_success;
}

/* sunrpc's own registration removes entries of other servers; see rpcbind.c. */
static int dnfs_svc_rpcbind_none(struct net *net, const struct svc_program *progp, u32 version,
				 int family, unsigned short proto, unsigned short port)
{
	return 0;
}

/* Get a program by index. Context: any. Return: the program. */
const struct dnfs_program *dnfs_rpc_program(unsigned int program)
{
	return dnfs_programs[program];
}

/*
 * Check whether a program is served over a transport. Context: any. Return: true if it is served.
 */
bool dnfs_rpc_is_served(const struct dnfs_server *server, unsigned int program, int proto)
{
	return dnfs_is_served(server, dnfs_programs[program], proto);
}

/*
 * Send one SET or UNSET of a program to rpcbind. Context: svc_bind() was called in @net. Return: 0;
 * -EACCES if rpcbind has an entry with another address; or another errno if rpcbind does not
 * answer.
 */
int dnfs_rpc_rpcbind_set(struct net *net, unsigned int program, int family, unsigned short proto,
			 unsigned short port)
{
	const struct dnfs_program *of = dnfs_programs[program];
	unsigned int i;

	for (i = 0; i < dnfs_svc_count; i++)
		if (dnfs_svc_programs[i].pg_prog == of->prog)
			return svc_generic_rpcbind_set(net, &dnfs_svc_programs[i], of->vers,
						       family, proto, port);
	return -ENOENT;
}

static u32 dnfs_sec_of(u32 flavor)
{
	switch (flavor) {
	case RPC_AUTH_NULL:
		return DITTO_SEC_NONE;
	case RPC_AUTH_UNIX:
		return DITTO_SEC_SYS;
	case RPC_AUTH_GSS_KRB5:
		return DITTO_SEC_KRB5;
	case RPC_AUTH_GSS_KRB5I:
		return DITTO_SEC_KRB5I;
	case RPC_AUTH_GSS_KRB5P:
		return DITTO_SEC_KRB5P;
	}
	return 0;
}

static void dnfs_ident_of(const struct svc_cred *cred, bool proven, struct ditto_ident *ident)
{
	const struct group_info *groups = cred->cr_group_info;

	ident->uid = cred->cr_uid;
	ident->gid = cred->cr_gid;
	ident->ngroups = groups ? min(groups->ngroups, DITTO_GROUPS_MAX) : 0;
	ident->groups = groups ? groups->gid : NULL;
	/* Clients send -1 for nobody, and GSS maps a principal without an account to -1. */
	ident->anonymous = cred->cr_flavor == RPC_AUTH_NULL ||
			   !uid_valid(cred->cr_uid) || !gid_valid(cred->cr_gid);
	ident->proven = proven;
	ident->admin = false;
	ident->token = NULL;
	ident->from = NULL;
	ident->later = NULL;
	ident->park = NULL;
}

/* How long a new call of a server may wait for holders, in jiffies. Any context. */
long dnfs_break_wait(const struct dnfs_server *server)
{
	return msecs_to_jiffies(READ_ONCE(server->srv->settings.break_wait_ms));
}

/* Begin the record of a call. One that was parked waited for data since. */
static noinline void dnfs_slow_begin(struct dnfs_call *call, const struct svc_rqst *rqstp)
{
	const struct sock *sk = rqstp->rq_prot != IPPROTO_TCP ? NULL :
				container_of(rqstp->rq_xprt, struct svc_sock, sk_xprt)->sk_sk;
	struct svc_deferred_req *req = dnfs_deferred_of(rqstp);
	u64 received = req ? ktime_to_ns(call->started) : ditto_slow_received(sk);
	struct ditto_slow_call *slow = ditto_slow_call_new(call->srv, received);

	if (!slow)
		return;
	slow->protocol = call->program->group;
	slow->operation = call->proc->name;
	ditto_addr_map(call->addr, &slow->addr);
	if (!call->ident.anonymous)
		scnprintf(slow->user, sizeof(slow->user), "uid %u",
			  from_kuid_munged(&init_user_ns, call->ident.uid));
	if (req) {
		slow->phase = DITTO_PHASE_DATA;
		ditto_slow_call_enter_at(slow, DITTO_PHASE_QUEUE, &(struct ditto_thread_clock) {
			.now = ktime_to_ns(dnfs_deferred_state(req)->ready),
		});
	}
	ditto_slow_call_enter(slow, DITTO_PHASE_RUN);
	call->slow = slow;
}

/* The call was executed. One without a reply comes again, or is answered by a callback. */
static noinline void dnfs_slow_end(struct dnfs_rpc_call *rc)
{
	struct ditto_slow_call *slow = rc->call.slow;

	const struct dnfs_proc *proc = rc->call.proc;
	bool replies = !proc->exec || proc->encode || proc->flags & DNFS_PROC_WHOLE;

	if (rc->parked || rc->call.dropped || !replies) {
		ditto_slow_call_drop(slow);
		return;
	}
	if (rc->call.share)
		strscpy(slow->share, rc->call.share->name);
	/* NFS4ERR_DELAY has the same number. */
	if (rc->call.status != NFS3ERR_JUKEBOX)
		slow->again = 0;
	else if (rc->call.undecided)
		slow->again = DITTO_PHASE_HELPER;
	ditto_slow_call_enter(slow, DITTO_PHASE_SEND);
	list_add_tail(&slow->list, &dnfs_worker_of(rc->rqstp)->traced);
}

static void dnfs_call_init(struct dnfs_rpc_call *rc, struct svc_rqst *rqstp,
			   const struct dnfs_program *program, const struct dnfs_proc *proc,
			   struct dnfs_batch *batch)
{
	const struct cred *cred = rqstp->rq_xprt->xpt_cred;
	struct dnfs_call *call = &rc->call;

	/* The members before @peer are set below. */
	memset_startat(call, 0, peer);
	rc->payload = NULL;
	rc->reply = NULL;
	rc->batch = NULL;
	rc->parked = NULL;
	rc->nplaced = 0;
	rc->rqstp = rqstp;
	rc->args = dnfs_decode_pos(&rqstp->rq_arg_stream);
	rc->start = rqstp->rq_res_stream.buf->len;
	if (batch) {
		rc->batch = batch;
		call->batched = true;
		call->server = batch->server;
		call->admitted = &batch->admitted;
		call->large = batch->large;
		call->max_payload = batch->max_payload;
		call->break_wait = batch->break_wait;
	} else {
		call->server = dnfs_server_of(SVC_NET(rqstp));
		call->max_payload = svc_max_payload(rqstp);
		call->break_wait = dnfs_break_wait(call->server);
	}
	call->srv = call->server->srv;
	call->program = program;
	call->worker = dnfs_worker_of(rqstp);
	call->conn = rqstp->rq_prot == IPPROTO_UDP ? NULL : rqstp->rq_xprt;
	call->addr = svc_addr(rqstp);
	call->local = svc_daddr(rqstp);
	call->datagram = rqstp->rq_prot == IPPROTO_UDP;
	call->reserved_port = rpc_get_port(call->addr) < PROT_SOCK;
	call->principal = rqstp->rq_cred.cr_raw_principal ?: rqstp->rq_cred.cr_principal;
	call->service = rqstp->rq_cred.cr_principal;
	call->acceptor = rqstp->rq_cred.cr_targ_princ;
	call->userns = cred ? cred->user_ns : &init_user_ns;
	call->sec = dnfs_sec_of(rqstp->rq_cred.cr_flavor);
	call->security = dnfs_conn_security(rqstp);
	dnfs_ident_of(&rqstp->rq_cred, call->sec & DNFS_SEC_PROVEN, &call->ident);
	call->started = dnfs_park_started(rqstp);
	/* The page cache could change between the computation of a checksum and transmission. */
	call->can_splice = rqstp->rq_prot != IPPROTO_UDP &&
			   call->sec & (DITTO_SEC_NONE | DITTO_SEC_SYS | DITTO_SEC_KRB5);
	call->proc = proc;
	call->args = rqstp->rq_argp;
	call->res = rqstp->rq_resp;
	call->in = &rqstp->rq_arg_stream;
	call->xdr = &rqstp->rq_res_stream;
	call->transport = &dnfs_rpc_transport;
	call->vec = dnfs_worker_of(rqstp)->vec;
	call->bvec = rqstp->rq_bvec;
	call->nvec = DNFS_PAGES;
	if (ditto_slow_is_traced())
		dnfs_slow_begin(call, rqstp);
	if (proc->flags & DNFS_PROC_WHOLE)
		return;
	memset(call->args, 0, proc->argsize);
	memset(call->res, 0, proc->ressize);
}

/* Keep the pages that the stream has written to in the reply until it is sent. */
static void dnfs_keep_pages(struct svc_rqst *rqstp)
{
	struct xdr_stream *xdr = &rqstp->rq_res_stream;

	xdr_commit_encode(xdr);
	if (rqstp->rq_next_page < xdr->page_ptr + 1)
		rqstp->rq_next_page = xdr->page_ptr + 1;
}

static bool dnfs_is_loopback(const struct ditto_peer *peer)
{
	return ipv6_addr_loopback(&peer->addr) ||
	       (ipv6_addr_v4mapped(&peer->addr) && ipv4_is_loopback(peer->addr.s6_addr32[3]));
}

/* A connection is charged at the level of its calls. While that is open, it keeps its own. */
static void dnfs_conn_follow(struct dnfs_rpc_call *rc, enum ditto_admission admission)
{
	enum ditto_trust trust = dnfs_conn_trust(admission);
	struct dnfs_worker *worker = rc->call.worker;

	if (likely(!worker || worker->trust == trust || admission == DITTO_UNDECIDED))
		return;
	dnfs_conn_decided(rc->rqstp->rq_xprt, trust);
	worker->trust = trust;
}

/*
 * Check whether a call is admitted. Sessions, clients, cached replies and the state of MOUNT, NLM
 * and NSM belong to no share, so a machine that no share admits is refused here, before it can
 * create any. It gets AUTH_BADCRED (RFC 5531 section 9), as from knfsd. AUTH_SYS from a port
 * that no share accepts is AUTH_TOOWEAK, and so is AUTH_NONE for a program that names its host,
 * and any flavour for a procedure with DNFS_PROC_RESERVED: a user whose identity is proven need
 * not be root of the machine.
 *
 * This function does not wait for the helper. While the decision is open, the call gets the
 * program's status for a retry. Return: false if the call is refused.
 */
static bool dnfs_admission(struct dnfs_rpc_call *rc)
{
	struct dnfs_call *call = &rc->call;
	const struct dnfs_program *program = call->program;
	enum ditto_ports ports = DITTO_PORTS_ANY;

	if (!call->peer)
		return true;
	if (!program->loopback || !dnfs_is_loopback(call->peer)) {
		enum ditto_admission admission;

		admission = ditto_admit(call->peer, dnfs_protocol_bit(), false, &ports);
		call->stranger = admission == DITTO_STRANGER;
		call->undecided = admission == DITTO_UNDECIDED;
		dnfs_conn_follow(rc, admission);
	}
	if (unlikely(call->stranger)) {
		pr_info_ratelimited("%pISc: no share admits this machine; without a rule a share serves nobody by AUTH_SYS (see allow)\n",
				    call->addr);
		if (program->strangers)
			return true;
		trace_dnfs_stranger(rc->rqstp, program, call->proc);
		rc->rqstp->rq_auth_stat = rpc_autherr_badcred;
		return false;
	}
	if (call->reserved_port || program->strangers || program->any_port)
		return true;
	if (call->proc->flags & DNFS_PROC_RESERVED)
		ports = DITTO_PORTS_RESERVED;
	else if (call->sec != DITTO_SEC_SYS &&
		 (!program->names_host || call->sec & DNFS_SEC_PROVEN))
		return true;
	call->undecided |= ports == DITTO_PORTS_UNDECIDED;
	if (likely(ports != DITTO_PORTS_RESERVED))
		return true;
	pr_info_ratelimited("%pISpc: refused, the port is not reserved (see secure-ports)\n",
			    call->addr);
	call->too_weak = true;
	trace_dnfs_too_weak(rc->rqstp, program, call->proc);
	rc->rqstp->rq_auth_stat = rpc_autherr_tooweak;
	return false;
}

static_assert(DNFS_REPLY_SUM_BYTES <= DNFS_DIGEST_MAX);

/* The checksum of arguments that are not contiguous. */
static noinline_for_stack u64 dnfs_sum_pieces(const struct xdr_buf *buf, unsigned int pos,
					      unsigned int len)
{
	u8 start[DNFS_REPLY_SUM_BYTES];

	if (read_bytes_from_xdr_buf(buf, pos, start, len))
		return 0;
	return xxh64(start, len, dnfs_sum_seed);
}

static void dnfs_reply_key(struct svc_rqst *rqstp, unsigned int pos,
			   struct dnfs_reply_key *key)
{
	const struct xdr_buf *buf = rqstp->rq_arg_stream.buf;
	const struct kvec *head = buf->head;
	unsigned int len;

	memset(key, 0, sizeof(*key));
	ditto_addr_map(svc_addr(rqstp), &key->addr);
	key->port = htons(svc_addr_port(svc_addr(rqstp)));
	key->proto = rqstp->rq_prot;
	key->security = dnfs_conn_security(rqstp);
	key->prog = rqstp->rq_prog;
	key->vers = rqstp->rq_vers;
	key->proc = rqstp->rq_proc;
	key->xid = rqstp->rq_xid;
	key->len = buf->len > pos ? buf->len - pos : 0;
	len = min_t(u32, key->len, DNFS_REPLY_SUM_BYTES);
	if (pos + len <= head->iov_len)
		key->sum = xxh64(head->iov_base + pos, len, dnfs_sum_seed);
	else
		key->sum = dnfs_sum_pieces(buf, pos, len);
}

/*
 * Look a call up in the reply cache. For dnfs_transport.once of dnfs_rpc_transport. In rpc.c.
 * Return: enum dnfs_once.
 */
enum dnfs_once dnfs_rpc_once(struct dnfs_call *call)
{
	struct dnfs_rpc_call *rc = container_of(call, struct dnfs_rpc_call, call);
	struct svc_rqst *rqstp = rc->rqstp;
	struct dnfs_reply_key key;

	dnfs_reply_key(rqstp, rc->args, &key);
	switch (dnfs_reply_begin(call->server->replies, &key, call->conn, call->xdr, rc->start,
				 &rc->reply)) {
	case DNFS_REPLY_NEW:
	case DNFS_REPLY_UNKEPT:
		return DNFS_ONCE_DO;
	case DNFS_REPLY_DONE:
		rc->nplaced = 0;
		trace_dnfs_replayed(rqstp, call->program, call->proc);
		return DNFS_ONCE_REPLAYED;
	case DNFS_REPLY_BUSY:
		break;
	}
	trace_dnfs_dropped(rqstp, call->program, call->proc);
	return DNFS_ONCE_BUSY;
}

/*
 * A call in the reply cache was executed: keep its result, or forget it without one.
 *
 * The client may have lost its connection while the call was in progress, and retransmitted on
 * another one, which gets no reply. Closing that one makes the client retransmit and get the
 * cached reply, instead of waiting a minute for a timeout. It is not closed earlier, because the
 * client would then reconnect again and again until a slow call is done.
 */
static void dnfs_once_end(struct dnfs_rpc_call *rc, bool result)
{
	struct dnfs_replies *replies = rc->call.server->replies;
	struct svc_xprt *again;

	if (result && !rc->call.again && !rc->call.dropped)
		again = dnfs_reply_done(replies, rc->reply, rc->call.xdr->buf, rc->start);
	else
		again = dnfs_reply_forget(replies, rc->reply);
	if (again) {
		svc_xprt_deferred_close(again);
		svc_xprt_put(again);
	}
}

static void dnfs_garbage(struct dnfs_rpc_call *rc)
{
	trace_dnfs_garbage(rc->rqstp, rc->call.program, rc->call.proc);
	*rc->rqstp->rq_accept_statp = rpc_garbage_args;
}

/* Encode the results. Return: false if they do not fit. */
static bool dnfs_call_encode(struct dnfs_rpc_call *rc)
{
	struct dnfs_call *call = &rc->call;
	const struct dnfs_proc *proc = call->proc;
	bool fits = !proc->encode || proc->encode(call, call->res);

	dnfs_keep_pages(rc->rqstp);
	if (!fits) {
		pr_warn_ratelimited("%pISpc: the reply to %s %s does not fit\n",
				    call->addr, call->program->group, proc->name);
		*rc->rqstp->rq_accept_statp = rpc_system_err;
	}
	/* NFS3ERR_JUKEBOX must not be cached, because the retry has to be executed. */
	call->again = call->status == NFS3ERR_JUKEBOX;
	return fits;
}

static void dnfs_count(const struct dnfs_rpc_call *rc)
{
	const struct dnfs_call *call = &rc->call;
	struct svc_rqst *rqstp = rc->rqstp;
	bool failed = call->status || call->too_weak || call->stranger ||
		      *rqstp->rq_accept_statp != rpc_success;
	u64 nanoseconds = 0;

	/* A procedure that does nothing takes 0: reading the clock would be most of its time. */
	if (call->proc->exec || call->proc->encode)
		nanoseconds = ktime_to_ns(ktime_sub(call->ended ?: ktime_get(), call->started));
	ditto_stats_count(call->server->stats[call->program->index], rqstp->rq_proc, failed,
			  nanoseconds, call->bytes);
	/* A dropped call comes again. */
	if (call->share && !call->dropped) {
		ditto_share_traffic_count(call->share->traffic, nanoseconds, call->read,
					  call->written);
		ditto_peer_traffic_count(call->peer, nanoseconds, call->read, call->written);
	}
	trace_dnfs_done(rqstp, call->program, call, nanoseconds);
}

/*
 * Set the peer of a call. The peer of the address counts all calls; a proved peer has other
 * rules. Return: false if the call must be dropped. Nobody waits for its reply.
 */
static bool dnfs_peer_set(struct dnfs_rpc_call *rc)
{
	struct dnfs_batch *batch = rc->batch;
	struct dnfs_call *call = &rc->call;
	struct ditto_peer *proved;

	if (!dnfs_conn_peer(rc->rqstp, &proved)) {
		trace_dnfs_dropped(rc->rqstp, call->program, call->proc);
		call->dropped = true;
		return false;
	}
	if (batch && batch->peer) {
		call->peer = ditto_peer_get_again(batch->peer);
	} else {
		call->peer = ditto_peer_get(call->srv, call->addr, dnfs_protocol_bit());
		if (batch)
			batch->peer = ditto_peer_hold(call->peer);
	}
	if (unlikely(proved)) {
		if (call->peer)
			ditto_peer_put(call->peer);
		call->peer = proved;
	}
	return true;
}

/*
 * Execute a call whose header was decoded.
 *
 * A call that was refused because of holders that gave way soon is executed again; it has allocated
 * no results. An NLM message has no results and sends its answer during execution, so it is not
 * executed again. Nor does it need data.
 *
 * Return: true if there is a reply.
 */
bool dnfs_rpc_execute(struct svc_rqst *rqstp, const struct dnfs_program *program,
		      const struct dnfs_proc *proc, struct dnfs_batch *batch)
{
	struct dnfs_rpc_call rc __uninitialized;
	struct dnfs_call *call = &rc.call;
	bool result = false;
	int err;

	dnfs_call_init(&rc, rqstp, program, proc, batch);
	dnfs_worker_begin(&call->server->workers, call->worker);
	if ((proc->exec || proc->encode) && !dnfs_peer_set(&rc))
		goto count;
	if (!dnfs_admission(&rc))
		goto count;
	if (proc->decode && !proc->decode(call, call->args)) {
		dnfs_garbage(&rc);
		goto release;
	}
	if (proc->flags & DNFS_PROC_CACHED && !call->undecided &&
	    !(proc->repeatable && proc->repeatable(call->args))) {
		switch (dnfs_rpc_once(call)) {
		case DNFS_ONCE_DO:
			break;
		case DNFS_ONCE_REPLAYED:
			dnfs_keep_pages(rqstp);
			goto release;
		case DNFS_ONCE_BUSY:
			call->dropped = true;
			goto release;
		}
	}

	if (!proc->exec)
		goto encode;
	if (unlikely(call->undecided) && !program->strangers && !(proc->flags & DNFS_PROC_WHOLE)) {
		/* An NLM message has no reply; its client repeats it. */
		call->dropped = !proc->encode || program->no_retry;
		call->status = program->status(-EJUKEBOX);
		goto encode;
	}
	if (proc->flags & DNFS_PROC_SLOW)
		dnfs_may_wait(call);
again:
	err = call->peer ? proc->exec(call, call->args, call->res) : -ENOMEM;
	if (ditto_slow_is_traced() && err)
		dnfs_await_trace(call, call->share);
	if (err && proc->encode && dnfs_pause_begin(call)) {
		dnfs_pause(call);
		memset(call->res, 0, proc->ressize);
		call->dropped = false;
		goto again;
	}
	if (proc->flags & DNFS_PROC_WHOLE) {
		dnfs_keep_pages(rqstp);
		if (err == -EINPROGRESS)
			call->dropped = true;
		else if (err == -EBADMSG)
			dnfs_garbage(&rc);
		else if (err)
			*rqstp->rq_accept_statp = rpc_system_err;
		result = !err;
		goto executed;
	}
	if (err == -EJUKEBOX) {
		rc.parked = dnfs_park_prepare(&rc);
		call->dropped |= rc.parked || program->no_retry;
		if (rc.parked)
			goto executed;
	}
	call->status = program->status(err);
	if (call->too_weak) {
		trace_dnfs_too_weak(rqstp, program, proc);
		rqstp->rq_auth_stat = rpc_autherr_tooweak;
		goto executed;
	}
encode:
	result = dnfs_call_encode(&rc);
executed:
	if (unlikely(rc.nplaced) && result)
		dnfs_place_all(&rc);
	if (rc.reply)
		dnfs_once_end(&rc, result);
release:
	if (proc->release)
		proc->release(call, call->args, call->res);
	if (dnfs_awaits(call))
		dnfs_await_end(call);
count:
	if (likely(!rc.parked))
		dnfs_count(&rc);
	if (unlikely(call->slow))
		dnfs_slow_end(&rc);
	dnfs_call_drop_share(call);
	if (call->peer)
		ditto_peer_put(call->peer);
	dnfs_worker_end(call->worker);
	/* It is in the reply cache no more, where its next execution would find it. */
	if (unlikely(rc.parked)) {
		trace_dnfs_parked(rqstp, program, proc);
		dnfs_park(rc.parked);
	}
	return !call->dropped;
}

/* Return: 1 to send the reply, 0 to send none. */
static int dnfs_dispatch(struct svc_rqst *rqstp)
{
	const struct dnfs_program *program = dnfs_rpc_find(rqstp->rq_prog, rqstp->rq_vers);

	return dnfs_rpc_execute(rqstp, program, program->procs[rqstp->rq_proc], NULL);
}

/* sunrpc does not call these two here, but considers a procedure without them as missing. */
static __be32 dnfs_svc_func(struct svc_rqst *rqstp)
{
	return rpc_success;
}

static bool dnfs_svc_encode(struct svc_rqst *rqstp, struct xdr_stream *xdr)
{
	return true;
}

static void dnfs_svc_proc_init(const struct dnfs_proc *proc, struct svc_procedure *svc,
			       u32 *xdrsize)
{
	*svc = (struct svc_procedure) {
		.pc_func = dnfs_svc_func,
		.pc_encode = dnfs_svc_encode,
		.pc_argsize = proc->argsize,
		.pc_ressize = proc->ressize,
		.pc_xdrressize = XDR_QUADLEN(proc->max_reply),
		.pc_name = proc->name,
	};
	*xdrsize = max3(*xdrsize, proc->argsize, proc->ressize);
}

/* Find or create sunrpc's program for a version of a program. Return: its index. */
static unsigned int dnfs_svc_program_of(const struct dnfs_program *program)
{
	unsigned int i;

	for (i = 0; i < dnfs_svc_count; i++)
		if (dnfs_svc_programs[i].pg_prog == program->prog)
			return i;
	dnfs_svc_programs[dnfs_svc_count++] = (struct svc_program) {
		.pg_prog = program->prog,
		.pg_nvers = ARRAY_SIZE(dnfs_svc_tables[i]),
		.pg_vers = dnfs_svc_tables[i],
		.pg_name = program->name,
		.pg_class = "ditto",
		.pg_authenticate = dnfs_authenticate,
		.pg_init_request = dnfs_init_request,
		.pg_rpcbind_set = dnfs_svc_rpcbind_none,
	};
	return i;
}

static void dnfs_svc_version_init(unsigned int i)
{
	const struct dnfs_program *program = dnfs_programs[i];
	u32 xdrsize = 0;
	unsigned int j;

	for (j = 0; j < min(program->nprocs, ARRAY_SIZE(dnfs_svc_procs[i])); j++)
		if (program->procs[j])
			dnfs_svc_proc_init(program->procs[j], &dnfs_svc_procs[i][j], &xdrsize);

	dnfs_svc_versions[i] = (struct svc_version) {
		.vs_vers = program->vers,
		.vs_nproc = program->nprocs,
		.vs_proc = dnfs_svc_procs[i],
		.vs_xdrsize = xdrsize,
		.vs_dispatch = dnfs_dispatch,
	};
	dnfs_svc_tables[dnfs_svc_program_of(program)][program->vers] = &dnfs_svc_versions[i];
}

/* Module init. */
void dnfs_rpc_init(void)
{
	unsigned int i;

	dnfs_sum_seed = get_random_u64();
	for (i = 0; i < DNFS_PROGRAMS; i++)
		dnfs_svc_version_init(i);
}

/* The RPC programs to register with sunrpc. Return: an array of them. */
struct svc_program *dnfs_rpc_programs(unsigned int *count)
{
	*count = dnfs_svc_count;
	return dnfs_svc_programs;
}
