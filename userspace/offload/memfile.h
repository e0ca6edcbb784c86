/* SPDX-License-Identifier: GPL-2.0-only */
/* Files in memory, which another process gets. */
#ifndef _DITTO_OFFLOAD_MEMFILE_H
#define _DITTO_OFFLOAD_MEMFILE_H

#include "types.h"

/* Create a file with this content that nobody can change. Returns it or a negative errno. */
int memfile_new(const void *content, size_t size);

#endif
