/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DITTO_COMPAT_LINUX_DCACHE_H
#define _DITTO_COMPAT_LINUX_DCACHE_H

#include_next <linux/dcache.h>

#ifndef QSTR_LEN
#define QSTR_LEN(n, l)	((struct qstr)QSTR_INIT(n, l))
#endif

#ifdef DITTO_HAVE_D_U
#define d_alias		d_u.d_alias
#endif

#endif
