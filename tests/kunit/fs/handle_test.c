// SPDX-License-Identifier: GPL-2.0-only
/* Signing and checking the bytes of file handles. */
#include <kunit/test.h>
#include <linux/exportfs.h>
#include <linux/unaligned.h>

#include "../../../fs/share/handle.h"
#include "../../../fs/node/node_private.h"
#include "../../../net/server.h"

#define TAG	0x1122334455667788ULL

static int handle_init(struct kunit *test)
{
	struct ditto_server *srv = kunit_kzalloc(test, sizeof(*srv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, srv);
	srv->handle_key.key[0] = 0x0123456789abcdefULL;
	srv->handle_key.key[1] = 0xfedcba9876543210ULL;
	test->priv = srv;
	return 0;
}

static void fill_fid(struct ditto_fid *fid, u8 len)
{
	memset(fid, 0, sizeof(*fid));
	fid->type = len ? FILEID_INO32_GEN : FILEID_ROOT;
	fid->len = len;
	for (u8 i = 0; i < len; i++)
		fid->raw[i] = 0xa0 + i;
}

static void handle_round_trip(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	struct ditto_fid fid, got;
	struct ditto_handle h;
	u64 tag;

	for (u8 len = 0; len <= DITTO_FID_MAX; len += 4) {
		fill_fid(&fid, len);
		memset(&got, 0, sizeof(got));
		ditto_handle_sign(srv, TAG, &fid, &h);
		KUNIT_EXPECT_EQ(test, h.len, 20 + len);
		KUNIT_EXPECT_EQ(test, ditto_handle_verify(srv, h.data, h.len, &tag, &got, NULL), 0);
		KUNIT_EXPECT_EQ(test, tag, TAG);
		KUNIT_EXPECT_EQ(test, memcmp(&got, &fid, sizeof(fid)), 0);
	}
	KUNIT_EXPECT_EQ(test, h.len, DITTO_HANDLE_MAX);
}

/* The bytes of a handle are copied, and no others. */
static void handle_copied(struct kunit *test)
{
	u8 to[DITTO_HANDLE_MAX + 1], rest[DITTO_HANDLE_MAX + 1];
	struct ditto_handle h;
	struct ditto_fid fid;

	memset(rest, 0xee, sizeof(rest));
	for (u8 len = 0; len <= DITTO_FID_MAX; len += 4) {
		fill_fid(&fid, len);
		ditto_handle_sign(test->priv, TAG, &fid, &h);
		memset(to, 0xee, sizeof(to));
		ditto_handle_copy(to, h.data, h.len);
		KUNIT_EXPECT_MEMEQ(test, to, h.data, h.len);
		KUNIT_EXPECT_MEMEQ(test, to + h.len, rest, sizeof(to) - h.len);
	}
}

/* Clients keep handles: the layout and the signature never change. */
static void handle_golden(struct kunit *test)
{
	static const u8 head[] = {
		1, FILEID_INO32_GEN, 2, 0,
		0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
		0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7,
	};
	struct ditto_server *srv = test->priv;
	struct ditto_fid fid;
	struct ditto_handle h;
	u64 sum;

	fill_fid(&fid, 8);
	ditto_handle_sign(srv, TAG, &fid, &h);
	KUNIT_ASSERT_EQ(test, h.len, sizeof(head) + sizeof(sum));
	KUNIT_EXPECT_MEMEQ(test, h.data, head, sizeof(head));
	sum = siphash(head, sizeof(head), &srv->handle_key);
	for (int i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, h.data[sizeof(head) + i], (u8)(sum >> (8 * i)));
}

/* All lengths are signed in the same way, however it is computed. */
static void handle_signature_of_all(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	struct ditto_fid fid;
	struct ditto_handle h;
	size_t signed_len;

	for (u8 len = 0; len <= DITTO_FID_MAX; len += 4) {
		fill_fid(&fid, len);
		ditto_handle_sign(srv, TAG, &fid, &h);
		signed_len = h.len - sizeof(u64);
		KUNIT_EXPECT_EQ_MSG(test, get_unaligned_le64(h.data + signed_len),
				    siphash(h.data, signed_len, &srv->handle_key),
				    "file id of %u bytes", len);
	}
}

static int handle_check(const struct ditto_server *srv, const struct ditto_handle *h,
			struct ditto_handle_seen *seen)
{
	struct ditto_fid fid;
	u64 tag;

	return ditto_handle_verify(srv, h->data, h->len, &tag, &fid, seen);
}

/* No bit of a handle can be changed, and none of one whose signature was verified before. */
static void handle_forged_bits(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	struct ditto_handle_seen seen = {};
	struct ditto_handle h;
	struct ditto_fid fid;

	fill_fid(&fid, 12);
	ditto_handle_sign(srv, TAG, &fid, &h);
	for (int bit = 0; bit < h.len * 8; bit++) {
		KUNIT_EXPECT_EQ(test, handle_check(srv, &h, &seen), 0);
		h.data[bit / 8] ^= 1 << (bit % 8);
		KUNIT_EXPECT_EQ_MSG(test, handle_check(srv, &h, NULL), -EBADHANDLE, "bit %d", bit);
		KUNIT_EXPECT_EQ_MSG(test, handle_check(srv, &h, &seen), -EBADHANDLE, "bit %d", bit);
		h.data[bit / 8] ^= 1 << (bit % 8);
	}
}

static void handle_bad_length(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	u8 data[DITTO_HANDLE_MAX + 8] = {};
	struct ditto_fid fid, got;
	struct ditto_handle h;
	u64 tag;

	fill_fid(&fid, DITTO_FID_MAX);
	ditto_handle_sign(srv, TAG, &fid, &h);
	memcpy(data, h.data, h.len);
	for (size_t len = 0; len <= sizeof(data); len++) {
		int want = len == h.len ? 0 : -EBADHANDLE;

		KUNIT_EXPECT_EQ_MSG(test, ditto_handle_verify(srv, data, len, &tag, &got, NULL),
				    want, "length %zu", len);
	}
}

/* A correct signature does not make a wrong layout valid. */
static void handle_bad_shape(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	struct ditto_fid fid;
	struct ditto_handle h;

	fill_fid(&fid, 0);
	fid.type = FILEID_INO32_GEN;
	ditto_handle_sign(srv, TAG, &fid, &h);
	KUNIT_EXPECT_EQ(test, handle_check(srv, &h, NULL), -EBADHANDLE);

	fill_fid(&fid, 8);
	fid.type = FILEID_ROOT;
	ditto_handle_sign(srv, TAG, &fid, &h);
	KUNIT_EXPECT_EQ(test, handle_check(srv, &h, NULL), -EBADHANDLE);
}

static void handle_other_key(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	struct ditto_handle_seen seen = {};
	struct ditto_handle h;
	struct ditto_fid fid;

	fill_fid(&fid, 8);
	ditto_handle_sign(srv, TAG, &fid, &h);
	KUNIT_EXPECT_EQ(test, handle_check(srv, &h, &seen), 0);
	KUNIT_EXPECT_EQ(test, handle_check(srv, &h, &seen), 0);
	srv->handle_key.key[1] ^= 1;
	KUNIT_EXPECT_EQ(test, handle_check(srv, &h, NULL), -EBADHANDLE);
	KUNIT_EXPECT_EQ(test, handle_check(srv, &h, &seen), -EBADHANDLE);
}

/* The handle of a stream has the file ids of both, of every length. */
static void handle_of_stream(struct kunit *test)
{
	struct ditto_fid base, stream, got_base, got_stream;
	struct ditto_server *srv = test->priv;
	struct ditto_stream_handle h;
	u64 tag;

	for (u8 base_len = 0; base_len <= DITTO_FID_MAX; base_len += 4) {
		for (u8 len = 4; len <= DITTO_FID_MAX; len += 4) {
			fill_fid(&base, base_len);
			fill_fid(&stream, len);
			stream.type = FILEID_INO64_GEN;
			memset(&got_base, 0, sizeof(got_base));
			memset(&got_stream, 0, sizeof(got_stream));
			ditto_stream_handle_sign(srv, TAG, &base, &stream, &h);
			KUNIT_ASSERT_EQ(test, h.len, 24 + base_len + len);
			KUNIT_ASSERT_EQ(test, ditto_stream_handle_verify(srv, h.data, h.len, &tag,
									 &got_base,
									 &got_stream), 0);
			KUNIT_ASSERT_EQ(test, tag, TAG);
			KUNIT_ASSERT_MEMEQ(test, &got_base, &base, sizeof(base));
			KUNIT_ASSERT_MEMEQ(test, &got_stream, &stream, sizeof(stream));
		}
	}
	KUNIT_EXPECT_EQ(test, h.len, DITTO_STREAM_HANDLE_MAX);
}

static int stream_check(const struct ditto_server *srv, const struct ditto_stream_handle *h)
{
	struct ditto_fid base, stream;
	u64 tag;

	return ditto_stream_handle_verify(srv, h->data, h->len, &tag, &base, &stream);
}

/* Neither can the two be taken apart, nor others be put together, nor one be used as the other. */
static void handle_of_stream_forged(struct kunit *test)
{
	struct ditto_server *srv = test->priv;
	struct ditto_stream_handle h = {};
	struct ditto_fid base, stream;
	struct ditto_handle own;
	u64 tag;
	u8 len;

	fill_fid(&base, 12);
	fill_fid(&stream, 12);
	ditto_stream_handle_sign(srv, TAG, &base, &stream, &h);
	for (int bit = 0; bit < h.len * 8; bit++) {
		h.data[bit / 8] ^= 1 << (bit % 8);
		KUNIT_EXPECT_EQ_MSG(test, stream_check(srv, &h), -EBADHANDLE, "bit %d", bit);
		h.data[bit / 8] ^= 1 << (bit % 8);
	}
	len = h.len;
	for (h.len = 0; h.len <= sizeof(h.data); h.len++)
		KUNIT_EXPECT_EQ_MSG(test, stream_check(srv, &h), h.len == len ? 0 : -EBADHANDLE,
				    "length %u", h.len);
	KUNIT_EXPECT_EQ(test, ditto_handle_verify(srv, h.data, len, &tag, &base, NULL),
			-EBADHANDLE);
	ditto_handle_sign(srv, TAG, &base, &own);
	KUNIT_EXPECT_EQ(test, ditto_stream_handle_verify(srv, own.data, own.len, &tag, &base,
							 &stream), -EBADHANDLE);
}

static struct kunit_case handle_cases[] = {
	KUNIT_CASE(handle_round_trip),
	KUNIT_CASE(handle_copied),
	KUNIT_CASE(handle_golden),
	KUNIT_CASE(handle_signature_of_all),
	KUNIT_CASE(handle_forged_bits),
	KUNIT_CASE(handle_bad_length),
	KUNIT_CASE(handle_bad_shape),
	KUNIT_CASE(handle_other_key),
	KUNIT_CASE(handle_of_stream),
	KUNIT_CASE(handle_of_stream_forged),
	{}
};

static struct kunit_suite handle_suite = {
	.name = "ditto_handle",
	.init = handle_init,
	.test_cases = handle_cases,
};

kunit_test_suite(handle_suite);
