/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that requests of the administrator name by a path. */
#ifndef _DITTO_NET_NL_NL_FILE_H
#define _DITTO_NET_NL_NL_FILE_H

#include <linux/path.h>

struct ditto_node;
struct ditto_op;
struct ditto_share;
struct genl_info;
struct nlattr;

/**
 * struct ditto_nl_file - a file in a share
 * @path: the file as the caller sees it, held
 * @share: share that contains it, held
 * @node: its node, held
 * @text: path of the file in the caller's root; "?" if it has none
 * @buffer: PATH_MAX bytes, which @text points into
 */
struct ditto_nl_file {
	struct path path;
	struct ditto_share *share;
	struct ditto_node *node;
	const char *text;
	char *buffer;
};

int ditto_nl_file_get(struct genl_info *info, const struct nlattr *path,
		      const struct nlattr *share, struct ditto_nl_file *file);
void ditto_nl_file_put(struct ditto_nl_file *file);
int ditto_nl_file_op(const struct ditto_nl_file *file, struct ditto_op *op);

#endif
