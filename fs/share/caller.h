/* SPDX-License-Identifier: GPL-2.0-only */
/* Who asks for an operation, and what is asked of it. */
#ifndef _DITTO_FS_SHARE_CALLER_H
#define _DITTO_FS_SHARE_CALLER_H

#include <linux/types.h>

struct ditto_absence;
struct ditto_actor;
struct ditto_conflict;
struct ditto_cred;
struct ditto_explanation;
struct ditto_node;
struct ditto_park;
struct ditto_pins;
struct ditto_server;
struct ditto_share;
struct in6_addr;

/**
 * struct ditto_op - caller and context of an operation
 * @srv: the server
 * @share: share the operation goes through, held
 * @cred: credential that acts, held
 * @actor: identifies the caller's own claims; NULL for an anonymous caller
 * @from: address of the caller's machine, for fair ordering; NULL for the server itself
 * @park: waits for the break after -EJUKEBOX, if the lock table has queued it; NULL to
 *	retry by polling
 * @awaited: filled with a node, to be put, when -EJUKEBOX is due to claims being given
 *	back there, unless a node is already set; or NULL
 * @absent: filled when -EJUKEBOX is due to data that is being brought back, or to room that is
 *	made, see ditto_offload_park(), unless it is already; or NULL
 * @unresolved: filled with a credential, to be put, when -EJUKEBOX is due to the SIDs of its user
 *	being asked for, unless one is already set; or NULL
 * @conflict: filled with -EAGAIN, and with -ETXTBSY if a share reservation conflicts; or NULL
 * @writable: neither the share nor the client's rule is read-only
 * @granted: DITTO_MAY_* bits that were granted at open; mode and ACL are not checked for
 *	these. Valid for one node only: must be 0 for other nodes
 * @held: DITTO_RIGHT_* bits that were granted at open; access control lists are not
 *	checked for these
 * @unstable: changes of names and attributes need not be durable before the reply
 * @casefold: creating a name fails with -EEXIST if it exists in another case
 * @tells_change: clients get the change attribute, see ditto_getattr_asked()
 * @tells_wcc: clients get all attributes of a directory around its change; otherwise only its
 *	change attribute is read
 * @traverses: the caller has the privilege to traverse directories regardless of their lists
 * @no_recall: absent data of an offloaded file is not brought back: -ENOMEDIUM
 * @fresh: the operation completes the creation of the file; watches were notified of the
 *	creation and are not notified of this change
 * @later: collects DITTO_CHANGED_* bits of an open file, of which holders of caching grants on
 *	the directory are notified at close; NULL to notify them immediately
 * @pins: files that the open instance in use keeps open; NULL if the operation is not part of one
 * @stream_of: node of the base file if the file is a named stream, borrowed; else NULL
 * @unopened: node of the named stream if it is used without an open, borrowed; else NULL. Access to
 *	it is decided by @stream_of
 * @borrows: the open instance in use is of a share that the caller had held already
 * @why: access checks note here what decides, see explain.h; or NULL
 */
struct ditto_op {
	struct ditto_server *srv;
	struct ditto_share *share;
	struct ditto_cred *cred;
	const struct ditto_actor *actor;
	const struct in6_addr *from;
	struct ditto_park *park;
	struct ditto_node **awaited;
	struct ditto_absence *absent;
	struct ditto_cred **unresolved;
	struct ditto_conflict *conflict;
	bool writable;
	u32 granted;
	u32 held;
	bool unstable;
	bool casefold;
	bool tells_change;
	bool tells_wcc;
	bool traverses;
	bool no_recall;
	bool fresh;
	u16 *later;
	struct ditto_pins *pins;
	struct ditto_node *stream_of;
	const struct ditto_node *unopened;
	bool borrows;
	struct ditto_explanation *why;
};

#endif
