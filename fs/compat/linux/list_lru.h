/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DITTO_COMPAT_LINUX_LIST_LRU_H
#define _DITTO_COMPAT_LINUX_LIST_LRU_H

#include_next <linux/list_lru.h>

#ifndef DITTO_HAVE_LRU_WALK_UNLOCKED
/* A walk whose callback is not given the lock of the list. */
struct ditto_lru_walk {
	enum lru_status (*isolate)(struct list_head *item, struct list_lru_one *list, void *arg);
	void *arg;
};

static inline enum lru_status ditto_lru_isolate(struct list_head *item, struct list_lru_one *list,
						spinlock_t *lock, void *arg)
{
	const struct ditto_lru_walk *walk = arg;

	return walk->isolate(item, list, walk->arg);
}

#define list_lru_walk(lru, fn, fn_arg, nr)	\
	list_lru_walk(lru, ditto_lru_isolate,	\
		      &((struct ditto_lru_walk){ .isolate = fn, .arg = fn_arg }), nr)
#define list_lru_shrink_walk(lru, sc, fn, fn_arg)	\
	list_lru_shrink_walk(lru, sc, ditto_lru_isolate,	\
			     &((struct ditto_lru_walk){ .isolate = fn, .arg = fn_arg }))
#endif

#endif
