// SPDX-License-Identifier: GPL-2.0-only
/* The shares for clients of named pipes. */

#include <errno.h>

#include "nl/share.h"
#include "pipe.h"
#include "share_admin.h"

/* The pipes belong to SMB. Administrators, who get all shares, would see the homes of everybody. */
static void keep_smb(const struct rpc_user *user, struct kernel_shares *shares)
{
	unsigned int i, n = 0;

	for (i = 0; i < shares->n; i++) {
		struct share *s = shares->share[i];

		if (share_has_protocol(s, "smb") && (!share_is_home(s) || s->home_uid == user->uid))
			shares->share[n++] = s;
		else
			share_free(s);
	}
	shares->n = n;
}

/* Uses its own connection, because it runs in another thread than apply(). */
int pipe_shares(const struct rpc_user *user, struct kernel_shares *out)
{
	struct kernel *k = kernel_open();
	int rc;

	if (!k)
		return -ENOMEM;
	if (user->administrator)
		rc = kernel_shares_get(k, out);
	else
		rc = kernel_shares_of_session(k, user->session, out);
	kernel_close(k);
	if (!rc)
		keep_smb(user, out);
	return rc;
}

int pipe_share_change(const struct rpc_user *user, const u8 *bytes, size_t len, u64 until)
{
	struct kernel *k = kernel_open();
	int rc;

	if (!k)
		return -EIO;
	rc = share_admin_change(k, user, bytes, len, until);
	kernel_close(k);
	return rc;
}
