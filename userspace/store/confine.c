// SPDX-License-Identifier: GPL-2.0-only
/*
 * Confinement: another user without capabilities, no files written, no processes started, and a
 * list of system calls. The list is longer than for the workers, because the name service switch
 * loads libraries of the administrator's choice.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "object/chunker.h"
#include "confine.h"
#include "worker/sandbox.h"

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
	if (!rc)
		rc = confine_files();
	if (!rc)
		rc = sandbox_calls(SANDBOX_CLIENT);
	return !rc || rc == -EOPNOTSUPP ||
	       why_not(why, "cannot give up privileges: %s", strerror(-rc));
}
