// SPDX-License-Identifier: GPL-2.0-only
/* The file of users that log in with a password. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/password.h"
#include "ctl/users.h"
#include "mem.h"
#include "test.h"

static char *dir;
static char *path;

static const u8 some[USERS_HASH_LEN] = { 0x01, 0xab, [15] = 0xff };
#define HEX	"01AB00000000000000000000000000FF"
#define UNUSED	"XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"

/* The first one is from MS-NLMP section 4.2.2.1.2. */
static void password_hashes(void)
{
	static const struct {
		const char *password;
		u8 hash[USERS_HASH_LEN];
	} known[] = {
		{ "Password", { 0xa4, 0xf4, 0x9c, 0x40, 0x65, 0x10, 0xbd, 0xca,
				0xb6, 0x82, 0x4e, 0xe7, 0xc3, 0x0f, 0xd8, 0x52 } },
		{ "password", { 0x88, 0x46, 0xf7, 0xea, 0xee, 0x8f, 0xb1, 0x17,
				0xad, 0x06, 0xbd, 0xd8, 0x30, 0xb7, 0x58, 0x6c } },
	};
	u8 hash[USERS_HASH_LEN];
	struct why why;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		CHECK(users_hash(known[i].password, hash, &why) &&
		      !memcmp(hash, known[i].hash, sizeof(hash)));
	CHECK(users_hash("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80", hash, &why));
	CHECK(!users_hash("", hash, &why));
	CHECK(!users_hash("\xff", hash, &why));
	SAME(why.text, "the password is not UTF-8");
}

static void user_names(void)
{
	struct why why;

	CHECK(users_check_name("alice", &why));
	CHECK(users_check_name("a.b-c_d$", &why));
	CHECK(!users_check_name("", &why));
	CHECK(!users_check_name("a:b", &why));
	CHECK(!users_check_name("DOMAIN\\a", &why));
	CHECK(!users_check_name("#a", &why));
	CHECK(!users_check_name("a\n", &why));
}

/* Return the content of the file; the caller frees it. */
static char *users_content(void)
{
	char text[4096];
	FILE *file = fopen(path, "r");
	size_t len;

	if (!file)
		return NULL;
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	return mem_string(text);
}

static void user_set(const char *name, u32 uid)
{
	struct users users;
	struct why why;

	CHECK(users_read(&users, path, true, &why));
	users_set(&users, name, uid, some);
	CHECK(users_write(&users, &why));
	users_free(&users);
}

static bool user_del(const char *name)
{
	struct users users;
	struct why why;
	bool found;

	CHECK(users_read(&users, path, true, &why));
	found = users_del(&users, name);
	CHECK(users_write(&users, &why));
	users_free(&users);
	return found;
}

static void added_and_removed(void)
{
	static const char line[] = "alice:1000:" UNUSED ":" HEX ":[U          ]:LCT-";
	struct users users;
	struct stat st;
	struct why why;
	char *text;

	user_set("alice", 1000);
	text = users_content();
	if (CHECK(text))
		CHECK(!strncmp(text, line, strlen(line)));
	free(text);
	CHECK(!stat(path, &st) && (st.st_mode & 07777) == 0600);

	user_set("bob", 1001);
	/* Names are compared without case. */
	user_set("ALICE", 1000);
	CHECK(users_read(&users, path, false, &why));
	CHECK(users.n == 2);
	SAME(users.line[0].name, "ALICE");
	CHECK(users.line[1].uid == 1001);
	users_free(&users);

	CHECK(user_del("alice"));
	CHECK(!user_del("alice"));
	CHECK(user_del("Bob"));
	text = users_content();
	SAME(text, "");
	free(text);
}

/* Other lines are preserved byte for byte, and the file is replaced atomically. */
static void foreign_lines(void)
{
	FILE *file = fopen(path, "w");
	char *text;

	if (!CHECK(file))
		return;
	fputs("# comment: with colon\n\nDOMAIN:carol:secret\nno colon\n", file);
	fclose(file);
	user_set("dave", 7);
	CHECK(user_del("dave"));
	text = users_content();
	SAME(text, "# comment: with colon\n\nDOMAIN:carol:secret\nno colon\n");
	free(text);
	unlink(path);
}

static void not_there(void)
{
	struct users users;
	struct why why;

	CHECK(users_read(&users, path, false, &why) && !users.n);
	users_free(&users);
	CHECK(!users_read(&users, "/nowhere/at/all/users", true, &why));
	SAME(why.text, "/nowhere/at/all/users: No such file or directory");
	users_free(&users);
}

/* Read a password from these bytes. */
static bool password_from(const void *bytes, size_t len, char *buf, size_t size, struct why *why)
{
	int in[2], old = dup(STDIN_FILENO);
	bool good;

	CHECK(old >= 0 && !pipe(in) && write(in[1], bytes, len) == (ssize_t)len);
	close(in[1]);
	dup2(in[0], STDIN_FILENO);
	close(in[0]);
	good = password_line(buf, size, why);
	dup2(old, STDIN_FILENO);
	close(old);
	return good;
}

static void passwords_read(void)
{
	struct why why;
	char buf[9];

	CHECK(password_from("secret\r\nmore\n", 13, buf, sizeof(buf), &why));
	SAME(buf, "secret");
	CHECK(password_from("12345678", 8, buf, sizeof(buf), &why));
	SAME(buf, "12345678");
	CHECK(!password_from("123456789\n", 10, buf, sizeof(buf), &why));
	SAME(why.text, "the password is longer than 8 bytes");
	CHECK(!password_from("", 0, buf, sizeof(buf), &why));
	/* UTF-16 */
	CHECK(!password_from("p\0w\0\n\0", 6, buf, sizeof(buf), &why));
	SAME(why.text, "the password has a NUL byte: it must be UTF-8");
}

static const struct test tests[] = {
	TEST(passwords_read),
	TEST(password_hashes),
	TEST(user_names),
	TEST(not_there),
	TEST(added_and_removed),
	TEST(foreign_lines),
	{ NULL, NULL }
};

int main(void)
{
	char template[] = "/tmp/ditto-users-XXXXXX";
	int status;

	dir = mkdtemp(template);
	if (!dir)
		return 1;
	path = mem_print("%s/users", dir);
	status = test_main(tests);
	unlink(path);
	rmdir(dir);
	free(path);
	return status;
}
