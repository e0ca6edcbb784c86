// SPDX-License-Identifier: GPL-2.0-only
/* Lists the shares, and describes the server (MS-SRVS). */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "mem.h"
#include "srvsvc.h"

/* MS-SRVS sections 2.2.2.4, 2.2.4.29. */
#define STYPE_DISKTREE			0
#define STYPE_IPC			0x80000003
#define FLAG_ACCESS_BASED		0x0800
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
 */
struct entry {
	char *name;
	char *remark;
	char *path;
	u32 type;
	u32 flags;
};

struct entries {
	struct entry *entry;
	unsigned int n;
};

/* Members of SHARE_INFO structures (MS-SRVS sections 2.2.4.22 to 2.2.4.27). */
enum member {
	END,
	NAME,
	TYPE,
	REMARK,
	PERMISSIONS,
	MAX_USES,
	CURRENT_USES,
	PATH,
	PASSWORD,
	FLAGS,
	SERVER,
	DESCRIPTOR_LEN,
	DESCRIPTOR,
};

/*
 * Flags of levels: valid for NetrShareEnum and for NetrShareEnumSticky; with information for
 * administrators only; in a list, for administrators only.
 */
#define LISTED		1u
#define STICKY		2u
#define ADMIN		4u
#define ADMIN_LIST	8u

static const struct srvsvc_level levels[] = {
	{ 0, LISTED | STICKY, { NAME } },
	{ 1, LISTED | STICKY, { NAME, TYPE, REMARK } },
	{ 2, LISTED | STICKY | ADMIN | ADMIN_LIST,
	  { NAME, TYPE, REMARK, PERMISSIONS, MAX_USES, CURRENT_USES, PATH, PASSWORD } },
	{ 501, LISTED | ADMIN_LIST, { NAME, TYPE, REMARK, FLAGS } },
	{ 502, LISTED | STICKY | ADMIN | ADMIN_LIST,
	  { NAME, TYPE, REMARK, PERMISSIONS, MAX_USES, CURRENT_USES, PATH, PASSWORD,
	    DESCRIPTOR_LEN, DESCRIPTOR } },
	{ 503, LISTED | STICKY | ADMIN | ADMIN_LIST,
	  { NAME, TYPE, REMARK, PERMISSIONS, MAX_USES, CURRENT_USES, PATH, PASSWORD, SERVER,
	    DESCRIPTOR_LEN, DESCRIPTOR } },
	{ 1005, 0, { FLAGS } },
};

static void share_text(struct srvsvc_value *out, const char *text)
{
	out->pointer = true;
	out->text = text;
}

static void share_value(const void *item, u8 member, struct srvsvc_value *out)
{
	const struct entry *e = item;

	switch ((enum member)member) {
	case NAME:
		share_text(out, e->name);
		break;
	case REMARK:
		share_text(out, e->remark);
		break;
	case PATH:
		share_text(out, e->path);
		break;
	case PASSWORD:
		share_text(out, "");
		break;
	case SERVER:
		share_text(out, "*");
		break;
	case DESCRIPTOR:
		share_text(out, NULL);
		break;
	case TYPE:
		out->number = e->type;
		break;
	case MAX_USES:
		out->number = NO_LIMIT;
		break;
	case FLAGS:
		out->number = e->flags;
		break;
	default:
		break;
	}
}

static struct srvsvc_items items_of(const struct entries *list)
{
	return (struct srvsvc_items){
		.items = list->entry, .size = sizeof(*list->entry), .n = list->n,
		.value = share_value,
	};
}

static void add_entry(struct entries *list, const char *name, const char *remark, char *path,
		      u32 type, u32 flags)
{
	struct entry *e;

	list->entry = mem_grow(list->entry, list->n, sizeof(*list->entry));
	e = &list->entry[list->n++];
	e->name = mem_string(name);
	e->remark = mem_string(remark);
	e->path = path;
	e->type = type;
	e->flags = flags;
}

static void free_entries(struct entries *list)
{
	unsigned int i;

	for (i = 0; i < list->n; i++) {
		free(list->entry[i].name);
		free(list->entry[i].remark);
		free(list->entry[i].path);
	}
	free(list->entry);
}

/* Convert "/srv/data" to "C:\srv\data", because clients reject a path without a drive. */
static char *path_of(const struct share *s)
{
	char *path = mem_print("C:%s", s->path ? s->path : "/");
	char *p;

	for (p = path; *p; p++)
		if (*p == '/')
			*p = '\\';
	return path;
}

/*
 * Collect the shares that the user may know of, including those that are not browsable if @hidden.
 * Returns 0 or a negative errno.
 */
static int get_entries(const struct rpc_call *call, bool hidden, struct entries *list)
{
	struct kernel_shares shares = { 0 };
	unsigned int i;
	int rc;

	memset(list, 0, sizeof(*list));
	rc = call->asks->shares(call->asks->accounts.arg, &shares);
	if (rc)
		return rc;
	for (i = 0; i < shares.n; i++) {
		const struct share *s = shares.share[i];

		if ((s->browse || hidden) && (s->guest || rpc_user_is_known(call->user)))
			add_entry(list, s->name, s->comment ? s->comment : "", path_of(s),
				  STYPE_DISKTREE, s->hide_unreadable ? FLAG_ACCESS_BASED : 0);
	}
	add_entry(list, "IPC$", "Remote IPC", mem_string(""), STYPE_IPC, 0);
	kernel_shares_free(&shares);
	return 0;
}

static u32 share_enum_as(struct rpc_call *call, unsigned int flag)
{
	const struct srvsvc_level *level;
	struct entries list = { 0 };
	struct srvsvc_items items;
	char server[SRVSVC_NAME_SIZE];
	struct srvsvc_part part;
	u32 fault, result = ERROR_SUCCESS;

	ndr_get_unique_string(&call->in, server, sizeof(server));
	fault = srvsvc_part_get(&call->in, &part);
	if (fault)
		return fault;
	level = srvsvc_level_find(levels, ARRAY_SIZE(levels), part.level);
	if (level && !(level->flags & flag))
		level = NULL;
	if (level && level->flags & ADMIN_LIST && !call->user->administrator)
		result = ERROR_ACCESS_DENIED;
	else if (level)
		result = srvsvc_error(get_entries(call, false, &list));
	items = items_of(&list);
	srvsvc_part_put(call, &part, level, &items, result);
	free_entries(&list);
	return 0;
}

/* NetrShareEnum (MS-SRVS section 3.1.4.8). */
static u32 share_enum(struct rpc_call *call)
{
	return share_enum_as(call, LISTED);
}

/*
 * NetrShareEnumSticky (MS-SRVS section 3.1.4.9): all shares are sticky, but fewer levels are
 * valid.
 */
static u32 share_enum_sticky(struct rpc_call *call)
{
	return share_enum_as(call, STICKY);
}

static const struct entry *find_entry(const struct entries *list, const char *name)
{
	unsigned int i;

	for (i = 0; i < list->n; i++)
		if (!strcasecmp(list->entry[i].name, name))
			return &list->entry[i];
	return NULL;
}

/* NetrShareGetInfo (MS-SRVS section 3.1.4.10). */
static u32 share_get_info(struct rpc_call *call)
{
	const struct srvsvc_level *level;
	const struct entry *e = NULL;
	struct entries list = { 0 };
	struct srvsvc_items items;
	struct ndr_in *in = &call->in;
	u32 number, result;
	char name[SRVSVC_NAME_SIZE];

	ndr_get_unique_string(in, name, sizeof(name));
	ndr_get_string(in, name, sizeof(name));
	number = ndr_get32(in);
	if (in->bad)
		return RPC_FAULT_NDR;
	level = srvsvc_level_find(levels, ARRAY_SIZE(levels), number);
	if (!level)
		result = ERROR_INVALID_LEVEL;
	else if (level->flags & ADMIN && !call->user->administrator)
		result = ERROR_ACCESS_DENIED;
	else
		result = srvsvc_error(get_entries(call, true, &list));
	if (!result)
		e = find_entry(&list, name);
	if (!result && !e)
		result = NERR_NET_NAME_NOT_FOUND;
	items = items_of(&list);
	srvsvc_item_put(&call->out, number, level, &items, e);
	rpc_put_status(call, result);
	free_entries(&list);
	return 0;
}

/* NetrShareCheck (MS-SRVS section 3.1.4.16): is a path shared? The empty one is that of IPC$. */
static u32 share_check(struct rpc_call *call)
{
	char server[SRVSVC_NAME_SIZE], device[SRVSVC_NAME_SIZE];
	struct entries list = { 0 };
	const struct entry *e = NULL;
	u32 result = NERR_DEVICE_NOT_SHARED;
	unsigned int i;

	ndr_get_unique_string(&call->in, server, sizeof(server));
	ndr_get_string(&call->in, device, sizeof(device));
	if (call->in.bad)
		return RPC_FAULT_NDR;
	/* Only administrators may see paths. */
	if (!call->user->administrator)
		result = ERROR_ACCESS_DENIED;
	else if (get_entries(call, true, &list))
		result = ERROR_GEN_FAILURE;
	for (i = 0; i < list.n && !e; i++)
		if (!strcasecmp(list.entry[i].path, device))
			e = &list.entry[i];
	ndr_put32(&call->out, e ? e->type : STYPE_DISKTREE);
	ndr_put32(&call->out, e ? ERROR_SUCCESS : result);
	free_entries(&list);
	return 0;
}

/* NetrServerGetInfo (MS-SRVS section 3.1.4.17). */
static u32 server_get_info(struct rpc_call *call)
{
	struct ndr_out *out = &call->out;
	struct ndr_in *in = &call->in;
	char name[SRVSVC_NAME_SIZE];
	u32 level;
	bool known;

	ndr_get_unique_string(in, name, sizeof(name));
	level = ndr_get32(in);
	if (in->bad)
		return RPC_FAULT_NDR;
	known = level >= 100 && level <= 102;
	sid_machine_name(name);
	ndr_put32(out, level);
	ndr_put_pointer(out, known);
	if (known) {
		ndr_put32(out, PLATFORM_NT);
		ndr_put_pointer(out, true);
	}
	if (known && level >= 101) {
		ndr_put32(out, VERSION_MAJOR);
		ndr_put32(out, VERSION_MINOR);
		ndr_put32(out, SERVER_TYPE);
		ndr_put_pointer(out, true);
	}
	if (level == 102) {
		/*
		 * Most users, auto-disconnect minutes, hidden, announce interval and its
		 * variation, licences.
		 */
		ndr_put32(out, NO_LIMIT);
		ndr_put32(out, 15);
		ndr_put32(out, 0);
		ndr_put32(out, 0);
		ndr_put32(out, 0);
		ndr_put32(out, 0);
		ndr_put_pointer(out, true);
	}
	if (known)
		ndr_put_string(out, name);
	if (known && level >= 101)
		ndr_put_string(out, "Ditto");
	if (level == 102)
		ndr_put_string(out, "C:\\");
	ndr_put32(out, known ? ERROR_SUCCESS : ERROR_INVALID_LEVEL);
	return 0;
}

/* TIME_OF_DAY_INFO (MS-SRVS section 2.2.4.105). */
static void put_time(struct ndr_out *out, const struct timespec *t)
{
	struct tm utc, local;

	gmtime_r(&t->tv_sec, &utc);
	localtime_r(&t->tv_sec, &local);
	ndr_put32(out, (u32)t->tv_sec);
	/* Milliseconds since an arbitrary time. */
	ndr_put32(out, (u32)((u64)t->tv_sec * 1000 + (u64)t->tv_nsec / 1000000));
	ndr_put32(out, (u32)utc.tm_hour);
	ndr_put32(out, (u32)utc.tm_min);
	ndr_put32(out, (u32)utc.tm_sec);
	ndr_put32(out, (u32)(t->tv_nsec / 10000000));
	/* Minutes west of UTC, and the tick in units of 0.1 ms. */
	ndr_put32(out, (u32)(-local.tm_gmtoff / 60));
	ndr_put32(out, 310);
	ndr_put32(out, (u32)utc.tm_mday);
	ndr_put32(out, (u32)utc.tm_mon + 1);
	ndr_put32(out, (u32)utc.tm_year + 1900);
	ndr_put32(out, (u32)utc.tm_wday);
}

/* NetrRemoteTOD (MS-SRVS section 3.1.4.21). */
static u32 remote_tod(struct rpc_call *call)
{
	char server[SRVSVC_NAME_SIZE];
	struct timespec now;

	ndr_get_unique_string(&call->in, server, sizeof(server));
	clock_gettime(CLOCK_REALTIME, &now);
	ndr_put_pointer(&call->out, true);
	put_time(&call->out, &now);
	ndr_put32(&call->out, ERROR_SUCCESS);
	return 0;
}

static const struct rpc_op ops[] = {
	{ 8, srvsvc_connection_enum },
	{ 9, srvsvc_file_enum },
	{ 10, srvsvc_file_get_info },
	{ 11, srvsvc_file_close },
	{ 12, srvsvc_session_enum },
	{ 13, srvsvc_session_del },
	{ 15, share_enum },
	{ 16, share_get_info },
	{ 20, share_check },
	{ 21, server_get_info },
	{ 28, remote_tod },
	{ 36, share_enum_sticky },
	{ 0, NULL }
};

/* 4b324fc8-1670-01d3-1278-5a47bf6ee188 */
const struct rpc_interface srvsvc_interface = {
	.pipe = "srvsvc",
	.uuid = { 0xc8, 0x4f, 0x32, 0x4b, 0x70, 0x16, 0xd3, 0x01, 0x12, 0x78, 0x5a, 0x47, 0xbf,
		  0x6e, 0xe1, 0x88 },
	.version = 3,
	.ops = ops,
};
