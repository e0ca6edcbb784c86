/* SPDX-License-Identifier: GPL-2.0-only */
/* Opens: access and deny bits, checked against those of all others. */
#ifndef _DITTO_LOCKD_OPEN_H
#define _DITTO_LOCKD_OPEN_H

#include "claim.h"

struct ditto_open;

/**
 * ditto_open_claim - claim an open
 * @point: the node
 * @actor: who; @actor->owner is needed
 * @access: DITTO_OPEN_* bits; one without access and deny bits meets nothing. EMPTY,
 *	OTHER and REMOVE are not kept; ACL is, but ditto_open_access() does not tell it
 * @deny: DITTO_OPEN_* bits
 * @reclaim: takes back what was held before a restart
 * @park: as for ditto_claim_check()
 * @conflict: filled with -EAGAIN; may be NULL
 *
 * Asks as DITTO_INTENT_OPEN and claims in one step. If a deny conflict is with
 * a holder that caches its handle, that holder is asked to give it up first.
 *
 * Context: may sleep.
 * Return: the open; ERR_PTR(-EAGAIN) (conflict), -EBUSY (breaking; @park is
 * parked), -ENOLCK (a limit; also of parked operations), -EPERM (grace), -ESTALE
 * (nothing to reclaim), -ESHUTDOWN, -ENOMEM.
 */
struct ditto_open *ditto_open_claim(struct ditto_lock_point *point,
				    const struct ditto_actor *actor, u8 access, u8 deny,
				    bool reclaim, struct ditto_park *park,
				    struct ditto_conflict *conflict);

/**
 * ditto_open_change - other bits for an open, in one step
 * @open: held
 * @access: DITTO_OPEN_* bits
 * @deny: DITTO_OPEN_* bits
 * @conflict: filled with -EAGAIN; may be NULL
 *
 * Return: 0; nothing was changed with -EAGAIN (conflict), -EBUSY (a break is
 * outstanding: come again), -ESHUTDOWN (the client was released).
 */
int ditto_open_change(struct ditto_open *open, u8 access, u8 deny,
		      struct ditto_conflict *conflict);

/*
 * The claim goes, with the ranges that were claimed with it and the requests that wait for
 * such; the memory stays until ditto_open_release(). Idempotent. May sleep.
 */
void ditto_open_revoke(struct ditto_open *open);
/* False once it was revoked, or released with its client or node. Any context. */
bool ditto_open_held(const struct ditto_open *open);

/* Close; frees @open. Also after the release of the client, which leaves the memory. */
void ditto_open_release(struct ditto_open *open);

/* Whose it is, as it was claimed. Valid as long as @open. */
struct ditto_owner *ditto_open_owner(const struct ditto_open *open);
u8 ditto_open_access(const struct ditto_open *open);
u8 ditto_open_deny(const struct ditto_open *open);

#endif
