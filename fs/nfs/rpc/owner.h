/* SPDX-License-Identifier: GPL-2.0-only */
/* Owners and groups as numbers on the wire. Every file of a listing has both. */
#ifndef _DITTO_FS_NFS_RPC_OWNER_H
#define _DITTO_FS_NFS_RPC_OWNER_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/uidgid.h>

/*
 * Give the number of an owner. The initial user namespace changes no id that is valid, so the id is
 * not looked up there. Context: any. Return: as from_kuid_munged(), which it replaces.
 */
static inline u32 dnfs_uid_out(struct user_namespace *userns, kuid_t uid)
{
	if (likely(userns == &init_user_ns && uid_valid(uid)))
		return __kuid_val(uid);
	return from_kuid_munged(userns, uid);
}

/*
 * Give the number of a group. Groups are converted as users are by dnfs_uid_out(). Context: any.
 * Return: as from_kgid_munged(), which it replaces.
 */
static inline u32 dnfs_gid_out(struct user_namespace *userns, kgid_t gid)
{
	if (likely(userns == &init_user_ns && gid_valid(gid)))
		return __kgid_val(gid);
	return from_kgid_munged(userns, gid);
}

#endif
