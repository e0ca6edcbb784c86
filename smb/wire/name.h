/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Conversion of names between the wire (UTF-16, little endian, '\') and the server (UTF-8, '/').
 *
 * Characters that Windows does not allow in names but file systems do ("*:<>?\| and control
 * characters, and a dot or space at the end) are sent as U+F001 to U+F029, the mapping of Services
 * for Macintosh. Bytes that are not valid UTF-8 are sent as U+F780 to U+F7FF. Names of streams may
 * contain most of those characters, and are sent unmapped.
 *
 * Windows accepts half a surrogate pair as a character. It is stored as the three bytes that UTF-8
 * would have for its number. So every name of a file system has exactly one form on the wire, and
 * that form maps back to the same name.
 */
#ifndef _DITTO_SMB_WIRE_NAME_H
#define _DITTO_SMB_WIRE_NAME_H

#include <linux/types.h>
#include <linux/unaligned.h>

#include "cursor.h"
#include "status.h"

struct dsmb_builder;

/* UTF-16 units in one component (MS-FSCC section 2.1.5.2), and in a pattern. */
#define DSMB_NAME_UNITS		255

/**
 * struct dsmb_path - a parsed path of CREATE or a rename
 * @path: components separated by '/', in UTF-8, without a leading '/'; empty for the share's root
 * @len: bytes of @path
 * @stream: name of the stream, the part behind the first ':' of the last component; or NULL
 * @stream_len: bytes of @stream
 * @data: the path ended with "::$DATA", the unnamed stream, so it must not be a directory
 * @directory: it ended with "::$INDEX_ALLOCATION", so it must be a directory
 * @slash: it ended with a separator
 * @folded: it had empty components, "." or ".."
 * @posix: the path came with '/' as separator, and has no stream
 * @buf: memory of @path and @stream; freed by dsmb_path_free()
 */
struct dsmb_path {
	char *path;
	u32 len;
	char *stream;
	u32 stream_len;
	bool data;
	bool directory;
	bool slash;
	bool folded;
	bool posix;
	char *buf;
};

/* name.c */
int dsmb_path_parse(struct dsmb_path *path, struct dsmb_cursor utf16);
int dsmb_path_parse_posix(struct dsmb_path *path, struct dsmb_cursor utf16);

/* The NTSTATUS for an error of dsmb_path_parse(). */
static inline u32 dsmb_path_status(int err)
{
	return err == -EXDEV ? STATUS_OBJECT_PATH_SYNTAX_BAD : dsmb_status(err);
}

void dsmb_path_free(struct dsmb_path *path);
u64 dsmb_path_hash(const struct dsmb_path *path);
void dsmb_unmap_ends(__le16 *utf16, u32 units);

/* Characters that are themselves on the wire, unless they are the last one; see name.c. */
extern const bool dsmb_plain[0x100];

u32 dsmb_encode_name(struct dsmb_builder *b, const char *name, u32 len);

/*
 * Write a name, not an empty one, as dsmb_encode_name() does, if all of its characters are
 * themselves on the wire; @out has room for them. Listings do this for each entry, so it is seen
 * only at the end whether there was another one. Return: false if there was; what is at @out is of
 * no use then.
 */
static inline bool dsmb_put_plain_name(void *out, const u8 *name, u32 len)
{
	bool plain = true;
	u32 i;

	for (i = 0; i < len; i++) {
		u8 c = name[i];

		put_unaligned_le16(c, out + 2 * i);
		plain &= dsmb_plain[c];
	}
	return plain && name[len - 1] != ' ' && name[len - 1] != '.';
}

u32 dsmb_encode_posix_name(struct dsmb_builder *b, const char *name, u32 len);
u32 dsmb_encode_string(struct dsmb_builder *b, const char *name, u32 len);
u32 dsmb_encode_path(struct dsmb_builder *b, const char *path, u32 len);
char *dsmb_get_string(struct dsmb_cursor utf16);
char *dsmb_get_posix_string(struct dsmb_cursor utf16);
int dsmb_get_name(struct dsmb_cursor utf16, char *out, u32 *len);
int dsmb_get_posix_name(struct dsmb_cursor utf16, char *out, u32 *len);

/* match.c */
bool dsmb_match(const __le16 *pattern, u32 pattern_len, const __le16 *name, u32 name_len);
bool dsmb_is_pattern(const __le16 *pattern, u32 pattern_len);

/* Make and free the table of letters of dsmb_match(); without it only ASCII letters have case. */
void dsmb_match_init(void);
void dsmb_match_exit(void);

/* Number of letters that were folded, for tests. */
extern unsigned long dsmb_folds;

#endif
