// SPDX-License-Identifier: GPL-2.0-only
/* What the shadow file says about an account, see nss.h. */

#include <errno.h>
#include <shadow.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mem.h"
#include "nss.h"

/* Limit for buffers of the name service switch, in bytes. */
#define BUFFER_MAX	(1024 * 1024)

/*
 * usermod -L puts a '!' before the password. Nothing but '!' is an account that was created
 * without a password, as usual for users of a realm.
 */
static enum nss_state shadow_state(const struct spwd *sp)
{
	if (sp->sp_expire >= 0 && time(NULL) / (24 * 60 * 60) >= sp->sp_expire)
		return NSS_EXPIRED;
	if (sp->sp_pwdp && sp->sp_pwdp[0] == '!' && sp->sp_pwdp[strspn(sp->sp_pwdp, "!")])
		return NSS_LOCKED;
	return NSS_VALID;
}

int nss_account_state(const char *name, enum nss_state *state)
{
	struct spwd *found = NULL;
	size_t size = 1024;
	struct spwd sp;
	char *buf;
	int rc;

	do {
		size *= 2;
		buf = mem_new(size);
		rc = getspnam_r(name, &sp, buf, size, &found);
		*state = found ? shadow_state(&sp) : NSS_VALID;
		explicit_bzero(buf, size);
		free(buf);
	} while (rc == ERANGE && size < BUFFER_MAX);
	switch (found ? 0 : rc) {
	case EAGAIN:
	case EINTR:
	case EIO:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ERANGE:
		return -rc;
	default:
		/* A name service without shadow entries fails in many ways. */
		return 0;
	}
}
