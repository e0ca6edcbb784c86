// SPDX-License-Identifier: GPL-2.0-only
/* Netlink messages of the kernel: requests to the helper, and what is listed by the tool. */
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/genl/genl.h>

#include "nl/listener.h"
#include "nl/share.h"
#include "auth/auth_call.h"
#include "rpc/pipe_call.h"
#include "daemon/upcall.h"
#include "nl/nl.h"

/* A message with these attributes. */
static struct nl_msg *message_of_bytes(u8 cmd, const u8 *data, size_t len)
{
	struct conn c = { .family = 0x20 };
	struct nl_msg *msg = conn_message(&c, cmd);
	void *room = nlmsg_reserve(msg, len, NLMSG_ALIGNTO);

	if (!room) {
		nlmsg_free(msg);
		return NULL;
	}
	memcpy(room, data, len);
	return msg;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	static struct upcall u;
	static struct record_upcall record;
	struct nl_msg *msg;

	if (len < 1 || len > 2048)
		return 0;
	msg = message_of_bytes(data[0], data + 1, len - 1);
	if (!msg)
		return 0;
	memset(&u, 0, sizeof(u));
	upcall_parse(&u, msg, 1000);
	memset(&record, 0, sizeof(record));
	upcall_parse_record(&record, msg, 1000);
	share_free(share_from_msg(msg));
	nlmsg_free(msg);
	return 0;
}
