/* SPDX-License-Identifier: GPL-2.0-only */
/* Extended attributes on the wire, FILE_FULL_EA_INFORMATION: MS-FSCC section 2.4.16. */
#ifndef _DITTO_SMB_FILE_EA_H
#define _DITTO_SMB_FILE_EA_H

#include <linux/types.h>

#include "../wire/cursor.h"

struct ditto_node;
struct ditto_op;

/* EaNameLength is one byte. File systems take names of 255 bytes, including the "user." prefix. */
#define DSMB_EA_NAME_MAX	250

/**
 * struct dsmb_ea - one extended attribute of a list
 * @name: name as received, not terminated; points into the list
 * @name_len: bytes of @name, at least 1
 * @value: value; an empty one removes the attribute
 * @value_len: bytes of @value
 * @need: FILE_NEED_EA
 */
struct dsmb_ea {
	const char *name;
	u32 name_len;
	const void *value;
	u32 value_len;
	bool need;
};

bool dsmb_ea_next(struct dsmb_cursor *list, struct dsmb_ea *ea, u32 *status);
u32 dsmb_ea_check(struct dsmb_cursor list);
int dsmb_ea_set(struct ditto_op *op, struct ditto_node *node, struct dsmb_cursor list);

#endif
