// SPDX-License-Identifier: GPL-2.0-only
/* State that dittod reports to dittoctl. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/run_path.h"
#include "status.h"

#define STATUS_NAME	"helper"
/* Bytes of the longest line. */
#define LINE_SIZE	4096

/* Tabs and line ends separate the fields of the file, so they are replaced in texts. */
static void put_words(FILE *f, const char *text)
{
	for (; *text; text++)
		fputc((unsigned char)*text < ' ' ? ' ' : *text, f);
}

static void put_problem(FILE *f, const char *kind, const struct status_problem *p)
{
	fprintf(f, "%s ", kind);
	put_words(f, p->what);
	fputc('\t', f);
	put_words(f, p->why);
	fputc('\n', f);
}

int status_write(const struct status *s)
{
	char path[RUN_PATH_SIZE], new[RUN_PATH_SIZE];
	int rc = run_folder_make();
	unsigned int i;
	FILE *f;

	if (rc)
		return rc;
	f = fopen(run_path(new, STATUS_NAME, ".new"), "we");
	if (!f)
		return -errno;
	fprintf(f, "pid %d\nheard %llu\nrefused %llu\n", s->pid, (unsigned long long)s->heard,
		(unsigned long long)s->refused);
	fprintf(f, "started %llu\nstopped %d\nshares %u\n", (unsigned long long)s->started,
		s->stopped, s->shares);
	if (s->state_dir) {
		fputs("state ", f);
		put_words(f, s->state_dir);
		fputc('\n', f);
	}
	if (s->config) {
		fputs("config ", f);
		put_words(f, s->config);
		fputc('\n', f);
	}
	fprintf(f, "file %llu %llu %llu\n", (unsigned long long)s->file.inode,
		(unsigned long long)s->file.size, (unsigned long long)s->file.changed);
	for (i = 0; i < s->nfailures; i++)
		put_problem(f, "failure", &s->failure[i]);
	for (i = 0; i < s->nproblems; i++)
		put_problem(f, "problem", &s->problem[i]);
	for (i = 0; i < s->nremarks; i++)
		put_problem(f, "remark", &s->remark[i]);
	for (i = 0; i < s->nstores; i++)
		put_problem(f, "store", &s->store[i]);
	for (i = 0; i < s->nbuckets; i++)
		put_problem(f, "bucket", &s->bucket[i]);
	for (i = 0; i < s->nrefusals; i++)
		put_problem(f, "refusal", &s->refusal[i]);
	for (i = 0; i < s->nspaces; i++) {
		fprintf(f, "space %llu %llu ", (unsigned long long)s->space[i].size,
			(unsigned long long)s->space[i].free);
		put_words(f, s->space[i].share);
		fputc('\n', f);
	}
	fprintf(f, "schedule %llu", (unsigned long long)s->schedule.since);
	for (i = 0; i < OFFLOAD_JOBS; i++)
		fprintf(f, " %llu", (unsigned long long)s->schedule.period[i]);
	fputc('\n', f);
	if (fclose(f) || rename(new, run_path(path, STATUS_NAME, "")))
		return -errno;
	return 0;
}

void status_remove(void)
{
	char path[RUN_PATH_SIZE];

	unlink(run_path(path, STATUS_NAME, ""));
}

static void list_add(struct status_problem **list, unsigned int *n, const char *what,
		     const char *why)
{
	*list = mem_grow(*list, *n, sizeof(**list));
	(*list)[*n].what = mem_string(what);
	(*list)[(*n)++].why = mem_string(why);
}

void status_add_problem(struct status *s, const char *what, const char *why)
{
	list_add(&s->problem, &s->nproblems, what, why);
}

void status_add_remark(struct status *s, const char *what, const char *why)
{
	list_add(&s->remark, &s->nremarks, what, why);
}

static void add_failure(struct status *s, const char *what, const char *why)
{
	list_add(&s->failure, &s->nfailures, what, why);
	status_add_problem(s, what, why);
}

static void add_store_problem(struct status *s, const char *what, const char *why)
{
	char *subject = mem_print("store %s", what);

	if (why[0])
		status_add_problem(s, subject, why);
	free(subject);
}

static void add_store(struct status *s, const char *what, const char *why)
{
	list_add(&s->store, &s->nstores, what, why);
	add_store_problem(s, what, why);
}

static void add_bucket(struct status *s, const char *what, const char *why)
{
	list_add(&s->bucket, &s->nbuckets, what, why);
}

static void add_refusal(struct status *s, const char *what, const char *why)
{
	list_add(&s->refusal, &s->nrefusals, what, why);
	add_store_problem(s, what, why);
}

static void read_space(struct status *s, const char *value)
{
	unsigned long long size, free;
	int name = 0;

	if (sscanf(value, "%llu %llu %n", &size, &free, &name) < 2 || !name)
		return;
	s->space = mem_grow(s->space, s->nspaces, sizeof(*s->space));
	s->space[s->nspaces++] = (struct status_space){ mem_string(value + name), size, free };
}

static void read_file(struct file_stamp *file, char *value)
{
	file->inode = strtoull(value, &value, 10);
	file->size = strtoull(value, &value, 10);
	file->changed = strtoull(value, &value, 10);
}

static void read_schedule(struct offload_schedule *s, char *value)
{
	unsigned int i;

	s->since = strtoull(value, &value, 10);
	for (i = 0; i < OFFLOAD_JOBS; i++)
		s->period[i] = strtoull(value, &value, 10);
}

static void read_problem(struct status *s, char *line,
			 void (*add)(struct status *s, const char *what, const char *why))
{
	char *why = strchr(line, '\t');

	if (!why)
		return;
	*why++ = '\0';
	add(s, line, why);
}

static void read_line(struct status *s, char *line)
{
	char *value = strchr(line, ' ');

	line[strcspn(line, "\n")] = '\0';
	if (!value)
		return;
	*value++ = '\0';
	if (!strcmp(line, "pid"))
		s->pid = atoi(value);
	else if (!strcmp(line, "heard"))
		s->heard = strtoull(value, NULL, 10);
	else if (!strcmp(line, "refused"))
		s->refused = strtoull(value, NULL, 10);
	else if (!strcmp(line, "started"))
		s->started = strtoull(value, NULL, 10);
	else if (!strcmp(line, "stopped"))
		s->stopped = atoi(value);
	else if (!strcmp(line, "shares"))
		s->shares = (unsigned int)strtoul(value, NULL, 10);
	else if (!strcmp(line, "failure"))
		read_problem(s, value, add_failure);
	else if (!strcmp(line, "problem"))
		read_problem(s, value, status_add_problem);
	else if (!strcmp(line, "remark"))
		read_problem(s, value, status_add_remark);
	else if (!strcmp(line, "store"))
		read_problem(s, value, add_store);
	else if (!strcmp(line, "bucket"))
		read_problem(s, value, add_bucket);
	else if (!strcmp(line, "refusal"))
		read_problem(s, value, add_refusal);
	else if (!strcmp(line, "space"))
		read_space(s, value);
	else if (!strcmp(line, "file"))
		read_file(&s->file, value);
	else if (!strcmp(line, "schedule"))
		read_schedule(&s->schedule, value);
	else if (!strcmp(line, "state") && !s->state_dir)
		s->state_dir = mem_string(value);
	else if (!strcmp(line, "config") && !s->config)
		s->config = mem_string(value);
}

/* A killed dittod leaves its file, and another process may have got its pid. */
static bool is_dittod(pid_t pid)
{
	char path[RUN_PATH_SIZE], name[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (fgets(name, sizeof(name), f))
		name[strcspn(name, "\n")] = '\0';
	fclose(f);
	return !strcmp(name, "dittod");
}

bool status_read(struct status *s)
{
	char path[RUN_PATH_SIZE], line[LINE_SIZE];
	FILE *f = fopen(run_path(path, STATUS_NAME, ""), "re");

	memset(s, 0, sizeof(*s));
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f))
		read_line(s, line);
	fclose(f);
	if (s->pid > 0 && is_dittod(s->pid))
		return true;
	status_free(s);
	return false;
}

static void list_free(struct status_problem *list, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		free(list[i].what);
		free(list[i].why);
	}
	free(list);
}

void status_free(struct status *s)
{
	unsigned int i;

	list_free(s->failure, s->nfailures);
	list_free(s->problem, s->nproblems);
	list_free(s->remark, s->nremarks);
	list_free(s->store, s->nstores);
	list_free(s->bucket, s->nbuckets);
	list_free(s->refusal, s->nrefusals);
	for (i = 0; i < s->nspaces; i++)
		free(s->space[i].share);
	free(s->space);
	free(s->state_dir);
	free(s->config);
	memset(s, 0, sizeof(*s));
}
