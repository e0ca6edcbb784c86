// SPDX-License-Identifier: GPL-2.0-only
/*
 * Repair of objects. The content of files that came back, and have not changed since, is here as
 * well as in the store; the kernel says which these are. Such a file is uploaded again, and gives
 * the same objects, as content gives them their names. What the store process has found damaged it
 * sends, whatever the store says that it has. Packs are others each time: the files leave them.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "lock.h"
#include "orders.h"
#include "repair.h"

/**
 * struct repair - the repair of an object
 * @s: the survey that found it
 * @o: the object
 * @paths: files that need it
 * @n: number of them
 * @away: entries of snapshots that need it, whose files are not known
 */
struct repair {
	struct offload_survey *s;
	const struct index_object *o;
	char **paths;
	size_t n;
	size_t away;
};

static void repair_add(void *arg, const char *path)
{
	struct repair *r = arg;

	if (path[0] != '/') {
		r->away++;
		return;
	}
	r->paths = mem_grow(r->paths, r->n, sizeof(*r->paths));
	r->paths[r->n++] = mem_string(path);
}

/* Whether the content of a file is both here and in the store, as it was pushed. */
static bool repair_has_content(struct repair *r, const char *path, struct offload_info *info)
{
	return !offload_info_get(r->s->ctl, path, info) &&
	       info->state == DITTO_OFFLOAD_STATE_RESIDENT && info->cookie_len;
}

/* Upload the content of a file. Returns false if that gives other objects, or after a message. */
static bool repair_upload(struct repair *r, const char *path, const struct offload_info *info)
{
	struct offload_ctl_request request = { .type = OFFLOAD_CTL_PUSH };
	int file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	union offload_ctl_answer a;
	struct why why;
	bool good;

	if (file < 0)
		return false;
	snprintf(request.store, sizeof(request.store), "%s", r->o->store);
	snprintf(request.share, sizeof(request.share), "%s", info->share);
	snprintf(request.path, sizeof(request.path), "%s", path);
	good = offload_call(&request, file, &a, NULL, &why);
	close(file);
	if (good)
		return a.type == OFFLOAD_CTL_DONE && a.push.cookie_len == info->cookie_len &&
		       !memcmp(a.push.cookie, info->cookie, info->cookie_len);
	offload_survey_problem(r->s, path, "%s", why.text);
	return false;
}

static void repair_read(void *arg, const struct offload_result *result)
{
	*(bool *)arg = !result->error && (!result->tag || result->tag == result->size);
}

/* Read the object again. */
static bool repair_is_good(const struct repair *r, u64 length)
{
	struct offload_orders *orders;
	char name[OBJECT_NAME_SIZE];
	bool good = false;

	object_name(r->o->kind, r->o->name, name);
	orders = offload_orders_new(repair_read, &good);
	offload_orders_add(orders, OFFLOAD_CTL_READ, r->o->store, name, length);
	offload_orders_free(orders);
	return good;
}

/* A file that does not count on its pack any more goes into another one when it is pushed next. */
static bool repair_leave_pack(struct repair *r, const char *path)
{
	struct nl_msg *msg = conn_message(&r->s->ctl->conn, DITTO_CMD_OFFLOAD_RECALL);
	int rc;

	msg_put_string(msg, DITTO_A_OFFLOAD_PATH, path);
	rc = conn_call(&r->s->ctl->conn, msg, NULL);
	/* Only this says that all of it was here. Otherwise some has to come from the pack. */
	return rc == -EALREADY;
}

/* All files of a pack have to be here, as nothing else has their content. */
static bool repair_pack(struct repair *r)
{
	struct offload_info info;
	bool good = !r->away;
	size_t i;

	for (i = 0; i < r->n; i++)
		good = repair_has_content(r, r->paths[i], &info) &&
		       repair_leave_pack(r, r->paths[i]) && good;
	return good && r->n;
}

static bool repair_object(struct repair *r, u64 length)
{
	struct offload_info info;
	size_t i;

	for (i = 0; i < r->n; i++) {
		if (!repair_has_content(r, r->paths[i], &info))
			continue;
		if (repair_upload(r, r->paths[i], &info) && repair_is_good(r, length))
			return true;
	}
	return false;
}

bool offload_repair(struct offload_survey *s, const struct index_object *o, u64 length)
{
	struct repair r = { .s = s, .o = o };
	bool good = false;
	int lock;

	index_files_of(s->index, o, repair_add, &r);
	while ((lock = offload_lock_upload()) == -EAGAIN)
		usleep(OFFLOAD_LOCK_PAUSE);
	if (lock >= 0)
		good = o->kind == ENVELOPE_PACK ? repair_pack(&r) : repair_object(&r, length);
	else
		offload_survey_problem(s, "lock", "%s", strerror(-lock));
	if (lock >= 0)
		close(lock);
	while (r.n)
		free(r.paths[--r.n]);
	free(r.paths);
	return good;
}
