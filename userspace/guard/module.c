// SPDX-License-Identifier: GPL-2.0-only
/* What ditto.ko guards, see module.h. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "module.h"

#define MODULE_FILE	"/proc/fs/ditto/guarded"
/* First line. */
#define MODULE_HEADER	"ditto 1\n"
/* Flag of threads of the kernel in /proc/PID/stat. */
#define PF_KTHREAD	0x00200000

int module_open(void)
{
	return open(MODULE_FILE, O_RDONLY | O_CLOEXEC);
}

bool module_read(int fd, char text[MODULE_TEXT_MAX])
{
	ssize_t len;

	do
		len = read(fd, text, MODULE_TEXT_MAX - 1);
	while (len < 0 && errno == EINTR);
	text[len > 0 ? len : 0] = '\0';
	if (!strncmp(text, MODULE_HEADER, strlen(MODULE_HEADER)))
		return true;
	text[0] = '\0';
	return false;
}

bool module_text_has(const char *text, const char *device)
{
	size_t len = strlen(device);
	const char *line = text;

	while ((line = strchr(line, '\n'))) {
		line++;
		if (!strncmp(line, device, len) && line[len] == '\n')
			return true;
	}
	return false;
}

bool module_has_server(pid_t pid)
{
	char path[64], stat[512], *state;
	unsigned int flags = 0;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, stat, sizeof(stat) - 1);
	if (fd >= 0)
		close(fd);
	stat[len > 0 ? len : 0] = '\0';
	/* The name before it may have anything in it. */
	state = strrchr(stat, ')');
	return state && sscanf(state, ") %*c %*d %*d %*d %*d %*d %u", &flags) == 1 &&
	       flags & PF_KTHREAD;
}
