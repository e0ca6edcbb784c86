// SPDX-License-Identifier: GPL-2.0-only
/*
 * Source: SSSD, by libsss_nss_idmap. The library is loaded when the configuration names sssd, so
 * that Ditto does not depend on it. Its functions are thread-safe.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/library.h"
#include "daemon/log.h"
#include "identity.h"

/* Interface of the library: kinds of objects; the values are bits of IDENTITY_*. */
#define SSS_UID		1
#define SSS_GID		2
#define SSS_BOTH	3
/* The domain has no SIDs: "function not implemented" of errno(3). */
#define SSS_NO_SIDS	38

static struct {
	int (*sid_by_name)(const char *name, char **sid, int *kind);
	int (*sid_by_uid)(u32 id, char **sid, int *kind);
	int (*sid_by_gid)(u32 id, char **sid, int *kind);
	int (*name_by_sid)(const char *sid, char **name, int *kind);
	int (*id_by_sid)(const char *sid, u32 *id, int *kind);
} sss;

static const struct library_function functions[] = {
	{ "sss_nss_getsidbyname", &sss.sid_by_name },
	{ "sss_nss_getsidbyuid", &sss.sid_by_uid },
	{ "sss_nss_getsidbygid", &sss.sid_by_gid },
	{ "sss_nss_getnamebysid", &sss.name_by_sid },
	{ "sss_nss_getidbysid", &sss.id_by_sid },
	{ }
};

static struct library library = {
	.file = "libsss_nss_idmap.so.0",
	.package = "libsss-nss-idmap0",
	.functions = functions,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

static void sssd_open(void)
{
	struct why why;

	if (!library_load(&library, &why))
		log_error("SSSD cannot be asked: %s", why.text);
}

/*
 * ENETUNREACH: no domain of SSSD; EINVAL: a name that it cannot read. The rest is that SSSD, or
 * the servers behind it, do not answer.
 */
static int sssd_error(int error)
{
	switch (error) {
	case 0:
		return 0;
	case ENOENT:
	case ENETUNREACH:
	case EINVAL:
	case SSS_NO_SIDS:
		return -ENOENT;
	default:
		return -EAGAIN;
	}
}

/* Parse a SID that the library allocated, and free it. */
static int sssd_take_sid(char *text, struct sid *sid)
{
	bool good = text && sid_parse(text, sid);

	free(text);
	return good ? 0 : -ENOENT;
}

static int sssd_by_sid(struct identity *out)
{
	char text[NSS_NAME_SIZE];
	char *name = NULL;
	int kind = 0, rc;
	u32 id = 0;

	if (!library_is_loaded(&library))
		return -EAGAIN;
	sid_text(&out->sid, text);
	rc = sssd_error(sss.name_by_sid(text, &name, &kind));
	if (!rc)
		rc = name ? sid_split(name, &out->name) : -ENOENT;
	free(name);
	if (!rc)
		rc = sssd_error(sss.id_by_sid(text, &id, &kind));
	if (rc)
		return rc;
	if (kind < SSS_UID || kind > SSS_BOTH || !out->name.name[0])
		return -ENOENT;
	out->name.use = kind == SSS_GID ? SID_USE_GROUP : SID_USE_USER;
	/* SSSD names domains as DNS does, unless it is configured otherwise. */
	memset(out->realm, 0, sizeof(out->realm));
	if (strchr(out->name.domain, '.'))
		memcpy(out->realm, out->name.domain, sizeof(out->realm));
	out->kinds = (unsigned int)kind;
	out->id = id;
	return 0;
}

static int sssd_by_id(unsigned int kind, struct identity *out)
{
	u32 asked = out->id;
	char *text = NULL;
	int found, rc;

	if (!library_is_loaded(&library))
		return -EAGAIN;
	rc = sssd_error(kind == IDENTITY_USER ? sss.sid_by_uid(asked, &text, &found) :
						sss.sid_by_gid(asked, &text, &found));
	if (!rc)
		rc = sssd_take_sid(text, &out->sid);
	if (!rc)
		rc = sssd_by_sid(out);
	/* The mapping must be the same in both directions. */
	if (!rc && (!(out->kinds & kind) || out->id != asked))
		rc = -ENOENT;
	return rc;
}

static int sssd_by_name(unsigned int kinds, struct identity *out)
{
	char name[2 * NSS_NAME_SIZE];
	char *text = NULL;
	int found, rc;

	if (!library_is_loaded(&library))
		return -EAGAIN;
	snprintf(name, sizeof(name), out->name.domain[0] ? "%s@%s" : "%s", out->name.name,
		 out->name.domain);
	rc = sssd_error(sss.sid_by_name(name, &text, &found));
	if (!rc)
		rc = sssd_take_sid(text, &out->sid);
	if (!rc)
		rc = sssd_by_sid(out);
	return !rc && !(out->kinds & kinds) ? -ENOENT : rc;
}

const struct identity_source identity_sssd = {
	.title = "sssd",
	.directory = true,
	.blocks = true,
	.keep_ms = 600000,
	.keep_not_ms = 60000,
	.open = sssd_open,
	.may_know = identity_directory_may_know,
	.by_sid = sssd_by_sid,
	.by_id = sssd_by_id,
	.by_name = sssd_by_name,
};
