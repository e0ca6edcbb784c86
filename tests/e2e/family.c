// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that waits for others when it is loaded. It has a family of generic netlink without
 * operations: to register that waits for operations of all other families that hold the lock of
 * generic netlink, and keeps new ones from beginning. And it is in all namespaces of the network:
 * to be there waits for those that are ending.
 */
#include <linux/module.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

static struct genl_family family = {
	.name = "ditto_test",
	.version = 1,
	.module = THIS_MODULE,
};

static struct pernet_operations net_ops;

static int __init family_init(void)
{
	int err = register_pernet_subsys(&net_ops);

	if (err)
		return err;
	err = genl_register_family(&family);
	if (err)
		unregister_pernet_subsys(&net_ops);
	return err;
}

static void __exit family_exit(void)
{
	genl_unregister_family(&family);
	unregister_pernet_subsys(&net_ops);
}

module_init(family_init);
module_exit(family_exit);
MODULE_DESCRIPTION("Family of generic netlink for the tests of Ditto");
MODULE_LICENSE("GPL");
