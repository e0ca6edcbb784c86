/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names between the wire (UTF-16, little endian, '\') and the server (UTF-8, '/').
 *
 * Characters that Windows refuses in names but file systems hold ("*:<>?\| and
 * controls, a last dot or space) travel as U+F001 to U+F029, as Services for Macintosh
 * map them; bytes that are no UTF-8 as U+F780 to U+F7FF. Names of streams hold
 * most of those characters, and travel as they are.
 *
 * Half a surrogate pair, which Windows takes for a character, is kept as the three
 * bytes that UTF-8 would have for its number. So every name of a file system has one
 * form on the wire, and that form comes back to it.
 */
#ifndef _DITTO_SMB_FILE_NAME_H
#define _DITTO_SMB_FILE_NAME_H

#include <linux/types.h>

#include "../transport/cursor.h"

struct dsmb_builder;

/* Units of UTF-16 in one component (MS-FSCC 2.1.5.2), and in a pattern. */
#define DSMB_NAME_UNITS		255

/**
 * struct dsmb_path - a path as CREATE and rename have it, taken apart
 * @path: components with '/' between, UTF-8, no leading '/'; empty for the share's root
 * @len: bytes
 * @stream: behind the first ':' of the last component, or NULL
 * @stream_len: bytes
 * @data: it ended with "::$DATA": the file's own data, and so no directory
 * @posix: it came with '/' between, and no stream
 * @buf: holds both; freed by dsmb_path_free()
 */
struct dsmb_path {
	char *path;
	u32 len;
	char *stream;
	u32 stream_len;
	bool data;
	bool posix;
	char *buf;
};

/*
 * Parse a path: "a\b:stream:$DATA". "::$DATA" is the file itself. Return: 0,
 * -EILSEQ (OBJECT_NAME_INVALID: bad characters, empty components, a type other
 * than $DATA), -ENAMETOOLONG, -ENOMEM, -EINVAL (odd length, leading '\').
 */
int dsmb_path_parse(struct dsmb_path *path, struct dsmb_cursor utf16);
/*
 * The same of an open with the POSIX extensions: "a/b", all other characters as they are,
 * or mapped as above, which clients do that do not know better.
 */
int dsmb_path_parse_posix(struct dsmb_path *path, struct dsmb_cursor utf16);
void dsmb_path_free(struct dsmb_path *path);

/* A name of the server in UTF-16. Return: bytes put; b->full tells if it did not fit. */
u32 dsmb_put_name(struct dsmb_builder *b, const char *name, u32 len);
/* The same for an open with the POSIX extensions: no character is mapped. */
u32 dsmb_put_posix_name(struct dsmb_builder *b, const char *name, u32 len);
/* The same for the name of a stream, and for a string that is no file's name. */
u32 dsmb_put_string(struct dsmb_builder *b, const char *name, u32 len);
/* A path of components with '/' between; '\\' between them on the wire, none before the first. */
u32 dsmb_put_path(struct dsmb_builder *b, const char *path, u32 len);
/* A string of the wire to UTF-8, as it is, terminated; kmalloc()ed. ERR_PTR(-EILSEQ), -ENOMEM. */
char *dsmb_get_string(struct dsmb_cursor utf16);
/* The target of a link by an open with the POSIX extensions, mapped or not; the same errors. */
char *dsmb_get_posix_string(struct dsmb_cursor utf16);
/* One component of the wire to UTF-8, in @out of NAME_MAX + 1 bytes; -EILSEQ, -ENAMETOOLONG. */
int dsmb_get_name(struct dsmb_cursor utf16, char *out, u32 *len);
/* The same of an open with the POSIX extensions. */
int dsmb_get_posix_name(struct dsmb_cursor utf16, char *out, u32 *len);

/**
 * dsmb_match - does a name match a pattern with * ? < > " (MS-FSA 2.1.4.4)
 * @pattern: UTF-16
 * @pattern_len: units, at most DSMB_NAME_UNITS
 * @name: UTF-16
 * @name_len: units
 *
 * The case of letters does not count.
 */
bool dsmb_match(const __le16 *pattern, u32 pattern_len, const __le16 *name, u32 name_len);
/* Is one of those characters in the pattern? */
bool dsmb_is_pattern(const __le16 *pattern, u32 pattern_len);

/* The table of letters for dsmb_match(); without it only those of ASCII have case. */
void dsmb_match_init(void);
void dsmb_match_exit(void);

#endif
