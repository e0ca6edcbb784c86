// SPDX-License-Identifier: GPL-2.0-only
/* Envelopes of objects, by libgcrypt and libzstd. */

#include <assert.h>
#include <endian.h>
#include <gcrypt.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "envelope.h"

#define MAGIC		"DITTOENV"
#define VERSION		1
#define FLAG_ZSTD	1
#define FLAG_AES_GCM	2
#define FLAG_NAMED	4
#define FLAGS		(FLAG_ZSTD | FLAG_AES_GCM | FLAG_NAMED)
#define NONCE_SIZE	12
#define LEVEL		3
/* Compression that saves less than one part of so many is not worth the decompression. */
#define WORTHWHILE	32

/**
 * struct envelope_header - layout of the header; numbers are little-endian
 * @magic: MAGIC
 * @version: VERSION
 * @flags: FLAG_*
 * @kind: enum envelope_kind
 * @zero: reserved
 * @plain: bytes of the content
 * @payload: bytes between the header and the tag
 * @key: struct key's id; zeros if not encrypted
 * @nonce: random; zeros if not encrypted
 * @name_key: with FLAG_NAMED the id of the key of the name, or zeros if the name is a plain hash
 * @zeros: reserved
 */
struct envelope_header {
	char magic[8];
	u8 version;
	u8 flags;
	u8 kind;
	u8 zero[5];
	u64 plain;
	u64 payload;
	u8 key[KEY_ID_SIZE];
	u8 nonce[NONCE_SIZE];
	u8 name_key[KEY_ID_SIZE];
	u8 zeros[4];
};

static_assert(sizeof(struct envelope_header) == ENVELOPE_HEADER, "layout of the bucket");

/* Open AES-256-GCM (NIST SP 800-38D) with the header as additional data. */
static bool envelope_cipher(gcry_cipher_hd_t *h, const struct key *key,
			    const struct envelope_header *head)
{
	if (gcry_cipher_open(h, GCRY_CIPHER_AES256, GCRY_CIPHER_MODE_GCM, 0))
		return false;
	if (!gcry_cipher_setkey(*h, key->data, sizeof(key->data)) &&
	    !gcry_cipher_setiv(*h, head->nonce, sizeof(head->nonce)) &&
	    !gcry_cipher_authenticate(*h, head, sizeof(*head)))
		return true;
	gcry_cipher_close(*h);
	return false;
}

static bool envelope_encrypt(const struct key *key, const struct envelope_header *head, u8 *payload,
			     size_t len)
{
	gcry_cipher_hd_t h;
	bool good;

	if (!envelope_cipher(&h, key, head))
		return false;
	good = !gcry_cipher_encrypt(h, payload, len, NULL, 0) &&
	       !gcry_cipher_gettag(h, payload + len, ENVELOPE_TAG);
	gcry_cipher_close(h);
	return good;
}

size_t envelope_seal(enum envelope_kind kind, const struct key *key, bool compress,
		     const void *plain, size_t len, u8 *out)
{
	struct envelope_header head = { .magic = MAGIC, .version = VERSION, .kind = (u8)kind,
					.plain = htole64(len) };
	u8 *payload = out + ENVELOPE_HEADER;
	size_t size = 0;

	if (compress && len)
		size = ZSTD_compress(payload, len - len / WORTHWHILE, plain, len, LEVEL);
	if (size && !ZSTD_isError(size)) {
		head.flags |= FLAG_ZSTD;
	} else {
		size = len;
		memcpy(payload, plain, len);
	}
	head.payload = htole64(size);
	if (key) {
		head.flags |= FLAG_AES_GCM;
		memcpy(head.key, key->id, sizeof(head.key));
		gcry_randomize(head.nonce, sizeof(head.nonce), GCRY_STRONG_RANDOM);
	}
	memcpy(out, &head, sizeof(head));
	if (key && !envelope_encrypt(key, &head, payload, size))
		return 0;
	return ENVELOPE_HEADER + size + (key ? ENVELOPE_TAG : 0);
}

static const struct key *envelope_key(const struct key *keys, unsigned int n_keys,
				      const u8 id[KEY_ID_SIZE])
{
	unsigned int i;

	for (i = 0; i < n_keys; i++)
		if (!memcmp(keys[i].id, id, KEY_ID_SIZE))
			return &keys[i];
	return NULL;
}

static bool envelope_wrong_key(const u8 id[KEY_ID_SIZE], const char *use, unsigned int n_keys,
			       struct why *why)
{
	char text[2 * KEY_ID_SIZE + 1];

	hash_to_hex(id, KEY_ID_SIZE, text);
	return why_not(why, "wrong key: the object is %s with the key %s, which is not %s", use,
		       text, n_keys ? "among those of the store" : "known: the store has none");
}

/* Find the keys of payload and name. */
static bool envelope_find_keys(struct envelope *e, const struct envelope_header *head,
			       const struct key *keys, unsigned int n_keys, struct why *why)
{
	static const u8 zeros[KEY_ID_SIZE];

	e->key = NULL;
	e->name_key = NULL;
	if (!(head->flags & FLAG_AES_GCM))
		return true;
	e->key = envelope_key(keys, n_keys, head->key);
	if (!e->key)
		return envelope_wrong_key(head->key, "encrypted", n_keys, why);
	if (!(head->flags & FLAG_NAMED)) {
		e->name_key = e->key;
		return true;
	}
	if (!memcmp(head->name_key, zeros, sizeof(zeros)))
		return true;
	e->name_key = envelope_key(keys, n_keys, head->name_key);
	return e->name_key || envelope_wrong_key(head->name_key, "named", n_keys, why);
}

bool envelope_is_ours(const struct envelope *e, unsigned int n_keys)
{
	return !n_keys || e->name_key;
}

/*
 * The name of a chunk, a manifest or a pack comes from a record, or from what one names; the name
 * of a snapshot's head comes from a list of the bucket. Whoever can write there can make a head
 * whose name has no key, so with keys none is taken. A registration can only keep gc from working.
 * A list of garbage without a key is left out by those who read it.
 */
static bool envelope_is_genuine(const struct envelope *e, unsigned int n_keys, struct why *why)
{
	return e->kind != ENVELOPE_SNAPSHOT || envelope_is_ours(e, n_keys) ||
	       why_not(why, "its name has no key, so anybody can have made this snapshot");
}

bool envelope_parse(struct envelope *e, enum envelope_kind kind, const struct key *keys,
		    unsigned int n_keys, const u8 *in, size_t len, size_t max, struct why *why)
{
	static const u8 zeros[ENVELOPE_HEADER];
	struct envelope_header head;
	size_t tag;

	if (len < sizeof(head))
		return why_not(why, "the object is truncated: it has %zu bytes", len);
	memcpy(&head, in, sizeof(head));
	if (memcmp(head.magic, MAGIC, sizeof(head.magic)))
		return why_not(why, "the object is not one of Ditto");
	if (head.version != VERSION || head.flags & ~FLAGS || head.kind != kind ||
	    memcmp(head.zero, zeros, sizeof(head.zero)) ||
	    memcmp(head.zeros, zeros, sizeof(head.zeros)) ||
	    (head.flags & FLAG_NAMED ? !(head.flags & FLAG_AES_GCM) :
	     memcmp(head.name_key, zeros, sizeof(head.name_key))))
		return why_not(why, "the object has an unknown version %u, flags %#x or kind %u",
			       head.version, head.flags, head.kind);
	tag = head.flags & FLAG_AES_GCM ? ENVELOPE_TAG : 0;
	e->kind = kind;
	e->zstd = head.flags & FLAG_ZSTD;
	e->plain = le64toh(head.plain);
	e->payload = le64toh(head.payload);
	if (len - sizeof(head) < tag || e->payload != len - sizeof(head) - tag)
		return why_not(why, "the object has %zu bytes, but its header says %zu", len,
			       e->payload + sizeof(head) + tag);
	if (e->plain > max || (!e->zstd && e->plain != e->payload))
		return why_not(why, "the header of the object has an impossible length, %zu",
			       e->plain);
	return envelope_find_keys(e, &head, keys, n_keys, why) &&
	       envelope_is_genuine(e, n_keys, why);
}

bool envelope_decrypt(const struct envelope *e, u8 *in, struct why *why)
{
	u8 *payload = in + ENVELOPE_HEADER;
	struct envelope_header head;
	gcry_cipher_hd_t h;
	bool good;

	if (!e->key)
		return true;
	memcpy(&head, in, sizeof(head));
	if (!envelope_cipher(&h, e->key, &head))
		return why_not(why, "AES-GCM is not available");
	good = !gcry_cipher_decrypt(h, payload, e->payload, NULL, 0) &&
	       !gcry_cipher_checktag(h, payload + e->payload, ENVELOPE_TAG);
	gcry_cipher_close(h);
	return good || why_not(why, "wrong bytes: the object was changed");
}

bool envelope_inflate(const struct envelope *e, const u8 *in, u8 *out, struct why *why)
{
	size_t size = ZSTD_decompress(out, e->plain, in + ENVELOPE_HEADER, e->payload);

	if (ZSTD_isError(size))
		return why_not(why, "wrong bytes: cannot decompress: %s", ZSTD_getErrorName(size));
	return size == e->plain ||
	       why_not(why, "wrong bytes: %zu instead of %zu after decompression", size, e->plain);
}

bool envelope_check_name(const struct envelope *e, const u8 *plain, const u8 name[HASH_SIZE],
			 struct why *why)
{
	u8 hash[HASH_SIZE];

	key_name(e->name_key, plain, e->plain, hash);
	return !memcmp(hash, name, HASH_SIZE) ||
	       why_not(why, "wrong bytes: the content does not have the hash that is its name");
}

size_t envelope_in_room(const u8 *in, size_t room)
{
	struct envelope_header head;

	if (room < ENVELOPE_HEADER + ENVELOPE_TAG)
		return 0;
	memcpy(&head, in, sizeof(head));
	return head.flags & FLAG_AES_GCM ? room : room - ENVELOPE_TAG;
}

/* Open an envelope again, and compare its payload. */
static bool envelope_is(const u8 *sealed, size_t len, const struct key *key, const u8 *payload,
			size_t size)
{
	struct envelope_header head;
	u8 *copy = malloc(len);
	gcry_cipher_hd_t h;
	bool good = false;

	memcpy(&head, sealed, sizeof(head));
	if (copy && envelope_cipher(&h, key, &head)) {
		memcpy(copy, sealed, len);
		good = !gcry_cipher_decrypt(h, copy + ENVELOPE_HEADER, size, NULL, 0) &&
		       !gcry_cipher_checktag(h, copy + ENVELOPE_HEADER + size, ENVELOPE_TAG) &&
		       !memcmp(copy + ENVELOPE_HEADER, payload, size);
		gcry_cipher_close(h);
	}
	free(copy);
	return good;
}

size_t envelope_reseal(const struct envelope *e, const u8 *in, const struct key *key, u8 *out)
{
	size_t len = ENVELOPE_HEADER + e->payload + ENVELOPE_TAG;
	const u8 *payload = in + ENVELOPE_HEADER;
	struct envelope_header head;

	memcpy(&head, in, sizeof(head));
	head.flags = (u8)((head.flags & FLAG_ZSTD) | FLAG_AES_GCM);
	memcpy(head.key, key->id, sizeof(head.key));
	memset(head.name_key, 0, sizeof(head.name_key));
	if (e->name_key != key)
		head.flags |= FLAG_NAMED;
	if (e->name_key && e->name_key != key)
		memcpy(head.name_key, e->name_key->id, sizeof(head.name_key));
	gcry_randomize(head.nonce, sizeof(head.nonce), GCRY_STRONG_RANDOM);
	memcpy(out, &head, sizeof(head));
	memcpy(out + ENVELOPE_HEADER, payload, e->payload);
	if (!envelope_encrypt(key, &head, out + ENVELOPE_HEADER, e->payload) ||
	    !envelope_is(out, len, key, payload, e->payload))
		return 0;
	return len;
}
