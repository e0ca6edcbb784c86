/* SPDX-License-Identifier: GPL-2.0-only */
/* Recalls, as recall.c and fill.c share them; see recall.c. Internal to fs/offload/. */
#ifndef _DITTO_FS_OFFLOAD_RECALL_H
#define _DITTO_FS_OFFLOAD_RECALL_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>

#include "../../net/fairq.h"
#include "../../net/helper/upcall.h"
#include "../share/share.h"

struct ditto_file;
struct ditto_node;
struct ditto_offload;
struct ditto_stub;
struct kiocb;

/* Bytes of the cause that the helper tells. */
#define DITTO_RECALL_CAUSE_MAX	256

/**
 * struct ditto_recall - a range that is being brought back
 * @ask: the request to the helper
 * @ref: references
 * @link: entry in stub->recalls, under stub->lock
 * @work: ends the recall
 * @flush: lets readers have what was filled; see ditto_fill_flush()
 * @stub: held
 * @node: held
 * @id: number in the table
 * @number: number for the helper
 * @range: the range
 * @ahead: nobody needs it yet; counted in volume->offload_ahead
 * @pos: the first byte that is asked for: those before it are here, see part.c
 * @end: the byte behind its last one
 * @keep_local: what somebody else has written into the range stays
 * @piece_end: byte behind what is being kept or filled then; under @lock
 * @piece_stays: it is kept; under @lock
 * @owned: the record says that the range may have data of the server; under @lock
 * @rest: data behind @filled of a block that has not come as a whole, or NULL; under @lock
 * @rest_len: bytes of @rest; under @lock
 * @begun: the request was begun
 * @began: when it was asked for, in nanoseconds
 * @error: result of the request
 * @flush_error: failure of @flush, which is not to run when this is read
 * @readable: data before this offset is on disk, and may be read; under stub->lock
 * @used: an operation has read such data; under stub->lock
 * @write: data is being written into the file, with @write_end as the byte behind the last one;
 *	NULL otherwise; both are under stub->lock
 * @write_end: see @write
 * @lock: see recall.c
 * @ended: no more data is taken; under @lock
 * @filled: data before this offset was taken, or was here; written under @lock
 * @scarce: there was too little room when the first data came; under @lock
 * @file: the file, open for writing, or NULL; under @lock
 * @share: name of a share that serves the file
 * @cause: what the helper says about its error
 */
struct ditto_recall {
	struct ditto_upcall_req ask;
	refcount_t ref;
	struct list_head link;
	struct work_struct work;
	struct work_struct flush;
	struct ditto_stub *stub;
	struct ditto_node *node;
	u32 id;
	u64 number;
	u32 range;
	bool ahead;
	u64 pos;
	u64 end;
	bool keep_local;
	u64 piece_end;
	bool piece_stays;
	bool owned;
	void *rest;
	size_t rest_len;
	struct completion begun;
	u64 began;
	int error;
	int flush_error;
	u64 readable;
	bool used;
	struct kiocb *write;
	u64 write_end;
	struct mutex lock;	/* see recall.c */
	bool ended;
	u64 filled;
	bool scarce;
	struct ditto_file *file;
	char share[DITTO_SHARE_NAME_MAX + 1];
	char cause[DITTO_RECALL_CAUSE_MAX];
};

/* recall.c */

/* recall.c */
void ditto_recalls_stop(struct ditto_volume *volume);

/* Limits of a file system's queue of recalls; the widths come from the setting. */
extern const struct ditto_fairq_limits ditto_recall_limits;
struct ditto_recall *ditto_recall_find(struct ditto_offload *offload, u64 number);
void ditto_recall_put(struct ditto_recall *recall);

/* fill.c */

/* fill.c */
void ditto_fill_flush(struct work_struct *work);
void ditto_fill_stop_locked(struct ditto_stub *stub);

#endif
