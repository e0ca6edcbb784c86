/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of the server in Prometheus' text format, version 0.0.4. */
#ifndef _DITTO_EXPORTER_METRICS_H
#define _DITTO_EXPORTER_METRICS_H

#include <stdio.h>

struct conn;
struct counts;
struct nlattr;
struct status;

/* Write all that a caller without privileges may know; ditto_up is 0 if the kernel is silent. */
void metrics_write(struct conn *conn, FILE *out);

/* Parts of it: counters, the server and the grace, by their attributes, and what dittod says. */
void metrics_counts(const struct counts *c, FILE *out);
void metrics_server(struct nlattr **server, FILE *out);
void metrics_grace(struct nlattr **grace, FILE *out);
void metrics_daemon(const struct status *s, FILE *out);

#endif
