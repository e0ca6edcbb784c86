// SPDX-License-Identifier: GPL-2.0-only
/* Whether a bucket is the right one. */

#include <stdio.h>
#include <string.h>

#include "owner_check.h"

/* Find the store of this server that has a UUID. Returns its name, ended by a newline, or NULL. */
static const char *owner_find_other(const struct store *s, const char *uuid)
{
	char line[STORE_UUID_SIZE + 2];
	const char *at;

	if (!uuid[0] || !s->others)
		return NULL;
	snprintf(line, sizeof(line), "\n%s ", uuid);
	at = strstr(s->others, line);
	return at ? at + strlen(line) : NULL;
}

/* What the user says has to fit what is known already. */
static bool owner_check_word(const struct store *s, const char *found,
			     const struct owner_word *word, struct why *why)
{
	if (!word->uuid[0])
		return true;
	if (found[0] && strcmp(found, word->uuid))
		return why_not(why,
			       "store %s, bucket %s has the UUID %s already: if %sditto-owner was overwritten, remove that object first",
			       s->name, s->bucket, found, s->prefix);
	return !s->uuid[0] || !strcmp(s->uuid, word->uuid) ||
	       why_not(why, "store %s, bucket %s: the data of this server is in the UUID %s",
		       s->name, s->bucket, s->uuid);
}

bool owner_check_uuid(const struct store *s, const struct owner_text *found,
		      const struct owner_word *word, bool *foreign, struct why *why)
{
	const char *uuid = found ? found->uuid : "", *other = owner_find_other(s, uuid);

	*foreign = false;
	if (!owner_check_word(s, uuid, word, why))
		return false;
	*foreign = uuid[0] && s->uuid[0] && (other || !word->new_bucket) && strcmp(uuid, s->uuid);
	if (other && !strcmp(uuid, s->uuid))
		return why_not(why,
			       "store %s, bucket %s: its UUID %s is remembered for [store %.*s], too: recall the files of one of them, stop dittod, and remove its line from /var/lib/ditto/offload-stores",
			       s->name, s->bucket, uuid, (int)strcspn(other, "\n"), other);
	if (other)
		return why_not(why,
			       "store %s, bucket %s: it is the bucket of [store %.*s], whose name is in the records of its files: call the section so again, or use another prefix",
			       s->name, s->bucket, (int)strcspn(other, "\n"), other);
	if (*foreign)
		return why_not(why,
			       "store %s, bucket %s: it is another bucket: it has the UUID %s (server %s), and the data of this server is in the UUID %s: put that bucket back into [store %s]; if it is gone for good: dittoctl offload take --new-bucket %s. If this is the right bucket and only %sditto-owner was overwritten: remove that object with a tool of the store, then: dittoctl offload take --uuid %s %s",
			       s->name, s->bucket, uuid, found->name[0] ? found->name : "?",
			       s->uuid, s->name, s->name, s->prefix, s->uuid, s->name);
	if (uuid[0] || !s->uuid[0] || word->new_bucket || word->uuid[0])
		return true;
	return why_not(why,
		       "store %s, bucket %s: %sditto-owner %s: it was deleted, or it is another bucket: the data of this server is in the UUID %s. If that is this bucket: dittoctl offload take --uuid %s %s; if it is gone for good: dittoctl offload take --new-bucket %s",
		       s->name, s->bucket, s->prefix, found ? "has no UUID" : "is missing", s->uuid,
		       s->uuid, s->name, s->name);
}

bool owner_check_record(const struct store *s, const char *uuid, struct why *why)
{
	return !strcmp(s->uuid, uuid) ||
	       why_not(why,
		       "store %s, bucket %s: the content of the file is in the bucket with the UUID %.64s, and this one has %s: put that bucket into [store %s]",
		       s->name, s->bucket, uuid, s->uuid[0] ? s->uuid : "none", s->name);
}
