// SPDX-License-Identifier: GPL-2.0-only
/* Walk over files, progress and totals of the commands about offloaded data. */

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "clock.h"
#include "ctl/ctl.h"
#include "ctl/stream_dir.h"
#include "mem.h"
#include "object/record.h"
#include "offload.h"
#include "ctl/out.h"
#include "text.h"

/* Milliseconds between two refreshes of the bar. */
#define BAR_PAUSE	200
#define BAR_WIDTH	24

/**
 * struct offload_run - a walk
 * @ctl: this run of the tool
 * @roots: absolute paths, ends with NULL
 * @fts: the walk, or NULL
 * @list: the files, if there is no walk
 * @next: number of the next one of @list
 * @st: attributes of the last one
 * @leaves_tiny: tiny files below directories are left out
 * @fails_for_bins: a bin with files that need their store is a failure
 * @policy: name of the policy that chose them, "" for none; NULL if there is no list of runs
 * @totals: sums
 * @all: files of the walk, if they were counted
 * @all_bytes: bytes of these files
 * @bar: a bar is shown
 * @shown: when the bar was last shown, in ms
 * @start: begin, in ms
 */
struct offload_run {
	struct ctl *ctl;
	char **roots;
	FTS *fts;
	char **list;
	size_t next;
	struct stat st;
	bool leaves_tiny;
	bool fails_for_bins;
	const char *policy;
	struct offload_totals totals;
	u64 all;
	u64 all_bytes;
	bool bar;
	u64 shown;
	u64 start;
};

static atomic_int run_stopped;

static void run_on_signal(int sig)
{
	(void)sig;
	run_stopped = 1;
}

bool offload_run_stopped(const struct offload_run *r)
{
	(void)r;
	return run_stopped;
}

struct offload_totals *offload_run_totals(struct offload_run *r)
{
	return &r->totals;
}

static FTS *run_walk(struct offload_run *r)
{
	FTS *fts = fts_open(r->roots, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);

	if (!fts)
		mem_out();
	return fts;
}

/* What is in there cannot be moved, and is brought back when it is restored and used. */
static bool run_pass_bin(FTS *fts, FTSENT *e)
{
	if (e->fts_info != FTS_D || !bin_dir_is(e->fts_path, e->fts_path))
		return false;
	fts_set(fts, e, FTS_SKIP);
	return true;
}

/* Whoever recalls all may want to delete the bucket then. */
static void run_look_at_bin(struct offload_run *r, const char *bin)
{
	unsigned long long files = 0;
	DIR *list = opendir(bin);
	struct dirent *e;
	char *path;

	if (!list) {
		if (errno != ENOENT)
			offload_run_fail(r, bin, "%s", strerror(errno));
		return;
	}
	while (errno = 0, (e = readdir(list))) {
		path = mem_print("%s/%s", bin, e->d_name);
		if (lgetxattr(path, OFFLOAD_RECORD_XATTR, NULL, 0) >= 0 ||
		    lgetxattr(path, OFFLOAD_STORED_XATTR, NULL, 0) >= 0)
			files++;
		else if (errno != ENODATA && errno != EOPNOTSUPP && errno != ENOENT)
			offload_run_fail(r, path, "%s", strerror(errno));
		free(path);
	}
	if (errno)
		offload_run_fail(r, bin, "%s", strerror(errno));
	closedir(list);
	if (files)
		offload_run_fail(r, bin,
				 "%llu offloaded files are in the bin: restore or empty them (dittoctl trash), then recall again",
				 files);
}

static void run_count(struct offload_run *r)
{
	FTSENT *e;

	r->fts = run_walk(r);
	while (!run_stopped && (e = fts_read(r->fts))) {
		run_pass_bin(r->fts, e);
		if (e->fts_info != FTS_F || !S_ISREG(e->fts_statp->st_mode))
			continue;
		r->all++;
		r->all_bytes += (u64)e->fts_statp->st_size;
	}
	fts_close(r->fts);
	r->fts = NULL;
}

static void run_free(struct offload_run *r)
{
	char **root;

	if (r->fts)
		fts_close(r->fts);
	for (root = r->roots; root && *root; root++)
		free(*root);
	free(r->roots);
	free(r);
}

static void run_begin(struct offload_run *r)
{
	const struct sigaction on_signal = { .sa_handler = run_on_signal };

	sigaction(SIGINT, &on_signal, NULL);
	sigaction(SIGTERM, &on_signal, NULL);
	r->bar = isatty(STDERR_FILENO);
	r->start = clock_ms();
	if (!r->ctl->json)
		return;
	json_open(stdout, NULL, '{');
	if (r->policy && *r->policy)
		json_string(stdout, "policy", r->policy);
	json_open(stdout, "files", '[');
}

struct offload_run *offload_run_new(struct ctl *ctl, char **words)
{
	struct offload_run *r = mem_new(sizeof(*r));
	unsigned int n = 0;

	while (words[n])
		n++;
	r->ctl = ctl;
	r->roots = mem_new((n + 1) * sizeof(*r->roots));
	for (n = 0; words[n]; n++) {
		r->roots[n] = realpath(words[n], NULL);
		if (r->roots[n])
			continue;
		ctl_usage(ctl, "%s: %s", words[n], strerror(errno));
		run_free(r);
		return NULL;
	}
	run_begin(r);
	if (r->bar) {
		fputs("counting...", stderr);
		run_count(r);
	}
	r->fts = run_walk(r);
	return r;
}

struct offload_run *offload_run_list(struct ctl *ctl, char **paths, const char *policy)
{
	struct offload_run *r = mem_new(sizeof(*r));

	r->ctl = ctl;
	r->list = paths;
	r->policy = policy;
	for (; paths[r->all]; r->all++)
		if (!lstat(paths[r->all], &r->st))
			r->all_bytes += (u64)r->st.st_size;
	run_begin(r);
	return r;
}

void offload_run_leave_tiny(struct offload_run *r)
{
	r->leaves_tiny = true;
}

void offload_run_fail_for_bins(struct offload_run *r)
{
	r->fails_for_bins = true;
}

static const char *run_next_listed(struct offload_run *r, const struct stat **st)
{
	while (!run_stopped && r->list[r->next]) {
		*st = &r->st;
		/* It may be gone since it was chosen. */
		if (!lstat(r->list[r->next++], &r->st) && S_ISREG(r->st.st_mode))
			return r->list[r->next - 1];
	}
	return NULL;
}

const char *offload_run_next(struct offload_run *r, const struct stat **st)
{
	FTSENT *e;

	if (r->list)
		return run_next_listed(r, st);
	while (!run_stopped && (e = fts_read(r->fts))) {
		if (run_pass_bin(r->fts, e) && r->fails_for_bins)
			run_look_at_bin(r, e->fts_path);
		if (offload_walk_failed(e))
			offload_run_fail(r, e->fts_path, "%s", strerror(e->fts_errno));
		if (e->fts_info != FTS_F || !S_ISREG(e->fts_statp->st_mode))
			continue;
		if (r->leaves_tiny && e->fts_level > FTS_ROOTLEVEL &&
		    offload_is_tiny(e->fts_path, e->fts_statp)) {
			r->totals.tiny++;
			continue;
		}
		*st = e->fts_statp;
		return e->fts_path;
	}
	return NULL;
}

void offload_run_show(struct offload_run *r, u64 bytes)
{
	char done_text[OUT_VALUE_MAX], all_text[OUT_VALUE_MAX], rate_text[OUT_VALUE_MAX];
	char left_text[OUT_VALUE_MAX], bar[BAR_WIDTH + 1];
	u64 done = r->totals.bytes + bytes, now = clock_ms(), ms = now - r->start + 1;
	u64 files = r->totals.files + r->totals.skipped + r->totals.failed;
	double part = r->all_bytes ? (double)done / (double)r->all_bytes : 0;
	int i;

	if (!r->bar || now < r->shown + BAR_PAUSE)
		return;
	r->shown = now;
	if (part > 1)
		part = 1;
	for (i = 0; i < BAR_WIDTH; i++)
		bar[i] = i < (int)(part * BAR_WIDTH) ? '#' : '.';
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "\r\033[K[%s] %llu/%llu files, %s of %s, %s/s, %s left", bar,
		(unsigned long long)files, (unsigned long long)r->all,
		bytes_text((double)done, done_text), bytes_text((double)r->all_bytes, all_text),
		bytes_text((double)done * 1000 / (double)ms, rate_text),
		part > 0 ? duration_text((u64)((double)ms * (1 - part) / part), left_text) : "?");
}

void offload_run_fail(struct offload_run *r, const char *path, const char *format, ...)
{
	char text[OFFLOAD_PROBLEM_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	r->totals.failed++;
	text_make_printable(text);
	offload_complain(r->ctl, r->bar, path, text);
	if (!r->ctl->json)
		return;
	json_open(stdout, NULL, '{');
	json_string(stdout, "path", path);
	json_string(stdout, "result", "failed");
	json_string(stdout, "error", text);
	json_close(stdout, '}');
}

void offload_run_done(struct offload_run *r, const char *path, u64 size, bool skipped)
{
	if (skipped)
		r->totals.skipped++;
	else
		r->totals.files++;
	r->totals.bytes += size;
	if (!r->ctl->json)
		return;
	json_open(stdout, NULL, '{');
	json_string(stdout, "path", path);
	json_string(stdout, "result", skipped ? "skipped" : "done");
	json_number(stdout, "size", size);
	json_close(stdout, '}');
}

static void run_print(const struct offload_run *r, const char *what)
{
	const struct offload_totals *t = &r->totals;
	char bytes[OUT_VALUE_MAX], sent[OUT_VALUE_MAX], known[OUT_VALUE_MAX];
	char time[OUT_VALUE_MAX];

	printf("%llu files %s in %s, %s; %llu had nothing to do, %llu failed\n",
	       (unsigned long long)t->files, what, duration_text(clock_ms() - r->start, time),
	       bytes_text((double)t->bytes, bytes), (unsigned long long)t->skipped,
	       (unsigned long long)t->failed);
	if (t->tiny)
		printf("%llu were left out: to offload a file of one block frees nothing\n",
		       (unsigned long long)t->tiny);
	if (t->requests)
		printf("%s sent in %llu requests, %s were in the store already\n",
		       bytes_text((double)t->uploaded, sent), (unsigned long long)t->requests,
		       bytes_text((double)t->deduplicated, known));
	if (run_stopped)
		puts("Interrupted. The same command goes on: what is done is skipped.");
}

static void run_print_json(const struct offload_run *r)
{
	const struct offload_totals *t = &r->totals;

	json_close(stdout, ']');
	json_number(stdout, "done", t->files);
	json_number(stdout, "bytes", t->bytes);
	json_number(stdout, "skipped", t->skipped);
	json_number(stdout, "tiny", t->tiny);
	json_number(stdout, "failed", t->failed);
	json_number(stdout, "uploaded", t->uploaded);
	json_number(stdout, "deduplicated", t->deduplicated);
	json_number(stdout, "requests", t->requests);
	json_number(stdout, "milliseconds", clock_ms() - r->start);
	json_bool(stdout, "interrupted", run_stopped);
	json_close(stdout, '}');
	/* Runs of policies are entries of a list. */
	if (!r->policy)
		json_end(stdout);
}

int offload_run_end(struct offload_run *r, const char *what)
{
	bool good = !r->totals.failed && !run_stopped;

	offload_clear_bar(r->bar);
	if (r->ctl->json)
		run_print_json(r);
	else
		run_print(r, what);
	run_free(r);
	return good ? CTL_OK : CTL_REFUSED;
}
