// SPDX-License-Identifier: GPL-2.0-only
/* Policies of offloaded data: keys, which files they choose, and when. */

#include <string.h>

#include "common/offload_limit.h"
#include "common/offload_policy.h"
#include "test.h"

#define DAY	86400
#define NOW	(1000LL * DAY)

static void keys_set(void)
{
	static const char *const wrong[][2] = {
		{ "path", "srv" }, { "path", "/srv/" }, { "path", "/srv//x" },
		{ "path", "/a/../b" },
		{ "accessed", "1y" }, { "changed", "" }, { "min-size", "1m" }, { "start", "0" },
		{ "stop", "101" }, { "schedule", "1-2" }, { "schedule", "24:00-06:00" },
		{ "schedule", "22:00-24:01" }, { "schedule", "22:00-06:00x" }, { "include", "" },
	};
	struct offload_policy p;
	struct why why;
	size_t i;

	offload_policy_init(&p, "p");
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		CHECK(!offload_policy_set(&p, wrong[i][0], wrong[i][1], &why));
	CHECK(!offload_policy_complete(&p, &why));
	CHECK(offload_policy_set(&p, "path", "/srv", &why));
	CHECK(!offload_policy_complete(&p, &why));
	CHECK(offload_policy_set(&p, "start", "90", &why));
	CHECK(!offload_policy_complete(&p, &why));
	CHECK(offload_policy_set(&p, "stop", "95", &why));
	CHECK(!offload_policy_complete(&p, &why));
	CHECK(offload_policy_set(&p, "stop", "80", &why));
	CHECK(offload_policy_complete(&p, &why));
	CHECK(offload_policy_set(&p, "max-size", "2K", &why) && p.max_size == 2048);
}

static bool policy_takes(const char *key, const char *value, const char *path, u64 size,
			 u64 accessed, u64 changed)
{
	struct stat st = { .st_mode = S_IFREG | 0644, .st_size = (off_t)size,
			   .st_atime = NOW - (time_t)accessed, .st_mtime = NOW - (time_t)changed };
	struct offload_policy p;
	struct why why;

	offload_policy_init(&p, "p");
	CHECK(offload_policy_set(&p, "path", "/srv", &why));
	CHECK(offload_policy_set(&p, key, value, &why));
	return offload_policy_matches(&p, path, &st, NOW);
}

static void files_chosen(void)
{
	CHECK(policy_takes("accessed", "2d", "/srv/f", 1, 2 * DAY, 9 * DAY));
	CHECK(!policy_takes("accessed", "2d", "/srv/f", 1, 2 * DAY - 1, 9 * DAY));
	/* A change is a use, even if the file system does not note it as an access. */
	CHECK(!policy_takes("accessed", "2d", "/srv/f", 1, 9 * DAY, DAY));
	CHECK(policy_takes("changed", "2d", "/srv/f", 1, 0, 2 * DAY));
	CHECK(!policy_takes("changed", "2d", "/srv/f", 1, 9 * DAY, DAY));
	CHECK(!policy_takes("changed", "1s", "/srv/f", 1, 0, (u64)-DAY));
	CHECK(!policy_takes("changed", "1s", "/srv/f", 0, DAY, DAY));
	CHECK(policy_takes("min-size", "1K", "/srv/f", 1024, 0, 0));
	CHECK(!policy_takes("min-size", "1K", "/srv/f", 1023, 0, 0));
	CHECK(!policy_takes("max-size", "1K", "/srv/f", 1025, 0, 0));
	CHECK(policy_takes("include", "*.x *.iso", "/srv/a/f.iso", 1, 0, 0));
	CHECK(!policy_takes("include", "*.x *.iso", "/srv/a/f.isolate", 1, 0, 0));
	CHECK(policy_takes("include", "a/*.iso", "/srv/a/f.iso", 1, 0, 0));
	CHECK(!policy_takes("include", "a/*.iso", "/srv/b/a.iso", 1, 0, 0));
	CHECK(!policy_takes("exclude", "*.db", "/srv/x.db", 1, 0, 0));
	CHECK(policy_takes("exclude", "*.db", "/srv/x.dbx", 1, 0, 0));
}

static bool policy_open_at(const char *schedule, u32 hour, u32 minute)
{
	struct offload_policy p;
	struct why why;

	offload_policy_init(&p, "p");
	CHECK(!schedule || offload_policy_set(&p, "schedule", schedule, &why));
	return offload_policy_is_open(&p, hour * 60 + minute);
}

static void schedules_kept(void)
{
	CHECK(policy_open_at(NULL, 12, 0));
	CHECK(policy_open_at("22:00-06:30", 22, 0) && policy_open_at("22:00-06:30", 6, 29));
	CHECK(!policy_open_at("22:00-06:30", 6, 30) && !policy_open_at("22:00-06:30", 21, 59));
	CHECK(policy_open_at("08:00-24:00", 23, 59) && !policy_open_at("08:00-24:00", 0, 0));
}

static void limits_kept(void)
{
	static const char *const wrong[] = {
		"", "10", "10M 8-18", "10M 08:00-18:00 x", "10M,", "1M,1M,1M,1M,1M,1M,1M,1M,1M",
	};
	struct offload_limits l;
	struct why why;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		CHECK(!offload_limits_parse(&l, wrong[i], &why));
	CHECK(offload_limits_parse(&l, "10M 08:00-18:00,  2M 18:00-20:00", &why));
	CHECK(offload_limits_rate(&l, 8 * 60) == 10 << 20);
	CHECK(offload_limits_rate(&l, 18 * 60) == 2 << 20);
	CHECK(offload_limits_rate(&l, 20 * 60) == 0);
	CHECK(offload_limits_parse(&l, "128K", &why) && offload_limits_rate(&l, 5) == 128 << 10);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(keys_set), TEST(files_chosen), TEST(schedules_kept), TEST(limits_kept),
		{ NULL, NULL }
	};

	return test_main(tests);
}
