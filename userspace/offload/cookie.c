// SPDX-License-Identifier: GPL-2.0-only
/* Cookies. */

#include <stdio.h>
#include <string.h>

#include "cookie.h"

#define VERSION		"1"
/* "\n" HEX "\n1" */
#define TAIL		(1 + 2 * HASH_SIZE + 1 + strlen(VERSION))

size_t cookie_encode(const char *store, const u8 name[HASH_SIZE], u8 cookie[OFFLOAD_COOKIE_MAX])
{
	char hex[HASH_HEX];

	hash_to_hex(name, HASH_SIZE, hex);
	return (size_t)snprintf((char *)cookie, OFFLOAD_COOKIE_MAX, "%s\n%s\n" VERSION, store, hex);
}

bool cookie_decode(const u8 *cookie, size_t len, char store[OFFLOAD_STORE_MAX + 1],
		   u8 name[HASH_SIZE])
{
	const u8 *end = memchr(cookie, '\n', len);
	size_t n = end ? (size_t)(end - cookie) : 0;
	char hex[HASH_HEX];

	if (!n || n > OFFLOAD_STORE_MAX || memchr(cookie, 0, len) || len - n != TAIL)
		return false;
	memcpy(store, cookie, n);
	store[n] = '\0';
	memcpy(hex, end + 1, sizeof(hex) - 1);
	hex[sizeof(hex) - 1] = '\0';
	end += sizeof(hex);
	return hash_from_hex(hex, name, HASH_SIZE) &&
	       !memcmp(end, "\n" VERSION, 1 + strlen(VERSION));
}
