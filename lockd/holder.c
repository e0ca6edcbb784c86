// SPDX-License-Identifier: GPL-2.0-only
/* Trees of the opens and caching grants of a node, see holder.h. */
#include <linux/percpu.h>
#include <linux/rbtree_augmented.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "lease_private.h"
#include "open_private.h"

#ifdef DITTO_TESTS
/* A spinlock is held, so no other task counts on this CPU. */
static DEFINE_PER_CPU(unsigned long, steps);
unsigned long ditto_steps_max;
typeof(ditto_step) *ditto_step_watch;

void ditto_step(void)
{
	typeof(ditto_step) *watch = READ_ONCE(ditto_step_watch);

	__this_cpu_inc(steps);
	if (unlikely(watch))
		watch();
}

/* Called when that lock is about to be dropped. */
void ditto_steps_end(void)
{
	unsigned long count = __this_cpu_read(steps);

	if (count > READ_ONCE(ditto_steps_max))
		WRITE_ONCE(ditto_steps_max, count);
	__this_cpu_write(steps, 0);
}
#endif

static u8 open_modes(const struct ditto_open *open)
{
	return ditto_modes(open->access, open->deny) | (open->acl ? DITTO_MODES_ACL : 0);
}

static u8 opens_modes(const struct rb_node *rb)
{
	return rb ? rb_entry(rb, struct ditto_open, by_owner)->subtree_modes : 0;
}

static bool open_augment_compute(struct ditto_open *open, bool exit)
{
	u8 modes = open_modes(open) | opens_modes(open->by_owner.rb_left) |
		   opens_modes(open->by_owner.rb_right);

	if (exit && open->subtree_modes == modes)
		return true;
	open->subtree_modes = modes;
	return false;
}

RB_DECLARE_CALLBACKS(static, open_augment, struct ditto_open, by_owner, subtree_modes,
		     open_augment_compute);

static int pointer_compare(const void *a, const void *b)
{
	return a == b ? 0 : a < b ? -1 : 1;
}

static int open_compare(const struct ditto_client *client, const struct ditto_owner *owner,
			const struct ditto_open *open)
{
	return pointer_compare(client, open->claim.owner->client) ?:
	       pointer_compare(owner, open->claim.owner);
}

/* Add to the opens of a key. The summary of the open itself is set. */
static void open_add(struct rb_root *opens, struct ditto_open *open)
{
	const struct ditto_owner *owner = open->claim.owner;
	struct rb_node **link = &opens->rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = open_compare(owner->client, owner,
				    rb_entry(parent, struct ditto_open, by_owner)) < 0 ?
		       &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&open->by_owner, parent, link);
	open_augment.propagate(parent, NULL);
	rb_insert_augmented(&open->by_owner, opens, &open_augment);
}

static bool sum_meets(const struct ditto_holder_sum *a, const struct ditto_holder_sum *b)
{
	return a->held & b->held || a->left & b->left || a->modes & b->modes;
}

static struct ditto_holder_sum holder_sum(const struct ditto_holder *holder)
{
	const struct ditto_holder_own own = holder->own;
	struct ditto_holder_sum sum = { .modes = own.modes };

	if (!holder->grant)
		return sum;
	sum.held = BIT_ULL(own.class);
	if (own.left)
		sum.left = BIT_ULL((own.class & ~DITTO_CLASS_BITS) | (own.left - 1));
	if (ditto_class_at(own.class).notify)
		sum.modes |= DITTO_HOLDER_NOTIFY;
	return sum;
}

static bool holder_meets(const struct ditto_holder *holder, const struct ditto_holder_sum *wanted)
{
	const struct ditto_holder_sum sum = holder_sum(holder);

	return sum_meets(&sum, wanted);
}

static void sum_add_subtree(struct ditto_holder_sum *sum, const struct rb_node *rb)
{
	const struct ditto_holder_sum *subtree;

	if (!rb)
		return;
	subtree = &rb_entry(rb, struct ditto_holder, by_key)->subtree;
	sum->held |= subtree->held;
	sum->left |= subtree->left;
	sum->modes |= subtree->modes;
}

static bool holder_augment_compute(struct ditto_holder *holder, bool exit)
{
	struct ditto_holder_sum *old = &holder->subtree;
	struct ditto_holder_sum sum = holder_sum(holder);

	sum_add_subtree(&sum, holder->by_key.rb_left);
	sum_add_subtree(&sum, holder->by_key.rb_right);
	if (exit && old->held == sum.held && old->left == sum.left && old->modes == sum.modes)
		return true;
	*old = sum;
	return false;
}

RB_DECLARE_CALLBACKS(static, holder_augment, struct ditto_holder, by_key, subtree,
		     holder_augment_compute);

/*
 * The order of keys of the same length: as memcmp(). The same order as memcmp(). Most keys have 8
 * to 16 bytes, which the first word and the last one hold; many clients use the same keys.
 */
int ditto_key_bytes_compare(const u8 *a, const u8 *b, u32 len)
{
	const u32 size = sizeof(u64);
	u64 x, y;

	if (len < size || len > 2 * size)
		return memcmp(a, b, len);
	x = get_unaligned_be64(a);
	y = get_unaligned_be64(b);
	if (x == y) {
		x = get_unaligned_be64(a + len - size);
		y = get_unaligned_be64(b + len - size);
	}
	return x < y ? -1 : x > y;
}

/* Orders by bytes; the same bytes of different clients by address, unless @alike. */
static int key_compare(const struct ditto_owner *a, const struct ditto_owner *b, bool alike)
{
	int diff;

	if (a == b)
		return 0;
	if (!a || !b)
		return a ? 1 : -1;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	diff = ditto_key_bytes_compare(a->key, b->key, a->len);
	if (diff || alike)
		return diff;
	return pointer_compare(a, b);
}

/*
 * Memory for a new holder, which is filled when it is used; or NULL. The memory in the lock context
 * is used first. May sleep.
 */
struct ditto_holder *ditto_holder_alloc(void)
{
	return kmem_cache_alloc(ditto_holder_slab, GFP_KERNEL);
}

/* Free a holder that is on no node; NULL is allowed. */
void ditto_holder_free(struct ditto_holder *holder)
{
	if (holder)
		kmem_cache_free(ditto_holder_slab, holder);
}

/* True if an open or a grant with @key would need such memory. Context: ctx->lock held. */
bool ditto_holder_needs_memory(struct ditto_lock_ctx *ctx, const struct ditto_owner *key)
{
	return ctx->first_used && !ditto_holder_find(ctx, key);
}

/*
 * Sum up all holders of a node. @ctx: lock context of the node. Context: ctx->lock held. Return:
 * the sum.
 */
struct ditto_holder_sum ditto_holders_sum(const struct ditto_lock_ctx *ctx)
{
	struct ditto_holder_sum sum = {};

	lockdep_assert_held(&ctx->lock);
	sum_add_subtree(&sum, ctx->holders.rb_node);
	return sum;
}

/* Where the holder of a key is linked, or would be: below @parent. */
static __always_inline struct rb_node **holder_link(struct ditto_lock_ctx *ctx,
						    const struct ditto_owner *key,
						    struct rb_node **parent)
{
	struct rb_node **link = &ctx->holders.rb_node;

	lockdep_assert_held(&ctx->lock);
	*parent = NULL;
	while (*link) {
		int diff = key_compare(key, rb_entry(*link, struct ditto_holder, by_key)->key,
				       false);

		ditto_step();
		if (!diff)
			break;
		*parent = *link;
		link = diff < 0 ? &(*link)->rb_left : &(*link)->rb_right;
	}
	return link;
}

/*
 * Find the holder with a key. @ctx: lock context of the node; @key: the key; NULL for opens that
 * cannot cache. Context: ctx->lock held. Return: the holder, or NULL.
 */
struct ditto_holder *ditto_holder_find(struct ditto_lock_ctx *ctx, const struct ditto_owner *key)
{
	struct rb_node *parent;

	return rb_entry_safe(*holder_link(ctx, key, &parent), struct ditto_holder, by_key);
}

static bool holder_below(const struct rb_node *rb, const struct ditto_holder_sum *sum)
{
	return rb && sum_meets(&rb_entry(rb, struct ditto_holder, by_key)->subtree, sum);
}

/* The first matching holder in a subtree whose sum matches. */
static struct ditto_holder *holder_leftmost(struct rb_node *rb, const struct ditto_holder_sum *sum)
{
	for (;;) {
		struct ditto_holder *holder = rb_entry(rb, struct ditto_holder, by_key);

		ditto_step();
		if (holder_below(rb->rb_left, sum)) {
			rb = rb->rb_left;
			continue;
		}
		if (holder_meets(holder, sum))
			return holder;
		rb = rb->rb_right;
	}
}

/*
 * Find the first holder, in the order of keys, that matches. @ctx: lock context of the node.
 * Context: ctx->lock held. Return: the holder, or NULL.
 */
struct ditto_holder *ditto_holder_first(struct ditto_lock_ctx *ctx,
					const struct ditto_holder_sum *sum)
{
	struct rb_node *rb = ctx->holders.rb_node;

	lockdep_assert_held(&ctx->lock);
	return holder_below(rb, sum) ? holder_leftmost(rb, sum) : NULL;
}

/* Find the next holder that matches. Context: ctx->lock held. Return: the holder, or NULL. */
struct ditto_holder *ditto_holder_next(struct ditto_holder *holder,
				       const struct ditto_holder_sum *sum)
{
	struct rb_node *rb = &holder->by_key, *prev;

	for (;;) {
		if (holder_below(rb->rb_right, sum))
			return holder_leftmost(rb->rb_right, sum);
		/* Go up until we come from the left. */
		do {
			ditto_step();
			prev = rb;
			rb = rb_parent(rb);
			if (!rb)
				return NULL;
		} while (prev == rb->rb_right);
		holder = rb_entry(rb, struct ditto_holder, by_key);
		if (holder_meets(holder, sum))
			return holder;
	}
}

/*
 * Find the first matching holder behind a key. @ctx: lock context of the node; @alike: skip the
 * keys of other clients with the same bytes, too. Context: ctx->lock held. Return: the holder, or
 * NULL.
 */
struct ditto_holder *ditto_holder_behind(struct ditto_lock_ctx *ctx,
					 const struct ditto_owner *key, bool alike,
					 const struct ditto_holder_sum *sum)
{
	struct rb_node *rb = ctx->holders.rb_node;
	struct ditto_holder *found = NULL;

	lockdep_assert_held(&ctx->lock);
	while (rb) {
		struct ditto_holder *holder = rb_entry(rb, struct ditto_holder, by_key);

		ditto_step();
		if (key_compare(key, holder->key, alike) < 0) {
			found = holder;
			rb = rb->rb_left;
		} else {
			rb = rb->rb_right;
		}
	}
	if (!found || holder_meets(found, sum))
		return found;
	return ditto_holder_next(found, sum);
}

/*
 * Find the first matching holder with another key. @ctx: lock context of the node. Context:
 * ctx->lock held. Return: the holder, or NULL.
 */
struct ditto_holder *ditto_holder_other(struct ditto_lock_ctx *ctx,
					const struct ditto_owner *key,
					const struct ditto_holder_sum *sum)
{
	struct ditto_holder *holder = ditto_holder_first(ctx, sum);

	return holder && holder->key == key ? ditto_holder_next(holder, sum) : holder;
}

/* In a subtree whose sum matches. */
static struct ditto_open *open_leftmost(struct rb_node *rb, u8 modes)
{
	for (;;) {
		struct ditto_open *open = rb_entry(rb, struct ditto_open, by_owner);

		ditto_step();
		if (opens_modes(rb->rb_left) & modes) {
			rb = rb->rb_left;
			continue;
		}
		if (open_modes(open) & modes)
			return open;
		rb = rb->rb_right;
	}
}

/*
 * Find the first open of a holder with any of these modes. The order is by client, then by owner.
 * Context: ctx->lock held. Return: the open, or NULL.
 */
struct ditto_open *ditto_holder_open(struct ditto_holder *holder, u8 modes)
{
	struct rb_node *rb = holder->opens.rb_node;

	return opens_modes(rb) & modes ? open_leftmost(rb, modes) : NULL;
}

static struct ditto_open *open_next(struct ditto_open *open, u8 modes)
{
	struct rb_node *rb = &open->by_owner, *prev;

	for (;;) {
		if (opens_modes(rb->rb_right) & modes)
			return open_leftmost(rb->rb_right, modes);
		do {
			ditto_step();
			prev = rb;
			rb = rb_parent(rb);
			if (!rb)
				return NULL;
		} while (prev == rb->rb_right);
		open = rb_entry(rb, struct ditto_open, by_owner);
		if (open_modes(open) & modes)
			return open;
	}
}

/*
 * Find the next open of a holder behind an owner or a client. @owner: skip all opens up to the last
 * one of this owner; with NULL, of @client. Context: ctx->lock held. Return: the open, or NULL.
 */
struct ditto_open *ditto_holder_open_behind(struct ditto_holder *holder,
					    const struct ditto_client *client,
					    const struct ditto_owner *owner, u8 modes)
{
	struct rb_node *rb = holder->opens.rb_node;
	struct ditto_open *found = NULL;

	while (rb) {
		struct ditto_open *open = rb_entry(rb, struct ditto_open, by_owner);
		int diff = owner ? open_compare(client, owner, open) :
				   pointer_compare(client, open->claim.owner->client);

		ditto_step();
		if (diff < 0) {
			found = open;
			rb = rb->rb_left;
		} else {
			rb = rb->rb_right;
		}
	}
	if (!found || open_modes(found) & modes)
		return found;
	return open_next(found, modes);
}

/*
 * Find the first open of a client at a holder. Context: ctx->lock held. Return: the open, or NULL.
 */
struct ditto_open *ditto_holder_open_of(struct ditto_holder *holder,
					const struct ditto_client *client, u8 modes)
{
	struct rb_node *rb = holder->opens.rb_node;
	struct ditto_open *found = NULL;

	while (rb) {
		struct ditto_open *open = rb_entry(rb, struct ditto_open, by_owner);

		ditto_step();
		if (pointer_compare(client, open->claim.owner->client) <= 0) {
			found = open;
			rb = rb->rb_left;
		} else {
			rb = rb->rb_right;
		}
	}
	if (found && !(open_modes(found) & modes))
		found = open_next(found, modes);
	return found && found->claim.owner->client == client ? found : NULL;
}

static void holder_sum_own(struct ditto_holder *holder)
{
	const struct ditto_lease *grant = holder->grant;
	u32 modes = opens_modes(holder->opens.rb_node);
	struct ditto_holder_own *own = &holder->own;
	u32 opened = RB_EMPTY_ROOT(&holder->opens) ? 0 : DITTO_HOLDER_OPEN;
	struct ditto_grant_class class;
	u8 left;

	*own = (struct ditto_holder_own) { .modes = modes << DITTO_MODES_SHOWN | opened };
	if (!grant)
		return;
	class = (struct ditto_grant_class) {
		.held = grant->claim.held, .older = grant->older, .notify = grant->notify,
		.bits = grant->bits,
	};
	own->class = ditto_class_number(class);
	left = grant->bits;
	/*
	 * A courtesy client does not answer a break, so the grant stays among those to be broken: a
	 * check that is repeated finds it again.
	 */
	if (grant->state == DITTO_LEASE_BREAKING &&
	    !READ_ONCE(grant->claim.owner->client->courtesy))
		left = grant->target;
	class.bits = left;
	if (left)
		own->left = 1 + (ditto_class_number(class) & DITTO_CLASS_BITS);
	if (grant->bits & DITTO_LEASE_HANDLE)
		own->modes = opened | modes << (left & DITTO_LEASE_HANDLE ? DITTO_MODES_HIDDEN :
									    DITTO_MODES_ASKED);
	if (grant->state == DITTO_LEASE_BREAKING)
		own->modes |= DITTO_HOLDER_BREAKING;
}

/* Update the sums of a holder that changed, or free it with its last claim. */
static void holder_changed(struct ditto_lock_ctx *ctx, struct ditto_holder *holder)
{
	lockdep_assert_held(&ctx->lock);
	if (!holder->grant && RB_EMPTY_ROOT(&holder->opens)) {
		rb_erase_augmented(&holder->by_key, &ctx->holders, &holder_augment);
		if (holder == &ctx->first)
			ctx->first_used = false;
		else
			ditto_holder_free(holder);
		return;
	}
	holder_sum_own(holder);
	holder_augment.propagate(&holder->by_key, NULL);
}

/*
 * Find the holder of a key, or add one without claims, whose sum is empty: those above it need no
 * change until holder_changed(), which must follow.
 */
static struct ditto_holder *holder_make(struct ditto_lock_ctx *ctx, struct ditto_owner *key,
					struct ditto_holder **fresh)
{
	struct rb_node *parent, **link = holder_link(ctx, key, &parent);
	struct ditto_holder *holder;

	if (*link)
		return rb_entry(*link, struct ditto_holder, by_key);
	if (!ctx->first_used) {
		ctx->first_used = true;
		holder = &ctx->first;
	} else {
		holder = *fresh;
		*fresh = NULL;
	}
	*holder = (struct ditto_holder) { .key = key, .opens = RB_ROOT };
	rb_link_node(&holder->by_key, parent, link);
	rb_insert_augmented(&holder->by_key, &ctx->holders, &holder_augment);
	return holder;
}

/*
 * Put an open on the node, under its key. @ctx: lock context of the node; @fresh: memory for a new
 * holder, if ditto_holder_needs_memory(); set to NULL if it was used. Context: ctx->lock held.
 */
void ditto_holder_add_open(struct ditto_lock_ctx *ctx, struct ditto_open *open,
			   struct ditto_holder **fresh)
{
	struct ditto_holder *holder = holder_make(ctx, open->lease_owner, fresh);

	open->holder = holder;
	open->subtree_modes = open_modes(open);
	open_add(&holder->opens, open);
	holder_changed(ctx, holder);
}

/*
 * Put a caching grant on the node, under its key. @ctx: lock context of the node; @fresh: memory
 * for a new holder, if ditto_holder_needs_memory(); set to NULL if it was used. Context: ctx->lock
 * held.
 */
void ditto_holder_add_grant(struct ditto_lock_ctx *ctx, struct ditto_lease *lease,
			    struct ditto_holder **fresh)
{
	struct ditto_holder *holder = holder_make(ctx, lease->claim.owner, fresh);

	lease->holder = holder;
	holder->grant = lease;
	holder_changed(ctx, holder);
}

/* Take an open off the node. @ctx: lock context of the node. Context: ctx->lock held. */
void ditto_holder_del_open(struct ditto_lock_ctx *ctx, struct ditto_open *open)
{
	struct ditto_holder *holder = open->holder;

	rb_erase_augmented(&open->by_owner, &holder->opens, &open_augment);
	open->lease_owner = holder->key;
	holder_changed(ctx, holder);
}

/* Take a caching grant off the node. @ctx: lock context of the node. Context: ctx->lock held. */
void ditto_holder_del_grant(struct ditto_lock_ctx *ctx, struct ditto_lease *lease)
{
	struct ditto_holder *holder = lease->holder;

	lease->holder = NULL;
	holder->grant = NULL;
	holder_changed(ctx, holder);
}

/* Update the sums after access or deny bits changed. Context: ctx->lock held. */
void ditto_holder_update_open(struct ditto_open *open)
{
	open_augment.propagate(&open->by_owner, NULL);
	holder_changed(open->claim.ctx, open->holder);
}

/* Update the sums after a grant changed. Context: ctx->lock held. */
void ditto_holder_update(struct ditto_lease *lease)
{
	holder_changed(lease->claim.ctx, lease->holder);
}
