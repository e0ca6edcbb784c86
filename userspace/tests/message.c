// SPDX-License-Identifier: GPL-2.0-only
/* Netlink messages: written and parsed, malformed ones, and errors. */

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/genl/genl.h>

#include "nl/listener.h"
#include "nl/module.h"
#include "nl/share.h"
#include "ditto-nl-gen.h"
#include "nl/nl.h"
#include "nl/setting.h"
#include "test.h"

static struct nl_msg *message_new(u8 cmd)
{
	struct conn c = { .family = 0x20 };

	return conn_message(&c, cmd);
}

static struct share *share_sample(void)
{
	struct share *s = share_new("data");
	struct why why;

	CHECK(share_set_path(s, "/srv/data//", &why));
	CHECK(share_set_option(s, "read_only", "on", &why));
	CHECK(share_set_option(s, "squash", "none", &why));
	CHECK(share_set_anon_uid(s, "7", &why));
	CHECK(share_set_option(s, "sec", "sys,krb5i", &why));
	CHECK(share_add_rule(s, "10.0.0.0/8=ro", &why));
	CHECK(share_add_rule(s, "@x,squash=all-to-admin", &why));
	CHECK(share_add_rule(s, "@y,anon-uid=8,anon-gid=9", &why));
	CHECK(share_set_option(s, "encrypt", "on", &why));
	CHECK(share_set_option(s, "guest", "on", &why));
	CHECK(share_set_option(s, "browse", "off", &why) && share_set_comment(s, "of all", &why));
	CHECK(share_add_user(s, "7=none", &why) && share_add_group(s, "7=admin", &why));
	CHECK(share_set_default_access(s, "read", &why));
	CHECK(share_set_protocols(s, "nfs", &why));
	return s;
}

static void share_protocols(void)
{
	struct share *s = share_new("data");
	struct why why;

	CHECK(share_has_protocol(s, "nfs") && share_has_protocol(s, "smb") && share_lacks_rule(s));
	CHECK(!share_set_protocols(s, "nfs,ftp", &why) && !share_set_protocols(s, " ", &why));
	CHECK(share_set_protocols(s, "smb", &why));
	SAME(s->protocols, "smb");
	CHECK(!share_has_protocol(s, "nfs") && share_has_protocol(s, "smb") &&
	      !share_lacks_rule(s));
	CHECK(share_set_protocols(s, " smb, nfs", &why) && !s->protocols);
	CHECK(share_set_protocols(s, "nfs", &why) && share_lacks_rule(s));
	CHECK(share_add_rule(s, "any", &why) && !share_lacks_rule(s));
	share_free(s);
}

static void share_round_trip(void)
{
	struct nl_msg *msg = message_new(DITTO_CMD_SHARE_NEW);
	struct share *s = share_sample();
	struct share_bits differs;
	struct share *back;

	share_put(msg, DITTO_CMD_SHARE_NEW, s);
	back = share_from_msg(msg);
	if (CHECK(back)) {
		SAME(back->name, "data");
		SAME(back->path, "/srv/data");
		differs = share_diff(s, back);
		CHECK(!share_bits_any(&differs));
		CHECK(back->nrules == 3 && back->rules[1].has_squash);
		CHECK(back->rules[2].anon_uid == 8 && back->rules[2].anon_gid == 9);
		back->rules[2].anon_uid = 0;
		differs = share_diff(s, back);
		CHECK(differs.attrs == SHARE_BIT(DITTO_A_SHARE_RULES) && !differs.options);
		back->rules[2].anon_uid = 8;
		back->rules[1].squash = DITTO_SQUASH_MODE_NONE;
		differs = share_diff(s, back);
		CHECK(differs.attrs == SHARE_BIT(DITTO_A_SHARE_RULES) && !differs.options);
		back->anon_gid = 1;
		CHECK(share_diff(s, back).attrs & SHARE_BIT(DITTO_A_SHARE_ANON_GID));
	}
	share_free(back);
	share_free(s);
	nlmsg_free(msg);
}

/* share-set has no path and no id, and contains only the given options. */
static void share_set_message(void)
{
	struct nl_msg *msg = message_new(DITTO_CMD_SHARE_SET);
	struct share *s = share_sample();
	struct share *back;
	struct why why;

	CHECK(share_set_id(s, "00112233445566778899aabbccddeeff", &why));
	share_put(msg, DITTO_CMD_SHARE_SET, s);
	back = share_from_msg(msg);
	CHECK(back && !back->path);
	CHECK(back && !(back->given.attrs & SHARE_BIT(DITTO_A_SHARE_ID)));
	CHECK(back && !(back->given.attrs & SHARE_BIT(DITTO_A_SHARE_ANON_GID)));
	share_free(back);
	share_free(s);
	nlmsg_free(msg);
}

/* An empty list of rules is transmitted, so that it can replace another list. */
static void empty_rules(void)
{
	struct nl_msg *msg = message_new(DITTO_CMD_SHARE_SET);
	struct share *s = share_new("data");
	struct share *back;

	s->given.attrs = SHARE_BIT(DITTO_A_SHARE_RULES);
	share_put(msg, DITTO_CMD_SHARE_SET, s);
	back = share_from_msg(msg);
	CHECK(back && (back->given.attrs & SHARE_BIT(DITTO_A_SHARE_RULES)) && !back->nrules);
	share_free(back);
	share_free(s);
	nlmsg_free(msg);
}

static void listener_round_trip(void)
{
	struct nl_msg *msg = message_new(DITTO_CMD_LISTENER_NEW);
	struct listener l = { 0 }, back;
	char text[LISTENER_TEXT_MAX];
	u32 id = 5;
	struct why why;

	CHECK(listener_set_protocol(&l, "nfs", &why));
	CHECK(listener_set_transport(&l, "udp", &why));
	CHECK(listener_set_address(&l, "2001:db8::1", &why));
	CHECK(listener_set_port(&l, "65535", &why));
	CHECK(!listener_set_port(&l, "65536", &why));
	CHECK(!listener_set_protocol(&l, "abcdefghijklmnop", &why));
	listener_put(msg, &l);
	CHECK(!listener_from_msg(&back, msg));
	msg_put(msg, DITTO_A_LISTENER_ID, &id, sizeof(id));
	CHECK(listener_from_msg(&back, msg));
	SAME(listener_text(&back, text), "nfs udp 2001:db8::1 port 65535");
	CHECK(back.id == 5 && listener_same_place(&l, &back));
	CHECK(listener_set_transport(&back, "rdma", &why) && !listener_same_place(&l, &back));
	back.port = 0;
	CHECK(listener_port(&back) == 20049);
	nlmsg_free(msg);
}

/* Every truncation of a message is either rejected or parsed. */
static void cut_messages(void)
{
	struct nl_msg *msg = message_new(DITTO_CMD_SHARE_NEW);
	struct share *s = share_sample();
	u32 len, whole;

	share_put(msg, DITTO_CMD_SHARE_NEW, s);
	share_free(s);
	whole = nlmsg_hdr(msg)->nlmsg_len;
	for (len = NLMSG_HDRLEN; len < whole; len++) {
		/* Exact allocation, so that a memory checker detects overreads. */
		struct nlmsghdr *copy = malloc(len);
		struct nl_msg *cut;

		memcpy(copy, nlmsg_hdr(msg), len);
		copy->nlmsg_len = len;
		cut = nlmsg_convert(copy);
		share_free(share_from_msg(cut));
		nlmsg_free(cut);
		free(copy);
	}
	nlmsg_free(msg);
}

static void changed_messages(void)
{
	struct nl_msg *msg = message_new(DITTO_CMD_SHARE_NEW);
	struct share *s = share_sample();
	unsigned int seed = 7;
	u32 len;
	int round;

	share_put(msg, DITTO_CMD_SHARE_NEW, s);
	share_free(s);
	len = nlmsg_hdr(msg)->nlmsg_len;
	for (round = 0; round < 20000; round++) {
		unsigned char *copy = malloc(len);
		struct nl_msg *changed;
		int i;

		memcpy(copy, nlmsg_hdr(msg), len);
		for (i = 0; i < 3; i++) {
			seed = seed * 1103515245 + 12345;
			copy[NLMSG_HDRLEN + (seed >> 8) % (len - NLMSG_HDRLEN)] = (u8)(seed >> 24);
		}
		changed = nlmsg_convert((struct nlmsghdr *)copy);
		share_free(share_from_msg(changed));
		nlmsg_free(changed);
		free(copy);
	}
	nlmsg_free(msg);
}

/* Create an error message like the kernel's, capped or not. */
static struct nl_msg *make_error(struct nlmsghdr *request, int error, bool capped,
				 const char *text, u32 offset)
{
	struct nl_msg *msg = nlmsg_alloc_size(65536);
	struct nlmsghdr *hdr = nlmsg_put(msg, 0, 0, NLMSG_ERROR, 0,
					 NLM_F_ACK_TLVS | (capped ? NLM_F_CAPPED : 0));
	u32 rest = capped ? 0 : request->nlmsg_len - NLMSG_HDRLEN;
	struct nlmsgerr *err = nlmsg_reserve(msg, sizeof(*err) + rest, NLMSG_ALIGNTO);

	(void)hdr;
	err->error = -error;
	memcpy(&err->msg, request, NLMSG_HDRLEN + rest);
	if (text)
		nla_put_string(msg, NLMSGERR_ATTR_MSG, text);
	if (offset)
		nla_put_u32(msg, NLMSGERR_ATTR_OFFS, offset);
	return msg;
}

static u32 offset_of(struct nl_msg *msg, int type)
{
	struct nlattr *nla = nlmsg_find_attr(nlmsg_hdr(msg), GENL_HDRLEN, type);

	return (u32)((char *)nla - (char *)nlmsg_hdr(msg));
}

static void check_error(struct nl_msg *request, struct nl_msg *error, int number,
			const char *words)
{
	struct extack ack;
	struct why why;

	extack_read(nlmsg_hdr(error), nlmsg_hdr(request), &spec_share_set, &ack);
	extack_words(&ack, number, &why);
	SAME(why.text, words);
	nlmsg_free(error);
}

static void error_words(void)
{
	struct nl_msg *msg = message_new(DITTO_CMD_SHARE_NEW);
	struct share *s = share_sample();
	struct nlmsghdr *hdr;
	struct nlattr *rules;
	struct nl_msg *e;
	u32 path;

	share_put(msg, DITTO_CMD_SHARE_NEW, s);
	share_free(s);
	hdr = nlmsg_hdr(msg);
	path = offset_of(msg, DITTO_A_SHARE_PATH);

	check_error(msg, make_error(hdr, ENOENT, true, "no such directory", path), ENOENT,
		    "no such directory (path)");
	check_error(msg, make_error(hdr, ENOENT, false, "no such directory", path), ENOENT,
		    "no such directory (path)");
	check_error(msg, make_error(hdr, ENOENT, false, "this path is no directory", path),
		    ENOENT, "this path is no directory");
	check_error(msg, make_error(hdr, EEXIST, true, NULL, 0), EEXIST, "File exists");
	check_error(msg, make_error(hdr, EPERM, true, NULL, 0), EPERM,
		    "this needs root (CAP_NET_ADMIN)");
	check_error(msg, make_error(hdr, ERANGE, true, "integer out of range",
				    offset_of(msg, DITTO_A_SHARE_ANON_UID)),
		    ERANGE, "integer out of range (anon-uid: 0 to 4294967295 is allowed)");
	/* The squash mode of a rule, two nests deep, after spec and access. */
	rules = nlmsg_find_attr(hdr, GENL_HDRLEN, DITTO_A_SHARE_RULES);
	check_error(msg, make_error(hdr, EINVAL, true, "bad client",
				    (u32)((char *)nla_data(nla_data(rules)) - (char *)hdr)),
		    EINVAL, "bad client (spec)");
	/* An offset outside of the message identifies no attribute. */
	check_error(msg, make_error(hdr, EINVAL, true, "odd", 100000), EINVAL, "odd");

	e = make_error(hdr, EINVAL, true, NULL, 0);
	nla_put_u32(e, NLMSGERR_ATTR_MISS_TYPE, DITTO_A_SHARE_NAME);
	check_error(msg, e, EINVAL, "Invalid argument (name is missing)");
	nlmsg_free(msg);
}

/* Each attribute of a command belongs to its set and has a name. */
static void attribute_tables(void)
{
	unsigned int cmd;

	for (cmd = 1; cmd <= DITTO_CMD_MAX; cmd++) {
		const struct spec_op *op = &spec_ops[cmd];
		const u16 *lists[] = { op->request, op->reply };
		size_t i;

		if (!CHECK(op->name && op->set))
			continue;
		for (i = 0; i < 2; i++) {
			const u16 *type = lists[i];

			for (; type && *type; type++)
				CHECK(*type <= op->set->max && op->set->attrs[*type].name);
		}
	}
	CHECK(spec_attr_find(&spec_server_set, "handle_key") ==
	      DITTO_A_SERVER_HANDLE_KEY);
	CHECK(!spec_attr_find(&spec_server_set, "handle"));
}

/* What the administrator reads is one sentence at least. */
static void descriptions_are_sentences(void)
{
	unsigned int i;
	size_t len;

	for (i = 0; i < SETTINGS; i++) {
		len = strlen(settings[i].doc);
		CHECK(len && settings[i].doc[len - 1] == '.');
	}
	for (i = 0; i < SHARE_OPTIONS; i++) {
		len = strlen(share_options[i].doc);
		CHECK(len && share_options[i].doc[len - 1] == '.');
	}
}

static void other_protocol(void)
{
	struct why why = { "" };

	CHECK(module_speaks(1, &why) && !why.text[0]);
	CHECK(!module_speaks(2, &why));
	SAME(why.text,
	     "ditto.ko speaks version 2 of the protocol, this program version 1: install both from one release");
	CHECK(!module_speaks(0, &why));
}

int main(void)
{
	static const struct test tests[] = {
		TEST(attribute_tables),	  TEST(share_protocols), TEST(share_round_trip),
		TEST(share_set_message),  TEST(empty_rules),	 TEST(listener_round_trip),
		TEST(cut_messages),	  TEST(changed_messages), TEST(error_words),
		TEST(descriptions_are_sentences), TEST(other_protocol),
		{0}};

	return test_main(tests);
}
