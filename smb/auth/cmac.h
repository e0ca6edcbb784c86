/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AES-CMAC (NIST SP 800-38B) by the AES-CBC of the kernel's crypto API.
 *
 * On most machines the kernel computes cmac(aes) block by block, each with a call of its own that
 * enters and leaves the FPU, although it has AES-CBC for many blocks in one call. The MAC of CBC is
 * its last block, so the rest of what CBC writes goes to a page that nobody reads.
 */
#ifndef _DITTO_SMB_AUTH_CMAC_H
#define _DITTO_SMB_AUTH_CMAC_H

#include <linux/types.h>
#include <linux/uio.h>

#include "crypto.h"

/* Bytes from which on CBC is faster; it takes longer to begin. */
#define DSMB_CMAC_MIN		256

struct dsmb_cmac;	/* a key; usable by many threads in parallel */

/**
 * dsmb_cmac_is_faster - is CBC the better way to compute AES-CMAC?
 * @driver: name of the driver of cmac(aes)
 *
 * Return: false if the driver was written for the machine; true if it is the generic one.
 */
bool dsmb_cmac_is_faster(const char *driver);

/**
 * dsmb_cmac_new - make a key
 * @key: the key; copied
 * @len: bytes of @key
 *
 * Return: the key, to be freed by dsmb_cmac_free(), or an ERR_PTR.
 */
struct dsmb_cmac *dsmb_cmac_new(const u8 *key, size_t len);

/**
 * dsmb_cmac_free - free a key
 * @cmac: not in use; may be NULL
 */
void dsmb_cmac_free(struct dsmb_cmac *cmac);

/**
 * dsmb_cmac_sign - compute the AES-CMAC of a message as if its signature field was zero
 * @cmac: the key
 * @iov: the message, DSMB_CMAC_MIN bytes or more; its first part begins with the header
 * @nr: number of parts
 * @len: bytes of the message
 * @out: filled with the signature
 *
 * Return: 0; -ENOMEM; -EMSGSIZE if the message is too long; or another negative errno.
 */
int dsmb_cmac_sign(struct dsmb_cmac *cmac, const struct kvec *iov, int nr, size_t len,
		   u8 out[DSMB_SIGNATURE_SIZE]);

#endif
