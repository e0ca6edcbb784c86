/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of the broker of offloaded data, see offload.h. */
#ifndef _DITTOD_OFFLOAD_PRIVATE_H
#define _DITTOD_OFFLOAD_PRIVATE_H

#include <stddef.h>

#include "common/offload_ctl.h"
#include "common/types.h"
#include "offload.h"
#include "store/msg.h"
#include "text.h"

struct config;
struct conns;
struct fill_place;
struct job;
struct offload_clients;
struct offload_fills;
struct offload_keys;
struct offload_known;
struct offload_task;
struct problems;

/* More fetches than the kernel has under way. */
#define OFFLOAD_FETCHES_MAX	2048

/**
 * struct offload_task_ops - one kind of request to the store process
 * @waits: true if the request is not to be sent now; NULL for never
 * @send: sends the request; returns 0, -EAGAIN (the process does not read), or an error of the
 *	request itself, for which @failed is called
 * @heard: takes a message for the task other than OFFLOAD_FAILED, and its descriptor or -1. The
 *	task has left the queue and may be freed, unless the message is OFFLOAD_DATA or
 *	OFFLOAD_PROGRESS. Returns false, and frees nothing, if the message is invalid
 * @failed: the request failed with a positive errno, or the process ended. The task has left the
 *	queue and may be freed
 * @repeats: true if the request may be sent again when the process has ended; NULL for never
 */
struct offload_task_ops {
	bool (*waits)(const struct offload_task *task);
	int (*send)(struct offload *o, struct offload_task *task);
	bool (*heard)(struct offload *o, struct offload_task *task,
		      const struct offload_msg *msg, int fd);
	void (*failed)(struct offload *o, struct offload_task *task, u32 error, const char *text);
	bool (*repeats)(struct offload_task *task);
};

/**
 * struct offload_task - a request to the store process, embedded in its owner's structure
 * @next: next task, in the order of arrival
 * @ops: kind of the task
 * @id: number in messages
 * @store: name of the store
 * @sent: the process has the request
 * @cancelled: clock_ms() when its end was requested, or 0
 */
struct offload_task {
	struct offload_task *next;
	const struct offload_task_ops *ops;
	u64 id;
	char store[OFFLOAD_STORE_MAX + 1];
	bool sent;
	u64 cancelled;
};

/**
 * struct offload_store - a store of the configuration
 * @task: task that gives it to the process
 * @name: its name
 * @where: endpoint and bucket, for people
 * @text: settings with secrets, see store_config_text(); NULL if they cannot be read, or while
 *	there are no keys
 * @ca_file: path of the certificates to trust, or NULL
 * @keys: lines with the keys that its command printed, or NULL
 * @keys_of: the command and the ids that @keys are of
 * @keys_at: clock_ms() at which the command is to be run; 0 for never
 * @keys_pause: ms until it is run again after a failure
 * @probe: task that looks whether it answers
 * @probe_at: clock_ms() at which it is asked next; 0 for never
 * @busy: @task is in the queue
 * @again: it has changed since @task was sent
 * @ready: the process knows the store
 * @probing: @probe is in the queue
 * @probed: it was asked, and @answer says what came of it
 * @answer: why it does not answer, or empty
 * @why: why the store cannot be used, or empty
 * @pushed: bytes of files that were uploaded
 * @fetched: bytes of files that were recalled
 * @errors: requests that failed
 * @error: text of the last of them
 * @bucket: what the process has reported about its bucket
 */
struct offload_store {
	struct offload_task task;
	char name[OFFLOAD_STORE_MAX + 1];
	char *where;
	char *text;
	char *ca_file;
	char *keys;
	char *keys_of;
	u64 keys_at;
	u64 keys_pause;
	struct offload_task probe;
	u64 probe_at;
	bool busy;
	bool again;
	bool ready;
	bool probing;
	bool probed;
	char answer[OFFLOAD_CTL_TEXT_SIZE];
	char why[OFFLOAD_CTL_TEXT_SIZE];
	u64 pushed;
	u64 fetched;
	u64 errors;
	char error[OFFLOAD_CTL_TEXT_SIZE];
	struct offload_bucket bucket;
};

/**
 * struct offload - the broker
 * @spawner: socket of the spawner
 * @poll: epoll descriptor that watches all that follows
 * @timer: fires when the process is started again, or has not ended a request in time
 * @process: socket of the process, or -1
 * @ready: the process has sent HELLO
 * @starts: how often the process was started
 * @started: clock_ms() of its start
 * @pause: ms from @started until the next start, if the process ends
 * @serial: number of the last task
 * @tasks: tasks in the order of arrival
 * @stores: stores by name
 * @nstores: entries of @stores
 * @wanted: the configuration has stores; those that it had before are in @stores too
 * @cfg: the configuration, for the stores of shares; the caller's
 * @fills: threads that give data to the kernel
 * @told: when the failure of a fetch was last logged
 * @clients: connections of dittoctl
 * @keys: the command that prints keys
 * @known: UUIDs of the buckets with this server's data
 * @owner: lines for the settings of stores that tell who this server is
 * @tell: gets the stores that answer; NULL if nobody wants to know, and they are not asked then
 * @tell_arg: argument of @tell
 * @packet: receive buffer
 */
struct offload {
	int spawner;
	int poll;
	int timer;
	int process;
	bool ready;
	u32 starts;
	u64 started;
	u64 pause;
	u64 serial;
	struct offload_task *tasks;
	struct offload_store **stores;
	unsigned int nstores;
	bool wanted;
	const struct config *cfg;
	struct offload_fills *fills;
	u64 told;
	struct offload_clients *clients;
	struct offload_keys *keys;
	struct offload_known *known;
	char *owner;
	void (*tell)(void *arg, const struct offload_told *told);
	void *tell_arg;
	u8 packet[OFFLOAD_PACKET_MAX];
};

/**
 * offload_submit - queue a request
 * @o: the broker
 * @task: with @ops and @store; belongs to the broker until the last call of its @ops
 *
 * It is sent when the process is ready; if the store cannot be used, &offload_task_ops.failed is
 * called before this returns.
 */
void offload_submit(struct offload *o, struct offload_task *task);
/*
 * End a task early. Its &offload_task_ops.failed is called, with ECANCELED unless it has ended
 * otherwise; that may be before this returns.
 */
void offload_cancel(struct offload *o, struct offload_task *task);
/* End the tasks of a store that were not sent, for the reason &offload_store.why. */
void offload_refuse(struct offload *o, const struct offload_store *s);
/* Number of tasks of a kind in a store; all stores if @store is NULL. */
unsigned int offload_count(const struct offload *o, const struct offload_task_ops *ops,
			   const char *store);
/* Return the store of a name, or NULL. */
struct offload_store *offload_store_find(const struct offload *o, const char *name);
/* Note a failure for the status of the store. */
void offload_store_failed(struct offload *o, const char *name, const char *text);

/* UUIDs of buckets, by the names of stores (offload_known.c). */
struct offload_known *offload_known_new(const char *state_dir);
/* NULL is allowed. */
void offload_known_free(struct offload_known *k);
/* UUID of a store, or "". */
const char *offload_known_uuid(const struct offload_known *k, const char *name);
/* Lines for the settings of a store, to be freed. */
char *offload_known_text(const struct offload_known *k, const char *name);
/* Remember a UUID durably, for one store. Returns false and fills @why if it is not known. */
bool offload_known_set(struct offload_known *k, const char *name, const char *uuid,
		       struct why *why);

/* The same for a store of the configuration; the others hear that it is none of theirs. */
bool offload_store_know(struct offload *o, const char *name, const char *uuid, struct why *why);

/* Whether what the process reported about a bucket is remembered, or can be now. */
bool offload_store_is_kept(struct offload *o, const struct offload_store *s, struct why *why);

/* Take what the process tells of a bucket. Returns false if it may not be so. */
bool offload_store_told(struct offload *o, const struct offload_msg *msg);
/* Whether a user has said that another bucket takes the place of a store's. */
bool offload_store_is_taken(const struct offload *o, const char *name);

/* Stores of the configuration (offload_stores.c). */
void offload_stores_set(struct offload *o, const struct config *cfg);
void offload_stores_free(struct offload *o);
/* Give all stores to a process that has started. */
void offload_stores_send(struct offload *o);
/* The process has ended: it knows no stores. */
void offload_stores_lost(struct offload *o);

/* Whether stores answer (offload_probe.c). */
/* The process knows a store, or another definition of it: ask it. */
void offload_probe_soon(struct offload *o, struct offload_store *s);
/* Ask those whose time it is. */
void offload_probe_ready(struct offload *o);
/* The time at which there is something to do; 0 for never. */
u64 offload_probe_next_time(const struct offload *o);
/* What is known of the stores may have changed. */
void offload_probe_tell(struct offload *o);

/* Use the keys that the command of a store has printed; takes @lines. */
void offload_store_use_keys(struct offload *o, struct offload_store *s, char *lines);

/* Keys that commands print (offload_keys.c). */
struct offload_keys *offload_keys_new(void);
void offload_keys_free(struct offload_keys *k);
/* Run the command of a store, now and until it prints keys. */
void offload_keys_want(struct offload *o, struct offload_store *s);
/* A store has no command any more: end what runs for it. */
void offload_keys_forget(struct offload *o, struct offload_store *s);
/* Take what was printed, and begin with the next command. */
void offload_keys_ready(struct offload *o);
/* The time at which there is something to do; 0 for never. */
u64 offload_keys_next_time(const struct offload *o);

/* Threads for data, file system by file system (offload_fills.c). */
struct offload_fills *offload_fills_new(void);
void offload_fills_free(struct offload_fills *f);
int offload_fills_fd(const struct offload_fills *f);
/* Take the results of the threads. */
void offload_fills_ready(struct offload_fills *f);
/* Find or make the threads of a file system, to be put; NULL if there are none. */
struct fill_place *offload_place_get(struct offload_fills *f, u64 file_system);
/* The threads may end with the last user, who has no job in them any more. */
void offload_place_put(struct fill_place *place);
/* Give the threads a job, as pool_submit(). Its @done calls offload_place_done(). */
int offload_place_submit(struct fill_place *place, struct job *job);
void offload_place_done(struct fill_place *place);
/* Whether so much waits for the threads that no more should be fetched. */
bool offload_place_is_full(const struct fill_place *place);
/* Connections for the threads. */
struct conns *offload_place_kernel(const struct fill_place *place);

/* Fetches for the kernel (offload_fetch.c). */
unsigned int offload_fetches(const struct offload *o, const char *store);
/* End all fetches without answers. */
void offload_fetches_drop(struct offload *o);

/**
 * struct offload_data - data of a recall
 * @recall: number of the recall
 * @fd: file with the data
 * @start: place of the data in that file
 * @offset: place of the data in the file that is recalled
 * @length: bytes of data
 */
struct offload_data {
	u64 recall;
	int fd;
	u64 start;
	u64 offset;
	u64 length;
};

/*
 * Give data to the kernel (offload_kernel.c). Thread-safe; waits for the file system. Returns 0 or
 * a negative errno with a text.
 */
int offload_kernel_fill(struct conns *conns, const struct offload_data *data, struct why *why);

/* Connections of dittoctl (offload_clients.c). Returns NULL and sets errno on error. */
struct offload_clients *offload_clients_new(const char *socket_path);
void offload_clients_free(struct offload *o);
int offload_clients_fd(const struct offload_clients *c);
void offload_clients_ready(struct offload *o);
unsigned int offload_pushes(const struct offload *o, const char *store);

#endif
