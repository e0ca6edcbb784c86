/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Envelopes: objects in a bucket, compressed and encrypted. Documentation/offload.md has the
 * layout.
 *
 * What is read comes from the network: nothing in it is believed before it was checked, and the
 * hash of the content is compared with the name of the object last.
 */
#ifndef _DITTO_OFFLOAD_ENVELOPE_H
#define _DITTO_OFFLOAD_ENVELOPE_H

#include "key.h"
#include "text.h"

/* Bytes before and behind the payload. */
#define ENVELOPE_HEADER		64
#define ENVELOPE_TAG		16
/* Longest envelope of content with a length. */
#define ENVELOPE_MAX(plain)	((plain) + ENVELOPE_HEADER + ENVELOPE_TAG)

/**
 * enum envelope_kind - kinds of content
 * @ENVELOPE_CHUNK: bytes of a file
 * @ENVELOPE_MANIFEST: list of the chunks of a file
 * @ENVELOPE_PACK: list of the members of a pack, which are chunks in the same object
 * @ENVELOPE_SNAPSHOT: head of a snapshot
 * @ENVELOPE_FILESYSTEM: registration of a file system
 * @ENVELOPE_GARBAGE: list of garbage
 */
enum envelope_kind {
	ENVELOPE_CHUNK = 1,
	ENVELOPE_MANIFEST = 2,
	ENVELOPE_PACK = 3,
	ENVELOPE_SNAPSHOT = 4,
	ENVELOPE_FILESYSTEM = 5,
	ENVELOPE_GARBAGE = 6,
};

/**
 * struct envelope - an envelope that is being opened
 * @kind: enum envelope_kind
 * @zstd: the payload is compressed
 * @key: key of the payload; NULL if it is not encrypted
 * @name_key: key of the name; NULL if the name is a plain hash
 * @plain: bytes of the content
 * @payload: bytes of the payload
 */
struct envelope {
	unsigned int kind;
	bool zstd;
	const struct key *key;
	const struct key *name_key;
	size_t plain;
	size_t payload;
};

/**
 * envelope_seal - make an envelope
 * @kind: kind of the content
 * @key: key to encrypt with, or NULL
 * @compress: compress the content if that makes it smaller
 * @plain: the content
 * @len: bytes of the content
 * @out: filled; has ENVELOPE_MAX(@len) bytes
 *
 * Return: the length of the envelope, 0 on errors of the libraries.
 */
size_t envelope_seal(enum envelope_kind kind, const struct key *key, bool compress,
		     const void *plain, size_t len, u8 *out);

/**
 * envelope_parse - check the header of an envelope
 * @e: filled
 * @kind: the kind it must have
 * @keys: keys of the store
 * @n_keys: number of them
 * @in: the whole envelope
 * @len: its length in bytes
 * @max: most bytes of content
 * @why: filled on errors
 *
 * Return: false unless the header is valid and fits the length, and if the store has keys, but not
 * the name of the head of a snapshot.
 */
bool envelope_parse(struct envelope *e, enum envelope_kind kind, const struct key *keys,
		    unsigned int n_keys, const u8 *in, size_t len, size_t max, struct why *why);

/* Return whether a holder of a key has made the envelope, or the store has no keys. */
bool envelope_is_ours(const struct envelope *e, unsigned int n_keys);

/**
 * envelope_decrypt - decrypt the payload in place
 * @e: from envelope_parse()
 * @in: the whole envelope
 * @why: filled on errors
 *
 * The payload, at ENVELOPE_HEADER, is the content unless @e->zstd. Return: false if somebody
 * changed it.
 */
bool envelope_decrypt(const struct envelope *e, u8 *in, struct why *why);

/* Decompress the decrypted payload into @e->plain bytes at @out. Returns false on errors. */
bool envelope_inflate(const struct envelope *e, const u8 *in, u8 *out, struct why *why);

/* Compare the content with the name of the object. Returns false and fills @why if they differ. */
bool envelope_check_name(const struct envelope *e, const u8 *plain, const u8 name[HASH_SIZE],
			 struct why *why);

/*
 * Bytes of an envelope that has @room, which is the same for encrypted content and for content
 * in clear text. 0 if there is no header.
 */
size_t envelope_in_room(const u8 *in, size_t room);

/**
 * envelope_reseal - make an envelope of the same content with another key
 * @e: an envelope that was decrypted, and whose name was checked
 * @in: that envelope, decrypted
 * @key: key to encrypt with
 * @out: filled; has ENVELOPE_MAX(@e->payload) bytes
 *
 * The name stays as its key made it. The result was opened again and compared.
 *
 * Return: the length of the envelope, 0 on errors.
 */
size_t envelope_reseal(const struct envelope *e, const u8 *in, const struct key *key, u8 *out);

#endif
