/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Libraries that are loaded when their functions are needed, so that Ditto depends on them only
 * where they are used.
 */
#ifndef _DITTOD_LIBRARY_H
#define _DITTOD_LIBRARY_H

#include <pthread.h>
#include <stdbool.h>

#include "text.h"

/**
 * struct library_function - a function of a library
 * @name: its symbol
 * @pointer: points to the pointer that is to point to it
 */
struct library_function {
	const char *name;
	void *pointer;
};

/**
 * struct library - a library
 * @file: its name
 * @package: the Debian package that has it
 * @plugged: plug-ins of the library use its symbols without being linked with it
 * @functions: those that are used, up to one without a name
 * @lock: guards @loaded, and the pointers to the functions until it is set
 * @loaded: all functions were found
 */
struct library {
	const char *file;
	const char *package;
	bool plugged;
	const struct library_function *functions;
	pthread_mutex_t lock;
	bool loaded;
};

/**
 * library_load - load a library, unless that was done
 * @lib: the library; remains loaded
 * @why: says what is missing
 *
 * Return: whether its functions can be called.
 */
bool library_load(struct library *lib, struct why *why);

/* Has library_load() succeeded? */
bool library_is_loaded(struct library *lib);

#endif
