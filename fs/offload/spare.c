// SPDX-License-Identifier: GPL-2.0-only
/*
 * Spares: stubs into whose files data has come back that has not changed since. If a file system is
 * full when more data comes back, their blocks are freed again, without an upload and without the
 * helper.
 *
 * A stub has a durable record, which keeps its content in the store. A file that is whole has none,
 * so it is no spare. Nothing on disk tells of spares: after a restart there are none.
 *
 * A stub is a spare only while it is that of its node. The list of a volume has no references: the
 * node is tried for one, which fails if the node is being freed.
 */
#include <linux/list.h>
#include <kunit/visibility.h>

#include "../../net/server.h"
#include "../node/node_private.h"
#include "stub.h"

/* Files that are tried in vain before a search ends. The next one goes on behind them. */
#define SEARCH_MAX	32

void ditto_spare_note(struct ditto_stub *stub)
{
	struct ditto_volume *volume = stub->node->volume;

	if (!ditto_stub_is_pure(stub))
		return;
	spin_lock(&volume->spares_lock);
	/* Whoever takes the stub from its node drops it afterwards. */
	if (rcu_access_pointer(stub->node->stub) == stub)
		list_move_tail(&stub->spare, &volume->spares);
	spin_unlock(&volume->spares_lock);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_spare_note);

void ditto_spare_drop(struct ditto_stub *stub)
{
	struct ditto_volume *volume = stub->node->volume;

	spin_lock(&volume->spares_lock);
	list_del_init(&stub->spare);
	spin_unlock(&volume->spares_lock);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_spare_drop);

/*
 * Take the first spare off the list, with references to it and its node. Return: NULL if this
 * search has come to all.
 */
static struct ditto_stub *spare_take(struct ditto_volume *volume, u32 search)
{
	struct ditto_stub *stub;

	spin_lock(&volume->spares_lock);
	for (;;) {
		stub = list_first_entry_or_null(&volume->spares, struct ditto_stub, spare);
		if (!stub || stub->tried == search) {
			stub = NULL;
			break;
		}
		list_del_init(&stub->spare);
		if (refcount_inc_not_zero(&stub->node->ref)) {
			refcount_inc(&stub->ref);
			stub->tried = search;
			break;
		}
	}
	spin_unlock(&volume->spares_lock);
	return stub;
}

static void spare_put(struct ditto_stub *stub)
{
	struct ditto_node *node = stub->node;

	ditto_stub_put(stub);
	ditto_node_put(node);
}

/* Return: bytes that were freed. */
static u64 spare_free(struct ditto_stub *stub)
{
	u64 bytes;
	int err;

	spin_lock(&stub->lock);
	bytes = ditto_offload_resident(&stub->record);
	spin_unlock(&stub->lock);
	if (!bytes)
		return 0;
	err = ditto_release_again(stub);
	/* It may be possible the next time, unless the file has changed. */
	if (err)
		ditto_spare_note(stub);
	return err ? 0 : bytes;
}

bool ditto_spare_make_room(struct ditto_volume *volume, u64 bytes)
{
	struct ditto_offload *offload = volume->srv->offload;
	u32 left = SEARCH_MAX, search;
	u64 freed = 0, more;
	struct ditto_stub *stub;

	mutex_lock(&offload->room);
	search = ++offload->search;
	while (freed < bytes && left && (stub = spare_take(volume, search))) {
		more = spare_free(stub);
		spare_put(stub);
		freed += more;
		left -= !more;
		cond_resched();
	}
	mutex_unlock(&offload->room);
	return freed > 0;
}
