/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of a host on their way from the host worker to dittod. */
#ifndef _DITTOD_HOST_NAMES_H
#define _DITTOD_HOST_NAMES_H

#include "nss.h"

/* Longest list of names. */
#define HOST_NAMES_MAX	(NSS_NAMES_MAX * NSS_NAME_SIZE)

/* What a host may be called; whoever wrote it into the DNS may have written anything. */
bool host_name_good(const char *name);
/* Names one after the other, each with its NUL. Returns the length. */
size_t host_names_put(const struct nss_names *names, u8 out[HOST_NAMES_MAX]);

/**
 * host_names_take - the reverse
 * @bytes: what came from the worker
 * @len: of @bytes
 * @names: filled
 *
 * Return: false if that is anything but a list of at most NSS_NAMES_MAX good names.
 */
bool host_names_take(const u8 *bytes, size_t len, struct nss_names *names);

#endif
