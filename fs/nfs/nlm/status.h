/* SPDX-License-Identifier: GPL-2.0-only */
/* Translation of errnos to the status numbers of NLM and NSM. */
#ifndef _DITTO_FS_NFS_NLM_STATUS_H
#define _DITTO_FS_NFS_NLM_STATUS_H

#include <linux/types.h>

u32 dnlm4_status(int err);
u32 dnlm3_status(int err);
u32 dnsm_status(int err);

#endif
