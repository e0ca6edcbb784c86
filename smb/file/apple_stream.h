/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The streams AFP_AfpInfo and AFP_Resource, in which clients of macOS keep the Finder's information
 * about a file and its resource fork. On a share with the option "apple" they are as on a server of
 * Apple.
 *
 * A stream without data is not there: it is not listed, and cannot be opened unless it is created.
 * A client of macOS never sees any stream that is empty.
 *
 * AFP_AfpInfo always has DSMB_AFP_INFO_SIZE bytes, and is read and written as a whole. It is kept
 * with all of its bytes, or empty: information of zeros is none.
 */
#ifndef _DITTO_SMB_FILE_APPLE_STREAM_H
#define _DITTO_SMB_FILE_APPLE_STREAM_H

#include <linux/types.h>

#include "../../fs/op/op.h"

struct ditto_instance;
struct ditto_node;
struct iov_iter;

#define DSMB_AFP_INFO_NAME	"AFP_AfpInfo"
#define DSMB_AFP_RESOURCE_NAME	"AFP_Resource"

/* Signature, version, a reserved word, the time of the backup, FinderInfo, ProDOSInfo, reserved. */
#define DSMB_AFP_INFO_SIZE	60U
#define DSMB_AFP_FINDER_AT	16
#define DSMB_AFP_FINDER_SIZE	32

enum dsmb_apple_stream {
	DSMB_STREAM_PLAIN,
	DSMB_STREAM_AFP_INFO,
	DSMB_STREAM_AFP_RESOURCE,
};

enum dsmb_apple_stream dsmb_apple_stream(const char *name, u32 len);

u32 dsmb_apple_stream_least(enum dsmb_apple_stream stream, bool apple_client);
int dsmb_afp_info_read(struct ditto_op *op, struct ditto_node *node,
		       u8 info[DSMB_AFP_INFO_SIZE]);
ssize_t dsmb_afp_info_write(struct ditto_op *op, struct ditto_node *node, u64 pos,
			    struct iov_iter *from, enum ditto_stable stable);
void dsmb_afp_resource_keep(struct ditto_op *op, struct ditto_instance *inst);

#endif
