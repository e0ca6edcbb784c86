// SPDX-License-Identifier: GPL-2.0-only
/*
 * RPC over named pipes. The messages that start a conversation are those of python3-impacket; the
 * others are made with the writer of the daemon.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/ntlm/utf16.h"
#include "mem.h"
#include "rpc/ndr_struct.h"
#include "rpc_messages.h"
#include "rpc_peer.h"
#include "test.h"

static int none_served(void *arg, struct kernel_shares *out)
{
	(void)arg;
	(void)out;
	return -EIO;
}

static void text_is_utf16(void)
{
	static const char *const same[] = { "", "data", "f\xc3\xbcr", "\xe2\x82\xac",
					    "\xf0\x9f\x98\x80" };
	u8 units[64];
	char text[64];
	size_t i, n;

	for (i = 0; i < ARRAY_SIZE(same); i++) {
		n = utf16_from_utf8(same[i], NULL);
		CHECK(utf16_from_utf8(same[i], units) == n);
		CHECK(utf16_to_utf8(units, n, text, sizeof(text)));
		SAME(text, same[i]);
	}
	/* Invalid UTF-8 becomes U+FFFD. */
	CHECK(utf16_from_utf8("\xff", units) == 1 && bytes_get16(units) == 0xfffd);
	CHECK(utf16_from_utf8("\xc3", units) == 1 && bytes_get16(units) == 0xfffd);
	CHECK(utf16_from_utf8("\xed\xa0\x80", units) == 1 && bytes_get16(units) == 0xfffd);
	/* Unpaired surrogate, NUL, no room. */
	CHECK(!utf16_to_utf8((const u8 *)"\x00\xd8", 1, text, sizeof(text)));
	CHECK(!utf16_to_utf8((const u8 *)"\x00\xdc\x41\x00", 2, text, sizeof(text)));
	CHECK(!utf16_to_utf8((const u8 *)"\x41\x00\x00\x00", 2, text, sizeof(text)));
	CHECK(!utf16_to_utf8((const u8 *)"\x41\x00\x42\x00", 2, text, 2));
	CHECK(utf16_to_utf8((const u8 *)"\x41\x00\x42\x00", 2, text, 3));
}

static void reader_stays_inside(void)
{
	struct ndr_out out;
	struct ndr_in in;
	struct sid sid = { 5, 2, { 32, 544 } };
	struct sid got;
	char text[64];
	u16 units;
	size_t len;

	ndr_out_init(&out, 1000);
	ndr_put8(&out, 7);
	ndr_put32(&out, 1);
	ndr_put_string(&out, "name");
	ndr_put_unicode_header(&out, "other");
	ndr_put_unicode(&out, "other");
	ndr_put_sid(&out, &sid);
	for (len = 0; len <= out.len; len++) {
		u8 *copy = mem_new(len + 1);

		memcpy(copy, out.data, len);
		ndr_in_init(&in, copy, len);
		ndr_get8(&in);
		ndr_get32(&in);
		ndr_get_string(&in, text, sizeof(text));
		CHECK(in.bad || !strcmp(text, "name"));
		ndr_get_unicode_header(&in, &units);
		ndr_get_unicode(&in, units, text, sizeof(text));
		CHECK(in.bad || !strcmp(text, "other"));
		ndr_get_sid(&in, &got);
		CHECK(in.bad == (len < out.len));
		free(copy);
	}
	CHECK(sid_same(&sid, &got));
	free(out.data);
	/* A full buffer stays full. */
	ndr_out_init(&out, 6);
	ndr_put32(&out, 1);
	ndr_put32(&out, 1);
	ndr_put8(&out, 1);
	CHECK(out.full && out.len <= 6);
	free(out.data);
}

/* Wrong lengths: of a string, of a string in a structure, of a SID. */
static void counts_that_lie(void)
{
	static const u8 string[] = { 9, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 65, 0, 0, 0 };
	static const u8 sid[] = { 2, 0, 0, 0, 1, 200, 0, 0, 0, 0, 0, 5, 1, 0, 0, 0 };
	static const u8 header[] = { 3, 0, 8, 0, 1, 0, 0, 0 };
	struct sid got;
	struct ndr_in in;
	char text[64];
	u16 units;

	ndr_in_init(&in, string, sizeof(string));
	ndr_get_string(&in, text, sizeof(text));
	CHECK(in.bad && !text[0]);
	ndr_in_init(&in, sid, sizeof(sid));
	ndr_get_sid(&in, &got);
	CHECK(in.bad);
	ndr_in_init(&in, header, sizeof(header));
	ndr_get_unicode_header(&in, &units);
	CHECK(in.bad);
}

/* Two arrays in a structure behind a pointer. */
struct two_arrays {
	struct ndr_array first;
	struct ndr_array second;
};

static void read_described(struct ndr_in *in, const struct ndr_field *field, const void *data,
			   size_t len)
{
	struct mem_chain *chain = NULL;
	struct two_arrays *arrays = NULL;

	ndr_in_init(in, data, len);
	ndr_read(in, field, &arrays, &chain);
	mem_chain_free(&chain);
}

/* Elements of the arrays of a structure are not read if one array has too many. */
static void structures_in_excess(void)
{
	static const u8 data[] = { 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0 };
	const struct ndr_struct pointers = {
		sizeof(struct two_arrays),
		NDR_FIELDS(NDR_AT(U32, struct two_arrays, first.n),
			   NDR_AT(U32, struct two_arrays, second.n),
			   NDR_AT(ARRAY, struct two_arrays, first, .n = 1, .of = &ndr_of_number),
			   NDR_AT(ARRAY, struct two_arrays, second, .n = 1, .of = &ndr_of_number))
	};
	const struct ndr_struct elements = {
		sizeof(struct two_arrays),
		NDR_FIELDS(NDR_AT(U32, struct two_arrays, first.n),
			   NDR_AT(ELEMENTS, struct two_arrays, first, .n = 1,
				  .of = &ndr_of_sid_pointer))
	};
	struct ndr_in in;

	read_described(&in, NDR_FIELDS({ .type = NDR_POINTER, .of = &pointers }), data,
		       sizeof(data));
	CHECK(in.excess && !in.bad && in.pos == sizeof(data));
	read_described(&in, NDR_FIELDS({ .type = NDR_POINTER, .of = &elements }), data,
		       sizeof(data));
	CHECK(in.excess && !in.bad && in.pos == 8);
}

/* A type that can only be written is not read over. */
static void written_types(void)
{
	static const u8 data[8];
	struct ndr_in in;

	read_described(&in, NDR_FIELDS(NDR_NUMBER(U64, 0)), data, sizeof(data));
	CHECK(in.bad);
}

static void pipes_have_numbers(void)
{
	CHECK(rpc_pipe_number("spoolss") == -ENOENT);
	CHECK(rpc_pipe_number("SRVSVC") == rpc_pipe_number("srvsvc"));
	CHECK(rpc_pipe_number("lsarpc") != rpc_pipe_number("srvsvc"));
}

/* Only interfaces of this pipe, the known transfer syntax and no security are accepted. */
static void interface_bindings(void)
{
	u8 data[sizeof(bind_srvsvc)];
	struct peer p;

	peer_open(&p, "srvsvc", 1000);
	CHECK(!peer_send(&p, bind_lsarpc, sizeof(bind_lsarpc)));
	CHECK(peer_reply_is(&p, PTYPE_BIND_ACK) &&
	      bytes_get32(p.out + p.len - 24) == (2 | 1 << 16));
	CHECK(!peer_send(&p, share_enum, sizeof(share_enum)));
	CHECK(peer_fault(&p) == RPC_FAULT_CONTEXT);
	peer_end(&p);

	peer_open(&p, "srvsvc", 1000);
	memcpy(data, bind_srvsvc, sizeof(data));
	data[sizeof(data) - 20] ^= 1;
	CHECK(!peer_send(&p, data, sizeof(data)));
	CHECK(peer_reply_is(&p, PTYPE_BIND_ACK) &&
	      bytes_get32(p.out + p.len - 24) == (2 | 2 << 16));
	peer_end(&p);

	peer_open(&p, "srvsvc", 1000);
	memcpy(data, bind_srvsvc, sizeof(data));
	data[10] = 8;
	CHECK(!peer_send(&p, data, sizeof(data)));
	CHECK(peer_reply_is(&p, PTYPE_BIND_NAK) && bytes_get16(p.out + HEADER) == 8);
	peer_end(&p);
}

/* Each side is told how long the fragments of the other may be. */
static void fragment_sizes(void)
{
	u8 data[sizeof(bind_srvsvc)];
	struct peer p;

	peer_open(&p, "srvsvc", 1000);
	memcpy(data, bind_srvsvc, sizeof(data));
	/* The client sends at most 4000 bytes and receives at most 2000. */
	memcpy(data + HEADER, (const u8[]){ 0xa0, 0x0f, 0xd0, 0x07 }, 4);
	peer_bind(&p, data, sizeof(data));
	CHECK(bytes_get16(p.out + HEADER) == 2000 && bytes_get16(p.out + HEADER + 2) == 4000);
	peer_end(&p);
}

/* Answers to fragments that came together: one that ends at an odd offset spoils no other. */
static void bindings_together(void)
{
	u8 data[2 * sizeof(bind_srvsvc)];
	struct peer p;
	size_t first;

	memcpy(data, bind_srvsvc, sizeof(bind_srvsvc));
	data[10] = 1;
	memcpy(data + sizeof(bind_srvsvc), bind_srvsvc, sizeof(bind_srvsvc));
	peer_open(&p, "srvsvc", 1000);
	CHECK(!peer_send(&p, data, sizeof(data)));
	first = p.len > HEADER ? bytes_get16(p.out + 8) : 0;
	CHECK(first == 21 && p.out[2] == PTYPE_BIND_NAK && p.len > first + HEADER);
	memmove(p.out, p.out + first, p.len - first);
	p.len -= first;
	CHECK(peer_reply_is(&p, PTYPE_BIND_ACK) && bytes_get32(p.out + 12) == 1);
	/* The address is aligned, and the result behind it accepts. */
	CHECK(p.len % 4 == 0 && !bytes_get16(p.out + p.len - 24));
	peer_end(&p);
}

static void shares_are_listed(void)
{
	struct peer p;
	u8 data[4096];
	size_t len;

	peer_open(&p, "srvsvc", 1000);
	peer_bind(&p, bind_srvsvc, sizeof(bind_srvsvc));
	CHECK(!peer_send(&p, share_enum, sizeof(share_enum)));
	len = peer_reply_join(&p, data, sizeof(data));
	/* Level twice, pointer, entries, pointer, entries. */
	CHECK(len > 24 && bytes_get32(data) == 1 && bytes_get32(data + 12) == 2 &&
	      bytes_get32(data + 20) == 2);
	CHECK(bytes_have_text(data, len, "data") && bytes_have_text(data, len, "f\xc3\xbcr alle"));
	CHECK(bytes_have_text(data, len, "IPC$") && !bytes_have_text(data, len, "secret"));
	CHECK(len > 4 && !bytes_get32(data + len - 4));
	peer_end(&p);
}

static void list_of_nothing(void)
{
	struct peer p;

	peer_open(&p, "srvsvc", 1000);
	p.asks.shares = none_served;
	peer_bind(&p, bind_srvsvc, sizeof(bind_srvsvc));
	CHECK(!peer_send(&p, share_enum, sizeof(share_enum)));
	CHECK(peer_reply_is(&p, PTYPE_RESPONSE) && bytes_get32(p.out + p.len - 4) == 31);
	peer_end(&p);
}

static void share_is_told(void)
{
	u8 request[sizeof(share_get_info)];
	struct peer p;
	u8 data[4096];
	size_t len;

	peer_open(&p, "srvsvc", 1000);
	peer_bind(&p, bind_srvsvc, sizeof(bind_srvsvc));
	CHECK(!peer_send(&p, share_get_info, sizeof(share_get_info)));
	len = peer_reply_join(&p, data, sizeof(data));
	CHECK(len && bytes_have_text(data, len, "data") && !bytes_get32(data + len - 4));
	memcpy(request, share_get_info, sizeof(request));
	/* There is no share "aata"; only root may see paths; there is no level 9. */
	request[40] = 'a';
	CHECK(!peer_send(&p, request, sizeof(request)) && bytes_get32(p.out + p.len - 4) == 2310);
	request[40] = 'd';
	request[sizeof(request) - 4] = 2;
	CHECK(!peer_send(&p, request, sizeof(request)) && bytes_get32(p.out + p.len - 4) == 5);
	request[sizeof(request) - 4] = 9;
	CHECK(!peer_send(&p, request, sizeof(request)) && bytes_get32(p.out + p.len - 4) == 124);
	peer_end(&p);

	peer_open(&p, "srvsvc", 0);
	peer_bind(&p, bind_srvsvc, sizeof(bind_srvsvc));
	request[sizeof(request) - 4] = 2;
	CHECK(!peer_send(&p, request, sizeof(request)));
	len = peer_reply_join(&p, data, sizeof(data));
	CHECK(len && bytes_have_text(data, len, "C:\\srv\\data") && !bytes_get32(data + len - 4));
	peer_end(&p);
}

/* NetrShareCheck: returns the result and the type. */
static u32 check_path(struct peer *p, const char *path, u32 *type)
{
	struct ndr_out o;
	u32 result;

	ndr_out_init(&o, 1000);
	ndr_put(&o, share_enum, RESPONSE);
	ndr_put_pointer(&o, false);
	ndr_put_string(&o, path);
	o.data[8] = (u8)o.len;
	o.data[22] = 20;
	CHECK(!peer_send(p, o.data, o.len) && peer_reply_is(p, PTYPE_RESPONSE) &&
	      p->len == RESPONSE + 8);
	*type = bytes_get32(p->out + RESPONSE);
	result = bytes_get32(p->out + RESPONSE + 4);
	free(o.data);
	return result;
}

static void path_is_shared(void)
{
	struct peer p;
	u32 type;

	peer_open(&p, "srvsvc", 0);
	peer_bind(&p, bind_srvsvc, sizeof(bind_srvsvc));
	CHECK(!check_path(&p, "C:\\srv\\DATA", &type) && !type);
	CHECK(!check_path(&p, "", &type) && type == 0x80000003);
	CHECK(check_path(&p, "C:\\srv", &type) == 2311);
	peer_end(&p);
	/* Only root may see paths. */
	peer_open(&p, "srvsvc", 1000);
	peer_bind(&p, bind_srvsvc, sizeof(bind_srvsvc));
	CHECK(check_path(&p, "C:\\srv\\data", &type) == 5);
	peer_end(&p);
}

/* The reply is complete, whatever the fragments of the call. */
static void message_pieces(void)
{
	struct peer p;
	u8 whole[4096];
	u8 first[40], second[sizeof(share_enum)];
	size_t i, len;

	peer_open(&p, "srvsvc", 1000);
	peer_bind(&p, bind_srvsvc, sizeof(bind_srvsvc));
	for (i = 0; i < sizeof(share_enum); i++) {
		CHECK(!peer_send(&p, share_enum + i, 1));
		CHECK(!p.out == (i + 1 < sizeof(share_enum)));
	}
	CHECK(peer_reply_join(&p, whole, sizeof(whole)));

	/* The same as two fragments, with 16 bytes of parameters in the first. */
	memcpy(first, share_enum, sizeof(first));
	first[3] = 1;
	first[8] = sizeof(first);
	memcpy(second, share_enum, RESPONSE);
	len = RESPONSE + sizeof(share_enum) - sizeof(first);
	memcpy(second + RESPONSE, share_enum + sizeof(first), len - RESPONSE);
	second[3] = 2;
	second[8] = (u8)len;
	CHECK(!peer_send(&p, first, sizeof(first)) && !p.out);
	CHECK(!peer_send(&p, second, len) && p.out);
	CHECK(peer_reply_join(&p, whole, sizeof(whole)) &&
	      bytes_have_text(whole, sizeof(whole), "IPC$"));

	/* A continuation without a first fragment ends the conversation. */
	CHECK(peer_send(&p, second, len) == -EINVAL);
	peer_end(&p);
}

/* Create a call for a list from an entry on. */
static size_t make_enum(u8 *out, u32 resume)
{
	struct ndr_out o;
	size_t len;

	ndr_out_init(&o, 1000);
	ndr_put(&o, share_enum, RESPONSE);
	ndr_put_pointer(&o, false);
	ndr_put32(&o, 1);
	ndr_put32(&o, 1);
	ndr_put_pointer(&o, true);
	ndr_put32(&o, 0);
	ndr_put_pointer(&o, false);
	ndr_put32(&o, 0xffffffff);
	ndr_put_pointer(&o, true);
	ndr_put32(&o, resume);
	o.data[8] = (u8)o.len;
	len = o.len;
	memcpy(out, o.data, len);
	free(o.data);
	return len;
}

/* A list that exceeds one reply is returned in several. */
static void many_shares(void)
{
	u8 request[200], *data = mem_new(RPC_ANSWER_MAX);
	u32 resume = 0, total = 0, status;
	struct peer p;
	size_t len;
	int calls = 0;

	peer_more_shares = 4000;
	peer_open(&p, "srvsvc", 1000);
	peer_bind(&p, bind_srvsvc, sizeof(bind_srvsvc));
	do {
		len = make_enum(request, resume);
		if (!CHECK(!peer_send(&p, request, len)) || !CHECK(p.len <= RPC_ANSWER_MAX))
			break;
		len = peer_reply_join(&p, data, RPC_ANSWER_MAX);
		if (!CHECK(len > 40))
			break;
		total += bytes_get32(data + 12);
		resume = bytes_get32(data + len - 8);
		status = bytes_get32(data + len - 4);
	} while (status == 234 && ++calls < 20);
	CHECK(total == 4002 && !status && !resume && calls > 1);
	peer_more_shares = 0;
	peer_end(&p);
	free(data);
}

static void calls_without_sense(void)
{
	u8 request[sizeof(share_enum)];
	struct peer p;
	size_t len;

	peer_open(&p, "srvsvc", 1000);
	CHECK(peer_send(&p, share_enum, sizeof(share_enum)) == -EINVAL);
	peer_end(&p);
	peer_open(&p, "srvsvc", 1000);
	peer_bind(&p, bind_srvsvc, sizeof(bind_srvsvc));
	memcpy(request, share_enum, sizeof(request));
	request[22] = 200;
	CHECK(!peer_send(&p, request, sizeof(request)) && peer_fault(&p) == RPC_FAULT_OPNUM);
	request[22] = 15;
	/* Truncated parameters. */
	for (len = RESPONSE; len < sizeof(request); len++) {
		request[8] = (u8)len;
		CHECK(!peer_send(&p, request, len) && peer_fault(&p) == RPC_FAULT_NDR);
	}
	/* Big endian. */
	request[4] = 0;
	CHECK(peer_send(&p, request, sizeof(request)) == -EINVAL);
	peer_end(&p);
}

/* Boundary values. */
static const u32 edges[] = { 0, 1, 3, 15, 16, 17, 255, 4280, 0x7fff, 0xffff, 0x10000, 0x7fffffff,
			     0x80000000, 0xfffffffc, 0xffffffff };

static u32 next_random(u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Change bytes and numbers of a message, and its length. */
static size_t message_spoil(u8 *message, size_t len, u32 *state)
{
	u32 times = next_random(state) % 4 + 1, value;
	size_t at;

	while (times--) {
		at = next_random(state) % len;
		value = edges[next_random(state) % ARRAY_SIZE(edges)];
		if (next_random(state) % 2)
			message[at] ^= (u8)(1 << next_random(state) % 8);
		else if (at + sizeof(value) <= len)
			memcpy(message + at, &value, sizeof(value));
	}
	if (next_random(state) % 4)
		return len;
	len = HEADER + next_random(state) % (len - HEADER);
	message[8] = (u8)len;
	message[9] = 0;
	return len;
}

/* Arbitrary messages are answered or end the pipe; sanitizers must report nothing. */
static void spoiled_calls(void)
{
	static const struct {
		const char *pipe;
		const u8 *bind;
		size_t bind_len;
		const u8 *call;
		size_t len;
	} calls[] = {
		{ "srvsvc", bind_srvsvc, sizeof(bind_srvsvc), share_enum, sizeof(share_enum) },
		{ "srvsvc", bind_srvsvc, sizeof(bind_srvsvc), share_get_info,
		  sizeof(share_get_info) },
		{ "lsarpc", bind_lsarpc, sizeof(bind_lsarpc), open_policy2,
		  sizeof(open_policy2) },
		{ "lsarpc", bind_lsarpc, sizeof(bind_lsarpc), lookup_sids2,
		  sizeof(lookup_sids2) },
		{ "lsarpc", bind_lsarpc, sizeof(bind_lsarpc), lookup_names,
		  sizeof(lookup_names) },
	};
	u8 message[512], handle[20];
	u32 state = 1, i, which;
	struct peer p;
	size_t len;
	int rc;

	for (i = 0; i < 4000; i++) {
		which = next_random(&state) % ARRAY_SIZE(calls);
		if (calls[which].bind == bind_lsarpc) {
			peer_open_policy(&p, handle);
		} else {
			peer_open(&p, calls[which].pipe, 1000);
			peer_bind(&p, calls[which].bind, calls[which].bind_len);
		}
		len = calls[which].len;
		memcpy(message, calls[which].call, len);
		if (calls[which].bind == bind_lsarpc && calls[which].call != open_policy2)
			memcpy(message + HANDLE_AT, handle, sizeof(handle));
		len = message_spoil(message, len, &state);
		rc = peer_send(&p, message, len);
		CHECK(!rc || rc == -EINVAL);
		peer_end(&p);
	}
}

int main(void)
{
	static const struct test tests[] = {
		TEST(text_is_utf16), TEST(reader_stays_inside), TEST(counts_that_lie),
		TEST(structures_in_excess), TEST(written_types),
		TEST(pipes_have_numbers), TEST(interface_bindings), TEST(fragment_sizes),
		TEST(bindings_together),
		TEST(shares_are_listed), TEST(list_of_nothing),
		TEST(share_is_told), TEST(path_is_shared), TEST(message_pieces), TEST(many_shares),
		TEST(calls_without_sense),
		TEST(spoiled_calls),
		{ 0 }
	};

	return test_main(tests);
}
