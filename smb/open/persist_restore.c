// SPDX-License-Identifier: GPL-2.0-only
/*
 * Persistent opens after a restart: they are restored from their records as soon as their share
 * exists. See persist.h.
 *
 * The grace period knows clients by their ClientGuid. A client is done when none of its records
 * waits for its share any more. A record whose share does not appear is removed when the timeout of
 * the open is over. Deletions that were pending are set last, when all other opens are restored.
 *
 * Locking: server->pending_lock guards the list of records.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../fs/node/file.h"
#include "../../fs/node/node.h"
#include "../../fs/op/check/rights.h"
#include "../../fs/open/instance.h"
#include "../../fs/share/cred.h"
#include "../../fs/share/nested.h"
#include "../../fs/share/rules.h"
#include "../../fs/share/share.h"
#include "../../lockd/table.h"
#include "../../net/helper/record.h"
#include "../../net/server.h"
#include "../auth/tree.h"
#include "../server.h"
#include "../wire/create.h"
#include "lease.h"
#include "persist.h"
#include "persist_record.h"
#include "replay.h"

#define KNOWN_PREFIX	"smb"

/* Key of a client in the grace period. */
struct known {
	u8 prefix[sizeof(KNOWN_PREFIX) - 1];
	guid_t guid;
};

/**
 * struct pending - a record that was not restored yet
 * @list: link in server->pending
 * @id: FileId.Persistent of the open
 * @client: ClientGuid
 * @deadline: in jiffies; the record is removed then
 * @delete_on_close: the restored open, with a reference; its file is marked for deletion when all
 *	others are restored
 * @len: bytes of @data
 * @data: the encoded record
 */
struct pending {
	struct list_head list;
	u64 id;
	guid_t client;
	unsigned long deadline;
	struct dsmb_open *delete_on_close;
	u32 len;
	u8 data[] __counted_by(len);
};

/* State of one restore. */
struct restoring {
	struct dsmb_server *server;
	struct ditto_client *client;
	struct dsmb_record record;
	struct ditto_share *share;
	struct ditto_node *node;
	struct ditto_cred *cred;
	struct dsmb_open *open;
	struct ditto_actor actor;
	struct ditto_op op;
	struct ditto_opened opened;
	bool reclaim;
};

static struct known known_of(const guid_t *guid)
{
	struct known known = { .guid = *guid };

	memcpy(known.prefix, KNOWN_PREFIX, sizeof(known.prefix));
	return known;
}

static int find_share(struct ditto_share *share, void *arg)
{
	return uuid_equal(&share->id, arg);
}

/* Make the credential of the open's operations; the recorded ids are squashed already. */
static int restore_cred(struct restoring *r)
{
	const struct dsmb_record *rec = &r->record;
	const struct ditto_verdict verdict = {
		.level = DITTO_ACCESS_WRITE, .squash = DITTO_SQUASH_NONE,
	};
	struct ditto_share_opts *opts = ditto_share_opts_alloc();
	kgid_t groups[DSMB_PERSIST_GROUPS_MAX];
	struct ditto_ident ident = {
		.uid = make_kuid(&init_user_ns, rec->uid),
		.gid = make_kgid(&init_user_ns, rec->gid),
		.ngroups = rec->ngroups,
		.groups = groups,
		.admin = rec->flags & DSMB_RECORD_ADMIN,
	};

	if (!opts)
		return -ENOMEM;
	for (unsigned int i = 0; i < rec->ngroups; i++)
		groups[i] = make_kgid(&init_user_ns, rec->groups[i]);
	r->cred = ditto_cred_get(r->server->srv, opts, &verdict, &ident);
	ditto_share_opts_free(opts);
	return PTR_ERR_OR_ZERO(r->cred);
}

static struct ditto_auth_user *restore_user(const struct dsmb_record *rec)
{
	struct ditto_auth_user *user = kzalloc(sizeof(*user), GFP_KERNEL);

	if (!user)
		return NULL;
	user->name = kstrdup(rec->name, GFP_KERNEL);
	if (!user->name) {
		kfree(user);
		return NULL;
	}
	refcount_set(&user->ref, 1);
	user->uid = make_kuid(&init_user_ns, rec->user);
	user->gid = INVALID_GID;
	user->sid_len = rec->sid_len;
	memcpy(user->sid, rec->sid, rec->sid_len);
	return user;
}

/* Allocate the open with its lease; it is not in use yet. */
static int restore_open(struct restoring *r)
{
	const struct dsmb_record *rec = &r->record;
	struct dsmb_tree *tree = dsmb_tree_restored(ditto_nested_outermost(r->share), r->cred,
						    rec->flags & DSMB_RECORD_WRITABLE);
	struct dsmb_open_rare *rare;
	struct dsmb_open *open;

	if (!tree)
		return -ENOMEM;
	/* The tree has the credential from now on. */
	r->cred = NULL;
	open = dsmb_open_restored(r->server, &rec->client, tree, rec->id);
	dsmb_tree_put(tree);
	if (IS_ERR(open))
		return PTR_ERR(open);
	/* Another thread may find the open while it is restored, and close it. */
	dsmb_open_hold(open);
	r->open = open;
	open->rights = rec->rights;
	open->options = rec->options;
	open->mode = rec->options & DSMB_OPTIONS_OF_MODE;
	open->no_recall = rec->options & DSMB_OPTION_NO_RECALL;
	open->action = rec->action;
	open->snapshot = rec->flags & DSMB_RECORD_SNAPSHOT;
	open->posix = rec->flags & DSMB_RECORD_POSIX;
	open->delete_on_close = rec->flags & DSMB_RECORD_DELETE_PENDING;
	open->delete_on_close_later = open->delete_on_close;
	rare = dsmb_open_rare(open);
	if (!rare)
		return -ENOMEM;
	rare->lock_sequence = kmemdup(rec->sequences, sizeof(rec->sequences), GFP_KERNEL);
	if (!rare->lock_sequence)
		return -ENOMEM;
	return dsmb_lease_take(open, &rec->caching);
}

/*
 * Set before anything can find the open, so that it is not treated as an open that lost its client.
 */
static int restore_durability(struct restoring *r, const struct pending *p)
{
	const struct dsmb_record *rec = &r->record;
	struct ditto_auth_user *user = restore_user(rec);
	struct dsmb_persist *persist;
	int err;

	if (!user)
		return -ENOMEM;
	err = dsmb_durable_restore(r->open, &rec->client, rec->guid, rec->name_hash, user,
				   rec->timeout_ms);
	ditto_auth_user_put(user);
	if (err)
		return err;
	persist = r->open->durable->persist;
	return ditto_recorder_restore(persist->recorder, persist->token, p->data, p->len);
}

/* The name may belong to another file by now. */
static int restore_check_found(void *arg, struct ditto_node *node)
{
	const struct restoring *r = arg;

	return node == r->node ? 0 : -ESTALE;
}

/* Get the directory with the name that was opened, or an ERR_PTR. */
static struct ditto_node *restore_dir(const struct restoring *r)
{
	const struct ditto_handle *handle = &r->record.dir;
	struct ditto_share *share;
	struct ditto_node *dir;
	int err;

	if (!r->record.entry_len)
		return ERR_PTR(-ENOENT);
	err = ditto_handle_decode(r->server->srv, handle->data, handle->len, &share, &dir);
	if (err)
		return ERR_PTR(err);
	if (share != r->share) {
		ditto_node_put(dir);
		dir = ERR_PTR(-ENOENT);
	}
	ditto_share_put(share);
	return dir;
}

/*
 * Open the file by its recorded name. A file that has lost it is known by its handle only, and no
 * name is the open's own, because a name that was not recorded may be a new one or another link. A
 * record of version 1 tells no name. The only name of its file is the one to be deleted then,
 * unless the deletion that was pending has been carried out.
 */
static int restore_instance(struct restoring *r, struct ditto_open_request *req)
{
	const struct ditto_name name = { .name = r->record.entry, .len = r->record.entry_len };
	struct ditto_node *dir = restore_dir(r);
	int err = PTR_ERR_OR_ZERO(dir);

	if (!err) {
		req->parent = dir;
		req->name = &name;
		err = ditto_instance_open(&r->op, req, &r->opened);
		req->parent = NULL;
		ditto_node_put(dir);
	}
	if (!err || err == -EJUKEBOX || err == -ENOMEM)
		return err;
	req->node = r->node;
	if (r->record.entry_len ||
	    r->record.flags & (DSMB_RECORD_OTHERS | DSMB_RECORD_DELETE_PENDING))
		req->flags |= DITTO_OPENF_NAMELESS;
	return ditto_instance_open(&r->op, req, &r->opened);
}

static int restore_file(struct restoring *r)
{
	const struct dsmb_record *rec = &r->record;
	struct ditto_open_request req = {
		.how = DITTO_OPEN_EXISTING,
		.flags = DITTO_OPENF_GRANTED | DITTO_OPENF_FILE | DITTO_OPENF_FOLLOW_NOT |
			 (rec->flags & DSMB_RECORD_POSIX ? DITTO_OPENF_ONLY_EXACT : 0),
		.rights = rec->rights,
		.deny = rec->deny,
		.reclaim = r->reclaim,
		.found = restore_check_found,
		.arg = r,
	};
	int err;

	dsmb_open_op(r->open, r->open->tree, &r->op, &r->actor);
	r->op.share = r->share;
	/* As at the CREATE. */
	r->op.traverses = true;
	err = dsmb_open_limit(r->open, r->share);
	if (err)
		return err;
	err = restore_instance(r, &req);
	r->open->inst = r->opened.inst;
	if (err)
		return err;
	if (r->open->delete_on_close)
		dsmb_persist_delete_enter(r->open);
	return 0;
}

static int restore_ranges(struct restoring *r, struct ditto_node *node)
{
	struct ditto_file *file = dsmb_open_lock_file(r->share, r->open, node);
	int err = 0;

	for (unsigned int i = 0; i < r->record.nranges && !err; i++) {
		const struct ditto_range_held *range = &r->record.ranges[i];
		struct ditto_range_request req = {
			.point = &node->point,
			.owner = r->open->owner,
			.lease_owner = dsmb_lease_owner(r->open),
			.open = ditto_instance_claim(r->open->inst),
			.share = r->share->number,
			.exclusive = range->exclusive,
			.reclaim = r->reclaim,
			.filp = file ? file->file : NULL,
		};

		err = ditto_range_set_exact(&req, range->first, range->length) ?:
		      ditto_range_lock(&req, NULL, NULL);
	}
	if (file)
		ditto_file_put(file);
	return err;
}

/* Restore the other claims of the open. The lease comes last: its changes are recorded. */
static int restore_rest(struct restoring *r)
{
	const struct dsmb_record *rec = &r->record;
	struct dsmb_open *open = r->open;
	struct dsmb_persist *persist = open->durable->persist;
	struct ditto_node *node;
	int err;

	err = ditto_instance_begin(open->inst, &r->op, &node);
	if (err)
		return err;
	err = restore_ranges(r, node);
	if (!err && rec->flags & DSMB_RECORD_CLOSES)
		err = ditto_instance_set_delete(&r->op, open->inst, DITTO_DELETE_ON |
						DITTO_DELETE_AT_CLOSE | DITTO_DELETE_READONLY);
	/* Which of several hard links was opened may not be known any more. */
	if (err == -EPERM)
		err = 0;
	if (err)
		goto end;
	if (rec->app.present)
		dsmb_app_enter(open, &rec->client, ditto_nested_outermost(r->share)->tag,
			       &rec->app, node);
	dsmb_lease_restore(&r->op, open, node, &rec->caching, r->reclaim);
	/*
	 * The record may be written again now: the open has all that it tells. A break of the lease
	 * may do so at the same time.
	 */
	mutex_lock(&persist->lock);
	dsmb_persist_watch(persist, node);
	mutex_unlock(&persist->lock);
end:
	ditto_instance_end(open->inst, &r->op);
	return err;
}

/* Publish the open; it waits for its client from now on. */
static int restore_waits(struct restoring *r)
{
	int err = dsmb_durable_publish(r->open);

	if (err)
		return err;
	dsmb_replay_restored(r->open, &r->record.client, r->record.guid);
	return 0;
}

/* Undo a failed restore. Return: @err, or -ECANCELED if the open was closed already. */
static int restore_fail(struct restoring *r, int err)
{
	struct dsmb_open *open = r->open;
	struct ditto_node *node;

	if (!open)
		return err;
	/* Closing the open must not remove the record. */
	if (open->durable)
		dsmb_persist_leave(open->durable->persist);
	if (!dsmb_open_close(open))
		return -ECANCELED;
	if (open->inst && !ditto_instance_begin(open->inst, &r->op, &node)) {
		ditto_instance_set_delete(&r->op, open->inst, DITTO_DELETE_AT_CLOSE);
		ditto_instance_end(open->inst, &r->op);
	}
	return err;
}

/* Return: 0, an errno, or -EAGAIN if the share does not exist yet. */
static int restore_locate(struct restoring *r)
{
	const struct ditto_handle *handle = &r->record.handle;
	struct ditto_server *srv = r->server->srv;
	int err;

	if (!ditto_share_for_each(srv, NULL, find_share, &r->record.share) &&
	    !ditto_nested_for_each(srv, find_share, &r->record.share))
		return -EAGAIN;
	err = ditto_handle_decode(srv, handle->data, handle->len, &r->share, &r->node);
	/* The key that signed the handle may still arrive. */
	return err == -EBADHANDLE ? -EAGAIN : err;
}

static int persist_restore(struct restoring *r, struct pending *p)
{
	int err;

	if (!dsmb_record_decode(&r->record, p->data, p->len))
		return -EINVAL;
	r->record.id = p->id;
	r->reclaim = ditto_grace_may_reclaim(r->client);
	err = restore_locate(r);
	if (err)
		return err == -ENOMEM ? -EAGAIN : err;
	err = restore_cred(r) ?: restore_open(r) ?: restore_durability(r, p) ?: restore_file(r) ?:
	      restore_rest(r) ?: restore_waits(r);
	/*
	 * Try again if another lock manager of the machine is in grace, if a caching grant is being
	 * broken, if memory is short, or if the grace period ended in the middle; the next try does
	 * not reclaim then.
	 */
	if (err == -EJUKEBOX || err == -ENOMEM ||
	    (err == -ESTALE && r->reclaim && !ditto_grace_may_reclaim(r->client)))
		err = -EAGAIN;
	if (err)
		err = restore_fail(r, err);
	else if (r->record.flags & DSMB_RECORD_DELETE_PENDING)
		p->delete_on_close = r->open;
	if (r->open && !p->delete_on_close)
		dsmb_open_put(r->open);
	if (!IS_ERR_OR_NULL(r->cred))
		ditto_cred_put(r->cred);
	ditto_node_put(r->node);
	ditto_share_put(r->share);
	return err;
}

static void pending_free(struct pending *p)
{
	list_del(&p->list);
	if (p->delete_on_close)
		dsmb_open_put(p->delete_on_close);
	kvfree(p);
}

/* Give up what was not restored. Return: false without memory. */
static bool pending_remove(struct dsmb_server *server, struct pending *p)
{
	u64 token = ditto_recorder_token(&server->open_records);
	struct ditto_recorder *recorder = dsmb_persist_recorder(server, p->id, NULL);

	if (IS_ERR(recorder))
		return false;
	ditto_recorder_restore(recorder, token, p->data, p->len);
	ditto_recorder_unset(recorder, token, NULL);
	ditto_recorder_put(recorder);
	pending_free(p);
	return true;
}

/* Restore the opens of one client. Return: number of records that have to wait. */
static unsigned int restore_client(struct dsmb_server *server, struct ditto_client *client,
				   const guid_t *guid, struct restoring *r)
{
	struct pending *p, *next;
	unsigned int left = 0;
	int err;

	list_for_each_entry_safe(p, next, &server->pending, list) {
		if (p->delete_on_close || !guid_equal(&p->client, guid))
			continue;
		memset(r, 0, sizeof(*r));
		r->server = server;
		r->client = client;
		err = time_before(jiffies, p->deadline) ? persist_restore(r, p) : -ETIME;
		if (err && err != -EAGAIN)
			pr_warn("what client %pUl had open before the restart is lost: error %d\n",
				guid, err);
		if (err == -EAGAIN)
			left++;
		else if (err)
			left += !pending_remove(server, p);
		else if (!p->delete_on_close)
			pending_free(p);
	}
	return left;
}

/* Get the next client with pending records, in the order of the ClientGuids. */
static bool next_client(struct dsmb_server *server, guid_t *guid, bool first)
{
	const guid_t *best = NULL;
	struct pending *p;

	list_for_each_entry(p, &server->pending, list) {
		if (p->delete_on_close ||
		    (!first && memcmp(&p->client, guid, sizeof(*guid)) <= 0))
			continue;
		if (!best || memcmp(&p->client, best, sizeof(*guid)) < 0)
			best = &p->client;
	}
	if (best)
		*guid = *best;
	return best;
}

static void restore_clients(struct dsmb_server *server, struct restoring *r)
{
	bool first = true;
	guid_t guid;

	for (; next_client(server, &guid, first); first = false) {
		struct ditto_client *client = dsmb_lease_client_of(server, &guid);
		struct known known = known_of(&guid);

		if (!client)
			continue;
		if (!ditto_grace_may_reclaim(client))
			ditto_grace_admit(client, &known, sizeof(known));
		if (!restore_client(server, client, &guid, r))
			ditto_grace_done(client);
		dsmb_lease_client_unuse(client);
	}
}

/*
 * Last of all, so that an open whose restore fails deletes nothing, and the other opens of the file
 * can still be restored.
 */
static void restore_deletes(struct dsmb_server *server)
{
	struct pending *p, *next;

	list_for_each_entry_safe(p, next, &server->pending, list)
		/* Try again later while a caching grant is being broken, but not for ever. */
		if (p->delete_on_close &&
		    (!time_before(jiffies, p->deadline) ||
		     dsmb_persist_delete_restore(p->delete_on_close) != -EJUKEBOX))
			pending_free(p);
}

/* True while it is not known what was open before the restart. */
static bool is_loading(struct dsmb_server *server)
{
	return READ_ONCE(server->srv->locks->state) == DITTO_STATE_LOADING;
}

static void restore_all(struct dsmb_server *server)
{
	struct restoring *r = kvzalloc(sizeof(*r), GFP_KERNEL);

	mutex_lock(&server->pending_lock);
	/* A client that is done too early would not count. This is tried again, too, for memory. */
	if (r && !is_loading(server))
		restore_clients(server, r);
	restore_deletes(server);
	if (!list_empty(&server->pending))
		queue_delayed_work(server->records, &server->retry,
				   msecs_to_jiffies(DSMB_PERSIST_RETRY_MS));
	mutex_unlock(&server->pending_lock);
	kvfree(r);
}

static void retry_work(struct work_struct *work)
{
	struct dsmb_server *server = container_of(to_delayed_work(work), struct dsmb_server, retry);

	restore_all(server);
}

static int pending_add(const struct ditto_record *record, void *arg)
{
	struct dsmb_server *server = arg;
	struct dsmb_record *r = kvzalloc(sizeof(*r), GFP_KERNEL);
	struct pending *p = kvzalloc(struct_size(p, data, record->data_len), GFP_KERNEL);
	struct known known;

	if (!r || !p) {
		pr_warn("an open of before the restart is not restored: no memory\n");
		goto free;
	}
	if (record->key_len != sizeof(__le64) ||
	    !dsmb_record_decode(r, record->data, record->data_len)) {
		pr_warn("a record of what was open before the restart is not understood\n");
		goto free;
	}
	p->len = record->data_len;
	memcpy(p->data, record->data, p->len);
	p->id = get_unaligned_le64(record->key);
	dsmb_open_id_used(server, p->id);
	p->client = r->client;
	p->deadline = jiffies + msecs_to_jiffies(r->timeout_ms);
	list_add_tail(&p->list, &server->pending);
	known = known_of(&p->client);
	ditto_grace_know(server->srv->locks, &known, sizeof(known), DITTO_KNOWN_ANY);
	p = NULL;
free:
	kvfree(p);
	kvfree(r);
	/* The others may still be restored. */
	return 0;
}

static void restore_begin(struct ditto_state_hook *hook)
{
	struct dsmb_server *server = container_of(hook, struct dsmb_server, hook);

	mutex_lock(&server->pending_lock);
	if (ditto_record_previous_for_each(hook->srv, DITTO_RECORD_OPEN, pending_add, server))
		pr_warn("what was open before the restart is not known: no memory\n");
	mutex_unlock(&server->pending_lock);
	ditto_grace_start(hook->srv->locks);
}

static void restore_ready(struct ditto_state_hook *hook)
{
	struct dsmb_server *server = container_of(hook, struct dsmb_server, hook);

	/* A server that had stopped has shares again: what was open then does not come back. */
	dsmb_persist_withdraw(server);
	restore_all(server);
}

static void restore_share_gone(struct ditto_state_hook *hook)
{
	dsmb_persist_withdraw(container_of(hook, struct dsmb_server, hook));
}

/*
 * Restore the opens of before a restart before a client connects to a share. Context: waits at most
 * DSMB_PERSIST_TOLD_MS for the helper. Takes server->pending_lock.
 */
void dsmb_persist_settle(struct dsmb_server *server)
{
	const struct ditto_lock_table *table = server->srv->locks;
	u64 waited = table->clock() - READ_ONCE(table->grace.left);

	/* One caller waits for all; opens are refused as long as it takes. */
	if (is_loading(server) && waited < DSMB_PERSIST_TOLD_MS)
		ditto_grace_wait(server->srv->locks, DITTO_STATE_LOADING,
				 DSMB_PERSIST_TOLD_MS - waited);
	if (!list_empty_careful(&server->pending))
		restore_all(server);
}

/*
 * Check for an open of before the restart that is or may be not restored. Context: takes
 * server->pending_lock. Return: true if there is one, or while it is not known which ones there
 * are.
 */
bool dsmb_persist_is_pending(struct dsmb_server *server, u64 id)
{
	bool found = false;
	struct pending *p;

	if (is_loading(server))
		return true;
	mutex_lock(&server->pending_lock);
	list_for_each_entry(p, &server->pending, list)
		found |= p->id == id && !p->delete_on_close;
	mutex_unlock(&server->pending_lock);
	return found;
}

void dsmb_persist_init(struct dsmb_server *server)
{
	spin_lock_init(&server->deleters_lock);
	server->deleters = RB_ROOT;
	mutex_init(&server->pending_lock);
	INIT_LIST_HEAD(&server->pending);
	INIT_DELAYED_WORK(&server->retry, retry_work);
	server->hook.begin = restore_begin;
	server->hook.ready = restore_ready;
	server->hook.share_gone = restore_share_gone;
	server->hook.shares = true;
	ditto_state_hook_add(server->srv, &server->hook);
}

void dsmb_persist_exit(struct dsmb_server *server)
{
	struct pending *p, *next;

	ditto_state_hook_remove(&server->hook);
	/* Opens that are closed from now on must not queue it again. */
	disable_delayed_work_sync(&server->retry);
	ditto_recorders_end(&server->open_records);
	/* Their records stay at the helper. */
	list_for_each_entry_safe(p, next, &server->pending, list)
		pending_free(p);
}
