// SPDX-License-Identifier: GPL-2.0-only
/*
 * The MOUNT protocol, version 3 (RFC 1813 appendix I).
 *
 * Mounts are remembered only to be listed by DUMP; the server makes no other use
 * of them, and a restart forgets them.
 *
 * Locking: server->mounts_lock guards the list of mounts.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/list.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sunrpc/msg_prot.h>
#include <net/ipv6.h>

#include "../../../net/peer.h"
#include "../../node/node.h"
#include "../../share/rules.h"
#include "../../share/share.h"
#include "../rpc/status.h"
#include "../rpc/target.h"
#include "../server.h"
#include "proto.h"

/* Arguments of MNT and UMNT: a path, not terminated */
struct dnfs_path_args {
	const char *path;
	u32 len;
};

struct dnfs_mnt_res {
	struct ditto_handle handle;
	unsigned int nflavors;
	u32 flavor[DNFS_FLAVORS];
};

/**
 * struct dnfs_mount - a mount reported by a client
 * @list: entry in the server's list
 * @addr: the client
 * @len: bytes of @path
 * @path: path in the client's request, not terminated
 */
struct dnfs_mount {
	struct list_head list;
	struct in6_addr addr;
	u32 len;
	char path[];
};

static struct dnfs_mount *mount_find(struct dnfs_server *server, const struct in6_addr *addr,
				     const char *path, u32 len)
{
	struct dnfs_mount *mount;

	lockdep_assert_held(&server->mounts_lock);
	list_for_each_entry(mount, &server->mounts, list)
		if (mount->len == len && !memcmp(mount->path, path, len) &&
		    ipv6_addr_equal(&mount->addr, addr))
			return mount;
	return NULL;
}

static void mount_drop(struct dnfs_server *server, struct dnfs_mount *mount)
{
	lockdep_assert_held(&server->mounts_lock);
	list_del(&mount->list);
	server->nmounts--;
	kfree(mount);
}

/* Without memory the mount is not remembered, which does no harm. */
static void mount_remember(struct dnfs_call *call, const char *path, u32 len)
{
	struct dnfs_server *server = call->server;
	struct dnfs_mount *mount = kmalloc(struct_size(mount, path, len), GFP_KERNEL);

	if (!mount)
		return;
	mount->addr = call->peer->addr;
	mount->len = len;
	memcpy(mount->path, path, len);

	mutex_lock(&server->mounts_lock);
	if (mount_find(server, &mount->addr, path, len)) {
		kfree(mount);
	} else {
		if (server->nmounts == DNFS_MOUNTS_MAX)
			mount_drop(server, list_first_entry(&server->mounts,
							    struct dnfs_mount, list));
		list_add_tail(&mount->list, &server->mounts);
		server->nmounts++;
	}
	mutex_unlock(&server->mounts_lock);
}

void dnfs_mounts_free(struct dnfs_server *server)
{
	struct dnfs_mount *mount, *next;

	mutex_lock(&server->mounts_lock);
	list_for_each_entry_safe(mount, next, &server->mounts, list)
		mount_drop(server, mount);
	mutex_unlock(&server->mounts_lock);
}

static bool decode_path(struct xdr_stream *xdr, void *args)
{
	struct dnfs_path_args *a = args;

	if (xdr_stream_decode_u32(xdr, &a->len) || a->len > MNTPATHLEN)
		return false;
	a->path = (const char *)xdr_inline_decode(xdr, a->len);
	return a->path;
}

/*
 * Finds the share with the longest path that @path begins with, and sets @rest to
 * the part of @path below it.
 */
static struct ditto_share *share_of(struct dnfs_call *call, const char *path, u32 len,
				    const char **rest)
{
	struct ditto_share *share;

	for (; len; len--) {
		while (len > 1 && path[len - 1] == '/')
			len--;
		share = ditto_share_get_by_path(call->srv, path, len);
		if (share) {
			*rest = path + len;
			return share;
		}
		/* Strip the last name; the loop strips the slash before it. */
		while (len > 1 && path[len - 1] != '/')
			len--;
	}
	return NULL;
}

/* Looks up the names of @rest one by one; the reference in @node is replaced. */
static int mount_walk(struct ditto_op *op, struct ditto_node **node, const char *rest,
		      const char *end)
{
	while (rest < end) {
		const char *slash = memchr(rest, '/', end - rest) ?: end;
		struct ditto_name name = { .name = rest, .len = slash - rest };
		struct ditto_node *next;
		int err;

		rest = slash + 1;
		if (!name.len)
			continue;
		/* A path must not leave the share. */
		if (name.len == 2 && !memcmp(name.name, "..", 2))
			return -EACCES;
		err = ditto_lookup(op, *node, &name, &next);
		if (err)
			return err;
		ditto_node_put(*node);
		*node = next;
	}
	return S_ISDIR((*node)->inode->i_mode) ? 0 : -ENOTDIR;
}

static int mnt_below(struct dnfs_call *call, struct ditto_share *share, const char *rest,
		     const char *end)
{
	struct dnfs_mnt_res *res = call->res;
	struct ditto_node *node;
	struct ditto_op op;
	int err;

	err = dnfs_admit(call, share, true, &op);
	if (err)
		return err;
	/* The filehandle would be refused from such a port: refuse the mount instead. */
	if (call->sec == DITTO_SEC_SYS && !dnfs_share_accepts(call, share) &&
	    dnfs_share_sec(share) == DITTO_SEC_SYS) {
		err = -EACCES;
		goto put_cred;
	}
	node = ditto_node_get_root(share);
	if (IS_ERR(node)) {
		err = PTR_ERR(node);
		goto put_cred;
	}
	err = mount_walk(&op, &node, rest, end);
	if (!err)
		err = dnfs_node_handle(share, node, &res->handle);
	if (!err)
		res->nflavors = dnfs_flavors(dnfs_share_sec(share), res->flavor);
	ditto_node_put(node);
put_cred:
	ditto_cred_put(op.cred);
	return err;
}

/* Section 5.2.1. Export rules decide who may mount, not the flavour of this call. */
static int dnfs_mnt(struct dnfs_call *call)
{
	const struct dnfs_path_args *args = call->args;
	struct ditto_share *share;
	const char *rest;
	/* The same error as for a share that refuses the client, to hide which paths exist. */
	int err = -EACCES;

	if (!args->len || memchr(args->path, '\0', args->len))
		return -EINVAL;

	share = share_of(call, args->path, args->len, &rest);
	if (share) {
		err = mnt_below(call, share, rest, args->path + args->len);
		ditto_share_put(share);
	}
	if (err)
		pr_info_ratelimited("%pISc may not mount \"%*pE\": error %d\n",
				    call->addr, (int)args->len, args->path, err);
	else
		mount_remember(call, args->path, args->len);
	return err;
}

/* Section 5.2.3 */
static int dnfs_umnt(struct dnfs_call *call)
{
	const struct dnfs_path_args *args = call->args;
	struct dnfs_server *server = call->server;
	struct dnfs_mount *mount;

	mutex_lock(&server->mounts_lock);
	mount = mount_find(server, &call->peer->addr, args->path, args->len);
	if (mount)
		mount_drop(server, mount);
	mutex_unlock(&server->mounts_lock);
	return 0;
}

/* Section 5.2.4 */
static int dnfs_umntall(struct dnfs_call *call)
{
	struct dnfs_server *server = call->server;
	struct dnfs_mount *mount, *next;

	mutex_lock(&server->mounts_lock);
	list_for_each_entry_safe(mount, next, &server->mounts, list)
		if (ipv6_addr_equal(&mount->addr, &call->peer->addr))
			mount_drop(server, mount);
	mutex_unlock(&server->mounts_lock);
	return 0;
}

static bool encode_mnt(struct dnfs_call *call)
{
	const struct dnfs_mnt_res *res = call->res;
	struct xdr_stream *xdr = call->xdr;

	if (xdr_stream_encode_u32(xdr, call->status) < 0)
		return false;
	if (call->status != MNT3_OK)
		return true;
	return xdr_stream_encode_opaque(xdr, res->handle.data, res->handle.len) >= 0 &&
	       xdr_stream_encode_uint32_array(xdr, res->flavor, res->nflavors) >= 0;
}

/* Checks that @len bytes of a list and its end fit. */
static bool list_has_room(const struct dnfs_call *call, size_t len)
{
	const struct xdr_buf *buf = call->xdr->buf;

	return buf->len + len + XDR_UNIT <= min(call->max_payload, buf->buflen);
}

static bool encode_item(struct xdr_stream *xdr, const char *text, u32 len)
{
	return xdr_stream_encode_item_present(xdr) >= 0 &&
	       xdr_stream_encode_opaque(xdr, text, len) >= 0;
}

/* Section 5.2.2. The list is cut where the reply is full. */
static bool encode_dump(struct dnfs_call *call)
{
	struct dnfs_server *server = call->server;
	struct xdr_stream *xdr = call->xdr;
	char client[DITTO_ADDR_TEXT];
	struct dnfs_mount *mount;
	bool fits = true;

	if (!call->peer || call->stranger)
		return xdr_stream_encode_item_absent(xdr) >= 0;
	mutex_lock(&server->mounts_lock);
	list_for_each_entry(mount, &server->mounts, list) {
		ditto_addr_text(&mount->addr, client);
		if (!list_has_room(call, 3 * XDR_UNIT + xdr_align_size(strlen(client)) +
					 xdr_align_size(mount->len)))
			break;
		fits = encode_item(xdr, client, strlen(client)) &&
		       xdr_stream_encode_opaque(xdr, mount->path, mount->len) >= 0;
		if (!fits)
			break;
	}
	mutex_unlock(&server->mounts_lock);
	return fits && xdr_stream_encode_item_absent(xdr) >= 0;
}

/* Checks that a share is visible to the client. @limited: its rules name clients. */
static bool export_is_shown(struct dnfs_call *call, struct ditto_share *share, bool *limited)
{
	const struct ditto_share_opts *opts;
	struct ditto_verdict verdict;
	bool browse;

	rcu_read_lock();
	opts = rcu_dereference(share->opts);
	browse = opts->browse;
	*limited = opts->rules.count;
	rcu_read_unlock();
	return browse && !ditto_rules_match(share, call->peer, DITTO_RULES_ASK, &verdict) &&
	       verdict.level != DITTO_ACCESS_NONE;
}

/*
 * Return: 1 where the reply is full. The groups of a share do not reveal other clients: the
 * client sees its own address, or no group, which means that all clients are admitted.
 */
static int export_encode(struct ditto_share *share, void *arg)
{
	struct dnfs_call *call = arg;
	char path[DITTO_SHARE_NAME_MAX + 2], client[DITTO_ADDR_TEXT];
	bool limited;
	size_t len;

	if (!export_is_shown(call, share, &limited))
		return 0;
	ditto_addr_text(&call->peer->addr, client);
	len = scnprintf(path, sizeof(path), "%s%s", share->name[0] == '/' ? "" : "/",
			share->name);
	if (!list_has_room(call, 5 * XDR_UNIT + xdr_align_size(len) +
				 xdr_align_size(strlen(client))))
		return 1;
	return !encode_item(call->xdr, path, len) ||
	       (limited && !encode_item(call->xdr, client, strlen(client))) ||
	       xdr_stream_encode_item_absent(call->xdr) < 0;
}

/* Section 5.2.5 */
static bool encode_exports(struct dnfs_call *call)
{
	if (call->peer && !call->stranger)
		ditto_share_visit(call->srv, export_encode, call);
	return xdr_stream_encode_item_absent(call->xdr) >= 0;
}

static const struct dnfs_proc dnfs_mount3_procs[MOUNTPROC3_COUNT] = {
	[MOUNTPROC3_NULL] = { .name = "NULL", .max_reply = XDR_UNIT },
	[MOUNTPROC3_MNT] = {
		.name = "MNT",
		.decode = decode_path,
		.exec = dnfs_mnt,
		.encode = encode_mnt,
		.argsize = sizeof(struct dnfs_path_args),
		.ressize = sizeof(struct dnfs_mnt_res),
		.max_reply = 4 + NFS3_FH_WIRE_SIZE + 4 + 4 * DNFS_FLAVORS,
	},
	[MOUNTPROC3_DUMP] = { .name = "DUMP", .encode = encode_dump },
	[MOUNTPROC3_UMNT] = {
		.name = "UMNT",
		.decode = decode_path,
		.exec = dnfs_umnt,
		.argsize = sizeof(struct dnfs_path_args),
		.max_reply = XDR_UNIT,
	},
	[MOUNTPROC3_UMNTALL] = { .name = "UMNTALL", .exec = dnfs_umntall, .max_reply = XDR_UNIT },
	[MOUNTPROC3_EXPORT] = { .name = "EXPORT", .encode = encode_exports },
};

const struct dnfs_program dnfs_mount3_program = {
	.index = DNFS_PROGRAM_MOUNT,
	.prog = MOUNT3_PROGRAM,
	.vers = MOUNT3_VERSION,
	.name = "mount",
	.group = "mount3",
	.any_udp = true,
	.strangers = true,
	.status = dnfs_mountstat3,
	.procs = dnfs_mount3_procs,
	.nprocs = ARRAY_SIZE(dnfs_mount3_procs),
};
