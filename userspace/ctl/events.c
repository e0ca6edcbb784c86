// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl events */

#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>

#include <netlink/errno.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "ctl.h"
#include "ditto-nl-gen.h"
#include "out.h"

static void print_event(struct nlattr **tb)
{
	const struct spec_attr *time = &spec_event_set.attrs[DITTO_A_EVENT_TIME];
	char when[OUT_VALUE_MAX] = "-";

	if (tb[DITTO_A_EVENT_TIME])
		value_text(time, tb[DITTO_A_EVENT_TIME], when, sizeof(when));
	printf("%s  %-20s %s\n", when,
	       spec_enum_name(&spec_event_kind, nla_get_u32(tb[DITTO_A_EVENT_TYPE])),
	       tb[DITTO_A_EVENT_SUBJECT] ? nla_get_string(tb[DITTO_A_EVENT_SUBJECT]) : "");
	fflush(stdout);
}

static int on_event(struct nl_msg *msg, void *arg)
{
	struct nlattr *tb[DITTO_A_EVENT_MAX + 1];
	const struct ctl *ctl = arg;

	if (genlmsg_hdr(nlmsg_hdr(msg))->cmd != DITTO_CMD_EVENT ||
	    msg_parse(msg, &spec_event_set, tb) || !tb[DITTO_A_EVENT_TYPE])
		return NL_SKIP;
	if (ctl->json) {
		json_message(stdout, msg, &spec_ops[DITTO_CMD_EVENT]);
		json_end(stdout);
	} else {
		print_event(tb);
	}
	return ferror(stdout) ? NL_STOP : NL_OK;
}

static int events_run(struct ctl *ctl, char **words)
{
	struct nl_sock *sock;
	int rc;

	if (ctl_no_more(ctl, words))
		return CTL_USAGE;
	if (ctl_connect(ctl))
		return CTL_REFUSED;
	sock = ctl->conn.sock;
	nl_socket_disable_seq_check(sock);
	nl_socket_set_buffer_size(sock, 1024 * 1024, 0);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_event, ctl);
	rc = nl_socket_add_membership(sock, ctl->conn.events);
	while (rc >= 0 && !ferror(stdout)) {
		rc = nl_recvmsgs_default(sock);
		/* The receive buffer overflowed. */
		if (rc == -NLE_NOMEM) {
			fputs("dittoctl: events: some were lost\n", stderr);
			rc = 0;
		}
	}
	if (rc >= 0)
		return CTL_OK;
	why_not(&ctl->conn.why, "%s", nl_geterror(rc));
	return ctl_refused(ctl, NULL);
}

const struct verb events_verbs[] = {
	{ "", events_run, "" },
	{ NULL, NULL, NULL }
};
