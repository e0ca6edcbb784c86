// SPDX-License-Identifier: GPL-2.0-only
/*
 * Authentication: each step is a request to the helper, and the last answer is an identity.
 *
 * An answer is read in the context of the helper's command. It fills struct ditto_auth, which
 * belongs to the request until the request is done.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <net/genetlink.h>

#include "../netlink.h"
#include "../server.h"
#include "auth.h"
#include "auth_private.h"
#include "names.h"
#include "upcall.h"

static_assert(DITTO_LOGIN_BY_KERBEROS == (int)DITTO_LOGIN_KIND_KERBEROS);
static_assert(DITTO_LOGIN_BY_NTLM == (int)DITTO_LOGIN_KIND_NTLM);
static_assert(DITTO_LOGIN_AS_GUEST == (int)DITTO_LOGIN_KIND_GUEST);

static const char *attr_string(struct genl_info *info, int type)
{
	return info->attrs[type] ? nla_data(info->attrs[type]) : "";
}

static bool attr_flag(struct genl_info *info, int type)
{
	return info->attrs[type] && nla_get_u8(info->attrs[type]);
}

/*
 * Copy the bytes of an attribute. @max: largest number of bytes that is accepted; @bytes: filled
 * with a copy to be freed with kvfree(); NULL if the attribute is absent or empty; @len: filled
 * with the number of bytes. Return: 0, -EINVAL if there are more than @max bytes, -ENOMEM.
 */
int ditto_auth_bytes(struct genl_info *info, int type, size_t max, void **bytes, size_t *len)
{
	const struct nlattr *attr = info->attrs[type];

	*bytes = NULL;
	*len = 0;
	if (!attr || !nla_len(attr))
		return 0;
	if (nla_len(attr) > max) {
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, attr, "more than %zu bytes", max);
		return -EINVAL;
	}
	*bytes = kvmemdup(nla_data(attr), nla_len(attr), GFP_KERNEL);
	if (!*bytes)
		return -ENOMEM;
	*len = nla_len(attr);
	return 0;
}

static void user_free(struct ditto_auth_user *user)
{
	kfree(user->name);
	kfree(user->domain);
	ditto_token_put(user->token);
	kfree(user);
}

/* Drop a reference; @user may be NULL. */
void ditto_auth_user_put(struct ditto_auth_user *user)
{
	if (user && refcount_dec_and_test(&user->ref))
		user_free(user);
}
EXPORT_SYMBOL_NS_GPL(ditto_auth_user_put, "DITTO");

static int gid_cmp(const void *a, const void *b)
{
	gid_t x = __kgid_val(*(const kgid_t *)a), y = __kgid_val(*(const kgid_t *)b);

	return x < y ? -1 : x > y;
}

/* True if the attribute is absent or has a valid id. All ones is INVALID_UID and INVALID_GID. */
static bool id_is_valid(const struct nlattr *attr)
{
	return !attr || nla_get_u32(attr) != (u32)-1;
}

/* Check the ids, the groups and the SID of an identity. */
static int user_check(struct genl_info *info)
{
	const struct nlattr *gids = info->attrs[DITTO_A_UPCALL_GIDS];
	const struct nlattr *sid = info->attrs[DITTO_A_UPCALL_SID];
	const struct nlattr *login = info->attrs[DITTO_A_UPCALL_LOGIN];
	bool nobody = attr_flag(info, DITTO_A_UPCALL_GUEST) ||
		      attr_flag(info, DITTO_A_UPCALL_ANONYMOUS);

	if (!nobody && (GENL_REQ_ATTR_CHECK(info, DITTO_A_UPCALL_UID) ||
			GENL_REQ_ATTR_CHECK(info, DITTO_A_UPCALL_GID) ||
			GENL_REQ_ATTR_CHECK(info, DITTO_A_UPCALL_USER))) {
		NL_SET_ERR_MSG(info->extack, "an identity has a user, a uid and a gid");
		return -EINVAL;
	}
	if (!id_is_valid(info->attrs[DITTO_A_UPCALL_UID]) ||
	    !id_is_valid(info->attrs[DITTO_A_UPCALL_GID])) {
		NL_SET_ERR_MSG(info->extack, "an id of all ones is nobody's");
		return -EINVAL;
	}
	if (gids && (nla_len(gids) % sizeof(u32) ||
		     nla_len(gids) > DITTO_GROUPS_MAX * sizeof(u32))) {
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, gids,
					"groups are numbers of 4 bytes, at most %u of them",
					DITTO_GROUPS_MAX);
		return -EINVAL;
	}
	if (sid && nla_len(sid) > DITTO_SID_MAX) {
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, sid, "a SID has at most %u bytes",
					DITTO_SID_MAX);
		return -EINVAL;
	}
	if (login && !is_power_of_2(nla_get_u32(login))) {
		NL_SET_ERR_MSG_ATTR(info->extack, login, "a login is of one kind");
		return -EINVAL;
	}
	return 0;
}

static struct ditto_auth_user *user_make(struct genl_info *info)
{
	const struct nlattr *uid = info->attrs[DITTO_A_UPCALL_UID];
	const struct nlattr *gid = info->attrs[DITTO_A_UPCALL_GID];
	const struct nlattr *gids = info->attrs[DITTO_A_UPCALL_GIDS];
	const struct nlattr *sid = info->attrs[DITTO_A_UPCALL_SID];
	const struct nlattr *login = info->attrs[DITTO_A_UPCALL_LOGIN];
	struct ditto_auth_user *user;
	int err;

	err = user_check(info);
	if (err)
		return ERR_PTR(err);
	user = kzalloc(struct_size(user, groups, gids ? nla_len(gids) / sizeof(u32) : 0),
		       GFP_KERNEL);
	if (!user)
		return ERR_PTR(-ENOMEM);
	refcount_set(&user->ref, 1);
	user->name = kstrdup(attr_string(info, DITTO_A_UPCALL_USER), GFP_KERNEL);
	user->domain = kstrdup(attr_string(info, DITTO_A_UPCALL_DOMAIN), GFP_KERNEL);
	err = user->name && user->domain ? ditto_token_read(info, &user->token) : -ENOMEM;
	if (err) {
		user_free(user);
		return ERR_PTR(err);
	}
	user->uid = uid ? make_kuid(&init_user_ns, nla_get_u32(uid)) : INVALID_UID;
	user->gid = gid ? make_kgid(&init_user_ns, nla_get_u32(gid)) : INVALID_GID;
	user->guest = attr_flag(info, DITTO_A_UPCALL_GUEST);
	user->anonymous = attr_flag(info, DITTO_A_UPCALL_ANONYMOUS);
	if (user->guest || user->anonymous)
		user->login = DITTO_LOGIN_AS_GUEST;
	else if (login)
		user->login = nla_get_u32(login);
	if (sid) {
		user->sid_len = nla_len(sid);
		memcpy(user->sid, nla_data(sid), user->sid_len);
	}
	if (gids)
		user->ngroups = ditto_nl_get_gids(gids, user->groups);
	sort(user->groups, user->ngroups, sizeof(user->groups[0]), gid_cmp, NULL);
	return user;
}

static int got_identity(struct genl_info *info, struct ditto_auth *auth)
{
	const struct nlattr *expires = info->attrs[DITTO_A_UPCALL_EXPIRES];
	const struct nlattr *key = info->attrs[DITTO_A_UPCALL_KEY];
	struct ditto_auth_user *user = user_make(info);

	if (IS_ERR(user))
		return PTR_ERR(user);
	auth->key_len = 0;
	/* Guests and anonymous users have no session key. */
	if (key && !user->guest && !user->anonymous) {
		if (nla_len(key) > DITTO_AUTH_KEY_MAX) {
			NL_SET_ERR_MSG_ATTR_FMT(info->extack, key, "a key has at most %u bytes",
						DITTO_AUTH_KEY_MAX);
			ditto_auth_user_put(user);
			return -EINVAL;
		}
		auth->key_len = nla_len(key);
		memcpy(auth->key, nla_data(key), auth->key_len);
	}
	auth->expires = TIME64_MAX;
	if (expires)
		auth->expires = min_t(u64, nla_get_u64(expires), TIME64_MAX);
	auth->user = user;
	auth->id = 0;
	auth->done = true;
	return 0;
}

static int got_next(struct genl_info *info, struct ditto_auth *auth)
{
	const struct nlattr *id = info->attrs[DITTO_A_UPCALL_AUTH_ID];

	if (!id || !nla_get_u64(id)) {
		NL_SET_ERR_MSG(info->extack, "an authentication that goes on has a number");
		return -EINVAL;
	}
	auth->id = nla_get_u64(id);
	return 0;
}

/*
 * Read the helper's answer to a step of an authentication. Return: 0; -EINVAL with a message for
 * the helper in the extack; -ENOMEM.
 */
int ditto_auth_got(struct genl_info *info, void *arg)
{
	struct ditto_auth *auth = arg;
	int err;

	err = ditto_auth_bytes(info, DITTO_A_UPCALL_TOKEN, DITTO_AUTH_TOKEN_MAX, &auth->reply,
			       &auth->reply_len);
	if (err)
		return err;
	if (attr_flag(info, DITTO_A_UPCALL_DONE))
		err = got_identity(info, auth);
	else
		err = got_next(info, auth);
	if (err) {
		kvfree(auth->reply);
		auth->reply = NULL;
		auth->reply_len = 0;
	}
	return err;
}

/* Read an answer with an error: the token for the client and the claimed user. */
void ditto_auth_failed(struct genl_info *info, void *arg)
{
	struct ditto_auth *auth = arg;

	/* A refusal stands even if there is no memory for the token. */
	ditto_auth_bytes(info, DITTO_A_UPCALL_TOKEN, DITTO_AUTH_TOKEN_MAX, &auth->reply,
			 &auth->reply_len);
	if (info->attrs[DITTO_A_UPCALL_USER])
		auth->claimed = kstrndup(nla_data(info->attrs[DITTO_A_UPCALL_USER]),
					 DITTO_AUTH_NAME_MAX, GFP_KERNEL);
	auth->id = 0;
}

static int auth_put(struct sk_buff *msg, void *arg)
{
	const struct ditto_auth *auth = arg;

	if ((auth->id && ditto_nl_put_u64(msg, DITTO_A_UPCALL_AUTH_ID, auth->id)) ||
	    nla_put(msg, DITTO_A_UPCALL_TOKEN, auth->token_len, auth->token) ||
	    (auth->peer && nla_put_string(msg, DITTO_A_UPCALL_PEER, auth->peer)))
		return -EMSGSIZE;
	return 0;
}

/**
 * ditto_auth_step - send a token to the helper
 * @srv: the server
 * @auth: the step; all members but the inputs are zero
 *
 * @auth->ask.done is called with 0; -EACCES for a refusal, where @auth->reply may carry the
 *	reason; -ENOENT if there is no such authentication; -EINVAL for a malformed token;
 *	-ECONNREFUSED without a helper; or another error of ditto_upcall().
 *
 * Context: process; does not wait.
 */
void ditto_auth_step(struct ditto_server *srv, struct ditto_auth *auth)
{
	auth->ask.what = (struct ditto_upcall) {
		.type = DITTO_UPCALL_AUTH,
		.size = nla_total_size(sizeof(auth->id)) + nla_total_size(auth->token_len) +
			nla_total_size(auth->peer ? strlen(auth->peer) + 1 : 0),
		.put = auth_put,
		.got = ditto_auth_got,
		.failed = ditto_auth_failed,
		.arg = auth,
	};
	if (auth->token_len > DITTO_AUTH_TOKEN_MAX)
		auth->ask.done(&auth->ask, -EINVAL);
	else
		ditto_upcall_start(srv, &auth->ask);
}
EXPORT_SYMBOL_NS_GPL(ditto_auth_step, "DITTO");

/**
 * ditto_auth_abort - tell the helper that an authentication is abandoned
 * @srv: the server
 * @id: the helper's number of the authentication; 0 does nothing
 *
 * Context: process; does not wait.
 */
void ditto_auth_abort(struct ditto_server *srv, u64 id)
{
	if (id)
		ditto_upcall_end(srv, DITTO_UPCALL_AUTH_ABORT, id);
}
EXPORT_SYMBOL_NS_GPL(ditto_auth_abort, "DITTO");

/**
 * ditto_auth_hello - get the first token of an authentication where the server speaks first
 * @srv: the server
 * @token: filled with a copy, which the caller frees with kvfree(); NULL if the helper gave none
 * @len: filled with the bytes of the token
 *
 * Return: 0, -ENOMEM, or -ECONNREFUSED without a helper.
 */
int ditto_auth_hello(struct ditto_server *srv, void **token, size_t *len)
{
	return ditto_upcall_hello(srv, token, len);
}
EXPORT_SYMBOL_NS_GPL(ditto_auth_hello, "DITTO");

/* Bytes of attributes that ditto_auth_user_tell() needs. */
size_t ditto_auth_user_size(const struct ditto_auth_user *user)
{
	return nla_total_size(strlen(user->name) + 1) + nla_total_size(strlen(user->domain) + 1) +
	       nla_total_size(user->sid_len) + 2 * nla_total_size(sizeof(u32)) +
	       2 * nla_total_size(sizeof(u8));
}

/* Add an identity to a request to the helper. Return: 0 or -EMSGSIZE. */
int ditto_auth_user_tell(struct sk_buff *msg, const struct ditto_auth_user *user)
{
	if (nla_put_string(msg, DITTO_A_UPCALL_USER, user->name) ||
	    nla_put_string(msg, DITTO_A_UPCALL_DOMAIN, user->domain) ||
	    (uid_valid(user->uid) &&
	     nla_put_u32(msg, DITTO_A_UPCALL_UID, from_kuid(&init_user_ns, user->uid))) ||
	    (gid_valid(user->gid) &&
	     nla_put_u32(msg, DITTO_A_UPCALL_GID, from_kgid(&init_user_ns, user->gid))) ||
	    (user->sid_len && nla_put(msg, DITTO_A_UPCALL_SID, user->sid_len, user->sid)) ||
	    nla_put_u8(msg, DITTO_A_UPCALL_GUEST, user->guest) ||
	    nla_put_u8(msg, DITTO_A_UPCALL_ANONYMOUS, user->anonymous))
		return -EMSGSIZE;
	return 0;
}
