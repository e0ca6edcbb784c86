// SPDX-License-Identifier: GPL-2.0-only
/* Data that is given to the kernel. */

#include "nl/conns.h"
#include "ditto-nl-gen.h"
#include "offload_private.h"

static struct nl_msg *kernel_fill_message(const struct conn *c, const void *arg)
{
	struct nl_msg *msg = conn_message(c, DITTO_CMD_OFFLOAD_FILL);
	const struct offload_data *data = arg;

	msg_put_number(msg, &spec_offload_set, DITTO_A_OFFLOAD_RECALL, data->recall);
	msg_put_number(msg, &spec_offload_set, DITTO_A_OFFLOAD_FD, (u64)data->fd);
	msg_put_number(msg, &spec_offload_set, DITTO_A_OFFLOAD_FD_OFFSET, data->start);
	msg_put_number(msg, &spec_offload_set, DITTO_A_OFFLOAD_OFFSET, data->offset);
	msg_put_number(msg, &spec_offload_set, DITTO_A_OFFLOAD_LENGTH, data->length);
	return msg;
}

int offload_kernel_fill(struct conns *conns, const struct offload_data *data, struct why *why)
{
	return conns_call(conns, kernel_fill_message, data, why);
}
