// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CREATE request: parsing, and the checks that do not depend on a file. MS-SMB2 sections 2.2.13
 * and 3.3.5.9.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "../../fs/acl/sd.h"
#include "../../fs/node/casefold.h"
#include "../../fs/op/dosattr.h"
#include "../../fs/open/instance.h"
#include "../auth/tree.h"
#include "../file/attrs.h"
#include "../file/ea.h"
#include "../file/quota.h"
#include "../file/security.h"
#include "../transport/call.h"
#include "../transport/conn.h"
#include "../wire/dfs.h"
#include "create_private.h"

/* A directory is opened or created. */
static u32 dsmb_create_check_directory(const struct dsmb_create_args *a)
{
	return a->options & DSMB_OPTION_NON_DIRECTORY || a->attributes & DITTO_FLAG_TEMPORARY ||
	       (a->how != DITTO_OPEN_EXISTING && a->how != DITTO_OPEN_CREATE &&
		a->how != DITTO_OPEN_OR_CREATE) ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

static u32 dsmb_create_check(const struct dsmb_create_args *a, u32 impersonation)
{
	u32 status;

	if (impersonation > DSMB_IMPERSONATION_MAX)
		return STATUS_BAD_IMPERSONATION_LEVEL;
	if (!a->access || a->access & ~DSMB_ACCESS_KNOWN)
		return STATUS_ACCESS_DENIED;
	if (a->share & ~DSMB_SHARE_ALL || a->how > DSMB_DISPOSITION_MAX ||
	    a->options & ~DSMB_OPTIONS_KNOWN)
		return STATUS_INVALID_PARAMETER;
	if (a->options & DSMB_OPTIONS_REFUSED)
		return STATUS_NOT_SUPPORTED;
	if (a->options & DSMB_OPTION_DIRECTORY) {
		status = dsmb_create_check_directory(a);
		if (status)
			return status;
	}
	if (a->options & DSMB_OPTION_DELETE_ON_CLOSE &&
	    !(a->access & (DITTO_RIGHT_DELETE | DSMB_ACCESS_MAXIMUM | DSMB_ACCESS_GENERIC_ALL)))
		return STATUS_INVALID_PARAMETER;
	if (a->attributes & ~DSMB_ATTRS_KNOWN)
		return STATUS_INVALID_PARAMETER;
	/*
	 * There is no encryption on disk, and the client must not be led to believe that there is.
	 */
	if (a->attributes & DSMB_ATTR_ENCRYPTED && a->how != DITTO_OPEN_EXISTING)
		return STATUS_ACCESS_DENIED;
	return STATUS_SUCCESS;
}

/* They are checked even if they will not be used, because the file exists. */
static u32 dsmb_create_check_new_file(const struct dsmb_contexts *contexts)
{
	struct ditto_sd sd __uninitialized;
	u32 status;

	if (dsmb_has_context(contexts, DSMB_CONTEXT_SECURITY)) {
		status = dsmb_get_sd(contexts->data[DSMB_CONTEXT_SECURITY], &sd);
		if (status)
			return status;
	}
	if (dsmb_has_context(contexts, DSMB_CONTEXT_EA))
		return dsmb_ea_check(contexts->data[DSMB_CONTEXT_EA]);
	return STATUS_SUCCESS;
}

/* Check what the name says of the file's kind against the options. */
static u32 dsmb_create_check_kind(struct dsmb_create_args *a)
{
	if (a->path.slash && a->options & DSMB_OPTION_NON_DIRECTORY)
		return STATUS_OBJECT_NAME_INVALID;
	if (!a->path.directory)
		return STATUS_SUCCESS;
	a->options |= DSMB_OPTION_DIRECTORY;
	/* What is opened is found before its kind counts (MS-FSA section 2.1.5.1, phase 6). */
	if (a->options & DSMB_OPTION_NON_DIRECTORY)
		return a->how == DITTO_OPEN_EXISTING || a->how == DITTO_OPEN_OVERWRITE ?
		       STATUS_SUCCESS : STATUS_FILE_IS_A_DIRECTORY;
	return dsmb_create_check_directory(a);
}

/* MS-SMB2 section 2.2.13: a DFS path begins with server and share; without them it is the root. */
static u32 dsmb_create_cut_root(struct dsmb_cursor *name, const char *wanted, bool posix)
{
	const struct ditto_name own = { .name = wanted, .len = strlen(wanted) };
	struct dsmb_cursor share;
	struct ditto_name other;
	char *text;
	bool same;

	if (name->size % 2)
		return STATUS_INVALID_PARAMETER;
	while (name->size && get_unaligned_le16(name->data) == '\\')
		*name = dsmb_window(name, 2, name->size - 2);
	if (!name->size)
		return STATUS_SUCCESS;
	if (!dsmb_dfs_split(name, &share))
		return STATUS_OBJECT_PATH_NOT_FOUND;
	/* Linux's client adds a slash there when it mounts with the POSIX extensions. */
	if (posix && name->size && get_unaligned_le16(name->data) == '/')
		*name = dsmb_window(name, 2, name->size - 2);
	text = dsmb_get_string(share);
	if (IS_ERR(text))
		return PTR_ERR(text) == -ENOMEM ? STATUS_INSUFFICIENT_RESOURCES :
						  STATUS_OBJECT_PATH_NOT_FOUND;
	other = (struct ditto_name){ .name = text, .len = strlen(text) };
	same = ditto_names_same(&other, &own);
	kfree(text);
	return same ? STATUS_SUCCESS : STATUS_OBJECT_PATH_NOT_FOUND;
}

/* Parses a CREATE, and checks what does not depend on a file; fills a struct dsmb_create_args. */
u32 dsmb_create_decode(struct dsmb_call *call, void *args)
{
	const struct dsmb_conn *conn = call->conn;
	struct dsmb_cursor *in = &call->in, list;
	struct dsmb_create_args *a = args;
	u32 impersonation, offset, len, status;
	u16 name_offset, name_len;
	u8 oplock;
	int err;

	/* SecurityFlags */
	dsmb_skip(in, 1);
	oplock = dsmb_get_u8(in);
	impersonation = dsmb_get_u32(in);
	dsmb_skip(in, 8 + 8);
	a->access = dsmb_get_u32(in);
	a->attributes = dsmb_get_u32(in);
	a->share = dsmb_get_u32(in);
	a->how = dsmb_get_u32(in);
	a->options = dsmb_get_u32(in);
	name_offset = dsmb_get_u16(in);
	name_len = dsmb_get_u16(in);
	offset = dsmb_get_u32(in);
	len = dsmb_get_u32(in);
	if (in->bad || (name_len && name_offset < in->pos) || (len && offset < in->pos))
		return STATUS_INVALID_PARAMETER;
	a->name = dsmb_window(in, name_len ? name_offset : 0, name_len);
	list = dsmb_window(in, len ? offset : 0, len);
	if (in->bad)
		return STATUS_INVALID_PARAMETER;

	/* The client was answered at its TREE_CONNECT, and knows of no change since. */
	a->dfs = call->flags & DSMB_FLAG_DFS && call->tree->dfs;
	if (a->dfs) {
		status = dsmb_create_cut_root(&a->name, call->tree->name, conn->posix);
		if (status)
			return status;
	}

	status = dsmb_contexts_parse(conn->dialect, conn->posix, list, &a->contexts);
	if (status)
		return status;
	dsmb_durable_parse(&a->contexts, &a->durable);
	dsmb_app_parse(&a->contexts, &a->app);
	/* On reconnect only the create context tells a lease from an oplock. */
	if (a->durable.reconnect && dsmb_has_context(&a->contexts, DSMB_CONTEXT_LEASE))
		oplock = DSMB_OPLOCK_LEASE;
	dsmb_caching_parse(conn->dialect, oplock, &a->contexts, &a->caching);
	if (!a->durable.reconnect) {
		/* MS-SMB2 section 3.3.5.9; what GENERIC_WRITE includes stays. */
		if (a->options & DSMB_OPTION_NO_BUFFERING)
			a->access &= ~DITTO_RIGHT_APPEND_DATA;
		status = dsmb_create_check(a, impersonation);
		if (status)
			return status;
		a->access = ditto_specific_rights(a->access);
		status = dsmb_create_check_new_file(&a->contexts);
		if (status)
			return status;
	}

	a->is_quota = dsmb_is_quota_file(a->name);
	if (a->is_quota) {
		a->access = DITTO_RIGHT_READ_ATTRS;
		return STATUS_SUCCESS;
	}
	if (dsmb_has_context(&a->contexts, DSMB_CONTEXT_POSIX))
		err = dsmb_path_parse_posix(&a->path, a->name);
	else
		err = dsmb_path_parse(&a->path, a->name);
	if (err || a->durable.reconnect)
		return dsmb_path_status(err);
	status = dsmb_create_check_kind(a);
	if (status)
		dsmb_path_free(&a->path);
	return status;
}
