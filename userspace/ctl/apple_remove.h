/* SPDX-License-Identifier: GPL-2.0-only */
/* Removal of AppleDouble files, of which nothing that somebody wrote is lost. */
#ifndef _DITTO_CTL_APPLE_REMOVE_H
#define _DITTO_CTL_APPLE_REMOVE_H

#include "common/text.h"

/*
 * Keep writers off an open AppleDouble file until it is closed: they wait. Returns false with @why
 * if there are some already, or if the file system cannot do that.
 */
bool apple_double_hold(int fd, struct why *why);

/*
 * Remove the AppleDouble file @fd, which is held, from its directory. It is called @name there, and
 * @file is what it is about. Returns false with @why, and the file is there, if a writer waits for
 * it, or if one of the two names means another file now.
 */
bool apple_double_remove(int dir, const char *name, int fd, int file, struct why *why);

#endif
