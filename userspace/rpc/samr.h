/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The accounts of this machine as clients of the pipe samr see them (MS-SAMR). There are two
 * domains: the machine, whose users are the users in /etc/passwd and whose aliases are the groups
 * in /etc/group, and BUILTIN with its aliases. Nothing can be changed.
 */
#ifndef _DITTOD_SAMR_H
#define _DITTOD_SAMR_H

#include "auth/nt_status.h"
#include "rpc.h"

/* Domains, as numbers of handles. */
enum samr_domain {
	SAMR_MACHINE,
	SAMR_BUILTIN,
	SAMR_DOMAINS
};

/* Kinds of accounts, as bits. */
#define SAMR_USERS	1u
#define SAMR_GROUPS	2u
#define SAMR_ALIASES	4u

/* Number of aliases of BUILTIN. */
#define SAMR_BUILTIN_ALIASES	3
/* SE_GROUP_MANDATORY, SE_GROUP_ENABLED_BY_DEFAULT, SE_GROUP_ENABLED. */
#define SAMR_GROUP_ATTRIBUTES	7

/**
 * struct samr_account - an account
 * @kind: one of the SAMR_* bits
 * @rid: its relative identifier
 * @listed: not an account of the system
 * @name: its name
 * @full_name: full name of a user, or description of a group; may be empty
 * @row: row of a user or of the group that an alias is; NULL if there is none
 * @index: index in a list that is displayed
 */
struct samr_account {
	unsigned int kind;
	u32 rid;
	bool listed;
	const char *name;
	const char *full_name;
	const struct row *row;
	u32 index;
};

/* Accounts of a domain, by kind and relative identifier. */
struct samr_accounts {
	struct samr_account *account;
	unsigned int n;
};

/* Members of a group, and their attributes, which are all the same. */
struct samr_members {
	struct ndr_array rids;
	struct ndr_array attributes;
};

/**
 * struct samr_args - parameters of all operations
 * @handle: a new handle, zeros, or the handle of the call
 * @server: name of the server, which is not used
 * @ignored: parameters that are not used
 * @version: version of the client
 * @version_again: the same
 * @name: name of a domain
 * @sid: a SID
 * @sid_found: the SID of a domain or an account
 * @resume: where an enumeration goes on
 * @control: kinds of users
 * @first: index of the first account
 * @count: number of accounts
 * @wanted_len: bytes that the client prefers at most
 * @page: part of a list
 * @total: number of accounts of a list
 * @len: bytes of a list
 * @display: accounts
 * @rid: a relative identifier
 * @level: number of an information structure
 * @info: the structure
 * @names: texts
 * @rids: relative identifiers
 * @uses: kinds of accounts
 * @sids: pointers to SIDs
 * @members: members of a group
 * @descriptor: a security descriptor
 * @security: the same
 */
struct samr_args {
	u8 handle[RPC_HANDLE_SIZE];
	const char *server;
	void *ignored;
	u32 version;
	u32 version_again;
	const char *name;
	struct sid sid;
	struct sid *sid_found;
	u32 resume;
	u32 control;
	u32 first;
	u32 count;
	u32 wanted_len;
	struct ndr_array *page;
	u32 total;
	u32 len;
	struct ndr_array display;
	u32 rid;
	u16 level;
	struct ndr_union *info;
	struct ndr_array names;
	struct ndr_array rids;
	struct ndr_array uses;
	struct ndr_array sids;
	struct samr_members *members;
	const u8 *descriptor;
	const u8 **security;
};

#define SAMR_AT(kind, name, ...)	NDR_AT(kind, struct samr_args, name, ##__VA_ARGS__)
#define SAMR_COUNTED(name, ...)		NDR_COUNTED(struct samr_args, name, ##__VA_ARGS__)

/* Most SIDs in one call (MS-SAMR section 2.2.3). */
#define SAMR_SIDS_MAX	1024

/* Result of SamrQuerySecurityObject, SamrGetMembersInGroup and SamrGetGroupsForUser. */
extern const struct ndr_struct samr_security;
extern const struct ndr_struct samr_group_members;
extern const struct ndr_struct samr_user_groups;

/* SID and name of a domain. */
void samr_domain_sid(const struct rpc_call *call, u32 domain, struct sid *sid);
void samr_domain_name(u32 domain, char name[NSS_NAME_SIZE]);

/* Get the accounts of some kinds. Returns a status; without success there are none. */
u32 samr_accounts_get(struct rpc_call *call, u32 domain, unsigned int kinds,
		      struct samr_accounts *out);
/* Find an account of some kinds by its relative identifier. NULL if there is none. */
const struct samr_account *samr_account_find(const struct samr_accounts *accounts, u32 rid);
/* Count the members of a group or alias of the machine. */
u32 samr_member_count(const struct samr_accounts *accounts, const struct samr_account *group);
/* Is this user a member of this group or alias of the machine? */
bool samr_is_member(const struct samr_account *group, const struct samr_account *user);

/* The status for an error of a source of information. */
u32 samr_status(int rc);

/* Operations about members. */
u32 samr_aliases_of_sids(struct rpc_call *call, void *data);
u32 samr_members_of_group(struct rpc_call *call, void *data);
u32 samr_members_of_alias(struct rpc_call *call, void *data);

/* Operations that tell about one object. */
u32 samr_query_domain(struct rpc_call *call, void *data);
u32 samr_query_user(struct rpc_call *call, void *data);
u32 samr_query_group(struct rpc_call *call, void *data);
u32 samr_query_alias(struct rpc_call *call, void *data);
u32 samr_query_security(struct rpc_call *call, void *data);
u32 samr_query_display(struct rpc_call *call, void *data);

#endif
