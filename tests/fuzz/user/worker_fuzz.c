// SPDX-License-Identifier: GPL-2.0-only
/* Packets of workers, which a client or a name server may have taken over. */
#include <stdlib.h>
#include <string.h>

#include "worker/worker_msg.h"

/* A decoded packet fits its fields, so encoding it gives the same bytes. */
int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	static u8 packet[WORKER_PACKET_MAX];
	static struct worker_msg msg;
	struct sid_list sids = { 0 };

	memset(&msg, 0, sizeof(msg));
	if (!worker_msg_decode(&msg, data, len))
		return 0;
	if (worker_msg_encode(&msg, packet) != len || memcmp(packet, data, len))
		abort();
	if (sid_list_get(&sids, msg.sids, msg.sids_len) && sid_list_size(&sids) > msg.sids_len)
		abort();
	sid_list_clear(&sids);
	return 0;
}
