/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The permanent netlink connections to ditto.ko. On one dittod is registered as the helper; the
 * other receives events, and notices when the module is loaded or unloaded. The connections
 * survive a reload of the module.
 *
 * To be used by the thread of the event loop.
 */
#ifndef _DITTOD_CHANNEL_H
#define _DITTOD_CHANNEL_H

#include "common/types.h"
#include "nl/nl.h"

struct channel;
struct upcall_services;

/**
 * struct channel_ops - callbacks to the owner
 * @up: ditto.ko was loaded, or events were lost: all state must be read again
 * @down: ditto.ko was unloaded
 * @protocol: a protocol module was loaded
 * @protocol_gone: a protocol module was unloaded, and its listeners went with it
 * @shares: a share was added or changed
 * @share_removed: a share was removed
 * @changed: a share, a listener or a setting was added, changed or removed
 * @registered: the server accepted dittod as its helper; passes the server's instance
 *	number, and its epoch or 0
 */
struct channel_ops {
	void (*up)(void *arg);
	void (*down)(void *arg);
	void (*protocol)(void *arg);
	void (*protocol_gone)(void *arg);
	void (*shares)(void *arg);
	void (*share_removed)(void *arg, const char *name);
	void (*changed)(void *arg);
	void (*registered)(void *arg, u64 instance, u64 epoch);
};

/*
 * Open the connections; @services processes requests of the kernel. Returns NULL and fills @why
 * on error. The caller keeps @services and @ops alive until channel_close().
 */
struct channel *channel_open(const struct upcall_services *services,
			     const struct channel_ops *ops, void *arg, struct why *why);
/* Close the connections and free @ch. */
void channel_close(struct channel *ch);
/* Return true if ditto.ko is loaded. */
bool channel_is_up(const struct channel *ch);
/*
 * Check whether ditto.ko is loaded, and register if it is new. The owner calls this periodically
 * while the module is not loaded.
 */
void channel_check(struct channel *ch);
/* Register again if the login mechanisms have changed since the last registration. */
void channel_hello(struct channel *ch);
/* The two descriptors, and the handlers to call when they are readable. */
int channel_helper_fd(const struct channel *ch);
int channel_events_fd(const struct channel *ch);
void channel_helper_ready(struct channel *ch);
void channel_events_ready(struct channel *ch);

#endif
