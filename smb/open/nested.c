// SPDX-License-Identifier: GPL-2.0-only
/* Paths that lead into file systems within a share; see nested.h. */

#include <linux/err.h>

#include "../../fs/op/walk.h"
#include "../../fs/share/share.h"
#include "../transport/call.h"
#include "../wire/name.h"
#include "nested.h"

/* Forbid changes if the file system is read-only within the share. Context: any. */
void dsmb_nested_restrict(struct dsmb_call *call)
{
	const struct ditto_share *share = call->op.share;

	if (likely(!share->outer))
		return;
	rcu_read_lock();
	if (rcu_dereference(share->opts)->read_only)
		call->op.writable = false;
	rcu_read_unlock();
}

/*
 * Change to the file system that a path leads into. Return: 0, or an errno of ditto_walk_enter().
 */
int dsmb_nested_enter(struct dsmb_call *call, struct dsmb_path *path)
{
	struct ditto_share *nested;
	u32 passed;

	nested = ditto_walk_enter(&call->op, path->path, path->len, path->posix, &passed);
	if (IS_ERR_OR_NULL(nested))
		return PTR_ERR_OR_ZERO(nested);
	ditto_share_put(call->share);
	call->share = nested;
	call->op.share = nested;
	dsmb_nested_restrict(call);
	path->path += passed;
	path->len -= passed;
	return 0;
}

/*
 * Find the part of a path that is within the file system of an open. @len: bytes of @path. Return:
 * bytes of @path before that part; -EXDEV if it leads into another file system; or an errno of
 * ditto_walk_enter().
 */
int dsmb_nested_skip(struct dsmb_call *call, const char *path, u32 len, bool exact)
{
	struct ditto_op op = call->op;
	struct ditto_share *nested;
	u32 passed;
	bool same;

	/* Between begin and end, @call->share is the share of the tree connect. */
	op.share = call->share;
	/* The granted rights concern the open file, not directories. */
	op.granted = 0;
	nested = ditto_walk_enter(&op, path, len, exact, &passed);
	if (IS_ERR(nested))
		return PTR_ERR(nested);
	same = (nested ?: call->share) == call->op.share;
	if (nested)
		ditto_share_put(nested);
	return same ? passed : -EXDEV;
}
