/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of the server in Prometheus' text format, version 0.0.4. */
#ifndef _DITTO_EXPORTER_METRICS_H
#define _DITTO_EXPORTER_METRICS_H

#include <stdio.h>

#include "common/types.h"

struct conn;
struct counts;
struct nlattr;
struct offload_progress;
struct offload_schedule;
struct replies;
struct status;
struct traffic_list;

/* Write all that a caller without privileges may know; ditto_up is 0 if the kernel is silent. */
void metrics_write(struct conn *conn, FILE *out);

/*
 * Parts of it: counters of operations and of shares, the server and the grace, by their attributes,
 * budgets, what dittod says, and how the jobs of the schedule went; with @error of
 * offload_progress_read(), which is -ENOENT from the machine's start to the first run, only what is
 * known without @p is written.
 */
void metrics_counts(const struct counts *c, FILE *out);
void metrics_shares(const struct traffic_list *shares, FILE *out);
void metrics_server(struct nlattr **server, FILE *out);
void metrics_grace(struct nlattr **grace, FILE *out);
void metrics_budgets(const struct replies *budgets, FILE *out);
void metrics_daemon(const struct status *s, FILE *out);
void metrics_jobs(const struct offload_schedule *s, const struct offload_progress *p, int error,
		  u64 now, FILE *out);

#endif
