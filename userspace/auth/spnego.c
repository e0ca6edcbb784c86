// SPDX-License-Identifier: GPL-2.0-only
/* Acceptor of SPNEGO; see spnego.h. */

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "spnego.h"

/* Where the type of an NTLM message is, and NEGOTIATE (MS-NLMP section 2.2.1.1). */
#define NTLM_TYPE	8
#define NTLM_NEGOTIATE	1
/* Tags of AP-REQ and AP-REP (RFC 4120 section 5.5), which some clients send without a header. */
#define AP_REQ		DER_APPLICATION(14)
#define AP_REP		DER_APPLICATION(15)

/**
 * struct spnego - a negotiation
 * @wrapped: the client uses SPNEGO
 * @replied: the first reply, which names the mechanism, was made
 * @needs_mic: the mechanism is not the first one of the client, so the list must be protected
 * @proved: the mechanism has accepted the client, and only mechListMIC is missing
 * @mech: the mechanism
 * @ops: the same; NULL if none is chosen
 * @exchange: exchange of the mechanism
 * @list: MechTypeList as the client sent it, freed
 * @target: the service that the client asked for
 * @peer: the client; only if @proved
 */
struct spnego {
	bool wrapped;
	bool replied;
	bool needs_mic;
	bool proved;
	enum spnego_mech mech;
	const struct spnego_mech_ops *ops;
	void *exchange;
	struct der list;
	char target[NSS_NAME_SIZE];
	struct gss_peer peer;
};

/**
 * struct spnego_call - a token that is being taken
 * @s: the negotiation
 * @offers: the mechanisms
 * @step: token and reply
 * @peer: filled when the client is proved
 * @why: filled when it is not
 */
struct spnego_call {
	struct spnego *s;
	const struct spnego_offer *offers;
	struct auth_step *step;
	struct gss_peer *peer;
	struct why *why;
};

static void spnego_reset(struct spnego *s)
{
	if (s->ops)
		s->ops->end(s->exchange);
	free((void *)s->list.at);
	sid_list_clear(&s->peer.vouched);
	explicit_bzero(s, sizeof(*s));
}

void spnego_free(struct spnego *s)
{
	if (!s)
		return;
	spnego_reset(s);
	free(s);
}

/* Reply to a client that uses SPNEGO. */
static void spnego_reply(struct spnego_call *call, enum spnego_state state, struct der token,
			 struct der mic)
{
	struct spnego_resp resp = { .state = state, .mech = SPNEGO_MECHS, .token = token,
				    .mic = mic };
	struct spnego *s = call->s;

	if (!s->replied && s->ops)
		resp.mech = s->mech;
	s->replied = true;
	call->step->reply = spnego_resp_encode(&resp, &call->step->reply_len);
}

/* Refuse the client; @token of the mechanism may tell it why. */
static enum gss_outcome spnego_reject(struct spnego_call *call, enum gss_outcome outcome,
				      struct der token)
{
	if (call->s->wrapped)
		spnego_reply(call, SPNEGO_REJECT, token, (struct der){ 0 });
	return outcome;
}

/* Wait for the next token, which begins or continues the exchange of the mechanism. */
static enum gss_outcome spnego_wait(struct spnego_call *call, struct der token)
{
	const struct spnego *s = call->s;

	spnego_reply(call, !s->replied && s->needs_mic ? SPNEGO_REQUEST_MIC :
			   SPNEGO_ACCEPT_INCOMPLETE, token, (struct der){ 0 });
	return GSS_MORE;
}

/* The client is proved, and nothing is missing. */
static enum gss_outcome spnego_complete(struct spnego_call *call)
{
	struct spnego *s = call->s;

	*call->peer = s->peer;
	explicit_bzero(&s->peer, sizeof(s->peer));
	memcpy(call->step->context.target, s->target, sizeof(s->target));
	return GSS_PROVED;
}

static bool spnego_verify(struct spnego_call *call, struct der mic)
{
	struct spnego *s = call->s;

	if (!call->step->user[0])
		memcpy(call->step->user, s->peer.name, sizeof(call->step->user));
	if (!mic.at)
		return why_not(call->why,
			       "%s was proved, but the client does not sign its list of mechanisms (mechListMIC)",
			       s->peer.name);
	return s->ops->verify(s->exchange, &s->list, &mic) ||
	       why_not(call->why,
		       "%s was proved, but the list of mechanisms is not the one that the client signed (mechListMIC): somebody may have changed it on its way",
		       s->peer.name);
}

/*
 * The mechanism has accepted the client. The lists of mechanisms are signed afterwards (RFC 4178
 * section 5): the client signs with its last token, or, if the last token is the server's, in a
 * token of its own. To wait for that in the first case as well would reveal immediately, and not
 * after login-delay-ms, that a password was right.
 */
static enum gss_outcome spnego_finish(struct spnego_call *call, struct der token, struct der mic)
{
	struct spnego *s = call->s;
	bool signs = s->ops->can_sign(s->exchange);
	struct der ours = { 0 };

	if (signs && (mic.at || (s->needs_mic && !token.len)) && !spnego_verify(call, mic))
		return spnego_reject(call, GSS_REFUSED, (struct der){ 0 });
	if (signs && (mic.at || s->needs_mic))
		ours.at = s->ops->sign(s->exchange, &s->list, &ours.len);
	s->proved = signs && s->needs_mic && !mic.at;
	spnego_reply(call, s->proved ? SPNEGO_ACCEPT_INCOMPLETE : SPNEGO_ACCEPT_COMPLETED, token,
		     ours);
	free((void *)ours.at);
	return s->proved ? GSS_MORE : spnego_complete(call);
}

/* Is it a token of the mechanism? Clients send optimistic ones of their first mechanism. */
static bool spnego_fits(enum spnego_mech mech, struct der token)
{
	struct spnego_token read;

	if (!token.len)
		return false;
	spnego_token_read(token.at, token.len, &read);
	if (mech == SPNEGO_NTLM)
		return read.kind == SPNEGO_BARE_NTLM;
	return read.kind == SPNEGO_BARE_KERBEROS || token.at[0] == AP_REQ ||
	       token.at[0] == AP_REP;
}

/* Pass a bare token to the mechanism. */
static enum gss_outcome spnego_pass(struct spnego_call *call, struct der token, struct der mic)
{
	struct auth_step bare = { .token = token.at, .token_len = token.len };
	struct auth_step *step = call->step;
	struct spnego *s = call->s;
	enum gss_outcome outcome;
	struct der reply;

	if (!spnego_fits(s->mech, token)) {
		why_not(call->why, "what it sends is not of the mechanism that was chosen");
		return spnego_reject(call, GSS_MALFORMED, (struct der){ 0 });
	}
	outcome = s->ops->take(call->offers[s->mech].arg, s->exchange, &bare, &s->peer, call->why);
	memcpy(step->user, bare.user, sizeof(step->user));
	memcpy(s->target, bare.context.target, sizeof(s->target));
	memcpy(step->context.target, s->target, sizeof(s->target));
	if (!s->wrapped) {
		step->reply = bare.reply;
		step->reply_len = bare.reply_len;
		return outcome == GSS_PROVED ? spnego_complete(call) : outcome;
	}
	reply = (struct der){ bare.reply, bare.reply_len };
	if (outcome == GSS_PROVED)
		outcome = spnego_finish(call, reply, mic);
	else if (outcome == GSS_MORE)
		outcome = spnego_wait(call, reply);
	else if (outcome != GSS_NO_ANSWER)
		outcome = spnego_reject(call, outcome, reply);
	free(bare.reply);
	return outcome;
}

/* Begin the exchange of a mechanism. */
static void spnego_choose(struct spnego_call *call, enum spnego_mech mech)
{
	struct spnego *s = call->s;

	s->mech = mech;
	s->ops = call->offers[mech].ops;
	s->exchange = s->ops->begin(call->offers[mech].arg);
}

/* The client speaks first, or anew: take the first mechanism of its list that there is. */
static enum gss_outcome spnego_begin(struct spnego_call *call, const struct spnego_token *t)
{
	struct spnego *s = call->s;
	unsigned int i;
	u8 *list;

	spnego_reset(s);
	s->wrapped = true;
	for (i = 0; i < t->mechs_count; i++)
		if (t->mechs[i] < SPNEGO_MECHS && call->offers[t->mechs[i]].ops)
			break;
	if (i == t->mechs_count) {
		why_not(call->why, "it offers no mechanism that this server has");
		return spnego_reject(call, GSS_REFUSED, (struct der){ 0 });
	}
	list = mem_new(t->list.len);
	memcpy(list, t->list.at, t->list.len);
	s->list = (struct der){ list, t->list.len };
	s->needs_mic = i;
	spnego_choose(call, t->mechs[i]);
	if (s->needs_mic || !spnego_fits(s->mech, t->token))
		return spnego_wait(call, (struct der){ 0 });
	return spnego_pass(call, t->token, t->mic);
}

/* The client answers a reply. */
static enum gss_outcome spnego_continue(struct spnego_call *call, const struct spnego_token *t)
{
	struct spnego *s = call->s;

	if (t->state == SPNEGO_REJECT) {
		why_not(call->why, "the client has given up");
		return spnego_reject(call, GSS_REFUSED, (struct der){ 0 });
	}
	if (!s->proved)
		return spnego_pass(call, t->token, t->mic);
	if (!spnego_verify(call, t->mic))
		return spnego_reject(call, GSS_REFUSED, (struct der){ 0 });
	spnego_reply(call, SPNEGO_ACCEPT_COMPLETED, (struct der){ 0 }, (struct der){ 0 });
	return spnego_complete(call);
}

/* A mechanism without SPNEGO. */
static enum gss_outcome spnego_bare(struct spnego_call *call, enum spnego_mech mech,
				    struct der token, bool first)
{
	struct spnego *s = call->s;

	if (first || s->wrapped || !s->ops || s->mech != mech) {
		spnego_reset(s);
		if (!call->offers[mech].ops) {
			why_not(call->why, "it wants a mechanism that this server does not have");
			return GSS_REFUSED;
		}
		spnego_choose(call, mech);
	}
	return spnego_pass(call, token, (struct der){ 0 });
}

/* The client wants the server to speak first. */
static enum gss_outcome spnego_speak_first(struct spnego_call *call)
{
	unsigned int mechs = 0;
	int mech;

	spnego_reset(call->s);
	for (mech = 0; mech < SPNEGO_MECHS; mech++)
		if (call->offers[mech].ops)
			mechs |= SPNEGO_BIT(mech);
	call->step->reply = spnego_hello(mechs, &call->step->reply_len);
	return GSS_MORE;
}

enum gss_outcome spnego_take(struct spnego **negotiation,
			     const struct spnego_offer offers[SPNEGO_MECHS],
			     struct auth_step *step, struct gss_peer *peer, struct why *why)
{
	struct spnego_call call = { .offers = offers, .step = step, .peer = peer, .why = why };
	struct spnego_token t;

	if (!*negotiation)
		*negotiation = mem_new(sizeof(**negotiation));
	call.s = *negotiation;
	if (!step->token_len)
		return spnego_speak_first(&call);
	spnego_token_read(step->token, step->token_len, &t);
	switch (t.kind) {
	case SPNEGO_INIT:
		return spnego_begin(&call, &t);
	case SPNEGO_RESP:
		if (call.s->wrapped && call.s->ops)
			return spnego_continue(&call, &t);
		break;
	case SPNEGO_BARE_NTLM:
		return spnego_bare(&call, SPNEGO_NTLM, t.token,
				   t.token.len > NTLM_TYPE &&
				   t.token.at[NTLM_TYPE] == NTLM_NEGOTIATE);
	case SPNEGO_BARE_KERBEROS:
		return spnego_bare(&call, SPNEGO_KERBEROS, t.token, true);
	case SPNEGO_UNKNOWN:
		why_not(why, "it wants a mechanism that this server does not have");
		return GSS_REFUSED;
	case SPNEGO_MALFORMED:
		break;
	}
	why_not(why, "its token is malformed, or comes at the wrong time");
	return GSS_MALFORMED;
}
