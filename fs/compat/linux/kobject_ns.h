/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DITTO_COMPAT_LINUX_KOBJECT_NS_H
#define _DITTO_COMPAT_LINUX_KOBJECT_NS_H

#include_next <linux/kobject_ns.h>

#ifndef DITTO_HAVE_KOBJ_NS_COMMON
#define kobj_ns_drop(type, common)	kobj_ns_drop(type, container_of(common, struct net, ns))
#endif

#endif
