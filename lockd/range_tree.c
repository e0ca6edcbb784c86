// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges of a node in trees: one interval tree for each row of the matrix, so
 * that a question looks only at what can be in its way, and one tree of all by
 * owner, so that an owner finds its own among ten thousand of others.
 *
 * Locking: all under claims->lock.
 */
#include <linux/rbtree_augmented.h>

#include "private.h"

static inline u64 range_last(const struct ditto_range *range)
{
	return range->last;
}

RB_DECLARE_CALLBACKS_MAX(static, range_augment, struct ditto_range, by_first, u64,
			 subtree_last, range_last);

static bool first_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct ditto_range, by_first)->first <
	       rb_entry(b, struct ditto_range, by_first)->first;
}

/* In the order of the tree by owner; a pending range is in a class of its own. */
static unsigned int range_class(const struct ditto_range *range)
{
	if (range->pending)
		return 2;
	return range->claim.held < DITTO_HELD_EXACT_SHARED ? DITTO_POSIX : DITTO_EXACT;
}

static int own_compare(const struct ditto_owner *owner, unsigned int class, u64 first,
		       const struct ditto_range *range)
{
	if (owner != range->claim.owner)
		return owner < range->claim.owner ? -1 : 1;
	if (class != range_class(range))
		return class < range_class(range) ? -1 : 1;
	if (first != range->first)
		return first < range->first ? -1 : 1;
	return 0;
}

static bool own_less(struct rb_node *a, const struct rb_node *b)
{
	const struct ditto_range *range = rb_entry(a, struct ditto_range, by_owner);

	return own_compare(range->claim.owner, range_class(range), range->first,
			   rb_entry(b, struct ditto_range, by_owner)) < 0;
}

void ditto_range_insert(struct ditto_claims *claims, struct ditto_range *range)
{
	lockdep_assert_held(&claims->lock);
	range->subtree_last = range->last;
	rb_add_augmented_cached(&range->by_first, &claims->ranges[range->claim.held], first_less,
				&range_augment);
	rb_add(&range->by_owner, &claims->by_owner, own_less);
	if (range->open)
		list_add_tail(&range->of_open, &range->open->ranges);
}

void ditto_range_erase(struct ditto_claims *claims, struct ditto_range *range)
{
	lockdep_assert_held(&claims->lock);
	rb_erase_augmented_cached(&range->by_first, &claims->ranges[range->claim.held],
				  &range_augment);
	rb_erase(&range->by_owner, &claims->by_owner);
	if (range->open)
		list_del(&range->of_open);
}

/* Other bytes for a range that is claimed; who lists the client sees the old or the new ones. */
void ditto_range_move(struct ditto_range *range, u64 first, u64 last)
{
	struct ditto_claims *claims = range->claim.claims;
	struct ditto_client *client = range->claim.owner->client;

	ditto_range_erase(claims, range);
	spin_lock(&client->lock);
	range->first = first;
	range->last = last;
	spin_unlock(&client->lock);
	ditto_range_insert(claims, range);
}

/* The leftmost of a subtree that overlaps; its root's subtree_last reaches @first. */
static struct ditto_range *subtree_overlap(struct ditto_range *range, u64 first, u64 last)
{
	for (;;) {
		struct ditto_range *left = rb_entry_safe(range->by_first.rb_left,
							 struct ditto_range, by_first);

		/* If nothing in there overlaps, something begins after @last, as we do. */
		if (left && left->subtree_last >= first) {
			range = left;
			continue;
		}
		if (range->first > last)
			return NULL;
		if (range->last >= first)
			return range;
		range = rb_entry_safe(range->by_first.rb_right, struct ditto_range, by_first);
		if (!range || range->subtree_last < first)
			return NULL;
	}
}

/* The first range of a row that overlaps; see ditto_range_end() about empty ones. */
struct ditto_range *ditto_range_overlap(struct ditto_claims *claims, enum ditto_held row,
					u64 first, u64 last)
{
	struct ditto_range *root = rb_entry_safe(claims->ranges[row].rb_root.rb_node,
						 struct ditto_range, by_first);

	lockdep_assert_held(&claims->lock);
	if (!root || root->subtree_last < first)
		return NULL;
	return subtree_overlap(root, first, last);
}

/* The next one that does. */
struct ditto_range *ditto_range_overlap_next(struct ditto_range *range, u64 first, u64 last)
{
	struct rb_node *rb = range->by_first.rb_right, *prev;

	for (;;) {
		struct ditto_range *right = rb_entry_safe(rb, struct ditto_range, by_first);

		if (right && right->subtree_last >= first)
			return subtree_overlap(right, first, last);
		/* Up, until we come from the left. */
		do {
			prev = &range->by_first;
			rb = rb_parent(prev);
			if (!rb)
				return NULL;
			range = rb_entry(rb, struct ditto_range, by_first);
		} while (prev == rb->rb_right);
		if (range->first > last)
			return NULL;
		if (range->last >= first)
			return range;
		rb = range->by_first.rb_right;
	}
}

/*
 * An owner's first range of a discipline that does not end before @byte. For
 * POSIX ones, which never overlap, that is one look down the tree; EXACT ones
 * stack, so for them it is the first that does not begin before @byte.
 */
struct ditto_range *ditto_range_own(struct ditto_claims *claims, const struct ditto_owner *owner,
				    enum ditto_discipline discipline, u64 byte)
{
	struct rb_node *rb = claims->by_owner.rb_node;
	struct ditto_range *found = NULL, *before = NULL, *range;

	lockdep_assert_held(&claims->lock);
	while (rb) {
		range = rb_entry(rb, struct ditto_range, by_owner);
		if (own_compare(owner, discipline, byte, range) <= 0) {
			found = range;
			rb = rb->rb_left;
		} else {
			before = range;
			rb = rb->rb_right;
		}
	}
	if (before && discipline == DITTO_POSIX && before->claim.owner == owner &&
	    range_class(before) == discipline && before->last >= byte)
		return before;
	if (found && found->claim.owner == owner && range_class(found) == discipline)
		return found;
	return NULL;
}

/* The owner's next of the same discipline. */
struct ditto_range *ditto_range_own_next(struct ditto_range *range)
{
	struct ditto_range *next = rb_entry_safe(rb_next(&range->by_owner), struct ditto_range,
						 by_owner);

	if (!next || next->claim.owner != range->claim.owner ||
	    range_class(next) != range_class(range))
		return NULL;
	return next;
}
