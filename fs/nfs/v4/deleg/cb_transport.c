// SPDX-License-Identifier: GPL-2.0-only
/*
 * The transport of callbacks: the RPC client of a channel, see callback.h.
 *
 * In 4.0 the server connects to the address given in SETCLIENTID, in its own network namespace
 * and from the address that the client used. It authenticates with the flavour of SETCLIENTID
 * (RFC 7530 section 3.3.3): with RPCSEC_GSS as the service that the client asked for, to the
 * principal that the client used. sunrpc gets the context from rpc.gssd, and no thread waits for
 * that, because the calls are asynchronous. Where it connects to, and how often, is up to
 * cb_dial.c. The user of calls with AUTH_SYS is nobody, as the client does not look at the user.
 * They come from a reserved port, because sunrpc binds to an address with such a port only. In 4.1
 * it uses a connection that the client made and bound to the back channel (RFC 8881 section
 * 2.10.3.1), and never connects by itself.
 *
 * Locking: only the work of the channel calls these functions, or code that has stopped it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/delay.h>
#include <linux/highuid.h>
#include <linux/sched/task.h>
#include <linux/sunrpc/addr.h>
#include <linux/sunrpc/clnt.h>
#include <linux/sunrpc/gss_api.h>
#include <linux/sunrpc/rpc_pipe_fs.h>
#include <linux/sunrpc/xprtsock.h>
#include <net/net_namespace.h>

#include "../../../../net/server.h"
#include "../../../share/share.h"
#include "../../server.h"
#include "../../share_options.h"
#include "../engine/server.h"
#include "callback.h"

/* Time to wait for a reply: a part of the lease time, within these bounds. */
#define TRY_MAX_S	10
#define TRY_MIN_S	1
#define TRIES_PER_LEASE	6
/* The same for the first callback with RPCSEC_GSS: the time that sunrpc gives to an upcall. */
#define CONTEXT_MAX_S	30
/* Poll interval in milliseconds for transports that sunrpc still uses. */
#define FREED_MS	20

enum {
	PROC_NULL,
	PROC_COMPOUND,
};

/* Each RPC client has a reference, and drops it at its end. */
static const struct cred *ways_cred;

/* Two threads that create RPC clients over one connection would both create its transport. */
static DEFINE_MUTEX(make_lock);

static void proc_encode(struct rpc_rqst *req, struct xdr_stream *xdr, const void *data)
{
	/* It fits: the arguments are limited by dnfs4_callback_room(). */
	dnfs4_cb_encode(xdr, data);
}

static int proc_decode(struct rpc_rqst *req, struct xdr_stream *xdr, void *data)
{
	return dnfs4_cb_decode(xdr, data);
}

static void null_encode(struct rpc_rqst *req, struct xdr_stream *xdr, const void *data)
{
}

/* Without a decode function sunrpc would not wait for a reply. */
static int null_decode(struct rpc_rqst *req, struct xdr_stream *xdr, void *data)
{
	return 0;
}

static const struct rpc_procinfo procs[] = {
	[PROC_NULL] = {
		.p_proc = PROC_NULL,
		.p_encode = null_encode,
		.p_decode = null_decode,
		.p_name = "CB_NULL",
	},
	[PROC_COMPOUND] = {
		.p_proc = PROC_COMPOUND,
		.p_encode = proc_encode,
		.p_decode = proc_decode,
		.p_arglen = DNFS4_CB_ARGS_BYTES / 4,
		.p_replen = DNFS4_CB_RES_BYTES / 4,
		.p_statidx = PROC_COMPOUND,
		.p_name = "CB_COMPOUND",
	},
};

static unsigned int counts[ARRAY_SIZE(procs)];

static const struct rpc_version version1 = {
	.number = 1,
	.nrprocs = ARRAY_SIZE(procs),
	.procs = procs,
	.counts = counts,
};

static const struct rpc_version *versions[] = {
	[1] = &version1,
};

static struct rpc_stat stats;

/* The client chooses the program number, see rpc_create_args.prognumber. */
static const struct rpc_program program = {
	.name = "nfs4_cb",
	.nrvers = ARRAY_SIZE(versions),
	.version = versions,
	.stats = &stats,
	/* The only directory of rpc_pipefs for callbacks of servers; rpc.gssd looks into it. */
	.pipe_dir_name = "nfsd4_cb",
};

/* Prepare for transports, with the module. Return: 0 or -ENOMEM. */
int dnfs4_ways_setup(void)
{
	ways_cred = prepare_kernel_cred(&init_task);
	return ways_cred ? 0 : -ENOMEM;
}

/*
 * Wait until sunrpc has freed all transports. sunrpc may use the description of the program for
 * some seconds after a transport is closed, while it tells the client to forget a context of
 * RPCSEC_GSS. Context: no channel has a transport.
 */
void dnfs4_ways_cleanup(void)
{
	while (atomic_long_read(&ways_cred->usage) > 1)
		msleep(FREED_MS);
	put_cred(ways_cred);
}

/*
 * Get the time to wait for the reply to a callback. Context: any. Return: a part of the lease time,
 * in jiffies.
 */
unsigned long dnfs4_cb_timeout(const struct dnfs4_client *client)
{
	u32 lease = READ_ONCE(client->server->srv->settings.lease_time_s);

	return clamp(lease / TRIES_PER_LEASE, TRY_MIN_S, TRY_MAX_S) * HZ;
}

/* Credentials of callbacks: 4.1 clients choose uid and gid in callback_sec_parms4. */
static kuid_t cb_uid(u32 uid)
{
	kuid_t kuid = make_kuid(&init_user_ns, uid);

	return uid_valid(kuid) ? kuid : GLOBAL_ROOT_UID;
}

static kgid_t cb_gid(u32 gid)
{
	kgid_t kgid = make_kgid(&init_user_ns, gid);

	return gid_valid(kgid) ? kgid : GLOBAL_ROOT_GID;
}

static const struct cred *cb_cred(u32 uid, u32 gid)
{
	struct cred *cred = prepare_kernel_cred(&init_task);

	if (!cred)
		return NULL;
	cred->fsuid = cb_uid(uid);
	cred->fsgid = cb_gid(gid);
	return cred;
}

static bool cb_is_gss(const struct dnfs4_callback_channel *channel)
{
	return channel->sec & DNFS_SEC_PROVEN;
}

/*
 * Get the time to wait for the reply to the first callback. It is longer with RPCSEC_GSS, for which
 * rpc.gssd gets a ticket and a context first. Context: any. Return: jiffies.
 */
unsigned long dnfs4_cb_first_timeout(const struct dnfs4_callback_channel *channel)
{
	return cb_is_gss(channel) ? CONTEXT_MAX_S * HZ : dnfs4_cb_timeout(channel->client);
}

static rpc_authflavor_t cb_flavor(const struct dnfs4_callback_channel *channel)
{
	switch (channel->sec) {
	case DITTO_SEC_NONE:
		return RPC_AUTH_NULL;
	case DITTO_SEC_KRB5:
		return RPC_AUTH_GSS_KRB5;
	case DITTO_SEC_KRB5I:
		return RPC_AUTH_GSS_KRB5I;
	case DITTO_SEC_KRB5P:
		return RPC_AUTH_GSS_KRB5P;
	default:
		return RPC_AUTH_UNIX;
	}
}

static bool cb_gssd_runs(const struct dnfs4_client *client)
{
	struct net *net = ditto_server_hold_net(client->server->srv);
	bool runs = net && gssd_running(net);

	if (net)
		put_net(net);
	return runs;
}

/*
 * Log why a callback was not sent, once for each address. @err: errno of the RPC task, or of
 * opening the transport.
 */
void dnfs4_cb_transport_explain(struct dnfs4_callback_channel *channel, int err)
{
	const struct dnfs4_client *client = channel->client;
	const char *why;

	if (client->minor || !(client->principal.sec & DNFS_SEC_PROVEN) || channel->told)
		return;
	if (!client->principal.service)
		why = "its principal is not that of a service of a machine";
	else if (!cb_gssd_runs(client))
		why = "rpc.gssd does not run here: start rpc-gssd.service";
	else if (err == -EACCES || err == -EKEYEXPIRED)
		why = "rpc.gssd gets no context with it, see its log; the keytab needs nfs/HOST";
	else
		return;
	channel->told = true;
	pr_notice_ratelimited("%s gets no delegations with Kerberos: %s\n", client->client.name,
			      why);
}

static int cb_make(struct dnfs4_callback_channel *channel, struct rpc_create_args *args)
{
	struct net *net = ditto_server_hold_net(channel->client->server->srv);
	unsigned long time = dnfs4_cb_first_timeout(channel);
	struct rpc_timeout timeout = {
		.to_initval = time,
		.to_maxval = time,
	};
	struct rpc_clnt *clnt;

	/* A network namespace that is going, which sunrpc would hold. */
	if (!net)
		return -ESHUTDOWN;
	args->net = net;
	args->timeout = &timeout;
	args->program = &program;
	args->prognumber = channel->program;
	args->version = version1.number;
	args->authflavor = cb_flavor(channel);
	args->flags = RPC_CLNT_CREATE_NOPING | RPC_CLNT_CREATE_QUIET;
	args->cred = ways_cred;
	mutex_lock(&make_lock);
	clnt = rpc_create(args);
	/*
	 * For a bound connection, sunrpc stores the transport in xpt_bc_xprt before the transport
	 * is complete, and leaves it there if a later allocation fails. The pointer then refers
	 * to memory that is about to be freed, and the end of the connection would use it. Whether
	 * the memory is freed is not visible here. If it is not, clearing the pointer leaks it,
	 * which is better than a use after free.
	 */
	if (IS_ERR(clnt) && args->bc_xprt && !args->bc_xprt->xpt_bc_xps)
		args->bc_xprt->xpt_bc_xprt = NULL;
	if (!IS_ERR(clnt) && !args->bc_xprt)
		dnfs_dial_begin(&channel->dial, clnt);
	mutex_unlock(&make_lock);
	put_net(net);
	if (IS_ERR(clnt))
		return PTR_ERR(clnt);
	if (cb_is_gss(channel))
		clnt->cl_principal = channel->client->principal.acceptor ?: "nfs";
	channel->clnt = clnt;
	return 0;
}

/*
 * Let the RPC client act as the service nfs of this machine. rpc.gssd takes its key from the
 * keytab: that for the name by which the client asked for it, else for this machine's own name.
 * Only calls with rpc_machine_cred() are made in that name.
 */
static int cb_authenticate(struct dnfs4_callback_channel *channel, struct rpc_create_args *args)
{
	const struct dnfs4_principal *principal = &channel->client->principal;

	if (!principal->service || !cb_gssd_runs(channel->client))
		return -ENOTCONN;
	args->client_name = principal->service;
	/* rpc.gssd looks an address up in the DNS, but not a name. */
	args->servername = strchr(principal->service, '@') + 1;
	channel->cred = get_cred(rpc_machine_cred());
	return 0;
}

/* RFC 7530 section 16.33 */
static int open_dial(struct dnfs4_callback_channel *channel)
{
	const struct dnfs4_principal *principal = &channel->client->principal;
	struct dnfs4_callback_addr to;
	struct rpc_create_args args = {
		.protocol = XPRT_TRANSPORT_TCP,
		.address = (struct sockaddr *)&to.addr,
	};

	spin_lock_bh(&channel->lock);
	to = channel->addr;
	spin_unlock_bh(&channel->lock);
	if (to.addr.ss_family == AF_UNSPEC)
		return -ENOTCONN;
	args.addrsize = to.addr.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
							sizeof(struct sockaddr_in);
	if (to.local.ss_family == to.addr.ss_family) {
		rpc_set_port((struct sockaddr *)&to.local, 0);
		args.saddress = (struct sockaddr *)&to.local;
	}
	channel->program = to.program;
	channel->sec = principal->sec & DNFS_SEC_PROVEN ?: DITTO_SEC_SYS;
	if (cb_is_gss(channel))
		return cb_authenticate(channel, &args) ?: cb_make(channel, &args);
	channel->cred = cb_cred(overflowuid, overflowgid);
	return channel->cred ? cb_make(channel, &args) : -ENOMEM;
}

static bool is_open(const struct svc_xprt *xprt)
{
	return !test_bit(XPT_DEAD, &xprt->xpt_flags) && !test_bit(XPT_CLOSE, &xprt->xpt_flags);
}

static int open_bound(struct dnfs4_callback_channel *channel)
{
	struct rpc_create_args args = { };
	struct dnfs4_session *session;
	struct svc_xprt *xprt;

	xprt = dnfs4_session_back_conn(channel->client, &channel->tried, &session);
	if (!xprt)
		return -ENOTCONN;
	channel->xprt = xprt;
	channel->session = session;
	channel->program = session->cb_program;
	channel->sec = session->cb_sec;
	if (!is_open(xprt))
		return -ENOTCONN;
	channel->cred = cb_cred(session->cb_uid, session->cb_gid);
	if (!channel->cred)
		return -ENOMEM;
	args.protocol = xprt->xpt_class->xcl_ident | XPRT_TRANSPORT_BC;
	args.bc_xprt = xprt;
	args.address = (struct sockaddr *)&xprt->xpt_remote;
	args.addrsize = xprt->xpt_remotelen;
	return cb_make(channel, &args);
}

/*
 * Open the transport of a channel. Connects to the client in 4.0, as soon as something is sent.
 * Uses a connection bound to the back channel in 4.1. Return: 0; -ENOTCONN if there is no usable
 * address or connection; or another errno.
 */
int dnfs4_cb_transport_open(struct dnfs4_callback_channel *channel)
{
	int err = channel->client->minor ? open_bound(channel) : open_dial(channel);

	if (err)
		dnfs4_cb_transport_close(channel);
	return err;
}

/* Close the transport of a channel. Kills the RPC tasks of the channel and waits for them. */
void dnfs4_cb_transport_close(struct dnfs4_callback_channel *channel)
{
	if (channel->clnt)
		rpc_shutdown_client(channel->clnt);
	channel->clnt = NULL;
	dnfs_dial_end(&channel->dial);
	put_cred(channel->cred);
	channel->cred = NULL;
	if (channel->xprt)
		svc_xprt_put(channel->xprt);
	channel->xprt = NULL;
	if (channel->session)
		dnfs4_session_put(channel->session);
	channel->session = NULL;
}

/*
 * Check whether the open transport is still the right one. Return: false in 4.1 if the connection
 * or session is gone, or the callback parameters of the session have changed; else true.
 */
bool dnfs4_cb_transport_is_current(const struct dnfs4_callback_channel *channel)
{
	const struct dnfs4_session *session = channel->session;

	if (!session)
		return true;
	return is_open(channel->xprt) && !READ_ONCE(session->dead) &&
	       channel->program == READ_ONCE(session->cb_program) &&
	       channel->sec == READ_ONCE(session->cb_sec) &&
	       uid_eq(channel->cred->fsuid, cb_uid(READ_ONCE(session->cb_uid))) &&
	       gid_eq(channel->cred->fsgid, cb_gid(READ_ONCE(session->cb_gid)));
}

static void call_done(struct rpc_task *task, void *data)
{
	struct dnfs4_callback *cb = data;

	cb->task_status = task->tk_status;
	dnfs4_callback_ended(cb);
}

static const struct rpc_call_ops call_ops = {
	.rpc_call_done = call_done,
};

/*
 * Start the RPC of a callback. Return: 0, after which dnfs4_callback_ended() is called for @cb; or
 * an errno if the task was not started.
 */
int dnfs4_cb_transport_call(struct dnfs4_callback_channel *channel, struct dnfs4_callback *cb)
{
	bool sequence = channel->client->minor;
	const struct rpc_message msg = {
		.rpc_proc = &procs[sequence || cb->ops->op ? PROC_COMPOUND : PROC_NULL],
		.rpc_argp = cb,
		.rpc_resp = cb,
		.rpc_cred = channel->cred,
	};
	int flags = RPC_TASK_SOFT | RPC_TASK_TIMEOUT;

	cb->minor = sequence ? channel->session->minor : 0;
	cb->ident = sequence ? 0 : channel->addr.ident;
	cb->seq_status = DNFS4_CB_NO_STATUS;
	cb->status = NFS4_OK;
	cb->task_status = 0;
	/* The server cannot reconnect a connection that the client made. */
	flags |= sequence ? RPC_TASK_NOCONNECT : RPC_TASK_SOFTCONN;
	return rpc_call_async(channel->clnt, &msg, flags, &call_ops, cb);
}

/*
 * Parse the callback address of a 4.0 client. @netid_len: bytes of @netid; @uaddr_len: bytes of
 * @uaddr.
 */
void dnfs4_callback_parse(struct net *net, const char *netid, u32 netid_len, const char *uaddr,
			  u32 uaddr_len, struct sockaddr_storage *addr)
{
	struct sockaddr *sa = (struct sockaddr *)addr;
	sa_family_t family;

	memset(addr, 0, sizeof(*addr));
	if (netid_len == 3 && !memcmp(netid, "tcp", 3))
		family = AF_INET;
	else if (netid_len == 4 && !memcmp(netid, "tcp6", 4))
		family = AF_INET6;
	else
		return;
	if (!rpc_uaddr2sockaddr(net, uaddr, uaddr_len, sa, sizeof(*addr)) ||
	    sa->sa_family != family || !rpc_get_port(sa))
		memset(addr, 0, sizeof(*addr));
}
