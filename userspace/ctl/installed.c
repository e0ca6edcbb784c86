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

#define FIELD_MAX	200
#define MODULES		"/lib/modules"
#define DKMS_TREE	"/var/lib/dkms/ditto"

/* Read the first line of a file of the kernel. */
static bool file_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");
	bool read;

	if (!f)
		return false;
	read = fgets(line, (int)size, f);
	fclose(f);
	if (read)
		line[strcspn(line, "\n")] = '\0';
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

/* Read what an installed module says about itself, see modinfo(8). */
static bool module_read_field(const char *name, char *field, char *text, size_t size)
{
	char *const argv[] = { "modinfo", "-F", field, (char *)name, NULL };

	return program_line(argv, text, size);
}

bool module_is_installed(const char *name)
{
	char magic[FIELD_MAX];

	return module_read_field(name, "vermagic", magic, sizeof(magic));
}

static bool module_field_differs(const char *name, char *field)
{
	char path[100], loaded[FIELD_MAX], installed[FIELD_MAX];

	snprintf(path, sizeof(path), "/sys/module/%s/%s", name, field);
	return file_line(path, loaded, sizeof(loaded)) &&
	       module_read_field(name, field, installed, sizeof(installed)) &&
	       strcmp(loaded, installed);
}

/* modpost makes srcversion of sources and headers in the folders of a module's sources only. */
bool module_is_replaced(const char *name)
{
	return module_field_differs(name, "version") || module_field_differs(name, "srcversion");
}

/* Whether the first line of a file of the kernel has a text. */
static bool file_has(const char *path, const char *text)
{
	char line[FIELD_MAX];

	return file_line(path, line, sizeof(line)) && strstr(line, text);
}

/* A kernel that is locked down does so in each mode, whatever the parameter is. */
static bool signatures_are_enforced(void)
{
	return file_has("/sys/module/module/parameters/sig_enforce", "Y") ||
	       file_has("/sys/kernel/security/lockdown", "[integrity]") ||
	       file_has("/sys/kernel/security/lockdown", "[confidentiality]");
}

bool module_fits(const char *name, struct why *why)
{
	char magic[FIELD_MAX] = "", signer[FIELD_MAX];
	struct utsname running;
	bool versions;

	if (uname(&running))
		return true;
	if (!module_read_field(name, "vermagic", magic, sizeof(magic)))
		return why_not(why,
			       "%s is not installed for the kernel that runs: dkms install ditto/%s -k %s",
			       name, DITTO_VERSION, running.release);
	/* The options of a kernel follow its release, which it ignores if symbols have versions. */
	versions = strstr(magic, " modversions");
	magic[strcspn(magic, " ")] = '\0';
	if (!versions && strcmp(magic, running.release))
		return why_not(why,
			       "%s is built for the kernel %s, and %s runs: dkms install --force ditto/%s -k %s",
			       name, magic, running.release, DITTO_VERSION, running.release);
	if (signatures_are_enforced() && !module_read_field(name, "signer", signer, sizeof(signer)))
		return why_not(why,
			       "%s is not signed, and this kernel loads signed modules only: see the README of the package ditto-dkms about Secure Boot",
			       name);
	return true;
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
	struct why why;
	DIR *folder;

	if (access(DKMS_TREE, F_OK) || uname(&running))
		return NULL;
	folder = opendir(MODULES);
	while (folder && !note && (entry = readdir(folder))) {
		const char *release = entry->d_name;

		if (strverscmp(release, running.release) <= 0 || !kernel_is_there(release) ||
		    module_is_there(release, "ditto"))
			continue;
		why_not(&why,
			"the kernel %s is installed, newer than the one that runs, and has no module ditto: nothing is served after a start with it (dkms install ditto/%s -k %s)",
			release, DITTO_VERSION, release);
		note = mem_string(why.text);
	}
	if (folder)
		closedir(folder);
	return note;
}
