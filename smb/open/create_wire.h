/* SPDX-License-Identifier: GPL-2.0-only */
/* The CREATE request and response on the wire: MS-SMB2 sections 2.2.13 and 2.2.14. */
#ifndef _DITTO_SMB_OPEN_CREATE_WIRE_H
#define _DITTO_SMB_OPEN_CREATE_WIRE_H

#include <linux/bits.h>
#include <linux/types.h>

#include "../../fs/op/check/rights.h"
#include "../transport/cursor.h"

/* DesiredAccess (MS-SMB2 section 2.2.13.1) beyond the specific rights. */
#define DSMB_ACCESS_MAXIMUM		BIT(25)
#define DSMB_ACCESS_GENERIC_ALL		BIT(28)
#define DSMB_ACCESS_GENERIC_EXECUTE	BIT(29)
#define DSMB_ACCESS_GENERIC_WRITE	BIT(30)
#define DSMB_ACCESS_GENERIC_READ	BIT(31)
#define DSMB_ACCESS_GENERIC \
	(DSMB_ACCESS_GENERIC_ALL | DSMB_ACCESS_GENERIC_EXECUTE | DSMB_ACCESS_GENERIC_WRITE | \
	 DSMB_ACCESS_GENERIC_READ)
#define DSMB_ACCESS_SPECIFIC		(DITTO_RIGHTS_ALL | DITTO_RIGHT_SECURITY)
#define DSMB_ACCESS_KNOWN \
	(DSMB_ACCESS_SPECIFIC | DSMB_ACCESS_MAXIMUM | DSMB_ACCESS_GENERIC)

/* ShareAccess */
#define DSMB_SHARE_READ			BIT(0)
#define DSMB_SHARE_WRITE		BIT(1)
#define DSMB_SHARE_DELETE		BIT(2)
#define DSMB_SHARE_ALL			(DSMB_SHARE_READ | DSMB_SHARE_WRITE | DSMB_SHARE_DELETE)

/* ImpersonationLevel: Anonymous to Delegate */
#define DSMB_IMPERSONATION_MAX		3

/* CreateDisposition has the values of enum ditto_disposition. */
#define DSMB_DISPOSITION_MAX		5

/* CreateOptions */
#define DSMB_OPTION_DIRECTORY		0x00000001
#define DSMB_OPTION_WRITE_THROUGH	0x00000002
#define DSMB_OPTION_SEQUENTIAL		0x00000004
#define DSMB_OPTION_NO_BUFFERING	0x00000008
#define DSMB_OPTION_SYNC_ALERT		0x00000010
#define DSMB_OPTION_SYNC_NONALERT	0x00000020
#define DSMB_OPTION_NON_DIRECTORY	0x00000040
#define DSMB_OPTION_CREATE_TREE		0x00000080
#define DSMB_OPTION_NO_COMPRESSION	0x00008000
#define DSMB_OPTION_REQUIRING_OPLOCK	0x00010000
#define DSMB_OPTION_DELETE_ON_CLOSE	0x00001000
#define DSMB_OPTION_BY_FILE_ID		0x00002000
#define DSMB_OPTION_BACKUP_INTENT	0x00004000
#define DSMB_OPTION_RESERVE_OPFILTER	0x00100000
#define DSMB_OPTION_REPARSE_POINT	0x00200000
#define DSMB_OPTION_NO_RECALL		0x00400000

/* FileModeInformation (MS-FSCC section 2.4.31) consists of these options. */
#define DSMB_OPTIONS_OF_MODE \
	(DSMB_OPTION_WRITE_THROUGH | DSMB_OPTION_SEQUENTIAL | DSMB_OPTION_NO_BUFFERING | \
	 DSMB_OPTION_SYNC_ALERT | DSMB_OPTION_SYNC_NONALERT | DSMB_OPTION_DELETE_ON_CLOSE)
/* Higher bits are undefined; lower bits that have no name above are ignored. */
#define DSMB_OPTIONS_KNOWN		0x00ffffff
#define DSMB_OPTIONS_REFUSED \
	(DSMB_OPTION_CREATE_TREE | DSMB_OPTION_BY_FILE_ID | DSMB_OPTION_RESERVE_OPFILTER)

#define DSMB_CREATE_REPLY		89	/* StructureSize */
#define DSMB_CREATE_HEAD		88	/* bytes before the contexts */
#define DSMB_CREATE_IS_REPARSE		BIT(0)	/* Flags of the response */

/**
 * struct dsmb_create_args - parameters of a CREATE
 * @oplock: RequestedOplockLevel
 * @impersonation: ImpersonationLevel
 * @access: DesiredAccess; dsmb_create_check() replaces generic rights by specific ones
 * @attributes: FileAttributes
 * @share: ShareAccess
 * @how: CreateDisposition
 * @options: CreateOptions
 * @name: name in UTF-16
 * @contexts: create contexts
 */
struct dsmb_create_args {
	u8 oplock;
	u32 impersonation;
	u32 access;
	u32 attributes;
	u32 share;
	u32 how;
	u32 options;
	struct dsmb_cursor name;
	struct dsmb_cursor contexts;
};

struct dsmb_call;

/**
 * dsmb_create_parse - parse a CREATE request
 * @call: the call
 * @args: filled
 *
 * Return: STATUS_SUCCESS or STATUS_INVALID_PARAMETER.
 */
u32 dsmb_create_parse(struct dsmb_call *call, struct dsmb_create_args *args);

/**
 * dsmb_create_check - check the parameters of a CREATE that do not depend on a file
 * @args: the parameters; generic rights in @args->access are replaced
 *
 * MS-SMB2 section 3.3.5.9.
 *
 * Return: STATUS_SUCCESS or the error.
 */
u32 dsmb_create_check(struct dsmb_create_args *args);

#endif
