/* SPDX-License-Identifier: GPL-2.0-only */
/* Extended attributes of the wire, FILE_FULL_EA_INFORMATION: MS-FSCC section 2.4.16. */
#ifndef _DITTO_SMB_FILE_EA_H
#define _DITTO_SMB_FILE_EA_H

#include <linux/types.h>

#include "../transport/cursor.h"

struct ditto_node;
struct ditto_op;

/* EaNameLength is a byte; of it, the file system takes 255 with "user." before it. */
#define DSMB_EA_NAME_MAX	250

/**
 * struct dsmb_ea - one
 * @name: as it came, not terminated
 * @name_len: bytes, at least 1
 * @value: bytes; none takes the attribute away
 * @value_len: how many
 * @need: FILE_NEED_EA
 */
struct dsmb_ea {
	const char *name;
	u32 name_len;
	const void *value;
	u32 value_len;
	bool need;
};

/**
 * dsmb_ea_next - the next of a list
 * @list: the list; stands at an entry
 * @ea: filled; points into the list
 * @status: filled with INVALID_EA_NAME, EA_LIST_INCONSISTENT if it is malformed, else SUCCESS
 *
 * Return: false at the end of the list or with an error.
 */
bool dsmb_ea_next(struct dsmb_cursor *list, struct dsmb_ea *ea, u32 *status);
/* Is the whole list well-formed? A status. */
u32 dsmb_ea_check(struct dsmb_cursor list);
/*
 * Set them all, which were checked: of SET_INFO, and of CREATE for a new file. Return: 0
 * or an errno; -EJUKEBOX may have parked, and then it is done again from the first.
 */
int dsmb_ea_set(struct ditto_op *op, struct ditto_node *node, struct dsmb_cursor list);

#endif
