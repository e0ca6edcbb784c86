/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeps one worker of a kind running, and lends its channels to threads. If a worker ends, sends
 * an invalid message or does not answer, its pending work fails and another worker is started.
 * The pause between two starts grows.
 *
 * All functions are thread-safe, except supervisor_open() and supervisor_close().
 */
#ifndef _DITTOD_SUPERVISOR_H
#define _DITTOD_SUPERVISOR_H

#include <pthread.h>

#include "common/types.h"
#include "worker.h"
#include "worker_msg.h"

/**
 * struct worker_socks - sockets of one worker
 * @control: for messages that are not work
 * @channel: for work
 * @busy: true for channels that a thread uses, or that did not answer in time
 * @taken: when each channel was last lent, in ms
 * @heard: when work was last answered, in ms
 * @late: number of channels that did not answer in time
 * @users: number of threads that use the worker, plus one while it is the present worker
 * @hellos: number of HELLO messages that it may still send
 * @dead: the worker has failed
 */
struct worker_socks {
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
 * struct supervisor_ops - properties of a kind of worker
 * @kind: name of the kind for the spawner
 * @name: name for log messages, "login worker"
 * @work: name of its work for log messages, "logins"
 * @begin: sends the first messages to a new worker and counts the HELLOs it will send;
 *	returns 0 or a negative errno. NULL if there is nothing to send and one HELLO is
 *	expected
 * @hello: called for each HELLO; may be NULL
 * @heard: called for any other message on the control socket; returns false if the message
 *	is invalid. NULL for kinds that send none
 * @lost: called when the worker has failed, before another one is started; may be NULL
 * @most_late: number of channels without an answer with which the worker has failed, although it
 *	answers on others; 0 for all channels
 *
 * All are called with the supervisor's lock held.
 */
struct supervisor_ops {
	enum worker_kind kind;
	const char *name;
	const char *work;
	int (*begin)(void *arg, struct worker_socks *socks);
	void (*hello)(void *arg, const struct worker_msg *msg);
	bool (*heard)(void *arg, const struct worker_msg *msg);
	void (*lost)(void *arg);
	unsigned int most_late;
};

/**
 * struct supervisor - supervisor of one kind of worker
 * @lock: protects all members, crews included, but not the traffic on their sockets. The
 *	thread that made a channel busy owns its socket. The sockets of a worker are closed when
 *	its last user has left it
 * @freed: signalled when a channel becomes free
 * @ops: properties of the kind
 * @arg: argument of @ops
 * @spawner: socket of the spawner
 * @file: see worker_spawner_order()
 * @poll: epoll descriptor that watches the control socket of the present worker
 * @socks: the present worker; NULL while there is none
 * @started: when the present worker was started, in ms
 * @pause: minimum time from @started until the next start, in ms
 * @met: a worker has sent HELLO at least once
 * @packet: buffer for messages on the control socket
 */
struct supervisor {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	const struct supervisor_ops *ops;
	void *arg;
	int spawner;
	int file;
	int poll;
	struct worker_socks *socks;
	u64 started;
	u64 pause;
	bool met;
	u8 packet[WORKER_PACKET_MAX];
};

/*
 * Initialize a supervisor and start its first worker. Returns 0 or a negative errno. A worker that
 * cannot be started is not an error; another start is tried later.
 */
int supervisor_open(struct supervisor *k, const struct supervisor_ops *ops, void *arg, int spawner,
		    int file);
/* Wait until the first worker has sent HELLO. Returns false if it did not in time. */
bool supervisor_wait(struct supervisor *k);
/* Close the sockets of the worker, which then exits. No thread may use @k any more. */
void supervisor_close(struct supervisor *k);

/**
 * supervisor_get - borrow a channel, and wait until one is free
 * @k: the supervisor
 * @socks: filled with the worker
 *
 * If the worker has just failed, this waits a few seconds for the next one.
 *
 * Return: number of the channel, given back by supervisor_put(); -1 if there is no worker.
 */
int supervisor_get(struct supervisor *k, struct worker_socks **socks);

/**
 * supervisor_put - give a channel back
 * @k: the supervisor
 * @socks: from supervisor_get()
 * @channel: from supervisor_get()
 * @rc: 0, or the error that makes the worker unusable; after -ETIMEDOUT the worker stays
 *	in use as long as it answers on other channels
 */
void supervisor_put(struct supervisor *k, struct worker_socks *socks, int channel, int rc);

/*
 * Send a message that has no answer to the present worker. Does not block; the message is lost if
 * the worker does not read.
 */
void supervisor_send(struct supervisor *k, const struct worker_msg *msg);

/**
 * supervisor_call - send a message that the worker answers on its control socket
 * @k: the supervisor
 * @msg: the question
 * @pass: descriptor to pass along, or -1; stays the caller's
 *
 * If there is no worker, another one is started unless the last start was too recent. Does not
 * block.
 *
 * Return: 0, -ESRCH (there is no worker), -EAGAIN (the worker does not read), another negative
 * errno.
 */
int supervisor_call(struct supervisor *k, const struct worker_msg *msg, int pass);

/* Stop using the present worker, for the reason @rc. */
void supervisor_give_up(struct supervisor *k, int rc);

/* Describe the error @rc in words that continue "the worker ...". The text is static. */
const char *supervisor_failure(int rc);

/* The descriptor is readable when supervisor_ready() has work. */
int supervisor_fd(const struct supervisor *k);
void supervisor_ready(struct supervisor *k);

#endif
