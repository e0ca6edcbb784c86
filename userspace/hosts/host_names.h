/* SPDX-License-Identifier: GPL-2.0-only */
/* Encoding of the names of a host, from the host worker to dittod. */
#ifndef _DITTOD_HOST_NAMES_H
#define _DITTOD_HOST_NAMES_H

#include "identity/nss.h"

/* Longest encoded list of names, in bytes. */
#define HOST_NAMES_MAX	(NSS_NAMES_MAX * NSS_NAME_SIZE)

/*
 * Return true for a valid host name. The owner of an address can put arbitrary bytes into the
 * DNS.
 */
bool host_name_good(const char *name);
/* Encode names one after the other, each with its NUL. Returns the length in bytes. */
size_t host_names_put(const struct nss_names *names, u8 out[HOST_NAMES_MAX]);

/**
 * host_names_take - decode a list of names
 * @bytes: data from the worker
 * @len: length of @bytes
 * @names: filled
 *
 * Return: false unless @bytes is a list of at most NSS_NAMES_MAX valid names.
 */
bool host_names_take(const u8 *bytes, size_t len, struct nss_names *names);

#endif
