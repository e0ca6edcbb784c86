/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The accounts of this machine as clients of the pipe samr see them (MS-SAMR). There are two
 * domains: the machine, whose users are those of the files in /etc and whose aliases are the groups
 * there, and BUILTIN with its aliases. Nothing can be changed.
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
 */
struct samr_account {
	unsigned int kind;
	u32 rid;
	bool listed;
	const char *name;
	const char *full_name;
	const struct row *row;
};

/**
 * struct samr_accounts - accounts of a domain
 * @account: the accounts, by kind and relative identifier
 * @n: number of entries in @account
 * @users: owner of the texts
 * @groups: owner of the texts
 */
struct samr_accounts {
	struct samr_account *account;
	unsigned int n;
	struct rows users;
	struct rows groups;
};

/* SID and name of a domain. */
void samr_domain_sid(const struct rpc_call *call, u32 domain, struct sid *sid);
void samr_domain_name(u32 domain, char name[NSS_NAME_SIZE]);

/*
 * Get the accounts of some kinds. Returns a status; @out is freed with samr_accounts_free() in any
 * case.
 */
u32 samr_accounts_get(struct rpc_call *call, u32 domain, unsigned int kinds,
		      struct samr_accounts *out);
void samr_accounts_free(struct samr_accounts *accounts);
/* Find an account of some kinds by its relative identifier. NULL if there is none. */
const struct samr_account *samr_account_find(const struct samr_accounts *accounts, u32 rid);
/* Count the members of a group or alias of the machine. */
u32 samr_member_count(const struct samr_accounts *accounts, const struct samr_account *group);
/* Is this user a member of this group or alias of the machine? */
bool samr_is_member(const struct samr_account *group, const struct samr_account *user);

/* The status for an error of a source of information. */
u32 samr_status(int rc);
/* Write a SAMPR_ULONG_ARRAY (MS-SAMR section 2.2.3). */
void samr_put_numbers(struct ndr_out *out, const u32 *number, u32 n);

/* Operations about members. */
u32 samr_groups_of_user(struct rpc_call *call);
u32 samr_aliases_of_sids(struct rpc_call *call);
u32 samr_members_of_group(struct rpc_call *call);
u32 samr_members_of_alias(struct rpc_call *call);

/* Operations that tell about one object. */
u32 samr_query_domain(struct rpc_call *call);
u32 samr_query_user(struct rpc_call *call);
u32 samr_query_group(struct rpc_call *call);
u32 samr_query_alias(struct rpc_call *call);
u32 samr_query_security(struct rpc_call *call);
u32 samr_query_display(struct rpc_call *call);
u32 samr_query_passwords(struct rpc_call *call);
u32 samr_query_user_passwords(struct rpc_call *call);

#endif
