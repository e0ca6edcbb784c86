/* SPDX-License-Identifier: GPL-2.0-only */
/* Surveys: what the records of files and the buckets say, for the index. */
#ifndef _DITTO_CTL_OFFLOAD_SURVEY_H
#define _DITTO_CTL_OFFLOAD_SURVEY_H

#include "index/index.h"
#include "filesystem.h"

struct ctl;
struct offload_list;

/**
 * struct offload_survey - a survey
 * @ctl: this run of the tool
 * @index: the index
 * @orders: orders about objects
 * @looked: files that were looked at
 * @problems: things that could not be read; each was printed
 * @absent: problems that are file systems which are not mounted
 * @lost: files whose record is gone; each was printed, and their objects stay
 * @emptied: the same for files that somebody seems to have emptied
 * @registered: file systems that the stores name
 * @unlisted: the objects of a bucket could not be listed
 * @rebuilds: file systems that no store names are no problem
 * @bar: progress is shown
 */
struct offload_survey {
	struct ctl *ctl;
	struct index *index;
	struct offload_orders *orders;
	u64 looked;
	u64 problems;
	u64 absent;
	u64 lost;
	u64 emptied;
	struct registrations registered;
	bool unlisted;
	bool rebuilds;

	/* The rest is private. */
	bool bar;
	u64 shown;
	u64 found;
	struct offload_list *list;
	struct index_object *objects;
	size_t n_objects;
	struct mount_table mounts;
};

/* Open the index, and connect. Returns false after a message. */
bool offload_survey_open(struct offload_survey *s, struct ctl *ctl, bool fresh);
/*
 * Look at all records, the manifests that they name, and, if @objects, the objects of all buckets.
 * Returns false if something is unknown: then it must not be taken for garbage.
 */
bool offload_survey_run(struct offload_survey *s, bool objects);
/* Commit the changes of the index. Returns false after a message. */
bool offload_survey_commit(struct offload_survey *s);
void offload_survey_close(struct offload_survey *s);
/* Write the file systems with records to their disks. Returns false after a message. */
bool offload_survey_sync(struct offload_survey *s);
/* Print a problem, and count it. */
void offload_survey_problem(struct offload_survey *s, const char *subject, const char *format, ...)
	__printf(3, 4);
/* Show progress: a short text. */
void offload_survey_show(struct offload_survey *s, const char *what, u64 n);
/*
 * Make the index anew, and print nothing but problems. *@absent: file systems that are not mounted,
 * which were printed, and are none of the reasons to return false.
 */
bool offload_rebuild_index(struct ctl *ctl, u64 *absent);
/* Read the record of a file. Returns false and sets @error to an errno, such as ENODATA. */
bool offload_record_read(const char *path, struct offload_record *r, int *error);

#endif
