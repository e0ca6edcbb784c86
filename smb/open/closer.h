/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Closers: the last reference to an open is dropped by a task.
 *
 * The end of an open may wait for the disk: it may remove the file, or free space of it. Callbacks
 * of the lock table, timers, sweeps and sessions that end have other files to look after, so they
 * leave the open to its closer. Closers take turns by file system.
 */
#ifndef _DITTO_SMB_OPEN_CLOSER_H
#define _DITTO_SMB_OPEN_CLOSER_H

#include <linux/types.h>

struct dsmb_closer;
struct dsmb_open;
struct dsmb_server;
struct dsmb_session;

/* Closers that run at the same time, of a server and of one file system. */
#define DSMB_CLOSERS_AT_ONCE	256
#define DSMB_CLOSERS_OF_FS	16

struct dsmb_closer *dsmb_closer_alloc(void);
void dsmb_closer_start(struct dsmb_closer *closer, struct dsmb_open *open, bool yields);
void dsmb_open_put_later(struct dsmb_open *open, struct dsmb_session *session);
void dsmb_closers_wait(struct dsmb_server *server, unsigned long timeout);

#endif
