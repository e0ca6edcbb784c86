// SPDX-License-Identifier: GPL-2.0-only
/* Suites about what all modules have: their settings, and their options of shares. */
#include <linux/module.h>

MODULE_DESCRIPTION("Ditto file server: KUnit tests of all modules");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DITTO");
