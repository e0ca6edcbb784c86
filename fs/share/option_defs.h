/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Options of a share that are numbers. The kernel and the programs make their tables from this
 * list; the includer defines OPTION().
 *
 *	OPTION(kind, attr, name, field, initial, max, values)
 *
 * kind is BOOL, ENUM, FLAGS, or MODE (an octal mode up to max). attr is that of netlink, without
 * DITTO_A_SHARE_. values is the enum of the netlink specification that has the names, for an
 * ENUM and for FLAGS. Netlink checks the same limits by its policy.
 */

OPTION(BOOL, READ_ONLY, "read-only", read_only, 0, 1, none)
OPTION(ENUM, SQUASH, "squash", squash, 0, 4, squash_mode)
OPTION(FLAGS, SEC, "sec", sec, 2, 31, flavor)
OPTION(BOOL, MANAGE_GIDS, "manage-gids", manage_gids, 0, 1, none)
OPTION(BOOL, LOCAL_LOCKS, "local-locks", local_locks, 1, 1, none)
OPTION(BOOL, ENCRYPT, "encrypt", encrypt, 0, 1, none)
OPTION(BOOL, GUEST, "guest", guest, 0, 1, none)
OPTION(BOOL, BROWSE, "browse", browse, 1, 1, none)
OPTION(BOOL, STREAMS, "streams", streams, 1, 1, none)
OPTION(BOOL, SHORT_NAMES, "short-names", short_names, 0, 1, none)
OPTION(BOOL, NOTIFY, "notify", notify, 1, 1, none)
OPTION(BOOL, CONTINUOUSLY_AVAILABLE, "continuously-available", continuous, 0, 1, none)
OPTION(BOOL, SECURE_PORTS, "secure-ports", secure_ports, 1, 1, none)
OPTION(BOOL, HIDE_UNREADABLE, "hide-unreadable", hide_unreadable, 0, 1, none)
OPTION(ENUM, ACL_MODE, "acl-mode", acl_mode, 0, 3, acl_mode)
OPTION(MODE, CREATE_MASK, "create-mask", create_mask, 0744, 0777, none)
OPTION(MODE, DIRECTORY_MASK, "directory-mask", directory_mask, 0755, 0777, none)
OPTION(MODE, FORCE_CREATE_MODE, "force-create-mode", force_create_mode, 0, 07777, none)
OPTION(MODE, FORCE_DIRECTORY_MODE, "force-directory-mode", force_directory_mode, 0, 07777, none)

#undef OPTION
