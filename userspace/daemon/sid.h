/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Security identifiers (MS-DTYP section 2.4.2) and what they stand for here:
 * users and groups of this machine by their numbers, and the well-known ones.
 */
#ifndef _DITTOD_SID_H
#define _DITTOD_SID_H

#include <sys/types.h>

#include "common/types.h"
#include "nss.h"

/* Sub-authorities, and bytes on the wire. */
#define SID_SUBS_MAX	15
#define SID_SIZE_MAX	(8 + 4 * SID_SUBS_MAX)

/**
 * struct sid - a security identifier
 * @authority: 48 bits
 * @nsubs: of @sub
 * @sub: sub-authorities, the last one is the relative identifier
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
 * struct sid_name - what a SID is called
 * @use: kind
 * @domain: before the backslash; may be empty
 * @name: behind it
 */
struct sid_name {
	enum sid_use use;
	char domain[NSS_NAME_SIZE];
	char name[NSS_NAME_SIZE];
};

/* S-1-22-1-uid and S-1-22-2-gid. */
void sid_of_user(struct sid *sid, uid_t uid);
void sid_of_group(struct sid *sid, gid_t gid);
/* S-1-5-7, who gave no name. */
void sid_of_anonymous(struct sid *sid);
/*
 * The machine as a domain, with a number that is made of its identity
 * (machine-id(5)), so that it stays and is no other machine's. It is found out once,
 * by the first call, which is not to be made by two threads.
 */
void sid_of_machine(struct sid *sid);

/* To the bytes of the wire; returns how many. */
size_t sid_put(const struct sid *sid, u8 out[SID_SIZE_MAX]);
bool sid_same(const struct sid *a, const struct sid *b);

/* Name of this machine without its domain, in capitals, as clients write it. */
void sid_machine_name(char name[NSS_NAME_SIZE]);

/* What is looked for among the accounts of this machine. */
enum sid_find {
	SID_FIND_USER_NAME,
	SID_FIND_GROUP_NAME,
	SID_FIND_USER_ID,
	SID_FIND_GROUP_ID,
	SID_FINDS
};

/**
 * struct sid_accounts - where accounts are looked up
 * @find: fills @name from @id or @id from @name; may block; 0, -ENOENT, another negative errno
 * @arg: for @find
 */
struct sid_accounts {
	int (*find)(void *arg, enum sid_find what, u32 *id, char name[NSS_NAME_SIZE]);
	void *arg;
};

/* A struct sid_accounts' @find, by the name service; @arg is not used. */
int sid_find(void *arg, enum sid_find what, u32 *id, char name[NSS_NAME_SIZE]);

/* What a SID is called; may block. 0, -ENOENT, another negative errno. */
int sid_to_name(const struct sid_accounts *accounts, const struct sid *sid,
		struct sid_name *name);
/*
 * The SID of a name, "DOMAIN\name", "name@DOMAIN" or "name"; fills the words
 * in which the machine writes it, too. May block. 0, -ENOENT, another negative errno.
 */
int sid_from_name(const struct sid_accounts *accounts, const char *text, struct sid *sid,
		  struct sid_name *name);
/* A SID in words, "S-1-...", which fits into a name. */
void sid_text(const struct sid *sid, char out[NSS_NAME_SIZE]);
/* The SID without its last sub-authority, which is what LSA calls its domain. */
void sid_domain(const struct sid *sid, struct sid *domain);

#endif
