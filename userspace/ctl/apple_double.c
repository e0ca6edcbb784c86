// SPDX-License-Identifier: GPL-2.0-only
/* AppleDouble files, see apple_double.h. The file may be of an attacker. */

#include <string.h>
#include <strings.h>

#include "apple_double.h"
#include "text.h"

#define HEAD_SIZE	26
#define ENTRY_SIZE	12
#define COUNT_AT	24
/* Far more than there are kinds. */
#define ENTRIES_MAX	32

#define KIND_RESOURCE	2
#define KIND_FINDER	9

#define FINDER_SIZE	32
/* Of AFP_AfpInfo: signature, version, a reserved word, the time of no backup. */
#define INFO_FINDER_AT	16

/* The table of attributes: offsets from its magic, and the size of its head. */
#define ATTR_PAD	2
#define ATTR_COUNT	34
#define ATTR_HEAD	36
/* An attribute: offset, length, flags, length of the name with its NUL, name. */
#define ATTR_ENTRY	11

/* macOS writes a resource fork that says that it is none where a file has only attributes. */
#define NO_FORK_SIZE	286
#define NO_FORK_AT	16
static const char no_fork[] = "This resource fork intentionally left blank";

static u32 get_u16(const u8 *p)
{
	return (u32)p[0] << 8 | p[1];
}

static u32 get_u32(const u8 *p)
{
	return get_u16(p) << 16 | get_u16(p + 2);
}

static bool has_room(size_t len, u32 at, u32 size)
{
	return at <= len && size <= len - at;
}

bool apple_double_is(const u8 *data, size_t len)
{
	static const u8 magic[] = { 0x00, 0x05, 0x16, 0x07, 0x00, 0x02, 0x00, 0x00 };

	return len >= HEAD_SIZE && !memcmp(data, magic, sizeof(magic));
}

static bool stream_add(struct apple_double *out, const char *name, const u8 *data, size_t len,
		       struct why *why)
{
	struct apple_stream *s = &out->streams[out->count];

	for (unsigned int i = 0; i < out->count; i++)
		if (!strcasecmp(out->streams[i].name, name))
			return why_not(why, "it has '%s' twice", name);
	if (out->count == APPLE_STREAMS_MAX)
		return why_not(why, "it has too many attributes");
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->data = data;
	s->len = len;
	out->count++;
	return true;
}

/* No stream has a name with these. */
static bool name_is_clean(const char *name)
{
	if (!name[0] || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (; *name; name++)
		if ((u8)*name < ' ' || strchr("/\\:", *name))
			return false;
	return true;
}

/* @at: the end of FinderInfo; @end: the end of its entry. */
static bool attributes_parse(const u8 *data, size_t len, size_t at, size_t end,
			     struct apple_double *out, struct why *why)
{
	u32 count, offset, size, name_len;
	char name[256];

	at += ATTR_PAD;
	if (end < at + ATTR_HEAD || memcmp(data + at, "ATTR", 4))
		return why_not(why, "it has something unknown behind FinderInfo");
	count = get_u16(data + at + ATTR_COUNT);
	at += ATTR_HEAD;
	while (count--) {
		if (end - at < ATTR_ENTRY)
			return why_not(why, "the table of its attributes is cut off");
		offset = get_u32(data + at);
		size = get_u32(data + at + 4);
		name_len = data[at + 10];
		if (!name_len || end - at - ATTR_ENTRY < name_len ||
		    strnlen((const char *)data + at + ATTR_ENTRY, name_len) != name_len - 1)
			return why_not(why, "the name of an attribute is damaged");
		memcpy(name, data + at + ATTR_ENTRY, name_len);
		if (!name_is_clean(name) || !strcasecmp(name, "AFP_AfpInfo") ||
		    !strcasecmp(name, "AFP_Resource"))
			return why_not(why, "no stream can have the name of an attribute");
		if (!has_room(len, offset, size))
			return why_not(why, "the attribute '%s' is cut off", name);
		if (!stream_add(out, name, data + offset, size, why))
			return false;
		at += (ATTR_ENTRY + name_len + 3) & ~3U;
		if (count && at > end)
			return why_not(why, "the table of its attributes is cut off");
	}
	return true;
}

static bool finder_parse(const u8 *data, size_t len, u32 at, u32 size, struct apple_double *out,
			 struct why *why)
{
	static const u8 head[INFO_FINDER_AT] = {
		'A', 'F', 'P', 0, 0, 0, 1, 0, 0, 0, 0, 0, 0x80, 0, 0, 0,
	};
	static const u8 none[FINDER_SIZE];

	if (size < FINDER_SIZE)
		return why_not(why, "its FinderInfo is cut off");
	if (memcmp(data + at, none, FINDER_SIZE)) {
		memcpy(out->info, head, sizeof(head));
		memcpy(out->info + INFO_FINDER_AT, data + at, FINDER_SIZE);
		if (!stream_add(out, "AFP_AfpInfo", out->info, sizeof(out->info), why))
			return false;
	}
	return size == FINDER_SIZE ||
	       attributes_parse(data, len, at + FINDER_SIZE, (size_t)at + size, out, why);
}

static bool fork_is_none(const u8 *fork, u32 size)
{
	return !size || (size == NO_FORK_SIZE &&
			 !memcmp(fork + NO_FORK_AT, no_fork, sizeof(no_fork) - 1));
}

bool apple_double_parse(const u8 *data, size_t len, struct apple_double *out, struct why *why)
{
	const u8 *entry = data + HEAD_SIZE;
	u32 count, kind, at, size;
	bool ok;

	memset(out->info, 0, sizeof(out->info));
	out->count = 0;
	if (!apple_double_is(data, len))
		return why_not(why, "it is no AppleDouble file");
	count = get_u16(data + COUNT_AT);
	if (count > ENTRIES_MAX || len - HEAD_SIZE < count * ENTRY_SIZE)
		return why_not(why, "the table of its entries is cut off");
	for (; count--; entry += ENTRY_SIZE) {
		kind = get_u32(entry);
		at = get_u32(entry + 4);
		size = get_u32(entry + 8);
		if (!has_room(len, at, size))
			return why_not(why, "its entry of kind %u is cut off", kind);
		if (kind == KIND_FINDER)
			ok = finder_parse(data, len, at, size, out, why);
		else if (kind == KIND_RESOURCE)
			ok = fork_is_none(data + at, size) ||
			     stream_add(out, "AFP_Resource", data + at, size, why);
		else
			ok = !size || why_not(why, "no stream can keep its entry of kind %u", kind);
		if (!ok)
			return false;
	}
	return true;
}
