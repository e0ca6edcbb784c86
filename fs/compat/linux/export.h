/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DITTO_COMPAT_LINUX_EXPORT_H
#define _DITTO_COMPAT_LINUX_EXPORT_H

#include_next <linux/export.h>

#ifndef DITTO_HAVE_NS_STRING
#undef EXPORT_SYMBOL_NS_GPL
#define EXPORT_SYMBOL_NS_GPL(sym, ns)	__EXPORT_SYMBOL(sym, "GPL", ns)
#endif

#endif
