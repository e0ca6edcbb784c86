// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittoctl offload gc: deletes objects that no file refers to.
 *
 * Order: (1) The lists of garbage are read, by the store process, too: from here on, uploads send
 * condemned objects again. (2) A survey finds garbage. What is condemned and referred to is noted
 * as kept; garbage that no list names is condemned. (3) If some was condemned for longer than the
 * grace time, the uploads that have begun are waited for: what they relied on before (1) has a
 * durable record then. (4) Another survey looks at what refers to objects. (5) The file systems are
 * written to their disks, so that no record that is gone comes back after a power failure. (6)
 * Manifests and packs are deleted, and then chunks, so that a manifest that is there is always
 * complete; what an upload relies on since (1) stays. So does what the store refuses to delete; if
 * that is a manifest or a pack, so do the chunks of the store.
 *
 * Nothing of this keeps uploads from beginning. Anything that cannot be read in (1) to (5) ends it
 * before anything is deleted.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "ctl/ctl.h"
#include "fault.h"
#include "mem.h"
#include "store/bulk.h"
#include "offload/collect.h"
#include "object/heads.h"
#include "garbage.h"
#include "list.h"
#include "lock.h"
#include "own.h"
#include "ctl/out.h"

#define GRACE_MAX	(3650 * 86400ULL)
/* Less needs --force. */
#define GRACE_MIN	86400ULL
/* More garbage in a store than so many objects, and than a part of its objects, needs --force. */
#define MANY		16
#define PART		4
/* Most objects that lists name, in all stores: the store process remembers their names. */
#define CONDEMNED_MAX	(3ULL << 20)
/* Objects of the first batch, and the most ms that a batch should take. */
#define BATCH		64
#define BATCH_MS	400

/**
 * struct run - the run of gc in a store
 * @store: its name
 * @number: what the store process calls the run
 * @keeps_chunks: the store has refused to delete a manifest or a pack
 */
struct run {
	char store[OFFLOAD_CTL_STORE_SIZE];
	u64 number;
	bool keeps_chunks;
};

/**
 * struct head - a note of the head of a snapshot
 * @store: the name of its store
 * @name: of the object
 */
struct head {
	char store[OFFLOAD_CTL_STORE_SIZE];
	u8 name[HASH_SIZE];
};

/**
 * struct gc - one run of the command
 * @s: the survey
 * @runs: the run, in each store
 * @n_runs: number of them
 * @began: when it began, seconds since 1970
 * @dry: nothing is deleted
 * @force: whatever looks like a mistake is meant
 * @grace: seconds that garbage stays
 * @before: garbage that was condemned at this time or before is deleted
 * @condemned: objects that were condemned now
 * @objects: objects to delete
 * @bytes: bytes of them
 * @deleted: objects that were deleted
 * @relied: objects that stay because an upload relies on them
 * @refused: objects that the store refuses to delete; each is a problem, too
 * @requests: requests to delete
 * @heads: heads of snapshots that were noted when it began
 * @n_heads: number of them
 * @batch: objects that are going to be deleted in one request
 * @n: number of them
 * @room: most of them
 * @store: their store
 */
struct gc {
	struct offload_survey s;
	struct run *runs;
	size_t n_runs;
	u64 began;
	bool dry;
	bool force;
	u64 grace;
	u64 before;
	u64 condemned;
	u64 objects;
	u64 bytes;
	u64 deleted;
	u64 relied;
	u64 refused;
	u64 requests;
	struct head *heads;
	size_t n_heads;
	struct index_object batch[BULK_OBJECTS_MAX];
	u32 n;
	u32 room;
	char store[OFFLOAD_CTL_STORE_SIZE];
};

static void gc_count(void *arg, const struct index_object *o)
{
	struct gc *g = arg;

	g->objects++;
	g->bytes += o->size;
}

static void gc_count_new(void *arg, const struct index_object *o)
{
	struct gc *g = arg;

	(void)o;
	g->condemned++;
}

static void gc_count_all(struct gc *g)
{
	g->objects = 0;
	g->bytes = 0;
	index_garbage(g->s.index, g->before, gc_count, g);
	/* What a dry run would have condemned is due without a grace time. */
	if (g->dry && !g->grace)
		index_new_garbage(g->s.index, gc_count, g);
}

/* The run in a store. One that has not begun has the number 0, which the store process refuses. */
static struct run *gc_run_of(struct gc *g, const char *store)
{
	size_t i;

	for (i = 0; i < g->n_runs; i++)
		if (!strcmp(g->runs[i].store, store))
			return &g->runs[i];
	g->runs = mem_grow(g->runs, g->n_runs, sizeof(*g->runs));
	g->runs[i] = (struct run){ .number = 0 };
	snprintf(g->runs[i].store, sizeof(g->runs->store), "%s", store);
	g->n_runs++;
	return &g->runs[i];
}

static void gc_began(void *arg, const struct offload_result *r)
{
	struct gc *g = arg;

	if (r->error) {
		offload_survey_problem(&g->s, r->store, "%s", r->text);
		return;
	}
	gc_run_of(g, r->store)->number = r->size;
}

static void gc_begin_store(void *arg, const char *store)
{
	offload_orders_add(arg, OFFLOAD_CTL_COLLECT, store, COLLECT_BEGIN, 0);
}

/* The store process reads the lists of garbage, and so does this. Returns false after messages. */
static bool gc_begin(struct gc *g)
{
	struct offload_orders *orders = offload_orders_new(gc_began, g);
	u64 before = g->s.problems;
	struct why why;

	if (!g->dry && !offload_each_store(gc_begin_store, orders, &why))
		offload_survey_problem(&g->s, "stores", "%s", why.text);
	offload_orders_free(orders);
	/* Whoever writes lists after they were read here begins later, and ends this run. */
	if (!g->dry)
		index_lock(g->s.index);
	return offload_garbage_load(&g->s) && g->s.problems == before;
}

/* What is referred to again stays, and what has become garbage is condemned. */
static void gc_condemn(struct gc *g)
{
	struct garbage_writer w = { .s = &g->s, .time = (u64)time(NULL), .kept = true };
	u64 n = index_condemned_number(g->s.index);

	if (!g->dry) {
		index_condemned(g->s.index, "", true, garbage_writer_add, &w);
		garbage_writer_end(&w);
	}
	w.kept = false;
	w.written = 0;
	/* The next run takes the rest, when some of these are gone. */
	w.most = n < CONDEMNED_MAX ? CONDEMNED_MAX - n : 1;
	if (g->dry)
		index_new_garbage(g->s.index, gc_count_new, g);
	else
		index_new_garbage(g->s.index, garbage_writer_add, &w);
	garbage_writer_end(&w);
	g->condemned += w.written;
}

/* Make the file with the names of a batch. Returns a descriptor, or -1. */
static int gc_batch_file(const struct gc *g)
{
	char name[OBJECT_NAME_SIZE];
	int fd = memfd_create("batch", MFD_CLOEXEC);
	FILE *out = fd < 0 ? NULL : fdopen(dup(fd), "w");
	bool good = out;
	u32 i;

	for (i = 0; i < g->n && good; i++) {
		object_name(g->batch[i].kind, g->batch[i].name, name);
		good = fprintf(out, "%s\n", name) > 0;
	}
	if (out && fclose(out))
		good = false;
	if (good)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Have a batch deleted. Returns false after a message. @others: lines about what stays, or NULL. */
static bool gc_order(struct gc *g, char **others)
{
	struct offload_ctl_request request = { .type = OFFLOAD_CTL_COLLECT };
	int file = gc_batch_file(g), got = -1;
	union offload_ctl_answer a;
	struct why why;
	const struct run *run = gc_run_of(g, g->store);
	size_t len;
	bool good;

	snprintf(request.store, sizeof(request.store), "%s", g->store);
	snprintf(request.path, sizeof(request.path), "%llu", (unsigned long long)run->number);
	if (file < 0)
		good = why_not(&why, "no memory for the names of objects");
	else
		good = offload_call(&request, file, &a, &got, &why);
	/* An answer to something else says nothing about what was deleted. */
	if (good && (a.type != OFFLOAD_CTL_OBJECT || a.object.size != run->number))
		good = why_not(&why, "dittod has answered for another run");
	if (good)
		g->requests += a.object.requests;
	*others = good ? (char *)offload_file_read(got, &len) : NULL;
	if (good && a.object.has_file && !*others)
		good = why_not(&why, "the names of objects that stay did not come");
	if (!good)
		offload_survey_problem(&g->s, g->store, "%s", why.text);
	if (got >= 0)
		close(got);
	if (file >= 0)
		close(file);
	return good;
}

/* The store has answered, and an object stays. */
static void gc_take_refused(struct gc *g, u32 kind, const char *name, const char *cause)
{
	bool chunk = kind == ENVELOPE_CHUNK;

	g->refused++;
	if (!chunk)
		gc_run_of(g, g->store)->keeps_chunks = true;
	offload_survey_problem(&g->s, g->store, "%s: %s. It stays%s; the next gc tries again", name,
			       cause, chunk ? "" : ", and so do the chunks of the store");
}

/* Take a line "NAME CAUSE" about an object that stays. */
static void gc_take_other(struct gc *g, const char *line, bool stays[BULK_OBJECTS_MAX])
{
	const char *cause = line + strcspn(line, " ");
	size_t len = (size_t)(cause - line);
	char name[OBJECT_NAME_SIZE];
	u32 i;

	cause += *cause == ' ';
	for (i = 0; i < g->n; i++) {
		object_name(g->batch[i].kind, g->batch[i].name, name);
		if (strlen(name) == len && !strncmp(name, line, len))
			break;
	}
	if (i < g->n)
		stays[i] = true;
	if (!strcmp(cause, COLLECT_RELIED))
		g->relied++;
	else if (i < g->n && !strncmp(cause, COLLECT_REFUSED, strlen(COLLECT_REFUSED)))
		gc_take_refused(g, g->batch[i].kind, name, cause + strlen(COLLECT_REFUSED));
	else
		offload_survey_problem(&g->s, g->store, "%s", line);
}

/* Return whether there is a problem other than objects that the store refuses to delete. */
static bool gc_is_stopped(const struct gc *g)
{
	return g->s.problems > g->refused;
}

/* Delete the batch, and note that durably, before and afterwards. */
static void gc_flush(struct gc *g)
{
	u64 began = clock_ms(), took, now;
	bool stays[BULK_OBJECTS_MAX] = { false };
	char *others, *line, *next;
	u32 i;

	/* Nothing more is deleted after another problem. */
	for (i = 0; i < g->n && !gc_is_stopped(g); i++)
		index_begin_deletion(g->s.index, &g->batch[i], g->began);
	/* Others may use the index from here. */
	if (!g->n || gc_is_stopped(g) || !offload_survey_commit(&g->s) ||
	    !gc_order(g, &others)) {
		g->n = 0;
		return;
	}
	took = clock_ms() - began;
	now = (u64)time(NULL);
	for (line = others ? strtok_r(others, "\n", &next) : NULL; line;
	     line = strtok_r(NULL, "\n", &next))
		gc_take_other(g, line, stays);
	free(others);
	fault_point("gc-deleted");
	for (i = 0; i < g->n; i++) {
		if (stays[i]) {
			index_stop_deletion(g->s.index, &g->batch[i]);
			continue;
		}
		index_add_deletion(g->s.index, &g->batch[i], now, g->began);
		g->deleted++;
	}
	offload_survey_commit(&g->s);
	offload_survey_show(&g->s, "objects deleted", g->deleted);
	g->n = 0;
	/* An upload of one of the objects waits for so long. */
	if (took > BATCH_MS && g->room > 1)
		g->room /= 2;
	else if (took < BATCH_MS / 2)
		g->room = g->room > BULK_OBJECTS_MAX / 2 ? BULK_OBJECTS_MAX : 2 * g->room;
}

static void gc_delete(void *arg, const struct index_object *o)
{
	struct gc *g = arg;

	if (g->n && (g->n >= g->room || g->batch[0].kind != o->kind || strcmp(g->store, o->store)))
		gc_flush(g);
	if (o->kind == ENVELOPE_CHUNK && gc_run_of(g, o->store)->keeps_chunks)
		return;
	snprintf(g->store, sizeof(g->store), "%s", o->store);
	g->batch[g->n] = *o;
	g->batch[g->n++].store = g->store;
}

/* Look again, and delete what is garbage still. Returns false after a message. */
static bool gc_collect(struct gc *g)
{
	struct why why;

	offload_survey_show(&g->s, "waiting for uploads that have begun; objects to delete",
			    g->objects);
	if (!offload_lock_wait(&why)) {
		offload_survey_problem(&g->s, "lock", "%s", why.text);
		return false;
	}
	if (!offload_survey_run(&g->s, false) || !offload_survey_sync(&g->s) ||
	    /* Another server may have taken a prefix since. */
	    !offload_survey_own(&g->s))
		return false;
	fault_point("gc-delete");
	/* No commit before: from then on others may change what this look has found. */
	gc_count_all(g);
	g->room = BATCH;
	index_garbage(g->s.index, g->before, gc_delete, g);
	gc_flush(g);
	return !gc_is_stopped(g);
}

static void gc_print(const struct gc *g, const struct index_counts *c)
{
	char bytes[OUT_VALUE_MAX], grace[OUT_VALUE_MAX], all[OUT_VALUE_MAX];

	printf("%llu objects without a file, %s; %llu condemned now, %llu for %s or longer, %s\n",
	       (unsigned long long)c->garbage, bytes_text((double)c->garbage_bytes, all),
	       (unsigned long long)g->condemned, (unsigned long long)g->objects,
	       duration_text(g->grace * 1000, grace), bytes_text((double)g->bytes, bytes));
	if (g->dry)
		puts("Nothing was deleted.");
	else
		printf("%llu objects deleted, %llu stay for uploads, %llu refused, %llu problems\n",
		       (unsigned long long)g->deleted, (unsigned long long)g->relied,
		       (unsigned long long)g->refused, (unsigned long long)g->s.problems);
	if (g->s.lost || g->s.emptied)
		printf("%llu files without their records, %llu emptied; all objects stay\n",
		       (unsigned long long)g->s.lost, (unsigned long long)g->s.emptied);
}

static void gc_print_json(const struct gc *g, const struct index_counts *c)
{
	json_open(stdout, NULL, '{');
	json_bool(stdout, "dry-run", g->dry);
	json_number(stdout, "files", c->files);
	json_number(stdout, "garbage", c->garbage);
	json_number(stdout, "garbage-bytes", c->garbage_bytes);
	json_number(stdout, "condemned", g->condemned);
	json_number(stdout, "due", g->objects);
	json_number(stdout, "due-bytes", g->bytes);
	json_number(stdout, "deleted", g->deleted);
	json_number(stdout, "relied", g->relied);
	json_number(stdout, "refused", g->refused);
	json_number(stdout, "lost", g->s.lost);
	json_number(stdout, "emptied", g->s.emptied);
	json_number(stdout, "problems", g->s.problems);
	json_number(stdout, "requests", offload_orders_requests(g->s.orders) + g->requests);
	json_close(stdout, '}');
	json_end(stdout);
}

static void gc_add_head(void *arg, const char *store, const u8 name[HASH_SIZE])
{
	struct gc *g = arg;
	struct head *h;

	g->heads = mem_grow(g->heads, g->n_heads, sizeof(*g->heads));
	h = &g->heads[g->n_heads++];
	snprintf(h->store, sizeof(h->store), "%s", store);
	memcpy(h->name, name, HASH_SIZE);
}

/*
 * Forget the notes of snapshots that the index on disk has. A head that it does not have was
 * deleted or never sent, or is being sent: then it is there when the uploads that have begun were
 * waited for. Other runs may forget some, and notes that came since stay.
 */
static void gc_drop_heads(const struct gc *g, bool waited)
{
	struct index_object o = { .kind = ENVELOPE_SNAPSHOT };
	char name[OBJECT_NAME_SIZE];
	const struct head *h;

	for (h = g->heads; h < g->heads + g->n_heads; h++) {
		o.store = h->store;
		memcpy(o.name, h->name, HASH_SIZE);
		object_name(o.kind, o.name, name);
		if (waited || index_is_referred(g->s.index, &o))
			heads_drop(HEADS_PATH, h->store, name);
	}
}

/*
 * So much garbage is rather a mistake than the end of so many files, and a store of files without a
 * file system has lost what it knew.
 */
static void gc_check_store(void *arg, const struct index_store *store)
{
	struct gc *g = arg;

	if (store->files && !registrations_have(&g->s.registered, store->name, NULL))
		offload_survey_problem(&g->s, store->name,
				       "it has data of files, and names no file system: mount all with offloaded files, then: dittoctl offload rebuild. If there are none: dittoctl offload gc --force");
	else if (store->due > MANY && store->due > store->objects / PART)
		offload_survey_problem(&g->s, store->name,
				       "%llu of %llu objects are without a file. If so many files were removed: dittoctl offload gc --force",
				       (unsigned long long)store->due,
				       (unsigned long long)store->objects);
}

/* Returns false after a message. */
static bool gc_is_meant(struct gc *g)
{
	u64 before = g->s.problems;

	if (!g->force)
		index_stores_with_objects(g->s.index, g->before, gc_check_store, g);
	return g->s.problems == before;
}

static int gc_run(struct ctl *ctl, struct gc *g)
{
	struct index_counts c;
	struct why why;
	bool good;

	if (!offload_survey_open(&g->s, ctl, false))
		return CTL_REFUSED;
	/* If they cannot be read, the survey fails. */
	heads_each(HEADS_PATH, gc_add_head, g, &why);
	g->began = (u64)time(NULL);
	/* The garbage of this server may be the data of another. */
	good = (g->dry || offload_survey_own(&g->s)) && gc_begin(g) &&
	       offload_survey_run(&g->s, true);
	/* All this is what the survey has found: others may change it after the commit. */
	if (good)
		gc_condemn(g);
	good = good && !g->s.problems;
	if (good && !g->dry)
		index_settle_deletions(g->s.index);
	g->before = (u64)time(NULL) - g->grace;
	index_count(g->s.index, &c);
	gc_count_all(g);
	good = good && (g->dry || !g->objects || gc_is_meant(g));
	good = offload_survey_commit(&g->s) && good;
	fault_point("gc-condemned");
	if (!good)
		fputs("dittoctl: offload gc: nothing is deleted\n", stderr);
	else if (g->objects && !g->dry)
		good = gc_collect(g);
	if (good && !g->dry) {
		offload_garbage_clean(&g->s);
		good = offload_survey_commit(&g->s) && !gc_is_stopped(g);
	}
	if (good && !g->dry)
		gc_drop_heads(g, g->objects);
	if (ctl->json)
		gc_print_json(g, &c);
	else
		gc_print(g, &c);
	free(g->heads);
	free(g->runs);
	g->runs = NULL;
	offload_survey_close(&g->s);
	return good && !g->s.lost && !g->refused ? CTL_OK : CTL_REFUSED;
}

int offload_gc(struct ctl *ctl, char **words)
{
	static struct gc g;
	int (*show)(struct ctl *ctl) = NULL;
	struct why why;

	/* A schedule runs it more than once in a process. */
	g = (struct gc){ .grace = GARBAGE_GRACE };
	for (; *words; words++) {
		if (!strcmp(*words, "--json")) {
			ctl->json = true;
		} else if (!strcmp(*words, "--dry-run")) {
			g.dry = true;
		} else if (!strcmp(*words, "--force")) {
			g.force = true;
		} else if (!strcmp(*words, "--list")) {
			show = offload_garbage_list;
		} else if (!strcmp(*words, "--history")) {
			show = offload_garbage_history;
		} else if (!strcmp(*words, "--grace") && words[1]) {
			if (!text_duration(*++words, GRACE_MAX, &g.grace, &why))
				return ctl_usage(ctl, "--grace: %s", why.text);
		} else {
			return ctl_unknown(ctl, "option", *words, NULL);
		}
	}
	if (show)
		return show(ctl);
	if (g.grace < GRACE_MIN && !g.force && !g.dry)
		return ctl_usage(ctl, "--grace of less than a day needs --force");
	return gc_run(ctl, &g);
}
