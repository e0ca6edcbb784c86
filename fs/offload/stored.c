// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that came back whole: the attribute trusted.ditto.stored names their content in the store,
 * so that they can be released again without an upload, on a full disk or by the administrator.
 *
 * The attribute is written in place of the record, if the file has not changed since its release.
 * It is the truth; nothing in memory says the same. It holds as long as the file has the change
 * number in it. No operation on data looks at it: a change of the file makes it stale, and
 * offload-get and offload-recall remove it.
 *
 * The change number tells of all changes only while the file system is mounted: after a power
 * failure it may be older than the data. So each volume has a random number, its session, and
 * believes only attributes with that one. The next volume of the same mount has the same session,
 * see unserved.c: this module has a mark on the superblock in between, which ends with it.
 *
 * A file always has the record or this attribute while its content in the store is counted on: the
 * new one is written before the old one is removed, under the inode lock. A search for all content
 * that is used reads the record, this attribute, and both again.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include <linux/xattr.h>

#include "../../lockd/claim.h"
#include "../node/node_private.h"
#include "stub.h"

/* Return: true if the file is as it was when the attribute was written. */
static bool stored_holds(const struct ditto_node *node, const struct ditto_stored *stored)
{
	struct inode *inode = node->inode;

	return stored->session == node->volume->offload_session &&
	       stored->ino == inode->i_ino && stored->generation == inode->i_generation &&
	       stored->size == i_size_read(inode) &&
	       stored->change == ditto_offload_change(inode);
}

/*
 * Find where the content of a file that is whole is stored. @node: a regular file, held. Return: 0;
 * -ENODATA if there is no attribute; -ESTALE if it does not hold; or another errno.
 */
int ditto_stored_read(struct ditto_node *node, struct ditto_stored *stored)
{
	struct dentry *dentry = ditto_node_dentry(node);
	u8 *buf = kmalloc(DITTO_STORED_MAX, GFP_KERNEL);
	ssize_t len = -ENOMEM;

	if (buf)
		len = __vfs_getxattr(dentry, node->inode, DITTO_STORED_XATTR, buf,
				     DITTO_STORED_MAX);
	dput(dentry);
	if (len == -EOPNOTSUPP)
		len = -ENODATA;
	else if (len == -ERANGE || (len >= 0 && (ditto_stored_decode(stored, buf, len) ||
						 !stored_holds(node, stored))))
		len = -ESTALE;
	kfree(buf);
	return min_t(ssize_t, len, 0);
}

/*
 * Note where the content of a stub is stored, if it matches its record. All of it is in the file.
 * @buf: DITTO_STORED_MAX bytes. Context: as ditto_record_write().
 */
void ditto_stored_note(struct ditto_stub *stub, struct dentry *dentry, u8 *buf)
{
	const struct ditto_offload_record *record = &stub->record;
	struct ditto_stored *stored;

	if (READ_ONCE(stub->forget) || !ditto_stub_is_unchanged(stub))
		return;
	stored = kzalloc(sizeof(*stored), GFP_KERNEL);
	if (!stored)
		return;
	stored->size = record->size;
	stored->change = record->change;
	stored->session = stub->node->volume->offload_session;
	stored->ino = record->ino;
	stored->generation = record->generation;
	stored->cookie_len = record->cookie_len;
	memcpy(stored->cookie, record->cookie, record->cookie_len);
	/* Without the attribute, the file needs an upload the next time, as any other. */
	if (ditto_record_write(dentry, DITTO_STORED_XATTR, buf, ditto_stored_encode(stored, buf)))
		goto free;
	WRITE_ONCE(stub->stored, true);
	/* Tells of lookups from now on, see make_room.c; a file that is open needs none. */
	if (!ditto_lock_point_held(&stub->node->point, DITTO_SUM_OPEN))
		clear_bit(DITTO_NODE_REFERENCED, &stub->node->flags);
free:
	kfree(stored);
}

/* Check whether a file has the attribute. May sleep. */
bool ditto_stored_is(struct dentry *dentry)
{
	return __vfs_getxattr(dentry, d_inode(dentry), DITTO_STORED_XATTR, NULL, 0) > 0;
}

/* Remove the attribute of a file, if it has one. Context: as ditto_record_write(). */
void ditto_stored_drop(struct dentry *dentry)
{
	if (ditto_stored_is(dentry))
		ditto_record_write(dentry, DITTO_STORED_XATTR, NULL, 0);
}

/*
 * The same as ditto_record_write(), for a caller that holds nothing but the node; with @stale,
 * which is overwritten, only if the attribute does not hold. May sleep.
 */
void ditto_stored_forget(struct ditto_node *node, struct ditto_stored *stale)
{
	struct ditto_volume *volume = node->volume;
	struct dentry *dentry;

	/* The attribute may belong to a server in another network namespace. */
	if (!volume->mnt || !ditto_offload_volume_owns(volume) || mnt_want_write(volume->mnt))
		return;
	dentry = ditto_node_dentry(node);
	inode_lock(node->inode);
	/* Giving the file its change number back could hide a change of that moment. */
	if ((!stale || ditto_stored_read(node, stale) == -ESTALE) && ditto_stored_is(dentry))
		__vfs_removexattr(&nop_mnt_idmap, dentry, DITTO_STORED_XATTR);
	inode_unlock(node->inode);
	dput(dentry);
	mnt_drop_write(volume->mnt);
}
