/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters of operations, shares and clients, read from the kernel. */
#ifndef _DITTO_NL_COUNTS_H
#define _DITTO_NL_COUNTS_H

#include "common/types.h"

struct conn;

/* Most counters by time that a kernel has. */
#define COUNT_TIMES	32

/**
 * struct count - counters of one operation
 * @group: protocol and version
 * @op: name of the operation
 * @calls: number of finished requests
 * @errors: number of finished requests that failed
 * @nanoseconds: total time of these requests
 * @bytes: payload bytes
 * @times: requests by their time, see count_time_limit()
 * @ntimes: entries of @times; 0 if their time is not counted
 */
struct count {
	char group[32];
	char op[32];
	u64 calls;
	u64 errors;
	u64 nanoseconds;
	u64 bytes;
	u64 times[COUNT_TIMES];
	unsigned int ntimes;
};

/* A list of counters; @count is an array owned by the list. */
struct counts {
	struct count *count;
	unsigned int n;
};

/**
 * struct traffic - counters of a share or a client
 * @number: the kernel's, for as long as it counts on
 * @name: name of the share or address of the client
 * @count: its requests; it has no errors and bytes, and times only for a share
 * @read: bytes that READs have returned
 * @written: bytes that WRITEs have written
 */
struct traffic {
	u64 number;
	char name[256];
	struct count count;
	u64 read;
	u64 written;
};

/* A list of them in the order of their numbers; @traffic is an array owned by the list. */
struct traffic_list {
	struct traffic *traffic;
	unsigned int n;
};

/*
 * Read the counters of all shares by DITTO_CMD_SHARE_TRAFFIC_GET, or of all clients by
 * DITTO_CMD_CLIENT_TRAFFIC_GET, to be freed with traffic_list_free(). Returns 0 or a negative
 * errno.
 */
int traffic_list_read(struct conn *conn, u8 cmd, struct traffic_list *out);
void traffic_list_free(struct traffic_list *list);

/*
 * Return what has happened since @before, the busiest first, without those that were idle; to be
 * freed with traffic_list_free().
 */
struct traffic_list traffic_list_since(const struct traffic_list *now,
				       const struct traffic_list *before);

/* Read all counters, to be freed with counts_free(). Returns 0 or a negative errno. */
int counts_read(struct conn *conn, struct counts *out);
void counts_free(struct counts *c);
/* Take the numbers of @times as a kernel gives them; those that are too many join the last one. */
void count_take_times(struct count *c, const void *data, size_t len);
/* Return the counters in @c of the same operation as @like, or NULL. */
const struct count *counts_find(const struct counts *c, const struct count *like);
/* Return the difference of two counters; those that are new or were reset count from zero. */
struct count count_since(const struct count *now, const struct count *before);
/* All requests of times[@i], but in the last one, took less than this, in ns. */
u64 count_time_limit(unsigned int i);
/* The time in ns that 99 % of the requests did not reach; 0 if there is no such limit. */
u64 count_slowest(const struct count *c);

#endif
