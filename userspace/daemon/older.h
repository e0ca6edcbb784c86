/* SPDX-License-Identifier: GPL-2.0-only */
/* What the configuration asks of a share and a ditto.ko older than dittod does not know. */
#ifndef _DITTOD_OLDER_H
#define _DITTOD_OLDER_H

#include "common/share.h"

/*
 * Options that the module does not know, of which @known are known, and that matter: the file
 * names them, or they are not as usual. SHARE_BIT() of each.
 */
u32 older_lacks(const struct share *s, u32 known);

/**
 * older_take - say what the lack of an option means
 * @lacks: options; one is taken out
 * @why: filled
 *
 * Return: true if the share only offers less without it; false if it would let somebody do
 * what the configuration does not allow, or other than it says.
 */
bool older_take(u32 *lacks, struct why *why);

#endif
