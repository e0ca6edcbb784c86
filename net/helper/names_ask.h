/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Questions about names and groups as the helper gets them, and its answers.
 */
#ifndef _DITTO_NET_HELPER_NAMES_ASK_H
#define _DITTO_NET_HELPER_NAMES_ASK_H

#include <linux/in6.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include "upcall.h"

struct ditto_server;

/* Names of one address that are kept, and their bytes, ends included. */
#define DITTO_NAMES_PER_HOST	32
#define DITTO_NAMES_BYTES	4096

/**
 * struct ditto_question - what is asked
 * @type: which of the others count
 * @addr: of the host, for host names and netgroups
 * @uid: for groups, and for a user's name
 * @gid: for a group's name
 * @text: the netgroup, or the name of a user or group; else empty
 */
struct ditto_question {
	enum ditto_upcall_type type;
	struct in6_addr addr;
	kuid_t uid;
	kgid_t gid;
	const char *text;
};

/**
 * struct ditto_host_names - names of a host
 * @count: how many
 * @bytes: of @text
 * @text: lower case, one after the other, each with its end
 */
struct ditto_host_names {
	unsigned int count;
	unsigned int bytes;
	char text[];
};

/**
 * struct ditto_said - an answer, to be freed with ditto_said_free()
 * @hosts: names of the address; an answer about a netgroup may bring them too; or NULL
 * @member: the host is in the netgroup
 * @ngroups: entries of @groups
 * @groups: of the user
 * @name: of the user or group; or NULL
 * @uid: of the user with the name
 * @gid: of the group with the name
 */
struct ditto_said {
	struct ditto_host_names *hosts;
	bool member;
	unsigned int ngroups;
	kgid_t *groups;
	char *name;
	kuid_t uid;
	kgid_t gid;
};

void ditto_said_free(struct ditto_said *said);

/* Names from an array of strings, in lower case; NULL without memory. */
struct ditto_host_names *ditto_host_names_make(const char *const *names, unsigned int count);

/**
 * ditto_names_ask - ask the helper
 * @srv: the server
 * @question: see there
 * @hosts: names of the address that are known, for a netgroup; or NULL
 * @said: filled on success
 *
 * Context: may sleep, at most the upcall setting.
 * Return: 0, -ENOENT (the helper says that there is no such thing) or what
 * else ditto_upcall() returns.
 */
int ditto_names_ask(struct ditto_server *srv, const struct ditto_question *question,
		    const struct ditto_host_names *hosts, struct ditto_said *said);

typedef int (*ditto_names_ask_fn)(struct ditto_server *srv,
				  const struct ditto_question *question,
				  const struct ditto_host_names *hosts, struct ditto_said *said);

#if IS_ENABLED(CONFIG_KUNIT)
/* Put another in the place of ditto_names_ask(); and how many answers are kept. */
void ditto_names_set_ask(struct ditto_server *srv, ditto_names_ask_fn ask);
unsigned int ditto_names_count(struct ditto_server *srv);
#endif

#endif
