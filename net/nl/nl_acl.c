// SPDX-License-Identifier: GPL-2.0-only
/* Netlink operations on access control lists of files, for the administrator. */
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/uidgid.h>
#include <net/genetlink.h>

#include "../../fs/acl/acl.h"
#include "../../fs/op/acl_origin.h"
#include "../../fs/op/check/ntacl.h"
#include "../../fs/node/node.h"
#include "../../fs/op/attr.h"
#include "../../fs/op/op.h"
#include "../../fs/share/cred.h"
#include "../../fs/share/share.h"
#include "family.h"
#include "nl_acl.h"
#include "nl_file.h"

static_assert(DITTO_ACL_FROM_STORE == (int)DITTO_ACL_SOURCE_STORED);
static_assert(DITTO_ACL_FROM_STORE_ADAPTED == (int)DITTO_ACL_SOURCE_ADAPTED);
static_assert(DITTO_ACL_FROM_MODE == (int)DITTO_ACL_SOURCE_MODE);
static_assert(DITTO_ACL_FROM_POSIX == (int)DITTO_ACL_SOURCE_POSIX_ACL);
static_assert(DITTO_ACL_FROM_POSIX_OVER_STORE == (int)DITTO_ACL_SOURCE_POSIX_ACL_OVER_STORED);
static_assert(DITTO_ACL_FROM_NOTHING == (int)DITTO_ACL_SOURCE_DAMAGED);
static_assert(DITTO_ACL_FROM_NTACL == (int)DITTO_ACL_SOURCE_SAMBA);
static_assert(DITTO_NTACL_USED == (int)DITTO_ACL_IMPORT_RESULT_STORED);
static_assert(DITTO_NTACL_OWN == (int)DITTO_ACL_IMPORT_RESULT_OWN);
static_assert(DITTO_NTACL_NONE == (int)DITTO_ACL_IMPORT_RESULT_NONE);
static_assert(DITTO_NTACL_STALE == (int)DITTO_ACL_IMPORT_RESULT_STALE);
static_assert(DITTO_NTACL_UNPROVEN == (int)DITTO_ACL_IMPORT_RESULT_UNPROVEN);
static_assert(DITTO_NTACL_DAMAGED == (int)DITTO_ACL_IMPORT_RESULT_DAMAGED);
static_assert(DITTO_NTACL_TOO_LONG == (int)DITTO_ACL_IMPORT_RESULT_TOO_LONG);
static_assert(DITTO_NTACL_CONDITIONAL == (int)DITTO_ACL_IMPORT_RESULT_CONDITIONAL);
static_assert(DITTO_ACL_PROTECTED == DITTO_ACL_FLAG_PROTECTED);
static_assert(DITTO_ACL_AUTO_INHERITED == DITTO_ACL_FLAG_AUTO_INHERITED);
static_assert(DITTO_ACL_DEFAULTED == DITTO_ACL_FLAG_DEFAULTED);
static_assert(DITTO_ACL_NULL == DITTO_ACL_FLAG_NO_LIST);
static_assert(DITTO_ACL_AUTO_INHERIT_REQ == DITTO_ACL_FLAG_AUTO_INHERIT_REQ);
static_assert(DITTO_ACE_ALLOW == (int)DITTO_ACL_ENTRY_TYPE_ALLOW);
static_assert(DITTO_ACE_DENY == (int)DITTO_ACL_ENTRY_TYPE_DENY);
static_assert(DITTO_ACE_FILE_INHERIT == DITTO_ACL_ENTRY_FLAG_FILE_INHERIT);
static_assert(DITTO_ACE_DIR_INHERIT == DITTO_ACL_ENTRY_FLAG_DIR_INHERIT);
static_assert(DITTO_ACE_NO_PROPAGATE == DITTO_ACL_ENTRY_FLAG_NO_PROPAGATE);
static_assert(DITTO_ACE_INHERIT_ONLY == DITTO_ACL_ENTRY_FLAG_INHERIT_ONLY);
static_assert(DITTO_ACE_INHERITED == DITTO_ACL_ENTRY_FLAG_INHERITED);
static_assert(DITTO_WHO_OWNER == (int)DITTO_ACL_ENTRY_WHO_OWNER);
static_assert(DITTO_WHO_GROUP == (int)DITTO_ACL_ENTRY_WHO_GROUP);
static_assert(DITTO_WHO_EVERYONE == (int)DITTO_ACL_ENTRY_WHO_EVERYONE);
static_assert(DITTO_WHO_UID == (int)DITTO_ACL_ENTRY_WHO_UID);
static_assert(DITTO_WHO_GID == (int)DITTO_ACL_ENTRY_WHO_GID);
static_assert(DITTO_WHO_AUTHENTICATED == (int)DITTO_ACL_ENTRY_WHO_AUTHENTICATED);
static_assert(DITTO_WHO_ANONYMOUS == (int)DITTO_ACL_ENTRY_WHO_ANONYMOUS);
static_assert(DITTO_WHO_NETWORK == (int)DITTO_ACL_ENTRY_WHO_NETWORK);
static_assert(DITTO_WHO_OWNER_RIGHTS == (int)DITTO_ACL_ENTRY_WHO_OWNER_RIGHTS);
static_assert(DITTO_WHO_FOREIGN == (int)DITTO_ACL_ENTRY_WHO_SID);
static_assert(DITTO_RIGHT_READ_DATA == DITTO_ACL_RIGHT_READ_DATA);
static_assert(DITTO_RIGHT_WRITE_ATTRS == DITTO_ACL_RIGHT_WRITE_ATTRS);
static_assert(DITTO_RIGHT_DELETE == DITTO_ACL_RIGHT_DELETE);
static_assert(DITTO_RIGHT_SYNCHRONIZE == DITTO_ACL_RIGHT_SYNCHRONIZE);

/* Add an entry to a message. Return: 0 or -EMSGSIZE. */
int ditto_nl_ace_put(struct sk_buff *msg, int type, const struct ditto_ace *ace)
{
	struct nlattr *nest = nla_nest_start(msg, type);
	int err = 0;

	if (!nest || nla_put_u32(msg, DITTO_A_ACE_TYPE, ace->type) ||
	    nla_put_u32(msg, DITTO_A_ACE_WHO, ace->who))
		return -EMSGSIZE;
	if (ace->who == DITTO_WHO_UID)
		err = nla_put_u32(msg, DITTO_A_ACE_ID, from_kuid(&init_user_ns, ace->uid));
	else if (ace->who == DITTO_WHO_GID)
		err = nla_put_u32(msg, DITTO_A_ACE_ID, from_kgid(&init_user_ns, ace->gid));
	else if (ace->who == DITTO_WHO_FOREIGN)
		err = nla_put(msg, DITTO_A_ACE_SID, ace->foreign_len, ace->foreign);
	if (err || nla_put_u32(msg, DITTO_A_ACE_FLAGS, ace->flags) ||
	    nla_put_u32(msg, DITTO_A_ACE_RIGHTS, ace->mask))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* Fill the principal of an entry. Return: NULL, or what is wrong. */
static const char *ace_read_who(struct ditto_ace *ace, struct nlattr **tb)
{
	const struct nlattr *id = tb[DITTO_A_ACE_ID], *sid = tb[DITTO_A_ACE_SID];

	if (!id != (ace->who != DITTO_WHO_UID && ace->who != DITTO_WHO_GID))
		return "users and groups have a number, and nobody else";
	if (ace->who == DITTO_WHO_FOREIGN ? !sid : !!sid)
		return "an entry for a SID has one, and no other entry";
	if (sid) {
		if (nla_len(sid) > DITTO_FOREIGN_MAX)
			return "the SID is too long";
		ace->foreign_len = nla_len(sid);
		memcpy(ace->foreign, nla_data(sid), nla_len(sid));
	} else if (ace->who == DITTO_WHO_UID) {
		ace->uid = make_kuid(&init_user_ns, nla_get_u32(id));
	} else if (id) {
		ace->gid = make_kgid(&init_user_ns, nla_get_u32(id));
	}
	return NULL;
}

/* Parse an entry of a request. Return: 0 or -EINVAL. */
int ditto_nl_ace_read(struct ditto_ace *ace, const struct nlattr *attr,
		      struct netlink_ext_ack *extack)
{
	struct nlattr *tb[DITTO_A_ACE_RIGHTS + 1];
	const char *wrong;
	int err;

	err = nla_parse_nested(tb, DITTO_A_ACE_RIGHTS, attr, ditto_ace_nl_policy, extack);
	if (err)
		return err;
	if (!tb[DITTO_A_ACE_TYPE] || !tb[DITTO_A_ACE_WHO] || !tb[DITTO_A_ACE_RIGHTS]) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "an entry says its type, for whom and what");
		return -EINVAL;
	}
	ace->type = nla_get_u32(tb[DITTO_A_ACE_TYPE]);
	ace->who = nla_get_u32(tb[DITTO_A_ACE_WHO]);
	ace->mask = nla_get_u32(tb[DITTO_A_ACE_RIGHTS]);
	if (tb[DITTO_A_ACE_FLAGS])
		ace->flags = nla_get_u32(tb[DITTO_A_ACE_FLAGS]);
	wrong = ace_read_who(ace, tb);
	if (wrong) {
		NL_SET_ERR_MSG_ATTR_FMT(extack, attr, "%s", wrong);
		return -EINVAL;
	}
	return 0;
}

static int acl_put(struct sk_buff *msg, const struct ditto_nl_file *file,
		   const struct ditto_acl *acl, u32 source)
{
	const struct inode *inode = file->node->inode;
	struct mnt_idmap *idmap = mnt_idmap(file->share->root.mnt);
	kuid_t uid = vfsuid_into_kuid(i_uid_into_vfsuid(idmap, inode));
	kgid_t gid = vfsgid_into_kgid(i_gid_into_vfsgid(idmap, inode));

	if (nla_put_string(msg, DITTO_A_ACL_PATH, file->text) ||
	    nla_put_string(msg, DITTO_A_ACL_SHARE, file->share->name) ||
	    nla_put_u8(msg, DITTO_A_ACL_DIRECTORY, S_ISDIR(inode->i_mode)) ||
	    nla_put_u32(msg, DITTO_A_ACL_UID, from_kuid_munged(&init_user_ns, uid)) ||
	    nla_put_u32(msg, DITTO_A_ACL_GID, from_kgid_munged(&init_user_ns, gid)) ||
	    nla_put_u32(msg, DITTO_A_ACL_MODE, inode->i_mode & S_IALLUGO) ||
	    nla_put_u32(msg, DITTO_A_ACL_SOURCE, source) ||
	    nla_put_u32(msg, DITTO_A_ACL_FLAGS, acl->flags & DITTO_ACL_FLAGS))
		return -EMSGSIZE;
	for (unsigned int i = 0; i < acl->count; i++)
		if (ditto_nl_ace_put(msg, DITTO_A_ACL_ACE, &acl->aces[i]))
			return -EMSGSIZE;
	return 0;
}

static int acl_reply(struct genl_info *info, const struct ditto_nl_file *file,
		     const struct ditto_acl *acl, u32 source)
{
	size_t size = nla_total_size(strlen(file->text) + 1) +
		      nla_total_size(strlen(file->share->name) + 1) +
		      6 * nla_total_size(sizeof(u32)) + acl->count * DITTO_NL_ACE_SIZE;
	struct sk_buff *msg;
	void *hdr;
	int err;

	msg = ditto_nl_reply_new(info, size, &hdr);
	if (!msg)
		return -ENOMEM;
	err = acl_put(msg, file, acl, source);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

int ditto_nl_acl_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ditto_nl_file file;
	struct ditto_acl *acl;
	struct ditto_op op;
	int ret;

	ret = ditto_nl_file_get(info, info->attrs[DITTO_A_ACL_PATH],
				info->attrs[DITTO_A_ACL_SHARE], &file);
	if (ret)
		return ret;
	ret = ditto_nl_file_op(&file, &op);
	if (ret)
		goto put;
	acl = ditto_get_acl(&op, file.node);
	ret = PTR_ERR_OR_ZERO(acl);
	if (!ret) {
		ret = ditto_acl_origin(&op, file.node, acl);
		if (ret >= 0)
			ret = acl_reply(info, &file, acl, ret);
		ditto_acl_put(acl);
	}
	if (ret == -EJUKEBOX) {
		NL_SET_ERR_MSG(info->extack, "others keep changing the list");
		ret = -EBUSY;
	}
	ditto_cred_put(op.cred);
put:
	ditto_nl_file_put(&file);
	return ret;
}

/* Make the list of a request. */
static struct ditto_acl *acl_read(struct genl_info *info)
{
	const struct nlattr *flags = info->attrs[DITTO_A_ACL_FLAGS], *attr;
	struct ditto_acl *acl;
	unsigned int count = 0;
	int rem, err;

	nlmsg_for_each_attr_type(attr, DITTO_A_ACL_ACE, info->nlhdr, GENL_HDRLEN, rem)
		count++;
	if (count > DITTO_ACES_MAX) {
		NL_SET_ERR_MSG_FMT(info->extack, "more than %u entries", DITTO_ACES_MAX);
		return ERR_PTR(-E2BIG);
	}
	acl = ditto_acl_alloc(count);
	if (!acl)
		return ERR_PTR(-ENOMEM);
	acl->flags = flags ? nla_get_u32(flags) : 0;
	count = 0;
	nlmsg_for_each_attr_type(attr, DITTO_A_ACL_ACE, info->nlhdr, GENL_HDRLEN, rem) {
		err = ditto_nl_ace_read(&acl->aces[count++], attr, info->extack);
		if (err) {
			ditto_acl_put(acl);
			return ERR_PTR(err);
		}
	}
	return acl;
}

/* Say why a list was not set, where the errno alone does not. */
static int acl_set_explain(struct genl_info *info, const struct ditto_acl *acl, int err)
{
	switch (err) {
	case -EINVAL:
		if (!acl || ditto_acl_check(acl, true))
			NL_SET_ERR_MSG(info->extack, "an entry has a value that does not exist");
		else
			NL_SET_ERR_MSG(info->extack,
				       "only a directory can have entries to inherit");
		return err;
	case -EOPNOTSUPP:
		NL_SET_ERR_MSG(info->extack, "the file system cannot store a list with this file");
		return err;
	case -ENOSPC:
		NL_SET_ERR_MSG(info->extack, "the file system has no room for the list");
		return err;
	case -EPERM:
		NL_SET_ERR_MSG(info->extack, "the file is immutable or append-only");
		return err;
	case -EJUKEBOX:
		NL_SET_ERR_MSG(info->extack,
			       "a client was asked to give back what it holds of the file, or the helper for accounts");
		return -EBUSY;
	default:
		return err;
	}
}

/* CAP_NET_ADMIN administers the server, and does not make somebody master of all files. */
static int acl_may_change(struct genl_info *info, const struct ditto_nl_file *file)
{
	if (inode_owner_or_capable(mnt_idmap(file->path.mnt), file->node->inode))
		return 0;
	NL_SET_ERR_MSG(info->extack,
		       "the list is changed by the owner of the file or with CAP_FOWNER");
	return -EPERM;
}

int ditto_nl_acl_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *remove = info->attrs[DITTO_A_ACL_REMOVE];
	struct ditto_setattr set = { .valid = DITTO_SET_ACL };
	struct ditto_acl *acl = NULL;
	struct ditto_nl_file file;
	struct ditto_wcc wcc;
	struct ditto_op op;
	int err;

	if (remove && nla_get_u8(remove)) {
		if (info->attrs[DITTO_A_ACL_ACE] || info->attrs[DITTO_A_ACL_FLAGS]) {
			NL_SET_ERR_MSG(info->extack, "a list is removed or set, not both");
			return -EINVAL;
		}
	} else {
		acl = acl_read(info);
		if (IS_ERR(acl))
			return PTR_ERR(acl);
	}
	set.acl = acl;
	err = ditto_nl_file_get(info, info->attrs[DITTO_A_ACL_PATH],
				info->attrs[DITTO_A_ACL_SHARE], &file);
	if (err)
		goto put_acl;
	err = acl_may_change(info, &file) ?: ditto_nl_file_op(&file, &op);
	if (err)
		goto put_file;
	err = ditto_setattr(&op, file.node, &set, &wcc);
	ditto_cred_put(op.cred);
	err = acl_set_explain(info, acl, err);
put_file:
	ditto_nl_file_put(&file);
put_acl:
	ditto_acl_put(acl);
	return err;
}

static int acl_import_reply(struct genl_info *info, const struct ditto_nl_file *file, u32 result)
{
	size_t size = nla_total_size(strlen(file->text) + 1) +
		      nla_total_size(strlen(file->share->name) + 1) + nla_total_size(sizeof(u32));
	struct sk_buff *msg;
	void *hdr;

	msg = ditto_nl_reply_new(info, size, &hdr);
	if (!msg)
		return -ENOMEM;
	if (nla_put_string(msg, DITTO_A_ACL_PATH, file->text) ||
	    nla_put_string(msg, DITTO_A_ACL_SHARE, file->share->name) ||
	    nla_put_u32(msg, DITTO_A_ACL_RESULT, result)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

int ditto_nl_acl_import_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *always = info->attrs[DITTO_A_ACL_ALWAYS];
	const struct nlattr *dry = info->attrs[DITTO_A_ACL_DRY_RUN];
	struct ditto_nl_file file;
	struct ditto_op op;
	int ret;

	ret = ditto_nl_file_get(info, info->attrs[DITTO_A_ACL_PATH],
				info->attrs[DITTO_A_ACL_SHARE], &file);
	if (ret)
		return ret;
	/* The list that Samba has stored may have been dropped, or never been in force. */
	ret = dry && nla_get_u8(dry) ? 0 : acl_may_change(info, &file);
	ret = ret ?: ditto_nl_file_op(&file, &op);
	if (ret)
		goto put;
	ret = ditto_ntacl_import(&op, file.node,
				 always && nla_get_u8(always) ? DITTO_NTACL_ALWAYS :
								DITTO_NTACL_CHECKED,
				 dry && nla_get_u8(dry));
	ditto_cred_put(op.cred);
	if (ret >= 0)
		ret = acl_import_reply(info, &file, ret);
	else
		ret = acl_set_explain(info, NULL, ret);
put:
	ditto_nl_file_put(&file);
	return ret;
}
