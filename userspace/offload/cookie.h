/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cookies: what a stub keeps of its content. The name of the store, the name of the manifest in
 * hexadecimal digits, and the version of the format, each on a line.
 */
#ifndef _DITTO_OFFLOAD_COOKIE_H
#define _DITTO_OFFLOAD_COOKIE_H

#include "hash.h"
#include "msg.h"

/* Encode a cookie. Returns its length in bytes. */
size_t cookie_encode(const char *store, const u8 name[HASH_SIZE], u8 cookie[OFFLOAD_COOKIE_MAX]);

/**
 * cookie_decode - decode a cookie
 * @cookie: the cookie
 * @len: its length in bytes
 * @store: filled with the name of the store
 * @name: filled with the name of the manifest
 *
 * Return: false if it is invalid or of another version.
 */
bool cookie_decode(const u8 *cookie, size_t len, char store[OFFLOAD_STORE_MAX + 1],
		   u8 name[HASH_SIZE]);

#endif
