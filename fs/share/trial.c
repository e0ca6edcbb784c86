// SPDX-License-Identifier: GPL-2.0-only
/* Trials of users, see trial.h. */

#include <linux/err.h>
#include <linux/limits.h>
#include <linux/string.h>

#include "../../net/helper/names.h"
#include "../../net/helper/token.h"
#include "trial.h"

/* Copy the current options, without members that may be freed. */
static void trial_opts(struct ditto_trial *trial, struct ditto_share_opts *opts)
{
	rcu_read_lock();
	*opts = *rcu_dereference(trial->share->opts);
	trial->has_rules = opts->rules.count;
	opts->sec = ditto_share_sec(opts);
	rcu_read_unlock();
	memset(&opts->rules, 0, sizeof(opts->rules));
	memset(&opts->share_users, 0, sizeof(opts->share_users));
	opts->blocks = NULL;
	opts->comment = NULL;
	opts->snapshots = NULL;
	opts->protocols = NULL;
	trial->read_only = opts->read_only;
}

static int trial_refuse(struct ditto_trial *trial, enum ditto_refusal refusal)
{
	trial->refusal = refusal;
	return 0;
}

/* The same credential, with the administrator's privileges. */
static int trial_become_admin(struct ditto_trial *trial, const struct ditto_share_opts *opts)
{
	struct ditto_ident ident = trial->ident;
	struct ditto_cred *cred;

	ident.admin = true;
	cred = ditto_cred_get(trial->share->srv, opts, &trial->verdict, &ident);
	if (IS_ERR(cred))
		return PTR_ERR(cred);
	ditto_cred_put(trial->cred);
	trial->cred = cred;
	return 0;
}

static int trial_grant(struct ditto_trial *trial, const struct ditto_share_opts *opts)
{
	int err = 0, grant;

	grant = ditto_share_access_explain(trial->share, &trial->ident, trial->cred,
					   &trial->grant_reason);
	if (grant < 0)
		return grant;
	trial->grant = grant;
	if (trial->grant == DITTO_SHARE_ACCESS_NONE)
		return trial_refuse(trial, DITTO_REFUSED_BY_GRANT);
	if (ditto_share_access_is_admin(trial->grant, &trial->ident, &trial->verdict) &&
	    !trial->cred->admin)
		err = trial_become_admin(trial, opts);
	if (err)
		return err;
	trial->writable = trial->grant >= DITTO_SHARE_ACCESS_WRITE && !opts->read_only &&
			  trial->verdict.level == DITTO_ACCESS_WRITE;
	trial->admitted = true;
	return 0;
}

int ditto_trial_run(struct ditto_trial *trial)
{
	struct ditto_token *token = NULL;
	struct ditto_share_opts opts;
	int err;

	err = ditto_rules_explain(trial->share, trial->addr, &trial->verdict, &trial->rule);
	if (err)
		return err;
	trial_opts(trial, &opts);
	if (trial->verdict.level == DITTO_ACCESS_NONE)
		return trial_refuse(trial, DITTO_REFUSED_BY_RULE);
	if (trial->flavor && !(opts.sec & trial->flavors_taken & trial->flavor))
		return trial_refuse(trial, DITTO_REFUSED_BY_FLAVOR);
	if (trial->logins && !(trial->logins_taken & (trial->login ?: U32_MAX)))
		return trial_refuse(trial, DITTO_REFUSED_BY_LOGIN);
	if (trial->logins && trial->ident.anonymous && !opts.guest)
		return trial_refuse(trial, DITTO_REFUSED_GUEST);
	/* A user who logged in has a token, and the privileges in it. */
	if (trial->ident.proven) {
		ditto_names_token_prefetch(trial->share->srv, trial->ident.uid, NULL);
		if (!ditto_names_token(trial->share->srv, trial->ident.uid, &token, NULL))
			trial->ident.token = token;
	}
	trial->cred = ditto_cred_get(trial->share->srv, &opts, &trial->verdict, &trial->ident);
	if (IS_ERR(trial->cred)) {
		err = PTR_ERR(trial->cred);
		trial->cred = NULL;
		goto out;
	}
	/* The checks themselves do not wait for SIDs. */
	if (!trial->cred->token)
		ditto_names_token_prefetch(trial->share->srv, trial->cred->uid, NULL);
	err = trial_grant(trial, &opts);
	if (!trial->admitted) {
		ditto_cred_put(trial->cred);
		trial->cred = NULL;
	}
out:
	trial->ident.token = NULL;
	ditto_token_put(token);
	return err;
}
