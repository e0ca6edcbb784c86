// SPDX-License-Identifier: GPL-2.0-only
/* Truncation by an open that overwrites or supersedes the file. */

#include <linux/list.h>
#include <linux/slab.h>

#include "../op/xattr.h"
#include "instance_private.h"
#include "stream.h"

struct gathered {
	struct list_head link;
	u32 len;
	char name[];
};

static int truncate_gather_xattr(void *arg, const struct ditto_name *name)
{
	struct gathered *g = kmalloc(struct_size(g, name, name->len), GFP_KERNEL);

	if (!g)
		return -ENOMEM;
	g->len = name->len;
	memcpy(g->name, name->name, name->len);
	list_add_tail(&g->link, arg);
	return 0;
}

static int truncate_gather_stream(void *arg, const struct ditto_name *name, u64 size, u64 allocated)
{
	return truncate_gather_xattr(arg, name);
}

static void truncate_drop_gathered(struct ditto_op *op, struct ditto_node *base,
				   struct list_head *names,
				   int (*drop)(struct ditto_op *op, struct ditto_node *node,
					       const struct ditto_name *name))
{
	struct gathered *g, *next;

	list_for_each_entry_safe(g, next, names, link) {
		const struct ditto_name name = { .name = g->name, .len = g->len };

		/* Open streams stay; errors of concurrent removals do not matter. */
		drop(op, base, &name);
		list_del(&g->link);
		kfree(g);
	}
}

static int truncate_drop_xattr(struct ditto_op *op, struct ditto_node *base,
			       const struct ditto_name *name)
{
	return ditto_xattr_remove(op, base, name, NULL);
}

/**
 * struct truncate_rest - what is removed with the data of a file
 * @op: the caller, who does not wait
 * @base: the file
 */
struct truncate_rest {
	struct ditto_op op;
	struct ditto_node *base;
};

static void truncate_drop_streams(struct ditto_op *op, struct ditto_node *base)
{
	LIST_HEAD(names);

	ditto_stream_list(op, base, truncate_gather_stream, &names);
	truncate_drop_gathered(op, base, &names, ditto_stream_remove);
}

/* A share keeps the streams of its files in a directory of its own. */
static void truncate_drop_in_other_share(struct ditto_share *share, void *arg)
{
	struct truncate_rest *rest = arg;
	struct ditto_op op = rest->op;

	op.share = share;
	truncate_drop_streams(&op, rest->base);
}

/* MS-FSA section 2.1.5.1.2.1: extended attributes and named streams are removed with the data. */
static void truncate_drop_rest(const struct ditto_op *op, struct ditto_node *base)
{
	struct truncate_rest rest = { .op = *op, .base = base };
	LIST_HEAD(names);

	/* The open does not wait for holders of streams, and it can be parked on one node only. */
	rest.op.park = NULL;
	truncate_drop_streams(&rest.op, base);
	ditto_share_visit_others(op->share, truncate_drop_in_other_share, &rest);
	ditto_xattr_list(&rest.op, base, truncate_gather_xattr, &names);
	truncate_drop_gathered(&rest.op, base, &names, truncate_drop_xattr);
}

/*
 * Empty a file for an open that replaces its data. @op: the caller, which has claimed the file for
 * writing; @base: the file, held; @node: @base, or the stream of it that is opened, held. Extended
 * attributes and named streams of the file are removed with its data (MS-FSA section 2.1.5.1.2.1).
 * Return: as ditto_setattr().
 */
int ditto_instance_truncate(struct ditto_op *op, struct ditto_node *base,
			    struct ditto_node *node)
{
	const struct ditto_setattr set = {
		.valid = DITTO_SET_SIZE | DITTO_SET_MTIME_NOW,
		/* MS-FSA section 2.1.5.1.2.1: byte-range locks are not checked. */
		.over_ranges = true,
	};
	struct ditto_wcc wcc;
	int err;

	err = ditto_setattr(op, node, &set, &wcc);
	if (!err && node == base)
		truncate_drop_rest(op, base);
	return err;
}
