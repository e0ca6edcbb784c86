// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittoctl offload gc: deletes objects that no file refers to.
 *
 * Order: (1) a survey notes since when each object is without a file. (2) If some are for longer
 * than the grace time, uploads are kept from beginning, and those that run are waited for: after
 * that, each object that a running upload relied on has a durable record or none will come.
 * (3) Records are looked at again. (4) The file systems are written to their disks, so that no
 * record that is gone comes back after a power failure. (5) Manifests and packs without a file are
 * deleted, and (6) then chunks, so that a manifest that is there is always complete.
 *
 * Anything that cannot be read in (1) to (4) ends it before anything is deleted.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "mem.h"
#include "offload/heads.h"
#include "offload_lock.h"
#include "offload_own.h"
#include "offload_survey.h"
#include "out.h"

/* Seconds that garbage stays, unless --grace says otherwise. */
#define GRACE		(7 * 86400ULL)
#define GRACE_MAX	(3650 * 86400ULL)
/* Less needs --force. */
#define GRACE_MIN	86400ULL
/* More garbage in a store than so many objects, and than a part of its objects, needs --force. */
#define MANY		16
#define PART		4

/**
 * struct gc - one run of the command
 * @s: the survey
 * @deletions: orders to delete
 * @dry: nothing is deleted
 * @force: whatever looks like a mistake is meant
 * @grace: seconds that garbage stays
 * @before: garbage of this time or older is deleted
 * @objects: objects to delete
 * @bytes: bytes of them
 * @deleted: objects that were deleted
 */
struct gc {
	struct offload_survey s;
	struct offload_orders *deletions;
	bool dry;
	bool force;
	u64 grace;
	u64 before;
	u64 objects;
	u64 bytes;
	u64 deleted;
};

static void gc_count(void *arg, const struct index_object *o)
{
	struct gc *g = arg;

	g->objects++;
	g->bytes += o->size;
}

static void gc_count_all(struct gc *g)
{
	g->objects = 0;
	g->bytes = 0;
	index_garbage(g->s.index, ENVELOPE_MANIFEST, g->before, gc_count, g);
	index_garbage(g->s.index, ENVELOPE_PACK, g->before, gc_count, g);
	index_garbage(g->s.index, ENVELOPE_CHUNK, g->before, gc_count, g);
}

static void gc_deleted(void *arg, const struct offload_result *r)
{
	struct index_object o = { .store = r->store };
	struct gc *g = arg;

	if (r->error) {
		offload_survey_problem(&g->s, r->path, "%s", r->text);
		return;
	}
	g->deleted++;
	offload_survey_show(&g->s, "objects deleted", g->deleted);
	if (object_name_parse(r->path, &o.kind, o.name))
		index_remove_object(g->s.index, &o);
}

static void gc_delete(void *arg, const struct index_object *o)
{
	char name[OBJECT_NAME_SIZE];
	struct gc *g = arg;

	object_name(o->kind, o->name, name);
	offload_orders_add(g->deletions, OFFLOAD_CTL_DELETE, o->store, name, 0);
}

/* Delete what is garbage still, while there are no uploads. Returns false after a message. */
static bool gc_collect(struct gc *g)
{
	bool good, known;
	struct why why;
	int lock;

	lock = offload_lock_deletion(&why);
	if (lock < 0) {
		offload_survey_problem(&g->s, "lock", "%s", why.text);
		return false;
	}
	known = offload_survey_run(&g->s, false);
	good = known && offload_survey_sync(&g->s);
	/* Another server may have taken a prefix during the wait for the lock and the survey. */
	good = good && offload_survey_own(&g->s);
	if (good) {
		gc_count_all(g);
		g->deletions = offload_orders_new(gc_deleted, g);
		index_garbage(g->s.index, ENVELOPE_MANIFEST, g->before, gc_delete, g);
		index_garbage(g->s.index, ENVELOPE_PACK, g->before, gc_delete, g);
		offload_orders_wait(g->deletions);
		good = !g->s.problems;
		if (good)
			index_garbage(g->s.index, ENVELOPE_CHUNK, g->before, gc_delete, g);
		offload_orders_wait(g->deletions);
	}
	/* The index has the snapshots of all notes now, and nobody makes others. */
	if (offload_survey_commit(&g->s) && known)
		heads_forget(HEADS_PATH);
	close(lock);
	return good && !g->s.problems;
}

static void gc_print(const struct gc *g, const struct index_counts *c)
{
	char bytes[OUT_VALUE_MAX], grace[OUT_VALUE_MAX], all[OUT_VALUE_MAX];

	printf("%llu objects without a file, %s; %llu of them for longer than %s, %s\n",
	       (unsigned long long)c->garbage, bytes_text((double)c->garbage_bytes, all),
	       (unsigned long long)g->objects, duration_text(g->grace * 1000, grace),
	       bytes_text((double)g->bytes, bytes));
	if (g->dry)
		puts("Nothing was deleted.");
	else
		printf("%llu objects deleted, %llu problems\n", (unsigned long long)g->deleted,
		       (unsigned long long)g->s.problems);
}

static void gc_print_json(const struct gc *g, const struct index_counts *c)
{
	u64 requests = offload_orders_requests(g->s.orders);

	if (g->deletions)
		requests += offload_orders_requests(g->deletions);
	json_open(stdout, NULL, '{');
	json_bool(stdout, "dry-run", g->dry);
	json_number(stdout, "files", c->files);
	json_number(stdout, "garbage", c->garbage);
	json_number(stdout, "garbage-bytes", c->garbage_bytes);
	json_number(stdout, "due", g->objects);
	json_number(stdout, "due-bytes", g->bytes);
	json_number(stdout, "deleted", g->deleted);
	json_number(stdout, "lost", g->s.lost);
	json_number(stdout, "problems", g->s.problems);
	json_number(stdout, "requests", requests);
	json_close(stdout, '}');
	json_end(stdout);
}

/*
 * So much garbage at once is rather a mistake than the end of so many files, and a store of files
 * without a file system has lost what it knew.
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
	bool good;

	if (!offload_survey_open(&g->s, ctl, false))
		return CTL_REFUSED;
	/* The garbage of this server may be the data of another. */
	good = (g->dry || offload_survey_own(&g->s)) && offload_survey_run(&g->s, true);
	good = offload_survey_commit(&g->s) && good;
	g->before = (u64)time(NULL) - g->grace;
	index_count(g->s.index, &c);
	gc_count_all(g);
	good = good && (g->dry || !g->objects || gc_is_meant(g));
	if (good && g->objects && !g->dry)
		good = gc_collect(g);
	else if (!good)
		fputs("dittoctl: offload gc: nothing is deleted\n", stderr);
	if (ctl->json)
		gc_print_json(g, &c);
	else
		gc_print(g, &c);
	if (g->deletions)
		offload_orders_free(g->deletions);
	offload_survey_close(&g->s);
	return good && !g->s.lost ? CTL_OK : CTL_REFUSED;
}

int offload_gc(struct ctl *ctl, char **words)
{
	struct gc g = { .grace = GRACE };
	struct why why;

	for (; *words; words++) {
		if (!strcmp(*words, "--json")) {
			ctl->json = true;
		} else if (!strcmp(*words, "--dry-run")) {
			g.dry = true;
		} else if (!strcmp(*words, "--force")) {
			g.force = true;
		} else if (!strcmp(*words, "--grace") && words[1]) {
			if (!text_duration(*++words, GRACE_MAX, &g.grace, &why))
				return ctl_usage(ctl, "--grace: %s", why.text);
		} else {
			return ctl_unknown(ctl, "option", *words, NULL);
		}
	}
	if (g.grace < GRACE_MIN && !g.force && !g.dry)
		return ctl_usage(ctl, "--grace of less than a day needs --force");
	return gc_run(ctl, &g);
}
