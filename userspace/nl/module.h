/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether modules of the kernel can be loaded, and talked with. */
#ifndef _DITTO_TOOLS_MODULE_H
#define _DITTO_TOOLS_MODULE_H

#include <stdbool.h>

#include "common/text.h"
#include "common/types.h"

/* Bytes of the longest text of module_hint(), with its NUL. */
#define MODULE_HINT_MAX	200

/*
 * Whether a kernel has a module. Without an index of its modules there is no answer, and the module
 * may be there.
 */
bool module_is_there(const char *release, const char *name);
/*
 * Say how to get a module that is not loaded: "modprobe NAME" or, if there is none for the running
 * kernel, that. Returns @hint.
 */
const char *module_hint(const char *name, char hint[MODULE_HINT_MAX]);

/**
 * module_speaks - check the version of the family of netlink
 * @version: version of the module's family
 * @why: filled if the programs cannot talk with it
 *
 * Return: true if they can.
 */
bool module_speaks(u32 version, struct why *why);

#endif
