// SPDX-License-Identifier: GPL-2.0-only
/* Whether modules of the kernel can be loaded, see module.h. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "ditto-nl-gen.h"
#include "module.h"

/* Look for "FOLDER/NAME.ko" or "FOLDER/NAME.ko.xz" at the beginning of a line, before a colon. */
static bool line_has_module(const char *line, const char *name)
{
	size_t len = strcspn(line, ":");
	const char *file = memrchr(line, '/', len);

	file = file ? file + 1 : line;
	return !strncmp(file, name, strlen(name)) && !strncmp(file + strlen(name), ".ko", 3);
}

bool module_is_there(const char *release, const char *name)
{
	bool found = false, known;
	char path[300];
	char *line = NULL;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", release);
	f = fopen(path, "re");
	known = f;
	while (f && !found && getline(&line, &size, f) >= 0)
		found = line_has_module(line, name);
	free(line);
	if (f)
		fclose(f);
	return found || !known;
}

const char *module_hint(const char *name, char hint[MODULE_HINT_MAX])
{
	struct utsname kernel;

	if (!uname(&kernel) && !module_is_there(kernel.release, name))
		snprintf(hint, MODULE_HINT_MAX,
			 "the kernel that runs, %s, has no module %s: make modules_install for it",
			 kernel.release, name);
	else
		snprintf(hint, MODULE_HINT_MAX, "modprobe %s", name);
	return hint;
}

bool module_speaks(u32 version, struct why *why)
{
	if (version == DITTO_FAMILY_VERSION)
		return true;
	return why_not(why,
		       "ditto.ko speaks version %u of the protocol, this program version %u: install both from one release",
		       version, DITTO_FAMILY_VERSION);
}
