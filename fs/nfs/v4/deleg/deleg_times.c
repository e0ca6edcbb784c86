// SPDX-License-Identifier: GPL-2.0-only
/*
 * Times that the holder of a write delegation keeps itself (RFC 9754 section 5).
 *
 * The holder reports them by CB_GETATTR, and by SETATTR before it returns the delegation. An access
 * time is ignored if it is before the file's time at the grant, and a modification time also if it
 * is the same: the holder has nothing to report, but its WRITEs have moved the file's time. A time
 * after the server's time is replaced by that.
 *
 * The owner of a file may also set its times explicitly. A holder that delays such a SETATTR, as
 * the Linux client does, can only report them in this way, so times from the owner are accepted as
 * they are. That goes beyond the RFC; the times that cp -p or touch -d set would be lost otherwise.
 *
 * COPY, CLONE, ALLOCATE and DEALLOCATE change the file at a time that only the server knows. Linux
 * reports the time at the grant as if nothing had happened, and backups would miss the change. So
 * even the owner does not get that time back after one of them, unless it is set by a SETATTR of
 * time_modify. WRITE does not count: a holder sends it later than the write(2) whose time it
 * reports.
 *
 * Read delegations do not include times: each of them would cost a SETATTR, for an access time
 * that the server knows from the first READ.
 */
#include <linux/nfs4.h>
#include <linux/timekeeping.h>

#include "../../../op/check/acl_file.h"
#include "../../../node/node.h"
#include "../../../op/attr.h"
#include "../../../share/cred.h"
#include "../engine/server.h"
#include "delegations.h"

static struct timespec64 time_limit(struct timespec64 time, const struct timespec64 *now)
{
	return timespec64_compare(&time, now) > 0 ? *now : time;
}

/*
 * Decide which times of a holder are accepted (RFC 9754 section 5). Context: delegations->lock is
 * held.
 */
void dnfs4_times_vet(struct ditto_lease_times *times, const struct dnfs4_write_delegation *wd,
		     const struct timespec64 *now, bool owns)
{
	bool served = !timespec64_equal(&wd->served, &wd->mtime);
	int news = timespec64_compare(&times->mtime, &wd->mtime);

	if (owns) {
		times->has_mtime = times->has_mtime && (news || !served);
		return;
	}
	times->has_atime = times->has_atime && timespec64_compare(&times->atime, &wd->atime) >= 0;
	times->has_mtime = times->has_mtime && news > 0 &&
			   timespec64_compare(&times->mtime, &wd->served) >= 0;
	times->atime = time_limit(times->atime, now);
	times->mtime = time_limit(times->mtime, now);
}

/* The same as dnfs4_times_vet(), now. Context: any. */
void dnfs4_delegation_vet_times(const struct dnfs4_write_delegation *wd,
				struct ditto_lease_times *times, bool owns)
{
	struct dnfs4_delegations *all = wd->d.state.client->server->delegations;
	struct timespec64 now;

	ktime_get_real_ts64(&now);
	spin_lock_bh(&all->lock);
	dnfs4_times_vet(times, wd, &now, owns);
	spin_unlock_bh(&all->lock);
}

static bool caller_owns(struct dnfs4_compound *cmp)
{
	const struct ditto_op *op = dnfs4_fs_op(cmp);

	return uid_eq(op->cred->cred->fsuid, ditto_owner_of(op->share, dnfs4_node(cmp)->inode));
}

/* Let the client keep the times of the file. */
void dnfs4_delegation_keep_times(struct dnfs4_compound *cmp, struct dnfs4_write_delegation *wd,
				 const struct ditto_attr *attr)
{
	struct dnfs4_delegations *all = cmp->server->delegations;

	wd->times = true;
	wd->owns = caller_owns(cmp);
	spin_lock_bh(&all->lock);
	wd->atime = attr->st.atime;
	wd->mtime = attr->st.mtime;
	wd->served = wd->mtime;
	spin_unlock_bh(&all->lock);
}

/*
 * Store the times that the holder of a delegation kept itself. RFC 9754 section 5. See
 * deleg_times.c for which times are accepted. Return: NFS4_OK, also if times were ignored;
 * NFS4ERR_BAD_STATEID unless it is a delegation of the file that includes its times; or a status of
 * dnfs4_state_find(), dnfs4_delegation_check(), the permission to write, or the file system.
 */
u32 dnfs4_delegation_set_times(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid,
			       const struct ditto_lease_times *times)
{
	struct ditto_lease_times vetted = *times;
	const struct dnfs4_write_delegation *wd;
	const struct dnfs4_delegation *d;
	struct dnfs4_state *state;
	u32 status;

	status = dnfs4_state_find(cmp, sid, DNFS4_STATE_DELEGATION, &state);
	if (status)
		return status;
	d = dnfs4_delegation_of(state);
	wd = dnfs4_write_delegation_of(d);
	status = NFS4ERR_BAD_STATEID;
	if (d->node != dnfs4_node(cmp) || !d->write || !wd->times)
		goto put;
	status = dnfs4_delegation_check(cmp, state);
	if (status)
		goto put;
	/* Users of the client who may not write have not modified the file. */
	status = dnfs4_status(cmp, ditto_permission(dnfs4_fs_op(cmp), dnfs4_node(cmp),
						    DITTO_MAY_WRITE | DITTO_MAY_OWNER));
	if (status)
		goto put;
	dnfs4_delegation_vet_times(wd, &vetted, caller_owns(cmp));
	status = dnfs4_status(cmp, ditto_store_times(dnfs4_fs_op(cmp), dnfs4_node(cmp), &vetted));
put:
	dnfs4_state_put(state);
	return status;
}
