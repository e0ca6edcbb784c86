// SPDX-License-Identifier: GPL-2.0-only
/* Compares the keys of the keytab with the KDC's, see keytab_check.h. */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "keytab.h"
#include "keytab_check.h"
#include "daemon/log.h"
#include "mem.h"
#include "pool.h"
#include "worker/worker.h"
#include "worker/worker_msg.h"

/* Milliseconds that the worker has, which may have to ask several KDCs that do not answer. */
#define CHECK_TIME	120000
/* Milliseconds until the next check: of good keys, and otherwise. */
#define CHECK_EVERY	3600000
#define CHECK_AGAIN	60000

/**
 * struct keytab_check - the checks
 * @job: does one
 * @pool: runs @job
 * @spawner: socket of the spawner
 * @path: path of the keytab; NULL if there can be none
 * @mark: the keytab that was checked last
 * @next: when the next check is due, by clock_ms()
 * @busy: @job is queued or running
 * @again: it must run once more
 * @tell: gets the results
 * @arg: argument of @tell
 * @rc: result that was reported: 0; -EKEYREJECTED if the keys are wrong; other errors if that is
 *	not known
 * @why: its reason
 * @found: result of @job
 * @found_why: its reason
 */
struct keytab_check {
	struct job job;
	struct pool *pool;
	int spawner;
	char *path;
	struct keytab_mark mark;
	u64 next;
	bool busy;
	bool again;
	void (*tell)(void *arg, bool wrong, const char *why);
	void *arg;
	int rc;
	struct why why;
	int found;
	struct why found_why;
};

static struct keytab_check *check_of(struct job *job)
{
	return (struct keytab_check *)((char *)job - offsetof(struct keytab_check, job));
}

/* Ask a worker of its own. Returns a negative errno if it cannot be asked or does not answer. */
static int check_ask(struct keytab_check *c, struct worker_msg *answer, u8 *packet)
{
	const struct worker_msg msg = { .type = WORKER_KEYTAB, .id = 1 };
	int copy = keytab_copy(c->path);
	int pair[2], rc;

	if (copy < 0)
		return copy;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		rc = -errno;
		close(copy);
		return rc;
	}
	rc = worker_spawner_program(c->spawner, WORKER_KEYTABS, pair[1]);
	close(pair[1]);
	if (!rc)
		rc = worker_msg_send(pair[0], &msg, copy);
	if (!rc)
		rc = worker_msg_receive(pair[0], answer, packet, NULL, clock_ms() + CHECK_TIME);
	if (!rc && answer->type != WORKER_PROVED)
		rc = -EBADMSG;
	close(pair[0]);
	close(copy);
	return rc;
}

static void check_run(struct job *job)
{
	struct keytab_check *c = check_of(job);
	u8 *packet = mem_new(WORKER_PACKET_MAX);
	struct worker_msg answer;
	int rc = check_ask(c, &answer, packet);

	c->found = rc ?: -(int)answer.error;
	if (rc)
		why_not(&c->found_why, "not compared with the KDC's keys: %s",
			rc == -ETIMEDOUT ? "it takes too long" :
			rc == -ECONNRESET ? "the keytab worker has ended" : strerror(-rc));
	else
		why_not(&c->found_why, "%s", answer.why);
	text_make_printable(c->found_why.text);
	free(packet);
}

static void check_tell(struct keytab_check *c, int rc, const char *why)
{
	if (rc == c->rc && (!rc || !strcmp(why, c->why.text)))
		return;
	if (rc == -EKEYREJECTED)
		log_error("keytab: %s", why);
	else if (rc)
		log_warning("keytab: %s", why);
	else
		log_notice("keytab: nothing is wrong any more");
	c->rc = rc;
	why_not(&c->why, "%s", why);
	c->tell(c->arg, rc == -EKEYREJECTED, rc ? c->why.text : NULL);
}

static void check_done(struct job *job)
{
	struct keytab_check *c = check_of(job);

	c->busy = false;
	c->next = clock_ms() + (c->found ? CHECK_AGAIN : CHECK_EVERY);
	check_tell(c, c->found, c->found_why.text);
	if (c->again)
		keytab_check_look(c, true);
}

void keytab_check_look(struct keytab_check *c, bool now)
{
	struct keytab_mark mark = keytab_look(c->path);

	if (c->busy) {
		c->again = c->again || now;
		return;
	}
	c->again = false;
	if (!mark.there) {
		c->mark = mark;
		check_tell(c, 0, "");
	} else if (now || !keytab_same(&mark, &c->mark) || clock_ms() >= c->next) {
		c->mark = mark;
		c->busy = !pool_submit(c->pool, &c->job);
	}
}

struct keytab_check *keytab_check_new(int spawner,
				      void (*tell)(void *arg, bool wrong, const char *why),
				      void *arg)
{
	struct keytab_check *c = mem_new(sizeof(*c));

	c->pool = pool_new(1, 1);
	if (!c->pool) {
		free(c);
		return NULL;
	}
	c->job.run = check_run;
	c->job.done = check_done;
	c->spawner = spawner;
	c->path = keytab_path();
	c->tell = tell;
	c->arg = arg;
	return c;
}

struct source keytab_check_source(struct keytab_check *c)
{
	return loop_pool(c->pool);
}
