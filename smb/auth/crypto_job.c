// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs for computations. See crypto_job.h.
 *
 * A job is taken from the CPU's slot, else from the list of idle jobs. Else a new one is made,
 * up to a limit that depends on the number of CPUs; beyond it the caller waits for a free job.
 * The limit is larger than the number of slots. A waiter therefore cannot starve while all jobs
 * lie in other CPUs' slots: some jobs are in use, and come to the list.
 *
 * The algorithms need not be synchronous: the fast ones of the stock kernel are marked
 * asynchronous, and complete immediately where the FPU can be used.
 *
 * Locking: a slot is taken and filled by atomic exchange; idle_lock (spinlock) guards the list
 * and the count.
 */
#include <linux/cpumask.h>
#include <linux/crypto.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "crypto_job.h"

/* Jobs per CPU: one computes while another sleeps. */
#define JOBS_PER_CPU	2

static DEFINE_PER_CPU(struct dsmb_job *, slot);
static DEFINE_SPINLOCK(idle_lock);	/* guards idle and count */
static LIST_HEAD(idle);
static unsigned int count;
static unsigned int limit;
static DECLARE_WAIT_QUEUE_HEAD(idle_wait);

static void job_free(struct dsmb_job *job)
{
	if (!job)
		return;
	kfree_sensitive(job->req);
	kfree_sensitive(job->scratch);
	kvfree(job->other);
	kvfree_sensitive(job, sizeof(*job));
}

static struct dsmb_job *job_take(void)
{
	struct dsmb_job *job = this_cpu_xchg(slot, NULL);

	if (job)
		return job;
	spin_lock(&idle_lock);
	job = list_first_entry_or_null(&idle, struct dsmb_job, list);
	if (job)
		list_del(&job->list);
	spin_unlock(&idle_lock);
	return job;
}

/* May one more job be made? If true, it is counted. */
static bool job_may_grow(void)
{
	bool may;

	spin_lock(&idle_lock);
	may = count < limit;
	if (may)
		count++;
	spin_unlock(&idle_lock);
	return may;
}

static void job_uncount(void)
{
	spin_lock(&idle_lock);
	count--;
	spin_unlock(&idle_lock);
}

/* Makes sure the request has room for the algorithm; it keeps the largest size it needed. */
static bool job_fit(struct dsmb_job *job, unsigned int reqsize)
{
	if (job->req && reqsize <= job->reqsize)
		return true;
	kfree_sensitive(job->req);
	job->req = kmalloc(reqsize, GFP_KERNEL);
	job->reqsize = reqsize;
	return job->req;
}

/*
 * Get a job. @reqsize: bytes of the request, with those that the algorithm needs. Waits while all
 * jobs are in use. Return: the job, or NULL without memory.
 */
struct dsmb_job *dsmb_job_get(unsigned int reqsize)
{
	struct dsmb_job *job = job_take();

	if (unlikely(!job)) {
		if (job_may_grow()) {
			job = kvzalloc(sizeof(*job), GFP_KERNEL);
			if (!job)
				job_uncount();
		} else {
			wait_event(idle_wait, (job = job_take()));
		}
	}
	if (job && unlikely(!job_fit(job, reqsize))) {
		dsmb_job_put(job);
		job = NULL;
	}
	return job;
}

/* Give a job back. Context: process; does not sleep. */
void dsmb_job_put(struct dsmb_job *job)
{
	if (!this_cpu_cmpxchg(slot, NULL, job))
		return;
	spin_lock(&idle_lock);
	list_add(&job->list, &idle);
	spin_unlock(&idle_lock);
	if (wq_has_sleeper(&idle_wait))
		wake_up(&idle_wait);
}

/*
 * Encrypt or decrypt with an AEAD key. @assoc: bytes at the start of @sg that are authenticated
 * only; @len: bytes behind them; to decrypt, including the tag. Context: process; may sleep for an
 * asynchronous driver. Return: 0; -EBADMSG if the tag is wrong; or another negative errno.
 */
int dsmb_job_run(struct dsmb_job *job, struct scatterlist *to, struct crypto_aead *tfm,
		 bool encrypt, u32 assoc, u32 len)
{
	struct aead_request *req = job->req;
	DECLARE_CRYPTO_WAIT(wait);

	aead_request_set_tfm(req, tfm);
	aead_request_set_callback(req, CRYPTO_TFM_REQ_MAY_BACKLOG | CRYPTO_TFM_REQ_MAY_SLEEP,
				  crypto_req_done, &wait);
	aead_request_set_ad(req, assoc);
	aead_request_set_crypt(req, job->sg, to, len, job->iv);
	return crypto_wait_req(encrypt ? crypto_aead_encrypt(req) : crypto_aead_decrypt(req),
			       &wait);
}

/*
 * Append a part of a page to a scatterlist of a job. @offset: of the bytes in @page. Context: any.
 * Return: the number of entries in use now, or -EMSGSIZE.
 */
int dsmb_job_add_page(struct scatterlist *sg, int n, struct page *page, u32 len, u32 offset)
{
	if (n == DSMB_JOB_SG)
		return -EMSGSIZE;
	sg_init_table(&sg[n], 1);
	sg_set_page(&sg[n], page, len, offset);
	if (n)
		sg_unmark_end(&sg[n - 1]);
	return n + 1;
}

/*
 * Append data to a scatterlist of a job. Context: any. Return: the number of entries in use now, or
 * -EMSGSIZE.
 */
int dsmb_job_add(struct scatterlist *sg, int n, const void *data, size_t len)
{
	while (len && n >= 0) {
		size_t part = len;
		struct page *page;

		if (is_vmalloc_addr(data)) {
			part = min_t(size_t, len, PAGE_SIZE - offset_in_page(data));
			page = vmalloc_to_page(data);
		} else {
			page = virt_to_page(data);
		}
		n = dsmb_job_add_page(sg, n, page, part, offset_in_page(data));
		data += part;
		len -= part;
	}
	return n;
}

/*
 * Fill the scatterlist with a message, its signature field being zero. @len: bytes of the message
 * to add, at least the header. Context: any. Return: the number of entries in use, or -EMSGSIZE.
 */
int dsmb_job_add_message(struct dsmb_job *job, const struct kvec *iov, int nr, size_t len)
{
	int i, n;

	n = dsmb_job_add(job->sg, 0, iov[0].iov_base, offsetof(struct dsmb_header, signature));
	if (n >= 0)
		n = dsmb_job_add(job->sg, n, job->zero, sizeof(job->zero));
	len -= sizeof(struct dsmb_header);
	for (i = 0; i < nr && n >= 0; i++) {
		size_t skip = i ? 0 : sizeof(struct dsmb_header);
		size_t part = min(len, iov[i].iov_len - skip);

		n = dsmb_job_add(job->sg, n, iov[i].iov_base + skip, part);
		len -= part;
	}
	return n;
}

/* Make sure that a job has @other and @scratch. Return: 0 or -ENOMEM. */
int dsmb_job_make_other(struct dsmb_job *job)
{
	if (!job->scratch)
		job->scratch = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!job->other)
		job->other = kvmalloc_array(DSMB_JOB_SG, sizeof(*job->other), GFP_KERNEL);
	return job->scratch && job->other ? 0 : -ENOMEM;
}

/*
 * Let the results of a computation go where nobody reads them. @other has the lengths and the
 * places in pages that @sg has, so that a walk of both takes as few steps as one of @sg. Context:
 * any. Return: 0 or -EMSGSIZE.
 */
int dsmb_job_discard(struct dsmb_job *job, int n)
{
	struct page *page = virt_to_page(job->scratch);
	int filled = 0;

	for (int i = 0; i < n; i++) {
		u32 left = job->sg[i].length, at = offset_in_page(job->sg[i].offset);

		while (left && filled >= 0) {
			u32 part = min_t(u32, left, PAGE_SIZE - at);

			filled = dsmb_job_add_page(job->other, filled, page, part, at);
			left -= part;
			at = 0;
		}
	}
	return min(filled, 0);
}

void dsmb_jobs_init(void)
{
	limit = JOBS_PER_CPU * num_possible_cpus();
}

void dsmb_jobs_exit(void)
{
	struct dsmb_job *job, *next;
	int cpu;

	for_each_possible_cpu(cpu)
		job_free(xchg(per_cpu_ptr(&slot, cpu), NULL));
	list_for_each_entry_safe(job, next, &idle, list)
		job_free(job);
	INIT_LIST_HEAD(&idle);
	count = 0;
}
