/* SPDX-License-Identifier: GPL-2.0-only */
/* Digests, and their text. */
#ifndef _DITTO_OFFLOAD_HASH_H
#define _DITTO_OFFLOAD_HASH_H

#include "types.h"

/* Bytes of SHA-256 (FIPS 180-4), and of its text with the NUL. */
#define HASH_SIZE	32
#define HASH_HEX	65
/* Bytes of MD5 (RFC 1321). */
#define HASH_MD5	16

/* Initialize the library. Must be called first, in one thread. Returns false if it is too old. */
bool hash_init(void);
/* SHA-256. */
void hash_sha256(const void *data, size_t len, u8 hash[HASH_SIZE]);
/* HMAC (RFC 2104) with SHA-256. */
void hash_hmac(const void *key, size_t key_len, const void *data, size_t len, u8 mac[HASH_SIZE]);
/* MD5, which is not for security. Returns false if the library does not offer it. */
bool hash_md5(const void *data, size_t len, u8 hash[HASH_MD5]);
/* Write @len bytes as lower-case hexadecimal digits and a NUL. */
void hash_to_hex(const u8 *bytes, size_t len, char *text);
/* Bytes of the text of @len bytes in base64, with the NUL. */
#define HASH_BASE64(len)	(((len) + 2) / 3 * 4 + 1)
/* Write @len bytes in base64 (RFC 4648 section 4) and a NUL. */
void hash_to_base64(const u8 *bytes, size_t len, char *text);
/* Read exactly @len bytes from as many pairs of hexadecimal digits. Returns false on others. */
bool hash_from_hex(const char *text, u8 *bytes, size_t len);

#endif
