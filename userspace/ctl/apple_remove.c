// SPDX-License-Identifier: GPL-2.0-only
/*
 * Removal of AppleDouble files.
 *
 * A name is removed whatever it means by then, so the file first gets a name that nobody else
 * knows. Only then it is compared with the file that was converted.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apple_remove.h"

/* "._.ditto-convert-1234" */
#define PRIVATE_MAX	40

bool apple_double_hold(int fd, struct why *why)
{
	/* The signal of a writer that waits would end the program. */
	signal(SIGIO, SIG_IGN);
	if (!fcntl(fd, F_SETLEASE, F_RDLCK))
		return true;
	if (errno == EAGAIN)
		return why_not(why, "it is open for writing");
	return why_not(why, "writers cannot be kept off: %s", strerror(errno));
}

/* Whether a name in a directory means the open file. */
static bool name_is_file(int dir, const char *name, int fd)
{
	struct stat named, open;

	return !fstat(fd, &open) && !fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) &&
	       named.st_ino == open.st_ino && named.st_dev == open.st_dev;
}

bool apple_double_remove(int dir, const char *name, int fd, int file, struct why *why)
{
	char private[PRIVATE_MAX];

	snprintf(private, sizeof(private), "._.ditto-convert-%d", getpid());
	if (renameat2(dir, name, dir, private, RENAME_NOREPLACE))
		return why_not(why, "it cannot be removed: %s", strerror(errno));
	/* A lease that a writer waits for is not F_RDLCK any more. */
	if (name_is_file(dir, private, fd) && name_is_file(dir, name + 2, file) &&
	    fcntl(fd, F_GETLEASE) == F_RDLCK) {
		if (!unlinkat(dir, private, 0))
			return true;
		why_not(why, "it cannot be removed: %s", strerror(errno));
	} else {
		why_not(why, "it is being changed");
	}
	if (renameat2(dir, private, dir, name, RENAME_NOREPLACE))
		why_not(why, "it was replaced, and what it was is '%s' now", private);
	return false;
}
