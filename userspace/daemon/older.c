// SPDX-License-Identifier: GPL-2.0-only
/* Share options of the configuration that an older module does not know. */

#include <strings.h>

#include "ditto-nl-gen.h"
#include "older.h"

#define OLDER	"ditto.ko is older than dittod and does not know "

u32 older_lacks(const struct share *s, u32 known)
{
	const u16 *option = spec_ops[DITTO_CMD_SHARE_SET].request;
	struct share *usual = share_new(s->name);
	u32 matter = s->given | share_diff(s, usual);
	u32 options = 0;

	for (; *option; option++)
		options |= SHARE_BIT(*option);
	share_free(usual);
	return matter & options & ~known;
}

bool older_take(u32 *lacks, struct why *why)
{
	static const u16 extras[] = {
		DITTO_A_SHARE_COMMENT, DITTO_A_SHARE_STREAMS, DITTO_A_SHARE_SHORT_NAMES,
		DITTO_A_SHARE_NOTIFY, DITTO_A_SHARE_CONTINUOUSLY_AVAILABLE,
		DITTO_A_SHARE_SNAPSHOTS, 0
	};
	unsigned int option = (unsigned int)ffs((int)*lacks) - 1;
	const char *name = spec_share_set.attrs[option].name;
	bool extra = spec_list_has(extras, option);

	*lacks &= ~SHARE_BIT(option);
	if (extra)
		why_not(why, OLDER "%s: it is left out", name);
	else
		why_not(why, OLDER "%s: the share is left as it is", name);
	return extra;
}
