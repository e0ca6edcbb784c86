// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittoctl acl import: lists that Samba has stored become lists of this server, in a whole tree.
 *
 * The kernel reads and stores each list; this walks the tree. It follows no symbolic link and
 * enters no other mount, and names each file by a descriptor, so that nobody can lead it out of the
 * tree by renaming files. A file with a list of this server is skipped, so a run that was
 * interrupted goes on when it is started again.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "acl_import.h"
#include "clock.h"
#include "nl/share.h"
#include "ctl.h"
#include "ditto-nl-gen.h"
#include "fd_path.h"
#include "mem.h"
#include "out.h"
#include "text.h"

#define SAMBA_XATTR	"security.NTACL"
/* A client that was asked to give something back has most of a minute for it. */
#define BUSY_TRIES	200
#define BUSY_PAUSE_US	200000
/* Between two updates of the progress bar, and its width. */
#define BAR_MS		200
#define BAR_WIDTH	30
/*
 * Levels of a tree that are entered. Each takes two descriptors and some of the stack, and clients
 * can make more of them than there is of either.
 */
#define DEPTH_MAX	1000

#define RESULTS		(DITTO_ACL_IMPORT_RESULT_CONDITIONAL + 1)

/* Why a list was not taken; results without a text are no reason for a line. */
static const char *const import_texts[RESULTS] = {
	[DITTO_ACL_IMPORT_RESULT_STALE] =
		"not taken: owner, mode or POSIX ACL were changed after the list was stored",
	[DITTO_ACL_IMPORT_RESULT_UNPROVEN] =
		"not taken: the list does not tell which mode it belongs to; --always takes it",
	[DITTO_ACL_IMPORT_RESULT_DAMAGED] = "the list of Samba cannot be read",
	[DITTO_ACL_IMPORT_RESULT_TOO_LONG] = "the list of Samba has too many entries",
	[DITTO_ACL_IMPORT_RESULT_CONDITIONAL] = "the list of Samba denies access on a condition",
};

/**
 * struct import - one run
 * @ctl: the command
 * @share: name of the share, or NULL
 * @always: take lists whatever mode the files have now
 * @dry: change nothing
 * @bar: show progress
 * @shown: when the progress was shown last, in milliseconds
 * @start: when the walk began, in milliseconds
 * @total: number of files, if @bar
 * @seen: files so far
 * @result: number of files by result
 * @failed: files that could not be handled
 * @path: path of the current file, for messages
 * @len: length of @path
 * @depth: directories that are being listed
 */
struct import {
	struct ctl *ctl;
	const char *share;
	bool always;
	bool dry;
	bool bar;
	u64 shown;
	u64 start;
	u64 total;
	u64 seen;
	u64 result[RESULTS];
	u64 failed;
	char *path;
	size_t len;
	unsigned int depth;
};

/**
 * struct import_request - a file to ask the kernel about
 * @im: the run
 * @path: how the kernel finds it
 */
struct import_request {
	const struct import *im;
	const char *path;
};

static atomic_int import_stopped;

static void import_on_signal(int number)
{
	(void)number;
	import_stopped = 1;
}

/* Progress */

static void import_bar(struct import *im, bool last)
{
	u64 now = clock_ms(), past = now - im->start, rate, left;
	unsigned int done;
	char bar[BAR_WIDTH + 1];

	if (!im->bar || (!last && now - im->shown < BAR_MS))
		return;
	im->shown = now;
	/* Files may be created while this runs. */
	if (im->total < im->seen)
		im->total = im->seen;
	done = im->total ? im->seen * BAR_WIDTH / im->total : BAR_WIDTH;
	memset(bar, '#', done);
	memset(bar + done, '.', BAR_WIDTH - done);
	bar[BAR_WIDTH] = '\0';
	rate = past ? im->seen * 1000 / past : 0;
	left = rate ? (im->total - im->seen) / rate : 0;
	fprintf(stderr, "\r[%s] %llu of %llu files, %llu/s, %llu:%02llu left \033[K%s", bar,
		(unsigned long long)im->seen, (unsigned long long)im->total,
		(unsigned long long)rate, (unsigned long long)(left / 60),
		(unsigned long long)(left % 60), last ? "\n" : "");
	fflush(stderr);
}

/* Tell about the current file. */
static void import_problem(struct import *im, const char *why)
{
	char *path;

	if (im->bar)
		fputs("\r\033[K", stderr);
	if (im->ctl->json) {
		json_open(stdout, NULL, '{');
		json_string(stdout, "path", im->path);
		json_string(stdout, "why", why);
		json_close(stdout, '}');
	} else {
		path = text_printable(im->path);
		fprintf(stderr, "%s: %s\n", path, why);
		free(path);
	}
	im->shown = 0;
}

static void import_failed(struct import *im, const char *why)
{
	im->failed++;
	import_problem(im, why);
}

/* One file */

static void import_put(struct nl_msg *msg, const void *arg)
{
	const struct import_request *r = arg;

	msg_put_string(msg, DITTO_A_ACL_PATH, r->path);
	if (r->im->share)
		msg_put_string(msg, DITTO_A_ACL_SHARE, r->im->share);
	if (r->im->always)
		msg_put_number(msg, &spec_acl_set, DITTO_A_ACL_ALWAYS, 1);
	if (r->im->dry)
		msg_put_number(msg, &spec_acl_set, DITTO_A_ACL_DRY_RUN, 1);
}

/* Ask the kernel. Returns 0 or a negative errno. */
static int import_ask(const struct import *im, const char *path, struct nl_msg **reply)
{
	const struct import_request r = { im, path };
	unsigned int tries = BUSY_TRIES;
	struct nl_msg *msg;
	int rc;

	for (;;) {
		msg = conn_message(&im->ctl->conn, DITTO_CMD_ACL_IMPORT);
		import_put(msg, &r);
		rc = conn_call(&im->ctl->conn, msg, reply);
		if (rc != -EBUSY || !--tries || import_stopped)
			return rc;
		usleep(BUSY_PAUSE_US);
	}
}

/* Returns false if the server does not serve the file: it is one of its own. */
static bool import_file(struct import *im, int fd)
{
	struct nlattr *tb[DITTO_A_ACL_MAX + 1];
	char path[FD_PATH_MAX];
	struct nl_msg *reply;
	u32 result;
	int rc;

	fd_path(fd, path);
	im->seen++;
	if (getxattr(path, SAMBA_XATTR, NULL, 0) < 0 && (errno == ENODATA || errno == ENOTSUP)) {
		im->result[DITTO_ACL_IMPORT_RESULT_NONE]++;
		return true;
	}
	rc = import_ask(im, path, &reply);
	if (rc == -ENOENT)
		return false;
	if (rc) {
		import_failed(im, im->ctl->conn.why.text);
		return true;
	}
	result = RESULTS;
	if (reply && !msg_parse(reply, &spec_acl_set, tb) && tb[DITTO_A_ACL_RESULT])
		result = nla_get_u32(tb[DITTO_A_ACL_RESULT]);
	nlmsg_free(reply);
	if (result >= RESULTS) {
		import_failed(im, "this version does not understand the kernel's answer");
		return true;
	}
	im->result[result]++;
	if (import_texts[result])
		import_problem(im, import_texts[result]);
	return true;
}

/* The tree */

/* Open what a name in a directory means, which is no link and no other mount. */
static int import_open(int dir, const char *name)
{
	const struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH,
	};

	return syscall(SYS_openat2, dir, name, &how, sizeof(how));
}

static DIR *import_list(int fd)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = own < 0 ? NULL : fdopendir(own);

	if (!list && own >= 0)
		close(own);
	return list;
}

static bool import_is_dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

/* Count the files of a directory at a depth, for the progress bar. */
static u64 import_count(int fd, unsigned int depth)
{
	DIR *list = depth < DEPTH_MAX ? import_list(fd) : NULL;
	struct dirent *e;
	u64 n = 1;
	int child;

	while (list && !import_stopped && (e = readdir(list))) {
		if (import_is_dots(e->d_name) || e->d_type == DT_LNK)
			continue;
		if (e->d_type != DT_DIR) {
			n++;
			continue;
		}
		child = import_open(fd, e->d_name);
		if (child >= 0) {
			n += import_count(child, depth + 1);
			close(child);
		}
	}
	if (list)
		closedir(list);
	return n;
}

static void import_tree(struct import *im, int fd);

static void import_entry(struct import *im, int dir, const char *name)
{
	size_t len = im->len;
	struct stat st;
	char *longer;
	int fd;

	longer = mem_print("%s%s%s", im->path, im->len && im->path[len - 1] == '/' ? "" : "/",
			   name);
	free(im->path);
	im->path = longer;
	im->len = strlen(longer);
	fd = import_open(dir, name);
	if (fd >= 0) {
		if (fstat(fd, &st))
			import_failed(im, strerror(errno));
		else if (S_ISDIR(st.st_mode))
			import_tree(im, fd);
		else if (!S_ISLNK(st.st_mode))
			import_file(im, fd);
		close(fd);
	} else if (errno != ENOENT && errno != EXDEV && errno != ELOOP) {
		import_failed(im, strerror(errno));
	}
	im->path[len] = '\0';
	im->len = len;
}

static void import_tree(struct import *im, int fd)
{
	struct dirent *e;
	DIR *list;

	if (!import_file(im, fd))
		return;
	if (im->depth == DEPTH_MAX) {
		import_failed(im, "the directories below are not entered: they are too deep");
		return;
	}
	list = import_list(fd);
	if (!list) {
		import_failed(im, strerror(errno));
		return;
	}
	im->depth++;
	while (!import_stopped) {
		errno = 0;
		e = readdir(list);
		if (!e)
			break;
		if (!import_is_dots(e->d_name) && e->d_type != DT_LNK)
			import_entry(im, fd, e->d_name);
		import_bar(im, false);
	}
	if (!import_stopped && errno)
		import_failed(im, strerror(errno));
	im->depth--;
	closedir(list);
}

/* The command */

static void import_summary(const struct import *im)
{
	static const char *const labels[RESULTS] = {
		[DITTO_ACL_IMPORT_RESULT_STORED] = "stored",
		[DITTO_ACL_IMPORT_RESULT_OWN] = "have a list of this server already",
		[DITTO_ACL_IMPORT_RESULT_NONE] = "have no list of Samba",
		[DITTO_ACL_IMPORT_RESULT_STALE] = "not taken: changed after the list was stored",
		[DITTO_ACL_IMPORT_RESULT_UNPROVEN] =
			"not taken: the list does not tell which mode it belongs to",
		[DITTO_ACL_IMPORT_RESULT_DAMAGED] = "damaged",
		[DITTO_ACL_IMPORT_RESULT_TOO_LONG] = "too many entries",
		[DITTO_ACL_IMPORT_RESULT_CONDITIONAL] = "denies access on a condition",
	};
	unsigned int i;

	if (im->ctl->json) {
		json_close(stdout, ']');
		json_bool(stdout, "dry_run", im->dry);
		json_bool(stdout, "complete", !import_stopped);
		json_number(stdout, "files", im->seen);
		json_open(stdout, "results", '{');
		for (i = 0; i < RESULTS; i++)
			json_number(stdout, spec_enum_name(&spec_acl_import_result, i),
				    im->result[i]);
		json_close(stdout, '}');
		json_number(stdout, "failed", im->failed);
		json_close(stdout, '}');
		json_end(stdout);
		return;
	}
	printf("%8llu files%s\n", (unsigned long long)im->seen,
	       im->dry ? ", none of which was changed" : "");
	for (i = 0; i < RESULTS; i++)
		if (im->result[i])
			printf("%8llu %s\n", (unsigned long long)im->result[i],
			       i == DITTO_ACL_IMPORT_RESULT_STORED && im->dry ?
			       "would be stored" : labels[i]);
	if (im->failed)
		printf("%8llu failed\n", (unsigned long long)im->failed);
	if (import_stopped)
		printf("Interrupted. The same command goes on: what is done is skipped.\n");
}

static bool import_is_clean(const struct import *im)
{
	return !im->failed && !import_stopped && !im->result[DITTO_ACL_IMPORT_RESULT_DAMAGED] &&
	       !im->result[DITTO_ACL_IMPORT_RESULT_TOO_LONG] &&
	       !im->result[DITTO_ACL_IMPORT_RESULT_CONDITIONAL];
}

/* Find the tree that a word means. Returns an exit status; the caller frees im->path. */
static int import_find(struct import *im, const char *word)
{
	struct nl_msg *reply;
	struct share *s;
	int status;

	if (strchr(word, '/')) {
		im->path = realpath(word, NULL);
		return im->path ? CTL_OK : ctl_usage(im->ctl, "%s: %s", word, strerror(errno));
	}
	status = ctl_do(im->ctl, DITTO_CMD_SHARE_GET, share_put_name, word, word, &reply);
	if (status)
		return status;
	s = reply ? share_from_msg(reply) : NULL;
	if (s && s->path)
		im->path = mem_string(s->path);
	share_free(s);
	nlmsg_free(reply);
	im->share = word;
	if (im->path)
		return CTL_OK;
	why_not(&im->ctl->conn.why, "this version does not understand the kernel's answer");
	return ctl_refused(im->ctl, word);
}

/* Each level of the tree takes two descriptors. */
static void import_more_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

static int import_run(struct import *im)
{
	const struct sigaction on_signal = { .sa_handler = import_on_signal };
	struct stat st;
	int fd;

	fd = open(im->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		ctl_usage(im->ctl, "%s: %s", im->path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return CTL_USAGE;
	}
	sigaction(SIGINT, &on_signal, NULL);
	sigaction(SIGTERM, &on_signal, NULL);
	import_more_files();
	im->len = strlen(im->path);
	im->bar = isatty(STDERR_FILENO);
	if (im->bar) {
		fputs("counting...", stderr);
		im->total = S_ISDIR(st.st_mode) ? import_count(fd, 0) : 1;
	}
	if (im->ctl->json) {
		json_open(stdout, NULL, '{');
		json_string(stdout, "path", im->path);
		json_open(stdout, "problems", '[');
	}
	im->start = clock_ms();
	if (import_stopped)
		im->total = 0;
	else if (S_ISDIR(st.st_mode))
		import_tree(im, fd);
	else
		import_file(im, fd);
	close(fd);
	import_bar(im, true);
	import_summary(im);
	return import_is_clean(im) ? CTL_OK : CTL_REFUSED;
}

int acl_import(struct ctl *ctl, char **words)
{
	struct import im = { .ctl = ctl };
	int status;

	for (; *words && !strncmp(*words, "--", 2); words++) {
		if (!strcmp(*words, "--always"))
			im.always = true;
		else if (!strcmp(*words, "--dry-run"))
			im.dry = true;
		else if (!strcmp(*words, "--json"))
			ctl->json = true;
		else
			return ctl_unknown(ctl, "option", *words, NULL);
	}
	if (!*words)
		return ctl_usage(ctl, "the path of a directory or the name of a share is needed");
	if (ctl_no_more(ctl, words + 1))
		return CTL_USAGE;
	if (ctl_connect(ctl))
		return CTL_REFUSED;
	status = import_find(&im, *words);
	if (!status)
		status = import_run(&im);
	free(im.path);
	return status;
}
