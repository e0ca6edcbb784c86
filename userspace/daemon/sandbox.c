// SPDX-License-Identifier: GPL-2.0-only
/* What workers give up. */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

/* May ask winbind to check a user of a domain. */
#define WINBIND_GROUP	"winbindd_priv"

#define FILES_MAX	128

bool sandbox_user(uid_t *uid, gid_t *gid, struct why *why)
{
	const struct passwd *pw = getpwnam(SANDBOX_USER) ?: getpwnam(SANDBOX_OTHER);

	if (!pw || !pw->pw_uid)
		return why_not(why, "there is neither a user " SANDBOX_USER " nor a user "
			       SANDBOX_OTHER " for the workers");
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	return true;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) ||
	    syscall(SYS_capset, &header, none))
		return -errno;
	return 0;
}

int sandbox_drop_user(uid_t uid, gid_t gid)
{
	const struct rlimit none = { 0, 0 };
	const struct group *winbind = getgrnam(WINBIND_GROUP);
	gid_t groups[1] = { winbind ? winbind->gr_gid : 0 };
	int cap;
	int rc;

	if (!geteuid()) {
		for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
			if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) && errno != EPERM)
				return -errno;
		if (setgroups(winbind ? 1 : 0, groups) || setresgid(gid, gid, gid) ||
		    setresuid(uid, uid, uid))
			return -errno;
	}
	rc = drop_capabilities();
	if (!rc && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || setrlimit(RLIMIT_CORE, &none)))
		rc = -errno;
	return rc;
}

int sandbox_files(int fd)
{
	struct landlock_ruleset_attr all = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
			LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
			LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
			LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
			LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
			LANDLOCK_ACCESS_FS_MAKE_SYM,
	};
	const __u64 reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
	struct landlock_path_beneath_attr one = {
		.allowed_access = LANDLOCK_ACCESS_FS_WRITE_FILE,
		.parent_fd = fd,
	};
	int rc = 0;
	int set;

	if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 0)
		return -EOPNOTSUPP;
	if (fd < 0)
		all.handled_access_fs |= reading;
	set = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	if (set < 0)
		return -errno;
	/* A file without a directory, of memory, needs no rule and gets none. */
	if (fd >= 0 && syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &one, 0) &&
	    errno != EBADFD)
		rc = -errno;
	else if (syscall(SYS_landlock_restrict_self, set, 0))
		rc = -errno;
	close(set);
	return rc;
}

/* What any thread does with memory, its sockets and other threads. */
static const int calls[] = {
	SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(close), SCMP_SYS(lseek),
	SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(futex),
	SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield), SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(poll),
	SCMP_SYS(ppoll), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(getpid), SCMP_SYS(gettid),
	SCMP_SYS(uname), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),
};

/* What the libraries of logins do besides. */
static const int library_calls[] = {
	SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pwrite64), SCMP_SYS(dup), SCMP_SYS(dup2),
	SCMP_SYS(dup3), SCMP_SYS(fcntl), SCMP_SYS(flock), SCMP_SYS(fsync), SCMP_SYS(fdatasync),
	SCMP_SYS(fstat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx),
	SCMP_SYS(fstatfs), SCMP_SYS(statfs), SCMP_SYS(access), SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents64),
	SCMP_SYS(getcwd), SCMP_SYS(membarrier), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(clock_getres), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(select),
	SCMP_SYS(pselect6), SCMP_SYS(connect), SCMP_SYS(recvfrom), SCMP_SYS(sendto),
	SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
	SCMP_SYS(shutdown), SCMP_SYS(getppid), SCMP_SYS(getuid), SCMP_SYS(geteuid),
	SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getgroups), SCMP_SYS(getresuid),
	SCMP_SYS(getresgid), SCMP_SYS(getrlimit), SCMP_SYS(sysinfo), SCMP_SYS(sigaltstack),
};

/* Arguments that are looked at; flags are 32 bits whatever the register has above. */
#define ARG_IS(n, mask, value)	\
	SCMP_CMP(n, SCMP_CMP_MASKED_EQ, (scmp_datum_t)(mask), (scmp_datum_t)(value))
#define WRITING		(O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY))
#define INT_MASK	0xffffffff

/*
 * Files are opened to be read. The one that is opened like the replay cache of Kerberos
 * can only be that one: the user may write to no other, and Landlock sees to it, too.
 */
static int allow_open(scmp_filter_ctx ctx, int call, unsigned int arg)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 1, ARG_IS(arg, WRITING, O_RDONLY)) ?:
	       seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 1,
				ARG_IS(arg, WRITING, O_RDWR | O_CREAT));
}

static int allow_calls(scmp_filter_ctx ctx, const int *list, size_t n)
{
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < n; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, list[i], 0);
	return rc;
}

static int allow(scmp_filter_ctx ctx)
{
	return allow_calls(ctx, calls, ARRAY_SIZE(calls)) ?:
	       seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				ARG_IS(2, PROT_EXEC, 0)) ?:
	       seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				ARG_IS(2, PROT_EXEC, 0)) ?:
	       seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				ARG_IS(0, INT_MASK, getpid()));
}

/* No memory is writable and executable at once; libraries may still be loaded. */
static int allow_libraries(scmp_filter_ctx ctx)
{
	return allow_calls(ctx, library_calls, ARRAY_SIZE(library_calls)) ?:
	       allow_open(ctx, SCMP_SYS(open), 1) ?: allow_open(ctx, SCMP_SYS(openat), 2) ?:
	       seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				ARG_IS(2, PROT_EXEC | PROT_WRITE, PROT_EXEC)) ?:
	       seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
				ARG_IS(0, INT_MASK, AF_UNIX));
}

int sandbox_calls(bool libraries)
{
	const struct rlimit files = { FILES_MAX, FILES_MAX };
	const struct rlimit none = { 0, 0 };
	scmp_filter_ctx ctx;
	int rc;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || setrlimit(RLIMIT_NPROC, &none) ||
	    setrlimit(RLIMIT_NOFILE, &files))
		return -errno;
	/* Kernels without seccomp do not know the question. */
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
		return errno == EINVAL ? -EOPNOTSUPP : -errno;
	ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!ctx)
		return -ENOMEM;
	rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1) ?: allow(ctx);
	if (!rc && libraries)
		rc = allow_libraries(ctx);
	if (!rc)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	return rc;
}
