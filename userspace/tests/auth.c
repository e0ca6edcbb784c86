// SPDX-License-Identifier: GPL-2.0-only
/*
 * Authentication by NTLM, with a client of ours, inside SPNEGO and without it. The client logs in
 * as the user that runs the tests, because that user has an account.
 */

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/auth.h"
#include "auth/service_names.h"
#include "auth/spnego_token.h"
#include "worker/worker.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "ntlm_peer.h"
#include "test.h"

/* NT hash of the password "password" (MS-NLMP section 3.3.1). */
#define NT_HASH	"8846F7EAEE8FB117AD06BDD830B7586C"
#define NO_HASH	"XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"

static char users_file[64];
static char me[256];
static struct auth *all;

/* MechTypeList with NTLM, and with NEGOEX before it (MS-SPNG section 4). */
static const u8 ntlm_list[] = {
	0x30, 0x0c, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a,
};

static const u8 negoex_list[] = {
	0x30, 0x18, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x1e,
	0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a,
};

/* How the client sends its messages. */
enum client_form {
	CLIENT_BARE,
	CLIENT_SPNEGO,
	CLIENT_NEGOEX,		/* SPNEGO with another mechanism first, so it must sign the list */
	CLIENT_UNSIGNED,	/* the same, and it does not */
	CLIENT_OTHER_LIST,	/* SPNEGO with a signature of another list than was sent */
	CLIENT_FORMS
};

/* What Windows asks for and sends. */
static const struct ntlm_shape windows = {
	.flags = 0xe2088297, .negotiate_size = 40, .authenticate_size = 88,
	.does = PEER_MIC | PEER_TARGET | PEER_UNBOUND | PEER_LM_ZEROS,
};

/**
 * struct client - a client
 * @form: how it sends its messages
 * @user: its user
 * @domain: the domain of its user
 * @password: the password
 * @peer: its exchange
 * @tokens: tokens that were sent
 * @token: the last one
 * @token_len: length of @token in bytes
 */
struct client {
	enum client_form form;
	char user[256];
	char domain[256];
	const char *password;
	struct ntlm_peer peer;
	int tokens;
	u8 *token;
	size_t token_len;
};

static void client_open(struct client *c, const char *user, const char *password,
			enum client_form form)
{
	const char *name = strchr(user, '\\');

	memset(c, 0, sizeof(*c));
	c->form = form;
	if (name)
		memcpy(c->domain, user, (size_t)(name - user));
	snprintf(c->user, sizeof(c->user), "%s", name ? name + 1 : user);
	c->password = password;
	c->peer.shape = windows;
	peer_negotiate(&c->peer);
}

static void client_close(struct client *c)
{
	free(c->token);
}

/* Put a field of SPNEGO with an OCTET STRING. */
static void put_octets(struct der_out *out, u8 field, const void *bytes, size_t len)
{
	size_t end = out->start;

	der_put(out, bytes, len);
	der_wrap(out, DER_OCTET_STRING, end);
	der_wrap(out, field, end);
}

/* Keep the token of the client. */
static void client_take(struct client *c, const struct der_out *out)
{
	free(c->token);
	c->token_len = out->size - out->start;
	c->token = mem_new(c->token_len);
	memcpy(c->token, out->data + out->start, c->token_len);
}

/* Wrap NEGOTIATE into NegTokenInit, unless the first mechanism of the client is another one. */
static void client_wrap_first(struct client *c, struct der_out *out)
{
	static const u8 spnego[] = { 0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02 };
	bool first = c->form == CLIENT_SPNEGO || c->form == CLIENT_OTHER_LIST;
	size_t all = out->start, end;

	if (first)
		put_octets(out, DER_CONTEXT(2), c->peer.negotiate, c->peer.negotiate_len);
	end = out->start;
	if (first)
		der_put(out, ntlm_list, sizeof(ntlm_list));
	else
		der_put(out, negoex_list, sizeof(negoex_list));
	der_wrap(out, DER_CONTEXT(0), end);
	der_wrap(out, DER_SEQUENCE, all);
	der_wrap(out, DER_CONTEXT(0), all);
	der_put(out, spnego, sizeof(spnego));
	der_wrap(out, DER_APPLICATION(0), all);
}

/* Wrap a message into NegTokenResp, with mechListMIC behind AUTHENTICATE. */
static void client_wrap(struct client *c, struct der_out *out, const u8 *message, size_t len,
			bool last)
{
	const struct ntlm_bytes list = { negoex_list, sizeof(negoex_list) };
	size_t all = out->start;
	u8 mic[NTLM_SIGNATURE_SIZE];

	if (last && (c->form == CLIENT_NEGOEX || c->form == CLIENT_OTHER_LIST)) {
		ntlm_first_signature(c->peer.exported, c->peer.used, false, &list, mic);
		put_octets(out, DER_CONTEXT(3), mic, sizeof(mic));
	}
	put_octets(out, DER_CONTEXT(2), message, len);
	der_wrap(out, DER_SEQUENCE, all);
	der_wrap(out, DER_CONTEXT(1), all);
}

/* Produce the next token of the client. Returns false if what it heard is not right. */
static bool client_say(struct client *c, const struct auth_step *heard)
{
	struct der_out out = { .size = 4096, .start = 4096 };
	const u8 *message = heard->reply;
	size_t len = heard->reply_len;
	struct spnego_token t;
	u8 *last = NULL;

	out.data = mem_new(out.size);
	if (c->form != CLIENT_BARE && len) {
		spnego_token_read(message, len, &t);
		if (!CHECK(t.kind == SPNEGO_RESP && !t.mic.at))
			return false;
		message = t.token.at;
		len = t.token.len;
	}
	if (!c->tokens++ && c->form != CLIENT_BARE)
		client_wrap_first(c, &out);
	else if (!len && c->form == CLIENT_BARE)
		der_put(&out, c->peer.negotiate, c->peer.negotiate_len);
	else if (!len)
		client_wrap(c, &out, c->peer.negotiate, c->peer.negotiate_len, false);
	else
		last = peer_authenticate(&c->peer, message, len, c->user, c->domain, c->password,
					 &len);
	if (last && c->form == CLIENT_BARE)
		der_put(&out, last, len);
	else if (last)
		client_wrap(c, &out, last, len, true);
	client_take(c, &out);
	free(last);
	free(out.data);
	return true;
}

/* Run a complete login. The result is in @step; returns the result of the server. */
static int log_in(struct client *c, struct auth_step *step)
{
	int rounds = 0;
	int rc = 0;

	memset(step, 0, sizeof(*step));
	while (!rc && !step->done && rounds++ < 8) {
		if (!client_say(c, step))
			break;
		free(step->reply);
		step->reply = NULL;
		step->reply_len = 0;
		step->token = c->token;
		step->token_len = c->token_len;
		step->peer = "192.0.2.1";
		rc = auth_step(all, step);
	}
	return rc;
}

/* The last reply: nothing, or a completed negotiation, signed if the client has signed. */
static void check_last_reply(const struct client *c, const struct auth_step *step)
{
	const struct ntlm_bytes list = { negoex_list, sizeof(negoex_list) };
	u8 mic[NTLM_SIGNATURE_SIZE];
	struct spnego_token t;

	if (c->form == CLIENT_BARE) {
		CHECK(!step->reply);
		return;
	}
	spnego_token_read(step->reply, step->reply_len, &t);
	CHECK(t.kind == SPNEGO_RESP && t.state == SPNEGO_ACCEPT_COMPLETED && !t.token.at);
	if (c->form != CLIENT_NEGOEX) {
		CHECK(!t.mic.at);
		return;
	}
	ntlm_first_signature(c->peer.exported, c->peer.used, true, &list, mic);
	CHECK(t.mic.len == sizeof(mic) && !memcmp(t.mic.at, mic, sizeof(mic)));
}

static void step_free(struct auth_step *step)
{
	user_token_clear(&step->account);
	free(step->reply);
	free(step);
}

static void expect_me(const char *user, enum client_form form)
{
	struct auth_step *step = mem_new(sizeof(*step));
	struct client c;
	struct sid sid;

	client_open(&c, user, "password", form);
	CHECK(!log_in(&c, step));
	CHECK(step->done && !step->anonymous && step->login == DITTO_LOGIN_KIND_NTLM);
	CHECK(step->account.uid == getuid() && step->account.ngids >= 1);
	SAME(step->user, me);
	CHECK(step->domain[0]);
	sid_of_user(&sid, getuid());
	CHECK(step->account.sids.n > 1 && sid_same(&step->account.sids.sid[0], &sid));
	sid_of_group(&sid, getgid());
	CHECK(sid_list_has(&step->account.sids, &sid) && !step->account.privileges);
	CHECK(step->key_len == NTLM_KEY_SIZE && step->expires == AUTH_NEVER);
	CHECK(!memcmp(step->key, c.peer.exported, NTLM_KEY_SIZE));
	check_last_reply(&c, step);
	client_close(&c);
	step_free(step);
}

static void right_password(void)
{
	expect_me(me, CLIENT_SPNEGO);
	expect_me(me, CLIENT_BARE);
}

static void list_is_signed(void)
{
	expect_me(me, CLIENT_NEGOEX);
}

/* Windows sends the name of its own machine as the domain, and users write names in any case. */
static void any_domain_and_case(void)
{
	char name[300];
	size_t i;

	snprintf(name, sizeof(name), "LAPTOP\\%s", me);
	expect_me(name, CLIENT_SPNEGO);
	for (i = strlen("LAPTOP\\"); name[i]; i++)
		if (name[i] >= 'a' && name[i] <= 'z')
			name[i] = (char)(name[i] - 'a' + 'A');
	expect_me(name, CLIENT_BARE);
}

/* A refused login, which is counted for the user that the client claims. */
static void login_refuse(const char *user, const char *password, enum client_form form)
{
	struct auth_step *step = mem_new(sizeof(*step));
	struct client c;

	client_open(&c, user, password, form);
	CHECK(log_in(&c, step) == -EACCES);
	CHECK(!step->done && !step->key_len && !step->account.sids.n);
	SAME(step->user, c.user);
	client_close(&c);
	step_free(step);
}

static void wrong_password(void)
{
	int form;

	for (form = 0; form < CLIENT_FORMS; form++)
		login_refuse(me, "Password", form);
}

/*
 * The password is right, but not the rest: this looks like a wrong password, and is counted like
 * one, or it would be a way to guess passwords.
 */
static void right_password_refused(void)
{
	static const struct service_names none;
	struct service_names other = { .count = 0 };
	struct why why;

	login_refuse(me, "password", CLIENT_UNSIGNED);
	login_refuse(me, "password", CLIENT_OTHER_LIST);
	CHECK(service_names_parse(&other, "http/elsewhere", &why));
	service_names_set(&other, &none);
	login_refuse(me, "password", CLIENT_SPNEGO);
	login_refuse(me, "password", CLIENT_BARE);
	service_names_set(&none, &none);
	login_refuse("ghost", "password", CLIENT_BARE);
	/* By the name that was claimed, as a wrong one is. */
	login_refuse("LAPTOP\\ghost", "password", CLIENT_BARE);
}

static void unknown_user(void)
{
	login_refuse("no-such-user", "password", CLIENT_SPNEGO);
	login_refuse("no-such-user", "password", CLIENT_BARE);
}

/* A password without an account. */
static void user_without_account(void)
{
	login_refuse("ghost", "password", CLIENT_BARE);
}

/* A line for one domain does not match another domain with the same user name. */
static void other_domain(void)
{
	login_refuse("ELSEWHERE\\ghost2", "password", CLIENT_BARE);
}

/* Send bytes without a client library. */
static int auth_send(struct auth_step *step, const void *token, size_t len)
{
	free(step->reply);
	step->reply = NULL;
	step->reply_len = 0;
	step->token = token;
	step->token_len = len;
	return auth_step(all, step);
}

/* A first message without the version, as from old clients (MS-NLMP section 2.2.1.1). */
static const u8 first[32] = {
	'N', 'T', 'L', 'M', 'S', 'S', 'P', 0, 1, 0, 0, 0, 0x35, 0x82, 0x88, 0xe0,
};

/* Neither a name nor a response to the challenge (MS-NLMP section 3.2.5.1.2). */
static const u8 nobody[89] = {
	'N', 'T', 'L', 'M', 'S', 'S', 'P', 0, 3, 0, 0, 0,
	1, 0, 1, 0, 88, 0, 0, 0, 0, 0, 0, 0, 88, 0, 0, 0,
	0, 0, 0, 0, 88, 0, 0, 0, 0, 0, 0, 0, 88, 0, 0, 0,
	0, 0, 0, 0, 88, 0, 0, 0, 0, 0, 0, 0, 88, 0, 0, 0,
	0x15, 0x8a, 0x88, 0x62,
};

static void login_anonymous(void)
{
	struct auth_step *step = mem_new(sizeof(*step));
	struct sid sid;

	CHECK(!auth_send(step, first, sizeof(first)));
	CHECK(step->id && step->reply && !step->done);
	CHECK(!auth_send(step, nobody, sizeof(nobody)));
	CHECK(step->done && step->anonymous && !step->key_len && !step->reply);
	CHECK(step->login == DITTO_LOGIN_KIND_GUEST);
	CHECK(step->account.uid == 65534 && !step->account.ngids);
	sid_of_anonymous(&sid);
	CHECK(step->account.sids.n == 1 && sid_same(&step->account.sids.sid[0], &sid));
	step_free(step);
}

/* The same inside SPNEGO: NegTokenInit, NegTokenResp (RFC 4178 section 4.2). */
static void anonymous_in_spnego(void)
{
	static const u8 init[] = {
		0x60, 0x40, 0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02, 0xa0, 0x36, 0x30, 0x34,
		0xa0, 0x0e, 0x30, 0x0c, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02,
		0x02, 0x0a, 0xa2, 0x22, 0x04, 0x20,
	};
	static const u8 resp[] = { 0xa1, 0x5f, 0x30, 0x5d, 0xa2, 0x5b, 0x04, 0x59 };
	static const u8 accepted[] = { 0xa1, 0x07, 0x30, 0x05, 0xa0, 0x03, 0x0a, 0x01, 0x00 };
	struct auth_step *step = mem_new(sizeof(*step));
	u8 token[sizeof(init) + sizeof(first)];
	u8 answer[sizeof(resp) + sizeof(nobody)];

	memcpy(token, init, sizeof(init));
	memcpy(token + sizeof(init), first, sizeof(first));
	CHECK(!auth_send(step, token, sizeof(token)));
	memcpy(answer, resp, sizeof(resp));
	memcpy(answer + sizeof(resp), nobody, sizeof(nobody));
	CHECK(!auth_send(step, answer, sizeof(answer)));
	CHECK(step->done && step->anonymous);
	CHECK(step->reply_len == sizeof(accepted) &&
	      !memcmp(step->reply, accepted, sizeof(accepted)));
	step_free(step);
}

static void tokens_nonsense(void)
{
	static const u8 zeros[100];
	struct auth_step *step = mem_new(sizeof(*step));
	size_t len;

	CHECK(auth_send(step, zeros, sizeof(zeros)) == -EINVAL);
	/* MS-NLMP section 2.2.1.1: names and version may be missing. */
	for (len = 1; len < 16; len++) {
		step->id = 0;
		CHECK(auth_send(step, first, len) == -EINVAL);
	}
	step->id = 12345;
	CHECK(auth_send(step, nobody, sizeof(nobody)) == -ENOENT);
	step_free(step);
}

static bool asks_for(const char *service, const char *host)
{
	char *target = mem_print("%s%s", service, host);
	struct why why;
	bool good = service_name_check(target, &why);

	free(target);
	return good;
}

/* Without a list a client may ask for the services of SMB on this machine. */
static void names_of_this_machine(void)
{
	static const struct service_names none;
	struct service_names more;
	char own[HOST_NAME_MAX + 1] = "";
	struct why why;

	service_names_set(&none, &none);
	CHECK(!gethostname(own, sizeof(own) - 1));
	CHECK(asks_for("cifs/", own) && asks_for("HOST/", own) &&
	      asks_for("restrictedkrbhost/", own));
	CHECK(!asks_for("nfs/", own) && !asks_for("http/", own) && !asks_for("", own));
	CHECK(asks_for("cifs/", "localhost") && asks_for("cifs/", "127.0.0.1") &&
	      asks_for("cifs/", "127.0.0.1:445") && asks_for("cifs/", "127.0.0.1/EXAMPLE"));
	CHECK(!asks_for("cifs/", "192.0.2.77") && !asks_for("cifs/", "2001:db8::77") &&
	      !asks_for("cifs/", "[2001:db8::77]") &&
	      !asks_for("cifs/", "2001-db8--77.ipv6-literal.net"));
	CHECK(!asks_for("cifs/", "") && !asks_for("cifs/", "other.example.org") &&
	      !asks_for("", "OTHER$"));
	/* A domain of somebody else, whose name server gives our address. */
	memcpy(own + strcspn(own, "."), ".evil.test", sizeof(".evil.test"));
	CHECK(!asks_for("cifs/", own));
	CHECK(!service_name_check("cifs/other.example.org", &why) &&
	      strstr(why.text, "'server-names'"));
	CHECK(service_names_parse(&more, "other.example.org *.cdn.test", &why));
	service_names_set(&none, &more);
	CHECK(asks_for("cifs/", "Other.example.org") && asks_for("cifs/", "a.cdn.test") &&
	      !asks_for("nfs/", "a.cdn.test") && !asks_for("cifs/", "192.0.2.77"));
	service_names_set(&none, &none);
}

static void names_of_services(void)
{
	static const struct service_names none;
	struct service_names n = { .count = 0 };
	char most[400];
	struct why why;

	CHECK(!service_name_check("nfs/a@EXAMPLE.ORG", &why) && strstr(why.text, "nfs/a,"));
	CHECK(!service_name_check("?", &why) && !service_name_check("@cifs/a", &why));
	CHECK(!service_names_parse(&n, "  ", &why) && !n.count);
	CHECK(service_names_parse(&n, " cifs/a  cifs/b.* ", &why) && n.count == 2);
	service_names_set(&n, &none);
	CHECK(service_name_check("cifs/A@EXAMPLE.ORG", &why) &&
	      service_name_check("cifs/b.c", &why));
	CHECK(!service_name_check("cifs/c", &why) && !service_name_check("host/a", &why) &&
	      strstr(why.text, "'service-names'"));
	memset(most, 'a', sizeof(most) - 1);
	most[sizeof(most) - 1] = '\0';
	CHECK(!service_names_parse(&n, most, &why) && n.count == 2);
	memset(most, 0, sizeof(most));
	for (unsigned int i = 0; i <= SERVICE_NAMES_MAX; i++)
		strcat(most, "a ");
	CHECK(!service_names_parse(&n, most, &why));
	service_names_set(&none, &none);
}

/* A client begins anew after CHALLENGE, in the same authentication or another one. */
static void begins_anew(void)
{
	struct auth_step *step = mem_new(sizeof(*step));
	struct client c;
	u64 id;

	CHECK(!auth_send(step, first, sizeof(first)));
	id = step->id;
	client_open(&c, me, "password", CLIENT_SPNEGO);
	free(step->reply);
	step->reply = NULL;
	step->reply_len = 0;
	CHECK(client_say(&c, step) && !auth_send(step, c.token, c.token_len));
	CHECK(step->id == id && !step->done);
	CHECK(client_say(&c, step) && !auth_send(step, c.token, c.token_len));
	CHECK(step->done);
	SAME(step->user, me);
	client_close(&c);
	step_free(step);
}

/* An empty token asks the server to speak first. */
static void server_speaks_first(void)
{
	struct auth_step *step = mem_new(sizeof(*step));
	size_t len;
	u8 *hello;

	hello = auth_hello(all, &len);
	CHECK(!auth_send(step, first, 0) && step->id && !step->done);
	CHECK(step->reply_len == len && !memcmp(step->reply, hello, len));
	CHECK(!auth_send(step, first, sizeof(first)));
	CHECK(!auth_send(step, nobody, sizeof(nobody)) && step->done);
	free(hello);
	step_free(step);
}

/* After its end or abort, the number of an authentication is invalid. */
static void numbers_end(void)
{
	struct auth_step *step = mem_new(sizeof(*step));
	u64 id;

	CHECK(!auth_send(step, first, sizeof(first)));
	id = step->id;
	auth_abort(all, id);
	auth_abort(all, id);
	CHECK(auth_send(step, nobody, sizeof(nobody)) == -ENOENT);
	step->id = 0;
	CHECK(!auth_send(step, first, sizeof(first)) && step->id && step->id != id);
	CHECK(!auth_send(step, nobody, sizeof(nobody)));
	CHECK(auth_send(step, nobody, sizeof(nobody)) == -ENOENT);
	step_free(step);
}

/* A client that only starts logins does not evict those of others. */
static void logins_flood(void)
{
	struct auth_step *step = mem_new(sizeof(*step));
	u64 oldest = 0;
	int i;

	for (i = 0; i < 1500; i++) {
		step->id = 0;
		if (auth_send(step, first, sizeof(first)) || !step->id)
			break;
		oldest = oldest ?: step->id;
	}
	CHECK(i == 1500);
	CHECK(!auth_send(step, nobody, sizeof(nobody)) && step->done);
	step->id = oldest;
	CHECK(auth_send(step, nobody, sizeof(nobody)) == -ENOENT);
	step_free(step);
}

/* Clients that fill the table evict their own logins, by address. */
static void flood_beside_a_client(void)
{
	struct auth_step *victim = mem_new(sizeof(*victim));
	struct auth_step *step = mem_new(sizeof(*step));
	char peer[64];
	int i, j;

	victim->peer = "192.0.2.1:40000";
	CHECK(!auth_send(victim, first, sizeof(first)) && victim->id);
	step->peer = peer;
	for (i = 0; i < 8; i++) {
		for (j = 0; j < 512; j++) {
			/* All addresses of a /64 are one client. */
			if (i % 2)
				snprintf(peer, sizeof(peer), "[2001:db8:0:%d::%x]:445", i, j + 1);
			else
				snprintf(peer, sizeof(peer), "198.51.100.%d:%d", i, j + 1);
			step->id = 0;
			CHECK(!auth_send(step, first, sizeof(first)) && step->id);
		}
	}
	CHECK(!auth_send(victim, nobody, sizeof(nobody)) && victim->done);
	free(victim->reply);
	free(victim);
	step_free(step);
}

/* The token of a server that speaks first lists NTLM. */
static void hello_token(void)
{
	size_t len = 0;
	u8 *token = auth_hello(all, &len);

	CHECK(token && len > 20 && token[0] == 0x60);
	CHECK(token && memmem(token, len, ntlm_list + 2, sizeof(ntlm_list) - 2));
	free(token);
}

/* A user that was added can log in at once. */
static void users_are_read_anew(void)
{
	FILE *file;

	unlink(users_file);
	login_refuse(me, "password", CLIENT_BARE);
	file = fopen(users_file, "w");
	fprintf(file, "%s:%u:" NO_HASH ":" NT_HASH ":[U          ]:LCT-00000000:\n", me, getuid());
	fclose(file);
	expect_me(me, CLIENT_BARE);
}

static bool auth_begin(void)
{
	const struct passwd *pw = getpwuid(getuid());
	struct why why;
	FILE *file;
	int fd;

	snprintf(users_file, sizeof(users_file), "/tmp/ditto-users-XXXXXX");
	fd = mkstemp(users_file);
	if (!pw || fd < 0)
		return false;
	snprintf(me, sizeof(me), "%s", pw->pw_name);
	file = fdopen(fd, "w");
	fprintf(file, "# users of the test\n");
	fprintf(file, "ghost:999:" NO_HASH ":" NT_HASH ":[U          ]:LCT-00000000:\n");
	fprintf(file, "HERE\\ghost2:999:" NO_HASH ":" NT_HASH ":[U          ]:LCT-00000000:\n");
	fprintf(file, "%s:%u:" NO_HASH ":" NT_HASH ":[U          ]:LCT-00000000:\n", me, getuid());
	fclose(file);
	/* Do not use a keytab of this machine. */
	setenv("KRB5_KTNAME", "FILE:/nonexistent/keytab", 1);
	if (!ntlm_open(&why))
		return false;
	all = auth_new(users_file, NULL, worker_spawner_start());
	return all;
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		TEST(right_password), TEST(list_is_signed), TEST(any_domain_and_case),
		TEST(wrong_password), TEST(right_password_refused), TEST(unknown_user),
		TEST(user_without_account), TEST(other_domain), TEST(login_anonymous),
		TEST(anonymous_in_spnego), TEST(tokens_nonsense), TEST(begins_anew),
		TEST(server_speaks_first), TEST(names_of_this_machine),
		TEST(names_of_services),
		TEST(numbers_end), TEST(logins_flood),
		TEST(flood_beside_a_client),
		TEST(hello_token), TEST(users_are_read_anew), { 0 }
	};
	int status;

	worker_main(argc, argv);
	if (!auth_begin()) {
		printf("not ok auth: it cannot begin\n");
		return EXIT_FAILURE;
	}
	status = test_main(tests);
	auth_free(all);
	unlink(users_file);
	return status;
}
