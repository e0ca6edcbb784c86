// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of ditto.ko through which frequent requests go, compiled as one unit.
 *
 * Most functions on the way of a request are small, and those that call them are in other files. As
 * one unit, gcc inlines them (Documentation/performance.md tells what that gains). Each file is
 * complete and could be compiled by itself; the price is that the names of their static functions
 * are all different, which the compiler checks.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "../lockd/check.c"
#include "../lockd/client.c"
#include "../lockd/grace.c"
#include "../lockd/holder.c"
#include "../lockd/lock_ctx.c"
#include "../lockd/mirror.c"
#include "../lockd/mirror_cover.c"
#include "../lockd/mirror_lease.c"
#include "../lockd/mirror_view.c"
#include "../lockd/mirror_range.c"
#include "../lockd/open.c"
#include "../lockd/owner.c"
#include "../lockd/range.c"
#include "../lockd/range_apply.c"
#include "../lockd/range_tree.c"
#include "../lockd/wait.c"
#include "../net/peer.c"
#include "../net/rx_data.c"
#include "op/name.c"
#include "node/file.c"
#include "share/handle.c"
#include "node/node.c"
#include "op/attr.c"
#include "op/cached_attr.c"
#include "op/check/rights.c"
#include "node/hardlink.c"
#include "open/instance.c"
#include "open/instance_open.c"
#include "share/admit.c"
#include "share/cred.c"
#include "share/share.c"
