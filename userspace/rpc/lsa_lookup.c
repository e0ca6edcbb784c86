// SPDX-License-Identifier: GPL-2.0-only
/* Maps SIDs to names and names to SIDs (MS-LSAT). */

#include "auth/nt_status.h"
#include "lsarpc.h"

/* MaxEntries of the referenced domains (MS-LSAT section 3.1.4.9). */
#define DOMAINS_ROOM	32
#define NO_DOMAIN	0xffffffff

/* Meaning of an empty name, as in Windows. */
#define NO_NAME		"BUILTIN"

/**
 * struct found - one SID or name
 * @sid: the SID
 * @name: the name
 * @use: kind of the account
 * @text: the name without the domain
 * @rid: its relative identifier, or NO_DOMAIN
 * @known: the SID; NULL if the mapping failed
 * @domain: index in the list of domains, or NO_DOMAIN
 */
struct found {
	struct sid sid;
	struct sid_name name;
	u16 use;
	const char *text;
	u32 rid;
	const struct sid *known;
	u32 domain;
};

struct domain {
	struct sid sid;
	const struct sid *pointer;
	const char *name;
};

static const struct ndr_struct domain_entry = {
	sizeof(struct domain),
	NDR_FIELDS(NDR_AT(UNICODE, struct domain, name),
		   NDR_AT(POINTER, struct domain, pointer, .of = &ndr_of_sid))
};

const struct ndr_struct lsa_domains = {
	sizeof(struct ndr_array),
	NDR_FIELDS(NDR_AT(U32, struct ndr_array, n), { .type = NDR_ARRAY, .of = &domain_entry },
		   NDR_NUMBER(U32, DOMAINS_ROOM))
};

#define USE		NDR_AT(U16, struct found, use)
#define TEXT_FIELD	NDR_AT(UNICODE, struct found, text)
#define RID		NDR_AT(U32, struct found, rid)
#define SID_FIELD	NDR_AT(POINTER, struct found, known, .of = &ndr_of_sid)
#define DOMAIN		NDR_AT(U32, struct found, domain)
#define FLAGS		NDR_NUMBER(U32, 0)
#define SIZE		sizeof(struct found)

const struct ndr_struct lsa_name = { SIZE, NDR_FIELDS(USE, TEXT_FIELD, DOMAIN) };
const struct ndr_struct lsa_name_ex = { SIZE, NDR_FIELDS(USE, TEXT_FIELD, DOMAIN, FLAGS) };
const struct ndr_struct lsa_sid = { SIZE, NDR_FIELDS(USE, RID, DOMAIN) };
const struct ndr_struct lsa_sid_ex = { SIZE, NDR_FIELDS(USE, RID, DOMAIN, FLAGS) };
const struct ndr_struct lsa_sid_ex2 = { SIZE, NDR_FIELDS(USE, SID_FIELD, DOMAIN, FLAGS) };

/* Allocate the results for @n names or SIDs, and for their domains, which are not more. */
static void lookup_begin(struct rpc_call *call, struct lsarpc_args *args, u32 n)
{
	args->found.item = mem_chain_new(&call->memory, n * sizeof(struct found));
	args->domains->item = mem_chain_new(&call->memory, n * sizeof(struct domain));
	args->found.n = n;
}

/* Return the index of the domain of @f, added to the list if it is new. */
static u32 enter_domain(struct ndr_array *domains, const struct found *f)
{
	struct domain *domain = domains->item;
	struct sid sid;
	u32 i;

	if (f->name.use == SID_USE_DOMAIN)
		sid = f->sid;
	else
		sid_domain(&f->sid, &sid);
	for (i = 0; i < domains->n; i++)
		if (sid_same(&domain[i].sid, &sid))
			return i;
	domain[i].sid = sid;
	domain[i].pointer = &domain[i].sid;
	domain[i].name = f->name.domain;
	domains->n++;
	return i;
}

/* A SID without a name is reported as its text (MS-LSAT section 3.1.4.9). */
static void lookup_enter(struct lsarpc_args *args, struct found *f, int rc)
{
	f->text = f->name.name;
	f->rid = NO_DOMAIN;
	if (rc) {
		f->use = SID_USE_UNKNOWN;
		f->domain = NO_DOMAIN;
		sid_text(&f->sid, f->name.name);
		return;
	}
	f->use = (u16)f->name.use;
	f->known = &f->sid;
	f->domain = enter_domain(args->domains, f);
	if (f->name.use != SID_USE_DOMAIN && f->sid.nsubs)
		f->rid = f->sid.sub[f->sid.nsubs - 1];
	args->mapped++;
}

static u32 lookup_status(const struct lsarpc_args *args)
{
	if (args->mapped == args->found.n)
		return STATUS_SUCCESS;
	return args->mapped ? STATUS_SOME_NOT_MAPPED : STATUS_NONE_MAPPED;
}

/* Can the call be answered? Returns a status. */
static u32 lookup_check(struct rpc_call *call, struct lsarpc_args *args)
{
	args->domains = mem_chain_new(&call->memory, sizeof(*args->domains));
	if (args->nothing)
		call->fault = RPC_FAULT_NDR;
	if (call->in.excess || args->nothing)
		return STATUS_INVALID_PARAMETER;
	return rpc_user_is_known(call->user) ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
}

u32 lsa_lookup_sids(struct rpc_call *call, void *data)
{
	struct lsarpc_args *args = data;
	struct sid **sid = args->sids.item;
	u32 status = lookup_check(call, args), i;
	struct found *f;

	if (status)
		return status;
	lookup_begin(call, args, args->sids.n);
	f = args->found.item;
	for (i = 0; i < args->sids.n; i++, f++) {
		f->sid = *sid[i];
		lookup_enter(args, f, sid_to_name(&call->asks->accounts, &f->sid, &f->name));
	}
	return lookup_status(args);
}

u32 lsa_lookup_names(struct rpc_call *call, void *data)
{
	struct lsarpc_args *args = data;
	const char **name = args->names.item;
	u32 status = lookup_check(call, args), i;
	struct found *f;

	if (status)
		return status;
	lookup_begin(call, args, args->names.n);
	f = args->found.item;
	for (i = 0; i < args->names.n; i++, f++)
		lookup_enter(args, f,
			     sid_from_name(&call->asks->accounts, name[i][0] ? name[i] : NO_NAME,
					   &f->sid, &f->name));
	return lookup_status(args);
}
