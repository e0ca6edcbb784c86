/* SPDX-License-Identifier: GPL-2.0-only */
/* Orders to dittod. */
#ifndef _DITTO_CTL_SERVE_H
#define _DITTO_CTL_SERVE_H

struct ctl;

/*
 * Have dittod read its configuration and apply it, and wait for that. Prints errors, also the
 * mistakes of a configuration that it does not take. Returns an exit status.
 */
int serve_reload(const struct ctl *ctl);

#endif
