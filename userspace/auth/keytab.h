/* SPDX-License-Identifier: GPL-2.0-only */
/* The keytab of this machine: the file, and what is in it. */
#ifndef _DITTOD_KEYTAB_H
#define _DITTOD_KEYTAB_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "text.h"

/**
 * struct keytab_mark - identifies one version of the keytab
 * @there: the file exists
 * @dev: device
 * @ino: inode
 * @size: size in bytes
 * @changed: time of the last change
 */
struct keytab_mark {
	bool there;
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed;
};

/* Return the path of the keytab in the Kerberos configuration, if it is a file. */
char *keytab_path(void);
struct keytab_mark keytab_look(const char *path);
bool keytab_same(const struct keytab_mark *a, const struct keytab_mark *b);
/*
 * Return a descriptor of a copy of the keytab that a worker can read, empty if there is none;
 * or a negative errno. @path: NULL if there can be none.
 */
int keytab_copy(const char *path);

/*
 * Look for a key of SERVICE/HOST, with any host, in the keytab of the Kerberos configuration.
 * Returns false and fills @why if there is none. Blocks for the file.
 */
bool keytab_has_service(const char *service, struct why *why);

#endif
