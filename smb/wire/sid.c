// SPDX-License-Identifier: GPL-2.0-only
/* Security identifiers on the wire: MS-DTYP section 2.4.2. */

#include "builder.h"
#include "cursor.h"
#include "sid.h"

/* Decode a SID. MS-DTYP section 2.4.2.2. Return: false if there is no valid SID. */
bool dsmb_get_sid(struct dsmb_cursor *c, struct ditto_sid *sid)
{
	u32 len = c->bad ? 0 : ditto_sid_decode(c->data + c->pos, dsmb_left(c), sid);

	if (!len) {
		sid->nsubs = 0;
		c->bad = true;
		return false;
	}
	dsmb_skip(c, len);
	return true;
}

/* Encode a SID. */
void dsmb_encode_sid(struct dsmb_builder *b, const struct ditto_sid *sid)
{
	u8 *bytes = dsmb_builder_reserve(b, ditto_sid_size(sid));

	if (bytes)
		ditto_sid_encode(sid, bytes);
}
