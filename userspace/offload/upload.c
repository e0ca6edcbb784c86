// SPDX-License-Identifier: GPL-2.0-only
/*
 * Uploads: ask whether the object is there, else make its envelope and put it there. The store
 * checks the hash of what it gets, and its answer is compared with the MD5 of what was sent.
 *
 * An object that a list of garbage names may be deleted, and a store whose copies lag behind may
 * say for a while that one is there which was. So nothing is asked about it: it is put there, and a
 * store that orders what was done by time keeps it. So is one that does not prove that its bytes
 * were uploaded, or that was read and found damaged: the file that is uploaded now may have the
 * only good copy. One in an archive would have to be restored before anybody could read it.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "upload.h"

static struct upload *upload_of(struct job *job)
{
	return (struct upload *)((char *)job - offsetof(struct upload, job));
}

static void upload_end(struct upload *u, int error, const struct why *why)
{
	free(u->sealed);
	u->sealed = NULL;
	u->error = error;
	if (error)
		u->why = *why;
	u->done(u);
}

static void upload_fail(struct upload *u, int error, const char *text)
{
	struct why why;

	why_not(&why, "%s", text);
	upload_end(u, error, &why);
}

static void upload_add_up(struct upload *u, const struct transfer *t)
{
	u->requests += t->requests;
	u->uploaded += t->sent;
}

static void upload_put_done(struct transfer *t)
{
	struct upload *u = t->arg;

	upload_add_up(u, t);
	if (t->outcome == OUTCOME_GOOD) {
		condemned_sent(u->engine->condemned, u->store, u->name);
		name_set_remove(&u->engine->damaged, u->name);
	}
	upload_end(u, t->outcome == OUTCOME_GOOD ? 0 : t->error, &t->why);
}

/* Runs in a thread. */
static void upload_seal(struct job *job)
{
	struct upload *u = upload_of(job);
	struct transfer *t = &u->transfer;

	u->sealed = malloc(ENVELOPE_MAX(u->len));
	u->sealed_len = 0;
	if (!u->sealed)
		return;
	u->sealed_len = envelope_seal(u->kind, store_key(u->store), u->store->compress, u->plain,
				      u->len, u->sealed);
	hash_sha256(u->sealed, u->sealed_len, t->sha256);
	t->has_md5 = hash_md5(u->sealed, u->sealed_len, t->md5);
}

static void upload_sealed(struct job *job)
{
	struct upload *u = upload_of(job);
	struct transfer *t = &u->transfer;

	job->run = NULL;
	if (u->error) {
		upload_fail(u, u->error, "cancelled");
		return;
	}
	if (!u->sealed_len) {
		upload_fail(u, ENOMEM, "cannot encrypt: out of memory");
		return;
	}
	t->method = TRANSFER_PUT;
	t->body = u->sealed;
	t->body_len = u->sealed_len;
	t->done = upload_put_done;
	transfer_start(u->engine->transfers, t);
}

/* Make the envelope in a thread. Returns false if there is no room for the job. */
static bool upload_submit(struct upload *u)
{
	u->job.run = upload_seal;
	u->job.done = upload_sealed;
	if (!pool_submit(u->engine->writers, &u->job))
		return true;
	u->job.run = NULL;
	return false;
}

/*
 * Only "it is there" is believed. Without the permission to list, stores answer 403 for objects
 * that do not exist, and answers to HEAD have no body that tells the cause of an error; answers to
 * PUT have one.
 */
static void upload_head_done(struct transfer *t)
{
	struct upload *u = t->arg;

	upload_add_up(u, t);
	/* It may be the envelope of the content by its length. */
	if (t->outcome == OUTCOME_GOOD && t->got > ENVELOPE_HEADER &&
	    t->got <= ENVELOPE_MAX(u->len) && t->proven && !t->archived && !u->doubted) {
		u->present = true;
		upload_end(u, 0, NULL);
		return;
	}
	if (t->outcome == OUTCOME_BUSY) {
		upload_end(u, t->error, &t->why);
		return;
	}
	if (!upload_submit(u))
		upload_fail(u, EAGAIN, "too many uploads");
}

static void upload_begin(struct upload *u)
{
	struct condemnations *condemned = u->engine->condemned;
	struct transfer *t = &u->transfer;

	/* No list names others. */
	if (u->kind <= ENVELOPE_PACK) {
		if (!condemned_rely(condemned, u->store, u->name, &u->wait))
			return;
		u->doubted |= condemned_doubts(condemned, u->store, u->name);
	}
	/* Without room for the job, the question takes until there is some. */
	if (u->doubted && upload_submit(u))
		return;
	transfer_start(u->engine->transfers, t);
}

static void upload_go(struct condemned_wait *w, int error, const char *why)
{
	struct upload *u = (struct upload *)((char *)w - offsetof(struct upload, wait));

	if (error)
		upload_fail(u, error, why);
	else
		upload_begin(u);
}

void upload_start(struct upload *u)
{
	struct transfer *t = &u->transfer;

	u->error = 0;
	u->present = false;
	u->uploaded = 0;
	u->requests = 0;
	u->sealed = NULL;
	u->job.run = NULL;
	u->doubted = name_set_has(&u->engine->damaged, u->name);
	u->wait = (struct condemned_wait){ .go = upload_go };
	memset(t, 0, sizeof(*t));
	t->store = u->store;
	t->method = TRANSFER_HEAD;
	t->urgency = TRANSFER_BACKGROUND;
	object_name(u->kind, u->name, t->object);
	t->done = upload_head_done;
	t->arg = u;
	upload_begin(u);
}

bool upload_cancel(struct upload *u)
{
	if (u->job.run) {
		u->error = ECANCELED;
		return false;
	}
	condemned_stop_waiting(&u->wait);
	transfer_cancel(u->engine->transfers, &u->transfer);
	free(u->sealed);
	u->sealed = NULL;
	return true;
}
