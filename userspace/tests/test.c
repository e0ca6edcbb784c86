// SPDX-License-Identifier: GPL-2.0-only
/* Test runner. */

#include <stdio.h>
#include <string.h>

#include "test.h"

static bool failed;

bool test_check(bool good, const char *file, int line, const char *what)
{
	if (good)
		return true;
	failed = true;
	printf("# %s:%d: not so: %s\n", file, line, what);
	return false;
}

bool test_same(const char *got, const char *want, const char *file, int line)
{
	if (got && want && !strcmp(got, want))
		return true;
	failed = true;
	printf("# %s:%d: got  '%s'\n# %s:%d: want '%s'\n", file, line, got ? got : "(nothing)",
	       file, line, want ? want : "(nothing)");
	return false;
}

int test_main(const struct test *tests)
{
	int status = 0;

	for (; tests->name; tests++) {
		failed = false;
		tests->run();
		printf("%s %s\n", failed ? "not ok" : "ok", tests->name);
		fflush(stdout);
		status |= failed;
	}
	return status;
}
