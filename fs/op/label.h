/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Security labels of files, as the server's security module gives and takes them.
 */
#ifndef _DITTO_FS_OP_LABEL_H
#define _DITTO_FS_OP_LABEL_H

#include <linux/security.h>
#include <linux/types.h>

struct dentry;
struct ditto_node;
struct ditto_op;
struct ditto_share;

/* Longest label. */
#define DITTO_LABEL_MAX	2048

bool ditto_label_is_on(const struct ditto_share *share);
int ditto_label_get(const struct ditto_share *share, struct dentry *dentry,
		    struct lsm_context *label);
void ditto_label_free(struct lsm_context *label);
int ditto_label_set(struct ditto_op *op, struct ditto_node *node, const void *data, u32 len);

#endif
