// SPDX-License-Identifier: GPL-2.0-only
/* The callbacks of the lock table that run. See callback.h. */
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "callback.h"

#ifdef DITTO_TESTS

static DEFINE_SPINLOCK(callbacks_lock);
static LIST_HEAD(callbacks);

void ditto_callback_enter(struct ditto_callback *cb)
{
	cb->task = current;
	spin_lock(&callbacks_lock);
	list_add(&cb->link, &callbacks);
	spin_unlock(&callbacks_lock);
}

void ditto_callback_leave(struct ditto_callback *cb)
{
	spin_lock(&callbacks_lock);
	list_del(&cb->link);
	spin_unlock(&callbacks_lock);
}

/* True if the current task is inside a callback. Any context but interrupts. */
bool ditto_callback_is_current(void)
{
	const struct ditto_callback *cb;
	bool found = false;

	/* What the task has entered itself it sees without the lock. */
	if (list_empty(&callbacks))
		return false;
	spin_lock(&callbacks_lock);
	list_for_each_entry(cb, &callbacks, link) {
		found = cb->task == current;
		if (found)
			break;
	}
	spin_unlock(&callbacks_lock);
	return found;
}

#endif
