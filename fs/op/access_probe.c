// SPDX-License-Identifier: GPL-2.0-only
/* Access probes of users, see access_probe.h. */

#include <linux/err.h>
#include <linux/limits.h>
#include <linux/string.h>

#include "../../net/helper/names.h"
#include "../../net/helper/token.h"
#include "access_probe.h"

/* Copy the current options, without members that may be freed. */
static void probe_opts(struct ditto_access_probe *probe, struct ditto_share_opts *opts)
{
	rcu_read_lock();
	*opts = *rcu_dereference(probe->share->opts);
	probe->has_rules = opts->rules.count;
	opts->sec = ditto_share_sec(opts);
	rcu_read_unlock();
	ditto_share_opts_disown(opts);
	probe->read_only = opts->read_only;
}

static int probe_refuse(struct ditto_access_probe *probe, enum ditto_refusal refusal)
{
	probe->refusal = refusal;
	return 0;
}

/* The same credential, with the administrator's privileges. */
static int probe_become_admin(struct ditto_access_probe *probe, const struct ditto_share_opts *opts)
{
	struct ditto_ident ident = probe->ident;
	struct ditto_cred *cred;

	ident.admin = true;
	cred = ditto_cred_get(probe->share->srv, opts, &probe->verdict, &ident);
	if (IS_ERR(cred))
		return PTR_ERR(cred);
	ditto_cred_put(probe->cred);
	probe->cred = cred;
	return 0;
}

static int probe_grant(struct ditto_access_probe *probe, const struct ditto_share_opts *opts)
{
	int err = 0, grant;

	grant = ditto_share_access_explain(probe->share, &probe->ident, probe->cred,
					   &probe->grant_reason);
	if (grant < 0)
		return grant;
	probe->grant = grant;
	if (probe->grant == DITTO_SHARE_ACCESS_NONE)
		return probe_refuse(probe, DITTO_REFUSED_BY_GRANT);
	if (ditto_share_access_is_admin(probe->grant, &probe->ident, &probe->verdict) &&
	    !probe->cred->admin)
		err = probe_become_admin(probe, opts);
	if (err)
		return err;
	probe->writable = probe->grant >= DITTO_SHARE_ACCESS_WRITE && !opts->read_only &&
			  probe->verdict.level == DITTO_ACCESS_WRITE;
	probe->admitted = true;
	return 0;
}

/*
 * Find out whether a user is let into a share. Return: 0, also if the user is not let in; -EJUKEBOX
 * while the helper is asked; -EACCES if a client rule needs the helper and there is none; -ENOMEM.
 */
int ditto_access_probe_run(struct ditto_access_probe *probe)
{
	struct ditto_token *token = NULL;
	struct ditto_share_opts opts;
	int err;

	err = ditto_rules_explain(probe->share, probe->addr, &probe->verdict, &probe->rule);
	if (err)
		return err;
	probe_opts(probe, &opts);
	if (probe->verdict.level == DITTO_ACCESS_NONE)
		return probe_refuse(probe, DITTO_REFUSED_BY_RULE);
	if (probe->flavor && !(opts.sec & probe->flavors_taken & probe->flavor))
		return probe_refuse(probe, DITTO_REFUSED_BY_FLAVOR);
	if (probe->logins && !(probe->logins_taken & (probe->login ?: U32_MAX)))
		return probe_refuse(probe, DITTO_REFUSED_BY_LOGIN);
	if (probe->logins && probe->ident.anonymous && !opts.guest)
		return probe_refuse(probe, DITTO_REFUSED_GUEST);
	/* A user who logged in has a token, and the privileges in it. */
	if (probe->ident.proven) {
		ditto_names_token_prefetch(probe->share->srv, probe->ident.uid, NULL, NULL);
		if (!ditto_names_token(probe->share->srv, probe->ident.uid, &token, NULL))
			probe->ident.token = token;
	}
	probe->cred = ditto_cred_get(probe->share->srv, &opts, &probe->verdict, &probe->ident);
	if (IS_ERR(probe->cred)) {
		err = PTR_ERR(probe->cred);
		probe->cred = NULL;
		goto out;
	}
	/* The checks themselves do not wait for SIDs. */
	if (!probe->cred->token)
		ditto_names_token_prefetch(probe->share->srv, probe->cred->uid, NULL, NULL);
	err = probe_grant(probe, &opts);
	if (!probe->admitted) {
		ditto_cred_put(probe->cred);
		probe->cred = NULL;
	}
out:
	probe->ident.token = NULL;
	ditto_token_put(token);
	return err;
}
