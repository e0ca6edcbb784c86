// SPDX-License-Identifier: GPL-2.0-only
/*
 * Confinement: another user without capabilities, no files written, no programs executed. System
 * calls are not limited to a list as in the workers: the name service switch starts threads and
 * loads libraries of the administrator's choice, and what these call is not known. The calls that
 * attacks on the kernel and on other processes use are denied.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "chunker.h"
#include "confine.h"
#include "daemon/sandbox.h"

/* Descriptors: of files that are pushed, of objects, of connections. */
#define FILES_MAX	2048
/* Longest file in memory. */
#define FILE_MAX	CHUNK_MAX

static int confine_files(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int rc;

	if (null < 0)
		return -errno;
	rc = sandbox_files(null);
	close(null);
	return rc == -EOPNOTSUPP ? 0 : rc;
}

static int confine_limits(void)
{
	const struct rlimit files = { FILES_MAX, FILES_MAX };
	const struct rlimit size = { FILE_MAX, FILE_MAX };

	if (setrlimit(RLIMIT_NOFILE, &files) || setrlimit(RLIMIT_FSIZE, &size))
		return -errno;
	return 0;
}

bool confine(struct why *why)
{
	uid_t uid = getuid();
	gid_t gid = getgid();
	int rc;

	if (!geteuid() && !sandbox_user(&uid, &gid, why))
		return false;
	rc = confine_limits();
	if (!rc)
		rc = sandbox_drop_user(uid, gid);
	if (!rc && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		rc = -errno;
	if (!rc)
		rc = confine_files();
	if (!rc)
		rc = sandbox_deny(false);
	return !rc || why_not(why, "cannot give up privileges: %s", strerror(-rc));
}
