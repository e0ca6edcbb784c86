// SPDX-License-Identifier: GPL-2.0-only
/* Share options of the configuration that an older module does not know. */

#include <string.h>

#include "ditto-nl-gen.h"
#include "older.h"

#define OLDER	"ditto.ko is older than dittod and does not know "

u64 older_lacks(const struct share *s, u64 known)
{
	const u16 *option = spec_ops[DITTO_CMD_SHARE_SET].request;
	struct share *usual = share_new(s->name);
	u64 matter = s->given | share_diff(s, usual);
	u64 options = SHARE_OPTION_BITS;

	for (; *option; option++)
		options |= SHARE_BIT(*option);
	share_free(usual);
	return matter & options & ~known;
}

bool older_take(u64 *lacks, struct why *why)
{
	const u64 extras = SHARE_BIT(DITTO_A_SHARE_COMMENT) | SHARE_BIT(DITTO_A_SHARE_SNAPSHOTS) |
			   SHARE_OPTION_BIT(SHARE_OPTION_streams) |
			   SHARE_OPTION_BIT(SHARE_OPTION_short_names) |
			   SHARE_OPTION_BIT(SHARE_OPTION_list_snapshots) |
			   SHARE_OPTION_BIT(SHARE_OPTION_nested) |
			   SHARE_OPTION_BIT(SHARE_OPTION_notify) |
			   SHARE_OPTION_BIT(SHARE_OPTION_continuous);
	unsigned int option = (unsigned int)ffsll((long long)*lacks) - 1;
	bool extra = extras & SHARE_BIT(option);
	const char *name;

	*lacks &= ~SHARE_BIT(option);
	if (option < SHARE_OPTION_FIRST)
		name = spec_share_set.attrs[option].name;
	else
		name = share_options[option - SHARE_OPTION_FIRST].name;
	if (extra)
		why_not(why, OLDER "%s: it is left out", name);
	else
		why_not(why, OLDER "%s: the share is left as it is", name);
	return extra;
}
