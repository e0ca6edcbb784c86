/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What workers give up. They are processes that read what strangers say, so they can do
 * as little as their libraries allow.
 */
#ifndef _DITTOD_SANDBOX_H
#define _DITTOD_SANDBOX_H

#include <sys/types.h>

#include "text.h"

/* The user that workers run as, and the one if it does not exist. */
#define SANDBOX_USER	"ditto"
#define SANDBOX_OTHER	"nobody"

/* The workers' user. False and @why if there is neither. */
bool sandbox_user(uid_t *uid, gid_t *gid, struct why *why);

/**
 * sandbox_drop_user - become that user, without capabilities, for good
 * @uid: user
 * @gid: group
 *
 * Who is not root already stays who it is. Keeps the group of winbind's privileged
 * pipe, without which the library cannot check users of a domain. Also: no new
 * privileges, no core files.
 *
 * Return: 0 or a negative errno.
 */
int sandbox_drop_user(uid_t uid, gid_t gid);

/**
 * sandbox_files - no file is written or made from now on, but one
 * @fd: that one; -1 for none, and then none is read either
 *
 * By Landlock, where the kernel has it; for the threads that begin later.
 *
 * Return: 0, -EOPNOTSUPP (the kernel has none), another negative errno.
 */
int sandbox_files(int fd);

/**
 * sandbox_reading - no file is written or made from now on, and none is read but below /etc,
 *	and random numbers
 * @files: and in the folders where these lie, wherever links lead; NULL ends them
 *
 * Also no TCP but to port 53, where the kernel can do that.
 *
 * Return: as sandbox_files().
 */
int sandbox_reading(const char *const *files);

/**
 * enum sandbox_kind - what is left to a worker
 * @SANDBOX_SOCKETS: its memory and its sockets
 * @SANDBOX_LIBRARIES: files are opened, libraries loaded, and there are local sockets
 * @SANDBOX_HOSTS: files are opened to be read, and there are sockets of the network, which do
 *	not listen
 */
enum sandbox_kind {
	SANDBOX_SOCKETS,
	SANDBOX_LIBRARIES,
	SANDBOX_HOSTS,
};

/**
 * sandbox_calls - no system calls but those that are needed, in all threads
 * @kind: what is needed
 *
 * No memory is writable and executable, or becomes executable.
 *
 * Return: 0, -EOPNOTSUPP (the kernel has no seccomp), another negative errno.
 */
int sandbox_calls(enum sandbox_kind kind);

#endif
