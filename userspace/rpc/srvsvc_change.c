// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adds, changes and removes shares (MS-SRVS sections 3.1.4.7, 3.1.4.11 to 3.1.4.15).
 *
 * These are for administrators. dittod decides that, and what they may share; here a call becomes a
 * struct share_change.
 */

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "share_change.h"
#include "srvsvc.h"

/* MS-SRVS sections 2.2.2.4 and 2.2.4.23: only directories are shared, with any number of users. */
#define STYPE_DISKTREE		0
#define NO_LIMIT		0xffffffff
/* Numbers of parameters (MS-SRVS section 2.2.2.11). */
#define PARAMETER_NAME		1
#define PARAMETER_TYPE		3
#define PARAMETER_MAX_USES	6
#define PARAMETER_PATH		8
/* Longest descriptor, in bytes. */
#define DESCRIPTOR_MAX		65536

/**
 * struct srvsvc_share - a share as the client wants it
 * @name: name of the share
 * @type: STYPE_* value
 * @remark: comment
 * @max_uses: limit of users
 * @path: path in the syntax of Windows
 * @password: not used, nor is @server
 * @server: name of a server
 * @flags: flags of SHARE_INFO_1005
 * @descriptor: security descriptor, in bytes
 */
struct srvsvc_share {
	const char *name;
	u32 type;
	const char *remark;
	u32 max_uses;
	const char *path;
	const char *password;
	const char *server;
	u32 flags;
	struct ndr_array descriptor;
};

/* Members of SHARE_INFO structures (MS-SRVS sections 2.2.4.22 to 2.2.4.31). */
#define AT(kind, name, ...)	NDR_AT(kind, struct srvsvc_share, name, ##__VA_ARGS__)
#define NAME		AT(TEXT, name)
#define TYPE		AT(U32, type)
#define REMARK		AT(TEXT, remark)
#define PERMISSIONS	NDR_NUMBER(U32, 0)
#define MAX_USES	AT(U32, max_uses)
#define CURRENT_USES	NDR_NUMBER(U32, 0)
#define PATH		AT(TEXT, path)
#define PASSWORD	AT(TEXT, password)
#define SERVER		AT(TEXT, server)
#define FLAGS		AT(U32, flags)
#define DESCRIPTOR	NDR_COUNTED(struct srvsvc_share, descriptor, .of = &ndr_of_byte, \
				    .n = DESCRIPTOR_MAX)
#define SHARE(...)	{ sizeof(struct srvsvc_share), NDR_FIELDS(__VA_ARGS__) }

/* Flags of levels: a share can be added; and what it has of a share to be changed. */
#define ADDED		1u
#define HAS_REMARK	2u
#define HAS_MAX_USES	4u
#define HAS_DESCRIPTOR	8u
#define HAS_FLAGS	16u

static const struct srvsvc_level levels[] = {
	{ 1, HAS_REMARK, SHARE(NAME, TYPE, REMARK) },
	{ 2, ADDED | HAS_REMARK | HAS_MAX_USES,
	  SHARE(NAME, TYPE, REMARK, PERMISSIONS, MAX_USES, CURRENT_USES, PATH, PASSWORD) },
	{ 502, ADDED | HAS_REMARK | HAS_MAX_USES | HAS_DESCRIPTOR,
	  SHARE(NAME, TYPE, REMARK, PERMISSIONS, MAX_USES, CURRENT_USES, PATH, PASSWORD,
		DESCRIPTOR) },
	{ 503, ADDED | HAS_REMARK | HAS_MAX_USES | HAS_DESCRIPTOR,
	  SHARE(NAME, TYPE, REMARK, PERMISSIONS, MAX_USES, CURRENT_USES, PATH, PASSWORD, SERVER,
		DESCRIPTOR) },
	{ 1004, HAS_REMARK, SHARE(REMARK) },
	{ 1005, HAS_FLAGS, SHARE(FLAGS) },
	{ 1006, HAS_MAX_USES, SHARE(MAX_USES) },
	{ 1501, HAS_DESCRIPTOR, SHARE(DESCRIPTOR) },
};

static u32 change_error(int rc)
{
	switch (rc) {
	case -ENOENT:
		return NERR_NET_NAME_NOT_FOUND;
	case -EEXIST:
		return NERR_DUPLICATE_SHARE;
	case -ENOTDIR:
		return NERR_UNKNOWN_DEV_DIR;
	case -EOPNOTSUPP:
		return ERROR_NOT_SUPPORTED;
	case -EINVAL:
		return ERROR_INVALID_PARAMETER;
	default:
		return srvsvc_error(rc);
	}
}

static u32 parameter_refuse(struct srvsvc_args *args, u32 parameter, u32 error)
{
	if (args->bad_parameter)
		*args->bad_parameter = parameter;
	return error;
}

/*
 * Read the structure of the call's level, which the last parameter follows. Returns false with a
 * fault if it is malformed.
 */
static bool share_read(struct rpc_call *call, struct srvsvc_args *args,
		       const struct srvsvc_level *level)
{
	const struct ndr_field *fields = (struct ndr_field[]){
		SRVSVC_AT(POINTER, change, .of = &level->of, .value = 1),
		SRVSVC_AT(POINTER, bad_parameter, .of = &ndr_of_number),
		{ .type = NDR_END },
	};

	ndr_read(&call->in, fields, args, &call->memory);
	if (!call->in.bad && !call->in.excess && args->list_level == args->level) {
		if (args->bad_parameter)
			*args->bad_parameter = 0;
		return true;
	}
	args->bad_parameter = NULL;
	call->fault = RPC_FAULT_NDR;
	return false;
}

/* Make the change of a level's members, and ask for it. */
static u32 share_change(struct rpc_call *call, struct srvsvc_args *args,
			const struct srvsvc_level *level, struct share_change *change)
{
	const struct srvsvc_share *s = args->change;
	int rc;

	/* A limit of 0 users is what Samba's clients send for none. */
	if (level->flags & HAS_MAX_USES && s->max_uses && s->max_uses != NO_LIMIT)
		return parameter_refuse(args, PARAMETER_MAX_USES, ERROR_NOT_SUPPORTED);
	if (level->flags & HAS_REMARK) {
		change->given |= SHARE_CHANGE_COMMENT;
		change->comment = s->remark;
	}
	if (level->flags & HAS_FLAGS) {
		change->given |= SHARE_CHANGE_FLAGS;
		change->flags = s->flags;
	}
	/* Without a descriptor, or a DACL in it, access stays as it is, or is the default. */
	if (level->flags & HAS_DESCRIPTOR && s->descriptor.n) {
		rc = share_descriptor_get(s->descriptor.item, s->descriptor.n, &change->aces,
					  &call->memory);
		if (rc && rc != -ENODATA)
			return rc == -EINVAL ? ERROR_INVALID_SECURITY_DESCR : ERROR_NOT_SUPPORTED;
		if (!rc)
			change->given |= SHARE_CHANGE_ACES;
	}
	return change_error(call->asks->change(call->asks->accounts.arg, change));
}

/* NetrShareAdd (MS-SRVS section 3.1.4.7). */
u32 srvsvc_share_add(struct rpc_call *call, void *data)
{
	struct share_change change = { .kind = SHARE_CHANGE_ADD };
	const struct srvsvc_level *level;
	struct srvsvc_args *args = data;

	if (!call->user->administrator)
		return ERROR_ACCESS_DENIED;
	level = srvsvc_level_find(levels, ARRAY_SIZE(levels), args->level);
	if (!level || !(level->flags & ADDED))
		return ERROR_INVALID_LEVEL;
	if (!share_read(call, args, level))
		return 0;
	if (args->change->type != STYPE_DISKTREE)
		return parameter_refuse(args, PARAMETER_TYPE, ERROR_INVALID_PARAMETER);
	if (!args->change->name[0] || strpbrk(args->change->name, "\"/\\[]:|<>+;,?*="))
		return parameter_refuse(args, PARAMETER_NAME, ERROR_INVALID_NAME);
	if (!args->change->path[0])
		return parameter_refuse(args, PARAMETER_PATH, ERROR_INVALID_PARAMETER);
	change.name = args->change->name;
	change.path = args->change->path;
	return share_change(call, args, level, &change);
}

/* NetrShareSetInfo (MS-SRVS section 3.1.4.11): name, type and path are not changed. */
u32 srvsvc_share_set_info(struct rpc_call *call, void *data)
{
	struct share_change change = { .kind = SHARE_CHANGE_SET };
	const struct srvsvc_level *level;
	struct srvsvc_args *args = data;

	if (!call->user->administrator)
		return ERROR_ACCESS_DENIED;
	level = srvsvc_level_find(levels, ARRAY_SIZE(levels), args->level);
	if (!level)
		return ERROR_INVALID_LEVEL;
	if (!share_read(call, args, level))
		return 0;
	change.name = args->name;
	return share_change(call, args, level, &change);
}

static u32 share_remove(struct rpc_call *call, const char *name)
{
	const struct share_change change = { .kind = SHARE_CHANGE_DELETE, .name = name };

	if (!call->user->administrator)
		return ERROR_ACCESS_DENIED;
	return change_error(call->asks->change(call->asks->accounts.arg, &change));
}

/* NetrShareDel (MS-SRVS section 3.1.4.12). */
u32 srvsvc_share_del(struct rpc_call *call, void *data)
{
	const struct srvsvc_args *args = data;

	return share_remove(call, args->name);
}

/*
 * NetrShareDelStart (MS-SRVS section 3.1.4.14): the client reads this answer before its own
 * connection to the share ends. Nothing is removed yet.
 */
u32 srvsvc_share_del_start(struct rpc_call *call, void *data)
{
	struct kernel_shares shares = { 0 };
	struct srvsvc_args *args = data;
	struct rpc_object object = { .kind = RPC_HANDLE_SHARE };
	unsigned int i;
	int rc;

	if (!call->user->administrator)
		return ERROR_ACCESS_DENIED;
	rc = call->asks->shares(call->asks->accounts.arg, &shares);
	for (i = 0; i < shares.n && !object.name; i++)
		if (!strcasecmp(shares.share[i]->name, args->name))
			object.name = mem_string(args->name);
	kernel_shares_free(&shares);
	if (!object.name)
		return rc ? srvsvc_error(rc) : NERR_NET_NAME_NOT_FOUND;
	return rpc_handle_create(call, &object, args->handle) ? ERROR_SUCCESS :
								ERROR_NOT_ENOUGH_MEMORY;
}

/* NetrShareDelCommit (MS-SRVS section 3.1.4.15): the handle ends, whatever comes of it. */
u32 srvsvc_share_del_commit(struct rpc_call *call, void *data)
{
	u32 result = share_remove(call, call->object.name);

	(void)data;
	rpc_handle_drop(call);
	return result;
}
