// SPDX-License-Identifier: GPL-2.0-only
/* Sessions, opens and connections to shares from the kernel; see pipe_kernel.h. */

#include <errno.h>
#include <linux/genetlink.h>
#include <string.h>

#include "ditto-nl-gen.h"
#include "nl/nl.h"
#include "pipe_kernel.h"

/* The protocol that clients of pipes use. */
#define PROTOCOL	"smb"

/**
 * struct listing - a dump of the kernel as rows
 * @cmd: netlink command
 * @set: attributes of its replies
 * @protocol: attribute with the name of the protocol
 * @number: attributes of the numbers of a row, 0 at the end
 * @text: attributes of its texts, 0 at the end
 */
struct listing {
	u8 cmd;
	const struct spec_set *set;
	u16 protocol;
	u16 number[ROW_NUMBERS + 1];
	u16 text[ROW_TEXTS + 1];
};

static const struct listing sessions = {
	.cmd = DITTO_CMD_SESSION_GET, .set = &spec_session_set,
	.protocol = DITTO_A_SESSION_PROTOCOL,
	.number = { [SESSION_ID] = DITTO_A_SESSION_ID, [SESSION_SINCE] = DITTO_A_SESSION_SINCE,
		    [SESSION_OPENS] = DITTO_A_SESSION_OPENS,
		    [SESSION_GUEST] = DITTO_A_SESSION_GUEST },
	.text = { [SESSION_USER] = DITTO_A_SESSION_USER,
		  [SESSION_CLIENT] = DITTO_A_SESSION_ADDRESS,
		  [SESSION_DIALECT] = DITTO_A_SESSION_DIALECT },
};

static const struct listing opens = {
	.cmd = DITTO_CMD_OPEN_GET, .set = &spec_open_set, .protocol = DITTO_A_OPEN_PROTOCOL,
	.number = { [OPEN_ID] = DITTO_A_OPEN_ID, [OPEN_SESSION] = DITTO_A_OPEN_SESSION,
		    [OPEN_ACCESS] = DITTO_A_OPEN_ACCESS },
	.text = { [OPEN_USER] = DITTO_A_OPEN_USER, [OPEN_SHARE] = DITTO_A_OPEN_SHARE,
		  [OPEN_PATH] = DITTO_A_OPEN_PATH },
};

static const struct listing trees = {
	.cmd = DITTO_CMD_TREE_GET, .set = &spec_tree_set, .protocol = DITTO_A_TREE_PROTOCOL,
	.number = { [TREE_ID] = DITTO_A_TREE_ID, [TREE_SESSION] = DITTO_A_TREE_SESSION },
	.text = { [TREE_USER] = DITTO_A_TREE_USER, [TREE_SHARE] = DITTO_A_TREE_SHARE },
};

static const char *text_of(struct nlattr **tb, u16 attr)
{
	return attr && tb[attr] ? nla_get_string(tb[attr]) : NULL;
}

static void row_of_message(const struct listing *l, struct nl_msg *msg,
			   const struct rpc_user *only, struct rows *out)
{
	union {
		struct nlattr *session[DITTO_A_SESSION_MAX + 1];
		struct nlattr *open[DITTO_A_OPEN_MAX + 1];
		struct nlattr *tree[DITTO_A_TREE_MAX + 1];
	} attrs;
	struct nlattr **tb = attrs.session;
	const char *protocol;
	struct row *row;
	int i;

	if (msg_parse(msg, l->set, tb))
		return;
	protocol = text_of(tb, l->protocol);
	if (!protocol || strcmp(protocol, PROTOCOL))
		return;
	/* The kernel tells these names in the same way when a pipe is opened. */
	if (only && (strcmp(text_of(tb, DITTO_A_SESSION_USER) ?: "", only->name) ||
		     strcmp(text_of(tb, DITTO_A_SESSION_DOMAIN) ?: "", only->domain)))
		return;
	row = rows_add(out, text_of(tb, l->text[0]), text_of(tb, l->text[1]),
		       text_of(tb, l->text[2]));
	for (i = 0; row && l->number[i]; i++)
		if (tb[l->number[i]])
			row->number[i] = msg_number(&l->set->attrs[l->number[i]],
						    tb[l->number[i]]);
}

static int list_get(const struct listing *l, const struct rpc_user *only, struct rows *out)
{
	struct replies r = { 0 };
	struct conn conn;
	unsigned int i;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = conn_open(&conn);
	if (rc)
		return rc;
	conn.dump_max = ROWS_MAX;
	rc = conn_find_family(&conn);
	if (!rc)
		rc = conn_dump(&conn, l->cmd, &r);
	for (i = 0; !rc && i < r.count; i++)
		row_of_message(l, r.msg[i], only, out);
	replies_free(&r);
	conn_close(&conn);
	return rc;
}

int pipe_kernel_sessions(const struct rpc_user *only, struct rows *out)
{
	return list_get(&sessions, only, out);
}

int pipe_kernel_opens(struct rows *out)
{
	return list_get(&opens, NULL, out);
}

int pipe_kernel_trees(struct rows *out)
{
	return list_get(&trees, NULL, out);
}

static int end_one(u8 cmd, u16 protocol, const struct spec_set *set, u16 attr, u64 id)
{
	struct nl_msg *msg;
	struct conn conn;
	int rc;

	rc = conn_open(&conn);
	if (rc)
		return rc;
	rc = conn_find_family(&conn);
	if (!rc) {
		msg = conn_message(&conn, cmd);
		msg_put_string(msg, protocol, PROTOCOL);
		msg_put_number(msg, set, attr, id);
		rc = conn_call(&conn, msg, NULL);
	}
	conn_close(&conn);
	return rc;
}

int pipe_kernel_end_session(u64 id)
{
	return end_one(DITTO_CMD_SESSION_CLOSE, DITTO_A_SESSION_PROTOCOL, &spec_session_set,
		       DITTO_A_SESSION_ID, id);
}

int pipe_kernel_end_open(u64 id)
{
	return end_one(DITTO_CMD_OPEN_CLOSE, DITTO_A_OPEN_PROTOCOL, &spec_open_set,
		       DITTO_A_OPEN_ID, id);
}
