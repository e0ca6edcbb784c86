// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conversion of names between UTF-16 on the wire and UTF-8 on the server: MS-FSCC section 2.1.5.
 * Paths are parsed component by component, and characters are mapped as described in name.h.
 */

#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/slab.h>

#include "../../fs/node/casefold.h"
#include "builder.h"
#include "name.h"

/* U+F000 plus the character, the mapping of Services for Macintosh. */
#define DSMB_SFM		0xf000
#define DSMB_SFM_CONTROLS	0xf01f	/* up to here: U+0001 to U+001F */
#define DSMB_SFM_FIRST		0xf020
#define DSMB_SFM_LAST		0xf029
#define DSMB_SFM_SPACE		0xf028
#define DSMB_SFM_DOT		0xf029
/* U+F700 plus a byte that is not part of valid UTF-8. */
#define DSMB_RAW		0xf700
#define DSMB_RAW_FIRST		0xf780
#define DSMB_RAW_LAST		0xf7ff

/* Characters that DSMB_SFM_FIRST and the following code points stand for. */
static const char dsmb_sfm_chars[] = "\"*:<>?\\| .";
/* The reverse mapping; a space or dot is mapped only at the end of a name. */
static const u8 dsmb_sfm_codes[0x80] = {
	['"'] = 0x20, ['*'] = 0x21, [':'] = 0x22, ['<'] = 0x23,
	['>'] = 0x24, ['?'] = 0x25, ['\\'] = 0x26, ['|'] = 0x27,
};

const bool dsmb_plain[0x100] = {
	[0x20 ... '"' - 1] = true, ['"' + 1 ... '*' - 1] = true, ['*' + 1 ... ':' - 1] = true,
	[':' + 1 ... '<' - 1] = true, ['<' + 1 ... '>' - 1] = true, ['?' + 1 ... '\\' - 1] = true,
	['\\' + 1 ... '|' - 1] = true, ['|' + 1 ... 0x7f] = true,
};

/* Kinds of names, by the mapping of their characters. */
enum dsmb_name_kind {
	DSMB_NAME_FILE,		/* mapped in both directions */
	DSMB_NAME_STREAM,	/* not mapped */
	DSMB_NAME_POSIX,	/* sent unmapped, accepted either way */
};

static bool dsmb_is_high(u32 c)
{
	return c >= 0xd800 && c <= 0xdbff;
}

static bool dsmb_is_low(u32 c)
{
	return c >= 0xdc00 && c <= 0xdfff;
}

/* Encode a character; @out has room for at least four bytes. */
static u32 dsmb_utf8_encode(char *out, u32 c)
{
	if (c < 0x80) {
		out[0] = c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = 0xc0 | c >> 6;
		out[1] = 0x80 | (c & 0x3f);
		return 2;
	}
	if (c < 0x10000) {
		out[0] = 0xe0 | c >> 12;
		out[1] = 0x80 | (c >> 6 & 0x3f);
		out[2] = 0x80 | (c & 0x3f);
		return 3;
	}
	out[0] = 0xf0 | c >> 18;
	out[1] = 0x80 | (c >> 12 & 0x3f);
	out[2] = 0x80 | (c >> 6 & 0x3f);
	out[3] = 0x80 | (c & 0x3f);
	return 4;
}

/* Accept only the shortest form. Return: bytes, or 0 if they are not valid UTF-8. */
static u32 dsmb_utf8_get(const u8 *s, u32 len, u32 *c)
{
	static const u32 least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	u32 n, i, v;

	if (s[0] < 0x80) {
		*c = s[0];
		return 1;
	}
	if (s[0] >= 0xc2 && s[0] <= 0xdf) {
		n = 2;
		v = s[0] & 0x1f;
	} else if (s[0] >= 0xe0 && s[0] <= 0xef) {
		n = 3;
		v = s[0] & 0x0f;
	} else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		n = 4;
		v = s[0] & 0x07;
	} else {
		return 0;
	}
	if (n > len)
		return 0;
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (s[i] & 0x3f);
	}
	if (v < least[n] || v > 0x10ffff)
		return 0;
	*c = v;
	return n;
}

/* Get the next character; an unpaired surrogate is a character of its own. */
static u32 dsmb_utf16_get(struct dsmb_cursor *c)
{
	u32 high = dsmb_get_u16(c), low;

	if (!dsmb_is_high(high) || dsmb_left(c) < 2)
		return high;
	low = get_unaligned_le16(c->data + c->pos);
	if (!dsmb_is_low(low))
		return high;
	dsmb_skip(c, 2);
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* Get the file name character that a character of the wire stands for; 0 if it is not allowed. */
static u32 dsmb_unmap(u32 c, enum dsmb_name_kind kind, bool *raw)
{
	*raw = false;
	if (c == '/')
		return 0;
	if (kind == DSMB_NAME_FILE && (c < 0x20 || (c < 0x80 && dsmb_sfm_codes[c])))
		return 0;
	if (c > DSMB_SFM && c <= DSMB_SFM_CONTROLS)
		return c - DSMB_SFM;
	if (c >= DSMB_SFM_FIRST && c <= DSMB_SFM_LAST)
		return dsmb_sfm_chars[c - DSMB_SFM_FIRST];
	if (c >= DSMB_RAW_FIRST && c <= DSMB_RAW_LAST) {
		*raw = true;
		return c - DSMB_RAW;
	}
	return c;
}

/* Return: bytes at @out, or 0 if the character is not allowed in such a name. */
static u32 dsmb_name_encode_char(char *out, u32 c, enum dsmb_name_kind kind)
{
	bool raw = false;

	if (kind != DSMB_NAME_STREAM) {
		c = dsmb_unmap(c, kind, &raw);
	} else if (c == '/' || c == '\\' || c == ':') {
		return 0;
	} else if (c >= DSMB_RAW_FIRST && c <= DSMB_RAW_LAST) {
		c -= DSMB_RAW;
		raw = true;
	}
	if (!c)
		return 0;
	if (raw) {
		*out = c;
		return 1;
	}
	return dsmb_utf8_encode(out, c);
}

/**
 * struct dsmb_component - a path component while it is parsed
 * @out: buffer of its UTF-8 form
 * @len: bytes so far
 * @units: UTF-16 units so far
 * @mapped: not all characters are ASCII on the wire
 */
struct dsmb_component {
	char *out;
	u32 len;
	u32 units;
	bool mapped;
};

static int dsmb_component_add(struct dsmb_component *part, u32 c, enum dsmb_name_kind kind)
{
	char buf[4];
	u32 n;

	n = dsmb_name_encode_char(buf, c, kind);
	if (!n)
		return -EILSEQ;
	part->units += c > 0xffff ? 2 : 1;
	if (part->units > DSMB_NAME_UNITS || part->len + n > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(part->out + part->len, buf, n);
	part->len += n;
	part->mapped |= c > 0x7f;
	return 0;
}

/*
 * Take characters that stand for themselves, as most do, up to another one or the limits. Return:
 * false if there are no more.
 */
static bool dsmb_component_add_plain(struct dsmb_component *part, struct dsmb_cursor *in)
{
	u32 most = min3(dsmb_left(in) / 2, DSMB_NAME_UNITS - part->units, NAME_MAX - part->len);
	char *out = part->out + part->len;
	u32 n;

	for (n = 0; n < most; n++) {
		u16 c = get_unaligned_le16(in->data + in->pos + 2 * n);

		if (c > 0x7f || c == '/' || !dsmb_plain[c])
			break;
		out[n] = c;
	}
	dsmb_skip(in, 2 * n);
	part->len += n;
	part->units += n;
	return dsmb_left(in);
}

static bool dsmb_component_is_dots(const struct dsmb_component *part)
{
	return part->out[0] == '.' &&
	       (part->len == 1 || (part->len == 2 && part->out[1] == '.'));
}

static int dsmb_component_end(const struct dsmb_component *part)
{
	return !part->len || dsmb_component_is_dots(part) ? -EILSEQ : 0;
}

/*
 * End a component of a path. Empty ones and "." are left out, and ".." takes away the one before it
 * (MS-SMB2 section 3.3.5.9, note on Windows-based servers). Return: 1 if the component stays, 0 if
 * it does not, or an errno of dsmb_path_parse().
 */
static int dsmb_path_add(struct dsmb_path *path, struct dsmb_component *part)
{
	if (path->posix || part->mapped || (part->len && !dsmb_component_is_dots(part)))
		return dsmb_component_end(part) ?: 1;
	if (part->len == 2) {
		if (part->out == path->path)
			return -EXDEV;
		do {
			part->out--;
		} while (part->out > path->path && part->out[-1] != '/');
		if (part->out == path->path)
			return -EINVAL;
	}
	part->len = 0;
	part->units = 0;
	path->folded = true;
	return 0;
}

/* Get the type of a stream, the rest of a path. Return: 0 or -EILSEQ. */
static int dsmb_stream_type_parse(struct dsmb_cursor *in, bool *is_directory)
{
	static const char data[] = "$DATA", directory[] = "$INDEX_ALLOCATION";
	char type[sizeof(directory)];
	u32 len = 0;

	while (dsmb_left(in)) {
		u16 c = dsmb_get_u16(in);

		if (in->bad || c >= 0x80 || len == sizeof(type) - 1)
			return -EILSEQ;
		type[len++] = c;
	}
	type[len] = 0;
	*is_directory = !strcasecmp(type, directory);
	return *is_directory || !strcasecmp(type, data) ? 0 : -EILSEQ;
}

/* Parse the part behind the first ':': the stream's name up to the next ':', then its type. */
static int dsmb_stream_parse(struct dsmb_path *path, struct dsmb_cursor *in, char *out)
{
	struct dsmb_component part = { .out = out };
	bool typed = false;
	int err;
	u32 c;

	while (dsmb_component_add_plain(&part, in)) {
		c = dsmb_utf16_get(in);
		if (c == ':') {
			typed = true;
			break;
		}
		err = dsmb_component_add(&part, c, DSMB_NAME_STREAM);
		if (err)
			return err;
	}
	if (typed) {
		err = dsmb_stream_type_parse(in, &path->directory);
		if (err)
			return err;
	}
	out[part.len] = 0;
	/* The stream of a directory has this name or none (MS-FSA section 2.1.5.1). */
	if (path->directory)
		return part.len && strcasecmp(out, "$I30") ? -EINVAL : 0;
	if (!part.len) {
		path->data = typed;
		return typed ? 0 : -EILSEQ;
	}
	path->stream = out;
	path->stream_len = part.len;
	return 0;
}

static int dsmb_path_components(struct dsmb_path *path, struct dsmb_cursor *in)
{
	enum dsmb_name_kind kind = path->posix ? DSMB_NAME_POSIX : DSMB_NAME_FILE;
	struct dsmb_component part = { .out = path->path };
	u32 c;
	int err;

	while (dsmb_component_add_plain(&part, in)) {
		c = dsmb_utf16_get(in);
		if (c == ':' && !path->posix) {
			/* Only a stream of the share's root has no name before the colon. */
			err = part.out == path->path && !part.len ? 0 : dsmb_component_end(&part);
			if (err)
				return err;
			path->len = part.out + part.len - path->path;
			path->path[path->len] = 0;
			return dsmb_stream_parse(path, in, path->path + path->len + 1);
		}
		if (c != (path->posix ? '/' : '\\')) {
			err = dsmb_component_add(&part, c, kind);
			if (err)
				return err;
			continue;
		}
		err = dsmb_path_add(path, &part);
		if (err < 0)
			return err;
		if (err) {
			part.out[part.len] = '/';
			part = (struct dsmb_component) { .out = part.out + part.len + 1 };
		}
		path->slash = !dsmb_left(in);
	}
	if (part.len) {
		err = dsmb_path_add(path, &part);
		if (err < 0)
			return err;
	}
	path->len = part.out + part.len - path->path;
	/* A separator is behind each component before the last one. */
	if (path->len && !part.len)
		path->len--;
	path->path[path->len] = 0;
	return 0;
}

static int dsmb_path_parse_how(struct dsmb_path *path, struct dsmb_cursor utf16, bool posix)
{
	int err;

	*path = (struct dsmb_path) { .posix = posix };
	if (utf16.bad || utf16.size % 2)
		return -EINVAL;
	if (utf16.size && get_unaligned_le16(utf16.data) == (posix ? '/' : '\\'))
		return -EINVAL;

	/* A unit becomes at most three bytes; there are two terminators. */
	path->buf = kvmalloc(utf16.size / 2 * 3 + 2, GFP_KERNEL);
	if (!path->buf)
		return -ENOMEM;
	path->path = path->buf;
	utf16.pos = 0;
	err = dsmb_path_components(path, &utf16);
	if (err)
		dsmb_path_free(path);
	return err;
}

/*
 * Parse a path of the form "a\b:stream:$DATA". @path: filled on success; freed with
 * dsmb_path_free(). "::$DATA" is the file itself, "::$INDEX_ALLOCATION" and
 * ":$I30:$INDEX_ALLOCATION" the directory. Empty components and "." are left out, and ".." with the
 * one before it. Return: 0; -EILSEQ (STATUS_OBJECT_NAME_INVALID: invalid characters, or an unknown
 * type of stream); -ENAMETOOLONG; -ENOMEM; -EXDEV (".." above the root); -EINVAL (odd length,
 * leading '\', ".." that leads back to the root, or another stream's name with the type of a
 * directory).
 */
int dsmb_path_parse(struct dsmb_path *path, struct dsmb_cursor utf16)
{
	return dsmb_path_parse_how(path, utf16, false);
}

/*
 * Parse a path of an open with the POSIX extensions, "a/b". @path: filled on success; freed with
 * dsmb_path_free(). All characters except '/' stand for themselves. Mapped characters are accepted
 * too, because some clients send them. Return: as dsmb_path_parse().
 */
int dsmb_path_parse_posix(struct dsmb_path *path, struct dsmb_cursor utf16)
{
	return dsmb_path_parse_how(path, utf16, true);
}

/*
 * Hash a path without regard to case. Return: the hash, as ditto_path_hash() returns it; or 0
 * without memory.
 */
u64 dsmb_path_hash(const struct dsmb_path *path)
{
	u64 hash = ditto_path_hash(path->path, path->len, path->posix), stream;

	if (!hash || !path->stream)
		return hash;
	stream = ditto_path_hash(path->stream, path->stream_len, false);
	/* Rotated, so that equal names do not cancel each other out. */
	return stream ? (hash ^ rol64(stream, 1)) ?: 1 : 0;
}

/* Free the memory of a parsed path. */
void dsmb_path_free(struct dsmb_path *path)
{
	kvfree(path->buf);
	memset(path, 0, sizeof(*path));
}

static int dsmb_get_name_how(struct dsmb_cursor utf16, char *out, u32 *len,
			     enum dsmb_name_kind kind)
{
	struct dsmb_component part = { .out = out };
	int err;

	if (utf16.bad || utf16.size % 2)
		return -EILSEQ;
	utf16.pos = 0;
	while (dsmb_component_add_plain(&part, &utf16)) {
		err = dsmb_component_add(&part, dsmb_utf16_get(&utf16), kind);
		if (err)
			return err;
	}
	err = dsmb_component_end(&part);
	out[part.len] = 0;
	*len = part.len;
	return err;
}

/*
 * Decode one component of a path. @out: buffer of NAME_MAX + 1 bytes; gets the terminated name in
 * UTF-8; @len: set to its length in bytes. Return: 0, -EILSEQ or -ENAMETOOLONG.
 */
int dsmb_get_name(struct dsmb_cursor utf16, char *out, u32 *len)
{
	return dsmb_get_name_how(utf16, out, len, DSMB_NAME_FILE);
}

/*
 * Decode one component of a path of an open with the POSIX extensions. @out: buffer of NAME_MAX + 1
 * bytes; gets the terminated name in UTF-8; @len: set to its length in bytes. Return: 0, -EILSEQ or
 * -ENAMETOOLONG.
 */
int dsmb_get_posix_name(struct dsmb_cursor utf16, char *out, u32 *len)
{
	return dsmb_get_name_how(utf16, out, len, DSMB_NAME_POSIX);
}

/*
 * Decode the target of a symbolic link from an open with the POSIX extensions. A link target
 * contains '/', and the components between them may be mapped. Return: as dsmb_get_string().
 */
char *dsmb_get_posix_string(struct dsmb_cursor utf16)
{
	u32 len = 0, n, c;
	char *out;

	if (utf16.bad || utf16.size % 2)
		return ERR_PTR(-EILSEQ);
	out = kmalloc(utf16.size / 2 * 3 + 1, GFP_KERNEL);
	if (!out)
		return ERR_PTR(-ENOMEM);
	utf16.pos = 0;
	while (dsmb_left(&utf16)) {
		c = dsmb_utf16_get(&utf16);
		if (c == '/') {
			out[len++] = c;
			continue;
		}
		n = dsmb_name_encode_char(out + len, c, DSMB_NAME_POSIX);
		if (!n) {
			kfree(out);
			return ERR_PTR(-EILSEQ);
		}
		len += n;
	}
	out[len] = 0;
	return out;
}

/*
 * Decode a string that is not a file name. Return: the terminated string in UTF-8, to be freed with
 * kfree(), or ERR_PTR(-EILSEQ) or -ENOMEM.
 */
char *dsmb_get_string(struct dsmb_cursor utf16)
{
	u32 len = 0, c;
	char *out;

	if (utf16.bad || utf16.size % 2)
		return ERR_PTR(-EILSEQ);
	out = kmalloc(utf16.size / 2 * 3 + 1, GFP_KERNEL);
	if (!out)
		return ERR_PTR(-ENOMEM);
	utf16.pos = 0;
	while (dsmb_left(&utf16)) {
		c = dsmb_utf16_get(&utf16);
		if (!c || dsmb_is_high(c) || dsmb_is_low(c)) {
			kfree(out);
			return ERR_PTR(-EILSEQ);
		}
		len += dsmb_utf8_encode(out + len, c);
	}
	out[len] = 0;
	return out;
}

/* From UTF-8 to UTF-16 */

/* Get the character of the wire for a file name character. */
static u32 dsmb_map(u32 c, bool last)
{
	if (c >= 0x80)
		return c;
	if (c < 0x20)
		return c + DSMB_SFM;
	if (dsmb_sfm_codes[c])
		return DSMB_SFM + dsmb_sfm_codes[c];
	if (last && c == ' ')
		return DSMB_SFM_SPACE;
	if (last && c == '.')
		return DSMB_SFM_DOT;
	return c;
}

/*
 * Replace what stands for a dot or a space at the end of a name, in a name or pattern of the wire:
 * patterns mean these characters by themselves.
 */
void dsmb_unmap_ends(__le16 *utf16, u32 units)
{
	for (u32 i = 0; i < units; i++) {
		u16 c = get_unaligned_le16(&utf16[i]);

		if (c == DSMB_SFM_SPACE || c == DSMB_SFM_DOT)
			put_unaligned_le16(dsmb_sfm_chars[c - DSMB_SFM_FIRST], &utf16[i]);
	}
}

/* True if this character would not map back to itself. */
static bool dsmb_is_taken(u32 c, enum dsmb_name_kind kind)
{
	if (c >= DSMB_RAW_FIRST && c <= DSMB_RAW_LAST)
		return true;
	return kind != DSMB_NAME_STREAM && c > DSMB_SFM && c <= DSMB_SFM_LAST;
}

/* Two surrogates in sequence would become one character. */
static bool dsmb_is_split_pair(const u8 *s, u32 len, u32 c)
{
	u32 low;

	return dsmb_is_high(c) && len > 3 && dsmb_utf8_get(s + 3, len - 3, &low) &&
	       dsmb_is_low(low);
}

/* Get the next character of a name; a byte that is not valid UTF-8 is mapped. */
static u32 dsmb_name_get_char(const u8 *s, u32 len, enum dsmb_name_kind kind, u32 *c)
{
	u32 n = dsmb_utf8_get(s, len, c);

	if (n == 1 || (n && !dsmb_is_taken(*c, kind) && !dsmb_is_split_pair(s, len, *c)))
		return n;
	*c = DSMB_RAW + s[0];
	return 1;
}

/* True if a character has one byte and is itself on the wire, unless it is the last one. */
static bool dsmb_is_plain(u8 c, enum dsmb_name_kind kind)
{
	return kind == DSMB_NAME_FILE ? dsmb_plain[c] : c < 0x80;
}

/*
 * Encode characters that are themselves on the wire, up to one that is not. Nearly all characters
 * of nearly all names are. Return: their number, at most @max.
 */
static __always_inline u32 dsmb_name_encode_plain(__le16 *out, u32 max, const u8 *name,
						  enum dsmb_name_kind kind)
{
	u32 n = 0;

	while (n < max && dsmb_is_plain(name[n], kind)) {
		put_unaligned_le16(name[n], &out[n]);
		n++;
	}
	return n;
}

/* The last character is mapped if it is a space or a dot. */
static u32 dsmb_name_plain_max(const u8 *name, u32 len, u32 room)
{
	return min(room, name[len - 1] == ' ' || name[len - 1] == '.' ? len - 1 : len);
}

/* Return: units at @out, or more than @room if the name does not fit. */
static u32 dsmb_name_encode(__le16 *out, u32 room, const u8 *name, u32 len,
			    enum dsmb_name_kind kind)
{
	u32 n = 0, i = 0, run, c;

	while (i < len) {
		run = dsmb_name_plain_max(name + i, len - i, room - n);
		if (kind == DSMB_NAME_FILE)
			run = dsmb_name_encode_plain(out + n, run, name + i, DSMB_NAME_FILE);
		else
			run = dsmb_name_encode_plain(out + n, run, name + i, DSMB_NAME_STREAM);
		i += run;
		n += run;
		if (i == len)
			break;
		i += dsmb_name_get_char(name + i, len - i, kind, &c);
		if (kind == DSMB_NAME_FILE)
			c = dsmb_map(c, i == len);
		if (n + 1 + (c >> 16 ? 1 : 0) > room)
			return room + 1;
		if (c > 0xffff) {
			c -= 0x10000;
			put_unaligned_le16(0xd800 + (c >> 10), &out[n++]);
			c = 0xdc00 + (c & 0x3ff);
		}
		put_unaligned_le16(c, &out[n++]);
	}
	return n;
}

static u32 dsmb_name_encode_as(struct dsmb_builder *b, const char *name, u32 len,
			       enum dsmb_name_kind kind)
{
	u32 room = (b->size - b->len) / 2, units;

	if (b->full)
		return 0;
	units = dsmb_name_encode((__le16 *)(b->data + b->len), room, name, len, kind);
	if (units > room) {
		b->full = true;
		return 0;
	}
	b->len += units * 2;
	return units * 2;
}

/*
 * Encode a file name in UTF-16, with mapped characters. @len: bytes of @name. Return: bytes
 * encoded; 0 with b->full set if the name does not fit.
 */
u32 dsmb_encode_name(struct dsmb_builder *b, const char *name, u32 len)
{
	return dsmb_name_encode_as(b, name, len, DSMB_NAME_FILE);
}

/*
 * Encode a file name for an open with the POSIX extensions. @len: bytes of @name. Only bytes that
 * are not valid UTF-8 are mapped. Return: as dsmb_encode_name().
 */
u32 dsmb_encode_posix_name(struct dsmb_builder *b, const char *name, u32 len)
{
	return dsmb_name_encode_as(b, name, len, DSMB_NAME_POSIX);
}

/*
 * Encode the name of a stream, or a string that is not a file name. @len: bytes of @name. Return:
 * as dsmb_encode_name().
 */
u32 dsmb_encode_string(struct dsmb_builder *b, const char *name, u32 len)
{
	return dsmb_name_encode_as(b, name, len, DSMB_NAME_STREAM);
}

/*
 * Write a path whose characters are themselves on the wire, apart from the '/'; @out has room for
 * them. Return: false if there is another one; what is at @out is of no use then.
 */
static bool dsmb_put_plain_path(void *out, const u8 *path, u32 len)
{
	u8 c = 0, before;
	u32 i;

	for (i = 0; i < len; i++) {
		before = c;
		c = path[i];
		if (c == '/' ? before == ' ' || before == '.' : !dsmb_plain[c])
			return false;
		put_unaligned_le16(c == '/' ? '\\' : c, out + 2 * i);
	}
	return c != ' ' && c != '.';
}

/*
 * Encode a path with '\\' between its components. @len: bytes of @path. Return: bytes encoded; 0
 * with b->full set if the path does not fit.
 */
u32 dsmb_encode_path(struct dsmb_builder *b, const char *path, u32 len)
{
	u32 put = 0, n;

	if (likely(!b->full && len <= (b->size - b->len) / 2 &&
		   dsmb_put_plain_path(b->data + b->len, path, len))) {
		b->len += 2 * len;
		return 2 * len;
	}
	while (len) {
		for (n = 0; n < len && path[n] != '/'; n++)
			;
		put += dsmb_encode_name(b, path, n);
		path += n;
		len -= n;
		if (!len)
			break;
		dsmb_encode_u16(b, '\\');
		put += 2;
		path++;
		len--;
	}
	return b->full ? 0 : put;
}
