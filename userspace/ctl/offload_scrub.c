// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittoctl offload scrub: whether all that files refer to is in the stores, and is what its name
 * says. The store process decrypts what it reads and compares it with its keyed hash.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "mem.h"
#include "offload_survey.h"
#include "out.h"
#include "text.h"

/**
 * struct scrub - one run of the command
 * @s: the survey
 * @orders: orders to read
 * @quick: only look whether objects are there
 * @objects: objects that were checked
 * @bytes: bytes of them that were read
 * @damaged: objects that are missing or damaged
 * @result: the object that is reported
 * @told: files that were reported for it
 */
struct scrub {
	struct offload_survey s;
	struct offload_orders *orders;
	bool quick;
	u64 objects;
	u64 bytes;
	u64 damaged;
	const struct offload_result *result;
	u64 told;
};

/* Report an object with a file that needs it. */
static void scrub_tell(void *arg, const char *path)
{
	const struct offload_result *r;
	char text[OFFLOAD_CTL_TEXT_SIZE], name[OFFLOAD_CTL_PATH_SIZE];
	struct offload_record record;
	struct scrub *c = arg;
	int error;

	/* A file may be recalled or removed since the survey. Snapshots do not begin with "/". */
	if (path[0] == '/' && !offload_record_read(path, &record, &error))
		return;
	r = c->result;
	snprintf(text, sizeof(text), "%s", r->text);
	snprintf(name, sizeof(name), "%s", path);
	text_make_printable(text);
	text_make_printable(name);
	c->told++;
	if (!c->s.ctl->json) {
		printf("%s: store %s, object %s: %s\n", name, r->store, r->path, text);
		return;
	}
	json_open(stdout, NULL, '{');
	json_string(stdout, "file", path);
	json_string(stdout, "store", r->store);
	json_string(stdout, "object", r->path);
	json_string(stdout, "cause", text);
	json_close(stdout, '}');
}

static void scrub_checked(void *arg, const struct offload_result *r)
{
	struct offload_result result = *r;
	struct scrub *c = arg;
	struct index_object o = { .store = r->store };

	c->objects++;
	c->bytes += r->size;
	offload_survey_show(&c->s, "objects checked", c->objects);
	if (!r->error && (!r->tag || r->tag == r->size))
		return;
	if (!r->error)
		result.text = "a chunk has not the length that its manifest says";
	c->result = &result;
	c->told = 0;
	if (object_name_parse(r->path, &o.kind, o.name))
		index_files_of(c->s.index, &o, scrub_tell, c);
	c->damaged += c->told > 0;
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

static void scrub_print(const struct scrub *c, const struct index_counts *n)
{
	char bytes[OUT_VALUE_MAX];

	if (c->s.ctl->json) {
		json_close(stdout, ']');
		json_number(stdout, "files", n->files);
		json_number(stdout, "objects", c->objects);
		json_number(stdout, "bytes", c->bytes);
		json_number(stdout, "bad-objects", c->damaged);
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
}

int offload_scrub(struct ctl *ctl, char **words)
{
	struct index_counts n;
	struct scrub c = { 0 };
	bool good;

	for (; *words; words++) {
		if (!strcmp(*words, "--json"))
			ctl->json = true;
		else if (!strcmp(*words, "--quick"))
			c.quick = true;
		else
			return ctl_unknown(ctl, "option", *words, NULL);
	}
	if (!offload_survey_open(&c.s, ctl, false))
		return CTL_REFUSED;
	if (ctl->json) {
		json_open(stdout, NULL, '{');
		json_open(stdout, "bad", '[');
	}
	c.orders = offload_orders_new(scrub_checked, &c);
	offload_survey_run(&c.s, true);
	/* Others may use the index while objects are read. */
	good = offload_survey_commit(&c.s);
	index_referred(c.s.index, scrub_check, &c);
	offload_orders_wait(c.orders);
	index_count(c.s.index, &n);
	scrub_print(&c, &n);
	good = good && !c.damaged && !c.s.problems;
	offload_orders_free(c.orders);
	offload_survey_close(&c.s);
	return good ? CTL_OK : CTL_REFUSED;
}
