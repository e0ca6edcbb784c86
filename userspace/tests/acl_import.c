// SPDX-License-Identifier: GPL-2.0-only
/* acl import: trees that clients made deeper than they can be walked. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/acl_import.h"
#include "ctl/ctl.h"
#include "ctl/snapshot/snapshot_remove.h"
#include "mem.h"
#include "test.h"

/* Levels of the tree, and of these the ones that are looked at. */
#define DEPTH	1500
#define SEEN	1000

static char folder_name[32];

/* The kernel is not asked, because no file has a list of Samba. */

int ctl_connect(struct ctl *ctl)
{
	(void)ctl;
	return CTL_OK;
}

int ctl_usage(const struct ctl *ctl, const char *format, ...)
{
	(void)ctl;
	(void)format;
	return CTL_USAGE;
}

int ctl_unknown(const struct ctl *ctl, const char *kind, const char *word, const char *near)
{
	(void)kind;
	(void)near;
	return ctl_usage(ctl, "%s", word);
}

int ctl_no_more(const struct ctl *ctl, char **words)
{
	(void)ctl;
	return *words ? CTL_USAGE : CTL_OK;
}

int ctl_refused(const struct ctl *ctl, const char *subject)
{
	(void)ctl;
	(void)subject;
	return CTL_REFUSED;
}

int ctl_do(struct ctl *ctl, u8 cmd, void (*put)(struct nl_msg *msg, const void *arg),
	   const void *arg, const char *subject, struct nl_msg **reply)
{
	(void)cmd;
	(void)put;
	(void)arg;
	(void)reply;
	return ctl_refused(ctl, subject);
}

static void tree_make(int folder)
{
	int at, below, i;

	CHECK(!mkdirat(folder, "deep", 0700) && !mkdirat(folder, "flat", 0700) &&
	      !mkdirat(folder, "flat/below", 0700));
	at = openat(folder, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (i = 1; i < DEPTH; i++) {
		CHECK(!mkdirat(at, "d", 0700));
		below = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = below;
	}
	close(at);
}

/* Run the command. Returns its status, and what it prints in JSON, to be freed. */
static int import_run(char **text)
{
	char json[] = "--json", *words[] = { json, folder_name, NULL };
	int out = memfd_create("out", MFD_CLOEXEC), old = dup(STDOUT_FILENO), status;
	struct ctl ctl = { 0 };
	struct stat st;

	fflush(stdout);
	CHECK(out >= 0 && dup2(out, STDOUT_FILENO) >= 0);
	status = acl_import(&ctl, words);
	fflush(stdout);
	CHECK(dup2(old, STDOUT_FILENO) >= 0 && !fstat(out, &st));
	*text = mem_new((size_t)st.st_size + 1);
	CHECK(pread(out, *text, (size_t)st.st_size, 0) == st.st_size);
	close(out);
	close(old);
	return status;
}

static unsigned int text_count(const char *text, const char *what)
{
	unsigned int n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

static void deep_tree(void)
{
	char *text, *want;
	int folder;

	snprintf(folder_name, sizeof(folder_name), "/tmp/ditto-import.XXXXXX");
	CHECK(mkdtemp(folder_name));
	folder = open(folder_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tree_make(folder);
	CHECK(import_run(&text) == CTL_REFUSED);
	/* The last directory that was looked at is named, and the others were walked. */
	CHECK(text_count(text, "too deep") == 1 && text_count(text, "/deep/d/d/d") == 1);
	CHECK(text_count(text, "/d") == 2 + SEEN);
	want = mem_print("\"files\":%d,", 1 + SEEN + 2);
	CHECK(text_count(text, want) == 1);
	free(want);
	free(text);
	snapshot_remove(folder, "deep");
	snapshot_remove(folder, "flat");
	close(folder);
	CHECK(!rmdir(folder_name));
}

int main(void)
{
	static const struct test tests[] = { TEST(deep_tree), { 0 } };

	return test_main(tests);
}
