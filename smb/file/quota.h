/* SPDX-License-Identifier: GPL-2.0-only */
/* Quotas of users: MS-FSCC section 2.4.41, asked and set on any file of the volume. */
#ifndef _DITTO_SMB_FILE_QUOTA_H
#define _DITTO_SMB_FILE_QUOTA_H

#include "info.h"

/*
 * Clients open "$Extend\$Quota:$Q:$INDEX_ALLOCATION" (MS-FSCC 2.1.5.4.2) to ask about quotas.
 * Here it is another name of the root, good for that only.
 */
bool dsmb_is_quota_file(struct dsmb_cursor utf16);
/* Of the root's attributes: what clients know of that file. */
void dsmb_quota_file_attrs(struct dsmb_attrs *attrs);

extern const struct dsmb_query_class dsmb_query_quota_class[];
u32 dsmb_set_quota(struct dsmb_change *c);

#endif
