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

#endif
