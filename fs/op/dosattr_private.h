/* SPDX-License-Identifier: GPL-2.0-only */
/* How extra attributes are stored; little endian, for ever. */
#ifndef _DITTO_FS_OP_DOSATTR_PRIVATE_H
#define _DITTO_FS_OP_DOSATTR_PRIVATE_H

#include <linux/types.h>
#include <linux/uuid.h>

#include "dosattr.h"

#define DITTO_DOSATTR_XATTR	"trusted.ditto.extra"
#define DITTO_DOSATTR_VERSION	2
/* Without a time of change it is still as the first version was, which is shorter. */
#define DITTO_DOSATTR_VERSION_1	1
#define DITTO_DOSATTR_SIZE_1	offsetof(struct ditto_dosattr_stored, changed_sec)
#define DITTO_DOSATTR_ALL_1 \
	(DITTO_DOSATTR_FLAGS | DITTO_DOSATTR_BTIME | DITTO_DOSATTR_OBJECT_ID)
#define DITTO_DOSATTR_ALL		(DITTO_DOSATTR_ALL_1 | DITTO_DOSATTR_CHANGED)

/**
 * struct ditto_dosattr_stored - value of the extended attribute
 * @version: DITTO_DOSATTR_VERSION or DITTO_DOSATTR_VERSION_1; of another one nothing is known
 * @valid: DITTO_DOSATTR_* bits; what is not there is zero
 * @flags: DITTO_FLAG_*
 * @btime_sec: time of creation, signed
 * @btime_nsec: below 10^9
 * @object_id: as it was given
 * @changed_sec: time of the last change, signed; this and what follows since version 2
 * @changed_nsec: below 10^9
 * @seen_sec: the inode's time of change that it stands for, signed
 * @seen_nsec: below 10^9
 */
struct ditto_dosattr_stored {
	u8 version;
	u8 valid;
	__le32 flags;
	__le64 btime_sec;
	__le32 btime_nsec;
	u8 object_id[UUID_SIZE];
	__le64 changed_sec;
	__le32 changed_nsec;
	__le64 seen_sec;
	__le32 seen_nsec;
} __packed;

#if IS_ENABLED(CONFIG_KUNIT)
/* False for a value that makes no sense; nothing is valid then. */
bool ditto_dosattr_decode(const void *data, size_t len, struct ditto_dosattr *dosattr);
#endif

#endif
