/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration of a bucket, as far as it decides what becomes of objects: versions, object
 * lock, and the rules of its lifecycle.
 */
#ifndef _DITTO_OFFLOAD_BUCKET_CONFIG_H
#define _DITTO_OFFLOAD_BUCKET_CONFIG_H

#include "types.h"
#include "xml.h"

/* Longest answers, with the NUL. */
#define BUCKET_WORD_SIZE	64
#define BUCKET_RULES_SIZE	256
/* In place of an answer that the store does not give. */
#define BUCKET_UNKNOWN		"unknown"

/**
 * struct bucket_config - the configuration, in words
 * @versioning: "on", "suspended", "off" or BUCKET_UNKNOWN
 * @lock: "on", with mode and time if it locks all objects; "off" or BUCKET_UNKNOWN
 * @lifecycle: the rules that delete or archive objects of Ditto, "none" or BUCKET_UNKNOWN
 * @removes: there are such rules
 * @storage_class: storage class of an object of Ditto, or BUCKET_UNKNOWN
 */
struct bucket_config {
	char versioning[BUCKET_WORD_SIZE];
	char lock[BUCKET_WORD_SIZE];
	char lifecycle[BUCKET_RULES_SIZE];
	bool removes;
	char storage_class[BUCKET_WORD_SIZE];
};

/* Nothing is known. */
void bucket_config_init(struct bucket_config *b);

/*
 * Take an answer to GetBucketVersioning, GetObjectLockConfiguration or
 * GetBucketLifecycleConfiguration, of a store with @prefix. What is no such answer leaves that
 * unknown.
 */
void bucket_take_versioning(struct bucket_config *b, struct xml answer, const char *prefix);
void bucket_take_lock(struct bucket_config *b, struct xml answer, const char *prefix);
void bucket_take_lifecycle(struct bucket_config *b, struct xml answer, const char *prefix);

/* Return whether objects of a storage class have to be restored before they can be read. */
bool bucket_class_is_archive(const char *storage_class);

#endif
