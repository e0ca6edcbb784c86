/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DITTO_KUNIT_ROUNDS_H
#define _DITTO_KUNIT_ROUNDS_H

#include <linux/types.h>

/**
 * ditto_test_rounds() - number of rounds of a long test
 * @rounds: number on a machine at native speed
 *
 * KUnit ends a case after 300 s, and an emulated machine with KASAN and lockdep is a hundred times
 * slower. The module parameter "divide" says by how much such a machine shortens long tests.
 *
 * Context: any.
 * Return: @rounds or a part of it, at least 1.
 */
u32 ditto_test_rounds(u32 rounds);

#endif
