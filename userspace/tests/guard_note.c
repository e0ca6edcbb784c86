// SPDX-License-Identifier: GPL-2.0-only
/* What dittoctl status says of shares whose file system may hang. */

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "ctl/guard.h"
#include "test.h"

static pthread_mutex_t hung = PTHREAD_MUTEX_INITIALIZER;

/* In place of the C library's: a directory below /hung is not opened before that ends. */
int open(const char *path, int flags, ...)
{
	if (!strncmp(path, "/hung", 5)) {
		pthread_mutex_lock(&hung);
		pthread_mutex_unlock(&hung);
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0);
}

uid_t geteuid(void)
{
	return 0;
}

static void hung_filesystem_noted(void)
{
	const struct share hangs = { .name = "a", .path = "/hung/a", .offload = true };
	const struct share gone = { .name = "b", .path = "/none/b", .offload = true };
	const struct share other = { .name = "c", .path = "/hung/c" };
	char *note;

	pthread_mutex_lock(&hung);
	guard_share_begin(&hangs);
	guard_share_begin(&gone);
	guard_share_begin(&other);
	note = guard_share_note(&hangs, clock_ms());
	CHECK(note && strstr(note, "share a: its file system does not answer"));
	free(note);
	CHECK(!guard_share_note(&gone, clock_ms() + 60000));
	CHECK(!guard_share_note(&other, clock_ms()));
	pthread_mutex_unlock(&hung);
	CHECK(!guard_share_note(&hangs, clock_ms() + 60000));
}

int main(void)
{
	static const struct test tests[] = { TEST(hung_filesystem_noted), { NULL, NULL } };

	return test_main(tests);
}
