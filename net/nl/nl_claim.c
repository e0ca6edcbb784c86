// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink operations on claims of the lock table: list what clients hold or wait for on which
 * file, and release it.
 */
#include <linux/build_bug.h>
#include <linux/ctype.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/namei.h>
#include <linux/siphash.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "../../fs/node/node_private.h"
#include "../../fs/share/nested.h"
#include "../../fs/share/share.h"
#include "../../lockd/range.h"
#include "../../lockd/show.h"
#include "../../lockd/table.h"
#include "../server.h"
#include "family.h"
#include "locks.h"

static_assert(DITTO_CLAIM_RANGE == (int)DITTO_CLAIM_TYPE_RANGE);
static_assert(DITTO_CLAIM_OPEN == (int)DITTO_CLAIM_TYPE_OPEN);
static_assert(DITTO_CLAIM_LEASE == (int)DITTO_CLAIM_TYPE_LEASE);
static_assert(DITTO_POSIX == (int)DITTO_RANGE_DISCIPLINE_POSIX);
static_assert(DITTO_EXACT == (int)DITTO_RANGE_DISCIPLINE_EXACT);
static_assert(DITTO_OPEN_READ == DITTO_OPEN_RIGHT_READ);
static_assert(DITTO_OPEN_WRITE == DITTO_OPEN_RIGHT_WRITE);
static_assert(DITTO_OPEN_DELETE == DITTO_OPEN_RIGHT_DELETE);
static_assert(DITTO_LEASE_READ == DITTO_LEASE_RIGHT_READ);
static_assert(DITTO_LEASE_HANDLE == DITTO_LEASE_RIGHT_HANDLE);
static_assert(DITTO_LEASE_WRITE == DITTO_LEASE_RIGHT_WRITE);

/* Bytes of an owner's key in a message, and buffer size of its text. */
#define KEY_TOLD	128
#define KEY_TEXT	64

/* Message size for a claim on the file with the longest path. */
#define CLAIM_MESSAGE	SZ_8K

/**
 * struct claim_dump - state of a dump of claims
 * @table: the lock table
 * @msg: message being filled
 * @cb: callback of the dump
 * @cursor: position in the lock table
 * @local: number of locks of local processes that were passed
 * @client: show only claims of this client; empty for all
 * @file: show only claims on this file; no dentry for all
 * @done: all claims of the lock table on @file were shown
 * @named: lock point that @share and @name belong to; no reference, only compared
 * @share: name of the share, or empty
 * @name: path within @buffer, or NULL
 * @buffer: PATH_MAX bytes
 */
struct claim_dump {
	struct ditto_lock_table *table;
	struct sk_buff *msg;
	struct netlink_callback *cb;
	struct ditto_show_cursor cursor;
	u32 local;
	char client[DITTO_CLIENT_NAME_MAX];
	struct path file;
	bool done;
	const struct ditto_lock_point *named;
	char share[DITTO_SHARE_NAME_MAX + 1];
	const char *name;
	char *buffer;
};

/* The callback's context is too small for a path, so it holds a pointer. */
static struct claim_dump **claim_dump_of(struct netlink_callback *cb)
{
	return (struct claim_dump **)cb->ctx;
}

/**
 * struct naming - search for the path of a file
 * @node: the file
 * @dentry: an alias of the file
 * @share: filled with the name of the share
 * @buffer: PATH_MAX bytes
 * @name: filled: the path within @buffer, or NULL
 */
struct naming {
	struct ditto_node *node;
	struct dentry *dentry;
	char *share;
	char *buffer;
	const char *name;
};

/* If the file is in this share, build the path from the share's mount. */
static int name_in_share(struct ditto_share *share, void *arg)
{
	struct path path = { .mnt = share->root.mnt };
	struct naming *n = arg;
	char *name;

	if (share->volume != n->node->volume || !is_subdir(n->dentry, share->root.dentry))
		return 0;
	strscpy(n->share, share->name, DITTO_SHARE_NAME_MAX + 1);
	path.dentry = n->dentry;
	name = d_path(&path, n->buffer, PATH_MAX);
	n->name = IS_ERR(name) ? NULL : name;
	return 1;
}

/*
 * Find the name of a file for people. @point: of its node, held; @share: filled with the name of
 * the share, or emptied; DITTO_SHARE_NAME_MAX + 1 bytes. Context: no lock held. Return: the path
 * within @buffer, or NULL.
 */
const char *ditto_locks_point_name(struct ditto_lock_point *point, char *share, char *buffer)
{
	struct naming n = { .share = share, .buffer = buffer };

	share[0] = '\0';
	n.node = container_of(point, struct ditto_node, point);
	n.dentry = ditto_node_dentry(n.node);
	/* d_path() would show an unlinked file with its former name. */
	if (!d_unlinked(n.dentry))
		if (!ditto_share_for_each(n.node->volume->srv, NULL, name_in_share, &n))
			ditto_nested_for_each(n.node->volume->srv, name_in_share, &n);
	dput(n.dentry);
	return n.name;
}

/* Find the share and the path of a claim's file. Successive claims are mostly on the same file. */
static void claim_name(struct claim_dump *dump, struct ditto_lock_point *point)
{
	if (dump->named == point)
		return;
	dump->named = point;
	dump->name = ditto_locks_point_name(point, dump->share, dump->buffer);
}

static bool is_text(const u8 *key, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isascii(key[i]) || !isprint(key[i]))
			return false;
	return len && len < KEY_TEXT;
}

/*
 * Add the owner of a claim. A binary owner gets a hash as its text, so that people can tell owners
 * apart.
 */
static int owner_put(struct claim_dump *dump, const struct ditto_conflict *what)
{
	char text[KEY_TEXT];

	if (!what->key_len)
		return 0;
	if (is_text(what->key, what->key_len))
		scnprintf(text, sizeof(text), "%.*s", what->key_len, what->key);
	else
		scnprintf(text, sizeof(text), "#%016llx",
			  siphash(what->key, what->key_len, &dump->table->owner_key));
	if (nla_put(dump->msg, DITTO_A_CLAIM_OWNER, min_t(size_t, what->key_len, KEY_TOLD),
		    what->key) ||
	    nla_put_string(dump->msg, DITTO_A_CLAIM_OWNER_NAME, text))
		return -EMSGSIZE;
	return 0;
}

static int what_put(struct sk_buff *msg, const struct ditto_claim_info *info)
{
	const struct ditto_conflict *what = &info->what;
	bool exact;

	switch (info->kind) {
	case DITTO_CLAIM_RANGE:
		exact = what->held == DITTO_HELD_EXACT_SHARED ||
			what->held == DITTO_HELD_EXACT_EXCLUSIVE;
		if (ditto_nl_put_u64(msg, DITTO_A_CLAIM_FIRST, what->first) ||
		    (!what->empty && ditto_nl_put_u64(msg, DITTO_A_CLAIM_LAST, what->last)) ||
		    nla_put_u8(msg, DITTO_A_CLAIM_EXCLUSIVE, what->exclusive) ||
		    nla_put_u32(msg, DITTO_A_CLAIM_DISCIPLINE, exact ? DITTO_EXACT : DITTO_POSIX))
			return -EMSGSIZE;
		return 0;
	case DITTO_CLAIM_OPEN:
		if (nla_put_u32(msg, DITTO_A_CLAIM_ACCESS, what->access) ||
		    nla_put_u32(msg, DITTO_A_CLAIM_DENY, what->deny))
			return -EMSGSIZE;
		return 0;
	default:
		if (nla_put_u32(msg, DITTO_A_CLAIM_LEASE, what->lease) ||
		    (info->state == DITTO_SHOW_BREAKING &&
		     (nla_put_u32(msg, DITTO_A_CLAIM_KEEP, info->keep) ||
		      ditto_nl_put_u64(msg, DITTO_A_CLAIM_BREAK_LEFT_MS, info->left_ms))))
			return -EMSGSIZE;
		return 0;
	}
}

static u32 state_told(enum ditto_show_state state)
{
	switch (state) {
	case DITTO_SHOW_BREAKING:
		return DITTO_CLAIM_STATE_BREAKING;
	case DITTO_SHOW_WAITING:
		return DITTO_CLAIM_STATE_WAITING;
	default:
		/* A claim that is being set in the VFS excludes others already. */
		return DITTO_CLAIM_STATE_HELD;
	}
}

static int claim_tell(struct claim_dump *dump, const struct ditto_claim_info *info)
{
	struct sk_buff *msg = dump->msg;
	void *hdr = ditto_nl_dump_put(msg, dump->cb);

	if (!hdr)
		return -EMSGSIZE;
	if ((info->id && ditto_nl_put_u64(msg, DITTO_A_CLAIM_ID, info->id)) ||
	    nla_put_u32(msg, DITTO_A_CLAIM_TYPE, info->kind) ||
	    nla_put_u32(msg, DITTO_A_CLAIM_STATE, state_told(info->state)) ||
	    nla_put_string(msg, DITTO_A_CLAIM_PROTOCOL, info->what.protocol) ||
	    nla_put_string(msg, DITTO_A_CLAIM_CLIENT, info->what.client) ||
	    owner_put(dump, &info->what) ||
	    (dump->share[0] && nla_put_string(msg, DITTO_A_CLAIM_SHARE, dump->share)) ||
	    (dump->name && nla_put_string(msg, DITTO_A_CLAIM_PATH, dump->name)) ||
	    what_put(msg, info) ||
	    ditto_locks_who_put(msg, &info->what.who, DITTO_A_CLAIM_USER,
				DITTO_A_CLAIM_ADDRESS) ||
	    (info->since && ditto_nl_put_u64(msg, DITTO_A_CLAIM_SINCE, info->since))) {
		genlmsg_cancel(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return 0;
}

static int claim_dump_one(const struct ditto_claim_info *info, void *arg)
{
	struct claim_dump *dump = arg;

	if (dump->client[0] && strcmp(dump->client, info->what.client))
		return 0;
	claim_name(dump, info->point);
	return claim_tell(dump, info);
}

static int local_dump_one(const struct ditto_claim_info *info, void *arg)
{
	return claim_tell(arg, info);
}

int ditto_nl_claim_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct ditto_server *srv = ditto_server_of(sock_net(skb->sk));
	struct claim_dump *dump = *claim_dump_of(cb);
	struct inode *inode;
	struct ditto_node *node;
	char *name;
	int err = 0;

	dump->msg = skb;
	/* Between two calls the node may have been freed and its memory reused. */
	dump->named = NULL;
	if (!dump->file.dentry)
		return ditto_show_clients(dump->table, NULL, dump->client[0] ? dump->client : NULL,
					  &dump->cursor, claim_dump_one, dump);

	inode = d_backing_inode(dump->file.dentry);
	/* A file without claims has no node or an idle one. */
	node = dump->done ? NULL : ditto_node_find_inode(srv->nodes, inode);
	if (node) {
		err = ditto_show_point(&node->point, &dump->cursor, claim_dump_one, dump);
		ditto_node_put(node);
	}
	if (err)
		return err;
	dump->done = true;
	if (dump->client[0])
		return 0;

	/* The locks that local processes hold on the file, as the VFS knows them. */
	name = d_path(&dump->file, dump->buffer, PATH_MAX);
	dump->name = IS_ERR(name) ? NULL : name;
	dump->share[0] = '\0';
	dump->named = NULL;
	return ditto_show_local(inode, &dump->local, local_dump_one, dump);
}

static void claim_dump_free(struct claim_dump *dump)
{
	if (dump->file.dentry)
		path_put(&dump->file);
	kfree(dump->buffer);
	kfree(dump);
}

int ditto_nl_claim_get_start(struct netlink_callback *cb)
{
	const struct genl_info *info = genl_info_dump(cb);
	const struct nlattr *client = info->attrs[DITTO_A_CLAIM_CLIENT];
	const struct nlattr *path = info->attrs[DITTO_A_CLAIM_PATH];
	struct claim_dump *dump;
	int err;

	err = ditto_nl_deferred_dump(cb);
	if (err)
		return err;
	dump = kzalloc(sizeof(*dump), GFP_KERNEL);
	if (!dump)
		return -ENOMEM;
	dump->cb = cb;
	dump->table = ditto_server_of(sock_net(cb->skb->sk))->locks;
	dump->buffer = kmalloc(PATH_MAX, GFP_KERNEL);
	err = -ENOMEM;
	if (!dump->buffer)
		goto free;
	if (client)
		strscpy(dump->client, nla_data(client), sizeof(dump->client));
	if (path) {
		/* The path is resolved in the caller's context. */
		err = kern_path(nla_data(path), LOOKUP_FOLLOW, &dump->file);
		if (err) {
			NL_SET_ERR_MSG_ATTR(info->extack, path, "there is no such file");
			goto free;
		}
	}
	*claim_dump_of(cb) = dump;
	cb->min_dump_alloc = max_t(size_t, cb->min_dump_alloc, CLAIM_MESSAGE);
	return 0;

free:
	claim_dump_free(dump);
	return err;
}

int ditto_nl_claim_get_done(struct netlink_callback *cb)
{
	claim_dump_free(*claim_dump_of(cb));
	return 0;
}

int ditto_nl_claim_release_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ditto_lock_table *table = ditto_server_of(genl_info_net(info))->locks;
	const struct nlattr *id = info->attrs[DITTO_A_CLAIM_ID];
	int err;

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_CLAIM_ID)) {
		NL_SET_ERR_MSG(info->extack, "which claim? give its number");
		return -EINVAL;
	}
	err = ditto_show_release(table, nla_get_u64(id), "administrator");
	if (err)
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, id, "there is no claim %llu any more",
					nla_get_u64(id));
	return err;
}
