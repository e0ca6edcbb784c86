/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests to the helper about names and groups, and its answers. */
#ifndef _DITTO_NET_HELPER_NAMES_ASK_H
#define _DITTO_NET_HELPER_NAMES_ASK_H

#include <linux/in6.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include "token.h"
#include "upcall.h"

struct ditto_server;

/* Names kept of one address, and their total bytes with the terminating NULs. */
#define DITTO_NAMES_PER_HOST	32
#define DITTO_NAMES_BYTES	4096

/**
 * struct ditto_question - a question about a name, a group or a netgroup
 * @type: type of the request; it says which of the other members are used
 * @addr: address of the host, for host names and netgroups
 * @uid: uid, for the groups, the name and the SIDs of a user
 * @gid: gid, for the name of a group
 * @text: netgroup, name of a user or group, or SID as text; else the empty string
 * @asker: address of the client that needs the answer about a user, group or SID; all zeroes for
 *	the server itself; not a part of the question
 */
struct ditto_question {
	enum ditto_upcall_type type;
	struct in6_addr addr;
	kuid_t uid;
	kgid_t gid;
	const char *text;
	struct in6_addr asker;
};

/**
 * struct ditto_host_names - names of a host
 * @count: number of names
 * @bytes: bytes of @text
 * @text: the names in lower case, one after the other, each with its NUL
 */
struct ditto_host_names {
	unsigned int count;
	unsigned int bytes;
	char text[];
};

/**
 * struct ditto_said - an answer, to be freed with ditto_said_free()
 * @hosts: names of the address, which an answer about a netgroup may carry too; or NULL
 * @member: the host is in the netgroup
 * @ngroups: entries of @groups
 * @groups: groups of the user
 * @name: name of the user or group, or NULL
 * @uid: uid of the user with the name or SID, or invalid
 * @gid: gid of the group with the name or SID, or invalid
 * @token: SIDs of the user, or NULL
 * @sid: SID of the user or group, or NULL
 */
struct ditto_said {
	struct ditto_host_names *hosts;
	bool member;
	unsigned int ngroups;
	kgid_t *groups;
	char *name;
	kuid_t uid;
	kgid_t gid;
	struct ditto_token *token;
	u8 *sid;
};

/* names_ask.c */
void ditto_said_free(struct ditto_said *said);
struct ditto_host_names *ditto_host_names_make(const char *const *names, unsigned int count);
int ditto_names_ask(struct ditto_server *srv, const struct ditto_question *question,
		    const struct ditto_host_names *hosts, struct ditto_said *said);

typedef int (*ditto_names_ask_fn)(struct ditto_server *srv,
				  const struct ditto_question *question,
				  const struct ditto_host_names *hosts, struct ditto_said *said);

/* names.c */
void ditto_names_set_ask(struct ditto_server *srv, ditto_names_ask_fn ask);
unsigned int ditto_names_count(struct ditto_server *srv);
void ditto_names_age(struct ditto_server *srv, unsigned long age);

#endif
