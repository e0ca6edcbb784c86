// SPDX-License-Identifier: GPL-2.0-only
/* Queries to the name service switch. */

#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity.h"
#include "daemon/log.h"
#include "mem.h"
#include "nss.h"
#include "nss_initgroups.h"

/* Limit for buffers of the name service switch, in bytes. */
#define BUFFER_MAX	(1024 * 1024)
/* Limit for groups of a user; larger than any directory returns. */
#define GROUPS_ASKED	65536

/* innetgr() is not thread-safe (see ATTRIBUTES in its manual). */
static pthread_mutex_t netgroup_lock = PTHREAD_MUTEX_INITIALIZER;

bool nss_in_netgroup(const char *netgroup, const struct address *addr,
		     const struct nss_names *names)
{
	char text[TEXT_ADDRESS_MAX];
	unsigned int i;
	bool found;

	text_from_address(addr->bytes, addr->len, text);
	pthread_mutex_lock(&netgroup_lock);
	found = innetgr(netgroup, text, NULL, NULL);
	for (i = 0; i < names->n && !found; i++)
		found = innetgr(netgroup, names->name[i], NULL, NULL);
	pthread_mutex_unlock(&netgroup_lock);
	return found;
}

/* Name services report a missing entry in several ways, see getpwuid_r(3). */
static int lookup_error(int rc)
{
	switch (rc) {
	case 0:
	case ENOENT:
	case ESRCH:
		return -ENOENT;
	default:
		return -rc;
	}
}

/* Local accounts are usable while directories are not, so these are not asked about them. */
static int list_groups(const char *user, uid_t uid, gid_t primary, u32 *gids, unsigned int *n)
{
	gid_t *list = NULL;
	int size = 64;
	int count, i;

	do {
		size *= 2;
		free(list);
		list = mem_new((size_t)size * sizeof(*list));
		count = size;
	} while (getgrouplist(user, primary, list, &count) < 0 && size < GROUPS_ASKED);

	if (count > NSS_GROUPS_MAX) {
		log_warning("user %s is in %d groups: only the first %d count", user, count,
			    NSS_GROUPS_MAX);
		count = NSS_GROUPS_MAX;
	}
	for (i = 0; i < count; i++)
		gids[i] = list[i];
	*n = (unsigned int)count;
	free(list);
	return identity_is_local(IDENTITY_USER, uid) || nss_initgroups_answer(user, primary) ?
	       0 : -EAGAIN;
}

/* Entries of the name service with their memory. */
struct user_entry {
	struct passwd pw;
	char *buf;
};

struct group_entry {
	struct group gr;
	char *buf;
};

/* Look up a user by name, or by number if @name is NULL. The caller frees @e->buf in all cases. */
static int find_user(struct user_entry *e, const char *name, uid_t uid)
{
	struct passwd *found = NULL;
	size_t size = 1024;
	int rc;

	e->buf = NULL;
	do {
		free(e->buf);
		size *= 2;
		e->buf = mem_new(size);
		rc = name ? getpwnam_r(name, &e->pw, e->buf, size, &found) :
			    getpwuid_r(uid, &e->pw, e->buf, size, &found);
	} while (rc == ERANGE && size < BUFFER_MAX);
	return found ? 0 : lookup_error(rc);
}

static int find_group(struct group_entry *e, const char *name, gid_t gid)
{
	struct group *found = NULL;
	size_t size = 1024;
	int rc;

	e->buf = NULL;
	do {
		free(e->buf);
		size *= 2;
		e->buf = mem_new(size);
		rc = name ? getgrnam_r(name, &e->gr, e->buf, size, &found) :
			    getgrgid_r(gid, &e->gr, e->buf, size, &found);
	} while (rc == ERANGE && size < BUFFER_MAX);
	return found ? 0 : lookup_error(rc);
}

static int take_name(char out[NSS_NAME_SIZE], const char *name)
{
	if (!name[0] || strlen(name) >= NSS_NAME_SIZE)
		return -ENOENT;
	memcpy(out, name, strlen(name) + 1);
	return 0;
}

/*
 * winbind may go on reporting the name that a user had before being renamed, which may be another
 * user's now. Without an answer the name counts as the user's.
 */
static bool user_has_name(uid_t uid, const char *name)
{
	uid_t now;
	int rc = nss_user_id(name, &now);

	return rc ? rc != -ENOENT : now == uid;
}

int nss_groups(uid_t uid, u32 gids[NSS_GROUPS_MAX], unsigned int *n)
{
	struct user_entry e;
	int rc;

	*n = 0;
	rc = find_user(&e, NULL, uid);
	if (!rc)
		rc = list_groups(e.pw.pw_name, uid, e.pw.pw_gid, gids, n);
	/* The groups were found by the name. */
	if (!rc && !user_has_name(uid, e.pw.pw_name)) {
		gids[0] = e.pw.pw_gid;
		*n = 1;
		rc = -ESTALE;
	}
	free(e.buf);
	return rc;
}

int nss_account(const char *name, struct nss_account *out)
{
	struct user_entry e;
	const char *known;
	int rc;

	rc = find_user(&e, name, 0);
	if (!rc) {
		known = e.pw.pw_name;
		if (strcmp(known, name) && !user_has_name(e.pw.pw_uid, known))
			known = name;
		rc = take_name(out->name, known);
	}
	if (!rc) {
		out->uid = e.pw.pw_uid;
		out->gid = e.pw.pw_gid;
		rc = list_groups(known, out->uid, e.pw.pw_gid, out->gids, &out->ngids);
	}
	free(e.buf);
	return rc;
}

int nss_user_name(uid_t uid, char name[NSS_NAME_SIZE])
{
	struct user_entry e;
	int rc;

	rc = find_user(&e, NULL, uid);
	if (!rc)
		rc = take_name(name, e.pw.pw_name);
	free(e.buf);
	return rc;
}

int nss_group_name(gid_t gid, char name[NSS_NAME_SIZE])
{
	struct group_entry e;
	int rc;

	rc = find_group(&e, NULL, gid);
	if (!rc)
		rc = take_name(name, e.gr.gr_name);
	free(e.buf);
	return rc;
}

int nss_user_id(const char *name, uid_t *uid)
{
	struct user_entry e;
	int rc;

	rc = find_user(&e, name, 0);
	if (!rc)
		*uid = e.pw.pw_uid;
	free(e.buf);
	return rc;
}

int nss_group_id(const char *name, gid_t *gid)
{
	struct group_entry e;
	int rc;

	rc = find_group(&e, name, 0);
	if (!rc)
		*gid = e.gr.gr_gid;
	free(e.buf);
	return rc;
}
