/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes of shares that administrators ask for by remote calls: what the pipe worker decodes and
 * dittod carries out.
 */
#ifndef _DITTOD_SHARE_CHANGE_H
#define _DITTOD_SHARE_CHANGE_H

#include "ndr_struct.h"

struct share;

/* Most entries of a descriptor; the message to dittod has no room for many more. */
#define SHARE_ACES_MAX		256

/*
 * MS-DTYP section 2.4.4.1, and the masks of share permissions in Windows, each also as the generic
 * rights that stand for it (section 2.4.3).
 */
#define ACE_ALLOWED		0
#define ACE_DENIED		1
#define SHARE_MASK_FULL		0x001f01ff
#define SHARE_MASK_CHANGE	0x001301bf
#define SHARE_MASK_READ		0x001200a9
#define GENERIC_FULL		0x10000000
#define GENERIC_READ_EXECUTE	0xa0000000

/* MS-SRVS section 2.2.4.29. */
#define SHARE_FLAG_DFS		0x0001
#define SHARE_FLAG_DFS_ROOT	0x0002
#define SHARE_FLAG_ACCESS_BASED	0x0800
#define SHARE_FLAG_ENCRYPT	0x8000

/**
 * struct share_ace - an entry of a share's descriptor
 * @type: ACE_ALLOWED or ACE_DENIED; any number from a client
 * @mask: the rights
 * @sid: whose they are
 */
struct share_ace {
	u32 type;
	u32 mask;
	struct sid *sid;
};

enum share_change_kind {
	SHARE_CHANGE_ADD,
	SHARE_CHANGE_SET,
	SHARE_CHANGE_DELETE,
};

/* Bits of what a change gives. */
#define SHARE_CHANGE_COMMENT	1
#define SHARE_CHANGE_FLAGS	2
#define SHARE_CHANGE_ACES	4

/**
 * struct share_change - a change
 * @kind: enum share_change_kind
 * @given: SHARE_CHANGE_* bits
 * @flags: flags of SHARE_INFO_1005
 * @name: name of the share
 * @path: path of a share to be added, in the syntax of Windows
 * @comment: its comment
 * @aces: struct share_ace entries of its descriptor
 */
struct share_change {
	u32 kind;
	u32 given;
	u32 flags;
	const char *name;
	const char *path;
	const char *comment;
	struct ndr_array aces;
};

/*
 * Encode a change. Returns false if @out has not enough room; its bytes are to be freed in any
 * case.
 */
bool share_change_put(const struct share_change *change, struct ndr_out *out);
/* Decode a change; what it points to is memory of the chain. Returns false if it is malformed. */
bool share_change_get(struct share_change *change, const u8 *bytes, size_t len,
		      struct mem_chain **chain);

/*
 * Decode a self-relative security descriptor (MS-DTYP section 2.4.6) to the entries of its DACL.
 * A DACL that is present and NULL lets everybody do everything. Returns 0, -ENODATA (no DACL is
 * present: the descriptor says nothing about access), -EINVAL (malformed), -EOPNOTSUPP (entries of
 * other kinds, or too many).
 */
int share_descriptor_get(const u8 *bytes, size_t len, struct ndr_array *aces,
			 struct mem_chain **chain);
/* Encode such a descriptor, as an array of bytes. */
void share_descriptor_put(const struct ndr_array *aces, struct ndr_array *bytes,
			  struct mem_chain **chain);
/* The entries for a share's users, groups and others. */
void share_aces_of(const struct share *share, struct ndr_array *aces, struct mem_chain **chain);
/* Are these the same entries, in any order? */
bool share_aces_same(const struct ndr_array *a, const struct ndr_array *b);

/* S-1-1-0 */
extern const struct sid share_everyone;

#endif
