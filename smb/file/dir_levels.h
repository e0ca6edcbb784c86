/* SPDX-License-Identifier: GPL-2.0-only */
/* Entries of a listing as the information classes have them: MS-FSCC section 2.4. */
#ifndef _DITTO_SMB_FILE_DIR_LEVELS_H
#define _DITTO_SMB_FILE_DIR_LEVELS_H

#include <linux/types.h>

struct dsmb_attrs;
struct dsmb_builder;

/**
 * struct dsmb_dir_level - an information class of listings
 * @class: FileInformationClass
 * @least: bytes of an entry without its name
 * @attrs: it has more than names
 * @posix: only with the POSIX extensions
 * @put: writes what comes behind NextEntryOffset and FileIndex and before the name; returns
 *	the place of FileNameLength
 * @shortname_at: ShortNameLength in an entry, with ShortName two bytes behind; 0 without
 */
struct dsmb_dir_level {
	u8 class;
	u8 least;
	bool attrs;
	bool posix;
	u32 (*put)(struct dsmb_builder *b, const struct dsmb_attrs *attrs);
	u8 shortname_at;
};

/* NULL for an unknown class. */
const struct dsmb_dir_level *dsmb_dir_level(u8 class);

#endif
