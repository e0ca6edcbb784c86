// SPDX-License-Identifier: GPL-2.0-only
/* NTLM as a mechanism of SPNEGO. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "spnego_ntlm.h"

/**
 * struct ntlm_exchange - an exchange
 * @ntlm: the same of NTLM
 * @challenged: CHALLENGE was made
 */
struct ntlm_exchange {
	struct ntlm *ntlm;
	bool challenged;
};

static void *ntlm_exchange_begin(void *arg)
{
	const struct spnego_ntlm *mech = arg;
	struct ntlm_exchange *x = mem_new(sizeof(*x));

	x->ntlm = ntlm_new(mech->server);
	return x;
}

static void ntlm_exchange_end(void *exchange)
{
	struct ntlm_exchange *x = exchange;

	ntlm_free(x->ntlm);
	free(x);
}

static enum gss_outcome ntlm_exchange_take(void *arg, void *exchange, struct auth_step *step,
					   struct gss_peer *peer, struct why *why)
{
	const struct spnego_ntlm *mech = arg;
	struct ntlm_exchange *x = exchange;
	struct ntlm_result result;
	enum gss_outcome outcome;

	if (!x->challenged) {
		x->challenged = true;
		return ntlm_take_negotiate(x->ntlm, step->token, step->token_len, &step->reply,
					   &step->reply_len, why);
	}
	outcome = ntlm_take_authenticate(x->ntlm, step->token, step->token_len, &mech->users,
					 &result);
	snprintf(step->user, sizeof(step->user), "%s", result.said.user);
	memcpy(step->context.target, result.target, sizeof(result.target));
	*peer = result.peer;
	*why = result.why;
	explicit_bzero(&result, sizeof(result));
	return outcome;
}

static bool ntlm_exchange_can_sign(void *exchange)
{
	const struct ntlm_exchange *x = exchange;

	return ntlm_can_sign(x->ntlm);
}

static u8 *ntlm_exchange_sign(void *exchange, const struct der *data, size_t *len)
{
	const struct ntlm_exchange *x = exchange;
	u8 *mic = mem_new(NTLM_SIGNATURE_SIZE);

	ntlm_sign(x->ntlm, data->at, data->len, mic);
	*len = NTLM_SIGNATURE_SIZE;
	return mic;
}

static bool ntlm_exchange_verify(void *exchange, const struct der *data, const struct der *mic)
{
	const struct ntlm_exchange *x = exchange;

	return ntlm_verify(x->ntlm, data->at, data->len, mic->at, mic->len);
}

const struct spnego_mech_ops spnego_ntlm_ops = {
	.begin = ntlm_exchange_begin,
	.take = ntlm_exchange_take,
	.can_sign = ntlm_exchange_can_sign,
	.sign = ntlm_exchange_sign,
	.verify = ntlm_exchange_verify,
	.end = ntlm_exchange_end,
};
