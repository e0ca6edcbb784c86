// SPDX-License-Identifier: GPL-2.0-only
/* Drops all privileges that dittod does not need. */

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "privileges.h"
#include "types.h"

#define BIT64(n)	(1ULL << (n))

static const u64 wanted = BIT64(CAP_NET_ADMIN) | BIT64(CAP_DAC_READ_SEARCH) |
			       BIT64(CAP_NET_BIND_SERVICE);

static int drop_bounding_set(void)
{
	int cap;

	/* Ends at the first number that the kernel does not know. */
	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!(wanted & BIT64(cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return -errno;
	return 0;
}

int privileges_drop(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	u64 keep;
	int rc = 0;
	int i;

	if (syscall(SYS_capget, &header, data))
		return -errno;
	keep = wanted & (data[0].permitted | (u64)data[1].permitted << 32);
	if (!(keep & BIT64(CAP_NET_ADMIN)))
		return -EPERM;
	/* Without CAP_SETPCAP the service manager has already limited the bounding set. */
	if ((data[0].effective | (u64)data[1].effective << 32) & BIT64(CAP_SETPCAP))
		rc = drop_bounding_set();
	if (rc)
		return rc;
	for (i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].permitted = (u32)(keep >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &header, data) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	/* A core would have the keys of handles and stores, and hashes of passwords. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	return 0;
}
