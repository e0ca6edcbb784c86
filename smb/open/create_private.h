/* SPDX-License-Identifier: GPL-2.0-only */
/* A CREATE: decoded by create_args.c, executed by create.c, new files finished by create_new.c. */
#ifndef _DITTO_SMB_OPEN_CREATE_PRIVATE_H
#define _DITTO_SMB_OPEN_CREATE_PRIVATE_H

#include "../../fs/op/op.h"
#include "../../fs/open/instance.h"
#include "../wire/create.h"
#include "../wire/create_context.h"
#include "../wire/name.h"
#include "../wire/oplock.h"
#include "durable.h"
#include "durable_app.h"

struct ditto_acl;
struct dsmb_call;
struct dsmb_open;

/**
 * struct dsmb_create_args - parameters of a CREATE
 * @access: DesiredAccess; specific rights instead of generic ones, unless the client reconnects
 * @attributes: FileAttributes
 * @share: ShareAccess
 * @how: CreateDisposition
 * @options: CreateOptions
 * @name: name in UTF-16
 * @contexts: create contexts
 * @caching: requested caching
 * @durable: requested durability, but for the hash of the name
 * @app: application instance
 * @dfs: the name came as a DFS path, with server and share
 * @is_quota: $Extend\$Quota, an alias of the root
 * @path: the name
 * @resolved: memory of the path that belongs to a file id, made by the execution; or NULL
 */
struct dsmb_create_args {
	u32 access;
	u32 attributes;
	u32 share;
	u32 how;
	u32 options;
	struct dsmb_cursor name;
	struct dsmb_contexts contexts;
	struct dsmb_caching caching;
	struct dsmb_durable_ask durable;
	struct dsmb_app_ask app;
	bool dfs;
	bool is_quota;
	struct dsmb_path path;
	char *resolved;
};

/* create_args.c */
u32 dsmb_create_decode(struct dsmb_call *call, void *args);

/**
 * struct dsmb_new_file - what the request says about the owner and the rights of a new file
 * @set: owner, group, list, mode
 * @acl: list of @set, with a reference; or NULL
 * @audit: audit list, with a reference; or NULL
 */
struct dsmb_new_file {
	struct ditto_setattr set;
	struct ditto_acl *acl;
	struct ditto_acl *audit;
};

/* create_new.c */
u32 dsmb_new_file_request(struct dsmb_call *call, const struct dsmb_create_args *args,
			  struct dsmb_new_file *new, struct ditto_open_request *req);
u32 dsmb_new_file_finish(struct dsmb_call *call, const struct dsmb_create_args *args,
			 struct dsmb_open *open, struct ditto_node *node,
			 const struct ditto_acl *audit);
void dsmb_new_file_put(const struct dsmb_new_file *new);

#endif
