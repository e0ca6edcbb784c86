/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A job is the memory that a computation needs besides its key: request, IV, tag and
 * scatterlists. Jobs are shared by all keys and are reused, so that nothing is allocated per
 * message.
 */
#ifndef _DITTO_SMB_AUTH_CRYPTO_JOB_H
#define _DITTO_SMB_AUTH_CRYPTO_JOB_H

#include <crypto/aead.h>
#include <linux/list.h>
#include <linux/scatterlist.h>
#include <linux/uio.h>

#include "crypto.h"

/*
 * Entries for the pages of the largest message, one more because it may begin anywhere in a
 * page, and the parts of its header.
 */
#define DSMB_JOB_SG	(DSMB_MESSAGE_MAX / PAGE_SIZE + 8)

/**
 * struct dsmb_job - memory of one computation
 * @list: on the list of idle jobs
 * @req: the request
 * @reqsize: bytes of @req
 * @iv: initialization vector
 * @tag: authentication tag, or the last block of AES-CMAC
 * @zero: zeros, in place of the signature field
 * @other: a second scatterlist, for computations that are not in place; NULL until one is made
 * @scratch: a page for results that nobody reads, made with @other
 * @sg: the data
 */
struct dsmb_job {
	struct list_head list;
	void *req;
	unsigned int reqsize;
	u8 iv[16];
	u8 tag[DSMB_SIGNATURE_SIZE];
	u8 zero[DSMB_SIGNATURE_SIZE];
	struct scatterlist *other;
	void *scratch;
	struct scatterlist sg[DSMB_JOB_SG];
};

struct dsmb_job *dsmb_job_get(unsigned int reqsize);

/* Get a job for an AEAD computation. Return: the job, or NULL without memory. */
static inline struct dsmb_job *dsmb_job_get_aead(struct crypto_aead *tfm)
{
	return dsmb_job_get(sizeof(struct aead_request) + crypto_aead_reqsize(tfm));
}

void dsmb_job_put(struct dsmb_job *job);
int dsmb_job_run(struct dsmb_job *job, struct scatterlist *to, struct crypto_aead *tfm,
		 bool encrypt, u32 assoc, u32 len);
int dsmb_job_add(struct scatterlist *sg, int n, const void *data, size_t len);
int dsmb_job_add_page(struct scatterlist *sg, int n, struct page *page, u32 len, u32 offset);
int dsmb_job_add_message(struct dsmb_job *job, const struct kvec *iov, int nr, size_t len);
int dsmb_job_make_other(struct dsmb_job *job);
int dsmb_job_discard(struct dsmb_job *job, int n);

/* Bytes of a message in parts. */
static inline size_t dsmb_iov_len(const struct kvec *iov, int nr)
{
	size_t len = 0;

	for (int i = 0; i < nr; i++)
		len += iov[i].iov_len;
	return len;
}

/* Set the limit of jobs, and free all jobs; once for the module. */
void dsmb_jobs_init(void);
void dsmb_jobs_exit(void);

#endif
