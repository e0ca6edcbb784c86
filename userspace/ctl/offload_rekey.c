// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittoctl offload rekey: has objects that older keys encrypt rewritten with the first key. Their
 * names stay, so nothing that refers to them changes.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "mem.h"
#include "offload_survey.h"
#include "out.h"

/**
 * struct rekey - one run of the command
 * @s: for messages and progress
 * @lists: orders to list
 * @rewrites: orders to rewrite
 * @after: the last name of the list
 * @more: there are more objects to list
 * @objects: objects that were looked at
 * @rewritten: objects that had an older key
 * @bytes: bytes of their content
 */
struct rekey {
	struct offload_survey s;
	struct offload_orders *lists;
	struct offload_orders *rewrites;
	char after[OFFLOAD_OBJECT_SIZE];
	bool more;
	u64 objects;
	u64 rewritten;
	u64 bytes;
};

static void rekey_done(void *arg, const struct offload_result *r)
{
	struct rekey *k = arg;

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
	char *text = NULL, *line, *next;
	u8 name[HASH_SIZE];
	struct rekey *k = arg;
	size_t len = 0;
	u32 kind;

	k->more = false;
	if (r->error)
		offload_survey_problem(&k->s, r->store, "%s", r->text);
	else
		text = (char *)offload_file_read(r->file, &len);
	for (line = text ? strtok_r(text, "\n", &next) : NULL; line;
	     line = strtok_r(NULL, "\n", &next)) {
		if (sscanf(line, "%95s", k->after) == 1 &&
		    offload_object_parse(k->after, &kind, name))
			offload_orders_add(k->rewrites, OFFLOAD_CTL_REKEY, r->store, k->after, 0);
	}
	k->more = text && r->more;
	if (r->more && !text)
		offload_survey_problem(&k->s, r->store,
				       "a page of the list has no object of Ditto's");
	free(text);
}

static void rekey_store(struct rekey *k, const char *store, const char *prefix)
{
	char *words;

	k->after[0] = '\0';
	do {
		words = mem_print("%s\n%s", prefix, k->after);
		offload_orders_add(k->lists, OFFLOAD_CTL_LIST, store, words, 0);
		offload_orders_wait(k->lists);
		free(words);
	} while (k->more);
}

/* All stores, or that with a name. Returns false if there is none. */
static bool rekey_stores(struct rekey *k, const char *name)
{
	struct offload_ctl_request request = { .type = OFFLOAD_CTL_STATUS };
	union offload_ctl_answer a;
	bool good = false, found = false;
	struct why why = { "dittod has ended" };
	int fd = offload_connect(&request, -1, &why);

	while (fd >= 0 && (good = offload_answer(fd, &a, NULL)) && a.type == OFFLOAD_CTL_STORE) {
		if (name && strcmp(name, a.store.name))
			continue;
		found = true;
		rekey_store(k, a.store.name, "chunks/");
		rekey_store(k, a.store.name, "manifests/");
	}
	if (fd >= 0)
		close(fd);
	if (!good)
		offload_survey_problem(&k->s, "stores", "%s", why.text);
	offload_orders_wait(k->rewrites);
	return found || !good;
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
	json_number(stdout, "requests", offload_orders_requests(k->lists) +
		    offload_orders_requests(k->rewrites));
	json_close(stdout, '}');
	json_end(stdout);
}

int offload_rekey(struct ctl *ctl, char **words)
{
	struct rekey k = { .s.ctl = ctl, .s.bar = isatty(STDERR_FILENO) };
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
	k.lists = offload_orders_new(rekey_listed, &k);
	k.rewrites = offload_orders_new(rekey_done, &k);
	if (!rekey_stores(&k, name))
		offload_survey_problem(&k.s, name ? name : "stores", "there is no such store");
	rekey_print(&k);
	offload_orders_free(k.lists);
	offload_orders_free(k.rewrites);
	return k.s.problems ? CTL_REFUSED : CTL_OK;
}
