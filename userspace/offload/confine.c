// SPDX-License-Identifier: GPL-2.0-only
/*
 * Confinement: another user without capabilities, no files written, no programs executed. System
 * calls are not limited to a list as in the workers: the name service switch starts threads and
 * loads libraries of the administrator's choice, and what these call is not known. The calls that
 * attacks on the kernel and on other processes use are denied.
 */

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "chunker.h"
#include "confine.h"
#include "daemon/sandbox.h"

/* Descriptors: of files that are pushed, of objects, of connections. */
#define FILES_MAX	2048
/* Longest file in memory. */
#define FILE_MAX	CHUNK_MAX

static const int denied[] = {
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev), SCMP_SYS(kcmp), SCMP_SYS(pidfd_getfd), SCMP_SYS(mount),
	SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(move_mount),
	SCMP_SYS(open_tree), SCMP_SYS(fsopen), SCMP_SYS(fsmount), SCMP_SYS(fspick),
	SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(bpf), SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register), SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key),
	SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(open_by_handle_at),
	SCMP_SYS(name_to_handle_at), SCMP_SYS(personality), SCMP_SYS(modify_ldt),
	SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(reboot), SCMP_SYS(vmsplice),
	SCMP_SYS(fanotify_init), SCMP_SYS(acct), SCMP_SYS(quotactl), SCMP_SYS(syslog),
};

static int confine_calls(void)
{
	scmp_filter_ctx ctx;
	size_t i;
	int rc = 0;

	/* Kernels without seccomp reject this call. */
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
		return errno == EINVAL ? 0 : -errno;
	ctx = seccomp_init(SCMP_ACT_ALLOW);
	if (!ctx)
		return -ENOMEM;
	for (i = 0; !rc && i < ARRAY_SIZE(denied); i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), denied[i], 0);
	if (!rc)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	return rc;
}

static int confine_files(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int rc;

	if (null < 0)
		return -errno;
	rc = sandbox_files(null);
	close(null);
	return rc == -EOPNOTSUPP ? 0 : rc;
}

static int confine_limits(void)
{
	const struct rlimit files = { FILES_MAX, FILES_MAX };
	const struct rlimit size = { FILE_MAX, FILE_MAX };

	if (setrlimit(RLIMIT_NOFILE, &files) || setrlimit(RLIMIT_FSIZE, &size))
		return -errno;
	return 0;
}

bool confine(struct why *why)
{
	uid_t uid = getuid();
	gid_t gid = getgid();
	int rc;

	if (!geteuid() && !sandbox_user(&uid, &gid, why))
		return false;
	rc = confine_limits();
	if (!rc)
		rc = sandbox_drop_user(uid, gid);
	if (!rc && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		rc = -errno;
	if (!rc)
		rc = confine_files();
	if (!rc)
		rc = confine_calls();
	return !rc || why_not(why, "cannot give up privileges: %s", strerror(-rc));
}
