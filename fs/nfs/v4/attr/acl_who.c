// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of the principals in access control entries (RFC 8881 section 6.2.1.5).
 *
 * Special principals have names that end with "@". Users and groups are named as
 * owners are. A principal without a name in the RFC is named by its SID (MS-DTYP
 * section 2.4.2.1) and an "@", which cannot be the name of a user either, so that
 * it is never taken for another principal. A SID whose principal has another name
 * here is not accepted: each principal has one name only.
 */
#include <linux/hex.h>
#include <linux/kernel.h>
#include <linux/nfs4.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "../engine/compound.h"
#include "acl.h"

/* S-1-, a six-byte authority, and up to 15 parts of ten digits. */
#define SID_PARTS_MAX	15
#define SID_HEAD	8
#define AUTHORITY_BITS	48

static const char *const special[DITTO_WHOS] = {
	[DITTO_WHO_OWNER]		= "OWNER@",
	[DITTO_WHO_GROUP]		= "GROUP@",
	[DITTO_WHO_EVERYONE]		= "EVERYONE@",
	[DITTO_WHO_AUTHENTICATED]	= "AUTHENTICATED@",
	[DITTO_WHO_ANONYMOUS]		= "ANONYMOUS@",
	[DITTO_WHO_NETWORK]		= "NETWORK@",
	[DITTO_WHO_OWNER_RIGHTS]	= "S-1-3-4@",
};

/* Special principals of the RFC that no client of a network protocol ever is; kept as SIDs. */
static const struct {
	const char *name;
	const char *sid;
} absent[] = {
	{ "DIALUP@",		"S-1-5-1@" },
	{ "BATCH@",		"S-1-5-3@" },
	{ "INTERACTIVE@",	"S-1-5-4@" },
	{ "SERVICE@",		"S-1-5-6@" },
};

/* SIDs of principals that have another name; a row ending with '-' matches all that begin so. */
static const char *const taken[] = {
	"S-1-1-0@", "S-1-5-2@", "S-1-5-7@", "S-1-5-11@", "S-1-22-1-", "S-1-22-2-", "S-1-5-88-",
};

/*
 * Creator Owner and Creator Group. In an inheritable entry they are OWNER@ and GROUP@. In others
 * they match nobody.
 */
static const char *const creators[] = { "S-1-3-0@", "S-1-3-1@" };

static bool who_is(const char *text, u32 len, const char *name)
{
	return len == strlen(name) && !memcmp(text, name, len);
}

/* Prints a binary SID as text with "@". Return: its length. */
static int print_sid(const u8 sid[DITTO_FOREIGN_MAX], char text[DNFS4_OWNER_TEXT_MAX])
{
	int len = ditto_sid_text(sid, text);

	BUILD_BUG_ON(DITTO_SID_TEXT >= DNFS4_OWNER_TEXT_MAX);
	strscpy(text + len, "@", DNFS4_OWNER_TEXT_MAX - len);
	return len + 1;
}

/* Parses the next number of a terminated text and advances @at. False if there is none. */
static bool next_number(const char **at, u64 *number)
{
	unsigned int base = 10;
	const char *begin;
	int digit;

	if ((*at)[0] == '0' && (*at)[1] == 'x') {
		base = 16;
		*at += 2;
	}
	*number = 0;
	for (begin = *at; ; (*at)++) {
		digit = hex_to_bin(**at);
		if (digit < 0 || digit >= base)
			return *at > begin;
		*number = base * *number + digit;
		if (*number >> AUTHORITY_BITS)
			return false;
	}
}

/* Parses "-1-5-21-..." up to the "@". Does not check that it is the canonical form of the SID. */
static bool parse_parts(const char *at, struct ditto_ace *ace)
{
	u8 *sid = ace->foreign;
	unsigned int parts = 0;
	u64 number;

	if (*at++ != '-' || !next_number(&at, &number) || number != 1)
		return false;
	sid[0] = number;
	if (*at++ != '-' || !next_number(&at, &number))
		return false;
	put_unaligned_be16(number >> 32, sid + 2);
	put_unaligned_be32(number, sid + 4);
	for (; *at == '-'; parts++) {
		at++;
		if (parts == SID_PARTS_MAX || !next_number(&at, &number) || number > U32_MAX)
			return false;
		put_unaligned_le32(number, sid + SID_HEAD + parts * sizeof(u32));
	}
	sid[1] = parts;
	ace->foreign_len = SID_HEAD + parts * sizeof(u32);
	return parts && *at == '@';
}

static bool is_taken(const char *text, u32 len, const struct ditto_ace *ace)
{
	if (ace->flags & DITTO_ACE_INHERITABLE)
		for (size_t i = 0; i < ARRAY_SIZE(creators); i++)
			if (who_is(text, len, creators[i]))
				return true;
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
		size_t n = strlen(taken[i]);

		if (taken[i][n - 1] == '-' ? len > n && !memcmp(text, taken[i], n) :
					     who_is(text, len, taken[i]))
			return true;
	}
	return false;
}

/* Parses "S-1-...@". A text that would not be printed the same again is refused. */
static u32 read_sid(const char *text, u32 len, struct ditto_ace *ace)
{
	char copy[DNFS4_OWNER_TEXT_MAX], said[DNFS4_OWNER_TEXT_MAX];

	if (len >= sizeof(copy) || is_taken(text, len, ace))
		return NFS4ERR_BADOWNER;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (copy[0] != 'S' || !parse_parts(copy + 1, ace) ||
	    print_sid(ace->foreign, said) != len || memcmp(text, said, len)) {
		memset(ace->foreign, 0, sizeof(ace->foreign));
		ace->foreign_len = 0;
		return NFS4ERR_BADOWNER;
	}
	ace->who = DITTO_WHO_FOREIGN;
	return NFS4_OK;
}

/*
 * Find the principal of a name (RFC 8881 section 6.2.1.5). @len: bytes of @text, not 0. Return:
 * NFS4_OK, NFS4ERR_BADOWNER, or NFS4ERR_DELAY while the helper is asked.
 */
u32 dnfs4_who_read(const struct dnfs4_compound *cmp, const char *text, u32 len, bool is_group,
		   struct ditto_ace *ace)
{
	if (text[len - 1] != '@') {
		if (is_group) {
			ace->who = DITTO_WHO_GID;
			return dnfs4_group_read(cmp, text, len, &ace->gid);
		}
		ace->who = DITTO_WHO_UID;
		return dnfs4_owner_read(cmp, text, len, &ace->uid);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(special); i++) {
		if (special[i] && who_is(text, len, special[i])) {
			ace->who = i;
			return NFS4_OK;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(absent); i++)
		if (who_is(text, len, absent[i].name))
			return read_sid(absent[i].sid, strlen(absent[i].sid), ace);
	return read_sid(text, len, ace);
}

static int say_foreign(const struct ditto_ace *ace, struct dnfs4_who *who, const char **text)
{
	int len = print_sid(ace->foreign, who->sid);

	*text = who->sid;
	for (size_t i = 0; i < ARRAY_SIZE(absent); i++) {
		if (who_is(who->sid, len, absent[i].sid)) {
			*text = absent[i].name;
			return strlen(absent[i].name);
		}
	}
	return len;
}

static int say_text(int err, const struct dnfs4_owner_text *owner, const char **text)
{
	*text = owner->text;
	return err ?: owner->len;
}

/*
 * Give the name of an entry's principal (RFC 8881 section 6.2.1.5). Return: bytes of @text, or
 * -EJUKEBOX while the helper is asked.
 */
int dnfs4_who_name(const struct dnfs4_compound *cmp, const struct ditto_ace *ace,
		   struct dnfs4_who *who, const char **text)
{
	switch (ace->who) {
	case DITTO_WHO_UID:
		return say_text(dnfs4_uid_name(cmp, ace->uid, &who->user), &who->user, text);
	case DITTO_WHO_GID:
		return say_text(dnfs4_gid_name(cmp, ace->gid, &who->group), &who->group, text);
	case DITTO_WHO_FOREIGN:
		return say_foreign(ace, who, text);
	default:
		*text = special[ace->who];
		return strlen(*text);
	}
}
