// SPDX-License-Identifier: GPL-2.0-only
/* Descriptors that are passed with messages; see pass.h. */

#include <string.h>
#include <unistd.h>

#include "pass.h"

void pass_put(struct msghdr *h, union pass_room *room, int fd)
{
	if (fd < 0)
		return;
	memset(room, 0, sizeof(*room));
	h->msg_control = room;
	h->msg_controllen = CMSG_SPACE(sizeof(int));
	room->header.cmsg_level = SOL_SOCKET;
	room->header.cmsg_type = SCM_RIGHTS;
	room->header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&room->header), &fd, sizeof(int));
}

void pass_take(struct msghdr *h, int *fd)
{
	struct cmsghdr *c;
	size_t i, n;
	int got;

	for (c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&got, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (*fd < 0)
				*fd = got;
			else
				close(got);
		}
	}
}
