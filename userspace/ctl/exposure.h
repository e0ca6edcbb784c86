/* SPDX-License-Identifier: GPL-2.0-only */
/* Who can reach a share. */
#ifndef _DITTOCTL_EXPOSURE_H
#define _DITTOCTL_EXPOSURE_H

#include <stdbool.h>

struct share;

/* Who can reach a share by a protocol, "nfs" or "smb", in words; the caller frees them. */
char *exposure_text(const struct share *s, const char *protocol);
/*
 * A sentence if anybody at any address can use the share without a proof, over the protocols that
 * are listened for; the caller frees it. NULL if not.
 */
char *exposure_to_all(const struct share *s, bool nfs, bool smb);
/* Print a line for each protocol. */
void exposure_print(const struct share *s);

#endif
