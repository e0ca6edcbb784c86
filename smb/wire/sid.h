/* SPDX-License-Identifier: GPL-2.0-only */
/* Security identifiers on the wire, see fs/acl/sid.h. */
#ifndef _DITTO_SMB_WIRE_SID_H
#define _DITTO_SMB_WIRE_SID_H

#include "../../fs/acl/sid.h"

struct dsmb_builder;
struct dsmb_cursor;

bool dsmb_get_sid(struct dsmb_cursor *c, struct ditto_sid *sid);
void dsmb_encode_sid(struct dsmb_builder *b, const struct ditto_sid *sid);

#endif
