/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The broker of offloaded data, between the kernel, dittoctl and the store process.
 *
 * dittod starts the process ditto-offload, which alone talks with object stores, and gives it the
 * stores of the configuration. Requests of the kernel for data become fetches: threads of a pool
 * give the parts that arrive to the kernel, so the event loop does not wait for a file system.
 * Uploads are requested by dittoctl over a socket that is for root only.
 *
 * If the process ends, another one is started after a pause that grows. Fetches then are repeated
 * once; uploads fail.
 *
 * To be used by the thread of the event loop only.
 */
#ifndef _DITTOD_OFFLOAD_H
#define _DITTOD_OFFLOAD_H

#include "daemon/loop.h"
#include "daemon/problems.h"

struct config;
struct conn;
struct nl_msg;
struct offload;

/**
 * struct offload_told - what is known of stores, each with its name
 * @stores: those that were asked, and why they cannot be used, which is empty if they answer
 * @buckets: what their buckets are like
 * @refusals: why nothing is uploaded to one that answers
 */
struct offload_told {
	struct problems stores;
	struct problems buckets;
	struct problems refusals;
};

/**
 * offload_new - create a broker, which does nothing yet
 * @spawner: see worker_spawner_program()
 * @socket_path: where dittoctl finds it
 * @state_dir: folder with the id of this server
 *
 * Return: the broker, or NULL with errno set.
 */
struct offload *offload_new(int spawner, const char *socket_path, const char *state_dir);
/* End all requests and the store process. NULL is allowed. */
void offload_free(struct offload *o);

/*
 * Use the stores of a configuration, and read their files with secrets. The process runs as long
 * as there are stores. Errors are logged; requests for the store then fail with the same text.
 */
void offload_configure(struct offload *o, const struct config *cfg);

/*
 * Have stores asked from time to time whether they answer, and @tell called when that or what is
 * known of them changes. To be called before the first configuration.
 */
void offload_tell_stores(struct offload *o,
			 void (*tell)(void *arg, const struct offload_told *told), void *arg);

/* Source of the event loop for all that the broker has to do. */
struct source offload_source(struct offload *o);

/* Take the kernel's request for a part of a file. The answer is sent on @channel. */
void offload_take(struct offload *o, struct conn *channel, struct nl_msg *msg);

/* The kernel module is gone: nobody waits for data any more. */
void offload_gone(struct offload *o);

#endif
