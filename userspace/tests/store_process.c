// SPDX-License-Identifier: GPL-2.0-only
/* ditto-offload, and its channel; see store_process.h. */

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "store_process.h"

/* No answer takes so long, in ms. */
#define ANSWER_MAX	60000

char store_process_told[OFFLOAD_TEXT_MAX + 1];

bool store_process_hear(int channel, struct offload_msg *msg, u8 *packet, int *fd)
{
	struct pollfd p = { .fd = channel, .events = POLLIN };

	do {
		if (poll(&p, 1, ANSWER_MAX) != 1 || offload_msg_receive(channel, msg, packet, fd))
			return false;
		if (msg->type == OFFLOAD_TOLD)
			snprintf(store_process_told, sizeof(store_process_told), "%.*s",
				 (int)msg->text_len, msg->text);
	} while (msg->type == OFFLOAD_TOLD);
	return true;
}

int store_process_start(pid_t *pid)
{
	u8 packet[OFFLOAD_PACKET_MAX];
	struct offload_msg msg;
	int pair[2], fd;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -1;
	*pid = fork();
	if (!*pid) {
		/* The duplicate is kept over exec, unless it is the same descriptor. */
		if (pair[1] == OFFLOAD_FD)
			fcntl(OFFLOAD_FD, F_SETFD, 0);
		else
			dup2(pair[1], OFFLOAD_FD);
		execl("./ditto-offload", "ditto-offload", NULL);
		_exit(127);
	}
	close(pair[1]);
	if (store_process_hear(pair[0], &msg, packet, &fd) && msg.type == OFFLOAD_HELLO &&
	    msg.number == OFFLOAD_VERSION)
		return pair[0];
	close(pair[0]);
	return -1;
}
