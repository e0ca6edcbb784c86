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
#include "../../share/handle.h"
#include "../../node/node.h"
#include "../../share/rules.h"
#include "../../share/share.h"
#include "../rpc/status.h"
#include "../rpc/worker.h"
#include "../rpc/target.h"
#include "../server.h"
#include "mount.h"
#include "proto.h"

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

/* Forget all mounts. Context: takes mounts_lock. */
void dnfs_mounts_free(struct dnfs_server *server)
{
	struct dnfs_mount *mount, *next;

	mutex_lock(&server->mounts_lock);
	list_for_each_entry_safe(mount, next, &server->mounts, list)
		mount_drop(server, mount);
	mutex_unlock(&server->mounts_lock);
}

/* Arguments of MNT and UMNT: a path, not terminated */
struct path_args {
	const char *path;
	u32 len;
};

static bool mount_decode_path(struct dnfs_call *call, void *args)
{
	struct path_args *a = args;

	if (xdr_stream_decode_u32(call->in, &a->len) || a->len > MNTPATHLEN)
		return false;
	a->path = (const char *)xdr_inline_decode(call->in, a->len);
	return a->path;
}

/* MNT, section 5.2.1. Export rules decide who may mount, not the flavour of this call. */

struct mnt_res {
	struct ditto_handle handle;
	unsigned int nflavors;
	u32 flavor[DNFS_FLAVORS];
};

static struct ditto_share *path_find(struct dnfs_call *call, const char *path, u32 len,
				     const char **rest)
{
	struct ditto_share *share;

	while (len) {
		while (len > 1 && path[len - 1] == '/')
			len--;
		share = ditto_share_get_by_path(call->srv, path, len);
		if (share) {
			*rest = path + len;
			return share;
		}
		if (len == 1)
			break;
		/* Strip the last name; the slash before it may be the root. */
		while (len && path[len - 1] != '/')
			len--;
	}
	return NULL;
}

/*
 * Find the share with the longest path that a path begins with. Context: any. Return: the share
 * with a reference; NULL if there is none; ERR_PTR(-EJUKEBOX) if its file system is full, see
 * dnfs_worker_enter(), and then the call gets no reply.
 */
struct ditto_share *dnfs_path_share(struct dnfs_call *call, const char *path, u32 len,
				    const char **rest)
{
	struct ditto_share *share = path_find(call, path, len, rest);
	int err;

	if (!share)
		return NULL;
	err = dnfs_worker_enter(call, share);
	if (err) {
		/* No status makes clients retry, but no reply does. */
		call->dropped = true;
		ditto_share_put(share);
		return ERR_PTR(err);
	}
	return share;
}

/*
 * Look up the names of a path one by one. @op: the caller; the reference to its share is replaced
 * when the path enters a file system within; @node: where the path begins, with a reference;
 * replaced by the directory that it leads to. Return: 0; -EACCES for a path with ".."; -ENOTDIR; or
 * an errno of ditto_lookup().
 */
int dnfs_path_walk(struct ditto_op *op, struct ditto_node **node, const char *rest,
		   const char *end)
{
	while (rest < end) {
		const char *slash = memchr(rest, '/', end - rest) ?: end;
		struct ditto_name name = { .name = rest, .len = slash - rest };
		struct ditto_share *share;
		struct ditto_node *next;
		int err;

		rest = slash + 1;
		if (!name.len)
			continue;
		/* A path must not leave the share. */
		if (name.len == 2 && !memcmp(name.name, "..", 2))
			return -EACCES;
		err = ditto_lookup_follow(op, *node, &name, &share, &next);
		if (err)
			return err;
		ditto_node_put(*node);
		*node = next;
		if (share) {
			ditto_share_put(op->share);
			op->share = share;
		}
	}
	return S_ISDIR((*node)->inode->i_mode) ? 0 : -ENOTDIR;
}

/*
 * Consumes the reference to @share. @why is set for errors that do not tell their reason.
 *
 * A share that NFS does not serve, or whose rules do not admit the client, is answered as one that
 * does not exist.
 */
static int mnt_below(struct dnfs_call *call, struct ditto_share *share, const char *rest,
		     const char *end, struct mnt_res *res, const char **why)
{
	struct ditto_verdict verdict;
	struct ditto_node *node;
	struct ditto_op op;
	int err;

	err = dnfs_rules_admit(call, share, DITTO_RULES_ASK_WAIT, &verdict);
	if (err == -EACCES) {
		*why = dnfs_share_sec(share) ? "the rules of the share do not admit this machine" :
		       "it has no rule for AUTH_SYS (see allow), or not for NFS (see protocols)";
		err = -ENOENT;
	}
	err = err ?: dnfs_admit(call, share, true, &op);
	if (err)
		goto put_share;
	/* The filehandle would be refused from such a port: refuse the mount instead. */
	if (call->sec == DITTO_SEC_SYS && !dnfs_share_accepts(call, share) &&
	    dnfs_share_sec(share) == DITTO_SEC_SYS) {
		*why = "the port is not reserved (see secure-ports)";
		err = -EACCES;
		goto put_cred;
	}
	node = ditto_node_get_root(share);
	if (IS_ERR(node)) {
		err = PTR_ERR(node);
		goto put_cred;
	}
	err = dnfs_path_walk(&op, &node, rest, end);
	share = op.share;
	if (err)
		goto put_node;
	err = ditto_handle_of_node(share, node, &res->handle);
	if (err)
		goto put_node;
	res->nflavors = dnfs_share_flavors(share, res->flavor);
put_node:
	ditto_node_put(node);
put_cred:
	ditto_cred_put(op.cred);
put_share:
	ditto_share_put(share);
	return err;
}

/* The reason of an error of a share that was found. */
static const char *mnt_error_reason(int err)
{
	switch (err) {
	case -ENOENT:
		return "the share has no such directory";
	case -ENOTDIR:
		return "it is not a directory";
	case -EACCES:
		return "the share, or a directory on the way, denies it to this user";
	case -EOPNOTSUPP:
		return "its file system has no file handles";
	}
	return "see its error number";
}

static int mnt_exec(struct dnfs_call *call, void *args, void *result)
{
	const char *rest, *why = "no share has this name or path";
	const struct path_args *a = args;
	struct ditto_share *share;
	int err = -ENOENT;

	if (!a->len || memchr(a->path, '\0', a->len))
		return -EINVAL;

	share = dnfs_path_share(call, a->path, a->len, &rest);
	if (IS_ERR(share))
		return PTR_ERR(share);
	if (share) {
		why = NULL;
		err = mnt_below(call, share, rest, a->path + a->len, result, &why);
	}
	if (!err) {
		mount_remember(call, a->path, a->len);
		return 0;
	}
	pr_info_ratelimited("%pISc may not mount \"%*pE\": %s (error %d)\n", call->addr,
			    (int)a->len, a->path, why ?: mnt_error_reason(err), err);
	/* A machine that no share admits does not learn which paths exist. */
	return call->stranger ? -EACCES : err;
}

static bool mnt_encode(struct dnfs_call *call, const void *result)
{
	const struct mnt_res *res = result;
	struct xdr_stream *xdr = call->xdr;

	if (xdr_stream_encode_u32(xdr, call->status) < 0)
		return false;
	if (call->status != MNT3_OK)
		return true;
	return xdr_stream_encode_opaque(xdr, res->handle.data, res->handle.len) >= 0 &&
	       xdr_stream_encode_uint32_array(xdr, res->flavor, res->nflavors) >= 0;
}

static const struct dnfs_proc mount_proc_mnt = {
	.name = "MNT",
	.argsize = sizeof(struct path_args),
	.ressize = sizeof(struct mnt_res),
	.max_reply = 4 + NFS3_FH_WIRE_SIZE + 4 + 4 * DNFS_FLAVORS,
	.decode = mount_decode_path,
	.exec = mnt_exec,
	.encode = mnt_encode,
};

/* Checks that @len bytes of a list and its end fit. */
static bool mount_list_has_room(const struct dnfs_call *call, size_t len)
{
	const struct xdr_buf *buf = call->xdr->buf;

	return buf->len + len + XDR_UNIT <= min(call->max_payload, buf->buflen);
}

static bool mount_encode_item(struct xdr_stream *xdr, const char *text, u32 len)
{
	return xdr_stream_encode_item_present(xdr) >= 0 &&
	       xdr_stream_encode_opaque(xdr, text, len) >= 0;
}

/*
 * DUMP, section 5.2.2. A machine sees its own mounts only, and none before it is known whether a
 * share admits it. The list is cut where the reply is full.
 */
static bool dump_encode(struct dnfs_call *call, const void *result)
{
	struct dnfs_server *server = call->server;
	struct xdr_stream *xdr = call->xdr;
	char client[DITTO_ADDR_TEXT];
	struct dnfs_mount *mount;
	bool fits = true;

	if (!call->peer || call->stranger || call->undecided)
		return xdr_stream_encode_item_absent(xdr) >= 0;
	ditto_addr_text(&call->peer->addr, client);
	mutex_lock(&server->mounts_lock);
	list_for_each_entry(mount, &server->mounts, list) {
		if (!ipv6_addr_equal(&mount->addr, &call->peer->addr))
			continue;
		if (!mount_list_has_room(call, 3 * XDR_UNIT +
					       xdr_align_size(strlen(client)) +
					       xdr_align_size(mount->len)))
			break;
		fits = mount_encode_item(xdr, client, strlen(client)) &&
		       xdr_stream_encode_opaque(xdr, mount->path, mount->len) >= 0;
		if (!fits)
			break;
	}
	mutex_unlock(&server->mounts_lock);
	return fits && xdr_stream_encode_item_absent(xdr) >= 0;
}

static const struct dnfs_proc mount_proc_dump = {
	.name = "DUMP",
	.encode = dump_encode,
};

/* UMNT, section 5.2.3 */
static int umnt_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct path_args *a = args;
	struct dnfs_server *server = call->server;
	struct dnfs_mount *mount;

	mutex_lock(&server->mounts_lock);
	mount = mount_find(server, &call->peer->addr, a->path, a->len);
	if (mount)
		mount_drop(server, mount);
	mutex_unlock(&server->mounts_lock);
	return 0;
}

static const struct dnfs_proc mount_proc_umnt = {
	.name = "UMNT",
	.argsize = sizeof(struct path_args),
	.max_reply = XDR_UNIT,
	.decode = mount_decode_path,
	.exec = umnt_exec,
};

/* UMNTALL, section 5.2.4 */
static int umntall_exec(struct dnfs_call *call, void *args, void *result)
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

static const struct dnfs_proc mount_proc_umntall = {
	.name = "UMNTALL",
	.max_reply = XDR_UNIT,
	.exec = umntall_exec,
};

/* EXPORT, section 5.2.5 */

/* Checks that a share is visible to the client. @limited: its rules do not admit everybody. */
static bool export_is_shown(struct dnfs_call *call, struct ditto_share *share, bool *limited)
{
	const struct ditto_share_opts *opts;
	struct ditto_verdict verdict;
	bool browse;

	rcu_read_lock();
	opts = rcu_dereference(share->opts);
	browse = opts->browse;
	*limited = opts->rules.count && opts->rules.rule[0].kind != DITTO_RULE_ANY;
	rcu_read_unlock();
	return browse && !dnfs_rules_admit(call, share, DITTO_RULES_ASK, &verdict);
}

/*
 * Return: 1 where the reply is full. The groups of a share do not reveal other clients: the
 * client sees its own address, or no group, which means that all clients are admitted.
 */
static int export_encode_share(struct ditto_share *share, void *arg)
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
	if (!mount_list_has_room(call, 5 * XDR_UNIT + xdr_align_size(len) +
				       xdr_align_size(strlen(client))))
		return 1;
	return !mount_encode_item(call->xdr, path, len) ||
	       (limited && !mount_encode_item(call->xdr, client, strlen(client))) ||
	       xdr_stream_encode_item_absent(call->xdr) < 0;
}

static bool export_encode(struct dnfs_call *call, const void *result)
{
	if (call->peer && !call->stranger)
		ditto_share_visit(call->srv, export_encode_share, call);
	return xdr_stream_encode_item_absent(call->xdr) >= 0;
}

static const struct dnfs_proc mount_proc_export = {
	.name = "EXPORT",
	.encode = export_encode,
};

static const struct dnfs_proc *const dnfs_mount3_procs[MOUNTPROC3_COUNT] = {
	[MOUNTPROC3_NULL] = &dnfs_proc_null,
	[MOUNTPROC3_MNT] = &mount_proc_mnt,
	[MOUNTPROC3_DUMP] = &mount_proc_dump,
	[MOUNTPROC3_UMNT] = &mount_proc_umnt,
	[MOUNTPROC3_UMNTALL] = &mount_proc_umntall,
	[MOUNTPROC3_EXPORT] = &mount_proc_export,
};

const struct dnfs_program dnfs_mount3_program = {
	.index = DNFS_PROGRAM_MOUNT,
	.prog = MOUNT3_PROGRAM,
	.vers = MOUNT3_VERSION,
	.name = "mount",
	.group = "mount3",
	.any_udp = true,
	.strangers = true,
	.any_conn = true,
	.status = dnfs_mountstat3,
	.procs = dnfs_mount3_procs,
	.nprocs = ARRAY_SIZE(dnfs_mount3_procs),
};
