/* SPDX-License-Identifier: GPL-2.0-only */
/* Quotas of users (MS-FSCC section 2.4.41), which are queried and set on any file of the volume. */
#ifndef _DITTO_SMB_FILE_QUOTA_H
#define _DITTO_SMB_FILE_QUOTA_H

#include "info.h"

/**
 * dsmb_is_quota_file - check for the name of the quota file
 * @utf16: name of a CREATE
 *
 * Clients open "$Extend\$Quota:$Q:$INDEX_ALLOCATION" (MS-FSCC section 2.1.5.4.2) to access quotas.
 * Here this is an alias of the share's root that is good for quotas only.
 *
 * Return: true if @utf16 is that name.
 */
bool dsmb_is_quota_file(struct dsmb_cursor utf16);

/**
 * dsmb_quota_file_attrs - turn attributes of the share's root into attributes of the quota file
 * @attrs: attributes of the root; changed
 */
void dsmb_quota_file_attrs(struct dsmb_attrs *attrs);

extern const struct dsmb_query_class dsmb_query_quota_class[];

/**
 * dsmb_set_quota - set quotas of users
 * @c: the change
 *
 * MS-FSCC section 2.4.41.
 *
 * Return: a status or DSMB_PARKED.
 */
u32 dsmb_set_quota(struct dsmb_change *c);

#endif
