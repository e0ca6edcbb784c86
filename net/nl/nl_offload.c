// SPDX-License-Identifier: GPL-2.0-only
/* Netlink operations on offloaded files, for the helper and the administrator. */
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <net/genetlink.h>

#include "../../fs/node/node.h"
#include "../../fs/offload/offload.h"
#include "../../fs/share/share.h"
#include "../server.h"
#include "family.h"
#include "nl_file.h"

/* Bytes that one offload-fill may give. */
#define FILL_MAX	(16ULL << 20)

static_assert(DITTO_OFFLOAD_IS_RESIDENT == (int)DITTO_OFFLOAD_STATE_RESIDENT);
static_assert(DITTO_OFFLOAD_IS_PARTIAL == (int)DITTO_OFFLOAD_STATE_PARTIAL);
static_assert(DITTO_OFFLOAD_IS_OFFLOADED == (int)DITTO_OFFLOAD_STATE_OFFLOADED);
static_assert(DITTO_OFFLOAD_IS_RECALLING == (int)DITTO_OFFLOAD_STATE_RECALLING);
static_assert(DITTO_OFFLOAD_IS_IN_CONFLICT == (int)DITTO_OFFLOAD_STATE_CONFLICT);
static_assert(DITTO_OFFLOAD_REFUSE == (int)DITTO_OFFLOAD_DECISION_REFUSE);
static_assert(DITTO_OFFLOAD_OVERWRITE == (int)DITTO_OFFLOAD_DECISION_OVERWRITE);
static_assert(DITTO_OFFLOAD_KEEP_LOCAL == (int)DITTO_OFFLOAD_DECISION_KEEP_LOCAL);
static_assert(DITTO_OFFLOAD_HAS_NO_OBSTACLE == (int)DITTO_OFFLOAD_OBSTACLE_NONE);
static_assert(DITTO_OFFLOAD_IS_REMOTE == (int)DITTO_OFFLOAD_OBSTACLE_REMOTE);
static_assert(DITTO_OFFLOAD_IS_OVERLAY == (int)DITTO_OFFLOAD_OBSTACLE_OVERLAY);
static_assert(DITTO_OFFLOAD_HAS_NO_MOUNT == (int)DITTO_OFFLOAD_OBSTACLE_MOUNT);
static_assert(DITTO_OFFLOAD_HAS_NO_EVENTS == (int)DITTO_OFFLOAD_OBSTACLE_KERNEL);

static int offload_file_get(struct genl_info *info, struct ditto_nl_file *file)
{
	int err = ditto_nl_file_get(info, info->attrs[DITTO_A_OFFLOAD_PATH],
				    info->attrs[DITTO_A_OFFLOAD_SHARE], file);

	if (err)
		return err;
	if (S_ISREG(file->node->inode->i_mode))
		return 0;
	NL_SET_ERR_MSG(info->extack, "only regular files can be offloaded");
	ditto_nl_file_put(file);
	return -EINVAL;
}

static int offload_put(struct sk_buff *msg, const struct ditto_nl_file *file,
		       const struct ditto_offload_info *offload)
{
	const struct inode *inode = file->node->inode;

	if (nla_put_string(msg, DITTO_A_OFFLOAD_PATH, file->text) ||
	    nla_put_string(msg, DITTO_A_OFFLOAD_SHARE, file->share->name ?: "") ||
	    nla_put_u32(msg, DITTO_A_OFFLOAD_STATE, offload->state) ||
	    ditto_nl_put_u64(msg, DITTO_A_OFFLOAD_SIZE, offload->size) ||
	    ditto_nl_put_u64(msg, DITTO_A_OFFLOAD_CHANGE, offload->change) ||
	    ditto_nl_put_u64(msg, DITTO_A_OFFLOAD_FILE_ID, inode->i_ino) ||
	    nla_put_u32(msg, DITTO_A_OFFLOAD_GENERATION, inode->i_generation) ||
	    ditto_nl_put_u64(msg, DITTO_A_OFFLOAD_RESIDENT, offload->resident) ||
	    nla_put_u32(msg, DITTO_A_OFFLOAD_OBSTACLE, offload->obstacle))
		return -EMSGSIZE;
	if (!offload->cookie_len)
		return 0;
	return nla_put(msg, DITTO_A_OFFLOAD_COOKIE, offload->cookie_len, offload->cookie);
}

static int offload_reply(struct genl_info *info, const struct ditto_nl_file *file,
			 const struct ditto_offload_info *offload)
{
	size_t size = nla_total_size(strlen(file->text) + 1) +
		      nla_total_size(DITTO_SHARE_NAME_MAX + 1) +
		      7 * nla_total_size(sizeof(u64)) + nla_total_size(offload->cookie_len);
	struct sk_buff *msg;
	void *hdr;

	msg = ditto_nl_reply_new(info, size, &hdr);
	if (!msg)
		return -ENOMEM;
	if (offload_put(msg, file, offload)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

int ditto_nl_offload_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ditto_offload_info *offload;
	struct ditto_nl_file file;
	int err;

	err = offload_file_get(info, &file);
	if (err)
		return err;
	offload = kzalloc(sizeof(*offload), GFP_KERNEL);
	err = offload ? ditto_offload_get(file.node, offload) : -ENOMEM;
	if (!err)
		err = offload_reply(info, &file, offload);
	kfree(offload);
	ditto_nl_file_put(&file);
	return err;
}

static int offload_release(struct genl_info *info, const struct ditto_offload_release_args *args)
{
	struct ditto_nl_file file;
	int err;

	err = offload_file_get(info, &file);
	if (err)
		return err;
	err = ditto_offload_release(file.share, file.node, args, info->extack);
	ditto_nl_file_put(&file);
	return err;
}

int ditto_nl_offload_release_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ditto_offload_release_args args;

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_OFFLOAD_FILE_ID) ||
	    GENL_REQ_ATTR_CHECK(info, DITTO_A_OFFLOAD_GENERATION) ||
	    GENL_REQ_ATTR_CHECK(info, DITTO_A_OFFLOAD_CHANGE) ||
	    GENL_REQ_ATTR_CHECK(info, DITTO_A_OFFLOAD_SIZE) ||
	    GENL_REQ_ATTR_CHECK(info, DITTO_A_OFFLOAD_COOKIE)) {
		NL_SET_ERR_MSG(info->extack, "a release names the file, its state and its content");
		return -EINVAL;
	}
	args = (struct ditto_offload_release_args) {
		.ino = nla_get_u64(info->attrs[DITTO_A_OFFLOAD_FILE_ID]),
		.generation = nla_get_u32(info->attrs[DITTO_A_OFFLOAD_GENERATION]),
		.change = nla_get_u64(info->attrs[DITTO_A_OFFLOAD_CHANGE]),
		.size = nla_get_u64(info->attrs[DITTO_A_OFFLOAD_SIZE]),
		.cookie = nla_data(info->attrs[DITTO_A_OFFLOAD_COOKIE]),
		.cookie_len = nla_len(info->attrs[DITTO_A_OFFLOAD_COOKIE]),
	};
	return offload_release(info, &args);
}

int ditto_nl_offload_adopt_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ditto_offload_release_args args;

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_OFFLOAD_FILE_ID) ||
	    GENL_REQ_ATTR_CHECK(info, DITTO_A_OFFLOAD_GENERATION) ||
	    GENL_REQ_ATTR_CHECK(info, DITTO_A_OFFLOAD_SIZE) ||
	    GENL_REQ_ATTR_CHECK(info, DITTO_A_OFFLOAD_COOKIE)) {
		NL_SET_ERR_MSG(info->extack, "an adoption names the file and its content");
		return -EINVAL;
	}
	args = (struct ditto_offload_release_args) {
		.adopt = true,
		.ino = nla_get_u64(info->attrs[DITTO_A_OFFLOAD_FILE_ID]),
		.generation = nla_get_u32(info->attrs[DITTO_A_OFFLOAD_GENERATION]),
		.size = nla_get_u64(info->attrs[DITTO_A_OFFLOAD_SIZE]),
		.cookie = nla_data(info->attrs[DITTO_A_OFFLOAD_COOKIE]),
		.cookie_len = nla_len(info->attrs[DITTO_A_OFFLOAD_COOKIE]),
	};
	if (args.size > MAX_LFS_FILESIZE) {
		NL_SET_ERR_MSG(info->extack, "the size is too large for a file");
		return -EFBIG;
	}
	return offload_release(info, &args);
}

int ditto_nl_offload_fill_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *from_pos = info->attrs[DITTO_A_OFFLOAD_FD_OFFSET];
	struct ditto_offload_fill fill = {};
	int err;

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_OFFLOAD_RECALL) ||
	    GENL_REQ_ATTR_CHECK(info, DITTO_A_OFFLOAD_FD) ||
	    GENL_REQ_ATTR_CHECK(info, DITTO_A_OFFLOAD_OFFSET) ||
	    GENL_REQ_ATTR_CHECK(info, DITTO_A_OFFLOAD_LENGTH)) {
		NL_SET_ERR_MSG(info->extack, "data belongs to a recall and comes from a file");
		return -EINVAL;
	}
	fill.recall = nla_get_u64(info->attrs[DITTO_A_OFFLOAD_RECALL]);
	fill.pos = nla_get_u64(info->attrs[DITTO_A_OFFLOAD_OFFSET]);
	fill.count = nla_get_u64(info->attrs[DITTO_A_OFFLOAD_LENGTH]);
	fill.from_pos = from_pos ? nla_get_u64(from_pos) : 0;
	if (fill.count > FILL_MAX || fill.from_pos < 0) {
		NL_SET_ERR_MSG(info->extack, "at most 16 MiB of data is taken at once");
		return -EINVAL;
	}
	fill.from = fget(nla_get_u32(info->attrs[DITTO_A_OFFLOAD_FD]));
	if (!fill.from)
		return -EBADF;
	err = -EINVAL;
	if (S_ISREG(file_inode(fill.from)->i_mode) && fill.from->f_mode & FMODE_READ)
		err = ditto_offload_fill(ditto_server_of(genl_info_net(info)), &fill,
					 info->extack);
	else
		NL_SET_ERR_MSG(info->extack, "the data comes from a regular file");
	fput(fill.from);
	return err;
}

int ditto_nl_offload_recall_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *decision = info->attrs[DITTO_A_OFFLOAD_DECISION];
	struct ditto_nl_file file;
	int err;

	err = offload_file_get(info, &file);
	if (err)
		return err;
	err = ditto_offload_recall(file.node, decision ? nla_get_u32(decision) :
							 DITTO_OFFLOAD_REFUSE);
	ditto_nl_file_put(&file);
	return err;
}
