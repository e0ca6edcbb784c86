/* SPDX-License-Identifier: GPL-2.0-only */
/* Error numbers and what NLM and NSM call them. */
#ifndef _DITTO_FS_NFS_NLM_STATUS_H
#define _DITTO_FS_NFS_NLM_STATUS_H

#include <linux/types.h>

/* @err is 0 or a negative errno. */
u32 dnlm4_status(int err);
/* For versions 1 and 3, which know the first five only. */
u32 dnlm3_status(int err);
u32 dnsm_status(int err);

#endif
