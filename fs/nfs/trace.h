/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints of the NFS programs. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ditto_nfs

#if !defined(_DITTO_FS_NFS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _DITTO_FS_NFS_TRACE_H

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/socket.h>
#include <linux/sunrpc/svc.h>
#include <linux/tracepoint.h>

#include "rpc/call.h"

#ifndef DNFS_TRACE_ADDR_LEN
#define DNFS_TRACE_ADDR_LEN
static inline unsigned int dnfs_addr_len(const struct sockaddr *addr)
{
	return addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
					     sizeof(struct sockaddr_in);
}
#endif

/* A procedure was answered. */
TRACE_EVENT(dnfs_done,
	TP_PROTO(const struct svc_rqst *rqstp, const struct dnfs_program *program,
		 const struct dnfs_call *call, u64 nanoseconds),
	TP_ARGS(rqstp, program, call, nanoseconds),
	TP_STRUCT__entry(
		__field(u32, xid)
		__field(u32, status)
		__field(u32, bytes)
		__field(u64, nanoseconds)
		__sockaddr(addr, rqstp->rq_addrlen)
		__string(group, program->group)
		__string(proc, call->proc->name)
	),
	TP_fast_assign(
		__entry->xid = be32_to_cpu(rqstp->rq_xid);
		__entry->status = call->status;
		__entry->bytes = call->bytes;
		__entry->nanoseconds = nanoseconds;
		__assign_sockaddr(addr, &rqstp->rq_addr, rqstp->rq_addrlen);
		__assign_str(group);
		__assign_str(proc);
	),
	TP_printk("client=%pISpc xid=0x%08x %s %s status=%u bytes=%u ns=%llu",
		  __get_sockaddr(addr), __entry->xid, __get_str(group), __get_str(proc),
		  __entry->status, __entry->bytes, __entry->nanoseconds)
);

/* An operation of a COMPOUND was answered. */
TRACE_EVENT(dnfs4_op,
	TP_PROTO(const struct dnfs_call *call, const char *name, u32 minor, u32 status,
		 u64 nanoseconds),
	TP_ARGS(call, name, minor, status, nanoseconds),
	TP_STRUCT__entry(
		__field(u32, minor)
		__field(u32, status)
		__field(u64, nanoseconds)
		__sockaddr(addr, dnfs_addr_len(call->addr))
		__string(name, name)
	),
	TP_fast_assign(
		__entry->minor = minor;
		__entry->status = status;
		__entry->nanoseconds = nanoseconds;
		__assign_sockaddr(addr, call->addr, dnfs_addr_len(call->addr));
		__assign_str(name);
	),
	TP_printk("client=%pISpc nfs4.%u %s status=%u ns=%llu", __get_sockaddr(addr),
		  __entry->minor, __get_str(name), __entry->status, __entry->nanoseconds)
);

/* A call was answered without executing its procedure, or dropped. */
DECLARE_EVENT_CLASS(dnfs_not_done,
	TP_PROTO(const struct svc_rqst *rqstp, const struct dnfs_program *program,
		 const struct dnfs_proc *proc),
	TP_ARGS(rqstp, program, proc),
	TP_STRUCT__entry(
		__field(u32, xid)
		__sockaddr(addr, rqstp->rq_addrlen)
		__string(group, program->group)
		__string(proc, proc->name)
	),
	TP_fast_assign(
		__entry->xid = be32_to_cpu(rqstp->rq_xid);
		__assign_sockaddr(addr, &rqstp->rq_addr, rqstp->rq_addrlen);
		__assign_str(group);
		__assign_str(proc);
	),
	TP_printk("client=%pISpc xid=0x%08x %s %s",
		  __get_sockaddr(addr), __entry->xid, __get_str(group), __get_str(proc))
);

#define DNFS_NOT_DONE(name)							\
	DEFINE_EVENT(dnfs_not_done, name,					\
		TP_PROTO(const struct svc_rqst *rqstp,				\
			 const struct dnfs_program *program,			\
			 const struct dnfs_proc *proc),				\
		TP_ARGS(rqstp, program, proc))

DNFS_NOT_DONE(dnfs_garbage);	/* its arguments were no valid XDR */
DNFS_NOT_DONE(dnfs_dropped);	/* it is being executed already, or its client is gone */
DNFS_NOT_DONE(dnfs_parked);	/* it waits for data and will be executed again */
DNFS_NOT_DONE(dnfs_replayed);	/* it was executed before */
DNFS_NOT_DONE(dnfs_stranger);	/* no share admits the caller */
DNFS_NOT_DONE(dnfs_too_weak);	/* its flavour was refused */

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
