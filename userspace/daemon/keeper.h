/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeps a worker of one kind running, as far as that is possible, and lends its
 * channels to threads. A worker that ends, says what makes no sense or does not answer
 * fails the work it was busy with, and is replaced by another one, after pauses that grow.
 */
#ifndef _DITTOD_KEEPER_H
#define _DITTOD_KEEPER_H

#include <pthread.h>

#include "common/types.h"
#include "worker.h"
#include "worker_msg.h"

/**
 * struct crew - a worker's sockets
 * @control: for what is not an answer to work
 * @channel: for work
 * @busy: which of them are in use, or were and got no answer in time
 * @taken: when each was last taken into use, in ms
 * @heard: when work was last answered, in ms
 * @late: how many of @channel got no answer in time
 * @users: threads that use it, and one for being the present one
 * @hellos: that it may still send
 * @dead: it is of no more use
 */
struct crew {
	int control;
	int channel[WORKER_CHANNELS];
	bool busy[WORKER_CHANNELS];
	u64 taken[WORKER_CHANNELS];
	u64 heard;
	unsigned int late;
	unsigned int users;
	unsigned int hellos;
	bool dead;
};

/**
 * struct keeper_ops - what kinds of workers differ in
 * @kind: the spawner's word for it
 * @name: for people, "login worker"
 * @work: for people, "logins"
 * @begin: says the first words to a new worker and counts its hellos; 0 or a negative errno.
 *	NULL if there is nothing to say and one hello to come
 * @hello: a worker said hello; may be NULL
 * @heard: it said something else on its control socket; false if that makes no sense. NULL for
 *	workers that say nothing there
 * @lost: it is of no more use, and another one is about to be started; may be NULL
 *
 * All are called with the keeper's lock held.
 */
struct keeper_ops {
	enum worker_kind kind;
	const char *name;
	const char *work;
	int (*begin)(void *arg, struct crew *crew);
	void (*hello)(void *arg, const struct worker_msg *msg);
	bool (*heard)(void *arg, const struct worker_msg *msg);
	void (*lost)(void *arg);
};

/**
 * struct keeper - of one kind
 * @lock: guards all of this, crews included, but not what goes over their sockets; a socket
 *	of a channel is used by the thread that made it busy; those of a worker are closed
 *	when the last thread has left it
 * @freed: a channel is
 * @ops: of the kind
 * @arg: for @ops
 * @spawner: socket for orders
 * @file: see worker_spawner_order()
 * @poll: watches the present worker's control socket
 * @crew: the present worker; NULL while there is none
 * @started: when the present worker was, in ms
 * @pause: before the next one is, in ms
 * @met: some worker said hello
 * @packet: for messages on the control socket
 */
struct keeper {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	const struct keeper_ops *ops;
	void *arg;
	int spawner;
	int file;
	int poll;
	struct crew *crew;
	u64 started;
	u64 pause;
	bool met;
	u8 packet[WORKER_PACKET_MAX];
};

/* Fill a keeper, and start its first worker. 0 or a negative errno. */
int keeper_open(struct keeper *k, const struct keeper_ops *ops, void *arg, int spawner, int file);
/* Wait until the first worker said hello; false if it did not. */
bool keeper_wait(struct keeper *k);
void keeper_close(struct keeper *k);

/**
 * keeper_get - wait for a channel
 * @k: the keeper
 * @crew: filled with the worker
 *
 * A worker that was just lost is replaced after a short pause, and waited for.
 *
 * Return: the number of the channel, -1 if there is no worker.
 */
int keeper_get(struct keeper *k, struct crew **crew);

/**
 * keeper_put - a channel is not used any more
 * @k: the keeper
 * @crew: from keeper_get()
 * @channel: from keeper_get()
 * @rc: if not 0, the worker is of no more use for this reason; after -ETIMEDOUT it is of
 *	some as long as it answers on other channels
 */
void keeper_put(struct keeper *k, struct crew *crew, int channel, int rc);

/* Tell the present worker what has no answer; if it does not keep up it is lost. */
void keeper_tell(struct keeper *k, const struct worker_msg *msg);

/**
 * keeper_ask - tell the present worker what it answers on its control socket
 * @k: the keeper
 * @msg: the question
 *
 * A worker that was lost is replaced, if it is time for another one. Does not block.
 *
 * Return: 0, -ESRCH (there is no worker), -EAGAIN (it does not keep up), another negative errno.
 */
int keeper_ask(struct keeper *k, const struct worker_msg *msg);

/* The present worker is of no more use, for this reason. */
void keeper_give_up(struct keeper *k, int rc);

/* In words that go on "the worker ...". */
const char *keeper_failure(int rc);

/* Readable when keeper_ready() has something to do. */
int keeper_fd(const struct keeper *k);
void keeper_ready(struct keeper *k);

#endif
