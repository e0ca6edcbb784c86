// SPDX-License-Identifier: GPL-2.0-only
/* Who can reach a share: by which protocol, by which proof, from where. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "nl/setting.h"
#include "nl/share.h"
#include "ditto-nl-gen.h"
#include "exposure.h"

/* Rules that are named; the others are counted. */
#define RULES_NAMED	4

/* Append text to a list, with a separator before it if it is not empty. */
static void list_add(char **list, const char *separator, const char *text)
{
	char *more = mem_print("%s%s%s", *list, **list ? separator : "", text);

	free(*list);
	*list = more;
}

static bool rule_is_any(const struct share_rule *r)
{
	return !strcmp(r->spec, "any") || !strcmp(r->spec, "*");
}

/* The addresses that the rules admit. */
static char *exposure_places(const struct share *s)
{
	char *list = mem_string("");
	unsigned int i, named = 0, more = 0;
	char text[32];

	if (!s->nrules) {
		list_add(&list, "", "any address");
		return list;
	}
	for (i = 0; i < s->nrules; i++) {
		const struct share_rule *r = &s->rules[i];

		if (r->access == DITTO_ACCESS_RIGHT_NONE)
			continue;
		if (named++ < RULES_NAMED)
			list_add(&list, ", ", rule_is_any(r) ? "any address" : r->spec);
		else
			more++;
	}
	if (more) {
		snprintf(text, sizeof(text), "%u more", more);
		list_add(&list, " and ", text);
	}
	return list;
}

static char *exposure_nfs(const struct share *s, const char *places)
{
	static const u32 krb5 = DITTO_FLAVOR_KRB5 | DITTO_FLAVOR_KRB5I | DITTO_FLAVOR_KRB5P;
	char *proofs = mem_string("");
	char *text;

	if (s->nrules && s->sec & DITTO_FLAVOR_SYS)
		list_add(&proofs, ", ", "AUTH_SYS (machines speak for their users)");
	if (s->nrules && s->sec & DITTO_FLAVOR_NONE)
		list_add(&proofs, ", ", "no proof (as the anonymous user)");
	if (s->sec & krb5)
		list_add(&proofs, ", ", "Kerberos users");
	if (*proofs)
		text = mem_print("%s, from %s%s", proofs, places,
				 share_lacks_rule(s) ? "; nobody by AUTH_SYS, for want of a rule" :
						       "");
	else
		text = mem_string("nobody: AUTH_SYS needs a rule (allow CLIENT, or allow any)");
	free(proofs);
	return text;
}

/* Does the share take this kind of login, a name of the option "auth"? */
static bool login_is_taken(const struct share *s, const char *login)
{
	struct why why;
	u32 bit;

	return setting_read(&share_options[SHARE_OPTION_auth], login, &bit, &why) && s->auth & bit;
}

static char *exposure_smb(const struct share *s, const char *places)
{
	char *proofs = mem_string("");
	char *text;

	if (login_is_taken(s, "kerberos"))
		list_add(&proofs, ", ", "Kerberos users");
	if (login_is_taken(s, "ntlm"))
		list_add(&proofs, ", ", "users with a password (NTLM)");
	if (s->guest && login_is_taken(s, "guest"))
		list_add(&proofs, ", ", "guests");
	text = *proofs ? mem_print("%s, from %s", proofs, places) : mem_string("nobody");
	free(proofs);
	return text;
}

char *exposure_text(const struct share *s, const char *protocol)
{
	char *places, *text;

	if (!share_has_protocol(s, protocol))
		return mem_string("not served (protocols)");
	places = exposure_places(s);
	text = !strcmp(protocol, "nfs") ? exposure_nfs(s, places) : exposure_smb(s, places);
	free(places);
	return text;
}

/* An earlier rule may refuse some addresses; all others are admitted. */
static bool rules_admit_all(const struct share *s)
{
	unsigned int i;

	for (i = 0; i < s->nrules; i++)
		if (rule_is_any(&s->rules[i]))
			return s->rules[i].access != DITTO_ACCESS_RIGHT_NONE;
	return false;
}

/* Is a connection without TLS, or with TLS but without a certificate, enough? */
static bool takes_strangers(const struct share *s)
{
	struct why why;
	u32 verified;

	return !setting_read(&share_options[SHARE_OPTION_xprtsec], "mtls", &verified, &why) ||
	       s->xprtsec & ~verified;
}

char *exposure_to_all(const struct share *s, bool nfs, bool smb)
{
	const char *how = NULL;

	if (nfs && share_has_protocol(s, "nfs") && rules_admit_all(s) && takes_strangers(s) &&
	    s->sec & (DITTO_FLAVOR_SYS | DITTO_FLAVOR_NONE))
		how = "NFS: machines of any address are served without a proof (allow any)";
	else if (smb && share_has_protocol(s, "smb") && (!s->nrules || rules_admit_all(s)) &&
		 s->guest && login_is_taken(s, "guest"))
		how = "SMB: guests need no password (guest on)";
	return how ? mem_print("share %s is open to everybody by %s", s->name, how) : NULL;
}

void exposure_print(const struct share *s)
{
	static const char *const protocol[] = { "nfs", "smb" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protocol); i++) {
		char *text = exposure_text(s, protocol[i]);

		printf("by %-21s %s\n", protocol[i], text);
		free(text);
	}
}
