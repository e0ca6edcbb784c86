/* SPDX-License-Identifier: GPL-2.0-only */
/* dittoctl acl import */
#ifndef _DITTO_CTL_ACL_IMPORT_H
#define _DITTO_CTL_ACL_IMPORT_H

struct ctl;

/* The command: see dittoctl(8). Returns an exit status. */
int acl_import(struct ctl *ctl, char **words);

#endif
