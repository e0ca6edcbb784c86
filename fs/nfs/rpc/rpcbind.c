// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registration with rpcbind (RFC 1833).
 *
 * Entries of other servers are never changed. rpcbind refuses a SET if another address is
 * registered, and the refusal is reported. sunrpc's own registration is not used for the
 * service, because svc_bind() and svc_xprt_destroy_all() remove all entries of a program, even
 * entries of other servers. They are called for a dummy service instead, whose program number is
 * not used by any other server.
 *
 * An UNSET removes the entry of a program, version and transport whatever its address. It is
 * therefore preceded by a SET of this server's address, which fails if another server has taken
 * the entry over.
 *
 * rpcbind may be started after this server, or be restarted and lose its entries. Each update
 * therefore registers everything again, which changes nothing for entries that exist. Updates
 * run in a process, not in a work item, because sunrpc looks for rpcbind's socket in the file
 * system of the caller, and a container has its own.
 *
 * Locking: the core lets one task at a time announce the listeners of a server, which guards all of
 * this. server->lock is not held, because rpcbind may hang.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/jiffies.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/sunrpc/svc.h>
#include <linux/sunrpc/svc_xprt.h>

#include "../server.h"
#include "rpc.h"
#include "rpcbind.h"

/* A number for transient use (RFC 5531 section 13.5); nothing is registered under it. */
#define DNFS_RPCBIND_PROGRAM	0x40d17700
/* Interval of attempts while rpcbind accepts connections but does not answer. */
#define DNFS_RPCBIND_PAUSE	(300 * HZ)

static const struct {
	int family;
	unsigned short proto;
	const char *name;
} dnfs_rpcbind_kinds[DNFS_RPCBIND_KINDS] = {
	[DNFS_RPCBIND_TCP4] = { AF_INET, IPPROTO_TCP, "tcp" },
	[DNFS_RPCBIND_UDP4] = { AF_INET, IPPROTO_UDP, "udp" },
	[DNFS_RPCBIND_TCP6] = { AF_INET6, IPPROTO_TCP, "tcp6" },
	[DNFS_RPCBIND_UDP6] = { AF_INET6, IPPROTO_UDP, "udp6" },
};

/* The Linux servers that usually register these programs, for messages. */
static const struct {
	u32 prog;
	const char *who;
} dnfs_rpcbind_rivals[] = {
	{ 100003, "knfsd" },
	{ 100005, "rpc.mountd" },
	{ 100011, "rpc.rquotad" },
	{ 100021, "the kernel's lockd" },
	{ 100024, "rpc.statd" },
	{ 100227, "knfsd" },
};

/**
 * struct dnfs_rpcbind - state of the registration with rpcbind
 * @serv: dummy service by which sunrpc talks to rpcbind
 * @bound: svc_bind() was called for @serv
 * @ours: bitmap of entries that rpcbind has accepted, or may have
 * @refused: bitmap of programs for which a refusal was logged
 * @port: registered port of each netid
 * @answers: rpcbind has answered so far in this update
 * @silent: it was logged that rpcbind does not answer
 * @pause: jiffies before which rpcbind is not asked, unless @answers
 */
struct dnfs_rpcbind {
	struct svc_serv *serv;
	bool bound;
	DECLARE_BITMAP(ours, DNFS_PROGRAMS * DNFS_RPCBIND_KINDS);
	DECLARE_BITMAP(refused, DNFS_PROGRAMS);
	unsigned short port[DNFS_RPCBIND_KINDS];
	bool answers;
	bool silent;
	unsigned long pause;
};

static const struct svc_version dnfs_rpcbind_version = { .vs_vers = 1 };
static const struct svc_version *dnfs_rpcbind_versions[] = { NULL, &dnfs_rpcbind_version };

static struct svc_program dnfs_rpcbind_program = {
	.pg_prog = DNFS_RPCBIND_PROGRAM,
	.pg_nvers = ARRAY_SIZE(dnfs_rpcbind_versions),
	.pg_vers = dnfs_rpcbind_versions,
	.pg_name = "ditto",
	.pg_class = "ditto",
};

static const char *dnfs_rpcbind_rival(u32 prog)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(dnfs_rpcbind_rivals); i++)
		if (dnfs_rpcbind_rivals[i].prog == prog)
			return dnfs_rpcbind_rivals[i].who;
	return "another server";
}

static unsigned int dnfs_rpcbind_bit(unsigned int program, unsigned int kind)
{
	return program * DNFS_RPCBIND_KINDS + kind;
}

/*
 * rpcbind is optional, because clients may know the ports: its absence is logged once. A caller
 * that is killed tells nothing of rpcbind: the next update asks again.
 */
static void dnfs_rpcbind_absent(struct dnfs_rpcbind *rb, int err)
{
	rb->answers = false;
	if (err == -ERESTARTSYS) {
		rb->pause = jiffies;
		return;
	}
	rb->pause = jiffies + (err == -ECONNREFUSED ? 0 : DNFS_RPCBIND_PAUSE);
	if (!rb->silent)
		pr_info("rpcbind does not answer (error %d): clients must name the ports\n", err);
	rb->silent = true;
}

static void dnfs_rpcbind_failed(struct dnfs_rpcbind *rb, unsigned int program, unsigned int kind,
				int err, struct netlink_ext_ack *extack)
{
	u32 prog = dnfs_rpc_program(program)->prog;

	if (err == -EAFNOSUPPORT)
		return;
	if (err != -EACCES) {
		dnfs_rpcbind_absent(rb, err);
		return;
	}
	NL_SET_ERR_MSG_FMT(extack, "rpcbind keeps program %u for another server, such as %s", prog,
			   dnfs_rpcbind_rival(prog));
	if (!__test_and_set_bit(program, rb->refused))
		pr_warn("rpcbind keeps program %u version %u (%s) for another server, such as %s: clients that ask it go there\n",
			prog, dnfs_rpc_program(program)->vers, dnfs_rpcbind_kinds[kind].name,
			dnfs_rpcbind_rival(prog));
}

static int dnfs_rpcbind_call(struct dnfs_server *server, unsigned int program, unsigned int kind,
			     unsigned short port)
{
	return dnfs_rpc_rpcbind_set(server->net, program, dnfs_rpcbind_kinds[kind].family,
				    dnfs_rpcbind_kinds[kind].proto, port);
}

static void dnfs_rpcbind_unset(struct dnfs_server *server, unsigned int program,
			       unsigned int kind)
{
	struct dnfs_rpcbind *rb = server->rpcbind;
	unsigned int bit = dnfs_rpcbind_bit(program, kind);
	int err;

	if (!test_bit(bit, rb->ours) || !rb->answers)
		return;
	err = dnfs_rpcbind_call(server, program, kind, rb->port[kind]) ?:
	      dnfs_rpcbind_call(server, program, kind, 0);
	if (err)
		dnfs_rpcbind_failed(rb, program, kind, err, NULL);
	if (!err || err == -EACCES)
		__clear_bit(bit, rb->ours);
}

static void dnfs_rpcbind_set(struct dnfs_server *server, unsigned int program, unsigned int kind,
			     unsigned short port, struct netlink_ext_ack *extack)
{
	struct dnfs_rpcbind *rb = server->rpcbind;
	unsigned int bit = dnfs_rpcbind_bit(program, kind);
	int err;

	if (!rb->answers)
		return;
	/* rpcbind may accept an entry whose answer the caller does not live to see. */
	__set_bit(bit, rb->ours);
	err = dnfs_rpcbind_call(server, program, kind, port);
	if (!err) {
		rb->silent = false;
		return;
	}
	if (err == -EACCES || err == -EAFNOSUPPORT)
		__clear_bit(bit, rb->ours);
	dnfs_rpcbind_failed(rb, program, kind, err, extack);
}

static void dnfs_rpcbind_bind(struct dnfs_server *server)
{
	struct dnfs_rpcbind *rb = server->rpcbind;
	int err;

	if (!rb->answers && time_before(jiffies, rb->pause))
		return;
	rb->answers = true;
	if (rb->bound)
		return;
	err = svc_bind(rb->serv, server->net);
	if (err)
		dnfs_rpcbind_absent(rb, err);
	else
		rb->bound = true;
}

/* Prepare to talk with rpcbind. Without memory nothing is registered. */
static void dnfs_rpcbind_start(struct dnfs_server *server)
{
	struct dnfs_rpcbind *rb;

	rb = kzalloc(sizeof(*rb), GFP_KERNEL);
	if (!rb)
		return;
	rb->serv = svc_create(&dnfs_rpcbind_program, PAGE_SIZE, NULL);
	if (!rb->serv) {
		kfree(rb);
		return;
	}
	rb->answers = true;
	server->rpcbind = rb;
}

static void dnfs_rpcbind_stop(struct dnfs_server *server)
{
	struct dnfs_rpcbind *rb = server->rpcbind;

	/* It has no sockets. */
	svc_xprt_destroy_all(rb->serv, server->net, rb->bound);
	svc_destroy(&rb->serv);
	server->rpcbind = NULL;
	kfree(rb);
}

static void dnfs_rpcbind_update_kind(struct dnfs_server *server, unsigned int kind,
				     const struct dnfs_rpcbind_want *want,
				     struct netlink_ext_ack *extack)
{
	struct dnfs_rpcbind *rb = server->rpcbind;
	unsigned int i;

	for (i = 0; i < DNFS_PROGRAMS; i++)
		if (want->port != rb->port[kind] || !want->served[i])
			dnfs_rpcbind_unset(server, i, kind);
	rb->port[kind] = want->port;
	for (i = 0; i < DNFS_PROGRAMS && want->port; i++)
		if (want->served[i])
			dnfs_rpcbind_set(server, i, kind, want->port, extack);
}

/*
 * Register the ports of the listening sockets. @extack: gets a message about an entry of another
 * server; may be NULL. Registers all entries again, in case rpcbind was restarted, and without any
 * port ends all dealings with it. If rpcbind does not answer, this is logged once, and the next
 * update tries again.
 *
 * Call this before a socket is closed and after it was opened, so that rpcbind only names ports
 * that belong to this server. Context: process; may sleep for as long as rpcbind takes; one call at
 * a time for a server.
 */
void dnfs_rpcbind_update(struct dnfs_server *server,
			 const struct dnfs_rpcbind_want want[DNFS_RPCBIND_KINDS],
			 struct netlink_ext_ack *extack)
{
	bool any = false;
	unsigned int kind;

	for (kind = 0; kind < DNFS_RPCBIND_KINDS; kind++)
		any |= want[kind].port;
	if (any && !server->rpcbind)
		dnfs_rpcbind_start(server);
	if (!server->rpcbind)
		return;
	dnfs_rpcbind_bind(server);
	for (kind = 0; kind < DNFS_RPCBIND_KINDS; kind++)
		dnfs_rpcbind_update_kind(server, kind, &want[kind], extack);
	if (!any)
		dnfs_rpcbind_stop(server);
}
