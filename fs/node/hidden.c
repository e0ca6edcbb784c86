// SPDX-License-Identifier: GPL-2.0-only
/* Hidden names, see hidden.h. */

#include <linux/fs.h>
#include <linux/string.h>

#include "hidden.h"
#include "node_private.h"
#include "pattern.h"
#include "share_types.h"

/*
 * In any case, because the file system may be case-insensitive. A directory that folds names as
 * Unicode does also finds it by spellings with characters that this ignores.
 */
static bool hidden_is(const struct dentry *dir, const struct ditto_name *name)
{
	static const struct ditto_name hidden = {
		.name = DITTO_HIDDEN, .len = sizeof(DITTO_HIDDEN) - 1,
	};
	const struct inode *inode = d_inode_rcu(dir);

	if (name->len == hidden.len && !strncasecmp(name->name, hidden.name, hidden.len))
		return true;
	/* A directory that somebody leaves behind may be gone. */
	return inode && IS_CASEFOLDED(inode) && ditto_names_same(&hidden, name);
}

/*
 * A directory that folds names finds a file by spellings that no pattern has. @folds: match the
 * folded forms, too; a name without one is found as it is.
 */
static noinline_for_stack bool veto_matches(const struct ditto_share *share,
					    const struct ditto_name *name, bool folds)
{
	char text[DITTO_FOLDED_MAX] __uninitialized;
	struct ditto_name folded = { .name = text };
	const char *veto;
	bool vetoed;
	int len;

	rcu_read_lock();
	veto = rcu_dereference(share->veto);
	vetoed = veto && ditto_patterns_match(veto, '/', name);
	if (veto && !vetoed && folds) {
		len = ditto_name_fold(name, text, sizeof(text));
		folded.len = max(len, 0);
		vetoed = len > 0 && ditto_patterns_match(rcu_dereference(share->veto_folded) ?:
							 veto, '/', &folded);
	}
	rcu_read_unlock();
	return vetoed;
}

static bool veto_is(const struct ditto_share *share, const struct ditto_name *name, bool folds)
{
	return unlikely(rcu_access_pointer(share->veto)) && veto_matches(share, name, folds);
}

/*
 * True if a share vetoes a name on a path of @len bytes. Where some directories of the file system
 * fold names, all are taken to. Context: any.
 */
bool ditto_is_path_vetoed(const struct ditto_share *share, const char *path, u32 len)
{
	const bool folds = sb_has_encoding(share->root.mnt->mnt_sb);
	const char *end = path + len, *next;
	struct ditto_name name;

	for (; path < end; path = next + 1) {
		next = memchr(path, '/', end - path) ?: end;
		name = (struct ditto_name) { .name = path, .len = next - path };
		if (veto_is(share, &name, folds))
			return true;
	}
	return false;
}

static bool own_is(const struct ditto_share *share, const struct dentry *dir,
		   const struct ditto_name *name)
{
	return (dir == share->root.dentry || ditto_volume_has_root(share->volume, dir)) &&
	       hidden_is(dir, name);
}

/* ditto_is_hidden() for a name of this length, in a directory that folds names, or with vetoes. */
bool ditto_is_hidden_name(const struct ditto_share *share, const struct dentry *dir,
			  const struct ditto_name *name)
{
	const struct inode *inode = d_inode_rcu(dir);

	return own_is(share, dir, name) || veto_is(share, name, inode && IS_CASEFOLDED(inode));
}

/* True if a file is in a directory of the server's own, whatever the share vetoes. May sleep. */
bool ditto_is_below_hidden(const struct ditto_share *share, struct dentry *dentry)
{
	struct dentry *at = dget(dentry), *up;
	struct ditto_name name;
	bool hidden = false;

	while (!hidden && at != share->root.dentry && !IS_ROOT(at)) {
		struct name_snapshot snapshot;

		up = dget_parent(at);
		take_dentry_name_snapshot(&snapshot, at);
		name.name = snapshot.name.name;
		name.len = snapshot.name.len;
		hidden = own_is(share, up, &name);
		release_dentry_name_snapshot(&snapshot);
		dput(at);
		at = up;
	}
	dput(at);
	return hidden;
}

/*
 * Tell whether a name is hidden in a directory of a volume. Context: any. Return: as
 * ditto_is_hidden().
 */
bool ditto_is_hidden_on(struct ditto_volume *volume, const struct dentry *dir,
			const struct ditto_name *name)
{
	return ditto_volume_has_root(volume, dir) && hidden_is(dir, name);
}
