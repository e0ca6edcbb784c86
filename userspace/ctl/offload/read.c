// SPDX-License-Identifier: GPL-2.0-only
/* Small objects that are found by lists and read, and that are written. */

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "list.h"
#include "read.h"

/**
 * struct reading - a list whose objects are read
 * @list: the list
 * @reads: orders to read them
 * @problem: called for what could not be listed
 * @arg: for @problem
 */
struct reading {
	struct offload_list list;
	struct offload_orders *reads;
	void (*problem)(void *arg, const char *subject, const char *text);
	void *arg;
};

static void reading_listed(void *arg, const struct offload_result *r)
{
	struct reading *reading = arg;

	offload_list_result(&reading->list, r);
}

static void reading_found(void *arg, const struct index_object *o)
{
	struct reading *reading = arg;
	char name[OBJECT_NAME_SIZE];

	object_name(o->kind, o->name, name);
	offload_orders_add(reading->reads, OFFLOAD_CTL_READ, o->store, name, o->modified);
}

static void reading_problem(void *arg, const char *subject, const char *text)
{
	struct reading *reading = arg;

	reading->problem(reading->arg, subject, text);
}

struct offload_orders *
offload_read_below(const char *prefix, void (*read)(void *arg, const struct offload_result *r),
		   void (*problem)(void *arg, const char *subject, const char *text), void *arg)
{
	struct reading reading = {
		.list = { .each = reading_found, .problem = reading_problem, .arg = &reading },
		.problem = problem,
		.arg = arg,
	};

	reading.list.orders = offload_orders_new(reading_listed, &reading);
	reading.reads = offload_orders_new(read, arg);
	offload_list_below(&reading.list, prefix);
	offload_orders_free(reading.list.orders);
	return reading.reads;
}

bool offload_keep(const char *store, const char *what, const void *bytes, size_t len,
		  struct why *why)
{
	struct offload_ctl_request request = { .type = OFFLOAD_CTL_KEEP };
	int file = memfd_create(what, MFD_CLOEXEC), got = -1;
	bool good = file >= 0 && write(file, bytes, len) == (ssize_t)len;
	union offload_ctl_answer a;

	snprintf(request.store, sizeof(request.store), "%s", store);
	snprintf(request.path, sizeof(request.path), "%s", what);
	if (!good)
		why_not(why, "no memory for a %s", what);
	good = good && offload_call(&request, file, &a, &got, why) &&
	       (a.type == OFFLOAD_CTL_OBJECT || why_not(why, "dittod has not stored it"));
	if (got >= 0)
		close(got);
	if (file >= 0)
		close(file);
	return good;
}
