// SPDX-License-Identifier: GPL-2.0-only
/* Netlink operations on settings, and on the descriptions of options of shares. */
#include <linux/build_bug.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "../../fs/node/node.h"
#include "../option.h"
#include "../server.h"
#include "../setting.h"
#include "family.h"
#include "settings.h"

static_assert(DITTO_SETTING_BOOL == (int)DITTO_SETTING_TYPE_BOOL);
static_assert(DITTO_SETTING_NUMBER == (int)DITTO_SETTING_TYPE_NUMBER);
static_assert(DITTO_SETTING_ENUM == (int)DITTO_SETTING_TYPE_ENUM);
static_assert(DITTO_SETTING_VERSION == (int)DITTO_SETTING_TYPE_VERSION);
static_assert(DITTO_SETTING_FLAGS == (int)DITTO_SETTING_TYPE_FLAGS);
static_assert(DITTO_SETTING_MODE == (int)DITTO_SETTING_TYPE_MODE);

/* Read one nested setting; the texts stay in the request. */
static int setting_change_read(struct ditto_setting_change *change, const struct nlattr *attr,
			       struct netlink_ext_ack *extack)
{
	struct nlattr *tb[DITTO_A_SETTING_CHANGE_VALUE + 1];
	int err;

	err = nla_parse_nested(tb, DITTO_A_SETTING_CHANGE_VALUE, attr,
			       ditto_setting_change_nl_policy, extack);
	if (err)
		return err;
	if (NL_REQ_ATTR_CHECK(extack, attr, tb, DITTO_A_SETTING_CHANGE_NAME) ||
	    NL_REQ_ATTR_CHECK(extack, attr, tb, DITTO_A_SETTING_CHANGE_VALUE)) {
		NL_SET_ERR_MSG(extack, "a setting needs a name and a value");
		return -EINVAL;
	}
	change->attr = tb[DITTO_A_SETTING_CHANGE_VALUE];
	change->name = nla_data(tb[DITTO_A_SETTING_CHANGE_NAME]);
	change->value = nla_get_u32(tb[DITTO_A_SETTING_CHANGE_VALUE]);
	if (tb[DITTO_A_SETTING_CHANGE_OWNER])
		change->owner = nla_data(tb[DITTO_A_SETTING_CHANGE_OWNER]);
	return 0;
}

int ditto_nl_server_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ditto_server *srv = ditto_server_of(genl_info_net(info));
	const struct nlattr *key_attr = info->attrs[DITTO_A_SERVER_HANDLE_KEY];
	struct ditto_setting_change *changes;
	unsigned int count = 0;
	struct nlattr *attr;
	siphash_key_t key;
	int rem, err = 0;

	nlmsg_for_each_attr_type(attr, DITTO_A_SERVER_SETTING, info->nlhdr, GENL_HDRLEN, rem)
		count++;
	if (count > DITTO_SETTING_CHANGES_MAX) {
		NL_SET_ERR_MSG_FMT(info->extack, "more than %u settings in one request",
				   DITTO_SETTING_CHANGES_MAX);
		return -E2BIG;
	}
	changes = kcalloc(count, sizeof(*changes), GFP_KERNEL);
	if (!changes)
		return -ENOMEM;
	count = 0;
	nlmsg_for_each_attr_type(attr, DITTO_A_SERVER_SETTING, info->nlhdr, GENL_HDRLEN, rem) {
		err = setting_change_read(&changes[count++], attr, info->extack);
		if (err)
			goto out;
	}
	if (key_attr) {
		const u8 *bytes = nla_data(key_attr);

		key.key[0] = get_unaligned_le64(bytes);
		key.key[1] = get_unaligned_le64(bytes + 8);
	}
	err = ditto_settings_set(srv, changes, count, key_attr ? &key : NULL, info->extack);
	if (!err)
		ditto_nodes_settings_changed(srv);
	memzero_explicit(&key, sizeof(key));
out:
	kfree(changes);
	return err;
}

/* Put a description, and the value unless it is NULL, as one message of a dump. */
static int desc_dump(struct sk_buff *msg, struct netlink_callback *cb, const char *owner,
		     const struct ditto_setting_desc *desc, const u32 *value)
{
	void *hdr = ditto_nl_dump_put(msg, cb);

	if (!hdr)
		return -EMSGSIZE;
	if (nla_put_string(msg, DITTO_A_SETTING_NAME, desc->name) ||
	    nla_put_string(msg, DITTO_A_SETTING_OWNER, owner) ||
	    (value && nla_put_u32(msg, DITTO_A_SETTING_VALUE, *value)) ||
	    nla_put_u32(msg, DITTO_A_SETTING_TYPE, desc->kind) ||
	    nla_put_u32(msg, DITTO_A_SETTING_LOWEST, desc->min) ||
	    nla_put_u32(msg, DITTO_A_SETTING_HIGHEST, desc->max) ||
	    nla_put_u32(msg, DITTO_A_SETTING_INITIAL, desc->initial) ||
	    nla_put_string(msg, DITTO_A_SETTING_VALUES, desc->values)) {
		genlmsg_cancel(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return 0;
}

/**
 * struct setting_dump - state of a dump of settings
 * @msg: message being filled
 * @cb: callback of the dump
 * @skip: settings that were shown before
 * @at: settings seen in this call
 */
struct setting_dump {
	struct sk_buff *msg;
	struct netlink_callback *cb;
	unsigned long skip;
	unsigned long at;
};

static int setting_dump_one(const struct ditto_setting_owner *owner,
			    const struct ditto_setting_desc *desc, u32 value, void *arg)
{
	struct setting_dump *dump = arg;
	int err;

	dump->cb->seq = ditto_setting_owners_generation();
	if (dump->at++ < dump->skip)
		return 0;
	err = desc_dump(dump->msg, dump->cb, owner->name, desc, &value);
	if (!err)
		dump->skip++;
	return err;
}

int ditto_nl_setting_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct setting_dump dump = { .msg = skb, .cb = cb, .skip = cb->args[0] };
	int ret = ditto_settings_for_each(ditto_server_of(sock_net(skb->sk)), setting_dump_one,
					  &dump);

	cb->args[0] = dump.skip;
	return ret;
}

int ditto_nl_share_option_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct ditto_option_owner *owner = NULL;
	long at = 0;
	int err = 0;

	ditto_option_owners_hold();
	cb->seq = ditto_option_owners_generation();
	while (!err && (owner = ditto_option_owner_next(owner))) {
		for (unsigned int i = 0; i < owner->count && !err; i++) {
			if (at++ < cb->args[0])
				continue;
			err = desc_dump(skb, cb, owner->name, &owner->descs[i], NULL);
			if (!err)
				cb->args[0]++;
		}
	}
	ditto_option_owners_release();
	return err;
}
