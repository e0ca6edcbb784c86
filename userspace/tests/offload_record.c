// SPDX-License-Identifier: GPL-2.0-only
/* The records that the index is made from: of files, and of file systems. */

#include <string.h>

#include "object/cookie.h"
#include "object/filesystem.h"
#include "object/record.h"
#include "test.h"

static void registrations_decoded(void)
{
	static const struct filesystem disk = { .id = "disk", .type = "ext4", .path = "/srv" };
	u8 bytes[FILESYSTEM_MAX];
	size_t len = filesystem_encode(&disk, bytes), i;
	struct filesystem fs;
	struct why why;

	CHECK(filesystem_decode(&fs, bytes, len, &why));
	CHECK(!memcmp(fs.id, disk.id, sizeof(fs.id)));
	SAME(fs.type, "ext4");
	SAME(fs.path, "/srv");
	for (i = 0; i < len; i++)
		CHECK(!filesystem_decode(&fs, bytes, i, &why));
	bytes[len - 1] = 0;
	CHECK(!filesystem_decode(&fs, bytes, len, &why));
	len = filesystem_encode(&disk, bytes);
	bytes[8] = 2;
	CHECK(!filesystem_decode(&fs, bytes, len, &why) && strstr(why.text, "later version"));
}

static void records_decoded(void)
{
	u8 record[OFFLOAD_RECORD_MAX] = "DOFL\001";
	struct cookie cold = { .store = "cold" };
	struct offload_record r;
	size_t cookie, len;

	memset(cold.name, 'x', HASH_SIZE);
	cookie = cookie_encode(&cold, record + 40);
	len = 40 + cookie + 2;
	record[9] = 1;
	record[24] = 7;
	record[32] = 9;
	record[36] = (u8)cookie;
	record[38] = 2;
	CHECK(offload_record_decode(&r, record, len) && r.size == 256 && r.inode == 7 &&
	      r.generation == 9 && !memcmp(r.cookie.name, cold.name, HASH_SIZE));
	SAME(r.cookie.store, "cold");
	CHECK(!offload_record_decode(&r, record, len - 1));
	CHECK(!offload_record_decode(&r, record, len + 1));
	CHECK(!offload_record_decode(&r, record, 39));
	record[4] = 3;
	CHECK(!offload_record_decode(&r, record, len));
	record[4] = 1;
	record[37] = 0xff;
	CHECK(!offload_record_decode(&r, record, len));
}

/* The remainder of CRC32C, bit by bit as the division is written down (RFC 3720 section 12.1). */
static u32 remainder_of(const u8 *bytes, size_t len)
{
	u32 rest = ~0U, turned = 0;
	size_t bit;
	int i;

	for (bit = 0; bit < 8 * len; bit++) {
		bool out = (rest >> 31 ^ bytes[bit / 8] >> bit % 8) & 1;

		rest = rest << 1 ^ (out ? 0x1edc6f41 : 0);
	}
	for (i = 0; i < 32; i++)
		turned |= (~rest >> i & 1) << (31 - i);
	return turned;
}

static void record_seal(u8 *record, size_t len, size_t at)
{
	u32 crc;
	int i;

	memset(record + at, 0, 4);
	crc = remainder_of(record, len);
	for (i = 0; i < 4; i++)
		record[at + (size_t)i] = (u8)(crc >> 8 * i);
}

/* Version 2 has a checksum: no bit of what the kernel has written may be another one. */
static void checksums_compared(void)
{
	u8 record[600] = "DOFL\2\0\0\27";
	struct cookie cold = { .store = "cold" };
	struct offload_record r;
	size_t cookie, len, bit;

	memset(cold.name, 'x', HASH_SIZE);
	cookie = cookie_encode(&cold, record + 48);
	len = 48 + cookie + 1;
	record[8] = 100;
	record[36] = (u8)cookie;
	record[38] = 1;
	CHECK(!offload_record_decode(&r, record, len));
	record_seal(record, len, 44);
	CHECK(offload_record_decode(&r, record, len) && r.size == 100);
	SAME(r.cookie.store, "cold");
	for (bit = 0; bit < 8 * len; bit++) {
		record[bit / 8] ^= (u8)(1 << bit % 8);
		CHECK(!offload_record_decode(&r, record, len));
		record[bit / 8] ^= (u8)(1 << bit % 8);
	}
	record[5] = 1;
	record_seal(record, len, 44);
	CHECK(!offload_record_decode(&r, record, len));
	record_seal(record, len + 1, 44);
	CHECK(offload_record_decode(&r, record, len + 1));
}

static void stored_decoded(void)
{
	u8 stored[600] = "DSTO\1";
	struct cookie cold = { .store = "cold" };
	struct offload_record r;
	size_t cookie, len;

	memset(cold.name, 'x', HASH_SIZE);
	cookie = cookie_encode(&cold, stored + 48);
	len = 48 + cookie;
	stored[9] = 1;
	stored[32] = 7;
	stored[40] = 9;
	stored[44] = (u8)cookie;
	CHECK(offload_stored_decode(&r, stored, len) && r.size == 256 && r.inode == 7 &&
	      r.generation == 9 && !memcmp(r.cookie.name, cold.name, HASH_SIZE));
	SAME(r.cookie.store, "cold");
	CHECK(!offload_stored_decode(&r, stored, len - 1));
	CHECK(!offload_stored_decode(&r, stored, len + 1));
	CHECK(!offload_stored_decode(&r, stored, 47));
	stored[4] = 3;
	CHECK(!offload_stored_decode(&r, stored, len));
	stored[4] = 1;
	stored[45] = 0xff;
	CHECK(!offload_stored_decode(&r, stored, len));
	stored[45] = 0;
	memmove(stored + 52, stored + 48, cookie);
	stored[4] = 2;
	CHECK(!offload_stored_decode(&r, stored, len + 4));
	record_seal(stored, len + 4, 48);
	CHECK(offload_stored_decode(&r, stored, len + 4) && r.inode == 7);
	stored[32] = 8;
	CHECK(!offload_stored_decode(&r, stored, len + 4));
}

int main(void)
{
	static const struct test tests[] = {
		TEST(registrations_decoded), TEST(records_decoded), TEST(checksums_compared),
		TEST(stored_decoded),
		{ NULL, NULL }
	};

	return test_main(tests);
}
