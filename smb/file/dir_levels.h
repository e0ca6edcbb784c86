/* SPDX-License-Identifier: GPL-2.0-only */
/* Directory entries in the form of each information class: MS-FSCC section 2.4. */
#ifndef _DITTO_SMB_FILE_DIR_LEVELS_H
#define _DITTO_SMB_FILE_DIR_LEVELS_H

#include <linux/types.h>

struct dsmb_attrs;

/**
 * struct dsmb_dir_level - an information class of QUERY_DIRECTORY
 * @class: FileInformationClass
 * @least: bytes of an entry without its name; with @posix, including the shortest owner and group
 * @fixed: bytes of an entry that are at the same place in each
 * @length_at: offset of FileNameLength in an entry; with @posix it is behind the owner and group,
 *	which are behind @fixed
 * @shortname_at: offset of ShortNameLength in an entry, with ShortName two bytes behind it; 0 if
 *	the class has no short names
 * @attrs: entries contain attributes, not only names
 * @posix: only with the POSIX extensions
 * @put: writes the @fixed bytes of an entry but for the first eight, which are NextEntryOffset and
 *	FileIndex; it need not write FileNameLength
 */
struct dsmb_dir_level {
	u8 class;
	u8 least;
	u8 fixed;
	u8 length_at;
	u8 shortname_at;
	bool attrs;
	bool posix;
	void (*put)(u8 *entry, const struct dsmb_attrs *attrs);
};

const struct dsmb_dir_level *dsmb_dir_level(u8 class);

#endif
