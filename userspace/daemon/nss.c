// SPDX-License-Identifier: GPL-2.0-only
/* Answers of the name service switch. */

#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "log.h"
#include "mem.h"
#include "nss.h"

/* Buffers of the name service switch grow up to this. */
#define BUFFER_MAX	(1024 * 1024)
/* More groups than any directory gives a user. */
#define GROUPS_ASKED	65536

/* innetgr() shares its cursor between threads (see ATTRIBUTES in its manual). */
static pthread_mutex_t netgroup_lock = PTHREAD_MUTEX_INITIALIZER;

static bool same_address(const struct sockaddr *sa, const struct address *addr)
{
	if (addr->len == 4 && sa->sa_family == AF_INET)
		return !memcmp(&((const struct sockaddr_in *)sa)->sin_addr, addr->bytes, 4);
	if (addr->len == 16 && sa->sa_family == AF_INET6)
		return !memcmp(&((const struct sockaddr_in6 *)sa)->sin6_addr, addr->bytes, 16);
	return false;
}

/* Does a name resolve to the address? 1, 0, or -EAGAIN. */
static int resolves_to(const char *name, const struct address *addr)
{
	struct addrinfo hints = {
		.ai_family = addr->len == 4 ? AF_INET : AF_INET6,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *list;
	struct addrinfo *ai;
	int found = 0;
	int rc;

	rc = getaddrinfo(name, NULL, &hints, &list);
	if (rc)
		return rc == EAI_AGAIN ? -EAGAIN : 0;
	for (ai = list; ai && !found; ai = ai->ai_next)
		found = same_address(ai->ai_addr, addr);
	freeaddrinfo(list);
	return found;
}

static bool has_name(const struct nss_names *names, const char *name)
{
	unsigned int i;

	for (i = 0; i < names->n; i++)
		if (!strcasecmp(names->name[i], name))
			return true;
	return false;
}

/* Take a name if it resolves back. 0 or -EAGAIN. */
static int add_name(struct nss_names *out, const char *name, const struct address *addr)
{
	int rc;

	if (out->n == NSS_NAMES_MAX || !name[0] || strlen(name) >= NSS_NAME_SIZE ||
	    has_name(out, name))
		return 0;
	rc = resolves_to(name, addr);
	if (rc > 0)
		snprintf(out->name[out->n++], NSS_NAME_SIZE, "%s", name);
	return rc < 0 ? rc : 0;
}

/*
 * getnameinfo() tells one name of an address; only this tells all, as aliases.
 * The result lies in @buf, to be freed. NULL with *again set if the name
 * service is out of order.
 */
static struct hostent *reverse(const struct address *addr, struct hostent *host, char **buf,
			       bool *again)
{
	struct hostent *result = NULL;
	size_t size = 2048;
	int h_error = 0;
	int rc;

	*buf = NULL;
	do {
		free(*buf);
		*buf = mem_new(size);
		rc = gethostbyaddr_r(addr->bytes, addr->len, addr->len == 4 ? AF_INET : AF_INET6,
				     host, *buf, size, &result, &h_error);
		size *= 2;
	} while (rc == ERANGE && size <= BUFFER_MAX);
	*again = !result && h_error == TRY_AGAIN;
	return result;
}

int nss_host_names(const struct address *addr, struct nss_names *out)
{
	struct hostent space;
	struct hostent *host;
	bool again;
	char *buf;
	int rc = 0;
	char **p;

	out->n = 0;
	host = reverse(addr, &space, &buf, &again);
	if (host) {
		rc = add_name(out, host->h_name, addr);
		for (p = host->h_aliases; *p; p++)
			if (add_name(out, *p, addr))
				rc = -EAGAIN;
	}
	free(buf);
	if (out->n)
		return 0;
	return again || rc ? -EAGAIN : -ENOENT;
}

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

/* Name services say "no such user" in several ways, see getpwuid_r(3). */
static int user_error(int rc)
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

static int list_groups(const char *user, gid_t primary, u32 *gids, unsigned int *n)
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
	return 0;
}

int nss_groups(uid_t uid, u32 gids[NSS_GROUPS_MAX], unsigned int *n)
{
	struct passwd *found = NULL;
	struct passwd pw;
	size_t size = 1024;
	char *buf = NULL;
	int rc;

	*n = 0;
	do {
		free(buf);
		size *= 2;
		buf = mem_new(size);
		rc = getpwuid_r(uid, &pw, buf, size, &found);
	} while (rc == ERANGE && size < BUFFER_MAX);
	rc = found ? list_groups(pw.pw_name, pw.pw_gid, gids, n) : user_error(rc);
	free(buf);
	return rc;
}
