/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DITTO_COMPAT_LINUX_LOCKREF_H
#define _DITTO_COMPAT_LINUX_LOCKREF_H

#include_next <linux/lockref.h>

#ifndef DITTO_HAVE_LOCKREF_IS_DEAD
#define lockref_is_dead	__lockref_is_dead
#endif

#ifndef DITTO_HAVE_LOCKREF_PUT_NOT_ZERO
static inline bool lockref_put_not_zero(struct lockref *lockref)
{
	if (lockref_put_or_lock(lockref))
		return true;
	spin_unlock(&lockref->lock);
	return false;
}
#endif

#endif
