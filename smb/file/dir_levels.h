/* SPDX-License-Identifier: GPL-2.0-only */
/* Directory entries in the form of each information class: MS-FSCC section 2.4. */
#ifndef _DITTO_SMB_FILE_DIR_LEVELS_H
#define _DITTO_SMB_FILE_DIR_LEVELS_H

#include <linux/types.h>

struct dsmb_attrs;
struct dsmb_builder;

/**
 * struct dsmb_dir_level - an information class of QUERY_DIRECTORY
 * @class: FileInformationClass
 * @least: bytes of an entry without its name
 * @attrs: entries contain attributes, not only names
 * @posix: only with the POSIX extensions
 * @put: encodes an entry from behind NextEntryOffset and FileIndex up to the name; returns the
 *	offset of FileNameLength
 * @shortname_at: offset of ShortNameLength in an entry, with ShortName two bytes behind it; 0 if
 *	the class has no short names
 */
struct dsmb_dir_level {
	u8 class;
	u8 least;
	bool attrs;
	bool posix;
	u32 (*put)(struct dsmb_builder *b, const struct dsmb_attrs *attrs);
	u8 shortname_at;
};

/**
 * dsmb_dir_level - look up an information class of QUERY_DIRECTORY
 * @class: FileInformationClass
 *
 * Return: the class, or NULL if it is unknown.
 */
const struct dsmb_dir_level *dsmb_dir_level(u8 class);

#endif
