/* SPDX-License-Identifier: GPL-2.0-only */
/* dittod --tls-agent: the TLS agent alone, as an NFS client needs it. */
#ifndef _DITTOD_AGENT_H
#define _DITTOD_AGENT_H

struct config;

/**
 * agent_run - be the TLS agent of this network namespace until a signal ends it
 * @load: reads the configuration; returns NULL after it has logged its errors
 * @arg: argument of @load
 *
 * Return: the exit status of the process.
 */
int agent_run(struct config *(*load)(const void *arg), const void *arg);

#endif
