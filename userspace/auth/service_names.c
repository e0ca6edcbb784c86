// SPDX-License-Identifier: GPL-2.0-only
/*
 * The names of services that clients of SMB may ask for, see service_names.h.
 *
 * Locking: the mutex protects the names.
 */

#include <fnmatch.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "own_names.h"
#include "service_names.h"

/* Active Directory takes the key of a machine for all its services. */
static const char *const own_services[] = { "cifs", "host", "restrictedkrbhost" };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct service_names service_names;
static struct service_names server_names;

bool service_names_parse(struct service_names *n, const char *value, struct why *why)
{
	struct service_names read = { .count = 0 };
	size_t len;

	for (value += strspn(value, " \t"); *value; value += strspn(value, " \t")) {
		len = strcspn(value, " \t");
		if (len >= sizeof(read.name[0]))
			return why_not(why, "'%.60s...' is too long", value);
		if (read.count == SERVICE_NAMES_MAX)
			return why_not(why, "more than %d names", SERVICE_NAMES_MAX);
		memcpy(read.name[read.count++], value, len);
		value += len;
	}
	if (!read.count)
		return why_not(why, "a name is needed");
	*n = read;
	return true;
}

void service_names_set(const struct service_names *services, const struct service_names *servers)
{
	pthread_mutex_lock(&lock);
	service_names = *services;
	server_names = *servers;
	pthread_mutex_unlock(&lock);
}

static bool names_match(const struct service_names *names, const char *name)
{
	unsigned int i;

	for (i = 0; i < names->count; i++)
		if (!fnmatch(names->name[i], name, FNM_NOESCAPE | FNM_CASEFOLD))
			return true;
	return false;
}

static bool service_is_own(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(own_services); i++)
		if (strlen(own_services[i]) == len && !strncasecmp(own_services[i], name, len))
			return true;
	return false;
}

/*
 * Cut the host out of "service/host", "service/host:port", "service/host/domain" or "MACHINE$".
 * Returns false if it is not a service of SMB.
 */
static bool host_cut(const char *name, char host[SERVICE_NAME_SIZE])
{
	const char *slash = strchr(name, '/');
	const char *colon;
	size_t len;

	if (slash && !service_is_own(name, (size_t)(slash - name)))
		return false;
	snprintf(host, SERVICE_NAME_SIZE, "%s", slash ? slash + 1 : name);
	len = strlen(host);
	if (!slash) {
		if (!len || host[len - 1] != '$')
			return false;
		host[len - 1] = '\0';
		return true;
	}
	host[strcspn(host, "/")] = '\0';
	/* An IPv6 address has several. */
	colon = strchr(host, ':');
	if (colon && !strchr(colon + 1, ':'))
		host[colon - host] = '\0';
	return true;
}

/* Files are read without the lock. */
static bool name_is_own(const char *name, bool *is_service)
{
	char host[SERVICE_NAME_SIZE];
	bool listed;

	*is_service = host_cut(name, host);
	if (!*is_service)
		return false;
	pthread_mutex_lock(&lock);
	listed = names_match(&server_names, host);
	pthread_mutex_unlock(&lock);
	return listed || own_names_have(host);
}

bool service_name_check(const char *target, struct why *why)
{
	char name[SERVICE_NAME_SIZE];
	const char *realm = strrchr(target, '@');
	bool configured, good, is_service = false;

	snprintf(name, sizeof(name), "%.*s", realm ? (int)(realm - target) : (int)strlen(target),
		 target);
	pthread_mutex_lock(&lock);
	configured = service_names.count;
	good = names_match(&service_names, name);
	pthread_mutex_unlock(&lock);
	if (!configured)
		good = name_is_own(name, &is_service);
	if (good)
		return true;
	if (is_service)
		return why_not(why,
			       "the client asked for the service %s, and this machine has no such name or address: either it was made to log in to another server, or add the name to 'server-names' in ditto.conf",
			       name);
	return why_not(why,
		       "the client asked for the service %s, which %s: either it was made to log in to another server, or add that name to 'service-names' in ditto.conf",
		       name, configured ? "'service-names' does not have" : "is none of SMB");
}
