/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DITTO_COMPAT_LINUX_NAMEI_H
#define _DITTO_COMPAT_LINUX_NAMEI_H

#include_next <linux/namei.h>

#ifndef DITTO_HAVE_LOOKUP_ONE_QSTR
static inline struct dentry *ditto_lookup_one(struct mnt_idmap *idmap, struct qstr *name,
					      struct dentry *base)
{
	return lookup_one(idmap, name->name, base, name->len);
}

static inline struct dentry *ditto_lookup_one_unlocked(struct mnt_idmap *idmap, struct qstr *name,
						       struct dentry *base)
{
	return lookup_one_unlocked(idmap, name->name, base, name->len);
}

static inline struct dentry *ditto_lookup_one_positive_unlocked(struct mnt_idmap *idmap,
								struct qstr *name,
								struct dentry *base)
{
	return lookup_one_positive_unlocked(idmap, name->name, base, name->len);
}

#define lookup_one			ditto_lookup_one
#define lookup_one_unlocked		ditto_lookup_one_unlocked
#define lookup_one_positive_unlocked	ditto_lookup_one_positive_unlocked
#endif

#ifndef DITTO_HAVE_LOOKUP_NOPERM
static inline struct dentry *try_lookup_noperm(struct qstr *name, struct dentry *base)
{
	return d_hash_and_lookup(base, name);
}

static inline struct dentry *lookup_noperm(struct qstr *name, struct dentry *base)
{
	return lookup_one_len(name->name, base, name->len);
}
#endif

#ifndef DITTO_HAVE_LOCK_RENAME
/* The child of @above that is @dir or above it; the root of the tree if there is none. */
static inline struct dentry *ditto_child_above(struct dentry *dir, const struct dentry *above)
{
	while (dir->d_parent != above && !IS_ROOT(dir))
		dir = dir->d_parent;
	return dir;
}

/*
 * Lock two directories, that above the other first, as older kernels do for modules: return the
 * child of one that is the other or above it, NULL if there is none, or -EXDEV if the file system
 * does not know yet how they are connected. No directory gets another parent under the mutex, but
 * a tree that was not connected may be.
 */
static inline struct dentry *lock_rename(struct dentry *p1, struct dentry *p2)
{
	struct dentry *below1, *below2, *trap = NULL;
	unsigned int seq;

	if (p1 == p2) {
		inode_lock_nested(d_inode(p1), I_MUTEX_PARENT);
		return NULL;
	}
	mutex_lock(&p1->d_sb->s_vfs_rename_mutex);
	do {
		seq = read_seqbegin(&rename_lock);
		below1 = ditto_child_above(p2, p1);
		below2 = ditto_child_above(p1, p2);
	} while (read_seqretry(&rename_lock, seq));
	if (below1->d_parent == p1) {
		trap = below1;
	} else if (below2->d_parent == p2) {
		trap = below2;
		swap(p1, p2);
	} else if (below1 != below2) {
		mutex_unlock(&p1->d_sb->s_vfs_rename_mutex);
		return ERR_PTR(-EXDEV);
	}
	inode_lock_nested(d_inode(p1), I_MUTEX_PARENT);
	inode_lock_nested(d_inode(p2), I_MUTEX_PARENT2);
	return trap;
}

static inline void unlock_rename(struct dentry *p1, struct dentry *p2)
{
	inode_unlock(d_inode(p1));
	if (p1 == p2)
		return;
	inode_unlock(d_inode(p2));
	mutex_unlock(&p1->d_sb->s_vfs_rename_mutex);
}
#endif

#endif
