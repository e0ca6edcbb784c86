// SPDX-License-Identifier: GPL-2.0-only
/* Identities: sources, their order, the cache, the map file, the accounts of this machine. */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "config/config.h"
#include "identity/idmap.h"
#include "identity/cache.h"
#include "identity/lookup.h"
#include "mem.h"
#include "test.h"

#define KEEP		600000
#define KEEP_NOT	60000

/**
 * struct directory - a fake directory with one domain
 * @domain: name of the domain
 * @domain_sid: SID of the domain
 * @lock: protects the members below
 * @moves: signalled when it no longer hangs, and when it was asked
 * @down: it answers with an error
 * @hangs: it does not answer
 * @asked: number of questions
 * @alice: relative identifier and number of "alice", the only user
 */
struct directory {
	const char *domain;
	const char *domain_sid;
	pthread_mutex_t lock;
	pthread_cond_t moves;
	bool down;
	bool hangs;
	unsigned int asked;
	u32 alice;
};

static struct directory first = {
	.domain = "FIRST",
	.domain_sid = "S-1-5-21-1-1-1",
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.moves = PTHREAD_COND_INITIALIZER,
};

static struct directory second = {
	.domain = "SECOND",
	.domain_sid = "S-1-5-21-2-2-2",
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.moves = PTHREAD_COND_INITIALIZER,
};

static const struct identity_who who = { .user = 1, .until = UINT64_MAX };
static char dir[64];

static u32 directory_ask(struct directory *d)
{
	u32 alice;

	pthread_mutex_lock(&d->lock);
	d->asked++;
	pthread_cond_broadcast(&d->moves);
	while (d->hangs)
		pthread_cond_wait(&d->moves, &d->lock);
	alice = d->down ? 0 : d->alice;
	pthread_mutex_unlock(&d->lock);
	return alice;
}

/* Answer with "alice" if @alice is her number, and with nobody if it is 0. */
static int directory_fill(const struct directory *d, u32 alice, struct identity *out)
{
	if (d->down)
		return -EIO;
	if (!alice)
		return -ENOENT;
	sid_parse(d->domain_sid, &out->sid);
	out->sid.sub[out->sid.nsubs++] = alice;
	out->id = alice;
	out->kinds = IDENTITY_USER;
	out->name.use = SID_USE_USER;
	snprintf(out->name.name, sizeof(out->name.name), "alice");
	snprintf(out->name.domain, sizeof(out->name.domain), "%s", d->domain);
	snprintf(out->realm, sizeof(out->realm), "%s.test", d->domain);
	return 0;
}

static int directory_by_sid(struct directory *d, struct identity *out)
{
	u32 alice = directory_ask(d);
	struct sid domain, own;

	sid_parse(d->domain_sid, &own);
	sid_domain(&out->sid, &domain);
	if (!sid_same(&domain, &own) || out->sid.sub[4] != alice)
		alice = 0;
	return directory_fill(d, alice, out);
}

static int directory_by_id(struct directory *d, unsigned int kind, struct identity *out)
{
	u32 alice = directory_ask(d);

	return directory_fill(d, kind == IDENTITY_USER && out->id == alice ? alice : 0, out);
}

static int directory_by_name(struct directory *d, struct identity *out)
{
	u32 alice = directory_ask(d);

	if (strcmp(out->name.name, "alice") ||
	    (out->name.domain[0] && strcmp(out->name.domain, d->domain)))
		alice = 0;
	return directory_fill(d, alice, out);
}

static int first_by_sid(struct identity *out)
{
	return directory_by_sid(&first, out);
}

static int first_by_id(unsigned int kind, struct identity *out)
{
	return directory_by_id(&first, kind, out);
}

static int first_by_name(unsigned int kinds, struct identity *out)
{
	(void)kinds;
	return directory_by_name(&first, out);
}

static const struct identity_source first_source = {
	.title = "FIRST",
	.directory = true,
	.blocks = true,
	.keep_ms = KEEP,
	.keep_not_ms = KEEP_NOT,
	.may_know = identity_directory_may_know,
	.by_sid = first_by_sid,
	.by_id = first_by_id,
	.by_name = first_by_name,
};

static int second_by_sid(struct identity *out)
{
	return directory_by_sid(&second, out);
}

static int second_by_id(unsigned int kind, struct identity *out)
{
	return directory_by_id(&second, kind, out);
}

static int second_by_name(unsigned int kinds, struct identity *out)
{
	(void)kinds;
	return directory_by_name(&second, out);
}

static const struct identity_source second_source = {
	.title = "SECOND",
	.directory = true,
	.blocks = true,
	.keep_ms = KEEP,
	.keep_not_ms = KEEP_NOT,
	.may_know = identity_directory_may_know,
	.by_sid = second_by_sid,
	.by_id = second_by_id,
	.by_name = second_by_name,
};

static void directories_reset(void)
{
	static const struct identity_source *const both[] = { &first_source, &second_source };

	first.asked = 0;
	first.down = false;
	first.alice = 5000;
	second.asked = 0;
	second.down = false;
	second.alice = 6000;
	identity_set_sources(both, 2);
}

static unsigned int directory_asked(struct directory *d)
{
	unsigned int asked;

	pthread_mutex_lock(&d->lock);
	asked = d->asked;
	pthread_mutex_unlock(&d->lock);
	return asked;
}

static void directory_wait(struct directory *d, unsigned int asked)
{
	pthread_mutex_lock(&d->lock);
	while (d->asked < asked)
		pthread_cond_wait(&d->moves, &d->lock);
	pthread_mutex_unlock(&d->lock);
}

static int id_of_name(const char *name, u32 *id)
{
	struct identity out;
	int rc = identity_by_name(&who, IDENTITY_USER | IDENTITY_GROUP, name, &out);

	*id = out.id;
	return rc;
}

static int find_sid(const char *text, struct identity *out)
{
	struct sid sid;

	CHECK(sid_parse(text, &sid));
	return identity_by_sid(&who, &sid, out);
}

static void order_and_directions(void)
{
	struct identity out;
	char text[NSS_NAME_SIZE];
	u32 id;

	directories_reset();
	CHECK(!id_of_name("alice", &id) && id == 5000);
	CHECK(!id_of_name("SECOND\\alice", &id) && id == 6000);
	CHECK(!id_of_name("second\\ALICE", &id) && id == 6000);
	CHECK(id_of_name("bob", &id) == -ENOENT);
	CHECK(!find_sid("S-1-5-21-2-2-2-6000", &out) && out.id == 6000);
	SAME(out.name.name, "alice");
	SAME(out.name.domain, "SECOND");
	CHECK(find_sid("S-1-5-21-2-2-2-6001", &out) == -ENOENT);
	CHECK(!identity_by_id(&who, IDENTITY_USER, 6000, &out));
	sid_text(&out.sid, text);
	SAME(text, "S-1-5-21-2-2-2-6000");
	CHECK(identity_by_id(&who, IDENTITY_GROUP, 6000, &out) == -ENOENT);
	CHECK(identity_by_name(&who, IDENTITY_USER, "", &out) == -ENOENT);
}

static void answers_are_kept(void)
{
	unsigned int identities, others;
	u32 id;

	directories_reset();
	CHECK(!id_of_name("alice", &id) && first.asked == 1);
	CHECK(!id_of_name("alice", &id) && first.asked == 1);
	CHECK(id_of_name("bob", &id) == -ENOENT && first.asked == 2 && second.asked == 1);
	CHECK(id_of_name("bob", &id) == -ENOENT && first.asked == 2 && second.asked == 1);
	identity_cache_count(&identities, &others);
	CHECK(identities == 1 && others == 2);
	identity_cache_skip(KEEP_NOT + 1);
	CHECK(id_of_name("bob", &id) == -ENOENT && first.asked == 3 && second.asked == 2);
	CHECK(!id_of_name("alice", &id) && first.asked == 3);
	identity_cache_skip(KEEP);
	CHECK(!id_of_name("alice", &id) && first.asked == 4);
}

/* Questions about nobody do not push out identities. */
static void cache_is_limited(void)
{
	unsigned int identities, others, i;
	char name[32];
	u32 id;

	directories_reset();
	CHECK(!id_of_name("alice", &id));
	for (i = 0; i < IDENTITY_CACHE_NOT_MAX; i++) {
		snprintf(name, sizeof(name), "nobody%u", i);
		CHECK(id_of_name(name, &id) == -ENOENT);
	}
	identity_cache_count(&identities, &others);
	CHECK(identities == 1 && others == IDENTITY_CACHE_NOT_MAX);
	first.asked = 0;
	CHECK(!id_of_name("alice", &id) && !first.asked);
}

/* The last quarter of the time: the answer is there, and a new one is fetched behind it. */
static void refresh_before_the_end(void)
{
	u32 id;

	directories_reset();
	CHECK(!id_of_name("alice", &id) && id == 5000 && first.asked == 1);
	identity_cache_skip(KEEP / 2);
	CHECK(!id_of_name("alice", &id) && first.asked == 1);
	identity_cache_skip(KEEP / 3);
	pthread_mutex_lock(&first.lock);
	first.alice = 5001;
	first.hangs = true;
	pthread_mutex_unlock(&first.lock);
	CHECK(!id_of_name("alice", &id) && id == 5000);
	directory_wait(&first, 2);
	/* One refresh at a time. */
	CHECK(!id_of_name("alice", &id) && id == 5000);
	pthread_mutex_lock(&first.lock);
	first.hangs = false;
	pthread_cond_broadcast(&first.moves);
	pthread_mutex_unlock(&first.lock);
	while (!id_of_name("alice", &id) && id == 5000)
		usleep(1000);
	CHECK(id == 5001 && directory_asked(&first) == 2);
}

/* Refreshes leave room for questions that somebody waits for. */
static void refreshes_are_limited(void)
{
	struct identity out;
	u32 id;

	directories_reset();
	CHECK(!id_of_name("alice", &id) && !id_of_name("FIRST\\alice", &id));
	CHECK(!identity_by_id(&who, IDENTITY_USER, 5000, &out));
	CHECK(!find_sid("S-1-5-21-1-1-1-5000", &out) && first.asked == 4);
	identity_cache_skip(KEEP / 6 * 5);
	pthread_mutex_lock(&first.lock);
	first.hangs = true;
	pthread_mutex_unlock(&first.lock);
	CHECK(!id_of_name("alice", &id) && !id_of_name("FIRST\\alice", &id));
	CHECK(!identity_by_id(&who, IDENTITY_USER, 5000, &out));
	CHECK(!find_sid("S-1-5-21-1-1-1-5000", &out));
	directory_wait(&first, 4 + LOOKUPS_PER_USER / 2);
	pthread_mutex_lock(&first.lock);
	first.hangs = false;
	pthread_cond_broadcast(&first.moves);
	pthread_mutex_unlock(&first.lock);
	CHECK(!id_of_name("SECOND\\alice", &id));
	CHECK(directory_asked(&first) == 4 + LOOKUPS_PER_USER / 2 + 1);
}

/* A source that is out of order is not one that knows nobody. */
static void directory_outage(void)
{
	u32 id;

	directories_reset();
	CHECK(!id_of_name("alice", &id) && id == 5000);
	CHECK(id_of_name("bob", &id) == -ENOENT);
	first.down = true;
	/* The next source has another alice, who must not take the place of the first. */
	identity_cache_skip(KEEP + 1);
	CHECK(!id_of_name("alice", &id) && id == 5000);
	CHECK(id_of_name("bob", &id) == -ENOENT);
	CHECK(id_of_name("carol", &id) == -EAGAIN);
	first.asked = 0;
	CHECK(id_of_name("carol", &id) == -EAGAIN && !first.asked);
	CHECK(!id_of_name("alice", &id) && !first.asked);
	identity_cache_skip(IDENTITY_RETRY_TIME + 1);
	CHECK(!id_of_name("alice", &id) && id == 5000 && first.asked == 1);
	identity_cache_skip(IDENTITY_STALE_NOT_TIME);
	CHECK(id_of_name("bob", &id) == -EAGAIN);
	identity_cache_skip(IDENTITY_STALE_TIME);
	CHECK(id_of_name("alice", &id) == -EAGAIN);
	first.down = false;
	identity_cache_skip(IDENTITY_RETRY_TIME + 1);
	CHECK(!id_of_name("alice", &id) && id == 5000);
	CHECK(id_of_name("carol", &id) == -ENOENT);
}

/* A source that hangs delays the first caller; the next ones get the old answer at once. */
static void hanging_source(void)
{
	const struct identity_who soon = { .user = 2, .until = clock_ms() + 20 };
	struct identity out;
	u32 id;

	directories_reset();
	CHECK(!id_of_name("alice", &id));
	identity_cache_skip(KEEP + 1);
	pthread_mutex_lock(&first.lock);
	first.hangs = true;
	pthread_mutex_unlock(&first.lock);
	CHECK(!identity_by_name(&soon, IDENTITY_USER | IDENTITY_GROUP, "alice", &out) &&
	      out.id == 5000);
	CHECK(!id_of_name("alice", &id) && id == 5000);
	CHECK(identity_by_name(&soon, IDENTITY_USER, "dora", &out) == -EAGAIN);
	pthread_mutex_lock(&first.lock);
	first.hangs = false;
	pthread_cond_broadcast(&first.moves);
	pthread_mutex_unlock(&first.lock);
}

/*
 * Directories give nobody a number of the system or of a local account, and are not asked about
 * this machine.
 */
static void system_numbers(void)
{
	char passwd[100], group[100];
	struct identity out;
	FILE *file;

	directories_reset();
	first.alice = 34;
	CHECK(!identity_by_name(&who, IDENTITY_USER, "FIRST\\alice", &out) && !out.kinds);
	first.asked = 0;
	CHECK(identity_by_id(&who, IDENTITY_USER, 34, &out) == -ENOENT);
	CHECK(identity_by_id(&who, IDENTITY_USER, IDENTITY_NOBODY, &out) == -ENOENT);
	CHECK(identity_by_name(&who, IDENTITY_USER, "Unix User\\alice", &out) == -ENOENT);
	CHECK(find_sid("S-1-22-1-5000", &out) == -ENOENT);
	CHECK(!first.asked);

	snprintf(passwd, sizeof(passwd), "%s/passwd", dir);
	snprintf(group, sizeof(group), "%s/group", dir);
	file = fopen(passwd, "w");
	fputs("+@guests\n-bob\nroot:x:0:0::/root:/bin/sh\nhere:x:5000:100::/:/bin/sh\n+\n", file);
	fclose(file);
	file = fopen(group, "w");
	fputs("+\nroot:x:0:\nusers:x:100:here\nthere:x:6000:\n-wheel\n", file);
	fclose(file);
	identity_local_files(passwd, group);
	/* Lines that stand for accounts of a directory are none themselves. */
	CHECK(!identity_is_local_user("+", 0) && !identity_is_local_user("-bob", 0));
	CHECK(identity_is_local_user("root", 0) && identity_is_local_user("here", 5000));
	out = (struct identity){ .id = 0 };
	CHECK(!identity_local.by_id(IDENTITY_USER, &out) && !strcmp(out.name.name, "root"));
	out = (struct identity){ .id = 0 };
	CHECK(!identity_local.by_id(IDENTITY_GROUP, &out) && !strcmp(out.name.name, "root"));
	first.alice = 5000;
	CHECK(identity_by_id(&who, IDENTITY_USER, 5000, &out) == -ENOENT && !first.asked);
	identity_cache_clear();
	CHECK(!identity_by_name(&who, IDENTITY_USER, "FIRST\\alice", &out) && !out.kinds);
	CHECK(!find_sid("S-1-5-21-1-1-1-5000", &out) && !out.kinds);
	/* The number of a user is not that of a group. */
	CHECK(!identity_by_name(&who, IDENTITY_USER, "SECOND\\alice", &out) &&
	      out.kinds == IDENTITY_USER && out.id == 6000);
	identity_local_files("/etc/passwd", "/etc/group");
	identity_cache_clear();
	first.asked = 0;
	CHECK(!identity_by_id(&who, IDENTITY_USER, 5000, &out) && first.asked == 1);
}

/* SIDs that say what somebody may do on this machine are not a directory's. */
static void sids_of_directories(void)
{
	static const char *const wrong[] = {
		"S-1-5-32", "S-1-22-1", "S-1-5-5", "S-1-5-21-1-1", "S-1-5-21-1-1-1-1", "S-1-18-1",
	};
	const char *own = first.domain_sid;
	struct identity out;
	char text[NSS_NAME_SIZE];
	struct sid machine;
	size_t i;

	identity_machine(&machine);
	sid_text(&machine, text);
	for (i = 0; i <= ARRAY_SIZE(wrong); i++) {
		directories_reset();
		first.domain_sid = i < ARRAY_SIZE(wrong) ? wrong[i] : text;
		CHECK(identity_by_name(&who, IDENTITY_USER, "FIRST\\alice", &out) == -ENOENT);
		CHECK(identity_by_id(&who, IDENTITY_USER, 5000, &out) == -ENOENT);
		CHECK(first.asked == 2);
	}
	first.domain_sid = own;
	directories_reset();
	CHECK(!identity_by_name(&who, IDENTITY_USER, "FIRST\\alice", &out) && out.kinds);
}

static void rid_ranges(void)
{
	static const u32 ids[] = { 0, 1, 1000, 65534, 0x7ffffe0a };
	unsigned int kind, i, k;
	u32 rid, id;

	for (i = 0; i < ARRAY_SIZE(ids); i++)
		for (k = IDENTITY_USER; k <= IDENTITY_GROUP; k++)
			CHECK(identity_rid(k, ids[i], &rid) && rid >= 1000 &&
			      identity_of_rid(rid, &kind, &id) && kind == k && id == ids[i]);
	CHECK(identity_rid(IDENTITY_USER, 0x7ffffe0b, &rid) && rid == 0xfffffffe);
	CHECK(identity_rid(IDENTITY_GROUP, 0x7ffffe0b, &rid) && rid == 0xffffffff);
	CHECK(!identity_rid(IDENTITY_USER, 0x7ffffe0c, &rid));
	CHECK(!identity_rid(IDENTITY_GROUP, 0x7ffffe0c, &rid));
	CHECK(!identity_rid(IDENTITY_USER, UINT32_MAX, &rid));
	CHECK(!identity_of_rid(500, &kind, &id) && !identity_of_rid(999, &kind, &id));
}

static void use_order(const char *text, const struct identity_aliases *aliases)
{
	static const struct identity_aliases none;
	struct identity_order order;
	struct why why;

	CHECK(identity_order_parse(&order, text, &why));
	identity_configure(&order, aliases ?: &none);
}

/* This machine's own accounts: other SIDs only if the configuration names them first. */
static void own_accounts(void)
{
	char text[NSS_NAME_SIZE], sid[NSS_NAME_SIZE + 16];
	struct identity out;
	struct sid machine;

	use_order("map local", NULL);
	CHECK(!identity_by_id(&who, IDENTITY_USER, 0, &out));
	sid_text(&out.sid, text);
	SAME(text, "S-1-22-1-0");
	SAME(out.name.domain, "Unix User");
	CHECK(!identity_by_id(&who, IDENTITY_GROUP, 0, &out));
	sid_text(&out.sid, text);
	SAME(text, "S-1-22-2-0");
	CHECK(!identity_by_name(&who, IDENTITY_USER, "root", &out) && out.sid.authority == 22);
	/* The other SID is understood nevertheless. */
	identity_machine(&machine);
	sid_text(&machine, text);
	snprintf(sid, sizeof(sid), "%s-1000", text);
	CHECK(!find_sid(sid, &out) && out.kinds == IDENTITY_USER && out.id == 0);
	snprintf(sid, sizeof(sid), "%s-1001", text);
	CHECK(!find_sid(sid, &out) && out.kinds == IDENTITY_GROUP && out.id == 0);
	snprintf(sid, sizeof(sid), "%s-500", text);
	CHECK(find_sid(sid, &out) == -ENOENT);

	use_order("local map", NULL);
	CHECK(!identity_by_id(&who, IDENTITY_USER, 0, &out));
	sid_text(&out.sid, sid);
	CHECK(!strncmp(sid, text, strlen(text)) && !strcmp(sid + strlen(text), "-1000"));
	CHECK(!identity_by_name(&who, IDENTITY_GROUP, "root", &out) && out.sid.sub[4] == 1001);
	CHECK(!find_sid("S-1-22-1-0", &out) && out.kinds == IDENTITY_USER && !out.id);
	SAME(out.name.name, "root");
	CHECK(!identity_by_name(&who, IDENTITY_USER, "Unix User\\root", &out) &&
	      out.sid.authority == 22);
	use_order("map local", NULL);
}

static int lookup_hang(void *arg, struct identity_query *q)
{
	(void)arg;
	(void)q;
	directory_ask(&first);
	return -ENOENT;
}

/* Accounts of this machine are found when all look-ups wait for a directory. */
static void own_accounts_without_threads(void)
{
	struct identity_query q = { .by = IDENTITY_BY_ID, .kinds = IDENTITY_USER };
	struct lookup_who asks = { .find = lookup_hang };
	unsigned int full = 0;
	struct identity out;

	use_order("local map", NULL);
	pthread_mutex_lock(&first.lock);
	first.hangs = true;
	pthread_mutex_unlock(&first.lock);
	/* Those of tests before may hang, too, or end soon. */
	for (asks.user = 100; full < 100; asks.user++) {
		full = lookup_begin(&asks, &q) ? full + 1 : 0;
		usleep(full ? 1000 : 0);
	}
	CHECK(!identity_by_id(&who, IDENTITY_USER, 0, &out) && out.sid.sub[0] == 21);
	CHECK(!identity_by_name(&who, IDENTITY_GROUP, "root", &out) && !out.id);
	pthread_mutex_lock(&first.lock);
	first.hangs = false;
	pthread_cond_broadcast(&first.moves);
	pthread_mutex_unlock(&first.lock);
	use_order("map local", NULL);
}

static void machine_of_an_id(void)
{
	struct sid a, b;
	char text[NSS_NAME_SIZE];

	identity_machine_derive("0123456789abcdef0123456789abcdef", &a);
	identity_machine_derive("0123456789abcdef0123456789abcdef", &b);
	CHECK(sid_same(&a, &b) && a.nsubs == 4 && a.authority == 5 && a.sub[0] == 21);
	identity_machine_derive("0123456789abcdef0123456789abcdee", &b);
	CHECK(!sid_same(&a, &b) && a.sub[1] && a.sub[2] && a.sub[3]);
	sid_text(&a, text);
	CHECK(sid_parse(text, &b) && sid_same(&a, &b));
}

static void aliases_of_groups(void)
{
	struct identity_aliases aliases = { .n = 0 };
	struct identity out;
	char text[NSS_NAME_SIZE];
	struct why why;

	CHECK(identity_alias_add(&aliases, "Administrators = root", &why));
	CHECK(identity_alias_add(&aliases, "guests=no such group", &why));
	CHECK(!identity_alias_add(&aliases, "administrators = wheel", &why));
	CHECK(!identity_alias_add(&aliases, "Everyone = users", &why));
	CHECK(!identity_alias_add(&aliases, "Users", &why));
	CHECK(!identity_alias_add(&aliases, "Users =", &why));
	use_order("map local", &aliases);
	CHECK(!find_sid("S-1-5-32-544", &out) && out.kinds == IDENTITY_GROUP && !out.id);
	SAME(out.name.name, "Administrators");
	CHECK(!identity_by_name(&who, IDENTITY_GROUP, "BUILTIN\\administrators", &out) &&
	      out.kinds == IDENTITY_GROUP && !out.id);
	CHECK(!find_sid("S-1-5-32-546", &out) && !out.kinds);
	CHECK(!find_sid("S-1-5-32-545", &out) && !out.kinds);
	CHECK(!find_sid("S-1-1-0", &out) && !out.kinds && out.name.use == SID_USE_WELL_KNOWN);
	/* The group keeps its own SID. */
	CHECK(!identity_by_id(&who, IDENTITY_GROUP, 0, &out));
	sid_text(&out.sid, text);
	SAME(text, "S-1-22-2-0");
	use_order("map local", NULL);
}

/* Without a directory's daemon or library its users are unknown for now, and no others. */
static void directories_missing(void)
{
	static const char *const orders[] = { "winbind", "sssd", "sssd winbind local" };
	struct identity out;
	unsigned int i;

	if (!access("/run/samba/winbindd/pipe", F_OK) || !access("/var/lib/sss/pipes/nss", F_OK))
		return;
	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		use_order(orders[i], NULL);
		CHECK(identity_by_id(&who, IDENTITY_USER, 70000, &out) == -EAGAIN);
		CHECK(find_sid("S-1-5-21-1-2-3-1104", &out) == -EAGAIN);
		CHECK(identity_by_name(&who, IDENTITY_USER, "EXAMPLE\\alice", &out) == -EAGAIN);
		CHECK(!identity_by_id(&who, IDENTITY_USER, 0, &out));
		SAME(out.name.name, "root");
		CHECK(!find_sid("S-1-22-2-0", &out) && out.kinds == IDENTITY_GROUP);
		CHECK(!identity_by_name(&who, IDENTITY_USER, "Unix User\\root", &out));
	}
	use_order("map local", NULL);
}

static char mistakes[4096];

static void mistake_note(void *arg, const char *mistake)
{
	(void)arg;
	strncat(mistakes, mistake, sizeof(mistakes) - strlen(mistakes) - 2);
	strcat(mistakes, "\n");
}

static unsigned int map_parse(const char *content)
{
	char *text = mem_string(content);
	unsigned int n;

	mistakes[0] = '\0';
	n = identity_map_parse("idmap", text, mistake_note, NULL);
	free(text);
	return n;
}

static void map_of_identities(void)
{
	struct identity out;
	char text[NSS_NAME_SIZE];

	use_order("map local", NULL);
	CHECK(!map_parse("# comment\n\n"
			 "S-1-5-21-1-2-3-1104 uid 70000 EXAMPLE\\alice\r\n"
			 "\tS-1-5-21-1-2-3-1105   gid 70000 Sales people\n"
			 "S-1-5-21-1-2-3-1106 uid 70001 OTHER\\alice"));
	SAME(mistakes, "");
	CHECK(!identity_by_id(&who, IDENTITY_USER, 70000, &out));
	sid_text(&out.sid, text);
	SAME(text, "S-1-5-21-1-2-3-1104");
	SAME(out.name.name, "alice");
	SAME(out.name.domain, "EXAMPLE");
	CHECK(!find_sid("S-1-5-21-1-2-3-1105", &out) && out.kinds == IDENTITY_GROUP &&
	      out.id == 70000);
	SAME(out.name.name, "Sales people");
	CHECK(!identity_by_name(&who, IDENTITY_GROUP, "sales People", &out) && out.id == 70000);
	CHECK(!identity_by_name(&who, IDENTITY_USER, "other\\Alice", &out) && out.id == 70001);
	CHECK(!identity_by_name(&who, IDENTITY_USER, "alice@EXAMPLE", &out) && out.id == 70000);
	CHECK(identity_by_name(&who, IDENTITY_GROUP, "alice@EXAMPLE", &out) == -ENOENT);
	CHECK(identity_by_id(&who, IDENTITY_GROUP, 70001, &out) == -ENOENT);

	/* A file with mistakes changes nothing, and all mistakes have their lines. */
	CHECK(map_parse("S-1-5-21-1-2-3-2000 uid 70002 carol\n"
			"S-2-5-21 uid 1 a\n"
			"S-1-5-21-1-2-3-9 user 1 a\n"
			"\n"
			"S-1-5-21-1-2-3-9 uid 4294967295 a\n"
			"S-1-5-21-1-2-3-9 gid 7\n"
			"S-1-5-21-1-2-3-9 gid 7 a@b\n"
			"S-1-5-21-1-2-3-9 gid 7 X\\Y\\z\n"
			"S-1-22-1-7 uid 8 a\n"
			"S-1-5-32-544 gid 8 admins\n"
			"S-1-5-21-1-2-3-2000 uid 70003 dora\n"
			"S-1-5-21-1-2-3-2001 uid 70002 eve\n"
			"S-1-5-21-1-2-3-2002 uid 70004 CAROL\n") == 11);
	CHECK(strstr(mistakes, "idmap:2: 'S-2-5-21' is no SID"));
	CHECK(strstr(mistakes, "idmap:3: 'user' is not allowed: uid and gid are"));
	CHECK(strstr(mistakes, "idmap:5: '4294967295' is not allowed"));
	CHECK(strstr(mistakes, "idmap:6: the name is missing"));
	CHECK(strstr(mistakes, "idmap:7: 'a@b'"));
	CHECK(strstr(mistakes, "idmap:8: 'X\\Y\\z' is no name"));
	CHECK(strstr(mistakes, "idmap:9: 'S-1-22-1-7' is the SID of a number already"));
	CHECK(strstr(mistakes, "idmap:10: 'S-1-5-32-544' is BUILTIN\\Administrators"));
	CHECK(strstr(mistakes, "idmap:11: the SID is that of line 1\n"));
	CHECK(strstr(mistakes, "idmap:12: the number is that of line 1\n"));
	CHECK(strstr(mistakes, "idmap:13: the name is that of line 1\n"));
	CHECK(identity_by_name(&who, IDENTITY_USER, "carol", &out) == -ENOENT);
	CHECK(!identity_by_id(&who, IDENTITY_USER, 70000, &out));
	CHECK(identity_map_read("/nonexistent/idmap") == 0);
	CHECK(find_sid("S-1-5-21-1-2-3-1104", &out) == -ENOENT);
}

static void texts_of_sids(void)
{
	static const char *const wrong[] = {
		"", "S-1", "S-1-", "S-1-5", "S-1-5-", "S-1-5-x", "S-1-5-21x", "S-1-5--1",
		"S-1-5-4294967296", "S-1-4294967296-1",
		"S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16", "S-1-0x12-1",
		"S-1-5-99999999999999999999", " S-1-5-1", "S-1-5-1 ",
	};
	struct sid sid;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		CHECK(!sid_parse(wrong[i], &sid));
	CHECK(sid_parse("s-1-5-32-544", &sid) && sid.authority == 5 && sid.nsubs == 2 &&
	      sid.sub[1] == 544);
	CHECK(sid_parse("S-1-0x123456789abc-7", &sid) && sid.authority == 0x123456789abcULL);
}

/* Clients have directory look-ups of their own: what one of them asks leaves room for others. */
static void askers_have_their_own(void)
{
	static const struct address bad = { 16, { 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1, 1 } };
	static const struct address also_bad = { 16, { 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1, 2 } };
	static const struct address good = { 16, { 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 2, 1 } };
	char name[IDMAP_NAME_SIZE];
	unsigned int asked, i;
	u32 id;

	idmap_set_domain("example.org");
	directories_reset();
	pthread_mutex_lock(&first.lock);
	first.hangs = true;
	pthread_mutex_unlock(&first.lock);
	for (i = 0; i < LOOKUPS_MAX; i++) {
		snprintf(name, sizeof(name), "user%u@FIRST", i);
		CHECK(idmap_id(IDENTITY_USER, name, clock_ms() + 20, i & 1 ? &bad : &also_bad,
			       &id) == -EAGAIN);
	}
	asked = directory_asked(&first);
	CHECK(asked > 0);
	CHECK(idmap_id(IDENTITY_USER, "alice@FIRST", clock_ms() + 20, &good, &id) == -EAGAIN);
	directory_wait(&first, asked + 1);
	pthread_mutex_lock(&first.lock);
	first.hangs = false;
	pthread_cond_broadcast(&first.moves);
	pthread_mutex_unlock(&first.lock);
	while (idmap_id(IDENTITY_USER, "alice@FIRST", UINT64_MAX, &bad, &id) == -EAGAIN)
		usleep(1000);
	CHECK(id == 5000);
}

static void names_of_nfs(void)
{
	static const struct identity_source *const directory_and_map[] = {
		&first_source, &identity_map, &identity_unix,
	};
	char name[IDMAP_NAME_SIZE];
	u32 id;

	idmap_set_domain("example.org");
	directories_reset();
	CHECK(!idmap_name(IDENTITY_USER, 5000, UINT64_MAX, NULL, name));
	SAME(name, "alice@FIRST.test");
	CHECK(!idmap_id(IDENTITY_USER, "alice@SECOND", UINT64_MAX, NULL, &id) && id == 6000);
	CHECK(idmap_id(IDENTITY_GROUP, "alice@SECOND", UINT64_MAX, NULL, &id) == -ENOENT);
	CHECK(idmap_id(IDENTITY_USER, "alice", UINT64_MAX, NULL, &id) == -ENOENT);
	second.down = true;
	CHECK(idmap_id(IDENTITY_USER, "bob@SECOND", UINT64_MAX, NULL, &id) == -EAGAIN);
	directories_reset();
	CHECK(map_parse("S-1-5-21-1-2-3-1104 uid 70000 erin") == 0);
	use_order("map local", NULL);
	CHECK(!idmap_name(IDENTITY_USER, 70000, UINT64_MAX, NULL, name));
	SAME(name, "erin@example.org");
	CHECK(!idmap_id(IDENTITY_USER, "erin@example.org", UINT64_MAX, NULL, &id) && id == 70000);
	/* A directory has the same domain: one name is not two users. */
	CHECK(map_parse("S-1-5-21-1-2-3-1104 uid 70000 alice\n"
			"S-1-5-21-1-2-3-1105 uid 70001 erin") == 0);
	directories_reset();
	identity_set_sources(directory_and_map, ARRAY_SIZE(directory_and_map));
	idmap_set_domain("FIRST");
	CHECK(idmap_name(IDENTITY_USER, 70000, UINT64_MAX, NULL, name) == -ENOENT);
	CHECK(!idmap_name(IDENTITY_USER, 5000, UINT64_MAX, NULL, name));
	SAME(name, "alice@FIRST.test");
	CHECK(!idmap_name(IDENTITY_USER, 70001, UINT64_MAX, NULL, name));
	SAME(name, "erin@FIRST");
	idmap_set_domain("example.org");
	CHECK(!map_parse(""));
	use_order("map local", NULL);
}

static void keys_of_the_configuration(void)
{
	char text[] = "[server]\nidentity = winbind  sssd map local\nbuiltin = Users = users\n"
		      "builtin = Administrators = wheel\nnfsidmap = yes\n";
	char wrong[] = "[server]\nidentity = winbind ldap\nbuiltin = Nobody = users\n"
		       "nfsidmap = perhaps\n";
	char twice[] = "[server]\nidentity = map map\n";
	char nothing[] = "";
	struct mistakes m;
	struct config *cfg;

	cfg = config_parse("c", text, strlen(text), &m);
	if (CHECK(cfg)) {
		CHECK(cfg->identity.n == 4 && cfg->identity.source[0] == &identity_winbind &&
		      cfg->identity.source[3] == &identity_local);
		CHECK(cfg->aliases.n == 2 && cfg->aliases.alias[1].rid == 544 && cfg->nfsidmap);
		SAME(cfg->aliases.alias[0].group, "users");
	}
	config_free(cfg);
	mistakes_free(&m);
	CHECK(!config_parse("c", wrong, strlen(wrong), &m) && m.count == 3);
	SAME(m.text[0],
	     "c:2: identity: 'ldap' is not allowed: winbind, sssd, map and local are");
	SAME(m.text[1],
	     "c:3: builtin: 'Nobody' is not allowed: Administrators, Users and Guests are");
	mistakes_free(&m);
	CHECK(!config_parse("c", twice, strlen(twice), &m) && m.count == 1);
	mistakes_free(&m);
	cfg = config_parse("c", nothing, 0, &m);
	CHECK(cfg && cfg->identity.n == 2 && cfg->identity.source[0] == &identity_map &&
	      !cfg->nfsidmap);
	config_free(cfg);
	mistakes_free(&m);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(order_and_directions), TEST(answers_are_kept), TEST(cache_is_limited),
		TEST(refresh_before_the_end), TEST(refreshes_are_limited),
		TEST(directory_outage), TEST(hanging_source),
		TEST(system_numbers), TEST(sids_of_directories), TEST(rid_ranges),
		TEST(own_accounts), TEST(machine_of_an_id), TEST(aliases_of_groups),
		TEST(directories_missing),
		TEST(map_of_identities),
		TEST(texts_of_sids), TEST(names_of_nfs), TEST(askers_have_their_own),
		TEST(keys_of_the_configuration),
		/* Last, as its look-ups take a while to end. */
		TEST(own_accounts_without_threads), { 0 }
	};
	char command[100];
	int status;

	snprintf(dir, sizeof(dir), "/tmp/ditto-identity-XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	status = test_main(tests);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command) || status;
}
