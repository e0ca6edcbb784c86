/* SPDX-License-Identifier: GPL-2.0-only */
/* Confinement of the store process, which talks to the network. */
#ifndef _DITTO_OFFLOAD_CONFINE_H
#define _DITTO_OFFLOAD_CONFINE_H

#include "text.h"

/* Give up all that is not needed. Returns false and fills @why on errors. */
bool confine(struct why *why);

#endif
