/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access rights to a file, as named in access control entries and granted to opens. Mode bits and
 * POSIX ACLs are coarser; rights are derived from them.
 *
 * The values are as in an ACE's access mask, and the same in RFC 7530 section 6.2.1.3.1 and
 * MS-DTYP section 2.4.3.
 */
#ifndef _DITTO_FS_ACL_ACCESS_MASK_H
#define _DITTO_FS_ACL_ACCESS_MASK_H

#include <linux/bits.h>

#define DITTO_RIGHT_READ_DATA		BIT(0)	/* directory: list entries */
#define DITTO_RIGHT_WRITE_DATA		BIT(1)	/* directory: create files */
#define DITTO_RIGHT_APPEND_DATA		BIT(2)	/* directory: create subdirectories */
#define DITTO_RIGHT_READ_XATTRS		BIT(3)
#define DITTO_RIGHT_WRITE_XATTRS	BIT(4)
#define DITTO_RIGHT_EXECUTE		BIT(5)	/* directory: traverse */
#define DITTO_RIGHT_DELETE_CHILD	BIT(6)
#define DITTO_RIGHT_READ_ATTRS		BIT(7)
#define DITTO_RIGHT_WRITE_ATTRS		BIT(8)
#define DITTO_RIGHT_DELETE		BIT(16)
#define DITTO_RIGHT_READ_ACL		BIT(17)
#define DITTO_RIGHT_WRITE_ACL		BIT(18)
#define DITTO_RIGHT_WRITE_OWNER		BIT(19)
#define DITTO_RIGHT_SYNCHRONIZE		BIT(20)
/*
 * See and set audit entries. No list grants it and it is not one of all rights: only a privilege
 * does, to callers that ask for it (MS-DTYP section 2.4.3, ACCESS_SYSTEM_SECURITY).
 */
#define DITTO_RIGHT_SECURITY		BIT(24)

#define DITTO_RIGHTS_ALL		(0x1ff | (0x1f << 16))
/* Bits of a mask of rights, some of which have no meaning. */
#define DITTO_RIGHT_BITS		25
/* Rights to view metadata; without an ACL, every user who can reach the file has them. */
#define DITTO_RIGHTS_LOOK \
	(DITTO_RIGHT_READ_ATTRS | DITTO_RIGHT_READ_ACL | DITTO_RIGHT_SYNCHRONIZE)
/* Rights to change something; not granted on a read-only share. */
#define DITTO_RIGHTS_CHANGE \
	(DITTO_RIGHT_WRITE_DATA | DITTO_RIGHT_APPEND_DATA | DITTO_RIGHT_WRITE_XATTRS | \
	 DITTO_RIGHT_DELETE_CHILD | DITTO_RIGHT_WRITE_ATTRS | DITTO_RIGHT_DELETE | \
	 DITTO_RIGHT_WRITE_ACL | DITTO_RIGHT_WRITE_OWNER)

#endif
