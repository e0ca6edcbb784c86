// SPDX-License-Identifier: GPL-2.0-only
/* The service threads: one that is told to end while it is not the first idle one ends. */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/mutex.h>
#include <linux/sunrpc/svc.h>
#include <linux/workqueue.h>

#include "../../../fs/nfs/rpc/call.h"
#include "../../../fs/nfs/server.h"
#include "../await.h"

#define SERVICE_THREADS	3

/**
 * struct service_fixture - a service without sockets
 * @server: its server
 * @first: stands for a thread that is the first idle one
 * @resize: ends a thread
 * @resized: completed by @resize
 */
struct service_fixture {
	struct dnfs_server server;
	struct svc_rqst first;
	struct work_struct resize;
	struct completion resized;
};

static void service_resize(struct work_struct *work)
{
	struct service_fixture *fix = container_of(work, struct service_fixture, resize);

	mutex_lock(&fix->server.lock);
	dnfs_service_resize(&fix->server, SERVICE_THREADS - 1);
	mutex_unlock(&fix->server.lock);
	complete(&fix->resized);
}

/* Return: the thread that became idle before all others, when @count are idle; else NULL. */
static struct svc_rqst *service_last_idle(struct svc_pool *pool, unsigned int count)
{
	struct svc_rqst *rqstp, *last = NULL;
	unsigned int idle = 0;

	llist_for_each_entry(rqstp, READ_ONCE(pool->sp_idle_threads.first), rq_idle) {
		last = rqstp;
		idle++;
	}
	return idle == count ? last : NULL;
}

/*
 * Let the first idle thread be woken when a thread is to end, and the last one, which others are
 * before, be the one that is told to. Return: false if that was not achieved.
 */
static bool service_tell_last(struct service_fixture *fix, struct svc_pool *pool)
{
	struct svc_rqst *last;

	if (!await(service_last_idle(pool, SERVICE_THREADS)))
		return false;
	last = service_last_idle(pool, SERVICE_THREADS);
	fix->first.rq_task = current;
	llist_add(&fix->first.rq_idle, &pool->sp_idle_threads);
	queue_work(system_unbound_wq, &fix->resize);
	/* Nobody else looks: only this thread is woken. */
	if (!await(test_and_clear_bit(SP_NEED_VICTIM, &pool->sp_flags)))
		return false;
	set_bit(RQ_VICTIM, &last->rq_flags);
	return llist_del_first_this(&pool->sp_idle_threads, &fix->first.rq_idle);
}

static void the_last_idle_thread_ends(struct kunit *test)
{
	struct service_fixture *fix = test->priv;
	struct svc_pool *pool = fix->server.serv->sv_pools;

	KUNIT_ASSERT_TRUE(test, service_tell_last(fix, pool));
	if (!wait_for_completion_timeout(&fix->resized, AWAIT_LIMIT)) {
		KUNIT_FAIL(test, "it does not end");
		/* The first one ends in its place, so that the others can end. */
		set_bit(SP_NEED_VICTIM, &pool->sp_flags);
		svc_wake_up(fix->server.serv);
		wait_for_completion(&fix->resized);
	}
	KUNIT_EXPECT_EQ(test, fix->server.serv->sv_nrthreads, SERVICE_THREADS - 1);
}

static int service_test_init(struct kunit *test)
{
	struct service_fixture *fix = kunit_kzalloc(test, sizeof(*fix), GFP_KERNEL);
	struct svc_program *programs;
	unsigned int count;
	int err;

	if (!fix)
		return -ENOMEM;
	mutex_init(&fix->server.lock);
	INIT_WORK(&fix->resize, service_resize);
	init_completion(&fix->resized);
	programs = dnfs_rpc_programs(&count);
	fix->server.serv = svc_create_pooled(programs, count, NULL, DNFS_MAX_PAYLOAD, dnfs_thread);
	if (!fix->server.serv)
		return -ENOMEM;
	fix->server.serv->sv_name = "kunit";
	test->priv = fix;
	mutex_lock(&fix->server.lock);
	err = dnfs_service_resize(&fix->server, SERVICE_THREADS);
	mutex_unlock(&fix->server.lock);
	return err;
}

static void service_test_exit(struct kunit *test)
{
	struct service_fixture *fix = test->priv;

	if (!fix)
		return;
	flush_work(&fix->resize);
	mutex_lock(&fix->server.lock);
	dnfs_service_resize(&fix->server, 0);
	mutex_unlock(&fix->server.lock);
	svc_destroy(&fix->server.serv);
}

static struct kunit_case service_cases[] = {
	KUNIT_CASE(the_last_idle_thread_ends),
	{}
};

static struct kunit_suite service_suite = {
	.name = "ditto_service",
	.init = service_test_init,
	.exit = service_test_exit,
	.test_cases = service_cases,
};

kunit_test_suite(service_suite);
