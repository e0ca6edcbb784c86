// SPDX-License-Identifier: GPL-2.0-only
/* Netlink operations of the helper on files whose content is to be scanned. */
#include <linux/file.h>
#include <linux/fs.h>
#include <net/genetlink.h>

#include "../../fs/op/scan.h"
#include "../helper/upcall.h"
#include "../server.h"
#include "family.h"

static int scan_reply(struct genl_info *info, int fd)
{
	struct sk_buff *msg;
	void *hdr;

	msg = ditto_nl_reply_new(info, nla_total_size(sizeof(u32)), &hdr);
	if (!msg)
		return -ENOMEM;
	if (nla_put_u32(msg, DITTO_A_SCAN_FD, fd)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

int ditto_nl_scan_open_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ditto_server *srv = ditto_server_of(genl_info_net(info));
	struct file *file;
	int fd, err;

	/* The file is open past its permissions. */
	if (!ditto_upcall_is_helper(srv))
		return -EPERM;
	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_SCAN_NUMBER))
		return -EINVAL;
	file = ditto_scan_open(srv, nla_get_u64(info->attrs[DITTO_A_SCAN_NUMBER]));
	if (!file)
		return -ENOENT;
	/* Sent by the task that is to have the file: requests are not deferred to another one. */
	fd = get_unused_fd_flags(O_CLOEXEC);
	err = fd < 0 ? fd : scan_reply(info, fd);
	if (!err) {
		fd_install(fd, file);
		return 0;
	}
	if (fd >= 0)
		put_unused_fd(fd);
	fput(file);
	return err;
}

int ditto_nl_scan_forget_doit(struct sk_buff *skb, struct genl_info *info)
{
	ditto_scan_forget(ditto_server_of(genl_info_net(info)));
	return 0;
}
