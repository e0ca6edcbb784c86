// SPDX-License-Identifier: GPL-2.0-only
/*
 * From an authenticated name to an account: the rules, what the name service may add to them, and
 * the accounts that no rule can give. The name service is the test's own.
 */

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/auth_account.h"
#include "auth/auth_gss.h"
#include "identity/identity.h"
#include "identity/user_map.h"
#include "mem.h"
#include "test.h"

/* Accounts; @as: the name with which the name service answers, if it is another one. */
static const struct {
	const char *name;
	uid_t uid;
	const char *as;
	enum nss_state state;
} accounts[] = {
	{ .name = "root" },
	{ .name = "backup", .uid = 34 },
	{ .name = "alice", .uid = 3000 },
	{ .name = "bob", .uid = 3001 },
	{ .name = "locked", .uid = 3002, .state = NSS_LOCKED },
	{ .name = "expired", .uid = 3003, .state = NSS_EXPIRED },
	{ .name = "low", .uid = 999 },
	{ .name = "first", .uid = 1000 },
	{ .name = "nobody", .uid = 65534 },
	/* winbind */
	{ .name = "EXAMPLE\\carol", .uid = 20001 },
	{ .name = "carol@AD.EXAMPLE.ORG", .uid = 20001, .as = "EXAMPLE\\carol" },
	{ .name = "EXAMPLE\\root", .uid = 0 },
	{ .name = "EXAMPLE\\low", .uid = 500 },
	{ .name = "carol@ad.example.org", .uid = 20001, .as = "EXAMPLE\\carol" },
	/* A name service that leaves out the domain. */
	{ .name = "dora@AD.EXAMPLE.ORG", .uid = 20002, .as = "dora" },
	{ .name = "dora", .uid = 20002 },
	{ .name = "backup@AD.EXAMPLE.ORG", .uid = 20003, .as = "backup" },
	{ .name = "ghost@AD.EXAMPLE.ORG", .uid = 20004, .as = "ghost" },
	{ .name = "alice@elsewhere", .uid = 20005 },
	{ .name = "host\\/x@EXAMPLE.ORG", .uid = 20006 },
	{ .name = "evil\\@x@EXAMPLE.ORG", .uid = 20007 },
};

/* The name service does not answer. */
static bool down;

static int account_index(const char *name)
{
	size_t i;

	if (down)
		return -EIO;
	for (i = 0; i < ARRAY_SIZE(accounts); i++)
		if (!strcmp(accounts[i].name, name))
			return (int)i;
	return -ENOENT;
}

int nss_account(const char *name, struct nss_account *out)
{
	int i = account_index(name);

	if (i < 0)
		return i;
	snprintf(out->name, sizeof(out->name), "%s", accounts[i].as ?: accounts[i].name);
	out->uid = accounts[i].uid;
	out->gid = 100;
	out->ngids = 0;
	return 0;
}

int nss_account_state(const char *name, enum nss_state *state)
{
	int i = account_index(name);

	*state = i < 0 ? NSS_VALID : accounts[i].state;
	return 0;
}

int nss_user_id(const char *name, uid_t *uid)
{
	int i = account_index(name);

	if (i >= 0)
		*uid = accounts[i].uid;
	return i < 0 ? i : 0;
}

/* Not used by the tests. */
bool nss_in_netgroup(const char *netgroup, const struct address *addr,
		     const struct nss_names *names)
{
	(void)netgroup;
	(void)addr;
	(void)names;
	return false;
}

int nss_groups(uid_t uid, u32 gids[NSS_GROUPS_MAX], unsigned int *n)
{
	(void)uid;
	(void)gids;
	*n = 0;
	return -ENOENT;
}

int nss_user_name(uid_t uid, char name[NSS_NAME_SIZE])
{
	(void)uid;
	(void)name;
	return -ENOENT;
}

int nss_group_name(gid_t gid, char name[NSS_NAME_SIZE])
{
	(void)gid;
	(void)name;
	return -ENOENT;
}

int nss_group_id(const char *name, gid_t *gid)
{
	(void)name;
	(void)gid;
	return -ENOENT;
}

static struct why why;

/* Use these rules, up to NULL. */
static void use_rules(u32 min_uid, const char *const *rules)
{
	struct user_map map = { .min_uid = min_uid };

	for (; *rules; rules++)
		if (!CHECK(user_map_add(&map, *rules, &why)))
			printf("# %s: %s\n", *rules, why.text);
	account_set_map(&map);
	user_map_free(&map);
}

#define RULES(...)	use_rules(1000, (const char *const[]){ __VA_ARGS__ })
#define NO_RULES()	RULES(NULL)

/* Look up a name. Returns the uid, or a negative errno. */
static long account_find(enum gss_way way, const char *name, const char *local)
{
	struct auth_step *step = mem_new(sizeof(*step));
	struct gss_peer peer = { .way = way };
	long rc;

	snprintf(peer.name, sizeof(peer.name), "%s", name);
	snprintf(peer.local, sizeof(peer.local), "%s", local);
	why.text[0] = '\0';
	rc = account_of(&peer, step, &why);
	if (!rc)
		rc = step->account.uid;
	user_token_clear(&step->account);
	free(step);
	return rc;
}

/* The kernel knows wrong passwords by the name that was claimed. */
static void names_of_logins(void)
{
	struct auth_step *step = mem_new(sizeof(*step));
	struct gss_peer peer = { .way = GSS_WAY_NTLM, .name = "EXAMPLE\\eve" };

	RULES("EXAMPLE\\eve = bob", NULL);
	CHECK(!account_of(&peer, step, &why) && step->account.uid == 3001);
	SAME(step->user, "eve");
	SAME(step->domain, "EXAMPLE");
	user_token_clear(&step->account);
	memset(step, 0, sizeof(*step));
	NO_RULES();
	snprintf(peer.name, sizeof(peer.name), "carol@ad.example.org");
	CHECK(!account_of(&peer, step, &why) && step->account.uid == 20001);
	SAME(step->user, "carol");
	SAME(step->domain, "ad.example.org");
	user_token_clear(&step->account);
	memset(step, 0, sizeof(*step));
	snprintf(peer.name, sizeof(peer.name), "EXAMPLE\\ALICE");
	snprintf(peer.local, sizeof(peer.local), "alice");
	CHECK(!account_of(&peer, step, &why) && step->account.uid == 3000);
	SAME(step->user, "alice");
	user_token_clear(&step->account);
	free(step);
}

/* Whoever vouches for a user of a domain says in which groups the user is. */
static void vouched_groups(void)
{
	static const enum gss_way ways[] = { GSS_WAY_KERBEROS, GSS_WAY_NTLM };
	static const char * const names[] = { "carol@AD.EXAMPLE.ORG", "EXAMPLE\\carol" };
	static const char * const sids[] = { "S-1-5-21-7-8-9-1105", "S-1-5-21-7-8-9-513" };
	struct auth_step *step = mem_new(sizeof(*step));
	struct gss_peer peer;
	struct sid sid[2];
	size_t i;

	NO_RULES();
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		memset(step, 0, sizeof(*step));
		peer = (struct gss_peer){ .way = ways[i] };
		snprintf(peer.name, sizeof(peer.name), "%s", names[i]);
		CHECK(sid_parse(sids[0], &sid[0]) && sid_list_add(&peer.vouched, &sid[0]));
		CHECK(sid_parse(sids[1], &sid[1]) && sid_list_add(&peer.vouched, &sid[1]));
		CHECK(!account_of(&peer, step, &why) && step->account.uid == 20001);
		CHECK(sid_list_has(&step->account.sids, &sid[0]));
		CHECK(sid_list_has(&step->account.sids, &sid[1]));
		user_token_clear(&step->account);
		sid_list_clear(&peer.vouched);
	}
	free(step);
}

static long krb_uid(const char *name)
{
	return account_find(GSS_WAY_KERBEROS, name, "");
}

static long ntlm_uid(const char *name)
{
	return account_find(GSS_WAY_NTLM, name, "");
}

/* The name of an account is no proof, and nothing is guessed. */
static void names_without_rules(void)
{
	NO_RULES();
	CHECK(krb_uid("alice@EXAMPLE.ORG") == -ENOENT);
	CHECK(strstr(why.text, "alice@EXAMPLE.ORG has no account on this machine"));
	CHECK(strstr(why.text, "'user-map = *@EXAMPLE.ORG = *' to [server] in ditto.conf"));
	CHECK(krb_uid("alice/admin@EXAMPLE.ORG") == -ENOENT);
	CHECK(strstr(why.text, "'user-map = alice/admin@EXAMPLE.ORG = ACCOUNT'"));
	CHECK(ntlm_uid("EXAMPLE\\alice") == -ENOENT);
	CHECK(strstr(why.text, "'user-map = EXAMPLE\\* = *' to [server] in ditto.conf"));
	CHECK(ntlm_uid("alice") == -ENOENT);
}

/* An account with its realm or domain is that of the realm or domain. */
static void accounts_of_domains(void)
{
	NO_RULES();
	CHECK(krb_uid("carol@AD.EXAMPLE.ORG") == 20001);
	CHECK(ntlm_uid("EXAMPLE\\carol") == 20001);
	CHECK(ntlm_uid("carol@ad.example.org") == 20001);
	CHECK(krb_uid("dora@AD.EXAMPLE.ORG") == 20002);
	/* Groups would be those of the local account. */
	CHECK(krb_uid("backup@AD.EXAMPLE.ORG") == -EACCES);
	CHECK(strstr(why.text, "name of another account"));
	CHECK(krb_uid("ghost@AD.EXAMPLE.ORG") == -EACCES);
	CHECK(ntlm_uid("EXAMPLE\\root") == -EACCES && strstr(why.text, "only a local user"));
	CHECK(ntlm_uid("EXAMPLE\\low") == -EACCES && strstr(why.text, "min-uid (1000)"));
}

/* A directory may give its users numbers of local accounts, but not make them these. */
static void numbers_of_local_accounts(void)
{
	char passwd[] = "/tmp/ditto-passwd-XXXXXX";
	int fd = mkstemp(passwd);

	NO_RULES();
	if (!CHECK(fd >= 0))
		return;
	identity_local_files(passwd, "/dev/null");
	dprintf(fd, "bob:x:3001:3001::/:/bin/sh\ncarol:x:20001:100::/:/bin/sh\n");
	CHECK(krb_uid("carol@AD.EXAMPLE.ORG") == -EACCES);
	CHECK(strstr(why.text, "would be uid 20001, which a local account has"));
	CHECK(ntlm_uid("EXAMPLE\\carol") == -EACCES);
	CHECK(krb_uid("dora@AD.EXAMPLE.ORG") == 20002);
	RULES("carol@AD.EXAMPLE.ORG = EXAMPLE\\carol", NULL);
	CHECK(krb_uid("carol@AD.EXAMPLE.ORG") == 20001);
	/* root wrote the whole name into the file. */
	NO_RULES();
	dprintf(fd, "carol@AD.EXAMPLE.ORG:x:20001:100::/:/bin/sh\n");
	CHECK(krb_uid("carol@AD.EXAMPLE.ORG") == 20001);
	CHECK(ntlm_uid("EXAMPLE\\carol") == -EACCES);
	identity_local_files("/etc/passwd", "/etc/group");
	close(fd);
	unlink(passwd);
}

static void rules_and_patterns(void)
{
	RULES("*@EXAMPLE.ORG = *", "svc-*@OTHER.ORG=bob", "*-adm@OTHER.ORG = *",
	      "alice/admin@OTHER.ORG = bob", "dave@OTHER.ORG = EXAMPLE\\carol", NULL);
	CHECK(krb_uid("alice@EXAMPLE.ORG") == 3000);
	CHECK(krb_uid("bob@EXAMPLE.ORG") == 3001);
	CHECK(krb_uid("eve@EXAMPLE.ORG") == -ENOENT);
	CHECK(strstr(why.text, "eve@EXAMPLE.ORG has no account on this machine"));
	CHECK(strstr(why.text, "'user-map = *@EXAMPLE.ORG = *'"));
	CHECK(krb_uid("alice@OTHER.ORG") == -ENOENT);
	CHECK(krb_uid("svc-web@OTHER.ORG") == 3001);
	CHECK(krb_uid("alice-adm@OTHER.ORG") == 3000);
	CHECK(krb_uid("-adm@OTHER.ORG") == -ENOENT);
	CHECK(krb_uid("alice/admin@OTHER.ORG") == 3001);
	CHECK(krb_uid("dave@OTHER.ORG") == 20001);
	/* '*' is one word of a name. */
	CHECK(krb_uid("svc-web/host@OTHER.ORG") == -ENOENT);
	/* A principal is no name of a domain, and the reverse. */
	CHECK(ntlm_uid("EXAMPLE.ORG\\alice") == -ENOENT);
	CHECK(ntlm_uid("alice@EXAMPLE.ORG") == -ENOENT);
}

static void rules_in_order(void)
{
	RULES("alice@EXAMPLE.ORG = bob", "*@EXAMPLE.ORG = *", "bob@EXAMPLE.ORG = alice", NULL);
	CHECK(krb_uid("alice@EXAMPLE.ORG") == 3001);
	CHECK(krb_uid("bob@EXAMPLE.ORG") == 3001);
	RULES("carol@AD.EXAMPLE.ORG = nosuch", "*@AD.EXAMPLE.ORG = alice", NULL);
	/* The first rule decides, even if it gives nothing, and though the name has an account. */
	CHECK(krb_uid("carol@AD.EXAMPLE.ORG") == -ENOENT);
	CHECK(krb_uid("eve@AD.EXAMPLE.ORG") == 3000);
}

static void rules_that_deny(void)
{
	RULES("alice@EXAMPLE.ORG = none", "*@EXAMPLE.ORG = bob", "*@OTHER.ORG = none",
	      "host/x@OTHER.ORG = bob", "EXAMPLE\\carol = none", "EXAMPLE\\* = bob", NULL);
	CHECK(krb_uid("alice@EXAMPLE.ORG") == -EACCES);
	CHECK(strstr(why.text, "denied by 'user-map = alice@EXAMPLE.ORG = none'"));
	/* A directory may not care for the case, and must not help around the rule. */
	CHECK(krb_uid("ALICE@EXAMPLE.ORG") == -EACCES && strstr(why.text, "denied"));
	CHECK(krb_uid("dave@EXAMPLE.ORG") == 3001);
	CHECK(krb_uid("host/x@OTHER.ORG") == -EACCES && strstr(why.text, "denied"));
	CHECK(ntlm_uid("example\\Carol") == -EACCES && strstr(why.text, "denied"));
	CHECK(ntlm_uid("EXAMPLE\\dave") == 3001);
	/* The name of the user in the domain does not matter. */
	CHECK(krb_uid("carol@AD.EXAMPLE.ORG") == -EACCES && strstr(why.text, "denied"));
	CHECK(ntlm_uid("carol@ad.example.org") == -EACCES && strstr(why.text, "denied"));
}

static void rules_and_case(void)
{
	RULES("*@EXAMPLE.ORG = *", "Dave@OTHER.ORG = bob", "EXAMPLE\\* = *",
	      "OTHER\\Dave = bob", NULL);
	CHECK(krb_uid("alice@example.org") == -ENOENT);
	CHECK(krb_uid("ALICE@EXAMPLE.ORG") == -ENOENT);
	CHECK(krb_uid("dave@OTHER.ORG") == -ENOENT);
	CHECK(krb_uid("Dave@OTHER.ORG") == 3001);
	CHECK(ntlm_uid("example\\ALICE") == 3000);
	CHECK(ntlm_uid("other\\dAVE") == 3001);
}

/* No rule gives these accounts. */
static void accounts_of_the_system(void)
{
	RULES("eve@EXAMPLE.ORG = root", "*@EXAMPLE.ORG = *", NULL);
	CHECK(krb_uid("eve@EXAMPLE.ORG") == -EACCES && strstr(why.text, "only a local user"));
	CHECK(krb_uid("root@EXAMPLE.ORG") == -EACCES && strstr(why.text, "only a local user"));
	CHECK(krb_uid("backup@EXAMPLE.ORG") == -EACCES);
	CHECK(strstr(why.text, "'backup'") && strstr(why.text, "min-uid (1000)"));
	CHECK(krb_uid("low@EXAMPLE.ORG") == -EACCES && krb_uid("first@EXAMPLE.ORG") == 1000);
	CHECK(krb_uid("nobody@EXAMPLE.ORG") == -EACCES);
	CHECK(krb_uid("locked@EXAMPLE.ORG") == -EACCES && strstr(why.text, "usermod -U locked"));
	CHECK(krb_uid("expired@EXAMPLE.ORG") == -EACCES);
	CHECK(strstr(why.text, "chage -E -1 expired"));
	use_rules(0, (const char *const[]){ "*@EXAMPLE.ORG = *", NULL });
	CHECK(krb_uid("backup@EXAMPLE.ORG") == 34);
	CHECK(krb_uid("root@EXAMPLE.ORG") == -EACCES && krb_uid("nobody@EXAMPLE.ORG") == -EACCES);
	use_rules(3001, (const char *const[]){ "*@EXAMPLE.ORG = *", NULL });
	CHECK(krb_uid("alice@EXAMPLE.ORG") == -EACCES && krb_uid("bob@EXAMPLE.ORG") == 3001);
}

/* root wrote the file of local users. */
static void local_users(void)
{
	RULES("LAPTOP\\* = none", NULL);
	CHECK(account_find(GSS_WAY_NTLM, "LAPTOP\\alice", "alice") == 3000);
	CHECK(account_find(GSS_WAY_NTLM, "backup", "backup") == 34);
	CHECK(account_find(GSS_WAY_NTLM, "locked", "locked") == 3002);
	CHECK(account_find(GSS_WAY_NTLM, "root", "root") == 0);
	CHECK(account_find(GSS_WAY_NTLM, "eve", "eve") == -ENOENT);
	/* A worker that claims more than it may. */
	CHECK(account_find(GSS_WAY_KERBEROS, "root@EXAMPLE.ORG", "root") == -ENOENT);
}

/* The library escapes what could be taken for the separator. */
static void special_characters(void)
{
	RULES("*@EXAMPLE.ORG = *", "alice@EXAMPLE.ORG = alice", NULL);
	CHECK(krb_uid("alice@EVIL\\@EXAMPLE.ORG") == -ENOENT);
	CHECK(krb_uid("evil\\@x@EXAMPLE.ORG") == -ENOENT);
	CHECK(krb_uid("host\\/x@EXAMPLE.ORG") == -ENOENT);
	CHECK(krb_uid("EXAMPLE\\carol@EXAMPLE.ORG") == -ENOENT);
	RULES("EXAMPLE\\* = *", NULL);
	CHECK(ntlm_uid("EXAMPLE\\alice@elsewhere") == -ENOENT);
	CHECK(ntlm_uid("EXAMPLE\\") == -ENOENT && krb_uid("@EXAMPLE.ORG") == -ENOENT);
}

static void names_too_long(void)
{
	char name[AUTH_USER_SIZE];

	RULES("*@EXAMPLE.ORG = a*", NULL);
	/* An account would be too long, and then the name itself is as long as it can be. */
	memset(name, 'a', sizeof(name));
	snprintf(name + NSS_NAME_SIZE, 16, "@EXAMPLE.ORG");
	CHECK(krb_uid(name) == -ENOENT);
	memset(name, 'a', sizeof(name));
	snprintf(name + sizeof(name) - 13, 13, "@EXAMPLE.ORG");
	CHECK(krb_uid(name) == -ENOENT);
}

/* That is no refusal. */
static void no_answer(void)
{
	RULES("*@EXAMPLE.ORG = *", NULL);
	down = true;
	CHECK(krb_uid("alice@EXAMPLE.ORG") == -EAGAIN);
	CHECK(krb_uid("carol@AD.EXAMPLE.ORG") == -EAGAIN);
	CHECK(account_find(GSS_WAY_NTLM, "alice", "alice") == -EAGAIN);
	down = false;
}

/* A directory that does not answer about the groups of a user, until it may go on. */
static sem_t asked, goes_on;

static int stuck_by_name(unsigned int kinds, struct identity *out)
{
	if (!(kinds & IDENTITY_USER) || strcmp(out->name.name, "mapped"))
		return -ENOENT;
	return sid_parse("S-1-5-21-1-2-3-1104", &out->sid) ? 0 : -ENOENT;
}

static int stuck_sids(const struct sid *user, struct sid_list *out)
{
	(void)user;
	(void)out;
	sem_post(&asked);
	sem_wait(&goes_on);
	return 0;
}

static int stuck_knows_none(struct identity *out)
{
	(void)out;
	return -ENOENT;
}

static int stuck_knows_no_number(unsigned int kind, struct identity *out)
{
	(void)kind;
	return stuck_knows_none(out);
}

static void *login_without_pac(void *rc)
{
	struct auth_step *step = mem_new(sizeof(*step));
	struct gss_peer peer = { .way = GSS_WAY_KERBEROS, .name = "mapped@AD.EXAMPLE.ORG" };
	struct why reason;

	*(int *)rc = account_of(&peer, step, &reason);
	user_token_clear(&step->account);
	free(step);
	return NULL;
}

/* Users of domains wait for the groups of their domains in half of all threads at most. */
static void groups_that_hang(void)
{
	static const struct identity_source stuck = {
		.title = "stuck", .directory = true, .may_know = identity_directory_may_know,
		.by_sid = stuck_knows_none, .by_id = stuck_knows_no_number,
		.by_name = stuck_by_name, .sids = stuck_sids,
	};
	static const struct identity_source *const with[] = { &stuck, &identity_unix };
	static const struct identity_source *const usual[] = {
		&identity_well_known, &identity_builtin, &identity_map, &identity_local,
		&identity_unix,
	};
	pthread_t thread[AUTH_THREADS];
	int rc[AUTH_THREADS], i, refused = 0;

	RULES("mapped@AD.EXAMPLE.ORG = bob", NULL);
	identity_set_sources(with, ARRAY_SIZE(with));
	sem_init(&asked, 0, 0);
	sem_init(&goes_on, 0, 0);
	for (i = 0; i < AUTH_THREADS; i++)
		CHECK(!pthread_create(&thread[i], NULL, login_without_pac, &rc[i]));
	for (i = 0; i < AUTH_THREADS / 2; i++)
		sem_wait(&asked);
	CHECK(account_find(GSS_WAY_NTLM, "alice", "alice") == 3000);
	/* The others are refused meanwhile: so is this one, which comes after them. */
	login_without_pac(&i);
	CHECK(i == -EAGAIN && sem_trywait(&asked));
	for (i = 0; i < AUTH_THREADS; i++)
		sem_post(&goes_on);
	for (i = 0; i < AUTH_THREADS; i++) {
		pthread_join(thread[i], NULL);
		CHECK(!rc[i] || rc[i] == -EAGAIN);
		refused += !!rc[i];
	}
	CHECK(refused <= AUTH_THREADS / 2);
	identity_set_sources(usual, ARRAY_SIZE(usual));
}

static void count_mistake(void *arg, const char *mistake)
{
	(void)mistake;
	++*(int *)arg;
}

/* A user whom a source of identities knows, and the name service does not find. */
static void directory_is_out_of_reach(void)
{
	char text[] = "S-1-5-21-1-2-3-1104 uid 70000 AD.EXAMPLE.ORG\\gone\n";
	int mistakes_seen = 0;

	RULES("*@EXAMPLE.ORG = *", NULL);
	CHECK(krb_uid("gone@AD.EXAMPLE.ORG") == -ENOENT);
	CHECK(!identity_map_parse("map", text, count_mistake, &mistakes_seen));
	CHECK(krb_uid("gone@AD.EXAMPLE.ORG") == -EAGAIN);
	CHECK(strstr(why.text, "does not answer"));
	CHECK(krb_uid("other@AD.EXAMPLE.ORG") == -ENOENT);
	text[0] = '\0';
	CHECK(!identity_map_parse("map", text, count_mistake, &mistakes_seen));
	CHECK(!mistakes_seen);
}

/* The dry run shows an administrator for a name what a login does. */
static void dry_run(void)
{
	char same[] = "S-1-5-21-1-2-3-1104 uid 20001 AD.EXAMPLE.ORG\\carol\n";
	char other[] = "S-1-5-21-1-2-3-1104 uid 20009 AD.EXAMPLE.ORG\\carol\n";
	char none[] = "";
	struct nss_account account;
	char rule[USER_MAP_TEXT_MAX];
	int seen = 0;

	RULES("*@EXAMPLE.ORG = *", "EXAMPLE\\a* = alice", NULL);
	CHECK(!account_map("bob@EXAMPLE.ORG", &account, rule, &why) && account.uid == 3001);
	SAME(rule, "*@EXAMPLE.ORG = *");
	CHECK(!account_map("example\\Anna", &account, rule, &why) && account.uid == 3000);
	SAME(rule, "EXAMPLE\\a* = alice");
	CHECK(!account_map("carol@AD.EXAMPLE.ORG", &account, rule, &why));
	CHECK(account.uid == 20001 && !rule[0]);
	CHECK(!identity_map_parse("map", same, count_mistake, &seen) && !seen);
	CHECK(!account_map("carol@AD.EXAMPLE.ORG", &account, rule, &why));
	CHECK(!identity_map_parse("map", other, count_mistake, &seen) && !seen);
	CHECK(account_map("carol@AD.EXAMPLE.ORG", &account, rule, &why) == -EACCES);
	CHECK(strstr(why.text, "its SID S-1-5-21-1-2-3-1104 is that of uid 20009"));
	CHECK(!identity_map_parse("map", none, count_mistake, &seen) && !seen);
	CHECK(account_map("root@EXAMPLE.ORG", &account, rule, &why) == -EACCES);
	CHECK(strstr(why.text, "only a local user"));
	CHECK(account_map("alice", &account, rule, &why) == -EACCES);
	CHECK(strstr(why.text, "user@REALM or DOMAIN\\user"));
	CHECK(account_map("@EXAMPLE.ORG", &account, rule, &why) == -EACCES);
}

static const struct {
	const char *rule;
	const char *mistake;
} mistakes[] = {
	{ "alice@EXAMPLE.ORG", "PATTERN = ACCOUNT" },
	{ "alice = alice", "user@REALM" },
	{ "@EXAMPLE.ORG = alice", "user@REALM" },
	{ "alice@ = alice", "user@REALM" },
	{ "EXAMPLE\\ = alice", "DOMAIN\\user" },
	{ "a b@EXAMPLE.ORG = alice", "user@REALM" },
	{ "alice@x@EXAMPLE.ORG = alice", "user@REALM" },
	{ "alice@* = alice", "without '*'" },
	{ "*@*.EXAMPLE.ORG = *", "without '*'" },
	{ "*@EXAMPLE.ORG =", "no account" },
	{ "*@EXAMPLE.ORG = a b", "no account" },
	{ "alice@EXAMPLE.ORG = *", "only one '*'" },
	{ "*a*@EXAMPLE.ORG = *", "only one '*'" },
	{ "*@EXAMPLE.ORG = **", "only one '*'" },
};

static void rules_with_mistakes(void)
{
	struct user_map map = { 0 };
	char text[USER_MAP_TEXT_MAX];
	char *longer = mem_print("%0300d@EXAMPLE.ORG = alice", 1);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mistakes); i++) {
		if (!CHECK(!user_map_add(&map, mistakes[i].rule, &why)) ||
		    !CHECK(strstr(why.text, mistakes[i].mistake)))
			printf("# %s: %s\n", mistakes[i].rule, why.text);
	}
	CHECK(!user_map_add(&map, longer, &why) && strstr(why.text, "at most 255"));
	free(longer);
	CHECK(!map.n && user_map_add(&map, "*@EXAMPLE.ORG\t=  *", &why));
	CHECK(!user_map_add(&map, "*@EXAMPLE.ORG = bob", &why) && strstr(why.text, "twice"));
	CHECK(user_map_add(&map, "EXAMPLE\\a = none", &why) && map.n == 2);
	SAME(user_rule_text(&map.rules[0], text), "*@EXAMPLE.ORG = *");
	SAME(user_rule_text(&map.rules[1], text), "EXAMPLE\\a = none");
	user_map_free(&map);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(names_without_rules), TEST(names_of_logins), TEST(vouched_groups),
		TEST(accounts_of_domains),
		TEST(numbers_of_local_accounts), TEST(rules_and_patterns),
		TEST(rules_in_order), TEST(rules_that_deny), TEST(rules_and_case),
		TEST(accounts_of_the_system), TEST(local_users), TEST(special_characters),
		TEST(names_too_long), TEST(no_answer), TEST(groups_that_hang),
		TEST(directory_is_out_of_reach),
		TEST(dry_run),
		TEST(rules_with_mistakes), { 0 }
	};

	return test_main(tests);
}
