// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions, trees and opens as the administrator sees them. See show.h and net/show.h.
 *
 * Each object is found by its index in a table under RCU, and is held while it is reported. No
 * table is locked, so objects may come and go during a dump.
 *
 * Locking: session->lock is held while a session is reported, so that its channels, and thus
 * the names of their connections, stay valid.
 */
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "../fs/open/instance.h"
#include "../lockd/open.h"
#include "../net/helper/auth.h"
#include "../net/server.h"
#include "../net/show.h"
#include "auth/session.h"
#include "auth/tree.h"
#include "auth/tree_access.h"
#include "open/durable.h"
#include "open/open.h"
#include "server.h"
#include "show.h"
#include "transport/conn.h"
#include "wire/wire.h"

static const char *const cipher_names[] = {
	[DSMB_CIPHER_AES128_CCM] = "aes-128-ccm",
	[DSMB_CIPHER_AES128_GCM] = "aes-128-gcm",
	[DSMB_CIPHER_AES256_CCM] = "aes-256-ccm",
	[DSMB_CIPHER_AES256_GCM] = "aes-256-gcm",
};

static const char *const signing_names[] = {
	[DSMB_SIGNING_HMAC_SHA256] = "hmac-sha256",
	[DSMB_SIGNING_AES_CMAC] = "aes-cmac",
	[DSMB_SIGNING_AES_GMAC] = "aes-gmac",
};

static const char *dialect_name(u16 dialect)
{
	switch (dialect) {
	case DSMB_DIALECT_202:
		return "2.0.2";
	case DSMB_DIALECT_210:
		return "2.1";
	case DSMB_DIALECT_300:
		return "3.0";
	case DSMB_DIALECT_302:
		return "3.0.2";
	case DSMB_DIALECT_311:
		return "3.1.1";
	default:
		return "?";
	}
}

/* Returns the connections with the lowest numbers from @number on, held; none at the end. */
static unsigned int conns_next(struct dsmb_server *server, u64 number,
			       struct ditto_show_batch *batch)
{
	struct dsmb_conn *conn;

	batch->count = 0;
	spin_lock(&server->conns_lock);
	list_for_each_entry(conn, &server->conns, list)
		if (conn->number >= number)
			ditto_show_batch_add(batch, conn->number, conn);
	for (unsigned int i = 0; i < batch->count; i++)
		dsmb_conn_hold(batch->conn[i]);
	spin_unlock(&server->conns_lock);
	return batch->count;
}

static int conn_show(struct dsmb_conn *conn, struct ditto_conn_show *show)
{
	char local[sizeof(conn->name)];
	struct ditto_conn_info info = {
		.id = conn->number, .addr = conn->name, .local = local,
	};

	snprintf(local, sizeof(local), "%pISpc", &conn->local);
	return show->fn(show, &info);
}

/*
 * List the connections. Context: process; may sleep. No lock is held during @show->fn. Return: 0,
 * or the error of @show->fn that ended the dump.
 */
int dsmb_show_conns(struct ditto_server *srv, struct ditto_conn_show *show)
{
	struct dsmb_server *server = dsmb_server_of(srv->net);
	struct ditto_show_batch *batch = kmalloc(sizeof(*batch), GFP_KERNEL);
	int err = 0;

	if (!batch)
		return -ENOMEM;
	while (!err && conns_next(server, show->next, batch)) {
		for (unsigned int i = 0; i < batch->count; i++) {
			if (!err)
				err = conn_show(batch->conn[i], show);
			dsmb_conn_put(batch->conn[i]);
		}
	}
	kfree(batch);
	return err;
}

/* Returns the first session at an index or behind it, held; NULL at the end. */
static struct dsmb_session *session_next(struct dsmb_server *server, unsigned long *place)
{
	struct dsmb_session *session;

	rcu_read_lock();
	session = xa_find(&server->sessions, place, ULONG_MAX, XA_PRESENT);
	while (session && !refcount_inc_not_zero(&session->ref))
		session = xa_find_after(&server->sessions, place, ULONG_MAX, XA_PRESENT);
	rcu_read_unlock();
	return session;
}

static struct dsmb_open *open_next(struct dsmb_session *session, unsigned long *place)
{
	struct dsmb_open *open;

	rcu_read_lock();
	open = xa_find(&session->opens, place, ULONG_MAX, XA_PRESENT);
	while (open && !refcount_inc_not_zero(&open->ref))
		open = xa_find_after(&session->opens, place, ULONG_MAX, XA_PRESENT);
	rcu_read_unlock();
	return open;
}

/* Is the session authenticated? */
static bool session_is_known(const struct dsmb_session *session)
{
	enum dsmb_session_state state;

	/* Pairs with dsmb_session_validate(): user and keys are visible. */
	state = smp_load_acquire(&session->state);
	return state == DSMB_SESSION_VALID || state == DSMB_SESSION_EXPIRED;
}

/* Counts the trees. The first ones are held in @trees, so that their names stay valid. */
static void session_trees(struct dsmb_session *session, struct ditto_session_info *info,
			  struct dsmb_tree *trees[DITTO_SESSION_SHARES])
{
	struct dsmb_tree *tree;
	unsigned long id;

	rcu_read_lock();
	xa_for_each(&session->trees, id, tree) {
		if (info->shares < DITTO_SESSION_SHARES) {
			if (!refcount_inc_not_zero(&tree->ref))
				continue;
			trees[info->shares] = tree;
			info->share[info->shares] = tree->name;
		}
		info->shares++;
	}
	rcu_read_unlock();
}

static void trees_put(struct dsmb_tree *trees[DITTO_SESSION_SHARES], u32 count)
{
	for (u32 i = 0; i < min_t(u32, count, DITTO_SESSION_SHARES); i++)
		dsmb_tree_put(trees[i]);
}

static void session_channels(struct dsmb_session *session, struct ditto_session_info *info)
{
	struct dsmb_channel *channel;

	lockdep_assert_held(&session->lock);
	list_for_each_entry(channel, &session->channels, list) {
		const struct dsmb_conn *conn = channel->conn;

		if (session->signing_required)
			info->signing = signing_names[conn->signing];
		if (session->encrypt)
			info->encryption = cipher_names[conn->cipher];
		if (info->nplaces < DITTO_SESSION_PLACES)
			info->places[info->nplaces++] = conn->name;
	}
}

static int session_show(struct dsmb_session *session, struct ditto_session_show *show)
{
	struct dsmb_tree *trees[DITTO_SESSION_SHARES];
	struct ditto_session_info info = {
		.id = session->id,
		.dialect = dialect_name(session->dialect),
		.since = session->since,
	};
	const struct ditto_auth_user *acting_user;
	int err;

	if (!session_is_known(session))
		return 0;
	acting_user = dsmb_session_acting_user(session);
	info.user = acting_user->name;
	info.domain = acting_user->domain;
	info.guest = acting_user->guest || acting_user->anonymous;
	info.opens = atomic_read(&session->nopens);
	info.login = dsmb_session_login(session);

	session_trees(session, &info, trees);
	mutex_lock(&session->lock);
	session_channels(session, &info);
	err = show->fn(show, &info);
	mutex_unlock(&session->lock);
	trees_put(trees, info.shares);
	return err;
}

/*
 * List the authenticated sessions. Sessions are reported in the order of their SessionIds. Context:
 * process; may sleep. No lock is held, but @show->fn runs under the session's mutex. Return: 0, or
 * the error of @show->fn that ended the dump.
 */
int dsmb_show_sessions(struct ditto_server *srv, struct ditto_session_show *show)
{
	struct dsmb_server *server = dsmb_server_of(srv->net);
	unsigned long place = show->next;
	struct dsmb_session *session;
	int err = 0;

	while (!err && (session = session_next(server, &place))) {
		if (READ_ONCE(session->state) != DSMB_SESSION_CLOSED)
			err = session_show(session, show);
		dsmb_session_put(session);
		place++;
	}
	return err;
}

/* Close a session for the administrator. Its durable opens are closed too. Return: 0 or -ENOENT. */
int dsmb_show_session_close(struct ditto_server *srv, u64 id)
{
	struct dsmb_session *session = dsmb_session_find_any(dsmb_server_of(srv->net), id, false);

	if (!session)
		return -ENOENT;
	WRITE_ONCE(session->forgets, true);
	dsmb_session_close(session, "administrator");
	dsmb_session_wait_closed(session);
	dsmb_session_put(session);
	return 0;
}

/* Tells for the core whether the user of a session may use a share: dsmb_session_reaches(). */
bool dsmb_show_reaches(struct ditto_server *srv, u64 id, struct ditto_share *share)
{
	struct dsmb_session *session = dsmb_session_find_any(dsmb_server_of(srv->net), id, false);
	bool reaches;

	if (!session)
		return false;
	reaches = dsmb_session_reaches(session, share);
	dsmb_session_put(session);
	return reaches;
}

/* Fills what only an open that was not revoked has. */
static void instance_show(struct dsmb_open *open, struct ditto_open_info *info, char *buf)
{
	struct ditto_actor actor = {
		.client = open->owner->client,
		.owner = open->owner,
		.exact = true,
	};
	struct ditto_op op = { .srv = open->server->srv, .actor = &actor };
	const struct ditto_open *claim;
	struct ditto_node *node;
	char *path;

	if (ditto_instance_begin(open->inst, &op, &node))
		return;
	claim = ditto_instance_claim(open->inst);
	info->access = ditto_open_access(claim);
	info->deny = ditto_open_deny(claim);
	info->delete_pending = ditto_instance_delete_pending(open->inst);
	path = ditto_instance_path(open->inst, buf, PATH_MAX);
	if (!IS_ERR(path))
		info->path = path;
	ditto_instance_end(open->inst, &op);
}

static enum ditto_lasting show_durability(const struct dsmb_durable *durable)
{
	if (!durable)
		return DITTO_LASTS_NOT;
	if (durable->persist)
		return DITTO_LASTS_PERSISTENT;
	return READ_ONCE(durable->resilient) ? DITTO_LASTS_RESILIENT : DITTO_LASTS_DURABLE;
}

/* Reports an open of a session, or of session 0 while the open waits for its client. */
static int open_show(struct dsmb_open *open, const struct ditto_auth_user *user, u64 session,
		     unsigned long place, struct ditto_open_show *show, char *buf)
{
	struct dsmb_tree *tree = dsmb_open_tree(open);
	struct ditto_open_info info = {
		.id = open->persistent,
		.place = place,
		.session = session,
		.user = user->name,
		.share = tree->name,
		.since = open->since,
	};
	int err;

	info.lasting = show_durability(READ_ONCE(open->durable));
	if (!session)
		info.waits_s = dsmb_durable_left(open);
	if (open->inst)
		instance_show(open, &info, buf);
	err = show->fn(show, &info);
	dsmb_tree_put(tree);
	return err;
}

static int session_opens_show(struct dsmb_session *session, unsigned long place,
			      struct ditto_open_show *show, char *buf)
{
	struct dsmb_open *open;
	int err = 0;

	while (!err && (open = open_next(session, &place))) {
		err = open_show(open, dsmb_session_acting_user(session),
				session->id, place, show, buf);
		dsmb_open_put(open);
		place++;
	}
	return err;
}

/*
 * Reports the durable opens that wait for their clients, as opens of session 0, before all
 * sessions.
 */
static int waiting_opens_show(struct dsmb_server *server, struct ditto_open_show *show, char *buf)
{
	struct dsmb_open *open;
	u64 id = show->next;
	int err = 0;

	while (!err && (open = dsmb_durable_next(server, &id))) {
		if (dsmb_open_is_detached(open))
			err = open_show(open, open->durable->user, 0, id, show, buf);
		dsmb_open_put(open);
		id++;
	}
	return err;
}

/*
 * List the opens. Durable opens that wait for their clients come first, as opens of session 0. The
 * opens of each session follow. Return: 0, -ENOMEM, or the error of @show->fn that ended the dump.
 */
int dsmb_show_opens(struct ditto_server *srv, struct ditto_open_show *show)
{
	struct dsmb_server *server = dsmb_server_of(srv->net);
	unsigned long first = show->next_session;
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL);
	struct dsmb_session *session;
	unsigned long id = first;
	int err = 0;

	if (!buf)
		return -ENOMEM;
	if (!first && !show->session)
		err = waiting_opens_show(server, show, buf);
	while (!err && (session = session_next(server, &id))) {
		if ((!show->session || show->session == session->id) && session_is_known(session))
			err = session_opens_show(session, id == first ? show->next : 0, show, buf);
		dsmb_session_put(session);
		id++;
	}
	kfree(buf);
	return err;
}

/* Returns true if the open existed, even if another thread closed it first. */
static bool session_open_close(struct dsmb_session *session, u64 id)
{
	struct dsmb_open *open;
	unsigned long place = 0;
	bool found = false;

	while (!found && (open = open_next(session, &place))) {
		found = open->persistent == id;
		if (found)
			dsmb_durable_close_later(open);
		dsmb_open_put(open);
		place++;
	}
	return found;
}

static bool durable_open_close(struct dsmb_server *server, u64 id)
{
	u64 place = id;
	struct dsmb_open *open = dsmb_durable_next(server, &place);
	bool found = open && open->persistent == id;

	if (found)
		dsmb_durable_close_later(open);
	if (open)
		dsmb_open_put(open);
	return found;
}

/* Close an open for the administrator. Return: 0 or -ENOENT. */
int dsmb_show_open_close(struct ditto_server *srv, u64 id)
{
	struct dsmb_server *server = dsmb_server_of(srv->net);
	bool found = durable_open_close(server, id);
	struct dsmb_session *session;
	unsigned long place = 0;

	while (!found && (session = session_next(server, &place))) {
		found = session_open_close(session, id);
		dsmb_session_put(session);
		place++;
	}
	return found ? 0 : -ENOENT;
}

static struct dsmb_tree *tree_next(struct dsmb_session *session, unsigned long *place)
{
	struct dsmb_tree *tree;

	rcu_read_lock();
	tree = xa_find(&session->trees, place, ULONG_MAX, XA_PRESENT);
	while (tree && !refcount_inc_not_zero(&tree->ref))
		tree = xa_find_after(&session->trees, place, ULONG_MAX, XA_PRESENT);
	rcu_read_unlock();
	return tree;
}

static int session_trees_show(struct dsmb_session *session, unsigned long place,
			      struct ditto_tree_show *show)
{
	struct dsmb_tree *tree;
	int err = 0;

	while (!err && (tree = tree_next(session, &place))) {
		struct ditto_tree_info info = {
			.id = place++,
			.session = session->id,
			.user = dsmb_session_acting_user(session)->name,
			.share = tree->name,
			.writable = READ_ONCE(tree->writable),
			.encrypt = READ_ONCE(tree->encrypt),
		};

		err = show->fn(show, &info);
		dsmb_tree_put(tree);
	}
	return err;
}

/* List the tree connects. Return: 0, or the error of @show->fn that ended the dump. */
int dsmb_show_trees(struct ditto_server *srv, struct ditto_tree_show *show)
{
	struct dsmb_server *server = dsmb_server_of(srv->net);
	unsigned long first = show->next_session;
	struct dsmb_session *session;
	unsigned long id = first;
	int err = 0;

	while (!err && (session = session_next(server, &id))) {
		if ((!show->session || show->session == session->id) && session_is_known(session))
			err = session_trees_show(session, id == first ? show->next : 0, show);
		dsmb_session_put(session);
		id++;
	}
	return err;
}

/* Disconnect a tree for the administrator. Return: 0 or -ENOENT. */
int dsmb_show_tree_close(struct ditto_server *srv, u64 session_id, u32 id)
{
	struct dsmb_session *session;
	struct dsmb_tree *tree;
	int err = -ENOENT;

	session = dsmb_session_find_any(dsmb_server_of(srv->net), session_id, false);
	if (!session)
		return -ENOENT;
	tree = dsmb_tree_find(session, id);
	if (tree) {
		if (dsmb_tree_close(tree))
			err = 0;
		dsmb_tree_put(tree);
	}
	dsmb_session_put(session);
	return err;
}
