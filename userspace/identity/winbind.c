// SPDX-License-Identifier: GPL-2.0-only
/*
 * Source: winbind, by Samba's libwbclient. The library is loaded when the configuration names
 * winbind, so that Ditto does not depend on it. Its functions are thread-safe: each call has a
 * connection of its thread to winbindd.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/library.h"
#include "daemon/log.h"
#include "identity.h"
#include "mem.h"

/* The library's results, as far as they are distinguished. */
#define WBC_SUCCESS		0
#define WBC_INVALID_SID		4
#define WBC_INVALID_PARAM	5
/* Also: winbindd does not know the SID or name, for whatever reason. */
#define WBC_DOMAIN_NOT_FOUND	7
#define WBC_UNKNOWN_USER	11
#define WBC_UNKNOWN_GROUP	12

/* Kinds of ids. */
#define WBC_ID_UID	1
#define WBC_ID_GID	2
#define WBC_ID_BOTH	3

/* Bit of the flags of a domain: no domain controller can be reached. */
#define WBC_DOMAIN_OFFLINE	0x8

/* Interface of the library, version 0. */
struct wbc_sid {
	u8 revision;
	u8 nsubs;
	u8 authority[6];
	u32 sub[SID_SUBS_MAX];
};

struct wbc_id {
	int kind;
	u32 id;
};

/* Beginning of the structure; the library allocates it. */
struct wbc_domain {
	char *short_name;
	char *dns_name;
	struct wbc_sid sid;
	u32 flags;
};

struct wbc_interface {
	u32 version;
	char *winbind_version;
	char separator;
	char *machine;
	char *domain;
	char *dns_domain;
};

static struct {
	int (*lookup_name)(const char *domain, const char *name, struct wbc_sid *sid, int *use);
	int (*lookup_sid)(const struct wbc_sid *sid, char **domain, char **name, int *use);
	int (*sids_to_ids)(const struct wbc_sid *sids, u32 n, struct wbc_id *ids);
	int (*uid_to_sid)(uid_t uid, struct wbc_sid *sid);
	int (*gid_to_sid)(gid_t gid, struct wbc_sid *sid);
	int (*user_sids)(const struct wbc_sid *user, bool only_domain, u32 *n,
			 struct wbc_sid **sids);
	int (*domain_info)(const char *domain, struct wbc_domain **info);
	int (*interface_details)(struct wbc_interface **details);
	void (*free)(void *memory);
} wbc;

static const struct library_function functions[] = {
	{ "wbcLookupName", &wbc.lookup_name },
	{ "wbcLookupSid", &wbc.lookup_sid },
	{ "wbcSidsToUnixIds", &wbc.sids_to_ids },
	{ "wbcUidToSid", &wbc.uid_to_sid },
	{ "wbcGidToSid", &wbc.gid_to_sid },
	{ "wbcLookupUserSids", &wbc.user_sids },
	{ "wbcDomainInfo", &wbc.domain_info },
	{ "wbcInterfaceDetails", &wbc.interface_details },
	{ "wbcFreeMemory", &wbc.free },
	{ }
};

static struct library library = {
	.file = "libwbclient.so.0",
	.package = "libwbclient0",
	.functions = functions,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

static void winbind_open(void)
{
	struct why why;

	if (!library_load(&library, &why))
		log_error("winbind cannot be asked: %s", why.text);
}

static bool domain_is_offline(const char *domain)
{
	struct wbc_domain *info = NULL;
	bool offline;

	if (wbc.domain_info(domain, &info) || !info)
		return false;
	offline = info->flags & WBC_DOMAIN_OFFLINE;
	wbc.free(info);
	return offline;
}

/*
 * winbindd has one answer for what does not exist and for what it cannot ask a domain controller.
 * It cannot ask if its own domain is offline or, for names, if the trusted one is.
 */
static int winbind_not_found(const char *domain)
{
	struct wbc_interface *details = NULL;
	bool offline = domain[0] && domain_is_offline(domain);

	if (wbc.interface_details(&details) || !details)
		return -EAGAIN;
	offline |= details->domain && domain_is_offline(details->domain);
	wbc.free(details);
	return offline ? -EAGAIN : -ENOENT;
}

static int winbind_error(int error, const char *domain)
{
	switch (error) {
	case WBC_SUCCESS:
		return 0;
	case WBC_INVALID_SID:
	case WBC_INVALID_PARAM:
	case WBC_UNKNOWN_USER:
	case WBC_UNKNOWN_GROUP:
	case WBC_DOMAIN_NOT_FOUND:
		return winbind_not_found(domain);
	default:
		return -EAGAIN;
	}
}

static void sid_to_wbc(const struct sid *from, struct wbc_sid *to)
{
	int i;

	memset(to, 0, sizeof(*to));
	to->revision = 1;
	to->nsubs = (u8)from->nsubs;
	for (i = 0; i < 6; i++)
		to->authority[i] = (u8)(from->authority >> (40 - 8 * i));
	memcpy(to->sub, from->sub, sizeof(to->sub));
}

static int sid_of_wbc(const struct wbc_sid *from, struct sid *to)
{
	int i;

	memset(to, 0, sizeof(*to));
	if (from->nsubs > SID_SUBS_MAX)
		return -ENOENT;
	to->nsubs = from->nsubs;
	for (i = 0; i < 6; i++)
		to->authority = to->authority << 8 | from->authority[i];
	memcpy(to->sub, from->sub, to->nsubs * sizeof(to->sub[0]));
	/* Numbers without a mapping and groups of Samba itself are not a domain's. */
	return to->authority == SID_AUTHORITY_NT && to->nsubs > 1 &&
	       to->sub[0] == SID_NT_DOMAIN ? 0 : -ENOENT;
}

static bool winbind_copy(char out[NSS_NAME_SIZE], const char *text)
{
	if (!text || strlen(text) >= NSS_NAME_SIZE)
		return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

static enum sid_use winbind_use(int use)
{
	switch (use) {
	case SID_USE_USER:
	case SID_USE_GROUP:
	case SID_USE_DOMAIN:
	case SID_USE_ALIAS:
	case SID_USE_WELL_KNOWN:
		return (enum sid_use)use;
	case 9:	/* SidTypeComputer: an account like a user's. */
		return SID_USE_USER;
	default:
		return SID_USE_UNKNOWN;
	}
}

static int winbind_by_sid(struct identity *out)
{
	char *domain = NULL, *name = NULL;
	struct wbc_domain *info = NULL;
	struct wbc_id id = { 0 };
	struct wbc_sid sid;
	int use, rc;

	if (!library_is_loaded(&library))
		return -EAGAIN;
	sid_to_wbc(&out->sid, &sid);
	rc = winbind_error(wbc.lookup_sid(&sid, &domain, &name, &use), "");
	if (rc)
		return rc;
	out->name.use = winbind_use(use);
	if (!winbind_copy(out->name.domain, domain) || !winbind_copy(out->name.name, name) ||
	    out->name.use == SID_USE_UNKNOWN)
		rc = -ENOENT;
	if (domain)
		wbc.free(domain);
	if (name)
		wbc.free(name);
	if (rc)
		return rc;
	out->realm[0] = '\0';
	if (!wbc.domain_info(out->name.domain, &info) && info) {
		if (!winbind_copy(out->realm, info->dns_name))
			out->realm[0] = '\0';
		wbc.free(info);
	}
	/* A domain has a name, and no account. */
	out->kinds = 0;
	if (out->name.use == SID_USE_DOMAIN)
		return 0;
	if (wbc.sids_to_ids(&sid, 1, &id))
		return -EAGAIN;
	switch (id.kind) {
	case WBC_ID_UID:
		out->kinds = IDENTITY_USER;
		break;
	case WBC_ID_GID:
		out->kinds = IDENTITY_GROUP;
		break;
	case WBC_ID_BOTH:
		out->kinds = IDENTITY_USER | IDENTITY_GROUP;
		break;
	}
	out->id = id.id;
	return 0;
}

static int winbind_by_id(unsigned int kind, struct identity *out)
{
	u32 asked = out->id;
	struct wbc_sid sid;
	int rc;

	if (!library_is_loaded(&library))
		return -EAGAIN;
	rc = winbind_error(kind == IDENTITY_USER ? wbc.uid_to_sid(asked, &sid) :
						   wbc.gid_to_sid(asked, &sid), "");
	if (!rc)
		rc = sid_of_wbc(&sid, &out->sid);
	if (!rc)
		rc = winbind_by_sid(out);
	/* The mapping must be the same in both directions. */
	if (!rc && (!(out->kinds & kind) || out->id != asked))
		rc = -ENOENT;
	return rc;
}

static int winbind_by_name(unsigned int kinds, struct identity *out)
{
	struct wbc_sid sid;
	int use, rc;

	if (!library_is_loaded(&library))
		return -EAGAIN;
	rc = winbind_error(wbc.lookup_name(out->name.domain, out->name.name, &sid, &use),
			   out->name.domain);
	if (!rc)
		rc = sid_of_wbc(&sid, &out->sid);
	if (!rc)
		rc = winbind_by_sid(out);
	if (!rc && out->kinds && !(out->kinds & kinds))
		rc = -ENOENT;
	return rc;
}

static int winbind_groups(uid_t uid, u32 gids[NSS_GROUPS_MAX], unsigned int *n)
{
	struct wbc_sid user, *sids = NULL;
	struct wbc_id *ids;
	u32 nsids = 0, i;
	int rc;

	*n = 0;
	if (!library_is_loaded(&library))
		return -EAGAIN;
	rc = winbind_error(wbc.uid_to_sid(uid, &user), "");
	if (!rc)
		rc = winbind_error(wbc.user_sids(&user, false, &nsids, &sids), "");
	if (rc)
		return rc;
	ids = mem_new((nsids + 1) * sizeof(*ids));
	rc = nsids && wbc.sids_to_ids(sids, nsids, ids) ? -EAGAIN : 0;
	for (i = 0; !rc && i < nsids && *n < NSS_GROUPS_MAX; i++)
		if (ids[i].kind == WBC_ID_GID || ids[i].kind == WBC_ID_BOTH)
			gids[(*n)++] = ids[i].id;
	free(ids);
	wbc.free(sids);
	return rc;
}

static int winbind_sids(const struct sid *user, struct sid_list *out)
{
	struct wbc_sid asked, *sids = NULL;
	struct sid sid;
	u32 n = 0, i;
	int rc;

	if (!library_is_loaded(&library))
		return -EAGAIN;
	sid_to_wbc(user, &asked);
	rc = winbind_error(wbc.user_sids(&asked, false, &n, &sids), "");
	if (rc)
		return rc;
	for (i = 0; !rc && i < n; i++)
		if (!sid_of_wbc(&sids[i], &sid) && !sid_list_add(out, &sid))
			rc = -E2BIG;
	wbc.free(sids);
	return rc;
}

static int winbind_joined(struct identity *out)
{
	struct wbc_interface *details = NULL;
	struct wbc_domain *info = NULL;
	int rc = -ENOENT;

	if (!library_is_loaded(&library) || wbc.interface_details(&details) || !details)
		return -EAGAIN;
	memset(out, 0, sizeof(*out));
	/* Without a domain, winbind serves one that it calls as this machine. */
	if (!winbind_copy(out->name.domain, details->domain) || !details->dns_domain ||
	    !details->dns_domain[0] || !winbind_copy(out->realm, details->dns_domain))
		goto out;
	out->name.use = SID_USE_DOMAIN;
	memcpy(out->name.name, out->name.domain, sizeof(out->name.name));
	rc = wbc.domain_info(out->name.domain, &info) || !info ? -EAGAIN : 0;
	if (!rc)
		rc = sid_of_wbc(&info->sid, &out->sid);
	if (info)
		wbc.free(info);
out:
	wbc.free(details);
	return rc;
}

const struct identity_source identity_winbind = {
	.title = "winbind",
	.directory = true,
	.blocks = true,
	.keep_ms = 600000,
	.keep_not_ms = 60000,
	.open = winbind_open,
	.may_know = identity_directory_may_know,
	.by_sid = winbind_by_sid,
	.by_id = winbind_by_id,
	.by_name = winbind_by_name,
	.groups = winbind_groups,
	.sids = winbind_sids,
	.joined = winbind_joined,
};
