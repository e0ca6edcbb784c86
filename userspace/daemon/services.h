/* SPDX-License-Identifier: GPL-2.0-only */
/* The services that answer upcalls: worker processes, and pools of threads for what blocks. */
#ifndef _DITTOD_SERVICES_H
#define _DITTOD_SERVICES_H

#include <stdbool.h>

#include "upcall.h"

/**
 * services_open - start the services
 * @services: filled; the caller has started @auth and @recorder, which need privileges
 * @spawner: socket of the spawner
 * @state_dir: folder of the state
 *
 * Return: false if one cannot be started; they end with the process.
 */
bool services_open(struct upcall_services *services, int spawner, const char *state_dir);

#endif
