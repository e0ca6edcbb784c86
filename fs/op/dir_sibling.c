// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dentries of the entries of a listing.
 *
 * The dentry of an entry is first looked for beside the previous entry's. The dentries of a
 * directory are linked in the order in which they were added, which is the order of listings or
 * its reverse on file systems that list the dcache (tmpfs), and where an earlier listing has looked
 * them up. Dentries of the entries that follow are taken in the same go, and are let go together.
 *
 * Locking: d_lock of the directory's dentry guards the links, names and parents of its children;
 * theirs nest inside.
 */
#include <linux/dcache.h>
#include <linux/namei.h>

#include "bytes.h"
#include "dir_private.h"
#include "name_private.h"

/* Misses in a row after which a listing does not look beside the previous dentry any more. */
#define SIBLING_MISSES	8

/* The dentry that is linked before or behind another one of the same directory, which is locked. */
static struct dentry *dentry_sibling(const struct dentry *dir, struct dentry *dentry, bool before)
{
	struct hlist_node **prev = dentry->d_sib.pprev;

	if (!before)
		return d_next_sibling(dentry);
	if (prev == &dir->d_children.first)
		return NULL;
	return container_of(prev, struct dentry, d_sib.next);
}

/* Has a dentry of the locked directory this name? */
static __always_inline bool dentry_is_named(const struct dentry *dentry,
					    const struct ditto_raw_entry *raw)
{
	return dentry->d_name.len == raw->len &&
	       ditto_bytes_same(dentry->d_name.name, raw->name, raw->len);
}

/* Get a dentry of the locked directory if it is positive, and its sequence number. */
static bool dentry_get_positive(struct dentry *dentry, unsigned int *seq)
{
	bool got;

	spin_lock_nested(&dentry->d_lock, DENTRY_D_LOCK_NESTED);
	/* One that is being freed is not hashed any more. */
	got = simple_positive(dentry) && !(dentry->d_flags & DCACHE_OP_REVALIDATE);
	if (got)
		dget_dlock(dentry);
	*seq = raw_read_seqcount(&dentry->d_seq);
	spin_unlock(&dentry->d_lock);
	return got;
}

/*
 * The same as dput(), for which only the last reference is of interest. Few entries of a listing
 * are not referenced by their file system or by others.
 */
static void dentry_put(struct dentry *dentry)
{
	if (!lockref_put_not_zero(&dentry->d_lockref))
		dput(dentry);
}

/*
 * Get the dentries of entries that are linked in a row beside this one, in the locked directory.
 * Return: their number.
 */
static u32 listing_get_row(struct ditto_listing *l, struct dentry *beside,
			   const struct ditto_raw_entry *raw, u32 most)
{
	const void *end = l->end;
	const bool before = l->backwards;
	u32 n = 0;

	while (n < most && (const void *)raw < end) {
		beside = dentry_sibling(l->dir, beside, before);
		if (!beside || !dentry_is_named(beside, raw) ||
		    !dentry_get_positive(beside, &l->ahead_seq[n]))
			break;
		l->ahead[n++] = beside;
		raw = ditto_raw_next(raw);
	}
	return n;
}

/*
 * Find the dentry of an entry beside the previous entry's, and dentries of the entries behind it.
 *
 * A file system whose dentries are in another order than its entries, or are looked up anew each
 * time, gains nothing, so a listing gives up after some misses in a row. Nor does it wait for
 * others who use the directory. Dentries of the entries behind it are left if it is not known which
 * of these are emitted. Return: the number of dentries.
 */
static u32 listing_look_ahead(struct ditto_listing *l, struct dentry *prev,
			      const struct ditto_raw_entry *raw)
{
	u32 most = l->dentries && !l->pick ? DITTO_BESIDE_TOGETHER : 1, n = 0;

	if (l->misses == SIBLING_MISSES || !spin_trylock(&l->dir->d_lock))
		return 0;
	/* Unless the previous one was moved to another directory. */
	if (READ_ONCE(prev->d_parent) == l->dir) {
		n = listing_get_row(l, prev, raw, most);
		if (!n) {
			l->backwards = !l->backwards;
			n = listing_get_row(l, prev, raw, most);
		}
	}
	spin_unlock(&l->dir->d_lock);
	l->misses = n ? 0 : l->misses + 1;
	return n;
}

/* Look up an entry that is neither "." nor "..". Return: its dentry; or NULL. */
static struct dentry *lookup_below(struct ditto_listing *l, const struct ditto_raw_entry *raw)
{
	const struct ditto_name found = { .name = raw->name, .len = raw->len };
	struct qstr name = QSTR_INIT(raw->name, raw->len);
	struct dentry *child;

	/* Search permission was checked once for all entries. */
	child = try_lookup_noperm(&name, l->dir);
	if (!IS_ERR_OR_NULL(child)) {
		if (!(child->d_flags & DCACHE_OP_REVALIDATE) && d_is_positive(child))
			return child;
		dput(child);
	}
	child = ditto_lookup_dentry(l->op, l->node, l->dir, &found);
	/* The entry was removed since, or is damaged: only its name is known. */
	return IS_ERR(child) ? NULL : child;
}

/* Find the dentry of an entry, and maybe of the entries behind it. */
void ditto_listing_refill(struct ditto_listing *l, const struct ditto_raw_entry *raw)
{
	struct dentry *prev = NULL;
	u32 at, n = 0;

	for (at = 0; at < l->ahead_end; at++) {
		if (prev)
			dentry_put(prev);
		prev = l->ahead[at];
	}
	if (prev) {
		n = listing_look_ahead(l, prev, raw);
		dentry_put(prev);
	}
	if (!n) {
		l->ahead[n] = lookup_below(l, raw);
		if (l->ahead[n])
			l->ahead_seq[n] = raw_read_seqcount(&l->ahead[n]->d_seq);
		n++;
	}
	l->ahead_at = 0;
	l->ahead_end = n;
}

/*
 * Look up an entry whose dentry was removed, replaced or moved. Return: the dentry, which is the
 * listing's; or NULL.
 */
struct dentry *ditto_listing_replace(struct ditto_listing *l, u32 at,
				     const struct ditto_raw_entry *raw)
{
	dput(l->ahead[at]);
	l->ahead[at] = lookup_below(l, raw);
	return l->ahead[at];
}

