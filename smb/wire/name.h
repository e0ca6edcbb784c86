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

/**
 * dsmb_path_parse - parse a path of the form "a\b:stream:$DATA"
 * @path: filled on success; freed with dsmb_path_free()
 * @utf16: the path as received
 *
 * "::$DATA" is the file itself, "::$INDEX_ALLOCATION" and ":$I30:$INDEX_ALLOCATION" the directory.
 * Empty components and "." are left out, and ".." with the one before it.
 *
 * Return: 0; -EILSEQ (STATUS_OBJECT_NAME_INVALID: invalid characters, or an unknown type of
 *	stream); -ENAMETOOLONG; -ENOMEM; -EXDEV (".." above the root); -EINVAL (odd length, leading
 *	'\', ".." that leads back to the root, or another stream's name with the type of a
 *	directory).
 */
int dsmb_path_parse(struct dsmb_path *path, struct dsmb_cursor utf16);

/**
 * dsmb_path_parse_posix - parse a path of an open with the POSIX extensions, "a/b"
 * @path: filled on success; freed with dsmb_path_free()
 * @utf16: the path as received
 *
 * All characters except '/' stand for themselves. Mapped characters are accepted too, because some
 * clients send them.
 *
 * Return: as dsmb_path_parse().
 */
int dsmb_path_parse_posix(struct dsmb_path *path, struct dsmb_cursor utf16);

/* The NTSTATUS for an error of dsmb_path_parse(). */
static inline u32 dsmb_path_status(int err)
{
	return err == -EXDEV ? STATUS_OBJECT_PATH_SYNTAX_BAD : dsmb_status(err);
}

/**
 * dsmb_path_free - free the memory of a parsed path
 * @path: the path; cleared
 */
void dsmb_path_free(struct dsmb_path *path);

/**
 * dsmb_path_hash - hash a path without regard to case
 * @path: the path, from the root of the tree connect; case matters if it has @posix
 *
 * Return: the hash, as ditto_path_hash() returns it; or 0 without memory.
 */
u64 dsmb_path_hash(const struct dsmb_path *path);

/*
 * Replace what stands for a dot or a space at the end of a name, in a name or pattern of the wire:
 * patterns mean these characters by themselves.
 */
void dsmb_unmap_ends(__le16 *utf16, u32 units);

/* Characters that are themselves on the wire, unless they are the last one; see name.c. */
extern const bool dsmb_plain[0x100];

/**
 * dsmb_encode_name - encode a file name in UTF-16, with mapped characters
 * @b: buffer
 * @name: the name in UTF-8
 * @len: bytes of @name
 *
 * Return: bytes encoded; 0 with b->full set if the name does not fit.
 */
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

/**
 * dsmb_encode_posix_name - encode a file name for an open with the POSIX extensions
 * @b: buffer
 * @name: the name in UTF-8
 * @len: bytes of @name
 *
 * Only bytes that are not valid UTF-8 are mapped.
 *
 * Return: as dsmb_encode_name().
 */
u32 dsmb_encode_posix_name(struct dsmb_builder *b, const char *name, u32 len);

/**
 * dsmb_encode_string - encode the name of a stream, or a string that is not a file name
 * @b: buffer
 * @name: the string in UTF-8
 * @len: bytes of @name
 *
 * Return: as dsmb_encode_name().
 */
u32 dsmb_encode_string(struct dsmb_builder *b, const char *name, u32 len);

/**
 * dsmb_encode_path - encode a path with '\\' between its components
 * @b: buffer
 * @path: components separated by '/'
 * @len: bytes of @path
 *
 * Return: bytes encoded; 0 with b->full set if the path does not fit.
 */
u32 dsmb_encode_path(struct dsmb_builder *b, const char *path, u32 len);

/**
 * dsmb_get_string - decode a string that is not a file name
 * @utf16: the string as received
 *
 * Return: the terminated string in UTF-8, to be freed with kfree(), or ERR_PTR(-EILSEQ) or -ENOMEM.
 */
char *dsmb_get_string(struct dsmb_cursor utf16);

/**
 * dsmb_get_posix_string - decode the target of a symbolic link from an open with the POSIX
 * extensions
 * @utf16: the target as received, with or without mapped characters
 *
 * Return: as dsmb_get_string().
 */
char *dsmb_get_posix_string(struct dsmb_cursor utf16);

/**
 * dsmb_get_name - decode one component of a path
 * @utf16: the component as received
 * @out: buffer of NAME_MAX + 1 bytes; gets the terminated name in UTF-8
 * @len: set to its length in bytes
 *
 * Return: 0, -EILSEQ or -ENAMETOOLONG.
 */
int dsmb_get_name(struct dsmb_cursor utf16, char *out, u32 *len);

/**
 * dsmb_get_posix_name - decode one component of a path of an open with the POSIX extensions
 * @utf16: the component as received
 * @out: buffer of NAME_MAX + 1 bytes; gets the terminated name in UTF-8
 * @len: set to its length in bytes
 *
 * Return: 0, -EILSEQ or -ENAMETOOLONG.
 */
int dsmb_get_posix_name(struct dsmb_cursor utf16, char *out, u32 *len);

/**
 * dsmb_match - match a name against a pattern with * ? < > "
 * @pattern: the pattern, UTF-16
 * @pattern_len: units of @pattern, at most DSMB_NAME_UNITS
 * @name: the name, UTF-16
 * @name_len: units of @name
 *
 * MS-FSA section 2.1.4.4. The comparison ignores case.
 *
 * Return: true if the name matches.
 */
bool dsmb_match(const __le16 *pattern, u32 pattern_len, const __le16 *name, u32 name_len);

/**
 * dsmb_is_pattern - check whether a name contains wildcards
 * @pattern: the name, UTF-16
 * @pattern_len: units of @pattern
 *
 * Return: true if it contains one of * ? < > ".
 */
bool dsmb_is_pattern(const __le16 *pattern, u32 pattern_len);

/* Make and free the table of letters of dsmb_match(); without it only ASCII letters have case. */
void dsmb_match_init(void);
void dsmb_match_exit(void);

/* Number of letters that were folded, for tests. */
extern unsigned long dsmb_folds;

#endif
