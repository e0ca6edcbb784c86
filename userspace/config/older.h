/* SPDX-License-Identifier: GPL-2.0-only */
/* Share options of the configuration that a ditto.ko older than dittod does not know. */
#ifndef _DITTOD_OLDER_H
#define _DITTOD_OLDER_H

#include "nl/share.h"

/*
 * Return the options that the module does not know and that matter: the file sets them, or their
 * value differs from the default. @known contains the options that the module knows; both are
 * masks of SHARE_BIT() and SHARE_OPTION_BIT().
 */
u64 older_lacks(const struct share *s, u64 known);

/**
 * older_take - describe the effect of one missing option
 * @lacks: mask of missing options, not 0; the described one is removed from it
 * @why: filled
 *
 * Return: true if the share only offers less without the option; false if it would then permit
 * more than the configuration does, or behave differently.
 */
bool older_take(u64 *lacks, struct why *why);

#endif
