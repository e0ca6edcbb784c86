/* SPDX-License-Identifier: GPL-2.0-only */
/* Operations of lsarpc: those about policies, and look-ups of SIDs and names. */
#ifndef _DITTOD_LSARPC_H
#define _DITTOD_LSARPC_H

#include "rpc.h"

/**
 * struct lsarpc_args - parameters of all operations
 * @handle: a new handle, or zeros
 * @level: number of an information class
 * @info: the information
 * @context: where an enumeration goes on
 * @luid: number of a privilege
 * @luid_high: upper half of it, which is 0
 * @name: a name
 * @text: the same or a title
 * @domain_name: name of a domain
 * @domain_text: the same
 * @domain: the client asks for that
 * @sid: a SID
 * @privileges: struct privilege
 * @sids: pointers to SIDs
 * @names: texts
 * @nothing: an array that is empty in the request
 * @domains: domains of what was found
 * @found: what was found, for each name or SID
 * @mapped: number of names or SIDs that were found
 */
struct lsarpc_args {
	u8 handle[RPC_HANDLE_SIZE];
	u16 level;
	struct ndr_union *info;
	u32 context;
	u32 luid;
	u32 luid_high;
	const char *name;
	const char **text;
	const char *domain_name;
	const char **domain_text;
	const void *domain;
	struct sid sid;
	struct ndr_array privileges;
	struct ndr_array sids;
	struct ndr_array names;
	void *nothing;
	struct ndr_array *domains;
	struct ndr_array found;
	u32 mapped;
};

#define LSARPC_AT(kind, name, ...)	NDR_AT(kind, struct lsarpc_args, name, ##__VA_ARGS__)

/* Most names in one call (MS-LSAT section 3.1.4.5). */
#define LOOKUP_NAMES_MAX	1000
/* Most SIDs: section 2.2.16 has 20480, whose names would not fit into RPC_REPLY_MAX. */
#define LOOKUP_SIDS_MAX		1000

/* Lookup level and mapped count are not used. */
#define LOOKUP_IN \
	NDR_NUMBER(U32, 0), LSARPC_AT(POINTER, nothing, .of = &ndr_of_nothing), \
	NDR_NUMBER(U16, 0), NDR_NUMBER(U32, 0)
#define LOOKUP_SIDS_IN \
	NDR_FIELDS(NDR_COUNTED(struct lsarpc_args, sids, .n = LOOKUP_SIDS_MAX, \
			       .of = &ndr_of_sid_pointer), \
		   LOOKUP_IN)
#define LOOKUP_NAMES_IN \
	NDR_FIELDS(LSARPC_AT(U32, names.n), \
		   LSARPC_AT(ELEMENTS, names, .n = LOOKUP_NAMES_MAX, .of = &ndr_of_unicode), \
		   LOOKUP_IN)
#define LOOKUP_OUT(structure) \
	NDR_FIELDS(LSARPC_AT(POINTER, domains, .of = &lsa_domains), \
		   NDR_COUNTED(struct lsarpc_args, found, .of = &(structure)), \
		   LSARPC_AT(U32, mapped))

/* LSAPR_REFERENCED_DOMAIN_LIST (MS-LSAT section 2.2.12). */
extern const struct ndr_struct lsa_domains;
/* LSAPR_TRANSLATED_NAME and ..._EX (MS-LSAT sections 2.2.19, 2.2.21). */
extern const struct ndr_struct lsa_name;
extern const struct ndr_struct lsa_name_ex;
/* LSA_TRANSLATED_SID, LSAPR_..._EX and ..._EX2 (MS-LSAT sections 2.2.15, 2.2.17, 2.2.25). */
extern const struct ndr_struct lsa_sid;
extern const struct ndr_struct lsa_sid_ex;
extern const struct ndr_struct lsa_sid_ex2;

/* LsarLookupSids, 2 and 3 (MS-LSAT sections 3.1.4.11, 3.1.4.10, 3.1.4.9). */
u32 lsa_lookup_sids(struct rpc_call *call, void *data);
/* LsarLookupNames, 2, 3 and 4 (MS-LSAT sections 3.1.4.8, 3.1.4.7, 3.1.4.6, 3.1.4.5). */
u32 lsa_lookup_names(struct rpc_call *call, void *data);

#endif
