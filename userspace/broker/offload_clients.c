// SPDX-License-Identifier: GPL-2.0-only
/* Connections of dittoctl: uploads of files, and the state of the stores. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "config/config.h"
#include "daemon/log.h"
#include "mem.h"
#include "object/owner_text.h"
#include "offload_private.h"
#include "pass.h"

/* Most connections. Each push of dittoctl has up to 200, for small files. */
#define CLIENTS_MAX	420
/* Connections that are served before others get their turn. */
#define TURN		64

/**
 * struct client - a connection
 * @task: its upload
 * @next: next connection
 * @fd: the socket, or -1 once it is closed
 * @busy: @task is in the queue
 * @file: the file, until it was passed on, or -1
 * @listed: entries of a list that were sent; the others wait until the client has read some
 * @waits: that is so
 * @request: its request
 */
struct client {
	struct offload_task task;
	struct client *next;
	int fd;
	bool busy;
	int file;
	unsigned int listed;
	bool waits;
	struct offload_ctl_request request;
};

/**
 * struct offload_clients - all connections
 * @path: path of the socket
 * @poll: epoll descriptor that watches @listener and all connections
 * @listener: the socket that dittoctl connects to
 * @first: first connection
 * @n: number of connections
 */
struct offload_clients {
	char *path;
	int poll;
	int listener;
	struct client *first;
	unsigned int n;
};

static struct client *client_of(struct offload_task *task)
{
	return (struct client *)((char *)task - offsetof(struct client, task));
}

static void client_close_file(struct client *c)
{
	if (c->file >= 0)
		close(c->file);
	c->file = -1;
}

static void client_free(struct offload *o, struct client *c)
{
	struct client **link = &o->clients->first;

	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	o->clients->n--;
	client_close_file(c);
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

/* The connection is closed: an upload ends, and then the client is freed. */
static void client_drop(struct offload *o, struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	if (c->busy)
		offload_cancel(o, &c->task);
	else
		client_free(o, c);
}

/* Send an answer. A client that does not read loses its connection, but not its progress. */
static bool client_send(const struct client *c, const void *answer, size_t len)
{
	return c->fd >= 0 && send(c->fd, answer, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
}

static bool client_send_file(const struct client *c, const void *answer, size_t len, int fd)
{
	union pass_room room;
	struct iovec iov = { (void *)answer, len };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

	pass_put(&h, &room, fd);
	return c->fd >= 0 && sendmsg(c->fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
}

static bool client_fail(const struct client *c, u32 error, const char *store, const char *text)
{
	struct offload_ctl_failure answer = { .type = OFFLOAD_CTL_FAILED,
					      .version = OFFLOAD_CTL_VERSION, .error = error };

	snprintf(answer.store, sizeof(answer.store), "%s", store);
	snprintf(answer.text, sizeof(answer.text), "%s", text);
	return client_send(c, &answer, sizeof(answer));
}

static int push_send(struct offload *o, struct offload_task *task)
{
	struct offload_msg msg = { .type = OFFLOAD_PUSH, .id = task->id };
	struct client *c = client_of(task);
	int rc;

	snprintf(msg.store, sizeof(msg.store), "%s", task->store);
	rc = offload_msg_send(o->process, &msg, c->file);
	/* While it is open here, its blocks cannot be released. */
	if (!rc)
		client_close_file(c);
	return rc;
}

/*
 * A file is released only into the bucket that this server will look for. The record has its UUID
 * on the fourth line. Returns false and fills @why if the file has to stay.
 */
static bool push_is_known(struct offload *o, const char *store, const struct offload_msg *msg,
			  struct why *why)
{
	const char *known = offload_known_uuid(o->known, store);
	char text[OFFLOAD_COOKIE_MAX + 1], *rest = text, *uuid = NULL;
	int line;

	snprintf(text, sizeof(text), "%.*s", (int)msg->cookie_len, (const char *)msg->cookie);
	for (line = 0; line < 4 && rest; line++)
		uuid = strsep(&rest, "\n");
	if (line < 4 || !uuid || !store_uuid_is_good(uuid))
		return why_not(why, "the store process has not told which bucket it is");
	if (known[0] && strcmp(known, uuid))
		return why_not(why,
			       "another bucket has taken the place of the one that it was uploaded to");
	return offload_store_know(o, store, uuid, why);
}

static void push_failed(struct offload *o, struct offload_task *task, u32 error,
			const char *text);

static bool push_heard(struct offload *o, struct offload_task *task,
		       const struct offload_msg *msg, int fd)
{
	struct offload_store *s = offload_store_find(o, task->store);
	struct client *c = client_of(task);
	struct why why;
	struct offload_ctl_push answer = {
		.type = OFFLOAD_CTL_PROGRESS, .version = OFFLOAD_CTL_VERSION,
		.done = msg->type == OFFLOAD_PUSHED ? msg->size : msg->done,
		.uploaded = msg->uploaded, .deduplicated = msg->deduplicated,
		.requests = msg->requests,
	};

	if (fd >= 0)
		close(fd);
	snprintf(answer.store, sizeof(answer.store), "%s", task->store);
	if (msg->type == OFFLOAD_PROGRESS) {
		client_send(c, &answer, sizeof(answer));
		return true;
	}
	if (msg->type != OFFLOAD_PUSHED || !msg->cookie_len)
		return false;
	if (!push_is_known(o, task->store, msg, &why)) {
		push_failed(o, task, ESTALE, why.text);
		return true;
	}
	answer.type = OFFLOAD_CTL_DONE;
	answer.cookie_len = (u32)msg->cookie_len;
	memcpy(answer.cookie, msg->cookie, msg->cookie_len);
	if (s)
		s->pushed += msg->size;
	c->busy = false;
	if (!client_send(c, &answer, sizeof(answer)))
		client_drop(o, c);
	return true;
}

static void push_failed(struct offload *o, struct offload_task *task, u32 error,
			const char *text)
{
	struct client *c = client_of(task);

	c->busy = false;
	client_close_file(c);
	if (c->fd >= 0) {
		log_error("share %s: %s: cannot be offloaded to store %s: %s", c->request.share,
			  c->request.path, task->store, text);
		offload_store_failed(o, task->store, text);
	}
	if (!client_fail(c, error, task->store, text))
		client_drop(o, c);
}

static const struct offload_task_ops push_ops = {
	.send = push_send,
	.heard = push_heard,
	.failed = push_failed,
};

static int order_send(struct offload *o, struct offload_task *task)
{
	static const u32 types[] = {
		[OFFLOAD_CTL_LIST] = OFFLOAD_LIST,
		[OFFLOAD_CTL_READ] = OFFLOAD_READ,
		[OFFLOAD_CTL_DELETE] = OFFLOAD_DELETE,
		[OFFLOAD_CTL_REKEY] = OFFLOAD_REKEY,
		[OFFLOAD_CTL_KEEP] = OFFLOAD_KEEP,
		[OFFLOAD_CTL_OWN] = OFFLOAD_OWN,
		[OFFLOAD_CTL_COLLECT] = OFFLOAD_COLLECT,
	};
	const struct client *c = client_of(task);
	struct offload_msg msg = { .type = types[c->request.type], .id = task->id,
				   .text = c->request.path, .text_len = strlen(c->request.path) };

	snprintf(msg.store, sizeof(msg.store), "%s", task->store);
	return offload_msg_send(o->process, &msg, c->file);
}

static bool order_heard(struct offload *o, struct offload_task *task,
			const struct offload_msg *msg, int fd)
{
	struct client *c = client_of(task);
	struct offload_ctl_object answer = {
		.type = OFFLOAD_CTL_OBJECT, .version = OFFLOAD_CTL_VERSION,
		.size = msg->type == OFFLOAD_LISTED || msg->type == OFFLOAD_COLLECTED ?
			msg->number : msg->size,
		.requests = msg->requests, .more = msg->done != 0,
		.has_file = fd >= 0,
	};
	bool good = msg->type == OFFLOAD_LISTED || msg->type == OFFLOAD_OBJECT ||
		    msg->type == OFFLOAD_DELETED || msg->type == OFFLOAD_REKEYED ||
		    msg->type == OFFLOAD_KEPT || msg->type == OFFLOAD_OWNED ||
		    msg->type == OFFLOAD_COLLECTED;

	if (good) {
		c->busy = false;
		if (!client_send_file(c, &answer, sizeof(answer), fd))
			client_drop(o, c);
	}
	if (fd >= 0)
		close(fd);
	return good;
}

/* Whoever gave the order reports the error. */
static void order_failed(struct offload *o, struct offload_task *task, u32 error,
			 const char *text)
{
	struct client *c = client_of(task);

	c->busy = false;
	if (!client_fail(c, error, task->store, text))
		client_drop(o, c);
}

static const struct offload_task_ops order_ops = {
	.send = order_send,
	.heard = order_heard,
	.failed = order_failed,
};

bool offload_store_is_taken(const struct offload *o, const char *name)
{
	const struct client *c;

	for (c = o->clients->first; c; c = c->next)
		if (c->busy && c->request.type == OFFLOAD_CTL_OWN &&
		    !strcmp(c->request.store, name) &&
		    !strncmp(c->request.path, OWNER_TAKE_UUID, strlen(OWNER_TAKE_UUID)))
			return true;
	return false;
}

static bool client_order(struct offload *o, struct client *c)
{
	if (c->request.type != OFFLOAD_CTL_KEEP && c->request.type != OFFLOAD_CTL_COLLECT)
		client_close_file(c);
	c->task.ops = &order_ops;
	snprintf(c->task.store, sizeof(c->task.store), "%s", c->request.store);
	c->busy = true;
	offload_submit(o, &c->task);
	return true;
}

/* The text is "OFFSET LENGTH\nCOOKIE". Returns false if it is not. */
static bool content_parse(const char *text, struct offload_msg *msg)
{
	const char *cookie = strchr(text, '\n');
	const char *end = cookie ? strchr(cookie + 1, '\n') : NULL;
	unsigned long long offset, length;
	int used = 0;

	if (!end || sscanf(text, "%llu %llu%n", &offset, &length, &used) != 2 ||
	    text + used != cookie++ || (size_t)(end - cookie) > OFFLOAD_STORE_MAX)
		return false;
	msg->offset = offset;
	msg->length = length;
	msg->cookie_len = strlen(cookie);
	if (msg->cookie_len > sizeof(msg->cookie))
		return false;
	memcpy(msg->cookie, cookie, msg->cookie_len);
	snprintf(msg->store, sizeof(msg->store), "%.*s", (int)(end - cookie), cookie);
	return true;
}

static int content_send(struct offload *o, struct offload_task *task)
{
	struct offload_msg msg = { .type = OFFLOAD_FETCH, .id = task->id };

	content_parse(client_of(task)->request.path, &msg);
	return offload_msg_send(o->process, &msg, -1);
}

static bool content_heard(struct offload *o, struct offload_task *task,
			  const struct offload_msg *msg, int fd)
{
	struct client *c = client_of(task);
	const struct offload_ctl_data data = {
		.type = OFFLOAD_CTL_DATA, .version = OFFLOAD_CTL_VERSION,
		.offset = msg->offset, .length = msg->length, .start = msg->start,
	};
	const struct offload_ctl_object end = { .type = OFFLOAD_CTL_OBJECT,
						.version = OFFLOAD_CTL_VERSION };

	if (msg->type == OFFLOAD_DATA && fd >= 0) {
		/* Those who do not read what they asked for never hear of the end. */
		client_send_file(c, &data, sizeof(data), fd);
		close(fd);
		return true;
	}
	if (fd >= 0)
		close(fd);
	if (msg->type == OFFLOAD_PROGRESS)
		return true;
	if (msg->type != OFFLOAD_FETCHED)
		return false;
	c->busy = false;
	if (!client_send(c, &end, sizeof(end)))
		client_drop(o, c);
	return true;
}

static const struct offload_task_ops content_ops = {
	.send = content_send,
	.heard = content_heard,
	.failed = order_failed,
};

static bool client_fetch(struct offload *o, struct client *c)
{
	struct offload_msg msg = { 0 };

	client_close_file(c);
	if (!content_parse(c->request.path, &msg))
		return client_fail(c, EINVAL, "", "this names no content");
	c->task.ops = &content_ops;
	snprintf(c->task.store, sizeof(c->task.store), "%s", msg.store);
	c->busy = true;
	offload_submit(o, &c->task);
	return true;
}

unsigned int offload_pushes(const struct offload *o, const char *store)
{
	return offload_count(o, &push_ops, store);
}

/* The store that a share names, or the only one. Returns false and fills @why if there is none. */
static bool push_find_store(const struct offload *o, const struct client *c, const char **name,
			    struct why *why)
{
	const struct config *cfg = o->cfg;
	int place;

	*name = c->request.store;
	if (**name)
		return true;
	place = cfg ? share_place(cfg->shares, cfg->nshares, c->request.share) : -1;
	if (place >= 0)
		*name = cfg->shares[place]->offload_store;
	if (*name && **name)
		return true;
	if (cfg && cfg->nstores == 1) {
		*name = cfg->stores[0]->name;
		return true;
	}
	return why_not(why, cfg && cfg->nstores ?
		       "there are several stores, and [share %s] has no offload-store" :
		       "there is no [store NAME] in the configuration", c->request.share);
}

static bool client_push(struct offload *o, struct client *c)
{
	const char *store;
	struct stat st;
	struct why why;

	if (c->file < 0 || fstat(c->file, &st) || !S_ISREG(st.st_mode))
		return client_fail(c, EINVAL, "", "this is no regular file");
	if (!push_find_store(o, c, &store, &why))
		return client_fail(c, ENOENT, "", why.text);
	c->task.ops = &push_ops;
	snprintf(c->task.store, sizeof(c->task.store), "%s", store);
	c->busy = true;
	offload_submit(o, &c->task);
	return true;
}

/* Whether small files share objects in a store, or in all of them if the name is "". */
static bool store_packs(const struct config *cfg, const char *name)
{
	unsigned int i;

	for (i = 0; cfg && i < cfg->nstores; i++)
		if ((!*name || !strcmp(name, cfg->stores[i]->name)) && !cfg->stores[i]->packing)
			return false;
	return true;
}

/*
 * Wait until the client has read some of a list, or for its next request. Returns false if the
 * connection is to be closed.
 */
static bool client_wait(struct offload *o, struct client *c, bool wait)
{
	struct epoll_event event = { .events = wait ? EPOLLOUT : EPOLLIN, .data.ptr = c };

	if (c->waits == wait)
		return true;
	c->waits = wait;
	return !epoll_ctl(o->clients->poll, EPOLL_CTL_MOD, c->fd, &event);
}

/* What could not be sent is sent later, unless the connection has ended. */
static bool client_send_rest(struct offload *o, struct client *c)
{
	return errno == EAGAIN && client_wait(o, c, true);
}

static bool client_end_list(struct offload *o, struct client *c)
{
	const struct offload_ctl_store end = { .type = OFFLOAD_CTL_DONE,
					       .version = OFFLOAD_CTL_VERSION };

	if (!client_send(c, &end, sizeof(end)))
		return client_send_rest(o, c);
	c->listed = 0;
	return client_wait(o, c, false);
}

static bool client_status(struct offload *o, struct client *c)
{
	struct offload_ctl_store answer;

	for (; c->listed < o->nstores; c->listed++) {
		const struct offload_store *s = o->stores[c->listed];

		if (!s->text && (!o->cfg || !config_store(o->cfg, s->name)))
			continue;
		answer = (struct offload_ctl_store){
			.type = OFFLOAD_CTL_STORE, .version = OFFLOAD_CTL_VERSION,
			.running = s->ready, .starts = o->starts,
			.pushes = offload_pushes(o, s->name),
			.fetches = offload_fetches(o, s->name),
			.packing = store_packs(o->cfg, s->name),
			.pushed = s->pushed, .fetched = s->fetched, .errors = s->errors,
			.bucket = s->bucket,
		};
		snprintf(answer.bucket.uuid, sizeof(answer.bucket.uuid), "%s",
			 offload_known_uuid(o->known, s->name));
		snprintf(answer.name, sizeof(answer.name), "%s", s->name);
		snprintf(answer.where, sizeof(answer.where), "%s", s->where);
		snprintf(answer.error, sizeof(answer.error), "%s", s->why[0] ? s->why : s->error);
		if (!client_send(c, &answer, sizeof(answer)))
			return client_send_rest(o, c);
	}
	return client_end_list(o, c);
}

static bool client_policies(struct offload *o, struct client *c)
{
	struct offload_policy policy;

	for (; o->cfg && c->listed < o->cfg->npolicies; c->listed++) {
		policy = o->cfg->policies[c->listed];
		policy.packing = store_packs(o->cfg, policy.store);
		if (!client_send(c, &policy, sizeof(policy)))
			return client_send_rest(o, c);
	}
	return client_end_list(o, c);
}

static bool client_schedule(struct offload *o, struct client *c)
{
	struct offload_schedule schedule;

	if (!o->cfg)
		return false;
	config_schedule(o->cfg, &schedule);
	return client_send(c, &schedule, sizeof(schedule)) || client_send_rest(o, c);
}

/* Tell about the shares with local snapshots. */
static bool client_shares(struct offload *o, struct client *c)
{
	/* An empty list would be taken for a success. */
	if (!o->cfg)
		return false;
	for (; c->listed < o->cfg->nshares; c->listed++) {
		const struct share *s = o->cfg->shares[c->listed];
		struct offload_ctl_share answer = {
			.type = OFFLOAD_CTL_SHARE, .version = OFFLOAD_CTL_VERSION,
		};

		if (!s->snapshot_keep[0].period)
			continue;
		snprintf(answer.share, sizeof(answer.share), "%s", s->name);
		memcpy(answer.keep, s->snapshot_keep, sizeof(answer.keep));
		if (!client_send(c, &answer, sizeof(answer)))
			return client_send_rest(o, c);
	}
	return client_end_list(o, c);
}

/* Receive a request, with the descriptor of a file or without. Returns false if it has none. */
static bool client_receive(struct client *c)
{
	union pass_room room;
	struct iovec iov = { &c->request, sizeof(c->request) };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &room,
			    .msg_controllen = sizeof(room) };
	ssize_t len = recvmsg(c->fd, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (len >= 0)
		pass_take(&h, &c->file);
	return len == sizeof(c->request) && !(h.msg_flags & MSG_TRUNC) &&
	       c->request.version == OFFLOAD_CTL_VERSION &&
	       memchr(c->request.store, 0, sizeof(c->request.store)) &&
	       memchr(c->request.share, 0, sizeof(c->request.share)) &&
	       memchr(c->request.path, 0, sizeof(c->request.path));
}

/* Begin with a request. Returns false if the connection is to be closed. */
static bool client_take(struct offload *o, struct client *c)
{
	switch (c->request.type) {
	case OFFLOAD_CTL_PUSH:
		return client_push(o, c);
	case OFFLOAD_CTL_STATUS:
		return client_status(o, c);
	case OFFLOAD_CTL_POLICIES:
		return client_policies(o, c);
	case OFFLOAD_CTL_SCHEDULE:
		return client_schedule(o, c);
	case OFFLOAD_CTL_SHARES:
		return client_shares(o, c);
	case OFFLOAD_CTL_LIST:
	case OFFLOAD_CTL_READ:
	case OFFLOAD_CTL_DELETE:
	case OFFLOAD_CTL_REKEY:
	case OFFLOAD_CTL_KEEP:
	case OFFLOAD_CTL_OWN:
	case OFFLOAD_CTL_COLLECT:
		return client_order(o, c);
	case OFFLOAD_CTL_FETCH:
		return client_fetch(o, c);
	default:
		return false;
	}
}

static void client_ready(struct offload *o, struct client *c)
{
	char byte;

	/* While a request runs, only the end of the connection is expected. */
	if (c->busy) {
		if (recv(c->fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN)
			return;
		client_drop(o, c);
		return;
	}
	if ((!c->waits && !client_receive(c)) || !client_take(o, c))
		client_drop(o, c);
}

static void clients_accept(struct offload_clients *all)
{
	struct epoll_event event = { .events = EPOLLIN };
	socklen_t len = sizeof(struct ucred);
	struct ucred peer;
	struct client *c;
	int fd = accept4(all->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	/* The mode of the socket allows nobody else, either. */
	if (all->n >= CLIENTS_MAX || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) ||
	    (peer.uid && peer.uid != geteuid())) {
		close(fd);
		return;
	}
	c = mem_new(sizeof(*c));
	c->fd = fd;
	c->file = -1;
	event.data.ptr = c;
	if (epoll_ctl(all->poll, EPOLL_CTL_ADD, fd, &event)) {
		close(fd);
		free(c);
		return;
	}
	c->next = all->first;
	all->first = c;
	all->n++;
}

int offload_clients_fd(const struct offload_clients *c)
{
	return c->poll;
}

void offload_clients_ready(struct offload *o)
{
	struct offload_clients *all = o->clients;
	struct epoll_event event;
	unsigned int turn;

	/* One at a time, because a handler may free other clients. */
	for (turn = 0; turn < TURN; turn++) {
		if (epoll_wait(all->poll, &event, 1, 0) != 1)
			break;
		if (event.data.ptr)
			client_ready(o, event.data.ptr);
		else
			clients_accept(all);
	}
}

/* The folder is there under a service manager, and made by others, too. */
static void clients_make_folder(const char *socket_path)
{
	char *folder = mem_string(socket_path);
	char *slash = strrchr(folder, '/');

	if (slash && slash > folder) {
		*slash = '\0';
		mkdir(folder, 0755);
	}
	free(folder);
}

struct offload_clients *offload_clients_new(const char *socket_path)
{
	struct offload_clients *all = mem_new(sizeof(*all));
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct epoll_event event = { .events = EPOLLIN };

	all->path = mem_string(socket_path);
	all->poll = epoll_create1(EPOLL_CLOEXEC);
	all->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", socket_path);
	clients_make_folder(socket_path);
	unlink(socket_path);
	/* The file has this mode as soon as it exists. */
	if (all->poll < 0 || all->listener < 0 || fchmod(all->listener, 0600) ||
	    bind(all->listener, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(all->listener, CLIENTS_MAX) ||
	    epoll_ctl(all->poll, EPOLL_CTL_ADD, all->listener, &event)) {
		log_error("%s: %s: dittoctl cannot offload files", socket_path, strerror(errno));
		if (all->listener >= 0)
			close(all->listener);
		all->listener = -1;
	}
	if (all->poll >= 0)
		return all;
	free(all->path);
	free(all);
	return NULL;
}

void offload_clients_free(struct offload *o)
{
	struct offload_clients *all = o->clients;

	if (!all)
		return;
	while (all->first)
		client_drop(o, all->first);
	if (all->listener >= 0) {
		close(all->listener);
		unlink(all->path);
	}
	close(all->poll);
	free(all->path);
	free(all);
}
