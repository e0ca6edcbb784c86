/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether modules of the kernel can be loaded. */
#ifndef _DITTO_TOOLS_MODULE_H
#define _DITTO_TOOLS_MODULE_H

/* Bytes of the longest text of module_hint(), with its NUL. */
#define MODULE_HINT_MAX	200

/*
 * Say how to get a module that is not loaded: "modprobe NAME" or, if there is none for the running
 * kernel, that. Returns @hint.
 */
const char *module_hint(const char *name, char hint[MODULE_HINT_MAX]);

#endif
