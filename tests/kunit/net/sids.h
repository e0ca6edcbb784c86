/* SPDX-License-Identifier: GPL-2.0-only */
/* SIDs and tokens for tests. */
#ifndef _DITTO_TESTS_KUNIT_NET_SIDS_H
#define _DITTO_TESTS_KUNIT_NET_SIDS_H

#include <linux/string.h>
#include <linux/unaligned.h>

#include "../../../net/helper/token.h"

/* Bytes of SIDs of sid_of_domain(). */
#define SID_OF_DOMAIN	28

/* S-1-5-21-1-2-3-rid */
static inline void sid_of_domain(u8 sid[DITTO_SID_MAX], u32 rid)
{
	static const u8 head[] = { 1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0,
				   3, 0, 0, 0 };

	memcpy(sid, head, sizeof(head));
	put_unaligned_le32(rid, sid + sizeof(head));
}

/* A token with SIDs of the domain; NULL without memory. */
static inline struct ditto_token *token_of_rids(const u32 *rid, unsigned int count, bool complete)
{
	struct ditto_token *token = ditto_token_alloc(count, count * SID_OF_DOMAIN);
	u8 sid[DITTO_SID_MAX];

	if (!token)
		return NULL;
	for (unsigned int i = 0; i < count; i++) {
		sid_of_domain(sid, rid[i]);
		ditto_token_add(token, sid);
	}
	token->complete = complete;
	ditto_token_finish(token);
	return token;
}

#endif
