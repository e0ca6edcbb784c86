// SPDX-License-Identifier: GPL-2.0-only
/* A service of nsswitch.conf(5) for tests/nss: the environment says how it answers. */

#include <nss.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

enum nss_status _nss_ditto_test_initgroups_dyn(const char *user, gid_t primary, long *start,
					       long *size, gid_t **groups, long limit, int *error);

enum nss_status _nss_ditto_test_initgroups_dyn(const char *user, gid_t primary, long *start,
					       long *size, gid_t **groups, long limit, int *error)
{
	const char *how = getenv("DITTO_TEST_NSS") ?: "";

	(void)primary;
	(void)limit;
	(void)error;
	if (!strcmp(how, "unavailable"))
		return NSS_STATUS_UNAVAIL;
	if (!strcmp(how, "again"))
		return NSS_STATUS_TRYAGAIN;
	if (!strcmp(how, "none") || !*user || *start == *size)
		return NSS_STATUS_NOTFOUND;
	(*groups)[(*start)++] = 4711;
	return NSS_STATUS_SUCCESS;
}
