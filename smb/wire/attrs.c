// SPDX-License-Identifier: GPL-2.0-only
/* Attributes of a file on the wire. See attrs.h. */
#include "attrs.h"
#include "builder.h"

/* Encode CreationTime, LastAccessTime, LastWriteTime and ChangeTime. @b: buffer; gets 32 bytes. */
void dsmb_encode_times(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	void *p = dsmb_room(b, DSMB_TIMES_BYTES);

	if (p)
		dsmb_put_times(p, attrs);
}

/*
 * Encode times, AllocationSize, EndOfFile and FileAttributes. @b: buffer; gets 52 bytes. The layout
 * of CREATE, CLOSE and MS-FSCC section 2.4.29.
 */
void dsmb_encode_attrs(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	dsmb_encode_times(b, attrs);
	dsmb_encode_u64(b, attrs->allocation);
	dsmb_encode_u64(b, attrs->size);
	dsmb_encode_u32(b, attrs->flags);
}
