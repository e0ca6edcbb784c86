// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes in notifications to holders of directory delegations (RFC 8881 section 20.4).
 *
 * They are read when a change is notified, with the credential of the caller that asked
 * for the delegation. Only attributes that come from the inode are given: no owner names,
 * because the helper would have to be asked, and none about the file system.
 */
#include <linux/slab.h>

#include "../../../node/node.h"
#include "../../../share/cred.h"
#include "../../../share/link.h"
#include "../../../share/share.h"
#include "../deleg/delegations.h"
#include "../deleg/dir_delegation.h"
#include "../engine/fh.h"
#include "../engine/server.h"
#include "dir_attrs.h"

#define TOLD_NEEDS	(DNFS4_NEED_STAT | DNFS4_NEED_INO | DNFS4_NEED_HANDLE | DNFS4_NEED_FRESH)
/* Notifications that carry attributes of entries. */
#define CHILD_TYPES	(BIT(NOTIFY4_CHANGE_CHILD_ATTRS) | BIT(NOTIFY4_ADD_ENTRY) | \
			 BIT(NOTIFY4_RENAME_ENTRY))

/**
 * struct reading - memory for reading attributes
 * @cmp: stands for the compound; only members that reading needs are set
 * @src: what was read
 */
struct reading {
	struct dnfs4_compound cmp;
	struct dnfs4_attr_src src;
};

static void plan_make(struct dnfs4_compound *cmp, bool wanted, struct dnfs4_bitmap *map,
		      struct dnfs4_attr_plan *plan)
{
	if (!wanted)
		memset(map, 0, sizeof(*map));
	/* Only what a notification can tell. */
	for (unsigned int attr = 0; attr <= DNFS4_ATTR_MAX; attr++) {
		const struct dnfs4_attr_row *row = &dnfs4_attr_rows[attr];

		if (!(row->flags & DNFS4_ATTR_READ) || !row->need || row->need & ~TOLD_NEEDS)
			dnfs4_bitmap_clear(map, attr);
	}
	if (dnfs4_attr_plan(cmp, &cmp->current_fh, map, plan))
		memset(plan, 0, sizeof(*plan));
	/*
	 * The server's own attributes are given. The holder of a write delegation reports later
	 * changes when it returns the delegation.
	 */
	plan->need &= ~DNFS4_NEED_FRESH;
	*map = plan->map;
}

/* Plan the attributes of notifications. */
void dnfs4_dir_reader_init(struct dnfs4_compound *cmp, struct dnfs4_dir_reader *reader,
			   struct dnfs4_dir_ask *ask)
{
	reader->minor = cmp->minor;
	reader->cred = dnfs4_fs_op(cmp)->cred;
	refcount_inc(&reader->cred->ref);
	plan_make(cmp, ask->types & CHILD_TYPES, &ask->child, &reader->child);
	plan_make(cmp, ask->types & BIT(NOTIFY4_CHANGE_DIR_ATTRS), &ask->dir, &reader->dir);
}

/* Drop the credential of a reader. */
void dnfs4_dir_reader_free(struct dnfs4_dir_reader *reader)
{
	ditto_cred_put(reader->cred);
}

/*
 * Read current attributes for a notification. @name: name of the entry; NULL for the directory
 * itself; @len: bytes of @name.
 */
void dnfs4_dir_read(const struct dnfs4_dir_reader *reader, const struct dnfs4_delegation *d,
		    const char *name, u32 len, struct dnfs4_dir_attrs *attrs)
{
	const struct dnfs4_attr_plan *plan = name ? &reader->child : &reader->dir;
	const struct ditto_name entry = { .name = name, .len = len };
	struct dnfs4_server *server = d->state.client->server;
	struct ditto_share *nested;
	struct ditto_node *child;
	struct reading *r;
	struct dnfs4_fh fh;
	u32 bytes;

	if (!plan->need)
		return;
	r = kzalloc(sizeof(*r), GFP_KERNEL);
	if (!r)
		return;
	r->cmp.server = server;
	r->cmp.minor = reader->minor;
	if (dnfs4_fh_find(server->srv, d->fh, d->fh_len, &fh))
		goto free;
	fh.target.op.cred = reader->cred;
	refcount_inc(&reader->cred->ref);
	if (name) {
		/* An entry that is gone, or that the credential may not look up, has none. */
		if (ditto_lookup_follow(&fh.target.op, fh.target.node, &entry, &nested, &child))
			goto put;
		ditto_node_put(fh.target.node);
		fh.target.node = child;
		if (nested) {
			ditto_share_put(fh.target.op.share);
			fh.target.op.share = nested;
		}
	}
	/* Listings have few attributes of a link, and the directory's own are not for clients. */
	if (ditto_share_is_link(fh.target.op.share, fh.target.node->inode))
		goto put;
	if (dnfs4_attr_read(&r->cmp, &fh, NULL, plan, &r->src))
		goto put;
	bytes = dnfs4_attr_bytes(&r->src);
	attrs->data = kmalloc(bytes, GFP_KERNEL);
	if (!attrs->data)
		goto put;
	attrs->len = bytes;
	dnfs4_attr_put((__be32 *)attrs->data, &r->src, bytes);
put:
	dnfs4_fh_put(&fh);
free:
	kfree(r);
}
