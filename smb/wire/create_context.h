/* SPDX-License-Identifier: GPL-2.0-only */
/* Create contexts: MS-SMB2 sections 2.2.13.2 and 2.2.14.2. */
#ifndef _DITTO_SMB_WIRE_CREATE_CONTEXT_H
#define _DITTO_SMB_WIRE_CREATE_CONTEXT_H

#include <linux/bits.h>
#include <linux/types.h>

#include "cursor.h"

struct dsmb_attrs;
struct dsmb_builder;
struct dsmb_caching;

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
 * @named: bit mask of enum dsmb_context: the contexts of the request, whatever its dialect knows
 * @present: the bits of @named that count
 * @data: data of the contexts that are present
 */
struct dsmb_contexts {
	u32 named;
	u32 present;
	struct dsmb_cursor data[DSMB_CONTEXTS];
};

#define DSMB_GUID_SIZE		16

/* Flags of DH2Q and DH2C: MS-SMB2 sections 2.2.13.2.11 and 2.2.13.2.12 */
#define DSMB_DURABLE_PERSISTENT	BIT(1)

/**
 * struct dsmb_durable_ask - durability requested by a CREATE
 * @version: 1 or 2, the version of the create contexts; 0 if there are none
 * @reconnect: the client wants the open @id back
 * @persistent: the open is to survive a restart of the server
 * @timeout_ms: requested timeout in milliseconds; 0 leaves it to the server
 * @guid: CreateGuid, version 2 only
 * @id: FileId.Persistent, for @reconnect
 * @name: hash of the file name in the request, see dsmb_path_hash(); 0 without a lease
 */
struct dsmb_durable_ask {
	u8 version;
	bool reconnect;
	bool persistent;
	u32 timeout_ms;
	u8 guid[DSMB_GUID_SIZE];
	u64 id;
	u64 name;
};

/**
 * struct dsmb_app_ask - application instance named by a CREATE
 * @present: the CREATE names one
 * @id: AppInstanceId
 * @versioned: @high and @low are valid (3.1.1 only)
 * @high: AppInstanceVersionHigh
 * @low: AppInstanceVersionLow
 */
struct dsmb_app_ask {
	bool present;
	u8 id[DSMB_GUID_SIZE];
	bool versioned;
	u64 high;
	u64 low;
};

/**
 * struct dsmb_durable_reply - durability granted by a CREATE
 * @version: version of the create contexts; 0 if nothing is granted
 * @persistent: the open survives a restart of the server
 * @timeout_ms: granted timeout in milliseconds
 */
struct dsmb_durable_reply {
	u8 version;
	bool persistent;
	u32 timeout_ms;
};

/**
 * struct dsmb_context_reply - data for the response contexts
 * @attrs: attributes of the opened file
 * @lease: lease for the response to RqLs, or NULL for none
 * @durable: durability for the response to DHnQ or DH2Q
 * @apple: capabilities of the volume for the response to AAPL; 0 for no response
 * @path: the path for DSMB_APPLE_RESOLVE_ID, or NULL
 * @path_status: STATUS_SUCCESS, or the error that kept @path from being determined
 * @maximal: maximal access of the caller
 * @maximal_status: STATUS_SUCCESS, or the error that kept @maximal from being determined
 */
struct dsmb_context_reply {
	const struct dsmb_attrs *attrs;
	const struct dsmb_caching *lease;
	struct dsmb_durable_reply durable;
	u8 apple;
	const char *path;
	u32 path_status;
	u32 maximal;
	u32 maximal_status;
};

static inline bool dsmb_has_context(const struct dsmb_contexts *c, enum dsmb_context which)
{
	return c->present & BIT(which);
}

u32 dsmb_contexts_parse(u16 dialect, bool posix, struct dsmb_cursor list,
			struct dsmb_contexts *contexts);
u64 dsmb_context_u64(const struct dsmb_contexts *contexts, enum dsmb_context which);
umode_t dsmb_context_mode(const struct dsmb_contexts *contexts, umode_t fallback);
void dsmb_caching_parse(u16 dialect, u8 level, const struct dsmb_contexts *contexts,
			struct dsmb_caching *asked);
void dsmb_durable_parse(const struct dsmb_contexts *contexts, struct dsmb_durable_ask *ask);
void dsmb_app_parse(const struct dsmb_contexts *contexts, struct dsmb_app_ask *ask);
void dsmb_apple_negotiate(const struct dsmb_contexts *contexts, u8 *negotiated);
bool dsmb_apple_resolve_id(const struct dsmb_contexts *contexts, u64 *id);
u32 dsmb_contexts_encode(struct dsmb_builder *out, const struct dsmb_contexts *contexts,
			 const struct dsmb_context_reply *reply);

#endif
