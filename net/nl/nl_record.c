// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink operations of the helper: it registers, answers requests, and loads the records of the
 * server's earlier lives.
 */
#include <net/genetlink.h>

#include "../../lockd/table.h"
#include "../helper/auth.h"
#include "../helper/record.h"
#include "../helper/upcall.h"
#include "../server.h"
#include "family.h"

static int state_reply(struct genl_info *info, struct ditto_server *srv)
{
	struct sk_buff *msg;
	void *hdr;

	msg = ditto_nl_reply_new(info, 2 * nla_total_size(sizeof(u64)), &hdr);
	if (!msg)
		return -ENOMEM;
	if (ditto_nl_put_u64(msg, DITTO_A_STATE_INSTANCE, ditto_server_instance(srv)) ||
	    ditto_nl_put_u64(msg, DITTO_A_STATE_EPOCH, ditto_server_epoch(srv))) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

int ditto_nl_helper_register_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ditto_server *srv = ditto_server_of(genl_info_net(info));
	const struct nlattr *hello = info->attrs[DITTO_A_STATE_AUTH_HELLO];
	const struct nlattr *kinds = info->attrs[DITTO_A_STATE_KINDS];
	int err;

	if (info->genlhdr->version != DITTO_FAMILY_VERSION) {
		NL_SET_ERR_MSG_FMT(info->extack, "version %u of the protocol, and ditto.ko %u",
				   info->genlhdr->version, DITTO_FAMILY_VERSION);
		return -EPROTO;
	}

	if (hello && nla_len(hello) > DITTO_AUTH_TOKEN_MAX) {
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, hello, "more than %u bytes",
					DITTO_AUTH_TOKEN_MAX);
		return -EINVAL;
	}
	err = ditto_upcall_register(srv, info->snd_portid);
	if (err == -EBUSY)
		NL_SET_ERR_MSG(info->extack, "another helper is registered and still there");
	if (err)
		return err;
	err = ditto_upcall_hello_set(srv, info->snd_portid, hello ? nla_data(hello) : NULL,
				     hello ? nla_len(hello) : 0);
	if (!err && kinds)
		err = ditto_upcall_kinds_set(srv, info->snd_portid, nla_get_u64(kinds));
	/* Before the helper loads, and adds listeners. */
	if (!err && !ditto_server_epoch(srv))
		ditto_grace_load(srv->locks);
	if (!err)
		err = state_reply(info, srv);
	if (err) {
		ditto_upcall_portid_gone(srv, info->snd_portid);
		return err;
	}
	ditto_records_forget_again(srv);
	return 0;
}

int ditto_nl_upcall_reply_doit(struct sk_buff *skb, struct genl_info *info)
{
	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_UPCALL_ID)) {
		NL_SET_ERR_MSG(info->extack, "an answer carries the number of its request");
		return -EINVAL;
	}
	return ditto_upcall_reply(ditto_server_of(genl_info_net(info)), info);
}

int ditto_nl_upcall_progress_doit(struct sk_buff *skb, struct genl_info *info)
{
	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_UPCALL_ID)) {
		NL_SET_ERR_MSG(info->extack, "progress carries the number of its request");
		return -EINVAL;
	}
	return ditto_upcall_progress(ditto_server_of(genl_info_net(info)), info);
}

/* Check that the message is for this life of the server; the module may have been reloaded. */
static int check_instance(struct ditto_server *srv, struct genl_info *info,
			  const struct nlattr *attr)
{
	if (nla_get_u64(attr) == ditto_server_instance(srv))
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, attr, "this is another life of the server");
	return -ESTALE;
}

int ditto_nl_record_load_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ditto_server *srv = ditto_server_of(genl_info_net(info));
	const struct nlattr *key = info->attrs[DITTO_A_RECORD_KEY];
	const struct nlattr *data = info->attrs[DITTO_A_RECORD_DATA];
	struct ditto_record record;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_RECORD_INSTANCE) ||
	    GENL_REQ_ATTR_CHECK(info, DITTO_A_RECORD_TYPE) ||
	    GENL_REQ_ATTR_CHECK(info, DITTO_A_RECORD_KEY)) {
		NL_SET_ERR_MSG(info->extack, "a record has an instance, a type and a key");
		return -EINVAL;
	}
	err = check_instance(srv, info, info->attrs[DITTO_A_RECORD_INSTANCE]);
	if (err)
		return err;
	record = (struct ditto_record) {
		.kind = nla_get_u32(info->attrs[DITTO_A_RECORD_TYPE]),
		.key_len = nla_len(key),
		.data_len = data ? nla_len(data) : 0,
		.key = nla_data(key),
		.data = data ? nla_data(data) : NULL,
	};
	err = ditto_record_load(srv, &record);
	if (err == -EALREADY)
		NL_SET_ERR_MSG(info->extack, "the epoch was told: records are loaded before it");
	else if (err == -ENOSPC)
		NL_SET_ERR_MSG_FMT(info->extack, "more than %u records", DITTO_RECORDS_MAX);
	else if (err == -EINVAL)
		NL_SET_ERR_MSG_FMT(info->extack, "a key has 1 to %u bytes, data at most %u",
				   DITTO_RECORD_KEY_MAX, DITTO_RECORD_DATA_MAX);
	return err;
}

int ditto_nl_state_begin_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ditto_server *srv = ditto_server_of(genl_info_net(info));
	const struct nlattr *clean = info->attrs[DITTO_A_STATE_CLEAN];
	u64 epoch;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, DITTO_A_STATE_INSTANCE) ||
	    GENL_REQ_ATTR_CHECK(info, DITTO_A_STATE_EPOCH)) {
		NL_SET_ERR_MSG(info->extack, "an epoch is that of an instance");
		return -EINVAL;
	}
	err = check_instance(srv, info, info->attrs[DITTO_A_STATE_INSTANCE]);
	if (err)
		return err;
	epoch = nla_get_u64(info->attrs[DITTO_A_STATE_EPOCH]);
	if (!epoch) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[DITTO_A_STATE_EPOCH],
				    "epochs are counted from 1");
		return -EINVAL;
	}
	err = ditto_state_begin(srv, epoch, clean && nla_get_u8(clean));
	if (!err)
		ditto_grace_loaded(srv->locks);
	if (err == -EALREADY)
		NL_SET_ERR_MSG_FMT(info->extack, "the epoch is %llu until the module goes",
				   ditto_server_epoch(srv));
	return err;
}
