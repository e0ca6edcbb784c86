// SPDX-License-Identifier: GPL-2.0-only
/*
 * Service threads that file systems keep: their number, and which file systems are full.
 */
#include <kunit/test.h>
#include <linux/jiffies.h>
#include <linux/sunrpc/svc.h>

#include "../../../fs/nfs/rpc/worker.h"
#include "../../../fs/nfs/server.h"
#include "../../../fs/share/share.h"

#define BASE	4
#define THREADS	(2 * DNFS_WORKERS_KEPT * BASE)

/**
 * struct crew - service threads of a service that does not exist
 * @server: its server
 * @serv: only its address is used
 * @rqstp: the request of each thread
 * @worker: the threads
 * @share: two shares
 * @call: a call of the last thread
 */
struct crew {
	struct dnfs_server server;
	struct svc_serv serv;
	struct svc_rqst rqstp;
	struct dnfs_worker worker[THREADS];
	struct ditto_share share[2];
	struct dnfs_call call;
};

static struct crew *crew_of(struct kunit *test)
{
	struct crew *crew = kunit_kzalloc(test, sizeof(*crew), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, crew);
	crew->server.workers.base = BASE;
	/* Calls do not arm the work. */
	crew->server.workers.watched = true;
	for (int i = 0; i < ARRAY_SIZE(crew->share); i++) {
		/* Compared only. */
		crew->share[i].volume = (struct ditto_volume *)&crew->share[i];
		crew->share[i].name = "test";
	}
	crew->rqstp.rq_server = &crew->serv;
	for (int i = 0; i < THREADS; i++)
		dnfs_worker_start(&crew->worker[i], &crew->rqstp, NULL);
	crew->call.server = &crew->server;
	crew->call.worker = &crew->worker[THREADS - 1];
	return crew;
}

static void crew_end(struct crew *crew)
{
	for (int i = 0; i < THREADS; i++)
		dnfs_worker_stop(&crew->worker[i]);
}

/* Let so many threads be in calls to a share since some jiffies. */
static void crew_keep_for(struct crew *crew, unsigned int first, unsigned int count, int share,
			  unsigned long since)
{
	for (unsigned int i = first; i < first + count; i++) {
		dnfs_worker_begin(&crew->server.workers, &crew->worker[i]);
		dnfs_worker_inside(&crew->worker[i], &crew->share[share]);
		crew->worker[i].begun -= since;
	}
}

/* Let so many threads be in calls to a share for long. */
static void crew_keep(struct crew *crew, unsigned int first, unsigned int count, int share)
{
	crew_keep_for(crew, first, count, share, 3 * HZ);
}

static unsigned int crew_count(struct crew *crew)
{
	return dnfs_workers_see(&crew->server.workers, &crew->serv).kept;
}

/* Only the file system that keeps too many threads is full, until one of them comes back. */
static void full_file_systems(struct kunit *test)
{
	struct crew *crew = crew_of(test);
	unsigned int most = DNFS_WORKERS_KEPT * BASE;

	crew_keep(crew, 0, most - 1, 0);
	crew_keep(crew, most, 1, 1);
	KUNIT_EXPECT_EQ(test, crew_count(crew), most);
	KUNIT_EXPECT_EQ(test, dnfs_worker_enter(&crew->call, &crew->share[0]), 0);
	crew_keep(crew, most - 1, 1, 0);
	KUNIT_EXPECT_EQ(test, crew_count(crew), most + 1);
	KUNIT_EXPECT_EQ(test, dnfs_worker_enter(&crew->call, &crew->share[0]), -EJUKEBOX);
	KUNIT_EXPECT_EQ(test, dnfs_worker_enter(&crew->call, &crew->share[1]), 0);
	dnfs_worker_end(&crew->worker[0]);
	KUNIT_EXPECT_EQ(test, crew_count(crew), most);
	KUNIT_EXPECT_EQ(test, dnfs_worker_enter(&crew->call, &crew->share[0]), 0);
	crew_end(crew);
}

/* However many threads are in short calls, nothing is full; nor by calls of another service. */
static void short_calls(struct kunit *test)
{
	struct crew *crew = crew_of(test), *other = crew_of(test);
	struct dnfs_workers_seen seen;

	crew_keep(other, 0, THREADS, 0);
	/* They begin in a minute: so none lasts, however busy the machine is. */
	crew_keep_for(crew, 0, THREADS, 0, -60UL * HZ);
	seen = dnfs_workers_see(&crew->server.workers, &crew->serv);
	KUNIT_EXPECT_EQ(test, seen.kept, 0);
	KUNIT_EXPECT_TRUE(test, seen.active);
	KUNIT_EXPECT_EQ(test, dnfs_worker_enter(&crew->call, &crew->share[0]), 0);
	crew_end(other);
	crew_end(crew);
}

/* Slow calls have other threads started, but make no file system full. */
static void slow_calls(struct kunit *test)
{
	struct crew *crew = crew_of(test);

	crew_keep_for(crew, 0, THREADS, 0, HZ);
	KUNIT_EXPECT_EQ(test, crew_count(crew), THREADS);
	KUNIT_EXPECT_EQ(test, dnfs_workers_see(&crew->server.workers, &crew->serv).busy, THREADS);
	KUNIT_EXPECT_EQ(test, dnfs_worker_enter(&crew->call, &crew->share[0]), 0);
	crew_end(crew);
}

/* Two file systems share all threads that are lent: the one that keeps more of them is full. */
static void shared_loan(struct kunit *test)
{
	struct crew *crew = crew_of(test);
	unsigned int most = DNFS_WORKERS_KEPT * BASE - 1;

	crew_keep(crew, 0, most, 0);
	crew_keep(crew, most, DNFS_WORKERS_LENT * BASE - 1 - most, 1);
	KUNIT_EXPECT_EQ(test, crew_count(crew), DNFS_WORKERS_LENT * BASE - 1);
	KUNIT_EXPECT_EQ(test, dnfs_worker_enter(&crew->call, &crew->share[0]), 0);
	crew_keep(crew, THREADS - 2, 1, 1);
	KUNIT_EXPECT_EQ(test, crew_count(crew), DNFS_WORKERS_LENT * BASE);
	KUNIT_EXPECT_EQ(test, dnfs_worker_enter(&crew->call, &crew->share[0]), -EJUKEBOX);
	KUNIT_EXPECT_EQ(test, dnfs_worker_enter(&crew->call, &crew->share[1]), 0);
	crew_end(crew);
}

/* So many file systems that none keeps many threads: all are full once the loan is used up. */
static void many_file_systems(struct kunit *test)
{
	struct crew *crew = crew_of(test);
	static struct ditto_share many[THREADS];

	BUILD_BUG_ON(THREADS < DNFS_WORKERS_FULL);
	for (int i = 0; i < THREADS; i++) {
		many[i].volume = (struct ditto_volume *)&many[i];
		crew_keep(crew, i, 1, 0);
		dnfs_worker_inside(&crew->worker[i], &many[i]);
	}
	KUNIT_EXPECT_EQ(test, crew_count(crew), THREADS);
	KUNIT_EXPECT_EQ(test, crew->server.workers.nfull, DNFS_WORKERS_FULL);
	crew_end(crew);
}

static void threads_wanted(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, dnfs_workers_wanted(8, 0, false), 8);
	KUNIT_EXPECT_EQ(test, dnfs_workers_wanted(8, 4, false), 8);
	KUNIT_EXPECT_EQ(test, dnfs_workers_wanted(8, 5, false), 13);
	KUNIT_EXPECT_EQ(test, dnfs_workers_wanted(8, 16, false), 24);
	KUNIT_EXPECT_EQ(test, dnfs_workers_wanted(8, 1000, false), 8 + 8 * DNFS_WORKERS_LENT);
	KUNIT_EXPECT_EQ(test, dnfs_workers_wanted(8, 1000, true), 8 + 8 * DNFS_WORKERS_LENT_FULL);
	KUNIT_EXPECT_EQ(test, dnfs_workers_wanted(DNFS_WORKERS_MIN, 4, false), 8);
	KUNIT_EXPECT_EQ(test, dnfs_workers_wanted(1, 1, false), 1);
	KUNIT_EXPECT_EQ(test, dnfs_workers_wanted(0, 3, true), 0);
}

/* Only some threads wait for groups, each once; the other calls are answered at once. */
static void worker_waits_for_groups(struct kunit *test)
{
	struct crew *crew = crew_of(test);
	struct dnfs_call *call = &crew->call;

	crew->server.pausing_max = 1;
	KUNIT_EXPECT_FALSE_MSG(test, dnfs_pause_begin(call), "nothing to wait for");
	call->grouping.needed = true;
	KUNIT_EXPECT_TRUE(test, dnfs_pause_begin(call));
	KUNIT_EXPECT_FALSE_MSG(test, dnfs_pause_begin(call), "another thread waits");
	atomic_dec(&crew->server.pausing);
	KUNIT_EXPECT_TRUE(test, dnfs_pause_begin(call));
	atomic_dec(&crew->server.pausing);
	call->grouped = true;
	KUNIT_EXPECT_FALSE_MSG(test, dnfs_pause_begin(call), "it has waited");
	crew_end(crew);
}

static struct kunit_case worker_cases[] = {
	KUNIT_CASE(full_file_systems),
	KUNIT_CASE(short_calls),
	KUNIT_CASE(slow_calls),
	KUNIT_CASE(shared_loan),
	KUNIT_CASE(many_file_systems),
	KUNIT_CASE(threads_wanted),
	KUNIT_CASE(worker_waits_for_groups),
	{}
};

static struct kunit_suite worker_suite = {
	.name = "ditto_worker",
	.test_cases = worker_cases,
};

kunit_test_suite(worker_suite);
