// SPDX-License-Identifier: GPL-2.0-only
/*
 * Patterns of directory listings: MS-FSA section 2.1.4.4.
 *
 * All positions of the pattern at which a match is possible are tracked in parallel, as bits. So
 * the time is bounded by the product of the lengths for every pattern.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/jhash.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/unicode.h>

#include "name.h"

#define DSMB_STAR	'*'	/* any characters */
#define DSMB_QM		'?'	/* one character */
#define DSMB_DOS_STAR	'<'	/* any characters up to the last dot, with it or without */
#define DSMB_DOS_QM	'>'	/* one character; none before a dot or at the end */
#define DSMB_DOS_DOT	'"'	/* a dot; none at the end */

/* Longest casefolded form of one character, in bytes. */
#define DSMB_FOLD_MAX	32

/*
 * For each unit, the first unit that is the same letter in any case. A pattern may compare each of
 * its units with each unit of a name, so a comparison must not fold them. NULL if only letters of
 * ASCII have case.
 */
static u16 *dsmb_letters;

#define DSMB_UNITS	0x10000
/* Heads of the table by which letters are found while the one above is filled. */
#define DSMB_FOLD_HEADS	(2 * DSMB_UNITS)

#ifdef DITTO_TESTS
unsigned long dsmb_folds;

static void dsmb_fold_count(void)
{
	WRITE_ONCE(dsmb_folds, dsmb_folds + 1);
}
#else
static void dsmb_fold_count(void) {}
#endif

/* A unit is treated as a character: names use no case beyond the Basic Multilingual Plane. */
static int dsmb_fold(const struct unicode_map *map, u16 c, u8 *out)
{
	u8 utf8[3];
	struct qstr str;

	dsmb_fold_count();
	if (c < 0x800) {
		utf8[0] = 0xc0 | c >> 6;
		utf8[1] = 0x80 | (c & 0x3f);
		str = (struct qstr)QSTR_INIT(utf8, 2);
	} else {
		utf8[0] = 0xe0 | c >> 12;
		utf8[1] = 0x80 | (c >> 6 & 0x3f);
		utf8[2] = 0x80 | (c & 0x3f);
		str = (struct qstr)QSTR_INIT(utf8, 3);
	}
	return utf8_casefold(map, &str, out, DSMB_FOLD_MAX);
}

/* Get the first letter with the folded form of this one; @heads has those before it. */
static u16 dsmb_first_letter(const struct unicode_map *map, u16 *heads, u16 c)
{
	u8 folded[DSMB_FOLD_MAX], other[DSMB_FOLD_MAX];
	int len = dsmb_fold(map, c, folded);
	u32 at;

	/* A character that folds to nothing equals only itself. */
	if (len <= 0)
		return c;
	for (at = jhash(folded, len, 0); heads[at % DSMB_FOLD_HEADS]; at++) {
		u16 first = heads[at % DSMB_FOLD_HEADS];

		if (dsmb_fold(map, first, other) == len && !memcmp(folded, other, len))
			return first;
	}
	heads[at % DSMB_FOLD_HEADS] = c;
	return c;
}

static int dsmb_letters_fill(const struct unicode_map *map)
{
	u16 *letters = kvmalloc_array(DSMB_UNITS, sizeof(*letters), GFP_KERNEL);
	u16 *heads = kvcalloc(DSMB_FOLD_HEADS, sizeof(*heads), GFP_KERNEL);
	int err = -ENOMEM;

	if (!letters || !heads)
		goto free;
	for (u32 c = 0; c < DSMB_UNITS; c++) {
		/* No other letter equals one of ASCII. */
		letters[c] = c < 0x80 ? c : dsmb_first_letter(map, heads, c);
		cond_resched();
	}
	swap(dsmb_letters, letters);
	err = 0;
free:
	kvfree(heads);
	kvfree(letters);
	return err;
}

void dsmb_match_init(void)
{
	struct unicode_map *map = utf8_load(UNICODE_AGE(12, 1, 0));
	int err = PTR_ERR_OR_ZERO(map);

	if (!err) {
		err = dsmb_letters_fill(map);
		utf8_unload(map);
	}
	if (err)
		pr_warn("no table of letters (%d): case of letters other than A to Z counts in patterns\n",
			err);
}

void dsmb_match_exit(void)
{
	kvfree(dsmb_letters);
	dsmb_letters = NULL;
}

static bool dsmb_same_letter(u16 a, u16 b)
{
	if (a == b)
		return true;
	if (a < 0x80 && b < 0x80)
		return toupper(a) == toupper(b);
	return dsmb_letters && dsmb_letters[a] == dsmb_letters[b];
}

/*
 * Check whether a name contains wildcards. @pattern_len: units of @pattern. Return: true if it
 * contains one of * ? < > ".
 */
bool dsmb_is_pattern(const __le16 *pattern, u32 pattern_len)
{
	u32 i;
	u16 c;

	for (i = 0; i < pattern_len; i++) {
		c = get_unaligned_le16(&pattern[i]);
		if (c < 0x80 && c && strchr("*?<>\"", c))
			return true;
	}
	return false;
}

/**
 * struct dsmb_match_at - a position in the name
 * @c: its character; 0 at the end
 * @last_dot: it is the last dot of the name
 */
struct dsmb_match_at {
	u16 c;
	bool last_dot;
};

/* True if this pattern character may match no character. */
static bool dsmb_match_none(u16 p, const struct dsmb_match_at *at)
{
	switch (p) {
	case DSMB_STAR:
	case DSMB_DOS_STAR:
		return true;
	case DSMB_DOS_QM:
		return !at->c || at->c == '.';
	case DSMB_DOS_DOT:
		return !at->c;
	}
	return false;
}

/* True if this pattern character matches the name's; @again if it may match further ones. */
static bool dsmb_match_one(u16 p, const struct dsmb_match_at *at, bool *again)
{
	*again = false;
	switch (p) {
	case DSMB_STAR:
		*again = true;
		return true;
	case DSMB_DOS_STAR:
		*again = !at->last_dot;
		return true;
	case DSMB_QM:
		return true;
	case DSMB_DOS_QM:
		return at->c != '.';
	case DSMB_DOS_DOT:
		return at->c == '.';
	}
	return dsmb_same_letter(p, at->c);
}

/* Skip pattern characters that match nothing, from every position of a possible match. */
static void dsmb_match_pass(unsigned long *places, const __le16 *pattern, u32 pattern_len,
			    const struct dsmb_match_at *at)
{
	unsigned int i;

	/* Bits are set behind the current position, so one pass finds all. */
	for_each_set_bit(i, places, pattern_len)
		if (dsmb_match_none(get_unaligned_le16(&pattern[i]), at))
			__set_bit(i + 1, places);
}

/*
 * Match a name against a pattern with * ? < > ". @pattern_len: units of @pattern, at most
 * DSMB_NAME_UNITS; @name_len: units of @name. MS-FSA section 2.1.4.4. The comparison ignores case.
 * Return: true if the name matches.
 */
bool dsmb_match(const __le16 *pattern, u32 pattern_len, const __le16 *name, u32 name_len)
{
	DECLARE_BITMAP(places, DSMB_NAME_UNITS + 1);
	DECLARE_BITMAP(next, DSMB_NAME_UNITS + 1);
	struct dsmb_match_at at;
	u32 last_dot = name_len, n;
	unsigned int i;
	bool again;

	if (pattern_len > DSMB_NAME_UNITS)
		return false;
	for (n = 0; n < name_len; n++)
		if (get_unaligned_le16(&name[n]) == '.')
			last_dot = n;

	bitmap_zero(places, DSMB_NAME_UNITS + 1);
	__set_bit(0, places);
	for (n = 0; n < name_len; n++) {
		at.c = get_unaligned_le16(&name[n]);
		at.last_dot = n == last_dot;
		dsmb_match_pass(places, pattern, pattern_len, &at);
		bitmap_zero(next, DSMB_NAME_UNITS + 1);
		for_each_set_bit(i, places, pattern_len)
			if (dsmb_match_one(get_unaligned_le16(&pattern[i]), &at, &again))
				__set_bit(again ? i : i + 1, next);
		if (bitmap_empty(next, DSMB_NAME_UNITS + 1))
			return false;
		bitmap_copy(places, next, DSMB_NAME_UNITS + 1);
	}
	at = (struct dsmb_match_at) { };
	dsmb_match_pass(places, pattern, pattern_len, &at);
	return test_bit(pattern_len, places);
}
