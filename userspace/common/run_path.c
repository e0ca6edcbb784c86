// SPDX-License-Identifier: GPL-2.0-only
/* Files below /run, see run_path.h. */

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "run_path.h"

const char *run_path(char path[RUN_PATH_SIZE], const char *name, const char *suffix)
{
	struct stat ns = { 0 };

	if (stat("/proc/self/ns/net", &ns))
		ns.st_ino = 0;
	snprintf(path, RUN_PATH_SIZE, RUN_FOLDER "/%s-%lu%s", name, (unsigned long)ns.st_ino,
		 suffix);
	return path;
}

int run_folder_make(void)
{
	return mkdir(RUN_FOLDER, 0755) && errno != EEXIST ? -errno : 0;
}
