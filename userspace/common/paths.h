/* SPDX-License-Identifier: GPL-2.0-only */
/* Paths of files that both programs use. */
#ifndef _DITTO_PATHS_H
#define _DITTO_PATHS_H

/* Users who log in with a password, see "user" in dittoctl(8). */
#define DITTO_USERS_FILE	"/etc/ditto/users"

#endif
