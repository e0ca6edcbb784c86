/* SPDX-License-Identifier: GPL-2.0-only */
/* Access control lists as text, and in messages. */
#ifndef _DITTO_CTL_ACL_TEXT_H
#define _DITTO_CTL_ACL_TEXT_H

#include "common/types.h"
#include "text.h"

struct nlattr;
struct nl_msg;
struct spec_enum;

/**
 * struct acl_entry - an entry of a list
 * @type: DITTO_ACL_ENTRY_TYPE_*
 * @who: DITTO_ACL_ENTRY_WHO_*
 * @id: of a user or group
 * @sid: SID as on the wire
 * @sid_len: length of @sid; 0 for other principals
 * @flags: DITTO_ACL_ENTRY_FLAG_* bits
 * @rights: DITTO_ACL_RIGHT_* bits
 */
struct acl_entry {
	u32 type;
	u32 who;
	u32 id;
	u8 sid[SID_BYTES_MAX];
	u32 sid_len;
	u32 flags;
	u32 rights;
};

/**
 * struct acl - a list
 * @flags: DITTO_ACL_FLAG_* bits
 * @entry: the entries
 * @n: number of entries in @entry
 */
struct acl {
	u32 flags;
	struct acl_entry *entry;
	unsigned int n;
};

/*
 * Parse "TYPE:WHO:RIGHTS[:FLAGS]" and append it, or "flags:FLAGS" of the list. Returns false and
 * fills @why on error.
 */
bool acl_add(struct acl *acl, const char *text, struct why *why);
void acl_free(struct acl *acl);

/* Write an entry as acl_add() takes it; the caller frees the text. */
char *acl_entry_text(const struct acl_entry *e);
/* Write the principal of an entry; the caller frees the text. */
char *acl_who_text(const struct acl_entry *e);
/* Write rights, with a word for usual combinations; the caller frees the text. */
char *acl_rights_text(u32 rights);
/* Write the names of flags, separated by commas; the caller frees the text. */
char *acl_flags_text(const struct spec_enum *names, u64 flags);
/* Name of a user or group, or its number; the caller frees the text. */
char *acl_user_text(u32 uid);
char *acl_group_text(u32 gid);

/* Parse an entry of a message. Returns false if it is malformed. */
bool acl_entry_from(struct acl_entry *e, struct nlattr *nla);
/* Append an entry of a message. Returns the same. */
bool acl_add_attr(struct acl *acl, struct nlattr *nla);
/* Add the flags and the entries to a request. */
void acl_put(struct nl_msg *msg, const struct acl *acl);
/* Write an entry as a JSON object. */
void acl_entry_json(const char *key, const struct acl_entry *e);
/* Write the names of flags as a JSON list. */
void acl_flags_json(const char *key, const struct spec_enum *names, u64 flags);

#endif
