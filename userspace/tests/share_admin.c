// SPDX-License-Identifier: GPL-2.0-only
/* Shares that administrators add, change and remove by remote calls. */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "config/share_roots.h"
#include "ditto-nl-gen.h"
#include "fake_kernel.h"
#include "identity/identity.h"
#include "mem.h"
#include "rpc/share_admin.h"
#include "rpc/share_change.h"
#include "test.h"

#define FULL	SHARE_MASK_FULL
#define READ	SHARE_MASK_READ
/* SIDs of accounts by their numbers. */
#define USER	"S-1-22-1-1000"
#define OTHER	"S-1-22-1-1001"
#define GROUP	"S-1-22-2-100"
#define TEAM	"S-1-22-2-101"
#define EVERYONE	"S-1-1-0"
/* SIDs of a domain: a domain-local group and a user with a number for both, a user without one. */
#define LOCAL_GROUP	"S-1-5-21-1-2-3-1101"
#define DOMAIN_USER	"S-1-5-21-1-2-3-1102"
#define FAR_USER	"S-1-5-21-1-2-3-1103"

static const struct rpc_user admin = { .uid = 0, .administrator = true, .name = "root" };
static struct kernel k;
static char base[32] = "/tmp/ditto-share-admin-XXXXXX";

/* An entry of a descriptor; none at the end. */
struct entry {
	const char *sid;
	u32 type;
	u32 mask;
};

static struct share_path_file file_of(const char *path)
{
	struct stat st = { 0 };

	CHECK(!stat(path, &st));
	return (struct share_path_file){ st.st_dev, st.st_ino };
}

static void roots_use(const char *path)
{
	struct share_roots roots = { .n = 0 };
	struct why why;

	CHECK(!path || share_roots_add(&roots, path, &why));
	share_roots_set(&roots);
	share_roots_free(&roots);
}

static int change_until(const struct rpc_user *user, const struct share_change *change,
			u64 until)
{
	struct ndr_out out;
	int rc;

	ndr_out_init(&out, 60000);
	CHECK(share_change_put(change, &out));
	rc = share_admin_change(&k, user, out.data, out.len, until);
	free(out.data);
	return rc;
}

static int change_by(const struct rpc_user *user, const struct share_change *change)
{
	return change_until(user, change, UINT64_MAX);
}

/* Add a share at a path below the base, in the syntax of Windows. */
static int share_add(const char *name, const char *inner)
{
	char *path = mem_print("c:%s%s", base, inner), *p;
	struct share_change change = { .kind = SHARE_CHANGE_ADD, .name = name, .path = path };
	int rc;

	for (p = path; *p; p++)
		if (*p == '/')
			*p = '\\';
	rc = change_by(&admin, &change);
	free(path);
	return rc;
}

static int set_aces(u32 kind, const char *name, const struct entry *entry)
{
	struct share_change change = { .kind = kind, .name = name, .given = SHARE_CHANGE_ACES };
	struct share_ace ace[8];
	struct sid sid[8];
	u32 n;

	for (n = 0; entry[n].sid; n++) {
		CHECK(sid_parse(entry[n].sid, &sid[n]));
		ace[n] = (struct share_ace){ entry[n].type, entry[n].mask, &sid[n] };
	}
	change.aces = (struct ndr_array){ .n = n, .item = ace };
	return change_by(&admin, &change);
}

#define SET(...) \
	set_aces(SHARE_CHANGE_SET, "x", (const struct entry[]){ __VA_ARGS__, { 0 } })
#define ALLOW(sid, mask)	{ sid, ACE_ALLOWED, mask }
#define DENY(sid, mask)		{ sid, ACE_DENIED, mask }

/* The access of others, and of a user or group by the text of dittoctl. */
static bool access_is(u32 others, const char *user, const char *second)
{
	const struct share *s = k.shares.share[0];
	const char *const want[] = { user, second };
	unsigned int i, n;

	for (n = 0; n < 2 && want[n]; n++)
		;
	if (s->default_access != others || s->users.n != n)
		return false;
	for (i = 0; i < n; i++) {
		const struct share_user *u = &s->users.user[i];
		char *text = mem_print("%c%u=%s", u->group ? 'g' : 'u', u->id,
				       spec_enum_name(&spec_share_right, u->access));
		bool same = !strcmp(text, want[i]);

		free(text);
		if (!same)
			return false;
	}
	return true;
}

/* Like winbind, which gives one number for a user and a group. */
static int domain_find(struct identity *out)
{
	static const struct {
		const char *text;
		enum sid_use use;
		u32 id;
	} known[] = {
		{ LOCAL_GROUP, SID_USE_ALIAS, 100000 }, { DOMAIN_USER, SID_USE_USER, 100001 },
		{ FAR_USER, SID_USE_USER, 0 },
		{ "S-1-5-21-1-2-3-1105", SID_USE_WELL_KNOWN, 100002 },
	};
	struct sid sid;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		CHECK(sid_parse(known[i].text, &sid));
		if (!sid_same(&sid, &out->sid))
			continue;
		out->name.use = known[i].use;
		snprintf(out->name.name, sizeof(out->name.name), "one%zu", i);
		snprintf(out->name.domain, sizeof(out->name.domain), "DOM");
		out->id = known[i].id;
		out->kinds = known[i].id ? IDENTITY_USER | IDENTITY_GROUP : 0;
		return 0;
	}
	return -ENOENT;
}

static const struct identity_source domain_source = {
	.title = "domain",
	.directory = true,
	.by_sid = domain_find,
};

static void kernel_begin(void)
{
	char *path = mem_print("%s/x", base);

	fake_load(&k, 1, "smb");
	roots_use(base);
	fake_opened = &k;
	k.root = file_of(path);
	free(path);
}

static void shares_come_and_go(void)
{
	struct share_change change = { .kind = SHARE_CHANGE_DELETE, .name = "X" };

	kernel_begin();
	CHECK(!share_add("x", "/x"));
	CHECK(k.shares.n == 1 && access_is(DITTO_SHARE_RIGHT_READ, NULL, NULL));
	SAME(k.shares.share[0]->name, "x");
	CHECK(share_add("x", "/x") == -EEXIST && share_add("X", "/x") == -EEXIST &&
	      share_add("ipc$", "/x") == -EEXIST);
	CHECK(!share_add("y", "/x/") && !change_by(&admin, &change) && k.shares.n == 1);
	SAME(k.shares.share[0]->name, "y");
	CHECK(change_by(&admin, &change) == -ENOENT);
	change.kind = SHARE_CHANGE_SET;
	CHECK(change_by(&admin, &change) == -ENOENT);
	fake_unload(&k);
}

/* A share is made without access, and has it once its folder was found to be the right one. */
static void shares_open_when_checked(void)
{
	kernel_begin();
	CHECK(!share_add("x", "/x"));
	SAME(fake_log(&k), "+share:x share:x:600");
	fake_unload(&k);
	kernel_begin();
	k.fail_share = "x";
	CHECK(share_add("x", "/x") == -ENOTDIR && !k.shares.n);
	fake_unload(&k);
}

static void others_change_nothing(void)
{
	static const struct rpc_user user = { .uid = 1000, .name = "user" };
	struct share_change change = { .kind = SHARE_CHANGE_DELETE, .name = "x" };
	static const u8 nonsense[64] = { 7 };

	kernel_begin();
	CHECK(!share_add("x", "/x"));
	CHECK(change_by(&user, &change) == -EACCES && k.shares.n == 1);
	CHECK(share_admin_change(&k, &admin, nonsense, sizeof(nonsense), 0) == -EBADMSG);
	CHECK(share_admin_change(&k, &admin, nonsense, 0, 0) == -EBADMSG);
	fake_unload(&k);
}

static void paths_stay_below_roots(void)
{
	static const char *const bad[] = { "/x/..", "/./x", "//x", "/x/../../etc" };
	static const char *const no_paths[] = { "D:\\x", "\\x", "", "C:" };
	struct share_change change = { .kind = SHARE_CHANGE_DELETE, .name = "x" };
	char *root = mem_print("%s/x", base);
	size_t i;

	kernel_begin();
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(share_add("x", bad[i]) == -EINVAL);
	CHECK(share_add("x", "/link") == -EACCES && share_add("x", "/link/inner") == -EACCES);
	CHECK(share_add("x", "/none") == -ENOTDIR && share_add("x", "/file") == -ENOTDIR);
	change.kind = SHARE_CHANGE_ADD;
	for (i = 0; i < 4; i++) {
		change.path = no_paths[i];
		CHECK(change_by(&admin, &change) == -EINVAL);
	}
	roots_use(root);
	/* The directory itself may be shared; what only begins with its name may not. */
	CHECK(share_add("y", "") == -EACCES && share_add("y", "/xy") == -EACCES);
	CHECK(!k.shares.n);
	CHECK(!share_add("x", "/x"));
	roots_use(NULL);
	CHECK(share_add("y", "/x") == -EACCES);
	change.kind = SHARE_CHANGE_DELETE;
	CHECK(change_by(&admin, &change) == -EACCES);
	change.kind = SHARE_CHANGE_SET;
	change.given = SHARE_CHANGE_COMMENT;
	change.comment = "mine";
	CHECK(change_by(&admin, &change) == -EACCES);
	SAME(fake_log(&k), "+share:x share:x:600");
	free(root);
	fake_unload(&k);
}

/* Who may write in a share-root could exchange another one in it for a link. */
static void the_outermost_root_counts(void)
{
	char *inner = mem_print("%s/link", base);
	struct share_path_file file;
	struct share_roots roots = { .n = 0 };
	struct why why;

	kernel_begin();
	CHECK(share_roots_add(&roots, inner, &why) && share_roots_add(&roots, base, &why));
	share_roots_set(&roots);
	share_roots_free(&roots);
	CHECK(share_add("x", "/link") == -EACCES && !k.shares.n);
	CHECK(share_roots_find(base, 0, &file, &why) == -ETIMEDOUT);
	CHECK(!share_roots_find(base, UINT64_MAX, &file, &why));
	free(inner);
	fake_unload(&k);
}

/* A folder was exchanged for a link while the share was made. */
static void exchanged_folders_are_not_shared(void)
{
	kernel_begin();
	k.root.inode++;
	CHECK(share_add("x", "/x") == -EACCES && !k.shares.n);
	SAME(fake_log(&k), "+share:x -share:x");
	fake_unload(&k);
}

/* A share that was left behind on another folder stays without access. */
static void shares_elsewhere_are_not_changed(void)
{
	kernel_begin();
	CHECK(!share_add("x", "/x"));
	k.shares.share[0]->inode++;
	fake_log(&k);
	CHECK(SET(ALLOW(EVERYONE, FULL)) == -EACCES);
	SAME(fake_log(&k), "");
	fake_unload(&k);
}

static void gate_open(int fd)
{
	char byte = 0;

	CHECK(write(fd, &byte, 1) == 1);
}

static void gate_wait(int fd)
{
	char byte;

	CHECK(read(fd, &byte, 1) == 1);
}

static void *add_in_thread(void *arg)
{
	*(int *)arg = share_add("x", "/x");
	return NULL;
}

/* What another pipe asks for is not done before a share was found to be the right one. */
static void half_made_shares_are_not_changed(void)
{
	struct share_change change = { .kind = SHARE_CHANGE_SET, .name = "x",
				       .given = SHARE_CHANGE_COMMENT, .comment = "mine" };
	pthread_t thread;
	int added = -1;
	int pair[2];

	kernel_begin();
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	k.gate = pair[1];
	CHECK(!pthread_create(&thread, NULL, add_in_thread, &added));
	gate_wait(pair[0]);
	CHECK(change_until(&admin, &change, clock_ms() + 50) == -EIO);
	change.kind = SHARE_CHANGE_DELETE;
	CHECK(change_until(&admin, &change, clock_ms() + 50) == -EIO);
	gate_open(pair[0]);
	pthread_join(thread, NULL);
	SAME(fake_log(&k), "+share:x share:x:600");
	CHECK(!added && k.shares.n == 1);
	k.gate = 0;
	close(pair[0]);
	close(pair[1]);
	fake_unload(&k);
}

/* The client has an answer while requests still run in a share that it removed. */
static void removals_do_not_wait_for_requests(void)
{
	struct share_change change = { .kind = SHARE_CHANGE_DELETE, .name = "x" };
	unsigned int i;
	int pair[2];

	kernel_begin();
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	for (i = 0; i < 8; i++) {
		k.gate = 0;
		CHECK(!share_add("x", "/x"));
		k.gate = pair[1];
		CHECK(!change_by(&admin, &change) && !k.shares.n);
	}
	k.gate = 0;
	CHECK(!share_add("x", "/x"));
	CHECK(change_by(&admin, &change) == -EIO && k.shares.n == 1);
	for (i = 0; i < 8; i++) {
		gate_wait(pair[0]);
		gate_open(pair[0]);
	}
	/* One of these has ended soon. */
	while (change_by(&admin, &change))
		usleep(1000);
	CHECK(!k.shares.n);
	fake_unload(&k);
}

static void options_change(void)
{
	struct share_change change = { .kind = SHARE_CHANGE_SET, .name = "x",
				       .given = SHARE_CHANGE_FLAGS | SHARE_CHANGE_COMMENT,
				       .comment = "for all", .flags = SHARE_FLAG_ENCRYPT };
	char *long_text = mem_new(301);

	kernel_begin();
	CHECK(!share_add("x", "/x"));
	CHECK(!change_by(&admin, &change));
	SAME(k.shares.share[0]->comment, "for all");
	CHECK(k.shares.share[0]->encrypt && !k.shares.share[0]->hide_unreadable);
	change.flags = 0x4000;
	CHECK(change_by(&admin, &change) == -EOPNOTSUPP);
	change.given = SHARE_CHANGE_COMMENT;
	change.comment = memset(long_text, 'x', 300);
	CHECK(change_by(&admin, &change) == -EINVAL);
	free(long_text);
	fake_unload(&k);
}

static void descriptors_become_users(void)
{
	kernel_begin();
	CHECK(!share_add("x", "/x"));
	CHECK(!SET(ALLOW(EVERYONE, FULL)) && access_is(DITTO_SHARE_RIGHT_WRITE, NULL, NULL));
	CHECK(!SET(ALLOW(EVERYONE, READ), ALLOW(GROUP, FULL)) &&
	      access_is(DITTO_SHARE_RIGHT_READ, "g100=write", NULL));
	CHECK(!SET(ALLOW(USER, READ), ALLOW(OTHER, GENERIC_FULL)) &&
	      access_is(DITTO_SHARE_RIGHT_NONE, "u1000=read", "u1001=write"));
	/* What everybody has adds to what a user or group has. */
	CHECK(!SET(ALLOW(USER, READ), ALLOW(EVERYONE, FULL)) &&
	      access_is(DITTO_SHARE_RIGHT_WRITE, "u1000=write", NULL));
	CHECK(!SET(DENY(USER, FULL), ALLOW(EVERYONE, READ), ALLOW(USER, FULL)) &&
	      access_is(DITTO_SHARE_RIGHT_READ, "u1000=none", NULL));
	CHECK(!SET(DENY(GROUP, FULL), ALLOW(EVERYONE, READ)) &&
	      access_is(DITTO_SHARE_RIGHT_READ, "g100=none", NULL));
	CHECK(!SET(ALLOW(USER, READ), ALLOW(USER, FULL), ALLOW(GROUP, READ)) &&
	      access_is(DITTO_SHARE_RIGHT_NONE, "u1000=write", "g100=read"));
	CHECK(!set_aces(SHARE_CHANGE_SET, "x", (const struct entry[]){ { 0 } }) &&
	      access_is(DITTO_SHARE_RIGHT_NONE, NULL, NULL));
	fake_unload(&k);
}

/* A number for both kinds is used as what the SID is: a denied group must not become a user. */
static void kinds_of_sids_decide(void)
{
	kernel_begin();
	CHECK(!share_add("x", "/x"));
	CHECK(!SET(DENY(LOCAL_GROUP, FULL), ALLOW(EVERYONE, READ)) &&
	      access_is(DITTO_SHARE_RIGHT_READ, "g100000=none", NULL));
	CHECK(!SET(DENY(DOMAIN_USER, FULL), ALLOW(EVERYONE, READ)) &&
	      access_is(DITTO_SHARE_RIGHT_READ, "u100001=none", NULL));
	CHECK(SET(ALLOW("S-1-5-21-1-2-3-1105", READ)) == -EOPNOTSUPP);
	fake_unload(&k);
}

/* The user of the domain and one of this machine may be the same. */
static void denied_users_in_another_form(void)
{
	kernel_begin();
	CHECK(!share_add("x", "/x"));
	fake_log(&k);
	CHECK(SET(DENY(FAR_USER, FULL), ALLOW(USER, FULL)) == -EOPNOTSUPP);
	CHECK(SET(DENY(USER, FULL), ALLOW(FAR_USER, READ)) == -EOPNOTSUPP);
	SAME(fake_log(&k), "");
	CHECK(!SET(DENY(FAR_USER, FULL), ALLOW(EVERYONE, READ)));
	CHECK(!SET(DENY(FAR_USER, FULL), DENY(USER, FULL), ALLOW(EVERYONE, READ)));
	CHECK(!SET(ALLOW(FAR_USER, FULL), ALLOW(USER, READ)));
	fake_unload(&k);
}

/* Who is an administrator of the share and gets Read is none any more, whatever everybody has. */
static void lowered_admins_are_none(void)
{
	struct why why;

	kernel_begin();
	CHECK(!share_add("x", "/x") && share_add_user(k.shares.share[0], "1000=admin", &why));
	CHECK(!SET(ALLOW(USER, READ), ALLOW(EVERYONE, FULL)) &&
	      access_is(DITTO_SHARE_RIGHT_WRITE, "u1000=write", NULL));
	fake_unload(&k);
	kernel_begin();
	CHECK(!share_add("x", "/x") && share_add_group(k.shares.share[0], "100=admin", &why));
	CHECK(!SET(ALLOW(USER, FULL), ALLOW(GROUP, FULL)) &&
	      access_is(DITTO_SHARE_RIGHT_NONE, "u1000=write", "g100=admin"));
	fake_unload(&k);
}

static void shares_of_nfs_stay(void)
{
	struct share_change change = { .kind = SHARE_CHANGE_DELETE, .name = "x" };
	struct why why;

	kernel_begin();
	CHECK(!share_add("x", "/x"));
	fake_log(&k);
	CHECK(share_set_protocols(k.shares.share[0], "nfs smb", &why));
	CHECK(change_by(&admin, &change) == -EACCES);
	CHECK(SET(ALLOW(EVERYONE, FULL)) == -EACCES);
	SAME(fake_log(&k), "");
	fake_unload(&k);
}

/* What the users of a share cannot say is refused, and changes nothing. */
static void other_descriptors_are_refused(void)
{
	kernel_begin();
	CHECK(!share_add("x", "/x"));
	fake_log(&k);
	CHECK(SET(ALLOW(EVERYONE, SHARE_MASK_CHANGE)) == -EOPNOTSUPP);
	CHECK(SET(ALLOW(EVERYONE, 0)) == -EOPNOTSUPP);
	CHECK(SET(DENY(USER, READ), ALLOW(EVERYONE, READ)) == -EOPNOTSUPP);
	CHECK(SET(DENY(EVERYONE, FULL)) == -EOPNOTSUPP);
	CHECK(SET(ALLOW(USER, READ), ALLOW(GROUP, FULL)) == -EOPNOTSUPP);
	CHECK(SET(DENY(GROUP, FULL), ALLOW(TEAM, READ)) == -EOPNOTSUPP);
	CHECK(SET(DENY(GROUP, FULL), ALLOW(USER, READ)) == -EOPNOTSUPP);
	CHECK(SET(ALLOW(EVERYONE, READ), DENY(USER, FULL)) == -EOPNOTSUPP);
	/* Authenticated Users; and an object of Windows that is no account here. */
	CHECK(SET(ALLOW("S-1-5-11", READ)) == -EOPNOTSUPP);
	CHECK(SET(ALLOW("S-1-5-21-1-2-3-1104", READ)) == -EOPNOTSUPP);
	SAME(fake_log(&k), "");
	fake_unload(&k);
}

/* A client that sends back what it has read changes nothing, whatever dittoctl had set. */
static void what_was_read_is_kept(void)
{
	struct share *s;
	struct why why;

	kernel_begin();
	CHECK(!share_add("x", "/x"));
	s = k.shares.share[0];
	CHECK(share_add_user(s, "1000=admin", &why) && share_add_user(s, "1001=none", &why) &&
	      share_add_group(s, "100=read", &why));
	s->default_access = DITTO_SHARE_RIGHT_WRITE;
	s->given.attrs |= SHARE_BIT(DITTO_A_SHARE_DEFAULT_ACCESS);
	fake_log(&k);
	CHECK(!SET(DENY(OTHER, FULL), ALLOW(USER, FULL), ALLOW(GROUP, READ),
		   ALLOW(EVERYONE, FULL)));
	SAME(fake_log(&k), "");
	/* An administrator of the share remains one. */
	CHECK(!SET(ALLOW(USER, FULL), ALLOW(EVERYONE, READ)) &&
	      access_is(DITTO_SHARE_RIGHT_READ, "u1000=admin", NULL));
	fake_unload(&k);
}

/* Descriptors are read as they were written; cut ones and other kinds are refused. */
static void descriptors_are_decoded(void)
{
	struct sid sid = share_everyone;
	struct share_ace ace[2] = { { ACE_DENIED, FULL, &sid }, { ACE_ALLOWED, READ, &sid } };
	struct ndr_array aces = { .n = 2, .item = ace }, got, bytes;
	struct mem_chain *chain = NULL;
	u8 *data;
	u32 i;

	share_descriptor_put(&aces, &bytes, &chain);
	data = bytes.item;
	CHECK(!share_descriptor_get(data, bytes.n, &got, &chain));
	CHECK(share_aces_same(&aces, &got));
	for (i = 0; i < bytes.n; i++)
		CHECK(share_descriptor_get(data, i, &got, &chain) == -EINVAL);
	for (i = 0; i < bytes.n; i++) {
		u8 old = data[i];

		/* Whatever a byte is, nothing is read outside. */
		for (data[i] = 0; ++data[i];)
			share_descriptor_get(data, bytes.n, &got, &chain);
		data[i] = old;
	}
	data[bytes.n - 20] = 5;
	CHECK(share_descriptor_get(data, bytes.n, &got, &chain) == -EOPNOTSUPP);
	memset(data + 16, 0, 4);
	CHECK(!share_descriptor_get(data, bytes.n, &got, &chain) && got.n == 1);
	ace[0] = (struct share_ace){ ACE_ALLOWED, FULL, &sid };
	aces.n = 1;
	CHECK(share_aces_same(&aces, &got));
	/* Not present: SE_DACL_PRESENT is not set, wherever the DACL is. */
	data[2] &= (u8)~4;
	CHECK(share_descriptor_get(data, bytes.n, &got, &chain) == -ENODATA);
	mem_chain_free(&chain);
}

static void same_entries_in_any_order(void)
{
	struct sid everyone = share_everyone;
	const struct share_ace full = { ACE_ALLOWED, FULL, &everyone };
	const struct share_ace read = { ACE_ALLOWED, READ, &everyone };
	struct share_ace first[] = { full, read }, second[] = { read, full };
	struct share_ace twice[] = { full, full };
	const struct ndr_array a = { .n = 2, .item = first }, b = { .n = 2, .item = second };
	const struct ndr_array c = { .n = 2, .item = twice }, less = { .n = 1, .item = first };

	CHECK(share_aces_same(&a, &b));
	CHECK(!share_aces_same(&a, &c) && !share_aces_same(&c, &a) && !share_aces_same(&a, &less));
}

int main(void)
{
	static const struct identity_source *const sources[] = { &domain_source, &identity_unix };
	static const struct test tests[] = {
		TEST(shares_come_and_go), TEST(shares_open_when_checked),
		TEST(others_change_nothing),
		TEST(paths_stay_below_roots), TEST(the_outermost_root_counts),
		TEST(exchanged_folders_are_not_shared),
		TEST(shares_elsewhere_are_not_changed),
		TEST(half_made_shares_are_not_changed),
		TEST(removals_do_not_wait_for_requests),
		TEST(options_change), TEST(descriptors_become_users),
		TEST(kinds_of_sids_decide), TEST(denied_users_in_another_form),
		TEST(lowered_admins_are_none), TEST(shares_of_nfs_stay),
		TEST(other_descriptors_are_refused), TEST(what_was_read_is_kept),
		TEST(descriptors_are_decoded), TEST(same_entries_in_any_order), { 0 }
	};
	char *command;
	int rc;

	if (!mkdtemp(base))
		return 1;
	command = mem_print("mkdir %s/x %s/xy && touch %s/file && ln -s x %s/link", base, base,
			    base, base);
	identity_set_sources(sources, ARRAY_SIZE(sources));
	rc = system(command) ?: test_main(tests);
	free(command);
	command = mem_print("rm -r %s", base);
	rc |= system(command);
	free(command);
	return rc;
}
