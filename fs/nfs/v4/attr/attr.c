// SPDX-License-Identifier: GPL-2.0-only
/*
 * The set of supported attributes, and bitmap4 (RFC 8881 sections 3.3.7, 5.6).
 *
 * The table of attributes is turned into bitmaps once, when the module is loaded. Attributes
 * that a file system, a share or the pseudo root does not have are removed from them by file.
 */
#include <linux/fs.h>
#include <linux/percpu.h>

#include "../../../node/node.h"
#include "../../../op/label.h"
#include "../../../op/xattr.h"
#include "../../../share/link.h"
#include "../../../share/share.h"
#include "../../rpc/decode.h"
#include "../../rpc/encode.h"
#include "../../share_options.h"
#include "attr_private.h"

/* Most words of a bitmap that are decoded: a longer one would only cost time. */
#define BITMAP_WORDS_MAX	64

/* Missing on the pseudo root: it has no space, and its changes are not notified. */
static const struct dnfs4_bitmap attrs_of_space = { {
	FATTR4_WORD0_FILES_AVAIL | FATTR4_WORD0_FILES_FREE | FATTR4_WORD0_FILES_TOTAL,
	FATTR4_WORD1_SPACE_AVAIL | FATTR4_WORD1_SPACE_FREE | FATTR4_WORD1_SPACE_TOTAL |
	BIT(FATTR4_DIR_NOTIF_DELAY - 32) | BIT(FATTR4_DIRENT_NOTIF_DELAY - 32),
	FATTR4_WORD2_CLONE_BLKSIZE,
} };

static const struct dnfs4_bitmap attrs_of_quota = { {
	0, FATTR4_WORD1_QUOTA_HARD | FATTR4_WORD1_QUOTA_SOFT | FATTR4_WORD1_QUOTA_USED,
} };

static const struct dnfs4_bitmap attrs_of_dosattr = { {
	FATTR4_WORD0_HIDDEN, FATTR4_WORD1_SYSTEM | FATTR4_WORD1_TIME_CREATE,
} };

static const struct dnfs4_bitmap attrs_of_acl = { {
	FATTR4_WORD0_ACL | FATTR4_WORD0_ACLSUPPORT, FATTR4_WORD1_DACL,
} };

/* The table as bitmaps: all by minor version, the readable ones, those for exclusive create. */
static struct dnfs4_bitmap attrs_all[DNFS4_MINOR_MAX + 1] __ro_after_init;
static struct dnfs4_bitmap attrs_readable __ro_after_init;
static struct dnfs4_bitmap attrs_excl __ro_after_init;

/* Called once when the module is loaded: builds the bitmaps of the attribute table. */
void dnfs4_attrs_init(void)
{
	for (unsigned int attr = 0; attr <= DNFS4_ATTR_MAX; attr++) {
		const struct dnfs4_attr_row *row = &dnfs4_attr_rows[attr];

		if (!row->flags)
			continue;
		for (u32 minor = row->minor; minor <= DNFS4_MINOR_MAX; minor++)
			dnfs4_bitmap_set(&attrs_all[minor], attr);
		if (row->flags & DNFS4_ATTR_READ)
			dnfs4_bitmap_set(&attrs_readable, attr);
		if (row->flags & DNFS4_ATTR_EXCL)
			dnfs4_bitmap_set(&attrs_excl, attr);
	}
}

/* Decode a bitmap4 (RFC 8881 section 3.3.7). Return: NFS4_OK or NFS4ERR_BADXDR. */
u32 dnfs4_decode_bitmap(struct xdr_stream *xdr, struct dnfs4_bitmap *map, bool *more)
{
	u32 count, word;

	memset(map, 0, sizeof(*map));
	*more = false;
	if (dnfs_decode_u32(xdr, &count) < 0 || count > BITMAP_WORDS_MAX)
		return NFS4ERR_BADXDR;
	for (u32 i = 0; i < count; i++) {
		if (dnfs_decode_u32(xdr, &word) < 0)
			return NFS4ERR_BADXDR;
		if (i < DNFS4_BITMAP_WORDS)
			map->word[i] = word;
		else if (word)
			*more = true;
	}
	return NFS4_OK;
}

/* Write a bitmap4. @p: room for dnfs4_bitmap_bytes(). Return: the position after it. */
__be32 *dnfs4_fill_bitmap(__be32 *p, const struct dnfs4_bitmap *map)
{
	u32 words = dnfs4_bitmap_bytes(map) / XDR_UNIT - 1;

	*p++ = cpu_to_be32(words);
	for (u32 i = 0; i < words; i++)
		*p++ = cpu_to_be32(map->word[i]);
	return p;
}

/* Encode a bitmap4 (RFC 8881 section 3.3.7). Return: false if it does not fit. */
bool dnfs4_encode_bitmap(struct xdr_stream *xdr, const struct dnfs4_bitmap *map)
{
	__be32 *p = dnfs_inline_reserve(xdr, dnfs4_bitmap_bytes(map));

	if (p)
		dnfs4_fill_bitmap(p, map);
	return p;
}

static void take_away(struct dnfs4_bitmap *map, const struct dnfs4_bitmap *what)
{
	for (unsigned int i = 0; i < DNFS4_BITMAP_WORDS; i++)
		map->word[i] &= ~what->word[i];
}

static void keep_only(struct dnfs4_bitmap *map, const struct dnfs4_bitmap *what)
{
	for (unsigned int i = 0; i < DNFS4_BITMAP_WORDS; i++)
		map->word[i] &= what->word[i];
}

/* Take away what a filehandle does not have. */
static void drop_absent(const struct dnfs4_fh *fh, struct dnfs4_bitmap *map)
{
	const struct dentry *root;

	/* Arguments are decoded before the filehandle is checked. */
	if (fh->kind == DNFS4_FH_NONE)
		return;
	if (fh->kind == DNFS4_FH_PSEUDO) {
		take_away(map, &attrs_of_space);
		take_away(map, &attrs_of_quota);
		take_away(map, &attrs_of_dosattr);
		take_away(map, &attrs_of_acl);
		dnfs4_bitmap_clear(map, FATTR4_SEC_LABEL);
		dnfs4_bitmap_clear(map, FATTR4_FS_LOCATIONS);
		return;
	}
	if (!ditto_share_has_links(fh->target.op.share))
		dnfs4_bitmap_clear(map, FATTR4_FS_LOCATIONS);
	root = fh->target.op.share->root.dentry;
	if (!root->d_sb->s_qcop)
		take_away(map, &attrs_of_quota);
	if (fh->kind == DNFS4_FH_ATTRDIR || !(d_inode(root)->i_opflags & IOP_XATTR))
		take_away(map, &attrs_of_dosattr);
	/* Access to a named attribute is decided by its file's list and label. */
	if (fh->kind == DNFS4_FH_ATTRDIR || fh->named || !ditto_acl_is_supported(&fh->target.op))
		take_away(map, &attrs_of_acl);
	if (dnfs4_bitmap_has(map, FATTR4_DACL) && !dnfs_share_option(fh->target.op.share, dacl))
		dnfs4_bitmap_clear(map, FATTR4_DACL);
	if (!dnfs4_bitmap_has(map, FATTR4_SEC_LABEL))
		return;
	if (fh->kind == DNFS4_FH_ATTRDIR || fh->named || !ditto_label_is_on(fh->target.op.share))
		dnfs4_bitmap_clear(map, FATTR4_SEC_LABEL);
}

/*
 * The attributes that a file may support. Does not check whether the file system keeps quotas for
 * the share, see dnfs4_attrs_supported().
 */
void dnfs4_attrs_here(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
		      struct dnfs4_bitmap *map)
{
	*map = attrs_all[min_t(u32, cmp->minor, DNFS4_MINOR_MAX)];
	drop_absent(fh, map);
}

/*
 * Check whether extended attributes are supported (RFC 8276 section 8.1). Named attributes and the
 * pseudo root have none. Context: any. Return: true if the file system of the file stores them.
 */
bool dnfs4_has_xattrs(const struct dnfs4_fh *fh)
{
	return fh->kind == DNFS4_FH_NODE && !fh->named &&
	       ditto_xattr_is_supported(fh->target.op.share);
}

/* True if delegations of the file, or of any, include times (RFC 9754 section 5). Any context. */
bool dnfs4_has_delegated_times(const struct dnfs4_fh *fh)
{
	return fh->kind < DNFS4_FH_NODE ||
	       dnfs_share_option(fh->target.op.share, delegated_times);
}

/* The security module may have no labels, or none for this file. */
static void drop_label(const struct dnfs4_fh *fh, struct dnfs4_bitmap *map)
{
	struct lsm_context label;
	struct dentry *dentry;

	if (fh->kind != DNFS4_FH_NODE || !dnfs4_bitmap_has(map, FATTR4_SEC_LABEL))
		return;
	dentry = ditto_node_dentry(fh->target.node);
	if (ditto_label_get(fh->target.op.share, dentry, &label))
		dnfs4_bitmap_clear(map, FATTR4_SEC_LABEL);
	ditto_label_free(&label);
	dput(dentry);
}

/* The attributes that a file supports (supported_attrs). */
void dnfs4_attrs_supported(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
			   struct dnfs4_bitmap *map)
{
	struct ditto_quota quota;
	struct ditto_op op;

	dnfs4_attrs_here(cmp, fh, map);
	drop_label(fh, map);
	/* The holder of a delegation that includes times may set them to its end. */
	if (!dnfs4_has_delegated_times(fh)) {
		dnfs4_bitmap_clear(map, FATTR4_TIME_DELEG_ACCESS);
		dnfs4_bitmap_clear(map, FATTR4_TIME_DELEG_MODIFY);
	}
	if (!dnfs4_bitmap_has(map, FATTR4_QUOTA_USED))
		return;
	op = fh->target.op;
	ditto_quota(&op, &quota);
	if (!quota.tracked)
		take_away(map, &attrs_of_quota);
}

/* The attributes that EXCLUSIVE4_1 may set (suppattr_exclcreat). */
void dnfs4_attrs_exclcreat(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
			   struct dnfs4_bitmap *map)
{
	dnfs4_attrs_here(cmp, fh, map);
	drop_label(fh, map);
	keep_only(map, &attrs_excl);
}

/* The last plan of each CPU. Clients mostly ask for the same attributes. */
static DEFINE_PER_CPU(struct dnfs4_attr_plan, last_plan);

/* Complete a plan with the same attributes as the last one. Return: false if they differ. */
static bool plan_again(struct dnfs4_attr_plan *plan)
{
	const struct dnfs4_attr_plan *last = get_cpu_ptr(&last_plan);
	bool same = true;

	for (unsigned int i = 0; i < DNFS4_BITMAP_WORDS; i++)
		same &= last->map.word[i] == plan->map.word[i];
	if (same)
		*plan = *last;
	put_cpu_ptr(&last_plan);
	return same;
}

static void plan_remember(const struct dnfs4_attr_plan *plan)
{
	*get_cpu_ptr(&last_plan) = *plan;
	put_cpu_ptr(&last_plan);
}

/*
 * Plan the reading of attributes. Return: NFS4_OK, or NFS4ERR_INVAL if a write-only attribute is
 * requested.
 */
u32 dnfs4_attr_plan(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
		    const struct dnfs4_bitmap *ask, struct dnfs4_attr_plan *plan)
{
	u32 need = 0, bytes = 0;

	plan->map = attrs_all[min_t(u32, cmp->minor, DNFS4_MINOR_MAX)];
	keep_only(&plan->map, ask);
	drop_absent(fh, &plan->map);
	if (plan_again(plan))
		return NFS4_OK;
	for (unsigned int i = 0; i < DNFS4_BITMAP_WORDS; i++) {
		const struct dnfs4_attr_row *rows = dnfs4_attr_rows + 32 * i;
		u32 bits = plan->map.word[i];

		if (bits & ~attrs_readable.word[i])
			return NFS4ERR_INVAL;
		for (; bits; bits &= bits - 1) {
			need |= rows[__ffs(bits)].need;
			bytes += rows[__ffs(bits)].bytes;
		}
	}
	plan->need = need;
	plan->bytes = bytes;
	plan_remember(plan);
	return NFS4_OK;
}
