// SPDX-License-Identifier: GPL-2.0-only
/* PACs of tickets, which a domain controller has signed. */
#include <stdlib.h>

#include "auth/pac.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct sid_list list = { 0 };
	struct why why;
	int rc = pac_sids(data, len, &list, &why);

	if (list.n > SID_LIST_MAX || !!rc == !!list.n)
		abort();
	sid_list_clear(&list);
	return 0;
}
