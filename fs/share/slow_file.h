/* SPDX-License-Identifier: GPL-2.0-only */
/* The file of a slow call, see net/slow_call.h. */
#ifndef _DITTO_FS_SHARE_SLOW_FILE_H
#define _DITTO_FS_SHARE_SLOW_FILE_H

#include <linux/types.h>

struct ditto_node;
struct ditto_share;
struct ditto_slow_call;

void ditto_slow_call_file(struct ditto_slow_call *call, const struct ditto_share *share,
			  struct ditto_node *node, bool awaited);

#endif
