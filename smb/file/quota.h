/* SPDX-License-Identifier: GPL-2.0-only */
/* Quotas of users (MS-FSCC section 2.4.41), which are queried and set on any file of the volume. */
#ifndef _DITTO_SMB_FILE_QUOTA_H
#define _DITTO_SMB_FILE_QUOTA_H

#include "info.h"

bool dsmb_is_quota_file(struct dsmb_cursor utf16);
void dsmb_quota_file_attrs(struct dsmb_attrs *attrs);

extern const struct dsmb_query_class dsmb_query_quota_class[];

u32 dsmb_set_quota(struct dsmb_change *c);

#endif
