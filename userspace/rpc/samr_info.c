// SPDX-License-Identifier: GPL-2.0-only
/* Information of samr about domains, users, groups and aliases (MS-SAMR); see samr.h. */

#include <stdlib.h>
#include <string.h>

#include "mem.h"
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

/* Members of information structures. */
enum member {
	END,
	NAME,
	FULL_NAME,
	EMPTY,		/* text that is not known */
	PASSWORD,	/* RPC_SHORT_BLOB, not told */
	DESCRIPTOR,	/* SAMPR_SR_SECURITY_DESCRIPTOR, not told */
	HOURS,		/* SAMPR_LOGON_HOURS: all */
	RID,
	PRIMARY_GROUP,
	ATTRIBUTES,
	CONTROL,
	FIELDS,
	NEVER,		/* OLD_LARGE_INTEGER: no such time */
	UNKNOWN_TIME,	/* OLD_LARGE_INTEGER */
	ENDLESS,	/* the same, a duration */
	LARGE_ZERO,	/* LARGE_INTEGER */
	ZERO8,
	ZERO16,
	ZERO32,
	LENGTH16,
	STATE,
	ROLE,
	USERS,
	GROUPS,
	ALIASES,
	MEMBERS,
};

/**
 * struct level - an information structure
 * @level: its number
 * @member: members in order, up to END
 */
struct level {
	u16 level;
	enum member member[40];
};

/* MS-SAMR section 2.2.6. */
static const struct level user_levels[] = {
	{ 1, { NAME, FULL_NAME, PRIMARY_GROUP, EMPTY, EMPTY } },
	{ 2, { EMPTY, EMPTY, ZERO16, ZERO16 } },
	{ 3, { NAME, FULL_NAME, RID, PRIMARY_GROUP, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY,
	       UNKNOWN_TIME, UNKNOWN_TIME, UNKNOWN_TIME, UNKNOWN_TIME, NEVER, HOURS, ZERO16, ZERO16,
	       CONTROL } },
	{ 4, { HOURS } },
	{ 5, { NAME, FULL_NAME, RID, PRIMARY_GROUP, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY,
	       UNKNOWN_TIME, UNKNOWN_TIME, HOURS, ZERO16, ZERO16, UNKNOWN_TIME, NEVER,
	       CONTROL } },
	{ 6, { NAME, FULL_NAME } },
	{ 7, { NAME } },
	{ 8, { FULL_NAME } },
	{ 9, { PRIMARY_GROUP } },
	{ 10, { EMPTY, EMPTY } },
	{ 11, { EMPTY } },
	{ 12, { EMPTY } },
	{ 13, { EMPTY } },
	{ 14, { EMPTY } },
	{ 16, { CONTROL } },
	{ 17, { NEVER } },
	{ 20, { EMPTY } },
	{ 21, { UNKNOWN_TIME, UNKNOWN_TIME, UNKNOWN_TIME, NEVER, UNKNOWN_TIME, NEVER,
		NAME, FULL_NAME, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY,
		PASSWORD, PASSWORD, EMPTY, DESCRIPTOR, RID, PRIMARY_GROUP, CONTROL, FIELDS, HOURS,
		ZERO16, ZERO16, ZERO16, ZERO16, ZERO8, ZERO8, ZERO8, ZERO8 } },
	{ 0, { END } }
};

/* MS-SAMR section 2.2.4. */
static const struct level group_levels[] = {
	{ 1, { NAME, ATTRIBUTES, MEMBERS, FULL_NAME } },
	{ 2, { NAME } },
	{ 3, { ATTRIBUTES } },
	{ 4, { FULL_NAME } },
	{ 5, { NAME, ATTRIBUTES, MEMBERS, FULL_NAME } },
	{ 0, { END } }
};

/* MS-SAMR section 2.2.5. */
static const struct level alias_levels[] = {
	{ 1, { NAME, MEMBERS, FULL_NAME } },
	{ 2, { NAME } },
	{ 3, { FULL_NAME } },
	{ 0, { END } }
};

/* MS-SAMR section 2.2.3. */
static const struct level domain_levels[] = {
	{ 1, { LENGTH16, ZERO16, ZERO32, ENDLESS, UNKNOWN_TIME } },
	{ 2, { ENDLESS, EMPTY, NAME, EMPTY, UNKNOWN_TIME, STATE, ROLE, ZERO8, USERS, GROUPS,
	       ALIASES } },
	{ 3, { ENDLESS } },
	{ 4, { EMPTY } },
	{ 5, { NAME } },
	{ 6, { EMPTY } },
	{ 7, { ROLE } },
	{ 8, { UNKNOWN_TIME, UNKNOWN_TIME } },
	{ 9, { STATE } },
	{ 11, { ENDLESS, EMPTY, NAME, EMPTY, UNKNOWN_TIME, STATE, ROLE, ZERO8, USERS, GROUPS,
		ALIASES, LARGE_ZERO, LARGE_ZERO, ZERO16 } },
	{ 12, { LARGE_ZERO, LARGE_ZERO, ZERO16 } },
	{ 13, { UNKNOWN_TIME, UNKNOWN_TIME, UNKNOWN_TIME } },
	{ 0, { END } }
};

/**
 * struct subject - what an information structure is about
 * @name: its name
 * @full_name: full name of a user, or description
 * @rid: its relative identifier
 * @members: number of members
 * @count: numbers of users, groups and aliases of a domain
 */
struct subject {
	const char *name;
	const char *full_name;
	u32 rid;
	u32 members;
	u32 count[3];
};

static void put_old_large(struct ndr_out *out, u64 value)
{
	ndr_put32(out, (u32)value);
	ndr_put32(out, (u32)(value >> 32));
}

/* Text of a member, NULL for other members. */
static const char *member_text(enum member m, const struct subject *s)
{
	switch (m) {
	case NAME:
		return s->name;
	case FULL_NAME:
		return s->full_name;
	case EMPTY:
		return "";
	default:
		return NULL;
	}
}

/* Value of a 32 bit member. */
static u32 member_number(enum member m, const struct subject *s)
{
	switch (m) {
	case RID:
		return s->rid;
	case PRIMARY_GROUP:
		return SID_RID_NONE;
	case ATTRIBUTES:
		return SAMR_GROUP_ATTRIBUTES;
	case CONTROL:
		return USER_CONTROL;
	case FIELDS:
		return USER_FIELDS;
	case STATE:
		return DOMAIN_ENABLED;
	case ROLE:
		return DOMAIN_PRIMARY;
	case USERS:
	case GROUPS:
	case ALIASES:
		return s->count[m - USERS];
	case MEMBERS:
		return s->members;
	default:
		return 0;
	}
}

static void put_member(struct ndr_out *out, enum member m, const struct subject *s)
{
	switch (m) {
	case NAME:
	case FULL_NAME:
	case EMPTY:
		ndr_put_unicode_header(out, member_text(m, s));
		break;
	case PASSWORD:
		ndr_align(out, 4);
		ndr_put32(out, 0);
		ndr_put_pointer(out, false);
		break;
	case DESCRIPTOR:
		ndr_put32(out, 0);
		ndr_put_pointer(out, false);
		break;
	case HOURS:
		ndr_align(out, 4);
		ndr_put16(out, WEEK_HOURS);
		ndr_put_pointer(out, true);
		break;
	case NEVER:
		put_old_large(out, TIME_NEVER);
		break;
	case UNKNOWN_TIME:
		put_old_large(out, 0);
		break;
	case ENDLESS:
		put_old_large(out, DURATION_ENDLESS);
		break;
	case LARGE_ZERO:
		ndr_put64(out, 0);
		break;
	case ZERO8:
		ndr_put8(out, 0);
		break;
	case ZERO16:
		ndr_put16(out, 0);
		break;
	case LENGTH16:
		ndr_put16(out, PASSWORD_LENGTH);
		break;
	default:
		ndr_put32(out, member_number(m, s));
		break;
	}
}

/* Write what the pointer of a member stands for. */
static void put_deferred(struct ndr_out *out, enum member m, const struct subject *s)
{
	u8 hours[(WEEK_HOURS + 7) / 8];

	if (member_text(m, s))
		ndr_put_unicode(out, member_text(m, s));
	if (m != HOURS)
		return;
	memset(hours, 0xff, sizeof(hours));
	ndr_put32(out, HOURS_ROOM);
	ndr_put32(out, 0);
	ndr_put32(out, sizeof(hours));
	ndr_put(out, hours, sizeof(hours));
}

/* A structure with an 8 byte member begins at a multiple of 8. */
static void put_info(struct ndr_out *out, const struct level *level, const struct subject *s)
{
	const enum member *m;

	ndr_put_pointer(out, true);
	ndr_put16(out, level->level);
	for (m = level->member; *m != END; m++)
		if (*m == LARGE_ZERO)
			ndr_align(out, 8);
	ndr_align(out, 4);
	for (m = level->member; *m != END; m++)
		put_member(out, *m, s);
	for (m = level->member; *m != END; m++)
		put_deferred(out, *m, s);
}

static const struct level *find_level(const struct level *levels, u16 number)
{
	for (; levels->level && levels->level != number; levels++)
		;
	return levels->level ? levels : NULL;
}

/* Read the level, and write the answer about an account of the handle's kind. */
static u32 query_account(struct rpc_call *call, enum rpc_handle_kind kind, unsigned int kinds,
			 const struct level *levels, u32 missing)
{
	const struct samr_account *account;
	struct samr_accounts accounts;
	const struct level *level;
	struct rpc_object object;
	struct subject s = { 0 };
	u32 fault, status;

	fault = rpc_handle_get(call, kind, &object);
	if (fault)
		return fault;
	level = find_level(levels, ndr_get16(&call->in));
	if (call->in.bad)
		return RPC_FAULT_NDR;
	status = samr_accounts_get(call, object.domain, kinds, &accounts);
	account = samr_account_find(&accounts, object.rid);
	if (!level)
		status = STATUS_INVALID_INFO_CLASS;
	else if (!status && !account)
		status = missing;
	if (status) {
		ndr_put_pointer(&call->out, false);
	} else {
		s.name = account->name;
		s.full_name = account->full_name;
		s.rid = account->rid;
		s.members = samr_member_count(&accounts, account);
		put_info(&call->out, level, &s);
	}
	samr_accounts_free(&accounts);
	return rpc_put_status(call, status);
}

/* SamrQueryInformationUser and 2 (MS-SAMR sections 3.1.5.5.6, 3.1.5.5.5). */
u32 samr_query_user(struct rpc_call *call)
{
	return query_account(call, RPC_HANDLE_USER, SAMR_USERS, user_levels, STATUS_NO_SUCH_USER);
}

/* SamrQueryInformationGroup (MS-SAMR section 3.1.5.5.3). */
u32 samr_query_group(struct rpc_call *call)
{
	return query_account(call, RPC_HANDLE_GROUP, SAMR_USERS | SAMR_GROUPS, group_levels,
			     STATUS_NO_SUCH_GROUP);
}

/* SamrQueryInformationAlias (MS-SAMR section 3.1.5.5.4). */
u32 samr_query_alias(struct rpc_call *call)
{
	return query_account(call, RPC_HANDLE_ALIAS, SAMR_USERS | SAMR_ALIASES, alias_levels,
			     STATUS_NO_SUCH_ALIAS);
}

/* SamrQueryInformationDomain and 2 (MS-SAMR sections 3.1.5.5.2, 3.1.5.5.1). */
u32 samr_query_domain(struct rpc_call *call)
{
	char name[NSS_NAME_SIZE] = "";
	struct samr_accounts accounts;
	const struct level *level;
	struct rpc_object domain;
	struct subject s = { .name = name };
	unsigned int i;
	u32 fault, status;

	fault = rpc_handle_get(call, RPC_HANDLE_DOMAIN, &domain);
	if (fault)
		return fault;
	level = find_level(domain_levels, ndr_get16(&call->in));
	if (call->in.bad)
		return RPC_FAULT_NDR;
	status = samr_accounts_get(call, domain.domain, SAMR_USERS | SAMR_GROUPS | SAMR_ALIASES,
				   &accounts);
	if (!level)
		status = STATUS_INVALID_INFO_CLASS;
	for (i = 0; i < accounts.n; i++) {
		unsigned int kind = accounts.account[i].kind;

		s.count[kind == SAMR_USERS ? 0 : kind == SAMR_GROUPS ? 1 : 2] +=
			accounts.account[i].listed;
	}
	samr_domain_name(domain.domain, name);
	if (status)
		ndr_put_pointer(&call->out, false);
	else
		put_info(&call->out, level, &s);
	samr_accounts_free(&accounts);
	return rpc_put_status(call, status);
}

/* Kinds of lists (MS-SAMR section 2.2.8.12), and what they have besides index and identifier. */
static const struct {
	u16 number;
	unsigned int kind;
	u32 flags;
	bool full_name;
} displays[] = {
	{ 1, SAMR_USERS, USER_CONTROL, true },
	/* There are no accounts of machines. */
	{ 2, 0, 0, false },
	{ 3, SAMR_GROUPS, SAMR_GROUP_ATTRIBUTES, false },
};

/* Keep the accounts from an index on that are listed and fit, at most @count but at least one. */
static void keep_display(struct samr_accounts *accounts, u32 first, u32 count, u32 wanted_len,
			 u32 *total, u32 *len)
{
	u32 room = wanted_len < RPC_REPLY_MAX - LIST_MARGIN ?
		   wanted_len : RPC_REPLY_MAX - LIST_MARGIN;
	unsigned int i, n = 0;
	bool more = true;
	u32 one;

	*total = 0;
	*len = 0;
	for (i = 0; i < accounts->n; i++) {
		const struct samr_account *account = &accounts->account[i];

		if (!account->listed || (*total)++ < first || !more)
			continue;
		one = ENTRY_SIZE + 2 * (u32)(strlen(account->name) + strlen(account->full_name));
		more = n < count && (!n || *len + one <= room);
		if (!more)
			continue;
		*len += one;
		accounts->account[n++] = *account;
	}
	accounts->n = n;
}

/* SamrQueryDisplayInformation, 2 and 3 (MS-SAMR section 3.1.5.3). */
u32 samr_query_display(struct rpc_call *call)
{
	u32 fault, status = STATUS_INVALID_INFO_CLASS, first, count, wanted, total = 0, len = 0, i;
	struct samr_accounts accounts = { 0 };
	struct ndr_out *out = &call->out;
	struct ndr_in *in = &call->in;
	struct rpc_object domain;
	size_t which;
	u16 number;

	fault = rpc_handle_get(call, RPC_HANDLE_DOMAIN, &domain);
	if (fault)
		return fault;
	number = ndr_get16(in);
	first = ndr_get32(in);
	count = ndr_get32(in);
	wanted = ndr_get32(in);
	if (in->bad)
		return RPC_FAULT_NDR;
	for (which = 0; which < ARRAY_SIZE(displays) && displays[which].number != number; which++)
		;
	if (which < ARRAY_SIZE(displays))
		status = samr_accounts_get(call, domain.domain, displays[which].kind, &accounts);
	keep_display(&accounts, first, count, wanted, &total, &len);
	if (!status && first + (u64)accounts.n < total)
		status = STATUS_MORE_ENTRIES;
	ndr_put32(out, total);
	ndr_put32(out, len);
	ndr_put16(out, number);
	ndr_put32(out, accounts.n);
	ndr_put_pointer(out, accounts.n);
	if (accounts.n)
		ndr_put32(out, accounts.n);
	for (i = 0; i < accounts.n; i++) {
		ndr_put32(out, first + i + 1);
		ndr_put32(out, accounts.account[i].rid);
		ndr_put32(out, displays[which].flags);
		ndr_put_unicode_header(out, accounts.account[i].name);
		/* The comment of a user; groups have their description there. */
		ndr_put_unicode_header(out, displays[which].full_name ? "" :
				       accounts.account[i].full_name);
		if (displays[which].full_name)
			ndr_put_unicode_header(out, accounts.account[i].full_name);
	}
	for (i = 0; i < accounts.n; i++) {
		ndr_put_unicode(out, accounts.account[i].name);
		ndr_put_unicode(out, displays[which].full_name ? "" :
				accounts.account[i].full_name);
		if (displays[which].full_name)
			ndr_put_unicode(out, accounts.account[i].full_name);
	}
	samr_accounts_free(&accounts);
	return rpc_put_status(call, status);
}

/*
 * SamrQuerySecurityObject (MS-SAMR section 3.1.5.12.2): everyone who may connect may read, and
 * administrators could do all that is not refused anyway.
 */
u32 samr_query_security(struct rpc_call *call)
{
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
	struct ndr_out *out = &call->out;
	struct rpc_object object;
	u32 fault;

	fault = rpc_handle_get_any(call, &object);
	if (fault)
		return fault;
	/* The parts wanted; more than these does no harm. */
	ndr_get32(&call->in);
	ndr_put_pointer(out, true);
	ndr_put32(out, sizeof(descriptor));
	ndr_put_pointer(out, true);
	ndr_put32(out, sizeof(descriptor));
	ndr_put(out, descriptor, sizeof(descriptor));
	return rpc_put_status(call, STATUS_SUCCESS);
}

/* USER_DOMAIN_PASSWORD_INFORMATION (MS-SAMR section 2.2.3). */
static u32 put_passwords(struct rpc_call *call)
{
	ndr_put16(&call->out, PASSWORD_LENGTH);
	ndr_put32(&call->out, 0);
	return rpc_put_status(call, STATUS_SUCCESS);
}

/* SamrGetDomainPasswordInformation (MS-SAMR section 3.1.5.13.3). */
u32 samr_query_passwords(struct rpc_call *call)
{
	char text[NSS_NAME_SIZE];
	u16 units;

	/* The name of the server, which is not used. */
	if (ndr_get_pointer(&call->in) && ndr_get_unicode_header(&call->in, &units))
		ndr_get_unicode(&call->in, units, text, sizeof(text));
	return put_passwords(call);
}

/* SamrGetUserDomainPasswordInformation (MS-SAMR section 3.1.5.13.2). */
u32 samr_query_user_passwords(struct rpc_call *call)
{
	struct rpc_object user;
	u32 fault = rpc_handle_get(call, RPC_HANDLE_USER, &user);

	return fault ?: put_passwords(call);
}
