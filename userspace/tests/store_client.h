/* SPDX-License-Identifier: GPL-2.0-only */
/* What dittod asks of a store process, for tests: one store "s", and a file that it is given. */
#ifndef _DITTO_TESTS_STORE_CLIENT_H
#define _DITTO_TESTS_STORE_CLIENT_H

#include <sys/types.h>

#include "s3_server.h"
#include "store/msg.h"
#include "store_process.h"
#include "test.h"

#define MIB		(1024U * 1024)
/* Size of the file. */
#define SIZE		(6 * MIB)
/* What is fetched of it at once. */
#define RANGE		(5 * MIB / 2)
#define KEY_1		"key=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
#define KEY_2		"key=ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"

extern struct s3_server *server;
/* The store process, and the channel to it. */
extern pid_t process;
extern int channel;
/* Content of the file that is pushed, and the file. */
extern u8 *content;
extern int file;

/**
 * struct last_answer - the last answer to a request
 * @msg: the answer
 * @text: its text
 */
struct last_answer {
	struct offload_msg msg;
	char text[OFFLOAD_TEXT_MAX + 1];
};

/* Run the tests with a store, a store process and the file. Returns the exit status. */
int store_client_main(const struct test *tests);
/* Close the channel. Returns the exit status of the process. */
int process_end(void);
/* Send a request. Returns its number. */
u64 channel_ask(struct offload_msg *msg, int fd);
/* Receive a message; see store_process_hear(). */
bool channel_receive(struct offload_msg *msg, u8 *packet, int *fd);
/* Wait for the last answer to a request; @got counts the bytes of its data. */
void wait_for(u64 id, struct last_answer *a, u64 *got);

/* Define the store "s" with more settings. The process forgets what it has read. */
void store_define(const char *more);
/* The store is this server's, and requests are counted from here on. */
void store_own(void);
/* Give an order of one text, without a file. */
void store_ask(u32 type, const char *text, struct last_answer *a);
/* Give an order with a file or -1, which is answered with one. */
void order_give_file(u32 type, const char *text, int file, struct last_answer *a, int *passed);
void order_give(u32 type, const char *text, struct last_answer *a, int *passed);

void push_file(int fd, struct last_answer *a);
/* Ask for a range. Returns the number of the request. */
u64 fetch_send(const struct last_answer *pushed, u64 offset, u64 length);
/* Fetch a range, and compare it with the content. */
void fetch_range(const struct last_answer *pushed, u64 offset, u64 length, struct last_answer *a);
/* Push the file, and fetch it in ranges from a process that has no cache. */
void check_round_trip(const char *settings, struct last_answer *pushed);
/* Write a list of garbage with these @n objects, one in each line. */
void objects_condemn(const char *objects, u32 n);

#endif
