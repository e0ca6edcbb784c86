/* SPDX-License-Identifier: GPL-2.0-only */
/* Test runner. A test is a function; each prints "ok NAME" or "not ok NAME". */
#ifndef _DITTO_TEST_H
#define _DITTO_TEST_H

#include "common/types.h"

/**
 * struct test - one test
 * @name: name of the test
 * @run: the test function, which continues after a failed check
 */
struct test {
	const char *name;
	void (*run)(void);
};

/* Run all tests up to the entry without name. Returns the exit status of the program. */
int test_main(const struct test *tests);
/* Record a failure of the running test unless @good. Returns @good. */
bool test_check(bool good, const char *file, int line, const char *what);
/* Check that two strings are equal; either may be NULL. Returns true if they are. */
bool test_same(const char *got, const char *want, const char *file, int line);

#define CHECK(condition)	test_check(condition, __FILE__, __LINE__, #condition)
#define SAME(got, want)		test_same(got, want, __FILE__, __LINE__)

#define TEST(function)		{ #function, function }

#endif
