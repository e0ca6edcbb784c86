// SPDX-License-Identifier: GPL-2.0-only
/* What the store process reads: messages, objects of a bucket, answers of a store, settings. */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "store/bucket_config.h"
#include "store/bulk.h"
#include "store/cause.h"
#include "object/cookie.h"
#include "object/envelope.h"
#include "object/garbage.h"
#include "store/listing.h"
#include "object/manifest.h"
#include "store/msg.h"
#include "object/owner_text.h"
#include "object/pack.h"
#include "object/record.h"
#include "object/snapshot.h"
#include "store/store.h"

#define CONTENT_MAX	65536

static void fuzz_message(const u8 *data, size_t len)
{
	static u8 packet[OFFLOAD_PACKET_MAX];
	struct offload_msg msg;

	if (len > sizeof(packet) || !offload_msg_decode(&msg, data, len))
		return;
	/* A decoded packet fits its fields, so encoding it gives the same bytes. */
	if (offload_msg_encode(&msg, packet) != len || memcmp(packet, data, len))
		abort();
}

static void fuzz_envelope(const u8 *data, size_t len)
{
	static u8 plain[CONTENT_MAX];
	static const u8 master[KEY_SIZE];
	u8 *copy = malloc(len + 1);
	struct envelope e;
	struct key key;
	struct why why;

	key_derive(&key, master);
	memcpy(copy, data, len);
	if (envelope_parse(&e, ENVELOPE_CHUNK, &key, 1, copy, len, sizeof(plain), &why) &&
	    envelope_decrypt(&e, copy, &why) && e.zstd)
		envelope_inflate(&e, copy, plain, &why);
	free(copy);
}

static void fuzz_manifest(const u8 *data, size_t len)
{
	struct manifest m;
	struct why why;
	u8 *text;

	if (!manifest_decode(&m, data, len, &why))
		return;
	text = malloc(len);
	manifest_encode(&m, text);
	if (manifest_length(&m) != len || memcmp(text, data, len))
		abort();
	free(text);
	manifest_free(&m);
}

static void fuzz_cookie(const u8 *data, size_t len)
{
	u8 cookie[OFFLOAD_COOKIE_MAX];
	struct cookie c;

	if (cookie_decode(&c, data, len) && cookie_encode(&c, cookie) != len)
		abort();
}

static void fuzz_pack(const u8 *data, size_t len)
{
	static const u8 name[HASH_SIZE];
	struct pack_check c = { .name = name };
	struct why why;
	u8 *copy;

	copy = malloc(len + 1);
	memcpy(copy, data, len);
	pack_check(&c, copy, len, &why);
	free(copy);
}

static void fuzz_record(const u8 *data, size_t len)
{
	struct offload_record r;

	offload_record_decode(&r, data, len);
	offload_stored_decode(&r, data, len);
}

static void fuzz_snapshot_head(const u8 *data, size_t len)
{
	u8 head[SNAPSHOT_HEAD_MAX];
	struct snapshot_head h;
	struct why why;

	if (snapshot_head_decode(&h, data, len, &why) &&
	    (snapshot_head_encode(&h, head) != len || memcmp(head, data, len)))
		abort();
}

static void fuzz_snapshot_tree(const u8 *data, size_t len)
{
	struct snapshot_entry e;
	struct snapshot_xattr x;
	struct snapshot_scan c;
	struct why why;
	size_t pos, n;
	u8 *copy;
	u32 at;

	copy = malloc(len + 1);
	memcpy(copy, data, len);
	pos = snapshot_scan_begin(&c, copy, len, &why);
	for (n = pos; n && !snapshot_scan_waits(copy + pos, len - pos); pos += n) {
		n = snapshot_scan_next(&c, &e, copy + pos, len - pos, &why);
		for (at = 0; n && snapshot_xattr_next(&e, &at, &x);)
			;
	}
	snapshot_scan_end(&c, len - pos, &why);
	free(copy);
}

static void fuzz_answer(const u8 *data, size_t len)
{
	struct answer a = { .code = CURLE_OK, .status = 403 };
	struct why why;
	int error;

	memcpy(a.body, data, len < sizeof(a.body) ? len : sizeof(a.body) - 1);
	if (cause_find(&a, &error, &why) == OUTCOME_GOOD || !error || strchr(why.text, '\n'))
		abort();
}

static void fuzz_bucket(const u8 *data, size_t len)
{
	struct xml answer = { (const char *)data, len };
	struct bucket_config b;
	struct owner_text o;
	struct listing l;
	struct why why;

	bucket_config_init(&b);
	bucket_take_versioning(&b, answer, "p/");
	bucket_take_lock(&b, answer, "p/");
	bucket_take_lifecycle(&b, answer, "p/");
	if (strchr(b.lock, '\n') || strchr(b.lifecycle, '\n'))
		abort();
	if (owner_text_parse(&o, answer.at, len) && strchr(o.name, '\n'))
		abort();
	if (listing_parse(&l, answer.at, len, "p/", &why))
		free(l.lines);
}

static void fuzz_settings(const u8 *data, size_t len)
{
	struct why why;
	struct store *s = store_new("s", (const char *)data, len, &why);

	if (s)
		store_put(s);
}

static void fuzz_garbage(const u8 *data, size_t len)
{
	struct garbage_list list;
	struct why why;
	u32 i, kind;
	u8 *text;

	if (!garbage_decode(&list, data, len, &why))
		return;
	text = malloc(len);
	for (i = 0; i < list.n; i++) {
		const u8 *name = garbage_get(&list, i, &kind);

		garbage_put(text, i, kind, name);
	}
	if (garbage_encode(&list, text) != len || memcmp(text, data, len))
		abort();
	free(text);
}

static void fuzz_bulk(const u8 *data, size_t len)
{
	struct bulk_object objects[2] = { { .name = "chunks/a" }, { .name = "chunks/b" } };
	struct why why;
	size_t i;

	if (!bulk_parse(objects, 2, "p/", (const char *)data, len, &why))
		return;
	/* What is gone has no cause, and what stays has one, which is printed. */
	for (i = 0; i < 2; i++)
		if (objects[i].deleted == !!objects[i].cause[0] || strchr(objects[i].cause, '\n'))
			abort();
}

static void fuzz_listing(const u8 *data, size_t len)
{
	struct listing l;
	struct why why;

	if (listing_parse(&l, (const char *)data, len, "p/", &why))
		free(l.lines);
}

/* The first byte says what the rest is. */
int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	static void (*const parsers[])(const u8 *data, size_t len) = {
		fuzz_message, fuzz_envelope, fuzz_manifest, fuzz_cookie, fuzz_answer,
		fuzz_settings, fuzz_pack, fuzz_record, fuzz_snapshot_head, fuzz_snapshot_tree,
		fuzz_bucket, fuzz_garbage, fuzz_bulk, fuzz_listing,
	};
	static bool ready;

	if (!ready)
		ready = hash_init();
	if (len && data[0] < ARRAY_SIZE(parsers))
		parsers[data[0]](data + 1, len - 1);
	return 0;
}
