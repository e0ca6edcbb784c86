// SPDX-License-Identifier: GPL-2.0-only
/* compare() with a fake kernel: all that differs from the configuration is told, and no more. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/apply.h"
#include "config/compare.h"
#include "config/config.h"
#include "config/running.h"
#include "config/running_text.h"
#include "nl/status.h"
#include "state/state.h"
#include "fake_kernel.h"
#include "mem.h"
#include "test.h"

static struct state *st;
static struct kernel k;

/* A form feed is between two files. */
static struct config_texts texts_of(const char *text)
{
	struct config_texts texts = { 0 };
	size_t len;

	for (;; text += len + 1) {
		len = strcspn(text, "\f");
		config_texts_add(&texts, "f", mem_print("%.*s", (int)len, text), len);
		if (!text[len])
			return texts;
	}
}

static struct config *config_of(const char *text)
{
	struct config_texts texts = texts_of(text);
	struct mistakes m;
	struct config *cfg = config_texts_parse(&texts, &m);

	mistakes_free(&m);
	config_texts_free(&texts);
	return cfg;
}

/* Apply a configuration to a new server. */
static void apply_first(u64 started, const char *text)
{
	struct applied before = { 0 }, result = { 0 };
	struct config *cfg = config_of(text);
	bool stopped = false;

	fake_load(&k, started, "nfs");
	if (CHECK(cfg))
		apply(&k, cfg, st, &before, &result, &stopped, false);
	applied_free(&result);
	config_free(cfg);
	fake_log(&k);
}

/* Compare with a configuration; the result is "WHAT: WHY" in lines, remarks with "# " before. */
static const char *compared_with(const char *text)
{
	struct config *cfg = config_of(text);
	struct compared result = { 0 };
	static char lines[4000];
	unsigned int i;
	size_t len = 0;

	lines[0] = '\0';
	if (!CHECK(cfg))
		return lines;
	compare(&k, cfg, &result);
	for (i = 0; i < result.problems.n; i++)
		len += (size_t)snprintf(lines + len, sizeof(lines) - len, "%s: %s\n",
					result.problems.list[i].what, result.problems.list[i].why);
	for (i = 0; i < result.remarks.n; i++)
		len += (size_t)snprintf(lines + len, sizeof(lines) - len, "# %s: %s\n",
					result.remarks.list[i].what, result.remarks.list[i].why);
	compared_free(&result);
	config_free(cfg);
	/* Nothing is changed. */
	SAME(fake_log(&k), "");
	return lines;
}

#define A	"[share a]\npath = /a\n"
#define B	"[share b]\npath = /b\n"

static void equal_to_the_file(void)
{
	static const char text[] = "[server]\nthreads = 4\n[listener nfs]\n" A
				   "user = root=read\nallow = 192.0.2.0/24,anon-gid=7\n" B;

	apply_first(1, text);
	SAME(compared_with(text), "");
	fake_unload(&k);
	apply_first(2, "");
	SAME(compared_with(""), "");
	fake_unload(&k);
}

static void what_the_file_asks_for(void)
{
	apply_first(3, "[server]\nthreads = 4\n" A B);
	SAME(compared_with("[server]\nthreads = 5\n[listener nfs]\n[listener smb]\n" A
			   "read_only = yes\nsquash = none\n"
			   "[share b]\npath = /c\n[share c]\npath = /c\n"),
	     "setting threads: is 4, and 5 in the configuration file\n"
	     "share a: other options than in the configuration file: read-only, squash\n"
	     "share b: serves /b, and /c in the configuration file\n"
	     "share c: in the configuration file, and not served\n"
	     "listener smb tcp *: in the configuration file, and not there\n");
	fake_unload(&k);
}

static void what_was_added_by_hand(void)
{
	struct listener l = { .protocol = "nfs", .transport = DITTO_TRANSPORT_TYPE_UDP };
	struct share *hand = share_new("hand");
	struct why why;
	u32 id;

	apply_first(4, A);
	CHECK(share_set_path(hand, "/hand", &why));
	CHECK(!kernel_share_add(&k, hand) && !kernel_listener_add(&k, &l, &id));
	k.server.value[SETTING_threads] = 9;
	k.server.value[SETTING_udp] = settings[SETTING_udp].initial;
	fake_log(&k);
	SAME(compared_with(A),
	     "# added by hand: setting threads, share hand, listener nfs udp * port 2049: not in the configuration file: gone at the next start unless \"dittoctl config save\" writes it there\n");
	share_free(hand);
	fake_unload(&k);
}

/* What does not fit into a sentence is counted. */
static void many_by_hand(void)
{
	char name[64], *end;
	struct why why;
	const char *said;
	unsigned int i;

	apply_first(5, "");
	for (i = 0; i < 50; i++) {
		struct share *s;

		snprintf(name, sizeof(name), "a-share-with-a-name-%02u", i);
		s = share_new(name);
		CHECK(share_set_path(s, "/x", &why) && !kernel_share_add(&k, s));
		share_free(s);
	}
	k.log[0] = '\0';
	said = compared_with("");
	end = strstr(said, " more are not in the configuration file");
	CHECK(end && strlen(said) < 900);
	fake_unload(&k);
}

/* Change a configuration to what is served; what stays in it is put behind, with "# " before. */
static const char *text_saved(const char *before, const struct status *status)
{
	struct config *cfg = config_of(before);
	struct problems kept;
	static char text[4000];
	struct running r;
	struct config_texts texts = texts_of(before), after;
	unsigned int i;

	text[0] = '\0';
	if (!CHECK(cfg)) {
		config_texts_free(&texts);
		return text;
	}
	CHECK(!running_read(&k, &r));
	after = running_text(&r, cfg, &texts, status, &kept);
	for (i = 0; i < after.n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? "\f" : "",
			 after.file[i].text);
	for (i = 0; i < kept.n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "# %s\n",
			 kept.list[i].what);
	problems_free(&kept);
	config_texts_free(&after);
	config_texts_free(&texts);
	running_free(&r);
	config_free(cfg);
	return text;
}

/* Change a share of the fake kernel by hand. */
static void by_hand(const char *name, const char *option, const char *value)
{
	struct share *s = kernel_share_get(&k, name);
	struct why why;

	if (!CHECK(s))
		return;
	CHECK(share_set_option(s, option, value, &why) && !kernel_share_set(&k, s));
	share_free(s);
}

/* Only what differs is changed in the text, and the text is then the same as what is served. */
static void text_of_what_runs(void)
{
	static const char before[] =
		"# all of it\n\n[server]\n# threads = 9\n  threads = 4\n\n"
		"[share a]\n# the first\npath = /a\nallow = 192.0.2.1\n# behind\nread_only=on\n\n"
		"# above b\n[share b]\npath = /b\n; no more\n\n# the end\n";
	struct listener l = { .protocol = "smb", .port = 1445 };
	struct share *hand = share_new("hand");
	char open[sizeof(before)], saved[1000];
	struct why why;
	u32 id;

	apply_first(20, before);
	SAME(text_saved(before, NULL), before);
	snprintf(open, sizeof(open), "%.*s", (int)strlen(before) - 1, before);
	SAME(text_saved(open, NULL), open);
	by_hand("a", "read-only", "no");
	by_hand("a", "squash", "none");
	k.server.value[SETTING_threads] = 7;
	CHECK(!kernel_share_del(&k, "b"));
	CHECK(share_set_path(hand, "/h", &why) && share_add_rule(hand, "any=ro,anon-uid=7", &why) &&
	      share_set_comment(hand, "it's = mine", &why));
	CHECK(share_set_id(hand, "00112233-4455-6677-8899-aabbccddeeff", &why));
	CHECK(!kernel_share_add(&k, hand) && !kernel_listener_add(&k, &l, &id));
	SAME(text_saved(before, NULL),
	     "# all of it\n\n[server]\n# threads = 9\nthreads = 7\n\n"
	     "[share a]\n# the first\npath = /a\nallow = 192.0.2.1\n# behind\nread-only = no\nsquash = none\n\n"
	     "# above b\n; no more\n\n# the end\n\n"
	     "[share hand]\npath = /h\nid = 00112233-4455-6677-8899-aabbccddeeff\ncomment = it's = mine\nallow = any=ro,anon-uid=7\n\n"
	     "[listener nfs]\n\n[listener smb]\nport = 1445\n");
	fake_log(&k);
	SAME(compared_with(text_saved(before, NULL)), "");
	/* The end of the last line is there once others follow. */
	snprintf(saved, sizeof(saved), "%s", text_saved(before, NULL));
	SAME(text_saved(open, NULL), saved);
	share_free(hand);
	fake_unload(&k);
}

/* A share leaves its template where it has less than that, and keeps all else that it had of it. */
static void text_with_template(void)
{
#define T	"[ template  t ]\nread_only = yes\ncomment = x\nallow = any=ro\n" \
		"allow = 192.0.2.1=rw\nmountpoint = no\n\n"
#define S	T "[listener nfs]\n\n[share a]\npath = /a\n"
	static const char before[] = S "template = t\nguest = yes\n";
	struct share *s;
	struct why why;

	apply_first(27, before);
	SAME(text_saved(before, NULL), before);
	by_hand("a", "read-only", "no");
	SAME(text_saved(before, NULL), S "template = t\nguest = yes\nread-only = no\n");
	s = kernel_share_get(&k, "a");
	CHECK(share_set_comment(s, "", &why) && !kernel_share_set(&k, s));
	share_free(s);
	SAME(text_saved(before, NULL),
	     S "guest = yes\nread-only = no\n"
	     "allow = any=ro\nallow = 192.0.2.1=rw\nmountpoint = no\n");
	fake_log(&k);
	SAME(compared_with(text_saved(before, NULL)), "");
	fake_unload(&k);
#undef S
#undef T
}

/* A section is changed in the file in which it stands, and a new one is in the first file. */
static void texts_of_files(void)
{
#define T	"[template t]\nread-only = yes\ncomment = x\n"
	static const char before[] =
		T "\f# ours\n\n[share a]\npath = /a\ntemplate = t\n\f\n"
		"# theirs\n\n[share b]\npath = /b\n\n[listener nfs]\n[server]\nthreads = 4\n"
		"\f[share c]\npath = /c\n\f";
	struct share *hand = share_new("hand"), *s;
	struct why why;

	apply_first(31, before);
	SAME(text_saved(before, NULL), before);
	k.server.value[SETTING_threads] = 7;
	by_hand("b", "squash", "none");
	CHECK(!kernel_share_del(&k, "c"));
	s = kernel_share_get(&k, "a");
	CHECK(share_set_comment(s, "", &why) && !kernel_share_set(&k, s));
	share_free(s);
	CHECK(share_set_path(hand, "/h", &why) && share_add_rule(hand, "any=ro", &why) &&
	      share_set_id(hand, "00112233-4455-6677-8899-aabbccddeeff", &why) &&
	      !kernel_share_add(&k, hand));
	fake_log(&k);
	SAME(text_saved(before, NULL),
	     T "\n[share hand]\npath = /h\n"
	     "id = 00112233-4455-6677-8899-aabbccddeeff\nallow = any=ro\n"
	     "\f# ours\n\n[share a]\npath = /a\nread-only = yes\n\f\n"
	     "# theirs\n\n[share b]\npath = /b\nsquash = none\n\n"
	     "[listener nfs]\n[server]\nthreads = 7\n\f\f");
	SAME(compared_with(text_saved(before, NULL)), "");
	share_free(hand);
	fake_unload(&k);
#undef T
}

/* apply() serves a share again for the sake of its id. */
static void another_id(void)
{
	static const char text[] =
		"[listener nfs]\n" A "id = 00112233-4455-6677-8899-aabbccddeeff\n";

	apply_first(25, text);
	SAME(compared_with(text), "");
	SAME(compared_with("[listener nfs]\n" A), "");
	memcpy(k.shares.share[0]->id, "0123456789abcdef", 16);
	SAME(compared_with(text), "share a: other options than in the configuration file: id\n");
	SAME(text_saved(text, NULL),
	     "[listener nfs]\n" A "id = 30313233-3435-3637-3839-616263646566\n");
	fake_unload(&k);
}

/* A share was removed and added with another path and other options. */
static void another_share_of_a_name(void)
{
	static const char text[] = "[listener nfs]\n" A "squash = none\ncomment = x\n" B;
	struct share *hand = share_new("a");
	struct why why;

	apply_first(26, text);
	CHECK(!kernel_share_del(&k, "a"));
	CHECK(share_set_path(hand, "/elsewhere", &why) && share_add_rule(hand, "any=ro", &why) &&
	      share_set_comment(hand, "x", &why) && !kernel_share_add(&k, hand));
	fake_log(&k);
	SAME(text_saved(text, NULL),
	     "[listener nfs]\n[share a]\npath = /elsewhere\nsquash = root-to-guest\n"
	     "comment = x\nallow = any=ro\n" B);
	SAME(compared_with(text_saved(text, NULL)), "");
	share_free(hand);
	fake_unload(&k);
}

/* What a module is too old to tell is no difference, and stays in the file. */
static void option_that_is_unknown(void)
{
	static const char text[] = "[listener nfs]\n" A "guest = yes\nread-only = yes\n";

	apply_first(24, "[listener nfs]\n" A);
	k.unknown = SHARE_OPTION_BIT(SHARE_OPTION_guest);
	SAME(compared_with(text),
	     "share a: other options than in the configuration file: read-only\n");
	SAME(text_saved(text, NULL), "[listener nfs]\n" A "guest = yes\nread-only = no\n");
	fake_unload(&k);
}

/* A share whose disk is away stays in the file, other than one that was removed. */
static void what_could_not_be_served(void)
{
	static const char before[] = "[listener nfs]\n" A B;
	struct status_problem missed = {
		(char *)"share a", (char *)"in the configuration file, and not served",
	};
	struct status_problem failed = {
		(char *)"share b", (char *)"not added: path: no such directory",
	};
	const struct status status = {
		.failure = &failed, .nfailures = 1, .problem = &missed, .nproblems = 1,
	};

	apply_first(21, "[listener nfs]\n");
	SAME(text_saved(before, &status), "[listener nfs]\n" B "# share b\n");
	fake_unload(&k);
}

/* Options and settings that could not be applied stay, and what was not removed is not added. */
static void what_could_not_be_changed(void)
{
	static const char before[] = "[server]\nthreads = 5\n[listener nfs]\n" A
				     "squash = none\nread-only = yes\n" B;
	struct status_problem p[] = {
		{ (char *)"setting threads", (char *)"not changed: no" },
		{ (char *)"share a", (char *)"there is no user 'x' on this machine" },
		{ (char *)"share c", (char *)"not removed: busy" },
		{ (char *)"listener nfs tcp * port 3049", (char *)"not removed: no" },
		{ (char *)"listener smb tcp *", (char *)"not removed: no" },
	};
	struct status_problem full = { (char *)"share b", (char *)"its file system is full" };
	const struct status status = {
		.failure = p, .nfailures = 5, .problem = &full, .nproblems = 1,
	};

	apply_first(23, "[server]\nthreads = 4\n[listener nfs]\n[listener nfs]\nport = 3049\n"
			A B "comment = x\n[share c]\npath = /c\n");
	SAME(text_saved(before, &status),
	     "[server]\nthreads = 5\n[listener nfs]\n" A "squash = none\nread-only = yes\n" B
	     "comment = x\n# setting threads\n# share a\n# share c\n"
	     "# listener nfs tcp * port 3049\n");
	fake_unload(&k);
}

/* A dry run tells the changes and makes none. */
static void dry_run(void)
{
	struct applied before = { 0 }, result = { 0 };
	struct config *cfg = config_of("[server]\nthreads = 8\n" B);
	bool stopped = false;
	unsigned int i;
	char text[400] = "";

	apply_first(22, "[server]\nthreads = 4\n" A);
	k.dry = true;
	if (CHECK(cfg))
		apply(&k, cfg, st, &before, &result, &stopped, false);
	for (i = 0; i < result.changes.n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s %s\n",
			 result.changes.list[i].what, result.changes.list[i].why);
	SAME(text,
	     "setting threads changed to 8 from 4\nshare a removed\nshare b added\n");
	SAME(fake_log(&k), "");
	CHECK(k.shares.n == 1 && k.server.value[SETTING_threads] == 4);
	applied_free(&result);
	config_free(cfg);
	fake_unload(&k);
}

/* A share that wants tickets needs a key that can read them. */
static void missing_keytab(void)
{
	setenv("KRB5_KTNAME", "FILE:/nonexistent/keytab", 1);
	apply_first(6, A "sec = krb5\n" B);
	SAME(compared_with(A "sec = krb5\n" B),
	     "share a: NFS clients with Kerberos are refused: FILE:/nonexistent/keytab: Key table file '/nonexistent/keytab' not found\n");
	/* Somebody else has it then. */
	SAME(compared_with("[server]\nnfs-gss = gssproxy\n" A "sec = krb5\n" B), "");
	fake_unload(&k);
}

/* The same for those who have no other way in. */
static void missing_keytab_of_smb(void)
{
	static const char text[] = "[listener smb]\n" A "auth = kerberos\n" B "[share c]\n"
				   "path = /c\nauth = kerberos\nprotocols = nfs\n";
	struct listener l = { .protocol = "smb", .port = 445 };
	u32 id;

	setenv("KRB5_KTNAME", "FILE:/nonexistent/keytab", 1);
	apply_first(8, text);
	CHECK(!kernel_listener_add(&k, &l, &id));
	fake_log(&k);
	SAME(compared_with(text),
	     "share a: SMB clients with Kerberos are refused: FILE:/nonexistent/keytab: Key table file '/nonexistent/keytab' not found\n");
	fake_unload(&k);
}

/* NFS needs file handles, unless it is not asked to serve the share. */
static void no_file_handles(void)
{
	apply_first(9, A B "protocols = smb\n");
	k.shares.share[0]->no_handles = true;
	k.shares.share[1]->no_handles = true;
	SAME(compared_with(A B "protocols = smb\n"),
	     "share a: NFS cannot serve it, because its file system (?) gives no file handles; the option \"protocols smb\" says that it is for SMB\n");
	fake_unload(&k);
}

/* A file system is told of when little of it is free, and one that hangs holds nothing up. */
static void space_of_file_systems(void)
{
	apply_first(10, A B);
	fake_space = (struct share_path_space){ .size = 1000, .free = 50 };
	SAME(compared_with(A B), "");
	fake_space.free = 49;
	fake_stuck = "/a";
	SAME(compared_with(A B), "# share b: 4% of its file system is free\n");
	fake_stuck = NULL;
	fake_space.free = 0;
	SAME(compared_with(A B),
	     "share a: its file system is full\nshare b: its file system is full\n");
	/* One without a size is never full. */
	fake_space = (struct share_path_space){ 0 };
	SAME(compared_with(A B), "");
	fake_unload(&k);
}

/* A bin that others can change is told of for shares that have one. */
static void bin_open_to_others(void)
{
	apply_first(11, A "trash = yes\n" B);
	fake_space = (struct share_path_space){ .bin_is_open = true };
	CHECK(!strncmp(compared_with(A "trash = yes\n" B), "bin of share a: what clients", 28));
	fake_space = (struct share_path_space){ 0 };
	SAME(compared_with(A "trash = yes\n" B), "");
	fake_unload(&k);
}

/* A kernel that does not answer differs in nothing. */
static void no_module(void)
{
	fake_load(&k, 7, "nfs");
	fake_unload(&k);
	SAME(compared_with(A), "");
}

int main(void)
{
	static const struct test tests[] = {
		TEST(equal_to_the_file), TEST(what_the_file_asks_for), TEST(what_was_added_by_hand),
		TEST(many_by_hand), TEST(text_of_what_runs), TEST(text_with_template),
		TEST(texts_of_files), TEST(what_could_not_be_served),
		TEST(option_that_is_unknown), TEST(another_id), TEST(another_share_of_a_name),
		TEST(what_could_not_be_changed), TEST(dry_run), TEST(missing_keytab),
		TEST(missing_keytab_of_smb), TEST(bin_open_to_others),
		TEST(no_file_handles), TEST(space_of_file_systems), TEST(no_module), {0}
	};
	char dir[] = "/tmp/ditto-compare.XXXXXX", path[64];
	struct why why;
	int failed;

	if (!mkdtemp(dir))
		return 1;
	st = state_open(dir, &why);
	failed = st ? test_main(tests) : 1;
	state_close(st);
	snprintf(path, sizeof(path), "rm -r %s", dir);
	return system(path) || failed;
}
