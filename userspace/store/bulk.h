/* SPDX-License-Identifier: GPL-2.0-only */
/* Bodies and answers of requests that delete many objects (Amazon S3 API, "DeleteObjects"). */
#ifndef _DITTO_OFFLOAD_BULK_H
#define _DITTO_OFFLOAD_BULK_H

#include "object/object_name.h"
#include "text.h"

/* The canonical query of the request. */
#define BULK_QUERY		"delete="
/* Most objects of a request. */
#define BULK_OBJECTS_MAX	1000
/* Bytes of the longest answer that is read. */
#define BULK_ANSWER_MAX		(2U << 20)
/* Bytes of the cause of a failure, with the NUL. */
#define BULK_CAUSE_SIZE		128

/**
 * struct bulk_object - an object to delete
 * @name: its name below the prefix
 * @deleted: it is gone
 * @refused: the store has answered, and it is not
 * @cause: why it is not, or ""
 */
struct bulk_object {
	char name[OBJECT_NAME_SIZE];
	bool deleted;
	bool refused;
	char cause[BULK_CAUSE_SIZE];
};

/* Make the body, which is to be freed. */
char *bulk_body(const char *prefix, const struct bulk_object *objects, size_t n);

/**
 * bulk_parse - parse an answer
 * @objects: the objects of the request; what became of each is filled
 * @n: number of them
 * @prefix: what their names begin with in the answer
 * @xml: the answer
 * @len: bytes of @xml
 * @why: filled on errors
 *
 * What the answer does not name was not deleted.
 *
 * Return: false if it is no such answer.
 */
bool bulk_parse(struct bulk_object *objects, size_t n, const char *prefix, const char *xml,
		size_t len, struct why *why);

#endif
