// SPDX-License-Identifier: GPL-2.0-only
/*
 * Disk quotas of the file system, through the quotactl operations of the superblock.
 *
 * Locking: s_umount is held for reading, as quotactl(2) does, so that quotas are not turned off
 * meanwhile.
 */

#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/quota.h>

#include "../op/op.h"
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

static u64 limit_of(u64 bytes)
{
	return bytes ?: U64_MAX;
}

static void read_blocks(kuid_t uid, const struct qc_dqblk *blocks,
			struct ditto_quota_record *record)
{
	*record = (struct ditto_quota_record) {
		.uid = uid,
		.used = blocks->d_space,
		.soft = limit_of(blocks->d_spc_softlimit),
		.hard = limit_of(blocks->d_spc_hardlimit),
	};
}

/* A user without usage may have no record, which counts as an empty one. */
static void ask_record(struct super_block *sb, kuid_t uid, struct ditto_quota_record *record)
{
	struct qc_dqblk blocks = {};

	if (sb->s_qcop->get_dqblk(sb, make_kqid_uid(uid), &blocks))
		blocks = (struct qc_dqblk) {};
	read_blocks(uid, &blocks, record);
}

static struct super_block *quota_sb(const struct ditto_op *op)
{
	return op->share->root.mnt->mnt_sb;
}

void ditto_quota(struct ditto_op *op, struct ditto_quota *quota)
{
	struct super_block *sb = quota_sb(op);
	struct ditto_quota_record record;

	*quota = (struct ditto_quota){ .limit = U64_MAX };
	if (!sb->s_qcop)
		return;
	down_read(&sb->s_umount);
	if (ask_state(sb, quota)) {
		ask_record(sb, op->cred->cred->fsuid, &record);
		quota->used = record.used;
		if (quota->enforced)
			quota->limit = record.hard != U64_MAX ? record.hard : record.soft;
	}
	up_read(&sb->s_umount);
}
EXPORT_SYMBOL_NS_GPL(ditto_quota, DITTO);

int ditto_quota_get(struct ditto_op *op, kuid_t uid, struct ditto_quota_record *record)
{
	struct super_block *sb = quota_sb(op);
	struct ditto_quota quota = {};
	int err = -EOPNOTSUPP;

	if (!op->cred->admin && !uid_eq(uid, op->cred->cred->fsuid))
		return -EACCES;
	down_read(&sb->s_umount);
	if (ask_state(sb, &quota)) {
		ask_record(sb, uid, record);
		err = 0;
	}
	up_read(&sb->s_umount);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_quota_get, DITTO);

int ditto_quota_next(struct ditto_op *op, kuid_t from, struct ditto_quota_record *record)
{
	struct super_block *sb = quota_sb(op);
	struct kqid id = make_kqid_uid(from);
	struct qc_dqblk blocks = {};
	struct ditto_quota quota = {};
	int err = -EOPNOTSUPP;

	if (!op->cred->admin)
		return -EACCES;
	down_read(&sb->s_umount);
	if (ask_state(sb, &quota) && sb->s_qcop->get_nextdqblk)
		err = sb->s_qcop->get_nextdqblk(sb, &id, &blocks);
	up_read(&sb->s_umount);
	if (!err)
		read_blocks(id.uid, &blocks, record);
	return err == -ESRCH ? -ENOENT : err;
}
EXPORT_SYMBOL_NS_GPL(ditto_quota_next, DITTO);

int ditto_quota_set(struct ditto_op *op, const struct ditto_quota_record *record)
{
	struct super_block *sb = quota_sb(op);
	struct qc_dqblk blocks = {
		.d_fieldmask = QC_SPC_SOFT | QC_SPC_HARD,
		.d_spc_softlimit = record->soft == U64_MAX ? 0 : record->soft,
		.d_spc_hardlimit = record->hard == U64_MAX ? 0 : record->hard,
	};
	struct ditto_quota quota = {};
	int err;

	if (!op->cred->admin)
		return -EACCES;
	if (!op->writable)
		return -EROFS;
	err = mnt_want_write(op->share->root.mnt);
	if (err)
		return err;
	err = -EOPNOTSUPP;
	down_read(&sb->s_umount);
	if (ask_state(sb, &quota) && sb->s_qcop->set_dqblk)
		err = sb->s_qcop->set_dqblk(sb, make_kqid_uid(record->uid), &blocks);
	up_read(&sb->s_umount);
	mnt_drop_write(op->share->root.mnt);
	return err;
}
EXPORT_SYMBOL_NS_GPL(ditto_quota_set, DITTO);
