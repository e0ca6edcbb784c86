// SPDX-License-Identifier: GPL-2.0-only
/* The token that a session acts with: numbers, SIDs and privileges of a user. */

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "identity/identity.h"
#include "identity/user_token.h"
#include "identity/login_sids.h"
#include "test.h"

#define DOMAIN		"S-1-5-21-7-8-9"
#define OTHER_DOMAIN	"S-1-5-21-70-80-90"
#define MACHINE		"S-1-5-21-1-2-3"

/* A fake directory with one domain. */
static const struct {
	u32 rid;
	unsigned int kind;
	u32 id;
	const char *name;
} members[] = {
	{ 1104, IDENTITY_USER, 20001, "alice" },
	{ 1105, IDENTITY_USER, 20002, "bob" },
	{ 1106, 0, 0, "carol" },
	{ 513, IDENTITY_GROUP, 30513, "domain users" },
	{ 512, IDENTITY_GROUP, 30512, "domain admins" },
	/* A directory must not put its users into groups of the system. */
	{ 1200, IDENTITY_GROUP, 27, "sudo" },
	/* Without a number. */
	{ 1201, 0, 0, "mail only" },
};

/* The member about which the directory does not answer. */
static u32 silent;
static struct why why;

static int directory_get(size_t i, struct identity *out)
{
	if (i == ARRAY_SIZE(members))
		return -ENOENT;
	if (members[i].rid == silent)
		return -EIO;
	sid_parse(DOMAIN, &out->sid);
	out->sid.sub[out->sid.nsubs++] = members[i].rid;
	out->kinds = members[i].kind;
	out->id = members[i].id;
	snprintf(out->name.name, sizeof(out->name.name), "%s", members[i].name);
	snprintf(out->name.domain, sizeof(out->name.domain), "EXAMPLE");
	return 0;
}

static int directory_by_sid(struct identity *out)
{
	struct sid domain, own;
	size_t i = 0;

	sid_parse(DOMAIN, &own);
	sid_domain(&out->sid, &domain);
	while (i < ARRAY_SIZE(members) &&
	       (!sid_same(&domain, &own) || out->sid.sub[4] != members[i].rid))
		i++;
	return directory_get(i, out);
}

static int directory_by_id(unsigned int kind, struct identity *out)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(members) && (kind != members[i].kind || out->id != members[i].id))
		i++;
	return directory_get(i, out);
}

/* The name is looked for in front of the domain, which is the only one. */
static int directory_by_name(unsigned int kinds, struct identity *out)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(members) && strcmp(out->name.name, members[i].name))
		i++;
	return directory_get(i, out) ?: members[i].kind & ~kinds ? -ENOENT : 0;
}

/* What the directory tells about the groups of a user; 0 if it can tell them. */
static int groups_error;

static int directory_sids(const struct sid *user, struct sid_list *out)
{
	struct sid sid = *user;

	if (groups_error)
		return groups_error;
	CHECK(sid_list_has(out, user));
	sid.sub[4] = 513;
	CHECK(sid_list_add(out, &sid));
	return 0;
}

static const struct identity_source directory = {
	.title = "directory",
	.directory = true,
	.may_know = identity_directory_may_know,
	.by_sid = directory_by_sid,
	.by_id = directory_by_id,
	.by_name = directory_by_name,
	.sids = directory_sids,
};

static void directory_use(void)
{
	static const struct identity_source *const with[] = {
		&identity_well_known, &identity_builtin, &directory, &identity_unix,
	};

	silent = 0;
	identity_set_sources(with, ARRAY_SIZE(with));
}

/* A rule gives the accounts. */
static bool by_rule;

/* Fill a token from numbers, of which the last are the groups up to 0, and from texts of SIDs. */
static int token_make(struct user_token *t, const u32 *numbers, const char *const *vouched)
{
	struct sid_list list = { 0 };
	struct sid sid;
	int rc;

	memset(t, 0, sizeof(*t));
	t->uid = *numbers++;
	t->gid = *numbers;
	while (*numbers)
		t->gids[t->ngids++] = *numbers++;
	for (; vouched && *vouched; vouched++)
		CHECK(sid_parse(*vouched, &sid) && sid_list_add(&list, &sid));
	why.text[0] = '\0';
	rc = user_token_fill(t, vouched ? &list : NULL, by_rule ? "carol@example.org" : NULL,
			     &why);
	sid_list_clear(&list);
	return rc;
}

#define NUMBERS(...)	((const u32[]){ __VA_ARGS__, 0 })
#define SIDS(...)	((const char *const[]){ __VA_ARGS__, NULL })

static bool token_has(const struct user_token *t, const char *text)
{
	struct sid sid;

	CHECK(sid_parse(text, &sid));
	return sid_list_has(&t->sids, &sid);
}

static bool token_is_of(const struct user_token *t, const char *text)
{
	struct sid sid;

	CHECK(sid_parse(text, &sid));
	return t->sids.n && sid_same(&t->sids.sid[0], &sid);
}

/* SIDs made of numbers, or those of the directory. */
static void sids_of_numbers(void)
{
	struct user_token t;

	directory_use();
	CHECK(!token_make(&t, NUMBERS(3000, 3001, 3002), NULL));
	CHECK(t.ngids == 2 && t.sids.n == 3 && !t.privileges && t.complete);
	CHECK(token_is_of(&t, "S-1-22-1-3000"));
	CHECK(token_has(&t, "S-1-22-2-3001") && token_has(&t, "S-1-22-2-3002"));
	user_token_clear(&t);

	CHECK(!token_make(&t, NUMBERS(20001, 30513, 3002), NULL));
	CHECK(t.ngids == 2 && t.sids.n == 3);
	CHECK(token_is_of(&t, DOMAIN "-1104"));
	CHECK(token_has(&t, DOMAIN "-513") && token_has(&t, "S-1-22-2-3002"));
	user_token_clear(&t);

	silent = 513;
	CHECK(token_make(&t, NUMBERS(20001, 30513, 3002), NULL) == -EAGAIN);
	user_token_clear(&t);
	silent = 1104;
	CHECK(token_make(&t, NUMBERS(20001, 3002), NULL) == -EAGAIN);
	user_token_clear(&t);
}

/* Groups get their numbers; SIDs of other domains count too. */
static void sids_of_a_domain(void)
{
	struct user_token t;

	directory_use();
	CHECK(!token_make(&t, NUMBERS(20001, 3001),
			  SIDS(DOMAIN "-1104", DOMAIN "-513", DOMAIN "-512", DOMAIN "-1201",
			       OTHER_DOMAIN "-1104", DOMAIN "-513")));
	CHECK(t.ngids == 3 && t.gids[0] == 3001 && t.gids[1] == 30513 && t.gids[2] == 30512);
	CHECK(t.sids.n == 6 && token_is_of(&t, DOMAIN "-1104"));
	CHECK(token_has(&t, DOMAIN "-513") && token_has(&t, DOMAIN "-512") &&
	      token_has(&t, DOMAIN "-1201") && token_has(&t, OTHER_DOMAIN "-1104") &&
	      token_has(&t, "S-1-22-2-3001"));
	user_token_clear(&t);

	/* A local account of a user of the domain keeps its own SID. */
	CHECK(!token_make(&t, NUMBERS(3000, 3001), SIDS(OTHER_DOMAIN "-1104", DOMAIN "-513")));
	CHECK(token_is_of(&t, "S-1-22-1-3000") && token_has(&t, OTHER_DOMAIN "-1104"));
	CHECK(t.ngids == 2 && t.gids[1] == 30513);
	user_token_clear(&t);

	CHECK(!token_make(&t, NUMBERS(20001, 3001), SIDS(DOMAIN "-1104", DOMAIN "-1200")));
	CHECK(t.ngids == 1 && token_has(&t, DOMAIN "-1200"));
	user_token_clear(&t);
}

/* A group without an answer could be one that a list denies. */
static void group_without_an_answer(void)
{
	struct user_token t;

	directory_use();
	silent = 512;
	CHECK(token_make(&t, NUMBERS(20001, 3001),
			 SIDS(DOMAIN "-1104", DOMAIN "-513", DOMAIN "-512")) == -EAGAIN);
	CHECK(strstr(why.text, DOMAIN "-512"));
	user_token_clear(&t);
}

/* Nobody outside says what somebody may do on this machine. */
static void sids_that_are_filtered(void)
{
	static const char *const none[] = {
		"S-1-1-0", "S-1-5-18", "S-1-5-11", "S-1-5-32-544", "S-1-5-32-545", "S-1-22-1-0",
		"S-1-22-2-27", "S-1-18-1", "S-1-16-16384", "S-1-5-21-7-8-9", MACHINE,
		MACHINE "-1000", MACHINE "-500", DOMAIN "-512-1",
	};
	const char *vouched[ARRAY_SIZE(none) + 2] = { DOMAIN "-1104" };
	struct user_token t;
	struct sid sid;
	size_t i;

	directory_use();
	for (i = 0; i < ARRAY_SIZE(none); i++) {
		CHECK(sid_parse(none[i], &sid) && !user_token_may_vouch(&sid));
		vouched[i + 1] = none[i];
	}
	CHECK(!token_make(&t, NUMBERS(20001, 3001), vouched));
	CHECK(t.sids.n == 2 && t.ngids == 1 && !t.privileges);
	user_token_clear(&t);

	for (i = 0; i < ARRAY_SIZE(none); i++) {
		CHECK(token_make(&t, NUMBERS(20001, 3001), SIDS(none[i])) == -EACCES);
		user_token_clear(&t);
	}
}

/* A name alone is no proof for users of a directory. */
static void nobody_vouches(void)
{
	struct user_token t;

	directory_use();
	CHECK(token_make(&t, NUMBERS(20001, 3001), SIDS(NULL)) == -EACCES);
	CHECK(strstr(why.text, "no PAC"));
	user_token_clear(&t);
	CHECK(!token_make(&t, NUMBERS(20001, 3001), NULL));
	user_token_clear(&t);
	CHECK(!token_make(&t, NUMBERS(3000, 3001), SIDS(NULL)));
	CHECK(t.sids.n == 2);
	user_token_clear(&t);
}

/* A user with a local account by a rule does not shed the groups of the domain with the PAC. */
static void groups_without_a_pac(void)
{
	struct user_token t;

	directory_use();
	by_rule = true;
	CHECK(!token_make(&t, NUMBERS(3000, 3001), SIDS(NULL)));
	CHECK(token_is_of(&t, "S-1-22-1-3000") && token_has(&t, DOMAIN "-1106") &&
	      token_has(&t, DOMAIN "-513"));
	CHECK(t.ngids == 2 && t.gids[1] == 30513 && t.complete);
	user_token_clear(&t);
	groups_error = -EAGAIN;
	CHECK(token_make(&t, NUMBERS(3000, 3001), SIDS(NULL)) == -EAGAIN);
	user_token_clear(&t);
	groups_error = -ENOENT;
	CHECK(token_make(&t, NUMBERS(3000, 3001), SIDS(NULL)) == -EACCES);
	CHECK(strstr(why.text, "no PAC"));
	user_token_clear(&t);
	groups_error = 0;
	silent = 1106;
	CHECK(token_make(&t, NUMBERS(3000, 3001), SIDS(NULL)) == -EAGAIN);
	user_token_clear(&t);
	/* A realm without a directory has no groups here. */
	identity_set_sources((const struct identity_source *const[]){ &identity_unix }, 1);
	CHECK(!token_make(&t, NUMBERS(3000, 3001), SIDS(NULL)) && t.sids.n == 2);
	user_token_clear(&t);
	by_rule = false;
}

/* The account must be that of the user for whom the domain vouches. */
static void user_is_another_one(void)
{
	struct user_token t;

	directory_use();
	CHECK(token_make(&t, NUMBERS(20002, 3001), SIDS(DOMAIN "-1104")) == -EACCES);
	CHECK(strstr(why.text, "EXAMPLE\\alice") && strstr(why.text, "uid 20001") &&
	      strstr(why.text, "uid 20002"));
	user_token_clear(&t);
	/* The directory does not know the user, but the account is another one's. */
	CHECK(token_make(&t, NUMBERS(20002, 3001), SIDS(DOMAIN "-1999")) == -EACCES);
	CHECK(strstr(why.text, DOMAIN "-1999") && strstr(why.text, DOMAIN "-1105"));
	user_token_clear(&t);
	/* Another domain vouches for its user, who could have an account here by a rule only. */
	CHECK(token_make(&t, NUMBERS(20002, 3001), SIDS(OTHER_DOMAIN "-1105")) == -EACCES);
	CHECK(strstr(why.text, OTHER_DOMAIN "-1105") && strstr(why.text, DOMAIN "-1105"));
	user_token_clear(&t);
	by_rule = true;
	CHECK(!token_make(&t, NUMBERS(20002, 3001), SIDS(OTHER_DOMAIN "-1105")));
	user_token_clear(&t);
	CHECK(token_make(&t, NUMBERS(20002, 3001), SIDS(DOMAIN "-1104")) == -EACCES);
	user_token_clear(&t);
	CHECK(token_make(&t, NUMBERS(20002, 3001), SIDS(DOMAIN "-1999")) == -EACCES);
	user_token_clear(&t);
	by_rule = false;
	silent = 1104;
	CHECK(token_make(&t, NUMBERS(20002, 3001), SIDS(DOMAIN "-1104")) == -EAGAIN);
	user_token_clear(&t);
	/* Without a directory nobody knows better. */
	silent = 0;
	identity_set_sources((const struct identity_source *const[]){ &identity_unix }, 1);
	CHECK(!token_make(&t, NUMBERS(20002, 3001), SIDS(DOMAIN "-1104")));
	CHECK(t.complete);
	user_token_clear(&t);
}

/* A caller known by number has the groups of an earlier login. */
static void groups_of_the_last_login(void)
{
	struct user_token t;

	directory_use();
	CHECK(!token_make(&t, NUMBERS(20001, 3001), SIDS(DOMAIN "-1104", OTHER_DOMAIN "-77")));
	user_token_clear(&t);
	CHECK(!token_make(&t, NUMBERS(20001, 3001), NULL));
	CHECK(t.sids.n == 3 && token_has(&t, OTHER_DOMAIN "-77"));
	user_token_clear(&t);
	CHECK(!token_make(&t, NUMBERS(20001, 3001), SIDS(DOMAIN "-1104", DOMAIN "-512")));
	user_token_clear(&t);
	CHECK(!token_make(&t, NUMBERS(20001, 3001), NULL));
	CHECK(token_has(&t, DOMAIN "-512") && !token_has(&t, OTHER_DOMAIN "-77"));
	CHECK(t.ngids == 2 && t.gids[1] == 30512);
	user_token_clear(&t);
	CHECK(!token_make(&t, NUMBERS(20002, 3001), NULL) && t.sids.n == 2);
	user_token_clear(&t);
	/* An account that several users of the domain may have. */
	CHECK(!token_make(&t, NUMBERS(3000, 3001), SIDS(OTHER_DOMAIN "-1", OTHER_DOMAIN "-2")));
	user_token_clear(&t);
	CHECK(!token_make(&t, NUMBERS(3000, 3001), NULL) && t.sids.n == 2);
	user_token_clear(&t);
}

/* The SIDs of a login that is refused are not kept: the account would be refused with them, too. */
static void groups_of_a_refused_login(void)
{
	struct sid_list list = { 0 };
	struct user_token t;
	struct sid sid;
	u32 i;

	directory_use();
	CHECK(!token_make(&t, NUMBERS(20001, 3001), SIDS(DOMAIN "-1104", OTHER_DOMAIN "-77")));
	user_token_clear(&t);
	CHECK(sid_parse(DOMAIN "-1104", &sid) && sid_list_add(&list, &sid));
	for (i = 0; i < SID_LIST_MAX - 1; i++) {
		sid.sub[4] = 5000 + i;
		CHECK(sid_list_add(&list, &sid));
	}
	t = (struct user_token){ .uid = 20001, .gid = 3001, .ngids = 1, .gids = { 3001 } };
	CHECK(user_token_fill(&t, &list, NULL, &why) == -EACCES);
	CHECK(strstr(why.text, "too many groups"));
	user_token_clear(&t);
	sid_list_clear(&list);
	silent = 512;
	CHECK(token_make(&t, NUMBERS(20001, 3001), SIDS(DOMAIN "-1104", DOMAIN "-512")) == -EAGAIN);
	user_token_clear(&t);
	CHECK(!token_make(&t, NUMBERS(20001, 3001), NULL));
	CHECK(t.sids.n == 3 && token_has(&t, OTHER_DOMAIN "-77"));
	user_token_clear(&t);
}

static void logins_are_forgotten(void)
{
	const u64 later = LOGIN_SIDS_TIME * 1000;
	struct sid_list list = { 0 }, found = { 0 };
	struct sid sid;
	u32 i;

	CHECK(sid_parse(DOMAIN "-1104", &sid) && sid_list_add(&list, &sid));
	login_sids_store(50000, &list, 5);
	CHECK(login_sids_get(50000, 5, &found) && found.n == 1);
	sid_list_clear(&found);
	CHECK(login_sids_get(50000, LOGIN_SIDS_TIME + 4, &found));
	sid_list_clear(&found);
	CHECK(!login_sids_get(50000, LOGIN_SIDS_TIME + 5, &found));
	for (i = 0; i < LOGIN_SIDS_MAX; i++)
		login_sids_store(60000 + i, &list, later + i);
	CHECK(!login_sids_get(50000, 5, &found));
	login_sids_store(50000, &list, later + LOGIN_SIDS_MAX);
	CHECK(!login_sids_get(60000, later, &found));
	CHECK(login_sids_get(60001, later, &found));
	sid_list_clear(&found);
	sid_list_clear(&list);
}

/* Without a directory nobody knows who is in a group of a domain. */
static void groups_of_domains(void)
{
	static const struct identity_source *const with[] = { &identity_map, &identity_unix };
	char none[] = "", line[] = DOMAIN "-1104 uid 20001 EXAMPLE\\alice\n";
	struct user_token t;

	identity_set_sources(with, ARRAY_SIZE(with));
	CHECK(!token_make(&t, NUMBERS(20001, 3001), NULL) && !t.complete);
	user_token_clear(&t);
	CHECK(!identity_map_parse("test", line, NULL, NULL));
	CHECK(!token_make(&t, NUMBERS(20001, 3001), NULL) && t.complete);
	CHECK(token_is_of(&t, DOMAIN "-1104"));
	user_token_clear(&t);
	CHECK(!token_make(&t, NUMBERS(3000, 3001), NULL) && t.complete);
	user_token_clear(&t);
	CHECK(!identity_map_parse("test", none, NULL, NULL));
}

/* The alias and the privileges follow from a group, which the configuration names. */
static void administrators_of_a_group(void)
{
	struct identity_aliases aliases = { 0 }, none = { 0 };
	const struct group *group = getgrnam("daemon");
	struct user_token t;
	u32 gid;

	if (!CHECK(group && identity_alias_add(&aliases, "Administrators = daemon", &why)))
		return;
	gid = group->gr_gid;
	directory_use();
	identity_builtin_set(&aliases);
	CHECK(!token_make(&t, NUMBERS(3000, 3001, gid), NULL));
	CHECK(token_has(&t, "S-1-5-32-544"));
	CHECK(t.privileges == (USER_TOKEN_TAKE_OWNERSHIP | USER_TOKEN_SECURITY));
	user_token_clear(&t);
	CHECK(!token_make(&t, NUMBERS(3000, 3001), SIDS(OTHER_DOMAIN "-1104", "S-1-5-32-544")));
	CHECK(!token_has(&t, "S-1-5-32-544") && !t.privileges);
	user_token_clear(&t);
	identity_builtin_set(&none);
	CHECK(!token_make(&t, NUMBERS(3000, 3001, gid), NULL));
	CHECK(!token_has(&t, "S-1-5-32-544") && !t.privileges);
	user_token_clear(&t);
}

static void too_many_groups(void)
{
	struct sid_list list = { 0 };
	struct user_token t = { .uid = 3000, .gid = 3001, .ngids = 1, .gids = { 3001 } };
	struct sid sid;
	u32 i;

	directory_use();
	CHECK(sid_parse(DOMAIN "-5000", &sid));
	for (i = 0; i < SID_LIST_MAX; i++) {
		sid.sub[4] = 5000 + i;
		CHECK(sid_list_add(&list, &sid));
	}
	/* One that is there fits. */
	CHECK(sid_list_add(&list, &sid));
	sid.sub[4]++;
	CHECK(!sid_list_add(&list, &sid) && list.n == SID_LIST_MAX);
	CHECK(user_token_fill(&t, &list, NULL, &why) == -EACCES);
	CHECK(strstr(why.text, "too many groups"));
	user_token_clear(&t);
	list.n = SID_LIST_MAX - 2;
	CHECK(!user_token_fill(&t, &list, NULL, &why) && t.sids.n == SID_LIST_MAX);
	user_token_clear(&t);
	list.n = SID_LIST_MAX;
	sid_list_clear(&list);
}

/* Both directions, and what a compromised worker could send. */
static void sids_on_the_wire(void)
{
	static const char *const texts[] = {
		"S-1-1-0", "S-1-5-21-4294967295-8-9-1104", "S-1-0xffffffffffff-1",
		"S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15",
	};
	struct sid_list list = { 0 }, back = { 0 };
	struct sid sid;
	u8 wire[256];
	size_t i, size;

	for (i = 0; i < ARRAY_SIZE(texts); i++)
		CHECK(sid_parse(texts[i], &sid) && sid_list_add(&list, &sid));
	size = sid_list_size(&list);
	CHECK(size == 12 + 28 + 12 + 68);
	sid_list_put(&list, wire);
	CHECK(sid_list_get(&back, wire, size) && back.n == list.n);
	for (i = 0; i < back.n; i++)
		CHECK(sid_same(&list.sid[i], &back.sid[i]));
	sid_list_clear(&back);
	for (i = 1; i < size; i++)
		if (i != 12 && i != 40 && i != 52) {
			CHECK(!sid_list_get(&back, wire, i));
			sid_list_clear(&back);
		}
	wire[1] = 16;
	CHECK(!sid_get(&sid, wire, sizeof(wire)));
	wire[1] = 1;
	wire[0] = 2;
	CHECK(!sid_get(&sid, wire, sizeof(wire)));
	sid_list_clear(&list);
}

static void token_of_nobody(void)
{
	struct user_token t = { .uid = 65534, .gid = 65534 };

	user_token_fill_anonymous(&t);
	CHECK(t.sids.n == 1 && token_is_of(&t, "S-1-5-7") && !t.privileges);
	user_token_clear(&t);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(sids_of_numbers), TEST(sids_of_a_domain), TEST(group_without_an_answer),
		TEST(sids_that_are_filtered), TEST(nobody_vouches),
		TEST(groups_without_a_pac), TEST(user_is_another_one), TEST(groups_of_domains),
		TEST(administrators_of_a_group), TEST(too_many_groups), TEST(sids_on_the_wire),
		TEST(token_of_nobody), TEST(groups_of_the_last_login),
		TEST(groups_of_a_refused_login), TEST(logins_are_forgotten), { 0 }
	};
	struct sid machine;

	sid_parse(MACHINE, &machine);
	identity_machine_set(&machine);
	return test_main(tests);
}
