// SPDX-License-Identifier: GPL-2.0-only
/*
 * A family of generic netlink without operations. To register it waits for operations of all other
 * families that hold the lock of generic netlink, and keeps new ones from beginning meanwhile.
 */
#include <linux/module.h>
#include <net/genetlink.h>

static struct genl_family family = {
	.name = "ditto_test",
	.version = 1,
	.module = THIS_MODULE,
};

static int __init family_init(void)
{
	return genl_register_family(&family);
}

static void __exit family_exit(void)
{
	genl_unregister_family(&family);
}

module_init(family_init);
module_exit(family_exit);
MODULE_DESCRIPTION("Family of generic netlink for the tests of Ditto");
MODULE_LICENSE("GPL");
