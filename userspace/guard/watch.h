/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opens of files in the file systems that are watched: the kernel asks before each, and one of a
 * file with a record of offloaded data is refused.
 *
 * Each file system has threads of its own, so that a disk that hangs holds up no other. They do
 * nothing but to look for the record of the file that they are given, and answer; no memory is
 * allocated and no file of a disk is opened. The queue has no limit, since the kernel lets opens
 * pass for which there is no room; there is one entry for each task that waits.
 */
#ifndef _DITTO_GUARD_WATCH_H
#define _DITTO_GUARD_WATCH_H

#include "common/types.h"
#include "text.h"

/* Bytes of a device, "MAJOR:MINOR". */
#define WATCH_DEVICE_MAX	24

/*
 * Watch the file system with a device, of which @fd is a directory; once more does no harm. Returns
 * false and fills @why on errors.
 */
bool watch_begin(const char *device, int fd, struct why *why);
/* No longer. A file system that is unmounted needs no call. */
void watch_end(const char *device, int fd);

#endif
