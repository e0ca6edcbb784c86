// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl client */

#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "ditto-nl-gen.h"
#include "out.h"

static const struct column client_columns[] = {
	{ "ADDRESS", false }, { "PROTOCOLS", false }, { "CONNECTIONS", true },
	{ "SINCE", false }, { "IDLE", true }, { "REQUESTS", true }, { "MEMORY", true },
	{ "REFUSED", true }, { NULL, false }
};

static void protocols_text(struct nl_msg *msg, char *buf, size_t size)
{
	struct nlattr *nla;
	size_t len = 0;
	int rest;

	snprintf(buf, size, "-");
	nlmsg_for_each_attr(nla, nlmsg_hdr(msg), GENL_HDRLEN, rest)
		if (nla_type(nla) == DITTO_A_CLIENT_PROTOCOLS && len < size)
			len += (size_t)snprintf(buf + len, size - len, "%s%s", len ? "," : "",
						nla_get_string(nla));
}

static void value_cell(struct table *t, struct nlattr **tb, unsigned int type)
{
	char buf[OUT_VALUE_MAX];

	if (tb[type])
		table_cell(t, "%s", value_text(&spec_client_set.attrs[type], tb[type], buf,
					       sizeof(buf)));
	else
		table_cell(t, "-");
}

/* Usage and limit of a resource, "1.2M/64M"; "-" if there is none. */
static void budget_cell(struct table *t, struct nl_msg *msg, const char *kind)
{
	struct nlattr *nla, *tb[DITTO_A_BUDGET_MAX + 1];
	char used[OUT_VALUE_MAX], limit[OUT_VALUE_MAX];
	int rest;

	nlmsg_for_each_attr(nla, nlmsg_hdr(msg), GENL_HDRLEN, rest) {
		if (nla_type(nla) != DITTO_A_CLIENT_BUDGET ||
		    nla_parse_nested(tb, DITTO_A_BUDGET_MAX, nla, NULL) ||
		    !tb[DITTO_A_BUDGET_KIND] || !tb[DITTO_A_BUDGET_USED] ||
		    !tb[DITTO_A_BUDGET_LIMIT] ||
		    strcmp(nla_get_string(tb[DITTO_A_BUDGET_KIND]), kind))
			continue;
		table_cell(t, "%s/%s", bytes_text(nla_get_u64(tb[DITTO_A_BUDGET_USED]), used),
			   bytes_text(nla_get_u64(tb[DITTO_A_BUDGET_LIMIT]), limit));
		return;
	}
	table_cell(t, "-");
}

static void client_row(struct table *t, struct nl_msg *msg)
{
	struct nlattr *tb[DITTO_A_CLIENT_MAX + 1];
	char idle[OUT_VALUE_MAX];
	char protocols[128];

	if (msg_parse(msg, &spec_client_set, tb))
		return;
	protocols_text(msg, protocols, sizeof(protocols));
	value_cell(t, tb, DITTO_A_CLIENT_ADDRESS);
	table_cell(t, "%s", protocols);
	value_cell(t, tb, DITTO_A_CLIENT_CONNECTIONS);
	value_cell(t, tb, DITTO_A_CLIENT_SINCE);
	table_cell(t, "%s", tb[DITTO_A_CLIENT_IDLE_MS] ?
		   duration_text(nla_get_u64(tb[DITTO_A_CLIENT_IDLE_MS]), idle) : "-");
	value_cell(t, tb, DITTO_A_CLIENT_REQUESTS);
	budget_cell(t, msg, "memory-bytes");
	value_cell(t, tb, DITTO_A_CLIENT_REFUSED);
}

static const struct listing clients = {
	DITTO_CMD_CLIENT_GET, client_columns, client_row
};

static int client_list(struct ctl *ctl, char **words)
{
	return ctl_print_matching(ctl, &clients, NULL, NULL, NULL, words);
}

static void put_address(struct nl_msg *msg, const void *arg)
{
	const struct address *addr = arg;

	msg_put(msg, DITTO_A_CLIENT_ADDRESS, addr->bytes, addr->len);
}

static int client_disconnect(struct ctl *ctl, char **words)
{
	struct nl_msg *reply;
	struct address addr;
	struct nlattr *nla;
	struct why why;
	int status;

	if (!words[0] || !strcmp(words[0], "*"))
		return ctl_usage(ctl, "the address of the client is needed: dittoctl client list");
	if (!text_address(words[0], &addr, &why))
		return ctl_usage(ctl, "%s", why.text);
	if (ctl_no_more(ctl, words + 1))
		return CTL_USAGE;
	status = ctl_do(ctl, DITTO_CMD_CLIENT_DISCONNECT, put_address, &addr, words[0], &reply);
	if (status || !reply)
		return status;
	nla = nlmsg_find_attr(nlmsg_hdr(reply), GENL_HDRLEN, DITTO_A_CLIENT_DISCONNECTED);
	if (ctl->json) {
		json_message(stdout, reply, &spec_ops[DITTO_CMD_CLIENT_DISCONNECT]);
		json_end(stdout);
	} else if (nla && nla_len(nla) == sizeof(u32)) {
		printf("%u connection%s closed\n", nla_get_u32(nla),
		       nla_get_u32(nla) == 1 ? "" : "s");
	}
	nlmsg_free(reply);
	return CTL_OK;
}

const struct verb client_verbs[] = {
	{ "list", client_list, "[WORD]..." },
	{ "disconnect", client_disconnect, "ADDRESS" },
	{ NULL, NULL, NULL }
};
