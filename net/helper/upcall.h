/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests to the helper in user space, over generic netlink.
 *
 * The helper registers its port; a request is sent to it with a number, a
 * type and a deadline, and its answer comes back as a command that carries
 * the number. No number is used twice, by this server or one before it, so
 * that an answer is only taken for its own request, and only from the helper
 * that it was sent to. Without a helper, or when it goes away, a request fails
 * at once; it never outlives its deadline.
 */
#ifndef _DITTO_NET_HELPER_UPCALL_H
#define _DITTO_NET_HELPER_UPCALL_H

#include <linux/types.h>

#include "../fairq.h"

struct ditto_server;
struct genl_info;
struct sk_buff;

/* A request may wait for its turn so many times as long as for its answer. */
#define DITTO_UPCALL_TURN_FACTOR	4

/* The values are those of the netlink enum "upcall-kind". */
enum ditto_upcall_type {
	DITTO_UPCALL_HOST_NAME,		/* address to names */
	DITTO_UPCALL_NETGROUP,		/* is a host (address, names) in a netgroup? */
	DITTO_UPCALL_GROUPS,		/* uid to groups */
	DITTO_UPCALL_RECORD_PUT,	/* kind, key, data: on disk when it answers */
	DITTO_UPCALL_RECORD_REMOVE,	/* kind, key */
	DITTO_UPCALL_RECORD_FORGET,	/* all of a kind that were put in lives before */
	DITTO_UPCALL_AUTH,		/* a token to the next one, or an identity */
	DITTO_UPCALL_AUTH_ABORT,	/* no answer */
	DITTO_UPCALL_PIPE_OPEN,		/* name and user to a number */
	DITTO_UPCALL_PIPE_CALL,		/* a message to what it answers */
	DITTO_UPCALL_PIPE_CLOSE,	/* no answer */
	DITTO_UPCALL_USER_NAME,		/* uid to name@domain */
	DITTO_UPCALL_GROUP_NAME,	/* gid to name@domain */
	DITTO_UPCALL_USER_ID,		/* and back */
	DITTO_UPCALL_GROUP_ID,
};

/**
 * struct ditto_upcall - what is asked
 * @type: see there
 * @size: bytes of the attributes that @put adds; 0 for up to 8 KiB
 * @put: adds the attributes of the request to the message; returns 0 or -EMSGSIZE
 * @got: reads the attributes of the answer, called in the context of the answering command;
 *	returns 0 or an error that ditto_upcall_ask() returns
 * @failed: the same for an answer with an error, whatever comes with it; NULL to read nothing
 * @arg: for all of them
 */
struct ditto_upcall {
	enum ditto_upcall_type type;
	size_t size;
	int (*put)(struct sk_buff *msg, void *arg);
	int (*got)(struct genl_info *info, void *arg);
	void (*failed)(struct genl_info *info, void *arg);
	void *arg;
};

/**
 * struct ditto_upcall_req - a request that no thread waits for
 * @what: what is asked; what its @arg points to stays until @done is called
 * @peer: on whose behalf, for the order in which requests are sent; all zeroes for the server's own
 * @user: any number that tells the users of a peer apart
 * @done: called once with the result, unless ditto_upcall_cancel() said otherwise; in process
 *	context, maybe before ditto_upcall_start() returns; must not wait; may free the request
 * @srv: here and below: net/helper/upcall.c's
 * @turn: in the queue of its kind
 * @portid: whom it was sent to
 * @id: in the table of those sent; 0 for none
 * @serial: the number that the helper is told: @id, and the helper's term before it
 * @cancelled: it is not to be sent any more; with the table's lock
 * @error: the helper's
 * @timer: its time is over
 */
struct ditto_upcall_req {
	struct ditto_upcall what;
	struct in6_addr peer;
	u64 user;
	void (*done)(struct ditto_upcall_req *ask, int err);
	struct ditto_server *srv;
	struct ditto_fair_turn turn;
	u32 portid;
	u32 id;
	u64 serial;
	bool cancelled;
	int error;
	struct delayed_work timer;
};

/**
 * ditto_upcall_start - ask the helper, and do not wait
 * @srv: the server
 * @ask: with @what, @peer, @user and @done
 *
 * Requests of a kind (logins, pipes, hosts, accounts) are sent in turns, round robin over
 * peers and then users. @done gets what ditto_upcall() returns, with -EBUSY for a request of
 * a peer with many that made room for another peer's, and -ECANCELED instead of -EINTR.
 *
 * Context: process; does not wait.
 */
void ditto_upcall_start(struct ditto_server *srv, struct ditto_upcall_req *ask);
/*
 * Give a request up that was started. True if @done will not be called; false if it was or
 * will be, soon, maybe with -ECANCELED. Process context.
 */
bool ditto_upcall_cancel(struct ditto_upcall_req *ask);

/**
 * ditto_upcall_ask - ask the helper and wait
 * @srv: the server
 * @call: what
 * @peer: on whose behalf, as in struct ditto_upcall_req; NULL for the server's own
 *
 * Not for threads that serve clients: those use ditto_upcall_start().
 *
 * Context: may sleep, at most 5 times the upcall setting; killable.
 * Return: as ditto_upcall().
 */
int ditto_upcall_ask(struct ditto_server *srv, const struct ditto_upcall *call,
		     const struct in6_addr *peer);

/**
 * ditto_upcall_tell - tell the helper something that has no answer
 * @srv: the server
 * @type: what is told
 * @put: adds the attributes to the message, at most 256 bytes; returns 0 or -EMSGSIZE
 * @arg: for @put
 *
 * It may be lost if the helper does not keep up.
 *
 * Context: process; does not wait.
 */
void ditto_upcall_tell(struct ditto_server *srv, enum ditto_upcall_type type,
		       int (*put)(struct sk_buff *msg, void *arg), void *arg);

/**
 * ditto_upcall - ask the helper and wait
 * @srv: the server
 * @type: what is asked
 * @put: adds the attributes of the request to the message; returns 0 or -EMSGSIZE
 * @got: reads the attributes of the answer, called in the context of the
 *	answering command; returns 0 or an error that ditto_upcall() returns
 * @arg: for both
 *
 * Context: may sleep, at most 5 times the upcall setting; killable.
 * Return: 0; the helper's error (-ENOENT: there is no such thing);
 * -ECONNREFUSED without a helper (logged once until one comes);
 * -ETIMEDOUT; -EBUSY; -EINTR; -ENOMEM.
 */
int ditto_upcall(struct ditto_server *srv, enum ditto_upcall_type type,
		 int (*put)(struct sk_buff *msg, void *arg),
		 int (*got)(struct genl_info *info, void *arg), void *arg);

/* The helper's commands: it is here, it answers, it went (netlink release). */
int ditto_upcall_register(struct ditto_server *srv, u32 portid);
int ditto_upcall_reply(struct ditto_server *srv, struct genl_info *info);
void ditto_upcall_portid_gone(struct ditto_server *srv, u32 portid);

/*
 * Which requests the helper understands, a bit for each value of enum ditto_upcall_type; others
 * fail with -EOPNOTSUPP. 0, or -ECONNREFUSED if it went.
 */
int ditto_upcall_kinds_set(struct ditto_server *srv, u32 portid, u64 kinds);

/*
 * What the helper says for a server that speaks first. It is kept until that helper goes; @len 0
 * for nothing. 0, -ENOMEM, or -ECONNREFUSED if it went.
 */
int ditto_upcall_hello_set(struct ditto_server *srv, u32 portid, const void *hello, size_t len);
/* A copy, kvmalloc()ed; NULL with @len 0 if it said nothing. 0, -ENOMEM, -ECONNREFUSED. */
int ditto_upcall_hello(struct ditto_server *srv, void **hello, size_t *len);

/* Is a helper registered? */
bool ditto_upcall_has_helper(struct ditto_server *srv);
/* The server is going: requests that wait fail, and no new one is taken. */
void ditto_upcalls_stop(struct ditto_server *srv);

int ditto_upcalls_init(struct ditto_server *srv);
void ditto_upcalls_exit(struct ditto_server *srv);

#endif
