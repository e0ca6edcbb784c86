/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * File attributes on the wire: bitmap4 and fattr4 (RFC 8881 sections 3.3.7, 5).
 */
#ifndef _DITTO_FS_NFS_V4_ATTR_ATTR_H
#define _DITTO_FS_NFS_V4_ATTR_ATTR_H

#include "../../../../lockd/lease.h"
#include "../../../op/attr.h"
#include "../../../op/dosattr.h"
#include "../engine/compound.h"

#define DNFS4_BITMAP_WORDS	3

/**
 * struct dnfs4_bitmap - a bitmap4 of attributes (RFC 8881 section 3.3.7)
 * @word: bit N % 32 of word N / 32 stands for attribute N
 */
struct dnfs4_bitmap {
	u32 word[DNFS4_BITMAP_WORDS];
};

static inline bool dnfs4_bitmap_has(const struct dnfs4_bitmap *map, unsigned int attr)
{
	return map->word[attr / 32] & BIT(attr % 32);
}

static inline void dnfs4_bitmap_set(struct dnfs4_bitmap *map, unsigned int attr)
{
	map->word[attr / 32] |= BIT(attr % 32);
}

static inline void dnfs4_bitmap_clear(struct dnfs4_bitmap *map, unsigned int attr)
{
	map->word[attr / 32] &= ~BIT(attr % 32);
}

/* Called once when the module is loaded: builds the bitmaps of the attribute table. */
void dnfs4_attrs_init(void);

/**
 * dnfs4_decode_bitmap - decode a bitmap4 (RFC 8881 section 3.3.7)
 * @xdr: arguments
 * @map: filled
 * @more: set if a bit is set beyond the words of @map
 *
 * Return: NFS4_OK or NFS4ERR_BADXDR.
 */
u32 dnfs4_decode_bitmap(struct xdr_stream *xdr, struct dnfs4_bitmap *map, bool *more);

/**
 * dnfs4_encode_bitmap - encode a bitmap4 (RFC 8881 section 3.3.7)
 * @xdr: results
 * @map: bitmap
 *
 * Return: false if it does not fit.
 */
bool dnfs4_encode_bitmap(struct xdr_stream *xdr, const struct dnfs4_bitmap *map);
/* Most bytes that dnfs4_encode_bitmap() writes. */
#define DNFS4_BITMAP_BYTES	(4 + 4 * DNFS4_BITMAP_WORDS)

/**
 * dnfs4_has_xattrs - check whether extended attributes are supported (RFC 8276 section 8.1)
 * @fh: the file
 *
 * Named attributes and the pseudo root have none.
 *
 * Context: any.
 * Return: true if the file system of the file stores them.
 */
bool dnfs4_has_xattrs(const struct dnfs4_fh *fh);

/* True if delegations of the file, or of any, include times (RFC 9754 section 5). Any context. */
bool dnfs4_has_delegated_times(const struct dnfs4_fh *fh);

/**
 * dnfs4_attrs_supported - the attributes that a file supports (supported_attrs)
 * @cmp: compound; its minor version counts
 * @fh: the file
 * @map: filled
 */
void dnfs4_attrs_supported(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
			   struct dnfs4_bitmap *map);

/**
 * dnfs4_attrs_exclcreat - the attributes that EXCLUSIVE4_1 may set (suppattr_exclcreat)
 * @cmp: compound; its minor version counts
 * @fh: the file, or its directory
 * @map: filled
 */
void dnfs4_attrs_exclcreat(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
			   struct dnfs4_bitmap *map);

/**
 * struct dnfs4_sattr - decoded attributes to be set
 * @map: which attributes; the decoder fails for attributes it does not know
 * @set: for ditto_setattr() and for creating files, after dnfs4_sattr_fit(). For mode_umask
 *	(4.2) it has the mode, to which the umask was applied unless the directory decides the
 *	permissions of new files
 * @dosattr: for dnfs4_sattr_dosattr(); @dosattr.valid lists its members. Of its flags, those are to
 *	be set that @map has
 * @umask: umask of mode_umask
 * @times: time_deleg_access and time_deleg_modify, which only the holder of a delegation sets
 * @acl: list of acl or dacl, a reference; @set.acl borrows it
 * @label: for dnfs4_sattr_label(); valid until the operation ends
 * @label_len: bytes of @label
 */
struct dnfs4_sattr {
	struct dnfs4_bitmap map;
	struct ditto_setattr set;
	struct ditto_dosattr dosattr;
	u32 umask;
	struct ditto_lease_times times;
	struct ditto_acl *acl;
	const void *label;
	u32 label_len;
};

/**
 * dnfs4_decode_sattr - decode a fattr4 to be set
 * @cmp: compound; the current filehandle is the file or its directory
 * @sattr: filled; to be freed with dnfs4_sattr_free() by the operation's release, also after an
 *	error
 *
 * Attributes that are not supported are reported before those that are read-only.
 *
 * Return: NFS4_OK; NFS4ERR_BADXDR; NFS4ERR_ATTRNOTSUPP; NFS4ERR_INVAL (read-only, or an invalid
 * value); NFS4ERR_BADOWNER; NFS4ERR_NOSPC (a list that is too long); NFS4ERR_WRONG_LFS or
 * NFS4ERR_BADLABEL; NFS4ERR_DELAY while the helper is asked for a name.
 */
u32 dnfs4_decode_sattr(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr);

/**
 * dnfs4_sattr_free - drop what decoded attributes refer to
 * @sattr: may be all zeros
 */
void dnfs4_sattr_free(struct dnfs4_sattr *sattr);

/**
 * dnfs4_sattr_fit - adapt decoded attributes to the file they are for
 * @cmp: the current filehandle is the file, or the directory that it is created in
 * @sattr: decoded; its mode and list are adjusted
 * @node: the file; NULL if it is to be created
 * @type: type of the file: S_IF*
 *
 * Applies the umask of mode_umask, and computes the mode if both mode and list are set. Mode and
 * list of a symbolic link are ignored.
 *
 * Return: NFS4_OK; NFS4ERR_ATTRNOTSUPP or NFS4ERR_INVAL for a list that is not valid for the
 * type; NFS4ERR_INVAL for times of a delegation with a new file; NFS4ERR_DELAY; others of
 * dnfs4_status().
 */
u32 dnfs4_sattr_fit(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr,
		    struct ditto_node *node, umode_t type);

/**
 * dnfs4_sattr_label - set the security label
 * @cmp: share and credential
 * @node: the file, possibly just created
 * @sattr: decoded
 *
 * Return: NFS4_OK, also if there is nothing to set; NFS4ERR_ATTRNOTSUPP if the file has no label;
 * NFS4ERR_BADLABEL; others of dnfs4_status().
 */
u32 dnfs4_sattr_label(struct dnfs4_compound *cmp, struct ditto_node *node,
		      const struct dnfs4_sattr *sattr);

/**
 * dnfs4_sattr_dosattr - set the DOS attributes and the birth time
 * @op: share and credential
 * @node: the file, possibly just created
 * @sattr: decoded
 *
 * DOS attributes that the client did not give are kept.
 *
 * Return: 0, also if there is nothing to set, or an errno of ditto_dosattr_set().
 */
int dnfs4_sattr_dosattr(struct ditto_op *op, struct ditto_node *node,
			const struct dnfs4_sattr *sattr);

/**
 * dnfs4_sattr_made - compute attrset for the reply of OPEN and CREATE
 * @op: share and credential
 * @node: the file that was created with @sattr
 * @sattr: decoded
 * @map: filled: the attributes of @sattr that took effect; an owner that the caller may not give
 *	the file to is left out
 */
void dnfs4_sattr_made(struct ditto_op *op, struct ditto_node *node,
		      const struct dnfs4_sattr *sattr, struct dnfs4_bitmap *map);

/**
 * dnfs4_pseudo_fileid - number of a share's entry in the pseudo root
 * @share: share
 *
 * Return: its fileid there, which is also its cookie; positive, never 1 or 2.
 */
u64 dnfs4_pseudo_fileid(const struct ditto_share *share);

#endif
