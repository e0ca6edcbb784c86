// SPDX-License-Identifier: GPL-2.0-only
/* Tokens of a login: what is read of NTLM, alone and inside SPNEGO, before the library has them. */
#include <stdlib.h>
#include <string.h>

#include "daemon/auth_ntlm.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	u8 padded[NTLM_PADDED_SIZE];
	struct ntlm_target target;
	struct ntlm_names names;
	size_t n;

	n = ntlm_first_pad(data, len, padded);
	if (n > sizeof(padded))
		abort();
	ntlm_is_malformed(data, len);
	if (ntlm_names_read(data, len, &names) &&
	    (strnlen(names.user, sizeof(names.user)) == sizeof(names.user) ||
	     strnlen(names.domain, sizeof(names.domain)) == sizeof(names.domain)))
		abort();
	if (ntlm_target_read(data, len, &target) &&
	    strnlen(target.name, sizeof(target.name)) == sizeof(target.name))
		abort();
	return 0;
}
