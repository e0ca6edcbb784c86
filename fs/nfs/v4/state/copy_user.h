/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Users in whose name the files of a source of copies are opened.
 *
 * The kernel's NFS client (Linux 6.12) loses a reference to the state owner of each user who opens
 * a file there, see Documentation/security.md. So users are counted and limited, because clients
 * name as many of them as they like. Nobody is counted whose files could not be opened.
 *
 * Locking: the caller's.
 */
#ifndef _DITTO_FS_NFS_V4_STATE_COPY_USER_H
#define _DITTO_FS_NFS_V4_STATE_COPY_USER_H

#include <linux/list.h>
#include <linux/types.h>

struct cred;
struct dnfs4_copy_user;

/* Most users of a source. */
#define DNFS4_COPY_USERS_MAX	1024

/**
 * struct dnfs4_copy_users - users of a source
 * @list: struct dnfs4_copy_user
 * @count: length of @list
 */
struct dnfs4_copy_users {
	struct list_head list;
	unsigned int count;
};

/**
 * dnfs4_copy_user_begin - note that a file is about to be opened
 * @users: users of the source
 * @cred: the user
 *
 * Return: the user, until dnfs4_copy_user_end(); NULL if there are too many, or without memory.
 */
struct dnfs4_copy_user *dnfs4_copy_user_begin(struct dnfs4_copy_users *users,
					      const struct cred *cred);

/**
 * dnfs4_copy_user_end - note whether the file was opened
 * @users: users of the source
 * @user: from dnfs4_copy_user_begin()
 * @opened: it was
 *
 * Context: any.
 */
void dnfs4_copy_user_end(struct dnfs4_copy_users *users, struct dnfs4_copy_user *user,
			 bool opened);

/* Set up the users of a source, and free them. */
void dnfs4_copy_users_init(struct dnfs4_copy_users *users);
void dnfs4_copy_users_exit(struct dnfs4_copy_users *users);

#endif
