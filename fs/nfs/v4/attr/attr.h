/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * File attributes on the wire: bitmap4 and fattr4 (RFC 8881 sections 3.3.7, 5).
 */
#ifndef _DITTO_FS_NFS_V4_ATTR_ATTR_H
#define _DITTO_FS_NFS_V4_ATTR_ATTR_H

#include "../../../op/attr.h"
#include "../../../op/dosattr.h"
#include "../engine/compound.h"

#define DNFS4_BITMAP_WORDS	3

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

/* As the module is loaded. */
void dnfs4_attrs_init(void);

/* Bits in words that we do not know are kept as "some were set": @more. */
u32 dnfs4_decode_bitmap(struct xdr_stream *xdr, struct dnfs4_bitmap *map, bool *more);
bool dnfs4_encode_bitmap(struct xdr_stream *xdr, const struct dnfs4_bitmap *map);
/* Most bytes that the latter writes. */
#define DNFS4_BITMAP_BYTES	(4 + 4 * DNFS4_BITMAP_WORDS)

/* Attributes that there are, in this minor version, on this file. */
void dnfs4_attrs_supported(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
			   struct dnfs4_bitmap *map);
/* Those of them that can be set as a file is made with a verifier (suppattr_exclcreat). */
void dnfs4_attrs_exclcreat(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
			   struct dnfs4_bitmap *map);

/**
 * struct dnfs4_sattr - attributes from the wire, to be set
 * @map: which; those that were not understood have made the decoder fail
 * @set: for ditto_setattr() and the makers of files, once dnfs4_sattr_fit() was asked. Of
 *	MODE_UMASK (4.2) it has the mode, with the umask applied if the directory does not say
 *	what new files get
 * @dosattr: for ditto_dosattr_set(); @dosattr.valid says what. HIDDEN and SYSTEM alone are in it as
 *	flags that replace those of the file: use dnfs4_sattr_dosattr()
 * @umask: of MODE_UMASK
 * @acl: of ACL or DACL; @set.acl borrows it
 */
struct dnfs4_sattr {
	struct dnfs4_bitmap map;
	struct ditto_setattr set;
	struct ditto_dosattr dosattr;
	u32 umask;
	struct ditto_acl *acl;
};

/**
 * dnfs4_decode_sattr - a fattr4 to be set
 * @cmp: compound
 * @sattr: filled
 *
 * Return: NFS4_OK; BADXDR; ATTRNOTSUPP (not supported); INVAL (read-only, or values that
 * make no sense); BADOWNER; NOSPC (a list that is too long); DELAY while the helper is asked for a
 * name. Whatever it is, dnfs4_sattr_free() is for the release of the operation.
 */
u32 dnfs4_decode_sattr(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr);

/* Free what hangs on it; all of it may be zeros. */
void dnfs4_sattr_free(struct dnfs4_sattr *sattr);

/**
 * dnfs4_sattr_fit - attributes meet what they are for
 * @cmp: the current handle is the file, or the directory that one is made in
 * @sattr: decoded; the mode becomes what is to be set, see @sattr->set
 * @node: the file; NULL if it is to be made
 * @type: what it is, or will be: S_IF*
 *
 * That of a symbolic link says nothing: list and mode are left out.
 *
 * Return: NFS4_OK; ATTRNOTSUPP or INVAL for a list that is not for that; DELAY.
 */
u32 dnfs4_sattr_fit(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr,
		    struct ditto_node *node, umode_t type);

/**
 * dnfs4_sattr_dosattr - set what @sattr->set has no place for: flags, time of creation
 * @op: who
 * @node: the file, maybe just made
 * @sattr: decoded
 *
 * Return: 0, also if there is nothing to set, or an errno of ditto_dosattr_set().
 */
int dnfs4_sattr_dosattr(struct ditto_op *op, struct ditto_node *node,
			const struct dnfs4_sattr *sattr);

/**
 * dnfs4_sattr_made - attrset of the reply of OPEN and CREATE
 * @op: who
 * @node: as it was made with @sattr
 * @sattr: decoded
 * @map: filled: those of @sattr that the file has; an owner that may not be given away is left out
 */
void dnfs4_sattr_made(struct ditto_op *op, struct ditto_node *node,
		      const struct dnfs4_sattr *sattr, struct dnfs4_bitmap *map);

/**
 * dnfs4_encode_fattr - a fattr4
 * @cmp: compound
 * @xdr: results, or elsewhere
 * @fh: which file: kind and share
 * @dentry: of a listing's entry; NULL for the node of @fh
 * @ask: which attributes
 *
 * Return: NFS4_OK; NFS4ERR_RESOURCE or REP_TOO_BIG (no room; @xdr is as before); others.
 */
u32 dnfs4_encode_fattr(struct dnfs4_compound *cmp, struct xdr_stream *xdr,
		       const struct dnfs4_fh *fh, struct dentry *dentry,
		       const struct dnfs4_bitmap *ask);

/* Number of a share's entry in the pseudo root: fileid there, and cookie. Never 0, 1 or 2. */
u64 dnfs4_pseudo_fileid(const struct ditto_share *share);

#endif
