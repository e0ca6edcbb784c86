// SPDX-License-Identifier: GPL-2.0-only
/* Decodes the PAC of Kerberos tickets; see pac.h. */

#include <errno.h>

#include "pac.h"
#include "rpc/ndr.h"
#include "text.h"

/* Headers of a serialized type (MS-RPCE sections 2.2.6.1 and 2.2.6.2), in bytes. */
#define PAC_HEADERS	16
/* Their first bytes: version 1, little endian. */
#define PAC_VERSION	1
#define PAC_LITTLE	0x10
/* A GROUP_MEMBERSHIP: number and attributes (MS-PAC section 2.2.2), in bytes. */
#define PAC_GROUP_SIZE	8

/**
 * struct pac_array - an array of KERB_VALIDATION_INFO, which may precede the SID it belongs to
 * @there: its pointer is not NULL
 * @n: number of elements
 * @at: where they begin
 */
struct pac_array {
	bool there;
	u32 n;
	struct ndr_in at;
};

/**
 * struct pac_info - what counts in a KERB_VALIDATION_INFO (MS-PAC section 2.5)
 * @user: number of the user in @domain; 0: the user is the first of @extra
 * @primary_group: number of the primary group in @domain; 0 for none
 * @groups: numbers of groups in @domain
 * @domain: SID of the user's domain, without sub-authorities if there is none
 * @extra: further SIDs
 * @resource_domain: SID of the domain of @resource_groups
 * @resource_groups: numbers of groups
 */
struct pac_info {
	u32 user;
	u32 primary_group;
	struct pac_array groups;
	struct sid domain;
	struct pac_array extra;
	struct sid resource_domain;
	struct pac_array resource_groups;
};

static void pac_skip_strings(struct ndr_in *in, const bool *there, const u16 *units, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		if (there[i])
			ndr_skip_unicode(in, units[i]);
	}
}

static void pac_get_array_header(struct ndr_in *in, struct pac_array *array)
{
	array->n = ndr_get32(in);
	array->there = ndr_get_pointer(in);
	if (array->n && !array->there)
		in->bad = true;
}

static void pac_get_groups(struct ndr_in *in, struct pac_array *groups)
{
	if (!groups->there)
		return;
	ndr_get_count(in, groups->n);
	groups->at = *in;
	ndr_get(in, PAC_GROUP_SIZE * (size_t)groups->n);
}

/* The array's elements have a pointer and attributes each, and the SIDs follow the array. */
static void pac_get_extra(struct ndr_in *in, struct pac_array *extra)
{
	struct sid sid;
	u32 i;

	if (!extra->there)
		return;
	ndr_get_count(in, extra->n);
	for (i = 0; !in->bad && i < extra->n; i++) {
		if (!ndr_get_pointer(in))
			in->bad = true;
		ndr_get32(in);
	}
	extra->at = *in;
	for (i = 0; !in->bad && i < extra->n; i++)
		ndr_get_sid(in, &sid);
}

/* The members in the order of MS-PAC section 2.5, and then what their pointers lead to. */
static bool pac_get_info(struct ndr_in *in, struct pac_info *info)
{
	bool there[8], domain, resource_domain;
	u16 units[8];
	int i;

	if (!ndr_get_pointer(in))
		return false;
	/* LogonTime to PasswordMustChange. */
	ndr_get(in, 6 * 8);
	/* EffectiveName to HomeDirectoryDrive. */
	for (i = 0; i < 6; i++)
		there[i] = ndr_get_unicode_header(in, &units[i]);
	/* LogonCount, BadPasswordCount. */
	ndr_get(in, 2 * 2);
	info->user = ndr_get32(in);
	info->primary_group = ndr_get32(in);
	pac_get_array_header(in, &info->groups);
	/* UserFlags, UserSessionKey. */
	ndr_get(in, 4 + 16);
	/* LogonServer, LogonDomainName. */
	for (; i < 8; i++)
		there[i] = ndr_get_unicode_header(in, &units[i]);
	domain = ndr_get_pointer(in);
	/* Reserved1 to Reserved3. */
	ndr_get(in, 8 + 2 * 4 + 2 * 8 + 2 * 4);
	pac_get_array_header(in, &info->extra);
	resource_domain = ndr_get_pointer(in);
	pac_get_array_header(in, &info->resource_groups);

	pac_skip_strings(in, there, units, 6);
	pac_get_groups(in, &info->groups);
	pac_skip_strings(in, there + 6, units + 6, 2);
	if (domain)
		ndr_get_sid(in, &info->domain);
	pac_get_extra(in, &info->extra);
	if (resource_domain)
		ndr_get_sid(in, &info->resource_domain);
	pac_get_groups(in, &info->resource_groups);
	return !in->bad;
}

static int pac_add_sid(struct sid_list *out, const struct sid *sid)
{
	return sid_list_add(out, sid) ? 0 : -E2BIG;
}

static int pac_add_rid(struct sid_list *out, const struct sid *domain, u32 rid)
{
	struct sid sid = *domain;

	if (!sid.nsubs || sid.nsubs == SID_SUBS_MAX)
		return -EBADMSG;
	sid.sub[sid.nsubs++] = rid;
	return pac_add_sid(out, &sid);
}

static int pac_add_groups(struct sid_list *out, const struct sid *domain, struct pac_array *groups)
{
	int rc = 0;
	u32 i;

	for (i = 0; !rc && i < groups->n; i++) {
		rc = pac_add_rid(out, domain, ndr_get32(&groups->at));
		ndr_get32(&groups->at);
	}
	return rc;
}

/* Groups have attributes, but a domain controller sends only groups that count. */
static int pac_add_all(struct sid_list *out, struct pac_info *info)
{
	struct ndr_in first = info->extra.at;
	struct sid sid;
	int rc;
	u32 i;

	if (info->user) {
		rc = pac_add_rid(out, &info->domain, info->user);
	} else if (info->extra.n) {
		ndr_get_sid(&first, &sid);
		rc = pac_add_sid(out, &sid);
	} else {
		rc = -EBADMSG;
	}
	if (!rc && info->primary_group)
		rc = pac_add_rid(out, &info->domain, info->primary_group);
	rc = rc ?: pac_add_groups(out, &info->domain, &info->groups);
	for (i = 0; !rc && i < info->extra.n; i++) {
		ndr_get_sid(&info->extra.at, &sid);
		rc = pac_add_sid(out, &sid);
	}
	return rc ?: pac_add_groups(out, &info->resource_domain, &info->resource_groups);
}

int pac_sids(const u8 *buffer, size_t len, struct sid_list *out, struct why *why)
{
	struct pac_info info = { 0 };
	struct ndr_in in;
	u32 size;
	int rc;

	ndr_in_init(&in, buffer, len);
	ndr_get(&in, 8);
	size = ndr_get32(&in);
	ndr_get32(&in);
	if (in.bad || buffer[0] != PAC_VERSION || buffer[1] != PAC_LITTLE ||
	    size > len - PAC_HEADERS) {
		rc = -EBADMSG;
		goto out;
	}
	ndr_in_init(&in, buffer + PAC_HEADERS, size);
	rc = pac_get_info(&in, &info) ? pac_add_all(out, &info) : -EBADMSG;
out:
	if (rc)
		sid_list_clear(out);
	if (rc == -E2BIG)
		why_not(why, "the PAC of the ticket has more than %u SIDs", SID_LIST_MAX);
	else if (rc)
		why_not(why, "the PAC of the ticket is malformed");
	return rc;
}
