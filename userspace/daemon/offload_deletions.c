// SPDX-License-Identifier: GPL-2.0-only
/*
 * When objects were last deleted. The store process remembers which ones those were; one that
 * starts later does not, and is told for how long nothing is to be believed.
 *
 * The wall clock may jump by years when a machine without a clock of its own gets the time. So the
 * time is known by clock_ms() while dittod lives, and by the time since boot, of which a file has
 * the boot and the milliseconds, until the next boot. After it, the time of the file counts.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "folder.h"
#include "log.h"
#include "mem.h"
#include "offload/deleted.h"
#include "offload_private.h"

/* Milliseconds for which the file is not touched again. */
#define NOTE_MS		60000

/* The file with the UUID of the boot, see random(4); bytes of that, and of the line. */
#define BOOT_ID		"/proc/sys/kernel/random/boot_id"
#define BOOT_MAX	40
#define NOTE_MAX	64

void offload_deletions_init(struct offload *o, const char *state_dir)
{
	o->deletions = mem_print("%s/offload-deletions", state_dir);
}

/* Milliseconds since boot, with those in which the machine slept. */
static u64 deletions_boottime(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (u64)t.tv_sec * 1000 + (u64)t.tv_nsec / 1000000;
}

/* Read the first line of a file, without its end. Returns false if there is none. */
static bool deletions_line(const char *path, char *line, int size)
{
	FILE *in = fopen(path, "re");
	bool ok = in && fgets(line, size, in);

	if (in)
		fclose(in);
	if (ok)
		line[strcspn(line, "\n")] = '\0';
	return ok;
}

/* Write the boot and the time since then. An earlier line is as long. */
static int deletions_write(int fd)
{
	char boot[BOOT_MAX], line[NOTE_MAX];
	int len;

	if (!deletions_line(BOOT_ID, boot, sizeof(boot)))
		boot[0] = '\0';
	len = snprintf(line, sizeof(line), "%-36s %020llu\n", boot,
		       (unsigned long long)deletions_boottime());
	if (pwrite(fd, line, (size_t)len, 0) != len || futimens(fd, NULL) || fsync(fd))
		return -1;
	return 0;
}

int offload_deletions_note(struct offload *o)
{
	u64 now = clock_ms();
	int fd, rc = 0;

	if (o->deletion && now < o->deletion + NOTE_MS)
		return 0;
	fd = open(o->deletions, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || deletions_write(fd) || !folder_sync(o->deletions))
		rc = -errno;
	if (fd >= 0)
		close(fd);
	if (!rc)
		o->deletion = now;
	return rc;
}

/* Milliseconds since the last deletion if that was since the machine was booted. */
static bool deletions_this_boot(const struct offload *o, u64 *age)
{
	char boot[BOOT_MAX], line[NOTE_MAX];
	u64 now = deletions_boottime(), then;
	size_t len;

	if (!deletions_line(BOOT_ID, boot, sizeof(boot)) ||
	    !deletions_line(o->deletions, line, sizeof(line)))
		return false;
	len = strlen(boot);
	if (!len || strncmp(line, boot, len) || line[len] != ' ')
		return false;
	then = strtoull(line + len, NULL, 10);
	*age = then < now ? now - then : 0;
	return true;
}

/* Milliseconds since the last deletion, 0 if that cannot be told; false if there was none. */
static bool deletions_age(const struct offload *o, u64 *age)
{
	struct stat st;
	time_t wall;

	*age = 0;
	if (o->deletion) {
		*age = clock_ms() - o->deletion;
	} else if (stat(o->deletions, &st)) {
		if (errno == ENOENT)
			return false;
		log_error("%s: %m: for a while, uploads do not ask what is there", o->deletions);
	} else if (!deletions_this_boot(o, age)) {
		wall = time(NULL) - st.st_mtime;
		/* A clock that was set back tells nothing. */
		*age = wall > 0 ? (u64)wall * 1000 : 0;
	}
	return true;
}

void offload_deletions_doubt(struct offload *o)
{
	u64 age;

	o->doubt_until = 0;
	if (deletions_age(o, &age) && age < DELETED_KEEP_MS + NOTE_MS)
		o->doubt_until = clock_ms() + DELETED_KEEP_MS + NOTE_MS - age;
}

char *offload_deletions_text(const struct offload *o)
{
	u64 now = clock_ms();

	if (now >= o->doubt_until)
		return mem_string("");
	return mem_print("doubt=%llu\n", (unsigned long long)(o->doubt_until - now) / 1000 + 1);
}
