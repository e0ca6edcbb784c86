// SPDX-License-Identifier: GPL-2.0-only
/* Lists for clients of pipes; see pipe_rows.h and enum rpc_list (rpc.h). */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "identity/account_list.h"
#include "auth/auth_account.h"
#include "identity/identity.h"
#include "mem.h"
#include "pipe_kernel.h"
#include "pipe_rows.h"

static int rows_of_users(const struct identity_who *who, struct rows *out)
{
	(void)who;
	return account_list_users(account_min_uid(), out);
}

static int rows_of_groups(const struct identity_who *who, struct rows *out)
{
	(void)who;
	return account_list_groups(account_min_uid(), out);
}

/* Groups that cannot be found out are left out. */
static int rows_of_aliases(const struct identity_who *who, struct rows *out)
{
	struct sid alias[IDENTITY_ALIASES_MAX];
	unsigned int n = identity_aliases_get(alias), i;

	for (i = 0; i < n; i++) {
		struct identity group;
		char sid[NSS_NAME_SIZE];
		struct row *row;

		if (identity_by_sid(who, &alias[i], &group) ||
		    !(group.kinds & IDENTITY_GROUP) ||
		    identity_by_id(who, IDENTITY_GROUP, group.id, &group))
			continue;
		sid_text(&group.sid, sid);
		row = rows_add(out, sid, NULL, NULL);
		row->number[ALIAS_RID] = alias[i].sub[1];
		row->number[ALIAS_GID] = group.id;
	}
	return 0;
}

/* A domain that cannot be found out counts as none. */
static int rows_of_domain(const struct identity_who *who, struct rows *out)
{
	struct identity domain;
	char sid[NSS_NAME_SIZE];

	if (identity_joined(who, &domain))
		return 0;
	sid_text(&domain.sid, sid);
	rows_add(out, domain.name.domain, domain.realm, sid);
	return 0;
}

/* What clients see of this machine, guarded by the lock; NULL for a default. */
static pthread_mutex_t server_lock = PTHREAD_MUTEX_INITIALIZER;
static char *server_workgroup, *server_comment;

void pipe_rows_set_server(const char *workgroup, const char *comment)
{
	pthread_mutex_lock(&server_lock);
	free(server_workgroup);
	free(server_comment);
	server_workgroup = workgroup ? mem_string(workgroup) : NULL;
	server_comment = comment ? mem_string(comment) : NULL;
	pthread_mutex_unlock(&server_lock);
}

static int rows_of_server(const struct identity_who *who, struct rows *out)
{
	(void)who;
	pthread_mutex_lock(&server_lock);
	rows_add(out, server_workgroup ?: DEFAULT_WORKGROUP,
		 server_comment ?: DEFAULT_COMMENT, NULL);
	pthread_mutex_unlock(&server_lock);
	return 0;
}

static int rows_of_opens(const struct identity_who *who, struct rows *out)
{
	(void)who;
	return pipe_kernel_opens(out);
}

static int rows_of_trees(const struct identity_who *who, struct rows *out)
{
	(void)who;
	return pipe_kernel_trees(out);
}

/* Callers that may see a list: all; those that proved a name; or administrators. */
enum audience {
	ALL,
	KNOWN,
	ADMINISTRATORS,
};

static const struct {
	enum audience audience;
	int (*get)(const struct identity_who *who, struct rows *out);
	int (*end)(u64 id);
} lists[RPC_LISTS] = {
	[RPC_LIST_USERS] = { KNOWN, rows_of_users, NULL },
	[RPC_LIST_GROUPS] = { KNOWN, rows_of_groups, NULL },
	[RPC_LIST_ALIASES] = { KNOWN, rows_of_aliases, NULL },
	[RPC_LIST_DOMAIN] = { ALL, rows_of_domain, NULL },
	[RPC_LIST_SERVER] = { ALL, rows_of_server, NULL },
	/* Other users see their own. */
	[RPC_LIST_SESSIONS] = { KNOWN, NULL, pipe_kernel_end_session },
	[RPC_LIST_OPENS] = { ADMINISTRATORS, rows_of_opens, pipe_kernel_end_open },
	[RPC_LIST_TREES] = { ADMINISTRATORS, rows_of_trees, NULL },
};

int pipe_rows_get(const struct rpc_user *user, enum rpc_list list, u64 deadline,
		  struct rows *out)
{
	const struct identity_who who = { .user = user->uid, .until = deadline };
	enum audience audience = lists[list].audience;

	memset(out, 0, sizeof(*out));
	if ((audience != ALL && !rpc_user_is_known(user)) ||
	    (audience == ADMINISTRATORS && !user->administrator))
		return -EACCES;
	if (list == RPC_LIST_SESSIONS)
		return pipe_kernel_sessions(user->administrator ? NULL : user, out);
	return lists[list].get(&who, out);
}

int pipe_rows_end(const struct rpc_user *user, enum rpc_list list, u64 id)
{
	if (!user->administrator || !lists[list].end)
		return -EACCES;
	return lists[list].end(id);
}
