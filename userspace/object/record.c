// SPDX-License-Identifier: GPL-2.0-only
/* Records of offloaded files. */

#include <string.h>

#include "number.h"
#include "record.h"

/* Bytes of the header in version 1, and what version 2 has more; the checksum is the last of it. */
#define RECORD_HEADER	40
#define RECORD_MORE	8
#define RECORD_VERSION	2
#define CRC_SIZE	4
/* There is a second map. */
#define FLAG_OWN_MAP	1
/* Places of the fields. */
#define AT_VERSION	4
#define AT_FLAGS	5
#define AT_SIZE		8
#define AT_INODE	24
#define AT_GENERATION	32
#define AT_COOKIE_LEN	36
#define AT_MAP_LEN	38

#define STORED_HEADER	48
#define STORED_MORE	4
/* Places of the fields. */
#define AT_STORED_INODE		32
#define AT_STORED_GENERATION	40
#define AT_STORED_COOKIE_LEN	44

bool offload_record_set(struct offload_record *r, u64 size, const u8 *cookie, size_t len)
{
	memset(r, 0, sizeof(*r));
	r->size = size;
	return cookie_decode(&r->cookie, cookie, len);
}

/* CRC32C (RFC 3720 appendix B.4) of bytes, where the checksum itself counts as 0. */
static u32 record_crc(const u8 *in, size_t len, size_t at)
{
	u32 crc = ~0U;
	size_t i;
	int bit;

	for (i = 0; i < len; i++) {
		crc ^= i >= at && i < at + CRC_SIZE ? 0 : in[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
	}
	return ~crc;
}

/* Bytes of the header of a record; 0 if its version is unknown, or its checksum is wrong. */
static size_t record_header(const u8 *in, size_t len, size_t first, size_t more)
{
	if (len < first || !in[AT_VERSION] || in[AT_VERSION] > RECORD_VERSION)
		return 0;
	if (in[AT_VERSION] == 1)
		return first;
	first += more;
	if (len < first || number_get(in + first - CRC_SIZE, CRC_SIZE) !=
			   record_crc(in, len, first - CRC_SIZE))
		return 0;
	return first;
}

bool offload_record_decode(struct offload_record *r, const u8 *in, size_t len)
{
	size_t header = record_header(in, len, RECORD_HEADER, RECORD_MORE), cookie, map;

	memset(r, 0, sizeof(*r));
	if (!header || memcmp(in, "DOFL", 4))
		return false;
	cookie = number_get(in + AT_COOKIE_LEN, 2);
	map = number_get(in + AT_MAP_LEN, 2);
	if (in[AT_FLAGS] & FLAG_OWN_MAP)
		map *= 2;
	if (len != header + cookie + map || cookie > OFFLOAD_COOKIE_MAX)
		return false;
	r->size = number_get(in + AT_SIZE, 8);
	r->inode = number_get(in + AT_INODE, 8);
	r->generation = (u32)number_get(in + AT_GENERATION, 4);
	return cookie_decode(&r->cookie, in + header, cookie);
}

bool offload_stored_decode(struct offload_record *r, const u8 *in, size_t len)
{
	size_t header = record_header(in, len, STORED_HEADER, STORED_MORE), cookie;

	memset(r, 0, sizeof(*r));
	if (!header || memcmp(in, "DSTO", 4))
		return false;
	cookie = number_get(in + AT_STORED_COOKIE_LEN, 2);
	if (len != header + cookie || cookie > OFFLOAD_COOKIE_MAX)
		return false;
	r->size = number_get(in + AT_SIZE, 8);
	r->inode = number_get(in + AT_STORED_INODE, 8);
	r->generation = (u32)number_get(in + AT_STORED_GENERATION, 4);
	return cookie_decode(&r->cookie, in + header, cookie);
}
