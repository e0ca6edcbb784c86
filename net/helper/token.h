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

bool ditto_sid_is_valid(const u8 *sid, size_t len);

/* Bytes of a valid SID. */
static inline size_t ditto_sid_len(const u8 *sid)
{
	return DITTO_SID_MIN + 4 * sid[1];
}

int ditto_sid_text(const u8 *sid, char text[DITTO_SID_TEXT]);

/* The authority that can tell whether a SID is one of a user's. */
enum ditto_sid_scope {
	DITTO_SID_OF_NOBODY,	/* no user of a network protocol has it */
	DITTO_SID_OF_MACHINE,	/* of BUILTIN: this machine can */
	DITTO_SID_OF_DIRECTORY,	/* of a domain, or unknown: a directory can */
};

enum ditto_sid_scope ditto_sid_scope(const u8 *sid);
struct ditto_token *ditto_token_alloc(unsigned int count, size_t bytes);
void ditto_token_add(struct ditto_token *token, const u8 *sid);
void ditto_token_finish(struct ditto_token *token);
int ditto_token_read(struct genl_info *info, struct ditto_token **token);
bool ditto_token_has(const struct ditto_token *token, const u8 *sid);

/* The token of users without a name: no SID is theirs. */
extern const struct ditto_token ditto_token_nobody;

/* Whether a SID is one of a user's. */
enum ditto_sid_match {
	DITTO_SID_OTHER,
	DITTO_SID_HIS,
	DITTO_SID_UNDECIDED,	/* nobody can tell */
};

enum ditto_sid_match ditto_sid_match(const u8 *sid, const struct ditto_token *token);

/* Bytes of memory that a token takes. Any context. */
static inline size_t ditto_token_size(const struct ditto_token *token)
{
	return struct_size(token, at, token->count) + token->bytes;
}

bool ditto_token_eq(const struct ditto_token *a, const struct ditto_token *b);

/* Take a reference; @token may be NULL. Any context. */
static inline struct ditto_token *ditto_token_hold(struct ditto_token *token)
{
	if (token)
		refcount_inc(&token->ref);
	return token;
}

void ditto_token_put(struct ditto_token *token);

#endif
