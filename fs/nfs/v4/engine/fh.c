// SPDX-License-Identifier: GPL-2.0-only
/*
 * The current and the saved filehandle, and their wire form:
 *
 *   0  u8  1
 *   1  u8  0
 *   2  u8  6
 *   3  u8  enum dnfs4_fh_kind, bit 7 for a named attribute, and bit 6 for the root of a share
 *          that was found by its path
 *   4      struct ditto_handle, or struct ditto_stream_handle of a named attribute; for a directory
 *          on the path of a share its number, big endian; absent for the pseudo root
 *
 * The core signs the part after the first four bytes. Those four bytes grant no
 * permission.
 *
 * A client that copies to another server sends it the filehandle of the source.
 * To nfsd the first three bytes say that the UUID of a file system follows,
 * which it does not know, so that the result is NFS4ERR_STALE and the client
 * copies by itself. Linux clients pass NFS4ERR_BADHANDLE on to the program.
 */
#include <linux/string.h>
#include <linux/unaligned.h>

#include "../../../../lockd/owner.h"
#include "../../../share/handle.h"
#include "../../../node/node.h"
#include "../../../share/share.h"
#include "../../rpc/worker.h"
#include "../session/client.h"
#include "fh.h"

#define FH_VERSION	1
#define FH_AUTH		0
#define FH_FSID_UUID16	6
#define FH_NAMED	BIT(7)
#define FH_BY_PATH	BIT(6)
#define FH_HEAD		4

/* Drop a filehandle's references and clear it. */
void dnfs4_fh_put(struct dnfs4_fh *fh)
{
	struct dnfs_target *target = &fh->target;

	if (fh->kind >= DNFS4_FH_NODE) {
		if (target->op.cred)
			ditto_cred_put(target->op.cred);
		if (unlikely(fh->named))
			ditto_node_put(target->op.stream_of);
		ditto_node_put(target->node);
		if (likely(target->op.share))
			ditto_share_put(target->op.share);
	}
	dnfs4_fh_clear(fh);
}

/*
 * Copy a filehandle (SAVEFH, RESTOREFH). @fh: overwritten; its references are dropped; @from:
 * unchanged; the copy takes references of its own and has no actor.
 */
void dnfs4_fh_copy(struct dnfs4_fh *fh, const struct dnfs4_fh *from)
{
	struct dnfs4_fh old = *fh;

	if (from->kind >= DNFS4_FH_NODE) {
		percpu_ref_get(&from->target.op.share->ref);
		ditto_node_hold(from->target.node);
		if (unlikely(from->named))
			ditto_node_hold(from->target.op.stream_of);
		if (from->target.op.cred)
			refcount_inc(&from->target.op.cred->ref);
	}
	*fh = *from;
	fh->target.op.actor = NULL;
	dnfs4_fh_put(&old);
}

/* Takes over an earlier access check if @fh is of the same share. */
static bool fh_is_admitted(const struct dnfs4_fh *fh, const struct ditto_share *share,
			   struct ditto_op *op)
{
	if (fh->kind < DNFS4_FH_NODE || fh->target.op.share != share || !fh->target.op.cred)
		return false;
	*op = fh->target.op;
	op->actor = NULL;
	op->stream_of = NULL;
	op->unopened = NULL;
	refcount_inc(&op->cred->ref);
	return true;
}

/* Return: 0 or an errno. @op->cred is NULL if the flavour is not accepted. */
static int fh_admit(struct dnfs4_compound *cmp, struct ditto_share *share, struct ditto_op *op)
{
	struct dnfs_call *call = cmp->call;
	int err;

	if (fh_is_admitted(&cmp->current_fh, share, op) ||
	    fh_is_admitted(&cmp->saved_fh, share, op))
		return 0;
	err = dnfs_admit(call, share, false, op);
	if (!call->too_weak &&
	    (err != -EACCES || cmp->opnum != OP_PUTFH || !dnfs4_next_frees(cmp)))
		return err;
	call->too_weak = false;
	*op = (struct ditto_op) { .srv = call->srv, .share = share };
	return 0;
}

/*
 * Make a file of a share the current filehandle. @share: the share; the reference is consumed, also
 * after an error; @node: the file; the reference is consumed, also after an error; NULL for the
 * share's root; @base: if @node is a named attribute, its file, treated likewise; else NULL. The
 * caller's access to the share is checked once per COMPOUND as long as the current or the saved
 * filehandle is of that share. A flavour that the share does not accept is not an error yet: see
 * dnfs4_fh_is_weak(). Invalidates the current stateid. Return: NFS4_OK or a status.
 */
u32 dnfs4_fh_enter(struct dnfs4_compound *cmp, enum dnfs4_fh_kind kind,
		   struct ditto_share *share, struct ditto_node *node,
		   struct ditto_node *base)
{
	struct ditto_op admitted __uninitialized, *op = &admitted;
	struct dnfs4_fh *fh = &cmp->current_fh;
	int err;

	/* Mostly it is the first one, and nothing is to be kept until the caller is admitted. */
	if (fh->kind == DNFS4_FH_NONE)
		op = &fh->target.op;
	err = dnfs_worker_enter(cmp->call, share) ?: fh_admit(cmp, share, op);
	if (!err && !node) {
		node = ditto_node_get_root(share);
		if (IS_ERR(node)) {
			err = PTR_ERR(node);
			node = NULL;
			if (op->cred)
				ditto_cred_put(op->cred);
		}
	}
	if (err) {
		if (node)
			ditto_node_put(node);
		if (base)
			ditto_node_put(base);
		ditto_share_put(share);
		if (op != &admitted)
			dnfs4_fh_clear(fh);
		return dnfs4_status(cmp, err);
	}

	if (op == &admitted) {
		dnfs4_fh_put(fh);
		fh->target.op = admitted;
	}
	/* The actor is filled where target.op.actor points to it. */
	fh->kind = kind;
	fh->target.op.stream_of = base;
	fh->target.op.unopened = base ? node : NULL;
	fh->target.node = node;
	fh->named = base;
	fh->path_id = 0;
	cmp->stateid_set = false;
	return NFS4_OK;
}

/* Make the pseudo root the current filehandle. */
void dnfs4_fh_enter_pseudo(struct dnfs4_compound *cmp, u64 id)
{
	dnfs4_fh_put(&cmp->current_fh);
	cmp->current_fh = (struct dnfs4_fh) { .kind = DNFS4_FH_PSEUDO, .path_id = id };
	cmp->stateid_set = false;
}

/*
 * Make a node of the same share the current filehandle. @node: the new node; the reference is
 * consumed. Share and credential stay. Invalidates the current stateid.
 */
void dnfs4_fh_set(struct dnfs4_compound *cmp, struct ditto_node *node, bool named)
{
	struct dnfs4_fh *fh = &cmp->current_fh;

	if (named && !fh->named)
		fh->target.op.stream_of = fh->target.node;
	else
		ditto_node_put(fh->target.node);
	fh->target.op.unopened = named ? node : NULL;
	fh->target.node = node;
	fh->kind = DNFS4_FH_NODE;
	fh->named = named;
	fh->path_id = 0;
	cmp->stateid_set = false;
}

/*
 * Identify the client to the lock table. Fills @fh->target.actor with the lock table's client and
 * its lease owner, so that the client's own delegations do not conflict with its operations, and
 * points target.op.actor to it. Without a client target.op.actor becomes NULL. The engine calls it
 * before each operation that needs the filehandle.
 */
void dnfs4_fh_actor(struct dnfs4_compound *cmp, struct dnfs4_fh *fh)
{
	struct dnfs_target *target = &fh->target;

	if (!cmp->client) {
		target->op.actor = NULL;
		return;
	}
	target->actor = (struct ditto_actor) {
		.client = &cmp->client->client,
		.lease_owner = cmp->client->lease_owner,
	};
	target->op.actor = &target->actor;
}

/*
 * Check that names can be looked up in the current filehandle. Return: NFS4_OK, also for the pseudo
 * root and named attribute directories; NFS4ERR_SYMLINK; NFS4ERR_NOTDIR.
 */
u32 dnfs4_fh_is_dir(const struct dnfs4_compound *cmp)
{
	const struct dnfs4_fh *fh = &cmp->current_fh;
	umode_t mode;

	if (fh->kind != DNFS4_FH_NODE)
		return NFS4_OK;
	mode = fh->target.node->inode->i_mode;
	if (S_ISDIR(mode))
		return NFS4_OK;
	return S_ISLNK(mode) ? NFS4ERR_SYMLINK : NFS4ERR_NOTDIR;
}

/*
 * Check for the root of a share. Its parent is the pseudo root, whatever its parent directory is.
 * Context: any. Return: true if it is the root of a share.
 */
bool dnfs4_fh_is_share_root(const struct dnfs4_fh *fh)
{
	return fh->kind == DNFS4_FH_NODE && !fh->target.op.share->outer &&
	       fh->target.node->inode == d_inode(fh->target.op.share->root.dentry);
}

static void encode_head(u8 *data, enum dnfs4_fh_kind kind, bool named)
{
	data[0] = FH_VERSION;
	data[1] = FH_AUTH;
	data[2] = FH_FSID_UUID16;
	data[3] = kind | (named ? FH_NAMED : 0);
}

/* Encode what follows the head. @len: filled with the bytes of both. */
static void encode_tail(u8 *data, const u8 *handle, u32 handle_len, u32 *len)
{
	ditto_handle_copy(data + FH_HEAD, handle, handle_len);
	*len = FH_HEAD + handle_len;
}

/* The same for a named attribute. */
static int encode_stream(struct ditto_share *share, struct ditto_node *base,
			 struct dentry *stream, u8 *data, u32 *len)
{
	struct ditto_stream_handle handle;
	int err;

	err = ditto_handle_of_stream(share, base, stream, &handle);
	if (err)
		return err;
	memcpy(data + FH_HEAD, handle.data, handle.len);
	*len = FH_HEAD + handle.len;
	return 0;
}

/*
 * Build the wire form of a filehandle. @len: filled: bytes of @data. Return: 0 or an errno of
 * ditto_handle_encode().
 */
int dnfs4_fh_encode(const struct dnfs4_fh *fh, u8 data[DNFS4_FH_MAX], u32 *len)
{
	struct ditto_handle handle;
	struct dentry *stream;
	int err;

	encode_head(data, fh->kind, fh->named);
	*len = FH_HEAD;
	if (fh->kind < DNFS4_FH_NODE) {
		if (fh->path_id) {
			put_unaligned_be64(fh->path_id, data + FH_HEAD);
			*len += sizeof(u64);
		}
		return 0;
	}
	if (unlikely(fh->path_id) && fh->kind == DNFS4_FH_NODE)
		data[3] |= FH_BY_PATH;
	if (unlikely(fh->named)) {
		stream = ditto_node_dentry(fh->target.node);
		err = encode_stream(fh->target.op.share, fh->target.op.stream_of, stream, data,
				    len);
		dput(stream);
		return err;
	}
	err = ditto_handle_of_node(fh->target.op.share, fh->target.node, &handle);
	if (err)
		return err;
	encode_tail(data, handle.data, handle.len, len);
	return 0;
}

/*
 * Build the wire form of a directory entry's filehandle. @len: filled: bytes of @data. Creates no
 * node for the entry. Return: 0 or an errno of ditto_handle_encode().
 */
int dnfs4_fh_encode_entry(const struct dnfs4_fh *dir, const struct ditto_dirent *entry,
			  u8 data[DNFS4_FH_MAX], u32 *len, struct ditto_handle_memo *memo)
{
	bool named = dir->kind == DNFS4_FH_ATTRDIR;
	struct ditto_handle room;
	const u8 *handle;
	u32 handle_len;

	encode_head(data, DNFS4_FH_NODE, named);
	if (unlikely(named))
		return encode_stream(dir->target.op.share, dir->target.node, entry->dentry, data,
				     len);
	handle = ditto_handle_of_entry(dir->target.op.share, dir->target.node, entry, &room, memo,
				       &handle_len);
	if (!handle)
		return -EOPNOTSUPP;
	encode_tail(data, handle, handle_len, len);
	return 0;
}

/* Decodes the first four bytes of a wire filehandle. Return: false if they are not valid. */
static bool get_head(const u8 *data, u32 len, enum dnfs4_fh_kind *kind, bool *named, bool *by_path)
{
	if (len < FH_HEAD || data[0] != FH_VERSION || data[1] != FH_AUTH ||
	    data[2] != FH_FSID_UUID16)
		return false;
	*kind = data[3] & ~(FH_NAMED | FH_BY_PATH);
	*named = data[3] & FH_NAMED;
	*by_path = data[3] & FH_BY_PATH;
	switch (*kind) {
	case DNFS4_FH_PSEUDO:
		return (len == FH_HEAD || len == FH_HEAD + sizeof(u64)) && !*named && !*by_path;
	case DNFS4_FH_NODE:
		return !(*named && *by_path);
	case DNFS4_FH_ATTRDIR:
		return !*named && !*by_path;
	case DNFS4_FH_NONE:
		break;
	}
	return false;
}

/*
 * Find share and node of a wire filehandle outside of a COMPOUND. @len: bytes of @data. No access
 * check is made. Named attributes are not found. Return: 0; -EBADHANDLE; an errno of
 * ditto_handle_decode().
 */
int dnfs4_fh_find(struct ditto_server *srv, const u8 *data, u32 len, struct dnfs4_fh *fh)
{
	enum dnfs4_fh_kind kind;
	struct ditto_share *share;
	struct ditto_node *node;
	bool named, by_path;
	int err;

	if (!get_head(data, len, &kind, &named, &by_path) || kind < DNFS4_FH_NODE || named)
		return -EBADHANDLE;
	err = ditto_handle_decode(srv, data + FH_HEAD, len - FH_HEAD, &share, &node);
	if (err)
		return err;
	*fh = (struct dnfs4_fh) {
		.kind = kind,
		.target = { .op = { .srv = srv, .share = share }, .node = node },
	};
	return 0;
}

/*
 * Make the file of a wire filehandle the current one (PUTFH). @len: bytes of @data. Return:
 * NFS4_OK; NFS4ERR_BADHANDLE; NFS4ERR_STALE; others of dnfs4_fh_enter().
 */
u32 dnfs4_fh_decode(struct dnfs4_compound *cmp, const u8 *data, u32 len)
{
	enum dnfs4_fh_kind kind;
	struct ditto_share *share;
	struct ditto_node *node, *base = NULL;
	bool named, by_path;
	u32 status;
	int err;

	if (!get_head(data, len, &kind, &named, &by_path))
		return NFS4ERR_BADHANDLE;
	data += FH_HEAD;
	len -= FH_HEAD;
	if (kind == DNFS4_FH_PSEUDO) {
		if (len)
			return dnfs4_path_enter(cmp, get_unaligned_be64(data));
		dnfs4_fh_enter_pseudo(cmp, 0);
		return NFS4_OK;
	}
	err = unlikely(named) ?
	      dnfs_stream_handle_decode(cmp->call, data, len, &share, &base, &node) :
	      dnfs_handle_decode(cmp->call, data, len, &share, &node);
	if (err)
		return dnfs4_status(cmp, err);
	status = dnfs4_fh_enter(cmp, kind, share, node, base);
	if (likely(status || !by_path))
		return status;
	if (!dnfs4_fh_is_share_root(&cmp->current_fh))
		return NFS4ERR_BADHANDLE;
	cmp->current_fh.path_id = dnfs4_path_id(cmp, cmp->current_fh.target.op.share);
	return NFS4_OK;
}
