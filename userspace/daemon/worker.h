/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processes that read what clients and name servers say.
 *
 * dittod starts a spawner, which has no privileges and reads nothing but dittod's
 * orders; it starts the workers, and another one when it is told to. dittod cannot do
 * that itself once it has dropped its privileges. All are this program, executed anew,
 * so that nothing of dittod's memory is in them.
 */
#ifndef _DITTOD_WORKER_H
#define _DITTOD_WORKER_H

#include <pthread.h>
#include <stdbool.h>

/* Kinds of workers; there is one process of each. */
enum worker_kind {
	WORKER_LOGINS,
	WORKER_PIPES,
	WORKER_HOSTS,
	WORKER_KINDS
};

/* Sockets on which work is sent, one for each thread of a worker. */
#define WORKER_CHANNELS	4
/* Logins that a worker keeps between two tokens: those of auth.c, and some under way. */
#define WORKER_LOGINS_MAX	2048
/* Pipes that are open at once. */
#define WORKER_PIPES_MAX	1024

/* Descriptors of the spawner: orders. Of the workers: control. */
#define WORKER_FD_CONTROL	3
/* Of the login worker: the replay cache of Kerberos. */
#define WORKER_FD_REPLAY	4
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
 *
 * To be called before threads are started and privileges dropped.
 *
 * Return: the socket for worker_spawner_order(), whose end ends the spawner, or a negative
 * errno, which is logged.
 */
int worker_spawner_start(void);

/**
 * worker_spawner_order - start a worker
 * @spawner: socket of the spawner
 * @kind: of the worker; the one that there is of it is killed
 * @sockets: its ends of them
 * @file: becomes its WORKER_FD_REPLAY; -1 for none
 *
 * Return: 0 or a negative errno.
 */
int worker_spawner_order(int spawner, enum worker_kind kind, const int sockets[WORKER_SOCKETS],
			 int file);

/* The workers themselves; they do not return. */
void worker_run_logins(void);
void worker_run_pipes(void);
void worker_run_hosts(void);

/* End the worker unless @rc is 0: dittod has ended, or does not say what it should. */
void worker_check(int rc);

/**
 * struct worker_gate - threads of a worker wait behind it until the sandbox is closed
 * @lock: held until then
 * @run: what a thread does then, with the socket of its channel; does not return
 * @arg: for @run
 */
struct worker_gate {
	pthread_mutex_t lock;
	void (*run)(void *arg, int fd);
	void *arg;
};

/* Start a thread for each channel behind the closed gate. */
void worker_gate_start(struct worker_gate *gate);
void worker_gate_open(struct worker_gate *gate);

#endif
