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

/* Known create contexts, as bit numbers. */
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
 * struct dsmb_contexts - create contexts of one CREATE
 * @named: bit mask of enum dsmb_context: those of the request, whatever its connection knows
 * @present: those of @named that count
 * @data: data of the contexts that are present
 */
struct dsmb_contexts {
	u32 named;
	u32 present;
	struct dsmb_cursor data[DSMB_CONTEXTS];
};

/**
 * struct dsmb_context_reply - data for the response contexts
 * @attrs: attributes of the opened file
 * @lease: lease for the response to RqLs, or NULL for none
 * @durable: durability for the response to DHnQ or DH2Q, or NULL for none
 * @maximal: maximal access of the caller
 * @maximal_status: STATUS_SUCCESS, or the error that kept @maximal from being determined
 */
struct dsmb_context_reply {
	const struct dsmb_attrs *attrs;
	const struct dsmb_caching *lease;
	const struct dsmb_durable *durable;
	u32 maximal;
	u32 maximal_status;
};

static inline bool dsmb_has_context(const struct dsmb_contexts *c, enum dsmb_context which)
{
	return c->present & BIT(which);
}

/**
 * dsmb_contexts_parse - parse the create contexts of a CREATE
 * @conn: connection; its dialect decides which contexts are known
 * @list: the list of contexts
 * @contexts: filled; unknown contexts are ignored
 *
 * MS-SMB2 section 2.2.13.2.
 *
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER if a context is malformed, comes twice, or
 *	excludes another one.
 */
u32 dsmb_contexts_parse(const struct dsmb_conn *conn, struct dsmb_cursor list,
			struct dsmb_contexts *contexts);

/**
 * dsmb_context_u64 - get the first 64-bit value of a context's data
 * @contexts: create contexts
 * @which: the context
 *
 * Return: the value, or 0 if the context is not present.
 */
u64 dsmb_context_u64(const struct dsmb_contexts *contexts, enum dsmb_context which);

/**
 * dsmb_context_mode - get the permission bits of the POSIX create context
 * @contexts: create contexts
 * @fallback: returned if there is no such context or it has no mode
 *
 * Return: the permission bits, or @fallback.
 */
umode_t dsmb_context_mode(const struct dsmb_contexts *contexts, umode_t fallback);

/**
 * dsmb_contexts_encode - encode the response contexts
 * @out: buffer; its start is the start of the CREATE response, and the fixed part is written
 *	already
 * @contexts: create contexts of the request
 * @reply: their data
 *
 * MS-SMB2 section 2.2.14.2.
 *
 * Return: bytes encoded.
 */
u32 dsmb_contexts_encode(struct dsmb_builder *out, const struct dsmb_contexts *contexts,
			 const struct dsmb_context_reply *reply);

#endif
