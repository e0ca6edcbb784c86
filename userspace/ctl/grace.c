// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl grace */

#include <stdio.h>

#include "ctl.h"
#include "ditto-nl-gen.h"
#include "out.h"

static u64 grace_number(struct nlattr **tb, unsigned int type)
{
	return tb[type] ? msg_number(&spec_grace_set.attrs[type], tb[type]) : 0;
}

static void print_state(struct nlattr **tb)
{
	char left[OUT_VALUE_MAX];

	switch (grace_number(tb, DITTO_A_GRACE_STATE)) {
	case DITTO_GRACE_STATE_LOADING:
		puts("grace      waits for dittod to tell who may reclaim; nothing is granted yet");
		return;
	case DITTO_GRACE_STATE_FORGETTING:
		puts("grace      is over, but new claims wait: dittod has to remove the records");
		puts("           of clients that did not come back");
		return;
	}
	if (grace_number(tb, DITTO_A_GRACE_OTHERS))
		printf("grace      of another lock manager here (lockd or nfsd): new %s wait\n",
		       grace_number(tb, DITTO_A_GRACE_OTHERS) == DITTO_GRACE_OTHERS_ALL ?
		       "claims" : "locks of ranges");
	else if (grace_number(tb, DITTO_A_GRACE_ACTIVE))
		printf("grace      active, ends in %s at the latest\n",
		       duration_text(grace_number(tb, DITTO_A_GRACE_LEFT_MS), left));
	else
		puts("grace      not active");
}

static void print_grace(struct nlattr **tb)
{
	if (!grace_number(tb, DITTO_A_GRACE_EPOCH))
		puts("epoch      not known: no helper has set it (is dittod running?)");
	else
		printf("epoch      %llu\n", grace_number(tb, DITTO_A_GRACE_EPOCH));
	print_state(tb);
	printf("known      %llu\n", grace_number(tb, DITTO_A_GRACE_KNOWN));
	printf("reclaimed  %llu\n", grace_number(tb, DITTO_A_GRACE_RECLAIMED));
}

static int grace_status(struct ctl *ctl, char **words)
{
	struct nlattr *tb[DITTO_A_GRACE_MAX + 1];
	struct nl_msg *reply;
	int status;

	if (ctl_no_more(ctl, words))
		return CTL_USAGE;
	status = ctl_do(ctl, DITTO_CMD_GRACE_GET, NULL, NULL, NULL, &reply);
	if (status)
		return status;
	if (!reply || msg_parse(reply, &spec_grace_set, tb)) {
		why_not(&ctl->conn.why, "this version does not understand the kernel's answer");
		status = ctl_refused(ctl, NULL);
	} else if (ctl->json) {
		json_message(stdout, reply, &spec_ops[DITTO_CMD_GRACE_GET]);
		json_end(stdout);
	} else {
		print_grace(tb);
	}
	nlmsg_free(reply);
	return status;
}

static int grace_end(struct ctl *ctl, char **words)
{
	if (ctl_no_more(ctl, words))
		return CTL_USAGE;
	return ctl_do(ctl, DITTO_CMD_GRACE_END, NULL, NULL, NULL, NULL);
}

const struct verb grace_verbs[] = {
	{ "status", grace_status, "" },
	{ "end", grace_end, "" },
	{ NULL, NULL, NULL }
};
