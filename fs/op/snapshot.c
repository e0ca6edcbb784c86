// SPDX-License-Identifier: GPL-2.0-only
/* Snapshots of a share, found by the names of their directories; see snapshot.h. */

#include <linux/ctype.h>
#include <linux/dcache.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../node/node.h"
#include "../share/share.h"
#include "op.h"
#include "snapshot.h"
#include "walk.h"

/* Digits of year, month, day, hour, minute, second. */
static const u8 widths[] = { 4, 2, 2, 2, 2, 2 };
/* Length of all of them with one separator between each. */
#define TIME_LEN	19

/* Parse @width digits at @p; -1 if there is another character. */
static int snapshot_digits(const char *p, unsigned int width)
{
	int value = 0;

	while (width--) {
		if (!isdigit(*p))
			return -1;
		value = 10 * value + *p++ - '0';
	}
	return value;
}

static bool time_at(const char *p, time64_t *time)
{
	int part[ARRAY_SIZE(widths)];
	struct tm tm;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(widths); i++) {
		if (i && isdigit(*p++))
			return false;
		part[i] = snapshot_digits(p, widths[i]);
		if (part[i] < 0)
			return false;
		p += widths[i];
	}
	if (part[0] < 1970 || part[1] < 1 || part[1] > 12 || part[2] < 1 ||
	    part[3] > 23 || part[4] > 59 || part[5] > 60)
		return false;
	/* mktime64() turns an invalid day into one of the next month. */
	time64_to_tm(mktime64(part[0], part[1], part[2], 0, 0, 0), 0, &tm);
	if (tm.tm_mday != part[2])
		return false;
	*time = mktime64(part[0], part[1], part[2], part[3], part[4], part[5]);
	return true;
}

/*
 * Parse the time in a snapshot's name. @time: filled with seconds since 1970. Context: any. Return:
 * false if the name contains no time.
 */
bool ditto_snapshot_time(const struct ditto_name *name, time64_t *time)
{
	u32 i;

	for (i = 0; i + TIME_LEN <= name->len; i++)
		if (time_at(name->name + i, time))
			return true;
	return false;
}

/* Copy the path of the directory of snapshots. Return: its length, 0 without one. */
static u32 snapshots_dir(const struct ditto_share *share, char dir[DITTO_SNAPSHOTS_PATH_MAX + 1])
{
	const char *path;
	ssize_t len = 0;

	rcu_read_lock();
	path = rcu_dereference(share->opts)->snapshots;
	if (path)
		len = strscpy(dir, path, DITTO_SNAPSHOTS_PATH_MAX + 1);
	rcu_read_unlock();
	return max_t(ssize_t, len, 0);
}

struct listing {
	int (*fn)(void *arg, const struct ditto_name *name, time64_t time);
	void *arg;
	struct ditto_readdir_args from;
	int result;
};

static bool take_entry(void *arg, const struct ditto_dirent *entry)
{
	struct listing *list = arg;
	time64_t time;

	list->from.cookie = entry->cookie;
	if (ditto_snapshot_time(&entry->name, &time))
		list->result = list->fn(list->arg, &entry->name, time);
	return !list->result;
}

/**
 * ditto_snapshots_for_each - call a function for every snapshot of a share
 * @op: the caller; needs permission to list the directory of snapshots
 * @fn: a nonzero value ends the list
 * @arg: passed to @fn
 *
 * Without a directory of snapshots, the list is empty.
 *
 * Return: 0, the nonzero value of @fn, or a negative errno.
 */
int ditto_snapshots_for_each(struct ditto_op *op,
			     int (*fn)(void *arg, const struct ditto_name *name, time64_t time),
			     void *arg)
{
	struct listing list = { .fn = fn, .arg = arg };
	char dir[DITTO_SNAPSHOTS_PATH_MAX + 1];
	u32 len = snapshots_dir(op->share, dir);
	struct ditto_node *root;
	struct ditto_walk walk;
	bool eof = false;
	int err;

	if (!len)
		return 0;
	root = ditto_node_get_root(op->share);
	if (IS_ERR(root))
		return PTR_ERR(root);
	err = ditto_walk(op, root, dir, len, &walk);
	ditto_node_put(root);
	if (err)
		return err;
	if (!walk.node)
		err = -ENOENT;
	while (!err && !eof && !list.result)
		err = ditto_readdir(op, walk.node, &list.from, take_entry, &list, &eof);
	ditto_walk_end(&walk);
	return err ?: list.result;
}
EXPORT_SYMBOL_NS_GPL(ditto_snapshots_for_each, "DITTO");

struct search {
	time64_t time;
	u32 len;
	char name[NAME_MAX];
};

static int is_it(void *arg, const struct ditto_name *name, time64_t time)
{
	struct search *search = arg;

	if (time != search->time || name->len > sizeof(search->name))
		return 0;
	search->len = name->len;
	memcpy(search->name, name->name, name->len);
	return 1;
}

/**
 * ditto_snapshot_path - get the path of a file in a snapshot
 * @op: the caller
 * @time: exact time of the snapshot
 * @path: path of the file, relative to the root of the share
 * @len: length of @path
 * @out: filled with a path relative to the root of the share; kmalloc()ed, terminated,
 *	owned by the caller
 *
 * Return: length of the path, -ENOENT (no such snapshot), -ENOMEM and others.
 */
int ditto_snapshot_path(struct ditto_op *op, time64_t time, const char *path, u32 len, char **out)
{
	char dir[DITTO_SNAPSHOTS_PATH_MAX + 1];
	struct search search = { .time = time };
	int err;

	if (!snapshots_dir(op->share, dir))
		return -ENOENT;
	err = ditto_snapshots_for_each(op, is_it, &search);
	if (err <= 0)
		return err ?: -ENOENT;
	*out = kasprintf(GFP_KERNEL, "%s/%.*s%s%.*s", dir, search.len, search.name,
			 len ? "/" : "", len, path);
	return *out ? strlen(*out) : -ENOMEM;
}
EXPORT_SYMBOL_NS_GPL(ditto_snapshot_path, "DITTO");

static bool snapshots_are_listed(const struct ditto_share *share)
{
	const struct ditto_share_opts *opts;
	bool listed;

	rcu_read_lock();
	opts = rcu_dereference(share->opts);
	listed = !opts->snapshots || opts->list_snapshots;
	rcu_read_unlock();
	return listed;
}

static bool dentry_has_name(struct dentry *dentry, const char *name, size_t len)
{
	bool same;

	spin_lock(&dentry->d_lock);
	same = dentry->d_name.len == len && !memcmp(dentry->d_name.name, name, len);
	spin_unlock(&dentry->d_lock);
	return same;
}

/* The names of directories are compared from the last one up to the root of the share. */
static noinline_for_stack bool snapshots_are_in(const struct ditto_share *share,
						struct dentry *dir)
{
	char path[DITTO_SNAPSHOTS_PATH_MAX + 1];
	struct dentry *at = dget(dir), *parent;
	bool same = snapshots_dir(share, path);
	const char *name;
	char *slash;

	for (slash = strrchr(path, '/'); same && slash; slash = strrchr(path, '/')) {
		*slash = '\0';
		name = strrchr(path, '/');
		name = name ? name + 1 : path;
		same = at != share->root.dentry && dentry_has_name(at, name, strlen(name));
		parent = dget_parent(at);
		dput(at);
		at = parent;
	}
	same = same && at == share->root.dentry;
	dput(at);
	return same;
}

/*
 * Check whether listings of a directory leave out the snapshot directory. Return: true if the
 * directory of snapshots is in @dir and is not to be listed.
 */
bool ditto_snapshots_hides(const struct ditto_share *share, struct dentry *dir)
{
	return unlikely(!snapshots_are_listed(share)) && snapshots_are_in(share, dir);
}

/*
 * Check whether a name is the snapshot directory's. Context: any. Return: true if it is the last
 * component of the option.
 */
bool ditto_snapshots_is_name(const struct ditto_share *share, const struct ditto_name *name)
{
	const char *path, *last;
	bool same = false;

	rcu_read_lock();
	path = rcu_dereference(share->opts)->snapshots;
	if (path) {
		last = strrchr(path, '/');
		last = last ? last + 1 : path;
		same = strlen(last) == name->len && !memcmp(last, name->name, name->len);
	}
	rcu_read_unlock();
	return same;
}
