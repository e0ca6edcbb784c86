/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who acts for clients.
 *
 * What is done for a client was checked by the table before, so it must not break
 * the leases that stand for grants, nor be told as a local change. Whoever acts
 * for a client does so with a credential that was made for that, in service
 * threads and workqueues alike. So it is the credential that tells, and it costs
 * nothing until somebody asks, which is when a lease is about to be broken or a
 * watched directory has changed.
 */
#ifndef _DITTO_LOCKD_ACTING_H
#define _DITTO_LOCKD_ACTING_H

#include <linux/list.h>

struct cred;

/**
 * struct ditto_acting - a credential that only those have who act for clients
 * @link: in the table of all; under its lock for writing
 * @cred: compared, not held
 */
struct ditto_acting {
	struct hlist_node link;
	const struct cred *cred;
};

/* To be in force, @acting->cred lives on until ditto_acting_del(). Any context but interrupts. */
void ditto_acting_add(struct ditto_acting *acting, const struct cred *cred);
/* The memory of @acting is freed under RCU afterwards. Nothing happens if it was not added. */
void ditto_acting_del(struct ditto_acting *acting);

/* Does the current thread act for a client, or for the server itself? Any context. */
bool ditto_is_acting(void);

#endif
