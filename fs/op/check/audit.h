/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recording of accesses: what the audit list of a file says is to be recorded goes to the helper,
 * which writes the audit log. Only shares with the option "audit" do so.
 */
#ifndef _DITTO_FS_OP_CHECK_AUDIT_H
#define _DITTO_FS_OP_CHECK_AUDIT_H

#include "../../../net/helper/audit.h"
#include "../../share/caller.h"
#include "../../share/share.h"
#include "audit_list.h"

void ditto_audit_slow(const struct ditto_op *op, struct ditto_node *node,
		      enum ditto_audit_event event, u32 access, bool granted);

/*
 * Record an access if the file's audit list says so. An entry for a SID matches a user whose SIDs
 * are not known. What cannot be recorded is counted as lost, see net/helper/audit.h. Costs two
 * loads if nothing is recorded. Context: but does not wait for the helper; inode locks may be held.
 */
static inline void ditto_audit(const struct ditto_op *op, struct ditto_node *node,
			       enum ditto_audit_event event, u32 access, bool granted)
{
	if (unlikely(!ditto_has_no_audit_list(node)) && ditto_share_audits(op->share))
		ditto_audit_slow(op, node, event, access, granted);
}

#endif
