// SPDX-License-Identifier: GPL-2.0-only
/* Lists of patterns of names, see pattern.h. */

#include <linux/string.h>

#include "casefold.h"
#include "pattern.h"

static char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/*
 * The pattern ends with the separator or the text. A star that was met last takes one byte more.
 */
static bool pattern_matches(const char *pattern, char separator, const char *name, size_t len)
{
	const char *star = NULL, *retry = NULL, *end = name + len;

	for (;;) {
		bool over = !*pattern || *pattern == separator;

		if (*pattern == '*') {
			star = ++pattern;
			retry = name;
		} else if (name < end && !over &&
			   (*pattern == '?' || ascii_lower(*pattern) == ascii_lower(*name))) {
			pattern++;
			name++;
		} else if (name == end && over) {
			return true;
		} else if (star && retry < end) {
			pattern = star;
			name = ++retry;
		} else {
			return false;
		}
	}
}

/*
 * Compare a name with a list of patterns. "*" is any characters, "?" is one byte. The case of ASCII
 * letters does not count. Context: any. Return: true if one of the patterns matches the whole name.
 */
bool ditto_patterns_match(const char *patterns, char separator, const struct ditto_name *name)
{
	const char *end;

	for (; *patterns; patterns = end + !!*end) {
		end = strchrnul(patterns, separator);
		if (end > patterns && pattern_matches(patterns, separator, name->name, name->len))
			return true;
	}
	return false;
}
