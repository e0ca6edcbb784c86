// SPDX-License-Identifier: GPL-2.0-only
/* Modules that are installed, see installed.h. */

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "ctl.h"
#include "installed.h"
#include "mem.h"
#include "nl/module.h"
#include "program.h"

/* modpost makes it of the sources of a module: 24 digits. */
#define SRCVERSION_MAX	64
#define MODULES		"/lib/modules"
#define DKMS_TREE	"/var/lib/dkms/ditto"

static bool loaded_srcversion(const char *name, char version[SRCVERSION_MAX])
{
	char path[100];
	bool read;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/%s/srcversion", name);
	f = fopen(path, "re");
	read = f && fgets(version, SRCVERSION_MAX, f);
	if (f)
		fclose(f);
	if (read)
		version[strcspn(version, "\n")] = '\0';
	return read;
}

bool module_is_loaded(const char *name)
{
	char path[100];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	return !access(path, F_OK);
}

bool module_is_used(const char *name)
{
	const struct dirent *entry;
	unsigned int holders = 0, users = 0;
	char path[100];
	DIR *folder;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (fscanf(f, "%u", &users) != 1)
		users = 0;
	fclose(f);
	snprintf(path, sizeof(path), "/sys/module/%s/holders", name);
	folder = opendir(path);
	while (folder && (entry = readdir(folder)))
		holders += entry->d_name[0] != '.';
	if (folder)
		closedir(folder);
	return users > holders;
}

bool module_is_replaced(const char *name)
{
	char *argv[] = { "modinfo", "-F", "srcversion", (char *)name, NULL };
	char loaded[SRCVERSION_MAX], installed[SRCVERSION_MAX];

	return loaded_srcversion(name, loaded) &&
	       program_line(argv, installed, sizeof(installed)) && strcmp(loaded, installed);
}

bool modules_are_replaced(void)
{
	return module_is_replaced("ditto") || module_is_replaced("ditto_nfs") ||
	       module_is_replaced("ditto_smb");
}

/* Folders of removed kernels may stay, without the image. */
static bool kernel_is_there(const char *release)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/boot/vmlinuz-%s", release);
	if (!access(path, F_OK))
		return true;
	snprintf(path, sizeof(path), MODULES "/%s/vmlinuz", release);
	return !access(path, F_OK);
}

char *modules_missing(void)
{
	const struct dirent *entry;
	struct utsname running;
	char *note = NULL;
	DIR *folder;

	if (access(DKMS_TREE, F_OK) || uname(&running))
		return NULL;
	folder = opendir(MODULES);
	while (folder && !note && (entry = readdir(folder))) {
		const char *release = entry->d_name;

		if (strverscmp(release, running.release) <= 0 || !kernel_is_there(release) ||
		    module_is_there(release, "ditto"))
			continue;
		note = mem_print("the kernel %s is installed, newer than the one that runs, and has no module ditto: nothing is served after a start with it (dkms install ditto/" DITTO_VERSION " -k %s)",
				 release, release);
	}
	if (folder)
		closedir(folder);
	return note;
}
