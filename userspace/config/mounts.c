// SPDX-License-Identifier: GPL-2.0-only
/* What is mounted below shares and over them; see mounts.h. */

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "daemon/kernel.h"
#include "daemon/log.h"
#include "mounts.h"
#include "share_path.h"
#include "pool.h"
#include "daemon/problems.h"
#include "text.h"

#define MOUNTS_TABLE	"/proc/self/mountinfo"
/* Milliseconds in which all file systems must answer. */
#define LOOK_TIME	5000

/**
 * struct mounts - the watch of the table of mounts
 * @job: tells the kernel
 * @pool: runs @job
 * @kernel: connection to the kernel
 * @telling: @job is queued or running
 * @again: the table has changed since @job was queued
 * @fd: the table
 * @found: filled by @job
 * @unsure: shares of which @job has not learned where their path leads
 * @failed: it has not learned this about any share
 * @covered: shares whose path leads elsewhere, as far as @told knows
 * @gone: shares that were removed while @job was queued or running
 * @lost: all shares were, so what @job finds is not true
 * @told: see mounts_new()
 * @arg: argument of @told
 */
struct mounts {
	struct job job;
	struct pool *pool;
	struct kernel *kernel;
	bool telling;
	bool again;
	int fd;
	struct problems found;
	struct problems unsure;
	bool failed;
	struct problems covered;
	struct problems gone;
	bool lost;
	void (*told)(void *arg, const struct problems *covered);
	void *arg;
};

static struct mounts *of_job(struct job *job)
{
	return (struct mounts *)((char *)job - offsetof(struct mounts, job));
}

/* Cut the mount point, which is the fifth field, out of a line. Returns NULL without one. */
static char *mounts_point(char *line)
{
	char *field = line, *end;
	int i;

	for (i = 0; i < 4 && field; i++) {
		field = strchr(field, ' ');
		if (field)
			field++;
	}
	end = field ? strchr(field, ' ') : NULL;
	if (!end)
		return NULL;
	*end = '\0';
	text_decode_octal(field);
	return field;
}

static bool is_below(const char *path, const char *root)
{
	size_t len = strlen(root);

	if (!strcmp(root, "/"))
		return path[0] == '/' && path[1];
	return !strncmp(path, root, len) && path[len] == '/';
}

/* The table has paths without symbolic links. */
static char **mounts_roots(const struct kernel_shares *shares)
{
	char **roots = calloc(shares->n + 1, sizeof(*roots));
	unsigned int i;

	for (i = 0; roots && i < shares->n; i++)
		if (shares->share[i]->nested && shares->share[i]->path)
			roots[i] = realpath(shares->share[i]->path, NULL);
	return roots;
}

static void mounts_tell_point(struct kernel *k, const struct kernel_shares *shares, char **roots,
			      const char *point)
{
	unsigned int i;
	int rc;

	for (i = 0; i < shares->n; i++) {
		if (!roots[i] || !is_below(point, roots[i]))
			continue;
		rc = kernel_nested_add(k, shares->share[i]->name, point);
		/* Unmounted since, the option was changed, or no file handles. */
		if (rc && rc != -ENOENT && rc != -EINVAL && rc != -EOPNOTSUPP && rc != -ENOTDIR)
			log_warning("share %s: %s is not part of it: %s", shares->share[i]->name,
				    point, kernel_why(k));
	}
}

static void mounts_tell_all(struct kernel *k, const struct kernel_shares *shares, char **roots)
{
	FILE *table = fopen(MOUNTS_TABLE, "re");
	char *line = NULL, *point;
	size_t size = 0;

	if (!table) {
		log_warning("%s: %s", MOUNTS_TABLE, strerror(errno));
		return;
	}
	while (getline(&line, &size, table) >= 0) {
		point = mounts_point(line);
		if (point)
			mounts_tell_point(k, shares, roots, point);
	}
	free(line);
	fclose(table);
}

static void mounts_tell_nested(struct kernel *k, const struct kernel_shares *shares)
{
	bool nested = false;
	unsigned int i;
	char **roots;

	for (i = 0; i < shares->n; i++)
		nested = nested || shares->share[i]->nested;
	roots = nested && !kernel_nested_check(k) ? mounts_roots(shares) : NULL;
	if (!roots)
		return;
	mounts_tell_all(k, shares, roots);
	for (i = 0; i < shares->n; i++)
		free(roots[i]);
	free(roots);
}

void mounts_tell(struct kernel *k)
{
	struct kernel_shares shares;

	if (kernel_shares_get(k, &shares))
		return;
	mounts_tell_nested(k, &shares);
	kernel_shares_free(&shares);
}

/*
 * Find the shares whose path does not lead to their root: a file system was mounted over it, or in
 * place of the first, which the share still serves. Paths are as this process sees them. Blocks
 * until the file systems have answered or timed out.
 */
static void mounts_find_covered(struct mounts *m, const struct kernel_shares *shares)
{
	u64 until = clock_ms() + LOOK_TIME;
	struct share_path_file file;
	char what[300];
	struct why why;
	unsigned int i;
	int rc;

	for (i = 0; i < shares->n; i++)
		if (shares->share[i]->inode && shares->share[i]->path)
			share_path_file_begin(shares->share[i]->path);
	for (i = 0; i < shares->n; i++) {
		const struct share *s = shares->share[i];

		if (!s->inode || !s->path)
			continue;
		snprintf(what, sizeof(what), "share %s", s->name);
		rc = share_path_file_wait(s->path, until, &file);
		/* A path that leads nowhere is not covered; another error proves nothing. */
		if (rc && rc != -ENOENT && rc != -ENOTDIR)
			problems_add(&m->unsure, what, "");
		if (rc || (file.device == s->device && file.inode == s->inode))
			continue;
		why_not(&why,
			"%s leads elsewhere by now: something was mounted over it or in its place, and clients still get the files of before; unmount that, or remove the share and add it again to serve what is there now",
			s->path);
		problems_add(&m->found, what, why.text);
	}
	share_path_file_end();
}

static void mounts_run(struct job *job)
{
	struct mounts *m = of_job(job);
	struct kernel_shares shares;

	m->failed = kernel_shares_get(m->kernel, &shares);
	if (m->failed)
		return;
	mounts_tell_nested(m->kernel, &shares);
	mounts_find_covered(m, &shares);
	kernel_shares_free(&shares);
}

/* What is known of a share stays until its path is seen to lead to it. */
static void mounts_keep_unsure(struct mounts *m)
{
	unsigned int i;

	for (i = 0; i < m->covered.n; i++)
		if (m->failed || problems_have(&m->unsure, m->covered.list[i].what, ""))
			problems_add(&m->found, m->covered.list[i].what, m->covered.list[i].why);
	problems_free(&m->unsure);
}

/* Compare with what was found before, and say what is new. */
static void mounts_report(struct mounts *m)
{
	bool changed;
	unsigned int i;

	mounts_keep_unsure(m);
	if (m->lost)
		problems_free(&m->found);
	m->lost = false;
	for (i = 0; i < m->gone.n; i++)
		problems_drop(&m->found, m->gone.list[i].what);
	problems_free(&m->gone);
	changed = m->found.n != m->covered.n;
	for (i = 0; i < m->found.n; i++) {
		if (problems_have(&m->covered, m->found.list[i].what, m->found.list[i].why))
			continue;
		changed = true;
		log_warning("%s: %s", m->found.list[i].what, m->found.list[i].why);
	}
	problems_free(&m->covered);
	m->covered = m->found;
	m->found = (struct problems){ 0 };
	if (changed)
		m->told(m->arg, &m->covered);
}

void mounts_drop_share(struct mounts *m, const char *name)
{
	unsigned int before = m->covered.n;
	char what[300];

	snprintf(what, sizeof(what), "share %s", name);
	/* @job may have seen it before. */
	if (m->telling)
		problems_add(&m->gone, what, "");
	problems_drop(&m->covered, what);
	if (m->covered.n != before)
		m->told(m->arg, &m->covered);
}

void mounts_drop_all(struct mounts *m)
{
	/* @job may have seen them before. */
	m->lost = m->telling;
	problems_free(&m->covered);
	m->told(m->arg, &m->covered);
}

static void mounts_done(struct job *job)
{
	struct mounts *m = of_job(job);

	m->telling = false;
	mounts_report(m);
	if (m->again)
		mounts_changed(m, true);
}

struct mounts *mounts_new(struct pool *pool, struct kernel *kernel,
			  void (*told)(void *arg, const struct problems *covered), void *arg)
{
	struct mounts *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->job.run = mounts_run;
	m->job.done = mounts_done;
	m->pool = pool;
	m->kernel = kernel;
	m->told = told;
	m->arg = arg;
	m->fd = open(MOUNTS_TABLE, O_RDONLY | O_CLOEXEC);
	if (m->fd >= 0)
		return m;
	free(m);
	return NULL;
}

int mounts_fd(const struct mounts *m)
{
	return m->fd;
}

void mounts_changed(struct mounts *m, bool up)
{
	m->again = up && m->telling;
	if (up && !m->telling)
		m->telling = !pool_submit(m->pool, &m->job);
}
