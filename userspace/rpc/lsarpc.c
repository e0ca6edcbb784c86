// SPDX-License-Identifier: GPL-2.0-only
/* The local security authority: domains and privileges (MS-LSAD), and look-ups (MS-LSAT). */

#include <string.h>
#include <strings.h>

#include "identity/own_domain.h"
#include "lsarpc.h"
#include "auth/nt_status.h"

/* MS-LSAD section 2.2.4.1. */
#define INFO_PRIMARY_DOMAIN	3
#define INFO_ACCOUNT_DOMAIN	5
#define INFO_SERVER_ROLE	6
#define INFO_DNS_DOMAIN		12
#define INFO_DNS_DOMAIN_INT	13
#define INFO_LOCAL_DOMAIN	14
/* PolicyServerRolePrimary (MS-LSAD section 2.2.4.6). */
#define ROLE_PRIMARY		3

/* Privileges that mean something to a file server (MS-LSAD section 3.1.1.2.1). */
static const struct privilege {
	u32 luid;
	const char *name;
	const char *title;
} privileges[] = {
	{ 8, "SeSecurityPrivilege", "Manage auditing and security log" },
	{ 9, "SeTakeOwnershipPrivilege", "Take ownership of files or other objects" },
	{ 17, "SeBackupPrivilege", "Back up files and directories" },
	{ 18, "SeRestorePrivilege", "Restore files and directories" },
};

#define PRIVILEGES	ARRAY_SIZE(privileges)

/* LSAPR_POLICY_PRIVILEGE_DEF (MS-LSAD section 2.2.8.1). */
static const struct ndr_struct privilege = {
	sizeof(struct privilege),
	NDR_FIELDS(NDR_AT(UNICODE, struct privilege, name), NDR_AT(U32, struct privilege, luid),
		   NDR_NUMBER(U32, 0))
};

/* A domain or work group; @sid is NULL for the latter. */
struct domain {
	const char *name;
	const char *dns_name;
	const struct sid *sid;
};

#define NAME		NDR_AT(UNICODE, struct domain, name)
#define DNS_NAME	NDR_AT(UNICODE, struct domain, dns_name)
#define FOREST		NDR_WORDS(UNICODE, "")
#define GUID		NDR_FILL(16, 0)
#define SID_FIELD		NDR_AT(POINTER, struct domain, sid, .of = &ndr_of_sid)
#define DOMAIN(...)	{ sizeof(struct domain), NDR_FIELDS(__VA_ARGS__) }

/* Information classes (MS-LSAD sections 2.2.4.2 to 2.2.4.14): GUID and forest are not known. */
static const struct {
	u16 level;
	struct ndr_struct of;
} levels[] = {
	{ INFO_PRIMARY_DOMAIN, DOMAIN(NAME, SID_FIELD) },
	{ INFO_ACCOUNT_DOMAIN, DOMAIN(NAME, SID_FIELD) },
	{ INFO_SERVER_ROLE, DOMAIN(NDR_NUMBER(U16, ROLE_PRIMARY)) },
	{ INFO_DNS_DOMAIN, DOMAIN(NAME, DNS_NAME, FOREST, GUID, SID_FIELD) },
	{ INFO_DNS_DOMAIN_INT, DOMAIN(NAME, DNS_NAME, FOREST, GUID, SID_FIELD) },
	{ INFO_LOCAL_DOMAIN, DOMAIN(NAME, SID_FIELD) },
};

/*
 * LsarOpenPolicy and 2 (MS-LSAD sections 3.1.4.4.2, 3.1.4.4.1). The parameters are ignored:
 * operations on the handle only read.
 */
static u32 lsarpc_open_policy(struct rpc_call *call, void *data)
{
	static const struct rpc_object policy = { .kind = RPC_HANDLE_POLICY };
	struct lsarpc_args *args = data;

	return rpc_handle_create(call, &policy, args->handle) ? STATUS_SUCCESS :
								STATUS_INSUFFICIENT_RESOURCES;
}

/* LsarClose (MS-LSAD section 3.1.4.9.4). */
static u32 lsarpc_close(struct rpc_call *call, void *data)
{
	(void)data;
	rpc_handle_drop(call);
	return STATUS_SUCCESS;
}

/* LsarQueryInformationPolicy and 2 (MS-LSAD sections 3.1.4.4.4, 3.1.4.4.3). */
static u32 lsarpc_query_policy(struct rpc_call *call, void *data)
{
	struct domain *domain = mem_chain_new(&call->memory, sizeof(*domain));
	struct own_domain *own = mem_chain_new(&call->memory, sizeof(*own));
	struct lsarpc_args *args = data;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(levels) && levels[i].level != args->level; i++)
		;
	if (i == ARRAY_SIZE(levels))
		return STATUS_INVALID_INFO_CLASS;
	if (args->level == INFO_ACCOUNT_DOMAIN || args->level == INFO_LOCAL_DOMAIN) {
		sid_machine_name(own->name);
		own->sid = call->asks->accounts.machine;
	} else if (args->level != INFO_SERVER_ROLE) {
		own_domain_get(call, own);
	}
	domain->name = own->name;
	domain->dns_name = own->dns_name;
	domain->sid = own->sid.nsubs ? &own->sid : NULL;
	args->info = mem_chain_new(&call->memory, sizeof(*args->info));
	*args->info = (struct ndr_union){ args->level, { &levels[i].of, domain } };
	return STATUS_SUCCESS;
}

/*
 * LsarEnumerateTrustedDomains and Ex, LsarEnumerateAccounts, and
 * LsarEnumerateAccountsWithUserRight (MS-LSAD sections 3.1.4.7.8, 3.1.4.7.9, 3.1.4.5.2,
 * 3.1.4.5.9): trusts are known to the domain's controllers, and no account has rights of its own.
 */
static u32 lsarpc_enum_nothing(struct rpc_call *call, void *data)
{
	(void)call;
	(void)data;
	return STATUS_NO_MORE_ENTRIES;
}

/* LsarEnumerateAccountRights (MS-LSAD section 3.1.4.5.10). */
static u32 lsarpc_enum_rights(struct rpc_call *call, void *data)
{
	(void)call;
	(void)data;
	return STATUS_OBJECT_NAME_NOT_FOUND;
}

/* LsarEnumeratePrivileges (MS-LSAD section 3.1.4.8.1): few enough for one answer. */
static u32 lsarpc_enum_privileges(struct rpc_call *call, void *data)
{
	struct lsarpc_args *args = data;
	u32 first = args->context;

	(void)call;
	if (first >= PRIVILEGES)
		return STATUS_NO_MORE_ENTRIES;
	args->privileges.n = (u32)PRIVILEGES - first;
	args->privileges.item = (void *)&privileges[first];
	return STATUS_SUCCESS;
}

/* Find a privilege by its name. NULL if there is none. */
static const struct privilege *find_privilege(const char *name)
{
	size_t i;

	for (i = 0; i < PRIVILEGES; i++)
		if (!strcasecmp(privileges[i].name, name))
			return &privileges[i];
	return NULL;
}

/* LsarLookupPrivilegeValue (MS-LSAD section 3.1.4.8.2). */
static u32 lsarpc_privilege_value(struct rpc_call *call, void *data)
{
	struct lsarpc_args *args = data;
	const struct privilege *p = find_privilege(args->name);

	(void)call;
	args->luid = p ? p->luid : 0;
	return p ? STATUS_SUCCESS : STATUS_NO_SUCH_PRIVILEGE;
}

/* LsarLookupPrivilegeName (MS-LSAD section 3.1.4.8.3). */
static u32 lsarpc_privilege_name(struct rpc_call *call, void *data)
{
	struct lsarpc_args *args = data;
	size_t i;

	(void)call;
	for (i = 0; i < PRIVILEGES && (args->luid_high || privileges[i].luid != args->luid); i++)
		;
	if (i == PRIVILEGES)
		return STATUS_NO_SUCH_PRIVILEGE;
	args->name = privileges[i].name;
	args->text = &args->name;
	return STATUS_SUCCESS;
}

/* LsarLookupPrivilegeDisplayName (MS-LSAD section 3.1.4.8.4): English is all there is. */
static u32 lsarpc_privilege_title(struct rpc_call *call, void *data)
{
	struct lsarpc_args *args = data;
	const struct privilege *p = find_privilege(args->name);

	(void)call;
	if (!p)
		return STATUS_NO_SUCH_PRIVILEGE;
	args->name = p->title;
	args->text = &args->name;
	return STATUS_SUCCESS;
}

/* LsarGetUserName (MS-LSAT section 3.1.4.4). A name in the request is ignored. */
static u32 lsarpc_get_user_name(struct rpc_call *call, void *data)
{
	const struct rpc_user *user = call->user;
	struct lsarpc_args *args = data;

	args->name = user->anonymous ? "ANONYMOUS LOGON" : user->name;
	args->text = &args->name;
	args->domain_name = user->anonymous ? "NT AUTHORITY" : user->domain;
	args->domain_text = &args->domain_name;
	if (args->domain)
		args->domain = &args->domain_text;
	return STATUS_SUCCESS;
}

static const struct ndr_struct unicode_pointer = {
	sizeof(char **), NDR_FIELDS({ .type = NDR_POINTER, .of = &ndr_of_unicode })
};

#define HANDLE	LSARPC_AT(BYTES, handle, .n = RPC_HANDLE_SIZE)
#define CONTEXT	LSARPC_AT(U32, context)
#define TEXT_FIELD	LSARPC_AT(POINTER, text, .of = &ndr_of_unicode)
#define NOTHING	NDR_NUMBER(U32, 0), NDR_NUMBER(POINTER, 0)
#define POLICY	.handle = RPC_HANDLE_POLICY

#define OPEN_OP(number) \
	{ .opnum = (number), .answer = lsarpc_open_policy, .out = NDR_FIELDS(HANDLE) }
#define QUERY_OP(number) \
	{ .opnum = (number), POLICY, .answer = lsarpc_query_policy, \
	  .in = NDR_FIELDS(LSARPC_AT(U16, level)), \
	  .out = NDR_FIELDS(LSARPC_AT(POINTER, info, .of = &ndr_of_union)) }
#define ENUM_OP(number) \
	{ .opnum = (number), POLICY, .answer = lsarpc_enum_nothing, \
	  .in = NDR_FIELDS(CONTEXT, NDR_NUMBER(U32, 0)), .out = NDR_FIELDS(CONTEXT, NOTHING) }

static const struct rpc_op ops[] = {
	{ .opnum = 0, .handle = RPC_HANDLE_ANY, .answer = lsarpc_close,
	  .out = NDR_FIELDS(HANDLE) },
	{ .opnum = 2, POLICY, .answer = lsarpc_enum_privileges,
	  .in = NDR_FIELDS(CONTEXT, NDR_NUMBER(U32, 0)),
	  .out = NDR_FIELDS(NDR_NUMBER(U32, PRIVILEGES),
			    NDR_COUNTED(struct lsarpc_args, privileges, .of = &privilege)) },
	OPEN_OP(6),
	QUERY_OP(7),
	ENUM_OP(11),
	ENUM_OP(13),
	{ .opnum = 14, POLICY, .answer = lsa_lookup_names, .in = LOOKUP_NAMES_IN,
	  .out = LOOKUP_OUT(lsa_sid) },
	{ .opnum = 15, POLICY, .answer = lsa_lookup_sids, .in = LOOKUP_SIDS_IN,
	  .out = LOOKUP_OUT(lsa_name) },
	{ .opnum = 31, POLICY, .answer = lsarpc_privilege_value,
	  .in = NDR_FIELDS(LSARPC_AT(UNICODE, name)),
	  .out = NDR_FIELDS(LSARPC_AT(U32, luid), NDR_NUMBER(U32, 0)) },
	{ .opnum = 32, POLICY, .answer = lsarpc_privilege_name,
	  .in = NDR_FIELDS(LSARPC_AT(U32, luid), LSARPC_AT(U32, luid_high)),
	  .out = NDR_FIELDS(TEXT_FIELD) },
	/* Languages of the client and of the system, and of the title. */
	{ .opnum = 33, POLICY, .answer = lsarpc_privilege_title,
	  .in = NDR_FIELDS(LSARPC_AT(UNICODE, name), NDR_NUMBER(U16, 0), NDR_NUMBER(U16, 0)),
	  .out = NDR_FIELDS(TEXT_FIELD, NDR_NUMBER(U16, 0x409)) },
	{ .opnum = 35, POLICY, .answer = lsarpc_enum_nothing, .in = NDR_FIELDS(TEXT_FIELD),
	  .out = NDR_FIELDS(NOTHING) },
	{ .opnum = 36, POLICY, .answer = lsarpc_enum_rights,
	  .in = NDR_FIELDS(LSARPC_AT(SID, sid)), .out = NDR_FIELDS(NOTHING) },
	OPEN_OP(44),
	{ .opnum = 45, .answer = lsarpc_get_user_name,
	  .in = NDR_FIELDS(LSARPC_AT(TEXT, name), TEXT_FIELD,
			   LSARPC_AT(POINTER, domain, .of = &ndr_of_nothing)),
	  .out = NDR_FIELDS(TEXT_FIELD, LSARPC_AT(POINTER, domain, .of = &unicode_pointer)) },
	QUERY_OP(46),
	ENUM_OP(50),
	{ .opnum = 57, POLICY, .answer = lsa_lookup_sids, .in = LOOKUP_SIDS_IN,
	  .out = LOOKUP_OUT(lsa_name_ex) },
	{ .opnum = 58, POLICY, .answer = lsa_lookup_names, .in = LOOKUP_NAMES_IN,
	  .out = LOOKUP_OUT(lsa_sid_ex) },
	{ .opnum = 68, POLICY, .answer = lsa_lookup_names, .in = LOOKUP_NAMES_IN,
	  .out = LOOKUP_OUT(lsa_sid_ex2) },
	{ .opnum = 76, .answer = lsa_lookup_sids, .in = LOOKUP_SIDS_IN,
	  .out = LOOKUP_OUT(lsa_name_ex) },
	{ .opnum = 77, .answer = lsa_lookup_names, .in = LOOKUP_NAMES_IN,
	  .out = LOOKUP_OUT(lsa_sid_ex2) },
	{ 0 }
};

/* 12345778-1234-abcd-ef00-0123456789ab */
const struct rpc_interface lsarpc_interface = {
	.pipe = "lsarpc",
	.beside = &dssetup_interface,
	.uuid = { 0x78, 0x57, 0x34, 0x12, 0x34, 0x12, 0xcd, 0xab, 0xef, 0x00, 0x01, 0x23, 0x45,
		  0x67, 0x89, 0xab },
	.version = 0,
	.args_size = sizeof(struct lsarpc_args),
	.excess = true,
	.ops = ops,
};
