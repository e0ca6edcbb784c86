/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Communication with ditto.ko over generic netlink.
 *
 * A connection makes one request at a time and waits for its answer; it is used by one thread at a
 * time. The family is found by listing all families: a look-up by name would make the kernel load
 * ditto.ko again right after an administrator removed it.
 */
#ifndef _DITTO_NL_H
#define _DITTO_NL_H

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "common/spec.h"
#include "common/text.h"

/* Error of calls, negated, if ditto.ko is not loaded. */
#define CONN_NOT_LOADED	ENOPKG
/* Error of calls, negated, if ditto.ko has another version of the protocol. */
#define CONN_OTHER_VERSION	EPROTO

/*
 * Bytes of the longest list in a message, which is one attribute, as in the kernel. A longer
 * attribute would be left out by libnl.
 */
#define NEST_BYTES_MAX	(UINT16_MAX - 256)

struct nl_sock;

/**
 * struct conn - a connection to the kernel
 * @sock: the socket
 * @family: number of the family "ditto"; 0 until it was found
 * @events: number of its multicast group "events"
 * @dump_max: most messages of a dump that are kept; 0 for all
 * @why: the last error as text
 * @warning: message of the kernel for a request that succeeded, or empty
 */
struct conn {
	struct nl_sock *sock;
	int family;
	int events;
	unsigned int dump_max;
	struct why why;
	struct why warning;
};

/**
 * struct replies - messages that answer a dump
 * @msg: the messages in the order of arrival
 * @count: entries of @msg
 */
struct replies {
	struct nl_msg **msg;
	unsigned int count;
};

/**
 * struct extack - the kernel's report about a failed request
 * @msg: text, or NULL
 * @attr: attribute that the error is about, or NULL
 * @missing: @attr is missing rather than wrong
 */
struct extack {
	const char *msg;
	const struct spec_attr *attr;
	bool missing;
};

/* Open a socket. Returns 0 or a negative errno. The family need not exist yet. */
int conn_open(struct conn *c);
void conn_close(struct conn *c);
/* Make the buffers of a socket as long, as far as the caller may, in bytes. */
void conn_set_buffers(struct conn *c, int receive, int send);
/* Find the family. Returns 0, -CONN_NOT_LOADED, -CONN_OTHER_VERSION or another negative errno. */
int conn_find_family(struct conn *c);
/* Create a message for a command; never NULL. */
struct nl_msg *conn_message(const struct conn *c, u8 cmd);
/* Create a message for a command that is answered only on error; never NULL. */
struct nl_msg *conn_notice(const struct conn *c, u8 cmd);

/**
 * conn_call - make a request and wait until it is done
 * @c: the connection
 * @msg: the request; freed
 * @reply: filled with the answer, to be freed with nlmsg_free(), or with NULL if there was none;
 *	may be NULL
 *
 * Return: 0, or a negative errno with the text in @c->why.
 */
int conn_call(struct conn *c, struct nl_msg *msg, struct nl_msg **reply);

/* Dump all objects. Returns 0 or a negative errno. The caller calls replies_free() on @out. */
int conn_dump(struct conn *c, u8 cmd, struct replies *out);
/* Like conn_dump(), with a request to which @put adds attributes. */
int conn_dump_some(struct conn *c, u8 cmd, void (*put)(struct nl_msg *msg, const void *arg),
		   const void *arg, struct replies *out);
/* Free the messages of a dump. */
void replies_free(struct replies *r);

/* Send a message without waiting for an answer. Returns 0 or a negative errno. */
int conn_post(struct conn *c, struct nl_msg *msg);

/* Parse the attributes of a message by number. Returns 0 or a negative errno. */
int msg_parse(struct nl_msg *msg, const struct spec_set *set, struct nlattr **tb);

/* Read a number attribute of any width. */
u64 msg_number(const struct spec_attr *attr, const struct nlattr *nla);
/* Add a number attribute in its width. */
void msg_put_number(struct nl_msg *msg, const struct spec_set *set, unsigned int type,
		    u64 value);
/* Add a binary attribute. */
void msg_put(struct nl_msg *msg, unsigned int type, const void *data, size_t len);
/* End a list, also an empty one. One that is longer than NEST_BYTES_MAX ends the program, too. */
void msg_end_list(struct nl_msg *msg, struct nlattr *list);
void msg_put_string(struct nl_msg *msg, unsigned int type, const char *text);

/**
 * extack_read - parse an error message of the kernel
 * @answer: complete message of type NLMSG_ERROR
 * @request: the request, in which the attribute is found by its offset
 * @set: attributes of @request
 * @out: filled; points into @answer and @set
 */
void extack_read(const struct nlmsghdr *answer, struct nlmsghdr *request,
		 const struct spec_set *set, struct extack *out);
/* Format an error as text. */
void extack_words(const struct extack *ack, int error, struct why *why);

#endif
