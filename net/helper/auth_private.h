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

/**
 * ditto_auth_got - read the helper's answer to a step of an authentication
 * @info: the answer
 * @arg: struct ditto_auth, filled
 *
 * Return: 0; -EINVAL with a message for the helper in the extack; -ENOMEM.
 */
int ditto_auth_got(struct genl_info *info, void *arg);
/* Read an answer with an error: the token for the client and the claimed user. */
void ditto_auth_failed(struct genl_info *info, void *arg);

/**
 * ditto_auth_bytes - copy the bytes of an attribute
 * @info: the message
 * @type: the attribute
 * @max: largest number of bytes that is accepted
 * @bytes: filled with a copy to be freed with kvfree(); NULL if the attribute is absent or empty
 * @len: filled with the number of bytes
 *
 * Return: 0, -EINVAL if there are more than @max bytes, -ENOMEM.
 */
int ditto_auth_bytes(struct genl_info *info, int type, size_t max, void **bytes, size_t *len);

/**
 * ditto_auth_user_tell - add an identity to a request to the helper
 * @msg: the request
 * @user: the identity
 *
 * Return: 0 or -EMSGSIZE.
 */
int ditto_auth_user_tell(struct sk_buff *msg, const struct ditto_auth_user *user);
/* Bytes of attributes that ditto_auth_user_tell() needs. */
size_t ditto_auth_user_size(const struct ditto_auth_user *user);

#endif
