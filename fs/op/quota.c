// SPDX-License-Identifier: GPL-2.0-only
/*
 * Disk quotas of the file system, through the quotactl operations of the superblock.
 *
 * Locking: s_umount is held for reading, as quotactl(2) does, so that quotas are not turned off.
 */

#include <linux/fs.h>
#include <linux/fileattr.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/projid.h>
#include <linux/quota.h>
#include <linux/quotaops.h>
#include <linux/statfs.h>
#include <linux/timekeeping.h>

#include "../node/node.h"
#include "../share/cred.h"
#include "../share/share.h"
#include "op_private.h"
#include "quota.h"

/* Return: QCI_* flags of one kind of quotas; 0 if the file system does not account it. */
static u32 quota_flags(struct super_block *sb, int type)
{
	struct qc_state state = {};

	if (!sb->s_qcop || !sb->s_qcop->get_state || !sb->s_qcop->get_dqblk ||
	    sb->s_qcop->get_state(sb, &state) ||
	    !(state.s_state[type].flags & QCI_ACCT_ENABLED))
		return 0;
	return state.s_state[type].flags;
}

static bool ask_state(struct super_block *sb, struct ditto_quota *quota)
{
	u32 flags = quota_flags(sb, USRQUOTA);

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
static void ask_blocks(struct super_block *sb, kuid_t uid, struct qc_dqblk *blocks)
{
	*blocks = (struct qc_dqblk) {};
	if (sb->s_qcop->get_dqblk(sb, make_kqid_uid(uid), blocks))
		*blocks = (struct qc_dqblk) {};
}

static void ask_record(struct super_block *sb, kuid_t uid, struct ditto_quota_record *record)
{
	struct qc_dqblk blocks;

	ask_blocks(sb, uid, &blocks);
	read_blocks(uid, &blocks, record);
}

static struct super_block *quota_sb(const struct ditto_op *op)
{
	return op->share->root.mnt->mnt_sb;
}

/*
 * Return: false if quotas are off, and s_umount, which may be held for long, is not worth taking.
 * Only users of the generic quotas say so without it.
 */
static bool quota_may_be_on(struct super_block *sb)
{
	return sb->s_qcop && !(sb->dq_op && !sb_any_quota_loaded(sb));
}

/**
 * ditto_quota - get the quota of the caller
 * @op: the operation; its credential names the user
 * @quota: filled; without a limit if the file system has no quotas or cannot report them
 *
 * Context: may sleep; takes s_umount for reading if quotas may be on.
 */
void ditto_quota(struct ditto_op *op, struct ditto_quota *quota)
{
	struct super_block *sb = quota_sb(op);
	struct qc_dqblk blocks;

	*quota = (struct ditto_quota) {
		.limit = U64_MAX, .soft = U64_MAX, .file_limit = U64_MAX,
	};
	if (!quota_may_be_on(sb))
		return;
	down_read(&sb->s_umount);
	if (ask_state(sb, quota)) {
		ask_blocks(sb, op->cred->cred->fsuid, &blocks);
		quota->used = blocks.d_space;
		quota->files = blocks.d_ino_count;
		if (quota->enforced) {
			quota->limit = limit_of(blocks.d_spc_hardlimit ?: blocks.d_spc_softlimit);
			quota->soft = limit_of(blocks.d_spc_softlimit ?: blocks.d_spc_hardlimit);
			quota->file_limit =
				limit_of(blocks.d_ino_hardlimit ?: blocks.d_ino_softlimit);
		}
	}
	up_read(&sb->s_umount);
}
EXPORT_SYMBOL_NS_GPL(ditto_quota, "DITTO");

/**
 * ditto_quota_statfs - get free space and free files, cut down to what the caller may use
 * @op: the caller
 * @node: held
 * @st: filled; of it, f_bavail is what the caller may use
 * @files: filled with the number of files that the caller may create
 * @quota: filled as by ditto_quota()
 *
 * A quota of the project of @node is in the numbers of the file system already.
 *
 * Context: may sleep; takes s_umount for reading if quotas may be on.
 * Return: 0 or an errno of the file system.
 */
int ditto_quota_statfs(struct ditto_op *op, struct ditto_node *node, struct kstatfs *st,
		       u64 *files, struct ditto_quota *quota)
{
	int err;

	err = ditto_statfs(op, node, st);
	if (err)
		return err;
	*files = st->f_ffree;
	ditto_quota(op, quota);
	if (!quota->enforced)
		return 0;
	if (st->f_bsize > 0)
		st->f_bavail = min_t(u64, st->f_bavail,
				     div_u64(ditto_quota_left(quota), st->f_bsize));
	*files = min_t(u64, *files, quota->files < quota->file_limit ?
					    quota->file_limit - quota->files : 0);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_quota_statfs, "DITTO");

static u32 node_project(struct ditto_node *node)
{
	struct dentry *dentry = ditto_node_dentry(node);
	struct file_kattr fa = {};
	int err;

	err = vfs_fileattr_get(dentry, &fa);
	dput(dentry);
	return err ? 0 : fa.fsx_projid;
}

/*
 * May sleep. The kernel may exceed generic quotas (CAP_SYS_RESOURCE), and users have EDQUOT for
 * them. Return: the project of a file whose quota binds the kernel, as on XFS, or 0.
 */
u32 ditto_node_bound_project(struct ditto_node *node)
{
	const struct super_block *sb = node->inode->i_sb;

	return sb->s_qcop && !sb->dq_op ? node_project(node) : 0;
}

/* A soft limit may be exceeded until its time is over. */
static u64 blocks_left(const struct qc_dqblk *blocks)
{
	u64 limit = limit_of(blocks->d_spc_hardlimit);

	if (blocks->d_spc_timer && blocks->d_spc_timer < ktime_get_real_seconds())
		limit = min(limit, limit_of(blocks->d_spc_softlimit));
	return limit == U64_MAX ? limit : limit - min_t(u64, limit, blocks->d_space);
}

/*
 * Get what the quota of a project leaves for what the kernel writes. @left: filled with bytes;
 * U64_MAX without a limit. Context: takes s_umount for reading if @node has such a project. Return:
 * the project; 0 if there is none, or its quota does not bind the kernel.
 */
u32 ditto_quota_project_left(struct ditto_node *node, u64 *left)
{
	struct super_block *sb = node->inode->i_sb;
	u32 project = ditto_node_bound_project(node);
	struct qc_dqblk blocks;
	struct kqid id;

	*left = U64_MAX;
	if (!project)
		return 0;
	id = make_kqid(&init_user_ns, PRJQUOTA, project);
	down_read(&sb->s_umount);
	if (quota_flags(sb, PRJQUOTA) & QCI_LIMITS_ENFORCED &&
	    !sb->s_qcop->get_dqblk(sb, id, &blocks))
		*left = blocks_left(&blocks);
	up_read(&sb->s_umount);
	return project;
}

/* Project 0 has all files which belong to no other. */
static bool quota_may_read(struct ditto_op *op, struct ditto_node *node,
			   enum ditto_quota_kind kind, const struct kqid *id)
{
	const struct cred *old;
	kprojid_t project;
	bool member;

	if (op->cred->admin)
		return true;
	switch (kind) {
	case DITTO_QUOTA_USER:
		return uid_eq(id->uid, op->cred->cred->fsuid);
	case DITTO_QUOTA_GROUP:
		old = ditto_op_enter(op);
		member = in_group_p(id->gid);
		ditto_op_leave(old);
		return member;
	case DITTO_QUOTA_PROJECT:
		project = make_kprojid(&init_user_ns, node_project(node));
		return !projid_eq(id->projid, KPROJIDT_INIT(0)) && projid_eq(id->projid, project);
	case DITTO_QUOTA_KINDS:
		break;
	}
	return false;
}

static u32 seconds_left(time64_t end)
{
	return end ? clamp_t(time64_t, end - ktime_get_real_seconds(), 1, S32_MAX) : 0;
}

/**
 * ditto_quota_report - read a quota of a user, a group or a project
 * @op: the caller: an administrator, the user, or a member of the group. Anyone who may reach
 *	@node may read the quota of its project
 * @node: directory for whose file system the quota holds
 * @kind: enum ditto_quota_kind
 * @id: uid, gid or project id, in the initial user namespace
 * @report: filled
 *
 * Context: may sleep; takes s_umount for reading.
 * Return: 0; -EACCES; -EOPNOTSUPP (the file system accounts no such quotas); -ENOENT (there is
 * neither usage nor a limit).
 */
int ditto_quota_report(struct ditto_op *op, struct ditto_node *node, enum ditto_quota_kind kind,
		       u32 id, struct ditto_quota_report *report)
{
	static const int types[DITTO_QUOTA_KINDS] = {
		[DITTO_QUOTA_USER]	= USRQUOTA,
		[DITTO_QUOTA_GROUP]	= GRPQUOTA,
		[DITTO_QUOTA_PROJECT]	= PRJQUOTA,
	};
	struct kqid kqid = make_kqid(&init_user_ns, types[kind], id);
	struct super_block *sb = node->inode->i_sb;
	struct qc_dqblk blocks = {};
	u32 flags;
	int err;

	if (!qid_valid(kqid) || !quota_may_read(op, node, kind, &kqid))
		return -EACCES;
	down_read(&sb->s_umount);
	flags = quota_flags(sb, types[kind]);
	err = flags ? sb->s_qcop->get_dqblk(sb, kqid, &blocks) : -EOPNOTSUPP;
	up_read(&sb->s_umount);
	if (err)
		return err == -EOPNOTSUPP ? err : -ENOENT;
	*report = (struct ditto_quota_report) {
		.enforced = flags & QCI_LIMITS_ENFORCED,
		.space = blocks.d_space,
		.space_soft = blocks.d_spc_softlimit,
		.space_hard = blocks.d_spc_hardlimit,
		.space_left = seconds_left(blocks.d_spc_timer),
		.files = blocks.d_ino_count,
		.files_soft = blocks.d_ino_softlimit,
		.files_hard = blocks.d_ino_hardlimit,
		.files_left = seconds_left(blocks.d_ino_timer),
	};
	return 0;
}
EXPORT_SYMBOL_NS_GPL(ditto_quota_report, "DITTO");

/**
 * ditto_quota_get - read the quota record of a user
 * @op: the operation; the caller is the user or an administrator
 * @uid: the user
 * @record: filled; zero usage and no limits if the file system has no record
 *
 * Context: may sleep; takes s_umount for reading.
 * Return: 0; -EACCES; -EOPNOTSUPP (the file system accounts no quotas).
 */
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
EXPORT_SYMBOL_NS_GPL(ditto_quota_get, "DITTO");

/**
 * ditto_quota_next - read the first quota record at or after a uid
 * @op: the operation of an administrator
 * @from: lowest uid
 * @record: filled
 *
 * Context: may sleep; takes s_umount for reading.
 * Return: 0; -ENOENT after the last record; -EACCES; -EOPNOTSUPP.
 */
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
EXPORT_SYMBOL_NS_GPL(ditto_quota_next, "DITTO");

/**
 * ditto_quota_set - set the limits of a user
 * @op: the operation of an administrator
 * @record: user and new limits; @record->used is ignored
 *
 * Context: may sleep; takes s_umount for reading.
 * Return: 0; -EACCES; -EROFS; -EOPNOTSUPP; or an errno of the file system.
 */
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
EXPORT_SYMBOL_NS_GPL(ditto_quota_set, "DITTO");
