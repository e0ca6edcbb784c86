// SPDX-License-Identifier: GPL-2.0-only
/* The names by which instances of a file were opened; see hardlink.h. */

#include <linux/dcache.h>

#include "../../lockd/owner.h"
#include "hardlink.h"
#include "node.h"

/* Names of one file that are looked at to count it. */
#define HARDLINKS_COUNTED	1000

static int hardlink_cmp(const void *dentry, const struct rb_node *at)
{
	unsigned long key = (unsigned long)dentry;
	unsigned long other = (unsigned long)rb_entry(at, struct ditto_hardlink, of_node)->dentry;

	return key < other ? -1 : key > other;
}

static bool hardlink_less(struct rb_node *a, const struct rb_node *b)
{
	return hardlink_cmp(rb_entry(a, struct ditto_hardlink, of_node)->dentry, b) < 0;
}

/*
 * Find a name of a node. @node: its lock is held. Context: any. Return: the hard link, or NULL if
 * no instance was opened by the name.
 */
struct ditto_hardlink *ditto_hardlink_find(struct ditto_node *node, const struct dentry *dentry)
{
	struct rb_node *found;

	lockdep_assert_held(&node->lock);
	found = rb_find(dentry, &node->hardlinks, hardlink_cmp);
	return rb_entry_safe(found, struct ditto_hardlink, of_node);
}

/* Add a name to a node. @node: its lock is held; it does not have the name. Context: any. */
void ditto_hardlink_insert(struct ditto_node *node, struct ditto_hardlink *link)
{
	lockdep_assert_held(&node->lock);
	rb_add(&link->of_node, &node->hardlinks, hardlink_less);
}

/* Take a name off a node. @node: its lock is held. Context: any. */
void ditto_hardlink_erase(struct ditto_node *node, struct ditto_hardlink *link)
{
	lockdep_assert_held(&node->lock);
	rb_erase(&link->of_node, &node->hardlinks);
}

/*
 * Mark a name as delete pending. @node: its lock is held; @delete_cred: credential for the removal;
 * the reference passes to @link; @owner: owner of the caching grants that the caller has on the
 * directory, or NULL. Context: any.
 */
void ditto_hardlink_delete(struct ditto_node *node, struct ditto_hardlink *link,
			   struct ditto_cred *delete_cred, struct ditto_owner *owner)
{
	lockdep_assert_held(&node->lock);
	if (owner)
		link->delete_owner = ditto_owner_hold(owner);
	WRITE_ONCE(link->delete_cred, delete_cred);
	link->counts = !d_unhashed(link->dentry);
	if (link->counts)
		WRITE_ONCE(node->deletions, node->deletions + 1);
}

static void hardlink_uncount(struct ditto_node *node, struct ditto_hardlink *link)
{
	lockdep_assert_held(&node->lock);
	if (link->counts)
		WRITE_ONCE(node->deletions, node->deletions - 1);
	link->counts = false;
}

/*
 * End the delete pending state of a name. @node: its lock is not held. Return: the credential, to
 * be put; or NULL.
 */
struct ditto_cred *ditto_hardlink_undelete(struct ditto_node *node, struct ditto_hardlink *link,
					   bool erase)
{
	struct ditto_owner *owner;
	struct ditto_cred *cred;

	spin_lock(&node->lock);
	cred = link->delete_cred;
	owner = link->delete_owner;
	WRITE_ONCE(link->delete_cred, NULL);
	link->delete_owner = NULL;
	hardlink_uncount(node, link);
	if (erase)
		ditto_hardlink_erase(node, link);
	spin_unlock(&node->lock);
	if (owner)
		ditto_owner_put(owner);
	return cred;
}

/* Note that a name was removed, which may be delete pending. Context: any. */
void ditto_hardlink_removed(struct ditto_node *node, const struct dentry *dentry)
{
	struct ditto_hardlink *link;

	if (likely(!READ_ONCE(node->deletions)))
		return;
	spin_lock(&node->lock);
	link = ditto_hardlink_find(node, dentry);
	if (link)
		hardlink_uncount(node, link);
	spin_unlock(&node->lock);
}

/*
 * Count the names that are delete pending and still there. If the file is open by very many names,
 * one that a local process has removed may be counted. Context: any. Return: the number.
 */
u32 ditto_hardlinks_deleted(struct ditto_node *node)
{
	struct rb_node *at;
	u32 looked = 0, count;

	if (likely(!READ_ONCE(node->deletions)))
		return 0;
	spin_lock(&node->lock);
	/* Nobody tells of names that local processes remove. */
	for (at = rb_first(&node->hardlinks); at && looked < HARDLINKS_COUNTED; at = rb_next(at)) {
		struct ditto_hardlink *link = rb_entry(at, struct ditto_hardlink, of_node);

		if (link->counts && d_unhashed(link->dentry))
			hardlink_uncount(node, link);
		looked++;
	}
	count = node->deletions;
	spin_unlock(&node->lock);
	return count;
}

/*
 * Tell whether a name cannot be opened. Context: any. Return: true if the name is delete pending.
 */
bool ditto_hardlink_refuses(struct ditto_node *node, const struct dentry *dentry)
{
	bool refuses;

	if (likely(!READ_ONCE(node->deletions)))
		return false;
	spin_lock(&node->lock);
	refuses = ditto_hardlink_is_deleted(ditto_hardlink_find(node, dentry));
	spin_unlock(&node->lock);
	return refuses;
}
