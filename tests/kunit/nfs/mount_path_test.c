// SPDX-License-Identifier: GPL-2.0-only
/* Which share a path belongs to that a client names, as in MNT. */
#include <kunit/test.h>
#include <linux/string.h>

#include "../../../fs/nfs/rpc/call.h"
#include "../../../fs/nfs/v3/mount.h"
#include "../fs/folder.h"

#define SHARE	"kunit-mount-path"
#define FOLDER	"/dev/shm/ditto-" SHARE
#define ROOT	"kunit-mount-root"

static struct folder folder = { .name = SHARE };

static const struct {
	const char *path;
	const char *share;
	const char *rest;
} paths[] = {
	{ "/" SHARE, SHARE, "" },
	{ SHARE, SHARE, "" },
	{ SHARE "/a", SHARE, "/a" },
	{ "/" SHARE "//a/b/", SHARE, "//a/b/" },
	{ FOLDER, SHARE, "" },
	{ FOLDER "///", SHARE, "///" },
	{ FOLDER "/a/b", SHARE, "/a/b" },
	{ FOLDER "a", ROOT, FOLDER "a" },
	{ "/", ROOT, "/" },
	{ "///", ROOT, "///" },
	{ "/a", ROOT, "/a" },
	{ "/dev/shm/", ROOT, "/dev/shm/" },
	{ "", NULL, NULL },
	{ "a", NULL, NULL },
	{ "a/", NULL, NULL },
	{ "a/b", NULL, NULL },
};

/* The rest may begin with the slash of the root, or behind it. */
static bool same_rest(const char *rest, const char *want)
{
	return !strcmp(rest + strspn(rest, "/"), want + strspn(want, "/"));
}

static void paths_lead_to_shares(struct kunit *test)
{
	struct dnfs_call call = { .srv = folder.srv };

	for (unsigned int i = 0; i < ARRAY_SIZE(paths); i++) {
		const char *path = paths[i].path, *rest = NULL;
		struct ditto_share *share;

		share = dnfs_path_share(&call, path, strlen(path), &rest);
		KUNIT_EXPECT_EQ_MSG(test, !share, !paths[i].share, "\"%s\"", path);
		if (!share)
			continue;
		if (paths[i].share)
			KUNIT_EXPECT_STREQ_MSG(test, share->name, paths[i].share, "\"%s\"", path);
		if (paths[i].rest)
			KUNIT_EXPECT_TRUE_MSG(test, same_rest(rest, paths[i].rest), "\"%s\"", path);
		ditto_share_put(share);
	}
}

static int root_share(void)
{
	struct ditto_share_config cfg = { .name = ROOT, .path = "/" };
	int err;

	cfg.opts = ditto_share_opts_alloc();
	if (!cfg.opts)
		return -ENOMEM;
	err = ditto_share_add(folder.srv, &cfg, NULL);
	if (err)
		ditto_share_opts_free(cfg.opts);
	return err;
}

static int path_suite_init(struct kunit_suite *suite)
{
	return folder_start(&folder) ?: root_share();
}

static void path_suite_exit(struct kunit_suite *suite)
{
	ditto_share_del(folder.srv, ROOT, NULL);
	folder_stop(&folder);
}

static struct kunit_case path_cases[] = {
	KUNIT_CASE(paths_lead_to_shares),
	{}
};

static struct kunit_suite path_suite = {
	.name = "ditto_mount_path",
	.suite_init = path_suite_init,
	.suite_exit = path_suite_exit,
	.test_cases = path_cases,
};

kunit_test_suite(path_suite);
