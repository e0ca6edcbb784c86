// SPDX-License-Identifier: GPL-2.0-only
/* Removing trees: all below goes, whatever its depth, and nothing outside. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/snapshot/snapshot_remove.h"
#include "test.h"

/* Deeper than paths and tables of descriptors are long. */
#define DEPTH	3000

static char folder_name[32];

/* An empty directory. */
static int folder_new(void)
{
	snprintf(folder_name, sizeof(folder_name), "/tmp/ditto-remove.XXXXXX");
	CHECK(mkdtemp(folder_name));
	return open(folder_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Nothing is left in it. */
static void folder_end(int fd)
{
	close(fd);
	CHECK(!rmdir(folder_name));
}

static void file_make(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	close(fd);
}

static void deep_tree_removed(void)
{
	int folder = folder_new(), at, below, i;

	CHECK(!mkdirat(folder, "tree", 0700));
	at = openat(folder, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (i = 0; i < DEPTH; i++) {
		file_make(at, "file");
		CHECK(!mkdirat(at, "empty", 0500) && !mkdirat(at, "below", 0700));
		/* A name that the walk itself would choose. */
		CHECK(i || !mkdirat(at, ".ditto-removed.0", 0700));
		below = openat(at, "below", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		CHECK(below >= 0);
		close(at);
		at = below;
	}
	close(at);
	CHECK(snapshot_remove(folder, "tree"));
	folder_end(folder);
}

static void links_not_followed(void)
{
	int folder = folder_new();

	CHECK(!mkdirat(folder, "outside", 0700) && !mkdirat(folder, "tree", 0700));
	file_make(folder, "outside/kept");
	CHECK(!symlinkat("../outside", folder, "tree/link"));
	CHECK(!symlinkat("outside", folder, "link"));
	CHECK(!snapshot_remove(folder, "link"));
	CHECK(!snapshot_remove(folder, "link/."));
	CHECK(!snapshot_remove(folder, "none"));
	CHECK(snapshot_remove(folder, "tree"));
	CHECK(!faccessat(folder, "outside/kept", F_OK, 0));
	CHECK(!unlinkat(folder, "link", 0));
	CHECK(snapshot_remove(folder, "outside"));
	folder_end(folder);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(deep_tree_removed), TEST(links_not_followed), { NULL, NULL }
	};

	return test_main(tests);
}
