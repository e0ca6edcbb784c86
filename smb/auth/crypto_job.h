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

/**
 * dsmb_job_get - get a job
 * @reqsize: bytes of the request, with those that the algorithm needs
 *
 * Waits while all jobs are in use.
 *
 * Return: the job, or NULL without memory.
 */
struct dsmb_job *dsmb_job_get(unsigned int reqsize);

/**
 * dsmb_job_get_aead - get a job for an AEAD computation
 * @tfm: key to compute with
 *
 * Return: the job, or NULL without memory.
 */
static inline struct dsmb_job *dsmb_job_get_aead(struct crypto_aead *tfm)
{
	return dsmb_job_get(sizeof(struct aead_request) + crypto_aead_reqsize(tfm));
}

/**
 * dsmb_job_put - give a job back
 * @job: from dsmb_job_get()
 *
 * Context: process; does not sleep.
 */
void dsmb_job_put(struct dsmb_job *job);

/**
 * dsmb_job_run - encrypt or decrypt with an AEAD key
 * @job: @iv and @sg are filled
 * @to: where the result goes: @sg to work in place, or a filled @other; ends with @tag, behind
 *	the data
 * @tfm: the key
 * @encrypt: encrypt; false to decrypt
 * @assoc: bytes at the start of @sg that are authenticated only
 * @len: bytes behind them; to decrypt, including the tag
 *
 * Context: process; may sleep for an asynchronous driver.
 * Return: 0; -EBADMSG if the tag is wrong; or another negative errno.
 */
int dsmb_job_run(struct dsmb_job *job, struct scatterlist *to, struct crypto_aead *tfm,
		 bool encrypt, u32 assoc, u32 len);

/**
 * dsmb_job_add - append data to a scatterlist of a job
 * @sg: the scatterlist, of DSMB_JOB_SG entries
 * @n: number of entries in use
 * @data: the data; may be vmalloc memory
 * @len: bytes
 *
 * Context: any.
 * Return: the number of entries in use now, or -EMSGSIZE.
 */
int dsmb_job_add(struct scatterlist *sg, int n, const void *data, size_t len);

/**
 * dsmb_job_add_page - append a part of a page to a scatterlist of a job
 * @sg: the scatterlist, of DSMB_JOB_SG entries
 * @n: number of entries in use
 * @page: the page
 * @len: bytes
 * @offset: of the bytes in @page
 *
 * Context: any.
 * Return: the number of entries in use now, or -EMSGSIZE.
 */
int dsmb_job_add_page(struct scatterlist *sg, int n, struct page *page, u32 len, u32 offset);

/**
 * dsmb_job_add_message - fill the scatterlist with a message, its signature field being zero
 * @job: the job; its scatterlist is empty
 * @iov: the message; its first part begins with the header
 * @nr: number of parts
 * @len: bytes of the message to add, at least the header
 *
 * Context: any.
 * Return: the number of entries in use, or -EMSGSIZE.
 */
int dsmb_job_add_message(struct dsmb_job *job, const struct kvec *iov, int nr, size_t len);

/**
 * dsmb_job_make_other - make sure that a job has @other and @scratch
 * @job: the job
 *
 * Return: 0 or -ENOMEM.
 */
int dsmb_job_make_other(struct dsmb_job *job);

/**
 * dsmb_job_discard - let the results of a computation go where nobody reads them
 * @job: the job, whose @other is filled
 * @n: number of entries of @job->sg in use
 *
 * @other has the lengths and the places in pages that @sg has, so that a walk of both takes as few
 * steps as one of @sg.
 *
 * Context: any.
 * Return: 0 or -EMSGSIZE.
 */
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
