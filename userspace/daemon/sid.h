/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Security identifiers (MS-DTYP section 2.4.2) and their mapping: users and groups of this
 * machine by number, and the well-known SIDs.
 *
 * All functions are thread-safe after the first call of sid_of_machine().
 */
#ifndef _DITTOD_SID_H
#define _DITTOD_SID_H

#include <sys/types.h>

#include "common/types.h"
#include "nss.h"

/* Most sub-authorities, and longest SID in bytes. */
#define SID_SUBS_MAX	15
#define SID_SIZE_MAX	(8 + 4 * SID_SUBS_MAX)

/**
 * struct sid - a security identifier
 * @authority: identifier authority, 48 bits
 * @nsubs: number of sub-authorities
 * @sub: sub-authorities; the last one is the relative identifier
 */
struct sid {
	u64 authority;
	unsigned int nsubs;
	u32 sub[SID_SUBS_MAX];
};

/* Kinds of names (SID_NAME_USE, MS-SAMR section 2.2.2.3). */
enum sid_use {
	SID_USE_USER = 1,
	SID_USE_GROUP = 2,
	SID_USE_DOMAIN = 3,
	SID_USE_ALIAS = 4,
	SID_USE_WELL_KNOWN = 5,
	SID_USE_UNKNOWN = 8,
};

/**
 * struct sid_name - the name of a SID
 * @use: kind of the name
 * @domain: part before the backslash; may be empty
 * @name: part after the backslash
 */
struct sid_name {
	enum sid_use use;
	char domain[NSS_NAME_SIZE];
	char name[NSS_NAME_SIZE];
};

/* S-1-22-1-uid and S-1-22-2-gid. */
void sid_of_user(struct sid *sid, uid_t uid);
void sid_of_group(struct sid *sid, gid_t gid);
/* S-1-5-7, for clients that gave no name. */
void sid_of_anonymous(struct sid *sid);
/*
 * Return the SID of the machine as a domain. It is derived from machine-id(5), so it is stable
 * and differs between machines. The first call computes it, and must not run in two threads at
 * once.
 */
void sid_of_machine(struct sid *sid);

/* Encode a SID for the wire; returns its length in bytes. */
size_t sid_put(const struct sid *sid, u8 out[SID_SIZE_MAX]);
/* Return true if both SIDs are equal. */
bool sid_same(const struct sid *a, const struct sid *b);

/* Return the name of this machine without its domain, in capitals as clients write it. */
void sid_machine_name(char name[NSS_NAME_SIZE]);

/* Directions of a look-up among the accounts of this machine. */
enum sid_find {
	SID_FIND_USER_NAME,
	SID_FIND_GROUP_NAME,
	SID_FIND_USER_ID,
	SID_FIND_GROUP_ID,
	SID_FINDS
};

/**
 * struct sid_accounts - source of accounts
 * @find: fills @name from @id or @id from @name; may block; returns 0, -ENOENT or another
 *	negative errno
 * @arg: argument of @find
 */
struct sid_accounts {
	int (*find)(void *arg, enum sid_find what, u32 *id, char name[NSS_NAME_SIZE]);
	void *arg;
};

/* The @find of struct sid_accounts that queries the name service; @arg is not used. */
int sid_find(void *arg, enum sid_find what, u32 *id, char name[NSS_NAME_SIZE]);

/* Map a SID to its name; may block. Returns 0, -ENOENT or another negative errno. */
int sid_to_name(const struct sid_accounts *accounts, const struct sid *sid,
		struct sid_name *name);
/*
 * Map "DOMAIN\name", "name@DOMAIN" or "name" to a SID, and fill @name in the canonical spelling.
 * May block. Returns 0, -ENOENT or another negative errno.
 */
int sid_from_name(const struct sid_accounts *accounts, const char *text, struct sid *sid,
		  struct sid_name *name);
/* Format a SID as "S-1-...". */
void sid_text(const struct sid *sid, char out[NSS_NAME_SIZE]);
/* Return the SID without its last sub-authority, which LSA calls its domain. */
void sid_domain(const struct sid *sid, struct sid *domain);

#endif
