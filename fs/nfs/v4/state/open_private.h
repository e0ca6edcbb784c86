/* SPDX-License-Identifier: GPL-2.0-only */
/* Internals of the state code, shared by open.c and locks.c. */
#ifndef _DITTO_FS_NFS_V4_STATE_OPEN_PRIVATE_H
#define _DITTO_FS_NFS_V4_STATE_OPEN_PRIVATE_H

#include "open.h"

void dnfs4_open_close_locks(struct dnfs4_open *open);

#endif
