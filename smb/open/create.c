// SPDX-License-Identifier: GPL-2.0-only
/*
 * CREATE: MS-SMB2 sections 2.2.13, 2.2.14, 3.3.5.9; MS-FSA section 2.1.5.1.
 *
 * dsmb_create_decode() parses the request and checks everything that does not depend on a file.
 * dsmb_create_exec() lets the core open or create the file, which may park the call, sets the
 * properties of new files, grants caching, and publishes the open. dsmb_create_encode() writes the
 * response. The empty name is the root of the share, and takes the same way as all other names.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "../../fs/acl/acl.h"
#include "../../fs/op/walk.h"
#include "../../fs/node/node.h"
#include "../../fs/open/stream.h"
#include "../../fs/share/share.h"
#include "../../fs/op/snapshot.h"
#include "../auth/session.h"
#include "../auth/tree.h"
#include "../file/info.h"
#include "../file/pipe.h"
#include "../file/quota.h"
#include "../transport/command.h"
#include "../transport/conn.h"
#include "create_private.h"
#include "nested.h"
#include "open.h"
#include "persist.h"
#include "replay.h"
#include "symlink_error.h"

static void dsmb_create_flags(const struct dsmb_create *c, struct ditto_open_request *req)
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
	u32 options = c->args.options;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(map); i++)
		if (options & map[i].option)
			req->flags |= map[i].flag;
	/* A directory may have streams, which are not directories. */
	if (c->path.data || (options & DSMB_OPTION_NON_DIRECTORY && !c->path.stream))
		req->flags |= DITTO_OPENF_FILE;
	if (c->args.access & DSMB_ACCESS_MAXIMUM)
		req->flags |= DITTO_OPENF_MAXIMUM;
	if (c->path.posix)
		req->flags |= DITTO_OPENF_ONLY_EXACT;
}

static u32 dsmb_create_status(struct dsmb_create *c, int err)
{
	switch (err) {
	case -EJUKEBOX:
		if (c->args.options & DSMB_OPTION_REQUIRING_OPLOCK)
			return STATUS_CANNOT_BREAK_OPLOCK;
		return dsmb_call_parked(c->call);
	case -ENOTDIR:
		/*
		 * The walk stops at the component that is not a directory: the last one, or one
		 * before it.
		 */
		return c->opened.walk_passed == c->path.len ? STATUS_NOT_A_DIRECTORY :
							      STATUS_OBJECT_PATH_NOT_FOUND;
	case -ELOOP:
		return dsmb_symlink_error_encode(c->call, &c->path, c->args.name,
						 c->opened.walk_passed);
	case -ENXIO:
		return STATUS_IO_REPARSE_TAG_NOT_HANDLED;
	case -EPERM:
		return c->args.options & DSMB_OPTION_DELETE_ON_CLOSE ? STATUS_CANNOT_DELETE :
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

/*
 * Replace the file that a walk has found by the stream of the path. The walk finds nothing if there
 * is no such stream.
 */
static int dsmb_create_walk_stream(struct dsmb_create *c, struct ditto_walk *walk)
{
	const struct ditto_name name = { .name = c->path.stream, .len = c->path.stream_len };
	struct ditto_node *base = walk->node;
	int err;

	if (!base)
		return 0;
	walk->node = NULL;
	err = ditto_stream_open(&c->call->op, base, &name, false, &walk->node, NULL);
	ditto_node_put(base);
	return err == -ENOENT ? 0 : err;
}

/* Return: 1 if the path leads to the file of the lease, 0 if it does not, or an errno. */
static int dsmb_create_leads_to(struct dsmb_create *c, struct dsmb_lease *lease)
{
	struct ditto_walk walk;
	bool elsewhere;
	int err;

	err = dsmb_create_walk(c, &walk);
	if (err)
		return err;
	if (c->path.stream)
		err = dsmb_create_walk_stream(c, &walk);
	elsewhere = dsmb_lease_is_elsewhere(lease, walk.node);
	ditto_walk_end(&walk);
	return err ?: !elsewhere;
}

/* MS-SMB2 section 3.3.5.9.13: the application may have the file open on another machine. */
static u32 dsmb_create_take_over(struct dsmb_create *c)
{
	struct ditto_walk walk __uninitialized;
	u32 status = STATUS_SUCCESS;

	if (!c->app.present || c->call->tree->kind != DSMB_TREE_DISK || c->path.stream ||
	    dsmb_create_walk(c, &walk))
		return STATUS_SUCCESS;
	if (walk.node)
		status = dsmb_app_take_over(c->call, &c->app, &walk);
	ditto_walk_end(&walk);
	return status;
}

/*
 * MS-SMB2 section 3.3.5.9.8: check whether the lease key is in use on another file than the path
 * leads to. This is checked before anything is changed; dsmb_lease_grant() checks again.
 */
static bool dsmb_create_is_elsewhere(struct dsmb_create *c)
{
	struct dsmb_lease *lease = c->open->lease;

	return lease && dsmb_lease_is_used(lease) && !dsmb_create_leads_to(c, lease);
}

/* Attach the open to its lease, and check the lease key. */
static u32 dsmb_create_key(struct dsmb_create *c)
{
	int err = dsmb_lease_take(c->open, &c->asked);

	if (err)
		return dsmb_status(err);
	c->call->actor.lease_owner = dsmb_lease_owner(c->open);
	c->call->actor.entry_owner = c->open->entry_owner;
	return dsmb_create_is_elsewhere(c) ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

/* Let the core open or create the file. */
static u32 dsmb_create_file(struct dsmb_create *c)
{
	struct dsmb_call *call = c->call;
	struct dsmb_open *open = c->open;
	struct ditto_open_request req = {
		.path = c->path.path,
		.path_len = c->path.len,
		.stream = c->path.stream,
		.stream_len = c->path.stream_len,
		.how = c->args.how,
		.rights = c->args.access & DSMB_ACCESS_SPECIFIC,
		/* Access that is not shared is denied; the bits are the same. */
		.deny = ~c->args.share & DSMB_SHARE_ALL,
	};
	u32 status;
	int err;

	/* Without streams no name may contain a colon. */
	if (c->path.data && !ditto_has_streams(call->op.share))
		return STATUS_OBJECT_NAME_INVALID;
	if ((c->path.stream || c->path.data) && c->args.options & DSMB_OPTION_DIRECTORY)
		return STATUS_NOT_A_DIRECTORY;
	status = dsmb_create_new_security(c);
	if (status)
		return status;
	if ((req.rights & DITTO_RIGHT_SECURITY || c->audit) &&
	    !(ditto_rights_by_privilege(&call->op) & DITTO_RIGHT_SECURITY))
		return STATUS_PRIVILEGE_NOT_HELD;
	if (req.rights & DITTO_RIGHTS_ALL & ~call->tree->maximal)
		return STATUS_ACCESS_DENIED;
	dsmb_create_flags(c, &req);
	dsmb_create_new_ask(c, &req);
	call->actor.owner = open->owner;
	call->actor.exact = true;
	status = dsmb_create_key(c);
	if (status)
		return status;
	if (c->args.options & DSMB_OPTION_REQUIRING_OPLOCK)
		call->op.park = NULL;
	if (dsmb_open_limit(open, call->share))
		return STATUS_INSUFFICIENT_RESOURCES;
	err = ditto_instance_open(&call->op, &req, &c->opened);
	if (err)
		return dsmb_create_status(c, err);
	open->inst = c->opened.inst;
	open->rights = ditto_instance_rights(open->inst) &
		       (call->tree->maximal | DITTO_RIGHT_SECURITY);
	return STATUS_SUCCESS;
}

/* MS-SMB2 section 3.3.5.9.5: the maximal access is that to the file, not that of the open. */
static void dsmb_create_maximal(struct dsmb_create *c)
{
	struct dsmb_call *call = c->call;
	struct ditto_node *base = ditto_instance_base(c->open->inst);
	struct ditto_walk walk __uninitialized;
	int err;

	if (!dsmb_has_context(&c->contexts, DSMB_CONTEXT_MAXIMAL))
		return;
	err = dsmb_create_walk(c, &walk);
	if (!err) {
		err = ditto_rights(&call->op, base, walk.parent, &c->maximal);
		ditto_walk_end(&walk);
	}
	c->maximal &= call->tree->maximal;
	c->maximal_status = dsmb_status(err);
}

/* Select the caching contexts of the response. */
static void dsmb_create_fill_contexts(struct dsmb_create *c)
{
	if (c->granted.level == DSMB_OPLOCK_LEASE)
		c->contexts.lease = &c->granted;
	c->contexts.durable = c->open->durable;
}

/*
 * Hash the name by which the client of a lease knows the open: the whole path, which may lead into
 * a file system within the share.
 */
static u64 dsmb_create_name_hash(const struct dsmb_create *c)
{
	struct dsmb_path path = c->path;

	if (!c->durable.version || c->asked.level != DSMB_OPLOCK_LEASE)
		return 0;
	path.path = c->past ?: path.buf;
	path.len += c->path.path - path.path;
	return dsmb_path_hash(&path);
}

/* Grant as much of the requested caching as possible. */
static u32 dsmb_create_grant(struct dsmb_create *c)
{
	u32 status = dsmb_lease_grant(c->call, c->open, c->node, &c->asked, &c->granted);

	if (!status && c->args.options & DSMB_OPTION_REQUIRING_OPLOCK &&
	    c->asked.level != DSMB_OPLOCK_NONE && !dsmb_caching_is_some(&c->granted))
		return STATUS_CANNOT_BREAK_OPLOCK;
	if (!status && c->app.present && !c->path.stream)
		dsmb_app_opened(c->call, c->open, &c->app, c->node);
	if (!status) {
		c->durable.name = dsmb_create_name_hash(c);
		dsmb_durable_grant(c->call, c->open, &c->durable, &c->granted);
	}
	dsmb_create_fill_contexts(c);
	return status;
}

/* The file is open: finish a new file, and read its attributes. */
static u32 dsmb_create_finish_file(struct dsmb_create *c)
{
	struct dsmb_call *call = c->call;
	u32 status;

	status = dsmb_open_begin(call, c->open, &c->node);
	if (status)
		return status;
	/* The file exists now, so the call must not start over. */
	call->op.park = NULL;
	c->open->action = c->opened.action;
	status = dsmb_create_new_fill(c);
	if (!status)
		status = dsmb_status(dsmb_attrs_at_once(&call->op, c->open->inst, c->node,
							&c->attrs));
	if (c->is_quota)
		dsmb_quota_file_attrs(&c->attrs);
	if (!status)
		status = dsmb_create_grant(c);
	if (!status)
		dsmb_create_maximal(c);
	else if (c->opened.action == DITTO_WAS_CREATED)
		ditto_instance_take_back(&call->op, c->open->inst, c->opened.made);
	dsmb_open_end(call, c->open);
	return status;
}

static u32 dsmb_create_pipe(struct dsmb_create *c)
{
	u32 status;

	if (c->args.access & DITTO_RIGHT_SECURITY)
		return STATUS_PRIVILEGE_NOT_HELD;
	status = dsmb_pipe_create(c->call, &c->path, c->open);
	if (status)
		return status;
	c->open->rights = c->args.access & DITTO_RIGHTS_ALL;
	if (c->args.access & DSMB_ACCESS_MAXIMUM)
		c->open->rights = DITTO_RIGHTS_ALL;
	c->opened.action = DITTO_WAS_OPENED;
	c->attrs.flags = DSMB_ATTR_NORMAL;
	c->contexts.present = 0;
	return STATUS_SUCCESS;
}

/* Prepare the response for an existing open. */
static u32 dsmb_create_reply_existing(struct dsmb_create *c)
{
	struct dsmb_call *call = c->call;
	u32 status;

	status = dsmb_open_begin(call, c->open, &c->node);
	if (status)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	status = dsmb_status(dsmb_attrs_at_once(&call->op, c->open->inst, c->node, &c->attrs));
	if (!status) {
		dsmb_lease_again(call, c->open, &c->asked, &c->granted);
		/* Report no higher level than the replay requests. */
		if (c->replays && c->granted.level != DSMB_OPLOCK_LEASE)
			c->granted.level = min(c->granted.level, c->asked.level);
		dsmb_create_fill_contexts(c);
		if (!dsmb_durable_fits(&c->granted) && !dsmb_durable_is_sturdy(c->open))
			c->contexts.durable = NULL;
		dsmb_create_maximal(c);
	}
	dsmb_open_end(call, c->open);
	if (!status)
		dsmb_call_created(call, c->open);
	return status;
}

/*
 * Only for a lease does the file name of the request have to match. A client that renames its file
 * knows the new name, but not one that others have given the file meanwhile, so both are accepted:
 * the one that it knows (Lease.Filename), and the present one. The client still has the name that
 * others have removed, and another file may have that name now; so none is compared then, as if the
 * file were to be deleted (Lease.FileDeleteOnClose).
 */
static bool dsmb_create_name_matches(struct dsmb_create *c)
{
	const struct dsmb_lease *lease = c->open->lease;
	struct dsmb_open_state state;

	return !lease || dsmb_lease_is_oplock(lease) ||
	       dsmb_durable_knows(c->open, dsmb_create_name_hash(c)) ||
	       dsmb_create_leads_to(c, c->open->lease) == 1 ||
	       (dsmb_open_look(c->open, &state) && state.nameless);
}

/* MS-SMB2 sections 3.3.5.9.7 and 3.3.5.9.12: reconnect to a durable open. */
static u32 dsmb_create_reconnect(struct dsmb_create *c)
{
	struct dsmb_call *call = c->call;
	u32 status;

	if (call->tree->kind != DSMB_TREE_DISK)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	status = dsmb_durable_find(call, &c->durable, &c->asked, &c->open);
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
	c->opened.action = DITTO_WAS_OPENED;
	c->contexts.present &= ~(BIT(DSMB_CONTEXT_DURABLE) | BIT(DSMB_CONTEXT_DURABLE_2));
	status = dsmb_create_reply_existing(c);
	if (status)
		dsmb_durable_close_later(c->open);
	return status;
}

/* MS-SMB2 section 3.3.5.9.10: the same CREATE was done already. */
static u32 dsmb_create_replay(struct dsmb_create *c)
{
	u32 status = dsmb_durable_replay(c->call, c->open, &c->durable, &c->asked);

	if (status)
		return status;
	c->opened.action = c->open->action;
	c->replays = true;
	return dsmb_create_reply_existing(c);
}

/* Check whether a path leads above the directory it starts from. */
static bool dsmb_is_above(struct dsmb_cursor name)
{
	unsigned int depth = 0, dots = 0;
	bool plain = false;

	for (;;) {
		u16 c = dsmb_get_u16(&name);

		if (!name.bad && c != '\\') {
			plain |= c != '.';
			dots++;
			continue;
		}
		if (plain || dots > 2)
			depth++;
		else if (dots == 2 && !depth--)
			return true;
		if (name.bad)
			return false;
		dots = 0;
		plain = false;
	}
}

/* The file is in the snapshot of the requested time, which is read-only. */
static u32 dsmb_create_enter_snapshot(struct dsmb_create *c)
{
	u64 when = dsmb_context_u64(&c->contexts, DSMB_CONTEXT_TIMEWARP);
	struct ditto_op *op = &c->call->op;
	int len;

	len = ditto_snapshot_path(op, dsmb_timespec(when).tv_sec, c->path.path, c->path.len,
				  &c->past);
	if (len < 0)
		return dsmb_status(len);
	c->path.path = c->past;
	c->path.len = len;
	op->writable = false;
	return STATUS_SUCCESS;
}

static u32 dsmb_create_decode(struct dsmb_call *call, void *args)
{
	struct dsmb_create *c = args;
	u32 status;
	int err = 0;

	c->call = call;
	status = dsmb_create_parse(call, &c->args);
	if (status)
		return status;
	status = dsmb_contexts_parse(call->conn, c->args.contexts, &c->contexts);
	if (status)
		return status;
	dsmb_durable_parse(&c->contexts, &c->durable);
	dsmb_app_parse(&c->contexts, &c->app);
	/* On reconnect only the create context tells a lease from an oplock. */
	if (c->durable.reconnect && dsmb_has_context(&c->contexts, DSMB_CONTEXT_LEASE))
		c->args.oplock = DSMB_OPLOCK_LEASE;
	dsmb_caching_parse(call->conn, c->args.oplock, &c->contexts, &c->asked);
	if (!c->durable.reconnect) {
		status = dsmb_create_check(&c->args) ?: dsmb_create_new_check(c);
		if (status)
			return status;
	}
	c->is_quota = dsmb_is_quota_file(c->args.name);
	if (c->is_quota)
		c->args.access = DITTO_RIGHT_READ_ATTRS;
	else if (dsmb_has_context(&c->contexts, DSMB_CONTEXT_POSIX))
		err = dsmb_path_parse_posix(&c->path, c->args.name);
	else
		err = dsmb_path_parse(&c->path, c->args.name);
	if (err == -EILSEQ && dsmb_is_above(c->args.name))
		return STATUS_OBJECT_PATH_SYNTAX_BAD;
	return dsmb_status(err);
}

/* Find the open of a durable reconnect or a replay; @c->open stays NULL if there is none. */
static u32 dsmb_create_find(struct dsmb_create *c)
{
	u32 status;

	if (c->durable.reconnect)
		return dsmb_create_reconnect(c);
	if (c->durable.version != 2)
		return STATUS_SUCCESS;
	status = dsmb_replay_begin(c->call, c->durable.guid, &c->open);
	if (status || !c->open)
		return status;
	return dsmb_create_replay(c);
}

static struct dsmb_open *dsmb_create_alloc(const struct dsmb_create *c)
{
	struct dsmb_call *call = c->call;
	bool outlives = call->tree->kind == DSMB_TREE_DISK && dsmb_durable_allowed(call);
	struct dsmb_open *open = dsmb_open_alloc(call, outlives);
	u32 options = c->args.options;

	if (IS_ERR(open))
		return open;
	open->options = options;
	open->mode = options & DSMB_OPTIONS_OF_MODE;
	open->no_recall = options & DSMB_OPTION_NO_RECALL;
	open->snapshot = !!c->past;
	open->posix = c->path.posix;
	open->quota = c->is_quota;
	open->encrypted = call->encrypted;
	open->channel_sequence = call->channel_sequence;
	return open;
}

/* The open could not be published: remove the file that it created, if the share still serves. */
static void dsmb_create_take_back(struct dsmb_create *c)
{
	if (c->opened.action != DITTO_WAS_CREATED ||
	    dsmb_open_begin(c->call, c->open, &c->node))
		return;
	ditto_instance_take_back(&c->call->op, c->open->inst, c->opened.made);
	dsmb_open_end(c->call, c->open);
}

/* Open or create what the request names, and let clients find the open. */
static u32 dsmb_create_new(struct dsmb_create *c)
{
	struct dsmb_call *call = c->call;
	struct dsmb_persist *persist;
	struct dsmb_open *open;
	u32 status;
	int err;

	status = dsmb_create_take_over(c);
	if (status)
		return status;
	open = dsmb_create_alloc(c);
	if (IS_ERR(open))
		return dsmb_status(PTR_ERR(open));
	c->open = open;
	if (call->tree->kind == DSMB_TREE_PIPE)
		status = dsmb_create_pipe(c);
	else
		status = dsmb_create_file(c) ?: dsmb_create_finish_file(c);
	if (status)
		goto remove_record;
	err = dsmb_open_publish(open);
	if (err) {
		dsmb_create_take_back(c);
		status = err == -ESHUTDOWN ? STATUS_NETWORK_NAME_DELETED : dsmb_status(err);
		goto remove_record;
	}
	dsmb_replay_opened(call, open);
	dsmb_call_created(call, open);
	return STATUS_SUCCESS;

remove_record:
	/* Others have the file next, so a restart must not make the open again. */
	persist = dsmb_durable_record(open);
	if (persist && dsmb_persist_remove(persist))
		dsmb_persist_expire(open);
	return status;
}

/* Drop what a failed CREATE made, but for the arguments: the call may be parked and begin again. */
static void dsmb_create_undo(struct dsmb_create *c)
{
	struct ditto_actor *actor = &c->call->actor;

	if (c->open) {
		actor->owner = NULL;
		actor->lease_owner = NULL;
		actor->entry_owner = NULL;
		dsmb_open_discard(c->open);
		c->open = NULL;
	}
	kfree(c->past);
	c->past = NULL;
}

static u32 dsmb_create_exec(struct dsmb_call *call, void *args, void *res)
{
	struct dsmb_create *c = args;
	const struct dsmb_path path = c->path;
	u32 status = STATUS_SUCCESS;
	int err;

	if (dsmb_has_context(&c->contexts, DSMB_CONTEXT_TIMEWARP))
		status = dsmb_create_enter_snapshot(c);
	if (!status && call->tree->kind != DSMB_TREE_PIPE) {
		err = dsmb_nested_enter(call, &c->path);
		status = err ? dsmb_create_status(c, err) : dsmb_call_move(call, call->share);
	}
	if (!status)
		status = dsmb_create_find(c);
	if (!status && !c->open)
		status = dsmb_create_new(c);
	if (status) {
		dsmb_create_undo(c);
		c->path = path;
		return status;
	}
	/* The dispatcher drops it, when the response was encoded. */
	call->open = c->open;
	return STATUS_SUCCESS;
}

static void dsmb_create_encode(struct dsmb_call *call, u32 status, const void *res)
{
	const struct dsmb_create *c = call->args;
	struct dsmb_builder *out = &call->out;
	u32 len;

	/* The body of STATUS_STOPPED_ON_SYMLINK is there already. */
	if (status || !call->open)
		return;
	dsmb_encode_u16(out, DSMB_CREATE_REPLY);
	dsmb_encode_u8(out, c->granted.level);
	dsmb_encode_u8(out, c->attrs.reparse_tag && dsmb_conn_is_3x(call->conn) ?
		       DSMB_CREATE_IS_REPARSE : 0);
	dsmb_encode_u32(out, c->opened.action);
	dsmb_encode_attrs(out, &c->attrs);
	dsmb_encode_u32(out, 0);
	dsmb_encode_u64(out, call->open->persistent);
	dsmb_encode_u64(out, call->open->volatile_id);
	dsmb_builder_reserve(out, 2 * 4);
	len = dsmb_contexts_encode(out, &c->contexts, &c->attrs, c->maximal, c->maximal_status);
	if (!len)
		return;
	dsmb_fill_u32(out, DSMB_CREATE_HEAD - 8, DSMB_OUT_HEADER + DSMB_CREATE_HEAD);
	dsmb_fill_u32(out, DSMB_CREATE_HEAD - 4, len);
}

static void dsmb_create_release(struct dsmb_call *call, void *args)
{
	struct dsmb_create *c = args;

	if (call->tree->kind == DSMB_TREE_DISK)
		dsmb_lease_answered(call);
	else
		dsmb_pipe_done(call);
	kfree(c->past);
	dsmb_path_free(&c->path);
	ditto_acl_put(c->acl);
	ditto_acl_put(c->audit);
}

const struct dsmb_command dsmb_command_create = {
	.name = "create",
	.structure_size = 57,
	.flags = DSMB_ON_TREE | DSMB_RECORDS,
	.args_size = sizeof(struct dsmb_create),
	.decode = dsmb_create_decode,
	.exec = dsmb_create_exec,
	.encode = dsmb_create_encode,
	.release = dsmb_create_release,
};
