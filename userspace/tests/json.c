// SPDX-License-Identifier: GPL-2.0-only
/* Output of dittoctl. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nl/share.h"
#include "ctl/out.h"
#include "ditto-nl-gen.h"
#include "nl/nl.h"
#include "test.h"

struct memory {
	FILE *file;
	char *text;
	size_t len;
};

static FILE *memory_begin(struct memory *m)
{
	m->file = open_memstream(&m->text, &m->len);
	return m->file;
}

static void memory_end(struct memory *m, const char *want)
{
	fclose(m->file);
	SAME(m->text, want);
	free(m->text);
}

static struct nl_msg *message_new(u8 cmd)
{
	struct conn c = { .family = 0x20 };

	return conn_message(&c, cmd);
}

static void string_escapes(void)
{
	struct memory m;
	FILE *out = memory_begin(&m);

	json_open(out, NULL, '[');
	json_string(out, NULL, "a\"b\\c\n\x01\x7f");
	json_string(out, NULL, "\xc2\x9b\xc2\xa0");
	json_string(out, NULL, "gr\xc3\xbc\xc3\x9f");
	/* Invalid UTF-8: truncated, overlong, surrogate, too large */
	json_string(out, NULL, "x\xc3");
	json_string(out, NULL, "\xc0\xaf");
	json_string(out, NULL, "\xed\xa0\x80");
	json_string(out, NULL, "\xf4\x90\x80\x80");
	json_close(out, ']');
	json_end(out);
	memory_end(&m,
		   "[\"a\\\"b\\\\c\\u000a\\u0001\\u007f\",\"\\u009b\xc2\xa0\",\"gr\xc3\xbc\xc3\x9f\",\"x\\ufffd\",\"\\ufffd\\ufffd\",\"\\ufffd\\ufffd\\ufffd\",\"\\ufffd\\ufffd\\ufffd\\ufffd\"]\n");
}

static void share_message(void)
{
	struct nl_msg *msg = message_new(DITTO_CMD_SHARE_NEW);
	struct share *s = share_new("da\"ta");
	struct memory m;
	struct why why;
	FILE *out;

	CHECK(share_set_path(s, "/srv", &why));
	CHECK(share_set_id(s, "00112233445566778899aabbccddeeff", &why));
	CHECK(share_set_option(s, "read_only", "yes", &why));
	CHECK(share_set_option(s, "sec", "sys,krb5", &why));
	CHECK(share_add_rule(s, "*=ro", &why) &&
	      share_add_rule(s, "@x=rw,squash=none,anon-uid=5", &why));
	CHECK(share_add_user(s, "root=admin", &why) && share_add_group(s, "7=read", &why));
	CHECK(share_set_default_access(s, "none", &why) &&
	      share_set_comment(s, "for all", &why) && share_add_link(s, "a=b:/c", &why) &&
	      share_set_trash_exclude(s, "*.tmp,~$*", &why));
	share_put(msg, DITTO_CMD_SHARE_NEW, s);
	out = memory_begin(&m);
	CHECK(json_message(out, msg, &spec_ops[DITTO_CMD_SHARE_GET]));
	json_end(out);
	memory_end(&m,
		   "{\"name\":\"da\\\"ta\",\"path\":\"/srv\",\"id\":\"00112233-4455-6677-8899-aabbccddeeff\",\"rules\":[{\"spec\":\"*\",\"access\":\"read\"},{\"spec\":\"@x\",\"access\":\"write\",\"squash\":\"none\",\"anon_uid\":5}],\"comment\":\"for all\",\"links\":\"a=b:/c\",\"trash_exclude\":\"*.tmp,~$*\",\"users\":[{\"uid\":0,\"access\":\"admin\"},{\"gid\":7,\"access\":\"read\"}],\"default_access\":\"none\",\"read_only\":true,\"squash\":\"root-to-guest\",\"sec\":[\"sys\",\"krb5\"],\"manage_gids\":false,\"local_locks\":true,\"guest\":false,\"browse\":true,\"streams\":true,\"short_names\":false,\"utf8_names\":false,\"list_snapshots\":false,\"nested\":\"off\",\"secure_ports\":true,\"acl_mode\":\"groupmask\",\"samba_acl\":\"off\",\"audit\":false,\"security_labels\":false,\"offload\":false,\"scan\":\"off\",\"scan_time\":30,\"scan_size\":0,\"trash\":false,\"trash_keep\":30,\"trash_size\":0,\"worm\":0,\"worm_retention\":30,\"worm_retention_max\":0,\"worm_mode\":\"governance\",\"xprtsec\":[\"none\",\"tls\",\"mtls\"],\"sec_first\":\"strongest\",\"nlm_callers\":\"proven\",\"dacl\":false,\"delegated_times\":true,\"encrypt\":false,\"compress\":\"ask\",\"notify\":true,\"continuously_available\":false,\"hide_unreadable\":false,\"apple\":true,\"time_machine\":false,\"create_mask\":484,\"directory_mask\":493,\"force_create_mode\":0,\"force_directory_mode\":0,\"auth\":[\"kerberos\",\"ntlm\",\"guest\"]}\n");
	share_free(s);
	nlmsg_free(msg);
}

static void lists_without_entries(void)
{
	static const u8 addr[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 9 };
	struct nl_msg *msg = message_new(DITTO_CMD_CLIENT_GET);
	struct memory m;
	FILE *out;

	msg_put(msg, DITTO_A_CLIENT_ADDRESS, addr, sizeof(addr));
	msg_put_number(msg, &spec_client_set, DITTO_A_CLIENT_SINCE, 1700000000);
	out = memory_begin(&m);
	CHECK(json_message(out, msg, &spec_ops[DITTO_CMD_CLIENT_GET]));
	json_end(out);
	memory_end(&m,
		   "{\"address\":\"192.0.2.9\",\"protocols\":[],\"since\":\"2023-11-14T22:13:20Z\",\"budget\":[]}\n");
	nlmsg_free(msg);

	msg = message_new(DITTO_CMD_SHARE_GET);
	msg_put_string(msg, DITTO_A_SHARE_NAME, "a");
	out = memory_begin(&m);
	CHECK(json_message(out, msg, &spec_ops[DITTO_CMD_SHARE_GET]));
	json_end(out);
	memory_end(&m, "{\"name\":\"a\",\"rules\":[],\"users\":[]}\n");
	nlmsg_free(msg);
}

static void nested_message(void)
{
	struct nl_msg *msg = message_new(DITTO_CMD_NESTED_GET);
	struct memory m;
	FILE *out;

	msg_put_string(msg, DITTO_A_NESTED_SHARE, "data");
	msg_put_string(msg, DITTO_A_NESTED_PATH, "/srv/data/at");
	msg_put_string(msg, DITTO_A_NESTED_FS_TYPE, "xfs");
	msg_put_string(msg, DITTO_A_NESTED_FSID, "6f1d09c2a7b3e458");
	msg_put_number(msg, &spec_nested_set, DITTO_A_NESTED_STATE,
		       DITTO_NESTED_STATE_READ_ONLY);
	out = memory_begin(&m);
	CHECK(json_message(out, msg, &spec_ops[DITTO_CMD_NESTED_GET]));
	json_end(out);
	memory_end(&m,
		   "{\"share\":\"data\",\"path\":\"/srv/data/at\",\"fs_type\":\"xfs\",\"fsid\":\"6f1d09c2a7b3e458\",\"state\":\"read-only\"}\n");
	nlmsg_free(msg);
}

static void unsound_message(void)
{
	struct nl_msg *msg = message_new(DITTO_CMD_SHARE_GET);
	struct memory m;

	msg_put(msg, DITTO_A_SHARE_ID, "short", 5);
	CHECK(!json_message(memory_begin(&m), msg, &spec_ops[DITTO_CMD_SHARE_GET]));
	memory_end(&m, "");
	nlmsg_free(msg);
}

static void claim_message(void)
{
	struct nl_msg *msg = message_new(DITTO_CMD_CLAIM_GET);
	struct memory m;
	FILE *out;

	msg_put_number(msg, &spec_claim_set, DITTO_A_CLAIM_ID, 12);
	msg_put_number(msg, &spec_claim_set, DITTO_A_CLAIM_TYPE, DITTO_CLAIM_TYPE_RANGE);
	msg_put_number(msg, &spec_claim_set, DITTO_A_CLAIM_STATE, DITTO_CLAIM_STATE_WAITING);
	msg_put(msg, DITTO_A_CLAIM_OWNER, "\x01\xff", 2);
	msg_put_number(msg, &spec_claim_set, DITTO_A_CLAIM_LAST, UINT64_MAX);
	msg_put_number(msg, &spec_claim_set, DITTO_A_CLAIM_EXCLUSIVE, 1);
	msg_put_number(msg, &spec_claim_set, DITTO_A_CLAIM_DENY, 6);
	msg_put_number(msg, &spec_claim_set, DITTO_A_CLAIM_LEASE, 0);
	msg_put_number(msg, &spec_claim_set, DITTO_A_CLAIM_SINCE, 1700000000);
	out = memory_begin(&m);
	CHECK(json_message(out, msg, &spec_ops[DITTO_CMD_CLAIM_GET]));
	json_end(out);
	memory_end(&m,
		   "{\"id\":12,\"type\":\"range\",\"state\":\"waiting\",\"owner\":\"01ff\",\"last\":null,\"exclusive\":true,\"deny\":[\"write\",\"delete\"],\"lease\":[],\"since\":\"2023-11-14T22:13:20Z\"}\n");
	nlmsg_free(msg);
}

static void event_message(void)
{
	struct nl_msg *msg = message_new(DITTO_CMD_EVENT);
	struct memory m;
	FILE *out;

	msg_put_number(msg, &spec_event_set, DITTO_A_EVENT_TYPE, DITTO_EVENT_KIND_SHARE_ADDED);
	msg_put_string(msg, DITTO_A_EVENT_SUBJECT, "data");
	msg_put_number(msg, &spec_event_set, DITTO_A_EVENT_TIME, 1700000000000000005ULL);
	out = memory_begin(&m);
	CHECK(json_message(out, msg, &spec_ops[DITTO_CMD_EVENT]));
	json_end(out);
	memory_end(&m,
		   "{\"type\":\"share-added\",\"subject\":\"data\",\"time\":\"2023-11-14T22:13:20.000000005Z\"}\n");
	nlmsg_free(msg);
}

static void aligned_table(void)
{
	static const struct column columns[] = {
		{ "NAME", false }, { "N", true }, { "LAST", false }, { NULL, false }
	};
	struct table *t = table_new(columns);
	struct memory m;

	table_cell(t, "\xc3\xbc");
	table_cell(t, "%d", 1000);
	table_cell(t, "x");
	table_cell(t, "longer\x1b");
	table_cell(t, "%d", 1);
	table_cell(t, "%s", "yy");
	table_end(t, memory_begin(&m));
	memory_end(&m, "NAME        N  LAST\n\xc3\xbc        1000  x\nlonger?     1  yy\n");
}

/* Words are cut, the longest first, and paths at their beginning; numbers are not. */
static void narrow_table(void)
{
	static const struct column columns[] = {
		{ "NAME", false }, { "N", true }, { "FILE", false }, { NULL, false }
	};
	struct table *t = table_new(columns);
	struct memory m;

	table_cell(t, "a name with \xc3\xbcmlauts");
	table_cell(t, "12345");
	table_cell(t, "/srv/data/folder/file");
	table_end_within(t, memory_begin(&m), 37);
	memory_end(&m,
		   "NAME                N  FILE\n"
		   "a name with \xc3\xbc\xe2\x80\xa6  12345  \xe2\x80\246a/folder/file\n");
	t = table_new(columns);
	table_cell(t, "other");
	table_cell(t, "7");
	table_cell(t, "/srv");
	CHECK(!table_keep(t, (char *[]){ (char *)"oth", (char *)"data", NULL }));
	CHECK(!table_keep(t, (char *[]){ NULL }));
	table_cell(t, "a name with \xc3\xbcmlauts");
	table_cell(t, "1");
	table_cell(t, "/srv/data/folder/file");
	CHECK(table_keep(t, (char *[]){ (char *)"NAME", (char *)"older", NULL }));
	table_end_within(t, memory_begin(&m), 3);
	memory_end(&m,
		   "NAME      N  FILE\n"
		   "a name \xe2\x80\xa6  1  \xe2\x80\246er/file\n");
}

static void name_words(void)
{
	char buf[OUT_VALUE_MAX];

	SAME(duration_text(340, buf), "340ms");
	SAME(duration_text(61000, buf), "1m 1s");
	SAME(duration_text(90061000, buf), "1d 1h");
	SAME(bytes_text(0, buf), "0 B");
	SAME(bytes_text(1536, buf), "1.5 KiB");
	SAME(bytes_text(18446744073709551615.0, buf), "16.0 EiB");
	SAME(time_text(UINT64_MAX / 2, 0, false, buf), "?");
}

int main(void)
{
	static const struct test tests[] = {
		TEST(string_escapes), TEST(share_message), TEST(lists_without_entries),
		TEST(nested_message), TEST(unsound_message), TEST(claim_message),
		TEST(event_message), TEST(aligned_table), TEST(narrow_table), TEST(name_words),
		{ 0 }
	};

	return test_main(tests);
}
