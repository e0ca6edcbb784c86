/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All operations, each in the file that implements it.
 */
#ifndef _DITTO_FS_NFS_V4_OPS_H
#define _DITTO_FS_NFS_V4_OPS_H

#include "compound.h"


#endif
