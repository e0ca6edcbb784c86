// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asking the holder of WRITE what it knows of its file.
 *
 * Questions are numbered, and one is put at a time. An answer to a question that
 * was put before somebody came may tell what was so before he came: he waits for
 * the next. Who puts a question waits for a moment only; while a holder is slow,
 * those who come later do not wait for it at all, and now and then one asks again.
 *
 * Locking: all of it is under ctx->lock. Who waits holds a reference on the
 * grant, which may be gone when he wakes.
 */
#include <linux/jiffies.h>
#include <linux/wait_bit.h>

#include "private.h"

/* Of others than @client, who is asked. A lapsed client would not hear it. */
static struct ditto_cache *holder_find(struct ditto_lock_ctx *ctx,
				       const struct ditto_client *client)
{
	struct ditto_cache *cache = ditto_writer(ctx);
	const struct ditto_client *holder;

	if (!cache || !cache->ops->ask)
		return NULL;
	holder = cache->claim.owner->client;
	return holder != client && !READ_ONCE(holder->lapsed) ? cache : NULL;
}

static void question_put(struct ditto_cache *cache)
{
	cache->ask_again = false;
	cache->asked++;
	cache->asked_at = ditto_owner_table(cache->claim.owner)->clock();
	ditto_cache_tell(cache, DITTO_TELL_ASK);
}

static u32 ask_ms(const struct ditto_cache *cache)
{
	return READ_ONCE(ditto_owner_table(cache->claim.owner)->settings.ask_ms);
}

/*
 * The number of the question whose answer counts for who comes now; false if it is slow.
 * Who waited for one that is given up, or for the next, does not wait any more.
 */
static bool question_join(struct ditto_cache *cache, u32 *number)
{
	u64 age = ditto_owner_table(cache->claim.owner)->clock() - cache->asked_at;
	u32 wait = ask_ms(cache);

	if (cache->asked == cache->answered) {
		question_put(cache);
		*number = cache->asked;
	} else if (age >= wait + DITTO_ASK_AGAIN_MS) {
		WRITE_ONCE(cache->answered, cache->asked);
		question_put(cache);
		*number = cache->asked;
	} else if (age < wait) {
		cache->ask_again = true;
		*number = cache->asked + 1;
	} else {
		return false;
	}
	return true;
}

static bool is_answered(const struct ditto_cache *cache, u32 number)
{
	return (s32)(READ_ONCE(cache->answered) - number) >= 0;
}

/* The answer, after a while. */
static int answer_take(struct ditto_cache *cache, u32 number, u32 wait_ms,
		       struct ditto_cache_answer *answer)
{
	struct ditto_lock_ctx *ctx;
	int err = 0;

	wait_var_event_timeout(&cache->answered,
			       is_answered(cache, number) || !ditto_cache_bits(cache),
			       msecs_to_jiffies(wait_ms));
	ctx = ditto_lock_ctx_of(&cache->claim);
	/* It was given back, with all that its holder kept. */
	if (!ctx)
		return -ENOENT;
	if (!(cache->bits & DITTO_CACHE_WRITE))
		err = -ENOENT;
	else if (is_answered(cache, number))
		*answer = cache->answer;
	else
		err = -EBUSY;
	ditto_lock_ctx_unlock(ctx);
	return err;
}

static int answer_await(struct ditto_cache *cache, u32 number, struct ditto_cache_answer *answer)
{
	struct ditto_lock_table *table = ditto_owner_table(cache->claim.owner);
	u32 wait_ms = ask_ms(cache);
	int err;

	if (atomic_inc_return(&table->asking) > DITTO_ASKS_LONG)
		wait_ms = min(wait_ms, DITTO_ASK_MS);
	err = answer_take(cache, number, wait_ms, answer);
	atomic_dec(&table->asking);
	return err;
}

int ditto_cache_ask_slow(struct ditto_lock_point *point, const struct ditto_actor *actor,
			 struct ditto_cache_answer *answer)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_find(point);
	struct ditto_cache *cache;
	u32 number;
	int err = -ENOENT;

	if (!ctx)
		return -ENOENT;
	cache = holder_find(ctx, actor ? ditto_actor_client(actor) : NULL);
	if (cache)
		ditto_cache_hold(cache);
	if (cache && !question_join(cache, &number))
		err = -EBUSY;
	else if (cache)
		err = 0;
	ditto_lock_ctx_unlock(ctx);
	if (!err)
		err = answer_await(cache, number, answer);
	if (cache)
		ditto_cache_put(cache);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_cache_ask_slow, DITTO);

void ditto_cache_told(struct ditto_cache *cache, u64 size, u64 change, bool modified)
{
	struct ditto_lock_ctx *ctx = ditto_lock_ctx_of(&cache->claim);

	if (!ctx)
		return;
	if (cache->asked != cache->answered) {
		cache->answer = (struct ditto_cache_answer){
			.size = size, .change = change, .modified = modified,
		};
		WRITE_ONCE(cache->answered, cache->asked);
		if (cache->ask_again)
			question_put(cache);
	}
	ditto_lock_ctx_unlock(ctx);
	/* The answer before the look for who waits for it. */
	smp_mb();
	wake_up_var(&cache->answered);
}
EXPORT_SYMBOL_NS_GPL(ditto_cache_told, DITTO);

void ditto_ask_end(struct ditto_cache *cache)
{
	clear_bit(DITTO_TELL_ASK, &cache->tells);
	if (cache->asked == cache->answered)
		return;
	/* That nothing is held before the look for who waits. */
	smp_mb();
	wake_up_var(&cache->answered);
}
