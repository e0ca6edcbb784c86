/* SPDX-License-Identifier: GPL-2.0-only */
/* Security identifiers on the wire, see fs/acl/sid.h. */
#ifndef _DITTO_SMB_WIRE_SID_H
#define _DITTO_SMB_WIRE_SID_H

#include "../../fs/acl/sid.h"

struct dsmb_builder;
struct dsmb_cursor;

/**
 * dsmb_get_sid - decode a SID
 * @c: positioned at the SID; marked as bad if there is none
 * @sid: filled
 *
 * MS-DTYP section 2.4.2.2.
 *
 * Return: false if there is no valid SID.
 */
bool dsmb_get_sid(struct dsmb_cursor *c, struct ditto_sid *sid);

/**
 * dsmb_encode_sid - encode a SID
 * @b: buffer
 * @sid: the SID
 */
void dsmb_encode_sid(struct dsmb_builder *b, const struct ditto_sid *sid);

#endif
