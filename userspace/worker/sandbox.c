// SPDX-License-Identifier: GPL-2.0-only
/* Confinement of the workers by user, Landlock and seccomp. */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

/* Group that may ask winbind to check users of a domain. */
#define WINBIND_GROUP	"winbindd_priv"

#define FILES_MAX	128

#ifndef SOL_TLS
#define SOL_TLS		282
#endif

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

#define FILES_READ	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FILES_WRITE \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	 LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | \
	 LANDLOCK_ACCESS_FS_MAKE_SYM)

/* Linux 6.2, Landlock ABI version 3; the headers of Debian 12 are older than this and the next. */
#define TRUNCATE_VERSION	3
#define FILES_TRUNCATE		0x4000

/* Linux 6.7, Landlock ABI version 4. */
#define NET_VERSION	4
#define NET_BIND	0x1
#define NET_CONNECT	0x2
#define RULE_NET_PORT	2

#define DNS_PORT	53
/* Without it, older versions of c-ares use predictable query ids. */
#define RANDOM_FILE	"/dev/urandom"

struct net_rule {
	__u64 access;
	__u64 port;
};

/**
 * struct rules - start of struct landlock_ruleset_attr
 * @files: file accesses that are forbidden unless a rule allows them
 * @net: the same for TCP; not known to kernels before NET_VERSION
 */
struct rules {
	__u64 files;
	__u64 net;
};

/*
 * Create a ruleset that allows nothing yet. Files cannot be truncated either, where the kernel can
 * forbid that. Returns a descriptor or a negative errno.
 */
static int rules_new(struct rules rules)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
			       LANDLOCK_CREATE_RULESET_VERSION);
	size_t size = version < NET_VERSION ? sizeof(rules.files) : sizeof(rules);
	int set;

	if (version < 0)
		return -EOPNOTSUPP;
	if (version >= TRUNCATE_VERSION)
		rules.files |= FILES_TRUNCATE;
	set = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	return set < 0 ? -errno : set;
}

static int rules_allow(int set, int fd, __u64 access)
{
	struct landlock_path_beneath_attr one = { .allowed_access = access, .parent_fd = fd };

	return syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &one, 0) ?
	       -errno : 0;
}

/* Enforce the ruleset unless @rc is an error, and close it. */
static int rules_close(int set, int rc)
{
	if (!rc && syscall(SYS_landlock_restrict_self, set, 0))
		rc = -errno;
	close(set);
	return rc;
}

int sandbox_files(int fd)
{
	struct rules all = { .files = FILES_WRITE | (fd < 0 ? FILES_READ : 0) };
	int set = rules_new(all);
	int rc = 0;

	if (set < 0)
		return set;
	if (fd >= 0)
		rc = rules_allow(set, fd, LANDLOCK_ACCESS_FS_WRITE_FILE);
	/* A file in memory has no directory. It needs no rule, and a rule is rejected. */
	return rules_close(set, rc == -EBADFD ? 0 : rc);
}

static int rules_allow_reading(int set, const char *path)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	rc = rules_allow(set, fd, LANDLOCK_ACCESS_FS_READ_FILE);
	close(fd);
	return rc;
}

int sandbox_reading(const char *const *files)
{
	struct rules all = { FILES_WRITE | FILES_READ, NET_BIND | NET_CONNECT };
	const struct net_rule dns = { NET_CONNECT, DNS_PORT };
	char path[PATH_MAX];
	int set = rules_new(all);
	int rc;

	if (set < 0)
		return set;
	rc = rules_allow_reading(set, "/etc") ?: rules_allow_reading(set, RANDOM_FILE);
	for (; *files && !rc; files++)
		if (realpath(*files, path))
			rc = rules_allow_reading(set, dirname(path));
	/* Older kernels, and kernels without TCP, reject this rule. */
	if (!rc && syscall(SYS_landlock_add_rule, set, RULE_NET_PORT, &dns, 0) &&
	    errno != EINVAL && errno != EAFNOSUPPORT)
		rc = -errno;
	return rules_close(set, rc);
}

/* System calls of every worker: memory, existing sockets, threads. */
static const int calls[] = {
	SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(close), SCMP_SYS(lseek),
	SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(futex),
	SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield), SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(poll),
	SCMP_SYS(ppoll), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(getpid), SCMP_SYS(gettid),
	SCMP_SYS(uname), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),
};

/* Additional system calls of the libraries for Kerberos, PACs and winbind. */
static const int library_calls[] = {
	SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pwrite64), SCMP_SYS(dup), SCMP_SYS(dup2),
	SCMP_SYS(dup3), SCMP_SYS(fcntl), SCMP_SYS(flock), SCMP_SYS(fsync), SCMP_SYS(fdatasync),
	SCMP_SYS(fstat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx),
	SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),
	SCMP_SYS(readlinkat), SCMP_SYS(getdents64), SCMP_SYS(getcwd), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(connect), SCMP_SYS(getsockopt),
	SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
	SCMP_SYS(getrlimit), SCMP_SYS(sysinfo),
};

/* Additional system calls to query name servers. */
static const int host_calls[] = {
	SCMP_SYS(fcntl), SCMP_SYS(fstat), SCMP_SYS(stat), SCMP_SYS(newfstatat), SCMP_SYS(statx),
	SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(connect),
	SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(writev), SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl), SCMP_SYS(timerfd_settime), SCMP_SYS(getuid),
	SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
};

/*
 * Additional system calls of libcurl, of TLS, of the services that look up names, and of files in
 * memory.
 */
static const int client_calls[] = {
	SCMP_SYS(memfd_create), SCMP_SYS(ftruncate), SCMP_SYS(fadvise64), SCMP_SYS(eventfd2),
	SCMP_SYS(pipe2), SCMP_SYS(socketpair), SCMP_SYS(bind), SCMP_SYS(shutdown),
	SCMP_SYS(sendmmsg), SCMP_SYS(recvmmsg), SCMP_SYS(select), SCMP_SYS(pselect6),
	SCMP_SYS(epoll_create1), SCMP_SYS(epoll_pwait2), SCMP_SYS(timerfd_create),
	SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(mincore), SCMP_SYS(getrusage),
	SCMP_SYS(times), SCMP_SYS(clock_getres), SCMP_SYS(getcpu), SCMP_SYS(getpriority),
	SCMP_SYS(getppid), SCMP_SYS(getresuid), SCMP_SYS(getresgid), SCMP_SYS(getgroups),
	SCMP_SYS(sigaltstack),
};

/*
 * Compare an argument under a mask. Flags are 32 bits; the upper half of the register is ignored.
 */
#define ARG_IS(n, mask, value)	\
	SCMP_CMP(n, SCMP_CMP_MASKED_EQ, (scmp_datum_t)(mask), (scmp_datum_t)(value))
#define WRITING		(O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY))
#define INT_MASK	0xffffffff

static int allow_reading(scmp_filter_ctx ctx, int call, unsigned int arg)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 1, ARG_IS(arg, WRITING, O_RDONLY));
}

static int allow_socket(scmp_filter_ctx ctx, int family)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
				ARG_IS(0, INT_MASK, family));
}

/*
 * Files are opened for reading. The combination O_RDWR | O_CREAT is for the replay cache of
 * Kerberos. The user may write to no other file, and Landlock forbids it too.
 */
static int allow_open(scmp_filter_ctx ctx, int call, unsigned int arg)
{
	return allow_reading(ctx, call, arg) ?:
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

static int sandbox_allow(scmp_filter_ctx ctx)
{
	return allow_calls(ctx, calls, ARRAY_SIZE(calls)) ?:
	       seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				ARG_IS(2, PROT_EXEC, 0)) ?:
	       seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				ARG_IS(2, PROT_EXEC, 0)) ?:
	       seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				ARG_IS(0, INT_MASK, getpid()));
}

static int allow_ioctl(scmp_filter_ctx ctx, unsigned int command)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				ARG_IS(1, INT_MASK, command));
}

/*
 * Libraries may be loaded: a private mapping of a file may be executable, because it is not
 * written back. It must not be writable. Their services are met at local sockets.
 */
static int allow_loading(scmp_filter_ctx ctx)
{
	return allow_calls(ctx, library_calls, ARRAY_SIZE(library_calls)) ?:
	       seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
				ARG_IS(2, PROT_EXEC | PROT_WRITE, PROT_EXEC),
				ARG_IS(3, MAP_TYPE | MAP_ANONYMOUS, MAP_PRIVATE)) ?:
	       allow_socket(ctx, AF_UNIX);
}

static int allow_libraries(scmp_filter_ctx ctx)
{
	return allow_loading(ctx) ?: allow_open(ctx, SCMP_SYS(open), 1) ?:
	       allow_open(ctx, SCMP_SYS(openat), 2);
}

static int allow_hosts(scmp_filter_ctx ctx)
{
	return allow_calls(ctx, host_calls, ARRAY_SIZE(host_calls)) ?:
	       allow_reading(ctx, SCMP_SYS(open), 1) ?:
	       allow_reading(ctx, SCMP_SYS(openat), 2) ?: allow_ioctl(ctx, FIONBIO) ?:
	       allow_socket(ctx, AF_INET) ?: allow_socket(ctx, AF_INET6);
}

/*
 * Threads may be started, but no processes. The flags of clone3() are in memory, where the filter
 * cannot look; without it, the C library uses clone().
 */
static int allow_threads(scmp_filter_ctx ctx)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				ARG_IS(0, CLONE_THREAD, CLONE_THREAD)) ?:
	       seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

/*
 * The C library asks for this machine's addresses by netlink, to sort the addresses of a name. Own
 * limits may be read, and which capabilities there are.
 */
static int allow_client(scmp_filter_ctx ctx)
{
	return allow_hosts(ctx) ?: allow_loading(ctx) ?: allow_threads(ctx) ?:
	       allow_calls(ctx, client_calls, ARRAY_SIZE(client_calls)) ?:
	       allow_ioctl(ctx, FIONREAD) ?: allow_ioctl(ctx, SIOCGIFINDEX) ?:
	       allow_ioctl(ctx, SIOCGIFNAME) ?:
	       seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
				ARG_IS(0, INT_MASK, AF_NETLINK),
				ARG_IS(2, INT_MASK, NETLINK_ROUTE)) ?:
	       seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2,
				ARG_IS(0, INT_MASK, 0), SCMP_CMP(2, SCMP_CMP_EQ, 0)) ?:
	       seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
				ARG_IS(0, INT_MASK, PR_SET_NAME)) ?:
	       seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
				ARG_IS(0, INT_MASK, PR_CAPBSET_READ));
}

/* SOL_TLS is not in all headers; the level has no other options. */
static int allow_tls(scmp_filter_ctx ctx)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 2,
				ARG_IS(1, INT_MASK, SOL_TCP), ARG_IS(2, INT_MASK, TCP_ULP)) ?:
	       seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 1,
				ARG_IS(1, INT_MASK, SOL_TLS));
}

/* Workers have all their threads. */
static int worker_limits(void)
{
	const struct rlimit files = { FILES_MAX, FILES_MAX };
	const struct rlimit none = { 0, 0 };

	return setrlimit(RLIMIT_NPROC, &none) || setrlimit(RLIMIT_NOFILE, &files) ? -errno : 0;
}

int sandbox_calls(enum sandbox_kind kind)
{
	scmp_filter_ctx ctx;
	int rc = kind == SANDBOX_CLIENT ? 0 : worker_limits();

	if (rc)
		return rc;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	/* Kernels without seccomp reject this call. */
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
		return errno == EINVAL ? -EOPNOTSUPP : -errno;
	ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!ctx)
		return -ENOMEM;
	rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1) ?: sandbox_allow(ctx);
	if (!rc && kind == SANDBOX_LIBRARIES)
		rc = allow_libraries(ctx);
	else if (!rc && kind == SANDBOX_HOSTS)
		rc = allow_hosts(ctx);
	else if (!rc && kind == SANDBOX_TLS)
		rc = allow_tls(ctx);
	else if (!rc && kind == SANDBOX_CLIENT)
		rc = allow_client(ctx);
	if (!rc)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	return rc;
}

/* System calls that attacks on the kernel and on other processes use. */
static const int denied[] = {
	SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
	SCMP_SYS(kcmp), SCMP_SYS(pidfd_getfd), SCMP_SYS(mount), SCMP_SYS(umount2),
	SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(move_mount), SCMP_SYS(open_tree),
	SCMP_SYS(fsopen), SCMP_SYS(fsmount), SCMP_SYS(fspick), SCMP_SYS(unshare),
	SCMP_SYS(setns), SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register),
	SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(init_module),
	SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load), SCMP_SYS(open_by_handle_at), SCMP_SYS(name_to_handle_at),
	SCMP_SYS(personality), SCMP_SYS(modify_ldt), SCMP_SYS(swapon), SCMP_SYS(swapoff),
	SCMP_SYS(reboot), SCMP_SYS(vmsplice), SCMP_SYS(fanotify_init), SCMP_SYS(acct),
	SCMP_SYS(quotactl), SCMP_SYS(syslog),
};

/* Returns 0 also if the kernel has no seccomp. */
static int deny_calls(void)
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

int sandbox_command(void)
{
	struct rules all = { .files = FILES_WRITE & ~(__u64)LANDLOCK_ACCESS_FS_EXECUTE };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int set = rules_new(all);
	int rc = set == -EOPNOTSUPP ? 0 : set;

	if (null < 0)
		return -errno;
	if (set >= 0)
		rc = rules_close(set, rules_allow(set, null, LANDLOCK_ACCESS_FS_WRITE_FILE));
	close(null);
	return rc ?: deny_calls();
}
