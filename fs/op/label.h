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

/**
 * ditto_label_is_on - check whether clients may see and set the labels of a share's files
 * @share: held
 *
 * Context: any.
 * Return: true if the administrator allows it; there need not be a security module with labels.
 */
bool ditto_label_is_on(const struct ditto_share *share);

/**
 * ditto_label_get - get the label of a file
 * @share: held
 * @dentry: the file, held
 * @label: filled; to be freed with ditto_label_free()
 *
 * Return: 0; -EOPNOTSUPP if labels are off, or the file has none to show; others of the
 * security module. After an error @label is empty.
 */
int ditto_label_get(const struct ditto_share *share, struct dentry *dentry,
		    struct lsm_context *label);

/* Free and empty a label, which may be empty. Any context. */
void ditto_label_free(struct lsm_context *label);

/**
 * ditto_label_set - set the label of a file
 * @op: the caller: the owner of the file, or may write its list
 * @node: held
 * @data: the label
 * @len: bytes of @data, DITTO_LABEL_MAX at most and not 0
 *
 * Return: 0; -EOPNOTSUPP as ditto_label_get(); -EINVAL if the security module does not know the
 * label; -EPERM, -EACCES, -EROFS, -EJUKEBOX and others.
 */
int ditto_label_set(struct ditto_op *op, struct ditto_node *node, const void *data, u32 len);

#endif
