/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Admission: whether any share lets a machine in at all. What belongs to no
 * share (sessions, client records, caches of replies) is kept from the others.
 */
#ifndef _DITTO_FS_SHARE_ADMIT_H
#define _DITTO_FS_SHARE_ADMIT_H

#include <linux/types.h>

struct ditto_peer;

enum ditto_admission {
	DITTO_STRANGER,		/* no rule of any share admits the address */
	DITTO_UNDECIDED,	/* none does, but the helper has not answered for some */
	DITTO_ADMITTED,		/* at least one share's rules admit it, or there is no share */
};

/* Source ports from which a machine may claim an identity (AUTH_SYS) without proof. */
enum ditto_ports {
	DITTO_PORTS_RESERVED,	/* those below 1024, that its kernel gives to root alone */
	DITTO_PORTS_UNDECIDED,	/* those, but the helper has not answered for some shares */
	DITTO_PORTS_ANY,	/* a share that admits it takes claimed identities from any port */
};

/**
 * ditto_admit - do the rules of at least one share admit a machine
 * @peer: the machine
 * @ports: filled for DITTO_ADMITTED, from shares that take claimed identities and admit it;
 *	all ports if there is no share
 *
 * The answer is remembered in the peer until shares or their options change, so
 * that asking again costs a compare; for less long if rules about names had a part.
 * The helper is asked about names only if rules about addresses leave the answer or
 * @ports open, and nobody waits for it.
 *
 * Context: may sleep, for memory. Return: see the enum.
 */
enum ditto_admission ditto_admit(struct ditto_peer *peer, enum ditto_ports *ports);

#endif
