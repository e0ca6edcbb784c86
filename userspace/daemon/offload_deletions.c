// SPDX-License-Identifier: GPL-2.0-only
/*
 * When objects were last deleted: the time of a file. The store process remembers which ones those
 * were; one that starts later does not, and is told for how long nothing is to be believed.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
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

void offload_deletions_init(struct offload *o, const char *state_dir)
{
	o->deletions = mem_print("%s/offload-deletions", state_dir);
}

int offload_deletions_note(struct offload *o)
{
	u64 now = clock_ms();
	int fd, rc = 0;

	if (o->deletion && now < o->deletion + NOTE_MS)
		return 0;
	fd = open(o->deletions, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || futimens(fd, NULL) || fsync(fd) || !folder_sync(o->deletions))
		rc = -errno;
	if (fd >= 0)
		close(fd);
	if (!rc)
		o->deletion = now;
	return rc;
}

void offload_deletions_doubt(struct offload *o)
{
	const u64 all = (DELETED_KEEP_MS + NOTE_MS) / 1000;
	struct stat st;
	time_t age = 0;

	o->doubt_until = 0;
	if (!stat(o->deletions, &st)) {
		age = time(NULL) - st.st_mtime;
	} else {
		if (errno == ENOENT)
			return;
		log_error("%s: %m: for a while, uploads do not ask what is there", o->deletions);
	}
	/* A clock that was set back tells nothing. */
	if (age < 0)
		age = 0;
	if ((u64)age < all)
		o->doubt_until = clock_ms() + (all - (u64)age) * 1000;
}

char *offload_deletions_text(const struct offload *o)
{
	u64 now = clock_ms();

	if (now >= o->doubt_until)
		return mem_string("");
	return mem_print("doubt=%llu\n", (unsigned long long)(o->doubt_until - now) / 1000 + 1);
}
