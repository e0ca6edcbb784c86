// SPDX-License-Identifier: GPL-2.0-only
/* What ditto-guard takes from the module's file. */

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "guard/module.h"
#include "test.h"

static void devices_found(void)
{
	static const char text[] = "ditto 1\n7:10\n0:42\n";

	CHECK(module_text_has(text, "7:10"));
	CHECK(module_text_has(text, "0:42"));
	CHECK(!module_text_has(text, "7:1"));
	CHECK(!module_text_has(text, "0:4"));
	CHECK(!module_text_has(text, "0:421"));
	CHECK(!module_text_has(text, "ditto 1"));
	CHECK(!module_text_has("", "7:10"));
	CHECK(!module_text_has("ditto 1\n", "7:10"));
}

static bool module_reads(const char *bytes, char text[MODULE_TEXT_MAX])
{
	int fd = memfd_create("module", MFD_CLOEXEC);
	bool good;

	CHECK(write(fd, bytes, strlen(bytes)) == (ssize_t)strlen(bytes));
	lseek(fd, 0, SEEK_SET);
	good = module_read(fd, text);
	close(fd);
	return good;
}

/* The end of the module, and what a later version may write, is nothing that is guarded. */
static void texts_read(void)
{
	char text[MODULE_TEXT_MAX];

	CHECK(module_reads("ditto 1\n7:10\n", text) && !strcmp(text, "ditto 1\n7:10\n"));
	CHECK(module_reads("ditto 1\n", text));
	CHECK(!module_reads("", text) && !text[0]);
	CHECK(!module_reads("ditto 2\n7:10\n", text) && !text[0]);
	CHECK(!module_read(-1, text) && !text[0]);
}

/* Flags of a thread of the kernel in a name are no flags. */
static void servers_found(void)
{
	CHECK(!module_has_server(getpid()));
	prctl(PR_SET_NAME, ") S 0 0 0 0 0 9");
	CHECK(!module_has_server(getpid()));
	/* Somebody in another namespace of processes, and nobody. */
	CHECK(!module_has_server(0));
	CHECK(!module_has_server(-1));
}

int main(void)
{
	static const struct test tests[] = {
		TEST(devices_found), TEST(texts_read), TEST(servers_found), { NULL, NULL }
	};

	return test_main(tests);
}
