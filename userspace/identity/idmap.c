// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps users and groups to user@domain and to SIDs, and back.
 *
 * Users of directories have the domain that the directory says. A name service with users of
 * several domains returns names with a domain; these are used unchanged. All other names get the
 * configured domain.
 */

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "idmap.h"
#include "lookup.h"
#include "mem.h"
#include "nfsidmap.h"

/* Clients assume this domain for machines that have none. */
#define NO_DOMAIN	"localdomain"
/* Milliseconds until the domain is looked up again, after a success and after a failure. */
#define FOUND_TIME	300000
#define NOT_FOUND_TIME	60000
/*
 * Most look-ups on behalf of the kernel that may be pending, and as many of SIDs. Each client has a
 * quarter of them: none holds the directory up for all others.
 */
#define KERNEL_MOST	16
/* Nanoseconds that a caller waits for the domain. */
#define WAIT_NS		100000000

/* The rest is for users that log in. */
static_assert(2 * KERNEL_MOST <= LOOKUPS_MAX - 4 * LOOKUPS_PER_USER);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char set_domain[NSS_NAME_SIZE];

/*
 * struct machine - domain of the host name
 * @domain: the domain
 * @known: it was looked up at least once
 * @looking: a look-up is running
 * @again: when to look it up again, in ms
 * @found: signalled when @known is set
 */
static struct machine {
	char domain[NSS_NAME_SIZE];
	bool known;
	bool looking;
	u64 again;
	pthread_cond_t found;
} machine = { .found = PTHREAD_COND_INITIALIZER };

void idmap_set_domain(const char *domain)
{
	pthread_mutex_lock(&lock);
	snprintf(set_domain, sizeof(set_domain), "%s", domain);
	pthread_mutex_unlock(&lock);
}

/* Return the part of a fully qualified host name after the first dot. */
static bool take_domain(char out[NSS_NAME_SIZE], const char *host)
{
	const char *dot = strchr(host, '.');

	if (!dot || !dot[1])
		return false;
	snprintf(out, NSS_NAME_SIZE, "%s", dot + 1);
	return true;
}

/* Thread that queries the name service, because that may take long. */
static void *domain_look(void *arg)
{
	struct addrinfo hints = { .ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM };
	char host[NSS_NAME_SIZE] = "", domain[NSS_NAME_SIZE] = NO_DOMAIN;
	struct addrinfo *list = NULL;
	bool found = false;

	(void)arg;
	gethostname(host, sizeof(host) - 1);
	if (!getaddrinfo(host, NULL, &hints, &list)) {
		found = list->ai_canonname && take_domain(domain, list->ai_canonname);
		freeaddrinfo(list);
	}
	pthread_mutex_lock(&lock);
	memcpy(machine.domain, domain, sizeof(domain));
	machine.known = true;
	machine.looking = false;
	machine.again = clock_ms() + (found ? FOUND_TIME : NOT_FOUND_TIME);
	pthread_cond_broadcast(&machine.found);
	pthread_mutex_unlock(&lock);
	return NULL;
}

/* Get the domain of the host name. Returns 0, or -EAGAIN while the first look-up is running. */
static int machine_domain_locked(char out[NSS_NAME_SIZE])
{
	char host[NSS_NAME_SIZE] = "";
	struct timespec until;
	pthread_t thread;
	int rc = 0;

	if (!gethostname(host, sizeof(host) - 1) && take_domain(out, host))
		return 0;
	if (!machine.looking && clock_ms() >= machine.again) {
		machine.looking = !pthread_create(&thread, NULL, domain_look, NULL);
		if (machine.looking)
			pthread_detach(thread);
	}
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += WAIT_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (!machine.known && !rc)
		rc = pthread_cond_timedwait(&machine.found, &lock, &until);
	if (!machine.known)
		return -EAGAIN;
	memcpy(out, machine.domain, NSS_NAME_SIZE);
	return 0;
}

static int our_domain(char out[NSS_NAME_SIZE])
{
	int rc = 0;

	pthread_mutex_lock(&lock);
	memcpy(out, set_domain, NSS_NAME_SIZE);
	if (!out[0])
		rc = machine_domain_locked(out);
	pthread_mutex_unlock(&lock);
	return rc;
}

static int add_domain(char out[IDMAP_NAME_SIZE], const char *name)
{
	char domain[NSS_NAME_SIZE];
	int len, rc;

	if (strchr(name, '@')) {
		len = snprintf(out, IDMAP_NAME_SIZE, "%s", name);
	} else {
		rc = our_domain(domain);
		if (rc)
			return rc;
		len = snprintf(out, IDMAP_NAME_SIZE, "%s@%s", name, domain);
	}
	return len < IDMAP_NAME_SIZE ? 0 : -ENOENT;
}

static bool library;

void idmap_use_library(bool use)
{
	use = use && !nfsidmap_open();
	pthread_mutex_lock(&lock);
	library = use;
	pthread_mutex_unlock(&lock);
}

static bool uses_library(void)
{
	bool result;

	pthread_mutex_lock(&lock);
	result = library;
	pthread_mutex_unlock(&lock);
	return result;
}

/*
 * Strip our domain from a name. A name with another domain stays unchanged, because the name
 * service may know it. Returns -ENOENT for a name without a domain, which denotes no user.
 */
static int idmap_split(char plain[NSS_NAME_SIZE], const char *name)
{
	const char *at = strrchr(name, '@');
	char domain[NSS_NAME_SIZE];
	size_t len;
	int rc;

	if (!at || at == name || !at[1] || strlen(name) >= NSS_NAME_SIZE)
		return -ENOENT;
	rc = our_domain(domain);
	if (rc)
		return rc;
	len = strcasecmp(at + 1, domain) ? strlen(name) : (size_t)(at - name);
	memcpy(plain, name, len);
	plain[len] = '\0';
	return 0;
}

int idmap_id(unsigned int kind, const char *name, u64 until, const struct address *asker,
	     u32 *id)
{
	const struct identity_who kernel = { IDENTITY_FOR_KERNEL, KERNEL_MOST, until, asker };
	struct identity_query q = { .by = IDENTITY_BY_NAME, .kinds = kind, .directories = true };
	char plain[NSS_NAME_SIZE];
	int rc;

	if (uses_library())
		return nfsidmap_id(kind, name, id);
	rc = idmap_split(plain, name) ?: sid_split(name, &q.who.name);
	if (rc)
		return rc;
	rc = identity_find(&kernel, &q);
	if (rc == -ENOENT) {
		memset(&q, 0, sizeof(q));
		q.by = IDENTITY_BY_NAME;
		q.kinds = kind;
		memcpy(q.who.name.name, plain, sizeof(plain));
		/* A name without our domain stays whole: the name service may know it. */
		if (strcmp(plain, name))
			sid_machine_name(q.who.name.domain);
		else
			snprintf(q.who.name.domain, sizeof(q.who.name.domain), "%s",
				 kind == IDENTITY_USER ? SID_USERS_DOMAIN : SID_GROUPS_DOMAIN);
		rc = identity_find(&kernel, &q);
	}
	if (rc)
		return rc;
	if (!(q.who.kinds & kind))
		return -ENOENT;
	*id = q.who.id;
	return 0;
}

/*
 * Does a name with our domain mean another one? A directory may have that domain, and a user of the
 * same name. While it does not answer, local users keep their names, and it gets half the time.
 */
static bool name_is_of_another(unsigned int kind, u32 id, u64 until,
			       const struct address *asker, const char *name)
{
	u64 now = clock_ms();
	u32 other;

	until = until > now ? now + (until - now) / 2 : until;
	return !idmap_id(kind, name, until, asker, &other) && other != id;
}

int idmap_name(unsigned int kind, u32 id, u64 until, const struct address *asker,
	       char name[IDMAP_NAME_SIZE])
{
	const struct identity_who kernel = { IDENTITY_FOR_KERNEL, KERNEL_MOST, until, asker };
	struct identity who;
	int len, rc;

	if (uses_library())
		return nfsidmap_name(kind, id, name);
	rc = identity_by_id(&kernel, kind, id, &who);
	if (rc)
		return rc;
	if (!who.realm[0]) {
		rc = add_domain(name, who.name.name);
		return !rc && name_is_of_another(kind, id, until, asker, name) ? -ENOENT : rc;
	}
	len = snprintf(name, IDMAP_NAME_SIZE, "%s@%s", who.name.name, who.realm);
	return len < IDMAP_NAME_SIZE ? 0 : -ENOENT;
}

int idmap_sid(unsigned int kind, u32 id, u64 until, const struct address *asker,
	      struct sid *sid)
{
	const struct identity_who kernel = { IDENTITY_FOR_SIDS, KERNEL_MOST, until, asker };
	struct identity_query q = { .by = IDENTITY_BY_ID, .kinds = kind, .directories = true,
				    .who = { .kinds = kind, .id = id } };
	int rc = identity_find(&kernel, &q);

	if (!rc)
		*sid = q.who.sid;
	return rc;
}

int idmap_account(const struct sid *sid, u64 until, const struct address *asker,
		  unsigned int *kinds, u32 *id)
{
	const struct identity_who kernel = { IDENTITY_FOR_SIDS, KERNEL_MOST, until, asker };
	struct identity_query q = { .by = IDENTITY_BY_SID, .directories = true,
				    .who = { .sid = *sid } };
	struct sid own;
	int rc;

	rc = identity_find(&kernel, &q);
	if (rc)
		return rc;
	*kinds = q.who.kinds;
	*id = q.who.id;
	/* A directory may have a gid for a user, too. That is no group with members. */
	if (q.who.name.use == SID_USE_USER && *kinds & IDENTITY_USER)
		*kinds = IDENTITY_USER;
	if (!*kinds)
		return -ENOENT;
	rc = idmap_sid(*kinds & IDENTITY_GROUP ? IDENTITY_GROUP : IDENTITY_USER, *id, until, asker,
		       &own);
	/* Accounts of this machine have SIDs made of their number, which need not be shown. */
	if (rc == -ENOENT && !q.who.directory)
		return 0;
	return !rc && !sid_same(&own, sid) ? -ENOENT : rc;
}

int idmap_groups(uid_t uid, u32 gids[NSS_GROUPS_MAX], unsigned int *n)
{
	u32 *found;
	unsigned int nfound;
	int rc;

	rc = nss_groups(uid, gids, n);
	if (rc != -ESTALE)
		return rc;
	found = mem_new(NSS_GROUPS_MAX * sizeof(*found));
	rc = identity_groups(uid, found, &nfound);
	if (!rc && nfound) {
		memcpy(gids, found, nfound * sizeof(*found));
		*n = nfound;
	}
	free(found);
	return rc == -ENOENT ? 0 : rc;
}
