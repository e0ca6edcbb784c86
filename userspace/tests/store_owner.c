// SPDX-License-Identifier: GPL-2.0-only
/* Whose a bucket is, which bucket it is, and what it does to objects. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "object/cookie.h"
#include "object/envelope.h"
#include "object/object_name.h"
#include "store_client.h"
#include "test.h"

#define OWNER_A	"prefix=own\nserver-id=aaaa\nserver-name=one\n"
#define OWNER_B	"prefix=own\nserver-id=bbbb\nserver-name=two\n"

static void check_not_ours(const struct last_answer *a, const char *owner)
{
	if (!CHECK(a->msg.type == OFFLOAD_FAILED && a->msg.error == EPERM &&
		   strstr(a->text, owner) && strstr(a->text, "dittoctl offload take s")))
		printf("# %s\n", a->text);
}

/* An answer of some seconds ago is good for uploads, but not for deletions. */
static void owner_ages(const char *name)
{
	struct last_answer a;
	int gets;

	store_ask(OFFLOAD_DELETE, name, &a);
	gets = server->gets;
	sleep(6);
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED && server->gets == gets);
	store_ask(OFFLOAD_DELETE, name, &a);
	CHECK(a.msg.type == OFFLOAD_DELETED && server->gets == gets + 1);
}

/* Requests of a claim: the object, lists, the bucket's configuration. Garbage is listed, too. */
#define TRACES	3
#define CONFIGS	3

static void store_has_one_owner(void)
{
	char name[OBJECT_NAME_SIZE];
	struct last_answer pushed, a;
	int puts;

	object_name(ENVELOPE_SNAPSHOT, (const u8 *)"01234567890123456789012345678901", name);
	s3_server_fault(server, S3_GOOD, 0, 0);
	store_define(OWNER_A);
	push_file(file, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_PUSHED && server->gets == 2 + CONFIGS);
	CHECK(server->lists == TRACES + 1);
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED && server->gets == 2 + CONFIGS);
	store_ask(OFFLOAD_OWN, "", &a);
	CHECK(a.msg.type == OFFLOAD_OWNED && !a.msg.done);
	CHECK(server->gets == 3 + CONFIGS);
	puts = server->puts;

	/* Another server reads, but does not write or delete. */
	store_define(OWNER_B);
	push_file(file, &a);
	check_not_ours(&a, "the server one (aaaa, since 20");
	store_ask(OFFLOAD_DELETE, "chunks/00/none", &a);
	check_not_ours(&a, "the server one");
	store_ask(OFFLOAD_OWN, "", &a);
	check_not_ours(&a, "the server one");
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED && server->puts == puts);
	store_ask(OFFLOAD_OWN, "take", &a);
	CHECK(a.msg.type == OFFLOAD_OWNED && a.msg.done);
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED);
	owner_ages(name);
	store_define(OWNER_A);
	push_file(file, &a);
	check_not_ours(&a, "the server two (bbbb");

	/* Stores that do not know conditions, or do not answer. */
	store_define("prefix=own2\nserver-id=aaaa\n");
	s3_server_fault(server, S3_NO_CONDITIONS, 'P', 1000);
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED && server->gets == 1 + 7 + 1 + CONFIGS);
	/* A store that does not show at once what was put there. */
	store_define("prefix=own4\nserver-id=aaaa\n");
	s3_server_fault(server, S3_LOST, 'G', 3);
	store_ask(OFFLOAD_OWN, "", &a);
	CHECK(a.msg.type == OFFLOAD_OWNED && a.msg.done);
	/* Nor that another server was there first, which it knows. */
	store_define("prefix=own4\nserver-id=bbbb\n");
	s3_server_fault(server, S3_LOST, 'G', 5);
	puts = server->puts;
	push_file(file, &a);
	check_not_ours(&a, "the server ? (aaaa");
	CHECK(server->puts == puts + 1);
	store_define("prefix=own3\nserver-id=aaaa\ntimeout=1\n");
	s3_server_fault(server, S3_NO_BUCKET, 'G', 1);
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_FAILED && strstr(a.text, "there is no such bucket"));
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED);
	s3_server_fault(server, S3_GOOD, 0, 0);
}

/* Value of a line of what was told. */
static const char *bucket_word(const char *key)
{
	static char value[512];
	const char *line = strstr(store_process_told, key);

	snprintf(value, sizeof(value), "%.*s", line ? (int)strcspn(line, "\n") : 0, line ?: "");
	return value + (line ? strlen(key) : 0);
}

static void check_refused(const struct last_answer *a, const char *text)
{
	if (!CHECK(a->msg.type == OFFLOAD_FAILED && strstr(a->text, text)))
		printf("# %d: %s\n", a->msg.type, a->text);
}

/* Nothing is written or deleted, for a reason. */
static void check_closed(const char *settings, const char *text)
{
	int puts = server->puts;
	struct last_answer a;

	store_define(settings);
	push_file(file, &a);
	check_refused(&a, text);
	store_ask(OFFLOAD_DELETE, "chunks/00/none", &a);
	check_refused(&a, text);
	store_ask(OFFLOAD_OWN, "", &a);
	check_refused(&a, text);
	CHECK(server->puts == puts);
}

#define UUID_X	"00112233445566778899aabbccddeeff"

/* Another bucket under the name of a store is not taken for it. */
static void buckets_have_uuids(void)
{
	struct last_answer pushed, a;
	char *settings, uuid[STORE_UUID_SIZE], text[64];
	struct cookie cookie;

	s3_server_fault(server, S3_GOOD, 0, 0);
	store_define("prefix=id\n");
	push_file(file, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_PUSHED &&
	      cookie_decode(&cookie, pushed.msg.cookie, pushed.msg.cookie_len));
	snprintf(uuid, sizeof(uuid), "%s", bucket_word("uuid="));
	CHECK(store_uuid_is_good(uuid));
	SAME(cookie.uuid, uuid);
	settings = mem_print("prefix=id\nuuid=%s\n", uuid);
	check_round_trip(settings, &pushed);
	snprintf(text, sizeof(text), "is %s", uuid);
	store_ask(OFFLOAD_OWN, text, &a);
	CHECK(a.msg.type == OFFLOAD_OWNED);
	store_ask(OFFLOAD_OWN, "is " UUID_X, &a);
	check_refused(&a, "and this one has");
	free(settings);

	/* The bucket has another UUID than the one before. */
	check_closed("prefix=id\nuuid=" UUID_X "\n", "it is another bucket: it has the UUID");
	fetch_range(&pushed, 0, SIZE, &a);
	check_refused(&a, "another bucket");
	store_ask(OFFLOAD_CHECK, "", &a);
	check_refused(&a, "take --new-bucket s");
	check_refused(&a, "id/ditto-owner was overwritten: remove that object");
	store_ask(OFFLOAD_LIST, "chunks/\n", &a);
	check_refused(&a, "it is another bucket");
	cookie.uuid[0] = '\0';
	pushed.msg.cookie_len = cookie_encode(&cookie, pushed.msg.cookie);
	fetch_range(&pushed, 0, SIZE, &a);
	check_refused(&a, "it is another bucket");
	store_ask(OFFLOAD_OWN, "take", &a);
	check_refused(&a, "it is another bucket");
	store_ask(OFFLOAD_OWN, "take new", &a);
	CHECK(a.msg.type == OFFLOAD_OWNED);
	SAME(bucket_word("uuid="), uuid);
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED);

	store_ask(OFFLOAD_OWN, "take " UUID_X, &a);
	check_refused(&a, "id/ditto-owner was overwritten, remove that object first");

	/* It belongs to another section. */
	settings = mem_print("prefix=id\nother=" UUID_X " warm\nother=%s cold\n", uuid);
	check_closed(settings, "it is the bucket of [store cold]");
	store_ask(OFFLOAD_OWN, "take new", &a);
	check_refused(&a, "it is the bucket of [store cold]");
	/* What was offloaded under either name can be read. */
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED);
	free(settings);
	settings = mem_print("prefix=id\nuuid=%s\nother=%s cold\n", uuid, uuid);
	check_closed(settings, "is remembered for [store cold], too: recall the files");
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED);
	free(settings);
}

static void owners_that_are_missing(void)
{
	struct last_answer a;

	check_closed("prefix=gone\nuuid=" UUID_X "\n", "gone/ditto-owner is missing");
	store_ask(OFFLOAD_CHECK, "", &a);
	check_refused(&a, "take --uuid " UUID_X " s");
	store_ask(OFFLOAD_OWN, "take", &a);
	check_refused(&a, "is missing");
	store_ask(OFFLOAD_OWN, "take 0", &a);
	check_refused(&a, "no UUID");
	store_ask(OFFLOAD_OWN, "take 99112233445566778899aabbccddeeff", &a);
	check_refused(&a, "the data of this server is in the UUID " UUID_X);
	store_ask(OFFLOAD_OWN, "take " UUID_X, &a);
	CHECK(a.msg.type == OFFLOAD_OWNED && a.msg.done);
	SAME(bucket_word("uuid="), UUID_X);
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED);

	/* Nobody remembers it, but there is data. */
	store_define("prefix=trace/manifests\n");
	push_file(file, &a);
	check_closed("prefix=trace\n", "is missing, but data of Ditto is there");
	store_ask(OFFLOAD_OWN, "take new", &a);
	CHECK(a.msg.type == OFFLOAD_OWNED && a.msg.done);
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED);
}

/* Who does not know who he is, or which bucket it was, writes nothing. */
static void servers_without_id(void)
{
	struct last_answer pushed, a;

	store_define("prefix=noid\n");
	push_file(file, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_PUSHED);
	check_closed("prefix=noid\nserver-id=\n", "this server has no id");
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED);
	check_closed("prefix=noid\nrefused=/state: damaged\n", "/state: damaged");
	/* Nor who may not read whose it is. */
	store_define("prefix=noid2\n");
	s3_server_fault(server, S3_DENIED, 'G', 1);
	push_file(file, &a);
	check_refused(&a, "access denied");
	CHECK(!server->puts);
	s3_server_fault(server, S3_GOOD, 0, 0);
}

#define RULE	"<LifecycleConfiguration><Rule><ID>tidy</ID><Filter><Prefix>%s</Prefix></Filter><Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>"

static void buckets_that_remove_objects(void)
{
	struct last_answer pushed, a;

	s3_server_fault(server, S3_GOOD, 0, 0);
	snprintf(server->versioning, sizeof(server->versioning),
		 "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>");
	snprintf(server->lifecycle, sizeof(server->lifecycle), RULE, "other/");
	store_define("prefix=life\n");
	push_file(file, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_PUSHED);
	SAME(bucket_word("lifecycle="), "none");
	SAME(bucket_word("versioning="), "on");
	SAME(bucket_word("lock="), "off");
	SAME(bucket_word("class="), "STANDARD");

	/* The lists of garbage are data, too. */
	snprintf(server->lifecycle, sizeof(server->lifecycle), RULE, "life/garbage/");
	store_define("prefix=life\n");
	push_file(file, &a);
	check_refused(&a, "the rule tidy of its lifecycle deletes objects");
	snprintf(server->lifecycle, sizeof(server->lifecycle), RULE, "");
	store_define("prefix=life\n");
	store_ask(OFFLOAD_CHECK, "", &a);
	CHECK(a.msg.type == OFFLOAD_CHECKED);
	CHECK(strstr(bucket_word("refused="), "the rule tidy of its lifecycle deletes objects"));
	push_file(file, &a);
	check_refused(&a, "the rule tidy of its lifecycle deletes objects: remove that rule");
	/* Lists of garbage may be written. */
	objects_condemn("", 0);
	fetch_range(&pushed, 0, SIZE, &a);
	CHECK(a.msg.type == OFFLOAD_FETCHED);
	store_define("prefix=life\nlifecycle=allow\n");
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED);
	SAME(bucket_word("lifecycle="), "the rule tidy of its lifecycle deletes objects");
	SAME(bucket_word("refused="), "");

	/* Stores that do not tell. */
	server->config_status = 501;
	store_define("prefix=life\n");
	push_file(file, &a);
	CHECK(a.msg.type == OFFLOAD_PUSHED);
	SAME(bucket_word("lifecycle="), "unknown");
	SAME(bucket_word("versioning="), "unknown");
	SAME(bucket_word("lock="), "unknown");
	server->config_status = 0;
	server->lifecycle[0] = '\0';
	server->versioning[0] = '\0';
}

/* An archived object is not there for those who rely on it, and its readers hear why. */
static void objects_in_an_archive(void)
{
	struct last_answer pushed, again, a;
	int puts;

	store_define("prefix=ice\n");
	push_file(file, &pushed);
	CHECK(pushed.msg.type == OFFLOAD_PUSHED);
	s3_server_fault(server, S3_ARCHIVED, 0, 100000);
	store_define("prefix=ice\n");
	fetch_range(&pushed, 0, SIZE, &a);
	check_refused(&a, "the object is archived");
	store_define("prefix=ice\n");
	s3_server_fault(server, S3_ARCHIVED, 'H', 100000);
	puts = server->puts;
	push_file(file, &again);
	CHECK(again.msg.type == OFFLOAD_PUSHED && !again.msg.deduplicated && server->puts > puts);
	s3_server_fault(server, S3_GOOD, 0, 0);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(store_has_one_owner),
		TEST(buckets_have_uuids),
		TEST(owners_that_are_missing),
		TEST(servers_without_id),
		TEST(buckets_that_remove_objects),
		TEST(objects_in_an_archive),
		{ NULL, NULL }
	};

	return store_client_main(tests);
}
