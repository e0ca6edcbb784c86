// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making room on a full file system: when more data comes back, blocks of stubs whose data came
 * back earlier and has not changed since are freed again, without an upload and without the helper.
 * Such stubs are the candidates of a volume.
 *
 * A candidate has a durable record, which keeps its content in the store. A file that is whole has
 * none, so it is no candidate. The list is only in memory: after a restart it is empty.
 *
 * A stub is a candidate only while it is that of its node. The list of a volume has no references:
 * the node is tried for one, which fails if the node is being freed.
 */
#include <linux/list.h>
#include <kunit/visibility.h>

#include "../../net/server.h"
#include "../node/node_private.h"
#include "stub.h"

/* Candidates that are tried in vain before a search ends. The next search goes on behind them. */
#define SEARCH_MAX	32

void ditto_release_candidate_note(struct ditto_stub *stub)
{
	struct ditto_volume *volume = stub->node->volume;

	if (!ditto_stub_is_unchanged(stub))
		return;
	spin_lock(&volume->release_lock);
	/* A stub that is taken from its node is dropped afterwards. */
	if (rcu_access_pointer(stub->node->stub) == stub)
		list_move_tail(&stub->candidate, &volume->release_candidates);
	spin_unlock(&volume->release_lock);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_release_candidate_note);

void ditto_release_candidate_drop(struct ditto_stub *stub)
{
	struct ditto_volume *volume = stub->node->volume;

	spin_lock(&volume->release_lock);
	list_del_init(&stub->candidate);
	spin_unlock(&volume->release_lock);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_release_candidate_drop);

/*
 * Take the first candidate off the list, with references to it and its node. Return: NULL if this
 * search has come to all.
 */
static struct ditto_stub *candidate_take(struct ditto_volume *volume, u32 search)
{
	struct ditto_stub *stub;

	spin_lock(&volume->release_lock);
	for (;;) {
		stub = list_first_entry_or_null(&volume->release_candidates, struct ditto_stub,
						candidate);
		if (!stub || stub->tried == search) {
			stub = NULL;
			break;
		}
		list_del_init(&stub->candidate);
		if (refcount_inc_not_zero(&stub->node->ref)) {
			refcount_inc(&stub->ref);
			stub->tried = search;
			break;
		}
	}
	spin_unlock(&volume->release_lock);
	return stub;
}

static void candidate_put(struct ditto_stub *stub)
{
	struct ditto_node *node = stub->node;

	ditto_stub_put(stub);
	ditto_node_put(node);
}

/* Free the blocks of a candidate. Return: bytes that were freed. */
static u64 candidate_release(struct ditto_stub *stub)
{
	u64 bytes;
	int err;

	spin_lock(&stub->lock);
	bytes = ditto_offload_resident(&stub->record);
	spin_unlock(&stub->lock);
	if (!bytes)
		return 0;
	err = ditto_release_again(stub);
	/* The next search may have more luck, unless the file has changed. */
	if (err)
		ditto_release_candidate_note(stub);
	return err ? 0 : bytes;
}

bool ditto_release_make_room(struct ditto_volume *volume, u64 bytes)
{
	struct ditto_offload *offload = volume->srv->offload;
	u32 left = SEARCH_MAX, search;
	u64 freed = 0, more;
	struct ditto_stub *stub;

	mutex_lock(&offload->room);
	search = ++offload->search;
	while (freed < bytes && left && (stub = candidate_take(volume, search))) {
		more = candidate_release(stub);
		candidate_put(stub);
		freed += more;
		left -= !more;
		cond_resched();
	}
	mutex_unlock(&offload->room);
	return freed > 0;
}
