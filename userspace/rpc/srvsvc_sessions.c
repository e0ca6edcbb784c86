// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists and ends sessions and what they have open (MS-SRVS sections 3.1.4.1 to 3.1.4.6).
 *
 * These are for administrators, except that everybody may list his own sessions. dittod decides
 * that; here only the levels are told apart.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "mem.h"
#include "srvsvc.h"

/* MS-SRVS sections 2.2.2.5 and 2.2.4: guest; permissions of a file. */
#define SESSION_FLAG_GUEST	1
#define PERM_FILE_READ		1
#define PERM_FILE_WRITE		2
#define PERM_FILE_CREATE	4
/* Path of what is open on IPC$. */
#define PIPE_PATH		"\\PIPE\\"
/* MS-SRVS section 2.2.2.4. */
#define STYPE_DISKTREE		0
#define STYPE_IPC		3
#define IPC_SHARE		"IPC$"

/**
 * struct entry - a session, an open, or a connection to a share
 * @row: as dittod told it
 * @client: address of the client, without port; of sessions only
 * @path: path in the syntax of Windows; of opens only
 * @seconds: how long it exists
 * @opens: number of opens
 */
struct entry {
	const struct row *row;
	char *client;
	char *path;
	u32 seconds;
	u32 opens;
};

/**
 * struct entries - a list
 * @rows: owner of the rows
 * @entry: the entries that the client asks for
 * @n: number of entries in @entry
 */
struct entries {
	struct rows rows;
	struct entry *entry;
	u32 n;
};

enum member {
	END,
	CLIENT,
	USER,
	OPENS,
	SECONDS,
	IDLE,
	FLAGS,
	CLIENT_TYPE,
	TRANSPORT,
	ID,
	PERMISSIONS,
	LOCKS,
	PATH,
	FILE_USER,
	TREE_NUMBER,
	TREE_TYPE,
	TREE_USERS,
	TREE_USER_NAME,
	TREE_CLIENT,
};

/* For administrators only (MS-SRVS section 3.1.4.5). */
#define ADMIN	1u

/* MS-SRVS sections 2.2.4.10 to 2.2.4.15. */
static const struct srvsvc_level session_levels[] = {
	{ 0, 0, { CLIENT } },
	{ 1, ADMIN, { CLIENT, USER, OPENS, SECONDS, IDLE, FLAGS } },
	{ 2, ADMIN, { CLIENT, USER, OPENS, SECONDS, IDLE, FLAGS, CLIENT_TYPE } },
	{ 10, 0, { CLIENT, USER, SECONDS, IDLE } },
	{ 502, ADMIN, { CLIENT, USER, OPENS, SECONDS, IDLE, FLAGS, CLIENT_TYPE, TRANSPORT } },
};

/* MS-SRVS sections 2.2.4.6 and 2.2.4.7. */
static const struct srvsvc_level file_levels[] = {
	{ 2, 0, { ID } },
	{ 3, 0, { ID, PERMISSIONS, LOCKS, PATH, FILE_USER } },
};

/* MS-SRVS sections 2.2.4.1 and 2.2.4.2. */
static const struct srvsvc_level connection_levels[] = {
	{ 0, 0, { TREE_NUMBER } },
	{ 1, 0, { TREE_NUMBER, TREE_TYPE, OPENS, TREE_USERS, SECONDS, TREE_USER_NAME,
		  TREE_CLIENT } },
};

/* Opens have numbers of 64 bits, and clients only 32 for them. */
static u32 short_id(u64 id)
{
	return (u32)(id ^ id >> 32);
}

static u32 permissions_of(u64 access)
{
	return (access & DITTO_OPEN_RIGHT_READ ? PERM_FILE_READ : 0) |
	       (access & DITTO_OPEN_RIGHT_WRITE ? PERM_FILE_WRITE | PERM_FILE_CREATE : 0);
}

static void entry_text(struct srvsvc_value *out, const char *text)
{
	out->pointer = true;
	out->text = text;
}

/* Idle times and numbers of locks are not known, and there is nothing to tell about the client. */
static void entry_value(const void *item, u8 member, struct srvsvc_value *out)
{
	const struct entry *e = item;
	const struct row *row = e->row;

	switch ((enum member)member) {
	case CLIENT:
	case TREE_CLIENT:
		entry_text(out, e->client);
		break;
	case USER:
		entry_text(out, row->text[SESSION_USER]);
		break;
	case FILE_USER:
		entry_text(out, row->text[OPEN_USER]);
		break;
	case TREE_USER_NAME:
		entry_text(out, row->text[TREE_USER]);
		break;
	case PATH:
		entry_text(out, e->path);
		break;
	case CLIENT_TYPE:
	case TRANSPORT:
		entry_text(out, "");
		break;
	case OPENS:
		out->number = e->opens;
		break;
	case SECONDS:
		out->number = e->seconds;
		break;
	case FLAGS:
		out->number = row->number[SESSION_GUEST] ? SESSION_FLAG_GUEST : 0;
		break;
	case ID:
		out->number = short_id(row->number[OPEN_ID]);
		break;
	case PERMISSIONS:
		out->number = permissions_of(row->number[OPEN_ACCESS]);
		break;
	case TREE_NUMBER:
		out->number = (u32)row->number[TREE_ID];
		break;
	case TREE_TYPE:
		out->number = strcmp(row->text[TREE_SHARE], IPC_SHARE) ? STYPE_DISKTREE : STYPE_IPC;
		break;
	case TREE_USERS:
		out->number = 1;
		break;
	default:
		break;
	}
}

static struct srvsvc_items items_of(const struct entries *list)
{
	return (struct srvsvc_items){
		.items = list->entry, .size = sizeof(*list->entry), .n = list->n,
		.value = entry_value,
	};
}

static struct entry *entry_add(struct entries *list, const struct row *row)
{
	struct entry *e;

	list->entry = mem_grow(list->entry, list->n, sizeof(*list->entry));
	e = &list->entry[list->n++];
	memset(e, 0, sizeof(*e));
	e->row = row;
	return e;
}

static void entries_free(struct entries *list)
{
	u32 i;

	for (i = 0; i < list->n; i++) {
		free(list->entry[i].client);
		free(list->entry[i].path);
	}
	free(list->entry);
	rows_free(&list->rows);
}

/* "192.0.2.1:50000" without its port, and "[2001:db8::1]:50000". */
static char *client_of(const char *address)
{
	const char *colon = strrchr(address, ':');
	char *client = mem_string(address);

	if (colon && (address[0] != '[' || colon[-1] == ']'))
		client[colon - address] = '\0';
	return client;
}

/* Clients are named as in "\\192.0.2.1". */
static bool is_client(const char *wanted, const char *client)
{
	return !wanted[0] || !strcasecmp(wanted + strspn(wanted, "\\"), client);
}

static bool is_user(const char *wanted, const char *user)
{
	return !wanted[0] || !strcasecmp(wanted, user);
}

static u32 seconds_since(u64 since)
{
	u64 now = (u64)time(NULL);

	return since && now > since ? (u32)(now - since) : 0;
}

/*
 * Get the sessions of a client and a user, each of them empty for any. Returns 0 or a Windows
 * error. The list is freed in any case.
 */
static u32 sessions_get(struct rpc_call *call, const char *client, const char *user,
			struct entries *list)
{
	const struct rpc_asks *asks = call->asks;
	bool found = !client[0];
	unsigned int i;
	int rc;

	memset(list, 0, sizeof(*list));
	rc = asks->list(asks->accounts.arg, RPC_LIST_SESSIONS, &list->rows);
	if (rc)
		return srvsvc_error(rc);
	for (i = 0; i < list->rows.n; i++) {
		const struct row *row = &list->rows.row[i];
		char *address = client_of(row->text[SESSION_CLIENT]);
		struct entry *e;

		if (!is_client(client, address)) {
			free(address);
			continue;
		}
		found = true;
		if (!is_user(user, row->text[SESSION_USER])) {
			free(address);
			continue;
		}
		e = entry_add(list, row);
		e->client = address;
		e->seconds = seconds_since(row->number[SESSION_SINCE]);
		e->opens = (u32)row->number[SESSION_OPENS];
	}
	if (!found)
		return NERR_CLIENT_NAME_NOT_FOUND;
	return list->n || !user[0] ? ERROR_SUCCESS : NERR_USER_NOT_FOUND;
}

/* NetrSessionEnum (MS-SRVS section 3.1.4.5). */
u32 srvsvc_session_enum(struct rpc_call *call)
{
	char name[SRVSVC_NAME_SIZE], client[SRVSVC_NAME_SIZE], user[SRVSVC_NAME_SIZE];
	const struct srvsvc_level *level;
	struct entries list = { 0 };
	struct srvsvc_items items;
	struct srvsvc_part part;
	u32 fault, result;

	ndr_get_unique_string(&call->in, name, sizeof(name));
	ndr_get_unique_string(&call->in, client, sizeof(client));
	ndr_get_unique_string(&call->in, user, sizeof(user));
	fault = srvsvc_part_get(&call->in, &part);
	if (fault)
		return fault;
	level = srvsvc_level_find(session_levels, ARRAY_SIZE(session_levels), part.level);
	if (!level)
		result = ERROR_INVALID_LEVEL;
	else if (level->flags & ADMIN && !call->user->administrator)
		result = ERROR_ACCESS_DENIED;
	else
		result = sessions_get(call, client, user, &list);
	items = items_of(&list);
	srvsvc_part_put(call, &part, level, &items, result);
	entries_free(&list);
	return 0;
}

/* NetrSessionDel (MS-SRVS section 3.1.4.6). */
u32 srvsvc_session_del(struct rpc_call *call)
{
	char name[SRVSVC_NAME_SIZE], client[SRVSVC_NAME_SIZE], user[SRVSVC_NAME_SIZE];
	const struct rpc_asks *asks = call->asks;
	struct entries list = { 0 };
	u32 result = ERROR_SUCCESS, i;
	int rc;

	ndr_get_unique_string(&call->in, name, sizeof(name));
	ndr_get_unique_string(&call->in, client, sizeof(client));
	ndr_get_unique_string(&call->in, user, sizeof(user));
	if (call->in.bad)
		return RPC_FAULT_NDR;
	if (!call->user->administrator)
		result = ERROR_ACCESS_DENIED;
	else if (!client[0] && !user[0])
		result = ERROR_INVALID_PARAMETER;
	else
		result = sessions_get(call, client, user, &list);
	for (i = 0; i < list.n && !result; i++) {
		rc = asks->end(asks->accounts.arg, RPC_LIST_SESSIONS,
			       list.entry[i].row->number[SESSION_ID]);
		/* Sessions also end by themselves. */
		if (rc != -ENOENT)
			result = srvsvc_error(rc);
	}
	entries_free(&list);
	return rpc_put_status(call, result);
}

static const struct share *find_share(const struct kernel_shares *shares, const char *name)
{
	unsigned int i;

	for (i = 0; i < shares->n; i++)
		if (!strcmp(shares->share[i]->name, name))
			return shares->share[i];
	return NULL;
}

/* Make "C:\srv\data\folder\file" of a share's path and the path in the share. */
static char *path_of(const struct kernel_shares *shares, const struct row *row)
{
	const struct share *share = find_share(shares, row->text[OPEN_SHARE]);
	const char *inner = row->text[OPEN_PATH];
	char *path, *p;

	if (!strcmp(row->text[OPEN_SHARE], IPC_SHARE))
		return mem_string(PIPE_PATH);
	path = mem_print("C:%s%s%s", share && share->path ? share->path : "",
			 inner[0] && inner[0] != '/' ? "/" : "", inner);
	for (p = path; *p; p++)
		if (*p == '/')
			*p = '\\';
	return path;
}

static bool path_begins(const char *path, const char *base)
{
	return !strncasecmp(path, base, strlen(base));
}

/* Get the opens of a user below a path, each of them empty for any; as sessions_get(). */
static u32 files_get(struct rpc_call *call, const char *base, const char *user,
		     struct entries *list)
{
	const struct rpc_asks *asks = call->asks;
	struct kernel_shares shares = { 0 };
	unsigned int i;
	int rc;

	memset(list, 0, sizeof(*list));
	if (!call->user->administrator)
		return ERROR_ACCESS_DENIED;
	rc = asks->list(asks->accounts.arg, RPC_LIST_OPENS, &list->rows);
	if (!rc)
		rc = asks->shares(asks->accounts.arg, &shares);
	for (i = 0; i < list->rows.n && !rc; i++) {
		const struct row *row = &list->rows.row[i];
		char *path = path_of(&shares, row);

		if (path_begins(path, base) && is_user(user, row->text[OPEN_USER]))
			entry_add(list, row)->path = path;
		else
			free(path);
	}
	kernel_shares_free(&shares);
	return srvsvc_error(rc);
}

/* NetrFileEnum (MS-SRVS section 3.1.4.2). */
u32 srvsvc_file_enum(struct rpc_call *call)
{
	char name[SRVSVC_NAME_SIZE], base[SRVSVC_NAME_SIZE], user[SRVSVC_NAME_SIZE];
	const struct srvsvc_level *level;
	struct entries list = { 0 };
	struct srvsvc_items items;
	struct srvsvc_part part;
	u32 fault, result = ERROR_INVALID_LEVEL;

	ndr_get_unique_string(&call->in, name, sizeof(name));
	ndr_get_unique_string(&call->in, base, sizeof(base));
	ndr_get_unique_string(&call->in, user, sizeof(user));
	fault = srvsvc_part_get(&call->in, &part);
	if (fault)
		return fault;
	level = srvsvc_level_find(file_levels, ARRAY_SIZE(file_levels), part.level);
	if (level)
		result = files_get(call, base, user, &list);
	items = items_of(&list);
	srvsvc_part_put(call, &part, level, &items, result);
	entries_free(&list);
	return 0;
}

/* Find the only open with a short number. */
static u32 file_find(const struct entries *list, u32 id, const struct entry **found)
{
	u32 i;

	*found = NULL;
	for (i = 0; i < list->n; i++) {
		if (short_id(list->entry[i].row->number[OPEN_ID]) != id)
			continue;
		/* Not the right one of two rather than any. */
		if (*found)
			return ERROR_GEN_FAILURE;
		*found = &list->entry[i];
	}
	return *found ? ERROR_SUCCESS : NERR_FILE_ID_NOT_FOUND;
}

/* NetrFileGetInfo (MS-SRVS section 3.1.4.3). */
u32 srvsvc_file_get_info(struct rpc_call *call)
{
	const struct srvsvc_level *level;
	const struct entry *e = NULL;
	struct entries list = { 0 };
	struct srvsvc_items items;
	char name[SRVSVC_NAME_SIZE];
	u32 id, number, result;

	ndr_get_unique_string(&call->in, name, sizeof(name));
	id = ndr_get32(&call->in);
	number = ndr_get32(&call->in);
	if (call->in.bad)
		return RPC_FAULT_NDR;
	level = srvsvc_level_find(file_levels, ARRAY_SIZE(file_levels), number);
	result = level ? files_get(call, "", "", &list) : ERROR_INVALID_LEVEL;
	if (!result)
		result = file_find(&list, id, &e);
	items = items_of(&list);
	srvsvc_item_put(&call->out, number, level, &items, result ? NULL : e);
	entries_free(&list);
	return rpc_put_status(call, result);
}

/* NetrFileClose (MS-SRVS section 3.1.4.4). */
u32 srvsvc_file_close(struct rpc_call *call)
{
	const struct rpc_asks *asks = call->asks;
	struct entries list = { 0 };
	const struct entry *e;
	char name[SRVSVC_NAME_SIZE];
	u32 id, result;
	int rc;

	ndr_get_unique_string(&call->in, name, sizeof(name));
	id = ndr_get32(&call->in);
	if (call->in.bad)
		return RPC_FAULT_NDR;
	result = files_get(call, "", "", &list);
	if (!result)
		result = file_find(&list, id, &e);
	if (!result) {
		rc = asks->end(asks->accounts.arg, RPC_LIST_OPENS, e->row->number[OPEN_ID]);
		result = rc == -ENOENT ? NERR_FILE_ID_NOT_FOUND : srvsvc_error(rc);
	}
	entries_free(&list);
	return rpc_put_status(call, result);
}

static const struct entry *find_session(const struct entries *sessions, u64 id)
{
	u32 i;

	for (i = 0; i < sessions->n; i++)
		if (sessions->entry[i].row->number[SESSION_ID] == id)
			return &sessions->entry[i];
	return NULL;
}

static u32 count_opens(const struct rows *opens, const struct row *tree)
{
	unsigned int i;
	u32 n = 0;

	for (i = 0; i < opens->n; i++)
		n += opens->row[i].number[OPEN_SESSION] == tree->number[TREE_SESSION] &&
		     !strcmp(opens->row[i].text[OPEN_SHARE], tree->text[TREE_SHARE]);
	return n;
}

/* Get the connections to a share, or those of a client "\\client". */
static u32 connections_get(struct rpc_call *call, const char *qualifier, struct entries *list)
{
	const char *client = qualifier[0] == '\\' ? qualifier : "";
	const struct rpc_asks *asks = call->asks;
	struct rows opens = { 0 };
	struct entries sessions;
	unsigned int i;
	u32 result;

	if (!qualifier[0])
		return ERROR_INVALID_PARAMETER;
	result = sessions_get(call, client, "", &sessions);
	if (!result)
		result = srvsvc_error(asks->list(asks->accounts.arg, RPC_LIST_TREES,
						 &list->rows));
	if (!result)
		result = srvsvc_error(asks->list(asks->accounts.arg, RPC_LIST_OPENS, &opens));
	for (i = 0; i < list->rows.n && !result; i++) {
		const struct row *row = &list->rows.row[i];
		const struct entry *session = find_session(&sessions, row->number[TREE_SESSION]);
		struct entry *e;

		if (!session || (!client[0] && strcasecmp(qualifier, row->text[TREE_SHARE])))
			continue;
		e = entry_add(list, row);
		/* A caller that asks about a client is told the share, and the other way round. */
		e->client = mem_string(client[0] ? row->text[TREE_SHARE] : session->client);
		e->seconds = session->seconds;
		e->opens = count_opens(&opens, row);
	}
	rows_free(&opens);
	entries_free(&sessions);
	return result;
}

/* NetrConnectionEnum (MS-SRVS section 3.1.4.1). */
u32 srvsvc_connection_enum(struct rpc_call *call)
{
	char name[SRVSVC_NAME_SIZE], qualifier[SRVSVC_NAME_SIZE];
	const struct srvsvc_level *level;
	struct entries list = { 0 };
	struct srvsvc_items items;
	struct srvsvc_part part;
	u32 fault, result;

	ndr_get_unique_string(&call->in, name, sizeof(name));
	ndr_get_unique_string(&call->in, qualifier, sizeof(qualifier));
	fault = srvsvc_part_get(&call->in, &part);
	if (fault)
		return fault;
	level = srvsvc_level_find(connection_levels, ARRAY_SIZE(connection_levels), part.level);
	if (!level)
		result = ERROR_INVALID_LEVEL;
	else if (!call->user->administrator)
		result = ERROR_ACCESS_DENIED;
	else
		result = connections_get(call, qualifier, &list);
	items = items_of(&list);
	srvsvc_part_put(call, &part, level, &items, result);
	entries_free(&list);
	return 0;
}
