/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by net/helper/auth.c and net/helper/pipe.c, and used by tests. */
#ifndef _DITTO_NET_HELPER_AUTH_PRIVATE_H
#define _DITTO_NET_HELPER_AUTH_PRIVATE_H

#include <linux/kconfig.h>
#include <linux/types.h>

struct ditto_auth;
struct ditto_auth_user;
struct genl_info;
struct sk_buff;

int ditto_auth_got(struct genl_info *info, void *arg);
void ditto_auth_failed(struct genl_info *info, void *arg);
int ditto_auth_bytes(struct genl_info *info, int type, size_t max, void **bytes, size_t *len);
int ditto_auth_user_tell(struct sk_buff *msg, const struct ditto_auth_user *user);
size_t ditto_auth_user_size(const struct ditto_auth_user *user);

#endif
