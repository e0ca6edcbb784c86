// SPDX-License-Identifier: GPL-2.0-only
/* SIDs, and tokens made of them: see token.h. */

#include <linux/jhash.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include <net/genetlink.h>

#include "../netlink.h"
#include "token.h"

#define SID_REVISION	1
#define SID_SUBS_MAX	15

#define SID_AUTHORITY_NT	5
#define SID_NT_DOMAIN		21
#define SID_NT_BUILTIN		32

static u64 sid_authority(const u8 *sid)
{
	return (u64)get_unaligned_be16(sid + 2) << 32 | get_unaligned_be32(sid + 4);
}

static u32 sid_sub(const u8 *sid, unsigned int i)
{
	return get_unaligned_le32(sid + DITTO_SID_MIN + i * sizeof(u32));
}

/*
 * Check the packed form of a SID. Context: any. Return: true if revision, number of sub-authorities
 * and length are right.
 */
bool ditto_sid_is_valid(const u8 *sid, size_t len)
{
	return len >= DITTO_SID_MIN && sid[0] == SID_REVISION && sid[1] <= SID_SUBS_MAX &&
	       len == ditto_sid_len(sid);
}

/**
 * ditto_sid_text - write a SID as text
 * @sid: valid
 * @text: filled, as in S-1-5-32-544 (MS-DTYP section 2.4.2.1)
 *
 * Context: any.
 * Return: length of the text.
 */
int ditto_sid_text(const u8 *sid, char text[DITTO_SID_TEXT])
{
	u64 authority = sid_authority(sid);
	int len;

	len = scnprintf(text, DITTO_SID_TEXT, authority > U32_MAX ? "S-%u-0x%012llx" : "S-%u-%llu",
			sid[0], authority);
	for (unsigned int i = 0; i < min(sid[1], SID_SUBS_MAX); i++)
		len += scnprintf(text + len, DITTO_SID_TEXT - len, "-%u", sid_sub(sid, i));
	return len;
}
EXPORT_SYMBOL_NS_GPL(ditto_sid_text, "DITTO");

/*
 * Tell who knows whether a SID is one of a user's.
 *
 * MS-DTYP section 2.4.2.4. The authorities up to 3 have the principals that lists store as such
 * (Everyone, Creator Owner) and the principals of a local console, 16 the integrity levels, and 5
 * the ways to log in to a machine, besides domains and BUILTIN.
 *
 * Context: any. Return: the scope.
 */
enum ditto_sid_scope ditto_sid_scope(const u8 *sid)
{
	u64 authority = sid_authority(sid);

	if (authority <= 3 || authority == 16 || !sid[1])
		return DITTO_SID_OF_NOBODY;
	if (authority != SID_AUTHORITY_NT)
		return DITTO_SID_OF_DIRECTORY;
	if (sid_sub(sid, 0) == SID_NT_BUILTIN)
		return DITTO_SID_OF_MACHINE;
	return sid_sub(sid, 0) == SID_NT_DOMAIN ? DITTO_SID_OF_DIRECTORY : DITTO_SID_OF_NOBODY;
}

/* The number of sub-authorities is compared before they are, so both have as many by then. */
static int sid_cmp(const u8 *a, const u8 *b)
{
	return memcmp(a, b, DITTO_SID_MIN) ?:
	       memcmp(a + DITTO_SID_MIN, b + DITTO_SID_MIN, 4 * a[1]);
}

/*
 * Begin to make a token. Return: a token without SIDs, to be completed by ditto_token_add() and
 * ditto_token_finish(); NULL without memory or if there are too many SIDs.
 */
struct ditto_token *ditto_token_alloc(unsigned int count, size_t bytes)
{
	struct ditto_token *token;

	if (count > DITTO_TOKEN_SIDS_MAX || bytes > count * DITTO_SID_MAX)
		return NULL;
	token = kvzalloc(size_add(struct_size(token, at, count), bytes), GFP_KERNEL);
	if (!token)
		return NULL;
	refcount_set(&token->ref, 1);
	token->sids = (u8 *)token + struct_size(token, at, count);
	return token;
}

/* Add a SID to a token that is being made. Context: any. */
void ditto_token_add(struct ditto_token *token, const u8 *sid)
{
	size_t len = ditto_sid_len(sid);

	token->count++;
	token->at[token->count - 1] = token->bytes;
	memcpy(token->sids + token->bytes, sid, len);
	token->bytes += len;
}

static int token_cmp(const void *a, const void *b, const void *sids)
{
	return sid_cmp((const u8 *)sids + *(const u32 *)a, (const u8 *)sids + *(const u32 *)b);
}

/* Complete a token. Context: any. */
void ditto_token_finish(struct ditto_token *token)
{
	u32 head[] = { token->privileges, token->complete }, low, high;
	unsigned int n = 0;

	sort_r(token->at, token->count, sizeof(token->at[0]), token_cmp, NULL, token->sids);
	for (unsigned int i = 0; i < token->count; i++)
		if (!n || token_cmp(&token->at[n - 1], &token->at[i], token->sids))
			token->at[n++] = token->at[i];
	token->count = n;
	low = jhash(head, sizeof(head), 0);
	high = ~low;
	for (unsigned int i = 0; i < n; i++) {
		const u8 *sid = token->sids + token->at[i];

		low = jhash(sid, ditto_sid_len(sid), low);
		high = jhash(sid, ditto_sid_len(sid), high);
	}
	token->hash = (u64)high << 32 | low;
}

/* Check the SIDs of an answer, and count them with their bytes. */
static int token_check(struct genl_info *info, unsigned int *count, size_t *bytes)
{
	const struct nlattr *attr;
	int rem;

	*count = 0;
	*bytes = 0;
	nlmsg_for_each_attr_type(attr, DITTO_A_UPCALL_SIDS, info->nlhdr, GENL_HDRLEN, rem) {
		if (!ditto_sid_is_valid(nla_data(attr), nla_len(attr))) {
			NL_SET_ERR_MSG_ATTR(info->extack, attr, "this is no packed SID");
			return -EINVAL;
		}
		if (++*count > DITTO_TOKEN_SIDS_MAX) {
			NL_SET_ERR_MSG_ATTR_FMT(info->extack, attr, "a token has at most %u SIDs",
						DITTO_TOKEN_SIDS_MAX);
			return -EINVAL;
		}
		*bytes += nla_len(attr);
	}
	return 0;
}

/*
 * Make a token of the attributes of an answer. @token: filled; NULL if the answer has no SIDs.
 * Return: 0; -EINVAL with a message for the helper in the extack; -ENOMEM.
 */
int ditto_token_read(struct genl_info *info, struct ditto_token **token)
{
	const struct nlattr *privileges = info->attrs[DITTO_A_UPCALL_PRIVILEGES];
	const struct nlattr *complete = info->attrs[DITTO_A_UPCALL_SIDS_COMPLETE];
	const struct nlattr *attr;
	struct ditto_token *made;
	unsigned int count;
	size_t bytes;
	int rem, err;

	*token = NULL;
	if (!info->attrs[DITTO_A_UPCALL_SIDS]) {
		if (!privileges && !complete)
			return 0;
		NL_SET_ERR_MSG(info->extack, "a token has at least the SID of the user");
		return -EINVAL;
	}
	err = token_check(info, &count, &bytes);
	if (err)
		return err;
	made = ditto_token_alloc(count, bytes);
	if (!made)
		return -ENOMEM;
	nlmsg_for_each_attr_type(attr, DITTO_A_UPCALL_SIDS, info->nlhdr, GENL_HDRLEN, rem)
		ditto_token_add(made, nla_data(attr));
	if (privileges)
		made->privileges = nla_get_u32(privileges) & DITTO_TOKEN_PRIVILEGES;
	made->complete = complete && nla_get_u8(complete);
	ditto_token_finish(made);
	*token = made;
	return 0;
}

/*
 * Look for a SID in a token. A binary search: it allocates nothing, and takes no lock. Context:
 * any. Return: true if it is there.
 */
bool ditto_token_has(const struct ditto_token *token, const u8 *sid)
{
	u32 low = 0, high = token->count, middle;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = sid_cmp(sid, token->sids + token->at[middle]);
		if (!order)
			return true;
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

const struct ditto_token ditto_token_nobody = { .complete = true };
EXPORT_SYMBOL_NS_GPL(ditto_token_nobody, "DITTO");

/*
 * Tell whether a SID is one of a user's. @token: what is known about the user, or NULL. A token
 * that is not complete has the SIDs of this machine, but may lack SIDs of domains. Context: any.
 * Return: enum ditto_sid_match.
 */
enum ditto_sid_match ditto_sid_match(const u8 *sid, const struct ditto_token *token)
{
	enum ditto_sid_scope scope;

	if (token && ditto_token_has(token, sid))
		return DITTO_SID_HIS;
	if (token && token->complete)
		return DITTO_SID_OTHER;
	scope = ditto_sid_scope(sid);
	if (scope == DITTO_SID_OF_NOBODY || (scope == DITTO_SID_OF_MACHINE && token))
		return DITTO_SID_OTHER;
	return DITTO_SID_UNDECIDED;
}

/* True if both are the same: equal SIDs and privileges, or both NULL. Any context. */
bool ditto_token_eq(const struct ditto_token *a, const struct ditto_token *b)
{
	if (a == b)
		return true;
	if (!a || !b || a->hash != b->hash || a->privileges != b->privileges ||
	    a->complete != b->complete || a->count != b->count)
		return false;
	for (unsigned int i = 0; i < a->count; i++)
		if (sid_cmp(a->sids + a->at[i], b->sids + b->at[i]))
			return false;
	return true;
}
EXPORT_SYMBOL_NS_GPL(ditto_token_eq, "DITTO");

/* Drop a reference; @token may be NULL. Any context. */
void ditto_token_put(struct ditto_token *token)
{
	if (token && refcount_dec_and_test(&token->ref))
		kvfree_rcu(token, rcu);
}
