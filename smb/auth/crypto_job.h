/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Jobs: what an AEAD computation needs beside its key. They are shared by all
 * keys and kept, so that a message allocates nothing.
 */
#ifndef _DITTO_SMB_AUTH_CRYPTO_JOB_H
#define _DITTO_SMB_AUTH_CRYPTO_JOB_H

#include <crypto/aead.h>
#include <linux/list.h>
#include <linux/scatterlist.h>

#include "crypto.h"

/* Pages of the largest message, one more as it begins anywhere, and the parts of its header. */
#define DSMB_JOB_SG	(DSMB_MESSAGE_MAX / PAGE_SIZE + 8)

/**
 * struct dsmb_job - one computation
 * @list: in the list of idle ones
 * @req: its request
 * @reqsize: bytes the algorithm may use behind @req
 * @iv: initial vector
 * @tag: authentication tag
 * @zero: stands for a signature that is not there
 * @sg: what is computed on
 */
struct dsmb_job {
	struct list_head list;
	struct aead_request *req;
	unsigned int reqsize;
	u8 iv[16];
	u8 tag[DSMB_SIGNATURE_SIZE];
	u8 zero[DSMB_SIGNATURE_SIZE];
	struct scatterlist sg[DSMB_JOB_SG];
};

/* One for a key. Waits while all are in use. Return: NULL without memory. */
struct dsmb_job *dsmb_job_get(struct crypto_aead *tfm);
void dsmb_job_put(struct dsmb_job *job);

/**
 * dsmb_job_run - encrypt or decrypt in place
 * @job: @iv, @sg are filled; behind the data, @sg has @tag
 * @tfm: the key
 * @encrypt: or else decrypt
 * @assoc: bytes that are only authenticated, first in @sg
 * @len: bytes behind them
 *
 * Context: may sleep, for drivers that do it elsewhere. Return: 0, -EBADMSG or another errno.
 */
int dsmb_job_run(struct dsmb_job *job, struct crypto_aead *tfm, bool encrypt, u32 assoc, u32 len);

/* Append a part to @job->sg, of which @n entries are filled. Return: entries then, or -EMSGSIZE. */
int dsmb_job_add(struct dsmb_job *job, int n, const void *data, size_t len);

void dsmb_jobs_init(void);
void dsmb_jobs_exit(void);

#endif
