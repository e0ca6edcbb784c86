// SPDX-License-Identifier: GPL-2.0-only
/*
 * Times that the holder of a write delegation keeps itself (RFC 9754 section 5).
 *
 * The holder reports them by CB_GETATTR, and by SETATTR before it returns the delegation. A time of
 * the last read or write is ignored if it is before the file's time at the grant. If it is after
 * the server's time, it is replaced by the server's time.
 *
 * The owner of a file may also set its times explicitly. A holder that delays such a SETATTR, as
 * the Linux client does, can only report them in this way, so times from the owner are accepted as
 * they are. That goes beyond the RFC; the times that cp -p or touch -d set would be lost otherwise.
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
#include "delegations.h"

static bool time_vet(struct timespec64 *time, const struct timespec64 *granted,
		     const struct timespec64 *now)
{
	if (timespec64_compare(time, granted) < 0)
		return false;
	if (timespec64_compare(time, now) > 0)
		*time = *now;
	return true;
}

void dnfs4_times_vet(struct ditto_lease_times *times, const struct timespec64 *atime,
		     const struct timespec64 *mtime, const struct timespec64 *now, bool owns)
{
	if (owns)
		return;
	times->has_atime = times->has_atime && time_vet(&times->atime, atime, now);
	times->has_mtime = times->has_mtime && time_vet(&times->mtime, mtime, now);
}

static bool caller_owns(struct dnfs4_compound *cmp)
{
	const struct ditto_op *op = dnfs4_fs_op(cmp);

	return uid_eq(op->cred->cred->fsuid, ditto_owner_of(op->share, dnfs4_node(cmp)->inode));
}

void dnfs4_delegation_keep_times(struct dnfs4_compound *cmp, struct dnfs4_write_delegation *wd,
				 const struct ditto_attr *attr)
{
	wd->times = true;
	wd->owns = caller_owns(cmp);
	wd->atime = attr->st.atime;
	wd->mtime = attr->st.mtime;
}

u32 dnfs4_delegation_set_times(struct dnfs4_compound *cmp, const struct dnfs4_stateid *sid,
			       const struct ditto_lease_times *times)
{
	struct ditto_lease_times vetted = *times;
	const struct dnfs4_write_delegation *wd;
	const struct dnfs4_delegation *d;
	struct dnfs4_state *state;
	struct timespec64 now;
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
	ktime_get_real_ts64(&now);
	dnfs4_times_vet(&vetted, &wd->atime, &wd->mtime, &now, caller_owns(cmp));
	status = dnfs4_status(cmp, ditto_store_times(dnfs4_fs_op(cmp), dnfs4_node(cmp), &vetted));
put:
	dnfs4_state_put(state);
	return status;
}
