// SPDX-License-Identifier: GPL-2.0-only
/* Metadata of macOS in listings, see apple_entry.h. */
#include <linux/string.h>
#include <linux/unaligned.h>

#include "../../fs/node/node.h"
#include "../../fs/open/stream.h"
#include "../../fs/op/check/rights.h"
#include "../auth/tree.h"
#include "../share_options.h"
#include "../transport/call.h"
#include "../wire/apple.h"
#include "apple_entry.h"
#include "apple_stream.h"
#include "info.h"

/* Offsets in FileIdBothDirectoryInformation: EaSize, ShortNameLength, ShortName, Reserved2. */
#define DSMB_ENTRY_EA_SIZE	64
#define DSMB_ENTRY_SHORT_LEN	68
#define DSMB_ENTRY_SHORT	70
#define DSMB_ENTRY_RESERVED	94

/* Offsets in FinderInfo, which is big endian, here as in the entry. */
#define DSMB_FINDER_FLAGS	8
#define DSMB_FINDER_DATE_ADDED	20
#define DSMB_FINDER_EXT_FLAGS	24

/* True if listings of this class have the metadata for the client of @call. */
bool dsmb_apple_lists(const struct dsmb_call *call, u8 class)
{
	return class == DSMB_FILE_ID_BOTH_DIRECTORY &&
	       dsmb_share_apple_caps(call->op.share, call->session) & DSMB_APPLE_READ_DIR_ATTR;
}

/* Type and creator are of files; a directory has its window there. */
static void dsmb_finder_compress(const u8 *info, umode_t mode, u8 *finder)
{
	if (S_ISREG(mode))
		memcpy(finder, info, 8);
	memcpy(finder + 8, info + DSMB_FINDER_FLAGS, 2);
	memcpy(finder + 10, info + DSMB_FINDER_EXT_FLAGS, 2);
	memcpy(finder + 12, info + DSMB_FINDER_DATE_ADDED, 4);
}

/* Reads the metadata of @node; @parent is the listed directory, or NULL if another file system. */
void dsmb_apple_entry_fill(const struct dsmb_call *call, struct ditto_op *op,
			   struct ditto_node *node, struct ditto_node *parent,
			   struct dsmb_apple_entry *entry)
{
	umode_t mode = node->inode->i_mode;
	u8 info[DSMB_AFP_INFO_SIZE];
	struct ditto_stream_peek peeks[] = {
		{
			.name = { .name = DSMB_AFP_INFO_NAME,
				  .len = sizeof(DSMB_AFP_INFO_NAME) - 1 },
			.buf = info,
			.len = sizeof(info),
		}, {
			.name = { .name = DSMB_AFP_RESOURCE_NAME,
				  .len = sizeof(DSMB_AFP_RESOURCE_NAME) - 1 },
		},
	};

	*entry = (struct dsmb_apple_entry) { .mode = mode };
	if (!ditto_rights(op, node, parent, &entry->access))
		entry->access &= call->tree->maximal;
	if ((!S_ISREG(mode) && !S_ISDIR(mode)) || !(entry->access & DITTO_RIGHT_READ_DATA))
		return;
	ditto_streams_peek(op, node, peeks, ARRAY_SIZE(peeks));
	if (peeks[0].size >= sizeof(info))
		dsmb_finder_compress(info + DSMB_AFP_FINDER_AT, mode, entry->finder);
	/* A directory has none. */
	if (S_ISREG(mode))
		entry->resource_size = peeks[1].size;
}

/* Writes the metadata over the fields of an encoded entry at @to. */
void dsmb_apple_entry_put(const struct dsmb_apple_entry *entry, u8 *to,
			  const struct dsmb_attrs *attrs)
{
	/* A reparse point has its tag there, and the client assumes that it may do everything. */
	if (!attrs->reparse_tag)
		put_unaligned_le32(entry->access, to + DSMB_ENTRY_EA_SIZE);
	to[DSMB_ENTRY_SHORT_LEN] = sizeof(entry->resource_size) + sizeof(entry->finder);
	put_unaligned_le64(entry->resource_size, to + DSMB_ENTRY_SHORT);
	memcpy(to + DSMB_ENTRY_SHORT + sizeof(entry->resource_size), entry->finder,
	       sizeof(entry->finder));
	put_unaligned_le16(entry->mode, to + DSMB_ENTRY_RESERVED);
}
