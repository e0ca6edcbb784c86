// SPDX-License-Identifier: GPL-2.0-only
/* List of the shares for clients of named pipes. */

#include <errno.h>

#include "pipe.h"

/* Uses its own connection, because it runs in another thread than apply(). */
int pipe_shares(struct kernel_shares *out)
{
	struct kernel *k = kernel_open();
	int rc;

	if (!k)
		return -ENOMEM;
	rc = kernel_shares_get(k, out);
	kernel_close(k);
	return rc;
}
