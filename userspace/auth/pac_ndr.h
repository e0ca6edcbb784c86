/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interface of libndr-krb5pac: the structures that it fills from, and encodes to, a PAC. Members
 * that are not used are there for their size.
 */
#ifndef _DITTOD_PAC_NDR_H
#define _DITTOD_PAC_NDR_H

#include "identity/sid.h"

/* Headers of a serialized type (MS-RPCE sections 2.2.6.1 and 2.2.6.2), in bytes. */
#define PAC_HEADERS	16

struct ndr_blob {
	const u8 *data;
	size_t len;
};

struct ndr_string {
	u16 len;
	u16 size;
	const char *text;
};

struct ndr_sid {
	u8 revision;
	u8 nsubs;
	u8 authority[6];
	u32 sub[SID_SUBS_MAX];
};

struct ndr_group {
	u32 rid;
	u32 attributes;
};

struct ndr_groups {
	u32 n;
	struct ndr_group *group;
};

struct ndr_extra {
	struct ndr_sid *sid;
	u32 attributes;
};

/* KERB_VALIDATION_INFO (MS-PAC section 2.5). */
struct ndr_logon_info {
	u64 times[6];
	struct ndr_string names[6];
	u16 counts[2];
	u32 user;
	u32 primary_group;
	struct ndr_groups groups;
	u32 flags;
	u8 session_key[16];
	struct ndr_string server;
	struct ndr_string domain_name;
	struct ndr_sid *domain;
	u8 lm_key[8];
	u32 account_flags;
	u32 status;
	u64 more_times[2];
	u32 more_counts[2];
	u32 nextra;
	struct ndr_extra *extra;
	struct ndr_sid *resource_domain;
	struct ndr_groups resource_groups;
};

struct ndr_pointer {
	struct ndr_logon_info *info;
};

#endif
