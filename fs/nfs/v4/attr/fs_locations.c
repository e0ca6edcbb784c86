// SPDX-License-Identifier: GPL-2.0-only
/*
 * Links of a share, which are roots of absent file systems: RFC 8881 sections 11.4 and 11.16, RFC
 * 7530 section 8. All operations on them fail with NFS4ERR_MOVED, but the client may ask for the
 * locations, and a few attributes with them.
 */
#include "../../../node/node.h"
#include "../../../share/link.h"
#include "../../../share/share.h"
#include "../engine/server.h"
#include "attr_put.h"

/* RFC 8881 section 11.4.1; the number of the directory tells where it is in its file system. */
static const struct dnfs4_bitmap attrs_of_absent = { {
	FATTR4_WORD0_FSID | FATTR4_WORD0_RDATTR_ERROR | FATTR4_WORD0_FS_LOCATIONS,
	FATTR4_WORD1_MOUNTED_ON_FILEID,
} };

/*
 * Find the link that a directory is. @src: gets the link, or NULL; and the links of the share,
 * which it keeps. Return: true if it is a link.
 */
bool dnfs4_link_find(const struct dnfs4_fh *fh, struct inode *inode, struct dnfs4_attr_src *src)
{
	const struct ditto_share *share = fh->target.op.share;

	src->link = NULL;
	if (fh->kind != DNFS4_FH_NODE || !ditto_share_has_links(share) ||
	    !S_ISDIR(inode->i_mode) || !ditto_share_has_link_at(share, inode->i_ino))
		return false;
	if (!src->links)
		src->links = ditto_share_links(share);
	if (src->links)
		src->link = ditto_link_of(src->links, share, inode);
	return src->link;
}

/* Read the attributes of a link. Return: 0 or an errno. */
int dnfs4_absent_read(const struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
		      const struct ditto_dirent *entry, const struct dnfs4_bitmap *ask,
		      struct dnfs4_attr_src *src)
{
	struct dnfs4_attr_plan plan;
	struct dnfs4_bitmap map;
	int err;

	for (unsigned int i = 0; i < DNFS4_BITMAP_WORDS; i++)
		map.word[i] = ask->word[i] & attrs_of_absent.word[i];
	if (dnfs4_attr_plan(cmp, fh, &map, &plan))
		return -EIO;
	err = dnfs4_attr_read(cmp, fh, entry, &plan, src);
	/* It must differ from the one of the directory where the link is. */
	src->attr.fsid ^= src->link->ino | BIT_ULL(63);
	return err;
}

/* fs_locations */

static u32 text_bytes(size_t len)
{
	return XDR_UNIT + xdr_align_size(len);
}

/* Bytes and number of the components of a path, or of none for NULL. */
static u32 path_bytes(const char *path, u32 *count)
{
	u32 bytes = 0;
	size_t len;

	*count = 0;
	for (; path && *path; path += len + !!path[len]) {
		len = strcspn(path, "/");
		bytes += text_bytes(len);
		++*count;
	}
	return bytes;
}

static __be32 *put_path(__be32 *p, const char *path)
{
	size_t len;

	for (; path && *path; path += len + !!path[len]) {
		len = strcspn(path, "/");
		p = dnfs_put_opaque(p, path, len);
	}
	return p;
}

/*
 * A client may know a share by its name and by its path, and the filehandle does not tell which. It
 * takes the locations if fs_root is the beginning of the path that it knows, so then it is the root
 * of the server.
 */
static const char *root_share(const struct dnfs4_attr_src *src)
{
	return src->root_known ? src->fh->target.op.share->name : NULL;
}

static const char *root_path(const struct dnfs4_attr_src *src)
{
	return src->link && src->root_known ? src->link->path : NULL;
}

u32 dnfs4_fs_locations_bytes(const struct dnfs4_attr_src *src)
{
	u32 bytes = 2 * XDR_UNIT, count;

	bytes += path_bytes(root_share(src), &count) + path_bytes(root_path(src), &count);
	for (unsigned int i = 0; src->link && i < src->link->count; i++) {
		const struct ditto_link_target *target = &src->link->target[i];

		bytes += 2 * XDR_UNIT + text_bytes(strlen(target->server)) +
			 path_bytes(target->path, &count);
	}
	return bytes;
}

__be32 *dnfs4_put_fs_locations(__be32 *p, const struct dnfs4_attr_src *src)
{
	u32 count, more;

	path_bytes(root_share(src), &count);
	path_bytes(root_path(src), &more);
	p = dnfs4_put_u32(p, count + more);
	p = put_path(p, root_share(src));
	p = put_path(p, root_path(src));
	p = dnfs4_put_u32(p, src->link ? src->link->count : 0);
	for (unsigned int i = 0; src->link && i < src->link->count; i++) {
		const struct ditto_link_target *target = &src->link->target[i];

		p = dnfs4_put_u32(p, 1);
		p = dnfs_put_opaque(p, target->server, strlen(target->server));
		path_bytes(target->path, &count);
		p = dnfs4_put_u32(p, count);
		p = put_path(p, target->path);
	}
	return p;
}
