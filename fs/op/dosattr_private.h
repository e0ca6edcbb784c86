/* SPDX-License-Identifier: GPL-2.0-only */
/* Stored format of DOS attributes; it must not change. */
#ifndef _DITTO_FS_OP_DOSATTR_PRIVATE_H
#define _DITTO_FS_OP_DOSATTR_PRIVATE_H

#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/types.h>
#include <linux/uuid.h>

#include "../node/node.h"
#include "dosattr.h"

#define DITTO_DOSATTR_XATTR	"trusted.ditto.extra"
#define DITTO_DOSATTR_VERSION	2
/* Without a change time, the shorter format of version 1 is written. */
#define DITTO_DOSATTR_VERSION_1	1
#define DITTO_DOSATTR_SIZE_1	offsetof(struct ditto_dosattr_stored, changed_sec)
#define DITTO_DOSATTR_ALL_1 \
	(DITTO_DOSATTR_FLAGS | DITTO_DOSATTR_BTIME | DITTO_DOSATTR_OBJECT_ID)
#define DITTO_DOSATTR_ALL		(DITTO_DOSATTR_ALL_1 | DITTO_DOSATTR_CHANGED)

/**
 * struct ditto_dosattr_stored - value of the extended attribute, little endian
 * @version: DITTO_DOSATTR_VERSION or DITTO_DOSATTR_VERSION_1; others are rejected
 * @valid: DITTO_DOSATTR_* bits; absent members are zero
 * @flags: DITTO_FLAG_*
 * @btime_sec: creation time, signed
 * @btime_nsec: below 10^9
 * @object_id: object id as the client set it
 * @changed_sec: change time, signed; this and the following members since version 2
 * @changed_nsec: below 10^9
 * @seen_sec: ctime of the inode that the change time replaces, signed
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

int ditto_dosattr_volume_init(struct ditto_volume *volume);
void ditto_dosattr_volume_exit(struct ditto_volume *volume);

/* Files of a volume of which is remembered that nothing is stored. */
#define DITTO_PLAIN_FILES	4096

/* The word of the table that is for an inode, and perhaps for others. */
static inline u64 *ditto_plain_at(const struct ditto_volume *volume, const struct inode *inode)
{
	return &volume->plain[inode->i_ino % DITTO_PLAIN_FILES];
}

/* Set in the word of a file that has no extended attributes of users either. */
#define DITTO_PLAIN_BARE	1ULL

/*
 * The word of an inode while nothing is stored. Files of several subvolumes, or layers of
 * overlayfs, may have one number, so the address is part of it. But for chance, they could only be
 * taken for each other if they were changed in the same tick, and one has got the memory of the
 * other. A file that gets the number of a removed one has a later ctime.
 */
static inline u64 ditto_plain_word(const struct inode *inode, const struct timespec64 *ctime)
{
	u64 time = ctime->tv_sec * NSEC_PER_SEC + ctime->tv_nsec;

	return ((time ^ (unsigned long)inode) + inode->i_ino * GOLDEN_RATIO_64) &
	       ~DITTO_PLAIN_BARE;
}

/*
 * Tell whether a file is known to have no stored DOS attributes. @inode: the file, held. Context:
 * any. Return: true if it is known; false if it has some, or that is not known.
 */
static inline bool ditto_dosattr_is_plain(const struct ditto_volume *volume,
					  const struct inode *inode,
					  const struct timespec64 *ctime)
{
	return volume->plain && (READ_ONCE(*ditto_plain_at(volume, inode)) & ~DITTO_PLAIN_BARE) ==
				ditto_plain_word(inode, ctime);
}

/*
 * Get the DOS attributes of a file that is known to have none stored. @inode: the file, held. The
 * same as ditto_dosattr_get() for nearly all files: listings do this for each entry. Context: any.
 * Return: false if it takes ditto_dosattr_get() to know them.
 */
static inline bool ditto_dosattr_get_plain(const struct ditto_volume *volume,
					   const struct inode *inode, const struct kstat *st,
					   struct ditto_dosattr *dosattr)
{
	if (!S_ISREG(st->mode) || !(st->mode & 0222) || !(st->result_mask & STATX_BTIME) ||
	    !ditto_dosattr_is_plain(volume, inode, &st->ctime))
		return false;
	dosattr->valid = DITTO_DOSATTR_FLAGS | DITTO_DOSATTR_BTIME | DITTO_DOSATTR_CHANGED;
	dosattr->flags = DITTO_FLAG_ARCHIVE;
	dosattr->btime = st->btime;
	dosattr->changed = st->ctime;
	return true;
}

bool ditto_dosattr_decode(const void *data, size_t len, struct ditto_dosattr *dosattr);

#endif
