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

u32 dsmb_pipe_create(struct dsmb_call *call, const struct dsmb_path *path,
		     struct dsmb_open *open);
u32 dsmb_pipe_wait(struct dsmb_call *call, struct dsmb_cursor name);
void dsmb_pipe_free(struct dsmb_pipe *pipe);
void dsmb_pipe_done(struct dsmb_call *call);
void dsmb_pipe_release(struct dsmb_call *call, void *args);

/* The functions below are only for opens with a pipe. */

u32 dsmb_pipe_write(struct dsmb_call *call, struct dsmb_open *open, const void *data, u32 len);
u32 dsmb_pipe_read(struct dsmb_call *call, struct dsmb_open *open, u32 max, void *data,
		   u32 *len);
u32 dsmb_pipe_left(struct dsmb_open *open);

#endif
