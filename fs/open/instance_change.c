// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changing the rights of an open instance, see instance.h.
 *
 * Added rights are checked as by an open. Then the claim changes in one step of the lock table;
 * if that refuses, nothing has changed.
 */

#include <linux/module.h>

#include "../../lockd/open.h"
#include "../op/check/worm.h"
#include "instance_private.h"

static int check_rights(struct ditto_op *op, const struct ditto_instance *inst, u32 fresh,
			u32 flags)
{
	struct ditto_node *parent = ditto_open_parent(op, ditto_instance_file_dentry(inst));
	u32 have = 0;
	int err;

	if (IS_ERR(parent))
		return PTR_ERR(parent);
	err = ditto_rights(op, ditto_instance_file(inst), parent, &have);
	if (parent)
		ditto_node_put(parent);
	if (err)
		return err;
	if (inst->by_xattrs)
		have = ditto_rights_by_xattrs(have);
	/* The open of a stream grants the same. */
	if (inst->is_stream && (have & DITTO_RIGHT_WRITE_DATA))
		have |= DITTO_RIGHT_DELETE;
	if (flags & DITTO_OPENF_OWNER)
		have |= ditto_open_owner_rights(op, ditto_instance_file(inst));
	fresh &= ~have;
	return fresh ? ditto_rights_refusal(op, ditto_instance_file(inst), have, fresh) : 0;
}

static int check_fresh(struct ditto_op *op, const struct ditto_instance *inst, u32 fresh,
		       u32 flags)
{
	int err;

	if (!fresh)
		return 0;
	err = check_rights(op, inst, fresh, flags);
	if (!err && !inst->is_dir && !inst->mode_only && (fresh & DITTO_RIGHTS_WRITE) &&
	    (ditto_node_flags(op, ditto_instance_file(inst)) & DITTO_FLAG_READONLY))
		err = -EACCES;
	return err;
}

/*
 * A stream that does not share deletion and deletion of its file exclude each other, see
 * ditto_instance_enter(). Return: false if another open is in the way.
 */
static bool instance_change_keep(struct ditto_instance *inst, bool deletes, bool keeps)
{
	struct ditto_node *base = ditto_instance_file(inst);
	bool can;

	spin_lock(&base->lock);
	can = !(deletes && !inst->deletes && !hlist_empty(&base->keepers)) &&
	      !(keeps && !inst->keeps && base->deleters);
	if (can) {
		if (keeps && !inst->keeps)
			hlist_add_head(&inst->keeper.of_file, &base->keepers);
		else if (!keeps && inst->keeps)
			hlist_del(&inst->keeper.of_file);
		inst->keeps = keeps;
		base->deleters += deletes;
		base->deleters -= inst->deletes;
		inst->deletes = deletes;
	}
	spin_unlock(&base->lock);
	return can;
}

/**
 * ditto_instance_change - change rights and share reservation of an open instance
 * @op: begun
 * @inst: begun; no other task changes it
 * @rights: new DITTO_RIGHT_* bits
 * @deny: new DITTO_OPEN_* bits that other opens must not have
 * @flags: DITTO_OPENF_OWNER or 0
 *
 * Added rights are checked as by an open; existing ones are not checked again. The claim changes
 * in one step. Operations in flight finish with the old rights. It does not matter whether the name
 * of @inst is delete pending: the caller may have opened the file by another name, which
 * ditto_instance_open() has checked.
 *
 * What is added comes first, and what is given up last. So a change that is refused in between goes
 * back by giving up what it added, which nobody can refuse.
 *
 * Return: 0, or with nothing changed: -EACCES, -EROFS, -ETXTBSY (share reservation), -EJUKEBOX
 * (retry), -ESHUTDOWN.
 */
int ditto_instance_change(struct ditto_op *op, struct ditto_instance *inst, u32 rights, u8 deny,
			  u32 flags)
{
	u32 fresh = rights & ~inst->rights;
	bool deletes = !inst->is_stream && (rights & DITTO_RIGHT_DELETE);
	bool deleted = inst->deletes, kept = inst->keeps, keeps;
	u8 had_access = inst->open.access, had_deny = inst->open.deny;
	u8 access = ditto_access_of(rights);
	int err;

	/* An instance with attribute rights only does not conflict, as at open. */
	if (!access)
		deny = 0;
	keeps = inst->is_stream && (deny & DITTO_OPEN_DELETE);
	err = check_fresh(op, inst, fresh, flags);
	if (err)
		return err;
	if (!instance_change_keep(inst, deletes || deleted, keeps || kept))
		return -ETXTBSY;
	err = ditto_open_change(&inst->open, access | had_access, deny | had_deny, op->conflict);
	if (err == -EBUSY)
		ditto_op_await(op, inst->node);
	err = ditto_open_error(err);
	if (err)
		goto give_up;
	/* The record is looked at behind the claim, as in an open. */
	if (fresh & DITTO_RIGHTS_WRITE)
		err = ditto_worm_recheck(op, ditto_instance_file(inst));
	/* Only an open that was revoked since then fails now. */
	err = ditto_open_change(&inst->open, err ? had_access : access, err ? had_deny : deny,
				NULL) ?: err;
give_up:
	if (err) {
		instance_change_keep(inst, deleted, kept);
		return err;
	}
	instance_change_keep(inst, deletes, keeps);
	ditto_instance_set_rights(inst, rights);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_instance_change, "DITTO");
