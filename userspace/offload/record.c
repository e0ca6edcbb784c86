// SPDX-License-Identifier: GPL-2.0-only
/* Records of offloaded files. */

#include <string.h>

#include "number.h"
#include "record.h"

#define RECORD_HEADER	40
#define RECORD_VERSION	1
/* Places of the fields. */
#define AT_VERSION	4
#define AT_SIZE		8
#define AT_INODE	24
#define AT_GENERATION	32
#define AT_COOKIE_LEN	36
#define AT_MAP_LEN	38

#define STORED_HEADER	48
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

bool offload_record_decode(struct offload_record *r, const u8 *in, size_t len)
{
	size_t cookie, map;

	memset(r, 0, sizeof(*r));
	if (len < RECORD_HEADER || memcmp(in, "DOFL", 4) || in[AT_VERSION] != RECORD_VERSION)
		return false;
	cookie = number_get(in + AT_COOKIE_LEN, 2);
	map = number_get(in + AT_MAP_LEN, 2);
	if (len != RECORD_HEADER + cookie + map || cookie > OFFLOAD_COOKIE_MAX)
		return false;
	r->size = number_get(in + AT_SIZE, 8);
	r->inode = number_get(in + AT_INODE, 8);
	r->generation = (u32)number_get(in + AT_GENERATION, 4);
	return cookie_decode(&r->cookie, in + RECORD_HEADER, cookie);
}

bool offload_stored_decode(struct offload_record *r, const u8 *in, size_t len)
{
	size_t cookie;

	memset(r, 0, sizeof(*r));
	if (len < STORED_HEADER || memcmp(in, "DSTO", 4) || in[AT_VERSION] != RECORD_VERSION)
		return false;
	cookie = number_get(in + AT_STORED_COOKIE_LEN, 2);
	if (len != STORED_HEADER + cookie || cookie > OFFLOAD_COOKIE_MAX)
		return false;
	r->size = number_get(in + AT_SIZE, 8);
	r->inode = number_get(in + AT_STORED_INODE, 8);
	r->generation = (u32)number_get(in + AT_STORED_GENERATION, 4);
	return cookie_decode(&r->cookie, in + STORED_HEADER, cookie);
}
