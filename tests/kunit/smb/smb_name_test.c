// SPDX-License-Identifier: GPL-2.0-only
/* Names between the wire and the server: smb/wire/name.c. */

#include <kunit/test.h>
#include <linux/limits.h>

#include "../../../smb/wire/name.h"
#include "../../../smb/wire/builder.h"

static struct dsmb_cursor smb_utf16(const u16 *s)
{
	u32 n = 0;

	while (s[n])
		n++;
	return dsmb_cursor(s, n * 2);
}

struct smb_path_case {
	const char *desc;
	const u16 *wire;
	int err;
	const char *path;
	const char *stream;
	bool data;
	bool directory;
	bool slash;
};

static const struct smb_path_case smb_path_cases[] = {
	{ "root", u"", 0, "" },
	{ "one component", u"file", 0, "file" },
	{ "two components", u"dir\\file", 0, "dir/file" },
	{ "directory said so", u"dir\\", 0, "dir", .slash = true },
	{ "leading separator", u"\\dir", -EINVAL },
	{ "empty components", u"a\\\\\\b", 0, "a/b" },
	{ "empty component at the end", u"a\\\\", 0, "a", .slash = true },
	{ "dot", u"a\\.\\b", 0, "a/b" },
	{ "dot first", u".\\a", 0, "a" },
	{ "dot last", u"a\\b\\.", 0, "a/b" },
	{ "dot alone", u".", 0, "" },
	{ "mapped dot", u"a\\\xf029\\b", -EILSEQ },
	{ "dot dot", u"a\\bb\\..\\c", 0, "a/c" },
	{ "dot dot last", u"a\\bb\\cc\\..\\..", 0, "a" },
	{ "dot dot to the root", u"a\\..\\b", -EINVAL },
	{ "dot dot to the root, last", u"a\\..", -EINVAL },
	{ "dot dot above the root", u"..\\a", -EXDEV },
	{ "dot dot above the root, last", u".\\..", -EXDEV },
	{ "dots before a stream", u"a\\.:s", -EILSEQ },
	{ "mapped dot dot", u"a\\\xf029\xf029", -EILSEQ },
	{ "three dots", u"...", 0, "..." },
	{ "slash", u"a/b", -EILSEQ },
	{ "star", u"a*b", -EILSEQ },
	{ "pipe", u"a|b", -EILSEQ },
	{ "control", u"a\x1f", -EILSEQ },
	{ "mapped star", u"a\xf021z", 0, "a*z" },
	{ "mapped control", u"a\xf01f", 0, "a\x1f" },
	{ "mapped backslash", u"a\xf026", 0, "a\\" },
	{ "mapped last dot", u"a\xf029", 0, "a." },
	{ "mapped last space", u"a\xf028", 0, "a " },
	{ "mapped byte", u"a\xf7ff", 0, "a\xff" },
	{ "umlaut", u"\xe4", 0, "\xc3\xa4" },
	{ "a letter in its low byte", u"z\x141z", 0, "z\xc5\x81z" },
	{ "euro", u"\x20ac", 0, "\xe2\x82\xac" },
	{ "pair", u"\xd83d\xde00", 0, "\xf0\x9f\x98\x80" },
	{ "half, high", u"\xd800", 0, "\xed\xa0\x80" },
	{ "half, low", u"\xdc00z", 0, "\xed\xb0\x80z" },
	{ "stream", u"f:s", 0, "f", "s" },
	{ "stream with type", u"d\\f:s:$DATA", 0, "d/f", "s" },
	{ "type of any case", u"f:s:$data", 0, "f", "s" },
	{ "data itself", u"f::$DATA", 0, "f", NULL, true },
	{ "stream of the root", u":s", 0, "", "s" },
	{ "stream of no file", u"d\\:s", -EILSEQ },
	{ "stream with odd characters", u"f:?\x05*", 0, "f", "?\x05*" },
	{ "stream with a slash", u"f:a/b", -EILSEQ },
	{ "stream with a separator", u"f:a\\b", -EILSEQ },
	{ "no stream", u"f:", -EILSEQ },
	{ "no stream, no type", u"f::", -EILSEQ },
	{ "stream without type", u"f:s:", -EILSEQ },
	{ "another type", u"f:s:$INDEX", -EILSEQ },
	{ "directory by type", u"d::$INDEX_ALLOCATION", 0, "d", .directory = true },
	{ "directory by stream", u"d:$i30:$Index_Allocation", 0, "d", .directory = true },
	{ "stream of a directory's type", u"d:s:$INDEX_ALLOCATION", -EINVAL },
	{ "beyond a directory's type", u"d::$INDEX_ALLOCATION:", -EILSEQ },
	{ "beyond the type", u"f:s:$DATA:", -EILSEQ },
	{ "a type by other letters", u"f:s:$DAT\x141", -EILSEQ },
};

KUNIT_ARRAY_PARAM_DESC(smb_path, smb_path_cases, desc);

static void smb_path_test(struct kunit *test)
{
	const struct smb_path_case *c = test->param_value;
	struct dsmb_path path;

	KUNIT_ASSERT_EQ(test, dsmb_path_parse(&path, smb_utf16(c->wire)), c->err);
	if (c->err) {
		KUNIT_EXPECT_NULL(test, path.buf);
		return;
	}
	KUNIT_EXPECT_STREQ(test, path.path, c->path);
	KUNIT_EXPECT_EQ(test, path.len, strlen(c->path));
	KUNIT_EXPECT_EQ(test, path.data, c->data);
	KUNIT_EXPECT_EQ(test, path.directory, c->directory);
	KUNIT_EXPECT_EQ(test, path.slash, c->slash);
	if (c->stream) {
		KUNIT_EXPECT_STREQ(test, path.stream, c->stream);
		KUNIT_EXPECT_EQ(test, path.stream_len, strlen(c->stream));
	} else {
		KUNIT_EXPECT_NULL(test, path.stream);
	}
	dsmb_path_free(&path);
}

static const struct smb_path_case smb_posix_cases[] = {
	{ "root", u"", 0, "" },
	{ "two components", u"dir/file", 0, "dir/file" },
	{ "directory said so", u"dir/", 0, "dir" },
	{ "leading separator", u"/dir", -EINVAL },
	{ "empty component", u"a//b", -EILSEQ },
	{ "dot", u"a/./b", -EILSEQ },
	{ "mapped dot dot", u"a/\xf029\xf029", -EILSEQ },
	{ "as they are", u"a:b/c\\d*?<>|\"/\x01.", 0, "a:b/c\\d*?<>|\"/\x01." },
	{ "first", u":", 0, ":" },
	{ "no stream", u"f::$DATA", 0, "f::$DATA" },
	{ "mapped", u"a\xf022\xf026\xf021/b\xf029", 0, "a:\\*/b." },
	{ "mapped byte", u"a\xf7ff", 0, "a\xff" },
};

KUNIT_ARRAY_PARAM_DESC(smb_posix, smb_posix_cases, desc);

static void smb_posix_path_test(struct kunit *test)
{
	const struct smb_path_case *c = test->param_value;
	struct dsmb_path path;

	KUNIT_ASSERT_EQ(test, dsmb_path_parse_posix(&path, smb_utf16(c->wire)), c->err);
	if (c->err)
		return;
	KUNIT_EXPECT_STREQ(test, path.path, c->path);
	KUNIT_EXPECT_EQ(test, path.len, strlen(c->path));
	KUNIT_EXPECT_NULL(test, path.stream);
	KUNIT_EXPECT_FALSE(test, path.data);
	dsmb_path_free(&path);
}

/* Every byte except '/' survives the conversion there and back. */
static void smb_posix_name_test(struct kunit *test)
{
	static const char * const names[] = {
		":", "\\", "a ", "b.", "*?<>|\"", "\x01\x1f\x7f", "\xff\x80", "\xef\x80\xa2",
		"\xef\x9e\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xed\xa0\xbd\xed\xb8\x80",
	};
	char name[NAME_MAX + 1];
	struct dsmb_builder b;
	u16 room[64];
	u32 len;

	for (int i = 0; i < ARRAY_SIZE(names); i++) {
		b = dsmb_builder(room, sizeof(room));
		KUNIT_EXPECT_EQ(test, dsmb_encode_posix_name(&b, names[i], strlen(names[i])),
				b.len);
		KUNIT_EXPECT_FALSE(test, b.full);
		KUNIT_EXPECT_EQ(test, dsmb_get_posix_name(dsmb_cursor(room, b.len), name, &len),
				0);
		KUNIT_EXPECT_STREQ(test, name, names[i]);
	}
	b = dsmb_builder(room, sizeof(room));
	dsmb_encode_posix_name(&b, ":", 1);
	KUNIT_EXPECT_EQ(test, room[0], ':');
}

static void smb_path_odd_test(struct kunit *test)
{
	struct dsmb_path path;

	KUNIT_EXPECT_EQ(test, dsmb_path_parse(&path, dsmb_cursor("abc", 3)), -EINVAL);
	KUNIT_EXPECT_EQ(test, dsmb_path_parse(&path, (struct dsmb_cursor) { .bad = true }),
			-EINVAL);
	/* NUL in the middle */
	KUNIT_EXPECT_EQ(test, dsmb_path_parse(&path, dsmb_cursor("a\0\0\0b", 6)), -EILSEQ);
}

static void smb_path_length_test(struct kunit *test)
{
	__le16 wire[DSMB_NAME_UNITS + 3];
	struct dsmb_path path;
	int i;

	for (i = 0; i < ARRAY_SIZE(wire); i++)
		wire[i] = cpu_to_le16('x');
	KUNIT_ASSERT_EQ(test, dsmb_path_parse(&path, dsmb_cursor(wire, 2 * 255)), 0);
	KUNIT_EXPECT_EQ(test, path.len, 255);
	dsmb_path_free(&path);
	KUNIT_EXPECT_EQ(test, dsmb_path_parse(&path, dsmb_cursor(wire, 2 * 256)), -ENAMETOOLONG);
	/* 255 is for each of them. */
	wire[1] = cpu_to_le16('\\');
	KUNIT_ASSERT_EQ(test, dsmb_path_parse(&path, dsmb_cursor(wire, 2 * 257)), 0);
	dsmb_path_free(&path);
	/* Bytes count, too. */
	for (i = 0; i < ARRAY_SIZE(wire); i++)
		wire[i] = cpu_to_le16(0x20ac);
	KUNIT_ASSERT_EQ(test, dsmb_path_parse(&path, dsmb_cursor(wire, 2 * 85)), 0);
	dsmb_path_free(&path);
	KUNIT_EXPECT_EQ(test, dsmb_path_parse(&path, dsmb_cursor(wire, 2 * 86)), -ENAMETOOLONG);
}

/* The same where characters that stand for themselves end at the limit. */
static void smb_name_length_test(struct kunit *test)
{
	__le16 wire[DSMB_NAME_UNITS + 2];
	char name[NAME_MAX + 1];
	u32 i, len;

	for (i = 0; i < ARRAY_SIZE(wire); i++)
		wire[i] = cpu_to_le16('x');
	KUNIT_ASSERT_EQ(test, dsmb_get_name(dsmb_cursor(wire, 2 * 255), name, &len), 0);
	KUNIT_EXPECT_EQ(test, len, 255);
	KUNIT_EXPECT_EQ(test, dsmb_get_name(dsmb_cursor(wire, 2 * 256), name, &len),
			-ENAMETOOLONG);
	wire[252] = cpu_to_le16(0x20ac);
	KUNIT_ASSERT_EQ(test, dsmb_get_name(dsmb_cursor(wire, 2 * 253), name, &len), 0);
	KUNIT_EXPECT_EQ(test, len, 255);
	KUNIT_EXPECT_EQ(test, dsmb_get_name(dsmb_cursor(wire, 2 * 254), name, &len),
			-ENAMETOOLONG);
	wire[252] = cpu_to_le16('x');
	wire[253] = cpu_to_le16(0xe4);
	KUNIT_ASSERT_EQ(test, dsmb_get_posix_name(dsmb_cursor(wire, 2 * 254), name, &len), 0);
	KUNIT_EXPECT_EQ(test, len, 255);
	wire[253] = cpu_to_le16(0x20ac);
	KUNIT_EXPECT_EQ(test, dsmb_get_posix_name(dsmb_cursor(wire, 2 * 254), name, &len),
			-ENAMETOOLONG);
}

struct smb_put_case {
	const char *desc;
	const char *name;
	const u16 *wire;
};

static const struct smb_put_case smb_put_cases[] = {
	{ "plain", "file", u"file" },
	{ "dots", "a.b.c", u"a.b.c" },
	{ "last dot", "a..", u"a.\xf029" },
	{ "last space", "a b ", u"a b\xf028" },
	{ "star", "a*\"<>?|\\:", u"a\xf021\xf020\xf023\xf024\xf025\xf027\xf026\xf022" },
	{ "control", "\x01\x1f", u"\xf001\xf01f" },
	{ "umlaut", "\xc3\xa4", u"\xe4" },
	{ "beyond the first plane", "\xf0\x9f\x98\x80", u"\xd83d\xde00" },
	{ "between others", "a b.*xy\xc3\xa4gh. ", u"a b.\xf021xy\xe4gh.\xf028" },
	{ "no UTF-8", "a\xff", u"a\xf7ff" },
	{ "cut off", "\xe2\x82", u"\xf7e2\xf782" },
	{ "overlong", "\xc0\xaf", u"\xf7c0\xf7af" },
	{ "overlong, three", "\xe0\x80\xaf", u"\xf7e0\xf780\xf7af" },
	{ "too large", "\xf4\x90\x80\x80", u"\xf7f4\xf790\xf780\xf780" },
	{ "half of a pair", "\xed\xa0\x80", u"\xd800" },
	{ "two halves", "\xed\xa0\xbd\xed\xb8\x80", u"\xf7ed\xf7a0\xf7bd\xde00" },
	{ "what would come back as a star", "\xef\x80\xa1", u"\xf7ef\xf780\xf7a1" },
	{ "what would come back as a byte", "\xef\x9e\x80", u"\xf7ef\xf79e\xf780" },
};

KUNIT_ARRAY_PARAM_DESC(smb_put, smb_put_cases, desc);

/* There and back again. */
static void smb_put_test(struct kunit *test)
{
	const struct smb_put_case *c = test->param_value;
	const struct dsmb_cursor want = smb_utf16(c->wire);
	char back[NAME_MAX + 1];
	u8 room[64];
	struct dsmb_builder b = dsmb_builder(room, sizeof(room));
	u32 len;

	KUNIT_EXPECT_EQ(test, dsmb_encode_name(&b, c->name, strlen(c->name)), want.size);
	KUNIT_ASSERT_EQ(test, b.len, want.size);
	KUNIT_EXPECT_MEMEQ(test, room, want.data, want.size);
	KUNIT_ASSERT_EQ(test, dsmb_get_name(dsmb_cursor(room, b.len), back, &len), 0);
	KUNIT_EXPECT_STREQ(test, back, c->name);
	KUNIT_EXPECT_EQ(test, len, strlen(c->name));
	/* As listings write it, if they can. */
	memset(room, 0, sizeof(room));
	if (dsmb_put_plain_name(room, c->name, strlen(c->name)))
		KUNIT_EXPECT_MEMEQ(test, room, want.data, want.size);
}

/* Encode a name of a file and decode it; it is the same again. */
static void smb_put_and_get(struct kunit *test, const char *name, u32 len)
{
	char back[NAME_MAX + 1];
	u8 room[16];
	struct dsmb_builder b = dsmb_builder(room, sizeof(room));
	u32 got;

	KUNIT_EXPECT_EQ_MSG(test, dsmb_encode_name(&b, name, len), 2 * len, "%*ph", len, name);
	KUNIT_ASSERT_EQ_MSG(test, dsmb_get_name(dsmb_cursor(room, b.len), back, &got), 0, "%*ph",
			    len, name);
	KUNIT_ASSERT_EQ_MSG(test, got, len, "%*ph", len, name);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(back, name, len), 0, "%*ph", len, name);
}

/* Each character of ASCII, in front of another one and as the last one. */
static void smb_put_ascii_test(struct kunit *test)
{
	for (int c = 1; c <= 0x7f; c++) {
		const char name[] = { c, 'x' };

		/* No name has a slash, and "." is the folder itself. */
		if (c == '/')
			continue;
		smb_put_and_get(test, name, 2);
		if (c != '.')
			smb_put_and_get(test, name, 1);
	}
}

/* A name is written at once if each of its characters is itself on the wire, and not otherwise. */
static void smb_put_plain(struct kunit *test, const u8 *name, u32 len)
{
	u8 wire[4], plain[4];
	struct dsmb_builder b = dsmb_builder(wire, sizeof(wire));
	bool same;

	dsmb_encode_name(&b, name, len);
	same = b.len == 2 * len;
	for (u32 i = 0; i < len && same; i++)
		same = wire[2 * i] == name[i] && !wire[2 * i + 1];
	KUNIT_EXPECT_EQ_MSG(test, dsmb_put_plain_name(plain, name, len), same, "%*ph", len, name);
	if (same)
		KUNIT_EXPECT_MEMEQ(test, plain, wire, 2 * len);
}

static void smb_put_plain_test(struct kunit *test)
{
	for (int c = 1; c <= 0xff; c++) {
		const u8 first[] = { c, 'x' }, last[] = { 'x', c };

		if (c == '/')
			continue;
		smb_put_plain(test, first, 1);
		smb_put_plain(test, first, 2);
		smb_put_plain(test, last, 2);
	}
}

static void smb_put_room_test(struct kunit *test)
{
	u8 room[8];
	struct dsmb_builder b = dsmb_builder(room, sizeof(room));

	KUNIT_EXPECT_EQ(test, dsmb_encode_name(&b, "abcd", 4), 8);
	KUNIT_EXPECT_FALSE(test, b.full);
	b = dsmb_builder(room, sizeof(room));
	KUNIT_EXPECT_EQ(test, dsmb_encode_name(&b, "abcde", 5), 0);
	KUNIT_EXPECT_TRUE(test, b.full);
	KUNIT_EXPECT_EQ(test, b.len, 0);
	/* A pair is not cut in two. */
	b = dsmb_builder(room, 2);
	KUNIT_EXPECT_EQ(test, dsmb_encode_name(&b, "\xf0\x9f\x98\x80", 4), 0);
	KUNIT_EXPECT_TRUE(test, b.full);
	b = dsmb_builder(room, 7);
	KUNIT_EXPECT_EQ(test, dsmb_encode_name(&b, "abcd", 4), 0);
	KUNIT_EXPECT_TRUE(test, b.full);
}

static void smb_put_path_test(struct kunit *test)
{
	const struct dsmb_cursor want = smb_utf16(u"a\\b.c\\d");
	u8 room[32];
	struct dsmb_builder b = dsmb_builder(room, sizeof(room));

	KUNIT_EXPECT_EQ(test, dsmb_encode_path(&b, "a/b.c/d", 7), want.size);
	KUNIT_EXPECT_MEMEQ(test, room, want.data, want.size);
	b = dsmb_builder(room, sizeof(room));
	KUNIT_EXPECT_EQ(test, dsmb_encode_path(&b, "", 0), 0);
	b = dsmb_builder(room, 2);
	KUNIT_EXPECT_EQ(test, dsmb_encode_path(&b, "ab", 2), 0);
	KUNIT_EXPECT_TRUE(test, b.full);
}

/* A path of two components, each of which is encoded as a name is. */
static void smb_put_path(struct kunit *test, const u8 *first, const u8 *second)
{
	u8 whole[32], parts[32], path[8];
	struct dsmb_builder one = dsmb_builder(whole, sizeof(whole));
	struct dsmb_builder two = dsmb_builder(parts, sizeof(parts));
	u32 len = scnprintf(path, sizeof(path), "%s/%s", first, second);

	dsmb_encode_name(&two, first, strlen(first));
	dsmb_encode_u16(&two, '\\');
	dsmb_encode_name(&two, second, strlen(second));
	KUNIT_EXPECT_EQ(test, dsmb_encode_path(&one, path, len), two.len);
	KUNIT_EXPECT_MEMEQ_MSG(test, whole, parts, two.len, "%s", path);
}

static void smb_put_odd_path_test(struct kunit *test)
{
	for (int c = 1; c <= 0xff; c++) {
		const u8 starts[] = { c, 'x', 0 }, ends[] = { 'x', c, 0 };

		if (c == '/')
			continue;
		smb_put_path(test, starts, "y");
		smb_put_path(test, ends, "y");
		smb_put_path(test, "y", starts);
		smb_put_path(test, "y", ends);
	}
}

static void smb_string_test(struct kunit *test)
{
	char *s = dsmb_get_string(smb_utf16(u"\\\\server\\a*b"));

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s);
	KUNIT_EXPECT_STREQ(test, s, "\\\\server\\a*b");
	kfree(s);
	KUNIT_EXPECT_EQ(test, PTR_ERR(dsmb_get_string(smb_utf16(u"a\xd800"))), -EILSEQ);
	KUNIT_EXPECT_EQ(test, PTR_ERR(dsmb_get_string(smb_utf16(u"\xdc00\xd800"))), -EILSEQ);
	KUNIT_EXPECT_EQ(test, PTR_ERR(dsmb_get_string(dsmb_cursor("a", 1))), -EILSEQ);
}

struct smb_hash_case {
	const char *desc;
	const u16 *one;
	const u16 *other;
	bool same;
	bool posix;
};

static const struct smb_hash_case smb_hash_cases[] = {
	{ "case", u"Dir\\File", u"dir\\fILE", true },
	{ "case of an umlaut", u"\xc4", u"\xe4", true },
	{ "an umlaut in two parts", u"a\x308", u"\xe4", true },
	{ "a letter that becomes two", u"STRASSE", u"stra\u00dfe", true },
	{ "a separator at the end", u"dir", u"dir\\", true },
	{ "the file itself", u"f::$DATA", u"f", true },
	{ "type of a stream", u"f:s:$DATA", u"F:S", true },
	{ "half a pair is folded as it is", u"A\xd800", u"a\xd800", false },
	{ "half a pair in another component", u"A\\\xd800", u"a\\\xd800", true },
	{ "letters", u"file_ao", u"file_bd", false },
	{ "order", u"a\\b", u"b\\a", false },
	{ "separator", u"ab", u"a\\b", false },
	{ "depth", u"a", u"a\\a", false },
	{ "root", u"", u"a", false },
	{ "stream", u"f", u"f:s", false },
	{ "stream of its file's name", u"a:a", u"b:b", false },
	{ "stream of another file", u"a:b", u"b:a", false },
	{ "other streams", u"f:a", u"f:b", false },
	{ "POSIX: the same", u"a/b", u"a/b", true, true },
	{ "POSIX: case", u"a", u"A", false, true },
	{ "POSIX: case of an umlaut", u"\xc4", u"\xe4", false, true },
};

KUNIT_ARRAY_PARAM_DESC(smb_hash, smb_hash_cases, desc);

static u64 smb_hash(struct kunit *test, const u16 *name, bool posix)
{
	struct dsmb_path path;
	u64 hash;

	KUNIT_ASSERT_EQ(test, posix ? dsmb_path_parse_posix(&path, smb_utf16(name)) :
				      dsmb_path_parse(&path, smb_utf16(name)), 0);
	hash = dsmb_path_hash(&path);
	dsmb_path_free(&path);
	KUNIT_EXPECT_NE(test, hash, 0);
	return hash;
}

static void smb_hash_test(struct kunit *test)
{
	const struct smb_hash_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, smb_hash(test, c->one, c->posix) ==
			      smb_hash(test, c->other, c->posix), c->same);
}

/* Records have it, so it stays as it is. */
static void smb_hash_stored_test(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, smb_hash(test, u"dir\\\u00c4file", false),
			0x3e16512d8838438bULL);
	KUNIT_EXPECT_EQ(test, smb_hash(test, u"dir\\file:stream", false), 0x2b14ae769ed3c036ULL);
}

static struct kunit_case smb_name_cases[] = {
	KUNIT_CASE_PARAM(smb_path_test, smb_path_gen_params),
	KUNIT_CASE_PARAM(smb_posix_path_test, smb_posix_gen_params),
	KUNIT_CASE(smb_posix_name_test),
	KUNIT_CASE(smb_path_odd_test),
	KUNIT_CASE(smb_path_length_test),
	KUNIT_CASE(smb_name_length_test),
	KUNIT_CASE_PARAM(smb_put_test, smb_put_gen_params),
	KUNIT_CASE(smb_put_ascii_test),
	KUNIT_CASE(smb_put_plain_test),
	KUNIT_CASE(smb_put_room_test),
	KUNIT_CASE(smb_put_path_test),
	KUNIT_CASE(smb_put_odd_path_test),
	KUNIT_CASE(smb_string_test),
	KUNIT_CASE_PARAM(smb_hash_test, smb_hash_gen_params),
	KUNIT_CASE(smb_hash_stored_test),
	{}
};

static struct kunit_suite smb_name_suite = {
	.name = "ditto_smb_name",
	.test_cases = smb_name_cases,
};

kunit_test_suite(smb_name_suite);
