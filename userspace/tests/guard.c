// SPDX-License-Identifier: GPL-2.0-only
/* What ditto-guard takes from the module's file, and a watch that cannot begin. */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "guard/module.h"
#include "guard/watch.h"
#include "test.h"

static int group_fd = -1;
static int thread_error = EAGAIN;

/* In place of the C library's. */
int fanotify_init(unsigned int flags, unsigned int event_f_flags)
{
	(void)flags;
	(void)event_f_flags;
	group_fd = memfd_create("group", MFD_CLOEXEC);
	return group_fd;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *),
		   void *arg)
{
	(void)thread;
	(void)attr;
	(void)start;
	(void)arg;
	return thread_error;
}

/* A watch that nobody serves is not kept: it is begun anew at each change of the mount table. */
static void threads_missing(void)
{
	struct why why;

	CHECK(!watch_begin("7:10", -1, &why));
	CHECK(!strcmp(why.text, strerror(thread_error)));
	CHECK(group_fd >= 0 && fcntl(group_fd, F_GETFD) < 0 && errno == EBADF);
}

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
		TEST(devices_found), TEST(texts_read), TEST(servers_found),
		TEST(threads_missing), { NULL, NULL }
	};

	return test_main(tests);
}
