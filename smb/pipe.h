/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Named pipes of IPC$: what is written goes to the helper as a message, and its
 * answer waits to be read.
 */
#ifndef _DITTO_SMB_PIPE_H
#define _DITTO_SMB_PIPE_H

#include <linux/types.h>

#include "cursor.h"

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
 * Context: sleeps for the helper. Return: a status; OBJECT_NAME_NOT_FOUND for an unknown pipe.
 */
u32 dsmb_pipe_create(struct dsmb_call *call, const struct dsmb_path *path,
		     struct dsmb_open *open);
/* Is there a pipe of this name (UTF-16)? A status. Context: sleeps for the helper. */
u32 dsmb_pipe_wait(struct dsmb_call *call, struct dsmb_cursor name);
/* NULL is allowed. Tells the helper; no call uses the pipe any more. */
void dsmb_pipe_free(struct dsmb_pipe *pipe);

/* These take open->lock, and are for opens with a pipe only. */

/* Write a message; the answer waits to be read. Context: sleeps for the helper. */
u32 dsmb_pipe_write(struct dsmb_call *call, struct dsmb_open *open, const void *data, u32 len);

/**
 * dsmb_pipe_read - read what was answered
 * @call: for nothing but its server
 * @open: with a pipe
 * @max: room at @data
 * @data: filled
 * @len: filled with the bytes read, also with BUFFER_OVERFLOW
 *
 * Return: SUCCESS; BUFFER_OVERFLOW if more of the answer is left; PIPE_EMPTY.
 */
u32 dsmb_pipe_read(struct dsmb_call *call, struct dsmb_open *open, u32 max, void *data,
		   u32 *len);
/* Bytes that wait to be read. */
u32 dsmb_pipe_left(struct dsmb_open *open);

#endif
