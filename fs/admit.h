/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Admission: whether any share lets a machine in at all. What belongs to no
 * share (sessions, client records, caches of replies) is kept from the others.
 */
#ifndef _DITTO_FS_ADMIT_H
#define _DITTO_FS_ADMIT_H

#include <linux/types.h>

struct ditto_peer;

enum ditto_admission {
	DITTO_STRANGER,		/* no rule of any share admits the address */
	DITTO_UNDECIDED,	/* none does, but the helper has not answered for some */
	DITTO_ADMITTED,		/* at least one share's rules admit it, or there is no share */
};

/**
 * ditto_admit - do the rules of at least one share admit a machine
 * @peer: the machine
 * @any_port: filled for DITTO_ADMITTED: not every share that may admit it insists on
 *	reserved source ports for identities that are only claimed
 *
 * The answer is remembered in the peer until shares or their options change, so
 * that asking again costs a compare. The helper is asked about names only if no
 * rule about addresses decides, and nobody waits for it.
 *
 * Context: may sleep, for memory. Return: see the enum.
 */
enum ditto_admission ditto_admit(struct ditto_peer *peer, bool *any_port);

#endif
