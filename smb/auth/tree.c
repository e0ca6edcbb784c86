// SPDX-License-Identifier: GPL-2.0-only
/*
 * TREE_CONNECT and TREE_DISCONNECT: MS-SMB2 sections 2.2.9 to 2.2.12, 3.3.5.7 and 3.3.5.8.
 *
 * A tree keeps the result of the access check. Each call compares it with the share's options
 * and with the user the session acts as, and renews it if either has changed.
 *
 * Locking: trees are linked, unlinked and renewed under session->lock. They are looked up under
 * RCU.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../fs/op/check/rights.h"
#include "../../fs/share/cred.h"
#include "../../fs/share/link.h"
#include "../../fs/share/share.h"
#include "../../net/peer.h"
#include "../open/open.h"
#include "../open/persist.h"
#include "../server.h"
#include "../share_options.h"
#include "../transport/command.h"
#include "../transport/conn.h"
#include "../transport/fs_limit.h"
#include "../transport/trust.h"
#include "../wire/name.h"
#include "session.h"
#include "tree.h"
#include "tree_access.h"

#define RESPONSE_SIZE			16
#define DISCONNECT_RESPONSE_SIZE	4

/* MS-SMB2 section 2.2.9. */
#define FLAG_EXTENSION			0x0004
#define CONTEXT_HEADER_SIZE		8
/* MS-SMB2 section 2.2.10. */
#define SHARE_DISK			0x01
#define SHARE_PIPE			0x02
#define SHAREFLAG_DFS			0x00000001
#define SHAREFLAG_DFS_ROOT		0x00000002
#define SHAREFLAG_ACCESS_BASED		0x00000800
#define SHAREFLAG_ENCRYPT		0x00008000
#define SHAREFLAG_COMPRESS		0x00100000
#define SHARECAP_DFS			0x00000008
#define SHARECAP_CONTINUOUS		0x00000010

/* Limits of this server: a host name and a share name; contexts, of which one kind is defined. */
#define PATH_BYTES_MAX			2048
#define CONTEXTS_MAX			16

/* Trees that a session may have without a charge, and by how many the charge for more grows. */
#define TREES_FREE			8
#define TREES_STEP			16

/* Drop a reference to a tree. */
void dsmb_tree_put(struct dsmb_tree *tree)
{
	if (!refcount_dec_and_test(&tree->ref))
		return;
	dsmb_access_drop(tree);
	if (tree->peer)
		ditto_peer_put(tree->peer);
	kfree(tree->name);
	dsmb_fs_limit_put(tree->recorders);
	dsmb_fs_limit_put(tree->fs_limit);
	kfree_rcu(tree, rcu);
}

/*
 * Find a connected tree of a session. Context: any but interrupts. Return: the tree, held, or NULL.
 */
struct dsmb_tree *dsmb_tree_find(struct dsmb_session *session, u32 id)
{
	struct dsmb_tree *tree;

	rcu_read_lock();
	tree = rcu_dereference(session->first_tree);
	if (unlikely(!tree || tree->id != id))
		tree = xa_load(&session->trees, id);
	if (tree && (READ_ONCE(tree->dead) || !refcount_inc_not_zero(&tree->ref)))
		tree = NULL;
	rcu_read_unlock();
	return tree;
}

/* Makes the charge follow the number of trees. A smaller charge always succeeds. */
static int trees_charge(struct dsmb_session *session, int ntrees)
{
	lockdep_assert_held(&session->lock);
	return ditto_charge_cover(&session->trees_charge, max(ntrees - TREES_FREE, 0), TREES_STEP);
}

/* Takes a tree out of the table. Returns false if another thread did. */
static bool tree_unlink(struct dsmb_tree *tree)
{
	struct dsmb_session *session = tree->session;
	bool first;

	mutex_lock(&session->lock);
	first = !tree->dead;
	if (first) {
		WRITE_ONCE(tree->dead, true);
		xa_erase(&session->trees, tree->id);
		if (rcu_access_pointer(session->first_tree) == tree)
			RCU_INIT_POINTER(session->first_tree, NULL);
		trees_charge(session, --session->ntrees);
	}
	mutex_unlock(&session->lock);
	return first;
}

/*
 * Disconnect a tree. Its opens are closed, and its parked calls are cancelled. Context: takes
 * session->lock. Return: false if it was disconnected already.
 */
bool dsmb_tree_close(struct dsmb_tree *tree)
{
	if (!tree_unlink(tree))
		return false;
	dsmb_opens_close(tree->session, tree, false);
	dsmb_calls_cancel_session(tree->session, tree, STATUS_NETWORK_NAME_DELETED);
	dsmb_tree_put(tree);
	return true;
}

/*
 * Disconnect all trees of a closed session. Its opens are closed, except durable opens, which begin
 * to wait for their client. Context: takes session->lock.
 */
void dsmb_trees_close(struct dsmb_session *session)
{
	struct dsmb_tree *tree;
	unsigned long id = 0;

	dsmb_opens_close(session, NULL, !session->forgets);
	/* The session is closed, so no tree is added any more. */
	while (xa_find(&session->trees, &id, ULONG_MAX, XA_PRESENT)) {
		tree = dsmb_tree_find(session, id++);
		if (!tree)
			continue;
		/* The thread that unlinked it has the table's reference. */
		if (tree_unlink(tree))
			dsmb_tree_put(tree);
		dsmb_tree_put(tree);
	}
}

/*
 * Repeats the access check of a tree, because the share's options, the acting user or the kind of
 * login changed. A check that comes to no result changes nothing, so the next request repeats it.
 * Until then the rules may exclude the client, so @call waits as a TREE_CONNECT does.
 */
static u32 tree_renew(struct dsmb_tree *tree, struct ditto_share *share, struct dsmb_call *call)
{
	struct dsmb_session *session = tree->session;
	struct dsmb_access access;
	int err = -EAGAIN;
	u32 status;

	do {
		status = dsmb_access_find(session, tree->peer, share, call, &access);
		if (status == STATUS_ACCESS_DENIED)
			return STATUS_NETWORK_NAME_DELETED;
		if (status)
			return status;

		mutex_lock(&session->lock);
		/* The session may act as another user by now. */
		if (access.acting_user == dsmb_session_acting_user(session) &&
		    access.login == dsmb_session_login(session))
			err = dsmb_access_renew(tree, &access);
		mutex_unlock(&session->lock);
		if (err)
			ditto_cred_put(access.cred);
	} while (err == -EAGAIN);
	return dsmb_status(err);
}

/*
 * Was the access check made with the current options, and for the user the session acts as? Called
 * under RCU.
 */
static bool tree_is_fresh(const struct dsmb_tree *tree, const struct ditto_share *share)
{
	/* Pairs with dsmb_access_renew(). */
	if (smp_load_acquire(&tree->generation) != rcu_dereference(share->opts)->generation)
		return false;
	/* Also pairs with dsmb_access_renew(). */
	return smp_load_acquire(&tree->acting_user) == dsmb_session_acting_user(tree->session) &&
	       READ_ONCE(tree->login) == dsmb_session_login(tree->session);
}

/* Looks the share up: this is the first request, or a share was removed. */
static struct ditto_share *tree_find_share(struct dsmb_tree *tree)
{
	struct ditto_server *srv = tree->session->server->srv;
	u64 withdrawn = ditto_shares_withdrawn(srv);
	struct ditto_share *share = ditto_share_get_by_tag(srv, tree->tag);

	if (share == tree->share)
		WRITE_ONCE(tree->withdrawn, withdrawn);
	return share;
}

/*
 * Get the share of a disk tree. @share: filled with the share, held; with NULL on failure. If the
 * share's options or the session's user have changed, the tree's permissions and credential are
 * renewed. A failure leaves them as they were, for commands that only release something. Context:
 * but does not wait for the helper; takes session->lock. Return: STATUS_SUCCESS;
 * NETWORK_NAME_DELETED if the tree was disconnected, the share was removed, or the user may not use
 * it any more; DSMB_PARKED; FILE_NOT_AVAILABLE if the helper does not answer in time, or
 * INSUFFICIENT_RESOURCES, so that the client tries again.
 */
u32 dsmb_tree_share(struct dsmb_tree *tree, struct dsmb_call *call, struct ditto_share **out)
{
	struct ditto_share *share = tree->share;
	bool again, fresh;
	u32 status;

	*out = NULL;
	if (READ_ONCE(tree->dead))
		return STATUS_NETWORK_NAME_DELETED;
	/* Every request comes here, so the share is not looked up each time. */
	rcu_read_lock();
	again = ditto_share_get_again(tree->session->server->srv, share,
				      READ_ONCE(tree->withdrawn));
	fresh = likely(again) && tree_is_fresh(tree, share);
	rcu_read_unlock();
	if (!again) {
		share = tree_find_share(tree);
		if (!share)
			return STATUS_NETWORK_NAME_DELETED;
		rcu_read_lock();
		fresh = tree_is_fresh(tree, share);
		rcu_read_unlock();
	}
	status = likely(fresh) ? STATUS_SUCCESS : tree_renew(tree, share, call);
	if (likely(!status))
		*out = share;
	else
		ditto_share_put(share);
	return status;
}

static struct dsmb_tree *tree_new(struct dsmb_session *session, enum dsmb_tree_kind kind,
				  const char *name)
{
	struct dsmb_tree *tree = kzalloc(sizeof(*tree), GFP_KERNEL);

	if (!tree)
		return NULL;
	tree->name = kstrdup(name, GFP_KERNEL);
	if (!tree->name) {
		kfree(tree);
		return NULL;
	}
	tree->session = session;
	tree->kind = kind;
	tree->maximal = DITTO_RIGHTS_ALL;
	refcount_set(&tree->ref, 1);
	return tree;
}

/*
 * Make a disconnected tree for an open restored after a restart. @share: its share; not held by the
 * tree; @cred: credential of the open; consumed. Context: process; may sleep for memory. Return:
 * the tree with one reference, or NULL without memory.
 */
struct dsmb_tree *dsmb_tree_restored(struct ditto_share *share, struct ditto_cred *cred,
				     bool writable)
{
	struct dsmb_tree *tree = tree_new(NULL, DSMB_TREE_DISK, share->name);

	if (!tree) {
		ditto_cred_put(cred);
		return NULL;
	}
	tree->tag = share->tag;
	tree->cred = cred;
	tree->writable = writable;
	tree->dead = true;
	return tree;
}

/* Adds a tree to the table. The caller keeps its own reference. */
static u32 tree_publish(struct dsmb_tree *tree)
{
	struct dsmb_session *session = tree->session;
	int err = -ESHUTDOWN;

	mutex_lock(&session->lock);
	if (session->state == DSMB_SESSION_CLOSED)
		goto unlock;
	err = trees_charge(session, session->ntrees + 1);
	if (err)
		goto unlock;
	refcount_inc(&tree->ref);
	err = xa_alloc(&session->trees, &tree->id, tree, XA_LIMIT(1, DSMB_TREES_MAX), GFP_KERNEL);
	if (err) {
		refcount_dec(&tree->ref);
		trees_charge(session, session->ntrees);
	} else {
		session->ntrees++;
		/* Clients connect to IPC$ first, and use it seldom. */
		if (tree->kind == DSMB_TREE_DISK && !rcu_access_pointer(session->first_tree))
			rcu_assign_pointer(session->first_tree, tree);
	}
unlock:
	mutex_unlock(&session->lock);
	if (err == -ESHUTDOWN)
		return STATUS_USER_SESSION_DELETED;
	return err ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}

static void tell_denied(const struct dsmb_call *call, const struct ditto_share *share,
			const char *why)
{
	pr_info_ratelimited("%s (%s) may not use share \"%s\": %s\n", call->conn->name,
			    dsmb_session_acting_user(call->session)->name, share->name, why);
}

static u32 connect_disk(struct dsmb_call *call, struct ditto_share *share, struct dsmb_tree **out)
{
	struct dsmb_session *session = call->session;
	struct dsmb_access access;
	struct dsmb_tree *tree;
	bool full = false;
	u32 status;

	status = dsmb_access_find(session, call->conn->peer, share, call, &access);
	if (status == STATUS_ACCESS_DENIED)
		tell_denied(call, share, access.why);
	if (status)
		return status;
	/* A session that cannot encrypt is refused immediately (MS-SMB2 section 3.3.5.7). */
	if (access.encrypt && !session->seal) {
		ditto_cred_put(access.cred);
		tell_denied(call, share, "the share demands encryption");
		return STATUS_ACCESS_DENIED;
	}
	if (session->is_guest || session->is_anonymous)
		full = dsmb_session_admit_guest(session, call->conn);
	tree = full ? NULL : tree_new(session, DSMB_TREE_DISK, share->name);
	if (!tree) {
		ditto_cred_put(access.cred);
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	tree->tag = share->tag;
	tree->share = share;
	tree->peer = ditto_peer_hold(call->conn->peer);
	tree->withdrawn = U64_MAX;
	tree->cred = access.cred;
	tree->fs_limit = dsmb_fs_limit_get(&session->server->fs_limits, share->root.mnt->mnt_sb);
	tree->recorders = dsmb_fs_limit_get(&session->server->recorders, share->root.mnt->mnt_sb);
	if (!tree->fs_limit || !tree->recorders) {
		dsmb_tree_put(tree);
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	tree->writable = access.writable;
	tree->maximal = access.maximal;
	tree->encrypt = access.encrypt;
	tree->hides = dsmb_share_hides_unreadable(share);
	tree->compress = access.compress;
	tree->continuous = access.continuous;
	tree->dfs = ditto_share_has_links(share);
	tree->generation = access.generation;
	tree->acting_user = access.acting_user;
	tree->login = access.login;
	*out = tree;
	return STATUS_SUCCESS;
}

/* The contexts of 3.1.1 are about clusters and are ignored; they only must be well-formed. */
static bool contexts_are_sound(struct dsmb_cursor *in)
{
	struct dsmb_cursor body;
	u32 offset;
	u16 count;

	/* Offsets count from the end of the header (MS-SMB2 section 2.2.9.1). */
	body = dsmb_window(in, sizeof(struct dsmb_header), in->size - sizeof(struct dsmb_header));
	offset = dsmb_get_u32(in);
	count = dsmb_get_u16(in);
	if (in->bad || count > CONTEXTS_MAX)
		return false;
	if (count)
		dsmb_seek(&body, offset);
	while (count-- && !body.bad) {
		u16 len;

		dsmb_skip(&body, 2);
		len = dsmb_get_u16(&body);
		dsmb_skip(&body, 4);
		dsmb_skip(&body, len);
		if (count)
			dsmb_skip(&body, -body.pos & (CONTEXT_HEADER_SIZE - 1));
	}
	return !body.bad;
}

/* Returns the share's name, behind the server's name, or NULL if the path is malformed. */
static const char *share_of(const char *path)
{
	const char *name;

	if (path[0] != '\\' || path[1] != '\\')
		return NULL;
	name = strchr(path + 2, '\\');
	if (!name || name == path + 2 || !name[1] || strchr(name + 1, '\\'))
		return NULL;
	return name + 1;
}

/*
 * In 3.1.1, a signed TREE_CONNECT proves that the negotiation was not tampered with (MS-SMB2
 * section 3.3.5.7).
 */
static bool is_proven(const struct dsmb_call *call)
{
	const struct dsmb_session *session = call->session;

	return call->conn->dialect != DSMB_DIALECT_311 || session->is_guest ||
	       session->is_anonymous || call->encrypted || (call->flags & DSMB_FLAG_SIGNED);
}

/**
 * struct tree_connect_args - the values of a TREE_CONNECT request (MS-SMB2 section 2.2.9)
 * @path: "\\server\share" in UTF-8
 */
struct tree_connect_args {
	char *path;
};

static u32 tree_connect_decode(struct dsmb_call *call, void *args)
{
	struct dsmb_cursor *in = &call->in, name;
	struct tree_connect_args *a = args;
	u16 flags, offset, len;
	char *path;

	if (!is_proven(call))
		return DSMB_DROP;
	flags = dsmb_get_u16(in);
	offset = dsmb_get_u16(in);
	len = dsmb_get_u16(in);
	name = dsmb_window(in, offset, len);
	if (in->bad || !len || len > PATH_BYTES_MAX)
		return STATUS_INVALID_PARAMETER;
	if (call->conn->dialect == DSMB_DIALECT_311 && (flags & FLAG_EXTENSION) &&
	    !contexts_are_sound(in))
		return STATUS_INVALID_PARAMETER;
	path = dsmb_get_string(name);
	if (IS_ERR(path))
		return PTR_ERR(path) == -ENOMEM ? STATUS_INSUFFICIENT_RESOURCES :
						  STATUS_INVALID_PARAMETER;
	a->path = path;
	return STATUS_SUCCESS;
}

static u32 tree_connect_exec(struct dsmb_call *call, void *args, void *res)
{
	const struct tree_connect_args *a = args;
	struct ditto_share *share;
	struct dsmb_tree *tree;
	const char *name;
	u32 status;

	name = share_of(a->path);
	if (!name)
		return STATUS_BAD_NETWORK_NAME;
	if (!strcasecmp(name, "IPC$")) {
		tree = tree_new(call->session, DSMB_TREE_PIPE, name);
		if (!tree)
			return STATUS_INSUFFICIENT_RESOURCES;
	} else {
		share = dsmb_share_find(call->session, name);
		if (!share)
			return STATUS_BAD_NETWORK_NAME;
		dsmb_persist_settle(call->conn->server);
		status = connect_disk(call, share, &tree);
		ditto_share_put(share);
		if (status)
			return status;
	}
	status = tree_publish(tree);
	if (status) {
		dsmb_tree_put(tree);
		return status;
	}

	/* A related command may use the tree, and the response has its id. */
	call->tree = tree;
	call->tree_id = tree->id;
	return STATUS_SUCCESS;
}

/* MS-SMB2 section 3.3.5.7: should the client compress, and ask for compression? */
static bool tree_wants_compression(const struct dsmb_call *call)
{
	return READ_ONCE(call->tree->compress) == DSMB_SHARE_COMPRESS_ON &&
	       call->conn->dialect == DSMB_DIALECT_311 &&
	       READ_ONCE(call->conn->server->settings.compression);
}

static void tree_connect_encode(struct dsmb_call *call, u32 status, const void *res)
{
	const struct dsmb_tree *tree = call->tree;
	bool continuous = tree->continuous && dsmb_dialect_is_3x(call->conn->dialect);
	struct dsmb_builder *out = &call->out;

	dsmb_encode_u16(out, RESPONSE_SIZE);
	dsmb_encode_u8(out, tree->kind == DSMB_TREE_PIPE ? SHARE_PIPE : SHARE_DISK);
	dsmb_encode_u8(out, 0);
	dsmb_encode_u32(out, (tree->encrypt ? SHAREFLAG_ENCRYPT : 0) |
			(tree->hides ? SHAREFLAG_ACCESS_BASED : 0) |
			(tree->dfs ? SHAREFLAG_DFS | SHAREFLAG_DFS_ROOT : 0) |
			(tree_wants_compression(call) ? SHAREFLAG_COMPRESS : 0));
	dsmb_encode_u32(out, (continuous ? SHARECAP_CONTINUOUS : 0) |
			(tree->dfs ? SHARECAP_DFS : 0));
	dsmb_encode_u32(out, tree->maximal);
}

static void tree_connect_release(struct dsmb_call *call, void *args)
{
	const struct tree_connect_args *a = args;

	kfree(a->path);
}

const struct dsmb_command dsmb_command_tree_connect = {
	.name = "tree_connect",
	.structure_size = 9,
	.flags = DSMB_ON_SESSION | DSMB_SLOW,
	.args_size = sizeof(struct tree_connect_args),
	.decode = tree_connect_decode,
	.exec = tree_connect_exec,
	.encode = tree_connect_encode,
	.release = tree_connect_release,
};

static u32 tree_disconnect_exec(struct dsmb_call *call, void *args, void *res)
{
	return dsmb_tree_close(call->tree) ? STATUS_SUCCESS : STATUS_NETWORK_NAME_DELETED;
}

static void tree_disconnect_encode(struct dsmb_call *call, u32 status, const void *res)
{
	dsmb_encode_u16(&call->out, DISCONNECT_RESPONSE_SIZE);
	dsmb_encode_u16(&call->out, 0);
}

const struct dsmb_command dsmb_command_tree_disconnect = {
	.name = "tree_disconnect",
	.structure_size = 4,
	.flags = DSMB_ON_TREE | DSMB_SLOW | DSMB_FREES,
	.exec = tree_disconnect_exec,
	.encode = tree_disconnect_encode,
};
