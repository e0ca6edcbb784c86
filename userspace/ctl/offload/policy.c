// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittoctl offload policy: has files offloaded as the sections [policy NAME] of the configuration
 * say. A timer runs it; what it does is what "offload push" does with the same files.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "common/offload_policy.h"
#include "ctl/ctl.h"
#include "ctl/stream_dir.h"
#include "mem.h"
#include "offload.h"
#include "jobs.h"
#include "lock.h"
#include "mark.h"
#include "pace.h"
#include "object/pack.h"
#include "offload/packer.h"
#include "object/record.h"
#include "ctl/out.h"

/* Bytes of a chunk on average, to foretell requests. */
#define CHUNK_BYTES	(9ULL << 19)
/* Requests for each chunk and manifest: is it there, and if not, here it is. */
#define OBJECT_REQUESTS	2
/* Most files that one run offloads; the next run takes others. */
#define FILES_MAX	1000000

/**
 * struct candidate - a file that a policy offloads
 * @path: its path
 * @used: time of the last access or change
 * @size: bytes
 * @blocks: bytes that it occupies
 */
struct candidate {
	char *path;
	u64 used;
	u64 size;
	u64 blocks;
};

/**
 * struct policies - the policies, and the files of the present one
 * @ctl: this run of the tool
 * @all: the policies
 * @n: number of them
 * @dry: nothing is offloaded
 * @scheduled: only what the schedules allow
 * @paced: only those that have not looked at their files shortly before
 * @files: files of the present policy: a heap, of which the first was used last
 * @n_files: number of them
 * @blocks: bytes that they occupy
 * @wanted: bytes that are to be freed
 * @tiny: files that it would choose, but that would free nothing
 * @problems: directories and file systems that could not be looked at
 * @seen: there were files to look at
 * @told: that such files stay was printed, by enum offload_bar; it is the same in each run
 */
struct policies {
	struct ctl *ctl;
	struct offload_policy *all;
	size_t n;
	bool dry;
	bool scheduled;
	bool paced;
	struct candidate *files;
	size_t n_files;
	u64 blocks;
	u64 wanted;
	u64 tiny;
	u64 problems;
	bool seen;
	bool told[OFFLOAD_BARS];
};

/* Ask dittod. Returns an exit status. */
static int policies_get(struct policies *p)
{
	struct offload_ctl_request request = { .type = OFFLOAD_CTL_POLICIES };
	union offload_ctl_answer a;
	struct why why;
	bool good = false;
	int fd;

	fd = offload_connect(&request, -1, &why);
	while (fd >= 0 && (good = offload_answer(fd, &a, NULL)) && a.type == OFFLOAD_CTL_POLICY) {
		p->all = mem_grow(p->all, p->n, sizeof(*p->all));
		p->all[p->n++] = a.policy;
	}
	if (fd >= 0)
		close(fd);
	if (good)
		return CTL_OK;
	if (fd >= 0)
		why_not(&why, "dittod has ended");
	p->ctl->conn.why = why;
	return ctl_refused(p->ctl, NULL);
}

static void policies_forget_files(struct policies *p)
{
	size_t i;

	for (i = 0; i < p->n_files; i++)
		free(p->files[i].path);
	free(p->files);
	p->files = NULL;
	p->n_files = 0;
	p->blocks = 0;
	p->tiny = 0;
	p->seen = false;
}

/* A directory belongs to the policy with the longest path above it. */
static bool policy_ends_at(const struct policies *p, const struct offload_policy *policy,
			   const char *path)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (&p->all[i] != policy && !strcmp(p->all[i].path, path) &&
		    strlen(path) > strlen(policy->path))
			return true;
	return false;
}

/* Put a file at its place in the heap, from @i downwards. */
static void policy_sink(struct policies *p, size_t i, struct candidate file)
{
	size_t child;

	while ((child = 2 * i + 1) < p->n_files) {
		if (child + 1 < p->n_files && p->files[child + 1].used > p->files[child].used)
			child++;
		if (p->files[child].used <= file.used)
			break;
		p->files[i] = p->files[child];
		i = child;
	}
	p->files[i] = file;
}

/* Keep as many files as free what is wanted, those that were not used for longest. */
static void policy_add(struct policies *p, const char *path, const struct stat *st)
{
	struct candidate file = {
		.path = mem_string(path), .size = (u64)st->st_size,
		.blocks = (u64)st->st_blocks * 512,
		.used = (u64)(st->st_atime > st->st_mtime ? st->st_atime : st->st_mtime),
	};
	size_t i, parent;

	p->files = mem_grow(p->files, p->n_files, sizeof(*p->files));
	for (i = p->n_files++; i; i = parent) {
		parent = (i - 1) / 2;
		if (p->files[parent].used >= file.used)
			break;
		p->files[i] = p->files[parent];
	}
	p->files[i] = file;
	p->blocks += file.blocks;
	while (p->n_files > FILES_MAX ||
	       (p->n_files && p->blocks - p->files[0].blocks >= p->wanted)) {
		p->blocks -= p->files[0].blocks;
		free(p->files[0].path);
		file = p->files[--p->n_files];
		if (p->n_files)
			policy_sink(p, 0, file);
	}
}

static bool policy_is_offloaded(const char *path)
{
	return lgetxattr(path, OFFLOAD_RECORD_XATTR, NULL, 0) >= 0;
}

/* A file that can never be released stays. The first one of each kind is printed. */
static bool policy_keeps(struct policies *p, const char *path)
{
	enum offload_bar bar = offload_bar(path);
	char *text;

	if (bar == OFFLOAD_FREE)
		return false;
	if (!p->told[bar]) {
		text = mem_print("it stays here, as any file that %s", offload_bar_text(bar));
		offload_complain(p->ctl, false, path, text);
		free(text);
	}
	p->told[bar] = true;
	return true;
}

/* Find the files that are here and that the policy wants elsewhere. */
static void policy_walk(struct policies *p, const struct offload_policy *policy)
{
	char *const roots[] = { (char *)policy->path, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_XDEV | FTS_NOCHDIR, NULL);
	u64 now = (u64)time(NULL);
	FTSENT *e;

	if (!fts)
		mem_out();
	while (!offload_run_stopped(NULL) && (e = fts_read(fts))) {
		p->seen |= e->fts_info == FTS_F;
		if (e->fts_info == FTS_D && (bin_dir_is(e->fts_path, e->fts_path) ||
					     policy_ends_at(p, policy, e->fts_path))) {
			fts_set(fts, e, FTS_SKIP);
		} else if (offload_walk_failed(e)) {
			offload_complain(p->ctl, false, e->fts_path, strerror(e->fts_errno));
			p->problems++;
		} else if (e->fts_info == FTS_F && e->fts_statp->st_blocks &&
			   offload_policy_matches(policy, e->fts_path, e->fts_statp, now) &&
			   !policy_is_offloaded(e->fts_path) &&
			   !offload_mark_find(e->fts_path) &&
			   !policy_keeps(p, e->fts_path)) {
			if (offload_is_tiny(e->fts_path, e->fts_statp))
				p->tiny++;
			else
				policy_add(p, e->fts_path, e->fts_statp);
		}
	}
	fts_close(fts);
}

static int candidate_compare(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return x->used < y->used ? -1 : x->used > y->used;
}

/*
 * Bytes that must be freed until the file system is at the lower mark. Returns NULL, or why nothing
 * is to be freed: the upper one is not reached, or it is not known whether it is.
 */
static const char *policy_has_room(struct policies *p, const struct offload_policy *policy,
				   u64 *bytes)
{
	struct statvfs fs;
	u64 all, used, wanted;

	*bytes = UINT64_MAX;
	if (!policy->start)
		return NULL;
	if (statvfs(policy->path, &fs)) {
		offload_complain(p->ctl, false, policy->path, strerror(errno));
		p->problems++;
		return "the file system does not tell how much room it has";
	}
	/* This is what df(1) shows: blocks for root only are in use by nobody. */
	used = (u64)(fs.f_blocks - fs.f_bfree) * fs.f_frsize;
	all = used + (u64)fs.f_bavail * fs.f_frsize;
	wanted = all / 100 * policy->stop;
	*bytes = used > wanted ? used - wanted : 0;
	return used >= all / 100 * policy->start ? NULL : "the file system has room";
}

/* @scope: NULL if it is not known, or if the policy does not rest. */
static const char *policy_skips(struct policies *p, const struct offload_policy *policy,
				const char *scope, u64 *bytes)
{
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	if (p->scheduled && !offload_policy_is_open(policy, (u32)(tm.tm_hour * 60 + tm.tm_min)))
		return "not scheduled at this time of day";
	if (access(policy->path, F_OK))
		return "there is no such directory";
	if (scope && offload_policy_rests(policy, scope, (u64)now))
		return "it has looked at its files not long ago";
	return policy_has_room(p, policy, bytes);
}

static void policy_print_skipped(const struct policies *p, const struct offload_policy *policy,
				 const char *why)
{
	if (!p->ctl->json) {
		printf("%s: nothing to do: %s\n", policy->name, why);
		return;
	}
	json_open(stdout, NULL, '{');
	json_string(stdout, "policy", policy->name);
	json_string(stdout, "skipped", why);
	json_close(stdout, '}');
}

/* Requests for all files. */
static u64 policy_requests(const struct policies *p, const struct offload_policy *policy)
{
	u64 requests = 0, small = 0, small_bytes = 0, by_size;
	size_t i;

	for (i = 0; i < p->n_files; i++) {
		u64 size = p->files[i].size;

		if (policy->packing && size <= PACK_FILE_MAX) {
			small++;
			small_bytes += PACK_ROOM(size);
		} else {
			requests += OBJECT_REQUESTS * (1 + (size + CHUNK_BYTES - 1) / CHUNK_BYTES);
		}
	}
	small = (small + PACKER_MEMBERS - 1) / PACKER_MEMBERS;
	by_size = (small_bytes + PACK_SIZE - 1) / PACK_SIZE;
	return requests + (small > by_size ? small : by_size);
}

/* What it would cost at most: what the store has already is not sent again. */
static void policy_print_plan(const struct policies *p, const struct offload_policy *policy)
{
	u64 bytes = 0, blocks = 0, requests = policy_requests(p, policy);
	char text[OUT_VALUE_MAX], freed[OUT_VALUE_MAX];
	char *path;
	size_t i;

	if (p->ctl->json) {
		json_open(stdout, NULL, '{');
		json_string(stdout, "policy", policy->name);
		json_open(stdout, "files", '[');
	}
	for (i = 0; i < p->n_files; i++) {
		const struct candidate *f = &p->files[i];

		bytes += f->size;
		blocks += f->blocks;
		if (p->ctl->json) {
			json_string(stdout, NULL, f->path);
			continue;
		}
		path = text_printable(f->path);
		printf("%12llu %s\n", (unsigned long long)f->size, path);
		free(path);
	}
	if (p->ctl->json) {
		json_close(stdout, ']');
		json_number(stdout, "count", p->n_files);
		json_number(stdout, "bytes", bytes);
		json_number(stdout, "freed", blocks);
		json_number(stdout, "requests", requests);
		json_number(stdout, "tiny", p->tiny);
		json_close(stdout, '}');
		return;
	}
	printf("%s: %zu files, %s to send at most, in about %llu requests; frees %s\n",
	       policy->name, p->n_files, bytes_text((double)bytes, text),
	       (unsigned long long)requests, bytes_text((double)blocks, freed));
	if (p->tiny)
		printf("%s: %llu files of one block stay here: to offload them frees nothing\n",
		       policy->name, (unsigned long long)p->tiny);
}

static int policy_push(struct policies *p, const struct offload_policy *policy)
{
	char **paths = mem_new((p->n_files + 1) * sizeof(*paths));
	size_t i;
	int rc;

	for (i = 0; i < p->n_files; i++)
		paths[i] = p->files[i].path;
	if (!p->ctl->json)
		printf("%s: ", policy->name);
	rc = offload_push_files(p->ctl, paths, policy->store, policy->name);
	free(paths);
	return rc;
}

/*
 * Tell what prevents that blocks are freed at all. All files of a policy are on one file system.
 * Returns why the policy is skipped; NULL if nothing does.
 */
static const char *policy_obstacle(struct policies *p, const struct offload_policy *policy)
{
	struct offload_info info;
	const char *obstacle;
	char text[OFFLOAD_PROBLEM_SIZE];

	if (offload_info_get(p->ctl, p->files[0].path, &info))
		return NULL;
	obstacle = offload_obstacle_text(&info);
	if (!obstacle)
		return NULL;
	snprintf(text, sizeof(text), "share %s: %s", info.share, obstacle);
	offload_complain(p->ctl, false, policy->path, text);
	p->problems++;
	return "the files cannot be released";
}

static int policy_run_one(struct policies *p, const struct offload_policy *policy)
{
	u64 now = (u64)time(NULL), problems = p->problems;
	char text[HASH_HEX], *scope = NULL;
	bool looked = false;
	const char *why;
	int rc = CTL_OK;

	/* Before the look: what is mounted during it makes the next one soon. */
	if (p->paced && offload_policy_scope(p->all, p->n, policy, text))
		scope = text;
	why = policy_skips(p, policy, scope, &p->wanted);
	if (!why) {
		policy_walk(p, policy);
		/* Without any file, its disk may be away. */
		looked = p->seen && p->n_files < FILES_MAX;
		if (p->n_files)
			qsort(p->files, p->n_files, sizeof(*p->files), candidate_compare);
		why = p->n_files ? policy_obstacle(p, policy) : "no file is due";
	}
	if (why)
		policy_print_skipped(p, policy, why);
	else if (p->dry)
		policy_print_plan(p, policy);
	else
		rc = policy_push(p, policy);
	if (scope && looked && !rc && p->problems == problems && !offload_run_stopped(NULL))
		offload_policy_note(scope, now);
	policies_forget_files(p);
	return rc;
}

/*
 * Run all policies, or those that are named. After a signal no other one begins: whoever sent it
 * waits for the end, and a walk takes long.
 */
static int policies_run(struct policies *p, char **names)
{
	int rc = CTL_OK, one;
	size_t i;
	char **name;

	if (p->ctl->json)
		json_open(stdout, NULL, '[');
	for (i = 0; i < p->n && !offload_run_stopped(NULL); i++) {
		for (name = names; *name && strcmp(*name, p->all[i].name); name++)
			;
		if (*names && !*name)
			continue;
		one = policy_run_one(p, &p->all[i]);
		rc = rc ? rc : one;
	}
	if (p->ctl->json) {
		json_close(stdout, ']');
		json_end(stdout);
	}
	return p->problems && !rc ? CTL_REFUSED : rc;
}

static int policy_run(struct policies *p, char **words)
{
	struct why why;
	char **name;
	int lock = -1, rc;
	size_t i;

	for (; *words && !strncmp(*words, "--", 2); words++) {
		if (!strcmp(*words, "--json"))
			p->ctl->json = true;
		else if (!strcmp(*words, "--dry-run"))
			p->dry = true;
		else if (!strcmp(*words, "--scheduled"))
			p->scheduled = true;
		else
			return ctl_unknown(p->ctl, "option", *words, NULL);
	}
	rc = ctl_connect(p->ctl) ?: policies_get(p);
	if (rc)
		return rc;
	for (name = words; *name; name++) {
		for (i = 0; i < p->n && strcmp(p->all[i].name, *name); i++)
			;
		if (i == p->n)
			return ctl_usage(p->ctl, "there is no [policy %s] in ditto.conf",
					 *name);
	}
	if (!p->dry)
		lock = offload_lock_alone(OFFLOAD_ALONE_POLICIES, &why);
	if (!p->dry && lock < 0) {
		p->ctl->conn.why = why;
		return ctl_refused(p->ctl, NULL);
	}
	rc = policies_run(p, words);
	if (lock >= 0)
		close(lock);
	return rc;
}

bool offload_policies_scheduled(struct ctl *ctl, bool paced)
{
	struct policies p = { .ctl = ctl, .scheduled = true, .paced = paced };
	struct why why;
	int lock;

	if (ctl_connect(ctl) || policies_get(&p))
		return false;
	lock = offload_lock_alone(OFFLOAD_ALONE_POLICIES, &why);
	/* Then somebody has begun with it by hand. */
	if (lock < 0)
		offload_complain(ctl, false, "policies", why.text);
	else
		policies_run(&p, (char *[]){ NULL });
	if (lock >= 0)
		close(lock);
	free(p.all);
	/* Files that could not be offloaded now, because somebody uses them, were printed. */
	return !p.problems;
}

static const struct column policy_columns[] = {
	{ "POLICY", false }, { "ACCESSED", true }, { "CHANGED", true }, { "SIZE", true },
	{ "START", true }, { "STOP", true }, { "SCHEDULE", false }, { "PATTERNS", false },
	{ "STORE", false }, { "PATH", false }, { NULL, false }
};

static void policy_schedule_text(const struct offload_policy *policy, char text[16])
{
	if (policy->from == policy->to)
		snprintf(text, 16, "always");
	else
		snprintf(text, 16, "%02u:%02u-%02u:%02u", policy->from / 60 % 100,
			 policy->from % 60, policy->to / 60 % 100, policy->to % 60);
}

static void policy_row(struct table *t, const struct offload_policy *policy)
{
	char text[OUT_VALUE_MAX], schedule[16];

	policy_schedule_text(policy, schedule);
	table_cell(t, "%s", policy->name);
	table_cell(t, "%s", policy->accessed ? duration_text(policy->accessed * 1000, text) : "-");
	table_cell(t, "%s", policy->changed ? duration_text(policy->changed * 1000, text) : "-");
	table_cell(t, ">= %s", bytes_text((double)policy->min_size, text));
	table_cell(t, policy->start ? "%u%%" : "-", policy->start);
	table_cell(t, policy->stop ? "%u%%" : "-", policy->stop);
	table_cell(t, "%s", schedule);
	table_cell(t, "%s%s%s", policy->include[0] ? policy->include : "*",
		   policy->exclude[0] ? " without " : "", policy->exclude);
	table_cell(t, "%s", policy->store[0] ? policy->store : "-");
	table_cell(t, "%s", policy->path);
}

static void policy_json(const struct offload_policy *policy)
{
	char schedule[16];

	policy_schedule_text(policy, schedule);
	json_open(stdout, NULL, '{');
	json_string(stdout, "policy", policy->name);
	json_string(stdout, "path", policy->path);
	json_string(stdout, "store", policy->store);
	json_number(stdout, "accessed", policy->accessed);
	json_number(stdout, "changed", policy->changed);
	json_number(stdout, "min-size", policy->min_size);
	json_number(stdout, "max-size", policy->max_size);
	json_string(stdout, "include", policy->include);
	json_string(stdout, "exclude", policy->exclude);
	json_number(stdout, "start", policy->start);
	json_number(stdout, "stop", policy->stop);
	json_string(stdout, "schedule", schedule);
	json_close(stdout, '}');
}

static int policy_list(struct policies *p, char **words)
{
	struct table *t;
	size_t i;
	int rc;

	if (*words && !strcmp(*words, "--json")) {
		p->ctl->json = true;
		words++;
	}
	rc = ctl_no_more(p->ctl, words) ?: policies_get(p);
	if (rc)
		return rc;
	t = list_begin(p->ctl->json, policy_columns);
	for (i = 0; i < p->n; i++) {
		if (p->ctl->json)
			policy_json(&p->all[i]);
		else
			policy_row(t, &p->all[i]);
	}
	list_end(t);
	return CTL_OK;
}

int offload_policy(struct ctl *ctl, char **words)
{
	struct policies p = { .ctl = ctl };
	int rc;

	if (*words && !strcmp(*words, "list"))
		rc = policy_list(&p, words + 1);
	else if (*words && !strcmp(*words, "run"))
		rc = policy_run(&p, words + 1);
	else if (*words && !strcmp(*words, "watch"))
		rc = offload_policy_watch(ctl, words + 1);
	else
		rc = ctl_usage(ctl, "'list', 'run' or 'watch' is needed");
	free(p.all);
	return rc;
}
