// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl scan: content that a program of the site looks at before clients read it. */

#include "ctl.h"
#include "ditto-nl-gen.h"

static int scan_forget(struct ctl *ctl, char **words)
{
	if (ctl_no_more(ctl, words))
		return CTL_USAGE;
	return ctl_do(ctl, DITTO_CMD_SCAN_FORGET, NULL, NULL, NULL, NULL);
}

const struct verb scan_verbs[] = {
	{ "forget", scan_forget, "" },
	{ NULL, NULL, NULL }
};
