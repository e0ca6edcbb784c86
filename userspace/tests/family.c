// SPDX-License-Identifier: GPL-2.0-only
/* Features of older and newer modules, and how they are interpreted. */

#include <linux/genetlink.h>
#include <string.h>

#include <netlink/genl/genl.h>

#include "ditto-nl-gen.h"
#include "nl/nl.h"
#include "test.h"

static struct nl_msg *family_answer(u8 cmd)
{
	struct nl_msg *msg = nlmsg_alloc();

	genlmsg_put(msg, 0, 0, GENL_ID_CTRL, 0, 0, cmd, 2);
	return msg;
}

/* Report all commands except one. */
static void tell_commands(struct features *f, u8 without)
{
	struct nl_msg *msg = family_answer(CTRL_CMD_NEWFAMILY);
	struct nlattr *ops = nla_nest_start(msg, CTRL_ATTR_OPS), *op;
	u32 cmd;

	for (cmd = 1; cmd <= DITTO_CMD_MAX; cmd++) {
		if (cmd == without)
			continue;
		op = nla_nest_start(msg, (int)cmd);
		nla_put_u32(msg, CTRL_ATTR_OP_ID, cmd);
		nla_nest_end(msg, op);
	}
	nla_nest_end(msg, ops);
	features_add(f, msg);
	nlmsg_free(msg);
}

static void tell_policy_number(struct features *f, u8 cmd, u32 number)
{
	struct nl_msg *msg = family_answer(CTRL_CMD_GETPOLICY);
	struct nlattr *ops = nla_nest_start(msg, CTRL_ATTR_OP_POLICY);
	struct nlattr *op = nla_nest_start(msg, cmd);

	nla_put_u32(msg, CTRL_ATTR_POLICY_DO, number);
	nla_nest_end(msg, op);
	nla_nest_end(msg, ops);
	features_add(f, msg);
	nlmsg_free(msg);
}

static void tell_attribute(struct features *f, u32 number, unsigned int attr)
{
	struct nl_msg *msg = family_answer(CTRL_CMD_GETPOLICY);
	struct nlattr *all = nla_nest_start(msg, CTRL_ATTR_POLICY);
	struct nlattr *policy = nla_nest_start(msg, (int)number);
	struct nlattr *one = nla_nest_start(msg, (int)attr);

	nla_put_u32(msg, NL_POLICY_TYPE_ATTR_TYPE, NL_ATTR_TYPE_U32);
	nla_nest_end(msg, one);
	nla_nest_end(msg, policy);
	nla_nest_end(msg, all);
	features_add(f, msg);
	nlmsg_free(msg);
}

/* A module without client-disconnect, whose shares have only names, paths and comments. */
static void family_older(struct features *f)
{
	memset(f, 0, sizeof(*f));
	tell_commands(f, DITTO_CMD_CLIENT_DISCONNECT);
	tell_policy_number(f, DITTO_CMD_SHARE_SET, 5);
	tell_attribute(f, 5, DITTO_A_SHARE_NAME);
	tell_attribute(f, 5, DITTO_A_SHARE_COMMENT);
}

static void what_is_known(void)
{
	struct features f;

	family_older(&f);
	CHECK(features_command(&f, DITTO_CMD_SHARE_SET));
	CHECK(!features_command(&f, DITTO_CMD_CLIENT_DISCONNECT));
	CHECK(!features_command(&f, DITTO_CMD_MAX + 1));
	CHECK(features_attr(&f, DITTO_CMD_SHARE_SET, DITTO_A_SHARE_COMMENT));
	CHECK(!features_attr(&f, DITTO_CMD_SHARE_SET, DITTO_A_SHARE_DEFAULT_ACCESS));
	CHECK(!features_attr(&f, DITTO_CMD_SHARE_SET, 5000));
	/* Attributes of a command that is not described. */
	CHECK(features_attr(&f, DITTO_CMD_SHARE_NEW, DITTO_A_SHARE_DEFAULT_ACCESS));
	features_free(&f);
}

static void refusal_in_words(void)
{
	struct conn c = { .family = 0x20 };
	struct why why = { "" };
	struct features f;
	struct nl_msg *msg;

	family_older(&f);
	msg = conn_message(&c, DITTO_CMD_SHARE_SET);
	msg_put_string(msg, DITTO_A_SHARE_NAME, "a");
	msg_put_string(msg, DITTO_A_SHARE_COMMENT, "text");
	CHECK(!features_missing(&f, DITTO_CMD_SHARE_SET, &spec_share_set, msg, &why));
	SAME(why.text, "");
	msg_put_number(msg, &spec_share_set, DITTO_A_SHARE_DEFAULT_ACCESS, 1);
	msg_put_number(msg, &spec_share_set, DITTO_A_SHARE_ANON_GID, 1);
	CHECK(features_missing(&f, DITTO_CMD_SHARE_SET, &spec_share_set, msg, &why));
	SAME(why.text,
	     "ditto.ko is older than this program and does not know default-access, anon-gid: install both from one release");
	nlmsg_free(msg);
	msg = conn_message(&c, DITTO_CMD_CLIENT_DISCONNECT);
	CHECK(features_missing(&f, DITTO_CMD_CLIENT_DISCONNECT, &spec_client_set, msg, &why));
	SAME(why.text,
	     "ditto.ko is older than this program and does not know the command client-disconnect: install both from one release");
	nlmsg_free(msg);
	features_free(&f);
}

/* A newer module reports numbers above our limits. */
static void newer_module(void)
{
	struct features f;
	struct why why;
	struct conn c = { .family = 0x20 };
	struct nl_msg *msg;

	family_older(&f);
	tell_attribute(&f, 5, DITTO_A_SHARE_DEFAULT_ACCESS);
	tell_attribute(&f, 5, 4000);
	tell_attribute(&f, 16000, 1);
	tell_policy_number(&f, 255, 16000);
	msg = conn_message(&c, DITTO_CMD_SHARE_SET);
	msg_put_number(msg, &spec_share_set, DITTO_A_SHARE_DEFAULT_ACCESS, 1);
	CHECK(!features_missing(&f, DITTO_CMD_SHARE_SET, &spec_share_set, msg, &why));
	nlmsg_free(msg);
	features_free(&f);
}

static void other_protocol(void)
{
	struct why why = { "" };

	CHECK(family_speaks(1, &why) && !why.text[0]);
	CHECK(!family_speaks(2, &why));
	SAME(why.text,
	     "ditto.ko speaks version 2 of the protocol, this program version 1: install both from one release");
	CHECK(!family_speaks(0, &why));
}

int main(void)
{
	static const struct test tests[] = {
		TEST(what_is_known), TEST(refusal_in_words), TEST(newer_module),
		TEST(other_protocol), { 0 }
	};

	return test_main(tests);
}
