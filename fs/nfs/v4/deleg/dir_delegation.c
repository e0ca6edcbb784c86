// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directory delegations: CB_NOTIFY informs the holder of changes in a delegated directory
 * (RFC 8881 sections 10.9 and 20.4). A change of a type that the holder did not request recalls
 * the delegation.
 *
 * Changes are collected for a short time and sent in order, in one callback. Notifications have
 * no cookies and no previous entries, because these would be correct only at the moment of the
 * change. dir_attrs.c reads attributes when it handles the change. If they change again before
 * the callback, only the last values are sent.
 *
 * Locking: dir->lock (spinlock) guards the changes.
 */
#include <linux/list.h>
#include <linux/nfs4.h>
#include <linux/slab.h>

#include "../../../../lockd/lease.h"
#include "../attr/attr.h"
#include "../attr/dir_attrs.h"
#include "../engine/server.h"
#include "delegations.h"
#include "dir_delegation.h"

/* Time for which changes are collected. */
#define NOTIFY_WAIT_MS		50
/* Deadline of a callback; after it the delegation is recalled. */
#define NOTIFY_MS		15000
/* Most changes pending for one holder, not counting those in the lock table. */
#define CHANGES_MAX		1024

/**
 * struct change - a change to be sent
 * @link: link in dir->changes
 * @type: NOTIFY4_*
 * @len: bytes of the name; 0 for a change of the directory itself
 * @old_len: bytes of the name before a rename
 * @attrs: fattr4 of the entry or the directory; data is NULL if there is none
 * @names: the name, followed by the name before a rename
 */
struct change {
	struct list_head link;
	u32 type;
	u32 len;
	u32 old_len;
	struct dnfs4_dir_attrs attrs;
	char names[];
};

/**
 * struct dnfs4_dir - notifications to the holder of a directory delegation
 * @d: the delegation; no reference, because it owns this object
 * @types: bits of NOTIFY4_* that the holder requested
 * @attr_wait: milliseconds that a change of attributes may wait
 * @reader: reads attributes
 * @lock: guards @changes, @count, @batch and @sending
 * @changes: pending changes, oldest first
 * @count: length of @changes
 * @batch: number of changes in the callback in progress
 * @sending: @notify is in progress
 * @notify: CB_NOTIFY
 */
struct dnfs4_dir {
	struct dnfs4_delegation *d;
	u32 types;
	u32 attr_wait;
	struct dnfs4_dir_reader reader;
	spinlock_t lock;	/* see above */
	struct list_head changes;
	u32 count;
	u32 batch;
	bool sending;
	struct dnfs4_callback notify;
};

static struct dnfs4_dir *dir_of(const struct dnfs4_callback *cb)
{
	return container_of(cb, struct dnfs4_dir, notify);
}

/* XDR */

/* Most bytes of a notify4 without names and attributes. */
#define CHANGE_BYTES	(8 + 4 + 4 + 8 + 8 + 4 + 4 + 8 + 4 + 4 + 4)

static u32 change_bytes(const struct change *change)
{
	return CHANGE_BYTES + xdr_align_size(change->len) + xdr_align_size(change->old_len) +
	       change->attrs.len;
}

/* notify_entry4 */
static bool encode_entry(struct xdr_stream *xdr, const char *name, u32 len,
			 const struct dnfs4_dir_attrs *attrs)
{
	if (xdr_stream_encode_opaque(xdr, name, len) < 0)
		return false;
	if (attrs && attrs->data)
		return xdr_stream_encode_opaque_fixed(xdr, attrs->data, attrs->len) >= 0;
	return xdr_stream_encode_u32(xdr, 0) >= 0 && xdr_stream_encode_u32(xdr, 0) >= 0;
}

/* notify_remove4; the cookie of a removed entry is not known. */
static bool encode_removed(struct xdr_stream *xdr, const char *name, u32 len)
{
	return encode_entry(xdr, name, len, NULL) && xdr_stream_encode_u64(xdr, 0) >= 0;
}

/* notify_add4: no replaced entry, no cookie, no previous entry, nad_last_entry false. */
static bool encode_added(struct xdr_stream *xdr, const struct change *change)
{
	return xdr_stream_encode_u32(xdr, 0) >= 0 &&
	       encode_entry(xdr, change->names, change->len, &change->attrs) &&
	       xdr_stream_encode_u32(xdr, 0) >= 0 && xdr_stream_encode_u32(xdr, 0) >= 0 &&
	       xdr_stream_encode_u32(xdr, 0) >= 0;
}

/* notify4 with a single type and its value */
static bool encode_change(struct xdr_stream *xdr, const struct change *change)
{
	unsigned int at;
	__be32 *len;
	bool ok;

	if (xdr_stream_encode_u32(xdr, 1) < 0 ||
	    xdr_stream_encode_u32(xdr, BIT(change->type)) < 0)
		return false;
	len = xdr_reserve_space(xdr, 4);
	if (!len)
		return false;
	at = xdr_stream_pos(xdr);
	switch (change->type) {
	case NOTIFY4_ADD_ENTRY:
		ok = encode_added(xdr, change);
		break;
	case NOTIFY4_REMOVE_ENTRY:
		ok = encode_removed(xdr, change->names, change->len);
		break;
	case NOTIFY4_RENAME_ENTRY:
		ok = encode_removed(xdr, change->names + change->len, change->old_len) &&
		     encode_added(xdr, change);
		break;
	default:
		ok = encode_entry(xdr, change->names, change->len, &change->attrs);
	}
	*len = cpu_to_be32(xdr_stream_pos(xdr) - at);
	return ok;
}

/*
 * Choose as many changes as fit into a callback. A retransmission has the same changes, because
 * the client may have received them.
 */
static void batch_choose(struct dnfs4_dir *dir, const struct dnfs4_callback *cb)
{
	/* Stateid and filehandle come first. */
	u32 head = 4 + DNFS4_OTHER_SIZE + 4 + DNFS4_FH_MAX + 4;
	u32 room = dnfs4_callback_room(cb) - head;
	struct change *change;

	lockdep_assert_held(&dir->lock);
	if (dir->batch)
		return;
	list_for_each_entry(change, &dir->changes, link) {
		if (change_bytes(change) > room)
			break;
		room -= change_bytes(change);
		dir->batch++;
	}
}

static bool notify_encode(struct xdr_stream *xdr, const struct dnfs4_callback *cb)
{
	struct dnfs4_dir *dir = dir_of(cb);
	const struct dnfs4_delegation *d = dir->d;
	struct dnfs4_stateid sid;
	struct change *change;
	u32 n = 0;
	bool ok;

	dnfs4_state_stateid(&d->state, &sid);
	if (!dnfs4_encode_stateid(xdr, &sid) ||
	    xdr_stream_encode_opaque(xdr, d->fh, d->fh_len) < 0)
		return false;
	spin_lock(&dir->lock);
	batch_choose(dir, cb);
	ok = xdr_stream_encode_u32(xdr, dir->batch) >= 0;
	list_for_each_entry(change, &dir->changes, link) {
		if (!ok || n++ == dir->batch)
			break;
		ok = encode_change(xdr, change);
	}
	spin_unlock(&dir->lock);
	return ok;
}

/* The callback */

static void change_free(struct change *change)
{
	kfree(change->attrs.data);
	kfree(change);
}

static void changes_drop(struct dnfs4_dir *dir, u32 n)
{
	struct change *change, *next;

	list_for_each_entry_safe(change, next, &dir->changes, link) {
		if (!n--)
			break;
		list_del(&change->link);
		change_free(change);
		dir->count--;
	}
}

static bool notify_wanted(const struct dnfs4_callback *cb)
{
	const struct dnfs4_delegation *d = dir_of(cb)->d;

	return READ_ONCE(d->grant) && !READ_ONCE(d->recalled);
}

static u32 notify_done(struct dnfs4_callback *cb, int err)
{
	struct dnfs4_dir *dir = dir_of(cb);
	bool ok = !err && (cb->status == NFS4_OK || cb->status == NFS4ERR_RETRY_UNCACHED_REP);
	struct ditto_lease *grant;
	u32 more;

	if (!err && cb->status == NFS4ERR_DELAY)
		return NOTIFY_WAIT_MS;
	/* An empty batch means that not even one change fits. */
	ok &= dir->batch != 0;
	dnfs4_delegation_count(cb->client->server, DNFS4_DELEG_NOTIFY, !ok, 0);
	if (!ok) {
		/* The holder missed a change: recall, so that it reads the directory again. */
		grant = dnfs4_delegation_grant_get(dir->d);
		if (grant) {
			ditto_lease_break(grant, DITTO_LEASE_ALL);
			ditto_lease_put(grant);
		}
		return 0;
	}
	spin_lock(&dir->lock);
	changes_drop(dir, dir->batch);
	dir->batch = 0;
	more = dir->count;
	if (!more)
		dir->sending = false;
	spin_unlock(&dir->lock);
	cb->deadline = jiffies + msecs_to_jiffies(NOTIFY_MS);
	return !!more;
}

static void notify_release(struct dnfs4_callback *cb)
{
	dnfs4_state_put(&dir_of(cb)->d->state);
}

static const struct dnfs4_callback_ops notify_ops = {
	.op = OP_CB_NOTIFY,
	.wanted = notify_wanted,
	.encode = notify_encode,
	.done = notify_done,
	.release = notify_release,
};

/* Notifications by the lock table */

/* Notification type by event of the lock table. */
static const u32 type_of[] = {
	[DITTO_ENTRY_ADDED] = NOTIFY4_ADD_ENTRY,
	[DITTO_ENTRY_REMOVED] = NOTIFY4_REMOVE_ENTRY,
	[DITTO_ENTRY_RENAMED] = NOTIFY4_RENAME_ENTRY,
	[DITTO_ENTRY_ATTRIBUTES] = NOTIFY4_CHANGE_CHILD_ATTRS,
};

static struct change *change_make(struct dnfs4_dir *dir, u32 type,
				  const struct ditto_entry_change *from)
{
	u32 len = from ? from->len : 0, old_len = from ? from->old_len : 0;
	struct change *change = kmalloc(struct_size(change, names, len + old_len), GFP_KERNEL);

	if (!change)
		return NULL;
	change->type = type;
	change->len = len;
	change->old_len = old_len;
	if (len)
		memcpy(change->names, from->name, len);
	if (old_len)
		memcpy(change->names + len, from->old_name, old_len);
	change->attrs = (struct dnfs4_dir_attrs) {};
	if (type != NOTIFY4_REMOVE_ENTRY)
		dnfs4_dir_read(&dir->reader, dir->d, from ? change->names : NULL, len,
			       &change->attrs);
	return change;
}

/* Find an earlier change of the same attributes that is not being sent: @change replaces it. */
static struct change *change_before(const struct dnfs4_dir *dir, const struct change *change)
{
	struct change *other;
	u32 n = 0;

	if (change->type > NOTIFY4_CHANGE_DIR_ATTRS)
		return NULL;
	list_for_each_entry(other, &dir->changes, link)
		if (n++ >= dir->batch && other->type == change->type && other->len == change->len &&
		    !memcmp(other->names, change->names, change->len))
			return other;
	return NULL;
}

/* Queue a change. Return: false if the holder would miss it. */
static bool dir_encode(struct dnfs4_dir *dir, u32 type, const struct ditto_entry_change *from)
{
	u32 wait = type > NOTIFY4_CHANGE_DIR_ATTRS ? NOTIFY_WAIT_MS :
						     max(dir->attr_wait, NOTIFY_WAIT_MS);
	struct change *change = change_make(dir, type, from), *before;
	bool kept = true, send = false;

	if (!change)
		return false;
	spin_lock(&dir->lock);
	before = change_before(dir, change);
	if (before) {
		list_del(&before->link);
		list_add_tail(&change->link, &dir->changes);
	} else if (dir->count < CHANGES_MAX) {
		list_add_tail(&change->link, &dir->changes);
		dir->count++;
		send = !dir->sending;
		dir->sending = true;
	} else {
		kept = false;
	}
	spin_unlock(&dir->lock);
	if (before)
		change_free(before);
	if (!kept)
		change_free(change);
	if (!send)
		return kept;
	dnfs4_state_hold(&dir->d->state);
	/* On failure the client is being released, and the delegation with it. */
	if (!dnfs4_callback_send(&dir->notify, wait, NOTIFY_MS))
		dnfs4_state_put(&dir->d->state);
	return true;
}

static void dir_notify(struct ditto_lease *grant, const struct ditto_entry_change *change)
{
	struct dnfs4_delegation *d = ditto_lease_private(grant);
	struct dnfs4_dir *dir = d->dir;
	bool entry = change->event != DITTO_ENTRY_ATTRIBUTES;
	u32 type = type_of[change->event];
	bool ok = true;

	if (READ_ONCE(d->recalled))
		return;
	if (dir->types & BIT(type))
		ok = dir_encode(dir, type, change);
	else if (entry)
		/* The holder did not request this type, but must not miss the change. */
		ok = false;
	if (ok && entry && dir->types & BIT(NOTIFY4_CHANGE_DIR_ATTRS))
		ok = dir_encode(dir, NOTIFY4_CHANGE_DIR_ATTRS, NULL);
	if (!ok)
		ditto_lease_break(grant, DITTO_LEASE_ALL);
}

const struct ditto_lease_ops dnfs4_dir_cache_ops = {
	.breaking = dnfs4_delegation_breaking,
	.revoked = dnfs4_delegation_revoked,
	.notify = dir_notify,
	.free = dnfs4_delegation_free,
};

/* Creation and end */

struct dnfs4_dir *dnfs4_dir_alloc(struct dnfs4_compound *cmp, struct dnfs4_delegation *d,
				  struct dnfs4_dir_ask *ask)
{
	struct dnfs4_dir *dir = kzalloc(sizeof(*dir), GFP_KERNEL);

	if (!dir)
		return NULL;
	ask->types &= DNFS4_DIR_TYPES;
	dir->d = d;
	dir->types = ask->types;
	dir->attr_wait = ask->wait;
	dnfs4_dir_reader_init(cmp, &dir->reader, ask);
	spin_lock_init(&dir->lock);
	INIT_LIST_HEAD(&dir->changes);
	dnfs4_callback_init_one(&dir->notify, &notify_ops, d->state.client);
	dir->notify.after = d->recall.after;
	return dir;
}

bool dnfs4_dir_tells(const struct dnfs4_dir *dir)
{
	return dir->types & DNFS4_DIR_ENTRY_TYPES;
}

void dnfs4_dir_free(struct dnfs4_dir *dir)
{
	changes_drop(dir, dir->count);
	dnfs4_dir_reader_free(&dir->reader);
	kfree(dir);
}
