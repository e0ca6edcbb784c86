// SPDX-License-Identifier: GPL-2.0-only
/* Information of samr about domains, users, groups and aliases (MS-SAMR); see samr.h. */

#include <string.h>

#include "samr.h"

/* MS-SAMR section 2.2.1.12: USER_NORMAL_ACCOUNT, USER_DONT_EXPIRE_PASSWORD. */
#define USER_CONTROL		0x210
/* All fields of a user that are not secret (MS-SAMR section 2.2.1.8). */
#define USER_FIELDS		0x00ffffff
/* A time that never comes, and a duration without end. */
#define TIME_NEVER		0x7fffffffffffffffULL
#define DURATION_ENDLESS	0x8000000000000000ULL
/* Hours of a week, and the room that clients reserve for them, in bytes. */
#define WEEK_HOURS		168
#define HOURS_ROOM		1260
/* Passwords are changed on the server: no length, no age and no rule is known. */
#define PASSWORD_LENGTH		0
/* State and role of a domain: enabled, primary (MS-SAMR section 2.2.4). */
#define DOMAIN_ENABLED		1
#define DOMAIN_PRIMARY		3
/* Bytes reserved for the data around a list. */
#define LIST_MARGIN		256
/* Bytes of an entry of a list besides its texts. */
#define ENTRY_SIZE		96

/**
 * struct subject - what an information structure is about
 * @name: its name
 * @full_name: full name of a user, or description
 * @rid: its relative identifier
 * @members: number of members
 * @users: number of users of a domain
 * @groups: number of its groups
 * @aliases: number of its aliases
 */
struct subject {
	const char *name;
	const char *full_name;
	u32 rid;
	u32 members;
	u32 users;
	u32 groups;
	u32 aliases;
};

/* SAMPR_LOGON_HOURS: all (MS-SAMR section 2.2.6.5). */
static const struct ndr_struct all_hours = {
	1, NDR_FIELDS(NDR_NUMBER(U32, HOURS_ROOM), NDR_NUMBER(U32, 0),
		      NDR_NUMBER(U32, WEEK_HOURS / 8), NDR_FILL(WEEK_HOURS / 8, 0xff))
};

/* Members of information structures. Passwords and descriptors are left out. */
#define NAME		NDR_AT(UNICODE, struct subject, name)
#define FULL_NAME	NDR_AT(UNICODE, struct subject, full_name)
#define EMPTY		NDR_WORDS(UNICODE, "")
#define PASSWORD	NDR_WORDS(UNICODE, NULL)
#define DESCRIPTOR	NDR_NUMBER(U32, 0), NDR_NUMBER(POINTER, 0)
#define HOURS \
	{ .type = NDR_ALIGN, .n = 4 }, NDR_NUMBER(U16, WEEK_HOURS), \
	{ .type = NDR_POINTER, .at = NDR_FIXED, .value = 1, .of = &all_hours }
#define RID		NDR_AT(U32, struct subject, rid)
#define PRIMARY_GROUP	NDR_NUMBER(U32, SID_RID_NONE)
#define ATTRIBUTES	NDR_NUMBER(U32, SAMR_GROUP_ATTRIBUTES)
#define CONTROL		NDR_NUMBER(U32, USER_CONTROL)
#define FIELDS		NDR_NUMBER(U32, USER_FIELDS)
#define NEVER		NDR_NUMBER(OLD_U64, TIME_NEVER)
#define UNKNOWN_TIME	NDR_NUMBER(OLD_U64, 0)
#define ENDLESS		NDR_NUMBER(OLD_U64, DURATION_ENDLESS)
#define LARGE_ZERO	NDR_NUMBER(U64, 0)
#define ZERO8		NDR_NUMBER(U8, 0)
#define ZERO16		NDR_NUMBER(U16, 0)
#define ZERO32		NDR_NUMBER(U32, 0)
#define LENGTH16	NDR_NUMBER(U16, PASSWORD_LENGTH)
#define STATE		NDR_NUMBER(U32, DOMAIN_ENABLED)
#define ROLE		NDR_NUMBER(U32, DOMAIN_PRIMARY)
#define USERS		NDR_AT(U32, struct subject, users)
#define GROUPS		NDR_AT(U32, struct subject, groups)
#define ALIASES		NDR_AT(U32, struct subject, aliases)
#define MEMBERS		NDR_AT(U32, struct subject, members)
#define INFO(...)	{ sizeof(struct subject), NDR_FIELDS(__VA_ARGS__) }

/* An information structure and its number; 0 ends a table. */
struct level {
	u16 level;
	struct ndr_struct of;
};

/* MS-SAMR section 2.2.6. */
static const struct level user_levels[] = {
	{ 1, INFO(NAME, FULL_NAME, PRIMARY_GROUP, EMPTY, EMPTY) },
	{ 2, INFO(EMPTY, EMPTY, ZERO16, ZERO16) },
	{ 3, INFO(NAME, FULL_NAME, RID, PRIMARY_GROUP, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY,
		  UNKNOWN_TIME, UNKNOWN_TIME, UNKNOWN_TIME, UNKNOWN_TIME, NEVER, HOURS, ZERO16,
		  ZERO16, CONTROL) },
	{ 4, INFO(HOURS) },
	{ 5, INFO(NAME, FULL_NAME, RID, PRIMARY_GROUP, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY,
		  UNKNOWN_TIME, UNKNOWN_TIME, HOURS, ZERO16, ZERO16, UNKNOWN_TIME, NEVER,
		  CONTROL) },
	{ 6, INFO(NAME, FULL_NAME) },
	{ 7, INFO(NAME) },
	{ 8, INFO(FULL_NAME) },
	{ 9, INFO(PRIMARY_GROUP) },
	{ 10, INFO(EMPTY, EMPTY) },
	{ 11, INFO(EMPTY) },
	{ 12, INFO(EMPTY) },
	{ 13, INFO(EMPTY) },
	{ 14, INFO(EMPTY) },
	{ 16, INFO(CONTROL) },
	{ 17, INFO(NEVER) },
	{ 20, INFO(EMPTY) },
	{ 21, INFO(UNKNOWN_TIME, UNKNOWN_TIME, UNKNOWN_TIME, NEVER, UNKNOWN_TIME, NEVER,
		   NAME, FULL_NAME, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY,
		   PASSWORD, PASSWORD, EMPTY, DESCRIPTOR, RID, PRIMARY_GROUP, CONTROL, FIELDS,
		   HOURS, ZERO16, ZERO16, ZERO16, ZERO16, ZERO8, ZERO8, ZERO8, ZERO8) },
	{ 0 }
};

/* MS-SAMR section 2.2.4. */
static const struct level group_levels[] = {
	{ 1, INFO(NAME, ATTRIBUTES, MEMBERS, FULL_NAME) },
	{ 2, INFO(NAME) },
	{ 3, INFO(ATTRIBUTES) },
	{ 4, INFO(FULL_NAME) },
	{ 5, INFO(NAME, ATTRIBUTES, MEMBERS, FULL_NAME) },
	{ 0 }
};

/* MS-SAMR section 2.2.5. */
static const struct level alias_levels[] = {
	{ 1, INFO(NAME, MEMBERS, FULL_NAME) },
	{ 2, INFO(NAME) },
	{ 3, INFO(FULL_NAME) },
	{ 0 }
};

/* MS-SAMR section 2.2.3. */
static const struct level domain_levels[] = {
	{ 1, INFO(LENGTH16, ZERO16, ZERO32, ENDLESS, UNKNOWN_TIME) },
	{ 2, INFO(ENDLESS, EMPTY, NAME, EMPTY, UNKNOWN_TIME, STATE, ROLE, ZERO8, USERS, GROUPS,
		  ALIASES) },
	{ 3, INFO(ENDLESS) },
	{ 4, INFO(EMPTY) },
	{ 5, INFO(NAME) },
	{ 6, INFO(EMPTY) },
	{ 7, INFO(ROLE) },
	{ 8, INFO(UNKNOWN_TIME, UNKNOWN_TIME) },
	{ 9, INFO(STATE) },
	{ 11, INFO(ENDLESS, EMPTY, NAME, EMPTY, UNKNOWN_TIME, STATE, ROLE, ZERO8, USERS, GROUPS,
		   ALIASES, LARGE_ZERO, LARGE_ZERO, ZERO16) },
	{ 12, INFO(LARGE_ZERO, LARGE_ZERO, ZERO16) },
	{ 13, INFO(UNKNOWN_TIME, UNKNOWN_TIME, UNKNOWN_TIME) },
	{ 0 }
};

static const struct level *find_level(const struct level *level, u16 number)
{
	for (; level->level && level->level != number; level++)
		;
	return level->level ? level : NULL;
}

static void info_fill(struct rpc_call *call, struct samr_args *args, const struct level *level,
		      const struct subject *s)
{
	struct subject *copy = mem_chain_new(&call->memory, sizeof(*copy));

	*copy = *s;
	args->info = mem_chain_new(&call->memory, sizeof(*args->info));
	*args->info = (struct ndr_union){ level->level, { &level->of, copy } };
}

/* Tell about the account of the call's handle. */
static u32 query_account(struct rpc_call *call, struct samr_args *args, unsigned int kinds,
			 const struct level *levels, u32 missing)
{
	const struct level *level = find_level(levels, args->level);
	const struct samr_account *account;
	struct samr_accounts accounts;
	u32 status;

	if (!level)
		return STATUS_INVALID_INFO_CLASS;
	status = samr_accounts_get(call, call->object.domain, kinds, &accounts);
	if (status)
		return status;
	account = samr_account_find(&accounts, call->object.rid);
	if (!account)
		return missing;
	info_fill(call, args, level, &(struct subject){
		.name = account->name, .full_name = account->full_name, .rid = account->rid,
		.members = samr_member_count(&accounts, account),
	});
	return STATUS_SUCCESS;
}

/* SamrQueryInformationUser and 2 (MS-SAMR sections 3.1.5.5.6, 3.1.5.5.5). */
u32 samr_query_user(struct rpc_call *call, void *data)
{
	return query_account(call, data, SAMR_USERS, user_levels, STATUS_NO_SUCH_USER);
}

/* SamrQueryInformationGroup (MS-SAMR section 3.1.5.5.3). */
u32 samr_query_group(struct rpc_call *call, void *data)
{
	return query_account(call, data, SAMR_USERS | SAMR_GROUPS, group_levels,
			     STATUS_NO_SUCH_GROUP);
}

/* SamrQueryInformationAlias (MS-SAMR section 3.1.5.5.4). */
u32 samr_query_alias(struct rpc_call *call, void *data)
{
	return query_account(call, data, SAMR_USERS | SAMR_ALIASES, alias_levels,
			     STATUS_NO_SUCH_ALIAS);
}

/* SamrQueryInformationDomain and 2 (MS-SAMR sections 3.1.5.5.2, 3.1.5.5.1). */
u32 samr_query_domain(struct rpc_call *call, void *data)
{
	char *name = mem_chain_new(&call->memory, NSS_NAME_SIZE);
	struct subject s = { .name = name };
	struct samr_args *args = data;
	struct samr_accounts accounts;
	const struct level *level;
	unsigned int i;
	u32 status;

	level = find_level(domain_levels, args->level);
	if (!level)
		return STATUS_INVALID_INFO_CLASS;
	status = samr_accounts_get(call, call->object.domain,
				   SAMR_USERS | SAMR_GROUPS | SAMR_ALIASES, &accounts);
	if (status)
		return status;
	for (i = 0; i < accounts.n; i++) {
		const struct samr_account *account = &accounts.account[i];

		s.users += account->listed && account->kind == SAMR_USERS;
		s.groups += account->listed && account->kind == SAMR_GROUPS;
		s.aliases += account->listed && account->kind == SAMR_ALIASES;
	}
	samr_domain_name(call->object.domain, name);
	info_fill(call, args, level, &s);
	return STATUS_SUCCESS;
}

/* An entry of a list of accounts (MS-SAMR sections 2.2.8.2 to 2.2.8.4). */
#define DISPLAY(flags, ...) \
	{ sizeof(struct samr_account), \
	  NDR_FIELDS(NDR_AT(U32, struct samr_account, index), \
		     NDR_AT(U32, struct samr_account, rid), NDR_NUMBER(U32, flags), \
		     NDR_AT(UNICODE, struct samr_account, name), __VA_ARGS__) }

/* Kinds of lists (MS-SAMR section 2.2.8.12). */
static const struct {
	u16 number;
	unsigned int kind;
	struct ndr_struct of;
} displays[] = {
	/* A user has a comment; groups have their description there. */
	{ 1, SAMR_USERS,
	  DISPLAY(USER_CONTROL, EMPTY, NDR_AT(UNICODE, struct samr_account, full_name)) },
	/* There are no accounts of machines. */
	{ 2, 0, { 0 } },
	{ 3, SAMR_GROUPS,
	  DISPLAY(SAMR_GROUP_ATTRIBUTES, NDR_AT(UNICODE, struct samr_account, full_name)) },
};

/* Keep the accounts from an index on that are listed and fit, at most @count but at least one. */
static void keep_display(struct samr_args *args, struct samr_accounts *accounts)
{
	u32 room = args->wanted_len < RPC_REPLY_MAX - LIST_MARGIN ?
		   args->wanted_len : RPC_REPLY_MAX - LIST_MARGIN;
	unsigned int i, n = 0;
	bool more = true;
	u32 one;

	for (i = 0; i < accounts->n; i++) {
		const struct samr_account *account = &accounts->account[i];

		if (!account->listed || args->total++ < args->first || !more)
			continue;
		one = ENTRY_SIZE + 2 * (u32)(strlen(account->name) + strlen(account->full_name));
		more = n < args->count && (!n || args->len + one <= room);
		if (!more)
			continue;
		args->len += one;
		accounts->account[n] = *account;
		accounts->account[n].index = args->first + n + 1;
		n++;
	}
	accounts->n = n;
}

/* SamrQueryDisplayInformation, 2 and 3 (MS-SAMR section 3.1.5.3). */
u32 samr_query_display(struct rpc_call *call, void *data)
{
	struct samr_args *args = data;
	struct samr_accounts accounts;
	u32 status;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(displays) && displays[i].number != args->level; i++)
		;
	if (i == ARRAY_SIZE(displays))
		return STATUS_INVALID_INFO_CLASS;
	status = samr_accounts_get(call, call->object.domain, displays[i].kind, &accounts);
	if (status)
		return status;
	keep_display(args, &accounts);
	args->display = (struct ndr_array){ accounts.n, accounts.account, &displays[i].of };
	return args->first + (u64)accounts.n < args->total ? STATUS_MORE_ENTRIES : STATUS_SUCCESS;
}

static const u8 descriptor[] = {
	/* Revision, SE_SELF_RELATIVE and SE_DACL_PRESENT, owner, group, no SACL, DACL. */
	1, 0, 4, 0x80, 20, 0, 0, 0, 36, 0, 0, 0, 0, 0, 0, 0, 52, 0, 0, 0,
	/* BUILTIN\Administrators, twice. */
	1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0,
	1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0,
	/* Two entries: Everyone to read, BUILTIN\Administrators all. */
	2, 0, 52, 0, 2, 0, 0, 0,
	0, 0, 20, 0, 0x5b, 3, 2, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0,
	0, 0, 24, 0, 0xff, 7, 0x0f, 0, 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0,
};

/* SAMPR_SR_SECURITY_DESCRIPTOR (MS-SAMR section 2.2.7.4). */
static const struct ndr_struct descriptor_bytes = {
	sizeof(descriptor), NDR_FIELDS(NDR_NUMBER(U32, sizeof(descriptor)),
				       { .type = NDR_BYTES, .n = sizeof(descriptor) })
};

const struct ndr_struct samr_security = {
	sizeof(u8 *), NDR_FIELDS(NDR_NUMBER(U32, sizeof(descriptor)),
				 { .type = NDR_POINTER, .of = &descriptor_bytes })
};

/*
 * SamrQuerySecurityObject (MS-SAMR section 3.1.5.12.2): everyone who may connect may read, and
 * administrators could do all that is not refused anyway.
 */
u32 samr_query_security(struct rpc_call *call, void *data)
{
	struct samr_args *args = data;

	(void)call;
	args->descriptor = descriptor;
	args->security = &args->descriptor;
	return STATUS_SUCCESS;
}
