// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fetches: the kernel's requests for parts of offloaded files. The store process sends the data
 * in files in memory, which threads give to the kernel (offload_fills.c).
 *
 * Locking: a fill belongs to its thread from offload_place_submit() until offload_fills_ready();
 * all else is for the thread of the event loop.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "ditto-nl-gen.h"
#include "fault.h"
#include "daemon/upcall_deadline.h"
#include "daemon/log.h"
#include "mem.h"
#include "nl/nl.h"
#include "offload_private.h"
#include "pool.h"
#include "daemon/upcall.h"

/* More parts than a range has. */
#define PARTS_MAX	4096
/* Milliseconds between two lines of the log about fetches that failed. */
#define TELL_PAUSE	1000

/**
 * struct fetch_part - a part of the range that has arrived
 * @offset: place in the file
 * @length: in bytes
 */
struct fetch_part {
	u64 offset;
	u64 length;
};

/**
 * struct fetch - a request of the kernel
 * @task: request to the store process
 * @late: answers in time if nobody else does
 * @o: the broker
 * @channel: connection for the answer
 * @id: number of the upcall
 * @recall: number of the recall
 * @place: the file system that it is for
 * @offset: begin of the range
 * @length: bytes of the range
 * @share: name of the share
 * @cookie: names the content
 * @cookie_len: bytes of @cookie
 * @progress_ms: ms that the kernel waits for progress; 0 for ever
 * @parts: what has arrived
 * @nparts: entries of @parts
 * @next: what is below was given to the kernel, which takes data in order only
 * @held: parts that wait for their turn
 * @filling: a thread has a part
 * @repeated: the request was sent to a second process
 * @ended: the store process has sent its last answer
 * @answered: the kernel has its answer, or does not want it
 * @error: positive errno or 0
 * @text: the cause
 */
struct fetch {
	struct offload_task task;
	struct upcall_deadline late;
	struct offload *o;
	struct conn *channel;
	u64 id;
	u64 recall;
	struct fill_place *place;
	u64 offset;
	u64 length;
	char share[OFFLOAD_CTL_SHARE_SIZE];
	u8 cookie[OFFLOAD_COOKIE_MAX];
	size_t cookie_len;
	u32 progress_ms;
	struct fetch_part *parts;
	unsigned int nparts;
	u64 next;
	struct fill *held;
	bool filling;
	bool repeated;
	bool ended;
	bool answered;
	u32 error;
	char text[OFFLOAD_CTL_TEXT_SIZE];
};

/**
 * struct fill - a part that is given to the kernel
 * @job: job of the pool
 * @next: next part that waits
 * @fetch: the fetch
 * @kernel: connections of the threads
 * @data: the data and its place
 * @rc: result, 0 or a negative errno
 * @why: text of the error
 */
struct fill {
	struct job job;
	struct fill *next;
	struct fetch *fetch;
	struct conns *kernel;
	struct offload_data data;
	int rc;
	struct why why;
};

static struct fetch *fetch_of(struct offload_task *task)
{
	return (struct fetch *)((char *)task - offsetof(struct fetch, task));
}

static void fetch_answer(struct fetch *f, u32 error, const char *text)
{
	struct nl_msg *msg;

	if (f->answered)
		return;
	f->answered = true;
	fault_point("fetch-answer");
	msg = upcall_answer(f->channel);
	if (!msg)
		return;
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ID, f->id);
	if (error) {
		msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ERROR, error);
		msg_put_string(msg, DITTO_A_UPCALL_ERROR_TEXT, text);
	}
	upcall_send(f->channel, msg);
}

/* The kernel, and this process, wait as long again. */
static void fetch_moved(struct fetch *f)
{
	u64 now = clock_ms();

	if (f->progress_ms)
		upcall_deadline_renew(&f->late, now, now + f->progress_ms);
}

/* The same, if the kernel has not seen the progress itself. */
static void fetch_progress(struct fetch *f)
{
	struct nl_msg *msg;

	if (f->answered)
		return;
	fetch_moved(f);
	msg = upcall_progress(f->channel);
	if (!msg)
		return;
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ID, f->id);
	upcall_send(f->channel, msg);
}

/* Keep the first error of a fetch: others follow from it. */
static void fetch_fail(struct fetch *f, u32 error, const char *text)
{
	if (f->error)
		return;
	f->error = error;
	snprintf(f->text, sizeof(f->text), "%.500s", text);
}

static void fetch_tell(struct fetch *f)
{
	u64 now = clock_ms();

	offload_store_failed(f->o, f->task.store, f->text);
	if (f->o->told && now < f->o->told + TELL_PAUSE)
		return;
	f->o->told = now;
	log_error("share %s: data cannot be fetched from store %s: %s", f->share, f->task.store,
		  f->text);
}

/* Free a fetch that has its last answer and whose threads are done. */
static void fetch_finish(struct fetch *f)
{
	struct offload_store *s;

	if (!f->ended || f->filling)
		return;
	if (!upcall_deadline_remove(&f->late))
		f->answered = true;
	s = offload_store_find(f->o, f->task.store);
	if (f->error && !f->answered)
		fetch_tell(f);
	else if (!f->error && s)
		s->fetched += f->length;
	fetch_answer(f, f->error, f->text);
	offload_place_put(f->place);
	free(f->parts);
	free(f);
}

static int fetch_send(struct offload *o, struct offload_task *task)
{
	const struct fetch *f = fetch_of(task);
	struct offload_msg msg = { .type = OFFLOAD_FETCH, .id = task->id, .offset = f->offset,
				   .length = f->length, .cookie_len = f->cookie_len };

	memcpy(msg.cookie, f->cookie, f->cookie_len);
	fault_point("fetch-ask");
	return offload_msg_send(o->process, &msg, -1);
}

static void fill_run(struct job *job)
{
	struct fill *fill = (struct fill *)job;

	fault_point("fetch-fill");
	fill->rc = offload_kernel_fill(fill->kernel, &fill->data, &fill->why);
	fault_point("fetch-filled");
}

static void fill_free(struct fill *fill)
{
	close(fill->data.fd);
	free(fill);
}

static void fetch_drop_held(struct fetch *f)
{
	struct fill *fill;

	while ((fill = f->held)) {
		f->held = fill->next;
		fill_free(fill);
	}
}

/* Take the part whose turn it is. A repeated one may begin with what the kernel has already. */
static struct fill *fetch_take_next(struct fetch *f)
{
	struct fill **link = &f->held;
	struct fill *fill;
	u64 known;

	while ((fill = *link)) {
		if (fill->data.offset > f->next) {
			link = &fill->next;
			continue;
		}
		*link = fill->next;
		known = f->next - fill->data.offset;
		if (known < fill->data.length) {
			fill->data.start += known;
			fill->data.offset += known;
			fill->data.length -= known;
			return fill;
		}
		fill_free(fill);
	}
	return NULL;
}

/* Give the next part to a thread, unless one works on this fetch. */
static void fetch_fill(struct fetch *f)
{
	struct offload *o = f->o;
	struct fill *fill = f->filling ? NULL : fetch_take_next(f);

	if (!fill)
		return;
	if (offload_place_submit(f->place, &fill->job)) {
		fill_free(fill);
		fetch_fail(f, EAGAIN, "too many parts wait for the file system");
		if (!f->ended)
			offload_cancel(o, &f->task);
		return;
	}
	f->filling = true;
}

static void fill_done(struct job *job)
{
	struct fill *fill = (struct fill *)job;
	struct fetch *f = fill->fetch;
	bool ended = f->ended;

	offload_place_done(f->place);
	f->filling = false;
	if (fill->rc) {
		/* ENOENT: nobody waits any more. */
		fetch_fail(f, (u32)-fill->rc, fill->why.text);
		fetch_drop_held(f);
		if (!ended)
			offload_cancel(f->o, &f->task);
	} else {
		f->next = fill->data.offset + fill->data.length;
		fetch_moved(f);
		if (!f->error)
			fetch_fill(f);
	}
	if (ended)
		fetch_finish(f);
	fill_free(fill);
}

/* Note a part, which must lie in the range and outside of all others. */
static bool fetch_add_part(struct fetch *f, const struct offload_msg *msg)
{
	unsigned int i;

	if (!msg->length || msg->length > OFFLOAD_DATA_MAX || f->nparts == PARTS_MAX ||
	    msg->offset < f->offset || msg->offset - f->offset > f->length ||
	    msg->length > f->length - (msg->offset - f->offset))
		return false;
	for (i = 0; i < f->nparts; i++)
		if (msg->offset < f->parts[i].offset + f->parts[i].length &&
		    f->parts[i].offset < msg->offset + msg->length)
			return false;
	f->parts = mem_grow(f->parts, f->nparts, sizeof(*f->parts));
	f->parts[f->nparts++] = (struct fetch_part){ msg->offset, msg->length };
	return true;
}

/* Data is read by the kernel at any time later, so it must not change. */
static bool fetch_check_file(int fd, const struct offload_msg *msg)
{
	const int needed = F_SEAL_SHRINK | F_SEAL_WRITE;
	int seals = fd < 0 ? -1 : fcntl(fd, F_GET_SEALS);
	struct stat st;

	return seals >= 0 && (seals & needed) == needed && !fstat(fd, &st) &&
	       (u64)st.st_size >= msg->start + msg->length;
}

static bool fetch_take_data(struct fetch *f, const struct offload_msg *msg, int fd)
{
	struct fill *fill;

	if (!fetch_check_file(fd, msg) || !fetch_add_part(f, msg)) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	/* An error has ended the fetch already. */
	if (f->error || f->task.cancelled) {
		close(fd);
		return true;
	}
	fill = mem_new(sizeof(*fill));
	fill->job.run = fill_run;
	fill->job.done = fill_done;
	fill->fetch = f;
	fill->kernel = offload_place_kernel(f->place);
	fill->data = (struct offload_data){ f->recall, fd, msg->start, msg->offset, msg->length };
	fill->next = f->held;
	f->held = fill;
	fetch_progress(f);
	fetch_fill(f);
	return true;
}

static bool fetch_heard(struct offload *o, struct offload_task *task,
			const struct offload_msg *msg, int fd)
{
	struct fetch *f = fetch_of(task);
	u64 arrived = 0;
	unsigned int i;

	(void)o;
	if (msg->type == OFFLOAD_DATA)
		return fetch_take_data(f, msg, fd);
	if (fd >= 0)
		close(fd);
	if (msg->type == OFFLOAD_PROGRESS) {
		fetch_progress(f);
		return true;
	}
	for (i = 0; i < f->nparts; i++)
		arrived += f->parts[i].length;
	/* The parts do not overlap, so their sum shows that all have arrived. */
	if (msg->type != OFFLOAD_FETCHED || arrived != f->length)
		return false;
	f->ended = true;
	fetch_finish(f);
	return true;
}

static void fetch_failed(struct offload *o, struct offload_task *task, u32 error,
			 const char *text)
{
	struct fetch *f = fetch_of(task);

	(void)o;
	f->ended = true;
	fetch_fail(f, error, text);
	fetch_drop_held(f);
	fetch_finish(f);
}

static bool fetch_repeats(struct offload_task *task)
{
	struct fetch *f = fetch_of(task);

	if (f->repeated || f->error || f->answered)
		return false;
	f->repeated = true;
	/* What the kernel has is not given to it again. */
	f->nparts = 0;
	fetch_drop_held(f);
	return true;
}

/* What is fetched now would only wait. */
static bool fetch_waits(const struct offload_task *task)
{
	const struct fetch *f = (const struct fetch *)((const char *)task -
						       offsetof(struct fetch, task));

	return offload_place_is_full(f->place);
}

static const struct offload_task_ops fetch_ops = {
	.waits = fetch_waits,
	.send = fetch_send,
	.heard = fetch_heard,
	.failed = fetch_failed,
	.repeats = fetch_repeats,
};

/* Nothing moves: answer before the deadline of the kernel, so that its log has the cause. */
static void fetch_late(struct upcall_deadline *late)
{
	struct fetch *f = (struct fetch *)((char *)late - offsetof(struct fetch, late));
	const struct offload_store *s = offload_store_find(f->o, f->task.store);

	if (f->filling || offload_place_is_full(f->place))
		snprintf(f->text, sizeof(f->text),
			 "the file system has not taken the data in time");
	else
		snprintf(f->text, sizeof(f->text), "store %s has sent nothing for %u s%s%.300s",
			 f->task.store, (f->progress_ms + 999) / 1000,
			 s && s->error[0] ? "; its last error: " : "", s ? s->error : "");
	f->error = ETIMEDOUT;
	fetch_tell(f);
	fetch_answer(f, f->error, f->text);
	if (!f->ended)
		offload_cancel(f->o, &f->task);
}

/* The store's name is the first line of the cookie. */
static bool fetch_find_store(struct fetch *f)
{
	const u8 *end = memchr(f->cookie, '\n', f->cookie_len);
	size_t len = end ? (size_t)(end - f->cookie) : 0;

	if (!len || len > OFFLOAD_STORE_MAX || memchr(f->cookie, 0, len))
		return false;
	memcpy(f->task.store, f->cookie, len);
	return true;
}

static bool fetch_parse(struct fetch *f, struct nl_msg *msg, u64 *file_system)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];

	if (msg_parse(msg, &spec_upcall_set, tb) || !tb[DITTO_A_UPCALL_ID])
		return false;
	f->id = nla_get_u64(tb[DITTO_A_UPCALL_ID]);
	if (!tb[DITTO_A_UPCALL_RECALL] || !tb[DITTO_A_UPCALL_COOKIE] ||
	    !tb[DITTO_A_UPCALL_OFFSET] || !tb[DITTO_A_UPCALL_LENGTH] ||
	    nla_len(tb[DITTO_A_UPCALL_COOKIE]) > OFFLOAD_COOKIE_MAX)
		return false;
	if (tb[DITTO_A_UPCALL_DEADLINE_MS])
		f->progress_ms = nla_get_u32(tb[DITTO_A_UPCALL_DEADLINE_MS]);
	if (tb[DITTO_A_UPCALL_FILE_SYSTEM])
		*file_system = nla_get_u64(tb[DITTO_A_UPCALL_FILE_SYSTEM]);
	f->recall = nla_get_u64(tb[DITTO_A_UPCALL_RECALL]);
	f->offset = nla_get_u64(tb[DITTO_A_UPCALL_OFFSET]);
	f->next = f->offset;
	f->length = nla_get_u64(tb[DITTO_A_UPCALL_LENGTH]);
	f->cookie_len = (size_t)nla_len(tb[DITTO_A_UPCALL_COOKIE]);
	memcpy(f->cookie, nla_data(tb[DITTO_A_UPCALL_COOKIE]), f->cookie_len);
	if (tb[DITTO_A_UPCALL_SHARE])
		snprintf(f->share, sizeof(f->share), "%s",
			 nla_get_string(tb[DITTO_A_UPCALL_SHARE]));
	return f->length && f->offset <= INT64_MAX && f->length <= INT64_MAX - f->offset;
}

void offload_take(struct offload *o, struct conn *channel, struct nl_msg *msg)
{
	struct fetch *f = mem_new(sizeof(*f));
	u64 now = clock_ms(), file_system = 0;
	const char *text = NULL;

	f->o = o;
	f->channel = channel;
	f->task.ops = &fetch_ops;
	if (!fetch_parse(f, msg, &file_system))
		text = "the request for data was not understood";
	else if (!fetch_find_store(f))
		text = "the record of the file does not name a store";
	else if (offload_fetches(o, NULL) >= OFFLOAD_FETCHES_MAX)
		text = "too many requests for data wait";
	else
		f->place = offload_place_get(o->fills, file_system);
	if (!text && !f->place)
		text = "there are no threads for the file system";
	if (text) {
		log_error("share %s: %s", f->share, text);
		fetch_answer(f, EIO, text);
		free(f);
		return;
	}
	f->late.tell = fetch_late;
	upcall_deadline_add(&f->late, now, f->progress_ms ? now + f->progress_ms : UINT64_MAX);
	offload_submit(o, &f->task);
}

unsigned int offload_fetches(const struct offload *o, const char *store)
{
	return offload_count(o, &fetch_ops, store);
}

void offload_fetches_drop(struct offload *o)
{
	struct offload_task *t, *next;

	for (t = o->tasks; t; t = next) {
		bool fetch = t->ops == &fetch_ops && !t->cancelled;

		next = t->next;
		if (!fetch)
			continue;
		fetch_of(t)->answered = true;
		offload_cancel(o, t);
		/* The list may have changed. */
		next = o->tasks;
	}
}
