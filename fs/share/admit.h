/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Admission: decides whether any share lets a machine in. Machines that no share admits have no
 * access to server-wide objects, such as sessions, client records and reply caches.
 */
#ifndef _DITTO_FS_SHARE_ADMIT_H
#define _DITTO_FS_SHARE_ADMIT_H

#include <linux/types.h>

struct ditto_peer;

/* Result of the check of all shares' client rules. */
enum ditto_admission {
	DITTO_STRANGER,		/* no rule of any share admits the address */
	DITTO_UNDECIDED,	/* no share admits it yet, but some rules wait for the helper */
	DITTO_ADMITTED,		/* at least one share admits it, or there are no shares */
};

/* Source ports from which a machine may claim an identity (AUTH_SYS) without proof. */
enum ditto_ports {
	DITTO_PORTS_RESERVED,	/* ports below 1024, which only root may use there */
	DITTO_PORTS_UNDECIDED,	/* reserved ports; some rules still wait for the helper */
	DITTO_PORTS_ANY,	/* an admitting share accepts identities from any port */
};

enum ditto_admission ditto_admit(struct ditto_peer *peer, unsigned int bit, bool logins,
				 enum ditto_ports *ports);

#endif
