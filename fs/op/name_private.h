/* SPDX-License-Identifier: GPL-2.0-only */
/* Names from the wire, and their look-up: fs/op/name.c. */
#ifndef _DITTO_FS_OP_NAME_PRIVATE_H
#define _DITTO_FS_OP_NAME_PRIVATE_H

#include <linux/dcache.h>

#include "op.h"

enum ditto_name_kind {
	DITTO_NAME_PLAIN,
	DITTO_NAME_DOT,
	DITTO_NAME_DOTDOT,
};

int ditto_name_check(const struct ditto_name *name);
int ditto_name_plain(const struct ditto_name *name, int dot, int dotdot);
int ditto_lookup_kind(struct ditto_op *op, struct ditto_node *dir, const struct ditto_name *name,
		      int kind, struct ditto_node **out);
struct dentry *ditto_lookup_dentry(struct ditto_op *op, struct ditto_node *dir,
				   struct dentry *parent, const struct ditto_name *name);

/**
 * struct ditto_dentry_name - where a dentry is at present
 * @dir: its directory, held; the root of the share for that itself
 * @name: its name there
 * @snapshot: memory of @name
 */
struct ditto_dentry_name {
	struct ditto_node *dir;
	struct ditto_name name;
	struct name_snapshot snapshot;
};

int ditto_dentry_name_get(struct ditto_share *share, struct dentry *dentry,
			  struct ditto_dentry_name *at);
void ditto_dentry_name_put(struct ditto_dentry_name *at);

/* Put bytes, or the names from the root of the share on, in front of *@at; false without room. */
bool ditto_path_prepend(char *buf, char **at, const char *s, size_t len);
bool ditto_path_prepend_names(const struct ditto_share *share, const struct dentry *dentry,
			      char *buf, char **at);
char *ditto_dentry_path(const struct ditto_share *share, const struct dentry *dentry, char *buf,
			size_t size);

#endif
