/* SPDX-License-Identifier: GPL-2.0-only */
/* dittod --tls-agent: the TLS agent alone, as an NFS client needs it. */
#ifndef _DITTOD_AGENT_H
#define _DITTOD_AGENT_H

struct config_file;

/**
 * agent_run - be the TLS agent of this network namespace until a signal ends it
 * @file: the configuration file
 *
 * Return: the exit status of the process.
 */
int agent_run(const struct config_file *file);

#endif
