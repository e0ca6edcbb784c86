/* SPDX-License-Identifier: GPL-2.0-only */
/* What net/helper/auth.c and net/helper/pipe.c share, and the tests see. */
#ifndef _DITTO_NET_HELPER_AUTH_PRIVATE_H
#define _DITTO_NET_HELPER_AUTH_PRIVATE_H

#include <linux/kconfig.h>
#include <linux/types.h>

struct ditto_auth;
struct ditto_auth_user;
struct genl_info;
struct sk_buff;

#if IS_ENABLED(CONFIG_KUNIT)
/**
 * ditto_auth_got - read the helper's answer to a step
 * @info: the answer
 * @arg: struct ditto_auth, filled
 *
 * Context: may sleep. Return: 0, -EINVAL with a sentence for the helper, -ENOMEM.
 */
int ditto_auth_got(struct genl_info *info, void *arg);
/* The same of an answer with an error. */
void ditto_auth_failed(struct genl_info *info, void *arg);
#endif

/* Bytes of bulk data of an answer as an own copy; NULL and 0 without. 0, -EINVAL, -ENOMEM. */
int ditto_auth_bytes(struct genl_info *info, int type, size_t max, void **bytes, size_t *len);
/* Who it is, for the helper. 0 or -EMSGSIZE. */
int ditto_auth_user_tell(struct sk_buff *msg, const struct ditto_auth_user *user);
/* The bytes of that. */
size_t ditto_auth_user_size(const struct ditto_auth_user *user);

#endif
