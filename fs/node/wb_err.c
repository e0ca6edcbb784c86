// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lost data: written, answered, and then not written back.
 *
 * A client learns of it by a write verifier that has changed. The kernel tells
 * an error of writing back to each open file once, and to a file that is opened
 * later only if nobody was told yet. Our open files come and go, so the place
 * up to which errors were taken account of is kept with the node. A node that
 * goes first writes back what is left, and has no more to lose.
 *
 * Locking: node->lock guards the place.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dcache.h>
#include <linux/errseq.h>
#include <linux/fs.h>
#include <linux/pagemap.h>

#include "../server.h"
#include "node_private.h"

/* Where the pages are: a union file system has them in another one. */
static struct address_space *real_mapping(const struct dentry *dentry)
{
	return d_real_inode(dentry)->i_mapping;
}

void ditto_wb_err_watch(struct ditto_node *node, const struct dentry *dentry)
{
	if (test_bit_acquire(DITTO_NODE_WRITTEN, &node->flags))
		return;

	spin_lock(&node->lock);
	if (!test_bit(DITTO_NODE_WRITTEN, &node->flags)) {
		node->wb_err = filemap_sample_wb_err(real_mapping(dentry));
		/* Who sees the bit sees the place. */
		smp_mb__before_atomic();
		set_bit(DITTO_NODE_WRITTEN, &node->flags);
	}
	spin_unlock(&node->lock);
}

int ditto_wb_err_take(struct ditto_node *node, const struct dentry *dentry)
{
	struct address_space *mapping = real_mapping(dentry);
	struct super_block *sb = node->volume->sb;
	int err;

	if (likely(!errseq_check(&mapping->wb_err, READ_ONCE(node->wb_err))))
		return 0;

	ditto_server_writeback_failed(node->volume->srv);
	spin_lock(&node->lock);
	err = errseq_check_and_advance(&mapping->wb_err, &node->wb_err);
	spin_unlock(&node->lock);
	if (err)
		pr_warn_ratelimited("written data of inode %lu on %s (%s) was lost: error %d\n",
				    node->inode->i_ino, sb->s_id, sb->s_type->name, err);
	return err;
}

void ditto_wb_err_settle(struct ditto_node *node)
{
	if (!test_bit(DITTO_NODE_WRITTEN, &node->flags) || !node->inode->i_nlink)
		return;
	filemap_write_and_wait(real_mapping(node->dentry));
	ditto_wb_err_take(node, node->dentry);
}
