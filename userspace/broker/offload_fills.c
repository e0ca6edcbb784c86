// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that give data to the kernel, and their connections. The kernel waits for the file
 * system, which may be frozen or hang. So each one has threads of its own, and what waits for
 * one is not in the way of another.
 */

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "nl/conns.h"
#include "mem.h"
#include "offload_private.h"
#include "pool.h"

/* Threads of a file system, and most parts that wait for them: one of each fetch. */
#define FILL_THREADS	4
#define FILL_LIMIT	OFFLOAD_FETCHES_MAX
/* With so many parts no more is fetched for the file system: each has a file in memory. */
#define FILL_ENOUGH	24
/* File systems whose threads are kept when nothing is fetched for them. */
#define PLACES_KEPT	8

/**
 * struct fill_place - a file system
 * @next: next one
 * @file_system: number of its device
 * @users: fetches for it
 * @pool: its threads
 * @running: parts that the pool has
 * @kernel: connections of the threads
 */
struct fill_place {
	struct fill_place *next;
	u64 file_system;
	unsigned int users;
	struct pool *pool;
	unsigned int running;
	struct conns *kernel;
};

/**
 * struct offload_fills - all file systems that data is fetched for
 * @poll: epoll descriptor that watches their threads
 * @places: the file systems
 * @nplaces: number of them
 */
struct offload_fills {
	int poll;
	struct fill_place *places;
	unsigned int nplaces;
};

static void place_free(struct fill_place *place)
{
	pool_free(place->pool);
	conns_free(place->kernel);
	free(place);
}

static struct fill_place *place_new(struct offload_fills *f, u64 file_system)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct fill_place *place = mem_new(sizeof(*place));

	place->file_system = file_system;
	place->pool = pool_new(FILL_THREADS, FILL_LIMIT);
	if (!place->pool) {
		free(place);
		return NULL;
	}
	place->kernel = conns_new(FILL_THREADS);
	if (epoll_ctl(f->poll, EPOLL_CTL_ADD, pool_fd(place->pool), &event)) {
		place_free(place);
		return NULL;
	}
	place->next = f->places;
	f->places = place;
	f->nplaces++;
	return place;
}

struct fill_place *offload_place_get(struct offload_fills *f, u64 file_system)
{
	struct fill_place *place = f->places;

	while (place && place->file_system != file_system)
		place = place->next;
	if (!place)
		place = place_new(f, file_system);
	if (place)
		place->users++;
	return place;
}

void offload_place_put(struct fill_place *place)
{
	place->users--;
}

int offload_place_submit(struct fill_place *place, struct job *job)
{
	int rc = pool_submit(place->pool, job);

	place->running += !rc;
	return rc;
}

void offload_place_done(struct fill_place *place)
{
	place->running--;
}

bool offload_place_is_full(const struct fill_place *place)
{
	return place->running >= FILL_ENOUGH;
}

struct conns *offload_place_kernel(const struct fill_place *place)
{
	return place->kernel;
}

/* Nothing runs in a place without users, so its threads end immediately. */
static void fills_free_unused(struct offload_fills *f)
{
	struct fill_place **link = &f->places;
	struct fill_place *place;

	while ((place = *link)) {
		if (place->users || f->nplaces <= PLACES_KEPT) {
			link = &place->next;
			continue;
		}
		*link = place->next;
		f->nplaces--;
		place_free(place);
	}
}

void offload_fills_ready(struct offload_fills *f)
{
	struct fill_place *place;

	for (place = f->places; place; place = place->next)
		pool_reap(place->pool);
	fills_free_unused(f);
}

int offload_fills_fd(const struct offload_fills *f)
{
	return f->poll;
}

struct offload_fills *offload_fills_new(void)
{
	struct offload_fills *f = mem_new(sizeof(*f));

	f->poll = epoll_create1(EPOLL_CLOEXEC);
	if (f->poll >= 0)
		return f;
	free(f);
	return NULL;
}

void offload_fills_free(struct offload_fills *f)
{
	struct fill_place *place, *next;

	if (!f)
		return;
	for (place = f->places; place; place = next) {
		next = place->next;
		place_free(place);
	}
	close(f->poll);
	free(f);
}
