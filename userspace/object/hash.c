// SPDX-License-Identifier: GPL-2.0-only
/* Digests by libgcrypt. */

#include <gcrypt.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"

bool hash_init(void)
{
	if (gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P))
		return true;
	if (!gcry_check_version("1.8.0"))
		return false;
	gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
	gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	return true;
}

void hash_sha256(const void *data, size_t len, u8 hash[HASH_SIZE])
{
	gcry_md_hash_buffer(GCRY_MD_SHA256, hash, data, len);
}

void hash_hmac(const void *key, size_t key_len, const void *data, size_t len, u8 mac[HASH_SIZE])
{
	gcry_md_hd_t h;

	/* Both fail only without memory. */
	if (gcry_md_open(&h, GCRY_MD_SHA256, GCRY_MD_FLAG_HMAC) || gcry_md_setkey(h, key, key_len))
		abort();
	gcry_md_write(h, data, len);
	memcpy(mac, gcry_md_read(h, 0), HASH_SIZE);
	gcry_md_close(h);
}

bool hash_md5(const void *data, size_t len, u8 hash[HASH_MD5])
{
	if (gcry_md_test_algo(GCRY_MD_MD5))
		return false;
	gcry_md_hash_buffer(GCRY_MD_MD5, hash, data, len);
	return true;
}

void hash_to_hex(const u8 *bytes, size_t len, char *text)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < len; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * len] = '\0';
}

static int hash_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

void hash_to_base64(const u8 *bytes, size_t len, char *text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t i, n;
	u32 bits;

	for (i = 0; i < len; i += 3) {
		bits = (u32)bytes[i] << 16;
		bits |= i + 1 < len ? (u32)bytes[i + 1] << 8 : 0;
		bits |= i + 2 < len ? bytes[i + 2] : 0;
		for (n = 0; n < 4; n++)
			*text++ = n > len - i ? '=' : digits[bits >> (18 - 6 * n) & 63];
	}
	*text = '\0';
}

bool hash_from_hex(const char *text, u8 *bytes, size_t len)
{
	int high, low;
	size_t i;

	for (i = 0; i < len; i++) {
		high = hash_digit(text[2 * i]);
		low = high < 0 ? -1 : hash_digit(text[2 * i + 1]);
		if (low < 0)
			return false;
		bytes[i] = (u8)(high << 4 | low);
	}
	return !text[2 * len];
}
