/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints of the SMB server: connections, requests and responses. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ditto_smb

#if !defined(_DITTO_SMB_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _DITTO_SMB_TRACE_H

#include <linux/tracepoint.h>

#include "transport/command.h"
#include "transport/conn.h"

TRACE_EVENT(dsmb_conn_new,
	TP_PROTO(const struct dsmb_conn *conn),
	TP_ARGS(conn),
	TP_STRUCT__entry(
		__string(client, conn->name)
	),
	TP_fast_assign(
		__assign_str(client);
	),
	TP_printk("client=%s", __get_str(client))
);

TRACE_EVENT(dsmb_conn_drop,
	TP_PROTO(const struct dsmb_conn *conn, const char *why),
	TP_ARGS(conn, why),
	TP_STRUCT__entry(
		__string(client, conn->name)
		__string(why, why ? why : "it ended")
	),
	TP_fast_assign(
		__assign_str(client);
		__assign_str(why);
	),
	TP_printk("client=%s why=%s", __get_str(client), __get_str(why))
);

/* A request is about to be checked; a request that is run again is not traced again. */
TRACE_EVENT(dsmb_request,
	TP_PROTO(const struct dsmb_call *call),
	TP_ARGS(call),
	TP_STRUCT__entry(
		__field(u64, message_id)
		__field(u64, session_id)
		__field(u32, tree_id)
		__field(u32, flags)
		__field(u16, command)
		__field(u16, charge)
		__field(u16, credits)
		__string(client, call->conn->name)
		__string(name, call->cmd ? call->cmd->name : "unknown")
	),
	TP_fast_assign(
		__entry->message_id = call->message_id;
		__entry->session_id = call->session_id;
		__entry->tree_id = call->tree_id;
		__entry->flags = call->flags;
		__entry->command = call->command;
		__entry->charge = call->charge;
		__entry->credits = call->credits;
		__assign_str(client);
		__assign_str(name);
	),
	TP_printk("client=%s mid=%llu %s(%u) session=0x%llx tree=%u flags=0x%x charge=%u asks=%u",
		  __get_str(client), __entry->message_id, __get_str(name), __entry->command,
		  __entry->session_id, __entry->tree_id, __entry->flags, __entry->charge,
		  __entry->credits)
);

/* A request is complete. The time covers only its last run. */
TRACE_EVENT(dsmb_reply,
	TP_PROTO(const struct dsmb_call *call, u32 status, u64 nanoseconds),
	TP_ARGS(call, status, nanoseconds),
	TP_STRUCT__entry(
		__field(u64, message_id)
		__field(u64, nanoseconds)
		__field(u32, status)
		__field(u32, bytes)
		__string(client, call->conn->name)
		__string(name, call->cmd ? call->cmd->name : "unknown")
	),
	TP_fast_assign(
		__entry->message_id = call->message_id;
		__entry->nanoseconds = nanoseconds;
		__entry->status = status;
		__entry->bytes = call->out.len;
		__assign_str(client);
		__assign_str(name);
	),
	TP_printk("client=%s mid=%llu %s status=0x%08x bytes=%u ns=%llu",
		  __get_str(client), __entry->message_id, __get_str(name), __entry->status,
		  __entry->bytes, __entry->nanoseconds)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
