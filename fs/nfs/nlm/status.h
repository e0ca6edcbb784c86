/* SPDX-License-Identifier: GPL-2.0-only */
/* Translation of errnos to the status numbers of NLM and NSM. */
#ifndef _DITTO_FS_NFS_NLM_STATUS_H
#define _DITTO_FS_NFS_NLM_STATUS_H

#include <linux/types.h>

/* The status of NLM version 4 for 0 or a negative errno. */
u32 dnlm4_status(int err);
/* The status of versions 1 and 3, which have only the first five numbers. */
u32 dnlm3_status(int err);
/* The result of NSM for 0 or a negative errno. */
u32 dnsm_status(int err);

#endif
