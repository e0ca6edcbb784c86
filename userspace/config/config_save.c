// SPDX-License-Identifier: GPL-2.0-only
/* Replacing the configuration file, see config_save.h. */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "config_save.h"
#include "daemon/log.h"
#include "folder.h"
#include "mem.h"

int config_save_begin(const char *path)
{
	char *copy = mem_string(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	free(copy);
	if (fd >= 0 && flock(fd, LOCK_EX)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* An editor does not lock. */
bool config_save_is_current(const char *path, const struct config *cfg)
{
	struct file_stamp now = { 0 };
	struct stat st;

	if (!stat(path, &st))
		now = file_stamp_of(&st);
	if (file_stamp_same(&now, &cfg->stamp))
		return true;
	log_error("%s was changed just now: dittoctl config apply", path);
	return false;
}

bool config_save_replace(const char *path, const char *text)
{
	char *old = mem_print("%s.bak", path);
	struct stat st = { .st_mode = 0644 };
	bool exists = !stat(path, &st), good;
	FILE *new = folder_replace(path, 0600);

	good = new && (!exists || !fchown(fileno(new), st.st_uid, st.st_gid)) &&
	       !fchmod(fileno(new), st.st_mode & 07777) && fputs(text, new) >= 0 &&
	       !fflush(new) && !fsync(fileno(new));
	if (good && exists)
		good = (!unlink(old) || errno == ENOENT) && !link(path, old);
	free(old);
	if (good)
		return folder_replaced(new, path);
	folder_abandon(new, path);
	return false;
}
