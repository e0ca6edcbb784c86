// SPDX-License-Identifier: GPL-2.0-only
/*
 * Authentication, with the same library as a real client. The client logs in as the user that
 * runs the tests, because that user has an account.
 */

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gssapi/gssapi_ext.h>

#include "daemon/auth.h"
#include "daemon/auth_ntlm.h"
#include "daemon/service_names.h"
#include "daemon/worker.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "test.h"

/* NT hash of the password "password" (MS-NLMP section 3.3.1). */
#define NT_HASH	"8846F7EAEE8FB117AD06BDD830B7586C"
#define NO_HASH	"XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"

static gss_OID_desc spnego = { 6, "\x2b\x06\x01\x05\x05\x02" };
static gss_OID_desc ntlm = { 10, "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a" };
static gss_OID_desc session_key = { 11, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x05\x05" };

static char users_file[64];
static char me[256];
static struct auth *all;

/* A client; @raw: NTLM without SPNEGO. */
struct client {
	bool raw;
	gss_cred_id_t cred;
	gss_name_t target;
	gss_ctx_id_t context;
	bool done;
};

static gss_name_t name_import(const char *text, gss_OID type)
{
	gss_buffer_desc buffer = { strlen(text), (void *)text };
	gss_name_t name = GSS_C_NO_NAME;
	OM_uint32 minor;

	CHECK(!GSS_ERROR(gss_import_name(&minor, &buffer, type, &name)));
	return name;
}

static void client_open(struct client *c, const char *user, const char *password, bool raw)
{
	gss_buffer_desc secret = { strlen(password), (void *)password };
	gss_OID_set_desc only = { 1, raw ? &ntlm : &spnego };
	gss_OID_set_desc inside = { 1, &ntlm };
	gss_name_t name = name_import(user, GSS_C_NT_USER_NAME);
	OM_uint32 minor;

	memset(c, 0, sizeof(*c));
	c->raw = raw;
	c->target = name_import("cifs@localhost", GSS_C_NT_HOSTBASED_SERVICE);
	CHECK(!GSS_ERROR(gss_acquire_cred_with_password(&minor, name, &secret, GSS_C_INDEFINITE,
							&only, GSS_C_INITIATE, &c->cred, NULL,
							NULL)));
	if (!raw)
		CHECK(!GSS_ERROR(gss_set_neg_mechs(&minor, c->cred, &inside)));
	gss_release_name(&minor, &name);
}

static void client_close(struct client *c)
{
	OM_uint32 minor;

	gss_delete_sec_context(&minor, &c->context, GSS_C_NO_BUFFER);
	gss_release_cred(&minor, &c->cred);
	gss_release_name(&minor, &c->target);
}

/* Produce the next token of the client. Returns false if that fails. */
static bool client_say(struct client *c, const struct auth_step *heard, gss_buffer_t out)
{
	gss_buffer_desc in = { heard->reply_len, heard->reply };
	OM_uint32 major, minor;

	major = gss_init_sec_context(&minor, c->cred, &c->context, c->target,
				     c->raw ? &ntlm : &spnego, GSS_C_INTEG_FLAG | GSS_C_CONF_FLAG,
				     0, GSS_C_NO_CHANNEL_BINDINGS, &in, NULL, out, NULL, NULL);
	c->done = major == GSS_S_COMPLETE;
	return !GSS_ERROR(major);
}

/* Run a complete login. The result is in @step; returns the result of the server. */
static int log_in(struct client *c, struct auth_step *step)
{
	gss_buffer_desc token = GSS_C_EMPTY_BUFFER;
	OM_uint32 minor;
	int rounds = 0;
	int rc = 0;

	memset(step, 0, sizeof(*step));
	while (!rc && !step->done && rounds++ < 8) {
		if (!CHECK(client_say(c, step, &token)))
			break;
		free(step->reply);
		step->reply = NULL;
		step->token = token.value;
		step->token_len = token.length;
		step->peer = "192.0.2.1";
		rc = auth_step(all, step);
		gss_release_buffer(&minor, &token);
	}
	return rc;
}

static void same_key(struct client *c, const struct auth_step *step)
{
	gss_buffer_set_t set = GSS_C_NO_BUFFER_SET;
	OM_uint32 minor;

	CHECK(!GSS_ERROR(gss_inquire_sec_context_by_oid(&minor, c->context, &session_key, &set)));
	CHECK(set && set->count && set->elements[0].length == step->key_len &&
	      !memcmp(set->elements[0].value, step->key, step->key_len));
	gss_release_buffer_set(&minor, &set);
}

static void step_free(struct auth_step *step)
{
	user_token_clear(&step->account);
	free(step->reply);
	free(step);
}

static void expect_me(const char *user, bool raw)
{
	struct auth_step *step = mem_new(sizeof(*step));
	struct client c;
	struct sid sid;

	client_open(&c, user, "password", raw);
	CHECK(!log_in(&c, step));
	CHECK(step->done && !step->anonymous && step->login == DITTO_LOGIN_KIND_NTLM);
	CHECK(step->account.uid == getuid() && step->account.ngids >= 1);
	SAME(step->user, me);
	CHECK(step->domain[0]);
	sid_of_user(&sid, getuid());
	CHECK(step->account.sids.n > 1 && sid_same(&step->account.sids.sid[0], &sid));
	sid_of_group(&sid, getgid());
	CHECK(sid_list_has(&step->account.sids, &sid) && !step->account.privileges);
	CHECK(step->key_len == 16 && step->expires == AUTH_NEVER);
	if (!raw && step->reply) {
		gss_buffer_desc last = GSS_C_EMPTY_BUFFER;

		CHECK(client_say(&c, step, &last) && c.done);
	}
	same_key(&c, step);
	client_close(&c);
	step_free(step);
}

static void right_password(void)
{
	expect_me(me, false);
}

static void right_password_without_spnego(void)
{
	expect_me(me, true);
}

/* Windows sends the name of its own machine as the domain, and users write names in any case. */
static void any_domain_and_case(void)
{
	char name[300];
	size_t i;

	snprintf(name, sizeof(name), "LAPTOP\\%s", me);
	expect_me(name, false);
	for (i = strlen("LAPTOP\\"); name[i]; i++)
		if (name[i] >= 'a' && name[i] <= 'z')
			name[i] = (char)(name[i] - 'a' + 'A');
	expect_me(name, true);
}

static void login_refuse(const char *user, const char *password, bool raw)
{
	struct auth_step *step = mem_new(sizeof(*step));
	struct client c;

	client_open(&c, user, password, raw);
	CHECK(log_in(&c, step) == -EACCES);
	CHECK(!step->done && !step->key_len && !step->account.sids.n);
	client_close(&c);
	step_free(step);
}

static void wrong_password(void)
{
	login_refuse(me, "Password", false);
	login_refuse(me, "Password", true);
}

static void unknown_user(void)
{
	login_refuse("no-such-user", "password", false);
	login_refuse("no-such-user", "password", true);
}

/* A password without an account. */
static void user_without_account(void)
{
	login_refuse("ghost", "password", true);
}

/* A line for one domain does not match another domain with the same user name. */
static void other_domain(void)
{
	login_refuse("ELSEWHERE\\ghost2", "password", true);
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

/* Only who gives neither a name nor a proof is nobody: offsets as in MS-NLMP section 2.2.1.3. */
static void nobody_is_known(void)
{
	static const size_t lengths[] = { 12, 20, 36 };
	u8 message[sizeof(nobody)];
	size_t i;

	CHECK(ntlm_is_anonymous(nobody, sizeof(nobody)));
	CHECK(!ntlm_is_anonymous(nobody, sizeof(nobody) - 30));
	CHECK(!ntlm_is_anonymous(first, sizeof(first)));
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		memcpy(message, nobody, sizeof(message));
		message[lengths[i]] = 2;
		CHECK(!ntlm_is_anonymous(message, sizeof(message)));
	}
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
	for (len = 1; len < sizeof(first); len++) {
		step->id = 0;
		CHECK(auth_send(step, first, len) < 0);
	}
	step->id = 12345;
	CHECK(auth_send(step, nobody, sizeof(nobody)) == -ENOENT);
	step_free(step);
}

/* Add an AV_PAIR to the proof of a message. */
static size_t add_pair(u8 *message, size_t at, u8 id, const void *value, u8 size)
{
	message[at] = id;
	message[at + 2] = size;
	memcpy(message + at + 4, value, size);
	message[20] = (u8)(at + 4 + size - 88);
	return at + 4 + size;
}

/* The target of the proof, and damaged proofs (MS-NLMP section 2.2.2.1). */
static void target_of_proof(void)
{
	static const u8 name[] = { 'c', 0, 'i', 0, 'f', 0, 's', 0, '/', 0, 'a', 0 };
	static const u8 bound[16] = { [15] = 1 }, unbound[16] = { 0 };
	struct ntlm_target target;
	u8 message[300] = { 0 };
	size_t len, at;

	CHECK(!ntlm_target_read(first, sizeof(first), &target) && !target.name[0]);
	memcpy(message, nobody, 88);
	CHECK(ntlm_target_read(message, 88, &target) && !target.name[0] && !target.bound);
	at = add_pair(message, 88 + 44, 10, unbound, sizeof(unbound));
	CHECK(ntlm_target_read(message, at, &target) && !target.name[0] && !target.bound);
	at = add_pair(message, at, 9, name, sizeof(name));
	CHECK(ntlm_target_read(message, at, &target) && !target.bound);
	SAME(target.name, "cifs/a");
	/* What is cut off or behind the end of the list is not read. */
	for (len = 64; len < at; len++)
		CHECK(ntlm_target_read(message, len, &target) && !target.name[0]);
	len = add_pair(message, at, 10, bound, sizeof(bound));
	CHECK(ntlm_target_read(message, len, &target) && target.bound);
	len = add_pair(message, at, 0, bound, 0);
	len = add_pair(message, len, 10, bound, sizeof(bound));
	CHECK(ntlm_target_read(message, len, &target) && !target.bound);
	/* Another message could hide the one that the library reads. */
	memcpy(message + len, nobody, 64);
	CHECK(ntlm_target_read(message, len + 64, &target));
	SAME(target.name, "?");
}

static void names_of_services(void)
{
	static const struct service_names normal = SERVICE_NAMES_DEFAULT;
	struct service_names n = { .count = 0 };
	char most[400];
	struct why why;

	CHECK(service_name_check("cifs/a.example.org@EXAMPLE.ORG", &why));
	CHECK(service_name_check("CIFS/A", &why) && service_name_check("host/a", &why));
	CHECK(service_name_check("A$@EXAMPLE.ORG", &why));
	CHECK(!service_name_check("nfs/a@EXAMPLE.ORG", &why) && strstr(why.text, "nfs/a,"));
	CHECK(!service_name_check("?", &why) && !service_name_check("@cifs/a", &why));
	CHECK(!service_names_parse(&n, "  ", &why) && !n.count);
	CHECK(service_names_parse(&n, " cifs/a  cifs/b.* ", &why) && n.count == 2);
	service_names_set(&n);
	CHECK(service_name_check("cifs/A", &why) && service_name_check("cifs/b.c", &why));
	CHECK(!service_name_check("cifs/c", &why) && !service_name_check("host/a", &why));
	memset(most, 'a', sizeof(most) - 1);
	most[sizeof(most) - 1] = '\0';
	CHECK(!service_names_parse(&n, most, &why) && n.count == 2);
	memset(most, 0, sizeof(most));
	for (unsigned int i = 0; i <= SERVICE_NAMES_MAX; i++)
		strcat(most, "a ");
	CHECK(!service_names_parse(&n, most, &why));
	service_names_set(&normal);
}

/* A proof whose list is terminated, and lists that exceed it (MS-NLMP section 2.2.2.1). */
static void malformed_proof(void)
{
	struct auth_step *step = mem_new(sizeof(*step));
	u8 message[88 + 60];
	size_t len;

	memcpy(message, nobody, 88);
	memset(message + 88, 0, 60);
	message[20] = 60;
	CHECK(!ntlm_is_malformed(message, sizeof(message)));
	/* A pair with a length but without a value. */
	message[88 + 44] = 7;
	message[88 + 46] = 12;
	CHECK(!ntlm_is_malformed(message, sizeof(message)));
	message[88 + 46] = 13;
	CHECK(ntlm_is_malformed(message, sizeof(message)));
	CHECK(!auth_send(step, first, sizeof(first)));
	CHECK(auth_send(step, message, sizeof(message)) == -EINVAL && !step->done);
	/* A proof of version 1, an empty one, and an invalid length. */
	message[20] = 24;
	CHECK(!ntlm_is_malformed(message, sizeof(message)));
	message[20] = 0;
	CHECK(!ntlm_is_malformed(message, sizeof(message)));
	for (len = 25; len < 44; len++) {
		message[20] = (u8)len;
		CHECK(ntlm_is_malformed(message, sizeof(message)));
	}
	message[20] = 61;
	CHECK(ntlm_is_malformed(message, sizeof(message)));
	/* A second message, which the library may take, and a name that is no text. */
	message[20] = 0;
	memcpy(message + 100, nobody, 12);
	CHECK(ntlm_is_malformed(message, sizeof(message)));
	memset(message + 100, 0, 12);
	message[36] = 2;
	message[60] = 1;
	message[40] = 100;
	message[101] = 0xd8;
	CHECK(ntlm_is_malformed(message, sizeof(message)));
	message[101] = 0;
	message[100] = 'a';
	CHECK(!ntlm_is_malformed(message, sizeof(message)));
	message[37] = 2;
	CHECK(ntlm_is_malformed(message, sizeof(message)));
	/* Only an AUTHENTICATE_MESSAGE is examined. */
	CHECK(!ntlm_is_malformed(message, 63) && !ntlm_is_malformed(first, sizeof(first)));
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
	CHECK(token && memmem(token, len, ntlm.elements, ntlm.length));
	free(token);
}

/* A user that was added can log in at once. */
static void users_are_read_anew(void)
{
	FILE *file;

	unlink(users_file);
	login_refuse(me, "password", true);
	file = fopen(users_file, "w");
	fprintf(file, "%s:%u:" NO_HASH ":" NT_HASH ":[U          ]:LCT-00000000:\n", me, getuid());
	fclose(file);
	expect_me(me, true);
}

static bool auth_begin(void)
{
	const struct passwd *pw = getpwuid(getuid());
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
	unsetenv("NTLM_USER_FILE");
	unsetenv("LM_COMPAT_LEVEL");
	all = auth_new(users_file, NULL, worker_spawner_start());
	return all;
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		TEST(right_password), TEST(right_password_without_spnego),
		TEST(any_domain_and_case), TEST(wrong_password), TEST(unknown_user),
		TEST(user_without_account), TEST(other_domain), TEST(login_anonymous),
		TEST(nobody_is_known), TEST(anonymous_in_spnego), TEST(tokens_nonsense),
		TEST(malformed_proof), TEST(target_of_proof), TEST(names_of_services),
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
