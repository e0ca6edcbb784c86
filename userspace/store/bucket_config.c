// SPDX-License-Identifier: GPL-2.0-only
/* Configurations of buckets, from the answers of stores. */

#include <stdio.h>
#include <string.h>

#include "bucket_config.h"
#include "text.h"

/* Longest prefix of a rule that is looked at; names of objects are no longer. */
#define PREFIX_SIZE	1025

static void bucket_set(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text);
}

void bucket_config_init(struct bucket_config *b)
{
	bucket_set(b->versioning, sizeof(b->versioning), BUCKET_UNKNOWN);
	bucket_set(b->lock, sizeof(b->lock), BUCKET_UNKNOWN);
	bucket_set(b->lifecycle, sizeof(b->lifecycle), BUCKET_UNKNOWN);
	bucket_set(b->storage_class, sizeof(b->storage_class), BUCKET_UNKNOWN);
	b->removes = false;
}

void bucket_take_versioning(struct bucket_config *b, struct xml answer, const char *prefix)
{
	char status[BUCKET_WORD_SIZE];

	(void)prefix;
	if (!xml_has(answer, "VersioningConfiguration"))
		return;
	xml_text(answer, "Status", status, sizeof(status));
	bucket_set(b->versioning, sizeof(b->versioning),
		   !strcmp(status, "Enabled") ? "on" :
		   !strcmp(status, "Suspended") ? "suspended" : "off");
}

void bucket_take_lock(struct bucket_config *b, struct xml answer, const char *prefix)
{
	char word[BUCKET_WORD_SIZE], days[16], years[16];

	(void)prefix;
	if (!xml_has(answer, "ObjectLockConfiguration"))
		return;
	xml_text(answer, "ObjectLockEnabled", word, sizeof(word));
	bucket_set(b->lock, sizeof(b->lock), strcmp(word, "Enabled") ? "off" : "on");
	if (strcmp(word, "Enabled") || !xml_text(answer, "Mode", word, sizeof(word)))
		return;
	xml_text(answer, "Days", days, sizeof(days));
	xml_text(answer, "Years", years, sizeof(years));
	snprintf(b->lock, sizeof(b->lock), "on, %.16s for %s %s", word, years[0] ? years : days,
		 years[0] ? "years" : "days");
	text_make_printable(b->lock);
}

bool bucket_class_is_archive(const char *storage_class)
{
	return !strcmp(storage_class, "GLACIER") || !strcmp(storage_class, "DEEP_ARCHIVE");
}

/*
 * Whether objects that a rule moves can be read immediately. Classes of other names may be
 * archives, too.
 */
static bool class_is_readable(const char *storage_class)
{
	static const char *const readable[] = {
		"STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR",
		"REDUCED_REDUNDANCY", "EXPRESS_ONEZONE",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(readable); i++)
		if (!strcmp(storage_class, readable[i]))
			return true;
	return false;
}

/* Whether a rule for names that begin with @rule may be for an object of Ditto below @prefix. */
static bool rule_is_for_us(const char *rule, const char *prefix)
{
	static const char *const names[] = {
		"chunks/", "manifests/", "packs/", "garbage/", "snapshots/", "filesystems/",
		"ditto-",
	};
	size_t len = strlen(prefix), have = strlen(rule), i;

	if (have <= len)
		return !strncmp(rule, prefix, have);
	if (strncmp(rule, prefix, len))
		return false;
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strncmp(rule + len, names[i], strlen(names[i]) < have - len ?
			     strlen(names[i]) : have - len))
			return true;
	return false;
}

/* Find what a rule does to objects. Returns NULL if that is nothing that matters. */
static const char *rule_action(struct xml rule)
{
	char status[16], class[BUCKET_WORD_SIZE];
	struct xml rest = rule, inner;

	if (xml_text(rule, "Status", status, sizeof(status)) && strcmp(status, "Enabled"))
		return NULL;
	/* Objects of Ditto have no tags. */
	if (xml_has(rule, "Tag"))
		return NULL;
	while (xml_next(&rest, "Expiration", &inner))
		if (xml_has(inner, "Days") || xml_has(inner, "Date"))
			return "deletes";
	for (rest = rule; xml_next(&rest, "Transition", &inner);) {
		xml_text(inner, "StorageClass", class, sizeof(class));
		if (!class_is_readable(class))
			return "archives";
	}
	return NULL;
}

/* Add a rule to those that remove objects, as far as there is room. */
static void lifecycle_add(struct bucket_config *b, struct xml rule, const char *action)
{
	size_t len = b->removes ? strlen(b->lifecycle) : 0;
	char id[BUCKET_WORD_SIZE];

	if (!xml_text(rule, "ID", id, sizeof(id)))
		bucket_set(id, sizeof(id), "?");
	text_make_printable(id);
	if (len < sizeof(b->lifecycle))
		snprintf(b->lifecycle + len, sizeof(b->lifecycle) - len,
			 "%s rule %s of its lifecycle %s objects", len ? ", and the" : "the", id,
			 action);
	b->removes = true;
}

void bucket_take_lifecycle(struct bucket_config *b, struct xml answer, const char *prefix)
{
	struct xml rest = answer, rule;
	char name[PREFIX_SIZE];
	const char *action;

	if (!xml_has(answer, "LifecycleConfiguration"))
		return;
	bucket_set(b->lifecycle, sizeof(b->lifecycle), "none");
	b->removes = false;
	while (xml_next(&rest, "Rule", &rule)) {
		action = rule_action(rule);
		/* Without a prefix, or with one that is no name, it is for all objects. */
		xml_text(rule, "Prefix", name, sizeof(name));
		if (action && rule_is_for_us(name, prefix))
			lifecycle_add(b, rule, action);
	}
	/* What is behind a cut rule is not known. */
	if (rule.at && !b->removes)
		bucket_set(b->lifecycle, sizeof(b->lifecycle), BUCKET_UNKNOWN);
}
