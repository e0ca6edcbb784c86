// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making room on a full file system: when more data comes back, blocks of files whose data came
 * back earlier and has not changed since are freed again, without an upload and without the helper.
 * Such files are the candidates of a volume.
 *
 * The content of a candidate is kept in the store by its record, or, if it is whole, by the
 * attribute that stored.c is about. These are looked at when it is its turn; the list only says
 * where to look. The list is in memory: after a restart it is empty. It has at most the nodes that
 * the cache of nodes keeps, and no references to them: a node is tried for one, which fails if the
 * node is being freed.
 */
#include <linux/dcache.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/xattr.h>
#include <kunit/visibility.h>

#include "../../net/server.h"
#include "../node/node_private.h"
#include "stub.h"

/* Candidates that are tried in vain before a search ends. The next search goes on behind them. */
#define SEARCH_MAX	32
/* Mark of files and directories by "dittoctl offload pin", "never" and "auto". */
#define MARK_XATTR	"trusted.ditto.keep"
#define MARK_AUTO	"auto"

void ditto_release_candidate_note(struct ditto_stub *stub)
{
	bool stored = READ_ONCE(stub->stored);
	struct ditto_node *node = stub->node;
	struct ditto_volume *volume = node->volume;

	if (!stored && !ditto_stub_is_unchanged(stub))
		return;
	spin_lock(&volume->release_lock);
	/* The node is dropped after its stub is taken away, and noted again if it is whole. */
	if (stored || rcu_access_pointer(node->stub) == stub)
		list_move_tail(&node->release_candidate, &volume->release_candidates);
	node->release_came = jiffies;
	spin_unlock(&volume->release_lock);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_release_candidate_note);

void ditto_release_candidate_drop(struct ditto_node *node)
{
	struct ditto_volume *volume = node->volume;

	spin_lock(&volume->release_lock);
	list_del_init(&node->release_candidate);
	spin_unlock(&volume->release_lock);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_release_candidate_drop);

/*
 * Take the first candidate off the list, with a reference. Return: NULL if this search has come to
 * all.
 */
static struct ditto_node *candidate_take(struct ditto_volume *volume, u32 search)
{
	struct ditto_node *node;

	spin_lock(&volume->release_lock);
	for (;;) {
		node = list_first_entry_or_null(&volume->release_candidates, struct ditto_node,
						release_candidate);
		if (!node || node->release_search == search) {
			node = NULL;
			break;
		}
		list_del_init(&node->release_candidate);
		if (refcount_inc_not_zero(&node->ref)) {
			node->release_search = search;
			break;
		}
	}
	spin_unlock(&volume->release_lock);
	return node;
}

static void candidate_return(struct ditto_node *node)
{
	struct ditto_volume *volume = node->volume;

	spin_lock(&volume->release_lock);
	list_move_tail(&node->release_candidate, &volume->release_candidates);
	spin_unlock(&volume->release_lock);
}

/*
 * Has the administrator marked the file, or a directory above it? The nearest mark counts. A file
 * whose directory is not known may be below one.
 */
static bool candidate_is_marked(struct ditto_node *node)
{
	struct dentry *dentry = ditto_node_dentry(node), *parent;
	char mark[16];
	bool marked;
	ssize_t len;

	for (;;) {
		len = __vfs_getxattr(dentry, d_inode(dentry), MARK_XATTR, mark, sizeof(mark));
		if (len > 0) {
			marked = len != strlen(MARK_AUTO) || memcmp(mark, MARK_AUTO, len);
			break;
		}
		if (IS_ROOT(dentry)) {
			marked = dentry != node->inode->i_sb->s_root;
			break;
		}
		parent = dget_parent(dentry);
		dput(dentry);
		dentry = parent;
	}
	dput(dentry);
	return marked;
}

static int candidate_release_stub(struct ditto_stub *stub, u64 *bytes)
{
	spin_lock(&stub->lock);
	*bytes = ditto_offload_resident(&stub->record);
	spin_unlock(&stub->lock);
	/* It was released meanwhile, and is noted again when data comes back. */
	return *bytes ? ditto_release_again(stub) : -ENODATA;
}

/* The data of a file that is whole stays until the file was looked up again, see stub.c. */
static bool candidate_is_awaited(const struct ditto_node *node)
{
	return !test_bit(DITTO_NODE_REFERENCED, &node->flags) &&
	       time_before(jiffies, READ_ONCE(node->release_came) +
				    msecs_to_jiffies(DITTO_OFFLOAD_UNUSED_MS));
}

/* Free the blocks of a candidate. Return: bytes that were freed. */
static u64 candidate_release(struct ditto_node *node)
{
	struct ditto_stub *stub;
	u64 bytes = 0;
	int err;

	stub = ditto_stub_get(node);
	if (IS_ERR(stub))
		err = PTR_ERR(stub);
	else if (candidate_is_marked(node) || (!stub && candidate_is_awaited(node)))
		err = -EBUSY;
	else if (stub)
		err = candidate_release_stub(stub, &bytes);
	else
		err = ditto_release_stored(node, &bytes);
	if (!IS_ERR(stub))
		ditto_stub_put(stub);
	/* The next search may have more luck, unless the content is not in the store. */
	if (err && err != -ESTALE && err != -ENODATA)
		candidate_return(node);
	return err ? 0 : bytes;
}

bool ditto_release_make_room(struct ditto_volume *volume, u64 bytes)
{
	struct ditto_offload *offload = volume->srv->offload;
	u32 left = SEARCH_MAX, search;
	struct ditto_node *node;
	u64 freed = 0, more;

	mutex_lock(&offload->room);
	search = ++offload->search;
	while (freed < bytes && left && (node = candidate_take(volume, search))) {
		more = candidate_release(node);
		ditto_node_put(node);
		freed += more;
		left -= !more;
		cond_resched();
	}
	mutex_unlock(&offload->room);
	return freed > 0;
}
