// SPDX-License-Identifier: GPL-2.0-only
/* The shares for clients of named pipes. */

#include <errno.h>

#include "nl/share.h"
#include "pipe.h"
#include "share_admin.h"

/* The pipes belong to SMB. */
static void keep_smb(struct kernel_shares *shares)
{
	unsigned int i, n = 0;

	for (i = 0; i < shares->n; i++) {
		if (share_has_protocol(shares->share[i], "smb"))
			shares->share[n++] = shares->share[i];
		else
			share_free(shares->share[i]);
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
		keep_smb(out);
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
