/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attributes within: the table, and the three steps from a file to its fattr4.
 *
 * A plan is made once of what is asked for, for a whole listing if need be: which
 * attributes there are, what is to be read for them, and how long the values are.
 * Then, by file, what the plan needs is read, and only after that is anything
 * written: in one piece, of which the length is known.
 */
#ifndef _DITTO_FS_NFS_V4_ATTR_ATTR_PRIVATE_H
#define _DITTO_FS_NFS_V4_ATTR_ATTR_PRIVATE_H

#include <linux/statfs.h>

#include "../../../share/quota.h"
#include "acl.h"
#include "attr.h"
#include "idmap.h"

/* Highest number of an attribute that there can be here (RFC 8276 section 8.6). */
#define DNFS4_ATTR_MAX		FATTR4_XATTR_SUPPORT

/* What attributes are made from, and when they are there. */
#define DNFS4_NEED_STAT		BIT(0)	/* attributes of the file */
#define DNFS4_NEED_INO		BIT(1)	/* only its number, which a listing has anyway */
#define DNFS4_NEED_STATFS	BIT(2)	/* not of the pseudo root */
#define DNFS4_NEED_QUOTA	BIT(3)	/* of file systems that count */
#define DNFS4_NEED_EXTRA	BIT(4)	/* of file systems that can store them */
#define DNFS4_NEED_HANDLE	BIT(5)
#define DNFS4_NEED_OWNER	BIT(6)	/* and STAT */
#define DNFS4_NEED_GROUP	BIT(7)	/* and STAT */
#define DNFS4_NEED_STREAMS	BIT(8)	/* are there any */
#define DNFS4_NEED_MAPS		BIT(9)	/* which attributes there are */
#define DNFS4_NEED_FRESH	BIT(10)	/* what another client's cache may know better */
#define DNFS4_NEED_ACL		BIT(11)	/* the list that the file goes by, and may be told */

/* What can be done with an attribute. */
#define DNFS4_ATTR_READ		BIT(0)
#define DNFS4_ATTR_WRITE	BIT(1)
#define DNFS4_ATTR_EXCL		BIT(2)	/* set together with an exclusive create */

struct dnfs4_attr_src;

/**
 * struct dnfs4_attr_row - an attribute
 * @minor: first minor version that has it
 * @flags: DNFS4_ATTR_*
 * @need: DNFS4_NEED_*
 * @bytes: of its value; 0 if that depends on the value
 * @put: writes the value; NULL if it cannot be read
 * @get: reads it from the wire; NULL if it cannot be written
 */
struct dnfs4_attr_row {
	u8 minor;
	u8 flags;
	u16 need;
	u16 bytes;
	__be32 *(*put)(__be32 *p, const struct dnfs4_attr_src *src);
	u32 (*get)(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr);
};

/* attr_table.c: by number; a row without flags is none */
extern const struct dnfs4_attr_row dnfs4_attr_rows[DNFS4_ATTR_MAX + 1];
/**
 * struct dnfs4_attr_plan - what is to be done for each file
 * @map: attributes to be given
 * @need: DNFS4_NEED_* of all
 * @bytes: of those whose values have a constant length
 */
struct dnfs4_attr_plan {
	struct dnfs4_bitmap map;
	u32 need;
	u32 bytes;
};

/**
 * struct dnfs4_attr_src - what attributes are made from
 * @cmp: compound
 * @fh: kind and share
 * @map: attributes that are given
 * @bytes: of those whose values have a constant length
 * @attr: NEED_STAT; of NEED_INO the number alone
 * @mounted_on: NEED_INO: number in the directory above
 * @statfs: NEED_STATFS
 * @quota: NEED_QUOTA
 * @dosattr: NEED_EXTRA
 * @has_streams: NEED_STREAMS
 * @supported: NEED_MAPS
 * @exclcreat: NEED_MAPS
 * @error: rdattr_error
 * @handle: NEED_HANDLE
 * @handle_len: of @handle
 * @owner: NEED_OWNER
 * @group: NEED_GROUP
 * @acl: NEED_ACL, if it is given
 * @dacl: NEED_ACL, if it is given
 */
struct dnfs4_attr_src {
	const struct dnfs4_compound *cmp;
	const struct dnfs4_fh *fh;
	struct dnfs4_bitmap map;
	u32 bytes;
	struct ditto_attr attr;
	u64 mounted_on;
	struct kstatfs statfs;
	struct ditto_quota quota;
	struct ditto_dosattr dosattr;
	bool has_streams;
	struct dnfs4_bitmap supported;
	struct dnfs4_bitmap exclcreat;
	u32 error;
	u32 handle_len;
	u8 handle[DNFS4_FH_MAX];
	struct dnfs4_owner_text owner;
	struct dnfs4_owner_text group;
	struct dnfs4_acl_value acl;
	struct dnfs4_acl_value dacl;
};

/* Bytes of a bitmap4: words of zeros at the end are left out. */
static inline u32 dnfs4_bitmap_bytes(const struct dnfs4_bitmap *map)
{
	return map->word[2] ? 16 : map->word[1] ? 12 : map->word[0] ? 8 : 4;
}

__be32 *dnfs4_put_bitmap(__be32 *p, const struct dnfs4_bitmap *map);

/* attr.c */

/* Attributes that there may be: whether the file system counts quotas is not looked at. */
void dnfs4_attrs_here(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
		      struct dnfs4_bitmap *map);

/* NFS4_OK, or NFS4ERR_INVAL if an attribute is asked for that can only be set. */
u32 dnfs4_attr_plan(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
		    const struct dnfs4_bitmap *ask, struct dnfs4_attr_plan *plan);

/* attr_read.c */

/* Begin with a file: all of the plan is to be given, nothing is read. */
static inline void dnfs4_attr_begin(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
				    const struct dnfs4_attr_plan *plan,
				    struct dnfs4_attr_src *src)
{
	src->cmp = cmp;
	src->fh = fh;
	src->map = plan->map;
	src->bytes = plan->bytes;
	src->error = NFS4_OK;
}

/**
 * dnfs4_attr_read - read what a plan needs
 * @cmp: compound
 * @fh: which file; borrowed as long as @src is
 * @dentry: of a listing's entry; NULL for the node of @fh
 * @plan: see there
 * @src: filled; what is in @owner and @group of the last file is used again, and so is memory of
 *	@acl and @dacl; after the last one, and after an error, dnfs4_attr_src_free()
 *
 * Return: 0 or an errno; what was read then is not to be used.
 */
int dnfs4_attr_read(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
		    struct dentry *dentry, const struct dnfs4_attr_plan *plan,
		    struct dnfs4_attr_src *src);

/* Free what hangs on it; all of it may be zeros. */
void dnfs4_attr_src_free(struct dnfs4_attr_src *src);

/* An entry whose attributes cannot be had: its number is all that is given, and the error. */
void dnfs4_attr_fail(const struct dnfs4_attr_plan *plan, struct dnfs4_attr_src *src, u64 ino,
		     u32 error);

/* attr_encode.c: the fattr4 of what was read: its length, and itself. */
u32 dnfs4_attr_bytes(const struct dnfs4_attr_src *src);
__be32 *dnfs4_attr_put(__be32 *p, const struct dnfs4_attr_src *src, u32 bytes);

/* The same into a stream; false if there is no room: @xdr is as before. */
bool dnfs4_attr_emit(struct xdr_stream *xdr, const struct dnfs4_attr_src *src);

#endif
