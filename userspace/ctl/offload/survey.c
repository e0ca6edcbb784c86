// SPDX-License-Identifier: GPL-2.0-only
/*
 * Surveys of records and buckets, and dittoctl offload rebuild.
 *
 * Each file system that a store names, and each with a share that offloads, is looked at as a
 * whole, whatever of it is mounted where: local programs move files out of shares, and
 * administrators move shares.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "nl/share.h"
#include "ctl/ctl.h"
#include "ditto-nl-gen.h"
#include "fd_path.h"
#include "mem.h"
#include "offload.h"
#include "object/guarded.h"
#include "filesystem.h"
#include "list.h"
#include "ctl/snapshot/snapshot.h"
#include "survey.h"
#include "ctl/out.h"
#include "text.h"

/* Milliseconds between two refreshes of the progress. */
#define SHOW_PAUSE	200

#define LOST "its record is lost, so it reads as zeros; its content stays in the store"
#define EMPTIED "it was emptied or its record is lost; its content stays in the store until something is written to it"

void offload_survey_show(struct offload_survey *s, const char *what, u64 n)
{
	u64 now = clock_ms();

	if (!s->bar || now < s->shown + SHOW_PAUSE)
		return;
	s->shown = now;
	fprintf(stderr, "\r\033[K%s: %llu", what, (unsigned long long)n);
}

void offload_survey_problem(struct offload_survey *s, const char *subject, const char *format, ...)
{
	char text[OFFLOAD_PROBLEM_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	offload_complain(s->ctl, s->bar, subject, text);
	s->problems++;
}

bool offload_record_read(const char *path, struct offload_record *r, int *error)
{
	u8 record[OFFLOAD_RECORD_MAX];
	ssize_t len = lgetxattr(path, OFFLOAD_RECORD_XATTR, record, sizeof(record));

	*error = len < 0 ? errno : 0;
	if (len > 0 && offload_record_decode(r, record, (size_t)len))
		return true;
	/* Programs that copy files leave an empty one where they may not read the value. */
	if (len >= 0)
		*error = len ? EBADMSG : ENODATA;
	return false;
}

/* Read the attribute of a file that came back, as offload_record_read(). */
static bool survey_read_stored(const char *place, struct offload_record *r, int *error)
{
	u8 stored[OFFLOAD_RECORD_MAX];
	ssize_t len = lgetxattr(place, OFFLOAD_STORED_XATTR, stored, sizeof(stored));

	*error = len < 0 ? errno : 0;
	if (len >= 0 && offload_stored_decode(r, stored, (size_t)len))
		return true;
	if (len >= 0)
		*error = EBADMSG;
	return false;
}

/*
 * Find the record of a file, or what a file that came back has instead. The kernel removes that if
 * the file has changed since, but only when it is asked.
 */
static bool survey_read(struct offload_survey *s, const char *place, struct offload_record *r,
			int *error)
{
	struct offload_info info;

	if (offload_record_read(place, r, error))
		return true;
	if (*error != ENODATA)
		return false;
	if (survey_read_stored(place, r, error) || *error == EBADMSG) {
		offload_info_get(s->ctl, place, &info);
		if (survey_read_stored(place, r, error))
			return true;
	}
	if (*error != ENODATA)
		return false;
	/* One attribute may have replaced the other since; a file always has one of them. */
	return offload_record_read(place, r, error) ||
	       (*error == ENODATA && survey_read_stored(place, r, error));
}

/*
 * A file without a record that had one, and has nothing else now: a repair of the file system takes
 * attributes away, and leaves the time of the last change. Its objects are all that is left of it.
 * If that time is another one, somebody has probably emptied the file; but it may have been set.
 */
static void survey_keep_lost(struct offload_survey *s, const char *place,
			     const struct index_file *file)
{
	bool lost;
	int fd;

	if (!file->size || !index_knows_file(s->index, file, &lost))
		return;
	fd = open(place, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		if (errno != ENOENT)
			offload_survey_problem(s, file->shown, "%s", strerror(errno));
		return;
	}
	if (lseek(fd, 0, SEEK_DATA) < 0) {
		index_keep_file(s->index, file);
		if (lost)
			s->lost++;
		else
			s->emptied++;
		offload_complain(s->ctl, s->bar, file->shown, lost ? LOST : EMPTIED);
	}
	close(fd);
}

/* @place: where the file is now. */
static void survey_add_file(struct offload_survey *s, const char *place,
			    const struct index_file *file)
{
	struct offload_record r;
	int error;

	s->looked++;
	offload_survey_show(s, "files looked at", s->looked);
	if (survey_read(s, place, &r, &error)) {
		s->found++;
		index_add_file(s->index, file, &r);
	} else if (error == EBADMSG) {
		offload_survey_problem(s, file->shown,
				       "its record is damaged or of a later version");
	} else if (error == ENODATA) {
		survey_keep_lost(s, place, file);
	} else if (error != ENOENT && error != EOPNOTSUPP) {
		/* Those that are gone, and file systems without such attributes. */
		offload_survey_problem(s, file->shown, "its record cannot be read: %s",
				       strerror(error));
	}
}

/* Files come before directories, so that the files of one follow each other, by inode number. */
static int survey_compare(const FTSENT **a, const FTSENT **b)
{
	const struct stat *x = (*a)->fts_statp, *y = (*b)->fts_statp;
	int dirs = ((*a)->fts_info == FTS_D) - ((*b)->fts_info == FTS_D);

	return dirs ?: (x->st_ino > y->st_ino) - (x->st_ino < y->st_ino);
}

/* @root: of the whole file system, below which no other is mounted. */
static void survey_walk_tree(struct offload_survey *s, const struct filesystem *fs,
			     const char *device, int root)
{
	char name[FD_PATH_MAX], place[FD_PATH_MAX + 1], *shown;
	char *const roots[] = { place, NULL };
	struct index_file file = { .fs = fs->id };
	FTSENT *e;
	FTS *fts;

	snprintf(place, sizeof(place), "%s/", fd_path(root, name));
	fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, survey_compare);
	if (!fts)
		mem_out();
	while ((e = fts_read(fts))) {
		if (!offload_walk_failed(e) &&
		    (e->fts_info != FTS_F || !S_ISREG(e->fts_statp->st_mode)))
			continue;
		file.path = e->fts_path + strlen(name);
		shown = filesystem_path(&s->mounts, device, fs, file.path);
		file.shown = shown;
		if (offload_walk_failed(e)) {
			offload_survey_problem(s, shown, "%s", strerror(e->fts_errno));
		} else {
			file.inode = e->fts_statp->st_ino;
			file.size = (u64)e->fts_statp->st_size;
			file.mtime = e->fts_statp->st_mtim.tv_sec * 1000000000LL +
				     e->fts_statp->st_mtim.tv_nsec;
			survey_add_file(s, e->fts_path, &file);
		}
		free(shown);
	}
	/* The walk ends early after an error. */
	if (errno)
		offload_survey_problem(s, fs->path, "%s", strerror(errno));
	fts_close(fts);
}

/* Open a file system, or say that it is missing. Returns a descriptor, or -1. */
static int survey_open_filesystem(struct offload_survey *s, const struct filesystem *fs,
				  const char **device)
{
	char uuid[TEXT_UUID_MAX];
	struct why why;
	int fd = filesystem_open(&s->mounts, fs, device, &why);

	text_from_uuid(fs->id, uuid);
	s->absent += fd < 0 && !*device;
	if (fd < 0 && *device)
		offload_survey_problem(s, uuid, "%s", why.text);
	else if (fd < 0)
		offload_survey_problem(s, uuid,
				       "a file system of type %s with offloaded files, last at %s, is not mounted. If it is gone for good: dittoctl offload filesystem forget %s",
				       fs->type, fs->path, uuid);
	return fd;
}

static void survey_walk(void *arg, const struct filesystem *fs)
{
	struct offload_survey *s = arg;
	u64 before = s->problems;
	const char *device;
	int root = survey_open_filesystem(s, fs, &device);

	if (root < 0)
		return;
	survey_walk_tree(s, fs, device, root);
	close(root);
	index_end_filesystem(s->index, fs->id, s->problems == before);
}

/* Files that were released before their file system had a registration may be here. */
static void survey_walk_share(struct offload_survey *s, const struct share *share)
{
	int fd = open(share->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct filesystem fs;
	u64 before = s->found;
	struct why why;

	if (fd < 0) {
		offload_survey_problem(s, share->path, "%s", strerror(errno));
		return;
	}
	if (!filesystem_find(&s->mounts, fd, &fs, &why)) {
		offload_survey_problem(s, share->path, "%s", why.text);
	} else {
		if (!index_knows_filesystem(s->index, fs.id))
			survey_walk(s, &fs);
		if (s->found != before)
			index_add_filesystem(s->index, &fs);
	}
	close(fd);
}

static void survey_walk_shares(struct offload_survey *s)
{
	struct replies replies = { 0 };
	struct share *share;
	unsigned int i;

	if (ctl_list(s->ctl, DITTO_CMD_SHARE_GET, &replies)) {
		s->problems++;
		return;
	}
	for (i = 0; i < replies.count; i++) {
		share = share_from_msg(replies.msg[i]);
		if (!share)
			offload_survey_problem(s, "shares", "the kernel's answer is malformed");
		else if (share->offload)
			survey_walk_share(s, share);
		share_free(share);
	}
	replies_free(&replies);
}

/* Registrations that cannot be read may name the file systems that are away. */
static void survey_load_registrations(struct offload_survey *s)
{
	size_t i;

	registrations_free(&s->registered);
	registrations_load(s->ctl, &s->registered);
	s->problems += s->registered.problems;
	for (i = 0; i < s->registered.n; i++)
		index_add_filesystem(s->index, &s->registered.list[i].fs);
}

/* What has files here, and no registration there, may have others that are away. */
static void survey_check_place(void *arg, const char *store, const struct filesystem *fs)
{
	struct offload_survey *s = arg;
	char uuid[TEXT_UUID_MAX];

	if (!registrations_have(&s->registered, store, fs->id))
		offload_survey_problem(s, store,
				       "the store has data of the file system %s, but does not name it, and may not name others: mount all file systems with offloaded files, then: dittoctl offload rebuild",
				       text_from_uuid(fs->id, uuid));
}

static void survey_filesystems(struct offload_survey *s)
{
	struct why why;

	mount_table_free(&s->mounts);
	if (!mount_table_read(&s->mounts, &why)) {
		offload_survey_problem(s, "mounts", "%s", why.text);
		return;
	}
	survey_load_registrations(s);
	index_filesystems(s->index, survey_walk, s);
	survey_walk_shares(s);
	if (!s->rebuilds)
		index_places(s->index, survey_check_place, s);
}

static void survey_got_manifest(struct offload_survey *s, const struct offload_result *r)
{
	struct manifest m = { 0 };
	u8 name[HASH_SIZE], *bytes;
	struct why why;
	size_t len = 0;
	u32 kind;

	if (r->error) {
		offload_survey_problem(s, r->path, "%s", r->text);
		return;
	}
	bytes = offload_file_read(r->file, &len);
	if (!bytes || !object_name_parse(r->path, &kind, name))
		offload_survey_problem(s, r->path, "the manifest did not come");
	else if (!manifest_decode(&m, bytes, len, &why))
		offload_survey_problem(s, r->path, "%s", why.text);
	else
		index_add_manifest(s->index, r->store, name, &m);
	manifest_free(&m);
	free(bytes);
}

static void survey_add_object(void *arg, const struct index_object *o)
{
	struct offload_survey *s = arg;

	s->objects = mem_grow(s->objects, s->n_objects, sizeof(*s->objects));
	s->objects[s->n_objects++] = *o;
}

/* All objects of a page were added. */
static void survey_end_page(void *arg, const struct index_range *range)
{
	struct offload_survey *s = arg;

	index_set_objects(s->index, range, s->objects, s->n_objects);
}

static void survey_list_problem(void *arg, const char *subject, const char *text)
{
	struct offload_survey *s = arg;

	s->unlisted = true;
	offload_survey_problem(s, subject, "%s", text);
}

static void survey_on_result(void *arg, const struct offload_result *r)
{
	struct offload_survey *s = arg;

	if (!strncmp(r->path, "manifests/", 10) && !strchr(r->path, '\n')) {
		survey_got_manifest(s, r);
		return;
	}
	offload_list_result(s->list, r);
	/* A page without a name of its range did not end: its objects are not the next page's. */
	s->n_objects = 0;
	offload_survey_show(s, "requests to the store", offload_orders_requests(s->orders));
}

static void survey_read_manifest(void *arg, const struct index_object *o)
{
	struct offload_survey *s = arg;
	char name[OBJECT_NAME_SIZE];

	object_name(o->kind, o->name, name);
	offload_survey_show(s, "requests to the store", offload_orders_requests(s->orders));
	offload_orders_add(s->orders, OFFLOAD_CTL_READ, o->store, name, 0);
}

/* List the buckets of all stores of the configuration. */
static void survey_list_stores(struct offload_survey *s)
{
	struct offload_list list = {
		.orders = s->orders,
		.each = survey_add_object,
		.page = survey_end_page,
		.problem = survey_list_problem,
		.arg = s,
	};

	s->list = &list;
	offload_list_stores(&list, NULL);
	s->list = NULL;
}

bool offload_survey_run(struct offload_survey *s, bool objects)
{
	u64 before = s->problems;

	s->lost = 0;
	s->emptied = 0;
	index_begin_survey(s->index, objects);
	survey_filesystems(s);
	snapshot_survey(s);
	/* Nothing was deleted yet: each manifest that a record names is there. */
	index_unknown_manifests(s->index, survey_read_manifest, s);
	offload_orders_wait(s->orders);
	if (objects)
		survey_list_stores(s);
	index_end_survey(s->index);
	offload_clear_bar(s->bar);
	if (index_error(s->index))
		offload_survey_problem(s, "the index", "%s", index_error(s->index));
	return s->problems == before;
}

bool offload_survey_commit(struct offload_survey *s)
{
	struct why why;

	if (index_commit(s->index, &why))
		return true;
	offload_survey_problem(s, INDEX_PATH, "%s", why.text);
	return false;
}

static void survey_sync(void *arg, const struct filesystem *fs)
{
	struct offload_survey *s = arg;
	const char *device;
	int root = survey_open_filesystem(s, fs, &device), fd = -1;

	if (root < 0)
		return;
	fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd))
		offload_survey_problem(s, fs->path, "%s", strerror(errno));
	if (fd >= 0)
		close(fd);
	close(root);
}

bool offload_survey_sync(struct offload_survey *s)
{
	u64 before = s->problems;

	index_filesystems(s->index, survey_sync, s);
	return s->problems == before;
}

bool offload_survey_open(struct offload_survey *s, struct ctl *ctl, bool fresh)
{
	struct why why;

	memset(s, 0, sizeof(*s));
	s->ctl = ctl;
	if (ctl_connect(ctl))
		return false;
	mkdir(INDEX_FOLDER, 0755);
	s->index = index_open(INDEX_PATH, fresh, &why);
	if (!s->index) {
		ctl->conn.why = why;
		ctl_refused(ctl, NULL);
		return false;
	}
	s->bar = isatty(STDERR_FILENO);
	s->orders = offload_orders_new(survey_on_result, s);
	return true;
}

void offload_survey_close(struct offload_survey *s)
{
	offload_orders_free(s->orders);
	registrations_free(&s->registered);
	mount_table_free(&s->mounts);
	free(s->objects);
	index_close(s->index);
}

/**
 * struct rebuild - one run of the command
 * @s: the survey
 * @reads: orders to read what lists do not have
 * @found: objects that are there nonetheless
 * @missing: objects that are not there
 */
struct rebuild {
	struct offload_survey s;
	struct offload_orders *reads;
	u64 found;
	u64 missing;
};

static void rebuild_looked(void *arg, const struct offload_result *r)
{
	struct rebuild *b = arg;

	if (r->error == ENODATA)
		b->missing++;
	else if (r->error)
		offload_survey_problem(&b->s, r->path, "%s", r->text);
	else
		b->found++;
}

/* Lists may be old, so an object that is not in them is asked for. */
static void rebuild_look(void *arg, const struct index_object *o, bool present, u64 length)
{
	char name[OBJECT_NAME_SIZE];
	struct rebuild *b = arg;

	(void)length;
	if (present)
		return;
	object_name(o->kind, o->name, name);
	offload_orders_add(b->reads, OFFLOAD_CTL_READ, o->store, name, 0);
}

/* A store names each file system with files whose data it has, and so does ditto-guard's list. */
static void rebuild_register(void *arg, const char *store, const struct filesystem *fs)
{
	struct offload_survey *s = arg;
	struct why why;

	if (!(registrations_have(&s->registered, store, fs->id) ? guarded_add(fs, &why) :
	      filesystem_register(fs, store, &why)))
		offload_survey_problem(s, store, "%s", why.text);
}

static void rebuild_print(const struct offload_survey *s, const struct index_counts *c)
{
	char content[OUT_VALUE_MAX], stored[OUT_VALUE_MAX], garbage[OUT_VALUE_MAX];

	printf("%llu files looked at: %llu are offloaded, %s\n", (unsigned long long)s->looked,
	       (unsigned long long)c->files, bytes_text((double)c->bytes, content));
	printf("%llu objects in the stores, %s; %llu of them without a file, %s\n",
	       (unsigned long long)c->objects, bytes_text((double)c->stored, stored),
	       (unsigned long long)c->garbage, bytes_text((double)c->garbage_bytes, garbage));
	if (c->packed)
		printf("%s in packs, of which %s belong to files\n",
		       bytes_text((double)c->packed, stored),
		       bytes_text((double)c->packed_used, content));
	printf("%llu objects are missing, %llu problems\n", (unsigned long long)c->missing,
	       (unsigned long long)s->problems);
}

static void rebuild_print_json(const struct rebuild *b, const struct index_counts *c)
{
	const struct offload_survey *s = &b->s;

	json_open(stdout, NULL, '{');
	json_number(stdout, "looked-at", s->looked);
	json_number(stdout, "files", c->files);
	json_number(stdout, "bytes", c->bytes);
	json_number(stdout, "objects", c->objects);
	json_number(stdout, "stored", c->stored);
	json_number(stdout, "garbage", c->garbage);
	json_number(stdout, "garbage-bytes", c->garbage_bytes);
	json_number(stdout, "packed", c->packed);
	json_number(stdout, "packed-used", c->packed_used);
	json_number(stdout, "missing", c->missing);
	json_number(stdout, "problems", s->problems);
	json_number(stdout, "requests", offload_orders_requests(s->orders) +
		    offload_orders_requests(b->reads));
	json_close(stdout, '}');
	json_end(stdout);
}

/* Returns false after a message if the index cannot be opened. */
static bool rebuild_run(struct rebuild *b, struct ctl *ctl, struct index_counts *c)
{
	if (!offload_survey_open(&b->s, ctl, true))
		return false;
	b->s.rebuilds = true;
	offload_survey_run(&b->s, true);
	index_places(b->s.index, rebuild_register, &b->s);
	index_count_all(b->s.index, c);
	b->reads = offload_orders_new(rebuild_looked, b);
	/*
	 * Nothing says which objects may be missing if a bucket cannot be listed. A gc that has
	 * looked for the last time before may go on to delete, but nothing that files refer to.
	 */
	if (!b->s.unlisted)
		index_referred(b->s.index, rebuild_look, b);
	offload_orders_wait(b->reads);
	c->objects += b->found;
	c->missing = b->missing;
	offload_survey_commit(&b->s);
	return true;
}

static void rebuild_end(struct rebuild *b)
{
	offload_orders_free(b->reads);
	offload_survey_close(&b->s);
}

bool offload_rebuild_index(struct ctl *ctl, u64 *absent)
{
	struct rebuild b = { 0 };
	struct index_counts c;
	bool good;

	if (!rebuild_run(&b, ctl, &c))
		return false;
	*absent = b.s.absent;
	good = b.s.problems == b.s.absent && !b.missing;
	if (b.missing)
		offload_complain(ctl, false, "objects",
				 "some are missing in the store; to see which: dittoctl offload scrub --quick");
	rebuild_end(&b);
	return good;
}

int offload_rebuild(struct ctl *ctl, char **words)
{
	struct rebuild b = { 0 };
	struct index_counts c;
	bool good;

	if (*words && !strcmp(*words, "--json")) {
		ctl->json = true;
		words++;
	}
	if (ctl_no_more(ctl, words))
		return CTL_USAGE;
	if (!rebuild_run(&b, ctl, &c))
		return CTL_REFUSED;
	good = !b.missing && !b.s.problems;
	if (ctl->json)
		rebuild_print_json(&b, &c);
	else
		rebuild_print(&b.s, &c);
	rebuild_end(&b);
	return good ? CTL_OK : CTL_REFUSED;
}
