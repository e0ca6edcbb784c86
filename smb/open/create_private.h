/* SPDX-License-Identifier: GPL-2.0-only */
/* A CREATE while it runs: create.c, and create_new.c for what only new files get. */
#ifndef _DITTO_SMB_OPEN_CREATE_PRIVATE_H
#define _DITTO_SMB_OPEN_CREATE_PRIVATE_H

#include "../../fs/op/op.h"
#include "../../fs/open/instance.h"
#include "../file/attrs.h"
#include "../file/name.h"
#include "create_context.h"
#include "create_wire.h"
#include "durable.h"
#include "durable_app.h"
#include "lease.h"

struct ditto_acl;
struct dsmb_call;
struct dsmb_open;

/**
 * struct dsmb_create - a CREATE while it runs
 * @call: the call
 * @args: parameters
 * @contexts: create contexts
 * @asked: requested caching
 * @granted: granted caching
 * @durable: requested durability
 * @app: application instance
 * @replays: the open was created by an earlier transmission of the request
 * @is_quota: $Extend\$Quota, an alias of the root
 * @set: of a new file: owner, group, list, mode
 * @acl: list of @set, with a reference
 * @audit: audit list of a new file, with a reference; or NULL
 * @path: the name
 * @past: path in a snapshot, which replaces that of @path; or NULL
 * @open: the open, held while it is executed; or NULL
 * @node: node of the open, once it was begun
 * @opened: what the core did
 * @attrs: attributes of the file
 * @maximal: maximal access
 * @maximal_status: STATUS_SUCCESS, or why @maximal is not known
 */
struct dsmb_create {
	struct dsmb_call *call;
	struct dsmb_create_args args;
	struct dsmb_contexts contexts;
	struct dsmb_caching asked;
	struct dsmb_caching granted;
	struct dsmb_durable_ask durable;
	struct dsmb_app_ask app;
	bool replays;
	bool is_quota;
	struct ditto_setattr set;
	struct ditto_acl *acl;
	struct ditto_acl *audit;
	struct dsmb_path path;
	char *past;
	struct dsmb_open *open;
	struct ditto_node *node;
	struct ditto_opened opened;
	struct dsmb_attrs attrs;
	u32 maximal;
	u32 maximal_status;
};

/**
 * dsmb_create_new_check - check the form of security descriptor and EAs of a new file
 * @c: the CREATE
 *
 * They are checked even if they will not be used, because the file exists.
 *
 * Return: STATUS_SUCCESS or the error.
 */
u32 dsmb_create_new_check(const struct dsmb_create *c);

/**
 * dsmb_create_new_security - set what the security descriptor says about a new file
 * @c: the CREATE; @c->set, @c->acl and @c->audit are filled
 *
 * MS-SMB2 section 3.3.5.9.2: an existing file keeps its descriptor.
 *
 * Return: STATUS_SUCCESS or the error.
 */
u32 dsmb_create_new_security(struct dsmb_create *c);

/**
 * dsmb_create_new_ask - ask for the attributes, the mode and the size of a new file
 * @c: the CREATE, after dsmb_create_new_security()
 * @req: filled
 */
void dsmb_create_new_ask(struct dsmb_create *c, struct ditto_open_request *req);

/**
 * dsmb_create_new_fill - set compression, audit list and extended attributes of a new file
 * @c: the CREATE; its file is open
 *
 * MS-SMB2 section 3.3.5.9.1.
 *
 * Return: STATUS_SUCCESS, also if the file is not new, or the error.
 */
u32 dsmb_create_new_fill(struct dsmb_create *c);

#endif
