/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an open has to do with CHANGE_NOTIFY: changes that were not told yet, and the
 * requests that wait for some.
 *
 * The first request on an open begins the watch and says what is watched; later ones
 * only take what came since (MS-SMB2 section 3.3.1.3). Changes are kept until somebody
 * takes them all at once, or there are too many: then it is only said that there were.
 *
 * Locking: notify->lock (spinlock), taken by those who make changes, too; a call's
 * lock is taken inside.
 *
 * Lifetime: notify->ref counts the open and each request. The watch ends with the
 * open's instance; changes that are told at that moment find the memory still there.
 */
#ifndef _DITTO_SMB_FILE_NOTIFY_H
#define _DITTO_SMB_FILE_NOTIFY_H

#include <linux/list.h>
#include <linux/types.h>

#include "../../fs/node/watch.h"

struct dsmb_builder;
struct dsmb_notify;
struct dsmb_open;

/*
 * Changes that one open keeps, the bytes that they take, and those of all opens together.
 * With more the client has to look by itself.
 */
#define DSMB_NOTIFY_CHANGES_MAX	1024
#define DSMB_NOTIFY_BYTES_MAX	65536
#define DSMB_NOTIFY_TOTAL_MAX	(64L << 20)

/**
 * struct dsmb_notify_change - one change
 * @link: in the order of their coming
 * @action: as on the wire
 * @len: of the path
 * @stream_len: of the stream's name, 0 for none
 * @names: path and stream, of the server
 */
struct dsmb_notify_change {
	struct list_head link;
	u32 action;
	u32 len;
	u32 stream_len;
	char names[];
};

/* The largest that a list of changes is on the wire. */
u32 dsmb_notify_room(const struct list_head *changes);
/* A list of changes as FILE_NOTIFY_INFORMATION: MS-FSCC section 2.7.1. */
void dsmb_notify_put(struct dsmb_builder *out, const struct list_head *changes);

/* The open goes; NULL is allowed. */
void dsmb_notify_close(struct dsmb_notify *notify);

#endif
