// SPDX-License-Identifier: GPL-2.0-only
/* SPNEGO: values in DER, tokens as clients send them, and the acceptor with mechanisms of ours. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/spnego.h"
#include "mem.h"
#include "test.h"

#define BOTH_KERBEROS	(SPNEGO_BIT(SPNEGO_MS_KERBEROS) | SPNEGO_BIT(SPNEGO_KERBEROS))
#define ONLY_NTLM	SPNEGO_BIT(SPNEGO_NTLM)
#define ALL_MECHS	(BOTH_KERBEROS | ONLY_NTLM)

static u8 bytes[4096];

/* Decode hexadecimal digits. */
static struct der hex_decode(const char *text)
{
	unsigned int byte;
	size_t n = 0;

	for (; sscanf(text, "%2x", &byte) == 1 && n < sizeof(bytes); text += 2)
		bytes[n++] = (u8)byte;
	return (struct der){ bytes, n };
}

/*
 * Mechanisms that do what their token says. NTLM: NEGOTIATE is answered by CHALLENGE, and
 * AUTHENTICATE proves the client. Kerberos: the last byte of a token is one of these.
 */
#define SAYS_MUTUAL	0x30	/* proves the client, who wants to know the server */
#define SAYS_ALONE	0x31	/* proves the client */
#define SAYS_WRONG	0x32	/* is refused, with a reason for the client */

static int exchanges;
static unsigned int taken;
static bool no_signatures;
static bool wrong_password;

static void *fake_begin(void *arg)
{
	(void)arg;
	exchanges++;
	return mem_new(1);
}

static void fake_end(void *exchange)
{
	exchanges--;
	free(exchange);
}

static void fake_reply(struct auth_step *step, const char *text)
{
	step->reply = (u8 *)mem_string(text);
	step->reply_len = strlen(text);
}

static enum gss_outcome fake_ntlm(void *arg, void *exchange, struct auth_step *step,
				  struct gss_peer *peer, struct why *why)
{
	u8 *challenged = exchange;

	(void)arg;
	taken++;
	if (!*challenged) {
		*challenged = 1;
		fake_reply(step, "challenge");
		return step->token[8] == 1 ? GSS_MORE : GSS_MALFORMED;
	}
	snprintf(step->user, sizeof(step->user), "alice");
	if (wrong_password) {
		why_not(why, "wrong password");
		return GSS_REFUSED;
	}
	snprintf(step->context.target, sizeof(step->context.target), "cifs/server");
	snprintf(peer->name, sizeof(peer->name), "HERE\\alice");
	peer->way = GSS_WAY_NTLM;
	return GSS_PROVED;
}

static enum gss_outcome fake_kerberos(void *arg, void *exchange, struct auth_step *step,
				      struct gss_peer *peer, struct why *why)
{
	u8 says = step->token[step->token_len - 1];

	(void)arg;
	(void)exchange;
	taken++;
	if (says == SAYS_WRONG) {
		fake_reply(step, "error");
		why_not(why, "no key");
		return GSS_REFUSED;
	}
	if (says == SAYS_MUTUAL)
		fake_reply(step, "ap-rep");
	snprintf(step->context.target, sizeof(step->context.target), "cifs/server@REALM");
	snprintf(peer->name, sizeof(peer->name), "alice@REALM");
	peer->way = GSS_WAY_KERBEROS;
	peer->key_len = 16;
	return GSS_PROVED;
}

static bool fake_can_sign(void *exchange)
{
	(void)exchange;
	return !no_signatures;
}

/* The signature of the server is the data, and that of the client as well. */
static u8 *fake_sign(void *exchange, const struct der *data, size_t *len)
{
	u8 *mic = mem_new(data->len);

	(void)exchange;
	memcpy(mic, data->at, data->len);
	*len = data->len;
	return mic;
}

static bool fake_verify(void *exchange, const struct der *data, const struct der *mic)
{
	(void)exchange;
	return data->len == mic->len && !memcmp(data->at, mic->at, mic->len);
}

static const struct spnego_mech_ops ntlm_ops = {
	.begin = fake_begin, .take = fake_ntlm, .can_sign = fake_can_sign, .sign = fake_sign,
	.verify = fake_verify, .end = fake_end,
};

static const struct spnego_mech_ops kerberos_ops = {
	.begin = fake_begin, .take = fake_kerberos, .can_sign = fake_can_sign, .sign = fake_sign,
	.verify = fake_verify, .end = fake_end,
};

/**
 * struct client - a client and what it got
 * @mechs: SPNEGO_BIT() of the mechanisms of the server
 * @s: the negotiation
 * @step: the last token
 * @peer: the client when it is proved
 * @why: the reason when it is not
 * @state: state of the last reply
 * @mech: mechanism that the last reply names
 * @token: token of the mechanism in the last reply; points into @step
 * @mic: mechListMIC of the last reply
 */
struct client {
	unsigned int mechs;
	struct spnego *s;
	struct auth_step step;
	struct gss_peer peer;
	struct why why;
	enum spnego_state state;
	enum spnego_mech mech;
	struct der token;
	struct der mic;
};

static struct client c;

static void client_open(unsigned int mechs)
{
	memset(&c, 0, sizeof(c));
	c.mechs = mechs;
	taken = 0;
	no_signatures = false;
	wrong_password = false;
}

static void client_close(void)
{
	spnego_free(c.s);
	free(c.step.reply);
	memset(&c, 0, sizeof(c));
	CHECK(!exchanges);
}

/* Read a reply as RFC 4178 section 4.2.2 wants it: fields in order, and in their shortest form. */
static void client_hear(void)
{
	static const char *const names[] = { "2a864882f712010202", "2a864886f712010202",
					     "2b06010401823702020a" };
	struct der in = { c.step.reply, c.step.reply_len };
	struct der fields = { 0 }, value;
	struct der_value field;
	u8 last = 0;

	c.state = SPNEGO_NO_STATE;
	c.mech = SPNEGO_MECHS;
	c.token = (struct der){ 0 };
	c.mic = (struct der){ 0 };
	CHECK(der_enter(&in, DER_CONTEXT(1), &fields) && !in.len);
	CHECK(der_enter(&fields, DER_SEQUENCE, &in) && !fields.len);
	while (der_get(&in, &field)) {
		CHECK(field.tag > last);
		last = field.tag;
		if (field.tag == DER_CONTEXT(0) &&
		    CHECK(der_enter(&field.content, DER_ENUMERATED, &value) && value.len == 1))
			c.state = (enum spnego_state)value.at[0];
		else if (field.tag == DER_CONTEXT(1) &&
			 CHECK(der_enter(&field.content, DER_OID, &value)))
			for (c.mech = 0; c.mech < SPNEGO_MECHS; c.mech++) {
				struct der oid = hex_decode(names[c.mech]);

				if (oid.len == value.len && !memcmp(oid.at, value.at, oid.len))
					break;
			}
		else if (field.tag == DER_CONTEXT(2))
			CHECK(der_enter(&field.content, DER_OCTET_STRING, &c.token));
		else if (field.tag == DER_CONTEXT(3))
			CHECK(der_enter(&field.content, DER_OCTET_STRING, &c.mic));
	}
	CHECK(!in.len && c.state != SPNEGO_NO_STATE);
}

static enum gss_outcome client_send(struct der token)
{
	struct spnego_offer offers[SPNEGO_MECHS] = { 0 };
	enum gss_outcome outcome;
	u8 *copy = mem_new(token.len + 1);
	int mech;

	for (mech = 0; mech < SPNEGO_MECHS; mech++)
		if (c.mechs & SPNEGO_BIT(mech))
			offers[mech].ops = mech == SPNEGO_NTLM ? &ntlm_ops : &kerberos_ops;
	free(c.step.reply);
	memset(&c.step, 0, sizeof(c.step));
	if (token.len)
		memcpy(copy, token.at, token.len);
	c.step.token = copy;
	c.step.token_len = token.len;
	outcome = spnego_take(&c.s, offers, &c.step, &c.peer, &c.why);
	free(copy);
	if (c.step.reply && c.step.reply[0] == DER_CONTEXT(1))
		client_hear();
	return outcome;
}

static enum gss_outcome client_say(const char *token)
{
	return client_send(hex_decode(token));
}

/* NegTokenResp of a client, and one with mechListMIC beside the token. */
#define AUTHENTICATE	"a1123010a20e040c4e544c4d5353500003000000"

static enum gss_outcome client_say_mic(const char *token, const char *mic)
{
	struct der_out out = { .size = sizeof(bytes), .data = mem_new(sizeof(bytes)) };
	enum gss_outcome outcome;
	struct der value;
	size_t all;

	all = out.size;
	out.start = all;
	value = hex_decode(mic);
	der_put(&out, value.at, value.len);
	der_wrap(&out, DER_OCTET_STRING, all);
	der_wrap(&out, DER_CONTEXT(3), all);
	value = hex_decode(token);
	if (value.len) {
		size_t end = out.start;

		der_put(&out, value.at, value.len);
		der_wrap(&out, DER_OCTET_STRING, end);
		der_wrap(&out, DER_CONTEXT(2), end);
	}
	der_wrap(&out, DER_SEQUENCE, all);
	der_wrap(&out, DER_CONTEXT(1), all);
	outcome = client_send((struct der){ out.data + out.start, out.size - out.start });
	free(out.data);
	return outcome;
}

/*
 * First tokens of clients. The messages of the mechanisms in them are cut to a few bytes; what is
 * around them is as the client sends it.
 */
#define OID_SPNEGO	"06062b0601050502"
#define OID_MS_KERBEROS	"06092a864882f712010202"
#define OID_KERBEROS	"06092a864886f712010202"
#define OID_NTLM	"060a2b06010401823702020a"
#define OID_NEGOEX	"060a2b06010401823702021e"
#define OID_USER2USER	"060a2a864886f71201020203"
#define OID_IAKERB	"06062b0601050205"
#define TICKET		"a2140412601006092a864886f71201020201006e0130"
#define NEGOTIATE	"a20e040c4e544c4d5353500001000000"
#define NEGOEXTS	"a20e040c4e45474f4558545300000000"
/* negHints: "not_defined_in_RFC4178@please_ignore" */
#define HINTS \
	"a32a3028a0261b246e6f745f646566696e65645f696e5f5246433431373840706c656173655f69676e6f7265"
#define WINDOWS_NTLM \
	"602c" OID_SPNEGO "a0223020a00e300c" OID_NTLM NEGOTIATE
#define WINDOWS_KERBEROS \
	"6054" OID_SPNEGO "a04a3048a030302e" OID_MS_KERBEROS OID_KERBEROS OID_NEGOEX \
	OID_NTLM TICKET
#define WINDOWS_NEGOEX \
	"604e" OID_SPNEGO "a0443042a030302e" OID_NEGOEX OID_MS_KERBEROS OID_KERBEROS \
	OID_NTLM NEGOEXTS
#define SAMBA_KERBEROS \
	"6048" OID_SPNEGO "a03e303ca0243022" OID_MS_KERBEROS OID_KERBEROS \
	OID_NTLM TICKET
#define CIFS_KERBEROS \
	"6031" OID_SPNEGO "a0273025a00d300b" OID_MS_KERBEROS TICKET
#define BARE_NEGOTIATE	"4e544c4d5353500001000000"
#define BARE_AUTHENTICATE	"4e544c4d5353500003000000"

static const struct {
	const char *name;
	unsigned int mechs;
	const char *token;
	enum gss_outcome outcome;
	enum spnego_state state;
	enum spnego_mech mech;
	const char *reply;
} firsts[] = {
	{ "Windows without a domain, smbclient, go-smb2, smbj, impacket, libsmb2: NTLM alone",
	  ALL_MECHS, WINDOWS_NTLM, GSS_MORE, SPNEGO_ACCEPT_INCOMPLETE, SPNEGO_NTLM, "challenge" },
	{ "Windows in a domain", ALL_MECHS, WINDOWS_KERBEROS,
	  GSS_PROVED, SPNEGO_ACCEPT_COMPLETED, SPNEGO_MS_KERBEROS, "ap-rep" },
	{ "Windows in a domain, and a server without a keytab", ONLY_NTLM, WINDOWS_KERBEROS,
	  GSS_MORE, SPNEGO_REQUEST_MIC, SPNEGO_NTLM, NULL },
	{ "Windows 10 and 11 with NEGOEX first", ALL_MECHS, WINDOWS_NEGOEX,
	  GSS_MORE, SPNEGO_REQUEST_MIC, SPNEGO_MS_KERBEROS, NULL },
	{ "the same, and a server without a keytab", ONLY_NTLM, WINDOWS_NEGOEX,
	  GSS_MORE, SPNEGO_REQUEST_MIC, SPNEGO_NTLM, NULL },
	{ "smbclient with a ticket", ALL_MECHS, SAMBA_KERBEROS,
	  GSS_PROVED, SPNEGO_ACCEPT_COMPLETED, SPNEGO_MS_KERBEROS, "ap-rep" },
	{ "cifs.ko with a ticket", ALL_MECHS, CIFS_KERBEROS,
	  GSS_PROVED, SPNEGO_ACCEPT_COMPLETED, SPNEGO_MS_KERBEROS, "ap-rep" },
	{ "the same, and a server without a keytab", ONLY_NTLM, CIFS_KERBEROS,
	  GSS_REFUSED, SPNEGO_REJECT, SPNEGO_MECHS, NULL },
	{ "jcifs-ng: reqFlags of one byte", ALL_MECHS,
	  "6032" OID_SPNEGO "a0283026a00e300c" OID_NTLM "a1040302013e" NEGOTIATE,
	  GSS_MORE, SPNEGO_ACCEPT_INCOMPLETE, SPNEGO_NTLM, "challenge" },
	{ "jcifs-ng with a ticket: reqFlags, the standard OID first", ALL_MECHS,
	  "6045" OID_SPNEGO "a03b3039a0183016" OID_KERBEROS OID_MS_KERBEROS
	  "a1070305000000003e" TICKET,
	  GSS_PROVED, SPNEGO_ACCEPT_COMPLETED, SPNEGO_KERBEROS, "ap-rep" },
	{ "Microsoft's test suites: reqFlags of 4 bytes", ALL_MECHS,
	  "6035" OID_SPNEGO "a02b3029a00e300c" OID_NTLM "a1070305000000003e" NEGOTIATE,
	  GSS_MORE, SPNEGO_ACCEPT_INCOMPLETE, SPNEGO_NTLM, "challenge" },
	{ "lengths in long form", ALL_MECHS,
	  "608400000044" OID_SPNEGO "a08400000036308400000030a0840000001230840000000c" OID_NTLM
	  "a2840000001204840000000c" BARE_NEGOTIATE,
	  GSS_MORE, SPNEGO_ACCEPT_INCOMPLETE, SPNEGO_NTLM, "challenge" },
	{ "macOS: IAKERB among the mechanisms", ALL_MECHS,
	  "6050" OID_SPNEGO "a0463044a02c302a" OID_KERBEROS OID_MS_KERBEROS OID_IAKERB OID_NTLM
	  TICKET,
	  GSS_PROVED, SPNEGO_ACCEPT_COMPLETED, SPNEGO_KERBEROS, "ap-rep" },
	{ "Windows 2000: mechListMIC repeats the token", ALL_MECHS,
	  "605e" OID_SPNEGO "a0543052a0243022" OID_MS_KERBEROS OID_KERBEROS OID_NTLM
	  TICKET "a31404126010" OID_KERBEROS "01006e0130",
	  GSS_PROVED, SPNEGO_ACCEPT_COMPLETED, SPNEGO_MS_KERBEROS, "ap-rep" },
	{ "NegTokenInit2 with negHints, without a token", ALL_MECHS,
	  "605e" OID_SPNEGO "a0543052a0243022" OID_MS_KERBEROS OID_KERBEROS OID_NTLM HINTS,
	  GSS_MORE, SPNEGO_ACCEPT_INCOMPLETE, SPNEGO_MS_KERBEROS, NULL },
	{ "fields in another order, and an unknown one", ALL_MECHS,
	  "6030" OID_SPNEGO "a0263024" NEGOTIATE "a00e300c" OID_NTLM "a9020500",
	  GSS_MORE, SPNEGO_ACCEPT_INCOMPLETE, SPNEGO_NTLM, "challenge" },
	{ "no header of RFC 2743", ALL_MECHS,
	  "a0223020a00e300c" OID_NTLM NEGOTIATE,
	  GSS_MORE, SPNEGO_ACCEPT_INCOMPLETE, SPNEGO_NTLM, "challenge" },
	{ "no token", ALL_MECHS,
	  "601c" OID_SPNEGO "a0123010a00e300c" OID_NTLM,
	  GSS_MORE, SPNEGO_ACCEPT_INCOMPLETE, SPNEGO_NTLM, NULL },
	{ "user-to-user Kerberos first", ALL_MECHS,
	  "603d" OID_SPNEGO "a0333031a0193017" OID_USER2USER OID_KERBEROS TICKET,
	  GSS_MORE, SPNEGO_REQUEST_MIC, SPNEGO_KERBEROS, NULL },
	{ "a token with the truncated OID", ALL_MECHS,
	  "6031" OID_SPNEGO "a0273025a00d300b" OID_MS_KERBEROS "a21404126010" OID_MS_KERBEROS
	  "01006e0130",
	  GSS_PROVED, SPNEGO_ACCEPT_COMPLETED, SPNEGO_MS_KERBEROS, "ap-rep" },
	{ "a token of NTLM although Kerberos is first", ALL_MECHS,
	  "6042" OID_SPNEGO "a0383036a0243022" OID_MS_KERBEROS OID_KERBEROS OID_NTLM NEGOTIATE,
	  GSS_MORE, SPNEGO_ACCEPT_INCOMPLETE, SPNEGO_MS_KERBEROS, NULL },
	{ "a ticket without a key", ALL_MECHS,
	  "6031" OID_SPNEGO "a0273025a00d300b" OID_MS_KERBEROS "a21404126010" OID_KERBEROS
	  "01006e0132",
	  GSS_REFUSED, SPNEGO_REJECT, SPNEGO_MS_KERBEROS, "error" },
};

static bool is_text(const struct der *got, const char *want)
{
	return want ? got->len == strlen(want) && !memcmp(got->at, want, got->len) : !got->len;
}

static void first_tokens(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(firsts); i++) {
		client_open(firsts[i].mechs);
		if (!CHECK(client_say(firsts[i].token) == firsts[i].outcome) ||
		    !CHECK(c.state == firsts[i].state && c.mech == firsts[i].mech) ||
		    !CHECK(is_text(&c.token, firsts[i].reply)) || !CHECK(!c.mic.len) ||
		    !CHECK(taken == (firsts[i].reply ? 1 : 0)))
			printf("# %s\n", firsts[i].name);
		if (firsts[i].outcome == GSS_PROVED)
			SAME(c.step.context.target, "cifs/server@REALM");
		client_close();
	}
}

/* The second token of clients of NTLM; the reply is the shortest one. */
static const struct {
	const char *name;
	const char *token;
} seconds[] = {
	{ "smbj, impacket", AUTHENTICATE },
	{ "go-smb2: negState", "a1173015a0030a0101a20e040c4e544c4d5353500003000000" },
	{ "Microsoft's test suites: supportedMech again",
	  "a1253023a0030a0101a10c" OID_NTLM "a20e040c4e544c4d5353500003000000" },
	{ "old Samba: mechListMIC repeats the token",
	  "a1223020a20e040c4e544c4d5353500003000000a30e040c4e544c4d5353500003000000" },
	{ "an unknown negState and an unknown field",
	  "a11b3019a0030a0177a20e040c4e544c4d5353500003000000a7020500" },
};

static void second_tokens(void)
{
	static const u8 completed[] = { 0xa1, 7, 0x30, 5, 0xa0, 3, 0x0a, 1, 0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(seconds); i++) {
		client_open(ALL_MECHS);
		CHECK(client_say(WINDOWS_NTLM) == GSS_MORE);
		if (!CHECK(client_say(seconds[i].token) == GSS_PROVED) ||
		    !CHECK(c.step.reply_len == sizeof(completed) &&
			   !memcmp(c.step.reply, completed, sizeof(completed))))
			printf("# %s\n", seconds[i].name);
		SAME(c.peer.name, "HERE\\alice");
		SAME(c.step.user, "alice");
		SAME(c.step.context.target, "cifs/server");
		client_close();
	}
}

/* MechTypeList of WINDOWS_NEGOEX and WINDOWS_NTLM. */
#define LIST_NEGOEX \
	"302e" OID_NEGOEX OID_MS_KERBEROS OID_KERBEROS OID_NTLM
#define LIST_NTLM	"300c060a2b06010401823702020a"

/* The client signs its list with its last token, and gets a signature back. */
static void mic_of_ntlm(void)
{
	client_open(ONLY_NTLM);
	CHECK(client_say(WINDOWS_NEGOEX) == GSS_MORE && !c.mic.len);
	CHECK(client_say("a1123010a20e040c" BARE_NEGOTIATE) == GSS_MORE);
	CHECK(c.state == SPNEGO_ACCEPT_INCOMPLETE && c.mech == SPNEGO_MECHS &&
	      is_text(&c.token, "challenge") && !c.mic.len);
	CHECK(client_say_mic(BARE_AUTHENTICATE, LIST_NEGOEX) == GSS_PROVED);
	CHECK(c.state == SPNEGO_ACCEPT_COMPLETED && !c.token.len);
	CHECK(c.mic.len == hex_decode(LIST_NEGOEX).len && !memcmp(c.mic.at, bytes, c.mic.len));
	client_close();
	/* It need not, but does, if its first mechanism is used. */
	client_open(ONLY_NTLM);
	CHECK(client_say(WINDOWS_NTLM) == GSS_MORE);
	CHECK(client_say_mic(BARE_AUTHENTICATE, LIST_NTLM) == GSS_PROVED);
	CHECK(c.state == SPNEGO_ACCEPT_COMPLETED && c.mic.len == hex_decode(LIST_NTLM).len);
	client_close();
}

/* What is wrong with a list is no hint whether the password was right. */
static void mic_is_wrong(void)
{
	int i;

	for (i = 0; i < 4; i++) {
		client_open(ONLY_NTLM);
		CHECK(client_say(WINDOWS_NEGOEX) == GSS_MORE);
		CHECK(client_say("a1123010a20e040c" BARE_NEGOTIATE) == GSS_MORE);
		wrong_password = i & 1;
		CHECK((i & 2 ? client_say(AUTHENTICATE) :
		       client_say_mic(BARE_AUTHENTICATE, LIST_NTLM)) == GSS_REFUSED);
		SAME(c.step.user, "alice");
		CHECK(c.state == SPNEGO_REJECT && !c.mic.len && !c.peer.name[0]);
		CHECK(!wrong_password == !!strstr(c.why.text, "HERE\\alice was proved"));
		client_close();
	}
	/* Somebody has removed Kerberos from the list. */
	client_open(ALL_MECHS);
	CHECK(client_say(WINDOWS_NTLM) == GSS_MORE);
	CHECK(client_say_mic(BARE_AUTHENTICATE, LIST_NEGOEX) == GSS_REFUSED);
	client_close();
}

/* The last token is the server's: the client signs in a token of its own. */
static void mic_of_kerberos(void)
{
	static const char *const mics[] = { LIST_NEGOEX, LIST_NTLM };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mics); i++) {
		client_open(ALL_MECHS);
		CHECK(client_say(WINDOWS_NEGOEX) == GSS_MORE);
		CHECK(client_say("a1183016" TICKET) == GSS_MORE);
		CHECK(c.state == SPNEGO_ACCEPT_INCOMPLETE && is_text(&c.token, "ap-rep"));
		CHECK(c.mic.len == hex_decode(LIST_NEGOEX).len);
		CHECK(!memcmp(c.mic.at, bytes, c.mic.len));
		CHECK(!c.peer.name[0]);
		CHECK(client_say_mic("", mics[i]) == (i ? GSS_REFUSED : GSS_PROVED));
		CHECK(c.state == (i ? SPNEGO_REJECT : SPNEGO_ACCEPT_COMPLETED));
		CHECK(!c.token.len && !c.mic.len && taken == 1);
		SAME(i ? c.step.user : c.peer.name, "alice@REALM");
		if (!i)
			SAME(c.step.context.target, "cifs/server@REALM");
		client_close();
	}
	/* The client has the last token, and must sign with it. */
	client_open(ALL_MECHS);
	CHECK(client_say(WINDOWS_NEGOEX) == GSS_MORE);
	CHECK(client_say("a1183016a21404126010" OID_KERBEROS "01006e0131") == GSS_REFUSED);
	client_close();
	client_open(ALL_MECHS);
	CHECK(client_say(WINDOWS_NEGOEX) == GSS_MORE);
	CHECK(client_say_mic("601006092a864886f71201020201006e0131", LIST_NEGOEX) == GSS_PROVED);
	CHECK(c.mic.len);
	client_close();
}

/* A mechanism without signatures has no mechListMIC. */
static void mic_is_impossible(void)
{
	client_open(ONLY_NTLM);
	no_signatures = true;
	CHECK(client_say(WINDOWS_NEGOEX) == GSS_MORE);
	CHECK(client_say("a1123010a20e040c" BARE_NEGOTIATE) == GSS_MORE);
	CHECK(client_say_mic(BARE_AUTHENTICATE, "00") == GSS_PROVED);
	CHECK(c.state == SPNEGO_ACCEPT_COMPLETED && !c.mic.len);
	client_close();
}

/* Tokens of a mechanism without SPNEGO get such replies. */
static void bare_mechanisms(void)
{
	struct der reply;

	client_open(ALL_MECHS);
	CHECK(client_say(BARE_NEGOTIATE) == GSS_MORE);
	reply = (struct der){ c.step.reply, c.step.reply_len };
	CHECK(is_text(&reply, "challenge"));
	CHECK(client_say(BARE_AUTHENTICATE) == GSS_PROVED && !c.step.reply);
	SAME(c.peer.name, "HERE\\alice");
	client_close();
	client_open(ALL_MECHS);
	CHECK(client_say("601006092a864886f71201020201006e0130") == GSS_PROVED);
	reply = (struct der){ c.step.reply, c.step.reply_len };
	CHECK(is_text(&reply, "ap-rep"));
	client_close();
	client_open(ONLY_NTLM);
	CHECK(client_say("601006092a864886f71201020201006e0130") == GSS_REFUSED && !c.step.reply);
	client_close();
	client_open(BOTH_KERBEROS);
	CHECK(client_say(BARE_NEGOTIATE) == GSS_REFUSED);
	client_close();
	client_open(ALL_MECHS);
	CHECK(client_say("600c060a2b06010401823702021e") == GSS_REFUSED);
	client_close();
}

/* A first token begins the exchange anew, whatever came before (MS-SMB2 section 3.3.5.5.2). */
static void begins_anew(void)
{
	static const char *const before[] = { WINDOWS_NTLM, WINDOWS_NEGOEX, BARE_NEGOTIATE, "" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(before); i++) {
		client_open(ALL_MECHS);
		CHECK(client_say(before[i]) == GSS_MORE);
		CHECK(client_say(WINDOWS_NTLM) == GSS_MORE && c.mech == SPNEGO_NTLM);
		CHECK(exchanges == 1 && is_text(&c.token, "challenge"));
		CHECK(client_say(AUTHENTICATE) == GSS_PROVED);
		client_close();
		client_open(ALL_MECHS);
		CHECK(client_say(before[i]) == GSS_MORE);
		CHECK(client_say(BARE_NEGOTIATE) == GSS_MORE && exchanges == 1);
		CHECK(client_say(BARE_AUTHENTICATE) == GSS_PROVED);
		client_close();
		client_open(ALL_MECHS);
		CHECK(client_say(before[i]) == GSS_MORE);
		CHECK(client_say(WINDOWS_KERBEROS) == GSS_PROVED);
		client_close();
	}
	/* Also if only a signature was missing: the client is not proved by what came before. */
	client_open(ALL_MECHS);
	CHECK(client_say(WINDOWS_NEGOEX) == GSS_MORE);
	CHECK(client_say("a1183016" TICKET) == GSS_MORE);
	CHECK(client_say(WINDOWS_NTLM) == GSS_MORE);
	CHECK(client_say_mic("", LIST_NTLM) == GSS_MALFORMED);
	client_close();
	/* What only goes on is nothing without a beginning. */
	client_open(ALL_MECHS);
	CHECK(client_say(AUTHENTICATE) == GSS_MALFORMED);
	CHECK(client_say(BARE_AUTHENTICATE) == GSS_MALFORMED);
	CHECK(client_say("") == GSS_MORE);
	CHECK(client_say(AUTHENTICATE) == GSS_MALFORMED);
	CHECK(client_say(WINDOWS_NTLM) == GSS_MORE);
	CHECK(client_say(BARE_AUTHENTICATE) == GSS_MALFORMED);
	client_close();
	client_open(ALL_MECHS);
	CHECK(client_say(WINDOWS_NTLM) == GSS_MORE);
	CHECK(client_say("a1073005a0030a0102") == GSS_REFUSED && c.state == SPNEGO_REJECT);
	client_close();
}

/* A server that speaks first says what Windows says. */
static void server_speaks_first(void)
{
	static const char *const tokens[] = {
		[ONLY_NTLM] =
		"6048" OID_SPNEGO "a03e303ca00e300c" OID_NTLM HINTS,
		[BOTH_KERBEROS] =
		"6052" OID_SPNEGO "a0483046a0183016" OID_MS_KERBEROS OID_KERBEROS HINTS,
		[ALL_MECHS] =
		"605e" OID_SPNEGO "a0543052a0243022" OID_MS_KERBEROS OID_KERBEROS OID_NTLM HINTS,
	};
	unsigned int mechs;
	struct der want;

	for (mechs = 0; mechs < ARRAY_SIZE(tokens); mechs++) {
		if (!tokens[mechs])
			continue;
		client_open(mechs);
		CHECK(client_say("") == GSS_MORE);
		want = hex_decode(tokens[mechs]);
		CHECK(c.step.reply_len == want.len && !memcmp(c.step.reply, want.at, want.len));
		CHECK(client_say("") == GSS_MORE);
		client_close();
	}
}

/* Whatever is cut off or changed, no client is proved by a token that has lost its list. */
static void damaged_tokens(void)
{
	unsigned int i, n;
	struct der token;

	for (i = 0; i < ARRAY_SIZE(firsts); i++) {
		for (n = 1; n < strlen(firsts[i].token) / 2; n++) {
			client_open(firsts[i].mechs);
			token = hex_decode(firsts[i].token);
			token.len = n;
			CHECK(client_send(token) == GSS_MALFORMED && !taken);
			client_close();
		}
		for (n = 0; n < strlen(firsts[i].token) * 128; n++) {
			client_open(ALL_MECHS);
			token = hex_decode(firsts[i].token);
			bytes[n / 256] = (u8)n;
			client_send(token);
			client_close();
		}
	}
	for (n = 1; n < strlen(AUTHENTICATE) / 2; n++) {
		client_open(ALL_MECHS);
		CHECK(client_say(WINDOWS_NTLM) == GSS_MORE);
		token = hex_decode(AUTHENTICATE);
		token.len = n;
		CHECK(client_send(token) == GSS_MALFORMED && taken == 1);
		client_close();
	}
}

/* Make NegTokenInit with so many unknown mechanisms before NTLM. */
static struct der long_list(unsigned int unknown)
{
	struct der_out out = { .size = sizeof(bytes), .start = sizeof(bytes), .data = bytes };
	static const u8 oid[] = { 0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2 };
	static const u8 number[] = { 10 }, header[] = { 6, 6, 0x2b, 6, 1, 5, 5, 2 };
	size_t all = out.start;

	der_put(&out, number, sizeof(number));
	der_put(&out, oid, sizeof(oid));
	der_wrap(&out, DER_OID, all);
	while (unknown--) {
		size_t end = out.start;

		der_put(&out, oid, sizeof(oid));
		der_wrap(&out, DER_OID, end);
	}
	der_wrap(&out, DER_SEQUENCE, all);
	der_wrap(&out, DER_CONTEXT(0), all);
	der_wrap(&out, DER_SEQUENCE, all);
	der_wrap(&out, DER_CONTEXT(0), all);
	der_put(&out, header, sizeof(header));
	der_wrap(&out, DER_APPLICATION(0), all);
	return (struct der){ bytes + out.start, all - out.start };
}

static void list_limits(void)
{
	client_open(ALL_MECHS);
	CHECK(client_send(long_list(SPNEGO_LIST_MAX - 1)) == GSS_MORE);
	CHECK(c.mech == SPNEGO_NTLM && c.state == SPNEGO_REQUEST_MIC);
	CHECK(client_send(long_list(SPNEGO_LIST_MAX)) == GSS_REFUSED);
	CHECK(c.state == SPNEGO_REJECT && c.mech == SPNEGO_MECHS);
	CHECK(client_send(long_list(SPNEGO_LIST_BYTES / 11)) == GSS_MALFORMED);
	/* An empty list, one that is missing, and two. */
	CHECK(client_say("601006062b0601050502a0063004a0023000") == GSS_MALFORMED);
	CHECK(client_say("600c06062b0601050502a0023000") == GSS_MALFORMED);
	CHECK(client_say("602c" OID_SPNEGO "a0223020a00e300c" OID_NTLM "a00e300c" OID_NTLM) ==
	      GSS_MALFORMED);
	client_close();
}

/* Lengths of values: in one byte, in up to four, and never beyond what is there. */
static void der_lengths(void)
{
	static const struct {
		const char *text;
		bool good;
		size_t content;
		size_t left;
	} rows[] = {
		{ "", false, 0, 0 }, { "04", false, 0, 0 }, { "0400", true, 0, 0 },
		{ "0401", false, 0, 0 }, { "0401aa", true, 1, 0 }, { "0401aabb", true, 1, 1 },
		{ "048101aa", true, 1, 0 }, { "04820001aa", true, 1, 0 },
		{ "0483000001aa", true, 1, 0 }, { "048400000001aa", true, 1, 0 },
		{ "04850000000001aa", false, 0, 0 }, { "0480aa0000", false, 0, 0 },
		{ "04ff", false, 0, 0 }, { "0481", false, 0, 0 }, { "0484000000", false, 0, 0 },
		{ "0484ffffffffaa", false, 0, 0 }, { "048480000000aa", false, 0, 0 },
		{ "1f2001aa", false, 0, 0 }, { "ff2001aa", false, 0, 0 },
	};
	struct der_value value;
	struct der in, content;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct der all = hex_decode(rows[i].text);
		u8 *copy = mem_new(all.len + 1);

		memcpy(copy, all.at, all.len);
		in = (struct der){ copy, all.len };
		if (!CHECK(der_get(&in, &value) == rows[i].good))
			printf("# %s\n", rows[i].text);
		if (rows[i].good)
			CHECK(value.content.len == rows[i].content && in.len == rows[i].left &&
			      value.whole.at == copy && value.whole.len == all.len - in.len);
		else
			CHECK(in.at == copy && in.len == all.len);
		free(copy);
	}
	in = hex_decode("0401aa");
	CHECK(!der_enter(&in, DER_SEQUENCE, &content));
}

/* What is written is read, with the shortest length. */
static void der_round_trip(void)
{
	static const size_t lengths[] = { 0, 1, 127, 128, 255, 256, 65535, 65536 };
	struct der_value value;
	struct der_out out;
	struct der in;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		size_t n = lengths[i], head = n < 128 ? 2 : n < 256 ? 3 : n < 65536 ? 4 : 5;
		u8 *zeros = mem_new(n + 1);

		out = (struct der_out){ .size = n + 6, .start = n + 6, .data = mem_new(n + 6) };
		der_put(&out, zeros, n);
		der_wrap(&out, DER_OCTET_STRING, out.size);
		in = (struct der){ out.data + out.start, out.size - out.start };
		CHECK(in.len == n + head && der_get(&in, &value) && !in.len);
		CHECK(value.tag == DER_OCTET_STRING && value.content.len == n);
		free(out.data);
		free(zeros);
	}
}

int main(void)
{
	static const struct test tests[] = {
		TEST(der_lengths), TEST(der_round_trip), TEST(first_tokens), TEST(second_tokens),
		TEST(mic_of_ntlm), TEST(mic_is_wrong), TEST(mic_of_kerberos),
		TEST(mic_is_impossible), TEST(bare_mechanisms), TEST(begins_anew),
		TEST(server_speaks_first), TEST(damaged_tokens), TEST(list_limits), { 0 }
	};

	return test_main(tests);
}
