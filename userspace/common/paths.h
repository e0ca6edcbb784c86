/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that both tools know. */
#ifndef _DITTO_PATHS_H
#define _DITTO_PATHS_H

/* Users of this machine who log in with a password, see dittoctl(8), user. */
#define DITTO_USERS_FILE	"/etc/ditto/users"

#endif
