// SPDX-License-Identifier: GPL-2.0-only
/* What is kept with volumes and nodes for offloading, see offload.h. */

#include <linux/compiler.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "../../net/fairq.h"
#include "../../net/server.h"
#include "offload.h"
#include "recall.h"
#include "stub.h"

int ditto_offload_volume_init(struct ditto_volume *volume)
{
	int err;

	INIT_LIST_HEAD(&volume->offload_link);
	INIT_LIST_HEAD(&volume->offload_guarded);
	spin_lock_init(&volume->release_lock);
	INIT_LIST_HEAD(&volume->release_candidates);
	ditto_fairq_init(&volume->offload_queue, &ditto_recall_limits);
	ditto_cuts_start(volume);
	err = ditto_room_init(volume);
	if (!err)
		INIT_WORK(&volume->room->restore, ditto_candidates_restore);
	return err;
}

void ditto_offload_volume_start(struct ditto_volume *volume)
{
	volume->offload_session = ditto_unserved_session(volume->sb) ?: get_random_u64();
	volume->offload_moved = jiffies;
	ditto_release_volume_begin(volume);
}

void ditto_offload_volume_stop(struct ditto_volume *volume)
{
	WRITE_ONCE(volume->offload_stopped, true);
	ditto_offload_unguard(volume);
	ditto_recalls_stop(volume);
	ditto_room_stop(volume);
	ditto_candidates_save(volume);
	ditto_cuts_stop(volume);
}

void ditto_offload_volume_exit(struct ditto_volume *volume)
{
	ditto_release_volume_end(volume);
	ditto_offload_guard_free(volume);
	ditto_fairq_exit(&volume->offload_queue);
	ditto_room_exit(volume);
}

void ditto_offload_node_free(struct ditto_node *node)
{
	struct ditto_stub *stub = rcu_dereference_protected(node->stub, true);

	/* A candidate is noted by somebody who holds the node. */
	if (!list_empty(&node->release_candidate))
		ditto_release_candidate_drop(node);
	ditto_stub_put(stub);
}
