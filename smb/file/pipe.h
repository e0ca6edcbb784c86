/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Named pipes of IPC$: what is written goes to the helper as a message, and its
 * answer waits to be read.
 */
#ifndef _DITTO_SMB_FILE_PIPE_H
#define _DITTO_SMB_FILE_PIPE_H

#include <linux/types.h>

#include "../transport/cursor.h"

struct dsmb_call;
struct dsmb_open;
struct dsmb_path;
struct dsmb_pipe;

/**
 * dsmb_pipe_create - CREATE on IPC$
 * @call: with session and pipe tree
 * @path: name of the pipe, with or without "PIPE/" before it
 * @open: its @pipe is filled
 *
 * Return: a status; OBJECT_NAME_NOT_FOUND for an unknown pipe; DSMB_PARKED until the helper
 * answered: the handler returns it, and is run again.
 */
u32 dsmb_pipe_create(struct dsmb_call *call, const struct dsmb_path *path,
		     struct dsmb_open *open);
/* Is there a pipe of this name (UTF-16)? A status, or DSMB_PARKED; the same. */
u32 dsmb_pipe_wait(struct dsmb_call *call, struct dsmb_cursor name);
/* NULL is allowed. Tells the helper; no call uses the pipe any more. */
void dsmb_pipe_free(struct dsmb_pipe *pipe);

/*
 * The call is through with the pipe: the next one has it. To be called when none of the
 * functions here returned DSMB_PARKED; else it is when the call ends.
 */
void dsmb_pipe_done(struct dsmb_call *call);

/* These are for opens with a pipe only. */

/*
 * Write a message; the answer waits to be read. A status, or DSMB_PARKED until the pipe is
 * free and the helper answered.
 */
u32 dsmb_pipe_write(struct dsmb_call *call, struct dsmb_open *open, const void *data, u32 len);

/**
 * dsmb_pipe_read - read what was answered
 * @call: it has the pipe until dsmb_pipe_done()
 * @open: with a pipe
 * @max: room at @data
 * @data: filled
 * @len: filled with the bytes read, also with BUFFER_OVERFLOW
 *
 * A READ waits for an answer if there is none. PIPE_EMPTY is for a call that wrote what it reads
 * the answer to, and for one that others of its message would wait for.
 *
 * Return: SUCCESS; BUFFER_OVERFLOW if more of the answer is left; PIPE_EMPTY;
 * PIPE_DISCONNECTED if there will be none; PIPE_BROKEN if the open ends; DSMB_PARKED
 * until the pipe is free or has an answer.
 */
u32 dsmb_pipe_read(struct dsmb_call *call, struct dsmb_open *open, u32 max, void *data,
		   u32 *len);
/* Bytes that wait to be read. */
u32 dsmb_pipe_left(struct dsmb_open *open);

#endif
