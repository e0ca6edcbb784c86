/* SPDX-License-Identifier: GPL-2.0-only */
/* Who can reach a share. */
#ifndef _DITTOCTL_EXPOSURE_H
#define _DITTOCTL_EXPOSURE_H

struct share;

/* Who can reach a share by a protocol, "nfs" or "smb", in words; the caller frees them. */
char *exposure_text(const struct share *s, const char *protocol);
/* Print a line for each protocol. */
void exposure_print(const struct share *s);

#endif
