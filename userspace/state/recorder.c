// SPDX-License-Identifier: GPL-2.0-only
/*
 * The thread that writes records.
 *
 * Jobs run one after the other, in the order of submission. The first of several queued changes
 * writes all of them in its transaction, up to the next start or end of a server instance. The
 * other jobs then have nothing left to do.
 *
 * Locking: see struct recorder.
 */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "ditto-nl-gen.h"
#include "daemon/log.h"
#include "mem.h"
#include "nl/nl.h"
#include "recorder.h"

/* Most queued changes. */
#define LIMIT	4096
/* Most starts and ends of instances that wait behind them; of more, the oldest are obsolete. */
#define LATE_MOST	16

/* Seconds until a failed start of an instance is retried: at first, and at most. */
#define PAUSE_MIN	1
#define PAUSE_MAX	30
/* Failed reads after which records are given up: not before a quarter of a minute. */
#define READS_MOST	5
#define PAUSE_STEP_MS	100

/**
 * struct recorder - the thread and its queue
 * @pool: pool with the thread
 * @records: used by the thread only
 * @lock: protects the members below
 * @first: queued changes, oldest first
 * @last: end of the list @first
 * @life: number of starts and ends of instances
 * @late: starts and ends for which the pool had no room, oldest first; no change is queued before
 *	all of them are
 * @nlate: number of them
 * @closing: the thread must end
 */
struct recorder {
	struct pool *pool;
	struct records *records;
	pthread_mutex_t lock;
	struct record_job *first;
	struct record_job **last;
	u32 life;
	struct life_job *late[LATE_MOST];
	unsigned int nlate;
	bool closing;
};

/**
 * struct life_job - start or end of a server instance
 * @job: job in the pool
 * @recorder: the recorder
 * @number: recorder.life after submission
 * @instance: instance number of the server
 * @epoch: epoch of the server; 0 if it has none yet
 */
struct life_job {
	struct job job;
	struct recorder *recorder;
	u32 number;
	u64 instance;
	u64 epoch;
};

static bool change_one(struct records *r, const struct record_job *job)
{
	switch (job->change) {
	case DITTO_UPCALL_KIND_RECORD_PUT:
		return record_put(r, &job->record);
	case DITTO_UPCALL_KIND_RECORD_REMOVE:
		return record_remove(r, &job->record);
	case DITTO_UPCALL_KIND_RECORD_FORGET:
		return record_forget(r, job->record.type);
	default:
		return false;
	}
}

/* Remove the changes that belong to the same instance as the first one from the queue. */
static struct record_job *take_changes(struct recorder *rec)
{
	struct record_job *first;
	struct record_job **end;

	pthread_mutex_lock(&rec->lock);
	first = rec->first;
	end = &first;
	while (*end && (*end)->life == first->life)
		end = &(*end)->next;
	rec->first = *end;
	if (!rec->first)
		rec->last = &rec->first;
	*end = NULL;
	pthread_mutex_unlock(&rec->lock);
	return first;
}

/* Write all changes or none, because a disk error is not limited to one of them. */
static void run_change(struct job *job)
{
	struct record_job *change = (struct record_job *)job;
	struct records *r = change->recorder->records;
	struct record_job *first;
	u64 now;
	bool good;

	if (change->worked)
		return;
	first = take_changes(change->recorder);
	now = clock_ms();
	good = records_batch_begin(r);
	for (change = first; change; change = change->next) {
		change->worked = true;
		/* The kernel does not wait any more, and was not promised the change. */
		if (now >= change->deadline)
			change->error = ETIMEDOUT;
		else if (good)
			good = change_one(r, change);
	}
	if (good)
		good = records_batch_end(r);
	else
		records_batch_cancel(r);
	for (change = first; change && !good; change = change->next)
		change->error = EIO;
}

/* Queue what had no room before. Returns false if some has none still. */
static bool late_submit_locked(struct recorder *rec)
{
	unsigned int n = 0;

	while (n < rec->nlate && !pool_submit(rec->pool, &rec->late[n]->job))
		n++;
	rec->nlate -= n;
	memmove(rec->late, rec->late + n, rec->nlate * sizeof(rec->late[0]));
	return !rec->nlate;
}

int recorder_submit(struct recorder *rec, struct record_job *job)
{
	int rc;

	job->recorder = rec;
	job->job.run = run_change;
	pthread_mutex_lock(&rec->lock);
	rc = late_submit_locked(rec) ? pool_submit(rec->pool, &job->job) : -EAGAIN;
	if (!rc) {
		job->life = rec->life;
		*rec->last = job;
		rec->last = &job->next;
	}
	pthread_mutex_unlock(&rec->lock);
	return rc;
}

/**
 * struct loading - transfer of records to the kernel
 * @conn: connection
 * @instance: instance number of the server
 * @count: number of records transferred
 * @left_out: number of records that the kernel rejected
 * @error: 0 or a negative errno
 */
struct loading {
	struct conn conn;
	u64 instance;
	unsigned int count;
	unsigned int left_out;
	int error;
};

static bool load_one(const struct record *record, void *arg)
{
	struct loading *l = arg;
	struct nl_msg *msg = conn_message(&l->conn, DITTO_CMD_RECORD_LOAD);
	int rc;

	msg_put_number(msg, &spec_record_set, DITTO_A_RECORD_INSTANCE, l->instance);
	msg_put_number(msg, &spec_record_set, DITTO_A_RECORD_TYPE, record->type);
	msg_put(msg, DITTO_A_RECORD_KEY, record->key, record->key_len);
	msg_put(msg, DITTO_A_RECORD_DATA, record->data, record->data_len);
	rc = conn_call(&l->conn, msg, NULL);
	if (!rc)
		l->count++;
	/* A record type of a newer version, or no room for more records. */
	else if (rc == -ERANGE || rc == -EINVAL || rc == -ENOSPC)
		l->left_out++;
	else
		l->error = rc;
	return !l->error;
}

static bool records_give_up(struct records *r)
{
	return record_forget(r, DITTO_RECORD_TYPE_CLIENT) &&
	       record_forget(r, DITTO_RECORD_TYPE_OPEN) &&
	       record_forget(r, DITTO_RECORD_TYPE_MONITORED_HOST);
}

/*
 * Transfer the records of the previous life to the kernel, and the epoch behind them. A client
 * whose record is missing then may not reclaim, and the record is forgotten, so records that cannot
 * be read are not taken for missing until @unread, the number of failed reads, says so, and are
 * removed then. Returns false if it is to be tried again; the kernel takes records twice.
 */
static bool load_all(struct records *r, u64 instance, u64 epoch, bool clean, unsigned int *unread)
{
	struct loading l = { .instance = instance };
	struct nl_msg *msg;

	l.error = conn_open(&l.conn);
	if (l.error)
		goto err;
	l.error = conn_find_family(&l.conn);
	if (l.error)
		goto err;
	if (record_previous(r, load_one, &l) == -EIO) {
		bool give_up = ++*unread >= READS_MOST;

		log_error(give_up ?
			  "records cannot be read: clients whose records are lost cannot reclaim" :
			  "records cannot be read, which clients need to reclaim: trying again");
		if (!give_up) {
			conn_close(&l.conn);
			return false;
		}
		/* They could be read in the next life, when others have had what they stand for. */
		if (!records_give_up(r)) {
			log_error("records that cannot be read cannot be removed: clients wait");
			conn_close(&l.conn);
			return false;
		}
	}
	if (l.left_out)
		log_warning("%u records could not be loaded into the kernel", l.left_out);
	if (l.error)
		goto err;
	msg = conn_message(&l.conn, DITTO_CMD_STATE_BEGIN);
	msg_put_number(msg, &spec_state_set, DITTO_A_STATE_INSTANCE, instance);
	msg_put_number(msg, &spec_state_set, DITTO_A_STATE_EPOCH, epoch);
	msg_put_number(msg, &spec_state_set, DITTO_A_STATE_CLEAN, clean);
	l.error = conn_call(&l.conn, msg, NULL);
	if (l.error)
		goto err;
	log_notice("epoch %llu, %u earlier records%s", epoch, l.count,
		   clean || epoch == 1 ? "" : "; the last instance did not end cleanly");
	conn_close(&l.conn);
	return true;

err:
	log_error("the records cannot be loaded into the kernel: %s", l.conn.why.text);
	if (l.conn.sock)
		conn_close(&l.conn);
	/* The server is another instance by now, or has an epoch already. */
	return l.error == -ESTALE || l.error == -EALREADY;
}

/* True if no other instance has started or ended since, and recorder_close() does not wait. */
static bool life_is_present(const struct life_job *life)
{
	struct recorder *rec = life->recorder;
	bool present;

	pthread_mutex_lock(&rec->lock);
	present = !rec->closing && rec->life == life->number;
	pthread_mutex_unlock(&rec->lock);
	return present;
}

/* Sleep. Returns false if a retry is no longer useful. */
static bool pause_in_life(const struct life_job *life, unsigned int seconds)
{
	const struct timespec step = { 0, PAUSE_STEP_MS * 1000000L };
	unsigned int ms;

	for (ms = 0; ms < seconds * 1000 && life_is_present(life); ms += PAUSE_STEP_MS)
		nanosleep(&step, NULL);
	return life_is_present(life);
}

/*
 * Begin a life, or try that again after @pause. @unread: reads that have failed. Returns false if
 * it has not begun.
 */
static bool life_begin(const struct life_job *life, unsigned int pause, unsigned int *unread)
{
	struct records *r = life->recorder->records;
	bool clean = false;
	u64 epoch;

	epoch = records_begin(r, life->instance, life->epoch, &clean);
	if (!epoch && pause == PAUSE_MIN)
		log_error("records cannot be written, which a restart needs: trying again");
	if (!epoch || life->epoch)
		return epoch;
	return load_all(r, life->instance, epoch, clean, unread);
}

/*
 * A full disk, a locked database or a failed read is a temporary condition, so this retries.
 * Changes that arrive in between wait until their deadlines.
 */
static void run_begin(struct job *job)
{
	struct life_job *life = (struct life_job *)job;
	unsigned int pause = PAUSE_MIN, unread = 0;

	while (!life_begin(life, pause, &unread)) {
		if (!pause_in_life(life, pause))
			return;
		pause = pause < PAUSE_MAX / 2 ? 2 * pause : PAUSE_MAX;
	}
}

static void run_gone(struct job *job)
{
	records_end(((struct life_job *)job)->recorder->records);
}

static void life_done(struct job *job)
{
	free(job);
}

static void submit_life(struct recorder *rec, void (*run)(struct job *job), u64 instance,
			u64 epoch)
{
	struct life_job *life = mem_new(sizeof(*life));
	bool late;

	life->job.run = run;
	life->job.done = life_done;
	life->recorder = rec;
	life->instance = instance;
	life->epoch = epoch;
	pthread_mutex_lock(&rec->lock);
	life->number = ++rec->life;
	if (rec->nlate == LATE_MOST) {
		free(rec->late[0]);
		rec->nlate--;
		memmove(rec->late, rec->late + 1, rec->nlate * sizeof(rec->late[0]));
	}
	/* Without it, the server records nothing, or under the number of an earlier instance. */
	rec->late[rec->nlate++] = life;
	late = !late_submit_locked(rec);
	pthread_mutex_unlock(&rec->lock);
	if (late)
		log_warning("%u changes wait to be recorded: those of the next instance wait, too",
			    LIMIT);
}

void recorder_begin(struct recorder *rec, u64 instance, u64 epoch)
{
	submit_life(rec, run_begin, instance, epoch);
}

void recorder_gone(struct recorder *rec)
{
	submit_life(rec, run_gone, 0, 0);
}

struct recorder *recorder_open(const char *dir, struct why *why)
{
	struct recorder *rec = mem_new(sizeof(*rec));

	rec->last = &rec->first;
	pthread_mutex_init(&rec->lock, NULL);
	rec->records = records_open(dir, why);
	if (rec->records) {
		rec->pool = pool_new(1, LIMIT);
		if (rec->pool)
			return rec;
		why_not(why, "no thread: %s", strerror(errno));
	}
	records_close(rec->records);
	free(rec);
	return NULL;
}

void recorder_close(struct recorder *rec)
{
	if (!rec)
		return;
	pthread_mutex_lock(&rec->lock);
	rec->closing = true;
	pthread_mutex_unlock(&rec->lock);
	/*
	 * Changes that were not started are dropped: the kernel gets no reply and was not
	 * promised them.
	 */
	pool_free(rec->pool);
	while (rec->nlate)
		free(rec->late[--rec->nlate]);
	records_end(rec->records);
	records_close(rec->records);
	free(rec);
}

int recorder_fd(const struct recorder *rec)
{
	return pool_fd(rec->pool);
}

void recorder_reap(struct recorder *rec)
{
	pool_reap(rec->pool);
	pthread_mutex_lock(&rec->lock);
	late_submit_locked(rec);
	pthread_mutex_unlock(&rec->lock);
}
