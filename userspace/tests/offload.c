// SPDX-License-Identifier: GPL-2.0-only
/* Parts of the store process: messages, chunks, envelopes, manifests, paths, settings. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mem.h"
#include "store/bulk.h"
#include "object/chunker.h"
#include "object/cookie.h"
#include "object/envelope.h"
#include "object/garbage.h"
#include "store/listing.h"
#include "object/manifest.h"
#include "store/msg.h"
#include "object/name_set.h"
#include "store/attempt.h"
#include "store/store.h"
#include "test.h"

#define MIB	(1024U * 1024)

/* Bytes that look random, and are the same each time. */
static u8 *noise_new(size_t len, u64 seed)
{
	u8 *bytes = mem_new(len);
	size_t i;

	for (i = 0; i < len; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		bytes[i] = (u8)(seed >> 56);
	}
	return bytes;
}

static void messages_coded(void)
{
	struct offload_msg msg = { .type = OFFLOAD_PUSHED, .id = 7, .size = 5, .uploaded = 6,
				   .deduplicated = 3, .requests = 4, .cookie_len = 3 }, got;
	u8 packet[OFFLOAD_PACKET_MAX], copy[OFFLOAD_PACKET_MAX];
	size_t len, i;

	memcpy(msg.cookie, "a\nb", 3);
	len = offload_msg_encode(&msg, packet);
	CHECK(len && offload_msg_decode(&got, packet, len));
	CHECK(got.type == OFFLOAD_PUSHED && got.id == 7 && got.size == 5 && got.uploaded == 6);
	CHECK(got.deduplicated == 3 && got.requests == 4 && got.cookie_len == 3);
	CHECK(!memcmp(got.cookie, "a\nb", 3));
	for (i = 0; i < len; i++)
		CHECK(!offload_msg_decode(&got, packet, i));
	memcpy(copy, packet, len);
	copy[len] = 0;
	CHECK(!offload_msg_decode(&got, copy, len + 1));
	copy[0] = OFFLOAD_TYPES;
	CHECK(!offload_msg_decode(&got, copy, len));
	msg.cookie_len = OFFLOAD_COOKIE_MAX + 1;
	CHECK(!offload_msg_encode(&msg, packet));
	msg = (struct offload_msg){ .type = OFFLOAD_FETCH, .offset = 1ULL << 63 };
	len = offload_msg_encode(&msg, packet);
	CHECK(len && !offload_msg_decode(&got, packet, len));
	msg = (struct offload_msg){ .type = OFFLOAD_STORE, .text = "a\0b", .text_len = 3 };
	len = offload_msg_encode(&msg, packet);
	CHECK(len && !offload_msg_decode(&got, packet, len));
}

static void messages_with_files(void)
{
	struct offload_msg msg = { .type = OFFLOAD_PUSH, .id = 1, .store = "s" }, got;
	u8 packet[OFFLOAD_PACKET_MAX];
	int pair[2], fd = -1;

	if (!CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair)))
		return;
	CHECK(offload_msg_receive(pair[1], &got, packet, &fd) == -EAGAIN && fd == -1);
	CHECK(!offload_msg_send(pair[0], &msg, pair[0]));
	CHECK(!offload_msg_receive(pair[1], &got, packet, &fd) && fd >= 0);
	SAME(got.store, "s");
	close(fd);
	CHECK(send(pair[0], "junk", 4, 0) == 4);
	CHECK(offload_msg_receive(pair[1], &got, packet, &fd) == -EBADMSG && fd == -1);
	close(pair[0]);
	CHECK(offload_msg_receive(pair[1], &got, packet, &fd) == -ECONNRESET);
	close(pair[1]);
}

/* Cut @len bytes that come in steps. Returns the number of chunks, and fills their ends. */
static unsigned int cut_all(const u8 *bytes, size_t len, size_t step, size_t *ends)
{
	struct chunker c;
	unsigned int n = 0;
	size_t pos = 0, size;
	bool cut = false;

	chunker_init(&c, NULL);
	while (pos < len) {
		size = len - pos < step ? len - pos : step;
		pos += chunker_scan(&c, bytes + pos, size, &cut);
		if (cut)
			ends[n++] = pos;
	}
	if (!cut)
		ends[n++] = len;
	return n;
}

static void chunks_cut(void)
{
	size_t len = 64 * MIB, ends[80], other[80], start = 0;
	u8 *bytes = noise_new(len, 1);
	unsigned int n, m, i, j, same = 0;

	n = cut_all(bytes, len, len, ends);
	CHECK(n >= 64 / 16 && n <= 64);
	for (i = 0; i < n; i++) {
		CHECK(ends[i] - start <= CHUNK_MAX);
		CHECK(i == n - 1 || ends[i] - start >= CHUNK_MIN);
		start = ends[i];
	}
	/* The steps do not matter. */
	m = cut_all(bytes, len, 65537, other);
	CHECK(m == n && !memcmp(ends, other, n * sizeof(ends[0])));
	/* The cuts move with the content. */
	m = cut_all(bytes + 12345, len - 12345, len, other);
	for (i = 0; i < n; i++)
		for (j = 0; j < m; j++)
			same += other[j] + 12345 == ends[i];
	CHECK(same >= n - 3);
	memset(bytes, 0, len);
	n = cut_all(bytes, len, len, ends);
	CHECK(n == 4 && ends[0] == CHUNK_MAX);
	free(bytes);
}

/* An envelope survives, and none with a changed byte or length does. */
static void check_envelope(const struct key *key, bool compress, const u8 *plain, size_t len)
{
	u8 *out = mem_new(ENVELOPE_MAX(len)), *copy = mem_new(ENVELOPE_MAX(len));
	u8 *back = mem_new(len + 1), name[HASH_SIZE];
	struct envelope e;
	struct why why;
	size_t size, i;
	bool good;

	key_name(key, plain, len, name);
	size = envelope_seal(ENVELOPE_CHUNK, key, compress, plain, len, out);
	CHECK(size > ENVELOPE_HEADER && size <= ENVELOPE_MAX(len));
	for (i = 0; i <= size; i += i < 100 ? 1 : 997) {
		memcpy(copy, out, size);
		if (i < size)
			copy[i] ^= 0x80;
		good = envelope_parse(&e, ENVELOPE_CHUNK, key, !!key, copy, size, len, &why) &&
		       envelope_decrypt(&e, copy, &why);
		if (good && e.zstd)
			good = envelope_inflate(&e, copy, back, &why);
		else if (good)
			memcpy(back, copy + ENVELOPE_HEADER, len);
		good = good && e.plain == len && envelope_check_name(&e, back, name, &why);
		/* Without a key, nothing looks at the bytes of the header from there on. */
		CHECK(good == (i == size) || (!key && i >= 32 && i < 52));
		CHECK(!good || !memcmp(back, plain, len));
		CHECK(!envelope_parse(&e, ENVELOPE_CHUNK, key, !!key, out, i, len, &why) ||
		      i == size);
	}
	CHECK(!envelope_parse(&e, ENVELOPE_MANIFEST, key, !!key, out, size, len, &why));
	CHECK(!envelope_parse(&e, ENVELOPE_CHUNK, key, !!key, out, size, len - 1, &why));
	free(back);
	free(copy);
	free(out);
}

static void envelopes_opened(void)
{
	static const u8 master[KEY_SIZE] = { 1 }, other[KEY_SIZE] = { 2 };
	u8 *plain = noise_new(20000, 2), *out = mem_new(ENVELOPE_MAX(20000));
	struct key keys[2];
	struct envelope e;
	struct why why;
	size_t size;

	key_derive(&keys[0], master);
	key_derive(&keys[1], other);
	check_envelope(NULL, false, plain, 20000);
	check_envelope(&keys[0], true, plain, 20000);
	size = envelope_seal(ENVELOPE_CHUNK, &keys[0], true, plain, 20000, out);
	CHECK(!envelope_parse(&e, ENVELOPE_CHUNK, &keys[1], 1, out, size, 20000, &why));
	CHECK(strstr(why.text, "wrong key"));
	CHECK(envelope_parse(&e, ENVELOPE_CHUNK, keys, 2, out, size, 20000, &why));
	memset(plain, 'a', 19000);
	CHECK(envelope_seal(ENVELOPE_CHUNK, NULL, true, plain, 20000, out) < 3000);
	check_envelope(NULL, true, plain, 20000);
	check_envelope(&keys[0], true, plain, 20000);
	free(out);
	free(plain);
}

/* A head of a snapshot is taken without a key of its name only if the store has none. */
static void heads_have_keys(void)
{
	static const u8 master[KEY_SIZE] = { 1 };
	u8 plain[100] = "head", out[ENVELOPE_MAX(100)], again[ENVELOPE_MAX(100)];
	struct envelope e;
	struct key key;
	struct why why;
	size_t size = envelope_seal(ENVELOPE_SNAPSHOT, NULL, false, plain, 100, out);

	key_derive(&key, master);
	CHECK(envelope_parse(&e, ENVELOPE_SNAPSHOT, NULL, 0, out, size, 100, &why));
	CHECK(!envelope_parse(&e, ENVELOPE_SNAPSHOT, &key, 1, out, size, 100, &why));
	CHECK(strstr(why.text, "its name has no key"));
	/* Nor is one that was encrypted afterwards. */
	size = envelope_reseal(&e, out, &key, again);
	CHECK(size && !envelope_parse(&e, ENVELOPE_SNAPSHOT, &key, 1, again, size, 100, &why));
	size = envelope_seal(ENVELOPE_SNAPSHOT, &key, false, plain, 100, out);
	CHECK(envelope_parse(&e, ENVELOPE_SNAPSHOT, &key, 1, out, size, 100, &why));
	/* The names of other objects come from records. */
	size = envelope_seal(ENVELOPE_MANIFEST, NULL, false, plain, 100, out);
	CHECK(envelope_parse(&e, ENVELOPE_MANIFEST, &key, 1, out, size, 100, &why));
}

static void manifests_coded(void)
{
	struct manifest m = { .size = 0 }, back;
	u8 name[HASH_SIZE] = { 1 }, *text;
	struct why why;
	size_t len, i;

	CHECK(manifest_add(&m, name, 100) && manifest_add(&m, name, 50) &&
	      manifest_add(&m, name, CHUNK_MAX));
	len = manifest_length(&m);
	text = mem_new(len + 1);
	manifest_encode(&m, text);
	CHECK(manifest_decode(&back, text, len, &why) && back.n == 3 && back.size == m.size);
	CHECK(manifest_find(&back, 0) == 0 && manifest_find(&back, 99) == 0);
	CHECK(manifest_find(&back, 100) == 1 && manifest_find(&back, 149) == 1);
	CHECK(manifest_find(&back, 150) == 2 && manifest_find(&back, back.size - 1) == 2);
	manifest_free(&back);
	for (i = 0; i < len; i++)
		CHECK(!manifest_decode(&back, text, i, &why));
	for (i = 0; i < MANIFEST_HEADER; i++) {
		text[i] ^= 1;
		CHECK(!manifest_decode(&back, text, len, &why));
		text[i] ^= 1;
	}
	/* Lengths that wrap around, or of an impossible chunk. */
	memset(text + MANIFEST_HEADER + HASH_SIZE, 0xff, 4);
	CHECK(!manifest_decode(&back, text, len, &why));
	memset(text + MANIFEST_HEADER + HASH_SIZE, 0, 4);
	CHECK(!manifest_decode(&back, text, len, &why));
	memset(text + 24, 0xff, 8);
	CHECK(!manifest_decode(&back, text, len, &why));
	free(text);
	manifest_free(&m);
}

static bool cookies_same(const struct cookie *a, const struct cookie *b)
{
	return !strcmp(a->store, b->store) && !strcmp(a->uuid, b->uuid) &&
	       !memcmp(a->name, b->name, HASH_SIZE) &&
	       a->packed == b->packed && a->offset == b->offset && a->room == b->room &&
	       !memcmp(a->member, b->member, HASH_SIZE);
}

static void cookies_coded(void)
{
	const struct cookie plain = { .store = "archive", .name = { 0xab } };
	u8 cookie[OFFLOAD_COOKIE_MAX + 1];
	size_t len = cookie_encode(&plain, cookie), i;
	struct cookie back;

	CHECK(cookie_decode(&back, cookie, len) && cookies_same(&plain, &back));
	for (i = 0; i < len; i++)
		CHECK(!cookie_decode(&back, cookie, i));
	cookie[len - 1] = '2';
	CHECK(!cookie_decode(&back, cookie, len));
}

static void cookies_of_packs(void)
{
	static const char *const tails[] = {
		"0 81 X", "16777135 81 X", "0 1048656 X", "", "0 80 X", "0 1048657 X",
		"16777136 81 X", "-1 81 X", "0 +81 X", "00 81 X", "0  81 X", "0 81 X ", "0 81 ",
		"4294967296 81 X", "0 4294967377 X", "0x0 81 X", "0 81 Y",
	};
	struct cookie packed = { .store = "archive", .name = { 0xab }, .packed = true,
				 .offset = 4711, .room = 815, .member = { 0xcd } }, back;
	char hex[HASH_HEX], text[OFFLOAD_COOKIE_MAX], tail[128];
	size_t len, i, words;
	bool good;
	u8 cookie[OFFLOAD_COOKIE_MAX + 1];

	len = cookie_encode(&packed, cookie);
	CHECK(cookie_decode(&back, cookie, len) && cookies_same(&packed, &back));
	for (i = 0; i < len; i++)
		CHECK(!cookie_decode(&back, cookie, i));
	hash_to_hex(packed.name, HASH_SIZE, hex);
	for (i = 0; i < ARRAY_SIZE(tails); i++) {
		words = strcspn(tails[i], "XY");
		snprintf(tail, sizeof(tail), "%.*s%s%s", (int)words, tails[i],
			 tails[i][words] ? hex : "", tails[i][words] ? tails[i] + words + 1 : "");
		/* Digits in upper case are others. */
		if (tails[i][words] == 'Y')
			tail[words] = 'A';
		good = i < 3;
		len = (size_t)snprintf(text, sizeof(text), "s\n%s\n2\n%s", hex, tail);
		if (!CHECK(cookie_decode(&back, (u8 *)text, len) == good))
			printf("# \"%s\"\n", tails[i]);
	}
}

/* The UUID of the store, in records of today. */
static void cookies_with_uuid(void)
{
	static const char *const bad[] = {
		"", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef0",
		"0123456789abcdef0123456789abcdeF", "0123456789abcdef0123456789abcde\n",
	};
	struct cookie c = { .store = "archive", .uuid = "0123456789abcdef0123456789abcdef",
			    .name = { 0xab }, .offset = 4711, .room = 815, .member = { 0xcd } };
	struct cookie back;
	char hex[HASH_HEX], text[OFFLOAD_COOKIE_MAX];
	u8 cookie[OFFLOAD_COOKIE_MAX + 1];
	size_t len, i;

	for (c.packed = false;; c.packed = true) {
		len = cookie_encode(&c, cookie);
		CHECK(cookie_decode(&back, cookie, len) && !strcmp(back.uuid, c.uuid) &&
		      back.packed == c.packed && (!c.packed || cookies_same(&c, &back)));
		for (i = 0; i < len; i++)
			CHECK(!cookie_decode(&back, cookie, i));
		if (c.packed)
			break;
	}
	hash_to_hex(c.name, HASH_SIZE, hex);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		len = (size_t)snprintf(text, sizeof(text), "s\n%s\n3\n%s", hex, bad[i]);
		CHECK(!cookie_decode(&back, (u8 *)text, len));
	}
	len = (size_t)snprintf(text, sizeof(text), "s\n%s\n1\n%s", hex, c.uuid);
	CHECK(!cookie_decode(&back, (u8 *)text, len));
}

static struct xml xml_of(const char *text)
{
	return (struct xml){ text, strlen(text) };
}

/* What a lifecycle means for a store with a prefix. Returns the words about it. */
static const char *lifecycle_of(const char *rules, const char *prefix)
{
	static struct bucket_config b;
	char *xml = mem_print("<LifecycleConfiguration xmlns=\"x\">%s</LifecycleConfiguration>",
			      rules);

	bucket_config_init(&b);
	bucket_take_lifecycle(&b, xml_of(xml), prefix);
	CHECK(b.removes == !!strstr(b.lifecycle, "rule"));
	free(xml);
	return b.lifecycle;
}

#define RULE(prefix, action) \
	"<Rule><ID>r</ID><Filter><Prefix>" prefix "</Prefix></Filter><Status>Enabled</Status>" \
	action "</Rule>"
#define EXPIRES		"<Expiration><Days>3</Days></Expiration>"
#define MOVES(class) \
	"<Transition><Days>3</Days><StorageClass>" class "</StorageClass></Transition>"
#define MARKERS	"<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"
#define OLD(days) \
	"<NoncurrentVersionExpiration><NoncurrentDays>" days \
	"</NoncurrentDays></NoncurrentVersionExpiration>"
#define PARTS \
	"<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation>" \
	"</AbortIncompleteMultipartUpload>"
#define TAGGED \
	"<Filter><And><Prefix></Prefix><Tag><Key>a</Key><Value>b</Value></Tag></And></Filter>"

/* The rules of a bucket that delete or archive objects of Ditto, and no others. */
static void lifecycles_read(void)
{
	static const struct {
		const char *rules;
		const char *prefix;
		const char *said;
	} cases[] = {
		{ "", "", "none" },
		{ RULE("", EXPIRES), "", "deletes" },
		{ RULE("", EXPIRES), "a/b/", "deletes" },
		{ RULE("a/", EXPIRES), "a/b/", "deletes" },
		{ RULE("a/b/", EXPIRES), "a/b/", "deletes" },
		{ RULE("a/b/chunks/0", EXPIRES), "a/b/", "deletes" },
		{ RULE("a/b/ditto-owner", EXPIRES), "a/b/", "deletes" },
		{ RULE("a/b/man", EXPIRES), "a/b/", "deletes" },
		{ RULE("a/b/logs/", EXPIRES), "a/b/", "none" },
		{ RULE("logs/", EXPIRES), "", "none" },
		{ RULE("b/", EXPIRES), "a/b/", "none" },
		{ "<Rule><ID>r</ID><Prefix>pac</Prefix><Status>Enabled</Status>" EXPIRES "</Rule>",
		  "", "deletes" },
		{ "<Rule><Status>Enabled</Status><Filter/>" EXPIRES "</Rule>", "", "deletes" },
		{ "<Rule><Status>Disabled</Status>" EXPIRES "</Rule>", "", "none" },
		{ RULE("", "<Expiration><Date>2030-01-01T00:00:00Z</Date></Expiration>"), "",
		  "deletes" },
		{ RULE("", MARKERS), "", "none" },
		{ RULE("", OLD("1")), "", "none" },
		{ RULE("", PARTS), "", "none" },
		{ "<Rule>" TAGGED "<Status>Enabled</Status>" EXPIRES "</Rule>", "", "none" },
		{ RULE("", MOVES("GLACIER")), "", "archives" },
		{ RULE("", MOVES("DEEP_ARCHIVE")), "", "archives" },
		{ RULE("", MOVES("of-our-own")), "", "archives" },
		{ RULE("", MOVES("STANDARD_IA") MOVES("GLACIER")), "", "archives" },
		{ RULE("", MOVES("STANDARD_IA")), "", "none" },
		{ RULE("", MOVES("GLACIER_IR")), "", "none" },
		{ RULE("x", EXPIRES) RULE("", EXPIRES), "", "deletes" },
		/* What is cut is not known, nor is a page. */
		{ "<Rule><ID>r</ID>", "", "unknown" },
	};
	struct bucket_config b;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (!CHECK(strstr(lifecycle_of(cases[i].rules, cases[i].prefix), cases[i].said)))
			printf("# case %zu\n", i);
	CHECK(strstr(lifecycle_of(RULE("", EXPIRES) RULE("", MOVES("GLACIER")), ""),
		     "the rule r of its lifecycle deletes objects, and the rule r of"));
	bucket_config_init(&b);
	bucket_take_lifecycle(&b, xml_of("<html>We are back soon"), "");
	SAME(b.lifecycle, "unknown");
}

#define LOCKED \
	"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>" \
	"<Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Years>2</Years></DefaultRetention>" \
	"</Rule>" \
	"</ObjectLockConfiguration>"

static void buckets_described(void)
{
	struct bucket_config b;

	bucket_config_init(&b);
	bucket_take_versioning(&b, xml_of("<html>"), "");
	SAME(b.versioning, "unknown");
	bucket_take_versioning(&b, xml_of("<VersioningConfiguration xmlns=\"x\"/>"), "");
	SAME(b.versioning, "off");
	bucket_take_versioning(&b, xml_of("<VersioningConfiguration ><Status>Suspended</Status>"),
			       "");
	SAME(b.versioning, "suspended");
	bucket_take_lock(&b, xml_of("<ListBucketResult>"), "");
	SAME(b.lock, "unknown");
	bucket_take_lock(&b, xml_of(LOCKED), "");
	SAME(b.lock, "on, COMPLIANCE for 2 years");
	bucket_take_lock(&b, xml_of("<ObjectLockConfiguration/>"), "");
	SAME(b.lock, "off");
}

static void owners_read(void)
{
	struct owner_text o = { .server = "aaaa", .name = "one", .since = "then", .keys = "none",
				.uuid = "0123456789abcdef0123456789abcdef" }, back;
	char text[OWNER_MAX];
	size_t len = owner_text_make(&o, text);

	CHECK(owner_text_parse(&back, text, len));
	SAME(back.server, o.server);
	SAME(back.uuid, o.uuid);
	SAME(back.keys, o.keys);
	/* The longest one has room. */
	memset(o.server, 'a', sizeof(o.server) - 1);
	memset(o.name, 'b', sizeof(o.name) - 1);
	memset(o.keys, 'c', sizeof(o.keys) - 1);
	CHECK(owner_text_make(&o, text) < OWNER_MAX - 1);
	CHECK(!owner_text_parse(&back, "something else", 14) && !back.uuid[0]);
	CHECK(!owner_text_parse(&back, "", 0));
	len = (size_t)sprintf(text, "ditto owner 1\nserver: a\nstore: 0123\n");
	CHECK(owner_text_parse(&back, text, len) && !back.uuid[0]);
}

/* The test vectors of RFC 4648 section 10. */
static void base64_encoded(void)
{
	static const char *const coded[] = { "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=",
					     "Zm9vYmFy" };
	char text[HASH_BASE64(6)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(coded); i++) {
		hash_to_base64((const u8 *)"foobar", i, text);
		SAME(text, coded[i]);
	}
}

static void name_sets(void)
{
	struct name_set set = { .size = 0 };
	u8 name[HASH_SIZE];
	u32 i;

	for (i = 0; i < 5000; i++) {
		hash_sha256(&i, sizeof(i), name);
		CHECK(name_set_add(&set, name));
	}
	for (i = 0; i < 5000; i++) {
		hash_sha256(&i, sizeof(i), name);
		CHECK(!name_set_add(&set, name));
	}
	/* Those that remain are found, though many were put behind others. */
	for (i = 0; i < 5000; i += 2) {
		hash_sha256(&i, sizeof(i), name);
		name_set_remove(&set, name);
		name_set_remove(&set, name);
	}
	for (i = 0; i < 5000; i++) {
		hash_sha256(&i, sizeof(i), name);
		CHECK(name_set_has(&set, name) == (i % 2 == 1));
	}
	CHECK(set.n == 2500);
	name_set_free(&set);
	/* Names with the same beginning, or end, would take minutes if they met in one slot. */
	memset(name, 7, sizeof(name));
	for (i = 0; i < 500000; i++) {
		memcpy(name + (i % 2 ? 8 : HASH_SIZE - 8), &i, sizeof(i));
		CHECK(name_set_add(&set, name));
	}
	CHECK(set.n == 500000);
	name_set_free(&set);
}

/* What a list of garbage says, and nothing that is none. */
static void garbage_lists(void)
{
	struct garbage_list list = { .kept = true, .time = 77, .n = 2 }, back;
	u8 bytes[GARBAGE_HEADER + 2 * GARBAGE_ENTRY], name[HASH_SIZE], was;
	struct why why;
	size_t len, i;
	u32 kind;

	hash_sha256("1", 1, name);
	garbage_put(bytes, 0, ENVELOPE_CHUNK, name);
	garbage_put(bytes, 1, ENVELOPE_PACK, name);
	len = garbage_encode(&list, bytes);
	CHECK(len == sizeof(bytes) && garbage_decode(&back, bytes, len, &why));
	CHECK(back.kept && back.time == 77 && back.n == 2);
	CHECK(!memcmp(garbage_get(&back, 1, &kind), name, HASH_SIZE) && kind == ENVELOPE_PACK);
	for (i = 0; i < len; i++)
		CHECK(!garbage_decode(&back, bytes, i, &why));
	/* Magic, version, length of entries, flags, number of entries, kind, and zeros. */
	for (i = 0; i < len; i++) {
		if ((i >= 16 && i < 24) || (i >= 32 && (i - 32) % GARBAGE_ENTRY < HASH_SIZE))
			continue;
		was = bytes[i];
		bytes[i] ^= 0x10;
		CHECK(!garbage_decode(&back, bytes, len, &why));
		bytes[i] = was;
	}
	garbage_put(bytes, 0, ENVELOPE_SNAPSHOT, name);
	CHECK(!garbage_decode(&back, bytes, len, &why));
}

/* Parts of answers. */
#define RESULT(elements)	"<DeleteResult>" elements "</DeleteResult>"
#define DELETED(key)		"<Deleted><Key>" key "</Key></Deleted>"
#define FAILED(key, code)	"<Error><Key>" key "</Key><Code>" code "</Code></Error>"

/* Parse an answer about two objects below "p/". Returns which of them are gone. */
static const char *bulk_answer(const char *xml)
{
	struct bulk_object objects[2] = { { .name = "chunks/a" }, { .name = "chunks/b" } };
	static char text[8];
	struct why why;
	size_t i;

	text[0] = '\0';
	if (!bulk_parse(objects, 2, "p/", xml, strlen(xml), &why))
		return "none";
	for (i = 0; i < 2; i++) {
		CHECK(objects[i].deleted == !objects[i].cause[0]);
		strcat(text, objects[i].deleted ? "+" : "-");
	}
	return text;
}

/* Only what the answer says is gone. */
static void bulk_answers(void)
{
	const struct bulk_object objects[2] = { { .name = "chunks/a" }, { .name = "chunks/b" } };
	char *body = bulk_body("p/", objects, 2);

	CHECK(strstr(body, "<Object><Key>p/chunks/a</Key></Object><Object><Key>p/chunks/b</Key>"));
	free(body);
	SAME(bulk_answer("<html>We are back soon.</html>"), "none");
	SAME(bulk_answer("<Error><Code>InternalError</Code></Error>"), "none");
	SAME(bulk_answer(""), "none");
	SAME(bulk_answer(RESULT("")), "--");
	SAME(bulk_answer(RESULT(DELETED("p/chunks/b") DELETED("p/chunks/a"))), "++");
	/* Others' names, or without the prefix. */
	SAME(bulk_answer(RESULT(DELETED("chunks/a") DELETED("p/chunks/c"))), "--");
	SAME(bulk_answer(RESULT(FAILED("p/chunks/a", "AccessDenied")
				FAILED("p/chunks/b", "NoSuchKey"))), "-+");
	/* A store that says both. */
	SAME(bulk_answer(RESULT(DELETED("p/chunks/a") FAILED("p/chunks/a", ""))), "--");
	/* Elements without an end, and a name outside of one. */
	SAME(bulk_answer("<DeleteResult><Deleted><Key>p/chunks/a</Key>"), "--");
	SAME(bulk_answer("<DeleteResult><Deleted><Key>p/chunks/a"), "--");
	SAME(bulk_answer(RESULT("<Deleted></Deleted><Key>p/chunks/a</Key>")), "--");
}

static void paths_encoded(void)
{
	char *path = attempt_encode("/a b/\xc3\xa9+~");

	SAME(path, "/a%20b/%C3%A9%2B~");
	free(path);
}

#define LOGIN	"access-key=a\nsecret-key=b\n"

static void settings_read(void)
{
	static const char *const wrong[] = {
		"", "bucket=b\n" LOGIN, "endpoint=http://h\n" LOGIN, "endpoint=http://h\nbucket=b\n",
		"endpoint=h\nbucket=b\n" LOGIN,
		"endpoint=ftp://h\nbucket=b\n" LOGIN, "endpoint=http://\nbucket=b\n" LOGIN,
		"endpoint=http://u@h\nbucket=b\n" LOGIN, "endpoint=http://h\nbucket=a/b\n" LOGIN,
		"endpoint=http://h\nbucket=b\nkey=00\n" LOGIN,
		"endpoint=http://h\nbucket=b\nparallel=0\n" LOGIN,
		"endpoint=http://h\nbucket=b\ntimeout=x\n" LOGIN,
		"endpoint=http://h\nbucket=b\nwhat=x\n" LOGIN,
		"endpoint=http://h\nbucket=b\nregion\n" LOGIN,
		"endpoint=http://h\nbucket=b\nregion=\n" LOGIN,
		"endpoint=http://h\nbucket=b\nregion=eu:1\n" LOGIN,
		"endpoint=http://h\nbucket=b\nregion=a\rx: y\n" LOGIN,
	};
	static const char good[] =
		"endpoint=https://h:443/x/\nbucket=b\nprefix=/p/q/\ncompression=off\nparallel=3\ntimeout=5\n"
		"key=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n" LOGIN;
	static const char in_host[] = "endpoint=http://h:81\nbucket=b\naddressing=host\n" LOGIN;
	struct store *s;
	struct why why;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		why.text[0] = '\0';
		CHECK(!store_new("s", wrong[i], strlen(wrong[i]), &why) && why.text[0]);
	}
	s = store_new("s", good, strlen(good), &why);
	if (!CHECK(s))
		return;
	SAME(s->url, "https://h");
	SAME(s->path, "/x/b/");
	SAME(s->prefix, "p/q/");
	SAME(s->region, "us-east-1");
	CHECK(!s->compress && s->parallel == 3 && s->timeout == 5000 && s->n_keys == 1);
	store_put(s);
	s = store_new("s", in_host, strlen(in_host), &why);
	if (!CHECK(s))
		return;
	SAME(s->url, "http://b.h:81");
	SAME(s->path, "/");
	CHECK(!store_key(s));
	store_put(s);
}

static bool listing_is(const char *xml, const char *want, bool more)
{
	struct listing l;
	struct why why;
	bool same;

	if (!listing_parse(&l, xml, strlen(xml), "p/", &why))
		return !want;
	same = want && !strcmp(l.lines, want) && l.more == more;
	free(l.lines);
	return same;
}

static void listings_parsed(void)
{
#define ENTRY(name, size)	"<Contents><Key>" name "</Key><LastModified>" \
	"1970-01-02T00:00:01.000Z</LastModified><ETag>x</ETag><Size>" size "</Size></Contents>"
	static const char last[] = "<IsTruncated>false</IsTruncated>";
	char *xml = mem_print("%s%s", last, ENTRY("p/a/b", "7") ENTRY("p/c", "0"));
	char *query = listing_query("p/chunks/", "a b");

	CHECK(listing_is(xml, "a/b 7 86401\nc 0 86401\n", false));
	SAME(query, "marker=a%20b&max-keys=1000&prefix=p%2Fchunks%2F");
	free(query);
	free(xml);
	CHECK(listing_is("<IsTruncated>true</IsTruncated>" ENTRY("p/a", "1"), "a 1 86401\n", true));
	/* Objects of others are left out. */
	xml = mem_print("%s%s", last, ENTRY("q/a", "1") ENTRY("p/&amp;", "1") ENTRY("p/", "1"));
	CHECK(listing_is(xml, "", false));
	free(xml);
	CHECK(listing_is("<html>", NULL, false));
	CHECK(listing_is("<IsTruncated>false</IsTruncated><Contents><Key>p/a", NULL, false));
	CHECK(listing_is("<IsTruncated>false</IsTruncated>" ENTRY("p/a", "-1"), NULL, false));
}

int main(void)
{
	static const struct test tests[] = {
		TEST(messages_coded), TEST(messages_with_files), TEST(chunks_cut),
		TEST(envelopes_opened), TEST(heads_have_keys),
		TEST(manifests_coded), TEST(cookies_coded),
		TEST(cookies_of_packs), TEST(cookies_with_uuid), TEST(lifecycles_read),
		TEST(buckets_described), TEST(owners_read), TEST(base64_encoded),
		TEST(name_sets), TEST(garbage_lists), TEST(bulk_answers), TEST(paths_encoded),
		TEST(settings_read), TEST(listings_parsed),
		{ NULL, NULL }
	};

	return hash_init() ? test_main(tests) : 1;
}
