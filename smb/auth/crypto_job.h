/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A job is the memory that an AEAD computation needs besides its key: request, IV, tag and
 * scatterlist. Jobs are shared by all keys and are reused, so that nothing is allocated per
 * message.
 */
#ifndef _DITTO_SMB_AUTH_CRYPTO_JOB_H
#define _DITTO_SMB_AUTH_CRYPTO_JOB_H

#include <crypto/aead.h>
#include <linux/list.h>
#include <linux/scatterlist.h>

#include "crypto.h"

/*
 * Entries for the pages of the largest message, one more because it may begin anywhere in a
 * page, and the parts of its header.
 */
#define DSMB_JOB_SG	(DSMB_MESSAGE_MAX / PAGE_SIZE + 8)

/**
 * struct dsmb_job - memory of one AEAD computation
 * @list: on the list of idle jobs
 * @req: the request
 * @reqsize: bytes behind @req for the algorithm
 * @iv: initialization vector
 * @tag: authentication tag
 * @zero: zeros, in place of the signature field
 * @sg: the data
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

/**
 * dsmb_job_get - get a job
 * @tfm: key to compute with
 *
 * Waits while all jobs are in use.
 *
 * Context: process; may sleep.
 * Return: the job, or NULL without memory.
 */
struct dsmb_job *dsmb_job_get(struct crypto_aead *tfm);

/**
 * dsmb_job_put - give a job back
 * @job: from dsmb_job_get()
 *
 * Context: process; does not sleep.
 */
void dsmb_job_put(struct dsmb_job *job);

/**
 * dsmb_job_run - encrypt or decrypt in place
 * @job: @iv and @sg are filled; @sg ends with @tag, behind the data
 * @tfm: the key
 * @encrypt: encrypt; false to decrypt
 * @assoc: bytes at the start of @sg that are authenticated only
 * @len: bytes behind them; to decrypt, including the tag
 *
 * Context: process; may sleep for an asynchronous driver.
 * Return: 0; -EBADMSG if the tag is wrong; or another negative errno.
 */
int dsmb_job_run(struct dsmb_job *job, struct crypto_aead *tfm, bool encrypt, u32 assoc, u32 len);

/**
 * dsmb_job_add - append data to the scatterlist of a job
 * @job: the job
 * @n: number of entries of @job->sg in use
 * @data: the data; may be vmalloc memory
 * @len: bytes
 *
 * Context: any.
 * Return: the number of entries in use now, or -EMSGSIZE.
 */
int dsmb_job_add(struct dsmb_job *job, int n, const void *data, size_t len);

/* Set the limit of jobs, and free all jobs; once for the module. */
void dsmb_jobs_init(void);
void dsmb_jobs_exit(void);

#endif
