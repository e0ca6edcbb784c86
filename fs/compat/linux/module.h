/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DITTO_COMPAT_LINUX_MODULE_H
#define _DITTO_COMPAT_LINUX_MODULE_H

#include_next <linux/module.h>

#ifndef DITTO_HAVE_NS_STRING
#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(ns)	MODULE_INFO(import_ns, ns)
#endif

#endif
