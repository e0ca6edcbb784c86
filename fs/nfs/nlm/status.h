/* SPDX-License-Identifier: GPL-2.0-only */
/* Translation of errnos to the status numbers of NLM and NSM. */
#ifndef _DITTO_FS_NFS_NLM_STATUS_H
#define _DITTO_FS_NFS_NLM_STATUS_H

#include <linux/types.h>

/**
 * dnlm4_status - translate an errno to a status of NLM version 4
 * @err: 0 or a negative errno
 *
 * Return: enum nlm_status; NLM4_FAILED for an errno without a row.
 */
u32 dnlm4_status(int err);

/**
 * dnlm3_status - translate an errno to a status of NLM versions 1 and 3
 * @err: 0 or a negative errno
 *
 * Return: one of the first five of enum nlm_status; NLM_DENIED_NOLOCKS for an errno without a row.
 */
u32 dnlm3_status(int err);

/**
 * dnsm_status - translate an errno to a result of NSM
 * @err: 0 or a negative errno
 *
 * Return: enum nsm_result.
 */
u32 dnsm_status(int err);

#endif
