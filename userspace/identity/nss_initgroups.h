/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tells whether the services of nsswitch.conf(5) that list the groups of users do answer.
 *
 * getgrouplist(3) has no result for a service that does not answer: the user then seems to have
 * fewer groups, and what a list denies to one of them would be allowed. So the services are asked
 * once more, by the function that the C library calls.
 */
#ifndef _DITTOD_NSS_INITGROUPS_H
#define _DITTOD_NSS_INITGROUPS_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Ask all services except the local ones for the groups of a user. Thread-safe; blocks as long as a
 * service does. Returns false, and logs which service it is, once a minute at most, if one does not
 * answer.
 */
bool nss_initgroups_answer(const char *user, gid_t primary);

/* Use another file than /etc/nsswitch.conf; for tests. */
void nss_initgroups_file(const char *path);

#endif
