/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ditto-guard tells dittoctl: a file with a line "BY UUID PATH" for each file system with
 * offloaded files that is mounted. While ditto-guard runs, it has another file locked (flock(2)).
 */
#ifndef _DITTO_GUARD_STATUS_H
#define _DITTO_GUARD_STATUS_H

#define GUARD_STATUS_PATH	"/run/ditto/guard"
#define GUARD_LOCK_PATH		"/run/ditto/guard.lock"

/* Who guards the file system. */
#define GUARD_BY_MODULE		"ditto.ko"
#define GUARD_BY_GUARD		"ditto-guard"
#define GUARD_BY_NONE		"nobody"

#endif
