// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittoctl offload rekey: has objects that older keys encrypt rewritten with the first key. Their
 * names stay, so nothing that refers to them changes.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "mem.h"
#include "store/order.h"
#include "list.h"
#include "lock.h"
#include "survey.h"
#include "ctl/out.h"

/* Objects that are replaced before deletions of snapshots may go on. */
#define BATCH		64

/**
 * struct rekey - one run of the command
 * @s: for messages and progress
 * @list: the objects
 * @rewrites: orders to rewrite
 * @heads: lock that keeps heads of snapshots from being deleted; or -1
 * @batch: objects since the lock was taken
 * @objects: objects that were looked at
 * @rewritten: objects that had an older key
 * @bytes: bytes of their content
 */
struct rekey {
	struct offload_survey s;
	struct offload_list list;
	struct offload_orders *rewrites;
	int heads;
	unsigned int batch;
	u64 objects;
	u64 rewritten;
	u64 bytes;
};

static void rekey_done(void *arg, const struct offload_result *r)
{
	struct rekey *k = arg;

	/* The list may be old: it has been deleted. */
	if (r->error == ENODATA)
		return;
	if (r->error) {
		offload_survey_problem(&k->s, r->path, "%s", r->text);
		return;
	}
	k->objects++;
	k->rewritten += r->more;
	k->bytes += r->more ? r->size : 0;
	offload_survey_show(&k->s, "objects looked at", k->objects);
}

static void rekey_listed(void *arg, const struct offload_result *r)
{
	struct rekey *k = arg;

	offload_list_result(&k->list, r);
}

/* Wait for the objects of the batch, and let deletions of snapshots go on. */
static void rekey_end_batch(struct rekey *k)
{
	offload_orders_wait(k->rewrites);
	if (k->heads >= 0)
		close(k->heads);
	k->heads = -1;
	k->batch = 0;
}

/*
 * What is read, then deleted by others, and then written would be back: a snapshot without its
 * data. Other objects are garbage then as they were before. Returns false after a message.
 */
static bool rekey_lock(struct rekey *k, bool head)
{
	struct why why;

	if (k->batch++ == BATCH)
		rekey_end_batch(k);
	if (head && k->heads < 0)
		k->heads = offload_lock_heads(false, &why);
	if (!head || k->heads >= 0)
		return true;
	offload_survey_problem(&k->s, "lock", "%s", why.text);
	return false;
}

static void rekey_add(void *arg, const struct index_object *o)
{
	char name[OBJECT_NAME_SIZE], *text;
	struct rekey *k = arg;

	if (!rekey_lock(k, o->kind == ENVELOPE_SNAPSHOT))
		return;
	object_name(o->kind, o->name, name);
	text = mem_print("%s%s", name,
			 index_is_referred(k->s.index, o) ? "\n" ORDER_REFERRED : "");
	offload_orders_add(k->rewrites, OFFLOAD_CTL_REKEY, o->store, text, 0);
	free(text);
}

static void rekey_problem(void *arg, const char *subject, const char *text)
{
	struct rekey *k = arg;

	offload_survey_problem(&k->s, subject, "%s", text);
}

static void rekey_print(const struct rekey *k)
{
	char bytes[OUT_VALUE_MAX];

	if (!k->s.ctl->json) {
		printf("%llu objects looked at, %llu rewritten, %s; %llu problems\n",
		       (unsigned long long)k->objects, (unsigned long long)k->rewritten,
		       bytes_text((double)k->bytes, bytes), (unsigned long long)k->s.problems);
		return;
	}
	json_open(stdout, NULL, '{');
	json_number(stdout, "objects", k->objects);
	json_number(stdout, "rewritten", k->rewritten);
	json_number(stdout, "bytes", k->bytes);
	json_number(stdout, "problems", k->s.problems);
	json_number(stdout, "requests", offload_orders_requests(k->s.orders) +
		    offload_orders_requests(k->list.orders) +
		    offload_orders_requests(k->rewrites));
	json_close(stdout, '}');
	json_end(stdout);
}

int offload_rekey(struct ctl *ctl, char **words)
{
	struct rekey k = {
		.heads = -1,
		.list = { .each = rekey_add, .problem = rekey_problem, .arg = &k },
	};
	const char *name;

	if (*words && !strcmp(*words, "--json")) {
		ctl->json = true;
		words++;
	}
	if (*words && !strncmp(*words, "--", 2))
		return ctl_unknown(ctl, "option", *words, NULL);
	name = *words;
	if (name && ctl_no_more(ctl, words + 1))
		return CTL_USAGE;
	if (!offload_survey_open(&k.s, ctl, false))
		return CTL_REFUSED;
	/* What nothing refers to may be anybody's. */
	offload_survey_run(&k.s, false);
	offload_survey_commit(&k.s);
	k.list.orders = offload_orders_new(rekey_listed, &k);
	k.rewrites = offload_orders_new(rekey_done, &k);
	if (!offload_list_stores(&k.list, name))
		offload_survey_problem(&k.s, name ? name : "stores", "there is no such store");
	rekey_end_batch(&k);
	rekey_print(&k);
	offload_orders_free(k.list.orders);
	offload_orders_free(k.rewrites);
	offload_survey_close(&k.s);
	return k.s.problems ? CTL_REFUSED : CTL_OK;
}
