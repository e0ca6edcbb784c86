/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Non-blocking look-up of host names in /etc/hosts and the DNS. Many queries may be pending, so a
 * query without a reply delays no other. Answers are cached for a short time, negative ones
 * included.
 *
 * Runs in the host worker; dittod uses it through hosts.h. To be used by one thread.
 */
#ifndef _DITTOD_RESOLVER_H
#define _DITTOD_RESOLVER_H

#include "identity/nss.h"

struct resolver;

/* Files that answers depend on; ends with NULL. */
extern const char *const resolver_files[];

/**
 * struct host_lookup - look-up of the names of an address
 * @addr: the address
 * @names: filled with the names that resolve back to @addr
 * @done: called with the answer, possibly before resolver_submit() returns; may free the look-up
 * @error: 0, -ENOENT (there is no such name), -EAGAIN (no name server answered)
 * @id: number of the look-up; used by hosts.c
 * @until: when the worker is considered dead, by clock_ms(); used by hosts.c
 * @next: used by the resolver
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
 * Create a resolver. @servers is "192.0.2.1:53,..."; NULL selects the servers of resolv.conf(5),
 * if nsswitch.conf(5) lists "dns" or "resolve" for hosts. Returns NULL and sets errno on error.
 */
struct resolver *resolver_new(const char *servers);
/* Free the resolver. Pending look-ups end with -EAGAIN. */
void resolver_free(struct resolver *r);

/**
 * resolver_submit - look up an address
 * @r: the resolver
 * @l: the look-up, which must live until its @done is called
 *
 * A name that does not resolve back to the address is ignored: the owner of the address can put
 * any name into the DNS.
 */
void resolver_submit(struct resolver *r, struct host_lookup *l);

/*
 * Return false if a new process could do better, because a file that answers depend on was moved
 * out of reach of this process's sandbox.
 */
bool resolver_is_well(const struct resolver *r);

/* Discard all cached answers. */
void resolver_forget(struct resolver *r);

/* The descriptor is readable when resolver_ready() has work. */
int resolver_fd(const struct resolver *r);
void resolver_ready(struct resolver *r);

#endif
