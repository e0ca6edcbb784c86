// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users and groups as user@domain.
 *
 * A name service that has users of several domains writes them with theirs; those
 * names stay as they are. To all others belongs the domain that is set.
 */

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "idmap.h"

/* What clients take for the domain of machines that have none. */
#define NO_DOMAIN	"localdomain"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char set_domain[NSS_NAME_SIZE];

void idmap_set_domain(const char *domain)
{
	pthread_mutex_lock(&lock);
	snprintf(set_domain, sizeof(set_domain), "%s", domain);
	pthread_mutex_unlock(&lock);
}

/* The part of a host's full name behind the first dot. */
static bool take_domain(char out[NSS_NAME_SIZE], const char *host)
{
	const char *dot = strchr(host, '.');

	if (!dot || !dot[1])
		return false;
	snprintf(out, NSS_NAME_SIZE, "%s", dot + 1);
	return true;
}

static void machine_domain(char out[NSS_NAME_SIZE])
{
	struct addrinfo hints = { .ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM };
	char host[NSS_NAME_SIZE] = "";
	struct addrinfo *list = NULL;
	bool found;

	snprintf(out, NSS_NAME_SIZE, "%s", NO_DOMAIN);
	if (gethostname(host, sizeof(host) - 1))
		return;
	found = take_domain(out, host);
	if (found || getaddrinfo(host, NULL, &hints, &list))
		return;
	if (list->ai_canonname)
		take_domain(out, list->ai_canonname);
	freeaddrinfo(list);
}

static void our_domain(char out[NSS_NAME_SIZE])
{
	pthread_mutex_lock(&lock);
	memcpy(out, set_domain, NSS_NAME_SIZE);
	pthread_mutex_unlock(&lock);
	if (!out[0])
		machine_domain(out);
}

static int add_domain(char out[IDMAP_NAME_SIZE], const char *name)
{
	char domain[NSS_NAME_SIZE];
	int len;

	if (strchr(name, '@')) {
		len = snprintf(out, IDMAP_NAME_SIZE, "%s", name);
	} else {
		our_domain(domain);
		len = snprintf(out, IDMAP_NAME_SIZE, "%s@%s", name, domain);
	}
	return len < IDMAP_NAME_SIZE ? 0 : -ENOENT;
}

int idmap_user_name(uid_t uid, char name[IDMAP_NAME_SIZE])
{
	char plain[NSS_NAME_SIZE];
	int rc = nss_user_name(uid, plain);

	return rc ? rc : add_domain(name, plain);
}

int idmap_group_name(gid_t gid, char name[IDMAP_NAME_SIZE])
{
	char plain[NSS_NAME_SIZE];
	int rc = nss_group_name(gid, plain);

	return rc ? rc : add_domain(name, plain);
}

/*
 * The name without our domain; one with another domain stays whole, the name service
 * may have such users. False if it is none: without a domain nobody is meant.
 */
static bool split(char plain[NSS_NAME_SIZE], const char *name)
{
	const char *at = strrchr(name, '@');
	char domain[NSS_NAME_SIZE];
	size_t len;

	if (!at || at == name || !at[1] || strlen(name) >= NSS_NAME_SIZE)
		return false;
	our_domain(domain);
	len = strcasecmp(at + 1, domain) ? strlen(name) : (size_t)(at - name);
	memcpy(plain, name, len);
	plain[len] = '\0';
	return true;
}

int idmap_user_id(const char *name, uid_t *uid)
{
	char plain[NSS_NAME_SIZE];

	return split(plain, name) ? nss_user_id(plain, uid) : -ENOENT;
}

int idmap_group_id(const char *name, gid_t *gid)
{
	char plain[NSS_NAME_SIZE];

	return split(plain, name) ? nss_group_id(plain, gid) : -ENOENT;
}
