/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packs: objects with the content of many small files. Documentation/offload.md has the layout.
 *
 * Each member has the room of an encrypted envelope, so members keep their places when the key
 * changes. The list of all members is at the end; its hash is the name of the pack.
 */
#ifndef _DITTO_OFFLOAD_PACK_H
#define _DITTO_OFFLOAD_PACK_H

#include "chunker.h"
#include "key.h"
#include "text.h"

/* Longest file that becomes a member: none is cut into chunks. */
#define PACK_FILE_MAX		CHUNK_MIN
/* Most bytes of all members, and most members. */
#define PACK_SIZE		(16U << 20)
#define PACK_MEMBERS_MAX	16384U
#define PACK_HEADER		24
#define PACK_RECORD		48
#define PACK_TRAILER		16
/* Longest list, and longest pack. */
#define PACK_LIST_MAX		(PACK_HEADER + PACK_RECORD * PACK_MEMBERS_MAX)
#define PACK_MAX		(PACK_SIZE + PACK_LIST_MAX + 256)

/**
 * struct pack_member - a member
 * @name: name of its content
 * @offset: place of its envelope in the pack in bytes
 * @room: bytes of that place
 * @length: bytes of the content
 */
struct pack_member {
	u8 name[HASH_SIZE];
	u32 offset;
	u32 room;
	u32 length;
};

/* Room of a member with content of a length, at most. */
#define PACK_ROOM(plain)	((plain) + 80U)

/**
 * pack_seal_member - make the envelope of a member
 * @key: key to encrypt with, or NULL
 * @compress: compress the content if that makes it smaller
 * @plain: the content
 * @len: bytes of the content
 * @out: filled; has PACK_ROOM(@len) bytes
 *
 * Return: its room, 0 on errors of the libraries.
 */
u32 pack_seal_member(const struct key *key, bool compress, const void *plain, size_t len, u8 *out);

/**
 * pack_seal - complete a pack
 * @key: key to encrypt with, or NULL
 * @members: the members, in the order of their places
 * @n: number of them
 * @out: the pack, with all members; has PACK_LIST_ROOM(@n) bytes more
 * @len: bytes of the members
 * @name: filled with the name of the pack
 *
 * Return: the length of the pack, 0 on errors of the libraries.
 */
size_t pack_seal(const struct key *key, const struct pack_member *members, u32 n, u8 *out,
		 size_t len, u8 name[HASH_SIZE]);

/* Bytes of a pack behind its members. */
#define PACK_LIST_ROOM(n)	(PACK_ROOM(PACK_HEADER + PACK_RECORD * (size_t)(n)) + PACK_TRAILER)

/**
 * struct pack_check - a pack that is checked
 * @keys: keys of the store; set by the caller, as all members up to @out
 * @n_keys: number of them
 * @name: name of the pack
 * @rekey: NULL, or a key to encrypt with
 * @out: with @rekey a copy of the pack, whose members with other keys are replaced
 * @content: bytes of the content of all members
 * @keyed: the name of the pack has a key
 * @replaced: number of envelopes in @out that have another key
 */
struct pack_check {
	const struct key *keys;
	unsigned int n_keys;
	const u8 *name;
	const struct key *rekey;
	u8 *out;

	u64 content;
	bool keyed;
	u32 replaced;
};

/**
 * pack_check - decrypt all members of a pack, and compare them with their names
 * @c: the keys, and the result
 * @in: the pack, which is decrypted in place
 * @len: its length in bytes
 * @why: filled on errors
 *
 * Return: false unless the pack is complete.
 */
bool pack_check(struct pack_check *c, u8 *in, size_t len, struct why *why);

#endif
