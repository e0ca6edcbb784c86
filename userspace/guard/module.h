/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ditto.ko guards itself: it brings data back where the guard can only refuse opens, and its
 * servers open files without data. It tells in a file, see fs/offload/handover.c.
 */
#ifndef _DITTO_GUARD_MODULE_H
#define _DITTO_GUARD_MODULE_H

#include <sys/types.h>

#include "common/types.h"

/* Longest text of the file that is read. */
#define MODULE_TEXT_MAX	16384

/* Open the file. Returns a descriptor, or -1 if the module is not loaded or ends. */
int module_open(void);
/*
 * Read what is guarded, as text; the second read of a descriptor waits for a change. Returns false,
 * with an empty text, if the module ends.
 */
bool module_read(int fd, char text[MODULE_TEXT_MAX]);
/* Whether such a text has a device, "MAJOR:MINOR". */
bool module_text_has(const char *text, const char *device);
/*
 * Whether a process may be one of its servers, which are threads of the kernel. All processes of
 * other namespaces, theirs and others, have the id 0, and are taken for none.
 */
bool module_has_server(pid_t pid);

#endif
