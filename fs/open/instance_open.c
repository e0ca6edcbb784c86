// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening by path, by name in a directory, or by node; existing files and new ones.
 *
 * An existing file is checked for, in this order: file type, rights, DOS attributes. Then it is
 * claimed, which checks the share reservations of others and breaks caching grants, and only then
 * is it truncated. A new file is created first, because only then there is a node to claim; if the
 * claim fails, it is removed again.
 *
 * Caching grants are not made here: a protocol grants them when its own object that the break will
 * be sent to exists and the file is ready.
 */

#include <linux/dcache.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/slab.h>

#include "../../lockd/grace.h"
#include "../../lockd/open.h"
#include "../../net/helper/token.h"
#include "../op/check/audit.h"
#include "../op/check/worm.h"
#include "../op/name_private.h"
#include "../op/scan.h"
#include "../op/space.h"
#include "instance_private.h"
#include "stream.h"

/* Attempts to open a name that others create and remove concurrently. */
#define DITTO_OPENS_MAX		8

/* Start over; never leaves this file. */
#define DITTO_AGAIN		(-ERESTART)

/* Effects of a disposition on an existing and on a missing file. */
static const struct {
	bool exists;	/* opened if it exists */
	bool creates;	/* created if it is missing */
	bool empties;	/* truncated if it exists */
	enum ditto_open_action action;	/* result if it existed */
} dispositions[] = {
	[DITTO_OPEN_SUPERSEDE] = { true, true, true, DITTO_WAS_SUPERSEDED },
	[DITTO_OPEN_EXISTING] = { true, false, false, DITTO_WAS_OPENED },
	[DITTO_OPEN_CREATE] = { false, true, false, DITTO_WAS_CREATED },
	[DITTO_OPEN_OR_CREATE] = { true, true, false, DITTO_WAS_OPENED },
	[DITTO_OPEN_OVERWRITE] = { true, false, true, DITTO_WAS_OVERWRITTEN },
	[DITTO_OPEN_OVERWRITE_OR_CREATE] = { true, true, true, DITTO_WAS_OVERWRITTEN },
};

/**
 * struct opening - an open in progress
 * @op: the caller; without granted rights
 * @req: parameters of the open
 * @res: results
 * @parent: directory of the name, NULL at the root of the share; held unless it is @req->parent
 * @base: the file, NULL while it is missing; held unless it is @req->node
 * @node: file or stream to open, or NULL while it is not known; held unless it is @base
 * @dentry: name of @base, held; or NULL
 * @named: @base is opened by this name
 * @stream: a stream of @base is opened
 * @rights: granted rights
 * @committed: rights that nobody has, as the file is committed
 * @empties: the file is truncated
 * @made: @base was created by this open
 * @fresh: @node was created by this open
 * @created: the same, or by an earlier transmission of the request with the same verifier
 * @known: @req->found was called, so the open cannot start over
 */
struct opening {
	struct ditto_op op;
	const struct ditto_open_request *req;
	struct ditto_opened *res;
	struct ditto_node *parent;
	struct ditto_node *base;
	struct ditto_node *node;
	struct dentry *dentry;
	bool named;
	bool stream;
	u32 rights;
	u32 committed;
	bool empties;
	bool made;
	bool fresh;
	bool created;
	bool known;
};

static int opening_begin(struct opening *o, struct ditto_op *op,
			 const struct ditto_open_request *req, struct ditto_opened *res)
{
	/* One by one: to clear all before would cost more than all of this. */
	o->op = *op;
	o->req = req;
	o->res = res;
	o->parent = NULL;
	o->base = NULL;
	o->node = NULL;
	o->dentry = NULL;
	o->named = false;
	o->stream = req->stream || req->stream_node;
	o->rights = 0;
	o->committed = 0;
	o->empties = false;
	o->made = false;
	o->fresh = false;
	o->created = false;
	o->known = false;
	o->op.granted = 0;
	o->op.held = 0;
	o->op.unstable |= !(req->flags & DITTO_OPENF_STABLE);
	o->op.casefold = !req->parent && !(req->flags & DITTO_OPENF_ONLY_EXACT);
	res->inst = NULL;
	if ((req->rights & ~DITTO_RIGHTS_ALL) & ~ditto_rights_by_privilege(op) &&
	    !(req->flags & DITTO_OPENF_GRANTED))
		return -EACCES;
	if (!(req->flags & DITTO_OPENF_BACKUP) || !(op->cred->privileges & DITTO_TOKEN_RESTORE))
		return 0;
	o->op.cred = ditto_cred_backup(op->cred);
	return o->op.cred ? 0 : -ENOMEM;
}

/* Another client that has found the new stream keeps it. */
static void opening_unmake_stream(struct opening *o)
{
	struct dentry *dentry = ditto_node_dentry(o->node);

	o->op.stream_of = o->base;
	ditto_instance_unmake(&o->op, o->node, dentry, true);
	dput(dentry);
}

/* Undo what a failed open has done, and drop the references. Return: the error for the caller. */
static int opening_end(struct opening *o, int err)
{
	const struct ditto_open_request *req = o->req;

	/*
	 * Another client found the new file first and has it open, so it is kept and opened as an
	 * existing one.
	 */
	if (err == -ETXTBSY && o->made && !o->known)
		err = DITTO_AGAIN;
	else if (err < 0 && err != -ETXTBSY && o->made)
		ditto_instance_unmake(&o->op, o->base, o->dentry, false);
	else if (err < 0 && o->fresh && !o->made)
		opening_unmake_stream(o);
	/* The walk has found the file, so the path is not the reason. */
	if (err == -ENOTDIR && (o->base || o->parent))
		o->res->walk_passed = req->path_len;
	if (o->node && o->node != o->base)
		ditto_node_put(o->node);
	if (o->base && o->base != req->node)
		ditto_node_put(o->base);
	if (o->parent && o->parent != req->parent)
		ditto_node_put(o->parent);
	dput(o->dentry);
	return err == DITTO_AGAIN && (o->known || req->node) ? -ESTALE : err;
}

/* Checks */

static bool opening_stops(const struct opening *o)
{
	return S_ISLNK(o->base->inode->i_mode) && !(o->req->flags & DITTO_OPENF_FOLLOW_NOT);
}

static int opening_check_kind(const struct opening *o)
{
	umode_t mode = o->base->inode->i_mode;
	u32 flags = o->req->flags;

	/* Devices and FIFOs are meant for the client; opening them on the server yields nothing. */
	if (!S_ISREG(mode) && !S_ISDIR(mode) && !(flags & DITTO_OPENF_FOLLOW_NOT))
		return -ENXIO;
	if (flags & DITTO_OPENF_DIRECTORY && (o->stream || !S_ISDIR(mode)))
		return -ENOTDIR;
	if (!S_ISDIR(mode) || o->stream)
		return 0;
	return (flags & DITTO_OPENF_FILE) || o->empties ? -EISDIR : 0;
}

/*
 * Get the rights that DITTO_OPENF_OWNER grants to a file's owner. Context: any. Return:
 * DITTO_RIGHT_* bits; 0 if the caller is not the owner.
 */
u32 ditto_open_owner_rights(const struct ditto_op *op, const struct ditto_node *base)
{
	struct inode *inode = base->inode;
	struct mnt_idmap *idmap = ditto_idmap(op->share);

	if (!vfsuid_eq_kuid(i_uid_into_vfsuid(idmap, inode), op->cred->cred->fsuid))
		return 0;
	if (!op->writable || __mnt_is_readonly(op->share->root.mnt) || IS_APPEND(inode) ||
	    IS_IMMUTABLE(inode))
		return DITTO_RIGHT_READ_DATA;
	return DITTO_RIGHT_READ_DATA | DITTO_RIGHTS_WRITE;
}

/* Decide what an existing file is opened for. */
static int opening_decide_rights(struct opening *o)
{
	const struct ditto_open_request *req = o->req;
	bool owner = o->created || (req->flags & DITTO_OPENF_OWNER);
	u32 need = req->rights | (o->empties ? DITTO_RIGHT_WRITE_DATA : 0);
	u32 want = need | (o->stream ? DITTO_RIGHT_WRITE_DATA : 0);
	u32 have = 0, missing;
	int err;

	if (req->flags & DITTO_OPENF_GRANTED) {
		o->rights = req->rights;
		return 0;
	}
	if (req->flags & DITTO_OPENF_MAXIMUM)
		want = DITTO_RIGHTS_ALL;
	if (req->flags & DITTO_OPENF_XATTRS)
		want |= DITTO_RIGHT_READ_XATTRS | DITTO_RIGHT_WRITE_XATTRS;
	err = ditto_rights_among(&o->op, o->base, o->parent, want, &have);
	if (err)
		return err;
	if (req->flags & DITTO_OPENF_XATTRS)
		have = ditto_rights_by_xattrs(have);
	/* The name of a stream is not in the file's directory, but its data belongs to the file. */
	if (o->stream && (have & DITTO_RIGHT_WRITE_DATA))
		have |= DITTO_RIGHT_DELETE;
	if ((need & ~have) && owner)
		have |= ditto_open_owner_rights(&o->op, o->base);
	missing = need & ~have;
	o->rights = req->rights | (req->flags & DITTO_OPENF_MAXIMUM ? have : 0);
	if (missing == DITTO_RIGHT_READ_DATA && (req->flags & DITTO_OPENF_EXECUTE_READS)) {
		err = ditto_rights_among(&o->op, o->base, o->parent, DITTO_RIGHT_EXECUTE, &have);
		if (err || !(have & DITTO_RIGHT_EXECUTE))
			return err ?: -EACCES;
		o->rights ^= DITTO_RIGHT_READ_DATA | DITTO_RIGHT_EXECUTE;
		return 0;
	}
	return missing ? ditto_rights_refusal(&o->op, o->base, have, missing) : 0;
}

/* Rights that an open for as much as possible does not get to a read-only file. */
#define READONLY_LOSES	(DITTO_RIGHTS_WRITE | DITTO_RIGHT_DELETE_CHILD)

/* Check the DOS attributes of an existing file (MS-FSA section 2.1.5.1.2.1). */
static int opening_check_flags(struct opening *o)
{
	const struct ditto_open_request *req = o->req;
	bool closes = req->flags & DITTO_OPENF_DELETE_ON_CLOSE;
	bool is_dir = S_ISDIR(o->base->inode->i_mode);
	u32 flags, kept;

	if (req->flags & DITTO_OPENF_GRANTED ||
	    (!(o->rights & READONLY_LOSES) && !o->empties && !closes))
		return 0;
	flags = ditto_node_flags(&o->op, o->base);
	if ((flags & DITTO_FLAG_READONLY) && !(req->flags & DITTO_OPENF_MODE_ONLY)) {
		if (closes)
			return -EPERM;
		if (!is_dir && (o->empties || (req->rights & DITTO_RIGHTS_WRITE)))
			return -EACCES;
		if (!is_dir)
			o->rights &= ~READONLY_LOSES | req->rights;
	}
	if (!o->empties || o->stream)
		return 0;
	kept = flags & (DITTO_FLAG_HIDDEN | DITTO_FLAG_SYSTEM);
	if (req->dosattr.valid & DITTO_DOSATTR_FLAGS)
		kept &= ~req->dosattr.flags;
	return kept ? -EACCES : 0;
}

/* Rights that nobody has to a committed file: all but those to set its times, and to remove it. */
#define COMMITTED_LOSES \
	(DITTO_RIGHTS_CHANGE & ~(DITTO_RIGHT_DELETE | DITTO_RIGHT_WRITE_ATTRS))

/*
 * A committed file is opened for reading, for its times, by which it may be kept longer, and after
 * its retention for its removal. Nothing is committed by who had the file open before a restart.
 * An open for as much as possible gets less if it cannot be known now.
 */
static int opening_check_worm(struct opening *o)
{
	const struct ditto_open_request *req = o->req;
	u32 want = req->rights | (o->empties ? DITTO_RIGHT_WRITE_DATA : 0);
	bool most = req->flags & DITTO_OPENF_MAXIMUM;
	u32 how;
	int err;

	if (likely(!READ_ONCE(o->op.share->volume->worm)) || !S_ISREG(o->base->inode->i_mode))
		return 0;
	how = req->reclaim || req->flags & DITTO_OPENF_GRANTED ? DITTO_WORM_RECORDED : 0;
	if (want & COMMITTED_LOSES) {
		err = ditto_worm_check_slow(&o->op, o->base, DITTO_INTENT_WRITE, how);
		if (err)
			return err;
	} else if (most && ditto_worm_query(&o->op, o->base, DITTO_INTENT_WRITE, how)) {
		o->committed = COMMITTED_LOSES;
	}
	if (want & DITTO_RIGHT_DELETE)
		return ditto_worm_check_slow(&o->op, o->base, DITTO_INTENT_REMOVE, how);
	if (most && ditto_worm_query(&o->op, o->base, DITTO_INTENT_REMOVE, how))
		o->committed |= DITTO_RIGHT_DELETE;
	return 0;
}

/* The file may have been committed before the claim was there, see worm_commit(). */
static int opening_check_claimed(const struct opening *o)
{
	if (o->made || !(o->rights & COMMITTED_LOSES || o->empties))
		return 0;
	return ditto_worm_recheck(&o->op, o->base);
}

/* The rights that a refused open asked for. */
static u32 opening_wanted(const struct opening *o)
{
	const struct ditto_open_request *req = o->req;

	return req->rights | (o->empties ? DITTO_RIGHT_WRITE_DATA : 0) |
	       (req->flags & DITTO_OPENF_MAXIMUM && !req->rights ? DITTO_RIGHTS_ALL : 0);
}

/* The file exists: check everything that does not depend on the opens of others. */
static int opening_check(struct opening *o)
{
	const struct ditto_open_request *req = o->req;
	int err;

	/* A link stops the walk before the file is decided about (MS-FSA section 2.1.5.1). */
	if (opening_stops(o))
		return -ELOOP;
	if (!o->stream && !o->created && !dispositions[req->how].exists)
		return -EEXIST;
	o->empties = dispositions[req->how].empties;
	err = opening_check_kind(o);
	if (err)
		return err;
	err = opening_check_worm(o) ?: opening_decide_rights(o);
	o->rights &= ~o->committed;
	err = err ?: opening_check_flags(o);
	/* What was open before a restart is checked when it is read. */
	if (!err && ditto_access_of(o->rights) & DITTO_OPEN_READ && !o->empties && !o->stream &&
	    !req->reclaim && !(req->flags & DITTO_OPENF_GRANTED))
		err = ditto_scan_check(&o->op, o->base);
	if (err == -EACCES || err == -EROFS)
		ditto_audit(&o->op, o->base, DITTO_AUDIT_OPEN, opening_wanted(o), false);
	if (err || !(req->flags & DITTO_OPENF_DELETE_ON_CLOSE))
		return err;
	if (!o->parent && !o->stream)
		return -EPERM;
	return o->rights & DITTO_RIGHT_DELETE ? 0 : -EACCES;
}

/* Claim */

/*
 * Get the access bits of an OPEN claim. Context: any. Return: DITTO_OPEN_* bits; 0 for attribute
 * rights only.
 */
u8 ditto_access_of(u32 rights)
{
	u8 access = 0;

	if (rights & (DITTO_RIGHT_READ_DATA | DITTO_RIGHT_EXECUTE))
		access |= DITTO_OPEN_READ;
	if (rights & DITTO_RIGHTS_WRITE)
		access |= DITTO_OPEN_WRITE;
	if (rights & DITTO_RIGHT_DELETE)
		access |= DITTO_OPEN_DELETE;
	return access;
}

/*
 * Accesses that break caching grants although share reservations do not apply to them (MS-FSA
 * section 2.1.5.1.2).
 */
static u8 opening_claim_intent(const struct opening *o)
{
	static const u32 looks = DITTO_RIGHT_READ_ATTRS | DITTO_RIGHT_WRITE_ATTRS |
				 DITTO_RIGHT_READ_ACL | DITTO_RIGHT_SYNCHRONIZE;
	u8 intent = 0;

	if (o->empties && !o->fresh)
		intent |= DITTO_OPEN_EMPTY;
	if (o->req->flags & DITTO_OPENF_DELETE_ON_CLOSE)
		intent |= DITTO_OPEN_REMOVE;
	if (o->rights & ~looks)
		intent |= DITTO_OPEN_OTHER;
	if (o->rights & DITTO_RIGHT_READ_ACL)
		intent |= DITTO_OPEN_ACL;
	return intent;
}

/*
 * Convert an error of the lock table for an OPEN claim. @err: a negative errno of the lock table.
 * Context: any. Return: -ETXTBSY for a conflict, -EJUKEBOX for a break or grace, otherwise @err.
 */
int ditto_open_error(long err)
{
	switch (err) {
	case -EAGAIN:
		return -ETXTBSY;
	case -EBUSY:
	case -EPERM:	/* grace period: retry */
		return -EJUKEBOX;
	}
	return err;
}

static struct ditto_instance *opening_claim(struct opening *o)
{
	const struct ditto_open_request *req = o->req;
	u8 access = ditto_access_of(o->rights);
	struct ditto_actor actor = *o->op.actor;
	struct ditto_instance *inst = ditto_instance_alloc();
	int err;

	if (!inst)
		return ERR_PTR(-ENOMEM);
	actor.share = o->op.share->number;
	/* An open with attribute rights only conflicts with none and denies nothing. */
	err = ditto_open_claim_in(&inst->open, &o->node->point, &actor,
				  access | opening_claim_intent(o), access ? req->deny : 0,
				  req->reclaim, o->op.park, o->op.conflict);
	if (err == -EBUSY)
		ditto_op_await(&o->op, o->node);
	if (err) {
		err = ditto_open_error(err);
		goto free;
	}
	inst->exact = req->flags & DITTO_OPENF_ONLY_EXACT;
	inst->mode_only = req->flags & DITTO_OPENF_MODE_ONLY;
	inst->by_xattrs = req->flags & DITTO_OPENF_XATTRS;
	err = ditto_instance_enter(inst, &o->op, o->node, o->base, o->dentry, o->named, o->rights);
	if (err) {
		ditto_open_end(&inst->open);
		/* The file lost its last name in between. */
		if (err == -ESTALE)
			err = DITTO_AGAIN;
		goto free;
	}
	return inst;

free:
	ditto_instance_free(inst);
	return ERR_PTR(err);
}

/* Changes */

/*
 * Set DOS attributes and preallocate for a new or truncated file; ignore what the file system
 * does not support.
 */
static int opening_set_attrs(struct opening *o)
{
	const struct ditto_open_request *req = o->req;
	int err = 0;

	o->op.fresh = o->fresh;
	if (req->dosattr.valid && !o->stream)
		err = ditto_dosattr_set(&o->op, o->base, &req->dosattr);
	if (err == -EOPNOTSUPP)
		err = 0;
	if (!err && req->size && S_ISREG(o->node->inode->i_mode))
		err = ditto_allocate(&o->op, o->node, DITTO_SPACE_RESERVE_KEEP, 0, req->size);
	/* Truncation ignores byte-range locks of others, and these keep their bytes. */
	return err == -EOPNOTSUPP || err == -EAGAIN ? 0 : err;
}

/*
 * Break the VFS lease of a local process at open, as an open through the VFS would. Reads and
 * writes wait for the break.
 */
static void opening_tell_local(const struct opening *o)
{
	struct inode *inode = o->node->inode;
	const struct file_lock_context *ctx = locks_inode_context(inode);
	u8 access = ditto_access_of(o->rights) & (DITTO_OPEN_READ | DITTO_OPEN_WRITE);
	const struct cred *old;

	if (likely(!ctx || list_empty_careful(&ctx->flc_lease)) || !access)
		return;
	old = ditto_op_enter(&o->op);
	break_lease(inode, (access & DITTO_OPEN_WRITE ? O_WRONLY : O_RDONLY) | O_NONBLOCK);
	ditto_op_leave(old);
}

/* Creation */

/* Create nothing for a caller that could not open it because of the grace period. */
static int opening_check_grace(const struct opening *o)
{
	int err = ditto_grace_check(o->op.actor->owner->client, DITTO_CLAIM_OPEN,
				    o->req->reclaim);

	return err ? ditto_open_error(err) : 0;
}

/* Create the file. */
static int opening_create(struct opening *o, const struct ditto_name *name)
{
	const struct ditto_open_request *req = o->req;
	const struct ditto_create_args args = {
		.type = (req->flags & DITTO_OPENF_DIRECTORY) && !o->stream ? S_IFDIR : S_IFREG,
		.how = req->verf ? DITTO_CREATE_EXCLUSIVE : DITTO_CREATE_GUARDED,
		.verf = req->verf,
		.set = req->set,
	};
	u32 rights = req->rights;
	int err;

	/* The creator gets the requested rights regardless of the mode, as with open(2). */
	if (req->flags & DITTO_OPENF_MAXIMUM)
		rights |= DITTO_RIGHTS_ALL;
	if (req->flags & DITTO_OPENF_DELETE_ON_CLOSE) {
		if ((req->dosattr.valid & DITTO_DOSATTR_FLAGS) &&
		    (req->dosattr.flags & DITTO_FLAG_READONLY))
			return -EPERM;
		if (!(rights & DITTO_RIGHT_DELETE))
			return -EACCES;
	}
	err = opening_check_grace(o);
	if (err)
		return err;
	/* An entry that is added by other means than a path only prevents the deletion. */
	if (!req->parent && ditto_delete_is_pending(o->parent))
		return -EKEYREVOKED;
	err = ditto_create_entry(&o->op, o->parent, name, &args, &o->base, &o->made,
				 &o->res->wcc);
	if (err)
		return err;
	o->created = true;
	o->rights = rights;
	o->fresh = o->made && !o->stream;
	return 0;
}

/* Find or create the stream. */
static int opening_stream(struct opening *o)
{
	const struct ditto_open_request *req = o->req;
	const struct ditto_name name = { .name = req->stream, .len = req->stream_len };
	u32 have = 0;
	int err = -ENOENT;

	if (req->stream_node) {
		ditto_node_hold(req->stream_node);
		o->node = req->stream_node;
		return 0;
	}
	if (!req->verf)
		err = ditto_stream_open(&o->op, o->base, &name, false, &o->node, NULL);
	if (!err && i_size_read(o->node->inode) < req->stream_least) {
		if (dispositions[req->how].creates)
			return 0;
		ditto_node_put(o->node);
		o->node = NULL;
		return -ENOENT;
	}
	if (!err)
		return dispositions[req->how].exists ? 0 : -EEXIST;
	if (err != -ENOENT || !dispositions[req->how].creates)
		return err;
	/* A stream is data of the file, unless it is an attribute. */
	err = 0;
	if (req->flags & DITTO_OPENF_XATTRS) {
		err = ditto_permission(&o->op, o->base, DITTO_MAY_WRITE_XATTRS);
	} else if (!(o->rights & DITTO_RIGHT_WRITE_DATA)) {
		err = ditto_rights(&o->op, o->base, o->parent, &have);
		if (!err && !(have & DITTO_RIGHT_WRITE_DATA))
			err = ditto_rights_refusal(&o->op, o->base, have,
						   DITTO_RIGHT_WRITE_DATA);
	}
	err = err ?: opening_check_grace(o);
	if (err)
		return err;
	if (req->verf)
		err = ditto_stream_make(&o->op, o->base, &name, req->verf, &o->node, &o->fresh);
	else
		err = ditto_stream_open(&o->op, o->base, &name, true, &o->node, &o->fresh);
	o->created |= !err && o->fresh;
	return err;
}

/* Look-up */

/*
 * Get the parent directory of a file that was not found by path. Return: the node, to be put; NULL
 * for the root of the share or if no name is known; or an ERR_PTR.
 */
struct ditto_node *ditto_open_parent(struct ditto_op *op, struct dentry *dentry)
{
	struct dentry *parent;
	struct ditto_node *node;

	/* The file has no name, or none that is known. */
	if (dentry == op->share->root.dentry || IS_ROOT(dentry) || !d_inode(dentry)->i_nlink)
		return NULL;
	parent = ditto_parent(op->share, dentry);
	if (IS_ERR(parent))
		return ERR_CAST(parent);
	node = ditto_node_get(op->share, parent);
	dput(parent);
	return node;
}

/* Find the parent of @req->node, which may grant deletion and loses the name at the close. */
static int opening_find_parent(struct opening *o)
{
	const struct ditto_open_request *req = o->req;
	struct ditto_node *parent = NULL;

	o->base = req->node;
	o->dentry = ditto_node_dentry(o->base);
	if ((req->rights & DITTO_RIGHT_DELETE) ||
	    (req->flags & (DITTO_OPENF_MAXIMUM | DITTO_OPENF_DELETE_ON_CLOSE)))
		parent = ditto_open_parent(&o->op, o->dentry);
	if (IS_ERR(parent))
		return PTR_ERR(parent);
	o->parent = parent;
	return 0;
}

/* True if the file cannot be reached by several names. */
static bool opening_has_one_name(const struct opening *o)
{
	return S_ISDIR(o->base->inode->i_mode) || o->base->inode->i_nlink <= 1;
}

/* Get the dentry that was found by @name; the node's alias may be another hard link. */
static int opening_find_link(struct opening *o, const struct ditto_name *name)
{
	struct dentry *parent, *dentry;
	const struct cred *old;

	if (opening_has_one_name(o))
		return 0;
	parent = ditto_node_dentry(o->parent);
	old = ditto_op_enter(&o->op);
	dentry = ditto_lookup_dentry(&o->op, o->parent, parent, name);
	ditto_op_leave(old);
	dput(parent);
	if (IS_ERR(dentry))
		return dentry == ERR_PTR(-ENOENT) ? DITTO_AGAIN : PTR_ERR(dentry);
	o->dentry = dentry;
	return d_inode(dentry) == o->base->inode ? 0 : DITTO_AGAIN;
}

/* Find the file in @req->parent; @err says why it was not created. */
static int opening_find_name(struct opening *o, int err)
{
	int found = ditto_lookup(&o->op, o->parent, o->req->name, &o->base);

	if (found != -ENOENT)
		return found ?: opening_find_link(o, o->req->name);
	/* A file that existed when it was to be created was removed since then. */
	return err == -EEXIST && dispositions[o->req->how].creates ? DITTO_AGAIN : err;
}

/* Find the file and its parent by path; @o->base is NULL if the last component is missing. */
static int opening_find_path(struct opening *o, struct ditto_name *last)
{
	const struct ditto_open_request *req = o->req;
	struct ditto_name found;
	struct ditto_node *root;
	struct ditto_walk walk __uninitialized;
	int err;

	if (o->stream && !ditto_has_streams(o->op.share))
		return -EILSEQ;
	root = ditto_node_get_root(o->op.share);
	if (IS_ERR(root))
		return PTR_ERR(root);
	err = ditto_walk_how(&o->op, root, req->path, req->path_len,
			     req->flags & DITTO_OPENF_ONLY_EXACT, &walk);
	ditto_node_put(root);
	o->res->walk_passed = walk.passed;
	if (err)
		return err == -ENOENT ? -ENOTDIR : err;
	o->parent = walk.parent;
	o->base = walk.node;
	*last = walk.last;
	if (!o->base)
		return 0;
	found = (struct ditto_name){ .name = walk.found, .len = strlen(walk.found) };
	return opening_find_link(o, &found);
}

/* Opening */

/* Errors of a creation after which the file may exist and be opened. */
static bool opening_may_exist(int err)
{
	return err == -EEXIST || err == -EACCES || err == -EROFS || err == -EPERM;
}

/* True if the name, or the stream as far as it is known, is delete pending. */
static bool opening_is_deleted(const struct opening *o)
{
	if (o->stream && o->node && ditto_delete_is_pending(o->node))
		return true;
	return !o->made && o->named && ditto_hardlink_refuses(o->base, o->dentry);
}

/* Check access to the file, and then find or create the stream in it. */
static int opening_access(struct opening *o)
{
	const u32 removes = DITTO_OPENF_ONLY_EXACT | DITTO_OPENF_DELETE_ON_CLOSE;
	int err;

	if (!o->made) {
		err = opening_check(o);
		if (err)
			return err;
	}
	if (!o->node) {
		err = opening_stream(o);
		if (err)
			return err;
	}
	if (opening_is_deleted(o))
		return -EKEYREVOKED;
	/* A name that is removed at close although others have it open: break grants on it now. */
	if (!o->made && (o->req->flags & removes) == removes)
		return ditto_lock_check(&o->op, o->node, DITTO_INTENT_REMOVE);
	return 0;
}

/* The file is claimed: make the changes that require that. */
static int opening_apply(struct opening *o, struct ditto_instance *inst)
{
	int err = 0;

	if ((o->req->flags & DITTO_OPENF_DELETE_ON_CLOSE) && !o->fresh) {
		err = ditto_delete_break_deleg(&o->op, o->node);
		if (err)
			return err;
	}
	opening_tell_local(o);
	o->op.granted = DITTO_MAY_WRITE | DITTO_MAY_APPEND;
	if (o->empties && !o->fresh)
		err = ditto_instance_truncate(&o->op, o->base, o->node);
	if (!err && (o->empties || o->fresh))
		err = opening_set_attrs(o);
	o->op.granted = 0;
	if (err)
		return err;
	if ((o->req->flags & DITTO_OPENF_DELETE_ON_CLOSE) && inst->link) {
		refcount_inc(&o->op.cred->ref);
		inst->closer = o->op.cred;
	}
	return 0;
}

/**
 * ditto_instance_open - open or create a file by path, by name in a directory, or by node
 * @op: the caller; @op->actor has client and owner. If a break is started and @op->park
 *	is set, the park is queued
 * @req: parameters
 * @res: filled
 *
 * All checks of an existing file precede all changes: rights, then the OPEN claim, and only then is
 * it truncated. A new file is removed again if it cannot be claimed. The access bits of the claim
 * follow from the rights: data rights read and write, EXECUTE reads, DELETE deletes. An instance
 * with attribute rights only does not conflict with share reservations. An existing file with the
 * read-only DOS attribute refuses write rights with -EACCES. A hidden or system file refuses
 * truncation unless @req sets the same attributes.
 *
 * An instance that was opened by node belongs to none of the names of a file that has several. It
 * cannot delete or rename the file.
 *
 * Return: 0; 1 if @req->found returned it; -ENOENT (the last component), -ENOTDIR (the path, or not
 * a directory), -EISDIR, -EEXIST, -EACCES, -EROFS, -ELOOP (with @res->walk_passed), -ENXIO,
 * -ETXTBSY (share reservation), -EJUKEBOX, -EKEYREVOKED (delete pending), -EPERM (deletion at
 * close; an immutable or append-only file), -EILSEQ, -ENAMETOOLONG, -ENOSPC, -EDQUOT, -ENOLCK
 * (a limit), -ESHUTDOWN (the client was released), -ESTALE; or an error of @req->found or
 * @req->opened.
 */
int ditto_instance_open(struct ditto_op *op, const struct ditto_open_request *req,
			struct ditto_opened *res)
{
	const bool creates = dispositions[req->how].creates;
	struct opening o __uninitialized;
	struct ditto_instance *inst;
	struct ditto_name last;
	int tries = 0, err;

again:
	err = opening_begin(&o, op, req, res);
	if (err)
		return err;
	if (req->node) {
		err = opening_find_parent(&o);
	} else if (req->parent) {
		o.parent = req->parent;
		/* Creating first needs only one look-up for a new name. */
		err = creates ? opening_create(&o, req->name) : -ENOENT;
		if (err && (!creates || (dispositions[req->how].exists && opening_may_exist(err))))
			err = opening_find_name(&o, err);
	} else {
		err = opening_find_path(&o, &last);
		if (!err && !o.base)
			err = creates ? opening_create(&o, &last) : -ENOENT;
		/* Another task was faster. */
		if (err == -EEXIST)
			err = DITTO_AGAIN;
	}
	if (err)
		goto out;
	if (!o.dentry)
		o.dentry = ditto_node_dentry(o.base);
	o.named = !req->node || (!(req->flags & DITTO_OPENF_NAMELESS) && opening_has_one_name(&o));

	/* An attribute is found or created like a file, before access to it is checked. */
	if (!o.stream)
		o.node = o.base;
	else if (req->flags & DITTO_OPENF_XATTRS)
		err = opening_stream(&o);
	if (err)
		goto out;
	/* Also if the caller has the file open, because that may be by another name. */
	err = -EKEYREVOKED;
	if (opening_is_deleted(&o))
		goto out;
	res->created = o.created;
	if (req->found) {
		o.known = true;
		err = req->found(req->arg, o.node);
		if (err)
			goto out;
	}

	err = opening_access(&o);
	if (err)
		goto out;
	inst = opening_claim(&o);
	if (IS_ERR(inst)) {
		err = PTR_ERR(inst);
		goto out;
	}
	err = opening_check_claimed(&o) ?: opening_apply(&o, inst);
	if (!err && req->opened)
		err = req->opened(req->arg, inst);
	if (err) {
		ditto_instance_close(&o.op, inst);
		goto out;
	}
	if (!(req->flags & DITTO_OPENF_GRANTED))
		ditto_audit(&o.op, o.base, DITTO_AUDIT_OPEN, o.rights, true);
	res->inst = inst;
	res->created = o.created;
	res->made = o.made;
	res->action = o.fresh ? DITTO_WAS_CREATED : dispositions[req->how].action;

out:
	err = opening_end(&o, err);
	if (err == DITTO_AGAIN && ++tries < DITTO_OPENS_MAX)
		goto again;
	return err == DITTO_AGAIN ? -EJUKEBOX : err;
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_open, "DITTO");
