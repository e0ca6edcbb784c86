// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file of an OPEN by name (RFC 8881 section 18.16.3): in a directory of a share, or among
 * the named attributes of a file.
 *
 * This file only looks up or creates the file. Access check, share reservation and truncation
 * follow later.
 */
#include <linux/nfs4.h>
#include <linux/string.h>

#include "../../../node/node.h"
#include "../../../open/stream.h"
#include "../engine/fh.h"
#include "open.h"
#include "open_file.h"

/* Attempts while other callers create and remove the same name. */
#define DNFS4_TRIES	8

u32 dnfs4_decode_createhow(struct dnfs4_compound *cmp, struct dnfs4_open_file *file)
{
	const u8 *verf;

	if (xdr_stream_decode_u32(cmp->in, &file->mode))
		return NFS4ERR_BADXDR;
	switch (file->mode) {
	case NFS4_CREATE_UNCHECKED:
	case NFS4_CREATE_GUARDED:
		return dnfs4_decode_sattr(cmp, &file->sattr);
	case NFS4_CREATE_EXCLUSIVE4_1:
		if (!cmp->minor)
			return NFS4ERR_BADXDR;
		fallthrough;
	case NFS4_CREATE_EXCLUSIVE:
		verf = (const u8 *)xdr_inline_decode(cmp->in, sizeof(file->verf));
		if (!verf)
			return NFS4ERR_BADXDR;
		memcpy(file->verf, verf, sizeof(file->verf));
		return file->mode == NFS4_CREATE_EXCLUSIVE ? NFS4_OK :
							      dnfs4_decode_sattr(cmp, &file->sattr);
	}
	return NFS4ERR_BADXDR;
}

static bool dnfs4_is_exclusive(const struct dnfs4_open_file *file)
{
	return file->mode == NFS4_CREATE_EXCLUSIVE || file->mode == NFS4_CREATE_EXCLUSIVE4_1;
}

/* The directory was not changed: the attributes before equal those after. */
static void dnfs4_wcc_same(struct dnfs4_compound *cmp, struct ditto_wcc *wcc)
{
	dnfs_wcc_unchanged(&cmp->current_fh.target, wcc);
	wcc->pre_valid = wcc->post_valid;
	wcc->pre_change = wcc->post.change;
}

static int dnfs4_find_file(struct dnfs4_compound *cmp, struct dnfs4_open_file *file)
{
	int err;

	err = ditto_lookup(dnfs4_fs_op(cmp), dnfs4_node(cmp), &file->name, &file->node);
	dnfs4_wcc_same(cmp, file->wcc);
	return err;
}

/* The verifier is stored in the times of the file, until the client sets them. */
static void dnfs4_verifier_made(struct dnfs4_open_file *file)
{
	dnfs4_bitmap_set(file->attrset, FATTR4_TIME_ACCESS_SET);
	dnfs4_bitmap_set(file->attrset, FATTR4_TIME_MODIFY_SET);
}

static int dnfs4_make_file(struct dnfs4_compound *cmp, struct dnfs4_open_file *file)
{
	enum ditto_create_how how = dnfs4_is_exclusive(file) ? DITTO_CREATE_EXCLUSIVE :
							       DITTO_CREATE_GUARDED;
	struct ditto_op *op = dnfs4_fs_op(cmp);
	int err;

	err = ditto_create(op, dnfs4_node(cmp), &file->name, how, &file->sattr.set, file->verf,
			   &file->node, file->wcc);
	if (err)
		return err;
	file->made = true;
	err = dnfs4_sattr_dosattr(op, file->node, &file->sattr);
	if (err) {
		ditto_node_put(file->node);
		return err;
	}
	dnfs4_sattr_made(op, file->node, &file->sattr, file->attrset);
	if (dnfs4_is_exclusive(file))
		dnfs4_verifier_made(file);
	return 0;
}

/*
 * UNCHECKED: create the file, or find an existing one. A caller without write permission for the
 * directory may still open an existing file. Creating first needs only one directory lookup
 * for a new file.
 */
static int dnfs4_make_or_find(struct dnfs4_compound *cmp, struct dnfs4_open_file *file)
{
	int err, found = -ENOENT;

	for (int i = 0; i < DNFS4_TRIES; i++) {
		err = dnfs4_make_file(cmp, file);
		if (err != -EEXIST && err != -EACCES && err != -EROFS && err != -EPERM)
			return err;
		found = dnfs4_find_file(cmp, file);
		if (found != -ENOENT || err != -EEXIST)
			break;
	}
	return found == -ENOENT ? err : found;
}

static int dnfs4_get_file(struct dnfs4_compound *cmp, struct dnfs4_open_file *file)
{
	if (!file->create)
		return dnfs4_find_file(cmp, file);
	if (file->mode == NFS4_CREATE_UNCHECKED)
		return dnfs4_make_or_find(cmp, file);
	return dnfs4_make_file(cmp, file);
}

static int dnfs4_make_attribute(struct dnfs4_compound *cmp, struct dnfs4_open_file *file)
{
	struct ditto_op *op = dnfs4_fs_op(cmp);
	struct ditto_node *base = dnfs4_node(cmp);
	int err = ditto_permission(op, base, DITTO_MAY_WRITE_XATTRS);

	if (err)
		return err;
	if (!dnfs4_is_exclusive(file))
		return ditto_stream_open(op, base, &file->name, true, &file->node, &file->made);
	err = ditto_stream_make(op, base, &file->name, file->verf, &file->node, &file->made);
	if (!err)
		dnfs4_verifier_made(file);
	return err;
}

/* RFC 8881 section 6.2.1.3.1: a lookup requires permission to read named attributes. */
static int dnfs4_get_attribute(struct dnfs4_compound *cmp, struct dnfs4_open_file *file)
{
	struct ditto_op *op = dnfs4_fs_op(cmp);
	struct ditto_node *base = dnfs4_node(cmp);
	int err = ditto_permission(op, base, DITTO_MAY_READ_XATTRS);

	if (err)
		return err;
	err = -ENOENT;
	if (!dnfs4_is_exclusive(file))
		err = ditto_stream_open(op, base, &file->name, false, &file->node, NULL);
	if (!err && file->create && file->mode != NFS4_CREATE_UNCHECKED) {
		ditto_node_put(file->node);
		err = -EEXIST;
	}
	if (err == -ENOENT && file->create)
		err = dnfs4_make_attribute(cmp, file);
	dnfs4_wcc_same(cmp, file->wcc);
	return err;
}

/* RFC 8881 section 18.16.3: EXCLUSIVE4_1 only allows the attributes of suppattr_exclcreat. */
static u32 dnfs4_check_exclusive(const struct dnfs4_compound *cmp,
				 const struct dnfs4_open_file *file)
{
	struct dnfs4_bitmap allowed;

	if (!file->create || file->mode != NFS4_CREATE_EXCLUSIVE4_1)
		return NFS4_OK;
	dnfs4_attrs_exclcreat(cmp, &cmp->current_fh, &allowed);
	for (int i = 0; i < DNFS4_BITMAP_WORDS; i++)
		if (file->sattr.map.word[i] & ~allowed.word[i])
			return NFS4ERR_INVAL;
	return NFS4_OK;
}

u32 dnfs4_open_file_get(struct dnfs4_compound *cmp, struct dnfs4_open_file *file)
{
	u32 status;
	int err;

	/* The pseudo root contains only shares. */
	if (cmp->current_fh.kind == DNFS4_FH_PSEUDO)
		return file->create ? NFS4ERR_ROFS : NFS4ERR_NOENT;
	status = dnfs4_fh_is_dir(cmp) ?: dnfs4_check_exclusive(cmp, file) ?:
		 dnfs4_sattr_fit(cmp, &file->sattr, NULL, S_IFREG);
	if (status)
		return status;
	if (cmp->current_fh.kind == DNFS4_FH_ATTRDIR)
		err = dnfs4_get_attribute(cmp, file);
	else
		err = dnfs4_get_file(cmp, file);
	if (err)
		return dnfs4_status(cmp, err);
	status = dnfs4_check_regular(cmp, file->node);
	if (status)
		ditto_node_put(file->node);
	return status;
}
