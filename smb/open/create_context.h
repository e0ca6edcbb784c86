/* SPDX-License-Identifier: GPL-2.0-only */
/* Create contexts: MS-SMB2 sections 2.2.13.2 and 2.2.14.2. */
#ifndef _DITTO_SMB_OPEN_CREATE_CONTEXT_H
#define _DITTO_SMB_OPEN_CREATE_CONTEXT_H

#include <linux/bits.h>
#include <linux/types.h>

#include "../transport/cursor.h"

struct dsmb_attrs;
struct dsmb_builder;
struct dsmb_caching;
struct dsmb_conn;
struct dsmb_durable;

/* Those that are known, as bits. */
enum dsmb_context {
	DSMB_CONTEXT_EA,		/* ExtA */
	DSMB_CONTEXT_SECURITY,		/* SecD */
	DSMB_CONTEXT_DURABLE,		/* DHnQ */
	DSMB_CONTEXT_RECONNECT,		/* DHnC */
	DSMB_CONTEXT_ALLOCATION,	/* AlSi */
	DSMB_CONTEXT_MAXIMAL,		/* MxAc */
	DSMB_CONTEXT_TIMEWARP,		/* TWrp */
	DSMB_CONTEXT_DISK_ID,		/* QFid */
	DSMB_CONTEXT_LEASE,		/* RqLs */
	DSMB_CONTEXT_DURABLE_2,		/* DH2Q */
	DSMB_CONTEXT_RECONNECT_2,	/* DH2C */
	DSMB_CONTEXT_APPLE,		/* AAPL */
	DSMB_CONTEXT_POSIX,
	DSMB_CONTEXT_APP_INSTANCE,
	DSMB_CONTEXT_APP_VERSION,
	DSMB_CONTEXTS,
};

/**
 * struct dsmb_contexts - those of one CREATE
 * @present: a bit for each
 * @data: of those that are present
 * @lease: the answer to RqLs, or NULL for none
 * @durable: the answer to DHnQ or DH2Q, or NULL for none
 */
struct dsmb_contexts {
	u32 present;
	struct dsmb_cursor data[DSMB_CONTEXTS];
	const struct dsmb_caching *lease;
	const struct dsmb_durable *durable;
};

static inline bool dsmb_has_context(const struct dsmb_contexts *c, enum dsmb_context which)
{
	return c->present & BIT(which);
}

/**
 * dsmb_contexts_parse - take create contexts apart
 * @conn: negotiated what there can be
 * @list: all of them
 * @contexts: filled; unknown ones are left out
 *
 * Return: SUCCESS; INVALID_PARAMETER for what is malformed, comes twice or excludes another.
 */
u32 dsmb_contexts_parse(const struct dsmb_conn *conn, struct dsmb_cursor list,
			struct dsmb_contexts *contexts);

/* A first u64 of a context's data, or 0. */
u64 dsmb_context_u64(const struct dsmb_contexts *contexts, enum dsmb_context which);
/* Permission bits of the POSIX context; @fallback if there is none. */
umode_t dsmb_context_mode(const struct dsmb_contexts *contexts, umode_t fallback);

/**
 * dsmb_contexts_put - answer the contexts that are answered
 * @out: behind the fixed part of the answer, which is at its start
 * @contexts: of the request
 * @attrs: of what was opened
 * @maximal: rights the caller has at most
 * @maximal_status: what kept them from being found out, or SUCCESS
 *
 * Return: bytes put.
 */
u32 dsmb_contexts_put(struct dsmb_builder *out, const struct dsmb_contexts *contexts,
		      const struct dsmb_attrs *attrs, u32 maximal, u32 maximal_status);

#endif
