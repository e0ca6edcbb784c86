// SPDX-License-Identifier: GPL-2.0-only
/*
 * The index of offloaded data at scale: what surveys, gc and snapshots cost for many files.
 *
 *	tests/index_scale [FILES [FOLDER]]
 *
 * Also what the tree of a snapshot with so many files takes, while it is made and restored.
 *
 * Each file has a manifest and two chunks. The lists of the store come in order of random names, as
 * those of stores do. Without arguments, it is a test with few files.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "ctl/snapshot/snapshot_links.h"
#include "mem.h"
#include "index/index.h"
#include "object/snapshot_tree.h"
#include "test.h"

#define FILES		40000
#define DIR_FILES	100
#define PAGE		1000
#define DAY		86400
/* Most bytes of the log of changes. */
#define LOG_MOST	(6 << 20)
/* Most objects that lists of garbage name, but for the garbage. */
#define LISTED_MOST	(3 << 20)
/* Most kilobytes of memory that trees take, however many files they have. */
#define TREE_MOST	(8 << 10)
/* Of so many files, one is changed by a change. */
#define CHANGED		100

static const struct filesystem disk = { .id = "disk", .type = "ext4", .path = "/srv" };

/**
 * struct scale - the files, and what was measured
 * @path: path of the index
 * @x: the index
 * @n: number of files
 * @gone: of so many files, one was removed; or 0
 * @prime: a prime that is greater than all numbers of objects
 * @factor: with this factor modulo @prime, numbers become random ones
 * @inverse: the inverse of @factor
 * @waited: ms for which others could not write
 * @began: begin of the present phase
 * @before: what this process had used by then
 */
static struct scale {
	char *path;
	struct index *x;
	u64 n;
	u64 gone;
	u64 prime;
	u64 factor;
	u64 inverse;
	u64 *waited;
	u64 began;
	struct rusage before;
} scale;

static u64 number_multiply(u64 a, u64 b)
{
	return (u64)((__uint128_t)a * b % scale.prime);
}

static u64 number_power(u64 a, u64 e)
{
	u64 r = 1;

	for (; e; e >>= 1, a = number_multiply(a, a))
		if (e & 1)
			r = number_multiply(r, a);
	return r;
}

static bool is_prime(u64 n)
{
	u64 d;

	for (d = 2; d * d <= n; d++)
		if (n % d == 0)
			return false;
	return true;
}

/* The name that is the number @place in the order of names. */
static void name_at(u64 place, u8 name[HASH_SIZE])
{
	u64 first = place * (UINT64_MAX / scale.prime);
	int i;

	for (i = 0; i < HASH_SIZE; i++)
		name[i] = i < 8 ? (u8)(first >> (56 - 8 * i)) : (u8)(place * 167 + (u64)i);
}

static void name_of(u64 object, u8 name[HASH_SIZE])
{
	name_at(number_multiply(object + 1, scale.factor), name);
}

static bool file_is_gone(u64 i)
{
	return scale.gone && i % scale.gone == 0;
}

static void phase_begin(void)
{
	FILE *refs = fopen("/proc/self/clear_refs", "w");

	/* The peak of memory begins anew. */
	if (refs) {
		fputs("5", refs);
		fclose(refs);
	}
	*scale.waited = 0;
	getrusage(RUSAGE_SELF, &scale.before);
	scale.began = clock_ms();
}

static double time_seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static u64 file_bytes(const char *path)
{
	struct stat st = { 0 };

	stat(path, &st);
	return (u64)st.st_size;
}

static u64 index_bytes(void)
{
	return file_bytes(scale.path);
}

/* Bytes of the log of changes. */
static u64 log_bytes(void)
{
	char *path = mem_print("%s-wal", scale.path);
	u64 bytes = file_bytes(path);

	free(path);
	return bytes;
}

/* Kilobytes of memory at the peak. */
static u64 peak_read(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	u64 peak = 0;
	char line[128];

	while (status && fgets(line, sizeof(line), status))
		sscanf(line, "VmHWM: %llu kB", (unsigned long long *)&peak);
	if (status)
		fclose(status);
	return peak;
}

static void phase_end(const char *what)
{
	u64 took = clock_ms() - scale.began;
	struct rusage now;

	getrusage(RUSAGE_SELF, &now);
	printf("# %-34s %9.2f s %9.2f s CPU %6llu MiB %6llu ms locked %6llu MiB log\n", what,
	       (double)took / 1000,
	       time_seconds(now.ru_utime) - time_seconds(scale.before.ru_utime) +
	       time_seconds(now.ru_stime) - time_seconds(scale.before.ru_stime),
	       (unsigned long long)peak_read() / 1024, (unsigned long long)*scale.waited,
	       (unsigned long long)log_bytes() >> 20);
	fflush(stdout);
	if (scale.x && !CHECK(!index_error(scale.x)))
		printf("# %s\n", index_error(scale.x));
}

/*
 * Look all the time whether others could not write: SQLite locks byte 120 of this file in WAL mode,
 * and counts transactions at byte 8.
 */
static void prober_run(void)
{
	struct flock lock = { .l_whence = SEEK_SET, .l_start = 120, .l_len = 1 };
	char *path = mem_print("%s-shm", scale.path);
	u32 transaction = 0, last = 0;
	u64 since = 0, now;
	int fd;

	for (;; usleep(1000)) {
		fd = open(path, O_RDWR | O_CLOEXEC);
		now = clock_ms();
		lock.l_type = F_WRLCK;
		if (fd < 0 || fcntl(fd, F_GETLK, &lock) || lock.l_type == F_UNLCK ||
		    pread(fd, &transaction, sizeof(transaction), 8) != sizeof(transaction))
			since = 0;
		else if (!since || transaction != last)
			since = now;
		last = transaction;
		if (since && now - since > *scale.waited)
			*scale.waited = now - since;
		close(fd);
	}
}

static void survey_files(void)
{
	struct offload_record r = { .size = 1 << 20, .cookie.store = "cold" };
	char path[96], shown[128];
	struct index_file file;
	u64 i;

	for (i = 0; i < scale.n; i++) {
		if (file_is_gone(i))
			continue;
		snprintf(path, sizeof(path), "/projects/%llu/%llu/file-%llu.dat",
			 (unsigned long long)i / DIR_FILES / 1000,
			 (unsigned long long)i / DIR_FILES, (unsigned long long)i);
		snprintf(shown, sizeof(shown), "/srv%s", path);
		name_of(3 * i, r.cookie.name);
		file = (struct index_file){ disk.id, path, shown, i + 100, r.size, 3 };
		index_add_file(scale.x, &file, &r);
	}
	index_end_filesystem(scale.x, disk.id, true);
}

static void manifest_read(void *arg, const struct index_object *o)
{
	u64 place = 0, object;
	struct manifest m = { 0 };
	u8 name[HASH_SIZE];
	int i;

	(void)arg;
	for (i = 0; i < 8; i++)
		place = place << 8 | o->name[i];
	object = number_multiply(place / (UINT64_MAX / scale.prime), scale.inverse) - 1;
	for (i = 1; i <= 2; i++) {
		name_of(object + (u64)i, name);
		manifest_add(&m, name, 4 << 20);
	}
	index_add_manifest(scale.x, "cold", o->name, &m);
	manifest_free(&m);
}

static u32 object_kind(u64 object)
{
	return object % 3 ? ENVELOPE_CHUNK : ENVELOPE_MANIFEST;
}

/* List the manifests or the chunks, in order. */
static void survey_list(u32 kind)
{
	struct index_range range = { .store = "cold", .kind = kind };
	struct index_object *page = mem_new(PAGE * sizeof(*page));
	u64 place, object;
	size_t n = 0;

	for (place = 1; place < scale.prime; place++) {
		object = number_multiply(place, scale.inverse) - 1;
		if (object < 3 * scale.n && kind == object_kind(object)) {
			page[n] = (struct index_object){ .kind = kind, .size = 1000,
							 .modified = DAY };
			name_at(place, page[n++].name);
		}
		if (n < PAGE && place + 1 < scale.prime)
			continue;
		name_at(place, range.last);
		index_set_objects(scale.x, &range, page, n);
		name_at(place + 1, range.first);
		n = 0;
	}
	free(page);
}

static void survey_run(bool objects)
{
	struct why why;

	index_begin_survey(scale.x, objects);
	survey_files();
	index_unknown_manifests(scale.x, manifest_read, NULL);
	if (objects) {
		survey_list(ENVELOPE_CHUNK);
		survey_list(ENVELOPE_MANIFEST);
	}
	index_end_survey(scale.x);
	CHECK(index_commit(scale.x, &why));
}

static void snapshot_add(char first)
{
	struct offload_record r = { .size = 1 << 20, .cookie.store = "cold" };
	u8 name[HASH_SIZE] = { (u8)first };
	struct why why;
	u64 i;

	index_begin_snapshot(scale.x, "cold", name, "data");
	for (i = 0; i < scale.n; i++) {
		if (file_is_gone(i))
			continue;
		name_of(3 * i, r.cookie.name);
		index_add_entry(scale.x, &r);
	}
	index_end_snapshot(scale.x);
	CHECK(index_commit(scale.x, &why));
}

static void object_condemn(void *arg, const struct index_object *o)
{
	struct index_object condemned = *o;

	condemned.since = 2 * DAY;
	index_condemn(scale.x, &condemned, false);
	++*(u64 *)arg;
}

/* Read lists that keep many objects, and condemn the garbage later. */
static void lists_read(void)
{
	struct index_object o = { .store = "cold", .since = DAY };
	u64 i;

	index_forget_lists(scale.x);
	for (i = 1; i < scale.prime && i <= LISTED_MOST; i++) {
		o.kind = object_kind(number_multiply(i, scale.inverse) - 1);
		name_at(i, o.name);
		index_add_condemned(scale.x, &o, true);
	}
	o.since = 2 * DAY;
	for (i = 0; i < 3 * scale.n; i++) {
		if (!file_is_gone(i / 3))
			continue;
		o.kind = object_kind(i);
		name_of(i, o.name);
		index_add_condemned(scale.x, &o, false);
	}
	index_end_lists(scale.x);
}

static void object_count(void *arg, const struct index_object *o)
{
	(void)o;
	++*(u64 *)arg;
}

static void index_reopen(void)
{
	struct why why;

	index_close(scale.x);
	scale.x = index_open(scale.path, false, &why);
}

/* A tree in which each directory has some files, and each file may have other names. */
static void tree_write(struct snapshot_tree *t)
{
	char path[64], cookie[] = "cold\n"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n1";
	struct snapshot_entry e = { .path = "", .mode = S_IFDIR | 0755, .target = "" };
	struct why why;
	u64 i;

	CHECK(snapshot_tree_new(t, &why));
	snapshot_tree_add(t, &e);
	for (i = 0; i < scale.n; i++) {
		e = (struct snapshot_entry){ .path = path, .mode = S_IFDIR | 0755, .target = "" };
		snprintf(path, sizeof(path), "%08llu", (unsigned long long)i / DIR_FILES);
		if (i % DIR_FILES == 0)
			snapshot_tree_add(t, &e);
		snprintf(path + 8, sizeof(path) - 8, "/file-%08llu.dat", (unsigned long long)i);
		e.mode = S_IFREG | 0644;
		e.size = 1 << 20;
		e.inode = i + 100;
		e.cookie = (const u8 *)cookie;
		e.cookie_len = strlen(cookie);
		snapshot_tree_add(t, &e);
	}
	CHECK(snapshot_tree_end(t, &why));
}

static void trees_measured(void)
{
	struct snapshot_reader reader;
	struct snapshot_entry *e;
	struct snapshot_links *l;
	struct snapshot_tree t;
	u64 before, made, n = 0;
	const char *path;
	struct why why;

	phase_begin();
	before = peak_read();
	tree_write(&t);
	phase_end("tree of a snapshot written");
	phase_begin();
	l = snapshot_links_new();
	snapshot_reader_begin(&reader, &t);
	while ((e = snapshot_reader_next(&reader)))
		if (S_ISREG(e->mode) && !snapshot_links_find(l, e, &path, &made))
			n += snapshot_links_add(l, e, e->inode);
	CHECK(n == scale.n);
	CHECK(snapshot_reader_end(&reader, &why));
	snapshot_links_free(l);
	snapshot_tree_free(&t);
	phase_end("tree read, and its files noted");
	CHECK(peak_read() < before + TREE_MOST);
}

static void costs_measured(void)
{
	static const u8 first[HASH_SIZE] = { '1' };
	u64 condemned = 0, due = 0, empty, size, want;
	struct index_counts c;
	struct why why;

	scale.x = index_open(scale.path, true, &why);
	if (!CHECK(scale.x))
		return;
	index_add_filesystem(scale.x, &disk);
	CHECK(index_commit(scale.x, &why));
	empty = index_bytes();
	phase_begin();
	survey_run(true);
	phase_end("first survey");
	/* It begins anew whenever it has a thousand pages: nobody reads when a transaction ends. */
	CHECK(log_bytes() < LOG_MOST);
	phase_begin();
	index_reopen();
	phase_end("start");
	size = index_bytes();
	phase_begin();
	survey_run(true);
	phase_end("survey, nothing changed");
	phase_begin();
	survey_run(false);
	phase_end("second look of gc");
	index_reopen();
	CHECK(index_bytes() <= size + size / 8);
	printf("# %llu files, %llu chunks: %llu bytes of index for each file\n",
	       (unsigned long long)scale.n, (unsigned long long)scale.n * 2,
	       (unsigned long long)((index_bytes() - empty) / scale.n));
	phase_begin();
	snapshot_add('1');
	phase_end("first snapshot");
	index_reopen();
	size = index_bytes();
	scale.gone = CHANGED;
	want = 3 * ((scale.n + CHANGED - 1) / CHANGED);
	phase_begin();
	snapshot_add('2');
	phase_end("snapshot with 1% less");
	index_reopen();
	/* Only what is different takes room. */
	CHECK(index_bytes() <= size + size / 32);
	phase_begin();
	survey_run(true);
	phase_end("survey, 1% removed");
	index_new_garbage(scale.x, object_count, &condemned);
	CHECK(!condemned);
	index_forget_snapshot(scale.x, "cold", first);
	phase_begin();
	survey_run(true);
	phase_end("survey, a snapshot removed");
	phase_begin();
	index_new_garbage(scale.x, object_condemn, &condemned);
	CHECK(index_commit(scale.x, &why));
	phase_end("garbage condemned");
	CHECK(condemned == want);
	phase_begin();
	lists_read();
	CHECK(!*scale.waited);
	phase_end("lists of garbage read");
	phase_begin();
	survey_run(false);
	index_garbage(scale.x, 2 * DAY, object_count, &due);
	phase_end("second look, and what is due");
	CHECK(due == want);
	phase_begin();
	index_count(scale.x, &c);
	phase_end("counts of gc");
	CHECK(c.files == scale.n - want / 3 && c.objects == 3 * scale.n && c.garbage == want);
	index_close(scale.x);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		TEST(trees_measured), TEST(costs_measured), { NULL, NULL }
	};
	static const char *const ends[] = { "", "-wal", "-shm", "-lock" };
	char *folder = mem_print("%s/ditto-scale.XXXXXX", argc > 2 ? argv[2] : "/tmp"), *name;
	pid_t prober;
	int status;
	size_t i;

	scale.n = argc > 1 ? strtoull(argv[1], NULL, 10) : FILES;
	for (scale.prime = 3 * scale.n + 2; !is_prime(scale.prime); scale.prime++)
		;
	scale.factor = scale.prime / 7 * 4 + 1;
	scale.inverse = number_power(scale.factor, scale.prime - 2);
	scale.waited = mmap(NULL, sizeof(*scale.waited), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (scale.waited == MAP_FAILED || !mkdtemp(folder))
		return 1;
	scale.path = mem_print("%s/db", folder);
	prober = fork();
	if (!prober)
		prober_run();
	status = test_main(tests);
	kill(prober, SIGKILL);
	waitpid(prober, NULL, 0);
	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		name = mem_print("%s%s", scale.path, ends[i]);
		unlink(name);
		free(name);
	}
	rmdir(folder);
	free(folder);
	free(scale.path);
	return status;
}
