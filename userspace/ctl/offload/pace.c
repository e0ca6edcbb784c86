// SPDX-License-Identifier: GPL-2.0-only
/*
 * How often policies look at their files. Nothing but the inode of a file tells that it was read,
 * so each look goes through all of them; but one by time need not know of a file to the minute.
 */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "folder.h"
#include "index/index.h"
#include "object/hash.h"
#include "pace.h"

/* Lines "TIME HASH": when the policy with this hash has looked last. */
#define PACE_PATH	INDEX_FOLDER "/offload-policies"
/* A policy looks again after such a part of its time, and such a time at most. */
#define PACE_PART	100
#define PACE_MAX	(23 * 3600ULL)

/* A policy that is changed is another one. */
static void pace_hash(const struct offload_policy *p, char text[HASH_HEX])
{
	u8 hash[HASH_SIZE];

	hash_init();
	hash_sha256(p, sizeof(*p), hash);
	hash_to_hex(hash, sizeof(hash), text);
}

static bool pace_read(FILE *in, u64 *time, char hash[HASH_HEX])
{
	return in && fscanf(in, "%llu %64s", time, hash) == 2;
}

u64 offload_policy_pace(const struct offload_policy *p)
{
	u64 age = p->accessed > p->changed ? p->accessed : p->changed;

	/* Of one with marks, the file system tells whether there is something to do. */
	if (p->start)
		return 0;
	return age / PACE_PART < PACE_MAX ? age / PACE_PART : PACE_MAX;
}

bool offload_policy_rests(const struct offload_policy *p, u64 now)
{
	FILE *in = fopen(PACE_PATH, "re");
	char hash[HASH_HEX], other[HASH_HEX];
	bool rests = false;
	u64 time;

	pace_hash(p, hash);
	while (pace_read(in, &time, other))
		rests = rests || (!strcmp(hash, other) && time <= now &&
				  now - time < offload_policy_pace(p));
	if (in)
		fclose(in);
	return rests;
}

void offload_policy_note(const struct offload_policy *p, u64 now)
{
	FILE *in = fopen(PACE_PATH, "re"), *out;
	char hash[HASH_HEX], other[HASH_HEX];
	u64 time;

	mkdir(INDEX_FOLDER, 0755);
	out = folder_replace(PACE_PATH, 0666);
	pace_hash(p, hash);
	while (out && pace_read(in, &time, other))
		if (strcmp(hash, other) && time <= now && now - time < PACE_MAX)
			fprintf(out, "%llu %s\n", time, other);
	if (out)
		fprintf(out, "%llu %s\n", now, hash);
	/* What is not noted is looked at again. */
	folder_replaced(out, PACE_PATH);
	if (in)
		fclose(in);
}
