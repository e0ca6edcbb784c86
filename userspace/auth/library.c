// SPDX-License-Identifier: GPL-2.0-only
/* Libraries that are loaded when their functions are needed, see library.h. */

#include <dlfcn.h>
#include <string.h>

#include "library.h"

static bool library_find(const struct library *lib, struct why *why)
{
	const struct library_function *f;
	void *handle, *function;

	handle = dlopen(lib->file, RTLD_NOW | (lib->plugged ? RTLD_GLOBAL : RTLD_LOCAL));
	if (!handle) {
		why_not(why, "%s (Debian package %s)", dlerror(), lib->package);
		return false;
	}
	for (f = lib->functions; f->name; f++) {
		function = dlsym(handle, f->name);
		if (!function) {
			why_not(why, "%s has no %s", lib->file, f->name);
			return false;
		}
		memcpy(f->pointer, &function, sizeof(function));
	}
	return true;
}

bool library_load(struct library *lib, struct why *why)
{
	bool loaded;

	pthread_mutex_lock(&lib->lock);
	if (!lib->loaded)
		lib->loaded = library_find(lib, why);
	loaded = lib->loaded;
	pthread_mutex_unlock(&lib->lock);
	return loaded;
}

bool library_is_loaded(struct library *lib)
{
	bool loaded;

	pthread_mutex_lock(&lib->lock);
	loaded = lib->loaded;
	pthread_mutex_unlock(&lib->lock);
	return loaded;
}
