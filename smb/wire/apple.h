/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The create context of Apple (AAPL), after Apple's "Time Machine over SMB" and netsmb/smb_2.h of
 * its client, which is published.
 */
#ifndef _DITTO_SMB_WIRE_APPLE_H
#define _DITTO_SMB_WIRE_APPLE_H

#include <linux/bits.h>

/* CommandCode of a request, and of its response */
#define DSMB_APPLE_QUERY		1
#define DSMB_APPLE_RESOLVE_ID		2

/* RequestBitmap and ReplyBitmap of a query */
#define DSMB_APPLE_SERVER_CAPS		BIT(0)
#define DSMB_APPLE_VOLUME_CAPS		BIT(1)
#define DSMB_APPLE_MODEL		BIT(2)

/* Capabilities of clients and servers */
#define DSMB_APPLE_READ_DIR_ATTR	BIT(0)	/* metadata in listings */
#define DSMB_APPLE_COPYFILE		BIT(1)	/* COPYCHUNK without chunks copies the file */
#define DSMB_APPLE_UNIX_BASED		BIT(2)	/* files have modes */
#define DSMB_APPLE_NFS_ACE		BIT(3)	/* and entries of DACLs tell and set them */

#define DSMB_APPLE_OFFERED \
	(DSMB_APPLE_READ_DIR_ATTR | DSMB_APPLE_COPYFILE | DSMB_APPLE_UNIX_BASED | \
	 DSMB_APPLE_NFS_ACE)

/* Capabilities of volumes */
#define DSMB_APPLE_RESOLVES_ID		BIT(0)	/* DSMB_APPLE_RESOLVE_ID */
#define DSMB_APPLE_FULL_SYNC		BIT(2)	/* FLUSH reaches the disk */

#endif
