/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DITTO_COMPAT_LINUX_SECURITY_H
#define _DITTO_COMPAT_LINUX_SECURITY_H

#include_next <linux/security.h>

/* Under names of their own, because headers of the kernel call the functions in either form. */
#ifdef DITTO_HAVE_LSM_CONTEXT
static inline int ditto_inode_getsecctx(struct inode *inode, struct lsm_context *cp)
{
	return security_inode_getsecctx(inode, cp);
}

static inline void ditto_release_secctx(struct lsm_context *cp)
{
	security_release_secctx(cp);
}
#else
struct lsm_context {
	char *context;
	u32 len;
};

static inline int ditto_inode_getsecctx(struct inode *inode, struct lsm_context *cp)
{
	void *context = NULL;
	int err;

	cp->len = 0;
	err = security_inode_getsecctx(inode, &context, &cp->len);
	cp->context = context;
	return err;
}

static inline void ditto_release_secctx(struct lsm_context *cp)
{
	security_release_secctx(cp->context, cp->len);
}
#endif

#endif
