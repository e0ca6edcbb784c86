// SPDX-License-Identifier: GPL-2.0-only
/* Parsing and formatting of values. */

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "nl/share.h"
#include "ditto-nl-gen.h"
#include "fd_path.h"
#include "test.h"
#include "text.h"

static void number_text(void)
{
	u64 v;
	struct why why;

	CHECK(text_number("0", 0, 10, &v, &why) && v == 0);
	CHECK(text_number("18446744073709551615", 0, UINT64_MAX, &v, &why) && v == UINT64_MAX);
	CHECK(!text_number("18446744073709551616", 0, UINT64_MAX, &v, &why));
	CHECK(!text_number("", 0, 10, &v, &why));
	CHECK(!text_number("-1", 0, 10, &v, &why));
	CHECK(!text_number("+1", 0, 10, &v, &why));
	CHECK(!text_number(" 1", 0, 10, &v, &why));
	CHECK(!text_number("1x", 0, 10, &v, &why));
	CHECK(!text_number("11", 0, 10, &v, &why));
	SAME(why.text, "'11' is not allowed: a number from 0 to 10 is");
}

static void bool_text(void)
{
	struct why why;
	bool v;

	CHECK(text_bool("On", &v, &why) && v);
	CHECK(text_bool("no", &v, &why) && !v);
	CHECK(!text_bool("", &v, &why));
	CHECK(!text_bool("2", &v, &why));
}

static void unit_text(void)
{
	struct why why;
	u64 v;

	CHECK(text_duration("90", 1000, &v, &why) && v == 90);
	CHECK(text_duration("2d", 1000000, &v, &why) && v == 172800);
	CHECK(text_duration("0", 0, &v, &why) && !v);
	CHECK(!text_duration("2d", 172799, &v, &why));
	CHECK(!text_duration("d", 1000, &v, &why) && !text_duration("-1", 1000, &v, &why));
	CHECK(!text_duration("1dd", 1000000, &v, &why) && !text_duration("1M", 1000, &v, &why));
	CHECK(text_size("64K", &v, &why) && v == 65536);
	CHECK(text_size("3T", &v, &why) && v == 3ULL << 40);
	CHECK(!text_size("9000000T", &v, &why) && !text_size("", &v, &why));
	CHECK(!text_size("1m", &v, &why));
}

static void enum_text(void)
{
	struct why why;
	u32 v;

	CHECK(text_enum("root_to_admin", &spec_squash_mode, &v, &why) &&
	      v == DITTO_SQUASH_MODE_ROOT_TO_ADMIN);
	CHECK(text_enum("all-to-guest", &spec_squash_mode, &v, &why) &&
	      v == DITTO_SQUASH_MODE_ALL_TO_GUEST);
	CHECK(!text_enum("all", &spec_squash_mode, &v, &why));
	CHECK(strstr(why.text, "root-to-guest, none, root-to-admin"));
	CHECK(text_flags("sys,krb5p", &spec_flavor, &v, &why) &&
	      v == (DITTO_FLAVOR_SYS | DITTO_FLAVOR_KRB5P));
	CHECK(!text_flags("", &spec_flavor, &v, &why));
	CHECK(!text_flags("sys,", &spec_flavor, &v, &why));
	CHECK(!text_flags("sys,,krb5", &spec_flavor, &v, &why));
	CHECK(!text_flags("krb5x", &spec_flavor, &v, &why));
}

/* The names of an option's values are those of the netlink specification. */
static void option_text(void)
{
	const struct setting *sec = &share_options[SHARE_OPTION_sec];
	const struct setting *mask = &share_options[SHARE_OPTION_create_mask];
	char buf[SETTING_TEXT_MAX], all[256], spec[256];
	struct why why;
	u32 v;

	CHECK(setting_read(sec, "sys,krb5p", &v, &why) &&
	      v == (DITTO_FLAVOR_SYS | DITTO_FLAVOR_KRB5P));
	SAME(setting_text(sec, v, buf), "sys,krb5p");
	SAME(setting_text(sec, sec->max, buf), "none,sys,krb5,krb5i,krb5p");
	CHECK(!setting_read(sec, "", &v, &why));
	CHECK(!setting_read(sec, "sys,", &v, &why));
	CHECK(!setting_read(sec, "sys,,krb5", &v, &why));
	CHECK(!setting_read(sec, "krb5x", &v, &why));
	SAME(why.text,
	     "'krb5x' is not allowed: a list of none, sys, krb5, krb5i, krb5p is");
	CHECK(setting_read(mask, "0640", &v, &why) && v == 0640);
	SAME(setting_text(mask, 0640, buf), "0640");
	CHECK(!setting_read(mask, "1000", &v, &why) && !setting_read(mask, "8", &v, &why));
	SAME(setting_values(sec, all, sizeof(all)),
	     spec_enum_all(&spec_flavor, spec, sizeof(spec)));
	SAME(setting_values(&share_options[SHARE_OPTION_squash], all, sizeof(all)),
	     spec_enum_all(&spec_squash_mode, spec, sizeof(spec)));
	SAME(setting_values(&share_options[SHARE_OPTION_acl_mode], all, sizeof(all)),
	     spec_enum_all(&spec_acl_mode, spec, sizeof(spec)));
}

static void region_text(void)
{
	char text[66];
	struct why why;

	memset(text, 'a', sizeof(text));
	text[64] = '\0';
	CHECK(text_region(text, &why) && text_region("eu-1", &why) && text_region("B.9_", &why));
	text[64] = 'a';
	text[65] = '\0';
	CHECK(!text_region(text, &why));
	CHECK(!text_region("a:b", &why) && !text_region("a b", &why) && !text_region("", &why));
	SAME(why.text, "'' is not allowed: 1 to 64 letters, digits, '.', '_' and '-' are");
}

static void dialect_text(void)
{
	char buf[TEXT_DIALECT_MAX];
	struct why why;
	u32 v;

	CHECK(text_dialect("2.0.2", &v, &why) && v == 0x0202);
	CHECK(text_dialect("2.1", &v, &why) && v == 0x0210);
	CHECK(text_dialect("3.1.1", &v, &why) && v == 0x0311);
	CHECK(!text_dialect("3.11", &v, &why));
	CHECK(!text_dialect("1.0", &v, &why));
	CHECK(!text_dialect("", &v, &why));
	SAME(why.text, "'' is not allowed: one of 2.0.2, 2.1, 3.0, 3.0.2, 3.1.1 is");
	SAME(text_from_dialect(0x0300, buf), "3.0");
	SAME(text_from_dialect(0x0302, buf), "3.0.2");
}

static void address_text(void)
{
	static const u8 mapped[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1 };
	char buf[TEXT_ADDRESS_MAX];
	struct address a;
	struct why why;

	CHECK(text_address("*", &a, &why) && a.len == 0);
	CHECK(text_address("192.0.2.1", &a, &why) && a.len == 4);
	SAME(text_from_address(a.bytes, a.len, buf), "192.0.2.1");
	CHECK(text_address("::ffff:192.0.2.1", &a, &why) && a.len == 4 && a.bytes[0] == 192);
	CHECK(text_address("2001:db8::1", &a, &why) && a.len == 16);
	SAME(text_from_address(a.bytes, a.len, buf), "2001:db8::1");
	CHECK(!text_address("192.0.2", &a, &why));
	CHECK(!text_address("", &a, &why));
	SAME(text_from_address(mapped, 16, buf), "192.0.2.1");
	SAME(text_from_address(mapped, 0, buf), "*");
	SAME(text_from_address(mapped, 3, buf), "?");
}

static void uuid_text(void)
{
	char buf[TEXT_UUID_MAX];
	struct why why;
	u8 id[16];

	CHECK(text_uuid("00112233-4455-6677-8899-aAbBcCdDeEfF", id, &why));
	SAME(text_from_uuid(id, buf), "00112233-4455-6677-8899-aabbccddeeff");
	CHECK(text_uuid("00112233445566778899aabbccddeeff", id, &why));
	CHECK(!text_uuid("00112233445566778899aabbccddeef", id, &why));
	CHECK(!text_uuid("00112233445566778899aabbccddeefff", id, &why));
	CHECK(!text_uuid("00112233445566778899aabbccddeefg", id, &why));
	CHECK(!text_uuid("", id, &why));
}

static void rule_specs(void)
{
	static const char *const good[] = {
		"*", "192.0.2.1", "192.0.2.0/24", "0.0.0.0/0", "2001:db8::/32", "::1",
		"client.example", "*.example", "node-?.example", "@trusted", "@a_b.c",
		"cert:build-*.example", "cert:7", "cert:*",
	};
	static const char *const bad[] = {
		"", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/x", "2001:db8::/129", "/24", "*/8",
		"client.example/24", "1.2.3", "2001:db8::g", "a b", "@", "@a b", "name!",
		"cert:", "cert:a/b", "cert:a:b", "cert:192.0.2.0/24", "certificate:a",
	};
	char longer[300];
	struct why why;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		test_check(text_rule_spec(good[i], &why), __FILE__, __LINE__, good[i]);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		test_check(!text_rule_spec(bad[i], &why), __FILE__, __LINE__, bad[i]);
	memset(longer, 'a', sizeof(longer));
	longer[256] = '\0';
	CHECK(!text_rule_spec(longer, &why));
	longer[255] = '\0';
	CHECK(text_rule_spec(longer, &why));
}

static const char *word_at(const void *arg, unsigned int i)
{
	return ((const char *const *)arg)[i];
}

static void nearest_word(void)
{
	static const char *const words[] = { "share", "listener", "server", "stats", NULL };

	SAME(text_nearest("shar", word_at, words), "share");
	SAME(text_nearest("lisener", word_at, words), "listener");
	SAME(text_nearest("sevrer", word_at, words), "server");
	SAME(text_nearest("l", word_at, words), "listener");
	CHECK(!text_nearest("xyzzy", word_at, words));
}

static void printable_text(void)
{
	char text[] = "a\033[2Jb\n\x7f\303\244\302\2332J\302\240";

	text_make_printable(text);
	SAME(text, "a?[2Jb??\303\244?2J\302\240");
}

static void open_file_path(void)
{
	char path[FD_PATH_MAX], target[FD_PATH_MAX];
	int fd = open("/dev/null", O_PATH | O_CLOEXEC);

	CHECK(fd >= 0 && readlink(fd_path(fd, path), target, sizeof(target)) == 9);
	CHECK(!memcmp(target, "/dev/null", 9));
	close(fd);
	SAME(fd_path(INT_MAX, path), "/proc/self/fd/2147483647");
	SAME(fd_path(INT_MIN, path), "/proc/self/fd/-2147483648");
}

int main(void)
{
	static const struct test tests[] = {
		TEST(number_text), TEST(bool_text), TEST(unit_text), TEST(enum_text),
		TEST(option_text), TEST(region_text), TEST(dialect_text),
		TEST(address_text), TEST(uuid_text), TEST(rule_specs), TEST(nearest_word),
		TEST(printable_text), TEST(open_file_path), { 0 }
	};

	return test_main(tests);
}
