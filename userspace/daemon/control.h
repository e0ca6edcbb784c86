/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Orders to dittod: to apply the configuration, to read it again, to stop. This part decides when
 * the configuration is applied and when that is retried, and tells dittoctl and the service manager
 * what came of it.
 *
 * To be used by the thread of the event loop.
 */
#ifndef _DITTOD_CONTROL_H
#define _DITTOD_CONTROL_H

#include "common/types.h"
#include "loop.h"
#include "broker/offload.h"

struct channel;
struct config;
struct config_file;
struct control;
struct kernel;
struct pool;
struct problems;
struct recorder;
struct state;

/**
 * struct control_means - what the configuration is applied with
 * @st: the objects that dittod owns; used only by the job that applies the configuration
 * @kernel: used by jobs of @applier only
 * @applier: pool of one thread, with room for the job
 * @channel: connections to the kernel
 * @recorder: the records, which a server gets when its shares exist
 * @state_dir: folder of the state
 */
struct control_means {
	struct state *st;
	struct kernel *kernel;
	struct pool *applier;
	struct channel *channel;
	struct recorder *recorder;
	const char *state_dir;
};

/*
 * Read the configuration for the first time. Returns NULL after the reasons were logged. @file
 * stays the caller's, and as it is.
 */
struct control *control_new(const struct config_file *file);
/* The configuration that is applied now, until the next control_apply(). */
const struct config *control_config(const struct control *c);
/* Tell dittoctl that dittod runs, and apply the configuration once ditto.ko is loaded. */
void control_begin(struct control *c, const struct control_means *with);
/*
 * Tell dittoctl what is wrong with the files of [tls], or with NULL that nothing is any more.
 * Allowed before control_begin().
 */
void control_tell_tls(struct control *c, const char *problem);
/*
 * Tell dittoctl that the keys of the keytab are wrong, or that this is not known, and why; or with
 * NULL that they are good. Allowed before control_begin().
 */
void control_tell_keytab(struct control *c, bool wrong, const char *why);
/* Tell dittoctl which shares have a path that leads elsewhere; replaces what it knew before. */
void control_tell_covered(struct control *c, const struct problems *covered);
/*
 * Tell dittoctl which object stores were asked, why they do not answer or get nothing, and what
 * their buckets are like; replaces what it knew before. Allowed before control_begin().
 */
void control_tell_stores(struct control *c, const struct offload_told *told);
/* dittod ends: remove the status, and close the state unless it is in use. */
void control_end(struct control *c);

/*
 * Read the file again. Returns its configuration, which the next control_apply() uses, or NULL if
 * it has mistakes: they are reported, and the configuration before it stays.
 */
const struct config *control_read(struct control *c);
/* Apply the configuration, now or as soon as the present run has ended. ditto.ko is loaded. */
void control_apply(struct control *c);
/*
 * Compare the kernel with the configuration and tell dittoctl; after each change, and now and
 * then.
 */
void control_look(struct control *c);
/* Apply nothing more until the file is read again. */
void control_stop(struct control *c);

/* ditto.ko was loaded, or it was unloaded. */
void control_up(struct control *c);
void control_down(struct control *c);
/* A protocol module was unloaded; its listeners are added again when it returns. */
void control_protocol_gone(struct control *c);
/* The server @instance gets its records when its shares exist, or after some seconds. */
void control_hold_records(struct control *c, u64 instance);

/* Two timers for the event loop. */
struct source control_timer_source(struct control *c);
struct source control_retry_source(struct control *c);

#endif
