// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening by path or by node; existing files and new ones.
 *
 * An existing file is checked for, in this order: file type, rights, delete pending, DOS
 * attributes. Then it is claimed, which checks the share reservations of others and breaks
 * caching grants, and only then is it truncated. A new file is created first, because only then
 * there is a node to claim; if the claim fails, it is removed again.
 */

#include <linux/dcache.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/slab.h>

#include "../../lockd/grace.h"
#include "../../lockd/open.h"
#include "../name/name_private.h"
#include "../op/space.h"
#include "../op/xattr.h"
#include "instance_private.h"
#include "stream.h"

/* Attempts to open a name that others create and remove concurrently. */
#define DITTO_OPENS_MAX		8

/* Start over; never leaves this file. */
#define DITTO_AGAIN		(-ERESTART)

/* Effects of a disposition on an existing and on a missing file. */
static const struct {
	bool exists;	/* opened if it exists */
	bool makes;	/* created if it is missing */
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
 * @parent: directory of the name, borrowed; NULL at the root of the share
 * @base: the file, borrowed or held by the function that set it
 * @node: file or stream to open, held by the function that set it
 * @dentry: name of @base, held by the function that set it
 * @rights: granted rights
 * @empties: the file is truncated
 * @fresh: @node was created by this open
 */
struct opening {
	struct ditto_op op;
	const struct ditto_open_request *req;
	struct ditto_node *parent;
	struct ditto_node *base;
	struct ditto_node *node;
	struct dentry *dentry;
	u32 rights;
	bool empties;
	bool fresh;
};

static struct ditto_name stream_name(const struct ditto_open_request *req)
{
	return (struct ditto_name){ .name = req->stream, .len = req->stream_len };
}

/* Checks */

static int check_kind(const struct opening *o)
{
	umode_t mode = o->base->inode->i_mode;
	u32 flags = o->req->flags;

	if (S_ISLNK(mode) && !(flags & DITTO_OPENF_FOLLOW_NOT))
		return -ELOOP;
	/* Devices and FIFOs are meant for the client; opening them on the server yields nothing. */
	if (!S_ISREG(mode) && !S_ISDIR(mode) && !(flags & DITTO_OPENF_FOLLOW_NOT))
		return -ENXIO;
	if (flags & DITTO_OPENF_DIRECTORY && (o->req->stream || !S_ISDIR(mode)))
		return -ENOTDIR;
	if (!S_ISDIR(mode) || o->req->stream)
		return 0;
	return (flags & DITTO_OPENF_FILE) || o->empties ? -EISDIR : 0;
}

int ditto_open_refusal(const struct ditto_op *op, u32 missing)
{
	return (missing & DITTO_RIGHTS_CHANGE) && !op->writable ? -EROFS : -EACCES;
}

/* Rights of the owner for DITTO_OPENF_OWNER. */
static u32 owner_rights(const struct opening *o)
{
	struct inode *inode = o->base->inode;
	struct mnt_idmap *idmap = ditto_idmap(o->op.share);

	if (!vfsuid_eq_kuid(i_uid_into_vfsuid(idmap, inode), o->op.cred->cred->fsuid))
		return 0;
	if (!o->op.writable || __mnt_is_readonly(o->op.share->root.mnt) || IS_APPEND(inode) ||
	    IS_IMMUTABLE(inode))
		return DITTO_RIGHT_READ_DATA;
	return DITTO_RIGHT_READ_DATA | DITTO_RIGHTS_WRITE;
}

static int decide_rights(struct opening *o)
{
	const struct ditto_open_request *req = o->req;
	u32 need = req->rights | (o->empties ? DITTO_RIGHT_WRITE_DATA : 0);
	u32 want = need | (req->stream ? DITTO_RIGHT_WRITE_DATA : 0);
	u32 have = 0;
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
	if (req->stream && (have & DITTO_RIGHT_WRITE_DATA))
		have |= DITTO_RIGHT_DELETE;
	if ((need & ~have) && (req->flags & DITTO_OPENF_OWNER))
		have |= owner_rights(o);
	if (need & ~have)
		return ditto_open_refusal(&o->op, need & ~have);
	o->rights = req->rights | (req->flags & DITTO_OPENF_MAXIMUM ? have : 0);
	return 0;
}

/* Check the DOS attributes of an existing file (MS-FSA section 2.1.5.1.2). */
static int check_flags(struct opening *o)
{
	const struct ditto_open_request *req = o->req;
	bool closes = req->flags & DITTO_OPENF_DELETE_ON_CLOSE;
	bool is_dir = S_ISDIR(o->base->inode->i_mode);
	u32 flags, kept;

	if (req->flags & DITTO_OPENF_GRANTED ||
	    (!(o->rights & DITTO_RIGHTS_WRITE) && !o->empties && !closes))
		return 0;
	flags = ditto_node_flags(&o->op, o->base);
	if ((flags & DITTO_FLAG_READONLY) && !(req->flags & DITTO_OPENF_MODE_ONLY)) {
		if (closes)
			return -EPERM;
		if (!is_dir && (o->empties || (req->rights & DITTO_RIGHTS_WRITE)))
			return -EACCES;
		if (!is_dir)
			o->rights &= ~DITTO_RIGHTS_WRITE;
	}
	if (!o->empties || req->stream)
		return 0;
	kept = flags & (DITTO_FLAG_HIDDEN | DITTO_FLAG_SYSTEM);
	if (req->dosattr.valid & DITTO_DOSATTR_FLAGS)
		kept &= ~req->dosattr.flags;
	return kept ? -EACCES : 0;
}

static int check_close(const struct opening *o)
{
	if (!(o->req->flags & DITTO_OPENF_DELETE_ON_CLOSE))
		return 0;
	if (!o->parent && !o->req->stream)
		return -EPERM;
	return o->rights & DITTO_RIGHT_DELETE ? 0 : -EACCES;
}

/* Claim */

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
static u8 claim_intent(const struct opening *o)
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

static struct ditto_instance *instance_claim(struct opening *o)
{
	const struct ditto_open_request *req = o->req;
	u8 access = ditto_access_of(o->rights);
	struct ditto_actor actor = *o->op.actor;
	struct ditto_instance *inst;
	struct ditto_open *open;

	actor.share = o->op.share->number;
	/* An open with attribute rights only conflicts with none and denies nothing. */
	open = ditto_open_claim(&o->node->point, &actor, access | claim_intent(o),
				access ? req->deny : 0, req->reclaim, o->op.park, o->op.conflict);
	if (open == ERR_PTR(-EBUSY))
		ditto_op_await(&o->op, o->node);
	if (IS_ERR(open))
		return ERR_PTR(ditto_open_error(PTR_ERR(open)));
	inst = ditto_instance_new(&o->op, o->node, o->base, o->dentry, o->rights, open);
	if (!IS_ERR(inst)) {
		inst->exact = req->flags & DITTO_OPENF_ONLY_EXACT;
		inst->mode_only = req->flags & DITTO_OPENF_MODE_ONLY;
		inst->by_xattrs = req->flags & DITTO_OPENF_XATTRS;
	} else {
		ditto_open_release(open);
	}
	/* The file lost its last name in between. */
	return inst == ERR_PTR(-ESTALE) ? ERR_PTR(DITTO_AGAIN) : inst;
}

static void keep_closer(const struct opening *o, struct ditto_instance *inst)
{
	if (!(o->req->flags & DITTO_OPENF_DELETE_ON_CLOSE))
		return;
	refcount_inc(&o->op.cred->ref);
	inst->closer = o->op.cred;
}

/* Truncation */

struct gathered {
	struct list_head names;
};

struct gathered_name {
	struct list_head link;
	u32 len;
	char name[];
};

static int instance_rights_gather(struct gathered *g, const struct ditto_name *name)
{
	struct gathered_name *n = kmalloc(struct_size(n, name, name->len), GFP_KERNEL);

	if (!n)
		return -ENOMEM;
	n->len = name->len;
	memcpy(n->name, name->name, name->len);
	list_add_tail(&n->link, &g->names);
	return 0;
}

static int gather_stream(void *arg, const struct ditto_name *name, u64 size, u64 allocated)
{
	return instance_rights_gather(arg, name);
}

static int gather_xattr(void *arg, const struct ditto_name *name)
{
	return instance_rights_gather(arg, name);
}

static void drop_gathered(struct opening *o, struct gathered *g,
			  int (*drop)(struct ditto_op *op, struct ditto_node *node,
				      const struct ditto_name *name))
{
	struct gathered_name *n, *next;

	list_for_each_entry_safe(n, next, &g->names, link) {
		const struct ditto_name name = { .name = n->name, .len = n->len };

		/* Open streams stay; errors of concurrent removals do not matter. */
		drop(&o->op, o->base, &name);
		list_del(&n->link);
		kfree(n);
	}
}

/* MS-FSA section 2.1.5.1.2.1: extended attributes and named streams are removed with the data. */
static void drop_rest(struct opening *o)
{
	struct gathered g = { .names = LIST_HEAD_INIT(g.names) };

	ditto_stream_list(&o->op, o->base, gather_stream, &g);
	drop_gathered(o, &g, ditto_stream_remove);
	ditto_xattr_list(&o->op, o->base, gather_xattr, &g);
	drop_gathered(o, &g, ditto_xattr_remove);
}

/*
 * Set DOS attributes and preallocate for a new or truncated file; ignore what the file system
 * does not support.
 */
static int instance_set_attrs(struct opening *o)
{
	const struct ditto_open_request *req = o->req;
	int err = 0;

	o->op.fresh = o->fresh;
	if (req->dosattr.valid && !req->stream)
		err = ditto_dosattr_set(&o->op, o->base, &req->dosattr);
	if (err == -EOPNOTSUPP)
		err = 0;
	if (!err && req->size && S_ISREG(o->node->inode->i_mode))
		err = ditto_allocate(&o->op, o->node, DITTO_SPACE_RESERVE_KEEP, 0, req->size);
	/* Truncation ignores byte-range locks of others, and these keep their bytes. */
	return err == -EOPNOTSUPP || err == -EAGAIN ? 0 : err;
}

static int instance_truncate(struct opening *o)
{
	const struct ditto_setattr set = {
		.valid = DITTO_SET_SIZE | DITTO_SET_MTIME_NOW,
		/* MS-FSA section 2.1.5.1.2.1: byte-range locks are not checked. */
		.over_ranges = true,
	};
	struct ditto_wcc wcc;
	int err;

	err = ditto_setattr(&o->op, o->node, &set, &wcc);
	if (err)
		return err;
	if (!o->req->stream)
		drop_rest(o);
	return instance_set_attrs(o);
}

/*
 * Break the VFS lease of a local process at open, as an open through the VFS would. Reads and
 * writes wait for the break.
 */
static void tell_local(const struct opening *o)
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

/* Claim the file, then do what requires a claim. */
static int instance_take(struct opening *o, struct ditto_instance **out)
{
	struct ditto_instance *inst = instance_claim(o);
	int err;

	if (IS_ERR(inst))
		return PTR_ERR(inst);
	tell_local(o);
	o->op.granted = DITTO_MAY_WRITE | DITTO_MAY_APPEND;
	if (o->fresh)
		err = instance_set_attrs(o);
	else
		err = o->empties ? instance_truncate(o) : 0;
	o->op.granted = 0;
	if (err) {
		ditto_instance_close(&o->op, inst);
		return err;
	}
	keep_closer(o, inst);
	*out = inst;
	return 0;
}

/* Creation */

static struct ditto_setattr new_attributes(const struct opening *o)
{
	const struct ditto_setattr *own = o->req->own;
	struct ditto_setattr set = {
		.valid = DITTO_SET_MODE | DITTO_SET_MODE_SPARE,
		.mode = o->req->mode & S_IALLUGO,
	};

	if (!own)
		return set;
	if (own->valid & DITTO_SET_MODE) {
		set.valid = DITTO_SET_MODE;
		set.mode = own->mode & S_IALLUGO;
	}
	set.uid = own->uid;
	set.gid = own->gid;
	set.acl = own->acl;
	set.valid |= own->valid & (DITTO_SET_UID | DITTO_SET_GID | DITTO_SET_ACL);
	return set;
}

static int make_base(struct opening *o, const struct ditto_name *name)
{
	const struct ditto_setattr set = new_attributes(o);
	struct ditto_wcc wcc;

	if (ditto_delete_is_pending(o->parent))
		return -EKEYREVOKED;
	if ((o->req->flags & DITTO_OPENF_DIRECTORY) && !o->req->stream)
		return ditto_mkdir(&o->op, o->parent, name, &set, &o->base, &wcc);
	return ditto_create(&o->op, o->parent, name, DITTO_CREATE_GUARDED, &set, NULL,
			    &o->base, &wcc);
}

/* The creator gets the requested rights regardless of the mode, as with open(2). */
static u32 maker_rights(const struct ditto_open_request *req)
{
	return req->rights | (req->flags & DITTO_OPENF_MAXIMUM ? DITTO_RIGHTS_ALL : 0);
}

static int check_new(const struct opening *o)
{
	const struct ditto_open_request *req = o->req;

	if (!dispositions[req->how].makes)
		return -ENOENT;
	if (!(req->flags & DITTO_OPENF_DELETE_ON_CLOSE))
		return 0;
	if ((req->dosattr.valid & DITTO_DOSATTR_FLAGS) &&
	    (req->dosattr.flags & DITTO_FLAG_READONLY))
		return -EPERM;
	return maker_rights(req) & DITTO_RIGHT_DELETE ? 0 : -EACCES;
}

/* Create no file for a caller that could not open it because of the grace period. */
static int check_grace(const struct opening *o)
{
	int err = ditto_grace_check(o->op.actor->owner->client, o->req->reclaim);

	return err ? ditto_open_error(err) : 0;
}

/* Streams */

static int open_stream(struct opening *o)
{
	const struct ditto_name name = stream_name(o->req);
	int err;

	err = ditto_stream_open(&o->op, o->base, &name, false, &o->node, NULL);
	if (!err)
		return dispositions[o->req->how].exists ? 0 : -EEXIST;
	if (err != -ENOENT)
		return err;
	o->node = NULL;
	if (!dispositions[o->req->how].makes)
		return -ENOENT;
	/* A stream is data of the file. */
	if (!(o->rights & DITTO_RIGHT_WRITE_DATA)) {
		u32 have = 0;

		err = ditto_rights(&o->op, o->base, o->parent, &have);
		if (err || !(have & DITTO_RIGHT_WRITE_DATA))
			return err ?: ditto_open_refusal(&o->op, DITTO_RIGHT_WRITE_DATA);
	}
	return ditto_stream_open(&o->op, o->base, &name, true, &o->node, &o->fresh);
}

static int open_node(struct opening *o)
{
	if (o->req->stream)
		return open_stream(o);
	ditto_node_hold(o->base);
	o->node = o->base;
	return 0;
}

/* Opening */

static enum ditto_open_action done_action(const struct opening *o)
{
	return o->fresh ? DITTO_WAS_CREATED : dispositions[o->req->how].action;
}

/* Open a new file; the name is free. */
static int open_new(struct opening *o, const struct ditto_name *name, struct ditto_instance **out)
{
	int err;

	err = check_new(o) ?: check_grace(o) ?: make_base(o, name);
	/* Another task was faster. */
	if (err == -EEXIST)
		return DITTO_AGAIN;
	if (err)
		return err;
	o->fresh = !o->req->stream;
	o->rights = maker_rights(o->req);
	o->dentry = ditto_node_dentry(o->base);
	err = open_node(o) ?: instance_take(o, out);
	if (err && err != -ETXTBSY)
		ditto_instance_unmake(&o->op, o->base, o->dentry);
	dput(o->dentry);
	ditto_node_put(o->base);
	/*
	 * Another client found the file first and has it open, so it is kept and opened as an
	 * existing one.
	 */
	return err == -ETXTBSY ? DITTO_AGAIN : err;
}

static int check_old(struct opening *o)
{
	const struct ditto_open_request *req = o->req;

	if (ditto_delete_is_pending(o->base))
		return -EKEYREVOKED;
	if (!req->stream && !dispositions[req->how].exists)
		return -EEXIST;
	o->empties = dispositions[req->how].empties;
	return check_kind(o) ?: decide_rights(o) ?: check_flags(o) ?: check_close(o);
}

/* A name that is removed at close although others have it open: break grants on it now. */
static int ask_removal(struct opening *o)
{
	const u32 both = DITTO_OPENF_ONLY_EXACT | DITTO_OPENF_DELETE_ON_CLOSE;

	return (o->req->flags & both) == both ?
	       ditto_lock_check(&o->op, o->node, DITTO_INTENT_REMOVE) : 0;
}

/* @o->base exists, with the name @o->dentry. */
static int open_old(struct opening *o, struct ditto_instance **out)
{
	int err;

	err = check_old(o) ?: open_node(o);
	if (!err && ditto_delete_is_pending(o->node))
		err = -EKEYREVOKED;
	return err ?: ask_removal(o) ?: instance_take(o, out);
}

/* Get the dentry that was walked to; the node's alias may be another hard link. */
static struct dentry *walked_dentry(struct opening *o, const struct ditto_walk *walk)
{
	const struct ditto_name name = { .name = walk->found, .len = strlen(walk->found) };
	struct dentry *parent, *dentry;
	const struct cred *old;

	if (S_ISDIR(walk->node->inode->i_mode) || walk->node->inode->i_nlink <= 1)
		return ditto_node_dentry(walk->node);
	parent = ditto_node_dentry(walk->parent);
	old = ditto_op_enter(&o->op);
	dentry = ditto_lookup_dentry(&o->op, walk->parent, parent, &name);
	ditto_op_leave(old);
	dput(parent);
	if (!IS_ERR(dentry) && d_inode(dentry) != walk->node->inode) {
		dput(dentry);
		return ERR_PTR(DITTO_AGAIN);
	}
	return dentry == ERR_PTR(-ENOENT) ? ERR_PTR(DITTO_AGAIN) : dentry;
}

static int open_walked(struct opening *o, const struct ditto_walk *walk,
		       struct ditto_instance **out)
{
	int err;

	o->parent = walk->parent;
	if (!walk->node)
		return open_new(o, &walk->last, out);
	o->base = walk->node;
	o->dentry = walked_dentry(o, walk);
	if (IS_ERR(o->dentry))
		return PTR_ERR(o->dentry);
	err = open_old(o, out);
	dput(o->dentry);
	return err;
}

static struct opening opening_of(struct ditto_op *op, const struct ditto_open_request *req)
{
	struct opening o = { .op = *op, .req = req };

	o.op.granted = 0;
	o.op.held = 0;
	o.op.unstable = true;
	o.op.casefold = !(req->flags & DITTO_OPENF_ONLY_EXACT);
	return o;
}

static int open_once(struct ditto_op *op, const struct ditto_open_request *req,
		     struct ditto_instance **out, enum ditto_open_action *action,
		     u32 *walk_passed)
{
	struct opening o = opening_of(op, req);
	struct ditto_node *root;
	struct ditto_walk walk;
	int err;

	root = ditto_node_get_root(op->share);
	if (IS_ERR(root))
		return PTR_ERR(root);
	err = ditto_walk_how(&o.op, root, req->path, req->path_len,
			     req->flags & DITTO_OPENF_ONLY_EXACT, &walk);
	ditto_node_put(root);
	*walk_passed = walk.passed;
	if (err)
		return err == -ENOENT ? -ENOTDIR : err;

	err = open_walked(&o, &walk, out);
	if (!err)
		*action = done_action(&o);
	/* The walk has found the file, so the path is not the reason. */
	if (err == -ENOTDIR)
		*walk_passed = req->path_len;
	if (o.node)
		ditto_node_put(o.node);
	ditto_walk_end(&walk);
	return err;
}

int ditto_instance_open(struct ditto_op *op, const struct ditto_open_request *req,
			struct ditto_instance **out, enum ditto_open_action *action,
			u32 *walk_passed)
{
	int err = DITTO_AGAIN;

	if (req->stream && !ditto_has_streams(op->share))
		return -EILSEQ;
	for (int i = 0; err == DITTO_AGAIN && i < DITTO_OPENS_MAX; i++)
		err = open_once(op, req, out, action, walk_passed);
	return err == DITTO_AGAIN ? -EJUKEBOX : err;
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_open, DITTO);

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

/* The parent may grant deletion, and delete-on-close removes the name from it. */
static bool needs_parent(const struct ditto_open_request *req)
{
	return (req->rights & DITTO_RIGHT_DELETE) ||
	       (req->flags & (DITTO_OPENF_MAXIMUM | DITTO_OPENF_DELETE_ON_CLOSE));
}

int ditto_instance_open_node(struct ditto_op *op, struct ditto_node *node,
			     const struct ditto_open_request *req, struct ditto_instance **out)
{
	struct opening o = opening_of(op, req);
	int err;

	o.base = node;
	o.dentry = ditto_node_dentry(node);
	if (needs_parent(req))
		o.parent = ditto_open_parent(op, o.dentry);
	err = PTR_ERR_OR_ZERO(o.parent);
	if (!err)
		err = open_old(&o, out);
	if (o.node)
		ditto_node_put(o.node);
	if (!IS_ERR_OR_NULL(o.parent))
		ditto_node_put(o.parent);
	dput(o.dentry);
	return err == DITTO_AGAIN ? -ESTALE : err;
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_open_node, DITTO);
