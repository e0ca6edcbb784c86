/* SPDX-License-Identifier: GPL-2.0-only */
/* Orders to dittod about single objects, many in parallel. */
#ifndef _DITTO_CTL_OFFLOAD_ORDERS_H
#define _DITTO_CTL_OFFLOAD_ORDERS_H

#include "offload.h"
#include "object/object_name.h"

struct offload_orders;

/**
 * struct offload_result - how an order ended
 * @store: name of the store
 * @path: names of objects, as they were given
 * @tag: the caller's number
 * @error: 0 or a positive errno
 * @text: cause of @error
 * @size: bytes of the content, or number of objects in the list
 * @more: there are more objects to list
 * @file: the list, or the content of a manifest; or -1
 */
struct offload_result {
	const char *store;
	const char *path;
	u64 tag;
	u32 error;
	const char *text;
	u64 size;
	bool more;
	int file;
};

/* Make a set of orders; @done is called at the end of each, and may not give others. */
struct offload_orders *offload_orders_new(void (*done)(void *arg, const struct offload_result *r),
					  void *arg);
/* Give an order of a type of enum offload_ctl_type. Waits while there are many. */
void offload_orders_add(struct offload_orders *o, u32 type, const char *store, const char *path,
			u64 tag);
/* Wait for the end of all. */
void offload_orders_wait(struct offload_orders *o);
/* Requests to stores so far. */
u64 offload_orders_requests(const struct offload_orders *o);
/* Wait for the end of all, and free. */
void offload_orders_free(struct offload_orders *o);

/* Read a whole file, such as the file of a result. Returns its bytes, with a NUL, or NULL. */
u8 *offload_file_read(int fd, size_t *len);

#endif
