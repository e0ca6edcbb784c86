// SPDX-License-Identifier: GPL-2.0-only
/* Lists of garbage. */

#include <string.h>

#include "envelope.h"
#include "garbage.h"
#include "number.h"

#define VERSION		1
#define FLAG_KEPT	1U
/* Places of the fields. */
#define AT_VERSION	8
#define AT_ENTRY	10
#define AT_FLAGS	12
#define AT_TIME		16
#define AT_N		24
/* In an entry. */
#define AT_KIND		32
#define AT_ZERO		36

static const char magic[8] = "DITTOGBG";

size_t garbage_encode(const struct garbage_list *list, u8 *out)
{
	memcpy(out, magic, sizeof(magic));
	number_put(out + AT_VERSION, 2, VERSION);
	number_put(out + AT_ENTRY, 2, GARBAGE_ENTRY);
	number_put(out + AT_FLAGS, 4, list->kept ? FLAG_KEPT : 0);
	number_put(out + AT_TIME, 8, list->time);
	number_put(out + AT_N, 8, list->n);
	return GARBAGE_HEADER + (size_t)list->n * GARBAGE_ENTRY;
}

void garbage_put(u8 *out, u32 i, u32 kind, const u8 name[HASH_SIZE])
{
	u8 *entry = out + GARBAGE_HEADER + (size_t)i * GARBAGE_ENTRY;

	memcpy(entry, name, HASH_SIZE);
	number_put(entry + AT_KIND, 4, kind);
	number_put(entry + AT_ZERO, 4, 0);
}

const u8 *garbage_get(const struct garbage_list *list, u32 i, u32 *kind)
{
	const u8 *entry = list->entries + (size_t)i * GARBAGE_ENTRY;

	*kind = (u32)number_get(entry + AT_KIND, 4);
	return entry;
}

bool garbage_decode(struct garbage_list *list, const u8 *in, size_t len, struct why *why)
{
	u64 n, flags;
	u32 i, kind;

	if (len < GARBAGE_HEADER || memcmp(in, magic, sizeof(magic)))
		return why_not(why, "this is no list of garbage");
	flags = number_get(in + AT_FLAGS, 4);
	if (number_get(in + AT_VERSION, 2) != VERSION ||
	    number_get(in + AT_ENTRY, 2) != GARBAGE_ENTRY || flags & ~FLAG_KEPT)
		return why_not(why, "the list of garbage is of a later version");
	n = number_get(in + AT_N, 8);
	if (n > GARBAGE_ENTRIES_MAX || len != GARBAGE_HEADER + n * GARBAGE_ENTRY)
		return why_not(why, "the list of garbage is damaged");
	*list = (struct garbage_list){ .kept = flags & FLAG_KEPT, .n = (u32)n,
				       .time = number_get(in + AT_TIME, 8),
				       .entries = in + GARBAGE_HEADER };
	for (i = 0; i < list->n; i++) {
		const u8 *entry = garbage_get(list, i, &kind);

		if (kind < ENVELOPE_CHUNK || kind > ENVELOPE_PACK ||
		    number_get(entry + AT_ZERO, 4))
			return why_not(why, "the list of garbage is damaged");
	}
	return true;
}
