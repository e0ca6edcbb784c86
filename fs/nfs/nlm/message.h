/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NLM messages and their XDR.
 *
 * The versions have the same messages except for the width of ranges: 32 bits in
 * versions 1 and 3, 64 bits in version 4. One table lists the fields of each
 * message; decoder and encoder both walk it.
 */
#ifndef _DITTO_FS_NFS_NLM_MESSAGE_H
#define _DITTO_FS_NFS_NLM_MESSAGE_H

#include <linux/types.h>

#include "proto.h"

struct xdr_stream;

/**
 * struct dnlm_bytes - opaque bytes or a string
 * @len: number of bytes
 * @data: the bytes, not terminated; borrowed
 */
struct dnlm_bytes {
	u32 len;
	const u8 *data;
};

/**
 * struct dnlm_msg - any NLM message; each message uses the members it has fields for
 * @cookie: opaque value that matches a result to its call
 * @name: caller_name, the calling host
 * @fh: filehandle
 * @oh: opaque handle of the lock owner, unique within its host together with @svid
 * @svid: process id
 * @offset: first byte
 * @length: number of bytes; 0 means to the end of the file
 * @block: wait if the lock conflicts
 * @exclusive: exclusive lock
 * @reclaim: the claim was held before our restart
 * @state: NSM state of the calling host; 0 if it does not know it
 * @mode: fsh_mode: NLM_SHARE_* denied to others
 * @access: fsh_access: NLM_SHARE_* that the caller wants
 * @status: enum nlm_status
 * @sequence: in the reply to SHARE; unused
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

/* Bytes of the strings of the longest message. */
#define DNLM_ROOM	(3 * NLM_NETOBJ_MAX + NLM_STRING_MAX)

/**
 * struct dnlm_args - a decoded message with a buffer for its strings
 * @msg: the message; its strings are in @room
 * @used: bytes used of @room
 * @room: copies of the strings, because the request may lie in scattered pages
 */
struct dnlm_args {
	struct dnlm_msg msg;
	u32 used;
	u8 room[DNLM_ROOM];
};

/* Bytes of the longest encoded result. */
#define DNLM_RES_SIZE	(2 * (4 + NLM_NETOBJ_MAX) + 4 + 4 + 4 + 16)

bool dnlm_decode(struct xdr_stream *xdr, enum dnlm_layout layout, bool wide,
		 struct dnlm_args *args);
bool dnlm_encode(struct xdr_stream *xdr, enum dnlm_layout layout, bool wide,
		 const struct dnlm_msg *msg);
u32 dnlm_size(enum dnlm_layout layout, bool wide);
int dnlm_range(u64 offset, u64 length, bool wide, u64 *first, u64 *last);
void dnlm_range_fill(u64 first, u64 last, struct dnlm_msg *msg);

#endif
