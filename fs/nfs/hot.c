// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of ditto_nfs.ko through which frequent requests go, compiled as one unit.
 *
 * Most functions on the way of a request are small, and those that call them are in other files. As
 * one unit, gcc inlines them (Documentation/performance.md tells what that gains). Each file is
 * complete and could be compiled by itself; the price is that the names of their static functions
 * are all different, which the compiler checks.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "rpc/batch.c"
#include "rpc/batch_send.c"
#include "rpc/connection.c"
#include "rpc/direct.c"
#include "rpc/rpc.c"
#include "rpc/target.c"
#include "rpc/worker.c"
#include "v4/attr/attr.c"
#include "v4/attr/attr_encode.c"
#include "v4/attr/attr_read.c"
#include "v4/attr/idmap.c"
#include "v4/deleg/delegation.c"
#include "v4/deleg/delegation_xdr.c"
#include "v4/engine/compound.c"
#include "v4/engine/fh.c"
#include "v4/engine/status.c"
#include "v4/engine/xdr.c"
#include "v4/op/op_close.c"
#include "v4/op/op_fh.c"
#include "v4/op/op_getattr.c"
#include "v4/op/op_lock.c"
#include "v4/op/op_open.c"
#include "v4/session/conn.c"
#include "v4/session/lease.c"
#include "v4/session/reclaim.c"
#include "v4/session/sequence.c"
#include "v4/session/session.c"
#include "v4/session/slot.c"
#include "v4/state/lock_wait.c"
#include "v4/state/locks.c"
#include "v4/state/open.c"
#include "v4/state/owner.c"
#include "v4/state/state_table.c"
#include "v4/state/states.c"
