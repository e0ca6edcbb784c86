// SPDX-License-Identifier: GPL-2.0-only
/* Maps SIDs to names and names to SIDs (MS-LSAT). */

#include <stdlib.h>
#include <string.h>

#include "lsa_lookup.h"
#include "mem.h"
#include "auth/nt_status.h"

/* Most names in one call (MS-LSAT section 3.1.4.5). */
#define LOOKUP_NAMES_MAX	1000
/* Most SIDs: section 2.2.16 has 20480, whose names would not fit into RPC_REPLY_MAX. */
#define LOOKUP_SIDS_MAX		1000
/* MaxEntries of the referenced domains (MS-LSAT section 3.1.4.9). */
#define DOMAINS_ROOM	32
#define NO_DOMAIN	0xffffffff

/* Meaning of an empty name, as in Windows. */
#define NO_NAME		"BUILTIN"

/* Longest text in parameters, including the NUL. */
#define TEXT_SIZE	1024

/**
 * struct found - one SID or name
 * @known: the mapping succeeded
 * @sid: the SID
 * @name: the name
 * @domain: index in the list of domains, or NO_DOMAIN
 */
struct found {
	bool known;
	struct sid sid;
	struct sid_name name;
	u32 domain;
};

struct domain {
	struct sid sid;
	const char *name;
};

/**
 * struct lookup - all SIDs or names of one call
 * @n: number of items
 * @mapped: number of items whose mapping succeeded
 * @item: the items
 * @domain: their domains, without duplicates
 * @ndomains: number of entries in @domain
 */
struct lookup {
	u32 n;
	u32 mapped;
	struct found *item;
	struct domain *domain;
	u32 ndomains;
};

/* Layout of translated names and SIDs. */
enum form {
	FORM_PLAIN,	/* LookupSids, LookupNames */
	FORM_FLAGS,	/* with flags: LookupSids2 and 3, LookupNames2 */
	FORM_SID,	/* with the whole SID: LookupNames3 and 4 */
};

static bool lookup_begin(struct lookup *l, u32 n, u32 most)
{
	memset(l, 0, sizeof(*l));
	if (n > most)
		return false;
	l->n = n;
	l->item = mem_new((n + 1) * sizeof(*l->item));
	l->domain = mem_new((n + 1) * sizeof(*l->domain));
	return true;
}

static void lookup_end(struct lookup *l)
{
	free(l->item);
	free(l->domain);
}

/* Return the index of the domain of @f, added to the list if it is new. */
static u32 enter_domain(struct lookup *l, const struct found *f)
{
	struct sid sid;
	u32 i;

	if (f->name.use == SID_USE_DOMAIN)
		sid = f->sid;
	else
		sid_domain(&f->sid, &sid);
	for (i = 0; i < l->ndomains; i++)
		if (sid_same(&l->domain[i].sid, &sid))
			return i;
	l->domain[i].sid = sid;
	l->domain[i].name = f->name.domain;
	l->ndomains++;
	return i;
}

/* A SID without a name is reported as its text (MS-LSAT section 3.1.4.9). */
static void lookup_enter(struct lookup *l, struct found *f, int rc)
{
	f->known = !rc;
	f->domain = NO_DOMAIN;
	if (f->known) {
		l->mapped++;
		f->domain = enter_domain(l, f);
		return;
	}
	f->name.use = SID_USE_UNKNOWN;
	f->name.domain[0] = '\0';
	sid_text(&f->sid, f->name.name);
}

static u32 lookup_status(const struct lookup *l)
{
	if (l->mapped == l->n)
		return STATUS_SUCCESS;
	return l->mapped ? STATUS_SOME_NOT_MAPPED : STATUS_NONE_MAPPED;
}

/* LSAPR_REFERENCED_DOMAIN_LIST after its pointer (MS-LSAT section 2.2.12). */
static void put_domains(struct ndr_out *out, const struct lookup *l)
{
	u32 i;

	ndr_put_pointer(out, true);
	ndr_put32(out, l->ndomains);
	ndr_put_pointer(out, l->ndomains);
	ndr_put32(out, DOMAINS_ROOM);
	if (!l->ndomains)
		return;
	ndr_put32(out, l->ndomains);
	for (i = 0; i < l->ndomains; i++) {
		ndr_put_unicode_header(out, l->domain[i].name);
		ndr_put_pointer(out, true);
	}
	for (i = 0; i < l->ndomains; i++) {
		ndr_put_unicode(out, l->domain[i].name);
		ndr_put_sid(out, &l->domain[i].sid);
	}
}

/* LSAPR_TRANSLATED_NAMES and ..._EX (MS-LSAT sections 2.2.20, 2.2.22). */
static void put_names(struct ndr_out *out, const struct lookup *l, enum form form)
{
	u32 i;

	ndr_put32(out, l->n);
	ndr_put_pointer(out, l->n);
	if (l->n)
		ndr_put32(out, l->n);
	for (i = 0; i < l->n; i++) {
		ndr_align(out, 4);
		ndr_put16(out, (u16)l->item[i].name.use);
		ndr_put_unicode_header(out, l->item[i].name.name);
		ndr_put32(out, l->item[i].domain);
		if (form == FORM_FLAGS)
			ndr_put32(out, 0);
	}
	for (i = 0; i < l->n; i++)
		ndr_put_unicode(out, l->item[i].name.name);
}

/* Read the SIDs of a call. */
static bool get_sids(struct ndr_in *in, struct lookup *l)
{
	u32 n = ndr_get32(in);
	bool there = ndr_get_pointer(in);
	u32 i;

	if (in->bad || !lookup_begin(l, n, LOOKUP_SIDS_MAX))
		return false;
	if (n != 0 && !there)
		in->bad = true;
	if (there)
		ndr_get_count(in, n);
	/* NULL is not a valid SID. */
	for (i = 0; i < n; i++)
		if (!ndr_get_pointer(in))
			in->bad = true;
	for (i = 0; i < n; i++)
		ndr_get_sid(in, &l->item[i].sid);
	return true;
}

/* Read an array that is empty in the request: a count and a NULL pointer. */
static void get_no_array(struct ndr_in *in)
{
	ndr_get32(in);
	if (ndr_get_pointer(in))
		in->bad = true;
}

static u32 lookup_sids_as(struct rpc_call *call, bool has_handle, enum form form)
{
	bool may = rpc_user_is_known(call->user);
	struct ndr_in *in = &call->in;
	struct lookup l = { 0 };
	u32 status = STATUS_INVALID_PARAMETER;
	struct rpc_object policy;
	u32 i, fault;

	fault = has_handle ? rpc_handle_get(call, RPC_HANDLE_POLICY, &policy) : 0;
	if (fault)
		return fault;
	if (get_sids(in, &l)) {
		get_no_array(in);
		/* Lookup level and mapped count are not used. */
		ndr_get16(in);
		ndr_get32(in);
		if (in->bad) {
			lookup_end(&l);
			return RPC_FAULT_NDR;
		}
		for (i = 0; may && i < l.n; i++)
			lookup_enter(&l, &l.item[i],
				     sid_to_name(&call->asks->accounts,
						 &l.item[i].sid,
						 &l.item[i].name));
		status = may ? lookup_status(&l) : STATUS_ACCESS_DENIED;
	}
	if (!may)
		l.n = 0;
	put_domains(&call->out, &l);
	put_names(&call->out, &l, form);
	ndr_put32(&call->out, l.mapped);
	lookup_end(&l);
	return rpc_put_status(call, status);
}

/* LsarLookupSids, 2 and 3 (MS-LSAT sections 3.1.4.11, 3.1.4.10, 3.1.4.9). */
u32 lsa_lookup_sids(struct rpc_call *call)
{
	return lookup_sids_as(call, true, FORM_PLAIN);
}

u32 lsa_lookup_sids2(struct rpc_call *call)
{
	return lookup_sids_as(call, true, FORM_FLAGS);
}

u32 lsa_lookup_sids3(struct rpc_call *call)
{
	return lookup_sids_as(call, false, FORM_FLAGS);
}

/* LSAPR_TRANSLATED_SIDS, ..._EX and ..._EX2 (MS-LSAT sections 2.2.16, 2.2.18, 2.2.26). */
static void put_sids(struct ndr_out *out, const struct lookup *l, enum form form)
{
	u32 i;

	ndr_put32(out, l->n);
	ndr_put_pointer(out, l->n);
	if (l->n)
		ndr_put32(out, l->n);
	for (i = 0; i < l->n; i++) {
		const struct found *f = &l->item[i];
		bool relative = f->known && f->name.use != SID_USE_DOMAIN && f->sid.nsubs;

		ndr_align(out, 4);
		ndr_put16(out, (u16)(f->known ? f->name.use : SID_USE_UNKNOWN));
		if (form == FORM_SID)
			ndr_put_pointer(out, f->known);
		else
			ndr_put32(out, relative ? f->sid.sub[f->sid.nsubs - 1] : NO_DOMAIN);
		ndr_put32(out, f->domain);
		if (form != FORM_PLAIN)
			ndr_put32(out, 0);
	}
	for (i = 0; form == FORM_SID && i < l->n; i++)
		if (l->item[i].known)
			ndr_put_sid(out, &l->item[i].sid);
}

/* Read the names of a call, and map them if @may is set. */
static bool get_names(struct rpc_call *call, struct lookup *l, bool may)
{
	struct ndr_in *in = &call->in;
	u32 n = ndr_get32(in);
	char text[TEXT_SIZE];
	u16 *units;
	bool *there;
	u32 i;

	if (in->bad || !lookup_begin(l, n, LOOKUP_NAMES_MAX))
		return false;
	units = mem_new((n + 1) * sizeof(*units));
	there = mem_new((n + 1) * sizeof(*there));
	ndr_get_count(in, n);
	for (i = 0; i < n; i++)
		there[i] = ndr_get_unicode_header(in, &units[i]);
	for (i = 0; i < n && !in->bad; i++) {
		text[0] = '\0';
		if (there[i])
			ndr_get_unicode(in, units[i], text, sizeof(text));
		if (!in->bad && may)
			lookup_enter(l, &l->item[i],
				     sid_from_name(&call->asks->accounts, text[0] ? text : NO_NAME,
						   &l->item[i].sid, &l->item[i].name));
	}
	free(units);
	free(there);
	return true;
}

static u32 lookup_names_as(struct rpc_call *call, bool has_handle, enum form form)
{
	bool may = rpc_user_is_known(call->user);
	struct ndr_in *in = &call->in;
	struct lookup l = { 0 };
	u32 status = STATUS_INVALID_PARAMETER;
	struct rpc_object policy;
	u32 fault;

	fault = has_handle ? rpc_handle_get(call, RPC_HANDLE_POLICY, &policy) : 0;
	if (fault)
		return fault;
	if (get_names(call, &l, may)) {
		get_no_array(in);
		ndr_get16(in);
		ndr_get32(in);
		if (in->bad) {
			lookup_end(&l);
			return RPC_FAULT_NDR;
		}
		status = may ? lookup_status(&l) : STATUS_ACCESS_DENIED;
	}
	if (!may)
		l.n = 0;
	put_domains(&call->out, &l);
	put_sids(&call->out, &l, form);
	ndr_put32(&call->out, l.mapped);
	lookup_end(&l);
	return rpc_put_status(call, status);
}

/* LsarLookupNames, 2, 3 and 4 (MS-LSAT sections 3.1.4.8, 3.1.4.7, 3.1.4.6, 3.1.4.5). */
u32 lsa_lookup_names(struct rpc_call *call)
{
	return lookup_names_as(call, true, FORM_PLAIN);
}

u32 lsa_lookup_names2(struct rpc_call *call)
{
	return lookup_names_as(call, true, FORM_FLAGS);
}

u32 lsa_lookup_names3(struct rpc_call *call)
{
	return lookup_names_as(call, true, FORM_SID);
}

u32 lsa_lookup_names4(struct rpc_call *call)
{
	return lookup_names_as(call, false, FORM_SID);
}
