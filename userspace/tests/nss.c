// SPDX-License-Identifier: GPL-2.0-only
/* Groups of users, while the service that lists them does not answer. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "identity/identity.h"
#include "identity/nss.h"
#include "identity/nss_initgroups.h"
#include "test.h"

static char path[32];

static void conf_write(const char *text)
{
	FILE *file = fopen(path, "we");

	if (CHECK(file && fputs(text, file) >= 0))
		fclose(file);
	nss_initgroups_file(path);
}

static bool service_answers(const char *how)
{
	setenv("DITTO_TEST_NSS", how, 1);
	return nss_initgroups_answer("alice", 1000);
}

static void services_that_do_not_answer(void)
{
	conf_write("passwd: ditto_test\n  group : files [NOTFOUND=return] ditto_test # x\n");
	CHECK(service_answers("") && service_answers("none"));
	CHECK(!service_answers("unavailable") && !service_answers("again"));
	/* A database of its own replaces that of the groups. */
	conf_write("group: ditto_test\ninitgroups: files\n");
	CHECK(service_answers("unavailable"));
	conf_write("initgroups: files ditto_test\ngroup: files\n");
	CHECK(!service_answers("unavailable"));
}

/* Nobody but the C library's list of groups would tell. */
static void services_that_are_not_asked(void)
{
	conf_write("# group: ditto_test\ngroup: files systemd ditto_none [!UNAVAIL=return\n");
	CHECK(service_answers("unavailable"));
	conf_write("group: ../ditto [ditto_test]\nnetgroup: ditto_test");
	CHECK(service_answers("unavailable"));
	conf_write("");
	CHECK(service_answers("unavailable"));
	nss_initgroups_file("/nonexistent");
	CHECK(service_answers("unavailable"));
}

/* The groups of root, as if it were an account of a directory. */
static void groups_are_unknown(void)
{
	u32 gids[NSS_GROUPS_MAX];
	struct nss_account account;
	unsigned int n;

	conf_write("group: files ditto_test\n");
	setenv("DITTO_TEST_NSS", "unavailable", 1);
	CHECK(!nss_groups(0, gids, &n) && n);
	CHECK(!nss_account("root", &account));
	identity_local_files("/dev/null", "/dev/null");
	CHECK(nss_groups(0, gids, &n) == -EAGAIN);
	CHECK(nss_account("root", &account) == -EAGAIN);
	setenv("DITTO_TEST_NSS", "", 1);
	CHECK(!nss_groups(0, gids, &n) && n);
	CHECK(!nss_account("root", &account));
}

int main(void)
{
	static const struct test tests[] = {
		TEST(services_that_do_not_answer), TEST(services_that_are_not_asked),
		TEST(groups_are_unknown), { 0 }
	};
	int fd, rc;

	snprintf(path, sizeof(path), "/tmp/ditto-nss-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		return 1;
	close(fd);
	rc = test_main(tests);
	unlink(path);
	return rc;
}
