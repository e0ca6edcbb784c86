/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptors that are passed with messages over a socket of this machine; see unix(7). */
#ifndef _DITTO_PASS_H
#define _DITTO_PASS_H

#include <sys/socket.h>

/* Descriptors that are taken from one message, so that surplus ones can be closed. */
#define PASS_MAX	4

/* Room for the descriptors of a message. */
union pass_room {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(PASS_MAX * sizeof(int))];
};

/* Attach @fd to a message that is to be sent; nothing if it is negative. @room is overwritten. */
void pass_put(struct msghdr *h, union pass_room *room, int fd);
/* Set @fd, if it is negative, to the first descriptor of a received message; close all others. */
void pass_take(struct msghdr *h, int *fd);

#endif
