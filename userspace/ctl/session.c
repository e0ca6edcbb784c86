// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl connection, dittoctl session, dittoctl tree, dittoctl open */

#include <limits.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "out.h"
#include "text.h"

static const struct column connection_columns[] = {
	{ "ID", true }, { "PROTOCOL", false }, { "ADDRESS", false }, { "LOCAL", false },
	{ "SECURITY", false }, { "NAME", false }, { NULL, false }
};

static const struct column session_columns[] = {
	{ "ID", true }, { "PROTOCOL", false }, { "USER", false }, { "DOMAIN", false },
	{ "LOGIN", false }, { "ADDRESS", false }, { "DIALECT", false }, { "SIGNING", false },
	{ "ENCRYPTION", false },
	{ "OPENS", true }, { "SINCE", false }, { "SHARES", false }, { NULL, false }
};

static const struct column open_columns[] = {
	{ "ID", true }, { "SESSION", true }, { "PROTOCOL", false }, { "USER", false },
	{ "ACCESS", false }, { "DENY", false }, { "DELETE", false }, { "SINCE", false },
	{ "LASTS", false }, { "WAITS", true },
	{ "SHARE", false }, { "PATH", false }, { NULL, false }
};

static const struct column tree_columns[] = {
	{ "ID", true }, { "SESSION", true }, { "PROTOCOL", false }, { "USER", false },
	{ "WRITABLE", false }, { "ENCRYPT", false }, { "SHARE", false }, { NULL, false }
};

static void session_cell(struct table *t, const struct spec_set *set, struct nlattr **tb,
			 unsigned int type)
{
	const struct spec_attr *attr = &set->attrs[type];
	char buf[OUT_VALUE_MAX];

	if (!tb[type])
		table_cell(t, "-");
	else if (attr->kind == SPEC_STRING)
		table_cell(t, "%s", nla_get_string(tb[type]));
	else
		table_cell(t, "%s", value_text(attr, tb[type], buf, sizeof(buf)));
}

/* Add the address of the first connection, and the number of further ones. */
static void address_cell(struct table *t, struct nl_msg *msg)
{
	const char *first = NULL;
	unsigned int more = 0;
	struct nlattr *nla;
	int rest;

	nlmsg_for_each_attr(nla, nlmsg_hdr(msg), GENL_HDRLEN, rest) {
		if (nla_type(nla) != DITTO_A_SESSION_ADDRESS)
			continue;
		if (first)
			more++;
		else
			first = nla_get_string(nla);
	}
	if (more)
		table_cell(t, "%s and %u more", first, more);
	else
		table_cell(t, "%s", first ? first : "-");
}

/* Add the reported names, and the number of further ones. */
static void shares_cell(struct table *t, struct nl_msg *msg, struct nlattr **tb)
{
	u32 more = tb[DITTO_A_SESSION_SHARES] ? nla_get_u32(tb[DITTO_A_SESSION_SHARES]) : 0;
	char *text = mem_string("");
	struct nlattr *nla;
	int rest;

	nlmsg_for_each_attr(nla, nlmsg_hdr(msg), GENL_HDRLEN, rest) {
		char *longer;

		if (nla_type(nla) != DITTO_A_SESSION_SHARE)
			continue;
		longer = mem_print("%s%s%s", text, text[0] ? "," : "", nla_get_string(nla));
		free(text);
		text = longer;
		more -= more > 0;
	}
	if (more)
		table_cell(t, "%s and %u more", text, more);
	else
		table_cell(t, "%s", text[0] ? text : "-");
	free(text);
}

static void session_row(struct table *t, struct nl_msg *msg)
{
	static const u16 before[] = {
		DITTO_A_SESSION_ID, DITTO_A_SESSION_PROTOCOL, DITTO_A_SESSION_USER,
		DITTO_A_SESSION_DOMAIN, DITTO_A_SESSION_LOGIN,
	};
	static const u16 behind[] = {
		DITTO_A_SESSION_DIALECT, DITTO_A_SESSION_SIGNING, DITTO_A_SESSION_ENCRYPTION,
		DITTO_A_SESSION_OPENS, DITTO_A_SESSION_SINCE,
	};
	struct nlattr *tb[DITTO_A_SESSION_MAX + 1];
	size_t i;

	if (msg_parse(msg, &spec_session_set, tb))
		return;
	for (i = 0; i < ARRAY_SIZE(before); i++)
		session_cell(t, &spec_session_set, tb, before[i]);
	address_cell(t, msg);
	for (i = 0; i < ARRAY_SIZE(behind); i++)
		session_cell(t, &spec_session_set, tb, behind[i]);
	shares_cell(t, msg, tb);
}

static void open_row(struct table *t, struct nl_msg *msg)
{
	static const u16 before[] = {
		DITTO_A_OPEN_ID, DITTO_A_OPEN_SESSION, DITTO_A_OPEN_PROTOCOL, DITTO_A_OPEN_USER,
		DITTO_A_OPEN_ACCESS, DITTO_A_OPEN_DENY,
	};
	struct nlattr *tb[DITTO_A_OPEN_MAX + 1];
	bool pending;
	size_t i;

	if (msg_parse(msg, &spec_open_set, tb))
		return;
	for (i = 0; i < ARRAY_SIZE(before); i++)
		session_cell(t, &spec_open_set, tb, before[i]);
	pending = tb[DITTO_A_OPEN_DELETE_PENDING] && nla_get_u8(tb[DITTO_A_OPEN_DELETE_PENDING]);
	table_cell(t, "%s", pending ? "pending" : "-");
	session_cell(t, &spec_open_set, tb, DITTO_A_OPEN_SINCE);
	session_cell(t, &spec_open_set, tb, DITTO_A_OPEN_DURABILITY);
	session_cell(t, &spec_open_set, tb, DITTO_A_OPEN_WAITS_S);
	session_cell(t, &spec_open_set, tb, DITTO_A_OPEN_SHARE);
	/* The path of the share's root is empty. */
	if (tb[DITTO_A_OPEN_PATH] && !nla_get_string(tb[DITTO_A_OPEN_PATH])[0])
		table_cell(t, "/");
	else
		session_cell(t, &spec_open_set, tb, DITTO_A_OPEN_PATH);
}

static void tree_row(struct table *t, struct nl_msg *msg)
{
	static const u16 cells[] = {
		DITTO_A_TREE_ID, DITTO_A_TREE_SESSION, DITTO_A_TREE_PROTOCOL, DITTO_A_TREE_USER,
		DITTO_A_TREE_WRITABLE, DITTO_A_TREE_ENCRYPT, DITTO_A_TREE_SHARE,
	};
	struct nlattr *tb[DITTO_A_TREE_MAX + 1];
	size_t i;

	if (msg_parse(msg, &spec_tree_set, tb))
		return;
	for (i = 0; i < ARRAY_SIZE(cells); i++)
		session_cell(t, &spec_tree_set, tb, cells[i]);
}

static void connection_row(struct table *t, struct nl_msg *msg)
{
	static const u16 cells[] = {
		DITTO_A_CONNECTION_ID, DITTO_A_CONNECTION_PROTOCOL, DITTO_A_CONNECTION_ADDRESS,
		DITTO_A_CONNECTION_LOCAL, DITTO_A_CONNECTION_SECURITY, DITTO_A_CONNECTION_NAME,
	};
	struct nlattr *tb[DITTO_A_CONNECTION_MAX + 1];
	size_t i;

	if (msg_parse(msg, &spec_connection_set, tb))
		return;
	for (i = 0; i < ARRAY_SIZE(cells); i++)
		session_cell(t, &spec_connection_set, tb, cells[i]);
}

static const struct listing connections = {
	DITTO_CMD_CONNECTION_GET, connection_columns, connection_row
};

static const struct listing sessions = {
	DITTO_CMD_SESSION_GET, session_columns, session_row
};

static const struct listing opens = {
	DITTO_CMD_OPEN_GET, open_columns, open_row
};

static const struct listing trees = {
	DITTO_CMD_TREE_GET, tree_columns, tree_row
};

static void put_tree_session(struct nl_msg *msg, const void *arg)
{
	msg_put(msg, DITTO_A_TREE_SESSION, arg, sizeof(u64));
}

static void put_session(struct nl_msg *msg, const void *arg)
{
	msg_put(msg, DITTO_A_OPEN_SESSION, arg, sizeof(u64));
}

static void put_session_id(struct nl_msg *msg, const void *arg)
{
	msg_put(msg, DITTO_A_SESSION_ID, arg, sizeof(u64));
}

static void put_open_id(struct nl_msg *msg, const void *arg)
{
	msg_put(msg, DITTO_A_OPEN_ID, arg, sizeof(u64));
}

static int connection_list(struct ctl *ctl, char **words)
{
	return ctl_print_matching(ctl, &connections, NULL, NULL, NULL, words);
}

static int session_list(struct ctl *ctl, char **words)
{
	return ctl_print_matching(ctl, &sessions, NULL, NULL, NULL, words);
}

/* List all objects of a kind, or of one session. */
static int list_of_session(struct ctl *ctl, char **words, const struct listing *listing,
			   void (*put)(struct nl_msg *msg, const void *arg))
{
	struct why why;
	u64 id;

	if (!words[0] || strcmp(words[0], "--session"))
		return ctl_print_matching(ctl, listing, NULL, NULL, NULL, words);
	if (!words[1])
		return ctl_usage(ctl, "a number is missing behind '--session'");
	if (!text_number(words[1], 1, ULLONG_MAX, &id, &why))
		return ctl_usage(ctl, "%s", why.text);
	return ctl_print_matching(ctl, listing, put, &id, words[1], words + 2);
}

static int open_list(struct ctl *ctl, char **words)
{
	return list_of_session(ctl, words, &opens, put_session);
}

static int tree_list(struct ctl *ctl, char **words)
{
	return list_of_session(ctl, words, &trees, put_tree_session);
}

static int close_one(struct ctl *ctl, char **words, u8 cmd,
		     void (*put)(struct nl_msg *msg, const void *arg))
{
	struct why why;
	u64 id;

	if (!words[0])
		return ctl_usage(ctl, "the number is needed: dittoctl %s list", ctl->object);
	if (!text_number(words[0], 1, ULLONG_MAX, &id, &why))
		return ctl_usage(ctl, "%s", why.text);
	if (ctl_no_more(ctl, words + 1))
		return CTL_USAGE;
	return ctl_do(ctl, cmd, put, &id, words[0], NULL);
}

static int session_close(struct ctl *ctl, char **words)
{
	return close_one(ctl, words, DITTO_CMD_SESSION_CLOSE, put_session_id);
}

static int open_close(struct ctl *ctl, char **words)
{
	return close_one(ctl, words, DITTO_CMD_OPEN_CLOSE, put_open_id);
}

/* Identity of a tree: numbers of the session and of the tree. */
struct tree_ids {
	u64 session;
	u64 id;
};

static void put_tree(struct nl_msg *msg, const void *arg)
{
	const struct tree_ids *ids = arg;

	msg_put(msg, DITTO_A_TREE_SESSION, &ids->session, sizeof(ids->session));
	msg_put_number(msg, &spec_tree_set, DITTO_A_TREE_ID, ids->id);
}

static int tree_close(struct ctl *ctl, char **words)
{
	struct tree_ids ids;
	struct why why;

	if (!words[0] || !words[1])
		return ctl_usage(ctl, "two numbers are needed: dittoctl tree list");
	if (!text_number(words[0], 1, ULLONG_MAX, &ids.session, &why) ||
	    !text_number(words[1], 1, UINT_MAX, &ids.id, &why))
		return ctl_usage(ctl, "%s", why.text);
	if (ctl_no_more(ctl, words + 2))
		return CTL_USAGE;
	return ctl_do(ctl, DITTO_CMD_TREE_CLOSE, put_tree, &ids, words[1], NULL);
}

const struct verb connection_verbs[] = {
	{ "list", connection_list, "[WORD]..." },
	{ NULL, NULL, NULL }
};

const struct verb session_verbs[] = {
	{ "list", session_list, "[WORD]..." },
	{ "close", session_close, "ID" },
	{ NULL, NULL, NULL }
};

const struct verb open_verbs[] = {
	{ "list", open_list, "[--session ID] [WORD]..." },
	{ "close", open_close, "ID" },
	{ NULL, NULL, NULL }
};

const struct verb tree_verbs[] = {
	{ "list", tree_list, "[--session ID] [WORD]..." },
	{ "close", tree_close, "SESSION ID" },
	{ NULL, NULL, NULL }
};
