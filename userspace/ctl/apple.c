// SPDX-License-Identifier: GPL-2.0-only
/*
 * dittoctl apple convert: AppleDouble files of a share become streams of the files that they are
 * about, and are removed.
 *
 * The streams are written to the place where the server keeps them (fs/open/stream_dir.c): the
 * directory .ditto/streams of the share, and in it one of the file, which is named by its number,
 * generation and subvolume. A stream is made without a name, written, read again and on the disk
 * before it gets its name, so the server never sees a half of one. The AppleDouble file goes last,
 * when all of its streams are there, whoever made them. Writers of it wait from before it is read.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "apple_double.h"
#include "apple_remove.h"
#include "clock.h"
#include "ctl.h"
#include "ditto-nl-gen.h"
#include "fd_path.h"
#include "mem.h"
#include "nl/share.h"
#include "out.h"
#include "stream_dir.h"
#include "text.h"

/* Levels of a tree that are entered. Each takes two descriptors. */
#define DEPTH_MAX	400
/* A file is read into memory. */
#define SIZE_MAX_DOUBLE	(256 << 20)
#define BAR_MS		200

/**
 * struct convert - one run
 * @ctl: the command
 * @dry: change nothing
 * @bar: show progress
 * @shown: when the progress was shown last, in milliseconds
 * @root: the root of the share
 * @subvolume: subvolume of @root; 0 if the file system has none
 * @shares: all shares, as each keeps the streams below its own root
 * @nshares: entries of @shares
 * @path: path of the current file, for messages
 * @depth: directories that are being listed
 * @seen: files so far
 * @converted: AppleDouble files that became streams
 * @kept: AppleDouble files that are still there, for a reason
 */
struct convert {
	struct ctl *ctl;
	bool dry;
	bool bar;
	u64 shown;
	int root;
	u64 subvolume;
	struct share **shares;
	unsigned int nshares;
	char *path;
	unsigned int depth;
	u64 seen;
	u64 converted;
	u64 kept;
};

static atomic_int convert_stopped;

static void convert_on_signal(int number)
{
	(void)number;
	convert_stopped = 1;
}

static void convert_bar(struct convert *c, bool last)
{
	u64 now = clock_ms();

	if (!c->bar || (!last && now - c->shown < BAR_MS))
		return;
	c->shown = now;
	fprintf(stderr, "\r%llu files, %llu converted\033[K%s", (unsigned long long)c->seen,
		(unsigned long long)c->converted, last ? "\n" : "");
	fflush(stderr);
}

/* Tell why the current file is kept. */
static void convert_kept(struct convert *c, const char *why)
{
	char *path;

	c->kept++;
	if (c->bar)
		fputs("\r\033[K", stderr);
	if (c->ctl->json) {
		json_open(stdout, NULL, '{');
		json_string(stdout, "path", c->path);
		json_string(stdout, "why", why);
		json_close(stdout, '}');
	} else {
		path = text_printable(c->path);
		fprintf(stderr, "%s: %s\n", path, why);
		free(path);
	}
	c->shown = 0;
}

static bool errno_why(struct why *why, const char *what)
{
	return why_not(why, "%s: %s", what, strerror(errno));
}

/* Read a file from its start. Returns the data, to be freed. */
static u8 *file_read(int fd, size_t size, struct why *why)
{
	u8 *data = mem_new(size + 1);
	size_t at = 0;
	ssize_t n;

	while (at < size && (n = pread(fd, data + at, size - at, (off_t)at)) > 0)
		at += (size_t)n;
	if (at == size)
		return data;
	why_not(why, "it cannot be read, or is being changed");
	free(data);
	return NULL;
}

static bool file_is(int fd, const u8 *data, size_t len, struct why *why)
{
	struct stat st;
	bool same;
	u8 *found;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || (size_t)st.st_size != len)
		return false;
	found = file_read(fd, len, why);
	same = found && !memcmp(found, data, len);
	free(found);
	return same;
}

/* The directory of the streams of a file. Returns -1 with errno. */
static int streams_open(const struct convert *c, int file, const struct stream_identity *id,
			bool make)
{
	char key[STREAM_KEY_MAX];
	int streams, fd = -1;
	struct stat st;

	stream_key(id, c->subvolume, key);
	streams = hidden_dir_open(c->root, "streams", make);
	if (streams >= 0)
		fd = folder_open(streams, key, make);
	if (fd >= 0 && make && (fstat(file, &st) || fchown(fd, st.st_uid, st.st_gid))) {
		close(fd);
		fd = -1;
	}
	if (streams >= 0)
		close(streams);
	return fd;
}

/* Find a stream in any case. Returns false if it is there with other data; @there if the same. */
static bool stream_find(int dir, const struct apple_stream *s, bool *there, struct why *why)
{
	int own = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;
	DIR *list = own < 0 ? NULL : fdopendir(own);
	struct dirent *e;
	bool ok = true;

	*there = false;
	if (!list) {
		if (own >= 0)
			close(own);
		return errno_why(why, "its streams cannot be listed");
	}
	while (ok) {
		errno = 0;
		e = readdir(list);
		if (!e) {
			ok = !errno || errno_why(why, "its streams cannot be listed");
			break;
		}
		if (strcasecmp(e->d_name, s->name))
			continue;
		fd = openat(dir, e->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		ok = fd >= 0 && file_is(fd, s->data, s->len, why);
		*there = ok;
		if (fd >= 0)
			close(fd);
		if (!ok)
			why_not(why, "the file has a stream '%s' with other data", s->name);
	}
	closedir(list);
	return ok;
}

/* Write a stream that is not there. */
static bool stream_make(int dir, int file, const struct apple_stream *s, struct why *why)
{
	int fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char path[FD_PATH_MAX];
	size_t at = 0;
	struct stat st;
	ssize_t n;
	bool ok;

	if (fd < 0 || fstat(file, &st) || fchown(fd, st.st_uid, st.st_gid)) {
		errno_why(why, "a stream cannot be made");
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (at < s->len && (n = pwrite(fd, s->data + at, s->len - at, (off_t)at)) > 0)
		at += (size_t)n;
	ok = at == s->len && !fsync(fd);
	if (ok && !file_is(fd, s->data, s->len, why)) {
		errno = EIO;
		ok = false;
	}
	if (!ok || linkat(AT_FDCWD, fd_path(fd, path), dir, s->name, AT_SYMLINK_FOLLOW))
		ok = errno_why(why, "a stream cannot be written");
	close(fd);
	return ok;
}

/* Make the streams that are missing. All are looked at before one is made. */
static bool streams_make(const struct convert *c, int file, const struct apple_double *d,
			 struct why *why)
{
	bool there[APPLE_STREAMS_MAX] = { false }, ok = true;
	struct stream_identity id;
	unsigned int i;
	int dir;

	if (!d->count)
		return true;
	if (!stream_identity_get(file, &id))
		return why_not(why, "its file system is not supported here");
	dir = streams_open(c, file, &id, !c->dry);
	if (dir < 0)
		return (c->dry && errno == ENOENT) ||
		       errno_why(why, "its streams cannot be reached");
	for (i = 0; ok && i < d->count; i++)
		ok = stream_find(dir, &d->streams[i], &there[i], why);
	for (i = 0; ok && !c->dry && i < d->count; i++)
		ok = there[i] || stream_make(dir, file, &d->streams[i], why);
	/* An earlier run may have made some. */
	if (ok && !c->dry && fsync(dir))
		ok = errno_why(why, "the streams cannot be written");
	for (i = 0; ok && !c->dry && i < d->count; i++)
		ok = stream_find(dir, &d->streams[i], &there[i], why) &&
		     (there[i] || why_not(why, "the stream '%s' was removed", d->streams[i].name));
	close(dir);
	return ok;
}

/* Open what a name in a directory means, which is no link and no other mount. */
static int entry_open(int dir, const char *name, u64 flags)
{
	const struct open_how how = {
		.flags = flags | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH,
	};

	return (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
}

static bool double_convert(const struct convert *c, int dir, const char *name, int fd, size_t len,
			   struct why *why)
{
	struct apple_double *d;
	bool ok = false;
	struct stat st;
	int file;
	u8 *data;

	file = entry_open(dir, name + 2, O_PATH);
	if (file < 0 && errno != ENOENT && errno != ELOOP && errno != EXDEV)
		return errno_why(why, "its file cannot be opened");
	if (file < 0 || fstat(file, &st) || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))) {
		if (file >= 0)
			close(file);
		return why_not(why, "there is no file '%s'", name + 2);
	}
	data = file_read(fd, len, why);
	d = mem_new(sizeof(*d));
	if (data)
		ok = apple_double_parse(data, len, d, why) && streams_make(c, file, d, why) &&
		     (c->dry || apple_double_remove(dir, name, fd, file, why));
	free(d);
	free(data);
	close(file);
	return ok;
}

static void convert_file(struct convert *c, int dir, const char *name, int fd)
{
	u8 head[64];
	ssize_t n = pread(fd, head, sizeof(head), 0);
	struct stat st;
	struct why why;

	/* Any file may have such a name. */
	if (n >= 0 && !apple_double_is(head, (size_t)n))
		return;
	if (n < 0)
		convert_kept(c, strerror(errno));
	else if (!apple_double_hold(fd, &why))
		convert_kept(c, why.text);
	else if (fstat(fd, &st))
		convert_kept(c, strerror(errno));
	else if (st.st_size > SIZE_MAX_DOUBLE)
		convert_kept(c, "it has more than 256 MiB");
	else if (double_convert(c, dir, name, fd, (size_t)st.st_size, &why))
		c->converted++;
	else
		convert_kept(c, why.text);
}

static void convert_tree(struct convert *c, int fd);

static bool is_root_of_share(const struct convert *c, const struct stat *st)
{
	unsigned int i;

	for (i = 0; i < c->nshares; i++)
		if (c->shares[i]->inode == st->st_ino && c->shares[i]->device == st->st_dev)
			return true;
	return false;
}

static void convert_entry(struct convert *c, int dir, const char *name)
{
	size_t len = strlen(c->path);
	struct stat st;
	char *longer;
	int fd, readable;

	longer = mem_print("%s/%s", len > 1 ? c->path : "", name);
	free(c->path);
	c->path = longer;
	fd = entry_open(dir, name, O_PATH);
	if (fd < 0 || fstat(fd, &st)) {
		/* Other mounts and symbolic links are not entered, and what is gone is no loss. */
		if (fd >= 0 || (errno != EXDEV && errno != ELOOP && errno != ENOENT))
			convert_kept(c, strerror(errno));
		goto out;
	}
	c->seen++;
	if (S_ISDIR(st.st_mode) && is_root_of_share(c, &st)) {
		convert_kept(c, "another share begins here");
	} else if (S_ISDIR(st.st_mode)) {
		convert_tree(c, fd);
	} else if (S_ISREG(st.st_mode) && !strncmp(name, "._", 2) && name[2]) {
		readable = entry_open(dir, name, O_RDONLY | O_NONBLOCK);
		if (readable >= 0) {
			convert_file(c, dir, name, readable);
			close(readable);
		} else if (errno != ENOENT) {
			convert_kept(c, strerror(errno));
		}
	}
out:
	if (fd >= 0)
		close(fd);
	c->path[len] = '\0';
}

static void convert_tree(struct convert *c, int fd)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = own < 0 ? NULL : fdopendir(own);
	struct dirent *e;

	if (!list || c->depth == DEPTH_MAX) {
		convert_kept(c, list ? "the directory is too deep" : strerror(errno));
		if (list)
			closedir(list);
		else if (own >= 0)
			close(own);
		return;
	}
	c->depth++;
	for (;;) {
		errno = 0;
		e = convert_stopped ? NULL : readdir(list);
		if (!e)
			break;
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
		    (c->depth == 1 && !strcmp(e->d_name, ".ditto")))
			continue;
		convert_entry(c, fd, e->d_name);
		convert_bar(c, false);
	}
	if (errno)
		convert_kept(c, strerror(errno));
	c->depth--;
	closedir(list);
}

static int convert_run(struct convert *c)
{
	const struct sigaction on_signal = { .sa_handler = convert_on_signal };
	struct stream_identity id;

	c->root = open(c->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->root < 0)
		return ctl_failed(c->ctl, "%s: %s", c->path, strerror(errno));
	if (!stream_identity_get(c->root, &id)) {
		close(c->root);
		return ctl_failed(c->ctl, "%s: its file system is not supported here", c->path);
	}
	c->subvolume = id.subvolume;
	sigaction(SIGINT, &on_signal, NULL);
	sigaction(SIGTERM, &on_signal, NULL);
	c->bar = isatty(STDERR_FILENO);
	if (c->ctl->json) {
		json_open(stdout, NULL, '{');
		json_string(stdout, "path", c->path);
		json_open(stdout, "problems", '[');
	}
	convert_tree(c, c->root);
	close(c->root);
	convert_bar(c, true);
	if (c->ctl->json) {
		json_close(stdout, ']');
		json_bool(stdout, "dry_run", c->dry);
		json_bool(stdout, "complete", !convert_stopped);
		json_number(stdout, "files", c->seen);
		json_number(stdout, "converted", c->converted);
		json_number(stdout, "kept", c->kept);
		json_close(stdout, '}');
		json_end(stdout);
	} else {
		printf("%8llu files\n%8llu %s\n", (unsigned long long)c->seen,
		       (unsigned long long)c->converted,
		       c->dry ? "would become streams" : "became streams");
		if (c->kept)
			printf("%8llu kept\n", (unsigned long long)c->kept);
		if (convert_stopped)
			printf("Interrupted. The same command goes on.\n");
	}
	return c->kept || convert_stopped ? CTL_REFUSED : CTL_OK;
}

/* Find the share, whose files must have streams that clients see. Returns an exit status. */
static int convert_find(struct convert *c, const char *name)
{
	struct ctl *ctl = c->ctl;
	struct nl_msg *reply;
	struct share *s;
	int status;

	status = ctl_do(ctl, DITTO_CMD_SHARE_GET, share_put_name, name, name, &reply);
	if (status)
		return status;
	s = reply ? share_from_msg(reply) : NULL;
	nlmsg_free(reply);
	if (!s || !s->path) {
		why_not(&ctl->conn.why, "this version does not understand the kernel's answer");
		status = ctl_refused(ctl, name);
	} else if (!share_has_protocol(s, "smb")) {
		status = ctl_failed(ctl, "%s: it is not served by SMB", name);
	} else if (!s->streams) {
		status = ctl_failed(ctl, "%s: its option streams is off", name);
	} else {
		c->path = mem_string(s->path);
	}
	share_free(s);
	return status;
}

static int convert_list_shares(struct convert *c)
{
	struct replies r;
	struct share *s;
	unsigned int i;
	int status;

	status = ctl_list(c->ctl, DITTO_CMD_SHARE_GET, &r);
	if (status)
		return status;
	c->shares = mem_new((r.count + 1) * sizeof(struct share *));
	for (i = 0; i < r.count; i++) {
		s = share_from_msg(r.msg[i]);
		if (s)
			c->shares[c->nshares++] = s;
	}
	replies_free(&r);
	return CTL_OK;
}

static int apple_convert(struct ctl *ctl, char **words)
{
	struct convert c = { .ctl = ctl };
	unsigned int i;
	int status;

	for (; *words && !strncmp(*words, "--", 2); words++) {
		if (!strcmp(*words, "--dry-run"))
			c.dry = true;
		else if (!strcmp(*words, "--json"))
			ctl->json = true;
		else
			return ctl_unknown(ctl, "option", *words, NULL);
	}
	if (!*words)
		return ctl_usage(ctl, "the name of a share is needed");
	if (ctl_no_more(ctl, words + 1))
		return CTL_USAGE;
	status = convert_find(&c, *words);
	if (!status)
		status = convert_list_shares(&c);
	if (!status)
		status = convert_run(&c);
	for (i = 0; i < c.nshares; i++)
		share_free(c.shares[i]);
	free(c.shares);
	free(c.path);
	return status;
}

const struct verb apple_verbs[] = {
	{ "convert", apple_convert, "[--dry-run] [--json] SHARE" },
	{ NULL, NULL, NULL }
};
