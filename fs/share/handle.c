// SPDX-License-Identifier: GPL-2.0-only
/*
 * File handles: encoding, signing, verification and decoding.
 *
 * Layout, in bytes:
 *
 *	0	version, 1
 *	1	type of the file id, enum fid_type; FILEID_ROOT is the root of the share
 *	2	length of the file id in words of four bytes, 0 to 11
 *	3	zero, or for a named stream the length of its own file id
 *	4	share tag, little endian
 *	12	file id, as the file system wrote it; of a stream, its file's
 *	12+n	of a stream: type of its own file id, little endian, and then that file id
 *	12+n	SipHash-2-4 of all bytes before, with the server's key, little endian
 *
 * Access to a stream is decided by its file, so its handle leads to both. One signature covers the
 * two, or a client could have one file's stream judged by another file.
 *
 * The signature prevents clients from forging handles, because a file system finds any file by
 * its id, whether it is shared or not. Handles do not depend on the order in which shares were
 * added, on device numbers or on names.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <crypto/utils.h>
#include <linux/exportfs.h>
#include <linux/module.h>
#include <linux/siphash.h>
#include <linux/unaligned.h>

#include "../../net/server.h"
#include "../node/fid.h"
#include "../node/node_private.h"
#include "handle.h"
#include "share.h"

#define HANDLE_VERSION	1
#define HANDLE_HEAD	12
#define HANDLE_SIGN	8
#define FID_WORD	sizeof(u32)
/* Type of the file id of a stream. */
#define STREAM_HEAD	sizeof(u32)
/* Length of what is signed in a handle of the usual length. */
#define HANDLE_USUAL	(DITTO_HANDLE_USUAL - HANDLE_SIGN)

static_assert(HANDLE_HEAD + DITTO_FID_MAX + HANDLE_SIGN == DITTO_HANDLE_MAX);
static_assert(DITTO_HANDLE_MAX + STREAM_HEAD + DITTO_FID_MAX == DITTO_STREAM_HANDLE_MAX);
static_assert(HANDLE_HEAD % FID_WORD == 0);
/* The functions for the usual length sign three words of eight bytes. */
static_assert(HANDLE_USUAL == 3 * sizeof(u64));
/* The length of a kept handle is none of its states. */
static_assert(HANDLE_HEAD + HANDLE_SIGN > DITTO_HANDLE_FILLING);

/* Every call has a handle and listings make many: the usual length goes without a loop. */
static u64 handle_signature(const siphash_key_t *key, const u8 *data, size_t len)
{
	if (len != HANDLE_USUAL)
		return siphash(data, len, key);
	return siphash_3u64(get_unaligned_le64(data), get_unaligned_le64(data + 8),
			    get_unaligned_le64(data + 16), key);
}

#define SIPROUND	SIPHASH_PERMUTATION(v0, v1, v2, v3)

/* The state of SipHash after the first word. */
static void memo_fill(const struct ditto_server *srv, u64 first, struct ditto_handle_memo *memo)
{
	const u64 *key = srv->handle_key.key;
	u64 v0 = SIPHASH_CONST_0 ^ key[0], v1 = SIPHASH_CONST_1 ^ key[1];
	u64 v2 = SIPHASH_CONST_2 ^ key[0], v3 = SIPHASH_CONST_3 ^ key[1];

	v3 ^= first;
	SIPROUND;
	SIPROUND;
	v0 ^= first;
	memo->first = first;
	memo->state[0] = v0;
	memo->state[1] = v1;
	memo->state[2] = v2;
	memo->state[3] = v3;
}

/*
 * handle_signature() of the usual length. The first word is the same for all entries of a listing,
 * so what SipHash makes of it is remembered.
 */
static u64 handle_signature_memo(const struct ditto_server *srv, const u8 *data,
				 struct ditto_handle_memo *memo)
{
	const u64 last = (u64)HANDLE_USUAL << 56;
	u64 word = get_unaligned_le64(data);
	u64 v0, v1, v2, v3;

	/* No handle begins with a zero, so an empty memo belongs to no handle. */
	if (unlikely(word != memo->first))
		memo_fill(srv, word, memo);
	v0 = memo->state[0];
	v1 = memo->state[1];
	v2 = memo->state[2];
	v3 = memo->state[3];
	word = get_unaligned_le64(data + 8);
	v3 ^= word;
	SIPROUND;
	SIPROUND;
	v0 ^= word;
	word = get_unaligned_le64(data + 16);
	v3 ^= word;
	SIPROUND;
	SIPROUND;
	v0 ^= word;
	v3 ^= last;
	SIPROUND;
	SIPROUND;
	v0 ^= last;
	v2 ^= 0xff;
	SIPROUND;
	SIPROUND;
	SIPROUND;
	SIPROUND;
	return v0 ^ v1 ^ v2 ^ v3;
}

/* Put head and signature around a file id of so many bytes. */
static void handle_finish(const struct ditto_server *srv, u64 tag, int type, size_t fid_len,
			  struct ditto_handle *handle, struct ditto_handle_memo *memo)
{
	size_t len = HANDLE_HEAD + fid_len;
	u8 *data = handle->data;

	put_unaligned_le32(HANDLE_VERSION | type << 8 | fid_len / FID_WORD << 16, data);
	put_unaligned_le64(tag, data + 4);
	put_unaligned_le64(memo && len == HANDLE_USUAL ? handle_signature_memo(srv, data, memo) :
							 handle_signature(&srv->handle_key, data,
									  len),
			   data + len);
	handle->len = len + HANDLE_SIGN;
}

#ifdef DITTO_TESTS
/*
 * Fill a handle with header, file id and signature. @fid: file id; for the root of the share
 * FILEID_ROOT without bytes. Context: any.
 */
void ditto_handle_sign(const struct ditto_server *srv, u64 tag, const struct ditto_fid *fid,
		       struct ditto_handle *handle)
{
	memcpy(handle->data + HANDLE_HEAD, fid->raw, fid->len);
	handle_finish(srv, tag, fid->type, fid->len, handle, NULL);
}
#endif

/* The signature that a handle carries. */
static u64 handle_signed(const u8 *data, size_t len)
{
	return get_unaligned_le64(data + len - HANDLE_SIGN);
}

static bool handle_is_seen(const struct ditto_server *srv, const u8 *data, size_t len,
			   const struct ditto_handle_seen *seen)
{
	/* Handles of other files have other signatures, so few are compared as a whole. */
	if (!seen || seen->handle.len != len ||
	    handle_signed(seen->handle.data, len) != handle_signed(data, len))
		return false;
	/* The time that it takes says nothing of another client's handle. */
	return !crypto_memneq(seen->handle.data, data, len) &&
	       seen->key.key[0] == srv->handle_key.key[0] &&
	       seen->key.key[1] == srv->handle_key.key[1];
}

/* Copy a file id from a handle. Return: false if no handle has one of this type and length. */
static bool fid_take(struct ditto_fid *fid, u32 type, size_t len, const u8 *raw)
{
	/* Only the root of the share has no file id. */
	if (len > DITTO_FID_MAX || (len ? type == FILEID_ROOT : type != FILEID_ROOT))
		return false;
	fid->type = type;
	fid->len = len;
	memcpy(fid->raw, raw, len);
	return true;
}

static void handle_see(const siphash_key_t *key, const u8 *data, size_t len,
		       struct ditto_handle_seen *seen)
{
	memcpy(seen->handle.data, data, len);
	seen->handle.len = len;
	seen->key = *key;
}

/*
 * Check the form and signature of a handle and parse it. @seen: of the thread, may be replaced; or
 * NULL. Context: any. Return: 0 or -EBADHANDLE.
 */
int ditto_handle_verify(const struct ditto_server *srv, const u8 *data, size_t len, u64 *tag,
			struct ditto_fid *fid, struct ditto_handle_seen *seen)
{
	size_t fid_len;

	if (len < HANDLE_HEAD + HANDLE_SIGN || len > DITTO_HANDLE_MAX ||
	    data[0] != HANDLE_VERSION || data[3])
		return -EBADHANDLE;
	fid_len = data[2] * FID_WORD;
	if (len != HANDLE_HEAD + fid_len + HANDLE_SIGN)
		return -EBADHANDLE;
	if (!handle_is_seen(srv, data, len, seen)) {
		const siphash_key_t key = srv->handle_key;

		if (handle_signed(data, len) != handle_signature(&key, data, len - HANDLE_SIGN))
			return -EBADHANDLE;
		if (seen)
			handle_see(&key, data, len, seen);
	}

	*tag = get_unaligned_le64(data + 4);
	return fid_take(fid, data[1], fid_len, data + HANDLE_HEAD) ? 0 : -EBADHANDLE;
}

/* True if a handle of the share has the directory of the file, too. */
static bool handle_has_parent(const struct ditto_share *share)
{
	return share->is_subtree && share->volume->fid_has_parent;
}

/* @dentry is needed if the handle has a parent. */
static __always_inline int handle_encode(struct ditto_share *share, const struct ditto_node *dir,
					 struct inode *inode, struct dentry *dentry,
					 struct ditto_handle *handle,
					 struct ditto_handle_memo *memo)
{
	int type = FILEID_ROOT, len = 0;
	u32 *raw;

	if (!share->volume->has_handles)
		return -EOPNOTSUPP;
	if (inode != d_inode(share->root.dentry)) {
		raw = (u32 *)(handle->data + HANDLE_HEAD);
		memset(raw, 0, DITTO_FID_MAX);
		len = ditto_fid_write(inode, dentry, dir ? dir->inode : NULL,
				      handle_has_parent(share), raw, &type);
		if (len < 0)
			return len;
	}
	handle_finish(share->srv, share->tag, type, len, handle, memo);
	return 0;
}

/* Get what the handles of a share depend on. Context: any. */
void ditto_handle_basis_get(const struct ditto_share *share, struct ditto_handle_basis *basis)
{
	basis->tag = share->tag;
	basis->key = share->srv->handle_key;
	basis->has_parent = handle_has_parent(share);
}

/*
 * Do handles that were made on a basis fit a share? Context: any. Return: true if the same would be
 * made again.
 */
bool ditto_handle_basis_is(const struct ditto_share *share,
			   const struct ditto_handle_basis *basis)
{
	const u64 *key = share->srv->handle_key.key;

	return share->tag == basis->tag && key[0] == basis->key.key[0] &&
	       key[1] == basis->key.key[1] && handle_has_parent(share) == basis->has_parent;
}

static void handle_keep(struct ditto_dir_part_handle *kept, const struct inode *inode,
			const struct ditto_handle *handle)
{
	if (handle->len > DITTO_HANDLE_USUAL ||
	    cmpxchg(&kept->len, DITTO_HANDLE_EMPTY, DITTO_HANDLE_FILLING) != DITTO_HANDLE_EMPTY)
		return;
	kept->ino = inode->i_ino;
	kept->generation = inode->i_generation;
	memcpy(kept->data, handle->data, handle->len);
	/* Pairs with ditto_handle_recall(). */
	smp_store_release(&kept->len, handle->len);
}

/**
 * ditto_handle_encode_entry - make the handle of an entry of a listing, and keep it
 * @share: see ditto_handle_encode()
 * @dir: the directory
 * @dentry: of the entry
 * @cached: filled, too, unless it was before; or NULL
 * @handle: filled
 * @memo: zero for the first entry of a listing, then kept by this function
 *
 * Return: see ditto_handle_encode().
 */
int ditto_handle_encode_entry(struct ditto_share *share, const struct ditto_node *dir,
			      struct dentry *dentry, struct ditto_dir_part_handle *cached,
			      struct ditto_handle *handle, struct ditto_handle_memo *memo)
{
	struct inode *inode = d_inode(dentry);
	int err = handle_encode(share, dir, inode, dentry, handle, memo);

	if (!err && cached)
		handle_keep(cached, inode, handle);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_handle_encode_entry, "DITTO");

/**
 * ditto_handle_of_node - make the handle of the file of a node
 * @share: see ditto_handle_encode()
 * @node: held
 * @handle: filled
 *
 * Return: see ditto_handle_encode().
 */
int ditto_handle_of_node(struct ditto_share *share, struct ditto_node *node,
			 struct ditto_handle *handle)
{
	struct dentry *dentry = NULL;
	int err;

	/* The file would not be found again by the directory of a name elsewhere. */
	if (handle_has_parent(share))
		dentry = ditto_node_dentry_in(share, node);
	err = handle_encode(share, NULL, node->inode, dentry, handle, NULL);
	dput(dentry);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_handle_of_node, "DITTO");

/**
 * ditto_handle_encode - make the handle of a file
 * @share: share the file is reached through
 * @dentry: positive
 * @handle: filled
 *
 * No node is created, so listing a directory with handles costs no memory.
 *
 * Return: 0, or -EOPNOTSUPP if the file system has no usable file ids.
 */
int ditto_handle_encode(struct ditto_share *share, struct dentry *dentry,
			struct ditto_handle *handle)
{
	return handle_encode(share, NULL, d_inode(dentry), dentry, handle, NULL);
}
EXPORT_SYMBOL_NS_GPL(ditto_handle_encode, "DITTO");

/* Make the handle of a stream from its file's. */
static void stream_handle_finish(const struct ditto_server *srv, const struct ditto_handle *base,
				 const struct ditto_fid *stream,
				 struct ditto_stream_handle *handle)
{
	u8 *p = handle->data;

	memcpy(p, base->data, base->len - HANDLE_SIGN);
	p[3] = stream->len / FID_WORD;
	p += base->len - HANDLE_SIGN;
	put_unaligned_le32(stream->type, p);
	p += STREAM_HEAD;
	memcpy(p, stream->raw, stream->len);
	p += stream->len;
	put_unaligned_le64(siphash(handle->data, p - handle->data, &srv->handle_key), p);
	handle->len = p + HANDLE_SIGN - handle->data;
}

#ifdef DITTO_TESTS
/* Make the handle of a named stream from file ids. Context: any. */
void ditto_stream_handle_sign(const struct ditto_server *srv, u64 tag,
			      const struct ditto_fid *base, const struct ditto_fid *stream,
			      struct ditto_stream_handle *handle)
{
	struct ditto_handle own;

	ditto_handle_sign(srv, tag, base, &own);
	stream_handle_finish(srv, &own, stream, handle);
}
#endif

/**
 * ditto_handle_of_stream - make the handle of a named stream
 * @share: see ditto_handle_encode()
 * @base: the file of the stream, held
 * @stream: dentry of the stream
 * @handle: filled
 *
 * Return: see ditto_handle_encode().
 */
int ditto_handle_of_stream(struct ditto_share *share, struct ditto_node *base,
			   struct dentry *stream, struct ditto_stream_handle *handle)
{
	struct ditto_handle own;
	struct ditto_fid fid;
	int err;

	err = ditto_handle_of_node(share, base, &own) ?: ditto_fid_encode(stream, false, &fid);
	if (!err)
		stream_handle_finish(share->srv, &own, &fid, handle);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_handle_of_stream, "DITTO");

/*
 * Check the form and signature of such a handle and parse it. Context: any. Return: 0 or
 * -EBADHANDLE.
 */
int ditto_stream_handle_verify(const struct ditto_server *srv, const u8 *data, size_t len, u64 *tag,
			       struct ditto_fid *base, struct ditto_fid *stream)
{
	const siphash_key_t key = srv->handle_key;
	size_t base_len, stream_len, at;

	if (len < HANDLE_HEAD || data[0] != HANDLE_VERSION)
		return -EBADHANDLE;
	base_len = data[2] * FID_WORD;
	stream_len = data[3] * FID_WORD;
	at = HANDLE_HEAD + base_len;
	if (!stream_len || len != at + STREAM_HEAD + stream_len + HANDLE_SIGN ||
	    handle_signed(data, len) != siphash(data, len - HANDLE_SIGN, &key) ||
	    !fid_take(base, data[1], base_len, data + HANDLE_HEAD) ||
	    !fid_take(stream, get_unaligned_le32(data + at), stream_len, data + at + STREAM_HEAD))
		return -EBADHANDLE;
	*tag = get_unaligned_le64(data + 4);
	return 0;
}

/**
 * ditto_stream_handle_share - find the share of the handle of a named stream
 * @srv: the server
 * @data: handle from the wire
 * @len: length of @data
 * @base: filled for ditto_stream_handle_nodes()
 * @stream: the same
 *
 * The file system is not used.
 *
 * Context: any.
 * Return: the share, to be put; -EBADHANDLE if this server never made the handle, or for what is
 * no stream; -ESTALE if the share is gone.
 */
struct ditto_share *ditto_stream_handle_share(struct ditto_server *srv, const u8 *data,
					      size_t len, struct ditto_fid *base,
					      struct ditto_fid *stream)
{
	u64 tag;
	int err = ditto_stream_handle_verify(srv, data, len, &tag, base, stream);

	return err ? ERR_PTR(err) : ditto_share_get_by_tag(srv, tag) ?: ERR_PTR(-ESTALE);
}
EXPORT_SYMBOL_NS_GPL(ditto_stream_handle_share, "DITTO");

/**
 * ditto_stream_handle_nodes - find a named stream and its file
 * @share: the share of the handle
 * @base_fid: of ditto_stream_handle_share()
 * @stream_fid: the same
 * @base: filled with the node of the file, to be put
 * @stream: filled with the node of the stream, to be put
 *
 * Return: 0, or an errno of ditto_handle_decode() if one of them is gone.
 */
int ditto_stream_handle_nodes(struct ditto_share *share, const struct ditto_fid *base_fid,
			      const struct ditto_fid *stream_fid, struct ditto_node **base,
			      struct ditto_node **stream)
{
	struct ditto_node *file = ditto_handle_node(share, base_fid), *node;

	if (IS_ERR(file))
		return PTR_ERR(file);
	/* The file lies in the share, and so does what belongs to it. */
	node = ditto_node_get_anywhere(share, stream_fid);
	if (IS_ERR(node)) {
		ditto_node_put(file);
		return PTR_ERR(node);
	}
	*base = file;
	*stream = node;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_stream_handle_nodes, "DITTO");

/**
 * ditto_handle_share - find the share of a handle, the first half of ditto_handle_decode()
 * @srv: the server
 * @data: handle from the wire
 * @len: length of @data
 * @fid: filled for ditto_handle_node()
 * @seen: of the thread, may be replaced; or NULL
 *
 * The file system is not used.
 *
 * Context: any.
 * Return: the share, to be put; or an ERR_PTR as of ditto_handle_decode().
 */
struct ditto_share *ditto_handle_share(struct ditto_server *srv, const u8 *data, size_t len,
				       struct ditto_fid *fid, struct ditto_handle_seen *seen)
{
	struct ditto_share *share;
	u64 tag;
	int err;

	err = ditto_handle_verify(srv, data, len, &tag, fid, seen);
	if (err)
		return ERR_PTR(err);
	if (seen) {
		seen->node = NULL;
		seen->withdrawn = ditto_shares_withdrawn(srv);
	}
	share = ditto_share_get_by_tag(srv, tag);
	if (!share)
		return ERR_PTR(-ESTALE);
	if (seen)
		seen->share = share;
	return share;
}
EXPORT_SYMBOL_NS_GPL(ditto_handle_share, "DITTO");

/**
 * ditto_handle_remember - remember where a handle led to
 * @seen: of the thread, by which the handle was decoded
 * @node: result of ditto_handle_node(), held
 *
 * Context: any.
 */
void ditto_handle_remember(struct ditto_handle_seen *seen, struct ditto_node *node)
{
	/* A nested share is checked each time, see ditto_nested_is_inside(). */
	bool may = !seen->share->outer && node->inode->i_nlink;

	seen->node = may && ditto_node_remember(node, &seen->number) ? node : NULL;
}
EXPORT_SYMBOL_NS_GPL(ditto_handle_remember, "DITTO");

/**
 * ditto_handle_again - find the file of a handle if it is the last one of the thread
 * @srv: the server
 * @data: handle from the wire
 * @len: length of @data
 * @seen: of the thread
 * @share: filled with the share, to be put
 * @node: filled with the node, to be put
 *
 * Context: may sleep. The file system is used only if the file is removed in between.
 * Return: false if the handle is to be decoded.
 */
bool ditto_handle_again(const struct ditto_server *srv, const u8 *data, size_t len,
			const struct ditto_handle_seen *seen, struct ditto_share **share,
			struct ditto_node **node)
{
	bool found;

	if (!seen->node || !handle_is_seen(srv, data, len, seen))
		return false;
	rcu_read_lock();
	found = ditto_share_get_again(srv, seen->share, seen->withdrawn);
	if (found && !ditto_node_get_again(srv, seen->node, seen->number)) {
		ditto_share_put(seen->share);
		found = false;
	}
	rcu_read_unlock();
	if (!found)
		return false;
	if (unlikely(!ditto_node_is_reached(seen->share, seen->node))) {
		ditto_node_put(seen->node);
		ditto_share_put(seen->share);
		return false;
	}
	*share = seen->share;
	*node = seen->node;
	return true;
}
EXPORT_SYMBOL_NS_GPL(ditto_handle_again, "DITTO");

static struct ditto_node *handle_root(struct ditto_share *share)
{
	if (d_inode(share->root.dentry)->i_nlink)
		return ditto_node_get_root(share);
	return ERR_PTR(-ESTALE);
}

/**
 * ditto_handle_node - find the file of a handle, the second half of ditto_handle_decode()
 * @share: the share of the handle
 * @fid: of ditto_handle_share()
 *
 * Return: the node, to be put; or an ERR_PTR as of ditto_handle_decode().
 */
struct ditto_node *ditto_handle_node(struct ditto_share *share, const struct ditto_fid *fid)
{
	return fid->type == FILEID_ROOT ? handle_root(share) : ditto_node_get_by_fid(share, fid);
}
EXPORT_SYMBOL_NS_GPL(ditto_handle_node, "DITTO");

/**
 * ditto_handle_node_anywhere - find the file of a handle, also outside of the share
 * @share: the share of the handle
 * @fid: of ditto_handle_share()
 *
 * Only to release claims, see ditto_node_get_anywhere().
 *
 * Return: the node, to be put; or an ERR_PTR as of ditto_handle_decode().
 */
struct ditto_node *ditto_handle_node_anywhere(struct ditto_share *share,
					      const struct ditto_fid *fid)
{
	return fid->type == FILEID_ROOT ? handle_root(share) : ditto_node_get_anywhere(share, fid);
}
EXPORT_SYMBOL_NS_GPL(ditto_handle_node_anywhere, "DITTO");

/**
 * ditto_handle_decode - find the file of a handle
 * @srv: the server
 * @data: handle from the wire
 * @len: length of @data
 * @share: filled with the share, to be put
 * @node: filled with the node, to be put
 *
 * Return: 0; -EBADHANDLE if this server never made the handle (length, version, signature);
 * -ESTALE if share or file is gone; -ENOMEM.
 */
int ditto_handle_decode(struct ditto_server *srv, const u8 *data, size_t len,
			struct ditto_share **share, struct ditto_node **node)
{
	struct ditto_share *found;
	struct ditto_fid fid;
	struct ditto_node *n;

	found = ditto_handle_share(srv, data, len, &fid, NULL);
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
EXPORT_SYMBOL_NS_GPL(ditto_handle_decode, "DITTO");
