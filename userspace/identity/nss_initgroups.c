// SPDX-License-Identifier: GPL-2.0-only
/* Outages of the name service, for groups of users; see nss_initgroups.h. */

#include <ctype.h>
#include <dlfcn.h>
#include <nss.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "common/types.h"
#include "daemon/log.h"
#include "nss_initgroups.h"

/* Longest line of the configuration that counts, and longest name of a service. */
#define LINE_SIZE	1024
#define SERVICE_MAX	64
/* Milliseconds between two messages: the questions of clients may cause them. */
#define TELL_TIME	60000
/* Groups for which there is room at first; services make more. */
#define ROOM		64

/* The function of a service that adds the groups of a user to an array, as the C library has it. */
typedef enum nss_status initgroups_fn(const char *user, gid_t primary, long *start, long *size,
				      gid_t **groups, long limit, int *error);

/* Services that ask nobody else, and fail only with this machine. */
static const char *const local_services[] = { "files", "compat", "db", "systemd", "mymachines" };

static const char *conf = "/etc/nsswitch.conf";

void nss_initgroups_file(const char *path)
{
	conf = path;
}

/* Fill the services of a database of the configuration. Returns false if it is not configured. */
static bool services_read(const char *database, char services[LINE_SIZE])
{
	size_t len = strlen(database);
	FILE *file = fopen(conf, "re");
	bool found = false;
	char *line = services;

	while (file && !found && fgets(services, LINE_SIZE, file)) {
		line = services + strspn(services, " \t");
		found = !strncmp(line, database, len) &&
			line[len + strspn(line + len, " \t")] == ':';
	}
	if (file)
		fclose(file);
	if (!found)
		return false;
	line = strchr(line, ':') + 1;
	line[strcspn(line, "#\n")] = '\0';
	memmove(services, line, strlen(line) + 1);
	return true;
}

static bool service_is_local(const char *service)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(local_services); i++)
		if (!strcmp(service, local_services[i]))
			return true;
	return false;
}

/* As for the C library, a service that is not installed counts as one that has no groups. */
static initgroups_fn *service_function(const char *service)
{
	char file[SERVICE_MAX + 32], symbol[SERVICE_MAX + 32];
	initgroups_fn *function = NULL;
	void *module;

	snprintf(file, sizeof(file), "libnss_%s.so.2", service);
	snprintf(symbol, sizeof(symbol), "_nss_%s_initgroups_dyn", service);
	/* The C library has it loaded, and does not expect it to go. */
	module = dlopen(file, RTLD_LAZY | RTLD_NODELETE);
	if (!module)
		return NULL;
	*(void **)&function = dlsym(module, symbol);
	dlclose(module);
	return function;
}

static void service_tell(const char *service, const char *user)
{
	static u64 told;
	u64 now = clock_ms(), last = __atomic_load_n(&told, __ATOMIC_RELAXED);

	if ((!last || now - last >= TELL_TIME) &&
	    __atomic_compare_exchange_n(&told, &last, now, false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED))
		log_warning("'%s' of nsswitch.conf(5) does not answer about the groups of user %s",
			    service, user);
}

static bool service_answers(const char *service, const char *user, gid_t primary)
{
	initgroups_fn *function = service_function(service);
	long start = 0, size = ROOM;
	enum nss_status status;
	gid_t *groups;
	int error = 0;

	if (!function)
		return true;
	groups = malloc(ROOM * sizeof(*groups));
	if (!groups)
		return false;
	status = function(user, primary, &start, &size, &groups, -1, &error);
	free(groups);
	if (status != NSS_STATUS_UNAVAIL && status != NSS_STATUS_TRYAGAIN)
		return true;
	service_tell(service, user);
	return false;
}

bool nss_initgroups_answer(const char *user, gid_t primary)
{
	char services[LINE_SIZE], service[SERVICE_MAX];
	const char *at = services;
	size_t len;

	if (!services_read("initgroups", services) && !services_read("group", services))
		return true;
	while (*at) {
		/* Actions, such as [NOTFOUND=return], are for the C library. */
		if (*at == '[') {
			at += strcspn(at, "]");
			at += *at == ']';
			continue;
		}
		for (len = 0; isalnum((unsigned char)at[len]) || at[len] == '_' || at[len] == '-';)
			len++;
		if (len && len < sizeof(service)) {
			memcpy(service, at, len);
			service[len] = '\0';
			if (!service_is_local(service) && !service_answers(service, user, primary))
				return false;
		}
		at += len ?: 1;
	}
	return true;
}
