// SPDX-License-Identifier: GPL-2.0-only
/* Records and server instances; a helper that dies during a change. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "state/record.h"
#include "state/recorder.h"
#include "state/state.h"
#include "daemon/upcall.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "nl/nl.h"
#include "test.h"

#define HOST	DITTO_RECORD_TYPE_MONITORED_HOST
#define CLIENT	DITTO_RECORD_TYPE_CLIENT

static char dir[64];

/* A new database for each test. */
static void database_fresh(void)
{
	static int n;
	struct why why;

	snprintf(dir + strlen("/tmp/ditto-record-XXXXXX"), 8, "/%d", n++);
	state_close(state_open(dir, &why));
}

static struct records *open_it(void)
{
	struct records *r;
	struct why why;

	r = records_open(dir, &why);
	if (!CHECK(r)) {
		SAME(why.text, "");
		exit(1);
	}
	return r;
}

static struct record record_make(u32 type, const char *key, const char *data)
{
	struct record record = { .type = type };

	record.key_len = (u16)strlen(key);
	memcpy(record.key, key, record.key_len);
	record.data_len = (u16)strlen(data);
	memcpy(record.data, data, record.data_len);
	return record;
}

static bool data_store(struct records *r, u32 type, const char *key, const char *data)
{
	struct record record = record_make(type, key, data);

	return record_put(r, &record);
}

static bool data_remove(struct records *r, u32 type, const char *key)
{
	struct record record = record_make(type, key, "");

	return record_remove(r, &record);
}

static bool record_note(const struct record *record, void *arg)
{
	char *text = arg;

	sprintf(text + strlen(text), "%u:%.*s=%.*s ", record->type, record->key_len, record->key,
		record->data_len, record->data);
	return true;
}

/* Return the records of earlier instances as text. */
static const char *lives_previous(struct records *r)
{
	static char text[2 * (RECORD_KEY_MAX + RECORD_DATA_MAX)];

	text[0] = '\0';
	CHECK(!record_previous(r, record_note, text));
	return text;
}

static void lives_counted(void)
{
	struct records *r;
	bool clean = true;

	database_fresh();
	r = open_it();
	CHECK(records_begin(r, 100, 0, &clean) == 1 && !clean);
	/* The helper restarts, the server does not. */
	records_close(r);
	r = open_it();
	CHECK(records_begin(r, 100, 1, &clean) == 1);
	CHECK(records_begin(r, 200, 0, &clean) == 2 && !clean);
	CHECK(records_end(r));
	CHECK(records_begin(r, 300, 0, &clean) == 3 && clean);
	/* A helper that died before it reached the server finds the same state. */
	CHECK(records_begin(r, 300, 0, &clean) == 3 && clean);
	/* The instance continued after the clean end, and then died. */
	CHECK(records_begin(r, 400, 0, &clean) == 4 && !clean);
	/* A clean end, and another helper for the same instance. */
	CHECK(records_end(r));
	CHECK(records_begin(r, 400, 4, &clean) == 4);
	CHECK(records_begin(r, 500, 0, &clean) == 5 && !clean);
	/* A server that started with another database. */
	CHECK(records_begin(r, 600, 17, &clean) == 17);
	CHECK(records_begin(r, 700, 0, &clean) == 18);
	CHECK(records_begin(r, 800, 3, &clean) == 18);
	records_close(r);
}

static void records_of_lives(void)
{
	struct records *r;
	bool clean;

	database_fresh();
	r = open_it();
	records_begin(r, 1, 0, &clean);
	CHECK(data_store(r, HOST, "a", "1") && data_store(r, HOST, "b", "2") &&
	      data_store(r, CLIENT, "a", ""));
	CHECK(data_store(r, HOST, "b", "3") && data_remove(r, HOST, "none"));
	SAME(lives_previous(r), "");
	records_begin(r, 2, 0, &clean);
	SAME(lives_previous(r), "0:a=1 0:b=3 1:a= ");
	/* Written again: the record belongs to the present instance. */
	CHECK(data_store(r, HOST, "b", "4") && data_store(r, CLIENT, "c", "new"));
	SAME(lives_previous(r), "0:a=1 1:a= ");
	CHECK(record_forget(r, CLIENT));
	SAME(lives_previous(r), "0:a=1 ");
	CHECK(data_remove(r, HOST, "a"));
	SAME(lives_previous(r), "");
	records_begin(r, 3, 0, &clean);
	SAME(lives_previous(r), "0:b=4 1:c=new ");
	/* An instance that ended before all was reclaimed: the records of both are reported. */
	CHECK(data_store(r, CLIENT, "d", "x"));
	records_begin(r, 4, 0, &clean);
	SAME(lives_previous(r), "0:b=4 1:c=new 1:d=x ");
	records_close(r);
}

static bool record_count(const struct record *record, void *arg)
{
	(void)record;
	return ++*(unsigned int *)arg < 100000;
}

/* Overwrite the page of the database that has this text. */
static void database_damage(const char *text)
{
	char *file = mem_print("%s/state.db", dir);
	u8 page[4096];
	FILE *f = fopen(file, "r+");
	bool done = false;

	while (CHECK(f) && !done && CHECK(fread(page, sizeof(page), 1, f) == 1)) {
		if (!memmem(page, sizeof(page), text, strlen(text)))
			continue;
		memset(page, 0xff, sizeof(page));
		done = !fseek(f, -(long)sizeof(page), SEEK_CUR) &&
		       fwrite(page, sizeof(page), 1, f) == 1;
		break;
	}
	CHECK(done);
	if (f)
		fclose(f);
	free(file);
}

/* Records that cannot be read are not taken for missing. */
static void records_unreadable(void)
{
	unsigned int i, read = 0;
	struct records *r;
	char key[16];
	bool clean;

	database_fresh();
	r = open_it();
	records_begin(r, 1, 0, &clean);
	records_batch_begin(r);
	for (i = 0; i < 2000; i++) {
		snprintf(key, sizeof(key), "client-%05u", i);
		data_store(r, CLIENT, key, "data of this client");
	}
	records_batch_end(r);
	records_begin(r, 2, 0, &clean);
	CHECK(!record_previous(r, record_count, &read) && read == 2000);
	records_close(r);

	database_damage("client-01500");
	r = open_it();
	CHECK(records_begin(r, 3, 0, &clean) == 3);
	read = 0;
	CHECK(record_previous(r, record_count, &read) == -EIO && read < 2000);
	read = 100000;
	CHECK(record_previous(r, record_count, &read) == -ECANCELED);
	records_close(r);
}

static void longest_record(void)
{
	static struct record record = { .key_len = RECORD_KEY_MAX, .data_len = RECORD_DATA_MAX };
	struct records *r;
	bool clean;

	database_fresh();
	r = open_it();
	records_begin(r, 1, 0, &clean);
	memset(record.key, 'k', sizeof(record.key));
	memset(record.data, 'd', sizeof(record.data));
	CHECK(record_put(r, &record));
	records_begin(r, 2, 0, &clean);
	CHECK(strlen(lives_previous(r)) == RECORD_KEY_MAX + RECORD_DATA_MAX + 4);
	records_close(r);
}

/* Run in a process that dies without cleanup. */
static void in_dying_process(void (*fn)(void))
{
	pid_t pid = fork();
	int status = 0;

	if (!pid) {
		fn();
		raise(SIGKILL);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	      WTERMSIG(status) == SIGKILL);
}

static void write_and_die(void)
{
	struct records *r = open_it();
	bool clean;

	records_begin(r, 1, 0, &clean);
	data_store(r, HOST, "written", "1");
	records_batch_begin(r);
	data_store(r, HOST, "batch", "1");
	records_batch_end(r);
	records_batch_begin(r);
	data_store(r, HOST, "half", "1");
	data_remove(r, HOST, "written");
}

/* Acknowledged changes are on disk; changes that were not started are not. */
static void death_before_the_answer(void)
{
	struct records *r;
	bool clean = true;

	database_fresh();
	in_dying_process(write_and_die);
	r = open_it();
	CHECK(records_begin(r, 2, 0, &clean) == 2 && !clean);
	SAME(lives_previous(r), "0:batch=1 0:written=1 ");
	records_close(r);
}

static int answers;

static void count_answer(struct job *job)
{
	CHECK(!((struct record_job *)job)->error);
	answers++;
}

static void wait_for_answers(struct recorder *rec, int want)
{
	struct pollfd pfd = { .fd = recorder_fd(rec), .events = POLLIN };

	while (answers < want && poll(&pfd, 1, 5000) == 1)
		recorder_reap(rec);
	CHECK(answers == want);
}

static void job_submit(struct recorder *rec, struct record_job *job, u32 change, const char *key)
{
	memset(job, 0, sizeof(*job));
	job->record = record_make(HOST, key, "x");
	job->change = change;
	job->deadline = UINT64_MAX;
	job->job.done = count_answer;
	CHECK(!recorder_submit(rec, job));
}

/* There is no module to receive the records, but the instance is counted. */
static struct recorder *start_recorder(u64 instance)
{
	struct recorder *rec;
	struct why why;

	rec = recorder_open(dir, &why);
	if (!CHECK(rec))
		exit(1);
	recorder_begin(rec, instance, 1);
	answers = 0;
	return rec;
}

static void many_at_once(void)
{
	struct record_job *jobs = mem_new(500 * sizeof(*jobs));
	struct recorder *rec;
	struct records *r;
	bool clean = false;
	char key[16];
	int i;

	database_fresh();
	rec = start_recorder(1);
	for (i = 0; i < 499; i++) {
		snprintf(key, sizeof(key), "%d", i % 100);
		job_submit(rec, &jobs[i], i < 300 ? DITTO_UPCALL_KIND_RECORD_PUT :
			   DITTO_UPCALL_KIND_RECORD_REMOVE, key);
	}
	job_submit(rec, &jobs[499], DITTO_UPCALL_KIND_RECORD_PUT, "last");
	wait_for_answers(rec, 500);
	recorder_close(rec);
	r = open_it();
	CHECK(records_begin(r, 2, 0, &clean) == 2 && clean);
	SAME(lives_previous(r), "0:last=x ");
	records_close(r);
	free(jobs);
}

static void job_expired(struct job *job)
{
	CHECK(((struct record_job *)job)->error == ETIMEDOUT);
	answers++;
}

static void too_late(void)
{
	struct record_job jobs[2];
	struct recorder *rec;
	struct records *r;
	bool clean;

	database_fresh();
	rec = start_recorder(1);
	memset(jobs, 0, sizeof(jobs));
	jobs[0].record = record_make(HOST, "late", "");
	jobs[0].change = DITTO_UPCALL_KIND_RECORD_PUT;
	jobs[0].deadline = 1;
	jobs[0].job.done = job_expired;
	CHECK(!recorder_submit(rec, &jobs[0]));
	job_submit(rec, &jobs[1], DITTO_UPCALL_KIND_RECORD_PUT, "soon");
	wait_for_answers(rec, 2);
	recorder_close(rec);
	r = open_it();
	records_begin(r, 2, 0, &clean);
	SAME(lives_previous(r), "0:soon=x ");
	records_close(r);
}

/* Records of one instance are not mixed with those of the next. */
static void life_between_changes(void)
{
	struct record_job jobs[3];
	struct recorder *rec;
	struct records *r;
	bool clean;

	database_fresh();
	rec = start_recorder(1);
	job_submit(rec, &jobs[0], DITTO_UPCALL_KIND_RECORD_PUT, "before");
	recorder_begin(rec, 2, 2);
	job_submit(rec, &jobs[1], DITTO_UPCALL_KIND_RECORD_PUT, "after");
	job_submit(rec, &jobs[2], DITTO_UPCALL_KIND_RECORD_PUT, "then");
	wait_for_answers(rec, 3);
	r = open_it();
	CHECK(records_begin(r, 2, 2, &clean) == 2);
	SAME(lives_previous(r), "0:before=x ");
	records_close(r);
	recorder_close(rec);
}

/* Most changes that the recorder takes. */
#define QUEUE_MOST	4096

/* A queue that is full does not lose the start of an instance, nor mixes records of two. */
static void life_behind_a_full_queue(void)
{
	struct record_job *jobs = mem_new((QUEUE_MOST + 2) * sizeof(*jobs)), *extra;
	struct recorder *rec;
	struct records *r;
	bool clean;
	int n = 0;

	database_fresh();
	rec = start_recorder(1);
	for (; n < QUEUE_MOST - 1; n++)
		job_submit(rec, &jobs[n], DITTO_UPCALL_KIND_RECORD_PUT, "before");
	recorder_gone(rec);
	recorder_begin(rec, 2, 2);
	extra = &jobs[QUEUE_MOST];
	extra->record = record_make(HOST, "refused", "x");
	extra->change = DITTO_UPCALL_KIND_RECORD_PUT;
	CHECK(recorder_submit(rec, extra) == -EAGAIN);
	wait_for_answers(rec, n);
	job_submit(rec, &jobs[QUEUE_MOST + 1], DITTO_UPCALL_KIND_RECORD_PUT, "after");
	wait_for_answers(rec, n + 1);
	r = open_it();
	CHECK(records_begin(r, 2, 2, &clean) == 2);
	SAME(lives_previous(r), "0:before=x ");
	records_close(r);
	recorder_close(rec);
	free(jobs);
}

static struct nl_msg *request_new(u32 type)
{
	struct conn c = { .family = 0x20 };
	struct nl_msg *msg = conn_message(&c, DITTO_CMD_UPCALL);

	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ID, 7);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_TYPE, type);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_DEADLINE_MS, 500);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_RECORD_TYPE, CLIENT);
	return msg;
}

static void check_parse(struct record_upcall *u, struct nl_msg *msg, int want)
{
	memset(u, 0, sizeof(*u));
	CHECK(upcall_parse_record(u, msg, 1000) == want);
	nlmsg_free(msg);
}

static void request_answers(void)
{
	static const u8 long_key[RECORD_KEY_MAX + 1];
	struct record_upcall *u = mem_new(sizeof(*u));
	struct nl_msg *msg;

	msg = request_new(DITTO_UPCALL_KIND_RECORD_PUT);
	msg_put(msg, DITTO_A_UPCALL_RECORD_KEY, "key", 3);
	msg_put(msg, DITTO_A_UPCALL_RECORD_DATA, "data", 4);
	check_parse(u, msg, 0);
	CHECK(u->id == 7 && u->change.deadline == 1500);
	CHECK(u->change.record.type == CLIENT && u->change.record.key_len == 3 &&
	      u->change.record.data_len == 4 && !memcmp(u->change.record.data, "data", 4));
	check_parse(u, request_new(DITTO_UPCALL_KIND_RECORD_PUT), -EBADMSG);
	check_parse(u, request_new(DITTO_UPCALL_KIND_RECORD_REMOVE), -EBADMSG);
	check_parse(u, request_new(DITTO_UPCALL_KIND_GROUPS), -EBADMSG);
	check_parse(u, request_new(DITTO_UPCALL_KIND_RECORD_FORGET), 0);
	msg = request_new(DITTO_UPCALL_KIND_RECORD_REMOVE);
	msg_put(msg, DITTO_A_UPCALL_RECORD_KEY, long_key, sizeof(long_key));
	check_parse(u, msg, -EBADMSG);
	free(u);
}

static void no_database(void)
{
	struct why why;

	CHECK(!records_open("/nonexistent/dir", &why));
	SAME(why.text, "/nonexistent/dir/state.db: unable to open database file");
}

int main(void)
{
	static const struct test tests[] = {
		TEST(lives_counted), TEST(records_of_lives), TEST(records_unreadable),
		TEST(longest_record),
		TEST(death_before_the_answer), TEST(many_at_once), TEST(too_late),
		TEST(life_between_changes), TEST(life_behind_a_full_queue),
		TEST(request_answers), TEST(no_database), { 0 }
	};
	char command[100];
	int status;

	snprintf(dir, sizeof(dir), "/tmp/ditto-record-XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	status = test_main(tests);
	snprintf(command, sizeof(command), "rm -r %.*s", (int)strlen("/tmp/ditto-record-XXXXXX"),
		 dir);
	return system(command) || status;
}
