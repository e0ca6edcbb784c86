// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittoctl offload repack: brings back the files of packs that are mostly without files, and pushes
 * them again, into new packs. The old ones are garbage then.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "fault.h"
#include "mem.h"
#include "offload.h"
#include "survey.h"
#include "ctl/out.h"

/* Less than so many percent of a pack belong to files, unless the user says otherwise. */
#define PERCENT		50
/* Files that are brought back before they are pushed: they need at most so many MiB of disk. */
#define BATCH		512

/**
 * struct repack - one run of the command
 * @s: the survey
 * @percent: see PERCENT
 * @dry: nothing is moved
 * @stores: store of each file
 * @packs: name of its pack
 * @paths: the files
 * @n: number of them
 * @changed: those that were not in their packs any more when it was their turn
 */
struct repack {
	struct offload_survey s;
	u64 percent;
	bool dry;
	char **stores;
	u8 (*packs)[HASH_SIZE];
	char **paths;
	size_t n;
	size_t changed;
};

static void repack_add(void *arg, const char *store, const u8 name[HASH_SIZE], const char *path)
{
	struct repack *r = arg;

	r->stores = mem_grow(r->stores, r->n, sizeof(*r->stores));
	r->packs = mem_grow(r->packs, r->n, sizeof(*r->packs));
	r->paths = mem_grow(r->paths, r->n, sizeof(*r->paths));
	memcpy(r->packs[r->n], name, HASH_SIZE);
	r->stores[r->n] = mem_string(store);
	r->paths[r->n++] = mem_string(path);
}

static void repack_list(const struct repack *r)
{
	char *path;
	size_t i;

	for (i = 0; i < r->n; i++) {
		if (r->s.ctl->json) {
			json_string(stdout, NULL, r->paths[i]);
			continue;
		}
		path = text_printable(r->paths[i]);
		puts(path);
		free(path);
	}
	if (!r->s.ctl->json)
		printf("%zu files would be pushed again\n", r->n);
}

/* Whether a file is still in the pack: it may be gone, replaced or resident since the survey. */
static bool repack_still(const struct repack *r, size_t i)
{
	struct offload_record record;
	int error;

	return offload_record_read(r->paths[i], &record, &error) && record.cookie.packed &&
	       !strcmp(record.cookie.store, r->stores[i]) &&
	       !memcmp(record.cookie.name, r->packs[i], HASH_SIZE);
}

/* Bring back files of one store, and push them there. Returns false after a failure. */
static bool repack_batch(struct repack *r, size_t first, size_t n)
{
	char **paths = mem_new((n + 1) * sizeof(*paths));
	bool good = true;
	size_t i, m = 0;

	for (i = first; i < first + n; i++)
		if (repack_still(r, i))
			paths[m++] = r->paths[i];
	r->changed += n - m;
	if (m)
		good = offload_recall_files(r->s.ctl, paths) == CTL_OK;
	fault_point("repack-recalled");
	/* Those that came back are pushed, whatever became of the others. */
	if (m)
		good = offload_push_files(r->s.ctl, paths, r->stores[first], "") == CTL_OK && good;
	free(paths);
	return good;
}

static bool repack_files(struct repack *r)
{
	size_t first, n;
	bool good = true;

	/* The others can be moved, whatever became of one. */
	for (first = 0; first < r->n && !offload_run_stopped(NULL); first += n) {
		for (n = 1; n < BATCH && first + n < r->n; n++)
			if (strcmp(r->stores[first], r->stores[first + n]))
				break;
		good = repack_batch(r, first, n) && good;
	}
	if (r->s.ctl->json) {
		json_open(stdout, NULL, '{');
		json_number(stdout, "changed", r->changed);
		json_close(stdout, '}');
	} else if (r->changed) {
		printf("%zu files have changed or are gone: they were left alone\n", r->changed);
	}
	return good;
}

static int repack_run(struct ctl *ctl, struct repack *r)
{
	bool good;

	if (!offload_survey_open(&r->s, ctl, false))
		return CTL_REFUSED;
	good = offload_survey_run(&r->s, true);
	index_sparse_files(r->s.index, (unsigned int)r->percent, repack_add, r);
	good = offload_survey_commit(&r->s) && good;
	/* Others may use the index from here on. */
	offload_survey_close(&r->s);
	if (ctl->json)
		json_open(stdout, NULL, '[');
	if (r->dry)
		repack_list(r);
	else
		good = repack_files(r) && good;
	if (ctl->json) {
		json_close(stdout, ']');
		json_end(stdout);
	} else if (!r->n) {
		puts("There is nothing to do.");
	}
	while (r->n--) {
		free(r->stores[r->n]);
		free(r->paths[r->n]);
	}
	free(r->stores);
	free(r->packs);
	free(r->paths);
	return good ? CTL_OK : CTL_REFUSED;
}

int offload_repack(struct ctl *ctl, char **words)
{
	struct repack r = { .percent = PERCENT };
	struct why why;

	for (; *words && !strncmp(*words, "--", 2); words++) {
		if (!strcmp(*words, "--json"))
			ctl->json = true;
		else if (!strcmp(*words, "--dry-run"))
			r.dry = true;
		else
			return ctl_unknown(ctl, "option", *words, NULL);
	}
	if (*words && !text_number(*words++, 1, 100, &r.percent, &why))
		return ctl_usage(ctl, "PERCENT: %s", why.text);
	if (ctl_no_more(ctl, words))
		return CTL_USAGE;
	return repack_run(ctl, &r);
}
