// SPDX-License-Identifier: GPL-2.0-only
/* apply() with a fake kernel: only differences are applied. */

#include <dlfcn.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "config/apply.h"
#include "config/config.h"
#include "config/homes.h"
#include "state/state.h"
#include "fake_kernel.h"
#include "mem.h"
#include "test.h"

static struct state *st;
static struct kernel k;
static bool stopped;

/* Apply a configuration, or try again what failed; return the changes. */
static const char *apply_again(const char *text, struct applied *result, bool retry)
{
	struct applied before = *result;
	char *copy = mem_string(text);
	struct config *cfg;
	struct mistakes m;

	*result = (struct applied){ 0 };
	cfg = config_parse("f", copy, strlen(text), &m);
	if (CHECK(cfg))
		apply(&k, cfg, st, &before, result, &stopped, retry);
	applied_free(&before);
	mistakes_free(&m);
	config_free(cfg);
	free(copy);
	return fake_log(&k);
}

static const char *apply_text(const char *text, struct applied *result)
{
	return apply_again(text, result, false);
}

/*
 * Apply a configuration without errors and with exactly these changes. A second run changes
 * nothing.
 */
static void apply_expect(const char *text, const char *changes)
{
	struct applied result = { 0 };

	SAME(apply_text(text, &result), changes);
	CHECK(!result.gone && !result.errors);
	SAME(apply_text(text, &result), "");
	CHECK(!result.gone && !result.errors && !result.changes.n);
	applied_free(&result);
}

#define A	"[share a]\npath = /a\n"
#define B	"[share b]\npath = /b\n"
#define C	"[share c]\npath = /c\n"
#define STUCK	"group = stuck=read\n"

static void from_nothing_to_nothing(void)
{
	fake_load(&k, 1, "nfs");
	apply_expect(A B, "key +share:a +share:b +listener:nfs tcp *");
	apply_expect(A, "-share:b");
	apply_expect("", "-share:a");
	CHECK(k.listeners.n == 1);
	fake_unload(&k);
}

/* A share that cannot have its bin is served, and all else of it changes. */
static void share_without_bin(void)
{
	struct applied result = { 0 };

	fake_load(&k, 2, "nfs");
	k.no_bins = true;
	SAME(apply_text(A "trash = yes\n", &result), "key +share:a +listener:nfs tcp *");
	CHECK(!result.errors && result.problems.n == 1);
	SAME(apply_text(A "trash = yes\nread_only = yes\n", &result), "share:a:10000000000");
	/* It lasts, so it is not tried again. */
	CHECK(!result.errors && result.problems.n == 1 && !result.news);
	SAME(result.problems.list[0].what, "bin of share a");
	CHECK(!strncmp(result.problems.list[0].why, "not made: ", 10));
	SAME(apply_text(A "read_only = yes\n", &result), "");
	CHECK(!result.errors && !result.problems.n);
	applied_free(&result);
	k.no_bins = false;
	fake_unload(&k);
}

static void changed_options(void)
{
	fake_load(&k, 2, NULL);
	apply_expect(A, "key +share:a");
	apply_expect(A "read_only = yes\n", "share:a:10000000000");
	apply_expect(A "read_only = yes\nallow = *=ro\nsquash = none\n", "share:a:20000000040");
	apply_expect(A, "share:a:30000000040");
	apply_expect(A "comment = x\nuser = 0=read\n", "share:a:300");
	apply_expect(A, "share:a:300");
	fake_unload(&k);
}

static void add_home(const char *name, const char *path)
{
	struct share *s = share_new(name);
	struct why why;

	CHECK(share_set_path(s, path, &why) && share_set_protocols(s, "smb", &why));
	s->home_uid = 1000;
	s->given.attrs |= SHARE_BIT(DITTO_A_SHARE_HOME_UID);
	CHECK(!kernel_share_add(&k, s));
	share_free(s);
}

/* A home makes room for a configured share that needs its name, in any case, its path or its id. */
static void homes_make_room(void)
{
	static const char rule[] = "[homes]\npath = /home/%U\n";
	struct applied result = { 0 };
	char text[200];

	fake_load(&k, 21, NULL);
	SAME(apply_text(rule, &result), "key");
	add_home("amy", "/home/amy");
	add_home("bob", "/home/bob");
	add_home("eve", "/elsewhere/eve");
	fake_log(&k);
	snprintf(text, sizeof(text), "%s[share Amy]\npath = /a\n", rule);
	SAME(apply_text(text, &result), "-share:amy share:bob:600 -share:eve +share:Amy");
	snprintf(text, sizeof(text), "%s[share b]\npath = /home/bob\n", rule);
	SAME(apply_text(text, &result), "-share:bob -share:Amy +share:b");
	CHECK(!result.errors);
	applied_free(&result);
	fake_unload(&k);
}

static void *log_in(void *arg)
{
	homes_login(arg, clock_ms() + 60000);
	return NULL;
}

/* A home that is being added while the section goes, and which nothing else would remove. */
static void home_of_an_old_rule(void)
{
	struct home_user amy = { .name = "amy", .domain = "", .uid = 1000 };
	struct share *rule = share_new("");
	pthread_t thread;
	struct why why;
	int gate[2];
	char byte;

	fake_load(&k, 22, NULL);
	fake_opened = &k;
	CHECK(share_set_path(rule, "/tmp/%U", &why));
	homes_set(rule, false);
	if (!CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, gate)))
		goto out;
	k.gate = gate[1];
	CHECK(!pthread_create(&thread, NULL, log_in, &amy));
	CHECK(read(gate[0], &byte, 1) == 1);
	k.gate = 0;
	homes_set(NULL, false);
	CHECK(write(gate[0], &byte, 1) == 1);
	pthread_join(thread, NULL);
	SAME(fake_log(&k), "+share:amy -share:amy");
	close(gate[0]);
	close(gate[1]);
	/* One of the rule of now stays, and a login that has no time left asks for none. */
	homes_set(rule, false);
	homes_login(&amy, clock_ms() + 500);
	SAME(fake_log(&k), "");
	homes_login(&amy, clock_ms() + 60000);
	homes_login(&amy, clock_ms() + 60000);
	SAME(fake_log(&k), "+share:amy");
out:
	fake_opened = NULL;
	homes_set(NULL, false);
	share_free(rule);
	fake_unload(&k);
}

static void setting_that_is_unknown(void)
{
	struct applied result = { 0 };

	fake_load(&k, 31, "nfs");
	SAME(apply_text("[server]\nthreads = 4\nnode-limit = 100000\n" A, &result),
	     "key threads=4 +share:a +listener:nfs tcp *");
	CHECK(!result.errors && result.problems.n == 1);
	SAME(result.problems.list[0].what, "setting node-limit");
	applied_free(&result);
	fake_unload(&k);
}

static void moved_share(void)
{
	fake_load(&k, 3, NULL);
	apply_expect(A, "key +share:a");
	apply_expect("[share a]\npath = /elsewhere\n", "-share:a +share:a");
	apply_expect(A "id = 00112233445566778899aabbccddeeff\n", "-share:a +share:a");
	fake_unload(&k);
}

/* A share keeps its id across instances of the server, unless its path changed. */
static void kept_id(void)
{
	u8 id[16];

	fake_load(&k, 4, NULL);
	apply_expect(B, "key +share:b");
	memcpy(id, k.shares.share[0]->id, 16);
	CHECK(!memcmp(id, "/b", 2));
	/* Simulates a new UUID of the file system. */
	fake_unload(&k);
	fake_load(&k, 5, NULL);
	CHECK(state_instance(st, 5));
	CHECK(state_share_put(st, "b", "/b", (const u8 *)"0123456789abcdef"));
	CHECK(state_instance(st, 6));
	k.server.started = 6;
	apply_expect(B, "key +share:b");
	CHECK(!memcmp(k.shares.share[0]->id, "0123456789abcdef", 16));
	fake_unload(&k);
}

static void same_key_in_every_life(void)
{
	u8 key[16];

	fake_load(&k, 7, NULL);
	apply_expect("", "key");
	memcpy(key, k.key, 16);
	fake_unload(&k);
	fake_load(&k, 8, NULL);
	apply_expect("", "key");
	CHECK(!memcmp(key, k.key, 16));
	fake_unload(&k);
}

/* Shares and listeners that were added by hand stay, unless the file names them. */
static void added_by_hand(void)
{
	struct share *hand = share_new("hand");
	struct listener l = { .protocol = "nfs", .port = 2049 };
	struct why why;
	u32 id;

	fake_load(&k, 9, "nfs");
	CHECK(share_set_path(hand, "/hand", &why));
	CHECK(!kernel_share_add(&k, hand) && !kernel_listener_add(&k, &l, &id));
	fake_log(&k);
	/* The first key is taken all the same, and the default listener is not needed. */
	apply_expect(A, "key +share:a");
	apply_expect("", "-share:a");
	CHECK(k.shares.n == 1 && k.listeners.n == 1);
	/* dittod owns objects that the file names. */
	apply_expect("[share hand]\npath = /hand\n[listener nfs]\nport = 2049\n", "");
	apply_expect("[listener nfs]\nport = 3049\n",
		     "-listener:1 -share:hand +listener:nfs tcp * port 3049");
	share_free(hand);
	fake_unload(&k);
}

/* A listener that was added by hand does not drive the default listener away. */
static void default_listener_stays(void)
{
	struct listener udp = { .protocol = "nfs", .transport = DITTO_TRANSPORT_TYPE_UDP };
	struct listener tcp = { .protocol = "nfs", .port = 3049 };
	u32 id;

	fake_load(&k, 33, "nfs");
	apply_expect("", "key +listener:nfs tcp *");
	CHECK(!kernel_listener_add(&k, &udp, &id) && !kernel_listener_add(&k, &tcp, &id));
	fake_log(&k);
	apply_expect("", "");
	CHECK(k.listeners.n == 3);
	fake_unload(&k);
	/* One of another transport does not stand in for it, one on another port does. */
	fake_load(&k, 34, "nfs");
	CHECK(!kernel_listener_add(&k, &udp, &id));
	fake_log(&k);
	apply_expect("", "key +listener:nfs tcp *");
	fake_unload(&k);
	fake_load(&k, 35, "nfs");
	CHECK(!kernel_listener_add(&k, &tcp, &id));
	fake_log(&k);
	apply_expect("", "key");
	fake_unload(&k);
}

/* A server that uses another key says so. */
static void another_key(void)
{
	static const u8 other[16] = "another key....";
	struct share *hand = share_new("hand");
	struct applied result = { 0 };
	struct why why;

	fake_load(&k, 36, "nfs");
	CHECK(share_set_path(hand, "/hand", &why));
	CHECK(!kernel_set_handle_key(&k, other) && !kernel_share_add(&k, hand));
	fake_log(&k);
	SAME(apply_text(A, &result), "+share:a +listener:nfs tcp *");
	CHECK(!result.errors && result.problems.n == 1);
	SAME(result.problems.list[0].what, "key of file handles");
	CHECK(!kernel_share_del(&k, "a") && !kernel_share_del(&k, "hand"));
	fake_log(&k);
	SAME(apply_text(A, &result), "key +share:a");
	CHECK(!result.errors && !result.problems.n);
	applied_free(&result);
	share_free(hand);
	fake_unload(&k);
}

static void listeners_follow_file(void)
{
	fake_load(&k, 10, "nfs");
	apply_expect("", "key +listener:nfs tcp *");
	apply_expect("[listener nfs]\nport = 3049\n", "-listener:1 +listener:nfs tcp * port 3049");
	apply_expect("[listener nfs]\nport = 3049\n[listener nfs]\naddress = 192.0.2.1\n",
		     "+listener:nfs tcp 192.0.2.1");
	apply_expect("", "-listener:2 -listener:3 +listener:nfs tcp *");
	fake_unload(&k);
}

/* A listener waits for its protocol, and is added with it. */
static void late_protocol(void)
{
	fake_load(&k, 11, NULL);
	apply_expect("[listener nfs]\n", "key");
	apply_expect("", "");
	snprintf(k.server.protocol[k.server.nprotocols++], LISTENER_PROTOCOL_MAX, "nfs");
	apply_expect("[listener nfs]\n", "+listener:nfs tcp *");
	fake_unload(&k);
}

/* A setting that is removed from the file gets its previous value. */
static void settings_follow_file(void)
{
	char changes[32];

	fake_load(&k, 12, NULL);
	k.server.value[SETTING_threads] = 4;
	apply_expect("[server]\nthreads = 8\nudp = yes\n", "key threads=8 udp=1");
	apply_expect("[server]\nthreads = 9\n", "threads=9 udp=0");
	apply_expect("", "threads=4");
	/* Changed by hand, and not owned. */
	k.server.value[SETTING_threads] = 5;
	apply_expect("", "");
	/* What it was before is not known once the file names it. */
	apply_expect("[server]\nthreads = 5\n", "");
	snprintf(changes, sizeof(changes), "threads=%u", settings[SETTING_threads].initial);
	apply_expect("", changes);
	fake_unload(&k);
}

/* A setting of a protocol waits for it without a complaint. */
static void late_setting(void)
{
	static const char text[] = "[server]\nrequire_signing = yes\n";

	fake_load(&k, 32, "nfs");
	apply_expect(text, "key +listener:nfs tcp *");
	k.server.has[SETTING_require_signing] = true;
	snprintf(k.server.protocol[k.server.nprotocols++], LISTENER_PROTOCOL_MAX, "smb");
	apply_expect(text, "require-signing=1");
	apply_expect("", "require-signing=0");
	fake_unload(&k);
}

static void one_failure(void)
{
	struct applied result = { 0 };

	fake_load(&k, 13, NULL);
	k.fail_share = "a";
	SAME(apply_text(A B, &result), "key +share:b");
	/* A listener that waits for its protocol is not an error. */
	CHECK(result.errors == 1 && !result.gone && result.news == 2);
	/* The same problem is not news; another one is. */
	SAME(apply_text(A B, &result), "");
	CHECK(result.errors == 1 && !result.news && result.problems.n == 2);
	SAME(result.problems.list[0].what, "share a");
	applied_free(&result);
	k.fail_share = NULL;
	apply_expect(A B, "+share:a");
	fake_unload(&k);
}

/* What was changed by hand survives the retry of something else. */
static void retry_leaves_others(void)
{
	static const char text[] = "[server]\nthreads = 4\n[listener nfs]\n" A B
				   "[share d]\npath = /d\ntrash = yes\n";
	struct applied result = { 0 };
	struct share *hand = share_new("b");

	fake_load(&k, 15, "nfs");
	k.fail_share = "a";
	k.no_bins = true;
	SAME(apply_text(text, &result),
	     "key threads=4 +share:b +share:d +listener:nfs tcp *");
	CHECK(result.errors == 1 && result.problems.n == 2);
	k.server.value[SETTING_threads] = 5;
	hand->read_only = true;
	hand->given.options = SHARE_OPTION_BIT(SHARE_OPTION_read_only);
	CHECK(!kernel_share_set(&k, hand) && !kernel_listener_del(&k, 1));
	memcpy(hand->name, "d", 2);
	CHECK(!kernel_share_set(&k, hand));
	fake_log(&k);
	SAME(apply_again(text, &result, true), "");
	CHECK(result.errors == 1 && !result.news && result.problems.n == 2);
	/* One that ends early forgets nothing of what is to be tried. */
	stopped = true;
	SAME(apply_again(text, &result, true), "");
	CHECK(result.problems.n == 2);
	stopped = false;
	k.fail_share = NULL;
	k.no_bins = false;
	CHECK(!kernel_share_del(&k, "b"));
	fake_log(&k);
	SAME(apply_again(text, &result, true), "+share:a share:d:2000000000000000");
	CHECK(!result.errors && !result.problems.n);
	SAME(apply_text(text, &result),
	     "threads=4 +share:b +listener:nfs tcp *");
	applied_free(&result);
	share_free(hand);
	fake_unload(&k);
}

/* Only a setting that the kernel refuses by itself is tried again. */
static void retry_of_settings(void)
{
	static const char text[] = "[server]\nthreads = 4\nudp = yes\n";
	struct applied result = { 0 };

	fake_load(&k, 16, NULL);
	k.fail_setting = "threads";
	SAME(apply_text(text, &result), "key udp=1");
	CHECK(result.errors == 1);
	SAME(result.problems.list[0].what, "setting threads");
	k.fail_setting = NULL;
	k.server.value[SETTING_udp] = 0;
	SAME(apply_again(text, &result, true), "threads=4");
	SAME(apply_text(text, &result), "udp=1");
	/* The value before is known of each of them. */
	SAME(apply_text("", &result), "threads=0 udp=0");
	applied_free(&result);
	fake_unload(&k);
}

/* A retry that ends early keeps the problems that it did not come to, and no others. */
static void retry_that_ends_early(void)
{
	static const char text[] = "[server]\nthreads = 4\n[share a]\npath = /other\n";
	struct applied result = { 0 };

	fake_load(&k, 17, "nfs");
	apply_expect(A, "key +share:a +listener:nfs tcp *");
	k.fail_setting = "threads";
	fake_stuck = "/other";
	SAME(apply_text(text, &result), "");
	CHECK(result.errors == 2 && result.problems.n == 2);
	k.fail_setting = NULL;
	fake_stuck = NULL;
	k.stop = &stopped;
	SAME(apply_again(text, &result, true), "threads=4 -share:a");
	CHECK(result.problems.n == 1);
	SAME(result.problems.list[0].what, "share a");
	k.stop = NULL;
	stopped = false;
	SAME(apply_again(text, &result, true), "+share:a");
	CHECK(!result.errors && !result.problems.n);
	applied_free(&result);
	fake_unload(&k);
}

/* A server that was loaded again gets everything, whatever is tried again. */
static void retry_with_another_server(void)
{
	struct applied result = { 0 };

	fake_load(&k, 18, "nfs");
	k.fail_share = "a";
	SAME(apply_text(A B, &result), "key +share:b +listener:nfs tcp *");
	fake_unload(&k);
	fake_load(&k, 19, "nfs");
	k.fail_share = "a";
	SAME(apply_again(A B, &result, true), "key +share:b +listener:nfs tcp *");
	k.fail_share = NULL;
	SAME(apply_again(A B, &result, true), "+share:a");
	applied_free(&result);
	fake_unload(&k);
}

/* Names are resolved for each share separately; an existing share stays unchanged. */
static void unknown_names(void)
{
	struct applied result = { 0 };

	fake_load(&k, 20, NULL);
	SAME(apply_text(A "group = no such one=read\n" B, &result), "key +share:b");
	CHECK(result.errors == 1);
	SAME(result.problems.list[0].why, "there is no group 'no such one' on this machine");
	SAME(apply_text(A "user = root=read\n" B "user = no such one=read\n", &result),
	     "+share:a");
	SAME(result.problems.list[0].what, "share b");
	SAME(apply_text(A "user = root=read\nuser = 0=write\n" B, &result), "");
	SAME(result.problems.list[0].why, "user 'with this number' is there twice");
	applied_free(&result);
	fake_unload(&k);
}

/*
 * Replaces the name service of the C library: it does not answer for the group "stuck", which
 * exists, until it is released.
 */
static pthread_mutex_t service_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t service_goes = PTHREAD_COND_INITIALIZER;
static bool service_stuck;
static unsigned int service_asked;

int getgrnam_r(const char *name, struct group *gr, char *buf, size_t size, struct group **found)
{
	__typeof__(getgrnam_r) *real = dlsym(RTLD_NEXT, "getgrnam_r");

	if (strcmp(name, "stuck"))
		return real(name, gr, buf, size, found);
	pthread_mutex_lock(&service_lock);
	service_asked++;
	while (service_stuck)
		pthread_cond_wait(&service_goes, &service_lock);
	pthread_mutex_unlock(&service_lock);
	gr->gr_gid = 77;
	*found = gr;
	return 0;
}

static void set_service_stuck(bool stuck)
{
	pthread_mutex_lock(&service_lock);
	service_stuck = stuck;
	pthread_cond_broadcast(&service_goes);
	pthread_mutex_unlock(&service_lock);
}

/* A hanging name service delays only the share concerned, and its late answer is used. */
static void stuck_name_service(void)
{
	struct applied result = { 0 };
	int tries;

	fake_load(&k, 26, NULL);
	set_service_stuck(true);
	SAME(apply_text(A STUCK B "group = root=read\n", &result),
	     "key +share:b");
	CHECK(result.errors == 1);
	SAME(result.problems.list[0].what, "share a");
	SAME(result.problems.list[0].why,
	     "the name service does not answer about its users and groups");
	/*
	 * It is not queried again, the existing share stays unchanged, and other changes are
	 * made.
	 */
	SAME(apply_text(A STUCK B "group = root=read\n", &result), "");
	CHECK(result.errors == 1 && !result.news);
	SAME(apply_text(B STUCK C, &result), "+share:c");
	CHECK(result.errors == 1 && result.news == 1 && service_asked == 1);
	set_service_stuck(false);
	for (tries = 0; tries < 1000 && result.errors; tries++) {
		usleep(10000);
		apply_text(B STUCK C, &result);
	}
	CHECK(!result.errors && k.shares.n == 2 && service_asked == 1);
	/* The late answer is not kept forever. */
	apply_expect(B "group = stuck=write\n", "-share:c share:b:200");
	CHECK(service_asked > 1);
	applied_free(&result);
	fake_unload(&k);
}

static void mountpoints_checked(void)
{
	struct applied result = { 0 };

	fake_load(&k, 21, NULL);
	SAME(apply_text(A "mountpoint = yes\n" B, &result), "key +share:b");
	SAME(result.problems.list[0].why, "not added: /a is no mount point");
	CHECK(result.errors == 1);
	fake_place.mountpoint = true;
	applied_free(&result);
	apply_expect(A "mountpoint = yes\n" B, "+share:a");
	memset(&fake_place, 0, sizeof(fake_place));
	apply_expect(A "mountpoint = yes\n" B, "");
	fake_unload(&k);
}

/* Another file system at the same path is not served until the share was removed from the file. */
static void file_systems(void)
{
	struct applied result = { 0 };

	fake_load(&k, 22, NULL);
	fake_opened = &k;
	fake_place = (struct share_path){ .fs = "one", .fs_len = 3 };
	apply_expect(A, "key +share:a");
	fake_unload(&k);
	fake_load(&k, 23, NULL);
	fake_place = (struct share_path){ .fs = "two", .fs_len = 3 };
	SAME(apply_text(A, &result), "key");
	CHECK(result.errors == 1);
	/* A file system without identity is another one, too. */
	memset(&fake_place, 0, sizeof(fake_place));
	SAME(apply_text(A, &result), "");
	CHECK(result.errors == 1 && !result.news);
	applied_free(&result);
	fake_place = (struct share_path){ .fs = "one", .fs_len = 3 };
	apply_expect(A, "+share:a");
	fake_unload(&k);
	fake_load(&k, 24, NULL);
	fake_place = (struct share_path){ .fs = "two", .fs_len = 3 };
	apply_expect("", "key");
	apply_expect(A, "+share:a");
	memset(&fake_place, 0, sizeof(fake_place));
	fake_unload(&k);
}

/* A hanging file system prevents only its own share from being added. */
static void stuck_file_system(void)
{
	struct applied result = { 0 };

	fake_load(&k, 25, NULL);
	apply_expect("", "key");
	fake_stuck = "/a";
	SAME(apply_text(A B, &result), "+share:b");
	SAME(result.problems.list[0].why, "not added: the file system at /a does not answer");
	CHECK(result.errors == 1);
	applied_free(&result);
	fake_stuck = NULL;
	apply_expect(A B, "+share:a");
	/* An existing share continues. */
	fake_stuck = "/a";
	apply_expect(A B, "");
	fake_stuck = NULL;
	fake_unload(&k);
}

/* Shares that offload are in the list for ditto-guard, whoever has added them. */
static void listed_for_guard(void)
{
	static const char text[] = A B "offload = yes\n";
	struct applied result = { 0 };
	struct share *hand = share_new("b");

	fake_load(&k, 26, NULL);
	fake_listed = 0;
	apply_expect(A, "key +share:a");
	CHECK(!fake_listed);
	fake_unlisted = "the disk is full";
	SAME(apply_text(text, &result), "+share:b");
	CHECK(fake_listed == 1 && result.errors == 1);
	SAME(result.problems.list[0].what, "guard of share b");
	SAME(result.problems.list[0].why, "the disk is full");
	/* Only this is tried again. */
	hand->offload = true;
	hand->read_only = true;
	hand->given.options = SHARE_OPTION_BIT(SHARE_OPTION_read_only) |
			      SHARE_OPTION_BIT(SHARE_OPTION_offload);
	CHECK(!kernel_share_set(&k, hand));
	fake_log(&k);
	SAME(apply_again(text, &result, true), "");
	CHECK(fake_listed == 2 && result.errors == 1);
	fake_unlisted = NULL;
	SAME(apply_again(text, &result, true), "");
	CHECK(fake_listed == 3 && !result.errors);
	SAME(apply_text(text, &result), "share:b:10000000000");
	CHECK(fake_listed == 4 && !result.errors);
	share_free(hand);
	applied_free(&result);
	fake_unload(&k);
}

/* What waits for requests to end must not serve anything when it goes on after a stop. */
static void stopped_while_removing(void)
{
	struct applied result = { 0 };

	fake_load(&k, 90, "nfs");
	apply_expect(A, "key +share:a +listener:nfs tcp *");
	k.stop = &stopped;
	SAME(apply_text("[share a]\npath = /other\n" B
			"[server]\nthreads = 4\n[listener nfs]\nport = 3\n", &result),
	     "threads=4 -listener:1 -share:a");
	k.stop = NULL;
	SAME(apply_text(A B, &result), "");
	stopped = false;
	SAME(apply_text(A, &result), "threads=0 +share:a +listener:nfs tcp *");
	applied_free(&result);
	fake_unload(&k);
}

static void module_gone(void)
{
	struct applied result = { 0 };

	fake_load(&k, 14, NULL);
	fake_unload(&k);
	SAME(apply_text(A, &result), "");
	CHECK(result.gone && !result.errors);
}

int main(void)
{
	static const struct test tests[] = {TEST(from_nothing_to_nothing),
					    TEST(changed_options),
					    TEST(homes_make_room),
					    TEST(home_of_an_old_rule),
					    TEST(setting_that_is_unknown),
					    TEST(share_without_bin),
					    TEST(moved_share),
					    TEST(kept_id),
					    TEST(same_key_in_every_life),
					    TEST(added_by_hand),
					    TEST(default_listener_stays), TEST(another_key),
					    TEST(listeners_follow_file),
					    TEST(late_protocol),
					    TEST(late_setting),
					    TEST(settings_follow_file),
					    TEST(one_failure),
					    TEST(retry_leaves_others),
					    TEST(retry_of_settings),
					    TEST(retry_that_ends_early),
					    TEST(retry_with_another_server),
					    TEST(unknown_names),
					    TEST(stuck_name_service),
					    TEST(mountpoints_checked),
					    TEST(file_systems),
					    TEST(stuck_file_system), TEST(listed_for_guard),
					    TEST(stopped_while_removing),
					    TEST(module_gone),
					    {0}};
	char dir[] = "/tmp/ditto-apply-XXXXXX";
	char command[64];
	struct why why;
	int status;

	if (!mkdtemp(dir))
		return 1;
	st = state_open(dir, &why);
	status = st ? test_main(tests) : 1;
	state_close(st);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command) || status;
}
