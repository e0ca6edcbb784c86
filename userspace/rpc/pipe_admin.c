// SPDX-License-Identifier: GPL-2.0-only
/* Administrators among the users of pipes; see pipe_admin.h. */

#include "identity/identity.h"
#include "pipe_admin.h"

bool pipe_is_admin(const struct rpc_user *user, const u32 *gids, unsigned int ngids, u64 until)
{
	static const struct sid administrators = {
		.authority = SID_AUTHORITY_NT, .nsubs = 2,
		.sub = { SID_NT_BUILTIN, SID_RID_ADMINISTRATORS },
	};
	const struct identity_who who = { .user = user->uid, .until = until };
	struct identity group;
	unsigned int i;

	if (!rpc_user_is_known(user))
		return false;
	if (!user->uid)
		return true;
	if (identity_by_sid(&who, &administrators, &group) || !(group.kinds & IDENTITY_GROUP))
		return false;
	for (i = 0; i < ngids; i++)
		if (gids[i] == group.id)
			return true;
	return false;
}
