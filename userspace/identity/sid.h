/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Security identifiers (MS-DTYP section 2.4.2), the well-known ones, and their names. Other
 * SIDs have the names that identity/identity.h finds.
 *
 * All functions are thread-safe.
 */
#ifndef _DITTOD_SID_H
#define _DITTOD_SID_H

#include <sys/types.h>

#include "common/types.h"
#include "nss.h"

/* Most sub-authorities, and longest SID in bytes. */
#define SID_SUBS_MAX	15
#define SID_SIZE_MAX	(8 + 4 * SID_SUBS_MAX)

/* SECURITY_NT_AUTHORITY, and by convention the authority of Unix accounts. */
#define SID_AUTHORITY_NT	5
#define SID_AUTHORITY_UNIX	22
#define SID_UNIX_USERS		1
#define SID_UNIX_GROUPS		2
/* S-1-5-21-x-y-z is a domain or a machine. */
#define SID_NT_DOMAIN		21
/* S-1-5-32-n is an alias of every machine. */
#define SID_NT_BUILTIN		32
#define SID_RID_ADMINISTRATORS	544

/* Relative identifier of MACHINE\None, the group of all users of a machine. */
#define SID_RID_NONE		513

/* Domains of Unix accounts in names. */
#define SID_USERS_DOMAIN	"Unix User"
#define SID_GROUPS_DOMAIN	"Unix Group"

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
/* Return the length of a SID on the wire, in bytes. */
size_t sid_size(const struct sid *sid);
/* Encode a SID for the wire; returns its length in bytes. */
size_t sid_put(const struct sid *sid, u8 out[SID_SIZE_MAX]);
/* Decode a SID; bytes may follow. Returns its length in bytes, 0 if it is malformed. */
size_t sid_get(struct sid *sid, const u8 *in, size_t len);
/* Return true if both SIDs are equal. */
bool sid_same(const struct sid *a, const struct sid *b);

/* Parse "S-1-..." with decimal numbers, or a hexadecimal authority. Returns false on error. */
bool sid_parse(const char *text, struct sid *sid);

/* Return the name of this machine without its domain, in capitals as clients write it. */
void sid_machine_name(char name[NSS_NAME_SIZE]);

/* Get the name of a well-known SID. Returns false if there is none. */
bool sid_well_known_by_sid(const struct sid *sid, struct sid_name *name);
/*
 * Find a well-known SID by its name, with an empty domain for any, and bring the name into its
 * usual spelling. Returns false if there is none.
 */
bool sid_well_known_by_name(struct sid_name *name, struct sid *sid);
/*
 * Split "DOMAIN\name" or "name@DOMAIN" or "name"; the domain is empty if there is none. Returns 0,
 * or -ENOENT if a part is too long.
 */
int sid_split(const char *text, struct sid_name *out);

/**
 * struct sid_accounts - where SIDs and names are looked up that are not well known
 * @machine: SID of this machine as a domain
 * @find: fills @name from @sid, or @sid and all of @name if @by_name is set; may block; returns
 *	0, -ENOENT or another negative errno
 * @arg: argument of @find
 */
struct sid_accounts {
	struct sid machine;
	int (*find)(void *arg, bool by_name, struct sid *sid, struct sid_name *name);
	void *arg;
};

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
/* Append a relative identifier, if there is room. */
void sid_append(struct sid *sid, u32 rid);
/* Return the SID without its last sub-authority, which LSA calls its domain. */
void sid_domain(const struct sid *sid, struct sid *domain);

#endif
