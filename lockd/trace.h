/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints of the lock table. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ditto

#if !defined(_DITTO_LOCKD_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _DITTO_LOCKD_TRACE_H

#include <linux/tracepoint.h>

#include "range.h"
#include "trace_private.h"

/*
 * An event of a claim. @bits are, for an open, access and, four bits higher, deny; for a grant,
 * the bits held. @keep is what a break leaves.
 */
DECLARE_EVENT_CLASS(ditto_claim,
	TP_PROTO(const struct ditto_claim *claim, u8 keep, const char *why),
	TP_ARGS(claim, keep, why),
	TP_STRUCT__entry(
		__field(const void *, point)
		__field(u64, first)
		__field(u64, last)
		__field(u8, held)
		__field(u8, bits)
		__field(u8, keep)
		__string(protocol, claim->owner->client->protocol)
		__string(client, claim->owner->client->name)
		__string(why, why)
	),
	TP_fast_assign(
		const struct ditto_range *range = ditto_trace_range(claim);

		__entry->point = claim->ctx ? claim->ctx->point : NULL;
		__entry->first = range ? range->first : 0;
		__entry->last = range ? range->last : 0;
		__entry->held = claim->held;
		__entry->bits = ditto_trace_bits(claim);
		__entry->keep = keep;
		__assign_str(protocol);
		__assign_str(client);
		__assign_str(why);
	),
	TP_printk("%s client=%s node=%p held=%u first=%llu last=%llu bits=0x%x keep=0x%x %s",
		  __get_str(protocol), __get_str(client), __entry->point, __entry->held,
		  __entry->first, __entry->last, __entry->bits, __entry->keep, __get_str(why))
);

#define DITTO_CLAIM_EVENT(name)							\
	DEFINE_EVENT(ditto_claim, name,						\
		TP_PROTO(const struct ditto_claim *claim, u8 keep, const char *why), \
		TP_ARGS(claim, keep, why))

DITTO_CLAIM_EVENT(ditto_grant);		/* the claim is held, or holds more */
DITTO_CLAIM_EVENT(ditto_conflict);	/* the claim refused an intent, which is named */
DITTO_CLAIM_EVENT(ditto_break);		/* a break of the claim begins */
DITTO_CLAIM_EVENT(ditto_ack);		/* the holder answered */
DITTO_CLAIM_EVENT(ditto_revoke);	/* the deadline passed */
DITTO_CLAIM_EVENT(ditto_release);	/* the claim ended otherwise than by an unlock */

/* A request was queued (result -EINPROGRESS), or its waiting is over. */
TRACE_EVENT(ditto_wait,
	TP_PROTO(const struct ditto_wait *wait, int result),
	TP_ARGS(wait, result),
	TP_STRUCT__entry(
		__field(const void *, point)
		__field(u64, first)
		__field(u64, last)
		__field(bool, exclusive)
		__field(int, result)
		__string(protocol, wait->request.owner->client->protocol)
		__string(client, wait->request.owner->client->name)
	),
	TP_fast_assign(
		__entry->point = wait->request.point;
		__entry->first = wait->request.first;
		__entry->last = wait->request.last;
		__entry->exclusive = wait->request.exclusive;
		__entry->result = result;
		__assign_str(protocol);
		__assign_str(client);
	),
	TP_printk("%s client=%s node=%p first=%llu last=%llu %s result=%d",
		  __get_str(protocol), __get_str(client), __entry->point, __entry->first,
		  __entry->last, __entry->exclusive ? "exclusive" : "shared", __entry->result)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
