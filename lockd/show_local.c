// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists of the locks that processes of the server hold on a file, see show.h. Waiting processes
 * are known to the VFS only and are not listed.
 */
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "range_private.h"
#include "show.h"

/* Locks copied under one hold of the lock. */
#define SHOWN_AT_ONCE	16

/**
 * struct local_batch - a batch of copied locks
 * @skip: number of locks to pass first
 * @count: number of entries
 * @info: the entries
 */
struct local_batch {
	u32 skip;
	u32 count;
	struct ditto_claim_info info[SHOWN_AT_ONCE];
};

static void local_describe(struct ditto_conflict *what, const struct file_lock *fl)
{
	pid_t pid = fl->c.flc_pid;

	what->exclusive = fl->c.flc_type == F_WRLCK;
	what->held = ditto_range_row(DITTO_POSIX, what->exclusive);
	what->first = fl->fl_start;
	what->last = fl->fl_end == OFFSET_MAX ? U64_MAX : fl->fl_end;
	strscpy(what->protocol, "local");
	/* An open file description lock belongs to no process. */
	if (pid > 0)
		scnprintf(what->client, sizeof(what->client), "process %d", pid);
	else
		strscpy(what->client, fl->fl_lmops ? "lock manager" : "open file");
}

static void copy_locks(struct local_batch *batch, const struct list_head *locks)
{
	struct ditto_claim_info *info;
	struct file_lock *fl;

	list_for_each_entry(fl, locks, c.flc_list) {
		if (batch->count == SHOWN_AT_ONCE)
			return;
		/* The table shows its own locks. */
		if (fl->fl_lmops && fl->fl_lmops->lm_mod_owner == THIS_MODULE)
			continue;
		if (batch->skip) {
			batch->skip--;
			continue;
		}
		info = &batch->info[batch->count++];
		memset(info, 0, sizeof(*info));
		info->kind = DITTO_CLAIM_RANGE;
		local_describe(&info->what, fl);
	}
}

/*
 * List the locks that processes of the server hold on a file. @passed: number of locks that were
 * listed; 0 at the start. Return: see ditto_show_clients().
 */
int ditto_show_local(struct inode *inode, u32 *passed, ditto_show_fn fn, void *arg)
{
	struct local_batch *batch = kvmalloc(sizeof(*batch), GFP_KERNEL);
	struct file_lock_context *ctx;
	int err = 0;

	if (!batch)
		return -ENOMEM;
	do {
		batch->skip = *passed;
		batch->count = 0;
		ctx = locks_inode_context(inode);
		if (ctx) {
			spin_lock(&ctx->flc_lock);
			copy_locks(batch, &ctx->flc_posix);
			copy_locks(batch, &ctx->flc_flock);
			spin_unlock(&ctx->flc_lock);
		}
		for (u32 i = 0; !err && i < batch->count; i++) {
			err = fn(&batch->info[i], arg);
			if (!err)
				++*passed;
		}
		cond_resched();
	} while (!err && batch->count == SHOWN_AT_ONCE);
	kvfree(batch);
	return err;
}
