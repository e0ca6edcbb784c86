/* SPDX-License-Identifier: GPL-2.0-only */
/* Common parts of the dittoctl commands about offloaded data. */
#ifndef _DITTO_CTL_OFFLOAD_H
#define _DITTO_CTL_OFFLOAD_H

#include <fts.h>
#include <sys/stat.h>

#include "common/offload_ctl.h"
#include "common/types.h"
#include "text.h"

struct ctl;

/* dittoctl offload check */
int offload_check(struct ctl *ctl, char **words);

/**
 * struct offload_info - where the data of a file is, see offload-get in the specification
 * @state: enum ditto_offload_state
 * @size: bytes of the file
 * @change: another number after each change
 * @file_id: inode number
 * @generation: of the inode
 * @resident: bytes of the content that are in the file
 * @obstacle: enum ditto_offload_obstacle
 * @share: name of the share
 * @store: name of the store, or ""
 * @cookie_len: bytes of @cookie; 0 if the content of a resident file is not stored
 * @cookie: names the content in the store
 */
struct offload_info {
	u32 state;
	u64 size;
	u64 change;
	u64 file_id;
	u32 generation;
	u64 resident;
	u32 obstacle;
	char share[OFFLOAD_CTL_SHARE_SIZE];
	char store[OFFLOAD_CTL_STORE_SIZE];
	u32 cookie_len;
	u8 cookie[OFFLOAD_CTL_COOKIE_MAX];
};

/* Ask the kernel. Returns 0 or a negative errno with the text in the connection. */
int offload_info_get(struct ctl *ctl, const char *path, struct offload_info *info);

/* Tell what prevents a release of all files of a share, and what to do; NULL if nothing does. */
const char *offload_obstacle_text(const struct offload_info *info);

/**
 * enum offload_bar - why the kernel refuses to release a file, which is not uploaded either
 * @OFFLOAD_FREE: it does not
 * @OFFLOAD_CAPABLE: it has capabilities (setcap)
 * @OFFLOAD_FIXED: it is immutable, or can only be appended to (chattr)
 * @OFFLOAD_BARS: number of these
 */
enum offload_bar {
	OFFLOAD_FREE,
	OFFLOAD_CAPABLE,
	OFFLOAD_FIXED,
	OFFLOAD_BARS,
};

enum offload_bar offload_bar(const char *path);
/* What such a file is, behind "it" or "a file that"; not for OFFLOAD_FREE. */
const char *offload_bar_text(enum offload_bar bar);

/* Whether a walk could not look at an entry. Entries that clients remove are no failure. */
bool offload_walk_failed(const FTSENT *e);
/*
 * Whether the content of a file, which is all here, has at most one block of its file system: its
 * record may take as much.
 */
bool offload_is_tiny(const char *path, const struct stat *st);
/* Whether a file does not exist any more. */
bool offload_is_gone(const char *path);

/* Bytes of a text about a problem, with the NUL. */
#define OFFLOAD_PROBLEM_SIZE	1200

/* Clear the line of the progress, if it is shown. */
void offload_clear_bar(bool shown);
/* Print a problem over the progress, with control characters replaced. */
void offload_complain(const struct ctl *ctl, bool bar, const char *subject, const char *text);

struct offload_run;

/**
 * struct offload_totals - sums over the files of one run
 * @files: files that were done
 * @bytes: bytes of these files
 * @skipped: files for which there was nothing to do
 * @tiny: files that were left out, see offload_is_tiny()
 * @failed: files that failed
 * @uploaded: bytes that were sent to stores, also in vain
 * @deduplicated: bytes that the stores had already, once for each file
 * @requests: requests to the stores
 */
struct offload_totals {
	u64 files;
	u64 bytes;
	u64 skipped;
	u64 tiny;
	u64 failed;
	u64 uploaded;
	u64 deduplicated;
	u64 requests;
};

/**
 * offload_run_new - walk over files and directories, with progress
 * @ctl: this run of the tool
 * @words: paths; ends with NULL
 *
 * Directories are walked with all below, but not other file systems that are mounted there; only
 * regular files count. On a terminal the files are counted first and a bar shows the progress.
 *
 * Return: NULL after a message if a path does not exist.
 */
struct offload_run *offload_run_new(struct ctl *ctl, char **words);
/* Leave out tiny files, unless they are named themselves. */
void offload_run_leave_tiny(struct offload_run *r);
/* Bins of shares are left out; one with offloaded files, or that cannot be read, is a failure. */
void offload_run_fail_for_bins(struct offload_run *r);
/*
 * Go over files that were chosen by a policy instead, or for another reason if it is "". @paths are
 * absolute, end with NULL, and stay the caller's. In JSON, the run is an entry of a list.
 */
struct offload_run *offload_run_list(struct ctl *ctl, char **paths, const char *policy);
/* The next regular file; its path is valid until the next call. NULL after the last one. */
const char *offload_run_next(struct offload_run *r, const struct stat **st);
/* The user wants to stop: no more files are begun. */
bool offload_run_stopped(const struct offload_run *r);
struct offload_totals *offload_run_totals(struct offload_run *r);
/* Show the progress, with @bytes of files that are not done yet. */
void offload_run_show(struct offload_run *r, u64 bytes);
/* A file failed: print it, and count it. */
void offload_run_fail(struct offload_run *r, const char *path, const char *format, ...)
	__printf(3, 4);
/* A file is done, or has nothing to do: for JSON, and the totals. */
void offload_run_done(struct offload_run *r, const char *path, u64 size, bool skipped);
/* Print the totals and free. @what: what was done, for people. Returns an exit status. */
int offload_run_end(struct offload_run *r, const char *what);

/* Commands; they return exit statuses. */
int offload_push(struct ctl *ctl, char **words);
int offload_recall(struct ctl *ctl, char **words);
int offload_rebuild(struct ctl *ctl, char **words);
int offload_gc(struct ctl *ctl, char **words);
int offload_undelete(struct ctl *ctl, char **words);
int offload_scrub(struct ctl *ctl, char **words);
int offload_repack(struct ctl *ctl, char **words);
int offload_rekey(struct ctl *ctl, char **words);
int offload_snapshot(struct ctl *ctl, char **words);
int offload_take(struct ctl *ctl, char **words);
int offload_adopt(struct ctl *ctl, char **words);
int offload_policy(struct ctl *ctl, char **words);
int offload_policy_watch(struct ctl *ctl, char **words);
/* Bring files back. @paths are absolute and end with NULL. Returns an exit status. */
int offload_recall_files(struct ctl *ctl, char **paths);
/*
 * Push files, which were chosen by @policy or for another reason if it is "", to a store, or to the
 * share's if it is "". @paths are absolute and end with NULL. Returns an exit status.
 */
int offload_push_files(struct ctl *ctl, char **paths, const char *store, const char *policy);

/**
 * offload_connect - send a request to dittod
 * @request: the request; version and type are filled in but for the type
 * @file: descriptor to pass along, or -1
 * @why: filled on error
 *
 * Return: the socket, from which answers are read; -1 on error.
 */
int offload_connect(struct offload_ctl_request *request, int file, struct why *why);
/* Send another request. Returns false if dittod has ended. */
bool offload_send(int fd, struct offload_ctl_request *request, int file);
/*
 * Receive one answer, which has the right length. @file is set to the descriptor that came along,
 * or -1; NULL if none is expected. Returns false if dittod has ended.
 */
bool offload_answer(int fd, union offload_ctl_answer *answer, int *file);
/*
 * Send a request, with @file or -1, and receive its last answer, as the two above. Returns false
 * and fills @why on errors.
 */
bool offload_call(struct offload_ctl_request *request, int file, union offload_ctl_answer *answer,
		  int *got, struct why *why);

#endif
