/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Credentials that mark work done on behalf of clients.
 *
 * The lock table checks an operation of a client before it runs. The operation must then neither
 * break the VFS lease that stands for caching grants of that table nor be reported there as a local
 * change. For the lock table of another server, which has not checked it, its thread is a local
 * process. Service threads and workqueues both act for clients, and always under a credential made
 * for that purpose, so the credential tells the lock table. The lookup costs nothing until a VFS
 * lease is about to be broken or a watched directory has changed.
 */
#ifndef _DITTO_LOCKD_ACTING_H
#define _DITTO_LOCKD_ACTING_H

#include <linux/list.h>

struct cred;
struct ditto_lock_table;

/**
 * struct ditto_acting - a credential that only work on behalf of clients uses
 * @link: entry in the table of these credentials; written under the table's lock, read under RCU
 * @cred: the credential; compared by address, no reference is held
 * @table: the lock table that checks what is done under it; compared by address
 */
struct ditto_acting {
	struct hlist_node link;
	const struct cred *cred;
	const struct ditto_lock_table *table;
};

/**
 * ditto_acting_add - mark a credential as acting for clients
 * @acting: zeroed memory of the caller, in use until ditto_acting_del()
 * @cred: the credential; the caller keeps it alive until ditto_acting_del()
 * @table: the lock table of the server that uses it
 *
 * Context: any but hard interrupts; does not sleep.
 */
void ditto_acting_add(struct ditto_acting *acting, const struct cred *cred,
		      const struct ditto_lock_table *table);
/**
 * ditto_acting_del - undo ditto_acting_add()
 * @acting: the entry; nothing happens if it was never added. RCU readers may still look at its
 *	memory, so the caller frees it after a grace period.
 *
 * Context: any but hard interrupts; does not sleep.
 */
void ditto_acting_del(struct ditto_acting *acting);

/**
 * ditto_acting_table - the lock table that checks what the current thread does
 *
 * The value is for comparison only: another server and its table may end at any time.
 *
 * Context: any.
 * Return: the table that the current credential was added with by ditto_acting_add(), as the thread
 * acts for a client or for the server itself; NULL if it is a local process.
 */
const struct ditto_lock_table *ditto_acting_table(void);

#endif
