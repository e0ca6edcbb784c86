/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DITTO_COMPAT_LINUX_LOCKREF_H
#define _DITTO_COMPAT_LINUX_LOCKREF_H

#include_next <linux/lockref.h>

#ifndef DITTO_HAVE_LOCKREF_IS_DEAD
#define lockref_is_dead	__lockref_is_dead
#endif

#endif
