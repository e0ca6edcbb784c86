// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the file, the host and the lock owner of an NLM request.
 *
 * The filehandle leads to share and node, and the caller's permission to lock is checked. The
 * caller name and the address lead to the host, the process id and the opaque handle to the
 * owner in the lock table.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/siphash.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "../../../net/peer.h"
#include "../../node/file.h"
#include "../../share/handle.h"
#include "../../node/node.h"
#include "../../share/cred.h"
#include "../../share/share.h"
#include "../rpc/call.h"
#include "../rpc/target.h"
#include "../server.h"
#include "../share_options.h"
#include "file.h"
#include "host.h"
#include "nlm.h"

/* The lock point of a node. Return: its lock point, which lives as long as the node. */
struct ditto_lock_point *dnlm_point(struct ditto_node *node)
{
	return &node->point;
}

/* The open file to pass to the lock table. Return: the open file, borrowed from @file, or NULL. */
struct file *dnlm_filp(const struct dnlm_file *file)
{
	return file->df ? file->df->file : NULL;
}

/*
 * Kernels lock with AUTH_SYS whatever the share requires. AUTH_SYS proves nothing, so a share for
 * Kerberos alone wants to know the machine. What the machine has already can be released in any
 * case; only what is recorded can be reclaimed.
 */
static bool dnlm_knows(const struct dnfs_call *call, struct ditto_share *share, bool fresh)
{
	const struct dnfs_share_options *own;
	const struct ditto_share_opts *opts;
	u32 callers = DNFS_NLM_SEC;
	u32 sec;

	rcu_read_lock();
	opts = rcu_dereference(share->opts);
	sec = ditto_share_sec(opts);
	own = dnfs_share_options(opts);
	if (own)
		callers = own->nlm_callers;
	rcu_read_unlock();
	if (!fresh || sec & ~DNFS_SEC_PROVEN || callers == DNFS_NLM_MACHINE)
		return true;
	if (callers == DNFS_NLM_PROVEN && ditto_peer_is_vouched(call->peer))
		return true;
	pr_notice_ratelimited("a lock of share %s is refused to %pISc: %s\n", share->name,
			      call->addr, callers == DNFS_NLM_PROVEN ?
			      "none of its users came with Kerberos (see nlm-callers)" :
			      "it came without Kerberos (see nlm-callers)");
	return false;
}

/*
 * Access was checked when the client opened the file, and some clients lock exclusively
 * what they opened for reading (flock() does): read or write permission is sufficient for
 * an exclusive lock. A call that proves nothing must come from a port that the share trusts, also
 * with AUTH_NONE, because any program can name its machine.
 */
static int dnlm_may_lock(struct dnfs_call *call, struct ditto_op *op, struct ditto_node *node,
			 bool exclusive, bool fresh)
{
	int err;

	if (exclusive && !op->writable)
		return -EROFS;
	if (!dnfs_share_trusts(call, op->share))
		return -EACCES;
	if (!dnfs_share_accepts(call, op->share))
		return dnlm_knows(call, op->share, fresh) ? 0 : -EACCES;
	err = ditto_permission(op, node, DITTO_MAY_READ | DITTO_MAY_OWNER);
	if (err == -EACCES && exclusive)
		err = ditto_permission(op, node, DITTO_MAY_WRITE | DITTO_MAY_OWNER);
	return err;
}

/* A file that cannot be opened for writing, e.g. because it is executed, can be locked too. */
static int dnlm_file_open(struct dnlm_file *file, bool exclusive)
{
	if (!S_ISREG(file->node->inode->i_mode))
		return S_ISDIR(file->node->inode->i_mode) ? -EISDIR : -EINVAL;
	file->df = NULL;
	if (!ditto_share_local_locks(file->share))
		return 0;
	file->df = ditto_file_get(file->share, file->node,
				  exclusive ? DITTO_FILE_WRITE : DITTO_FILE_READ);
	if (IS_ERR(file->df) && exclusive)
		file->df = ditto_file_get(file->share, file->node, DITTO_FILE_READ);
	return PTR_ERR_OR_ZERO(file->df);
}

/* Count a call for a share, if its caller was admitted or is known. Takes a reference. */
void dnlm_call_set_share(struct dnfs_call *call, struct ditto_share *share)
{
	percpu_ref_get(&share->ref);
	dnfs_call_set_share(call, share);
}

/*
 * Find the file of a filehandle and check the caller's permission to lock it. @exclusive: an
 * exclusive lock is requested. Clients send NLM requests with AUTH_SYS also for a share that
 * requires Kerberos. Such a caller is checked by its address and its reserved port, not by its
 * identity; and if @fresh by whether a user of the machine came with Kerberos, unless the share's
 * option "nlm-callers" says otherwise. Return: 0; -ESTALE, -EBADHANDLE; -EACCES; -EROFS (an
 * exclusive lock on a read-only share); -EISDIR or -EINVAL (not a regular file); an errno of
 * ditto_file_get().
 */
int dnlm_file_get(struct dnfs_call *call, const struct dnlm_bytes *fh, bool exclusive, bool fresh,
		  struct dnlm_file *file)
{
	struct ditto_op op;
	int err;

	err = dnfs_handle_decode(call, fh->data, fh->len, &file->share, &file->node);
	if (err)
		return err;
	err = dnfs_admit(call, file->share, true, &op);
	if (err)
		goto put;
	dnlm_call_set_share(call, file->share);
	err = dnlm_may_lock(call, &op, file->node, exclusive, fresh);
	ditto_cred_put(op.cred);
	if (err)
		goto put;
	err = dnlm_file_open(file, exclusive);
	if (err)
		goto put;
	return 0;

put:
	ditto_node_put(file->node);
	ditto_share_put(file->share);
	return err;
}

/* Finds the file in which something is released, wherever it lies. The share is put on error. */
static int dnlm_file_reach(struct dnlm_file *file, const struct ditto_fid *fid)
{
	file->df = NULL;
	file->node = ditto_handle_node_anywhere(file->share, fid);
	if (!IS_ERR(file->node))
		return 0;
	ditto_share_put(file->share);
	return PTR_ERR(file->node);
}

/*
 * Find the file of a filehandle for a caller that gives up a lock. A lock can be given up whatever
 * has become of the permissions that allowed it: of the mode of the file, or of the options of the
 * share. Host and owner of the request bind it to their own locks, and the owner to whoever speaks
 * for it. A share with "secure-ports" wants a reserved port, because any program can name its
 * machine.
 *
 * The file is found also if it was moved out of the share. Return: 0; -EACCES (the port); or an
 * errno of dnfs_handle_decode().
 */
int dnlm_file_to_release(struct dnfs_call *call, const struct dnlm_bytes *fh,
			 struct dnlm_file *file)
{
	struct ditto_fid fid;
	int err;

	file->share = ditto_handle_share(call->srv, fh->data, fh->len, &fid, NULL);
	if (IS_ERR(file->share))
		return PTR_ERR(file->share);
	err = dnfs_share_trusts(call, file->share) ? dnfs_worker_enter(call, file->share) : -EACCES;
	if (err) {
		ditto_share_put(file->share);
		return err;
	}
	return dnlm_file_reach(file, &fid);
}

/*
 * Check whether a caller may release what its machine has of a file. A share with "secure-ports"
 * wants a reserved port, because any program can name its machine. What is left of a file or share
 * that is gone may be released by all. Return: 0 if it may; -EACCES; an errno of
 * dnfs_handle_decode() that does not last.
 */
int dnlm_file_may_release(struct dnfs_call *call, const struct dnlm_bytes *fh)
{
	struct ditto_share *share;
	struct ditto_node *node;
	bool trusts;
	int err;

	err = dnfs_handle_decode(call, fh->data, fh->len, &share, &node);
	if (err)
		return err == -ESTALE || err == -EBADHANDLE ? 0 : err;
	trusts = dnfs_share_trusts(call, share);
	if (trusts)
		dnlm_call_set_share(call, share);
	ditto_node_put(node);
	ditto_share_put(share);
	return trusts ? 0 : -EACCES;
}

/*
 * Find the file of a filehandle without a caller, to release a lock. The file is found also if it
 * was moved out of the share. Return: 0, or an errno of ditto_handle_decode().
 */
int dnlm_file_find(struct dnlm_server *nlm, const struct dnlm_bytes *fh, struct dnlm_file *file)
{
	struct ditto_fid fid;

	file->share = ditto_handle_share(nlm->srv, fh->data, fh->len, &fid, NULL);
	if (IS_ERR(file->share))
		return PTR_ERR(file->share);
	return dnlm_file_reach(file, &fid);
}

/* Drop the references of a file. */
void dnlm_file_put(struct dnlm_file *file)
{
	if (file->df)
		ditto_file_put(file->df);
	ditto_node_put(file->node);
	ditto_share_put(file->share);
}

/*
 * A ticket proves a user and not that he is root of his machine, whose kernel locks for all its
 * users. So what a user with a ticket locks from a port that is not reserved is his alone, and he
 * releases nothing else, whatever process and handle he names.
 */
static u64 dnlm_speaker(const struct dnfs_call *call)
{
	const siphash_key_t *key = &call->server->nlm->hosts_key;
	u64 speaker;

	if (call->reserved_port || !(call->sec & DNFS_SEC_PROVEN))
		return 0;
	speaker = call->principal ? siphash(call->principal, strlen(call->principal), key) :
				    siphash_1u32(__kuid_val(call->ident.uid), key);
	return speaker ?: 1;
}

static struct ditto_owner *dnlm_owner_get(const struct dnlm_asker *asker, u32 svid,
					  const struct dnlm_bytes *oh)
{
	u8 key[DITTO_OWNER_KEY_MAX];

	if (oh->len > sizeof(key) - DNLM_KEY_OH)
		return ERR_PTR(-EINVAL);
	put_unaligned_be32(svid, key);
	put_unaligned_be64(asker->speaker, key + DNLM_KEY_SPEAKER);
	memcpy(key + DNLM_KEY_OH, oh->data, oh->len);
	return ditto_owner_get(&asker->client->client, key, DNLM_KEY_OH + oh->len);
}

static struct dnlm_client *dnlm_asker_client(struct dnlm_host *host, bool create)
{
	return create ? dnlm_host_client(host) :
			dnlm_host_client_now(host) ?: ERR_PTR(-ENOENT);
}

/*
 * Find the host of a call and its lock owner. Return: 0; -ENOENT (the host holds nothing, and
 * @create is false); an errno of dnlm_host_get(), dnlm_host_client() or ditto_owner_get().
 */
int dnlm_asker_get(struct dnfs_call *call, const struct dnlm_msg *msg, bool create,
		   struct dnlm_asker *asker)
{
	struct dnlm_route route;
	int err;

	dnlm_route_of(call, &route);
	asker->host = dnlm_host_get(call->server->nlm, &route, &msg->name, create);
	if (IS_ERR(asker->host))
		return PTR_ERR(asker->host);
	asker->client = dnlm_asker_client(asker->host, create);
	if (IS_ERR(asker->client)) {
		err = PTR_ERR(asker->client);
		goto put_host;
	}
	asker->speaker = dnlm_speaker(call);
	asker->owner = dnlm_owner_get(asker, msg->svid, &msg->oh);
	if (IS_ERR(asker->owner)) {
		err = PTR_ERR(asker->owner);
		goto put_client;
	}
	return 0;

put_client:
	ditto_client_put(&asker->client->client);
put_host:
	dnlm_host_put(asker->host);
	return err;
}

/* Drop the references of a caller. */
void dnlm_asker_put(struct dnlm_asker *asker)
{
	ditto_owner_put(asker->owner);
	ditto_client_put(&asker->client->client);
	dnlm_host_put(asker->host);
}
