// SPDX-License-Identifier: GPL-2.0-only
/*
 * READDIR of the pseudo root and of named attribute directories, which are not directories
 * of a file system.
 *
 * The entries are collected and sorted by a number derived from the name, which serves as
 * the cookie. So a cookie stays valid while entries are added and removed.
 */
#include <linux/mm.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "../../../../net/server.h"
#include "../../../node/node.h"
#include "../../../open/stream.h"
#include "../../../share/share.h"
#include "../../rpc/worker.h"
#include "../engine/cookie.h"
#include "readdir.h"

/* The pseudo root, and the directories on the paths of shares */

struct entries {
	u64 behind;
	unsigned int count;
	struct dnfs4_pseudo_entry entry[DITTO_SHARES_MAX];
};

static int take_entry(void *arg, const struct dnfs4_pseudo_entry *entry)
{
	struct entries *entries = arg;

	if (entry->id <= entries->behind)
		return 0;
	percpu_ref_get(&entry->share->ref);
	entries->entry[entries->count++] = *entry;
	return entries->count == DITTO_SHARES_MAX;
}

/* A share goes before a directory of the same name. */
static int compare_entries(const void *a, const void *b)
{
	const struct dnfs4_pseudo_entry *x = a, *y = b;

	if (x->id == y->id)
		return x->leads - y->leads;
	return x->id < y->id ? -1 : 1;
}

/* Return: false if the listing ends before the share. A share that refuses the client is hidden. */
static bool add_share(struct dnfs4_listing *list, const struct dnfs4_pseudo_entry *entry)
{
	struct dnfs4_fh fh = { .kind = DNFS4_FH_NODE };
	struct dnfs4_compound *cmp = list->cmp;
	u64 id = entry->id;
	u32 status;
	int err;

	cmp->call->browsing = true;
	err = dnfs_worker_enter(cmp->call, entry->share) ?:
	      dnfs_admit(cmp->call, entry->share, false, &fh.target.op);
	cmp->call->browsing = false;
	/* RFC 8881 section 2.6.3.1: the share exists, but requires another flavour. */
	if (cmp->call->too_weak) {
		cmp->call->too_weak = false;
		return dnfs4_listing_add(list, &entry->name, id, id, NFS4ERR_WRONGSEC);
	}
	if (err) {
		status = dnfs4_status(cmp, err);
		return status == NFS4ERR_ACCESS ||
		       dnfs4_listing_add(list, &entry->name, id, id, status);
	}
	if (cmp->current_fh.path_id)
		fh.path_id = id;
	fh.target.node = ditto_node_get_root(entry->share);
	err = PTR_ERR_OR_ZERO(fh.target.node);
	if (err)
		goto put_cred;
	err = dnfs4_attr_read(cmp, &fh, NULL, &list->plan, &list->src);
	ditto_node_put(fh.target.node);
put_cred:
	ditto_cred_put(fh.target.op.cred);
	return dnfs4_listing_add(list, &entry->name, id, id, dnfs4_status(cmp, err));
}

static bool add_directory(struct dnfs4_listing *list, const struct dnfs4_pseudo_entry *entry)
{
	const struct dnfs4_fh fh = { .kind = DNFS4_FH_PSEUDO, .path_id = entry->id };
	int err = dnfs4_attr_read(list->cmp, &fh, NULL, &list->plan, &list->src);

	return dnfs4_listing_add(list, &entry->name, entry->id, entry->id,
				 dnfs4_status(list->cmp, err));
}

/* List the pseudo root. Return: 0 or -ENOMEM. */
int dnfs4_list_pseudo(struct dnfs4_listing *list)
{
	struct entries *entries = kvmalloc(sizeof(*entries), GFP_KERNEL);
	u64 last = list->cookie;
	bool more = true;

	if (!entries)
		return -ENOMEM;
	entries->behind = list->cookie;
	entries->count = 0;
	dnfs4_pseudo_list(list->cmp, take_entry, entries);
	sort(entries->entry, entries->count, sizeof(entries->entry[0]), compare_entries, NULL);
	for (unsigned int i = 0; i < entries->count; i++) {
		const struct dnfs4_pseudo_entry *entry = &entries->entry[i];

		/* A directory is found once for each share below it. */
		if (more && entry->id != last)
			more = entry->leads ? add_directory(list, entry) : add_share(list, entry);
		last = entry->id;
		ditto_share_put(entry->share);
	}
	kvfree(entries);
	list->eof = more;
	return 0;
}

/* Named attributes */

struct stream {
	u64 cookie;
	u32 len;
	char *name;
};

struct streams {
	u64 behind;
	siphash_key_t key;
	unsigned int count;
	struct stream stream[DITTO_STREAMS_MAX];
};

static int take_stream(void *arg, const struct ditto_name *name, u64 size, u64 allocated)
{
	struct streams *streams = arg;
	struct stream *stream = &streams->stream[streams->count];

	/* Positive and not reserved. */
	stream->cookie = max(siphash(name->name, name->len, &streams->key) >> 1,
			     DNFS4_COOKIE_LAST_RESERVED + 1ULL);
	if (stream->cookie <= streams->behind)
		return 0;
	stream->len = name->len;
	stream->name = kmemdup(name->name, name->len, GFP_KERNEL);
	if (!stream->name)
		return -ENOMEM;
	return ++streams->count == DITTO_STREAMS_MAX;
}

static int compare_streams(const void *a, const void *b)
{
	u64 x = ((const struct stream *)a)->cookie;
	u64 y = ((const struct stream *)b)->cookie;

	return x < y ? -1 : x > y;
}

/* Return: false if the listing ends before the entry. An entry that was removed is left out. */
static bool add_stream(struct dnfs4_listing *list, const struct stream *stream)
{
	const struct ditto_name name = { .name = stream->name, .len = stream->len };
	struct dnfs4_compound *cmp = list->cmp;
	struct dnfs4_fh fh = cmp->current_fh;
	int err;

	fh.kind = DNFS4_FH_NODE;
	fh.named = true;
	fh.target.op.stream_of = dnfs4_node(cmp);
	err = ditto_stream_open(&fh.target.op, dnfs4_node(cmp), &name, false, &fh.target.node,
				NULL);
	if (err == -ENOENT)
		return true;
	if (err)
		goto add;
	err = dnfs4_attr_read(cmp, &fh, NULL, &list->plan, &list->src);
	ditto_node_put(fh.target.node);
add:
	return dnfs4_listing_add(list, &name, stream->cookie, stream->cookie,
				 dnfs4_status(cmp, err));
}

/* List a named attribute directory. Return: 0 or a negative errno. */
int dnfs4_list_attrdir(struct dnfs4_listing *list)
{
	struct dnfs4_compound *cmp = list->cmp;
	struct streams *streams;
	bool more = true;
	int err;

	err = ditto_permission(dnfs4_fs_op(cmp), dnfs4_node(cmp), DITTO_MAY_READ_XATTRS);
	if (err)
		return err;
	streams = kvmalloc(sizeof(*streams), GFP_KERNEL);
	if (!streams)
		return -ENOMEM;
	streams->behind = list->cookie;
	ditto_key_derive(cmp->call->srv, DITTO_KEY_STREAM_COOKIE, &streams->key);
	streams->count = 0;
	err = min(ditto_stream_list(dnfs4_fs_op(cmp), dnfs4_node(cmp), take_stream, streams), 0);
	sort(streams->stream, streams->count, sizeof(streams->stream[0]), compare_streams, NULL);
	for (unsigned int i = 0; i < streams->count; i++) {
		if (!err && more)
			more = add_stream(list, &streams->stream[i]);
		kfree(streams->stream[i].name);
	}
	kvfree(streams);
	list->eof = more;
	return err;
}
