/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Worker processes, which parse the messages of clients and name servers.
 *
 * dittod starts a spawner, which has no privileges and reads only orders of dittod. The spawner
 * starts the workers, and replaces them on request; dittod cannot do that itself after it has
 * dropped its privileges. All of them execute the dittod program again, so none contains memory of
 * dittod. WORKER_STORES is a program of its own, because it has libraries that dittod does without:
 * for HTTP.
 */
#ifndef _DITTOD_WORKER_H
#define _DITTOD_WORKER_H

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>

/* Kinds of workers; there is at most one process of each. */
enum worker_kind {
	WORKER_LOGINS,
	WORKER_PIPES,
	WORKER_HOSTS,
	WORKER_TLS,
	WORKER_STORES,
	WORKER_KEYS,
	WORKER_KEYTABS,
	WORKER_SCANS,
	WORKER_KINDS
};

/* Program of WORKER_STORES, in the directory of dittod. */
#define WORKER_STORES_PROGRAM	"ditto-offload"

/* Number of sockets for work, one for each thread of a worker. */
#define WORKER_CHANNELS	4
/* Most logins that a worker keeps between two tokens: auth.c's, and some in progress. */
#define WORKER_LOGINS_MAX	2048
/*
 * Most TLS handshakes of the worker: more than the kernel lets clients begin. Each has a
 * descriptor.
 */
#define TLS_SHAKES_MAX	96
/* Most pipes that are open. */
#define WORKER_PIPES_MAX	1024

/* Descriptor of the control socket: orders in the spawner, control messages in a worker. */
#define WORKER_FD_CONTROL	3
/*
 * Descriptors of the login worker: the replay cache of Kerberos, and the keytab. Then the channels
 * of any worker.
 */
#define WORKER_FD_REPLAY	4
#define WORKER_FD_KEYTAB	5
#define WORKER_FD_CHANNEL	6

/* Sockets that are passed with an order to the spawner: control, then the channels. */
#define WORKER_SOCKETS		(1 + WORKER_CHANNELS)

/**
 * worker_main - run as spawner or worker if the command line says so
 * @argc: arguments
 * @argv: arguments
 *
 * Must be called first in main(). Does not return in a spawner or worker.
 */
void worker_main(int argc, char **argv);

/**
 * worker_spawner_start - start the spawner
 *
 * Must be called before threads are started and privileges are dropped.
 *
 * Return: the socket for worker_spawner_order(), or a negative errno; user errors are logged. The
 * spawner exits when the socket is closed.
 */
int worker_spawner_start(void);

/**
 * worker_spawner_order - order a new worker
 * @spawner: socket of the spawner
 * @kind: kind of the worker; the present worker of that kind is killed
 * @sockets: the worker's ends of its sockets, which stay the caller's to close
 * @file: becomes WORKER_FD_REPLAY; -1 for none
 *
 * Does not block and does not wait for the worker.
 *
 * Return: 0 or a negative errno.
 */
int worker_spawner_order(int spawner, enum worker_kind kind, const int sockets[WORKER_SOCKETS],
			 int file);

/**
 * worker_spawner_program - order a new worker that has only a control socket
 * @spawner: socket of the spawner
 * @kind: WORKER_STORES, WORKER_KEYS, WORKER_KEYTABS or WORKER_SCANS; the present worker of that
 *	kind is killed. One of WORKER_KEYS or WORKER_SCANS, whose socket must be closed, has time
 *	to kill what its commands have started
 * @control: the worker's end of its socket, which stays the caller's to close
 *
 * Does not block and does not wait for the worker.
 *
 * Return: 0 or a negative errno.
 */
int worker_spawner_program(int spawner, enum worker_kind kind, int control);

/* Fill in the path of a program in the directory of this one. Returns false if it is too long. */
bool worker_program_path(const char *program, char path[PATH_MAX]);

/* Main functions of the workers; they do not return. */
void worker_run_logins(void);
void worker_run_pipes(void);
void worker_run_hosts(void);
void worker_run_tls(void);
void worker_run_keys(void);
void worker_run_keytabs(void);
void worker_run_scans(void);

/* Exit the worker unless @rc is 0: dittod has ended or sent an invalid message. */
void worker_check(int rc);

/**
 * struct worker_gate - holds the threads of a worker until its sandbox is closed
 * @lock: held until then
 * @run: function of a thread, called with the socket of its channel; does not return
 * @arg: argument of @run
 */
struct worker_gate {
	pthread_mutex_t lock;
	void (*run)(void *arg, int fd);
	void *arg;
};

/* Start a thread for each channel, which waits until worker_gate_open(). */
void worker_gate_start(struct worker_gate *gate);
void worker_gate_open(struct worker_gate *gate);

#endif
