// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittoctl offload scrub: whether all that files refer to is in the stores, and is what its name
 * says. The store process decrypts what it reads and compares it with its keyed hash.
 *
 * Names of objects are hashes, so a part of all names is a fair sample of all objects. A pass goes
 * through them in order, in as many parts as there is time for, and remembers where it is. It
 * begins with a survey, and goes on with what that or a later one has found.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "mem.h"
#include "jobs.h"
#include "lock.h"
#include "repair.h"
#include "survey.h"
#include "ctl/out.h"
#include "text.h"

/* After so many parts of all names, the position is written down. */
#define STEPS	256

/**
 * struct bad - an object that is missing or damaged
 * @store: name of its store
 * @o: the object; its store is @store
 * @length: bytes of its content, as a manifest says, or 0
 * @known: it is known to be bad; otherwise the store may only not have answered
 * @text: the cause
 */
struct bad {
	char store[OFFLOAD_CTL_STORE_SIZE];
	struct index_object o;
	u64 length;
	bool known;
	char text[OFFLOAD_CTL_TEXT_SIZE];
};

/**
 * struct scrub - one run of the command
 * @s: the survey
 * @orders: orders to read
 * @quick: only look whether objects are there
 * @repair: make objects again whose content is here
 * @resume: go on where the last run has ended
 * @part: how much of all names, of 2^64; UINT64_MAX for all that are left
 * @objects: objects that were checked
 * @bytes: bytes of them that were read
 * @damaged: objects that are missing or damaged
 * @repaired: those that were, and are good now
 * @bad: objects of the present step that are not good
 * @n_bad: number of them
 * @now: the one that is reported
 * @told: files that were reported for it
 */
struct scrub {
	struct offload_survey s;
	struct offload_orders *orders;
	bool quick;
	bool repair;
	bool resume;
	u64 part;
	u64 objects;
	u64 bytes;
	u64 damaged;
	u64 repaired;
	struct bad *bad;
	size_t n_bad;
	const struct bad *now;
	u64 told;
};

/* Report an object with a file that needs it. */
static void scrub_tell(void *arg, const char *path)
{
	char text[OFFLOAD_CTL_TEXT_SIZE], name[OFFLOAD_CTL_PATH_SIZE], object[OBJECT_NAME_SIZE];
	struct offload_record record;
	struct scrub *c = arg;
	struct offload_info info;
	int error;

	/* A file may be recalled or removed since the survey. Snapshots do not begin with "/". */
	if (path[0] == '/' && !offload_record_read(path, &record, &error) &&
	    (offload_info_get(c->s.ctl, path, &info) || !info.cookie_len))
		return;
	object_name(c->now->o.kind, c->now->o.name, object);
	snprintf(text, sizeof(text), "%s", c->now->text);
	snprintf(name, sizeof(name), "%s", path);
	text_make_printable(text);
	text_make_printable(name);
	c->told++;
	if (!c->s.ctl->json) {
		printf("%s: store %s, object %s: %s\n", name, c->now->store, object, text);
		return;
	}
	json_open(stdout, NULL, '{');
	json_string(stdout, "file", path);
	json_string(stdout, "store", c->now->store);
	json_string(stdout, "object", object);
	json_string(stdout, "cause", text);
	json_close(stdout, '}');
}

static void scrub_checked(void *arg, const struct offload_result *r)
{
	struct scrub *c = arg;
	struct bad *bad;

	c->objects++;
	c->bytes += r->size;
	offload_survey_show(&c->s, "objects checked", c->objects);
	if (!r->error && (!r->tag || r->tag == r->size))
		return;
	c->bad = mem_grow(c->bad, c->n_bad, sizeof(*c->bad));
	bad = &c->bad[c->n_bad];
	memset(bad, 0, sizeof(*bad));
	if (!object_name_parse(r->path, &bad->o.kind, bad->o.name))
		return;
	snprintf(bad->store, sizeof(bad->store), "%s", r->store);
	bad->length = r->tag;
	bad->known = !r->error || r->error == ENODATA || r->error == EBADMSG;
	snprintf(bad->text, sizeof(bad->text), "%s", r->error ? r->text :
		 "a chunk has not the length that its manifest says");
	c->n_bad++;
}

static void scrub_check(void *arg, const struct index_object *o, bool present, u64 length)
{
	char name[OBJECT_NAME_SIZE];
	struct scrub *c = arg;

	/* Lists may be old, so an object that is not in them is asked for. */
	if (c->quick && present) {
		c->objects++;
		return;
	}
	object_name(o->kind, o->name, name);
	offload_orders_add(c->orders, OFFLOAD_CTL_READ, o->store, name, length);
}

/* A store that does not answer tells nothing about its objects. */
static void scrub_doubt(struct scrub *c, const struct bad *bad)
{
	char object[OBJECT_NAME_SIZE];

	object_name(bad->o.kind, bad->o.name, object);
	offload_survey_problem(&c->s, object, "store %s: %s", bad->store, bad->text);
}

/*
 * Report the bad objects of a step, or make them good. Returns how many are bad still. *@doubted:
 * others could not be checked.
 */
static u64 scrub_end_step(struct scrub *c, bool *doubted)
{
	u64 damaged = 0;
	struct bad *bad;

	*doubted = false;
	for (bad = c->bad; bad < c->bad + c->n_bad; bad++) {
		bad->o.store = bad->store;
		if (!bad->known) {
			scrub_doubt(c, bad);
			*doubted = true;
			continue;
		}
		if (c->repair &&
		    offload_repair(&c->s, &bad->o, bad->length)) {
			c->repaired++;
			continue;
		}
		c->now = bad;
		c->told = 0;
		index_files_of(c->s.index, &bad->o, scrub_tell, c);
		damaged += c->told > 0;
	}
	free(c->bad);
	c->bad = NULL;
	c->n_bad = 0;
	c->damaged += damaged;
	return damaged;
}

/*
 * Remember that a pass has come from @first to @last, which may be the end of a part. Others may
 * have noted theirs.
 */
static void scrub_note(struct scrub *c, u64 first, u64 last, bool part, u64 bad)
{
	bool ended = last == UINT64_MAX;
	struct offload_progress p;
	struct why why;
	int lock = offload_lock_progress(&why);

	offload_progress_read(OFFLOAD_PROGRESS_PATH, &p);
	p.scrub_at = ended ? 0 : last + 1;
	if (part)
		p.scrub_time = (u64)time(NULL);
	p.bad = bad + (first ? p.bad : 0);
	if (ended) {
		p.bad_before = p.bad;
		p.bad = 0;
	}
	if (lock < 0 || !offload_progress_save(&p, &why))
		offload_survey_problem(&c->s, "scrub", "%s", why.text);
	if (lock >= 0)
		close(lock);
}

/* Check the objects whose names begin with @at or a higher number, up to the end of the part. */
static void scrub_objects(struct scrub *c, u64 at)
{
	const u64 end = c->part < UINT64_MAX - at ? at + c->part : UINT64_MAX;
	u64 first, last, bad;
	bool doubted, whole = !c->quick;

	do {
		last = end - at > UINT64_MAX / STEPS ? at + UINT64_MAX / STEPS : end;
		index_referred_between(c->s.index, at, last, scrub_check, c);
		offload_orders_wait(c->orders);
		bad = scrub_end_step(c, &doubted);
		/* What was not checked is due still, and the next run begins with it. */
		whole = whole && !doubted;
		if (doubted && c->resume)
			return;
		first = at;
		at = last + 1;
		if (whole)
			scrub_note(c, first, last, last == end, bad);
	} while (last != end);
}

static void scrub_print(const struct scrub *c, const struct index_counts *n)
{
	char bytes[OUT_VALUE_MAX];

	if (c->s.ctl->json) {
		json_close(stdout, ']');
		json_number(stdout, "files", n->files);
		json_number(stdout, "objects", c->objects);
		json_number(stdout, "bytes", c->bytes);
		json_number(stdout, "bad-objects", c->damaged);
		json_number(stdout, "repaired", c->repaired);
		json_number(stdout, "problems", c->s.problems);
		json_number(stdout, "requests", offload_orders_requests(c->s.orders) +
			    offload_orders_requests(c->orders));
		json_close(stdout, '}');
		json_end(stdout);
		return;
	}
	printf("%llu objects of %llu files checked, %s read: %llu are bad, %llu problems\n",
	       (unsigned long long)c->objects, (unsigned long long)n->files,
	       bytes_text((double)c->bytes, bytes), (unsigned long long)c->damaged,
	       (unsigned long long)c->s.problems);
	if (c->repaired)
		printf("%llu objects were repaired\n", (unsigned long long)c->repaired);
}

static bool scrub_run(struct ctl *ctl, struct scrub *c)
{
	struct offload_progress p = { .scrub_at = 0 };
	struct index_counts n;
	bool good;

	if (!offload_survey_open(&c->s, ctl, false))
		return false;
	if (c->resume)
		offload_progress_read(OFFLOAD_PROGRESS_PATH, &p);
	if (ctl->json) {
		json_open(stdout, NULL, '{');
		json_open(stdout, "bad", '[');
	}
	c->orders = offload_orders_new(scrub_checked, c);
	index_count(c->s.index, &n);
	/* An index that was lost knows nothing. */
	if (!p.scrub_at || !n.objects)
		offload_survey_run(&c->s, true);
	/* Others may use the index while objects are read. */
	good = offload_survey_commit(&c->s);
	scrub_objects(c, p.scrub_at);
	index_count(c->s.index, &n);
	scrub_print(c, &n);
	good = good && !c->damaged && !c->s.problems;
	offload_orders_free(c->orders);
	offload_survey_close(&c->s);
	return good;
}

bool offload_scrub_part(struct ctl *ctl, u64 part)
{
	/* Files that came back give way when room is needed, so the repair cannot wait. */
	struct scrub c = { .part = part, .resume = true, .repair = true };

	return scrub_run(ctl, &c);
}

int offload_scrub(struct ctl *ctl, char **words)
{
	struct scrub c = { .part = UINT64_MAX };
	struct why why;
	u64 percent;

	for (; *words; words++) {
		if (!strcmp(*words, "--json")) {
			ctl->json = true;
		} else if (!strcmp(*words, "--quick")) {
			c.quick = true;
		} else if (!strcmp(*words, "--repair")) {
			c.repair = true;
		} else if (!strcmp(*words, "--percent") && words[1]) {
			if (!text_number(*++words, 1, 100, &percent, &why))
				return ctl_usage(ctl, "--percent: %s", why.text);
			c.part = percent == 100 ? UINT64_MAX : UINT64_MAX / 100 * percent;
			c.resume = true;
		} else {
			return ctl_unknown(ctl, "option", *words, NULL);
		}
	}
	if (c.quick && c.resume)
		return ctl_usage(ctl, "--quick looks at all objects, without --percent");
	mkdir(INDEX_FOLDER, 0755);
	return scrub_run(ctl, &c) ? CTL_OK : CTL_REFUSED;
}
