// SPDX-License-Identifier: GPL-2.0-only
/* Lists the shares, and describes the server (MS-SRVS). */

#include <string.h>
#include <strings.h>
#include <time.h>

#include "share_change.h"
#include "srvsvc.h"

/* MS-SRVS sections 2.2.2.4, 2.2.4.29. */
#define STYPE_DISKTREE			0
#define STYPE_IPC			0x80000003
#define NO_LIMIT			0xffffffff

/*
 * MS-SRVS sections 2.2.2.6 and 2.2.2.7: platform NT; types workstation, server, both for NT, and
 * Unix.
 */
#define PLATFORM_NT			500
#define SERVER_TYPE			(0x1 | 0x2 | 0x800 | 0x1000 | 0x8000)
#define VERSION_MAJOR			10
#define VERSION_MINOR			0

/**
 * struct entry - a share as it is reported
 * @name: name of the share
 * @remark: comment
 * @path: path in the syntax of Windows
 * @type: STYPE_* value
 * @flags: flags of SHARE_INFO_1005
 * @descriptor: security descriptor, in bytes
 */
struct entry {
	const char *name;
	const char *remark;
	const char *path;
	u32 type;
	u32 flags;
	struct ndr_array descriptor;
};

struct entries {
	struct entry *entry;
	u32 n;
};

/* Members of SHARE_INFO structures (MS-SRVS sections 2.2.4.22 to 2.2.4.27). */
#define NAME		NDR_AT(TEXT, struct entry, name)
#define TYPE		NDR_AT(U32, struct entry, type)
#define REMARK		NDR_AT(TEXT, struct entry, remark)
#define PERMISSIONS	NDR_NUMBER(U32, 0)
#define MAX_USES	NDR_NUMBER(U32, NO_LIMIT)
#define CURRENT_USES	NDR_NUMBER(U32, 0)
#define PATH		NDR_AT(TEXT, struct entry, path)
#define PASSWORD	NDR_WORDS(TEXT, "")
#define FLAGS		NDR_AT(U32, struct entry, flags)
#define SERVER		NDR_WORDS(TEXT, "*")
#define DESCRIPTOR	NDR_COUNTED(struct entry, descriptor, .of = &ndr_of_byte)
#define SHARE(...)	{ sizeof(struct entry), NDR_FIELDS(__VA_ARGS__) }

/*
 * Flags of levels: valid for NetrShareEnum and for NetrShareEnumSticky; with information for
 * administrators only; in a list, for administrators only.
 */
#define LISTED		1u
#define STICKY		2u
#define ADMIN		4u
#define ADMIN_LIST	8u

static const struct srvsvc_level levels[] = {
	{ 0, LISTED | STICKY, SHARE(NAME) },
	{ 1, LISTED | STICKY, SHARE(NAME, TYPE, REMARK) },
	{ 2, LISTED | STICKY | ADMIN | ADMIN_LIST,
	  SHARE(NAME, TYPE, REMARK, PERMISSIONS, MAX_USES, CURRENT_USES, PATH, PASSWORD) },
	{ 501, LISTED | ADMIN_LIST, SHARE(NAME, TYPE, REMARK, FLAGS) },
	{ 502, LISTED | STICKY | ADMIN | ADMIN_LIST,
	  SHARE(NAME, TYPE, REMARK, PERMISSIONS, MAX_USES, CURRENT_USES, PATH, PASSWORD,
		DESCRIPTOR) },
	{ 503, LISTED | STICKY | ADMIN | ADMIN_LIST,
	  SHARE(NAME, TYPE, REMARK, PERMISSIONS, MAX_USES, CURRENT_USES, PATH, PASSWORD, SERVER,
		DESCRIPTOR) },
	{ 1005, 0, SHARE(FLAGS) },
};

/* MS-SRVS sections 2.2.4.40 to 2.2.4.42. */
#define SERVER_100	NDR_NUMBER(U32, PLATFORM_NT), SRVSVC_AT(TEXT, name)
#define SERVER_101 \
	SERVER_100, NDR_NUMBER(U32, VERSION_MAJOR), NDR_NUMBER(U32, VERSION_MINOR), \
	NDR_NUMBER(U32, SERVER_TYPE), SRVSVC_AT(TEXT, comment)
/* Most users, auto-disconnect minutes, hidden, announce interval and its variation, licences. */
#define SERVER_102 \
	SERVER_101, NDR_NUMBER(U32, NO_LIMIT), NDR_NUMBER(U32, 15), NDR_NUMBER(U32, 0), \
	NDR_NUMBER(U32, 0), NDR_NUMBER(U32, 0), NDR_NUMBER(U32, 0), NDR_WORDS(TEXT, "C:\\")

static const struct srvsvc_level server_levels[] = {
	{ 100, 0, { sizeof(struct srvsvc_args), NDR_FIELDS(SERVER_100) } },
	{ 101, 0, { sizeof(struct srvsvc_args), NDR_FIELDS(SERVER_101) } },
	{ 102, 0, { sizeof(struct srvsvc_args), NDR_FIELDS(SERVER_102) } },
};

/* TIME_OF_DAY_INFO (MS-SRVS section 2.2.4.105), as twelve numbers. */
#define TIME_NUMBERS	12
#define TIME_AT(i)	{ .type = NDR_U32, .at = (i) * sizeof(u32) }

static const struct ndr_struct time_of_day = {
	sizeof(u32[TIME_NUMBERS]),
	NDR_FIELDS(TIME_AT(0), TIME_AT(1), TIME_AT(2), TIME_AT(3), TIME_AT(4), TIME_AT(5),
		   TIME_AT(6), TIME_AT(7), TIME_AT(8), TIME_AT(9), TIME_AT(10), TIME_AT(11))
};

/* A share with more users and groups than a descriptor has room for shows none. */
static void entry_set_descriptor(struct rpc_call *call, const struct share *s, struct entry *e)
{
	struct ndr_array aces;

	if (!call->user->administrator || s->users.n >= SHARE_ACES_MAX)
		return;
	share_aces_of(s, &aces, &call->memory);
	share_descriptor_put(&aces, &e->descriptor, &call->memory);
}

/*
 * Collect the shares that the user may know of, including those that are not browsable if @hidden.
 * Returns 0 or an error.
 */
static u32 entries_get(struct rpc_call *call, bool hidden, struct entries *list)
{
	struct kernel_shares shares = { 0 };
	unsigned int i;
	int rc;

	rc = call->asks->shares(call->asks->accounts.arg, &shares);
	if (rc)
		return srvsvc_error(rc);
	list->entry = mem_chain_new(&call->memory, (shares.n + 1) * sizeof(*list->entry));
	for (i = 0; i < shares.n; i++) {
		const struct share *s = shares.share[i];

		if ((!s->browse && !hidden) || (!s->guest && !rpc_user_is_known(call->user)))
			continue;
		list->entry[list->n++] = (struct entry){
			.name = mem_chain_print(&call->memory, "%s", s->name),
			.remark = mem_chain_print(&call->memory, "%s", s->comment ?: ""),
			.path = srvsvc_path(call, s->path ?: "/", ""),
			.type = STYPE_DISKTREE,
			.flags = (s->hide_unreadable ? SHARE_FLAG_ACCESS_BASED : 0) |
				 (s->encrypt ? SHARE_FLAG_ENCRYPT : 0) |
				 (s->links ? SHARE_FLAG_DFS | SHARE_FLAG_DFS_ROOT : 0),
		};
		entry_set_descriptor(call, s, &list->entry[list->n - 1]);
	}
	list->entry[list->n++] = (struct entry){
		.name = "IPC$", .remark = "Remote IPC", .path = "", .type = STYPE_IPC,
	};
	kernel_shares_free(&shares);
	return ERROR_SUCCESS;
}

static u32 share_enum_as(struct rpc_call *call, struct srvsvc_args *args, unsigned int flag)
{
	const struct srvsvc_level *level;
	struct entries list = { 0 };
	u32 result = ERROR_SUCCESS;

	level = srvsvc_level_find(levels, ARRAY_SIZE(levels), args->level);
	if (level && !(level->flags & flag))
		level = NULL;
	if (level && level->flags & ADMIN_LIST && !call->user->administrator)
		result = ERROR_ACCESS_DENIED;
	else if (level)
		result = entries_get(call, false, &list);
	return srvsvc_list_fill(call, args, level, list.entry, list.n, result);
}

/* NetrShareEnum (MS-SRVS section 3.1.4.8). */
static u32 share_enum(struct rpc_call *call, void *data)
{
	return share_enum_as(call, data, LISTED);
}

/*
 * NetrShareEnumSticky (MS-SRVS section 3.1.4.9): all shares are sticky, but fewer levels are
 * valid.
 */
static u32 share_enum_sticky(struct rpc_call *call, void *data)
{
	return share_enum_as(call, data, STICKY);
}

/* NetrShareGetInfo (MS-SRVS section 3.1.4.10). */
static u32 share_get_info(struct rpc_call *call, void *data)
{
	const struct srvsvc_level *level;
	struct srvsvc_args *args = data;
	struct entries list = { 0 };
	u32 result, i;

	level = srvsvc_level_find(levels, ARRAY_SIZE(levels), args->level);
	if (!level)
		return ERROR_INVALID_LEVEL;
	if (level->flags & ADMIN && !call->user->administrator)
		return ERROR_ACCESS_DENIED;
	result = entries_get(call, true, &list);
	if (result)
		return result;
	for (i = 0; i < list.n; i++) {
		if (strcasecmp(list.entry[i].name, args->name))
			continue;
		srvsvc_info_fill(call, args, &level->of, &list.entry[i]);
		return ERROR_SUCCESS;
	}
	return NERR_NET_NAME_NOT_FOUND;
}

/* NetrShareCheck (MS-SRVS section 3.1.4.16): is a path shared? The empty one belongs to IPC$. */
static u32 share_check(struct rpc_call *call, void *data)
{
	struct srvsvc_args *args = data;
	struct entries list = { 0 };
	u32 i;

	args->type = STYPE_DISKTREE;
	/* Only administrators may see paths. */
	if (!call->user->administrator)
		return ERROR_ACCESS_DENIED;
	if (entries_get(call, true, &list))
		return ERROR_GEN_FAILURE;
	for (i = 0; i < list.n; i++) {
		if (strcasecmp(list.entry[i].path, args->name))
			continue;
		args->type = list.entry[i].type;
		return ERROR_SUCCESS;
	}
	return NERR_DEVICE_NOT_SHARED;
}

/* NetrServerGetInfo (MS-SRVS section 3.1.4.17). */
static u32 server_get_info(struct rpc_call *call, void *data)
{
	char *name = mem_chain_new(&call->memory, NSS_NAME_SIZE);
	const struct srvsvc_level *level;
	struct srvsvc_args *args = data;
	const struct rows *rows;

	level = srvsvc_level_find(server_levels, ARRAY_SIZE(server_levels), args->level);
	if (!level)
		return ERROR_INVALID_LEVEL;
	sid_machine_name(name);
	args->name = name;
	args->comment = !rpc_list_get(call, RPC_LIST_SERVER, &rows) && rows->n ?
			rows->row->text[SERVER_COMMENT] : DEFAULT_COMMENT;
	srvsvc_info_fill(call, args, &level->of, args);
	return ERROR_SUCCESS;
}

/* NetrRemoteTOD (MS-SRVS section 3.1.4.21). */
static u32 remote_tod(struct rpc_call *call, void *data)
{
	struct srvsvc_args *args = data;
	struct tm utc, local;
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	gmtime_r(&t.tv_sec, &utc);
	localtime_r(&t.tv_sec, &local);
	args->time = memcpy(mem_chain_new(&call->memory, time_of_day.size), (u32[]){
		(u32)t.tv_sec,
		/* Milliseconds since an arbitrary time. */
		(u32)((u64)t.tv_sec * 1000 + (u64)t.tv_nsec / 1000000),
		(u32)utc.tm_hour, (u32)utc.tm_min, (u32)utc.tm_sec, (u32)(t.tv_nsec / 10000000),
		/* Minutes west of UTC, and the tick in units of 0.1 ms. */
		(u32)(-local.tm_gmtoff / 60), 310,
		(u32)utc.tm_mday, (u32)utc.tm_mon + 1, (u32)utc.tm_year + 1900, (u32)utc.tm_wday,
	}, time_of_day.size);
	return ERROR_SUCCESS;
}

#define LIST_OP(number, handler, ...) \
	{ .opnum = (number), .answer = (handler), \
	  .in = NDR_FIELDS(SERVER_NAME, __VA_ARGS__), .out = LIST_OUT }

#define PARAMETER_OUT \
	NDR_FIELDS(SRVSVC_AT(POINTER, bad_parameter, .of = &ndr_of_number))

#define HANDLE_OUT	NDR_FIELDS(SRVSVC_AT(BYTES, handle, .n = RPC_HANDLE_SIZE))

static const struct rpc_op ops[] = {
	LIST_OP(8, srvsvc_connection_enum, SRVSVC_AT(TEXT, name), LIST_IN),
	LIST_OP(9, srvsvc_file_enum, SRVSVC_AT(TEXT, name), SRVSVC_AT(TEXT, user), LIST_IN),
	{ .opnum = 10, .answer = srvsvc_file_get_info,
	  .in = NDR_FIELDS(SERVER_NAME, SRVSVC_AT(U32, id), SRVSVC_AT(U32, level)),
	  .out = INFO_OUT },
	{ .opnum = 11, .answer = srvsvc_file_close,
	  .in = NDR_FIELDS(SERVER_NAME, SRVSVC_AT(U32, id)) },
	LIST_OP(12, srvsvc_session_enum, SRVSVC_AT(TEXT, name), SRVSVC_AT(TEXT, user), LIST_IN),
	{ .opnum = 13, .answer = srvsvc_session_del,
	  .in = NDR_FIELDS(SERVER_NAME, SRVSVC_AT(TEXT, name), SRVSVC_AT(TEXT, user)) },
	{ .opnum = 14, .answer = srvsvc_share_add,
	  .in = NDR_FIELDS(SERVER_NAME, SRVSVC_AT(U32, level), SRVSVC_AT(U32, list_level)),
	  .out = PARAMETER_OUT },
	LIST_OP(15, share_enum, LIST_IN),
	{ .opnum = 16, .answer = share_get_info,
	  .in = NDR_FIELDS(SERVER_NAME, SRVSVC_AT(STRING, name), SRVSVC_AT(U32, level)),
	  .out = INFO_OUT },
	{ .opnum = 17, .answer = srvsvc_share_set_info,
	  .in = NDR_FIELDS(SERVER_NAME, SRVSVC_AT(STRING, name), SRVSVC_AT(U32, level),
			   SRVSVC_AT(U32, list_level)),
	  .out = PARAMETER_OUT },
	{ .opnum = 18, .answer = srvsvc_share_del,
	  .in = NDR_FIELDS(SERVER_NAME, SRVSVC_AT(STRING, name), NDR_NUMBER(U32, 0)) },
	{ .opnum = 20, .answer = share_check,
	  .in = NDR_FIELDS(SERVER_NAME, SRVSVC_AT(STRING, name)),
	  .out = NDR_FIELDS(SRVSVC_AT(U32, type)) },
	{ .opnum = 21, .answer = server_get_info,
	  .in = NDR_FIELDS(SERVER_NAME, SRVSVC_AT(U32, level)), .out = INFO_OUT },
	{ .opnum = 28, .answer = remote_tod, .in = NDR_FIELDS(SERVER_NAME),
	  .out = NDR_FIELDS(SRVSVC_AT(POINTER, time, .of = &time_of_day)) },
	LIST_OP(36, share_enum_sticky, LIST_IN),
	{ .opnum = 37, .answer = srvsvc_share_del_start,
	  .in = NDR_FIELDS(SERVER_NAME, SRVSVC_AT(STRING, name), NDR_NUMBER(U32, 0)),
	  .out = HANDLE_OUT },
	{ .opnum = 38, .handle = RPC_HANDLE_SHARE, .answer = srvsvc_share_del_commit,
	  .out = HANDLE_OUT },
	{ 0 }
};

/* 4b324fc8-1670-01d3-1278-5a47bf6ee188 */
const struct rpc_interface srvsvc_interface = {
	.pipe = "srvsvc",
	.uuid = { 0xc8, 0x4f, 0x32, 0x4b, 0x70, 0x16, 0xd3, 0x01, 0x12, 0x78, 0x5a, 0x47, 0xbf,
		  0x6e, 0xe1, 0x88 },
	.version = 3,
	.args_size = sizeof(struct srvsvc_args),
	.ops = ops,
};
