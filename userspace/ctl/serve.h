/* SPDX-License-Identifier: GPL-2.0-only */
/* Orders to dittod. */
#ifndef _DITTO_CTL_SERVE_H
#define _DITTO_CTL_SERVE_H

#include <stdbool.h>

struct ctl;

/*
 * Have dittod read its configuration and apply it, and wait for that. Prints errors, also the
 * mistakes of a configuration that it does not take. Returns an exit status.
 */
int serve_reload(const struct ctl *ctl);
/*
 * Run dittod with an option, for the configuration file of the one that runs. It reads @input,
 * unless that is -1, and if @quiet prints nothing but errors. Returns an exit status.
 */
int dittod_run(struct ctl *ctl, const char *option, int input, bool quiet);

#endif
