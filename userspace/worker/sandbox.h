/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Confinement of the workers. They parse untrusted input, so they keep only the privileges that
 * their libraries need.
 */
#ifndef _DITTOD_SANDBOX_H
#define _DITTOD_SANDBOX_H

#include <sys/types.h>

#include "text.h"

/* User that the workers run as, and the fallback if it does not exist. */
#define SANDBOX_USER	"ditto"
#define SANDBOX_OTHER	"nobody"

/* Look up the user of the workers. Returns false and fills @why if there is none. */
bool sandbox_user(uid_t *uid, gid_t *gid, struct why *why);

/**
 * sandbox_drop_user - become the user of the workers for good, without capabilities
 * @uid: user
 * @gid: group
 *
 * A process that does not run as root keeps its user. The group of winbind's privileged pipe is
 * kept, because the library needs it to check users of a domain. Also sets no_new_privs and
 * disables core files.
 *
 * Return: 0 or a negative errno.
 */
int sandbox_drop_user(uid_t uid, gid_t gid);

/**
 * sandbox_files - forbid to write and create files, with one exception
 * @fd: the file that may be written; -1 for none, and then reading is forbidden too
 *
 * Uses Landlock, where the kernel has it. Applies to the calling thread and those it starts later.
 *
 * Return: 0, -EOPNOTSUPP (the kernel has no Landlock), another negative errno.
 */
int sandbox_files(int fd);

/**
 * sandbox_command - forbid to write and create files, but not to execute them
 *
 * Also forbids the system calls that attacks on the kernel and on other processes use. For
 * programs of the administrator's choice, which cannot be limited to a list of system calls.
 * Applies to the calling thread and what it executes.
 *
 * Return: 0, also if the kernel has no Landlock or no seccomp, or a negative errno.
 */
int sandbox_command(void);

/**
 * sandbox_reading - forbid to write and create files, and to read most files
 * @files: files whose directories, with links resolved, stay readable; ends with NULL
 *
 * Files below /etc and the random device stay readable too. TCP is forbidden except to port 53,
 * where the kernel supports that. Applies to the same threads as sandbox_files().
 *
 * Return: as sandbox_files().
 */
int sandbox_reading(const char *const *files);

/**
 * enum sandbox_kind - system calls that a worker keeps
 * @SANDBOX_SOCKETS: memory, and the sockets that it has
 * @SANDBOX_LIBRARIES: also open files, load libraries and create local sockets
 * @SANDBOX_HOSTS: also open files for reading, and create network sockets that do not listen
 * @SANDBOX_TLS: as @SANDBOX_SOCKETS, and hand keys of TLS over to the kernel
 * @SANDBOX_CLIENT: as @SANDBOX_HOSTS, also load libraries, start threads, create files in memory,
 *		    and look names up by the services of nsswitch.conf(5)
 */
enum sandbox_kind {
	SANDBOX_SOCKETS,
	SANDBOX_LIBRARIES,
	SANDBOX_HOSTS,
	SANDBOX_TLS,
	SANDBOX_CLIENT,
};

/**
 * sandbox_calls - install a system call filter in all threads
 * @kind: the system calls to keep
 *
 * Memory cannot be both writable and executable, or become executable. No process can be started,
 * and no thread and few files except with @SANDBOX_CLIENT. What is not kept fails with EPERM.
 *
 * Return: 0, -EOPNOTSUPP (the kernel has no seccomp), another negative errno.
 */
int sandbox_calls(enum sandbox_kind kind);

#endif
