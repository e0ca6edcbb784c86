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

/* attr.c */
void dnfs4_attrs_init(void);
u32 dnfs4_decode_bitmap(struct xdr_stream *xdr, struct dnfs4_bitmap *map, bool *more);
bool dnfs4_encode_bitmap(struct xdr_stream *xdr, const struct dnfs4_bitmap *map);
/* Most bytes that dnfs4_encode_bitmap() writes. */
#define DNFS4_BITMAP_BYTES	(4 + 4 * DNFS4_BITMAP_WORDS)

bool dnfs4_has_xattrs(const struct dnfs4_fh *fh);

bool dnfs4_has_delegated_times(const struct dnfs4_fh *fh);
void dnfs4_attrs_supported(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
			   struct dnfs4_bitmap *map);
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

/* attr_decode.c */
u32 dnfs4_decode_sattr(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr);
void dnfs4_sattr_free(struct dnfs4_sattr *sattr);
u32 dnfs4_sattr_fit(struct dnfs4_compound *cmp, struct dnfs4_sattr *sattr,
		    struct ditto_node *node, umode_t type);
u32 dnfs4_sattr_label(struct dnfs4_compound *cmp, struct ditto_node *node,
		      const struct dnfs4_sattr *sattr);
int dnfs4_sattr_dosattr(struct ditto_op *op, struct ditto_node *node,
			const struct dnfs4_sattr *sattr);
void dnfs4_sattr_made(struct ditto_op *op, struct ditto_node *node,
		      const struct dnfs4_sattr *sattr, struct dnfs4_bitmap *map);

/* attr_read.c */
u64 dnfs4_pseudo_fileid(const struct ditto_share *share);

#endif
