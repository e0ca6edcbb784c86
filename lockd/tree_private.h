/* SPDX-License-Identifier: GPL-2.0-only */
/* Augmented trees whose root is one pointer, because there are as many roots as nodes or opens. */
#ifndef _DITTO_LOCKD_TREE_PRIVATE_H
#define _DITTO_LOCKD_TREE_PRIVATE_H

#include <linux/rbtree_augmented.h>

/**
 * ditto_tree_add - add to an augmented tree, as rb_add_augmented_cached()
 * @rb: what is added; its own summary is set
 * @root: the tree
 * @less: order of the tree
 * @augment: callbacks of the tree
 *
 * Context: the lock of the tree held.
 */
static __always_inline void ditto_tree_add(struct rb_node *rb, struct rb_root *root,
					   bool (*less)(struct rb_node *, const struct rb_node *),
					   const struct rb_augment_callbacks *augment)
{
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = less(rb, parent) ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(rb, parent, link);
	augment->propagate(parent, NULL);
	rb_insert_augmented(rb, root, augment);
}

#endif
