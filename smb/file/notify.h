/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CHANGE_NOTIFY state of an open: changes that were not reported yet, and the requests that wait
 * for changes.
 *
 * The first request on an open starts the watch and says what is watched; later requests only
 * collect the changes since (MS-SMB2 section 3.3.1.3). Changes are kept until a request takes all
 * of them, or until there are too many; then only the fact that there were changes is reported.
 *
 * Locking: notify->lock (spinlock) is also taken by threads that make changes; the lock of a call
 * is taken inside it.
 *
 * Lifetime: notify->ref counts the open, the watch and each request. The watch ends with the
 * instance of the open, or after it if the share is being removed; changes reported at that moment
 * still find the memory valid.
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
 * Limits of the changes that one open keeps, and of their bytes, which are also charged to the user
 * who watches first. Beyond the limits the client must read the directory again.
 */
#define DSMB_NOTIFY_CHANGES_MAX	1024
#define DSMB_NOTIFY_BYTES_MAX	65536

/**
 * struct dsmb_notify_change - one change
 * @link: link in the list of changes, oldest first
 * @action: Action as on the wire
 * @len: bytes of the path
 * @stream_len: bytes of the stream's name, 0 for none
 * @names: path and stream name in the form of the server
 */
struct dsmb_notify_change {
	struct list_head link;
	u32 action;
	u32 len;
	u32 stream_len;
	char names[];
};

u32 dsmb_notify_room(const struct list_head *changes);
void dsmb_notify_encode(struct dsmb_builder *out, const struct list_head *changes);
void dsmb_notify_close(struct dsmb_notify *notify);

#endif
