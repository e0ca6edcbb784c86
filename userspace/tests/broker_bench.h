/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The broker of offloaded data, between a kernel, a store process and a dittoctl that are all a
 * test: it takes the orders to the spawner, and so has the sockets of the process.
 */
#ifndef _DITTO_TESTS_BROKER_BENCH_H
#define _DITTO_TESTS_BROKER_BENCH_H

#include "common/offload_ctl.h"
#include "config/config.h"
#include "broker/offload_private.h"
#include "worker/worker.h"
#include "test.h"

#define BENCH_FILE_SIZE	1048576
#define BENCH_COOKIE	"main\n0123"
/* Milliseconds; only ends a test that would hang. */
#define BENCH_WAIT	20000
/* Number of the recall whose data is looked at. */
#define BENCH_RECALL	77
/* The content of the file k in the bench's folder. */
#define BENCH_KEY	"ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"

/**
 * struct broker_kernel - what the kernel was told
 * @file: the file as it was filled
 * @filled: bytes that were filled
 * @next: offset of the next fill: the kernel takes data in order
 * @refuses: error of the next fills, or 0
 * @stuck: fills of this recall do not return, as on a frozen file system; 0 for none
 * @moves: notices that a fetch has come further
 * @answers: number of answers
 * @error: of the last answer, or 0
 * @text: of the last answer
 */
struct broker_kernel {
	u8 file[BENCH_FILE_SIZE];
	u64 filled;
	u64 next;
	int refuses;
	u64 stuck;
	unsigned int moves;
	unsigned int answers;
	u32 error;
	char text[OFFLOAD_CTL_TEXT_SIZE];
};

extern struct broker_kernel broker_kernel;

/* The folder of the bench, and the broker's socket for dittoctl. */
extern char bench_folder[];
extern char *bench_ctl_path;

/**
 * struct bench - a broker and all around it
 * @o: the broker
 * @cfg: its configuration
 * @spawner: our end of the spawner's socket
 * @late: descriptor of upcall_deadline.h
 * @process: the process's end of its socket, or -1
 * @packet: receive buffer of the process
 */
struct bench {
	struct offload *o;
	struct config *cfg;
	int spawner;
	int late;
	int process;
	u8 packet[OFFLOAD_PACKET_MAX];
};

/* Run the tests with a folder of their own. Returns the exit status of the program. */
int bench_main(const struct test *tests);

/* A configuration with a store and more keys of it. */
struct config *bench_config(const char *store, const char *more);
/* Configure a broker, with more keys of its store. */
void bench_configure(struct bench *b, const char *more);
/* Configure a broker whose process knows the store. */
void bench_begin(struct bench *b);
void bench_end(struct bench *b);

/* Let the broker work until something can be read from @fd, or for @ms if @fd is -1. */
bool bench_turn(struct bench *b, int fd, int ms);
/* The control socket of a worker that the spawner is told to start, or -1. */
int bench_take_order(struct bench *b, enum worker_kind kind);
/* Become the process that the spawner is told to start. */
bool bench_spawn(struct bench *b);

/* Steps of the process. */
bool process_hear(struct bench *b, struct offload_msg *msg, int *fd);
void process_say(struct bench *b, struct offload_msg msg, int pass);
void process_hello(struct bench *b);
void process_fails(struct bench *b, u64 id, int error, const char *text);
/* The first messages. */
void process_begin(struct bench *b);
void process_end(struct bench *b);

/* Fills return again. */
void kernel_thaw(void);
/*
 * The kernel wants a range; the deadline is in ms. Each recall is for another file system, with its
 * number.
 */
void kernel_ask_for(struct bench *b, u64 recall, u64 offset, u64 length, u32 deadline,
		    const char *cookie);
/* The same of the recall whose data is looked at. */
void kernel_ask(struct bench *b, u64 offset, u64 length, u32 deadline, const char *cookie);
bool kernel_is_answered(struct bench *b);

#endif
