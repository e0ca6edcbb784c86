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

void ditto_acting_add(struct ditto_acting *acting, const struct cred *cred,
		      const struct ditto_lock_table *table);
void ditto_acting_del(struct ditto_acting *acting);
const struct ditto_lock_table *ditto_acting_table(void);

#endif
