// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encoding of directory entries for each information class: MS-FSCC sections 2.4.10, 2.4.17 to
 * 2.4.24 and 2.4.30. A table lists the classes; a function of each writes the fields that are at
 * the same place in every entry, without checks of their own, because listings do this for each.
 */

#include "attrs.h"
#include "dir_levels.h"
#include "info.h"

/* NextEntryOffset and FileIndex */
#define DSMB_DIR_START		8
/* ShortNameLength, a reserved byte, ShortName */
#define DSMB_SHORT_BYTES	(1 + 1 + 24)
/* End of times, sizes and FileAttributes, the start of every class except names. */
#define DSMB_HEAD_END	(DSMB_DIR_START + DSMB_TIMES_BYTES + 8 + 8 + 4)
/* End of FileNameLength behind it. */
#define DSMB_LENGTH_END	(DSMB_HEAD_END + 4)

static void dsmb_dir_put_head(u8 *entry, const struct dsmb_attrs *attrs)
{
	u8 *p = entry + DSMB_DIR_START + DSMB_TIMES_BYTES;

	dsmb_put_times(entry + DSMB_DIR_START, attrs);
	put_unaligned_le64(attrs->size, p);
	put_unaligned_le64(attrs->allocation, p + 8);
	put_unaligned_le32(attrs->flags, p + 16);
}

/* EaSize, which is the reparse tag for a reparse point. */
static void dsmb_dir_put_full(u8 *entry, const struct dsmb_attrs *attrs)
{
	dsmb_dir_put_head(entry, attrs);
	put_unaligned_le32(attrs->reparse_tag, entry + DSMB_LENGTH_END);
}

static void dsmb_dir_put_both(u8 *entry, const struct dsmb_attrs *attrs)
{
	dsmb_dir_put_full(entry, attrs);
	memset(entry + DSMB_LENGTH_END + 4, 0, DSMB_SHORT_BYTES);
}

static void dsmb_dir_put_id_both(u8 *entry, const struct dsmb_attrs *attrs)
{
	u8 *p = entry + DSMB_LENGTH_END;

	dsmb_dir_put_full(entry, attrs);
	memset(p + 4, 0, DSMB_SHORT_BYTES + 2);
	put_unaligned_le64(attrs->file_id, p + 4 + DSMB_SHORT_BYTES + 2);
}

static void dsmb_dir_put_id_full(u8 *entry, const struct dsmb_attrs *attrs)
{
	u8 *p = entry + DSMB_LENGTH_END;

	dsmb_dir_put_full(entry, attrs);
	put_unaligned_le32(0, p + 4);
	put_unaligned_le64(attrs->file_id, p + 8);
}

/* EaSize and ReparsePointTag are separate fields. */
static void dsmb_dir_put_id_64(u8 *entry, const struct dsmb_attrs *attrs)
{
	u8 *p = entry + DSMB_LENGTH_END;

	dsmb_dir_put_head(entry, attrs);
	put_unaligned_le32(0, p);
	put_unaligned_le32(attrs->reparse_tag, p + 4);
	put_unaligned_le64(attrs->file_id, p + 8);
}

static void dsmb_dir_put_id_64_both(u8 *entry, const struct dsmb_attrs *attrs)
{
	dsmb_dir_put_id_64(entry, attrs);
	memset(entry + DSMB_LENGTH_END + 16, 0, DSMB_SHORT_BYTES);
}

/* The upper half of the file id. */
static void dsmb_dir_put_id_extd(u8 *entry, const struct dsmb_attrs *attrs)
{
	dsmb_dir_put_id_64(entry, attrs);
	put_unaligned_le64(0, entry + DSMB_LENGTH_END + 16);
}

static void dsmb_dir_put_name(u8 *entry, const struct dsmb_attrs *attrs)
{
}

static const struct dsmb_dir_level dsmb_dir_levels[] = {
	{ DSMB_FILE_DIRECTORY, 64, 64, DSMB_HEAD_END, 0, true, false, dsmb_dir_put_head },
	{ DSMB_FILE_FULL_DIRECTORY, 68, 68, DSMB_HEAD_END, 0, true, false, dsmb_dir_put_full },
	{ DSMB_FILE_BOTH_DIRECTORY, 94, 94, DSMB_HEAD_END, 68, true, false, dsmb_dir_put_both },
	{ DSMB_FILE_NAMES, 12, 12, DSMB_DIR_START, 0, false, false, dsmb_dir_put_name },
	{ DSMB_FILE_ID_BOTH_DIRECTORY, 104, 104, DSMB_HEAD_END, 68, true, false,
	  dsmb_dir_put_id_both },
	{ DSMB_FILE_ID_FULL_DIRECTORY, 80, 80, DSMB_HEAD_END, 0, true, false,
	  dsmb_dir_put_id_full },
	{ DSMB_FILE_ID_EXTD_DIRECTORY, 88, 88, DSMB_HEAD_END, 0, true, false,
	  dsmb_dir_put_id_extd },
	{ DSMB_FILE_ID_64_EXTD_DIRECTORY, 80, 80, DSMB_HEAD_END, 0, true, false,
	  dsmb_dir_put_id_64 },
	{ DSMB_FILE_ID_64_EXTD_BOTH, 106, 106, DSMB_HEAD_END, 80, true, false,
	  dsmb_dir_put_id_64_both },
	{ DSMB_FILE_POSIX, 128, DSMB_HEAD_END, 0, 0, true, true, dsmb_dir_put_head },
};

/* Look up an information class of QUERY_DIRECTORY. Return: the class, or NULL if it is unknown. */
const struct dsmb_dir_level *dsmb_dir_level(u8 class)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(dsmb_dir_levels); i++)
		if (dsmb_dir_levels[i].class == class)
			return &dsmb_dir_levels[i];
	return NULL;
}
