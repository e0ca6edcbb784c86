// SPDX-License-Identifier: GPL-2.0-only
/*
 * 8.3 names, see shortname.h: the first character of the name, five digits of a hash, '~', one
 * more digit, and the extension. Example: "N1A2B3~C.TXT" for "name of a file.txt".
 */

#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/rcupdate.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xattr.h>

#include "../../net/server.h"
#include "../node/casefold.h"
#include "../node/node_private.h"
#include "../share/share.h"
#include "casefold_index.h"
#include "check/lock_check_private.h"
#include "op_private.h"
#include "shortname.h"

#define BASE_MAX	8
#define EXTENSION_MAX	3
#define TILDE_AT	(BASE_MAX - 2)

#define DITTO_SHORTS_XATTR	"trusted.ditto.short"
/* The lengths before the names. */
#define SHORT_HEAD	2

/* Attempts to set a short name without concurrent changes by local processes. */
#define TRIES_MAX	4

/* Not secret: short names must be the same on every machine. */
static const siphash_key_t shortname_key = {
	{ 0x646974746f207368ULL, 0x6f7274206e616d65ULL }
};

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/**
 * ditto_has_shortnames - tell whether a share has 8.3 names enabled
 * @share: held
 *
 * Context: any.
 * Return: true if it has.
 */
bool ditto_has_shortnames(const struct ditto_share *share)
{
	bool has;

	rcu_read_lock();
	has = rcu_dereference(share->opts)->short_names;
	rcu_read_unlock();
	return has;
}
EXPORT_SYMBOL_NS_GPL(ditto_has_shortnames, "DITTO");

static bool is_legal(char c)
{
	return c && isascii(c) && (isalnum(c) || strchr("!#$%&'()-@^_`{}~", c));
}

/**
 * ditto_is_shortname - tell whether a name is a valid 8.3 name itself
 * @name: the name
 *
 * Context: any.
 * Return: true if it is.
 */
bool ditto_is_shortname(const struct ditto_name *name)
{
	const char *dot = memchr(name->name, '.', name->len);
	u32 base = dot ? dot - name->name : name->len;

	if (!base || base > BASE_MAX)
		return false;
	if (dot && (name->len - base < 2 || name->len - base > EXTENSION_MAX + 1))
		return false;
	for (u32 i = 0; i < name->len; i++)
		if (i != base && !is_legal(name->name[i]))
			return false;
	return true;
}
EXPORT_SYMBOL_NS_GPL(ditto_is_shortname, "DITTO");

/*
 * Append the part behind the last dot, unless that dot begins the name. Return: its length
 * including the dot.
 */
static u32 put_extension(const struct ditto_name *name, char *out)
{
	u32 at = name->len, len = 0;

	while (at && name->name[at - 1] != '.')
		at--;
	if (at < 2)
		return 0;
	for (; at < name->len && len < EXTENSION_MAX; at++)
		if (is_legal(name->name[at]))
			out[++len] = toupper(name->name[at]);
	if (!len)
		return 0;
	out[0] = '.';
	return len + 1;
}

/**
 * ditto_shortname - compute the 8.3 name of a longer name
 * @name: a name that is not a valid 8.3 name itself
 * @out: filled, not terminated; DITTO_SHORT_MAX bytes
 *
 * Context: any.
 * Return: length of the 8.3 name.
 */
u32 ditto_shortname(const struct ditto_name *name, char *out)
{
	u64 hash = siphash(name->name, name->len, &shortname_key);
	u32 digit;

	out[0] = is_legal(name->name[0]) ? toupper(name->name[0]) : '_';
	for (u32 i = 1; i < BASE_MAX; i++) {
		if (i == TILDE_AT) {
			out[i] = '~';
			continue;
		}
		hash = div_u64_rem(hash, sizeof(digits) - 1, &digit);
		out[i] = digits[digit];
	}
	return BASE_MAX + put_extension(name, out + BASE_MAX);
}
EXPORT_SYMBOL_NS_GPL(ditto_shortname, "DITTO");

/* Get the next of the names that were set. Return: false at the end, and for damaged ones. */
static bool shorts_next(const struct ditto_shorts *shorts, u32 *at, struct ditto_name *as,
			struct ditto_name *name)
{
	const char *p;
	u32 left;

	if (!shorts || shorts->len - *at < SHORT_HEAD)
		return false;
	p = shorts->data + *at;
	left = shorts->len - *at - SHORT_HEAD;
	as->len = (u8)p[0];
	name->len = (u8)p[1];
	if (as->len > DITTO_SHORT_MAX || !name->len || as->len + name->len > left)
		return false;
	as->name = p + SHORT_HEAD;
	name->name = as->name + as->len;
	*at += SHORT_HEAD + as->len + name->len;
	return true;
}

static bool is_same(const struct ditto_name *a, const struct ditto_name *b)
{
	return a->len == b->len && !memcmp(a->name, b->name, a->len);
}

/* Find the short name that was set for a name. */
static bool shorts_find(const struct ditto_shorts *shorts, const struct ditto_name *name,
			struct ditto_name *as)
{
	struct ditto_name has;
	u32 at = 0;

	while (shorts_next(shorts, &at, as, &has))
		if (is_same(&has, name))
			return true;
	return false;
}

/**
 * ditto_shorts_get - get the short name of a name, other than itself
 * @shorts: names that were set in the directory, or NULL
 * @name: a name of the directory
 * @out: filled, not terminated; DITTO_SHORT_MAX bytes
 *
 * Context: any.
 * Return: length of the short name; 0 if it has none.
 */
u32 ditto_shorts_get(const struct ditto_shorts *shorts, const struct ditto_name *name, char *out)
{
	struct ditto_name as;

	if (!shorts_find(shorts, name, &as))
		return ditto_is_shortname(name) ? 0 : ditto_shortname(name, out);
	memcpy(out, as.name, as.len);
	return as.len;
}
EXPORT_SYMBOL_NS_GPL(ditto_shorts_get, "DITTO");

/*
 * Read the names that were set in a directory; NULL if there are none. Return: 0, or an errno if
 * that is not known; -EIO if they are damaged.
 */
static int shorts_read(const struct ditto_share *share, struct dentry *dir,
		       struct ditto_shorts **out)
{
	const struct cred *old = ditto_act_as(share->srv->nodes->cred);
	struct ditto_shorts *shorts = NULL;
	struct inode *inode = d_inode(dir);
	struct ditto_name as, name;
	ssize_t len;
	u32 at = 0;

	/* Most directories have none, and need no memory. */
	len = __vfs_getxattr(dir, inode, DITTO_SHORTS_XATTR, NULL, 0);
	if (len > 0) {
		shorts = kmalloc(sizeof(*shorts), GFP_KERNEL);
		len = !shorts ? -ENOMEM :
		      __vfs_getxattr(dir, inode, DITTO_SHORTS_XATTR, shorts->data,
				     sizeof(shorts->data));
	}
	ditto_op_leave(old);
	if (len > 0) {
		shorts->len = len;
		while (shorts_next(shorts, &at, &as, &name))
			;
		if (at == len) {
			*out = shorts;
			return 0;
		}
		len = -EIO;
	}
	kfree(shorts);
	*out = NULL;
	if (len == -ENODATA || len == -EOPNOTSUPP)
		return 0;
	return len == -ERANGE ? -EIO : len;
}

/**
 * ditto_shorts_load - load the short names that were set in a directory
 * @share: held
 * @dir: the directory, held
 *
 * Context: may sleep.
 * Return: the names, to be freed with kfree(); NULL if there are none, or none can be read.
 */
struct ditto_shorts *ditto_shorts_load(const struct ditto_share *share, struct dentry *dir)
{
	struct ditto_shorts *shorts;

	shorts_read(share, dir, &shorts);
	return shorts;
}
EXPORT_SYMBOL_NS_GPL(ditto_shorts_load, "DITTO");

/* Look a name up in the directory. Return: 0, -ENOENT or an errno of the file system. */
static int name_find(const struct ditto_share *share, struct dentry *dir,
		     const struct ditto_name *name)
{
	const struct cred *old = ditto_act_as(share->srv->nodes->cred);
	struct dentry *child;

	child = lookup_one_positive_unlocked(ditto_idmap(share), &QSTR_LEN(name->name, name->len),
					     dir);
	ditto_op_leave(old);
	if (IS_ERR(child))
		return PTR_ERR(child);
	dput(child);
	return 0;
}

/*
 * Find the file name that belongs to an 8.3 name. @dir: a directory, held; access is not checked;
 * @found: filled and terminated; NAME_MAX + 1 bytes. Context: no inode lock held. Return: 0;
 * -ENOENT, also if the share has no 8.3 names; or an errno of the file system.
 */
int ditto_shortname_find(struct ditto_share *share, struct ditto_node *dir,
			 const struct ditto_name *name, char *found)
{
	struct ditto_shorts *shorts;
	struct ditto_name set, has;
	struct dentry *dentry;
	int err = -ENOENT;
	u32 at = 0;

	if (!ditto_is_shortname(name) || !ditto_has_shortnames(share))
		return -ENOENT;
	dentry = ditto_node_dentry(dir);
	shorts = ditto_shorts_load(share, dentry);
	while (err == -ENOENT && shorts_next(shorts, &at, &set, &has)) {
		if (!ditto_names_same(&set, name))
			continue;
		err = name_find(share, dentry, &has);
		if (err)
			continue;
		memcpy(found, has.name, has.len);
		found[has.len] = '\0';
	}
	dput(dentry);
	/* Names of another form are not computed, so they cost no search. */
	if (err == -ENOENT && name->len >= BASE_MAX && name->name[TILDE_AT] == '~') {
		err = ditto_casefold_find(share, dir, name, true, found);
		has = (struct ditto_name) { .name = found, .len = err ? 0 : strlen(found) };
		if (!err && shorts_find(shorts, &has, &set))
			err = -ENOENT;
	}
	kfree(shorts);
	return err;
}

/* Return: -EEXIST if another file has @as as its name or short name; 0, or another errno. */
static int check_free(struct ditto_share *share, struct ditto_node *dir,
		      const struct ditto_name *name, const struct ditto_name *as)
{
	char *found = kmalloc(NAME_MAX + 1, GFP_KERNEL);
	int err;

	if (!found)
		return -ENOMEM;
	err = ditto_casefold_find(share, dir, as, false, found);
	if (err == -ENOENT)
		err = ditto_shortname_find(share, dir, as, found);
	if (!err)
		err = strlen(found) == name->len && !memcmp(found, name->name, name->len) ?
		      0 : -EEXIST;
	kfree(found);
	return err == -ENOENT ? 0 : err;
}

static bool shorts_add(struct ditto_shorts *shorts, const struct ditto_name *as,
		       const struct ditto_name *name)
{
	char *p = shorts->data + shorts->len;

	if (SHORT_HEAD + as->len + name->len > sizeof(shorts->data) - shorts->len)
		return false;
	*p++ = as->len;
	*p++ = name->len;
	memcpy(p, as->name, as->len);
	memcpy(p + as->len, name->name, name->len);
	shorts->len += SHORT_HEAD + as->len + name->len;
	return true;
}

/* The same with the directory locked and the server's credential in place. */
static int name_find_locked(const struct ditto_share *share, struct dentry *dir,
			    const struct ditto_name *name)
{
	struct dentry *child = lookup_one(ditto_idmap(share), &QSTR_LEN(name->name, name->len),
					  dir);
	int err = PTR_ERR_OR_ZERO(child);

	if (err)
		return err;
	err = d_is_negative(child) ? -ENOENT : 0;
	dput(child);
	return err;
}

/* Copy the names to @to, with the new one, and without names of files that are gone. */
static int shorts_change(const struct ditto_share *share, struct dentry *dir,
			 const struct ditto_shorts *from, const struct ditto_name *name,
			 const struct ditto_name *as, struct ditto_shorts *to)
{
	struct ditto_name set, has;
	u32 at = 0;

	to->len = 0;
	while (shorts_next(from, &at, &set, &has)) {
		if (is_same(&has, name) || name_find_locked(share, dir, &has) == -ENOENT)
			continue;
		if (as->len && ditto_names_same(&set, as))
			return -EEXIST;
		shorts_add(to, &set, &has);
	}
	return shorts_add(to, as, name) ? 0 : -ENOSPC;
}

/*
 * Check again, with the directory locked, that no file got the name since check_free(). Return: as
 * ditto_casefold_check().
 */
static int check_still_free(struct ditto_share *share, struct ditto_node *dir,
			    struct dentry *dentry, const struct ditto_name *name,
			    const struct ditto_name *as)
{
	struct ditto_wcc wcc = {};
	int err;

	/* Another spelling of its own name. */
	if (!as->len || ditto_names_same(as, name))
		return 0;
	err = name_find_locked(share, dentry, as);
	if (err != -ENOENT)
		return err ?: -EEXIST;
	wcc.pre_valid = !ditto_read_change(share, dir, &wcc.pre_change);
	return ditto_casefold_check(dir, &wcc, as, name);
}

/*
 * Store the names with the new one; the caller has write access to the mount. Return: -EAGAIN if
 * @as may have been taken since check_free(), unless this is the last try.
 */
static int shorts_store(struct ditto_op *op, struct ditto_node *dir, struct dentry *dentry,
			const struct ditto_name *name, const struct ditto_name *as, bool last)
{
	const struct cred *cred = ditto_cred_privileged(op->cred, DITTO_PRIVILEGE_SERVER), *old;
	struct ditto_shorts *shorts = NULL, *changed;
	int err;

	changed = kmalloc(sizeof(*changed), GFP_KERNEL);
	if (!cred || !changed) {
		kfree(changed);
		return -ENOMEM;
	}
	err = ditto_lock_check(op, dir, DITTO_INTENT_ENTRY);
	if (err)
		goto free;
	inode_lock(dir->inode);
	old = ditto_act_as(cred);
	err = check_still_free(op->share, dir, dentry, name, as);
	if (err == -EAGAIN && last)
		err = 0;
	err = err ?: shorts_read(op->share, dentry, &shorts) ?:
	      shorts_change(op->share, dentry, shorts, name, as, changed) ?:
	      __vfs_setxattr_locked(ditto_idmap(op->share), dentry, DITTO_SHORTS_XATTR,
				    changed->data, changed->len, 0, NULL);
	ditto_op_leave(old);
	inode_unlock(dir->inode);
	err = ditto_no_wait(err);
	ditto_lock_recheck(op, dir, DITTO_INTENT_ENTRY);
free:
	kfree(shorts);
	kfree(changed);
	return err ?: ditto_op_commit(op, dentry, false);
}

/*
 * Set the short name of a name. @op: the caller; the caller of this function has checked the
 * rights; @dir: the directory, held. Context: no inode lock held. Return: 0; -EINVAL (no 8.3 name),
 * -EEXIST (another file has it as name or short name), -ENOSPC (too many), -EIO (the stored ones
 * are damaged), -EROFS, -EOPNOTSUPP, -EJUKEBOX and others.
 */
int ditto_shortname_set(struct ditto_op *op, struct ditto_node *dir, const struct ditto_name *name,
			const struct ditto_name *as)
{
	struct vfsmount *mnt = op->share->root.mnt;
	struct dentry *dentry;
	int tries = 0, err;

	if (as->len && !ditto_is_shortname(as))
		return -EINVAL;
	err = op->writable ? mnt_want_write(mnt) : -EROFS;
	if (err)
		return err;
	dentry = ditto_node_dentry(dir);
	do {
		err = as->len ? check_free(op->share, dir, name, as) : 0;
		if (!err)
			err = shorts_store(op, dir, dentry, name, as, ++tries == TRIES_MAX);
	} while (err == -EAGAIN);
	dput(dentry);
	mnt_drop_write(mnt);
	return err;
}
