// SPDX-License-Identifier: GPL-2.0-only
/* Lists accounts of this machine, and maps their names (MS-SAMR); see samr.h. */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "identity/identity.h"
#include "samr.h"

/* Most names or relative identifiers in one call (MS-SAMR sections 3.1.5.11.2, 3.1.5.11.3). */
#define LOOKUP_MAX	1000
/* Bytes reserved for the data around a list. */
#define LIST_MARGIN	256

/* MS-SAMR section 2.2.1.12. */
#define USER_NORMAL_ACCOUNT	0x10

static enum sid_use samr_use(const struct samr_account *account)
{
	if (account->kind == SAMR_USERS)
		return SID_USE_USER;
	return account->kind == SAMR_GROUPS ? SID_USE_GROUP : SID_USE_ALIAS;
}

/* Create a handle for the client. Returns a status. */
static u32 samr_handle_create(struct rpc_call *call, struct samr_args *args,
			      const struct rpc_object *object)
{
	return rpc_handle_create(call, object, args->handle) ? STATUS_SUCCESS :
							       STATUS_INSUFFICIENT_RESOURCES;
}

/* SamrConnect, 2, 4 and 5 (MS-SAMR section 3.1.5.1). The access wanted does not matter. */
static u32 samr_connect(struct rpc_call *call, void *data)
{
	static const struct rpc_object server = { .kind = RPC_HANDLE_SERVER };
	struct samr_args *args = data;

	if (call->opnum == 64 && (args->version != 1 || args->version_again != 1))
		call->fault = RPC_FAULT_NDR;
	if (call->fault || !rpc_user_is_known(call->user))
		return STATUS_ACCESS_DENIED;
	return samr_handle_create(call, args, &server);
}

/* SamrCloseHandle (MS-SAMR section 3.1.5.13.1). */
static u32 samr_close(struct rpc_call *call, void *data)
{
	(void)data;
	rpc_handle_drop(call);
	return STATUS_SUCCESS;
}

/* SamrLookupDomainInSamServer (MS-SAMR section 3.1.5.11.1). */
static u32 samr_lookup_domain(struct rpc_call *call, void *data)
{
	struct samr_args *args = data;
	char name[NSS_NAME_SIZE];
	u32 i;

	for (i = 0; i < SAMR_DOMAINS; i++) {
		samr_domain_name(i, name);
		if (strcasecmp(name, args->name))
			continue;
		samr_domain_sid(call, i, &args->sid);
		args->sid_found = &args->sid;
		return STATUS_SUCCESS;
	}
	return STATUS_NO_SUCH_DOMAIN;
}

/* Encoded size of an entry: identifier, header, and text with its counts and padding. */
static size_t samr_name_len(const char *name)
{
	size_t len = 2 * strlen(name);

	return 4 + 8 + 12 + len + 2;
}

/* SAMPR_RID_ENUMERATION and SAMPR_ENUMERATION_BUFFER (MS-SAMR section 2.2.3). */
static const struct ndr_struct page_entry = {
	sizeof(struct samr_account),
	NDR_FIELDS(NDR_AT(U32, struct samr_account, rid),
		   NDR_AT(UNICODE, struct samr_account, name))
};

static const struct ndr_struct page = {
	sizeof(struct ndr_array),
	NDR_FIELDS(NDR_AT(U32, struct ndr_array, n), { .type = NDR_ARRAY, .of = &page_entry })
};

static void samr_page_fill(struct rpc_call *call, struct samr_args *args,
			   struct samr_account *account, u32 n)
{
	args->page = mem_chain_new(&call->memory, sizeof(*args->page));
	*args->page = (struct ndr_array){ .n = n, .item = account };
	args->count = n;
}

/* SamrEnumerateDomainsInSamServer (MS-SAMR section 3.1.5.2.1). */
static u32 samr_enum_domains(struct rpc_call *call, void *data)
{
	struct samr_args *args = data;
	struct samr_account *domain;
	char name[NSS_NAME_SIZE];
	u32 i, n = 0;

	domain = mem_chain_new(&call->memory, SAMR_DOMAINS * sizeof(*domain));
	for (i = args->resume; i < SAMR_DOMAINS; i++) {
		samr_domain_name(i, name);
		domain[n++].name = mem_chain_print(&call->memory, "%s", name);
	}
	args->resume = SAMR_DOMAINS;
	samr_page_fill(call, args, domain, n);
	return STATUS_SUCCESS;
}

/* SamrOpenDomain (MS-SAMR section 3.1.5.1.5). */
static u32 samr_open_domain(struct rpc_call *call, void *data)
{
	struct rpc_object object = { .kind = RPC_HANDLE_DOMAIN };
	struct samr_args *args = data;
	struct sid sid;

	for (; object.domain < SAMR_DOMAINS; object.domain++) {
		samr_domain_sid(call, object.domain, &sid);
		if (sid_same(&sid, &args->sid))
			return samr_handle_create(call, args, &object);
	}
	return STATUS_NO_SUCH_DOMAIN;
}

/*
 * Select the accounts from an identifier on that fit, at least one. Accounts of the system are not
 * listed. The identifiers grow, so a list can be resumed although accounts come and go.
 */
static u32 samr_fill_page(struct rpc_call *call, struct samr_args *args,
			  struct samr_accounts *accounts)
{
	size_t room = RPC_REPLY_MAX - LIST_MARGIN, len = 0;
	unsigned int i, n = 0;

	for (i = 0; i < accounts->n; i++)
		if (accounts->account[i].listed && accounts->account[i].rid >= args->resume)
			accounts->account[n++] = accounts->account[i];
	if (args->wanted_len < room)
		room = args->wanted_len;
	for (i = 0; i < n; i++) {
		len += samr_name_len(accounts->account[i].name);
		if (len > room && i)
			break;
	}
	if (i)
		args->resume = accounts->account[i - 1].rid + 1;
	samr_page_fill(call, args, accounts->account, i);
	return i < n ? STATUS_MORE_ENTRIES : STATUS_SUCCESS;
}

/*
 * SamrEnumerateUsersInDomain, SamrEnumerateGroupsInDomain and SamrEnumerateAliasesInDomain (MS-SAMR
 * section 3.1.5.2).
 */
static u32 samr_enum_accounts(struct rpc_call *call, void *data)
{
	unsigned int kind = call->opnum == 13 ? SAMR_USERS :
			    call->opnum == 11 ? SAMR_GROUPS : SAMR_ALIASES;
	struct samr_accounts accounts = { 0 };
	struct samr_args *args = data;
	u32 status = STATUS_SUCCESS;

	/* All users are normal ones. */
	if (!args->control || args->control & USER_NORMAL_ACCOUNT)
		status = samr_accounts_get(call, call->object.domain, kind, &accounts);
	if (!status)
		return samr_fill_page(call, args, &accounts);
	samr_page_fill(call, args, NULL, 0);
	return status;
}

static u32 samr_mapped_status(u32 mapped, u32 n)
{
	if (mapped == n)
		return STATUS_SUCCESS;
	return mapped ? STATUS_SOME_NOT_MAPPED : STATUS_NONE_MAPPED;
}

/**
 * struct wish - a name that a client asks for
 * @name: the name
 * @place: index among the names of the call
 * @account: the account that was found, or NULL
 */
struct wish {
	const char *name;
	u32 place;
	const struct samr_account *account;
};

static int wish_compare(const void *a, const void *b)
{
	return strcasecmp(((const struct wish *)a)->name, ((const struct wish *)b)->name);
}

/*
 * Give an account to the wishes of its name, which are sorted. Names have no case, but an account
 * whose name has the case of the wish comes first, and then the first of the list.
 */
static void wishes_offer(struct wish *wish, u32 n, const struct samr_account *account)
{
	u32 low = 0, high = n;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (strcasecmp(wish[middle].name, account->name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < n && !strcasecmp(wish[low].name, account->name); low++)
		if (!wish[low].account || (!strcmp(wish[low].name, account->name) &&
					   strcmp(wish[low].account->name, account->name)))
			wish[low].account = account;
}

/*
 * SamrLookupNamesInDomain (MS-SAMR section 3.1.5.11.2). There may be a thousand names and thousands
 * of accounts, so each account is searched among the names.
 */
static u32 samr_lookup_names(struct rpc_call *call, void *data)
{
	struct samr_args *args = data;
	const char **name = args->names.item;
	u32 *rids, *uses, n = args->names.n, mapped = 0, status, i;
	struct samr_accounts accounts;
	struct wish wish[LOOKUP_MAX];

	status = samr_accounts_get(call, call->object.domain,
				   SAMR_USERS | SAMR_GROUPS | SAMR_ALIASES, &accounts);
	if (status)
		return status;
	rids = mem_chain_new(&call->memory, n * sizeof(*rids));
	uses = mem_chain_new(&call->memory, n * sizeof(*uses));
	for (i = 0; i < n; i++)
		wish[i] = (struct wish){ .name = name[i], .place = i };
	qsort(wish, n, sizeof(wish[0]), wish_compare);
	for (i = 0; i < accounts.n; i++)
		wishes_offer(wish, n, &accounts.account[i]);
	for (i = 0; i < n; i++) {
		const struct samr_account *found = wish[i].account;

		uses[wish[i].place] = found ? samr_use(found) : SID_USE_UNKNOWN;
		rids[wish[i].place] = found ? found->rid : 0;
		mapped += !!found;
	}
	args->rids = (struct ndr_array){ .n = n, .item = rids };
	args->uses = (struct ndr_array){ .n = n, .item = uses };
	return samr_mapped_status(mapped, n);
}

/* SamrLookupIdsInDomain (MS-SAMR section 3.1.5.11.3). */
static u32 samr_lookup_rids(struct rpc_call *call, void *data)
{
	struct samr_args *args = data;
	const u32 *rid = args->rids.item;
	u32 *uses, n = args->rids.n, mapped = 0, status, i;
	struct samr_accounts accounts;
	const char **names;

	status = samr_accounts_get(call, call->object.domain,
				   SAMR_USERS | SAMR_GROUPS | SAMR_ALIASES, &accounts);
	if (status)
		return status;
	names = mem_chain_new(&call->memory, n * sizeof(*names));
	uses = mem_chain_new(&call->memory, n * sizeof(*uses));
	for (i = 0; i < n; i++) {
		const struct samr_account *found = samr_account_find(&accounts, rid[i]);

		names[i] = found ? found->name : "";
		uses[i] = found ? samr_use(found) : SID_USE_UNKNOWN;
		mapped += !!found;
	}
	args->names = (struct ndr_array){ .n = n, .item = names };
	args->uses = (struct ndr_array){ .n = n, .item = uses };
	return samr_mapped_status(mapped, n);
}

/* SamrOpenUser, SamrOpenGroup and SamrOpenAlias (MS-SAMR section 3.1.5.1). */
static u32 samr_open_account(struct rpc_call *call, void *data)
{
	static const struct {
		u16 opnum;
		unsigned int kind;
		enum rpc_handle_kind handle;
		u32 missing;
	} ways[] = {
		{ 34, SAMR_USERS, RPC_HANDLE_USER, STATUS_NO_SUCH_USER },
		{ 19, SAMR_GROUPS, RPC_HANDLE_GROUP, STATUS_NO_SUCH_GROUP },
		{ 27, SAMR_ALIASES, RPC_HANDLE_ALIAS, STATUS_NO_SUCH_ALIAS },
	};
	struct rpc_object object = call->object;
	struct samr_accounts accounts;
	struct samr_args *args = data;
	u32 status;
	int i;

	for (i = 0; ways[i].opnum != call->opnum; i++)
		;
	status = samr_accounts_get(call, object.domain, ways[i].kind, &accounts);
	if (status)
		return status;
	if (!samr_account_find(&accounts, args->rid))
		return ways[i].missing;
	object.kind = ways[i].handle;
	object.rid = args->rid;
	return samr_handle_create(call, args, &object);
}

/* SamrRidToSid (MS-SAMR section 3.1.5.13.7). */
static u32 samr_rid_to_sid(struct rpc_call *call, void *data)
{
	struct samr_args *args = data;

	if (call->object.kind == RPC_HANDLE_SERVER) {
		call->fault = RPC_FAULT_CONTEXT;
		return 0;
	}
	samr_domain_sid(call, call->object.domain, &args->sid);
	sid_append(&args->sid, args->rid);
	args->sid_found = &args->sid;
	return STATUS_SUCCESS;
}

/* Operations whose results are in their description. */
static u32 samr_tell(struct rpc_call *call, void *data)
{
	(void)call;
	(void)data;
	return STATUS_SUCCESS;
}

/* Operations that would change something are refused. Some return more than a status. */
static u32 samr_refuse(struct rpc_call *call, void *data)
{
	(void)call;
	(void)data;
	return STATUS_ACCESS_DENIED;
}

/* The handle stays the client's, and clients forget one of zeros. */
static u32 samr_refuse_delete(struct rpc_call *call, void *data)
{
	struct samr_args *args = data;

	rpc_handle_copy(call, args->handle);
	return STATUS_ACCESS_DENIED;
}

#define ZERO		NDR_NUMBER(U32, 0)
#define HANDLE		SAMR_AT(BYTES, handle, .n = RPC_HANDLE_SIZE)
#define SERVER_NAME	SAMR_AT(TEXT, server)
#define RESUME		SAMR_AT(U32, resume)
#define WANTED_LEN	SAMR_AT(U32, wanted_len)
#define LEVEL		SAMR_AT(U16, level)
#define RID		SAMR_AT(U32, rid)
#define SID_FOUND	SAMR_AT(POINTER, sid_found, .of = &ndr_of_sid)
#define PAGE \
	NDR_FIELDS(RESUME, SAMR_AT(POINTER, page, .of = &page), SAMR_AT(U32, count))
#define RIDS		SAMR_COUNTED(rids, .of = &ndr_of_number)
#define USES		SAMR_COUNTED(uses, .of = &ndr_of_number)
/* USER_DOMAIN_PASSWORD_INFORMATION (MS-SAMR section 2.2.3): no length and no rule is known. */
#define PASSWORDS	NDR_FIELDS(NDR_NUMBER(U16, 0), ZERO)
/* Only the first character of a server's name is sent. */
#define FIRST_OF_NAME	SAMR_AT(POINTER, ignored, .of = &character)

static const struct ndr_struct character = { 1, NDR_FIELDS(NDR_NUMBER(U16, 0)) };

#define ON(kind)	.handle = RPC_HANDLE_##kind
#define REFUSE(number)	{ .opnum = (number), .answer = samr_refuse }
#define REFUSE_DELETE(number) \
	{ .opnum = (number), ON(ANY), .answer = samr_refuse_delete, .out = NDR_FIELDS(HANDLE) }
#define REFUSE_CREATE(number, ...) \
	{ .opnum = (number), .answer = samr_refuse, .out = NDR_FIELDS(HANDLE, __VA_ARGS__) }
#define CONNECT(number, ...) \
	{ .opnum = (number), .answer = samr_connect, .in = NDR_FIELDS(__VA_ARGS__), \
	  .out = NDR_FIELDS(HANDLE) }
#define ENUMERATE(number, ...) \
	{ .opnum = (number), ON(DOMAIN), .answer = samr_enum_accounts, \
	  .in = NDR_FIELDS(__VA_ARGS__), .out = PAGE }
#define OPEN(number) \
	{ .opnum = (number), ON(DOMAIN), .answer = samr_open_account, \
	  .in = NDR_FIELDS(ZERO, RID), .out = NDR_FIELDS(HANDLE) }
#define QUERY(number, kind, handler) \
	{ .opnum = (number), ON(kind), .answer = (handler), .in = NDR_FIELDS(LEVEL), \
	  .out = NDR_FIELDS(SAMR_AT(POINTER, info, .of = &ndr_of_union)) }
#define DISPLAY(number) \
	{ .opnum = (number), ON(DOMAIN), .answer = samr_query_display, \
	  .in = NDR_FIELDS(LEVEL, SAMR_AT(U32, first), SAMR_AT(U32, count), WANTED_LEN), \
	  .out = NDR_FIELDS(SAMR_AT(U32, total), SAMR_AT(U32, len), LEVEL, SAMR_COUNTED(display)) }

static const struct rpc_op ops[] = {
	CONNECT(0, FIRST_OF_NAME, ZERO),
	{ .opnum = 1, ON(ANY), .answer = samr_close, .out = NDR_FIELDS(HANDLE) },
	REFUSE(2),			/* SamrSetSecurityObject */
	{ .opnum = 3, ON(ANY), .answer = samr_query_security, .in = NDR_FIELDS(ZERO),
	  .out = NDR_FIELDS(SAMR_AT(POINTER, security, .of = &samr_security)) },
	{ .opnum = 5, ON(SERVER), .answer = samr_lookup_domain,
	  .in = NDR_FIELDS(SAMR_AT(UNICODE, name)), .out = NDR_FIELDS(SID_FOUND) },
	{ .opnum = 6, ON(SERVER), .answer = samr_enum_domains, .in = NDR_FIELDS(RESUME, ZERO),
	  .out = PAGE },
	{ .opnum = 7, ON(SERVER), .answer = samr_open_domain,
	  .in = NDR_FIELDS(ZERO, SAMR_AT(SID, sid)), .out = NDR_FIELDS(HANDLE) },
	QUERY(8, DOMAIN, samr_query_domain),
	REFUSE(9),			/* SamrSetInformationDomain */
	REFUSE_CREATE(10, ZERO),	/* SamrCreateGroupInDomain */
	ENUMERATE(11, RESUME, WANTED_LEN),
	REFUSE_CREATE(12, ZERO),	/* SamrCreateUserInDomain */
	ENUMERATE(13, RESUME, SAMR_AT(U32, control), WANTED_LEN),
	REFUSE_CREATE(14, ZERO),	/* SamrCreateAliasInDomain */
	ENUMERATE(15, RESUME, WANTED_LEN),
	{ .opnum = 16, ON(DOMAIN), .answer = samr_aliases_of_sids,
	  .in = NDR_FIELDS(SAMR_COUNTED(sids, .n = SAMR_SIDS_MAX, .of = &ndr_of_sid_pointer)),
	  .out = NDR_FIELDS(RIDS) },
	{ .opnum = 17, ON(DOMAIN), .answer = samr_lookup_names,
	  .in = NDR_FIELDS(SAMR_AT(U32, names.n),
			   SAMR_AT(VARYING, names, .n = LOOKUP_MAX, .of = &ndr_of_unicode)),
	  .out = NDR_FIELDS(RIDS, USES) },
	{ .opnum = 18, ON(DOMAIN), .answer = samr_lookup_rids,
	  .in = NDR_FIELDS(SAMR_AT(U32, rids.n),
			   SAMR_AT(VARYING, rids, .n = LOOKUP_MAX, .of = &ndr_of_number)),
	  .out = NDR_FIELDS(SAMR_COUNTED(names, .of = &ndr_of_unicode), USES) },
	OPEN(19),
	QUERY(20, GROUP, samr_query_group),
	REFUSE(21),			/* SamrSetInformationGroup */
	REFUSE(22),			/* SamrAddMemberToGroup */
	REFUSE_DELETE(23),		/* SamrDeleteGroup */
	REFUSE(24),			/* SamrRemoveMemberFromGroup */
	{ .opnum = 25, ON(GROUP), .answer = samr_members_of_group,
	  .out = NDR_FIELDS(SAMR_AT(POINTER, members, .of = &samr_group_members)) },
	REFUSE(26),			/* SamrSetMemberAttributesOfGroup */
	OPEN(27),
	QUERY(28, ALIAS, samr_query_alias),
	REFUSE(29),			/* SamrSetInformationAlias */
	REFUSE_DELETE(30),		/* SamrDeleteAlias */
	REFUSE(31),			/* SamrAddMemberToAlias */
	REFUSE(32),			/* SamrRemoveMemberFromAlias */
	{ .opnum = 33, ON(ALIAS), .answer = samr_members_of_alias,
	  .out = NDR_FIELDS(SAMR_COUNTED(sids, .of = &ndr_of_sid_pointer)) },
	OPEN(34),
	REFUSE_DELETE(35),		/* SamrDeleteUser */
	QUERY(36, USER, samr_query_user),
	REFUSE(37),			/* SamrSetInformationUser */
	REFUSE(38),			/* SamrChangePasswordUser */
	/* SamrGetGroupsForUser (MS-SAMR section 3.1.5.9.1) */
	{ .opnum = 39, ON(USER), .answer = samr_tell,
	  .out = NDR_FIELDS({ .type = NDR_POINTER, .at = NDR_FIXED, .value = 1,
			      .of = &samr_user_groups }) },
	DISPLAY(40),
	/* SamrGetUserDomainPasswordInformation (MS-SAMR section 3.1.5.13.2) */
	{ .opnum = 44, ON(USER), .answer = samr_tell, .out = PASSWORDS },
	REFUSE(45),			/* SamrRemoveMemberFromForeignDomain */
	QUERY(46, DOMAIN, samr_query_domain),
	QUERY(47, USER, samr_query_user),
	DISPLAY(48),
	/* It also returns the access granted. */
	REFUSE_CREATE(50, ZERO, ZERO),	/* SamrCreateUser2InDomain */
	DISPLAY(51),
	REFUSE(52),			/* SamrAddMultipleMembersToAlias */
	REFUSE(53),			/* SamrRemoveMultipleMembersFromAlias */
	REFUSE(54),			/* SamrOemChangePasswordUser2 */
	REFUSE(55),			/* SamrUnicodeChangePasswordUser2 */
	/* SamrGetDomainPasswordInformation (MS-SAMR section 3.1.5.13.3) */
	{ .opnum = 56, .answer = samr_tell,
	  .in = NDR_FIELDS(SAMR_AT(POINTER, ignored, .of = &ndr_of_unicode)),
	  .out = PASSWORDS },
	CONNECT(57, SERVER_NAME, ZERO),
	REFUSE(58),			/* SamrSetInformationUser2 */
	CONNECT(62, SERVER_NAME, ZERO, ZERO),
	/* Versions, revisions and features of both. */
	{ .opnum = 64, .answer = samr_connect,
	  .in = NDR_FIELDS(SERVER_NAME, ZERO, SAMR_AT(U32, version),
			   SAMR_AT(U32, version_again), ZERO, ZERO),
	  .out = NDR_FIELDS(NDR_NUMBER(U32, 1), NDR_NUMBER(U32, 1), NDR_NUMBER(U32, 3), ZERO,
			    HANDLE) },
	{ .opnum = 65, ON(ANY), .answer = samr_rid_to_sid, .in = NDR_FIELDS(RID),
	  .out = NDR_FIELDS(SID_FOUND) },
	{ 0 }
};

/* 12345778-1234-abcd-ef00-0123456789ac */
const struct rpc_interface samr_interface = {
	.pipe = "samr",
	.uuid = { 0x78, 0x57, 0x34, 0x12, 0x34, 0x12, 0xcd, 0xab, 0xef, 0x00, 0x01, 0x23, 0x45,
		  0x67, 0x89, 0xac },
	.version = 1,
	.args_size = sizeof(struct samr_args),
	.ops = ops,
};
