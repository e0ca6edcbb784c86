// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encoding of directory entries for each information class: MS-FSCC sections 2.4.10, 2.4.17 to
 * 2.4.24 and 2.4.30. Each function encodes the fields up to the name; a table lists the classes.
 */

#include "../transport/builder.h"
#include "attrs.h"
#include "dir_levels.h"
#include "info.h"
#include "posix.h"

/* ShortNameLength, a reserved byte, ShortName */
#define DSMB_SHORT_BYTES	(1 + 1 + 24)

/* Bytes of times, sizes and FileAttributes, the start of every class except names. */
#define DSMB_DIR_HEAD_BYTES	(DSMB_TIMES_BYTES + 8 + 8 + 4)

static void dsmb_dir_put_head(u8 *p, const struct dsmb_attrs *attrs)
{
	dsmb_put_times(p, attrs);
	p += DSMB_TIMES_BYTES;
	put_unaligned_le64(attrs->size, p);
	put_unaligned_le64(attrs->allocation, p + 8);
	put_unaligned_le32(attrs->flags, p + 16);
}

/*
 * The head and FileNameLength, with @bytes behind them, at once, because listings do this for each
 * entry. Return: these bytes, which must be filled; NULL if there is no room.
 */
static __always_inline u8 *dsmb_dir_begin(struct dsmb_builder *b, const struct dsmb_attrs *attrs,
					  u32 bytes, u32 *len_at)
{
	u8 *p;

	*len_at = b->len + DSMB_DIR_HEAD_BYTES;
	p = dsmb_room(b, DSMB_DIR_HEAD_BYTES + 4 + bytes);
	if (!p)
		return NULL;
	dsmb_dir_put_head(p, attrs);
	p += DSMB_DIR_HEAD_BYTES;
	put_unaligned_le32(0, p);
	return p + 4;
}

static u32 dsmb_dir_encode_common(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	u32 at;

	dsmb_dir_begin(b, attrs, 0, &at);
	return at;
}

/* EaSize, which is the reparse tag for a reparse point. */
static u32 dsmb_dir_encode_full(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	u32 at;
	u8 *p = dsmb_dir_begin(b, attrs, 4, &at);

	if (p)
		put_unaligned_le32(attrs->reparse_tag, p);
	return at;
}

static u32 dsmb_dir_encode_both(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	u32 at;
	u8 *p = dsmb_dir_begin(b, attrs, 4 + DSMB_SHORT_BYTES, &at);

	if (p) {
		put_unaligned_le32(attrs->reparse_tag, p);
		memset(p + 4, 0, DSMB_SHORT_BYTES);
	}
	return at;
}

static u32 dsmb_dir_encode_id_both(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	u32 at;
	u8 *p = dsmb_dir_begin(b, attrs, 4 + DSMB_SHORT_BYTES + 2 + 8, &at);

	if (p) {
		put_unaligned_le32(attrs->reparse_tag, p);
		memset(p + 4, 0, DSMB_SHORT_BYTES + 2);
		put_unaligned_le64(attrs->file_id, p + 4 + DSMB_SHORT_BYTES + 2);
	}
	return at;
}

static u32 dsmb_dir_encode_id_full(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	u32 at;
	u8 *p = dsmb_dir_begin(b, attrs, 4 + 4 + 8, &at);

	if (p) {
		put_unaligned_le32(attrs->reparse_tag, p);
		put_unaligned_le32(0, p + 4);
		put_unaligned_le64(attrs->file_id, p + 8);
	}
	return at;
}

/* EaSize and ReparsePointTag are separate fields. */
static u32 dsmb_dir_encode_id_64(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	u32 at;
	u8 *p = dsmb_dir_begin(b, attrs, 4 + 4 + 8, &at);

	if (p) {
		put_unaligned_le32(0, p);
		put_unaligned_le32(attrs->reparse_tag, p + 4);
		put_unaligned_le64(attrs->file_id, p + 8);
	}
	return at;
}

static u32 dsmb_dir_encode_id_64_both(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	u32 at = dsmb_dir_encode_id_64(b, attrs);

	dsmb_builder_reserve(b, DSMB_SHORT_BYTES);
	return at;
}

static u32 dsmb_dir_encode_id_extd(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	u32 at = dsmb_dir_encode_id_64(b, attrs);

	dsmb_encode_u64(b, 0);
	return at;
}

static u32 dsmb_dir_encode_name_len(struct dsmb_builder *b)
{
	u32 at = b->len;

	dsmb_encode_u32(b, 0);
	return at;
}

static u32 dsmb_dir_encode_names(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	return dsmb_dir_encode_name_len(b);
}

static u32 dsmb_dir_encode_posix(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	u8 *p = dsmb_room(b, DSMB_DIR_HEAD_BYTES);

	if (p)
		dsmb_dir_put_head(p, attrs);
	dsmb_encode_posix(b, attrs);
	return dsmb_dir_encode_name_len(b);
}

static const struct dsmb_dir_level dsmb_dir_levels[] = {
	{ DSMB_FILE_DIRECTORY, 64, true, false, dsmb_dir_encode_common },
	{ DSMB_FILE_FULL_DIRECTORY, 68, true, false, dsmb_dir_encode_full },
	{ DSMB_FILE_BOTH_DIRECTORY, 94, true, false, dsmb_dir_encode_both, 68 },
	{ DSMB_FILE_NAMES, 12, false, false, dsmb_dir_encode_names },
	{ DSMB_FILE_ID_BOTH_DIRECTORY, 104, true, false, dsmb_dir_encode_id_both, 68 },
	{ DSMB_FILE_ID_FULL_DIRECTORY, 80, true, false, dsmb_dir_encode_id_full },
	{ DSMB_FILE_ID_EXTD_DIRECTORY, 88, true, false, dsmb_dir_encode_id_extd },
	{ DSMB_FILE_ID_64_EXTD_DIRECTORY, 80, true, false, dsmb_dir_encode_id_64 },
	{ DSMB_FILE_ID_64_EXTD_BOTH, 106, true, false, dsmb_dir_encode_id_64_both, 80 },
	{ DSMB_FILE_POSIX, 128, true, true, dsmb_dir_encode_posix },
};

const struct dsmb_dir_level *dsmb_dir_level(u8 class)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(dsmb_dir_levels); i++)
		if (dsmb_dir_levels[i].class == class)
			return &dsmb_dir_levels[i];
	return NULL;
}
