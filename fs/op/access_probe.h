/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access probes: would this user be let into a share, and as whom? The steps are those that serve
 * requests; they also tell what decided.
 */
#ifndef _DITTO_FS_OP_ACCESS_PROBE_H
#define _DITTO_FS_OP_ACCESS_PROBE_H

#include "../share/cred.h"
#include "../share/rules.h"
#include "../share/share.h"
#include "../share/share_users.h"

/* Why a user is not let in. The values are as in the netlink enum "access-refusal". */
enum ditto_refusal {
	DITTO_REFUSED_BY_RULE,		/* a client rule, or no client rule matches */
	DITTO_REFUSED_BY_FLAVOR,	/* the share does not accept the security flavour */
	DITTO_REFUSED_GUEST,		/* the share lets no guest in */
	DITTO_REFUSED_BY_GRANT,		/* the share users */
	DITTO_REFUSED_BY_LOGIN,		/* the share does not take this kind of login */
};

/**
 * struct ditto_access_probe - a user who asks for a share, and what becomes of that
 * @share: held by the caller
 * @addr: address of the client, or NULL to leave the client rules out
 * @ident: the user, before squashing
 * @flavor: DITTO_SEC_* bit of the request; 0 for protocols that have other means
 * @flavors_taken: DITTO_SEC_* bits that protocols take for the share, besides its options
 * @logins: the protocol has logins: guests need the share's option for them, and users have the
 *	privilege to traverse directories
 * @login: DITTO_LOGIN_* bit of how the user logged in; 0 to leave that out
 * @logins_taken: DITTO_LOGIN_* bits of the kinds that the share takes, with @logins
 * @admitted: the user is let in
 * @refusal: otherwise, why not
 * @has_rules: the share has client rules
 * @read_only: the share has the option read_only
 * @rule: the rule that decided
 * @verdict: what the rules say
 * @grant: access from the share users; valid if the rules and the flavour let the client in
 * @grant_reason: what decided that
 * @writable: the user may change something
 * @cred: credential that acts, to be put; NULL if the user is not let in
 */
struct ditto_access_probe {
	struct ditto_share *share;
	const struct in6_addr *addr;
	struct ditto_ident ident;
	u32 flavor;
	u32 flavors_taken;
	bool logins;
	u32 login;
	u32 logins_taken;
	bool admitted;
	enum ditto_refusal refusal;
	bool has_rules;
	bool read_only;
	struct ditto_rule_reason rule;
	struct ditto_verdict verdict;
	enum ditto_share_access grant;
	struct ditto_grant_reason grant_reason;
	bool writable;
	struct ditto_cred *cred;
};

int ditto_access_probe_run(struct ditto_access_probe *probe);

#endif
