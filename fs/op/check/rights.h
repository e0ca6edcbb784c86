/* SPDX-License-Identifier: GPL-2.0-only */
/* The rights of a caller to a file: fs/op/check/rights.c. */
#ifndef _DITTO_FS_OP_CHECK_RIGHTS_H
#define _DITTO_FS_OP_CHECK_RIGHTS_H

#include <linux/types.h>

#include "../../acl/access_mask.h"

struct ditto_node;
struct ditto_op;

int ditto_rights(struct ditto_op *op, struct ditto_node *node, struct ditto_node *parent,
		 u32 *rights);
int ditto_rights_among(struct ditto_op *op, struct ditto_node *node, struct ditto_node *parent,
		       u32 want, u32 *rights);
int ditto_rights_refusal(const struct ditto_op *op, const struct ditto_node *node, u32 have,
			 u32 missing);
u32 ditto_rights_by_privilege(const struct ditto_op *op);
bool ditto_is_readable(struct ditto_op *op, struct ditto_node *node);

#endif
