// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl listener */

#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nl/listener.h"
#include "nl/port_user.h"
#include "ctl.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "nl/module.h"
#include "out.h"

/* Ten seconds in which dittod may start. */
#define KEY_TRIES	100
#define KEY_PAUSE_US	100000

static void put_listener(struct nl_msg *msg, const void *arg)
{
	listener_put(msg, arg);
}

static void put_id(struct nl_msg *msg, const void *arg)
{
	msg_put(msg, DITTO_A_LISTENER_ID, arg, sizeof(u32));
}

/* PROTOCOL [tcp|udp|rdma] [ADDRESS] [port N] */
static int read_words(const struct ctl *ctl, struct listener *l, char **words)
{
	struct why why;

	if (!*words)
		return ctl_usage(ctl, "the protocol is needed, such as nfs");
	if (!listener_set_protocol(l, *words++, &why))
		return ctl_usage(ctl, "%s", why.text);
	if (*words && spec_enum_value(&spec_transport_type, *words) >= 0)
		listener_set_transport(l, *words++, &why);
	if (*words && strcmp(*words, "port") && !listener_set_address(l, *words++, &why))
		return ctl_usage(ctl, "%s", why.text);
	if (*words && !strcmp(*words, "port")) {
		if (!*++words)
			return ctl_usage(ctl, "a number is missing behind 'port'");
		if (!listener_set_port(l, *words++, &why))
			return ctl_usage(ctl, "port: %s", why.text);
	}
	return ctl_no_more(ctl, words);
}

/*
 * Ask for a listener. The server has none before dittod has given it the key of file handles, which
 * may have been started together with this command.
 */
static int listener_ask(struct ctl *ctl, const struct listener *l, struct nl_msg **reply)
{
	unsigned int tries = KEY_TRIES;

	while (ctl_ask(ctl, DITTO_CMD_LISTENER_NEW, put_listener, l, reply) == -ENOKEY && --tries)
		usleep(KEY_PAUSE_US);
	return ctl->error;
}

static struct listener *listeners_read(struct ctl *ctl, unsigned int *n)
{
	struct listener *list;
	struct replies r;
	unsigned int i;

	*n = 0;
	if (ctl_list(ctl, DITTO_CMD_LISTENER_GET, &r))
		return NULL;
	list = mem_new((r.count + 1) * sizeof(*list));
	for (i = 0; i < r.count; i++)
		if (listener_from_msg(&list[*n], r.msg[i]))
			(*n)++;
	replies_free(&r);
	return list;
}

static int listener_print(const struct ctl *ctl, u32 id)
{
	if (ctl->json) {
		json_open(stdout, NULL, '{');
		json_number(stdout, "id", id);
		json_close(stdout, '}');
		json_end(stdout);
	} else {
		printf("listener %u\n", id);
	}
	return CTL_OK;
}

/* Say why a listener could not be added, unless it is there already, which is what was asked. */
static int listener_refused(struct ctl *ctl, const struct listener *l)
{
	char text[LISTENER_TEXT_MAX], user[PORT_USER_MAX], hint[MODULE_HINT_MAX];
	struct why why = ctl->conn.why;
	int error = ctl->error;
	struct listener *have;
	unsigned int i, n;
	int status;

	have = listeners_read(ctl, &n);
	for (i = 0; error == -EEXIST && i < n; i++) {
		if (!listener_same_place(l, &have[i]) || have[i].port != listener_port(l))
			continue;
		status = listener_print(ctl, have[i].id);
		goto out;
	}
	if (error == -EPROTONOSUPPORT)
		why_not(&why, "protocol %s is not loaded: %s", l->protocol,
			listener_hint(l, hint));
	else if (error == -ENOKEY)
		why_not(&why,
			"dittod has not given the key of file handles: systemctl start ditto");
	else if (error == -EADDRINUSE && port_user(l, have, n, user))
		why_not(&why, "%s", user);
	ctl->conn.why = why;
	status = ctl_refused(ctl, listener_text(l, text));
out:
	free(have);
	return status;
}

static int listener_add(struct ctl *ctl, char **words)
{
	struct listener l = { 0 };
	struct nl_msg *reply;
	struct nlattr *id;
	int status;

	status = read_words(ctl, &l, words);
	if (!status)
		status = ctl_connect(ctl);
	if (status)
		return status;
	if (listener_ask(ctl, &l, &reply))
		return listener_refused(ctl, &l);
	status = ctl_outcome(ctl, NULL);
	id = reply ? nlmsg_find_attr(nlmsg_hdr(reply), GENL_HDRLEN, DITTO_A_LISTENER_ID) : NULL;
	if (id && nla_len(id) == sizeof(u32))
		listener_print(ctl, nla_get_u32(id));
	nlmsg_free(reply);
	return ctl_lasts(ctl, status);
}

static int listener_del(struct ctl *ctl, char **words)
{
	struct why why;
	u64 value;
	u32 id;

	if (!words[0])
		return ctl_usage(ctl, "the number is needed: dittoctl listener list");
	if (!text_number(words[0], 0, UINT32_MAX, &value, &why))
		return ctl_usage(ctl, "%s", why.text);
	if (ctl_no_more(ctl, words + 1))
		return CTL_USAGE;
	id = (u32)value;
	return ctl_lasts(ctl, ctl_do(ctl, DITTO_CMD_LISTENER_DEL, put_id, &id, words[0], NULL));
}

static const struct column listener_columns[] = {
	{ "ID", true }, { "PROTOCOL", false }, { "TRANSPORT", false }, { "ADDRESS", false },
	{ "PORT", true }, { "CONNECTIONS", true }, { NULL, false }
};

static int listener_list(struct ctl *ctl, char **words)
{
	char addr[TEXT_ADDRESS_MAX];
	struct replies r;
	struct table *t;
	unsigned int i;
	int status;

	if (ctl_no_more(ctl, words))
		return CTL_USAGE;
	status = ctl_list(ctl, DITTO_CMD_LISTENER_GET, &r);
	if (status)
		return status;
	if (ctl->json) {
		status = ctl_json_list(ctl, &r, DITTO_CMD_LISTENER_GET);
		replies_free(&r);
		return status;
	}
	t = table_new(listener_columns);
	for (i = 0; i < r.count; i++) {
		struct listener l;

		if (!listener_from_msg(&l, r.msg[i]))
			continue;
		table_cell(t, "%u", l.id);
		table_cell(t, "%s", l.protocol);
		table_cell(t, "%s", spec_enum_name(&spec_transport_type, l.transport));
		table_cell(t, "%s", text_from_address(l.addr.bytes, l.addr.len, addr));
		table_cell(t, "%u", l.port);
		table_cell(t, "%u", l.connections);
	}
	table_end(t, stdout);
	replies_free(&r);
	return CTL_OK;
}

const struct verb listener_verbs[] = {
	{ "add", listener_add, "PROTOCOL [tcp|udp|rdma] [ADDRESS] [port N]" },
	{ "del", listener_del, "ID" },
	{ "list", listener_list, "" },
	{ NULL, NULL, NULL }
};
