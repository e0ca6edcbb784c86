/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIDs of users and their groups, and tokens: what a user is besides a uid and gids.
 *
 * A token is made once, from an answer of the helper, and does not change after that. It is shared
 * by whatever holds a reference: a login, cached credentials, the cache of names.
 */
#ifndef _DITTO_NET_HELPER_TOKEN_H
#define _DITTO_NET_HELPER_TOKEN_H

#include <linux/bits.h>
#include <linux/overflow.h>
#include <linux/refcount.h>
#include <linux/types.h>

struct genl_info;

/* A SID in its packed form, MS-DTYP section 2.4.2.2: header, then sub-authorities of 4 bytes. */
#define DITTO_SID_MIN		8
#define DITTO_SID_MAX		68	/* with 15 sub-authorities */
/* Bytes of the longest SID as text, with the NUL. */
#define DITTO_SID_TEXT		192

/* SIDs of one token: as many as Windows puts into one (MaxTokenSize), as of groups. */
#define DITTO_TOKEN_SIDS_MAX	1024

/* Privileges of a token, as bits; the values match the netlink flags "token-privilege". */
/* Take ownership, back up, restore: SeTakeOwnership-, SeBackup- and SeRestorePrivilege. */
#define DITTO_TOKEN_RESTORE	BIT(0)
#define DITTO_TOKEN_SECURITY	BIT(1)	/* see and set audit entries: SeSecurityPrivilege */
#define DITTO_TOKEN_PRIVILEGES	0x3

/**
 * struct ditto_token - SIDs and privileges of a user
 * @ref: reference count
 * @rcu: freed under RCU, because freeing many SIDs may sleep
 * @hash: of everything below
 * @privileges: DITTO_TOKEN_* bits
 * @complete: a SID that is not in the token is not the user's; false if the helper has no directory
 *	that knows SIDs of domains
 * @count: number of SIDs
 * @bytes: their bytes in total
 * @at: where in @sids each begins, in ascending order of the SIDs, without duplicates
 * @sids: the SIDs; follows @at
 */
struct ditto_token {
	refcount_t ref;
	struct rcu_head rcu;
	u64 hash;
	u32 privileges;
	bool complete;
	u32 count;
	u32 bytes;
	u8 *sids;
	u32 at[] __counted_by(count);
};

/**
 * ditto_sid_is_valid - check the packed form of a SID
 * @sid: the bytes
 * @len: number of bytes
 *
 * Context: any.
 * Return: true if revision, number of sub-authorities and length are right.
 */
bool ditto_sid_is_valid(const u8 *sid, size_t len);

/* Bytes of a valid SID. */
static inline size_t ditto_sid_len(const u8 *sid)
{
	return DITTO_SID_MIN + 4 * sid[1];
}

/**
 * ditto_sid_text - write a SID as text
 * @sid: valid
 * @text: filled, as in S-1-5-32-544 (MS-DTYP section 2.4.2.1)
 *
 * Context: any.
 * Return: length of the text.
 */
int ditto_sid_text(const u8 *sid, char text[DITTO_SID_TEXT]);

/* The authority that can tell whether a SID is one of a user's. */
enum ditto_sid_scope {
	DITTO_SID_OF_NOBODY,	/* no user of a network protocol has it */
	DITTO_SID_OF_MACHINE,	/* of BUILTIN: this machine can */
	DITTO_SID_OF_DIRECTORY,	/* of a domain, or unknown: a directory can */
};

/**
 * ditto_sid_scope - tell who knows whether a SID is one of a user's
 * @sid: valid
 *
 * Context: any.
 * Return: the scope.
 */
enum ditto_sid_scope ditto_sid_scope(const u8 *sid);

/**
 * ditto_token_alloc - begin to make a token
 * @count: number of SIDs, at most DITTO_TOKEN_SIDS_MAX
 * @bytes: their bytes in total
 *
 * Return: a token without SIDs, to be completed by ditto_token_add() and ditto_token_finish();
 * NULL without memory or if there are too many SIDs.
 */
struct ditto_token *ditto_token_alloc(unsigned int count, size_t bytes);

/**
 * ditto_token_add - add a SID to a token that is being made
 * @token: has room for it
 * @sid: valid
 *
 * Context: any.
 */
void ditto_token_add(struct ditto_token *token, const u8 *sid);

/**
 * ditto_token_finish - complete a token
 * @token: with all SIDs, privileges and @complete; immutable from now on
 *
 * Context: any.
 */
void ditto_token_finish(struct ditto_token *token);

/**
 * ditto_token_read - make a token of the attributes of an answer
 * @info: the answer
 * @token: filled; NULL if the answer has no SIDs
 *
 * Return: 0; -EINVAL with a message for the helper in the extack; -ENOMEM.
 */
int ditto_token_read(struct genl_info *info, struct ditto_token **token);

/**
 * ditto_token_has - look for a SID in a token
 * @token: the token
 * @sid: valid
 *
 * A binary search: it allocates nothing, and takes no lock.
 *
 * Context: any.
 * Return: true if it is there.
 */
bool ditto_token_has(const struct ditto_token *token, const u8 *sid);

/* The token of users without a name: no SID is theirs. */
extern const struct ditto_token ditto_token_nobody;

/* Whether a SID is one of a user's. */
enum ditto_sid_match {
	DITTO_SID_OTHER,
	DITTO_SID_HIS,
	DITTO_SID_UNDECIDED,	/* nobody can tell */
};

/**
 * ditto_sid_match - tell whether a SID is one of a user's
 * @sid: valid
 * @token: what is known about the user, or NULL
 *
 * A token that is not complete has the SIDs of this machine, but may lack SIDs of domains.
 *
 * Context: any.
 * Return: enum ditto_sid_match.
 */
enum ditto_sid_match ditto_sid_match(const u8 *sid, const struct ditto_token *token);

/* Bytes of memory that a token takes. Any context. */
static inline size_t ditto_token_size(const struct ditto_token *token)
{
	return struct_size(token, at, token->count) + token->bytes;
}

/* True if both are the same: equal SIDs and privileges, or both NULL. Any context. */
bool ditto_token_eq(const struct ditto_token *a, const struct ditto_token *b);

/* Take a reference; @token may be NULL. Any context. */
static inline struct ditto_token *ditto_token_hold(struct ditto_token *token)
{
	if (token)
		refcount_inc(&token->ref);
	return token;
}

/* Drop a reference; @token may be NULL. Any context. */
void ditto_token_put(struct ditto_token *token);

#endif
