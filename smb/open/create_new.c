// SPDX-License-Identifier: GPL-2.0-only
/* Attributes, mode, security and EAs of new files: MS-SMB2 sections 3.3.5.9.1 and 3.3.5.9.2. */
#include <linux/stat.h>

#include "../../fs/acl/acl.h"
#include "../../fs/op/compress.h"
#include "../../fs/share/share.h"
#include "../auth/tree.h"
#include "../file/ea.h"
#include "../file/info.h"
#include "../file/security.h"
#include "../share_options.h"
#include "../transport/command.h"
#include "create_private.h"
#include "open.h"

/*
 * Permission bits of a new file, for access by other protocols and locally, before the masks of the
 * share apply. No FileAttributes bit stands for execute permission.
 */
#define DSMB_NEW_FILE_MODE	0666
#define DSMB_NEW_DIRECTORY_MODE	0777
/* No permission bits. */
#define DSMB_NO_MODE		S_IFMT

/*
 * Adds what only a new file gets to a request to the core: owner and rights, which @new holds,
 * attributes, mode, and size.
 */
u32 dsmb_new_file_request(struct dsmb_call *call, const struct dsmb_create_args *args,
			  struct dsmb_new_file *new, struct ditto_open_request *req)
{
	umode_t mode = dsmb_context_mode(&args->contexts, DSMB_NO_MODE);
	u32 flags = args->attributes & DITTO_FLAGS_KEPT & ~DITTO_FLAG_SPARSE;
	bool is_dir = args->options & DSMB_OPTION_DIRECTORY;
	u32 plain = is_dir ? 0 : DITTO_FLAG_ARCHIVE;
	struct ditto_setattr *set = &new->set;
	struct ditto_sd sd __uninitialized;
	u32 status;

	/* MS-SMB2 section 3.3.5.9.2: an existing file keeps its descriptor. */
	if (dsmb_has_context(&args->contexts, DSMB_CONTEXT_SECURITY)) {
		status = dsmb_get_sd(args->contexts.data[DSMB_CONTEXT_SECURITY], &sd);
		if (status)
			return status;
		status = dsmb_sd_new(call, &sd, is_dir, set, &new->acl, &new->audit);
		if (status)
			return status;
	}
	/*
	 * A requested mode overrides what is inherited, unless the security descriptor sets a mode
	 * or list. The default mode does not.
	 */
	if (mode != DSMB_NO_MODE && !(set->valid & (DITTO_SET_MODE | DITTO_SET_ACL))) {
		set->mode = mode;
		set->valid |= DITTO_SET_MODE;
	}
	if (!(set->valid & DITTO_SET_MODE)) {
		mode = is_dir ? DSMB_NEW_DIRECTORY_MODE : DSMB_NEW_FILE_MODE;
		set->mode = dsmb_share_new_mode(call->op.share, mode, is_dir);
		set->valid |= DITTO_SET_MODE | DITTO_SET_MODE_IF_NO_ACL;
	}
	flags |= plain;
	req->set = set;
	req->dosattr.flags = flags;
	/*
	 * Default attributes need not be stored, except on an existing file that is emptied and may
	 * have others.
	 */
	if (flags != plain || args->how == DITTO_OPEN_SUPERSEDE ||
	    args->how == DITTO_OPEN_OVERWRITE || args->how == DITTO_OPEN_OVERWRITE_OR_CREATE)
		req->dosattr.valid = DITTO_DOSATTR_FLAGS;
	req->size = dsmb_context_u64(&args->contexts, DSMB_CONTEXT_ALLOCATION);
	return STATUS_SUCCESS;
}

/* Sets compression, audit list and extended attributes, unless @open found the file as it is. */
u32 dsmb_new_file_finish(struct dsmb_call *call, const struct dsmb_create_args *args,
			 struct dsmb_open *open, struct ditto_node *node,
			 const struct ditto_acl *audit)
{
	struct dsmb_change change = {
		.call = call,
		.open = open,
		.inst = open->inst,
		.node = node,
	};
	bool created = open->action == DITTO_WAS_CREATED;
	u32 status;

	if (open->action == DITTO_WAS_OPENED)
		return STATUS_SUCCESS;
	/* MS-FSA section 2.1.5.1.1: do not inherit the compression of the directory. */
	if (created && args->options & DSMB_OPTION_NO_COMPRESSION &&
	    ditto_can_compress(call->op.share)) {
		status = dsmb_op_status(call, ditto_compress(&call->op, node, false));
		if (status)
			return status;
	}
	if (created && audit) {
		status = dsmb_set_audit_new(call, ditto_instance_base(open->inst), audit);
		if (status)
			return status;
	}
	if (!dsmb_has_context(&args->contexts, DSMB_CONTEXT_EA))
		return STATUS_SUCCESS;
	change.in = args->contexts.data[DSMB_CONTEXT_EA];
	return dsmb_set_full_ea(&change);
}

/* Drops the references of @new. */
void dsmb_new_file_put(const struct dsmb_new_file *new)
{
	ditto_acl_put(new->acl);
	ditto_acl_put(new->audit);
}
