// SPDX-License-Identifier: GPL-2.0-only
/*
 * Share reservations (SHARE and UNSHARE, C702 section 10.3): opens with deny modes
 * in the lock table.
 *
 * A reservation belongs to a file and an owner of a host; another SHARE of the same
 * owner changes it.
 *
 * Locking: client->shares_lock guards the tree of a client's reservations. Locks of
 * the lock table nest inside it.
 */
#include <linux/err.h>
#include <linux/rbtree.h>
#include <linux/slab.h>

#include "../../../lockd/grace.h"
#include "../../../lockd/open.h"
#include "../../node/node.h"
#include "../../op/check/worm.h"
#include "../../share/caller.h"
#include "../../share/share.h"
#include "../rpc/call.h"
#include "file.h"
#include "host.h"
#include "monitor.h"
#include "nlm.h"
#include "proc.h"
#include "share.h"
#include "trace.h"

/**
 * struct dnlm_share - a share reservation
 * @node: entry in the client's tree
 * @open: open in the lock table; removing the share ends it, but it must still be released
 * @fh: filehandle, in @room
 * @oh: opaque handle of the owner, in @room
 * @speaker: who speaks for the owner, see struct dnlm_asker
 * @room: buffer for both
 */
struct dnlm_share {
	struct rb_node node;
	struct ditto_open *open;
	struct dnlm_bytes fh;
	struct dnlm_bytes oh;
	u64 speaker;
	u8 room[];
};

/**
 * struct dnlm_share_key - a file and an owner of a host
 * @fh: filehandle
 * @oh: opaque handle of the owner
 * @speaker: who speaks for the owner
 */
struct dnlm_share_key {
	const struct dnlm_bytes *fh;
	const struct dnlm_bytes *oh;
	u64 speaker;
};

static int dnlm_bytes_compare(const struct dnlm_bytes *a, const struct dnlm_bytes *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->data, b->data, a->len);
}

static int dnlm_share_compare(const void *key, const struct rb_node *node)
{
	const struct dnlm_share *share = rb_entry(node, struct dnlm_share, node);
	const struct dnlm_share_key *k = key;

	if (k->speaker != share->speaker)
		return k->speaker < share->speaker ? -1 : 1;
	return dnlm_bytes_compare(k->fh, &share->fh) ?: dnlm_bytes_compare(k->oh, &share->oh);
}

static bool dnlm_share_less(struct rb_node *a, const struct rb_node *b)
{
	const struct dnlm_share *share = rb_entry(a, struct dnlm_share, node);

	const struct dnlm_share_key key = { &share->fh, &share->oh, share->speaker };

	return dnlm_share_compare(&key, b) < 0;
}

/* Translates fsh_mode or fsh_access. */
static u8 dnlm_share_bits(u32 bits)
{
	return (bits & NLM_SHARE_READ ? DITTO_OPEN_READ : 0) |
	       (bits & NLM_SHARE_WRITE ? DITTO_OPEN_WRITE : 0);
}

static struct dnlm_share *dnlm_share_find(const struct dnlm_asker *asker,
					  const struct dnlm_msg *msg)
{
	const struct dnlm_share_key key = { &msg->fh, &msg->oh, asker->speaker };
	struct dnlm_client *client = asker->client;

	lockdep_assert_held(&client->shares_lock);
	return rb_entry_safe(rb_find(&key, &client->shares, dnlm_share_compare),
			     struct dnlm_share, node);
}

static void dnlm_share_free(struct dnlm_client *client, struct dnlm_share *share)
{
	lockdep_assert_held(&client->shares_lock);
	rb_erase(&share->node, &client->shares);
	atomic_dec(&client->host->nlm->shares);
	ditto_open_release(share->open);
	kfree(share);
}

static void dnlm_share_give_up(struct dnlm_asker *asker, const struct dnlm_msg *msg)
{
	struct dnlm_share *share;

	mutex_lock(&asker->client->shares_lock);
	share = dnlm_share_find(asker, msg);
	if (share)
		dnlm_share_free(asker->client, share);
	mutex_unlock(&asker->client->shares_lock);
}

static int dnlm_share_new(struct dnlm_asker *asker, struct dnlm_file *file,
			  const struct dnlm_msg *msg)
{
	struct ditto_actor actor = {
		.client = &asker->client->client,
		.owner = asker->owner,
		.share = file->share->number,
	};
	struct dnlm_share *share;

	lockdep_assert_held(&asker->client->shares_lock);
	share = kzalloc(struct_size(share, room, msg->fh.len + msg->oh.len), GFP_KERNEL);
	if (!share)
		return -ENOMEM;
	share->fh = (struct dnlm_bytes){ msg->fh.len, share->room };
	share->oh = (struct dnlm_bytes){ msg->oh.len, share->room + msg->fh.len };
	share->speaker = asker->speaker;
	memcpy(share->room, msg->fh.data, msg->fh.len);
	memcpy(share->room + msg->fh.len, msg->oh.data, msg->oh.len);
	share->open = ditto_open_claim(dnlm_point(file->node), &actor,
				       dnlm_share_bits(msg->access), dnlm_share_bits(msg->mode),
				       msg->reclaim, NULL, NULL);
	if (IS_ERR(share->open)) {
		int err = PTR_ERR(share->open);

		kfree(share);
		return err;
	}
	atomic_inc(&asker->host->nlm->shares);
	rb_add(&share->node, &asker->client->shares, dnlm_share_less);
	return 0;
}

static int dnlm_share_claim(struct dnlm_asker *asker, struct dnlm_file *file,
			    const struct dnlm_msg *msg)
{
	struct dnlm_client *client = asker->client;
	struct dnlm_share *share;
	int err;

	mutex_lock(&client->shares_lock);
	share = dnlm_share_find(asker, msg);
	if (share) {
		err = ditto_open_change(share->open, dnlm_share_bits(msg->access),
					dnlm_share_bits(msg->mode), NULL);
		/* The share has been removed and added again. */
		if (err == -ESHUTDOWN) {
			dnlm_share_free(client, share);
			share = NULL;
		}
	}
	if (!share)
		err = dnlm_share_new(asker, file, msg);
	mutex_unlock(&client->shares_lock);
	return err;
}

/* Claim a file, but not to write if it is committed. Return: an errno for NLM. */
static int dnlm_share_claim_checked(struct dnfs_call *call, struct dnlm_asker *asker,
				    struct dnlm_file *file, const struct dnlm_msg *msg)
{
	const struct ditto_op op = {
		.srv = call->srv,
		.share = file->share,
		.awaited = &call->awaited,
	};
	bool writes = msg->access & NLM_SHARE_WRITE;
	int err;

	/* While claims may be taken back, nothing is committed; later, it is no reclaim. */
	if (msg->reclaim && ditto_grace_may_reclaim(&asker->client->client))
		writes = false;
	err = writes ? ditto_worm_check(&op, file->node, DITTO_INTENT_WRITE) : 0;
	if (err)
		goto committed;
	err = dnlm_share_claim(asker, file, msg);
	if (err || !writes)
		return err;
	err = ditto_worm_recheck(&op, file->node);
	if (!err)
		return 0;
	dnlm_share_give_up(asker, msg);
committed:
	/* NLM has a status for file systems that are read-only, and none for files. */
	return err == -EPERM ? -EROFS : err;
}

static bool dnlm_share_decode(struct dnfs_call *call, void *args)
{
	return dnlm_decode(call->in, DNLM_SHARE_ARGS, dnlm_is_wide(call), args);
}

static int dnlm_share_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnlm_msg *msg = &((struct dnlm_args *)args)->msg;
	struct dnlm_res *res = result;
	struct dnlm_asker asker;
	struct dnlm_file file;
	int err;

	res->msg.cookie = msg->cookie;
	err = dnlm_file_get(call, &msg->fh, msg->access & NLM_SHARE_WRITE, !msg->reclaim,
			    &file);
	if (err)
		return err;
	err = dnlm_asker_get(call, msg, true, &asker);
	if (err)
		goto put_file;
	err = dnlm_monitor_add(&asker, call, msg->reclaim) ?:
	      dnlm_share_claim_checked(call, &asker, &file, msg);
	if (err == -EBUSY)
		dnfs_await(call, file.node);
	trace_dnlm_share(asker.host, msg->access, msg->mode, msg->reclaim, err);
	dnlm_asker_put(&asker);
put_file:
	dnlm_file_put(&file);
	return err == -ESTALE && msg->reclaim ? -ENOGRACE : err;
}

static bool dnlm_share_encode(struct dnfs_call *call, const void *result)
{
	return dnlm_res_encode(call, DNLM_SHARE_RES);
}

const struct dnfs_proc dnlm_proc_share =
	DNLM_CALL("SHARE", DNFS_PROC_CACHED, dnlm_share_decode, dnlm_share_exec,
		  dnlm_share_encode);

/* Releasing a reservation that does not exist succeeds. */
static int dnlm_unshare_exec(struct dnfs_call *call, void *args, void *result)
{
	const struct dnlm_msg *msg = &((struct dnlm_args *)args)->msg;
	struct dnlm_res *res = result;
	struct dnlm_asker asker;
	int err;

	res->msg.cookie = msg->cookie;
	err = dnlm_file_may_release(call, &msg->fh);
	if (err)
		return err;
	err = dnlm_asker_get(call, msg, false, &asker);
	if (err) {
		/* It may be a stranger, for whom nothing is counted. */
		dnfs_call_drop_share(call);
		return err == -ENOENT ? 0 : err;
	}
	dnlm_share_give_up(&asker, msg);
	trace_dnlm_unshare(asker.host, msg->access, msg->mode, false, 0);
	dnlm_asker_put(&asker);
	return 0;
}

const struct dnfs_proc dnlm_proc_unshare =
	DNLM_CALL("UNSHARE", DNFS_PROC_CACHED, dnlm_share_decode, dnlm_unshare_exec,
		  dnlm_share_encode);

/* Release all share reservations of a client. Context: takes client->shares_lock. */
void dnlm_shares_drop(struct dnlm_client *client)
{
	struct rb_node *node;

	mutex_lock(&client->shares_lock);
	while ((node = rb_first(&client->shares)))
		dnlm_share_free(client, rb_entry(node, struct dnlm_share, node));
	mutex_unlock(&client->shares_lock);
}
