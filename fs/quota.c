// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the file system's quota leaves to a user.
 *
 * Locking: s_umount, as quotactl(2) takes it, keeps quotas from being turned off.
 */

#include <linux/fs.h>
#include <linux/module.h>
#include <linux/quota.h>

#include "op.h"
#include "cred.h"
#include "quota.h"
#include "share.h"

static bool ask_state(struct super_block *sb, struct ditto_quota *quota)
{
	struct qc_state state = {};
	u32 flags;

	if (!sb->s_qcop || !sb->s_qcop->get_state || !sb->s_qcop->get_dqblk ||
	    sb->s_qcop->get_state(sb, &state))
		return false;
	flags = state.s_state[USRQUOTA].flags;
	quota->tracked = flags & QCI_ACCT_ENABLED;
	quota->enforced = flags & QCI_LIMITS_ENFORCED;
	return quota->tracked;
}

void ditto_quota(struct ditto_op *op, struct ditto_quota *quota)
{
	struct super_block *sb = op->share->root.mnt->mnt_sb;
	struct qc_dqblk blocks = {};
	u64 limit;

	*quota = (struct ditto_quota){ .limit = U64_MAX };
	if (!sb->s_qcop)
		return;
	down_read(&sb->s_umount);
	/* Who has nothing there may have no record. */
	if (ask_state(sb, quota) &&
	    !sb->s_qcop->get_dqblk(sb, make_kqid_uid(op->cred->cred->fsuid), &blocks)) {
		limit = blocks.d_spc_hardlimit ?: blocks.d_spc_softlimit;
		quota->used = blocks.d_space;
		if (quota->enforced && limit)
			quota->limit = limit;
	}
	up_read(&sb->s_umount);
}
EXPORT_SYMBOL_NS_GPL(ditto_quota, DITTO);
