/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copy-notify stateids: the source of a copy between servers (RFC 7862 sections 4.5 and 15.3).
 *
 * A client that has a file open gets such a stateid by COPY_NOTIFY and passes it to the destination
 * server, which reads the file by it, as a client of its own. It is admitted
 *
 * - to READ and READ_PLUS of NFSv4.2, of that file, through the same share;
 * - from an address that the rules of the share admit, with a flavour that the share accepts,
 *   which is checked when the filehandle is set as for every client;
 * - with the rights of the user who asked, and with the locks and share reservations of the
 *   stateid that COPY_NOTIFY was given. This one is looked up again for each READ, so that
 *   nothing is read after it was closed, returned, revoked by the administrator, or ended with its
 *   share or client;
 * - until nobody has read by it for a lease time, or until OFFLOAD_CANCEL or FREE_STATEID.
 *
 * The address is not compared with cna_destination_server, because a server may have several. The
 * number in the stateid is random instead, as is the clientid: only who was told the stateid
 * knows it.
 *
 * A stateid holds neither the file nor the share. A client may have DNFS4_COPY_NOTIFIES_MAX; a
 * further one replaces the one that was not used for longest.
 *
 * Locking: client->owners_lock guards client->copy_notifies, which is in the order of last use.
 *
 * Lifetime: the reference count of the state. The client's table has a reference, the list has
 * none.
 */
#ifndef _DITTO_FS_NFS_V4_STATE_COPY_NOTIFY_H
#define _DITTO_FS_NFS_V4_STATE_COPY_NOTIFY_H

#include <linux/list.h>
#include <linux/types.h>

#include "stateid.h"

struct ditto_cred;
struct ditto_node;
struct ditto_share;
struct dnfs4_client;
struct dnfs4_compound;
struct dnfs4_fh;
struct dnfs4_io;

/* Most copy-notify stateids of a client. */
#define DNFS4_COPY_NOTIFIES_MAX	1024

/**
 * struct dnfs4_copy_notify - a copy-notify stateid
 * @state: the state; it holds the client
 * @node: the file; no reference, only for comparison
 * @share: share of the file; no reference, only for comparison
 * @cred: user who asked, held
 * @parent: number of the state that COPY_NOTIFY was given, of the same client
 * @used: jiffies of the last use
 * @link: in client->copy_notifies
 * @rcu: frees it after a grace period
 */
struct dnfs4_copy_notify {
	struct dnfs4_state state;
	const struct ditto_node *node;
	const struct ditto_share *share;
	struct ditto_cred *cred;
	u32 parent;
	unsigned long used;
	struct list_head link;
	struct rcu_head rcu;
};

/* The copy-notify stateid of a state of kind DNFS4_STATE_COPY_NOTIFY. */
static inline struct dnfs4_copy_notify *dnfs4_copy_notify_of(struct dnfs4_state *state)
{
	return container_of(state, struct dnfs4_copy_notify, state);
}

/**
 * dnfs4_copy_notify_add - make a copy-notify stateid for the current file
 * @cmp: the COMPOUND
 * @io: permission to read the file, by a state
 * @sid: set to the stateid
 *
 * Return: 0, or an errno of dnfs4_state_add().
 */
int dnfs4_copy_notify_add(struct dnfs4_compound *cmp, const struct dnfs4_io *io,
			  struct dnfs4_stateid *sid);

/**
 * dnfs4_copy_notify_find - find the copy-notify stateid, of any client, by which a file is read
 * @cmp: the COMPOUND, of the client that reads
 * @fh: the file
 * @sid: stateid from the wire
 * @notify: set to the copy-notify stateid on success; the caller puts the reference
 * @parent: set to the state that COPY_NOTIFY was given; the caller puts the reference
 *
 * Extends the time for which @notify is valid.
 *
 * Return: NFS4_OK; NFS4ERR_BAD_STATEID, also if the file is another one or @parent is gone;
 * NFS4ERR_EXPIRED if it was not used for too long; or the status of a void @parent.
 */
u32 dnfs4_copy_notify_find(struct dnfs4_compound *cmp, const struct dnfs4_fh *fh,
			   const struct dnfs4_stateid *sid, struct dnfs4_copy_notify **notify,
			   struct dnfs4_state **parent);

#endif
