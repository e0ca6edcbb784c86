// SPDX-License-Identifier: GPL-2.0-only
/* Connections over which threads give data to the kernel. */

#include <stdlib.h>

#include "common/conns.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "offload_private.h"

/**
 * struct offload_kernel - the connections
 * @conns: those of the threads
 */
struct offload_kernel {
	struct conns *conns;
};

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

int offload_kernel_fill(struct offload_kernel *k, const struct offload_data *data,
			struct why *why)
{
	return conns_call(k->conns, kernel_fill_message, data, why);
}

struct offload_kernel *offload_kernel_new(unsigned int threads)
{
	struct offload_kernel *k = mem_new(sizeof(*k));

	k->conns = conns_new(threads);
	return k;
}

void offload_kernel_free(struct offload_kernel *k)
{
	conns_free(k->conns);
	free(k);
}
