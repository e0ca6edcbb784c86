/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The standing connections to ditto.ko: one on which we are its helper, one
 * that hears its events and whether it is loaded at all. When the module goes
 * and comes again, so do they.
 */
#ifndef _DITTOD_CHANNEL_H
#define _DITTOD_CHANNEL_H

#include "common/types.h"
#include "nl.h"

struct channel;
struct upcall_services;

/**
 * struct channel_ops - what the owner wants to know
 * @up: ditto.ko is there, new to us; or events were lost
 * @down: ditto.ko is gone
 * @protocol: a protocol was loaded
 * @registered: the server took us as its helper; its instance, and its epoch or 0
 */
struct channel_ops {
	void (*up)(void *arg);
	void (*down)(void *arg);
	void (*protocol)(void *arg);
	void (*registered)(void *arg, u64 instance, u64 epoch);
};

/* Open; @services works on the requests of the kernel. NULL and @why on error. */
struct channel *channel_open(const struct upcall_services *services,
			     const struct channel_ops *ops, void *arg, struct why *why);
void channel_close(struct channel *ch);
/* Is ditto.ko there? */
bool channel_is_up(const struct channel *ch);
/* Look whether it is, to be called now and then while it is not. */
void channel_check(struct channel *ch);
/* Register again if the ways to log in are others than before. */
void channel_hello(struct channel *ch);
/* The two descriptors, and what to do when they are readable. */
int channel_helper_fd(const struct channel *ch);
int channel_events_fd(const struct channel *ch);
void channel_helper_ready(struct channel *ch);
void channel_events_ready(struct channel *ch);

#endif
