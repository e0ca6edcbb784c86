/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages on their way to dittod, which may be slow to read them. */
#ifndef _DITTO_OFFLOAD_OUT_H
#define _DITTO_OFFLOAD_OUT_H

#include <sys/queue.h>

#include "msg.h"

struct out_item;

/**
 * struct out - messages to dittod
 * @fd: the socket
 * @waiting: those that the socket did not take yet
 * @broken: dittod has ended
 */
struct out {
	STAILQ_HEAD(, out_item) waiting;
	int fd;
	bool broken;
};

/* Begin to send on a socket. */
void out_init(struct out *o, int fd);
/* Send a message, now or later. @pass, a descriptor or -1, stays the caller's. */
void out_send(struct out *o, const struct offload_msg *msg, int pass);
/* Send OFFLOAD_FAILED. */
void out_send_failed(struct out *o, u64 id, int error, const char *text);
/* Send what waits, as far as the socket takes it. */
void out_flush(struct out *o);
/* Return whether messages wait until the socket can be written to. */
bool out_waits(const struct out *o);

#endif
