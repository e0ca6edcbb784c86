// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps an authenticated name to an account on this machine.
 *
 * A client whose name has no account is refused. It is never mapped to another account: an
 * unknown name must not get the permissions of "nobody".
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "auth_account.h"
#include "auth_gss.h"

/* A name and its domain, which is empty if there is none. */
struct parts {
	char user[AUTH_USER_SIZE];
	char domain[AUTH_USER_SIZE];
};

/* Split "DOMAIN\user" or "user@REALM". */
static void account_split(const char *name, struct parts *parts)
{
	const char *backslash = strchr(name, '\\');
	const char *at = backslash ? NULL : strrchr(name, '@');

	memset(parts, 0, sizeof(*parts));
	if (backslash) {
		memcpy(parts->domain, name, (size_t)(backslash - name));
		memcpy(parts->user, backslash + 1, strlen(backslash + 1) + 1);
	} else if (at) {
		memcpy(parts->user, name, (size_t)(at - name));
		memcpy(parts->domain, at + 1, strlen(at + 1) + 1);
	} else {
		memcpy(parts->user, name, strlen(name) + 1);
	}
}

static void set_sid(struct auth_step *step)
{
	struct sid sid;

	if (step->anonymous)
		sid_of_anonymous(&sid);
	else
		sid_of_user(&sid, step->account.uid);
	step->sid_len = sid_put(&sid, step->sid);
}

int account_of(const struct gss_peer *peer, struct auth_step *step, struct why *why)
{
	struct parts who;
	int rc = -ENOENT;

	if (peer->way == GSS_WAY_ANONYMOUS) {
		step->anonymous = true;
		step->account.uid = ACCOUNT_NOBODY;
		step->account.gid = ACCOUNT_NOBODY;
		step->account.ngids = 0;
		snprintf(step->user, sizeof(step->user), "ANONYMOUS LOGON");
		snprintf(step->domain, sizeof(step->domain), "NT AUTHORITY");
		set_sid(step);
		return 0;
	}
	account_split(peer->name, &who);
	/*
	 * The local name is that of our own file (NTLM), or of the auth_to_local rules (Kerberos).
	 * Otherwise the name service may know domain users as "DOMAIN\user", and principals as
	 * "user@REALM". They are never looked up without the domain, or the "root" of a domain
	 * would become root here.
	 */
	if (peer->local[0])
		rc = nss_account(peer->local, &step->account);
	if (peer->way == GSS_WAY_NTLM && !peer->local[0] && who.domain[0])
		rc = nss_account(peer->name, &step->account);
	if (peer->way != GSS_WAY_NTLM && rc == -ENOENT)
		rc = nss_account(peer->name, &step->account);
	if (rc) {
		why_not(why, rc == -ENOENT ? "%s has no account on this machine" :
			"the name service does not answer about %s", peer->name);
		return rc == -ENOENT ? -EACCES : -EAGAIN;
	}
	/* Only a line in our own file, which root wrote, can make a client root. */
	if (!step->account.uid && !(peer->way == GSS_WAY_NTLM && peer->local[0])) {
		why_not(why, "%s would be root here, which only a local user can be", peer->name);
		return -EACCES;
	}
	if (who.domain[0])
		snprintf(step->domain, sizeof(step->domain), "%.255s", who.domain);
	else
		sid_machine_name(step->domain);
	snprintf(step->user, sizeof(step->user), "%s",
		 peer->way == GSS_WAY_KERBEROS ? peer->name : step->account.name);
	set_sid(step);
	return 0;
}
