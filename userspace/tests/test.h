/* SPDX-License-Identifier: GPL-2.0-only */
/* A test is a function; each says "ok NAME" or "not ok NAME". */
#ifndef _DITTO_TEST_H
#define _DITTO_TEST_H

#include "common/types.h"

/**
 * struct test - one test
 * @name: of the test
 * @run: the test; it goes on after a check that fails
 */
struct test {
	const char *name;
	void (*run)(void);
};

/* Run all up to the one without name; the exit status of the program. */
int test_main(const struct test *tests);
/* Note a failure of the running test, unless @good; returns @good. */
bool test_check(bool good, const char *file, int line, const char *what);
/* The same for strings; either may be NULL. */
bool test_same(const char *got, const char *want, const char *file, int line);

#define CHECK(condition)	test_check(condition, __FILE__, __LINE__, #condition)
#define SAME(got, want)		test_same(got, want, __FILE__, __LINE__)

#define TEST(function)		{ #function, function }

#endif
