/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Named pipes of IPC$: a write is sent to the helper as a message, and the helper's reply waits to
 * be read.
 */
#ifndef _DITTO_SMB_FILE_PIPE_H
#define _DITTO_SMB_FILE_PIPE_H

#include <linux/types.h>

#include "../wire/cursor.h"

struct dsmb_call;
struct dsmb_open;
struct dsmb_path;
struct dsmb_pipe;

/**
 * dsmb_pipe_create - open a named pipe
 * @call: the CREATE, on the tree connect of IPC$
 * @path: name of the pipe, with or without the prefix "PIPE/"
 * @open: its @pipe is set
 *
 * Return: a status; STATUS_OBJECT_NAME_NOT_FOUND for an unknown pipe; DSMB_PARKED until the helper
 *	has replied: the handler returns it, and is run again.
 */
u32 dsmb_pipe_create(struct dsmb_call *call, const struct dsmb_path *path,
		     struct dsmb_open *open);

/**
 * dsmb_pipe_wait - check whether a named pipe exists
 * @call: FSCTL_PIPE_WAIT
 * @name: name of the pipe in UTF-16
 *
 * Return: a status, or DSMB_PARKED as for dsmb_pipe_create().
 */
u32 dsmb_pipe_wait(struct dsmb_call *call, struct dsmb_cursor name);

/**
 * dsmb_pipe_free - close a named pipe when its open is freed
 * @pipe: the pipe, or NULL; no call uses it any more
 *
 * The helper is notified.
 */
void dsmb_pipe_free(struct dsmb_pipe *pipe);

/**
 * dsmb_pipe_done - release the pipe for the next call
 * @call: the call
 *
 * Must be called unless a function here returned DSMB_PARKED, and by the release function of the
 * command. It does nothing if the call does not have the pipe.
 */
void dsmb_pipe_done(struct dsmb_call *call);

/* The release function of a command that may use a pipe: dsmb_pipe_done(). @args are unused. */
void dsmb_pipe_release(struct dsmb_call *call, void *args);

/* The functions below are only for opens with a pipe. */

/**
 * dsmb_pipe_write - write a message to a pipe
 * @call: the call; it has the pipe until dsmb_pipe_done()
 * @open: open with a pipe
 * @data: the message; must stay until the helper has replied
 * @len: bytes of @data
 *
 * The reply of the helper waits to be read.
 *
 * Return: a status, or DSMB_PARKED until the pipe is free and the helper has replied.
 */
u32 dsmb_pipe_write(struct dsmb_call *call, struct dsmb_open *open, const void *data, u32 len);

/**
 * dsmb_pipe_read - read the helper's reply from a pipe
 * @call: the call; it has the pipe until dsmb_pipe_done()
 * @open: open with a pipe
 * @max: bytes of @data
 * @data: filled
 * @len: set to the bytes read, also with STATUS_BUFFER_OVERFLOW
 *
 * A READ waits for a reply if there is none. STATUS_PIPE_EMPTY is returned to a call that wrote the
 * message whose reply it reads, and to a call that other requests of its compound would wait for.
 *
 * Return: STATUS_SUCCESS; STATUS_BUFFER_OVERFLOW if more of the message is left; STATUS_PIPE_EMPTY;
 *	STATUS_PIPE_DISCONNECTED if there will be no reply; STATUS_PIPE_BROKEN if the open ends;
 *	DSMB_PARKED until the pipe is free or has a reply.
 */
u32 dsmb_pipe_read(struct dsmb_call *call, struct dsmb_open *open, u32 max, void *data,
		   u32 *len);

/**
 * dsmb_pipe_left - get the number of bytes that wait to be read
 * @open: open with a pipe
 *
 * Return: bytes of the message that is read next.
 */
u32 dsmb_pipe_left(struct dsmb_open *open);

#endif
