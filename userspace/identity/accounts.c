// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sources: the accounts of this machine.
 *
 * "local" has the users and groups of /etc/passwd and /etc/group, as accounts of this machine as a
 * domain: S-1-5-21-x-y-z-RID. The files are read, because the name service also knows users of
 * directories, which are not this machine's. The others have all that the name service knows:
 * S-1-22-1-uid and S-1-22-2-gid.
 */

#include <errno.h>
#include <gcrypt.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "identity.h"
#include "mem.h"

/* Longest line of the files. */
#define LINE_SIZE	(256 * 1024)
/* Identifies this use of the machine's id. */
static const u8 application[16] = {
	0x9d, 0x31, 0x5b, 0x07, 0x66, 0xd2, 0x4a, 0x1f, 0x8e, 0x5c, 0x1b, 0xf0, 0x42, 0xa9, 0x73,
	0xe4,
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sid machine;
static const char *passwd_file = "/etc/passwd";
static const char *group_file = "/etc/group";

/* HMAC-SHA256 of @application, keyed with the id: it does not reveal the id. */
void identity_machine_derive(const char *id, struct sid *sid)
{
	u8 digest[32] = { 0 };
	gcry_mac_hd_t mac;
	size_t len = sizeof(digest);
	u32 word;
	int i;

	if (!gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P)) {
		gcry_check_version(NULL);
		gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
		gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	}
	if (!gcry_mac_open(&mac, GCRY_MAC_HMAC_SHA256, 0, NULL)) {
		if (!gcry_mac_setkey(mac, id, strlen(id)) &&
		    !gcry_mac_write(mac, application, sizeof(application)))
			gcry_mac_read(mac, digest, &len);
		gcry_mac_close(mac);
	}
	memset(sid, 0, sizeof(*sid));
	sid->authority = SID_AUTHORITY_NT;
	sid->nsubs = 4;
	sid->sub[0] = SID_NT_DOMAIN;
	for (i = 0; i < 3; i++) {
		memcpy(&word, digest + 4 * i, sizeof(word));
		sid->sub[1 + i] = word;
	}
}

void identity_machine_set(const struct sid *sid)
{
	pthread_mutex_lock(&lock);
	machine = *sid;
	pthread_mutex_unlock(&lock);
}

void identity_machine(struct sid *sid)
{
	char id[128] = "";
	FILE *file;

	pthread_mutex_lock(&lock);
	if (!machine.nsubs) {
		file = fopen("/etc/machine-id", "re");
		if (!file || !fgets(id, sizeof(id), file) || id[0] == '\n')
			gethostname(id, sizeof(id) - 1);
		if (file)
			fclose(file);
		id[strcspn(id, "\n")] = '\0';
		identity_machine_derive(id, &machine);
	}
	*sid = machine;
	pthread_mutex_unlock(&lock);
}

const char *identity_local_file(unsigned int kind)
{
	return kind == IDENTITY_USER ? passwd_file : group_file;
}

void identity_local_files(const char *passwd, const char *group)
{
	passwd_file = passwd;
	group_file = group;
}

bool identity_is_account(const char *name)
{
	return name[0] && name[0] != '+' && name[0] != '-' && strlen(name) < NSS_NAME_SIZE;
}

static bool account_fits(const char *name, u32 id, const char *wanted, u32 wanted_id)
{
	return identity_is_account(name) && (wanted ? !strcmp(name, wanted) : id == wanted_id);
}

/* Look up a user in the file by name, or by number if @wanted is NULL. */
static int local_user(const char *wanted, struct identity *out)
{
	struct passwd pw, *found;
	int rc = -ENOENT;
	FILE *file;
	char *buf;

	file = fopen(passwd_file, "re");
	if (!file)
		return -EAGAIN;
	buf = mem_new(LINE_SIZE);
	while (rc && !fgetpwent_r(file, &pw, buf, LINE_SIZE, &found))
		if (account_fits(pw.pw_name, pw.pw_uid, wanted, out->id)) {
			out->id = pw.pw_uid;
			memmove(out->name.name, pw.pw_name, strlen(pw.pw_name) + 1);
			rc = 0;
		}
	free(buf);
	fclose(file);
	return rc;
}

static int local_group(const char *wanted, struct identity *out)
{
	struct group gr, *found;
	int rc = -ENOENT;
	FILE *file;
	char *buf;

	file = fopen(group_file, "re");
	if (!file)
		return -EAGAIN;
	buf = mem_new(LINE_SIZE);
	while (rc && !fgetgrent_r(file, &gr, buf, LINE_SIZE, &found))
		if (account_fits(gr.gr_name, gr.gr_gid, wanted, out->id)) {
			out->id = gr.gr_gid;
			memmove(out->name.name, gr.gr_name, strlen(gr.gr_name) + 1);
			rc = 0;
		}
	free(buf);
	fclose(file);
	return rc;
}

bool identity_is_local(unsigned int kind, u32 id)
{
	struct identity who = { .id = id };

	return !(kind == IDENTITY_USER ? local_user(NULL, &who) : local_group(NULL, &who));
}

bool identity_is_local_user(const char *name, u32 uid)
{
	struct identity who;

	return !local_user(name, &who) && who.id == uid;
}

/* Fill what follows from the kind, the number and the name. */
static int local_fill(unsigned int kind, struct identity *out)
{
	u32 rid;

	if (!identity_rid(kind, out->id, &rid))
		return -ENOENT;
	identity_machine(&out->sid);
	out->sid.sub[out->sid.nsubs++] = rid;
	out->kinds = kind;
	out->name.use = kind == IDENTITY_USER ? SID_USE_USER : SID_USE_ALIAS;
	sid_machine_name(out->name.domain);
	out->realm[0] = '\0';
	return 0;
}

static bool local_may_know(const struct identity_query *q)
{
	char name[NSS_NAME_SIZE];
	struct sid own, domain;

	if (q->by == IDENTITY_BY_SID) {
		identity_machine(&own);
		sid_domain(&q->who.sid, &domain);
		return sid_same(&own, &domain);
	}
	if (q->by == IDENTITY_BY_ID)
		return true;
	sid_machine_name(name);
	return !q->who.name.domain[0] || !strcasecmp(q->who.name.domain, name);
}

static int local_by_id(unsigned int kind, struct identity *out)
{
	int rc = kind == IDENTITY_USER ? local_user(NULL, out) : local_group(NULL, out);

	return rc ?: local_fill(kind, out);
}

static int local_by_sid(struct identity *out)
{
	unsigned int kind;

	if (!identity_of_rid(out->sid.sub[out->sid.nsubs - 1], &kind, &out->id))
		return -ENOENT;
	return local_by_id(kind, out);
}

/* A user precedes a group of the same name. */
static int local_by_name(unsigned int kinds, struct identity *out)
{
	char name[NSS_NAME_SIZE];
	int rc = -ENOENT;

	memcpy(name, out->name.name, sizeof(name));
	if (kinds & IDENTITY_USER)
		rc = local_user(name, out) ?: local_fill(IDENTITY_USER, out);
	if (rc == -ENOENT && kinds & IDENTITY_GROUP)
		rc = local_group(name, out) ?: local_fill(IDENTITY_GROUP, out);
	return rc;
}

/* Files are read by the asker's thread: all others may be waiting for a directory. */
const struct identity_source identity_local = {
	.title = "local",
	.only_first = true,
	.may_know = local_may_know,
	.by_sid = local_by_sid,
	.by_id = local_by_id,
	.by_name = local_by_name,
};

static int unix_fill(unsigned int kind, struct identity *out)
{
	if (kind == IDENTITY_USER)
		sid_of_user(&out->sid, out->id);
	else
		sid_of_group(&out->sid, out->id);
	out->kinds = kind;
	out->name.use = kind == IDENTITY_USER ? SID_USE_USER : SID_USE_GROUP;
	snprintf(out->name.domain, sizeof(out->name.domain), "%s",
		 kind == IDENTITY_USER ? SID_USERS_DOMAIN : SID_GROUPS_DOMAIN);
	out->realm[0] = '\0';
	return 0;
}

static bool unix_may_know(const struct identity_query *q)
{
	char name[NSS_NAME_SIZE];

	if (q->by == IDENTITY_BY_SID)
		return q->who.sid.authority == SID_AUTHORITY_UNIX && q->who.sid.nsubs == 2;
	if (q->by == IDENTITY_BY_ID)
		return true;
	sid_machine_name(name);
	return !q->who.name.domain[0] || !strcasecmp(q->who.name.domain, name) ||
	       !strcasecmp(q->who.name.domain, SID_USERS_DOMAIN) ||
	       !strcasecmp(q->who.name.domain, SID_GROUPS_DOMAIN);
}

static int unix_by_id(unsigned int kind, struct identity *out)
{
	int rc = kind == IDENTITY_USER ? nss_user_name(out->id, out->name.name) :
					 nss_group_name(out->id, out->name.name);

	return rc ?: unix_fill(kind, out);
}

static int unix_by_sid(struct identity *out)
{
	out->id = out->sid.sub[1];
	if (out->sid.sub[0] == SID_UNIX_USERS)
		return unix_by_id(IDENTITY_USER, out);
	return out->sid.sub[0] == SID_UNIX_GROUPS ? unix_by_id(IDENTITY_GROUP, out) : -ENOENT;
}

/* A user precedes a group of the same name. */
static int unix_by_name(unsigned int kinds, struct identity *out)
{
	int rc = -ENOENT;

	if (kinds & IDENTITY_USER && strcasecmp(out->name.domain, SID_GROUPS_DOMAIN))
		rc = nss_user_id(out->name.name, &out->id) ?: unix_fill(IDENTITY_USER, out);
	/* unix_fill() does not fail, so the domain is still the one that was asked for. */
	if (rc == -ENOENT && kinds & IDENTITY_GROUP &&
	    strcasecmp(out->name.domain, SID_USERS_DOMAIN))
		rc = nss_group_id(out->name.name, &out->id) ?: unix_fill(IDENTITY_GROUP, out);
	return rc;
}

const struct identity_source identity_unix = {
	.title = "the name service",
	.name_service = true,
	.blocks = true,
	.may_know = unix_may_know,
	.by_sid = unix_by_sid,
	.by_id = unix_by_id,
	.by_name = unix_by_name,
};
