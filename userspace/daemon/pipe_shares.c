// SPDX-License-Identifier: GPL-2.0-only
/* The shares that clients are told of on pipes. */

#include <errno.h>

#include "pipe.h"

/* On a connection of its own: this is another thread than the one that applies. */
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
