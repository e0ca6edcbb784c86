// SPDX-License-Identifier: GPL-2.0-only
/* What ditto.ko guards, see module.h. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "module.h"

#define MODULE_FILE	"/proc/fs/ditto/guarded"
/* First line. */
#define MODULE_HEADER	"ditto 1\n"

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
