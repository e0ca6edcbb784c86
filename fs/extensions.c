// SPDX-License-Identifier: GPL-2.0-only
/* The parts that keep something with nodes, volumes and shares, see node/extension.h. */

#include "node/extension.h"
#include "offload/offload.h"
#include "op/casefold_index.h"
#include "op/check/acl_file.h"
#include "op/check/worm.h"
#include "op/dir_cache.h"
#include "op/dosattr_private.h"
#include "op/job.h"
#include "op/scan.h"
#include "op/trash.h"
#include "open/instance.h"
#include "open/stream.h"

const struct ditto_extension ditto_extensions[DITTO_EXTENSIONS] = {
	{
		.node_init = ditto_acl_node_init,
		.node_free = ditto_acl_node_free,
		.volume_init = ditto_acl_volume_init,
	},
	{
		.node_free = ditto_offload_node_free,
		.volume_init = ditto_offload_volume_init,
		.volume_start = ditto_offload_volume_start,
		.volume_stop = ditto_offload_volume_stop,
		.volume_exit = ditto_offload_volume_exit,
	},
	{
		.node_free = ditto_scan_node_free,
		.volume_stop = ditto_scan_volume_stop,
	},
	{ .node_free = ditto_casefold_free },
	{ .node_free = ditto_dir_cache_free },
	{
		.volume_init = ditto_dosattr_volume_init,
		.volume_exit = ditto_dosattr_volume_exit,
	},
	{ .volume_init = ditto_streams_volume_init },
	{
		.volume_stop = ditto_worm_volume_stop,
		.volume_exit = ditto_worm_volume_exit,
	},
};

const struct ditto_hooks ditto_hooks = {
	.entries_changed = ditto_casefold_spoil,
	.attributes_changed = ditto_acl_forget,
	.file_removed = ditto_streams_forget,
	.file_left = ditto_streams_forget_later,
	.owner_changed = ditto_streams_give,
	.volume_work = ditto_streams_work,
	.share_check_bin = ditto_trash_check,
	.share_check_worm = ditto_worm_check_share,
	.volume_start_worm = ditto_worm_start,
	.share_changed = ditto_offload_share_changed,
	.share_withdrawn = ditto_jobs_cancel_share,
	.share_ends = ditto_instances_revoke,
	.share_leaves = ditto_streams_leave_share,
};
