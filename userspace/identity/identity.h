/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Identities for all protocols: SID, uid or gid, and name, each from one of the others.
 *
 * Sources know identities: directory services, a file, the accounts of this machine. They are
 * asked in order, and the first that knows an identity decides. A source that does not answer
 * (-EAGAIN) is not one that knows nothing (-ENOENT): those behind it are not asked then, because
 * the same name or number may mean somebody else there.
 *
 * Sources that block are asked in the threads of lookup.h, and their answers are kept in a cache.
 *
 * All functions are thread-safe unless described otherwise.
 */
#ifndef _DITTOD_IDENTITY_H
#define _DITTOD_IDENTITY_H

#include "sid.h"
#include "sid_list.h"
#include "text.h"

/* Most sources that the configuration can name, and most of all. */
#define IDENTITY_NAMED_MAX	4
#define IDENTITY_SOURCES_MAX	8
/* Numbers below, and nobody's, belong to this machine; directories are not asked for them. */
#define IDENTITY_SYSTEM_IDS	1000
#define IDENTITY_NOBODY		65534
/* Most BUILTIN aliases that the configuration can map. */
#define IDENTITY_ALIASES_MAX	16

/*
 * Callers that look identities up for no user, beyond all numbers of users. Each has look-ups of
 * its own: what clients make one of them ask uses up no other's.
 */
#define IDENTITY_FOR_KERNEL	UINT64_MAX		/* numbers and names */
#define IDENTITY_FOR_SIDS	(UINT64_MAX - 1)	/* SIDs, for the kernel */
#define IDENTITY_FOR_LOGINS	(UINT64_MAX - 2)	/* names that clients claim */
#define IDENTITY_FOR_ACCOUNTS	(UINT64_MAX - 3)	/* names that the name service has not */
#define IDENTITY_FOR_SHARES	(UINT64_MAX - 4)	/* names in ditto.conf */
#define IDENTITY_FOR_AUDIT	(UINT64_MAX - 5)	/* users in the audit log */

/* Kinds of accounts, as bits: a directory may have a number for both. */
#define IDENTITY_USER	1u
#define IDENTITY_GROUP	2u

/**
 * struct identity - what is known about a user, a group or another principal
 * @sid: its SID
 * @name: its name, and the domain as Windows writes it
 * @realm: the domain as DNS writes it; empty if it has none
 * @directory: a directory knows it
 * @kinds: IDENTITY_* bits of the account; 0 if it has no account on this machine
 * @id: uid or gid; valid if @kinds is not 0
 */
struct identity {
	struct sid sid;
	struct sid_name name;
	char realm[NSS_NAME_SIZE];
	bool directory;
	unsigned int kinds;
	u32 id;
};

enum identity_by {
	IDENTITY_BY_SID,
	IDENTITY_BY_ID,
	IDENTITY_BY_NAME,
};

/**
 * struct identity_query - a question and its answer
 * @by: the member of @who that is given; of the name, an empty domain means any
 * @kinds: kinds that are wanted; for IDENTITY_BY_ID the kind of the number
 * @directories: the name service is not asked: who is known to it only is -ENOENT
 * @who: the identity
 */
struct identity_query {
	enum identity_by by;
	unsigned int kinds;
	bool directories;
	struct identity who;
};

/**
 * struct identity_source - what knows identities
 * @title: name of the source in the configuration and in messages
 * @name_service: knows everyone who has a number here, and gives SIDs made of the number
 * @directory: knows identities of other machines too: numbers of the system, and of accounts of
 *	this machine, are not accepted
 * @blocks: answers may take long
 * @only_first: found by name or number only if the configuration names it first
 * @keep_ms: how long an answer is kept; 0 if the source changes without notice
 * @keep_not_ms: the same for the answer that there is no such identity
 * @open: prepares the source when the configuration names it; may be NULL
 * @may_know: false if the source cannot know the identity; asks nobody; may be NULL
 * @by_sid: fills everything from @out->sid
 * @by_id: fills everything from @out->id, for one kind
 * @by_name: fills everything from @out->name, for any of the kinds
 * @groups: fills the groups of a user, by the user's SID; may be NULL
 * @sids: adds the SIDs of the groups of a user of a domain, groups in groups included; may be NULL
 * @joined: fills name, realm and SID of the domain that this machine is a member of; may be NULL
 *
 * The last six return 0, -ENOENT, or -EAGAIN if the source does not answer. They may change
 * @out in any case.
 */
struct identity_source {
	const char *title;
	bool name_service;
	bool directory;
	bool blocks;
	bool only_first;
	u64 keep_ms;
	u64 keep_not_ms;
	void (*open)(void);
	bool (*may_know)(const struct identity_query *q);
	int (*by_sid)(struct identity *out);
	int (*by_id)(unsigned int kind, struct identity *out);
	int (*by_name)(unsigned int kinds, struct identity *out);
	int (*groups)(uid_t uid, u32 gids[NSS_GROUPS_MAX], unsigned int *n);
	int (*sids)(const struct sid *user, struct sid_list *out);
	int (*joined)(struct identity *out);
};

extern const struct identity_source identity_winbind;
extern const struct identity_source identity_sssd;
extern const struct identity_source identity_map;
extern const struct identity_source identity_local;
/* Not named in the configuration: the first two come before, the last after all others. */
extern const struct identity_source identity_well_known;
extern const struct identity_source identity_builtin;
extern const struct identity_source identity_unix;

/**
 * struct identity_order - sources in the order in which they are asked
 * @source: the sources
 * @n: number of entries in @source
 */
struct identity_order {
	const struct identity_source *source[IDENTITY_NAMED_MAX];
	unsigned int n;
};

/* Fill the order of a configuration that names none. */
void identity_order_default(struct identity_order *order);
/* Parse names of sources separated by spaces. Returns false and fills @why on error. */
bool identity_order_parse(struct identity_order *order, const char *text, struct why *why);

/**
 * struct identity_aliases - BUILTIN aliases that stand for groups of this machine
 * @alias: the aliases: relative identifier and name of the group
 * @n: number of entries in @alias
 */
struct identity_aliases {
	struct {
		u32 rid;
		char group[NSS_NAME_SIZE];
	} alias[IDENTITY_ALIASES_MAX];
	unsigned int n;
};

/* Get the SIDs of the aliases that stand for groups now. Returns their number. */
unsigned int identity_aliases_get(struct sid sid[IDENTITY_ALIASES_MAX]);
/* Parse "ALIAS = GROUP" and append it. Returns false and fills @why on error. */
bool identity_alias_add(struct identity_aliases *aliases, const char *text, struct why *why);

/*
 * Use this configuration from now on; both stay the caller's. Answers of sources that were used
 * before are dropped.
 */
void identity_configure(const struct identity_order *order,
			const struct identity_aliases *aliases);
/* Use these sources and no others; for tests. */
void identity_set_sources(const struct identity_source *const *source, unsigned int n);

/* Set the aliases of the source "builtin", and the SID of this machine as a domain. */
void identity_builtin_set(const struct identity_aliases *aliases);
void identity_machine_set(const struct sid *sid);
/* Get the SID of this machine as a domain; derived from its id if none was set. */
void identity_machine(struct sid *sid);
/*
 * Derive a SID from the id of a machine, a text. Other programs get another result, and it does not
 * reveal the id (compare sd_id128_get_machine_app_specific(3)).
 */
void identity_machine_derive(const char *id, struct sid *sid);

/**
 * struct identity_who - on whose behalf an identity is looked up
 * @user: number that identifies the user
 * @most: most look-ups of this user that may be pending; 0 for the default
 * @until: deadline by clock_ms()
 * @asker: the client for which it is looked up, see struct lookup_who; may be NULL
 */
struct identity_who {
	u64 user;
	unsigned int most;
	u64 until;
	const struct address *asker;
};

/**
 * identity_find - look up an identity
 * @who: the user and the deadline
 * @q: the question, which is completed
 *
 * Blocks until the deadline at most, and not at all if the answers are known.
 *
 * Return: 0; -ENOENT; -EAGAIN (a source does not answer, or too many look-ups are pending).
 */
int identity_find(const struct identity_who *who, struct identity_query *q);
/* The same for a SID, a number of one kind, or "DOMAIN\name", "name@DOMAIN" or "name". */
int identity_by_sid(const struct identity_who *who, const struct sid *sid, struct identity *out);
int identity_by_id(const struct identity_who *who, unsigned int kind, u32 id,
		   struct identity *out);
int identity_by_name(const struct identity_who *who, unsigned int kinds, const char *text,
		     struct identity *out);

/* Look up the domain that this machine is a member of; blocks as identity_find() does. */
int identity_joined(const struct identity_who *who, struct identity *out);

/*
 * Look up the groups of a user without the user's name. Blocks as long as the source does. Returns
 * 0, -ENOENT (no source can tell) or -EAGAIN.
 */
int identity_groups(uid_t uid, u32 gids[NSS_GROUPS_MAX], unsigned int *n);

/*
 * Look up the SIDs of the groups of a user of a domain, and add them. Blocks as long as the source
 * does. Returns 0, -ENOENT (no source can tell), -E2BIG (too many) or -EAGAIN.
 */
int identity_sids(const struct sid *user, struct sid_list *out);

/* Is there a source of identities of domains: a directory, or a map file that is not empty? */
bool identity_knows_domains(void);
/*
 * Say who can be the reason that users are not found in time: "winbind does not answer", or the
 * name service if the configuration names no directory.
 */
void identity_explain_wait(char *text, size_t size);
/* Does the map file have lines? */
bool identity_map_has_lines(void);
/* Is this a number of an account of the system? */
bool identity_is_system(u32 id);
/* Does the file of this machine's users or groups have this number? */
bool identity_is_local(unsigned int kind, u32 id);
/* Does the file of this machine's users have a user of this name and number? */
bool identity_is_local_user(const char *name, u32 uid);
/* May a directory have a SID: of a domain, or of something in it, but not of this machine? */
bool identity_directory_may_have(const struct sid *sid);
/* The @may_know of directories: no names and numbers of this machine. */
bool identity_directory_may_know(const struct identity_query *q);
/* The relative identifier of a user or group of this machine. Returns false if there is none. */
bool identity_rid(unsigned int kind, u32 id, u32 *rid);
/* The opposite. */
bool identity_of_rid(u32 rid, unsigned int *kind, u32 *id);

/*
 * Read the map file again. A file with mistakes is not used, and the one before stays. Returns
 * the number of mistakes, which are logged.
 */
unsigned int identity_map_read(const char *path);
/*
 * Parse the content of a map file, which is modified, and use it. Each mistake is reported with
 * its line. Returns their number.
 */
unsigned int identity_map_parse(const char *name, char *text,
				void (*report)(void *arg, const char *mistake), void *arg);
/*
 * Test the name in a line of the files of local accounts. The lines "+", "+@netgroup", "-user" and
 * the like include or leave out accounts of a directory (nsswitch.conf(5), "compat"). They are no
 * accounts, and what they lack reads as the number 0 and as texts that are NULL.
 */
bool identity_is_account(const char *name);
/* The file that has the local accounts of one kind. */
const char *identity_local_file(unsigned int kind);
/* Use other files of accounts than /etc/passwd and /etc/group; for tests. */
void identity_local_files(const char *passwd, const char *group);

#endif
