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

/**
 * dsmb_ea_next - decode the next entry of a list
 * @list: the list; positioned at an entry
 * @ea: filled; points into the list
 * @status: set to STATUS_SUCCESS, or to STATUS_INVALID_EA_NAME or STATUS_EA_LIST_INCONSISTENT if
 *	the entry is malformed
 *
 * Return: false at the end of the list or after an error.
 */
bool dsmb_ea_next(struct dsmb_cursor *list, struct dsmb_ea *ea, u32 *status);

/**
 * dsmb_ea_check - check that a whole list is well-formed
 * @list: the list
 *
 * Return: STATUS_SUCCESS, STATUS_EA_TOO_LARGE, STATUS_INVALID_EA_NAME or
 *	STATUS_EA_LIST_INCONSISTENT.
 */
u32 dsmb_ea_check(struct dsmb_cursor list);

/**
 * dsmb_ea_set - set the extended attributes of a list
 * @op: begun
 * @node: node of the file
 * @list: list checked by dsmb_ea_check()
 *
 * Used by SET_INFO, and by CREATE for a new file.
 *
 * Return: 0 or an errno; after -EJUKEBOX the call may be parked, and starts again with the first
 *	attribute.
 */
int dsmb_ea_set(struct ditto_op *op, struct ditto_node *node, struct dsmb_cursor list);

#endif
