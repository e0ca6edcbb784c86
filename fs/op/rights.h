/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rights to a file, one by one: what access control entries name and opens are
 * granted. Mode bits and POSIX ACLs are coarser; rights are made from them.
 *
 * The numbers are those of an ACE's mask, the same in RFC 7530 section
 * 6.2.1.3.1 and MS-DTYP section 2.4.3.
 */
#ifndef _DITTO_FS_OP_RIGHTS_H
#define _DITTO_FS_OP_RIGHTS_H

#include <linux/bits.h>
#include <linux/types.h>

struct ditto_node;
struct ditto_op;

#define DITTO_RIGHT_READ_DATA		BIT(0)	/* of a directory: list it */
#define DITTO_RIGHT_WRITE_DATA		BIT(1)	/* of a directory: make files in it */
#define DITTO_RIGHT_APPEND_DATA		BIT(2)	/* of a directory: make directories in it */
#define DITTO_RIGHT_READ_XATTRS		BIT(3)
#define DITTO_RIGHT_WRITE_XATTRS	BIT(4)
#define DITTO_RIGHT_EXECUTE		BIT(5)	/* of a directory: pass through it */
#define DITTO_RIGHT_DELETE_CHILD	BIT(6)
#define DITTO_RIGHT_READ_ATTRS		BIT(7)
#define DITTO_RIGHT_WRITE_ATTRS		BIT(8)
#define DITTO_RIGHT_DELETE		BIT(16)
#define DITTO_RIGHT_READ_ACL		BIT(17)
#define DITTO_RIGHT_WRITE_ACL		BIT(18)
#define DITTO_RIGHT_WRITE_OWNER		BIT(19)
#define DITTO_RIGHT_SYNCHRONIZE		BIT(20)

#define DITTO_RIGHTS_ALL		(0x1ff | (0x1f << 16))
/* To look at what it is: of a file that goes by its mode, anybody may who can reach it. */
#define DITTO_RIGHTS_LOOK \
	(DITTO_RIGHT_READ_ATTRS | DITTO_RIGHT_READ_ACL | DITTO_RIGHT_SYNCHRONIZE)
/* Those that change something; none of them on a read-only share. */
#define DITTO_RIGHTS_CHANGE \
	(DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA | DITTO_RIGHT_WRITE_XATTRS | \
	 DITTO_RIGHT_DELETE_CHILD | DITTO_RIGHT_WRITE_ATTRS | DITTO_RIGHT_DELETE | \
	 DITTO_RIGHT_WRITE_ACL | DITTO_RIGHT_WRITE_OWNER)

/**
 * ditto_rights - all rights the caller has to a node
 * @op: who
 * @node: held
 * @parent: the directory it was found in, held; DELETE may come from there. NULL at the root
 *	of a share, which nobody deletes
 * @rights: filled with DITTO_RIGHT_* bits
 *
 * With an access control list, what that gives. Without, attributes may be read and
 * written by whom the mode lets read or write the data; owner and ACL by the owner
 * and the administrator.
 *
 * Context: may sleep. Return: 0 or an errno of the file system.
 */
int ditto_rights(struct ditto_op *op, struct ditto_node *node, struct ditto_node *parent,
		 u32 *rights);
/* The same, but others than those of @want may be missing: less has to be looked at. */
int ditto_rights_among(struct ditto_op *op, struct ditto_node *node, struct ditto_node *parent,
		       u32 want, u32 *rights);
/*
 * May the caller read data, attributes and access control list of a node? For listings that
 * tell of nothing else (MS-SMB2 section 3.3.5.18). May sleep; false if it cannot be told.
 */
bool ditto_is_readable(struct ditto_op *op, struct ditto_node *node);

#endif
