/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generic netlink family "ditto", see Documentation/netlink.md.
 *
 * genl.c and genl.h are generated from Documentation/netlink/specs/ditto.yaml by net/ynl-regen.
 * The operations that they name are in the files nl_*.c.
 */
#ifndef _DITTO_NET_NL_FAMILY_H
#define _DITTO_NET_NL_FAMILY_H

#include "../netlink.h"
#include "genl.h"

struct ditto_traffic;

int ditto_genl_init(void);
void ditto_genl_exit(void);
struct sk_buff *ditto_nl_reply_new(struct genl_info *info, size_t size, void **hdr);

/*
 * ditto_nl_deferred - run an operation without the lock of generic netlink
 * ditto_nl_deferred_dump - run a dump without the lock of generic netlink
 *
 * The specification names the first as the "pre" of each operation that may wait for a file system,
 * for requests of clients or for the helper, and the second as the "pre" of each dump that has no
 * start of its own, so genl.h declares them: one is a pre_doit, and the other the start of a dump.
 * A start of its own calls the second before anything else, and ends if that does not return 0.
 *
 * The operation runs when the calling task returns to user mode, before its sendmsg() returns,
 * behind others of the task that it sent before, and is acknowledged then. It gets copies of the
 * message and of its struct genl_info, and runs with the credentials that the request has.
 * Operations without this function come first, also if they stand behind it in the same datagram.
 * The rest of a dump runs when its reader receives, as with any dump.
 *
 * Context: by generic netlink, ahead of the doit or of the dump.
 * Return: -EINTR, upon which generic netlink neither runs the operation nor acknowledges; 0 if it
 *	is to run now, because the request is the kernel's own or is run later already; -ENOBUFS if
 *	too many requests of the task wait; or another errno.
 */

void *ditto_nl_dump_put(struct sk_buff *msg, struct netlink_callback *cb);

int ditto_nl_put_traffic(struct sk_buff *msg, const struct ditto_traffic *sum);

const struct genl_split_ops *ditto_nl_op(u8 cmd);

#endif
