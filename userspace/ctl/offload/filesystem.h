/* SPDX-License-Identifier: GPL-2.0-only */
/* Registrations of file systems in stores, see offload/filesystem.h. */
#ifndef _DITTO_CTL_OFFLOAD_FILESYSTEM_H
#define _DITTO_CTL_OFFLOAD_FILESYSTEM_H

#include "object/filesystem.h"
#include "mounts.h"
#include "orders.h"

/**
 * struct registration - a registration in a store
 * @store: name of the store
 * @object: name of the object
 * @fs: the file system
 */
struct registration {
	char store[OFFLOAD_CTL_STORE_SIZE];
	char object[OBJECT_NAME_SIZE];
	struct filesystem fs;
};

/**
 * struct registrations - all that the stores have
 * @n: number of them
 * @list: the registrations
 * @problems: what could not be listed or read; each was printed
 */
struct registrations {
	size_t n;
	struct registration *list;
	u64 problems;
};

/* Read the registrations of all stores of the configuration. */
void registrations_load(struct ctl *ctl, struct registrations *all);
void registrations_free(struct registrations *all);
/* Whether a store names a file system, or any if @id is NULL. */
bool registrations_have(const struct registrations *all, const char *store,
			const u8 id[FILESYSTEM_ID_SIZE]);

/*
 * Have a store name a file system, unless it does. Returns false and fills @why on errors.
 */
bool filesystem_register(const struct filesystem *fs, const char *store, struct why *why);

/**
 * struct registrar - registers file systems, each once in a run of the tool
 * @table: what is mounted
 * @fs: the file systems so far
 * @device: number of the device of each
 * @n_fs: number of them
 * @stores: names of stores, each behind the number of a file system, that are done
 * @n_stores: number of these
 */
struct registrar {
	struct mount_table table;
	struct filesystem *fs;
	u64 *device;
	size_t n_fs;
	char **stores;
	size_t n_stores;
};

/*
 * Find the file system of what is open for reading. Returns a number for registrar_register(), or
 * -1 with @why.
 */
int registrar_find(struct registrar *r, int fd, struct why *why);
/*
 * Have a store name a file system, before the first file there is released. Returns false and fills
 * @why on errors.
 */
bool registrar_register(struct registrar *r, int number, const char *store, struct why *why);
/* Both for what has a path, and can be read. */
bool registrar_register_path(struct registrar *r, const char *path, const char *store,
			     struct why *why);
void registrar_free(struct registrar *r);

/* dittoctl offload filesystem */
int offload_filesystem(struct ctl *ctl, char **words);

#endif
