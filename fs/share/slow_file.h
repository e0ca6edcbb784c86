/* SPDX-License-Identifier: GPL-2.0-only */
/* The file of a slow call, see net/slow_call.h. */
#ifndef _DITTO_FS_SHARE_SLOW_FILE_H
#define _DITTO_FS_SHARE_SLOW_FILE_H

#include <linux/types.h>

struct ditto_node;
struct ditto_share;
struct ditto_slow_call;

/**
 * ditto_slow_call_file - note the file that a call is about
 * @call: its record
 * @share: the share, held; or NULL
 * @node: the file, held
 * @awaited: the call waits for it, so it is the file whatever is noted later
 *
 * A path is looked for only if the call is slow already, or waits.
 */
void ditto_slow_call_file(struct ditto_slow_call *call, const struct ditto_share *share,
			  struct ditto_node *node, bool awaited);

#endif
