// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cookies and neighbours of entries in notifications of directory delegations.
 *
 * They come from a listing made when a change is handled, in the order of READDIR and with the
 * credential of the caller that got the delegation. A file system does not say where it puts an
 * entry, so the listing is read until the entry is found; this is given up after a number of
 * entries, and then the place is not known. No entry is looked up for it.
 *
 * The cookie of a removed entry cannot be listed any more. So the cookies that the holder may
 * have are remembered from a listing made when the delegation was granted, and from
 * notifications. There is no cookie for an entry that the holder has added itself since.
 */
#include <linux/fs.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "../../../node/node.h"
#include "../../../share/cred.h"
#include "../engine/cookie.h"
#include "../engine/fh.h"
#include "../engine/server.h"
#include "delegations.h"
#include "dir_notify.h"

#define COOKIES_MIN	16

/* Prepare to remember cookies; there are none yet. */
void dnfs4_dir_cookies_init(struct dnfs4_dir_cookies *cookies)
{
	memset(cookies, 0, sizeof(*cookies));
	get_random_bytes(&cookies->key, sizeof(cookies->key));
}

/* Free what dnfs4_dir_cookies_init() prepared. */
void dnfs4_dir_cookies_free(struct dnfs4_dir_cookies *cookies)
{
	kvfree(cookies->entry);
}

/* Return: the index of the first cookie whose hash is not below @hash. */
static u32 cookies_find(const struct dnfs4_dir_cookies *cookies, u64 hash)
{
	u32 from = 0, to = cookies->count;

	while (from < to) {
		u32 mid = (from + to) / 2;

		if (cookies->entry[mid].name < hash)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

static bool cookies_grow(struct dnfs4_dir_cookies *cookies)
{
	u32 room = max_t(u32, cookies->room * 2, COOKIES_MIN);
	struct dnfs4_dir_cookie *entry;

	if (cookies->count < cookies->room)
		return true;
	if (cookies->count == DNFS4_DIR_COOKIES_MAX)
		return false;
	entry = kvmalloc_array(room, sizeof(*entry), GFP_KERNEL);
	if (!entry)
		return false;
	if (cookies->count)
		memcpy(entry, cookies->entry, cookies->count * sizeof(*entry));
	kvfree(cookies->entry);
	cookies->entry = entry;
	cookies->room = room;
	return true;
}

/*
 * Remember the cookie of an entry. @len: bytes of @name. Without memory, and beyond
 * DNFS4_DIR_COOKIES_MAX, the entry has no known cookie.
 */
void dnfs4_dir_cookies_set(struct dnfs4_dir_cookies *cookies, const char *name, u32 len,
			   u64 cookie)
{
	u64 hash = siphash(name, len, &cookies->key);
	u32 at = cookies_find(cookies, hash);
	struct dnfs4_dir_cookie *entry;

	if (at == cookies->count || cookies->entry[at].name != hash) {
		if (!cookies_grow(cookies))
			return;
		entry = &cookies->entry[at];
		memmove(entry + 1, entry, (cookies->count - at) * sizeof(*entry));
		entry->name = hash;
		cookies->count++;
	}
	cookies->entry[at].cookie = cookie;
}

/*
 * Forget the cookie of an entry that is gone. @len: bytes of @name. Return: the cookie; 0 if it is
 * not known.
 */
u64 dnfs4_dir_cookies_take(struct dnfs4_dir_cookies *cookies, const char *name, u32 len)
{
	u64 hash = siphash(name, len, &cookies->key);
	u32 at = cookies_find(cookies, hash);
	struct dnfs4_dir_cookie *entry = &cookies->entry[at];
	u64 cookie;

	if (at == cookies->count || entry->name != hash)
		return 0;
	cookie = entry->cookie;
	cookies->count--;
	memmove(entry, entry + 1, (cookies->count - at) * sizeof(*entry));
	return cookie;
}

/* Listings */

/**
 * struct place_walk - a listing in progress
 * @cookies: cookies to be remembered
 * @name: name of the entry that is looked for; NULL to remember all entries
 * @len: bytes of @name
 * @place: place of the entry
 * @found: the entry was found
 * @count: entries seen
 */
struct place_walk {
	struct dnfs4_dir_cookies *cookies;
	const char *name;
	u32 len;
	struct dnfs4_dir_place *place;
	bool found;
	u32 count;
};

static bool cookies_emit(void *arg, const struct ditto_dirent *entry)
{
	struct place_walk *walk = arg;

	if (name_is_dot_dotdot(entry->name.name, entry->name.len))
		return true;
	if (walk->count++ == DNFS4_DIR_COOKIES_MAX)
		return false;
	dnfs4_dir_cookies_set(walk->cookies, entry->name.name, entry->name.len,
			      dnfs4_cookie(entry->cookie));
	return true;
}

static bool place_emit(void *arg, const struct ditto_dirent *entry)
{
	struct place_walk *walk = arg;
	struct dnfs4_dir_place *place = walk->place;

	if (name_is_dot_dotdot(entry->name.name, entry->name.len))
		return true;
	/* An entry follows, so the one that was found is not the last. */
	if (walk->found)
		return false;
	if (walk->count++ == DNFS4_DIR_COOKIES_MAX) {
		walk->cookies->too_long = true;
		return false;
	}
	if (entry->name.len == walk->len && !memcmp(entry->name.name, walk->name, walk->len)) {
		walk->found = true;
		place->cookie = dnfs4_cookie(entry->cookie);
		return true;
	}
	place->prev_cookie = dnfs4_cookie(entry->cookie);
	place->prev_len = entry->name.len;
	memcpy(place->prev, entry->name.name, entry->name.len);
	return true;
}

/* Return: 0 or an errno. */
static int walk_list(struct place_walk *walk, const struct dnfs4_dir_reader *reader,
		     const struct dnfs4_delegation *d,
		     bool (*emit)(void *arg, const struct ditto_dirent *entry), bool *eof)
{
	struct dnfs4_fh fh;
	int err;

	err = dnfs4_fh_find(d->state.client->server->srv, d->fh, d->fh_len, &fh);
	if (err)
		return err;
	fh.target.op.cred = reader->cred;
	refcount_inc(&reader->cred->ref);
	err = ditto_readdir_cookies(&fh.target.op, fh.target.node, emit, walk, eof);
	dnfs4_fh_put(&fh);
	return err;
}

/* Remember the cookies that a listing of the directory has. */
void dnfs4_dir_cookies_list(struct dnfs4_dir_cookies *cookies,
			    const struct dnfs4_dir_reader *reader,
			    const struct dnfs4_delegation *d)
{
	struct place_walk walk = { .cookies = cookies };
	bool eof;

	/* After an error there are only fewer cookies. */
	walk_list(&walk, reader, d, cookies_emit, &eof);
}

/*
 * Find the place of a new entry, and remember the cookies. @len: bytes of @name. The listing is
 * that which READDIR gives the holder.
 */
void dnfs4_dir_cookies_place(struct dnfs4_dir_cookies *cookies,
			     const struct dnfs4_dir_reader *reader,
			     const struct dnfs4_delegation *d, const char *name, u32 len,
			     struct dnfs4_dir_place *place)
{
	struct place_walk walk = { .cookies = cookies, .name = name, .len = len, .place = place };
	bool eof = false;
	int err = 0;

	place->cookie = 0;
	place->prev_len = 0;
	place->last = false;
	if (!cookies->too_long)
		err = walk_list(&walk, reader, d, place_emit, &eof);
	if (err || !walk.found) {
		place->cookie = 0;
		place->prev_len = 0;
		return;
	}
	place->last = eof;
	dnfs4_dir_cookies_set(cookies, name, len, place->cookie);
	if (place->prev_len)
		dnfs4_dir_cookies_set(cookies, place->prev, place->prev_len, place->prev_cookie);
}
