/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Credentials that mark work done on behalf of clients.
 *
 * The lock table checks an operation of a client before it runs. The operation must then neither
 * break the VFS lease that stands for caching grants nor be reported as a local change. Service
 * threads and workqueues both act for clients, and always under a credential made for that
 * purpose, so the credential identifies them. The lookup costs nothing until a VFS lease is about
 * to be broken or a watched directory has changed.
 */
#ifndef _DITTO_LOCKD_ACTING_H
#define _DITTO_LOCKD_ACTING_H

#include <linux/list.h>

struct cred;

/**
 * struct ditto_acting - a credential that only work on behalf of clients uses
 * @link: entry in the table of these credentials; written under the table's lock, read under RCU
 * @cred: the credential; compared by address, no reference is held
 */
struct ditto_acting {
	struct hlist_node link;
	const struct cred *cred;
};

/**
 * ditto_acting_add - mark a credential as acting for clients
 * @acting: zeroed memory of the caller, in use until ditto_acting_del()
 * @cred: the credential; the caller keeps it alive until ditto_acting_del()
 *
 * Context: any but hard interrupts; does not sleep.
 */
void ditto_acting_add(struct ditto_acting *acting, const struct cred *cred);
/**
 * ditto_acting_del - undo ditto_acting_add()
 * @acting: the entry; nothing happens if it was never added. RCU readers may still look at its
 *	memory, so the caller frees it after a grace period.
 *
 * Context: any but hard interrupts; does not sleep.
 */
void ditto_acting_del(struct ditto_acting *acting);

/**
 * ditto_is_acting - test whether the current thread acts for a client or for the server itself
 *
 * Context: any.
 * Return: true if the current credential was added with ditto_acting_add().
 */
bool ditto_is_acting(void);

#endif
