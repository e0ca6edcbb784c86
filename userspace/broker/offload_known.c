// SPDX-License-Identifier: GPL-2.0-only
/*
 * The UUIDs of the buckets that this server's data is in, by the names of stores: a name says
 * nothing about the bucket that answers. They are in a file, of which each line has a UUID and a
 * name, and which is replaced as a whole before anything relies on it.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "folder.h"
#include "daemon/log.h"
#include "mem.h"
#include "object/cookie.h"
#include "offload_private.h"
#include "config/store_config.h"

/**
 * struct known - a store with data
 * @uuid: UUID of its bucket
 * @name: its name
 */
struct known {
	char uuid[STORE_UUID_SIZE];
	char name[OFFLOAD_STORE_MAX + 1];
};

/**
 * struct offload_known - all stores with data, also those that are not configured any more
 * @path: path of the file
 * @error: why the file could not be read, or NULL
 * @list: the stores
 * @n: number of them
 */
struct offload_known {
	char *path;
	char *error;
	struct known *list;
	unsigned int n;
};

static struct known *known_find(const struct offload_known *k, const char *name)
{
	unsigned int i;

	for (i = 0; i < k->n; i++)
		if (!strcmp(k->list[i].name, name))
			return &k->list[i];
	return NULL;
}

/* Find another store that has a UUID. Returns its name or NULL. */
static const char *known_find_other(const struct offload_known *k, const char *name,
				    const char *uuid)
{
	unsigned int i;

	for (i = 0; i < k->n; i++)
		if (!strcmp(k->list[i].uuid, uuid) && strcmp(k->list[i].name, name))
			return k->list[i].name;
	return NULL;
}

static void known_add(struct offload_known *k, const char *name, const char *uuid)
{
	k->list = mem_grow(k->list, k->n, sizeof(*k->list));
	snprintf(k->list[k->n].name, sizeof(k->list[k->n].name), "%s", name);
	snprintf(k->list[k->n++].uuid, sizeof(k->list->uuid), "%s", uuid);
}

/* Take a line. Returns false if it is none of these. */
static bool known_take_line(struct offload_known *k, char *line)
{
	size_t len = strcspn(line, "\n");
	char *name = strchr(line, ' ');
	struct why why;

	if (!name || line[len] != '\n')
		return false;
	line[len] = '\0';
	*name++ = '\0';
	if (!store_uuid_is_good(line) || !store_config_check_name(name, &why) ||
	    known_find(k, name))
		return false;
	known_add(k, name, line);
	return true;
}

/* Earlier versions gave the bucket of two sections to both; which one has to go, people know. */
static void known_warn_of_pairs(const struct offload_known *k)
{
	const char *other;
	unsigned int i;

	for (i = 0; i < k->n; i++) {
		other = known_find_other(k, k->list[i].name, k->list[i].uuid);
		if (!other)
			continue;
		log_error("%s: %s and %s have one UUID: recall the files of one, remove its line",
			  k->path, k->list[i].name, other);
	}
}

static void known_read(struct offload_known *k)
{
	FILE *in = fopen(k->path, "re");
	char line[STORE_UUID_SIZE + OFFLOAD_STORE_MAX + 3];
	bool good = true;

	if (!in && errno == ENOENT)
		return;
	if (!in) {
		k->error = mem_print("%s: %s", k->path, strerror(errno));
		return;
	}
	while (good && fgets(line, sizeof(line), in))
		good = known_take_line(k, line);
	if (!good || ferror(in))
		k->error = mem_print("%s is damaged: its lines are \"UUID STORE\", see ditto-owner",
				     k->path);
	else
		known_warn_of_pairs(k);
	fclose(in);
}

struct offload_known *offload_known_new(const char *state_dir)
{
	struct offload_known *k = mem_new(sizeof(*k));

	k->path = mem_print("%s/offload-stores", state_dir);
	known_read(k);
	if (k->error)
		log_error("%s: nothing is uploaded or deleted in any store", k->error);
	return k;
}

void offload_known_free(struct offload_known *k)
{
	if (!k)
		return;
	free(k->path);
	free(k->error);
	free(k->list);
	free(k);
}

const char *offload_known_uuid(const struct offload_known *k, const char *name)
{
	const struct known *known = known_find(k, name);

	return known ? known->uuid : "";
}

char *offload_known_text(const struct offload_known *k, const char *name)
{
	char *text = NULL;
	size_t len = 0;
	unsigned int i;
	FILE *out;

	if (k->error)
		return mem_print("refused=%s\n", k->error);
	out = open_memstream(&text, &len);
	if (!out)
		mem_out();
	for (i = 0; i < k->n; i++)
		if (strcmp(k->list[i].name, name))
			fprintf(out, "other=%s %s\n", k->list[i].uuid, k->list[i].name);
		else
			fprintf(out, "uuid=%s\n", k->list[i].uuid);
	if (fclose(out))
		mem_out();
	return text;
}

static int known_write(const struct offload_known *k)
{
	FILE *out = folder_replace(k->path, 0600);
	unsigned int i;

	for (i = 0; out && i < k->n; i++)
		fprintf(out, "%s %s\n", k->list[i].uuid, k->list[i].name);
	return folder_replaced(out, k->path) ? 0 : -errno;
}

bool offload_known_set(struct offload_known *k, const char *name, const char *uuid,
		       struct why *why)
{
	const char *other = known_find_other(k, name, uuid);
	struct known *known = known_find(k, name), before;
	int rc;

	if (k->error)
		return why_not(why, "%s", k->error);
	if (known && !strcmp(known->uuid, uuid))
		return true;
	if (other)
		return why_not(why,
			       "store %s: it is the bucket of [store %s], whose name is in the records of its files: use another prefix",
			       name, other);
	memset(&before, 0, sizeof(before));
	if (known) {
		before = *known;
		memcpy(known->uuid, uuid, sizeof(known->uuid));
	} else {
		known_add(k, name, uuid);
	}
	rc = known_write(k);
	fault_point("owner-known");
	/* What is not on disk is not known. */
	if (rc && known)
		*known = before;
	else if (rc)
		k->n--;
	return !rc || why_not(why, "store %s: the UUID of its bucket cannot be kept in %s: %s",
			      name, k->path, strerror(-rc));
}
