// SPDX-License-Identifier: GPL-2.0-only
/* Netlink operations on copies in the background. */
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "../../fs/node/node.h"
#include "../../fs/op/job.h"
#include "../../fs/op/name_private.h"
#include "../../fs/share/share.h"
#include "../server.h"
#include "family.h"

/* Message size for a job with the longest paths. */
#define JOB_MESSAGE	SZ_16K

static int job_put_path(struct sk_buff *msg, int type, struct ditto_share *share,
			struct ditto_node *node, char *buf)
{
	struct dentry *dentry = ditto_node_dentry(node);
	char *path = ditto_dentry_path(share, dentry, buf, PATH_MAX);
	int err = IS_ERR(path) ? 0 : nla_put_string(msg, type, path);

	dput(dentry);
	return err;
}

static int job_put(struct sk_buff *msg, struct netlink_callback *cb,
		   const struct ditto_job_info *info, char *buf)
{
	void *hdr = ditto_nl_dump_put(msg, cb);

	if (!hdr)
		return -EMSGSIZE;
	if (ditto_nl_put_u64(msg, DITTO_A_JOB_ID, info->number) ||
	    nla_put_string(msg, DITTO_A_JOB_PROTOCOL, info->protocol) ||
	    nla_put_string(msg, DITTO_A_JOB_CLIENT, info->client) ||
	    nla_put_u32(msg, DITTO_A_JOB_UID, from_kuid_munged(&init_user_ns, info->uid)) ||
	    ditto_nl_put_u64(msg, DITTO_A_JOB_SINCE, info->started) ||
	    ditto_nl_put_u64(msg, DITTO_A_JOB_DONE, info->done) ||
	    ditto_nl_put_u64(msg, DITTO_A_JOB_SIZE, info->count) ||
	    nla_put_string(msg, DITTO_A_JOB_SHARE, info->share->name) ||
	    job_put_path(msg, DITTO_A_JOB_PATH, info->share, info->node, buf) ||
	    nla_put_string(msg, DITTO_A_JOB_TARGET_SHARE, info->share_to->name) ||
	    job_put_path(msg, DITTO_A_JOB_TARGET_PATH, info->share_to, info->node_to, buf)) {
		genlmsg_cancel(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return 0;
}

int ditto_nl_job_get_start(struct netlink_callback *cb)
{
	int err = ditto_nl_deferred_dump(cb);

	if (err)
		return err;
	cb->min_dump_alloc = max_t(size_t, cb->min_dump_alloc, JOB_MESSAGE);
	return 0;
}

int ditto_nl_job_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct ditto_server *srv = ditto_server_of(sock_net(skb->sk));
	/* The context is set to zero before the first call. */
	u64 *last = (u64 *)cb->ctx;
	struct ditto_job_info info;
	int err = 0;
	char *buf;

	buf = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	while (!err && ditto_job_next(srv, *last, &info)) {
		err = job_put(skb, cb, &info, buf);
		if (!err)
			*last = info.number;
		ditto_job_info_put(&info);
	}
	kfree(buf);
	return skb->len ?: err;
}

int ditto_nl_job_cancel_doit(struct sk_buff *skb, struct genl_info *info)
{
	u64 number;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_JOB_ID)) {
		NL_SET_ERR_MSG(info->extack, "which job? give its number");
		return -EINVAL;
	}
	number = nla_get_u64(info->attrs[DITTO_A_JOB_ID]);
	err = ditto_job_cancel_number(ditto_server_of(genl_info_net(info)), number);
	if (err)
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, info->attrs[DITTO_A_JOB_ID],
					"there is no job %llu", number);
	return err;
}
