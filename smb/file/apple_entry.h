/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Metadata of macOS in the entries of a listing. A client that has negotiated
 * DSMB_APPLE_READ_DIR_ATTR finds in FileIdBothDirectoryInformation (MS-FSCC section 2.4.17) its
 * maximal access in EaSize, the size of the resource fork and parts of FinderInfo in ShortName, and
 * the mode in the reserved field behind it, and opens no file to list it.
 */
#ifndef _DITTO_SMB_FILE_APPLE_ENTRY_H
#define _DITTO_SMB_FILE_APPLE_ENTRY_H

#include <linux/types.h>

struct ditto_node;
struct ditto_op;
struct dsmb_attrs;
struct dsmb_call;

/* What FinderInfo is cut down to: type, creator, flags, extended flags, date added. */
#define DSMB_APPLE_FINDER_SIZE	16

/* The metadata of one entry; @resource_size counts the bytes of the resource fork. */
struct dsmb_apple_entry {
	u32 access;
	u16 mode;
	u64 resource_size;
	u8 finder[DSMB_APPLE_FINDER_SIZE];
};

bool dsmb_apple_lists(const struct dsmb_call *call, u8 class);
void dsmb_apple_entry_fill(const struct dsmb_call *call, struct ditto_op *op,
			   struct ditto_node *node, struct ditto_node *parent,
			   struct dsmb_apple_entry *entry);
void dsmb_apple_entry_put(const struct dsmb_apple_entry *entry, u8 *to,
			  const struct dsmb_attrs *attrs);

#endif
