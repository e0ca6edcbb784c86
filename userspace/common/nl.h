/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Talking with ditto.ko over generic netlink.
 *
 * A connection makes one request after the other and waits for each answer;
 * it is used by one thread at a time. The family is looked up by listing all
 * families: asking for it by name would make the kernel load ditto.ko again
 * right after an administrator removed it.
 */
#ifndef _DITTO_NL_H
#define _DITTO_NL_H

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "family.h"
#include "spec.h"
#include "text.h"

/* What calls return, negative, when ditto.ko is not there. */
#define CONN_NOT_LOADED	ENOPKG
/* And when it speaks another version of the protocol. */
#define CONN_OTHER_VERSION	EPROTO

struct nl_sock;

/**
 * struct conn - a connection to the kernel
 * @sock: the socket
 * @family: number of the family "ditto"; 0 until found
 * @events: number of its group "events"
 * @features: what the family knows, if it was asked
 * @has_features: it was
 * @why: the last error in words
 * @warning: what the kernel said although it did as asked; empty for nothing
 */
struct conn {
	struct nl_sock *sock;
	int family;
	int events;
	struct features features;
	bool has_features;
	struct why why;
	struct why warning;
};

/**
 * struct replies - messages that answer a dump
 * @msg: in the order they came
 * @count: how many
 */
struct replies {
	struct nl_msg **msg;
	unsigned int count;
};

/**
 * struct extack - what the kernel says about a failed request beyond its errno
 * @msg: a sentence, or NULL
 * @attr: the attribute it is about, or NULL
 * @missing: @attr is not wrong but missing
 */
struct extack {
	const char *msg;
	const struct spec_attr *attr;
	bool missing;
};

/* Open a socket. 0 or a negative errno. The family may be missing still. */
int conn_open(struct conn *c);
void conn_close(struct conn *c);
/* Look the family up. 0, -CONN_NOT_LOADED, -CONN_OTHER_VERSION, or another negative errno. */
int conn_find_family(struct conn *c);
/* Ask what the family knows, once. NULL if it does not say. */
const struct features *conn_features(struct conn *c);

/* A message for a command; never NULL. */
struct nl_msg *conn_message(const struct conn *c, u8 cmd);
/* The same, answered only if it is refused. */
struct nl_msg *conn_notice(const struct conn *c, u8 cmd);

/**
 * conn_call - make one request and wait until it is done
 * @c: the connection
 * @msg: the request; freed
 * @reply: receives the answer, to be freed with nlmsg_free(), or NULL if
 *	there was none; may be NULL
 *
 * Return: 0 or a negative errno; @c->why then says it in words.
 */
int conn_call(struct conn *c, struct nl_msg *msg, struct nl_msg **reply);

/* List all objects; free @out with replies_free(). 0 or a negative errno. */
int conn_dump(struct conn *c, u8 cmd, struct replies *out);
/* The same of what @put asks for by attributes of the request. */
int conn_dump_some(struct conn *c, u8 cmd, void (*put)(struct nl_msg *msg, const void *arg),
		   const void *arg, struct replies *out);
void replies_free(struct replies *r);

/* Send a message without waiting for anything. 0 or a negative errno. */
int conn_post(struct conn *c, struct nl_msg *msg);

/* Attributes of a message by number. 0 or a negative errno. */
int msg_parse(struct nl_msg *msg, const struct spec_set *set, struct nlattr **tb);

/* Numbers of any width as one; only for number attributes. */
u64 msg_number(const struct spec_attr *attr, const struct nlattr *nla);
/* Add a number in the width the attribute has. */
void msg_put_number(struct nl_msg *msg, const struct spec_set *set, unsigned int type,
		    u64 value);
/* Add bytes. */
void msg_put(struct nl_msg *msg, unsigned int type, const void *data, size_t len);
void msg_put_string(struct nl_msg *msg, unsigned int type, const char *text);

/**
 * extack_read - find what an error message says
 * @answer: of type NLMSG_ERROR, complete
 * @request: what was asked, to find the attribute in
 * @set: whose attributes @request has
 * @out: filled; points into @answer and @set
 */
void extack_read(const struct nlmsghdr *answer, struct nlmsghdr *request,
		 const struct spec_set *set, struct extack *out);
/* An error in words. */
void extack_words(const struct extack *ack, int error, struct why *why);

#endif
