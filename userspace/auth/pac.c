// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decodes the PAC of Kerberos tickets by Samba's libndr-krb5pac. The library is loaded with the
 * first PAC: it depends on about forty others, and machines without a domain need none of them.
 *
 * The structures that the library fills are declared here, and it does not tell their version. A
 * sample is therefore decoded first: a library with other structures gets no other PAC.
 */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "library.h"
#include "mem.h"
#include "pac.h"
#include "pac_ndr.h"
#include "text.h"

/* First bytes of the headers: version 1, little endian. */
#define VERSION		1
#define LITTLE		0x10

static struct {
	/* Both return 0 on success. */
	int (*decode)(const struct ndr_blob *blob, void *owner, void *out,
		      int (*pull)(void *ndr, int flags, void *out));
	int (*pull)(void *ndr, int flags, void *out);
	void *(*owner)(const void *parent, size_t size, const char *name);
	int (*free)(void *owner, const char *location);
} ndr;

static const struct library_function functions[] = {
	/* The last three are of libraries that the first one depends on. */
	{ "ndr_pull_PAC_LOGON_INFO_CTR", &ndr.pull },
	{ "ndr_pull_struct_blob", &ndr.decode },
	{ "talloc_named_const", &ndr.owner },
	{ "_talloc_free", &ndr.free },
	{ }
};

static struct library library = {
	.file = PAC_LIBRARY,
	.package = "samba-libs",
	.functions = functions,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

/*
 * S-1-5-21-1-2-3-1104 in the groups 513, the primary one, and 1105 of its domain, and in
 * S-1-5-21-4-5-6-1106 and S-1-5-21-7-8-9-1107.
 */
static const u8 sample[] = {
	0x01, 0x10, 0x08, 0x00, 0xcc, 0xcc, 0xcc, 0xcc, 0x60, 0x01, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x50, 0x04, 0x00, 0x00, 0x01, 0x02,
	0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x04, 0x00, 0x02, 0x00, 0x20, 0x02, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x08, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x0c, 0x00, 0x02, 0x00,
	0x10, 0x00, 0x02, 0x00, 0x01, 0x00, 0x00, 0x00, 0x14, 0x00, 0x02, 0x00, 0x02, 0x00,
	0x00, 0x00, 0x01, 0x02, 0x00, 0x00, 0x07, 0x00, 0x00, 0x00, 0x51, 0x04, 0x00, 0x00,
	0x07, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x01, 0x04, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x05, 0x15, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,
	0x03, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x18, 0x00, 0x02, 0x00, 0x07, 0x00,
	0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x01, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05,
	0x15, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x06, 0x00,
	0x00, 0x00, 0x52, 0x04, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x01, 0x04, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x05, 0x15, 0x00, 0x00, 0x00, 0x07, 0x00, 0x00, 0x00, 0x08, 0x00,
	0x00, 0x00, 0x09, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x53, 0x04, 0x00, 0x00,
	0x07, 0x00, 0x00, 0x00,
};

static const char *const sample_sids[] = {
	"S-1-5-21-1-2-3-1104", "S-1-5-21-1-2-3-513", "S-1-5-21-1-2-3-1105", "S-1-5-21-4-5-6-1106",
	"S-1-5-21-7-8-9-1107",
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
/* Why the library cannot be used; empty if it can. */
static struct why missing;

static bool pac_sid(const struct ndr_sid *from, struct sid *to)
{
	unsigned int i;

	memset(to, 0, sizeof(*to));
	if (!from || from->revision != 1 || from->nsubs > SID_SUBS_MAX)
		return false;
	to->nsubs = from->nsubs;
	for (i = 0; i < 6; i++)
		to->authority = to->authority << 8 | from->authority[i];
	memcpy(to->sub, from->sub, to->nsubs * sizeof(to->sub[0]));
	return true;
}

static int pac_add_extra(struct sid_list *out, const struct ndr_sid *extra)
{
	struct sid sid;

	if (!pac_sid(extra, &sid))
		return -EBADMSG;
	return sid_list_add(out, &sid) ? 0 : -E2BIG;
}

static int pac_add_rid(struct sid_list *out, const struct ndr_sid *domain, u32 rid)
{
	struct sid sid;

	if (!pac_sid(domain, &sid) || sid.nsubs == SID_SUBS_MAX)
		return -EBADMSG;
	sid.sub[sid.nsubs++] = rid;
	return sid_list_add(out, &sid) ? 0 : -E2BIG;
}

static int pac_add_groups(struct sid_list *out, const struct ndr_sid *domain,
			  const struct ndr_groups *groups)
{
	int rc = groups->n && !groups->group ? -EBADMSG : 0;
	u32 i;

	for (i = 0; !rc && i < groups->n; i++)
		rc = pac_add_rid(out, domain, groups->group[i].rid);
	return rc;
}

/*
 * Groups have attributes, but a domain controller sends only groups that count. A user number of
 * zero means that the user is the first of the further SIDs.
 */
static int pac_add_all(struct sid_list *out, const struct ndr_logon_info *info)
{
	int rc = 0;
	u32 i;

	if (!info || (info->nextra && !info->extra) || (!info->user && !info->nextra))
		return -EBADMSG;
	if (info->user)
		rc = pac_add_rid(out, info->domain, info->user);
	else
		rc = pac_add_extra(out, info->extra[0].sid);
	if (!rc && info->primary_group)
		rc = pac_add_rid(out, info->domain, info->primary_group);
	rc = rc ?: pac_add_groups(out, info->domain, &info->groups);
	for (i = 0; !rc && i < info->nextra; i++)
		rc = pac_add_extra(out, info->extra[i].sid);
	return rc ?: pac_add_groups(out, info->resource_domain, &info->resource_groups);
}

static u32 pac_get32(const u8 *p)
{
	return p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

static int pac_decode(const u8 *info, size_t len, struct sid_list *out)
{
	struct ndr_pointer decoded = { NULL };
	struct ndr_blob blob;
	void *owner;
	int rc;

	if (len < PAC_HEADERS || info[0] != VERSION || info[1] != LITTLE ||
	    pac_get32(info + 8) > len - PAC_HEADERS)
		return -EBADMSG;
	blob.data = info + PAC_HEADERS;
	blob.len = pac_get32(info + 8);
	owner = ndr.owner(NULL, 0, "PAC");
	if (!owner)
		mem_out();
	rc = ndr.decode(&blob, owner, &decoded, ndr.pull) ? -EBADMSG :
		pac_add_all(out, decoded.info);
	ndr.free(owner, "PAC");
	if (rc)
		sid_list_clear(out);
	return rc;
}

/* Does the library fill the structures as they are declared here? */
static bool pac_sample_is_read(void)
{
	struct sid_list list = { 0 };
	struct sid sid;
	size_t i;
	bool same;

	same = !pac_decode(sample, sizeof(sample), &list) && list.n == ARRAY_SIZE(sample_sids);
	for (i = 0; same && i < ARRAY_SIZE(sample_sids); i++)
		same = sid_parse(sample_sids[i], &sid) && sid_same(&list.sid[i], &sid);
	sid_list_clear(&list);
	return same;
}

static void pac_load(void)
{
	if (!library_load(&library, &missing))
		return;
	if (!pac_sample_is_read())
		why_not(&missing, PAC_LIBRARY " is of a version that this program does not know");
}

int pac_sids(const u8 *info, size_t len, struct sid_list *out, struct why *why)
{
	int rc;

	pthread_once(&once, pac_load);
	if (missing.text[0]) {
		why_not(why, "the PAC of the ticket cannot be read: %s", missing.text);
		return -ELIBACC;
	}
	rc = pac_decode(info, len, out);
	if (rc == -E2BIG)
		why_not(why, "the PAC of the ticket has more than %u SIDs", SID_LIST_MAX);
	else if (rc)
		why_not(why, "the PAC of the ticket is malformed");
	return rc;
}
