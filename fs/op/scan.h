/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Content that a program of the site looks at before clients read it: shares with the option scan.
 *
 * The first read of a file since its last change asks the helper, which gives the program the file.
 * The answer holds for the state of the file that was asked about, its stamp: change number, time
 * of modification and size, as long as nobody tells that the program knows more (scan-forget), or
 * sets the time of modification. It is kept with the node and ends with it. Nothing is stored with
 * the file. Where other machines change files, there is no such state, and no share has the option.
 *
 * No thread waits: the operation is refused with -EJUKEBOX and repeated, as for absent data of an
 * offloaded file, see fs/offload/offload.h.
 *
 * Operations ask when they have the file open and before they use data, and readers once more
 * afterwards: a write changes the stamp before it changes data, so what was read is what was
 * scanned. Therefore data is copied and not passed on by page. What clients have cached was read
 * here, or is their own.
 */
#ifndef _DITTO_FS_OP_SCAN_H
#define _DITTO_FS_OP_SCAN_H

#include <linux/time64.h>
#include <linux/types.h>

#include "../node/node.h"
#include "../node/share_types.h"
#include "op.h"

struct ditto_park;
struct ditto_server;

/* Bytes of the reason that the helper tells. */
#define DITTO_SCAN_REASON_MAX	256
/* Files of a file system that are asked about at a time, and of those that one client reads. */
#define DITTO_SCANS_MAX		512
#define DITTO_SCANS_PEER_MAX	64

/* What is known about the content of a file. */
enum ditto_scan_verdict {
	DITTO_SCAN_UNKNOWN,
	DITTO_SCAN_CLEAN,
	DITTO_SCAN_REFUSED,
	DITTO_SCAN_UNANSWERED,	/* the program did not say; for a while */
	DITTO_SCAN_VERDICTS
};

/**
 * struct ditto_scan_stamp - the state of a file
 * @change: change number, see ditto_offload_change()
 * @size: bytes
 * @mtime: time of the last modification
 * @generation: what the program knew
 */
struct ditto_scan_stamp {
	u64 change;
	u64 size;
	struct timespec64 mtime;
	u32 generation;
};

int ditto_scan_get_stamp(struct ditto_node *node, struct ditto_scan_stamp *stamp);

#ifdef DITTO_TESTS
int ditto_scan_note(struct ditto_node *node, const struct ditto_scan_stamp *stamp,
		    enum ditto_scan_verdict verdict);
#endif

enum ditto_scan_verdict ditto_scan_known(struct ditto_node *node, u32 use);
int ditto_scan_check_slow(struct ditto_op *op, struct ditto_node *node);

/*
 * Make sure that the caller may use the content of a file. @node: a file, held. Context: no inode
 * lock held. Return: 0; -EJUKEBOX while the program looks at it; -EKEYREJECTED if the program
 * refuses it; -EACCES if it does not answer; errors of ditto_offload_enter().
 */
static inline int ditto_scan_check(struct ditto_op *op, struct ditto_node *node)
{
	if (likely(!READ_ONCE(op->share->has_scan)))
		return 0;
	return ditto_scan_check_slow(op, node);
}

bool ditto_scan_park(struct ditto_node *node, struct ditto_park *park);
bool ditto_scan_rename_begin(struct ditto_node *node, u32 *times_set);
void ditto_scan_rename_end(struct ditto_node *node, u32 times_set);
void ditto_scan_times_set_slow(struct ditto_node *node);

/* A client sets the time of modification, which tells of changes no more. Any context. */
static inline void ditto_scan_times_set(struct ditto_node *node)
{
	if (unlikely(READ_ONCE(node->scan)))
		ditto_scan_times_set_slow(node);
}

void ditto_scan_forget(struct ditto_server *srv);
struct file *ditto_scan_open(struct ditto_server *srv, u64 number);

/* Called by fs/extensions.c */
void ditto_scan_node_free(struct ditto_node *node);
void ditto_scan_volume_stop(struct ditto_volume *volume);

/* Called by fs/main.c. May sleep. */
int ditto_scans_init(struct ditto_server *srv);
void ditto_scans_exit(struct ditto_server *srv);

#endif
