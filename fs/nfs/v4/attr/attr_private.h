/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Internals of the attribute code: the table, and the three steps from a file to
 * its fattr4.
 *
 * First a plan is made of the attributes requested, once for a whole listing:
 * which of them exist, what has to be read for them, and how long the values
 * of constant length are. Then what the plan needs is read, file by file. Only
 * after that the fattr4 is written, in one piece of known length.
 */
#ifndef _DITTO_FS_NFS_V4_ATTR_ATTR_PRIVATE_H
#define _DITTO_FS_NFS_V4_ATTR_ATTR_PRIVATE_H

#include <linux/statfs.h>

#include "../../../op/label.h"
#include "../../../op/quota.h"
#include "acl.h"
#include "attr.h"
#include "idmap.h"

/* Highest attribute number in the table (RFC 9754 section 3). */
#define DNFS4_ATTR_MAX		FATTR4_OPEN_ARGUMENTS

/* Sources that attributes are made from. */
#define DNFS4_NEED_STAT		BIT(0)	/* attributes of the file */
#define DNFS4_NEED_INO		BIT(1)	/* only its inode number, which a listing has anyway */
#define DNFS4_NEED_STATFS	BIT(2)	/* not read for the pseudo root */
#define DNFS4_NEED_QUOTA	BIT(3)	/* of file systems that keep quotas */
#define DNFS4_NEED_EXTRA	BIT(4)	/* DOS attributes and birth time, if they can be stored */
#define DNFS4_NEED_HANDLE	BIT(5)	/* filehandle */
#define DNFS4_NEED_OWNER	BIT(6)	/* name of the owner; needs STAT too */
#define DNFS4_NEED_GROUP	BIT(7)	/* name of the group; needs STAT too */
#define DNFS4_NEED_STREAMS	BIT(8)	/* whether there are named attributes */
#define DNFS4_NEED_MAPS		BIT(9)	/* which attributes are supported */
#define DNFS4_NEED_FRESH	BIT(10)	/* STAT, after asking the holder of a write delegation */
#define DNFS4_NEED_ACL		BIT(11)	/* the list in force, if the caller may read it */
#define DNFS4_NEED_LABEL	BIT(12)	/* security label, of files that have one */

/* Operations on an attribute. */
#define DNFS4_ATTR_READ		BIT(0)
#define DNFS4_ATTR_WRITE	BIT(1)
#define DNFS4_ATTR_EXCL		BIT(2)	/* may be set by an exclusive create */

struct ditto_share_link;
struct ditto_links;
struct dnfs4_attr_src;

/**
 * struct dnfs4_attr_row - description of an attribute
 * @minor: first minor version that has it
 * @flags: DNFS4_ATTR_*
 * @need: DNFS4_NEED_*
 * @bytes: encoded length of its value; 0 if it varies
 * @put: writes the value and returns the position after it; NULL if it cannot be read
 * @get: decodes the value from @cmp->in; NULL if it cannot be set
 */
struct dnfs4_attr_row {
	u8 minor;
	u8 flags;
	u16 need;
	u16 bytes;
	__be32 *(*put)(__be32 *p, const struct dnfs4_attr_src *src);
	u32 (*get)(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr);
};

/* attr_table.c: rows by attribute number; a row without flags is not supported */
extern const struct dnfs4_attr_row dnfs4_attr_rows[DNFS4_ATTR_MAX + 1];
/**
 * struct dnfs4_attr_plan - what to read and write for each file
 * @map: attributes to be returned
 * @need: DNFS4_NEED_* of all of them
 * @bytes: total length of the values of constant length
 */
struct dnfs4_attr_plan {
	struct dnfs4_bitmap map;
	u32 need;
	u32 bytes;
};

/**
 * struct dnfs4_attr_src - what was read of a file, to be encoded
 * @memo: what handles of the entries of a listing have in common
 * @acl: with NEED_ACL, if acl is requested
 * @dacl: with NEED_ACL, if dacl is requested
 * @label: with NEED_LABEL, if the file has one
 * @links: the links of the share, held; or NULL
 * @link: the file is this one of @links; or NULL
 * @built: the fattr4 itself if it is longer than a page, see dnfs4_attr_build(); else NULL
 * @built_len: bytes of @built
 * @owned: @owner and @group may be left from the file before
 * @owner: with NEED_OWNER
 * @group: with NEED_GROUP
 * @cmp: compound
 * @fh: kind and share of the file
 * @map: attributes to be returned for this file
 * @bytes: total length of the values of constant length
 * @attr: with NEED_STAT; with NEED_INO only the inode number is valid
 * @mounted_on: with NEED_INO or NEED_STAT: mounted_on_fileid
 * @statfs: with NEED_STATFS
 * @files_avail: with NEED_STATFS: files that the caller may create
 * @quota: with NEED_QUOTA
 * @dosattr: with NEED_EXTRA
 * @has_streams: with NEED_STREAMS
 * @supported: with NEED_MAPS
 * @exclcreat: with NEED_MAPS
 * @error: rdattr_error
 * @root_known: fs_locations has the path of the file system's root
 * @handle: with NEED_HANDLE
 * @handle_len: bytes of @handle
 *
 * The first DNFS4_ATTR_SRC_CLEAR bytes, up to @owner, must be zero for the first file.
 * The rest is filled as far as a file needs it.
 */
struct dnfs4_attr_src {
	struct ditto_handle_memo memo;
	struct dnfs4_acl_value acl;
	struct dnfs4_acl_value dacl;
	struct lsm_context label;
	struct ditto_links *links;
	const struct ditto_share_link *link;
	__be32 *built;
	u32 built_len;
	bool owned;
	struct dnfs4_owner_text owner;
	struct dnfs4_owner_text group;
	const struct dnfs4_compound *cmp;
	const struct dnfs4_fh *fh;
	struct dnfs4_bitmap map;
	u32 bytes;
	struct ditto_attr attr;
	u64 mounted_on;
	struct kstatfs statfs;
	u64 files_avail;
	struct ditto_quota quota;
	struct ditto_dosattr dosattr;
	bool has_streams;
	struct dnfs4_bitmap supported;
	struct dnfs4_bitmap exclcreat;
	u32 error;
	bool root_known;
	u32 handle_len;
	u8 handle[DNFS4_FH_MAX];
};

#define DNFS4_ATTR_SRC_CLEAR	offsetof(struct dnfs4_attr_src, owner)

/* Encoded length of a bitmap4: zero words at the end are left out. */
static inline u32 dnfs4_bitmap_bytes(const struct dnfs4_bitmap *map)
{
	return map->word[2] ? 16 : map->word[1] ? 12 : map->word[0] ? 8 : 4;
}

/* attr.c */
__be32 *dnfs4_fill_bitmap(__be32 *p, const struct dnfs4_bitmap *map);

/* attr.c */

void dnfs4_attrs_here(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
		      struct dnfs4_bitmap *map);
u32 dnfs4_attr_plan(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
		    const struct dnfs4_bitmap *ask, struct dnfs4_attr_plan *plan);

/* attr_read.c */

/* Starts a file: all attributes of the plan are to be returned, none is read yet. */
static inline void dnfs4_attr_begin(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
				    const struct dnfs4_attr_plan *plan,
				    struct dnfs4_attr_src *src)
{
	src->cmp = cmp;
	src->fh = fh;
	src->map = plan->map;
	src->bytes = plan->bytes;
	src->error = NFS4_OK;
	/* An administrator may change it between the measurement and the encoding. */
	src->root_known = dnfs4_bitmap_has(&src->map, FATTR4_FS_LOCATIONS) &&
			  !dnfs4_paths_are_served(cmp);
	if (src->owned)
		return;
	src->owner.len = 0;
	src->group.len = 0;
	src->owned = true;
}

/* attr_read.c */
int dnfs4_attr_read(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
		    const struct ditto_dirent *entry, const struct dnfs4_attr_plan *plan,
		    struct dnfs4_attr_src *src);
void dnfs4_attr_src_free(struct dnfs4_attr_src *src);
void dnfs4_attr_fail(const struct dnfs4_attr_plan *plan, struct dnfs4_attr_src *src, u64 ino,
		     u32 error);

/* fs_locations.c */

/* Find the link that a directory is, and read its attributes. */
bool dnfs4_link_find(const struct dnfs4_fh *fh, struct inode *inode, struct dnfs4_attr_src *src);
int dnfs4_absent_read(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
		      const struct ditto_dirent *entry, const struct dnfs4_bitmap *ask,
		      struct dnfs4_attr_src *src);
/* Bytes of the value, and the value: a present file system has no other locations. */
u32 dnfs4_fs_locations_bytes(const struct dnfs4_attr_src *src);
__be32 *dnfs4_put_fs_locations(__be32 *p, const struct dnfs4_attr_src *src);

/* attr_encode.c */

/* attr_encode.c */
u32 dnfs4_attr_bytes(const struct dnfs4_attr_src *src);
__be32 *dnfs4_attr_put(__be32 *p, const struct dnfs4_attr_src *src, u32 bytes);
int dnfs4_attr_build(struct dnfs4_attr_src *src);
bool dnfs4_attr_emit(struct xdr_stream *xdr, const struct dnfs4_attr_src *src);

#endif
