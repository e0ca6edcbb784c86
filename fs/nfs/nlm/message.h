/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NLM messages and their XDR.
 *
 * All versions have the same messages but for the width of a range: 32 bits
 * in versions 1 and 3, 64 in version 4. One table lists the fields of each
 * message, and both decoding and encoding walk it.
 */
#ifndef _DITTO_FS_NFS_NLM_MESSAGE_H
#define _DITTO_FS_NFS_NLM_MESSAGE_H

#include <linux/types.h>

#include "proto.h"

struct xdr_stream;

/**
 * struct dnlm_bytes - opaque bytes or a string, not terminated
 * @len: how many
 * @data: where
 */
struct dnlm_bytes {
	u32 len;
	const u8 *data;
};

/**
 * struct dnlm_msg - any message; a message uses the fields that it has
 * @cookie: tells the caller which call a result belongs to
 * @name: caller_name, the host that asks
 * @fh: the file
 * @oh: the owner within its host, together with @svid
 * @svid: the process
 * @offset: first byte
 * @length: bytes; 0 is to the end of all files
 * @block: wait if it cannot be had now
 * @exclusive: for writing
 * @reclaim: was held before a restart
 * @state: the NSM state of the host that asks; 0 if it does not know
 * @mode: NLM_SHARE_* that others are denied
 * @access: NLM_SHARE_* that the caller wants
 * @status: enum nlm_status
 * @sequence: of the reply to SHARE; no meaning
 */
struct dnlm_msg {
	struct dnlm_bytes cookie;
	struct dnlm_bytes name;
	struct dnlm_bytes fh;
	struct dnlm_bytes oh;
	u32 svid;
	u64 offset;
	u64 length;
	u32 block;
	u32 exclusive;
	u32 reclaim;
	u32 state;
	u32 mode;
	u32 access;
	u32 status;
	u32 sequence;
};

enum dnlm_layout {
	DNLM_TEST_ARGS,		/* also of GRANTED */
	DNLM_LOCK_ARGS,
	DNLM_CANCEL_ARGS,
	DNLM_UNLOCK_ARGS,
	DNLM_SHARE_ARGS,
	DNLM_NOTIFY_ARGS,	/* of FREE_ALL */
	DNLM_RES,
	DNLM_TEST_RES,
	DNLM_SHARE_RES,
	DNLM_LAYOUTS,
};

/* Strings of the longest message. */
#define DNLM_ROOM	(3 * NLM_NETOBJ_MAX + NLM_STRING_MAX)

/**
 * struct dnlm_args - a message with room for its strings
 * @msg: its strings are in @room
 * @used: bytes of @room
 * @room: copies, because the request may lie in scattered pages
 */
struct dnlm_args {
	struct dnlm_msg msg;
	u32 used;
	u8 room[DNLM_ROOM];
};

/* Bytes of the longest encoded result. */
#define DNLM_RES_SIZE	(2 * (4 + NLM_NETOBJ_MAX) + 4 + 4 + 4 + 16)

/**
 * dnlm_decode - a message from XDR
 * @xdr: the wire
 * @layout: which message
 * @wide: 64-bit ranges
 * @args: all zero; filled
 *
 * Return: false if it is too short, has a string longer than allowed, or a
 * bool or enum that is none.
 */
bool dnlm_decode(struct xdr_stream *xdr, enum dnlm_layout layout, bool wide,
		 struct dnlm_args *args);

/* A message to XDR; false if it does not fit. Ranges are cut to what the width can tell. */
bool dnlm_encode(struct xdr_stream *xdr, enum dnlm_layout layout, bool wide,
		 const struct dnlm_msg *msg);

/* Most bytes of a message on the wire. */
u32 dnlm_size(enum dnlm_layout layout, bool wide);

/**
 * dnlm_range - first and last byte of a range from the wire
 * @offset: first byte
 * @length: bytes; 0 is to the end
 * @wide: 64-bit ranges
 * @first: filled
 * @last: filled; U64_MAX is the end of all files
 *
 * Return: 0, or -EFBIG if it ends beyond what the width can tell.
 */
int dnlm_range(u64 offset, u64 length, bool wide, u64 *first, u64 *last);

/* The reverse, for a holder; exact unless it is to be cut to 32 bits. */
void dnlm_range_put(u64 first, u64 last, struct dnlm_msg *msg);

#endif
