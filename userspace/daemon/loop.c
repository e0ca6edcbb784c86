// SPDX-License-Identifier: GPL-2.0-only
/* Event loop: one thread that waits for many descriptors. */

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "loop.h"
#include "pool.h"

static void loop_reap(void *arg)
{
	pool_reap(arg);
}

struct source loop_pool(struct pool *pool)
{
	return (struct source){ pool_fd(pool), loop_reap, pool, 0 };
}

int loop_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* A file that may not grow any more is an error of one request: EFBIG. */
	signal(SIGXFSZ, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int loop_run(struct source *sources, unsigned int n, const bool *stop)
{
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event;
	unsigned int i;
	int rc = 0;

	if (ep < 0)
		return -errno;
	for (i = 0; i < n && !rc; i++) {
		event.events = sources[i].events ? sources[i].events : EPOLLIN;
		event.data.ptr = &sources[i];
		if (epoll_ctl(ep, EPOLL_CTL_ADD, sources[i].fd, &event))
			rc = -errno;
	}
	while (!rc && !*stop) {
		const struct source *s;

		if (epoll_wait(ep, &event, 1, -1) != 1)
			continue;
		s = event.data.ptr;
		s->ready(s->arg);
	}
	close(ep);
	return rc;
}
