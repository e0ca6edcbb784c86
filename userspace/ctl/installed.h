/* SPDX-License-Identifier: GPL-2.0-only */
/* The modules that are installed for the running kernel, beside those that it has loaded. */
#ifndef _DITTO_CTL_INSTALLED_H
#define _DITTO_CTL_INSTALLED_H

#include <stdbool.h>

#include "common/text.h"

/* Whether a module is loaded. */
bool module_is_loaded(const char *name);
/* Whether something but other modules uses a loaded module, such as a process an open file. */
bool module_is_used(const char *name);
/* Whether a module is installed for the running kernel. */
bool module_is_installed(const char *name);
/*
 * Whether a module is loaded, and another build of it is installed. One that is not installed, such
 * as one that insmod loaded, cannot be told from a newer one, and is none.
 */
bool module_is_replaced(const char *name);
/* The same for any module of Ditto. */
bool modules_are_replaced(void);
/*
 * Whether nothing is known for which the running kernel would refuse the installed module: there is
 * one, it was built for this kernel, and it has a signature if it needs one. Otherwise fills @why.
 */
bool module_fits(const char *name, struct why *why);
/*
 * A sentence if a newer kernel than the running one is installed for which DKMS has not built the
 * modules; the caller frees it. NULL if not, or where DKMS does not build them.
 */
char *modules_missing(void);

#endif
