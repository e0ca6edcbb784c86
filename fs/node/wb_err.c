// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write-back errors: data that was written and answered, but could not be written back.
 *
 * Clients learn of the loss by a changed write verifier. The kernel reports a write-back error
 * once to each open file, and to a file opened later only if no one has seen it yet. The server's
 * open files come and go, so the position up to which errors were seen is kept with the node.
 * Before a node is freed, its remaining data is written back, so no later error can be missed.
 *
 * Callers share open files and position, so two of them must not depend on who sees an error
 * first. A stable write and a sync fail if there was an error since they began. Where a protocol
 * has no verifier, each open instance that wrote has a position of its own.
 *
 * Locking: node->lock guards the positions.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dcache.h>
#include <linux/errseq.h>
#include <linux/fs.h>
#include <linux/pagemap.h>

#include "../../net/server.h"
#include "file.h"
#include "node_private.h"

/* Mapping with the page cache: in an overlay it belongs to the underlying inode. */
static struct address_space *real_mapping(const struct dentry *dentry)
{
	return d_real_inode(dentry)->i_mapping;
}

/*
 * Begin to watch a file for write-back errors. @node: held, a regular file. Called before data is
 * made durable. Context: any. Return: the position up to which errors were seen, for
 * ditto_wb_err_take().
 */
errseq_t ditto_wb_err_watch(struct ditto_node *node, const struct dentry *dentry)
{
	if (test_bit_acquire(DITTO_NODE_WRITTEN, &node->flags))
		return READ_ONCE(node->wb_err);

	spin_lock(&node->lock);
	if (!test_bit(DITTO_NODE_WRITTEN, &node->flags)) {
		node->wb_err = filemap_sample_wb_err(real_mapping(dentry));
		/* A reader that sees the bit also sees the position. */
		smp_mb__before_atomic();
		set_bit(DITTO_NODE_WRITTEN, &node->flags);
	}
	spin_unlock(&node->lock);
	return READ_ONCE(node->wb_err);
}

/* Report an error that no operation has seen. */
static void wb_err_report(struct ditto_node *node, struct address_space *mapping)
{
	struct super_block *sb = node->volume->sb;
	int err;

	if (!errseq_check(&mapping->wb_err, READ_ONCE(node->wb_err)))
		return;
	ditto_server_writeback_failed(node->volume->srv);
	spin_lock(&node->lock);
	err = errseq_check_and_advance(&mapping->wb_err, &node->wb_err);
	spin_unlock(&node->lock);
	if (err)
		pr_warn_ratelimited("written data of inode %llu on %s (%s) was lost: error %d\n",
				    (u64)node->inode->i_ino, sb->s_id, sb->s_type->name, err);
}

/*
 * Check for a write-back error since an operation began. @node: held, watched. An error that
 * another operation has seen since then counts: it may concern this one's data.
 *
 * The write verifier changes before the error is marked as seen. A caller that finds no error
 * therefore reads the new verifier. Context: any. Return: 0 or the write-back error.
 */
int ditto_wb_err_take(struct ditto_node *node, const struct dentry *dentry, errseq_t since)
{
	struct address_space *mapping = real_mapping(dentry);

	if (likely(!errseq_check(&mapping->wb_err, since)))
		return 0;
	wb_err_report(node, mapping);
	return errseq_check(&mapping->wb_err, since);
}

/*
 * Watch a file for write-back errors of what an instance writes. @node: held, a regular file;
 * @pins: the instance that is about to write, which knows of errors from now on; or NULL. Context:
 * any. Return: as ditto_wb_err_watch().
 */
errseq_t ditto_wb_err_write(struct ditto_node *node, const struct dentry *dentry,
			    struct ditto_pins *pins)
{
	errseq_t since = ditto_wb_err_watch(node, dentry);

	if (!pins || pins->node != node || READ_ONCE(pins->written))
		return since;
	spin_lock(&node->lock);
	if (!pins->written) {
		pins->wb_err = since;
		WRITE_ONCE(pins->written, true);
	}
	spin_unlock(&node->lock);
	return since;
}

/*
 * Check for a write-back error that an open instance does not know of. @pins: the instance; or
 * NULL; @node: held, watched. Context: any. Return: 0 or the write-back error, since the instance's
 * first write or its last error.
 */
int ditto_wb_err_take_owed(struct ditto_pins *pins, struct ditto_node *node,
			   const struct dentry *dentry)
{
	int err;

	if (!pins || pins->node != node || !READ_ONCE(pins->written))
		return 0;
	spin_lock(&node->lock);
	err = errseq_check_and_advance(&real_mapping(dentry)->wb_err, &pins->wb_err);
	spin_unlock(&node->lock);
	return err;
}

/*
 * Write back a file before its node is freed. Errors are taken account of, so that no loss goes
 * unnoticed.
 */
void ditto_wb_err_settle(struct ditto_node *node)
{
	if (!test_bit(DITTO_NODE_WRITTEN, &node->flags) || !node->inode->i_nlink)
		return;
	filemap_write_and_wait(real_mapping(node->dentry));
	wb_err_report(node, real_mapping(node->dentry));
}
