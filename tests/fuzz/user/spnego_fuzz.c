// SPDX-License-Identifier: GPL-2.0-only
/*
 * SPNEGO: several tokens of a client, each behind its length (16 bits), with mechanisms that answer
 * by the bytes of the token.
 */
#include <stdlib.h>
#include <string.h>

#include "auth/spnego.h"
#include "mem.h"

static void *fuzz_begin(void *arg)
{
	(void)arg;
	return mem_new(1);
}

static enum gss_outcome fuzz_take(void *arg, void *exchange, struct auth_step *step,
				  struct gss_peer *peer, struct why *why)
{
	u8 last = step->token[step->token_len - 1];

	(void)arg;
	(void)exchange;
	(void)why;
	if (last & 8) {
		step->reply = mem_new(last);
		step->reply_len = last;
	}
	peer->key_len = last & 4;
	return (enum gss_outcome)(last & 3);
}

static bool fuzz_can_sign(void *exchange)
{
	(void)exchange;
	return true;
}

static u8 *fuzz_sign(void *exchange, const struct der *data, size_t *len)
{
	(void)exchange;
	*len = data->len;
	return memcpy(mem_new(data->len), data->at, data->len);
}

static bool fuzz_verify(void *exchange, const struct der *data, const struct der *mic)
{
	(void)exchange;
	return data->len == mic->len && !memcmp(data->at, mic->at, mic->len);
}

static const struct spnego_mech_ops ops = {
	.begin = fuzz_begin, .take = fuzz_take, .can_sign = fuzz_can_sign, .sign = fuzz_sign,
	.verify = fuzz_verify, .end = free,
};

/* A reply is one value in DER, or as short as that of a mechanism. */
static void check_reply(const struct auth_step *step)
{
	struct der in = { step->reply, step->reply_len };
	struct der_value value;

	if (in.len > 255 && (!der_get(&in, &value) || in.len))
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	const struct spnego_offer offers[SPNEGO_MECHS] = { { &ops, NULL }, { &ops, NULL },
							   { &ops, NULL } };
	enum gss_outcome outcome = GSS_MORE;
	struct spnego *s = NULL;
	struct gss_peer peer = { 0 };
	struct why why;

	while (len >= 2 && outcome == GSS_MORE) {
		struct auth_step step = { .token_len = data[0] | data[1] << 8 };
		u8 *token;

		data += 2;
		len -= 2;
		if (step.token_len > len)
			step.token_len = len;
		/* A copy, so that no byte behind the token is read. */
		token = memcpy(mem_new(step.token_len + !step.token_len), data, step.token_len);
		data += step.token_len;
		len -= step.token_len;
		step.token = token;
		outcome = spnego_take(&s, offers, &step, &peer, &why);
		check_reply(&step);
		free(step.reply);
		free(token);
	}
	spnego_free(s);
	return 0;
}
