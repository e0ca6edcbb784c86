/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of hosts, by /etc/hosts and the DNS, without waiting: many questions are under
 * way at once, so one that nobody answers keeps no other one waiting. Answers are kept
 * for a short time, and so is that there is none.
 *
 * This is what the host worker does; dittod asks it by hosts.h. To be used by one thread.
 */
#ifndef _DITTOD_RESOLVER_H
#define _DITTOD_RESOLVER_H

#include "nss.h"

struct resolver;

/* Files that answers depend on; NULL ends them. */
extern const char *const resolver_files[];

/**
 * struct host_lookup - a question for the names of an address
 * @addr: the address
 * @names: filled with those that resolve back to it
 * @done: takes the answer; may be called before resolver_submit() returns; may free this
 * @error: 0, -ENOENT (there is no such name), -EAGAIN (no name server says so)
 * @id: number, and
 * @until: by clock_ms(), when the worker is taken for dead: both of hosts.c
 * @next: the resolver's
 */
struct host_lookup {
	struct address addr;
	struct nss_names *names;
	void (*done)(struct host_lookup *l);
	int error;
	u64 id;
	u64 until;
	struct host_lookup *next;
};

/*
 * @servers: "192.0.2.1:53,..."; NULL for those of resolv.conf(5), if nsswitch.conf(5) has "dns"
 * or "resolve" for hosts. NULL and errno on error.
 */
struct resolver *resolver_new(const char *servers);
/* Those that still wait are told -EAGAIN. */
void resolver_free(struct resolver *r);

/**
 * resolver_submit - look an address up
 * @r: the resolver
 * @l: question
 *
 * A name that does not resolve back to the address is whatever the owner of the address
 * wrote into the DNS, so it does not count.
 */
void resolver_submit(struct resolver *r, struct host_lookup *l);

/* False if another resolver, of another process, may do better than this one. */
bool resolver_is_well(const struct resolver *r);

/* Forget all answers. */
void resolver_forget(struct resolver *r);

/* Readable when resolver_ready() has something to do. */
int resolver_fd(const struct resolver *r);
void resolver_ready(struct resolver *r);

#endif
