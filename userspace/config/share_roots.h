/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The directories below which administrators may share folders by remote calls: key share-root of
 * ditto.conf.
 *
 * All functions but those on a struct share_roots are thread-safe.
 */
#ifndef _DITTOD_SHARE_ROOTS_H
#define _DITTOD_SHARE_ROOTS_H

#include "share_path.h"
#include "text.h"

#define SHARE_ROOTS_MAX	16

/**
 * struct share_roots - the directories of a configuration
 * @path: absolute paths, without slashes at the end
 * @n: entries of @path
 */
struct share_roots {
	char *path[SHARE_ROOTS_MAX];
	unsigned int n;
};

/* Is it an absolute path other than /, without empty parts, "." and ".."? */
bool share_roots_check_path(const char *path);
/* Add a directory. Returns false and fills @why on error. */
bool share_roots_add(struct share_roots *roots, const char *path, struct why *why);
/* Free the paths. */
void share_roots_free(struct share_roots *roots);
/* Use these directories from now on; @roots stays the caller's. */
void share_roots_set(const struct share_roots *roots);

/* Is a path one of the directories, or below one, by its name? */
bool share_roots_contain(const char *path);
/**
 * share_roots_find - find the folder that a path leads to, without leaving the directory
 * @path: absolute path
 * @until: deadline by clock_ms()
 * @file: filled
 * @why: filled on error
 *
 * Symbolic links below the directory are not followed: who may write there must not decide what is
 * shared. Of directories in each other the outermost counts.
 *
 * Return: 0; -EACCES (outside all directories, or there is a link); -ETIMEDOUT (the file system
 * does not answer); -EAGAIN (too many look-ups wait for file systems); -ENOENT, -ENOTDIR or another
 * negative errno of openat2(2).
 */
int share_roots_find(const char *path, u64 until, struct share_path_file *file, struct why *why);

#endif
