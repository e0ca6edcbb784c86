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

#define DSMB_SHORT_NAME		24

/* Times, sizes, FileAttributes: the start of every class except names. */
static void dsmb_dir_encode_head(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	u8 *p;

	dsmb_encode_times(b, attrs);
	p = dsmb_room(b, 8 + 8 + 4);
	if (!p)
		return;
	put_unaligned_le64(attrs->size, p);
	put_unaligned_le64(attrs->allocation, p + 8);
	put_unaligned_le32(attrs->flags, p + 16);
}

static u32 dsmb_dir_encode_name_len(struct dsmb_builder *b)
{
	u32 at = b->len;

	dsmb_encode_u32(b, 0);
	return at;
}

static u32 dsmb_dir_encode_common(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	dsmb_dir_encode_head(b, attrs);
	return dsmb_dir_encode_name_len(b);
}

/* EaSize, which is the reparse tag for a reparse point. */
static void dsmb_dir_encode_ea(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	dsmb_encode_u32(b, attrs->reparse_tag);
}

static u32 dsmb_dir_encode_full(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	u32 at = dsmb_dir_encode_common(b, attrs);

	dsmb_dir_encode_ea(b, attrs);
	return at;
}

static u32 dsmb_dir_encode_both(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	u32 at = dsmb_dir_encode_full(b, attrs);

	dsmb_builder_reserve(b, 2 + DSMB_SHORT_NAME);
	return at;
}

static u32 dsmb_dir_encode_id_both(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	u32 at = dsmb_dir_encode_both(b, attrs);

	dsmb_encode_u16(b, 0);
	dsmb_encode_u64(b, attrs->file_id);
	return at;
}

static u32 dsmb_dir_encode_id_full(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	u32 at = dsmb_dir_encode_full(b, attrs);

	dsmb_encode_u32(b, 0);
	dsmb_encode_u64(b, attrs->file_id);
	return at;
}

/* EaSize and ReparsePointTag are separate fields. */
static u32 dsmb_dir_encode_id_64(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	u32 at = dsmb_dir_encode_common(b, attrs);

	dsmb_encode_u32(b, 0);
	dsmb_encode_u32(b, attrs->reparse_tag);
	dsmb_encode_u64(b, attrs->file_id);
	return at;
}

static u32 dsmb_dir_encode_id_64_both(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	u32 at = dsmb_dir_encode_id_64(b, attrs);

	dsmb_builder_reserve(b, 2 + DSMB_SHORT_NAME);
	return at;
}

static u32 dsmb_dir_encode_id_extd(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	u32 at = dsmb_dir_encode_id_64(b, attrs);

	dsmb_encode_u64(b, 0);
	return at;
}

static u32 dsmb_dir_encode_names(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	return dsmb_dir_encode_name_len(b);
}

static u32 dsmb_dir_encode_posix(struct dsmb_builder *b, const struct dsmb_attrs *attrs)
{
	dsmb_dir_encode_head(b, attrs);
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
