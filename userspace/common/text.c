// SPDX-License-Identifier: GPL-2.0-only
/* Values as text. */

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mem.h"
#include "spec.h"
#include "text.h"

/* Bytes of an IPv6 address that stand for its network. */
#define NETWORK_BYTES	8

/* Bytes of the longest host name or netgroup in the kernel. */
#define NAME_MAX_LEN	255

bool why_not(struct why *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	return false;
}

bool text_number(const char *text, u64 min, u64 max, u64 *value,
		 struct why *why)
{
	char *end;

	errno = 0;
	if (text[0] && strspn(text, "0123456789") == strlen(text)) {
		*value = strtoull(text, &end, 10);
		if (!errno && *value >= min && *value <= max)
			return true;
	}
	return why_not(why, "'%s' is not allowed: a number from %llu to %llu is", text,
		       min, max);
}

/* A number with one of the letters of @units, each of which stands for a factor, or with none. */
static bool text_number_with_unit(const char *text, const char *units, const u64 *factors, u64 max,
				  u64 *value)
{
	u64 factor = 1, number;
	const char *unit;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || !isdigit((unsigned char)text[0]))
		return false;
	if (*end) {
		unit = strchr(units, *end);
		if (!unit || end[1])
			return false;
		factor = factors[unit - units];
	}
	if (number > max / factor)
		return false;
	*value = number * factor;
	return true;
}

bool text_duration(const char *text, u64 max, u64 *seconds, struct why *why)
{
	static const u64 factors[] = { 1, 60, 3600, 86400, 7 * 86400 };

	return text_number_with_unit(text, "smhdw", factors, max, seconds) ||
	       why_not(why, "'%s' is not allowed: a time such as 30m, 12h or 7d, up to %llud, is",
		       text, max / 86400);
}

bool text_size(const char *text, u64 *bytes, struct why *why)
{
	static const u64 factors[] = { 1ULL << 10, 1ULL << 20, 1ULL << 30, 1ULL << 40 };

	return text_number_with_unit(text, "KMGT", factors, INT64_MAX, bytes) ||
	       why_not(why, "'%s' is not allowed: a number of bytes such as 4096, 64K or 10M is",
		       text);
}

bool text_hours(const char *text, u32 *from, u32 *to, struct why *why)
{
	unsigned int h1, m1, h2, m2;
	char end;

	if (strspn(text, "0123456789:-") != strlen(text) ||
	    sscanf(text, "%2u:%2u-%2u:%2u%c", &h1, &m1, &h2, &m2, &end) != 4 ||
	    h1 > 23 || m1 > 59 || m2 > 59 || h2 * 60 + m2 > 24 * 60)
		return why_not(why, "'%.60s' is not allowed: HH:MM-HH:MM is", text);
	*from = h1 * 60 + m1;
	*to = h2 * 60 + m2;
	return true;
}

bool text_hours_contain(u32 from, u32 to, u32 minute)
{
	if (from == to)
		return true;
	if (from < to)
		return minute >= from && minute < to;
	return minute >= from || minute < to;
}

bool text_bool(const char *text, bool *value, struct why *why)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{ "yes", true }, { "on", true }, { "true", true }, { "1", true },
		{ "no", false }, { "off", false }, { "false", false }, { "0", false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strcasecmp(text, words[i].word)) {
			*value = words[i].value;
			return true;
		}
	}
	return why_not(why, "'%s' is not allowed: yes (on, true, 1) or no (off, false, 0) is",
		       text);
}

bool text_enum(const char *text, const struct spec_enum *e, u32 *value,
	       struct why *why)
{
	s64 found = spec_enum_value(e, text);
	char all[256];

	if (found < 0)
		return why_not(why, "'%s' is not allowed: one of %s is", text,
			       spec_enum_all(e, all, sizeof(all)));
	*value = (u32)found;
	return true;
}

bool text_flags(const char *text, const struct spec_enum *e, u32 *value,
		struct why *why)
{
	u32 flags = 0;
	char all[256];

	for (;;) {
		size_t len = strcspn(text, ",");
		s64 bit = -1;
		char word[32];

		if (len < sizeof(word)) {
			memcpy(word, text, len);
			word[len] = '\0';
			bit = spec_enum_value(e, word);
		}
		if (bit < 0)
			return why_not(why, "'%.*s' is not allowed: a list of %s is", (int)len,
				       text, spec_enum_all(e, all, sizeof(all)));
		flags |= (u32)bit;
		if (!text[len])
			break;
		text += len + 1;
	}
	*value = flags;
	return true;
}

static bool is_mapped(const u8 *bytes, size_t len)
{
	return len == 16 && IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)bytes);
}

bool address_same_client(const struct address *a, const struct address *b)
{
	size_t len = a->len > NETWORK_BYTES ? NETWORK_BYTES : a->len;

	return a->len == b->len && !memcmp(a->bytes, b->bytes, len);
}

bool text_address(const char *text, struct address *addr, struct why *why)
{
	memset(addr, 0, sizeof(*addr));
	if (!strcmp(text, "*"))
		return true;
	if (inet_pton(AF_INET, text, addr->bytes) == 1) {
		addr->len = 4;
		return true;
	}
	if (inet_pton(AF_INET6, text, addr->bytes) != 1)
		return why_not(why, "'%s' is not allowed: an IPv4 or IPv6 address or * is",
			       text);
	addr->len = 16;
	if (is_mapped(addr->bytes, 16)) {
		memmove(addr->bytes, addr->bytes + 12, 4);
		memset(addr->bytes + 4, 0, 12);
		addr->len = 4;
	}
	return true;
}

const char *text_from_address(const void *bytes, size_t len, char buf[TEXT_ADDRESS_MAX])
{
	u8 copy[16];

	snprintf(buf, TEXT_ADDRESS_MAX, len ? "?" : "*");
	if (len != 4 && len != 16)
		return buf;
	memcpy(copy, bytes, len);
	if (is_mapped(copy, len))
		inet_ntop(AF_INET, copy + 12, buf, TEXT_ADDRESS_MAX);
	else
		inet_ntop(len == 4 ? AF_INET : AF_INET6, copy, buf, TEXT_ADDRESS_MAX);
	return buf;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return found ? (int)(found - digits) : -1;
}

bool text_uuid(const char *text, u8 id[16], struct why *why)
{
	unsigned int n = 0;
	const char *p;

	for (p = text; *p; p++) {
		int digit = hex_digit(*p);

		if (*p == '-')
			continue;
		if (digit < 0 || n == 32)
			break;
		id[n / 2] = (u8)(n % 2 ? id[n / 2] | digit : digit << 4);
		n++;
	}
	if (*p || n != 32)
		return why_not(why, "'%s' is not allowed: a UUID of 32 hexadecimal digits is",
			       text);
	return true;
}

const char *text_from_uuid(const u8 id[16], char buf[TEXT_UUID_MAX])
{
	char *p = buf;
	int i;

	for (i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		p += sprintf(p, "%02x", id[i]);
	}
	return buf;
}

const char *text_from_sid(const u8 *sid, size_t len, char buf[TEXT_SID_MAX])
{
	u64 authority = 0;
	size_t at;
	unsigned int i;

	if (len < 8 || len != 8 + 4 * (size_t)sid[1]) {
		snprintf(buf, TEXT_SID_MAX, "?");
		return buf;
	}
	for (i = 2; i < 8; i++)
		authority = authority << 8 | sid[i];
	at = (size_t)snprintf(buf, TEXT_SID_MAX, "S-%u-%llu", sid[0], authority);
	for (i = 0; i < sid[1] && at < TEXT_SID_MAX; i++) {
		const u8 *sub = sid + 8 + 4 * i;

		at += (size_t)snprintf(buf + at, TEXT_SID_MAX - at, "-%u",
				       sub[0] | sub[1] << 8 | sub[2] << 16 | (u32)sub[3] << 24);
	}
	return buf;
}

/* Parse decimal digits up to @max and step behind them. */
static bool sid_number(const char **text, u64 max, u64 *value)
{
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	*value = strtoull(*text, &end, 10);
	*text = end;
	return *value <= max;
}

bool text_sid(const char *text, u8 sid[SID_BYTES_MAX], u32 *len, struct why *why)
{
	const char *at = text + strlen("S-1-");
	unsigned int i, n;
	u64 value;

	if (strncmp(text, "S-1-", 4) || !sid_number(&at, (1ULL << 48) - 1, &value))
		return why_not(why, "'%s' is no SID: S-1-... is", text);
	sid[0] = 1;
	for (i = 0; i < 6; i++)
		sid[2 + i] = (u8)(value >> (8 * (5 - i)));
	for (n = 0; *at == '-'; n++) {
		at++;
		if (n == 15 || !sid_number(&at, UINT32_MAX, &value))
			return why_not(why, "'%s' is no SID", text);
		for (i = 0; i < 4; i++)
			sid[8 + 4 * n + i] = (u8)(value >> (8 * i));
	}
	if (*at)
		return why_not(why, "'%s' is no SID", text);
	sid[1] = (u8)n;
	*len = 8 + 4 * n;
	return true;
}

/* Names of NetBIOS have one byte more, for their kind (RFC 1002 section 4.1). */
bool text_workgroup(const char *text, struct why *why)
{
	const char *p;

	for (p = text; isalnum((unsigned char)*p) || (*p && strchr("._-", *p)); p++)
		;
	return (p > text && !*p && p - text <= 15) ||
	       why_not(why,
		       "'%.60s' is no work group: 1 to 15 letters, digits, '.', '_' and '-' are",
		       text);
}

bool text_server_string(const char *text, struct why *why)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t len;

	for (; *p && !iscntrl(*p); p += len) {
		len = text_utf8_length(p);
		if (!len)
			break;
	}
	return (!*p && strlen(text) < 256) ||
	       why_not(why, "'%.60s' is not allowed: 255 bytes of UTF-8 at most are", text);
}

bool text_region(const char *text, struct why *why)
{
	const char *p;

	for (p = text; isalnum((unsigned char)*p) || (*p && strchr("._-", *p)); p++)
		;
	return (p > text && !*p && p - text <= TEXT_REGION_LEN) ||
	       why_not(why,
		       "'%.60s' is not allowed: 1 to %d letters, digits, '.', '_' and '-' are",
		       text, TEXT_REGION_LEN);
}

bool text_dialect(const char *text, u32 *dialect, struct why *why)
{
	static const u32 known[] = { 0x0202, 0x0210, 0x0300, 0x0302, 0x0311 };
	char buf[TEXT_DIALECT_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		if (!strcmp(text, text_from_dialect(known[i], buf))) {
			*dialect = known[i];
			return true;
		}
	}
	return why_not(why, "'%s' is not allowed: one of %s is", text, TEXT_DIALECTS);
}

const char *text_from_dialect(u32 dialect, char buf[TEXT_DIALECT_MAX])
{
	unsigned int major = dialect >> 8 & 0xff, minor = dialect >> 4 & 0xf, rest = dialect & 0xf;

	if (rest)
		snprintf(buf, TEXT_DIALECT_MAX, "%u.%u.%u", major, minor, rest);
	else
		snprintf(buf, TEXT_DIALECT_MAX, "%u.%u", major, minor);
	return buf;
}

/* Check a network such as "192.0.2.0/24". */
static bool rule_network(const char *text, struct why *why)
{
	const char *slash = strchr(text, '/');
	struct address addr;
	u64 prefix;
	struct why ignored;
	char host[TEXT_ADDRESS_MAX];

	if (slash - text >= (ptrdiff_t)sizeof(host))
		return why_not(why, "'%s' is not a network", text);
	memcpy(host, text, (size_t)(slash - text));
	host[slash - text] = '\0';
	if (!strcmp(host, "*") || !text_address(host, &addr, &ignored))
		return why_not(why, "'%s' is not a network: '%s' is no IP address", text, host);
	if (!text_number(slash + 1, 0, strchr(host, ':') ? 128 : 32, &prefix, &ignored))
		return why_not(why, "'%s' is not a network: its prefix must be from 0 to %d",
			       text, strchr(host, ':') ? 128 : 32);
	return true;
}

static bool is_name(const char *text, const char *more)
{
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr(more, *text))
			return false;
	return true;
}

/* A word of digits and dots alone is a wrong address, not a host name. */
static bool looks_like_address(const char *text)
{
	return strchr(text, ':') || strspn(text, "0123456789.") == strlen(text);
}

bool text_rule_spec(const char *text, struct why *why)
{
	struct address addr;

	if (!text[0])
		return why_not(why,
			       "a client is missing: any, an address, a network, a host name, @netgroup or cert:NAME");
	if (strlen(text) > NAME_MAX_LEN)
		return why_not(why, "the client is longer than %d characters", NAME_MAX_LEN);
	if (text[0] == '@') {
		if (!text[1] || !is_name(text + 1, "-_.:+"))
			return why_not(why, "'%s' is not a netgroup: a name behind the @ is", text);
		return true;
	}
	if (!strncmp(text, "cert:", 5)) {
		if (!text[5] || !is_name(text + 5, "-_.*?"))
			return why_not(why,
				       "'%s' is not allowed: the name of a certificate, with * and ?, behind the : is",
				       text);
		return true;
	}
	if (strchr(text, '/'))
		return rule_network(text, why);
	if (looks_like_address(text))
		return text_address(text, &addr, why);
	if (!is_name(text, "-_.*?"))
		return why_not(why,
			       "'%s' is not allowed: *, an address, a network such as 192.0.2.0/24, a host name with * and ?, @netgroup, or cert:NAME is",
			       text);
	return true;
}

/* Smallest number of insertions, deletions, replacements and swaps of neighbours. */
static unsigned int text_distance(const char *a, const char *b)
{
	unsigned int rows[3][64];
	size_t blen = strlen(b);
	size_t i, j;

	if (blen >= ARRAY_SIZE(rows[0]))
		return ~0U;
	for (j = 0; j <= blen; j++)
		rows[0][j] = (unsigned int)j;
	for (i = 0; a[i]; i++) {
		const unsigned int *above = rows[i % 3];
		unsigned int *row = rows[(i + 1) % 3];

		row[0] = (unsigned int)i + 1;
		for (j = 0; j < blen; j++) {
			unsigned int best = above[j] + (a[i] != b[j]);

			if (above[j + 1] + 1 < best)
				best = above[j + 1] + 1;
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (i && j && a[i] == b[j - 1] && a[i - 1] == b[j] &&
			    rows[(i + 2) % 3][j - 1] + 1 < best)
				best = rows[(i + 2) % 3][j - 1] + 1;
			row[j + 1] = best;
		}
	}
	return rows[i % 3][blen];
}

const char *text_nearest(const char *word, const char *(*name)(const void *arg, unsigned int i),
			 const void *arg)
{
	unsigned int limit = (unsigned int)strlen(word) / 3 + 1;
	const char *best = NULL;
	const char *candidate;
	unsigned int i;

	for (i = 0; (candidate = name(arg, i)); i++) {
		unsigned int d = text_distance(word, candidate);

		/*
		 * A word that is an abbreviation of the candidate matches, however much is
		 * missing.
		 */
		if (word[0] && !strncmp(candidate, word, strlen(word)))
			d = 0;
		if (d <= limit && (!best || d < limit)) {
			best = candidate;
			limit = d;
		}
	}
	return best;
}

/*
 * Return the code of the control character at @p, or 0 if there is none. C1 characters, too, may be
 * commands to a terminal (ECMA-48 section 5.3).
 */
static unsigned int text_control(const unsigned char *p)
{
	if ((*p && *p < ' ') || *p == 0x7f)
		return *p;
	return *p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0 ? p[1] : 0;
}

void text_make_printable(char *text)
{
	char *to = text;

	while (*text) {
		unsigned int control = text_control((unsigned char *)text);

		*to++ = control ? '?' : *text;
		text += control < 0x80 ? 1 : 2;
	}
	*to = '\0';
}

void text_decode_octal(char *text)
{
	char *to = text;

	for (; *text; text++, to++) {
		if (text[0] == '\\' && text[1] && text[2] && text[3]) {
			*to = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
			text += 3;
		} else {
			*to = *text;
		}
	}
	*to = '\0';
}

char *text_printable(const char *text)
{
	char *copy = mem_string(text);

	text_make_printable(copy);
	return copy;
}

size_t text_utf8_length(const unsigned char *p)
{
	static const struct {
		unsigned char first, last, low, high;
		size_t len;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	size_t i, n;

	if (*p < 0x80)
		return 1;
	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		if (*p < forms[i].first || *p > forms[i].last)
			continue;
		if (p[1] < forms[i].low || p[1] > forms[i].high)
			return 0;
		for (n = 2; n < forms[i].len; n++)
			if ((p[n] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

void text_put_json(FILE *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	putc('"', out);
	while (*p) {
		size_t len = text_utf8_length(p);

		if (!len) {
			fputs("\\ufffd", out);
			len = 1;
		} else if (*p == '"' || *p == '\\') {
			fprintf(out, "\\%c", *p);
		} else if (text_control(p)) {
			fprintf(out, "\\u%04x", text_control(p));
		} else {
			fwrite(p, 1, len, out);
		}
		p += len;
	}
	putc('"', out);
}
