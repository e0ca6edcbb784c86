// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl worm: files that nobody can change, and their record (fs/op/check/worm.h). */

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "out.h"
#include "worm.h"

#define WORM_MAX	64

bool worm_record_read(struct worm_record *record, const char *text)
{
	long long committed, until;
	char mode, more;

	*record = (struct worm_record){ .compliance = true, .damaged = true };
	if (sscanf(text, "1 %lld %lld %c%c", &committed, &until, &mode, &more) != 3 || until < 0 ||
	    (mode != 'g' && mode != 'c'))
		return false;
	*record = (struct worm_record){
		.committed = committed, .until = until, .compliance = mode == 'c',
	};
	return true;
}

/* Open a file and read its record. Returns its descriptor, or -1 after an error was printed. */
static int worm_open(const struct ctl *ctl, const char *path, struct worm_record *record,
		     bool *committed)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	char text[WORM_MAX];
	ssize_t len;

	if (fd < 0) {
		ctl_failed(ctl, "%s: %s", path, strerror(errno));
		return -1;
	}
	len = fgetxattr(fd, WORM_XATTR, text, sizeof(text) - 1);
	*committed = len >= 0 || errno == ERANGE;
	if (!*committed && errno != ENODATA && errno != EOPNOTSUPP) {
		ctl_failed(ctl, "%s: %s", path, strerror(errno));
		close(fd);
		return -1;
	}
	text[len > 0 ? len : 0] = '\0';
	worm_record_read(record, text);
	return fd;
}

static void worm_print(const struct ctl *ctl, const char *path, bool committed,
		       const struct worm_record *r)
{
	const char *mode = r->compliance ? "compliance" : "governance";
	char since[OUT_VALUE_MAX], until[OUT_VALUE_MAX];

	time_text((u64)r->committed, 0, false, since);
	time_text((u64)r->until, 0, false, until);
	if (ctl->json) {
		json_open(stdout, NULL, '{');
		json_string(stdout, "path", path);
		json_bool(stdout, "committed", committed);
		if (committed && !r->damaged)
			json_string(stdout, "since", since);
		if (committed && r->until)
			json_string(stdout, "until", until);
		if (committed)
			json_string(stdout, "mode", mode);
		json_close(stdout, '}');
		return;
	}
	if (!committed)
		printf("%s: not committed\n", path);
	else if (r->damaged)
		printf("%s: committed for ever: its record is damaged\n", path);
	else if (!r->until)
		printf("%s: committed %s for ever (%s)\n", path, since, mode);
	else
		printf("%s: committed %s until %s (%s)\n", path, since, until, mode);
}

static int worm_show(struct ctl *ctl, char **words)
{
	struct worm_record record;
	int status = CTL_OK, fd;
	bool committed;

	if (!words[0])
		return ctl_usage(ctl, "files are needed");
	if (ctl->json)
		json_open(stdout, NULL, '[');
	for (; *words; words++) {
		fd = worm_open(ctl, *words, &record, &committed);
		if (fd < 0) {
			status = CTL_REFUSED;
			continue;
		}
		worm_print(ctl, *words, committed, &record);
		close(fd);
	}
	if (ctl->json) {
		json_close(stdout, ']');
		json_end(stdout);
	}
	return status;
}

/* The flag goes first: without it, but with the record, the file is still committed to clients. */
static bool worm_make_ordinary(int fd)
{
	int flags;

	if (!ioctl(fd, FS_IOC_GETFLAGS, &flags) && flags & FS_IMMUTABLE_FL) {
		flags &= ~FS_IMMUTABLE_FL;
		if (ioctl(fd, FS_IOC_SETFLAGS, &flags))
			return false;
	}
	return !fremovexattr(fd, WORM_XATTR);
}

static int worm_release(struct ctl *ctl, char **words)
{
	struct worm_record record;
	int status = CTL_OK, fd;
	bool committed;

	if (!words[0])
		return ctl_usage(ctl, "files are needed");
	for (; *words; words++) {
		fd = worm_open(ctl, *words, &record, &committed);
		if (fd < 0) {
			status = CTL_REFUSED;
			continue;
		}
		if (!committed)
			status = ctl_failed(ctl, "%s: it is not committed", *words);
		else if (record.compliance)
			status = ctl_failed(ctl, "%s: worm-mode compliance lets nobody release it",
					    *words);
		else if (!worm_make_ordinary(fd))
			status = ctl_failed(ctl, "%s: %s", *words, strerror(errno));
		close(fd);
	}
	return status;
}

const struct verb worm_verbs[] = {
	{ "show", worm_show, "PATH..." },
	{ "release", worm_release, "PATH..." },
	{ NULL, NULL, NULL }
};
