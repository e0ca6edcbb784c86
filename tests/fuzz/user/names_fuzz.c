// SPDX-License-Identifier: GPL-2.0-only
/* Names of hosts from the host worker, which a name server may have taken over. */
#include <stdlib.h>
#include <string.h>

#include "hosts/host_names.h"

/* Accepted names encode to the same bytes again. */
int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	static u8 bytes[HOST_NAMES_MAX];
	static struct nss_names names;
	unsigned int i;

	if (!host_names_take(data, len, &names))
		return 0;
	for (i = 0; i < names.n; i++)
		if (!host_name_good(names.name[i]))
			abort();
	if (host_names_put(&names, bytes) != len || memcmp(bytes, data, len))
		abort();
	return 0;
}
