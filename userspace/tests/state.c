// SPDX-License-Identifier: GPL-2.0-only
/* The state database. */

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state/state.h"
#include "mem.h"
#include "test.h"

static char dir[64];

static struct state *open_it(void)
{
	struct state *st;
	struct why why;

	st = state_open(dir, &why);
	if (!CHECK(st)) {
		SAME(why.text, "");
		exit(1);
	}
	return st;
}

static void state_count(const char *name, void *arg)
{
	(void)name;
	++*(int *)arg;
}

static void count_listener(u32 id, const char *text, void *arg)
{
	CHECK(id == 3);
	SAME(text, "nfs tcp *");
	++*(int *)arg;
}

static void starts_and_key(void)
{
	u8 key[STATE_KEY_LEN], again[STATE_KEY_LEN];
	struct state *st = open_it();
	struct stat file;
	char path[80];

	CHECK(state_epoch(st) == 1);
	CHECK(!state_defaults_changed(st));
	CHECK(state_handle_key(st, key));
	state_close(st);
	st = open_it();
	CHECK(state_epoch(st) == 2);
	CHECK(!state_defaults_changed(st));
	CHECK(state_handle_key(st, again));
	CHECK(!memcmp(key, again, sizeof(key)));
	state_close(st);
	snprintf(path, sizeof(path), "%s/state.db", dir);
	CHECK(!stat(path, &file) && (file.st_mode & 0777) == 0600);
}

static void lives_of_the_server(void)
{
	static const u8 id[16] = { 1, 2, 3 };
	struct state *st = open_it();
	u8 found[16];
	u64 before;
	int n = 0;

	CHECK(state_instance(st, 100));
	CHECK(!state_key_given(st) && state_set_key_given(st) && state_key_given(st));
	CHECK(state_share_put(st, "a", "/a", id) && state_share_put(st, "a", "/a", id));
	CHECK(state_listener_put(st, 3, "nfs tcp *"));
	CHECK(!state_setting(st, "threads", &before));
	CHECK(state_setting_put(st, "threads", 7));
	CHECK(state_instance(st, 100));
	CHECK(state_setting(st, "threads", &before) && before == 7);
	state_shares(st, state_count, &n);
	state_listeners(st, count_listener, &n);
	CHECK(n == 2);
	CHECK(state_listener_drop(st, 3) && state_setting_drop(st, "threads"));
	CHECK(state_share_drop(st, "a"));
	n = 0;
	state_shares(st, state_count, &n);
	state_listeners(st, count_listener, &n);
	CHECK(n == 0);
	CHECK(state_share_put(st, "a", "/a", id));
	CHECK(state_listener_put(st, 3, "nfs tcp *") && state_setting_put(st, "udp", 1));
	/* Another instance: the ownership is dropped, ids are kept. */
	CHECK(state_instance(st, 200));
	state_shares(st, state_count, &n);
	state_listeners(st, count_listener, &n);
	CHECK(n == 0 && !state_key_given(st) && !state_setting(st, "udp", &before));
	CHECK(state_share_id(st, "a", "/a", found) && !memcmp(found, id, 16));
	CHECK(!state_share_id(st, "a", "/b", found));
	state_close(st);
}

/* The SID of the machine stays what it was at first. */
static void machine_sid(void)
{
	struct state *st = open_it();
	char sid[64];

	state_machine_sid(st, "S-1-5-21-1-2-3", sid, sizeof(sid));
	SAME(sid, "S-1-5-21-1-2-3");
	state_close(st);
	st = open_it();
	CHECK(state_instance(st, 300));
	state_machine_sid(st, "S-1-5-21-4-5-6", sid, sizeof(sid));
	SAME(sid, "S-1-5-21-1-2-3");
	state_close(st);
}

/* A database of the first version is upgraded and keeps its content. */
static void older_version(void)
{
	struct state *st;
	struct why why;
	char path[80];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/old", dir);
	CHECK(!mkdir(path, 0700));
	st = state_open(path, &why);
	CHECK(st && state_set_key_given(st));
	state_close(st);
	strcat(path, "/state.db");
	CHECK(sqlite3_open(path, &db) == SQLITE_OK);
	CHECK(sqlite3_exec(db, "ALTER TABLE share DROP COLUMN fs", NULL, NULL, NULL) == SQLITE_OK);
	CHECK(sqlite3_exec(db, "DROP TABLE record; PRAGMA user_version = 1", NULL, NULL, NULL) ==
	      SQLITE_OK);
	sqlite3_close(db);
	path[strlen(path) - strlen("/state.db")] = '\0';
	st = state_open(path, &why);
	CHECK(st && state_epoch(st) == 2 && state_key_given(st));
	state_close(st);
	strcat(path, "/state.db");
	CHECK(sqlite3_open(path, &db) == SQLITE_OK);
	CHECK(sqlite3_exec(db, "SELECT kind, key, data, run FROM record", NULL, NULL, NULL) ==
	      SQLITE_OK);
	CHECK(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_close(db);
	path[strlen(path) - strlen("/state.db")] = '\0';
	CHECK(!state_open(path, &why));
	CHECK(strstr(why.text, "it was made by a newer dittod"));
}

static void bad_places(void)
{
	struct why why;
	char path[80];
	FILE *file;

	CHECK(!state_open("/nonexistent/dir", &why));
	SAME(why.text, "/nonexistent/dir: No such file or directory");
	snprintf(path, sizeof(path), "%s/other", dir);
	CHECK(!mkdir(path, 0700));
	strcat(path, "/state.db");
	file = fopen(path, "w");
	fputs("this is not a database, whatever its name may say about it", file);
	fclose(file);
	path[strlen(path) - strlen("/state.db")] = '\0';
	CHECK(!state_open(path, &why));
	CHECK(strstr(why.text, "/state.db: file is not a database"));
}

int main(void)
{
	static const struct test tests[] = {
		TEST(starts_and_key), TEST(lives_of_the_server), TEST(machine_sid),
		TEST(older_version), TEST(bad_places), { 0 }
	};
	char command[100];
	int status;

	snprintf(dir, sizeof(dir), "/tmp/ditto-state-XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	status = test_main(tests);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command) || status;
}
