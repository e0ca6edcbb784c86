/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processes that log users in.
 *
 * dittod starts a spawner, which has no privileges and reads nothing but dittod's
 * orders; it starts the worker, and another one when it is told to. dittod cannot do
 * that itself once it has dropped its privileges. Both are this program, executed anew,
 * so that nothing of dittod's memory is in them.
 */
#ifndef _DITTOD_WORKER_H
#define _DITTOD_WORKER_H

#include <stdbool.h>

/* Sockets on which tokens are sent, one for each thread of the worker. */
#define WORKER_CHANNELS	4
/* Logins that the worker keeps between two tokens: those of auth.c, and some under way. */
#define WORKER_LOGINS	2048

/* Descriptors of the spawner: orders. Of both: the replay cache of Kerberos. */
#define WORKER_FD_CONTROL	3
#define WORKER_FD_REPLAY	4
/* Descriptors of the worker, beside its control socket. */
#define WORKER_FD_USERS		5
#define WORKER_FD_KEYTAB	6
#define WORKER_FD_CHANNEL	7

/* Sockets of a worker that go with an order to the spawner: control, then channels. */
#define WORKER_SOCKETS		(1 + WORKER_CHANNELS)

/**
 * worker_main - be what the command line says
 * @argc: arguments
 * @argv: arguments
 *
 * To be called first in main(). Does not return if this is a spawner or a worker.
 */
void worker_main(int argc, char **argv);

/**
 * worker_spawner_start - start the spawner
 * @replay: the replay cache
 * @control: filled with the socket for worker_spawner_order()
 *
 * To be called before threads are started and privileges dropped.
 *
 * Return: 0 or a negative errno.
 */
int worker_spawner_start(int replay, int *control);

/* Kill the worker that there is, and start one with these sockets. 0 or a negative errno. */
int worker_spawner_order(int control, const int sockets[WORKER_SOCKETS]);

/* The worker itself. */
void worker_run(void);

#endif
