/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes of a directory as CB_NOTIFY reports them: their encoding, and the cookies and
 * neighbours of entries (RFC 8881 section 20.4).
 */
#ifndef _DITTO_FS_NFS_V4_DELEG_DIR_NOTIFY_H
#define _DITTO_FS_NFS_V4_DELEG_DIR_NOTIFY_H

#include <linux/limits.h>
#include <linux/list.h>
#include <linux/siphash.h>
#include <linux/types.h>

#include "../attr/dir_attrs.h"

struct dnfs4_delegation;
struct xdr_stream;

/* Entries whose cookies are remembered, and entries read to find a new one. */
#define DNFS4_DIR_COOKIES_MAX	1024

/**
 * struct dnfs4_dir_place - place of an entry in the listing of its directory
 * @cookie: cookie of the entry; 0 if the place is not known
 * @prev_cookie: cookie of the entry before it
 * @prev_len: bytes of @prev; 0 if it is the first entry
 * @last: no entry follows
 * @prev: name of the entry before it, not terminated
 */
struct dnfs4_dir_place {
	u64 cookie;
	u64 prev_cookie;
	u32 prev_len;
	bool last;
	char prev[NAME_MAX];
};

/**
 * struct dnfs4_dir_change - a change to be sent
 * @link: link in the list of pending changes
 * @type: NOTIFY4_*
 * @len: bytes of the name; 0 for a change of the directory itself
 * @old_len: bytes of the name before a rename
 * @prev_len: bytes of the name of the entry before it; 0 if there is none, or @cookie is 0
 * @cookie: cookie of an added or renamed entry; 0 if its place is not known
 * @prev_cookie: cookie of the entry before it
 * @old_cookie: cookie of a removed entry, or of a renamed one before; 0 if it is not known
 * @replaced_cookie: the same of the entry that was replaced
 * @replaced: an entry of this name was replaced
 * @last: no entry follows
 * @attrs: fattr4 of the entry or the directory; data is NULL if there is none
 * @names: the name, the name before a rename, the name of the entry before it
 */
struct dnfs4_dir_change {
	struct list_head link;
	u32 type;
	u32 len;
	u32 old_len;
	u32 prev_len;
	u64 cookie;
	u64 prev_cookie;
	u64 old_cookie;
	u64 replaced_cookie;
	bool replaced;
	bool last;
	struct dnfs4_dir_attrs attrs;
	char names[];
};

/* dir_notify_xdr.c */

/* dir_notify_xdr.c */
u32 dnfs4_dir_change_bytes(const struct dnfs4_dir_change *change);
bool dnfs4_dir_change_encode(struct xdr_stream *xdr, const struct dnfs4_dir_change *change);

/* dir_cookies.c */

/**
 * struct dnfs4_dir_cookie - the cookie of an entry
 * @name: hash of the entry's name
 * @cookie: the cookie
 */
struct dnfs4_dir_cookie {
	u64 name;
	u64 cookie;
};

/**
 * struct dnfs4_dir_cookies - cookies that the holder of a directory delegation knows
 * @key: key of the hashes
 * @entry: the cookies, sorted by hash
 * @count: length of @entry
 * @room: allocated length of @entry
 * @too_long: a new entry was not among the first DNFS4_DIR_COOKIES_MAX; no other is looked for
 *
 * The lock that the owner uses guards it.
 */
struct dnfs4_dir_cookies {
	siphash_key_t key;
	struct dnfs4_dir_cookie *entry;
	u32 count;
	u32 room;
	bool too_long;
};

/* dir_cookies.c */
void dnfs4_dir_cookies_init(struct dnfs4_dir_cookies *cookies);
void dnfs4_dir_cookies_free(struct dnfs4_dir_cookies *cookies);
void dnfs4_dir_cookies_set(struct dnfs4_dir_cookies *cookies, const char *name, u32 len,
			   u64 cookie);
u64 dnfs4_dir_cookies_take(struct dnfs4_dir_cookies *cookies, const char *name, u32 len);
void dnfs4_dir_cookies_list(struct dnfs4_dir_cookies *cookies,
			    const struct dnfs4_dir_reader *reader,
			    const struct dnfs4_delegation *d);
void dnfs4_dir_cookies_place(struct dnfs4_dir_cookies *cookies,
			     const struct dnfs4_dir_reader *reader,
			     const struct dnfs4_delegation *d, const char *name, u32 len,
			     struct dnfs4_dir_place *place);

#endif
