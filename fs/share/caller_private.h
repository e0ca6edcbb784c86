/* SPDX-License-Identifier: GPL-2.0-only */
/* Acting as the caller of an operation. */
#ifndef _DITTO_FS_SHARE_CALLER_PRIVATE_H
#define _DITTO_FS_SHARE_CALLER_PRIVATE_H

#include <linux/cred.h>
#include <linux/mount.h>
#include <linux/sched.h>

#include "../../net/callback.h"
#include "../node/share_types.h"
#include "caller.h"
#include "cred.h"

/*
 * Act as the caller. @op: holds a reference to its credential until ditto_op_leave(). Like
 * override_creds(), but without taking a second reference: the reference count is a cache line that
 * all threads of a user would write. Return: the previous credential, for ditto_op_leave().
 */
static inline const struct cred *ditto_op_enter(const struct ditto_op *op)
{
	const struct cred *old = current_cred();

	ditto_assert_no_callback();
	rcu_assign_pointer(current->cred, op->cred->cred);
	return old;
}

/* The same with another credential, which the caller holds. Also ended by ditto_op_leave(). */
static inline const struct cred *ditto_act_as(const struct cred *as)
{
	const struct cred *old = current_cred();

	rcu_assign_pointer(current->cred, as);
	return old;
}

/* Go back to the previous credential. */
static inline void ditto_op_leave(const struct cred *old)
{
	rcu_assign_pointer(current->cred, old);
}

static inline struct mnt_idmap *ditto_idmap(const struct ditto_share *share)
{
	return mnt_idmap(share->root.mnt);
}

#endif
