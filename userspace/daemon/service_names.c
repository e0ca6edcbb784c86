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

#include "service_names.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct service_names names = SERVICE_NAMES_DEFAULT;

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
		return why_not(why, "a name is needed, such as cifs/server.example.org");
	*n = read;
	return true;
}

void service_names_set(const struct service_names *n)
{
	pthread_mutex_lock(&lock);
	names = *n;
	pthread_mutex_unlock(&lock);
}

bool service_name_check(const char *target, struct why *why)
{
	char name[SERVICE_NAME_SIZE];
	const char *realm = strrchr(target, '@');
	bool good = false;
	unsigned int i;

	snprintf(name, sizeof(name), "%.*s", realm ? (int)(realm - target) : (int)strlen(target),
		 target);
	pthread_mutex_lock(&lock);
	for (i = 0; i < names.count && !good; i++)
		good = !fnmatch(names.name[i], name, FNM_NOESCAPE | FNM_CASEFOLD);
	pthread_mutex_unlock(&lock);
	if (good)
		return true;
	return why_not(why,
		       "the client asked for the service %s, which 'service-names' in ditto.conf does not have: either it was made to log in to another server, or add that name",
		       name);
}
