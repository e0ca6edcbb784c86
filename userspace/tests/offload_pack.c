// SPDX-License-Identifier: GPL-2.0-only
/* Packs: their layout, and how the store process makes and reads them. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mem.h"
#include "object/cookie.h"
#include "object/envelope.h"
#include "object/pack.h"
#include "offload/packer.h"
#include "store_client.h"

/* Files of a test, and the most bytes of one. */
#define FILES		150
#define FILE_SIZE	5000

/**
 * struct pushed - a file and what became of it
 * @content: its content
 * @len: bytes of it
 * @type: type of the last answer
 * @error: errno of a failure
 * @requests: requests to the store
 * @deduplicated: bytes that were in the pack already
 * @cookie: the cookie
 * @cookie_len: bytes of it
 * @place: the same, decoded
 */
struct pushed {
	u8 content[FILE_SIZE];
	size_t len;
	u32 type;
	u64 error;
	u64 requests;
	u64 deduplicated;
	u8 cookie[OFFLOAD_COOKIE_MAX];
	size_t cookie_len;
	struct cookie place;
};

static struct pushed files[FILES];
/* Text of the last failure. */
static char failure[OFFLOAD_TEXT_MAX + 1];

/* Hear of an end, and keep the text of a failure. */
static bool end_receive(struct offload_msg *msg, u8 *packet, int *fd)
{
	/* On a machine that is busy, a fetch may take so long that its progress is told. */
	do {
		if (!channel_receive(msg, packet, fd))
			return false;
	} while (msg->type == OFFLOAD_PROGRESS);
	if (msg->type == OFFLOAD_FAILED)
		snprintf(failure, sizeof(failure), "%.*s", (int)msg->text_len, msg->text);
	return true;
}

/* A file that is different for each number and seed. */
static void file_fill(struct pushed *f, unsigned int seed)
{
	size_t i;

	memset(f, 0, sizeof(*f));
	srandom(seed);
	f->len = 1 + (size_t)random() % FILE_SIZE;
	for (i = 0; i < f->len; i++)
		f->content[i] = (u8)random();
}

static void files_fill(unsigned int n, unsigned int seed)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		file_fill(&files[i], seed + i);
}

static u64 push_send(const struct pushed *f)
{
	struct offload_msg msg = { .type = OFFLOAD_PUSH, .store = "s" };
	int fd = memfd_create("file", 0);
	u64 id;

	CHECK(write(fd, f->content, f->len) == (ssize_t)f->len);
	id = channel_ask(&msg, fd);
	close(fd);
	return id;
}

static void push_note(struct pushed *f, const struct offload_msg *a)
{
	f->type = a->type;
	f->error = a->error;
	f->requests = a->requests;
	f->deduplicated = a->deduplicated;
	f->cookie_len = a->cookie_len;
	memcpy(f->cookie, a->cookie, a->cookie_len);
	memset(&f->place, 0, sizeof(f->place));
	if (a->type == OFFLOAD_PUSHED)
		CHECK(a->size == f->len && cookie_decode(&f->place, f->cookie, f->cookie_len));
}

/* Push files at once. Returns how many were pushed, with @requests to the store. */
static unsigned int files_push(unsigned int n, u64 *requests)
{
	u8 packet[OFFLOAD_PACKET_MAX];
	unsigned int i, good = 0;
	struct offload_msg a;
	u64 first = 0, id;
	int fd;

	*requests = 0;
	for (i = 0; i < n; i++) {
		id = push_send(&files[i]);
		first = first ?: id;
	}
	for (i = 0; i < n; i++) {
		if (!CHECK(end_receive(&a, packet, &fd) && a.id >= first && a.id < first + n))
			break;
		push_note(&files[a.id - first], &a);
		good += a.type == OFFLOAD_PUSHED;
		*requests += a.requests;
	}
	return good;
}

/* Fetch a range of a file. Returns whether it came, and checks it. */
static bool file_fetch(const struct pushed *f, u64 offset, u64 length)
{
	struct offload_msg msg = { .type = OFFLOAD_FETCH, .offset = offset, .length = length,
				   .cookie_len = f->cookie_len }, a;
	u8 packet[OFFLOAD_PACKET_MAX], bytes[FILE_SIZE];
	u64 got = 0;
	int fd;

	memcpy(msg.cookie, f->cookie, f->cookie_len);
	channel_ask(&msg, -1);
	while (CHECK(end_receive(&a, packet, &fd)) && a.type == OFFLOAD_DATA) {
		CHECK(a.offset >= offset && a.offset + a.length <= offset + length);
		CHECK(pread(fd, bytes, a.length, (off_t)a.start) == (ssize_t)a.length);
		CHECK(!memcmp(bytes, f->content + a.offset, a.length));
		got += a.length;
		close(fd);
	}
	CHECK(a.type != OFFLOAD_FETCHED || got == length);
	return a.type == OFFLOAD_FETCHED;
}

static bool files_fetch(unsigned int n)
{
	unsigned int i, good = 0;

	for (i = 0; i < n; i++)
		good += file_fetch(&files[i], 0, files[i].len);
	if (good != n)
		printf("# %s\n", failure);
	return good == n;
}

static void pushed_and_fetched(void)
{
	u64 requests;

	store_define("prefix=p\n" KEY_1);
	store_own();
	files_fill(FILES, 1);
	CHECK(files_push(FILES, &requests) == FILES);
	/* All came within the pause, unless the machine was busy with something else. */
	CHECK(requests == (u64)server->puts && server->puts <= FILES / 8 && !server->heads);
	CHECK(!server->bad && files[0].place.packed);
	store_define("prefix=p\n" KEY_1);
	s3_server_fault(server, S3_GOOD, 0, 0);
	CHECK(files_fetch(FILES) && server->gets == FILES);
	/* What was read stays for a while. */
	CHECK(file_fetch(&files[7], files[7].len / 2, files[7].len - files[7].len / 2));
	CHECK(file_fetch(&files[7], files[7].len, 0) && server->gets == FILES);
	CHECK(!file_fetch(&files[7], files[7].len, 1) && strstr(failure, "behind the end"));
	store_define("prefix=clear\ncompression=off\n");
	CHECK(files_push(20, &requests) == 20 && files_fetch(20));
}

static void equal_files_share(void)
{
	u64 requests;

	store_define("prefix=e\n");
	file_fill(&files[0], 1);
	files[1] = files[0];
	file_fill(&files[2], 2);
	do
		CHECK(files_push(3, &requests) == 3);
	while (memcmp(files[0].place.name, files[1].place.name, HASH_SIZE));
	CHECK(files[0].place.offset == files[1].place.offset);
	CHECK(files[0].place.offset != files[2].place.offset);
	CHECK(files[0].deduplicated + files[1].deduplicated == files[0].len);
	CHECK(files_fetch(3));
}

static void some_are_no_members(void)
{
	struct offload_msg msg = { .type = OFFLOAD_PUSH, .store = "s" }, a;
	int fd = memfd_create("file", 0), none;
	u8 packet[OFFLOAD_PACKET_MAX];
	struct cookie place;
	u64 requests;
	size_t i;
	static const struct {
		off_t size;
		bool packed;
	} sizes[] = { { 0, false }, { 1, true }, { PACK_FILE_MAX, true },
		      { PACK_FILE_MAX + 1, false } };

	store_define("prefix=n\n");
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		CHECK(!ftruncate(fd, sizes[i].size));
		channel_ask(&msg, fd);
		do
			CHECK(end_receive(&a, packet, &none));
		while (a.type == OFFLOAD_PROGRESS);
		CHECK(a.type == OFFLOAD_PUSHED && cookie_decode(&place, a.cookie, a.cookie_len) &&
		      place.packed == sizes[i].packed);
	}
	close(fd);
	store_define("prefix=n\npacking=off\n");
	file_fill(&files[0], 5);
	CHECK(files_push(1, &requests) == 1 && !files[0].place.packed && requests == 4);
	CHECK(files_fetch(1));
}

/* Faults after which another attempt succeeds. */
static void passing_faults(void)
{
	static const struct {
		enum s3_fault fault;
		int method;
	} faults[] = {
		{ S3_ERROR, 'P' }, { S3_ETAG, 'P' }, { S3_CLOSE, 'P' }, { S3_ERROR, 'G' },
		{ S3_TRUNCATED, 'G' }, { S3_WRONG, 'G' }, { S3_SHORT, 'G' }, { S3_LONG, 'G' },
		{ S3_NO_RANGE, 'G' },
	};
	char prefix[32];
	u64 requests;
	size_t i;

	files_fill(3, 10);
	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		snprintf(prefix, sizeof(prefix), "prefix=fault%zu\n", i);
		store_define(prefix);
		store_own();
		s3_server_fault(server, faults[i].fault, faults[i].method, 2);
		CHECK(files_push(3, &requests) == 3);
		s3_server_fault(server, faults[i].fault, faults[i].method, 2);
		if (!CHECK(files_fetch(3)))
			printf("# fault %d\n", faults[i].fault);
	}
}

/* A store that does not know ranges at all. */
static void no_ranges(void)
{
	u64 requests;

	store_define("prefix=whole\n");
	files_fill(30, 20);
	CHECK(files_push(30, &requests) == 30);
	s3_server_fault(server, S3_NO_RANGE, 'G', 1000);
	CHECK(files_fetch(30));
	s3_server_fault(server, S3_GOOD, 0, 0);
}

static void lasting_faults(void)
{
	static const struct {
		enum s3_fault fault;
		u64 error;
		const char *text;
	} faults[] = {
		{ S3_WRONG, EIO, "wrong bytes" }, { S3_SHORT, EIO, "wrong bytes" },
		{ S3_LONG, EIO, "too long" }, { S3_LOST, ENODATA, "no such object" },
		{ S3_TRUNCATED, EIO, "truncated" }, { S3_NO_BUCKET, ENOENT, "no such bucket" },
	};
	u64 requests;
	size_t i;

	store_define("prefix=l\ntimeout=1\n" KEY_1);
	files_fill(3, 30);
	CHECK(files_push(3, &requests) == 3);
	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		store_define("prefix=l\ntimeout=1\n" KEY_1);
		s3_server_fault(server, faults[i].fault, 'G', 1000);
		if (!CHECK(!file_fetch(&files[1], 0, files[1].len) &&
			   strstr(failure, faults[i].text) && strstr(failure, "l/packs/")))
			printf("# fault %d: %s\n", faults[i].fault, failure);
		s3_server_fault(server, S3_GOOD, 0, 0);
	}
	/* Another place than that of the member, as if somebody had changed the stub. */
	files[1].place.offset++;
	files[1].cookie_len = cookie_encode(&files[1].place, files[1].cookie);
	CHECK(!file_fetch(&files[1], 0, files[1].len));
	files[1].place.offset = PACK_SIZE - files[1].place.room;
	files[1].cookie_len = cookie_encode(&files[1].place, files[1].cookie);
	CHECK(!file_fetch(&files[1], 0, files[1].len) && strstr(failure, "shorter than it was"));
}

/* A pack that fails takes its members with it and nobody else. */
static void failed_packs(void)
{
	u64 requests;
	unsigned int i;

	store_define("prefix=f\ntimeout=1\n");
	store_own();
	files_fill(5, 40);
	s3_server_fault(server, S3_QUOTA, 'P', 1000);
	CHECK(files_push(5, &requests) == 0);
	for (i = 0; i < 5; i++)
		CHECK(files[i].type == OFFLOAD_FAILED && files[i].error == EDQUOT);
	CHECK(strstr(failure, "PUT f/packs/"));
	s3_server_fault(server, S3_GOOD, 0, 0);
	CHECK(files_push(5, &requests) == 5 && files_fetch(5));
}

static void pushes_cancelled(void)
{
	struct offload_msg cancel = { .type = OFFLOAD_CANCEL }, a;
	u8 packet[OFFLOAD_PACKET_MAX];
	unsigned int i;
	u64 id[2], requests;
	int fd, puts;

	store_define("prefix=c\ntimeout=5\n");
	files_fill(4, 50);
	/* One of two, in a pack that is open; then all, and while the pack is sent. */
	for (i = 0; i < 3; i++) {
		s3_server_fault(server, i == 2 ? S3_SILENT : S3_GOOD, 'P', 1);
		puts = server->puts;
		id[0] = push_send(&files[0]);
		id[1] = push_send(&files[1]);
		while (i == 2 && server->puts == puts)
			usleep(1000);
		cancel.id = id[0];
		CHECK(!offload_msg_send(channel, &cancel, -1));
		CHECK(end_receive(&a, packet, &fd) && a.id == id[0] && a.error == ECANCELED);
		cancel.id = id[1];
		if (i)
			CHECK(!offload_msg_send(channel, &cancel, -1));
		CHECK(end_receive(&a, packet, &fd) && a.id == id[1]);
		CHECK(i ? a.error == ECANCELED : a.type == OFFLOAD_PUSHED);
	}
	s3_server_fault(server, S3_GOOD, 0, 0);
	CHECK(files_push(4, &requests) == 4 && files_fetch(4));
}

static void unreadable_file(void)
{
	struct offload_msg msg = { .type = OFFLOAD_PUSH, .store = "s" }, a;
	char path[] = "/tmp/ditto-pack.XXXXXX";
	int fd = mkstemp(path), only_write = open(path, O_WRONLY), none;
	u8 packet[OFFLOAD_PACKET_MAX];

	/* What cannot be read fails alone. */
	store_define("prefix=s\n");
	CHECK(!ftruncate(fd, 100));
	channel_ask(&msg, only_write);
	CHECK(end_receive(&a, packet, &none) && a.type == OFFLOAD_FAILED && a.error == EBADF);
	close(only_write);
	close(fd);
	unlink(path);
}

/* The name of the only pack of a store. */
static void pack_find(char name[OFFLOAD_STORE_MAX * 2])
{
	char lines[16384] = "";
	struct last_answer a;
	int fd = -1;

	order_give(OFFLOAD_LIST, "packs/\n", &a, &fd);
	CHECK(a.msg.type == OFFLOAD_LISTED && fd >= 0);
	CHECK(pread(fd, lines, sizeof(lines) - 1, 0) > 0);
	CHECK(sscanf(strstr(lines, "packs/") ?: "", "%127s", name) == 1);
	close(fd);
}

static struct offload_msg pack_order(u32 type, const char *name)
{
	struct last_answer a;
	int fd;

	order_give(type, name, &a, &fd);
	CHECK(fd < 0);
	return a.msg;
}

static void checked_rekeyed_deleted(void)
{
	char name[OFFLOAD_STORE_MAX * 2] = "", referred[OFFLOAD_STORE_MAX * 2 + 16];
	struct offload_msg a;
	u64 requests, size = 0;
	unsigned int i;
	size_t k;
	static const char *const keys[][2] = {
		{ "", KEY_1 }, { KEY_1, KEY_2 KEY_1 },
	};
	char settings[256];

	for (k = 0; k < ARRAY_SIZE(keys); k++) {
		/* The list of the server has names with the prefix of the bucket alone. */
		snprintf(settings, sizeof(settings), "bucket=k%zu\n%s", k, keys[k][0]);
		store_define(settings);
		files_fill(4, 60);
		do
			CHECK(files_push(4, &requests) == 4);
		while (memcmp(files[0].place.name, files[3].place.name, HASH_SIZE));
		for (i = 0, size = 0; i < 4; i++)
			size += files[i].len;
		pack_find(name);
		a = pack_order(OFFLOAD_READ, name);
		CHECK(a.type == OFFLOAD_OBJECT && a.size == size);
		snprintf(settings, sizeof(settings), "bucket=k%zu\n%s", k, keys[k][1]);
		store_define(settings);
		/* Anybody can have made a pack whose name has no key. */
		a = pack_order(OFFLOAD_REKEY, name);
		CHECK(a.type == OFFLOAD_REKEYED && a.done == (k > 0));
		snprintf(referred, sizeof(referred), "%s\nreferred", name);
		if (!k)
			a = pack_order(OFFLOAD_REKEY, referred);
		if (!CHECK(a.type == OFFLOAD_REKEYED && a.done == 1 && a.size == size))
			printf("# %s\n", failure);
		a = pack_order(OFFLOAD_REKEY, name);
		CHECK(a.type == OFFLOAD_REKEYED && a.done == 0);
		CHECK(pack_order(OFFLOAD_READ, name).type == OFFLOAD_OBJECT && files_fetch(4));
		for (i = S3_TRUNCATED; i <= S3_SHORT; i++) {
			s3_server_fault(server, (enum s3_fault)i, 'G', 1000);
			CHECK(pack_order(OFFLOAD_READ, name).type == OFFLOAD_FAILED);
			CHECK(pack_order(OFFLOAD_REKEY, name).type == OFFLOAD_FAILED);
			s3_server_fault(server, S3_GOOD, 0, 0);
		}
		s3_server_fault(server, S3_LOST, 'G', 1000);
		CHECK(pack_order(OFFLOAD_READ, name).type == OFFLOAD_FAILED);
		store_define(settings);
		CHECK(!file_fetch(&files[0], 0, 1));
		s3_server_fault(server, S3_GOOD, 0, 0);
	}
}

/* Seal @n members with a key. Returns the length of the pack. */
static size_t pack_make(const struct key *key, u32 n, u8 **pack, u8 name[HASH_SIZE])
{
	struct pack_member *members = mem_new(n * sizeof(*members));
	size_t len = 0;
	u32 i;

	*pack = mem_new(n * PACK_ROOM(FILE_SIZE) + PACK_LIST_ROOM(n));
	for (i = 0; i < n; i++) {
		file_fill(&files[i], i);
		key_name(key, files[i].content, files[i].len, members[i].name);
		members[i].offset = (u32)len;
		members[i].length = (u32)files[i].len;
		members[i].room = pack_seal_member(key, i & 1, files[i].content, files[i].len,
						   *pack + len);
		len += members[i].room;
	}
	len = pack_seal(key, members, n, *pack, len, name);
	free(members);
	return len;
}

/* A pack is refused if any byte of it is another one, or it ends anywhere else. */
static void damage_found(void)
{
	u8 *pack, *copy, name[HASH_SIZE], other[HASH_SIZE] = { 1 };
	struct pack_check check = { .name = name };
	u8 master[KEY_SIZE] = { 1, 2, 3 };
	struct key key;
	struct why why;
	size_t len, i, step;

	key_derive(&key, master);
	len = pack_make(&key, 3, &pack, name);
	copy = mem_new(len);
	check.keys = &key;
	check.n_keys = 1;
	memcpy(copy, pack, len);
	CHECK(pack_check(&check, copy, len, &why));
	CHECK(check.content == files[0].len + files[1].len + files[2].len);
	for (i = 0; i < len; i += step) {
		step = i < 64 || len - i < 400 ? 1 : 53;
		memcpy(copy, pack, len);
		copy[i] ^= 0x10;
		if (!CHECK(!pack_check(&check, copy, len, &why)))
			printf("# byte %zu of %zu\n", i, len);
	}
	for (i = 0; i < len; i += 1 + i / 7) {
		memcpy(copy, pack, len);
		CHECK(!pack_check(&check, copy, i, &why));
	}
	memcpy(copy, pack, len);
	check.name = other;
	CHECK(!pack_check(&check, copy, len, &why));
	free(pack);
	free(copy);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(damage_found), TEST(pushed_and_fetched), TEST(equal_files_share),
		TEST(some_are_no_members), TEST(passing_faults), TEST(no_ranges),
		TEST(lasting_faults), TEST(failed_packs), TEST(pushes_cancelled),
		TEST(unreadable_file), TEST(checked_rekeyed_deleted), { NULL, NULL }
	};

	return store_client_main(tests);
}
