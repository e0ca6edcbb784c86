/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints of NLM and NSM. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ditto_nfs

#if !defined(_DITTO_LOCKD_NLM_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _DITTO_LOCKD_NLM_TRACE_H

#include <linux/sunrpc/clnt.h>
#include <linux/tracepoint.h>

#include "callout.h"
#include "host.h"

/* A request of a host for a range, and its result. */
DECLARE_EVENT_CLASS(dnlm_range,
	TP_PROTO(const struct dnlm_host *host, u32 svid, u64 first, u64 last, bool exclusive,
		 bool reclaim, int error),
	TP_ARGS(host, svid, first, last, exclusive, reclaim, error),
	TP_STRUCT__entry(
		__string(host, host->label)
		__field(u32, svid)
		__field(u64, first)
		__field(u64, last)
		__field(bool, exclusive)
		__field(bool, reclaim)
		__field(int, error)
	),
	TP_fast_assign(
		__assign_str(host);
		__entry->svid = svid;
		__entry->first = first;
		__entry->last = last;
		__entry->exclusive = exclusive;
		__entry->reclaim = reclaim;
		__entry->error = error;
	),
	TP_printk("host=%s svid=%u first=%llu last=%llu%s%s error=%d",
		  __get_str(host), __entry->svid, __entry->first, __entry->last,
		  __entry->exclusive ? " exclusive" : "", __entry->reclaim ? " reclaim" : "",
		  __entry->error)
);

#define DNLM_RANGE(name)							\
	DEFINE_EVENT(dnlm_range, name,						\
		TP_PROTO(const struct dnlm_host *host, u32 svid, u64 first,	\
			 u64 last, bool exclusive, bool reclaim, int error),	\
		TP_ARGS(host, svid, first, last, exclusive, reclaim, error))

DNLM_RANGE(dnlm_lock);
DNLM_RANGE(dnlm_cancel);
DNLM_RANGE(dnlm_unlock);

/* A host was notified of a lock it waited for, or will not get it. */
TRACE_EVENT(dnlm_grant,
	TP_PROTO(const struct dnlm_host *host, u64 first, u64 last, bool exclusive, int error),
	TP_ARGS(host, first, last, exclusive, error),
	TP_STRUCT__entry(
		__string(host, host->label)
		__field(u64, first)
		__field(u64, last)
		__field(bool, exclusive)
		__field(int, error)
	),
	TP_fast_assign(
		__assign_str(host);
		__entry->first = first;
		__entry->last = last;
		__entry->exclusive = exclusive;
		__entry->error = error;
	),
	TP_printk("host=%s first=%llu last=%llu%s error=%d", __get_str(host),
		  __entry->first, __entry->last, __entry->exclusive ? " exclusive" : "",
		  __entry->error)
);

/* A share reservation. */
DECLARE_EVENT_CLASS(dnlm_reservation,
	TP_PROTO(const struct dnlm_host *host, u32 access, u32 deny, bool reclaim, int error),
	TP_ARGS(host, access, deny, reclaim, error),
	TP_STRUCT__entry(
		__string(host, host->label)
		__field(u32, access)
		__field(u32, deny)
		__field(bool, reclaim)
		__field(int, error)
	),
	TP_fast_assign(
		__assign_str(host);
		__entry->access = access;
		__entry->deny = deny;
		__entry->reclaim = reclaim;
		__entry->error = error;
	),
	TP_printk("host=%s access=%u deny=%u%s error=%d", __get_str(host),
		  __entry->access, __entry->deny, __entry->reclaim ? " reclaim" : "",
		  __entry->error)
);

#define DNLM_RESERVATION(name)							\
	DEFINE_EVENT(dnlm_reservation, name,					\
		TP_PROTO(const struct dnlm_host *host, u32 access, u32 deny,	\
			 bool reclaim, int error),				\
		TP_ARGS(host, access, deny, reclaim, error))

DNLM_RESERVATION(dnlm_share);
DNLM_RESERVATION(dnlm_unshare);

/* All claims of a host were released. */
TRACE_EVENT(dnlm_released,
	TP_PROTO(const struct dnlm_host *host, const char *why),
	TP_ARGS(host, why),
	TP_STRUCT__entry(
		__string(host, host->label)
		__string(why, why)
	),
	TP_fast_assign(
		__assign_str(host);
		__assign_str(why);
	),
	TP_printk("host=%s why=%s", __get_str(host), __get_str(why))
);

/* A call to a client ended. */
TRACE_EVENT(dnlm_callout,
	TP_PROTO(const struct dnlm_callout *callout, int error),
	TP_ARGS(callout, error),
	TP_STRUCT__entry(
		__array(u8, addr, sizeof(struct in6_addr))
		__field(u32, program)
		__field(u32, version)
		__field(int, error)
		__string(proc, callout->proc->p_name)
	),
	TP_fast_assign(
		memcpy(__entry->addr, &callout->route.addr, sizeof(__entry->addr));
		__entry->program = callout->number ?: callout->program->number;
		__entry->version = callout->version;
		__entry->error = error;
		__assign_str(proc);
	),
	TP_printk("client=%pI6c program=%u version=%u %s error=%d", __entry->addr,
		  __entry->program, __entry->version, __get_str(proc), __entry->error)
);

/* A host notified us of its restart. */
TRACE_EVENT(dnlm_notified,
	TP_PROTO(const struct in6_addr *addr, u32 state, bool known, bool forward),
	TP_ARGS(addr, state, known, forward),
	TP_STRUCT__entry(
		__array(u8, addr, sizeof(struct in6_addr))
		__field(u32, state)
		__field(bool, known)
		__field(bool, forward)
	),
	TP_fast_assign(
		memcpy(__entry->addr, addr, sizeof(__entry->addr));
		__entry->state = state;
		__entry->known = known;
		__entry->forward = forward;
	),
	TP_printk("client=%pI6c state=%u%s%s", __entry->addr, __entry->state,
		  __entry->known ? "" : " unknown", __entry->forward ? " forward" : "")
);

/* We notified a host of our restart. */
TRACE_EVENT(dnlm_notify,
	TP_PROTO(const struct in6_addr *addr, u32 state, int error),
	TP_ARGS(addr, state, error),
	TP_STRUCT__entry(
		__array(u8, addr, sizeof(struct in6_addr))
		__field(u32, state)
		__field(int, error)
	),
	TP_fast_assign(
		memcpy(__entry->addr, addr, sizeof(__entry->addr));
		__entry->state = state;
		__entry->error = error;
	),
	TP_printk("client=%pI6c state=%u error=%d", __entry->addr, __entry->state,
		  __entry->error)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
