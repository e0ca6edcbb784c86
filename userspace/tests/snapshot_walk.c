// SPDX-License-Identifier: GPL-2.0-only
/* Walks over shares: all entries in order, and nothing outside, whatever is renamed meanwhile. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/snapshot/snapshot.h"
#include "ctl/snapshot/snapshot_remove.h"
#include "fault.h"
#include "mem.h"
#include "test.h"

/* A path of so many directories is longer than the kernel's paths. */
#define DEPTH		600
#define DEEP_NAME	"directory"

static char folder_name[32];
static int folder;
static struct snapshot_share share = { .name = "data", .snapshots = "below/.snapshots" };
/* A function that is called at each fault point, and how many were passed. */
static struct {
	void (*swap)(unsigned int point);
	unsigned int passed;
} points;
static char problems[1024];

/* Functions of others that the walk calls */

const char *fault_file = "";

void fault_stop(const char *point)
{
	/* The end of a test removes what it has made. */
	if (!strcmp(point, "snapshot-removed"))
		return;
	SAME(point, "snapshot-directory");
	if (points.swap)
		points.swap(points.passed);
	points.passed++;
}

int ctl_connect(struct ctl *ctl)
{
	(void)ctl;
	return -ENOTCONN;
}

int ctl_refused(const struct ctl *ctl, const char *subject)
{
	(void)ctl;
	(void)subject;
	return 1;
}

void snapshot_problem(const struct ctl *ctl, const char *subject, const char *format, ...)
{
	size_t used = strlen(problems), len = strlen(subject);
	va_list args;

	(void)ctl;
	/* The ends of long paths will do. */
	snprintf(problems + used, sizeof(problems) - used, "%s: ",
		 subject + (len > 40 ? len - 20 : 0));
	used = strlen(problems);
	va_start(args, format);
	vsnprintf(problems + used, sizeof(problems) - used, format, args);
	va_end(args);
}

static void file_make(const char *name)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && write(fd, "data", 4) == 4);
	close(fd);
}

static void share_begin(void)
{
	snprintf(folder_name, sizeof(folder_name), "/tmp/ditto-walk.XXXXXX");
	CHECK(mkdtemp(folder_name));
	folder = open(folder_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(folder >= 0 && !mkdirat(folder, "share", 0700) && !mkdirat(folder, "other", 0700));
	file_make("other/hidden");
	snprintf(share.path, sizeof(share.path), "%s/share", folder_name);
	memset(&points, 0, sizeof(points));
	problems[0] = '\0';
}

static void share_end(void)
{
	snapshot_remove(folder, "share");
	snapshot_remove(folder, "other");
	snapshot_remove(folder, "real");
	unlinkat(folder, "share", 0);
	close(folder);
	CHECK(!rmdir(folder_name));
}

/* Walk. Returns the paths, to be freed; a '+' follows each that has extended attributes. */
static char *share_walk(void)
{
	char *text = mem_string(""), *longer;
	const struct snapshot_entry *e;
	struct snapshot_reader reader;
	struct snapshot_walk w;
	struct why why;

	CHECK(snapshot_walk(NULL, &share, &w));
	CHECK(!w.problems == !problems[0]);
	snapshot_reader_begin(&reader, &w.tree);
	while ((e = snapshot_reader_next(&reader))) {
		longer = mem_print("%s%s%s%s%s ", text, e->path, *e->target ? ">" : "", e->target,
				   e->n_xattrs ? "+" : "");
		free(text);
		text = longer;
	}
	CHECK(snapshot_reader_end(&reader, &why));
	snapshot_tree_free(&w.tree);
	return text;
}

static void walk_is(const char *want)
{
	char *got = share_walk();

	SAME(got, want);
	free(got);
}

static void tree_make(void)
{
	CHECK(!mkdirat(folder, "share/below", 0700) &&
	      !mkdirat(folder, "share/below/.snapshots", 0700) &&
	      !mkdirat(folder, "share/below/dir", 0700) &&
	      !symlinkat("/etc", folder, "share/below/link") &&
	      !mkfifoat(folder, "share/pipe", 0600));
	file_make("share/below/.snapshots/not");
	file_make("share/below/dir/file");
	file_make("share/below-");
}

static void all_in_order(void)
{
	bool has_xattrs;
	char *path;

	share_begin();
	tree_make();
	path = mem_print("%s/below-", share.path);
	has_xattrs = !setxattr(path, "user.color", "blue", 4, 0);
	CHECK(has_xattrs || errno == ENOTSUP);
	free(path);
	walk_is(has_xattrs ? " below below/dir below/dir/file below/link>/etc below-+ pipe " :
			     " below below/dir below/dir/file below/link>/etc below- pipe ");
	SAME(problems, "");
	share_end();
}

/* At a point, a directory goes, and a link to one outside of the share has its name. */
static void directory_swap(unsigned int point)
{
	if (point != 1)
		return;
	CHECK(!renameat(folder, "share/below", folder, "other/below") &&
	      !symlinkat("../other", folder, "share/below"));
}

static void links_lead_nowhere(void)
{
	char *got;

	share_begin();
	tree_make();
	file_make("share/below/hidden");
	points.swap = directory_swap;
	got = share_walk();
	/* The names were read before that, but what they lead to now is not the share's. */
	SAME(got, " below below- pipe ");
	CHECK(strstr(problems, "below/hidden: Too many levels of symbolic links"));
	free(got);
	share_end();
}

static void root_is_no_link(void)
{
	share_begin();
	CHECK(!renameat(folder, "share", folder, "real") && !symlinkat("other", folder, "share"));
	walk_is("");
	CHECK(strstr(problems, "/share: Too many levels of symbolic links"));
	share_end();
}

static void paths_end(void)
{
	struct snapshot_walk w;
	int at, below, i;

	share_begin();
	at = openat(folder, "share", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (i = 0; i < DEPTH; i++) {
		CHECK(!mkdirat(at, DEEP_NAME, 0700));
		below = openat(at, DEEP_NAME, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = below;
	}
	close(at);
	CHECK(snapshot_walk(NULL, &share, &w));
	/* With the root; the last but one has a path that is just short enough. */
	CHECK(w.tree.n == 1 + SNAPSHOT_PATH_MAX / strlen(DEEP_NAME "/"));
	CHECK(w.problems == 1 && strstr(problems, "File name too long"));
	snapshot_tree_free(&w.tree);
	share_end();
}

/* The bin is not in snapshots. Streams are, and what others call the same. */
static void bin_is_left_out(void)
{
	char *path, *all;

	share_begin();
	CHECK(!mkdirat(folder, "share/.ditto", 0700) &&
	      !mkdirat(folder, "share/.ditto/streams", 0700) &&
	      !mkdirat(folder, "share/.ditto/trash", 0700));
	file_make("share/.ditto/streams/s");
	file_make("share/.ditto/trash/f");
	CHECK(!mkdirat(folder, "share/x.ditto", 0700) &&
	      !mkdirat(folder, "share/x.ditto/trash", 0700));
	all = mem_print("%s x.ditto x.ditto/trash ",
			" .ditto .ditto/streams .ditto/streams/s .ditto/trash .ditto/trash/f");
	walk_is(all);
	free(all);
	/* Only the administrator of the machine can mark it. */
	path = mem_print("%s/.ditto/trash", share.path);
	if (!setxattr(path, "trusted.ditto.trash", "1", 1, 0))
		walk_is(" .ditto .ditto/streams .ditto/streams/s x.ditto x.ditto/trash ");
	free(path);
	share_end();
}

int main(void)
{
	static const struct test tests[] = {
		TEST(all_in_order), TEST(bin_is_left_out), TEST(links_lead_nowhere),
		TEST(root_is_no_link), TEST(paths_end), { 0 }
	};

	return test_main(tests);
}
