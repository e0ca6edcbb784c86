/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The names of services that clients of SMB may ask for. A login for another service was meant for
 * another program or server, and somebody in between passed it on.
 *
 * All functions are thread-safe.
 */
#ifndef _DITTOD_SERVICE_NAMES_H
#define _DITTOD_SERVICE_NAMES_H

#include "common/text.h"
#include "common/types.h"

#define SERVICE_NAMES_MAX	16
/* Longest name or pattern, including the NUL. */
#define SERVICE_NAME_SIZE	256

/**
 * struct service_names - patterns of names, as fnmatch(3) has them; case does not matter
 * @name: "service/host", or "machine$"
 * @count: entries of @name
 */
struct service_names {
	char name[SERVICE_NAMES_MAX][SERVICE_NAME_SIZE];
	unsigned int count;
};

/* Parse patterns separated by blanks; @n stays as it is on error. */
bool service_names_parse(struct service_names *n, const char *value, struct why *why);
/*
 * Use these names from now on. @services: all that clients may ask for; without any, the services
 * of SMB on this machine, whose names come from own_names.h and @servers.
 */
void service_names_set(const struct service_names *services, const struct service_names *servers);
/*
 * May a client have asked for this service? @target: its name, with a realm or without. Returns
 * false with the reason if not.
 */
bool service_name_check(const char *target, struct why *why);

#endif
