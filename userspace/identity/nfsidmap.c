// SPDX-License-Identifier: GPL-2.0-only
/*
 * NFSv4 names by libnfsidmap; see nfsidmap.h.
 *
 * Locking: the library is not documented as thread-safe, so the mutex is held during its calls. A
 * name service that hangs therefore stops all names, as it does for clients.
 */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "auth/library.h"
#include "daemon/log.h"
#include "nfsidmap.h"

static struct {
	int (*init)(char *conf);
	void (*term)(void);
	int (*default_domain)(char *server, char *domain, size_t len);
	int (*uid_to_name)(uid_t uid, char *domain, char *name, size_t len);
	int (*gid_to_name)(gid_t gid, char *domain, char *name, size_t len);
	int (*name_to_uid)(char *name, uid_t *uid);
	int (*name_to_gid)(char *name, gid_t *gid);
} lib;

static const struct library_function functions[] = {
	{ "nfs4_init_name_mapping", &lib.init },
	{ "nfs4_term_name_mapping", &lib.term },
	{ "nfs4_get_default_domain", &lib.default_domain },
	{ "nfs4_uid_to_name", &lib.uid_to_name },
	{ "nfs4_gid_to_name", &lib.gid_to_name },
	{ "nfs4_name_to_uid", &lib.name_to_uid },
	{ "nfs4_name_to_gid", &lib.name_to_gid },
	{ }
};

static struct library library = {
	.file = "libnfsidmap.so.1",
	.package = "libnfsidmap1",
	.plugged = true,
	.functions = functions,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool configured;

int nfsidmap_open(void)
{
	struct why why;
	int rc;

	if (!library_load(&library, &why)) {
		log_error("libnfsidmap cannot be used: %s", why.text);
		return -ENOENT;
	}
	pthread_mutex_lock(&lock);
	if (configured)
		lib.term();
	rc = lib.init(NULL);
	configured = !rc;
	if (rc) {
		log_error("libnfsidmap cannot be used: its configuration idmapd.conf: %s",
			  strerror(rc < 0 ? -rc : rc));
		rc = -ENOENT;
	}
	pthread_mutex_unlock(&lock);
	return rc;
}

/* The library returns errno values of either sign; EINVAL is for names of foreign domains. */
static int nfsidmap_error(int rc)
{
	rc = rc > 0 ? -rc : rc;
	return rc == -EINVAL ? -ENOENT : rc;
}

int nfsidmap_name(unsigned int kind, u32 id, char name[IDMAP_NAME_SIZE])
{
	char domain[NSS_NAME_SIZE] = "";
	int rc = -EAGAIN;

	pthread_mutex_lock(&lock);
	if (configured)
		rc = lib.default_domain(NULL, domain, sizeof(domain));
	if (!rc)
		rc = kind == IDENTITY_USER ? lib.uid_to_name(id, domain, name, IDMAP_NAME_SIZE) :
					     lib.gid_to_name(id, domain, name, IDMAP_NAME_SIZE);
	pthread_mutex_unlock(&lock);
	return nfsidmap_error(rc);
}

int nfsidmap_id(unsigned int kind, const char *name, u32 *id)
{
	char text[IDMAP_NAME_SIZE];
	int rc = -EAGAIN;

	snprintf(text, sizeof(text), "%s", name);
	pthread_mutex_lock(&lock);
	if (configured)
		rc = kind == IDENTITY_USER ? lib.name_to_uid(text, id) : lib.name_to_gid(text, id);
	pthread_mutex_unlock(&lock);
	return nfsidmap_error(rc);
}
