// SPDX-License-Identifier: GPL-2.0-only
/* Calls of sunrpc with a token of a client, which lies within the record. */
#include <stdlib.h>

#include "auth/gssx.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct gssx_call call;

	if (gssx_call_decode(&call, data, len) && call.token &&
	    (call.token < data || call.token_len > len || call.token + call.token_len > data + len))
		abort();
	return 0;
}
