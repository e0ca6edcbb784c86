// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink operations on shares.
 *
 * Locking: share_set_lock makes it atomic to read the options of a share and to write the changed
 * ones.
 */
#include <linux/build_bug.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/mutex.h>
#include <linux/path.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <linux/uuid.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "../../fs/node/casefold.h"
#include "../../fs/node/node.h"
#include "../../fs/op/check/worm.h"
#include "../../fs/op/trash.h"
#include "../../fs/share/home.h"
#include "../../fs/share/link.h"
#include "../../fs/share/option.h"
#include "../../fs/share/share.h"
#include "../helper/record.h"
#include "../option.h"
#include "../server.h"
#include "../stats.h"
#include "family.h"
#include "nl_share_users.h"

static_assert(DITTO_SQUASH_ROOT_TO_GUEST == (int)DITTO_SQUASH_MODE_ROOT_TO_GUEST);
static_assert(DITTO_SQUASH_NONE == (int)DITTO_SQUASH_MODE_NONE);
static_assert(DITTO_SQUASH_ROOT_TO_ADMIN == (int)DITTO_SQUASH_MODE_ROOT_TO_ADMIN);
static_assert(DITTO_SQUASH_ALL_TO_ADMIN == (int)DITTO_SQUASH_MODE_ALL_TO_ADMIN);
static_assert(DITTO_SQUASH_ALL_TO_GUEST == (int)DITTO_SQUASH_MODE_ALL_TO_GUEST);
static_assert(DITTO_CHMOD_GROUPMASK == (int)DITTO_ACL_MODE_GROUPMASK);
static_assert(DITTO_CHMOD_DISCARD == (int)DITTO_ACL_MODE_DISCARD);
static_assert(DITTO_CHMOD_PASSTHROUGH == (int)DITTO_ACL_MODE_PASSTHROUGH);
static_assert(DITTO_CHMOD_RESTRICTED == (int)DITTO_ACL_MODE_RESTRICTED);
static_assert(DITTO_SEC_NONE == DITTO_FLAVOR_NONE);
static_assert(DITTO_SEC_SYS == DITTO_FLAVOR_SYS);
static_assert(DITTO_SEC_KRB5 == DITTO_FLAVOR_KRB5);
static_assert(DITTO_SEC_KRB5I == DITTO_FLAVOR_KRB5I);
static_assert(DITTO_SEC_KRB5P == DITTO_FLAVOR_KRB5P);
static_assert(DITTO_ACCESS_NONE == (int)DITTO_ACCESS_RIGHT_NONE);
static_assert(DITTO_ACCESS_READ == (int)DITTO_ACCESS_RIGHT_READ);
static_assert(DITTO_ACCESS_WRITE == (int)DITTO_ACCESS_RIGHT_WRITE);

/* The length of a nested attribute has 16 bits; 256 bytes are left for the enclosing headers. */
#define RULES_BYTES_MAX	(U16_MAX - 256)

static DEFINE_MUTEX(share_set_lock);

static const char *attr_name(struct genl_info *info)
{
	return nla_data(info->attrs[DITTO_A_SHARE_NAME]);
}

/* Bytes of a rule in a message. */
static size_t rule_size(size_t spec_len)
{
	return nla_total_size(nla_total_size(spec_len + 1) + 4 * nla_total_size(sizeof(u32)));
}

/* A user without proof never becomes root, whose files have more to protect than themselves. */
static int anon_check(const struct nlattr *id, struct netlink_ext_ack *extack)
{
	if (!id || (nla_get_u32(id) && nla_get_u32(id) != U32_MAX))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, id,
			    "the anonymous user has a valid number, not root's; squash all-to-admin makes root of all");
	return -EINVAL;
}

static int rule_read(struct ditto_rule *rule, const struct nlattr *attr,
		     struct netlink_ext_ack *extack)
{
	struct nlattr *tb[DITTO_A_RULE_ANON_GID + 1];
	const char *spec;
	int err;

	err = nla_parse_nested(tb, DITTO_A_RULE_ANON_GID, attr, ditto_rule_nl_policy, extack);
	if (err)
		return err;
	if (NL_REQ_ATTR_CHECK(extack, attr, tb, DITTO_A_RULE_SPEC)) {
		NL_SET_ERR_MSG(extack, "a rule says which clients it is for");
		return -EINVAL;
	}
	err = anon_check(tb[DITTO_A_RULE_ANON_UID], extack) ?:
	      anon_check(tb[DITTO_A_RULE_ANON_GID], extack);
	if (err)
		return err;

	spec = nla_data(tb[DITTO_A_RULE_SPEC]);
	err = ditto_rule_parse(spec, rule);
	if (err == -EINVAL)
		NL_SET_ERR_MSG_ATTR_FMT(extack, tb[DITTO_A_RULE_SPEC],
					"\"%.24s\" is no address, network, host name or @netgroup",
					spec);
	if (err)
		return err;

	rule->level = DITTO_ACCESS_WRITE;
	if (tb[DITTO_A_RULE_ACCESS])
		rule->level = nla_get_u32(tb[DITTO_A_RULE_ACCESS]);
	rule->has_squash = tb[DITTO_A_RULE_SQUASH];
	if (rule->has_squash)
		rule->squash = nla_get_u32(tb[DITTO_A_RULE_SQUASH]);
	if (tb[DITTO_A_RULE_ANON_UID])
		rule->anon_uid = nla_get_u32(tb[DITTO_A_RULE_ANON_UID]);
	if (tb[DITTO_A_RULE_ANON_GID])
		rule->anon_gid = nla_get_u32(tb[DITTO_A_RULE_ANON_GID]);
	return 0;
}

/* Number of rules, or -E2BIG if there are too many or they are too long. */
static int rules_count(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	const struct nlattr *rule;
	unsigned int count = 0;
	size_t bytes = 0;
	int rem;

	nla_for_each_nested_type(rule, DITTO_A_RULES_RULE, attr, rem) {
		count++;
		/* An upper bound of what rule_put() writes: the text is part of the attribute. */
		bytes += nla_total_size(nla_len(rule) + 2 * nla_total_size(sizeof(u32)));
	}
	if (count > DITTO_RULES_MAX || bytes > RULES_BYTES_MAX) {
		NL_SET_ERR_MSG_ATTR_FMT(extack, attr,
					"more than %u rules or %u bytes; use a netgroup",
					DITTO_RULES_MAX, RULES_BYTES_MAX);
		return -E2BIG;
	}
	return count;
}

/* Replace the rules in @rules by the rules of a request. */
static int rules_read(struct ditto_rules *rules, const struct nlattr *attr,
		      struct netlink_ext_ack *extack)
{
	struct ditto_rules new = {};
	const struct nlattr *rule;
	int count, rem, err = 0;

	count = rules_count(attr, extack);
	if (count < 0)
		return count;
	if (count) {
		new.rule = kcalloc(count, sizeof(*new.rule), GFP_KERNEL);
		if (!new.rule)
			return -ENOMEM;
	}
	nla_for_each_nested_type(rule, DITTO_A_RULES_RULE, attr, rem) {
		err = rule_read(&new.rule[new.count], rule, extack);
		if (err)
			break;
		new.count++;
	}
	if (err) {
		ditto_rules_free(&new);
		return err;
	}
	ditto_rules_free(rules);
	*rules = new;
	return 0;
}

static int anon_read(struct ditto_share_opts *opts, struct genl_info *info)
{
	const struct nlattr *uid = info->attrs[DITTO_A_SHARE_ANON_UID];
	const struct nlattr *gid = info->attrs[DITTO_A_SHARE_ANON_GID];

	int err = anon_check(uid, info->extack) ?: anon_check(gid, info->extack);

	if (err)
		return err;
	if (uid)
		opts->anon_uid = make_kuid(&init_user_ns, nla_get_u32(uid));
	if (gid)
		opts->anon_gid = make_kgid(&init_user_ns, nla_get_u32(gid));
	return 0;
}

/* The highest number takes the user or the group back. Nobody becomes root by it. */
static int force_read(struct ditto_share_opts *opts, struct genl_info *info)
{
	const struct nlattr *uid = info->attrs[DITTO_A_SHARE_FORCE_UID];
	const struct nlattr *gid = info->attrs[DITTO_A_SHARE_FORCE_GID];

	if ((uid && !nla_get_u32(uid)) || (gid && !nla_get_u32(gid))) {
		NL_SET_ERR_MSG_ATTR(info->extack, uid && !nla_get_u32(uid) ? uid : gid,
				    "nobody can be made root, nor a member of its group");
		return -EINVAL;
	}
	if (uid)
		opts->force_uid = make_kuid(&init_user_ns, nla_get_u32(uid));
	if (gid)
		opts->force_gid = make_kgid(&init_user_ns, nla_get_u32(gid));
	return 0;
}

/* Read one nested option. */
static int option_read(struct ditto_share_opts *opts, const struct nlattr *attr,
		       struct netlink_ext_ack *extack)
{
	struct nlattr *tb[DITTO_A_SHARE_OPTION_VALUE + 1];
	struct ditto_option_change change = {};
	int err;

	err = nla_parse_nested(tb, DITTO_A_SHARE_OPTION_VALUE, attr, ditto_share_option_nl_policy,
			       extack);
	if (err)
		return err;
	if (NL_REQ_ATTR_CHECK(extack, attr, tb, DITTO_A_SHARE_OPTION_NAME) ||
	    NL_REQ_ATTR_CHECK(extack, attr, tb, DITTO_A_SHARE_OPTION_VALUE)) {
		NL_SET_ERR_MSG(extack, "an option needs a name and a value");
		return -EINVAL;
	}
	change.attr = tb[DITTO_A_SHARE_OPTION_VALUE];
	change.name = nla_data(tb[DITTO_A_SHARE_OPTION_NAME]);
	change.value = nla_get_u32(tb[DITTO_A_SHARE_OPTION_VALUE]);
	if (tb[DITTO_A_SHARE_OPTION_OWNER])
		change.owner = nla_data(tb[DITTO_A_SHARE_OPTION_OWNER]);
	return ditto_share_option_set(opts, &change, extack);
}

static int options_read(struct ditto_share_opts *opts, struct genl_info *info)
{
	const struct nlattr *attr;
	int rem, err;

	nlmsg_for_each_attr_type(attr, DITTO_A_SHARE_OPTION, info->nlhdr, GENL_HDRLEN, rem) {
		err = option_read(opts, attr, info->extack);
		if (err)
			return err;
	}
	return 0;
}

/* Bytes of an option in a message. */
static int option_measure(const char *owner, const char *name, u32 value, void *arg)
{
	size_t *size = arg;

	*size += nla_total_size(nla_total_size(strlen(owner) + 1) +
				nla_total_size(strlen(name) + 1) + nla_total_size(sizeof(value)));
	return 0;
}

static int option_put(const char *owner, const char *name, u32 value, void *arg)
{
	struct sk_buff *msg = arg;
	struct nlattr *nest = nla_nest_start(msg, DITTO_A_SHARE_OPTION);

	if (!nest ||
	    nla_put_string(msg, DITTO_A_SHARE_OPTION_NAME, name) ||
	    nla_put_string(msg, DITTO_A_SHARE_OPTION_OWNER, owner) ||
	    nla_put_u32(msg, DITTO_A_SHARE_OPTION_VALUE, value))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* Read an optional string; an empty one removes the text. */
static int text_read(char **text, const struct nlattr *attr)
{
	char *new = NULL;

	if (!attr)
		return 0;
	if (*(const char *)nla_data(attr)) {
		new = nla_strdup(attr, GFP_KERNEL);
		if (!new)
			return -ENOMEM;
	}
	kfree(*text);
	*text = new;
	return 0;
}

/* Folded once for directories that fold names; patterns that are not Unicode have no such form. */
static int veto_read(struct ditto_share_opts *opts, const struct nlattr *attr)
{
	struct ditto_name text;
	int err = text_read(&opts->veto, attr);

	if (err || !attr)
		return err;
	kfree(opts->veto_folded);
	opts->veto_folded = NULL;
	if (!opts->veto)
		return 0;
	text = (struct ditto_name) { .name = opts->veto, .len = strlen(opts->veto) };
	opts->veto_folded = kmalloc(3 * text.len + 1, GFP_KERNEL);
	if (!opts->veto_folded)
		return -ENOMEM;
	if (ditto_name_fold(&text, opts->veto_folded, 3 * text.len + 1) < 0) {
		kfree(opts->veto_folded);
		opts->veto_folded = NULL;
	}
	return 0;
}

/* Names of protocols that are not loaded are accepted: they may come later. */
static int protocols_read(char **protocols, const struct nlattr *attr,
			  struct netlink_ext_ack *extack)
{
	const char *p;
	size_t len;

	if (!attr)
		return 0;
	for (p = nla_data(attr); *p; p += len + !!p[len]) {
		len = strcspn(p, ",");
		if (len && len < DITTO_PROTOCOL_NAME)
			continue;
		NL_SET_ERR_MSG_ATTR(extack, attr, "protocols are names, separated by commas");
		return -EINVAL;
	}
	return text_read(protocols, attr);
}

static int trash_exclude_read(char **to, const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	if (attr && strchr(nla_data(attr), '/')) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "patterns are for names, which have no slashes");
		return -EINVAL;
	}
	return text_read(to, attr);
}

/* Read optional links; an empty text removes all. */
static int links_read(struct ditto_links **to, const struct nlattr *attr,
		      struct netlink_ext_ack *extack)
{
	struct ditto_links *links;

	if (!attr)
		return 0;
	links = ditto_links_parse(nla_data(attr), extack);
	if (IS_ERR(links))
		return PTR_ERR(links);
	ditto_links_put(*to);
	*to = links;
	return 0;
}

/* Read which clients have access, and the rights of users. */
static int access_read(struct ditto_share_opts *opts, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	int err = 0;

	if (attrs[DITTO_A_SHARE_DEFAULT_ACCESS])
		opts->share_users.others = nla_get_u32(attrs[DITTO_A_SHARE_DEFAULT_ACCESS]);
	if (attrs[DITTO_A_SHARE_USERS])
		err = ditto_nl_share_users_read(&opts->share_users, attrs[DITTO_A_SHARE_USERS],
						info->extack);
	if (!err && attrs[DITTO_A_SHARE_RULES])
		err = rules_read(&opts->rules, attrs[DITTO_A_SHARE_RULES], info->extack);
	return err;
}

/* Read the options of a request over those in @opts, but for links. */
static int opts_read(struct ditto_share_opts *opts, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	int err;

	err = options_read(opts, info);
	if (err)
		return err;
	err = text_read(&opts->comment, attrs[DITTO_A_SHARE_COMMENT]) ?:
	      text_read(&opts->snapshots, attrs[DITTO_A_SHARE_SNAPSHOTS]) ?:
	      veto_read(opts, attrs[DITTO_A_SHARE_VETO_FILES]) ?:
	      trash_exclude_read(&opts->trash_exclude, attrs[DITTO_A_SHARE_TRASH_EXCLUDE],
				 info->extack) ?:
	      protocols_read(&opts->protocols, attrs[DITTO_A_SHARE_PROTOCOLS], info->extack);
	if (err)
		return err;
	return force_read(opts, info) ?: anon_read(opts, info) ?: access_read(opts, info);
}

/* Read whose home share is added, and where. Return: 0 or an errno; -ENODATA if it is none. */
static int home_read(struct ditto_home *home, struct genl_info *info)
{
	const struct nlattr *uid = info->attrs[DITTO_A_SHARE_HOME_UID];
	const struct nlattr *gid = info->attrs[DITTO_A_SHARE_HOME_GID];
	const struct nlattr *dir = info->attrs[DITTO_A_SHARE_HOME_DIR];
	struct file *file;

	if (!uid)
		return -ENODATA;
	home->uid = make_kuid(&init_user_ns, nla_get_u32(uid));
	home->gid = gid ? make_kgid(&init_user_ns, nla_get_u32(gid)) : INVALID_GID;
	if (!dir || !uid_valid(home->uid) || (gid && !gid_valid(home->gid))) {
		NL_SET_ERR_MSG(info->extack, "a home share needs a user and a directory");
		return -EINVAL;
	}
	/* A thread of the kernel has no files, and io_uring may send with one. */
	file = current->files ? fget_raw(nla_get_u32(dir)) : NULL;
	if (!file) {
		NL_SET_ERR_MSG_ATTR(info->extack, dir, "this is no open directory");
		return -EBADF;
	}
	home->dir = file->f_path;
	path_get(&home->dir);
	fput(file);
	return 0;
}

int ditto_nl_share_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ditto_server *srv = ditto_server_of(genl_info_net(info));
	struct ditto_share_config cfg = {};
	struct ditto_home home = {};
	uuid_t id;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_SHARE_NAME)) {
		NL_SET_ERR_MSG(info->extack, "a share needs a name");
		return -EINVAL;
	}
	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_SHARE_PATH)) {
		NL_SET_ERR_MSG(info->extack, "a share needs a path");
		return -EINVAL;
	}
	cfg.name = attr_name(info);
	cfg.path = nla_data(info->attrs[DITTO_A_SHARE_PATH]);
	if (info->attrs[DITTO_A_SHARE_ID]) {
		import_uuid(&id, nla_data(info->attrs[DITTO_A_SHARE_ID]));
		cfg.id = &id;
	}
	err = home_read(&home, info);
	if (err && err != -ENODATA)
		return err;
	if (!err)
		cfg.home = &home;
	cfg.opts = ditto_share_opts_alloc();
	if (!cfg.opts) {
		err = -ENOMEM;
		goto put_home;
	}

	err = opts_read(cfg.opts, info) ?:
	      links_read(&cfg.opts->links, info->attrs[DITTO_A_SHARE_LINKS], info->extack);
	if (!err)
		err = ditto_share_add(srv, &cfg, info->extack);
	if (err)
		ditto_share_opts_free(cfg.opts);
	else
		ditto_records_share_added(srv);
put_home:
	if (cfg.home)
		path_put(&home.dir);
	return err;
}

static int share_missing(struct genl_info *info)
{
	NL_SET_ERR_MSG_ATTR_FMT(info->extack, info->attrs[DITTO_A_SHARE_NAME],
				"there is no share \"%.40s\"", attr_name(info));
	return -ENOENT;
}

/* Find the share that a request names; to be put. NULL after an error, which is in the extack. */
static struct ditto_share *share_of(struct ditto_server *srv, struct genl_info *info, int *err)
{
	struct ditto_share *share;

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_SHARE_NAME)) {
		NL_SET_ERR_MSG(info->extack, "which share? name it");
		*err = -EINVAL;
		return NULL;
	}
	share = ditto_share_get_by_name(srv, attr_name(info), strlen(attr_name(info)));
	if (!share)
		*err = share_missing(info);
	return share;
}

static struct ditto_share_opts *share_opts_dup(const struct ditto_share *share)
{
	struct ditto_share_opts *opts;

	rcu_read_lock();
	opts = ditto_share_opts_dup(rcu_dereference(share->opts));
	rcu_read_unlock();
	return opts;
}

/*
 * Check that the file system can have a bin, or committed files, if the request asks for what the
 * share does not have yet.
 */
static int file_system_check(struct ditto_share *share, struct genl_info *info)
{
	struct ditto_share_opts *opts;
	int err;

	if (!info->attrs[DITTO_A_SHARE_OPTION])
		return 0;
	opts = share_opts_dup(share);
	if (!opts)
		return -ENOMEM;
	err = options_read(opts, info);
	if (!err && opts->trash && !READ_ONCE(share->has_trash))
		err = ditto_trash_check(share, info->extack);
	if (!err && opts->worm && !READ_ONCE(share->volume->worm))
		err = ditto_share_opts_check(NULL, opts, info->extack) ?:
		      ditto_worm_check_share(share, info->extack) ?:
		      ditto_worm_start(share->volume);
	ditto_share_opts_free(opts);
	return err;
}

/* @links: given to the share if the request has links; gets the ones before */
static int share_set(struct ditto_server *srv, struct genl_info *info, struct ditto_links **links)
{
	struct ditto_share_config cfg = {};
	struct ditto_share *share;
	int err;

	lockdep_assert_held(&share_set_lock);
	share = share_of(srv, info, &err);
	if (!share)
		return err;
	cfg.name = attr_name(info);
	cfg.opts = share_opts_dup(share);
	/*
	 * Drop the reference, for which removal would wait. ditto_share_set() fails if the share
	 * is removed.
	 */
	ditto_share_put(share);
	if (!cfg.opts)
		return -ENOMEM;

	if (info->attrs[DITTO_A_SHARE_LINKS])
		swap(cfg.opts->links, *links);
	err = opts_read(cfg.opts, info);
	if (!err)
		err = ditto_share_set(srv, &cfg, info->extack);
	if (err)
		ditto_share_opts_free(cfg.opts);
	return err;
}

int ditto_nl_share_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ditto_server *srv = ditto_server_of(genl_info_net(info));
	struct ditto_links *links = NULL;
	struct ditto_share *share;
	int err;

	share = share_of(srv, info, &err);
	if (!share)
		return err;
	/* The file system may hang, so directories are looked for without the mutex. */
	err = file_system_check(share, info) ?:
	      links_read(&links, info->attrs[DITTO_A_SHARE_LINKS], info->extack);
	if (!err)
		ditto_links_find_dirs(share, links, info->extack);
	ditto_share_put(share);
	if (err)
		return err;
	mutex_lock(&share_set_lock);
	err = share_set(srv, info, &links);
	mutex_unlock(&share_set_lock);
	ditto_links_put(links);
	return err;
}

int ditto_nl_share_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ditto_server *srv = ditto_server_of(genl_info_net(info));

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_SHARE_NAME)) {
		NL_SET_ERR_MSG(info->extack, "which share? name it");
		return -EINVAL;
	}
	return ditto_share_del(srv, attr_name(info), info->extack);
}

/* Bytes of a share in a message. */
static size_t share_size(const struct ditto_share *share)
{
	size_t size = nla_total_size(strlen(share->name) + 1) +
		      nla_total_size(strlen(ditto_share_path(share)) + 1) +
		      nla_total_size(sizeof(share->id)) +
		      6 * nla_total_size(sizeof(u32)) + nla_total_size(sizeof(u8)) +
		      nla_total_size_64bit(sizeof(u64)) +
		      nla_total_size(strlen(share->root.mnt->mnt_sb->s_type->name) + 1) +
		      nla_total_size(0);
	const struct ditto_share_opts *opts;

	ditto_option_owners_hold();
	rcu_read_lock();
	opts = rcu_dereference(share->opts);
	ditto_share_options_for_each(opts, option_measure, &size);
	for (unsigned int i = 0; i < opts->rules.count; i++)
		size += rule_size(strlen(opts->rules.rule[i].spec));
	size += ditto_nl_share_users_size(&opts->share_users) +
		nla_total_size(opts->comment ? strlen(opts->comment) + 1 : 0) +
		nla_total_size(opts->snapshots ? strlen(opts->snapshots) + 1 : 0) +
		nla_total_size(opts->protocols ? strlen(opts->protocols) + 1 : 0) +
		nla_total_size(opts->trash_exclude ? strlen(opts->trash_exclude) + 1 : 0) +
		nla_total_size(opts->veto ? strlen(opts->veto) + 1 : 0) +
		nla_total_size(opts->links ? strlen(opts->links->text) + 1 : 0);
	rcu_read_unlock();
	ditto_option_owners_release();
	return size;
}

static int rule_put(struct sk_buff *msg, const struct ditto_rule *rule)
{
	struct nlattr *nest = nla_nest_start(msg, DITTO_A_RULES_RULE);

	if (!nest ||
	    nla_put_string(msg, DITTO_A_RULE_SPEC, rule->spec) ||
	    nla_put_u32(msg, DITTO_A_RULE_ACCESS, rule->level) ||
	    (rule->has_squash && nla_put_u32(msg, DITTO_A_RULE_SQUASH, rule->squash)) ||
	    (rule->anon_uid && nla_put_u32(msg, DITTO_A_RULE_ANON_UID, rule->anon_uid)) ||
	    (rule->anon_gid && nla_put_u32(msg, DITTO_A_RULE_ANON_GID, rule->anon_gid)))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int rules_put(struct sk_buff *msg, const struct ditto_rules *rules)
{
	struct nlattr *nest = nla_nest_start(msg, DITTO_A_SHARE_RULES);

	if (!nest)
		return -EMSGSIZE;
	for (unsigned int i = 0; i < rules->count; i++)
		if (rule_put(msg, &rules->rule[i]))
			return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int force_put(struct sk_buff *msg, const struct ditto_share_opts *opts)
{
	u32 uid = from_kuid(&init_user_ns, opts->force_uid);
	u32 gid = from_kgid(&init_user_ns, opts->force_gid);

	if ((uid_valid(opts->force_uid) && nla_put_u32(msg, DITTO_A_SHARE_FORCE_UID, uid)) ||
	    (gid_valid(opts->force_gid) && nla_put_u32(msg, DITTO_A_SHARE_FORCE_GID, gid)))
		return -EMSGSIZE;
	return 0;
}

static int opts_put(struct sk_buff *msg, const struct ditto_share_opts *opts)
{
	if (ditto_share_options_for_each(opts, option_put, msg) ||
	    (opts->comment && nla_put_string(msg, DITTO_A_SHARE_COMMENT, opts->comment)) ||
	    (opts->snapshots &&
	     nla_put_string(msg, DITTO_A_SHARE_SNAPSHOTS, opts->snapshots)) ||
	    (opts->protocols &&
	     nla_put_string(msg, DITTO_A_SHARE_PROTOCOLS, opts->protocols)) ||
	    (opts->trash_exclude &&
	     nla_put_string(msg, DITTO_A_SHARE_TRASH_EXCLUDE, opts->trash_exclude)) ||
	    (opts->veto && nla_put_string(msg, DITTO_A_SHARE_VETO_FILES, opts->veto)) ||
	    (opts->links && nla_put_string(msg, DITTO_A_SHARE_LINKS, opts->links->text)) ||
	    force_put(msg, opts) ||
	    nla_put_u32(msg, DITTO_A_SHARE_ANON_UID, from_kuid(&init_user_ns, opts->anon_uid)) ||
	    nla_put_u32(msg, DITTO_A_SHARE_ANON_GID, from_kgid(&init_user_ns, opts->anon_gid)) ||
	    ditto_nl_share_users_put(msg, &opts->share_users))
		return -EMSGSIZE;
	return rules_put(msg, &opts->rules);
}

static int share_put(struct sk_buff *msg, const struct ditto_share *share)
{
	int err;

	if (nla_put_string(msg, DITTO_A_SHARE_NAME, share->name) ||
	    nla_put_string(msg, DITTO_A_SHARE_PATH, ditto_share_path(share)) ||
	    nla_put(msg, DITTO_A_SHARE_ID, sizeof(share->id), &share->id) ||
	    nla_put_string(msg, DITTO_A_SHARE_FS_TYPE, share->root.mnt->mnt_sb->s_type->name) ||
	    nla_put_u8(msg, DITTO_A_SHARE_HANDLES, share->volume->has_handles) ||
	    (uid_valid(share->home_uid) &&
	     nla_put_u32(msg, DITTO_A_SHARE_HOME_UID, from_kuid(&init_user_ns, share->home_uid))) ||
	    (share->root_ino &&
	     (nla_put_u32(msg, DITTO_A_SHARE_DEVICE, new_encode_dev(share->root_dev)) ||
	      ditto_nl_put_u64(msg, DITTO_A_SHARE_INODE, share->root_ino))))
		return -EMSGSIZE;

	ditto_option_owners_hold();
	rcu_read_lock();
	err = opts_put(msg, rcu_dereference(share->opts));
	rcu_read_unlock();
	ditto_option_owners_release();
	return err;
}

int ditto_nl_share_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ditto_server *srv = ditto_server_of(genl_info_net(info));
	struct ditto_share *share;
	struct sk_buff *msg;
	void *hdr;
	int err;

	share = share_of(srv, info, &err);
	if (!share)
		return err;
	/* The options may grow between measuring and writing: then measure again. */
	do {
		msg = ditto_nl_reply_new(info, share_size(share), &hdr);
		err = msg ? share_put(msg, share) : -ENOMEM;
		if (err)
			nlmsg_free(msg);
	} while (err == -EMSGSIZE);
	ditto_share_put(share);
	if (err)
		return err;
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

/**
 * struct share_dump - state of a dump of shares
 * @msg: message being filled
 * @cb: callback of the dump
 * @last: name of the last share shown; empty before the first
 */
struct share_dump {
	struct sk_buff *msg;
	struct netlink_callback *cb;
	char last[DITTO_SHARE_NAME_MAX + 1];
};

/* The callback's context is too small for a name, so it holds a pointer. */
static struct share_dump **share_dump_of(struct netlink_callback *cb)
{
	return (struct share_dump **)cb->ctx;
}

static int share_measure(struct ditto_share *share, void *arg)
{
	struct netlink_callback *cb = arg;
	size_t size = genlmsg_total_size(share_size(share));

	cb->min_dump_alloc = max_t(size_t, cb->min_dump_alloc, size);
	return 0;
}

/* Any buffer has room for the counters of a share. */
int ditto_nl_share_traffic_get_start(struct netlink_callback *cb)
{
	struct share_dump *dump;
	int err;

	err = ditto_nl_deferred_dump(cb);
	if (err)
		return err;
	dump = kzalloc(sizeof(*dump), GFP_KERNEL);
	if (!dump)
		return -ENOMEM;
	dump->cb = cb;
	*share_dump_of(cb) = dump;
	return 0;
}

/* The buffers of the dump are allocated before it runs, so the longest share must fit. */
int ditto_nl_share_get_start(struct netlink_callback *cb)
{
	int err = ditto_nl_share_traffic_get_start(cb);

	if (!err)
		ditto_share_for_each(ditto_server_of(sock_net(cb->skb->sk)), NULL, share_measure,
				     cb);
	return err;
}

int ditto_nl_share_get_done(struct netlink_callback *cb)
{
	kfree(*share_dump_of(cb));
	return 0;
}

/**
 * struct share_use - a question whether the user of a session may use a share
 * @session: number of the session
 * @share: the share
 */
struct share_use {
	u64 session;
	struct ditto_share *share;
};

static int share_reaches(struct ditto_server *srv, const struct ditto_protocol *protocol, void *arg)
{
	const struct share_use *use = arg;

	return protocol->reaches && protocol->reaches(srv, use->session, use->share);
}

/* Return: true if the share is to be listed; a request that names no session wants all. */
static bool share_is_wanted(struct ditto_share *share, struct netlink_callback *cb)
{
	const struct nlattr *session = genl_info_dump(cb)->attrs[DITTO_A_SHARE_SESSION];
	struct share_use use = { .share = share };

	if (!session)
		return true;
	use.session = nla_get_u64(session);
	for (unsigned int bit = 0; bit < DITTO_PROTOCOLS_MAX; bit++)
		if (ditto_protocol_with(share->srv, bit, share_reaches, &use) == 1)
			return true;
	return false;
}

static int share_dump_one(struct ditto_share *share, void *arg)
{
	struct share_dump *dump = arg;
	void *hdr;

	if (!share_is_wanted(share, dump->cb))
		return 0;
	hdr = ditto_nl_dump_put(dump->msg, dump->cb);
	if (!hdr || share_put(dump->msg, share)) {
		if (hdr)
			genlmsg_cancel(dump->msg, hdr);
		/*
		 * The share may have grown since the dump began; make the next buffer large
		 * enough.
		 */
		share_measure(share, dump->cb);
		return -EMSGSIZE;
	}
	genlmsg_end(dump->msg, hdr);
	strscpy(dump->last, share->name, sizeof(dump->last));
	return 0;
}

static int share_dump(struct sk_buff *skb, struct netlink_callback *cb,
		      int (*put)(struct ditto_share *share, void *arg))
{
	struct share_dump *dump = *share_dump_of(cb);

	dump->msg = skb;
	return ditto_share_for_each(ditto_server_of(sock_net(skb->sk)),
				    dump->last[0] ? dump->last : NULL, put, dump);
}

int ditto_nl_share_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return share_dump(skb, cb, share_dump_one);
}

static int share_dump_traffic(struct ditto_share *share, void *arg)
{
	struct share_dump *dump = arg;
	void *hdr = ditto_nl_dump_put(dump->msg, dump->cb);
	struct ditto_share_traffic sum;

	if (!hdr)
		return -EMSGSIZE;
	ditto_share_traffic_read(share->traffic, &sum);
	if (ditto_nl_put_u64(dump->msg, DITTO_A_TRAFFIC_NUMBER, share->number) ||
	    nla_put_string(dump->msg, DITTO_A_TRAFFIC_SHARE, share->name) ||
	    ditto_nl_put_traffic(dump->msg, &sum.sum) ||
	    nla_put(dump->msg, DITTO_A_TRAFFIC_TIMES, sizeof(sum.times), sum.times)) {
		genlmsg_cancel(dump->msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(dump->msg, hdr);
	strscpy(dump->last, share->name, sizeof(dump->last));
	return 0;
}

int ditto_nl_share_traffic_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return share_dump(skb, cb, share_dump_traffic);
}
