// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists and ends sessions and what they have open (MS-SRVS sections 3.1.4.1 to 3.1.4.6).
 *
 * These are for administrators, except that everybody may list his own sessions. dittod decides
 * that; here only the levels are distinguished.
 */

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <time.h>

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
 * @id: its number
 * @short_id: the same for clients, which have only 32 bits for it
 * @client: address of the client, without port; of a connection perhaps the share
 * @user: name of the user
 * @path: path in the syntax of Windows; of opens only
 * @seconds: how long it exists
 * @opens: number of opens
 * @flags: flags of a session, permissions of an open, type of a connection's share
 */
struct entry {
	u64 id;
	u32 short_id;
	const char *client;
	const char *user;
	const char *path;
	u32 seconds;
	u32 opens;
	u32 flags;
};

struct entries {
	struct entry *entry;
	u32 n;
};

/* Idle times and numbers of locks are not known, and there is nothing to tell about the client. */
#define CLIENT		NDR_AT(TEXT, struct entry, client)
#define USER		NDR_AT(TEXT, struct entry, user)
#define OPENS		NDR_AT(U32, struct entry, opens)
#define SECONDS		NDR_AT(U32, struct entry, seconds)
#define IDLE		NDR_NUMBER(U32, 0)
#define FLAGS		NDR_AT(U32, struct entry, flags)
#define CLIENT_TYPE	NDR_WORDS(TEXT, "")
#define TRANSPORT	NDR_WORDS(TEXT, "")
#define ID		NDR_AT(U32, struct entry, short_id)
#define LOCKS		NDR_NUMBER(U32, 0)
#define PATH		NDR_AT(TEXT, struct entry, path)
#define USERS		NDR_NUMBER(U32, 1)
#define ENTRY(...)	{ sizeof(struct entry), NDR_FIELDS(__VA_ARGS__) }

/* For administrators only (MS-SRVS section 3.1.4.5). */
#define ADMIN	1u

/* MS-SRVS sections 2.2.4.10 to 2.2.4.15. */
static const struct srvsvc_level session_levels[] = {
	{ 0, 0, ENTRY(CLIENT) },
	{ 1, ADMIN, ENTRY(CLIENT, USER, OPENS, SECONDS, IDLE, FLAGS) },
	{ 2, ADMIN, ENTRY(CLIENT, USER, OPENS, SECONDS, IDLE, FLAGS, CLIENT_TYPE) },
	{ 10, 0, ENTRY(CLIENT, USER, SECONDS, IDLE) },
	{ 502, ADMIN, ENTRY(CLIENT, USER, OPENS, SECONDS, IDLE, FLAGS, CLIENT_TYPE, TRANSPORT) },
};

/* MS-SRVS sections 2.2.4.6 and 2.2.4.7. */
static const struct srvsvc_level file_levels[] = {
	{ 2, 0, ENTRY(ID) },
	{ 3, 0, ENTRY(ID, FLAGS, LOCKS, PATH, USER) },
};

/* MS-SRVS sections 2.2.4.1 and 2.2.4.2. */
static const struct srvsvc_level connection_levels[] = {
	{ 0, 0, ENTRY(ID) },
	{ 1, 0, ENTRY(ID, FLAGS, OPENS, USERS, SECONDS, USER, CLIENT) },
};

/* Get a list, and memory for an entry for each of its rows. Returns 0 or a Windows error. */
static u32 rows_get(struct rpc_call *call, enum rpc_list which, const struct rows **rows,
		    struct entries *list)
{
	int rc = rpc_list_get(call, which, rows);

	list->entry = mem_chain_new(&call->memory, ((*rows)->n + 1) * sizeof(*list->entry));
	return srvsvc_error(rc);
}

/* "192.0.2.1:50000" without its port, and "[2001:db8::1]:50000". */
static char *client_of(struct rpc_call *call, const char *address)
{
	const char *colon = strrchr(address, ':');
	char *client = mem_chain_print(&call->memory, "%s", address);

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
 * error.
 */
static u32 sessions_get(struct rpc_call *call, const char *client, const char *user,
			struct entries *list)
{
	bool found = !client[0];
	const struct rows *rows;
	unsigned int i;
	u32 result;

	result = rows_get(call, RPC_LIST_SESSIONS, &rows, list);
	if (result)
		return result;
	for (i = 0; i < rows->n; i++) {
		const struct row *row = &rows->row[i];
		char *address = client_of(call, row->text[SESSION_CLIENT]);

		if (!is_client(client, address))
			continue;
		found = true;
		if (!is_user(user, row->text[SESSION_USER]))
			continue;
		list->entry[list->n++] = (struct entry){
			.id = row->number[SESSION_ID],
			.client = address,
			.user = row->text[SESSION_USER],
			.seconds = seconds_since(row->number[SESSION_SINCE]),
			.opens = (u32)row->number[SESSION_OPENS],
			.flags = row->number[SESSION_GUEST] ? SESSION_FLAG_GUEST : 0,
		};
	}
	if (!found)
		return NERR_CLIENT_NAME_NOT_FOUND;
	return list->n || !user[0] ? ERROR_SUCCESS : NERR_USER_NOT_FOUND;
}

/* NetrSessionEnum (MS-SRVS section 3.1.4.5). */
u32 srvsvc_session_enum(struct rpc_call *call, void *data)
{
	const struct srvsvc_level *level;
	struct srvsvc_args *args = data;
	struct entries list = { 0 };
	u32 result = ERROR_SUCCESS;

	level = srvsvc_level_find(session_levels, ARRAY_SIZE(session_levels), args->level);
	if (level && level->flags & ADMIN && !call->user->administrator)
		result = ERROR_ACCESS_DENIED;
	else if (level)
		result = sessions_get(call, args->name, args->user, &list);
	return srvsvc_list_fill(call, args, level, list.entry, list.n, result);
}

/* NetrSessionDel (MS-SRVS section 3.1.4.6). */
u32 srvsvc_session_del(struct rpc_call *call, void *data)
{
	const struct rpc_asks *asks = call->asks;
	struct srvsvc_args *args = data;
	struct entries list = { 0 };
	u32 result, i;
	int rc;

	if (!call->user->administrator)
		return ERROR_ACCESS_DENIED;
	if (!args->name[0] && !args->user[0])
		return ERROR_INVALID_PARAMETER;
	result = sessions_get(call, args->name, args->user, &list);
	for (i = 0; i < list.n && !result; i++) {
		rc = asks->end(asks->accounts.arg, RPC_LIST_SESSIONS, list.entry[i].id);
		/* Sessions also end by themselves. */
		if (rc != -ENOENT)
			result = srvsvc_error(rc);
	}
	return result;
}

/* Make "C:\srv\data\folder\file" of a share's path and the path in the share. */
static const char *path_of(struct rpc_call *call, const struct kernel_shares *shares,
			   const struct row *row)
{
	const char *base = "", *inner = row->text[OPEN_PATH];
	unsigned int i;

	if (!strcmp(row->text[OPEN_SHARE], IPC_SHARE))
		return PIPE_PATH;
	for (i = 0; i < shares->n; i++)
		if (!strcmp(shares->share[i]->name, row->text[OPEN_SHARE]))
			base = shares->share[i]->path ?: "";
	return srvsvc_path(call, base, inner[0] == '/' || !inner[0] ? inner :
					     mem_chain_print(&call->memory, "/%s", inner));
}

/* Get the opens of a user below a path, each of them empty for any; as sessions_get(). */
static u32 files_get(struct rpc_call *call, const char *base, const char *user,
		     struct entries *list)
{
	const struct rpc_asks *asks = call->asks;
	struct kernel_shares shares = { 0 };
	const struct rows *rows;
	unsigned int i;
	u32 result;

	if (!call->user->administrator)
		return ERROR_ACCESS_DENIED;
	result = rows_get(call, RPC_LIST_OPENS, &rows, list);
	if (!result)
		result = srvsvc_error(asks->shares(asks->accounts.arg, &shares));
	for (i = 0; i < rows->n && !result; i++) {
		const struct row *row = &rows->row[i];
		const char *path = path_of(call, &shares, row);
		u64 id = row->number[OPEN_ID], access = row->number[OPEN_ACCESS];

		if (strncasecmp(path, base, strlen(base)) || !is_user(user, row->text[OPEN_USER]))
			continue;
		list->entry[list->n++] = (struct entry){
			.id = id,
			.short_id = (u32)(id ^ id >> 32),
			.user = row->text[OPEN_USER],
			.path = path,
			.flags = (access & DITTO_OPEN_RIGHT_READ ? PERM_FILE_READ : 0) |
				 (access & DITTO_OPEN_RIGHT_WRITE ?
				  PERM_FILE_WRITE | PERM_FILE_CREATE : 0),
		};
	}
	kernel_shares_free(&shares);
	return result;
}

/* NetrFileEnum (MS-SRVS section 3.1.4.2). */
u32 srvsvc_file_enum(struct rpc_call *call, void *data)
{
	const struct srvsvc_level *level;
	struct srvsvc_args *args = data;
	struct entries list = { 0 };
	u32 result = ERROR_SUCCESS;

	level = srvsvc_level_find(file_levels, ARRAY_SIZE(file_levels), args->level);
	if (level)
		result = files_get(call, args->name, args->user, &list);
	return srvsvc_list_fill(call, args, level, list.entry, list.n, result);
}

/* Find the only open with a short number. */
static u32 file_find(struct rpc_call *call, u32 id, const struct entry **found)
{
	struct entries list = { 0 };
	u32 result, i;

	*found = NULL;
	result = files_get(call, "", "", &list);
	for (i = 0; i < list.n && !result; i++) {
		if (list.entry[i].short_id != id)
			continue;
		/* Not the right one of two rather than any. */
		if (*found)
			return ERROR_GEN_FAILURE;
		*found = &list.entry[i];
	}
	return result || *found ? result : NERR_FILE_ID_NOT_FOUND;
}

/* NetrFileGetInfo (MS-SRVS section 3.1.4.3). */
u32 srvsvc_file_get_info(struct rpc_call *call, void *data)
{
	const struct srvsvc_level *level;
	struct srvsvc_args *args = data;
	const struct entry *e;
	u32 result;

	level = srvsvc_level_find(file_levels, ARRAY_SIZE(file_levels), args->level);
	if (!level)
		return ERROR_INVALID_LEVEL;
	result = file_find(call, args->id, &e);
	if (!result)
		srvsvc_info_fill(call, args, &level->of, e);
	return result;
}

/* NetrFileClose (MS-SRVS section 3.1.4.4). */
u32 srvsvc_file_close(struct rpc_call *call, void *data)
{
	const struct rpc_asks *asks = call->asks;
	struct srvsvc_args *args = data;
	const struct entry *e;
	u32 result;
	int rc;

	result = file_find(call, args->id, &e);
	if (result)
		return result;
	rc = asks->end(asks->accounts.arg, RPC_LIST_OPENS, e->id);
	return rc == -ENOENT ? NERR_FILE_ID_NOT_FOUND : srvsvc_error(rc);
}

static const struct entry *find_session(const struct entries *sessions, u64 id)
{
	u32 i;

	for (i = 0; i < sessions->n; i++)
		if (sessions->entry[i].id == id)
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

/* Get the connections to a share, or of a client "\\client". */
static u32 connections_get(struct rpc_call *call, const char *qualifier, struct entries *list)
{
	const char *client = qualifier[0] == '\\' ? qualifier : "";
	const struct rows *rows, *opens;
	struct entries sessions = { 0 };
	unsigned int i;
	u32 result;

	if (!qualifier[0])
		return ERROR_INVALID_PARAMETER;
	result = sessions_get(call, client, "", &sessions);
	if (!result)
		result = rows_get(call, RPC_LIST_TREES, &rows, list);
	if (!result)
		result = srvsvc_error(rpc_list_get(call, RPC_LIST_OPENS, &opens));
	if (result)
		return result;
	for (i = 0; i < rows->n; i++) {
		const struct row *row = &rows->row[i];
		const char *share = row->text[TREE_SHARE];
		const struct entry *session = find_session(&sessions, row->number[TREE_SESSION]);

		if (!session || (!client[0] && strcasecmp(qualifier, share)))
			continue;
		list->entry[list->n++] = (struct entry){
			.short_id = (u32)row->number[TREE_ID],
			/* A caller that asks about a client gets the share, and vice versa. */
			.client = client[0] ? share : session->client,
			.user = row->text[TREE_USER],
			.seconds = session->seconds,
			.opens = count_opens(opens, row),
			.flags = strcmp(share, IPC_SHARE) ? STYPE_DISKTREE : STYPE_IPC,
		};
	}
	return ERROR_SUCCESS;
}

/* NetrConnectionEnum (MS-SRVS section 3.1.4.1). */
u32 srvsvc_connection_enum(struct rpc_call *call, void *data)
{
	const struct srvsvc_level *level;
	struct srvsvc_args *args = data;
	struct entries list = { 0 };
	u32 result = ERROR_SUCCESS;

	level = srvsvc_level_find(connection_levels, ARRAY_SIZE(connection_levels), args->level);
	if (level && !call->user->administrator)
		result = ERROR_ACCESS_DENIED;
	else if (level)
		result = connections_get(call, args->name, &list);
	return srvsvc_list_fill(call, args, level, list.entry, list.n, result);
}
