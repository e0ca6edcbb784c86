// SPDX-License-Identifier: GPL-2.0-only
/*
 * How often policies look at their files. Nothing but the inode of a file tells that it was read,
 * so each look goes through all of them; but one by time need not know of a file to the minute.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "folder.h"
#include "index/index.h"
#include "mem.h"
#include "mounts.h"
#include "pace.h"

/* Lines "TIME SCOPE": when a policy with this scope has looked last. */
#define PACE_PATH	INDEX_FOLDER "/offload-policies"
/* A policy looks again after such a part of its time, and such a time at most. */
#define PACE_PART	100
#define PACE_MAX	(23 * 3600ULL)

/* Seconds for which a policy rests after a look; 0 if it looks each time. */
static u64 policy_pace(const struct offload_policy *p)
{
	u64 age = p->accessed > p->changed ? p->accessed : p->changed;

	/* Of one with marks, the file system tells whether there is something to do. */
	if (p->start)
		return 0;
	return age / PACE_PART < PACE_MAX ? age / PACE_PART : PACE_MAX;
}

bool offload_policy_scope(const struct offload_policy *all, size_t n,
			  const struct offload_policy *p, char scope[HASH_HEX])
{
	u8 id[FILESYSTEM_ID_SIZE], hash[HASH_SIZE];
	struct statfs fs;
	struct statx st;
	size_t len, i;
	char *text;
	FILE *out;
	bool good;
	int fd;

	if (!policy_pace(p))
		return false;
	fd = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Subvolumes of Btrfs have one id, and the same inode number. */
	good = fd >= 0 && filesystem_read_id(fd, id) && !fstatfs(fd, &fs) &&
	       !statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &st);
	if (fd >= 0)
		close(fd);
	if (!good)
		return false;
	out = open_memstream(&text, &len);
	if (!out)
		mem_out();
	fwrite(p, sizeof(*p), 1, out);
	fwrite(id, sizeof(id), 1, out);
	fwrite(&fs.f_fsid, sizeof(fs.f_fsid), 1, out);
	fprintf(out, "%llu %lld.%u\n", st.stx_ino, st.stx_btime.tv_sec, st.stx_btime.tv_nsec);
	/* Directories with policies of their own are left to these. */
	for (i = 0; i < n; i++)
		fprintf(out, "%s\n", all[i].path);
	fclose(out);
	hash_init();
	hash_sha256(text, len, hash);
	hash_to_hex(hash, sizeof(hash), scope);
	free(text);
	return true;
}

static bool pace_read(FILE *in, u64 *time, char scope[HASH_HEX])
{
	return in && fscanf(in, "%llu %64s", time, scope) == 2;
}

bool offload_policy_rests(const struct offload_policy *p, const char *scope, u64 now)
{
	FILE *in = fopen(PACE_PATH, "re");
	char other[HASH_HEX];
	bool rests = false;
	u64 time;

	while (pace_read(in, &time, other))
		rests = rests || (!strcmp(scope, other) && time <= now &&
				  now - time < policy_pace(p));
	if (in)
		fclose(in);
	return rests;
}

void offload_policy_note(const char *scope, u64 now)
{
	FILE *in = fopen(PACE_PATH, "re"), *out;
	char other[HASH_HEX];
	u64 time;

	mkdir(INDEX_FOLDER, 0755);
	out = folder_replace(PACE_PATH, 0666);
	while (out && pace_read(in, &time, other))
		if (strcmp(scope, other) && time <= now && now - time < PACE_MAX)
			fprintf(out, "%llu %s\n", time, other);
	if (out)
		fprintf(out, "%llu %s\n", now, scope);
	/* What is not noted is looked at again. */
	folder_replaced(out, PACE_PATH);
	if (in)
		fclose(in);
}
