// SPDX-License-Identifier: GPL-2.0-only
/* Stores of the configuration: their keys, and the files with secrets. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "config/command.h"
#include "config/config.h"
#include "config/config_file.h"
#include "state/server_id.h"
#include "config/store_config.h"
#include "mem.h"
#include "store/msg.h"
#include "test.h"

#define STORE	"[store main]\nendpoint = https://s3.example.org:8443\nbucket = cold\n"	\
		"credentials-file = /c\n"
#define KEY1	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define KEY2	"FFEEDDCCBBAA99887766554433221100ffeeddccbbaa99887766554433221100"

#define FOLDER	"/tmp/ditto-store.XXXXXX"
static char folder[24];

static struct config *parse_text(const char *text, struct mistakes *m)
{
	char *copy = mem_string(text);
	struct config *cfg = config_parse("f", copy, strlen(text), m);

	free(copy);
	return cfg;
}

static void refuse_text(const char *text, const char *want)
{
	struct mistakes m;
	struct config *cfg = parse_text(text, &m);

	CHECK(!cfg && m.count == 1);
	SAME(m.count ? m.text[0] : NULL, want);
	config_free(cfg);
	mistakes_free(&m);
}

/* Write a file with a mode, and return its path. */
static char *file_write(const char *name, const char *text, mode_t mode)
{
	char *path = mem_print("%s/%s", folder, name);
	FILE *f = fopen(path, "we");

	if (CHECK(f)) {
		fputs(text, f);
		fclose(f);
	}
	chmod(path, mode);
	return path;
}

static void all_keys(void)
{
	const struct store_config *s;
	struct mistakes m;
	struct config *cfg = parse_text(STORE
					"region = eu-1\nprefix = a/b\nkey-file = /k\n"
					"ca_file = /ca.pem\nproxy = http://p:3128\naddressing = host\n"
					"compression = off\npacking = no\nparallel = 3\ntimeout-s = 5\n"
					"lifecycle = allow\n"
					"[share data]\npath = /srv\noffload-store = main\n", &m);

	if (!CHECK(cfg)) {
		SAME(m.text[0], "");
		mistakes_free(&m);
		return;
	}
	s = config_store(cfg, "main");
	if (CHECK(s && cfg->nstores == 1)) {
		SAME(s->endpoint, "https://s3.example.org:8443");
		SAME(s->bucket, "cold");
		SAME(s->region, "eu-1");
		SAME(s->prefix, "a/b");
		SAME(s->credentials_file, "/c");
		SAME(s->key_file, "/k");
		SAME(s->ca_file, "/ca.pem");
		SAME(s->proxy, "http://p:3128");
		CHECK(s->host_style && !s->compression && !s->packing && s->parallel == 3 &&
		      s->timeout_s == 5 && s->allow_lifecycle);
	}
	SAME(cfg->shares[0]->offload_store, "main");
	CHECK(!config_store(cfg, "other"));
	config_free(cfg);
}

static void mistakes_of_stores(void)
{
	refuse_text(STORE,
		    "f:1: [store main]: 'key-file' is missing; without encryption: encryption = off");
	refuse_text(STORE "encryption = off\nkey-file = /k\n",
		    "f:1: [store main]: keys, and encryption = off");
	refuse_text("[store main]\nbucket = cold\ncredentials-file = /c\n",
		    "f:1: [store main]: 'endpoint' is missing");
	refuse_text("[store main]\nendpoint = http://a\ncredentials-file = /c\n",
		    "f:1: [store main]: 'bucket' is missing");
	refuse_text("[store main]\nendpoint = http://a\nbucket = cold\n",
		    "f:1: [store main]: 'credentials-file' is missing");
	refuse_text(STORE "encryption = off\n" STORE "encryption = off\n",
		    "f:6: [store main] is there already, in line 1");
	refuse_text(STORE "endpoint = https://b\nencryption = off\n",
		    "f:5: endpoint: is there already, in line 2");
	refuse_text(STORE "prefix = /a\nencryption = off\n",
		    "f:5: prefix: '/a' is not allowed: letters, digits, '.', '_', '-' and single slashes between them are");
	refuse_text(STORE "key-file = k\nencryption = off\n",
		    "f:5: key-file: 'k' is not allowed: an absolute path is");
	refuse_text(STORE "key-command = kmip get\nencryption = off\n",
		    "f:5: key-command: 'kmip get' is not allowed: an absolute path is");
	refuse_text(STORE "key-command = /k\nkey-file = /k\n",
		    "f:1: [store main]: keys are from a key-file or a key-command");
	refuse_text(STORE "key-ids = a\n",
		    "f:1: [store main]: key-ids without a key-command");
	refuse_text(STORE "parallel = 65\nencryption = off\n",
		    "f:5: parallel: '65' is not allowed: a number from 1 to 64 is");
	refuse_text(STORE "paralel = 1\nencryption = off\n",
		    "f:5: [store] has no key 'paralel'; did you mean 'parallel'?");
	refuse_text("[store a b]\nendpoint = http://a\nbucket = cold\ncredentials-file = /c\n"
		    "encryption = off\n",
		    "f:1: 'a b' is no name of a store: 1 to 64 letters, digits, '.', '_' and '-' are");
	refuse_text(STORE "encryption = off\n[share s]\npath = /a\noffload-store = cold\n",
		    "f:6: [share s]: offload-store: there is no [store cold]");
}

static void bad_values(void)
{
	static const char *const values[][2] = {
		{ "endpoint", "ftp://a" }, { "endpoint", "https://" }, { "endpoint", "a" },
		{ "endpoint", "https://u@a" }, { "endpoint", "https://a/path" },
		{ "bucket", "ab" }, { "bucket", "Upper" }, { "bucket", "a/b" },
		{ "prefix", "a//b" }, { "prefix", "../a" }, { "prefix", "a b" },
		{ "region", "eu:1" }, { "region", "" },
		{ "addressing", "virtual" }, { "timeout-s", "0" }, { "compression", "zstd" },
		{ "packing", "16M" }, { "lifecycle", "on" }, { "proxy", "host:3128" },
		{ "credentials-file", "" },
	};
	struct store_config *s = store_config_new("main");
	struct why why;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(values); i++)
		if (store_config_set(s, values[i][0], values[i][1], &why))
			SAME(values[i][0], values[i][1]);
	store_config_free(s);
}

static struct store_config *store_with(char *credentials, char *keys)
{
	struct store_config *s = store_config_new("main");
	struct why why;

	CHECK(store_config_set(s, "endpoint", "http://127.0.0.1:7480", &why));
	CHECK(store_config_set(s, "bucket", "cold", &why));
	CHECK(store_config_set(s, "credentials-file", credentials, &why));
	CHECK(!keys || store_config_set(s, "key-file", keys, &why));
	free(credentials);
	free(keys);
	return s;
}

static void text_has_secrets(void)
{
	struct store_config *s = store_with(file_write("c", "# mine\naccess-key = AK\t\n"
						       "secret_key=S/K+1=\n", 0600),
					    file_write("k", KEY1 "\n" KEY2 "\n", 0400));
	struct why why;
	char *text = store_config_text(s, NULL, &why);

	SAME(text, "endpoint=http://127.0.0.1:7480\nbucket=cold\nregion=us-east-1\n"
	     "addressing=path\ncompression=on\npacking=on\nparallel=8\ntimeout=30\n"
	     "access-key=AK\nsecret-key=S/K+1=\nkey=" KEY1 "\nkey=" KEY2 "\n");
	store_config_text_free(text);
	store_config_free(s);

	s = store_with(file_write("c", "[default]\naws_access_key_id = A\n"
				  "aws_secret_access_key = B\n", 0600), NULL);
	CHECK(store_config_set(s, "lifecycle", "allow", &why));
	text = store_config_text(s, "key=" KEY2 "\n", &why);
	CHECK(text && strstr(text, "\nlifecycle=allow\n"));
	CHECK(text && strstr(text, "access-key=A\nsecret-key=B\nkey=" KEY2 "\n"));
	store_config_text_free(text);
	/* More than a message to the store process can have. */
	text = mem_print("%0*d", OFFLOAD_TEXT_MAX, 0);
	CHECK(!store_config_text(s, text, &why));
	SAME(why.text, "the keys are too many");
	free(text);
	store_config_free(s);
}

static void refuse_files(char *credentials, char *keys, const char *want)
{
	struct store_config *s = store_with(credentials, keys);
	char *expected = mem_print("%s/%s", folder, want);
	struct why why;

	CHECK(!store_config_text(s, NULL, &why));
	SAME(why.text, expected);
	free(expected);
	store_config_free(s);
}

#define GOOD	file_write("c", "access-key = A\nsecret-key = B\n", 0600)

static void files_refused(void)
{
	refuse_files(mem_print("%s/none", folder), NULL, "none: No such file or directory");
	refuse_files(file_write("c", "access-key = A\nsecret-key = B\n", 0640), NULL,
		     "c: others may read it or it is not root's: chown root, chmod 600");
	refuse_files(file_write("c", "access-key = A\n", 0600), NULL,
		     "c: lines access-key = KEY and secret-key = KEY are needed");
	refuse_files(file_write("c", "access-key =\nsecret-key = B\n", 0600), NULL,
		     "c: lines access-key = KEY and secret-key = KEY are needed");
	refuse_files(GOOD, file_write("k", "", 0600),
		     "k: lines of 64 hexadecimal digits are needed");
	refuse_files(GOOD, file_write("k", KEY1 "0", 0600),
		     "k: lines of 64 hexadecimal digits are needed");
	refuse_files(GOOD, file_write("k", KEY1 "\nxyz\n", 0600),
		     "k: lines of 64 hexadecimal digits are needed");
}

/* A store without its files is a mistake; a user that is not known now is none. */
static void check_tells_mistakes(void)
{
	char *secret = file_write("secret", "access-key=A\nsecret-key=B\n", 0600);
	char *text = mem_print("[store main]\nendpoint = https://s3.example.org\nbucket = cold\n"
			       "encryption = off\ncredentials-file = %s\n[share data]\npath = /srv\n"
			       "user = nobody-has-this-name=read\n", secret);
	char *path = file_write("ditto.conf", text, 0644);
	const struct config_file file = { .path = path };

	CHECK(command_check_config(&file, false) == EXIT_SUCCESS);
	chmod(secret, 0644);
	CHECK(command_check_config(&file, false) == EXIT_FAILURE);
	unlink(secret);
	CHECK(command_check_config(&file, false) == EXIT_FAILURE);
	free(path);
	free(text);
	free(secret);
}

/* Whether the folder was synced when the file with the id had its name. */
static bool folder_synced;

/* In place of the C library's. */
int fsync(int fd)
{
	char *path = mem_print("%s/server-id", folder);
	struct stat st;

	folder_synced |= !fstat(fd, &st) && S_ISDIR(st.st_mode) && !access(path, F_OK);
	free(path);
	return (int)syscall(SYS_fsync, fd);
}

/* Stores are claimed with the id, so a power failure must not take it. */
static void id_stays(void)
{
	char *path = mem_print("%s/server-id", folder);
	char first[SERVER_ID_SIZE], again[SERVER_ID_SIZE];

	CHECK(!server_id_get(path, first) && folder_synced);
	CHECK(!server_id_get(path, again));
	SAME(again, first);
	free(path);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(all_keys), TEST(mistakes_of_stores), TEST(bad_values),
		TEST(text_has_secrets), TEST(files_refused),
		TEST(check_tells_mistakes), TEST(id_stays), { 0 }
	};
	char command[64];
	int status;

	snprintf(folder, sizeof(folder), "%s", FOLDER);
	if (!mkdtemp(folder))
		return 1;
	status = test_main(tests);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command) ? 1 : status;
}
