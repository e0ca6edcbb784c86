// SPDX-License-Identifier: GPL-2.0-only
/* Uploads of heads of snapshots, of registrations, and of lists of garbage. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "condemned.h"
#include "fault.h"
#include "object/filesystem.h"
#include "keep.h"
#include "mem.h"
#include "memfile.h"
#include "object/object_name.h"
#include "object/snapshot.h"
#include "upload.h"

/**
 * struct keep - an upload
 * @id: number of the request
 * @upload: the upload
 * @plain: the content
 */
struct keep {
	u64 id;
	struct upload upload;
	u8 *plain;
};

static void keep_free(struct keep *k)
{
	store_put(k->upload.store);
	free(k->plain);
	free(k);
}

/* Tell the name of the object. */
static void keep_tell(struct upload *u)
{
	struct keep *k = u->arg;
	struct out *out = &u->engine->out;
	const struct offload_msg msg = { .type = OFFLOAD_KEPT, .id = k->id, .size = u->len,
					 .requests = u->requests };
	char name[OBJECT_NAME_SIZE];
	int fd;

	object_name(u->kind, u->name, name);
	fd = memfile_new(name, strlen(name));
	if (fd < 0) {
		out_send_failed(out, k->id, -fd, "no memory for the name of the object");
	} else {
		out_send(out, &msg, fd);
		close(fd);
	}
	keep_free(k);
}

static void keep_done(struct upload *u)
{
	struct keep *k = u->arg;

	fault_point("snapshot-head-sent");
	if (!u->error) {
		keep_tell(u);
		return;
	}
	out_send_failed(&u->engine->out, k->id, u->error, u->why.text);
	keep_free(k);
}

/* Find out what it is. Returns false and fills @why unless it is valid. */
static bool keep_find_kind(struct keep *k, size_t len, struct why *why)
{
	struct snapshot_head head;
	struct garbage_list list;
	struct filesystem fs;

	k->upload.len = len;
	k->upload.kind = ENVELOPE_GARBAGE;
	if (garbage_decode(&list, k->plain, len, why)) {
		/* Also if it fails: it may be there all the same. */
		condemned_add(k->upload.engine->condemned, k->upload.store, &list);
		return true;
	}
	if (len > FILESYSTEM_MAX)
		return false;
	k->upload.kind = ENVELOPE_FILESYSTEM;
	if (filesystem_decode(&fs, k->plain, len, why))
		return true;
	k->upload.kind = ENVELOPE_SNAPSHOT;
	return snapshot_head_decode(&head, k->plain, len, why);
}

void keep_start(struct engine *engine, const struct offload_msg *msg, struct store *store, int fd)
{
	struct keep *k = mem_new(sizeof(*k));
	struct upload *u = &k->upload;
	struct why why;
	struct stat st;
	ssize_t len = -1;

	k->id = msg->id;
	u->engine = engine;
	u->store = store_get(store);
	if (fd >= 0 && !fstat(fd, &st) && st.st_size <= (off_t)GARBAGE_MAX) {
		k->plain = mem_new((size_t)st.st_size + 1);
		len = pread(fd, k->plain, (size_t)st.st_size, 0);
	}
	if (len < 0)
		why_not(&why, "what is to be uploaded cannot be read");
	if (len < 0 || !keep_find_kind(k, (size_t)len, &why)) {
		out_send_failed(&engine->out, msg->id, EINVAL, why.text);
		keep_free(k);
		return;
	}
	u->plain = k->plain;
	u->done = keep_done;
	u->arg = k;
	key_name(store_key(store), k->plain, u->len, u->name);
	if (msg->text_len == strlen(KEEP_NAME) && !memcmp(msg->text, KEEP_NAME, msg->text_len)) {
		keep_tell(u);
		return;
	}
	/* What has to stay is not put where objects are removed; a list of garbage may. */
	if (u->kind != ENVELOPE_GARBAGE && !store_keeps_objects(store, &why)) {
		out_send_failed(&engine->out, msg->id, EPERM, why.text);
		keep_free(k);
		return;
	}
	fault_point("snapshot-head");
	upload_start(u);
}
