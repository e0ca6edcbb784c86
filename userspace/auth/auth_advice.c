// SPDX-License-Identifier: GPL-2.0-only
/* Says what to do about errors of Kerberos. */

#include <krb5.h>
#include <stdio.h>
#include <string.h>

#include "auth_advice.h"

#define RENEW	"the user needs a new ticket (kinit)"
#define CLOCKS	"the clocks of client, server and KDC differ too much: let all of them follow the same NTP server"
#define NO_KEY	"the keytab has no key for the name that the client uses: give the server that name in the realm (kadmin addprinc -randkey, or setspn) and write its key (ktadd)"
#define OLD_KEY	"the keys of the KDC and of the keytab differ: write the keytab again (ktadd, or 'net ads keytab create'), and have clients drop their old tickets (kdestroy)"
#define ENCTYPE	"client, KDC and keytab have no encryption type in common: give the server keys of aes256-cts-hmac-sha1-96 (ktadd -e, or msDS-SupportedEncryptionTypes)"

/* Statuses of RFC 4120 section 7.5.9 and of the library (krb5.h). */
static const struct {
	krb5_error_code code;
	const char *advice;
} advices[] = {
	{ KRB5KRB_AP_ERR_TKT_EXPIRED, RENEW },
	{ KRB5KRB_AP_ERR_TKT_NYV, CLOCKS },
	{ KRB5KRB_AP_ERR_SKEW, CLOCKS },
	{ KRB5KRB_AP_ERR_NOT_US, NO_KEY },
	{ KRB5KRB_AP_WRONG_PRINC, NO_KEY },
	{ KRB5_KT_NOTFOUND, NO_KEY },
	{ KRB5KRB_AP_ERR_NOKEY, NO_KEY },
	{ KRB5KRB_AP_ERR_BADKEYVER, OLD_KEY },
	{ KRB5_KT_KVNONOTFOUND, OLD_KEY },
	{ KRB5KRB_AP_ERR_BAD_INTEGRITY, OLD_KEY },
	{ KRB5KRB_AP_ERR_MODIFIED, OLD_KEY },
	{ KRB5KDC_ERR_ETYPE_NOSUPP, ENCTYPE },
	{ KRB5_BAD_ENCTYPE, ENCTYPE },
	{ KRB5_PROG_ETYPE_NOSUPP, ENCTYPE },
	{ KRB5_NOPERM_ETYPE, ENCTYPE },
	{ KRB5KRB_AP_ERR_REPEAT,
	  "the same token came twice: a client's clock stands still, or somebody recorded it" },
};

void auth_advice_add(u32 minor, struct why *why)
{
	size_t used = strlen(why->text);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(advices); i++)
		if ((u32)advices[i].code == minor && used < sizeof(why->text))
			snprintf(why->text + used, sizeof(why->text) - used, "%s%s",
				 used ? "; " : "", advices[i].advice);
}
