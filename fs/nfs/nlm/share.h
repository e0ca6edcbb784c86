/* SPDX-License-Identifier: GPL-2.0-only */
/* Share reservations: SHARE and UNSHARE of NLM version 3 and later. */
#ifndef _DITTO_FS_NFS_NLM_SHARE_H
#define _DITTO_FS_NFS_NLM_SHARE_H

struct dnlm_client;

void dnlm_shares_drop(struct dnlm_client *client);

#endif
