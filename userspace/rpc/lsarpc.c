// SPDX-License-Identifier: GPL-2.0-only
/* The local security authority: domains and privileges (MS-LSAD), and look-ups (MS-LSAT). */

#include <string.h>
#include <strings.h>

#include "identity/own_domain.h"
#include "lsa_lookup.h"
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

/* Longest text in parameters, including the NUL. */
#define TEXT_SIZE	1024

/* Privileges that mean something to a file server (MS-LSAD section 3.1.1.2.1). */
static const struct {
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

/*
 * LsarOpenPolicy and 2 (MS-LSAD sections 3.1.4.4.2, 3.1.4.4.1). The parameters are ignored:
 * operations on the handle only read.
 */
static u32 lsarpc_open_policy(struct rpc_call *call)
{
	static const struct rpc_object policy = { .kind = RPC_HANDLE_POLICY };
	bool good = rpc_handle_new(call, &policy);

	return rpc_put_status(call, good ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES);
}

/* LsarClose (MS-LSAD section 3.1.4.9.4). */
static u32 lsarpc_close(struct rpc_call *call)
{
	u32 fault = rpc_handle_close(call);

	return fault ?: rpc_put_status(call, STATUS_SUCCESS);
}

/* LSAPR_ACCOUNT_INFORMATION and the like: a name and a SID, which a work group has not. */
static void put_domain(struct ndr_out *out, const char *name, const struct sid *sid)
{
	ndr_put_unicode_header(out, name);
	ndr_put_pointer(out, sid->nsubs);
	ndr_put_unicode(out, name);
	if (sid->nsubs)
		ndr_put_sid(out, sid);
}

/* LSAPR_POLICY_DNS_DOMAIN_INFO (MS-LSAD section 2.2.4.14); GUID and forest are not known. */
static void put_dns_domain(struct ndr_out *out, const struct own_domain *domain)
{
	static const u8 no_guid[16];

	ndr_put_unicode_header(out, domain->name);
	ndr_put_unicode_header(out, domain->dns_name);
	ndr_put_unicode_header(out, "");
	ndr_put(out, no_guid, sizeof(no_guid));
	ndr_put_pointer(out, domain->sid.nsubs);
	ndr_put_unicode(out, domain->name);
	ndr_put_unicode(out, domain->dns_name);
	ndr_put_unicode(out, "");
	if (domain->sid.nsubs)
		ndr_put_sid(out, &domain->sid);
}

/* LsarQueryInformationPolicy and 2 (MS-LSAD sections 3.1.4.4.4, 3.1.4.4.3). */
static u32 lsarpc_query_policy(struct rpc_call *call)
{
	struct ndr_out *out = &call->out;
	char machine[NSS_NAME_SIZE];
	struct rpc_object policy;
	struct own_domain domain;
	u32 fault;
	u16 level;

	fault = rpc_handle_get(call, RPC_HANDLE_POLICY, &policy);
	if (fault)
		return fault;
	level = ndr_get16(&call->in);
	if (call->in.bad)
		return RPC_FAULT_NDR;
	if (level != INFO_PRIMARY_DOMAIN && level != INFO_ACCOUNT_DOMAIN &&
	    level != INFO_SERVER_ROLE && level != INFO_DNS_DOMAIN &&
	    level != INFO_DNS_DOMAIN_INT && level != INFO_LOCAL_DOMAIN) {
		ndr_put_pointer(out, false);
		return rpc_put_status(call, STATUS_INVALID_INFO_CLASS);
	}
	ndr_put_pointer(out, true);
	ndr_put16(out, level);
	switch (level) {
	case INFO_PRIMARY_DOMAIN:
		own_domain_get(call, &domain);
		put_domain(out, domain.name, &domain.sid);
		break;
	case INFO_SERVER_ROLE:
		ndr_put16(out, ROLE_PRIMARY);
		break;
	case INFO_ACCOUNT_DOMAIN:
	case INFO_LOCAL_DOMAIN:
		sid_machine_name(machine);
		put_domain(out, machine, &call->asks->accounts.machine);
		break;
	default:
		own_domain_get(call, &domain);
		put_dns_domain(out, &domain);
		break;
	}
	return rpc_put_status(call, STATUS_SUCCESS);
}

/*
 * LsarEnumerateTrustedDomains and Ex, and LsarEnumerateAccounts (MS-LSAD sections 3.1.4.7.8,
 * 3.1.4.7.9, 3.1.4.5.2): trusts are known to the domain's controllers, and no account has rights of
 * its own.
 */
static u32 lsarpc_enum_nothing(struct rpc_call *call)
{
	struct rpc_object policy;
	u32 fault, context;

	fault = rpc_handle_get(call, RPC_HANDLE_POLICY, &policy);
	if (fault)
		return fault;
	context = ndr_get32(&call->in);
	ndr_get32(&call->in);
	ndr_put32(&call->out, context);
	ndr_put32(&call->out, 0);
	ndr_put_pointer(&call->out, false);
	return rpc_put_status(call, STATUS_NO_MORE_ENTRIES);
}

/* LsarEnumerateAccountsWithUserRight (MS-LSAD section 3.1.4.5.9). */
static u32 lsarpc_enum_with_right(struct rpc_call *call)
{
	struct rpc_object policy;
	char text[TEXT_SIZE];
	u32 fault;
	u16 units;

	fault = rpc_handle_get(call, RPC_HANDLE_POLICY, &policy);
	if (fault)
		return fault;
	if (ndr_get_pointer(&call->in) && ndr_get_unicode_header(&call->in, &units))
		ndr_get_unicode(&call->in, units, text, sizeof(text));
	ndr_put32(&call->out, 0);
	ndr_put_pointer(&call->out, false);
	return rpc_put_status(call, STATUS_NO_MORE_ENTRIES);
}

/* LsarEnumerateAccountRights (MS-LSAD section 3.1.4.5.10). */
static u32 lsarpc_enum_rights(struct rpc_call *call)
{
	struct rpc_object policy;
	struct sid sid;
	u32 fault;

	fault = rpc_handle_get(call, RPC_HANDLE_POLICY, &policy);
	if (fault)
		return fault;
	ndr_get_sid(&call->in, &sid);
	ndr_put32(&call->out, 0);
	ndr_put_pointer(&call->out, false);
	return rpc_put_status(call, STATUS_OBJECT_NAME_NOT_FOUND);
}

static void put_luid(struct ndr_out *out, u32 luid)
{
	ndr_put32(out, luid);
	ndr_put32(out, 0);
}

/* LsarEnumeratePrivileges (MS-LSAD section 3.1.4.8.1): few enough for one answer. */
static u32 lsarpc_enum_privileges(struct rpc_call *call)
{
	struct ndr_out *out = &call->out;
	struct rpc_object policy;
	u32 fault, first, n, i;

	fault = rpc_handle_get(call, RPC_HANDLE_POLICY, &policy);
	if (fault)
		return fault;
	first = ndr_get32(&call->in);
	ndr_get32(&call->in);
	n = first < PRIVILEGES ? (u32)PRIVILEGES - first : 0;
	ndr_put32(out, PRIVILEGES);
	ndr_put32(out, n);
	ndr_put_pointer(out, n);
	if (n)
		ndr_put32(out, n);
	for (i = 0; i < n; i++) {
		ndr_put_unicode_header(out, privileges[first + i].name);
		put_luid(out, privileges[first + i].luid);
	}
	for (i = 0; i < n; i++)
		ndr_put_unicode(out, privileges[first + i].name);
	return rpc_put_status(call, n ? STATUS_SUCCESS : STATUS_NO_MORE_ENTRIES);
}

/* Read the name of a privilege. Returns its index, or PRIVILEGES. */
static size_t get_privilege(struct ndr_in *in)
{
	char text[TEXT_SIZE] = "";
	u16 units;
	size_t i;

	if (ndr_get_unicode_header(in, &units))
		ndr_get_unicode(in, units, text, sizeof(text));
	for (i = 0; i < PRIVILEGES && strcasecmp(privileges[i].name, text); i++)
		;
	return i;
}

/* LsarLookupPrivilegeValue (MS-LSAD section 3.1.4.8.2). */
static u32 lsarpc_privilege_value(struct rpc_call *call)
{
	struct rpc_object policy;
	u32 fault;
	size_t i;

	fault = rpc_handle_get(call, RPC_HANDLE_POLICY, &policy);
	if (fault)
		return fault;
	i = get_privilege(&call->in);
	put_luid(&call->out, i < PRIVILEGES ? privileges[i].luid : 0);
	return rpc_put_status(call, i < PRIVILEGES ? STATUS_SUCCESS : STATUS_NO_SUCH_PRIVILEGE);
}

/* Write a pointer to an RPC_UNICODE_STRING, NULL for no text. */
static void put_text(struct ndr_out *out, const char *text)
{
	ndr_put_pointer(out, text);
	if (!text)
		return;
	ndr_put_unicode_header(out, text);
	ndr_put_unicode(out, text);
}

/* LsarLookupPrivilegeName (MS-LSAD section 3.1.4.8.3). */
static u32 lsarpc_privilege_name(struct rpc_call *call)
{
	struct rpc_object policy;
	u32 fault, low, high;
	size_t i;

	fault = rpc_handle_get(call, RPC_HANDLE_POLICY, &policy);
	if (fault)
		return fault;
	low = ndr_get32(&call->in);
	high = ndr_get32(&call->in);
	for (i = 0; i < PRIVILEGES && (high || privileges[i].luid != low); i++)
		;
	put_text(&call->out, i < PRIVILEGES ? privileges[i].name : NULL);
	return rpc_put_status(call, i < PRIVILEGES ? STATUS_SUCCESS : STATUS_NO_SUCH_PRIVILEGE);
}

/* LsarLookupPrivilegeDisplayName (MS-LSAD section 3.1.4.8.4): English is all there is. */
static u32 lsarpc_privilege_title(struct rpc_call *call)
{
	struct rpc_object policy;
	u32 fault;
	size_t i;

	fault = rpc_handle_get(call, RPC_HANDLE_POLICY, &policy);
	if (fault)
		return fault;
	i = get_privilege(&call->in);
	/* Languages of the client and of the system. */
	ndr_get16(&call->in);
	ndr_get16(&call->in);
	put_text(&call->out, i < PRIVILEGES ? privileges[i].title : NULL);
	ndr_put16(&call->out, 0x409);
	return rpc_put_status(call, i < PRIVILEGES ? STATUS_SUCCESS : STATUS_NO_SUCH_PRIVILEGE);
}

/* LsarGetUserName (MS-LSAT section 3.1.4.4). */
static u32 lsarpc_get_user_name(struct rpc_call *call)
{
	const struct rpc_user *user = call->user;
	const char *name = user->anonymous ? "ANONYMOUS LOGON" : user->name;
	struct ndr_out *out = &call->out;
	struct ndr_in *in = &call->in;
	char text[TEXT_SIZE];
	u16 units;
	bool domain;

	ndr_get_unique_string(in, text, sizeof(text));
	/* The request may contain a name, which is ignored. */
	if (ndr_get_pointer(in) && ndr_get_unicode_header(in, &units))
		ndr_get_unicode(in, units, text, sizeof(text));
	domain = ndr_get_pointer(in);
	if (in->bad)
		return RPC_FAULT_NDR;
	put_text(out, name);
	ndr_put_pointer(out, domain);
	if (domain)
		put_text(out, user->anonymous ? "NT AUTHORITY" : user->domain);
	return rpc_put_status(call, STATUS_SUCCESS);
}

static const struct rpc_op ops[] = {
	{ .opnum = 0, .run = lsarpc_close },
	{ .opnum = 2, .run = lsarpc_enum_privileges },
	{ .opnum = 6, .run = lsarpc_open_policy },
	{ .opnum = 7, .run = lsarpc_query_policy },
	{ .opnum = 11, .run = lsarpc_enum_nothing },
	{ .opnum = 13, .run = lsarpc_enum_nothing },
	{ .opnum = 14, .run = lsa_lookup_names },
	{ .opnum = 15, .run = lsa_lookup_sids },
	{ .opnum = 31, .run = lsarpc_privilege_value },
	{ .opnum = 32, .run = lsarpc_privilege_name },
	{ .opnum = 33, .run = lsarpc_privilege_title },
	{ .opnum = 35, .run = lsarpc_enum_with_right },
	{ .opnum = 36, .run = lsarpc_enum_rights },
	{ .opnum = 44, .run = lsarpc_open_policy },
	{ .opnum = 45, .run = lsarpc_get_user_name },
	{ .opnum = 46, .run = lsarpc_query_policy },
	{ .opnum = 50, .run = lsarpc_enum_nothing },
	{ .opnum = 57, .run = lsa_lookup_sids2 },
	{ .opnum = 58, .run = lsa_lookup_names2 },
	{ .opnum = 68, .run = lsa_lookup_names3 },
	{ .opnum = 76, .run = lsa_lookup_sids3 },
	{ .opnum = 77, .run = lsa_lookup_names4 },
	{ 0 }
};

/* 12345778-1234-abcd-ef00-0123456789ab */
const struct rpc_interface lsarpc_interface = {
	.pipe = "lsarpc",
	.beside = &dssetup_interface,
	.uuid = { 0x78, 0x57, 0x34, 0x12, 0x34, 0x12, 0xcd, 0xab, 0xef, 0x00, 0x01, 0x23, 0x45,
		  0x67, 0x89, 0xab },
	.version = 0,
	.ops = ops,
};
