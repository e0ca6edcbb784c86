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

bool dsmb_cmac_is_faster(const char *driver);
struct dsmb_cmac *dsmb_cmac_new(const u8 *key, size_t len);
void dsmb_cmac_free(struct dsmb_cmac *cmac);
int dsmb_cmac_sign(struct dsmb_cmac *cmac, const struct kvec *iov, int nr, size_t len,
		   u8 out[DSMB_SIGNATURE_SIZE]);

#endif
