// SPDX-License-Identifier: GPL-2.0-only
/* The module that holds the KUnit suites; each suite is a file beside this. */
#include <linux/module.h>

MODULE_DESCRIPTION("Ditto file server: KUnit tests");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(DITTO);
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
