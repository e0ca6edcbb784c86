// SPDX-License-Identifier: GPL-2.0-only
/*
 * Named pipes of IPC$, served by the helper: MS-SMB2 sections 3.3.5.12, 3.3.5.13
 * and 3.3.5.15.3.
 *
 * Locking: open->lock guards the answer that waits, and makes one message follow
 * the other.
 */

#include <linux/ctype.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../net/auth.h"
#include "call.h"
#include "conn.h"
#include "name.h"
#include "open.h"
#include "pipe.h"
#include "server.h"
#include "session.h"

/* Longest name of a pipe that is asked for. */
#define DSMB_PIPE_NAME_MAX	32

/**
 * struct dsmb_pipe - an open pipe
 * @srv: whose helper serves it
 * @id: the helper's number for it
 * @out: what it answered last, or NULL
 * @out_len: bytes
 * @out_pos: of them, read
 */
struct dsmb_pipe {
	struct ditto_server *srv;
	u64 id;
	void *out;
	size_t out_len;
	size_t out_pos;
};

static u32 dsmb_pipe_status(int err)
{
	switch (err) {
	case 0:
		return DSMB_SUCCESS;
	case -ENOENT:
		return DSMB_PIPE_DISCONNECTED;
	case -EINVAL:
		return DSMB_INVALID_PARAMETER;
	case -ENOMEM:
		return DSMB_INSUFFICIENT_RESOURCES;
	case -ETIMEDOUT:
		return DSMB_IO_TIMEOUT;
	}
	return DSMB_PIPE_NOT_AVAILABLE;
}

/* Names of pipes are of any case; clients of old say "\PIPE\NAME". */
static bool dsmb_pipe_name(const struct dsmb_path *path, char *name)
{
	static const char prefix[] = "pipe/";
	const char *from = path->path;
	u32 len = path->len, i;

	if (len >= sizeof(prefix) && !strncasecmp(from, prefix, sizeof(prefix) - 1)) {
		from += sizeof(prefix) - 1;
		len -= sizeof(prefix) - 1;
	}
	if (!len || len >= DSMB_PIPE_NAME_MAX || path->stream)
		return false;
	for (i = 0; i < len; i++)
		name[i] = tolower(from[i]);
	name[len] = 0;
	return true;
}

u32 dsmb_pipe_create(struct dsmb_call *call, const struct dsmb_path *path,
		     struct dsmb_open *open)
{
	char name[DSMB_PIPE_NAME_MAX];
	struct dsmb_pipe *pipe;
	int err;

	if (!dsmb_pipe_name(path, name))
		return DSMB_OBJECT_NAME_NOT_FOUND;
	pipe = kzalloc(sizeof(*pipe), GFP_KERNEL);
	if (!pipe)
		return DSMB_INSUFFICIENT_RESOURCES;
	pipe->srv = call->conn->server->srv;
	err = ditto_pipe_open(pipe->srv, name, dsmb_session_acts(call->session), &pipe->id);
	if (err) {
		kfree(pipe);
		return err == -ENOENT ? DSMB_OBJECT_NAME_NOT_FOUND : dsmb_pipe_status(err);
	}
	open->pipe = pipe;
	return DSMB_SUCCESS;
}

u32 dsmb_pipe_wait(struct dsmb_call *call, struct dsmb_cursor name)
{
	struct dsmb_open open = { };
	struct dsmb_path path;
	u32 status;
	int err;

	err = dsmb_path_parse(&path, name);
	if (err)
		return dsmb_status(err);
	status = dsmb_pipe_create(call, &path, &open);
	dsmb_path_free(&path);
	dsmb_pipe_free(open.pipe);
	return status;
}

void dsmb_pipe_free(struct dsmb_pipe *pipe)
{
	if (!pipe)
		return;
	ditto_pipe_close(pipe->srv, pipe->id);
	kvfree(pipe->out);
	kfree(pipe);
}

u32 dsmb_pipe_write(struct dsmb_call *call, struct dsmb_open *open, const void *data, u32 len)
{
	struct dsmb_pipe *pipe = open->pipe;
	void *out = NULL;
	size_t out_len = 0;
	int err;

	if (len > DITTO_PIPE_MAX)
		return DSMB_INVALID_PARAMETER;
	mutex_lock(&open->lock);
	err = ditto_pipe_call(pipe->srv, pipe->id, data, len, &out, &out_len);
	if (!err && out) {
		/* Who writes again without having read does not want the answer before. */
		kvfree(pipe->out);
		pipe->out = out;
		pipe->out_len = out_len;
		pipe->out_pos = 0;
	}
	mutex_unlock(&open->lock);
	return dsmb_pipe_status(err);
}

u32 dsmb_pipe_read(struct dsmb_call *call, struct dsmb_open *open, u32 max, void *data,
		   u32 *len)
{
	struct dsmb_pipe *pipe = open->pipe;
	u32 status = DSMB_SUCCESS;

	mutex_lock(&open->lock);
	*len = min_t(size_t, max, pipe->out_len - pipe->out_pos);
	if (!pipe->out) {
		status = DSMB_PIPE_EMPTY;
	} else {
		memcpy(data, pipe->out + pipe->out_pos, *len);
		pipe->out_pos += *len;
		if (pipe->out_pos < pipe->out_len) {
			status = DSMB_BUFFER_OVERFLOW;
		} else {
			kvfree(pipe->out);
			pipe->out = NULL;
			pipe->out_len = 0;
			pipe->out_pos = 0;
		}
	}
	mutex_unlock(&open->lock);
	return status;
}

u32 dsmb_pipe_left(struct dsmb_open *open)
{
	struct dsmb_pipe *pipe = open->pipe;
	u32 left;

	mutex_lock(&open->lock);
	left = pipe->out_len - pipe->out_pos;
	mutex_unlock(&open->lock);
	return left;
}
