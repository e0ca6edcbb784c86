// SPDX-License-Identifier: GPL-2.0-only
/* Messages on their way to dittod. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "out.h"

/**
 * struct out_item - a message that waits
 * @list: entry in struct out's list
 * @msg: the message
 * @text: its text, or NULL
 * @fd: its descriptor, or -1
 */
struct out_item {
	STAILQ_ENTRY(out_item) list;
	struct offload_msg msg;
	char *text;
	int fd;
};

void out_init(struct out *o, int fd)
{
	o->fd = fd;
	o->broken = false;
	STAILQ_INIT(&o->waiting);
}

static void out_keep(struct out *o, const struct offload_msg *msg, int pass)
{
	struct out_item *item = mem_new(sizeof(*item));

	item->msg = *msg;
	item->fd = pass < 0 ? -1 : fcntl(pass, F_DUPFD_CLOEXEC, 0);
	if (pass >= 0 && item->fd < 0) {
		/* Bytes that cannot be sent would be missed for ever. */
		o->broken = true;
	}
	if (msg->text_len) {
		item->text = mem_new(msg->text_len);
		memcpy(item->text, msg->text, msg->text_len);
		item->msg.text = item->text;
	}
	STAILQ_INSERT_TAIL(&o->waiting, item, list);
}

void out_send(struct out *o, const struct offload_msg *msg, int pass)
{
	int rc = -EAGAIN;

	if (STAILQ_EMPTY(&o->waiting))
		rc = offload_msg_send(o->fd, msg, pass);
	if (rc == -EAGAIN || rc == -ETOOMANYREFS)
		out_keep(o, msg, pass);
	else if (rc)
		o->broken = true;
}

void out_send_failed(struct out *o, u64 id, int error, const char *text)
{
	struct offload_msg msg = { .type = OFFLOAD_FAILED, .id = id, .error = (u64)error,
				   .text = text, .text_len = strlen(text) };

	out_send(o, &msg, -1);
}

void out_flush(struct out *o)
{
	struct out_item *item;
	int rc = 0;

	while (!rc && (item = STAILQ_FIRST(&o->waiting))) {
		rc = offload_msg_send(o->fd, &item->msg, item->fd);
		if (rc == -EAGAIN || rc == -ETOOMANYREFS)
			return;
		STAILQ_REMOVE_HEAD(&o->waiting, list);
		if (item->fd >= 0)
			close(item->fd);
		free(item->text);
		free(item);
	}
	if (rc)
		o->broken = true;
}

bool out_waits(const struct out *o)
{
	return !STAILQ_EMPTY(&o->waiting);
}
