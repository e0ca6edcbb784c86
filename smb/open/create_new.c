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

/* The CREATE may run again, so that it starts without what was set before. */
u32 dsmb_create_new_security(struct dsmb_create *c)
{
	bool is_dir = c->args.options & DSMB_OPTION_DIRECTORY;
	struct ditto_sd sd __uninitialized;
	u32 status;

	if (!dsmb_has_context(&c->contexts, DSMB_CONTEXT_SECURITY))
		return STATUS_SUCCESS;
	status = dsmb_get_sd(c->contexts.data[DSMB_CONTEXT_SECURITY], &sd);
	if (status)
		return status;
	ditto_acl_put(c->acl);
	ditto_acl_put(c->audit);
	c->acl = NULL;
	c->audit = NULL;
	c->set = (struct ditto_setattr) { };
	return dsmb_sd_new(c->call, &sd, is_dir, &c->set, &c->acl, &c->audit);
}

u32 dsmb_create_new_check(const struct dsmb_create *c)
{
	struct ditto_sd sd __uninitialized;
	u32 status = STATUS_SUCCESS;

	if (dsmb_has_context(&c->contexts, DSMB_CONTEXT_SECURITY))
		status = dsmb_get_sd(c->contexts.data[DSMB_CONTEXT_SECURITY], &sd);
	if (!status && dsmb_has_context(&c->contexts, DSMB_CONTEXT_EA))
		status = dsmb_ea_check(c->contexts.data[DSMB_CONTEXT_EA]);
	return status;
}

void dsmb_create_new_ask(struct dsmb_create *c, struct ditto_open_request *req)
{
	u32 flags = c->args.attributes & DITTO_FLAGS_KEPT & ~DITTO_FLAG_SPARSE;
	umode_t mode = dsmb_context_mode(&c->contexts, DSMB_NO_MODE);
	bool is_dir = c->args.options & DSMB_OPTION_DIRECTORY;
	u32 plain = is_dir ? 0 : DITTO_FLAG_ARCHIVE;

	/*
	 * A requested mode overrides what is inherited, unless the security descriptor sets a mode
	 * or list. The default mode does not.
	 */
	if (mode != DSMB_NO_MODE && !(c->set.valid & (DITTO_SET_MODE | DITTO_SET_ACL))) {
		c->set.mode = mode;
		c->set.valid |= DITTO_SET_MODE;
	}
	if (!(c->set.valid & DITTO_SET_MODE)) {
		c->set.mode = dsmb_share_new_mode(c->call->op.share, is_dir ?
						  DSMB_NEW_DIRECTORY_MODE : DSMB_NEW_FILE_MODE,
						  is_dir);
		c->set.valid |= DITTO_SET_MODE | DITTO_SET_MODE_IF_NO_ACL;
	}
	flags |= plain;
	req->set = &c->set;
	req->dosattr.flags = flags;
	/*
	 * Default attributes need not be stored, except on an existing file that is emptied and may
	 * have others.
	 */
	if (flags != plain || c->args.how == DITTO_OPEN_SUPERSEDE ||
	    c->args.how == DITTO_OPEN_OVERWRITE || c->args.how == DITTO_OPEN_OVERWRITE_OR_CREATE)
		req->dosattr.valid = DITTO_DOSATTR_FLAGS;
	req->size = dsmb_context_u64(&c->contexts, DSMB_CONTEXT_ALLOCATION);
}

/* MS-FSA section 2.1.5.1.1: do not inherit the compression of the directory. */
static u32 dsmb_create_uncompressed(struct dsmb_create *c)
{
	struct ditto_op *op = &c->call->op;

	if (!(c->args.options & DSMB_OPTION_NO_COMPRESSION) ||
	    c->opened.action != DITTO_WAS_CREATED || !ditto_can_compress(op->share))
		return STATUS_SUCCESS;
	return dsmb_op_status(c->call, ditto_compress(op, c->node, false));
}

u32 dsmb_create_new_fill(struct dsmb_create *c)
{
	struct dsmb_change change = {
		.call = c->call,
		.open = c->open,
		.inst = c->open->inst,
		.node = c->node,
	};
	u32 status;

	if (c->opened.action == DITTO_WAS_OPENED)
		return STATUS_SUCCESS;
	status = dsmb_create_uncompressed(c);
	if (!status && c->audit && c->opened.action == DITTO_WAS_CREATED)
		status = dsmb_set_audit_new(c->call, ditto_instance_base(c->open->inst), c->audit);
	if (!status && dsmb_has_context(&c->contexts, DSMB_CONTEXT_EA)) {
		change.in = c->contexts.data[DSMB_CONTEXT_EA];
		status = dsmb_set_full_ea(&change);
	}
	return status;
}
