// SPDX-License-Identifier: GPL-2.0-only
/* The mirror of a node: its lifetime and the files it uses for VFS calls; see mirror.h. */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "lock_ctx_private.h"
#include "mirror_private.h"

/* The owner of the point may count its own open files. */
static struct file *file_keep(struct ditto_lock_point *point, struct file *file)
{
	return point->ops->keep ? point->ops->keep(point, file) : get_file(file);
}

static void file_unkeep(struct ditto_lock_point *point, struct file *file)
{
	if (point->ops->unkeep)
		point->ops->unkeep(point, file);
	else
		/* Synchronous: a deferred fput() would pin the mount for a while longer. */
		__fput_sync(file);
}

static struct ditto_mirror *mirror_alloc(struct ditto_lock_point *point, struct file *filp)
{
	struct ditto_mirror *mirror = kzalloc(sizeof(*mirror), GFP_KERNEL);

	if (!mirror)
		return NULL;
	refcount_set(&mirror->ref, 1);
	mutex_init(&mirror->lock);
	mirror->point = point;
	point->ops->get(point);
	atomic_inc(&point->table->mirrors);
	mirror->file = file_keep(point, filp);
	ditto_cover_init(mirror);
	ditto_mirror_lease_init(mirror);
	return mirror;
}

static struct ditto_mirror_list *mirror_list(const struct ditto_lock_point *point)
{
	return &point->table->mirror_lists[hash_ptr(point, DITTO_MIRROR_LISTS_LOG)];
}

/*
 * Return the mirror of the node with a reference: one that is still in use, because it gives up
 * ranges of a previous lock context, or this new one. There is never more than one, so that one
 * lock covers an owner's ranges.
 */
static struct ditto_mirror *mirror_enter(struct ditto_mirror *fresh)
{
	struct ditto_mirror_list *list = mirror_list(fresh->point);
	struct ditto_mirror *mirror, *found = fresh;

	spin_lock(&list->lock);
	hlist_for_each_entry(mirror, &list->mirrors, on_table) {
		if (mirror->point == fresh->point && refcount_inc_not_zero(&mirror->ref)) {
			found = mirror;
			break;
		}
	}
	if (found == fresh)
		hlist_add_head(&fresh->on_table, &list->mirrors);
	spin_unlock(&list->lock);
	if (found != fresh)
		ditto_mirror_put(fresh);
	return found;
}

static void mirror_free(struct ditto_mirror *mirror)
{
	struct ditto_mirror_list *list = mirror_list(mirror->point);
	struct ditto_lock_point *point = mirror->point;
	struct ditto_lock_table *table = point->table;

	spin_lock(&list->lock);
	hlist_del_init(&mirror->on_table);
	spin_unlock(&list->lock);
	/* First, because local processes that meet a cover do not sleep from here on. */
	ditto_cover_exit(mirror);
	ditto_mirror_lease_exit(mirror);
	file_unkeep(point, mirror->file);
	if (mirror->writer)
		file_unkeep(point, mirror->writer);
	kfree(mirror);
	point->ops->put(point);
	if (atomic_dec_and_test(&table->mirrors))
		wake_up_var(&table->mirrors);
}

/* Take a reference; NULL is allowed. Any context. */
struct ditto_mirror *ditto_mirror_hold(struct ditto_mirror *mirror)
{
	if (mirror)
		refcount_inc(&mirror->ref);
	return mirror;
}

/* Drop a reference; NULL is allowed. May sleep. */
void ditto_mirror_put(struct ditto_mirror *mirror)
{
	if (mirror && refcount_dec_and_test(&mirror->ref))
		mirror_free(mirror);
}

/* Give the node a mirror if it has none, and pin the lock context; NULL if there is none. */
static struct ditto_mirror *mirror_pin(struct ditto_lock_ctx *ctx, struct ditto_mirror **fresh)
{
	struct ditto_mirror *mirror;

	if (*fresh && !ctx->mirror) {
		(*fresh)->ctx = ctx;
		WRITE_ONCE(ctx->mirror, *fresh);
		*fresh = NULL;
	}
	mirror = ctx->mirror;
	if (mirror)
		ditto_lock_ctx_pin(ctx);
	ditto_lock_ctx_unlock_same(ctx);
	return mirror;
}

/*
 * Add a file that is open for writing if the first file is not. The first one stays, because
 * locks may refer to it.
 */
static void mirror_strengthen(struct ditto_mirror *mirror, struct file *filp)
{
	if (mirror->file->f_mode & FMODE_WRITE || !(filp->f_mode & FMODE_WRITE) ||
	    READ_ONCE(mirror->writer))
		return;
	filp = file_keep(mirror->point, filp);
	if (cmpxchg(&mirror->writer, NULL, filp))
		file_unkeep(mirror->point, filp);
}

/* The file for VFS calls on a lock of this type; valid as long as the mirror is held. */
struct file *ditto_mirror_file(struct ditto_mirror *mirror, int type)
{
	struct file *writer = READ_ONCE(mirror->writer);

	return type == F_WRLCK && writer ? writer : mirror->file;
}

/*
 * Find or create the mirror of a node, and pin the lock context. @point: of the node, held by the
 * caller; @filp: an open file of the node, to create the mirror if there is none; or NULL. Return:
 * the mirror, to be passed to ditto_mirror_end(); NULL if there is none and @filp is NULL;
 * ERR_PTR(-ENOMEM).
 */
struct ditto_mirror *ditto_mirror_begin(struct ditto_lock_point *point, struct file *filp)
{
	struct ditto_mirror *mirror = NULL, *fresh = NULL;
	struct ditto_lock_ctx *ctx;

	ctx = ditto_lock_ctx_find_mirrored(point);
	if (ctx)
		mirror = mirror_pin(ctx, &fresh);
	if (!filp)
		return mirror;
	if (!mirror) {
		fresh = mirror_alloc(point, filp);
		if (!fresh)
			return ERR_PTR(-ENOMEM);
		fresh = mirror_enter(fresh);
		ctx = ditto_lock_ctx_make(point);
		if (ctx)
			mirror = mirror_pin(ctx, &fresh);
		ditto_mirror_put(fresh);
		if (!mirror)
			return ERR_PTR(-ENOMEM);
	}
	mirror_strengthen(mirror, filp);
	return mirror;
}

/* Unpin the lock context. NULL is allowed. May sleep. */
void ditto_mirror_end(struct ditto_mirror *mirror)
{
	if (!mirror)
		return;
	ditto_lock_ctx_lock_pinned(mirror->ctx);
	ditto_lock_ctx_unpin(mirror->ctx);
	ditto_lock_ctx_unlock_same(mirror->ctx);
}
