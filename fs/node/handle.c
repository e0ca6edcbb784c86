// SPDX-License-Identifier: GPL-2.0-only
/*
 * File handles: encoding, signing, verification and decoding.
 *
 * Layout, in bytes:
 *
 *	0	version, 1
 *	1	type of the file id, enum fid_type; FILEID_ROOT is the root of the share
 *	2	length of the file id in words of four bytes, 0 to 11
 *	3	zero
 *	4	share tag, little endian
 *	12	file id, as the file system wrote it
 *	12+n	SipHash-2-4 of all bytes before, with the server's key, little endian
 *
 * The signature prevents clients from forging handles, because a file system finds any file by
 * its id, whether it is shared or not. Handles do not depend on the order in which shares were
 * added, on device numbers or on names.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <kunit/visibility.h>
#include <linux/exportfs.h>
#include <linux/module.h>
#include <linux/siphash.h>
#include <linux/unaligned.h>

#include "../../net/server.h"
#include "../share/share.h"
#include "handle.h"
#include "node_private.h"

#define HANDLE_VERSION	1
#define HANDLE_HEAD	12
#define HANDLE_SIGN	8
#define FID_WORD	sizeof(u32)
#define FID_WORDS	((int)(DITTO_FID_MAX / FID_WORD))
/* Length of what is signed with a file id of three words, as tmpfs and xfs have. */
#define HANDLE_USUAL	24

static_assert(HANDLE_HEAD + DITTO_FID_MAX + HANDLE_SIGN == DITTO_HANDLE_MAX);
static_assert(HANDLE_HEAD % FID_WORD == 0);

/* The same as exportfs_encode_fh(), of an entry of a directory if @dir is given. */
static int fid_ask(struct dentry *dentry, struct inode *dir, bool connectable, u32 *raw,
		   int *words)
{
	struct inode *inode = d_inode(dentry);

	*words = FID_WORDS;
	if (!connectable || !dir || S_ISDIR(inode->i_mode))
		return exportfs_encode_fh(dentry, (struct fid *)raw, words,
					  connectable ? EXPORT_FH_CONNECTABLE : 0);
	return exportfs_encode_inode_fh(inode, (struct fid *)raw, words, dir,
					EXPORT_FH_CONNECTABLE);
}

/* Have the file system write a file id into cleared words. Return: bytes, or -EOPNOTSUPP. */
static int fid_write(struct dentry *dentry, struct inode *dir, bool connectable, u32 *raw,
		     int *type)
{
	int words;

	*type = fid_ask(dentry, dir, connectable, raw, &words);
	if (connectable && (*type < 0 || *type == FILEID_INVALID))
		*type = fid_ask(dentry, NULL, false, raw, &words);
	if (*type <= FILEID_ROOT || *type >= FILEID_INVALID || words <= 0 || words > FID_WORDS)
		return -EOPNOTSUPP;
	return words * FID_WORD;
}

int ditto_fid_encode(struct dentry *dentry, bool connectable, struct ditto_fid *fid)
{
	u32 raw[FID_WORDS] = {};
	int type, len;

	len = fid_write(dentry, NULL, connectable, raw, &type);
	if (len < 0)
		return len;
	fid->type = type;
	fid->len = len;
	memcpy(fid->raw, raw, sizeof(raw));
	return 0;
}

bool ditto_fid_connectable(struct inode *dir)
{
	u32 raw[FID_WORDS] = {};
	int words = FID_WORDS;
	int type;

	type = exportfs_encode_inode_fh(dir, (struct fid *)raw, &words, dir,
					EXPORT_FH_CONNECTABLE);
	return type > FILEID_ROOT && type < FILEID_INVALID;
}

/* Every call has a handle and listings make many: the usual length goes without a loop. */
static u64 handle_signature(const struct ditto_server *srv, const u8 *data, size_t len)
{
	if (len != HANDLE_USUAL)
		return siphash(data, len, &srv->handle_key);
	return siphash_3u64(get_unaligned_le64(data), get_unaligned_le64(data + 8),
			    get_unaligned_le64(data + 16), &srv->handle_key);
}

/* Put head and signature around a file id of so many bytes. */
static void handle_finish(const struct ditto_server *srv, u64 tag, int type, size_t fid_len,
			  struct ditto_handle *handle)
{
	size_t len = HANDLE_HEAD + fid_len;
	u8 *data = handle->data;

	data[0] = HANDLE_VERSION;
	data[1] = type;
	data[2] = fid_len / FID_WORD;
	data[3] = 0;
	put_unaligned_le64(tag, data + 4);
	put_unaligned_le64(handle_signature(srv, data, len), data + len);
	handle->len = len + HANDLE_SIGN;
}

#if IS_ENABLED(CONFIG_KUNIT)
void ditto_handle_sign(const struct ditto_server *srv, u64 tag, const struct ditto_fid *fid,
		       struct ditto_handle *handle)
{
	memcpy(handle->data + HANDLE_HEAD, fid->raw, fid->len);
	handle_finish(srv, tag, fid->type, fid->len, handle);
}
EXPORT_SYMBOL_IF_KUNIT(ditto_handle_sign);
#endif

VISIBLE_IF_KUNIT int ditto_handle_verify(const struct ditto_server *srv, const u8 *data,
					 size_t len, u64 *tag, struct ditto_fid *fid)
{
	size_t fid_len;

	if (len < HANDLE_HEAD + HANDLE_SIGN || len > DITTO_HANDLE_MAX ||
	    data[0] != HANDLE_VERSION || data[3])
		return -EBADHANDLE;
	fid_len = data[2] * FID_WORD;
	if (len != HANDLE_HEAD + fid_len + HANDLE_SIGN)
		return -EBADHANDLE;
	/* Only the root of the share has no file id. */
	if (fid_len ? data[1] == FILEID_ROOT : data[1] != FILEID_ROOT)
		return -EBADHANDLE;
	len -= HANDLE_SIGN;
	if (get_unaligned_le64(data + len) != handle_signature(srv, data, len))
		return -EBADHANDLE;

	*tag = get_unaligned_le64(data + 4);
	fid->type = data[1];
	fid->len = fid_len;
	memcpy(fid->raw, data + HANDLE_HEAD, fid_len);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(ditto_handle_verify);

int ditto_handle_encode_entry(struct ditto_share *share, const struct ditto_node *dir,
			      struct dentry *dentry, struct ditto_handle *handle)
{
	int type = FILEID_ROOT, len = 0;
	u32 *raw;

	if (!share->volume->has_handles)
		return -EOPNOTSUPP;
	if (d_inode(dentry) != d_inode(share->root.dentry)) {
		raw = (u32 *)(handle->data + HANDLE_HEAD);
		memset(raw, 0, DITTO_FID_MAX);
		len = fid_write(dentry, dir ? dir->inode : NULL, share->is_subtree, raw,
				&type);
		if (len < 0)
			return len;
	}
	handle_finish(share->srv, share->tag, type, len, handle);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_handle_encode_entry, DITTO);

int ditto_handle_encode(struct ditto_share *share, struct dentry *dentry,
			struct ditto_handle *handle)
{
	return ditto_handle_encode_entry(share, NULL, dentry, handle);
}
EXPORT_SYMBOL_NS_GPL(ditto_handle_encode, DITTO);

struct ditto_share *ditto_handle_share(struct ditto_server *srv, const u8 *data, size_t len,
				       struct ditto_fid *fid)
{
	struct ditto_share *share;
	u64 tag;
	int err;

	err = ditto_handle_verify(srv, data, len, &tag, fid);
	if (err)
		return ERR_PTR(err);
	share = ditto_share_get_by_tag(srv, tag);
	return share ?: ERR_PTR(-ESTALE);
}
EXPORT_SYMBOL_NS_GPL(ditto_handle_share, DITTO);

struct ditto_node *ditto_handle_node(struct ditto_share *share, const struct ditto_fid *fid)
{
	if (fid->type != FILEID_ROOT)
		return ditto_node_get_by_fid(share, fid);
	if (d_inode(share->root.dentry)->i_nlink)
		return ditto_node_get_root(share);
	return ERR_PTR(-ESTALE);
}
EXPORT_SYMBOL_NS_GPL(ditto_handle_node, DITTO);

int ditto_handle_decode(struct ditto_server *srv, const u8 *data, size_t len,
			struct ditto_share **share, struct ditto_node **node)
{
	struct ditto_share *found;
	struct ditto_fid fid;
	struct ditto_node *n;

	found = ditto_handle_share(srv, data, len, &fid);
	if (IS_ERR(found))
		return PTR_ERR(found);
	n = ditto_handle_node(found, &fid);
	if (IS_ERR(n)) {
		ditto_share_put(found);
		return PTR_ERR(n);
	}
	*share = found;
	*node = n;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_handle_decode, DITTO);
