// SPDX-License-Identifier: GPL-2.0-only
/* Lists the shares, and describes the server (MS-SRVS). */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "mem.h"
#include "rpc.h"
#include "sid.h"

/* MS-ERREF section 2.2, MS-SRVS section 2.2.2.10. */
#define ERROR_SUCCESS			0
#define ERROR_ACCESS_DENIED		5
#define ERROR_GEN_FAILURE		31
#define ERROR_INVALID_LEVEL		124
#define ERROR_MORE_DATA			234
#define NERR_NET_NAME_NOT_FOUND		2310
#define NERR_DEVICE_NOT_SHARED		2311

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

/* Longest names of servers and shares in parameters, including the NUL. */
#define NAME_SIZE			1024
/* Bytes reserved for the data around a list. */
#define LIST_MARGIN			256

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

/**
 * struct level - a SHARE_INFO structure
 * @level: its number
 * @listed: valid for NetrShareEnum
 * @sticky: valid for NetrShareEnumSticky
 * @admin: contains information for administrators only
 * @member: members in order, up to END
 */
struct level {
	u32 level;
	bool listed;
	bool sticky;
	bool admin;
	enum member member[12];
};

static const struct level levels[] = {
	{ 0, true, true, false, { NAME } },
	{ 1, true, true, false, { NAME, TYPE, REMARK } },
	{ 2, true, true, true, { NAME, TYPE, REMARK, PERMISSIONS, MAX_USES, CURRENT_USES, PATH,
				 PASSWORD } },
	{ 501, true, false, false, { NAME, TYPE, REMARK, FLAGS } },
	{ 502, true, true, true, { NAME, TYPE, REMARK, PERMISSIONS, MAX_USES, CURRENT_USES, PATH,
				   PASSWORD, DESCRIPTOR_LEN, DESCRIPTOR } },
	{ 503, true, true, true, { NAME, TYPE, REMARK, PERMISSIONS, MAX_USES, CURRENT_USES, PATH,
				   PASSWORD, SERVER, DESCRIPTOR_LEN, DESCRIPTOR } },
	{ 1005, false, false, false, { FLAGS } },
};

/* Highest level of a list that every user may request. */
#define LEVEL_OF_ALL	1

static const struct level *find_level(u32 number)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(levels); i++)
		if (levels[i].level == number)
			return &levels[i];
	return NULL;
}

/* Return the text of a string member, NULL for other members. */
static const char *text_of(enum member m, const struct entry *e)
{
	switch (m) {
	case NAME:
		return e->name;
	case REMARK:
		return e->remark;
	case PATH:
		return e->path;
	case PASSWORD:
		return "";
	case SERVER:
		return "*";
	default:
		return NULL;
	}
}

static void put_member(struct ndr_out *out, enum member m, const struct entry *e)
{
	switch (m) {
	case TYPE:
		ndr_put32(out, e->type);
		break;
	case MAX_USES:
		ndr_put32(out, NO_LIMIT);
		break;
	case FLAGS:
		ndr_put32(out, e->flags);
		break;
	case PERMISSIONS:
	case CURRENT_USES:
	case DESCRIPTOR_LEN:
		ndr_put32(out, 0);
		break;
	case DESCRIPTOR:
		ndr_put_pointer(out, false);
		break;
	default:
		ndr_put_pointer(out, true);
		break;
	}
}

static void put_fixed(struct ndr_out *out, const struct level *level, const struct entry *e)
{
	const enum member *m;

	for (m = level->member; *m != END; m++)
		put_member(out, *m, e);
}

static void put_deferred(struct ndr_out *out, const struct level *level, const struct entry *e)
{
	const enum member *m;

	for (m = level->member; *m != END; m++)
		if (text_of(*m, e))
			ndr_put_string(out, text_of(*m, e));
}

/* Return the encoded size of an entry in bytes. */
static size_t entry_len(const struct level *level, const struct entry *e)
{
	struct ndr_out out;

	ndr_out_init(&out, RPC_REPLY_MAX);
	put_fixed(&out, level, e);
	put_deferred(&out, level, e);
	ndr_align(&out, 4);
	free(out.data);
	return out.len;
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
 * Collect the shares, including those that are not browsable if @hidden. Anonymous users see only
 * the shares that they may use, because names of shares are often names of users. Returns 0 or a
 * negative errno.
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

		if ((s->browse || hidden) && (s->guest || !call->user->anonymous))
			add_entry(list, s->name, s->comment ? s->comment : "", path_of(s),
				  STYPE_DISKTREE, s->hide_unreadable ? FLAG_ACCESS_BASED : 0);
	}
	add_entry(list, "IPC$", "Remote IPC", mem_string(""), STYPE_IPC, 0);
	kernel_shares_free(&shares);
	return 0;
}

/**
 * struct page - a part of the list
 * @level: format of the entries
 * @first: index of the first entry
 * @n: number of entries
 * @result: result of the call
 */
struct page {
	const struct level *level;
	u32 first;
	u32 n;
	u32 result;
};

/* SHARE_ENUM_STRUCT (MS-SRVS section 2.2.4.38). */
static void put_list(struct ndr_out *out, u32 level, const struct page *page,
		     const struct entries *list)
{
	const struct entry *e;
	u32 i;

	ndr_put32(out, level);
	ndr_put32(out, level);
	ndr_put_pointer(out, page->level);
	if (!page->level)
		return;
	ndr_put32(out, page->n);
	ndr_put_pointer(out, page->n);
	if (!page->n)
		return;
	e = list->entry + page->first;
	ndr_put32(out, page->n);
	for (i = 0; i < page->n; i++)
		put_fixed(out, page->level, &e[i]);
	for (i = 0; i < page->n; i++)
		put_deferred(out, page->level, &e[i]);
}

/* Select the entries from @first on that fit, at least one. */
static void fill_page(const struct rpc_call *call, bool sticky, u32 level, u32 first,
		      u32 wanted_len, struct page *page, struct entries *list)
{
	size_t room = RPC_REPLY_MAX - LIST_MARGIN;
	size_t len = 0;
	u32 i;

	memset(page, 0, sizeof(*page));
	page->level = find_level(level);
	if (!page->level || !(sticky ? page->level->sticky : page->level->listed)) {
		page->level = NULL;
		page->result = ERROR_INVALID_LEVEL;
		return;
	}
	if (page->level->level > LEVEL_OF_ALL && call->user->uid) {
		page->result = ERROR_ACCESS_DENIED;
		return;
	}
	if (get_entries(call, false, list)) {
		page->result = ERROR_GEN_FAILURE;
		return;
	}
	if (wanted_len < room)
		room = wanted_len;
	page->first = first < list->n ? first : list->n;
	for (i = page->first; i < list->n; i++) {
		len += entry_len(page->level, &list->entry[i]);
		if (len > room && i > page->first)
			break;
	}
	page->n = i - page->first;
	page->result = i < list->n ? ERROR_MORE_DATA : ERROR_SUCCESS;
}

static u32 share_enum_as(struct rpc_call *call, bool sticky)
{
	struct entries list = { 0 };
	struct ndr_out *out = &call->out;
	struct ndr_in *in = &call->in;
	char server[NAME_SIZE];
	u32 level, wanted_len, first = 0;
	struct page page;
	bool resume;

	ndr_get_unique_string(in, server, sizeof(server));
	level = ndr_get32(in);
	if (ndr_get32(in) != level)
		return RPC_FAULT_NDR;
	/* A container, which is empty in the request. */
	if (ndr_get_pointer(in)) {
		ndr_get32(in);
		if (ndr_get_pointer(in))
			return RPC_FAULT_NDR;
	}
	wanted_len = ndr_get32(in);
	resume = ndr_get_pointer(in);
	if (resume)
		first = ndr_get32(in);
	if (in->bad)
		return RPC_FAULT_NDR;
	fill_page(call, sticky, level, first, wanted_len, &page, &list);
	put_list(out, level, &page, &list);
	ndr_put32(out, list.n - page.first);
	ndr_put_pointer(out, resume);
	if (resume)
		ndr_put32(out, page.result == ERROR_MORE_DATA ? page.first + page.n : 0);
	ndr_put32(out, page.result);
	free_entries(&list);
	return 0;
}

/* NetrShareEnum (MS-SRVS section 3.1.4.8). */
static u32 share_enum(struct rpc_call *call)
{
	return share_enum_as(call, false);
}

/*
 * NetrShareEnumSticky (MS-SRVS section 3.1.4.9): all shares are sticky, but fewer levels are
 * valid.
 */
static u32 share_enum_sticky(struct rpc_call *call)
{
	return share_enum_as(call, true);
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
	const struct level *level;
	const struct entry *e = NULL;
	struct entries list = { 0 };
	struct ndr_out *out = &call->out;
	struct ndr_in *in = &call->in;
	u32 number, result = ERROR_SUCCESS;
	char name[NAME_SIZE];

	ndr_get_unique_string(in, name, sizeof(name));
	ndr_get_string(in, name, sizeof(name));
	number = ndr_get32(in);
	if (in->bad)
		return RPC_FAULT_NDR;
	level = find_level(number);
	if (!level)
		result = ERROR_INVALID_LEVEL;
	else if (level->admin && call->user->uid)
		result = ERROR_ACCESS_DENIED;
	else if (get_entries(call, true, &list))
		result = ERROR_GEN_FAILURE;
	else
		e = find_entry(&list, name);
	if (!result && !e)
		result = NERR_NET_NAME_NOT_FOUND;
	ndr_put32(out, number);
	ndr_put_pointer(out, e);
	if (e) {
		put_fixed(out, level, e);
		put_deferred(out, level, e);
	}
	ndr_put32(out, result);
	free_entries(&list);
	return 0;
}

/* NetrShareCheck (MS-SRVS section 3.1.4.13): reports whether a path is shared. */
static u32 share_check(struct rpc_call *call)
{
	char server[NAME_SIZE], device[NAME_SIZE];
	struct entries list = { 0 };
	const struct entry *e = NULL;
	u32 result = NERR_DEVICE_NOT_SHARED;
	unsigned int i;

	ndr_get_unique_string(&call->in, server, sizeof(server));
	ndr_get_string(&call->in, device, sizeof(device));
	if (call->in.bad)
		return RPC_FAULT_NDR;
	/* Only administrators may see paths. */
	if (call->user->uid)
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
	char name[NAME_SIZE];
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
	char server[NAME_SIZE];
	struct timespec now;

	ndr_get_unique_string(&call->in, server, sizeof(server));
	clock_gettime(CLOCK_REALTIME, &now);
	ndr_put_pointer(&call->out, true);
	put_time(&call->out, &now);
	ndr_put32(&call->out, ERROR_SUCCESS);
	return 0;
}

static const struct rpc_op ops[] = {
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
