/* SPDX-License-Identifier: GPL-2.0-only */
/* Removing a directory with all below, while others change it. */
#ifndef _DITTO_CTL_SNAPSHOT_REMOVE_H
#define _DITTO_CTL_SNAPSHOT_REMOVE_H

#include <stdbool.h>

/*
 * Remove directory @name of the directory @folder, and nothing outside of it, whatever its owners
 * put there. Returns false with errno; then some of it may be left.
 */
bool snapshot_remove(int folder, const char *name);

#endif
