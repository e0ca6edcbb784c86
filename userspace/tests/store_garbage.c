// SPDX-License-Identifier: GPL-2.0-only
/* Objects that the store process lists, condemns and deletes. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mem.h"
#include "object/envelope.h"
#include "object/object_name.h"
#include "store_client.h"
#include "test.h"

static void objects_listed_read_deleted(void)
{
	char lines[16384] = "", name[OFFLOAD_STORE_MAX * 2] = "", chunk[sizeof(name)] = "";
	struct last_answer pushed, a;
	int fd = -1;

	store_define(KEY_1);
	push_file(file, &pushed);
	order_give(OFFLOAD_LIST, "chunks/\n", &a, &fd);
	CHECK(a.msg.type == OFFLOAD_LISTED && a.msg.number > 1 && !a.msg.done && fd >= 0);
	CHECK(pread(fd, lines, sizeof(lines) - 1, 0) > 0);
	close(fd);
	CHECK(sscanf(strstr(lines, "chunks/") ?: "", "%127s", chunk) == 1);
	memset(lines, 0, sizeof(lines));
	order_give(OFFLOAD_LIST, "manifests/\n", &a, &fd);
	CHECK(pread(fd, lines, sizeof(lines) - 1, 0) > 0);
	close(fd);
	CHECK(sscanf(lines, "%127s %*d 7", name) == 1);
	order_give(OFFLOAD_READ, name, &a, &fd);
	CHECK(a.msg.type == OFFLOAD_OBJECT && fd >= 0 && lseek(fd, 0, SEEK_END) > 0);
	close(fd);
	memcpy(name, chunk, sizeof(name));
	order_give(OFFLOAD_READ, name, &a, &fd);
	CHECK(a.msg.type == OFFLOAD_OBJECT && a.msg.size && fd < 0);
	s3_server_fault(server, S3_WRONG, 'G', 100);
	order_give(OFFLOAD_READ, name, &a, &fd);
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == EBADMSG);
	s3_server_fault(server, S3_GOOD, 0, 0);
	/* What files may refer to is not deleted alone. */
	order_give(OFFLOAD_DELETE, name, &a, &fd);
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == EINVAL);
	object_name(ENVELOPE_SNAPSHOT, (const u8 *)"01234567890123456789012345678901", name);
	s3_server_fault(server, S3_SIGNATURE, 'D', 1);
	order_give(OFFLOAD_DELETE, name, &a, &fd);
	CHECK(a.msg.type == OFFLOAD_FAILED && strstr(a.text, "DELETE ") && strstr(a.text, name));
	order_give(OFFLOAD_DELETE, name, &a, &fd);
	CHECK(a.msg.type == OFFLOAD_DELETED);
	order_give(OFFLOAD_READ, name, &a, &fd);
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == ENODATA && strstr(a.text, name));
	order_give(OFFLOAD_DELETE, "ditto-check", &a, &fd);
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == EINVAL);
	order_give(OFFLOAD_LIST, "chunks/", &a, &fd);
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == EINVAL);
}

/**
 * struct objects - objects of the store that files refer to
 * @lines: their names, one in each line
 * @n: number of them
 * @run: number of the run of gc
 */
struct objects {
	char lines[16384];
	unsigned int n;
	u64 run;
};

static void objects_list(struct objects *o)
{
	static const char *const folders[] = { "chunks/\n", "manifests/\n" };
	char lines[16384], *line, *next;
	struct last_answer a;
	size_t i;
	int fd;

	o->lines[0] = '\0';
	o->n = 0;
	for (i = 0; i < ARRAY_SIZE(folders); i++) {
		memset(lines, 0, sizeof(lines));
		order_give(OFFLOAD_LIST, folders[i], &a, &fd);
		CHECK(!a.msg.number || pread(fd, lines, sizeof(lines) - 1, 0) > 0);
		close(fd);
		for (line = strtok_r(lines, "\n", &next); line;
		     line = strtok_r(NULL, "\n", &next)) {
			sprintf(strchr(o->lines, '\0'), "%.*s\n", (int)strcspn(line, " "), line);
			o->n++;
		}
	}
}

static void objects_begin_run(struct objects *o)
{
	struct last_answer a;
	int fd;

	order_give(OFFLOAD_COLLECT, "begin", &a, &fd);
	CHECK(a.msg.type == OFFLOAD_COLLECTED && a.msg.number && fd < 0);
	o->run = a.msg.number;
}

/* Delete the objects. Returns how many of them stay for this cause, or -1. */
static int objects_collect(const struct objects *o, const char *cause, struct last_answer *a)
{
	char run[32], lines[32768] = "", *at;
	int file = memfd_create("names", MFD_CLOEXEC), fd, n = 0;

	sprintf(run, "%llu", (unsigned long long)o->run);
	CHECK(write(file, o->lines, strlen(o->lines)) == (ssize_t)strlen(o->lines));
	order_give_file(OFFLOAD_COLLECT, run, file, a, &fd);
	close(file);
	if (a->msg.type != OFFLOAD_COLLECTED)
		return -1;
	if (fd >= 0)
		CHECK(pread(fd, lines, sizeof(lines) - 1, 0) > 0);
	close(fd);
	for (at = lines; *cause && (at = strstr(at, cause)); at++)
		n++;
	return *cause ? n : (int)strlen(lines);
}

/* Condemned objects are sent again, and not deleted then; and are sent again after a deletion. */
static void condemned_objects(void)
{
	struct last_answer pushed, again, a;
	struct objects o;
	int puts;

	store_define("prefix=condemned\ntimeout=15\n" KEY_1);
	push_file(file, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_PUSHED);
	objects_list(&o);
	CHECK(o.n > 2);
	objects_begin_run(&o);
	/* Nothing is deleted that no list names. */
	CHECK(objects_collect(&o, " relied", &a) == (int)o.n);
	objects_condemn(o.lines, o.n);

	/* Uploads of this process know the list, and those of another one read it. */
	s3_server_fault(server, S3_GOOD, 0, 0);
	puts = server->puts;
	push_file(file, &again);
	CHECK(again.msg.type == OFFLOAD_PUSHED && !again.msg.deduplicated && !server->heads);
	CHECK(server->puts == puts + (int)o.n);
	CHECK(objects_collect(&o, " relied", &a) == (int)o.n && !server->bulks);
	/* Once is enough. */
	push_file(file, &again);
	CHECK(again.msg.deduplicated && server->puts == puts + (int)o.n);
	store_define("prefix=condemned\ntimeout=15\n" KEY_1);
	CHECK(objects_collect(&o, "", &a) == -1 && a.msg.error == ESTALE);
	objects_begin_run(&o);
	CHECK(server->lists == 1);
	s3_server_fault(server, S3_GOOD, 0, 0);
	push_file(file, &again);
	CHECK(!again.msg.deduplicated && !server->heads);

	/* The next run deletes them, though another list of the store cannot be read at first. */
	s3_server_fault(server, S3_DENIED, 'L', 1);
	order_give(OFFLOAD_COLLECT, "begin", &a, &(int){ 0 });
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == EACCES);
	objects_begin_run(&o);
	s3_server_fault(server, S3_GOOD, 0, 0);
	CHECK(objects_collect(&o, "", &a) == 0 && server->bulks == 1 && !server->deletes);
	/* The store says that they are there, as a copy that lags behind. */
	s3_server_fault(server, S3_LAGS, 'H', 1000);
	push_file(file, &again);
	CHECK(again.msg.type == OFFLOAD_PUSHED && !again.msg.deduplicated && !server->heads);
	s3_server_fault(server, S3_GOOD, 0, 0);
	fetch_range(&again, 0, SIZE, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_FETCHED);
}

/* Condemn what a push has sent, and begin a run. Ends without faults. */
static void objects_condemn_new(struct objects *o, const char *settings)
{
	struct last_answer pushed;

	store_define(settings);
	push_file(file, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_PUSHED);
	objects_list(o);
	objects_begin_run(o);
	objects_condemn(o->lines, o->n);
	s3_server_fault(server, S3_GOOD, 0, 0);
}

/* If a list cannot be used, uploads send everything, once, and what they have sent stays. */
static void lists_that_are_damaged(void)
{
	struct last_answer pushed, a;
	struct objects o;

	objects_condemn_new(&o, "prefix=damaged\ntimeout=15\n" KEY_1);
	s3_server_fault(server, S3_WRONG, 'G', 1000);
	objects_begin_run(&o);
	push_file(file, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_PUSHED && !pushed.msg.deduplicated && !server->heads);
	CHECK(objects_collect(&o, " relied", &a) == (int)o.n && !server->bulks);
	push_file(file, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_PUSHED && pushed.msg.deduplicated);
	s3_server_fault(server, S3_GOOD, 0, 0);
	objects_begin_run(&o);
	CHECK(objects_collect(&o, "", &a) == 0);
}

/* A store with keys does not believe a list of garbage that has none. */
static void lists_without_a_key(void)
{
	char lines[16384] = "", name[OFFLOAD_STORE_MAX * 2] = "";
	struct last_answer a;
	struct objects o;
	int fd;

	objects_condemn_new(&o, "prefix=keyless\ntimeout=15\n");
	order_give(OFFLOAD_LIST, "garbage/\n", &a, &fd);
	CHECK(pread(fd, lines, sizeof(lines) - 1, 0) > 0);
	close(fd);
	CHECK(sscanf(lines, "%127s", name) == 1);
	order_give(OFFLOAD_READ, name, &a, &fd);
	CHECK(a.msg.type == OFFLOAD_OBJECT && fd >= 0);
	close(fd);
	store_define("prefix=keyless\ntimeout=15\n" KEY_1);
	order_give(OFFLOAD_READ, name, &a, &fd);
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == ENOKEY);
	/* The names of the last run are remembered for another one. */
	objects_begin_run(&o);
	objects_begin_run(&o);
	CHECK(objects_collect(&o, " relied", &a) == (int)o.n && !server->bulks);
}

/* Stores that do not know how to delete many objects, and answers that say less than all. */
static void deletions_that_fail(void)
{
	struct last_answer pushed, a;
	struct objects o;
	int n;

	store_define("prefix=fail\ntimeout=15\n" KEY_1);
	push_file(file, &pushed);
	objects_list(&o);
	objects_begin_run(&o);
	objects_condemn(o.lines, o.n);
	s3_server_fault(server, S3_PAGE, 'O', 1);
	CHECK(objects_collect(&o, "something else", &a) == (int)o.n);
	s3_server_fault(server, S3_PAGE, 'O', 1);
	CHECK(objects_collect(&o, " refused: ", &a) == 0);
	s3_server_fault(server, S3_KEEPS, 'O', 1);
	n = server->objects;
	CHECK(objects_collect(&o, " refused: the store refuses: InternalError", &a) == 1);
	CHECK(server->objects == n - (int)o.n + 1);
	s3_server_fault(server, S3_KEEPS, 'O', 1);
	CHECK(objects_collect(&o, "does not say", &a) == 1);
	objects_begin_run(&o);
	push_file(file, &pushed);
	objects_begin_run(&o);
	/* Another refusal is no reason to do without the request the next time. */
	s3_server_fault(server, S3_DENIED, 'O', 1);
	CHECK(objects_collect(&o, "", &a) == 0 && server->bulks == 1);
	CHECK(objects_collect(&o, "", &a) == 0 && server->bulks == 2);
	objects_begin_run(&o);
	push_file(file, &pushed);
	objects_begin_run(&o);
	s3_server_fault(server, S3_NO_BULK, 'O', 1);
	n = server->objects;
	CHECK(objects_collect(&o, "", &a) == 0 && server->objects == n - (int)o.n);
	CHECK(server->bulks == 1 && server->deletes == (int)o.n);
	/* It is not asked again. */
	CHECK(objects_collect(&o, "", &a) == 0 && server->bulks == 1);
	s3_server_fault(server, S3_DENIED, 'D', 1);
	CHECK(objects_collect(&o, " refused: ", &a) == 1);
	/* A batch without its file is no beginning. */
	order_give(OFFLOAD_COLLECT, "1", &a, &(int){ 0 });
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == EBADF);
	order_give(OFFLOAD_COLLECT, "", &a, &(int){ 0 });
	CHECK(a.msg.type == OFFLOAD_FAILED && a.msg.error == EBADF);
	/* Other things than such objects. */
	sprintf(o.lines, "ditto-owner\n");
	CHECK(objects_collect(&o, "", &a) == -1 && a.msg.error == EINVAL);
	object_name(ENVELOPE_SNAPSHOT, (const u8 *)"01234567890123456789012345678901", o.lines);
	CHECK(objects_collect(&o, "", &a) == -1 && a.msg.error == EINVAL);
}

/* Send a batch without waiting for the answer. Returns its number when the store has it. */
static u64 objects_collect_send(const struct objects *o)
{
	struct offload_msg msg = { .type = OFFLOAD_COLLECT, .store = "s" };
	int names = memfd_create("names", MFD_CLOEXEC);
	char *run = mem_print("%llu", (unsigned long long)o->run);
	u64 id;

	CHECK(write(names, o->lines, strlen(o->lines)) == (ssize_t)strlen(o->lines));
	msg.text = run;
	msg.text_len = strlen(run);
	id = channel_ask(&msg, names);
	while (!server->bulks)
		usleep(1000);
	close(names);
	free(run);
	return id;
}

/* Hear the next message, which answers a request. */
static void channel_hear(u64 id, u32 type)
{
	u8 packet[OFFLOAD_PACKET_MAX];
	struct offload_msg msg;
	int fd;

	do {
		if (!CHECK(channel_receive(&msg, packet, &fd)))
			return;
		if (fd >= 0)
			close(fd);
	} while (msg.type == OFFLOAD_PROGRESS);
	CHECK(msg.id == id && msg.type == type);
}

/* What a run deletes is waited for by uploads and by the next run, also if nobody waits for it. */
static void deletions_that_go_on(void)
{
	struct offload_msg cancel = { .type = OFFLOAD_CANCEL };
	struct offload_msg push = { .type = OFFLOAD_PUSH, .store = "s" };
	struct offload_msg begin = { .type = OFFLOAD_COLLECT, .store = "s",
				     .text = "begin", .text_len = strlen("begin") };
	u64 pushed, begun;
	struct objects o;
	int n;

	objects_condemn_new(&o, "prefix=goon\ntimeout=6\n" KEY_1);
	n = server->objects;
	s3_server_fault(server, S3_SILENT, 'O', 1);
	cancel.id = objects_collect_send(&o);
	CHECK(!offload_msg_send(channel, &cancel, -1));
	channel_hear(cancel.id, OFFLOAD_FAILED);
	pushed = channel_ask(&push, file);
	begun = channel_ask(&begin, -1);
	channel_hear(begun, OFFLOAD_COLLECTED);
	/* On a busy machine the answer to the second attempt may be late, too. */
	CHECK(server->bulks >= 2);
	channel_hear(pushed, OFFLOAD_PUSHED);
	/* The second attempt was good, and the first one may still delete what would be sent. */
	CHECK(!server->puts_before && server->puts == (int)o.n && server->objects == n);
}

/* A store deletes later than anybody waits for its answer: of a request, or of the process. */
static void deletions_that_are_late(void)
{
	struct last_answer pushed, a;
	struct objects o;

	objects_condemn_new(&o, "prefix=late\ntimeout=1\n" KEY_1);
	s3_server_fault(server, S3_LATE, 'O', 1000);
	CHECK(objects_collect(&o, " ", &a) >= (int)o.n);
	push_file(file, &pushed);
	while (server->late < server->bulks)
		usleep(1000);
	s3_server_fault(server, S3_GOOD, 0, 0);
	store_define("prefix=late\ntimeout=1\n" KEY_1);
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED);

	objects_condemn_new(&o, "prefix=later\ntimeout=1\n" KEY_1);
	s3_server_fault(server, S3_LATE, 'O', 1000);
	objects_collect_send(&o);
	CHECK(process_end() == 0);
	channel = store_process_start(&process);
	store_define("prefix=later\ntimeout=1\n" KEY_1);
	push_file(file, &pushed);
	while (server->late < server->bulks)
		usleep(1000);
	s3_server_fault(server, S3_GOOD, 0, 0);
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED);
	/* Other tests push the same names elsewhere. */
	CHECK(process_end() == 0);
	channel = store_process_start(&process);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(objects_listed_read_deleted),
		TEST(condemned_objects),
		TEST(lists_that_are_damaged),
		TEST(lists_without_a_key),
		TEST(deletions_that_fail),
		TEST(deletions_that_go_on),
		TEST(deletions_that_are_late),
		{ NULL, NULL }
	};

	return store_client_main(tests);
}
