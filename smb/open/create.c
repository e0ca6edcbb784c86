// SPDX-License-Identifier: GPL-2.0-only
/*
 * CREATE: MS-SMB2 sections 2.2.14, 3.3.5.9; MS-FSA section 2.1.5.1.
 *
 * dsmb_create_exec() lets the core open or create the file, which may park the call, sets the
 * properties of new files, grants caching, and publishes the open. dsmb_create_encode() writes the
 * response. The empty name is the root of the share, and takes the same way as all other names.
 */
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/slab.h>

#include "../../fs/op/walk.h"
#include "../../fs/node/node.h"
#include "../../fs/open/instance.h"
#include "../../fs/open/stream.h"
#include "../../fs/share/link.h"
#include "../../fs/share/share.h"
#include "../../fs/op/shortname.h"
#include "../../fs/op/snapshot.h"
#include "../auth/session.h"
#include "../auth/tree.h"
#include "../file/apple_stream.h"
#include "../file/info.h"
#include "../file/pipe.h"
#include "../file/quota.h"
#include "../share_options.h"
#include "../transport/command.h"
#include "../transport/conn.h"
#include "../wire/apple.h"
#include "../wire/dfs.h"
#include "create_private.h"
#include "lease.h"
#include "nested.h"
#include "open.h"
#include "persist.h"
#include "replay.h"
#include "symlink_error.h"

/**
 * struct dsmb_create_res - results of a CREATE
 * @action: CreateAction
 * @granted: granted caching
 * @attrs: attributes of the file
 * @contexts: data for the response contexts
 */
struct dsmb_create_res {
	u32 action;
	struct dsmb_caching granted;
	struct dsmb_attrs attrs;
	struct dsmb_context_reply contexts;
};

/**
 * struct dsmb_create - a CREATE while it is executed
 * @call: the call
 * @args: parameters
 * @res: results
 * @path: the path of @args, or where it leads to in a snapshot or a file system within the share; a
 *	path in a snapshot has memory of its own
 * @open: the open, held; or NULL
 * @stream: which of Apple's streams is opened
 * @stream_least: a stream with fewer bytes counts as missing
 */
struct dsmb_create {
	struct dsmb_call *call;
	const struct dsmb_create_args *args;
	struct dsmb_create_res *res;
	struct dsmb_path path;
	struct dsmb_open *open;
	enum dsmb_apple_stream stream;
	u32 stream_least;
};

/* @passed: bytes of the path before the component that ended the walk. */
static u32 dsmb_create_status(struct dsmb_create *c, int err, u32 passed)
{
	u32 options = c->args->options;

	switch (err) {
	case -EJUKEBOX:
		if (options & DSMB_OPTION_REQUIRING_OPLOCK)
			return STATUS_CANNOT_BREAK_OPLOCK;
		return dsmb_call_parked(c->call);
	case -ENOTDIR:
		/*
		 * The walk stops at the component that is not a directory: the last one, or one
		 * before it.
		 */
		return passed == c->path.len ? STATUS_NOT_A_DIRECTORY :
					       STATUS_OBJECT_PATH_NOT_FOUND;
	case -ELOOP:
		/* The client could not tell which part of the name was not parsed. */
		if (c->path.folded)
			return STATUS_OBJECT_NAME_INVALID;
		return dsmb_symlink_error_encode(c->call, &c->path, c->args->name, passed);
	case -ENXIO:
		return STATUS_IO_REPARSE_TAG_NOT_HANDLED;
	case -EPERM:
		return options & DSMB_OPTION_DELETE_ON_CLOSE ? STATUS_CANNOT_DELETE :
							       STATUS_ACCESS_DENIED;
	case -ESTALE:
		/* Another task removed the directory after the walk had passed it. */
		return STATUS_OBJECT_PATH_NOT_FOUND;
	case -ESHUTDOWN:
		return STATUS_NETWORK_NAME_DELETED;
	default:
		return dsmb_status(err);
	}
}

/* Walk the path; ended with ditto_walk_end(). */
static int dsmb_create_walk(struct dsmb_create *c, struct ditto_walk *walk)
{
	struct ditto_node *root;
	int err;

	root = ditto_node_get_root(c->call->op.share);
	if (IS_ERR(root))
		return PTR_ERR(root);
	err = ditto_walk(&c->call->op, root, c->path.path, c->path.len, walk);
	ditto_node_put(root);
	return err;
}

/* Return: 1 if the path leads to the file of the lease, 0 if it does not, or an errno. */
static int dsmb_create_leads_to(struct dsmb_create *c, struct dsmb_lease *lease)
{
	const struct ditto_name name = { .name = c->path.stream, .len = c->path.stream_len };
	struct ditto_walk walk;
	bool moved;
	int err;

	err = dsmb_create_walk(c, &walk);
	if (err)
		return err;
	if (c->path.stream && walk.node) {
		struct ditto_node *base = walk.node;

		walk.node = NULL;
		err = ditto_stream_open(&c->call->op, base, &name, false, &walk.node, NULL);
		ditto_node_put(base);
		/* A stream that is missing is not found, as a file. */
		if (err == -ENOENT)
			err = 0;
	}
	moved = dsmb_lease_is_elsewhere(lease, walk.node);
	ditto_walk_end(&walk);
	return err ?: !moved;
}

/* MS-SMB2 section 3.3.5.9.13: the application may have the file open on another machine. */
static u32 dsmb_create_take_over(struct dsmb_create *c)
{
	const struct dsmb_app_ask *app = &c->args->app;
	struct ditto_walk walk __uninitialized;
	u32 status = STATUS_SUCCESS;

	if (!app->present || c->call->tree->kind != DSMB_TREE_DISK || c->path.stream ||
	    dsmb_create_walk(c, &walk))
		return STATUS_SUCCESS;
	if (walk.node)
		status = dsmb_app_take_over(c->call, app, &walk);
	ditto_walk_end(&walk);
	return status;
}

/*
 * Attach the open to its lease. MS-SMB2 section 3.3.5.9.8: check whether the lease key is in use on
 * another file than the path leads to. This is checked before anything is changed;
 * dsmb_lease_grant() checks again.
 */
static u32 dsmb_create_take_lease(struct dsmb_create *c)
{
	struct ditto_actor *actor = &c->call->actor;
	struct dsmb_open *open = c->open;
	int err;

	err = dsmb_lease_take(open, &c->args->caching);
	if (err)
		return dsmb_status(err);
	actor->lease_owner = dsmb_lease_owner(open);
	actor->entry_owner = open->entry_owner;
	if (open->lease && dsmb_lease_is_used(open->lease) && !dsmb_create_leads_to(c, open->lease))
		return STATUS_INVALID_PARAMETER;
	return STATUS_SUCCESS;
}

/* Fill the request to the core, if the name and the tree connect allow it. */
static u32 dsmb_create_request(struct dsmb_create *c, struct dsmb_new_file *new,
			       struct ditto_open_request *req)
{
	static const struct {
		u32 option;
		u32 flag;
	} map[] = {
		{ DSMB_OPTION_DIRECTORY, DITTO_OPENF_DIRECTORY },
		{ DSMB_OPTION_DELETE_ON_CLOSE, DITTO_OPENF_DELETE_ON_CLOSE },
		{ DSMB_OPTION_REPARSE_POINT, DITTO_OPENF_FOLLOW_NOT },
		{ DSMB_OPTION_BACKUP_INTENT, DITTO_OPENF_BACKUP },
	};
	const struct dsmb_create_args *a = c->args;
	const struct dsmb_path *path = &c->path;
	struct dsmb_call *call = c->call;
	u32 status;

	/* Without streams no name may contain a colon. */
	if ((path->data || path->directory) && !ditto_has_streams(call->op.share))
		return STATUS_OBJECT_NAME_INVALID;
	if ((path->stream || path->data) && a->options & DSMB_OPTION_DIRECTORY)
		return STATUS_NOT_A_DIRECTORY;
	*req = (struct ditto_open_request) {
		.path = path->path,
		.path_len = path->len,
		.stream = path->stream,
		.stream_len = path->stream_len,
		.how = a->how,
		.rights = a->access & DSMB_ACCESS_SPECIFIC,
		.stream_least = c->stream_least,
		/* Access that is not shared is denied; the bits are the same. */
		.deny = ~a->share & DSMB_SHARE_ALL,
	};
	status = dsmb_new_file_request(call, a, new, req);
	if (status)
		return status;
	if ((req->rights & DITTO_RIGHT_SECURITY || new->audit) &&
	    !(ditto_rights_by_privilege(&call->op) & DITTO_RIGHT_SECURITY))
		return STATUS_PRIVILEGE_NOT_HELD;
	if (req->rights & DITTO_RIGHTS_ALL & ~call->tree->maximal)
		return STATUS_ACCESS_DENIED;
	for (unsigned int i = 0; i < ARRAY_SIZE(map); i++)
		if (a->options & map[i].option)
			req->flags |= map[i].flag;
	if (c->stream == DSMB_STREAM_AFP_RESOURCE)
		req->flags &= ~DITTO_OPENF_DELETE_ON_CLOSE;
	/* A directory may have streams, which are not directories. */
	if (path->data || (a->options & DSMB_OPTION_NON_DIRECTORY && !path->stream))
		req->flags |= DITTO_OPENF_FILE;
	if (a->access & DSMB_ACCESS_MAXIMUM)
		req->flags |= DITTO_OPENF_MAXIMUM;
	if (path->posix)
		req->flags |= DITTO_OPENF_ONLY_EXACT;
	return STATUS_SUCCESS;
}

/* A file that the user cannot reach is as one that is not there. */
static u32 dsmb_create_path_status(int err)
{
	switch (err) {
	case -EACCES:
	case -ENOTDIR:
	case -ESTALE:
		err = -ENOENT;
	}
	return dsmb_status(err);
}

static void dsmb_create_fill_apple(struct dsmb_create *c)
{
	struct dsmb_context_reply *reply = &c->res->contexts;
	struct dsmb_call *call = c->call;
	struct dsmb_create_args *a = call->args;
	char *path;
	u64 id;

	reply->apple = DSMB_APPLE_FULL_SYNC;
	if (!call->op.share->outer && ditto_volume_has_numbers(call->op.share->volume))
		reply->apple |= DSMB_APPLE_RESOLVES_ID;
	dsmb_apple_negotiate(&a->contexts, &call->session->apple);
	if (!dsmb_apple_resolve_id(&a->contexts, &id) || !(reply->apple & DSMB_APPLE_RESOLVES_ID))
		return;
	if (!a->resolved)
		a->resolved = kmalloc(PATH_MAX, GFP_KERNEL);
	path = a->resolved ? ditto_fileid_path(&call->op, id, a->resolved, PATH_MAX) :
			     ERR_PTR(-ENOMEM);
	if (!IS_ERR(path) &&
	    dsmb_reply_reserve(call, DSMB_REPLY_SMALL + sizeof(u16) * strlen(path)))
		path = ERR_PTR(-ENOMEM);
	reply->path_status = dsmb_create_path_status(PTR_ERR_OR_ZERO(path));
	reply->path = IS_ERR(path) ? NULL : path;
}

/*
 * Read what the response contexts need. The maximal access is for the file, and not only for what
 * the open was granted (MS-SMB2 section 3.3.5.9.5).
 */
static void dsmb_create_fill_contexts(struct dsmb_create *c, const struct dsmb_durable *durable)
{
	struct dsmb_context_reply *reply = &c->res->contexts;
	struct dsmb_call *call = c->call;
	struct ditto_walk walk __uninitialized;
	int err;

	reply->attrs = &c->res->attrs;
	if (dsmb_has_context(&c->args->contexts, DSMB_CONTEXT_APPLE) &&
	    dsmb_share_is_apple(call->op.share))
		dsmb_create_fill_apple(c);
	if (c->res->granted.level == DSMB_OPLOCK_LEASE)
		reply->lease = &c->res->granted;
	if (durable) {
		reply->durable.version = durable->version;
		reply->durable.persistent = durable->persist;
		reply->durable.timeout_ms = durable->timeout_ms;
	}
	if (!dsmb_has_context(&c->args->contexts, DSMB_CONTEXT_MAXIMAL))
		return;
	err = dsmb_create_walk(c, &walk);
	if (!err) {
		err = ditto_rights(&call->op, ditto_instance_base(c->open->inst), walk.parent,
				   &reply->maximal);
		ditto_walk_end(&walk);
	}
	reply->maximal &= call->tree->maximal;
	reply->maximal_status = dsmb_status(err);
}

/*
 * Hash the name by which the client of a lease knows the open: the whole path, which may lead into
 * a file system within the share.
 */
static u64 dsmb_create_name_hash(const struct dsmb_create *c)
{
	struct dsmb_path path = c->path;

	if (!c->args->durable.version || c->args->caching.level != DSMB_OPLOCK_LEASE)
		return 0;
	path.path = path.buf;
	path.len += c->path.path - path.buf;
	return dsmb_path_hash(&path);
}

/* The file is open: finish a new file, read its attributes, and grant caching and durability. */
static u32 dsmb_create_finish_file(struct dsmb_create *c, const struct ditto_opened *opened,
				   const struct ditto_acl *audit)
{
	const struct dsmb_create_args *a = c->args;
	struct dsmb_durable_ask durable = a->durable;
	struct dsmb_create_res *res = c->res;
	struct dsmb_call *call = c->call;
	struct dsmb_open *open = c->open;
	struct ditto_node *node;
	u32 status;

	status = dsmb_open_begin(call, open, &node);
	if (status)
		return status;
	/* The file exists now, so the call must not start over. */
	call->op.park = NULL;
	open->action = opened->action;
	status = dsmb_new_file_finish(call, a, open, node, audit);
	if (status)
		goto take_back;
	status = dsmb_status(dsmb_open_attrs_at_once(&call->op, open, node, &res->attrs));
	if (status)
		goto take_back;
	if (a->is_quota)
		dsmb_quota_file_attrs(&res->attrs);
	status = dsmb_lease_grant(call, open, node, &a->caching, &res->granted);
	if (status)
		goto take_back;
	if (a->options & DSMB_OPTION_REQUIRING_OPLOCK && a->caching.level != DSMB_OPLOCK_NONE &&
	    !dsmb_caching_is_some(&res->granted)) {
		status = STATUS_CANNOT_BREAK_OPLOCK;
		goto take_back;
	}
	if (a->app.present && !c->path.stream)
		dsmb_app_opened(call, open, &a->app, node);
	durable.name = dsmb_create_name_hash(c);
	dsmb_durable_grant(call, open, &durable, &res->granted);
	dsmb_create_fill_contexts(c, open->durable);
	res->action = opened->action;
	goto end;

take_back:
	if (opened->action == DITTO_WAS_CREATED)
		ditto_instance_take_back(&call->op, open->inst, opened->made);
end:
	dsmb_open_end(call, open);
	return status;
}

static u32 dsmb_create_pipe(struct dsmb_create *c)
{
	const struct dsmb_create_args *a = c->args;
	u32 status;

	if (a->access & DITTO_RIGHT_SECURITY)
		return STATUS_PRIVILEGE_NOT_HELD;
	status = dsmb_pipe_create(c->call, &c->path, c->open);
	if (status)
		return status;
	c->open->rights = a->access & DSMB_ACCESS_MAXIMUM ? DITTO_RIGHTS_ALL :
							    a->access & DITTO_RIGHTS_ALL;
	c->res->action = DITTO_WAS_OPENED;
	c->res->attrs.flags = DSMB_ATTR_NORMAL;
	return STATUS_SUCCESS;
}

/* Prepare the response for an existing open. */
static u32 dsmb_create_reply_existing(struct dsmb_create *c)
{
	const struct dsmb_create_args *a = c->args;
	bool reconnects = a->durable.reconnect;
	struct dsmb_create_res *res = c->res;
	struct dsmb_call *call = c->call;
	struct dsmb_open *open = c->open;
	struct ditto_node *node;
	u32 status;

	status = dsmb_open_begin(call, open, &node);
	if (status)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	status = dsmb_status(dsmb_open_attrs_at_once(&call->op, open, node, &res->attrs));
	if (status)
		goto end;
	dsmb_lease_report(call, open, &a->caching, &res->granted);
	/* Report no higher level than the replay requests. */
	if (!reconnects && res->granted.level != DSMB_OPLOCK_LEASE)
		res->granted.level = min(res->granted.level, a->caching.level);
	if (!reconnects && (dsmb_durable_fits(&res->granted) || dsmb_durable_is_sturdy(open)))
		dsmb_create_fill_contexts(c, open->durable);
	else
		dsmb_create_fill_contexts(c, NULL);
	dsmb_call_created(call, open);
end:
	dsmb_open_end(call, open);
	return status;
}

/*
 * Only for a lease does the file name of the request have to match. A client that renames its file
 * knows the new name, but not one that others have given the file in between, so both are accepted:
 * the one that it knows (Lease.Filename), and the present one. The client still has the name that
 * others have removed, and another file may have that name now; so none is compared then, as if the
 * file were to be deleted (Lease.FileDeleteOnClose).
 */
static bool dsmb_create_name_matches(struct dsmb_create *c)
{
	const struct dsmb_lease *lease = c->open->lease;
	struct dsmb_open_state state;

	return !lease || dsmb_lease_is_oplock(lease) ||
	       dsmb_durable_name_matches(c->open, dsmb_create_name_hash(c)) ||
	       dsmb_create_leads_to(c, c->open->lease) == 1 ||
	       (dsmb_open_get_state(c->open, &state) && state.nameless);
}

/* MS-SMB2 sections 3.3.5.9.7 and 3.3.5.9.12: reconnect to a durable open. */
static u32 dsmb_create_reconnect(struct dsmb_create *c)
{
	const struct dsmb_create_args *a = c->args;
	struct dsmb_call *call = c->call;
	u32 status;

	if (call->tree->kind != DSMB_TREE_DISK)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	status = dsmb_durable_find(call, &a->durable, &a->caching, &c->open);
	if (status)
		return status;
	if (!dsmb_create_name_matches(c))
		return STATUS_INVALID_PARAMETER;
	status = dsmb_durable_attach(call, c->open);
	if (status)
		return status;
	/* A reconnect starts a new ChannelSequence. */
	dsmb_sequence_reset(call, c->open);
	c->open->encrypted = call->encrypted;
	c->res->action = DITTO_WAS_OPENED;
	status = dsmb_create_reply_existing(c);
	if (status)
		dsmb_durable_close_later(c->open);
	return status;
}

/* MS-SMB2 section 3.3.5.9.10: the same CREATE may have been done already. */
static u32 dsmb_create_replay(struct dsmb_create *c)
{
	const struct dsmb_create_args *a = c->args;
	u32 status;

	status = dsmb_replay_begin(c->call, a->durable.guid, &c->open);
	if (status || !c->open)
		return status;
	status = dsmb_durable_replay(c->call, c->open, &a->durable, &a->caching);
	if (status)
		return status;
	c->res->action = c->open->action;
	return dsmb_create_reply_existing(c);
}

/* The file is in the snapshot of the requested time, which is read-only. */
static u32 dsmb_create_enter_snapshot(struct dsmb_create *c)
{
	u64 when = dsmb_context_u64(&c->args->contexts, DSMB_CONTEXT_TIMEWARP);
	struct ditto_op *op = &c->call->op;
	char *path;
	int len;

	len = ditto_snapshot_path(op, dsmb_timespec(when).tv_sec, c->path.path, c->path.len, &path);
	if (len < 0)
		return dsmb_status(len);
	c->path.buf = path;
	c->path.path = path;
	c->path.len = len;
	op->writable = false;
	return STATUS_SUCCESS;
}

/* Does the DFS path lead to a link, or through one? */
static bool dsmb_create_is_covered(const struct dsmb_create *c)
{
	const struct ditto_share *share = c->call->share;
	struct ditto_links *links = ditto_share_links(share);
	bool covered = links && dsmb_dfs_find_link(links, &c->path, ditto_has_shortnames(share));

	ditto_links_put(links);
	return covered;
}

static struct dsmb_open *dsmb_create_alloc_open(const struct dsmb_create *c)
{
	struct dsmb_call *call = c->call;
	bool outlives = call->tree->kind == DSMB_TREE_DISK && dsmb_durable_allowed(call);
	struct dsmb_open *open = dsmb_open_alloc(call, outlives);
	u32 options = c->args->options;

	if (IS_ERR(open))
		return open;
	open->options = options;
	open->mode = options & DSMB_OPTIONS_OF_MODE;
	open->no_recall = options & DSMB_OPTION_NO_RECALL;
	open->snapshot = c->path.buf != c->args->path.buf;
	open->posix = c->path.posix;
	open->quota = c->args->is_quota;
	open->stream = c->stream;
	open->encrypted = call->encrypted;
	open->channel_sequence = call->channel_sequence;
	return open;
}

/* A call that failed may be parked, and then begins again with the same arguments. */
static u32 dsmb_create_exec(struct dsmb_call *call, void *args, void *result)
{
	const struct dsmb_create_args *a = args;
	struct dsmb_create c = { .call = call, .args = a, .res = result, .path = a->path };
	struct ditto_opened opened = { };
	struct ditto_open_request req;
	struct dsmb_new_file new = { };
	struct dsmb_persist *persist;
	struct ditto_node *node;
	struct dsmb_open *open;
	bool covered;
	u32 status;
	int err;

	covered = a->dfs && dsmb_create_is_covered(&c);
	/* An open from before the link may be reconnected to, and its CREATE replayed. */
	if (covered && !a->durable.reconnect && !(call->flags & DSMB_FLAG_REPLAY))
		return STATUS_PATH_NOT_COVERED;
	if (dsmb_has_context(&a->contexts, DSMB_CONTEXT_TIMEWARP)) {
		status = dsmb_create_enter_snapshot(&c);
		if (status)
			return status;
	}
	if (call->tree->kind != DSMB_TREE_PIPE) {
		err = dsmb_nested_enter(call, &c.path);
		status = err ? dsmb_create_status(&c, err, 0) : dsmb_call_move(call, call->share);
		if (status)
			goto free_path;
	}

	/* An open that exists already. */
	status = STATUS_SUCCESS;
	if (a->durable.reconnect)
		status = dsmb_create_reconnect(&c);
	else if (a->durable.version == 2)
		status = dsmb_create_replay(&c);
	if (status)
		goto discard;
	if (c.open)
		goto done;

	/* A new one. */
	status = STATUS_PATH_NOT_COVERED;
	if (covered)
		goto free_path;
	if (c.path.stream && dsmb_share_is_apple(call->op.share)) {
		c.stream = dsmb_apple_stream(c.path.stream, c.path.stream_len);
		c.stream_least = dsmb_apple_stream_least(c.stream, READ_ONCE(call->session->apple));
	}
	status = dsmb_create_take_over(&c);
	if (status)
		goto free_path;
	open = dsmb_create_alloc_open(&c);
	if (IS_ERR(open)) {
		status = dsmb_status(PTR_ERR(open));
		goto free_path;
	}
	c.open = open;
	if (call->tree->kind == DSMB_TREE_PIPE) {
		status = dsmb_create_pipe(&c);
		if (status)
			goto discard;
	} else {
		status = dsmb_create_request(&c, &new, &req);
		if (status)
			goto discard;
		call->actor.owner = open->owner;
		call->actor.exact = true;
		status = dsmb_create_take_lease(&c);
		if (status)
			goto discard;
		if (a->options & DSMB_OPTION_REQUIRING_OPLOCK)
			call->op.park = NULL;
		status = STATUS_INSUFFICIENT_RESOURCES;
		if (dsmb_open_limit(open, call->share))
			goto discard;
		err = ditto_instance_open(&call->op, &req, &opened);
		if (err) {
			status = dsmb_create_status(&c, err, opened.walk_passed);
			goto discard;
		}
		open->inst = opened.inst;
		open->rights = ditto_instance_rights(open->inst) &
			       (call->tree->maximal | DITTO_RIGHT_SECURITY);
		status = dsmb_create_finish_file(&c, &opened, new.audit);
		if (status)
			goto remove_record;
	}

	/* Let clients find it; if they cannot, remove the file that was created for them. */
	err = dsmb_open_publish(open);
	if (err) {
		if (opened.action == DITTO_WAS_CREATED && !dsmb_open_begin(call, open, &node)) {
			ditto_instance_take_back(&call->op, open->inst, opened.made);
			dsmb_open_end(call, open);
		}
		status = err == -ESHUTDOWN ? STATUS_NETWORK_NAME_DELETED : dsmb_status(err);
		goto remove_record;
	}
	dsmb_replay_opened(call, open);
	dsmb_call_created(call, open);
done:
	/* The dispatcher drops it, when the response was encoded. */
	call->open = c.open;
	goto free_path;

remove_record:
	/* Others have the file next, so a restart must not make the open again. */
	persist = dsmb_durable_record(open);
	if (persist && dsmb_persist_remove(persist))
		dsmb_persist_expire(open);
discard:
	if (c.open) {
		call->actor.owner = NULL;
		call->actor.lease_owner = NULL;
		call->actor.entry_owner = NULL;
		dsmb_open_discard(c.open);
	}
free_path:
	dsmb_new_file_put(&new);
	if (c.path.buf != a->path.buf)
		kfree(c.path.buf);
	return status;
}

static void dsmb_create_encode(struct dsmb_call *call, u32 status, const void *result)
{
	const struct dsmb_create_args *a = call->args;
	const struct dsmb_create_res *res = result;
	struct dsmb_builder *out = &call->out;
	u32 len;

	/* The body of STATUS_STOPPED_ON_SYMLINK is there already. */
	if (status || !call->open)
		return;
	dsmb_encode_u16(out, DSMB_CREATE_REPLY);
	dsmb_encode_u8(out, res->granted.level);
	dsmb_encode_u8(out, res->attrs.reparse_tag && dsmb_dialect_is_3x(call->conn->dialect) ?
		       DSMB_CREATE_IS_REPARSE : 0);
	dsmb_encode_u32(out, res->action);
	dsmb_encode_attrs(out, &res->attrs);
	dsmb_encode_u32(out, 0);
	dsmb_encode_u64(out, call->open->persistent);
	dsmb_encode_u64(out, call->open->volatile_id);
	dsmb_builder_reserve(out, 2 * 4);
	if (call->tree->kind == DSMB_TREE_PIPE)
		return;
	len = dsmb_contexts_encode(out, &a->contexts, &res->contexts);
	if (!len)
		return;
	dsmb_fill_u32(out, DSMB_CREATE_HEAD - 8, DSMB_OUT_HEADER + DSMB_CREATE_HEAD);
	dsmb_fill_u32(out, DSMB_CREATE_HEAD - 4, len);
}

static void dsmb_create_release(struct dsmb_call *call, void *args)
{
	struct dsmb_create_args *a = args;

	if (call->tree->kind == DSMB_TREE_DISK)
		dsmb_lease_answered(call);
	else
		dsmb_pipe_done(call);
	dsmb_path_free(&a->path);
	kfree(a->resolved);
}

const struct dsmb_command dsmb_command_create = {
	.name = "create",
	.structure_size = 57,
	.flags = DSMB_ON_TREE | DSMB_RECORDS,
	.args_size = sizeof(struct dsmb_create_args),
	.res_size = sizeof(struct dsmb_create_res),
	.decode = dsmb_create_decode,
	.exec = dsmb_create_exec,
	.encode = dsmb_create_encode,
	.release = dsmb_create_release,
};
